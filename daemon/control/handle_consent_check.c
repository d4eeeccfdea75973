/* How people stand to purposes: asked by applications thousands of times a second. */
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/receipt.h"
#include "control/show_consent.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx.h"

#define MAX_SUBJECTS  16384 /* of a filter, and of a list of stale ones */
#define STALE_DEFAULT 1000

static int get_channel(const struct exchange *x, const char **ret, struct cu_err *err)
{
	const char *channel = exchange_text(x, "channel");

	if (channel && !purpose_has_channel(x->permit.purpose, channel)) {
		return cu_err_set(err, CU_EINVAL, "channel: the purpose '%s' has no such channel",
			x->permit.purpose->key);
	}
	*ret = channel;
	return 0;
}

/* Whoever may look at restricted data may not use it for that: what is asked is about its use. */
static void ask_about_use(struct exchange *x)
{
	x->permit.may_thaw = false;
}

/* --- one -------------------------------------------------------------------------- */

static void show_verdict(struct exchange *x, const struct standing *s, struct json *out)
{
	enum permit_verdict v = permit_judge(&x->permit, s);

	if (exchange_flag(x, "explain")) {
		permit_explain(&x->permit, s, out);
		return;
	}
	json_bool(out, "allowed", v == PERMIT_GRANTED);
	json_str(out, "verdict", permit_told(&x->permit, v));
}

int handle_CONSENT_CHECK(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct store *store = x->daemon->house.store;
	struct leaf leaf = { .act = LEAF_CONSENT_CHECK };
	const char *channel = NULL;
	struct standing s;
	struct reader *rd;
	struct id subject;
	int r = exchange_id(x, "subject", &subject, err);

	ask_about_use(x);
	if (r == 0) {
		r = get_channel(x, &channel, err);
	}
	if (r < 0) {
		return r;
	}
	rd = store_reader_take(store);
	r = standing_read(rd, &subject, permit_events_of(&x->permit), channel, exchange_now_ms(x),
		&s, err);
	store_reader_give(store, rd);
	if (r < 0) {
		return r;
	}
	if (s.exists) { /* else it names nobody */
		leaf.sub = subject;
	}
	strncpy(leaf.collection, channel ? channel : "", sizeof(leaf.collection) - 1);
	strcpy(leaf.why, permit_word(permit_judge(&x->permit, &s)));
	show_verdict(x, &s, out);
	exchange_note_at_end(x, &leaf);
	return 0;
}

/* --- many ------------------------------------------------------------------------- */

struct asked {
	struct store_op op;
	struct leaf leaf;
	struct span ids;
};

static int apply_asked(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct asked *a = (struct asked *)op;

	return tx_access_note(tx, &a->leaf, a->ids, err);
}

/* Who was asked about stands in the access journal before the answer leaves. */
static int note_asked(struct exchange *x, enum leaf_act act, struct span ids, struct cu_err *err)
{
	struct asked a = { .op = { .apply = apply_asked, .is_note = true }, .leaf.act = act,
		.ids = ids };

	strncpy(a.leaf.purpose, x->purpose, sizeof(a.leaf.purpose) - 1);
	return exchange_change(x, &a.op, err);
}

static int read_ids(const json_t *given, struct buf *ids, struct cu_err *err)
{
	size_t i;
	json_t *v;

	json_array_foreach((json_t *)(uintptr_t)given, i, v) {
		struct id id;

		if (!id_parse(json_string_value(v), &id)) {
			return cu_err_set(err, CU_EINVAL,
				"subjects: number %zu is not an id of 32 hexadecimal digits", i + 1);
		}
		buf_put(ids, id.b, sizeof(id.b));
	}
	return buf_check(ids, err);
}

/* Appends '1' or '0' for each, in one view of the store. */
static int judge_all(struct exchange *x, struct span ids, const char *channel, struct buf *bits,
	size_t *ret_n, struct cu_err *err)
{
	const char *events = permit_events_of(&x->permit);
	int64_t now_ms = exchange_now_ms(x);
	struct store *store = x->daemon->house.store;
	struct reader *rd = store_reader_take(store);
	int r = reader_begin(rd, err);

	*ret_n = 0;
	for (size_t at = 0; r == 0 && at < ids.n; at += sizeof(struct id)) {
		struct standing s;
		struct id id;
		bool may;

		memcpy(id.b, ids.p + at, sizeof(id.b));
		r = standing_read(rd, &id, events, channel, now_ms, &s, err);
		may = r == 0 && permit_judge(&x->permit, &s) == PERMIT_GRANTED;
		buf_put_u8(bits, may ? '1' : '0');
		*ret_n += may;
	}
	reader_end(rd);
	store_reader_give(store, rd);
	return r < 0 ? r : buf_check(bits, err);
}

