/*
 * remote.h: custosctl for people who are not on the host: the ForceCommand of their ssh accounts.
 *
 * "custosctl remote" runs the one command that ssh was given, or asks for commands on a terminal.  A line
 * is cut into words as a shell cuts it, by blanks and quotes; there is no shell, and nothing else in a line
 * has a meaning.  Files are standard input and output ("-"), never names on the host; custosd is the one
 * that the administrator named.  docs/remote.md has the whole of it.
 */
#ifndef CU_CTL_REMOTE_H
#define CU_CTL_REMOTE_H
#include <stdbool.h>

struct args;
struct cu_err;

/* What runs the words of one line, without the program's name; its exit status. */
typedef int remote_run_fn(int argc, char *argv[]);

/* The rest of the command line: --socket=PATH, or nothing.  An exit status. */
int remote(int argc, char *argv[], remote_run_fn *run);

/* This process, or the one that started it, is "custosctl remote". */
bool remote_is_on(void);
/* The command does nothing on the host's files.  CU_EDENIED, with what to do instead. */
int remote_check(const struct args *a, struct cu_err *err);

#endif
