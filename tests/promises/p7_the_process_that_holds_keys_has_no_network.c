/*
 * P7: the process that holds keys has no network; the process that has a network holds no keys.
 * No socket of custosd and of what it starts is anything but a Unix socket, whatever they are doing.
 * custos-agent has nothing of the state directory: no descriptor, no right to open it, and none of the
 * bytes of its key files in memory.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "chinook.h"
#include "stage.h"

/* The inodes of all sockets of this kind in the network namespace of a process. */
static char *sockets_of_kind(pid_t pid, const char *kind)
{
	return run_shell("cat /proc/%d/net/%s 2>/dev/null || true", (int)pid, kind);
}

static bool is_listed(pid_t pid, const char *kind, const char *inode)
{
	char *table = sockets_of_kind(pid, kind), word[40];
	bool yes;

	snprintf(word, sizeof(word), " %s ", inode);
	yes = strstr(table, word) != NULL;
	free(table);
	return yes;
}

/* How many sockets of the process are in /proc/PID/net/unix; any that is not fails. */
static unsigned check_process(pid_t pid)
{
	static const char *const kinds[] = { "tcp", "tcp6", "udp", "udp6", "raw", "raw6", "netlink",
		"packet", "icmp" };
	char path[320], link[128], inode[32];
	struct dirent *e;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		ssize_t got;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, e->d_name);
		got = readlink(path, link, sizeof(link) - 1);
		if (got <= 0 || strncmp(link, "socket:[", 8) != 0) {
			continue;
		}
		link[got] = '\0';
		snprintf(inode, sizeof(inode), "%.*s", (int)strcspn(link + 8, "]"), link + 8);
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			if (is_listed(pid, kinds[i], inode)) {
				fail_msg("process %d has a %s socket", (int)pid, kinds[i]);
			}
		}
		n++;
	}
	closedir(dir);
	return n;
}

/* Every process of custosd's session. */
static unsigned check_all(const struct stage *st, unsigned *ret_sockets)
{
	char *text = run_shell("ps -s %d -o pid= 2>/dev/null || "
			       "grep -l . /proc/[0-9]*/stat | while read f; do "
			       "awk '$6 == %d { print $1 }' $f; done",
		(int)st->daemon, (int)st->daemon);
	char *rest = text, *line;
	unsigned n = 0;

	*ret_sockets = 0;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (atol(line) > 0) {
			*ret_sockets += check_process((pid_t)atol(line));
			n++;
		}
	}
	free(text);
	return n;
}

