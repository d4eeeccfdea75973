/* Purposes, consents and objections: nobody's data is used for what it may not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "stage.h"

#define WANG                                                                                     \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\",\"note\":\"likes tea\"}},"  \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"wang@example.org\","             \
	"\"phone\":\"+86 10 1234567\"}}]"
#define MAIL   "--purpose=marketing_email"
#define POST   "--purpose=marketing_post"
#define SURVEY "--purpose=survey"
#define LOOK   "--purpose=access_request"
#define DENIED 77
#define ABSENT 66

static void give(struct stage *st, const char *id)
{
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=checkbox",
		"--language=zh", "--source=web");
	stage_expect(st, 0);
}

static void expect_error(struct stage *st, int status, const char *text)
{
	stage_expect(st, status);
	if (!strstr(st->last.err, text)) {
		fail_msg("'%s' is not in: %s", text, st->last.err);
	}
}

/* AS_SUPPORT is given more purposes, and neither consent.list nor restriction.read. */
static void put_roles_for(struct stage *st, const char *purposes)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"roles:\n"
		"  - role: admin\n"
		"    operations: [status, init, backup.*, log.*]\n"
		"  - role: privacy\n"
		"    operations: [status, subject.*, import, export, erase.*, approval.*, log.*,\n"
		"      consent.*, restriction.*, report.*]\n"
		"    purposes: '*'\n"
		"  - role: app\n"
		"    operations: [subject.get, subject.search, subject.update, consent.check,\n"
		"      consent.filter]\n"
		"    purposes: [%s]\n"
		"    level: internal\n"
		"operators:\n"
		"  - {uid: %u, roles: [admin]}\n"
		"  - {uid: %u, roles: [privacy]}\n"
		"  - {uid: %u, roles: [privacy]}\n"
		"  - {uid: %u, roles: [app]}\n",
		purposes, stage_uid(AS_ADMIN), stage_uid(AS_PRIVACY), stage_uid(AS_SECOND),
		stage_uid(AS_SUPPORT));
	stage_policy(st, "roles.yaml", text);
}

static int up(void **state)
{
	if (!stage_has_roles()) {
		return stage_up(state);
	}
	if (stage_up_bare(state) != 0) {
		return -1;
	}
	put_roles_for(*state, "customer_service, marketing_email, marketing_post");
	stage_start(*state);
	stage_init(*state);
	return 0;
}

/* --- consent ---------------------------------------------------------------------- */

static void no_read_without_a_live_consent_where_that_is_the_basis(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, MAIL);
	expect_error(st, DENIED, "there is no consent to this purpose");
	assert_int_equal(stage_count_leaves(st, "act=subject.read"), 0);

	stage_ctl(st, AS_PRIVACY, "consent", "request", id, MAIL, "--language=zh");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, MAIL);
	stage_expect(st, DENIED);
	give(st, id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, MAIL);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "王小明"));
	assert_int_equal(stage_count_leaves(st, "act=subject.read"), 1);
	assert_int_equal(stage_count_leaves(st, "why=subject.get"), 2); /* refused */
}

static void withdrawn_consent_denies_the_next_read(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	give(st, id);
	stage_ctl_text(st, AS_PRIVACY, "wang@example.org", "subject", "search", "email", MAIL);
	stage_expect(st, 0);

	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", id, MAIL);
	stage_expect(st, 0);

	stage_ctl(st, AS_PRIVACY, "subject", "get", id, MAIL);
	expect_error(st, DENIED, "was withdrawn");
	stage_ctl_text(st, AS_PRIVACY, "wang@example.org", "subject", "search", "email", MAIL);
	stage_expect(st, ABSENT);
	stage_ctl(st, AS_PRIVACY, "export", "-", MAIL);
	stage_expect(st, 0);
	assert_null(strstr(st->last.out, id));
	stage_ctl_text(st, AS_PRIVACY, "{\"full_name\":\"X\"}", "subject", "update", id,
		"--collection=profile", MAIL);
	stage_expect(st, DENIED);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0); /* on another basis */
}

