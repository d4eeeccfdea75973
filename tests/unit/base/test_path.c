#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "fault.h"

/* The linker's names (see the build file): what path_list calls, and the C library's own. */
struct dirent *__real_readdir64(DIR *d);
struct dirent *__wrap_readdir64(DIR *d);

static int readdir_fails_at; /* 0: never; counts down */

struct dirent *__wrap_readdir64(DIR *d)
{
	if (readdir_fails_at > 0 && --readdir_fails_at == 0) {
		errno = EIO;
		return NULL;
	}
	return __real_readdir64(d);
}

static size_t count_all(const char *dir)
{
	size_t n = 0;
	struct dirent *e;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((e = __real_readdir64(d)) != NULL) {
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	}
	closedir(d);
	return n;
}

static bool holds(const char *path, const char *text)
{
	struct buf b = BUF_INIT;
	bool is_same;

	read_all(path, &b);
	is_same = span_eq(buf_span(&b), span_str(text));
	buf_done(&b);
	return is_same;
}

/* --- names -------------------------------------------------------------------------------- */

static void join_makes_a_path_or_says_that_it_is_too_long(void **state)
{
	char out[PATH_SIZE], name[PATH_SIZE + 1];
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(path_join(out, "/var/lib", "custos", NULL), 0);
	assert_string_equal(out, "/var/lib/custos");
	memset(name, 'n', PATH_SIZE);
	name[PATH_SIZE - 4] = '\0';
	assert_int_equal(path_join(out, "ab", name, NULL), 0);
	name[PATH_SIZE - 4] = 'n';
	name[PATH_SIZE - 3] = '\0';
	assert_fails(path_join(out, "ab", name, &err), CU_ELIMIT, &err, "too long");
}

static void list_is_sorted_and_passes_over_dot_files(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	char **names = NULL;
	size_t n = 99;

	(void)state;
	assert_ok(path_list(dir, &names, &n, &err), &err);
	assert_int_equal(n, 0);
	path_free_names(names, n);
	for (int i = 0; i < 40; i++) {
		char name[8];

		snprintf(name, sizeof(name), "f%02d", (i * 17) % 40);
		write_all(in_dir(dir, name), span_str(""));
	}
	write_all(in_dir(dir, ".hidden"), span_str(""));
	assert_ok(path_list(dir, &names, &n, &err), &err);
	assert_int_equal(n, 40);
	for (int i = 0; i < 40; i++) {
		char name[8];

		snprintf(name, sizeof(name), "f%02d", i);
		assert_string_equal(names[i], name);
	}
	path_free_names(names, n);
}

static void list_of_nothing_says_so(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	char **names;
	size_t n;

	(void)state;
	assert_fails(path_list(in_dir(dir, "none"), &names, &n, &err), CU_ENOENT, &err, "none");
}

static void list_that_breaks_off_is_an_error_and_no_short_list(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	char **names = NULL;
	size_t n = 99;
	int r;

	(void)state;
	write_all(in_dir(dir, "a"), span_str(""));
	write_all(in_dir(dir, "b"), span_str(""));
	readdir_fails_at = 3;
	r = path_list(dir, &names, &n, &err);
	readdir_fails_at = 0;
	assert_int_equal(r, CU_EIO);
	assert_non_null(strstr(err.msg, dir));
	assert_null(names);
	assert_int_equal(n, 99);
}

/* --- directories -------------------------------------------------------------------------- */

