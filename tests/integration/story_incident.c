/* An incident: whom it is about, who is told by when, and what stays in the register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "stage.h"

#define HOUR_MS 3600000LL
#define FACTS   "A list of customers, canary-incident-5c, lay in a train. 名单遗失。\n"

static long long ahead_ms;

static void go_ahead(struct stage *st, long long ms)
{
	static char option[64];

	stage_stop(st);
	ahead_ms = ms;
	snprintf(option, sizeof(option), "--clock-ahead-ms=%lld", ms);
	st->options[0] = option;
	stage_start(st);
}

/* "--at=2026-11-21 10:15": the minute in which we are, as custosd sees it; of UTC, as organisation.yaml. */
static const char *now_as(const char *option, char to[64])
{
	time_t now = time(NULL) + (time_t)(ahead_ms / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	snprintf(to, 64, "%s", option);
	strftime(to + strlen(to), 64 - strlen(to), "%Y-%m-%d %H:%M", &tm);
	return to;
}

static void expect_text(const char *text, const char *with)
{
	if (!strstr(text, with)) {
		fail_msg("there is no \"%s\" in: %s", with, text);
	}
}

static void use_laws(struct stage *st, const char *laws)
{
	char text[128];

	stage_stop(st);
	snprintf(text, sizeof(text), "laws: %s\ncountry: none\ntime_zone: UTC\nlanguage: en\n", laws);
	stage_policy(st, "organisation.yaml", text);
	stage_start(st);
	ahead_ms = 0;
}

static void add(struct stage *st, const char *name, char id[33])
{
	char records[128];

	snprintf(records, sizeof(records),
		"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"%s\"}}]", name);
	stage_add_person(st, records, id);
}

static void export_all(struct stage *st, const char *name)
{
	stage_ctl(st, AS_SECOND, "export", stage_path(st, name), "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
}

static void read_one(struct stage *st, enum who who, const char *id)
{
	stage_ctl(st, who, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
}

/* Exactly these people, by one user or all, and as many entries of the log. */
static void expect_scope(struct stage *st, const char *who, const char *const ids[], size_t n,
	int entries)
{
	static int nth;
	const json_t *r;
	char name[16], *text;

	snprintf(name, sizeof(name), "ids%d", ++nth);
	stage_ctl(st, AS_PRIVACY, "--json", "incident", "scope", "1", stage_path(st, name),
		"--purpose=incident", who);
	stage_expect(st, 0);
	text = run_shell("cat '%s'", stage_path(st, name));
	assert_int_equal(strlen(text), n * 33); /* one id a line */
	for (size_t i = 0; i < n; i++) {
		expect_text(text, ids[i]);
	}
	free(text);
	r = json_object_get(stage_reply(st), "result");
	assert_int_equal(json_integer_value(json_object_get(r, "affected")), n);
	assert_int_equal(json_integer_value(json_object_get(r, "entries")), entries);
	assert_int_equal(json_integer_value(json_object_get(r, "unknown")), 0);
}

static void note(struct stage *st, const char *about, const char *option, const char *text)
{
	stage_ctl_text(st, AS_PRIVACY, text, "incident", "note", "1", about, option);
	stage_expect(st, 0);
}

static void expect_not_closed(struct stage *st, const char *because)
{
	stage_ctl(st, AS_PRIVACY, "incident", "close", "1");
	stage_expect(st, 75);
	expect_text(st->last.err, because);
}

static void what_is_wrong_is_refused(struct stage *st)
{
	char noticed[64];

	stage_ctl_text(st, AS_PRIVACY, FACTS, "incident", "open", "--noticed=yesterday",
		"--kind=disclosure");
	stage_expect(st, 64);
	expect_text(st->last.err, "2026-01-30 10:15");
	stage_ctl_text(st, AS_PRIVACY, FACTS, "incident", "open", "--noticed=2099-01-01 10:15",
		"--kind=disclosure");
	stage_expect(st, 64);
	stage_ctl_text(st, AS_PRIVACY, " \n", "incident", "open", now_as("--noticed=", noticed),
		"--kind=disclosure");
	stage_expect(st, 64);
	stage_ctl(st, AS_PRIVACY, "incident", "show", "1");
	stage_expect(st, 66);
	stage_ctl(st, AS_PRIVACY, "incident", "list");
	expect_text(st->last.out, "There are no open incidents.");
	stage_ctl(st, AS_PRIVACY, "incident", "register");
	expect_text(st->last.out, "there were no incidents");
	stage_ctl(st, AS_ADMIN, "incident", "list");
	stage_expect(st, 77);
	stage_ctl(st, AS_SUPPORT, "incident", "register");
	stage_expect(st, 77);
}

/* "--operator=<id>", of whoever exported: as the log calls them. */
static void operator_of_exports(struct stage *st, char to[64])
{
	static const char act[] = "act=subject.export by=";
	char *log = stage_log(st), *at = strstr(log, act);

	assert_non_null(at);
	snprintf(to, 64, "--operator=%.32s", at + strlen(act));
	free(log);
}

static void whom_it_is_about(struct stage *st, char ids[4][33])
{
	const char *const of_exports[] = { ids[0], ids[1], ids[2] }, *const of_reads[] = { ids[3] };
	const char *const all[] = { ids[0], ids[1], ids[2], ids[3] };
	char second[40], support[40], privacy[40], operator[64], subject[48];

	snprintf(second, sizeof(second), "--actor=%u", (unsigned)stage_uid(AS_SECOND));
	snprintf(support, sizeof(support), "--actor=%u", (unsigned)stage_uid(AS_SUPPORT));
	snprintf(privacy, sizeof(privacy), "--actor=%u", (unsigned)stage_uid(AS_PRIVACY));
	snprintf(subject, sizeof(subject), "--subject=%s", ids[0]);
	expect_scope(st, second, of_exports, 3, 2);
	expect_scope(st, support, of_reads, 1, 2);
	operator_of_exports(st, operator);
	expect_scope(st, operator, of_exports, 3, 2);
	stage_ctl(st, AS_PRIVACY, "incident", "scope", "1", "--purpose=incident", second, operator);
	stage_expect(st, 64);
	expect_scope(st, "--used-for=" STAGE_PURPOSE, all, 4, 4);
	expect_scope(st, "--used-for=contract", NULL, 0, 0);
	expect_scope(st, "--actor=4711", NULL, 0, 0);
	expect_scope(st, "--to=2020-01-01", NULL, 0, 0);
	expect_scope(st, "--collection=profile", all, 4, 4);
	/* that ids came out is in the log: of that person, too */
	stage_ctl(st, AS_PRIVACY, "log", "query", "--subject", ids[1]);
	expect_text(st->last.out, "incident.scope");
	stage_ctl(st, AS_SUPPORT, "incident", "scope", "1", "--purpose=incident");
	stage_expect(st, 77);
	/* whoever reads a request's papers has seen data of its person */
	expect_scope(st, privacy, NULL, 0, 0);
	stage_ctl_text(st, AS_PRIVACY, "Send me my data.\n", "request", "open", "access",
		"--received=2026-11-20", "--channel=letter", subject);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "show", "1");
	stage_expect(st, 0);
	expect_scope(st, privacy, all, 1, 1);
	expect_scope(st, second, of_exports, 3, 2);
}

static void the_authority_is_told_late(struct stage *st)
{
	const char *reasons = stage_text(st, "reasons", "Nobody was in the office. canary-incident-5c\n");
	char at[64], option[256];

	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "! LATE by 1 hours");
	stage_ctl(st, AS_PRIVACY, "incident", "tell", "1", "authority", "--at=2020-01-01 10:00");
	stage_expect(st, 64);
	stage_ctl(st, AS_PRIVACY, "incident", "tell", "1", "authority", now_as("--at=", at));
	stage_expect(st, 64);
	expect_text(st->last.err, "--reasons=FILE");
	expect_not_closed(st, "the authority must be told by law gdpr");
	snprintf(option, sizeof(option), "--reasons=%s", reasons);
	stage_ctl(st, AS_PRIVACY, "incident", "tell", "1", "authority", now_as("--at=", at), option);
	stage_expect(st, 0);
	expect_text(st->last.out, "LATE");
	stage_ctl(st, AS_PRIVACY, "incident", "tell", "1", "authority", now_as("--at=", at),
		"--law=pipl");
	stage_expect(st, 64);
}

static void it_is_closed_when_nothing_is_missing(struct stage *st)
{
	expect_not_closed(st, "--about=effects");
	note(st, "--about=effects", "--risk=high", "Names may be used for fraud.");
	expect_not_closed(st, "the subjects must be told by law gdpr");
	note(st, "--about=measures", "--keys=safe", "The list is sealed. 名单已加密。");
	stage_ctl(st, AS_PRIVACY, "incident", "show", "1");
	expect_text(st->last.out, "its keys are safe");
	expect_text(st->last.out, "custosctl incident close 1");
	stage_ctl(st, AS_PRIVACY, "incident", "close", "1");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, "more", "incident", "note", "1");
	stage_expect(st, 75);
	stage_ctl(st, AS_ADMIN, "status");
	assert_null(strstr(st->last.out, "incident"));
}

