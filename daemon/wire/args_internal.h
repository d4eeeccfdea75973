/*
 * args_internal.h: a command and its values; for args.c, which reads them, and args_call.c,
 * which makes a call of them.
 */
#ifndef CU_WIRE_ARGS_INTERNAL_H
#define CU_WIRE_ARGS_INTERNAL_H
#include "wire/args.h"

struct slot {
	const char *values[ARGS_REPEAT_MAX]; /* in argv */
	size_t n;                            /* a flag that is set has one, which is "" */
};

/* The arguments of a command, or the global options. */
struct group {
	struct arg_spec spec;
	struct slot slots[ARGS_MAX];
};

struct args {
	const struct command *command;
	struct group own, global;
	json_t *input; /* the value of the argument of an input type */
};

#endif
