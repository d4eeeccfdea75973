#include "world_parts.h"

#include "store/reader_alias.h"
#include "store/tx_merge.h"

#include <limits.h>

/* --- can it be ---------------------------------------------------------------------------------- */

static bool is_being_erased(const struct model_person *p)
{
	return p->fate == FATE_WAITS || p->fate == FATE_DOOMED;
}

static bool is_held(const struct model *m, unsigned owner)
{
	for (unsigned i = 0; i < m->nholds; i++) {
		if (m->holds[i].is_active && model_owner(m, m->holds[i].person) == owner) {
			return true;
		}
	}
	return false;
}

/* The person is the one who stays. */
bool prepare_merge(struct world *w, struct change *c)
{
	struct model *m = &w->model;
	const struct model_person *old, *into = &m->people[c->person];

	c->other = model_owner(m, c->step->b % m->npeople);
	old = &m->people[c->other];
	if (c->other == c->person || !old->is_there || model_is_erased(m, c->other) ||
		model_is_erased(m, c->person)) {
		return false;
	}
	c->is_refused = is_being_erased(old) || is_being_erased(into) || is_held(m, c->other);
	note_slots(w, c->other);
	return true;
}

/* --- in the store --------------------------------------------------------------------------------- */

static int apply_merge(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	const struct model_person *people = c->world->model.people;
	struct row_alias row;

	return tx_merge(tx, &people[c->other].id, &people[c->person].id, "care", &row, err);
}

void do_merge(struct world *w, struct change *c)
{
	(c->is_refused ? world_run_refused : world_run)(w, c, apply_merge);
}

struct stepping {
	struct store_op op;
	struct id old;
	uint64_t backed_up;
};

static int apply_step(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct stepping *s = (struct stepping *)op;
	struct row_alias row;

	return tx_merge_step(tx, &s->old, s->backed_up, &row, err);
}

/* The next move of all merges that have come as far as this, or less. */
static void step_merges(struct sample *in, uint64_t backed_up, enum alias_state state)
{
	struct row_alias row, *after = NULL;
	struct cu_err err = { 0 };
	int r;

	for (;;) {
		struct reader *rd = store_reader_take(in->store);
		struct stepping s = { .op = { .apply = apply_step, .kind = STORE_CHANGE },
			.backed_up = backed_up };

		r = reader_alias_next_open(rd, after ? &row.old : NULL, &row, &err);
		store_reader_give(in->store, rd);
		assert_ok(r, &err);
		if (r == 0) {
			return;
		}
		after = &row;
		s.old = row.old;
		if (row.state <= state && store_run(in->store, &s.op, &err) < 0) {
			fail_msg("a merge: %s", err.msg);
		}
	}
}

void finish_merges(struct sample *in)
{
	step_merges(in, 0, ALIAS_AGREED);
}

/* Where nothing is backed up there is nothing to wait for. */
void do_end(struct world *w, struct change *c)
{
	(void)c;
	step_merges(&w->sample, has_backup(w) ? w->backups[w->nbackups - 1].capture : UINT64_MAX,
		ALIAS_MOVED);
}

/* --- the model takes it, too ---------------------------------------------------------------------- */

void learn_merge(struct world *w, struct change *c)
{
	struct model *m = &w->model;
	struct reader *rd = store_reader_take(w->sample.store);
	struct id id = m->people[c->other].id;
	struct cu_err err = { 0 };
	int r = reader_alias_follow(rd, &id, &err);

	store_reader_give(w->sample.store, rd);
	assert_ok(r, &err);
	assert_true(r > 0 || c->is_refused || c->step->dies_at > 0);
	if (r > 0) {
		model_merge(m, c->other, c->person, w->nmade);
		assert_true(m->nmerges < MODEL_PEOPLE);
		m->merges[m->nmerges++] = (struct model_merge){ c->other, c->person };
	}
}

/* One that ended half-way is done again: then it goes on. */
void learn_end(struct world *w, struct change *c)
{
	if (c->step->dies_at > 0) {
		do_end(w, c);
	}
	model_end_merges(&w->model, has_backup(w) ? w->backups[w->nbackups - 1].number : UINT_MAX);
}
