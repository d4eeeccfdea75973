/*
 * engine.h: where rows lie: what a database must do for custos, and no more.
 *
 * Rows hold random ids, slot numbers, policy keys, enums, times, sizes, and sealed bytes;
 * tokens stand in an index of their own, which is never backed up.  No SQL above this header:
 * engine_sqlite*.c fills it, and another database could.  A writer and each reader are an
 * engine of their own; each is used by one thread at a time.  Lookups return 1 when there is
 * one, 0 when there is none, or a code.
 */
#ifndef CU_STORE_ENGINE_H
#define CU_STORE_ENGINE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"
#include "crypto/token.h"
#include "store/access.h"

struct buf;
struct cu_err;
struct db_image;
struct engine;

#define ENGINE_KEY_SIZE 64 /* a policy key with its NUL */

enum subject_kind { SUBJECT_PERSON = 1, SUBJECT_ORGANISATION = 2, SUBJECT_CASE = 3 /* tx_case.h */ };
enum subject_state { SUBJECT_LIVE = 1, SUBJECT_ERASING = 2 };

struct row_subject {
	struct id id;
	enum subject_kind kind;
	enum subject_state state;
	int64_t created_ms;
	uint64_t run; /* first slot of the run that new collections take from */
	unsigned run_used; /* slots of it that were given out; slots.h says when it is more */
	bool is_partly; /* an erasure hides some of it: ask engine_erasure_hides */
	bool is_restricted; /* stored, and neither used nor changed (tx_consent.h) */
};

/* The key of a subject's data in one collection. */
struct row_slot {
	struct id subject;
	char collection[ENGINE_KEY_SIZE];
	uint64_t slot;
};

struct row_record {
	struct id id, subject;
	char collection[ENGINE_KEY_SIZE];
	uint64_t slot;
	bool has_cohort;
	uint64_t cohort_slot;
	uint32_t version;
	int32_t anchor_day; /* CIVIL_NO_DAY: none */
	unsigned level;     /* confidentiality, 0 public .. 3 restricted */
	int64_t created_ms, updated_ms;
	uint64_t seq;       /* the outbox number of its last change */
	int64_t rule;       /* engine_rule.h; 0: none.  On reading */
	int64_t expires_ms; /* by its own rule; 0: with its collection.  On reading */
	struct span sealed; /* on reading: until the next call on the engine */
};

enum erasure_scope { ERASE_SUBJECT = 1, ERASE_COLLECTIONS = 2, ERASE_RECORD = 3 };

/* tx_erase.h has the moves. */
enum erasure_state {
	ERASURE_COOLING_OFF = 1,
	ERASURE_AWAITING_APPROVAL = 2,
	ERASURE_SHREDDING = 3, /* from here on it cannot be cancelled */
	ERASURE_SHREDDED = 4,
	ERASURE_DONE = 5,
	ERASURE_CANCELLED = 6,
};

/* Its collections and slots are rows of their own. */
struct row_erasure {
	struct id id, subject;
	enum erasure_scope scope;
	struct id record; /* of ERASE_RECORD */
	char purpose[ENGINE_KEY_SIZE];
	struct id asker;    /* an operator */
	struct id approval; /* the last that was asked for; nil: none */
	bool is_now;        /* without the grace period, if a second user confirms */
	enum erasure_state state;
	int64_t begun_ms, due_ms, shredded_ms, done_ms;
	uint64_t generation;        /* of the vault, after the shred */
	uint64_t nslots, ncohorts;  /* shredded, or to be */
	/* Where its leaves are: right but after a crash between rows and log, when other leaves of
	 * that moment are lost and these move down.  Whoever shows them looks whether they are so. */
	uint64_t begin_leaf, shred_leaf, done_leaf;
};

enum approval_state {
	APPROVAL_ASKED = 1,
	APPROVAL_GRANTED = 2,
	APPROVAL_DENIED = 3,
	APPROVAL_EXPIRED = 4,
	APPROVAL_USED = 5,
};

