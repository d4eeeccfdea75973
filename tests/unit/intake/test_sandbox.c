/*
 * Each test locks a child of its own and looks at how it ends.  A build with AddressSanitizer
 * has no locks (sandbox.h); then the tests are that it says so.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitized.h"
#include "intake/sandbox.h"

/* Runs in a child, which exits with what fn returns.  The status as waitpid has it. */
static int status_of(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_exits_0(int (*fn)(void))
{
	int status = status_of(fn);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void assert_killed(int (*fn)(void))
{
	int status = status_of(fn);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static bool kernel_has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1u) > 0;
}

/* -- what remains possible -- */

static int parse_something(void)
{
	char byte = 0, *big;
	int in[2], out[2];

	if (pipe(in) < 0 || pipe(out) < 0 || write(in[1], "x", 1) != 1 || dup2(in[0], 3) < 0 ||
		dup2(out[1], STDOUT_FILENO) < 0) {
		return 10;
	}
	if (!sandbox_lock_calls()) {
		return 11;
	}
	if (read(3, &byte, 1) != 1 || byte != 'x' || write(STDOUT_FILENO, &byte, 1) != 1) {
		return 12;
	}
	(void)isatty(STDERR_FILENO);
	big = malloc(64u << 20);
	if (!big) {
		return 13;
	}
	memset(big, 1, 64u << 20);
	big = realloc(big, 96u << 20);
	if (!big) {
		return 14;
	}
	free(big);
	return 0;
}

static void reading_3_and_writing_1_and_taking_memory_go_on(void **state)
{
	(void)state;
	assert_exits_0(parse_something);
}

/* -- what does not -- */

static int open_a_file(void)
{
	return sandbox_lock_calls() ? open("/etc/hostname", O_RDONLY) : 11;
}

static int make_a_socket(void)
{
	return sandbox_lock_calls() ? socket(AF_UNIX, SOCK_STREAM, 0) : 11;
}

static int make_a_process(void)
{
	return sandbox_lock_calls() ? fork() : 11;
}

static int signal_another(void)
{
	return sandbox_lock_calls() ? kill(getppid(), 0) : 11;
}

static int read_another_descriptor(void)
{
	char byte;

	return sandbox_lock_calls() ? (int)read(0, &byte, 1) : 11;
}

static int write_to_the_input(void)
{
	return sandbox_lock_calls() ? (int)write(3, "x", 1) : 11;
}

static int map_code(void)
{
	return sandbox_lock_calls() ? mmap(NULL, 4096, PROT_READ | PROT_EXEC,
					      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
				    : 11;
}

static int map_a_file(void)
{
	return sandbox_lock_calls()
		? mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) == MAP_FAILED
		: 11;
}

static int make_memory_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return sandbox_lock_calls() ? mprotect(p, 4096, PROT_READ | PROT_EXEC) : 11;
}

static void every_other_call_kills_the_process(void **state)
{
	static int (*const calls[])(void) = { open_a_file, make_a_socket, make_a_process,
		signal_another, read_another_descriptor, write_to_the_input, map_code, map_a_file,
		make_memory_executable };

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_killed(calls[i]);
	}
}

static int open_behind_landlock(void)
{
	if (open("/etc/passwd", O_RDONLY) < 0) {
		return 10;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !sandbox_lock_files()) {
		return 11;
	}
	return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 12;
}

static void landlock_alone_denies_every_file(void **state)
{
	(void)state;
	if (!kernel_has_landlock()) {
		skip();
	}
	assert_exits_0(open_behind_landlock);
}

static int lock_all(void)
{
	struct sandbox has;

	if (sandbox_prepare(NULL) < 0) {
		return 10;
	}
	has = sandbox_lock();
	return (has.has_seccomp ? 1 : 0) | (has.has_landlock ? 2 : 0);
}

static void what_is_in_force_is_reported(void **state)
{
	int status = status_of(lock_all);
	int want = IS_SANITIZED ? 0 : kernel_has_landlock() ? 3 : 1;

	(void)state;

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
}

/* -- before the lock -- */

static bool is_limited_to(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit limit;

	return getrlimit(what, &limit) == 0 && limit.rlim_cur == value && limit.rlim_max == value;
}

static int prepare_and_look(void)
{
	int signal_of_death = 0, spare = dup(STDERR_FILENO);

	if (spare <= SANDBOX_INPUT_FD) {
		spare = fcntl(STDERR_FILENO, F_DUPFD, 10);
	}
	setenv("GCONV_PATH", "/tmp", 1);
	if (sandbox_prepare(NULL) < 0) {
		return 10;
	}
	if (fcntl(spare, F_GETFD) >= 0 || getenv("GCONV_PATH")) {
		return 11;
	}
	if (prctl(PR_GET_PDEATHSIG, &signal_of_death) < 0 || signal_of_death != SIGKILL ||
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
		return 12;
	}
	if (!is_limited_to(RLIMIT_CORE, 0) || !is_limited_to(RLIMIT_FSIZE, 0)) {
		return 13;
	}
	if (!IS_SANITIZED &&
		(!is_limited_to(RLIMIT_AS, 512u << 20) || !is_limited_to(RLIMIT_NPROC, 0) ||
			!is_limited_to(RLIMIT_NOFILE, 16) || prctl(PR_GET_DUMPABLE) != 0)) {
		return 14;
	}
	return 0;
}

static void limits_flags_and_descriptors_are_set_first(void **state)
{
	(void)state;
	assert_exits_0(prepare_and_look);
}

int main(void)
{
	const struct CMUnitTest always[] = {
		cmocka_unit_test(what_is_in_force_is_reported),
		cmocka_unit_test(limits_flags_and_descriptors_are_set_first),
	};
	const struct CMUnitTest locked[] = {
		cmocka_unit_test(reading_3_and_writing_1_and_taking_memory_go_on),
		cmocka_unit_test(every_other_call_kills_the_process),
		cmocka_unit_test(landlock_alone_denies_every_file),
	};
	int nfailed = cmocka_run_group_tests(always, NULL, NULL);

	return IS_SANITIZED ? nfailed : nfailed + cmocka_run_group_tests(locked, NULL, NULL);
}
