/*
 * The real custos-intake, as custosd starts it: the plan on 0, the file on 3, lines from 1.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/sanitized.h"

#define PLAN_HEAD(charset, delimiter, header)                                      \
	"custos-intake 1\nformat\tcsv\ncharset\t" charset "\ndelimiter\t" delimiter  \
	"\nheader\t" header "\n"

/* The plan of most tests: a person with a name, an e-mail address and perhaps an order. */
#define PLAN(charset, delimiter)                                \
	PLAN_HEAD(charset, delimiter, "1")                      \
	"subject\tperson\tid\t1\n"                              \
	"record\tprofile\tmain\tsubject\t\t\t\n"                \
	"field\tgiven_name\tcolumn\tname\n"                     \
	"field\tsource\tvalue\tshop\n"                          \
	"record\torder\tline\tcolumn\torder\tdate\torder\n"     \
	"field\ttotal\tcolumn\ttotal\n"

#define HEADER "id,name,order,date,total\n"

/* -- starting it -- */

static int memory_file(struct span bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(path_write_fd(fd, bytes, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* In the child: puts the three descriptors in their places and becomes the program. */
static void become_intake(int plan, int file, int out)
{
	/* above all places first, so that none lands on another */
	plan = fcntl(plan, F_DUPFD, 50);
	file = file < 0 ? -1 : fcntl(file, F_DUPFD, 50);
	out = fcntl(out, F_DUPFD, 50);
	dup2(plan, 0);
	dup2(out, 1);
	if (file < 0) {
		close(3);
	} else {
		dup2(file, 3);
	}
	execl(CUSTOS_INTAKE, CUSTOS_INTAKE, (char *)NULL);
	_exit(127);
}

static pid_t start(int plan, int file, int out)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		become_intake(plan, file, out);
	}
	return pid;
}

static int exit_status_of(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Runs it on a file (fd, or -1 for none) and returns its exit status. */
static int run_on(const char *plan, int file, struct buf *lines)
{
	int plan_fd = memory_file(span_str(plan)), out[2];
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = start(plan_fd, file, out[1]);
	close(out[1]);
	assert_int_equal(path_read_fd(out[0], 256u << 20, lines, NULL), 0);
	close(out[0]);
	close(plan_fd);
	return exit_status_of(pid);
}

static int run(const char *plan, struct span bytes, struct buf *lines)
{
	int file = memory_file(bytes);
	int status = run_on(plan, file, lines);

	close(file);
	return status;
}

/* -- looking at what came -- */

static bool kernel_has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1u) > 0;
}

static void put_first(struct buf *to, const char *charset, const char *delimiter,
	const char *columns, long long total)
{
	buf_putf(to,
		"{\"intake\":1,\"sandbox\":{\"seccomp\":%s,\"landlock\":%s},\"charset\":\"%s\","
		"\"delimiter\":\"%s\",\"columns\":%s,%s\"total_bytes\":%lld}\n",
		IS_SANITIZED ? "false" : "true",
		!IS_SANITIZED && kernel_has_landlock() ? "true" : "false", charset, delimiter,
		columns, strncmp(columns, "[\"1\"", 4) == 0 ? "" : "\"header\":{\"line\":1},", total);
}

/* @AT@ in want is the number of bytes; a file this small is read at once. */
static void put_rest(struct buf *to, const char *want, size_t nbytes)
{
	const char *at;

	while ((at = strstr(want, "@AT@")) != NULL) {
		buf_put(to, want, (size_t)(at - want));
		buf_putf(to, "%zu", nbytes);
		want = at + 4;
	}
	buf_put_str(to, want);
}

#define COLUMNS "[\"id\",\"name\",\"order\",\"date\",\"total\"]"

/* The whole output, but for the first line's constant parts. */
static void assert_lines(const char *plan, const char *file, size_t n, const char *charset,
	const char *delimiter, const char *columns, const char *want)
{
	struct buf got = BUF_INIT, all = BUF_INIT;

	put_first(&all, charset, delimiter, columns, (long long)n);
	put_rest(&all, want, n);
	assert_int_equal(run(plan, span_of(file, n), &got), 0);
	assert_string_equal(buf_cstr(&got), buf_cstr(&all));
	buf_done(&got);
	buf_done(&all);
}

