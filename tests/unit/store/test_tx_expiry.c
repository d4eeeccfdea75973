#include "store_help.h"

#include <sys/wait.h>

#include "fault.h"
#include "store/reader_expiry.h"
#include "store/tx_approval.h"
#include "store/tx_expiry.h"
#include "store/tx_keeping.h"

#define HOUR (3600 * 1000LL)
#define DAY  (24 * HOUR)

/* The linker's name (see the build file). */
int __real_vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err);
int __wrap_vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err);

int __real_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err);
int __wrap_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err);

static bool dies_after_shred, dies_in_append;

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
	int r = __real_vault_shred(v, slots, n, err);

	if (dies_after_shred) {
		_exit(FAULT_STATUS);
	}
	return r;
}

/* --- the steps ---------------------------------------------------------------------------- */

struct run {
	struct expiry_limit limit;
	struct id subject; /* of a moving one */
	uint64_t daily;    /* 0: many */
	struct id id;
	struct row_expiry row;
};

static int32_t day(const char *text)
{
	int32_t d = 0;

	assert_true(civil_parse_day(text, &d));
	return d;
}

static int step_list(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	int r = tx_expiry_begin(tx, x->limit.is_review, 20000, &x->id, err);

	if (r == 0) {
		r = x->limit.is_moving ?
			tx_expiry_list_subject(tx, &x->id, &x->limit, &x->subject, err) :
			tx_expiry_list_cohorts(tx, &x->id, &x->limit, err);
	}
	return r;
}

static int step_admit(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	struct erase_limits brake = { .approval_ms = HOUR, .daily_slots = x->daily ? x->daily : 1000,
		.daily_cohorts = x->daily ? x->daily : 1000 };

	return tx_expiry_admit(tx, &x->id, &brake, &x->row, err);
}

static int step_shred(struct tx *tx, void *ctx, struct cu_err *err)
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

static void list(struct house *h, struct run *x)
{
	must_run(h, STORE_CHANGE, step_list, x);
	must_run(h, STORE_CHANGE, step_admit, x);
}

static void shred(struct house *h, struct run *x)
{
	do {
		must_run(h, STORE_CHANGE, step_shred, x);
	} while (x->row.state == EXPIRY_GOING);
}

static int clear(struct house *h, struct run *x)
{
	int n = 0;

	while (x->row.state == EXPIRY_CLEARING) {
		must_run(h, STORE_CHANGE, step_clear, x);
		n++;
	}
	return n;
}

static struct run orders_until(const char *last_day)
{
	return (struct run){ .limit = { .collection = "order", .last_day = day(last_day) } };
}

/* Orders of a person, so many in each of these months. */
static struct person add_orders(struct house *h, uint32_t first, uint32_t last, int n)
{
	struct person p = must_add(h, "Ada", "ada@example.org");
	struct person more = { .subject = p.subject, .collection = "order", .name = "an order" };

	for (more.cohort = first; more.cohort <= last; more.cohort++) {
		for (int i = 0; i < n; i++) {
			more.record = (struct id){ { 0 } };
			must_run(h, STORE_CHANGE, put_record, &more);
		}
	}
	return p;
}

static bool any_row_of(struct house *h, uint32_t period)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_cohort cohort = { 0 };
	struct cu_err err = { 0 };
	int r = reader_next_cohort(rd, "order", "default", period - 1, &cohort, &err);

	store_reader_give(h->store, rd);
	return r > 0 && cohort.period == period;
}

/* --- cohorts ------------------------------------------------------------------------------ */

static void the_last_day_of_a_month_or_a_day_is_known(void **state)
{
	(void)state;
	assert_int_equal(expiry_last_day(202402), day("2024-02-29"));
	assert_int_equal(expiry_last_day(202512), day("2025-12-31"));
	assert_int_equal(expiry_last_day(20250401), day("2025-04-01"));
}

