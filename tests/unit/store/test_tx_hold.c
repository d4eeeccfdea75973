#include "erase_help.h"

#include "store/reader_hold.h"
#include "store/tx_consent.h"
#include "store/tx_expiry.h"
#include "store/tx_dsr.h"
#include "store/store_internal.h"
#include "store/tx_hold.h"

/* --- the steps ---------------------------------------------------------------------------- */

struct holding {
	struct id subject, record, id;
	const char *collection;
};

static int step_place(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct holding *h = ctx;
	struct hold_what what = { .subject = h->subject, .collections = &h->collection,
		.ncollections = h->collection != NULL, .record = h->record,
		.text = span_str("case 12: canary-hold"), .review_day = CIVIL_NO_DAY };

	return tx_hold_place(tx, &what, &h->id, err);
}

static int step_release(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_hold_release(tx, &((struct holding *)ctx)->id, err);
}

static int step_note(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erasure *e = ctx;
	struct erase_what what = { .subject = e->subject, .collections = e->collections,
		.ncollections = e->ncollections, .record = e->record };

	return tx_erase_note_refusal(tx, &what, err);
}

static uint64_t blocked_by(struct house *h, const struct id *hold)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_hold row;
	struct cu_err err = { 0 };

	assert_int_equal(reader_hold(rd, hold, &row, &err), 1);
	store_reader_give(h->store, rd);
	return row.nblocked;
}

static void expect_refused(struct house *h, struct erasure e)
{
	struct cu_err err = { 0 };

	assert_int_equal(run_op(h, STORE_CHANGE, step_begin, &e, &err), CU_EDENIED);
	assert_non_null(strstr(err.msg, "it is kept by a legal hold: see 'hold show "));
	must_run(h, STORE_CHANGE, step_note, &e);
}

/* --- erasures ----------------------------------------------------------------------------- */

static void an_erasure_of_what_is_held_is_refused_and_counted(void **state)
{
	static const char *const order[] = { "order" }, *const need[] = { "need" };
	struct house h = { 0 };
	struct people p;
	struct holding of_order = { .collection = "order" }, of_record = { .id = { { 0 } } };
	struct erasure e;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	of_order.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_place, &of_order);
	expect_refused(&h, (struct erasure){ .subject = p.ada.subject });
	expect_refused(&h,
		(struct erasure){ .subject = p.ada.subject, .collections = order, .ncollections = 1 });
	assert_int_equal(blocked_by(&h, &of_order.id), 2);
	assert_int_equal(leaves_with(&h, "act=hold.block"), 2);
	/* the rest is not held, nor is Bob */
	e = (struct erasure){ .subject = p.ada.subject, .collections = need, .ncollections = 1 };
	erase(&h, &e);
	assert_int_equal(records_of(&h, &p.ada.subject), 3);
	e = (struct erasure){ .subject = p.bob.subject };
	erase(&h, &e);
	must_run(&h, STORE_CHANGE, step_release, &of_order);

	of_record.subject = p.ada.subject;
	of_record.record = p.ada.record; /* her profile */
	must_run(&h, STORE_CHANGE, step_place, &of_record);
	expect_refused(&h, (struct erasure){ .subject = p.ada.subject, .record = p.ada.record });
	expect_refused(&h, (struct erasure){ .subject = p.ada.subject });
	must_run(&h, STORE_CHANGE, step_release, &of_record);
	e = (struct erasure){ .subject = p.ada.subject };
	erase(&h, &e);
	assert_false(has_subject(&h, &p.ada.subject));
	house_close(&h);
}

