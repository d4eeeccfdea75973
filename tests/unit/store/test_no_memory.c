/* Without memory a step is refused: nothing is found to be over, or not there, for want of it. */
#include "engine_help.h"

#include "each_allocation.h"
#include "store/engine_hold.h"
#include "store/index.h"

struct rows {
	struct engine *engine;
	struct id subject, record, hold;
};

/* A person with three records in three collections, each under a slot; two of the collections are held. */
static void fill(struct rows *r)
{
	static const char *const names[] = { "contact_point", "order", "profile" };
	struct cu_err err = { 0 };
	struct row_hold hold = { .id = id_of(9), .subject = id_of(1), .scope = HOLD_COLLECTIONS,
		.state = HOLD_ACTIVE, .review_day = CIVIL_NO_DAY };

	*r = (struct rows){ fresh(NULL), id_of(1), id_of(2), id_of(9) };
	begin(r->engine);
	for (uint8_t i = 0; i < 3; i++) {
		struct row_record row = record_of((uint8_t)(2 + i), 1, names[i]);
		struct row_slot slot = { .subject = r->subject, .slot = 1000u + i };

		snprintf(slot.collection, sizeof(slot.collection), "%s", names[i]);
		put_record(r->engine, &row);
		assert_ok(engine_slot_put(r->engine, &slot, &err), &err);
	}
	assert_ok(engine_hold_put(r->engine, &hold, &err), &err);
	assert_ok(engine_hold_part_put(r->engine, &r->hold, "order", &err), &err);
	assert_ok(engine_hold_part_put(r->engine, &r->hold, "profile", &err), &err);
	commit(r->engine);
}

static int walk_slots(void *ctx, struct cu_err *err)
{
	struct rows *rows = ctx;
	struct row_slot row = { 0 };
	int r, n = 0;

	while ((r = engine_slot_next(rows->engine, &rows->subject, row.collection, &row, err)) > 0) {
		n++;
	}
	assert_true(r < 0 || n == 3);
	return r;
}

static int walk_records(void *ctx, struct cu_err *err)
{
	struct rows *rows = ctx;
	struct row_record row, *after = NULL;
	int r, n = 0;

	while ((r = engine_record_next(rows->engine, &rows->subject, NULL, after, &row, err)) > 0) {
		after = &row;
		n++;
	}
	assert_true(r < 0 || n == 3);
	return r;
}

static int get_record(void *ctx, struct cu_err *err)
{
	struct rows *rows = ctx;
	struct row_record row;
	int r = engine_record_get(rows->engine, &rows->record, &row, err);

	assert_true(r != 0);
	engine_release(rows->engine);
	return r;
}

static int look_for_hold(void *ctx, struct cu_err *err)
{
	struct rows *rows = ctx;
	struct id hold;
	int r = engine_hold_covers(rows->engine, &rows->subject, "profile", NULL, &hold, err);

	assert_true(r != 0);
	return r;
}

static int walk_parts(void *ctx, struct cu_err *err)
{
	struct rows *rows = ctx;
	char part[ENGINE_KEY_SIZE] = "";
	int r, n = 0;

	while ((r = engine_hold_part_next(rows->engine, &rows->hold, part, part, err)) > 0) {
		n++;
	}
	assert_true(r < 0 || n == 2);
	return r;
}

/* Each time in another engine: statements are prepared once. */
static void refuse_each(each_step *step)
{
	struct rows rows;
	long n;

	fill(&rows);
	n = each_allocation_refused(step, &rows);
	assert_true(n > 0);
	engine_close(rows.engine);
}

static void a_walk_over_rows_is_whole_or_says_that_it_is_not(void **state)
{
	(void)state;
	refuse_each(walk_slots);
	refuse_each(walk_records);
	refuse_each(walk_parts);
}

static void a_record_is_not_called_unknown(void **state)
{
	(void)state;
	refuse_each(get_record);
}

static void a_hold_is_not_overlooked(void **state)
{
	(void)state;
	refuse_each(look_for_hold);
}

/* Each time anew, in whatever way the one before ended. */
static int read_once(void *ctx, struct cu_err *err)
{
	struct rows *rows = ctx;
	int r = engine_read_begin(rows->engine, err);

	if (r == 0) {
		r = walk_slots(rows, err);
		engine_read_end(rows->engine);
	}
	return r;
}

static int write_once(void *ctx, struct cu_err *err)
{
	struct rows *rows = ctx;
	struct row_record row = record_of(7, 1, "profile");
	int r = engine_begin(rows->engine, err);

	if (r == 0) {
		r = engine_record_put(rows->engine, &row, NULL, 0, err);
		engine_rollback(rows->engine);
	}
	return r;
}

static void a_transaction_ends_without_memory(void **state)
{
	(void)state;
	refuse_each(read_once);
	refuse_each(write_once);
}

static int collect(void *ctx, struct cu_err *err)
{
	struct index_terms terms;
	struct buf value = BUF_INIT_WIPE;
	int r;

	(void)ctx;
	index_terms_init(&terms);
	buf_put_str(&value, "shop");
	buf_put_u8(&value, 0);
	buf_put_str(&value, "a number that is longer than what a buffer has at first: 00000000000000000000000017");
	index_add_buf(&terms, "identifier.value", &value);
	r = buf_check(&terms.text, err);
	assert_true(r < 0 || (terms.n == 1 && terms.at[0].value_n == value.n));
	index_terms_done(&terms);
	buf_done(&value);
	return r;
}

static void a_term_is_not_left_out(void **state)
{
	(void)state;
	assert_true(each_allocation_refused(collect, NULL) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_over_rows_is_whole_or_says_that_it_is_not),
		cmocka_unit_test(a_record_is_not_called_unknown),
		cmocka_unit_test(a_hold_is_not_overlooked),
		cmocka_unit_test(a_transaction_ends_without_memory),
		cmocka_unit_test(a_term_is_not_left_out),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
