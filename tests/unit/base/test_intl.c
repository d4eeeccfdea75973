/* Texts in the language of whoever reads them. */
#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"

static int in_english(void **state)
{
	(void)state;
	(void)intl_use(INTL_EN);
	return 0;
}

static void a_text_is_in_the_threads_language(void **state)
{
	(void)state;
	assert_string_equal(_("There are no requests."), "There are no requests.");
	assert_int_equal(intl_use(INTL_ZH), INTL_EN);
	assert_string_equal(_("There are no requests."), "没有请求。");
	assert_int_equal(intl_use(INTL_EN), INTL_ZH);
	assert_string_equal(_("There are no requests."), "There are no requests.");
}

static void what_no_catalogue_has_stays_as_it_is(void **state)
{
	(void)state;
	(void)intl_use(INTL_ZH);
	assert_string_equal(_("no such text"), "no such text");
	assert_string_equal(_(""), "");
	assert_string_equal(intl_word("no_such_word"), "no_such_word");
}

static void a_format_keeps_its_places(void **state)
{
	char text[200];

	(void)state;
	(void)intl_use(INTL_ZH);
	snprintf(text, sizeof(text), _("%s: LATE by %ld days"), "2026-11-21", 3L);
	assert_string_equal(text, "2026-11-21：已逾期 3 天");
}

static void an_error_is_said_in_the_threads_language(void **state)
{
	struct cu_err err;

	(void)state;
	(void)intl_use(INTL_ZH);
	assert_int_equal(cu_err_set(&err, CU_EINVAL, "%s is no text in UTF-8", "letter.txt"), CU_EINVAL);
	assert_string_equal(err.msg, "letter.txt 不是 UTF-8 文本");
}

static void what_does_not_fit_ends_behind_a_whole_character(void **state)
{
	char name[3 * 200 + 3];
	struct cu_err err;

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(name, 'a', shift);
		for (size_t i = 0; i < 200; i++) {
			memcpy(name + shift + 3 * i, "名", 3);
		}
		name[shift + 600] = '\0';
		(void)cu_err_set(&err, CU_EINVAL, "%s", name);
		assert_in_range(strlen(err.msg), sizeof(err.msg) - 4, sizeof(err.msg) - 1);
		assert_true(text_is_utf8(err.msg, strlen(err.msg)));
		(void)cu_err_wrap(&err, CU_EINVAL, "x");
		assert_true(text_is_utf8(err.msg, strlen(err.msg)));
	}
}

static void *look(void *ret)
{
	*(enum intl_language *)ret = intl_language();
	return NULL;
}

static void another_thread_speaks_english(void **state)
{
	enum intl_language there = INTL_ZH;
	pthread_t thread;

	(void)state;
	(void)intl_use(INTL_ZH);
	assert_int_equal(pthread_create(&thread, NULL, look, &there), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(there, INTL_EN);
}

static void the_environment_asks_for_a_language_as_gettext_reads_it(void **state)
{
	static const struct {
		const char *all, *messages, *lang, *list;
		enum intl_language want;
	} cases[] = {
		{ NULL, NULL, NULL, NULL, INTL_EN },
		{ NULL, NULL, "zh_CN.UTF-8", NULL, INTL_ZH },
		{ NULL, NULL, "zh_CN.utf8", NULL, INTL_ZH },
		{ NULL, NULL, "zh_CN", NULL, INTL_ZH },
		{ NULL, NULL, "zh_CN.GB18030", NULL, INTL_EN }, /* the terminal shows no UTF-8 */
		{ NULL, NULL, "zh_TW.UTF-8", NULL, INTL_EN },
		{ NULL, NULL, "de_DE.UTF-8", NULL, INTL_EN },
		{ NULL, "zh_CN.UTF-8", "de_DE.UTF-8", NULL, INTL_ZH },
		{ "en_US.UTF-8", "zh_CN.UTF-8", "zh_CN.UTF-8", NULL, INTL_EN },
		{ NULL, NULL, "C.UTF-8", "zh_CN", INTL_ZH },
		{ NULL, NULL, "de_DE.UTF-8", "fr:zh_CN:en", INTL_ZH },
		{ NULL, NULL, "zh_CN.UTF-8", "en:zh", INTL_EN },
		{ NULL, NULL, "C", "zh_CN", INTL_EN }, /* scripts are not spoken to in Chinese */
		{ "POSIX", NULL, "zh_CN.UTF-8", "zh_CN", INTL_EN },
	};
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *values[] = { cases[i].all, cases[i].messages, cases[i].lang, cases[i].list };

		for (size_t k = 0; k < 4; k++) {
			values[k] ? setenv(names[k], values[k], 1) : unsetenv(names[k]);
		}
		setlocale(LC_ALL, "C"); /* as where a locale was not generated */
		setlocale(LC_ALL, "");
		if (intl_of_environment() != cases[i].want) {
			fail_msg("case %zu", i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_text_is_in_the_threads_language, in_english),
		cmocka_unit_test_teardown(what_no_catalogue_has_stays_as_it_is, in_english),
		cmocka_unit_test_teardown(a_format_keeps_its_places, in_english),
		cmocka_unit_test_teardown(an_error_is_said_in_the_threads_language, in_english),
		cmocka_unit_test_teardown(what_does_not_fit_ends_behind_a_whole_character, in_english),
		cmocka_unit_test_teardown(another_thread_speaks_english, in_english),
		cmocka_unit_test(the_environment_asks_for_a_language_as_gettext_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
