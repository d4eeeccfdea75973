/*
 * policy_files.h: `custosd check-policies [DIRECTORY]`: what is wrong with policy files, before a
 * custosd runs by them.
 */
#ifndef CU_CONTROL_POLICY_FILES_H
#define CU_CONTROL_POLICY_FILES_H

#define POLICY_FILES "check-policies"
#define POLICY_DIR   "/etc/custos/policies" /* when none is named */

/* argv[0] is POLICY_FILES.  Prints faults and warnings, a line each; returns an exit status. */
int policy_files_main(int argc, char *argv[]);

#endif
