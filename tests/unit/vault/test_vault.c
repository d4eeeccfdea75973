#include "vault_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- making and opening ---------------------------------------------------------------- */

static void a_fresh_vault_has_generation_one_and_no_slots(void **state)
{
	struct fixture *f = *state;
	struct id id = vault_id(f->v);

	assert_int_equal(vault_generation(f->v), 1);
	assert_int_equal(vault_capacity(f->v), 0);
	assert_false(id_is_nil(&id));
	assert_int_equal(get(f, 0), CU_ENOENT);
}

static void the_files_are_private_and_the_roots_are_one_block_each(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(stat(in_dir(f->dir, vault_files[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		if (i < 2) {
			assert_int_equal(st.st_size, 4096);
			assert_true(st.st_blocks * 512 >= 4096);
		}
	}
}

static void create_over_a_vault_reports_exists_and_harms_nothing(void **state)
{
	struct fixture *f = *state;
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	prints = prints_of(f, 256);

	assert_int_equal(vault_create(f->dir, f->k0, f->arena, &f->err), CU_EEXIST);

	reopen(f);
	assert_slots(f, prints, 256);
	free(prints);
}

static void create_beside_a_lone_root_reports_exists_and_leaves_it(void **state)
{
	struct fixture *f = *state;
	struct buf before = BUF_INIT, after = BUF_INIT;

	copy_file(f->dir, f->other_dir, "vault.root.b");
	read_all(in_dir(f->other_dir, "vault.root.b"), &before);

	assert_int_equal(
		vault_create(f->other_dir, f->k0, f->arena, &f->err), CU_EEXIST);

	read_all(in_dir(f->other_dir, "vault.root.b"), &after);
	assert_true(span_eq(buf_span(&before), buf_span(&after)));
	buf_done(&before);
	buf_done(&after);
}

static void another_root_key_reports_no_key(void **state)
{
	struct fixture *f = *state;
	struct key *wrong = new_key(f->arena);

	assert_int_equal(try_open(f, f->dir, wrong), CU_ENOKEY);
	assert_int_equal(try_open(f, f->dir, f->k0), 0);
}

static void an_empty_directory_reports_not_found(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(try_open(f, f->other_dir, f->k0), CU_ENOENT);
}

static void a_second_opening_reports_busy(void **state)
{
	struct fixture *f = *state;
	struct key_arena *arena = new_arena();
	struct vault *second = NULL;

	assert_int_equal(vault_open(f->dir, f->k0, arena, &second, &f->err), CU_EBUSY);

	assert_null(second);
	key_arena_free(arena);
}

static void either_root_may_be_damaged_or_lost(void **state)
{
	struct fixture *f = *state;
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	prints = prints_of(f, 256);
	for (int i = 0; i < 2; i++) {
		const char *root = in_dir(f->dir, vault_files[i]);

		vault_close(f->v);
		f->v = NULL;
		spoil_file(root, 60);
		reopen(f);
		assert_slots(f, prints, 256);

		vault_close(f->v);
		f->v = NULL;
		assert_int_equal(unlink(root), 0);
		reopen(f);
		assert_slots(f, prints, 256);

		vault_close(f->v);
		f->v = NULL;
		assert_int_equal(truncate(root, 100), 0);
		reopen(f);
		assert_slots(f, prints, 256);
	}
	free(prints);
}

static void any_flipped_byte_of_both_roots_reports_corrupt(void **state)
{
	struct fixture *f = *state;

	vault_close(f->v);
	f->v = NULL;
	for (off_t at = 0; at < 4096; at += at < 160 || at > 4050 ? 1 : 397) {
		copy_vault(f->dir, f->other_dir);
		spoil_file(in_dir(f->other_dir, "vault.root.a"), at);
		spoil_file(in_dir(f->other_dir, "vault.root.b"), at);
		if (try_open(f, f->other_dir, f->k0) != CU_ECORRUPT) {
			fail_msg("byte %ld: %s", (long)at, f->err.msg);
		}
	}
}

static void a_root_of_another_vault_reports_corrupt(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(vault_create(f->other_dir, f->k0, f->arena, &f->err), 0);
	vault_close(f->v);
	f->v = NULL;
	copy_file(f->other_dir, f->dir, "vault.root.a");
	copy_file(f->other_dir, f->dir, "vault.root.b");

	assert_int_equal(try_open(f, f->dir, f->k0), CU_ECORRUPT);
}

static void a_database_cut_off_while_being_made_reports_corrupt(void **state)
{
	struct fixture *f = *state;

	vault_close(f->v);
	f->v = NULL;
	copy_file(f->dir, f->other_dir, "vault.root.a");
	copy_file(f->dir, f->other_dir, "vault.root.b");
	write_all(in_dir(f->other_dir, "vault.db"), span_of(NULL, 0));

	assert_int_equal(try_open(f, f->other_dir, f->k0), CU_ECORRUPT);
}

/* --- slots ----------------------------------------------------------------------------- */

static int compare_prints(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct print));
}

static void slots_are_distinct_and_keep_their_keys_over_a_reopening(void **state)
{
	struct fixture *f = *state;
	struct print *prints, *sorted;
	const size_t n = 3 * 256;

	assert_int_equal(vault_extend(f->v, 3, &f->err), 0);
	assert_int_equal(vault_capacity(f->v), n);
	prints = prints_of(f, n);
	sorted = prints_of(f, n);
	qsort(sorted, n, sizeof(*sorted), compare_prints);
	for (size_t i = 1; i < n; i++) {
		assert_false(is_print(&sorted[i - 1], &sorted[i]));
	}

	reopen(f);

	assert_int_equal(vault_capacity(f->v), n);
	assert_slots(f, prints, n);
	assert_int_equal(get(f, n), CU_ENOENT);
	assert_int_equal(get(f, UINT64_MAX), CU_ENOENT);
	free(prints);
	free(sorted);
}

static void a_failed_lookup_leaves_the_key_untouched(void **state)
{
	struct fixture *f = *state;
	struct key *before = new_key(f->arena);
	uint64_t slot = 3;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	assert_int_equal(vault_shred(f->v, &slot, 1, &f->err), 0);
	key_copy(before, f->key);

	assert_int_equal(get(f, 3), CU_ENOKEY);
	assert_int_equal(get(f, 256), CU_ENOENT);

	assert_true(key_is_equal(before, f->key));
}

static void extending_later_keeps_the_slots_that_were_there(void **state)
{
	struct fixture *f = *state;
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 2, &f->err), 0);
	prints = prints_of(f, 512);

	assert_int_equal(vault_extend(f->v, 0, &f->err), 0);
	assert_int_equal(vault_extend(f->v, 300, &f->err),
		0); /* into a second node of level 2 */

	assert_int_equal(vault_capacity(f->v), 302 * 256);
	assert_slots(f, prints, 512);
	assert_int_equal(get(f, 301 * 256), 0);
	reopen(f);
	assert_slots(f, prints, 512);
	assert_int_equal(get(f, 301 * 256), 0);
	assert_int_equal(vault_scrub(f->v, &f->err), 0);
	free(prints);
}

