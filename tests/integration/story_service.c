/* custosd as a service: what its manager hands over and is told, and other policies while it runs. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

/* --- what a manager does: sd_notify(3), sd_listen_fds(3) ------------------------------ */

static int unix_socket(const char *path, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(a.sun_path));
	strcpy(a.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(chmod(path, 0666), 0);
	return fd;
}

/* A message that holds the text comes within some seconds. */
static bool is_told(int fd, const char *text)
{
	struct timeval wait = { .tv_sec = 20 };
	char message[1024];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	while ((n = recv(fd, message, sizeof(message) - 1, 0)) > 0) {
		message[n] = '\0';
		if (strstr(message, text)) {
			return true;
		}
	}
	return false;
}

struct manager {
	struct stage *st;
	int notes;
};

static int up_managed(void **state)
{
	static struct manager m;
	static char path[224];

	m.st = stage_new();
	snprintf(path, sizeof(path), "%s/notify", m.st->files);
	m.notes = unix_socket(path, SOCK_DGRAM);
	setenv("NOTIFY_SOCKET", path, 1);
	*state = &m;
	return 0;
}

static int down_managed(void **state)
{
	struct manager *m = *state;

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	close(m->notes);
	stage_free(m->st);
	return 0;
}

static void its_manager_is_told_when_it_serves_and_when_it_stops(void **state)
{
	struct manager *m = *state;

	stage_start(m->st);
	assert_true(is_told(m->notes, "READY=1"));
	stage_stop(m->st);
	assert_true(is_told(m->notes, "STOPPING=1"));
}

static void the_watchdog_hears_of_it_while_it_answers_and_not_while_it_hangs(void **state)
{
	struct manager *m = *state;
	struct timeval soon = { .tv_sec = 5 };
	char message[256];
	pid_t stopped;

	setenv("WATCHDOG_USEC", "3000000", 1);
	stage_start(m->st);
	assert_true(is_told(m->notes, "WATCHDOG=1")); /* without a store, too */
	stage_init(m->st);
	assert_true(is_told(m->notes, "WATCHDOG=1"));
	stopped = m->st->daemon;
	kill(stopped, SIGSTOP);
	while (recv(m->notes, message, sizeof(message), MSG_DONTWAIT) > 0) {
		continue; /* what came before */
	}
	setsockopt(m->notes, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	assert_true(recv(m->notes, message, sizeof(message), 0) < 0);
	kill(stopped, SIGCONT);
	assert_true(is_told(m->notes, "WATCHDOG=1"));
	stage_stop(m->st);
}

/* --- socket activation ---------------------------------------------------------------- */

/* As a manager starts it: the socket is its descriptor 3. */
static void a_socket_that_is_handed_over_is_served_and_left_in_place(void **state)
{
	struct stage *st = *state;
	int fd = unix_socket(st->socket, SOCK_STREAM);
	char line[512], program[192];
	const char *argv[] = { "/bin/sh", "-ec", line, program, NULL };
	struct run_options o = { .uid = stage_has_roles() ? stage_uid(AS_DAEMON) : RUN_SAME_UID,
		.is_session = true };
	struct job job;
	struct ran r;

	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(dup2(fd, 3), 3);
	assert_int_equal(fcntl(3, F_SETFD, 0), 0); /* it outlives the exec */
	(void)stage_program("custosd", program);
	snprintf(line, sizeof(line),
		"LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" --state='%s' --policies='%s' --socket='%s'",
		st->state, st->policies, st->socket);
	job = run_start(&o, argv);
	close(3);
	if (fd != 3) {
		close(fd);
	}

	stage_ctl(st, AS_ADMIN, "status"); /* it waits in the socket until custosd is there */
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "uninitialised"));
	kill(job.pid, SIGTERM);
	run_wait(&job, &r);
	assert_int_equal(r.status, 0);
	ran_done(&r);
	assert_int_equal(access(st->socket, F_OK), 0); /* its manager's */
	unlink(st->socket);
}

/* --- other policies while it runs ----------------------------------------------------- */

