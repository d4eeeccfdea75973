#include "settle_help.h"

#include "store/reader_dsr.h"
#include "store/tx_dsr.h"
#include "store/store_internal.h"
#include "store/tx_erase.h"

/* --- a story: a backup, life after it, a restore -------------------------------------------- */

struct erasure {
	struct id subject, record, id;
	const char *collection;
	int64_t grace_ms;
};

static int erase_begin(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erasure *e = ctx;

	struct erase_what what = { .subject = e->subject, .collections = &e->collection,
		.ncollections = e->collection != NULL, .record = e->record, .purpose = "erasure",
		.grace_ms = e->grace_ms };

	return tx_erase_begin(tx, &what, &e->id, err);
}

static int erase_admit(struct tx *tx, void *ctx, struct cu_err *err)
{
	static const struct erase_limits limits = { INT64_MAX, 1, 1000, 1000 };
	struct row_erasure row;

	return tx_erase_admit(tx, &((struct erasure *)ctx)->id, &limits, &row, err);
}

static int erase_rekey(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_rekey(tx, &((struct erasure *)ctx)->id, err);
}

static int erase_shred(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_shred(tx, &((struct erasure *)ctx)->id, err);
}

static int erase_rows(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_rows(tx, &((struct erasure *)ctx)->id, err);
}

static int erase_done(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_done(tx, &((struct erasure *)ctx)->id, err);
}

static void erase_this(struct house *h, struct erasure *e)
{
	must_run(h, STORE_CHANGE, erase_begin, e);
	must_run(h, STORE_CHANGE, erase_admit, e);
	must_run(h, STORE_CHANGE, erase_rekey, e);
	must_run(h, STORE_CHANGE, erase_shred, e);
	must_run(h, STORE_CHANGE, erase_rows, e);
	must_run(h, STORE_CHANGE, erase_done, e);
}

static void erase(struct house *h, const struct id *subject)
{
	struct erasure e = { .subject = *subject };

	erase_this(h, &e);
}

/* --- tests -------------------------------------------------------------------------------- */

static void old_rows_meet_the_newest_vault(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, bob, late, fresh;
	struct store_settled got;
	struct id id;
	uint64_t capacity;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", "ada@example.org");
	bob = must_add(&h, "Bob", "bob@example.org");
	back_up(&h, backup);
	must_open(&h, live);
	erase(&h, &ada.subject);
	late = must_add(&h, "Cid", "cid@example.org");
	house_close(&h);

	dir = restore_into(live, backup);
	got = must_settle(dir, &plainly);
	assert_true(got.subjects == 1 && got.records == 1);
	assert_true(got.removed_subjects == 1 && got.removed_records == 1);
	must_open(&h, dir);
	assert_false(has_subject(&h, &ada.subject));
	assert_int_equal(records_of(&h, &bob.subject), 1);
	assert_int_equal(hits_of(&h, "profile.email", "ada@example.org"), 0);
	assert_int_equal(hits_of(&h, "profile.email", "bob@example.org"), 1);
	id = store_id(h.store);
	assert_true(id_eq(&id, &house_id));
	id = store_lineage(h.store);
	assert_true(id_eq(&id, &plainly.lineage));
	assert_true(store_is_restored(h.store));
	assert_false(store_is_restricted(h.store));

	/* no slot is given out that somebody may have had since the backup */
	capacity = vault_capacity(h.vault);
	fresh = must_add(&h, "Dan", "dan@example.org");
	assert_int_equal(records_of(&h, &fresh.subject), 1);
	assert_true(vault_capacity(h.vault) > capacity);
	assert_false(has_subject(&h, &late.subject));
	house_close(&h);
}

