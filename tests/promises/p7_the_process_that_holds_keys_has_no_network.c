/*
 * P7: the process that holds keys has no network.  Until there is an agent no process of custos
 * has one: no socket of theirs is anything but a Unix socket, whatever they are doing.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(no_process_has_any_socket_but_unix_ones),
		T(nor_has_the_process_that_parses_imports),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("p7", tests, NULL, NULL);
}
