/*
 * args.h: what stands behind a command: an argument specification, and values by it.
 *
 * The specification is the column `arguments` of commands.h; its language is described there.
 * Values are parsed by type, with messages that name the argument and say what would be
 * right; they never repeat a value.  Nothing personal is taken from argv, where every user of
 * the machine could read it: arguments of the types personal, records and fields are only
 * announced (args_needs_input), read by the caller, and handed in by args_set_json.
 *
 * No I/O.  Used by custosctl; the daemon checks the same values against the interface.
 */
#ifndef CU_WIRE_ARGS_H
#define CU_WIRE_ARGS_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/command.h"

struct cu_err;

/* X(id, word in a specification, what is expected: for messages and help, N_())
 * ARG_WORDS is written words(a|b) and its expectation is the list. */
/* clang-format off */
#define ARG_TYPES(X)                                                                    \
	X(SUBJECT,    "subject",    N_("the id of a person or organisation, 32 hexadecimal digits")) \
	X(RECORD,     "record",     N_("the id of a record, 32 hexadecimal digits"))    \
	X(REQUEST,    "request",    N_("an id of your choice, 32 hexadecimal digits; repeating a call with it is safe")) \
	X(PURPOSE,    "purpose",    N_("the key of a purpose in purposes.yaml"))        \
	X(COLLECTION, "collection", N_("the key of a collection in schema.yaml"))       \
	X(TARGET,     "target",     N_("the key of a target in backup.yaml"))           \
	X(KEY,        "key",        N_("a key: small letters, digits, '_', '-' and '.'")) \
	X(TEXT,       "text",       N_("a text"))                                       \
	X(COUNT,      "count",      N_("a whole number, 0 or more"))                    \
	X(DATE,       "date",       N_("a date, as 2026-11-21"))                        \
	X(INFILE,     "infile",     N_("a file to read, or '-' for standard input"))    \
	X(OUTFILE,    "outfile",    N_("a file to write; it must not exist"))           \
	X(SEARCHKEY,  "searchkey",  N_("one of: email, phone, external-id"))            \
	X(WORDS,      "words",      "")                                                 \
	X(FLAG,       "flag",       "")                                                 \
	X(PERSONAL,   "personal",   N_("asked for, or read from standard input; never an argument")) \
	X(RECORDS,    "records",    N_("a JSON array of records, from standard input or --from")) \
	X(FIELDS,     "fields",     N_("a JSON object of fields, from standard input or --from"))
/* clang-format on */

enum arg_type {
#define X(id, word, expected) ARG_##id,
	ARG_TYPES(X)
#undef X
};

#define ARGS_MAX       12 /* arguments of one command, the global options apart */
#define ARGS_NAME_SIZE 24
#define ARGS_WORDS_MAX 6
#define ARGS_REPEAT_MAX 64 /* values of one repeated option */

struct arg {
	char name[ARGS_NAME_SIZE];      /* "source-name" */
	char parameter[ARGS_NAME_SIZE]; /* "source_name"; a repeated one: plural, "collections" */
	char hint[ARGS_NAME_SIZE];      /* the word that stands for the value in help; "" */
	enum arg_type type;
	char words[ARGS_WORDS_MAX][ARGS_NAME_SIZE]; /* ARG_WORDS, ARG_SEARCHKEY */
	size_t nwords;
	bool is_option; /* --name */
	bool is_required;
	bool is_repeated;
};

struct arg_spec {
	struct arg args[ARGS_MAX];
	size_t n;
};

/* CU_EINVAL with what is wrong and where: a defect of the table, found by the unit test. */
int arg_spec_parse(const char *specification, struct arg_spec *ret, struct cu_err *err);

/* What a type expects, translated; for ARG_WORDS and ARG_SEARCHKEY see arg.words. */
const char *arg_expected(enum arg_type type);
const char *arg_type_word(enum arg_type type);
/* Comes from standard input or a file, never from argv. */
bool arg_is_input(enum arg_type type);

struct args; /* opaque: a command and its values */

/* argv without the program's name.  Global options (GLOBAL_ARGUMENTS) may stand anywhere,
 * others behind the command; --name=value or --name value; "--" ends the options.  argv is
 * borrowed until args_free.  With --help missing arguments are no fault; with no words at all
 * the command is help.  CU_EINVAL: the caller shows err.msg and exits with its status.
 * Values of arg_is_input() types are not there yet. */
int args_parse(int argc, char *const argv[], struct args **ret, struct cu_err *err);
void args_free(struct args *a); /* NULL is fine; wipes what was set */

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
/* Gives it its value: a string for personal, an array for records, an object for fields.
 * Takes the reference, on failure too.  CU_EINVAL if the JSON type is another. */
int args_set_json(struct args *a, const char *name, json_t *value, struct cu_err *err);

/* The call's parameters: every argument under its parameter name; flags always as true or
 * false; files and global options left out (they go as a descriptor, or nowhere).  New
 * reference.  CU_EINVAL if input is still missing, CU_ENOMEM. */
int args_parameters(const struct args *a, json_t **ret, struct cu_err *err);

#endif
