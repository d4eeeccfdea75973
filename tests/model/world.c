#include "world_parts.h"

#include "fault.h"
#include "fault_sqlite.h"

#include <limits.h>
#include <sys/mman.h>

#define JOURNAL_SIZE (1u << 10)

/* --- one transaction ------------------------------------------------------------------------------ */

void world_run(struct world *w, struct change *c, apply_fn *apply)
{
	struct cu_err err = { 0 };

	c->op = (struct store_op){ .apply = apply, .kind = STORE_CHANGE, .actor = c->op.actor };
	if (store_run(w->sample.store, &c->op, &err) < 0) {
		fail_msg("step %d: %s", c->step ? (int)c->step->kind : -1, err.msg);
	}
	world_promise(w, false);
}

void world_run_refused(struct world *w, struct change *c, apply_fn *apply)
{
	struct cu_err err = { 0 };
	int r;

	c->op = (struct store_op){ .apply = apply, .kind = STORE_CHANGE };
	r = store_run(w->sample.store, &c->op, &err);
	if (r != CU_EDENIED && r != CU_EBUSY) {
		fail_msg("step %d of person %u is not refused: %s", c->step->kind, c->person, err.msg);
	}
}

void world_tell(struct world *w)
{
	if (has_backup(w)) {
		(void)back_up(w, false);
		w->known = w->model;
	}
}

/* --- one step ------------------------------------------------------------------------------------- */

bool world_prepare(struct world *w, const struct step *s, struct change *c)
{
	struct model *m = &w->model;
	bool has_room = m->nkeys + 8 < MODEL_KEYS && m->nprivates + MODEL_PEOPLE < MODEL_PRIVATE;
	bool has_people = m->npeople > 0 && has_room;

	*c = (struct change){ .world = w, .step = s };
	c->of = s->kind == STEP_ADD ? m->npeople : has_people ? s->a % m->npeople : 0;
	c->person = s->kind == STEP_ADD ? c->of : model_owner(m, c->of);
	has_people = has_people && m->people[c->person].is_there;
	switch (s->kind) {
	case STEP_ADD: return m->npeople < MODEL_PEOPLE && has_room;
	case STEP_WRITE: return has_people && prepare_write(w, c);
	case STEP_BEGIN: return has_people && prepare_begin(w, c);
	case STEP_CANCEL: return has_people && prepare_cancel(w, c);
	case STEP_LET_GO: return has_people && prepare_let_go(w, c);
	case STEP_ERASE: return has_people && prepare_erase(w, c);
	case STEP_CONFIRM: return prepare_confirm(w, c);
	case STEP_HOLD: return has_people && prepare_hold(w, c);
	case STEP_RELEASE: return prepare_release(w, c);
	case STEP_SAY: return has_people && prepare_say(w, c);
	case STEP_ASK: return has_people && prepare_ask(w, c);
	case STEP_CLOSE: return prepare_close(w, c);
	case STEP_MERGE: return has_people && prepare_merge(w, c);
	case STEP_READ: return has_people;
	case STEP_EXPIRE: return has_room;
	case STEP_BACK_UP: return w->nbackups < MAX_BACKUPS;
	case STEP_DRILL:
	case STEP_LOOK:
	case STEP_MOVE: return has_backup(w);
	case STEP_END:
	case STEP_PASS:
	case STEP_JUMP:
	case STEP_REOPEN:
	case NSTEPS: break;
	}
	return true;
}

void world_act(struct world *w, struct change *c)
{
	switch (c->step->kind) {
	case STEP_ADD: do_add(w, c); break;
	case STEP_WRITE: do_write(w, c); break;
	case STEP_BEGIN: do_begin(w, c); break;
	case STEP_CANCEL: do_cancel(w, c); break;
	case STEP_LET_GO: do_let_go(w, c); break;
	case STEP_ERASE: do_erase(w, c); break;
	case STEP_CONFIRM: do_confirm(w, c); break;
	case STEP_EXPIRE: do_expire(w, c); break;
	case STEP_HOLD: do_hold(w, c); break;
	case STEP_RELEASE: do_release(w, c); break;
	case STEP_SAY: do_say(w, c); break;
	case STEP_ASK: do_ask(w, c); break;
	case STEP_CLOSE: do_close(w, c); break;
	case STEP_MERGE: do_merge(w, c); break;
	case STEP_END: do_end(w, c); break;
	case STEP_READ: do_read(w, c); break;
	case STEP_BACK_UP: (void)back_up(w, true); break;
	case STEP_PASS:
	case STEP_JUMP:
	case STEP_DRILL:
	case STEP_REOPEN:
	case STEP_LOOK:
	case STEP_MOVE:
	case NSTEPS: break;
	}
}

