/* Two ids of one data subject become one. */
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/merge.h"
#include "control/preview.h"
#include "control/show.h"
#include "store/reader_alias.h"
#include "store/tx_merge.h"

struct merging {
	struct store_op op;
	const char *purpose;
	struct id old, subject;
	struct row_alias row;
};

/* Somebody may have merged either meanwhile. */
static int apply(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct merging *m = (struct merging *)op;
	int r = tx_alias_follow(tx, &m->old, err);

	if (r >= 0) {
		r = tx_alias_follow(tx, &m->subject, err);
	}
	return r < 0 ? r : tx_merge(tx, &m->old, &m->subject, m->purpose, &m->row, err);
}

static int take_ids(struct exchange *x, struct merging *m, struct cu_err *err)
{
	int r = x->rights.is_root ?
		cu_err_set(err, CU_EDENIED, "root never decides about a person's data") :
		exchange_id(x, "from", &m->old, err);

	return r == 0 ? exchange_id(x, "into", &m->subject, err) : r;
}

/* --- what would happen ------------------------------------------------------------ */

static int look(struct exchange *x, struct merging *m, bool *ret_restricted, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	const struct id *ids[] = { &m->old, &m->subject };
	struct row_subject who;
	int r = reader_alias_follow(rd, &m->old, err);

	if (r >= 0) {
		r = reader_alias_follow(rd, &m->subject, err);
	}
	if (r >= 0) {
		r = reader_merge_require(rd, &m->old, &m->subject, err);
	}
	for (size_t i = 0; r >= 0 && i < 2; i++) {
		r = reader_subject(rd, ids[i], &who, err);
		*ret_restricted |= r > 0 && who.is_restricted;
	}
	store_reader_give(x->daemon->house.store, rd);
	return r < 0 ? r : 0;
}

static int show_side(struct exchange *x, const char *name, const struct id *id, struct json *out,
	struct cu_err *err)
{
	struct preview p;
	int r = preview_of_subject(x, id, x->purpose, "merge.preview", &p, err);

	if (r < 0) {
		return r;
	}
	json_open_object(out, name);
	json_hex(out, "subject", id->b, sizeof(id->b));
	show_kind(out, p.kind);
	json_strn(out, "who", (const char *)p.who.p, p.who.n);
	json_open_array(out, "collections");
	for (size_t i = 0; i < p.nparts; i++) {
		json_open_object(out, NULL);
		json_str(out, "collection", p.parts[i].collection);
		json_uint(out, "records", p.parts[i].nrecords);
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
	preview_done(&p);
	return 0;
}

static int show_preview(struct exchange *x, struct merging *m, struct json *out, struct cu_err *err)
{
	bool is_restricted = false;
	int r = look(x, m, &is_restricted, err);

	if (r < 0) {
		return r;
	}
	json_open_object(out, "preview");
	r = show_side(x, "from", &m->old, out, err);
	if (r == 0) {
		r = show_side(x, "into", &m->subject, out, err);
	}
	json_bool(out, "restricted", is_restricted);
	json_close_object(out);
	return r;
}

/* --- the call --------------------------------------------------------------------- */

/* Where nothing is backed up the old keys end at once; else it is upkeep's to do. */
static int end_keys(struct exchange *x, struct merging *m, struct cu_err *err)
{
	struct reader *rd;
	struct row_alias row = { .old = { { 0 } } };
	int r = merge_duty(x->daemon, NULL, err);

	if (r < 0) {
		return r;
	}
	rd = store_reader_take(x->daemon->house.store);
	while ((r = reader_alias_of(rd, &m->subject, &row.old, &row, err)) > 0) {
		if (id_eq(&row.old, &m->old)) {
			m->row = row;
		}
	}
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

int handle_SUBJECT_MERGE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct merging m = { .op.apply = apply, .purpose = x->purpose };
	int r = take_ids(x, &m, err);

	if (r == 0 && exchange_flag(x, "dry_run")) {
		return show_preview(x, &m, out, err);
	}
	if (r == 0) {
		r = exchange_change(x, &m.op, err);
	}
	if (r == 0) {
		r = end_keys(x, &m, err);
	}
	if (r == 0) {
		json_open_object(out, "result");
		json_hex(out, "subject", m.subject.b, sizeof(m.subject.b));
		json_hex(out, "merged", m.old.b, sizeof(m.old.b));
		json_uint(out, "records", m.row.nrecords);
		json_bool(out, "keys_ended", m.row.state == ALIAS_DONE);
		json_close_object(out);
	}
	return r;
}
