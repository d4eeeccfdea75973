/* Records by key and by their own rules: get, list, count. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "control/build.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/rule_build.h"
#include "control/show.h"
#include "control/where.h"

#define PAGE_RECORDS  4000 /* in one view of the store, one leaf and one reply */
#define PAGE_BYTES    (2u << 20)
#define ALONE_RECORDS 1000 /* in a reply without `more` */

/* --- one record ------------------------------------------------------------------- */

/* Records that are shown, each with its rule. */
struct shown {
	struct exchange *x;
	struct reader *reader;
	struct show_filter filter;
	struct json *out;
	const char *name; /* of the member; NULL in an array */
	struct id subject; /* of the last, and whether it may be shown */
	bool is_permitted;
	struct buf subjects; /* ids, one for each that was shown */
};

static int show_stored(struct shown *s, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct json *j = s->out;

	json_open_object(j, s->name);
	json_hex(j, "record", row->id.b, sizeof(row->id.b));
	json_hex(j, "subject", row->subject.b, sizeof(row->subject.b));
	json_str(j, "collection", row->collection);
	if (rec->key.n > 0 && span_eq(rec->source, span_str(RECORD_BY_HAND))) {
		json_strn(j, "key", (const char *)rec->key.p, rec->key.n);
	}
	json_uint(j, "version", row->version);
	json_int(j, "created_ms", row->created_ms);
	if (row->expires_ms != 0) {
		json_int(j, "expires_ms", row->expires_ms);
	}
	rule_show(j, rec->rule);
	show_fields(j, &s->filter, rec);
	json_close_object(j);
	buf_put(&s->subjects, row->subject.b, sizeof(row->subject.b));
	return buf_check(&s->subjects, err);
}

static struct shown shown_for(struct exchange *x, struct json *out)
{
	return (struct shown){ .x = x, .out = out,
		.filter = { x->daemon->policy, &x->permit, NULL,
			json_object_get(x->call.parameters, "fields") } };
}

/* --- get -------------------------------------------------------------------------- */

static int show_one(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct shown *s = ctx;
	struct standing standing;
	int r;

	if (!purpose_covers(s->x->permit.purpose, row->collection)) {
		return 0;
	}
	r = exchange_permit(s->x, s->reader, &row->subject, &standing, err);
	return r < 0 ? r : show_stored(s, row, rec, err);
}

static int get_one(struct shown *s, struct leaf *leaf, struct cu_err *err)
{
	struct exchange *x = s->x;
	const char *by = exchange_text(x, "by"), *key = exchange_text(x, "key"),
		   *collection = exchange_text(x, "collection");
	int r = exchange_id(x, "record", &leaf->obj, err);

	if (r < 0) {
		return r;
	}
	if (!by || strcmp(by, "record") == 0) {
		return id_is_nil(&leaf->obj) ?
			cu_err_set(err, CU_EINVAL, "record: is missing") :
			reader_record(s->reader, &leaf->obj, show_one, s, err);
	}
	if (!collection || !key || !*key) {
		return cu_err_set(err, CU_EINVAL, "%s: is missing", collection ? "key" : "collection");
	}
	return reader_record_named(s->reader, collection, span_str(RECORD_BY_HAND), span_str(key),
		show_one, s, err);
}

int handle_RECORD_GET(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct shown s = shown_for(x, out);
	struct leaf leaf = { .act = LEAF_RECORD_READ, .count = 1 };
	int r;

	s.name = "record";
	s.reader = exchange_reader(x);
	r = reader_begin(s.reader, err);
	exchange_saw(x, s.reader);
	if (r == 0) {
		r = get_one(&s, &leaf, err);
		reader_end(s.reader);
	}
	store_reader_give(x->daemon->house.store, s.reader);
	if (r >= 0 && s.subjects.n == 0) {
		r = cu_err_set(err, CU_ENOENT,
			"there is no such record, or none that you may see for this purpose");
	}
	if (r >= 0) {
		memcpy(leaf.sub.b, s.subjects.p, sizeof(leaf.sub.b));
		exchange_leaf_at_end(x, &leaf); /* durable before the first byte leaves */
	}
	buf_done(&s.subjects);
	return r < 0 ? r : 0;
}

/* --- list ------------------------------------------------------------------------- */

