#include "world.h"

#include "sample.h"

#include <sys/wait.h>

#include "backup/restore.h"
#include "base/text.h"
#include "fault.h"
#include "fault_sqlite.h"
#include "store/tx_expiry.h"

#define FIRST_MONTH 202601u
#define MAX_BACKUPS 64
#define MAX_SLOTS   32 /* of one person */
#define GRACE_MS    (72 * 3600 * 1000LL)

struct backup {
	uint64_t sequence;
	struct model then;
};

struct world {
	char dir[256], repo[300];
	unsigned nmoves, nlooks;
	struct sample sample;
	struct buf identity;
	struct model model;
	struct model known; /* when the log and the keys were last written to the repository */
	struct backup backups[MAX_BACKUPS];
	unsigned nbackups;
	/* in the vault, of whoever is or was to be erased as a whole */
	uint64_t slots[MODEL_PEOPLE][MAX_SLOTS];
	unsigned nslots[MODEL_PEOPLE];
};

/* --- changes of the store ------------------------------------------------------------------ */

struct change {
	struct store_op op;
	struct world *world;
	const struct step *step;
	unsigned person, record;
	bool is_over; /* of a run of expiry */
};

static void must_run(struct world *w, struct change *c)
{
	struct cu_err err = { 0 };

	if (store_run(w->sample.store, &c->op, &err) < 0) {
		fail_msg("step %d: %s", c->step->kind, err.msg);
	}
}

static void value_text(unsigned person, unsigned record, unsigned value, char to[48])
{
	snprintf(to, 48, "person %u record %u value %u", person, record, value);
}

/* The next version of a record, or a new one. */
static int put_value(struct tx *tx, struct change *c, struct model_person *p, struct cu_err *err)
{
	struct model_record *r = &p->records[c->record];
	enum model_collection in = model_collection_of(c->record);
	struct record rec = { .subject = p->id, .anchor_day = CIVIL_NO_DAY,
		.origin = RECORD_INTERNAL };
	char value[48];
	int code;

	rec.id = r->is_there ? r->id : rec.id;
	snprintf(rec.collection, sizeof(rec.collection), "%s", model_name(in));
	rec.cohort = in == MODEL_SALE ? FIRST_MONTH + r->month : 0;
	value_text(c->person, c->record, r->value + 1, value);
	code = record_set(&rec, span_str("value"), span_str(value), err);
	if (code == 0) {
		code = tx_record_put(tx, &rec, err);
	}
	if (code == 0) {
		code = tx_records_leaf(tx, &p->id, rec.collection, "care", &rec.id, 1, err);
	}
	return code;
}

static int apply_add_one(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	struct model_person p = { 0 };
	int r = tx_subject_add(tx, SUBJECT_PERSON, "care", &p.id, err);

	return r < 0 ? r : put_value(tx, c, &p, err);
}

static int apply_write(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	struct model_person p = c->world->model.people[c->person];

	return put_value(tx, c, &p, err);
}

