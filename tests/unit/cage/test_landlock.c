/* What a process can still open, make and start after landlock_lock, each looked at in a child. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/sanitized.h"
#include "cage/landlock.h"

static char own[PATH_SIZE], read_only[PATH_SIZE], sockets[PATH_SIZE], outside[PATH_SIZE];

static const char *in(const char *dir, const char *name)
{
	static char paths[8][PATH_SIZE];
	static unsigned next;
	char *path = paths[next++ % 8];

	assert_int_equal(path_join(path, dir, name, NULL), 0);
	return path;
}

static void make_dirs(void)
{
	const char *d = fresh_dir();
	char *const dirs[] = { own, read_only, sockets, outside };
	static const char *const names[] = { "own", "read", "sockets", "outside" };

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(path_join(dirs[i], d, names[i], NULL), 0);
		assert_int_equal(mkdir(dirs[i], 0700), 0);
		assert_int_equal(path_put_file(dirs[i], "old", span_str("x"), 0600, NULL), 0);
	}
}

/* The child's status: 0, the number of the first step that went wrong, or 99: no Landlock. */
static void expect_in_child(enum landlock_scope scope, int (*look)(void))
{
	struct landlock l;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		landlock_begin(&l, scope, false);
		landlock_allow(&l, own, LANDLOCK_OWN);
		landlock_allow(&l, read_only, LANDLOCK_READ);
		landlock_allow(&l, sockets, LANDLOCK_SOCKETS);
		landlock_allow(&l, "/dev/null", LANDLOCK_DEVICE);
		landlock_allow(&l, "/nowhere/at/all", LANDLOCK_OWN);
		if (IS_SANITIZED) {
			landlock_allow(&l, "/proc", LANDLOCK_READ);
		}
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !landlock_lock(&l)) {
			_exit(99);
		}
		_exit(look());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 99) {
		print_message("Landlock is not to be had here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
	}
	return fd >= 0;
}

static bool can_bind_in(const char *dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	can = bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && unlink(a.sun_path) == 0;
	close(fd);
	return can;
}

static int look_at_files(void)
{
	return !can_open(in(own, "new"), O_RDWR | O_CREAT) ? 1 :
		rename(in(own, "new"), in(own, "newer")) < 0 ? 2 :
		unlink(in(own, "newer")) < 0 ? 3 :
		mkdir(in(own, "dir"), 0700) < 0 ? 4 :
		rename(in(own, "old"), in(own, "dir/old")) < 0 ? 5 :
		!can_open(in(read_only, "old"), O_RDONLY) ? 6 :
		can_open(in(read_only, "old"), O_RDWR) ? 7 :
		can_open(in(read_only, "new"), O_WRONLY | O_CREAT) ? 8 :
		unlink(in(read_only, "old")) == 0 ? 9 :
		can_open(in(outside, "old"), O_RDONLY) ? 10 :
		can_open(in(outside, "new"), O_WRONLY | O_CREAT) ? 11 :
		can_open("/etc/passwd", O_RDONLY) ? 12 :
		can_open("/etc", O_RDONLY | O_DIRECTORY) ? 13 :
		symlink("/etc/passwd", in(own, "link")) == 0 ? 14 :
		!can_open("/dev/null", O_RDWR) ? 15 :
		rename(in(own, "dir/old"), in(outside, "carried")) == 0 ? 16 : 0;
}

static void its_own_is_written_some_is_read_and_all_else_is_shut(void **state)
{
	(void)state;
	make_dirs();
	expect_in_child(LANDLOCK_ALL, look_at_files);
}

static int look_at_sockets(void)
{
	return !can_bind_in(sockets) ? 1 : can_bind_in(own) ? 2 : can_bind_in(outside) ? 3 : 0;
}

static void sockets_are_made_in_one_place(void **state)
{
	(void)state;
	make_dirs();
	expect_in_child(LANDLOCK_ALL, look_at_sockets);
}

static int look_at_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (landlock_abi() < LANDLOCK_TCP_ABI) {
		return 0;
	}
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno != EACCES) {
		return 1;
	}
	a.sin_port = htons(9);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno != EACCES ? 2 : 0;
}

static void tcp_is_shut_where_the_kernel_can(void **state)
{
	(void)state;
	make_dirs();
	expect_in_child(LANDLOCK_ALL, look_at_tcp);
}

static int look_at_programs(void)
{
	char *const argv[] = { (char *)(uintptr_t)"true", NULL };

	if (!can_open("/etc/passwd", O_RDONLY)) {
		return 1; /* files are not its business */
	}
	execve("/bin/true", argv, argv);
	return errno == EACCES ? 0 : 2;
}

static void where_only_programs_are_named_no_other_is_started(void **state)
{
	(void)state;
	make_dirs();
	expect_in_child(LANDLOCK_RUNNING, look_at_programs);
}

static int look_at_what_is_denied(void)
{
	return landlock_denies(own) ? 1 : landlock_denies(in(own, "not/there/yet")) ? 2 :
		!landlock_denies(outside) ? 3 : !landlock_denies(in(outside, "not/there/yet")) ? 4 :
		landlock_denies("/dev/null/file") ? 5 : 0;
}

static void what_lies_outside_is_told_from_what_is_not_there(void **state)
{
	(void)state;
	make_dirs();
	expect_in_child(LANDLOCK_ALL, look_at_what_is_denied);
}

static void without_a_lock_nothing_lies_outside(void **state)
{
	(void)state;
	make_dirs();
	assert_int_equal(chmod(outside, 0), 0);
	assert_false(landlock_denies(outside)); /* whoever may not by the mode is told so by that */
	assert_int_equal(chmod(outside, 0700), 0);
	assert_false(landlock_denies(outside));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_own_is_written_some_is_read_and_all_else_is_shut),
		cmocka_unit_test(sockets_are_made_in_one_place),
		cmocka_unit_test(tcp_is_shut_where_the_kernel_can),
		cmocka_unit_test(where_only_programs_are_named_no_other_is_started),
		cmocka_unit_test(what_lies_outside_is_told_from_what_is_not_there),
		cmocka_unit_test(without_a_lock_nothing_lies_outside),
	};

	return cmocka_run_group_tests_name("landlock", tests, make_tmp, drop_tmp);
}
