/* What somebody asks for about their data: the letter, the person, the proof, the refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "stage.h"

#define WANG                                                                            \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"              \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"wang@example.org\"}}]"
#define LETTER "Please forget me.\nYours, 王小明 of needle-street"

/* The local day that was so many days ago; the stage's zone is UTC. */
static const char *day_before(int days)
{
	static char text[4][CIVIL_DAY_SIZE];
	static unsigned turn;
	time_t now = time(NULL);

	turn = (turn + 1) % 4;
	civil_format_day((int32_t)(now / 86400) - days, text[turn]);
	return text[turn];
}

static const json_t *request_of(struct stage *st)
{
	return json_object_get(stage_reply(st), "request");
}

static const char *text_of(struct stage *st, const char *name)
{
	return json_string_value(json_object_get(request_of(st), name));
}

/* Opens one that was received so many days ago; its number. */
static const char *open_one(struct stage *st, const char *type, int days)
{
	static char number[8][12];
	static unsigned turn;
	char received[32];

	snprintf(received, sizeof(received), "--received=%s", day_before(days));
	stage_ctl_text(st, AS_PRIVACY, LETTER, "--json", "request", "open", type, received,
		"--channel=letter");
	stage_expect(st, 0);
	turn = (turn + 1) % 8;
	snprintf(number[turn], sizeof(number[0]), "%d",
		(int)json_integer_value(json_object_get(request_of(st), "number")));
	return number[turn];
}

static void verify(struct stage *st, const char *number, const char *subject)
{
	stage_ctl(st, AS_PRIVACY, "request", "identify", number, subject);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "verify", number, "--method=document");
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "scoping");
}

static const char *state_of(struct stage *st, const char *number)
{
	stage_ctl(st, AS_PRIVACY, "--json", "request", "show", number);
	stage_expect(st, 0);
	return text_of(st, "state");
}

/* --- received --------------------------------------------------------------------------- */

static void a_letter_received_nine_days_ago_is_due_a_month_after_it_came(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "erasure", 9);
	int left;

	assert_string_equal(number, "1");
	assert_string_equal(text_of(st, "state"), "received");
	assert_string_equal(text_of(st, "received"), day_before(9));
	left = (int)json_integer_value(json_object_get(request_of(st), "days_left"));
	assert_true(left >= 28 - 9 && left <= 31 - 9 + 2); /* a week end */

	open_one(st, "access", 0);
	stage_ctl(st, AS_PRIVACY, "request", "list"); /* the more urgent first */
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "erasure"));
	assert_true(strstr(st->last.out, "erasure") < strstr(st->last.out, "access"));

	stage_ctl(st, AS_PRIVACY, "request", "list", "--due");
	assert_non_null(strstr(st->last.out, "There are no requests."));
	open_one(st, "portability", 27);
	stage_ctl(st, AS_PRIVACY, "request", "list", "--due");
	assert_non_null(strstr(st->last.out, "portability"));
	assert_null(strstr(st->last.out, "erasure"));

	stage_ctl_text(st, AS_PRIVACY, LETTER, "request", "open", "access", "--received=2999-01-01",
		"--channel=letter");
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "in the future"));
	stage_ctl_text(st, AS_PRIVACY, LETTER, "request", "open", "access", "--received=2001-01-01",
		"--channel=letter");
	assert_non_null(strstr(st->last.err, "is the year right?"));
	stage_ctl_text(st, AS_PRIVACY, LETTER, "request", "open", "access", "--received=2026-01-01",
		"--channel=letter", "--law=mars");
	assert_non_null(strstr(st->last.err, "law/*.yaml"));
	stage_ctl_text(st, AS_PRIVACY, " \n", "request", "open", "access", "--received=2026-01-01",
		"--channel=letter");
	assert_int_not_equal(st->last.status, 0);
	assert_non_null(strstr(st->last.err, "letter: is empty"));
}

