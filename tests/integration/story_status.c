/* What an administrator sees: status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"
#include "terminal.h"

#define PASSPHRASE "correct horse battery staple\n"
#define RECORDS    "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]"

static void expect(const char *text, const char *what)
{
	if (!strstr(text, what)) {
		fail_msg("no '%s' in:\n%s", what, text);
	}
}

static void expect_first(const char *text, const char *what)
{
	if (strncmp(text, what, strlen(what)) != 0) {
		fail_msg("'%s' is not first in:\n%s", what, text);
	}
}

static const json_t *status(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "status", "--json");
	stage_expect(st, 0);
	return stage_reply(st);
}

static const char *show(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "status");
	stage_expect(st, 0);
	return st->last.out;
}

static int64_t number(const json_t *object, const char *name)
{
	return (int64_t)json_integer_value(json_object_get(object, name));
}

/* Every command that is named can be asked for help, so it exists. */
static void expect_commands(struct stage *st)
{
	json_t *all = json_incref(json_object_get(status(st), "attention")), *e;
	char words[3][64];
	size_t i;

	assert_true(json_array_size(all) > 0);
	json_array_foreach(all, i, e) {
		const char *command = json_string_value(json_object_get(e, "command"));
		int n;

		assert_non_null(command);
		n = sscanf(command, "%63s %63s", words[0], words[1]);
		stage_ctl(st, AS_ADMIN, "help", words[0], n > 1 && *words[1] != '-' ? words[1] : NULL);
		stage_expect(st, 0);
	}
	json_decref(all);
}

/* --- first things first ------------------------------------------------------------ */

static void before_there_is_a_store_it_says_how_to_make_one(void **state)
{
	struct stage *st = *state;

	stage_start(st);
	expect(show(st), "! There is no store yet.\n    custosctl init identity.txt\n");
	expect(st->last.out, "uninitialised");
}

static void a_sealed_store_says_how_to_open_it(void **state)
{
	struct stage *st = *state;

	stage_start(st);
	stage_ctl_text(st, AS_ADMIN, PASSPHRASE, "init", st->identity, "--key=passphrase");
	stage_expect(st, 0);
	stage_stop(st);
	stage_start(st);
	expect_first(show(st), "! The store is sealed");
	expect(st->last.out, "    custosctl unseal\n");
	assert_null(strstr(st->last.out, "Nothing needs a person"));
	assert_string_equal(json_string_value(json_object_get(
		json_array_get(json_object_get(status(st), "attention"), 0), "kind")), "sealed");
}

static void where_nothing_needs_a_person_it_says_so(void **state)
{
	struct stage *st = *state;

	expect_first(show(st), "Nothing needs a person.\n");
	expect(st->last.out, "none: nothing was backed up yet");
	expect(st->last.out, "none is open");
}

/* --- figures ------------------------------------------------------------------------ */

static void what_is_open_is_counted_and_the_next_day_is_named(void **state)
{
	struct stage *st = *state;
	const json_t *r;
	char id[33];

	stage_ctl_text(st, AS_PRIVACY, "Please.\n", "request", "open", "access", "--received=2026-01-05",
		"--law=gdpr", "--channel=letter");
	stage_expect(st, 0);
	stage_add_person(st, RECORDS, id);
	stage_policy(st, "erasure.yaml", "grace: 3d\n");
	stage_stop(st);
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "erase", id, "--purpose=erasure_request", "--yes");
	r = status(st);
	assert_int_equal(number(r, "subjects"), 1);
	assert_int_equal(number(json_object_get(r, "requests"), "open"), 1);
	assert_int_equal(number(json_object_get(r, "requests"), "next"), 1);
	assert_string_equal(json_string_value(json_object_get(json_object_get(r, "requests"), "due")), "2026-02-05");
	assert_int_equal(number(json_object_get(r, "erasures"), "cooling_off"), 1);
	assert_true(number(json_object_get(r, "erasures"), "next_ms") > number(r, "now_ms"));
	expect(show(st), "in their grace period: 1");
	expect(st->last.out, "LATE: 1; request 1 was due 2026-02-05");
	expect(st->last.out, "! Data subject's request 1 is late by ");
	expect(st->last.out, " days.\n    custosctl request next 1\n");
}

static void backups_and_jobs_have_ages_for_each_target(void **state)
{
	struct stage *st = *state;
	const json_t *t;

	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "drill", "run");
	stage_expect(st, 0);
	t = json_array_get(json_object_get(status(st), "targets"), 0);
	assert_true(number(t, "data_ms") > 0 && number(t, "mirrored_ms") > 0);
	assert_true(number(t, "last_drill_ms") > 0);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "jobs")), 6);
	expect(show(st), "TARGET");
	expect(st->last.out, " s ago");
	expect(st->last.out, "No backup at target local was restored within 90 days.\n"
			     "    custosctl drill run --target=local --identity=FILE\n");
	expect_commands(st);
}

/* --- a terminal ---------------------------------------------------------------------- */

static void colour_is_for_terminals_and_never_against_a_wish(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 100, NULL, "status");

	assert_int_equal(terminal_end(&t), 0);
	expect(t.shown, "\033[32mNothing needs a person.");
	terminal_done(&t);

	t = terminal_run(st, AS_ADMIN, 100, "NO_COLOR=1", "status");
	assert_int_equal(terminal_end(&t), 0);
	expect(t.shown, "Nothing needs a person.");
	assert_null(strchr(t.shown, '\033'));
	terminal_done(&t);
	assert_null(strchr(show(st), '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f)    cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
#define BARE(f) cmocka_unit_test_setup_teardown(f, stage_up_bare, stage_down)
		BARE(before_there_is_a_store_it_says_how_to_make_one),
		BARE(a_sealed_store_says_how_to_open_it),
		T(where_nothing_needs_a_person_it_says_so),
		T(what_is_open_is_counted_and_the_next_day_is_named),
		T(backups_and_jobs_have_ages_for_each_target),
		T(colour_is_for_terminals_and_never_against_a_wish),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_status", tests, NULL, NULL);
}
