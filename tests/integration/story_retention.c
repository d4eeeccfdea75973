/* What is over ends: when, how, and what stops it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/clock.h"
#include "stage.h"

#define DAY_MS (24 * 3600 * 1000LL)

/* "2026-11-21", so many days from now. */
static const char *day_from_now(int days)
{
	static char text[4][CIVIL_DAY_SIZE];
	static int next;
	struct clock clock = clock_system();
	char *to = text[next++ % 4];

	civil_format_day(civil_day_of_ms(clock_now_ms(&clock)) + days, to);
	return to;
}

/* A profile, and an order of each of these days. */
static void add_customer(struct stage *st, char id[33], const char *const days[])
{
	char records[1024];
	int n = snprintf(records, sizeof(records),
		"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"李娜\"}}");

	for (int i = 0; days[i]; i++) {
		n += snprintf(records + n, sizeof(records) - (size_t)n,
			",{\"collection\":\"order\",\"fields\":{\"date\":\"%s\"}}", days[i]);
	}
	snprintf(records + n, sizeof(records) - (size_t)n, "]");
	stage_add_person(st, records, id);
}

static void restart(struct stage *st, int days)
{
	static char ahead[64];

	if (st->daemon) {
		stage_stop(st);
	}
	snprintf(ahead, sizeof(ahead), "--clock-ahead-ms=%lld", days * DAY_MS);
	st->options[0] = ahead;
	stage_start(st);
}

static void use_rules(struct stage *st, const char *text)
{
	stage_stop(st);
	stage_policy(st, "retention.yaml", text);
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "retention", "plan");
	stage_expect(st, 0);
}

static void expect_shown(struct stage *st, const char *id, const char *text, bool is_shown)
{
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	assert_int_equal(strstr(st->last.out, text) != NULL, is_shown);
}

static void grant(struct stage *st, const char *kind)
{
	char approval[33];

	stage_approval(st, approval);
	stage_ctl(st, AS_SECOND, "approval", "show", approval);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, kind));
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);
}

static void end_now(struct stage *st)
{
	stage_ctl(st, AS_PRIVACY, "retention", "run");
	stage_expect(st, 0);
}

/* Something waits for a person, and scripts see it. */
static void end_and_wait(struct stage *st)
{
	stage_ctl(st, AS_PRIVACY, "retention", "run");
	stage_expect(st, 75);
}

#define ORDERS_30D "rules:\n  - {collection: order, keep: 30d, reason: a test}\n"

/* The clock is 70 days ahead all at once, which somebody has to confirm. */
static void nothing_expires_when_the_clock_jumps_and_then_old_backups_lose_it_too(void **state)
{
	struct stage *st = *state;
	char id[33];

	use_rules(st, ORDERS_30D);
	add_customer(st, id, (const char *const[]){ day_from_now(0), NULL });
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	end_now(st);
	assert_non_null(strstr(st->last.out, "Nothing is over"));
	stage_ctl(st, AS_PRIVACY, "retention", "plan", "--months=4");
	assert_non_null(strstr(st->last.out, "order"));

	restart(st, 70);
	end_and_wait(st);
	assert_non_null(strstr(st->last.out, "a day or more ahead: nothing ends"));
	expect_shown(st, id, day_from_now(0), true);
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "The clock is a day or more ahead"));
	restart(st, -2); /* behind what it was */
	end_and_wait(st);
	assert_non_null(strstr(st->last.out, "behind what it was"));
	expect_shown(st, id, day_from_now(0), true);

	restart(st, 70);
	grant(st, "retention.clock");
	end_now(st);
	expect_shown(st, id, day_from_now(0), false);
	expect_shown(st, id, "李娜", true);
	assert_int_equal(stage_count_leaves(st, "act=retention.clock"), 1);
	assert_int_equal(stage_count_leaves(st, "in=order why=retention gen="), 1);
	for (int i = 0; i < 100 && stage_count_leaves(st, "act=retention.done") == 0; i++) {
		run_sleep_ms(100);
	}
	assert_int_equal(stage_count_leaves(st, "act=retention.done"), 1);
	stage_ctl(st, AS_PRIVACY, "retention", "list");
	assert_non_null(strstr(st->last.out, "done"));
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);

	/* the data of the first backup, from before: the key is gone in there, too */
	stage_serve_first(st);
	expect_shown(st, id, day_from_now(0), false);
	expect_shown(st, id, "李娜", true);
}

