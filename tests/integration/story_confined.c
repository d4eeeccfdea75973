/* custosd has locked itself in: it says so, works, and says what to do where that is in the way. */
#include <errno.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cage/landlock.h"
#include "stage.h"

/* Of each process of custosd's session: "2" where a filter is in force. */
static char *filters_of_all(const struct stage *st)
{
	return run_shell("for p in $(ps -s %d -o pid=); do sed -n 's/^Seccomp:[[:space:]]*//p' "
			 "/proc/$p/status; done",
		(int)st->daemon);
}

static void status_says_what_holds_custosd_and_it_is_so(void **state)
{
	struct stage *st = *state;
	const json_t *confined;
	char *filters;

	stage_ctl(st, AS_ADMIN, "status", "--json");
	stage_expect(st, 0);
	confined = json_object_get(stage_reply(st), "confined");
	assert_int_equal(json_integer_value(json_object_get(confined, "landlock")),
		landlock_abi() >= 2 ? landlock_abi() : 0);
	assert_true(json_is_true(json_object_get(confined, "seccomp")));
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "seccomp\n"));

	filters = filters_of_all(st);
	assert_string_equal(filters, "2\n2\n"); /* custosd, its launcher */
	free(filters);
}

/* Outside of all that custosd knew of at its start. */
static void make_elsewhere(struct stage *st, char path[192])
{
	snprintf(path, 192, "%s/elsewhere", st->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	if (stage_has_roles()) {
		assert_int_equal(chown(path, stage_uid(AS_DAEMON), stage_uid(AS_DAEMON)), 0);
	}
}

static void need_landlock(void)
{
	if (landlock_abi() < 2) {
		print_message("this kernel has no Landlock, or an old one\n");
		skip();
	}
}

static void wait_for_log(const struct stage *st, const char *text)
{
	for (int i = 0; i < 400; i++) {
		char *log = stage_daemon_log(st);
		bool is_there = strstr(log, text) != NULL;

		free(log);
		if (is_there) {
			return;
		}
		run_sleep_ms(25);
	}
	fail_msg("the journal does not say: %s", text);
}

static void a_target_elsewhere_waits_for_a_restart_and_is_told_so(void **state)
{
	struct stage *st = *state;
	char elsewhere[192], text[512];

	need_landlock();
	make_elsewhere(st, elsewhere);
	snprintf(text, sizeof(text),
		"vault_bound: 7d\ntargets:\n  - {target: local, kind: directory, path: %s}\n"
		"  - {target: second, kind: directory, path: %s}\n",
		st->repo, elsewhere);
	stage_policy(st, "backup.yaml", text);
	kill(st->daemon, SIGHUP);
	wait_for_log(st, "the policies stay as they were: backup.yaml: target second: custosd goes only");
	stage_ctl(st, AS_ADMIN, "status");
	assert_null(strstr(st->last.out, "second"));

	stage_stop(st);
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "backup", "run", "--target=second");
	stage_expect(st, 0);
}

/* As when a disk is mounted over it. */
static void a_target_that_became_another_is_told_from_one_that_fails(void **state)
{
	struct stage *st = *state;

	need_landlock();
	free(run_shell("mv '%s' '%s.before' && cp -rp '%s.before' '%s'", st->repo, st->repo, st->repo,
		st->repo));
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 84);
	assert_non_null(strstr(st->last.err, "then restart custosd"));

	stage_stop(st);
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

/* Of this process and all that it starts: the last test, for it cannot be taken back. */
static void take_kernel_back_in_time(void)
{
	static const char *const calls[] = { "landlock_create_ruleset", "landlock_add_rule",
		"landlock_restrict_self", "seccomp" };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	assert_non_null(filter);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_int_equal(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
					 seccomp_syscall_resolve_name(calls[i]), 0),
			0);
	}
	assert_int_equal(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
				 SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)),
		0);
	assert_int_equal(seccomp_load(filter), 0);
	seccomp_release(filter);
}

static void on_an_old_kernel_it_works_and_says_what_is_missing(void **state)
{
	struct stage *st;

	(void)state;
	take_kernel_back_in_time();
	st = stage_new();
	stage_start(st);
	stage_init(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "nothing but its user"));
	assert_non_null(strstr(st->last.out, "- Nothing but its user holds custosd back"));
	assert_non_null(strstr(st->last.out, "- Nothing in custosd holds it back from calls"));
	wait_for_log(st, "here is no Landlock and no seccomp");
	stage_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(status_says_what_holds_custosd_and_it_is_so),
		T(a_target_elsewhere_waits_for_a_restart_and_is_told_so),
		T(a_target_that_became_another_is_told_from_one_that_fails),
		cmocka_unit_test(on_an_old_kernel_it_works_and_says_what_is_missing),
#undef T
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("confined", tests, NULL, NULL);
}
