/* Two ids of one person, and a restore that knows one of them, or only the log does. */
#include "merge_help.h"

/* The log has the merge; known must outlive how. */
static void know(struct store_settle *how, struct settle_merge *known, const struct id *old,
	const struct id *subject)
{
	known->old = *old;
	known->subject = *subject;
	how->merges = known;
	how->nmerges = 1;
}

/* --- restores ----------------------------------------------------------------------------- */

/* A backup of two people; they are merged, and the old keys are gone; the newest data of then. */
static struct people restored_as_one(struct house *h, const char *live, const char *backup,
	struct store_settle *how)
{
	struct merging m;
	struct people p;

	must_open(h, live);
	must_run(h, STORE_CHANGE, add_both, &p);
	must_say(h, &p, "Ag Bo");
	back_up(h, backup);
	must_open(h, live);
	must_say(h, &p, "Aw");
	m = must_merge(h, &p.ada.subject, &p.bob.subject);
	must_end(h, &m, UINT64_MAX);
	*how = plainly;
	how->newest_dir = fresh_dir();
	back_up(h, how->newest_dir);
	return p;
}

static void older_data_knows_the_merge(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct store_settle how;
	struct store_settled got;
	struct people p = restored_as_one(&h, live, backup, &how);

	(void)state;
	dir = restore_into(live, backup);
	got = must_settle(dir, &how);
	assert_int_equal(got.subjects, 1);
	assert_int_equal(got.removed_subjects, 0);
	assert_int_equal(got.removed_records, 0);
	assert_int_equal(got.renewed_records, 4);
	must_open(&h, dir);
	assert_ada_is_bob(&h, &p);
	assert_true(standing_of_bob(&h, &p.ada.subject, NULL).is_objected);
	assert_false(standing_of_bob(&h, &p.ada.subject, NULL).is_live);
	house_close(&h);
}

/* Bob came after the backup: what there was of Ada is his now. */
static void older_data_without_the_subject_gets_it(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct store_settle how = plainly;
	struct person ada, bob;
	struct merging m;
	struct id id;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", ADA_EMAIL);
	back_up(&h, backup);
	must_open(&h, live);
	bob = must_add(&h, "Bob", BOB_EMAIL);
	m = must_merge(&h, &ada.subject, &bob.subject);
	must_end(&h, &m, UINT64_MAX);
	how.newest_dir = fresh_dir();
	back_up(&h, how.newest_dir);

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	id = followed(&h, ada.subject);
	assert_true(id_eq(&id, &bob.subject));
	assert_int_equal(records_of(&h, &bob.subject), 1); /* hers; his came later */
	assert_int_equal(hits_of(&h, "profile.email", ADA_EMAIL), 1);
	house_close(&h);
}

static void an_erasure_since_leaves_nothing_of_either(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct store_settle how = plainly;
	struct erasure e;
	struct people p;

	(void)state;
	must_open(&h, live);
	must_run(&h, STORE_CHANGE, add_both, &p);
	back_up(&h, backup);
	must_open(&h, live);
	must_merge(&h, &p.ada.subject, &p.bob.subject);
	e = (struct erasure){ .subject = p.bob.subject };
	erase(&h, &e);
	how.newest_dir = fresh_dir();
	back_up(&h, how.newest_dir);
	how.erased = &p.bob.subject;
	how.nerased = 1;

	dir = restore_into(live, backup);
	assert_int_equal(must_settle(dir, &how).subjects, 0);
	must_open(&h, dir);
	assert_ada_is_gone(&h, &p);
	assert_false(has_subject(&h, &p.bob.subject));
	house_close(&h);
}

