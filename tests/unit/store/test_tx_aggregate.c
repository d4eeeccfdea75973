#include "store_help.h"

#include <sys/wait.h>

#include "fault.h"
#include "store/reader_expiry.h"
#include "store/tx_aggregate.h"
#include "store/tx_hold.h"

/* The linker's name (see the build file). */
int __real_vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err);
int __wrap_vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err);

static bool dies_after_shred;

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
	const struct id *subjects; /* of a moving one */
	int nsubjects;
	struct id id;
	struct row_expiry row;
	struct expiry_batch batch;
	uint64_t nrecords;
};

static const struct erase_limits brake = { .daily_slots = 1000, .daily_cohorts = 1000 };

static int step_list(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	int r = tx_expiry_begin(tx, false, 20000, &x->id, err);

	if (r == 0 && !x->limit.is_moving) {
		r = tx_expiry_list_cohorts(tx, &x->id, &x->limit, err);
	}
	for (int i = 0; r == 0 && i < x->nsubjects; i++) {
		r = tx_expiry_list_subject(tx, &x->id, &x->limit, &x->subjects[i], err);
	}
	return r < 0 ? r : tx_expiry_admit(tx, &x->id, &brake, &x->row, err);
}

static int step_next(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;

	return tx_aggregate_next(tx, &x->id, &(struct expiry_limits){ &x->limit, 1 }, &x->batch, err);
}

static int step_put(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;
	struct row_aggregate row = { .nrecords = x->nrecords };

	strcpy(row.collection, x->limit.collection);
	strcpy(row.group, "date=2026-01");
	strcpy(row.sums, "amount=1234500/2");
	return tx_aggregate_put(tx, &x->id, &x->batch, &row, 1, x->nrecords, err);
}

static int step_shred(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct run *x = ctx;

	return tx_expiry_shred(tx, &x->id, &(struct expiry_limits){ &x->limit, 1 }, &x->row, err);
}

static int add_one(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)row;
	(void)rec;
	(void)err;
	++*(uint64_t *)ctx;
	return 0;
}

/* What a worker does between two steps. */
static void count(struct house *h, struct run *x)
{
	struct reader *rd;
	struct cu_err err = { 0 };
	uint64_t nopened = 0;

	must_run(h, STORE_CHANGE, step_next, x);
	rd = store_reader_take(h->store);
	x->nrecords = 0;
	for (size_t i = 0; i < x->batch.n; i++) {
		int64_t at = 0;

		while (reader_keyed(rd, &x->batch.items[i], &at, add_one, &nopened, &err) > 0) {
			x->nrecords++;
		}
	}
	store_reader_give(h->store, rd);
	assert_int_equal(nopened, x->nrecords);
	if (x->batch.n > 0) {
		must_run(h, STORE_CHANGE, step_put, x);
	}
}

static uint64_t counted(struct house *h)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_aggregate at = { .nrecords = 0 };
	struct cu_err err = { 0 };
	uint64_t n = 0;
	int r;

	while ((r = reader_next_aggregate(rd, &at, &at, &err)) > 0) {
		n += at.nrecords;
	}
	store_reader_give(h->store, rd);
	assert_ok(r, &err);
	return n;
}

static struct run orders(void)
{
	struct run x = { .limit = { .collection = "order", .is_counted = true,
		.backed_up = UINT64_MAX } };

	assert_true(civil_parse_day("2026-01-31", &x.limit.last_day));
	return x;
}

static struct person add_orders(struct house *h, int n)
{
	struct person p = must_add(h, "Ada", "ada@example.org");
	struct person more = { .subject = p.subject, .collection = "order", .name = "an order",
		.cohort = 202601 };

	for (int i = 0; i < n; i++) {
		more.record = (struct id){ { 0 } };
		must_run(h, STORE_CHANGE, put_record, &more);
	}
	return more;
}

/* --- tests -------------------------------------------------------------------------------- */

static void numbers_are_there_once_the_keys_are_gone(void **state)
{
	struct house h = { 0 };
	struct run x = orders();

	(void)state;
	must_open(&h, new_store_dir());
	add_orders(&h, 2);
	must_run(&h, STORE_CHANGE, step_list, &x);
	count(&h, &x);
	assert_int_equal(counted(&h), 0);

	must_run(&h, STORE_CHANGE, step_shred, &x);
	assert_int_equal(x.row.state, EXPIRY_CLEARING);
	assert_int_equal(counted(&h), 2);
	assert_int_equal(leaves_with(&h, "act=retention.count"), 1);
	reopen(&h);
	assert_int_equal(counted(&h), 2);
	house_close(&h);
}

static void what_was_not_counted_keeps_its_key(void **state)
{
	struct house h = { 0 };
	struct run x = orders();
	struct person p;

	(void)state;
	must_open(&h, new_store_dir());
	p = add_orders(&h, 2);
	must_run(&h, STORE_CHANGE, step_list, &x);
	must_run(&h, STORE_CHANGE, step_shred, &x);
	assert_int_equal(x.row.ncohorts, 0);
	assert_int_equal(records_of(&h, &p.subject), 3);
	house_close(&h);
}