/* As many collections as a run has slots: no slot of hers was never used. */
static void whoever_filled_a_run_goes_as_well(void **state)
{
	static char names[20][16];
	static const int counts[] = { 6, 7, 8, 14, 15, 16 };
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person people[6], bob;
	struct store_settled got;

	(void)state;
	must_open(&h, live);
	bob = must_add(&h, "Bob", NULL);
	for (int i = 0; i < 6; i++) {
		people[i] = must_add(&h, "Ada", NULL);
		for (int k = 0; k < counts[i]; k++) {
			struct person more = { .subject = people[i].subject, .name = "x",
				.collection = names[k] };

			snprintf(names[k], sizeof(names[k]), "collection_%02d", k);
			must_run(&h, STORE_CHANGE, put_record, &more);
		}
	}
	back_up(&h, backup);
	must_open(&h, live);
	for (int i = 0; i < 6; i++) {
		erase(&h, &people[i].subject);
	}
	house_close(&h);
	dir = restore_into(live, backup);
	got = must_settle(dir, &plainly);
	assert_true(got.subjects == 1 && got.removed_subjects == 6);
	must_open(&h, dir);
	assert_int_equal(records_of(&h, &bob.subject), 1);
	house_close(&h);
}

static int get_run(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct row_subject *who = ctx;
	int r = engine_subject_get(tx->engine, &who->id, who, err);

	assert_int_equal(r, 1);
	return 0;
}

static bool slot_opens(struct house *h, uint64_t slot)
{
	struct key *key = NULL;
	int r;

	assert_int_equal(key_new(h->arena, &key, NULL), 0);
	r = vault_slot_key(h->vault, slot, key, NULL);
	key_free(h->arena, key);
	return r == 0;
}

/* She had notes since the backup, under the next slot of her run: they were erased, and so is it. */
static void whoever_lost_a_collection_since_can_have_it_again(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, notes;
	struct erasure e;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	back_up(&h, backup);
	must_open(&h, live);
	notes = (struct person){ .subject = ada.subject, .name = "x", .collection = "note" };
	must_run(&h, STORE_CHANGE, put_record, &notes);
	e = (struct erasure){ .subject = ada.subject, .collection = "note" };
	erase_this(&h, &e);
	house_close(&h);

	dir = restore_into(live, backup);
	must_settle(dir, &plainly);
	must_open(&h, dir);
	notes = (struct person){ .subject = ada.subject, .name = "y", .collection = "note" };
	must_run(&h, STORE_CHANGE, put_record, &notes);
	assert_int_equal(records_of(&h, &ada.subject), 2);
	house_close(&h);
}

/* Her notes lie in newer backups: another collection does not get their key, and it dies with her. */
static void a_key_given_out_since_is_nobody_elses_and_dies_with_her(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, more;
	struct row_subject before, after;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	before = after = (struct row_subject){ .id = ada.subject };
	back_up(&h, backup);
	must_open(&h, live);
	more = (struct person){ .subject = ada.subject, .name = "x", .collection = "note" };
	must_run(&h, STORE_CHANGE, put_record, &more);
	must_run(&h, STORE_LEAF, get_run, &before);
	house_close(&h);

	dir = restore_into(live, backup);
	must_settle(dir, &plainly);
	must_open(&h, dir);
	more = (struct person){ .subject = ada.subject, .name = "y", .collection = "sale" };
	must_run(&h, STORE_CHANGE, put_record, &more);
	must_run(&h, STORE_LEAF, get_run, &after);
	assert_true(after.run >= before.run + VAULT_RUN);
	assert_true(slot_opens(&h, before.run + before.run_used - 1));
	erase(&h, &ada.subject);
	for (unsigned i = 0; i < VAULT_RUN; i++) {
		assert_false(slot_opens(&h, before.run + i));
		assert_false(slot_opens(&h, after.run + i));
	}
	house_close(&h);
}