static void a_withdrawal_stays_after_a_new_start(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	give(st, id);
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", id, MAIL);
	stage_kill(st);
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, MAIL);
	stage_expect(st, DENIED);
	assert_string_equal(st->last.out, "withdrawn\n");
}

static void a_consent_ends_by_itself_when_its_time_is_over(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	give(st, id);
	assert_non_null(strstr(st->last.out, "expires"));
	stage_stop(st);
	st->options[0] = "--clock-ahead-ms=62985600000"; /* 729 days: two years are not over */
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, MAIL);
	stage_expect(st, 0);
	stage_stop(st);
	st->options[0] = "--clock-ahead-ms=63244800000"; /* 732 days */
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, MAIL, "--explain");
	stage_expect(st, DENIED);
	assert_non_null(strstr(st->last.out, "expired on"));
	give(st, id);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, MAIL);
	stage_expect(st, 0);
	st->options[0] = NULL;
}

static void each_channel_is_agreed_to_alone(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, SURVEY, "--channel=phone",
		"--method=spoken", "--language=en");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, SURVEY, "--channel=phone");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, SURVEY, "--channel=letter");
	stage_expect(st, DENIED);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, SURVEY, "--channel=fax");
	expect_error(st, 64, "has no such channel");
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", id, SURVEY);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, SURVEY, "--channel=phone");
	stage_expect(st, DENIED);
}

static void what_cannot_be_a_consent_is_refused_with_the_reason(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, "--purpose=contract", "--method=checkbox");
	expect_error(st, 64, "rests on contract, not on consent");
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=checkbox");
	expect_error(st, 64, "language: the notice in force is there in en, zh: say which");
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=checkbox", "--language=en",
		"--expires=2020-01-01");
	expect_error(st, 64, "this day is over");
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=checkbox", "--language=en",
		"--expires=2099-01-01");
	expect_error(st, 64, "lasts 2y at most");
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=checkbox", "--language=en",
		"--said=2099-01-01");
	expect_error(st, 64, "still to come");
	stage_ctl(st, AS_PRIVACY, "consent", "object", id, "--purpose=contract");
	expect_error(st, 64, "there is no right to object");
	stage_ctl(st, AS_PRIVACY, "consent", "give", "0123456789abcdef0123456789abcdef", MAIL,
		"--method=checkbox", "--language=en");
	stage_expect(st, ABSENT);
	assert_int_equal(stage_count_leaves(st, "act=consent"), 0);
}

/* The shipped purpose, made to cover what people bought. */
static void sensitive_data_needs_a_consent_apart(void **state)
{
	static const char text[] =
		"purposes:\n"
		"  - {purpose: access_request, text: A., use: essential, basis: contract, data: '*'}\n"
		"  - {purpose: customer_service, text: B., use: essential, basis: contract, data: '*'}\n"
		"  - purpose: marketing_email\n"
		"    text: C.\n"
		"    use: marketing\n"
		"    basis: consent\n"
		"    data: [profile, transaction]\n"
		"    notice: {version: a, date: 2026-11-21, texts: [{language: zh, sha256: "
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}]}\n";
	struct stage *st = *state;
	char id[33];

	if (!stage_has_roles()) {
		skip();
	}
	stage_stop(st);
	stage_policy(st, "purposes.yaml", text);
	put_roles_for(st, "customer_service, marketing_email");
	stage_start(st);
	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=checkbox");
	expect_error(st, 64, "has sensitive data (user.financial): it needs 'explicit' or 'separate'");
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=separate");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, MAIL);
	stage_expect(st, 0);
}

