/*
 * schema.h: which records a customer's data is kept in, and which fields they have.
 *
 * schema.yaml.  A collection is what is kept and forgotten together; a field says what a value
 * must look like and whether it can be looked up.  Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_SCHEMA_H
#define CU_POLICY_SCHEMA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rows.h"

struct faults;
struct yaml;
struct yaml_node;

/* X(id, word, meaning).  The words are those of schema.yaml. */
/* clang-format off */
#define FIELD_TYPES(X)                                                                  \
	X(TEXT,    "text",    "UTF-8 without control characters; see FIELD_LONG_BYTES") \
	X(EMAIL,   "email",   "an address of RFC 5321, without comments and quotes")    \
	X(PHONE,   "phone",   "digits, + ( ) - . / and blanks, at least three digits")  \
	X(DATE,    "date",    "2026-11-21 or 20261121; a time may follow")              \
	X(DECIMAL, "decimal", "an optional sign, digits, one point")                    \
	X(INTEGER, "integer", "a whole number of 64 bits")                              \
	X(BOOLEAN, "boolean", "yes, no, true, false, 1 or 0")                           \
	X(WORD,    "word",    "one of the field's words; without words, a name")
/* clang-format on */

/* A text that may be at least this long may have lines (LF or CR LF) and TABs. */
#define FIELD_LONG_BYTES 1024

enum field_type {
#define X(id, word, meaning) FIELD_##id,
	FIELD_TYPES(X)
#undef X
	FIELD_NTYPES_
};

enum field_index { INDEX_NONE, INDEX_EXACT, INDEX_EMAIL, INDEX_PHONE };
enum level { LEVEL_PUBLIC, LEVEL_INTERNAL, LEVEL_CONFIDENTIAL, LEVEL_RESTRICTED };
/* From which date keeping counts. */
enum anchor { ANCHOR_NONE, ANCHOR_ACTIVITY, ANCHOR_EVENT, ANCHOR_RELATIONSHIP };
/* How much of time shares one key; only with ANCHOR_EVENT. */
enum cohort { COHORT_NONE, COHORT_MONTH, COHORT_DAY };

struct field {
	const char *key;
	int type;  /* enum field_type */
	int index; /* enum field_index */
	bool is_required;
	int64_t max_bytes;    /* of a value; 4096 unless the file says otherwise */
	const char *category; /* fideslang; that of the collection unless the field has its own */
	struct names words;   /* of FIELD_WORD */
	const struct yaml_node *node;
};

struct collection {
	const char *key;
	const char *text;     /* one sentence for people; may be NULL */
	const char *category; /* fideslang key, such as user.contact */
	int level;            /* enum level */
	int anchor;           /* enum anchor */
	int cohort;           /* enum cohort */
	/* Key of the date field: of ANCHOR_EVENT; of ANCHOR_RELATIONSHIP in the one collection that
	 * holds the end of it.  Else NULL. */
	const char *anchor_field;
	struct field *fields; /* read-only, as all of this */
	size_t nfields;
	const struct yaml_node *node;
};

struct schema {
	struct collection *collections; /* read-only */
	size_t ncollections;
	const struct yaml_node *node;
};

extern const struct rows schema_rows;

/* Fills ret from the tree of schema.yaml, both passes; everything borrows from y.  0, also
 * when there are faults; CU_ENOMEM. */
int schema_read(struct yaml *y, struct faults *faults, struct schema *ret);

/* The collection that holds the end of the relationship; NULL: none does. */
const struct collection *schema_find_relationship(const struct schema *s);
/* NULL when there is none of this key. */
const struct collection *schema_find_collection(const struct schema *s, const char *key);
const struct field *collection_find_field(const struct collection *c, const char *key);

#endif
