#include "base/civil.h"
#include "retention_help.h"

static int32_t day(const char *text)
{
	int32_t d = 0;

	assert_true(civil_parse_day(text, &d));
	return d;
}

static void check(struct duration keep, const char *today, const char *over)
{
	char text[CIVIL_DAY_SIZE];

	civil_format_day(retention_last_day_over(keep, day(today)), text);
	assert_string_equal(text, over);
}

static void a_day_is_over_once_whole_days_have_passed_since_its_end(void **state)
{
	(void)state;
	check((struct duration){ 1, 'd' }, "2026-11-25", "2026-11-23");
	check((struct duration){ 400, 'd' }, "2026-11-25", "2025-10-20");
	check((struct duration){ 24, 'h' }, "2026-11-25", "2026-11-23");
	check((struct duration){ 25, 'h' }, "2026-11-25", "2026-11-22");
}

static void years_are_counted_by_the_calendar(void **state)
{
	(void)state;
	check((struct duration){ 1, 'y' }, "2025-03-01", "2024-02-29");
	check((struct duration){ 1, 'y' }, "2024-02-29", "2023-02-27");
	check((struct duration){ 4, 'y' }, "2024-03-01", "2020-02-29");
}

/* The first day over is the first of which retention_last_day_over says so. */
static void the_day_on_which_something_is_over_is_the_first_that_says_so(void **state)
{
	static const struct duration keeps[] = { { 1, 'd' }, { 30, 'd' }, { 25, 'h' }, { 1, 'y' },
		{ 4, 'y' }, { 7, 'y' }, { 100, 'y' } };

	(void)state;
	for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
		for (int32_t last = day("2023-01-01"); last < day("2029-01-01"); last++) {
			int32_t over = retention_day_over(keeps[i], last);

			assert_true(retention_last_day_over(keeps[i], over) >= last);
			assert_true(retention_last_day_over(keeps[i], over - 1) < last);
		}
	}
}

/* --- rules ------------------------------------------------------------------------ */

#define SCHEMA                                                                          \
	"collections:\n"                                                                \
	"- {collection: order, category: user, level: internal, anchor: event,"         \
	" anchor_field: date, cohort: month, fields: [{field: date, type: date, required: yes},"       \
	" {field: kind, type: word, words: [sale, gift]}, {field: note, type: text}]}\n"              \
	"- {collection: visit, category: user, level: internal, anchor: event,"         \
	" anchor_field: date, fields: [{field: date, type: date, required: yes}]}\n"                   \
	"- {collection: profile, category: user, level: internal, anchor: relationship,"  \
	" anchor_field: until, fields: [{field: until, type: date}]}\n"                   \
	"- {collection: contact, category: user, level: internal, anchor: relationship," \
	" fields: [{field: a, type: text}]}\n"                                           \
	"- {collection: fixed, category: user, level: internal, anchor: none,"          \
	" fields: [{field: a, type: text}]}\n"

static void expect_fault(const char *text, const char *fault)
{
	struct read r;

	read_rules(&r, SCHEMA, text);
	if (r.faults.n != 1) {
		fail_msg("%zu faults; the first: %s", r.faults.n, r.faults.text[0]);
	}
	if (!strstr(r.faults.text[0], fault)) {
		fail_msg("no '%s' in: %s", fault, r.faults.text[0]);
	}
	read_done(&r);
}

static void a_rule_that_cannot_be_kept_is_a_fault(void **state)
{
	(void)state;
	expect_fault("rules:\n- {collection: ordr, keep: 7y, reason: x}\n",
		"retention.yaml:2: collection: schema.yaml has no collection 'ordr'");
	expect_fault("rules:\n- {collection: fixed, keep: 7y, reason: x}\n", "counts from no date");
	expect_fault("rules:\n- {collection: visit, keep: 7y, reason: x}\n", "has no cohort");
	expect_fault("rules:\n- {collection: order, keep: 7y, reason: x}\n"
		     "- {collection: order, keep: 8y, reason: x}\n",
		"'order' has two rules of one class; the first in line 2");
	expect_fault("rules:\n- {collection: order, keep: 7y}\n", "reason");
	expect_fault("rules:\n- {collection: order, keep: 7y, then: anonymise, reason: x}\n",
		"'anonymise' and 'aggregate' go together: say what is to stay");
	expect_fault("rules:\n- {collection: profile, keep: 1y, reason: x}\n"
		     "- {collection: contact, keep: 3y, reason: x}\n",
		"retention.yaml:3: keep: counts from a date in 'profile', which is kept shorter: line 2");
	expect_fault("minimums:\n- {collection: ordr, keep: 7y, citation: x}\n",
		"schema.yaml has no collection 'ordr'");
}

