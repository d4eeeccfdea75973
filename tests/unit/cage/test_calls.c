/* What each kind of process can still call after calls_lock, each looked at in a child. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitized.h"
#include "cage/calls.h"

enum outcome { WORKS, REFUSED, KILLED, NO_FILTER, OTHERWISE };

static const char *const words[] = { "works", "is refused", "kills", "has no filter", "went otherwise" };

/* --- calls: 0, or below 0 with errno ------------------------------------------------------ */

static long close_it(long fd)
{
	return fd < 0 ? fd : close((int)fd);
}

static long use_inet(void)
{
	return close_it(socket(AF_INET, SOCK_STREAM, 0));
}

static long use_inet6(void)
{
	return close_it(socket(AF_INET6, SOCK_DGRAM, 0));
}

static long use_netlink(void)
{
	return close_it(socket(AF_NETLINK, SOCK_RAW, 0));
}

static long use_vsock(void)
{
	return close_it(socket(AF_VSOCK, SOCK_STREAM, 0));
}

static long use_unix(void)
{
	return close_it(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static long run_a_program(void)
{
	char *const argv[] = { (char *)(uintptr_t)"true", NULL };

	return execve("/bin/true", argv, argv);
}

static long run_by_descriptor(void)
{
	char *const argv[] = { (char *)(uintptr_t)"true", NULL };

	return syscall(SYS_execveat, open("/bin/true", O_PATH), "", argv, argv, AT_EMPTY_PATH);
}

static long make_a_process(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0) {
		_exit(0);
	}
	return pid < 0 ? pid : (waitpid((pid_t)pid, NULL, 0), 0);
}

static long make_a_user_namespace(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0) {
		_exit(0);
	}
	return pid;
}

static long leave_namespaces(void)
{
	return unshare(CLONE_NEWUSER);
}

static long hide_flags_in_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long trace_its_parent(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long read_its_parents_memory(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static long signal_its_parent(void)
{
	return kill(getppid(), 0);
}

static long signal_a_thread_of_its_parent(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long mount_something(void)
{
	return mount("none", "/", "tmpfs", 0, NULL);
}

static long change_its_root(void)
{
	return chroot("/");
}

static long load_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long use_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long use_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, 0);
}

static long count_events(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
}

static long keep_a_key_in_the_kernel(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long load_a_module(void)
{
	return syscall(SYS_init_module, NULL, 0, "");
}

static long set_the_clock(void)
{
	return syscall(SYS_settimeofday, NULL, NULL);
}

static long open_by_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, 0);
}