static void an_erasure_in_its_grace_period_waits_for_a_hold(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct holding hold = { .id = { { 0 } } };
	struct erasure e;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	e = (struct erasure){ .subject = p.ada.subject, .grace_ms = HOUR };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	hold.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_place, &hold);
	h.now_ms += 2 * HOUR;
	for (int i = 0; i < 3; i++) {
		must_run(&h, STORE_CHANGE, step_admit, &e);
		assert_int_equal(e.state, ERASURE_COOLING_OFF);
	}
	assert_int_equal(blocked_by(&h, &hold.id), 1); /* the same one counts once */
	must_run(&h, STORE_CHANGE, step_release, &hold);
	assert_int_equal(run_op(&h, STORE_CHANGE, step_release, &hold, &err), CU_EBUSY);
	for (int i = 1; i < NSTEPS; i++) {
		must_run(&h, steps[i].kind, steps[i].fn, &e);
	}
	assert_ada_is_gone(&h, &p);

	/* once the keys die it is too late */
	e = (struct erasure){ .subject = p.bob.subject };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	must_run(&h, STORE_CHANGE, step_admit, &e);
	assert_int_equal(e.state, ERASURE_SHREDDING);
	hold.subject = p.bob.subject;
	assert_int_equal(run_op(&h, STORE_CHANGE, step_place, &hold, &err), CU_EBUSY);
	hold.subject = p.ada.subject;
	assert_int_equal(run_op(&h, STORE_CHANGE, step_place, &hold, &err), CU_ENOENT);
	house_close(&h);
}

/* --- expiry ------------------------------------------------------------------------------- */

struct run {
	struct expiry_limit limit;
	struct id subject, id;
	struct row_expiry row;
};

/* A backup is made, and a drill of it finds no fault. */
static int step_capture(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	uint64_t number = 0;
	int r = tx_hold_capture_begin(tx, &number, err);

	if (r == 0) {
		r = tx_hold_capture_done(tx, number, tx->now_ms, err);
	}
	return r < 0 ? r : tx_hold_capture_of(tx, tx->now_ms, &x->limit.backed_up, err);
}

static int step_reseal(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_hold_reseal(tx, &((struct run *)ctx)->limit, err);
}

static int step_list(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	struct erase_limits brake = { .approval_ms = HOUR, .daily_slots = 1000,
		.daily_cohorts = 1000 };
	int r = tx_expiry_begin(tx, false, 20000, &x->id, err);

	if (r == 0) {
		r = x->limit.is_moving ?
			tx_expiry_list_subject(tx, &x->id, &x->limit, &x->subject, err) :
			tx_expiry_list_cohorts(tx, &x->id, &x->limit, err);
	}
	return r < 0 ? r : tx_expiry_admit(tx, &x->id, &brake, &x->row, err);
}

static int step_expire(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	struct expiry_limits limits = { &x->limit, 1 };

	return tx_expiry_shred(tx, &x->id, &limits, &x->row, err);
}

static int step_clear(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;

	return tx_expiry_clear(tx, &x->id, &x->row, err);
}

/* The number of cohorts, or of subjects' collections, that ended. */
static uint64_t expire(struct house *h, struct run *x)
{
	must_run(h, STORE_CHANGE, step_list, x);
	if (x->row.state != EXPIRY_GOING) {
		return 0;
	}
	must_run(h, STORE_CHANGE, step_expire, x);
	must_run(h, STORE_CHANGE, step_clear, x);
	assert_int_equal(x->row.state, EXPIRY_DONE);
	return x->row.ncohorts + x->row.nslots;
}

/* Ada and Bob have an order each in the same month; Ada's is held. */
static void a_held_record_survives_its_cohort(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct holding hold = { .collection = "order" };
	struct run x = { .limit = { .collection = "order", .last_day = 30000 } };
	struct person bobs = { .collection = "order", .name = "Bob's order", .cohort = 202611 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	bobs.subject = p.bob.subject;
	must_run(&h, STORE_CHANGE, put_record, &bobs);
	hold.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_place, &hold);

	assert_int_equal(expire(&h, &x), 0); /* before it has a key of its own */
	must_run(&h, STORE_CHANGE, step_reseal, &x);
	assert_int_equal(leaves_with(&h, "act=hold.reseal"), 1);
	assert_int_equal(hits_of(&h, "order.name", "Ada canary-7d1f again"), 1);
	assert_int_equal(expire(&h, &x), 0); /* before a backup holds that */
	must_run(&h, STORE_CHANGE, step_capture, &x);
	assert_int_equal(expire(&h, &x), 1);
	reopen(&h);
	assert_int_equal(hits_of(&h, "order.name", "Ada canary-7d1f again"), 1);
	assert_int_equal(hits_of(&h, "order.name", "Bob's order"), 0);

	assert_int_equal(expire(&h, &x), 0);
	must_run(&h, STORE_CHANGE, step_release, &hold);
	assert_int_equal(expire(&h, &x), 1);
	assert_int_equal(hits_of(&h, "order.name", "Ada canary-7d1f again"), 0);
	assert_int_equal(records_of(&h, &p.ada.subject), 3);
	house_close(&h);
}

