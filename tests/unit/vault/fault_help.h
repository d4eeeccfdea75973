/*
 * fault_help.h: a vault that is stopped or fails at its n-th write, and what must hold then.
 */
#ifndef CU_TESTS_FAULT_HELP_H
#define CU_TESTS_FAULT_HELP_H
#include "vault_help.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <sys/mman.h>

#include "fault.h"
#include "fault_sqlite.h"

#define NSLOTS 768         /* three leaves */
#define NROWS  (3 + 3 * 2) /* and a node on each level above, twice */

static const uint64_t doomed[] = { 7, 300, 301 };
#define NDOOMED (sizeof(doomed) / sizeof(doomed[0]))

/* Laid down once: a vault of generation 2 without slot 5, and its prints. */
static char template_dir[PATH_SIZE], work_dir[PATH_SIZE], attack_dir[PATH_SIZE];
static char crashed_dir[PATH_SIZE];
static struct print prints[NSLOTS];
static const struct print none;

/* What the child tells before it dies. */
static struct {
	int open_code, code, retry_code;
	int slot_code;   /* of a slot, right after the failure */
	bool is_between; /* the roots were of two generations then */
	bool is_acked;
	int nwrong; /* slots with a wrong key, seen in the process that had the failure */
	long ncalls; /* that were counted; 0 if it died */
	uint64_t nleaves;
	struct print last; /* of the last slot, after an extension */
} * told;

