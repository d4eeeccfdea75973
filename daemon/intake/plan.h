/*
 * plan.h: what is to be made of a file's rows: the policy layer's map, in plain lines.
 *
 * Lines of fields between single TABs; docs/formats/intake.md.  The policy layer has checked
 * collections, keys and kinds against the schema; here they are only handed through.
 */
#ifndef CU_INTAKE_PLAN_H
#define CU_INTAKE_PLAN_H
#include <stdbool.h>
#include <stddef.h>

#include "base/intl.h"
#include "base/span.h"

struct columns;
struct cu_err;

#define PLAN_MAX_BYTES (1u << 20)

enum plan_key { PLAN_KEY_SUBJECT, PLAN_KEY_COLUMN, PLAN_KEY_ROW };

/* A column by its name in the plan, and by its place once plan_bind has found it. */
struct plan_column {
	const char *name; /* NULL: none */
	size_t at;        /* from 0 */
};

struct plan_field {
	const char *key;
	struct plan_column column; /* or */
	const char *value;         /* a constant, when column.name is NULL */
};

struct plan_record {
	enum plan_key key_kind;
	struct plan_column key, anchor, skip;
	const struct plan_field *fields; /* nfields of them, within the plan's */
	size_t nfields;
	bool has_columns; /* not all of its fields are constants */
};

struct plan {
	char *text; /* owns all the texts */
	const char *charset;
	char delimiter; /* '\0': to be found out */
	bool has_header;
	struct plan_column subject;
	struct plan_record *records;
	size_t nrecords;
	struct plan_field *fields;
	size_t nfields;
	enum intl_language language; /* of what is said about the file */
};

/* CU_EINVAL with the plan's line in err; CU_ENOMEM.  The caller frees. */
int plan_parse(struct span text, struct plan **ret, struct cu_err *err);
void plan_free(struct plan *p); /* NULL is fine */

/* Finds every column that the plan names in the file.  CU_ENOENT, CU_EINVAL as columns_find. */
int plan_bind(struct plan *p, const struct columns *columns, struct cu_err *err);

#endif
