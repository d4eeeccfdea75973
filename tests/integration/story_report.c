/* What a board and an auditor are shown: requests of each outcome, and the forms tell the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "stage.h"

#define DAY_MS 86400000LL
#define WANG   "[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}}]"
#define LETTER "Please, of Wang Xiaoming."

static void go_ahead(struct stage *st, long long days)
{
	static char option[64];

	stage_stop(st);
	snprintf(option, sizeof(option), "--clock-ahead-ms=%lld", days * DAY_MS);
	st->options[0] = option;
	stage_start(st);
}

static void must(struct stage *st, const char *const args[])
{
	stage_ctl_input(st, AS_PRIVACY, NULL, 0, args);
	stage_expect(st, 0);
}
#define MUST(st, ...) must(st, (const char *const[]){ __VA_ARGS__, NULL })

/* It came today, by this law; with an id it is found and verified. */
static void open_request(struct stage *st, const char *type, const char *law, const char *number,
	const char *id)
{
	char received[40] = "--received=", by[32];

	civil_format_day((int32_t)(time(NULL) / 86400), received + strlen(received));
	snprintf(by, sizeof(by), "--law=%s", law);
	stage_ctl_text(st, AS_PRIVACY, LETTER, "request", "open", type, received, "--channel=letter", by);
	stage_expect(st, 0);
	if (id) {
		MUST(st, "request", "identify", number, id);
		MUST(st, "request", "verify", number, "--method=document");
	}
}

static void approve(struct stage *st, const char *number)
{
	char approval[33];

	MUST(st, "--json", "request", "approve", number);
	snprintf(approval, sizeof(approval), "%s",
		json_string_value(json_object_get(json_object_get(stage_reply(st), "request"), "approval")));
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);
}

static void wait_until_nothing_live_is_left(struct stage *st, const char *number)
{
	for (int i = 0; i < 300 && stage_count_leaves(st, "why=live_done") == 0; i++) {
		MUST(st, "request", "next", number);
		run_sleep_ms(50);
	}
	assert_int_equal(stage_count_leaves(st, "why=live_done"), 1);
}

/* Forty days on it closes by itself, some time after the start: not between two forms of a report. */
static void wait_until_fulfilled(struct stage *st, const char *number)
{
	const char *now = "";

	for (int i = 0; i < 300 && strcmp(now, "fulfilled") != 0; i++) {
		MUST(st, "--json", "request", "next", number);
		now = json_string_value(json_object_get(json_object_get(stage_reply(st), "request"), "state"));
		run_sleep_ms(50);
	}
	assert_string_equal(now, "fulfilled");
}

/* Files in a form each, by the auditor, who sees nobody's data; what check_report.py says. */
static char *report_in_all_forms(struct stage *st)
{
	stage_ctl(st, AS_AUDITOR, "report", "compliance", "r.txt");
	stage_expect(st, 0);
	stage_ctl(st, AS_AUDITOR, "report", "compliance", "--format=json", "r.json");
	stage_expect(st, 0);
	stage_ctl(st, AS_AUDITOR, "report", "compliance", "--format=csv", "r.csv");
	stage_expect(st, 0);
	stage_ctl(st, AS_AUDITOR, "report", "compliance", "--format=html", "r.html");
	stage_expect(st, 0);
	return run_shell("cd '%s' && /usr/bin/python3 '" SOURCE_DIR
		"/tests/support/check_report.py' r.txt r.json r.csv r.html 2>&1 || echo FAILED", st->files);
}

static void expect_said(char *said, const char *expected)
{
	assert_string_equal(said, expected);
	free(said);
}

/* A figure of the report as it is now. */
static int64_t figure(struct stage *st, const char *table, const char *name)
{
	stage_ctl(st, AS_ADMIN, "--json", "report", "compliance");
	stage_expect(st, 0);
	return json_integer_value(json_object_get(
		json_object_get(json_object_get(stage_reply(st), "figures"), table), name));
}

