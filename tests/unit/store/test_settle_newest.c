/* Old rows beside the newest image: what was decided since stays decided. */
#include "erase_help.h"
#include "settle_help.h"

#include <sqlite3.h>

#include "store/engine_dsr.h"
#include "store/engine_expiry.h"
#include "store/engine_hold.h"
#include "store/engine_protect.h"
#include "store/standing.h"
#include "store/tx_consent.h"
#include "store/tx_dsr.h"
#include "store/tx_outgoing.h"
#include "store/tx_expiry.h"
#include "store/tx_hold.h"
#include "store/tx_incident.h"

/* --- what happens ------------------------------------------------------------------------- */

struct said {
	struct id subject;
	enum consent_state state;
};

static int say(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct said *s = ctx;
	struct row_consent row = { .subject = s->subject, .purpose = "mail", .state = s->state,
		.said_day = CIVIL_NO_DAY };
	struct consent_papers papers = { .text = span_str("in so many words") };

	return tx_consent_put(tx, &row, &papers, NULL, err);
}

static void must_say(struct house *h, const struct person *p, enum consent_state state)
{
	struct said s = { p->subject, state };

	must_run(h, STORE_CHANGE, say, &s);
}

static int freeze(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_restrict(tx, ctx, "care", true, span_str("disputed"), err);
}

struct holding {
	struct hold_what what;
	struct id id;
};

static int place(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct holding *h = ctx;

	return tx_hold_place(tx, &h->what, &h->id, err);
}

static struct id must_hold(struct house *h, const struct person *p)
{
	struct holding holding = { .what = { .subject = p->subject, .text = span_str("case 12"),
					   .review_day = CIVIL_NO_DAY } };

	must_run(h, STORE_CHANGE, place, &holding);
	return holding.id;
}

static int open_request(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct case_text text = { "text", span_str("canary letter") };
	struct row_dsr *row = ctx;
	int r = tx_dsr_open(tx, row, err);

	return r < 0 ? r : tx_dsr_paper(tx, row, "letter", &text, 1, NULL, err);
}

static struct row_dsr must_ask(struct house *h, const struct person *p)
{
	struct row_dsr row = { .subject = p->subject, .type = 3, .state = 1, .law = "gdpr",
		.received_day = 20000, .due_day = CIVIL_NO_DAY, .extension_day = CIVIL_NO_DAY };

	must_run(h, STORE_CHANGE, open_request, &row);
	return row;
}

/* What is sealed before an erasure: notices, and the last letter. */
static int prepare_notice(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct case_text text = { "text", span_str("canary notice") };
	struct row_outgoing out = { .kind = 6, .recipient = "carrier" };
	struct row_dsr *row = ctx;
	int r = tx_outgoing_prepare(tx, row, &out, &text, 1, err);

	return r < 0 ? r : tx_dsr_put(tx, row, LEAF_REQUEST_NOTE, "", err);
}

/* --- what is there ------------------------------------------------------------------------ */

static struct standing standing(struct house *h, const struct person *p)
{
	struct reader *rd = store_reader_take(h->store);
	struct standing s;
	struct cu_err err = { 0 };

	assert_ok(standing_read(rd, &p->subject, "mail", NULL, h->now_ms, &s, &err), &err);
	store_reader_give(h->store, rd);
	return s;
}

/* How many records of this collection open, or -1 when one does not. */
static int open_in(struct house *h, const struct id *owner, const char *collection)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int n = 0, r;

	assert_ok(reader_begin(rd, &err), &err);
	r = reader_records(rd, owner, collection, count_one, &n, &err);
	reader_end(rd);
	store_reader_give(h->store, rd);
	return r < 0 ? -1 : n;
}

static struct engine *engine_of(const char *dir)
{
	struct engine *e = NULL;
	struct cu_err err = { 0 };

	assert_ok(engine_open(dir, ENGINE_WRITE, &e, &err), &err);
	return e;
}

/* Of everything up to here there is a newest image as well, in a directory of its own. */
static struct store_settle with_newest(struct house *h)
{
	struct store_settle how = plainly;

	how.newest_dir = fresh_dir();
	back_up(h, how.newest_dir);
	return how;
}

/* --- tests -------------------------------------------------------------------------------- */

