#include "privacy/request.h"

#include <assert.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "policy/law.h"
#include "store/tx_dsr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- words ------------------------------------------------------------------------ */

static const char *const states[] = { "",
#define X(id, word, is_open) word,
	REQUEST_STATES(X)
#undef X
};
static const bool open_states[] = { false,
#define X(id, word, is_open) is_open,
	REQUEST_STATES(X)
#undef X
};
static const char *const channels[] = { "",
#define X(id, word) word,
	REQUEST_CHANNELS(X)
#undef X
};
static const char *const methods[] = { "",
#define X(id, word) word,
	REQUEST_METHODS(X)
#undef X
};
static const char *const roles[] = { "",
#define X(id, word) word,
	REQUEST_ROLES(X)
#undef X
};
static const char *const authorities[] = { "",
#define X(id, word) word,
	REQUEST_AUTHORITIES(X)
#undef X
};
static const char *const extensions[] = { "",
#define X(id, word) word,
	REQUEST_EXTENSIONS(X)
#undef X
};

static const char *word_of(const char *const *words, size_t n, unsigned at)
{
	return at < n ? words[at] : "";
}

static unsigned find(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 1; i < n; i++) {
		if (strcmp(words[i], word) == 0) {
			return (unsigned)i;
		}
	}
	return 0;
}

const char *request_state_word(unsigned state)
{
	return word_of(states, COUNT(states), state);
}

const char *request_channel_word(unsigned channel)
{
	return word_of(channels, COUNT(channels), channel);
}

const char *request_method_word(unsigned method)
{
	return word_of(methods, COUNT(methods), method);
}

const char *request_role_word(unsigned role)
{
	return word_of(roles, COUNT(roles), role);
}

const char *request_authority_word(unsigned authority)
{
	return word_of(authorities, COUNT(authorities), authority);
}

const char *request_extension_word(unsigned extension)
{
	return word_of(extensions, COUNT(extensions), extension);
}

unsigned request_channel_parse(const char *word)
{
	return find(channels, COUNT(channels), word);
}

unsigned request_method_parse(const char *word)
{
	return find(methods, COUNT(methods), word);
}

unsigned request_role_parse(const char *word)
{
	return find(roles, COUNT(roles), word);
}

unsigned request_authority_parse(const char *word)
{
	return find(authorities, COUNT(authorities), word);
}

unsigned request_extension_parse(const char *word)
{
	return find(extensions, COUNT(extensions), word);
}

bool request_is_open(unsigned state)
{
	return state < COUNT(open_states) && open_states[state];
}

bool request_is_at_once(unsigned type)
{
	return type == REQUEST_RESTRICTION || type == REQUEST_OBJECTION || type == REQUEST_WITHDRAWAL;
}

const char *request_purpose(unsigned type)
{
	return type == REQUEST_ERASURE ? "erasure_request" : "access_request";
}

/* --- guards ----------------------------------------------------------------------- */

static bool erases(const struct row_dsr *row)
{
	return row->type == REQUEST_ERASURE;
}

static bool does_not_erase(const struct row_dsr *row)
{
	return !erases(row);
}

static bool has_subject(const struct row_dsr *row)
{
	return !id_is_nil(&row->subject);
}

/* Whoever asks for somebody else has shown that they may. */
static bool may_act(const struct row_dsr *row)
{
	return row->acts_as == 0 || row->authority != 0;
}

static bool is_verified(const struct row_dsr *row)
{
	return has_subject(row) && row->method != 0 && may_act(row);
}

/* Nothing is done about a request whose clock is not known (P8). */
static bool has_clock(const struct row_dsr *row)
{
	return row->due_day != CIVIL_NO_DAY && is_verified(row);
}

static bool needs_approval(const struct row_dsr *row)
{
	return !request_is_at_once(row->type);
}

static bool is_asked_for(const struct row_dsr *row)
{
	return has_clock(row) && needs_approval(row);
}

static bool is_at_once(const struct row_dsr *row)
{
	return has_clock(row) && !needs_approval(row);
}

static bool has_erasure(const struct row_dsr *row)
{
	return erases(row) && !id_is_nil(&row->erasure);
}

static bool names_original(const struct row_dsr *row)
{
	return row->duplicate_of != 0 && row->duplicate_of < row->number && is_verified(row);
}

static bool has_reason(const struct row_dsr *row)
{
	return row->reason[0] != '\0';
}

/* Whoever received the data, too. */
static bool all_are_told(const struct row_dsr *row)
{
	return row->nuntold == 0;
}

