/*
 * entry.h: one entry of the log, in its strict form (docs/formats/log.md, part 1).
 *
 * What the words mean is not asked, only how they may be written: a verifier of today
 * accepts the acts of tomorrow.  Pure.
 */
#ifndef VERIFY_ENTRY_H
#define VERIFY_ENTRY_H
#include "verify/bytes.h"

struct flaw;

#define ENTRY_LIMIT     4096
#define ENTRY_TIME_SIZE 25 /* "2026-11-21T22:09:04.123Z" and its NUL */

/* Values are borrowed from the line; one that is absent has no bytes, or is 0. */
struct entry {
	struct bytes time, act;
	struct bytes by, purpose, subject, object; /* "by", "for", "sub", "obj" */
	struct bytes record, collection;           /* "rec", "in" */
	struct bytes why, digest;                  /* "why", "dig" */
	struct bytes count, generation;            /* "n", "gen": numbers above 0 */
	struct bytes slots;
};

int entry_parse(struct bytes line, struct entry *ret, struct flaw *f);

/* Shared with the certificate, which holds the same kinds of values. */
bool entry_is_id(struct bytes b);  /* 32 small hex digits, not all zero */
bool entry_is_key(struct bytes b); /* a policy key */
bool entry_is_time(
	struct bytes b); /* UTC with milliseconds; so times compare as bytes */

/* How many slots "8-15,24" names; 0: that is no list of ranges. */
uint64_t entry_count_slots(struct bytes b);

#endif
