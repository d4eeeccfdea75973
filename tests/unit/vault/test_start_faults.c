/*
 * A start after a stopped shred, an extension, a change of root key, a making: stopped or
 * failing at each of their writes and syncs.
 */
#include "fault_help.h"

#include "vault/root.h"

/* --- stories --------------------------------------------------------------------------- */

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
		if (told->code == 0 &&
			vault_slot_key(c.v, NSLOTS + 511, key, NULL) == 0) {
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

/* --- faults while starting after a fault ------------------------------------------------- */

/* The roots are not alike: one is torn, or a generation behind. */
static bool is_between_roots(void)
{
	struct key_arena *arena = new_arena();
	struct key *k0 = load_key("k0", arena);
	struct root root = { .epoch = new_key(arena), .index = new_key(arena) };
	struct root_files files;
	uint64_t generation[2] = { 0 };

	root_files_init(&files);
	assert_int_equal(root_files_open(&files, work_dir, false, NULL), 0);
	for (int i = 0; i < 2; i++) {
		if (root_read(&files, (enum root_copy)i, k0, &root, NULL) == 0) {
			generation[i] = root.generation;
		}
	}
	root_files_close(&files);
	key_arena_free(arena);
	return generation[0] == 0 || generation[0] != generation[1];
}

/* A start that is stopped at each of its places, from what one stopped shred has left. */
static long start_against(enum fault_how how, bool was_acked)
{
	int nrows = count_rows(work_dir);
	bool is_over = false;
	long m = 0;

	copy_vault(work_dir, crashed_dir);
	while (!is_over) {
		copy_vault(crashed_dir, work_dir);
		is_over = run(open_story, ++m, how, EIO);
		if (is_between_roots()) {
			/* either generation may be the one that counts: nothing was dropped */
			assert_int_equal(count_rows(work_dir), nrows);
		}
		assert_recovers(was_acked);
	}
	return m;
}

/* After a stop with unlike roots in any case; elsewhere after every 64th, or after each with
 * CUSTOS_THOROUGH set, which takes a quarter of an hour. */
static void start_after_shred_against(enum fault_how first_how, enum fault_how how)
{
	long every = getenv("CUSTOS_THOROUGH") ? 1 : 64, n = 0, nstarts = 0,
	     nbetween = 0;
	bool is_over = false;

	while (!is_over) {
		bool is_between;

		copy_vault(template_dir, work_dir);
		is_over = run(shred_story, ++n, first_how, EIO);
		is_between = is_between_roots();
		nbetween += is_between;
		if (is_between || n % every == 0) {
			nstarts += start_against(how, told->is_acked);
		}
	}
	assert_true(nbetween > 0);
	printf("             %ld starts, after %ld stops between the roots\n", nstarts,
		nbetween);
}

static void a_start_killed_at_any_write_after_a_killed_shred_loses_nothing(void **state)
{
	(void)state;
	start_after_shred_against(FAULT_EXIT, FAULT_EXIT);
}

static void a_start_torn_at_any_write_after_a_torn_shred_loses_nothing(void **state)
{
	(void)state;
	start_after_shred_against(FAULT_TEAR, FAULT_TEAR);
}

static void a_start_with_a_failing_write_after_a_failing_shred_loses_nothing(
	void **state)
{
	(void)state;
	start_after_shred_against(FAULT_FAIL_ALL, FAULT_FAIL);
}

static void a_start_at_a_power_cut_after_a_power_cut_loses_nothing(void **state)
{
	(void)state;
	start_after_shred_against(FAULT_SHUFFLE, FAULT_SHUFFLE);
}

/* A killed process leaves leaves in the WAL that no sync has covered.  Their slots would be
 * handed out, and be gone after a power cut. */
static void a_start_syncs_what_it_finds_before_it_does_anything_else(void **state)
{
	struct key_arena *arena = new_arena();
	struct key *k0 = load_key("k0", arena);
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct vault *v = NULL;
	struct cu_err err;

	(void)state;
	copy_vault(template_dir, work_dir);
	assert_false(run(extend_story, 7, FAULT_EXIT, 0)); /* something is in the WAL */
	read_all(in_dir(work_dir, "vault.db-wal"), &before);
	assert_true(before.n > 0);
	buf_clear(&before);
	read_all(in_dir(work_dir, "vault.root.b"), &before);

	fault_arm(FAULT_SYNC, 2, FAULT_FAIL, EIO); /* the first is of the directory */
	assert_int_equal(vault_open(work_dir, k0, arena, &v, &err), CU_EIO);
	fault_disarm();

	assert_non_null(strstr(err.msg, "WAL"));
	read_all(in_dir(work_dir, "vault.root.b"), &after);
	assert_true(span_eq(buf_span(&before), buf_span(&after)));
	v = open_vault(work_dir, k0, arena);
	vault_close(v);
	key_arena_free(arena);
	buf_done(&before);
	buf_done(&after);
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
			assert_int_equal(
				vault_slot_key(c.v, NSLOTS + 511, key, NULL), 0);
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
		old = vault_open(
			work_dir, load_key("k0", c.arena), c.arena, &c.v, NULL);
		vault_close(c.v);
		copy_vault(crashed_dir, work_dir);
		c.v = NULL;
		new = vault_open(
			work_dir, load_key("k1", c.arena), c.arena, &c.v, NULL);
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
			assert_int_equal(
				vault_create(work_dir, c.k0, c.arena, NULL), 0);
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
		cmocka_unit_test(
			a_start_killed_at_any_write_after_a_killed_shred_loses_nothing),
		cmocka_unit_test(
			a_start_torn_at_any_write_after_a_torn_shred_loses_nothing),
		cmocka_unit_test(
			a_start_with_a_failing_write_after_a_failing_shred_loses_nothing),
		cmocka_unit_test(
			a_start_at_a_power_cut_after_a_power_cut_loses_nothing),
		cmocka_unit_test(
			a_start_syncs_what_it_finds_before_it_does_anything_else),
		cmocka_unit_test(slots_once_promised_survive_any_stop),
		cmocka_unit_test(
			one_of_two_root_keys_opens_after_any_stop_between_them),
		cmocka_unit_test(a_vault_once_made_survives_any_stop),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
