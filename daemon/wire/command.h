/*
 * command.h: the commands of custosctl and the operations of custosd, found by name.
 *
 * The table is commands.h; this is what both programs make of it.  Pure, static, any thread.
 * Arguments are read by args.h, help is written by help.h.
 */
#ifndef CU_WIRE_COMMAND_H
#define CU_WIRE_COMMAND_H
#include <stddef.h>

#include "wire/commands.h"

struct cu_err;

enum command_id {
#define X(id, words, method, arguments, access, summary, details) COMMAND_##id,
	CU_COMMANDS(X)
#undef X
	COMMAND_COUNT_
};

struct command {
	enum command_id id;
	const char *words;     /* "backup run" */
	const char *method;    /* "io.custos.backup.Run"; "" for what ctl answers alone */
	const char *arguments; /* see commands.h */
	unsigned access;       /* enum access bits */
	const char *summary;   /* N_(): translate when shown */
	const char *details;
};

struct family {
	const char *word; /* "backup" */
	const char *title;
};

const struct command *command_at(enum command_id id);

/* By fully qualified method name; NULL if no command calls it. */
const struct command *command_by_method(const char *method);

/* The operation's name in roles.yaml and in the log: the words joined by '.', "subject.get",
 * "erase".  Returns out. */
#define COMMAND_OPERATION_SIZE 32
const char *command_operation(const struct command *c, char out[COMMAND_OPERATION_SIZE]);
const struct command *command_by_operation(const char *operation); /* NULL if none */

/* The command whose words are the first of words; the longest match.  *ret_used is how many
 * it took.  CU_EINVAL with a message that says what was not understood and, if something
 * similar exists, what was meant ("bakcup", "backup rnu"), or which commands a family has. */
int command_find(size_t n, const char *const words[], const struct command **ret,
	size_t *ret_used, struct cu_err *err);

/* The commands that share a first word, in table order; NULL if no family has this word. */
const struct family *command_family(const char *word);
/* The i-th family in table order, or NULL past the last. */
const struct family *command_family_at(size_t i);
/* "backup" of "backup run"; is c of this family? */
int command_is_of(const struct command *c, const char *family);

#endif
