/* Files become people: maps, charsets, rejects, repetition, and ends in the middle. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "chinook.h"
#include "stage.h"

#define PURPOSE   "--purpose=" STAGE_PURPOSE
#define CDNOW_MAP "--map=" SOURCE_DIR "/demo/cdnow.yaml"

static const char people_map[] =
	"source: crm\n"
	"subject: {kind: person, key: no}\n"
	"records:\n"
	"  - collection: profile\n"
	"    fields: {full_name: name, birth_date: born}\n"
	"  - collection: contact_point\n"
	"    name: mail\n"
	"    skip_if_empty: mail\n"
	"    fields: {email: mail}\n";

static int import(struct stage *st, const char *file, const char *map)
{
	char option[256];

	snprintf(option, sizeof(option), "--map=%s", map);
	return stage_ctl(st, AS_PRIVACY, "--json", "import", file, option, PURPOSE);
}

static int import_people(struct stage *st, const char *csv)
{
	return import(st, stage_text(st, "people.csv", csv),
		stage_text(st, "people.yaml", people_map));
}

static int64_t total(struct stage *st, const char *name)
{
	const json_t *result = json_object_get(stage_reply(st), "result");

	assert_non_null(json_object_get(result, name));
	return (int64_t)json_integer_value(json_object_get(result, name));
}

static void expect_totals(struct stage *st, int64_t rows, int64_t subjects, int64_t new,
	int64_t changed, int64_t same, int64_t rejected)
{
	assert_int_equal(total(st, "rows"), rows);
	assert_int_equal(total(st, "subjects_new"), subjects);
	assert_int_equal(total(st, "records_new"), new);
	assert_int_equal(total(st, "records_changed"), changed);
	assert_int_equal(total(st, "records_same"), same);
	assert_int_equal(total(st, "rejected"), rejected);
}

static int64_t count(struct stage *st, const char *what)
{
	stage_ctl(st, AS_ADMIN, "--json", "status");
	return (int64_t)json_integer_value(json_object_get(stage_reply(st), what));
}

static char *export_all(struct stage *st)
{
	stage_ctl(st, AS_PRIVACY, "export", "-", PURPOSE);
	stage_expect(st, 0);
	return strdup(st->last.out);
}

/* --- whole files ------------------------------------------------------------------------------- */

static void customers_and_their_invoices_come_together(void **state)
{
	struct stage *st = *state;
	char id[33];

	import(st, chinook_customers(st), CHINOOK_MAP("customers"));
	stage_expect(st, 0);
	expect_totals(st, 59, 59, 235, 0, 0, 0);
	import(st, chinook_invoices(st), CHINOOK_MAP("invoices"));
	stage_expect(st, 0);
	expect_totals(st, 412, 0, 412, 0, 0, 0);

	chinook_find(st, CHINOOK_SOMEONE, id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "Luís"));
	assert_non_null(strstr(st->last.out, "2022-03-11"));
	stage_ctl_text(st, AS_PRIVACY, "1", "subject", "search", "external-id", "--scheme=chinook",
		PURPOSE);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, id));
}

