#include "verify/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/flaw.h"

void input_done(struct input *in)
{
	free(in->p);
	*in = (struct input){ NULL, 0, 0 };
}

struct bytes input_bytes(const struct input *in)
{
	return bytes_of(in->p, in->n);
}

static int failed(const char *name, struct flaw *f)
{
	enum verdict v =
		errno == ENOENT || errno == ENOTDIR ? VERDICT_ABSENT : VERDICT_FAILED;

	return flaw_set(f, v, "%s: %s", name, strerror(errno));
}

/* The size that the file claims is not asked for: it is read until it ends. */
static int make_room(struct input *in, size_t limit, struct flaw *f)
{
	size_t cap = in->cap == 0 ? 16384 : 2 * in->cap;
	uint8_t *p;

	if (in->n < in->cap) {
		return 0;
	}
	cap = cap > limit + 1 ? limit + 1 : cap;
	p = realloc(in->p, cap);
	if (!p) {
		return flaw_set(f, VERDICT_FAILED, "out of memory");
	}
	in->p = p;
	in->cap = cap;
	return 0;
}

static int read_all(
	struct input *in, int fd, const char *name, size_t limit, struct flaw *f)
{
	for (;;) {
		ssize_t got;

		if (in->n > limit) {
			return flaw_set(f, VERDICT_INVALID,
				"%s: longer than the %zu bytes it may have", name,
				limit);
		}
		if (make_room(in, limit, f) < 0) {
			return -1;
		}
		got = read(fd, in->p + in->n, in->cap - in->n);
		if (got == 0) {
			return 0;
		}
		if (got < 0 && errno != EINTR) {
			return failed(name, f);
		}
		in->n += got > 0 ? (size_t)got : 0;
	}
}

int input_read(struct input *in, const char *path, size_t limit, struct flaw *f)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int r;

	in->n = 0;
	if (fd < 0) {
		return failed(path, f);
	}
	r = read_all(in, fd, path, limit, f);
	if (!is_stdin) {
		close(fd);
	}
	if (r < 0) {
		in->n = 0;
	}
	return r;
}

int input_read_at(
	struct input *in, int dir_fd, const char *name, size_t limit, struct flaw *f)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	in->n = 0;
	if (fd < 0) {
		return failed(name, f);
	}
	if (fstat(fd, &st) < 0) {
		r = failed(name, f);
	} else if (!S_ISREG(st.st_mode)) {
		r = flaw_set(f, VERDICT_INVALID, "%s: is no regular file", name);
	} else {
		r = read_all(in, fd, name, limit, f);
	}
	close(fd);
	if (r < 0) {
		in->n = 0;
	}
	return r;
}
