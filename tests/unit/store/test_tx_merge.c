/* Two ids of one person: what is of both, under one key, and what forbids holds. */
#include "merge_help.h"

#include "fault.h"
#include "store/tx_hold.h"

static void assert_refused(struct house *h, const struct id *old, const struct id *subject, int code,
	const char *says)
{
	struct merging m = { .old = *old, .subject = *subject };
	struct cu_err err = { 0 };

	assert_int_equal(run_op(h, STORE_CHANGE, step_merge, &m, &err), code);
	if (!strstr(err.msg, says)) {
		fail_msg("'%s' is not in: %s", says, err.msg);
	}
}

/* --- moving ------------------------------------------------------------------------------- */

static int is_bobs(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	const struct people *p = ctx;

	(void)err;
	assert_true(id_eq(&row->subject, &p->bob.subject));
	assert_true(id_eq(&rec->subject, &p->bob.subject));
	assert_int_equal(row->version, rec->version);
	assert_int_equal(rec->version, 1);
	return 1;
}

static void what_is_of_the_old_id_is_the_subjects(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct merging m;
	struct reader *rd;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);

	m = must_merge(&h, &p.ada.subject, &p.bob.subject);

	assert_int_equal(m.row.nrecords, 4);
	assert_int_equal(m.row.state, ALIAS_MOVED);
	assert_ada_is_bob(&h, &p);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_find(rd, "profile.email", span_str(ADA_EMAIL), is_bobs, &p, NULL), 1);
	store_reader_give(h.store, rd);
	assert_int_equal(leaves_with(&h, "act=subject.merge"), 1);
	reopen(&h);
	assert_ada_is_bob(&h, &p);
	/* it goes on as anybody's: the next version, a new record, a collection that only she had */
	p.ada.subject = p.bob.subject;
	must_run(&h, STORE_CHANGE, put_record, &p.ada);
	assert_int_equal(records_of(&h, &p.bob.subject), 6);
	house_close(&h);
}

static void the_old_keys_die_when_a_backup_has_what_was_moved(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct merging m;
	uint64_t slots[32];
	size_t n;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	n = slots_of(&h, &p.ada.subject, slots);
	assert_int_equal(n, 8);

	m = must_merge(&h, &p.ada.subject, &p.bob.subject);
	must_end(&h, &m, m.row.captures); /* begun before it */
	assert_int_equal(m.row.state, ALIAS_MOVED);
	assert_open(&h, slots, n, true);
	must_end(&h, &m, m.row.captures + 1);
	assert_int_equal(m.row.state, ALIAS_DONE);
	assert_open(&h, slots, n, false);
	must_end(&h, &m, UINT64_MAX); /* again: nothing */

	assert_int_equal(leaves_with(&h, "act=erase.shred"), 1);
	assert_int_equal(leaves_with(&h, "why=merge"), 1);
	reopen(&h);
	assert_ada_is_bob(&h, &p);
	house_close(&h);
}

static void an_old_id_of_an_old_id_is_the_last_ones(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct person cid;
	struct id id;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	cid = must_add(&h, "Cid", NULL);

	must_merge(&h, &p.ada.subject, &p.bob.subject);
	must_merge(&h, &p.bob.subject, &cid.subject);

	id = followed(&h, p.ada.subject);
	assert_true(id_eq(&id, &cid.subject));
	id = followed(&h, p.bob.subject);
	assert_true(id_eq(&id, &cid.subject));
	assert_int_equal(records_of(&h, &cid.subject), 7);
	house_close(&h);
}

/* --- refusals ----------------------------------------------------------------------------- */

static int add_firm(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_subject_add(tx, SUBJECT_ORGANISATION, "care", ctx, err);
}

static int step_hold(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct hold_what what = { .subject = *(struct id *)ctx, .text = span_str("case 12"),
		.review_day = CIVIL_NO_DAY };
	struct id hold;

	return tx_hold_place(tx, &what, &hold, err);
}

static void what_may_not_be_merged_is_refused_with_the_remedy(void **state)
{
	static const char *const need[] = { "need" };
	struct house h = { 0 };
	struct people p;
	struct id firm, nobody = { { 7 } };
	struct erasure e;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	must_run(&h, STORE_CHANGE, add_firm, &firm);

	assert_refused(&h, &p.ada.subject, &p.ada.subject, CU_EINVAL, "one data subject already");
	assert_refused(&h, &p.ada.subject, &firm, CU_EINVAL, "an organisation");
	assert_refused(&h, &nobody, &p.bob.subject, CU_ENOENT, "from: ");
	assert_refused(&h, &p.bob.subject, &nobody, CU_ENOENT, "into: ");
	e = (struct erasure){ .subject = p.ada.subject, .collections = need, .ncollections = 1,
		.grace_ms = HOUR };
	must_run(&h, STORE_CHANGE, step_begin, &e);
	assert_refused(&h, &p.ada.subject, &p.bob.subject, CU_EBUSY, "'erase cancel ");
	assert_refused(&h, &p.bob.subject, &p.ada.subject, CU_EBUSY, "into: an erasure");
	must_run(&h, STORE_CHANGE, step_hold, &p.bob.subject);
	assert_refused(&h, &p.bob.subject, &firm, CU_EINVAL, "an organisation");
	assert_int_equal(leaves_with(&h, "act=subject.merge"), 0);
	house_close(&h);
}

