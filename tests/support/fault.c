#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault_trace.h"
#include "fault_undo.h"

/* The linker's names: __real_x is the C library's x, __wrap_x is what everybody calls.
 * More of the former in fault_undo.h. */
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to,
	unsigned flags);
int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __real_posix_fallocate(int fd, off_t at, off_t n);

ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to,
	unsigned flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_unlink(const char *path);
int __real_unlinkat(int at, const char *name, int flags);
int __wrap_unlinkat(int at, const char *name, int flags);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rmdir(const char *path);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap_posix_fallocate(int fd, off_t at, off_t n);
int __wrap_posix_fallocate64(int fd, off_t at, off_t n);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size);

/* Read by AddressSanitizer, if it is there: freed memory that it keeps back makes each fork
 * cost ten times as much. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=2";
}

static struct {
	unsigned kinds; /* 0: not armed */
	long nth, seen;
	enum fault_how how;
	int error_number;
	bool is_paused;
	bool is_leap; /* out of the story, by the jump below, instead of out of the process */
} armed;

static sigjmp_buf leap;

static bool is_power(void)
{
	return armed.kinds != 0 && (armed.how == FAULT_POWER || armed.how == FAULT_SHUFFLE);
}

static bool is_recording(void)
{
	return armed.kinds != 0 && armed.how == FAULT_RECORD;
}

/* --- the decision ----------------------------------------------------------------------- */

enum verdict { GO_ON, FAIL, TEAR };

static _Noreturn void die(void)
{
	if (armed.is_leap) {
		siglongjmp(leap, 1);
	}
	if (is_power()) {
		undo_all(armed.how == FAULT_SHUFFLE, (unsigned)armed.nth);
	}
	_exit(FAULT_STATUS);
}

static enum verdict judge(unsigned kind)
{
	if (!(armed.kinds & kind) || armed.is_paused) {
		return GO_ON;
	}
	armed.seen++;
	if (armed.seen < armed.nth || (armed.seen > armed.nth && armed.how != FAULT_FAIL_ALL)) {
		return GO_ON;
	}
	switch (armed.how) {
	case FAULT_COUNT:
	case FAULT_RECORD: return GO_ON;
	case FAULT_EXIT:
	case FAULT_POWER:
	case FAULT_SHUFFLE: die();
	case FAULT_TEAR:
		if (kind != FAULT_WRITE) {
			die();
		}
		return TEAR;
	case FAULT_FAIL:
	case FAULT_FAIL_ALL: break;
	}
	errno = armed.error_number;
	return FAIL;
}

bool fault_refuses(unsigned kind)
{
	return judge(kind) == FAIL;
}

void fault_pause(bool is_paused)
{
	armed.is_paused = is_paused;
}

void fault_arm(unsigned kinds, long nth, enum fault_how how, int error_number)
{
	armed.kinds = kinds;
	armed.nth = nth;
	armed.seen = 0;
	armed.how = how;
	armed.error_number = error_number;
	armed.is_paused = false;
}

long fault_disarm(void)
{
	armed.kinds = 0;
	return armed.seen;
}

void fault_mark(const void *p, size_t n)
{
	if (is_recording()) {
		trace_mark(p, n);
	}
}

/* Waits for a child; what fault_run returns. */
static int result_of(pid_t pid, long nth)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fault");
		return FAULT_CRASHED;
	}
	if (!WIFEXITED(status)) {
		fprintf(stderr, "fault: at call %ld the child ended with status %#x\n", nth,
			(unsigned)status);
		return FAULT_CRASHED;
	}
	switch (WEXITSTATUS(status)) {
	case 0: return 1;
	case FAULT_STATUS: return 0;
	}
	fprintf(stderr, "fault: at call %ld the story failed\n", nth);
	return FAULT_STORY_FAILED;
}

int fault_run(unsigned kinds, long nth, enum fault_how how, int error_number,
	int (*story)(void *ctx), void *ctx)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int r;

		fault_arm(kinds, nth, how, error_number);
		r = story(ctx);
		fault_disarm();
		_exit(r == 0 ? 0 : 1);
	}
	return result_of(pid, nth);
}

