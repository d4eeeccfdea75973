/*
 * P8: every request has a clock computed from the law that applies, and nothing is fulfilled until
 * it is: where the days off of a year are not known there is no date, and no move.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "stage.h"

#define ORGANISATION "laws: [gdpr, pipl]\ncountry: nn\ntime_zone: UTC\nlanguage: en\n"
#define NEED         "[{\"collection\":\"need\",\"fields\":{\"topic\":\"a\"}}]"

static int this_year(void)
{
	return civil_of_day((int32_t)(time(NULL) / 86400)).year;
}

/* A country whose days off are known for these years only. */
static void put_calendar(struct stage *st, int from, int to)
{
	char text[2048];
	size_t n;

	n = (size_t)snprintf(text, sizeof(text),
		"calendar: nn\nname: {en: Nowhere, zh: 无}\nsource: a test\nyears:\n");
	for (int year = from; year <= to; year++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"  - year: %d\n    source: a test\n    off:\n"
			"      - {from: %d-01-01, name: {en: New Year, zh: 元旦}}\n", year, year);
	}
	stage_policy(st, "law/calendar/nn.yaml", text);
	stage_policy(st, "organisation.yaml", ORGANISATION);
	if (st->daemon) {
		stage_stop(st);
	}
	stage_start(st);
}

static const json_t *request_of(struct stage *st)
{
	return json_object_get(stage_reply(st), "request");
}

/* Received today, found and verified. */
static void open_one(struct stage *st, const char *type, const char *id, const char *number)
{
	char received[32] = "--received=";

	civil_format_day((int32_t)(time(NULL) / 86400), received + strlen(received));
	stage_ctl_text(st, AS_PRIVACY, "a letter", "--json", "request", "open", type, received,
		"--channel=letter", "--subject", id);
	stage_expect(st, 0);
	assert_null(json_object_get(request_of(st), "due"));
	stage_ctl(st, AS_PRIVACY, "request", "verify", number, "--method=document");
	stage_expect(st, 0);
}

static void without_a_date_nothing_is_approved_carried_out_or_fulfilled(void **state)
{
	struct stage *st = *state;
	char id[33];

	put_calendar(st, 2019, 2020);
	stage_init(st);
	stage_add_person(st, NEED, id);
	open_one(st, "erasure", id, "1");
	open_one(st, "restriction", id, "2");

	stage_ctl(st, AS_PRIVACY, "request", "clock", "1");
	stage_expect(st, 66);
	assert_non_null(strstr(st->last.err, "nn.yaml")); /* which year lacks where */
	stage_ctl(st, AS_PRIVACY, "request", "next", "1");
	assert_non_null(strstr(st->last.out, "Make its clock known."));
	stage_ctl(st, AS_PRIVACY, "request", "approve", "1");
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "'request clock'"));
	stage_ctl(st, AS_PRIVACY, "request", "execute", "1");
	stage_expect(st, 75);
	stage_ctl(st, AS_PRIVACY, "request", "execute", "2");
	stage_expect(st, 75);
	stage_ctl(st, AS_PRIVACY, "request", "done", "2");
	stage_expect(st, 75);
	assert_int_equal(stage_count_leaves(st, "act=erase.begin"), 0);
	assert_int_equal(stage_count_leaves(st, "act=subject.restrict"), 0);

	put_calendar(st, this_year() - 1, this_year() + 1);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "approve", "1");
	stage_expect(st, 0);
	assert_non_null(json_object_get(request_of(st), "due"));
	stage_ctl(st, AS_PRIVACY, "request", "execute", "2");
	stage_expect(st, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			without_a_date_nothing_is_approved_carried_out_or_fulfilled, stage_up_bare,
			stage_down),
	};

	return cmocka_run_group_tests_name("p8", tests, NULL, NULL);
}