static void cohorts_that_are_over_end_and_others_do_not(void **state)
{
	struct house h = { 0 };
	struct run x = orders_until("2026-02-28");
	struct person p;

	(void)state;
	must_open(&h, new_store_dir());
	p = add_orders(&h, 202601, 202604, 50);
	list(&h, &x);
	assert_int_equal(x.row.state, EXPIRY_GOING);
	assert_int_equal(x.row.ncohorts, 2);
	assert_int_equal(records_of(&h, &p.subject), 201);

	shred(&h, &x);
	assert_int_equal(x.row.state, EXPIRY_CLEARING);
	assert_int_equal(records_of(&h, &p.subject), 101); /* the rows are there, and pass */
	assert_int_equal(hits_of(&h, "order.name", "an order"), 100);
	reopen(&h);
	assert_int_equal(records_of(&h, &p.subject), 101);
	assert_true(clear(&h, &x) > 1); /* in small steps */

	assert_int_equal(x.row.state, EXPIRY_DONE);
	assert_int_equal(x.row.nrecords, 100);
	assert_int_equal(records_of(&h, &p.subject), 101);
	assert_false(any_row_of(&h, 202602));
	assert_true(any_row_of(&h, 202603));
	assert_int_equal(leaves_with(&h, "in=order why=retention"), 1);
	assert_int_equal(leaves_with(&h, "act=retention.done"), 1);
	/* what is of an old month and comes late lies under another key */
	must_run(&h, STORE_CHANGE, put_record,
		&(struct person){ .subject = p.subject, .collection = "order", .name = "late",
			.cohort = 202601 });
	assert_int_equal(hits_of(&h, "order.name", "late"), 1);
	house_close(&h);
}

static void a_death_between_shred_and_commit_is_made_good(void **state)
{
	struct house h = { 0 };
	struct run x = orders_until("2026-01-31");
	struct person p;
	const char *dir;
	pid_t pid;
	int status;

	(void)state;
	must_open(&h, new_store_dir());
	p = add_orders(&h, 202601, 202602, 2);
	list(&h, &x);
	dir = h.dir;
	house_close(&h);
	pid = fork();
	if (pid == 0) {
		must_open(&h, dir);
		dies_after_shred = true;
		must_run(&h, STORE_CHANGE, step_shred, &x);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), FAULT_STATUS);

	must_open(&h, dir);
	assert_int_equal(records_of(&h, &p.subject), 3);
	shred(&h, &x);
	clear(&h, &x);
	assert_int_equal(x.row.nrecords, 2);
	assert_int_equal(leaves_with(&h, "in=order why=retention"), 1);
	house_close(&h);
}

/* From wherever it got to, as the hourly duty does. */
static void finish(struct house *h, struct run *x)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int r = reader_expiry_last(rd, false, &x->row, &err);

	store_reader_give(h->store, rd);
	assert_ok(r, &err);
	x->id = x->row.id;
	if (r == 0 || x->row.state == EXPIRY_PLANNING) {
		list(h, x);
	}
	shred(h, x);
	clear(h, x);
	assert_int_equal(x->row.state, EXPIRY_DONE);
}

