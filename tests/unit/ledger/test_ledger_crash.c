#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>

#include "fault.h"
#include "ledger/journal.h"
#include "ledger_help.h"

/* --- the story ----------------------------------------------------------------------------- */

#define BASE_PUBLISHED 250
#define BASE_SIZE      253  /* 3 leaves stand in the journal alone */
#define SEGMENT        4096 /* so that the story changes segments */
#define FINAL_SIZE     600

/* Batches end at these sizes, across the borders of tiles at 256 and 512. */
static const struct {
	uint64_t size;
	bool is_published;
} steps[] = { { 255, false }, { 258, true }, { 300, false }, { 420, true },
	{ 421, true }, { 600, true } };

#define NSTEPS (sizeof(steps) / sizeof(steps[0]))

/* What the story was told has happened; in memory that outlives the process it runs in. */
struct told {
	uint64_t acked, published;
};

static struct signer *signer;
static struct note_verifier by;
static struct told *told;

struct scene {
	char base[PATH_SIZE], dir[PATH_SIZE];
	bool ends_early; /* a run of the story after the first only opens and appends once */
	int nruns;
};

/* Opens the log and does what is left to do, from whatever state. */
static int story(void *ctx)
{
	struct scene *scene = ctx;
	struct ledger *l = NULL;
	struct cu_err err;
	int r = ledger_open(scene->dir, signer, &l, &err);

	told->acked = r == 0 ? ledger_size(l) : told->acked;
	scene->nruns++;
	for (size_t i = 0; r == 0 && i < NSTEPS; i++) {
		uint64_t size = ledger_size(l), published = 0;
		bool is_second = scene->nruns > 1 && scene->ends_early;

		if (size < steps[i].size) {
			r = help_append(l, size, steps[i].size, &err);
			told->acked = r == 0 ? steps[i].size : told->acked;
			if (is_second) {
				break;
			}
		}
		if (r == 0 && steps[i].is_published && !is_second) {
			r = ledger_publish(l, &published, &err);
			told->published = r == 0 ? published : told->published;
		}
		if (r == CU_EIO) {
			/* Nobody knows what is on the disk: nothing may go on. */
			assert_int_equal(help_append(l, 1000, 1001, NULL), CU_EIO);
			assert_int_equal(ledger_publish(l, NULL, NULL), CU_EIO);
		}
	}
	ledger_close(l);
	return r;
}

static int group_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct ledger *l = NULL;
	char *root = scratch_new();
	const char *journal;

	signer = help_signer();
	by = help_verifier(signer);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(told, MAP_FAILED);
	strcpy(scene->base, scratch_path(root, "base"));
	strcpy(scene->dir, scratch_path(root, "log"));
	journal = scratch_path(scene->base, "journal");
	assert_int_equal(ledger_create(scene->base, ORIGIN, signer, NULL), 0);
	scratch_remove(journal);
	assert_int_equal(journal_create(journal, 0, 0, SEGMENT, NULL), 0);
	assert_int_equal(ledger_open(scene->base, signer, &l, NULL), 0);
	assert_int_equal(help_append(l, 0, BASE_PUBLISHED, NULL), 0);
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	assert_int_equal(help_append(l, BASE_PUBLISHED, BASE_SIZE, NULL), 0);
	ledger_close(l);
	free(root);
	*state = scene;
	return 0;
}

static int group_teardown(void **state)
{
	struct scene *scene = *state;

	*strrchr(scene->base, '/') = '\0';
	scratch_remove(scene->base);
	free(scene);
	munmap(told, sizeof(*told));
	signer_free(signer);
	return 0;
}

static void begin(struct scene *scene, const char *from)
{
	help_copy(from, scene->dir);
	*told = (struct told){ BASE_SIZE, BASE_PUBLISHED };
}

/* --- what must hold afterwards -------------------------------------------------------------- */

static bool is_border(uint64_t size)
{
	for (size_t i = 0; i < NSTEPS; i++) {
		if (steps[i].size == size) {
			return true;
		}
	}
	return size == BASE_SIZE;
}