static void assert_rows_n(const char *file, size_t n, const char *want)
{
	assert_lines(PLAN("utf-8", "auto"), file, n, "utf-8", ",", COLUMNS, want);
}

static void assert_rows(const char *file, const char *want)
{
	assert_rows_n(file, strlen(file), want);
}

static void assert_fatal(const char *plan, const char *file, const char *message)
{
	struct buf got = BUF_INIT, want = BUF_INIT;

	buf_putf(&want, "{\"fatal\":\"%s\"}\n", message);
	assert_int_equal(run(plan, span_str(file), &got), 1);
	assert_string_equal(buf_cstr(&got), buf_cstr(&want));
	buf_done(&got);
	buf_done(&want);
}

/* -- rows -- */

static void a_row_becomes_its_records(void **state)
{
	(void)state;

	assert_rows(HEADER "1,Anna,o-1,2026-01-02,\"1,50\"\n2,\"B\"\"b\",,,\n",
		"{\"line\":2,\"at\":@AT@,\"subject\":\"1\",\"records\":["
		"{\"record\":0,\"fields\":{\"given_name\":\"Anna\",\"source\":\"shop\"}},"
		"{\"record\":1,\"key\":\"o-1\",\"anchor\":\"2026-01-02\","
		"\"fields\":{\"total\":\"1,50\"}}]}\n"
		"{\"line\":3,\"at\":@AT@,\"subject\":\"2\",\"records\":["
		"{\"record\":0,\"fields\":{\"given_name\":\"B\\\"b\",\"source\":\"shop\"}}]}\n"
		"{\"done\":true,\"rows\":2,\"rejected\":0,\"bytes\":@AT@}\n");
}

static void a_record_without_a_filled_column_or_to_be_skipped_is_left_out(void **state)
{
	(void)state;

	assert_rows(HEADER "1,,o-1,,\n2,,,,9\n3,,o-3,,9\n",
		"{\"line\":2,\"at\":@AT@,\"subject\":\"1\",\"records\":[]}\n"
		"{\"line\":3,\"at\":@AT@,\"subject\":\"2\",\"records\":[]}\n"
		"{\"line\":4,\"at\":@AT@,\"subject\":\"3\",\"records\":["
		"{\"record\":1,\"key\":\"o-3\",\"fields\":{\"total\":\"9\"}}]}\n"
		"{\"done\":true,\"rows\":3,\"rejected\":0,\"bytes\":@AT@}\n");
}

static void a_record_of_constants_comes_with_every_row_that_it_is_not_skipped_in(void **state)
{
	static const char plan[] = PLAN_HEAD("utf-8", "comma", "1")
		"subject\tperson\tid\t0\n"
		"record\tinteraction\tnews\trow\t\tsince\tnews\n"
		"field\tchannel\tvalue\tletter\n";
	static const char file[] = "id,news,since\n1,yes,2020\n2,,\n3,x,\n";

	(void)state;

	assert_lines(plan, file, strlen(file), "utf-8", ",", "[\"id\",\"news\",\"since\"]",
		"{\"line\":2,\"at\":@AT@,\"subject\":\"1\",\"records\":["
		"{\"record\":0,\"anchor\":\"2020\",\"fields\":{\"channel\":\"letter\"}}]}\n"
		"{\"line\":3,\"at\":@AT@,\"subject\":\"2\",\"records\":[]}\n"
		"{\"line\":4,\"at\":@AT@,\"subject\":\"3\",\"records\":["
		"{\"record\":0,\"fields\":{\"channel\":\"letter\"}}]}\n"
		"{\"done\":true,\"rows\":3,\"rejected\":0,\"bytes\":@AT@}\n");
}

