#include "store/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"
#include "store/system.h"

/* Subjects in the order of their key; records in the order of the rowid, which is that of the
 * file: one pass from its beginning to its end.  In the order of the id, which is random, each
 * row would be a page of its own. */
static const char subjects_sql[] = "SELECT id, kind, state, created_ms, run, run_used,"
				   " is_restricted FROM subject ORDER BY id";
static const char said_sql[] = "SELECT * FROM consent ORDER BY subject, purpose, seq";
static const char records_sql[] =
	"SELECT collection, id, subject, slot, cohort_slot, version, level, sealed"
	" FROM record ORDER BY rowid";

#define SUBJECT_FIELDS 7
#define SAID_FIELDS    14
#define RECORD_FIELDS  8

struct part {
	char name[ENGINE_KEY_SIZE];
	uint64_t rows;
	struct hash_blake2b sum;
};

struct digesting {
	sqlite3_stmt *subjects, *said, *records; /* NULL: done, or not begun */
	struct part subject_part;
	struct part *parts; /* in the order in which they were met */
	size_t nparts, last; /* last: the part that the last row belonged to */
	uint64_t bytes;
};

/* --- rows ------------------------------------------------------------------------- */

static void put_u64(struct hash_blake2b *sum, uint64_t v)
{
	uint8_t be[8];

	for (int i = 0; i < 8; i++) {
		be[i] = (uint8_t)(v >> (56 - 8 * i));
	}
	hash_blake2b_put(sum, span_of(be, sizeof(be)));
}

/* Type, then the number, or length and bytes: no two rows have the same text. */
static void put_column(struct hash_blake2b *sum, sqlite3_stmt *st, int at)
{
	int type = sqlite3_column_type(st, at);
	struct span bytes;

	put_u64(sum, (uint64_t)type);
	switch (type) {
	case SQLITE_NULL: break;
	case SQLITE_INTEGER: put_u64(sum, (uint64_t)sqlite3_column_int64(st, at)); break;
	default: /* a strict table holds blobs and texts besides; any other type is a difference */
		bytes = db_column_span(st, at);
		put_u64(sum, bytes.n);
		hash_blake2b_put(sum, bytes);
	}
}

static void put_row(struct part *p, sqlite3_stmt *st, int from, int nfields)
{
	p->rows++;
	for (int i = from; i < nfields; i++) {
		put_column(&p->sum, st, i);
	}
}

static void start_part(struct part *p, struct span name)
{
	memcpy(p->name, name.p, name.n);
	p->name[name.n] = 0;
	p->rows = 0;
	hash_blake2b_init(&p->sum);
}

/* The part of a collection; the one before is tried first. */
static int find_part(struct digesting *d, struct span name, struct part **ret,
	struct cu_err *err)
{
	if (name.n == 0 || name.n >= ENGINE_KEY_SIZE || memchr(name.p, 0, name.n)) {
		return cu_err_set(err, CU_ECORRUPT, "a record's collection is no key of a policy");
	}
	for (size_t i = 0; i < d->nparts; i++) {
		struct part *p = &d->parts[(d->last + i) % d->nparts];

		if (strlen(p->name) == name.n && memcmp(p->name, name.p, name.n) == 0) {
			d->last = (size_t)(p - d->parts);
			*ret = p;
			return 0;
		}
	}
	if (d->nparts == DIGEST_MAX_COLLECTIONS) {
		return cu_err_set(err, CU_ELIMIT, "there are more than %d collections",
			DIGEST_MAX_COLLECTIONS);
	}
	*ret = &d->parts[d->nparts++];
	start_part(*ret, name);
	return 0;
}

static int take_record(struct digesting *d, struct cu_err *err)
{
	struct part *p = NULL;
	int r = find_part(d, db_column_span(d->records, 0), &p, err);

	if (r == 0) {
		put_row(p, d->records, 1, RECORD_FIELDS);
		d->bytes += (uint64_t)sqlite3_column_bytes(d->records, RECORD_FIELDS - 1);
	}
	return r;
}

static int take_said(struct digesting *d, struct cu_err *err)
{
	struct part *p = NULL;
	int r = find_part(d, span_of(SYSTEM_SAID, strlen(SYSTEM_SAID)), &p, err);

	if (r == 0) {
		put_row(p, d->said, 0, SAID_FIELDS);
	}
	return r;
}

/* Cases are told apart from people. */
static int take_subject(struct digesting *d, struct cu_err *err)
{
	struct part *p = &d->subject_part;
	int r = 0;

	if (sqlite3_column_int(d->subjects, 1) == SUBJECT_CASE) {
		r = find_part(d, span_of(SYSTEM_CASES, strlen(SYSTEM_CASES)), &p, err);
	}
	if (r == 0) {
		put_row(p, d->subjects, 0, SUBJECT_FIELDS);
	}
	return r;
}

/* --- steps ------------------------------------------------------------------------ */

