#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/text.h"
#include "ledger/journal.h"
#include "ledger/leaf.h"
#include "ledger/tree.h"
#include "ledger_help.h"

static struct signer *signer;
static struct note_verifier by;

static int group_setup(void **state)
{
	(void)state;
	signer = help_signer();
	by = help_verifier(signer);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	signer_free(signer);
	return 0;
}

static struct log_head head_of(struct ledger *l)
{
	struct buf note = BUF_INIT;
	struct log_head head;
	uint64_t size;

	assert_int_equal(ledger_checkpoint(l, &note, &size, NULL), 0);
	assert_int_equal(checkpoint_verify(buf_span(&note), &by, &head, NULL), 0);
	assert_int_equal(head.size, size);
	buf_done(&note);
	return head;
}

static void assert_leaf(struct ledger *l, uint64_t i)
{
	struct buf b = BUF_INIT;
	char text[LEAF_TEXT];

	assert_int_equal(ledger_read(l, i, &b, NULL), 0);
	assert_true(span_eq(buf_span(&b), help_leaf(i, text)));
	buf_done(&b);
}

/* --- proofs in the form of c2sp.org/tlog-proof -------------------------------------------- */

static const char *past(const char *at, const char *prefix)
{
	assert_int_equal(strncmp(at, prefix, strlen(prefix)), 0);
	return at + strlen(prefix);
}

/* Takes the text apart as a third party would, and checks it with nothing but the key. */
static void assert_proves(struct ledger *l, uint64_t index)
{
	uint8_t path[PROOF_MAX_PATH][32], leaf[32];
	char text[LEAF_TEXT], *end;
	struct buf b = BUF_INIT;
	struct log_head head;
	const char *at;
	size_t n = 0;

	assert_int_equal(ledger_prove(l, index, &b, NULL), 0);
	at = past(buf_cstr(&b), "c2sp.org/tlog-proof@v1\nindex ");
	assert_int_equal(strtoull(at, &end, 10), index);
	at = past(end, "\n");
	while (*at != '\n') {
		assert_true(n < PROOF_MAX_PATH);
		assert_int_equal(text_unbase64(at, 44, true, path[n++], 32), 32);
		at = past(at + 44, "\n");
	}
	at++;
	assert_int_equal(checkpoint_verify(span_str(at), &by, &head, NULL), 0);

	proof_leaf_hash(help_leaf(index, text), leaf);
	assert_int_equal(proof_check_inclusion(index, head.size, leaf,
				 (const uint8_t(*)[32])path, n, head.root, NULL),
		0);
	buf_done(&b);
}

static void assert_extends(const char *dir, const struct log_head *head, uint64_t size1)
{
	uint8_t path[PROOF_MAX_PATH][32], root1[32];
	struct tree *t = NULL;
	size_t n;

	assert_int_equal(tree_open(dir, head, &t, NULL), 0);
	assert_int_equal(tree_prove_consistency(t, size1, path, &n, NULL), 0);
	help_mth(0, size1, root1);
	assert_int_equal(
		proof_check_consistency(size1, head->size, (const uint8_t(*)[32])path,
			n, root1, head->root, NULL),
		0);
	root1[0] ^= 1;
	assert_int_equal(
		proof_check_consistency(size1, head->size, (const uint8_t(*)[32])path,
			n, root1, head->root, NULL),
		CU_ECORRUPT);
	root1[0] ^= 1;
	assert_int_equal(tree_root_at(t, size1, path[0], NULL), 0);
	assert_memory_equal(path[0], root1, 32);
	tree_close(t);
}

/* --- roots, proofs, files ------------------------------------------------------------------ */