/* The rows are committed, and the log lacks the leaves; it is so once for each step. */
static void a_death_before_any_leaf_is_in_the_log_is_made_good(void **state)
{
	static tx_fn *const fns[] = { step_list, step_admit, step_shred, step_clear };
	const size_t nfns = sizeof(fns) / sizeof(fns[0]);

	(void)state;
	for (size_t dies_at = 0; dies_at < nfns; dies_at++) {
		struct house h = { 0 };
		struct run x = orders_until("2026-01-31");
		const char *dir = new_store_dir();
		struct person p;
		pid_t pid;
		int status;

		must_open(&h, dir);
		p = add_orders(&h, 202601, 202602, 2);
		house_close(&h);
		pid = fork();
		if (pid == 0) {
			must_open(&h, dir);
			for (size_t i = 0; i < nfns; i++) {
				dies_in_append = i == dies_at;
				must_run(&h, STORE_CHANGE, fns[i], &x);
			}
			house_close(&h);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		must_open(&h, dir);
		finish(&h, &x);
		assert_int_equal(records_of(&h, &p.subject), 3);
		assert_int_equal(leaves_with(&h, "act=retention.run"), 1);
		assert_int_equal(leaves_with(&h, "in=order why=retention"), 1);
		assert_int_equal(leaves_with(&h, "act=retention.done"), 1);
		house_close(&h);
	}
}

static int grant(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	struct buf scope = BUF_INIT;
	int r = tx_expiry_scope(tx, &x->id, &scope, err);

	memset(tx->actor.b, 0xbb, sizeof(tx->actor.b));
	if (r == 0) {
		r = tx_approval_grant(tx, &x->row.approval, buf_span(&scope), err);
	}
	buf_done(&scope);
	return r;
}

static int deny(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_approval_deny(tx, &((struct run *)ctx)->row.approval, err);
}

static void above_the_cap_exactly_the_list_is_confirmed(void **state)
{
	struct house h = { 0 };
	struct run x = orders_until("2026-03-31"), other = x;
	struct person p;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	p = add_orders(&h, 202601, 202603, 1);
	x.daily = 2;
	list(&h, &x);
	assert_int_equal(x.row.state, EXPIRY_ASKED);
	must_run(&h, STORE_CHANGE, step_shred, &x);
	assert_int_equal(x.row.state, EXPIRY_ASKED);
	assert_int_equal(records_of(&h, &p.subject), 4);
	assert_int_equal(run_op(&h, STORE_CHANGE, step_list, &other, &err), CU_EBUSY);
	must_run(&h, STORE_CHANGE, grant, &x);
	must_run(&h, STORE_CHANGE, step_admit, &x);
	assert_int_equal(x.row.state, EXPIRY_GOING);
	/* meanwhile the rule became longer: less than was confirmed goes */
	x.limit.last_day = day("2026-01-31");
	shred(&h, &x);
	assert_int_equal(x.row.ncohorts, 1);
	assert_int_equal(records_of(&h, &p.subject), 3);
	clear(&h, &x);

	x = orders_until("2026-03-31");
	x.daily = 2; /* one is spent */
	list(&h, &x);
	assert_int_equal(x.row.state, EXPIRY_ASKED);
	must_run(&h, STORE_CHANGE, deny, &x);
	must_run(&h, STORE_CHANGE, step_admit, &x);
	assert_int_equal(x.row.state, EXPIRY_DENIED);
	assert_int_equal(records_of(&h, &p.subject), 3);
	h.now_ms += 2 * DAY;
	x = orders_until("2026-03-31");
	x.daily = 2;
	list(&h, &x);
	assert_int_equal(x.row.state, EXPIRY_GOING);
	house_close(&h);
}

/* --- people ------------------------------------------------------------------------------- */

static void who_is_heard_of_after_the_list_was_made_stays(void **state)
{
	struct house h = { 0 };
	struct run x = { .limit = { .collection = "profile", .is_moving = true } };
	struct person ada, bob;

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", "ada@example.org");
	bob = must_add(&h, "Bob", "bob@example.org");
	x.limit.last_day = civil_day_of_ms(h.now_ms);
	h.now_ms += 100 * DAY;
	x.subject = ada.subject;
	must_run(&h, STORE_CHANGE, step_list, &x);
	must_run(&h, STORE_CHANGE, step_admit, &x);
	assert_int_equal(x.row.nslots, 1);
	must_run(&h, STORE_CHANGE, put_record, &ada);
	shred(&h, &x);
	assert_int_equal(x.row.nslots, 0);
	clear(&h, &x);
	assert_int_equal(records_of(&h, &ada.subject), 1);

	x.subject = bob.subject;
	list(&h, &x);
	shred(&h, &x);
	assert_int_equal(records_of(&h, &bob.subject), 0);
	/* what is written meanwhile has another key, and is not cleared with the old */
	bob.record = (struct id){ { 0 } };
	must_run(&h, STORE_CHANGE, put_record, &bob);
	clear(&h, &x);
	assert_int_equal(x.row.nrecords, 1);
	assert_int_equal(records_of(&h, &bob.subject), 1);
	house_close(&h);
}

/* An order is what is known last of Ada; it ends before her profile may. */
static void that_somebody_was_heard_of_outlives_the_record(void **state)
{
	struct house h = { 0 };
	struct run x = { .limit = { .collection = "order", .is_moving = true } };
	struct reader *rd;
	struct row_activity at;
	struct person ada;
	struct cu_err err = { 0 };
	int32_t last;

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", "ada@example.org");
	h.now_ms += 100 * DAY;
	last = civil_day_of_ms(h.now_ms);
	must_run(&h, STORE_CHANGE, put_record,
		&(struct person){ .subject = ada.subject, .collection = "order", .name = "x" });
	h.now_ms += 100 * DAY;
	x.limit.last_day = last;
	x.subject = ada.subject;
	list(&h, &x);
	shred(&h, &x);
	clear(&h, &x);
	assert_int_equal(x.row.nrecords, 1);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_next_activity(rd, NULL, INT64_MAX, "", &at, &err), 1);
	store_reader_give(h.store, rd);
	assert_int_equal(at.day, last);
	house_close(&h);
}

