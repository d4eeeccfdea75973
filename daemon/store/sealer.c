#include "store/sealer.h"

#include <string.h>

#include "base/err.h"
#include "crypto/key.h"
#include "crypto/seal.h"
#include "vault/vault.h"

int sealer_init(struct sealer *s, struct vault *vault, struct key_arena *arena,
	const struct id *store, struct cu_err *err)
{
	struct key **scratch[] = { &s->subject, &s->cohort, &s->record };

	*s = (struct sealer){
		.vault = vault, .arena = arena, .store = *store, .plain = BUF_INIT_WIPE
	};
	for (size_t i = 0; i < sizeof(scratch) / sizeof(scratch[0]); i++) {
		int r = key_new(arena, scratch[i], err);

		if (r < 0) {
			sealer_done(s);
			return r;
		}
	}
	return 0;
}

void sealer_done(struct sealer *s)
{
	if (!s->arena) {
		return;
	}
	key_free(s->arena, s->subject);
	key_free(s->arena, s->cohort);
	key_free(s->arena, s->record);
	buf_done(&s->plain);
	buf_done(&s->aad);
	*s = (struct sealer){ 0 };
}

static int derive(struct sealer *s, const struct row_record *row, struct cu_err *err)
{
	int r = vault_slot_key(s->vault, row->slot, s->subject, err);

	if (r == 0 && row->has_cohort) {
		r = vault_slot_key(s->vault, row->cohort_slot, s->cohort, err);
	}
	if (r == 0) {
		seal_record_key(
			s->subject, row->has_cohort ? s->cohort : NULL, s->record);
	}
	key_wipe(s->subject);
	key_wipe(s->cohort);
	return r;
}

static int make_aad(struct sealer *s, const struct row_record *row, struct cu_err *err)
{
	buf_clear(&s->aad);
	record_aad(&s->store, &row->subject, row->collection, &row->id, row->version,
		&s->aad);
	return buf_check(&s->aad, err);
}

int sealer_seal(struct sealer *s, const struct record *rec, struct row_record *row,
	struct buf *out, struct cu_err *err)
{
	size_t from = out->n;
	int r;

	buf_clear(&s->plain);
	r = record_encode(rec, &s->plain, err);
	if (r == 0) {
		r = derive(s, row, err);
	}
	if (r == 0) {
		r = make_aad(s, row, err);
	}
	if (r == 0) {
		r = seal_box(
			s->record, buf_span(&s->aad), buf_span(&s->plain), out, err);
	}
	key_wipe(s->record);
	buf_clear(&s->plain);
	if (r == 0) {
		row->sealed = span_of(out->p + from, out->n - from);
	}
	return r;
}

/* Into s->plain. */
static int open_bytes(
	struct sealer *s, const struct row_record *row, struct cu_err *err)
{
	int r = derive(s, row, err);

	buf_clear(&s->plain);
	if (r == 0) {
		r = make_aad(s, row, err);
	}
	if (r == 0) {
		r = seal_open(
			s->record, buf_span(&s->aad), row->sealed, &s->plain, err);
	}
	key_wipe(s->record);
	return r;
}

/* What was opened, sealed again under the slots that the row has now. */
static int seal_again(struct sealer *s, struct row_record *row, struct buf *out,
	struct cu_err *err)
{
	size_t from = out->n;
	int r = derive(s, row, err);

	if (r == 0) { /* the AAD names no slot: it is the same still */
		r = seal_box(
			s->record, buf_span(&s->aad), buf_span(&s->plain), out, err);
	}
	key_wipe(s->record);
	buf_clear(&s->plain);
	if (r == 0) {
		row->sealed = span_of(out->p + from, out->n - from);
	}
	return r;
}

int sealer_reseal(struct sealer *s, struct row_record *row, uint64_t slot,
	struct buf *out, struct cu_err *err)
{
	int r = open_bytes(s, row, err);

	row->slot = slot;
	return r < 0 ? r : seal_again(s, row, out, err);
}

int sealer_reseal_under(struct sealer *s, struct row_record *row, const uint64_t *cohort_slot,
	struct buf *out, struct cu_err *err)
{
	int r = open_bytes(s, row, err);

	row->has_cohort = cohort_slot != NULL;
	row->cohort_slot = cohort_slot ? *cohort_slot : 0;
	return r < 0 ? r : seal_again(s, row, out, err);
}

static int decode(const struct row_record *row, struct span plain, struct record *ret,
	struct cu_err *err)
{
	int r = record_decode(plain, ret, err);

	if (r == 0 && strcmp(ret->collection, row->collection) != 0) {
		r = cu_err_set(
			err, CU_ECORRUPT, "record's collection differs from its row's");
	}
	if (r == 0) {
		ret->id = row->id;
		ret->subject = row->subject;
		ret->version = row->version;
	}
	return r;
}

int sealer_open(struct sealer *s, const struct row_record *row, struct record *ret,
	struct cu_err *err)
{
	int r = open_bytes(s, row, err);

	return r == 0 ? decode(row, buf_span(&s->plain), ret, err) : r;
}

int sealer_open_copy(struct sealer *s, const struct row_record *row, struct buf *to,
	struct record *ret, struct cu_err *err)
{
	int r = open_bytes(s, row, err);

	buf_clear(to);
	if (r == 0) {
		buf_put_span(to, buf_span(&s->plain));
		r = buf_check(to, err);
	}
	return r == 0 ? decode(row, buf_span(to), ret, err) : r;
}
