#include "store/index.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "crypto/key.h"
#include "store/sealer.h"
#include "vault/vault.h"

#define CATCH_UP_BATCH 1000 /* records in one transaction */

void index_terms_init(struct index_terms *t)
{
	*t = (struct index_terms){ .text = BUF_INIT_WIPE };
}

void index_terms_done(struct index_terms *t)
{
	buf_done(&t->text);
}

void index_add(struct index_terms *t, const char *kind, struct span value)
{
	if (t->n == INDEX_MAX_TOKENS || value.n == 0) {
		return;
	}
	t->at[t->n].kind_at = t->text.n;
	buf_put(&t->text, kind, strlen(kind) + 1);
	t->at[t->n].value_at = t->text.n;
	t->at[t->n].value_n = value.n;
	buf_put_span(&t->text, value);
	t->n++;
}

void index_add_buf(struct index_terms *t, const char *kind, const struct buf *value)
{
	t->text.is_failed |= value->is_failed;
	index_add(t, kind, buf_span(value));
}

static const char *kind_at(const struct index_terms *t, unsigned i)
{
	return (const char *)t->text.p + t->at[i].kind_at;
}

static struct span value_at(const struct index_terms *t, unsigned i)
{
	return span_of(t->text.p + t->at[i].value_at, t->at[i].value_n);
}

/* "source.<collection>": a record's name where it came from. */
static void source_term(char kind[INDEX_KIND_SIZE], const char *collection, struct span source,
	struct span key, struct buf *value)
{
	snprintf(kind, INDEX_KIND_SIZE, "source.%s", collection);
	buf_put_span(value, source);
	buf_put_u8(value, 0);
	buf_put_span(value, key);
}

static int collect_terms(const struct index_config *cfg, const struct record *r,
	struct index_terms *to, struct cu_err *err)
{
	if (r->key.n > 0) {
		char kind[INDEX_KIND_SIZE];
		struct buf value = BUF_INIT_WIPE;

		source_term(kind, r->collection, r->source, r->key, &value);
		index_add_buf(to, kind, &value);
		buf_done(&value);
	}
	cfg->tokenise(cfg->ctx, r, to);
	return buf_check(&to->text, err);
}

int index_put_record(struct engine *e, struct sealer *s, const struct index_config *cfg,
	const struct record *r, struct cu_err *err)
{
	struct index_terms terms;
	int code;

	index_terms_init(&terms);
	code = collect_terms(cfg, r, &terms, err);
	if (code == 0) {
		code = engine_token_drop_record(e, &r->id, err);
	}
	for (unsigned i = 0; code == 0 && i < terms.n; i++) {
		uint8_t token[TOKEN_SIZE];

		token_make(vault_index_key(s->vault), kind_at(&terms, i), value_at(&terms, i), token);
		code = engine_token_put(e, token, &r->subject, &r->id, err);
	}
	index_terms_done(&terms);
	return code;
}

/* Does the record really have this term?  1, 0 or a code. */
static int confirm(const struct index_config *cfg, const struct record *r, const char *kind,
	struct span value, struct cu_err *err)
{
	struct index_terms terms;
	int code, is_there = 0;

	index_terms_init(&terms);
	code = collect_terms(cfg, r, &terms, err);
	for (unsigned i = 0; code == 0 && !is_there && i < terms.n; i++) {
		is_there = strcmp(kind_at(&terms, i), kind) == 0 && span_eq(value_at(&terms, i), value);
	}
	index_terms_done(&terms);
	return code < 0 ? code : is_there;
}

/* Opens the record of a hit and confirms it; 1 when it holds. */
static int open_hit(struct engine *e, struct sealer *s, const struct index_config *cfg,
	const char *kind, struct span value, const struct id *id, struct row_record *row,
	struct record *rec, struct cu_err *err)
{
	int r = engine_record_get(e, id, row, err);

	if (r <= 0) {
		return r; /* the token outlived its record */
	}
	r = sealer_open(s, row, rec, err);
	if (r == CU_ENOKEY) {
		return 0; /* shredded; its tokens are about to go */
	}
	return r < 0 ? r : confirm(cfg, rec, kind, value, err);
}

