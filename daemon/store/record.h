/*
 * record.h: what is known about a person: one record, and its bytes (format v1).
 *
 * The bytes carry all that is needed to use the record anywhere: collection, cohort, anchor
 * date, provenance, confidentiality level, co-subjects, and the fields of schema.yaml by name.
 * docs/formats/record.md.  Pure; spans are borrowed.
 */
#ifndef CU_STORE_RECORD_H
#define CU_STORE_RECORD_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"
#include "store/engine.h"

struct buf;
struct cu_err;
struct rule;

#define RECORD_MAX_FIELDS     96
#define RECORD_MAX_COSUBJECTS 32
#define RECORD_MAX_BYTES      (1u << 20) /* of one record's plaintext */

enum record_origin {
	RECORD_INTERNAL = 1, /* typed in, or made by the organisation itself */
	RECORD_EXTERNAL = 2, /* came from another system or from outside */
};

struct record_field {
	struct span name, value;
};

struct record {
	struct id id, subject;
	char collection[ENGINE_KEY_SIZE];
	uint32_t version;
	uint32_t cohort;    /* yyyymm or yyyymmdd; 0: none */
	char class_key[ENGINE_KEY_SIZE]; /* of the cohort; "": of no class; not in the bytes */
	int64_t expires_ms; /* its own end (tx_rule.h), not in the bytes; 0: as it was, or with its collection */
	int32_t anchor_day; /* CIVIL_NO_DAY: none */
	unsigned level;     /* confidentiality, 0 public .. 3 restricted */
	enum record_origin origin;
	int64_t at_ms;      /* when this version was written */
	struct id actor;    /* the operator who wrote it */
	const struct rule *rule; /* its own, where a reader that narrows shows it; NULL: none */
	struct span source; /* where from: an import's source key; may be empty */
	struct span key;    /* its name there, unique for (source, collection); may be empty */
	struct id cosubjects[RECORD_MAX_COSUBJECTS];
	unsigned ncosubjects;
	struct record_field fields[RECORD_MAX_FIELDS];
	unsigned nfields;
};

/* Appends the bytes of version 1.  CU_ELIMIT, and then out is as it was. */
int record_encode(const struct record *r, struct buf *out, struct cu_err *err);
/* id, subject and version are not in the bytes but in what they are bound to; the caller sets
 * them.  CU_ECORRUPT, CU_EUNSUP for a later format. */
int record_decode(struct span bytes, struct record *ret, struct cu_err *err);

/* What a record's ciphertext is bound to; appended to out. */
void record_aad(const struct id *store, const struct id *subject, const char *collection,
	const struct id *record, uint32_t version, struct buf *out);

/* The value of a field; {NULL, 0} when it is absent. */
struct span record_get(const struct record *r, const char *name);
/* Sets or replaces; an empty value takes the field away.  CU_ELIMIT. */
int record_set(struct record *r, struct span name, struct span value, struct cu_err *err);
/* Makes r's spans point into text, which must be empty and live as long as r.  CU_ENOMEM. */
int record_copy_spans(struct record *r, struct buf *text, struct cu_err *err);
/* Same fields with the same values, same anchor and co-subjects. */
bool record_is_same(const struct record *a, const struct record *b);

#endif