static void make_dir_makes_what_is_missing_above(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	struct stat st;

	(void)state;
	assert_ok(path_make_dir(in_dir(dir, "a/b/c"), 0700, &err), &err);
	assert_int_equal(stat(in_dir(dir, "a/b/c"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_ok(path_make_dir(in_dir(dir, "a/b/c"), 0700, &err), &err);
	assert_ok(path_make_dir(in_dir(dir, "a/x/"), 0700, &err), &err);
	assert_ok(path_make_dir(in_dir(dir, "a//y"), 0700, &err), &err);
	assert_true(path_exists(in_dir(dir, "a/y")));
	assert_ok(path_make_dir("/", 0700, &err), &err);
	assert_ok(path_make_dir(".", 0700, &err), &err);
}

static void make_dir_leaves_the_mode_of_what_is_there(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(in_dir(dir, "a"), 0750), 0);
	assert_ok(path_make_dir(in_dir(dir, "a"), 0700, &err), &err);
	assert_int_equal(stat(in_dir(dir, "a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
}

static void make_dir_where_something_else_lies_fails(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };

	(void)state;
	write_all(in_dir(dir, "file"), span_str("x"));
	assert_fails(path_make_dir(in_dir(dir, "file"), 0700, &err), CU_EEXIST, &err, "file");
	assert_true(path_make_dir(in_dir(dir, "file/a"), 0700, &err) < 0);
	assert_int_equal(symlink("nowhere", in_dir(dir, "dangling")), 0);
	assert_fails(path_make_dir(in_dir(dir, "dangling"), 0700, &err), CU_EEXIST, &err,
		"dangling");
	assert_true(path_make_dir("", 0700, &err) < 0);
}

static void make_dir_of_an_endless_path_is_refused(void **state)
{
	char path[2 * PATH_SIZE];
	struct cu_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(path) - 2; i += 2) {
		memcpy(path + i, "a/", 3);
	}
	assert_fails(path_make_dir(path, 0700, &err), CU_ELIMIT, &err, "too long");
}

static void *make_deep(void *path)
{
	static struct cu_err err;

	return path_make_dir(path, 0700, &err) == 0 ? NULL : err.msg;
}

/* A deep path must not take a deep stack. */
static void make_dir_goes_deep_on_a_small_stack(void **state)
{
	char path[PATH_SIZE];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/deep", fresh_dir());
	pthread_attr_t attr;
	pthread_t thread;
	void *trouble;

	(void)state;
	for (int i = 0; i < 150; i++, n += 2) {
		memcpy(path + n, "/a", 3);
	}
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, 256 * 1024), 0);
	assert_int_equal(pthread_create(&thread, &attr, make_deep, path), 0);
	pthread_join(thread, &trouble);
	pthread_attr_destroy(&attr);
	assert_null(trouble);
	assert_true(path_exists(path));
}

/* --- reading and writing ------------------------------------------------------------------ */

static void a_file_is_read_up_to_its_limit(void **state)
{
	const char *dir = fresh_dir();
	struct buf big = BUF_INIT, b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		buf_put_u8(&big, (uint8_t)(i % 251));
	}
	write_all(in_dir(dir, "big"), buf_span(&big));
	buf_put_str(&b, "before");
	assert_ok(path_read_file(in_dir(dir, "big"), big.n, &b, &err), &err);
	assert_memory_equal(b.p, "before", 6);
	assert_true(span_eq(span_of(b.p + 6, b.n - 6), buf_span(&big)));
	buf_clear(&b);
	assert_fails(path_read_file(in_dir(dir, "big"), big.n - 1, &b, &err), CU_ELIMIT, &err, "big");
	buf_clear(&b);
	write_all(in_dir(dir, "empty"), span_str(""));
	assert_ok(path_read_file(in_dir(dir, "empty"), 0, &b, &err), &err);
	assert_int_equal(b.n, 0);
	assert_fails(path_read_file(in_dir(dir, "none"), 9, &b, &err), CU_ENOENT, &err, "none");
	assert_fails(path_read_file(dir, 9, &b, &err), CU_EIO, &err, dir);
	buf_done(&b);
	buf_done(&big);
}

static void where_others_write_only_a_plain_file_is_read_and_no_pipe_is_waited_for(void **state)
{
	const char *dir = fresh_dir();
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	write_all(in_dir(dir, "plain"), span_str("0123"));
	assert_int_equal(mkfifo(in_dir(dir, "pipe"), 0600), 0);
	assert_int_equal(symlink("plain", in_dir(dir, "link")), 0);
	assert_ok(path_read_plain(in_dir(dir, "plain"), 4, &b, &err), &err);
	assert_string_equal(buf_cstr(&b), "0123");
	assert_fails(path_read_plain(in_dir(dir, "plain"), 3, &b, &err), CU_ELIMIT, &err, "plain");
	assert_fails(path_read_plain(in_dir(dir, "none"), 9, &b, &err), CU_ENOENT, &err, "none");
	assert_fails(path_read_plain(in_dir(dir, "pipe"), 9, &b, &err), CU_ECORRUPT, &err, "pipe");
	assert_fails(path_read_plain(in_dir(dir, "link"), 9, &b, &err), CU_EIO, &err, "link");
	assert_fails(path_read_plain(dir, 9, &b, &err), CU_ECORRUPT, &err, "no regular file");
	buf_done(&b);
}

