/* expect.h: faults as a test wants them. */
#ifndef CU_TEST_POLICY_EXPECT_H
#define CU_TEST_POLICY_EXPECT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/path.h"
#include "base/span.h"
#include "policy/faults.h"

/* All faults, one line each, exactly; "" for none. */
static inline void expect_faults(const struct faults *f, const char *wanted)
{
	char all[16384] = "";

	for (size_t i = 0; i < f->n; i++) {
		strncat(all, f->text[i], sizeof(all) - strlen(all) - 2);
		strcat(all, "\n");
	}
	assert_string_equal(all, wanted);
	assert_int_equal(f->n, f->ntotal);
}

/* A directory of policy files in which single files can be replaced. */
struct test_dir {
	char path[64];
};

static inline void test_dir_put(const struct test_dir *d, const char *name, struct span text)
{
	struct cu_err err;

	assert_int_equal(path_put_file(d->path, name, text, 0600, &err), 0);
}

/* Purposes that cover everything, on a contract. */
static inline void test_dir_put_purposes(const struct test_dir *d, const char *const keys[],
	size_t n)
{
	char text[4096] = "purposes:\n";

	for (size_t i = 0; i < n; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"  - {purpose: %s, text: Some., use: essential, basis: contract, data: '*'}\n",
			keys[i]);
	}
	test_dir_put(d, "purposes.yaml", span_str(text));
}

static inline void test_dir_make(struct test_dir *d)
{
	snprintf(d->path, sizeof(d->path), "/tmp/custos-policy-XXXXXX");
	assert_non_null(mkdtemp(d->path));
}

static inline void test_dir_remove(const struct test_dir *d)
{
	char **names = NULL;
	size_t n = 0;

	assert_int_equal(path_list(d->path, &names, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(path_remove(d->path, names[i], NULL), 0);
	}
	path_free_names(names, n);
	assert_int_equal(rmdir(d->path), 0);
}

#endif
