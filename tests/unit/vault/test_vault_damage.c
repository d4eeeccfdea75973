/* A vault whose files were damaged, exchanged or copied. */
#include "vault_fixture.h"

#include "crypto/age.h"
#include "db/image.h"

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

/* The linker's names (see the build file): what the vault reads roots by, and the C library's own. */
ssize_t __real_pread64(int fd, void *to, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *to, size_t n, off_t at);

#define ROOT_BYTES 4096

static bool is_lying; /* the disk has kept something else than what was written */

ssize_t __wrap_pread64(int fd, void *to, size_t n, off_t at)
{
	ssize_t got = __real_pread64(fd, to, n, at);

	if (is_lying && got == ROOT_BYTES) {
		((uint8_t *)to)[ROOT_BYTES / 2] ^= 1;
	}
	return got;
}

/* --- the root block -------------------------------------------------------------------- */

static void a_root_that_reads_back_otherwise_does_not_count(void **state)
{
	struct fixture *f = *state;
	uint64_t slot = 4;
	int r;

	assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
	is_lying = true;
	r = vault_shred(f->v, &slot, 1, &f->err);
	is_lying = false;

	assert_int_equal(r, CU_EIO);
	assert_non_null(strstr(f->err.msg, "reads back otherwise"));
}

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

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(scrub_mends_either_copy_of_every_inner_level),
		T(shredding_reads_past_a_damaged_copy),
		T(both_copies_damaged_report_corrupt),
		T(a_damaged_top_keeps_the_vault_shut),
		T(a_damaged_leaf_costs_its_own_slots_only),
		T(a_number_of_leaves_set_back_overwrites_no_leaf),
		T(a_root_that_reads_back_otherwise_does_not_count),
		T(a_root_whose_nodes_are_not_there_gives_way_to_the_one_before),
		T(a_new_index_key_stays_and_the_slots_do_too),
		T(after_a_rekey_the_old_root_key_opens_nothing),
		T(an_older_root_under_an_older_key_is_not_fallen_back_to),
		T(an_image_with_its_epoch_key_restores_the_vault_of_then),
		T(an_image_under_another_epoch_key_reports_corrupt_and_makes_no_root),
		T(an_image_with_a_damaged_leaf_names_it),
		T(restoring_needs_a_key_and_a_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