static void without_a_header_columns_are_numbers(void **state)
{
	static const char plan[] = PLAN_HEAD("utf-8", "auto", "0")
		"subject\tperson\t2\t1\n"
		"record\tprofile\tmain\tsubject\t\t\t\n"
		"field\tgiven_name\tcolumn\t1\n";
	static const char file[] = "Anna;a1\nBob;b2;x\n";

	(void)state;

	assert_lines(plan, file, strlen(file), "utf-8", ";", "[\"1\",\"2\"]",
		"{\"line\":1,\"at\":@AT@,\"subject\":\"a1\",\"records\":["
		"{\"record\":0,\"fields\":{\"given_name\":\"Anna\"}}]}\n"
		"{\"line\":2,\"column\":0,\"reason\":\"3 columns where the first row has 2\"}\n"
		"{\"done\":true,\"rows\":1,\"rejected\":1,\"bytes\":@AT@}\n");
}

static void a_delimiter_at_the_end_of_header_or_row_is_no_column(void **state)
{
	static const char want[] = "{\"line\":2,\"at\":@AT@,\"subject\":\"1\",\"records\":[]}\n"
				   "{\"line\":3,\"at\":@AT@,\"subject\":\"2\",\"records\":[]}\n"
				   "{\"done\":true,\"rows\":2,\"rejected\":0,\"bytes\":@AT@}\n";

	(void)state;

	assert_rows("id,name,order,date,total,\n1,,,,,\n2,,,,\n", want);
	assert_rows("id,name,order,date,total\n1,,,,,\n2,,,,\n", want);
}

static void a_header_alone_is_a_file_of_no_rows(void **state)
{
	(void)state;

	assert_rows(HEADER, "{\"done\":true,\"rows\":0,\"rejected\":0,\"bytes\":@AT@}\n");
}

/* -- refusals -- */

#define DONE_1_1 "{\"done\":true,\"rows\":1,\"rejected\":1,\"bytes\":@AT@}\n"
#define ROW_9    "\"at\":@AT@,\"subject\":\"9\",\"records\":[]}\n"

/* A bad row (line 2) and a good one: the first is refused as said, the second is read. */
static void assert_reject_n(const char *row, size_t n, int column, const char *reason,
	int next_line)
{
	struct buf file = BUF_INIT, want = BUF_INIT;
	char last[24] = "";

	if (next_line > 3) { /* the bad row takes several lines */
		snprintf(last, sizeof(last), "\"last\":%d,", next_line - 1);
	}
	buf_put_str(&file, HEADER);
	buf_put(&file, row, n);
	buf_put_str(&file, "9,,,,\n");
	buf_putf(&want, "{\"line\":2,%s\"column\":%d,\"reason\":\"%s\"}\n{\"line\":%d," ROW_9 DONE_1_1,
		last, column, reason, next_line);
	assert_rows_n((const char *)file.p, file.n, buf_cstr(&want));
	buf_done(&file);
	buf_done(&want);
}

#define ASSERT_REJECT(row, column, reason, next_line) \
	assert_reject_n(row, sizeof(row) - 1, column, reason, next_line)

static void each_kind_of_bad_row_is_refused_with_its_place(void **state)
{
	(void)state;

	ASSERT_REJECT("1,\"secret\"x,,,\n", 2,
		"column 2 (name): text after the closing quote, at line 2, character 11", 3);
	ASSERT_REJECT("1, \"a,\nb\",,,\n", 2,
		"column 2 (name): blanks before the opening quote, at line 2, character 4", 4);
	ASSERT_REJECT("1,a,b\n", 0, "3 columns where the header has 5", 3);
	ASSERT_REJECT("1\n", 0, "1 column where the header has 5", 3);
	ASSERT_REJECT("1,a,b,c,d,e\n", 0, "6 columns where the header has 5", 3);
	ASSERT_REJECT("1,M\xfcller,,,\n", 2,
		"column 2 (name): bytes that are no character of the file's charset, "
		"at line 2, character 4", 3);
	ASSERT_REJECT("1,\"a\r\nb\",\"\xe4\xb8\xad\n\xc3\",,\n", 3,
		"column 3 (order): bytes that are no character of the file's charset, "
		"at line 4, character 1", 5);
	ASSERT_REJECT("1,a\0b,,,\n", 2, "column 2 (name): a NUL byte, at line 2, character 4", 3);
	ASSERT_REJECT(",Anna,,,\n", 1, "column 1 (id): the key of the subject is empty", 3);
}