static void expect_register(struct stage *st)
{
	stage_ctl(st, AS_PRIVACY, "incident", "register");
	stage_expect(st, 0);
	expect_text(st->last.out, "名单遗失。");
	expect_text(st->last.out, "Names may be used for fraud.");
	expect_text(st->last.out, "名单已加密。");
	expect_text(st->last.out, "Nobody was in the office.");
	expect_text(st->last.out, "people affected      3");
	stage_ctl(st, AS_PRIVACY, "--json", "incident", "register", "--language=zh");
	stage_expect(st, 0);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "register")), 1);
	expect_text(st->last.out, "《通用数据保护条例》第33条第1款");
	stage_ctl(st, AS_PRIVACY, "incident", "list", "--all");
	expect_text(st->last.out, "closed");
	assert_int_equal(stage_count_leaves(st, "act=incident.open"), 1);
	assert_int_equal(stage_count_leaves(st, "act=incident.note"), 2);
	assert_int_equal(stage_count_leaves(st, "act=incident.tell"), 1);
	assert_int_equal(stage_count_leaves(st, "act=incident.close"), 1);
	assert_int_equal(stage_count_leaves(st, "act=incident.read"), 4);
	assert_false(stage_grep(st->state, "canary-incident-5c"));
}

static void an_incident_is_told_within_its_hours(void **state)
{
	struct stage *st = *state;
	char ids[4][33], noticed[64];

	use_laws(st, "[gdpr]");
	add(st, "Ada", ids[0]);
	add(st, "王小明", ids[1]);
	export_all(st, "first");
	add(st, "Bob", ids[2]);
	export_all(st, "second");
	add(st, "Eve", ids[3]);
	read_one(st, AS_SUPPORT, ids[3]);
	read_one(st, AS_SUPPORT, ids[3]);
	what_is_wrong_is_refused(st);

	stage_ctl_text(st, AS_PRIVACY, FACTS, "incident", "open", now_as("--noticed=", noticed),
		"--kind=disclosure", "--began=2020-01-01");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "status");
	assert_ptr_equal(strstr(st->last.out, "! 1 open incidents"), st->last.out);
	expect_text(st->last.out, "! 71 hours left");
	stage_ctl(st, AS_PRIVACY, "incident", "show", "1");
	stage_expect(st, 0);
	expect_text(st->last.out, "+ 72 hours (GDPR Art. 33(1)) = ");
	expect_text(st->last.out, "Art. 33(3)(d)");
	expect_text(st->last.out, "the people, gdpr: need not be told at this risk");
	expect_text(st->last.out, "canary-incident-5c");
	whom_it_is_about(st, ids);
	go_ahead(st, 72 * HOUR_MS + HOUR_MS / 2);
	the_authority_is_told_late(st);
	it_is_closed_when_nothing_is_missing(st);
	expect_register(st);
}