/* The vault still opens them, but the log says that they asked. */
static void whom_the_log_names_goes_even_if_the_vault_opens(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, bob;
	struct id erased[2];
	struct store_settle how = plainly;
	struct store_settled got;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", NULL);
	back_up(&h, backup);
	erased[0] = id_new(); /* somebody who came and went after the backup */
	erased[1] = ada.subject;
	how.erased = erased;
	how.nerased = 2;
	dir = restore_into(live, backup);
	got = must_settle(dir, &how);
	assert_true(got.removed_subjects == 1 && got.subjects == 1);
	must_open(&h, dir);
	assert_false(has_subject(&h, &ada.subject));
	assert_int_equal(records_of(&h, &bob.subject), 1);
	house_close(&h);
}

/* A month's key is gone: its records go, the people stay. */
static void records_of_an_ended_cohort_go_alone(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, order = { .collection = "order", .name = "x", .cohort = 202001 },
			   later = { .collection = "order", .name = "y", .cohort = 202611 };
	struct store_settled got;
	struct engine *e = NULL;
	uint64_t slot = 0;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	order.subject = later.subject = ada.subject;
	must_run(&h, STORE_CHANGE, put_record, &order);
	must_run(&h, STORE_CHANGE, put_record, &later);
	back_up(&h, backup);
	assert_ok(engine_open(live, ENGINE_WRITE, &e, &err), &err);
	assert_int_equal(engine_cohort_get(e, "order", "default", 202001, &slot, &err), 1);
	engine_close(e);
	must_open(&h, live);
	assert_ok(vault_shred(h.vault, &slot, 1, &err), &err);
	house_close(&h);

	dir = restore_into(live, backup);
	got = must_settle(dir, &plainly);
	assert_true(got.subjects == 1 && got.records == 2);
	assert_true(got.removed_subjects == 0 && got.removed_records == 1);
	must_open(&h, dir);
	assert_int_equal(records_of(&h, &ada.subject), 2);
	house_close(&h);
}

static void an_erasure_that_was_under_way_is_ended_with_its_subject(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, bob;
	struct erasure e;
	struct store_settle how = plainly;
	struct engine *engine = NULL;
	struct row_erasure row;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", NULL);
	e = (struct erasure){ .subject = ada.subject };
	must_run(&h, STORE_CHANGE, erase_begin, &e);
	back_up(&h, backup);
	how.erased = &ada.subject;
	how.nerased = 1;
	dir = restore_into(live, backup);
	must_settle(dir, &how);
	assert_int_equal(engine_open(dir, ENGINE_WRITE, &engine, NULL), 0);
	assert_int_equal(engine_erasure_next_open(engine, NULL, &row, NULL), 0);
	engine_close(engine);
	must_open(&h, dir);
	assert_false(has_subject(&h, &ada.subject));
	assert_int_equal(records_of(&h, &bob.subject), 1);
	house_close(&h);
}

static void a_gap_in_the_log_makes_it_restricted(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct store_settle how = plainly;

	(void)state;
	must_open(&h, live);
	back_up(&h, backup);
	how.has_gap = true;
	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	assert_true(store_is_restricted(h.store));
	house_close(&h);
	how.has_gap = false;
	must_settle(dir, &how);
	must_open(&h, dir);
	assert_false(store_is_restricted(h.store));
	house_close(&h);
}

/* Such a vault would make living people look erased. */
static void a_vault_older_than_the_rows_is_refused(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *old_vault = fresh_dir(), *dir;
	struct store_settled got;
	struct cu_err err = { 0 };

	(void)state;
	copy_tree(live, old_vault);
	must_open(&h, live);
	must_add(&h, "Ada", NULL);
	back_up(&h, backup);
	dir = restore_into(old_vault, backup);
	assert_fails(settle(dir, &plainly, &got, &err), CU_ECORRUPT, &err, "older");
}

