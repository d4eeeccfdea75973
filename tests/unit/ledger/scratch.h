/*
 * scratch.h: a directory for a test, and what the tests of this layer do with files.
 */
#ifndef CU_TESTS_LEDGER_SCRATCH_H
#define CU_TESTS_LEDGER_SCRATCH_H
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"

static inline int scratch_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void scratch_remove(const char *dir)
{
	nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A fresh directory in memory if there is room: the tests sync some ten thousand times, and
 * what a sync is worth is shown by fault.h and not by the disk below. */
static inline char *scratch_new(void)
{
	struct statvfs fs;
	bool is_roomy = statvfs("/dev/shm", &fs) == 0 &&
			access("/dev/shm", W_OK) == 0 &&
			(uint64_t)fs.f_bavail * fs.f_frsize > (512u << 20);
	char *dir = strdup(is_roomy ? "/dev/shm/custos-ledger-XXXXXX"
				    : "/tmp/custos-ledger-XXXXXX");

	if (!dir || !mkdtemp(dir)) {
		abort();
	}
	return dir;
}

/* One as the state of a test; its teardown takes it away. */
static inline int scratch_setup(void **state)
{
	*state = scratch_new();
	return 0;
}

static inline int scratch_teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

/* In this process: a cp(1) costs more than the test that wants the copy. */
static inline void scratch_copy(const char *from, const char *to)
{
	char **names;
	size_t n;

	if (mkdir(to, 0700) < 0 || path_list(from, &names, &n, NULL) < 0) {
		abort();
	}
	for (size_t i = 0; i < n; i++) {
		char a[PATH_SIZE], b[PATH_SIZE];
		struct buf bytes = BUF_INIT;
		struct stat st;

		if (path_join(a, from, names[i], NULL) < 0 ||
			path_join(b, to, names[i], NULL) < 0 || stat(a, &st) < 0) {
			abort();
		}
		if (S_ISDIR(st.st_mode)) {
			scratch_copy(a, b);
			continue;
		}
		int fd = open(b, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || path_read_file(a, 64u << 20, &bytes, NULL) < 0 ||
			path_write_fd(fd, buf_span(&bytes), NULL) < 0) {
			abort();
		}
		close(fd);
		buf_done(&bytes);
	}
	path_free_names(names, n);
}

/* "<dir>/<name>", good until the 64th call from now. */
static inline const char *scratch_path(const char *dir, const char *name)
{
	static char paths[64][PATH_SIZE];
	static unsigned next;
	char *path = paths[next++ % 64];

	if (path_join(path, dir, name, NULL) < 0) {
		abort();
	}
	return path;
}

static inline void scratch_read_at(const char *path, size_t at, void *to, size_t n)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || pread(fd, to, n, (off_t)at) != (ssize_t)n) {
		abort();
	}
	close(fd);
}

static inline void scratch_write_at(
	const char *path, size_t at, const void *from, size_t n)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || pwrite(fd, from, n, (off_t)at) != (ssize_t)n) {
		abort();
	}
	close(fd);
}

static inline void scratch_flip(const char *path, size_t at, int bit)
{
	uint8_t byte;

	scratch_read_at(path, at, &byte, 1);
	byte ^= (uint8_t)(1u << bit);
	scratch_write_at(path, at, &byte, 1);
}

#endif