int index_find(struct engine *e, struct sealer *s, const struct index_config *cfg,
	const char *kind, struct span value, index_hit *hit, void *ctx, struct cu_err *err)
{
	uint8_t token[TOKEN_SIZE];
	struct id subject, at, *after = NULL;
	struct row_record row;
	struct record rec;
	int r, n = 0;

	token_make(vault_index_key(s->vault), kind, value, token);
	while ((r = engine_token_next(e, token, after, &subject, &at, err)) > 0) {
		after = &at;
		r = open_hit(e, s, cfg, kind, value, &at, &row, &rec, err);
		if (r > 0) {
			n++;
			r = hit(ctx, &row, &rec, err);
			if (r > 0) {
				return n;
			}
		}
		if (r < 0) {
			return r;
		}
	}
	return r < 0 ? r : n;
}

struct first_hit {
	struct row_record *row;
	struct record *rec;
};

static int keep_first(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct first_hit *f = ctx;

	(void)err;
	*f->row = *row;
	*f->rec = *rec;
	return 1;
}

int index_find_source(struct engine *e, struct sealer *s, const struct index_config *cfg,
	const char *collection, struct span source, struct span key, struct row_record *ret_row,
	struct record *ret, struct cu_err *err)
{
	struct first_hit first = { ret_row, ret };
	char kind[INDEX_KIND_SIZE];
	struct buf value = BUF_INIT_WIPE;
	int r;

	source_term(kind, collection, source, key, &value);
	r = buf_check(&value, err);
	if (r == 0) {
		r = index_find(e, s, cfg, kind, buf_span(&value), keep_first, &first, err);
	}
	buf_done(&value);
	return r;
}

/* Up to a batch of records after (*seq, *after); moves both.  The number, or a code. */
static long catch_up_batch(struct engine *e, struct sealer *s, const struct index_config *cfg,
	uint64_t *seq, struct id *after, struct cu_err *err)
{
	struct row_record row;
	struct record rec;
	long n = 0;
	int r = 0;

	while (n < CATCH_UP_BATCH && (r = engine_record_changed(e, *seq, after, &row, err)) > 0) {
		*seq = row.seq;
		*after = row.id;
		r = sealer_open(s, &row, &rec, err);
		if (r == 0) {
			r = index_put_record(e, s, cfg, &rec, err);
		} else if (r == CU_ENOKEY) {
			r = 0;
		}
		if (r < 0) {
			return r;
		}
		n++;
	}
	return r < 0 ? r : n;
}

/* One transaction of it.  The number of records; fewer than a batch: that was the end. */
static long catch_up_step(struct engine *e, struct sealer *s, const struct index_config *cfg,
	uint64_t *seq, struct id *after, uint64_t last_seq, struct cu_err *err)
{
	long n = 0;
	int r = engine_begin(e, err);

	if (r < 0) {
		return r;
	}
	n = catch_up_batch(e, s, cfg, seq, after, err);
	r = n < 0 ? (int)n : 0;
	if (r == 0) {
		/* a number is in the index only when all its records are */
		r = engine_index_set_seq(e, n < CATCH_UP_BATCH ? last_seq : *seq - 1, err);
	}
	if (r < 0) {
		engine_rollback(e);
		return r;
	}
	r = engine_commit(e, NULL, err);
	return r < 0 ? r : n;
}

long index_catch_up(struct engine *e, struct sealer *s, const struct index_config *cfg,
	uint64_t last_seq, struct cu_err *err)
{
	/* the greatest id, so that the first row wanted is one of a later number */
	struct id after;
	uint64_t seq;
	long n, total = 0;
	int r = engine_index_seq(e, &seq, err);

	if (r < 0 || seq >= last_seq) {
		return r;
	}
	memset(after.b, 0xff, sizeof(after.b));
	do {
		n = catch_up_step(e, s, cfg, &seq, &after, last_seq, err);
		total += n;
	} while (n == CATCH_UP_BATCH);
	return n < 0 ? n : total;
}
