#include "control/tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backup/watch.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/expiry_internal.h"
#include "control/keeping.h"
#include "policy/policy.h"
#include "store/reader_expiry.h"
#include "store/tx_aggregate.h"

#define MAX_GROUPS 16384 /* beyond, nothing is told apart any more: what is new is left out */
#define PLACES     (4 * MAX_GROUPS)
#define MAX_PEOPLE 50    /* smallest_group of retention.yaml at most */
#define VIEW       256   /* records that are read in one view */

struct sum {
	int64_t total, absolute, largest; /* ten-thousandths; the last two without signs */
	uint64_t nrecords;
	bool is_over; /* it does not fit */
};

struct group {
	char text[AGGREGATE_GROUP_SIZE];
	uint64_t nrecords;
	struct id people[MAX_PEOPLE]; /* the first so many of them */
	unsigned npeople;
	struct sum sums[AGGREGATE_MAX_SUMS];
};

struct tally {
	const struct retention_rule *rule;
	const struct collection *collection;
	unsigned smallest;
	struct group **places; /* by the hash of the text, and on from there; NULL: free */
	size_t ngroups;
	uint64_t nrecords, nleft_out;
	struct buf text; /* of the record's group */
};

/* --- groups ----------------------------------------------------------------------- */

static uint64_t hash(const char *text)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *text; text++) {
		h = (h ^ (uint8_t)*text) * 1099511628211u;
	}
	return h;
}

/* NULL: there are too many. */
static int group_of(struct tally *t, const char *text, struct group **ret, struct cu_err *err)
{
	size_t at = hash(text) % PLACES;

	while (t->places[at] && strcmp(t->places[at]->text, text) != 0) {
		at = (at + 1) % PLACES;
	}
	if (!t->places[at] && t->ngroups < MAX_GROUPS) {
		t->places[at] = calloc(1, sizeof(**t->places));
		if (!t->places[at]) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		strcpy(t->places[at]->text, text);
		t->ngroups++;
	}
	*ret = t->places[at];
	return 0;
}

static void add_person(struct group *g, const struct id *who, unsigned smallest)
{
	for (unsigned i = 0; i < g->npeople; i++) {
		if (id_eq(&g->people[i], who)) {
			return;
		}
	}
	if (g->npeople < smallest) {
		g->people[g->npeople++] = *who;
	}
}

static void add_number(struct sum *s, struct span value)
{
	int64_t n, size;

	if (value.n == 0 || !aggregate_number((const char *)value.p, value.n, &n)) {
		return;
	}
	size = n < 0 ? -n : n;
	s->is_over |= __builtin_add_overflow(s->total, n, &s->total) ||
		__builtin_add_overflow(s->absolute, size, &s->absolute);
	s->largest = size > s->largest ? size : s->largest;
	s->nrecords++;
}

static void put_group(struct tally *t, const struct record *rec)
{
	buf_clear(&t->text);
	for (size_t i = 0; i < t->rule->naggregate; i++) {
		const struct aggregate_field *f = &t->rule->aggregate[i];
		struct span v = record_get(rec, f->field);

		if (f->as != AGGREGATE_SUM) {
			buf_putf(&t->text, "%s%s=", t->text.n > 0 ? " " : "", f->field);
			aggregate_generalise(f, t->collection, (const char *)v.p, v.n, &t->text);
		}
	}
	buf_put(&t->text, "", 1);
}

/* A record's own text is gone from memory with the next record. */
static int add_record(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct tally *t = ctx;
	struct group *g = NULL;
	size_t nsums = 0;
	int r;

	put_group(t, rec);
	r = buf_check(&t->text, err);
	if (r == 0 && t->text.n <= AGGREGATE_GROUP_SIZE) {
		r = group_of(t, (const char *)t->text.p, &g, err);
	}
	if (r < 0 || !g) {
		t->nleft_out += r == 0;
		return r;
	}
	g->nrecords++;
	add_person(g, &row->subject, t->smallest);
	for (size_t i = 0; i < t->rule->naggregate; i++) {
		if (t->rule->aggregate[i].as == AGGREGATE_SUM) {
			add_number(&g->sums[nsums++], record_get(rec, t->rule->aggregate[i].field));
		}
	}
	return 0;
}

/* --- rows ------------------------------------------------------------------------- */

static void put_sums(const struct tally *t, const struct group *g, struct buf *to)
{
	size_t n = 0;

	for (size_t i = 0; i < t->rule->naggregate; i++) {
		const struct sum *s = &g->sums[n];

		if (t->rule->aggregate[i].as != AGGREGATE_SUM) {
			continue;
		}
		n++;
		if (!s->is_over && s->nrecords >= t->smallest && s->largest <= s->absolute / 2) {
			buf_putf(to, "%s%s=%" PRId64 "/%" PRIu64, to->n > 0 ? " " : "",
				t->rule->aggregate[i].field, s->total, s->nrecords);
		}
	}
	buf_put(to, "", 1);
}