static void published_root_is_that_of_rfc_6962_at_every_size_to_600(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log(dir, signer, 0);

	for (uint64_t size = 0; size <= 600; size++) {
		struct log_head head = head_of(l);
		uint8_t root[32];
		uint64_t published;

		help_mth(0, size, root);
		assert_int_equal(head.size, size);
		assert_memory_equal(head.root, root, 32);
		assert_string_equal(head.origin, ORIGIN);
		if (size > 0) {
			assert_proves(l, size - 1);
			assert_proves(l, size * 7 / 11);
			assert_extends(dir, &head, (size + 1) / 2);
			assert_extends(dir, &head, size > 1 ? size - 1 : 1);
		}
		assert_int_equal(help_append(l, size, size + 1, NULL), 0);
		assert_int_equal(ledger_publish(l, &published, NULL), 0);
		assert_int_equal(published, size + 1);
	}
	ledger_close(l);
}

static void every_proof_of_a_log_of_600_holds(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log(dir, signer, 600);
	struct log_head head = head_of(l);

	for (uint64_t i = 0; i < 600; i++) {
		assert_proves(l, i);
		assert_leaf(l, i);
		assert_extends(dir, &head, i + 1);
	}
	ledger_close(l);
}

static void roots_and_proofs_hold_around_256_squared(void **state)
{
	static const uint64_t sizes[] = { 255, 256, 257, 65535, 65536, 65537 };
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log(dir, signer, 0);

	for (size_t i = 0; i < 6; i++) {
		uint64_t size = sizes[i], from = ledger_size(l);
		struct log_head head;
		uint8_t root[32];

		assert_int_equal(help_append(l, from, size, NULL), 0);
		assert_int_equal(ledger_publish(l, NULL, NULL), 0);

		head = head_of(l);
		help_mth(0, size, root);
		assert_int_equal(head.size, size);
		assert_memory_equal(head.root, root, 32);
		for (uint64_t j = 0; j < 40; j++) {
			assert_proves(l, (j * 7919 + 13) % size);
			assert_leaf(l, (j * 7919 + 13) % size);
			assert_extends(dir, &head, (j * 4001 + 1) % size + 1);
		}
		assert_proves(l, 0);
		assert_proves(l, size - 1);
	}
	ledger_close(l);
}

static bool exists(const char *dir, const char *rel)
{
	return path_exists(scratch_path(dir, rel));
}

static void partial_tiles_go_when_the_full_one_is_there(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log(dir, signer, 100);

	assert_true(exists(dir, "tile/0/000.p/100"));
	assert_true(exists(dir, "tile/entries/000.p/100"));
	assert_false(exists(dir, "tile/1"));

	assert_int_equal(help_append(l, 100, 255, NULL), 0);
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	assert_true(exists(
		dir, "tile/0/000.p/100")); /* for those who hold the older checkpoint */
	assert_true(exists(dir, "tile/0/000.p/255"));

	assert_int_equal(help_append(l, 255, 300, NULL), 0);
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	assert_true(exists(dir, "tile/0/000"));
	assert_true(exists(dir, "tile/entries/000"));
	assert_false(exists(dir, "tile/0/000.p"));
	assert_false(exists(dir, "tile/entries/000.p"));
	assert_true(exists(dir, "tile/0/001.p/44"));
	assert_true(exists(dir, "tile/entries/001.p/44"));
	assert_true(exists(dir, "tile/1/000.p/1"));
	ledger_close(l);
}

static void tiles_are_named_as_the_specification_says(void **state)
{
	char path[TILE_PATH_SIZE];

	(void)state;
	tile_path(0, 1234067, 256, path);
	assert_string_equal(path, "tile/0/x001/x234/067");
	tile_path(63, 999, 1, path);
	assert_string_equal(path, "tile/63/999.p/1");
	tile_path(TILE_ENTRIES, 1000, 255, path);
	assert_string_equal(path, "tile/entries/x001/000.p/255");
	tile_path(0, UINT64_MAX, 255, path);
	assert_string_equal(path, "tile/0/x018/x446/x744/x073/x709/x551/615.p/255");
}

/* --- the live log -------------------------------------------------------------------------- */

