#include "control/request_notices.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "control/daemon.h"
#include "policy/policy.h"
#include "privacy/outgoing.h"
#include "store/rule.h"
#include "store/standing.h"
#include "store/tx_outgoing.h"

/* --- who received what ------------------------------------------------------------ */

/* One look at the store. */
struct survey {
	struct daemon *daemon;
	const struct purposes *purposes;
	struct reader *reader;
	struct notices *out;
	bool *is_used; /* of each purpose: data may have gone out for it */
	const struct recipient *recipient; /* that is being looked at */
	struct notice_letter *letter;
	bool is_shared; /* one record at least of the collection in hand */
};

/* For what rests on a consent that was never given, nothing went out. */
static int mark_used(struct survey *s, struct cu_err *err)
{
	struct row_consent event;
	uint64_t seq = 0;
	int r;

	for (size_t i = 0; i < s->purposes->n; i++) {
		s->is_used[i] = s->purposes->v[i].basis != BASIS_CONSENT;
	}
	while ((r = standing_next_event(s->reader, &s->out->row->subject, seq, &event, err)) > 0) {
		const struct purpose *u = purposes_find(s->purposes, event.purpose);

		seq = event.seq;
		if (u && (event.state == CONSENT_GIVEN || event.state == CONSENT_RENEWED)) {
			s->is_used[u - s->purposes->v] = true;
		}
	}
	return r;
}

/* A record's own rule narrows what the purposes share. */
static bool gets_record(const struct survey *s, const struct record *rec)
{
	return !rec->rule || !rule_names(rec->rule, RULE_RECIPIENT) ||
		rule_has(rec->rule, RULE_RECIPIENT, s->recipient->key);
}

static bool gets(const struct survey *s, const char *collection, const char *field)
{
	return outgoing_gets(s->purposes, s->is_used, s->recipient->key, collection, field);
}

/* --- what the recipient knows the person by --------------------------------------- */

/* Of what it was given; nobody learns an address by being told that it is gone. */
static int take_known(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	static const char *const fields[] = { "full_name", "given_name", "family_name",
		"organisation", "email", "phone", "recipient", "street", "postal_code", "city",
		"scheme", "value" };
	struct survey *s = ctx;
	struct buf *to = &s->letter->whom;
	size_t begun = 0;

	(void)err;
	if (!gets_record(s, rec)) {
		return 0;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct span value = record_get(rec, fields[i]);

		if (value.n > 0 && gets(s, row->collection, fields[i])) {
			buf_put_str(to, begun++ > 0 ? " " : to->n > 0 ? ", " : "");
			buf_put_span(to, value);
		}
	}
	return 0;
}

static int find_known(struct survey *s, struct cu_err *err)
{
	static const char *const collections[] = { "profile", "contact_point", "identifier" };
	const struct id *subject = &s->out->row->subject;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(collections) / sizeof(collections[0]); i++) {
		r = reader_records(s->reader, subject, collections[i], take_known, s, err);
	}
	if (r >= 0 && s->letter->whom.n == 0) { /* nothing but our own number */
		char id[ID_TEXT_SIZE];

		id_format(subject, id);
		buf_put_str(&s->letter->whom, id);
	}
	return r < 0 ? r : buf_check(&s->letter->whom, err);
}

/* --- one notice ------------------------------------------------------------------- */

static int is_one(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct survey *s = ctx;

	(void)row;
	(void)err;
	s->is_shared = gets_record(s, rec);
	return s->is_shared;
}

static int take_collection(void *ctx, const struct dsr_item *item, struct cu_err *err)
{
	struct survey *s = ctx;
	struct buf *to = &s->letter->data;
	int r = 0;

	s->is_shared = false;
	if (!item->is_kept && !item->is_mention && gets(s, item->collection, NULL)) {
		r = reader_records(s->reader, &s->out->row->subject, item->collection, is_one, s, err);
	}
	if (s->is_shared) {
		buf_putf(to, "%s%s", to->n > 0 ? ", " : "", item->collection);
	}
	return r < 0 ? r : 0;
}

static enum language language_of(const struct survey *s)
{
	switch ((enum recipient_language)s->recipient->language) {
	case RECIPIENT_EN: return LANGUAGE_EN;
	case RECIPIENT_ZH: return LANGUAGE_ZH;
	case RECIPIENT_OURS: break;
	}
	return (enum language)policy_organisation(s->daemon->policy)->language;
}

static int write_notice(struct survey *s, struct cu_err *err)
{
	struct request_letter *w = &s->letter->letter;
	int r = request_letter_begin(w, s->daemon, s->out->row, LETTER_KIND_NOTICE, err);

	w->order.language = language_of(s);
	w->order.today = CIVIL_NO_DAY;
	w->to = s->recipient->name ? s->recipient->name : s->recipient->key;
	w->whom = buf_cstr(&s->letter->whom);
	w->data = buf_cstr(&s->letter->data);
	return r < 0 ? r : request_letter_write(w, err);
}

static struct notice_letter *begin_notice(struct survey *s)
{
	struct notice_letter *l = &s->out->v[s->out->n];

	*l = (struct notice_letter){ .recipient = s->recipient->key, .whom = BUF_INIT_WIPE };
	return l;
}

/* What each recipient got of what it is about; those that got nothing have no notice. */
static int survey_recipients(struct survey *s, struct cu_err *err)
{
	int r = mark_used(s, err);

	for (size_t i = 0; r >= 0 && i < s->purposes->nrecipients; i++) {
		s->recipient = &s->purposes->recipients[i];
		if (s->out->n == NOTICES_MAX) {
			return cu_err_set(err, CU_ELIMIT, "more than %d recipients", NOTICES_MAX);
		}
		s->letter = begin_notice(s);
		r = reader_dsr_scope(s->reader, s->out->row, take_collection, s, err);
		if (s->letter->data.n > 0) {
			s->out->n++; /* it is released with the others from here on, also after a failure */
			r = r < 0 ? r : find_known(s, err);
		}
	}
	return r < 0 ? r : 0;
}

