/*
 * vault_help.h: directories, root keys and fingerprints of slots, for the vault's tests.
 *
 * An arena is wiped in a forked child, and keys never leave it; so what a slot's key was is
 * remembered as the token that it makes of a fixed text.
 */
#ifndef CU_TESTS_VAULT_HELP_H
#define CU_TESTS_VAULT_HELP_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "crypto/key.h"
#include "crypto/token.h"
#include "vault/vault.h"
#include "root_key.h"

struct print {
	uint8_t b[TOKEN_SIZE];
};

static const char *const vault_files[] = { "vault.root.a", "vault.root.b", "vault.db",
	"vault.db-wal", "vault.db-shm" };
#define NVAULT_FILES (sizeof(vault_files) / sizeof(vault_files[0]))

static inline const char *in_dir(const char *dir, const char *name)
{
	static char path[8][PATH_SIZE];
	static unsigned turn;

	turn = (turn + 1) % 8;
	snprintf(path[turn], PATH_SIZE, "%s/%s", dir, name);
	return path[turn];
}

static inline void make_temp_dir(char dir[PATH_SIZE])
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, PATH_SIZE, "%s/custos-vault-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
}

static inline void remove_files_of(const char *dir)
{
	for (size_t i = 0; i < NVAULT_FILES; i++) {
		unlink(in_dir(dir, vault_files[i]));
	}
}

static inline void remove_dir(const char *dir)
{
	static const char *const key_files[] = { KEYRING_KEY_FILE, "file.wrap" };

	remove_files_of(dir);
	for (size_t i = 0; i < 2; i++) {
		unlink(in_dir(dir, key_files[i]));
	}
	rmdir(dir);
}

static inline void read_all(const char *path, struct buf *to)
{
	struct cu_err err;

	if (path_read_file(path, SIZE_MAX, to, &err) < 0) {
		fail_msg("%s", err.msg);
	}
}

static inline void write_all(const char *path, struct span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(path_write_fd(fd, bytes, NULL), 0);
	close(fd);
}

static inline void copy_file(const char *from_dir, const char *to_dir, const char *name)
{
	struct buf b = BUF_INIT;

	if (path_exists(in_dir(from_dir, name))) {
		read_all(in_dir(from_dir, name), &b);
		write_all(in_dir(to_dir, name), buf_span(&b));
	}
	buf_done(&b);
}

/* All but the -shm, which a copy of a vault that is closed does not need. */
static inline void copy_vault(const char *from_dir, const char *to_dir)
{
	remove_files_of(to_dir);
	for (size_t i = 0; i + 1 < NVAULT_FILES; i++) {
		copy_file(from_dir, to_dir, vault_files[i]);
	}
}

static inline struct key_arena *new_arena(void)
{
	struct key_arena *arena = NULL;

	assert_int_equal(key_arena_new(VAULT_NODES_CACHED + 32, &arena, NULL), 0);
	return arena;
}

static inline struct key *new_key(struct key_arena *arena)
{
	struct key *key = NULL;

	assert_int_equal(key_new(arena, &key, NULL), 0);
	key_fill_random(key);
	return key;
}

static inline struct vault *open_vault(
	const char *dir, const struct key *k0, struct key_arena *arena)
{
	struct vault *v = NULL;
	struct cu_err err;

	if (vault_open(dir, k0, arena, &v, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	return v;
}

static inline struct print print_of(const struct key *key)
{
	struct print p;

	token_make(key, "slot", span_str("a fixed text"), p.b);
	return p;
}

static inline bool is_print(const struct print *a, const struct print *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* The prints of slots 0 .. n - 1; a slot without a key has one of zeros.  0, or the code of
 * the first slot that fails otherwise. */
static inline int take_prints(
	struct vault *v, struct key_arena *arena, struct print *prints, size_t n)
{
	struct key *key = NULL;
	int r = key_new(arena, &key, NULL);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = vault_slot_key(v, i, key, NULL);
		memset(&prints[i], 0, sizeof(prints[i]));
		if (r == 0) {
			prints[i] = print_of(key);
		} else if (r == CU_ENOKEY) {
			r = 0;
		}
	}
	key_free(arena, key);
	return r;
}

#endif
