/*
 * A shred, stopped or failing at each of its writes and syncs, those of SQLite and those of
 * the root files; then the vault is opened and everything that was promised is looked at.
 */
#include "fault_help.h"

#include <sqlite3.h>

#include "vault/root.h"

/* For the n-th call, n = 1, 2, 3 ... until the story ends before it. */
static void shred_against(enum fault_how how, int error_number)
{
	bool is_over = false;
	long n = 0, nbetween = 0;

	while (!is_over) {
		copy_vault(template_dir, work_dir);
		is_over = run(shred_story, ++n, how, error_number);
		assert_int_equal(told->nwrong, 0);
		if (told->is_between) {
			/* which generation the disk holds is not for this process to guess */
			assert_int_equal(told->slot_code, CU_EIO);
			assert_int_equal(told->retry_code, CU_EIO);
			nbetween++;
		}
		assert_recovers(told->is_acked);
	}
	assert_true(told->is_acked);
	assert_true(n > 20); /* there was something to stop */
	assert_true(nbetween > 0 || (how != FAULT_FAIL && how != FAULT_FAIL_ALL));
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
		sqlite3_prepare_v2(
			db, "SELECT level, idx, gen, blob FROM node", -1, &st, NULL),
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
static bool try_key(
	struct loot *l, struct row *r, const struct key *by, struct keyset *set)
{
	struct buf aad = BUF_INIT;
	int code;

	buf_put_str(&aad, "custos node v1");
	buf_put(&aad, l->vault_id.b, 16);
	buf_put_u8(&aad, (uint8_t)r->level);
	buf_put_u32(&aad, r->idx);
	buf_put_u64(&aad, r->gen);
	code = keyset_unwrap(
		by, buf_span(&aad), span_of(r->blob, sizeof(r->blob)), set, NULL);
	buf_done(&aad);
	return code == 0;
}

static bool try_known_keys(struct loot *l, struct row *r, struct keyset *set)
{
	if (try_key(l, r, l->epoch, set)) {
		return true;
	}
	for (size_t i = 0; i < l->nrows; i++) {
		for (size_t at = 0;
			l->rows[i].opened && l->rows[i].level < 3 && at < 256; at++) {
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
static void plunder(const char *roots, const char *dir, const char *other_dir,
	int *ret_ndoomed, int *ret_nothers)
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
		for (size_t at = 0;
			l.rows[i].opened && l.rows[i].level == 3 && at < 256; at++) {
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
	int ndoomed, nothers, nboth = 0;
	bool is_over = false;
	long n = 0;

	(void)state;
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
			is_new[i] = root_read(&files, (enum root_copy)i, k0, &root,
					    NULL) == 0 &&
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shred_killed_at_any_write_is_whole_or_not_at_all),
		cmocka_unit_test(
			a_shred_killed_half_way_in_any_write_is_whole_or_not_at_all),
		cmocka_unit_test(a_shred_at_a_power_cut_is_whole_or_not_at_all),
		cmocka_unit_test(
			a_shred_at_a_power_cut_that_shuffles_is_whole_or_not_at_all),
		cmocka_unit_test(a_shred_with_one_failing_write_is_whole_or_not_at_all),
		cmocka_unit_test(
			a_shred_on_a_disk_that_fails_for_good_is_whole_or_not_at_all),
		cmocka_unit_test(
			today_s_roots_open_no_shredded_slot_whatever_rows_are_kept),
		cmocka_unit_test(a_shred_that_could_not_drop_its_old_rows_is_as_final),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
