/* What people said about purposes: events are added, listed. */
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/show_consent.h"
#include "control/withdrawal.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx_consent.h"

#define MAX_EVIDENCE (64 * 1024) /* of text; a scan is a document */
#define DAY_MS       INT64_C(86400000)

/* --- an event --------------------------------------------------------------------- */

struct event {
	struct store_op op;
	struct exchange *x;
	struct id request;
	struct row_consent row;
	const uint8_t *digest;
	uint8_t hash[32];
	struct buf reply; /* the event's number */
};

static int apply_event(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct event *e = (struct event *)op;
	const char *text = exchange_text(e->x, "evidence"), *source = exchange_text(e->x, "source");
	struct consent_papers papers = { { NULL, 0 }, { NULL, 0 } };
	int r = 0;

	if (!id_is_nil(&e->request)) {
		r = tx_request_get(tx, &e->request, &e->reply, err);
		if (r != 0) {
			return r < 0 ? r : 0; /* answered before: answered alike */
		}
	}
	if (text) {
		papers.text = span_str(text);
	}
	if (source) {
		papers.source = span_str(source);
	}
	r = tx_consent_put(tx, &e->row, &papers, e->digest, err);
	if (r == 0) {
		buf_put_u64(&e->reply, e->row.seq);
		r = buf_check(&e->reply, err);
	}
	if (r == 0 && !id_is_nil(&e->request)) {
		r = tx_request_put(tx, &e->request, buf_span(&e->reply), err);
	}
	return r;
}

/* As it stands in the store: a repeated call is answered with what the first one wrote. */
static int show_written(struct event *e, struct json *out, struct cu_err *err)
{
	struct cursor c = cursor_of(buf_span(&e->reply));
	uint64_t seq = cursor_u64(&c);
	struct store *store = e->x->daemon->house.store;
	struct reader *rd = store_reader_take(store);
	int r = standing_next_event(rd, &e->row.subject, seq - 1, &e->row, err);

	store_reader_give(store, rd);
	if (r == 0 || (r > 0 && e->row.seq != seq)) {
		return cu_err_set(err, CU_ENOENT, "there is no such data subject any more");
	}
	if (r > 0) {
		show_consent(out, "event", &e->row, exchange_now_ms(e->x), NULL);
	}
	return r < 0 ? r : 0;
}

static int take_key(const struct exchange *x, const char *name, char to[ENGINE_KEY_SIZE],
	struct cu_err *err)
{
	const char *text = exchange_text(x, name);

	if (text && !rows_is_name(text)) {
		return cu_err_set(err, CU_EINVAL,
			"%s: expected a key: 1 to 63 of a-z, 0-9, '_', '.' and '-'", name);
	}
	strcpy(to, text ? text : "");
	return 0;
}

/* A key, sealed with the rest of what was typed. */
static int check_source(const struct exchange *x, struct cu_err *err)
{
	char key[ENGINE_KEY_SIZE];

	return take_key(x, "source", key, err);
}

static int take_channel(const struct exchange *x, const struct purpose *p,
	char to[ENGINE_KEY_SIZE], struct cu_err *err)
{
	int r = take_key(x, "channel", to, err);

	return r == 0 && to[0] && !purpose_has_channel(p, to) ?
		cu_err_set(err, CU_EINVAL, "channel: the purpose '%s' has no such channel", p->key) :
		r;
}

static int take_said(const struct exchange *x, struct row_consent *row, struct cu_err *err)
{
	const char *text = exchange_text(x, "said");

	row->said_day = CIVIL_NO_DAY;
	if (text && !civil_parse_day(text, &row->said_day)) {
		return cu_err_set(err, CU_EINVAL, "said: expected a date, as 2026-11-21");
	}
	/* a day ahead: somebody may live east of us */
	return text && row->said_day > civil_day_of_ms(exchange_now_ms(x)) + 1 ?
		cu_err_set(err, CU_EINVAL, "said: this day is still to come") :
		0;
}

static int read_event(struct event *e, struct cu_err *err)
{
	struct exchange *x = e->x;
	const char *method = exchange_text(x, "method"), *evidence = exchange_text(x, "evidence");
	int r = exchange_request(x, &e->request, err);

	if (r == 0) {
		r = exchange_id(x, "subject", &e->row.subject, err);
	}
	if (r == 0) {
		r = take_channel(x, x->permit.purpose, e->row.channel, err);
	}
	if (r == 0) {
		r = check_source(x, err);
	}
	if (r == 0) {
		r = take_said(x, &e->row, err);
	}
	if (r == 0 && evidence && strlen(evidence) > MAX_EVIDENCE) {
		r = cu_err_set(err, CU_ELIMIT, "evidence: at most %d bytes of text", MAX_EVIDENCE);
	}
	e->row.method = method ? consent_method_of(method) : METHOD_NONE;
	strcpy(e->row.purpose, x->permit.purpose->key);
	return r;
}