static void more_leaves_than_the_tree_holds_are_over_the_limit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(vault_extend(f->v, (1u << 24) + 1, &f->err), CU_ELIMIT);
	assert_int_equal(vault_extend(f->v, UINT32_MAX, &f->err), CU_ELIMIT);
}

static void a_tree_larger_than_the_cache_gives_every_key(void **state)
{
	struct fixture *f = *state;
	const size_t nleaves = 600, n = nleaves * 256;
	struct print *prints;
	unsigned seed = 4;

	assert_int_equal(vault_extend(f->v, (unsigned)nleaves, &f->err), 0);
	prints = prints_of(f, n);

	for (int i = 0; i < 20000; i++) {
		size_t slot = (size_t)rand_r(&seed) % n;
		struct print seen;

		assert_int_equal(get(f, slot), 0);
		seen = print_of(f->key);
		assert_true(is_print(&seen, &prints[slot]));
	}
	reopen(f);
	assert_slots(f, prints, n);
	free(prints);
}

/* --- shredding ------------------------------------------------------------------------- */

static void shred_of_one_slot_leaves_all_others(void **state)
{
	struct fixture *f = *state;
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 3, &f->err), 0);
	prints = prints_of(f, 768);

	shred(f, prints, 300);

	assert_int_equal(vault_generation(f->v), 2);
	assert_slots(f, prints, 768);
	reopen(f);
	assert_int_equal(vault_generation(f->v), 2);
	assert_slots(f, prints, 768);
	free(prints);
}