static int apply_begin_one(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	const struct model_person *p = &c->world->model.people[c->person];
	const char *collection = model_name((enum model_collection)(p->what % MODEL_NCOLLECTIONS));
	struct erase_what what = { .subject = p->id, .purpose = "erasure", .grace_ms = GRACE_MS };
	struct id erasure;

	if (p->scope == MODEL_COLLECTION) {
		what.collections = &collection;
		what.ncollections = 1;
	} else if (p->scope == MODEL_RECORD) {
		what.record = p->records[p->what].id;
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

/* One move of the run of expiry that is under way, or of a new one; done says that it is over. */
static int apply_expire(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	static const struct erase_limits brake = { INT64_MAX, 1, 10000, 10000 };
	struct change *c = (struct change *)op;
	struct expiry_limit sales = { .collection = "sale",
		.last_day = expiry_last_day(FIRST_MONTH + c->step->a % MODEL_MONTHS) };
	struct expiry_limits limits = { &sales, 1 };
	struct row_expiry row = { .state = EXPIRY_DONE };
	int r = engine_expiry_last(tx->engine, false, &row, err);

	if (r >= 0 && row.state == EXPIRY_GOING) {
		return tx_expiry_shred(tx, &row.id, &limits, &row, err);
	}
	if (r >= 0 && row.state == EXPIRY_CLEARING) {
		r = tx_expiry_clear(tx, &row.id, &row, err);
		c->is_over = r == 0 && row.state >= EXPIRY_DONE;
		return r;
	}
	if (r >= 0) {
		r = tx_expiry_begin(tx, false, 0, &row.id, err);
	}
	if (r == 0) {
		r = tx_expiry_list_cohorts(tx, &row.id, &sales, err);
	}
	if (r == 0) {
		r = tx_expiry_admit(tx, &row.id, &brake, &row, err);
	}
	c->is_over = r == 0 && row.state >= EXPIRY_DONE;
	return r;
}

/* --- steps, as they are done in the store ---------------------------------------------------- */

static bool has_backup(const struct world *w)
{
	return w->nbackups > 0;
}

static uint64_t back_up(struct world *w, bool has_data)
{
	struct snapshot_result result = { 0 };
	struct cu_err err = { 0 };

	if (sample_back_up(&w->sample, w->repo, has_data, NULL, &result, &err) < 0) {
		fail_msg("backup: %s", err.msg);
	}
	return result.sequence;
}

typedef int apply_fn(struct tx *tx, struct store_op *op, struct cu_err *err);

static void run(struct world *w, struct change *c, apply_fn *apply)
{
	c->op = (struct store_op){ .apply = apply, .kind = STORE_CHANGE };
	must_run(w, c);
}

static void carry_out(struct world *w, struct change *c)
{
	run(w, c, apply_let_go);
	run(w, c, apply_rekey_one);
	run(w, c, apply_shred_one);
	run(w, c, apply_rows_one);
	run(w, c, apply_done_one);
}

static void expire(struct world *w, struct change *c)
{
	for (c->is_over = false; !c->is_over;) {
		run(w, c, apply_expire);
	}
}

/* What changes the store, without the model. */
static void act(struct world *w, struct change *c)
{
	switch (c->step->kind) {
	case STEP_ADD: run(w, c, apply_add_one); break;
	case STEP_WRITE: run(w, c, apply_write); break;
	case STEP_BEGIN: run(w, c, apply_begin_one); break;
	case STEP_CANCEL: run(w, c, apply_cancel); break;
	case STEP_LET_GO: run(w, c, apply_let_go); break;
	case STEP_ERASE: carry_out(w, c); break;
	case STEP_EXPIRE: expire(w, c); break;
	case STEP_BACK_UP: (void)back_up(w, true); break;
	case STEP_REOPEN:
	case STEP_LOOK:
	case STEP_MOVE:
	case NSTEPS: break;
	}
}

/* --- looking ------------------------------------------------------------------------------- */

struct seen {
	struct id id;
	char value[48];
};

struct sight {
	struct seen at[MODEL_RECORDS + 1];
	unsigned n;
};

static int see(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct sight *s = ctx;
	struct span value = record_get(rec, "value");

	(void)err;
	assert_true(s->n <= MODEL_RECORDS && value.n < sizeof(s->at[0].value));
	s->at[s->n].id = row->id;
	memcpy(s->at[s->n].value, value.p, value.n);
	s->n++;
	return 0;
}

/* Who can be read, and what of them; false: nobody. */
static bool look_at(struct sample *in, const struct id *person, struct sight *ret)
{
	struct reader *rd = store_reader_take(in->store);
	struct row_subject who;
	struct cu_err err = { 0 };
	int there;

	*ret = (struct sight){ 0 };
	assert_ok(reader_begin(rd, &err), &err);
	there = reader_subject(rd, person, &who, &err);
	assert_ok(there, &err);
	assert_ok(reader_records(rd, person, NULL, see, ret, &err), &err);
	reader_end(rd);
	store_reader_give(in->store, rd);
	return there > 0 && who.state == SUBJECT_LIVE;
}

static const char *find_seen(const struct sight *s, const struct id *record)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (id_eq(&s->at[i].id, record)) {
			return s->at[i].value;
		}
	}
	return NULL;
}

