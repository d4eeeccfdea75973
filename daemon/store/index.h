/*
 * index.h: finding people by a value that stands nowhere in clear.
 *
 * A record has tokens: those its owner's tokeniser gives (by schema), and one for its name in
 * an import's source.  What the index says is confirmed by opening the record and asking the
 * tokeniser again, so a stale or colliding token finds nobody.
 */
#ifndef CU_STORE_INDEX_H
#define CU_STORE_INDEX_H
#include "base/buf.h"
#include "store/record.h"

struct sealer;

#define INDEX_MAX_TOKENS 32
#define INDEX_KIND_SIZE  136 /* "<collection>.<field>" with its NUL */

/* The (kind, normalised value) pairs of one record. */
struct index_terms {
	struct buf text; /* wiping; kinds and values one after the other */
	struct {
		size_t kind_at, value_at, value_n;
	} at[INDEX_MAX_TOKENS];
	unsigned n;
};

/* Adds the terms of a record by index_add.  Pure; any thread. */
typedef void index_tokeniser(void *ctx, const struct record *r, struct index_terms *to);

struct index_config {
	index_tokeniser *tokenise;
	void *ctx;
};

void index_terms_init(struct index_terms *t);
void index_terms_done(struct index_terms *t);
/* Beyond INDEX_MAX_TOKENS a term is left out: such a record is found by its first ones. */
void index_add(struct index_terms *t, const char *kind, struct span value);
/* The same of a value that was put together: if there was no memory for it there is none for the terms either, and
 * the record is not taken. */
void index_add_buf(struct index_terms *t, const char *kind, const struct buf *value);

/* Makes the tokens of a record what they should be; on the writer, within its step. */
int index_put_record(struct engine *e, struct sealer *s, const struct index_config *cfg,
	const struct record *r, struct cu_err *err);

/* One confirmed hit: the record and its row, borrowed for the call.  1 ends the search. */
typedef int index_hit(void *ctx, const struct row_record *row, const struct record *r,
	struct cu_err *err);
/* Calls hit for each record that has this term.  The number of hits, or a code. */
int index_find(struct engine *e, struct sealer *s, const struct index_config *cfg,
	const char *kind, struct span value, index_hit *hit, void *ctx, struct cu_err *err);

/* The same for a record's name in a source: 1 with ret_id, 0, or a code. */
int index_find_source(struct engine *e, struct sealer *s, const struct index_config *cfg,
	const char *collection, struct span source, struct span key, struct row_record *ret_row,
	struct record *ret, struct cu_err *err);

/* Puts what changed since the index was last written into it, all when it is new.  Opens the
 * records; those whose keys are shredded are passed over.  At start-up, outside a
 * transaction.  The number of records, or a code. */
long index_catch_up(struct engine *e, struct sealer *s, const struct index_config *cfg,
	uint64_t last_seq, struct cu_err *err);

#endif
