#include "erase_help.h"

#include <sys/mman.h>

#include "fault.h"
#include "store/tx_approval.h"

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
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
