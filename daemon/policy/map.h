/*
 * map.h: how the columns of a file become subjects and records: an import's MAP.yaml.
 *
 * Checked against the schema before anything is read, and handed to the process that parses
 * the file as a plan: lines of fields between TABs, so that this process needs no YAML.
 */
#ifndef CU_POLICY_MAP_H
#define CU_POLICY_MAP_H
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "policy/schema.h"

struct buf;
struct cu_err;
struct faults;
struct policy;
struct yaml;

enum map_kind { MAP_PERSON, MAP_ORGANISATION };
/* What names a record, besides its subject and the map's entry: nothing, a column, or the
 * content of its row. */
enum map_key { MAP_KEY_SUBJECT, MAP_KEY_COLUMN, MAP_KEY_ROW };

struct map_field {
	const struct field *field;
	const char *column; /* NULL when it is a constant */
	const char *value;  /* NULL when it is a column */
};

struct map_record {
	const struct collection *collection;
	const char *name; /* unique among the records of its collection */
	enum map_key key_kind;
	const char *key_column;    /* NULL unless MAP_KEY_COLUMN */
	const char *anchor_column; /* NULL unless the collection counts from an event */
	const char *skip_column;   /* the record is passed over where this is empty; or NULL */
	const struct map_field *fields;
	size_t nfields;
};

/* All members are read-only and live as long as the map. */
struct map {
	const char *source; /* the key under which record keys are remembered */
	const char *charset;
	const char *delimiter; /* auto comma semicolon tab pipe */
	bool has_header;
	enum map_kind kind;
	const char *subject_key; /* the column that names the subject */
	bool creates;            /* unknown subjects are made */
	const struct map_record *records;
	size_t nrecords;
	struct policy *policy; /* a reference */
	struct yaml *yaml;
};

/* file is the name in faults.  Keeps a reference to the policy.  0; CU_EINVAL with all faults,
 * the first of them in err; CU_ENOMEM. */
int map_parse(struct span text, const char *file, struct policy *policy,
	struct faults *faults, struct map **ret, struct cu_err *err);
void map_free(struct map *m); /* NULL is fine */

/* Another charset than the map says; borrowed until map_free.  CU_EINVAL. */
int map_set_charset(struct map *m, const char *charset, struct cu_err *err);

/* Appends the plan:
 *   custos-intake 1
 *   format  csv
 *   charset <name>
 *   delimiter <word>
 *   header  0|1
 *   subject <kind> <key column> <create: 0|1>
 *   record  <collection> <name> <subject|column|row> <key column> <anchor column> <skip column>
 *   field   <field> column <column>
 *   field   <field> value <constant>
 * Fields are parted by one TAB, lines end in LF; absent columns are empty.  field lines belong
 * to the record line above.  Without a header, columns are named by number from 1. */
void map_plan(const struct map *m, struct buf *out);

/* Appends the reference of MAP.yaml, in Markdown: part of what policies/README.md holds. */
void map_explain(struct buf *out);

#endif