static void compare_person(struct sample *in, const struct model *m, unsigned person,
	const char *where)
{
	const struct model_person *p = &m->people[person];
	struct sight s;
	bool is_there = look_at(in, &p->id, &s);
	unsigned n = 0;

	if (is_there != model_sees(m, person)) {
		fail_msg("%s: person %u is %s", where, person, is_there ? "there" : "not there");
	}
	for (unsigned i = 0; is_there && i < MODEL_RECORDS; i++) {
		const char *value = find_seen(&s, &p->records[i].id);
		char wanted[48];

		value_text(person, i, p->records[i].value, wanted);
		if (!model_sees_record(m, person, i)) {
			if (p->records[i].value > 0 && value) {
				fail_msg("%s: person %u: record %u is there", where, person, i);
			}
		} else if (!value || strcmp(value, wanted) != 0) {
			fail_msg("%s: '%s' is '%s'", where, wanted, value ? value : "not there");
		} else {
			n++;
		}
	}
	if (is_there && n != s.n) {
		fail_msg("%s: person %u has %u records instead of %u", where, person, s.n, n);
	}
}

/* The keys of whom m calls erased open for nobody, whatever rows there are. */
static void expect_no_keys(const struct world *w, struct sample *in, const struct model *m,
	unsigned person, const char *where)
{
	const struct model_person *p = &m->people[person];
	bool is_gone = p->scope == MODEL_WHOLE && p->fate == FATE_DONE;
	struct cu_err err = { 0 };
	struct key *key = NULL;

	assert_ok(key_new(in->arena, &key, &err), &err);
	for (unsigned i = 0; is_gone && i < w->nslots[person]; i++) {
		if (vault_slot_key(in->vault, w->slots[person][i], key, &err) != CU_ENOKEY) {
			fail_msg("%s: person %u: a key still opens", where, person);
		}
	}
	key_free(in->arena, key);
}

static void compare(const struct world *w, struct sample *in, const struct model *m,
	const char *where)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		compare_person(in, m, i, where);
		expect_no_keys(w, in, m, i, where);
	}
}

/* --- the model takes the step, too ------------------------------------------------------------ */

/* A record was written; its id is what the store has and the model does not. */
static void learn_record(struct world *w, unsigned person, unsigned record)
{
	struct model *m = &w->model;
	struct model_person *p = &m->people[person];
	struct model_record *r = &p->records[record];
	enum model_collection in = model_collection_of(record);
	char wanted[48];
	struct sight s;

	value_text(person, record, r->value + 1, wanted);
	look_at(&w->sample, &p->id, &s);
	for (unsigned i = 0; i < s.n; i++) {
		if (strcmp(s.at[i].value, wanted) == 0) {
			r->is_there = true;
			r->id = s.at[i].id;
			r->value++;
			r->key = model_key(m, p, in);
			r->month_key = in == MODEL_SALE ? model_month_key(m, r->month) : 0;
		}
	}
}

static bool is_known(const struct model *m, const struct id *id)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		if (id_eq(&m->people[i].id, id)) {
			return true;
		}
	}
	return false;
}

/* Whoever is new in the store is the next person of the model. */
static void learn_person(struct world *w)
{
	struct reader *rd = store_reader_take(w->sample.store);
	struct row_subject who;
	struct id *after = NULL;
	struct cu_err err = { 0 };
	unsigned number = w->model.npeople;
	int r;

	while ((r = reader_next_subject(rd, after, &who, &err)) > 0) {
		after = &who.id;
		if (!is_known(&w->model, &who.id)) {
			w->model.people[w->model.npeople++] = (struct model_person){
				.is_there = true, .id = who.id };
		}
	}
	store_reader_give(w->sample.store, rd);
	assert_ok(r, &err);
	assert_true(w->model.npeople <= number + 1);
	if (w->model.npeople > number) {
		learn_record(w, number, 0);
		assert_true(w->model.people[number].records[0].is_there);
	}
}

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

/* How far the erasure has come; what cannot be cancelled any more is carried out, as each start
 * of the daemon does. */
static void learn_erasure(struct world *w, struct change *c)
{
	struct model_person *p = &w->model.people[c->person];

	switch (state_of_erasure(w, c->person)) {
	case ERASURE_COOLING_OFF:
	case ERASURE_AWAITING_APPROVAL: p->fate = FATE_WAITS; break;
	case ERASURE_SHREDDING:
	case ERASURE_SHREDDED:
		if (c->step->kind == STEP_LET_GO && c->step->dies_at == 0) {
			p->fate = FATE_DOOMED;
		} else {
			carry_out(w, c);
			model_shred(&w->model, p);
		}
		break;
	case ERASURE_DONE:
	case ERASURE_CANCELLED:
		if (c->step->kind == STEP_ERASE) {
			model_shred(&w->model, p);
		} else {
			p->fate = FATE_NONE; /* it never began, or was cancelled */
		}
		break;
	}
}