static void a_record_that_has_lost_its_key_refuses_the_row(void **state)
{
	static const char plan[] = PLAN_HEAD("utf-8", "comma", "1")
		"subject\tperson\tid\t0\n"
		"record\torder\tline\tcolumn\tno\t\t\n"
		"field\ttotal\tcolumn\ttotal\n";
	static const char file[] = "id,total,no\n1,5,\n2,,\n3,5,n3\n";

	(void)state;

	assert_lines(plan, file, strlen(file), "utf-8", ",", "[\"id\",\"total\",\"no\"]",
		"{\"line\":2,\"column\":3,\"reason\":"
		"\"column 3 (no): the key of the record is empty\"}\n"
		"{\"line\":3,\"at\":@AT@,\"subject\":\"2\",\"records\":[]}\n"
		"{\"line\":4,\"at\":@AT@,\"subject\":\"3\",\"records\":["
		"{\"record\":0,\"key\":\"n3\",\"fields\":{\"total\":\"5\"}}]}\n"
		"{\"done\":true,\"rows\":2,\"rejected\":1,\"bytes\":@AT@}\n");
}

static void a_quote_that_is_never_closed_refuses_the_rest_and_says_how_far(void **state)
{
	(void)state;

	assert_rows(HEADER "9,,,,\n1,a,\"b,,\n2,a,b,,\n3,a,b,,\n",
		"{\"line\":2," ROW_9
		"{\"line\":3,\"last\":5,\"column\":3,\"reason\":\"column 3 (order): the quote that opens the "
		"field is never closed, at line 3, character 5; it takes in all lines up to 5\"}\n"
		DONE_1_1);
}

static void put_times(struct buf *to, char ch, size_t n)
{
	memset(buf_room(to, n), ch, n);
	to->n += n;
}

static void a_field_and_a_row_over_their_limits_are_refused(void **state)
{
	struct buf row = BUF_INIT;

	(void)state;

	buf_put_str(&row, "1,");
	put_times(&row, 'x', (1u << 20) + 1);
	buf_put_str(&row, ",,,\n");
	assert_reject_n((const char *)row.p, row.n, 2,
		"column 2 (name): the field is over 1 MiB, at line 2, character 3", 3);

	buf_clear(&row);
	for (int i = 0; i < 9; i++) {
		put_times(&row, 'x', 1000000);
		buf_put_u8(&row, ',');
	}
	buf_put_u8(&row, '\n');
	assert_reject_n((const char *)row.p, row.n, 9,
		"column 9: the row is over 8 MiB, at line 2, character 8000009", 3);
	buf_done(&row);
}

static void a_row_that_the_plan_blows_up_is_refused(void **state)
{
	static const char head[] = PLAN_HEAD("utf-8", "comma", "1") "subject\tperson\tid\t1\n"
		"record\tprofile\tmain\tsubject\t\t\t\n";
	struct buf plan = BUF_INIT, file = BUF_INIT, got = BUF_INIT;

	(void)state;
	buf_put_str(&plan, head);
	for (int i = 0; i < 80; i++) {
		buf_putf(&plan, "field\tf%d\tcolumn\tx\n", i);
	}
	buf_put_str(&file, "id,x\n1,");
	put_times(&file, 'x', 1u << 20);
	buf_put_str(&file, "\n2,y\n");

	assert_int_equal(run(buf_cstr(&plan), buf_span(&file), &got), 0);

	assert_non_null(strstr(buf_cstr(&got), "\n{\"line\":2,\"column\":0,\"reason\":"
		"\"the row comes out larger than 64 MiB\"}\n{\"line\":3,"));
	assert_non_null(strstr(buf_cstr(&got), "\"rows\":1,\"rejected\":1,"));
	buf_done(&plan);
	buf_done(&file);
	buf_done(&got);
}

/* -- charsets -- */

static size_t encode(const char *name, const char *utf8, char *out, size_t cap)
{
	iconv_t cd = iconv_open(name, "UTF-8");
	char copy[512], *in = copy, *to = out;
	size_t nin = strlen(utf8), left = cap;

	assert_true(cd != (iconv_t)-1 && nin < sizeof(copy));
	strcpy(copy, utf8);
	assert_int_equal(iconv(cd, &in, &nin, &to, &left), 0);
	iconv_close(cd);
	return cap - left;
}

