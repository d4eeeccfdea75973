/* test_complete.c: what may come next on a line follows from the table of commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ctl/complete.h"

static struct buf out;
static const char *asked, *asked_socket;

static void ask(struct completion *c, const struct command *command, const struct arg *arg,
	const char *socket)
{
	(void)command;
	asked = arg->name;
	asked_socket = socket;
	complete_value(c, "local", "a\ttab\x1b[2J");
	complete_value(c, "local", "a\ttab\x1b[2J");
	complete_value(c, "lo cal", NULL);
	complete_value(c, "lo$(id)", NULL);
	complete_value(c, "lo\x1b[2J", NULL);
	complete_value(c, "--now", NULL);
	complete_value(c, "", NULL);
	complete_value(c, "remote", NULL);
}

static const char *of(size_t n, const char *const words[])
{
	struct completion c = { .to = &out, .ask = ask };

	asked = asked_socket = NULL;
	buf_clear(&out);
	complete_words(&c, n, words);
	return buf_cstr(&out);
}

#define OF(...)                                                         \
	of(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), \
		(const char *const[]){ __VA_ARGS__ })

/* Is this a candidate of what OF gave last? */
static bool has(const char *candidate)
{
	size_t n = strlen(candidate);

	for (const char *at = buf_cstr(&out); *at; at += strcspn(at, "\n") + 1) {
		if (strncmp(at, candidate, n) == 0 && (at[n] == '\t' || at[n] == '\n')) {
			return true;
		}
	}
	return false;
}

static void every_command_is_found_word_by_word(void **state)
{
	(void)state;
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const char *words = command_at((enum command_id)id)->words;
		const char *blank = strchr(words, ' ');
		char first[COMMAND_OPERATION_SIZE];

		snprintf(first, sizeof(first), "%.*s", (int)strcspn(words, " "), words);
		OF("");
		assert_true(has(first));
		OF(first);
		assert_true(has(first));
		if (blank) {
			OF(first, "");
			assert_true(has(blank + 1));
			OF("--json", "--socket", "x", first, blank + 1);
			assert_true(has(blank + 1));
		}
	}
	assert_false(has("complete"));
}

static void options_are_those_of_the_command_and_not_twice(void **state)
{
	(void)state;
	OF("backup", "run", "--");
	assert_true(has("--target="));
	assert_true(has("--json"));
	assert_false(has("--dry-run"));
	OF("backup", "prune", "--target=local", "--");
	assert_false(has("--target="));
	assert_true(has("--dry-run"));
	OF("subject", "get", "x", "--collection=a", "--coll");
	assert_true(has("--collection=")); /* may be repeated */
	OF("backup", "run", "");
	assert_true(has("--target="));
}

static void a_lone_dash_begins_each_option(void **state)
{
	(void)state;
	OF("duty", "list", "-");
	assert_true(has("--all"));

	OF("duty", "list", "-=x");
	assert_string_equal(buf_cstr(&out), "");
}

static void words_of_an_argument_are_offered_where_it_stands(void **state)
{
	(void)state;
	assert_string_equal(OF("job", "show", "ba"), "backup\n");
	assert_string_equal(OF("request", "open", "--law=gdpr", "acc"), "access\n");
	assert_string_equal(OF("request", "open", "access", "--channel=ph"), "--channel=phone\n");
	assert_string_equal(OF("request", "open", "access", "--channel", "ph"), "phone\n");
	assert_string_equal(OF("subject", "search", "e"), "email\nexternal-id\n");
}

static void a_path_is_left_to_the_shell(void **state)
{
	(void)state;
	assert_string_equal(OF("import", ""), ":files\n");
	assert_string_equal(OF("import", "x", "--map=m"), ":files\n");
	assert_string_equal(OF("--socket", ""), ":files\n");
}

static void what_custosd_knows_is_asked_and_only_plain_words_are_taken(void **state)
{
	(void)state;
	assert_string_equal(OF("--socket=/s", "backup", "run", "--target=lo"),
		"--target=local\ta\\x09tab\\x1b[2J\n");
	assert_string_equal(asked, "target");
	assert_string_equal(asked_socket, "/s");
	assert_string_equal(OF("backup", "run", "--target", "re"), "remote\n");
	OF("hold", "show", "");
	assert_string_equal(asked, "hold");
	OF("erase", "x", "--purpose=");
	assert_string_equal(asked, "purpose");
}

static void a_command_that_is_a_family_too_has_both(void **state)
{
	(void)state;
	OF("erase", "");
	assert_true(has("list"));
	assert_string_equal(asked, "subject"); /* which no list answers */
	OF("erase", "--");
	assert_true(has("--now"));
}

static void help_takes_the_words_of_commands(void **state)
{
	(void)state;
	assert_string_equal(OF("help", "backup", "ru"), "run\tBack up now.\n");
	OF("help", "");
	assert_true(has("backup"));
	assert_string_equal(OF("help", "backup", "run", ""), "");
}

static void what_is_no_command_has_nothing(void **state)
{
	(void)state;
	assert_string_equal(OF("frobnicate", ""), "");
	assert_string_equal(OF("backup", "frobnicate", ""), "");
	assert_string_equal(OF("backup", "run", "--frobnicate=x"), "");
	assert_string_equal(OF("job", "show", "backup", "x"), "");
	assert_true(strlen(of(0, NULL)) > 0);
}

static int end(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_found_word_by_word),
		cmocka_unit_test(options_are_those_of_the_command_and_not_twice),
		cmocka_unit_test(a_lone_dash_begins_each_option),
		cmocka_unit_test(words_of_an_argument_are_offered_where_it_stands),
		cmocka_unit_test(a_path_is_left_to_the_shell),
		cmocka_unit_test(what_custosd_knows_is_asked_and_only_plain_words_are_taken),
		cmocka_unit_test(a_command_that_is_a_family_too_has_both),
		cmocka_unit_test(help_takes_the_words_of_commands),
		cmocka_unit_test(what_is_no_command_has_nothing),
	};

	return cmocka_run_group_tests_name("test_complete", tests, NULL, end);
}
