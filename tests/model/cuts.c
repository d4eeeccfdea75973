#include "cuts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define NEWEST 8  /* changes that are looked at one by one between syncs */
#define OLDEST 48 /* the same before a sync, an answer, and the end */
#define FEW    5  /* changes of which every set is made */
#define NDRAWN 6  /* before each sync */

/* What is being looked for. */
struct finding {
	const struct trace *t;
	const uint32_t *covered; /* for each change the sync behind which it is there */
	struct disk *base;       /* the changes before nbase */
	uint32_t nbase;
	struct cuts *to;
	uint32_t *table; /* of hashes: numbers of cuts, from 1 */
	size_t room;
};

static bool is_change(const struct trace_op *op)
{
	return op->kind != TRACE_SYNC && op->kind != TRACE_MARK;
}

static bool is_of_bytes(const struct trace_op *op)
{
	return op->kind == TRACE_WRITE || op->kind == TRACE_RESIZE;
}

/* The file or directory whose sync covers it. */
static uint64_t holder_of(const struct trace_op *op)
{
	return is_of_bytes(op) ? op->ino : op->dir;
}

uint64_t cut_holder(const struct trace *t, const struct cut *c)
{
	return c->op < t->n ? holder_of(&t->ops[c->op]) : 0;
}

static uint32_t next_sync(const struct trace *t, uint32_t after, uint64_t ino)
{
	uint32_t i = after + 1;

	while (i < t->n && !(t->ops[i].kind == TRACE_SYNC && t->ops[i].ino == ino)) {
		i++;
	}
	return i;
}

static uint32_t *find_covers(const struct trace *t)
{
	uint32_t *covered = calloc(t->n + 1, sizeof(*covered));

	for (uint32_t i = 0; covered && i < t->n; i++) {
		covered[i] = next_sync(t, i, holder_of(&t->ops[i]));
	}
	return covered;
}

/* --- one state ------------------------------------------------------------------------------ */

static void lose(struct disk *d, const struct trace_op *op)
{
	if (op->kind == TRACE_CREATE) {
		disk_apply_unnamed(d, op);
	}
}

static void keep_or_lose(struct disk *d, const struct trace_op *op, bool is_kept)
{
	(is_kept ? disk_apply : lose)(d, op);
}

static void draw(struct disk *d, const struct trace_op *op, unsigned *seed)
{
	if (op->kind != TRACE_WRITE) {
		keep_or_lose(d, op, rand_r(seed) & 1);
		return;
	}
	for (uint64_t at = 0, end; at < op->n; at = end) {
		end = at + SECTOR - (op->at + at) % SECTOR;
		end = end < op->n ? end : op->n;
		if (rand_r(seed) & 1) {
			disk_apply_part(d, op, at, end);
		}
	}
}

/* number: of those that no sync covers. */
static void apply_uncovered(struct disk *d, const struct trace *t, uint32_t i, unsigned number,
	const struct cut *c, unsigned *seed)
{
	const struct trace_op *op = &t->ops[i], *it = &t->ops[c->op < t->n ? c->op : 0];
	bool is_it = i == c->op;

	switch (c->way) {
	case CUT_PREFIX: keep_or_lose(d, op, i < c->op); return;
	case CUT_OMITTED: keep_or_lose(d, op, !is_it); return;
	case CUT_ALONE: keep_or_lose(d, op, is_it); return;
	case CUT_FILE_LOST: keep_or_lose(d, op, holder_of(op) != holder_of(it)); return;
	case CUT_FILE_ALONE: keep_or_lose(d, op, holder_of(op) == holder_of(it)); return;
	case CUT_SUBSET: keep_or_lose(d, op, c->at >> number & 1); return;
	case CUT_DRAWN: draw(d, op, seed); return;
	case CUT_SIZES:
		if (op->kind == TRACE_WRITE && op->ino == it->ino) {
			disk_apply_size(d, op);
			return;
		}
		break;
	case CUT_FIRST:
	case CUT_LAST:
	case CUT_SIZE:
	case CUT_BOTH_NAMES:
	case CUT_NO_NAME:
	case CUT_NWAYS: break;
	}
	if (!is_it || c->way == CUT_SIZES) {
		disk_apply(d, op);
	} else if (c->way == CUT_FIRST) {
		disk_apply_part(d, op, 0, c->at);
	} else if (c->way == CUT_LAST) {
		disk_apply_part(d, op, c->at, op->n);
	} else if (c->way == CUT_SIZE) {
		disk_apply_size(d, op);
	} else if (c->way == CUT_BOTH_NAMES) {
		disk_apply_both_names(d, op);
	} else {
		disk_apply_no_name(d, op);
	}
}