static void what_changes_after_it_was_counted_is_counted_anew(void **state)
{
	struct house h = { 0 };
	struct run x = orders();
	struct person p;

	(void)state;
	must_open(&h, new_store_dir());
	p = add_orders(&h, 2);
	must_run(&h, STORE_CHANGE, step_list, &x);
	count(&h, &x);
	must_run(&h, STORE_CHANGE, put_record, &p); /* the second again: as many as before */
	must_run(&h, STORE_CHANGE, step_shred, &x);
	assert_int_equal(x.row.state, EXPIRY_GOING);
	count(&h, &x);
	p.record = (struct id){ { 0 } };
	must_run(&h, STORE_CHANGE, put_record, &p);
	must_run(&h, STORE_CHANGE, step_shred, &x);
	assert_int_equal(x.row.state, EXPIRY_GOING);
	assert_int_equal(counted(&h), 0);
	assert_int_equal(records_of(&h, &p.subject), 4);

	count(&h, &x);
	must_run(&h, STORE_CHANGE, step_shred, &x);
	assert_int_equal(x.row.state, EXPIRY_CLEARING);
	assert_int_equal(counted(&h), 3);
	house_close(&h);
}

static int hold(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct hold_what what = { .subject = ((struct person *)ctx)->subject,
		.text = span_str("a case"), .review_day = CIVIL_NO_DAY };
	struct id id;

	return tx_hold_place(tx, &what, &id, err);
}

static void what_is_held_after_it_was_counted_leaves_no_numbers(void **state)
{
	struct house h = { 0 };
	struct run x = orders();
	struct person p;

	(void)state;
	must_open(&h, new_store_dir());
	p = add_orders(&h, 2);
	must_run(&h, STORE_CHANGE, step_list, &x);
	count(&h, &x);
	must_run(&h, STORE_CHANGE, hold, &p);
	for (int i = 0; i < 3 && x.row.state == EXPIRY_GOING; i++) {
		must_run(&h, STORE_CHANGE, step_shred, &x);
	}
	assert_int_equal(x.row.ncohorts, 0);
	assert_int_equal(counted(&h), 0);
	assert_int_equal(records_of(&h, &p.subject), 3);
	house_close(&h);
}

static void a_death_between_shred_and_commit_counts_once(void **state)
{
	struct house h = { 0 };
	struct run x = orders();
	const char *dir = new_store_dir();
	pid_t pid;
	int status;

	(void)state;
	must_open(&h, dir);
	add_orders(&h, 2);
	house_close(&h);
	pid = fork();
	if (pid == 0) {
		must_open(&h, dir);
		must_run(&h, STORE_CHANGE, step_list, &x);
		count(&h, &x);
		dies_after_shred = true;
		must_run(&h, STORE_CHANGE, step_shred, &x);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), FAULT_STATUS);

	must_open(&h, dir);
	assert_int_equal(counted(&h), 0);
	{
		struct reader *rd = store_reader_take(h.store);
		struct cu_err err = { 0 };

		assert_int_equal(reader_expiry_last(rd, false, &x.row, &err), 1);
		store_reader_give(h.store, rd);
		x.id = x.row.id;
	}
	count(&h, &x); /* it cannot be, and is not */
	must_run(&h, STORE_CHANGE, step_shred, &x);
	assert_int_equal(x.row.state, EXPIRY_CLEARING);
	assert_int_equal(counted(&h), 2);
	assert_int_equal(leaves_with(&h, "act=retention.count"), 1);
	house_close(&h);
}

static void people_of_one_collection_are_counted_together(void **state)
{
	struct house h = { 0 };
	struct run x = { .limit = { .collection = "profile", .is_counted = true,
		.is_moving = true, .last_day = 30000 } };
	struct id who[100];

	(void)state;
	must_open(&h, new_store_dir());
	for (int i = 0; i < 100; i++) {
		who[i] = must_add(&h, "Ada", "ada@example.org").subject;
	}
	x.subjects = who;
	x.nsubjects = 100;
	must_run(&h, STORE_CHANGE, step_list, &x);
	count(&h, &x);
	assert_int_equal(x.batch.n, 100);
	must_run(&h, STORE_CHANGE, step_shred, &x);
	assert_int_equal(x.row.state, EXPIRY_CLEARING);
	assert_int_equal(counted(&h), 100);
	assert_int_equal(leaves_with(&h, "in=profile why=retention"), 2);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_there_once_the_keys_are_gone),
		cmocka_unit_test(what_was_not_counted_keeps_its_key),
		cmocka_unit_test(what_changes_after_it_was_counted_is_counted_anew),
		cmocka_unit_test(what_is_held_after_it_was_counted_leaves_no_numbers),
		cmocka_unit_test(a_death_between_shred_and_commit_counts_once),
		cmocka_unit_test(people_of_one_collection_are_counted_together),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
