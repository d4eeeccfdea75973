#include "fault_undo.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

enum change { WROTE, CREATED, UNLINKED, REMOVED_DIR, RENAMED };

struct undo {
	struct undo *next;
	enum change what;
	dev_t dev; /* of the file, or of the directory that holds the name */
	ino_t ino;
	int fd; /* WROTE: the file; UNLINKED, RENAMED: what the name stood for, or -1 */
	off_t at, old_size;
	size_t n; /* bytes in old */
	uint8_t *old;
	char path[PATH_MAX], from[PATH_MAX];
};

static struct undo *newest;

static struct undo *note(enum change what, const struct stat *st)
{
	struct undo *u = calloc(1, sizeof(*u));

	if (!u) {
		abort();
	}
	u->what = what;
	u->dev = st->st_dev;
	u->ino = st->st_ino;
	u->fd = -1;
	u->next = newest;
	newest = u;
	return u;
}

/* Out of the way of the numbers that the process itself gets. */
static int open_high(const char *path, int flags)
{
	int fd = __real_openat(AT_FDCWD, path, flags | O_CLOEXEC), high;

	if (fd < 0) {
		return -1;
	}
	high = fcntl(fd, F_DUPFD_CLOEXEC, UNDO_FIRST_FD);
	close(fd);
	if (high < 0) {
		abort();
	}
	return high;
}

/* A second descriptor of the file: it outlives close() and rename(). */
static int reopen(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open_high(path, O_RDWR);
}

static void note_bytes(int fd, off_t at, size_t n)
{
	struct stat st;
	struct undo *u;
	ssize_t got;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		return;
	}
	u = note(WROTE, &st);
	u->fd = reopen(fd);
	u->at = at;
	u->old_size = st.st_size;
	u->old = malloc(n + 1);
	if (!u->old || u->fd < 0) {
		abort();
	}
	got = n > 0 ? pread(u->fd, u->old, n, at) : 0;
	u->n = got > 0 ? (size_t)got : 0;
}

void undo_note_write(int fd, off_t at, size_t n)
{
	note_bytes(fd, at, n);
}

void undo_note_resize(int fd, off_t size)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		note_bytes(fd, size, size < st.st_size ? (size_t)(st.st_size - size) : 0);
	}
}

static struct undo *note_name(enum change what, const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	struct stat st;
	struct undo *u;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash && slash != dir) {
		*slash = '\0';
	}
	if (stat(slash ? dir : ".", &st) < 0) {
		return NULL; /* the call itself will fail */
	}
	u = note(what, &st);
	snprintf(u->path, sizeof(u->path), "%s", path);
	return u;
}

void undo_note_create(const char *path)
{
	if (access(path, F_OK) != 0) {
		note_name(CREATED, path);
	}
}

void undo_note_unlink(const char *path)
{
	int fd = open_high(path, O_RDONLY);
	struct undo *u = fd >= 0 ? note_name(UNLINKED, path) : NULL;

	if (u) {
		u->fd = fd;
	}
}

void undo_note_rmdir(const char *path)
{
	if (access(path, F_OK) == 0) {
		note_name(REMOVED_DIR, path);
	}
}

void undo_note_rename(const char *from, const char *to)
{
	struct undo *u = note_name(RENAMED, to);

	if (u) {
		snprintf(u->from, sizeof(u->from), "%s", from);
		u->fd = open_high(to, O_RDONLY);
	}
}

void undo_forget(int fd)
{
	struct stat st;
	struct undo **at = &newest;

	if (fstat(fd, &st) < 0) {
		return;
	}
	while (*at) {
		struct undo *u = *at;

		if (u->dev != st.st_dev || u->ino != st.st_ino) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		if (u->fd >= 0) {
			close(u->fd);
		}
		free(u->old);
		free(u);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP ? __real_rmdir(path) : __real_unlink(path);
}

static void put_back_file(const char *path, int from)
{
	uint8_t block[65536];
	off_t at = 0;
	ssize_t n;
	int fd = __real_openat(
		AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0) {
		return; /* its directory is gone as well */
	}
	while ((n = pread(from, block, sizeof(block), at)) > 0) {
		if (__real_pwrite(fd, block, (size_t)n, at) != n) {
			abort();
		}
		at += n;
	}
	close(fd);
}

static bool is_heads(bool is_random, unsigned *seed)
{
	return is_random && (rand_r(seed) & 1);
}

static void put_back_bytes(const struct undo *u, bool is_random, unsigned *seed)
{
	size_t at = 0;

	while (at < u->n) {
		size_t n = SECTOR - (size_t)(u->at + (off_t)at) % SECTOR;

		n = n < u->n - at ? n : u->n - at;
		if (!is_heads(is_random, seed) &&
			__real_pwrite(u->fd, u->old + at, n, u->at + (off_t)at) != (ssize_t)n) {
			abort();
		}
		at += n;
	}
	if (!is_heads(is_random, seed) && __real_ftruncate(u->fd, u->old_size) < 0) {
		abort();
	}
}

static void put_back_name(const struct undo *u)
{
	switch (u->what) {
	case WROTE: break;
	case CREATED: nftw(u->path, remove_one, 16, FTW_DEPTH | FTW_PHYS); break;
	case UNLINKED: put_back_file(u->path, u->fd); break;
	case REMOVED_DIR: (void)__real_mkdir(u->path, 0700); break;
	case RENAMED:
		(void)__real_rename(u->path, u->from);
		if (u->fd >= 0) {
			put_back_file(u->path, u->fd);
		}
		break;
	}
}

void undo_all(bool is_random, unsigned seed)
{
	for (const struct undo *u = newest; u; u = u->next) {
		if (u->what == WROTE) {
			put_back_bytes(u, is_random, &seed);
		} else if (!is_heads(is_random, &seed)) {
			put_back_name(u);
		}
	}
}