struct listing {
	struct shown shown;
	struct buf ids;  /* of the records that may be shown */
	struct buf page; /* their JSON, of one page; wiped */
	size_t at;       /* in ids */
	uint64_t npage, total;
};

/* Whom the purpose may not touch is passed over. */
static int is_permitted(struct shown *s, const struct id *subject, struct cu_err *err)
{
	const struct permit *p = &s->x->permit;
	struct standing standing;
	int r;

	if (!id_eq(subject, &s->subject)) {
		r = standing_read(s->reader, subject, permit_events_of(p), NULL,
			exchange_now_ms(s->x), &standing, err);
		if (r < 0) {
			return r;
		}
		s->subject = *subject;
		s->is_permitted = permit_judge(p, &standing) == PERMIT_GRANTED;
	}
	return s->is_permitted;
}

static int may_show(struct shown *s, const struct row_record *row, struct cu_err *err)
{
	return purpose_covers(s->x->permit.purpose, row->collection) ?
		is_permitted(s, &row->subject, err) :
		0;
}

static int list_one(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct listing *l = ctx;
	int r = may_show(&l->shown, row, err);

	if (r > 0) {
		l->npage++;
		r = show_stored(&l->shown, row, rec, err);
	}
	return r < 0 ? r : 0;
}

/* The next records into memory, in one view. */
static int read_page(struct listing *l, struct cu_err *err)
{
	struct json j = json_to(&l->page);
	struct reader *rd = exchange_reader(l->shown.x);
	uint64_t most = l->shown.x->call.more ? PAGE_RECORDS : ALONE_RECORDS + 1;
	int r = reader_begin(rd, err);

	exchange_saw(l->shown.x, rd);
	l->shown.reader = rd;
	l->shown.out = &j;
	l->shown.subject = (struct id){ 0 };
	l->npage = 0;
	buf_clear(&l->page);
	buf_clear(&l->shown.subjects);
	json_open_array(&j, NULL);
	while (r >= 0 && l->at < l->ids.n && l->npage < most && l->page.n < PAGE_BYTES) {
		struct id id;

		memcpy(id.b, l->ids.p + l->at, sizeof(id.b));
		l->at += sizeof(id);
		r = reader_record(rd, &id, list_one, l, err);
	}
	json_close_array(&j);
	reader_end(rd);
	store_reader_give(l->shown.x->daemon->house.store, rd);
	return r < 0 ? r : buf_check(&l->page, err);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

/* The leaf of a page: of one subject it names that, of many the access journal does. */
static int tell_page(struct listing *l, struct cu_err *err)
{
	struct buf *ids = &l->shown.subjects;
	struct leaf leaf = { .act = LEAF_RECORD_READ, .count = l->npage };
	size_t kept = sizeof(struct id);

	qsort(ids->p, ids->n / sizeof(struct id), sizeof(struct id), by_bytes);
	for (size_t at = kept; at < ids->n; at += sizeof(struct id)) {
		if (memcmp(ids->p + at, ids->p + kept - sizeof(struct id), sizeof(struct id)) != 0) {
			memmove(ids->p + kept, ids->p + at, sizeof(struct id));
			kept += sizeof(struct id);
		}
	}
	if (kept > sizeof(struct id)) {
		return exchange_bulk(l->shown.x, leaf.act, span_of(ids->p, kept), err);
	}
	memcpy(leaf.sub.b, ids->p, sizeof(leaf.sub.b));
	return exchange_leaf(l->shown.x, &leaf, err);
}

/* What is refused for its size was not shown, and is in no log. */
static int check_size(const struct listing *l, struct cu_err *err)
{
	if (l->shown.x->call.more) {
		return 0;
	}
	if (l->npage > ALONE_RECORDS) {
		return cu_err_set(err, CU_ELIMIT, "these are over %d records: ask with `more`",
			ALONE_RECORDS);
	}
	return l->at == l->ids.n ? 0 :
				   cu_err_set(err, CU_ELIMIT,
					   "these are over %u bytes: ask with `more`", PAGE_BYTES);
}

/* Read, in the log, and only then shown.  When one of its people began to be forgotten in
 * between, it is read again, without them. */
static int make_page(struct listing *l, struct cu_err *err)
{
	size_t from = l->at;
	int r;

	do {
		l->at = from;
		r = exchange_is_cancelled(l->shown.x) ? cu_err_set(err, CU_ECANCELED, "cancelled") :
							read_page(l, err);
		if (r == 0) {
			r = check_size(l, err);
		}
		if (r < 0 || l->npage == 0) {
			return r;
		}
		r = tell_page(l, err);
	} while (r == CU_EDENIED || r == CU_ENOENT);
	l->total += l->npage;
	return r;
}

static void put_page(const struct listing *l, struct json *j, const char *name)
{
	json_open_object(j, name);
	json_raw(j, "records", (const char *)l->page.p, l->page.n);
	json_uint(j, "total", l->total);
	json_close_object(j);
}

/* The last page is the result. */
static int send_pages(struct listing *l, struct json *out, struct cu_err *err)
{
	struct exchange *x = l->shown.x;
	struct buf frame = BUF_INIT_WIPE;
	struct json j;
	int r = make_page(l, err);

	while (r == 0 && l->at < l->ids.n) {
		if (l->npage > 0) {
			j = exchange_progress_begin(&frame);
			put_page(l, &j, "progress");
			r = exchange_part_end(x, &j, &frame, err);
		}
		r = r < 0 ? r : make_page(l, err);
	}
	if (r == 0) {
		put_page(l, out, "result");
	}
	return r;
}

/* What it is about, to be shown page by page. */
static int find_all(struct exchange *x, struct buf *ids, struct cu_err *err)
{
	struct reader *rd = exchange_reader(x);
	struct where where = { .subjects = BUF_INIT };
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = where_read(x, rd, &where, err);
		if (r == 0) {
			r = where_find(&where, rd, ids, err);
		}
		reader_end(rd);
	}
	where_done(&where);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

int handle_RECORD_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct listing l = { .shown = shown_for(x, NULL), .page = BUF_INIT_WIPE };
	int r = find_all(x, &l.ids, err);

	if (r == 0) {
		r = send_pages(&l, out, err);
	}
	buf_done(&l.ids);
	buf_done(&l.page);
	buf_done(&l.shown.subjects);
	return r;
}

