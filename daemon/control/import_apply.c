/* A chunk of rows on the writer thread: look up, merge, write, one leaf for each row; or, in a
 * rehearsal, look up and count. */
#include <string.h>

#include "base/err.h"
#include "base/intl.h"
#include "control/build.h"
#include "control/import.h"
#include "control/terms.h"
#include "base/civil.h"
#include "store/tx.h"

/* The subject's key as a record of the identifier collection. */
static int put_identifier(struct tx *tx, const struct map *map, const struct import_row *row,
	const struct id *subject, struct cu_err *err)
{
	const struct collection *c = policy_find_collection(map->policy, TERMS_IDENTIFIER);
	struct record rec = { .subject = *subject, .collection = TERMS_IDENTIFIER,
		.anchor_day = CIVIL_NO_DAY, .origin = RECORD_EXTERNAL,
		.level = c ? (unsigned)c->level : LEVEL_RESTRICTED, .source = span_str(map->source) };
	int r = record_set(&rec, span_str("scheme"), span_str(map->source), err);

	if (r == 0) {
		r = record_set(&rec, span_str("value"), span_str(row->subject), err);
	}
	return r < 0 ? r : tx_record_put(tx, &rec, err);
}

/* Whether a name stands in an earlier row of a rehearsal; "s" a subject's, "r" a record's. */
static int is_rehearsed(struct import_chunk *ch, const char *kind, const char *collection,
	struct span name, bool *ret, struct cu_err *err)
{
	struct buf all = BUF_INIT_WIPE;
	uint32_t before = 0;
	int r;

	buf_putf(&all, "%s\n%s\n", kind, collection);
	buf_put_span(&all, name);
	r = buf_check(&all, err);
	if (r == 0) {
		r = import_seen_count(ch->rehearsed, buf_span(&all), &before, err);
	}
	buf_done(&all);
	*ret = before > 0;
	return r;
}

static int rehearse_subject(struct import_chunk *ch, const struct import_row *row,
	struct cu_err *err)
{
	bool is_known;
	int r = is_rehearsed(ch, "s", "", span_str(row->subject), &is_known, err);

	ch->counts.subjects_new += r == 0 && !is_known;
	return r;
}

static int rehearse_record(struct import_chunk *ch, const struct import_record *ir,
	struct cu_err *err)
{
	bool is_known = !id_is_nil(&ir->rec.id);
	int r = 0;

	if (!is_known) {
		r = is_rehearsed(ch, "r", ir->rec.collection, ir->rec.key, &is_known, err);
		ch->counts.records_new += !is_known;
		ch->counts.records_same += is_known;
	} else {
		ch->counts.records_same += ir->is_same;
		ch->counts.records_changed += !ir->is_same;
	}
	return r;
}

/* 1: there, 0: may not be made; else made. */
static int find_subject(struct tx *tx, struct import_chunk *ch, const struct import_row *row,
	struct id *ret, struct cu_err *err)
{
	struct buf term = BUF_INIT_WIPE;
	int r;

	r = terms_external(ch->map->source, span_str(row->subject), &term, err);
	r = r < 0 ? r : tx_find_subject(tx, TERMS_EXTERNAL, buf_span(&term), ret, err);
	buf_done(&term);
	if (r != 0 || !ch->map->creates) {
		return r;
	}
	if (ch->rehearsed) {
		r = rehearse_subject(ch, row, err);
		return r < 0 ? r : 1; /* with a nil id */
	}
	r = tx_subject_add(tx,
		ch->map->kind == MAP_ORGANISATION ? SUBJECT_ORGANISATION : SUBJECT_PERSON,
		ch->x->purpose, ret, err);
	if (r == 0) {
		r = put_identifier(tx, ch->map, row, ret, err);
	}
	if (r < 0) {
		return r;
	}
	ch->counts.subjects_new++;
	return 1;
}