static void what_was_written_is_sealed_and_shown_to_who_may_see_it(void **state)
{
	struct stage *st = *state;
	const char *letter = stage_text(st, "letter", "我同意 I agree, said Wang in his letter\n");
	char id[33], request[] = "--request=00112233445566778899aabbccddeeff";

	stage_add_person(st, WANG, id);
	for (int i = 0; i < 2; i++) { /* the second is answered, not repeated */
		stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=written",
			"--language=zh", "--said=2026-01-05", "--evidence", letter, request);
		stage_expect(st, 0);
	}
	remove(letter);
	stage_ctl(st, AS_PRIVACY, "--json", "consent", "list", id, LOOK, "--evidence");
	stage_expect(st, 0);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "events")), 1);
	assert_non_null(strstr(st->last.out, "said Wang in his letter"));
	assert_non_null(strstr(st->last.out, "2026-01-05"));
	stage_ctl(st, AS_PRIVACY, "consent", "list", id, LOOK);
	assert_null(strstr(st->last.out, "said Wang in his letter"));
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, LOOK);
	assert_null(strstr(st->last.out, "said Wang in his letter"));
	assert_int_equal(stage_count_leaves(st, "act=consent.read"), 2);
	assert_int_equal(stage_count_leaves(st, "act=consent.give"), 1);
	stage_stop(st);
	assert_false(stage_grep(st->state, "said Wang"));
	stage_start(st);
}

/* purposes.yaml as it is shipped, with another version of the first notice. */
static void put_second_version(struct stage *st)
{
	char text[16384], *at;
	FILE *f = fopen(SOURCE_DIR "/policies/purposes.yaml", "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 64, f);
	fclose(f);
	text[n] = '\0';
	at = strstr(text, "      version: '1'\n");
	assert_non_null(at);
	memmove(at + 40, at + 19, strlen(at + 19) + 1);
	memcpy(at, "      version: '2'\n      earlier: ['1']\n", 40);
	stage_policy(st, "purposes.yaml", text);
}

static void a_new_notice_lists_whom_to_ask_again(void **state)
{
	struct stage *st = *state;
	char ada[33], wang[33];

	stage_add_person(st, WANG, ada);
	stage_add_person(st, WANG, wang);
	give(st, ada);
	stage_stop(st);
	put_second_version(st);
	stage_start(st);
	give(st, wang);
	stage_ctl(st, AS_PRIVACY, "consent", "give", wang, MAIL, "--method=written", "--notice=0",
		"--language=en");
	expect_error(st, 64, "has no such version");

	stage_ctl(st, AS_PRIVACY, "consent", "stale", MAIL);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, ada));
	assert_null(strstr(st->last.out, wang));
	stage_ctl(st, AS_PRIVACY, "consent", "check", ada, MAIL);
	stage_expect(st, 0); /* it holds until then */
	give(st, ada);
	stage_ctl(st, AS_PRIVACY, "consent", "stale", MAIL);
	assert_string_equal(st->last.out, "");
}

static void expect_answer(struct stage *st, const char *id, const char *purpose, const char *answer)
{
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, purpose);
	assert_string_equal(st->last.out, answer);
}

static void what_was_said_after_a_backup_holds_when_it_is_restored(void **state)
{
	struct stage *st = *state;
	char ada[33], wang[33], li[33];

	stage_add_person(st, WANG, ada);
	stage_add_person(st, WANG, wang);
	stage_add_person(st, WANG, li);
	give(st, ada);
	give(st, wang);
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", wang, MAIL);
	stage_ctl(st, AS_ADMIN, "backup", "run"); /* 1 */
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", ada, MAIL);
	stage_ctl(st, AS_PRIVACY, "consent", "object", ada, POST);
	give(st, wang);
	stage_ctl(st, AS_PRIVACY, "subject", "restrict", li, LOOK);
	stage_ctl(st, AS_ADMIN, "backup", "run"); /* 2: the log is mirrored */
	stage_expect(st, 0);

	stage_serve_first(st);

	expect_answer(st, ada, MAIL, "withdrawn\n");
	expect_answer(st, ada, POST, "objected\n");
	expect_answer(st, wang, MAIL, "yes\n");
	stage_ctl_text(st, AS_PRIVACY, "{\"full_name\":\"X\"}", "subject", "update", li,
		"--collection=profile", LOOK);
	expect_error(st, DENIED, "restricted");
	stage_ctl(st, AS_PRIVACY, "--json", "consent", "list", wang, LOOK);
	stage_expect(st, 0);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "events")), 3); /* each once */
	assert_true(json_integer_value(json_object_get(
			    json_array_get(json_object_get(stage_reply(st), "events"), 2),
			    "expires_ms")) > 0);
}