/* --- all of them ------------------------------------------------------------------ */

static int put_line(void *ctx, const struct dsr_item *item, struct cu_err *err)
{
	buf_putf(ctx, "%s %" PRIu64 " %d %d\n", item->collection, item->nrecords, item->is_kept,
		item->is_mention);
	return buf_check(ctx, err);
}

static bool any_rule(const void *ctx, const struct rule *rule)
{
	(void)ctx;
	(void)rule;
	return true;
}

static int look(struct survey *s, struct cu_err *err)
{
	int r = reader_begin(s->reader, err);

	if (r < 0) {
		return r;
	}
	r = reader_dsr_scope(s->reader, s->out->row, put_line, &s->out->scope, err);
	if (r == 0 && s->out->is_wanted) {
		r = survey_recipients(s, err);
	}
	reader_end(s->reader);
	return r;
}

static int write_last(struct daemon *d, struct notices *n, struct cu_err *err)
{
	struct request_letter *w = &n->last;
	int r = request_letter_begin(w, d, n->row, LETTER_KIND_FULFIL, err);

	n->has_last = true;
	w->order.today = CIVIL_NO_DAY;
	for (size_t i = 0; i < n->n; i++) {
		request_letter_put_told(w, n->v[i].recipient);
	}
	if (n->n == 0) {
		request_letter_put_told(w, NULL);
	}
	return r < 0 ? r : request_letter_write(w, err);
}

int notices_write(struct daemon *d, const struct row_dsr *row, struct notices *ret,
	struct cu_err *err)
{
	struct survey s = { .daemon = d, .purposes = policy_purposes(d->policy), .out = ret };
	const struct law *law;
	int r = casework_law(d, row, &law, err);

	*ret = (struct notices){ .row = row };
	if (r < 0) {
		return r;
	}
	ret->is_wanted = law_find_request(law, (enum request_type)row->type)->recipients.node;
	s.is_used = calloc(s.purposes->n + 1, sizeof(*s.is_used));
	s.reader = store_reader_take(d->house.store);
	reader_narrow(s.reader, any_rule, NULL, clock_now_ms(&d->house.clock)); /* and shows the rules */
	r = s.is_used ? look(&s, err) : cu_err_set(err, CU_ENOMEM, "out of memory");
	store_reader_give(d->house.store, s.reader);
	free(s.is_used);
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		s.letter = &ret->v[i];
		s.recipient = purposes_find_recipient(s.purposes, ret->v[i].recipient);
		r = write_notice(&s, err);
	}
	if (r == 0 && row->type == REQUEST_ERASURE) {
		r = write_last(d, ret, err);
	}
	return r;
}

void notices_done(struct notices *n)
{
	for (size_t i = 0; i < n->n; i++) {
		request_letter_done(&n->v[i].letter);
		buf_done(&n->v[i].whom);
		buf_done(&n->v[i].data);
	}
	if (n->has_last) {
		request_letter_done(&n->last);
	}
	buf_done(&n->scope);
}

/* --- sealed ----------------------------------------------------------------------- */

static int require_same(struct tx *tx, const struct row_dsr *row, const struct notices *n,
	struct cu_err *err)
{
	struct buf scope = BUF_INIT;
	int r = tx_dsr_each(tx, row, put_line, &scope, err);
	bool is_same = n->row && span_eq(buf_span(&scope), buf_span(&n->scope));

	buf_done(&scope);
	if (r == 0 && !(is_same && request_is_as_was(n->row, row))) {
		return cu_err_set(err, CU_EBUSY,
			"request %u, or what is held of this person, has changed meanwhile: call it again",
			row->number);
	}
	return r;
}

static int seal_one(struct tx *tx, struct row_dsr *row, const struct request_letter *w,
	const char *recipient, const char *contact, struct cu_err *err)
{
	struct row_outgoing out = { .kind = w->order.kind, .language = w->order.language };
	const struct case_text texts[] = {
		{ "address", contact ? span_str(contact) : buf_span(&w->who.address) },
		{ "subject", buf_span(&w->subject) }, { "text", buf_span(&w->text) },
		{ "mail", contact ? span_str("") : buf_span(&w->who.mail) } };

	strncpy(out.recipient, recipient, sizeof(out.recipient) - 1);
	return tx_outgoing_prepare(tx, row, &out, texts, contact ? 3 : 4, err);
}

/* Where a notice goes; empty when purposes.yaml does not say. */
static const char *contact_of(const struct notice_letter *l)
{
	const struct recipient *e = purposes_find_recipient(
		policy_purposes(l->letter.daemon->policy), l->recipient);

	return e && e->contact ? e->contact : "";
}

int notices_seal(struct tx *tx, struct row_dsr *row, const struct notices *n, struct cu_err *err)
{
	int r = require_same(tx, row, n, err);

	if (r == 0) {
		r = tx_outgoing_drop(tx, row, err); /* of an execution that was taken back */
	}
	for (size_t i = 0; r == 0 && i < n->n; i++) {
		r = seal_one(tx, row, &n->v[i].letter, n->v[i].recipient, contact_of(&n->v[i]), err);
	}
	if (r == 0 && n->has_last) {
		r = seal_one(tx, row, &n->last, "", NULL, err);
	}
	if (r == 0 && (n->is_wanted || n->has_last)) {
		row->prepared_ms = tx->now_ms;
	}
	return r;
}
