/*
 * terminal.h: custosctl on a terminal, and somebody who looks at it and types.
 *
 * Everything here fails the running test when it does not work, and when what is waited for does not
 * come within 20 s.
 */
#ifndef CU_TESTS_TERMINAL_H
#define CU_TESTS_TERMINAL_H
#include <stddef.h>
#include <sys/types.h>

#include "stage.h"

struct terminal {
	int master;
	pid_t pid;
	char *shown; /* all that it ever showed; NUL-terminated */
	size_t n;
};

/* custosctl with these arguments on a terminal of so many columns and 24 lines, as TERM=xterm.
 * variable ("NO_COLOR=1") is set in its environment; NULL: none. */
struct terminal terminal_start(
	struct stage *st, enum who who, unsigned short columns, const char *variable, const char *const args[]);
/* With this for its standard input (borrowed) instead of the terminal; 0: none. */
struct terminal terminal_start_with(struct stage *st, enum who who, unsigned short columns, const char *variable,
	int in, const char *const args[]);
#define terminal_run(st, who, columns, variable, ...) \
	terminal_start(st, who, columns, variable, (const char *const[]){ __VA_ARGS__, NULL })

/* Until this was shown, in what came since the last such wait. */
void terminal_wait(struct terminal *t, const char *what);
void terminal_type(struct terminal *t, const char *keys);
/* Until it has ended: its exit status, or 128 and the signal.  shown stays until terminal_done. */
int terminal_end(struct terminal *t);
void terminal_done(struct terminal *t);

#endif
