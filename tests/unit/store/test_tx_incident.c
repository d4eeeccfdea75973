/* Incidents: their numbers, rows, texts, who was told, and whom they are about. */
#include "store_help.h"

#include "store/reader_incident.h"
#include "store/tx_incident.h"

#define TEXTS "custos.incident"

static int open_one(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = tx_incident_open(tx, ctx, err);

	return r < 0 ? r : tx_incident_text(tx, ctx, "facts", span_str("a list was lost"), err);
}

static int put_row(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_incident_put(tx, ctx, LEAF_INCIDENT_NOTE, "effects", err);
}

static int next_of(struct house *h, uint32_t after, struct row_incident *ret)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int r = reader_next_incident(rd, after, ret, &err);

	store_reader_give(h->store, rd);
	return r;
}

static void numbers_rise_and_all_of_a_row_comes_back(void **state)
{
	static struct row_incident got, full = { .kind = 3, .risk = 2, .keys_are_safe = true,
		.noticed_ms = 5, .from_ms = -7, .to_ms = 8, .scoped_ms = 9, .naffected = 10,
		.closed_ms = 11 };
	struct row_incident first = { .kind = 1, .noticed_ms = 1 };
	struct house h = { 0 };
	struct reader *rd;
	struct cu_err err = { 0 };
	int n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	assert_int_equal(next_of(&h, 0, &got), 0);
	must_run(&h, STORE_CHANGE, open_one, &first);
	must_run(&h, STORE_CHANGE, open_one, &full);
	assert_int_equal(first.number, 1);
	assert_int_equal(full.number, 2);
	full.risk = 1;
	must_run(&h, STORE_CHANGE, put_row, &full);
	reopen(&h);
	assert_int_equal(next_of(&h, 1, &got), 1);
	assert_memory_equal(&got.id, &full.id, sizeof(got.id));
	assert_memory_equal(&got.kase, &full.kase, sizeof(got.kase));
	assert_int_equal(got.number, 2);
	assert_int_equal(got.kind, 3);
	assert_int_equal(got.risk, 1);
	assert_true(got.keys_are_safe);
	assert_int_equal(got.noticed_ms, 5);
	assert_int_equal(got.entered_ms, full.entered_ms);
	assert_int_equal(got.from_ms, -7);
	assert_int_equal(got.to_ms, 8);
	assert_int_equal(got.scoped_ms, 9);
	assert_int_equal(got.naffected, 10);
	assert_int_equal(got.closed_ms, 11);
	assert_int_equal(next_of(&h, 2, &got), 0);
	assert_int_equal(leaves_with(&h, "act=incident.open"), 2);
	assert_int_equal(leaves_with(&h, " why=effects n=2"), 1);

	rd = store_reader_take(h.store);
	assert_ok(reader_begin(rd, &err), &err);
	assert_ok(reader_records(rd, &full.kase, TEXTS, count_one, &n, &err), &err);
	reader_end(rd);
	assert_int_equal(reader_incident(rd, 3, &got, &err), 0);
	assert_int_equal(reader_incident(rd, 1, &got, &err), 1);
	store_reader_give(h.store, rd);
	assert_int_equal(n, 1);
	house_close(&h);
}

struct told {
	struct row_incident *row;
	struct row_incident_told told;
};

static int put_told(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct told *t = ctx;

	return tx_incident_told(tx, t->row, &t->told, "authority", err);
}

static int told_of(struct house *h, const struct row_incident *row, const char *law, unsigned to,
	int64_t *ret)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int r = reader_incident_told(rd, row, law, to, ret, &err);

	store_reader_give(h->store, rd);
	return r;
}