/* True: the story came to its end before the nth call. */
static bool run_and_leap(unsigned kinds, long nth, int (*story)(void *ctx), void *ctx)
{
	fault_arm(kinds, nth, FAULT_POWER, 0);
	armed.is_leap = true;
	if (sigsetjmp(leap, 0) != 0) {
		armed.is_leap = false;
		/* What the kernel does for a process that dies: locks go with descriptors. */
		for (int fd = STDERR_FILENO + 1; fd < UNDO_FIRST_FD; fd++) {
			close(fd);
		}
		return false;
	}
	(void)story(ctx);
	armed.is_leap = false;
	return true;
}

int fault_run_twice(unsigned kinds, long nth, int (*story)(void *ctx), void *ctx)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		bool is_whole = run_and_leap(kinds, nth, story, ctx);

		fault_arm(FAULT_ANY, LONG_MAX, FAULT_POWER, 0);
		if (story(ctx) != 0) {
			_exit(1);
		}
		undo_all(false, 0);
		_exit(is_whole ? 0 : FAULT_STATUS);
	}
	return result_of(pid, nth);
}

/* --- the calls ------------------------------------------------------------------------- */

ssize_t fault_write(int fd, const void *p, size_t n)
{
	enum verdict v = judge(FAULT_WRITE);
	ssize_t put;

	if (v == FAIL) {
		return -1;
	}
	if (v == TEAR) {
		(void)!__real_write(fd, p, n / 2);
		die();
	}
	if (is_power()) {
		undo_note_write(fd, lseek(fd, 0, SEEK_CUR), n);
	}
	put = __real_write(fd, p, n);
	if (put > 0 && is_recording()) {
		trace_write(fd, lseek(fd, 0, SEEK_CUR) - put, p, (size_t)put);
	}
	return put;
}

ssize_t fault_pwrite(int fd, const void *p, size_t n, off_t at)
{
	enum verdict v = judge(FAULT_WRITE);
	ssize_t put;

	if (v == FAIL) {
		return -1;
	}
	if (v == TEAR) {
		(void)!__real_pwrite(fd, p, n / 2, at);
		die();
	}
	if (is_power()) {
		undo_note_write(fd, at, n);
	}
	put = __real_pwrite(fd, p, n, at);
	if (put > 0 && is_recording()) {
		trace_write(fd, at, p, (size_t)put);
	}
	return put;
}

int fault_fsync(int fd)
{
	int r;

	if (judge(FAULT_SYNC) == FAIL) {
		return -1;
	}
	r = __real_fsync(fd);
	if (r == 0 && is_power()) {
		undo_forget(fd);
	} else if (r == 0 && is_recording()) {
		trace_sync(fd);
	}
	return r;
}

int fault_fdatasync(int fd)
{
	int r;

	if (judge(FAULT_SYNC) == FAIL) {
		return -1;
	}
	r = __real_fdatasync(fd);
	if (r == 0 && is_power()) {
		undo_forget(fd);
	} else if (r == 0 && is_recording()) {
		trace_sync(fd);
	}
	return r;
}

int fault_unlink(const char *path)
{
	int r;

	if (judge(FAULT_NAME) == FAIL) {
		return -1;
	}
	if (is_power()) {
		undo_note_unlink(path);
	}
	r = __real_unlink(path);
	if (r == 0 && is_recording()) {
		trace_unlink(path);
	}
	return r;
}

int fault_ftruncate(int fd, off_t size)
{
	int r;

	if (judge(FAULT_SPACE) == FAIL) {
		return -1;
	}
	if (is_power()) {
		undo_note_resize(fd, size);
	}
	r = __real_ftruncate(fd, size);
	if (r == 0 && is_recording()) {
		trace_resize(fd);
	}
	return r;
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	return fault_write(fd, p, n);
}

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	return fault_pwrite(fd, p, n, at);
}

ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return fault_pwrite(fd, p, n, at);
}

int __wrap_fsync(int fd)
{
	return fault_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
	return fault_fdatasync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	int r;

	if (judge(FAULT_NAME) == FAIL) {
		return -1;
	}
	if (is_power()) {
		undo_note_rename(from, to);
	}
	r = __real_rename(from, to);
	if (r == 0 && is_recording()) {
		trace_rename(from, to);
	}
	return r;
}

