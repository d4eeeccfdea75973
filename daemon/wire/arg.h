/*
 * arg.h: one argument of a command: its specification, its type, and a value of that type.
 *
 * The language of specifications is described in commands.h.  Pure; any thread.
 */
#ifndef CU_WIRE_ARG_H
#define CU_WIRE_ARG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intl.h"

struct buf;
struct cu_err;

/* X(id, word in a specification, what is expected: for messages and help, N_())
 * ARG_WORDS is written words(a|b) and its expectation is the list.  A key of the policies has
 * 1 to 63 of [a-z0-9_.-], as in the log. */
/* clang-format off */
#define ARG_TYPES(X)                                                                    \
	X(SUBJECT,    "subject",    N_("the id of a person or organisation, 32 hexadecimal digits")) \
	X(RECORD,     "record",     N_("the id of a record, 32 hexadecimal digits"))    \
	X(REQUEST,    "request",    N_("an id of your choice, 32 hexadecimal digits; repeating a call with it is safe")) \
	X(ERASURE,    "erasure",    N_("the id of an erasure, 32 hexadecimal digits"))  \
	X(APPROVAL,   "approval",   N_("the id of an approval, 32 hexadecimal digits")) \
	X(PURPOSE,    "purpose",    N_("the key of a purpose that your role has in roles.yaml"))        \
	X(COLLECTION, "collection", N_("the key of a collection in schema.yaml"))       \
	X(TARGET,     "target",     N_("the key of a target in backup.yaml"))           \
	X(KEY,        "key",        N_("a key: small letters, digits, '_', '-' and '.'")) \
	X(TEXT,       "text",       N_("a text"))                                       \
	X(COUNT,      "count",      N_("a whole number, 0 or more"))                    \
	X(DATE,       "date",       N_("a date, as 2026-11-21"))                        \
	X(PATH,       "path",       N_("a path"))                                       \
	X(INFILE,     "infile",     N_("a file to read, or '-' for standard input"))    \
	X(TEXTFILE,   "textfile",   N_("a file whose text is sent"))                    \
	X(OUTFILE,    "outfile",    N_("a file to write; it must not exist"))           \
	X(OWNFILE,    "ownfile",    N_("a file that custosctl writes; it must not exist")) \
	X(SEARCHKEY,  "searchkey",  N_("one of: email, phone, external-id"))            \
	X(WORDS,      "words",      "")                                                 \
	X(FLAG,       "flag",       "")                                                 \
	X(PERSONAL,   "personal",   N_("asked for, or read from standard input; never an argument")) \
	X(PASSPHRASE, "passphrase", N_("asked for without echo, or a line of standard input; never an argument")) \
	X(NEWPASSPHRASE, "newpassphrase", N_("12 bytes or more, asked for twice without echo, or a line of standard input; never an argument")) \
	X(LETTER,     "letter",     N_("a text, from standard input or --from; never an argument")) \
	X(RECORDS,    "records",    N_("a JSON array of records, from standard input or --from")) \
	X(FIELDS,     "fields",     N_("a JSON object of fields, from standard input or --from")) \
	X(SUBJECTS,   "subjects",   N_("ids of people or organisations, one a line, from standard input or --from"))
/* clang-format on */

enum arg_type {
#define X(id, word, expected) ARG_##id,
	ARG_TYPES(X)
#undef X
};

#define ARGS_MAX        12 /* arguments of one command, the global options apart */
#define ARGS_NAME_SIZE  24
#define ARGS_WORDS_MAX  12
#define ARGS_REPEAT_MAX 64 /* values of one repeated option */

struct arg {
	char name[ARGS_NAME_SIZE];      /* "source-name" */
	char parameter[ARGS_NAME_SIZE]; /* "source_name"; a repeated one: plural, "collections" */
	char hint[ARGS_NAME_SIZE];      /* the word that stands for the value in help; "" */
	enum arg_type type;
	char words[ARGS_WORDS_MAX][ARGS_NAME_SIZE]; /* ARG_WORDS and ARG_SEARCHKEY */
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

/* What a type expects, translated; "" for ARG_WORDS and ARG_FLAG. */
const char *arg_expected(enum arg_type type);
const char *arg_type_word(enum arg_type type);
/* Comes from standard input, a file or the terminal, never from argv. */
bool arg_is_input(enum arg_type type);

/* The argument of this name, or NULL. */
const struct arg *arg_find(const struct arg_spec *spec, const char *name);

/* Is value one of this argument's type?  CU_EINVAL says what is expected, as in
 * "--purpose: expected the key of a purpose that your role has in roles.yaml"; value is not repeated. */
int arg_check(const struct arg *arg, const char *value, struct cu_err *err);

/* How it is shown to a person: "--purpose", "SUBJECT". */
#define ARG_LABEL_SIZE (ARGS_NAME_SIZE + 2)
const char *arg_label(const struct arg *arg, char out[ARG_LABEL_SIZE]);

/* What is expected of it, translated; the list of its words where it has one. */
void arg_describe(const struct arg *arg, struct buf *to);

#endif
