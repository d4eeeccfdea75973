#include "world_parts.h"

#include "store/reader_hold.h"
#include "store/tx_approval.h"
#include "store/tx_expiry.h"
#include "store/tx_hold.h"
#include "store/tx_keeping.h"

#define KEEP_DAYS   270 /* sales; the first month is over when a history begins */
#define APPROVAL_MS (100000 * 24 * HOUR_MS)

static const struct id somebody = { .b = { 's' } }; /* who confirms */

/* --- the clock ------------------------------------------------------------------------------------ */

static int apply_look(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	struct keeping_clock clock;
	int r = tx_keeping_clock(tx, APPROVAL_MS, &clock, err);

	if (r == 0) {
		c->verdict = clock.verdict == KEEPING_GOOD ? CLOCK_GOOD :
			clock.verdict == KEEPING_BEHIND	   ? CLOCK_BEHIND :
							     CLOCK_AHEAD;
	}
	return r;
}

static void expect_verdict(struct world *w, const struct change *c)
{
	enum model_verdict wanted = model_look_at_clock(&w->model, w->sample.now_ms);

	if (c->verdict != wanted) {
		fail_msg("the clock is believed to be %d, not %d", c->verdict, wanted);
	}
}

/* Looked at now and then, as the daemon does every hour. */
void pass_days(struct world *w, unsigned days)
{
	struct change c = { .world = w };

	for (int64_t left = days * 24 * HOUR_MS; left > 0; left -= 20 * HOUR_MS) {
		w->sample.now_ms += left < 20 * HOUR_MS ? left : 20 * HOUR_MS;
		world_run(w, &c, apply_look);
		expect_verdict(w, &c);
	}
}

/* By somebody's hand, or because the machine stood still; one that is wrong is often set right. */
void jump(struct world *w, const struct step *s)
{
	static const int hours[] = { 3, -3, 23, -23, 25, -25, 72, 24 * 50, -24 * 50, 24 * 365,
		-24 * 365 };
	int64_t known = w->model.clock.known, off = w->sample.now_ms - known;

	if (known != 0 && s->b % 3 > 0 && (off > 24 * HOUR_MS || off < -HOUR_MS)) {
		w->sample.now_ms = known + HOUR_MS;
	} else {
		w->sample.now_ms += hours[s->a % (sizeof(hours) / sizeof(*hours))] * HOUR_MS;
	}
}

bool prepare_confirm(struct world *w, struct change *c)
{
	(void)c;
	return w->model.clock.seen != 0 && !w->model.clock.is_confirmed;
}

/* The question about the clock that is open. */
static int find_question(struct tx *tx, struct span scope, struct row_approval *ret,
	struct cu_err *err)
{
	struct row_approval row, *after = NULL;
	int r, is_found = 0;

	while ((r = engine_approval_next(tx->engine, after, &row, err)) > 0) {
		after = &row;
		if (tx_approval_is_open(tx, &row, KEEPING_KIND_CLOCK, scope)) {
			*ret = row;
			is_found = 1;
		}
	}
	return r < 0 ? r : is_found ? 0 : cu_err_set(err, CU_ENOENT, "nothing is asked");
}

static int apply_confirm(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct buf scope = BUF_INIT;
	struct row_approval question;
	int r = tx_keeping_scope(tx, KEEPING_KIND_CLOCK, &scope, err);

	(void)op;
	if (r == 0) {
		r = find_question(tx, buf_span(&scope), &question, err);
	}
	if (r == 0 && question.state == APPROVAL_ASKED) {
		r = tx_approval_grant(tx, &question.id, buf_span(&scope), err);
	}
	buf_done(&scope);
	return r;
}

void do_confirm(struct world *w, struct change *c)
{
	c->op.actor = somebody;
	world_run(w, c, apply_confirm);
}

/* One that ended half-way is said again, and so has happened. */
void learn_confirmed(struct world *w, struct change *c)
{
	if (c->step->dies_at > 0) {
		do_confirm(w, c);
	}
	w->model.clock.is_confirmed = true;
}

/* --- expiry --------------------------------------------------------------------------------------- */

static int32_t today(const struct world *w)
{
	return civil_day_of_ms(w->sample.now_ms);
}

static struct expiry_limit limit_of(const struct world *w)
{
	return (struct expiry_limit){ .collection = "sale", .last_day = today(w) - KEEP_DAYS - 1,
		.backed_up = w->drilled_capture };
}

/* How many months are over. */
static unsigned months_over(const struct world *w)
{
	unsigned n = 0;

	while (n < MODEL_MONTHS) {
		struct civil next = { 2026, (int)n + 2, 1 }; /* the first day behind it */

		if (civil_to_day(next) + KEEP_DAYS > today(w)) {
			break;
		}
		n++;
	}
	return n;
}

static int apply_reseal(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	struct expiry_limit sales = limit_of(c->world);
	int r = tx_hold_reseal(tx, &sales, err);

	c->is_more = r > 0;
	return r < 0 ? r : 0;
}

static int begin_run(struct tx *tx, const struct expiry_limit *sales, struct row_expiry *row,
	struct cu_err *err)
{
	static const struct erase_limits brake = { INT64_MAX, 1, 10000, 10000 };
	int r = tx_expiry_begin(tx, false, 0, &row->id, err);