static void what_was_said_since_stands(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, bob, cid, late;
	struct store_settle how;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", NULL);
	cid = must_add(&h, "Cid", NULL);
	must_say(&h, &ada, CONSENT_GIVEN);
	must_say(&h, &bob, CONSENT_GIVEN);
	back_up(&h, backup);
	must_open(&h, live);
	must_say(&h, &ada, CONSENT_WITHDRAWN);
	must_say(&h, &bob, CONSENT_OBJECTED);
	must_run(&h, STORE_CHANGE, freeze, &cid.subject);
	late = must_add(&h, "Dan", NULL);
	must_say(&h, &late, CONSENT_GIVEN);
	how = with_newest(&h);

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	assert_false(standing(&h, &ada).is_live);
	assert_int_equal(standing(&h, &ada).state, CONSENT_WITHDRAWN);
	assert_true(standing(&h, &bob).is_objected);
	assert_true(standing(&h, &cid).who.is_restricted);
	assert_false(standing(&h, &ada).who.is_restricted);
	assert_int_equal(open_in(&h, &ada.subject, CONSENT_COLLECTION), 2); /* with what was said */
	assert_false(has_subject(&h, &late.subject));
	assert_false(standing(&h, &late).exists);
	/* and what is said next comes after it */
	must_say(&h, &ada, CONSENT_GIVEN);
	assert_true(standing(&h, &ada).is_live);
	house_close(&h);
}

/* What the rows have already is not said twice, and what only the log knows is said. */
static void the_log_goes_on_where_the_newest_ends(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct settle_said said[2] = { { .act = LEAF_CONSENT_WITHDRAW, .purpose = "mail" },
		{ .act = LEAF_CONSENT_OBJECT, .purpose = "mail" } };
	struct store_settle how;
	struct standing now;
	struct person ada;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	must_say(&h, &ada, CONSENT_GIVEN);
	back_up(&h, backup);
	must_open(&h, live);
	h.now_ms += 1000;
	must_say(&h, &ada, CONSENT_WITHDRAWN);
	said[0].subject = said[1].subject = ada.subject;
	said[0].at_ms = h.now_ms;
	said[1].at_ms = h.now_ms + 1000;
	how = with_newest(&h);
	how.said = said;
	how.nsaid = 2;

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	assert_int_equal(standing(&h, &ada).state, CONSENT_WITHDRAWN);
	now = standing(&h, &ada);
	assert_false(id_is_nil(&now.event.record)); /* the one with the papers */
	assert_true(standing(&h, &ada).is_objected);
	house_close(&h);
}

static void requests_and_holds_come_with_their_papers(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct settle_hold known = { .placed_ms = 1 };
	struct person ada, late;
	struct row_dsr old, new, got;
	struct store_settle how;
	struct row_outgoing notice;
	struct row_hold hold;
	struct engine *e;
	struct id of_ada;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	old = must_ask(&h, &ada);
	back_up(&h, backup);
	must_open(&h, live);
	late = must_add(&h, "Dan", NULL);
	new = must_ask(&h, &late);
	must_run(&h, STORE_CHANGE, prepare_notice, &old);
	of_ada = must_hold(&h, &ada);
	how = with_newest(&h);
	known.id = of_ada; /* the log knows of it, too */
	known.subject = ada.subject;
	how.holds = &known;
	how.nholds = 1;

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	e = engine_of(dir);
	assert_int_equal(engine_dsr_by_id(e, &new.id, &got, NULL), 1);
	assert_true(got.number == 2 && id_eq(&got.subject, &late.subject));
	assert_int_equal(engine_hold_get(e, &of_ada, &hold, NULL), 1);
	assert_int_equal(hold.state, HOLD_ACTIVE);
	assert_int_equal(engine_dsr_by_id(e, &old.id, &got, NULL), 1);
	assert_int_equal(got.nuntold, 1); /* who received the data is still to be told */
	assert_int_equal(engine_outgoing_next(e, &old.id, NULL, &notice, NULL), 1);
	assert_string_equal(notice.recipient, "carrier");
	engine_close(e);
	must_open(&h, dir);
	assert_int_equal(open_in(&h, &new.kase, "custos.request"), 1);
	assert_int_equal(open_in(&h, &old.kase, "custos.request"), 2);
	assert_int_equal(open_in(&h, &hold.kase, HOLD_COLLECTION), 1);
	assert_false(has_subject(&h, &late.subject));
	assert_int_equal(must_ask(&h, &ada).number, 3); /* no number is given twice */
	house_close(&h);
}

/* A key of its own for what is held of a month; two cohorts lend their slots. */
static int put_hold_slot(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct row_hold_slot row = { .subject = *(struct id *)ctx, .collection = "order",
		.period = 202601 };
	int r = tx_cohort_slot(tx, "order", "", 202601, &row.cohort_slot, err);

	if (r == 0) {
		r = tx_cohort_slot(tx, "private", "", 202601, &row.slot, err);
	}
	return r < 0 ? r : engine_hold_slot_put(tx->engine, &row, err);
}

