#include "store/tx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "crypto/key.h"
#include "db/image.h"
#include "ledger/ledger.h"
#include "store/engine_expiry.h"
#include "store/slots.h"
#include "store/store_internal.h"
#include "store/system.h"
#include "store/tx_rule.h"
#include "vault/vault.h"

#define EXTEND_MIN_LEAVES 8   /* 256 runs */
#define EXTEND_MAX_LEAVES 256 /* 8,192 runs, 2 MiB of nodes in one transaction */

bool tx_has_changed(const struct tx *tx, uint64_t since)
{
	return tx->store->nchanges != since;
}

int tx_leaf(struct tx *tx, const struct leaf *given, struct cu_err *err)
{
	struct leaf leaf = *given;
	size_t header = tx->leaves.n, start;
	uint64_t outbox = tx->is_change ? tx->seq + 1 : 0;
	int r;

	if (leaf.t_ms == 0) {
		leaf.t_ms = tx->now_ms;
	}
	if (id_is_nil(&leaf.by)) {
		leaf.by = tx->actor;
	}
	buf_put(&tx->leaves, &outbox, sizeof(outbox));
	buf_put_u32(&tx->leaves, 0); /* its length, once known */
	start = tx->leaves.n;
	r = leaf_format(&leaf, &tx->leaves, err);
	if (r == 0) {
		r = buf_check(&tx->leaves, err);
	}
	if (r == 0 && outbox > 0) {
		r = engine_outbox_put(tx->engine, outbox,
			span_of(tx->leaves.p + start, tx->leaves.n - start), err);
	}
	if (r < 0) {
		tx->leaves.n = header;
		return r;
	}
	for (int i = 0; i < 4; i++) {
		tx->leaves.p[start - 4 + (size_t)i] = (uint8_t)((tx->leaves.n - start) >> (24 - 8 * i));
	}
	tx->seq += outbox > 0;
	tx->nleaves++;
	return 0;
}

uint64_t tx_last_leaf(const struct tx *tx)
{
	return ledger_size(tx->store->cfg.ledger) + tx->nleaves - 1; /* this thread alone appends */
}

int tx_request_get(struct tx *tx, const struct id *request, struct buf *reply,
	struct cu_err *err)
{
	return engine_request_get(tx->engine, request, reply, err);
}

int tx_request_put(struct tx *tx, const struct id *request, struct span reply,
	struct cu_err *err)
{
	return engine_request_put(tx->engine, request, tx->now_ms, reply, err);
}

int tx_operator(struct tx *tx, uint32_t uid, struct id *ret, struct cu_err *err)
{
	struct id id;
	int r = engine_operator_get(tx->engine, uid, &id, err);

	if (r == 0) {
		id = id_new();
		r = engine_operator_put(tx->engine, uid, &id, err);
	}
	if (r < 0) {
		return r;
	}
	*ret = id;
	return 0;
}

int tx_note_put(struct tx *tx, const char *name, uint64_t value, struct cu_err *err)
{
	return engine_meta_put_u64(tx->engine, name, value, err);
}

/* --- slots ------------------------------------------------------------------------ */

/* The vault grows with the store: by an eighth of what it has, within bounds. */
static int extend_vault(struct vault *v, struct cu_err *err)
{
	uint64_t leaves = vault_capacity(v) / VAULT_LEAF_SLOTS / 8;

	leaves = leaves < EXTEND_MIN_LEAVES ? EXTEND_MIN_LEAVES :
		leaves > EXTEND_MAX_LEAVES ? EXTEND_MAX_LEAVES : leaves;
	return vault_extend(v, (unsigned)leaves, err);
}

