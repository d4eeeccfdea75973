/*
 * fixture.h: what the tests of backup/ share: a directory of their own, shell commands, files.
 */
#ifndef CU_TEST_BACKUP_FIXTURE_H
#define CU_TEST_BACKUP_FIXTURE_H
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"

#define UNUSED __attribute__((unused))

static char tmp[256]; /* the test program's directory */

static inline int make_tmp(void **state)
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

static inline int drop_tmp(void **state)
{
	(void)state;
	remove_tree(tmp);
	return 0;
}

/* A path below tmp, in one of eight buffers that take turns. */
__attribute__((format(printf, 1, 2))) static inline const char *at(const char *fmt, ...)
{
	static char ring[8][1024];
	static unsigned turn;
	char *out = ring[turn++ % 8];
	int n = snprintf(out, 1024, "%s/", tmp);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + n, 1024 - (size_t)n, fmt, ap);
	va_end(ap);
	return out;
}

/* The exit status of a shell command that is run in tmp. */
__attribute__((format(printf, 1, 2))) static inline int shell(const char *fmt, ...)
{
	char command[4096];
	int n = snprintf(command, sizeof(command), "cd '%s' && ", tmp), status;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command + n, sizeof(command) - (size_t)n, fmt, ap);
	va_end(ap);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void need_tool(const char *name)
{
	if (shell("command -v %s >/dev/null", name) != 0) {
		print_message("%s is not installed\n", name);
		skip();
	}
}

static inline void read_all(const char *path, struct buf *to)
{
	struct cu_err err = { 0 };

	if (path_read_file(path, 1u << 28, to, &err) < 0) {
		fail_msg("%s", err.msg);
	}
}

static inline void write_all(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

#define assert_ok(call, err)                                                                   \
	do {                                                                                   \
		if ((call) < 0) {                                                              \
			fail_msg("%s: %s", #call, (err)->msg);                                 \
		}                                                                              \
	} while (0)

/* The message must hold this text. */
#define assert_says(err, text)                                                                 \
	do {                                                                                   \
		if (!strstr((err)->msg, text)) {                                               \
			fail_msg("'%s' is not in: %s", text, (err)->msg);                      \
		}                                                                              \
	} while (0)

#endif