/* It was made when the clock was a year ahead, which nobody confirmed. */
static void a_backup_of_before_does_not_count_whatever_its_clock_said(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct run x = { .limit = { .collection = "order", .last_day = 30000 } };
	struct holding hold = { .collection = "order" };
	int64_t right_ms;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	hold.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_place, &hold);
	right_ms = h.now_ms;
	h.now_ms += 365 * 24 * HOUR;
	must_run(&h, STORE_CHANGE, step_capture, &x);
	h.now_ms = right_ms + HOUR;
	must_run(&h, STORE_CHANGE, step_reseal, &x);
	assert_int_equal(expire(&h, &x), 0);

	must_run(&h, STORE_CHANGE, step_capture, &x);
	assert_int_equal(expire(&h, &x), 1);
	house_close(&h);
}

struct looking {
	struct id record;
	uint64_t slot;
	bool opens;
};

static int step_look(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct looking *l = ctx;
	struct row_record row;
	int r = engine_record_get(tx->engine, &l->record, &row, err);

	assert_int_equal(r, 1);
	l->slot = row.cohort_slot;
	return 0;
}

static void a_correction_of_what_is_held_stays_under_the_key_that_a_backup_has(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct person order;
	struct run x = { .limit = { .collection = "order", .last_day = 30000 } };
	struct holding hold = { .collection = "order" };
	struct looking before, after;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	hold.subject = p.bob.subject;
	order = (struct person){ .subject = p.bob.subject, .collection = "order", .cohort = 202601,
		.name = "before" };
	must_run(&h, STORE_CHANGE, put_record, &order);
	must_run(&h, STORE_CHANGE, step_place, &hold);
	must_run(&h, STORE_CHANGE, step_reseal, &x);
	must_run(&h, STORE_CHANGE, step_capture, &x);
	before.record = after.record = order.record;
	must_run(&h, STORE_CHANGE, step_look, &before);

	order.name = "corrected";
	must_run(&h, STORE_CHANGE, put_record, &order);
	must_run(&h, STORE_CHANGE, step_look, &after);
	assert_int_equal(before.slot, after.slot);
	must_run(&h, STORE_CHANGE, step_reseal, &x);
	expire(&h, &x);
	assert_int_equal(hits_of(&h, "order.name", "corrected"), 1);
	house_close(&h);
}

struct asking {
	struct row_dsr row;
};

static int step_ask(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_dsr_open(tx, &((struct asking *)ctx)->row, err);
}

static int step_answer(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct asking *a = ctx;

	a->row.closed_ms = tx->now_ms;
	return tx_dsr_put(tx, &a->row, LEAF_REQUEST_MOVE, "fulfilled", err);
}

static void what_is_asked_for_does_not_expire_before_the_answer(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct run x = { .limit = { .collection = "order", .last_day = 30000 } };
	struct asking a = { .row = { .type = 1, .state = 1, .law = "gdpr", .due_day = CIVIL_NO_DAY,
				     .extension_day = CIVIL_NO_DAY } };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	a.row.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_ask, &a);
	assert_int_equal(expire(&h, &x), 0);
	must_run(&h, STORE_CHANGE, step_answer, &a);
	assert_int_equal(expire(&h, &x), 1);
	house_close(&h);
}

/* The month is over, what was held of it lies under a key of its own, and the hold is released because
 * Ada asked for her data. */
