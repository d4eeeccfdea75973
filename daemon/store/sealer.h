/*
 * sealer.h: a record sealed under its subject's key and its cohort's, and opened again.
 *
 * Holds the scratch keys and the plaintext of one thread; the plaintext is wiped when the
 * next record comes and at the end.
 */
#ifndef CU_STORE_SEALER_H
#define CU_STORE_SEALER_H
#include "base/buf.h"
#include "store/record.h"

struct key;
struct key_arena;
struct vault;

struct sealer {
	struct vault *vault;
	struct key_arena *arena;
	struct id store;
	struct key *subject, *cohort, *record; /* scratch */
	struct buf plain;                      /* of the last record */
	struct buf aad;
};

int sealer_init(struct sealer *s, struct vault *vault, struct key_arena *arena,
	const struct id *store, struct cu_err *err);
void sealer_done(struct sealer *s);

/* Fills row->sealed from r; row names the slots.  The bytes are appended to out, which must
 * live as long as row->sealed is used. */
int sealer_seal(struct sealer *s, const struct record *r, struct row_record *row,
	struct buf *out, struct cu_err *err);

/* The same bytes of a row under another slot: row->slot and row->sealed become the new ones. */
int sealer_reseal(struct sealer *s, struct row_record *row, uint64_t slot, struct buf *out,
	struct cu_err *err);

/* The same under another key in the place of the cohort's, or under none there (NULL). */
int sealer_reseal_under(struct sealer *s, struct row_record *row, const uint64_t *cohort_slot,
	struct buf *out, struct cu_err *err);

/* The record of a row; its spans live until the next call.  CU_ENOKEY: its key was shredded. */
int sealer_open(struct sealer *s, const struct row_record *row, struct record *ret,
	struct cu_err *err);

/* The same, but its spans are of *to (a wiping buffer, emptied first): it may be changed and sealed
 * again. */
int sealer_open_copy(struct sealer *s, const struct row_record *row, struct buf *to,
	struct record *ret, struct cu_err *err);

#endif