/* base has the changes before nbase, which are all covered at the cut's point. */
static struct disk *make(const struct trace *t, const uint32_t *covered, const struct disk *base,
	uint32_t nbase, const struct cut *c)
{
	struct disk *d = disk_copy(base);
	unsigned number = 0, seed = c->at;

	for (uint32_t i = nbase; i < c->point; i++) {
		if (!is_change(&t->ops[i])) {
			continue;
		}
		if (covered[i] < c->point) {
			disk_apply(d, &t->ops[i]);
		} else {
			apply_uncovered(d, t, i, number++, c, &seed);
		}
	}
	return d;
}

struct disk *cut_make(const struct trace *t, const struct disk *before, const struct cut *c)
{
	uint32_t *covered = find_covers(t);
	struct disk *d = make(t, covered, before, 0, c);

	free(covered);
	return d;
}

/* --- all states ----------------------------------------------------------------------------- */

static void grow_table(struct finding *f)
{
	f->room = f->room ? 2 * f->room : 4096;
	free(f->table);
	f->table = calloc(f->room, sizeof(*f->table));
	f->to->v = realloc(f->to->v, f->room / 2 * sizeof(*f->to->v));
	if (!f->table || !f->to->v) {
		abort();
	}
	for (uint32_t i = 0; i < f->to->n; i++) {
		size_t at = f->to->v[i].hash % f->room;

		while (f->table[at] != 0) {
			at = (at + 1) % f->room;
		}
		f->table[at] = i + 1;
	}
}

/* A state that was found before may be met later, when more has been promised. */
static void take(struct finding *f, struct cut *c)
{
	struct disk *d = make(f->t, f->covered, f->base, f->nbase, c);
	size_t at;

	c->hash = disk_hash(d);
	disk_free(d);
	f->to->nmade++;
	if (f->to->n >= f->room / 2) {
		grow_table(f);
	}
	for (at = c->hash % f->room; f->table[at] != 0; at = (at + 1) % f->room) {
		struct cut *same = &f->to->v[f->table[at] - 1];

		if (same->hash == c->hash) {
			same->promise = c->promise > same->promise ? c->promise : same->promise;
			return;
		}
	}
	f->to->v[f->to->n++] = *c;
	f->table[at] = (uint32_t)f->to->n;
}

static void take_way(struct finding *f, struct cut c, enum cut_way way, uint32_t op, uint32_t at)
{
	c.way = way;
	c.op = op;
	c.at = at;
	take(f, &c);
}

static void tear(struct finding *f, const struct cut *c, uint32_t i)
{
	const struct trace_op *op = &f->t->ops[i];

	if (op->kind == TRACE_RENAME) {
		take_way(f, *c, CUT_BOTH_NAMES, i, 0);
		take_way(f, *c, CUT_NO_NAME, i, 0);
	}
	if (op->kind != TRACE_WRITE) {
		return;
	}
	take_way(f, *c, CUT_SIZE, i, 0);
	take_way(f, *c, CUT_SIZES, i, 0);
	for (uint64_t at = SECTOR - op->at % SECTOR; at < op->n; at += SECTOR) {
		take_way(f, *c, CUT_FIRST, i, (uint32_t)at);
		take_way(f, *c, CUT_LAST, i, (uint32_t)at);
	}
}