static void shortened_keep_waits_for_a_second_user(void **state)
{
	struct stage *st = *state;
	char id[33];

	use_rules(st, "rules:\n  - {collection: order, keep: 7y, reason: a test}\n");
	add_customer(st, id, (const char *const[]){ day_from_now(-100), NULL });

	use_rules(st, "rules:\n  - {collection: order, keep: 7d, reason: a slip}\n");
	assert_non_null(strstr(st->last.out, "7d instead of 7y would end cohorts: 1, records: 1"));
	end_and_wait(st);
	assert_non_null(strstr(st->last.out, "held back"));
	expect_shown(st, id, day_from_now(-100), true);

	grant(st, "order: kept 7d instead of 7y");
	end_now(st);
	expect_shown(st, id, day_from_now(-100), false);
	assert_int_equal(stage_count_leaves(st, "act=retention.policy"), 1);

	/* what keeps longer needs nobody; a law's minimum wins over what is shorter */
	use_rules(st, "rules:\n  - {collection: order, keep: 8d, reason: a test}\n"
		      "minimums:\n  - {collection: order, keep: 10y, citation: HGB 257}\n");
	assert_null(strstr(st->last.out, "instead of"));
	add_customer(st, id, (const char *const[]){ day_from_now(-100), NULL });
	end_now(st);
	expect_shown(st, id, day_from_now(-100), true);
	stage_ctl(st, AS_PRIVACY, "retention", "plan", "--months=130");
	assert_non_null(strstr(st->last.out, "HGB 257"));
}

static void above_the_cap_and_for_review_a_second_user_confirms(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_policy(st, "erasure.yaml", "daily_cohorts: 1\n");
	use_rules(st, "rules:\n  - {collection: order, keep: 30d, reason: a test}\n"
		      "  - {collection: feedback, keep: 30d, then: review, reason: a test}\n");
	add_customer(st, id,
		(const char *const[]){ day_from_now(-100), day_from_now(-200), NULL });
	stage_ctl(st, AS_PRIVACY, "retention", "run", "--dry-run");
	assert_non_null(strstr(st->last.out, "order"));
	end_and_wait(st);
	assert_non_null(strstr(st->last.out, "Nothing has ended"));
	expect_shown(st, id, day_from_now(-100), true);
	expect_shown(st, id, day_from_now(-200), true);
	grant(st, "order: cohorts: 2");
	end_now(st);
	expect_shown(st, id, day_from_now(-100), false);
	expect_shown(st, id, day_from_now(-200), false);

	stage_ctl_text(st, AS_PRIVACY, "{\"date\":\"2020-01-01\",\"text\":\"hm\"}", "subject",
		"update", id, "--purpose=" STAGE_PURPOSE, "--collection=feedback");
	stage_expect(st, 0);
	end_and_wait(st);
	expect_shown(st, id, "2020-01-01", true);
	{
		char approval[33];

		stage_approval(st, approval);
		stage_ctl(st, AS_SECOND, "approval", "deny", approval);
		stage_expect(st, 0);
	}
	end_now(st); /* it is put off, and nothing waits */
	expect_shown(st, id, "2020-01-01", true);
	restart(st, 2);
	end_and_wait(st);
	grant(st, "The clock of this machine");
	end_and_wait(st);
	grant(st, "feedback: cohorts: 1");
	end_now(st);
	expect_shown(st, id, "2020-01-01", false);
}

static void who_was_not_heard_of_for_long_is_forgotten_and_others_are_not(void **state)
{
	struct stage *st = *state;
	char old[33], fresh[33];

	use_rules(st, "rules:\n  - {collection: profile, keep: 90d, reason: a test}\n");
	add_customer(st, old, (const char *const[]){ day_from_now(-5), NULL });
	add_customer(st, fresh, (const char *const[]){ day_from_now(60), NULL });
	restart(st, 100);
	end_and_wait(st);
	grant(st, "retention.clock");
	end_now(st);
	expect_shown(st, old, "李娜", false);
	expect_shown(st, old, day_from_now(-5), true); /* orders have no rule */
	expect_shown(st, fresh, "李娜", true);
	stage_ctl(st, AS_ADMIN, "retention", "run");
	stage_expect(st, 77);
}

/* Orders of 2020 of so many people, paid with these cents, to this country. */
static void add_orders(struct stage *st, int n, const char *status, int cents, const char *note)
{
	char records[512], id[33];

	for (int i = 0; i < n; i++) {
		snprintf(records, sizeof(records),
			"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"李娜\"}},"
			"{\"collection\":\"order\",\"fields\":{\"date\":\"2020-03-%02d\",\"status\":\"%s\","
			"\"amount\":\"%d.%02d\",\"note\":\"%s\"}}]",
			i + 1, status, cents / 100, cents % 100, note);
		stage_add_person(st, records, id);
	}
}