/* Something dangerous, asked for by one user, to be confirmed by another (tx_approval.h). */
struct row_approval {
	struct id id;
	char kind[ENGINE_KEY_SIZE];
	uint8_t scope[32]; /* digest of what exactly */
	struct id object;
	struct id asker, decider; /* operators */
	int64_t asked_ms, expires_ms, decided_ms;
	enum approval_state state;
};

/* Cases and the records of system collections (system.h) are not counted. */
struct engine_counts {
	uint64_t subjects, records, sealed_bytes;
};

/* --- a store's two databases ------------------------------------------------------ */

enum engine_mode { ENGINE_CREATE, ENGINE_WRITE, ENGINE_READ };

/* data.db and index.db in dir.  ENGINE_WRITE makes index.db when it is absent (and then
 * engine_index_seq says 0). */
int engine_open(const char *dir, enum engine_mode mode, struct engine **ret, struct cu_err *err);
void engine_close(struct engine *e); /* NULL is fine */

/* A transaction over both; inside it, a step can be undone alone.  The index is written
 * second and not awaited durably: what it lacks after a crash is seen by engine_index_seq.
 * A commit that fails has rolled back what was not committed; *ret_has_rows (may be NULL) then
 * says whether the rows are durable and only the index lacks them. */
int engine_begin(struct engine *e, struct cu_err *err);
int engine_commit(struct engine *e, bool *ret_has_rows, struct cu_err *err);
void engine_rollback(struct engine *e);
int engine_step_begin(struct engine *e, struct cu_err *err);
int engine_step_end(struct engine *e, bool is_kept, struct cu_err *err);

/* A reader's view that stands still until its end; short (DESIGN part 4: under 5 s). */
int engine_read_begin(struct engine *e, struct cu_err *err);
void engine_read_end(struct engine *e);

/* Gives back the row that a record was borrowed from, which keeps its view of the database open
 * outside of a transaction or a view. */
void engine_release(struct engine *e);

/* Keeps the write-ahead logs from growing on; cheap to call after each commit. */
int engine_tidy(struct engine *e, struct cu_err *err);
/* Nothing deleted remains readable in the live files' write-ahead logs. */
int engine_flush(struct engine *e, struct cu_err *err);
/* Writer's thread, outside a transaction: the exact bytes of data.db, or of index.db. */
int engine_image_begin(struct engine *e, struct db_image **ret, struct cu_err *err);
int engine_index_image_begin(struct engine *e, struct db_image **ret, struct cu_err *err);
/* Writer's thread, outside a transaction: zeros where no row is on these pages of an image of
 * data.db, or of index.db (db/wipe.h). */
int engine_wipe(struct engine *e, bool is_index, struct db_image *image, const uint32_t *pages,
	size_t n, size_t *ret_n, struct cu_err *err);
int engine_check(struct engine *e, struct cu_err *err);
int engine_count(struct engine *e, struct engine_counts *ret, struct cu_err *err);
/* Without the bytes, which are 0: three times as fast, and 11 ms for 100,000 records still. */
int engine_count_rows(struct engine *e, struct engine_counts *ret, struct cu_err *err);

/* --- rows ------------------------------------------------------------------------- */

int engine_meta_get(struct engine *e, const char *key, struct buf *to, struct cu_err *err);
int engine_meta_put(struct engine *e, const char *key, struct span value, struct cu_err *err);
int engine_meta_get_u64(struct engine *e, const char *key, uint64_t *ret, struct cu_err *err);
int engine_meta_put_u64(struct engine *e, const char *key, uint64_t value, struct cu_err *err);

int engine_subject_put(struct engine *e, const struct row_subject *row, struct cu_err *err);
int engine_subject_get(struct engine *e, const struct id *id, struct row_subject *ret,
	struct cu_err *err);
/* Adds `mark` to the run_used of each subject whose run has slots left of `size`. */
int engine_subjects_close_runs(struct engine *e, unsigned mark, unsigned size, struct cu_err *err);
/* The first subject whose id is greater than *after (NULL: the first of all). */
int engine_subject_next(struct engine *e, const struct id *after, struct row_subject *ret,
	struct cu_err *err);
