#include "run.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

void run_sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* --- start ------------------------------------------------------------------------------- */

static int memory_file(const void *bytes, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd < 0 || (n > 0 && write(fd, bytes, n) != (ssize_t)n) || lseek(fd, 0, SEEK_SET) < 0) {
		fail_msg("a memory file: %s", strerror(errno));
	}
	return fd;
}

static void set_environment(void)
{
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("LANGUAGE");
	setenv("ASAN_OPTIONS", "exitcode=99:detect_leaks=1:abort_on_error=0:verify_asan_link_order=0", 1);
	setenv("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 1);
	unsetenv("CUSTOS_SOCKET");
}

/* In the child: nothing here may return. */
static void become(const struct run_options *o, const char *const argv[], int in, int out,
	int err)
{
	if (o->is_session) {
		setsid();
	}
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) {
		_exit(126);
	}
	if (o->uid != RUN_SAME_UID &&
		(setgroups(0, NULL) < 0 || setresgid(o->uid, o->uid, o->uid) < 0 ||
			setresuid(o->uid, o->uid, o->uid) < 0)) {
		_exit(126);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test, nothing stays behind */
	if (o->dir && chdir(o->dir) < 0) {
		_exit(126);
	}
	set_environment();
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

struct job run_start(const struct run_options *o, const char *const argv[])
{
	struct job job = { .out_fd = memory_file(NULL, 0), .err_fd = memory_file(NULL, 0) };
	int in = o->stdin_fd > 0 ? dup(o->stdin_fd) : memory_file(o->input, o->ninput);

	fflush(NULL);
	job.pid = fork();
	if (job.pid == 0) {
		become(o, argv, in, job.out_fd, o->err_fd > 0 ? o->err_fd : job.err_fd);
	}
	close(in);
	assert_true(job.pid > 0);
	return job;
}

/* --- end --------------------------------------------------------------------------------- */

static char *read_all(int fd, size_t *ret_n)
{
	struct stat st;
	char *text;

	assert_int_equal(fstat(fd, &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)st.st_size, 0), st.st_size);
	text[st.st_size] = '\0';
	*ret_n = (size_t)st.st_size;
	close(fd);
	return text;
}

bool run_try_wait(struct job *job, int timeout_ms, struct ran *ret)
{
	int fd = (int)syscall(SYS_pidfd_open, job->pid, 0), status, n;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_true(fd >= 0);
	do {
		n = poll(&p, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	close(fd);
	if (n == 0) {
		return false;
	}
	assert_int_equal(waitpid(job->pid, &status, 0), job->pid);
	*ret = (struct ran){ .status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
							     WEXITSTATUS(status) };
	ret->out = read_all(job->out_fd, &ret->nout);
	ret->err = read_all(job->err_fd, &ret->nerr);
	*job = (struct job){ .out_fd = -1, .err_fd = -1 };
	if (ret->status == RUN_SANITIZER_STATUS || strstr(ret->err, "Sanitizer") ||
		strstr(ret->err, "runtime error:")) {
		fail_msg("a sanitizer reports:\n%s", ret->err);
	}
	return true;
}

void run_wait(struct job *job, struct ran *ret)
{
	if (!run_try_wait(job, RUN_TIMEOUT_MS, ret)) {
		kill(job->pid, SIGKILL);
		waitpid(job->pid, NULL, 0);
		fail_msg("a program did not end in %d s", RUN_TIMEOUT_MS / 1000);
	}
}

void ran_done(struct ran *r)
{
	free(r->out);
	free(r->err);
	*r = (struct ran){ 0 };
}

void run(const struct run_options *o, const char *const argv[], struct ran *ret)
{
	struct job job = run_start(o, argv);

	run_wait(&job, ret);
}

char *run_shell(const char *fmt, ...)
{
	struct run_options o = { .uid = RUN_SAME_UID };
	struct ran r;
	char *line;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&line, fmt, ap) >= 0);
	va_end(ap);
	run(&o, (const char *const[]){ "/bin/sh", "-ec", line, NULL }, &r);
	if (r.status != 0) {
		fail_msg("status %d of: %s\n%s", r.status, line, r.err);
	}
	free(line);
	free(r.err);
	return r.out;
}

bool run_has_program(const char *name)
{
	struct run_options o = { .uid = RUN_SAME_UID };
	struct ran r;
	bool has;

	run(&o, (const char *const[]){ "/bin/sh", "-c", "command -v -- \"$0\"", name, NULL }, &r);
	has = r.status == 0;
	ran_done(&r);
	return has;
}

/* --- sessions ---------------------------------------------------------------------------- */

/* Field 3 and field 6 of /proc/PID/stat; behind the name, which may hold anything. */
static bool is_alive_in(const char *number, pid_t session)
{
	char path[64], line[1024], state;
	const char *rest;
	int fd, of;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0) {
		return false;
	}
	line[n] = '\0';
	rest = strrchr(line, ')');
	return rest && sscanf(rest + 1, " %c %*d %*d %d", &state, &of) == 2 && of == session &&
		state != 'Z' && state != 'X';
}

static unsigned each_of_session(pid_t session, int number)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		if (isdigit((unsigned char)e->d_name[0]) && is_alive_in(e->d_name, session)) {
			n++;
			if (number) {
				kill((pid_t)atol(e->d_name), number);
			}
		}
	}
	closedir(dir);
	return n;
}

unsigned run_count_session(pid_t pid)
{
	return each_of_session(pid, 0);
}

void run_kill_session(pid_t pid)
{
	each_of_session(pid, SIGKILL);
}
