#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "intake/columns.h"
#include "intake/csv.h"
#include "intake/plan.h"

#define HEAD                       \
	"custos-intake 1\n"        \
	"format\tcsv\n"            \
	"charset\tGBK\n"           \
	"delimiter\tsemicolon\n"   \
	"header\t1\n"              \
	"subject\tperson\tid\t1\n"

static struct plan *parse(const char *text)
{
	struct plan *p = NULL;
	struct cu_err err;

	if (plan_parse(span_str(text), &p, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	return p;
}

static void assert_refused(const char *text, const char *why)
{
	struct plan *p = NULL;
	struct cu_err err = { 0 };

	assert_int_equal(plan_parse(span_str(text), &p, &err), CU_EINVAL);
	assert_string_equal(err.msg, why);
	assert_null(p);
}

/* -- the text -- */

static void a_plan_is_read_as_it_is_written(void **state)
{
	struct plan *p = parse(HEAD
		"record\tprofile\tmain\tsubject\t\t\t\n"
		"field\tgiven_name\tcolumn\tfirst name\n"
		"field\tsource\tvalue\tshop\n"
		"record\torder\tline\tcolumn\torder_no\tdate\tpaid\n"
		"record\tinteraction\tcall\trow\t\tday\t\n"
		"field\tnote\tcolumn\tnote\n");

	(void)state;

	assert_string_equal(p->charset, "GBK");
	assert_int_equal(p->delimiter, ';');
	assert_true(p->has_header);
	assert_string_equal(p->subject.name, "id");
	assert_int_equal(p->nrecords, 3);
	assert_int_equal(p->records[0].key_kind, PLAN_KEY_SUBJECT);
	assert_int_equal(p->records[0].nfields, 2);
	assert_true(p->records[0].has_columns);
	assert_string_equal(p->records[0].fields[0].key, "given_name");
	assert_string_equal(p->records[0].fields[0].column.name, "first name");
	assert_string_equal(p->records[0].fields[1].value, "shop");
	assert_null(p->records[0].anchor.name);
	assert_int_equal(p->records[1].key_kind, PLAN_KEY_COLUMN);
	assert_string_equal(p->records[1].key.name, "order_no");
	assert_string_equal(p->records[1].anchor.name, "date");
	assert_string_equal(p->records[1].skip.name, "paid");
	assert_int_equal(p->records[1].nfields, 0);
	assert_int_equal(p->records[2].key_kind, PLAN_KEY_ROW);
	assert_string_equal(p->records[2].fields[0].column.name, "note");
	plan_free(p);
}

static void each_word_of_a_delimiter_is_its_character(void **state)
{
	static const struct {
		const char *word;
		char delimiter;
	} rows[] = { { "auto", '\0' }, { "comma", ',' }, { "semicolon", ';' }, { "tab", '\t' },
		{ "pipe", '|' } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];
		struct plan *p;

		snprintf(text, sizeof(text), HEAD "delimiter\t%s\n", rows[i].word);
		p = parse(text);
		assert_int_equal(p->delimiter, rows[i].delimiter);
		plan_free(p);
	}
}

static void a_fault_of_the_plan_is_told_with_its_line(void **state)
{
	(void)state;

	assert_refused("custos-intake 2\n", "plan, line 1: not a plan of version 1");
	assert_refused("format\tcsv\n", "plan, line 1: not a plan of version 1");
	assert_refused(HEAD "nonsense\tx\n", "plan, line 7: not a line of a plan");
	assert_refused(HEAD "format\tvcard\n", "plan, line 7: a format that this build does not read");
	assert_refused(HEAD "charset\t\n", "plan, line 7: the charset has no name");
	assert_refused(HEAD "delimiter\tcolon\n", "plan, line 7: not a delimiter");
	assert_refused(HEAD "header\tyes\n", "plan, line 7: neither 0 nor 1");
	assert_refused(HEAD "header\n", "plan, line 7: not its number of words");
	assert_refused(HEAD "header\t1", "plan, line 7: cut off");
	assert_refused(HEAD "a\tb\tc\td\te\tf\tg\th\ti\n", "plan, line 7: too many words");
	assert_refused(HEAD "subject\tperson\tid\t0\n", "plan, line 7: a second subject");
	assert_refused(HEAD "field\ta\tvalue\tb\n", "plan, line 7: a field before the first record");
	assert_refused(HEAD "record\tc\tn\tother\t\t\t\n",
		"plan, line 7: the record's key is neither subject, column nor row");
	assert_refused(HEAD "record\tc\tn\tcolumn\t\t\t\n", "plan, line 7: the record has no key column");
	assert_refused(HEAD "record\tc\tn\trow\t\t\t\nfield\ta\tother\tb\n",
		"plan, line 8: a field is neither column nor value");
	assert_refused(HEAD "record\tc\tn\trow\t\t\t\nfield\ta\tcolumn\t\n",
		"plan, line 8: a field without a name or a column");
	assert_refused(HEAD "record\tc\tn\trow\t\t\t\nfield\ta\tvalue\tb\nfield\ta\tvalue\tb\n",
		"plan, line 9: the field is there twice in its record");
}

static void a_plan_without_what_it_needs_is_refused(void **state)
{
	(void)state;

	assert_refused("custos-intake 1\nformat\tcsv\ncharset\tutf-8\nheader\t1\n",
		"plan: it needs format, charset, header and subject");
	assert_refused("", "plan: not a text of at most 1 MiB");
	assert_refused("custos-intake 1\n\xff\n", "plan: not a text of at most 1 MiB");
}

static void a_plan_of_too_many_lines_is_refused(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf_put_str(&text, HEAD "record\tc\tn\trow\t\t\t\n");
	for (int i = 0; i < 4096; i++) {
		buf_putf(&text, "field\tf%d\tvalue\tx\n", i);
	}
	assert_refused(buf_cstr(&text), "plan: over 4096 lines");
	buf_done(&text);
}

/* -- the columns -- */

static int take_first(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	struct columns *c = ctx;

	return c->n > 0 ? 0 : columns_take(c, row, true, err);
}

static struct columns columns_of(const char *header)
{
	struct columns c = COLUMNS_INIT;
	struct csv *csv = NULL;