int handle_CONSENT_FILTER(struct exchange *x, struct json *out, struct cu_err *err)
{
	const json_t *given = json_object_get(x->call.parameters, "subjects");
	struct buf ids = BUF_INIT, bits = BUF_INIT;
	const char *channel;
	size_t n = 0;
	int r = get_channel(x, &channel, err);

	ask_about_use(x);
	if (r == 0 && json_array_size(given) > MAX_SUBJECTS) {
		r = cu_err_set(err, CU_ELIMIT, "subjects: at most %d in one call", MAX_SUBJECTS);
	}
	if (r == 0) {
		r = read_ids(given, &ids, err);
	}
	if (r == 0) {
		r = judge_all(x, buf_span(&ids), channel, &bits, &n, err);
	}
	if (r == 0 && ids.n > 0) {
		r = note_asked(x, LEAF_CONSENT_CHECK, buf_span(&ids), err);
	}
	if (r == 0) {
		json_strn(out, "allowed", (const char *)bits.p, bits.n);
		json_uint(out, "count", n);
	}
	buf_done(&ids);
	buf_done(&bits);
	return r;
}

/* --- who is to be asked again ----------------------------------------------------- */

struct stale {
	struct exchange *x;
	struct reader *reader;
	struct buf ids;
	size_t max;
	struct id next; /* nil: all were looked at */
};

static int is_stale(struct stale *s, const struct id *subject, struct cu_err *err)
{
	const struct purpose *p = s->x->permit.purpose;
	struct standing now;
	int r = standing_read(s->reader, subject, p->key, NULL, exchange_now_ms(s->x), &now, err);

	return r < 0 ? r
		     : permit_judge(&s->x->permit, &now) == PERMIT_GRANTED && now.is_live &&
				strcmp(now.event.notice, p->notice.version) != 0;
}

static int find_stale(struct stale *s, struct id after, struct cu_err *err)
{
	const char *purpose = s->x->permit.purpose->key;
	int r = reader_begin(s->reader, err);

	while (r == 0 && (r = standing_next_subject(s->reader, purpose, &after, &after, err)) > 0) {
		if (s->ids.p && s->ids.n >= s->max * sizeof(struct id)) {
			memcpy(s->next.b, s->ids.p + s->ids.n - sizeof(struct id), sizeof(struct id));
			break;
		}
		r = is_stale(s, &after, err);
		if (r > 0) {
			buf_put(&s->ids, after.b, sizeof(after.b));
			r = buf_check(&s->ids, err);
		}
	}
	reader_end(s->reader);
	return r < 0 ? r : 0;
}

static void show_stale(const struct stale *s, struct json *out)
{
	json_str(out, "notice", s->x->permit.purpose->notice.version);
	json_open_array(out, "subjects");
	for (size_t at = 0; at < s->ids.n; at += sizeof(struct id)) {
		json_hex(out, NULL, s->ids.p + at, sizeof(struct id));
	}
	json_close_array(out);
	if (!id_is_nil(&s->next)) {
		json_hex(out, "next", s->next.b, sizeof(s->next.b));
	}
}

int handle_CONSENT_STALE(struct exchange *x, struct json *out, struct cu_err *err)
{
	int64_t max = exchange_int(x, "count", STALE_DEFAULT);
	struct stale s = { .x = x, .ids = BUF_INIT };
	struct store *store = x->daemon->house.store;
	struct id after;
	int r = exchange_id(x, "after", &after, err);

	if (r == 0 && x->permit.purpose->basis != BASIS_CONSENT) {
		r = cu_err_set(err, CU_EINVAL, "purpose: '%s' does not rest on consent",
			x->permit.purpose->key);
	}
	if (r == 0 && (max < 1 || max > MAX_SUBJECTS)) {
		r = cu_err_set(err, CU_EINVAL, "count: 1 to %d", MAX_SUBJECTS);
	}
	if (r < 0) {
		return r;
	}
	s.max = (size_t)max;
	s.reader = store_reader_take(store);
	r = find_stale(&s, after, err);
	store_reader_give(store, s.reader);
	if (r == 0 && s.ids.n > 0) {
		r = note_asked(x, LEAF_CONSENT_READ, buf_span(&s.ids), err);
	}
	if (r == 0) {
		show_stale(&s, out);
	}
	buf_done(&s.ids);
	return r;
}