/* --- what was shown --------------------------------------------------------------- */

static int list_languages(const struct notice *n, struct cu_err *err)
{
	char all[160] = "";

	for (size_t i = 0; i < n->ntexts; i++) {
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			n->texts[i].language);
	}
	return cu_err_set(err, CU_EINVAL, "language: the notice in force is there in %s: say which",
		all);
}

/* The notice in force is what was shown unless another version is named; its text's hash goes
 * into the log. */
static int take_notice(struct event *e, struct cu_err *err)
{
	const struct notice *n = &e->x->permit.purpose->notice;
	const struct notice_text *text;
	int r = take_key(e->x, "notice", e->row.notice, err);

	if (r == 0) {
		r = take_key(e->x, "language", e->row.language, err);
	}
	if (r < 0) {
		return r;
	}
	if (e->row.notice[0] && !notice_has_version(n, e->row.notice)) {
		return cu_err_set(err, CU_EINVAL,
			"notice: '%s' has no such version, nor had it one: see 'earlier' in purposes.yaml",
			e->x->permit.purpose->key);
	}
	if (!e->row.language[0] && n->ntexts == 1) {
		strcpy(e->row.language, n->texts[0].language);
	}
	text = notice_find_text(n, e->row.language);
	if (!text) {
		return list_languages(n, err);
	}
	if (e->row.notice[0] && strcmp(e->row.notice, n->version) != 0) {
		return 0; /* what that one said is not in the policies any more */
	}
	strcpy(e->row.notice, n->version);
	if (text_unhex(text->sha256, strlen(text->sha256), e->hash, sizeof(e->hash))) {
		e->digest = e->hash;
	}
	return 0;
}

/* --- how long it lasts ------------------------------------------------------------ */

static int64_t end_of_day_ms(int32_t day)
{
	return ((int64_t)day + 1) * DAY_MS;
}

/* By the calendar where the policy counts years. */
static int64_t limit_ms(struct duration d, int64_t now_ms)
{
	struct civil c = civil_of_day(civil_day_of_ms(now_ms));

	if (d.unit != 'y') {
		return now_ms + duration_seconds(d) * 1000;
	}
	c.year += d.n;
	if (!civil_is_valid(c)) {
		c.day = 28;
	}
	return civil_to_day(c) * DAY_MS + now_ms % DAY_MS;
}

static int take_expiry(struct event *e, struct cu_err *err)
{
	const struct purpose *p = e->x->permit.purpose;
	const char *text = exchange_text(e->x, "expires");
	int64_t now_ms = exchange_now_ms(e->x);
	int64_t limit = p->expires.n > 0 ? limit_ms(p->expires, now_ms) : 0;
	int32_t day;

	e->row.expires_ms = limit;
	if (!text) {
		return 0;
	}
	if (!civil_parse_day(text, &day)) {
		return cu_err_set(err, CU_EINVAL, "expires: expected a date, as 2026-11-21");
	}
	e->row.expires_ms = end_of_day_ms(day);
	if (e->row.expires_ms <= now_ms) {
		return cu_err_set(err, CU_EINVAL, "expires: this day is over");
	}
	return limit != 0 && e->row.expires_ms > limit + DAY_MS ?
		cu_err_set(err, CU_EINVAL,
			"expires: a consent to '%s' lasts %d%c at most (purposes.yaml)", p->key,
			(int)p->expires.n, p->expires.unit) :
		0;
}

/* --- the commands ----------------------------------------------------------------- */

static int require_consent_basis(const struct purpose *p, struct cu_err *err)
{
	return p->basis == BASIS_CONSENT ?
		0 :
		cu_err_set(err, CU_EINVAL, "purpose: '%s' rests on %s, not on consent", p->key,
			purpose_basis_word((enum purpose_basis)p->basis));
}

static int require_objection(const struct purpose *p, struct cu_err *err)
{
	return p->objection != OBJECTION_NONE ?
		0 :
		cu_err_set(err, CU_EINVAL,
			"purpose: '%s' rests on %s: there is no right to object to it", p->key,
			purpose_basis_word((enum purpose_basis)p->basis));
}

/* GDPR Art. 9(2)(a), PIPL Art. 29. */
static int check_method(const struct event *e, struct cu_err *err)
{
	const struct purpose *p = e->x->permit.purpose;
	bool is_apart = e->row.method == METHOD_EXPLICIT || e->row.method == METHOD_SEPARATE;

	return p->sensitive && !is_apart ?
		cu_err_set(err, CU_EINVAL,
			"method: '%s' has sensitive data (%s): it needs 'explicit' or 'separate'",
			p->key, p->sensitive) :
		0;
}

/* What the consent alone kept goes with it; if that cannot begin now, it is told why. */
static void follow(struct event *e, struct json *out)
{
	struct id erasure;
	struct cu_err why;
	int r = withdrawal_follow(e->x, e->x->permit.purpose, &e->row.subject, &erasure, &why);

	if (r > 0) {
		json_hex(out, "erasure", erasure.b, sizeof(erasure.b));
	} else if (r < 0) {
		json_str(out, "not_erased", why.msg);
	}
}