static void shred_of_many_slots_in_any_order_is_one_generation(void **state)
{
	struct fixture *f = *state;
	const uint64_t slots[] = { 767, 0, 511, 256, 0, 255, 767, 9999, UINT64_MAX };
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 3, &f->err), 0);
	prints = prints_of(f, 768);

	assert_int_equal(vault_shred(f->v, slots, 9, &f->err), 0);

	for (size_t i = 0; i < 7; i++) {
		memset(&prints[slots[i]], 0, sizeof(prints[0]));
	}
	assert_int_equal(vault_generation(f->v), 2);
	assert_slots(f, prints, 768);
	reopen(f);
	assert_slots(f, prints, 768);
	free(prints);
}

static void shred_again_needs_no_generation(void **state)
{
	struct fixture *f = *state;
	const uint64_t slots[] = { 5, 6 };
	uint64_t never = 4000;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	assert_int_equal(vault_shred(f->v, slots, 2, &f->err), 0);
	assert_int_equal(vault_generation(f->v), 2);

	assert_int_equal(vault_shred(f->v, slots, 2, &f->err), 0);
	assert_int_equal(vault_shred(f->v, &never, 1, &f->err), 0);

	assert_int_equal(vault_generation(f->v), 2);
	assert_int_equal(get(f, 5), CU_ENOKEY);
	assert_int_equal(get(f, 7), 0);
}

static void shred_of_nothing_replaces_the_epoch_key_alone(void **state)
{
	struct fixture *f = *state;
	struct print *prints;
	struct key *index = new_key(f->arena);

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	prints = prints_of(f, 256);
	key_copy(index, vault_index_key(f->v));
	copy_file(f->dir, f->other_dir, "vault.db");
	copy_file(f->dir, f->other_dir, "vault.db-wal");

	assert_int_equal(vault_shred(f->v, NULL, 0, &f->err), 0);

	assert_int_equal(vault_generation(f->v), 2);
	assert_slots(f, prints, 256);
	assert_true(key_is_equal(index, vault_index_key(f->v)));
	copy_file(f->dir, f->other_dir, "vault.root.a");
	copy_file(f->dir, f->other_dir, "vault.root.b");
	assert_int_equal(try_open(f, f->other_dir, f->k0), CU_ECORRUPT);
	free(prints);
}

static void a_whole_leaf_may_be_shredded_and_others_go_on(void **state)
{
	struct fixture *f = *state;
	struct print *prints;
	uint64_t slots[256];

	assert_int_equal(vault_extend(f->v, 2, &f->err), 0);
	prints = prints_of(f, 512);
	for (size_t i = 0; i < 256; i++) {
		slots[i] = i;
		memset(&prints[i], 0, sizeof(prints[i]));
	}

	assert_int_equal(vault_shred(f->v, slots, 256, &f->err), 0);

	assert_slots(f, prints, 512);
	reopen(f);
	assert_slots(f, prints, 512);
	free(prints);
}

