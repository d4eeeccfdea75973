#include "sample.h"

#include <errno.h>

#include "backup/chain.h"
#include "backup/check.h"
#include "backup/object.h"
#include "backup/prune.h"
#include "backup/restore.h"
#include "fault.h"

#define BOUND (7 * 86400000LL)
#define HOUR  3600000LL

static struct sample s;

/* One repository, copied by each test:
 *   0 h   backup 1: persons 0 to 3, generation 1
 *   10 h  backup 2: the same, generation 1
 *   20 h  person 0 is erased; backup 3 brings the vault object of generation 2
 *   30 h  backup 4: generation 2 */
static int64_t at_ms[4];

static int make_sample(void **state)
{
	if (make_tmp(state) < 0) {
		return -1;
	}
	sample_make(&s, at("store"));
	sample_add(&s, 4);
	for (unsigned i = 0; i < 4; i++) {
		if (i == 2) {
			sample_erase(&s, 0);
		}
		(void)(i == 2 ? sample_vault_object(&s, at("base"))
			      : sample_snapshot(&s, at("base")));
		at_ms[i] = s.now_ms;
		s.now_ms += 10 * HOUR;
	}
	return 0;
}

static int drop_sample(void **state)
{
	sample_close(&s);
	return drop_tmp(state);
}

static struct repo copy(const char *name)
{
	struct repo r;
	struct cu_err err = { 0 };

	remove_tree(at("%s", name));
	assert_int_equal(shell("cp -r base %s", name), 0);
	assert_ok(repo_open(at("%s", name), &r, &err), &err);
	return r;
}

static struct prune_source source_at(int64_t now_ms)
{
	return (struct prune_source){ .manifest_key = &s.verifier,
		.store = store_id(s.store),
		.lineage = store_lineage(s.store),
		.generation = 2,
		.known_sequence = 4,
		.now_ms = now_ms,
		.bound_ms = BOUND };
}

static struct prune_view look(struct repo *r, int64_t now_ms)
{
	struct prune_source src = source_at(now_ms);
	struct prune_view view;
	struct cu_err err = { 0 };

	assert_ok(prune_look(r, &src, &view, &err), &err);
	return view;
}

/* The states of all objects, in order; of one generation in that of their hashes:
 * chance. */
static void assert_states(struct repo *r, int64_t now_ms, const char *expected)
{
	struct prune_view view = look(r, now_ms);
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < view.n; i++) {
		buf_putf(
			&text, "%s%s", i ? " " : "", prune_state_word(view.v[i].state));
	}
	assert_string_equal(buf_cstr(&text), expected);
	buf_done(&text);
	prune_view_done(&view);
}

static unsigned count(struct repo *r, int64_t now_ms, enum prune_state state)
{
	struct prune_view view = look(r, now_ms);
	unsigned n = 0;

	for (size_t i = 0; i < view.n; i++) {
		n += view.v[i].state == state;
	}
	prune_view_done(&view);
	return n;
}

static void prune(struct repo *r, int64_t now_ms)
{
	struct prune_view view = look(r, now_ms);
	struct cu_err err = { 0 };

	assert_ok(prune_run(r, &view, NULL, &err), &err);
	prune_view_done(&view);
}

static unsigned faults(struct repo *r)
{
	struct check_options options = { .is_reading_data = true,
		.manifest_key = &s.verifier };
	struct check_report report;
	struct cu_err err = { 0 };

	assert_ok(check_run(r, &options, NULL, NULL, NULL, &report, &err), &err);
	return (unsigned)report.faults;
}

/* A file beside the objects, as if it were one of this generation. */
static void put_unnamed(const char *repo, unsigned generation, char fill)
{
	assert_int_equal(
		shell("echo noise > %s/vault/%020u-$(printf '%%064d' 0 | tr 0 %c)",
			repo, generation, fill),
		0);
}

static void an_object_goes_a_bound_after_it_was_superseded(void **state)
{
	struct repo r = copy("goes");
	(void)state;

	/* backup 2 took the place of 1, 3 that of 2, 4 that of 3 */
	assert_int_equal(count(&r, at_ms[1] + BOUND - 1, PRUNE_OLD), 0);
	assert_int_equal(count(&r, at_ms[1] + BOUND, PRUNE_OLD), 1);
	assert_int_equal(count(&r, at_ms[2] + BOUND - 1, PRUNE_OLD), 1);
	assert_int_equal(count(&r, at_ms[2] + BOUND, PRUNE_OLD), 2);

	prune(&r, at_ms[1] + BOUND);
	assert_int_equal(count(&r, at_ms[1] + BOUND, PRUNE_OLD), 0);
	assert_int_equal(count(&r, at_ms[1] + BOUND, PRUNE_WITHIN), 2);
	assert_int_equal(faults(&r), 0);
	prune(&r, at_ms[2] + BOUND);
	assert_int_equal(count(&r, 0, PRUNE_WITHIN), 1);
	assert_int_equal(count(&r, 0, PRUNE_NEWEST), 1);
	assert_int_equal(faults(&r), 0);
}

