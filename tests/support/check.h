/*
 * check.h: what most tests start with: cmocka, a directory of their own, errors as sentences.
 *
 * A test program that uses the directory runs its group with make_tmp and drop_tmp.
 */
#ifndef CU_TESTS_CHECK_H
#define CU_TESTS_CHECK_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"

#define assert_ok(call, err)                                                                   \
	do {                                                                                   \
		if ((call) < 0) {                                                              \
			fail_msg("%s: %s", #call, (err)->msg);                                 \
		}                                                                              \
	} while (0)

/* The call fails with this code, and its message holds this text. */
#define assert_fails(call, wanted, err, text)                                                  \
	do {                                                                                   \
		int code_ = (call);                                                            \
		if (code_ != (wanted)) {                                                       \
			fail_msg("%s: %s instead of %s (%s)", #call,                           \
				code_ < 0 ? cu_err_wire_name(code_) : "success",               \
				cu_err_wire_name(wanted), (err)->msg);                         \
		}                                                                              \
		assert_int_equal((err)->code, (wanted));                                       \
		if (!strstr((err)->msg, (text))) {                                             \
			fail_msg("'%s' is not in: %s", (text), (err)->msg);                    \
		}                                                                              \
	} while (0)

static char tmp[64]; /* the test program's directory */

__attribute__((unused)) static int make_tmp(void **state)
{
	(void)state;
	strcpy(tmp, "/tmp/custos-test-XXXXXX");
	return mkdtemp(tmp) ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((unused)) static int drop_tmp(void **state)
{
	(void)state;
	remove_tree(tmp);
	return 0;
}

/* "<dir>/<name>", in one of eight buffers that take turns. */
static inline const char *in_dir(const char *dir, const char *name)
{
	static char path[8][PATH_SIZE];
	static unsigned turn;

	turn = (turn + 1) % 8;
	snprintf(path[turn], PATH_SIZE, "%s/%s", dir, name);
	return path[turn];
}

/* A fresh directory in tmp; its name lives as long as the program. */
static inline const char *fresh_dir(void)
{
	static char dirs[128][sizeof(tmp) + 8];
	static unsigned n;
	char *path = dirs[n];

	assert_true(n < 128);
	assert_true(*tmp); /* a group without its setup would work in the root directory */
	snprintf(path, sizeof(dirs[0]), "%s/d%u", tmp, n++);
	assert_int_equal(mkdir(path, 0700), 0);
	return path;
}

static inline void read_all(const char *path, struct buf *to)
{
	struct cu_err err = { 0 };

	assert_ok(path_read_file(path, 1u << 30, to, &err), &err);
}

static inline void write_all(const char *path, struct span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(path_write_fd(fd, bytes, NULL), 0);
	assert_int_equal(close(fd), 0);
}

/* Of a file that nobody has open, or of one that is only appended to. */
static inline void copy_file(const char *from, const char *to)
{
	struct buf b = BUF_INIT;

	read_all(from, &b);
	write_all(to, buf_span(&b));
	buf_done(&b);
}

#endif
