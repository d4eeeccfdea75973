#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "intake/csv.h"
#include "rows.h"

static const char *spectrum; /* the folder of the vectors */

/* -- reading a text in pieces (rows.h) -- */

static void assert_reads_n(char delimiter, const char *text, size_t n, const char *want)
{
	struct buf got = BUF_INIT;
	struct span copy = rows_copy(text, n);

	rows_read_cut(delimiter, copy, NULL, 0, rows_put, &got);
	assert_string_equal(buf_cstr(&got), want);

	buf_clear(&got);
	rows_read_bytewise(delimiter, copy, rows_put, &got);
	assert_string_equal(buf_cstr(&got), want);

	for (size_t cut = 0; cut <= n; cut++) {
		buf_clear(&got);
		rows_read_cut(delimiter, copy, &cut, 1, rows_put, &got);
		assert_string_equal(buf_cstr(&got), want);
	}
	buf_done(&got);
	rows_free_copy(copy);
}

/* Whole, byte by byte, and with every cut in two: always the same rows. */
static void assert_reads(const char *text, const char *want)
{
	assert_reads_n(',', text, strlen(text), want);
}

/* -- the spectrum -- */

struct objects {
	json_t *names, *rows; /* arrays */
	bool is_faulty;
};

static int put_object(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	struct objects *o = ctx;
	json_t *object;

	(void)err;
	if (!o->names) {
		o->names = json_array();
		for (size_t i = 0; i < row->nfields; i++) {
			json_array_append_new(o->names,
				json_stringn(row->fields[i].text, row->fields[i].n));
		}
		o->is_faulty = row->fault != CSV_FINE;
		return 0;
	}
	if (row->fault != CSV_FINE || row->nfields != json_array_size(o->names)) {
		o->is_faulty = true;
		return 0;
	}
	object = json_object();
	for (size_t i = 0; i < row->nfields; i++) {
		json_object_set_new(object, json_string_value(json_array_get(o->names, i)),
			json_stringn(row->fields[i].text, row->fields[i].n));
	}
	json_array_append_new(o->rows, object);
	return 0;
}

static bool is_read_as(struct span csv, const size_t *cuts, size_t ncuts, bool bytewise,
	const json_t *want)
{
	struct objects o = { .rows = json_array() };
	bool is_same;

	if (bytewise) {
		rows_read_bytewise(',', csv, put_object, &o);
	} else {
		rows_read_cut(',', csv, cuts, ncuts, put_object, &o);
	}
	is_same = !o.is_faulty && json_equal(o.rows, want);
	json_decref(o.names);
	json_decref(o.rows);
	return is_same;
}

static size_t count_failures(const char *name, struct span csv, const json_t *want)
{
	size_t nfailed = 0;

	if (!is_read_as(csv, NULL, 0, false, want)) {
		printf("%s: whole: other rows than its JSON\n", name);
		nfailed++;
	}
	if (!is_read_as(csv, NULL, 0, true, want)) {
		printf("%s: byte by byte: other rows than its JSON\n", name);
		nfailed++;
	}
	for (size_t cut = 0; cut <= csv.n; cut++) {
		if (!is_read_as(csv, &cut, 1, false, want)) {
			printf("%s: cut at %zu: other rows than its JSON\n", name, cut);
			nfailed++;
		}
	}
	return nfailed;
}

static bool load(const char *dir, const char *name, struct buf *to)
{
	char path[PATH_SIZE];

	return path_join(path, dir, name, NULL) == 0 &&
		path_read_file(path, 64u << 20, to, NULL) == 0;
}

/* The JSON beside csvs/<stem>.csv, or NULL. */
static json_t *load_json(const char *dir, const char *csv_name)
{
	struct buf text = BUF_INIT;
	char name[256];
	json_t *json = NULL;

	snprintf(name, sizeof(name), "%.*s.json", (int)strlen(csv_name) - 4, csv_name);
	if (load(dir, name, &text)) {
		json = json_loadb((const char *)text.p, text.n, 0, NULL);
	}
	buf_done(&text);
	return json;
}

