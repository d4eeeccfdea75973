/* Records' own rules and ends, in the store. */
#include "store_help.h"

#include "store/reader_rule.h"
#include "store/store_internal.h"
#include "store/tx_hold.h"
#include "store/tx_rule.h"

#define HOUR_MS (3600 * 1000LL)

struct ruled {
	struct id record;
	const char *text;
	int64_t expires_ms;
};

static int step_rule(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct ruled *u = ctx;
	struct rule rule;
	int r = rule_parse(u->text, &rule, err);

	return r < 0 ? r : tx_rule_put(tx, &u->record, &rule, u->expires_ms, err);
}

static void must_rule(struct house *h, const struct id *record, const char *text,
	int64_t expires_ms)
{
	must_run(h, STORE_CHANGE, step_rule, &(struct ruled){ *record, text, expires_ms });
}

static struct row_record row_of(struct house *h, const struct id *record)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_record row;
	struct cu_err err = { 0 };

	assert_int_equal(engine_record_get(rd->engine, record, &row, &err), 1);
	store_reader_give(h->store, rd);
	return row;
}

static int step_end(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct id record = { 0 };
	int64_t at_ms = 0;
	int r;

	while ((r = tx_rule_end_some(tx, &at_ms, &record, ctx, err)) > 0) {
	}
	return r;
}

static uint64_t end_all(struct house *h)
{
	uint64_t n = 0;

	must_run(h, STORE_CHANGE, step_end, &n);
	return n;
}

static bool allows_no_survey(const void *ctx, const struct rule *rule)
{
	(void)ctx;
	return !rule_has(rule, RULE_PURPOSE, "survey");
}

static int shown_of(struct house *h, const struct id *subject, bool narrows)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int n = 0;

	if (narrows) {
		reader_narrow(rd, allows_no_survey, NULL, h->now_ms);
	}
	assert_ok(reader_records(rd, subject, NULL, count_one, &n, &err), &err);
	store_reader_give(h->store, rd);
	return n;
}

static uint64_t found(struct house *h, enum rule_kind kind, const char *key)
{
	struct rule_search s = { .kind = kind, .key = key, .collection = "profile" };
	struct reader *rd = store_reader_take(h->store);
	struct buf ids = BUF_INIT;
	struct cu_err err = { 0 };
	uint64_t n = 0, counted = 0;

	assert_ok(reader_search(rd, &s, &ids, &err), &err);
	assert_ok(reader_search_count(rd, &s, 0, &counted, &err), &err);
	n = ids.n / sizeof(struct id);
	buf_done(&ids);
	store_reader_give(h->store, rd);
	assert_true(n == counted);
	return n;
}

static void records_are_found_by_what_their_rules_say(void **state)
{
	struct house h = { 0 };
	struct person ada, bob;

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", NULL);
	must_rule(&h, &ada.record, "pcare\npsurvey\nsmailing\n", 0);
	must_rule(&h, &bob.record, "pcare\n", 0);
	assert_true(found(&h, RULE_PURPOSE, "care") == 2);
	assert_true(found(&h, RULE_PURPOSE, "survey") == 1);
	assert_true(found(&h, RULE_OBJECTION, "care") == 0);
	assert_int_equal(shown_of(&h, &ada.subject, true), 0);
	assert_int_equal(shown_of(&h, &ada.subject, false), 1);
	assert_int_equal(shown_of(&h, &bob.subject, true), 1);

	must_rule(&h, &ada.record, "", 0);
	assert_true(found(&h, RULE_PURPOSE, "survey") == 0);
	assert_int_equal(shown_of(&h, &ada.subject, true), 1);
	house_close(&h);
}