static void the_newest_never_goes(void **state)
{
	struct repo r = copy("newest");
	(void)state;

	prune(&r, at_ms[3] + 1000 * BOUND);
	assert_states(&r, at_ms[3] + 1000 * BOUND, "newest");
	assert_int_equal(faults(&r), 0);
}

static void the_first_backup_is_restored_with_the_newest_vault_object(void **state)
{
	struct repo r = copy("first");
	struct restore_options options = { .sequence = 1, .now_ms = s.now_ms };
	struct restore_report report = { 0 };
	struct sample got;
	struct cu_err err = { 0 };
	(void)state;

	prune(&r, at_ms[3] + BOUND);
	assert_ok(restore_run(r.dir, buf_span(&s.identity), at("restored"), &options,
			  NULL, &report, &err),
		&err);
	sample_paths(&got, at("restored"));
	sample_open(&got);
	assert_false(sample_has(&got, &s.people[0], 0));
	for (unsigned i = 1; i < 4; i++) {
		assert_true(sample_has(&got, &s.people[i], i));
	}
	sample_close(&got);
}

static void dates_of_files_do_not_count(void **state)
{
	struct repo r = copy("dates");
	(void)state;

	assert_int_equal(shell("touch -d 1999-01-01 dates/vault/*"), 0);
	assert_int_equal(count(&r, at_ms[1] + BOUND - 1, PRUNE_OLD), 0);
	assert_int_equal(shell("touch -d 2099-01-01 dates/vault/*"), 0);
	assert_int_equal(count(&r, at_ms[1] + BOUND, PRUNE_OLD), 1);
}

static void strays_of_generations_that_are_named_go_at_once(void **state)
{
	struct repo r = copy("strays");
	(void)state;

	put_unnamed("strays", 1, 'a');
	put_unnamed("strays", 2, 'b');
	assert_int_equal(
		shell("echo half > strays/tmp/00112233445566778899aabbccddeeff"), 0);
	assert_int_equal(count(&r, at_ms[3], PRUNE_STRAY), 3);

	prune(&r, at_ms[3]);
	assert_int_equal(count(&r, at_ms[3], PRUNE_STRAY), 0);
	assert_int_equal(count(&r, at_ms[3], PRUNE_WITHIN), 3);
	assert_int_equal(shell("test -z \"$(ls strays/tmp)\""), 0);
}

static void an_object_beyond_the_store_is_never_touched(void **state)
{
	struct repo r = copy("beyond");
	(void)state;

	put_unnamed("beyond", 3, 'a');
	put_unnamed("beyond", 4, 'b');
	prune(&r, at_ms[3] + 9 * BOUND);
	assert_states(&r, at_ms[3], "newest beyond beyond");
}

static void an_unnamed_object_of_ours_waits_for_a_manifest_as_new(void **state)
{
	struct repo r = copy("pending");
	struct prune_source src = source_at(at_ms[3] + 9 * BOUND);
	struct prune_view view;
	struct cu_err err = { 0 };
	(void)state;

	put_unnamed("pending", 3, 'a');
	src.generation = 3;
	assert_ok(prune_look(&r, &src, &view, &err), &err);
	assert_ok(prune_run(&r, &view, NULL, &err), &err);
	prune_view_done(&view);
	assert_ok(prune_look(&r, &src, &view, &err), &err);
	assert_int_equal(view.n, 2);
	assert_int_equal(view.v[1].state, PRUNE_PENDING);
	prune_view_done(&view);
}

static void what_custos_did_not_name_is_left_alone(void **state)
{
	struct repo r = copy("foreign");
	(void)state;

	assert_int_equal(shell("echo x > foreign/vault/copy.bak"), 0);
	prune(&r, at_ms[3] + 9 * BOUND);
	assert_states(&r, at_ms[3], "newest foreign");
}

static void assert_nothing_goes(const char *name, int code, const char *text)
{
	struct prune_source src = source_at(at_ms[3] + 9 * BOUND);
	struct prune_view view = { 0 };
	struct repo r;
	struct cu_err err = { 0 };
	int got;

	assert_ok(repo_open(at("%s", name), &r, &err), &err);
	got = prune_look(&r, &src, &view, &err);
	if (got == 0) {
		got = prune_run(&r, &view, NULL, &err);
	}
	if (got != code) {
		fail_msg("code %d instead of %d: %s", got, code, err.msg);
	}
	assert_says(&err, text);
	prune_view_done(&view);
}