static void leaves_are_read_before_and_after_they_are_published(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log(dir, signer, 300);
	struct buf b = BUF_INIT;

	assert_int_equal(help_append(l, 300, 310, NULL), 0);
	assert_int_equal(ledger_size(l), 310);
	assert_int_equal(ledger_last_outbox(l), 310);
	for (uint64_t i = 0; i < 310; i++) {
		assert_leaf(l, i);
	}
	assert_int_equal(ledger_read(l, 310, &b, NULL), CU_ENOENT);
	assert_int_equal(ledger_prove(l, 300, &b, NULL), CU_ENOENT);
	assert_int_equal(b.n, 0);
	assert_int_equal(head_of(l).size, 300);
	ledger_close(l);

	/* Closing does not publish, and loses nothing. */
	assert_int_equal(ledger_open(dir, signer, &l, NULL), 0);
	assert_int_equal(ledger_size(l), 310);
	assert_int_equal(ledger_last_outbox(l), 310);
	assert_leaf(l, 309);
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	assert_proves(l, 309);
	ledger_close(l);
	buf_done(&b);
}

struct walked {
	struct ledger *l;
	uint64_t next;
	uint64_t publish_at; /* leaves are added and published when this one is shown */
};

static int take_leaf(void *ctx, uint64_t index, struct span leaf, struct cu_err *err)
{
	struct walked *w = ctx;
	char text[LEAF_TEXT];

	(void)err;
	assert_int_equal(index, w->next++);
	assert_true(span_eq(leaf, help_leaf(index, text)));
	if (index == w->publish_at) {
		uint64_t size = ledger_size(w->l);

		assert_int_equal(help_append(w->l, size, size + 300, NULL), 0);
		assert_int_equal(ledger_publish(w->l, NULL, NULL), 0);
	}
	return 0;
}

static void a_walk_shows_each_leaf_once_whatever_is_published_meanwhile(void **state)
{
	static const uint64_t from[] = { 0, 10, 256, 290, 299, 300, 310, 319 };
	struct ledger *l = help_log(scratch_path(*state, "log"), signer, 300);
	struct walked w = { .l = l, .publish_at = UINT64_MAX };

	assert_int_equal(help_append(l, 300, 320, NULL), 0);
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		w.next = from[i];
		assert_int_equal(ledger_each(l, from[i], 320, take_leaf, &w, NULL), 0);
		assert_int_equal(w.next, 320);
	}
	w.next = 305;
	assert_int_equal(ledger_each(l, 305, 307, take_leaf, &w, NULL), 0);
	assert_int_equal(w.next, 307);

	for (uint64_t at = 100; at < 320; at += 100) { /* before, in and behind the unfilled bundle */
		w.next = 0;
		w.publish_at = at;
		assert_int_equal(ledger_each(l, 0, 320, take_leaf, &w, NULL), 0);
		assert_int_equal(w.next, 320);
	}
	ledger_close(l);
}

static void a_second_log_a_second_process_and_a_foreign_key_are_refused(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log(dir, signer, 3), *other = NULL;
	struct signer *stranger = help_signer();

	assert_int_equal(ledger_create(dir, ORIGIN, signer, NULL), CU_EEXIST);
	assert_int_equal(ledger_open(dir, signer, &other, NULL), CU_EBUSY);
	ledger_close(l);
	assert_int_equal(ledger_open(dir, stranger, &other, NULL), CU_ENOKEY);

	/* Without its checkpoint it is no log, but still nothing to write over. */
	assert_int_equal(unlink(scratch_path(dir, "checkpoint")), 0);
	assert_int_equal(ledger_open(dir, signer, &other, NULL), CU_ENOENT);
	assert_int_equal(ledger_create(dir, ORIGIN, signer, NULL), CU_EEXIST);
	signer_free(stranger);
}

