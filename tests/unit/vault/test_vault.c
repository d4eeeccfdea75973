#include "vault_help.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "crypto/age.h"
#include "db/image.h"

struct fixture {
	char dir[PATH_SIZE], other_dir[PATH_SIZE];
	struct key_arena *arena;
	struct key *k0, *key;
	struct vault *v;
	struct cu_err err;
};

static int set_up(void **state)
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

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vault_close(f->v);
	key_arena_free(f->arena);
	remove_dir(f->dir);
	remove_dir(f->other_dir);
	free(f);
	return 0;
}

static void reopen(struct fixture *f)
{
	vault_close(f->v);
	f->v = NULL;
	f->v = open_vault(f->dir, f->k0, f->arena);
}

static int try_open(struct fixture *f, const char *dir, const struct key *k0)
{
	struct vault *v = NULL;
	int r;

	vault_close(f->v);
	f->v = NULL;
	r = vault_open(dir, k0, f->arena, &v, &f->err);
	vault_close(v);
	return r;
}

static struct print *prints_of(struct fixture *f, size_t n)
{
	struct print *p = calloc(n, sizeof(*p));

	assert_non_null(p);
	assert_int_equal(take_prints(f->v, f->arena, p, n), 0);
	return p;
}

static int get(struct fixture *f, uint64_t slot)
{
	return vault_slot_key(f->v, slot, f->key, &f->err);
}

/* Every slot has the key of its print; those of zeros are shredded. */
static void assert_slots(struct fixture *f, const struct print *prints, size_t n)
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

static void shred(struct fixture *f, struct print *prints, uint64_t slot)
{
	assert_int_equal(vault_shred(f->v, &slot, 1, &f->err), 0);
	memset(&prints[slot], 0, sizeof(prints[slot]));
}

/* Every byte of a node's row is turned over; the database itself stays sound. */
static void spoil(struct fixture *f, unsigned level, unsigned idx, unsigned copy)
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

static void spoil_file(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x20;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

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

/* --- damage ---------------------------------------------------------------------------- */

static void scrub_mends_either_copy_of_every_inner_level(void **state)
{
	struct fixture *f = *state;
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 2, &f->err), 0);
	prints = prints_of(f, 512);
	for (unsigned level = 0; level < 3; level++) {
		for (unsigned copy = 0; copy < 2; copy++) {
			spoil(f, level, 0, copy);
			reopen(f);
			assert_slots(f, prints, 512);
			assert_int_equal(vault_needs_scrub(f->v), copy == 0);

			assert_int_equal(vault_scrub(f->v, &f->err), 1);

			assert_false(vault_needs_scrub(f->v));
			assert_int_equal(vault_scrub(f->v, &f->err), 0);
			spoil(f, level, 0,
				!copy); /* so that the mended copy is the one that is read */
			reopen(f);
			assert_slots(f, prints, 512);
			assert_int_equal(vault_scrub(f->v, &f->err), 1);
		}
	}
	free(prints);
}

static void shredding_reads_past_a_damaged_copy(void **state)
{
	struct fixture *f = *state;
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 2, &f->err), 0);
	prints = prints_of(f, 512);
	spoil(f, 2, 0, 0);
	f->v = open_vault(f->dir, f->k0, f->arena);

	shred(f, prints, 100);

	assert_slots(f, prints, 512);
	assert_int_equal(
		vault_scrub(f->v, &f->err), 0); /* both copies were written anew */
	free(prints);
}

static void both_copies_damaged_report_corrupt(void **state)
{
	struct fixture *f = *state;
	uint64_t slot = 1;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	spoil(f, 2, 0, 0);
	spoil(f, 2, 0, 1);
	f->v = open_vault(f->dir, f->k0, f->arena);

	assert_int_equal(get(f, 0), CU_ECORRUPT);
	assert_non_null(strstr(f->err.msg, "node 2/0"));
	assert_int_equal(vault_shred(f->v, &slot, 1, &f->err), CU_ECORRUPT);
	assert_int_equal(vault_generation(f->v), 1);
	assert_int_equal(vault_scrub(f->v, &f->err), CU_ECORRUPT);
	assert_non_null(strstr(f->err.msg, "node 2/0"));
}

