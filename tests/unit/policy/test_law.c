/* Laws, calendars, and the organisation that they hold for. */
#include "base/civil.h"
#include "check.h"
#include "policy/faults.h"
#include "policy/holidays.h"
#include "policy/policy.h"

static const char *shipped;

static void put(const char *dir, const char *name, const char *text)
{
	write_all(in_dir(dir, name), span_of((const uint8_t *)text, strlen(text)));
}

/* The shipped schema and laws, and no roles to speak of. */
static const char *good_dir(void)
{
	const char *dir = fresh_dir();
	char command[1024];

	snprintf(command, sizeof(command), "cp -r '%s/schema.yaml' '%s/purposes.yaml' '%s/law' '%s'", shipped,
		shipped, shipped, dir);
	assert_int_equal(system(command), 0);
	put(dir, "roles.yaml", "roles:\n  - {role: r, operations: [status]}\n");
	return dir;
}

/* All faults, one a line; "" for none. */
static void expect(const char *dir, const char *wanted)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct buf all = BUF_INIT;
	struct cu_err err = { 0 };
	int r = policy_load(dir, &faults, &p, &err);

	for (size_t i = 0; i < faults.n; i++) {
		buf_putf(&all, "%s\n", faults.text[i]);
	}
	assert_string_equal(buf_cstr(&all), wanted);
	assert_int_equal(r, wanted[0] ? CU_EINVAL : 0);
	policy_unref(p);
	faults_done(&faults);
	buf_done(&all);
}

static struct policy *load(const char *dir)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct cu_err err = { 0 };

	assert_ok(policy_load(dir, &faults, &p, &err), &err);
	return p;
}

/* --- what is shipped --------------------------------------------------------------- */

static void both_laws_know_every_request(void **state)
{
	static const char *const keys[] = { "gdpr", "pipl" };
	struct policy *p = load(shipped);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct law *law = policy_find_law(p, keys[i]);

		assert_non_null(law);
		for (int type = 0; type < NREQUEST_TYPES; type++) {
			const struct law_request *q =
				law_find_request(law, (enum request_type)type);
			enum request_type again;

			assert_non_null(q);
			assert_non_null(q->cite.in[LANGUAGE_ZH]);
			assert_true(law_request_parse(law_request_word((enum request_type)type),
				&again));
			assert_int_equal(again, type);
		}
	}
	policy_unref(p);
}

static void gdpr_gives_a_month_and_two_more(void **state)
{
	struct policy *p = load(shipped);
	const struct law *law = policy_find_law(p, "gdpr");

	(void)state;
	assert_int_equal(law->nanswers, 1);
	assert_int_equal(law->answer[0].n, 1);
	assert_int_equal(law->answer[0].unit, LAW_MONTHS);
	assert_int_equal(law->extension.n, 2);
	assert_int_equal(law->extension.unit, LAW_MONTHS);
	assert_non_null(law->counting.pause.node);
	assert_null(law->confirm.node);
	assert_null(law->calendar);
	assert_int_equal(law->breaches[0].within.n, 72);
	policy_unref(p);
}

static void pipl_counts_working_days_of_china_and_grants_no_more(void **state)
{
	struct policy *p = load(shipped);
	const struct law *law = policy_find_law(p, "pipl");

	(void)state;
	assert_int_equal(law->answer[0].n, 15);
	assert_int_equal(law->answer[0].unit, LAW_WORKING_DAYS);
	assert_int_equal(law->answer[1].n, 30);
	assert_int_equal(law->answer[1].unit, LAW_DAYS);
	assert_null(law->extension.node);
	assert_null(law->counting.pause.node);
	assert_string_equal(law->calendar, "cn");
	assert_string_equal(policy_calendar_of(p, law)->key, "cn");
	assert_int_equal(law_find_minimum(law, LAW_LOG)->keep.n, 6);
	assert_null(law_find_minimum(law, "nothing"));
	policy_unref(p);
}

static void the_shipped_organisation_names_laws_and_nobody_else(void **state)
{
	struct policy *p = load(shipped);
	const struct organisation *o = policy_organisation(p);

	(void)state;
	assert_int_equal(o->laws.n, 2);
	assert_string_equal(o->laws.v[0], "gdpr");
	assert_string_equal(o->country, "none");
	assert_string_equal(o->time_zone, "UTC");
	assert_null(o->controller.node);
	assert_string_equal(policy_calendar_of(p, policy_find_law(p, "gdpr"))->key, "none");
	policy_unref(p);
}

/* --- relations --------------------------------------------------------------------- */

