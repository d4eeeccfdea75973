/* Export: everybody's data as JSON lines, into a descriptor. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/outlet.h"
#include "control/show.h"
#include "store/reader.h"

#define CHUNK_SUBJECTS   200         /* in one view of the store, one leaf and one write */
#define CHUNK_BYTES      (4u << 20)
#define PROGRESS_EACH_MS 200

struct export {
	struct exchange *x;
	struct reader *reader;
	struct show_filter filter;
	struct json json;
	struct buf lines; /* of the chunk; wiped */
	struct buf ids;   /* of the chunk */
	struct id at;     /* the last subject written */
	bool has_at;
	uint64_t chunk_subjects, subjects, records;
	int64_t told_ms;
	struct outlet outlet;
};

static int put_record(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct export *e = ctx;

	(void)err;
	if (show_has_collection(&e->filter, row->collection)) {
		show_record(&e->json, &e->filter, row, rec);
		e->records++;
	}
	return 0;
}

static int put_subject(struct export *e, const struct row_subject *who, struct cu_err *err)
{
	int r;

	e->json = json_to(&e->lines);
	json_open_object(&e->json, NULL);
	json_hex(&e->json, "subject", who->id.b, sizeof(who->id.b));
	show_kind(&e->json, who->kind);
	json_open_array(&e->json, "records");
	r = reader_records(e->reader, &who->id, NULL, put_record, e, err);
	json_close_array(&e->json);
	json_close_object(&e->json);
	buf_put_u8(&e->lines, '\n');
	buf_put(&e->ids, who->id.b, sizeof(who->id.b));
	e->chunk_subjects++;
	return r;
}

/* Whom the purpose may not touch is passed over. */
static int may_show(struct export *e, const struct id *subject, struct cu_err *err)
{
	const struct permit *p = &e->x->permit;
	struct standing s;
	int r = standing_read(e->reader, subject, permit_events_of(p), NULL, exchange_now_ms(e->x),
		&s, err);

	return r < 0 ? r : permit_judge(p, &s) == PERMIT_GRANTED;
}

/* The next subjects into memory, in one view.  1 when there may be more. */
static int read_chunk(struct export *e, struct cu_err *err)
{
	struct row_subject who;
	int r = reader_begin(e->reader, err);

	if (r < 0) {
		return r;
	}
	buf_clear(&e->lines);
	buf_clear(&e->ids);
	e->chunk_subjects = 0;
	r = 1;
	while (e->chunk_subjects < CHUNK_SUBJECTS && e->lines.n < CHUNK_BYTES &&
		(r = reader_next_subject(e->reader, e->has_at ? &e->at : NULL, &who, err)) > 0) {
		e->at = who.id;
		e->has_at = true;
		r = may_show(e, &who.id, err);
		if (r > 0) {
			r = put_subject(e, &who, err);
		}
		if (r < 0) {
			break;
		}
		r = 1;
	}
	reader_end(e->reader);
	if (r >= 0 && buf_check(&e->lines, err) < 0) {
		return CU_ENOMEM;
	}
	return r;
}

/* Read, in the log, and only then written.  When one of its people began to be forgotten in
 * between, it is read again, without them.  1 when there may be more. */
static int pass_chunk(struct export *e, struct cu_err *err)
{
	struct store *store = e->x->daemon->house.store;
	const struct export before = *e;
	int r, more;

	do {
		r = outlet_check(&e->outlet, err);
		if (r < 0) {
			return r;
		}
		e->at = before.at;
		e->has_at = before.has_at;
		e->records = before.records;
		e->reader = exchange_reader(e->x);
		more = read_chunk(e, err);
		store_reader_give(store, e->reader);
		if (more < 0 || e->chunk_subjects == 0) {
			return more;
		}
		r = exchange_bulk(e->x, LEAF_SUBJECT_EXPORT, buf_span(&e->ids), err);
	} while (r == CU_EDENIED || r == CU_ENOENT);
	if (r == 0) {
		r = outlet_put(&e->outlet, buf_span(&e->lines), err);
	}
	e->subjects += e->chunk_subjects;
	return r < 0 ? r : more;
}

static void show_counts(struct export *e, struct json *j, const char *name)
{
	json_open_object(j, name);
	json_uint(j, "subjects", e->subjects);
	json_uint(j, "records", e->records);
	json_uint(j, "bytes", e->outlet.nbytes);
	json_close_object(j);
}

static void tell(struct export *e)
{
	int64_t now = clock_monotonic_ms();
	struct buf frame = BUF_INIT;
	struct json j;

	if (now - e->told_ms < PROGRESS_EACH_MS) {
		return;
	}
	e->told_ms = now;
	j = exchange_progress_begin(&frame);
	show_counts(e, &j, "progress");
	exchange_progress_end(e->x, &j, &frame);
}

int handle_EXPORT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct export e = { .x = x, .lines = BUF_INIT_WIPE,
		.filter = { x->daemon->policy, &x->permit,
			json_object_get(x->call.parameters, "collections"), NULL } };
	int r = 1;

	outlet_init(&e.outlet, x);
	while (r > 0) {
		r = pass_chunk(&e, err);
		tell(&e);
	}
	if (r == 0) {
		r = outlet_sync(&e.outlet, err);
	}
	if (r == 0) {
		show_counts(&e, out, "result");
	}
	buf_done(&e.lines);
	buf_done(&e.ids);
	return r;
}