/* A run is taken for good once the transaction commits; the keys were committed before. */
int tx_take_run(struct tx *tx, uint64_t *ret, struct cu_err *err)
{
	struct vault *v = tx->store->cfg.vault;
	uint64_t next = 0;
	int r = engine_meta_get_u64(tx->engine, "next_slot", &next, err);

	if (r < 0) {
		return r;
	}
	if (next + VAULT_RUN > vault_capacity(v)) {
		r = extend_vault(v, err);
		if (r < 0) {
			return r;
		}
	}
	r = engine_meta_put_u64(tx->engine, "next_slot", next + VAULT_RUN, err);
	if (r == 0) {
		*ret = next;
	}
	return r;
}

/* What is left of a run that a restore closed goes with the subject, and is nobody's until then. */
static int keep_rest(struct tx *tx, const struct row_subject *subject, struct cu_err *err)
{
	struct row_slot row = { .subject = subject->id };
	int r = 0;

	for (unsigned i = slots_used(subject); r == 0 && i < VAULT_RUN; i++) {
		row.slot = subject->run + i;
		snprintf(row.collection, sizeof(row.collection), SYSTEM_REST "%" PRIu64, row.slot);
		r = engine_slot_put(tx->engine, &row, err);
	}
	return r;
}

static int next_run(struct tx *tx, struct row_subject *subject, struct cu_err *err)
{
	int r = keep_rest(tx, subject, err);

	if (r == 0) {
		r = tx_take_run(tx, &subject->run, err);
	}
	subject->run_used = 0;
	return r;
}

int tx_slot_of(struct tx *tx, struct row_subject *subject, const char *collection,
	uint64_t *ret, struct cu_err *err)
{
	struct row_slot row = { .subject = subject->id };
	int r = engine_slot_get(tx->engine, &subject->id, collection, ret, err);

	if (r != 0) {
		return r < 0 ? r : 0;
	}
	if (subject->run_used >= VAULT_RUN) {
		r = next_run(tx, subject, err);
		if (r < 0) {
			return r;
		}
	}
	row.slot = subject->run + subject->run_used++;
	strcpy(row.collection, collection);
	r = engine_slot_put(tx->engine, &row, err);
	if (r == 0) {
		r = engine_subject_put(tx->engine, subject, err);
	}
	if (r == 0) {
		*ret = row.slot;
	}
	return r;
}

int tx_slot_renew(struct tx *tx, const struct id *subject, const char *collection,
	uint64_t *ret, struct cu_err *err)
{
	struct row_subject who = { 0 };
	int r = engine_subject_get(tx->engine, subject, &who, err);

	if (r == 0) {
		r = cu_err_set(err, CU_ENOENT, "there is no such data subject");
	}
	if (r > 0) {
		r = engine_slot_delete(tx->engine, subject, collection, err);
	}
	return r < 0 ? r : tx_slot_of(tx, &who, collection, ret, err);
}

/* A cohort has a run to itself; it uses the first slot of it. */
int tx_cohort_slot(struct tx *tx, const char *collection, const char *class_key, uint32_t period,
	uint64_t *ret, struct cu_err *err)
{
	const char *in = class_key[0] ? class_key : COHORT_DEFAULT;
	int r = engine_cohort_get(tx->engine, collection, in, period, ret, err);

	if (r != 0) {
		return r < 0 ? r : 0;
	}
	r = tx_take_run(tx, ret, err);
	return r < 0 ? r : engine_cohort_put(tx->engine, collection, in, period, *ret, err);
}

int tx_record_class(struct tx *tx, const struct row_record *row, char ret[ENGINE_KEY_SIZE],
	struct cu_err *err)
{
	ret[0] = '\0';
	return row->has_cohort ? engine_class_of(tx->engine, row->cohort_slot, ret, err) : 0;
}

/* --- subjects --------------------------------------------------------------------- */

int tx_subject_add(struct tx *tx, enum subject_kind kind, const char *purpose,
	struct id *ret_id, struct cu_err *err)
{
	struct row_subject row = { .id = id_new(), .kind = kind, .state = SUBJECT_LIVE,
		.created_ms = tx->now_ms };
	struct leaf leaf = { .act = LEAF_SUBJECT_ADD, .sub = row.id };
	int r = tx_take_run(tx, &row.run, err);