static void reading_goes_on_from_where_the_descriptor_is(void **state)
{
	const char *dir = fresh_dir();
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };
	int fd;

	(void)state;
	write_all(in_dir(dir, "f"), span_str("0123456789"));
	fd = open(in_dir(dir, "f"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
	assert_ok(path_read_fd(fd, 3, &b, &err), &err);
	assert_string_equal(buf_cstr(&b), "789");
	close(fd);
	buf_done(&b);
}

static void pread_and_pwrite_meet_their_offsets(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	char got[5] = "";
	int fd = open(in_dir(dir, "f"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_ok(path_pwrite_fd(fd, span_str("abcd"), 10, &err), &err);
	assert_ok(path_pread_fd(fd, got, 4, 10, &err), &err);
	assert_string_equal(got, "abcd");
	assert_fails(path_pread_fd(fd, got, 4, 11, &err), CU_ECORRUPT, &err, "early");
	assert_ok(path_pread_fd(fd, got, 0, 99, &err), &err);
	close(fd);
	assert_true(path_pread_fd(fd, got, 4, 10, &err) < 0);
	assert_true(path_pwrite_fd(fd, span_str("abcd"), 0, &err) < 0);
	assert_true(path_write_fd(fd, span_str("abcd"), &err) < 0);
}

static void on_alarm(int number)
{
	(void)number;
}

/* A pipe takes 64 KiB at a time, and signals come in between. */
static void partial_writes_and_signals_are_gone_on_with(void **state)
{
	struct sigaction act = { .sa_handler = on_alarm }, old;
	uint8_t *bytes = calloc(1, 1 << 20);
	int fds[2], status;
	pid_t pid, r;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
	pid = fork();
	if (pid == 0) {
		uint8_t block[4096];
		size_t total = 0;
		ssize_t n;

		close(fds[1]);
		while ((n = read(fds[0], block, sizeof(block))) > 0) {
			total += (size_t)n;
			if (total % (64 * 4096) == 0) {
				kill(getppid(), SIGALRM);
				usleep(1000);
			}
		}
		_exit(total == 1 << 20 ? 0 : 1);
	}
	assert_int_equal(path_write_fd(fds[1], span_of(bytes, 1 << 20), NULL), 0);
	close(fds[1]);
	do {
		r = waitpid(pid, &status, 0);
	} while (r < 0 && errno == EINTR); /* the last signal may come here */
	assert_int_equal(r, pid);
	assert_int_equal(status, 0);
	close(fds[0]);
	sigaction(SIGALRM, &old, NULL);
	free(bytes);
}

/* --- put, place, remove ------------------------------------------------------------------- */

static void put_file_makes_and_replaces_with_the_mode_asked_for(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	struct stat st;

	(void)state;
	assert_ok(path_put_file(dir, "f", span_str("one"), 0600, &err), &err);
	assert_true(holds(in_dir(dir, "f"), "one"));
	assert_ok(path_put_file(dir, "f", span_str("second"), 0400, &err), &err);
	assert_true(holds(in_dir(dir, "f"), "second"));
	assert_int_equal(stat(in_dir(dir, "f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	assert_ok(path_put_file(dir, "f", span_str(""), 0600, &err), &err);
	assert_true(holds(in_dir(dir, "f"), ""));
	assert_int_equal(count_all(dir), 1);
}

static void put_file_is_not_misled_by_the_remains_of_an_earlier_try(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	struct stat st;

	(void)state;
	write_all(in_dir(dir, ".f.new"), span_str("a longer text than the new one"));
	assert_int_equal(chmod(in_dir(dir, ".f.new"), 0444), 0);
	assert_ok(path_put_file(dir, "f", span_str("new"), 0600, &err), &err);
	assert_true(holds(in_dir(dir, "f"), "new"));
	assert_int_equal(stat(in_dir(dir, "f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(count_all(dir), 1);

	assert_int_equal(symlink(in_dir(dir, "f"), in_dir(dir, ".g.new")), 0);
	assert_ok(path_put_file(dir, "g", span_str("other"), 0600, &err), &err);
	assert_true(holds(in_dir(dir, "f"), "new")); /* the link was not followed */
	assert_true(holds(in_dir(dir, "g"), "other"));
}

static void put_file_takes_names_as_long_as_the_file_system_does(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	char name[258];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	assert_ok(path_put_file(dir, name, span_str("x"), 0600, &err), &err);
	assert_true(holds(in_dir(dir, name), "x"));
	name[255] = 'n';
	name[256] = '\0';
	assert_true(path_put_file(dir, name, span_str("x"), 0600, &err) < 0);
	assert_int_equal(count_all(dir), 1);
}

static void put_file_into_nothing_or_over_a_directory_fails(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };

	(void)state;
	assert_fails(path_put_file(in_dir(dir, "none"), "f", span_str("x"), 0600, &err), CU_ENOENT,
		&err, "none");
	assert_int_equal(mkdir(in_dir(dir, "d"), 0700), 0);
	assert_true(path_put_file(dir, "d", span_str("x"), 0600, &err) < 0);
	assert_non_null(strstr(err.msg, "d"));
	assert_int_equal(count_all(dir), 1);
}

static const char *put_dir;

static int put_second(void *ctx)
{
	return path_put_file(put_dir, "f", span_str("the second text"), 0600, ctx);
}

/* The n-th call fails, for every n: the old file or the new one, and no remains. */
static void put_file_that_fails_leaves_the_old_file_and_nothing_else(void **state)
{
	struct cu_err err = { 0 };
	bool is_through = false;

	(void)state;
	put_dir = fresh_dir();
	assert_ok(path_put_file(put_dir, "f", span_str("the first"), 0600, &err), &err);
	for (long n = 1; !is_through; n++) {
		int r;

		fault_arm(FAULT_ANY, n, FAULT_FAIL, ENOSPC);
		r = put_second(&err);
		is_through = fault_disarm() < n;
		if (is_through) {
			assert_ok(r, &err);
			break;
		}
		assert_int_equal(r, CU_ENOSPC);
		assert_non_null(strstr(err.msg, put_dir)); /* which file it was */
		assert_int_equal(count_all(put_dir), 1);
		assert_true(holds(in_dir(put_dir, "f"), "the first") ||
			holds(in_dir(put_dir, "f"), "the second text"));
		assert_ok(path_put_file(put_dir, "f", span_str("the first"), 0600, &err), &err);
	}
	assert_true(holds(in_dir(put_dir, "f"), "the second text"));
}

/* The power goes at the n-th call, for every n: never a part of a file, never no file. */
static void put_file_that_is_cut_short_shows_the_old_or_the_new_file(void **state)
{
	static const enum fault_how hows[] = { FAULT_EXIT, FAULT_TEAR, FAULT_POWER, FAULT_SHUFFLE };
	struct cu_err err = { 0 };

	(void)state;
	put_dir = fresh_dir();
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		int ended = 0;

		for (long n = 1; !ended; n++) {
			assert_ok(path_put_file(put_dir, "f", span_str("the first"), 0600, &err),
				&err);
			ended = fault_run(FAULT_ANY, n, hows[i], 0, put_second, NULL);
			assert_true(ended >= 0);
			assert_true(holds(in_dir(put_dir, "f"), "the first") ||
				holds(in_dir(put_dir, "f"), "the second text"));
		}
		assert_true(holds(in_dir(put_dir, "f"), "the second text"));
	}
}

/* The power goes right after the last call. */
static int put_second_then_die(void *ctx)
{
	long at_once = fault_disarm() + 1;

	fault_arm(FAULT_ANY, LONG_MAX, FAULT_POWER, 0);
	if (put_second(ctx) < 0) {
		return -1;
	}
	fault_arm(FAULT_ANY, at_once, FAULT_POWER, 0);
	(void)unlink("/nonexistent");
	return -1;
}

static void what_was_put_outlives_the_power(void **state)
{
	struct cu_err err = { 0 };

	(void)state;
	put_dir = fresh_dir();
	assert_ok(path_put_file(put_dir, "f", span_str("the first"), 0600, &err), &err);
	assert_int_equal(
		fault_run(FAULT_ANY, LONG_MAX, FAULT_POWER, 0, put_second_then_die, NULL), 0);
	assert_true(holds(in_dir(put_dir, "f"), "the second text"));
}

static int make_it(void *ctx)
{
	return path_make_dir(ctx, 0700, NULL);
}

/* Whoever made it died before the name was synced; the next finds it, says so, and the power is cut. */
static void a_directory_that_was_found_is_there_after_a_power_cut(void **state)
{
	int r = 0;

	(void)state;
	for (long nth = 1; r == 0; nth++) {
		const char *dir = in_dir(fresh_dir(), "a/b");
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), "%s", dir);
		r = fault_run_twice(FAULT_ANY, nth, make_it, path);
		assert_true(r >= 0);
		if (!path_exists(path)) {
			fail_msg("dead before change %ld, made again, and gone with the power", nth);
		}
	}
}

static void remove_takes_away_and_is_content_with_nothing(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };

	(void)state;
	write_all(in_dir(dir, "f"), span_str("x"));
	assert_ok(path_remove(dir, "f", &err), &err);
	assert_false(path_exists(in_dir(dir, "f")));
	assert_ok(path_remove(dir, "f", &err), &err);
	assert_int_equal(mkdir(in_dir(dir, "d"), 0700), 0);
	assert_true(path_remove(dir, "d", &err) < 0);
	assert_true(path_exists(in_dir(dir, "d")));
}

static void a_failed_sync_is_reported(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	int r;

	(void)state;
	fault_arm(FAULT_SYNC, 1, FAULT_FAIL, EIO);
	r = path_sync_dir(dir, &err);
	fault_disarm();
	assert_int_equal(r, CU_EIO);
	assert_non_null(strstr(err.msg, dir));
	assert_ok(path_sync_dir(dir, &err), &err);
	assert_fails(path_sync_dir(in_dir(dir, "none"), &err), CU_ENOENT, &err, "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(join_makes_a_path_or_says_that_it_is_too_long),
		cmocka_unit_test(list_is_sorted_and_passes_over_dot_files),
		cmocka_unit_test(list_of_nothing_says_so),
		cmocka_unit_test(list_that_breaks_off_is_an_error_and_no_short_list),
		cmocka_unit_test(make_dir_makes_what_is_missing_above),
		cmocka_unit_test(make_dir_leaves_the_mode_of_what_is_there),
		cmocka_unit_test(make_dir_where_something_else_lies_fails),
		cmocka_unit_test(make_dir_of_an_endless_path_is_refused),
		cmocka_unit_test(make_dir_goes_deep_on_a_small_stack),
		cmocka_unit_test(a_file_is_read_up_to_its_limit),
		cmocka_unit_test(where_others_write_only_a_plain_file_is_read_and_no_pipe_is_waited_for),
		cmocka_unit_test(reading_goes_on_from_where_the_descriptor_is),
		cmocka_unit_test(pread_and_pwrite_meet_their_offsets),
		cmocka_unit_test(partial_writes_and_signals_are_gone_on_with),
		cmocka_unit_test(put_file_makes_and_replaces_with_the_mode_asked_for),
		cmocka_unit_test(put_file_is_not_misled_by_the_remains_of_an_earlier_try),
		cmocka_unit_test(put_file_takes_names_as_long_as_the_file_system_does),
		cmocka_unit_test(put_file_into_nothing_or_over_a_directory_fails),
		cmocka_unit_test(put_file_that_fails_leaves_the_old_file_and_nothing_else),
		cmocka_unit_test(put_file_that_is_cut_short_shows_the_old_or_the_new_file),
		cmocka_unit_test(what_was_put_outlives_the_power),
		cmocka_unit_test(remove_takes_away_and_is_content_with_nothing),
		cmocka_unit_test(a_directory_that_was_found_is_there_after_a_power_cut),
		cmocka_unit_test(a_failed_sync_is_reported),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