/* The first row of a table has this under the name. */
static void expect_first(struct stage *st, const char *table, const char *name, int64_t n)
{
	const json_t *rows, *row;

	stage_ctl(st, AS_ADMIN, "--json", "report", "compliance");
	stage_expect(st, 0);
	rows = json_object_get(json_object_get(stage_reply(st), "figures"), table);
	row = json_array_get(rows, 0);
	assert_int_equal(json_array_size(rows), 1);
	assert_int_equal(json_integer_value(json_object_get(row, name)), n);
}

static void an_empty_store_has_a_report_that_says_so(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_PRIVACY, "report", "compliance");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "No request in this time."));
	assert_non_null(strstr(st->last.out, "no backup was made in this time"));
	stage_ctl(st, AS_PRIVACY, "report", "compliance", "--language=zh");
	assert_non_null(strstr(st->last.out, "报告期内没有请求"));
	stage_ctl(st, AS_PRIVACY, "report", "compliance", "--language=zh", "--format=html");
	assert_non_null(strstr(st->last.out, "<p class=\"none\">报告期内没有请求。</p>"));
	assert_null(strstr(st->last.out, "<svg")); /* there is nothing to draw */
	stage_ctl(st, AS_PRIVACY, "report", "compliance", "--to=2999-01-01");
	stage_expect(st, 64);
	stage_ctl(st, AS_PRIVACY, "report", "compliance", "--from=2020-02-01", "--to=2020-01-01");
	stage_expect(st, 64);
	if (stage_has_roles()) {
		stage_ctl(st, AS_SUPPORT, "report", "compliance");
		stage_expect(st, 77);
	}
}

static void a_notice_is_a_draft_until_the_policies_say_it_all(void **state)
{
	struct stage *st = *state;
	char *text;

	stage_ctl(st, AS_AUDITOR, "report", "notice");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "Privacy notice: a draft"));
	assert_non_null(strstr(st->last.out, "- organisation.yaml: controller"));
	stage_ctl(st, AS_AUDITOR, "report", "notice", "--language=zh", "--format=md", "notice.md");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "It is a draft"));
	assert_non_null(strstr(st->last.out, "organisation.yaml：controller"));
	text = run_shell("cat '%s/notice.md'", st->files);
	assert_non_null(strstr(text, "# 个人信息保护告知书（草稿）"));
	free(text);
	stage_ctl(st, AS_AUDITOR, "--json", "report", "notice");
	assert_true(json_array_size(json_object_get(stage_reply(st), "gaps")) > 10);
	if (stage_has_roles()) {
		stage_ctl(st, AS_SUPPORT, "report", "notice");
		stage_expect(st, 77);
	}
}

static void say_yes_and_no(struct stage *st, const char *first, const char *second)
{
	MUST(st, "consent", "give", first, "--purpose=survey", "--method=checkbox", "--language=en");
	MUST(st, "consent", "give", second, "--purpose=survey", "--method=checkbox", "--language=en");
	MUST(st, "consent", "withdraw", first, "--purpose=survey");
}

static void open_incident(struct stage *st)
{
	char noticed[48] = "--noticed=";

	civil_format_day((int32_t)(time(NULL) / 86400) - 1, noticed + strlen(noticed));
	strcat(noticed, " 10:15");
	stage_ctl_text(st, AS_PRIVACY, "A letter went to another.", "incident", "open", noticed,
		"--kind=disclosure");
	stage_expect(st, 0);
}