static int shred_private(struct tx *tx, void *ctx, struct cu_err *err)
{
	size_t n;

	(void)ctx;
	return tx_cohorts_end(tx, "private", 209901, &n, err);
}

/* What is held anew of such a month must not find a dead key. */
static void a_hold_that_ended_since_is_released_and_its_key_forgotten(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct store_settle how = plainly;
	struct row_hold_slot slot;
	struct row_hold hold;
	struct person ada;
	struct engine *e;
	struct id of_ada;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	of_ada = must_hold(&h, &ada);
	must_run(&h, STORE_CHANGE, put_hold_slot, &ada.subject);
	back_up(&h, backup);
	must_open(&h, live);
	must_run(&h, STORE_CHANGE, shred_private, NULL);
	house_close(&h);
	how.now_ms = 77;

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	e = engine_of(dir);
	assert_int_equal(engine_hold_get(e, &of_ada, &hold, NULL), 1);
	assert_int_equal(hold.state, HOLD_RELEASED);
	assert_int_equal(hold.released_ms, 77);
	assert_int_equal(engine_hold_slot_next(e, NULL, &slot, NULL), 0);
	engine_close(e);
}

static int notice(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct row_incident_told told = { "gdpr", 0, 7 };
	struct row_incident *row = ctx;
	int r = tx_incident_open(tx, row, err);

	if (r == 0) {
		r = tx_incident_text(tx, row, "facts", span_str("a list was lost"), err);
	}
	return r < 0 ? r : tx_incident_told(tx, row, &told, "authority", err);
}

static void the_register_of_incidents_is_that_of_today(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct row_incident row = { .kind = 1, .noticed_ms = 5 }, got, next = row;
	struct store_settle how;
	struct engine *e;
	int64_t told = 0;

	(void)state;
	must_open(&h, live);
	(void)must_add(&h, "Ada", NULL);
	back_up(&h, backup);
	must_open(&h, live);
	must_run(&h, STORE_CHANGE, notice, &row);
	how = with_newest(&h);

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	e = engine_of(dir);
	assert_int_equal(engine_incident_next(e, 0, &got, NULL), 1);
	assert_true(id_eq(&got.id, &row.id));
	assert_int_equal(engine_incident_first_told(e, &row.id, "gdpr", 0, &told, NULL), 1);
	assert_int_equal(told, 7);
	engine_close(e);
	must_open(&h, dir);
	assert_int_equal(open_in(&h, &row.kase, "custos.incident"), 1);
	must_run(&h, STORE_CHANGE, notice, &next);
	assert_int_equal(next.number, 2);
	house_close(&h);
}

/* The key of the subject's profiles in this data.db. */
static uint64_t slot_in(const char *dir, const struct id *subject)
{
	struct engine *e = engine_of(dir);
	uint64_t slot = 0;

	assert_int_equal(engine_slot_get(e, subject, "profile", &slot, NULL), 1);
	engine_close(e);
	return slot;
}

static void expect_shredded(struct house *h, uint64_t slot)
{
	struct key *key = NULL;

	assert_int_equal(key_new(h->arena, &key, NULL), 0);
	assert_int_equal(vault_slot_key(h->vault, slot, key, NULL), CU_ENOKEY);
	key_free(h->arena, key);
}

/* Two records of a collection; one is erased.  The other's key is another since. */
static void what_remains_beside_an_erased_record_comes_back(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct person ada, stays, later;
	struct erasure e = { .grace_ms = 0 };
	struct store_settled got;
	struct store_settle how;
	uint64_t slot;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "goes", NULL);
	stays = (struct person){ .subject = ada.subject, .name = "stays" };
	must_run(&h, STORE_CHANGE, put_record, &stays);
	back_up(&h, backup);
	must_open(&h, live);
	e.subject = ada.subject;
	e.record = ada.record;
	erase(&h, &e);
	later = (struct person){ .subject = ada.subject, .name = "later" };
	must_run(&h, STORE_CHANGE, put_record, &later);
	how = with_newest(&h);
	slot = slot_in(how.newest_dir, &ada.subject);

	dir = restore_into(live, backup);
	got = must_settle(dir, &how);
	assert_true(got.records == 1 && got.renewed_records == 1 && got.removed_records == 1);
	must_open(&h, dir);
	assert_int_equal(records_of(&h, &ada.subject), 1);
	assert_int_equal(hits_of(&h, "profile.name", "stays"), 1);
	assert_int_equal(hits_of(&h, "profile.name", "goes"), 0);
	assert_int_equal(hits_of(&h, "profile.name", "later"), 0); /* this backup never had it */
	/* what is written next is under the key that lives, and goes with the person */
	must_run(&h, STORE_CHANGE, put_record, &(struct person){ .subject = ada.subject, .name = "x" });
	assert_int_equal(records_of(&h, &ada.subject), 2);
	erase(&h, &(struct erasure){ .subject = ada.subject });
	assert_false(has_subject(&h, &ada.subject));
	expect_shredded(&h, slot);
	house_close(&h);

	/* without the newest image it is lost, and nothing is mixed up */
	dir = restore_into(live, backup);
	got = must_settle(dir, &plainly);
	assert_true(got.records == 0 && got.renewed_records == 0);
}