static void the_same_file_again_changes_nothing(void **state)
{
	struct stage *st = *state;
	char *before, *after;

	chinook_import(st);
	before = export_all(st);

	import(st, chinook_customers(st), CHINOOK_MAP("customers"));
	expect_totals(st, 59, 0, 0, 0, 235, 0);
	import(st, chinook_invoices(st), CHINOOK_MAP("invoices"));
	expect_totals(st, 412, 0, 0, 0, 412, 0);

	after = export_all(st);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void a_changed_row_is_a_new_version_of_its_record(void **state)
{
	struct stage *st = *state;
	char id[33];

	import_people(st, "no,name,born,mail\n1,Ada,1815-12-10,a@example.org\n2,Grace,,g@example.org\n");
	expect_totals(st, 2, 2, 4, 0, 0, 0);
	import_people(st, "no,name,born,mail\n1,Ada,,new@example.org\n2,Grace,,g@example.org\n");
	expect_totals(st, 2, 0, 0, 1, 3, 0); /* an empty cell takes nothing away */

	chinook_find(st, "new@example.org", id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	assert_non_null(strstr(st->last.out, "1815-12-10"));
	stage_ctl_text(st, AS_PRIVACY, "a@example.org", "subject", "search", "email", PURPOSE);
	stage_expect(st, 66);
}

/* Two purchases on one day for one price are two. */
static void rows_that_are_alike_stay_as_many_as_they_are(void **state)
{
	static const char rows[] = "customer_id,date,number_of_cds,dollar_value\n"
				   "7,19970101,1,11.77\n7,19970101,1,11.77\n7,19970102,1,11.77\n"
				   "8,19970101,1,11.77\n7,19970101,1,11.77\n";
	struct stage *st = *state;
	const char *file = stage_text(st, "alike.csv", rows);

	for (int i = 0; i < 2; i++) {
		stage_ctl(st, AS_PRIVACY, "--json", "import", file, CDNOW_MAP, PURPOSE);
		stage_expect(st, 0);
		assert_int_equal(total(st, i == 0 ? "records_new" : "records_same"), 5);
		assert_int_equal(total(st, "subjects_new"), i == 0 ? 2 : 0);
	}
}

static const char *cdnow_slice(struct stage *st, unsigned rows)
{
	const char *path = stage_path(st, "cdnow.csv");

	free(run_shell("sed 's/^ *//; s/  */,/g; s/ *\\r*$//' '" SOURCE_DIR
		       "/tests/data/cdnow/CDNOW_master.txt' | head -%u > '%s'; chmod 644 '%s'",
		rows + 1, path, path));
	return path;
}

static void thousands_of_transactions_are_counted_right(void **state)
{
	struct stage *st = *state;
	const char *file = cdnow_slice(st, 5000);
	char *people = run_shell("tail -n +2 '%s' | cut -d, -f1 | sort -u | wc -l", file);

	stage_ctl(st, AS_PRIVACY, "--json", "import", file, CDNOW_MAP, PURPOSE);
	stage_expect(st, 0);
	expect_totals(st, 5000, atol(people), 5000, 0, 0, 0);
	assert_int_equal(count(st, "subjects"), atol(people));
	stage_ctl(st, AS_PRIVACY, "--json", "import", file, CDNOW_MAP, PURPOSE);
	stage_expect(st, 0);
	expect_totals(st, 5000, 0, 0, 0, 5000, 0);
	free(people);
}

/* --- rejects ----------------------------------------------------------------------------------- */

static void rows_that_cannot_be_taken_are_listed_and_the_others_are_taken(void **state)
{
	struct stage *st = *state;

	stage_text(st, "people.yaml", people_map);
	stage_text(st, "people.csv",
		"no,name,born,mail\n"
		"1,Ada,1815-12-10,a@example.org\n"
		"2,SECRET,SECRET-1,g@example.org\n"
		",SECRET,,h@example.org\n"
		"4,SECRET,,SECRET at example\n"
		"5,\"SECRET\nSECRET\",1900-02-29,i@example.org\n"
		"6,SECRET\n"
		"7,Grace,1906-12-09,g@example.org\n");
	stage_ctl(st, AS_PRIVACY, "import", stage_path(st, "people.csv"), "--map",
		stage_path(st, "people.yaml"), PURPOSE);

	stage_expect(st, 65);
	assert_non_null(strstr(st->last.err, "line 3: profile.birth_date"));
	assert_non_null(strstr(st->last.err, "line 4: column 1 (no)"));
	assert_non_null(strstr(st->last.err, "line 5: contact_point.email"));
	assert_non_null(strstr(st->last.err, "line 6: profile.full_name"));
	assert_non_null(strstr(st->last.err, "line 8: 2 columns where the header has 4"));
	assert_null(strstr(st->last.err, "SECRET"));
	assert_null(strstr(st->last.out, "SECRET"));
	assert_false(stage_grep(st->log, "SECRET"));
	assert_int_equal(count(st, "subjects"), 2);
	stage_ctl_text(st, AS_PRIVACY, "g@example.org", "subject", "search", "email", PURPOSE);
	stage_expect(st, 0);
}

/* One row that no collection has room for is a reject, too, and not the end of the import. */
static void a_row_that_is_too_long_is_one_reject(void **state)
{
	struct stage *st = *state;
	size_t n = 3 << 20;
	char *text = malloc(n + 256);
	size_t at = (size_t)sprintf(text, "no,name,born,mail\n1,Ada,,a@example.org\n2,");

	memset(text + at, 'x', n);
	strcpy(text + at + n, ",,b@example.org\n3,Grace,,g@example.org\n");
	import_people(st, text);

	stage_expect(st, 65);
	expect_totals(st, 3, 2, 4, 0, 0, 1);
	free(text);
}

static void invoices_of_unknown_customers_are_rejected(void **state)
{
	struct stage *st = *state;

	import(st, chinook_invoices(st), CHINOOK_MAP("invoices"));
	stage_expect(st, 65);
	expect_totals(st, 412, 0, 0, 0, 0, 412);
	assert_int_equal(count(st, "subjects"), 0);
}

/* More rejects than a peer may leave unread. */
static void a_file_that_is_wrong_in_every_line_is_told_line_by_line(void **state)
{
	enum { N = 60000 };
	struct stage *st = *state;
	char *text = malloc(N * 16 + 64), *at = text, *rest, *line;
	unsigned n = 0;

	at += sprintf(at, "no,name,born,mail\n");
	for (int i = 0; i < N; i++) {
		at += sprintf(at, "%d,,x,\n", i);
	}
	import_people(st, text);
	stage_expect(st, 65);
	assert_int_equal(total(st, "rejected"), N);
	for (rest = st->last.out; (line = strsep(&rest, "\n")) != NULL;) {
		n += strstr(line, "\"reject\"") != NULL;
	}
	assert_int_equal(n, N);
	free(text);
}

/* --- charsets ---------------------------------------------------------------------------------- */

static void a_file_in_gbk_brings_chinese_names(void **state)
{
	struct stage *st = *state;
	const char *path = stage_path(st, "gbk.csv");
	char id[33];

	free(run_shell("printf 'no,name,born,mail\\n1,王小明,1990-01-02,wang@example.cn\\n"
		       "2,李娜,,li@example.cn\\n' | iconv -f UTF-8 -t GBK > '%s'; chmod 644 '%s'",
		path, path));
	stage_ctl(st, AS_PRIVACY, "--json", "import", path, "--map",
		stage_text(st, "people.yaml", people_map), PURPOSE, "--charset=GBK");
	stage_expect(st, 0);
	expect_totals(st, 2, 2, 4, 0, 0, 0);
	chinook_find(st, "wang@example.cn", id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	assert_non_null(strstr(st->last.out, "王小明"));

	stage_ctl(st, AS_PRIVACY, "import", path, "--map", stage_path(st, "people.yaml"), PURPOSE);
	stage_expect(st, 65); /* as UTF-8 it is none */
	stage_ctl(st, AS_PRIVACY, "import", path, "--map", stage_path(st, "people.yaml"), PURPOSE,
		"--charset=KLINGON");
	stage_expect(st, 64);
}

static void a_mark_at_the_beginning_and_windows_line_ends_are_no_data(void **state)
{
	struct stage *st = *state;
	char id[33];

	import_people(st,
		"\xef\xbb\xbfno;name;born;mail\r\n1;Ada;;a@example.org\r\n2;Grace;;g@example.org\r\n");
	stage_expect(st, 0);
	expect_totals(st, 2, 2, 4, 0, 0, 0);
	chinook_find(st, "g@example.org", id);
}

/* --- maps -------------------------------------------------------------------------------------- */

static void all_faults_of_a_map_are_told_at_once(void **state)
{
	struct stage *st = *state;

	import(st, stage_text(st, "x.csv", "a,b\n1,2\n"),
		stage_text(st, "bad.yaml",
			"source: Not A Name\n"
			"subject: {kind: animal, key: a}\n"
			"records:\n"
			"  - collection: profil\n"
			"    fields: {given_name: b}\n"
			"  - collection: profile\n"
			"    fields: {gven_name: b}\n"));
	stage_expect(st, 64);
	stage_ctl(st, AS_PRIVACY, "import", stage_path(st, "x.csv"), "--map",
		stage_path(st, "bad.yaml"), PURPOSE);
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "map:1: "));
	assert_non_null(strstr(st->last.err, "map:2: "));
	assert_non_null(strstr(st->last.err, "map:4: "));
	assert_non_null(strstr(st->last.err, "map:7: "));
	assert_int_equal(stage_count_leaves(st, "act=import"), 0);
}

static void a_column_that_is_missing_is_named_and_one_suggested(void **state)
{
	struct stage *st = *state;

	import_people(st, "no,nmae,born,mail\n1,Ada,,a@example.org\n");
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "'name'"));
	assert_non_null(strstr(st->last.err, "'nmae'"));
	assert_int_equal(count(st, "subjects"), 0);
}