static bool is_csv(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && n < 200 && strcmp(name + n - 4, ".csv") == 0;
}

/* -- the files whose name ends in _crlf --
 *
 * They are stored with LF wherever a version control tool has evened out their line ends, as
 * in the copy beside these tests, while newlines_crlf.json says CRLF.  Such a file is read
 * with its line ends put back, which must give exactly its JSON, and as it lies, which must
 * give the JSON with LF. */

static bool has_lost_its_crs(const char *name, struct span text)
{
	static const char end[] = "_crlf.csv";
	size_t n = strlen(name), nend = sizeof(end) - 1;

	return n > nend && strcmp(name + n - nend, end) == 0 && !memchr(text.p, '\r', text.n);
}

static void put_with_crs(struct buf *to, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n') {
			buf_put_u8(to, '\r');
		}
		buf_put_u8(to, text.p[i]);
	}
}

static json_t *without_crs(const json_t *rows)
{
	json_t *copy = json_deep_copy(rows), *row, *value;
	const char *name;
	size_t i;

	json_array_foreach(copy, i, row) {
		json_object_foreach(row, name, value) {
			struct buf text = BUF_INIT;

			for (const char *p = json_string_value(value); p && *p; p++) {
				if (!(p[0] == '\r' && p[1] == '\n')) {
					buf_put_u8(&text, (uint8_t)*p);
				}
			}
			json_string_set(value, buf_cstr(&text));
			buf_done(&text);
		}
	}
	return copy;
}

static size_t count_failures_without_crs(const char *name, struct span csv, json_t *want)
{
	struct buf mended = BUF_INIT;
	json_t *want_lf = without_crs(want);
	size_t nfailed;

	printf("%s: has lost its CRs; read as it lies, and with CRs put back\n", name);
	put_with_crs(&mended, csv);
	nfailed = count_failures(name, buf_span(&mended), want) +
		count_failures(name, csv, want_lf);
	json_decref(want_lf);
	buf_done(&mended);
	return nfailed;
}