static void what_was_written_is_sealed_and_reading_it_is_in_the_log(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "erasure", 0);

	assert_int_equal(stage_count_leaves(st, "act=request.open"), 1);
	stage_ctl(st, AS_PRIVACY, "request", "show", number);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "needle-street"));
	assert_non_null(strstr(st->last.out, "Please forget me.\n"));
	assert_int_equal(stage_count_leaves(st, "act=request.read"), 1);
	stage_ctl_text(st, AS_PRIVACY, "Her son called; he has a power of attorney.", "request", "note",
		number);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "show", number);
	assert_non_null(strstr(st->last.out, "power of attorney"));
	stage_ctl_text(st, AS_PRIVACY, " \n", "request", "note", number);
	stage_expect(st, 64);
	stage_stop(st);
	assert_false(stage_grep(st->state, "attorney"));
	assert_false(stage_grep(st->state, "needle-street"));
	assert_false(stage_grep(st->state, "王小明"));
	stage_start(st);
	assert_string_equal(state_of(st, number), "received");
}

static void nobody_but_privacy_staff_sees_or_touches_one(void **state)
{
	static const enum who others[] = { AS_ADMIN, AS_SUPPORT, AS_AUDITOR, AS_STRANGER, AS_SELF };
	struct stage *st = *state;
	const char *number = open_one(st, "access", 0);

	if (!stage_has_roles()) {
		print_message("needs several users\n");
		return;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		stage_ctl(st, others[i], "request", "show", number);
		stage_expect(st, 77);
		stage_ctl(st, others[i], "request", "list");
		stage_expect(st, 77);
		stage_ctl(st, others[i], "request", "revoke", number);
		stage_expect(st, 77);
	}
}

/* --- who is it? ------------------------------------------------------------------------- */

static void a_code_is_shown_once_and_good_for_few_attempts(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "access", 0);
	char id[33], code[32];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "request", "ask", number, "--method=code");
	stage_expect(st, 75); /* to whom? */
	stage_ctl(st, AS_PRIVACY, "request", "identify", number, id);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "ask", number, "--method=code");
	stage_expect(st, 0);
	snprintf(code, sizeof(code), "%s", stage_reply_text(st, "code"));
	assert_int_equal(strlen(code), 11);
	assert_true(json_is_true(json_object_get(request_of(st), "is_paused")));
	assert_false(stage_grep(st->state, code));

	for (int i = 0; i < 4; i++) {
		stage_ctl_text(st, AS_PRIVACY, "00000-00000", "request", "verify", number,
			"--method=code");
		stage_expect(st, 77);
	}
	assert_non_null(strstr(st->last.err, "attempts left: 1"));
	stage_stop(st); /* they are not forgotten */
	stage_start(st);
	stage_ctl_text(st, AS_PRIVACY, "00000-00000", "request", "verify", number, "--method=code");
	assert_non_null(strstr(st->last.err, "the last attempt"));
	stage_ctl_text(st, AS_PRIVACY, code, "request", "verify", number, "--method=code");
	stage_expect(st, 77);

	stage_ctl(st, AS_PRIVACY, "--json", "request", "ask", number, "--method=code");
	snprintf(code, sizeof(code), "%s\n", stage_reply_text(st, "code"));
	code[5] = ' '; /* as people write it */
	stage_ctl_text(st, AS_PRIVACY, code, "--json", "request", "verify", number, "--method=code");
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "scoping");
	assert_string_equal(text_of(st, "method"), "code");
	assert_false(json_is_true(json_object_get(request_of(st), "is_paused")));
	assert_int_equal(stage_count_leaves(st, "why=verify.wrong"), 5);
}

static void of_a_document_nothing_remains_but_that_it_was_seen(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "erasure", 0);
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "request", "verify", number, "--method=document");
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "'request identify'"));
	verify(st, number, id);
	assert_int_equal(stage_count_leaves(st, "why=verify.document"), 1);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "show", number);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "papers")), 1); /* the letter */
}

static void a_request_of_somebody_else_is_verified_anew(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "erasure", 0);
	char wrong[33], right[33];

	stage_add_person(st, WANG, wrong);
	stage_add_person(st, WANG, right);
	verify(st, number, wrong);
	stage_ctl(st, AS_PRIVACY, "request", "exempt", number, "--collection=profile",
		"--citation=HGB");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "identify", number, right);
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "identity_pending");
	assert_string_equal(text_of(st, "subject"), right);
	assert_null(text_of(st, "method"));
	assert_int_equal(json_array_size(json_object_get(request_of(st), "kept")), 0);
	stage_ctl(st, AS_PRIVACY, "request", "approve", number);
	stage_expect(st, 75);
}

