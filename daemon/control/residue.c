#include "control/residue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backup/watch.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/errand.h"
#include "db/image.h"
#include "store/reader.h"
#include "store/tx.h"

/* One to find and wipe, one to see that it is gone; more where somebody writes
 * meanwhile. */
#define ROUNDS_MAX 4


enum { IN_DATA, IN_INDEX, IN_OTHER };
static const char *const file_names[] = { "data.db", "index.db", "another file" };

struct search {
	struct daemon *daemon;
	const struct watch *watch;
	struct id actor;
	struct tx_still still;
	struct residue found;
	struct buf pages[2]; /* uint32_t: of data.db, of index.db; with something to
				wipe */
	uint64_t first_file, first_at; /* of what is left */
};

/* --- what the process says -------------------------------------------------------- */

static unsigned file_number(const char *file)
{
	return strcmp(file, "data.db") == 0    ? IN_DATA
	       : strcmp(file, "index.db") == 0 ? IN_INDEX
					       : IN_OTHER;
}

static void keep_place(struct search *s, const char *file, const struct leftover *at)
{
	struct residue_place place = { .at = *at };

	if (s->found.places.n < RESIDUE_PLACES_MAX * sizeof(place)) {
		snprintf(place.file, sizeof(place.file), "%s", file);
		buf_put(&s->found.places, &place, sizeof(place));
	}
}

/* What was found on one page comes together. */
static void note_page(struct buf *pages, uint32_t page)
{
	uint32_t last = 0;

	if (pages->n > 0) {
		memcpy(&last, pages->p + pages->n - sizeof(last), sizeof(last));
	}
	if (page != last) {
		buf_put(pages, &page, sizeof(page));
	}
}

static int take_found(struct search *s, const json_t *found, struct cu_err *err)
{
	struct leftover at = { 0 };
	const char *file = NULL;
	int r = residue_found_take(found, &file, &at, err);
	unsigned number = r == 0 ? file_number(file) : IN_OTHER;

	if (r < 0) {
		return r;
	}
	if (s->found.left++ == 0) {
		s->first_file = number;
		s->first_at = at.page > 0 ? at.page : at.offset;
	}
	keep_place(s, file, &at);
	if (at.kind != LEFTOVER_ID && number != IN_OTHER) {
		note_page(&s->pages[number], at.page);
	}
	return 0;
}

static int take_line(void *ctx, const json_t *line, struct cu_err *err)
{
	struct search *s = ctx;
	const json_t *found = json_object_get(line, "found");
	const json_t *report = json_object_get(line, "report");
	int r;

	if (found) {
		return take_found(s, found, err);
	}
	r = residue_report_take(report, &s->found.looked, err);
	return r < 0 ? r : 1;
}

static bool is_cancelled(void *ctx)
{
	const struct search *s = ctx;

	return s->watch && s->watch->cancel && atomic_load(s->watch->cancel);
}

static int run_process(struct search *s, struct cu_err *err)
{
	const struct errand errand = { "the search's process", take_line, is_cancelled,
		s };
	struct buf request = BUF_INIT;
	int r;

	residue_request_put(s->daemon->house.dir, &request);
	r = buf_check(&request, err);
	if (r == 0) {
		r = errand_run(s->daemon->launcher, LAUNCHER_RESIDUE,
			buf_span(&request), -1, &errand, err);
	}
	buf_done(&request);
	return r;
}

/* --- a round ---------------------------------------------------------------------- */

struct writer_turn {
	struct store_op op;
	struct search *search;
};

static int run_alone(struct search *s,
	int (*apply)(struct tx *, struct store_op *, struct cu_err *),
	struct cu_err *err)
{
	struct writer_turn t = { { .apply = apply, .kind = STORE_ALONE }, s };

	return store_run(s->daemon->house.store, &t.op, err);
}

static int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_still_begin(tx, &((struct writer_turn *)op)->search->still, err);
}

static int apply_wipe(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct search *s = ((struct writer_turn *)op)->search;
	size_t n = 0;
	int r = 0;

	for (int i = 0; r == 0 && i < 2; i++) {
		r = tx_still_wipe(tx, &s->still, i == IN_INDEX,
			(const uint32_t *)(const void *)s->pages[i].p,
			s->pages[i].n / sizeof(uint32_t), &n, err);
	}
	s->found.wiped += n;
	return r;
}

static int apply_flush(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)op;
	return tx_flush(tx, err);
}

/* Of the places that this round named. */
static void mark_wiped(struct search *s, size_t from)
{
	for (size_t at = from; at < s->found.places.n;
		at += sizeof(struct residue_place)) {
		struct residue_place *p = (void *)(s->found.places.p + at);

		p->is_wiped =
			p->at.kind != LEFTOVER_ID && file_number(p->file) != IN_OTHER;
	}
}