void world_learn(struct world *w, struct change *c)
{
	bool is_told = c->step->c % 2; /* of what is small, the repository may hear later */

	switch (c->step->kind) {
	case STEP_ADD: learn_person(w); return;
	case STEP_WRITE: learn_record(w, c->of, c->record); return;
	case STEP_BACK_UP:
		learn_backup(w, c->step->dies_at == 0 ? w->sample.known_sequence : back_up(w, true));
		return;
	case STEP_BEGIN:
	case STEP_CANCEL:
	case STEP_LET_GO:
	case STEP_ERASE:
		learn_erasure(w, c);
		is_told = true;
		break;
	case STEP_EXPIRE:
		learn_expiry(w, c);
		is_told = true;
		break;
	case STEP_END:
		learn_end(w, c);
		is_told = true;
		break;
	case STEP_MERGE: learn_merge(w, c); break;
	case STEP_CONFIRM: learn_confirmed(w, c); break;
	case STEP_HOLD: learn_hold(w, c); break;
	case STEP_RELEASE: learn_release(w, c); break;
	case STEP_SAY: learn_said(w, c); break;
	case STEP_ASK: learn_asked(w, c); break;
	case STEP_CLOSE: learn_closed(w, c); break;
	case STEP_READ: read_person(w, c->of); return;
	case STEP_PASS:
	case STEP_JUMP:
	case STEP_DRILL:
	case STEP_REOPEN:
	case STEP_LOOK:
	case STEP_MOVE:
	case NSTEPS: return;
	}
	if (is_told) {
		world_tell(w);
	}
}

static void reopen(struct world *w)
{
	sample_close(&w->sample);
	sample_open(&w->sample);
	compare(w, &w->sample, &w->model, "after a start");
}


struct counted {
	struct change *change;
	bool is_open_spared; /* what opens the store does not count */
	long *n;             /* shared with the process that counts */
};

static int act_and_count(void *ctx)
{
	const struct counted *counted = ctx;
	struct world *w = counted->change->world;

	fault_pause(counted->is_open_spared);
	sample_open(&w->sample);
	fault_pause(false);
	world_act(w, counted->change);
	sample_close(&w->sample);
	*counted->n = fault_disarm();
	return 0;
}

/* What fault_run returns; *ret_ncalls stays if it did not come to its end. */
static int act_counted(struct change *c, unsigned kinds, long nth, enum fault_how how, int error, long *ret_ncalls)
{
	long *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* allocations are thousands, and the same each time: a step of its own has them */
	struct counted counted = { c, kinds == FAULT_MEMORY && c->step->kind != STEP_REOPEN, shared };
	int r;

	assert_true(shared != MAP_FAILED);
	r = fault_run(kinds, nth, how, error, act_and_count, &counted);
	*ret_ncalls = *shared;
	munmap(shared, sizeof(*shared));
	return r;
}

enum end {
	END_BEFORE,    /* the call was not reached */
	END_UNKNOWN,   /* it may have happened or not */
	END_AS_SAID,   /* no error was told */
};

/* In a process of its own: the keys do not survive a fork, so it opens the store itself.  Where
 * calls fail it may end in any way but a crash. */
static enum end act_interrupted(struct change *c, unsigned kinds, enum fault_how how, int error)
{
	bool is_failing = how == FAULT_FAIL || how == FAULT_FAIL_ALL;
	long ncalls = 0;
	int r;

	r = act_counted(c, kinds, (long)c->step->dies_at, how, error, &ncalls);
	if (r < (is_failing ? FAULT_STORY_FAILED : 0)) {
		fail_msg("step %d fails when it is interrupted at %u", c->step->kind,
			c->step->dies_at);
	}
	return r <= 0 ? END_UNKNOWN : ncalls < (long)c->step->dies_at ? END_BEFORE : END_AS_SAID;
}

static int start_and_die(void *ctx)
{
	struct world *w = ctx;

	sample_open(&w->sample);
	sample_close(&w->sample);
	return 0;
}

/* Starts go wrong, too: each one change later than the one before, until one comes to its end. */
static void start_interrupted(struct world *w, enum fault_how how, int error)
{
	int r = 0;

	for (long nth = 1; r <= 0; nth++) {
		r = fault_run(FAULT_ANY, nth, how, error, start_and_die, w);
		if (r == FAULT_CRASHED || nth == 1000) {
			fail_msg("a start fails when it is interrupted at %ld", nth);
		}
	}
}

