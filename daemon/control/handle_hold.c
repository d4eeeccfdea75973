/* Legal holds: place, look, release. */
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "control/daemon.h"
#include "control/expiry.h"
#include "control/handle.h"
#include "policy/policy.h"
#include "store/reader_hold.h"
#include "store/tx_hold.h"

#define MAX_COLLECTIONS 128
#define MAX_TEXT_BYTES  (64 * 1024)

/* --- place ------------------------------------------------------------------------ */

struct placing {
	struct store_op op;
	struct hold_what what;
	struct id hold;
};

static int apply_place(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct placing *p = (struct placing *)op;

	return tx_hold_place(tx, &p->what, &p->hold, err);
}

/* All but the collections; borrowed from the call. */
static int read_what(struct exchange *x, struct hold_what *ret, struct cu_err *err)
{
	const char *review = exchange_text(x, "review"), *text = exchange_text(x, "text");
	int r = exchange_id(x, "subject", &ret->subject, err);

	ret->review_day = CIVIL_NO_DAY;
	ret->text = span_str(text);
	if (r == 0) {
		r = exchange_id(x, "record", &ret->record, err);
	}
	if (r == 0 && review && !civil_parse_day(review, &ret->review_day)) {
		r = cu_err_set(err, CU_EINVAL, "review: expected a date, as 2026-11-21");
	}
	if (r == 0 && text_is_blank(text)) {
		r = cu_err_set(err, CU_EINVAL, "text: say why: the case, and who asked for it");
	}
	if (r == 0 && ret->text.n > MAX_TEXT_BYTES) {
		r = cu_err_set(err, CU_ELIMIT, "text: at most %d bytes", MAX_TEXT_BYTES);
	}
	return r;
}

static int read_collections(struct exchange *x, const char *to[MAX_COLLECTIONS],
	struct hold_what *ret, struct cu_err *err)
{
	const json_t *given = json_object_get(x->call.parameters, "collections");

	ret->collections = to;
	ret->ncollections = json_array_size(given);
	if (ret->ncollections > MAX_COLLECTIONS) {
		return cu_err_set(err, CU_ELIMIT, "collections: at most %d", MAX_COLLECTIONS);
	}
	if (ret->ncollections > 0 && !id_is_nil(&ret->record)) {
		return cu_err_set(err, CU_EINVAL, "either collections or a record, not both");
	}
	for (size_t i = 0; i < ret->ncollections; i++) {
		to[i] = json_string_value(json_array_get(given, i));
		if (!policy_find_collection(x->daemon->policy, to[i])) {
			return cu_err_set(err, CU_EINVAL,
				"collections[%zu]: schema.yaml has no such collection", i);
		}
	}
	return 0;
}

int handle_HOLD_PLACE(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *collections[MAX_COLLECTIONS];
	struct placing p = { .op.apply = apply_place };
	int r = read_what(x, &p.what, err);

	if (r == 0) {
		r = read_collections(x, collections, &p.what, err);
	}
	if (r == 0) {
		r = exchange_change(x, &p.op, err);
	}
	if (r == 0) {
		json_hex(out, "hold", p.hold.b, sizeof(p.hold.b));
	}
	return r;
}

/* --- look ------------------------------------------------------------------------- */

static int show(struct exchange *x, struct reader *rd, struct json *out, const char *name,
	const struct row_hold *row, struct cu_err *err)
{
	static const char *const scopes[] = { [HOLD_SUBJECT] = "subject",
		[HOLD_COLLECTIONS] = "collections", [HOLD_RECORD] = "record" };
	char collection[ENGINE_KEY_SIZE] = "", day[CIVIL_DAY_SIZE];
	uint32_t owner;
	int r;

	json_open_object(out, name);
	json_hex(out, "hold", row->id.b, sizeof(row->id.b));
	json_hex(out, "subject", row->subject.b, sizeof(row->subject.b));
	json_str(out, "scope", scopes[row->scope]);
	json_open_array(out, "collections");
	while ((r = reader_hold_part(rd, &row->id, collection, collection, err)) > 0) {
		json_str(out, NULL, collection);
	}
	json_close_array(out);
	if (row->scope == HOLD_RECORD) {
		json_hex(out, "record", row->record.b, sizeof(row->record.b));
	}
	json_str(out, "state", row->state == HOLD_ACTIVE ? "active" : "released");
	json_int(out, "placed_ms", row->placed_ms);
	if (row->state == HOLD_RELEASED) {
		json_int(out, "released_ms", row->released_ms);
	}
	if (row->review_day != CIVIL_NO_DAY) {
		civil_format_day(row->review_day, day);
		json_str(out, "review", day);
	}
	if (r == 0) {
		r = reader_operator_uid(rd, &row->placer, &owner, err);
	}
	if (r > 0) {
		json_int(out, "owner", owner);
	}
	json_bool(out, "is_own", id_eq(&row->placer, &x->actor));
	json_uint(out, "blocked", row->nblocked);
	json_bool(out, "has_text", !id_is_nil(&row->kase));
	json_close_object(out);
	return r < 0 ? r : 0;
}

int handle_HOLD_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct row_hold row, *after = NULL;
	bool is_all = exchange_flag(x, "all");
	int r;

	json_open_array(out, "holds");
	while ((r = reader_next_hold(rd, after, &row, err)) > 0) {
		after = &row;
		if (is_all || row.state == HOLD_ACTIVE) {
			r = show(x, rd, out, NULL, &row, err);
		}
		if (r < 0) {
			break;
		}
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

static int show_text(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct span text = record_get(rec, "text");

	(void)row;
	(void)err;
	json_strn(ctx, "text", (const char *)text.p, text.n);
	return 1;
}

static int show_with_text(struct exchange *x, struct reader *rd, struct json *out,
	const struct row_hold *row, struct cu_err *err)
{
	int r = show(x, rd, out, "hold", row, err);

	if (r < 0) {
		return r;
	}
	if (id_is_nil(&row->kase)) {
		json_str(out, "text", "");
		return 0;
	}
	r = reader_begin(rd, err);
	if (r == 0) {
		r = reader_records(rd, &row->kase, HOLD_COLLECTION, show_text, out, err);
		reader_end(rd);
	}
	return r;
}

/* Not as exchange_leaf: the subject may be denied to everyone. */
static int put_leaf(struct exchange *x, const struct row_hold *row, struct cu_err *err)
{
	const struct leaf leaf = { .act = LEAF_HOLD_READ, .obj = row->id, .sub = row->subject };

	return exchange_note(x, &leaf, err);
}

int handle_HOLD_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct row_hold row;
	struct reader *rd;
	struct id id;
	int r = exchange_id(x, "hold", &id, err);

	if (r < 0) {
		return r;
	}
	rd = store_reader_take(x->daemon->house.store);
	r = reader_hold(rd, &id, &row, err);
	if (r == 0) {
		r = cu_err_set(err, CU_ENOENT, "there is no such hold");
	}
	if (r > 0) {
		r = put_leaf(x, &row, err);
	}
	if (r == 0) {
		r = show_with_text(x, rd, out, &row, err);
	}
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

/* --- release ---------------------------------------------------------------------- */

static int apply_release(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_hold_release(tx, &((struct placing *)op)->hold, err);
}

int handle_HOLD_RELEASE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct placing p = { .op.apply = apply_release };
	int r = exchange_id(x, "hold", &p.hold, err);

	(void)out;
	if (r == 0) {
		r = exchange_change(x, &p.op, err);
	}
	if (r == 0) { /* what waited goes on */
		eraser_wake(&x->daemon->eraser);
		expiry_wake(x->daemon);
	}
	return r;
}