static void the_longest_minimum_of_a_collection_counts(void **state)
{
	struct read r;

	(void)state;
	read_rules(&r, SCHEMA, "rules:\n- {collection: order, keep: 2y, reason: x}\n"
		       "minimums:\n- {collection: order, keep: 8y, citation: HGB}\n"
		       "- {collection: order, keep: 400d, citation: another}\n");
	assert_int_equal(r.faults.n, 0);
	assert_string_equal(retention_minimum(&r.rules, "order", "default")->citation, "HGB");
	assert_null(retention_minimum(&r.rules, "visit", "default"));
	assert_non_null(retention_find(&r.rules, "order", "default"));
	assert_null(retention_find(&r.rules, "visit", "default"));
	read_done(&r);
}

#define CLASS "classes:\n- {class: invoice, collection: order, field: kind, words: [sale]}\n"

static void a_class_that_cannot_be_told_is_a_fault(void **state)
{
	(void)state;
	expect_fault("classes:\n- {class: a, collection: order, field: note, words: [sale]}\n",
		"retention.yaml:2: field: 'order' has no field 'note' of type word");
	expect_fault("classes:\n- {class: a, collection: order, field: kind, words: [loan]}\n",
		"'loan' is no word of 'kind'");
	expect_fault("classes:\n- {class: a, collection: profile, field: kind, words: [sale]}\n",
		"'profile' has no cohorts");
	expect_fault("classes:\n- {class: default, collection: order, field: kind, words: [sale]}\n",
		"'default' is what is of none");
	expect_fault(CLASS "- {class: invoice, collection: order, field: kind, words: [gift]}\n",
		"retention.yaml:3: class: 'invoice' stands here twice");
	expect_fault(CLASS "rules:\n- {collection: order, class: invoce, keep: 7y, reason: x}\n",
		"'order' has no class 'invoce'");
	expect_fault(CLASS "minimums:\n- {collection: order, class: gift, keep: 7y, citation: x}\n",
		"'order' has no class 'gift'");
}

static void each_class_has_its_rule_and_the_later_counts(void **state)
{
	struct read r;
	const struct retention_class *c;

	(void)state;
	read_rules(&r, SCHEMA, CLASS "rules:\n- {collection: order, keep: 1y, reason: x}\n"
			     "- {collection: order, class: invoice, keep: 2y, reason: x}\n"
			     "minimums:\n- {collection: order, class: invoice, keep: 8y, citation: HGB}\n"
			     "- {collection: order, keep: 30d, citation: all}\n");
	assert_int_equal(r.faults.n, 0);
	c = retention_next_class(&r.rules, "order", NULL);
	assert_non_null(c);
	assert_true(retention_class_takes(c, "sale", 4));
	assert_false(retention_class_takes(c, "gift", 4));
	assert_string_equal(retention_class_key(&r.rules, "order", 0), "default");
	assert_string_equal(retention_class_key(&r.rules, "order", 1), "invoice");
	assert_null(retention_class_key(&r.rules, "order", 2));
	assert_int_equal(retention_find(&r.rules, "order", "invoice")->keep.n, 2);
	assert_string_equal(retention_minimum(&r.rules, "order", "invoice")->citation, "HGB");
	assert_string_equal(retention_minimum(&r.rules, "order", "default")->citation, "all");
	assert_string_equal(retention_later_class(&r.rules, "order", "default", "invoice"), "invoice");
	assert_string_equal(retention_later_class(&r.rules, "order", "invoice", "default"), "invoice");
	assert_string_equal(retention_later_class(&r.rules, "order", "gone", "default"), "default");
	read_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_day_is_over_once_whole_days_have_passed_since_its_end),
		cmocka_unit_test(years_are_counted_by_the_calendar),
		cmocka_unit_test(
			the_day_on_which_something_is_over_is_the_first_that_says_so),
		cmocka_unit_test(a_rule_that_cannot_be_kept_is_a_fault),
		cmocka_unit_test(a_class_that_cannot_be_told_is_a_fault),
		cmocka_unit_test(each_class_has_its_rule_and_the_later_counts),
		cmocka_unit_test(the_longest_minimum_of_a_collection_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