/* What was acknowledged is there: the model learns something new, but from a start, and from a backup, whose number
 * the process that made it knew. */
static void learn_interrupted(struct world *w, struct change *c, enum end end)
{
	struct step done = *c->step;
	struct model before;
	bool is_certain = end == END_AS_SAID && done.kind != STEP_BACK_UP && done.kind != STEP_REOPEN;

	if (is_certain) {
		done.dies_at = 0;
		c->step = &done;
	}
	before = w->model;
	sample_open(&w->sample);
	world_learn(w, c);
	compare(w, &w->sample, &w->model, "after an end");
	if (is_certain && memcmp(&before, &w->model, sizeof(before)) == 0) {
		fail_msg("step %d was acknowledged, and is not there", done.kind);
	}
}

/* --- the world's log: its journal is set aside by pages, not by 16 MiB, and so goes on in the next one
 * now and then ------------------------------------------------------------------------------- */

int __real_journal_create(const char *dir, uint64_t first, uint64_t outbox, uint32_t size, struct cu_err *err);
int __wrap_journal_create(const char *dir, uint64_t first, uint64_t outbox, uint32_t size, struct cu_err *err);

int __wrap_journal_create(const char *dir, uint64_t first, uint64_t outbox, uint32_t size, struct cu_err *err)
{
	(void)size;
	return __real_journal_create(dir, first, outbox, JOURNAL_SIZE, err);
}

/* --- the world -------------------------------------------------------------------------------------- */

struct world *world_new(const char *dir)
{
	struct world *w = calloc(1, sizeof(*w));
	char store[300];

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "%s", dir);
	snprintf(store, sizeof(store), "%s/store0", dir);
	snprintf(w->repo, sizeof(w->repo), "%s/repo0", dir);
	fault_sqlite_register();
	sample_make(&w->sample, store);
	w->identity = w->sample.identity;
	w->sample.identity = (struct buf)BUF_INIT_WIPE;
	return w;
}

void world_step(struct world *w, const struct step *s)
{
	struct change c;

	if (!world_prepare(w, s, &c)) {
		return;
	}
	switch (s->kind) { /* what is never interrupted, and changes nothing or the world as a whole */
	case STEP_PASS: pass_days(w, 1 + s->a % 45); return;
	case STEP_JUMP: jump(w, s); return;
	case STEP_DRILL: drill(w); return;
	case STEP_REOPEN: reopen(w); return;
	case STEP_LOOK: look(w, &w->backups[s->a % w->nbackups]); return;
	case STEP_MOVE: move(w, &w->backups[s->a % w->nbackups]); return;
	default: break;
	}
	if (s->dies_at > 0) {
		sample_close(&w->sample);
		(void)act_interrupted(&c, FAULT_ANY, s->is_power ? FAULT_POWER : FAULT_EXIT, 0);
		learn_interrupted(w, &c, END_UNKNOWN);
	} else {
		world_act(w, &c);
		world_learn(w, &c);
	}
}

long world_count_calls(struct world *w, const struct step *s, unsigned kinds)
{
	struct change c;
	bool is_fit;
	long n = 0;

	sample_open(&w->sample);
	is_fit = world_prepare(w, s, &c);
	sample_close(&w->sample);
	if (!is_fit || act_counted(&c, kinds, LONG_MAX, FAULT_COUNT, 0, &n) != 1) {
		fail_msg("step %d cannot be made here", s->kind);
	}
	return n;
}

bool world_step_wrong(struct world *w, const struct step *s, unsigned kinds, enum fault_how how, int error)
{
	struct change c;
	enum end end;

	if (!world_prepare(w, s, &c)) {
		fail_msg("step %d cannot be made here", s->kind);
	}
	sample_close(&w->sample);
	end = act_interrupted(&c, kinds, how, error);
	if (end == END_BEFORE) {
		return false;
	}
	if (kinds == FAULT_ANY) {
		start_interrupted(w, how, error);
	}
	learn_interrupted(w, &c, end);
	return true;
}

void world_rest(struct world *w)
{
	sample_close(&w->sample);
}

void world_wake(struct world *w)
{
	sample_open(&w->sample);
}

void world_judge(struct world *w)
{
	compare(w, &w->sample, &w->model, "at the end");
	for (unsigned i = 0; i < w->nbackups; i++) {
		look(w, &w->backups[i]);
	}
}

void world_free(struct world *w)
{
	sample_close(&w->sample);
	buf_done(&w->identity);
	if (w->done) {
		munmap(w->done, sizeof(*w->done));
	}
	free(w);
}
