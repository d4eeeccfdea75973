#include "check.h"

#include "job/turn.h"

static uv_loop_t loop;
static struct turn turn;
static int order[16], norder;

struct noted {
	struct turn_item item;
	int number;
	struct noted *puts; /* when it is run */
};

static int open_turn(void **state)
{
	(void)state;
	norder = 0;
	if (uv_loop_init(&loop) != 0) {
		return -1;
	}
	turn_open(&loop, &turn);
	return 0;
}

static int close_turn(void **state)
{
	(void)state;
	turn_close(&turn);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static void note(struct turn_item *item)
{
	struct noted *n = (struct noted *)item;

	order[norder++] = n->number;
	if (n->puts) {
		turn_put(&turn, &n->puts->item);
		n->puts = NULL;
	}
}

static void assert_order(const int *wanted, int n)
{
	assert_int_equal(norder, n);
	for (int i = 0; i < n; i++) {
		assert_int_equal(order[i], wanted[i]);
	}
}

static void what_is_put_twice_is_run_once_at_the_end_of_the_turn(void **state)
{
	static const int wanted[] = { 1, 2 };
	struct noted a = { { .run = note }, 1, NULL }, b = { { .run = note }, 2, NULL };

	(void)state;
	turn_put(&turn, &a.item);
	turn_put(&turn, &b.item);
	turn_put(&turn, &a.item);
	assert_int_equal(norder, 0);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_order(wanted, 2);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_order(wanted, 2);
}

static void what_is_put_by_another_is_run_in_the_same_turn(void **state)
{
	static const int wanted[] = { 1, 2, 1 };
	struct noted a = { { .run = note }, 1, NULL }, b = { { .run = note }, 2, &a };

	(void)state;
	a.puts = &b;
	turn_put(&turn, &a.item);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_order(wanted, 3);
}

static void the_finale_comes_after_what_the_others_put(void **state)
{
	static const int wanted[] = { 1, 2, 9, 3 };
	struct noted c = { { .run = note }, 3, NULL }, b = { { .run = note }, 2, NULL },
		     a = { { .run = note }, 1, &b }, finale = { { .run = note }, 9, &c };

	(void)state;
	turn_put_finale(&turn, &finale.item);
	turn_put(&turn, &a.item);
	turn_put_finale(&turn, &finale.item);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_order(wanted, 4);
}

static void what_is_put_keeps_the_loop_and_nothing_else_does(void **state)
{
	static const int wanted[] = { 1 };
	struct noted a = { { .run = note }, 1, NULL };

	(void)state;
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	turn_put(&turn, &a.item);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_order(wanted, 1);
}

#define with_turn(test) cmocka_unit_test_setup_teardown(test, open_turn, close_turn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_turn(what_is_put_twice_is_run_once_at_the_end_of_the_turn),
		with_turn(what_is_put_by_another_is_run_in_the_same_turn),
		with_turn(the_finale_comes_after_what_the_others_put),
		with_turn(what_is_put_keeps_the_loop_and_nothing_else_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
