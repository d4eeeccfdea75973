/*
 * show.h: a subject and its records as JSON: in replies and in exports, the same members.
 */
#ifndef CU_CONTROL_SHOW_H
#define CU_CONTROL_SHOW_H
#include <jansson.h>

#include "store/record.h"

struct json;
struct permit;
struct policy;

/* What of a subject is shown: what the permit covers, and of that what is asked for; NULL means
 * everything. */
struct show_filter {
	const struct policy *policy;
	const struct permit *permit;
	const json_t *collections, *fields; /* arrays of strings */
};

bool show_has_collection(const struct show_filter *f, const char *collection);

void show_kind(struct json *j, enum subject_kind kind);
/* What of a record is shown, as a record: it borrows from rec. */
void show_narrow(const struct show_filter *f, const struct record *rec, struct record *ret);
/* The member "fields". */
void show_fields(struct json *j, const struct show_filter *f, const struct record *rec);
/* One object (in an array). */
void show_record(struct json *j, const struct show_filter *f, const struct row_record *row,
	const struct record *rec);

#endif