/* The machine is lost before the next backup: nothing of hers is, and the log tells the merge. */
static void what_only_the_log_knows_is_moved_at_the_next_start(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct settle_merge known = { .purpose = "care" };
	struct store_settle how = plainly;
	struct merging m;
	struct people p;

	(void)state;
	must_open(&h, live);
	must_run(&h, STORE_CHANGE, add_both, &p);
	must_say(&h, &p, "Ao Bg");
	back_up(&h, backup);
	must_open(&h, live);
	m = must_merge(&h, &p.ada.subject, &p.bob.subject);
	must_end(&h, &m, m.row.captures); /* the old keys live */
	house_close(&h);
	know(&how, &known, &p.ada.subject, &p.bob.subject);

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	assert_ada_and_bob_are_two(&h, &p); /* nobody is served yet */
	must_end(&h, &m, 0);
	assert_int_equal(m.row.state, ALIAS_MOVED);
	assert_ada_is_bob(&h, &p);
	assert_true(standing_of_bob(&h, &p.ada.subject, NULL).is_objected);
	house_close(&h);
}

static void of_two_names_the_one_that_is_there_has_both(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct settle_merge known = { .purpose = "care" };
	struct store_settle how = plainly;
	struct person ada, bob;
	struct id id;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", ADA_EMAIL);
	back_up(&h, backup);
	must_open(&h, live);
	bob = must_add(&h, "Bob", BOB_EMAIL);
	must_merge(&h, &ada.subject, &bob.subject);
	house_close(&h);
	know(&how, &known, &ada.subject, &bob.subject);

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	id = followed(&h, bob.subject);
	assert_true(id_eq(&id, &ada.subject));
	assert_int_equal(records_of(&h, &ada.subject), 1);
	house_close(&h);
}

/* --- restores, and erasures that were let go ---------------------------------------------- */

/* The host died before the shred; whether or not a backup has the merge, she goes with him. */
static void whoever_was_merged_goes_with_an_erasure_that_was_let_go(void **state)
{
	(void)state;
	for (int has_moved = 0; has_moved < 2; has_moved++) {
		struct house h = { 0 };
		const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
		struct settle_merge known = { .purpose = "care" };
		struct store_settle how = plainly;
		struct erasure e;
		struct people p;
		uint64_t slots[32];
		size_t n;

		must_open(&h, live);
		must_run(&h, STORE_CHANGE, add_both, &p);
		n = slots_of(&h, &p.ada.subject, slots);
		back_up(&h, backup);
		must_open(&h, live);
		must_merge(&h, &p.ada.subject, &p.bob.subject);
		if (has_moved) {
			how.newest_dir = fresh_dir();
			back_up(&h, how.newest_dir);
			must_open(&h, live);
		}
		e = (struct erasure){ .subject = p.bob.subject };
		must_run(&h, STORE_CHANGE, step_begin, &e);
		must_run(&h, STORE_CHANGE, step_admit, &e);
		assert_int_equal(e.state, ERASURE_SHREDDING);
		house_close(&h);
		know(&how, &known, &p.ada.subject, &p.bob.subject);
		how.erased = &p.bob.subject;
		how.nerased = 1;

		dir = restore_into(live, backup);
		assert_int_equal(must_settle(dir, &how).subjects, 0);
		must_open(&h, dir);
		assert_ada_is_gone(&h, &p);
		assert_false(has_subject(&h, &p.bob.subject));
		assert_open(&h, slots, n, false);
		house_close(&h);
	}
}

/* --- restores of one of two --------------------------------------------------------------- */

/* Bob is in the newest backup, not in the older one; the merge is in neither. */
static void whose_merge_only_the_log_knows_comes_with_what_he_said(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct settle_merge known = { .purpose = "care" };
	struct store_settle how = plainly;
	struct merging m;
	struct people p;

	(void)state;
	must_open(&h, live);
	p.ada = must_add(&h, "Ada", ADA_EMAIL);
	must_say(&h, &p, "Ag");
	back_up(&h, backup);
	must_open(&h, live);
	p.bob = must_add(&h, "Bob", BOB_EMAIL);
	must_say(&h, &p, "Bo");
	how.newest_dir = fresh_dir();
	back_up(&h, how.newest_dir);
	must_open(&h, live);
	m = must_merge(&h, &p.ada.subject, &p.bob.subject);
	house_close(&h);
	know(&how, &known, &p.ada.subject, &p.bob.subject);

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	must_end(&h, &m, 0);
	assert_false(has_subject(&h, &p.ada.subject));
	assert_int_equal(records_of(&h, &p.bob.subject), 1);
	assert_true(standing_of_bob(&h, &p.ada.subject, NULL).is_objected);
	house_close(&h);
}