/* --- a rehearsal, and the rejects ----------------------------------------------------------- */

static void a_rehearsal_counts_like_the_import_and_writes_nothing(void **state)
{
	struct stage *st = *state;
	const char *file = chinook_invoices(st);
	char option[256];
	uint64_t size;

	snprintf(option, sizeof(option), "--map=%s", CHINOOK_MAP("customers"));
	stage_ctl(st, AS_PRIVACY, "--json", "import", chinook_customers(st), option, PURPOSE,
		"--dry-run");
	stage_expect(st, 0);
	expect_totals(st, 59, 59, 235, 0, 0, 0);
	assert_int_equal(count(st, "subjects"), 0);
	assert_int_equal(count(st, "records"), 0);
	assert_int_equal(stage_count_leaves(st, "why=dry_run"), 2);

	chinook_import(st);
	size = stage_log_size(st);
	snprintf(option, sizeof(option), "--map=%s", CHINOOK_MAP("invoices"));
	stage_ctl(st, AS_PRIVACY, "--json", "import", file, option, PURPOSE, "--dry-run");
	expect_totals(st, 412, 0, 0, 0, 412, 0);
	assert_int_equal(stage_log_size(st), size + 2); /* it began, it ended */
}

/* Over the end of a chunk of 1,024 rows, too: 70 subjects, 4,200 rows. */
static void a_rehearsal_counts_a_new_subject_once(void **state)
{
	struct stage *st = *state;
	struct buf csv = BUF_INIT;
	char *option = NULL;

	buf_put_str(&csv, "customer_id,date,number_of_cds,dollar_value\n");
	for (int i = 0; i < 4200; i++) {
		buf_putf(&csv, "%d,199701%02d,1,%d.00\n", i % 70, i / 70 % 28 + 1, i / 140);
	}
	stage_file(st, "purchases.csv", csv.p, csv.n);
	assert_true(asprintf(&option, CDNOW_MAP) > 0);
	stage_ctl(st, AS_PRIVACY, "--json", "import", stage_path(st, "purchases.csv"), option,
		PURPOSE, "--dry-run");
	stage_expect(st, 0);
	expect_totals(st, 4200, 70, 4200, 0, 0, 0);
	stage_ctl(st, AS_PRIVACY, "--json", "import", stage_path(st, "purchases.csv"), option, PURPOSE);
	expect_totals(st, 4200, 70, 4200, 0, 0, 0);
	free(option);
	buf_done(&csv);
}