/* purposes.yaml as it is shipped, with what a survey alone keeps. */
static void put_erasing_survey(struct stage *st)
{
	char text[16384], *at;
	FILE *f = fopen(SOURCE_DIR "/policies/purposes.yaml", "r");
	static const char more[] = "    withdrawal_erases: behaviour\n    data: [behaviour, ";
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 128, f);
	fclose(f);
	text[n] = '\0';
	at = strstr(text, "order, behaviour, need.topic"); /* of analytics */
	assert_non_null(at);
	memmove(at + 7, at + 18, strlen(at + 18) + 1);
	at = strstr(strstr(text, "purpose: survey"), "    data: [");
	assert_non_null(at);
	memmove(at + sizeof(more) - 1, at + 11, strlen(at + 11) + 1);
	memcpy(at, more, sizeof(more) - 1);
	stage_policy(st, "purposes.yaml", text);
}

static void what_a_consent_alone_kept_goes_when_it_is_withdrawn(void **state)
{
	static const char seen[] =
		"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"
		"{\"collection\":\"behaviour\",\"fields\":{\"date\":\"2026-01-05\",\"event\":\"visit\"}}]";
	struct stage *st = *state;
	char id[33], erasure[33];

	stage_stop(st);
	put_erasing_survey(st);
	stage_policy(st, "erasure.yaml", "grace: 72h\n");
	stage_start(st);
	stage_add_person(st, seen, id);
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, SURVEY, "--channel=phone",
		"--method=spoken", "--language=zh");
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, SURVEY, "--channel=email",
		"--method=checkbox", "--language=zh");
	stage_ctl(st, AS_PRIVACY, "--json", "consent", "withdraw", id, SURVEY, "--channel=phone");
	stage_expect(st, 0);
	assert_null(json_object_get(stage_reply(st), "erasure")); /* e-mail is still agreed to */

	stage_ctl(st, AS_PRIVACY, "--json", "consent", "withdraw", id, SURVEY);
	stage_expect(st, 0);
	snprintf(erasure, sizeof(erasure), "%s", stage_reply_text(st, "erasure"));
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, LOOK);
	assert_null(strstr(st->last.out, "visit")); /* denied from now on */
	assert_non_null(strstr(st->last.out, "王小明"));
	stage_ctl(st, AS_PRIVACY, "--json", "consent", "withdraw", id, SURVEY);
	stage_expect(st, 0); /* nothing is left to be erased, and nothing fails */
	stage_ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, LOOK);
	assert_non_null(strstr(st->last.out, "visit"));
}

/* --- the receipt ------------------------------------------------------------------ */

static int verify(struct stage *st, const char *key, const char *file)
{
	const struct run_options o = { .uid = RUN_SAME_UID };

	ran_done(&st->last);
	run(&o, (const char *const[]){ CUSTOS_VERIFY, "receipt", key, file, NULL }, &st->last);
	return st->last.status;
}

static void a_receipt_is_accepted_by_somebody_else_and_not_when_it_is_changed(void **state)
{
	struct stage *st = *state;
	char id[33], key[256], *receipt, *at;

	stage_add_person(st, WANG, id);
	give(st, id);
	stage_ctl(st, AS_ADMIN, "--json", "log", "checkpoint");
	snprintf(key, sizeof(key), "--key=%s", stage_reply_text(st, "key"));
	stage_ctl(st, AS_PRIVACY, "consent", "receipt", id, MAIL);
	stage_expect(st, 0);
	receipt = strdup(st->last.out);
	assert_null(strstr(receipt, "王")); /* an id alone */

	assert_int_equal(verify(st, key, stage_text(st, "receipt", receipt)), 0);
	assert_non_null(strstr(st->last.out, "marketing_email"));
	assert_non_null(strstr(st->last.out, "given"));
	at = strstr(receipt, "\"given\"");
	assert_non_null(at);
	memcpy(at, "\"GIVEN\"", 7);
	assert_int_equal(verify(st, key, stage_text(st, "changed", receipt)), 65);
	free(receipt);

	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", id, MAIL);
	stage_ctl(st, AS_PRIVACY, "consent", "receipt", id, MAIL);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "\"withdrawn\""));
	stage_ctl(st, AS_PRIVACY, "consent", "receipt", id, MAIL, "--event=1");
	assert_non_null(strstr(st->last.out, "\"given\""));
	stage_ctl(st, AS_PRIVACY, "consent", "receipt", id, SURVEY);
	expect_error(st, ABSENT, "nothing is known");
}

