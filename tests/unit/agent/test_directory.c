/* The plugin directory: what it keeps, what it refuses, and what is left when a call of it fails. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/plugin.h"
#include "base/path.h"

#define ONE "data/ab/one"

static const char *dir;
static char root[PATH_SIZE];
static void *target;
static struct cu_fault fault;

/* --- faults: the n-th call of one of these fails ------------------------------------------- */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);

static int fails_in, fails_with; /* 0: never */

static bool is_to_fail(void)
{
	bool is = fails_in > 0 && --fails_in == 0;

	errno = is ? fails_with : errno;
	return is;
}

int __wrap_fsync(int fd)
{
	return is_to_fail() ? -1 : __real_fsync(fd);
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
	return is_to_fail() ? -1 : __real_renameat(a, from, b, to);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	return is_to_fail() ? -1 : __real_write(fd, p, n > 3 ? 3 : n); /* and never all at once */
}

/* --- support ----------------------------------------------------------------------------------- */

static const struct cu_target_calls *calls(void)
{
	return plugin_target(&cu_plugin);
}

static void open_at(const char *path, const char *word)
{
	const struct cu_value values[] = { { .text = path }, { .text = word } };

	assert_int_equal(calls()->open(values, &target, &fault), CU_DONE);
}

static int begin(void **state)
{
	(void)state;
	fails_in = 0;
	dir = fresh_dir();
	assert_int_equal(path_join(root, dir, "nas", NULL), 0);
	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(path_put_file(root, "custos-target", span_str("nas-1\n"), 0600, NULL), 0);
	open_at(root, "nas-1");
	return 0;
}

static int end(void **state)
{
	(void)state;
	fails_in = 0;
	calls()->close(target);
	return 0;
}

static int32_t put(const char *name, const char *text, uint32_t flags)
{
	FILE *f = tmpfile();
	int32_t code;

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fflush(f) == 0);
	code = calls()->put(target, name, fileno(f), strlen(text), flags, &fault);
	fclose(f);
	return code;
}

/* What is under this name; "(absent)". */
static const char *get(const char *name)
{
	static char text[100];
	int pair[2], faults = fails_in;
	ssize_t n = 0;
	int32_t code;

	fails_in = 0;
	assert_int_equal(pipe(pair), 0);
	code = calls()->get(target, name, pair[1], &fault);
	close(pair[1]);
	n = read(pair[0], text, sizeof(text) - 1);
	close(pair[0]);
	fails_in = faults;
	text[n > 0 ? n : 0] = '\0';
	return code == CU_ABSENT ? "(absent)" : code == CU_DONE ? text : fault.text;
}

static int32_t count(void *ctx, const char *name, uint64_t size)
{
	(void)name;
	(void)size;
	++*(int *)ctx;
	return CU_DONE;
}

static int number_of(const char *under)
{
	int n = 0;

	assert_int_equal(calls()->list(target, under, count, &n, &fault), CU_DONE);
	return n;
}

static bool is_there(const char *name)
{
	return path_exists(in_dir(root, name));
}

static void expect_said(const char *with)
{
	if (!strstr(fault.text, with)) {
		fail_msg("there is no \"%s\" in: %s", with, fault.text);
	}
}

/* --- what it keeps --------------------------------------------------------------------------- */

static void what_was_put_is_got_measured_listed_and_removed(void **state)
{
	uint64_t size = 0;

	(void)state;
	assert_int_equal(put(ONE, "some bytes", 0), CU_DONE);
	assert_string_equal(get(ONE), "some bytes");
	assert_int_equal(calls()->measure(target, ONE, &size, &fault), CU_DONE);
	assert_int_equal(size, 10);
	assert_int_equal(put("data/cd/two", "", 0), CU_DONE);
	assert_int_equal(number_of("data"), 2);
	assert_int_equal(number_of("data/cd"), 1);
	assert_int_equal(number_of("vault"), 0);
	assert_int_equal(calls()->remove(target, ONE, &fault), CU_DONE);
	assert_int_equal(calls()->remove(target, ONE, &fault), CU_DONE);
	assert_int_equal(calls()->remove(target, "no/where", &fault), CU_DONE);
	assert_string_equal(get(ONE), "(absent)");
	assert_int_equal(calls()->measure(target, ONE, &size, &fault), CU_ABSENT);
	assert_int_equal(number_of("data"), 1);
}

static void a_taken_name_stays_as_it_is_unless_it_may_be_replaced(void **state)
{
	(void)state;
	assert_int_equal(put(ONE, "first", 0), CU_DONE);
	assert_int_equal(put(ONE, "second", 0), CU_TAKEN);
	assert_string_equal(get(ONE), "first");
	assert_int_equal(put(ONE, "third", CU_PUT_REPLACE), CU_DONE);
	assert_string_equal(get(ONE), "third");
	assert_int_equal(number_of("data"), 1);
}

static void less_than_was_said_is_not_kept(void **state)
{
	FILE *f = tmpfile();

	(void)state;
	assert_true(fputs("short", f) >= 0 && fflush(f) == 0);
	assert_int_equal(calls()->put(target, ONE, fileno(f), 100, 0, &fault), CU_LATER);
	fclose(f);
	assert_string_equal(get(ONE), "(absent)");
	assert_int_equal(number_of("data"), 0);
}