static int import_with_rejects(struct stage *st, const char *file, const char *rejects)
{
	char option[256], map[256];

	snprintf(option, sizeof(option), "--rejects=%s", rejects);
	snprintf(map, sizeof(map), "--map=%s", stage_text(st, "people.yaml", people_map));
	return stage_ctl(st, AS_PRIVACY, "import", file, map, PURPOSE, option);
}

static void expect_file(const char *path, const char *text)
{
	char *is = run_shell("cat '%s'", path);

	assert_string_equal(is, text);
	free(is);
}

static void rejected_rows_are_mended_and_imported_again(void **state)
{
	struct stage *st = *state;
	const char *rejects = stage_path(st, "rejects.csv");
	char *reasons;
	struct stat mode;

	import_with_rejects(st,
		stage_text(st, "people.csv",
			"no,name,born,mail\r\n1,Ada,1815-12-10,\r\n2,\"Grace\r\nHopper\",soon,\r\n"
			"3,Edsger,1930-05-11,\r\n,nobody,,\r\n5,a\rb,1,\r\n"),
		rejects);

	stage_expect(st, 65);
	expect_file(rejects, "no,name,born,mail\r\n2,\"Grace\r\nHopper\",soon,\r\n,nobody,,\r\n"
			     "5,a\rb,1,\r\n");
	assert_int_equal(stat(rejects, &mode), 0);
	assert_int_equal(mode.st_mode & 0777, 0600);
	reasons = run_shell("cat '%s.reasons'", rejects);
	assert_non_null(strstr(reasons, "line 2 (3 of the source): "));
	assert_non_null(strstr(reasons, "line 4 (6 of the source): "));
	assert_null(strstr(reasons, "Grace"));
	assert_null(strstr(reasons, "soon"));
	free(reasons);
	assert_int_equal(count(st, "subjects"), 2);

	free(run_shell("sed -zi 's/soon/1906-12-09/; s/Grace\\r\\nHopper/Grace/; s/\\n,nobody/\\n4,nobody/;"
		       " s/5,a.*//' '%s'; chmod 644 '%s'", rejects, rejects));
	import(st, rejects, stage_path(st, "people.yaml"));
	assert_int_equal(count(st, "subjects"), 4);
}