static void every_file_of_the_spectrum_reads_as_its_json(void **state)
{
	char csvs[PATH_SIZE], jsons[PATH_SIZE], **names = NULL;
	size_t n = 0, nused = 0, nfailed = 0;
	struct cu_err err;

	(void)state;
	assert_int_equal(path_join(csvs, spectrum, "csvs", NULL), 0);
	assert_int_equal(path_join(jsons, spectrum, "json", NULL), 0);
	if (path_list(csvs, &names, &n, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	for (size_t i = 0; i < n; i++) {
		struct buf text = BUF_INIT;
		json_t *want;

		if (!is_csv(names[i])) {
			continue;
		}
		want = load_json(jsons, names[i]);
		if (!want || !load(csvs, names[i], &text)) {
			printf("%s: cannot be read, or has no JSON beside it\n", names[i]);
			nfailed++;
		} else {
			struct span copy = rows_copy((const char *)text.p, text.n);

			nfailed += has_lost_its_crs(names[i], copy)
				? count_failures_without_crs(names[i], copy, want)
				: count_failures(names[i], copy, want);
			rows_free_copy(copy);
			nused++;
		}
		json_decref(want);
		buf_done(&text);
	}
	path_free_names(names, n);
	printf("csv-spectrum: %zu files, %zu failures\n", nused, nfailed);
	assert_true(nused > 0);
	assert_int_equal(nfailed, 0);
}

/* -- RFC 4180 and what is met besides -- */

static void lines_end_in_crlf_or_lf_or_cr(void **state)
{
	(void)state;

	assert_reads("a,b\r\n1,2\r\n3,4", "1: [a][b]\n2: [1][2]\n3: [3][4]\n");
	assert_reads("a,b\n1,2\n3,4\n", "1: [a][b]\n2: [1][2]\n3: [3][4]\n");
	assert_reads("a,b\r1,2\r3,4\r", "1: [a][b]\n2: [1][2]\n3: [3][4]\n");
}

static void a_quoted_line_end_belongs_to_the_field_and_counts_as_one_line(void **state)
{
	(void)state;

	assert_reads("\"a\r\nb\nc\rd\",2\n3\n", "1: [a\r\nb\nc\rd][2]\n5: [3]\n");
}

static void a_doubled_quote_is_one_quote(void **state)
{
	(void)state;

	assert_reads("\"\"\"\",\"a\"\"b\",\"\"\n", "1: [\"][a\"b][]\n");
}

static void empty_lines_are_no_rows_but_are_counted(void **state)
{
	(void)state;

	assert_reads("\n\r\na\n\n\r\rb\n\n", "3: [a]\n7: [b]\n");
	assert_reads("", "");
	assert_reads("\"\"\n", "1: []\n");
}

static void an_empty_field_stands_on_each_side_of_a_delimiter(void **state)
{
	(void)state;

	assert_reads(",\na,\n,b", "1: [][]\n2: [a][]\n3: [][b]\n");
	assert_reads("a,", "1: [a][]\n");
}

static void a_byte_order_mark_is_skipped_and_half_a_mark_is_text(void **state)
{
	(void)state;

	assert_reads("\xef\xbb\xbf\"a\",b\n", "1: [a][b]\n");
	assert_reads("\xef\xbb", "1: [\xef\xbb]\n");
	assert_reads("\xef\xbb\xbf", "");
	assert_reads("a\n\xef\xbb\xbf\n", "1: [a]\n2: [\xef\xbb\xbf]\n");
}

static void a_quote_after_other_text_stands_for_itself(void **state)
{
	(void)state;

	assert_reads("5\" pipe,41' 12\"\n", "1: [5\" pipe][41' 12\"]\n");
}

static void each_delimiter_parts_and_the_others_are_text(void **state)
{
	(void)state;

	assert_reads_n(';', "a;b,c\n", 6, "1: [a][b,c]\n");
	assert_reads_n('\t', "a\tb;c\n", 6, "1: [a][b;c]\n");
	assert_reads_n('|', "a|\"b|c\"\n", 8, "1: [a][b|c]\n");
}

static void any_other_delimiter_is_refused(void **state)
{
	struct csv *csv = NULL;
	struct cu_err err;

	(void)state;

	assert_int_equal(csv_new('"', rows_put, NULL, &csv, &err), CU_EINVAL);
	assert_int_equal(csv_new('\0', rows_put, NULL, &csv, &err), CU_EINVAL);
	assert_null(csv);
}

/* -- faults -- */

static void assert_fault(const char *text, size_t n, enum csv_fault fault, const char *place,
	const char *rest)
{
	char want[256];

	snprintf(want, sizeof(want), "1: fault %d %s\n%s", (int)fault, place, rest);
	assert_reads_n(',', text, n, want);
}

#define TEXT(literal) literal, sizeof(literal) - 1

static void text_after_a_closing_quote_spoils_its_row_only(void **state)
{
	(void)state;

	assert_fault(TEXT("a,\"b\"c,d\n1,2\n"), CSV_TEXT_AFTER_QUOTE, "in 2 at 1.6", "2: [1][2]\n");
	assert_fault(TEXT("\"b\" ,\"x\ny\"\n1\n"), CSV_TEXT_AFTER_QUOTE, "in 1 at 1.4", "3: [1]\n");
}

static void a_quote_after_blanks_spoils_its_row_and_is_followed_as_a_quote(void **state)
{
	(void)state;

	assert_fault(TEXT("a, \"b\n1,2\",c\n3\n"), CSV_BLANK_BEFORE_QUOTE, "in 2 at 1.4", "3: [3]\n");
}

static void an_open_quote_takes_all_the_rest_and_is_told_where_it_stands(void **state)
{
	(void)state;

	assert_fault(TEXT("a,\xc3\xa9,\"b\n1,2\n3,4\n"), CSV_UNTERMINATED, "in 3 at 1.5", "");
	assert_fault(TEXT("\"x\"y,\"b\n1,2"), CSV_UNTERMINATED, "in 2 at 1.6", "");
}

static void a_nul_spoils_its_row_in_and_out_of_quotes(void **state)
{
	(void)state;

	assert_fault(TEXT("a\0b,c\n1\n"), CSV_NUL, "in 1 at 1.2", "2: [1]\n");
	assert_fault(TEXT("a,\"\n\0\"\n1\n"), CSV_NUL, "in 2 at 2.1", "3: [1]\n");
}

static void a_mark_of_a_bad_character_spoils_its_row_where_it_stands(void **state)
{
	(void)state;

	assert_fault(TEXT("a,\xe4\xb8\xad\xff,c\n1\n"), CSV_BAD_CHARACTER, "in 2 at 1.4", "2: [1]\n");
}

/* "x,aaa…\n1\n", where the second field has n bytes. */
static void put_long(struct buf *to, size_t n, bool quoted)
{
	buf_clear(to);
	buf_put_str(to, quoted ? "x,\"" : "x,");
	memset(buf_room(to, n), 'a', n);
	to->n += n;
	buf_put_str(to, quoted ? "\"\n1\n" : "\n1\n");
}

static void assert_rows_of(struct span text, const char *want)
{
	struct buf got = BUF_INIT;
	size_t cuts[] = { 1, 2, text.n / 3, text.n / 2, text.n - 1 };

	rows_read_cut(',', text, NULL, 0, rows_put, &got);
	assert_string_equal(buf_cstr(&got), want);
	buf_clear(&got);
	rows_read_cut(',', text, cuts, sizeof(cuts) / sizeof(cuts[0]), rows_put, &got);
	assert_string_equal(buf_cstr(&got), want);
	buf_done(&got);
}

static int count_bytes(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	size_t *nbytes = ctx;

	(void)err;
	assert_int_equal(row->fault, CSV_FINE);
	for (size_t i = 0; i < row->nfields; i++) {
		*nbytes += row->fields[i].n;
	}
	return 0;
}

static void a_field_may_have_one_mebibyte_and_not_a_byte_more(void **state)
{
	struct buf text = BUF_INIT;
	size_t nbytes = 0;
	char want[64];

	(void)state;
	snprintf(want, sizeof(want), "1: fault %d in 2 at 1.3\n2: [1]\n", CSV_FIELD_TOO_LONG);

	for (int quoted = 0; quoted < 2; quoted++) {
		put_long(&text, CSV_MAX_FIELD_BYTES, quoted);
		nbytes = 0;
		rows_read_cut(',', buf_span(&text), NULL, 0, count_bytes, &nbytes);
		assert_int_equal(nbytes, CSV_MAX_FIELD_BYTES + 2);

		put_long(&text, CSV_MAX_FIELD_BYTES + 1, quoted);
		assert_rows_of(buf_span(&text), want);
	}
	buf_done(&text);
}

/* n fields of size bytes each, then "\n1\n". */
static void put_wide(struct buf *to, size_t n, size_t size)
{
	buf_clear(to);
	for (size_t i = 0; i < n; i++) {
		uint8_t *p;

		buf_put_str(to, i > 0 ? "," : "");
		p = buf_room(to, size);
		memset(p, 'a', size);
		to->n += size;
	}
	buf_put_str(to, "\n1\n");
}

static void a_row_may_have_eight_mebibytes_and_not_a_byte_more(void **state)
{
	struct buf text = BUF_INIT;
	size_t nbytes = 0;
	char want[96];

	(void)state;

	/* one byte of each field is its end */
	put_wide(&text, 16, CSV_MAX_ROW_BYTES / 16 - 1);
	rows_read_cut(',', buf_span(&text), NULL, 0, count_bytes, &nbytes);
	assert_int_equal(nbytes, CSV_MAX_ROW_BYTES - 16 + 1);

	put_wide(&text, 17, CSV_MAX_ROW_BYTES / 16 - 1);
	snprintf(want, sizeof(want), "1: fault %d in 17 at 1.%u\n2: [1]\n", CSV_ROW_TOO_LONG,
		CSV_MAX_ROW_BYTES + 1);
	assert_rows_of(buf_span(&text), want);
	buf_done(&text);
}

static void of_two_limits_the_one_that_is_met_first_is_told(void **state)
{
	struct buf text = BUF_INIT;
	char want[96];

	(void)state;

	put_wide(&text, 8, CSV_MAX_FIELD_BYTES - 1024); /* another 1 MiB is too much for the row */
	text.n -= strlen("\n1\n");
	buf_put_u8(&text, ',');
	memset(buf_room(&text, CSV_MAX_FIELD_BYTES + 1), 'a', CSV_MAX_FIELD_BYTES + 1);
	text.n += CSV_MAX_FIELD_BYTES + 1;
	buf_put_str(&text, "\n1\n");
	snprintf(want, sizeof(want), "1: fault %d in 9 at 1.%u\n2: [1]\n", CSV_ROW_TOO_LONG,
		8 * (CSV_MAX_FIELD_BYTES - 1024 + 1) + 1);
	assert_rows_of(buf_span(&text), want);
	buf_done(&text);
}

static void a_row_may_have_16384_columns_and_not_one_more(void **state)
{
	struct buf text = BUF_INIT;
	size_t nbytes = 0;
	char want[96];

	(void)state;

	put_wide(&text, CSV_MAX_FIELDS, 1);
	rows_read_cut(',', buf_span(&text), NULL, 0, count_bytes, &nbytes);
	assert_int_equal(nbytes, CSV_MAX_FIELDS + 1);

	put_wide(&text, CSV_MAX_FIELDS + 1, 1);
	snprintf(want, sizeof(want), "1: fault %d in %u at 1.%u\n2: [1]\n", CSV_TOO_MANY_FIELDS,
		CSV_MAX_FIELDS + 1, 2 * CSV_MAX_FIELDS + 1);
	assert_rows_of(buf_span(&text), want);
	buf_done(&text);
}

static int put_place(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	(void)err;
	for (size_t i = 0; i < row->nfields; i++) {
		buf_putf(ctx, "%llu.%llu%s ", (unsigned long long)row->fields[i].line,
			(unsigned long long)row->fields[i].character,
			row->fields[i].is_quoted ? "q" : "");
	}
	return 0;
}

static void fields_know_the_line_and_character_where_they_begin(void **state)
{
	struct buf got = BUF_INIT;

	(void)state;

	rows_read_bytewise(',', span_str("\xe4\xb8\xad,\"x\ny\",b\n,\"\"\n"), put_place, &got);

	assert_string_equal(buf_cstr(&got), "1.1 1.3q 2.4 3.1 3.2q ");
	buf_done(&got);
}

static int refuse(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	(void)row;
	++*(int *)ctx;
	return cu_err_set(err, CU_ECANCELED, "enough");
}

static void a_refusal_by_the_reader_of_rows_ends_the_reading(void **state)
{
	struct csv *csv = NULL;
	struct cu_err err = { 0 };
	int ncalls = 0;

	(void)state;
	assert_int_equal(csv_new(',', refuse, &ncalls, &csv, NULL), 0);

	assert_int_equal(csv_feed(csv, span_str("a\nb\nc\n"), &err), CU_ECANCELED);
	assert_string_equal(err.msg, "enough");
	assert_int_equal(csv_feed(csv, span_str("d\n"), &err), CU_ECANCELED);
	assert_int_equal(csv_end(csv, &err), CU_ECANCELED);

	assert_int_equal(ncalls, 1);
	csv_free(csv);
}

/* -- detection -- */

static char detect(const char *text)
{
	return csv_detect(span_str(text), true);
}

static void the_delimiter_is_what_parts_the_rows_evenly(void **state)
{
	(void)state;

	assert_int_equal(detect("a,b,c\n1,2,3\n"), ',');
	assert_int_equal(detect("a;b;c\n1,5;2,5;3,5\n"), ';');
	assert_int_equal(detect("a\tb\n1,000\t2\n"), '\t');
	assert_int_equal(detect("a|b|c\n1|x, y; z|3\n"), '|');
	assert_int_equal(detect("name, first;id\nA;1\nB;2\n"), ';');
	assert_int_equal(detect("a;b"), ';');
}

static void what_lies_in_quotes_is_not_looked_at(void **state)
{
	(void)state;

	assert_int_equal(detect("\"a,b,c\";\"d,e,f\"\n\"1,2,3\n4,5,6\";7\n"), ';');
	assert_int_equal(detect("\xef\xbb\xbf\"a,b\"\"c,d\";e\n1;2\n"), ';');
	assert_int_equal(detect("5\" pipe;a\n6\" pipe;b\n7,;c\n"), ';');
}

static void without_any_delimiter_it_is_a_comma(void **state)
{
	(void)state;

	assert_int_equal(detect("email\na@example.org\n"), ',');
	assert_int_equal(detect(""), ',');
}

static void a_row_that_is_cut_off_does_not_count_beside_others(void **state)
{
	(void)state;

	assert_int_equal(csv_detect(span_str("a;b|c\n1;2|3\n4|"), false), ';');
	assert_int_equal(csv_detect(span_str("a|b|c"), false), '|');
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_of_the_spectrum_reads_as_its_json),
		cmocka_unit_test(lines_end_in_crlf_or_lf_or_cr),
		cmocka_unit_test(a_quoted_line_end_belongs_to_the_field_and_counts_as_one_line),
		cmocka_unit_test(a_doubled_quote_is_one_quote),
		cmocka_unit_test(empty_lines_are_no_rows_but_are_counted),
		cmocka_unit_test(an_empty_field_stands_on_each_side_of_a_delimiter),
		cmocka_unit_test(a_byte_order_mark_is_skipped_and_half_a_mark_is_text),
		cmocka_unit_test(a_quote_after_other_text_stands_for_itself),
		cmocka_unit_test(each_delimiter_parts_and_the_others_are_text),
		cmocka_unit_test(any_other_delimiter_is_refused),
		cmocka_unit_test(text_after_a_closing_quote_spoils_its_row_only),
		cmocka_unit_test(a_quote_after_blanks_spoils_its_row_and_is_followed_as_a_quote),
		cmocka_unit_test(an_open_quote_takes_all_the_rest_and_is_told_where_it_stands),
		cmocka_unit_test(a_nul_spoils_its_row_in_and_out_of_quotes),
		cmocka_unit_test(a_mark_of_a_bad_character_spoils_its_row_where_it_stands),
		cmocka_unit_test(a_field_may_have_one_mebibyte_and_not_a_byte_more),
		cmocka_unit_test(a_row_may_have_eight_mebibytes_and_not_a_byte_more),
		cmocka_unit_test(of_two_limits_the_one_that_is_met_first_is_told),
		cmocka_unit_test(a_row_may_have_16384_columns_and_not_one_more),
		cmocka_unit_test(fields_know_the_line_and_character_where_they_begin),
		cmocka_unit_test(a_refusal_by_the_reader_of_rows_ends_the_reading),
		cmocka_unit_test(the_delimiter_is_what_parts_the_rows_evenly),
		cmocka_unit_test(what_lies_in_quotes_is_not_looked_at),
		cmocka_unit_test(without_any_delimiter_it_is_a_comma),
		cmocka_unit_test(a_row_that_is_cut_off_does_not_count_beside_others),
	};

	spectrum = argc > 1 ? argv[1] : "tests/data/csv-spectrum";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
