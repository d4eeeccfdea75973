#include "store_help.h"

#include <ctype.h>
#include <sys/mman.h>

#include "base/text.h"
#include "fault.h"
#include "store/tx_approval.h"
#include "store/tx_erase.h"

/* --- the steps ---------------------------------------------------------------------------- */

/* The linker's names (see the build file). */
int __real_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err);
int __wrap_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err);
int __real_vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err);
int __wrap_vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err);

static bool dies_in_append, dies_after_shred;
static int shred_fails;

int __wrap_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err)
{
	if (dies_in_append) {
		_exit(FAULT_STATUS);
	}
	return __real_ledger_append(l, entries, n, err);
}

int __wrap_vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err)
{
	int r;

	if (shred_fails > 0 && shred_fails-- > 0) {
		return cu_err_set(err, CU_EBUSY, "not now");
	}
	r = __real_vault_shred(v, slots, n, err);
	if (dies_after_shred) {
		_exit(FAULT_STATUS);
	}
	return r;
}

#define HOUR (3600 * 1000LL)

struct erasure {
	struct id subject, record, id, approval;
	const char *const *collections;
	size_t ncollections;
	int64_t grace_ms;
	uint64_t daily_slots; /* 0: many */
	bool is_now, is_found;
	enum erasure_state state; /* after the last step_admit */
};

static int step_begin(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erasure *e = ctx;

	struct erase_what what = { .subject = e->subject, .collections = e->collections,
		.ncollections = e->ncollections, .record = e->record, .purpose = "erasure",
		.grace_ms = e->grace_ms, .is_now = e->is_now, .approval_ms = HOUR };

	return tx_erase_begin(tx, &what, &e->id, err);
}

static int step_admit(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erasure *e = ctx;
	struct erase_limits limits = { .now_ms = tx->now_ms, .approval_ms = HOUR,
		.daily_slots = e->daily_slots ? e->daily_slots : 1000, .daily_cohorts = 1000 };
	struct row_erasure row;
	int r = tx_erase_admit(tx, &e->id, &limits, &row, err);

	e->state = r < 0 ? 0 : row.state;
	e->approval = row.approval;
	return r;
}

static int step_rekey(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_rekey(tx, &((struct erasure *)ctx)->id, err);
}

static int step_shred(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_shred(tx, &((struct erasure *)ctx)->id, err);
}

static int step_rows(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_rows(tx, &((struct erasure *)ctx)->id, err);
}

static int step_flush(struct tx *tx, void *ctx, struct cu_err *err)
{
	(void)ctx;
	return tx_flush(tx, err);
}

static int step_done(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_done(tx, &((struct erasure *)ctx)->id, err);
}

static int ask_pending(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erasure *e = ctx;
	struct row_erasure row;
	int r = engine_erasure_next_open(tx->engine, NULL, &row, err);

	e->is_found = r > 0;
	if (r > 0) {
		e->id = row.id;
	}
	return r < 0 ? r : 0;
}

#define NSTEPS 7

static const struct step {
	tx_fn *fn;
	int kind;
} steps[NSTEPS] = { { step_begin, STORE_CHANGE }, { step_admit, STORE_CHANGE },
	{ step_rekey, STORE_CHANGE }, { step_shred, STORE_CHANGE }, { step_rows, STORE_CHANGE }, { step_flush, STORE_ALONE }, { step_done, STORE_CHANGE } };

static void erase(struct house *h, struct erasure *e)
{
	for (int i = 0; i < NSTEPS; i++) {
		must_run(h, steps[i].kind, steps[i].fn, e);
	}
}

/* --- two people --------------------------------------------------------------------------- */

#define ADA_EMAIL "ada@canary-7d1f.example"
#define BOB_EMAIL "bob@canary-55aa.example"

struct people {
	struct person ada, bob;
};

