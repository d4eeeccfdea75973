#include "check.h"

#include <pthread.h>

#include "job/work.h"

struct task {
	struct work work;
	pthread_t ran_on;
	pthread_barrier_t *meet;
	int result, nruns, ndone;
	struct task *next; /* started by done */
};

static uv_loop_t loop;
static pthread_t loop_thread;

static int open_loop(void **state)
{
	(void)state;
	loop_thread = pthread_self();
	return uv_loop_init(&loop);
}

static int close_loop(void **state)
{
	(void)state;
	return uv_loop_close(&loop); /* busy, and so an error, when something was left */
}

static int on_thread(struct work *w, struct cu_err *err)
{
	struct task *t = (struct task *)w;

	t->ran_on = pthread_self();
	t->nruns++;
	if (t->meet) {
		pthread_barrier_wait(t->meet);
	}
	return t->result < 0 ? cu_err_set(err, t->result, "task %d", t->nruns) : t->result;
}

static void on_done(struct work *w)
{
	struct task *t = (struct task *)w;

	assert_true(pthread_equal(pthread_self(), loop_thread));
	t->ndone++;
	if (t->next) {
		assert_int_equal(work_start(&loop, &t->next->work, NULL), 0);
	}
}

static void prepare(struct task *t, int result)
{
	memset(t, 0, sizeof(*t));
	t->work.run = on_thread;
	t->work.done = on_done;
	t->result = result;
}

static void work_runs_on_a_thread_and_is_done_on_the_loop(void **state)
{
	struct task t;

	(void)state;
	prepare(&t, 7);
	assert_int_equal(work_start(&loop, &t.work, NULL), 0);
	assert_int_equal(t.ndone, 0); /* never from inside work_start */
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(t.nruns, 1);
	assert_int_equal(t.ndone, 1);
	assert_int_equal(t.work.code, 7);
	assert_false(pthread_equal(t.ran_on, loop_thread));
}

static void a_failure_brings_its_message_to_the_loop(void **state)
{
	struct task t;

	(void)state;
	prepare(&t, CU_ELIMIT);
	assert_int_equal(work_start(&loop, &t.work, NULL), 0);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(t.work.code, CU_ELIMIT);
	assert_int_equal(t.work.err.code, CU_ELIMIT);
	assert_string_equal(t.work.err.msg, "task 1");

	/* the same work again starts from nothing */
	t.result = 0;
	atomic_store(&t.work.cancel, true);
	assert_int_equal(work_start(&loop, &t.work, NULL), 0);
	assert_false(atomic_load(&t.work.cancel));
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(t.work.code, 0);
	assert_string_equal(t.work.err.msg, "");
	assert_int_equal(t.ndone, 2);
}

/* They all wait for each other, so this ends only when each has a thread of its own. */
static void as_many_run_at_once_as_there_are_threads(void **state)
{
	static struct task tasks[WORK_THREADS];
	pthread_barrier_t meet;

	(void)state;
	assert_int_equal(pthread_barrier_init(&meet, NULL, WORK_THREADS), 0);
	for (int i = 0; i < WORK_THREADS; i++) {
		prepare(&tasks[i], 0);
		tasks[i].meet = &meet;
		assert_int_equal(work_start(&loop, &tasks[i].work, NULL), 0);
	}
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	for (int i = 0; i < WORK_THREADS; i++) {
		assert_int_equal(tasks[i].ndone, 1);
	}
	pthread_barrier_destroy(&meet);
}

static void done_may_start_the_next(void **state)
{
	struct task a, b;

	(void)state;
	prepare(&a, 0);
	prepare(&b, 0);
	a.next = &b;
	assert_int_equal(work_start(&loop, &a.work, NULL), 0);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(b.ndone, 1);
}

static int until_cancelled(struct work *w, struct cu_err *err)
{
	while (!atomic_load(&w->cancel)) {
		usleep(100);
	}
	return cu_err_set(err, CU_ECANCELED, "between two steps");
}

static void the_cancel_flag_is_seen_by_the_thread(void **state)
{
	struct task t;

	(void)state;
	prepare(&t, 0);
	t.work.run = until_cancelled;
	assert_int_equal(work_start(&loop, &t.work, NULL), 0);
	assert_int_equal(uv_run(&loop, UV_RUN_NOWAIT), 1);
	atomic_store(&t.work.cancel, true);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_string_equal(t.work.err.msg, "between two steps");
}

/* All threads are kept busy; what waits behind them is taken back before it ran. */
static void work_that_never_ran_is_done_as_cancelled(void **state)
{
	static struct task busy[WORK_THREADS];
	struct task late;

	(void)state;
	for (int i = 0; i < WORK_THREADS; i++) {
		prepare(&busy[i], 0);
		busy[i].work.run = until_cancelled;
		assert_int_equal(work_start(&loop, &busy[i].work, NULL), 0);
	}
	prepare(&late, 0);
	assert_int_equal(work_start(&loop, &late.work, NULL), 0);
	assert_int_equal(uv_cancel((uv_req_t *)&late.work.uv), 0);
	for (int i = 0; i < WORK_THREADS; i++) {
		atomic_store(&busy[i].work.cancel, true);
	}
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(late.nruns, 0);
	assert_int_equal(late.ndone, 1);
	assert_int_equal(late.work.code, CU_ECANCELED);
	assert_int_equal(late.work.err.code, CU_ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			work_runs_on_a_thread_and_is_done_on_the_loop, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(
			a_failure_brings_its_message_to_the_loop, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(
			as_many_run_at_once_as_there_are_threads, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(done_may_start_the_next, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(
			the_cancel_flag_is_seen_by_the_thread, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(
			work_that_never_ran_is_done_as_cancelled, open_loop, close_loop),
	};

	work_init(); /* before the first use of a loop */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
