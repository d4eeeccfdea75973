#include "policy/aggregate.h"

#include "base/buf.h"
#include "retention_help.h"

#define SCHEMA                                                                          \
	"collections:\n"                                                                \
	"- {collection: order, category: user, level: internal, anchor: event,"         \
	" anchor_field: date, cohort: month, fields: [{field: date, type: date, required: yes},"       \
	" {field: amount, type: decimal}, {field: country, type: text}, {field: gift, type: boolean}," \
	" {field: status, type: word, words: [placed, paid]}, {field: mail, type: email},"             \
	" {field: note, type: text}]}\n"

static void read_one(struct read *r, const char *aggregate)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"rules:\n- {collection: order, keep: 1y, reason: x, then: anonymise, aggregate: [\n   %s]}\n",
		aggregate);
	read_rules(r, SCHEMA, text);
}

static void expect_fault(const char *aggregate, const char *fault)
{
	struct read r;

	read_one(&r, aggregate);
	assert_int_equal(r.faults.n, 1);
	if (!strstr(r.faults.text[0], fault)) {
		fail_msg("no '%s' in: %s", fault, r.faults.text[0]);
	}
	read_done(&r);
}

static void what_singles_somebody_out_is_refused(void **state)
{
	(void)state;
	expect_fault("{field: mail, as: value}", "retention.yaml:3: mail: singles somebody out");
	expect_fault("{field: mail, as: value, words: [a]}", "singles somebody out");
	expect_fault("{field: note, as: value}", "list the 'words'");
	expect_fault("{field: date, as: value}", "as 'month' or 'year'");
	expect_fault("{field: amount, as: value}", "as 'band' or 'sum'");
	expect_fault("{field: amount, as: band}", "needs a 'width'");
	expect_fault("{field: note, as: month}", "of a date only");
	expect_fault("{field: note, as: sum}", "of a number only");
	expect_fault("{field: colour, as: value}", "'order' has no field 'colour'");
	expect_fault("{field: date, as: month}, {field: date, as: year}", "stands here twice");
}

static void expect(const char *aggregate, const char *value, const char *made)
{
	struct buf text = BUF_INIT;
	struct read r;

	read_one(&r, aggregate);
	if (r.faults.n > 0) {
		fail_msg("%s", r.faults.text[0]);
	}
	aggregate_generalise(&r.rules.rules[0].aggregate[0], &r.schema.collections[0], value,
		strlen(value), &text);
	buf_put(&text, "", 1);
	assert_string_equal((const char *)text.p, made);
	buf_done(&text);
	read_done(&r);
}

static void values_become_coarse(void **state)
{
	(void)state;
	expect("{field: date, as: month}", "2019-03-17", "2019-03");
	expect("{field: date, as: year}", "20190317", "2019");
	expect("{field: amount, as: band, width: 50}", "49.99", "0-50");
	expect("{field: amount, as: band, width: 50}", "50", "50-100");
	expect("{field: amount, as: band, width: 50}", "-3", "below-0");
	expect("{field: amount, as: band, width: 50}", "99999999999999999999", "other");
	expect("{field: status, as: value}", "paid", "paid");
	expect("{field: status, as: value, words: [placed]}", "paid", "other");
	expect("{field: country, as: value, words: [de, fr]}", " DE ", "de");
	expect("{field: country, as: value, words: [de, fr]}", "Germany, of course", "other");
	expect("{field: country, as: value, words: [de, fr]}", "", "none");
	expect("{field: gift, as: value}", "true", "yes");
	expect("{field: gift, as: value}", "0", "no");
}

static void decimals_are_numbers_of_ten_thousandths(void **state)
{
	static const struct {
		const char *text;
		int64_t n;
	} good[] = { { "12.34", 123400 }, { "-0.5", -5000 }, { "+7", 70000 }, { ".25", 2500 },
		{ "1.23456", 12345 }, { "0", 0 } };
	static const char *const bad[] = { "", "-", "1,5", "1.2.3", "12a", "123456789012345678" };
	int64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(aggregate_number(good[i].text, strlen(good[i].text), &n));
		assert_int_equal(n, good[i].n);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(aggregate_number(bad[i], strlen(bad[i]), &n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_singles_somebody_out_is_refused),
		cmocka_unit_test(values_become_coarse),
		cmocka_unit_test(decimals_are_numbers_of_ten_thousandths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
