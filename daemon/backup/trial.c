#include "backup/trial.h"

#include "backup/watch.h"
#include "base/err.h"
#include "base/path.h"
#include "db/db.h"
#include "vault/vault.h"

int trial_digest(const char *dir, const struct watch *watch, struct digest *ret,
	struct cu_err *err)
{
	struct digesting *d = NULL;
	sqlite3 *db = NULL;
	char path[PATH_SIZE];
	int more = 1, r = path_join(path, dir, "data.db", err);

	if (r == 0) {
		r = db_open(path, DB_WRITE, true, &db, err);
	}
	if (r == 0) {
		r = digest_begin(db, &d, err);
	}
	while (r == 0 && more > 0) {
		more = digest_step(d, err);
		r = more < 0 ? more : watch_step(watch, "digest", digest_bytes(d), 0, err);
	}
	if (r == 0) {
		digest_result(d, ret);
	}
	digest_end(d);
	db_close(db);
	return r;
}

int trial_open(const char *data_dir, const char *vault_dir, const struct key *k0,
	struct key_arena *arena, const struct id *store, struct trial *ret, struct cu_err *err)
{
	struct trial t = { 0 };
	int r = vault_open(vault_dir, k0, arena, &t.vault, err);

	if (r == 0) { /* the writer's mode: index.db is not there and is made */
		r = engine_open(data_dir, ENGINE_WRITE, &t.engine, err);
	}
	if (r == 0) {
		r = sealer_init(&t.sealer, t.vault, arena, store, err);
	}
	if (r < 0) {
		trial_close(&t);
		return r;
	}
	*ret = t;
	return 0;
}

void trial_close(struct trial *t)
{
	sealer_done(&t->sealer);
	engine_close(t->engine);
	vault_close(t->vault);
	*t = (struct trial){ 0 };
}

/* 1: opens, 0: a key of it was shredded, -1: damaged.  A vault that cannot be read is a code. */
static int try_record(struct trial *t, const struct row_record *row, int *ret_is_open,
	struct cu_err *err)
{
	struct record rec;
	struct cu_err why;
	int r = sealer_open(&t->sealer, row, &rec, &why);

	if (r == CU_EIO || r == CU_ENOMEM) {
		return cu_err_set(err, r, "%s", why.msg);
	}
	*ret_is_open = r == 0 ? 1 : r == CU_ENOKEY ? 0 : -1;
	return 0;
}

int trial_subject(struct trial *t, const struct id *subject, trial_fn *fn, void *ctx,
	struct trial_count *ret, struct cu_err *err)
{
	struct row_record row, *after = NULL;
	struct row_subject who;
	int is_open, r = engine_subject_get(t->engine, subject, &who, err);

	if (r <= 0) {
		return r;
	}
	ret->subjects++;
	while ((r = engine_record_next(t->engine, subject, NULL, after, &row, err)) > 0) {
		after = &row;
		r = try_record(t, &row, &is_open, err);
		if (r < 0) {
			return r;
		}
		ret->records++;
		ret->opened += is_open > 0;
		ret->gone += is_open == 0;
		ret->broken += is_open < 0;
		if (fn) {
			fn(ctx, &row, is_open);
		}
	}
	return r;
}

int trial_next_subject(struct trial *t, const struct id *after, struct id *ret,
	struct cu_err *err)
{
	struct row_subject who;
	int r = engine_subject_next(t->engine, after, &who, err);

	if (r > 0) {
		*ret = who.id;
	}
	return r;
}