static void what_is_held_stays_where_it_lies_and_holds_what_comes(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	must_run(&h, STORE_CHANGE, step_hold, &p.bob.subject);

	assert_refused(&h, &p.bob.subject, &p.ada.subject, CU_EDENIED, "'hold show ");
	must_merge(&h, &p.ada.subject, &p.bob.subject);

	e = (struct erasure){ .subject = p.bob.subject, .record = p.ada.record };
	assert_int_equal(run_op(&h, STORE_CHANGE, step_begin, &e, &err), CU_EDENIED);
	house_close(&h);
}

/* --- erasures ----------------------------------------------------------------------------- */

static void an_erasure_of_the_subject_meets_the_old_keys(void **state)
{
	struct house h = { 0 };
	struct people p;
	struct merging m;
	struct erasure e;
	uint64_t slots[32];
	size_t n;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	n = slots_of(&h, &p.ada.subject, slots);
	m = must_merge(&h, &p.ada.subject, &p.bob.subject);

	e = (struct erasure){ .subject = p.bob.subject };
	erase(&h, &e);

	assert_open(&h, slots, n, false);
	assert_ada_is_gone(&h, &p);
	assert_false(has_subject(&h, &p.bob.subject));
	must_end(&h, &m, UINT64_MAX);
	assert_int_equal(m.row.state, ALIAS_DONE);
	house_close(&h);
}

static void an_erasure_of_a_part_meets_the_old_keys_of_that_part(void **state)
{
	static const char *const need[] = { "need" };
	struct house h = { 0 };
	struct people p;
	struct merging m;
	struct erasure e;
	uint64_t slots[32], shut = 0;
	size_t n;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	n = slots_of(&h, &p.ada.subject, slots);
	m = must_merge(&h, &p.ada.subject, &p.bob.subject);

	e = (struct erasure){ .subject = p.bob.subject, .collections = need, .ncollections = 1 };
	erase(&h, &e);
	for (size_t i = 0; i < n; i++) {
		shut += !opens(&h, slots[i]);
	}
	assert_int_equal(shut, 1);
	assert_int_equal(records_of(&h, &p.bob.subject), 5);

	/* one record: the others of its collection, hers and his, get a fresh key */
	e = (struct erasure){ .subject = p.bob.subject, .record = p.ada.record };
	erase(&h, &e);
	shut = 0;
	for (size_t i = 0; i < n; i++) {
		shut += !opens(&h, slots[i]);
	}
	assert_int_equal(shut, 2);
	assert_int_equal(records_of(&h, &p.bob.subject), 4);
	assert_int_equal(hits_of(&h, "profile.email", BOB_EMAIL), 1);
	must_end(&h, &m, UINT64_MAX);
	assert_open(&h, slots, n, false);
	assert_int_equal(records_of(&h, &p.bob.subject), 4);
	house_close(&h);
}

/* --- deaths ------------------------------------------------------------------------------- */

struct story {
	const char *dir;
	struct merging m;
	uint64_t backed_up;
} story;

static int merge_and_end(void *ctx)
{
	struct house h = { 0 };
	struct cu_err err = { 0 };
	int r = house_open(&h, story.dir, &err);

	(void)ctx;
	if (r == 0) {
		r = run_op(&h, STORE_CHANGE, step_merge, &story.m, &err);
	}
	story.m.backed_up = UINT64_MAX;
	if (r == 0) {
		r = run_op(&h, STORE_CHANGE, step_end, &story.m, &err);
	}
	house_close(&h);
	return r;
}

/* What the next start does, and the next backup. */
static bool finish_merge(struct house *h, const struct people *p)
{
	struct merging m = { .old = p->ada.subject };
	struct id ada = followed(h, p->ada.subject);

	if (id_eq(&ada, &p->ada.subject)) {
		assert_ada_and_bob_are_two(h, p);
		return false;
	}
	assert_ada_is_bob(h, p);
	must_end(h, &m, UINT64_MAX);
	assert_int_equal(m.row.state, ALIAS_DONE);
	assert_ada_is_bob(h, p);
	return true;
}

