/*
 * socket: people who mean harm, and what custosd does with them while others go on.
 *
 *	socket [--seconds N | --short]
 *
 * Without a time: a million frames, ten thousand connections.  The short form is for ./dev test.
 * CUSTOS_SEED repeats a run, ONLY takes one sentence.  What needs several users, and so root, says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "socket.h"

static struct play play;
static char played[200]; /* the last line, but for what was wrong */

static int up(void **state)
{
	play_begin(&play);
	*state = &play;
	return 0;
}

static int down(void **state)
{
	struct tally *t = play.tally;

	(void)state;
	play_print(&play);
	printf("%llu frames: %llu answered, %llu not valid, %llu denied, %llu not found, %llu busy, "
	       "%llu against the protocol, %llu no such method, %llu other; %llu connections ended by custosd\n",
		t->frames, t->replies[REPLY_GOOD], t->replies[REPLY_INVALID], t->replies[REPLY_DENIED],
		t->replies[REPLY_NOT_FOUND], t->replies[REPLY_BUSY], t->replies[REPLY_PROTOCOL],
		t->replies[REPLY_SERVICE], t->replies[REPLY_OTHER], t->closed);
	snprintf(played, sizeof(played), "%llu frames, %llu connections (%llu refused), %llu descriptors", t->frames,
		t->connections, t->refused, t->descriptors);
	play_end(&play);
	return 0;
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_call_is_named_or_ends_the_connection),
		cmocka_unit_test(mutated_frames_are_refused_and_nobody_else_notices),
		cmocka_unit_test(slow_callers_hold_up_nobody),
		cmocka_unit_test(one_user_gets_no_more_than_its_share_and_is_told),
		cmocka_unit_test(whoever_is_refused_reads_why),
		cmocka_unit_test(users_without_a_role_share_few_connections),
		cmocka_unit_test(ten_thousand_connections_leave_room_for_others),
		cmocka_unit_test(descriptors_that_nobody_asked_for_are_given_back),
		cmocka_unit_test(descriptors_within_each_other_are_given_back),
		cmocka_unit_test(a_call_holds_no_more_than_its_own_descriptor),
		cmocka_unit_test(strange_files_end_an_import_and_an_export),
		cmocka_unit_test(files_that_never_end_hold_no_call_for_ever),
		cmocka_unit_test(the_overflow_user_is_nobody),
		cmocka_unit_test(a_user_namespace_makes_nobody_somebody_else),
		cmocka_unit_test(credentials_that_are_sent_count_for_nothing),
		cmocka_unit_test(who_connected_counts_and_not_who_calls),
		cmocka_unit_test(a_pid_that_is_another_process_by_now_changes_nothing),
		cmocka_unit_test(namespaces_and_other_paths_lead_to_the_same_rights),
		cmocka_unit_test(there_is_no_abstract_socket),
		cmocka_unit_test(what_lies_in_the_place_of_the_socket_is_not_used),
		cmocka_unit_test(a_role_that_is_taken_away_is_gone_at_the_next_call), /* the last: it is not given back */
	};
	const char *seed = getenv("CUSTOS_SEED");
	int seconds = argc == 3 && strcmp(argv[1], "--seconds") == 0 ? atoi(argv[2]) : 0, nwrong;

	play.is_short = argc == 2 && strcmp(argv[1], "--short") == 0;
	if (argc > 1 && !play.is_short && seconds <= 0) {
		fprintf(stderr, "socket [--seconds N | --short]: '%s': expected one of these, N from 1\n", argv[1]);
		return 64;
	}
	play.seed = play.is_short ? 1 : seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	play.seconds = seconds > 0 ? seconds / 4 + 1 : 0; /* three scenes last as long as they may */
	printf("seed %llu\n", (unsigned long long)play.seed);
	cmocka_set_test_filter(getenv("ONLY"));
	nwrong = cmocka_run_group_tests_name("hostile_socket", tests, up, down);
	printf("%s, %d wrong\n", played, nwrong);
	return nwrong ? 1 : 0;
}
