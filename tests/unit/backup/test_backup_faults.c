/* What if the process dies, the power goes, or the disk fails, at just this call? */
#include "sample.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "backup/check.h"
#include "backup/restore.h"
#include "db/db.h"
#include "fault.h"

static struct note_verifier verifier;
static struct buf identity;
static struct id store, lineage;
static struct recipients_file recipients;
static struct id person;
static int64_t now_ms;
static bool *is_acked; /* shared with the children: the run returned 0 */

static int make_sample(void **state)
{
	struct sample s;

	if (make_tmp(state) < 0) {
		return -1;
	}
	sample_make(&s, at("store"));
	sample_add(&s, 3);
	sample_snapshot(&s, at("base"));
	sample_add(&s, 1);
	s.known_sequence = 0; /* another repository */
	sample_snapshot(&s, at("source"));
	sample_snapshot(&s, at("source"));
	verifier = s.verifier;
	store = store_id(s.store);
	lineage = store_lineage(s.store);
	recipients = s.recipients;
	person = s.people[0];
	now_ms = s.now_ms + 1000;
	is_acked = mmap(NULL, sizeof(*is_acked), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	buf_put_span(&identity, buf_span(&s.identity));
	sample_close(&s); /* a child has to open it, without the writer's thread */
	return 0;
}

static int drop_sample(void **state)
{
	buf_done(&identity);
	return drop_tmp(state);
}

/* --- snapshots -------------------------------------------------------------------------- */

/* In a child: everything is opened, then the fault is armed for the run alone. */
static int back_up(const char *name, bool has_data, long nth, enum fault_how how, int number)
{
	struct snapshot_source src = { .store = store, .lineage = lineage, .time_ms = now_ms,
		.log_dir = at("store/log"), .recipients = &recipients, .subjects = 4,
		.records = 4 };
	struct snapshot_result result;
	struct sample s;
	struct repo repo;
	sqlite3 *db = NULL;
	struct cu_err err = { 0 };
	struct buf wrapped = BUF_INIT;
	int r;

	sample_paths(&s, at("store"));
	assert_ok(key_arena_new(VAULT_NODES_CACHED + 8, &s.arena, &err), &err);
	assert_ok(key_new(s.arena, &s.k0, &err), &err);
	assert_ok(root_key_get(s.ring_dir, s.k0, &err), &err);
	read_all(at("store/keys/1/log.key"), &wrapped);
	assert_ok(signer_unwrap(buf_span(&wrapped), s.k0, &s.signer, &err), &err);
	assert_ok(vault_open(s.dir, s.k0, s.arena, &s.vault, &err), &err);
	assert_ok(db_open(at("store/data.db"), DB_WRITE, true, &db, &err), &err);
	assert_ok(vault_capture_begin(s.vault, &recipients.vault, 1, &src.vault, &err), &err);
	assert_ok(db_image_begin(db, at("store/data.db"), &src.data, &err), &err);
	assert_ok(repo_open(at("%s", name), &repo, &err), &err);
	src.signer = s.signer;

	fault_arm(FAULT_ANY, nth, how, number);
	r = has_data ? snapshot_run(&src, &repo, NULL, &result, &err) :
		       vault_object_put(&src, &repo, NULL, &result, &err);
	*is_acked = r == 0;
	/* a call at which to die after the promise */
	(void)path_sync_dir(tmp, NULL);
	fault_disarm();
	vault_capture_end(src.vault);
	db_image_end(src.data);
	return r;
}

/* 1: the run ended well; 0: it died or failed, as it was told. */
static int back_up_apart(const char *name, bool has_data, long nth, enum fault_how how,
	int number)
{
	int status;
	pid_t pid;

	fflush(NULL);
	*is_acked = false;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(back_up(name, has_data, nth, how, number) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (how == FAULT_FAIL || how == FAULT_FAIL_ALL || nth == 0) {
		assert_in_range(WEXITSTATUS(status), 0, 1);
	} else {
		assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULT_STATUS);
	}
	return WEXITSTATUS(status) == 0;
}

static void print_fault(void *ctx, enum check_kind kind, const char *object, const char *text)
{
	(void)ctx;
	if (kind == CHECK_FAULT) {
		print_message("%s: %s\n", object, text);
	}
}

static uint64_t whole_manifests(const char *name)
{
	struct check_options options = { .is_reading_data = true, .manifest_key = &verifier };
	struct check_report report;
	struct repo r;
	struct cu_err err = { 0 };

	assert_ok(repo_open(at("%s", name), &r, &err), &err);
	assert_ok(check_run(&r, &options, print_fault, NULL, NULL, &report, &err), &err);
	assert_int_equal(report.faults, 0);
	return report.manifests;
}

static void interrupt_at_every_call(bool has_data, enum fault_how how, int number)
{
	long nth = 0;
	int is_done = 0;

	while (!is_done) {
		uint64_t n;

		remove_tree(at("repo"));
		assert_int_equal(shell("cp -r base repo"), 0);
		is_done = back_up_apart("repo", has_data, ++nth, how, number);
		n = whole_manifests("repo");
		/* what was promised is there; what was not may be */
		assert_in_range(n, *is_acked ? 2 : 1, 2);
		if (!is_done && nth % 4 == 0) {
			assert_int_equal(back_up_apart("repo", has_data, 0, FAULT_COUNT, 0), 1);
			assert_int_equal(whole_manifests("repo"), n + 1);
		}
		assert_true(nth < 500);
	}
	print_message("%ld calls\n", nth - 1);
	assert_true(nth > 20);
}

static void a_killed_run_leaves_a_whole_repository(void **state)
{
	(void)state;
	interrupt_at_every_call(true, FAULT_TEAR, 0);
}

static void a_power_cut_leaves_a_whole_repository(void **state)
{
	(void)state;
	interrupt_at_every_call(true, FAULT_POWER, 0);
	interrupt_at_every_call(true, FAULT_SHUFFLE, 0);
}

static void a_full_disk_leaves_a_whole_repository(void **state)
{
	(void)state;
	interrupt_at_every_call(true, FAULT_FAIL_ALL, ENOSPC);
}

static void a_failing_disk_leaves_a_whole_repository(void **state)
{
	(void)state;
	interrupt_at_every_call(true, FAULT_FAIL, EIO);
}

static void a_power_cut_during_a_vault_object_leaves_a_whole_repository(void **state)
{
	(void)state;
	interrupt_at_every_call(false, FAULT_POWER, 0);
}

/* --- restores --------------------------------------------------------------------------- */

/* Of the newest, and of the older one: then the newest is there beside it for a while. */
static uint64_t wanted;

static int restore(struct restore_report *ret, struct cu_err *err)
{
	struct restore_options options = { .sequence = wanted, .now_ms = now_ms };

	return restore_run(at("source"), buf_span(&identity), at("out"), &options, NULL, ret, err);
}

static void assert_restored(void)
{
	struct sample got;

	sample_paths(&got, at("out"));
	sample_open(&got);
	assert_true(sample_has(&got, &person, 0));
	sample_close(&got);
	remove_tree(at("out"));
}

static void restore_onto_a_failing_disk(uint64_t sequence, long step)
{
	bool tells_how_much = false;
	long nth = 1 - step;
	int r = -1;

	wanted = sequence;
	while (r < 0) {
		struct restore_report report;
		struct cu_err err = { 0 };

		nth += step;
		fault_arm(FAULT_ANY, nth, FAULT_FAIL, ENOSPC);
		r = restore(&report, &err);
		fault_disarm();
		if (r < 0) {
			assert_true(strlen(err.msg) > 10);
			tells_how_much |= strstr(err.msg, "needs another 1 MiB here for a while") != NULL;
			if (shell("test ! -e out && test ! -e .out.restoring") != 0) {
				fail_msg("call %ld: something was left: %s", nth, err.msg);
			}
		}
		assert_true(nth < 2000);
	}
	print_message("%ld calls\n", nth - 1);
	assert_true(nth > 40);
	assert_int_equal(tells_how_much, sequence == 1);
	assert_restored();
}

static void a_restore_onto_a_failing_disk_leaves_nothing(void **state)
{
	(void)state;
	restore_onto_a_failing_disk(2, 1);
	restore_onto_a_failing_disk(1, 3);
}

static int restore_story(void *ctx)
{
	struct restore_report report;
	struct cu_err err = { 0 };

	(void)ctx;
	return restore(&report, &err);
}

static void a_killed_restore_is_followed_by_one_that_works(void **state)
{
	long nth;
	int is_done = 0;
	(void)state;

	wanted = 1;
	for (nth = 1; !is_done; nth += nth < 12 ? 1 : 7) {
		struct restore_report report;
		struct cu_err err = { 0 };

		is_done = fault_run(FAULT_ANY, nth, FAULT_EXIT, 0, restore_story, NULL);
		assert_true(is_done >= 0);
		if (!is_done && !path_exists(at("out"))) {
			assert_ok(restore(&report, &err), &err);
		}
		assert_restored();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_run_leaves_a_whole_repository),
		cmocka_unit_test(a_power_cut_leaves_a_whole_repository),
		cmocka_unit_test(a_full_disk_leaves_a_whole_repository),
		cmocka_unit_test(a_failing_disk_leaves_a_whole_repository),
		cmocka_unit_test(a_power_cut_during_a_vault_object_leaves_a_whole_repository),
		cmocka_unit_test(a_restore_onto_a_failing_disk_leaves_nothing),
		cmocka_unit_test(a_killed_restore_is_followed_by_one_that_works),
	};

	return cmocka_run_group_tests(tests, make_sample, drop_sample);
}
