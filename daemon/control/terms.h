/*
 * terms.h: what a record is found by, as schema.yaml says.
 *
 * The term of a field with an index is "<collection>.<field>" and its normalised value; an
 * identifier is found by its scheme and value together.
 */
#ifndef CU_CONTROL_TERMS_H
#define CU_CONTROL_TERMS_H
#include "policy/policy.h"
#include "store/index.h"
#include "store/reader.h"

struct cu_err;

/* The collection of numbers that other systems know a person by: fields scheme and value. */
#define TERMS_IDENTIFIER "identifier"
#define TERMS_EXTERNAL   "identifier.value"

/* index_tokeniser's work. */
void terms_of(const struct policy *p, const struct record *r, struct index_terms *to);

/* Appends the normalised value of TERMS_EXTERNAL.  CU_ENOMEM. */
int terms_external(const char *scheme, struct span value, struct buf *to, struct cu_err *err);

struct terms_query {
	const char *by;     /* email, phone, external_id */
	const char *scheme; /* of an external id; else NULL */
	const char *value;
	const struct purpose *purpose; /* only fields that it covers */
};

/* Calls fn for every record with this value in a field of the wanted kind.  CU_EINVAL: the
 * purpose covers no such field. */
int terms_search(const struct policy *p, struct reader *rd, const struct terms_query *q,
	reader_fn *fn, void *ctx, struct cu_err *err);

#endif