	if (r == 0) {
		r = tx_expiry_list_cohorts(tx, &row->id, sales, err);
	}
	return r < 0 ? r : tx_expiry_admit(tx, &row->id, &brake, row, err);
}

/* One move of the run of expiry that is under way, or of a new one; is_over when it is. */
static int apply_expire(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	struct expiry_limit sales = limit_of(c->world);
	struct expiry_limits limits = { &sales, 1 };
	struct row_expiry row = { .state = EXPIRY_DONE };
	int r = engine_expiry_last(tx->engine, false, &row, err);

	if (r >= 0 && row.state == EXPIRY_GOING) {
		c->has_ended = true;
		return tx_expiry_shred(tx, &row.id, &limits, &row, err);
	}
	if (r >= 0 && row.state == EXPIRY_CLEARING) {
		r = tx_expiry_clear(tx, &row.id, &row, err);
	} else if (r >= 0) {
		r = begin_run(tx, &sales, &row, err);
	}
	c->is_over = r == 0 && row.state >= EXPIRY_DONE;
	return r;
}

/* As the daemon does: the clock, what is held, a run; until there is nothing more. */
void do_expire(struct world *w, struct change *c)
{
	world_run(w, c, apply_look);
	for (c->has_ended = c->verdict == CLOCK_GOOD; c->has_ended;) {
		do {
			world_run(w, c, apply_reseal);
		} while (c->is_more);
		c->has_ended = false;
		for (c->is_over = false; !c->is_over;) {
			world_run(w, c, apply_expire);
		}
	}
}

/* One that ended half-way is done again: then it goes on. */
void learn_expiry(struct world *w, struct change *c)
{
	if (c->step->dies_at > 0) {
		do_expire(w, c);
	}
	expect_verdict(w, c);
	if (c->verdict == CLOCK_GOOD) {
		while (model_expire(&w->model, months_over(w), w->drilled, w->nmade)) {
		}
	}
}

/* --- holds ---------------------------------------------------------------------------------------- */

bool prepare_hold(struct world *w, struct change *c)
{
	const struct model_person *p = &w->model.people[c->person];
	bool is_gone = p->scope == MODEL_WHOLE && p->fate >= FATE_DOOMED;

	c->scope = (enum model_scope)(c->step->b % 3);
	c->what = c->step->c % (c->scope == MODEL_RECORD ? MODEL_RECORDS : MODEL_NCOLLECTIONS);
	if (c->scope == MODEL_RECORD && !w->model.people[c->of].records[c->what].is_there) {
		c->scope = MODEL_WHOLE;
	}
	c->is_refused = p->fate == FATE_DOOMED; /* too late */
	return !is_gone && w->model.nholds < MODEL_HOLDS;
}

static int apply_hold(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	const struct model_person *p = &c->world->model.people[c->person];
	const char *collection = model_name((enum model_collection)(c->what % MODEL_NCOLLECTIONS));
	struct hold_what what = { .subject = p->id, .text = span_str("a case"),
		.review_day = CIVIL_NO_DAY };
	struct id hold;

	if (c->scope == MODEL_COLLECTION) {
		what.collections = &collection;
		what.ncollections = 1;
	} else if (c->scope == MODEL_RECORD) {
		what.record = c->world->model.people[c->of].records[c->what].id;
	}
	return tx_hold_place(tx, &what, &hold, err);
}

void do_hold(struct world *w, struct change *c)
{
	(c->is_refused ? world_run_refused : world_run)(w, c, apply_hold);
}

static bool knows_hold(const struct model *m, const struct id *id)
{
	for (unsigned i = 0; i < m->nholds; i++) {
		if (id_eq(&m->holds[i].id, id)) {
			return true;
		}
	}
	return false;
}

/* One of this person that the model does not know is the one that was placed. */
void learn_hold(struct world *w, struct change *c)
{
	struct model *m = &w->model;
	struct reader *rd = store_reader_take(w->sample.store);
	struct row_hold row, *after = NULL;
	struct cu_err err = { 0 };
	int r;

	while ((r = reader_next_hold(rd, after, &row, &err)) > 0) {
		after = &row;
		if (id_eq(&row.subject, &m->people[c->person].id) && !knows_hold(m, &row.id)) {
			assert_true(m->nholds < MODEL_HOLDS);
			m->holds[m->nholds++] = (struct model_hold){ row.state == HOLD_ACTIVE, row.id,
				row.record, c->person, c->what, c->scope };
		}
	}
	store_reader_give(w->sample.store, rd);
	assert_ok(r, &err);
}

bool prepare_release(struct world *w, struct change *c)
{
	for (unsigned i = 0; i < w->model.nholds; i++) {
		c->which = (c->step->a + i) % w->model.nholds;
		if (w->model.holds[c->which].is_active) {
			return true;
		}
	}
	return false;
}

static int apply_release(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;

	return tx_hold_release(tx, &c->world->model.holds[c->which].id, err);
}

void do_release(struct world *w, struct change *c)
{
	world_run(w, c, apply_release);
}

void learn_release(struct world *w, struct change *c)
{
	struct reader *rd = store_reader_take(w->sample.store);
	struct model_hold *h = &w->model.holds[c->which];
	struct cu_err err = { 0 };
	struct row_hold row;

	assert_int_equal(reader_hold(rd, &h->id, &row, &err), 1);
	store_reader_give(w->sample.store, rd);
	h->is_active = row.state == HOLD_ACTIVE;
}