static void a_death_at_any_write_leaves_two_people_or_one(void **state)
{
	const char *before = new_store_dir();
	struct house h = { 0 };
	struct people p;
	uint64_t slots[32];
	size_t n;
	int ntwo = 0, none = 0, ended = 0;

	(void)state;
	must_open(&h, before);
	must_run(&h, STORE_CHANGE, add_both, &p);
	n = slots_of(&h, &p.ada.subject, slots);
	house_close(&h);
	for (long nth = 1; !ended; nth++) {
		const char *dir = fresh_dir();

		copy_tree(before, dir);
		story = (struct story){ dir, { .old = p.ada.subject, .subject = p.bob.subject }, 0 };
		ended = fault_run(FAULT_ANY, nth, nth % 2 ? FAULT_EXIT : FAULT_TEAR, 0, merge_and_end, NULL);
		assert_true(ended >= 0);
		must_open(&h, dir);
		if (finish_merge(&h, &p)) {
			none++;
			assert_open(&h, slots, n, false);
			assert_int_equal(leaves_with(&h, "act=subject.merge"), 1);
			assert_int_equal(leaves_with(&h, "act=erase.shred"), 1);
		} else {
			ntwo++;
			assert_open(&h, slots, n, true);
			assert_int_equal(leaves_with(&h, "act=subject.merge"), 0);
		}
		house_close(&h);
		remove_tree(dir);
	}
	assert_true(ntwo > 0 && none > 3);
}

/* --- what was said ------------------------------------------------------------------------ */

static const struct {
	const char *events, *channel;
	bool is_live, is_objected;
} cases[] = {
	{ "Ag", NULL, true, false },
	{ "Bg", NULL, true, false },
	{ "Ag Bg", NULL, true, false },
	{ "Aw Bg", NULL, false, false },  /* though he gave it later */
	{ "Bg Aw", NULL, false, false },
	{ "Bw Ag", NULL, false, false },
	{ "Ar Bg", NULL, false, false },
	{ "Aw Ag Bg", NULL, true, false }, /* she had changed her mind herself */
	{ "Ao Bg", NULL, true, true },
	{ "Bo Ag", NULL, true, true },
	{ "Ao Bu", NULL, false, true },
	{ "Ao Au", NULL, false, false },
	{ "Ag@phone Bw", "phone", false, false },
	{ "Aw@phone Bg", "phone", false, false },
	{ "Aw@phone Bg", "email", true, false },
	{ "Aw Bg@email", NULL, false, false },
	{ "Aw@phone Bg@phone", NULL, false, false },
};

static void what_forbids_holds_whoever_said_it(void **state)
{
	const char *before = new_store_dir();
	struct house h = { 0 };
	struct people p;

	must_open(&h, before);
	must_run(&h, STORE_CHANGE, add_both, &p);
	house_close(&h);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *dir = fresh_dir();
		struct standing s;

		copy_tree(before, dir);
		must_open(&h, dir);
		must_say(&h, &p, cases[i].events);
		must_merge(&h, &p.ada.subject, &p.bob.subject);
		for (int old = 0; old < 2; old++) { /* by both names */
			s = standing_of_bob(&h, old ? &p.ada.subject : &p.bob.subject,
				cases[i].channel);
			if (s.is_live != cases[i].is_live || s.is_objected != cases[i].is_objected) {
				fail_msg("%s, %s: live %d, objected %d", cases[i].events,
					cases[i].channel ? cases[i].channel : "-", s.is_live,
					s.is_objected);
			}
		}
		house_close(&h);
		remove_tree(dir);
	}
}

/* The clock was ahead when she said no. */
static void a_clock_that_is_set_back_does_not_turn_round_what_one_said(void **state)
{
	struct house h = { 0 };
	struct people p;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	h.now_ms += 24 * HOUR;
	must_say(&h, &p, "Aw");
	h.now_ms -= 24 * HOUR;
	must_say(&h, &p, "Ag");
	assert_true(standing_of_bob(&h, &p.ada.subject, NULL).is_live);

	must_merge(&h, &p.ada.subject, &p.bob.subject);

	assert_true(standing_of_bob(&h, &p.bob.subject, NULL).is_live);
	house_close(&h);
}

static int freeze(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_restrict(tx, ctx, "care", true, span_str("disputed"), err);
}

static void who_was_restricted_is_and_the_evidence_comes_along(void **state)
{
	struct house h = { 0 };
	struct people p;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_both, &p);
	must_say(&h, &p, "Ag Bg");
	must_run(&h, STORE_CHANGE, freeze, &p.ada.subject);

	must_merge(&h, &p.ada.subject, &p.bob.subject);

	assert_true(standing_of_bob(&h, &p.bob.subject, NULL).who.is_restricted);
	assert_int_equal(leaves_with(&h, "act=subject.restrict"), 2);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_of_the_old_id_is_the_subjects),
		cmocka_unit_test(the_old_keys_die_when_a_backup_has_what_was_moved),
		cmocka_unit_test(an_old_id_of_an_old_id_is_the_last_ones),
		cmocka_unit_test(what_may_not_be_merged_is_refused_with_the_remedy),
		cmocka_unit_test(what_is_held_stays_where_it_lies_and_holds_what_comes),
		cmocka_unit_test(an_erasure_of_the_subject_meets_the_old_keys),
		cmocka_unit_test(an_erasure_of_a_part_meets_the_old_keys_of_that_part),
		cmocka_unit_test(a_death_at_any_write_leaves_two_people_or_one),
		cmocka_unit_test(what_forbids_holds_whoever_said_it),
		cmocka_unit_test(a_clock_that_is_set_back_does_not_turn_round_what_one_said),
		cmocka_unit_test(who_was_restricted_is_and_the_evidence_comes_along),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