/* The newest image is from the middle of an erasure: re-sealed, not shredded.  The older rows are as
 * they were before, so it begins again and what remains is not shredded with the rest. */
static void an_erasure_that_had_resealed_begins_again(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct settle_erasure known = { .is_let_go = true };
	struct person ada, stays;
	struct erasure e = { .grace_ms = 0 };
	struct store_settle how;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "goes", NULL);
	stays = (struct person){ .subject = ada.subject, .name = "stays" };
	must_run(&h, STORE_CHANGE, put_record, &stays);
	back_up(&h, backup);
	must_open(&h, live);
	e.subject = ada.subject;
	e.record = ada.record;
	must_run(&h, STORE_CHANGE, step_begin, &e);
	must_run(&h, STORE_CHANGE, step_admit, &e);
	must_run(&h, STORE_CHANGE, step_rekey, &e);
	how = with_newest(&h);
	known.id = e.id;
	known.subject = ada.subject;
	known.record = ada.record;
	strcpy(known.collection, "profile");
	how.open = &known;
	how.nopen = 1;

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	must_open(&h, dir);
	for (int i = 1; i < NSTEPS; i++) {
		must_run(&h, steps[i].kind, steps[i].fn, &e);
	}
	assert_int_equal(hits_of(&h, "profile.name", "stays"), 1);
	assert_int_equal(records_of(&h, &ada.subject), 1);
	house_close(&h);
}

/* --- a month that is over ----------------------------------------------------------------- */

struct run {
	struct expiry_limit limit;
	struct id id;
	struct row_expiry row;
};

static int reseal(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_hold_reseal(tx, &((struct run *)ctx)->limit, err);
}

static int list(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	struct erase_limits brake = { .approval_ms = HOUR, .daily_slots = 1000,
		.daily_cohorts = 1000 };
	int r = tx_expiry_begin(tx, false, 20000, &x->id, err);

	if (r == 0) {
		r = tx_expiry_list_cohorts(tx, &x->id, &x->limit, err);
	}
	return r < 0 ? r : tx_expiry_admit(tx, &x->id, &brake, &x->row, err);
}

static int end_keys(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	struct expiry_limits limits = { &x->limit, 1 };

	return tx_expiry_shred(tx, &x->id, &limits, &x->row, err);
}

static int end_rows(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;

	return tx_expiry_clear(tx, &x->id, &x->row, err);
}

static void end_month(struct house *h, struct run *x)
{
	must_run(h, STORE_CHANGE, list, x);
	assert_int_equal(x->row.state, EXPIRY_GOING);
	must_run(h, STORE_CHANGE, end_keys, x);
	must_run(h, STORE_CHANGE, end_rows, x);
	assert_int_equal(x->row.state, EXPIRY_DONE);
}

/* Ada and Bob have an order each in the same month; hers is held, and has a key of its own since.  Its
 * month ends before the restore, or in the restored store. */
