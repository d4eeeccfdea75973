/*
 * settle_help.h: a backup, life after it, a restore: of rows and vault, without a repository.
 */
#ifndef CU_TESTS_SETTLE_HELP_H
#define CU_TESTS_SETTLE_HELP_H
#include "store_help.h"

#include "store/settle.h"

static inline int flush(struct tx *tx, void *ctx, struct cu_err *err)
{
	(void)ctx;
	return tx_flush(tx, err);
}

/* The data.db of this moment, as a backup would hold it; the house stays closed. */
static inline void back_up(struct house *h, const char *to)
{
	const char *dir = h->dir;

	must_run(h, STORE_ALONE, flush, NULL);
	house_close(h);
	copy_file(in_dir(dir, "data.db"), in_dir(to, "data.db"));
}

/* A machine anew: the newest vault and keys of one directory, the old rows of another, an empty
 * log of its own. */
static inline const char *restore_into(const char *newest, const char *old)
{
	static const char *const names[] = { KEYRING_KEY_FILE, "file.wrap", LOG_KEY, "vault.db",
		"vault.db-wal", "vault.root.a", "vault.root.b" };
	const char *dir = new_store_dir();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)unlink(in_dir(dir, names[i]));
		if (path_exists(in_dir(newest, names[i]))) {
			copy_file(in_dir(newest, names[i]), in_dir(dir, names[i]));
		}
	}
	assert_int_equal(chmod(in_dir(dir, KEYRING_KEY_FILE), 0400), 0);
	assert_int_equal(chmod(in_dir(dir, "file.wrap"), 0400), 0);
	for (size_t i = 0; i < 2; i++) {
		static const char *const bases[] = { "data.db", "index.db" };
		char path[PATH_SIZE];

		(void)unlink(in_dir(dir, bases[i]));
		snprintf(path, sizeof(path), "%s/%s-wal", dir, bases[i]);
		(void)unlink(path);
		snprintf(path, sizeof(path), "%s/%s-shm", dir, bases[i]);
		(void)unlink(path);
	}
	copy_file(in_dir(old, "data.db"), in_dir(dir, "data.db"));
	return dir;
}

static inline int settle(const char *dir, const struct store_settle *how, struct store_settled *ret,
	struct cu_err *err)
{
	struct key_arena *arena = NULL;
	struct key *k0 = NULL;
	int r;

	assert_int_equal(key_arena_new(VAULT_NODES_CACHED + 8, &arena, NULL), 0);
	assert_int_equal(key_new(arena, &k0, NULL), 0);
	assert_ok(root_key_get(dir, k0, err), err);
	r = store_settle_restored(dir, k0, arena, how, ret, err);
	key_free(arena, k0);
	key_arena_free(arena);
	return r;
}

static inline struct store_settled must_settle(const char *dir, const struct store_settle *how)
{
	struct store_settled got = { 0 };
	struct cu_err err = { 0 };

	assert_ok(settle(dir, how, &got, &err), &err);
	return got;
}

static const struct store_settle plainly = { .lineage = { { 9, 9, 9 } } };

#endif
