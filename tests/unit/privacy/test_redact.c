/* What is known of others is not handed on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/redact.h"
#include "store/record.h"

static int up(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *policy;
	struct cu_err err;

	if (policy_load("policies", &faults, &policy, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	faults_done(&faults);
	*state = policy;
	return 0;
}

static int down(void **state)
{
	policy_unref(*state);
	return 0;
}

static void learn(const struct policy *p, struct redact *r, const char *collection,
	const char *const fields[])
{
	struct record rec = { 0 };
	struct cu_err err;

	snprintf(rec.collection, sizeof(rec.collection), "%s", collection);
	for (size_t i = 0; fields[i]; i += 2) {
		assert_int_equal(record_set(&rec, span_str(fields[i]), span_str(fields[i + 1]), &err), 0);
	}
	assert_int_equal(redact_learn(r, policy_schema(p), &rec, &err), 0);
	redact_order(r);
}
#define LEARN(p, r, collection, ...) \
	learn(p, r, collection, (const char *const[]){ __VA_ARGS__, NULL })

static void expect(const struct redact *r, const struct redact *but, const char *text,
	const char *expected)
{
	struct buf to = BUF_INIT;
	bool is_any = redact_put(r, but, span_str(text), "X", &to);

	assert_string_equal(buf_cstr(&to), expected);
	assert_int_equal(is_any, strcmp(text, expected) != 0);
	buf_done(&to);
}

static void names_are_replaced_wherever_they_stand(void **state)
{
	struct redact r;

	redact_init(&r);
	LEARN(*state, &r, "profile", "given_name", "Robert", "family_name", "Otherman");
	expect(&r, NULL, "Robert Otherman called.", "X called.");
	expect(&r, NULL, "otherman, robert", "X");
	expect(&r, NULL, "ROBERT and Otherman", "X and X");
	expect(&r, NULL, "told Robert's wife", "told X's wife");
	expect(&r, NULL, "", "");
	redact_done(&r);
}

static void marks_of_any_script_may_stand_beside(void **state)
{
	struct redact r;

	redact_init(&r);
	LEARN(*state, &r, "profile", "given_name", "Ada", "family_name", "Byron");
	LEARN(*state, &r, "contact_point", "email", "ada@x.org", "phone", "13812345678");
	expect(&r, NULL, "电话：13812345678，", "电话：X，");
	expect(&r, NULL, "邮箱：ada@x.org。", "邮箱：X。");
	expect(&r, NULL, "he said “Ada Byron”.", "he said “X”.");
	expect(&r, NULL, "Ada’s car — «Ada»", "X’s car — «X»");
	expect(&r, NULL, "（Ada）", "（X）");
	expect(&r, NULL, "with\u00a0Ada 👍Ada", "with\u00a0X 👍X");
	expect(&r, NULL, "Adaª, Adaβ", "Adaª, Adaβ");
	redact_done(&r);
}

static void a_word_inside_a_word_stays(void **state)
{
	struct redact r;

	redact_init(&r);
	LEARN(*state, &r, "profile", "given_name", "Ann", "family_name", "Li");
	expect(&r, NULL, "Anna likes annexes; Annä, too", "Anna likes annexes; Annä, too");
	expect(&r, NULL, "Ann likes Li", "X likes X");
	expect(&r, NULL, "客户Ann说", "客户X说");
	redact_done(&r);
}

static void chinese_names_need_no_blanks(void **state)
{
	struct redact r;

	redact_init(&r);
	LEARN(*state, &r, "profile", "given_name", "小明", "family_name", "王");
	expect(&r, NULL, "昨天王小明来电", "昨天X来电");
	expect(&r, NULL, "小明和王芳", "X和王芳"); /* one letter alone says nothing */
	redact_done(&r);
}

static void addresses_and_numbers_name_somebody_and_labels_do_not(void **state)
{
	struct redact r;

	redact_init(&r);
	LEARN(*state, &r, "contact_point", "label", "home", "email", "Bob@Example.org", "city", "Ulm");
	LEARN(*state, &r, "contact_point", "phone", "+49 711 12", "street", "Am Markt 1");
	LEARN(*state, &r, "identifier", "scheme", "crm", "value", "C-17");
	expect(&r, NULL, "bob@example.org at home in Ulm", "X at home in Ulm");
	expect(&r, NULL, "call +49 711 12, Am Markt 1", "call X, X");
	expect(&r, NULL, "crm C-17, not C-170", "crm X, not C-170");
	redact_done(&r);
}

static void what_is_ones_own_too_stays(void **state)
{
	struct redact r, own;

	redact_init(&r);
	redact_init(&own);
	LEARN(*state, &r, "profile", "given_name", "George", "family_name", "Byron");
	LEARN(*state, &own, "profile", "given_name", "Ada", "family_name", "Byron");
	expect(&r, &own, "George and Ada Byron; George Byron", "X and Ada Byron; X");
	redact_done(&r);
	redact_done(&own);
}

static void what_is_no_text_is_passed_on(void **state)
{
	struct redact r;

	redact_init(&r);
	LEARN(*state, &r, "profile", "full_name", "Bob B.");
	expect(&r, NULL, "\xff\xfe Bob B. \xe7\x8e", "\xff\xfe X \xe7\x8e");
	redact_done(&r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
	const struct CMUnitTest tests[] = {
		T(names_are_replaced_wherever_they_stand),
		T(marks_of_any_script_may_stand_beside),
		T(a_word_inside_a_word_stays),
		T(chinese_names_need_no_blanks),
		T(addresses_and_numbers_name_somebody_and_labels_do_not),
		T(what_is_ones_own_too_stays),
		T(what_is_no_text_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
