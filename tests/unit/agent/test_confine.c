/* What custos-agent can still do after confine_lock, each looked at in a child. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/confine.h"
#include "base/path.h"

enum { CANNOT = 40, HAS_NOT };

static const char *allowed, *forbidden, *kept;

/* The child's status: 0 as it should be, CANNOT, or HAS_NOT: the kernel or the build lacks it. */
static int in_child(int (*look)(struct confinement has))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const char *files[] = { allowed };

		if (confine_prepare(NULL) < 0) {
			_exit(CANNOT);
		}
		_exit(look(confine_lock(files, 1, &kept, kept ? 1 : 0)));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
	}
	return fd >= 0;
}

static int look_at_files(struct confinement has)
{
	if (!has.has_landlock) {
		return HAS_NOT;
	}
	return can_open(allowed, O_RDONLY) && !can_open(allowed, O_WRONLY) &&
			!can_open(forbidden, O_RDONLY) && !can_open("/etc/passwd", O_RDONLY) &&
			!can_open("/tmp/custos-agent-new", O_WRONLY | O_CREAT) &&
			can_open("/etc/resolv.conf", O_RDONLY) == (access("/etc/resolv.conf", F_OK) == 0) ?
		0 :
		CANNOT;
}

static void *return_something(void *something)
{
	return something;
}

static bool has_threads_and_names(void)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found = NULL;
	pthread_t thread;
	void *got = NULL;

	if (pthread_create(&thread, NULL, return_something, &hints) != 0 ||
		pthread_join(thread, &got) != 0 || got != &hints ||
		getaddrinfo("127.0.0.1", "25", &hints, &found) != 0) {
		return false;
	}
	freeaddrinfo(found);
	return true;
}

static int look_at_calls(struct confinement has)
{
	char *const argv[] = { NULL };
	int tcp;

	if (!has.has_seccomp) {
		return HAS_NOT;
	}
	tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return tcp >= 0 && socket(AF_UNIX, SOCK_STREAM, 0) < 0 &&
			socket(AF_NETLINK, SOCK_RAW, 0) < 0 && fork() < 0 &&
			execve("/bin/true", argv, argv) < 0 && errno == EPERM &&
			ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 && has_threads_and_names() ?
		0 :
		CANNOT;
}

static void expect(int status, const char *what)
{
	if (status == HAS_NOT) {
		print_message("%s is not to be had here\n", what);
		skip();
	}
	assert_int_equal(status, 0);
}

static void it_reads_what_it_was_told_and_little_else(void **state)
{
	char a[PATH_SIZE], f[PATH_SIZE];
	const char *d = fresh_dir();

	(void)state;
	assert_int_equal(path_join(a, d, "allowed", NULL), 0);
	assert_int_equal(path_join(f, d, "forbidden", NULL), 0);
	assert_int_equal(path_put_file(d, "allowed", span_str("a"), 0600, NULL), 0);
	assert_int_equal(path_put_file(d, "forbidden", span_str("f"), 0600, NULL), 0);
	allowed = a;
	forbidden = f;
	expect(in_child(look_at_files), "Landlock");
}

/* As a target in a directory needs it, and not a step beside it. */
static int look_at_directory(struct confinement has)
{
	char from[PATH_SIZE], to[PATH_SIZE], sub[PATH_SIZE], outside[PATH_SIZE];
	bool can;

	if (!has.has_landlock) {
		return HAS_NOT;
	}
	snprintf(from, sizeof(from), "%s/sub/.new", kept);
	snprintf(to, sizeof(to), "%s/sub/object", kept);
	snprintf(sub, sizeof(sub), "%s/sub", kept);
	snprintf(outside, sizeof(outside), "%s/../beside", kept);
	can = mkdir(sub, 0700) == 0 && can_open(from, O_WRONLY | O_CREAT | O_TRUNC) &&
		rename(from, to) == 0 && can_open(to, O_RDONLY) && unlink(to) == 0 && rmdir(sub) == 0;
	return can && !can_open(outside, O_WRONLY | O_CREAT) && symlink("/etc", to) < 0 ? 0 : CANNOT;
}

static void it_keeps_files_below_its_directories_and_nowhere_else(void **state)
{
	char k[PATH_SIZE];

	(void)state;
	assert_int_equal(path_join(k, fresh_dir(), "kept", NULL), 0);
	assert_int_equal(path_make_dir(k, 0700, NULL), 0);
	allowed = "/dev/null";
	kept = k;
	expect(in_child(look_at_directory), "Landlock");
	kept = NULL;
}

static void it_speaks_ip_and_starts_nothing(void **state)
{
	(void)state;
	allowed = "/dev/null";
	expect(in_child(look_at_calls), "seccomp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_what_it_was_told_and_little_else),
		cmocka_unit_test(it_keeps_files_below_its_directories_and_nowhere_else),
		cmocka_unit_test(it_speaks_ip_and_starts_nothing),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