static void no_process_has_any_socket_but_unix_ones(void **state)
{
	struct stage *st = *state;
	unsigned sockets;

	if (geteuid() != 0) {
		print_message("needs root: /proc/PID/fd of a process that is not dumpable\n");
		skip();
	}
	assert_true(check_all(st, &sockets) >= 2); /* custosd, its launcher */
	assert_true(sockets >= 2); /* the control socket and the launcher's: the look is real */
	chinook_import(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	check_all(st, &sockets);
}

static void nor_has_the_process_that_parses_imports(void **state)
{
	struct stage *st = *state;
	unsigned sockets;
	int ends[2];
	struct job ctl;
	struct ran r;

	if (geteuid() != 0) {
		print_message("needs root: /proc/PID/fd of a process that is not dumpable\n");
		skip();
	}
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	ctl = stage_ctl_start(st, AS_PRIVACY, ends[0],
		(const char *const[]){ "import", "-", "--map=" CHINOOK_MAP("customers"),
			"--purpose=" STAGE_PURPOSE, NULL });
	close(ends[0]);
	for (int i = 0; i < 200 && run_count_session(st->daemon) < 3; i++) {
		run_sleep_ms(20);
	}
	assert_int_equal(check_all(st, &sockets), 3);
	close(ends[1]);
	run_wait(&ctl, &r);
	ran_done(&r);
}

/* --- the agent --------------------------------------------------------------------------- */

static void use_agent(struct stage *st)
{
	static char user[40];

	stage_stop(st);
	stage_policy(st, "agent.yaml", "routes:\n  - {route: canary-route-77, plugin: null}\n");
	snprintf(user, sizeof(user), "--agent-user=%u", (unsigned)stage_uid(AS_AGENT));
	st->options[0] = user;
}

static json_t *wait_for_agent(struct stage *st)
{
	for (int i = 0; i < 300; i++) {
		stage_ctl(st, AS_ADMIN, "agent", "status", "--json");
		stage_expect(st, 0);
		if (json_is_true(json_object_get(stage_reply(st), "connected"))) {
			return json_incref((json_t *)(uintptr_t)stage_reply(st));
		}
		run_sleep_ms(50);
	}
	fail_msg("no agent:\n%s", stage_daemon_log(st));
	return NULL;
}

/* How often what is in these files, in pieces of 16 bytes, or this text, is in a process's memory. */
static int count_in_memory(pid_t pid, const char *keys_dir, const char *text)
{
	char *out = run_shell("python3 '" SOURCE_DIR "/tests/support/in_memory.py' %d '%s' '%s'",
		(int)pid, keys_dir, text);
	int n = atoi(out);

	free(out);
	return n;
}

static void expect_nothing_of(const struct stage *st, pid_t pid)
{
	char *fds = run_shell("ls -l /proc/%d/fd; cat /proc/%d/maps", (int)pid, (int)pid);
	char keys[224];

	assert_non_null(strstr(fds, "socket:["));
	assert_null(strstr(fds, st->state));
	free(fds);
	snprintf(keys, sizeof(keys), "%s/keys", st->state);
	assert_true(count_in_memory(pid, "", "canary-route-77") > 0); /* the look is real */
	assert_int_equal(count_in_memory(pid, keys, ""), 0);
}

static void the_process_that_has_a_network_holds_no_keys(void **state)
{
	struct stage *st = *state;
	struct job agent;
	struct ran r;
	unsigned sockets;
	json_t *status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("needs root: other users, and the memory of a process\n");
		skip();
	}
	use_agent(st);
	st->options[1] = "--agent=";
	stage_start(st);
	agent = stage_agent_start(st);
	status = wait_for_agent(st);
	pid = (pid_t)json_integer_value(json_object_get(status, "pid"));
	assert_int_equal(pid, agent.pid);
	assert_true(json_is_true(json_object_get(json_object_get(status, "separation"), "uid")));
	json_decref(status);
	expect_nothing_of(st, pid);
	check_all(st, &sockets); /* and custosd has no network beside it */
	run(&(struct run_options){ .uid = stage_uid(AS_AGENT) },
		(const char *const[]){ "ls", st->state, NULL }, &r);
	assert_int_not_equal(r.status, 0);
	ran_done(&r);
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "custos-agent: another user"));
	stage_stop(st);
	run_wait(&agent, &r);
	ran_done(&r);
}

/* Started by custosd, where that is no root: the same user. */
static void and_as_the_same_user_it_is_held_by_landlock_or_status_says_so(void **state)
{
	struct stage *st = *state;
	const json_t *separation;
	json_t *status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("needs root: the memory of a process\n");
		skip();
	}
	use_agent(st);
	stage_start(st);
	status = wait_for_agent(st);
	pid = (pid_t)json_integer_value(json_object_get(status, "pid"));
	separation = json_object_get(status, "separation");
	assert_false(json_is_true(json_object_get(separation, "uid")));
	expect_nothing_of(st, pid);
	stage_ctl(st, AS_ADMIN, "status");
	if (json_is_true(json_object_get(separation, "landlock"))) {
		assert_non_null(strstr(st->last.out, "custos-agent: Landlock"));
	} else {
		assert_non_null(strstr(st->last.out, "it could read the state directory"));
	}
	json_decref(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(no_process_has_any_socket_but_unix_ones),
		T(nor_has_the_process_that_parses_imports),
		T(the_process_that_has_a_network_holds_no_keys),
		T(and_as_the_same_user_it_is_held_by_landlock_or_status_says_so),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("p7", tests, NULL, NULL);
}