static void assert_reads_in(const char *plan, const char *file, size_t n, const char *used)
{
	assert_lines(plan, file, n, used, ",", COLUMNS,
		"{\"line\":2,\"at\":@AT@,\"subject\":\"1\",\"records\":["
		"{\"record\":0,\"fields\":{\"given_name\":\"張,三\",\"source\":\"shop\"}}]}\n"
		"{\"done\":true,\"rows\":1,\"rejected\":0,\"bytes\":@AT@}\n");
}

static void gbk_and_utf16_are_read_behind_the_sandbox(void **state)
{
	static const char text[] = HEADER "1,\"張,三\",,,\n";
	char bytes[1024];

	(void)state;

	assert_reads_in(PLAN("gbk", "auto"), bytes, encode("GBK", text, bytes, sizeof(bytes)), "gbk");
	assert_reads_in(PLAN("gb18030", "auto"), bytes,
		encode("GB18030", text, bytes, sizeof(bytes)), "gb18030");
	assert_reads_in(PLAN("utf-8", "auto"), text, strlen(text), "utf-8");
	memcpy(bytes, "\xef\xbb\xbf", 3);
	strcpy(bytes + 3, text);
	assert_reads_in(PLAN("utf-8", "auto"), bytes, strlen(bytes), "utf-8");
	memcpy(bytes, "\xff\xfe", 2);
	assert_reads_in(PLAN("utf-8", "auto"), bytes,
		encode("UTF-16LE", text, bytes + 2, sizeof(bytes) - 2) + 2, "UTF-16LE");
}

/* -- fatal -- */

static void a_column_that_is_missing_is_named_with_the_nearest(void **state)
{
	(void)state;

	assert_fatal(PLAN("utf-8", "auto"), "id,nmae,order,date,total\n1,,,,\n",
		"no column 'name' in the file; did you mean 'nmae'?");
	assert_fatal(PLAN("utf-8", "semicolon"), HEADER, "no column 'id' among the file's 1");
}

static void what_cannot_be_read_at_all_is_fatal(void **state)
{
	(void)state;

	assert_fatal("nonsense\n", HEADER, "plan, line 1: not a plan of version 1");
	assert_fatal("", HEADER, "plan: not a text of at most 1 MiB");
	assert_fatal(PLAN("x-unknown", "auto"), HEADER, "the charset 'x-unknown' is not known here");
	assert_fatal(PLAN("utf-8", "auto"), "", "the file is empty");
	assert_fatal(PLAN("utf-8", "auto"), "\xef\xbb\xbf\n\n", "the file is empty");
	assert_fatal(PLAN("utf-8", "auto"), "id,\"na\"me\n",
		"the first row, which gives the columns: column 2: text after the closing quote, "
		"at line 1, character 8");
	assert_fatal(PLAN("gbk", "auto"), "\xef\xbb\xbf" HEADER,
		"the file begins with the byte order mark of UTF-8, but is said to be in gbk");
}

static void no_file_is_fatal(void **state)
{
	struct buf got = BUF_INIT;

	(void)state;

	assert_int_equal(run_on(PLAN("utf-8", "auto"), -1, &got), 1);
	assert_string_equal(buf_cstr(&got), "{\"fatal\":\"no file to import\"}\n");
	buf_done(&got);
}

static void a_directory_is_fatal(void **state)
{
	struct buf got = BUF_INIT;
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;

	assert_int_equal(run_on(PLAN("utf-8", "auto"), dir, &got), 1);
	assert_string_equal(buf_cstr(&got), "{\"fatal\":\"read: Is a directory\"}\n");
	close(dir);
	buf_done(&got);
}

/* -- many rows -- */

#define NMANY 100000