/* Ada has data in four collections, in a cohort, and is named in an order of Bob's. */
static int add_both(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct people *p = ctx;
	struct record rec = { .collection = "order", .anchor_day = 20000, .cohort = 202611 };
	int r;

	p->ada = (struct person){ .name = "Ada canary-7d1f Lovelace", .email = ADA_EMAIL,
		.key = "canary-7d1f key" };
	p->bob = (struct person){ .name = "Bob canary-55aa", .email = BOB_EMAIL, .key = "2" };
	r = add_person(tx, &p->ada, err);
	if (r == 0) {
		r = add_person(tx, &p->bob, err);
	}
	for (int i = 0; r == 0 && i < 3; i++) {
		static const char *const collections[] = { "order", "visit", "need" };
		struct person more = { .subject = p->ada.subject, .collection = collections[i],
			.name = "Ada canary-7d1f again", .cohort = i == 0 ? 202611 : 0 };

		r = put_record(tx, &more, err);
	}
	if (r == 0) {
		rec.subject = p->bob.subject;
		rec.cosubjects[0] = p->ada.subject;
		rec.ncosubjects = 1;
		r = record_set(&rec, span_str("name"), span_str("a present"), err);
	}
	if (r == 0) {
		r = tx_record_put(tx, &rec, err);
	}
	return r < 0 ? r :
		       tx_records_leaf(tx, &p->bob.subject, "order", "care", &rec.id, 1, err);
}

static void assert_bob_is_as_before(struct house *h, const struct people *p)
{
	assert_int_equal(records_of(h, &p->bob.subject), 2);
	assert_int_equal(hits_of(h, "profile.email", BOB_EMAIL), 1);
}

static void assert_ada_is_gone(struct house *h, const struct people *p)
{
	assert_false(has_subject(h, &p->ada.subject));
	assert_int_equal(records_of(h, &p->ada.subject), 0);
	assert_int_equal(hits_of(h, "profile.email", ADA_EMAIL), 0);
	assert_int_equal(hits_of(h, "order.name", "Ada canary-7d1f again"), 0);
}

/* --- an erasure --------------------------------------------------------------------------- */

static void an_erased_person_is_gone_and_others_are_not(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct buf log = BUF_INIT;
	const char *at;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	assert_int_equal(records_of(&h, &p.ada.subject), 4);
	e = (struct erasure){ .subject = p.ada.subject };
	erase(&h, &e);
	for (int round = 0; round < 2; round++) {
		assert_ada_is_gone(&h, &p);
		assert_bob_is_as_before(&h, &p);
		assert_int_equal(leaves_with(&h, "act=erase."), 4);
		at = strstr(log_of(&h, &log), "act=erase.begin");
		assert_non_null(at);
		at = strstr(at, "act=erase.shred");
		assert_non_null(at);
		assert_non_null(strstr(at, "slots=0-7")); /* the whole run */
		at = strstr(at, "act=erase.done");
		assert_non_null(at);
		must_run(&h, STORE_ALONE, ask_pending, &e);
		assert_false(e.is_found);
		if (round == 0) {
			reopen(&h);
		}
	}
	buf_done(&log);
	house_close(&h);
}

static void from_its_beginning_on_an_erasure_denies_the_person(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e, again;
	struct cu_err err = { 0 };
	uint64_t size;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	again = e = (struct erasure){ .subject = p.ada.subject };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	size = ledger_size(h.ledger);
	p.ada.email = "later@example.org";
	assert_fails(run_op(&h, STORE_CHANGE, put_record, &p.ada, &err), CU_EDENIED, &err, "erased");
	assert_fails(run_op(&h, STORE_CHANGE, step_begin, &again, &err), CU_EBUSY, &err, "under way");
	again.subject = id_new();
	assert_fails(run_op(&h, STORE_CHANGE, step_begin, &again, &err), CU_ENOENT, &err, "no such");
	assert_true(ledger_size(h.ledger) == size);
	house_close(&h);
}