	if (r == 0) {
		r = engine_subject_put(tx->engine, &row, err);
	}
	if (r == 0) {
		strncpy(leaf.purpose, purpose, sizeof(leaf.purpose) - 1);
		r = tx_leaf(tx, &leaf, err);
	}
	if (r == 0) {
		*ret_id = row.id;
	}
	return r;
}

/* A data subject, or a case where one is asked for. */
static int require_owner(struct tx *tx, const struct id *id, bool is_case,
	struct row_subject *ret, struct cu_err *err)
{
	int r = engine_subject_get(tx->engine, id, ret, err);

	if (r == 0 || (r > 0 && ret->kind == SUBJECT_CASE && !is_case)) {
		return cu_err_set(err, CU_ENOENT, "there is no such data subject");
	}
	if (r > 0 && ret->state != SUBJECT_LIVE) {
		return cu_err_set(err, CU_EDENIED, "this data subject is being erased");
	}
	return r < 0 ? r : 0;
}

int tx_subject_require(struct tx *tx, const struct id *id, struct row_subject *ret,
	struct cu_err *err)
{
	return require_owner(tx, id, false, ret, err);
}

int tx_is_hidden(struct tx *tx, const struct row_subject *who, const char *collection,
	const struct id *record, struct cu_err *err)
{
	return who->is_partly ? engine_erasure_hides(tx->engine, &who->id, collection, record, err) :
				0;
}

/* --- records ---------------------------------------------------------------------- */

/* What the new version keeps of the old: id, slot, creation; its number grows by one. */
static int next_version(struct tx *tx, struct record *rec, struct row_record *row,
	struct cu_err *err)
{
	struct row_record old;
	int r;

	if (id_is_nil(&rec->id)) {
		rec->id = id_new();
		rec->version = 1;
		row->created_ms = tx->now_ms;
		return 0;
	}
	r = engine_record_get(tx->engine, &rec->id, &old, err);
	if (r < 0) {
		return r;
	}
	if (r == 0 || !id_eq(&old.subject, &rec->subject) ||
		strcmp(old.collection, rec->collection) != 0) {
		return cu_err_set(err, CU_ENOENT, "there is no such record");
	}
	if (old.version == UINT32_MAX) {
		return cu_err_set(err, CU_ELIMIT, "the record cannot be changed any more");
	}
	rec->version = old.version + 1;
	row->created_ms = old.created_ms;
	row->rule = old.rule;
	row->expires_ms = old.expires_ms;
	return 0;
}

/* One that has an end of its own is of those that end with it. */
static int put_cohort(struct tx *tx, struct record *rec, struct row_record *row,
	struct cu_err *err)
{
	uint32_t period = rec->cohort;
	int r = 0;

	if (rec->expires_ms == 0) {
		rec->expires_ms = row->expires_ms;
	} else if (rec->expires_ms != row->expires_ms) {
		r = engine_record_rule_put(tx->engine, &rec->id, row->rule, rec->expires_ms, err);
	}
	if (rec->expires_ms != 0) {
		period = period_of_end(rec->expires_ms);
	}
	if (r == 0 && period != 0) {
		row->has_cohort = true;
		r = tx_cohort_of_record(tx, rec, period, &row->cohort_slot, err);
	}
	return r;
}