/* *ret_again: something was wiped, and it is to be looked whether it is gone. */
static int run_round(struct search *s, bool *ret_again, struct cu_err *err)
{
	uint64_t wiped = s->found.wiped;
	size_t named = s->found.places.n;
	int r = run_alone(s, apply_begin, err);

	s->found.left = 0;
	buf_clear(&s->pages[IN_DATA]);
	buf_clear(&s->pages[IN_INDEX]);
	if (r == 0) {
		r = run_process(s, err);
	}
	if (r == 0) {
		r = buf_check(&s->pages[IN_DATA], err);
	}
	if (r == 0) {
		r = buf_check(&s->pages[IN_INDEX], err);
	}
	if (r == 0 && s->pages[IN_DATA].n + s->pages[IN_INDEX].n > 0) {
		r = run_alone(s, apply_wipe, err);
	}
	db_image_end(s->still.data);
	db_image_end(s->still.index);
	s->still = (struct tx_still){ 0 };
	if (r == 0) {
		r = run_alone(s, apply_flush, err); /* what was written meanwhile */
	}
	*ret_again = s->found.wiped > wiped;
	if (*ret_again) {
		mark_wiped(s, named);
	}
	return r;
}

/* --- what is remembered ----------------------------------------------------------- */

#define NOTES 7

static const char *const notes[NOTES] = { "residue.time", "residue.files",
	"residue.bytes", "residue.wiped", "residue.left", "residue.file",
	"residue.at" };

static int tell(struct tx *tx, enum leaf_act act, uint64_t count, struct cu_err *err)
{
	struct leaf leaf = { .act = act, .count = count };

	return tx_leaf(tx, &leaf, err);
}

static int apply_remember(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct search *s = ((struct writer_turn *)op)->search;
	const struct residue *f = &s->found;
	const uint64_t values[NOTES] = { (uint64_t)f->time_ms, f->looked.files,
		f->looked.bytes, f->wiped, f->left, s->first_file, s->first_at };
	int r = 0;

	for (int i = 0; r == 0 && i < NOTES; i++) {
		r = tx_note_put(tx, notes[i], values[i], err);
	}
	if (r == 0 && f->wiped > 0) {
		r = tell(tx, LEAF_RESIDUE_WIPED, f->wiped, err);
	}
	if (r < 0) {
		return r;
	}
	return f->left > 0 ? tell(tx, LEAF_RESIDUE_FOUND, f->left, err)
			   : tell(tx, LEAF_RESIDUE_NONE, f->looked.files, err);
}

static int remember(struct search *s, struct cu_err *err)
{
	struct writer_turn t = {
		{ .apply = apply_remember, .kind = STORE_CHANGE, .actor = s->actor }, s
	};

	return store_run(s->daemon->house.store, &t.op, err);
}

int residue_last(struct daemon *d, struct residue_last *ret, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	uint64_t v[NOTES] = { 0 };
	int r = 0;

	for (int i = 0; r >= 0 && i < NOTES; i++) {
		r = reader_note(rd, notes[i], &v[i], err);
	}
	store_reader_give(d->house.store, rd);
	if (r < 0) {
		return r;
	}
	*ret = (struct residue_last){ (int64_t)v[0], v[1], v[2], v[3], v[4], "" };
	if (v[4] > 0 && v[5] <= IN_OTHER) {
		snprintf(ret->where, sizeof(ret->where), "%s:%" PRIu64,
			file_names[v[5]], v[6]);
	}
	return 0;
}

/* --- the search ------------------------------------------------------------------- */

static int search(struct search *s, struct cu_err *err)
{
	bool is_again = true;
	int r = 0;

	/* an image that a backup reads would be in the way, and ours in its */
	pthread_mutex_lock(&s->daemon->backing_up);
	for (int i = 0; r == 0 && is_again && i < ROUNDS_MAX; i++) {
		r = run_round(s, &is_again, err);
	}
	pthread_mutex_unlock(&s->daemon->backing_up);
	return r == 0 ? buf_check(&s->found.places, err) : r;
}

int residue_search(struct daemon *d, const struct id *actor, const struct watch *watch,
	struct residue *ret, struct cu_err *err)
{
	struct search s = { .daemon = d,
		.watch = watch,
		.actor = *actor,
		.found = { .time_ms = clock_now_ms(&d->house.clock),
			.places = BUF_INIT },
		.pages = { BUF_INIT, BUF_INIT } };
	int64_t began_ms = clock_monotonic_ms();
	int r = search(&s, err);

	s.found.duration_ms = clock_monotonic_ms() - began_ms;
	if (r == 0) {
		r = remember(&s, err);
	}
	buf_done(&s.pages[IN_DATA]);
	buf_done(&s.pages[IN_INDEX]);
	if (r < 0) {
		residue_done(&s.found);
		return r;
	}
	*ret = s.found;
	return 0;
}

void residue_done(struct residue *r)
{
	buf_done(&r->places);
}

/* --- every night ------------------------------------------------------------------ */

int residue_nightly(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	const struct id nobody = { { 0 } };
	struct residue found = { 0 };
	struct reader *rd = store_reader_take(d->house.store);
	int64_t erased_ms;
	char many[24];
	int r = reader_first_erasure(rd, &erased_ms, err);

	store_reader_give(d->house.store, rd);
	if (r <= 0) {
		return r < 0 ? r : 1;
	}
	r = residue_search(d, &nobody, watch, &found, err);
	if (r == 0 && found.wiped > 0) {
		log_notice("%" PRIu64
			   " pages still held something where no row is: wiped",
			found.wiped);
	}
	if (r == 0 && found.left > 0) {
		snprintf(many, sizeof(many), "%" PRIu64, found.left);
		log_happened(LOG_LEVEL_WARN, LOG_EVENT_RESIDUE_FOUND, many,
			"the raw files still hold %" PRIu64
			 " traces of erased people: 'custosctl erase scan' shows where",
			found.left);
	}
	residue_done(&found);
	return r;
}