static void once_shredded_nothing_opens_before_the_rows_go(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct key *key = NULL;
	uint64_t generation;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	generation = vault_generation(h.vault);
	e = (struct erasure){ .subject = p.ada.subject };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	must_run(&h, STORE_CHANGE, step_admit, &e);
	must_run(&h, STORE_CHANGE, step_shred, &e);
	assert_true(vault_generation(h.vault) > generation);
	assert_true(has_subject(&h, &p.ada.subject));
	assert_int_equal(records_of(&h, &p.ada.subject), 0);
	assert_int_equal(hits_of(&h, "profile.email", ADA_EMAIL), 0);
	assert_int_equal(key_new(h.arena, &key, NULL), 0);
	for (uint64_t slot = 0; slot < VAULT_RUN; slot++) {
		assert_int_equal(vault_slot_key(h.vault, slot, key, NULL), CU_ENOKEY);
	}
	assert_int_equal(vault_slot_key(h.vault, VAULT_RUN, key, NULL), 0);
	key_free(h.arena, key);
	assert_bob_is_as_before(&h, &p);
	house_close(&h);
}

static void each_step_may_be_done_twice_and_tells_once(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	e = (struct erasure){ .subject = p.ada.subject };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	for (int i = 1; i < NSTEPS; i++) {
		for (int k = 1; k <= i; k++) { /* all up to this one again */
			must_run(&h, steps[k].kind, steps[k].fn, &e);
		}
	}
	assert_ada_is_gone(&h, &p);
	assert_bob_is_as_before(&h, &p);
	assert_int_equal(leaves_with(&h, "act=erase."), 4);
	house_close(&h);
}

static void no_step_may_be_left_out(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	e = (struct erasure){ .subject = p.ada.subject };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	assert_fails(run_op(&h, STORE_CHANGE, step_rows, &e, &err), CU_EINTERNAL, &err, "keys");
	assert_fails(run_op(&h, STORE_CHANGE, step_done, &e, &err), CU_EINTERNAL, &err, "rows");
	assert_fails(run_op(&h, STORE_CHANGE, step_shred, &e, &err), CU_EINTERNAL, &err, "let go");
	must_run(&h, STORE_CHANGE, step_admit, &e);
	must_run(&h, STORE_CHANGE, step_shred, &e);
	assert_fails(run_op(&h, STORE_CHANGE, step_done, &e, &err), CU_EINTERNAL, &err, "rows");
	assert_int_equal(leaves_with(&h, "act=erase.done"), 0);
	must_run(&h, STORE_ALONE, ask_pending, &e);
	assert_true(e.is_found);
	e.id = id_new();
	assert_fails(run_op(&h, STORE_CHANGE, step_shred, &e, &err), CU_ENOENT, &err, "no such");
	assert_fails(run_op(&h, STORE_CHANGE, step_rows, &e, &err), CU_ENOENT, &err, "no such");
	assert_fails(run_op(&h, STORE_CHANGE, step_done, &e, &err), CU_ENOENT, &err, "no such");
	house_close(&h);
}

static void a_shred_that_fails_leaves_the_erasure_begun(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	e = (struct erasure){ .subject = p.ada.subject };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	must_run(&h, STORE_CHANGE, step_admit, &e);
	shred_fails = 1;
	assert_fails(run_op(&h, STORE_CHANGE, step_shred, &e, &err), CU_EBUSY, &err, "not now");
	assert_fails(run_op(&h, STORE_CHANGE, step_rows, &e, &err), CU_EINTERNAL, &err, "keys");
	assert_int_equal(leaves_with(&h, "act=erase.shred"), 0);
	for (int i = 1; i < NSTEPS; i++) {
		must_run(&h, steps[i].kind, steps[i].fn, &e);
	}
	assert_ada_is_gone(&h, &p);
	house_close(&h);
}

