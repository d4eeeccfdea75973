/*
 * drill_report.h: what a drill found, as a signed note that anybody can keep and check.
 *
 * "<state>/drills/<10 digits>.note", signed by the log's key; its hash is a leaf of the log.  The note comes
 * first: one above the last number that a leaf names is of a drill that custosd did not live to count, is no
 * drill, and the next one takes its place.
 * Numbers, ids, object names and policy keys only.  docs/formats/drill.md.
 */
#ifndef CU_CONTROL_DRILL_REPORT_H
#define CU_CONTROL_DRILL_REPORT_H
#include "backup/drill.h"
#include "base/buf.h"
#include "ledger/leaf.h"

struct house;

#define DRILL_NOTE_LAST "drill.number" /* of the store: the last drill that has its leaf */

#define DRILL_MAX_FAULTS 50 /* told one by one; more are counted */

struct drill_record {
	uint64_t number; /* from 1 */
	int64_t time_ms; /* when it began */
	char target[LEAF_KEY_SIZE];
	struct drill_report report;
	struct buf faults; /* lines "fault OBJECT: TEXT\n", at most DRILL_MAX_FAULTS */
	size_t nfaults;    /* of these */
};
void drill_record_done(struct drill_record *d); /* zeros are fine */
/* Keeps one fault; what could move a cursor or start a line is escaped. */
void drill_record_fault(struct drill_record *d, const char *object, const char *text);

/* Appends the text of the note.  Pure. */
int drill_record_format(const struct drill_record *d, struct buf *out, struct cu_err *err);
/* Strictly: only what drill_record_format writes.  CU_ECORRUPT names the line. */
int drill_record_parse(struct span text, struct drill_record *ret, struct cu_err *err);

/* Signs it and puts it in place durably; *ret_hash is the SHA-256 of the whole note. */
int drill_record_save(struct house *h, const struct drill_record *d, uint8_t ret_hash[32],
	struct cu_err *err);
/* The number of the last drill that has its leaf; 0: none. */
int drill_record_last(struct house *h, uint64_t *ret, struct cu_err *err);
/* One by its number; the note itself is appended to note (may be NULL).  CU_ENOENT; CU_ECORRUPT,
 * CU_ENOKEY when it is not what this store signed. */
int drill_record_load(struct house *h, uint64_t number, struct drill_record *ret,
	struct buf *note, struct cu_err *err);
/* The numbers that are there, ascending; freed with free(). */
int drill_record_numbers(struct house *h, uint64_t **ret, size_t *ret_n, struct cu_err *err);

#endif