/* --- many ------------------------------------------------------------------------- */

static void a_filter_answers_as_single_questions_do(void **state)
{
	struct stage *st = *state;
	char ids[4][33], text[256] = "\n", wanted[128] = "";
	const char *at;

	for (int i = 0; i < 3; i++) {
		stage_add_person(st, WANG, ids[i]);
	}
	strcpy(ids[3], "0123456789abcdef0123456789abcdef"); /* nobody */
	give(st, ids[0]);
	give(st, ids[1]);
	give(st, ids[2]);
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", ids[1], MAIL);
	for (int i = 0; i < 4; i++) {
		strcat(strcat(text, ids[i]), i % 2 ? "\r\n" : "\n");
		stage_ctl(st, AS_PRIVACY, "consent", "check", ids[i], MAIL);
		if (st->last.status == 0) {
			strcat(strcat(wanted, ids[i]), "\n");
		}
	}
	stage_ctl_text(st, AS_PRIVACY, text, "consent", "filter", MAIL);
	stage_expect(st, 0);
	assert_string_equal(st->last.out, wanted);
	assert_int_equal(strlen(wanted), 66);
	assert_int_equal(stage_count_leaves(st, "act=consent.check"), 5);

	stage_ctl(st, AS_PRIVACY, "log", "query", "--subject", ids[1]);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "consent.check")); /* who asked about whom */
	at = strstr(strstr(st->last.out, "consent.check") + 1, "consent.check");
	assert_non_null(at); /* alone, and with others */
	assert_null(strstr(at + 1, "consent.check"));
	stage_ctl_text(st, AS_PRIVACY, "none\n", "consent", "filter", MAIL);
	expect_error(st, 64, "number 1 is not an id");
	stage_ctl_text(st, AS_PRIVACY, "", "consent", "filter", MAIL);
	stage_expect(st, ABSENT);
}

/* --- objection and restriction ---------------------------------------------------- */

static void an_objection_ends_what_rests_on_interests(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, POST);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "object", id, POST);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, POST);
	expect_error(st, DENIED, "has objected");
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=analytics");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "unobject", id, POST, "--because=grounds");
	expect_error(st, 64, "nothing outweighs");
	stage_ctl(st, AS_PRIVACY, "consent", "object", id, "--purpose=analytics");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "unobject", id, "--purpose=analytics", "--because=grounds");
	expect_error(st, 64, "which compelling grounds");
	stage_ctl(st, AS_PRIVACY, "consent", "unobject", id, "--purpose=analytics", "--because=grounds",
		"--evidence", stage_text(st, "grounds", "Fraud of 2026.\nWeighed by the board.\n"));
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "list", id, LOOK, "--evidence"); /* a line is a line */
	assert_non_null(strstr(st->last.out, "Fraud of 2026.\n"));
	assert_non_null(strstr(st->last.out, "Weighed by the board.\n"));
	stage_ctl(st, AS_PRIVACY, "consent", "unobject", id, POST, "--because=person");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, POST);
	stage_expect(st, 0);
}