static void expect_aggregates(struct stage *st, size_t n)
{
	stage_ctl(st, AS_PRIVACY, "--json", "retention", "aggregates", "--collection=order");
	stage_expect(st, 0);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "aggregates")), n);
}

/* Of six who ordered, one has paid something, twice the same: no half of the sum is exceeded. */
static void a_sum_that_few_records_have_is_not_told(void **state)
{
	static const char free_of_charge[] =
		"[{\"collection\":\"order\",\"fields\":{\"date\":\"2020-03-01\",\"status\":\"paid\"}}]";
	static const char twice[] =
		"[{\"collection\":\"order\",\"fields\":{\"date\":\"2020-03-01\",\"status\":\"paid\","
		"\"amount\":\"77.10\"}},{\"collection\":\"order\",\"fields\":{\"date\":\"2020-03-02\","
		"\"status\":\"paid\",\"amount\":\"77.10\"}}]";
	struct stage *st = *state;
	char id[33];

	use_rules(st, "rules:\n  - {collection: order, keep: 1y, then: anonymise, reason: x, aggregate: ["
		      "{field: date, as: year}, {field: status, as: value}, {field: amount, as: sum}]}\n");
	for (int i = 0; i < 5; i++) {
		stage_add_person(st, free_of_charge, id);
	}
	stage_add_person(st, twice, id);
	end_now(st);
	expect_aggregates(st, 1);
	assert_null(strstr(st->last.out, "154.20"));
}

/* Five paid, four returned, and one who would make more than half of a sum. */
static void what_is_anonymised_leaves_numbers_of_groups_and_nothing_else(void **state)
{
	struct stage *st = *state;

	use_rules(st, "rules:\n  - {collection: order, keep: 1y, then: anonymise, reason: x, aggregate: ["
		      "{field: date, as: year}, {field: status, as: value}, {field: amount, as: sum}]}\n");
	stage_ctl(st, AS_PRIVACY, "retention", "aggregates");
	assert_non_null(strstr(st->last.out, "Nothing was anonymised yet"));
	add_orders(st, 5, "paid", 1250, "for my aunt");
	add_orders(st, 4, "returned", 999, "too small");
	add_orders(st, 5, "shipped", 100, "x");
	add_orders(st, 1, "shipped", 10000, "x");
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "retention", "plan");
	assert_non_null(strstr(st->last.out, "anonymise"));

	end_now(st);
	expect_aggregates(st, 2);
	assert_non_null(strstr(st->last.out, "62.50"));
	stage_ctl(st, AS_PRIVACY, "retention", "aggregates");
	assert_non_null(strstr(st->last.out, "date 2020, status paid"));
	assert_non_null(strstr(st->last.out, "amount 62.50 (of 5)"));
	assert_null(strstr(st->last.out, "returned"));
	assert_null(strstr(st->last.out, "105.00"));
	assert_int_equal(stage_count_leaves(st, "act=retention.count"), 1);
	end_now(st);
	assert_non_null(strstr(st->last.out, "Nothing is over"));
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);

	/* the data of the first backup, in which nothing was counted: it is not again */
	stage_serve_first(st);
	expect_aggregates(st, 2);
	end_now(st);
	expect_aggregates(st, 2);
	assert_non_null(strstr(st->last.out, "62.50"));
}

/* A transaction of 2020; its id. */
static void add_transaction(struct stage *st, const char *id, const char *kind, char record[80])
{
	char text[128];

	snprintf(text, sizeof(text), "{\"date\":\"2020-05-01\",\"amount\":\"1\",\"kind\":\"%s\"}", kind);
	stage_ctl_text(st, AS_PRIVACY, text, "--json", "subject", "update", id,
		"--purpose=" STAGE_PURPOSE, "--collection=transaction");
	stage_expect(st, 0);
	snprintf(record, 80, "--record=%s",
		json_string_value(json_object_get(stage_reply(st), "record")));
}

#define CLASSES                                                                         \
	"classes:\n  - {class: invoice, collection: transaction, field: kind, words: [invoice, credit]}\n" \
	"rules:\n  - {collection: transaction, keep: 1y, reason: x}\n"                     \
	"  - {collection: transaction, class: invoice, keep: 2y, reason: x}\n"             \
	"minimums:\n  - {collection: transaction, class: invoice, keep: 80y, citation: HGB 257(4)}\n"