static void an_organisation_may_only_name_what_is_there(void **state)
{
	const char *dir = good_dir();

	(void)state;
	put(dir, "organisation.yaml", "laws: [gdpr, ccpa]\ncountry: atlantis\n");
	expect(dir, "organisation.yaml:1: laws: there is no law/ccpa.yaml\n"
		    "organisation.yaml:1: country: there is no law/calendar/atlantis.yaml\n");
	put(dir, "organisation.yaml", "laws: gdpr\ncountry: de\ntime_zone: Europe/Berlin\n");
	expect(dir, "");
	put(dir, "organisation.yaml", "time_zone: Berlin\n");
	expect(dir, "organisation.yaml:1: time_zone: 'Berlin' is no time zone of this host, such as "
		    "Europe/Berlin (is tzdata installed?)\n");
	put(dir, "organisation.yaml", "controller: {address: Musterstraße 1}\n");
	expect(dir, "organisation.yaml:1: name: is missing\n");
}

static void what_a_law_has_kept_is_kept_as_long(void **state)
{
	const char *dir = good_dir();

	(void)state;
	put(dir, "organisation.yaml", "laws: [gdpr, pipl]\n");
	put(dir, "retention.yaml", "# first\naccess_journal: 90d\n");
	expect(dir, "retention.yaml:2: access_journal: '90d' is shorter than law/pipl.yaml asks for: "
		    "184d (Cybersecurity Law (as amended 2025) Art. 23(3))\n");
	put(dir, "retention.yaml", "access_journal: 184d\n");
	expect(dir, "");
	put(dir, "organisation.yaml", "laws: gdpr\n");
	put(dir, "retention.yaml", "access_journal: 90d\n");
	expect(dir, "");
}

static void without_laws_there_are_none(void **state)
{
	const char *dir = good_dir();
	struct policy *p;

	(void)state;
	remove_tree(in_dir(dir, "law"));
	p = load(dir);
	assert_null(policy_find_law(p, "gdpr"));
	assert_null(policy_find_calendar(p, "de"));
	assert_int_equal(policy_organisation(p)->laws.n, 0);
	policy_unref(p);
}

/* --- faults ------------------------------------------------------------------------ */

#define SAID    "{en: e, zh: z}"
#define PERIOD  "{n: 1, unit: months, cite: " SAID "}"
#define LAW                                                                               \
	"law: x\nname: " SAID "\n"                                                        \
	"counting: {first_day: " SAID ", short_month: " SAID ", rest_day: " SAID "}\n"    \
	"refusal: " SAID "\n"                                                             \
	"remedies: " SAID "\nrefusals: []\n"
#define REQUEST "requests: [{request: access, title: " SAID ", cite: " SAID "}]\n"

/* a law, and all faults */
static const char *const broken_laws[][2] = {
	{ LAW REQUEST "answer: [" PERIOD "]\n", "" },
	{ LAW REQUEST "answer: []\n", "law/x.yaml:8: answer: is empty\n" },
	{ LAW REQUEST "answer: [" PERIOD "]\nlaw2: 1\n", "law/x.yaml:9: law2: is not known here; did you mean 'law'?\n" },
	{ LAW REQUEST "answer: [{unit: months, cite: " SAID "}]\n", "law/x.yaml:8: n: is missing\n" },
	{ LAW REQUEST "answer: [{n: 1, unit: at_once, cite: " SAID "}]\n",
		"law/x.yaml:8: n: has no meaning with at_once\n" },
	{ LAW REQUEST "answer: [{n: 1, unit: years, cite: " SAID "}]\n",
		"law/x.yaml:8: answer: is not counted in this unit\n" },
	{ LAW REQUEST "answer: [{n: 1, unit: days, cite: " SAID "}]\nextension: " PERIOD "\n",
		"law/x.yaml:8: answer: is not counted in the unit of 'extension'\n" },
	{ LAW REQUEST "answer: [" PERIOD "]\nbreaches: [{to: authority, within: " PERIOD "}]\n",
		"law/x.yaml:9: within: is not counted in this unit\n" },
	{ LAW REQUEST "answer: [" PERIOD "]\nminimums: [{what: log, keep: {n: 1, unit: hours, cite: " SAID
		      "}}]\n",
		"law/x.yaml:9: keep: is not counted in this unit\n" },
	{ LAW "requests:\n  - {request: access, title: " SAID ", cite: " SAID "}\n"
	      "  - {request: access, title: " SAID ", cite: " SAID "}\n"
	      "answer: [" PERIOD "]\n",
		"law/x.yaml:9: request: 'access' stands twice\n" },
	{ LAW REQUEST "answer: [" PERIOD "]\ncalendar: nowhere\n",
		"law/x.yaml:1: calendar: there is no law/calendar/nowhere.yaml\n" },
	{ LAW REQUEST "answer: [{n: 1, unit: months, cite: {en: e}}]\n",
		"law/x.yaml:8: zh: is missing\n" },
};

static void broken_laws_are_refused_with_line_and_reason(void **state)
{
	const char *dir = good_dir();

	(void)state;
	for (size_t i = 0; i < sizeof(broken_laws) / sizeof(broken_laws[0]); i++) {
		put(dir, "law/x.yaml", broken_laws[i][0]);
		expect(dir, broken_laws[i][1]);
	}
}

#define CALENDAR "calendar: x\nname: " SAID "\nsource: s\n"
#define OFF      "off: [{from: 2026-10-01, to: 2026-10-07, name: " SAID "}]"

