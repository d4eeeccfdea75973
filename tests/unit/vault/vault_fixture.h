/*
 * vault_fixture.h: a fresh vault for each test, and what is done to it on the disk.
 */
#ifndef CU_TESTS_VAULT_FIXTURE_H
#define CU_TESTS_VAULT_FIXTURE_H
#include "vault_help.h"

#include <sqlite3.h>

struct fixture {
	char dir[PATH_SIZE], other_dir[PATH_SIZE];
	struct key_arena *arena;
	struct key *k0, *key;
	struct vault *v;
	struct cu_err err;
};

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	make_temp_dir(f->dir);
	make_temp_dir(f->other_dir);
	f->arena = new_arena();
	f->k0 = new_key(f->arena);
	f->key = new_key(f->arena);
	assert_int_equal(vault_create(f->dir, f->k0, f->arena, NULL), 0);
	f->v = open_vault(f->dir, f->k0, f->arena);
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	vault_close(f->v);
	key_arena_free(f->arena);
	remove_dir(f->dir);
	remove_dir(f->other_dir);
	free(f);
	return 0;
}

static inline void reopen(struct fixture *f)
{
	vault_close(f->v);
	f->v = NULL;
	f->v = open_vault(f->dir, f->k0, f->arena);
}

static inline int try_open(struct fixture *f, const char *dir, const struct key *k0)
{
	struct vault *v = NULL;
	int r;

	vault_close(f->v);
	f->v = NULL;
	r = vault_open(dir, k0, f->arena, &v, &f->err);
	vault_close(v);
	return r;
}

static inline struct print *prints_of(struct fixture *f, size_t n)
{
	struct print *p = calloc(n, sizeof(*p));

	assert_non_null(p);
	assert_int_equal(take_prints(f->v, f->arena, p, n), 0);
	return p;
}

static inline int get(struct fixture *f, uint64_t slot)
{
	return vault_slot_key(f->v, slot, f->key, &f->err);
}

/* Every slot has the key of its print; those of zeros are shredded. */
static inline void assert_slots(struct fixture *f, const struct print *prints, size_t n)
{
	static const struct print none;

	for (size_t i = 0; i < n; i++) {
		int r = get(f, i);
		struct print seen = r == 0 ? print_of(f->key) : none;

		if (r != 0 && r != CU_ENOKEY) {
			fail_msg("slot %zu: %s", i, f->err.msg);
		}
		if (!is_print(&seen, &prints[i])) {
			fail_msg("slot %zu has another key, or none, or one again", i);
		}
	}
}

static inline void shred(struct fixture *f, struct print *prints, uint64_t slot)
{
	assert_int_equal(vault_shred(f->v, &slot, 1, &f->err), 0);
	memset(&prints[slot], 0, sizeof(prints[slot]));
}

/* Every byte of a node's row is turned over; the database itself stays sound. */
static inline void spoil(struct fixture *f, unsigned level, unsigned idx, unsigned copy)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;

	vault_close(f->v);
	f->v = NULL;
	assert_int_equal(sqlite3_open(in_dir(f->dir, "vault.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
				 "UPDATE node SET blob = randomblob(length(blob))"
				 " WHERE level = ?1 AND idx = ?2 AND copy = ?3",
				 -1, &st, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(st, 1, level);
	sqlite3_bind_int64(st, 2, idx);
	sqlite3_bind_int64(st, 3, copy);
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	assert_int_equal(sqlite3_changes(db), 1);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static inline void spoil_file(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x20;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

#endif