	assert_int_equal(csv_new(',', take_first, &c, &csv, NULL), 0);
	assert_int_equal(csv_feed(csv, span_str(header), NULL), 0);
	assert_int_equal(csv_end(csv, NULL), 0);
	csv_free(csv);
	return c;
}

static void assert_not_found(const char *header, const char *name, int code, const char *why)
{
	struct columns c = columns_of(header);
	struct cu_err err = { 0 };
	size_t at = 77;

	assert_int_equal(columns_find(&c, name, &at, &err), code);
	assert_string_equal(err.msg, why);
	assert_int_equal(at, 77);
	columns_done(&c);
}

static void a_column_is_found_by_its_exact_name(void **state)
{
	struct columns c = columns_of("id,e-mail,\"First, name\"");
	size_t at = 77;

	(void)state;

	assert_int_equal(columns_find(&c, "First, name", &at, NULL), 0);
	assert_int_equal(at, 2);
	columns_done(&c);
}

static void a_missing_column_is_named_with_the_nearest(void **state)
{
	(void)state;

	assert_not_found("id,email,phone", "emial", CU_ENOENT,
		"no column 'emial' in the file; did you mean 'email'?");
	assert_not_found("ID,E-Mail,Phone", "email", CU_ENOENT,
		"no column 'email' in the file; did you mean 'E-Mail'?");
	assert_not_found("id,email,phone", "birthday", CU_ENOENT,
		"no column 'birthday' among the file's 3");
	assert_not_found("id,x", "y", CU_ENOENT, "no column 'y' among the file's 2");
}

static void a_name_that_two_columns_have_is_refused(void **state)
{
	(void)state;

	assert_not_found("id,name,x,name", "name", CU_EINVAL,
		"columns 2 and 4 are both called 'name'");
}

static void a_delimiter_at_the_end_of_the_header_makes_no_column(void **state)
{
	struct columns c = columns_of("id,name,");

	(void)state;

	assert_int_equal(c.n, 2);
	columns_done(&c);
}

static void a_label_shows_number_and_name_safely(void **state)
{
	struct columns c = columns_of("id,\"a\nb\",,3");
	char label[COLUMNS_LABEL_SIZE];

	(void)state;

	columns_label(&c, 0, label);
	assert_string_equal(label, "column 1 (id)");
	columns_label(&c, 1, label);
	assert_string_equal(label, "column 2 (a\\x0ab)");
	columns_label(&c, 2, label);
	assert_string_equal(label, "column 3");
	columns_label(&c, 9, label);
	assert_string_equal(label, "column 10");
	columns_done(&c);
}

static void binding_finds_every_column_that_the_plan_names(void **state)
{
	struct plan *p = parse(HEAD
		"record\torder\tline\tcolumn\tno\tdate\tpaid\n"
		"field\tsum\tcolumn\ttotal\n"
		"field\tsource\tvalue\tshop\n");
	struct columns c = columns_of("total,paid,date,no,id");

	(void)state;

	assert_int_equal(plan_bind(p, &c, NULL), 0);
	assert_int_equal(p->subject.at, 4);
	assert_int_equal(p->records[0].key.at, 3);
	assert_int_equal(p->records[0].anchor.at, 2);
	assert_int_equal(p->records[0].skip.at, 1);
	assert_int_equal(p->records[0].fields[0].column.at, 0);
	columns_done(&c);
	plan_free(p);
}

static void binding_fails_for_any_column_that_is_not_there(void **state)
{
	static const char *const headers[] = { "total,paid,date,no", "paid,date,no,id",
		"total,date,no,id", "total,paid,no,id", "total,paid,date,id" };
	struct plan *p = parse(HEAD
		"record\torder\tline\tcolumn\tno\tdate\tpaid\n"
		"field\tsum\tcolumn\ttotal\n");

	(void)state;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct columns c = columns_of(headers[i]);

		assert_int_equal(plan_bind(p, &c, NULL), CU_ENOENT);
		columns_done(&c);
	}
	plan_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_read_as_it_is_written),
		cmocka_unit_test(each_word_of_a_delimiter_is_its_character),
		cmocka_unit_test(a_fault_of_the_plan_is_told_with_its_line),
		cmocka_unit_test(a_plan_without_what_it_needs_is_refused),
		cmocka_unit_test(a_plan_of_too_many_lines_is_refused),
		cmocka_unit_test(a_column_is_found_by_its_exact_name),
		cmocka_unit_test(a_missing_column_is_named_with_the_nearest),
		cmocka_unit_test(a_name_that_two_columns_have_is_refused),
		cmocka_unit_test(a_delimiter_at_the_end_of_the_header_makes_no_column),
		cmocka_unit_test(a_label_shows_number_and_name_safely),
		cmocka_unit_test(binding_finds_every_column_that_the_plan_names),
		cmocka_unit_test(binding_fails_for_any_column_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