/* Against a model: an array of prints. */
static void a_long_random_life_keeps_every_promise(void **state)
{
	struct fixture *f = *state;
	struct print *prints = calloc(40 * 256, sizeof(*prints)), *more;
	uint64_t slots[64], generation = 1;
	unsigned seed = 11;
	size_t n = 0, nslots;
	bool is_new;

	for (int round = 0; round < 60; round++) {
		switch (rand_r(&seed) % 4) {
		case 0:
			if (n < 39 * 256) {
				assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
				more = prints_of(f, n + 256);
				memcpy(prints + n, more + n, 256 * sizeof(*prints));
				free(more);
				n += 256;
			}
			break;
		case 1: reopen(f); break;
		default:
			nslots = (size_t)rand_r(&seed) % 64;
			is_new = nslots == 0;
			for (size_t i = 0; i < nslots; i++) {
				static const struct print none;

				slots[i] = (uint64_t)rand_r(&seed) % (n + 10);
				if (slots[i] < n &&
					!is_print(&prints[slots[i]], &none)) {
					prints[slots[i]] = none;
					is_new = true;
				}
			}
			assert_int_equal(vault_shred(f->v, slots, nslots, &f->err), 0);
			generation += is_new;
			break;
		}
		assert_int_equal(vault_generation(f->v), generation);
		assert_int_equal(vault_capacity(f->v), n);
		assert_slots(f, prints, n);
	}
	assert_true(generation > 10 && n > 5 * 256);
	assert_int_equal(vault_scrub(f->v, &f->err), 0);
	free(prints);
}

static void a_batch_over_too_many_leaves_is_cut_into_generations(void **state)
{
	struct fixture *f = *state;
	const size_t nleaves = VAULT_MAX_LEAVES + 2;
	uint64_t *slots = calloc(nleaves, sizeof(*slots));

	assert_int_equal(vault_extend(f->v, (unsigned)nleaves, &f->err), 0);
	for (size_t i = 0; i < nleaves; i++) {
		slots[i] = (nleaves - 1 - i) * 256 + i % 256;
	}

	assert_int_equal(vault_shred(f->v, slots, nleaves, &f->err), 0);

	assert_int_equal(vault_generation(f->v), 3);
	reopen(f);
	for (size_t i = 0; i < nleaves; i++) {
		assert_int_equal(get(f, slots[i]), CU_ENOKEY);
		assert_int_equal(get(f, slots[i] ^ 1), 0);
	}
	free(slots);
}

