/* Duties that were done: their order, their evidence, and what of it stays. */
#include "store_help.h"

#include "store/tx_duty.h"

static int do_it(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = tx_duty_know(tx, ((struct row_duty *)ctx)->duty, err);

	return r < 0 ? r : tx_duty_done(tx, ctx, span_str("all were looked at"), err);
}

static int before(struct house *h, const char *duty, const struct row_duty *from,
	struct row_duty *ret)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int r = reader_duty_before(rd, duty, from, ret, &err);

	store_reader_give(h->store, rd);
	return r;
}

static void doings_come_back_newest_first_with_their_evidence(void **state)
{
	struct row_duty first = { .duty = "training", .day = 20000, .due_day = 19990 };
	struct row_duty second = { .duty = "training", .day = 20100, .due_day = 20090 };
	struct row_duty other = { .duty = "audit", .day = 20200, .due_day = 20200 }, got;
	struct house h = { 0 };
	struct reader *rd;
	struct cu_err err = { 0 };
	char key[ENGINE_KEY_SIZE] = "";
	int64_t since = 0;
	int n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, do_it, &second);
	must_run(&h, STORE_CHANGE, do_it, &first); /* written down later, done before */
	must_run(&h, STORE_CHANGE, do_it, &other);
	reopen(&h);
	assert_int_equal(before(&h, "training", NULL, &got), 1);
	assert_memory_equal(&got.id, &second.id, sizeof(got.id));
	assert_int_equal(got.day, 20100);
	assert_int_equal(got.due_day, 20090);
	assert_int_equal(got.at_ms, second.at_ms);
	assert_int_equal(before(&h, "training", &got, &got), 1);
	assert_memory_equal(&got.kase, &first.kase, sizeof(got.kase));
	assert_int_equal(before(&h, "training", &got, &got), 0);
	assert_int_equal(leaves_with(&h, "act=duty.done"), 3);

	rd = store_reader_take(h.store);
	assert_int_equal(reader_duty_next_key(rd, "", key, &err), 1);
	assert_string_equal(key, "audit");
	assert_int_equal(reader_duty_next_key(rd, key, key, &err), 1);
	assert_string_equal(key, "training");
	assert_int_equal(reader_duty_next_key(rd, key, key, &err), 0);
	assert_int_equal(reader_duty_known(rd, "audit", &since, &err), 1);
	assert_true(since > 0);
	assert_int_equal(reader_duty_known(rd, "drill", &since, &err), 0);
	assert_ok(reader_begin(rd, &err), &err);
	assert_ok(reader_records(rd, &first.kase, DUTY_COLLECTION, count_one, &n, &err), &err);
	reader_end(rd);
	store_reader_give(h.store, rd);
	assert_int_equal(n, 1);
	house_close(&h);
}

static int end_one(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = tx_duty_end_one(tx, tx->now_ms + 1, err);

	*(int *)ctx = r;
	return r < 0 ? r : 0;
}

static void old_evidence_is_forgotten_but_the_newest_of_each_stays(void **state)
{
	struct row_duty rows[] = { { .duty = "training", .day = 20000, .due_day = 20000 },
		{ .duty = "training", .day = 20100, .due_day = 20100 },
		{ .duty = "audit", .day = 19000, .due_day = 19000 } }, got;
	struct house h = { 0 };
	int found = 0;

	(void)state;
	must_open(&h, new_store_dir());
	for (size_t i = 0; i < 3; i++) {
		must_run(&h, STORE_CHANGE, do_it, &rows[i]);
	}
	must_run(&h, STORE_CHANGE, end_one, &found);
	assert_int_equal(found, 1);
	must_run(&h, STORE_CHANGE, end_one, &found);
	assert_int_equal(found, 0);
	assert_int_equal(before(&h, "training", NULL, &got), 1);
	assert_memory_equal(&got.id, &rows[1].id, sizeof(got.id));
	assert_int_equal(before(&h, "training", &got, &got), 0);
	assert_int_equal(before(&h, "audit", NULL, &got), 1);
	assert_int_equal(leaves_with(&h, "act=duty.end"), 1);
	assert_int_equal(hits_of(&h, DUTY_COLLECTION ".text", "all were looked at"), 2);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doings_come_back_newest_first_with_their_evidence),
		cmocka_unit_test(old_evidence_is_forgotten_but_the_newest_of_each_stays),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