static void the_first_telling_counts_for_each_law_and_each_who_is_told(void **state)
{
	struct row_incident row = { .kind = 1, .noticed_ms = 1 };
	struct told t = { &row, { "gdpr", 0, 700 } };
	struct house h = { 0 };
	int64_t at = 0;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, open_one, &row);
	assert_int_equal(told_of(&h, &row, "gdpr", 0, &at), 0);
	must_run(&h, STORE_CHANGE, put_told, &t);
	t.told.at_ms = 500;
	must_run(&h, STORE_CHANGE, put_told, &t);
	must_run(&h, STORE_CHANGE, put_told, &t); /* the same twice */
	assert_int_equal(told_of(&h, &row, "gdpr", 0, &at), 1);
	assert_int_equal(at, 500);
	assert_int_equal(told_of(&h, &row, "pipl", 0, &at), 0);
	assert_int_equal(told_of(&h, &row, "gdpr", 1, &at), 0);
	assert_int_equal(leaves_with(&h, " in=gdpr why=authority n=1"), 3);
	house_close(&h);
}

struct scoping {
	struct row_incident *row;
	struct span ids;
};

static int put_scope(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct scoping *s = ctx;

	return tx_incident_scope(tx, s->row, "incident", s->ids, err);
}

/* Also of people who are here no more: nothing is asked of a data subject. */
static void whom_it_is_about_stands_in_the_access_journal(void **state)
{
	static const struct id two[] = { { { 1 } }, { { 2 } } };
	struct row_incident row = { .kind = 1, .noticed_ms = 1 }, got;
	struct scoping s = { &row, { (const uint8_t *)two, sizeof(two) } };
	struct house h = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, open_one, &row);
	must_run(&h, STORE_CHANGE, put_scope, &s);
	assert_int_equal(next_of(&h, 0, &got), 1);
	assert_int_equal(got.naffected, 2);
	assert_int_equal(got.scoped_ms, h.now_ms);
	assert_int_equal(leaves_with(&h, "act=incident.scope"), 1);
	assert_int_equal(leaves_with(&h, " for=incident obj="), 1);
	s.ids = (struct span){ 0 };
	must_run(&h, STORE_CHANGE, put_scope, &s);
	assert_int_equal(next_of(&h, 0, &got), 1);
	assert_int_equal(got.naffected, 0);
	assert_int_equal(leaves_with(&h, "act=incident.scope"), 2);
	assert_int_equal(leaves_with(&h, " for=incident rec="), 1);
	house_close(&h);
}

static int end_one(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = tx_incident_end_one(tx, 1000, err);

	*(int *)ctx = r;
	return r < 0 ? r : 0;
}

static void a_closed_incident_is_forgotten_when_its_time_is_over(void **state)
{
	struct row_incident open = { .kind = 1 }, old = { .kind = 1 }, recent = { .kind = 1 }, got;
	struct house h = { 0 };
	int found = 0;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, open_one, &open);
	must_run(&h, STORE_CHANGE, open_one, &old);
	must_run(&h, STORE_CHANGE, open_one, &recent);
	old.closed_ms = 999;
	recent.closed_ms = 1000;
	must_run(&h, STORE_CHANGE, put_row, &old);
	must_run(&h, STORE_CHANGE, put_row, &recent);
	must_run(&h, STORE_CHANGE, end_one, &found);
	assert_int_equal(found, 1);
	must_run(&h, STORE_CHANGE, end_one, &found);
	assert_int_equal(found, 0);
	assert_int_equal(next_of(&h, 0, &got), 1);
	assert_int_equal(got.number, open.number);
	assert_int_equal(next_of(&h, open.number, &got), 1);
	assert_int_equal(got.number, recent.number);
	assert_int_equal(leaves_with(&h, "act=incident.end"), 1);
	assert_int_equal(hits_of(&h, TEXTS ".text", "a list was lost"), 2);
	/* its number is not given again */
	must_run(&h, STORE_CHANGE, open_one, &(struct row_incident){ .kind = 1 });
	assert_int_equal(next_of(&h, recent.number, &got), 1);
	assert_int_equal(got.number, 4);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_rise_and_all_of_a_row_comes_back),
		cmocka_unit_test(the_first_telling_counts_for_each_law_and_each_who_is_told),
		cmocka_unit_test(whom_it_is_about_stands_in_the_access_journal),
		cmocka_unit_test(a_closed_incident_is_forgotten_when_its_time_is_over),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
