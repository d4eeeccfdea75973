/* What a dossier's forms do with what somebody typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/err.h"
#include "ledger/leaf.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/dossier_forms.h"
#include "privacy/page.h"

static void expect_html(const char *given, size_t n, const char *expected)
{
	struct buf to = BUF_INIT;

	page_put_text(&to, span_of(given, n));
	assert_string_equal(buf_cstr(&to), expected);
	buf_done(&to);
}

#define HTML(given, expected) expect_html(given, sizeof(given) - 1, expected)

static void nothing_typed_is_markup(void **state)
{
	(void)state;
	HTML("<script>alert('1')</script>", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
	HTML("a & b \"c\"", "a &amp; b &quot;c&quot;");
	HTML("&amp;", "&amp;amp;");
	HTML("", "");
}

static void what_is_no_text_is_replaced(void **state)
{
	(void)state;
	HTML("a\0b\x1b[2J", "a\xef\xbf\xbd" "b\xef\xbf\xbd[2J");
	HTML("\xc2\x85 \xc2\xa0", "\xef\xbf\xbd \xc2\xa0");
	HTML("\xff\xfe" "a\xe7\x8e", "\xef\xbf\xbd\xef\xbf\xbd" "a\xef\xbf\xbd\xef\xbf\xbd");
	HTML("line\n\tline\r\n", "line\n\tline\r\n");
	HTML("\xe7\x8e\x8b\xf0\xa0\x80\x80", "\xe7\x8e\x8b\xf0\xa0\x80\x80");
}

static void expect_csv(const char *given, const char *expected)
{
	struct buf to = BUF_INIT;

	dossier_put_csv(&to, span_str(given));
	assert_string_equal(buf_cstr(&to), expected);
	buf_done(&to);
}

static void a_field_of_csv_may_hold_anything(void **state)
{
	(void)state;
	expect_csv("", "\"\"");
	expect_csv("a,b", "\"a,b\"");
	expect_csv("say \"so\"", "\"say \"\"so\"\"\"");
	expect_csv("\"", "\"\"\"\"");
	expect_csv("two\r\nlines", "\"two\r\nlines\"");
}

static void a_spreadsheet_runs_nothing(void **state)
{
	static const char *const formulas[] = { "=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "@SUM(A1)",
		"\t=1", "\r=1", "\n=1", "\xef\xbc\x9d" "1", "\xef\xbc\x8b" "a", "\xef\xbc\x8d" "a",
		"\xef\xbc\xa0" "a" };
	char expected[64];

	(void)state;
	for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++) {
		snprintf(expected, sizeof(expected), "\"'%s\"", formulas[i]);
		expect_csv(formulas[i], expected);
	}
}

static void amounts_and_telephone_numbers_stay_what_they_are(void **state)
{
	(void)state;
	expect_csv("-12.50", "\"-12.50\"");
	expect_csv("+49 (30) 123-4", "\"+49 (30) 123-4\"");
	expect_csv("a=b", "\"a=b\"");
}

/* --- a whole one ------------------------------------------------------------------------------- */