/* The row says what is not so, as after a defect. */
static int call_it_shredded(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct row_erasure row;
	int r = tx_erase_get(tx, &((struct erasure *)ctx)->id, &row, err);

	row.state = ERASURE_SHREDDED;
	return r < 0 ? r : engine_erasure_put(tx->engine, &row, err);
}

static void no_rows_go_while_a_key_still_opens(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	e = (struct erasure){ .subject = p.ada.subject };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	must_run(&h, STORE_CHANGE, call_it_shredded, &e);
	assert_fails(run_op(&h, STORE_CHANGE, step_rows, &e, &err), CU_EINTERNAL, &err, "opens");
	assert_true(has_subject(&h, &p.ada.subject));
	house_close(&h);
}

/* A person with two runs of slots: all of both, and no other's. */
static void all_runs_of_a_person_are_shredded(void **state)
{
	static char names[12][16];
	struct house h = { 0 };
	struct person ada, bob;
	struct erasure e;

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", NULL);
	for (int i = 0; i < 12; i++) {
		struct person more = { .subject = ada.subject, .collection = names[i], .name = "x" };

		snprintf(names[i], sizeof(names[i]), "collection_%02d", i);
		must_run(&h, STORE_CHANGE, put_record, &more);
	}
	e = (struct erasure){ .subject = ada.subject };
	erase(&h, &e);
	assert_int_equal(leaves_with(&h, "slots=0-7,16-23"), 1);
	assert_int_equal(records_of(&h, &bob.subject), 1);
	house_close(&h);
}

/* --- the brake ---------------------------------------------------------------------------- */

static int cancel(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_cancel(tx, &((struct erasure *)ctx)->id, "", err);
}

static void an_erasure_waits_for_its_time_and_can_be_cancelled_till_then(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	for (int round = 0; round < 2; round++) {
		e = (struct erasure){ .subject = p.ada.subject, .grace_ms = HOUR };
		must_run(&h, STORE_CHANGE, step_begin, &e);
		h.now_ms += HOUR - 1;
		must_run(&h, STORE_CHANGE, step_admit, &e);
		assert_int_equal(e.state, ERASURE_COOLING_OFF);
		if (round == 0) {
			must_run(&h, STORE_CHANGE, cancel, &e);
			must_run(&h, STORE_CHANGE, cancel, &e);
			assert_int_equal(records_of(&h, &p.ada.subject), 4);
			assert_int_equal(leaves_with(&h, "act=erase.cancel"), 1);
		}
	}
	h.now_ms++;
	must_run(&h, STORE_CHANGE, step_admit, &e);
	assert_int_equal(e.state, ERASURE_SHREDDING);
	assert_fails(run_op(&h, STORE_CHANGE, cancel, &e, &err), CU_EBUSY, &err, "too late");
	house_close(&h);
}

static int grant(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erasure *e = ctx;
	struct row_erasure row;
	struct buf scope = BUF_INIT;
	int r = tx_erase_get(tx, &e->id, &row, err);

	memset(tx->actor.b, 0xbb, sizeof(tx->actor.b));
	if (r == 0) {
		r = tx_erase_scope(tx, &row, &scope, err);
	}
	if (r == 0) {
		r = tx_approval_grant(tx, &row.approval, buf_span(&scope), err);
	}
	buf_done(&scope);
	return r;
}

static void above_the_daily_cap_it_waits_for_a_second_user(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure first, second;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	first = (struct erasure){ .subject = p.ada.subject, .daily_slots = VAULT_RUN };
	second = (struct erasure){ .subject = p.bob.subject, .daily_slots = 2 * VAULT_RUN - 1 };
	erase(&h, &first);
	must_run(&h, STORE_CHANGE, step_begin, &second);
	for (int i = 0; i < 2; i++) { /* asked once */
		must_run(&h, STORE_CHANGE, step_admit, &second);
		assert_int_equal(second.state, ERASURE_AWAITING_APPROVAL);
	}
	assert_int_equal(leaves_with(&h, "why=erase.cap"), 1);
	must_run(&h, STORE_CHANGE, grant, &second);
	must_run(&h, STORE_CHANGE, step_admit, &second);
	assert_int_equal(second.state, ERASURE_SHREDDING);
	house_close(&h);
}

