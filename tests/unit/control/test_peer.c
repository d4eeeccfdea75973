/* Who calls: numbers that the kernel vouches for, or nobody. */
#include "check.h"

#include <grp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "control/peer.h"

#define CANNOT 77 /* of a child: it cannot become who it should be */

/* Becomes somebody in a process of its own, which is its own caller; the code of peer_of. */
static int ask_as(bool (*become)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct cu_err err = { 0 };
		struct peer p;
		int fds[2], r;

		if (!become() || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
			_exit(CANNOT);
		}
		r = peer_of(fds[0], &p, &err);
		_exit(r == 0 ? p.uid == geteuid() ? 0 : 2 : r == CU_EDENIED ? 1 : 3);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool become_oneself(void)
{
	return true;
}

/* The uid that stands for all whom this user namespace does not know: by it where that may be, else by
 * a namespace that knows nobody. */
static bool become_nobody(void)
{
	if (geteuid() == 0) {
		return setgroups(0, NULL) == 0 && setresgid(12345, 12345, 12345) == 0 &&
			setresuid(PEER_OVERFLOW, PEER_OVERFLOW, PEER_OVERFLOW) == 0;
	}
	return unshare(CLONE_NEWUSER) == 0 && geteuid() == PEER_OVERFLOW;
}

static void a_caller_is_who_the_kernel_says(void **state)
{
	(void)state;
	assert_int_equal(ask_as(become_oneself), 0);
}

static void whom_the_kernel_does_not_know_is_refused(void **state)
{
	int said = ask_as(become_nobody);

	(void)state;
	if (said == CANNOT) {
		print_message("skipped: neither root nor user namespaces here\n");
		skip();
	}
	assert_int_equal(said, 1);
}

static void what_is_no_socket_is_refused(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct cu_err err = { 0 };
	struct peer p;

	(void)state;
	assert_fails(peer_of(fd, &p, &err), CU_EDENIED, &err, "does not say who calls");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_caller_is_who_the_kernel_says),
		cmocka_unit_test(whom_the_kernel_does_not_know_is_refused),
		cmocka_unit_test(what_is_no_socket_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
