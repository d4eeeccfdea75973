#include "store/tx_keeping.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/store_internal.h"
#include "store/tx_approval.h"

#define KNOWN   "keeping.known_ms"   /* the clock was right then */
#define SEEN    "keeping.seen_ms"    /* what it said when it was found ahead; 0: it is not */
#define CLAIMED "keeping.claimed_ms" /* what it said since, as long as it did not jump again */
#define NOTED_EACH_MS (60 * 1000LL)

/* --- asking ----------------------------------------------------------------------- */

static void name_of(const char *kind, char to[64])
{
	snprintf(to, 64, "keeping.asked.%s", kind);
}

int tx_keeping_scope(struct tx *tx, const char *kind, struct buf *to, struct cu_err *err)
{
	char name[64];
	size_t from = to->n;
	int r;

	name_of(kind, name);
	r = engine_meta_get(tx->engine, name, to, err);
	return r < 0 ? r :
		to->n == from ?
		       cu_err_set(err, CU_ENOENT, "there is nothing to confirm any more") :
		       0;
}

/* The newest question of this kind about this text; one that was denied stands for a day. */
static int find_asked(struct tx *tx, const char *kind, struct span text,
	struct row_approval *ret, struct cu_err *err)
{
	struct row_approval row, *after = NULL;
	int r, is_found = 0;

	while ((r = engine_approval_next(tx->engine, after, &row, err)) > 0) {
		after = &row;
		if (tx_approval_is_open(tx, &row, kind, text) ||
			(row.state == APPROVAL_DENIED && strcmp(row.kind, kind) == 0 &&
				tx->now_ms < row.decided_ms + KEEPING_JUMP_MS)) {
			*ret = row;
			is_found = 1;
		}
	}
	return r < 0 ? r : is_found;
}

int tx_keeping_ask(struct tx *tx, const char *kind, struct span text, int64_t approval_ms,
	struct row_approval *ret, struct cu_err *err)
{
	struct approval_ask question = { .kind = kind, .scope = text, .keep_ms = approval_ms };
	struct row_approval row = { 0 };
	char name[64];
	int r = find_asked(tx, kind, text, &row, err);

	name_of(kind, name);
	if (r == 0) {
		r = engine_meta_put(tx->engine, name, text, err);
		r = r < 0 ? r : tx_approval_ask(tx, &question, &row.id, err);
		r = r < 0 ? r : tx_approval_get(tx, &row.id, &row, err);
	} else if (r > 0 && row.state == APPROVAL_GRANTED) {
		r = tx_approval_use(tx, &row.id, kind, text, err);
		r = r < 0 ? r : engine_meta_put(tx->engine, name, span_of("", 0), err);
		r = r < 0 ? r : 1;
	} else if (r > 0) {
		r = 0;
	}
	if (r >= 0) {
		*ret = row;
	}
	return r;
}

int tx_keeping_drop(struct tx *tx, const char *kind, struct cu_err *err)
{
	struct row_approval row, *after = NULL;
	struct buf text = BUF_INIT;
	char name[64];
	int r;

	name_of(kind, name);
	r = engine_meta_get(tx->engine, name, &text, err);
	if (r <= 0 || text.n == 0) {
		buf_done(&text);
		return r < 0 ? r : 0;
	}
	while ((r = engine_approval_next(tx->engine, after, &row, err)) > 0) {
		after = &row;
		if (tx_approval_is_open(tx, &row, kind, buf_span(&text))) {
			r = tx_approval_drop(tx, &row.id, err);
		}
		if (r < 0) {
			break;
		}
	}
	buf_done(&text);
	return r < 0 ? r : engine_meta_put(tx->engine, name, span_of("", 0), err);
}

/* --- the clock -------------------------------------------------------------------- */

static int note(struct tx *tx, const char *name, int64_t *ret, struct cu_err *err)
{
	uint64_t v = 0;
	int r = engine_meta_get_u64(tx->engine, name, &v, err);

	*ret = (int64_t)v;
	return r;
}