static void what_was_held_waits_for_the_answer_too(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct holding hold = { .collection = "order" };
	struct run x = { .limit = { .collection = "order", .last_day = 30000,
				 .backed_up = UINT64_MAX } };
	struct asking a = { .row = { .type = 1, .state = 1, .law = "gdpr", .due_day = CIVIL_NO_DAY,
				     .extension_day = CIVIL_NO_DAY } };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	a.row.subject = hold.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_place, &hold);
	must_run(&h, STORE_CHANGE, step_reseal, &x);
	assert_int_equal(expire(&h, &x), 1);
	must_run(&h, STORE_CHANGE, step_ask, &a);
	must_run(&h, STORE_CHANGE, step_release, &hold);
	assert_int_equal(expire(&h, &x), 0);
	assert_int_equal(hits_of(&h, "order.name", "Ada canary-7d1f again"), 1);
	must_run(&h, STORE_CHANGE, step_answer, &a);
	assert_int_equal(expire(&h, &x), 1);
	assert_int_equal(hits_of(&h, "order.name", "Ada canary-7d1f again"), 0);
	house_close(&h);
}

static int step_end_requests(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = tx_dsr_end_one(tx, tx->now_ms, err);

	*(int *)ctx = r;
	return r < 0 ? r : 0;
}

static void the_papers_of_an_answered_request_are_held_with_their_person(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct holding hold = { .id = { { 0 } } };
	struct asking a = { .row = { .type = 1, .state = 1, .law = "gdpr", .due_day = CIVIL_NO_DAY,
				     .extension_day = CIVIL_NO_DAY } };
	int n = -1;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	a.row.subject = hold.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_ask, &a);
	must_run(&h, STORE_CHANGE, step_answer, &a);
	must_run(&h, STORE_CHANGE, step_place, &hold);
	h.now_ms += HOUR;
	must_run(&h, STORE_CHANGE, step_end_requests, &n);
	assert_int_equal(n, 0);
	must_run(&h, STORE_CHANGE, step_release, &hold);
	must_run(&h, STORE_CHANGE, step_end_requests, &n);
	assert_int_equal(n, 1);
	house_close(&h);
}

static void who_is_held_is_not_forgotten(void **state)
{
	struct house h = { 0 };
	struct person ada;
	struct holding hold = { .id = { { 0 } } };
	struct run x = { .limit = { .collection = "profile", .is_moving = true,
				 .last_day = 30000 } };

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", "ada@example.org");
	x.subject = hold.subject = ada.subject;
	must_run(&h, STORE_CHANGE, step_place, &hold);
	assert_int_equal(expire(&h, &x), 0);
	assert_int_equal(expire(&h, &x), 0);
	assert_int_equal(blocked_by(&h, &hold.id), 1);
	must_run(&h, STORE_CHANGE, step_release, &hold);
	assert_int_equal(expire(&h, &x), 1);
	assert_int_equal(records_of(&h, &ada.subject), 0);
	house_close(&h);
}

static int step_restrict(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_restrict(tx, ctx, "care", true, span_str("a dispute"), err);
}

static int step_lift(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_restrict(tx, ctx, "care", false, span_str(""), err);
}

static void who_is_restricted_keeps_what_is_over(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct run orders = { .limit = { .collection = "order", .last_day = 30000,
				      .backed_up = UINT64_MAX } };
	struct run profile = { .limit = { .collection = "profile", .is_moving = true,
				       .last_day = 30000 } };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	must_run(&h, STORE_CHANGE, step_restrict, &p.ada.subject);
	profile.subject = p.ada.subject;
	assert_int_equal(expire(&h, &profile), 0);
	must_run(&h, STORE_CHANGE, step_reseal, &orders);
	assert_int_equal(expire(&h, &orders), 1); /* the month, without what is hers */
	assert_int_equal(records_of(&h, &p.ada.subject), 4);

	must_run(&h, STORE_CHANGE, step_lift, &p.ada.subject);
	assert_int_equal(expire(&h, &orders), 1);
	assert_int_equal(expire(&h, &profile), 1);
	assert_int_equal(records_of(&h, &p.ada.subject), 2);
	house_close(&h);
}