static void rejects_in_utf_16_keep_their_bytes(void **state)
{
	struct stage *st = *state;
	const char *rejects = stage_path(st, "rejects.csv");
	char *path = run_shell("printf '\\357\\273\\277no,name,born,mail\n1,\346\235\216\345\233\233,soon,\n"
			       "2,\347\216\213\344\272\224,,\n' | iconv -f utf-8 -t utf-16le > '%s/u16.csv'; "
			       "chmod 644 '%s/u16.csv'", st->files, st->files);
	char *text;

	free(path);
	import_with_rejects(st, stage_path(st, "u16.csv"), rejects);

	stage_expect(st, 65);
	text = run_shell("iconv -f utf-16 -t utf-8 '%s'", rejects);
	assert_string_equal(text, "no,name,born,mail\n1,\346\235\216\345\233\233,soon,\n");
	free(text);
	assert_int_equal(count(st, "subjects"), 1);
}

static void without_rejects_no_file_is_left(void **state)
{
	struct stage *st = *state;
	const char *rejects = stage_path(st, "rejects.csv");
	const char *good = stage_text(st, "people.csv", "no,name,born,mail\n1,Ada,,\n");

	import_with_rejects(st, good, rejects);
	stage_expect(st, 0);
	assert_int_not_equal(access(rejects, F_OK), 0);
	assert_int_not_equal(access(stage_path(st, "rejects.csv.reasons"), F_OK), 0);

	stage_text(st, "precious", "mine");
	import_with_rejects(st, good, stage_path(st, "precious"));
	stage_expect(st, 73);
	expect_file(stage_path(st, "precious"), "mine");
	stage_text(st, "other.csv.reasons", "mine");
	import_with_rejects(st, good, stage_path(st, "other.csv"));
	stage_expect(st, 73);
	expect_file(stage_path(st, "other.csv.reasons"), "mine");
	assert_int_not_equal(access(stage_path(st, "other.csv"), F_OK), 0);
	import_with_rejects(st, "-", rejects);
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "read twice"));
	assert_int_not_equal(access(rejects, F_OK), 0);
}

