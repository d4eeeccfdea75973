#include "check.h"

#include <pthread.h>
#include <unistd.h>

#include "base/err.h"
#include "control/gate.h"

static struct gate gate;

static int set_up(void **state)
{
	(void)state;
	gate_init(&gate);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	gate_done(&gate);
	return 0;
}

/* --- who is let in ---------------------------------------------------------------- */

static void a_shut_gate_lets_only_those_in_who_need_no_store(void **state)
{
	struct guest with = { 0 }, without = { 0 };
	struct cu_err err;

	(void)state;
	assert_fails(gate_enter(&gate, &with, true, &err), CU_ESEALED, &err, "sealed");
	assert_int_equal(gate_enter(&gate, &without, false, NULL), 0);
	gate_leave(&gate, &without);

	gate_open(&gate);
	assert_int_equal(gate_enter(&gate, &with, true, NULL), 0);
	gate_leave(&gate, &with);
}

static void guests_leave_in_any_order(void **state)
{
	static const unsigned orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	gate_open(&gate);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct guest guests[3] = { 0 };

		for (unsigned k = 0; k < 3; k++) {
			assert_int_equal(gate_enter(&gate, &guests[k], true, NULL), 0);
		}
		for (unsigned k = 0; k < 3; k++) {
			assert_non_null(gate.first);
			gate_leave(&gate, &guests[orders[i][k]]);
		}
		assert_null(gate.first);
	}
}

/* --- how they are seen out -------------------------------------------------------- */

static struct guest host;
static atomic_bool is_over;

static void *shut(void *arg)
{
	(void)arg;
	gate_shut(&gate, &host);
	atomic_store(&is_over, true);
	return NULL;
}

/* Each guest comes first in the list once, and last once. */
static void a_shutting_gate_asks_its_guests_to_end_and_waits_for_each(void **state)
{
	(void)state;
	for (unsigned first_out = 0; first_out < 2; first_out++) {
		atomic_bool cancel[2] = { false, false };
		struct guest jobs[2] = { { .cancel = &cancel[0] },
			{ .cancel = &cancel[1] } };
		struct guest late = { 0 }, status = { 0 };
		pthread_t thread;

		atomic_store(&is_over, false);
		host = (struct guest){ 0 };
		gate_open(&gate);
		assert_int_equal(gate_enter(&gate, &jobs[0], true, NULL), 0);
		assert_int_equal(gate_enter(&gate, &host, true, NULL), 0);
		assert_int_equal(gate_enter(&gate, &jobs[1], true, NULL), 0);

		assert_int_equal(pthread_create(&thread, NULL, shut, NULL), 0);
		while (!atomic_load(&cancel[0]) || !atomic_load(&cancel[1])) {
			usleep(1000);
		}
		assert_int_equal(gate_enter(&gate, &late, true, NULL), CU_ESEALED);
		assert_int_equal(gate_enter(&gate, &status, false, NULL), 0);
		gate_leave(&gate, &jobs[first_out]);
		gate_leave(&gate, &status);
		usleep(20 * 1000);
		assert_false(atomic_load(&is_over));
		gate_leave(&gate, &jobs[!first_out]);
		assert_int_equal(pthread_join(thread, NULL), 0);

		assert_true(atomic_load(&is_over));
		assert_ptr_equal(gate.first, &host);
		gate_leave(&gate, &host);
	}
}

/* --- under load ------------------------------------------------------------------- */

/* What the gate guards: nobody may find it closed. */
static atomic_bool is_usable;
static atomic_uint nwrong, nvisits;
static atomic_bool is_done;

static void *visit(void *arg)
{
	struct guest guest = { 0 };

	(void)arg;
	while (!atomic_load(&is_done)) {
		if (gate_enter(&gate, &guest, true, NULL) == 0) {
			atomic_fetch_add(&nvisits, 1);
			atomic_fetch_add(&nwrong, !atomic_load(&is_usable));
			usleep(50);
			atomic_fetch_add(&nwrong, !atomic_load(&is_usable));
			gate_leave(&gate, &guest);
		} else {
			usleep(50);
		}
	}
	return NULL;
}

static void nobody_is_inside_while_it_is_shut(void **state)
{
	pthread_t threads[4];

	(void)state;
	atomic_store(&is_usable, true);
	gate_open(&gate);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, visit, NULL), 0);
	}
	for (int i = 0; i < 300; i++) {
		struct guest me = { 0 };

		usleep(200);
		assert_int_equal(gate_enter(&gate, &me, true, NULL), 0);
		gate_shut(&gate, &me);
		atomic_store(&is_usable, false);
		usleep(100);
		atomic_store(&is_usable, true);
		gate_open(&gate);
		gate_leave(&gate, &me);
	}
	atomic_store(&is_done, true);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	assert_int_equal(atomic_load(&nwrong), 0);
	assert_true(atomic_load(&nvisits) > 300);
}

#define at_a_gate(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		at_a_gate(a_shut_gate_lets_only_those_in_who_need_no_store),
		at_a_gate(guests_leave_in_any_order),
		at_a_gate(a_shutting_gate_asks_its_guests_to_end_and_waits_for_each),
		at_a_gate(nobody_is_inside_while_it_is_shut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