/* --- other ends ------------------------------------------------------------------------- */

static void a_request_is_refused_only_for_what_the_law_knows(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "erasure", 0);

	stage_ctl(st, AS_PRIVACY, "request", "deny", number, "--reason=no-time");
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "legal_claims"));
	assert_null(strstr(st->last.err, "compelling_grounds")); /* of objections */
	stage_ctl(st, AS_PRIVACY, "request", "deny", number, "--reason=compelling_grounds");
	stage_expect(st, 64);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "deny", number, "--reason=legal_claims");
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "denied");
	assert_string_equal(text_of(st, "reason"), "legal_claims");
	stage_ctl(st, AS_PRIVACY, "request", "revoke", number);
	stage_expect(st, 75); /* it is closed */
	stage_ctl(st, AS_PRIVACY, "request", "list");
	assert_non_null(strstr(st->last.out, "There are no requests."));
	stage_ctl(st, AS_PRIVACY, "request", "list", "--all");
	assert_non_null(strstr(st->last.out, "denied"));
}

static void a_duplicate_is_judged_after_both_are_verified(void **state)
{
	struct stage *st = *state;
	const char *first = open_one(st, "access", 3), *second = open_one(st, "access", 0), *other;
	char id[33], of[16];

	stage_add_person(st, WANG, id);
	snprintf(of, sizeof(of), "--of=%s", first);
	stage_ctl(st, AS_PRIVACY, "request", "identify", second, id);
	stage_ctl(st, AS_PRIVACY, "request", "duplicate", second, of);
	stage_expect(st, 75); /* it may be somebody else's letter */
	verify(st, second, id);
	stage_ctl(st, AS_PRIVACY, "request", "duplicate", second, of);
	stage_expect(st, 75); /* the first one may be */
	verify(st, first, id);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "duplicate", second, of);
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "duplicate");

	other = open_one(st, "erasure", 0); /* something else */
	verify(st, other, id);
	stage_ctl(st, AS_PRIVACY, "request", "duplicate", other, of);
	stage_expect(st, 75);
	stage_ctl(st, AS_PRIVACY, "request", "revoke", first);
	second = open_one(st, "access", 0); /* asked again, after it was closed */
	verify(st, second, id);
	stage_ctl(st, AS_PRIVACY, "request", "duplicate", second, of);
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "stands for itself"));
}

static void one_lapses_only_when_somebody_was_asked_and_had_time(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "access", 0);

	stage_ctl(st, AS_PRIVACY, "request", "lapse", number);
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "request ask"));
	stage_ctl(st, AS_PRIVACY, "request", "ask", number, "--method=document");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "lapse", number);
	stage_expect(st, 75);
	stage_stop(st);
	st->options[0] = "--clock-ahead-ms=2678400000"; /* 31 days */
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "lapse", number);
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "lapsed");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, stage_up, stage_down)

/* --- by somebody else ------------------------------------------------------------------- */

static void who_asks_for_somebody_shows_that_they_may_before_anything_is_verified(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "access", 1);
	char id[33];

	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"Ada Byron\"}}]", id);
	stage_ctl_text(st, AS_PRIVACY, "Mr. Woronzow Greig\n1 Inner Temple\nLondon\n", "request",
		"represent", number, "lawyer");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "lawyer"));
	stage_ctl(st, AS_PRIVACY, "request", "identify", number, id);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "next", number);
	assert_non_null(strstr(st->last.out, "request authorise"));
	stage_ctl(st, AS_PRIVACY, "request", "verify", number, "--method=document");
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "has not shown that they may"));
	stage_ctl(st, AS_PRIVACY, "request", "authorise", number, "--by=written");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "verify", number, "--method=document");
	stage_expect(st, 0);

	/* letters go to who asked, and say for whom */
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "acknowledge", "--draft");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "Dear Mr. Woronzow Greig,"));
	assert_non_null(strstr(st->last.out, "1 Inner Temple"));
	assert_non_null(strstr(st->last.out, "on behalf of Ada Byron"));
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "acknowledge", "--draft",
		"--language=zh");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "您代表Ada Byron提出了请求"));
	stage_ctl(st, AS_PRIVACY, "request", "unrepresent", number);
	stage_expect(st, 75); /* it was verified as what it is */
	assert_non_null(strstr(st->last.err, "'request identify' begins anew"));
	assert_false(stage_grep(st->state, "Woronzow"));
	assert_int_equal(stage_count_leaves(st, "why=represent.lawyer"), 1);
	assert_int_equal(stage_count_leaves(st, "why=authority.written"), 1);
}