static void nothing_goes_while_the_newest_is_missing_or_damaged(void **state)
{
	(void)state;

	copy("damaged");
	/* the newest: the one that manifest 4 names */
	assert_int_equal(
		shell("f=damaged/vault/%020d-$(awk '$1==\"vault\"{print $3}' "
		      "damaged/manifest/0000000004); printf X | dd of=$f bs=1 seek=200 "
		      "conv=notrunc status=none",
			2),
		0);
	assert_nothing_goes("damaged", CU_ECORRUPT, "vault/");
	assert_int_equal(shell("test $(ls damaged/vault | wc -l) = 4"), 0);
	assert_int_equal(shell("rm damaged/vault/%020d-$(awk '$1==\"vault\"{print $3}' "
			       "damaged/manifest/0000000004)",
				 2),
		0);
	assert_nothing_goes("damaged", CU_ENOENT, "vault/");
	assert_int_equal(shell("test $(ls damaged/vault | wc -l) = 3"), 0);
}

static void nothing_goes_when_one_of_the_two_was_rolled_back(void **state)
{
	struct prune_source src = source_at(at_ms[3] + 9 * BOUND);
	struct repo r = copy("rolled");
	struct prune_view view;
	struct cu_err err = { 0 };
	(void)state;

	src.generation = 1;
	assert_int_equal(prune_look(&r, &src, &view, &err), CU_ECORRUPT);
	assert_says(&err, "the store was rolled back");
	assert_int_equal(shell("rm rolled/manifest/0000000004*"), 0);
	assert_nothing_goes("rolled", CU_ECORRUPT, "this repository was rolled back");
}

static void nothing_goes_from_the_repository_of_another_lineage(void **state)
{
	struct prune_source src = source_at(at_ms[3] + 9 * BOUND);
	struct repo r = copy("lineage");
	struct prune_view view;
	struct cu_err err = { 0 };
	(void)state;

	src.lineage = id_new();
	assert_int_equal(prune_look(&r, &src, &view, &err), CU_EEXIST);
}

/* --- stopped at each call
 * ------------------------------------------------------------- */

static int prune_story(void *ctx)
{
	struct prune_source src = source_at(at_ms[3] + 9 * BOUND);
	struct prune_view view = { 0 };
	struct cu_err err = { 0 };
	int r = prune_look(ctx, &src, &view, &err);

	if (r == 0) {
		r = prune_run(ctx, &view, NULL, &err);
	}
	prune_view_done(&view);
	return r;
}

static void killed_at_any_call_the_next_run_does_the_rest(void **state)
{
	static const enum fault_how hows[] = { FAULT_EXIT, FAULT_POWER };
	(void)state;

	for (size_t h = 0; h < sizeof(hows) / sizeof(*hows); h++) {
		int is_over = 0;

		for (long n = 1; !is_over; n++) {
			struct repo r = copy("killed");

			put_unnamed("killed", 1, 'a');
			is_over = fault_run(FAULT_ANY, n, hows[h], 0, prune_story, &r);
			assert_true(is_over >= 0);
			assert_true(!is_over || n > 5); /* it was stopped before that */
			assert_int_equal(count(&r, at_ms[3], PRUNE_NEWEST), 1);
			assert_int_equal(faults(&r), 0);
			prune(&r, at_ms[3] + 9 * BOUND);
			assert_states(&r, at_ms[3], "newest");
		}
	}
}

static void a_failed_deletion_is_told(void **state)
{
	struct repo r = copy("failed");
	struct prune_source src = source_at(at_ms[3] + 9 * BOUND);
	struct prune_view view;
	struct cu_err err = { 0 };
	(void)state;

	assert_ok(prune_look(&r, &src, &view, &err), &err);
	fault_arm(FAULT_NAME, 1, FAULT_FAIL_ALL, EIO);
	assert_int_equal(prune_run(&r, &view, NULL, &err), CU_EIO);
	fault_disarm();
	assert_says(&err, "remove vault/");
	prune_view_done(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_goes_a_bound_after_it_was_superseded),
		cmocka_unit_test(the_newest_never_goes),
		cmocka_unit_test(
			the_first_backup_is_restored_with_the_newest_vault_object),
		cmocka_unit_test(dates_of_files_do_not_count),
		cmocka_unit_test(strays_of_generations_that_are_named_go_at_once),
		cmocka_unit_test(an_object_beyond_the_store_is_never_touched),
		cmocka_unit_test(an_unnamed_object_of_ours_waits_for_a_manifest_as_new),
		cmocka_unit_test(what_custos_did_not_name_is_left_alone),
		cmocka_unit_test(nothing_goes_while_the_newest_is_missing_or_damaged),
		cmocka_unit_test(nothing_goes_when_one_of_the_two_was_rolled_back),
		cmocka_unit_test(nothing_goes_from_the_repository_of_another_lineage),
		cmocka_unit_test(killed_at_any_call_the_next_run_does_the_rest),
		cmocka_unit_test(a_failed_deletion_is_told),
	};

	return cmocka_run_group_tests_name("prune", tests, make_sample, drop_sample);
}