/* What is known of the record already stays where the file says nothing. */
static int merge(struct exchange *x, struct tx *tx, const struct policy *p, struct import_record *ir,
	const struct id *subject, const char **ret_reject, struct cu_err *err)
{
	char old_class[ENGINE_KEY_SIZE] = "";
	struct record old, merged;
	struct row_record row;
	int r = tx_find_source(tx, ir->rec.collection, ir->rec.source, ir->rec.key, &row, &old, err);

	ir->rec.subject = *subject;
	if (r <= 0) {
		build_class(p, old_class, &ir->rec);
		return r;
	}
	if (!id_eq(&old.subject, subject)) {
		*ret_reject = N_("a record of this name belongs to another subject");
		return 0;
	}
	r = record_copy_spans(&old, &ir->old, err);
	if (r == 0) {
		r = exchange_uses(x, tx, &row, err);
		if (r == 0) {
			*ret_reject = N_("the record's own rule keeps it from this purpose");
		}
		r = r > 0 ? 0 : r;
	}
	if (r < 0 || *ret_reject) {
		return r;
	}
	merged = old;
	merged.anchor_day = ir->rec.anchor_day;
	merged.cohort = ir->rec.cohort;
	merged.level = ir->rec.level;
	for (unsigned i = 0; r == 0 && i < ir->rec.nfields; i++) {
		r = record_set(&merged, ir->rec.fields[i].name, ir->rec.fields[i].value, err);
	}
	if (r == 0) {
		r = tx_record_class(tx, &row, old_class, err);
	}
	ir->is_same = record_is_same(&merged, &old);
	ir->rec = merged;
	build_class(p, old_class, &ir->rec);
	return r < 0 ? r : 0;
}

static int write_records(struct tx *tx, struct import_chunk *ch, struct import_row *row,
	const struct id *subject, struct cu_err *err)
{
	uint64_t written = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < row->nrecords; i++) {
		struct import_record *ir = &row->records[i];
		bool is_new = id_is_nil(&ir->rec.id);

		if (ch->rehearsed) {
			r = rehearse_record(ch, ir, err);
			continue;
		}
		if (ir->is_same) {
			ch->counts.records_same++;
			continue;
		}
		r = tx_record_put(tx, &ir->rec, err);
		ch->counts.records_new += is_new;
		ch->counts.records_changed += !is_new;
		written++;
	}
	if (r == 0 && written > 0) {
		r = tx_records_leaf(tx, subject, NULL, ch->x->purpose, NULL, written, err);
	}
	return r;
}

static int apply_row(struct tx *tx, struct import_chunk *ch, struct import_row *row,
	const char **ret_reject, struct cu_err *err)
{
	struct row_subject who;
	struct standing standing;
	struct id subject = { 0 };
	int r = find_subject(tx, ch, row, &subject, err);

	if (r == 0) {
		*ret_reject = N_("no subject has this key");
	}
	if (r <= 0) {
		return r;
	}
	if (id_is_nil(&subject)) {
		return write_records(tx, ch, row, &subject, err);
	}
	r = tx_subject_require(tx, &subject, &who, err);
	if (r == CU_EDENIED) {
		*ret_reject = N_("the subject is being erased");
		return 0;
	}
	if (r == 0) {
		r = standing_in(tx, &subject, permit_events_of(&ch->x->permit), NULL, &standing, err);
	}
	if (r == 0 && permit_check_write(&ch->x->permit, &standing, NULL) < 0) {
		*ret_reject = N_("the purpose may not touch this subject");
		return 0;
	}
	for (size_t i = 0; r == 0 && !*ret_reject && i < row->nrecords; i++) {
		struct record *rec = &row->records[i].rec;

		r = merge(ch->x, tx, ch->map->policy, &row->records[i], &subject, ret_reject,
			err);
		if (r == 0) {
			r = tx_is_hidden(tx, &who, rec->collection, &rec->id, err);
		}
		if (r > 0) {
			*ret_reject = N_("this part of the subject is being erased");
			r = 0;
		}
	}
	return r < 0 || *ret_reject ? r : write_records(tx, ch, row, &subject, err);
}

int import_apply(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct import_chunk *ch = (struct import_chunk *)op;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ch->nrows; i++) {
		const char *reject = NULL;

		r = apply_row(tx, ch, &ch->rows[i], &reject, err);
		if (reject) {
			ch->rejects[ch->nrejects].line = ch->rows[i].line;
			ch->rejects[ch->nrejects].last = ch->rows[i].last;
			ch->rejects[ch->nrejects++].reason = reject;
		}
	}
	return r;
}