static void after_a_shred_no_superseded_row_is_left(void **state)
{
	struct fixture *f = *state;
	const uint64_t slots[] = { 1, 300 };
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;

	assert_int_equal(vault_extend(f->v, 3, &f->err), 0);

	assert_int_equal(vault_shred(f->v, slots, 2, &f->err), 0);

	vault_close(f->v);
	f->v = NULL;
	assert_int_equal(sqlite3_open(in_dir(f->dir, "vault.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
				 "SELECT count(*), count(DISTINCT level * 1000 + idx),"
				 " (SELECT unswept FROM meta) FROM node",
				 -1, &st, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 3 * 2 + 3); /* inner ones twice */
	assert_int_equal(sqlite3_column_int(st, 1), 3 + 3);
	assert_int_equal(sqlite3_column_int(st, 2), 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* The wrapped keys stand at 44 .. 147 of a root block. */
static void after_a_shred_neither_root_file_holds_an_old_byte_run(void **state)
{
	struct fixture *f = *state;
	uint64_t slot = 9;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	for (int round = 0; round < 3; round++, slot++) {
		struct buf old[2] = { BUF_INIT, BUF_INIT },
			   new[2] = { BUF_INIT, BUF_INIT };

		for (int i = 0; i < 2; i++) {
			read_all(in_dir(f->dir, vault_files[i]), &old[i]);
		}
		assert_int_equal(vault_shred(f->v, &slot, 1, &f->err), 0);
		for (int i = 0; i < 2; i++) {
			read_all(in_dir(f->dir, vault_files[i]), &new[i]);
			assert_int_equal(new[i].n, 4096);
		}
		for (int i = 0; i < 2; i++) {
			for (int j = 0; j < 2; j++) {
				for (size_t at = 44; at + 16 <= 4096; at += 4) {
					assert_null(memmem(
						new[j].p, new[j].n, old[i].p + at, 16));
				}
			}
		}
		for (int i = 0; i < 2; i++) {
			buf_done(&old[i]);
			buf_done(&new[i]);
		}
	}
}

/* --- threads --------------------------------------------------------------------------- */

struct reader {
	struct vault *v;
	struct key *key;
	const struct print *prints;
	atomic_bool *stop;
	unsigned seed;
	long nread, nwrong;
};

/* Even slots live on; odd ones die at some time. */
static void *read_on(void *ctx)
{
	static const struct print none;
	struct reader *me = ctx;

	while (!atomic_load(me->stop)) {
		uint64_t slot = (uint64_t)rand_r(&me->seed) % 768;
		int r = vault_slot_key(me->v, slot, me->key, NULL);
		struct print seen = r == 0 ? print_of(me->key) : none;
		bool is_right = r == 0 && is_print(&seen, &me->prints[slot]);

		if (!is_right && !(r == CU_ENOKEY && slot % 2 == 1)) {
			me->nwrong++;
		}
		me->nread++;
	}
	return NULL;
}

static void readers_see_right_keys_while_slots_are_made_and_shredded(void **state)
{
	struct fixture *f = *state;
	struct reader readers[3];
	pthread_t threads[3];
	atomic_bool stop = false;
	struct print *prints;
	uint64_t slot = 1;

	assert_int_equal(vault_extend(f->v, 3, &f->err), 0);
	prints = prints_of(f, 768);
	for (unsigned i = 0; i < 3; i++) {
		readers[i] = (struct reader){ f->v, new_key(f->arena), prints, &stop, i,
			0, 0 };
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
	}

	for (int round = 0; round < 25; round++, slot += 2 * 13) {
		assert_int_equal(vault_shred(f->v, &slot, 1, &f->err), 0);
		assert_int_equal(get(f, slot), CU_ENOKEY);
		if (round % 5 == 0) {
			assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
		}
	}

	atomic_store(&stop, true);
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].nwrong, 0);
		assert_true(readers[i].nread > 0);
	}
	free(prints);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_fresh_vault_has_generation_one_and_no_slots),
		T(the_files_are_private_and_the_roots_are_one_block_each),
		T(create_over_a_vault_reports_exists_and_harms_nothing),
		T(create_beside_a_lone_root_reports_exists_and_leaves_it),
		T(another_root_key_reports_no_key),
		T(an_empty_directory_reports_not_found),
		T(a_second_opening_reports_busy),
		T(either_root_may_be_damaged_or_lost),
		T(any_flipped_byte_of_both_roots_reports_corrupt),
		T(a_root_of_another_vault_reports_corrupt),
		T(a_database_cut_off_while_being_made_reports_corrupt),
		T(slots_are_distinct_and_keep_their_keys_over_a_reopening),
		T(a_failed_lookup_leaves_the_key_untouched),
		T(extending_later_keeps_the_slots_that_were_there),
		T(more_leaves_than_the_tree_holds_are_over_the_limit),
		T(a_tree_larger_than_the_cache_gives_every_key),
		T(shred_of_one_slot_leaves_all_others),
		T(shred_of_many_slots_in_any_order_is_one_generation),
		T(shred_again_needs_no_generation),
		T(shred_of_nothing_replaces_the_epoch_key_alone),
		T(a_whole_leaf_may_be_shredded_and_others_go_on),
		T(a_long_random_life_keeps_every_promise),
		T(a_batch_over_too_many_leaves_is_cut_into_generations),
		T(after_a_shred_no_superseded_row_is_left),
		T(after_a_shred_neither_root_file_holds_an_old_byte_run),
		T(readers_see_right_keys_while_slots_are_made_and_shredded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