static void those_that_end_on_one_day_share_a_key(void **state)
{
	struct house h = { 0 };
	struct person ada, bob;
	uint64_t slot;

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", NULL);
	must_rule(&h, &ada.record, "k2h\n", h.now_ms + 48 * HOUR_MS);
	must_rule(&h, &bob.record, "k3h\n", h.now_ms + 48 * HOUR_MS + 1);
	slot = row_of(&h, &ada.record).cohort_slot;
	assert_true(row_of(&h, &ada.record).has_cohort && slot == row_of(&h, &bob.record).cohort_slot);
	assert_int_equal(records_of(&h, &ada.subject), 1);

	/* a new version ends when the last would have */
	must_run(&h, STORE_CHANGE, put_record, &ada);
	assert_true(row_of(&h, &ada.record).cohort_slot == slot);
	assert_true(row_of(&h, &ada.record).expires_ms == h.now_ms + 48 * HOUR_MS);
	assert_true(row_of(&h, &ada.record).rule != 0);

	/* another day, another key; and none */
	must_rule(&h, &ada.record, "k2h\n", h.now_ms + 96 * HOUR_MS);
	assert_true(row_of(&h, &ada.record).cohort_slot != slot);
	assert_int_equal(records_of(&h, &ada.subject), 1);
	must_rule(&h, &ada.record, "", 0);
	assert_false(row_of(&h, &ada.record).has_cohort);
	assert_int_equal(records_of(&h, &ada.subject), 1);
	house_close(&h);
}

/* Sealed again under the month that it is of. */
static void without_an_end_a_record_is_of_its_month_again(void **state)
{
	struct house h = { 0 };
	struct person ada = { .name = "Ada", .collection = "order", .cohort = 202611 };
	uint64_t slot;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_person, &ada);
	slot = row_of(&h, &ada.record).cohort_slot;
	must_rule(&h, &ada.record, "k2h\n", h.now_ms + HOUR_MS);
	assert_true(row_of(&h, &ada.record).cohort_slot != slot);
	must_rule(&h, &ada.record, "", 0);
	assert_true(row_of(&h, &ada.record).cohort_slot == slot);
	assert_int_equal(records_of(&h, &ada.subject), 1);
	house_close(&h);
}

static int step_hold(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct hold_what what = { .subject = *(struct id *)ctx, .text = span_str("case 1"),
		.review_day = CIVIL_NO_DAY };

	return tx_hold_place(tx, &what, ctx, err);
}

static int step_release(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_hold_release(tx, ctx, err);
}

static void what_is_over_goes_once_nothing_holds_it(void **state)
{
	struct house h = { 0 };
	struct person ada, bob, eve;
	struct id hold;

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", NULL);
	eve = must_add(&h, "Eve", NULL);
	must_rule(&h, &ada.record, "k2h\n", h.now_ms + 2 * HOUR_MS);
	must_rule(&h, &bob.record, "k2h\n", h.now_ms + 2 * HOUR_MS);
	must_rule(&h, &eve.record, "k3h\n", h.now_ms + 3 * HOUR_MS);
	hold = bob.subject;
	must_run(&h, STORE_CHANGE, step_hold, &hold);
	assert_true(end_all(&h) == 0);

	h.now_ms += 2 * HOUR_MS;
	assert_int_equal(shown_of(&h, &ada.subject, true), 0); /* at once */
	assert_int_equal(shown_of(&h, &bob.subject, true), 0);
	assert_int_equal(shown_of(&h, &eve.subject, true), 1);
	assert_true(end_all(&h) == 1);
	assert_int_equal(records_of(&h, &ada.subject), 0);
	assert_int_equal(records_of(&h, &bob.subject), 1);
	assert_int_equal(leaves_with(&h, "act=record.delete"), 1);
	assert_int_equal(leaves_with(&h, "act=hold.block"), 1);
	assert_true(end_all(&h) == 0);
	assert_int_equal(leaves_with(&h, "act=hold.block"), 1); /* told once */

	must_run(&h, STORE_CHANGE, step_release, &hold);
	assert_true(end_all(&h) == 1);
	assert_true(found(&h, RULE_KEEP, "2h") == 0);
	assert_true(found(&h, RULE_KEEP, "3h") == 1);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_found_by_what_their_rules_say),
		cmocka_unit_test(those_that_end_on_one_day_share_a_key),
		cmocka_unit_test(without_an_end_a_record_is_of_its_month_again),
		cmocka_unit_test(what_is_over_goes_once_nothing_holds_it),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