static void relatives_of_the_dead_ask_only_where_the_law_lets_them(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "access", 0);

	stage_ctl_text(st, AS_PRIVACY, "Anne Blunt\n", "request", "represent", number, "relative");
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "law/gdpr.yaml: next_of_kin"));
	stage_ctl_text(st, AS_PRIVACY, LETTER, "--json", "request", "open", "access", "--law=pipl",
		"--received=2026-11-20", "--channel=letter");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, "王建国\n", "request", "represent", "2", "relative");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "unrepresent", "2");
	stage_expect(st, 0);
	assert_null(strstr(st->last.out, "relative"));
	stage_ctl(st, AS_PRIVACY, "request", "authorise", "2", "--by=register");
	stage_expect(st, 75);
	stage_ctl_text(st, AS_PRIVACY, "\n", "request", "represent", "2", "guardian");
	stage_expect(st, 64);
	stage_ctl_text(st, AS_PRIVACY, " \r\n1 Inner Temple\n", "request", "represent", "2", "guardian");
	stage_expect(st, 64); /* an address of nobody */
	stage_ctl(st, AS_PRIVACY, "request", "revoke", "2");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "unrepresent", "2");
	stage_expect(st, 75);
	assert_null(strstr(st->last.err, "begins anew")); /* it is over */
}

/* --- whose work it is ------------------------------------------------------------------- */

static void one_is_somebodys_work_until_it_is_anothers(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "access", 1), *other = open_one(st, "access", 2);
	char second[32];

	if (!stage_has_roles()) {
		skip();
	}
	stage_ctl(st, AS_PRIVACY, "request", "list");
	assert_non_null(strstr(st->last.out, "nobody's"));
	stage_ctl(st, AS_PRIVACY, "request", "assign", number, "--to=me");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "yours, uid"));
	stage_ctl(st, AS_PRIVACY, "--json", "request", "list", "--mine");
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "requests")), 1);
	stage_ctl(st, AS_SECOND, "request", "list", "--mine");
	assert_non_null(strstr(st->last.out, "There are no requests."));

	/* given to somebody else, and that outlives a start */
	snprintf(second, sizeof(second), "--to=%u", (unsigned)stage_uid(AS_SECOND));
	stage_ctl(st, AS_PRIVACY, "request", "assign", number, second);
	stage_expect(st, 0);
	stage_stop(st);
	stage_start(st);
	stage_ctl(st, AS_SECOND, "request", "list", "--mine");
	assert_non_null(strstr(st->last.out, "yours, uid"));
	stage_ctl(st, AS_SECOND, "request", "assign", number, "--to=nobody");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "nobody's"));

	snprintf(second, sizeof(second), "--to=%u", (unsigned)stage_uid(AS_SUPPORT));
	stage_ctl(st, AS_PRIVACY, "request", "assign", other, second);
	stage_expect(st, 77);
	stage_ctl(st, AS_PRIVACY, "request", "assign", other, "--to=Ada");
	stage_expect(st, 64);
	assert_null(strstr(st->last.err, "Ada"));
	assert_int_equal(stage_count_leaves(st, "act=request.assign"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_letter_received_nine_days_ago_is_due_a_month_after_it_came),
		STORY(what_was_written_is_sealed_and_reading_it_is_in_the_log),
		STORY(nobody_but_privacy_staff_sees_or_touches_one),
		STORY(a_code_is_shown_once_and_good_for_few_attempts),
		STORY(of_a_document_nothing_remains_but_that_it_was_seen),
		STORY(a_request_of_somebody_else_is_verified_anew),
		STORY(a_request_is_refused_only_for_what_the_law_knows),
		STORY(a_duplicate_is_judged_after_both_are_verified),
		STORY(one_lapses_only_when_somebody_was_asked_and_had_time),
		STORY(who_asks_for_somebody_shows_that_they_may_before_anything_is_verified),
		STORY(relatives_of_the_dead_ask_only_where_the_law_lets_them),
		STORY(one_is_somebodys_work_until_it_is_anothers),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