/* Only between paths, not below descriptors of directories. */
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to,
	unsigned flags)
{
	int r;

	if (judge(FAULT_NAME) == FAIL) {
		return -1;
	}
	if (is_power() && !((flags & RENAME_NOREPLACE) && access(to, F_OK) == 0)) {
		undo_note_rename(from, to);
	}
	r = __real_renameat2(from_dir, from, to_dir, to, flags);
	if (r == 0 && is_recording()) {
		trace_rename(from, to);
	}
	return r;
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	int r;

	if (judge(FAULT_NAME) == FAIL) {
		return -1;
	}
	if (is_power() && to_dir == AT_FDCWD) {
		undo_note_create(to);
	}
	r = __real_linkat(from_dir, from, to_dir, to, flags);
	if (r == 0 && is_recording() && to_dir == AT_FDCWD) {
		trace_link(to);
	}
	return r;
}

int __wrap_unlink(const char *path)
{
	return fault_unlink(path);
}

/* Of a file: by its path, which whoever takes it back needs. */
int __wrap_unlinkat(int at, const char *name, int flags)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	if (flags != 0 || at == AT_FDCWD) {
		return __real_unlinkat(at, name, flags);
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	n = readlink(link, path, sizeof(path));
	if (n <= 0 || (size_t)n + strlen(name) + 2 > sizeof(path)) {
		return __real_unlinkat(at, name, flags);
	}
	snprintf(path + n, sizeof(path) - (size_t)n, "/%s", name);
	return fault_unlink(path);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	int r;

	if (judge(FAULT_NAME) == FAIL) {
		return -1;
	}
	if (is_power()) {
		undo_note_create(path);
	}
	r = __real_mkdir(path, mode);
	if (r == 0 && is_recording()) {
		trace_create(path);
	}
	return r;
}

int __wrap_rmdir(const char *path)
{
	int r;

	if (judge(FAULT_NAME) == FAIL) {
		return -1;
	}
	if (is_power()) {
		undo_note_rmdir(path);
	}
	r = __real_rmdir(path);
	if (r == 0 && is_recording()) {
		trace_unlink(path);
	}
	return r;
}

static int open_judged(int dir, const char *path, int flags, mode_t mode)
{
	bool is_new;
	int fd;

	if ((flags & O_CREAT) && judge(FAULT_CREATE) == FAIL) {
		return -1;
	}
	if (is_power() && (flags & O_CREAT) && dir == AT_FDCWD) {
		undo_note_create(path);
	}
	is_new = (flags & O_CREAT) && is_recording() && access(path, F_OK) != 0;
	fd = __real_openat(dir, path, flags, mode);
	if (fd >= 0 && is_recording() && dir == AT_FDCWD) {
		if (is_new) {
			trace_create(path);
		} else if (flags & O_TRUNC) {
			trace_resize(fd);
		}
	}
	return fd;
}

/* The mode of an open() that has one. */
#define MODE_OF(flags, mode)                                                               \
	do {                                                                               \
		if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {            \
			va_list ap;                                                        \
			va_start(ap, flags);                                               \
			(mode) = va_arg(ap, mode_t);                                       \
			va_end(ap);                                                        \
		}                                                                          \
	} while (0)

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return open_judged(AT_FDCWD, path, flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return open_judged(AT_FDCWD, path, flags, mode);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return open_judged(dir, path, flags, mode);
}

int __wrap_openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return open_judged(dir, path, flags, mode);
}

int __wrap_posix_fallocate(int fd, off_t at, off_t n)
{
	int r;

	if (judge(FAULT_SPACE) == FAIL) {
		return armed.error_number;
	}
	if (is_power()) {
		undo_note_resize(fd, at + n);
	}
	r = __real_posix_fallocate(fd, at, n);
	if (r == 0 && is_recording()) {
		trace_resize(fd);
	}
	return r;
}

int __wrap_posix_fallocate64(int fd, off_t at, off_t n)
{
	return __wrap_posix_fallocate(fd, at, n);
}

int __wrap_ftruncate(int fd, off_t size)
{
	return fault_ftruncate(fd, size);
}

int __wrap_ftruncate64(int fd, off_t size)
{
	return fault_ftruncate(fd, size);
}
