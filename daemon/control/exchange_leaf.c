/* May a call do what it asks for, and the leaves that say so. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "store/reader.h"
#include "store/tx_rule.h"

/* --- may it be? ------------------------------------------------------------------- */

int64_t exchange_now_ms(const struct exchange *x)
{
	return clock_now_ms(&x->daemon->house.clock);
}

struct refusal {
	struct store_op op;
	struct leaf leaf;
	uid_t uid;
};

static int apply_refusal(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct refusal *f = (struct refusal *)op;
	int r = tx_operator(tx, f->uid, &tx->actor, err);

	return r < 0 ? r : tx_leaf(tx, &f->leaf, err);
}

static void on_refusal_done(struct store_op *op)
{
	free(op);
}

void exchange_log_refusal(struct exchange *x, const struct id *subject)
{
	struct refusal *f;

	log_limited(&x->daemon->denied, LOG_LEVEL_NOTICE, "uid %u was refused: %s", (unsigned)x->uid,
		x->command->words);
	if (x->rights.roles == 0 || atomic_load(&x->daemon->state) != DAEMON_RUNNING) {
		return;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		return; /* the journal has the line above */
	}
	f->op = (struct store_op){ .apply = apply_refusal, .done = on_refusal_done,
		.kind = STORE_CHANGE };
	f->uid = x->uid;
	f->leaf.act = LEAF_REFUSED;
	command_operation(x->command, f->leaf.why);
	if (subject) {
		f->leaf.sub = *subject;
		strncpy(f->leaf.purpose, x->purpose, sizeof(f->leaf.purpose) - 1);
	}
	store_submit(x->daemon->house.store, &f->op);
}

int exchange_permit(struct exchange *x, struct reader *rd, const struct id *subject,
	struct standing *ret, struct cu_err *err)
{
	int r = standing_read(rd, subject, permit_events_of(&x->permit), NULL, exchange_now_ms(x),
		ret, err);

	if (r < 0) {
		return r;
	}
	r = permit_check(&x->permit, ret, err);
	if (r < 0 && ret->exists) {
		exchange_log_refusal(x, subject);
	}
	return r;
}

int exchange_permit_write(struct exchange *x, struct tx *tx, const struct id *subject,
	struct cu_err *err)
{
	struct standing s;
	int r = standing_in(tx, subject, permit_events_of(&x->permit), NULL, &s, err);

	if (r < 0) {
		return r;
	}
	r = permit_check_write(&x->permit, &s, err);
	if (r < 0 && s.exists) {
		exchange_log_refusal(x, subject);
	}
	return r;
}

int exchange_uses(struct exchange *x, struct tx *tx, const struct row_record *row,
	struct cu_err *err)
{
	struct rule rule;
	int r = 0;

	if (row->expires_ms != 0 && row->expires_ms <= tx->now_ms) {
		return 0;
	}
	if (row->rule != 0) {
		r = tx_rule_get(tx, row->rule, &rule, err);
	}
	return r < 0 ? r : row->rule == 0 || permit_uses(&x->permit, &rule);
}

/* Whose erasure began, or who took back a consent, while the read was under way is not shown any
 * more: the log has one order, and that stands before this leaf. */
static int ask_again(struct tx *tx, const struct permit *p, const struct id *subject,
	struct cu_err *err)
{
	struct standing s;
	int r = standing_in(tx, subject, permit_events_of(p), NULL, &s, err);

	return r < 0 ? r : permit_check(p, &s, err);
}

void exchange_saw(struct exchange *x, const struct reader *rd)
{
	x->seen = reader_changes(rd);
}

/* --- leaves ----------------------------------------------------------------------- */

static int apply_leaf(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct exchange_leaf *l = (struct exchange_leaf *)op;
	int r = l->permit && !id_is_nil(&l->leaf.sub) && tx_has_changed(tx, l->seen) ?
		ask_again(tx, l->permit, &l->leaf.sub, err) :
		0;

	return r < 0 ? r : tx_leaf(tx, &l->leaf, err);
}

static void fill_leaf(const struct exchange *x, const struct leaf *leaf, struct exchange_leaf *ret)
{
	ret->op = (struct store_op){ .apply = apply_leaf, .kind = STORE_LEAF, .actor = x->actor };
	ret->leaf = *leaf;
	strncpy(ret->leaf.purpose, x->purpose, sizeof(ret->leaf.purpose) - 1);
	ret->permit = x->permit.purpose ? &x->permit : NULL;
	ret->seen = x->seen;
}

int exchange_leaf(struct exchange *x, const struct leaf *leaf, struct cu_err *err)
{
	struct exchange_leaf l;

	fill_leaf(x, leaf, &l);
	return store_run(x->daemon->house.store, &l.op, err);
}

struct note {
	struct store_op op;
	struct leaf leaf;
};

static int apply_note(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_leaf(tx, &((struct note *)op)->leaf, err);
}

int exchange_note(struct exchange *x, const struct leaf *leaf, struct cu_err *err)
{
	struct note n = { { .apply = apply_note, .kind = STORE_LEAF, .actor = x->actor }, *leaf };

	return store_run(x->daemon->house.store, &n.op, err);
}

struct bulk {
	struct store_op op;
	const struct permit *permit;
	uint64_t seen;
	struct leaf leaf;
	struct span ids;
};

static int apply_bulk(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct bulk *b = (struct bulk *)op;
	bool has_changed = tx_has_changed(tx, b->seen);
	int r = 0;

	for (size_t at = 0; r == 0 && has_changed && at < b->ids.n; at += sizeof(struct id)) {
		struct id id;

		memcpy(id.b, b->ids.p + at, sizeof(id.b));
		r = ask_again(tx, b->permit, &id, err);
	}
	if (r < 0) {
		return r;
	}
	return has_changed ? tx_access_put(tx, &b->leaf, b->ids, err) :
			     tx_access_note(tx, &b->leaf, b->ids, err);
}

int exchange_bulk(struct exchange *x, enum leaf_act act, struct span ids, struct cu_err *err)
{
	struct bulk b = { .op = { .apply = apply_bulk, .is_note = true }, .permit = &x->permit,
		.seen = x->seen, .leaf.act = act, .ids = ids };

	strncpy(b.leaf.purpose, x->purpose, sizeof(b.leaf.purpose) - 1);
	return exchange_change(x, &b.op, err);
}

void exchange_leaf_at_end(struct exchange *x, const struct leaf *leaf)
{
	fill_leaf(x, leaf, &x->last);
	x->last.is_wanted = true;
}

void exchange_note_at_end(struct exchange *x, const struct leaf *leaf)
{
	exchange_leaf_at_end(x, leaf);
	x->last.permit = NULL;
}

int exchange_change(struct exchange *x, struct store_op *op, struct cu_err *err)
{
	op->kind = STORE_CHANGE;
	op->actor = x->actor;
	return store_run(x->daemon->house.store, op, err);
}