static void each_class_ends_by_its_own_rule_and_a_change_counts_with_the_later(void **state)
{
	struct stage *st = *state;
	char id[33], record[80];

	use_rules(st, CLASSES);
	add_customer(st, id, (const char *const[]){ NULL });
	add_transaction(st, id, "payment", record);
	add_transaction(st, id, "fee", record);
	stage_ctl_text(st, AS_PRIVACY, "{\"kind\":\"credit\"}", "subject", "update", id,
		"--purpose=" STAGE_PURPOSE, "--collection=transaction", record);
	stage_expect(st, 0);
	add_transaction(st, id, "invoice", record);
	stage_ctl_text(st, AS_PRIVACY, "{\"kind\":\"other\"}", "subject", "update", id,
		"--purpose=" STAGE_PURPOSE, "--collection=transaction", record);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "retention", "plan", "--months=1000");
	assert_non_null(strstr(st->last.out, "transaction/invoice"));
	assert_non_null(strstr(st->last.out, "HGB 257(4)"));

	end_now(st);
	expect_shown(st, id, "payment", false);
	expect_shown(st, id, "credit", true);
	expect_shown(st, id, "other", true); /* it was an invoice */

	/* without the class its records stay, and it is said */
	use_rules(st, "rules:\n  - {collection: transaction, keep: 1y, reason: x}\n");
	assert_non_null(strstr(st->last.out, "transaction/invoice, kept until it is erased"));
	end_now(st);
	expect_shown(st, id, "credit", true);
}

#define RELATIONSHIP                                                                    \
	"collections:\n"                                                                \
	"  - {collection: profile, category: user, level: confidential, anchor: relationship,\n" \
	"     anchor_field: until, fields: [{field: full_name, type: text}, {field: until, type: date}]}\n" \
	"  - {collection: contact_point, category: user.contact, level: confidential,\n" \
	"     anchor: relationship, fields: [{field: city, type: text}]}\n"

static void add_former(struct stage *st, char id[33], const char *until)
{
	char records[512];

	snprintf(records, sizeof(records),
		"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王芳\"%s%s%s}},"
		"{\"collection\":\"contact_point\",\"fields\":{\"city\":\"Suzhou\"}}]",
		until ? ",\"until\":\"" : "", until ? until : "", until ? "\"" : "");
	stage_add_person(st, records, id);
}

/* Counted from a date of before they were imported, or not at all while it goes on. */
static void what_counts_from_the_end_of_a_relationship_ends_after_it(void **state)
{
	struct stage *st = *state;
	char former[33], recent[33], present[33], back[33];

	stage_policy(st, "schema.yaml", RELATIONSHIP);
	stage_policy(st, "purposes.yaml",
		"purposes:\n  - {purpose: " STAGE_PURPOSE ", text: Some., use: essential.service,"
		" basis: contract, data: '*'}\n"
		"  - {purpose: access_request, text: Some., use: essential.service,"
		" basis: legal_obligation, data: '*'}\n");
	use_rules(st, "rules:\n  - {collection: contact_point, keep: 90d, reason: a test}\n");
	add_former(st, former, day_from_now(-100));
	add_former(st, recent, day_from_now(-10));
	add_former(st, present, NULL);
	add_former(st, back, day_from_now(-100));
	stage_ctl(st, AS_PRIVACY, "--json", "subject", "get", back, "--purpose=" STAGE_PURPOSE);
	{
		json_t *rec;
		size_t i;
		char record[80] = "";

		json_array_foreach(json_object_get(stage_reply(st), "records"), i, rec) {
			if (strcmp(json_string_value(json_object_get(rec, "collection")), "profile") == 0) {
				snprintf(record, sizeof(record), "--record=%s",
					json_string_value(json_object_get(rec, "record")));
			}
		}
		stage_ctl_text(st, AS_PRIVACY, "{\"until\":\"\"}", "subject", "update", back,
			"--purpose=" STAGE_PURPOSE, "--collection=profile", record);
		stage_expect(st, 0);
	}
	stage_ctl(st, AS_PRIVACY, "retention", "plan");
	assert_non_null(strstr(st->last.out, "contact_point"));
	end_now(st);
	expect_shown(st, former, "Suzhou", false);
	expect_shown(st, former, "王芳", true);
	expect_shown(st, recent, "Suzhou", true);
	expect_shown(st, present, "Suzhou", true);
	expect_shown(st, back, "Suzhou", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(nothing_expires_when_the_clock_jumps_and_then_old_backups_lose_it_too),
		T(shortened_keep_waits_for_a_second_user),
		T(above_the_cap_and_for_review_a_second_user_confirms),
		T(a_sum_that_few_records_have_is_not_told),
		T(what_is_anonymised_leaves_numbers_of_groups_and_nothing_else),
		T(each_class_ends_by_its_own_rule_and_a_change_counts_with_the_later),
		T(what_counts_from_the_end_of_a_relationship_ends_after_it),
		T(who_was_not_heard_of_for_long_is_forgotten_and_others_are_not),
	};

	if (!stage_has_roles()) {
		print_message("skipped: a second user takes a second uid, so root\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
