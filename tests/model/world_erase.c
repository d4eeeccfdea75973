#include "world_parts.h"

#define GRACE_MS (72 * HOUR_MS)

void note_slots(struct world *w, unsigned owner)
{
	struct reader *rd = store_reader_take(w->sample.store);
	struct buf slots = BUF_INIT;
	struct cu_err err = { 0 };

	assert_ok(reader_slots(rd, &w->model.people[owner].id, &slots, &err), &err);
	store_reader_give(w->sample.store, rd);
	assert_true(slots.n <= sizeof(w->slots[0]));
	memcpy(w->slots[owner], slots.p, slots.n);
	w->nslots[owner] = (unsigned)(slots.n / sizeof(uint64_t));
	buf_done(&slots);
}

/* --- can it be ---------------------------------------------------------------------------------- */

/* Of nothing there can be no erasure: then it is of the whole person. */
bool prepare_begin(struct world *w, struct change *c)
{
	const struct model_person *p = &w->model.people[c->person];

	if (!model_sees(&w->model, c->person) || p->fate == FATE_WAITS || p->fate == FATE_DOOMED) {
		return false;
	}
	c->scope = (enum model_scope)(c->step->b % 3);
	c->what = c->step->c % (c->scope == MODEL_RECORD ? MODEL_RECORDS : MODEL_NCOLLECTIONS);
	if ((c->scope == MODEL_RECORD && !w->model.people[c->of].records[c->what].is_there) ||
		(c->scope == MODEL_COLLECTION && p->keys[c->what] == 0)) {
		c->scope = MODEL_WHOLE;
	}
	c->is_refused = model_stops(&w->model, c->person, c->scope, c->of, c->what);
	note_slots(w, c->person);
	return true;
}

/* An erasure that could still be cancelled waits as long as some of it is held. */
static bool waits(const struct world *w, const struct change *c)
{
	const struct model_person *p = &w->model.people[c->person];

	return p->fate == FATE_WAITS && model_stops(&w->model, c->person, p->scope, p->of, p->what);
}

bool prepare_cancel(struct world *w, struct change *c)
{
	return w->model.people[c->person].fate == FATE_WAITS;
}

bool prepare_let_go(struct world *w, struct change *c)
{
	const struct model_person *p = &w->model.people[c->person];

	c->is_refused = waits(w, c);
	/* what remains of a record's collection is not re-sealed by halves */
	return p->fate == FATE_WAITS && p->scope != MODEL_RECORD;
}

bool prepare_erase(struct world *w, struct change *c)
{
	const struct model_person *p = &w->model.people[c->person];

	c->is_refused = waits(w, c);
	return p->fate == FATE_WAITS || p->fate == FATE_DOOMED;
}

/* --- in the store --------------------------------------------------------------------------------- */

static int apply_begin_one(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	const struct model_person *p = &c->world->model.people[c->person];
	const char *collection = model_name((enum model_collection)(c->what % MODEL_NCOLLECTIONS));
	struct erase_what what = { .subject = p->id, .purpose = "erasure", .grace_ms = GRACE_MS };
	struct id erasure;

	if (c->scope == MODEL_COLLECTION) {
		what.collections = &collection;
		what.ncollections = 1;
	} else if (c->scope == MODEL_RECORD) {
		what.record = c->world->model.people[c->of].records[c->what].id;
	}
	return tx_erase_begin(tx, &what, &erasure, err);
}

/* The open erasure of the person. */
static int find_erasure(struct tx *tx, const struct change *c, struct row_erasure *ret,
	struct cu_err *err)
{
	const struct model_person *p = &c->world->model.people[c->person];
	int r = engine_erasure_of(tx->engine, &p->id, ret, err);

	return r == 0 ? cu_err_set(err, CU_ENOENT, "the erasure is not there") : r < 0 ? r : 0;
}

static int apply_cancel(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct row_erasure row;
	int r = find_erasure(tx, (struct change *)op, &row, err);

	return r < 0 ? r : tx_erase_cancel(tx, &row.id, "mistake", err);
}

static int apply_let_go(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	static const struct erase_limits limits = { INT64_MAX, 1, 10000, 10000 };
	struct row_erasure row;
	int r = find_erasure(tx, (struct change *)op, &row, err);

	return r < 0 ? r : tx_erase_admit(tx, &row.id, &limits, &row, err);
}

#define APPLY_ERASURE(name)                                                              \
	static int apply_##name##_one(struct tx *tx, struct store_op *op, struct cu_err *err)  \
	{                                                                                \
		struct row_erasure row;                                                  \
		int r = find_erasure(tx, (struct change *)op, &row, err);                \
                                                                                         \
		return r < 0 ? r : tx_erase_##name(tx, &row.id, err);                    \
	}

APPLY_ERASURE(rekey)
APPLY_ERASURE(shred)
APPLY_ERASURE(rows)
APPLY_ERASURE(done)

static enum erasure_state state_of_erasure(struct world *w, unsigned person)
{
	struct reader *rd = store_reader_take(w->sample.store);
	struct row_erasure row = { .state = ERASURE_DONE };
	struct cu_err err = { 0 };
	int r = reader_erasure_of(rd, &w->model.people[person].id, &row, &err);

	store_reader_give(w->sample.store, rd);
	assert_ok(r, &err);
	return row.state;
}

void do_begin(struct world *w, struct change *c)
{
	(c->is_refused ? world_run_refused : world_run)(w, c, apply_begin_one);
}

void do_cancel(struct world *w, struct change *c)
{
	world_run(w, c, apply_cancel);
}

/* It goes, exactly if nothing of it is held. */
void do_let_go(struct world *w, struct change *c)
{
	enum erasure_state state;

	world_run(w, c, apply_let_go);
	state = state_of_erasure(w, c->person);
	if ((state < ERASURE_SHREDDING) != c->is_refused) {
		fail_msg("person %u: an erasure %s", c->person,
			c->is_refused ? "goes on in spite of a hold" : "waits, and nothing is held");
	}
}

void do_erase(struct world *w, struct change *c)
{
	do_let_go(w, c);
	if (!c->is_refused) {
		world_run(w, c, apply_rekey_one);
		world_run(w, c, apply_shred_one);
		world_run(w, c, apply_rows_one);
		world_run(w, c, apply_done_one);
	}
}

/* --- the model takes it, too ---------------------------------------------------------------------- */

/* How far the erasure has come; what cannot be cancelled any more is carried out, as each start
 * of the daemon does. */
void learn_erasure(struct world *w, struct change *c)
{
	struct model_person *p = &w->model.people[c->person];
	enum erasure_state state = state_of_erasure(w, c->person);

	if (c->step->kind == STEP_BEGIN && state < ERASURE_DONE) {
		p->scope = c->scope;
		p->what = c->what;
		p->of = c->of;
	}
	switch (state) {
	case ERASURE_COOLING_OFF:
	case ERASURE_AWAITING_APPROVAL: p->fate = FATE_WAITS; break;
	case ERASURE_SHREDDING:
	case ERASURE_SHREDDED:
		if (c->step->kind == STEP_LET_GO && c->step->dies_at == 0) {
			p->fate = FATE_DOOMED;
		} else {
			do_erase(w, c);
			model_shred(&w->model, c->person);
		}
		break;
	case ERASURE_DONE:
	case ERASURE_CANCELLED:
		if (c->step->kind == STEP_ERASE) {
			model_shred(&w->model, c->person);
		} else if (!(c->step->kind == STEP_BEGIN && c->is_refused)) {
			p->fate = FATE_NONE; /* it never began, or was cancelled */
		}
		break;
	}
}