static bool is_whole(const struct row_dsr *row)
{
	return row->nkept == 0 && all_are_told(row);
}

static bool is_part(const struct row_dsr *row)
{
	return row->nkept > 0 && all_are_told(row);
}

static bool is_whole_erased(const struct row_dsr *row)
{
	return has_erasure(row) && is_whole(row);
}

static bool is_part_erased(const struct row_dsr *row)
{
	return has_erasure(row) && is_part(row);
}

static bool is_whole_else(const struct row_dsr *row)
{
	return does_not_erase(row) && is_whole(row);
}

static bool is_part_else(const struct row_dsr *row)
{
	return does_not_erase(row) && is_part(row);
}

/* --- the table -------------------------------------------------------------------- */

/* The first row of (from, event) whose guard agrees is the move. */
static const struct move {
	enum request_state from;
	enum request_event event;
	enum request_state to;
	bool (*guard)(const struct row_dsr *row); /* NULL: always */
} moves[] = {
	{ REQ_RECEIVED, REQ_ON_FIND, REQ_IDENTITY_PENDING, has_subject },
	{ REQ_IDENTITY_PENDING, REQ_ON_FIND, REQ_IDENTITY_PENDING, has_subject },
	{ REQ_SCOPING, REQ_ON_FIND, REQ_IDENTITY_PENDING, has_subject }, /* it was somebody else's */
	{ REQ_IDENTITY_PENDING, REQ_ON_VERIFY, REQ_SCOPING, is_verified },
	{ REQ_SCOPING, REQ_ON_ASK, REQ_AWAITING_APPROVAL, is_asked_for },
	{ REQ_SCOPING, REQ_ON_EXECUTE, REQ_EXECUTING, is_at_once },
	{ REQ_AWAITING_APPROVAL, REQ_ON_GRANT, REQ_APPROVED, NULL },
	{ REQ_AWAITING_APPROVAL, REQ_ON_WITHHOLD, REQ_SCOPING, NULL },
	{ REQ_APPROVED, REQ_ON_WITHHOLD, REQ_SCOPING, NULL },
	{ REQ_APPROVED, REQ_ON_EXECUTE, REQ_COOLING_OFF, has_erasure },
	{ REQ_APPROVED, REQ_ON_EXECUTE, REQ_EXECUTING, does_not_erase },
	{ REQ_APPROVED, REQ_ON_HOLD, REQ_HELD, erases },
	{ REQ_HELD, REQ_ON_RELEASE, REQ_APPROVED, NULL },
	{ REQ_COOLING_OFF, REQ_ON_GRACE_OVER, REQ_EXECUTING, NULL },
	{ REQ_COOLING_OFF, REQ_ON_CANCEL, REQ_SCOPING, NULL },
	{ REQ_EXECUTING, REQ_ON_HAND_OVER, REQ_NEEDS_INPUT, does_not_erase },
	{ REQ_NEEDS_INPUT, REQ_ON_ANSWER, REQ_EXECUTING, all_are_told },
	{ REQ_EXECUTING, REQ_ON_COMPLETE, REQ_FULFILLED, is_whole_else },
	{ REQ_EXECUTING, REQ_ON_COMPLETE, REQ_PARTIALLY_FULFILLED, is_part_else },
	{ REQ_EXECUTING, REQ_ON_LIVE_DONE, REQ_LIVE_DONE, has_erasure },
	{ REQ_LIVE_DONE, REQ_ON_AWAIT_BACKUPS, REQ_BACKUPS_PENDING, NULL },
	{ REQ_LIVE_DONE, REQ_ON_COMPLETE, REQ_FULFILLED, is_whole_erased },
	{ REQ_LIVE_DONE, REQ_ON_COMPLETE, REQ_PARTIALLY_FULFILLED, is_part_erased },
	{ REQ_BACKUPS_PENDING, REQ_ON_COMPLETE, REQ_FULFILLED, is_whole_erased },
	{ REQ_BACKUPS_PENDING, REQ_ON_COMPLETE, REQ_PARTIALLY_FULFILLED, is_part_erased },

	{ REQ_SCOPING, REQ_ON_DUPLICATE, REQ_DUPLICATE, names_original },
	{ REQ_IDENTITY_PENDING, REQ_ON_LAPSE, REQ_LAPSED, NULL },
	{ REQ_RECEIVED, REQ_ON_LAPSE, REQ_LAPSED, NULL },

	{ REQ_RECEIVED, REQ_ON_DENY, REQ_DENIED, has_reason },
	{ REQ_IDENTITY_PENDING, REQ_ON_DENY, REQ_DENIED, has_reason },
	{ REQ_SCOPING, REQ_ON_DENY, REQ_DENIED, has_reason },
	{ REQ_AWAITING_APPROVAL, REQ_ON_DENY, REQ_DENIED, has_reason },
	{ REQ_APPROVED, REQ_ON_DENY, REQ_DENIED, has_reason },
	{ REQ_NEEDS_INPUT, REQ_ON_DENY, REQ_DENIED, has_reason },
	{ REQ_HELD, REQ_ON_DENY, REQ_DENIED, has_reason },

	{ REQ_RECEIVED, REQ_ON_REVOKE, REQ_REVOKED, NULL },
	{ REQ_IDENTITY_PENDING, REQ_ON_REVOKE, REQ_REVOKED, NULL },
	{ REQ_SCOPING, REQ_ON_REVOKE, REQ_REVOKED, NULL },
	{ REQ_AWAITING_APPROVAL, REQ_ON_REVOKE, REQ_REVOKED, NULL },
	{ REQ_APPROVED, REQ_ON_REVOKE, REQ_REVOKED, NULL },
	{ REQ_COOLING_OFF, REQ_ON_REVOKE, REQ_REVOKED, NULL },
	{ REQ_NEEDS_INPUT, REQ_ON_REVOKE, REQ_REVOKED, NULL },
	{ REQ_HELD, REQ_ON_REVOKE, REQ_REVOKED, NULL },
};