static void an_older_checkpoint_put_back_is_noticed_at_once_and_at_the_next_start(
	void **state)
{
	const char *dir = scratch_path(*state, "log");
	const char *journal = scratch_path(dir, "journal");
	struct ledger *l = NULL;
	struct buf old = BUF_INIT;
	struct cu_err err;

	assert_int_equal(ledger_create(dir, ORIGIN, signer, NULL), 0);
	scratch_remove(journal);
	assert_int_equal(journal_create(journal, 0, 0, 4096, NULL), 0);
	assert_int_equal(ledger_open(dir, signer, &l, NULL), 0);
	assert_int_equal(help_append(l, 0, 10, NULL), 0);
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	assert_int_equal(ledger_checkpoint(l, &old, NULL, NULL), 0);
	for (uint64_t i = 10; i < 510; i += 50) {
		assert_int_equal(help_append(l, i, i + 50, NULL), 0);
		assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	}

	assert_int_equal(checkpoint_put(dir, buf_span(&old), NULL), 0);
	assert_int_equal(help_append(l, 510, 511, NULL), 0);
	assert_int_equal(ledger_publish(l, NULL, &err), CU_ECORRUPT);
	ledger_close(l);

	assert_int_equal(ledger_open(dir, signer, &l, &err), CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "older checkpoint"));
	buf_done(&old);
}

static void a_tile_changed_below_the_checkpoint_stops_publishing_and_opening(
	void **state)
{
	static const char *const files[] = { "tile/0/001.p/44", "tile/1/000.p/1",
		"tile/entries/001.p/44" };
	const char *dir = scratch_path(*state, "log");

	for (size_t i = 0; i < 3; i++) {
		struct ledger *l;
		struct log_head before, after;
		struct cu_err err;

		scratch_remove(dir);
		l = help_log(dir, signer, 300);
		before = head_of(l);
		assert_int_equal(help_append(l, 300, 301, NULL), 0);
		scratch_flip(scratch_path(dir, files[i]), 5, 1);

		assert_int_equal(ledger_publish(l, NULL, &err), CU_ECORRUPT);
		after = head_of(l);
		assert_int_equal(after.size, before.size);
		ledger_close(l);
		if (i < 2) {
			assert_int_equal(
				ledger_open(dir, signer, &l, &err), CU_ECORRUPT);
		}
	}
}

static void a_journal_of_another_history_is_refused(void **state)
{
	const char *dir = scratch_path(*state, "log");
	const char *journal = scratch_path(dir, "journal");
	struct ledger *l = help_log(dir, signer, 5);
	struct ledger_entry other = { 1, span_str("something else") };
	struct journal_pos pos;
	struct journal *j = NULL;
	struct cu_err err;

	ledger_close(l);
	scratch_remove(journal);
	assert_int_equal(journal_create(journal, 0, 0, 4096, NULL), 0);
	assert_int_equal(ledger_open(dir, signer, &l, &err), CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "covers 5 leaves, the journal ends at 0"));

	assert_int_equal(journal_open(journal, NULL, NULL, &j, NULL), 0);
	assert_int_equal(journal_append(j, &other, 1, &pos, NULL), 0);
	journal_close(j);
	assert_int_equal(ledger_open(dir, signer, &l, &err), CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "leaf 0 is another"));

	scratch_remove(journal);
	assert_int_equal(ledger_open(dir, signer, &l, &err), CU_ECORRUPT);
}

static void journal_segments_are_dropped_once_published_and_the_outbox_number_stays(
	void **state)
{
	const char *dir = scratch_path(*state, "log");
	const char *journal = scratch_path(dir, "journal");
	struct ledger *l = NULL;
	char **names;
	size_t n;

	assert_int_equal(ledger_create(dir, ORIGIN, signer, NULL), 0);
	scratch_remove(journal);
	assert_int_equal(journal_create(journal, 0, 0, 4096, NULL), 0);
	assert_int_equal(ledger_open(dir, signer, &l, NULL), 0);
	for (uint64_t i = 0; i < 1000; i += 100) {
		assert_int_equal(help_append(l, i, i + 100, NULL), 0);
	}
	assert_int_equal(path_list(journal, &names, &n, NULL), 0);
	assert_true(n > 3);
	path_free_names(names, n);

	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	assert_int_equal(path_list(journal, &names, &n, NULL), 0);
	assert_int_equal(n, 1);
	path_free_names(names, n);
	ledger_close(l);

	assert_int_equal(ledger_open(dir, signer, &l, NULL), 0);
	assert_int_equal(ledger_size(l), 1000);
	assert_int_equal(ledger_last_outbox(l), 1000);
	assert_int_equal(
		help_append(l, 999, 1000, NULL), CU_EINVAL); /* was in there before */
	for (uint64_t i = 0; i < 1000; i += 37) {
		assert_leaf(l, i);
	}
	ledger_close(l);
}