static long map_code_that_is_written(void)
{
	void *p = mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static long make_data_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static long type_into_the_terminal(void)
{
	return ioctl(-1, TIOCSTI, "x");
}

static long make_a_device(void)
{
	return syscall(SYS_mknodat, AT_FDCWD, "/tmp/custos-device", 0, 0);
}

static long become_somebody(void)
{
	return syscall(SYS_setresuid, getuid(), getuid(), getuid());
}

static long call_what_nobody_knows(void)
{
	return syscall(999);
}

static void *return_it(void *it)
{
	return it;
}

static long start_a_thread(void)
{
	pthread_t thread;
	void *got = NULL;
	int here = 0;

	errno = pthread_create(&thread, NULL, return_it, &here);
	return errno || pthread_join(thread, &got) != 0 || got != &here ? -1 : 0;
}

static long write_a_file(void)
{
	char path[] = "/tmp/custos-calls-XXXXXX";
	int fd = mkstemp(path);

	return fd < 0 || write(fd, "x", 1) != 1 || fdatasync(fd) < 0 || unlink(path) < 0 ? -1 : close(fd);
}

static long ask_whether_it_is_a_terminal(void)
{
	return isatty(STDERR_FILENO) >= 0 ? 0 : -1;
}

/* --- what must come of them, in a daemon, an errand, a launcher --------------------------- */

/* clang-format off */
static const struct {
	const char *what;
	long (*call)(void);
	enum outcome want[3];
	bool not_sanitized; /* a report of leaks takes it */
} rows[] = {
#define ROW(call, d, e, l) { #call, call, { d, e, l }, false }
#define ROW_OF_RELEASES(call, d, e, l) { #call, call, { d, e, l }, true }
	ROW(use_inet,                      REFUSED, REFUSED, WORKS),
	ROW(use_inet6,                     REFUSED, REFUSED, WORKS),
	ROW(use_netlink,                   REFUSED, REFUSED, REFUSED),
	ROW(use_vsock,                     REFUSED, REFUSED, REFUSED),
	ROW(use_unix,                      WORKS,   REFUSED, WORKS),
	ROW(run_a_program,                 KILLED,  KILLED,  WORKS),
	ROW(run_by_descriptor,             KILLED,  KILLED,  WORKS),
	ROW_OF_RELEASES(make_a_process,    REFUSED, REFUSED, WORKS),
	ROW_OF_RELEASES(make_a_user_namespace, REFUSED, REFUSED, REFUSED),
	ROW(leave_namespaces,              KILLED,  KILLED,  KILLED),
	ROW(hide_flags_in_clone3,          REFUSED, REFUSED, REFUSED),
	ROW_OF_RELEASES(trace_its_parent,  KILLED,  KILLED,  KILLED),
	ROW_OF_RELEASES(read_its_parents_memory, KILLED, KILLED, KILLED),
	ROW_OF_RELEASES(signal_its_parent, REFUSED, REFUSED, WORKS),
	ROW(signal_a_thread_of_its_parent, REFUSED, REFUSED, WORKS),
	ROW(mount_something,               KILLED,  KILLED,  KILLED),
	ROW(change_its_root,               KILLED,  KILLED,  KILLED),
	ROW(load_bpf,                      KILLED,  KILLED,  KILLED),
	ROW(use_io_uring,                  REFUSED, REFUSED, REFUSED),
	ROW(use_userfaultfd,               KILLED,  KILLED,  KILLED),
	ROW(count_events,                  KILLED,  KILLED,  KILLED),
	ROW(keep_a_key_in_the_kernel,      KILLED,  KILLED,  KILLED),
	ROW(load_a_module,                 KILLED,  KILLED,  KILLED),
	ROW(set_the_clock,                 KILLED,  KILLED,  KILLED),
	ROW(open_by_handle,                KILLED,  KILLED,  KILLED),
	ROW_OF_RELEASES(map_code_that_is_written, REFUSED, REFUSED, WORKS),
	ROW_OF_RELEASES(make_data_code,    REFUSED, REFUSED, WORKS),
	ROW_OF_RELEASES(type_into_the_terminal, REFUSED, REFUSED, OTHERWISE),
	ROW(make_a_device,                 REFUSED, REFUSED, REFUSED),
	ROW(become_somebody,               REFUSED, REFUSED, WORKS),
	ROW(call_what_nobody_knows,        REFUSED, REFUSED, REFUSED),
	ROW(start_a_thread,                WORKS,   WORKS,   WORKS),
	ROW(write_a_file,                  WORKS,   WORKS,   WORKS),
	ROW(ask_whether_it_is_a_terminal,  WORKS,   WORKS,   WORKS),
};
/* clang-format on */

static enum outcome outcome_of(enum calls_of of, long (*call)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !calls_lock(of)) {
			_exit(NO_FILTER);
		}
		errno = 0;
		_exit(call() == 0 ? WORKS : errno == ENOSYS ? REFUSED : OTHERWISE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		return WTERMSIG(status) == SIGSYS ? KILLED : OTHERWISE;
	}
	return (enum outcome)WEXITSTATUS(status);
}

static void check_all(enum calls_of of)
{
	unsigned nwrong = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum outcome got;

		if (rows[i].not_sanitized && IS_SANITIZED) {
			continue;
		}
		got = outcome_of(of, rows[i].call);
		if (got == NO_FILTER) {
			print_message("seccomp is not to be had here\n");
			skip();
		}
		if (got != rows[i].want[of]) {
			print_error("%s %s\n", rows[i].what, words[got]);
			nwrong++;
		}
	}
	assert_int_equal(nwrong, 0);
}

static void a_daemon_has_files_unix_sockets_and_threads_and_nothing_else(void **state)
{
	(void)state;
	check_all(CALLS_DAEMON);
}

static void an_errand_has_no_sockets_either(void **state)
{
	(void)state;
	check_all(CALLS_ERRAND);
}

static void a_launcher_starts_programs_and_has_no_other_powers(void **state)
{
	(void)state;
	check_all(CALLS_LAUNCHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_daemon_has_files_unix_sockets_and_threads_and_nothing_else),
		cmocka_unit_test(an_errand_has_no_sockets_either),
		cmocka_unit_test(a_launcher_starts_programs_and_has_no_other_powers),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
