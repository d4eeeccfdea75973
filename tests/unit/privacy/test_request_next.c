/* What people are told to do next: something in every state, and nothing that does not exist. */
#include "check.h"

#include <string.h>

#include "base/civil.h"
#include "privacy/request_next.h"
#include "wire/arg.h"
#include "wire/command.h"

static struct row_dsr row_in(unsigned state, enum request_type type)
{
	return (struct row_dsr){ .number = 7, .type = type, .state = state, .subject = { { 1 } },
		.approval = { { 2 } }, .erasure = { { 3 } }, .extension_day = CIVIL_NO_DAY,
		.closed_ms = !request_is_open(state) };
}

static const struct deadline in_ten_days = { .due = 20010, .first_due = 20010, .tell_by = 20010,
	.extended_due = 20070, .refuse_by = 20010, .confirm_by = CIVIL_NO_DAY };

static struct request_step step_of(const struct row_dsr *row)
{
	struct request_facts f = { .row = row, .deadline = &in_ten_days, .today = 20000 };
	struct request_step s;

	request_next(&f, &s);
	return s;
}

/* Up to three words, then options and values. */
static void check_command(const char *command)
{
	char text[REQUEST_COMMAND];
	const char *words[32] = { 0 };
	const struct command *c = NULL;
	struct arg_spec spec;
	size_t n = 0, used = 0;

	/* what is to be filled in is one word */
	snprintf(text, sizeof(text), "%s", command);
	for (char *p = text; (p = strchr(p, '<')) != NULL;) {
		for (; *p != '>'; p++) {
			assert_true(*p != '\0');
			*p = 'x';
		}
		*p = 'x';
	}
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " ")) {
		words[n++] = w;
	}
	if (command_find(n < 2 ? n : 2, words, &c, &used, NULL) < 0) {
		fail_msg("'%s' is no command", command);
	}
	assert_int_equal(arg_spec_parse(c->arguments, &spec, NULL), 0);
	for (size_t i = used; i < n; i++) {
		if (strncmp(words[i], "--", 2) == 0) {
			char name[32];

			snprintf(name, sizeof(name), "%.*s", (int)strcspn(words[i] + 2, "="), words[i] + 2);
			if (!arg_find(&spec, name)) {
				fail_msg("'%s' has no --%s", command, name);
			}
		}
	}
}

static void every_state_says_what_to_do_with_commands_that_exist(void **state)
{
	(void)state;
	for (unsigned s = 1; s < REQUEST_NSTATES_; s++) {
		for (int type = 0; type < NREQUEST_TYPES; type++) {
			struct row_dsr row = row_in(s, (enum request_type)type);
			struct request_step step = step_of(&row);

			assert_true(step.what[0] != '\0');
			assert_true((step.clock[0] != '\0') == request_is_open(s));
			if (step.command[0]) {
				assert_true(request_is_open(s));
				check_command(step.command);
			}
			for (unsigned i = 0; i < step.nchoices; i++) {
				assert_true(step.choices[i].when[0] != '\0');
				check_command(step.choices[i].command);
			}
		}
	}
}

static void the_clock_is_said_in_days(void **state)
{
	struct row_dsr row = row_in(REQ_SCOPING, REQUEST_ACCESS);
	struct deadline late = in_ten_days;
	struct request_facts f = { .row = &row, .deadline = &in_ten_days, .today = 20000 };
	struct request_step s;

	(void)state;
	request_next(&f, &s);
	assert_non_null(strstr(s.clock, "in 10 days"));
	late.due = 19998;
	f.deadline = &late;
	request_next(&f, &s);
	assert_non_null(strstr(s.clock, "LATE"));
	assert_non_null(strstr(s.clock, "2 days ago"));
	f.deadline = NULL; /* nothing is approved while it is not known */
	request_next(&f, &s);
	assert_string_equal(s.command, "request clock 7");
}