bool request_leads(const struct row_dsr *row, enum request_event event, unsigned *ret)
{
	for (size_t i = 0; i < COUNT(moves); i++) {
		const struct move *m = &moves[i];

		if (m->from == row->state && m->event == event && (!m->guard || m->guard(row))) {
			*ret = m->to;
			return true;
		}
	}
	return false;
}

/* --- moving ----------------------------------------------------------------------- */

/* What is done first, for an event that comes too early. */
static const char *what_lacks(const struct row_dsr *row, enum request_event event)
{
	bool is_after_check = event != REQ_ON_FIND && event != REQ_ON_VERIFY &&
		event != REQ_ON_DENY && event != REQ_ON_REVOKE && event != REQ_ON_LAPSE;

	if (row->state == REQ_RECEIVED && event != REQ_ON_FIND) {
		return _("the person has not been found yet: 'request identify'");
	}
	if (event == REQ_ON_VERIFY && !may_act(row)) {
		return _("who asks for the person has not shown that they may: 'request authorise'");
	}
	if (row->state == REQ_IDENTITY_PENDING && is_after_check) {
		return _("who asks has not been confirmed yet: 'request verify'");
	}
	if (row->state == REQ_SCOPING && event == REQ_ON_ASK && row->due_day == CIVIL_NO_DAY) {
		return _("its clock has not been computed: 'request clock' says why");
	}
	if (row->state == REQ_SCOPING && event == REQ_ON_EXECUTE) {
		return _("a second user has to approve it: 'request approve'");
	}
	if ((event == REQ_ON_ANSWER || event == REQ_ON_COMPLETE) && !all_are_told(row)) {
		return _("those who received the data have not been told: 'request next' says how");
	}
	return request_is_open(row->state) ? _("'request next' says what is to be done") :
					     _("it is closed");
}

bool request_is_as_was(const struct row_dsr *then, const struct row_dsr *now)
{
	return then->state == now->state && then->method == now->method &&
		then->nkept == now->nkept && then->extension == now->extension &&
		then->extension_day == now->extension_day &&
		strcmp(then->reason, now->reason) == 0 && id_eq(&then->subject, &now->subject) &&
		id_eq(&then->erasure, &now->erasure) && then->acts_as == now->acts_as;
}

int request_may(const struct row_dsr *row, enum request_event event, struct cu_err *err)
{
	unsigned to;

	return request_leads(row, event, &to) ?
		0 :
		cu_err_set(err, CU_EBUSY, "request %u is %s; %s", row->number,
			intl_word(request_state_word(row->state)), what_lacks(row, event));
}

int request_move(struct tx *tx, struct row_dsr *row, enum request_event event, struct cu_err *err)
{
	unsigned to = 0;
	int r = request_may(row, event, err);

	if (r < 0) {
		return r;
	}
	(void)request_leads(row, event, &to);
	assert(request_is_open(row->state) && row->closed_ms == 0);
	row->state = to;
	row->closed_ms = request_is_open(to) ? 0 : tx->now_ms;
	return tx_dsr_put(tx, row, row->closed_ms ? LEAF_REQUEST_CLOSE : LEAF_REQUEST_MOVE,
		request_state_word(to), err);
}