static int up(void **state)
{
	struct dossier *d = calloc(1, sizeof(*d));
	struct faults faults = { 0 };
	struct policy *policy;
	struct cu_err err;

	if (policy_load("policies", &faults, &policy, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	faults_done(&faults);
	*d = (struct dossier){ .policy = policy, .subject = id_new(), .kind = SUBJECT_PERSON,
		.purpose = "care", .made_ms = 1764547200000 };
	assert_int_equal(dossier_init(d, &err), 0);
	*state = d;
	return 0;
}

static int down(void **state)
{
	struct dossier *d = *state;
	struct policy *policy = (struct policy *)(uintptr_t)d->policy;

	dossier_done(d);
	policy_unref(policy);
	free(d);
	return 0;
}

/* Records n and onwards of the source below. */
struct some {
	unsigned n, first; /* how many; the number of the first */
	const char *collection, *field;
};

static void fill(const struct some *s, unsigned i, struct row_record *row, struct record *rec,
	char value[16])
{
	*row = (struct row_record){ .version = 1, .created_ms = 1764547200000,
		.updated_ms = 1764547200000 };
	*rec = (struct record){ .origin = RECORD_EXTERNAL, .source = span_str("shop"), .nfields = 1,
		.anchor_day = 20000 };
	snprintf(row->collection, sizeof(row->collection), "%s", s->collection);
	snprintf(value, 16, "value %u", s->first + i);
	row->id.b[0] = (uint8_t)(s->first + i);
	rec->fields[0] = (struct record_field){ span_str(s->field), span_str(value) };
}

static int each_of(void *ctx, const struct dossier_part *part, dossier_take *take,
	int (*rest)(void *to, struct cu_err *err), void *to, struct cu_err *err)
{
	const struct some *s = ctx;
	struct row_record row;
	struct record rec;
	char value[16];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < s->n && strcmp(part->key, s->collection) == 0; i++) {
		fill(s, i, &row, &rec, value);
		r = take(to, &row, &rec, err);
		r = r < 0 ? r : rest(to, err);
	}
	return r;
}

static void survey(struct dossier *d, const struct some *s)
{
	struct row_record row;
	struct record rec;
	struct cu_err err;
	char value[16];

	for (unsigned i = 0; i < s->n; i++) {
		fill(s, i, &row, &rec, value);
		assert_int_equal(dossier_survey(d, &row, &rec, &err), 0);
	}
	dossier_order(d);
}

static int keep(void *ctx, struct span bytes, struct cu_err *err)
{
	buf_put_span(ctx, bytes);
	return buf_check(ctx, err);
}

static int write_some(const struct dossier *d, struct some *s, struct buf *to, struct cu_err *err)
{
	const struct dossier_records records = { each_of, s };
	const struct dossier_sink sink = { keep, to };

	return dossier_write(d, &records, &sink, err);
}

/* Only the directory at its end makes it one. */
static bool is_archive(const struct buf *b)
{
	return b->n > 0 && memmem(b->p, b->n, "PK\005\006", 4);
}

static void what_changes_meanwhile_makes_no_archive(void **state)
{
	struct some before = { 3, 0, "need", "topic" }, after = { 3, 1, "need", "topic" };
	struct dossier *d = *state;
	struct buf to = BUF_INIT;
	struct cu_err err;

	survey(d, &before);
	assert_int_equal(write_some(d, &after, &to, &err), CU_EBUSY);
	assert_non_null(strstr(err.msg, "make it again"));
	assert_false(is_archive(&to));
	buf_clear(&to);
	assert_int_equal(write_some(d, &before, &to, &err), 0);
	assert_true(is_archive(&to));
	buf_done(&to);
}

static void what_the_schema_has_no_more_is_in_it(void **state)
{
	struct some old = { 2, 0, "loyalty", "points" };
	struct dossier *d = *state;
	struct buf to = BUF_INIT;
	struct cu_err err;
	size_t nparts = d->nparts;

	survey(d, &old);
	assert_int_equal(d->nparts, nparts + 1);
	assert_string_equal(d->parts[nparts].columns[0].label, "points");
	assert_int_equal(write_some(d, &old, &to, &err), 0);
	assert_non_null(memmem(to.p, to.n, "csv/loyalty.csv", 15));
	buf_done(&to);
}

static void records_stand_in_the_order_of_their_dates(void **state)
{
	static const int32_t days[] = { 300, CIVIL_NO_DAY, 100, 200 };
	struct dossier *d = *state;
	struct row_record row = { .collection = "order", .created_ms = 150 * (int64_t)86400000 };
	struct record rec = { .origin = RECORD_INTERNAL };
	const struct dossier_part *part = NULL;
	struct cu_err err;

	for (uint8_t i = 0; i < 4; i++) {
		row.id.b[0] = i;
		rec.anchor_day = days[i];
		assert_int_equal(dossier_survey(d, &row, &rec, &err), 0);
	}
	dossier_order(d);
	for (size_t i = 0; i < d->nparts; i++) {
		part = d->parts[i].nrecords > 0 ? &d->parts[i] : part;
	}
	assert_string_equal(part->key, "order");
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(part->places[i].id.b[0], ((int[]){ 2, 1, 3, 0 })[i]);
	}
}

/* Byte 4 of an entry: which version of the format its reader must know. */
static void only_what_is_huge_needs_zip64(void **state)
{
	struct some some = { 3, 0, "need", "topic" };
	struct dossier *d = *state;
	struct buf to = BUF_INIT;
	struct cu_err err;

	survey(d, &some);
	assert_int_equal(write_some(d, &some, &to, &err), 0);
	assert_true(is_archive(&to));
	assert_int_equal(to.p[4], 20);
	buf_clear(&to);
	d->nbytes = 1ull << 40; /* as if */
	assert_int_equal(write_some(d, &some, &to, &err), 0);
	assert_true(is_archive(&to));
	assert_int_equal(to.p[4], 45);
	buf_done(&to);
}

