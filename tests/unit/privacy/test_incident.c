/* Who must be told of an incident, by its risk, its keys, and the clock. */
#include "check.h"

#include "privacy/incident.h"
#include "store/engine_incident.h"

#define HOUR_MS INT64_C(3600000)
#define NOTICED INT64_C(1769768100000)

static const struct law_breach authority = { .to = LAW_AUTHORITY, .from_risk = LAW_RISK_SOME,
	.within = { .n = 72, .unit = LAW_HOURS } };
static const struct law_breach people = { .to = LAW_SUBJECTS, .from_risk = LAW_RISK_HIGH,
	.within = { .unit = LAW_AT_ONCE }, .unless_keys_safe = true };

static struct row_incident at_risk(unsigned risk)
{
	return (struct row_incident){ .risk = risk, .noticed_ms = NOTICED };
}

static void an_authority_is_told_within_72_hours_to_the_millisecond(void **state)
{
	struct row_incident row = at_risk(LAW_RISK_SOME);
	const int64_t end = NOTICED + 72 * HOUR_MS;

	(void)state;
	assert_int_equal(incident_judge(&authority, &row, 0, end), INCIDENT_IS_DUE);
	assert_int_equal(incident_judge(&authority, &row, 0, end + 1), INCIDENT_IS_OVERDUE);
	assert_int_equal(incident_judge(&authority, &row, end, end + HOUR_MS), INCIDENT_IS_TOLD);
	assert_int_equal(incident_judge(&authority, &row, end + 1, end + 1), INCIDENT_IS_TOLD_LATE);
}

static void the_risk_says_who_is_told(void **state)
{
	struct row_incident row = at_risk(LAW_RISK_NONE);

	(void)state;
	assert_int_equal(incident_judge(&authority, &row, 0, NOTICED), INCIDENT_IS_NOT_NEEDED);
	/* told nevertheless, before it was known */
	assert_int_equal(incident_judge(&authority, &row, NOTICED, NOTICED), INCIDENT_IS_TOLD);
	row = at_risk(LAW_RISK_SOME);
	assert_int_equal(incident_judge(&people, &row, 0, NOTICED), INCIDENT_IS_NOT_NEEDED);
	row = at_risk(LAW_RISK_HIGH);
	assert_int_equal(incident_judge(&people, &row, 0, NOTICED + 9999 * HOUR_MS), INCIDENT_IS_DUE);
}

static void safe_keys_spare_the_people_and_not_the_authority(void **state)
{
	struct row_incident row = at_risk(LAW_RISK_HIGH);

	(void)state;
	row.keys_are_safe = true;
	assert_int_equal(incident_judge(&people, &row, 0, NOTICED), INCIDENT_IS_KEYS_SAFE);
	assert_int_equal(incident_judge(&authority, &row, 0, NOTICED), INCIDENT_IS_DUE);
}

static void words_lead_there_and_back(void **state)
{
	unsigned risk, to;

	(void)state;
	for (unsigned kind = INCIDENT_DISCLOSURE; kind <= INCIDENT_UNAVAILABILITY; kind++) {
		assert_int_equal(incident_kind_parse(incident_kind_word(kind)), kind);
	}
	assert_int_equal(incident_kind_parse("theft"), INCIDENT_NO_KIND_);
	assert_string_equal(incident_kind_word(99), "");
	assert_true(incident_risk_parse("high", &risk));
	assert_int_equal(risk, LAW_RISK_HIGH);
	assert_false(incident_risk_parse("low", &risk));
	assert_true(incident_told_parse("subjects", &to));
	assert_string_equal(incident_told_word(to), "subjects");
	assert_string_equal(incident_verdict_word(INCIDENT_IS_TOLD_LATE), "told_late");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_authority_is_told_within_72_hours_to_the_millisecond),
		cmocka_unit_test(the_risk_says_who_is_told),
		cmocka_unit_test(safe_keys_spare_the_people_and_not_the_authority),
		cmocka_unit_test(words_lead_there_and_back),
	};

	return cmocka_run_group_tests_name("incident", tests, NULL, NULL);
}