/* a calendar, and all faults */
static const char *const broken_calendars[][2] = {
	{ CALENDAR "years: [{year: 2026, source: s, " OFF ", working: [2026-09-20]}]\n", "" },
	{ CALENDAR "years: [{year: 2026, source: s, " OFF ", working: [2026-09-21]}]\n",
		"law/calendar/x.yaml:4: working: '2026-09-21' is no Saturday or Sunday\n" },
	{ CALENDAR "years: [{year: 2026, source: s, " OFF ", working: [2026-10-03]}]\n",
		"law/calendar/x.yaml:4: working: '2026-10-03' is also a day off\n" },
	{ CALENDAR "years: [{year: 2026, source: s, " OFF ", working: [2025-09-28]}]\n",
		"law/calendar/x.yaml:4: working: '2025-09-28' is not within 2026\n" },
	{ CALENDAR "years: [{year: 2026, source: s, " OFF ", working: [20260920]}]\n",
		"law/calendar/x.yaml:4: working: '20260920' is not a date such as 2026-10-01\n" },
	{ CALENDAR "years: [{year: 2025, source: s, " OFF "}]\n",
		"law/calendar/x.yaml:4: off: is not within 2025: put the rest under the other year\n" },
	{ CALENDAR "years:\n  - {year: 2026, source: s, " OFF "}\n  - {year: 2026, source: s, " OFF "}\n",
		"law/calendar/x.yaml:6: year: 2026 stands twice\n" },
	{ CALENDAR "years: [{year: 2026, source: s, off: [{from: 2026-10-07, to: 2026-10-01, name: " SAID
		   "}]}]\n",
		"law/calendar/x.yaml:4: to: is before 'from'\n" },
	{ CALENDAR "first_year: 2020\nlast_year: 2019\n",
		"law/calendar/x.yaml:5: last_year: is before first_year\n" },
	{ CALENDAR "every_year: [{on: 12-25, name: " SAID "}]\n",
		"law/calendar/x.yaml:1: first_year: is missing: from when on is 'every_year' right?\n" },
	{ CALENDAR "first_year: 2020\nevery_year: [{on: fifth monday of may, name: " SAID "}]\n",
		"law/calendar/x.yaml:5: on: 'fifth monday of may' is not one of 12-25, easter+39, "
		"easter-2, first monday of may, last monday of october\n" },
};

static void broken_calendars_are_refused_with_line_and_reason(void **state)
{
	const char *dir = good_dir();

	(void)state;
	for (size_t i = 0; i < sizeof(broken_calendars) / sizeof(broken_calendars[0]); i++) {
		put(dir, "law/calendar/x.yaml", broken_calendars[i][0]);
		expect(dir, broken_calendars[i][1]);
	}
	remove_tree(in_dir(dir, "law/calendar/x.yaml"));
	put(dir, "law/calendar/y.yaml", CALENDAR "first_year: 2020\n");
	expect(dir, "law/calendar/y.yaml: file: is not named after its key 'x'\n");
}

static void a_holiday_is_written_in_four_ways(void **state)
{
	static const char *const none[] = { "", "13-01", "02-30", "12-25 ", "easter", "easter+",
		"easter1", "easter+1000", "easter+1x", "first monday", "first monday of may ",
		"first noday of may", "first monday of mayo", "monday of may" };
	struct holidays_on on;

	(void)state;
	assert_true(holidays_on_parse("02-29", &on));
	assert_true(on.kind == HOLIDAYS_DATE && on.month == 2 && on.day == 29);
	assert_true(holidays_on_parse("easter-2", &on));
	assert_true(on.kind == HOLIDAYS_EASTER && on.offset == -2);
	assert_true(holidays_on_parse("easter+50", &on));
	assert_true(on.offset == 50);
	assert_true(holidays_on_parse("third thursday of november", &on));
	assert_true(on.kind == HOLIDAYS_WEEKDAY && on.nth == 3 && on.weekday == 3 && on.month == 11);
	assert_true(holidays_on_parse("last monday of october", &on));
	assert_int_equal(on.nth, 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (holidays_on_parse(none[i], &on)) {
			fail_msg("'%s' is taken", none[i]);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_laws_know_every_request),
		cmocka_unit_test(gdpr_gives_a_month_and_two_more),
		cmocka_unit_test(pipl_counts_working_days_of_china_and_grants_no_more),
		cmocka_unit_test(the_shipped_organisation_names_laws_and_nobody_else),
		cmocka_unit_test(an_organisation_may_only_name_what_is_there),
		cmocka_unit_test(what_a_law_has_kept_is_kept_as_long),
		cmocka_unit_test(without_laws_there_are_none),
		cmocka_unit_test(broken_laws_are_refused_with_line_and_reason),
		cmocka_unit_test(broken_calendars_are_refused_with_line_and_reason),
		cmocka_unit_test(a_holiday_is_written_in_four_ways),
	};

	shipped = argc > 1 ? argv[1] : "policies";
	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
