#include "control/casework.h"

#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx_approval.h"

#define MAX_PAUSES 64

int32_t casework_today(const struct daemon *d)
{
	return zone_day_of_ms(clock_now_ms(&d->house.clock));
}

int casework_law(const struct daemon *d, const struct row_dsr *row, const struct law **ret,
	struct cu_err *err)
{
	const struct law *law = policy_find_law(d->policy, row->law);

	if (!law) {
		return cu_err_set(err, CU_ENOENT,
			"there is no law/%s.yaml among the policies any more: put it back", row->law);
	}
	*ret = law;
	return 0;
}

int casework_find(struct exchange *x, struct row_dsr *ret, struct cu_err *err)
{
	int64_t number = exchange_int(x, "number", 0);
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = number < 1 || number > UINT32_MAX ? 0 : reader_dsr(rd, (uint32_t)number, ret, err);

	store_reader_give(x->daemon->house.store, rd);
	return r == 0 ? cu_err_set(err, CU_ENOENT, "there is no request of this number: 'request list'") :
	       r < 0  ? r :
			0;
}

/* --- the clock -------------------------------------------------------------------- */

/* Where pauses come from: a reader, or the step that changes them. */
typedef int next_pause_fn(void *from, const struct row_dsr *row, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err);

static int compute(const struct daemon *d, const struct row_dsr *row, next_pause_fn *next,
	void *from, struct deadline *ret, struct buf *derivation, struct cu_err *err)
{
	struct deadline_pause pauses[MAX_PAUSES];
	struct deadline_facts facts = { .received = row->received_day,
		.today = casework_today(d), .pauses = pauses, .is_extended = row->extension != 0,
		.extension_told = row->extension_day };
	struct row_dsr_pause p = { INT32_MIN, 0 };
	const struct law *law;
	int r = casework_law(d, row, &law, err);

	while (r == 0 && facts.npauses < MAX_PAUSES) {
		int more = next(from, row, p.from_day, &p, err);

		if (more <= 0) {
			r = more;
			break;
		}
		pauses[facts.npauses++] = (struct deadline_pause){ p.from_day, p.to_day };
	}
	return r < 0 ? r :
		       deadline_compute(law, (enum request_type)row->type, &facts,
			       policy_calendar_of(d->policy, law), (enum language)row->language, ret,
			       derivation, err);
}

static int next_of_reader(void *from, const struct row_dsr *row, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err)
{
	return reader_dsr_pause(from, row, after, ret, err);
}

static int next_of_tx(void *from, const struct row_dsr *row, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err)
{
	return tx_dsr_next_pause(from, row, after, ret, err);
}

int casework_deadline(const struct daemon *d, struct reader *rd, const struct row_dsr *row,
	struct deadline *ret, struct buf *derivation, struct cu_err *err)
{
	return compute(d, row, next_of_reader, rd, ret, derivation, err);
}

/* --- changing --------------------------------------------------------------------- */

static int apply_change(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct casework *c = (struct casework *)op;
	struct deadline deadline;
	int r = c->number > 0 ? tx_dsr_get(tx, c->number, &c->row, err) : 0;

	if (r == 0) { /* one that is unknown is no failure here: nothing is done without it */
		c->row.due_day = compute(c->daemon, &c->row, next_of_tx, tx, &deadline, NULL, NULL) == 0 ?
			deadline.due :
			CIVIL_NO_DAY;
		r = c->fn(tx, c, err);
	}
	return r;
}

static void fill(struct daemon *d, struct casework *c)
{
	c->op.apply = apply_change;
	c->op.kind = STORE_CHANGE;
	c->daemon = d;
	c->today = casework_today(d);
}

int casework_change(struct exchange *x, struct casework *c, struct cu_err *err)
{
	fill(x->daemon, c);
	return exchange_change(x, &c->op, err);
}

int casework_run(struct exchange *x, struct casework *c, struct json *out, struct cu_err *err)
{
	struct row_dsr row;
	int r = casework_find(x, &row, err);

	if (r == 0) {
		c->number = row.number;
		r = casework_change(x, c, err);
	}
	return r < 0 ? r : casework_show(x->daemon, out, "request", &c->row, err);
}

int casework_tend(struct daemon *d, struct casework *c, struct cu_err *err)
{
	fill(d, c);
	return store_run(d->house.store, &c->op, err);
}

int casework_drop_approval(struct tx *tx, struct row_dsr *row, struct cu_err *err)
{
	int r = id_is_nil(&row->approval) ? 0 : tx_approval_drop(tx, &row->approval, err);

	row->approval = (struct id){ 0 };
	return r;
}

/* --- showing ---------------------------------------------------------------------- */

