/* A report: what counts as in time, what is to be looked at, and that its forms tell the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "policy/law.h"
#include "privacy/incident.h"
#include "privacy/report.h"
#include "privacy/request.h"

static int32_t day(int year, int month, int d)
{
	return civil_to_day((struct civil){ year, month, d });
}

/* The second quarter of 2026. */
static void begin(struct report *r, enum language language)
{
	*r = (struct report){ .language = language, .made_ms = 1785542400000,
		.from = day(2026, 4, 1), .to = day(2026, 6, 30) };
	assert_int_equal(report_open(r, NULL), 0);
}

static struct report_request one(int32_t received, int32_t due, int32_t answered)
{
	return (struct report_request){ .number = 7, .type = "access", .law = "gdpr",
		.state = answered == CIVIL_NO_DAY ? "scoping" : "fulfilled", .reason = "",
		.received = received, .due = due, .answered = answered, .is_answer = true };
}

static int64_t summary(const struct report *r, const char *column)
{
	return report_get(r, REPORT_SUMMARY, column);
}

static void expect_deadline(int32_t received, int32_t due, int32_t answered, const char *word)
{
	struct report r;
	struct report_request q = one(received, due, answered);

	begin(&r, LANGUAGE_EN);
	report_take_request(&r, &q);
	assert_int_equal(r.tables[REPORT_REQUESTS].n, *word ? 1 : 0);
	if (*word) {
		assert_string_equal(report_row(&r, REPORT_REQUESTS, 0)
			[report_column_of(REPORT_REQUESTS, "deadline")].word, word);
	}
	report_close(&r);
}

static void the_last_day_is_in_time_and_the_next_is_late(void **state)
{
	int32_t may4 = day(2026, 5, 4), june4 = day(2026, 6, 4);

	(void)state;
	expect_deadline(may4, june4, june4, "in_time");
	expect_deadline(may4, june4, june4 + 1, "late");
	expect_deadline(may4, june4, CIVIL_NO_DAY, "overdue");
	expect_deadline(may4, day(2026, 6, 30), CIVIL_NO_DAY, "running");
	expect_deadline(may4, CIVIL_NO_DAY, CIVIL_NO_DAY, "unknown");
}

static void what_happened_outside_the_time_is_not_in_it(void **state)
{
	(void)state;
	expect_deadline(day(2026, 1, 2), day(2026, 2, 2), day(2026, 2, 1), ""); /* over before */
	expect_deadline(day(2026, 7, 1), day(2026, 8, 1), CIVIL_NO_DAY, ""); /* came after */
	expect_deadline(day(2026, 3, 20), day(2026, 4, 20), day(2026, 4, 2), "in_time");
	/* answered after the time: it was still open at its end, and not due yet */
	expect_deadline(day(2026, 6, 20), day(2026, 7, 20), day(2026, 7, 2), "running");
}

static void what_a_request_counts_as(void **state)
{
	struct report r;
	struct report_request refused = one(day(2026, 4, 2), day(2026, 5, 2), day(2026, 4, 9));
	struct report_request lapsed = one(day(2026, 4, 3), day(2026, 5, 3), day(2026, 6, 9));
	struct report_request open = one(day(2026, 6, 3), day(2026, 7, 3), CIVIL_NO_DAY);

	(void)state;
	begin(&r, LANGUAGE_EN);
	refused.state = "denied";
	refused.reason = "excessive";
	refused.is_denied = true;
	lapsed.state = "lapsed";
	lapsed.is_answer = false;
	open.is_extended = true;
	report_take_request(&r, &refused);
	report_take_request(&r, &lapsed);
	report_take_request(&r, &open);
	assert_int_equal(summary(&r, "received"), 3);
	assert_int_equal(summary(&r, "answered"), 1); /* nobody was owed an answer by the lapsed one */
	assert_int_equal(summary(&r, "in_time"), 1);
	assert_int_equal(summary(&r, "late"), 0);
	assert_int_equal(summary(&r, "refused"), 1);
	assert_int_equal(summary(&r, "open"), 1);
	assert_int_equal(summary(&r, "extended"), 1);
	assert_int_equal(r.tables[REPORT_REFUSALS].n, 1);
	assert_int_equal(r.tables[REPORT_OUTCOMES].n, 2);
	assert_int_equal(report_row(&r, REPORT_REQUEST_MONTHS, 0)[1].n, 2); /* April */
	assert_int_equal(report_row(&r, REPORT_REQUEST_MONTHS, 2)[1].n, 1); /* June */
	report_close(&r);
}

static void expect_in(struct report *r, enum report_format f, const char *text)
{
	struct buf to = BUF_INIT;

	assert_int_equal(report_write(r, f, &to, NULL), 0);
	if (!strstr(buf_cstr(&to), text)) {
		fail_msg("'%s' is not in:\n%s", text, buf_cstr(&to));
	}
	buf_done(&to);
}