static void leaves_of_the_old_machine_are_not_logged_again(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person bob, cid;

	(void)state;
	must_open(&h, live);
	must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", "bob@example.org");
	back_up(&h, backup); /* its outbox holds what the old log has */
	dir = restore_into(live, backup);
	must_settle(dir, &plainly);
	must_open(&h, dir);
	assert_int_equal(ledger_size(h.ledger), 0);
	cid = must_add(&h, "Cid", NULL);
	reopen(&h);
	assert_int_equal(ledger_size(h.ledger), 2);
	assert_int_equal(leaves_with(&h, hex_of(&cid.subject)), 2);
	assert_int_equal(hits_of(&h, "profile.email", "bob@example.org"), 1);
	assert_int_equal(records_of(&h, &bob.subject), 1);
	house_close(&h);
}

static void settling_twice_is_settling_once(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, bob;
	struct store_settled first, second;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", "bob@example.org");
	back_up(&h, backup);
	must_open(&h, live);
	erase(&h, &ada.subject);
	house_close(&h);
	dir = restore_into(live, backup);
	first = must_settle(dir, &plainly);
	second = must_settle(dir, &plainly);
	assert_true(first.subjects == second.subjects && first.records == second.records);
	assert_true(second.removed_subjects == 0 && second.removed_records == 0);
	must_open(&h, dir);
	assert_int_equal(hits_of(&h, "profile.email", "bob@example.org"), 1);
	assert_int_equal(records_of(&h, &bob.subject), 1);
	house_close(&h);
}

static int open_request(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_dsr_open(tx, ctx, err);
}

static void a_request_that_was_closed_since_stays_closed(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct row_dsr row = { .type = 3, .state = 1, .law = "gdpr", .due_day = CIVIL_NO_DAY,
		.extension_day = CIVIL_NO_DAY }, got;
	struct settle_request said[] = { { .act = LEAF_REQUEST_OPEN, .number = 1 },
		{ .act = LEAF_REQUEST_OPEN, .id = { { 2 } }, .number = 2 },
		{ .act = LEAF_REQUEST_OPEN, .id = { { 3 } }, .number = 3 },
		{ .act = LEAF_REQUEST_CLOSE, .number = 1, .state = "revoked", .at_ms = 77 },
		{ .act = LEAF_REQUEST_CLOSE, .id = { { 3 } }, .number = 3, .state = "denied" } };
	struct store_settle how = plainly;
	struct reader *rd;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, live);
	must_run(&h, STORE_CHANGE, open_request, &row);
	said[0].id = said[3].id = row.id;
	back_up(&h, backup);
	dir = restore_into(live, backup);
	how.requests = said;
	how.nrequests = sizeof(said) / sizeof(said[0]);

	assert_int_equal(must_settle(dir, &how).lost_requests, 1); /* the second: it is open still */
	must_open(&h, dir);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_dsr(rd, 1, &got, &err), 1);
	store_reader_give(h.store, rd);
	assert_string_equal(got.law, "gdpr");
	assert_int_equal(got.closed_ms, 77);
	assert_true(got.state != 1);
	must_run(&h, STORE_CHANGE, open_request, &row);
	assert_int_equal(row.number, 4); /* no number is given twice */
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_rows_meet_the_newest_vault),
		cmocka_unit_test(a_request_that_was_closed_since_stays_closed),
		cmocka_unit_test(whoever_filled_a_run_goes_as_well),
		cmocka_unit_test(whoever_lost_a_collection_since_can_have_it_again),
		cmocka_unit_test(a_key_given_out_since_is_nobody_elses_and_dies_with_her),
		cmocka_unit_test(whom_the_log_names_goes_even_if_the_vault_opens),
		cmocka_unit_test(records_of_an_ended_cohort_go_alone),
		cmocka_unit_test(an_erasure_that_was_under_way_is_ended_with_its_subject),
		cmocka_unit_test(a_gap_in_the_log_makes_it_restricted),
		cmocka_unit_test(a_vault_older_than_the_rows_is_refused),
		cmocka_unit_test(leaves_of_the_old_machine_are_not_logged_again),
		cmocka_unit_test(settling_twice_is_settling_once),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