/* The subject, its records, slots, consents and mentions as co-subject; its tokens too. */
int engine_subject_delete(struct engine *e, const struct id *id, struct cu_err *err);

int engine_slot_put(struct engine *e, const struct row_slot *row, struct cu_err *err);
int engine_slot_get(struct engine *e, const struct id *subject, const char *collection,
	uint64_t *ret_slot, struct cu_err *err);
/* In the order of collections: the first after this one; "" starts. */
int engine_slot_next(struct engine *e, const struct id *subject, const char *after,
	struct row_slot *ret, struct cu_err *err);
/* The next data of this collection takes another one. */
int engine_slot_delete(struct engine *e, const struct id *subject, const char *collection,
	struct cu_err *err);
/* Appends the numbers as native uint64_t. */
int engine_slots_of(struct engine *e, const struct id *subject, struct buf *to,
	struct cu_err *err);

/* Inserts, or replaces the record of this id; cosubjects replace the earlier ones. */
int engine_record_put(struct engine *e, const struct row_record *row,
	const struct id *cosubjects, unsigned ncosubjects, struct cu_err *err);
int engine_record_get(struct engine *e, const struct id *id, struct row_record *ret,
	struct cu_err *err);
/* The same record under another slot; the rest of its row stays. */
int engine_record_reseal(struct engine *e, const struct id *id, uint64_t slot,
	struct span sealed, struct cu_err *err);
int engine_record_delete(struct engine *e, const struct id *id, struct cu_err *err);
/* One subject's records in the order of (collection, id): the first after (collection, id);
 * NULL starts.  A NULL filter means every collection. */
int engine_record_next(struct engine *e, const struct id *subject, const char *filter,
	const struct row_record *after, struct row_record *ret, struct cu_err *err);
/* All records changed after outbox number seq, in the order of (seq, id). */
int engine_record_changed(struct engine *e, uint64_t seq, const struct id *after,
	struct row_record *ret, struct cu_err *err);

/* The slot of a cohort: collection × retention class × period (yyyymm or yyyymmdd). */
int engine_cohort_get(struct engine *e, const char *collection, const char *class_key,
	uint32_t period, uint64_t *ret_slot, struct cu_err *err);
int engine_cohort_put(struct engine *e, const char *collection, const char *class_key,
	uint32_t period, uint64_t slot, struct cu_err *err);

/* The slots of those before a period, ascending, appended as native uint64_t; and their end. */
int engine_cohorts_before(struct engine *e, const char *collection, const char *class_key,
	uint32_t period, struct buf *to, struct cu_err *err);
int engine_cohorts_delete(struct engine *e, const char *collection, const char *class_key,
	uint32_t before, struct cu_err *err);

/* Leaves on their way to the log, numbered without gaps. */
int engine_outbox_put(struct engine *e, uint64_t seq, struct span leaf, struct cu_err *err);
int engine_outbox_next(struct engine *e, uint64_t after, uint64_t *ret_seq, struct buf *leaf,
	struct cu_err *err);
int engine_outbox_drop(struct engine *e, uint64_t upto, struct cu_err *err);

/* Requests that were answered, so that a retry is answered alike.  reply holds ids only. */
int engine_request_get(struct engine *e, const struct id *id, struct buf *reply,
	struct cu_err *err);
int engine_request_put(struct engine *e, const struct id *id, int64_t at_ms, struct span reply,
	struct cu_err *err);
int engine_request_prune(struct engine *e, int64_t before_ms, struct cu_err *err);

int engine_erasure_put(struct engine *e, const struct row_erasure *row, struct cu_err *err);
int engine_erasure_get(struct engine *e, const struct id *id, struct row_erasure *ret,
	struct cu_err *err);
