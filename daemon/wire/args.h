/*
 * args.h: what stands behind a command: an argument specification, and values by it.
 *
 * The specification is the column `arguments` of commands.h; its language is described there.
 * Values are parsed by type, with messages that name the argument and say what would be
 * right; they never repeat a value.  Nothing personal is taken from argv, where every user of
 * the machine could read it: arguments of the types personal, passphrase, newpassphrase, letter,
 * records and fields are only announced (args_needs_input), read by the caller, and handed in by args_set_json.
 *
 * No I/O.  Used by custosctl; the daemon checks the same values against the interface.
 */
#ifndef CU_WIRE_ARGS_H
#define CU_WIRE_ARGS_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/arg.h"
#include "wire/command.h"

struct cu_err;

struct args; /* opaque: a command and its values */

/* argv without the program's name.  Global options (GLOBAL_ARGUMENTS) may stand anywhere,
 * others behind the command; --name=value or --name value; "--" ends the options.  argv is
 * borrowed until args_free.  --help (or -h) anywhere turns the line into "help <its words>",
 * --version instead of a command into "version"; no words at all are "help".
 * CU_EINVAL: the caller shows err.msg and exits with its status.
 * Values of arg_is_input() types are not there yet. */
int args_parse(int argc, char *const argv[], struct args **ret, struct cu_err *err);
void args_free(struct args *a); /* NULL is fine */

const struct command *args_command(const struct args *a);

/* By argument name ("source-name"), the global options included. */
bool args_is_set(const struct args *a, const char *name);
const char *args_text(const struct args *a, const char *name);              /* NULL: absent */
int64_t args_count(const struct args *a, const char *name, int64_t absent); /* ARG_COUNT */
size_t args_nvalues(const struct args *a, const char *name); /* of a repeated one */
const char *args_value(const struct args *a, const char *name, size_t i);

/* The argument that must still be read from standard input (or --from), or NULL.  A command
 * has at most one. */
const struct arg *args_needs_input(const struct args *a);
/* Gives it its value: a string for personal and letter, an array for records and subjects, an object for fields.
 * Takes the reference, on failure too.  CU_EINVAL if the JSON type is another. */
int args_set_json(struct args *a, const char *name, json_t *value, struct cu_err *err);

/* What was read so; borrowed, NULL before. */
const json_t *args_input(const struct args *a);

/* The call's parameters: every argument under its parameter name; flags always as true or
 * false; files and global options left out (they go as a descriptor, or nowhere).  New
 * reference.  CU_EINVAL if input is still missing, CU_ENOMEM. */
int args_parameters(const struct args *a, json_t **ret, struct cu_err *err);

#endif
