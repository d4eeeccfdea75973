#include "store/tx_approval.h"

#include <string.h>

#include "base/err.h"
#include "crypto/hash.h"
#include "store/store_internal.h"

/* The row as it is now, and a leaf that says so. */
static int put(struct tx *tx, const struct row_approval *row, enum leaf_act act,
	const struct id *subject, struct cu_err *err)
{
	struct leaf leaf = { .act = act, .obj = row->id, .has_digest = true };
	int r = engine_approval_put(tx->engine, row, err);

	if (subject) {
		leaf.sub = *subject;
	}
	strcpy(leaf.why, row->kind);
	memcpy(leaf.digest, row->scope, sizeof(leaf.digest));
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

int tx_approval_ask(struct tx *tx, const struct approval_ask *ask, struct id *ret,
	struct cu_err *err)
{
	struct row_approval row = { .id = id_new(),
		.object = ask->object,
		.asker = id_is_nil(&ask->asker) ? tx->actor : ask->asker,
		.asked_ms = tx->now_ms,
		.expires_ms = tx->now_ms + ask->keep_ms,
		.state = APPROVAL_ASKED };
	int r;

	strncpy(row.kind, ask->kind, sizeof(row.kind) - 1);
	hash_blake2b(ask->scope, row.scope);
	r = put(tx, &row, LEAF_APPROVAL_ASK, &ask->subject, err);
	if (r == 0) {
		*ret = row.id;
	}
	return r;
}

int tx_approval_get(struct tx *tx, const struct id *approval, struct row_approval *ret,
	struct cu_err *err)
{
	int r = engine_approval_get(tx->engine, approval, ret, err);

	return r == 0  ? cu_err_set(err, CU_ENOENT, "there is no such approval")
	       : r < 0 ? r
		       : 0;
}

static bool is_over(const struct tx *tx, const struct row_approval *row)
{
	return tx->now_ms >= row->expires_ms;
}

static bool is_of(const struct row_approval *row, struct span scope)
{
	uint8_t digest[HASH_SIZE];

	hash_blake2b(scope, digest);
	return memcmp(digest, row->scope, sizeof(digest)) == 0;
}

/* The row of one that may be decided still. */
static int get_undecided(struct tx *tx, const struct id *approval,
	struct row_approval *ret, struct cu_err *err)
{
	int r = tx_approval_get(tx, approval, ret, err);

	if (r == 0 && ret->state == APPROVAL_ASKED && is_over(tx, ret)) {
		return cu_err_set(
			err, CU_EBUSY, "this approval has expired: ask again");
	}
	if (r == 0 && ret->state != APPROVAL_ASKED) {
		return cu_err_set(
			err, CU_EBUSY, "this approval was decided already, or is void");
	}
	return r;
}

static int decide(struct tx *tx, struct row_approval *row, enum approval_state state,
	struct cu_err *err)
{
	row->state = state;
	row->decider = tx->actor;
	row->decided_ms = tx->now_ms;
	return put(tx, row,
		state == APPROVAL_GRANTED ? LEAF_APPROVAL_GRANT : LEAF_APPROVAL_DENY,
		NULL, err);
}

int tx_approval_grant(
	struct tx *tx, const struct id *approval, struct span scope, struct cu_err *err)
{
	struct row_approval row;
	int r = get_undecided(tx, approval, &row, err);

	if (r < 0) {
		return r;
	}
	if (id_is_nil(&tx->actor) || id_eq(&tx->actor, &row.asker)) {
		return cu_err_set(err, CU_EDENIED,
			"whoever asked for it cannot confirm it: that is for a second "
			"user");
	}
	if (!is_of(&row, scope)) {
		return cu_err_set(err, CU_EDENIED,
			"what was asked for has changed since: deny this, and ask "
			"again");
	}
	return decide(tx, &row, APPROVAL_GRANTED, err);
}

int tx_approval_deny(struct tx *tx, const struct id *approval, struct cu_err *err)
{
	struct row_approval row;
	int r = get_undecided(tx, approval, &row, err);

	return r < 0 ? r : decide(tx, &row, APPROVAL_DENIED, err);
}

bool tx_approval_is_open(const struct tx *tx, const struct row_approval *row,
	const char *kind, struct span scope)
{
	return (row->state == APPROVAL_ASKED || row->state == APPROVAL_GRANTED) &&
	       !is_over(tx, row) && strcmp(row->kind, kind) == 0 && is_of(row, scope);
}

static int get_granted(struct tx *tx, const struct id *approval, const char *kind,
	struct span scope, struct row_approval *ret, struct cu_err *err)
{
	int r = tx_approval_get(tx, approval, ret, err);

	if (r < 0) {
		return r;
	}
	if (strcmp(ret->kind, kind) != 0 || !is_of(ret, scope)) {
		return cu_err_set(
			err, CU_EDENIED, "another thing was approved, not this");
	}
	if (ret->state != APPROVAL_GRANTED) {
		return cu_err_set(
			err, CU_EDENIED, "a second user has not confirmed it");
	}
	return is_over(tx, ret)
		       ? cu_err_set(err, CU_EDENIED, "the approval has expired")
		       : 0;
}

int tx_approval_check(struct tx *tx, const struct id *approval, const char *kind,
	struct span scope, struct cu_err *err)
{
	struct row_approval row;

	return get_granted(tx, approval, kind, scope, &row, err);
}

int tx_approval_use(struct tx *tx, const struct id *approval, const char *kind,
	struct span scope, struct cu_err *err)
{
	struct row_approval row;
	int r = get_granted(tx, approval, kind, scope, &row, err);

	if (r < 0) {
		return r;
	}
	row.state = APPROVAL_USED;
	return put(tx, &row, LEAF_APPROVAL_USE, NULL, err);
}

static int end(struct tx *tx, struct row_approval *row, struct cu_err *err)
{
	row->state = APPROVAL_EXPIRED;
	return put(tx, row, LEAF_APPROVAL_EXPIRE, NULL, err);
}

int tx_approval_drop(struct tx *tx, const struct id *approval, struct cu_err *err)
{
	struct row_approval row;
	int r = tx_approval_get(tx, approval, &row, err);

	if (r < 0 || (row.state != APPROVAL_ASKED && row.state != APPROVAL_GRANTED)) {
		return r;
	}
	return end(tx, &row, err);
}

int tx_approval_expire(struct tx *tx, struct cu_err *err)
{
	struct row_approval row;
	int n = 0, r;

	while ((r = engine_approval_overdue(tx->engine, tx->now_ms, &row, err)) > 0) {
		r = end(tx, &row, err);
		if (r < 0) {
			break;
		}
		n++;
	}
	return r < 0 ? r : n;
}