/* Five requests: one erased, one restricted late, one taken back, one refused, one overdue. */
static void each_outcome_is_counted_and_all_forms_agree(void **state)
{
	struct stage *st = *state;
	char erased[33], other[33];

	if (!stage_has_roles()) {
		print_message("needs several users\n");
		return;
	}
	stage_add_person(st, WANG, erased);
	stage_add_person(st, WANG, other);
	say_yes_and_no(st, erased, other);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--level=1");
	stage_expect(st, 0);

	open_request(st, "erasure", "gdpr", "1", erased);
	approve(st, "1");
	MUST(st, "request", "execute", "1");
	open_request(st, "restriction", "gdpr", "2", other);
	open_request(st, "access", "pipl", "3", other);
	MUST(st, "request", "revoke", "3");
	open_request(st, "erasure", "gdpr", "4", other);
	MUST(st, "request", "deny", "4", "--reason=legal_claims");
	open_request(st, "access", "gdpr", "5", NULL);
	open_incident(st);
	stage_ctl_text(st, AS_PRIVACY, "a court", "hold", "place", other);
	stage_expect(st, 0);

	go_ahead(st, 4); /* the grace period is over */
	wait_until_nothing_live_is_left(st, "1");
	assert_int_equal(figure(st, "summary", "in_time"), 2);
	assert_int_equal(figure(st, "summary", "overdue"), 0);
	go_ahead(st, 40);
	wait_until_fulfilled(st, "1");
	MUST(st, "request", "execute", "2");
	MUST(st, "request", "done", "2");
	expect_said(report_in_all_forms(st), "charts 5\nreceived 5\nanswered 3\nin_time 2\nlate 1\nopen 1\n"
		"overdue 1\nrefused 1\nextended 0\n");
	assert_int_equal(figure(st, "erasures", "done"), 1);
	assert_int_equal(figure(st, "holds", "active"), 1);
	expect_first(st, "consents", "given", 2); /* one of them by who is erased */
	expect_first(st, "consents", "withdrawn", 1);
	expect_first(st, "drills", "level", 1);
	expect_first(st, "refusals", "count", 1);
	assert_int_equal(figure(st, "incidents", "open"), 1);
	stage_ctl(st, AS_AUDITOR, "report", "compliance");
	assert_non_null(strstr(st->last.out, "somebody was to be told of an incident by now"));
	assert_non_null(strstr(st->last.out, "requests were answered late"));
	assert_non_null(strstr(st->last.out, "legal claims"));
	assert_null(strstr(st->last.out, erased));
	assert_null(strstr(st->last.out, other));
}

/* --- the runbook ------------------------------------------------------------------ */

#define PEOPLE "laws: [gdpr]\npeople:\n" \
	       "  - {part: administrator, name: Jo Ek, contact: '+49 30 901820-11'}\n" \
	       "  - {part: identity, name: Notary Baum, contact: '+49 30 901820-12', text: in the safe}\n"

static void the_runbook_names_the_people_and_says_for_whom_nobody_is_named(void **state)
{
	struct stage *st = *state;

	stage_policy(st, "organisation.yaml", PEOPLE);
	stage_start(st);
	stage_init(st);
	stage_ctl(st, AS_ADMIN, "report", "runbook");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "- administrator: Jo Ek, +49 30 901820-11\n"));
	assert_non_null(strstr(st->last.out, "- holder of the identity: Notary Baum, +49 30 901820-12 (in the safe)\n"));
	assert_non_null(strstr(st->last.out, "- second user: NOBODY IS NAMED"));
	assert_non_null(strstr(st->last.out, st->repo)); /* the target */
	assert_non_null(strstr(st->last.out, "custosd restore --from="));
	/* what only the test of its commands reads */
	assert_null(strstr(st->last.out, "<!--"));
	assert_null(strstr(st->last.out, "$MACHINE"));
	assert_null(strstr(st->last.out, "```sh "));
	stage_ctl(st, AS_ADMIN, "report", "runbook", "runbook.md");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "nobody is named as second user"));
	assert_null(strstr(st->last.out, "nobody is named as administrator"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_store_has_a_report_that_says_so, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(a_notice_is_a_draft_until_the_policies_say_it_all, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(each_outcome_is_counted_and_all_forms_agree, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			the_runbook_names_the_people_and_says_for_whom_nobody_is_named, stage_up_bare, stage_down),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
