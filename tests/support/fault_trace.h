/*
 * fault_trace.h: every change of the disk that a program makes, in order, with its bytes.
 *
 * What fault.c sees of a file system is written down with FAULT_RECORD: what was written where,
 * which names came, moved and went, what was synced, and marks of the program's own between
 * them.  From that and the disk as it was before follows every state that a power cut may leave
 * (tests/model/disk.h).  Files have the numbers of their inodes.  Recording is by fault.c alone.
 */
#ifndef CU_TESTS_FAULT_TRACE_H
#define CU_TESTS_FAULT_TRACE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACE_NAME_SIZE 128
#define TRACE_PATH_SIZE 256

enum trace_kind {
	TRACE_WRITE,   /* n bytes at `at` of ino */
	TRACE_RESIZE,  /* ino has n bytes now: those behind are gone, new ones are zeros */
	TRACE_CREATE,  /* dir/name is a new file or directory, ino */
	TRACE_LINK,    /* dir/name is ino, which has other names */
	TRACE_UNLINK,  /* dir/name is gone: of a file or a directory */
	TRACE_RENAME,  /* dir/name is ino, which was dir/from; between directories: a link, an unlink */
	TRACE_SYNC,    /* of a file or a directory, ino */
	TRACE_MARK,    /* nothing of the disk: what the program said, n bytes */
};

struct trace_op {
	uint32_t kind, mode;
	uint64_t ino, dir;
	uint64_t at, n;
	uint8_t is_dir;
	char name[TRACE_NAME_SIZE], from[TRACE_NAME_SIZE];
	char path[TRACE_PATH_SIZE]; /* of it, below the directory: for people */
	const uint8_t *bytes;       /* n of a write or a mark; the trace's */
};

struct trace {
	struct trace_op *ops;
	size_t n;
	uint8_t *bytes;
};

/* Whatever goes wrong ends the process: these are for tests. */
void trace_load(const char *path, struct trace *ret);
void trace_done(struct trace *t);

/* Of what lies on the file system of dir; the trace goes to this file. */
void trace_begin(const char *dir, const char *to);
void trace_end(void);

/* Each is called when the change was made. */
void trace_write(int fd, off_t at, const void *p, size_t n);
void trace_resize(int fd);
void trace_create(const char *path);
void trace_link(const char *path);
void trace_unlink(const char *path);
void trace_rename(const char *from, const char *to);
void trace_sync(int fd);
void trace_mark(const void *p, size_t n);

#endif
