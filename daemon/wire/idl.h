/*
 * idl.h: interface definitions of Varlink: parse them, look things up, check values.
 *
 * The grammar is that of varlink.org, "Interface Definition": interface, type, method, error,
 * bool, int, float, string, object, any, structs, enums, ?maybe, []array, [string]map, and
 * comments, which document what follows them.  A parsed definition is immutable and may be
 * used by any thread.  Pure: no I/O.
 */
#ifndef CU_WIRE_IDL_H
#define CU_WIRE_IDL_H
#include <jansson.h>
#include <stddef.h>

#include "base/span.h"

struct cu_err;
struct idl;

enum idl_kind {
	IDL_BOOL,
	IDL_INT,
	IDL_FLOAT,
	IDL_STRING,
	IDL_OBJECT, /* any JSON object */
	IDL_ANY,    /* any JSON value but null */
	IDL_STRUCT, /* fields */
	IDL_ENUM,   /* fields without types */
	IDL_NAMED,  /* of: the struct or enum of that name */
	IDL_ARRAY,  /* of: the elements */
	IDL_MAP,    /* of: the values; keys are strings */
	IDL_MAYBE,  /* of: what it is when it is there */
};

/* Everything below is owned by the struct idl. */
struct idl_type {
	enum idl_kind kind;
	const struct idl_type *of;
	const struct idl_field *fields;
	size_t nfields;
	const char *name; /* IDL_NAMED */
};

struct idl_field {
	const char *name;
	const struct idl_type *type; /* NULL in an enum */
	const char *doc;             /* "" when there is none */
};

enum idl_member_kind {
	IDL_TYPE,
	IDL_METHOD,
	IDL_ERROR,
};

struct idl_member {
	enum idl_member_kind kind;
	const char *name;
	const char *doc;            /* lines joined by '\n', without '#'; "" when none */
	const struct idl_type *in;  /* a method's input; a type's or an error's struct or enum */
	const struct idl_type *out; /* a method's output; else NULL */
	unsigned line;
};

/* name is for messages only.  CU_EINVAL with "name:line:column: reason" (the first fault),
 * CU_ELIMIT for more than 256 KiB or nesting over 16, CU_ENOMEM. */
int idl_parse(const char *name, struct span text, struct idl **ret, struct cu_err *err);
void idl_free(struct idl *idl); /* NULL is fine */

const char *idl_name(const struct idl *idl); /* "io.custos.subject" */
const char *idl_doc(const struct idl *idl);
const char *idl_text(const struct idl *idl); /* the definition as it was parsed */
size_t idl_nmembers(const struct idl *idl);
const struct idl_member *idl_member(const struct idl *idl, size_t i); /* in file order */

/* NULL if there is none. */
const struct idl_member *idl_find(const struct idl *idl, enum idl_member_kind kind,
	const char *name);
const struct idl_field *idl_field_find(const struct idl_type *type, const char *name);

/* The type behind names and '?': never IDL_NAMED or IDL_MAYBE. */
const struct idl_type *idl_resolve(const struct idl_type *type);

enum idl_unknown {
	IDL_REFUSE_UNKNOWN, /* fields that are not declared are faults: calls, our own replies */
	IDL_IGNORE_UNKNOWN, /* replies of a server that may be newer */
};

#define IDL_PATH_SIZE 128

/* Checks value against type.  CU_EINVAL with "<path>: <reason>", as in
 * "parameters.records[0].fields: expected an object"; the path without "parameters." goes to
 * ret_path too (may be NULL), which is what org.varlink.service.InvalidParameter names.  Map
 * keys are data and show as "[]"; a name that is not declared is not repeated.  No value ever
 * gets into the message. */
int idl_check(const struct idl_type *type, const json_t *value, enum idl_unknown unknown,
	char ret_path[IDL_PATH_SIZE], struct cu_err *err);

#endif