static void each_form_has_the_figures(void **state)
{
	struct report r;
	struct report_request q = one(day(2026, 4, 2), day(2026, 5, 4), day(2026, 5, 5));

	(void)state;
	begin(&r, LANGUAGE_EN);
	report_take_request(&r, &q);
	report_judge(&r);
	expect_in(&r, REPORT_AS_JSON, "\"type\":\"access\",\"law\":\"gdpr\",\"received\":\"2026-04-02\","
		"\"due\":\"2026-05-04\",\"answered\":\"2026-05-05\",\"days\":33,\"limit\":32,"
		"\"state\":\"fulfilled\",\"deadline\":\"late\"");
	expect_in(&r, REPORT_AS_JSON, "{\"what\":\"answered_late\",\"count\":1}");
	expect_in(&r, REPORT_AS_CSV, "requests,1,days,33\r\n");
	expect_in(&r, REPORT_AS_CSV, "request_months,2,month,2026-05\r\nrequest_months,2,received,0\r\n"
		"request_months,2,answered,1\r\n");
	expect_in(&r, REPORT_AS_TEXT, "requests were answered late");
	expect_in(&r, REPORT_AS_TEXT, "2026-05         0         1\n");
	report_close(&r);
	begin(&r, LANGUAGE_ZH);
	report_take_request(&r, &q);
	expect_in(&r, REPORT_AS_TEXT, "处理天数与法定期限");
	expect_in(&r, REPORT_AS_TEXT, "《通用数据保护条例》");
	expect_in(&r, REPORT_AS_CSV, "requests,1,law,gdpr\r\n"); /* programs read it */
	report_close(&r);
}

static void what_others_named_is_no_markup_in_the_page(void **state)
{
	struct report r;
	struct report_request q = one(day(2026, 4, 2), day(2026, 5, 4), day(2026, 5, 5));

	(void)state;
	begin(&r, LANGUAGE_EN);
	r.organisation = "<b>Müller & Sons";
	q.is_denied = true;
	q.reason = "a<b";
	report_take_request(&r, &q);
	expect_in(&r, REPORT_AS_HTML, "&lt;b&gt;Müller &amp; Sons");
	expect_in(&r, REPORT_AS_HTML, "<td>a&lt;b</td>");
	expect_in(&r, REPORT_AS_HTML, "<b>0 of 1</b> answers were given in time.");
	expect_in(&r, REPORT_AS_HTML, "<desc id=\"request_months-desc\">received 1; answered 1</desc>");
	expect_in(&r, REPORT_AS_HTML, "stroke-dasharray=\"1000 1000\""); /* one type: the whole ring */
	expect_in(&r, REPORT_AS_HTML, ">33 / 32</text>");
	report_close(&r);
}

static void nothing_is_told_too(void **state)
{
	struct report r;

	(void)state;
	begin(&r, LANGUAGE_EN);
	report_judge(&r);
	expect_in(&r, REPORT_AS_TEXT, "No request in this time.");
	expect_in(&r, REPORT_AS_TEXT, "no whole restore passed within 90 days");
	expect_in(&r, REPORT_AS_JSON, "\"requests\":[]");
	expect_in(&r, REPORT_AS_JSON, "\"last_copy_day\":null");
	report_close(&r);
}

/* A table or column that the other language does not know would stand there in English. */
static void every_word_of_it_is_there_in_chinese(void **state)
{
	struct report r;

	(void)state;
	begin(&r, LANGUAGE_ZH);
	for (int t = 0; t < REPORT_NTABLES_; t++) {
		const struct report_shape *s = &report_shapes[t];
		const char *texts[3] = { s->title, s->note, s->empty };

		for (int i = 0; i < 3; i++) {
			assert_true(!texts[i] || report_say(&r, texts[i]) != texts[i]);
		}
		for (size_t i = 0; s->columns[i].key; i++) {
			if (report_say(&r, s->columns[i].heading) == s->columns[i].heading) {
				fail_msg("'%s'", s->columns[i].heading);
			}
		}
	}
	report_close(&r);
}

static void expect_chinese(const char *key)
{
	struct report r = { .language = LANGUAGE_ZH };
	char label[REPORT_WORD_SIZE];

	if ((unsigned char)report_label(&r, key, label)[0] < 0x80) {
		fail_msg("'%s'", key);
	}
}

static void every_outcome_and_verdict_has_chinese_words(void **state)
{
	(void)state;
	for (unsigned i = REQ_RECEIVED; i < REQUEST_NSTATES_; i++) {
		expect_chinese(request_state_word(i));
	}
	for (int i = 0; i < NREQUEST_TYPES; i++) {
		expect_chinese(law_request_word((enum request_type)i));
	}
#define X(id, word) expect_chinese(word);
	INCIDENT_KINDS(X)
	INCIDENT_VERDICTS(X)
#undef X
}

static void a_time_that_is_none_is_refused(void **state)
{
	struct report r = { .from = day(2026, 2, 1), .to = day(2026, 1, 31) };

	(void)state;
	assert_int_equal(report_open(&r, NULL), CU_EINVAL);
	report_close(&r);
	r.from = day(2001, 1, 1);
	assert_int_equal(report_open(&r, NULL), CU_ELIMIT);
	report_close(&r);
}

static void more_requests_than_are_listed_are_counted(void **state)
{
	struct report r;
	struct report_request q = one(day(2026, 4, 2), day(2026, 5, 4), day(2026, 5, 4));

	(void)state;
	begin(&r, LANGUAGE_EN);
	for (int i = 0; i < REPORT_MAX_ROWS + 5; i++) {
		report_take_request(&r, &q);
	}
	assert_int_equal(summary(&r, "received"), REPORT_MAX_ROWS + 5);
	assert_int_equal(r.tables[REPORT_REQUESTS].n, REPORT_MAX_ROWS);
	report_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_day_is_in_time_and_the_next_is_late),
		cmocka_unit_test(what_happened_outside_the_time_is_not_in_it),
		cmocka_unit_test(what_a_request_counts_as),
		cmocka_unit_test(each_form_has_the_figures),
		cmocka_unit_test(what_others_named_is_no_markup_in_the_page),
		cmocka_unit_test(nothing_is_told_too),
		cmocka_unit_test(every_word_of_it_is_there_in_chinese),
		cmocka_unit_test(every_outcome_and_verdict_has_chinese_words),
		cmocka_unit_test(a_time_that_is_none_is_refused),
		cmocka_unit_test(more_requests_than_are_listed_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