static void a_day_later_the_cap_has_room_again(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure first, second;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	first = (struct erasure){ .subject = p.ada.subject };
	second = (struct erasure){ .subject = p.bob.subject, .daily_slots = VAULT_RUN };
	erase(&h, &first);
	must_run(&h, STORE_CHANGE, step_begin, &second);
	must_run(&h, STORE_CHANGE, step_admit, &second);
	assert_int_equal(second.state, ERASURE_AWAITING_APPROVAL);
	h.now_ms += 24 * HOUR + 1;
	must_run(&h, STORE_CHANGE, step_admit, &second);
	assert_int_equal(second.state, ERASURE_SHREDDING);
	assert_int_equal(leaves_with(&h, "act=approval.expire"), 1);
	house_close(&h);
}

/* --- deaths ------------------------------------------------------------------------------- */

enum death { AFTER_STEP, IN_ITS_APPEND, IN_ITS_SHRED };

static struct story {
	const char *dir;
	struct erasure e;
	int step;
	enum death how;
} story;

/* Does the steps and dies in or after the one that is named. */
static int erase_and_die(void *ctx)
{
	struct house h = { 0 };
	struct erasure e = story.e;

	(void)ctx;
	if (house_open(&h, story.dir, NULL) < 0) {
		return -1;
	}
	for (int i = 0; i <= story.step; i++) {
		dies_in_append = i == story.step && story.how == IN_ITS_APPEND;
		dies_after_shred = i == story.step && story.how == IN_ITS_SHRED;
		if (run_op(&h, steps[i].kind, steps[i].fn, &e, NULL) < 0) {
			return -1;
		}
	}
	_exit(FAULT_STATUS);
}

/* What a start does: it finishes what was begun. */
static void finish(struct house *h)
{
	struct erasure e;

	must_run(h, STORE_ALONE, ask_pending, &e);
	if (e.is_found) {
		for (int i = 1; i < NSTEPS; i++) {
			must_run(h, steps[i].kind, steps[i].fn, &e);
		}
	}
	must_run(h, STORE_ALONE, ask_pending, &e);
	assert_false(e.is_found);
}

static void an_erasure_is_finished_after_a_death_at_any_step(void **state)
{
	static const struct {
		int step;
		enum death how;
	} deaths[] = { { 0, AFTER_STEP }, { 0, IN_ITS_APPEND }, { 1, IN_ITS_APPEND },
		{ 1, AFTER_STEP }, { 3, IN_ITS_SHRED }, { 3, IN_ITS_APPEND }, { 3, AFTER_STEP },
		{ 4, AFTER_STEP }, { 5, AFTER_STEP }, { 6, IN_ITS_APPEND }, { 6, AFTER_STEP } };
	struct house h = { 0 };
	struct people p;
	const char *before = new_store_dir();

	(void)state;
	must_open(&h, before);
	must_run(&h, STORE_CHANGE, add_both, &p);
	house_close(&h);
	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		const char *dir = fresh_dir();

		copy_tree(before, dir);
		story = (struct story){ dir, { .subject = p.ada.subject }, deaths[i].step,
			deaths[i].how };
		assert_int_equal(
			fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0, erase_and_die, NULL), 0);
		must_open(&h, dir);
		finish(&h);
		assert_ada_is_gone(&h, &p);
		assert_bob_is_as_before(&h, &p);
		assert_int_equal(leaves_with(&h, "act=erase.begin"), 1);
		assert_int_equal(leaves_with(&h, "act=erase.shred"), 1);
		assert_int_equal(leaves_with(&h, "act=erase.done"), 1);
		house_close(&h);
		remove_tree(dir);
	}
}