/* --- the clock ---------------------------------------------------------------------------- */

static int look_at_clock(struct tx *tx, void *ctx, struct cu_err *err)
{
	tx->actor = (struct id){ { 0 } }; /* custos itself */
	return tx_keeping_clock(tx, 30 * DAY, ctx, err);
}

static enum keeping_verdict verdict(struct house *h, struct keeping_clock *c)
{
	must_run(h, STORE_CHANGE, look_at_clock, c);
	return c->verdict;
}

static int grant_clock(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct keeping_clock *c = ctx;
	struct buf scope = BUF_INIT;
	int r = tx_keeping_scope(tx, KEEPING_KIND_CLOCK, &scope, err);

	if (r == 0) {
		r = tx_approval_grant(tx, &c->asked.id, buf_span(&scope), err);
	}
	buf_done(&scope);
	return r;
}

static void a_clock_that_jumps_needs_a_person(void **state)
{
	struct house h = { 0 };
	struct keeping_clock c;
	struct id first;

	(void)state;
	must_open(&h, new_store_dir());
	assert_int_equal(verdict(&h, &c), KEEPING_GOOD);
	h.now_ms += 23 * HOUR;
	assert_int_equal(verdict(&h, &c), KEEPING_GOOD);
	h.now_ms -= HOUR;
	assert_int_equal(verdict(&h, &c), KEEPING_BEHIND);
	h.now_ms += 1000 * DAY;
	assert_int_equal(verdict(&h, &c), KEEPING_AHEAD);
	first = c.asked.id;
	h.now_ms += 20 * HOUR; /* it goes on, and so does the question */
	assert_int_equal(verdict(&h, &c), KEEPING_AHEAD);
	assert_true(id_eq(&c.asked.id, &first));
	h.now_ms -= 1000 * DAY + 20 * HOUR; /* it was a slip */
	assert_int_equal(verdict(&h, &c), KEEPING_BEHIND);
	h.now_ms += 2 * HOUR;
	assert_int_equal(verdict(&h, &c), KEEPING_GOOD);
	assert_int_equal(leaves_with(&h, "act=approval.expire"), 1);

	reopen(&h); /* three days without power */
	h.now_ms += 3 * DAY;
	assert_int_equal(verdict(&h, &c), KEEPING_AHEAD);
	assert_false(id_eq(&c.asked.id, &first));
	must_run(&h, STORE_CHANGE, grant_clock, &c);
	h.now_ms += HOUR;
	assert_int_equal(verdict(&h, &c), KEEPING_GOOD);
	assert_int_equal(verdict(&h, &c), KEEPING_GOOD);
	assert_int_equal(leaves_with(&h, "act=retention.clock"), 1);
	house_close(&h);
}

static int find_last(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = engine_expiry_last(tx->engine, false, ctx, err);

	return r < 0 ? r : 0;
}

/* After a crash it is what goes on, and nothing else is begun beside it. */
static void a_run_under_way_is_found_though_the_clock_went_back(void **state)
{
	struct run first = orders_until("2020-01-31"), second = orders_until("2020-02-29");
	struct row_expiry last = { 0 };
	struct house h = { 0 };
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	add_orders(&h, 202001, 202003, 1);
	list(&h, &first);
	shred(&h, &first);
	clear(&h, &first);
	h.now_ms -= 30 * DAY;
	list(&h, &second);
	assert_int_equal(second.row.state, EXPIRY_GOING);
	reopen(&h);
	must_run(&h, STORE_LEAF, find_last, &last);
	assert_true(id_eq(&last.id, &second.id));
	assert_fails(run_op(&h, STORE_CHANGE, step_list, &first, &err), CU_EBUSY, &err,
		"ended already");
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_day_of_a_month_or_a_day_is_known),
		cmocka_unit_test(cohorts_that_are_over_end_and_others_do_not),
		cmocka_unit_test(a_death_between_shred_and_commit_is_made_good),
		cmocka_unit_test(a_death_before_any_leaf_is_in_the_log_is_made_good),
		cmocka_unit_test(above_the_cap_exactly_the_list_is_confirmed),
		cmocka_unit_test(who_is_heard_of_after_the_list_was_made_stays),
		cmocka_unit_test(that_somebody_was_heard_of_outlives_the_record),
		cmocka_unit_test(a_clock_that_jumps_needs_a_person),
		cmocka_unit_test(a_run_under_way_is_found_though_the_clock_went_back),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