/* --- count ------------------------------------------------------------------------ */

/* Whoever may not know who is there counts only what is of people whom the purpose may touch. */
static int check_people(struct exchange *x, struct reader *rd, const struct where *where,
	struct cu_err *err)
{
	struct standing standing;
	struct id subject;
	int r = 0;

	for (size_t at = 0; r == 0 && at < where->subjects.n && !x->permit.may_know;
		at += sizeof(subject)) {
		memcpy(subject.b, where->subjects.p + at, sizeof(subject.b));
		r = exchange_permit(x, rd, &subject, &standing, err);
	}
	return r;
}

/* And only what a list would show. */
static int count_shown(struct exchange *x, struct reader *rd, const struct where *where,
	uint64_t *ret, struct cu_err *err)
{
	struct shown s = shown_for(x, NULL);
	struct buf ids = BUF_INIT;
	struct row_record row;
	struct id id;
	int r = where_find(where, rd, &ids, err);

	s.reader = rd;
	for (size_t at = 0; r >= 0 && at < ids.n; at += sizeof(id)) {
		memcpy(id.b, ids.p + at, sizeof(id.b));
		r = reader_record_row(rd, &id, &row, err);
		if (r > 0) {
			r = may_show(&s, &row, err);
		}
		*ret += r > 0;
	}
	buf_done(&ids);
	return r < 0 ? r : 0;
}

int handle_RECORD_COUNT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_SUBJECT_SEARCH };
	struct where where = { .subjects = BUF_INIT };
	struct reader *rd = exchange_reader(x);
	uint64_t n = 0;
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = where_read(x, rd, &where, err);
		if (r == 0) {
			r = check_people(x, rd, &where, err);
		}
		if (r == 0) {
			r = x->permit.may_know ?
				where_count(&where, rd, exchange_now_ms(x), &n, err) :
				count_shown(x, rd, &where, &n, err);
		}
		reader_end(rd);
	}
	store_reader_give(x->daemon->house.store, rd);
	if (r == 0 && where.subjects.n == sizeof(struct id)) {
		memcpy(leaf.sub.b, where.subjects.p, sizeof(leaf.sub.b));
	}
	if (r == 0) {
		json_uint(out, "count", n);
		exchange_note_at_end(x, &leaf);
	}
	where_done(&where);
	return r;
}
