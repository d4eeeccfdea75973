/* Records of an id that is merged into another: sealed anew, under the other's keys. */
#include <string.h>

#include "base/err.h"
#include "store/store_internal.h"
#include "store/tx_merge_internal.h"

struct moving {
	struct tx *tx;
	const struct id *old, *subject;
	struct row_subject into;
	struct buf plain; /* of one record; wiped */
	uint64_t *n;
};

/* The old id among the co-subjects is the subject; nobody is his own, or twice. */
static void rename_others(struct record *rec, const struct id *old, const struct id *subject)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rec->ncosubjects; i++) {
		struct id id = id_eq(&rec->cosubjects[i], old) ? *subject : rec->cosubjects[i];
		bool is_known = id_eq(&id, &rec->subject);

		for (unsigned j = 0; j < n; j++) {
			is_known |= id_eq(&id, &rec->cosubjects[j]);
		}
		if (!is_known) {
			rec->cosubjects[n++] = id;
		}
	}
	rec->ncosubjects = n;
}

/* The row's slot is set; the same version of the same record. */
static int put(struct moving *m, struct row_record *row, struct record *rec, struct cu_err *err)
{
	struct tx *tx = m->tx;
	int r;

	rec->subject = row->subject;
	rename_others(rec, m->old, m->subject);
	row->seq = tx->seq + 1; /* an index that lags takes it up again */
	buf_clear(&tx->scratch);
	r = sealer_seal(tx->sealer, rec, row, &tx->scratch, err);
	if (r == 0) {
		r = engine_record_put(tx->engine, row, rec->cosubjects, rec->ncosubjects, err);
	}
	return r < 0 ? r : index_put_record(tx->engine, tx->sealer, tx->index, rec, err);
}

/* Of the subject from now on.  One whose key is gone waited to be cleared away. */
static int move_record(struct moving *m, struct row_record *row, struct cu_err *err)
{
	struct record rec;
	int r = sealer_open_copy(m->tx->sealer, row, &m->plain, &rec, err);

	if (r == CU_ENOKEY) {
		struct id id = row->id;

		return engine_record_delete(m->tx->engine, &id, err);
	}
	if (r == 0) {
		r = tx_slot_of(m->tx, &m->into, row->collection, &row->slot, err);
	}
	row->subject = *m->subject;
	++*m->n;
	return r < 0 ? r : put(m, row, &rec, err);
}

static int move_all(struct moving *m, struct cu_err *err)
{
	struct row_record row;
	int r;

	/* each leaves the old id, so that the next is the first again */
	while ((r = engine_record_next(m->tx->engine, m->old, NULL, NULL, &row, err)) > 0) {
		r = move_record(m, &row, err);
		if (r < 0) {
			break;
		}
	}
	return r;
}

int merge_move_records(struct tx *tx, const struct id *old, const struct id *subject,
	uint64_t *ret_n, struct cu_err *err)
{
	struct moving m = { .tx = tx, .old = old, .subject = subject, .plain = BUF_INIT_WIPE,
		.n = ret_n };
	int r = engine_subject_get(tx->engine, subject, &m.into, err);

	if (r == 0) {
		r = cu_err_set(err, CU_ENOENT, "there is no such data subject");
	}
	if (r > 0) {
		r = move_all(&m, err);
	}
	buf_done(&m.plain);
	return r;
}