/* --- a part of a person ------------------------------------------------------------------- */

static void a_collection_is_hidden_from_its_beginning_on_and_goes_alone(void **state)
{
	static const char *const visit[] = { "visit" };
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct cu_err err = { 0 };
	struct person more;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	e = (struct erasure){ .subject = p.ada.subject, .collections = visit, .ncollections = 1 };
	more = (struct person){ .subject = p.ada.subject, .collection = "visit", .name = "x" };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	assert_int_equal(records_of(&h, &p.ada.subject), 3);
	assert_int_equal(hits_of(&h, "visit.name", "Ada canary-7d1f again"), 0);
	assert_fails(run_op(&h, STORE_CHANGE, put_record, &more, &err), CU_EDENIED, &err, "part");
	for (int i = 1; i < NSTEPS; i++) {
		must_run(&h, steps[i].kind, steps[i].fn, &e);
	}
	assert_int_equal(records_of(&h, &p.ada.subject), 3);
	assert_int_equal(leaves_with(&h, "in=visit gen="), 2); /* shred, done */
	must_run(&h, STORE_CHANGE, put_record, &more);
	assert_int_equal(records_of(&h, &p.ada.subject), 4);
	assert_bob_is_as_before(&h, &p);
	house_close(&h);
}

/* What remains of the collection is sealed under a fresh slot before the old one is shredded: a
 * death in between loses nothing, and a start goes on. */
static void one_record_goes_after_a_death_at_any_step(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct person more = { .name = "stays" };
	const char *before = new_store_dir();

	(void)state;
	must_open(&h, before);
	must_run(&h, STORE_CHANGE, add_both, &p);
	more.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, put_record, &more);
	house_close(&h);
	for (int step = 0; step < NSTEPS; step++) {
		for (enum death how = AFTER_STEP; how <= IN_ITS_SHRED; how++) {
			const char *dir = fresh_dir();

			copy_tree(before, dir);
			story = (struct story){ dir,
				{ .subject = p.ada.subject, .record = p.ada.record }, step, how };
			assert_int_equal(
				fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0, erase_and_die, NULL), 0);
			must_open(&h, dir);
			finish(&h);
			assert_int_equal(records_of(&h, &p.ada.subject), 4);
			assert_int_equal(hits_of(&h, "profile.name", "stays"), 1);
			assert_int_equal(hits_of(&h, "profile.email", ADA_EMAIL), 0);
			assert_int_equal(leaves_with(&h, "act=erase.rekey"), 1);
			assert_int_equal(leaves_with(&h, "act=erase.shred"), 1);
			house_close(&h);
			remove_tree(dir);
		}
	}
}

/* 100 runs that do not touch: one leaf has no room for them. */
static void many_slots_stand_in_several_leaves(void **state)
{
	struct house h = { 0 };
	struct person ada = { .name = "Ada" }, *others = calloc(100, sizeof(*others));
	struct erasure e;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_person, &ada);
	for (int i = 0; i < 100; i++) {
		others[i] = must_add(&h, "x", NULL);
		for (int k = 0; k < VAULT_RUN; k++) {
			char name[24];
			struct person more = { .subject = ada.subject, .collection = name, .name = "x" };

			snprintf(name, sizeof(name), "c%d_%d", i, k);
			must_run(&h, STORE_CHANGE, put_record, &more);
		}
	}
	e = (struct erasure){ .subject = ada.subject };
	erase(&h, &e);
	assert_int_equal(leaves_with(&h, "act=erase.shred"), 2);
	assert_false(has_subject(&h, &ada.subject));
	assert_int_equal(records_of(&h, &others[99].subject), 1);
	free(others);
	house_close(&h);
}

/* --- what lies on the disk ---------------------------------------------------------------- */

#define MAX_FORMS 16

struct needle {
	uint8_t bytes[128];
	size_t n;
};