/* What the law asks to be told, or no letter. */
static void a_letter_of_an_incident_is_whole_or_not_at_all(void **state)
{
	struct stage *st = *state;
	char noticed[64];

	stage_ctl_text(st, AS_PRIVACY, FACTS, "incident", "open", now_as("--noticed=", noticed),
		"--kind=disclosure", "--risk=high", "--began=2020-01-01");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "incident", "letter", "1", "subjects");
	stage_expect(st, 75);
	expect_text(st->last.err, "organisation.yaml: controller");
	stage_stop(st);
	stage_policy(st, "organisation.yaml", "laws: [gdpr]\ncountry: none\ntime_zone: UTC\nlanguage: en\n"
		"controller: {name: Muster, contact: help@muster.example}\nauthority: {name: The Commissioner}\n");
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "incident", "letter", "1", "subjects");
	stage_expect(st, 75);
	expect_text(st->last.err, "effects are not noted yet (GDPR Art. 33(3)(c)");
	note(st, "--about=effects", NULL, "Fraud in your name.");
	stage_ctl(st, AS_PRIVACY, "incident", "letter", "1", "subjects");
	expect_text(st->last.err, "'incident note 1 --about=measures'");
	note(st, "--about=measures", NULL, "We told the railway. Change your password.");
	stage_ctl(st, AS_PRIVACY, "incident", "letter", "1", "subjects");
	stage_expect(st, 0);
	expect_text(st->last.out, "A breach of your personal data\n\nMuster\n");
	expect_text(st->last.out, "What happened\nA list of customers, canary-incident-5c");
	expect_text(st->last.out, "What it may mean for you\nFraud in your name.\n");
	expect_text(st->last.out, "what you can do\nWe told the railway.");
	expect_text(st->last.out, "Whom to ask\nMuster, help@muster.example\nYou may complain to: The Commissioner\n");
	stage_ctl(st, AS_PRIVACY, "incident", "letter", "1", "authority", "--language=zh");
	stage_expect(st, 0);
	expect_text(st->last.out, "个人信息安全事件报告");
	expect_text(st->last.out, "可能造成的危害\nFraud in your name.");
	assert_int_equal(stage_count_leaves(st, "why=incident.letter"), 5);
	stage_ctl(st, AS_AUDITOR, "incident", "letter", "1", "subjects");
	stage_expect(st, stage_has_roles() ? 77 : 0);
}