int digest_begin(sqlite3 *db, struct digesting **ret, struct cu_err *err)
{
	/* libsodium wants its states at addresses of 64, calloc does not promise them */
	struct digesting *d = aligned_alloc(_Alignof(struct digesting), sizeof(*d));
	int r;

	if (!d) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	memset(d, 0, sizeof(*d));
	start_part(&d->subject_part, span_of("", 0));
	d->parts = aligned_alloc(
		_Alignof(struct part), DIGEST_MAX_COLLECTIONS * sizeof(*d->parts));
	r = d->parts ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");
	if (r == 0) {
		r = db_prepare(db, subjects_sql, &d->subjects, err);
	}
	if (r == 0) {
		r = db_prepare(db, said_sql, &d->said, err);
	}
	if (r == 0) {
		r = db_prepare(db, records_sql, &d->records, err);
	}
	if (r < 0) {
		digest_end(d);
		return r;
	}
	*ret = d;
	return 0;
}

/* The next row of a table: 1, 0 at its end, or a code. */
static int take_of(struct digesting *d, sqlite3_stmt *st,
	int (*take)(struct digesting *d, struct cu_err *err), struct cu_err *err)
{
	int r = db_step(st, err), code;

	if (r <= 0) {
		return r;
	}
	code = take(d, err);
	return code < 0 ? code : r;
}

/* Of the subjects, then of what they said, then of the records: 1, 0 at the end, or a code. */
static int take_row(struct digesting *d, struct cu_err *err)
{
	int r = d->subjects ? take_of(d, d->subjects, take_subject, err) : 0;

	if (r == 0 && d->subjects) {
		sqlite3_finalize(d->subjects);
		d->subjects = NULL;
	}
	if (r == 0 && d->said) {
		r = take_of(d, d->said, take_said, err);
	}
	if (r == 0 && d->said) {
		sqlite3_finalize(d->said);
		d->said = NULL;
	}
	return r != 0 ? r : take_of(d, d->records, take_record, err);
}

int digest_step(struct digesting *d, struct cu_err *err)
{
	int r = 1;

	for (unsigned i = 0; r > 0 && i < DIGEST_STEP_ROWS; i++) {
		r = take_row(d, err);
	}
	return r;
}

uint64_t digest_bytes(const struct digesting *d)
{
	return d->bytes;
}

static void finish_part(struct part *p, struct digest_part *to)
{
	memcpy(to->name, p->name, sizeof(to->name));
	to->rows = p->rows;
	hash_blake2b_done(&p->sum, to->hash);
}

static int compare_parts(const void *a, const void *b)
{
	return strcmp(((const struct digest_part *)a)->name, ((const struct digest_part *)b)->name);
}

void digest_result(struct digesting *d, struct digest *ret)
{
	*ret = (struct digest){ .ncollections = d->nparts };
	finish_part(&d->subject_part, &ret->subjects);
	for (size_t i = 0; i < d->nparts; i++) {
		finish_part(&d->parts[i], &ret->collections[i]);
	}
	qsort(ret->collections, d->nparts, sizeof(ret->collections[0]), compare_parts);
}

void digest_end(struct digesting *d)
{
	if (!d) {
		return;
	}
	sqlite3_finalize(d->subjects);
	sqlite3_finalize(d->said);
	sqlite3_finalize(d->records);
	free(d->parts);
	free(d);
}

/* --- results ---------------------------------------------------------------------- */

uint64_t digest_records(const struct digest *d)
{
	uint64_t n = 0;

	for (size_t i = 0; i < d->ncollections; i++) {
		n += system_owns(d->collections[i].name) ? 0 : d->collections[i].rows;
	}
	return n;
}

static bool part_differs(const char *name, const struct digest_part *wanted,
	const struct digest_part *is, char *ret, size_t cap)
{
	if (wanted->rows != is->rows) {
		snprintf(ret, cap, "%s: %llu rows are there instead of %llu", name,
			(unsigned long long)is->rows, (unsigned long long)wanted->rows);
		return true;
	}
	if (memcmp(wanted->hash, is->hash, HASH_SIZE) != 0) {
		snprintf(ret, cap, "%s: the rows are not those that were backed up", name);
		return true;
	}
	return false;
}

bool digest_differs(const struct digest *wanted, const struct digest *is, char *ret, size_t cap)
{
	static const struct digest_part none;
	size_t w = 0, i = 0;

	if (part_differs("subjects", &wanted->subjects, &is->subjects, ret, cap)) {
		return true;
	}
	while (w < wanted->ncollections || i < is->ncollections) {
		const struct digest_part *a = w < wanted->ncollections ? &wanted->collections[w] : NULL;
		const struct digest_part *b = i < is->ncollections ? &is->collections[i] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);

		if (part_differs(order <= 0 ? a->name : b->name, order <= 0 ? a : &none,
			    order >= 0 ? b : &none, ret, cap)) {
			return true;
		}
		w += order <= 0;
		i += order >= 0;
	}
	return false;
}