static void show_day(struct json *out, const char *name, int32_t day)
{
	char text[CIVIL_DAY_SIZE];

	if (day != CIVIL_NO_DAY) {
		civil_format_day(day, text);
		json_str(out, name, text);
	}
}

static void show_id(struct json *out, const char *name, const struct id *id)
{
	if (!id_is_nil(id)) {
		json_hex(out, name, id->b, sizeof(id->b));
	}
}

static int show_parts(struct reader *rd, struct json *out, const char *name,
	const struct row_dsr *row, enum dsr_part_kind kind, struct cu_err *err)
{
	struct row_dsr_part part = { .collection = "" };
	int r;

	json_open_array(out, name);
	while ((r = reader_dsr_part(rd, row, kind, part.collection, &part, err)) > 0) {
		json_str(out, NULL, part.collection);
	}
	json_close_array(out);
	return r;
}

static void show_clock(const struct daemon *d, struct reader *rd, struct json *out,
	const struct row_dsr *row)
{
	struct deadline deadline = { 0 };
	/* 'request clock' says why */
	bool is_known = casework_deadline(d, rd, row, &deadline, NULL, NULL) == 0 &&
		deadline.due != CIVIL_NO_DAY;

	if (is_known) {
		show_day(out, "due", deadline.due);
	}
	if (is_known && row->closed_ms == 0) {
		json_int(out, "days_left", (int64_t)deadline.due - casework_today(d));
	}
	json_bool(out, "is_paused", is_known && deadline.is_paused && row->closed_ms == 0);
	if (row->extension) {
		json_str(out, "extension", request_extension_word(row->extension));
		show_day(out, "extension_told", row->extension_day);
	}
}

static int show_worker(
	struct reader *rd, struct json *out, const struct row_dsr *row, struct cu_err *err)
{
	uint32_t uid;
	int r = id_is_nil(&row->worker) ? 0 : reader_operator_uid(rd, &row->worker, &uid, err);

	if (r > 0) {
		json_int(out, "worker", uid);
	}
	return r < 0 ? r : 0;
}

static void show_outcome(struct json *out, const struct row_dsr *row)
{
	if (row->acts_as) {
		json_str(out, "represented_by", request_role_word(row->acts_as));
	}
	if (row->authority) {
		json_str(out, "authority", request_authority_word(row->authority));
	}
	if (row->method) {
		json_str(out, "method", request_method_word(row->method));
		json_int(out, "verified_ms", row->verified_ms);
	}
	if (row->reason[0]) {
		json_str(out, "reason", row->reason);
	}
	if (row->duplicate_of) {
		json_uint(out, "duplicate_of", row->duplicate_of);
	}
	show_id(out, "approval", &row->approval);
	show_id(out, "erasure", &row->erasure);
	if (row->closed_ms) {
		json_int(out, "closed_ms", row->closed_ms);
	}
}

int casework_show(const struct daemon *d, struct json *out, const char *name,
	const struct row_dsr *row, struct cu_err *err)
{
	static const char *const languages[] = {
#define X(id, word) word,
		LANGUAGES(X)
#undef X
	};
	struct reader *rd = store_reader_take(d->house.store);
	int r;

	json_open_object(out, name);
	json_uint(out, "number", row->number);
	json_hex(out, "request", row->id.b, sizeof(row->id.b));
	json_str(out, "type", law_request_word((enum request_type)row->type));
	json_str(out, "law", row->law);
	json_str(out, "state", request_state_word(row->state));
	json_str(out, "channel", request_channel_word(row->channel));
	json_str(out, "language", languages[row->language]);
	show_day(out, "received", row->received_day);
	json_int(out, "entered_ms", row->entered_ms);
	show_id(out, "subject", &row->subject);
	r = show_worker(rd, out, row, err);
	if (row->about[0]) {
		json_str(out, "about", row->about);
	}
	if (r == 0) {
		r = show_parts(rd, out, "collections", row, DSR_WANTED, err);
	}
	if (r == 0) {
		r = show_parts(rd, out, "kept", row, DSR_KEPT, err);
	}
	show_clock(d, rd, out, row);
	show_outcome(out, row);
	json_close_object(out);
	store_reader_give(d->house.store, rd);
	return r;
}

/* --- reading its papers ----------------------------------------------------------- */

/* Not as exchange_leaf: the subject may be denied to all but those who work on the request. */
int casework_read_leaf(struct exchange *x, const struct row_dsr *row, const char *why,
	struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_REQUEST_READ, .sub = row->subject, .obj = row->id,
		.count = row->number };

	strncpy(leaf.purpose, request_purpose(row->type), sizeof(leaf.purpose) - 1);
	strncpy(leaf.why, why, sizeof(leaf.why) - 1);
	return exchange_note(x, &leaf, err);
}