static void tell_repository(struct world *w)
{
	if (has_backup(w)) {
		(void)back_up(w, false);
		w->known = w->model;
	}
}

static void learn_backup(struct world *w, uint64_t sequence)
{
	w->known = w->model;
	w->backups[w->nbackups++] = (struct backup){ sequence, w->model };
}

/* After a step, interrupted or not, and with the store open. */
static void learn(struct world *w, struct change *c)
{
	bool is_over = c->step->dies_at == 0;

	switch (c->step->kind) {
	case STEP_ADD: learn_person(w); break;
	case STEP_WRITE: learn_record(w, c->person, c->record); break;
	case STEP_BEGIN:
	case STEP_CANCEL:
	case STEP_LET_GO:
	case STEP_ERASE:
		learn_erasure(w, c);
		tell_repository(w);
		break;
	case STEP_EXPIRE:
		if (!is_over) {
			act(w, c);
		}
		model_expire(&w->model, c->step->a % MODEL_MONTHS + 1);
		tell_repository(w);
		break;
	case STEP_BACK_UP:
		learn_backup(w, is_over ? w->sample.known_sequence : back_up(w, true));
		break;
	case STEP_REOPEN:
	case STEP_LOOK:
	case STEP_MOVE:
	case NSTEPS: break;
	}
}

static void note_slots(struct world *w, unsigned person)
{
	struct reader *rd = store_reader_take(w->sample.store);
	struct buf slots = BUF_INIT;
	struct cu_err err = { 0 };

	assert_ok(reader_slots(rd, &w->model.people[person].id, &slots, &err), &err);
	store_reader_give(w->sample.store, rd);
	assert_true(slots.n <= sizeof(w->slots[0]));
	memcpy(w->slots[person], slots.p, slots.n);
	w->nslots[person] = (unsigned)(slots.n / sizeof(uint64_t));
	buf_done(&slots);
}

/* --- which steps are possible ----------------------------------------------------------------- */

static bool is_open(const struct model_person *p)
{
	return p->fate == FATE_WAITS || p->fate == FATE_DOOMED;
}

static bool prepare_write(struct world *w, const struct step *s, struct change *c)
{
	struct model_person *p = &w->model.people[c->person];

	c->record = s->b % MODEL_RECORDS;
	if (!p->records[c->record].is_there) {
		p->records[c->record].month = s->c % MODEL_MONTHS;
	}
	return model_sees(&w->model, c->person) && !is_open(p);
}

/* Of nothing there can be no erasure: then it is of the whole person. */
static bool prepare_begin(struct world *w, const struct step *s, struct change *c)
{
	struct model_person *p = &w->model.people[c->person];

	if (!model_sees(&w->model, c->person) || is_open(p)) {
		return false;
	}
	p->scope = (enum model_scope)(s->b % 3);
	p->what = s->c % (p->scope == MODEL_RECORD ? MODEL_RECORDS : MODEL_NCOLLECTIONS);
	if ((p->scope == MODEL_RECORD && !p->records[p->what].is_there) ||
		(p->scope == MODEL_COLLECTION && p->keys[p->what] == 0)) {
		p->scope = MODEL_WHOLE;
	}
	note_slots(w, c->person);
	return true;
}

/* Fills in whom and what it is about, and in the model what it is to be; false: it is left out. */
static bool prepare(struct world *w, const struct step *s, struct change *c)
{
	struct model *m = &w->model;
	bool has_room = m->nkeys + 8 < MODEL_KEYS, has_people = m->npeople > 0 && has_room;
	const struct model_person *p;

	*c = (struct change){ .world = w, .step = s };
	c->person = s->kind == STEP_ADD ? m->npeople : has_people ? s->a % m->npeople : 0;
	p = &m->people[c->person];
	switch (s->kind) {
	case STEP_ADD: return m->npeople < MODEL_PEOPLE && has_room;
	case STEP_WRITE: return has_people && prepare_write(w, s, c);
	case STEP_BEGIN: return has_people && prepare_begin(w, s, c);
	case STEP_CANCEL: return has_people && p->fate == FATE_WAITS;
	case STEP_LET_GO: /* what remains of a record's collection is not re-sealed by halves */
		return has_people && p->fate == FATE_WAITS && p->scope != MODEL_RECORD;
	case STEP_ERASE: return has_people && is_open(p);
	case STEP_BACK_UP: return w->nbackups < MAX_BACKUPS;
	case STEP_LOOK:
	case STEP_MOVE: return has_backup(w);
	case STEP_EXPIRE:
	case STEP_REOPEN:
	case NSTEPS: break;
	}
	return true;
}