static int refuse(void *ctx, struct span bytes, struct cu_err *err)
{
	size_t *left = ctx;

	if (bytes.n > *left) {
		return cu_err_set(err, CU_ENOSPC, "no more");
	}
	*left -= bytes.n;
	return 0;
}

/* The archive comes in blocks of 64 KiB; the last is short. */
static void a_sink_that_fails_ends_it_with_its_own_error(void **state)
{
	struct some some = { 3, 0, "need", "topic" };
	const struct dossier_records records = { each_of, &some };
	struct dossier *d = *state;
	size_t room = 100;
	const struct dossier_sink sink = { refuse, &room };
	struct cu_err err;

	survey(d, &some);
	assert_int_equal(dossier_write(d, &records, &sink, &err), CU_ENOSPC);
	assert_string_equal(err.msg, "no more");
}

static void who_looked_is_summed_up_by_the_day(void **state)
{
	struct dossier *d = *state;
	struct leaf l = { .act = LEAF_SUBJECT_READ, .t_ms = 1764547200000, .by = id_new(),
		.purpose = "care" };

	for (int i = 0; i < 3; i++) {
		dossier_add_look(d, &l);
		l.t_ms += 1000;
	}
	assert_int_equal(d->nlooks, 1);
	assert_int_equal(d->looks[0].times, 3);
	assert_int_equal(d->looks[0].last_ms - d->looks[0].first_ms, 2000);
	l.by = id_new();
	dossier_add_look(d, &l);
	l.act = LEAF_SUBJECT_EXPORT;
	dossier_add_look(d, &l);
	l.t_ms += 86400000;
	dossier_add_look(d, &l);
	assert_int_equal(d->nlooks, 4);
}

static void too_many_lines_are_left_out_and_that_is_said(void **state)
{
	struct dossier *d = *state;
	struct leaf l = { .act = LEAF_SUBJECT_READ, .t_ms = 0 };

	for (int i = 0; i <= DOSSIER_MAX_LOOKS; i++) {
		l.t_ms += 86400000;
		dossier_add_look(d, &l);
	}
	assert_int_equal(d->nlooks, DOSSIER_MAX_LOOKS);
	assert_true(d->has_more_looks);
}

static void every_shipped_key_and_text_has_a_chinese_name(void **state)
{
	struct dossier *d = *state;
	char label[ENGINE_KEY_SIZE];

	d->language = DOSSIER_ZH;
	for (size_t i = 0; i < d->nparts; i++) {
		const struct dossier_part *p = &d->parts[i];

		assert_string_not_equal(dossier_label(d, p->key, label), p->key);
		assert_string_not_equal(dossier_say(d, p->collection->text), p->collection->text);
		for (size_t k = 0; k < p->ncolumns; k++) {
			dossier_label(d, p->columns[k].name, label);
			if ((unsigned char)label[0] < 0x80) {
				fail_msg("%s.%s has no Chinese name", p->key, p->columns[k].name);
			}
		}
	}
	for (int i = CONSENT_REQUESTED; i < CONSENT_NSTATES_; i++) {
		const char *text = consent_state_meaning((enum consent_state)i);

		/* that of an expiry is never an event */
		assert_true(i == CONSENT_EXPIRED || strcmp(dossier_say(d, text), text) != 0);
	}
	for (int i = METHOD_CHECKBOX; i < METHOD_N_; i++) {
		const char *text = consent_method_meaning((enum consent_method)i);

		assert_string_not_equal(dossier_say(d, text), text);
	}
	for (size_t i = 0; i < policy_purposes(d->policy)->n; i++) {
		const struct purpose *p = &policy_purposes(d->policy)->v[i];

		assert_string_not_equal(dossier_label(d, p->key, label), p->key);
		assert_string_not_equal(dossier_say(d, p->text), p->text);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_typed_is_markup),
		cmocka_unit_test(what_is_no_text_is_replaced),
		cmocka_unit_test(a_field_of_csv_may_hold_anything),
		cmocka_unit_test(a_spreadsheet_runs_nothing),
		cmocka_unit_test(amounts_and_telephone_numbers_stay_what_they_are),
		T(what_changes_meanwhile_makes_no_archive),
		T(what_the_schema_has_no_more_is_in_it),
		T(only_what_is_huge_needs_zip64),
		T(records_stand_in_the_order_of_their_dates),
		T(a_sink_that_fails_ends_it_with_its_own_error),
		T(who_looked_is_summed_up_by_the_day),
		T(too_many_lines_are_left_out_and_that_is_said),
		T(every_shipped_key_and_text_has_a_chinese_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