static void an_empty_file_and_one_of_only_a_heading(void **state)
{
	struct stage *st = *state;

	import_people(st, "no,name,born,mail\n");
	stage_expect(st, 0);
	expect_totals(st, 0, 0, 0, 0, 0, 0);
	import_people(st, "");
	stage_expect(st, 64);
}

static void a_directory_is_no_file(void **state)
{
	struct stage *st = *state;

	import(st, st->files, stage_text(st, "people.yaml", people_map));
	assert_int_not_equal(st->last.status, 0);
	import_people(st, "no,name,born,mail\n1,Ada,,a@example.org\n"); /* the next one works */
	stage_expect(st, 0);
}

/* --- ends in the middle ------------------------------------------------------------------------ */

/* An import that reads a pipe, of which a first part is written. */
struct slow {
	struct job ctl;
	int pipe;
};

static struct slow begin_slow_as(struct stage *st, enum who who, unsigned rows)
{
	struct slow s;
	char map[256], line[64];
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	if (access(stage_path(st, "people.yaml"), F_OK) < 0) { /* else another is reading it */
		stage_text(st, "people.yaml", people_map);
	}
	snprintf(map, sizeof(map), "--map=%s", stage_path(st, "people.yaml"));
	s.ctl = stage_ctl_start(st, who, ends[0],
		(const char *const[]){ "--json", "import", "-", map, PURPOSE, NULL });
	close(ends[0]);
	s.pipe = ends[1];
	dprintf(s.pipe, "no,name,born,mail\n");
	for (unsigned i = 0; i < rows; i++) {
		snprintf(line, sizeof(line), "%u,Somebody,,p%u@example.org\n", i, i);
		if (write(s.pipe, line, strlen(line)) < 0) {
			break;
		}
	}
	return s;
}

static struct slow begin_slow(struct stage *st, unsigned rows)
{
	return begin_slow_as(st, AS_PRIVACY, rows);
}

static void wait_until_counted(struct stage *st, int64_t subjects)
{
	for (int i = 0; i < 300 && count(st, "subjects") < subjects; i++) {
		run_sleep_ms(50);
	}
	assert_true(count(st, "subjects") >= subjects);
}

static void standard_input_can_be_imported(void **state)
{
	struct stage *st = *state;
	struct slow s = begin_slow(st, 10);
	struct ran r;

	close(s.pipe);
	run_wait(&s.ctl, &r);
	assert_int_equal(r.status, 0);
	assert_int_equal(count(st, "subjects"), 10);
	ran_done(&r);
}

static void sigterm_in_the_middle_of_an_import_ends_orderly(void **state)
{
	struct stage *st = *state;
	struct slow s = begin_slow(st, 6000);
	int64_t began;
	struct ran r;

	wait_until_counted(st, 1);
	run_sleep_ms(2500); /* it waits for the pipe now */
	began = clock_monotonic_ms();

	stage_stop(st); /* although the pipe stays open: nothing more is to be waited for */

	assert_true(clock_monotonic_ms() - began < 10000);
	run_wait(&s.ctl, &r);
	assert_int_equal(r.status, 82);
	assert_non_null(strstr(r.err, "what is in stays"));
	ran_done(&r);
	close(s.pipe);
	stage_start(st);
	assert_true(count(st, "subjects") > 0);
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
}

static void sigterm_does_not_wait_for_the_reader_of_an_export(void **state)
{
	struct stage *st = *state;
	const int64_t limit_ms = 10000;
	struct raw r;
	int64_t began;
	int ends[2];

	chinook_import(st); /* an export of more than a pipe holds */
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	r = stage_raw(st, AS_PRIVACY);
	raw_send_fds(&r, "{\"method\":\"io.custos.data.Export\",\"parameters\":{\"purpose\":\"p\"}}",
		&ends[1], 1);
	close(ends[1]);
	run_sleep_ms(500);
	began = clock_monotonic_ms();

	stage_stop(st);

	assert_true(clock_monotonic_ms() - began < limit_ms);
	raw_done(&r);
	close(ends[0]);
}