static void check_many(struct buf *got)
{
	char *line = strtok((char *)(uintptr_t)buf_cstr(got), "\n");
	json_t *json;

	for (json_int_t i = 0; i < NMANY; i++) {
		char want[32];

		line = strtok(NULL, "\n");
		assert_non_null(line);
		json = json_loads(line, 0, NULL);
		assert_int_equal(json_integer_value(json_object_get(json, "line")), i + 2);
		snprintf(want, sizeof(want), "c%lld", (long long)i);
		assert_string_equal(json_string_value(json_object_get(json, "subject")), want);
		json_decref(json);
	}
	line = strtok(NULL, "\n");
	json = json_loads(line ? line : "", 0, NULL);
	assert_true(json_is_true(json_object_get(json, "done")));
	assert_int_equal(json_integer_value(json_object_get(json, "rows")), NMANY);
	assert_int_equal(json_integer_value(json_object_get(json, "rejected")), 0);
	json_decref(json);
	assert_null(strtok(NULL, "\n"));
}

static void a_hundred_thousand_rows_come_out_one_by_one(void **state)
{
	struct buf file = BUF_INIT, got = BUF_INIT;

	(void)state;
	buf_put_str(&file, HEADER);
	for (int i = 0; i < NMANY; i++) {
		buf_putf(&file, "c%d,\"Name, no. %d\",o%d,2026-01-01,%d\r\n", i, i, i, i % 1000);
	}

	assert_int_equal(run(PLAN("utf-8", "auto"), buf_span(&file), &got), 0);

	check_many(&got);
	buf_done(&file);
	buf_done(&got);
}

/* -- a process among processes -- */

struct live {
	pid_t pid;
	int to_file, from_lines; /* our ends */
};

/* Started on a pipe, so that it waits for what we write. */
static struct live start_live(const char *plan)
{
	int plan_fd = memory_file(span_str(plan)), file[2], lines[2];
	struct live live;

	assert_int_equal(pipe2(file, O_CLOEXEC), 0);
	assert_int_equal(pipe2(lines, O_CLOEXEC), 0);
	live.pid = start(plan_fd, file[0], lines[1]);
	live.to_file = file[1];
	live.from_lines = lines[0];
	close(plan_fd);
	close(file[0]);
	close(lines[1]);
	return live;
}

static void say(const struct live *live, const char *text)
{
	assert_int_equal(path_write_fd(live->to_file, span_str(text), NULL), 0);
}

/* One read of what has come; waits for it at most 20 s. */
static void hear(const struct live *live, char *line, size_t cap)
{
	struct pollfd p = { .fd = live->from_lines, .events = POLLIN };
	ssize_t n;

	assert_int_equal(poll(&p, 1, 20000), 1);
	n = read(live->from_lines, line, cap - 1);
	assert_true(n >= 0);
	line[n] = '\0';
}

static void rows_of_a_pipe_come_before_it_ends(void **state)
{
	struct live live = start_live(PLAN("utf-8", "comma"));
	struct buf want = BUF_INIT;
	char got[512];

	(void)state;
	put_first(&want, "utf-8", ",", COLUMNS, -1);

	say(&live, HEADER);
	hear(&live, got, sizeof(got));
	assert_string_equal(got, buf_cstr(&want));
	say(&live, "1,,,,\n");
	hear(&live, got, sizeof(got));
	assert_string_equal(got, "{\"line\":2,\"at\":31,\"subject\":\"1\",\"records\":[]}\n");
	close(live.to_file);
	hear(&live, got, sizeof(got));
	assert_string_equal(got, "{\"done\":true,\"rows\":1,\"rejected\":0,\"bytes\":31}\n");

	close(live.from_lines);
	assert_int_equal(exit_status_of(live.pid), 0);
	buf_done(&want);
}

static void a_reader_that_goes_away_ends_it(void **state)
{
	struct live live = start_live(PLAN("utf-8", "comma"));

	(void)state;

	close(live.from_lines);
	say(&live, HEADER);

	assert_int_equal(exit_status_of(live.pid), 1);
	close(live.to_file);
}

/* The number after "<name>:" in /proc/<pid>/status. */
static long status_number(pid_t pid, const char *name)
{
	char path[64];
	struct buf text = BUF_INIT;
	const char *at;
	long number = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	assert_int_equal(path_read_file(path, 1u << 20, &text, NULL), 0);
	at = strstr(buf_cstr(&text), name);
	if (at) {
		number = strtol(at + strlen(name), NULL, 10);
	}
	buf_done(&text);
	return number;
}