static void a_hold_placed_after_the_list_was_made_counts(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct holding hold = { .id = { { 0 } } };
	struct run x = { .limit = { .collection = "order", .last_day = 30000 } };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	must_run(&h, STORE_CHANGE, step_list, &x);
	assert_int_equal(x.row.state, EXPIRY_GOING);
	hold.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_place, &hold);
	must_run(&h, STORE_CHANGE, step_expire, &x);
	assert_int_equal(x.row.ncohorts, 0);
	assert_int_equal(hits_of(&h, "order.name", "Ada canary-7d1f again"), 1);
	house_close(&h);
}

static int step_opens(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct looking *l = ctx;
	struct key *key = tx->sealer->subject;
	int r = vault_slot_key(tx->store->cfg.vault, l->slot, key, err);

	key_wipe(key);
	l->opens = r == 0;
	return r == CU_ENOKEY ? 0 : r;
}

/* No key of what was held is forgotten: they are shredded. */
static void an_erasure_shreds_the_keys_of_what_was_held(void **state)
{
	static const char *const collection[] = { "order" };
	struct house h = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	for (int of_part = 0; of_part < 2; of_part++) {
		struct people p;
		struct run x = { .limit = { .collection = "order", .last_day = 30000 } };
		struct holding hold = { .collection = "order" };
		struct person order = { .collection = "order", .name = "x", .cohort = 202601 };
		struct erasure e = { .collections = collection, .ncollections = (size_t)of_part };
		struct looking l = { .opens = false };

		must_run(&h, STORE_CHANGE, add_both, &p);
		e.subject = hold.subject = order.subject = p.ada.subject;
		must_run(&h, STORE_CHANGE, put_record, &order);
		must_run(&h, STORE_CHANGE, step_place, &hold);
		must_run(&h, STORE_CHANGE, step_reseal, &x);
		l.record = order.record;
		must_run(&h, STORE_CHANGE, step_look, &l);
		must_run(&h, STORE_CHANGE, step_release, &hold);
		must_run(&h, STORE_LEAF, step_opens, &l);
		assert_true(l.opens);

		erase(&h, &e);
		must_run(&h, STORE_LEAF, step_opens, &l);
		assert_false(l.opens);
	}
	house_close(&h);
}

static int step_end(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = tx_hold_end_one(tx, tx->now_ms - HOUR, err);

	*(int *)ctx = r;
	return r < 0 ? r : 0;
}

static void a_released_hold_is_forgotten_when_its_time_is_over(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct holding hold = { .collection = "order" }, stays = hold;
	int found = 0;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	hold.subject = stays.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, step_place, &hold);
	must_run(&h, STORE_CHANGE, step_place, &stays);
	must_run(&h, STORE_CHANGE, step_release, &hold);
	must_run(&h, STORE_CHANGE, step_end, &found);
	assert_int_equal(found, 0); /* too early */
	h.now_ms += 2 * HOUR;
	must_run(&h, STORE_CHANGE, step_end, &found);
	assert_int_equal(found, 1);
	must_run(&h, STORE_CHANGE, step_end, &found);
	assert_int_equal(found, 0); /* the other holds */
	assert_int_equal(leaves_with(&h, "act=hold.end"), 1);
	assert_int_equal(hits_of(&h, HOLD_COLLECTION ".text", "case 12: canary-hold"), 1);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_erasure_of_what_is_held_is_refused_and_counted),
		cmocka_unit_test(an_erasure_in_its_grace_period_waits_for_a_hold),
		cmocka_unit_test(a_held_record_survives_its_cohort),
		cmocka_unit_test(a_backup_of_before_does_not_count_whatever_its_clock_said),
		cmocka_unit_test(
			a_correction_of_what_is_held_stays_under_the_key_that_a_backup_has),
		cmocka_unit_test(what_is_asked_for_does_not_expire_before_the_answer),
		cmocka_unit_test(what_was_held_waits_for_the_answer_too),
		cmocka_unit_test(the_papers_of_an_answered_request_are_held_with_their_person),
		cmocka_unit_test(who_is_held_is_not_forgotten),
		cmocka_unit_test(who_is_restricted_keeps_what_is_over),
		cmocka_unit_test(a_hold_placed_after_the_list_was_made_counts),
		cmocka_unit_test(an_erasure_shreds_the_keys_of_what_was_held),
		cmocka_unit_test(a_released_hold_is_forgotten_when_its_time_is_over),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