static void restore_held(bool ends_before)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct run x = { .limit = { .collection = "order", .last_day = 30000,
				 .backed_up = UINT64_MAX } };
	struct person bobs = { .collection = "order", .name = "Bob's order", .cohort = 202611 };
	struct settle_hold known = { .placed_ms = 1 }; /* what the log says */
	struct store_settled got;
	struct store_settle how;
	struct people p;

	must_open(&h, live);
	must_run(&h, STORE_CHANGE, add_both, &p);
	bobs.subject = p.bob.subject;
	must_run(&h, STORE_CHANGE, put_record, &bobs);
	back_up(&h, backup);
	must_open(&h, live);
	known.id = must_hold(&h, &p.ada);
	known.subject = p.ada.subject;
	must_run(&h, STORE_CHANGE, reseal, &x);
	if (ends_before) {
		end_month(&h, &x);
	}
	how = with_newest(&h);
	how.holds = &known;
	how.nholds = 1;

	dir = restore_into(live, backup);
	got = must_settle(dir, &how);
	assert_int_equal(got.renewed_records, ends_before);
	must_open(&h, dir);
	if (!ends_before) {
		must_run(&h, STORE_CHANGE, reseal, &x);
		end_month(&h, &x);
	}
	assert_int_equal(hits_of(&h, "order.name", "Ada canary-7d1f again"), 1);
	assert_int_equal(hits_of(&h, "order.name", "Bob's order"), 0);
	assert_int_equal(records_of(&h, &p.ada.subject), 4);
	house_close(&h);
}

static void what_is_held_of_a_month_that_ended_comes_back(void **state)
{
	(void)state;
	restore_held(true);
}

static void what_is_held_outlives_its_month_in_the_restored_store(void **state)
{
	(void)state;
	restore_held(false);
}

/* Who was last heard of in records that do not come does not expire early for that. */
static void nobody_is_forgotten_early(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct store_settle how;
	struct person ada;
	struct engine *e;
	int32_t before = 0, after = 0;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	back_up(&h, backup);
	must_open(&h, live);
	h.now_ms += 400 * 24 * HOUR;
	must_run(&h, STORE_CHANGE, put_record, &(struct person){ .subject = ada.subject, .name = "x" });
	how = with_newest(&h);
	e = engine_of(how.newest_dir);
	assert_int_equal(engine_activity_of(e, &ada.subject, &before, NULL), 1);
	engine_close(e);

	dir = restore_into(live, backup);
	must_settle(dir, &how);
	e = engine_of(dir);
	assert_int_equal(engine_activity_of(e, &ada.subject, &after, NULL), 1);
	engine_close(e);
	assert_int_equal(after, before);
}

static void settling_twice_beside_the_newest_is_settling_once(void **state)
{
	struct house h = { 0 };
	const char *live = new_store_dir(), *backup = fresh_dir(), *dir;
	struct store_settled first, second;
	struct store_settle how;
	struct person ada;

	(void)state;
	must_open(&h, live);
	ada = must_add(&h, "Ada", NULL);
	back_up(&h, backup);
	must_open(&h, live);
	must_say(&h, &ada, CONSENT_OBJECTED);
	(void)must_ask(&h, &ada);
	how = with_newest(&h);
	dir = restore_into(live, backup);
	first = must_settle(dir, &how);
	second = must_settle(dir, &how);
	assert_true(first.subjects == second.subjects && first.records == second.records);
	must_open(&h, dir);
	assert_true(standing(&h, &ada).is_objected);
	assert_int_equal(open_in(&h, &ada.subject, CONSENT_COLLECTION), 1);
	house_close(&h);
}

static bool is_decided(const char *table)
{
	const char *name;

	for (unsigned i = 0; (name = engine_protect_table(i)) != NULL; i++) {
		if (strcmp(name, table) == 0) {
			return true;
		}
	}
	return false;
}

/* A new table of data.db needs a line in engine_sqlite_protect.c: is what it holds to be as it was, or
 * as it is? */
static void of_each_table_it_is_decided_whose_it_is(void **state)
{
	const char *dir = new_store_dir();
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int n = 0;

	(void)state;
	assert_int_equal(sqlite3_open(in_dir(dir, "data.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table'",
				 -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(st, 0);

		if (!is_decided(table)) {
			fail_msg("nobody said what a restore does with '%s'", table);
		}
		n++;
	}
	assert_true(n > 20);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_since_stands),
		cmocka_unit_test(the_log_goes_on_where_the_newest_ends),
		cmocka_unit_test(requests_and_holds_come_with_their_papers),
		cmocka_unit_test(a_hold_that_ended_since_is_released_and_its_key_forgotten),
		cmocka_unit_test(the_register_of_incidents_is_that_of_today),
		cmocka_unit_test(what_remains_beside_an_erased_record_comes_back),
		cmocka_unit_test(an_erasure_that_had_resealed_begins_again),
		cmocka_unit_test(what_is_held_of_a_month_that_ended_comes_back),
		cmocka_unit_test(what_is_held_outlives_its_month_in_the_restored_store),
		cmocka_unit_test(nobody_is_forgotten_early),
		cmocka_unit_test(settling_twice_beside_the_newest_is_settling_once),
		cmocka_unit_test(of_each_table_it_is_decided_whose_it_is),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
