/* Records by their own rules: another rule, deletion.  Many at once, in small steps. */
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/rule_build.h"
#include "control/where.h"
#include "policy/policy.h"
#include "store/tx_rule.h"

#define RULE_STEP   2048 /* records that one step of the writer changes: some 30 ms */
#define DELETE_STEP 64  /* or deletes: these have tokens and mentions */

/* One step: some of the records that were found. */
struct change {
	struct store_op op;
	struct exchange *x;
	const struct where *where;
	bool is_dry;
	struct span ids;  /* of this step */
	uint64_t nmatched, nchanged, nheld;
	uint64_t step_matched, step_changed, step_held; /* taken back with a step that fails */
	struct buf subjects; /* of those that were changed in this step */
	struct id record;    /* the last of them */
	/* of a rule */
	const char *member;
	const json_t *to;
	int64_t from;          /* the number of the last rule that was changed, and what it became */
	struct ruling became;
	bool is_put;           /* became is among the store's rules */
	int64_t number;        /* of rule, which was looked up last; 0: none */
	struct rule rule;
	bool is_used;          /* by this purpose: its rule does not keep it away */
};

/* --- is it one of them? ----------------------------------------------------------- */

/* Whoever may not know who is there touches only whom the purpose may. */
static int may_touch(struct tx *tx, const struct change *c, const struct id *subject,
	struct cu_err *err)
{
	const struct permit *p = &c->x->permit;
	struct standing s;
	int r = p->may_know ? 0 : standing_in(tx, subject, permit_events_of(p), NULL, &s, err);

	return r < 0 ? r : p->may_know || permit_check_write(p, &s, NULL) == 0;
}

/* It was found beside the writer: since then it may have gone, or another rule. */
static int is_meant(struct tx *tx, struct change *c, const struct id *id, struct row_record *row,
	struct cu_err *err)
{
	int r = tx_record_row(tx, id, row, err);

	if (r <= 0 || (row->expires_ms != 0 && row->expires_ms <= tx->now_ms) ||
		!purpose_covers(c->x->permit.purpose, row->collection)) {
		return r < 0 ? r : 0;
	}
	r = may_touch(tx, c, &row->subject, err);
	if (r <= 0) {
		return r;
	}
	if (c->number == 0 || row->rule != c->number) {
		r = tx_rule_get(tx, row->rule, &c->rule, err);
		c->number = r < 0 ? 0 : row->rule;
		c->is_used = r == 0 && permit_uses(&c->x->permit, &c->rule);
	}
	return r < 0 ? r : !c->where->by_rule || rule_has(&c->rule, c->where->kind, c->where->key);
}

static void note(struct change *c, const struct row_record *row)
{
	c->step_changed++;
	c->record = row->id;
	buf_put(&c->subjects, row->subject.b, sizeof(row->subject.b));
}

/* One is named, of many the access journal has the ids. */
static int tell(struct tx *tx, struct change *c, enum leaf_act act, const char *why,
	struct cu_err *err)
{
	struct leaf leaf = { .act = act };
	int r = buf_check(&c->subjects, err);

	if (r < 0 || c->subjects.n == 0) {
		return r;
	}
	strncpy(leaf.purpose, c->x->purpose, sizeof(leaf.purpose) - 1);
	strncpy(leaf.why, why, sizeof(leaf.why) - 1);
	if (c->subjects.n > sizeof(struct id)) {
		return tx_access_note(tx, &leaf, buf_span(&c->subjects), err);
	}
	memcpy(leaf.sub.b, c->subjects.p, sizeof(leaf.sub.b));
	leaf.obj = c->record;
	leaf.count = 1;
	return tx_leaf(tx, &leaf, err);
}

/* All of a step, by fn: a code, or 0. */
static int each(struct tx *tx, struct change *c,
	int (*fn)(struct tx *, struct change *, const struct row_record *, struct cu_err *),
	struct cu_err *err)
{
	struct row_record row;
	int r = 0;

	c->step_matched = c->step_changed = c->step_held = 0;
	buf_clear(&c->subjects);
	for (size_t at = 0; r >= 0 && at < c->ids.n; at += sizeof(struct id)) {
		struct id id;

		memcpy(id.b, c->ids.p + at, sizeof(id.b));
		r = is_meant(tx, c, &id, &row, err);
		if (r > 0) {
			c->step_matched++;
			r = fn(tx, c, &row, err);
		}
	}
	return r < 0 ? r : 0;
}

/* --- another rule ----------------------------------------------------------------- */

/* A day on which it ends whenever it was made stands in no rule. */
static bool has_fixed_end(const struct row_record *row, const struct rule *rule)
{
	return row->expires_ms != 0 && !rule_names(rule, RULE_KEEP);
}

/* What the rule of a record becomes.  Records come rule by rule: the same as of the last, mostly. */
static int make_rule(struct change *c, const struct row_record *row, struct cu_err *err)
{
	bool is_fixed = has_fixed_end(row, &c->rule);
	int r;

	if (row->rule != 0 && row->rule == c->from && !is_fixed) {
		return 0;
	}
	c->became = (struct ruling){ c->rule, is_fixed ? row->expires_ms : 0 };
	c->from = 0;
	c->is_put = false;
	r = rule_build_member(c->x->daemon->policy, c->member, c->to, &c->became, err);
	if (r == 0 && !is_fixed) {
		c->from = row->rule;
	}
	return r;
}