static void while_it_parses_the_kernel_shows_the_filter(void **state)
{
	struct live live = start_live(PLAN("utf-8", "comma"));
	char got[512];

	(void)state;
	say(&live, HEADER);
	hear(&live, got, sizeof(got));

	assert_int_equal(status_number(live.pid, "\nSeccomp:"), IS_SANITIZED ? 0 : 2);
	assert_int_equal(status_number(live.pid, "\nNoNewPrivs:"), 1);

	close(live.to_file);
	close(live.from_lines);
	waitpid(live.pid, NULL, 0);
}

/* Starts it, tells the test its number, and waits to be killed. */
static void be_a_parent(int tell, int plan, int file, int lines)
{
	pid_t pid = fork();

	if (pid == 0) {
		become_intake(plan, file, lines);
	}
	if (write(tell, &pid, sizeof(pid)) != sizeof(pid)) {
		_exit(1);
	}
	for (;;) {
		pause();
	}
}

/* Whether the process ends within 10 s by itself; it is gone afterwards in any case. */
static bool ends_soon(pid_t pid, int *ret_status)
{
	for (int i = 0; i < 1000; i++) {
		if (waitpid(pid, ret_status, WNOHANG) == pid) {
			return true;
		}
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, ret_status, 0);
	return false;
}

static void it_dies_with_its_parent(void **state)
{
	int plan = memory_file(span_str(PLAN("utf-8", "comma"))), file[2], lines[2], tell[2];
	int status = 0;
	pid_t parent, pid = -1;
	char got[512];

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* so that we can wait for it */
	assert_int_equal(pipe2(file, O_CLOEXEC), 0);
	assert_int_equal(pipe2(lines, O_CLOEXEC), 0);
	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	parent = fork();
	if (parent == 0) {
		be_a_parent(tell[1], plan, file[0], lines[1]);
	}
	assert_int_equal(read(tell[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(path_write_fd(file[1], span_str(HEADER), NULL), 0);
	hear(&(struct live){ .from_lines = lines[0] }, got, sizeof(got)); /* it is under way */

	assert_int_equal(kill(parent, SIGKILL), 0);

	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_true(ends_soon(pid, &status));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	for (int i = 0; i < 2; i++) {
		close(file[i]);
		close(lines[i]);
		close(tell[i]);
	}
	close(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_becomes_its_records),
		cmocka_unit_test(a_record_without_a_filled_column_or_to_be_skipped_is_left_out),
		cmocka_unit_test(
			a_record_of_constants_comes_with_every_row_that_it_is_not_skipped_in),
		cmocka_unit_test(without_a_header_columns_are_numbers),
		cmocka_unit_test(a_delimiter_at_the_end_of_header_or_row_is_no_column),
		cmocka_unit_test(a_header_alone_is_a_file_of_no_rows),
		cmocka_unit_test(each_kind_of_bad_row_is_refused_with_its_place),
		cmocka_unit_test(a_record_that_has_lost_its_key_refuses_the_row),
		cmocka_unit_test(a_quote_that_is_never_closed_refuses_the_rest_and_says_how_far),
		cmocka_unit_test(a_field_and_a_row_over_their_limits_are_refused),
		cmocka_unit_test(a_row_that_the_plan_blows_up_is_refused),
		cmocka_unit_test(gbk_and_utf16_are_read_behind_the_sandbox),
		cmocka_unit_test(a_column_that_is_missing_is_named_with_the_nearest),
		cmocka_unit_test(what_cannot_be_read_at_all_is_fatal),
		cmocka_unit_test(no_file_is_fatal),
		cmocka_unit_test(a_directory_is_fatal),
		cmocka_unit_test(a_hundred_thousand_rows_come_out_one_by_one),
		cmocka_unit_test(rows_of_a_pipe_come_before_it_ends),
		cmocka_unit_test(a_reader_that_goes_away_ends_it),
		cmocka_unit_test(while_it_parses_the_kernel_shows_the_filter),
		cmocka_unit_test(it_dies_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
