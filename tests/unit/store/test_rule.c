#include "check.h"

#include "store/rule.h"

static void must_set(struct rule *r, enum rule_kind kind, const char *const *keys, size_t n)
{
	struct cu_err err = { 0 };

	assert_ok(rule_set(r, kind, keys, n, &err), &err);
}

#define SET(r, kind, ...)                                                     \
	must_set(r, kind, (const char *const[]){ __VA_ARGS__ },               \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void equal_rules_have_one_text_and_one_number(void **state)
{
	struct rule a = { 0 }, b = { 0 };

	(void)state;
	SET(&a, RULE_PURPOSE, "survey", "contract");
	SET(&a, RULE_SOURCE, "partner");
	SET(&a, RULE_OBJECTION, "analytics");
	SET(&b, RULE_SOURCE, "web_shop");
	SET(&b, RULE_OBJECTION, "analytics");
	SET(&b, RULE_PURPOSE, "contract", "survey", "contract");
	SET(&b, RULE_SOURCE, "partner");
	assert_string_equal(a.text, "pcontract\npsurvey\noanalytics\nfpartner\n");
	assert_string_equal(a.text, b.text);
	assert_true(rule_number(&a) == rule_number(&b) && rule_number(&a) > 0);
	assert_true(rule_has(&a, RULE_PURPOSE, "survey") && !rule_has(&a, RULE_OBJECTION, "survey"));
	assert_true(rule_names(&a, RULE_SOURCE) && !rule_names(&a, RULE_KEEP));
}

/* On disk: a change here makes restored rules other ones. */
static void the_number_of_a_text_is_for_ever(void **state)
{
	struct rule r = { 0 };

	(void)state;
	assert_true(rule_number(&r) == 0);
	SET(&r, RULE_KEEP, "30d");
	assert_string_equal(r.text, "k30d\n");
	assert_true(rule_number(&r) == INT64_C(5477308915055247535));
}

static void a_kind_without_keys_goes(void **state)
{
	struct rule r = { 0 };

	(void)state;
	SET(&r, RULE_PURPOSE, "contract");
	SET(&r, RULE_KEEP, "30d");
	must_set(&r, RULE_PURPOSE, NULL, 0);
	assert_string_equal(r.text, "k30d\n");
	must_set(&r, RULE_KEEP, NULL, 0);
	assert_int_equal(r.n, 0);
}

static void what_is_no_key_changes_nothing(void **state)
{
	struct rule r = { 0 };
	struct cu_err err = { 0 };

	(void)state;
	SET(&r, RULE_PURPOSE, "contract");
	assert_fails(rule_set(&r, RULE_ROLE, (const char *const[]){ "Li Na" }, 1, &err), CU_EINVAL,
		&err, "role: expected keys");
	assert_fails(rule_set(&r, RULE_ROLE, (const char *const[]){ "" }, 1, &err), CU_EINVAL, &err,
		"role");
	assert_string_equal(r.text, "pcontract\n");
}

static void only_canonical_texts_are_read_back(void **state)
{
	static const char *const bad[] = { "p", "p\n", "pa", "xa\n", "pb\npa\n", "pa\npa\n",
		"oa\npa\n", "pA\n", "pa\n\n", "\n" };
	struct rule r;
	struct cu_err err = { 0 };

	(void)state;
	assert_ok(rule_parse("pa\npb\noa\n", &r, &err), &err);
	assert_true(rule_has(&r, RULE_PURPOSE, "b"));
	assert_ok(rule_parse("", &r, &err), &err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_fails(rule_parse(bad[i], &r, &err), CU_ECORRUPT, &err, "damaged");
	}
}

static void a_rule_has_an_end(void **state)
{
	char keys[RULE_TEXT_SIZE / 60][64];
	const char *all[RULE_TEXT_SIZE / 60];
	struct rule r = { 0 };
	struct cu_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < RULE_TEXT_SIZE / 60; i++) {
		snprintf(keys[i], sizeof(keys[i]), "%063zu", i);
		all[i] = keys[i];
	}
	assert_fails(rule_set(&r, RULE_PURPOSE, all, RULE_TEXT_SIZE / 60, &err), CU_ELIMIT, &err,
		"over");
	assert_int_equal(r.n, 0);
}

static void assert_widens(bool widens, const char *from, const char *to)
{
	struct rule a, b;
	struct cu_err err = { 0 };

	assert_ok(rule_parse(from, &a, &err), &err);
	assert_ok(rule_parse(to, &b, &err), &err);
	if (rule_widens(&a, &b) != widens) {
		fail_msg("%s%s-- to --\n%s", widens ? "wider:\n" : "not wider:\n", from, to);
	}
}

static void a_rule_widens_what_it_allows_more_of(void **state)
{
	(void)state;
	assert_widens(false, "", "");
	assert_widens(false, "", "pa\noa\nano\nra\nsa\nfa\nca\nk30d\n");
	assert_widens(true, "pa\n", "");
	assert_widens(true, "pa\n", "pa\npb\n");
	assert_widens(false, "pa\npb\n", "pb\n");
	assert_widens(true, "oa\nob\n", "ob\n");
	assert_widens(false, "oa\n", "oa\nob\n");
	assert_widens(true, "ano\n", "ayes\n");
	assert_widens(true, "ano\n", "");
	assert_widens(false, "ayes\n", "ano\n");
	assert_widens(true, "ra\n", "rb\n");
	assert_widens(true, "sa\n", "");
	assert_widens(true, "ca\n", "cb\n");
	assert_widens(true, "pa\noa\n", "pa\nk30d\n");
	assert_widens(false, "k30d\n", "k60d\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_rules_have_one_text_and_one_number),
		cmocka_unit_test(the_number_of_a_text_is_for_ever),
		cmocka_unit_test(a_kind_without_keys_goes),
		cmocka_unit_test(what_is_no_key_changes_nothing),
		cmocka_unit_test(only_canonical_texts_are_read_back),
		cmocka_unit_test(a_rule_has_an_end),
		cmocka_unit_test(a_rule_widens_what_it_allows_more_of),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