/* --- threads ------------------------------------------------------------------------------- */

struct reading {
	struct ledger *l;
	atomic_bool ends;
	atomic_uint nfailed, nread;
};

static void *read_on(void *ctx)
{
	struct reading *re = ctx;

	for (uint64_t i = 0; !atomic_load(&re->ends); i++) {
		uint64_t size = ledger_size(re->l), index = size ? i * 7919 % size : 0;
		struct buf b = BUF_INIT;
		char text[LEAF_TEXT];

		if (size > 0) {
			bool is_right = ledger_read(re->l, index, &b, NULL) == 0 &&
					span_eq(buf_span(&b), help_leaf(index, text));
			int r;

			buf_clear(&b);
			r = ledger_prove(re->l, index, &b, NULL);
			if (!is_right || (r != 0 && r != CU_ENOENT)) {
				atomic_fetch_add(&re->nfailed, 1);
			}
			atomic_fetch_add(&re->nread, 1);
		}
		buf_done(&b);
	}
	return NULL;
}

static void *publish_on(void *ctx)
{
	struct reading *re = ctx;

	while (!atomic_load(&re->ends)) {
		if (ledger_publish(re->l, NULL, NULL) != 0) {
			atomic_fetch_add(&re->nfailed, 1);
		}
	}
	return NULL;
}

static void reading_and_publishing_go_on_beside_appending(void **state)
{
	const char *dir = scratch_path(*state, "log");
	const char *journal = scratch_path(dir, "journal");
	struct reading re = { 0 };
	struct log_head head;
	pthread_t reader, publisher;

	assert_int_equal(ledger_create(dir, ORIGIN, signer, NULL), 0);
	scratch_remove(journal);
	assert_int_equal(journal_create(journal, 0, 0, 4096, NULL), 0);
	assert_int_equal(ledger_open(dir, signer, &re.l, NULL), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_on, &re), 0);
	assert_int_equal(pthread_create(&publisher, NULL, publish_on, &re), 0);
	for (uint64_t i = 0; i < 3000; i += 3) {
		assert_int_equal(help_append(re.l, i, i + 3, NULL), 0);
	}
	while (atomic_load(&re.nread) < 20) {
		usleep(1000);
	}
	atomic_store(&re.ends, true);
	pthread_join(reader, NULL);
	pthread_join(publisher, NULL);

	assert_int_equal(atomic_load(&re.nfailed), 0);
	assert_int_equal(ledger_publish(re.l, NULL, NULL), 0);
	ledger_close(re.l);
	assert_int_equal(help_verify(dir, &by, &head, NULL), 0);
	assert_int_equal(head.size, 3000);
}

#define IN_SCRATCH(test)                                                               \
	cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(published_root_is_that_of_rfc_6962_at_every_size_to_600),
		IN_SCRATCH(every_proof_of_a_log_of_600_holds),
		IN_SCRATCH(roots_and_proofs_hold_around_256_squared),
		IN_SCRATCH(partial_tiles_go_when_the_full_one_is_there),
		cmocka_unit_test(tiles_are_named_as_the_specification_says),
		IN_SCRATCH(leaves_are_read_before_and_after_they_are_published),
		IN_SCRATCH(a_walk_shows_each_leaf_once_whatever_is_published_meanwhile),
		IN_SCRATCH(a_second_log_a_second_process_and_a_foreign_key_are_refused),
		IN_SCRATCH(
			an_older_checkpoint_put_back_is_noticed_at_once_and_at_the_next_start),
		IN_SCRATCH(
			a_tile_changed_below_the_checkpoint_stops_publishing_and_opening),
		IN_SCRATCH(a_journal_of_another_history_is_refused),
		IN_SCRATCH(
			journal_segments_are_dropped_once_published_and_the_outbox_number_stays),
		IN_SCRATCH(reading_and_publishing_go_on_beside_appending),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
