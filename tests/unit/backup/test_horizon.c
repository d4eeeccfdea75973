#include "fixture.h"

#include "backup/horizon.h"
#include "backup/prune.h"

#define LAG 3600000

static const struct horizon_question question = {
	.generation = 5, .erased_ms = 1000, .lag_ms = LAG
};

/* A view of these objects, the last of which is the newest. */
static struct horizon of(struct prune_object *v, size_t n)
{
	struct prune_view view = { .v = v, .n = n };

	for (size_t i = 0; i < n; i++) {
		if (v[i].state == PRUNE_NEWEST) {
			view.newest = &v[i];
			view.generation = v[i].generation;
		}
	}
	return horizon_at(&view, &question);
}

#define OF(...)                                                                        \
	of((struct prune_object[]){ __VA_ARGS__ },                                     \
		sizeof((struct prune_object[]){ __VA_ARGS__ }) /                       \
			sizeof(struct prune_object))
#define OBJECT(kind, gen, until)                                                       \
	{                                                                              \
		.state = kind, .generation = gen, .until_ms = until                    \
	}

static void without_an_older_object_the_keys_are_gone(void **state)
{
	struct horizon h =
		OF(OBJECT(PRUNE_WITHIN, 5, 9000), OBJECT(PRUNE_NEWEST, 6, 0));
	(void)state;

	assert_int_equal(h.state, HORIZON_GONE);
	assert_int_equal(h.nolder, 0);
	assert_int_equal(h.confirmed_generation, 6);
}

static void the_date_is_that_of_the_last_older_one(void **state)
{
	struct horizon h =
		OF(OBJECT(PRUNE_WITHIN, 3, 9000), OBJECT(PRUNE_WITHIN, 4, 8000),
			OBJECT(PRUNE_WITHIN, 5, 20000), OBJECT(PRUNE_NEWEST, 5, 0));
	(void)state;

	assert_int_equal(h.state, HORIZON_BY);
	assert_int_equal(h.date_ms, 9000 + LAG);
	assert_int_equal(h.nolder, 2);
}

static void the_newest_must_be_without_the_keys(void **state)
{
	struct horizon h =
		OF(OBJECT(PRUNE_WITHIN, 3, 9000), OBJECT(PRUNE_NEWEST, 4, 0));
	(void)state;

	assert_int_equal(h.state, HORIZON_UNBOUNDED);
	assert_int_equal(h.since_ms, 1000);
	assert_int_equal(h.nolder, 2);
}

static void what_should_have_gone_and_is_there_has_no_date(void **state)
{
	struct horizon h = OF(OBJECT(PRUNE_OLD, 3, 7000), OBJECT(PRUNE_WITHIN, 4, 9000),
		OBJECT(PRUNE_NEWEST, 5, 0));
	(void)state;

	assert_int_equal(h.state, HORIZON_UNBOUNDED);
	assert_int_equal(h.since_ms, 7000);
	h = OF(OBJECT(PRUNE_STRAY, 3, 0), OBJECT(PRUNE_NEWEST, 5, 0));
	assert_int_equal(h.state, HORIZON_UNBOUNDED);
}

static void a_file_that_nobody_knows_may_hold_the_keys(void **state)
{
	struct horizon h = OF(OBJECT(PRUNE_NEWEST, 5, 0), OBJECT(PRUNE_FOREIGN, 0, 0));
	(void)state;

	assert_int_equal(h.state, HORIZON_UNBOUNDED);
	assert_int_equal(h.nolder, 1);
}

static void the_worst_target_decides(void **state)
{
	struct horizon v[] = {
		{ .state = HORIZON_GONE },
		{ .state = HORIZON_BY, .date_ms = 50, .nolder = 2 },
		{ .state = HORIZON_BY, .date_ms = 40, .nolder = 1 },
		horizon_unseen(77),
		{ .state = HORIZON_UNBOUNDED, .since_ms = 66 },
	};
	struct horizon all;
	(void)state;

	assert_int_equal(horizon_of_all(v, 0).state, HORIZON_HOST_ONLY);
	assert_int_equal(horizon_of_all(v, 1).state, HORIZON_GONE);
	all = horizon_of_all(v, 3);
	assert_int_equal(all.state, HORIZON_BY);
	assert_int_equal(all.date_ms, 50);
	assert_int_equal(all.nolder, 3);
	all = horizon_of_all(v, 5);
	assert_int_equal(all.state, HORIZON_UNBOUNDED);
	assert_int_equal(all.since_ms, 66);
}

static void words_are_those_of_the_certificate(void **state)
{
	(void)state;

	assert_string_equal(horizon_word(HORIZON_GONE), "gone");
	assert_string_equal(horizon_word(HORIZON_BY), "by");
	assert_string_equal(horizon_word(HORIZON_UNBOUNDED), "unbounded");
	assert_string_equal(horizon_word(HORIZON_HOST_ONLY), "this-host-only");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_an_older_object_the_keys_are_gone),
		cmocka_unit_test(the_date_is_that_of_the_last_older_one),
		cmocka_unit_test(the_newest_must_be_without_the_keys),
		cmocka_unit_test(what_should_have_gone_and_is_there_has_no_date),
		cmocka_unit_test(a_file_that_nobody_knows_may_hold_the_keys),
		cmocka_unit_test(the_worst_target_decides),
		cmocka_unit_test(words_are_those_of_the_certificate),
	};

	return cmocka_run_group_tests_name("horizon", tests, make_tmp, drop_tmp);
}