static struct needle needles[MAX_FORMS];
static size_t nneedles, nfiles_searched;
static size_t nfound;

static void add_needle(const void *p, size_t n)
{
	assert_true(nneedles < MAX_FORMS && n <= sizeof(needles[0].bytes));
	memcpy(needles[nneedles].bytes, p, n);
	needles[nneedles++].n = n;
}

/* As it is, in UTF-16 of both orders, in hex of both cases, in base64 at all three offsets. */
static void look_for(const char *text)
{
	size_t n = strlen(text);
	char wide[128], hex[128], base64[128];

	nneedles = 0;
	add_needle(text, n);
	for (int order = 0; order < 2; order++) {
		memset(wide, 0, sizeof(wide));
		for (size_t i = 0; i < n; i++) {
			wide[2 * i + (size_t)order] = text[i];
		}
		add_needle(wide + order, 2 * n - 1);
	}
	text_hex((const uint8_t *)text, n, hex);
	add_needle(hex, 2 * n);
	for (size_t i = 0; i < 2 * n; i++) {
		hex[i] = (char)toupper((unsigned char)hex[i]);
	}
	add_needle(hex, 2 * n);
	for (size_t skip = 0; skip < 3; skip++) {
		uint8_t shifted[64] = { 0 };
		size_t len;

		memcpy(shifted + skip, text, n);
		text_base64(shifted, (n + skip) / 3 * 3, false, base64);
		len = strlen(base64);
		/* the first four characters hold what came before */
		add_needle(base64 + (skip ? 4 : 0), len - (skip ? 4 : 0));
	}
}

static int search_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	struct buf b = BUF_INIT;

	(void)st;
	(void)at;
	if (kind != FTW_F) {
		return 0;
	}
	nfiles_searched++;
	read_all(path, &b);
	for (size_t i = 0; i < nneedles; i++) {
		if (b.n > 0 && memmem(b.p, b.n, needles[i].bytes, needles[i].n)) {
			print_message("%s holds form %zu\n", path, i);
			nfound++;
		}
	}
	buf_done(&b);
	return 0;
}

/* In how many (file, form) pairs of a directory a text stands.  By another process, for our
 * close() would drop SQLite's locks on a store that is open. */
static int search_child(void *dir)
{
	nfiles_searched = nfound = 0;
	if (nftw(dir, search_file, 16, FTW_PHYS) != 0 || nfiles_searched < 8) {
		return -1;
	}
	return nfound == 0 ? 0 : -1;
}

static bool is_anywhere(const char *dir, const char *text)
{
	look_for(text);
	return fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0, search_child, (void *)(uintptr_t)dir) != 1;
}

static void the_search_finds_each_form(void **state)
{
	static const char text[] = "canary-7d1f";
	const char *dir = new_store_dir();

	(void)state;
	look_for(text);
	assert_int_equal(nneedles, 8);
	assert_memory_equal(needles[0].bytes, text, sizeof(text) - 1);
	assert_memory_equal(needles[3].bytes, "63616e6172792d37643166", 22);
	/* base64 of "canary-7d1f", ".canary-7d1f", "..canary-7d1f" */
	assert_memory_equal(needles[5].bytes, "Y2FuYXJ5LTdk", 12);
	assert_memory_equal(needles[6].bytes, "bmFyeS03ZDFm", 12);
	assert_memory_equal(needles[7].bytes, "YW5hcnktN2Qx", 12);
	assert_false(is_anywhere(dir, text));
	for (size_t i = 0; i < 8; i++) {
		look_for(text);
		write_all(in_dir(dir, "found"), span_of(needles[i].bytes, needles[i].n));
		assert_true(is_anywhere(dir, text));
	}
}

