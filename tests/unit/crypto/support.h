/*
 * support.h: what several tests of crypto/ need: bytes, places, and other people's programs.
 */
#ifndef CU_TEST_CRYPTO_SUPPORT_H
#define CU_TEST_CRYPTO_SUPPORT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/span.h"

#define assert_ok(call, err)                                                           \
	do {                                                                           \
		long code_ = (call);                                                   \
		if (code_ < 0) {                                                       \
			fail_msg("%s: %ld: %s", #call, code_, (err).msg);              \
		}                                                                      \
	} while (0)

/* --- a directory of the test's own ------------------------------------------------------ */

static inline int support_make_dir(void **state)
{
	char *dir = strdup("/tmp/custos-test-XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) ? 0 : -1;
}

static inline int support_remove_dir(void **state)
{
	char command[64];
	int r;

	snprintf(command, sizeof(command), "rm -rf '%s'", (const char *)*state);
	r = system(command);
	free(*state);
	return r;
}

static inline void support_put(const char *dir, const char *name, struct span bytes)
{
	struct cu_err err;

	assert_ok(path_put_file(dir, name, bytes, 0600, &err), err);
}

static inline void support_get(const char *dir, const char *name, struct buf *to)
{
	char path[PATH_SIZE];
	struct cu_err err;

	assert_ok(path_join(path, dir, name, &err), err);
	assert_ok(path_read_file(path, 1 << 26, to, &err), err);
}

/* --- programs --------------------------------------------------------------------------- */

/* Runs a shell command; its exit status. */
static inline int support_run(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
static inline int support_run(const char *fmt, ...)
{
	char command[2048];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void support_need(const char *program)
{
	if (support_run("command -v %s > /dev/null", program) != 0) {
		fail_msg("%s is not installed; './dev deps' installs it", program);
	}
}

/* --- bytes ------------------------------------------------------------------------------ */

/* n bytes that look random and are the same in every run. */
static inline void support_fill(uint8_t *p, size_t n)
{
	uint32_t x = 2463534242u;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p[i] = (uint8_t)x;
	}
}

#endif
