/* Somebody watches: a screen on a terminal, lines elsewhere. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"
#include "terminal.h"

static void expect(const char *text, const char *what)
{
	if (!strstr(text, what)) {
		fail_msg("no '%s' in:\n%s", what, text);
	}
}

static void open_request(struct stage *st)
{
	stage_ctl_text(st, AS_PRIVACY, "Please.\n", "request", "open", "access", "--received=2026-01-05",
		"--law=gdpr", "--channel=letter");
	stage_expect(st, 0);
}

/* Times that it gave up the processor by itself. */
static long count_waits(pid_t pid)
{
	char *text = run_shell("grep '^voluntary' /proc/%d/status | cut -f2", (int)pid);
	long n = atol(text);

	free(text);
	return n;
}

static void on_a_terminal_it_follows_and_ctrl_c_leaves_it_clean(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 100, NULL, "watch", "--every=1");

	terminal_wait(&t, "Nothing needs a person.");
	expect(t.shown, "\033[?1049h\033[?25l");
	open_request(st);
	terminal_wait(&t, "request 1 is late");
	terminal_type(&t, "\003");
	assert_int_equal(terminal_end(&t), 0);
	assert_string_equal(t.shown + t.n - strlen("\033[?7h\033[?25h\033[?1049l"), "\033[?7h\033[?25h\033[?1049l");
	terminal_done(&t);
}

static void it_comes_back_when_custosd_does(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 100, "NO_COLOR=1", "watch", "--every=1");

	terminal_wait(&t, "Nothing needs a person.");
	stage_stop(st);
	terminal_wait(&t, "reconnecting: ");
	stage_start(st);
	terminal_wait(&t, "Ctrl-C ends it.\033[0m\033[K\r\n\033[0m\033[K\r\nNothing needs a person.");
	terminal_type(&t, "\003");
	assert_int_equal(terminal_end(&t), 0);
	terminal_done(&t);
}

static void in_a_pipe_it_writes_a_line_for_each_change_and_sleeps_in_between(void **state)
{
	struct stage *st = *state;
	struct job job = stage_ctl_start(st, AS_ADMIN, -1,
		(const char *const[]){ "watch", "--every=1", NULL });
	struct ran r;
	long before;

	run_sleep_ms(1500); /* it has said how it is */
	before = count_waits(job.pid);
	open_request(st);
	run_sleep_ms(3000);
	assert_in_range(count_waits(job.pid) - before, 0, 20);
	assert_int_equal(kill(job.pid, SIGINT), 0);
	run_wait(&job, &r);
	assert_int_equal(r.status, 0);
	expect(r.out, "state: running, custosd");
	expect(r.out, "requests: open: 0, late: 0\n");
	expect(r.out, "requests: open: 1, late: 1\n");
	expect(r.out, "request 1 is late");
	assert_null(strchr(r.out, '\033'));
	ran_done(&r);
}

static void who_may_not_see_it_is_told_and_it_ends(void **state)
{
	struct stage *st = *state;

	if (!stage_has_roles()) {
		print_message("skipped: needs several users\n");
		skip();
	}
	stage_ctl(st, AS_STRANGER, "watch");
	stage_expect(st, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(on_a_terminal_it_follows_and_ctrl_c_leaves_it_clean),
		T(it_comes_back_when_custosd_does),
		T(in_a_pipe_it_writes_a_line_for_each_change_and_sleeps_in_between),
		T(who_may_not_see_it_is_told_and_it_ends),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_watch", tests, NULL, NULL);
}