/* Bob came after the last backup: what the log tells of his id is of hers now. */
static void what_the_log_tells_of_the_id_that_is_not_there_counts(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct settle_merge merge = { .purpose = "care" };
	struct settle_hold hold = { .id = { { 8 } } };
	struct settle_said said[2] = { { .act = LEAF_SUBJECT_RESTRICT },
		{ .act = LEAF_CONSENT_OBJECT, .purpose = "mail" } };
	struct store_settle how = plainly;
	struct standing s;
	struct erasure e;
	struct cu_err err = { 0 };
	struct people p;

	(void)state;
	must_open(&h, live);
	p.ada = must_add(&h, "Ada", ADA_EMAIL);
	back_up(&h, backup);
	must_open(&h, live);
	p.bob = must_add(&h, "Bob", BOB_EMAIL);
	said[0].at_ms = said[1].at_ms = hold.placed_ms = h.now_ms;
	house_close(&h);
	merge.old = p.ada.subject;
	merge.subject = hold.subject = said[0].subject = said[1].subject = p.bob.subject;
	how.merges = &merge;
	how.holds = &hold;
	how.said = said;
	how.nmerges = how.nholds = 1;
	how.nsaid = 2;

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	s = standing_of_bob(&h, &p.ada.subject, NULL);
	assert_true(s.is_objected);
	assert_true(s.who.is_restricted);
	e = (struct erasure){ .subject = p.ada.subject };
	assert_int_equal(run_op(&h, STORE_CHANGE, step_begin, &e, &err), CU_EDENIED);
	house_close(&h);
}

/* The same of an erasure of his that waits. */
static void an_erasure_of_the_id_that_is_not_there_waits_on(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct settle_merge merge = { .purpose = "care" };
	struct settle_erasure open = { .id = { { 9 } }, .purpose = "erasure" };
	struct store_settle how = plainly;
	struct people p;
	struct erasure e;

	(void)state;
	must_open(&h, live);
	p.ada = must_add(&h, "Ada", ADA_EMAIL);
	back_up(&h, backup);
	must_open(&h, live);
	p.bob = must_add(&h, "Bob", BOB_EMAIL);
	open.begun_ms = open.due_ms = h.now_ms;
	house_close(&h);
	merge.old = p.ada.subject;
	merge.subject = open.subject = p.bob.subject;
	how.merges = &merge;
	how.open = &open;
	how.nmerges = how.nopen = 1;

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	e = (struct erasure){ .subject = p.ada.subject, .id = open.id };
	for (int i = 1; i < NSTEPS; i++) {
		must_run(&h, steps[i].kind, steps[i].fn, &e);
	}
	assert_false(has_subject(&h, &p.ada.subject));
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(older_data_knows_the_merge),
		cmocka_unit_test(older_data_without_the_subject_gets_it),
		cmocka_unit_test(an_erasure_since_leaves_nothing_of_either),
		cmocka_unit_test(what_only_the_log_knows_is_moved_at_the_next_start),
		cmocka_unit_test(of_two_names_the_one_that_is_there_has_both),
		cmocka_unit_test(whoever_was_merged_goes_with_an_erasure_that_was_let_go),
		cmocka_unit_test(whose_merge_only_the_log_knows_comes_with_what_he_said),
		cmocka_unit_test(what_the_log_tells_of_the_id_that_is_not_there_counts),
		cmocka_unit_test(an_erasure_of_the_id_that_is_not_there_waits_on),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