/* What keeps a record from the purpose is lifted only by whoever may know of people. */
static bool may_become(const struct change *c, const struct row_record *row, int64_t end_ms)
{
	bool is_later = row->expires_ms != 0 && (end_ms == 0 || end_ms > row->expires_ms);

	return c->is_used || c->x->permit.may_know ||
		(!is_later && !rule_widens(&c->rule, &c->became.rule));
}

static int change_rule(struct tx *tx, struct change *c, const struct row_record *row,
	struct cu_err *err)
{
	const struct rule *rule = &c->became.rule;
	int64_t end_ms;
	int r = make_rule(c, row, err);

	if (r < 0) {
		return r;
	}
	end_ms = rule_end(c->x->daemon->policy, row->collection, &c->became, row->created_ms,
		row->anchor_day);
	if ((end_ms == row->expires_ms && strcmp(rule->text, c->rule.text) == 0) ||
		!may_become(c, row, end_ms)) {
		return 0;
	}
	note(c, row);
	if (c->is_dry) {
		return 0;
	}
	r = c->is_put && end_ms == row->expires_ms ?
		tx_rule_put_again(tx, row, rule, err) :
		tx_rule_put(tx, &row->id, rule, end_ms, err);
	c->is_put |= r == 0;
	return r;
}

static int apply_rule(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	int r = each(tx, c, change_rule, err);

	return r < 0 || c->is_dry ? r : tell(tx, c, LEAF_RECORD_RULE, c->member, err);
}

/* --- deletion --------------------------------------------------------------------- */

static int delete_one(struct tx *tx, struct change *c, const struct row_record *row,
	struct cu_err *err)
{
	int r = tx_record_may_go(tx, row, c->is_dry ? NULL : "record.delete", err);

	if (r == 0) {
		c->step_held++;
	} else if (r > 0) {
		note(c, row);
		r = c->is_dry ? 0 : tx_record_delete(tx, &row->id, err);
	}
	return r;
}

static int apply_delete(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	int r = each(tx, c, delete_one, err);

	return r < 0 || c->is_dry ? r : tell(tx, c, LEAF_RECORD_DELETE, "", err);
}

/* --- step by step ----------------------------------------------------------------- */

static int run_steps(struct change *c, const struct buf *ids, size_t per_step,
	struct cu_err *err)
{
	const size_t size = per_step * sizeof(struct id);
	int r = 0;

	for (size_t at = 0; r == 0 && at < ids->n; at += size) {
		if (exchange_is_cancelled(c->x)) {
			return cu_err_set(err, CU_ECANCELED,
				"cancelled; %llu records were changed", (unsigned long long)c->nchanged);
		}
		c->ids = span_of(ids->p + at, ids->n - at < size ? ids->n - at : size);
		c->from = c->number = 0;
		r = exchange_change(c->x, &c->op, err);
		if (r == 0) {
			c->nmatched += c->step_matched;
			c->nchanged += c->step_changed;
			c->nheld += c->step_held;
		}
	}
	return r;
}

static int find(struct exchange *x, struct where *where, struct buf *ids, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = where_read(x, rd, where, err);
		if (r == 0) {
			r = where_find(where, rd, ids, err);
		}
		reader_end(rd);
	}
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

static int change_all(struct exchange *x, struct change *c, size_t per_step, struct cu_err *err)
{
	struct where where = { .subjects = BUF_INIT };
	struct buf ids = BUF_INIT;
	int r = find(x, &where, &ids, err);

	c->x = x;
	c->where = &where;
	c->is_dry = exchange_flag(x, "dry_run");
	if (r == 0) {
		r = run_steps(c, &ids, per_step, err);
	}
	c->where = NULL;
	where_done(&where);
	buf_done(&ids);
	buf_done(&c->subjects);
	return r;
}

int handle_RECORD_RULE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct change c = { .op.apply = apply_rule, .member = exchange_text(x, "set"),
		.to = json_object_get(x->call.parameters, "values") };
	struct ruling tried = { .fixed_ms = 0 };
	int r = rule_build_member(x->daemon->policy, c.member, c.to, &tried, err);

	if (r == 0) { /* else it would be wrong only where there is somebody */
		r = change_all(x, &c, RULE_STEP, err);
	}
	if (r == 0) {
		json_uint(out, "matched", c.nmatched);
		json_uint(out, "changed", c.nchanged);
	}
	return r;
}

int handle_RECORD_DELETE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct change c = { .op.apply = apply_delete };
	int r = change_all(x, &c, DELETE_STEP, err);

	if (r == 0) {
		json_uint(out, "matched", c.nmatched);
		json_uint(out, "deleted", c.nchanged);
		json_uint(out, "held", c.nheld);
	}
	return r;
}