/* Of groups that are large enough, in no order that means anything: the table has its own. */
static int make_rows(struct tally *t, struct buf *to, struct cu_err *err)
{
	for (size_t i = 0; i < PLACES; i++) {
		const struct group *g = t->places[i];
		struct row_aggregate row = { .nrecords = g ? g->nrecords : 0 };

		if (!g || g->npeople < t->smallest) {
			continue;
		}
		buf_clear(&t->text);
		put_sums(t, g, &t->text);
		if (buf_check(&t->text, err) < 0 || t->text.n > sizeof(row.sums)) {
			continue;
		}
		strcpy(row.collection, t->collection->key);
		strcpy(row.group, g->text);
		strcpy(row.sums, (const char *)t->text.p);
		buf_put(to, &row, sizeof(row));
	}
	return buf_check(to, err);
}

/* --- one batch -------------------------------------------------------------------- */

struct count {
	struct store_op op;
	const struct expiry_step *step;
	struct expiry_batch batch;
	struct buf rows;
	uint64_t nrecords;
};

static int apply_next(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct count *c = (struct count *)op;

	return tx_aggregate_next(tx, &c->step->run, &c->step->limits, &c->batch, err);
}

static int apply_put(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct count *c = (struct count *)op;

	return tx_aggregate_put(tx, &c->step->run, &c->batch,
		(struct row_aggregate *)(void *)c->rows.p, c->rows.n / sizeof(struct row_aggregate),
		c->nrecords, err);
}

/* All records under a key, in views that do not hold up the write-ahead log. */
static int count_key(struct daemon *d, struct tally *t, const struct row_expiry_item *item,
	const struct watch *watch, struct cu_err *err)
{
	int64_t at = 0;
	int r = 1;

	while (r > 0) {
		struct reader *rd = store_reader_take(d->house.store);

		r = reader_begin(rd, err);
		r = r < 0 ? r : 1;
		for (int i = 0; r > 0 && i < VIEW; i++) {
			r = reader_keyed(rd, item, &at, add_record, t, err);
			t->nrecords += r > 0;
		}
		reader_end(rd);
		store_reader_give(d->house.store, rd);
		if (r > 0) {
			int w = watch_step(watch, "retention", 0, 0, err);

			r = w < 0 ? w : r;
		}
	}
	return r;
}

static int tally_init(struct tally *t, struct daemon *d, const struct expiry_step *s,
	const struct row_expiry_item *item, struct cu_err *err)
{
	const struct retention *p = policy_retention(d->policy);

	*t = (struct tally){ .rule = keeping_rule(s->keeping, item->collection, item->class_key),
		.collection = policy_find_collection(d->policy, item->collection),
		.smallest = (unsigned)p->smallest_group, .text = BUF_INIT };
	t->places = calloc(PLACES, sizeof(struct group *));
	return t->places ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");
}

static void tally_done(struct tally *t)
{
	for (size_t i = 0; t->places && i < PLACES; i++) {
		free(t->places[i]);
	}
	free(t->places);
	buf_done(&t->text);
}

static int count_batch(struct daemon *d, struct count *c, const struct watch *watch,
	struct cu_err *err)
{
	struct tally t;
	int r = tally_init(&t, d, c->step, &c->batch.items[0], err);

	for (size_t i = 0; r == 0 && i < c->batch.n; i++) {
		r = count_key(d, &t, &c->batch.items[i], watch, err);
	}
	if (r == 0) {
		r = make_rows(&t, &c->rows, err);
	}
	if (r == 0 && t.nleft_out > 0) {
		log_notice("retention: %s: more than %d groups; records that were not counted: %" PRIu64,
			t.collection->key, MAX_GROUPS, t.nleft_out);
	}
	c->nrecords = t.nrecords;
	tally_done(&t);
	return r;
}

static int run(struct daemon *d, struct count *c,
	int (*apply)(struct tx *, struct store_op *, struct cu_err *), struct cu_err *err)
{
	c->op = (struct store_op){ .apply = apply, .kind = STORE_CHANGE,
		.actor = c->step->op.actor };
	return store_run(d->house.store, &c->op, err);
}

int tally_next(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err)
{
	struct count *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	c->step = s;
	r = run(d, c, apply_next, err);
	if (r == 0 && c->batch.n > 0) {
		r = count_batch(d, c, watch, err);
		r = r < 0 ? r : run(d, c, apply_put, err);
		r = r < 0 ? r : 1;
	}
	buf_done(&c->rows);
	free(c);
	return r;
}