static int run_event(struct event *e, struct json *out, struct cu_err *err)
{
	bool ends = e->row.state == CONSENT_WITHDRAWN || e->row.state == CONSENT_INVALIDATED;
	int r = exchange_change(e->x, &e->op, err);

	if (r == 0) {
		r = show_written(e, out, err);
	}
	if (r == 0 && ends) {
		follow(e, out);
	}
	return r;
}

static int say(struct exchange *x, enum consent_state state, struct json *out, struct cu_err *err)
{
	struct event e = { .op.apply = apply_event, .x = x, .row.state = state };
	bool is_objection = state == CONSENT_OBJECTED || state == CONSENT_UNOBJECTED;
	bool was_shown = state == CONSENT_GIVEN || state == CONSENT_REQUESTED ||
		state == CONSENT_REFUSED;
	int r = is_objection ? require_objection(x->permit.purpose, err) :
			       require_consent_basis(x->permit.purpose, err);

	if (r == 0) {
		r = read_event(&e, err);
	}
	if (r == 0 && was_shown) {
		r = take_notice(&e, err);
	}
	if (r == 0 && state == CONSENT_GIVEN) {
		r = check_method(&e, err);
	}
	if (r == 0 && state == CONSENT_GIVEN) {
		r = take_expiry(&e, err);
	}
	if (r == 0) {
		r = run_event(&e, out, err);
	}
	buf_done(&e.reply);
	return r;
}

int handle_CONSENT_GIVE(struct exchange *x, struct json *out, struct cu_err *err)
{
	return say(x, CONSENT_GIVEN, out, err);
}

int handle_CONSENT_WITHDRAW(struct exchange *x, struct json *out, struct cu_err *err)
{
	return say(x, CONSENT_WITHDRAWN, out, err);
}

int handle_CONSENT_REFUSE(struct exchange *x, struct json *out, struct cu_err *err)
{
	return say(x, CONSENT_REFUSED, out, err);
}

int handle_CONSENT_REQUEST(struct exchange *x, struct json *out, struct cu_err *err)
{
	return say(x, CONSENT_REQUESTED, out, err);
}

int handle_CONSENT_INVALIDATE(struct exchange *x, struct json *out, struct cu_err *err)
{
	return say(x, CONSENT_INVALIDATED, out, err);
}

int handle_CONSENT_OBJECT(struct exchange *x, struct json *out, struct cu_err *err)
{
	return say(x, CONSENT_OBJECTED, out, err);
}

int handle_CONSENT_UNOBJECT(struct exchange *x, struct json *out, struct cu_err *err)
{
	bool is_overruled = strcmp(exchange_text(x, "because"), "grounds") == 0;
	const char *evidence = exchange_text(x, "evidence");

	if (is_overruled && x->permit.purpose->objection != OBJECTION_ABSOLUTE &&
		(!evidence || text_is_blank(evidence))) {
		return cu_err_set(err, CU_EINVAL,
			"evidence: say which compelling grounds outweigh the objection, and who weighed them (Art. 21(1) GDPR): --evidence=<a file with the text>");
	}
	if (is_overruled && x->permit.purpose->objection == OBJECTION_ABSOLUTE) {
		return cu_err_set(err, CU_EINVAL,
			"because: nothing outweighs an objection to '%s' (Art. 21(3) GDPR); only the "
			"person can take it back",
			x->permit.purpose->key);
	}
	return say(x, CONSENT_UNOBJECTED, out, err);
}

/* --- restriction ------------------------------------------------------------------ */

struct restriction {
	struct store_op op;
	struct exchange *x;
	struct id subject;
	bool is_restricted;
};

static int apply_restriction(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct restriction *t = (struct restriction *)op;
	const char *why = exchange_text(t->x, "reason");

	return tx_restrict(tx, &t->subject, t->x->purpose, t->is_restricted,
		why ? span_str(why) : (struct span){ 0 }, err);
}

static int restrict_subject(struct exchange *x, bool is_restricted, struct cu_err *err)
{
	struct restriction t = { .op.apply = apply_restriction, .x = x,
		.is_restricted = is_restricted };
	const char *why = exchange_text(x, "reason");
	int r = exchange_id(x, "subject", &t.subject, err);

	if (r == 0 && why && strlen(why) > MAX_EVIDENCE) {
		r = cu_err_set(err, CU_ELIMIT, "reason: at most %d bytes of text", MAX_EVIDENCE);
	}
	return r < 0 ? r : exchange_change(x, &t.op, err);
}

int handle_SUBJECT_RESTRICT(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)out;
	return restrict_subject(x, true, err);
}

int handle_SUBJECT_UNRESTRICT(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)out;
	return restrict_subject(x, false, err);
}