static void a_damaged_top_keeps_the_vault_shut(void **state)
{
	struct fixture *f = *state;

	spoil(f, 0, 0, 0);
	spoil(f, 0, 0, 1);

	assert_int_equal(try_open(f, f->dir, f->k0), CU_ECORRUPT);
}

static void a_damaged_leaf_costs_its_own_slots_only(void **state)
{
	struct fixture *f = *state;
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 3, &f->err), 0);
	prints = prints_of(f, 768);
	spoil(f, 3, 1, 0);
	spoil(f, 1, 0, 1); /* and something that can be mended */
	f->v = open_vault(f->dir, f->k0, f->arena);

	assert_int_equal(get(f, 256), CU_ECORRUPT);
	assert_int_equal(get(f, 511), CU_ECORRUPT);
	assert_slots(f, prints, 256);
	assert_int_equal(get(f, 700), 0);
	assert_int_equal(vault_scrub(f->v, &f->err), CU_ECORRUPT);
	assert_non_null(strstr(f->err.msg, "node 3/1"));
	spoil(f, 1, 0, 0);
	f->v = open_vault(f->dir, f->k0, f->arena); /* the mended copy carries */
	assert_slots(f, prints, 256);
	free(prints);
}

/* The number of leaves is the one thing in vault.db that no key guards. */
static void a_number_of_leaves_set_back_overwrites_no_leaf(void **state)
{
	struct fixture *f = *state;
	struct print *prints;
	sqlite3 *db = NULL;

	assert_int_equal(vault_extend(f->v, 2, &f->err), 0);
	prints = prints_of(f, 512);
	vault_close(f->v);
	assert_int_equal(sqlite3_open(in_dir(f->dir, "vault.db"), &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "UPDATE meta SET nleaves = 1", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	f->v = open_vault(f->dir, f->k0, f->arena);

	assert_int_equal(vault_extend(f->v, 1, &f->err), CU_ECORRUPT);

	assert_int_equal(vault_capacity(f->v), 256);
	assert_slots(f, prints, 256);
	free(prints);
}

/* --- the root block -------------------------------------------------------------------- */

/* As after a disk that lost what it had confirmed: the generation before is whole. */
static void a_root_whose_nodes_are_not_there_gives_way_to_the_one_before(void **state)
{
	struct fixture *f = *state;
	struct print *prints;
	uint64_t slot = 4;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	prints = prints_of(f, 256);
	vault_close(f->v);
	copy_vault(f->dir, f->other_dir);
	f->v = open_vault(f->dir, f->k0, f->arena);
	assert_int_equal(vault_shred(f->v, &slot, 1, &f->err), 0);
	vault_close(f->v);
	f->v = NULL;
	copy_file(f->dir, f->other_dir, "vault.root.a");

	f->v = open_vault(f->other_dir, f->k0, f->arena);

	assert_int_equal(vault_generation(f->v), 1);
	assert_slots(f, prints, 256);
	shred(f, prints, slot);
	assert_slots(f, prints, 256);
	free(prints);
}

static void a_new_index_key_stays_and_the_slots_do_too(void **state)
{
	struct fixture *f = *state;
	struct key *old = new_key(f->arena), *new = new_key(f->arena);
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	prints = prints_of(f, 256);
	key_copy(old, vault_index_key(f->v));

	assert_int_equal(vault_rotate_index(f->v, &f->err), 0);

	assert_false(key_is_equal(old, vault_index_key(f->v)));
	key_copy(new, vault_index_key(f->v));
	reopen(f);
	assert_true(key_is_equal(new, vault_index_key(f->v)));
	assert_slots(f, prints, 256);
	free(prints);
}

static void after_a_rekey_the_old_root_key_opens_nothing(void **state)
{
	struct fixture *f = *state;
	struct key *old = f->k0, *new = new_key(f->arena);
	struct print *prints;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	prints = prints_of(f, 256);

	assert_int_equal(vault_rekey(f->v, new, &f->err), 0);
	shred(f, prints, 8); /* goes on under the new one */

	assert_int_equal(try_open(f, f->dir, old), CU_ENOKEY);
	f->k0 = new;
	f->v = open_vault(f->dir, new, f->arena);
	assert_slots(f, prints, 256);
	free(prints);
}

static void an_older_root_under_an_older_key_is_not_fallen_back_to(void **state)
{
	struct fixture *f = *state;
	struct key *old = f->k0, *new = new_key(f->arena);

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	copy_file(f->dir, f->other_dir, "vault.root.b");
	assert_int_equal(vault_rekey(f->v, new, &f->err), 0);
	assert_int_equal(vault_shred(f->v, NULL, 0, &f->err), 0);
	vault_close(f->v);
	f->v = NULL;
	copy_file(f->other_dir, f->dir, "vault.root.b");

	assert_int_equal(try_open(f, f->dir, old), CU_ENOKEY);

	f->k0 = new;
	f->v = open_vault(f->dir, new, f->arena);
	assert_int_equal(vault_generation(f->v), 2);
}

/* --- images ---------------------------------------------------------------------------- */

static void write_image(struct fixture *f, struct db_image *image)
{
	uint64_t size = db_image_size(image);
	uint8_t *bytes = malloc(size);

	assert_non_null(bytes);
	assert_int_equal(db_image_read(image, 0, bytes, (uint32_t)size, &f->err), 0);
	write_all(in_dir(f->other_dir, "vault.db"), span_of(bytes, size));
	free(bytes);
}

static int buf_sink(void *ctx, struct span bytes, struct cu_err *err)
{
	(void)err;
	buf_put_span(ctx, bytes);
	return 0;
}

static long cursor_source(void *ctx, uint8_t *to, size_t cap, struct cu_err *err)
{
	struct cursor *c = ctx;
	size_t n = cap < c->n ? cap : c->n;

	(void)err;
	cursor_copy(c, to, n);
	return (long)n;
}

/* E by the only way out: through an age file. */
static struct key *epoch_key_of(struct fixture *f)
{
	char recipient[AGE_RECIPIENT_SIZE];
	struct buf secret = BUF_INIT_WIPE, file = BUF_INIT;
	struct age_recipients *to = NULL;
	struct age_identities *ids = NULL;
	struct age_writer *w = NULL;
	struct age_reader *r = NULL;
	struct key *epoch = new_key(f->arena);
	struct cursor c;

	assert_int_equal(age_identity_generate(recipient, &secret, NULL), 0);
	assert_int_equal(age_recipients_new(&to, NULL), 0);
	assert_int_equal(age_recipients_add(to, recipient, NULL), 0);
	assert_int_equal(age_writer_new(to, false, buf_sink, &file, &w, NULL), 0);
	assert_int_equal(vault_put_epoch_key(f->v, w, &f->err), 0);
	assert_int_equal(age_writer_finish(w, NULL), 0);
	assert_int_equal(age_identities_new(&ids, NULL), 0);
	assert_int_equal(age_identities_add_file(ids, buf_span(&secret), NULL), 1);
	c = cursor_of(buf_span(&file));
	assert_int_equal(age_reader_new(ids, cursor_source, &c, &r, NULL, NULL), 0);
	assert_int_equal(age_reader_take_key(r, epoch, NULL), 0);
	age_reader_free(r);
	age_writer_free(w);
	age_recipients_free(to);
	age_identities_free(ids);
	buf_done(&secret);
	buf_done(&file);
	return epoch;
}

static void an_image_with_its_epoch_key_restores_the_vault_of_then(void **state)
{
	struct fixture *f = *state;
	struct key *new_k0 = new_key(f->arena), *epoch, *index = new_key(f->arena);
	struct db_image *image = NULL;
	struct print *prints;
	struct id id = vault_id(f->v), restored_id;
	uint64_t gone_before = 7, gone_after = 600, generation;

	assert_int_equal(vault_extend(f->v, 3, &f->err), 0);
	assert_int_equal(vault_shred(f->v, &gone_before, 1, &f->err), 0);
	prints = prints_of(f, 768);
	generation = vault_generation(f->v);
	assert_int_equal(vault_image_begin(f->v, &image, &f->err), 0);
	epoch = epoch_key_of(f);
	/* life goes on while the image is read */
	assert_int_equal(vault_shred(f->v, &gone_after, 1, &f->err), 0);
	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	write_image(f, image);
	db_image_end(image);
	key_copy(index, vault_index_key(f->v));
	vault_close(f->v);
	f->v = NULL;

	assert_int_equal(vault_restore(f->other_dir, new_k0, epoch, generation,
				 f->arena, &f->err),
		0);

	f->v = open_vault(f->other_dir, new_k0, f->arena);
	restored_id = vault_id(f->v);
	assert_true(id_eq(&id, &restored_id));
	assert_int_equal(vault_generation(f->v), generation);
	assert_slots(f, prints, 768);
	assert_int_equal(vault_capacity(f->v), 768);
	assert_false(key_is_equal(index, vault_index_key(f->v)));
	/* what was shredded after the image is shredded on it again */
	shred(f, prints, gone_after);
	assert_slots(f, prints, 768);
	free(prints);
}

static void an_image_under_another_epoch_key_reports_corrupt_and_makes_no_root(
	void **state)
{
	struct fixture *f = *state;
	struct db_image *image = NULL;
	struct key *epoch;
	uint64_t slot = 1;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	assert_int_equal(vault_image_begin(f->v, &image, &f->err), 0);
	write_image(f, image);
	db_image_end(image);
	assert_int_equal(vault_shred(f->v, &slot, 1, &f->err), 0);
	epoch = epoch_key_of(f); /* one generation too late */

	assert_int_equal(
		vault_restore(f->other_dir, f->k0, epoch, 1, f->arena, &f->err),
		CU_ECORRUPT);

	assert_non_null(strstr(f->err.msg, "node 0/0"));
	assert_false(path_exists(in_dir(f->other_dir, "vault.root.a")));
}

static void an_image_with_a_damaged_leaf_names_it(void **state)
{
	struct fixture *f = *state;
	struct key *epoch;

	assert_int_equal(vault_extend(f->v, 3, &f->err), 0);
	epoch = epoch_key_of(f);
	spoil(f, 3, 2, 0);
	copy_file(f->dir, f->other_dir, "vault.db");
	copy_file(f->dir, f->other_dir, "vault.db-wal");

	assert_int_equal(
		vault_restore(f->other_dir, f->k0, epoch, 1, f->arena, &f->err),
		CU_ECORRUPT);

	assert_non_null(strstr(f->err.msg, "node 3/2"));
}

static void restoring_needs_a_key_and_a_generation(void **state)
{
	struct fixture *f = *state;
	struct key *none = new_key(f->arena);

	key_wipe(none);
	assert_int_equal(vault_restore(f->other_dir, f->k0, none, 1, f->arena, &f->err),
		CU_EINVAL);
	assert_int_equal(
		vault_restore(f->other_dir, f->k0, f->key, 0, f->arena, &f->err),
		CU_EINVAL);
	assert_int_equal(
		vault_restore(f->other_dir, f->k0, f->key, 1, f->arena, &f->err),
		CU_ENOENT);
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
		T(scrub_mends_either_copy_of_every_inner_level),
		T(shredding_reads_past_a_damaged_copy),
		T(both_copies_damaged_report_corrupt),
		T(a_damaged_top_keeps_the_vault_shut),
		T(a_damaged_leaf_costs_its_own_slots_only),
		T(a_number_of_leaves_set_back_overwrites_no_leaf),
		T(a_root_whose_nodes_are_not_there_gives_way_to_the_one_before),
		T(a_new_index_key_stays_and_the_slots_do_too),
		T(after_a_rekey_the_old_root_key_opens_nothing),
		T(an_older_root_under_an_older_key_is_not_fallen_back_to),
		T(an_image_with_its_epoch_key_restores_the_vault_of_then),
		T(an_image_under_another_epoch_key_reports_corrupt_and_makes_no_root),
		T(an_image_with_a_damaged_leaf_names_it),
		T(restoring_needs_a_key_and_a_generation),
		T(readers_see_right_keys_while_slots_are_made_and_shredded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