static unsigned running_imports(const struct stage *st)
{
	return run_count_session(st->daemon) - 2; /* custosd, its launcher */
}

static void a_client_that_vanishes_in_the_middle_stops_its_import(void **state)
{
	struct stage *st = *state;
	struct slow s = begin_slow(st, 6000);
	int64_t began;
	struct ran r;

	wait_until_counted(st, 1);
	run_sleep_ms(2500); /* it waits for the pipe now */
	assert_int_equal(running_imports(st), 1);
	began = clock_monotonic_ms();
	kill(s.ctl.pid, SIGKILL);
	run_wait(&s.ctl, &r);
	ran_done(&r);

	while (running_imports(st) > 0 && clock_monotonic_ms() - began < 20000) {
		run_sleep_ms(20);
	}
	assert_int_equal(running_imports(st), 0);
	close(s.pipe);
	import_people(st, "no,name,born,mail\n1,Somebody,,p1@example.org\n");
	stage_expect(st, 0);
}

static void wait_until_running(const struct stage *st, unsigned n)
{
	for (int i = 0; i < 500 && running_imports(st) < n; i++) {
		run_sleep_ms(20);
	}
	assert_int_equal(running_imports(st), n);
}

static void expect_refused(struct stage *st, enum who who, const char *why)
{
	struct slow s = begin_slow_as(st, who, 1);
	struct ran r;

	run_wait(&s.ctl, &r);
	close(s.pipe);
	assert_int_equal(r.status, 75);
	assert_non_null(strstr(r.err, why));
	ran_done(&r);
}

/* Four long calls are as many as there may be, three of them one user's; who wants more is told so, short ones are
 * served. */
static void long_calls_are_limited_and_short_ones_still_served(void **state)
{
	struct stage *st = *state;
	int n = stage_has_roles() ? 4 : 3;
	struct slow all[4];
	struct ran r;

	for (int i = 0; i < 3; i++) {
		all[i] = begin_slow(st, 1);
	}
	wait_until_running(st, 3);
	expect_refused(st, AS_PRIVACY, "you have 3 long calls running already");
	if (stage_has_roles()) {
		all[3] = begin_slow_as(st, AS_SECOND, 1);
		wait_until_running(st, 4);
		expect_refused(st, AS_SECOND, "4 long calls are running already");
	}
	stage_ctl(st, AS_ADMIN, "status");
	stage_expect(st, 0);
	for (int i = 0; i < n; i++) {
		close(all[i].pipe);
		run_wait(&all[i].ctl, &r);
		assert_int_equal(r.status, 0);
		ran_done(&r);
	}
}

/* The pipe stays open: the import would go on for ever. */
static void ctrl_c_says_how_things_stand_and_leaves_no_files(void **state)
{
	struct stage *st = *state;
	const char *map = stage_text(st, "people.yaml", people_map);
	char option[256], *text;
	struct buf csv = BUF_INIT;
	struct job job;
	struct ran ran = { 0 };
	int fds[2];

	buf_put_str(&csv, "no,name,born,mail\n");
	for (int i = 0; i < 3000; i++) { /* more than the 64 KiB that a delimiter is looked for in */
		buf_putf(&csv, "%d,somebody with a rather long name,,\n", i);
	}
	assert_int_equal(pipe(fds), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0);
	snprintf(option, sizeof(option), "--map=%s", map);
	job = stage_ctl_start(st, AS_PRIVACY, fds[0],
		(const char *const[]){ "import", "-", option, PURPOSE, NULL });
	assert_int_equal(write(fds[1], csv.p, csv.n), (ssize_t)csv.n);
	wait_until_counted(st, 2048); /* two chunks of 1,024 */
	assert_int_equal(kill(job.pid, SIGINT), 0);
	run_wait(&job, &ran);

	assert_int_equal(ran.status, 130);
	assert_non_null(strstr(ran.err, "rows or a few more are in: the same command again"));
	ran_done(&ran);
	for (int i = 0; i < 200 && running_imports(st) > 0; i++) {
		run_sleep_ms(50);
	}
	stage_ctl(st, AS_ADMIN, "log", "show", "--count=1");
	assert_non_null(strstr(st->last.out, "act=import.stop"));
	close(fds[0]);
	close(fds[1]);
	text = run_shell("ls '%s'", st->files);
	assert_null(strstr(text, "rejects"));
	free(text);
	buf_done(&csv);
}