static void restricted_data_is_stored_and_nothing_else(void **state)
{
	struct stage *st = *state;
	char id[33];

	if (!stage_has_roles()) {
		skip();
	}
	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "subject", "restrict", id, LOOK, "--reason",
		stage_text(st, "why", "the address is disputed\n"));
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "restrict", id, LOOK);
	expect_error(st, 73, "restricted already");

	stage_ctl(st, AS_SUPPORT, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, ABSENT);
	stage_ctl(st, AS_SUPPORT, "consent", "check", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, DENIED);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, LOOK); /* restriction.read */
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, "--purpose=analytics", "--explain");
	stage_expect(st, DENIED); /* to look is not to use */
	stage_ctl_text(st, AS_PRIVACY, "{\"full_name\":\"X\"}", "subject", "update", id,
		"--collection=profile", LOOK);
	stage_expect(st, DENIED);
	stage_ctl(st, AS_PRIVACY, "subject", "unrestrict", id, LOOK);
	stage_expect(st, 0);
	stage_ctl(st, AS_SUPPORT, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
}

/* --- what is shown ---------------------------------------------------------------- */

static void a_purpose_shows_only_the_fields_that_it_covers(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	give(st, id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, MAIL);
	assert_non_null(strstr(st->last.out, "wang@example.org"));
	assert_null(strstr(st->last.out, "1234567"));
	assert_null(strstr(st->last.out, "tea"));
	stage_ctl(st, AS_PRIVACY, "export", "-", MAIL);
	assert_non_null(strstr(st->last.out, "wang@example.org"));
	assert_null(strstr(st->last.out, "1234567"));
	stage_ctl_text(st, AS_PRIVACY, "+86101234567", "subject", "search", "phone", MAIL);
	expect_error(st, 64, "the purpose covers nothing that people are looked up by so");
	stage_ctl_text(st, AS_PRIVACY, "{\"note\":\"x\"}", "subject", "update", id,
		"--collection=profile", MAIL);
	expect_error(st, 64, "profile.note: the purpose 'marketing_email' does not cover it");
	stage_ctl(st, AS_PRIVACY, "import", stage_text(st, "a.csv", "no,tel\n1,+49 30 1\n"), MAIL,
		"--map",
		stage_text(st, "a.yaml",
			"source: s\nsubject: {kind: person, key: no}\nrecords:\n"
			"  - collection: contact_point\n    fields: {phone: tel}\n"));
	expect_error(st, 64, "contact_point.phone: the purpose 'marketing_email' does not cover it");
}

static void above_its_level_a_role_sees_masks(void **state)
{
	struct stage *st = *state;
	char id[33];

	if (!stage_has_roles()) {
		skip();
	}
	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_SUPPORT, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "王**"));
	assert_null(strstr(st->last.out, "小明"));
	assert_non_null(strstr(st->last.out, "w***@example.org"));
	assert_non_null(strstr(st->last.out, "***67"));
	assert_null(strstr(st->last.out, "tea"));
}

static void expect_same(struct stage *st, const char *id, const char *const args[], char first[512])
{
	const char *all[8] = { args[0], args[1], id };

	for (int i = 2; args[i]; i++) {
		all[i + 1] = args[i];
	}
	stage_ctl_input(st, AS_SUPPORT, "{\"full_name\":\"X\"}", 17, all);
	if (first[0]) {
		assert_string_equal(st->last.err, first);
	}
	snprintf(first, 512, "%s", st->last.err);
	assert_true(first[0] != '\0');
}

static void refusal_says_nothing_about_existence(void **state)
{
	static const char *const get[] = { "subject", "get", MAIL, NULL };
	static const char *const update[] = { "subject", "update", MAIL, "--collection=profile", NULL };
	struct stage *st = *state;
	char never[33], withdrawn[33], frozen[33], erasing[33];
	const char *nobody = "0123456789abcdef0123456789abcdef";
	char of_get[512] = "", of_update[512] = "";

	if (!stage_has_roles()) {
		skip();
	}
	stage_add_person(st, WANG, never);
	stage_add_person(st, WANG, withdrawn);
	stage_add_person(st, WANG, frozen);
	stage_add_person(st, WANG, erasing);
	give(st, withdrawn);
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", withdrawn, MAIL);
	give(st, frozen);
	stage_ctl(st, AS_PRIVACY, "subject", "restrict", frozen, LOOK);
	give(st, erasing);
	stage_ctl(st, AS_PRIVACY, "erase", erasing, "--purpose=erasure_request");
	stage_expect(st, 0);

	for (int i = 0; i < 5; i++) {
		const char *id = (const char *[]){ nobody, never, withdrawn, frozen, erasing }[i];

		expect_same(st, id, get, of_get);
		if (i != 1) { /* who was never asked may be written of */
			expect_same(st, id, update, of_update);
		}
		stage_ctl(st, AS_SUPPORT, "consent", "check", id, MAIL, "--explain");
		stage_expect(st, DENIED);
		assert_null(strstr(st->last.out, "withdrawn"));
		assert_null(strstr(st->last.out, "restricted"));
		assert_null(strstr(st->last.out, "erased"));
	}
	stage_ctl(st, AS_PRIVACY, "subject", "get", withdrawn, MAIL);
	expect_error(st, DENIED, "was withdrawn"); /* who may know is told */
}

