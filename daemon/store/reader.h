/*
 * reader.h: looking at the store, off the loop and beside the writer.
 *
 * Nothing here writes a leaf: whoever shows what was read to a person first has its leaf
 * appended and waits until it is durable.
 */
#ifndef CU_STORE_READER_H
#define CU_STORE_READER_H
#include "store/record.h"

struct leaf;
struct reader;
struct rule;

/* One view for several reads; short. */
int reader_begin(struct reader *rd, struct cu_err *err);
void reader_end(struct reader *rd);
/* A number for tx_has_changed: with what it was when the view began, what is shown is as it is. */
uint64_t reader_changes(const struct reader *rd);

/* 1, 0 or a code.  A case is no subject. */
int reader_subject(struct reader *rd, const struct id *id, struct row_subject *ret,
	struct cu_err *err);
int reader_next_subject(struct reader *rd, const struct id *after, struct row_subject *ret,
	struct cu_err *err);

/* May a record with this rule be shown?  Of a record without one nobody asks. */
typedef bool reader_may(const void *ctx, const struct rule *rule);
/* From now on, until the reader is given back, records are passed over that may refuses, and those
 * that are over by their own rule at now_ms; the others are shown with their rules, until the next
 * record.  NULL: none is. */
void reader_narrow(struct reader *rd, reader_may *may, const void *ctx, int64_t now_ms);

/* One record of a walk, borrowed for the call; 0 goes on, 1 ends it. */
typedef int reader_fn(void *ctx, const struct row_record *row, const struct record *r,
	struct cu_err *err);
/* A subject's records by collection and id; filter is a collection, or NULL: all but those of
 * custos itself (system.h).  A case (tx_case.h) has such alone.  Records whose keys were shredded,
 * and what an erasure hides, are passed over. */
int reader_records(struct reader *rd, const struct id *subject, const char *filter,
	reader_fn *fn, void *ctx, struct cu_err *err);

/* The same from the record after this one on, of which collection and id count; NULL starts: for
 * a walk that rests between views. */
int reader_records_after(struct reader *rd, const struct id *subject, const char *filter,
	const struct row_record *after, reader_fn *fn, void *ctx, struct cu_err *err);

/* The same with what an erasure hides: for whoever must say what would be erased. */
int reader_all_records(struct reader *rd, const struct id *subject, const char *filter,
	reader_fn *fn, void *ctx, struct cu_err *err);

/* The row of a record that neither an erasure nor its own rule hides; nothing is opened.  What of it
 * is sealed lives until the reader's next call.  1, 0 or a code. */
int reader_record_row(struct reader *rd, const struct id *id, struct row_record *ret,
	struct cu_err *err);

/* One record, as reader_records would show it: 1 and fn was called, 0 or a code. */
int reader_record(struct reader *rd, const struct id *id, reader_fn *fn, void *ctx,
	struct cu_err *err);

/* Records of others that name the subject as co-subject, as reader_records would show them, by
 * their ids, from the one after *after on; NULL starts. */
int reader_mentions_after(struct reader *rd, const struct id *subject, const struct id *after,
	reader_fn *fn, void *ctx, struct cu_err *err);

/* Records that have a term, confirmed, and not hidden.  The number of hits, or a code. */
int reader_find(struct reader *rd, const char *kind, struct span value, reader_fn *fn,
	void *ctx, struct cu_err *err);

/* A number put by tx_note_put: 1, 0 or a code. */
int reader_note(struct reader *rd, const char *name, uint64_t *ret, struct cu_err *err);

/* When the first erasure was done: 1, 0 or a code. */
int reader_first_erasure(struct reader *rd, int64_t *ret_ms, struct cu_err *err);

/* 1, 0 or a code. */
int reader_approval(struct reader *rd, const struct id *id, struct row_approval *ret,
	struct cu_err *err);
int reader_erasure(struct reader *rd, const struct id *id, struct row_erasure *ret,
	struct cu_err *err);
int reader_erasure_of(struct reader *rd, const struct id *subject, struct row_erasure *ret,
	struct cu_err *err);
/* In the order in which they began; NULL starts. */
int reader_next_erasure(struct reader *rd, const struct row_erasure *after,
	struct row_erasure *ret, struct cu_err *err);
/* Those that are neither done nor cancelled, by the time at which they are due; NULL starts. */
int reader_next_open_erasure(struct reader *rd, const struct row_erasure *after,
	struct row_erasure *ret, struct cu_err *err);
/* Its collections in order; "" starts. */
int reader_erasure_part(struct reader *rd, const struct id *erasure, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err);
/* What was shredded from this time on. */
int reader_erasure_spent(struct reader *rd, int64_t since_ms, uint64_t *ret_slots,
	uint64_t *ret_cohorts, struct cu_err *err);
/* The slots of a subject, in use and in reserve; as native uint64_t. */
int reader_slots(struct reader *rd, const struct id *subject, struct buf *to,
	struct cu_err *err);

/* In the order in which they were asked for; NULL starts. */
int reader_next_approval(struct reader *rd, const struct row_approval *after,
	struct row_approval *ret, struct cu_err *err);

/* The id that stands for a user in the log, and back: 1, 0 (never did anything) or a code. */
int reader_operator(struct reader *rd, uint32_t uid, struct id *ret, struct cu_err *err);
int reader_operator_uid(struct reader *rd, const struct id *id, uint32_t *ret,
	struct cu_err *err);

/* The slot of a cohort: 1, 0 or a code. */
int reader_cohort(struct reader *rd, const char *collection, uint32_t period, uint64_t *ret,
	struct cu_err *err);

/* Whom the bulk read of this leaf showed: 1 and their ids, until the reader's next call; 0: it
 * is not known any more, or never was; CU_ECORRUPT: the entry is not the one of the leaf. */
int reader_access(struct reader *rd, const struct leaf *leaf, struct span *ret_ids,
	struct cu_err *err);

int reader_count(struct reader *rd, struct engine_counts *ret, struct cu_err *err);
int reader_count_rows(struct reader *rd, struct engine_counts *ret, struct cu_err *err);

#endif