static void no_plaintext_lies_in_any_file(void **state)
{
	static const char *const texts[] = { "canary-7d1f", "canary-55aa", "a present",
		"Lovelace" };
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	const char *dir = new_store_dir();

	(void)state;
	must_open(&h, dir);
	must_run(&h, STORE_CHANGE, add_both, &p);
	p.ada.name = "Ada canary-7d1f once more";
	must_run(&h, STORE_CHANGE, put_record, &p.ada);
	for (int round = 0; round < 4; round++) {
		if (round == 1) { /* from the write-ahead logs into the files */
			must_run(&h, STORE_ALONE, step_flush, NULL);
		} else if (round == 2) {
			e = (struct erasure){ .subject = p.ada.subject };
			erase(&h, &e);
		} else if (round == 3) {
			house_close(&h);
		}
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			assert_false(is_anywhere(dir, texts[i]));
		}
	}
}

/* Sealed bytes too: of an erased person none remain, nor the ids of the records. */
static int copy_sealed(
	void *ctx, const struct row_record *row, const struct record *rec, struct cu_err *err)
{
	struct buf *b = ctx;

	(void)rec;
	(void)err;
	buf_put(b, row->sealed.p + 30, 16);
	buf_put(b, row->id.b, 16);
	return 0;
}

static void after_the_flush_no_sealed_byte_of_the_person_is_left(void **state)
{
	static const char *const names[] = { "data.db", "data.db-wal", "index.db", "index.db-wal" };
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct reader *rd;
	struct buf marks = BUF_INIT;
	const char *dir = new_store_dir();
	size_t nthere = 0;

	(void)state;
	must_open(&h, dir);
	must_run(&h, STORE_CHANGE, add_both, &p);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_records(rd, &p.ada.subject, NULL, copy_sealed, &marks, NULL), 0);
	store_reader_give(h.store, rd);
	assert_int_equal(marks.n, 4 * 32);
	e = (struct erasure){ .subject = p.ada.subject };
	for (int round = 0; round < 2; round++) {
		house_close(&h); /* so that the files may be read */
		nthere = 0;
		for (size_t f = 0; f < 4; f++) {
			struct buf b = BUF_INIT;

			read_all(in_dir(dir, names[f]), &b);
			for (size_t at = 0; at < marks.n; at += 16) {
				nthere += b.n > 0 && memmem(b.p, b.n, marks.p + at, 16) != NULL;
			}
			buf_done(&b);
		}
		assert_true(round == 0 ? nthere >= 8 : nthere == 0);
		must_open(&h, dir);
		if (round == 0) {
			erase(&h, &e);
		}
	}
	buf_done(&marks);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_erased_person_is_gone_and_others_are_not),
		cmocka_unit_test(from_its_beginning_on_an_erasure_denies_the_person),
		cmocka_unit_test(once_shredded_nothing_opens_before_the_rows_go),
		cmocka_unit_test(each_step_may_be_done_twice_and_tells_once),
		cmocka_unit_test(no_step_may_be_left_out),
		cmocka_unit_test(a_shred_that_fails_leaves_the_erasure_begun),
		cmocka_unit_test(no_rows_go_while_a_key_still_opens),
		cmocka_unit_test(all_runs_of_a_person_are_shredded),
		cmocka_unit_test(an_erasure_is_finished_after_a_death_at_any_step),
		cmocka_unit_test(an_erasure_waits_for_its_time_and_can_be_cancelled_till_then),
		cmocka_unit_test(above_the_daily_cap_it_waits_for_a_second_user),
		cmocka_unit_test(a_day_later_the_cap_has_room_again),
		cmocka_unit_test(a_collection_is_hidden_from_its_beginning_on_and_goes_alone),
		cmocka_unit_test(one_record_goes_after_a_death_at_any_step),
		cmocka_unit_test(many_slots_stand_in_several_leaves),
		cmocka_unit_test(the_search_finds_each_form),
		cmocka_unit_test(no_plaintext_lies_in_any_file),
		cmocka_unit_test(after_the_flush_no_sealed_byte_of_the_person_is_left),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