static void a_killed_custosd_imports_the_file_whole_the_next_time(void **state)
{
	enum { N = 4000 };
	struct stage *st = *state;
	char *text = malloc(N * 40 + 64), *at = text, option[256];
	struct job ctl;
	struct ran r;
	int64_t first;

	at += sprintf(at, "no,name,born,mail\n");
	for (int i = 0; i < N; i++) {
		at += sprintf(at, "%d,Somebody,,p%d@example.org\n", i, i);
	}
	stage_text(st, "people.csv", text);
	snprintf(option, sizeof(option), "--map=%s", stage_text(st, "people.yaml", people_map));
	ctl = stage_ctl_start(st, AS_PRIVACY, 0,
		(const char *const[]){ "import", stage_path(st, "people.csv"), option, PURPOSE, NULL });
	wait_until_counted(st, 1);

	stage_kill(st);

	run_wait(&ctl, &r);
	assert_int_not_equal(r.status, 0);
	ran_done(&r);
	stage_start(st);
	first = count(st, "subjects");
	assert_true(first > 0);
	import_people(st, text);
	stage_expect(st, 0);
	assert_int_equal(total(st, "rows"), N);
	assert_int_equal(total(st, "subjects_new"), N - first);
	assert_int_equal(total(st, "records_new") + total(st, "records_same"), 2 * N);
	assert_int_equal(count(st, "subjects"), N);
	assert_int_equal(count(st, "records"), 3 * N); /* with the identifier */
	assert_int_equal(stage_count_leaves(st, "act=subject.add"), N);
	import_people(st, text);
	expect_totals(st, N, 0, 0, 0, 2 * N, 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(customers_and_their_invoices_come_together),
		T(the_same_file_again_changes_nothing),
		T(a_changed_row_is_a_new_version_of_its_record),
		T(rows_that_are_alike_stay_as_many_as_they_are),
		T(thousands_of_transactions_are_counted_right),
		T(rows_that_cannot_be_taken_are_listed_and_the_others_are_taken),
		T(a_row_that_is_too_long_is_one_reject),
		T(invoices_of_unknown_customers_are_rejected),
		T(a_file_that_is_wrong_in_every_line_is_told_line_by_line),
		T(a_file_in_gbk_brings_chinese_names),
		T(a_mark_at_the_beginning_and_windows_line_ends_are_no_data),
		T(all_faults_of_a_map_are_told_at_once),
		T(a_column_that_is_missing_is_named_and_one_suggested),
		T(a_rehearsal_counts_like_the_import_and_writes_nothing),
		T(a_rehearsal_counts_a_new_subject_once),
		T(rejected_rows_are_mended_and_imported_again),
		T(rejects_in_utf_16_keep_their_bytes),
		T(without_rejects_no_file_is_left),
		T(an_empty_file_and_one_of_only_a_heading),
		T(a_directory_is_no_file),
		T(standard_input_can_be_imported),
		T(sigterm_in_the_middle_of_an_import_ends_orderly),
		T(sigterm_does_not_wait_for_the_reader_of_an_export),
		T(a_client_that_vanishes_in_the_middle_stops_its_import),
		T(long_calls_are_limited_and_short_ones_still_served),
		T(ctrl_c_says_how_things_stand_and_leaves_no_files),
		T(a_killed_custosd_imports_the_file_whole_the_next_time),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_import", tests, NULL, NULL);
}