/* The one of this subject that is neither done nor cancelled. */
int engine_erasure_of(struct engine *e, const struct id *subject, struct row_erasure *ret,
	struct cu_err *err);
/* When the first one was done: 1, or 0 when none is. */
int engine_erasure_first(struct engine *e, int64_t *ret_ms, struct cu_err *err);
/* All in the order of (begun_ms, id), or those that are neither done nor cancelled in the order
 * of (due_ms, id): the first after *after; NULL starts. */
int engine_erasure_next(struct engine *e, const struct row_erasure *after,
	struct row_erasure *ret, struct cu_err *err);
int engine_erasure_next_open(struct engine *e, const struct row_erasure *after,
	struct row_erasure *ret, struct cu_err *err);
/* What was shredded from this time on. */
int engine_erasure_spent(struct engine *e, int64_t since_ms, uint64_t *ret_slots,
	uint64_t *ret_cohorts, struct cu_err *err);
/* Does an open erasure of less than the subject hide this record (nil: a new one)? */
int engine_erasure_hides(struct engine *e, const struct id *subject, const char *collection,
	const struct id *record, struct cu_err *err);

/* The collections that an erasure is about: the first after this one; "" starts. */
int engine_erasure_part_put(struct engine *e, const struct id *erasure, const char *collection,
	struct cu_err *err);
int engine_erasure_part_next(struct engine *e, const struct id *erasure, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err);

/* The slots that it shreds; collection is "" for those of a whole subject. */
int engine_erasure_slot_put(struct engine *e, const struct id *erasure, const char *collection,
	uint64_t slot, struct cu_err *err);
/* Appends the numbers as native uint64_t, ascending; NULL: of all collections. */
int engine_erasure_slots(struct engine *e, const struct id *erasure, const char *collection,
	struct buf *to, struct cu_err *err);
int engine_erasure_slots_drop(struct engine *e, const struct id *erasure, struct cu_err *err);

int engine_approval_put(struct engine *e, const struct row_approval *row, struct cu_err *err);
int engine_approval_get(struct engine *e, const struct id *id, struct row_approval *ret,
	struct cu_err *err);
/* In the order of (asked_ms, id): the first after *after; NULL starts. */
int engine_approval_next(struct engine *e, const struct row_approval *after,
	struct row_approval *ret, struct cu_err *err);
/* One that is asked for or granted although its time was over before this. */
int engine_approval_overdue(struct engine *e, int64_t now_ms, struct row_approval *ret,
	struct cu_err *err);

/* Entries of the access journal; the sealed bytes are copied to sealed. */
int engine_access_put(struct engine *e, const struct row_access *row, struct cu_err *err);
int engine_access_get(struct engine *e, const struct id *id, struct row_access *ret,
	struct buf *sealed, struct cu_err *err);
int engine_access_drop(struct engine *e, uint32_t before, struct cu_err *err);

/* The random id that stands for a user in the log. */
int engine_operator_get(struct engine *e, uint32_t uid, struct id *ret, struct cu_err *err);
int engine_operator_uid(struct engine *e, const struct id *id, uint32_t *ret,
	struct cu_err *err);
int engine_operator_put(struct engine *e, uint32_t uid, const struct id *id,
	struct cu_err *err);

/* --- the index -------------------------------------------------------------------- */

/* Everything up to this outbox number is in the index; 0: it is empty and must be filled. */
int engine_index_seq(struct engine *e, uint64_t *ret, struct cu_err *err);
int engine_index_set_seq(struct engine *e, uint64_t seq, struct cu_err *err);
int engine_token_put(struct engine *e, const uint8_t token[TOKEN_SIZE],
	const struct id *subject, const struct id *record, struct cu_err *err);
/* The first hit whose record id is greater than *after (NULL: the first of all). */
int engine_token_next(struct engine *e, const uint8_t token[TOKEN_SIZE],
	const struct id *after, struct id *ret_subject, struct id *ret_record,
	struct cu_err *err);
int engine_token_drop_record(struct engine *e, const struct id *record, struct cu_err *err);

#endif