#define CHECK(what)                                                                    \
	do {                                                                           \
		if (!(what)) {                                                         \
			fail_msg("%s %ld: not so: %s (%s)", mode, n, #what, err.msg);  \
		}                                                                      \
	} while (0)

/* What others see at this moment is whole, and covers all that was said to be published. */
static void check_published(const struct scene *scene, const char *mode, long n)
{
	struct cu_err err = { 0, "" };
	struct log_head head = { .size = 0 };

	CHECK(help_verify(scene->dir, &by, &head, &err) == 0);
	CHECK(head.size >= told->published);
	CHECK(head.size == BASE_PUBLISHED || is_border(head.size));
}

/* All that was acknowledged is there, a batch is there as a whole, every leaf is in its place,
 * and the rest of the story leads to the same log as without the accident. */
static void check_recovery(struct scene *scene, const char *mode, long n)
{
	struct cu_err err = { 0, "" };
	struct ledger *l = NULL;
	struct log_head head;
	struct buf b = BUF_INIT;
	uint64_t size;

	CHECK(ledger_open(scene->dir, signer, &l, &err) == 0);
	size = ledger_size(l);
	CHECK(size >= told->acked);
	CHECK(is_border(size));
	CHECK(ledger_last_outbox(l) == size);
	/* The root that is checked below tells of all leaves; these are read one by one. */
	for (uint64_t i = size - 1; i >= BASE_PUBLISHED; i -= i > size - 5 ? 1 : 23) {
		char text[LEAF_TEXT];

		buf_clear(&b);
		CHECK(ledger_read(l, i, &b, &err) == 0);
		CHECK(span_eq(buf_span(&b), help_leaf(i, text)));
	}
	ledger_close(l);
	buf_done(&b);

	CHECK(story(scene) == 0);
	CHECK(help_verify(scene->dir, &by, &head, &err) == 0);
	CHECK(head.size == FINAL_SIZE);
}

/* --- accidents ------------------------------------------------------------------------------ */

static long die_at_every_call(struct scene *scene, const char *from, enum fault_how how,
	const char *mode, long first, long step, long limit)
{
	long n;

	for (n = first; n < limit; n += step) {
		int r;

		begin(scene, from);
		r = fault_run(FAULT_ANY, n, how, 0, story, scene);
		assert_int_not_equal(r, -1);
		check_published(scene, mode, n);
		check_recovery(scene, mode, n);
		if (r == 1) {
			break;
		}
	}
	return n;
}

static void killed_at_any_call_the_log_has_the_same_leaves_in_the_same_order(
	void **state)
{
	struct scene *scene = *state;
	long n =
		die_at_every_call(scene, scene->base, FAULT_EXIT, "exit", 1, 1, 100000);

	print_message("killed before each of %ld calls\n", n - 1);
	assert_true(n > 50);
}

static void killed_within_any_write_the_log_has_the_same_leaves_in_the_same_order(
	void **state)
{
	struct scene *scene = *state;
	long n =
		die_at_every_call(scene, scene->base, FAULT_TEAR, "tear", 1, 1, 100000);

	print_message("killed within each write of %ld calls\n", n - 1);
	assert_true(n > 50);
}

static void without_power_at_any_call_only_what_was_synced_is_needed(void **state)
{
	struct scene *scene = *state;
	long n = die_at_every_call(
		scene, scene->base, FAULT_POWER, "power", 1, 1, 100000);

	print_message("power cut before each of %ld calls\n", n - 1);
	assert_true(n > 50);
}

static void sectors_and_names_that_were_not_synced_may_be_lost_in_any_mixture(
	void **state)
{
	struct scene *scene = *state;
	long n = die_at_every_call(
		scene, scene->base, FAULT_SHUFFLE, "shuffle", 1, 1, 100000);

	print_message("power cut with a random rest before each of %ld calls\n", n - 1);
	assert_true(n > 50);
}

static void a_second_power_cut_while_the_first_is_mended_changes_nothing(void **state)
{
	struct scene *scene = *state;
	char between[PATH_SIZE + 8];
	long nruns = 0;

	snprintf(between, sizeof(between), "%s.between", scene->dir);
	for (long n = 5;; n += 17) {
		int r;

		begin(scene, scene->base);
		r = fault_run(FAULT_ANY, n, FAULT_EXIT, 0, story, scene);
		assert_int_not_equal(r, -1);
		if (r == 1) {
			break;
		}
		help_copy(scene->dir, between);
		nruns += die_at_every_call(
			scene, between, FAULT_POWER, "twice", 1 + n % 3, 3, 60);
	}
	print_message("%ld pairs of accidents\n", nruns / 3);
	scratch_remove(between);
}

/* An error instead of a crash: the process lives on, with what it believes to know. */
static void fail_every_call(struct scene *scene, unsigned kinds, enum fault_how how,
	int error_number, const char *mode)
{
	long n, seen;

	for (n = 1;; n++) {
		int r;

		begin(scene, scene->base);
		fault_arm(kinds, n, how, error_number);
		r = story(scene);
		seen = fault_disarm();
		check_published(scene, mode, n);
		check_recovery(scene, mode, n);
		if (seen < n) {
			assert_int_equal(r, 0);
			break;
		}
	}
	print_message("%s: %ld calls failed\n", mode, n - 1);
	assert_true(n > 10);
}

static void a_sync_that_fails_anywhere_stops_the_log_and_loses_nothing(void **state)
{
	fail_every_call(*state, FAULT_SYNC, FAULT_FAIL, EIO, "sync fails");
}

static void a_write_that_fails_anywhere_loses_nothing(void **state)
{
	fail_every_call(*state, FAULT_ANY & ~FAULT_SYNC, FAULT_FAIL, EIO, "call fails");
}

static void a_disk_that_is_full_from_any_call_on_loses_nothing(void **state)
{
	fail_every_call(*state, FAULT_WRITE | FAULT_CREATE | FAULT_SPACE | FAULT_NAME,
		FAULT_FAIL_ALL, ENOSPC, "disk full");
}

/* A process that was killed leaves names and writes that no sync has covered; the next one must
 * not take them for durable. */
static void what_is_found_and_added_after_a_kill_outlives_a_power_cut(void **state)
{
	struct scene *scene = *state;
	int r = 0;

	scene->ends_early = true;
	for (long n = 1; r == 0; n++) {
		begin(scene, scene->base);
		scene->nruns = 0;
		r = fault_run_twice(FAULT_ANY, n, story, scene);
		assert_int_not_equal(r, -1);

		check_published(scene, "found", n);
		scene->ends_early = false;
		check_recovery(scene, "found", n);
		scene->ends_early = true;
	}
	scene->ends_early = false;
}

static void what_is_told_after_a_kill_outlives_a_power_cut(void **state)
{
	struct scene *scene = *state;
	int r = 0;

	for (long n = 1; r == 0; n++) {
		begin(scene, scene->base);
		r = fault_run_twice(FAULT_ANY, n, story, scene);
		assert_int_not_equal(r, -1);

		assert_int_equal(told->acked, FINAL_SIZE);
		assert_int_equal(told->published, FINAL_SIZE);
		check_published(scene, "told", n);
		check_recovery(scene, "told", n);
	}
}

static int create(void *ctx)
{
	int r = ledger_create(ctx, ORIGIN, signer, NULL);

	if (r == CU_EEXIST) {
		struct ledger *l = NULL;

		r = ledger_open(
			ctx, signer, &l, NULL); /* created, but it was not told */
		ledger_close(l);
	}
	return r;
}

static void a_log_whose_creation_was_cut_short_is_created_again(void **state)
{
	struct scene *scene = *state;
	char dir[PATH_SIZE + 16];
	int r = 0;

	snprintf(dir, sizeof(dir), "%s/below/new", scene->dir);
	for (long n = 1; r == 0; n++) {
		struct ledger *l = NULL;

		scratch_remove(scene->dir);
		r = fault_run_twice(FAULT_ANY, n, create, dir);
		assert_int_not_equal(r, -1);

		assert_int_equal(ledger_open(dir, signer, &l, NULL), 0);
		assert_int_equal(ledger_size(l), 0);
		assert_int_equal(help_append(l, 0, 2, NULL), 0);
		ledger_close(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			killed_at_any_call_the_log_has_the_same_leaves_in_the_same_order),
		cmocka_unit_test(
			killed_within_any_write_the_log_has_the_same_leaves_in_the_same_order),
		cmocka_unit_test(
			without_power_at_any_call_only_what_was_synced_is_needed),
		cmocka_unit_test(
			sectors_and_names_that_were_not_synced_may_be_lost_in_any_mixture),
		cmocka_unit_test(
			a_second_power_cut_while_the_first_is_mended_changes_nothing),
		cmocka_unit_test(
			a_sync_that_fails_anywhere_stops_the_log_and_loses_nothing),
		cmocka_unit_test(a_write_that_fails_anywhere_loses_nothing),
		cmocka_unit_test(a_disk_that_is_full_from_any_call_on_loses_nothing),
		cmocka_unit_test(
			what_is_found_and_added_after_a_kill_outlives_a_power_cut),
		cmocka_unit_test(what_is_told_after_a_kill_outlives_a_power_cut),
		cmocka_unit_test(a_log_whose_creation_was_cut_short_is_created_again),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