static int on_good(struct tx *tx, int64_t known, struct cu_err *err)
{
	int64_t seen;
	int r = note(tx, SEEN, &seen, err);

	if (r >= 0 && (known == 0 || tx->now_ms >= known + NOTED_EACH_MS)) {
		r = tx_note_put(tx, KNOWN, (uint64_t)tx->now_ms, err);
	}
	if (r >= 0 && seen != 0) {
		r = tx_note_put(tx, SEEN, 0, err);
	}
	return r < 0 ? r : tx_keeping_drop(tx, KEEPING_KIND_CLOCK, err);
}

/* The question stays the same while the clock goes on; after another jump it is another. */
static int follow(struct tx *tx, int64_t *ret_seen, struct cu_err *err)
{
	int64_t seen, claimed;
	int r = note(tx, SEEN, &seen, err);

	if (r >= 0) {
		r = note(tx, CLAIMED, &claimed, err);
	}
	if (r >= 0 && (seen == 0 || tx->now_ms < claimed - KEEPING_SLACK_MS ||
			      tx->now_ms > claimed + KEEPING_JUMP_MS)) {
		seen = tx->now_ms;
		r = tx_note_put(tx, SEEN, (uint64_t)seen, err);
	}
	if (r >= 0) {
		r = tx_note_put(tx, CLAIMED, (uint64_t)tx->now_ms, err);
	}
	*ret_seen = seen;
	return r < 0 ? r : 0;
}

static int on_ahead(struct tx *tx, int64_t approval_ms, struct keeping_clock *c,
	struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_RETENTION_CLOCK,
		.count = (uint64_t)(c->now_ms - c->known_ms) / 1000 };
	struct buf text = BUF_INIT;
	int64_t seen = 0;
	int r = follow(tx, &seen, err);

	buf_putf(&text, "custos clock v1\nknown %" PRId64 "\nnow %" PRId64 "\n", c->known_ms, seen);
	if (r == 0) {
		r = buf_check(&text, err);
	}
	if (r == 0) {
		r = tx_keeping_ask(tx, KEEPING_KIND_CLOCK, buf_span(&text), approval_ms, &c->asked, err);
	}
	buf_done(&text);
	if (r > 0) {
		c->verdict = KEEPING_GOOD;
		leaf.by = c->asked.decider;
		r = tx_leaf(tx, &leaf, err);
		r = r < 0 ? r : on_good(tx, 0, err);
	}
	return r;
}

int tx_keeping_clock(struct tx *tx, int64_t approval_ms, struct keeping_clock *ret,
	struct cu_err *err)
{
	struct keeping_clock c = { .now_ms = tx->now_ms };
	int r = note(tx, KNOWN, &c.known_ms, err);

	if (r < 0) {
		return r;
	}
	if (c.known_ms == 0) {
		c.known_ms = c.now_ms;
		r = on_good(tx, 0, err);
	} else if (c.now_ms < c.known_ms - KEEPING_SLACK_MS) {
		c.verdict = KEEPING_BEHIND;
		r = 0;
	} else if (c.now_ms > c.known_ms + KEEPING_JUMP_MS) {
		c.verdict = KEEPING_AHEAD;
		r = on_ahead(tx, approval_ms, &c, err);
	} else {
		r = on_good(tx, c.known_ms, err);
	}
	if (r == 0) {
		*ret = c;
	}
	return r;
}

/* --- rules ------------------------------------------------------------------------ */

int tx_keeping_rule_next(struct tx *tx, const struct row_expiry_rule *after, struct row_expiry_rule *ret,
	struct cu_err *err)
{
	return engine_expiry_rule_next(tx->engine, after, ret, err);
}

int tx_keeping_rule_put(struct tx *tx, const struct row_expiry_rule *row, struct cu_err *err)
{
	return engine_expiry_rule_put(tx->engine, row, err);
}

int tx_keeping_rule_delete(struct tx *tx, const struct row_expiry_rule *row, struct cu_err *err)
{
	return engine_expiry_rule_delete(tx->engine, row->collection, row->class_key, err);
}

int tx_keeping_is_empty(struct tx *tx, struct cu_err *err)
{
	struct row_subject who;
	int r = engine_subject_next(tx->engine, NULL, &who, err);

	return r < 0 ? r : r == 0;
}
