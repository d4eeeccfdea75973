/* How custosctl behaves on a terminal: width, colour, the pager, questions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "stage.h"
#include "terminal.h"

static void expect(const char *text, const char *what)
{
	if (!strstr(text, what)) {
		fail_msg("no '%s' in:\n%s", what, text);
	}
}

/* --- width and colour ------------------------------------------------------------------ */

static void assert_lines_fit(const char *text, size_t columns)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		assert_in_range(text_width(text, (size_t)(end - text) - (end > text && end[-1] == '\r')), 0, columns);
	}
}

static void a_table_fits_into_the_terminal_and_is_whole_in_a_pipe(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 64, "NO_COLOR=1", "status");
	const char *table;

	assert_int_equal(terminal_end(&t), 0);
	table = strstr(t.shown, "TARGET");
	assert_non_null(table);
	*strstr(table, "\r\n\r\n") = '\0';
	expect(table, "…");
	assert_lines_fit(table, 64);
	terminal_done(&t);

	t = terminal_run(st, AS_ADMIN, 300, NULL, "status");
	assert_int_equal(terminal_end(&t), 0);
	expect(t.shown, st->repo);
	terminal_done(&t);

	stage_ctl(st, AS_ADMIN, "status");
	expect(st->last.out, st->repo);
	assert_null(strstr(st->last.out, "…"));
}

static void ids_are_never_cut(void **state)
{
	struct stage *st = *state;
	struct terminal t;
	char id[33];

	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]", id);
	stage_ctl_text(st, AS_PRIVACY, "A lawsuit.\n", "hold", "place", id, "--review=2030-01-01");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "--json", "hold", "list");
	stage_expect(st, 0);
	snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(
		json_array_get(json_object_get(stage_reply(st), "holds"), 0), "hold")));
	t = terminal_run(st, AS_PRIVACY, 40, NULL, "hold", "list");
	assert_int_equal(terminal_end(&t), 0);
	expect(t.shown, id);
	terminal_done(&t);
}

static void colour_can_be_asked_for_and_forbidden(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 100, NULL, "status", "--color=never");

	assert_int_equal(terminal_end(&t), 0);
	assert_null(strchr(t.shown, '\033'));
	terminal_done(&t);
	stage_ctl(st, AS_ADMIN, "status", "--color=always");
	expect(st->last.out, "\033[");
	stage_ctl(st, AS_ADMIN, "status", "--color=sometimes");
	stage_expect(st, 64);
}

/* --- the pager ------------------------------------------------------------------------- */

static void long_answers_go_through_the_pager_of_whoever_looks(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 100, "CUSTOS_PAGER=sed s/^/PAGED:/", "job", "list");

	assert_int_equal(terminal_end(&t), 0);
	expect(t.shown, "PAGED:JOB");
	terminal_done(&t);

	t = terminal_run(st, AS_ADMIN, 100, "CUSTOS_PAGER=sed s/^/PAGED:/", "job", "list", "--no-pager");
	assert_int_equal(terminal_end(&t), 0);
	assert_null(strstr(t.shown, "PAGED:"));
	terminal_done(&t);

	t = terminal_run(st, AS_ADMIN, 100, "CUSTOS_PAGER=sed s/^/PAGED:/", "job", "list", "--json");
	assert_int_equal(terminal_end(&t), 0);
	assert_null(strstr(t.shown, "PAGED:"));
	terminal_done(&t);
}

static void who_leaves_the_pager_early_has_done_nothing_wrong(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 100, "CUSTOS_PAGER=head -n 1", "help");

	assert_int_equal(terminal_end(&t), 0);
	assert_null(strstr(t.shown, "could not be written"));
	terminal_done(&t);
}

static void where_there_is_no_pager_it_is_shown_all_the_same(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 100, "PATH=/nowhere", "job", "list");

	assert_int_equal(terminal_end(&t), 0);
	expect(t.shown, "JOB");
	terminal_done(&t);
}

/* --- questions ------------------------------------------------------------------------- */

static void each_command_that_destroys_states_its_effect_and_heeds_a_no(void **state)
{
	struct stage *st = *state;
	static const struct {
		enum who who;
		const char *words[6], *effect, *nothing;
	} all[] = {
		{ AS_ADMIN, { "seal" }, "refused until 'custosctl unseal'", "the store stays open" },
		{ AS_ADMIN, { "key", "rotate" }, "opens the store any more", "the key stays as it is" },
		{ AS_ADMIN, { "key", "remove", "file" }, "only the identity and a backup", "nothing was removed" },
		{ AS_ADMIN, { "backup", "prune" }, "Old copies of the keys", "nothing was deleted" },
		{ AS_ADMIN, { "message", "drop", "x" }, "is never sent", "the message stays" },
		{ AS_PRIVACY, { "hold", "release", "x" }, "Neither can be undone", "the hold stays" },
		{ AS_PRIVACY, { "retention", "run" }, "no backup of any age gives it back", "nothing was ended" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct terminal t = terminal_start(st, all[i].who, 300, NULL, all[i].words);

		terminal_wait(&t, "Type 'yes': ");
		expect(t.shown, all[i].effect);
		terminal_type(&t, "no\n");
		assert_int_not_equal(terminal_end(&t), 0);
		expect(t.shown, all[i].nothing);
		terminal_done(&t);
	}
	stage_ctl(st, AS_ADMIN, "--json", "status");
	assert_string_equal(stage_reply_text(st, "state"), "running");
}

static void a_yes_or_an_option_that_says_so_does_it(void **state)
{
	struct stage *st = *state;
	struct terminal t = terminal_run(st, AS_ADMIN, 100, NULL, "seal");

	terminal_wait(&t, "Type 'yes': ");
	terminal_type(&t, "yes\n");
	assert_int_equal(terminal_end(&t), 0);
	terminal_done(&t);
	stage_ctl(st, AS_ADMIN, "--json", "status");
	assert_string_equal(stage_reply_text(st, "state"), "sealed");
	stage_ctl(st, AS_ADMIN, "unseal", "--key=file");
	stage_expect(st, 0);
	t = terminal_run(st, AS_ADMIN, 100, NULL, "seal", "--yes");
	assert_int_equal(terminal_end(&t), 0);
	assert_null(strstr(t.shown, "Type"));
	terminal_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(a_table_fits_into_the_terminal_and_is_whole_in_a_pipe),
		T(ids_are_never_cut),
		T(colour_can_be_asked_for_and_forbidden),
		T(long_answers_go_through_the_pager_of_whoever_looks),
		T(who_leaves_the_pager_early_has_done_nothing_wrong),
		T(where_there_is_no_pager_it_is_shown_all_the_same),
		T(each_command_that_destroys_states_its_effect_and_heeds_a_no),
		T(a_yes_or_an_option_that_says_so_does_it),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_terminal", tests, NULL, NULL);
}