static inline struct key *load_key(const char *name, struct key_arena *arena)
{
	struct key *key = new_key(arena);
	char dir[PATH_SIZE];
	struct cu_err err;

	snprintf(dir, sizeof(dir), "%s/%s.d", template_dir, name);
	if (root_key_get(dir, key, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	return key;
}

static inline void save_key(const char *name, const struct key *key)
{
	char dir[PATH_SIZE];

	snprintf(dir, sizeof(dir), "%s/%s.d", template_dir, name);
	assert_int_equal(path_make_dir(dir, 0700, NULL), 0);
	assert_int_equal(root_key_put(dir, key, NULL), 0);
}

static inline bool is_doomed(uint64_t slot)
{
	for (size_t i = 0; i < NDOOMED; i++) {
		if (doomed[i] == slot) {
			return true;
		}
	}
	return false;
}

static inline int set_up_all(void **state)
{
	struct key_arena *arena = new_arena();
	struct key *k0 = new_key(arena), *k1 = new_key(arena);
	struct vault *v;
	uint64_t gone = 5;

	(void)state;
	fault_sqlite_register();
	if (access("/dev/shm", W_OK) == 0) {
		/* a power cut is played, not had: thousands of real syncs would prove nothing more */
		setenv("TMPDIR", "/dev/shm", 0);
	}
	make_temp_dir(template_dir);
	make_temp_dir(work_dir);
	make_temp_dir(attack_dir);
	make_temp_dir(crashed_dir);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(told != MAP_FAILED);
	save_key("k0", k0);
	save_key("k1", k1);
	assert_int_equal(vault_create(template_dir, k0, arena, NULL), 0);
	v = open_vault(template_dir, k0, arena);
	assert_int_equal(vault_extend(v, NSLOTS / 256, NULL), 0);
	assert_int_equal(vault_shred(v, &gone, 1, NULL), 0);
	assert_int_equal(take_prints(v, arena, prints, NSLOTS), 0);
	vault_close(v);
	key_arena_free(arena);
	return 0;
}

static inline int tear_down_all(void **state)
{
	static const char *const names[] = { "k0", "k1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char dir[PATH_SIZE];

		snprintf(dir, sizeof(dir), "%s/%s.d", template_dir, names[i]);
		remove_dir(dir);
	}
	remove_dir(template_dir);
	remove_dir(work_dir);
	remove_dir(attack_dir);
	remove_dir(crashed_dir);
	return 0;
}

/* --- stories, told in a child ---------------------------------------------------------- */

struct cast {
	struct key_arena *arena;
	struct key *k0;
	struct vault *v;
};

static inline int begin(struct cast *c)
{
	*c = (struct cast){ .arena = new_arena() };
	c->k0 = load_key("k0", c->arena);
	told->open_code = vault_open(work_dir, c->k0, c->arena, &c->v, NULL);
	return told->open_code;
}

static inline void end(struct cast *c)
{
	vault_close(c->v);
	key_arena_free(c->arena);
	told->ncalls = fault_disarm();
}

/* Whoever had the failure must see right keys, or be told that none can be had. */
static inline void look_around(struct cast *c)
{
	struct key *key = new_key(c->arena);

	for (uint64_t slot = 0; slot < NSLOTS; slot += 43) {
		int r = vault_slot_key(c->v, slot, key, NULL);
		struct print seen = r == 0 ? print_of(key) : none;

		if (r == 0 ? !is_print(&seen, &prints[slot])
			   : r != CU_EIO && !(r == CU_ENOKEY && is_doomed(slot))) {
			told->nwrong++;
		}
	}
	key_free(c->arena, key);
}

/* As it stands in the block, whole or not. */
static inline uint64_t generation_in(const char *dir, const char *root)
{
	struct buf b = BUF_INIT;
	struct cursor c;
	uint64_t generation;

	read_all(in_dir(dir, root), &b);
	c = cursor_of(buf_span(&b));
	cursor_take(&c, 36);
	generation = cursor_u64(&c);
	buf_done(&b);
	return generation;
}

static inline void look_at_failure(struct cast *c)
{
	struct key *key = new_key(c->arena);

	told->slot_code = vault_slot_key(c->v, 0, key, NULL);
	told->is_between = generation_in(work_dir, "vault.root.a") !=
			   generation_in(work_dir, "vault.root.b");
	key_free(c->arena, key);
	look_around(c);
}

static inline int shred_story(void *ctx)
{
	struct cast c;

	(void)ctx;
	if (begin(&c) == 0) {
		told->code = vault_shred(c.v, doomed, NDOOMED, NULL);
		if (told->code < 0) {
			look_at_failure(&c);
			/* another shred first, which rewrites less: it must not inherit nodes */
			(void)vault_shred(c.v, NULL, 0, NULL);
			look_around(&c);
			told->retry_code = vault_shred(c.v, doomed, NDOOMED, NULL);
		}
		told->is_acked = told->code == 0 || told->retry_code == 0;
		look_around(&c);
	}
	end(&c);
	return 0;
}

/* True when the story ended before the n-th call. */
static inline bool run(
	int (*story)(void *), long nth, enum fault_how how, int error_number)
{
	int r;

	memset(told, 0, sizeof(*told));
	r = fault_run(FAULT_ANY, nth, how, error_number, story, NULL);
	assert_true(r >= 0);
	return r == 1 && told->ncalls < nth;
}

/* --- after the fact -------------------------------------------------------------------- */

static inline void assert_tree(struct cast *c, bool may_live, bool may_be_gone)
{
	struct print seen[NSLOTS];
	size_t nlive = 0;

	assert_int_equal(take_prints(c->v, c->arena, seen, NSLOTS), 0);
	for (uint64_t slot = 0; slot < NSLOTS; slot++) {
		if (is_doomed(slot)) {
			bool is_live = !is_print(&seen[slot], &none);

			nlive += is_live;
			assert_true(!is_live || is_print(&seen[slot], &prints[slot]));
		} else if (!is_print(&seen[slot], &prints[slot])) {
			fail_msg("slot %d has another key, or none, or one again",
				(int)slot);
		}
	}
	assert_true(nlive == 0 ||
		    nlive == NDOOMED); /* a generation is whole, or not there */
	assert_true(nlive == 0 ? may_be_gone : may_live);
}

/* An older vault.db, be it whole, under today's roots. */
static inline void assert_old_database_is_dead(struct cast *c)
{
	struct vault *v = NULL;

	copy_vault(template_dir, attack_dir);
	copy_file(work_dir, attack_dir, "vault.root.a");
	copy_file(work_dir, attack_dir, "vault.root.b");
	assert_int_equal(
		vault_open(attack_dir, c->k0, c->arena, &v, NULL), CU_ECORRUPT);
}

static inline int count_rows(const char *dir)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int n;

	assert_int_equal(sqlite3_open(in_dir(dir, "vault.db"), &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT count(*) FROM node", -1, &st, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_exec(db, "PRAGMA wal_autocheckpoint=0", NULL, NULL, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db);
	return n;
}

/* Opens what a story has left behind, and carries the shred to its end. */
static inline void assert_recovers(bool must_be_gone)
{
	struct cast c;
	struct cu_err err;

	c.arena = new_arena();
	c.k0 = load_key("k0", c.arena);
	c.v = open_vault(work_dir, c.k0, c.arena);
	assert_tree(&c, !must_be_gone, true);
	assert_int_equal(count_rows(work_dir), NROWS); /* the start has swept */
	assert_int_equal(vault_shred(c.v, doomed, NDOOMED, &err), 0);
	assert_tree(&c, false, true);
	assert_int_equal(vault_scrub(c.v, &err), 0);
	vault_close(c.v);
	assert_old_database_is_dead(&c);
	key_arena_free(c.arena);
}

#endif
