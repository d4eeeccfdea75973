#include "fault_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault_undo.h"

ssize_t __real_write(int fd, const void *p, size_t n);

static int to_fd = -1;
static char top[4096]; /* the directory */
static dev_t device; /* what lies elsewhere is no part of the disk: standard output, say */

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
	_exit(120);
}

/* --- writing it down -------------------------------------------------------------------- */

static void put(const struct trace_op *op, const void *bytes)
{
	size_t n = bytes ? op->n : 0;

	if (__real_write(to_fd, op, sizeof(*op)) != (ssize_t)sizeof(*op) ||
		(n > 0 && __real_write(to_fd, bytes, n) != (ssize_t)n)) {
		give_up("write");
	}
}

void trace_begin(const char *dir, const char *to)
{
	struct stat st;
	int fd = __real_openat(AT_FDCWD, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	to_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, UNDO_FIRST_FD);
	if (to_fd < 0 || stat(dir, &st) < 0) {
		give_up(to);
	}
	close(fd);
	device = st.st_dev;
	snprintf(top, sizeof(top), "%s", dir);
}

void trace_end(void)
{
	close(to_fd);
	to_fd = -1;
}

/* What comes behind the directory: the rest is another at each run. */
static void put_path(struct trace_op *op, const char *path)
{
	size_t n = strlen(top);

	snprintf(op->path, sizeof(op->path), "%s", strncmp(path, top, n) == 0 && path[n] ? path + n + 1 : path);
}

/* False: it is not on the disk. */
static bool fill_in_file(int fd, struct trace_op *op)
{
	char link[64], path[4096];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || st.st_dev != device || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		return false;
	}
	op->ino = st.st_ino;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	put_path(op, path);
	return true;
}

/* The directory of a path, and the name in it. */
static bool fill_in_name(const char *path, uint64_t *ret_dir, char name[TRACE_NAME_SIZE])
{
	const char *slash = strrchr(path, '/');
	char dir[4096];
	struct stat st;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	snprintf(name, TRACE_NAME_SIZE, "%s", slash ? slash + 1 : path);
	if (stat(dir, &st) < 0 || st.st_dev != device) {
		return false;
	}
	*ret_dir = st.st_ino;
	return true;
}

static void put_name(enum trace_kind kind, const char *path, const char *from)
{
	struct trace_op op = { .kind = kind };
	struct stat st;

	if (!fill_in_name(path, &op.dir, op.name) || (from && !fill_in_name(from, &op.dir, op.from))) {
		return;
	}
	if (kind != TRACE_UNLINK) {
		if (lstat(path, &st) < 0) {
			give_up(path);
		}
		op.ino = st.st_ino;
		op.is_dir = S_ISDIR(st.st_mode);
		op.mode = st.st_mode & 07777;
	}
	put_path(&op, path);
	put(&op, NULL);
}

void trace_write(int fd, off_t at, const void *p, size_t n)
{
	struct trace_op op = { .kind = TRACE_WRITE, .at = (uint64_t)at, .n = n };

	if (fill_in_file(fd, &op)) {
		put(&op, p);
	}
}

void trace_resize(int fd)
{
	struct trace_op op = { .kind = TRACE_RESIZE };
	struct stat st;

	if (fill_in_file(fd, &op) && fstat(fd, &st) == 0) {
		op.n = (uint64_t)st.st_size;
		put(&op, NULL);
	}
}

void trace_sync(int fd)
{
	struct trace_op op = { .kind = TRACE_SYNC };

	if (fill_in_file(fd, &op)) {
		put(&op, NULL);
	}
}

void trace_create(const char *path)
{
	put_name(TRACE_CREATE, path, NULL);
}

void trace_link(const char *path)
{
	put_name(TRACE_LINK, path, NULL);
}

void trace_unlink(const char *path)
{
	put_name(TRACE_UNLINK, path, NULL);
}

void trace_rename(const char *from, const char *to)
{
	char name[TRACE_NAME_SIZE];
	uint64_t a, b;

	if (fill_in_name(from, &a, name) && fill_in_name(to, &b, name) && a != b) {
		put_name(TRACE_LINK, to, NULL);
		put_name(TRACE_UNLINK, from, NULL);
	} else {
		put_name(TRACE_RENAME, to, from);
	}
}

void trace_mark(const void *p, size_t n)
{
	struct trace_op op = { .kind = TRACE_MARK, .n = n };

	put(&op, p);
}

/* --- reading it ------------------------------------------------------------------------- */

static bool has_bytes(const struct trace_op *op)
{
	return op->kind == TRACE_WRITE || op->kind == TRACE_MARK;
}

static void add(struct trace *t, const uint8_t *at)
{
	struct trace_op *op;

	if (t->n % 256 == 0) {
		t->ops = realloc(t->ops, (t->n + 256) * sizeof(*t->ops));
		if (!t->ops) {
			abort();
		}
	}
	op = &t->ops[t->n++];
	memcpy(op, at, sizeof(*op));
	op->bytes = has_bytes(op) ? at + sizeof(*op) : NULL;
}

void trace_load(const char *path, struct trace *ret)
{
	int fd = __real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t at = 0, size;

	*ret = (struct trace){ 0 };
	if (fd < 0 || fstat(fd, &st) < 0) {
		give_up(path);
	}
	size = (size_t)st.st_size;
	ret->bytes = malloc(size + 1);
	if (!ret->bytes || read(fd, ret->bytes, size) != (ssize_t)size) {
		give_up(path);
	}
	close(fd);
	while (at < size) {
		add(ret, ret->bytes + at);
		at += sizeof(struct trace_op);
		at += has_bytes(&ret->ops[ret->n - 1]) ? ret->ops[ret->n - 1].n : 0;
	}
}

void trace_done(struct trace *t)
{
	free(t->ops);
	free(t->bytes);
	*t = (struct trace){ 0 };
}
