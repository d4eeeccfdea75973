/*
 * access.h: an entry of the access journal: whose data a bulk read showed, sealed.
 *
 * A search with several hits and each chunk of an export leave one leaf in the log, with a
 * number and a digest; the subjects' ids stand here, under a key of the day.  When the time of
 * retention.yaml is over that key is shredded, and with it the digest's: from then on nothing
 * tells any more who it was, in backups neither.  docs/formats/access.md.
 */
#ifndef CU_STORE_ACCESS_H
#define CU_STORE_ACCESS_H
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"

struct buf;
struct cu_err;
struct sealer;

#define ACCESS_COLLECTION "access_journal" /* of its cohorts, one a day */
#define ACCESS_MAX_IDS    4096             /* in one entry: 64 KiB */
#define ACCESS_DIGEST     32

struct row_access {
	struct id id;       /* "obj" of its leaf */
	uint32_t period;    /* yyyymmdd: whose key */
	struct span sealed; /* on reading: until the next call on the engine */
};

/* ids: 16 bytes for each subject.  slot is that of the period's cohort.  The sealed bytes are
 * appended to out; the digest is for the leaf. */
int access_seal(struct sealer *s, uint64_t slot, const struct row_access *row,
	struct span ids, uint8_t ret_digest[ACCESS_DIGEST], struct buf *out,
	struct cu_err *err);

/* The ids, until the sealer's next call.  CU_ENOKEY: the day's key was shredded; CU_ECORRUPT: the
 * row is not the one that the digest is of. */
int access_open(struct sealer *s, uint64_t slot, const struct row_access *row,
	const uint8_t digest[ACCESS_DIGEST], struct span *ret_ids, struct cu_err *err);

#endif