/* --- the receipt ------------------------------------------------------------------ */

/* Of this purpose, the one with this number, or the newest (0). */
static int find_event(struct reader *rd, const struct id *subject, const char *purpose,
	uint64_t number, struct row_consent *ret, struct cu_err *err)
{
	struct row_consent row = { .seq = 0 };
	bool is_found = false;
	int r;

	while ((r = standing_next_event(rd, subject, row.seq, &row, err)) > 0) {
		if (strcmp(row.purpose, purpose) == 0 && (number == 0 || row.seq == number)) {
			*ret = row;
			is_found = true;
		}
	}
	return r < 0 ? r : is_found ? 0 : cu_err_set(err, CU_ENOENT,
		"nothing is known that this data subject said about the purpose");
}

static int require_live(struct reader *rd, const struct id *subject, struct cu_err *err)
{
	struct row_subject who;
	int r = reader_subject(rd, subject, &who, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT, "there is no such data subject");
	}
	return r > 0 && who.state != SUBJECT_LIVE ?
		cu_err_set(err, CU_EDENIED, "this data subject is being erased") :
		r;
}

int handle_CONSENT_RECEIPT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_CONSENT_READ };
	int64_t number = exchange_int(x, "event", 0);
	struct store *store = x->daemon->house.store;
	struct buf receipt = BUF_INIT;
	struct row_consent event;
	struct reader *rd;
	int r = exchange_id(x, "subject", &leaf.sub, err);

	if (r < 0) {
		return r;
	}
	rd = store_reader_take(store);
	r = require_live(rd, &leaf.sub, err);
	if (r >= 0) {
		r = find_event(rd, &leaf.sub, x->purpose, number > 0 ? (uint64_t)number : 0, &event,
			err);
	}
	store_reader_give(store, rd);
	if (r == 0) {
		r = receipt_make(x, &event, &receipt, err);
	}
	if (r == 0) {
		json_buf(out, "receipt", &receipt);
		exchange_note_at_end(x, &leaf);
	}
	buf_done(&receipt);
	return r;
}

/* --- history ---------------------------------------------------------------------- */

struct show_event {
	struct exchange *x;
	struct json *out;
	const struct row_consent *event;
	bool is_shown;
};

static int show_with_papers(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct show_event *e = ctx;

	(void)err;
	if (!id_eq(&row->id, &e->event->record)) {
		return 0;
	}
	show_consent(e->out, NULL, e->event, exchange_now_ms(e->x), rec);
	e->is_shown = true;
	return 1;
}

static int show_event(struct exchange *x, struct reader *rd, const struct row_consent *row,
	struct json *out, struct cu_err *err)
{
	struct show_event e = { x, out, row, false };
	bool is_wanted = exchange_flag(x, "evidence") && !id_is_nil(&row->record);
	int r = is_wanted ? reader_records(rd, &row->subject, CONSENT_COLLECTION, show_with_papers,
				    &e, err)
			  : 0;

	if (r >= 0 && !e.is_shown) {
		show_consent(out, NULL, row, exchange_now_ms(x), NULL);
	}
	return r < 0 ? r : 0;
}

static int show_events(struct exchange *x, struct reader *rd, const struct id *subject,
	struct json *out, struct cu_err *err)
{
	struct row_consent row = { .seq = 0 };
	int r;

	json_open_array(out, "events");
	while ((r = standing_next_event(rd, subject, row.seq, &row, err)) > 0) {
		if (access_allows_purpose(&x->rights, "consent.list", row.purpose)) {
			r = show_event(x, rd, &row, out, err);
		}
		if (r < 0) {
			break;
		}
	}
	json_close_array(out);
	return r;
}

int handle_CONSENT_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_CONSENT_READ };
	struct store *store = x->daemon->house.store;
	struct reader *rd;
	int r = exchange_id(x, "subject", &leaf.sub, err);

	if (r < 0) {
		return r;
	}
	rd = store_reader_take(store);
	r = reader_begin(rd, err);
	if (r == 0) {
		r = require_live(rd, &leaf.sub, err);
		if (r > 0) {
			r = show_events(x, rd, &leaf.sub, out, err);
		}
		reader_end(rd);
	}
	store_reader_give(store, rd);
	if (r >= 0) {
		exchange_note_at_end(x, &leaf);
	}
	return r;
}