static void take_point(struct finding *f, uint32_t point, uint32_t promise)
{
	const struct trace *t = f->t;
	bool is_resting = point == t->n || !is_change(&t->ops[point]); /* a sync, an answer, the end */
	unsigned most = is_resting ? OLDEST : NEWEST, n = 0, nall = 0;
	struct cut c = { .point = point, .promise = promise };
	uint32_t i = point;

	take_way(f, c, CUT_PREFIX, point, 0);
	while (i > f->nbase) {
		if (!is_change(&t->ops[--i]) || f->covered[i] < point) {
			continue;
		}
		nall++;
		if (n++ >= most) {
			continue;
		}
		take_way(f, c, CUT_PREFIX, i, 0);
		take_way(f, c, CUT_OMITTED, i, 0);
		take_way(f, c, CUT_ALONE, i, 0);
		take_way(f, c, CUT_FILE_LOST, i, 0);
		take_way(f, c, CUT_FILE_ALONE, i, 0);
		if (i + 1 == point || (is_resting && point < t->n && t->ops[point].ino == holder_of(&t->ops[i])) ||
			point == t->n) {
			tear(f, &c, i);
		}
	}
	take_way(f, c, CUT_PREFIX, 0, 0);
	for (uint32_t set = 0; nall > 2 && nall <= FEW && set < 1u << nall; set++) {
		take_way(f, c, CUT_SUBSET, 0, set);
	}
	for (uint32_t k = 0; is_resting && nall > 1 && k < NDRAWN; k++) {
		take_way(f, c, CUT_DRAWN, 0, point * NDRAWN + k + 1);
	}
}

/* What is covered is in the base, as far as nothing before it is not. */
static void move_base(struct finding *f, uint32_t point)
{
	while (f->nbase < point &&
		(!is_change(&f->t->ops[f->nbase]) || f->covered[f->nbase] < point)) {
		disk_apply(f->base, &f->t->ops[f->nbase++]);
	}
}

void cuts_find(const struct trace *t, const struct disk *before, unsigned each, unsigned first,
	struct cuts *ret)
{
	uint32_t *covered = find_covers(t), promise = 0;
	struct finding f = { .t = t, .covered = covered, .base = disk_copy(before), .to = ret };

	*ret = (struct cuts){ 0 };
	for (uint32_t point = 0; point <= t->n; point++) {
		if (point % each == first % each || point == t->n) {
			move_base(&f, point);
			take_point(&f, point, promise);
		}
		promise = point < t->n && t->ops[point].kind == TRACE_MARK ? point + 1 : promise;
	}
	disk_free(f.base);
	free(f.table);
	free(covered);
}

void cuts_done(struct cuts *c)
{
	free(c->v);
	*c = (struct cuts){ 0 };
}

/* --- for people ----------------------------------------------------------------------------- */

static void print_op(const struct trace_op *op, char *to, size_t size)
{
	static const char *const kinds[] = { "write", "resize", "create", "link", "unlink", "rename", "sync",
		"answer" };

	snprintf(to, size, "%s %s (%llu bytes at %llu)", kinds[op->kind], op->path, (unsigned long long)op->n,
		(unsigned long long)op->at);
}

void cut_print(const struct trace *t, const struct cut *c, char *to, size_t size)
{
	static const char *const ways[] = {
#define X(id, text) text,
		CUT_WAYS(X)
#undef X
	};
	char next[256] = "the end", it[256] = "the end";

	if (c->point < t->n) {
		print_op(&t->ops[c->point], next, sizeof(next));
	}
	if (c->op < t->n) {
		print_op(&t->ops[c->op], it, sizeof(it));
	}
	snprintf(to, size, "%u.%u.%u.%u.%u: before change %u of %zu, %s: %s; it is %u, %s; %u", c->point, c->way,
		c->op, c->at, c->promise, c->point, t->n, next, ways[c->way], c->op, it, c->at);
}

bool cut_parse(const char *text, const struct trace *t, struct cut *ret)
{
	unsigned way;

	*ret = (struct cut){ 0 };
	if (sscanf(text, "%u.%u.%u.%u.%u", &ret->point, &way, &ret->op, &ret->at, &ret->promise) != 5) {
		return false;
	}
	ret->way = (enum cut_way)way;
	return ret->point <= t->n && ret->op <= t->n && way < CUT_NWAYS && ret->promise <= ret->point;
}
