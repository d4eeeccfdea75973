/* test_help.c: help is made from the table, for every command, and fits on a screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"
#include "wire/arg.h"
#include "wire/help.h"

static void assert_fits(const char *text)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		if (n > 80) {
			print_error("%.*s\n", (int)n, line);
		}
		assert_true(n <= 80);
		assert_true(n == 0 || line[n - 1] != ' ');
		line += n + (line[n] == '\n');
	}
}

static void the_usage_line_shows_every_argument(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	help_usage(command_at(COMMAND_SUBJECT_GET), &b);
	assert_string_equal(buf_cstr(&b),
		"custosctl subject get SUBJECT --purpose=PURPOSE [--collection=COLLECTION ...] "
		"[--field=FIELD ...]");

	buf_clear(&b);
	help_usage(command_at(COMMAND_SUBJECT_SEARCH), &b);
	assert_string_equal(buf_cstr(&b),
		"custosctl subject search BY [--scheme=SCHEME] --purpose=PURPOSE");

	buf_clear(&b);
	help_usage(command_at(COMMAND_ERASE), &b);
	assert_string_equal(buf_cstr(&b),
		"custosctl erase SUBJECT --purpose=PURPOSE [--collection=COLLECTION ...] "
		"[--record=RECORD] [--now] [--wait] [--dry-run] [--request=ID]");
	buf_done(&b);
}

static void every_exit_status_is_listed(void **state)
{
	static const char *const exit_words[] = { "exit" };
	struct buf b = BUF_INIT;
	char line[64];

	(void)state;
	assert_int_equal(help_topic(1, exit_words, &b, NULL), 0);
	assert_fits(buf_cstr(&b));
#define X(code, wire, status, meaning)                                   \
	snprintf(line, sizeof(line), "  %d  %-14s ", status, wire);      \
	assert_non_null(strstr(buf_cstr(&b), line));
	CU_CODES(X)
#undef X
	buf_done(&b);
}

static void every_command_is_explained_with_all_its_arguments(void **state)
{
	(void)state;
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = command_at((enum command_id)id);
		struct arg_spec spec;
		struct buf b = BUF_INIT;
		const char *text;

		help_command(c, &b);
		text = buf_cstr(&b);

		assert_int_equal(strncmp(text, "custosctl ", 10), 0);
		assert_int_equal(strncmp(text + 10, c->words, strlen(c->words)), 0);
		assert_non_null(strstr(text, "--json"));
		assert_fits(text);
		assert_int_equal(arg_spec_parse(c->arguments, &spec, NULL), 0);
		for (size_t i = 0; i < spec.n; i++) {
			char label[ARG_LABEL_SIZE], line[ARG_LABEL_SIZE + 4];

			if (arg_is_input(spec.args[i].type)) {
				snprintf(line, sizeof(line), "\n  (%s)", spec.args[i].name);
			} else {
				snprintf(line, sizeof(line), "\n  %s", arg_label(&spec.args[i], label));
			}
			assert_non_null(strstr(text, line));
		}
		buf_done(&b);
	}
}

static void the_overview_lists_every_command_under_its_family(void **state)
{
	struct buf b = BUF_INIT;
	const char *text;

	(void)state;
	help_overview(&b);
	text = buf_cstr(&b);

	assert_fits(text);
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		char line[64];

		snprintf(line, sizeof(line), "\n  %s ", command_at((enum command_id)id)->words);
		assert_non_null(strstr(text, line));
	}
	for (size_t i = 0; command_family_at(i); i++) {
		const char *title = strstr(text, command_family_at(i)->title), *first;
		char line[64];

		assert_non_null(title);
		snprintf(line, sizeof(line), "\n  %s ", command_family_at(i)->word);
		first = strstr(text, line);
		assert_ptr_equal(first, title + strlen(command_family_at(i)->title));
	}
	buf_done(&b);
}

static void a_command_that_is_a_family_too_is_explained_with_it(void **state)
{
	const char *erase[] = { "erase" };
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(help_topic(1, erase, &b, NULL), 0);
	assert_non_null(strstr(buf_cstr(&b), "custosctl erase SUBJECT"));
	assert_non_null(strstr(buf_cstr(&b), "  erase cancel"));
	assert_fits(buf_cstr(&b));
	buf_done(&b);
}

static void topics_are_found_or_suggested(void **state)
{
	const char *backup[] = { "backup" }, *run[] = { "backup", "run" }, *bad[] = { "bakcup" };
	struct buf b = BUF_INIT;
	struct cu_err err;

	(void)state;
	assert_int_equal(help_topic(1, backup, &b, NULL), 0);
	assert_non_null(strstr(buf_cstr(&b), "  backup check"));
	assert_null(strstr(buf_cstr(&b), "  log show"));
	assert_fits(buf_cstr(&b));

	buf_clear(&b);
	assert_int_equal(help_topic(2, run, &b, NULL), 0);
	assert_int_equal(strncmp(buf_cstr(&b), "custosctl backup run ", 21), 0);

	buf_clear(&b);
	assert_int_equal(help_topic(0, NULL, &b, NULL), 0);
	assert_non_null(strstr(buf_cstr(&b), "  log show"));

	assert_int_equal(help_topic(1, bad, &b, &err), CU_EINVAL);
	assert_string_equal(err.msg, "no command 'bakcup'; did you mean 'backup'?");
	buf_done(&b);
}

/* Chinese has no blanks at which a line could end. */
static void in_chinese_it_fits_too_and_no_line_begins_with_a_mark(void **state)
{
	static const char *const marks[] = { "，", "。", "；", "：", "、", "）", "”" };

	(void)state;
	(void)intl_use(INTL_ZH);
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		struct buf b = BUF_INIT;

		help_command(command_at((enum command_id)id), &b);
		for (const char *line = buf_cstr(&b); *line;) {
			size_t n = strcspn(line, "\n");

			assert_in_range(text_width(line, n), 0, 80);
			for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
				assert_int_not_equal(strncmp(line + strspn(line, " "), marks[i], 3), 0);
			}
			line += n + (line[n] == '\n');
		}
		buf_done(&b);
	}
	(void)intl_use(INTL_EN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usage_line_shows_every_argument),
		cmocka_unit_test(every_exit_status_is_listed),
		cmocka_unit_test(every_command_is_explained_with_all_its_arguments),
		cmocka_unit_test(the_overview_lists_every_command_under_its_family),
		cmocka_unit_test(a_command_that_is_a_family_too_is_explained_with_it),
		cmocka_unit_test(in_chinese_it_fits_too_and_no_line_begins_with_a_mark),
		cmocka_unit_test(topics_are_found_or_suggested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