/* --- the record of processing activities ------------------------------------------ */

static const json_t *activity(const json_t *record, const char *purpose)
{
	const json_t *all = json_object_get(record, "activities");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);

		if (strcmp(json_string_value(json_object_get(one, "purpose")), purpose) == 0) {
			return one;
		}
	}
	fail_msg("no activity %s", purpose);
	return NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void the_record_of_processing_follows_from_the_policies(void **state)
{
	struct stage *st = *state;
	const json_t *mail;

	if (!stage_has_roles()) {
		skip();
	}
	stage_stop(st);
	stage_policy(st, "organisation.yaml", "country: none\n");
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "report", "ropa");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "organisation.yaml: controller (Art. 30(1)(a))"));
	assert_non_null(strstr(st->last.out, "retention.yaml: until when profile is kept"));

	stage_stop(st);
	stage_policy(st, "organisation.yaml", "controller: {name: 'Example GmbH', address: Berlin}\n");
	stage_policy(st, "retention.yaml",
		"rules:\n  - {collection: contact_point, keep: 3y, reason: nobody calls later}\n");
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "--json", "report", "ropa");
	stage_expect(st, 0);

	assert_non_null(strstr(st->last.out, "Example GmbH"));
	assert_null(strstr(st->last.out, "organisation.yaml: controller"));
	mail = activity(stage_reply(st), "marketing_email");
	assert_string_equal(text_of(mail, "article"), "6(1)(a)");
	assert_string_equal(text_of(mail, "objection"), "absolute");
	assert_string_equal(text_of(json_array_get(json_object_get(mail, "recipients"), 0),
				    "recipient"), "mailing");
	assert_int_equal(json_array_size(json_object_get(mail, "limits")), 2);
	assert_string_equal(text_of(json_array_get(json_object_get(mail, "limits"), 1), "keep"), "3y");
	assert_non_null(strstr(st->last.out, "user.contact.email"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, up, stage_down)
	const struct CMUnitTest tests[] = {
		T(no_read_without_a_live_consent_where_that_is_the_basis),
		T(withdrawn_consent_denies_the_next_read),
		T(a_withdrawal_stays_after_a_new_start),
		T(a_consent_ends_by_itself_when_its_time_is_over),
		T(each_channel_is_agreed_to_alone),
		T(what_cannot_be_a_consent_is_refused_with_the_reason),
		T(sensitive_data_needs_a_consent_apart),
		T(what_was_written_is_sealed_and_shown_to_who_may_see_it),
		T(a_new_notice_lists_whom_to_ask_again),
		T(what_was_said_after_a_backup_holds_when_it_is_restored),
		T(what_a_consent_alone_kept_goes_when_it_is_withdrawn),
		T(a_receipt_is_accepted_by_somebody_else_and_not_when_it_is_changed),
		T(a_filter_answers_as_single_questions_do),
		T(an_objection_ends_what_rests_on_interests),
		T(restricted_data_is_stored_and_nothing_else),
		T(a_purpose_shows_only_the_fields_that_it_covers),
		T(above_its_level_a_role_sees_masks),
		T(refusal_says_nothing_about_existence),
		T(the_record_of_processing_follows_from_the_policies),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_consent", tests, NULL, NULL);
}
