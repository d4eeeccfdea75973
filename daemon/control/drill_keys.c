#include "control/drill_keys.h"

#include "backup/drill_key.h"
#include "backup/manifest.h"
#include "base/civil.h"
#include "base/err.h"
#include "control/daemon.h"
#include "crypto/key.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx.h"
#include "vault/vault.h"

#define COLLECTION "drill"

static int32_t window_days(const struct daemon *d)
{
	return (int32_t)(duration_seconds(policy_targets(d->policy)->drill_window) / 86400);
}

/* --- for a backup ----------------------------------------------------------------- */

struct take_day {
	struct store_op op;
	uint32_t day;
	uint64_t slot;
};

static int apply_take_day(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct take_day *t = (struct take_day *)op;

	t->day = civil_number_of_day(civil_day_of_ms(tx->now_ms));
	return tx_cohort_slot(tx, COLLECTION, "", t->day, &t->slot, err);
}

int drill_keys_begin(struct daemon *d, struct snapshot_drill *ret, struct cu_err *err)
{
	struct take_day t = { .op = { .apply = apply_take_day, .kind = STORE_CHANGE } };
	struct snapshot_drill drill = { .nonce = id_new() };
	struct key_arena *arena = d->house.arena;
	struct key *run = NULL;
	int r;

	if (window_days(d) == 0) {
		return 0;
	}
	r = store_run(d->house.store, &t.op, err);
	if (r == 0) {
		r = key_new(arena, &run, err);
	}
	if (r == 0) {
		r = key_new(arena, &drill.scratch, err);
	}
	if (r == 0) {
		r = vault_slot_key(d->house.vault, t.slot, run, err);
	}
	if (r < 0) {
		key_free(arena, run);
		key_free(arena, drill.scratch);
		return cu_err_wrap(err, r, "the day's drill key");
	}
	drill_key_run(run, &drill.nonce, run);
	drill.day = t.day;
	drill.run = run;
	*ret = drill;
	return 0;
}

void drill_keys_done(struct daemon *d, struct snapshot_drill *drill)
{
	key_free(d->house.arena, drill->run);
	key_free(d->house.arena, drill->scratch);
	*drill = (struct snapshot_drill){ 0 };
}

/* --- for a drill ------------------------------------------------------------------ */

int drill_keys_open(struct daemon *d, const struct manifest *m, struct key *ret,
	struct cu_err *err)
{
	struct reader *rd;
	uint64_t slot = 0;
	int r;

	if (m->drill_day == 0) {
		return cu_err_set(err, CU_ENOKEY,
			"this backup was written without a drill key: drill at level 3, with the "
			"identity");
	}
	rd = store_reader_take(d->house.store);
	r = reader_cohort(rd, COLLECTION, m->drill_day, &slot, err);
	store_reader_give(d->house.store, rd);
	if (r > 0) {
		r = vault_slot_key(d->house.vault, slot, ret, err);
	} else if (r == 0) {
		r = CU_ENOKEY;
	}
	if (r == CU_ENOKEY) {
		return cu_err_set(err, CU_ENOKEY,
			"the drill window of this backup is over: drill at level 3, with the "
			"identity");
	}
	if (r == 0) {
		drill_key_run(ret, &m->drill_nonce, ret);
	}
	return r;
}

/* --- the end of a day's key ------------------------------------------------------- */

struct expire {
	struct store_op op;
	int32_t window;
	size_t n;
};

static int apply_expire(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct expire *e = (struct expire *)op;
	int32_t today = civil_day_of_ms(tx->now_ms);

	return tx_cohorts_end(tx, COLLECTION, civil_number_of_day(today - e->window), &e->n, err);
}

int drill_keys_expire(struct daemon *d, size_t *ret_n, struct cu_err *err)
{
	struct expire e = { .op = { .apply = apply_expire, .kind = STORE_CHANGE },
		.window = window_days(d) };
	int r = store_run(d->house.store, &e.op, err);

	if (r == 0) {
		*ret_n = e.n;
	}
	return r;
}
