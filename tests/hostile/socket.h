/* The sentences of the socket's lab; *state is its struct play. */
#ifndef CU_TESTS_SOCKET_H
#define CU_TESTS_SOCKET_H
#include "play.h"

/* Of control/server.h and job/work.h. */
#define SERVER_MAX_SESSIONS  1024
#define SERVER_MAX_EACH      384
#define SERVER_MAX_STRANGERS 64
#define WORK_THREADS         64

#define STATUS "{\"method\":\"io.custos.Status\"}"

/* socket_frames.c */
void mutated_frames_are_refused_and_nobody_else_notices(void **state);
void what_is_no_call_is_named_or_ends_the_connection(void **state);
/* socket_crowds.c */
void slow_callers_hold_up_nobody(void **state);
void one_user_gets_no_more_than_its_share_and_is_told(void **state);
void whoever_is_refused_reads_why(void **state);
void users_without_a_role_share_few_connections(void **state);
void ten_thousand_connections_leave_room_for_others(void **state);
/* socket_fds.c */
void descriptors_that_nobody_asked_for_are_given_back(void **state);
void descriptors_within_each_other_are_given_back(void **state);
void a_call_holds_no_more_than_its_own_descriptor(void **state);
void strange_files_end_an_import_and_an_export(void **state);
void files_that_never_end_hold_no_call_for_ever(void **state);
/* socket_who.c */
void the_overflow_user_is_nobody(void **state);
void a_user_namespace_makes_nobody_somebody_else(void **state);
void credentials_that_are_sent_count_for_nothing(void **state);
void who_connected_counts_and_not_who_calls(void **state);
void a_pid_that_is_another_process_by_now_changes_nothing(void **state);
void namespaces_and_other_paths_lead_to_the_same_rights(void **state);
void there_is_no_abstract_socket(void **state);
void what_lies_in_the_place_of_the_socket_is_not_used(void **state);
void a_role_that_is_taken_away_is_gone_at_the_next_call(void **state);

#endif