static void an_extension_is_offered_while_it_can_be_told(void **state)
{
	struct row_dsr row = row_in(REQ_SCOPING, REQUEST_ACCESS);
	struct request_facts f = { .row = &row, .deadline = &in_ten_days, .today = 20010 };
	struct request_step s;
	bool is_offered = false;

	(void)state;
	request_next(&f, &s);
	for (unsigned i = 0; i < s.nchoices; i++) {
		is_offered |= strstr(s.choices[i].command, "extend") != NULL;
	}
	assert_true(is_offered);
	f.today = 20011;
	request_next(&f, &s);
	for (unsigned i = 0; i < s.nchoices; i++) {
		assert_null(strstr(s.choices[i].command, "extend"));
	}
}

static void who_asked_waits_and_the_other_confirms(void **state)
{
	struct row_dsr row = row_in(REQ_AWAITING_APPROVAL, REQUEST_ERASURE);
	struct request_facts f = { .row = &row, .deadline = &in_ten_days, .today = 20000, .is_own = true };
	struct request_step s;

	(void)state;
	request_next(&f, &s);
	assert_string_equal(s.command, "");
	f.is_own = false;
	request_next(&f, &s);
	assert_string_equal(s.command, "approval grant 02000000000000000000000000000000");
}

static void recipients_are_told_before_it_is_done(void **state)
{
	static const struct {
		unsigned state;
		enum request_type type;
	} cases[] = { { REQ_NEEDS_INPUT, REQUEST_RECTIFICATION }, { REQ_NEEDS_INPUT, REQUEST_RESTRICTION },
		{ REQ_LIVE_DONE, REQUEST_ERASURE }, { REQ_BACKUPS_PENDING, REQUEST_ERASURE } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct row_dsr row = row_in(cases[i].state, cases[i].type);
		struct request_facts f = { .row = &row, .deadline = &in_ten_days, .today = 20000,
			.untold = "carrier" };
		struct request_step s;

		request_next(&f, &s);
		assert_string_equal(s.command, "request letter 7 notice --recipient=carrier");
		check_command(s.command);
		for (unsigned k = 0; k < s.nchoices; k++) {
			check_command(s.choices[k].command);
		}
		f.untold = NULL;
		request_next(&f, &s);
		assert_null(strstr(s.command, "notice"));
	}
}

static void what_a_law_keeps_is_told_and_used_for_nothing_else(void **state)
{
	static const unsigned states[] = { REQ_LIVE_DONE, REQ_BACKUPS_PENDING, REQ_PARTIALLY_FULFILLED };

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct row_dsr row = row_in(states[i], REQUEST_ERASURE);
		struct request_facts f = { .row = &row, .deadline = &in_ten_days, .today = 20000,
			.kept = "transaction" };
		struct request_step s;
		bool is_told = false, is_narrowed = false;

		request_next(&f, &s);
		for (unsigned k = 0; k < s.nchoices; k++) {
			check_command(s.choices[k].command);
			is_told |= strcmp(s.choices[k].command, "request letter 7 refuse") == 0;
			is_narrowed |= strncmp(s.choices[k].command, "record rule ", 12) == 0;
		}
		assert_true(is_told && is_narrowed);
	}
}

static void who_asks_for_another_shows_that_they_may_before_it_is_verified(void **state)
{
	static const struct id codes[] = { { { 0 } }, { { 4 } } };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct row_dsr row = row_in(REQ_IDENTITY_PENDING, REQUEST_ERASURE);
		struct request_step s;

		row.code = codes[i];
		row.asked_ms = 1; /* the state with the most choices */
		s = step_of(&row);
		assert_true(s.nchoices < REQUEST_CHOICES);
		assert_null(strstr(s.command, "authorise"));
		row.acts_as = ROLE_GUARDIAN;
		s = step_of(&row);
		assert_true(s.nchoices < REQUEST_CHOICES);
		assert_non_null(strstr(s.command, "request authorise 7"));
		row.authority = AUTHORITY_REGISTER;
		assert_null(strstr(step_of(&row).command, "authorise"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_says_what_to_do_with_commands_that_exist),
		cmocka_unit_test(the_clock_is_said_in_days),
		cmocka_unit_test(an_extension_is_offered_while_it_can_be_told),
		cmocka_unit_test(recipients_are_told_before_it_is_done),
		cmocka_unit_test(what_a_law_keeps_is_told_and_used_for_nothing_else),
		cmocka_unit_test(who_asked_waits_and_the_other_confirms),
		cmocka_unit_test(who_asks_for_another_shows_that_they_may_before_it_is_verified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