/* --- where it must not write --------------------------------------------------------------------- */

static void a_directory_without_its_marker_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(unlink(in_dir(root, "custos-target")), 0);
	assert_int_equal(put(ONE, "x", 0), CU_AWAY);
	expect_said("mount what belongs there");
	expect_said("write the word of 'marker'");
	assert_false(is_there("data"));
	assert_int_equal(path_put_file(root, "custos-target", span_str("nas-2\n"), 0600, NULL), 0);
	assert_int_equal(put(ONE, "x", 0), CU_AWAY);
	expect_said("another directory");
	assert_false(is_there("data"));
	assert_int_equal(rename(root, in_dir(dir, "gone")), 0);
	assert_int_equal(put(ONE, "x", 0), CU_AWAY);
	assert_false(path_exists(root));
	assert_int_equal(rename(in_dir(dir, "gone"), root), 0);
	assert_int_equal(path_put_file(root, "custos-target", span_str("nas-1"), 0600, NULL), 0);
	assert_int_equal(put(ONE, "x", 0), CU_DONE); /* it is back */
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = { "", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/",
		".hidden", "a/.new", "a b", "a\nb", "caf\xc3\xa9" };
	uint64_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(put(names[i], "x", 0), CU_REFUSED);
		assert_int_equal(calls()->measure(target, names[i], &size, &fault), CU_REFUSED);
		assert_int_equal(calls()->remove(target, names[i], &fault), CU_REFUSED);
	}
	assert_true(is_there("custos-target"));
}

static void links_are_not_followed(void **state)
{
	uint64_t size;

	(void)state;
	assert_int_equal(path_put_file(dir, "secret", span_str("secret"), 0600, NULL), 0);
	assert_int_equal(mkdir(in_dir(root, "data"), 0700), 0);
	assert_int_equal(symlink("../../secret", in_dir(root, "data/link")), 0);
	assert_int_equal(symlink("..", in_dir(root, "vault")), 0);
	assert_int_equal(calls()->measure(target, "data/link", &size, &fault), CU_LATER);
	assert_int_equal(calls()->measure(target, "vault/secret", &size, &fault), CU_LATER);
	assert_int_equal(put("vault/x", "x", 0), CU_LATER);
	assert_int_equal(number_of("data"), 0);
}

/* --- when a call fails ------------------------------------------------------------------------- */

/* For every call that could: then nothing is there, or all of it, and the next attempt goes well. */
static void fail_each(int with, const char *said)
{
	bool was_done = false;

	for (int n = 1; !was_done && n < 60; n++) {
		const char *is;

		fails_in = n;
		fails_with = with;
		was_done = put(ONE, "some bytes", 0) == CU_DONE;
		if (!was_done) {
			expect_said(said);
		}
		fails_in = 0;
		is = get(ONE);
		assert_true(strcmp(is, "some bytes") == 0 || (!was_done && strcmp(is, "(absent)") == 0));
		assert_false(is_there("data/ab/.new"));
		if (!was_done) {
			int32_t again = put(ONE, "some bytes", 0);

			assert_true(again == CU_DONE || again == CU_TAKEN);
		}
		assert_int_equal(calls()->remove(target, ONE, &fault), CU_DONE);
	}
	assert_true(was_done);
}

static void a_full_disk_leaves_no_part(void **state)
{
	(void)state;
	fail_each(ENOSPC, "no space is left there");
}

static void a_broken_disk_leaves_no_part(void **state)
{
	(void)state;
	fail_each(EIO, "Input/output error");
}

static void a_server_that_went_away_says_so(void **state)
{
	(void)state;
	fails_in = 2;
	fails_with = ESTALE;
	assert_int_equal(put(ONE, "x", 0), CU_AWAY);
	expect_said("is gone");
}

static void what_a_kill_left_behind_is_removed_before_the_next_put(void **state)
{
	(void)state;
	assert_int_equal(put(ONE, "x", 0), CU_DONE);
	assert_int_equal(path_put_file(in_dir(root, "data/ab"), ".new", span_str("half"), 0600, NULL), 0);
	assert_int_equal(number_of("data"), 1);
	calls()->close(target); /* another process */
	open_at(root, "nas-1");
	assert_int_equal(put("vault/y", "y", 0), CU_DONE);
	assert_false(is_there("data/ab/.new"));
	assert_string_equal(get(ONE), "x");
}

#define test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_was_put_is_got_measured_listed_and_removed),
		test(a_taken_name_stays_as_it_is_unless_it_may_be_replaced),
		test(less_than_was_said_is_not_kept),
		test(a_directory_without_its_marker_is_left_alone),
		test(names_that_lead_elsewhere_are_refused),
		test(links_are_not_followed),
		test(a_full_disk_leaves_no_part),
		test(a_broken_disk_leaves_no_part),
		test(a_server_that_went_away_says_so),
		test(what_a_kill_left_behind_is_removed_before_the_next_put),
	};

	cu_plugin.startup(&plugin_host);
	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
