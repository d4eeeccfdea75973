/*
 * A shred, a start, an extension, a change of keys: stopped or failing at each of their
 * writes and syncs, those of SQLite and those of the root files; then the vault is opened and
 * everything that was promised is looked at.
 */
#include "vault_help.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <sys/mman.h>

#include "fault.h"
#include "fault_sqlite.h"
#include "vault/node.h"
#include "vault/root.h"

#define NSLOTS 768 /* three leaves */

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
	bool is_acked;
	int nwrong;  /* slots with a wrong key, seen in the process that had the failure */
	long ncalls; /* that were counted; 0 if it died */
	uint64_t nleaves;
	struct print last; /* of the last slot, after an extension */
} *told;

static struct key *load_key(const char *name, struct key_arena *arena)
{
	struct key *key = new_key(arena);
	char dir[PATH_SIZE];
	struct cu_err err;

	snprintf(dir, sizeof(dir), "%s/%s.d", template_dir, name);
	if (key_file_load(dir, name, key, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	return key;
}

static void save_key(const char *name, const struct key *key)
{
	char dir[PATH_SIZE];

	snprintf(dir, sizeof(dir), "%s/%s.d", template_dir, name);
	assert_int_equal(path_make_dir(dir, 0700, NULL), 0);
	assert_int_equal(key_file_create(dir, name, key, NULL), 0);
}

static bool is_doomed(uint64_t slot)
{
	for (size_t i = 0; i < NDOOMED; i++) {
		if (doomed[i] == slot) {
			return true;
		}
	}
	return false;
}

static int set_up_all(void **state)
{
	struct key_arena *arena = new_arena();
	struct key *k0 = new_key(arena), *k1 = new_key(arena);
	struct vault *v;
	uint64_t gone = 5;

	(void)state;
	fault_sqlite_register();
	make_temp_dir(template_dir);
	make_temp_dir(work_dir);
	make_temp_dir(attack_dir);
	make_temp_dir(crashed_dir);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		0);
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

static int tear_down_all(void **state)
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

static int begin(struct cast *c)
{
	*c = (struct cast){ .arena = new_arena() };
	c->k0 = load_key("k0", c->arena);
	told->open_code = vault_open(work_dir, c->k0, c->arena, &c->v, NULL);
	return told->open_code;
}

static void end(struct cast *c)
{
	vault_close(c->v);
	key_arena_free(c->arena);
	told->ncalls = fault_disarm();
}

/* Whoever had the failure must see right keys, or be told that none can be had. */
static void look_around(struct cast *c)
{
	struct key *key = new_key(c->arena);

	for (uint64_t slot = 0; slot < NSLOTS; slot += 43) {
		int r = vault_slot_key(c->v, slot, key, NULL);
		struct print seen = r == 0 ? print_of(key) : none;

		if (r == 0 ? !is_print(&seen, &prints[slot]) :
			     r != CU_EIO && !(r == CU_ENOKEY && is_doomed(slot))) {
			told->nwrong++;
		}
	}
	key_free(c->arena, key);
}

static int shred_story(void *ctx)
{
	struct cast c;

	(void)ctx;
	if (begin(&c) == 0) {
		told->code = vault_shred(c.v, doomed, NDOOMED, NULL);
		if (told->code < 0) {
			look_around(&c);
			told->retry_code = vault_shred(c.v, doomed, NDOOMED, NULL);
		}
		told->is_acked = told->code == 0 || told->retry_code == 0;
		look_around(&c);
	}
	end(&c);
	return 0;
}

static int open_story(void *ctx)
{
	struct cast c;

	(void)ctx;
	begin(&c);
	end(&c);
	return 0;
}

static int extend_story(void *ctx)
{
	struct cast c;
	struct key *key;

	(void)ctx;
	if (begin(&c) == 0) {
		key = new_key(c.arena);
		told->code = vault_extend(c.v, 2, NULL);
		told->nleaves = vault_capacity(c.v) / 256;
		if (told->code == 0 && vault_slot_key(c.v, NSLOTS + 511, key, NULL) == 0) {
			told->last = print_of(key);
			told->is_acked = true;
		}
		/* so that there are calls at which to die after the promise */
		(void)vault_rotate_index(c.v, NULL);
	}
	end(&c);
	return 0;
}

static int rekey_story(void *ctx)
{
	struct cast c;

	(void)ctx;
	if (begin(&c) == 0) {
		told->code = vault_rekey(c.v, load_key("k1", c.arena), NULL);
		told->is_acked = told->code == 0;
	}
	end(&c);
	return 0;
}

static int create_story(void *ctx)
{
	struct cast c = { .arena = new_arena() };

	(void)ctx;
	c.k0 = load_key("k0", c.arena);
	told->code = vault_create(work_dir, c.k0, c.arena, NULL);
	told->is_acked = told->code == 0;
	if (told->is_acked && vault_open(work_dir, c.k0, c.arena, &c.v, NULL) == 0) {
		(void)vault_rotate_index(c.v, NULL);
	}
	end(&c);
	return 0;
}

/* True when the story ended before the n-th call. */
static bool run(int (*story)(void *), long nth, enum fault_how how, int error_number)
{
	int r;

	memset(told, 0, sizeof(*told));
	r = fault_run(FAULT_ANY, nth, how, error_number, story, NULL);
	assert_true(r >= 0);
	return r == 1 && told->ncalls < nth;
}

/* --- what an attacker with K0 and today's roots can open -------------------------------- */

#define MAX_ROWS 64

struct row {
	unsigned level;
	uint32_t idx;
	uint64_t gen;
	uint8_t blob[KEYSET_WRAPPED_SIZE];
	struct keyset *opened;
};

struct loot {
	struct key_arena *arena;
	struct id vault_id;
	struct key *epoch;
	struct row *rows;
	size_t nrows;
};

static void add_rows(struct loot *l, const char *dir)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;

	assert_int_equal(sqlite3_open(in_dir(dir, "vault.db"), &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT level, idx, gen, blob FROM node", -1, &st, NULL),
		SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		struct row *r = &l->rows[l->nrows++];

		assert_true(l->nrows < MAX_ROWS);
		r->level = (unsigned)sqlite3_column_int(st, 0);
		r->idx = (uint32_t)sqlite3_column_int(st, 1);
		r->gen = (uint64_t)sqlite3_column_int64(st, 2);
		assert_int_equal(sqlite3_column_bytes(st, 3), KEYSET_WRAPPED_SIZE);
		memcpy(r->blob, sqlite3_column_blob(st, 3), KEYSET_WRAPPED_SIZE);
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* As docs/formats/vault.md has it, not as node.c does. */
static bool try_key(struct loot *l, struct row *r, const struct key *by, struct keyset *set)
{
	struct buf aad = BUF_INIT;
	int code;

	buf_put_str(&aad, "custos node v1");
	buf_put(&aad, l->vault_id.b, 16);
	buf_put_u8(&aad, (uint8_t)r->level);
	buf_put_u32(&aad, r->idx);
	buf_put_u64(&aad, r->gen);
	code = keyset_unwrap(by, buf_span(&aad), span_of(r->blob, sizeof(r->blob)), set, NULL);
	buf_done(&aad);
	return code == 0;
}

static bool try_known_keys(struct loot *l, struct row *r, struct keyset *set)
{
	if (try_key(l, r, l->epoch, set)) {
		return true;
	}
	for (size_t i = 0; i < l->nrows; i++) {
		for (size_t at = 0; l->rows[i].opened && l->rows[i].level < 3 && at < 256; at++) {
			struct key *by = keyset_at(l->rows[i].opened, at);

			if (!key_is_none(by) && try_key(l, r, by, set)) {
				return true;
			}
		}
	}
	return false;
}

/* Every row under every key that is known, until nothing more opens. */
static void open_all(struct loot *l)
{
	bool is_more = true;

	while (is_more) {
		is_more = false;
		for (size_t i = 0; i < l->nrows; i++) {
			struct keyset *set = NULL;

			if (l->rows[i].opened) {
				continue;
			}
			assert_int_equal(keyset_new(l->arena, &set, NULL), 0);
			if (try_known_keys(l, &l->rows[i], set)) {
				l->rows[i].opened = set;
				is_more = true;
			} else {
				keyset_free(l->arena, set);
			}
		}
	}
}

/* How many doomed slots, and how many others, can be had from the roots of one directory and
 * the rows of two. */
static void plunder(const char *roots, const char *dir, const char *other_dir, int *ret_ndoomed,
	int *ret_nothers)
{
	struct loot l = { .arena = new_arena() };
	struct key *k0 = load_key("k0", l.arena);
	struct root_files files;
	struct root root = { .epoch = new_key(l.arena), .index = new_key(l.arena) };
	bool is_had[NSLOTS] = { false };

	root_files_init(&files);
	assert_int_equal(root_files_open(&files, roots, false, NULL), 0);
	assert_int_equal(root_read(&files, ROOT_B, k0, &root, NULL), 0);
	assert_int_equal(root_read(&files, ROOT_A, k0, &root, NULL), 0);
	root_files_close(&files);
	l.vault_id = root.vault_id;
	l.epoch = root.epoch;
	l.rows = calloc(MAX_ROWS, sizeof(*l.rows));
	add_rows(&l, dir);
	add_rows(&l, other_dir);
	open_all(&l);
	for (size_t i = 0; i < l.nrows; i++) {
		for (size_t at = 0; l.rows[i].opened && l.rows[i].level == 3 && at < 256; at++) {
			is_had[l.rows[i].idx * 256 + at] |=
				!key_is_none(keyset_at(l.rows[i].opened, at));
		}
	}
	*ret_ndoomed = *ret_nothers = 0;
	for (uint64_t slot = 0; slot < NSLOTS; slot++) {
		*(is_doomed(slot) ? ret_ndoomed : ret_nothers) += is_had[slot];
	}
	free(l.rows);
	key_arena_free(l.arena);
}

/* --- after the fact -------------------------------------------------------------------- */

static void assert_tree(struct cast *c, bool may_live, bool may_be_gone)
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
			fail_msg("slot %d has another key, or none, or one again", (int)slot);
		}
	}
	assert_true(nlive == 0 || nlive == NDOOMED); /* a generation is whole, or not there */
	assert_true(nlive == 0 ? may_be_gone : may_live);
}

/* An older vault.db, be it whole, under today's roots. */
static void assert_old_database_is_dead(struct cast *c)
{
	struct vault *v = NULL;

	copy_vault(template_dir, attack_dir);
	copy_file(work_dir, attack_dir, "vault.root.a");
	copy_file(work_dir, attack_dir, "vault.root.b");
	assert_int_equal(vault_open(attack_dir, c->k0, c->arena, &v, NULL), CU_ECORRUPT);
}

/* Opens what a story has left behind, and carries the shred to its end. */
static void assert_recovers(bool must_be_gone)
{
	struct cast c;
	struct cu_err err;

	c.arena = new_arena();
	c.k0 = load_key("k0", c.arena);
	c.v = open_vault(work_dir, c.k0, c.arena);
	assert_tree(&c, !must_be_gone, true);
	assert_int_equal(vault_shred(c.v, doomed, NDOOMED, &err), 0);
	assert_tree(&c, false, true);
	assert_int_equal(vault_scrub(c.v, &err), 0);
	vault_close(c.v);
	assert_old_database_is_dead(&c);
	key_arena_free(c.arena);
}

/* Faults during starts are tried after every stride-th place of the shred; after each with
 * CUSTOS_THOROUGH set. */
static long stride(long otherwise)
{
	return getenv("CUSTOS_THOROUGH") ? 1 : otherwise;
}

/* For the n-th call, n = 1, 2, 3 ... until the story ends before it. */
static void shred_against(enum fault_how how, int error_number)
{
	bool is_over = false;
	long n = 0;

	while (!is_over) {
		copy_vault(template_dir, work_dir);
		is_over = run(shred_story, ++n, how, error_number);
		assert_int_equal(told->nwrong, 0);
		assert_recovers(told->is_acked);
	}
	assert_true(told->is_acked);
	assert_true(n > 20); /* there was something to stop */
	printf("             %ld places\n", n - 1);
}

static void a_shred_killed_at_any_write_is_whole_or_not_at_all(void **state)
{
	(void)state;
	shred_against(FAULT_EXIT, 0);
}

static void a_shred_killed_half_way_in_any_write_is_whole_or_not_at_all(void **state)
{
	(void)state;
	shred_against(FAULT_TEAR, 0);
}

static void a_shred_at_a_power_cut_is_whole_or_not_at_all(void **state)
{
	(void)state;
	shred_against(FAULT_POWER, 0);
}

static void a_shred_at_a_power_cut_that_shuffles_is_whole_or_not_at_all(void **state)
{
	(void)state;
	shred_against(FAULT_SHUFFLE, 0);
}

static void a_shred_with_one_failing_write_is_whole_or_not_at_all(void **state)
{
	(void)state;
	shred_against(FAULT_FAIL, EIO);
	shred_against(FAULT_FAIL, ENOSPC);
}

static void a_shred_on_a_disk_that_fails_for_good_is_whole_or_not_at_all(void **state)
{
	(void)state;
	shred_against(FAULT_FAIL_ALL, EIO);
	shred_against(FAULT_FAIL_ALL, ENOSPC);
}

/* --- faults while starting after a fault ------------------------------------------------- */

static void start_against(enum fault_how first_how, enum fault_how how)
{
	bool is_over = false;
	long n = 1, nstarts = 0;

	while (!is_over) {
		bool is_opened = false, was_acked;
		long m = 0;

		copy_vault(template_dir, work_dir);
		is_over = run(shred_story, n, first_how, EIO);
		n += stride(7);
		was_acked = told->is_acked;
		copy_vault(work_dir, crashed_dir);
		while (!is_opened) {
			copy_vault(crashed_dir, work_dir);
			is_opened = run(open_story, ++m, how, EIO);
			nstarts++;
			assert_recovers(was_acked);
		}
	}
	assert_true(nstarts > 100);
	printf("             %ld starts\n", nstarts);
}

static void a_start_killed_at_any_write_after_a_killed_shred_loses_nothing(void **state)
{
	(void)state;
	start_against(FAULT_EXIT, FAULT_EXIT);
}

static void a_start_at_a_power_cut_after_a_power_cut_loses_nothing(void **state)
{
	(void)state;
	start_against(FAULT_SHUFFLE, FAULT_SHUFFLE);
}

/* --- what remains ---------------------------------------------------------------------- */

static void today_s_roots_open_no_shredded_slot_whatever_rows_are_kept(void **state)
{
	int ndoomed, nothers;

	(void)state;
	copy_vault(template_dir, work_dir);
	assert_true(run(shred_story, LONG_MAX, FAULT_COUNT, 0));
	assert_true(told->is_acked);

	plunder(work_dir, work_dir, template_dir, &ndoomed, &nothers);
	assert_int_equal(ndoomed, 0);
	assert_int_equal(nothers, NSLOTS - (int)NDOOMED - 1);

	/* yesterday's would: the search can find them */
	plunder(template_dir, work_dir, template_dir, &ndoomed, &nothers);
	assert_int_equal(ndoomed, NDOOMED);
}

/* Once both roots are written, a stop before the old rows are dropped leaves them to the
 * thief; they are dead all the same. */
static void a_shred_that_could_not_drop_its_old_rows_is_as_final(void **state)
{
	struct buf old_root = BUF_INIT;
	int ndoomed, nothers, nboth = 0;
	bool is_over = false;
	long n = 0;

	(void)state;
	read_all(in_dir(template_dir, "vault.root.b"), &old_root);
	while (!is_over) {
		struct key_arena *arena = new_arena();
		struct key *k0 = load_key("k0", arena);
		struct root_files files;
		struct root root = { .epoch = new_key(arena), .index = new_key(arena) };
		bool is_new[2] = { false };

		copy_vault(template_dir, work_dir);
		is_over = run(shred_story, ++n, FAULT_EXIT, 0);
		root_files_init(&files);
		assert_int_equal(root_files_open(&files, work_dir, false, NULL), 0);
		for (int i = 0; i < 2; i++) {
			is_new[i] = root_read(&files, (enum root_copy)i, k0, &root, NULL) == 0 &&
				root.generation == 3;
		}
		root_files_close(&files);
		key_arena_free(arena);
		assert_true(is_new[ROOT_A] || !is_new[ROOT_B]); /* A goes first */
		if (is_new[ROOT_A] && is_new[ROOT_B]) {
			nboth++;
			plunder(work_dir, work_dir, template_dir, &ndoomed, &nothers);
			assert_int_equal(ndoomed, 0);
			assert_true(nothers > 0);
		}
	}
	assert_true(nboth > 3);
	buf_done(&old_root);
}

/* --- the other changes ----------------------------------------------------------------- */

static void extend_against(enum fault_how how, int error_number)
{
	bool is_over = false;
	long n = 0;

	while (!is_over) {
		struct cast c;
		struct print last = none;
		struct key *key;
		uint64_t nleaves;

		copy_vault(template_dir, work_dir);
		is_over = run(extend_story, ++n, how, error_number);
		c.arena = new_arena();
		c.k0 = load_key("k0", c.arena);
		c.v = open_vault(work_dir, c.k0, c.arena);
		nleaves = vault_capacity(c.v) / 256;
		assert_true(nleaves == 3 || nleaves == 5);
		assert_tree(&c, true, false);
		assert_int_equal(vault_scrub(c.v, NULL), 0);
		if (told->is_acked) {
			key = new_key(c.arena);
			assert_int_equal(nleaves, 5);
			assert_int_equal(vault_slot_key(c.v, NSLOTS + 511, key, NULL), 0);
			last = print_of(key);
			assert_true(is_print(&last, &told->last));
		}
		assert_int_equal(vault_extend(c.v, 1, NULL), 0);
		assert_tree(&c, true, false);
		vault_close(c.v);
		key_arena_free(c.arena);
	}
	assert_true(told->is_acked);
}

static void slots_once_promised_survive_any_stop(void **state)
{
	(void)state;
	extend_against(FAULT_EXIT, 0);
	extend_against(FAULT_POWER, 0);
	extend_against(FAULT_SHUFFLE, 0);
	extend_against(FAULT_FAIL, EIO);
	extend_against(FAULT_FAIL, ENOSPC);
}

static void rekey_against(enum fault_how how, int error_number)
{
	bool is_over = false;
	long n = 0;

	while (!is_over) {
		struct cast c;
		int old, new;

		copy_vault(template_dir, work_dir);
		is_over = run(rekey_story, ++n, how, error_number);
		/* each key on what the story left, not on what the other one mended */
		copy_vault(work_dir, crashed_dir);
		c.arena = new_arena();
		c.v = NULL;
		old = vault_open(work_dir, load_key("k0", c.arena), c.arena, &c.v, NULL);
		vault_close(c.v);
		copy_vault(crashed_dir, work_dir);
		c.v = NULL;
		new = vault_open(work_dir, load_key("k1", c.arena), c.arena, &c.v, NULL);
		assert_true(old == 0 || old == CU_ENOKEY);
		assert_true(new == 0 || new == CU_ENOKEY);
		assert_true(old == 0 || new == 0);
		if (told->is_acked) {
			assert_int_equal(old, CU_ENOKEY);
			assert_int_equal(new, 0);
		}
		if (new != 0) {
			copy_vault(crashed_dir, work_dir);
			c.v = open_vault(work_dir, load_key("k0", c.arena), c.arena);
		}
		assert_tree(&c, true, false);
		vault_close(c.v);
		key_arena_free(c.arena);
	}
	assert_true(told->is_acked);
}

static void one_of_two_root_keys_opens_after_any_stop_between_them(void **state)
{
	(void)state;
	rekey_against(FAULT_EXIT, 0);
	rekey_against(FAULT_TEAR, 0);
	rekey_against(FAULT_SHUFFLE, 0);
	rekey_against(FAULT_FAIL, EIO);
}

static void create_against(enum fault_how how, int error_number)
{
	bool is_over = false;
	long n = 0;

	while (!is_over) {
		struct cast c = { .arena = new_arena() };
		int r;

		remove_files_of(work_dir);
		is_over = run(create_story, ++n, how, error_number);
		c.k0 = load_key("k0", c.arena);
		r = vault_open(work_dir, c.k0, c.arena, &c.v, NULL);
		assert_true(r == 0 || r == CU_ENOENT || r == CU_ECORRUPT);
		assert_true(!told->is_acked || r == 0);
		if (how == FAULT_FAIL && told->code < 0) {
			/* it cleaned up behind itself */
			assert_int_equal(r, CU_ENOENT);
			assert_int_equal(vault_create(work_dir, c.k0, c.arena, NULL), 0);
		}
		end(&c);
	}
	assert_true(told->is_acked);
}

static void a_vault_once_made_survives_any_stop(void **state)
{
	(void)state;
	create_against(FAULT_EXIT, 0);
	create_against(FAULT_POWER, 0);
	create_against(FAULT_FAIL, EIO);
	create_against(FAULT_FAIL, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shred_killed_at_any_write_is_whole_or_not_at_all),
		cmocka_unit_test(a_shred_killed_half_way_in_any_write_is_whole_or_not_at_all),
		cmocka_unit_test(a_shred_at_a_power_cut_is_whole_or_not_at_all),
		cmocka_unit_test(a_shred_at_a_power_cut_that_shuffles_is_whole_or_not_at_all),
		cmocka_unit_test(a_shred_with_one_failing_write_is_whole_or_not_at_all),
		cmocka_unit_test(a_shred_on_a_disk_that_fails_for_good_is_whole_or_not_at_all),
		cmocka_unit_test(a_start_killed_at_any_write_after_a_killed_shred_loses_nothing),
		cmocka_unit_test(a_start_at_a_power_cut_after_a_power_cut_loses_nothing),
		cmocka_unit_test(today_s_roots_open_no_shredded_slot_whatever_rows_are_kept),
		cmocka_unit_test(a_shred_that_could_not_drop_its_old_rows_is_as_final),
		cmocka_unit_test(slots_once_promised_survive_any_stop),
		cmocka_unit_test(one_of_two_root_keys_opens_after_any_stop_between_them),
		cmocka_unit_test(a_vault_once_made_survives_any_stop),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
