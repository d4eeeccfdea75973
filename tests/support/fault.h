/*
 * fault.h: what if the process dies, or the disk fails, at just this call?
 *
 * Counts the calls that change a file system (write, pwrite, fsync, fdatasync, rename,
 * renameat2, linkat, unlink, unlinkat, mkdir, rmdir, posix_fallocate, ftruncate, and open with O_CREAT)
 * and does something else instead of the n-th.  A test runs its story for n = 1, 2, 3 ... until the story ends before
 * the n-th call, and looks at what is left on the disk after each.
 *
 * Link a test with the CMake target "fault": it carries this file and the -Wl,--wrap options
 * that lead the calls of the test and of the static libraries here.  Shared libraries are not
 * led here: hand SQLite the functions below by sqlite3_vfs.xSetSystemCall ("pwrite64",
 * "fsync", "fdatasync", "unlink", "ftruncate", ...) if its calls are to count as well.
 *
 * Not for threads: one thread at a time makes calls while a fault is armed.
 */
#ifndef CU_TESTS_FAULT_H
#define CU_TESTS_FAULT_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum fault_how {
	FAULT_COUNT,    /* nothing happens; calls are counted */
	FAULT_RECORD,   /* nothing happens; changes are written down, between trace_begin and trace_end */
	FAULT_EXIT,     /* the process dies before the n-th call; the kernel lives on */
	FAULT_TEAR,     /* as FAULT_EXIT, but a write has put half of its bytes */
	FAULT_POWER,    /* the machine dies before the n-th call: what was not synced is lost */
	FAULT_SHUFFLE,  /* as FAULT_POWER, but sectors of unsynced writes are lost at random */
	FAULT_FAIL,     /* the n-th call fails with the error number; later ones work */
	FAULT_FAIL_ALL, /* the n-th call and all after it fail with the error number */
};

/* Which calls count; or them together. */
#define FAULT_WRITE  0x01u /* write, pwrite */
#define FAULT_SYNC   0x02u /* fsync, fdatasync */
#define FAULT_NAME   0x04u /* rename, renameat2, linkat, unlink, unlinkat, mkdir, rmdir */
#define FAULT_CREATE 0x08u /* open, openat with O_CREAT */
#define FAULT_SPACE  0x10u /* posix_fallocate, ftruncate */
#define FAULT_ANY    0x1fu
/* Not a change of the disk, and only with the CMake target "fault_memory": malloc, calloc, realloc, anonymous
 * mmap and their kin, of whoever calls them, shared libraries as well. */
#define FAULT_MEMORY 0x20u

#define FAULT_STATUS 86 /* exit status of a process that died of a fault */

/* From now on: the nth call (from 1) of these kinds.  error_number is for FAULT_FAIL. */
void fault_arm(unsigned kinds, long nth, enum fault_how how, int error_number);

/* Calls neither count nor fail meanwhile. */
void fault_pause(bool is_paused);

/* Back to normal; returns how many calls were counted. */
long fault_disarm(void);

/* Runs story(ctx) in a child process with the fault armed.  1: the child came to its end and
 * returned 0.  0: it died of the fault.  FAULT_STORY_FAILED: it returned something else, or ended by
 * exit.  FAULT_CRASHED: it died otherwise.  The last two are said on stderr. */
#define FAULT_STORY_FAILED (-1)
#define FAULT_CRASHED      (-2)
int fault_run(unsigned kinds, long nth, enum fault_how how, int error_number,
	int (*story)(void *ctx), void *ctx);

/* A process is killed before the nth call; the next one runs the same story to its end and says
 * so; then the power is cut.  What the first had not synced is lost as well, unless the second
 * has synced it: names and bytes that one finds are not durable for being found.  0: done.
 * 1: done, and the first came to its end.  -1: the second story failed (said on stderr). */
int fault_run_twice(unsigned kinds, long nth, int (*story)(void *ctx), void *ctx);

/* In a trace (fault_trace.h), if one is being recorded: this was reached. */
void fault_mark(const void *p, size_t n);

/* Fails the call, with its error number in errno, if it is the one; for FAULT_FAIL and FAULT_FAIL_ALL. */
bool fault_refuses(unsigned kind);

/* The calls themselves, as SQLite may be given them. */
ssize_t fault_write(int fd, const void *p, size_t n);
ssize_t fault_pwrite(int fd, const void *p, size_t n, off_t at);
int fault_fsync(int fd);
int fault_fdatasync(int fd);
int fault_unlink(const char *path);
int fault_ftruncate(int fd, off_t size);

#endif