/* --- ends and restores ------------------------------------------------------------------------ */

static void reopen(struct world *w)
{
	sample_close(&w->sample);
	sample_open(&w->sample);
}

static int act_and_die(void *ctx)
{
	struct change *c = ctx;

	sample_open(&c->world->sample);
	act(c->world, c);
	sample_close(&c->world->sample);
	return 0;
}

/* In a process of its own: the keys do not survive a fork, so it opens the store itself. */
static void act_interrupted(struct world *w, struct change *c)
{
	sample_close(&w->sample);
	if (fault_run(FAULT_ANY, (long)c->step->dies_at,
		    c->step->is_power ? FAULT_POWER : FAULT_EXIT, 0, act_and_die, c) < 0) {
		fail_msg("step %d fails when it is interrupted at %u", c->step->kind,
			c->step->dies_at);
	}
	sample_open(&w->sample);
}

static void restore_to(struct world *w, const struct backup *b, const char *to,
	struct buf *ret_identity)
{
	struct restore_options options = { .sequence = b->sequence,
		.now_ms = ++w->sample.now_ms, .ret_identity = ret_identity };
	struct restore_report report;
	struct cu_err err = { 0 };

	if (restore_run(w->repo, buf_span(&w->identity), to, &options, NULL, &report, &err) < 0) {
		fail_msg("restore of %llu: %s", (unsigned long long)b->sequence, err.msg);
	}
	if (report.has_gap) {
		fail_msg("restore of %llu: %s", (unsigned long long)b->sequence, report.reasons[0]);
	}
}

static const struct model *newest_of(const struct world *w)
{
	return &w->backups[w->nbackups - 1].then;
}

static void look(struct world *w, const struct backup *b)
{
	struct model wanted;
	struct sample got;
	char to[300], where[64];

	snprintf(to, sizeof(to), "%s/look%u", w->dir, ++w->nlooks);
	snprintf(where, sizeof(where), "backup %llu", (unsigned long long)b->sequence);
	restore_to(w, b, to, NULL);
	sample_paths(&got, to);
	sample_open(&got);
	model_restore(&b->then, newest_of(w), &w->known, &wanted);
	compare(w, &got, &wanted, where);
	sample_close(&got);
	remove_tree(to);
}

/* The old machine is gone, and its repository stays behind. */
static void move(struct world *w, const struct backup *b)
{
	struct buf identity = BUF_INIT_WIPE;
	struct model restored;
	int64_t now_ms;
	char to[300];

	snprintf(to, sizeof(to), "%s/store%u", w->dir, ++w->nmoves);
	restore_to(w, b, to, &identity);
	model_restore(&b->then, newest_of(w), &w->known, &restored);
	w->model = restored;
	now_ms = w->sample.now_ms;
	sample_close(&w->sample);
	remove_tree(w->sample.dir);
	remove_tree(w->repo);
	sample_paths(&w->sample, to);
	w->sample.now_ms = now_ms;
	sample_open(&w->sample);
	buf_done(&w->identity);
	w->identity = identity;
	w->nbackups = 0;
	snprintf(w->repo, sizeof(w->repo), "%s/repo%u", w->dir, w->nmoves);
	compare(w, &w->sample, &w->model, "after the move");
}

/* --- the world -------------------------------------------------------------------------------- */

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

	if (!prepare(w, s, &c)) {
		return;
	}
	if (s->kind == STEP_REOPEN) {
		reopen(w);
		compare(w, &w->sample, &w->model, "after a start");
	} else if (s->kind == STEP_LOOK) {
		look(w, &w->backups[s->a % w->nbackups]);
	} else if (s->kind == STEP_MOVE) {
		move(w, &w->backups[s->a % w->nbackups]);
	} else if (s->dies_at > 0) {
		act_interrupted(w, &c);
		learn(w, &c);
		compare(w, &w->sample, &w->model, "after an end");
	} else {
		act(w, &c);
		learn(w, &c);
	}
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
	free(w);
}