/* With two laws, one authority is not the other; and of who was erased only the id is left. */
static void each_law_has_an_authority_of_its_own(void **state)
{
	struct stage *st = *state;
	char id[33], at[64], noticed[64];

	use_laws(st, "[gdpr, pipl]");
	add(st, "Ada", id);
	read_one(st, AS_SUPPORT, id);
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, FACTS, "incident", "open", now_as("--noticed=", noticed),
		"--kind=disclosure", "--risk=none", "--keys=safe");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "told of one at once");
	stage_ctl(st, AS_PRIVACY, "incident", "tell", "1", "authority", now_as("--at=", at));
	stage_expect(st, 64);
	expect_text(st->last.err, "--law says which");
	stage_ctl(st, AS_PRIVACY, "incident", "tell", "1", "authority", now_as("--at=", at),
		"--law=pipl");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "incident", "show", "1", "--language=zh");
	expect_text(st->last.out, "主管部门，pipl：已于");
	expect_text(st->last.out, "主管部门，gdpr：按此风险无需告知");
	expect_text(st->last.out, "发现时间");
	expect_text(st->last.out, "现在应做：");
	assert_null(strstr(st->last.out, "noticed"));
	expect_text(st->last.out, "《个人信息保护法》第五十七条");
	stage_ctl(st, AS_PRIVACY, "incident", "show", "1");
	expect_text(st->last.out, "the authority, pipl: told");
	expect_text(st->last.out, "the authority, gdpr: need not be told");
	stage_ctl(st, AS_PRIVACY, "incident", "scope", "1", "--purpose=incident");
	stage_expect(st, 0);
	expect_text(st->last.out, "people affected      1");
	expect_text(st->last.out, "of them erased by now 1");
	stage_ctl_text(st, AS_PRIVACY, FACTS, "incident", "open", now_as("--noticed=", noticed),
		"--kind=unavailability");
	stage_ctl(st, AS_PRIVACY, "incident", "scope", "2", "--purpose=incident");
	stage_expect(st, 80);
}

/* The access journal has its time; what the log knows still is how many there were. */
static void whom_nobody_remembers_is_counted(void **state)
{
	struct stage *st = *state;
	char id[33], approval[33], noticed[64];

	stage_policy(st, "retention.yaml", "access_journal: 200d\n");
	use_laws(st, "[gdpr]");
	add(st, "Ada", id);
	export_all(st, "one");
	go_ahead(st, 202 * 24 * HOUR_MS);
	stage_approval(st, approval); /* the clock has jumped */
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);
	for (int i = 0; i < 200 && stage_count_leaves(st, "in=access_journal") == 0; i++) {
		run_sleep_ms(100);
	}
	read_one(st, AS_SUPPORT, id);
	stage_ctl_text(st, AS_PRIVACY, FACTS, "incident", "open", now_as("--noticed=", noticed),
		"--kind=disclosure");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "incident", "scope", "1", "--purpose=incident");
	stage_expect(st, 0);
	expect_text(st->last.out, "people affected      1");
	expect_text(st->last.out, "1 searches and exports showed up to 1 people more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(an_incident_is_told_within_its_hours),
		T(each_law_has_an_authority_of_its_own),
		T(a_letter_of_an_incident_is_whole_or_not_at_all),
		T(whom_nobody_remembers_is_counted),
	};

	if (!stage_has_roles()) {
		print_message("skipped: who did what takes uids of their own, so root\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("incident", tests, NULL, NULL);
}
