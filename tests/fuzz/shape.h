/*
 * shape.h: JSON values of a declared type, drawn: calls that are well formed, and still strange.
 *
 * What a text may be goes by the name of its field: a purpose, a day, an id.  Ids of what a store
 * has made stand as marks (SHAPE_SUBJECT), in the place of which the target puts the real ones.
 */
#ifndef CU_TESTS_SHAPE_H
#define CU_TESTS_SHAPE_H
#include <jansson.h>

#include "fuzz.h"
#include "wire/idl.h"

/* As long as an id. */
#define SHAPE_SUBJECT  "subjectsubjectsubjectsubject0000"
#define SHAPE_RECORD   "recordrecordrecordrecordrecord00"
#define SHAPE_ERASURE  "erasureerasureerasureerasure0000"
#define SHAPE_APPROVAL "approvalapprovalapprovalapproval"
#define SHAPE_HOLD     "holdholdholdholdholdholdholdhold"
#define SHAPE_MESSAGE  "messagemessagemessagemessage0000"

/* New reference; NULL for a type that no finite value has. */
json_t *shape_value(const struct idl_type *type, const char *name, struct fuzz_dice *d);

#endif