int tx_record_put(struct tx *tx, struct record *rec, struct cu_err *err)
{
	struct row_record row = { .subject = rec->subject, .level = rec->level };
	struct row_subject subject;
	int r = require_owner(tx, &rec->subject, system_owns(rec->collection), &subject, err);

	if (r == 0 && subject.is_restricted && !system_owns(rec->collection)) {
		return cu_err_set(err, CU_EDENIED, "this data subject is restricted: its data is "
						   "stored and not changed");
	}
	if (r == 0) {
		r = tx_is_hidden(tx, &subject, rec->collection, &rec->id, err);
	}
	if (r > 0) {
		r = cu_err_set(err, CU_EDENIED, "this part of the data subject is being erased");
	}
	if (r == 0) {
		r = next_version(tx, rec, &row, err);
	}
	if (r == 0) {
		r = tx_slot_of(tx, &subject, rec->collection, &row.slot, err);
	}
	if (r == 0) {
		r = put_cohort(tx, rec, &row, err);
	}
	if (r < 0) {
		return r;
	}
	rec->at_ms = tx->now_ms;
	rec->actor = tx->actor;
	row.id = rec->id;
	row.version = rec->version;
	row.anchor_day = rec->anchor_day;
	row.updated_ms = tx->now_ms;
	row.seq = tx->seq + 1; /* the leaf that will tell of it */
	strcpy(row.collection, rec->collection);
	buf_clear(&tx->scratch);
	r = sealer_seal(tx->sealer, rec, &row, &tx->scratch, err);
	if (r == 0) {
		r = engine_record_put(tx->engine, &row, rec->cosubjects, rec->ncosubjects, err);
	}
	return r < 0 ? r : index_put_record(tx->engine, tx->sealer, tx->index, rec, err);
}

int tx_records_leaf(struct tx *tx, const struct id *subject, const char *collection,
	const char *purpose, const struct id *record, uint64_t n, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_RECORD_PUT, .sub = *subject, .count = n };

	if (record) {
		leaf.obj = *record;
	}
	strncpy(leaf.purpose, purpose, sizeof(leaf.purpose) - 1);
	strncpy(leaf.collection, collection ? collection : "", sizeof(leaf.collection) - 1);
	return tx_leaf(tx, &leaf, err);
}

int tx_record_get(struct tx *tx, const struct id *id, struct row_record *row,
	struct record *ret, struct cu_err *err)
{
	int r = engine_record_get(tx->engine, id, row, err);

	if (r > 0) {
		r = sealer_open(tx->sealer, row, ret, err);
		return r == CU_ENOKEY ? 0 : r < 0 ? r : 1; /* its time is over; its row is about to go */
	}
	return r;
}

int tx_find_source(struct tx *tx, const char *collection, struct span source, struct span key,
	struct row_record *row, struct record *ret, struct cu_err *err)
{
	return index_find_source(tx->engine, tx->sealer, tx->index, collection, source, key, row,
		ret, err);
}

static int keep_subject(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)rec;
	(void)err;
	*(struct id *)ctx = row->subject;
	return 1;
}

int tx_find_subject(struct tx *tx, const char *kind, struct span value, struct id *ret,
	struct cu_err *err)
{
	return index_find(tx->engine, tx->sealer, tx->index, kind, value, keep_subject, ret, err);
}

/* --- alone ------------------------------------------------------------------------ */

int tx_image_begin(struct tx *tx, struct db_image **ret, struct engine_counts *ret_counts,
	struct cu_err *err)
{
	int r = engine_count(tx->engine, ret_counts, err);

	return r < 0 ? r : engine_image_begin(tx->engine, ret, err);
}

int tx_still_begin(struct tx *tx, struct tx_still *ret, struct cu_err *err)
{
	struct tx_still still = { 0 };
	int r = engine_image_begin(tx->engine, &still.data, err);

	if (r == 0) {
		r = engine_index_image_begin(tx->engine, &still.index, err);
	}
	if (r < 0) {
		db_image_end(still.data);
		return r;
	}
	*ret = still;
	return 0;
}

int tx_still_wipe(struct tx *tx, const struct tx_still *still, bool is_index,
	const uint32_t *pages, size_t n, size_t *ret_n, struct cu_err *err)
{
	struct db_image *image = is_index ? still->index : still->data;

	return engine_wipe(tx->engine, is_index, image, pages, n, ret_n, err);
}

int tx_flush(struct tx *tx, struct cu_err *err)
{
	return engine_flush(tx->engine, err);
}