static void reload(struct stage *st, const char *told)
{
	char *log;
	bool is_told_so = false;

	kill(st->daemon, SIGHUP);
	for (int i = 0; i < 200 && !is_told_so; i++) {
		run_sleep_ms(50);
		log = stage_daemon_log(st);
		is_told_so = strstr(log, told) != NULL;
		free(log);
	}
	if (!is_told_so) {
		fail_msg("the journal does not say: %s", told);
	}
}

static void other_policies_are_in_force_without_a_restart(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]", id);
	stage_policy(st, "schedule.yaml", "backup: \"7 7 * * *\"\nmirror: never\ndrill: never\n");
	reload(st, "are in force");
	stage_ctl(st, AS_ADMIN, "job", "list");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "7 7 * * *"));

	for (int i = 0; i < 12; i++) { /* more often than old ones are kept */
		kill(st->daemon, SIGHUP);
		stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
		stage_expect(st, 0);
	}
}

static void with_a_fault_those_before_stay_in_force(void **state)
{
	struct stage *st = *state;

	stage_policy(st, "schedule.yaml", "backup: \"61 7 * * *\"\n");
	reload(st, "the policies stay as they were");
	stage_ctl(st, AS_ADMIN, "job", "list");
	stage_expect(st, 0);
	assert_null(strstr(st->last.out, "61 7"));
	stage_policy(st, "schedule.yaml", "backup: never\n");
	stage_policy(st, "organisation.yaml", "time_zone: Asia/Shanghai\n");
	reload(st, "another one needs a restart");
}

static void policies_are_checked_without_a_custosd_that_runs(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "policy", "check-files", st->policies);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "without fault"));
	assert_non_null(strstr(st->last.out, "warning: schedule.yaml:1: backup: 'never'"));
	stage_policy(st, "roles.yaml", "roles: 7\n");
	stage_ctl(st, AS_ADMIN, "policy", "check-files", st->policies);
	stage_expect(st, 65);
	assert_non_null(strstr(st->last.out, "roles.yaml:1: roles: must be a list"));
	stage_ctl(st, AS_ADMIN, "policy", "check-files", "/nowhere");
	stage_expect(st, 65);
	assert_non_null(strstr(st->last.out, "schema.yaml: file: does not exist"));
}

static bool ignores_sigterm(pid_t pid)
{
	char path[40], line[200];
	unsigned long long ignored = 0;
	FILE *from;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	from = fopen(path, "r");
	while (from && fgets(line, sizeof(line), from)) {
		(void)sscanf(line, "SigIgn: %llx", &ignored);
	}
	if (from) {
		fclose(from);
	}
	return ignored & 1ull << (SIGTERM - 1);
}

/* It has no handler any more by then; the system's would have it end by a signal, and not say how it ended. */
static void who_asks_an_ending_custosd_to_end_changes_nothing(void **state)
{
	struct stage *st = *state;
	bool was_asked = false;

	for (int i = 0; i < 10 && !was_asked; i++) {
		assert_int_equal(kill(st->daemon, SIGTERM), 0);
		for (int k = 0; k < 20000 && !was_asked; k++) {
			was_asked = ignores_sigterm(st->daemon) && kill(st->daemon, SIGTERM) == 0;
		}
		assert_int_equal(stage_wait_end(st, RUN_TIMEOUT_MS), 0);
		stage_start(st);
	}
	assert_true(was_asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define MANAGED(f) cmocka_unit_test_setup_teardown(f, up_managed, down_managed)
#define STORY(f)   cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
#define BARE(f)    cmocka_unit_test_setup_teardown(f, stage_up_bare, stage_down)
		MANAGED(its_manager_is_told_when_it_serves_and_when_it_stops),
		MANAGED(the_watchdog_hears_of_it_while_it_answers_and_not_while_it_hangs),
		BARE(a_socket_that_is_handed_over_is_served_and_left_in_place),
		STORY(who_asks_an_ending_custosd_to_end_changes_nothing),
		STORY(other_policies_are_in_force_without_a_restart),
		STORY(with_a_fault_those_before_stay_in_force),
		BARE(policies_are_checked_without_a_custosd_that_runs),
#undef MANAGED
#undef STORY
#undef BARE
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
