#include "check.h"

#include <pthread.h>

#include "job/post.h"

#define NTHREADS 4
#define NEACH    500

struct note {
	struct letter letter;
	int from, number;
};

static uv_loop_t loop;
static struct post box;
static pthread_t loop_thread;
static int seen[64], nseen, ndropped;

static int open_box(void **state)
{
	struct cu_err err;

	(void)state;
	loop_thread = pthread_self();
	nseen = ndropped = 0;
	return uv_loop_init(&loop) == 0 && post_open(&loop, &box, &err) == 0 ? 0 : -1;
}

static int close_box(void **state)
{
	(void)state;
	if (!uv_is_closing((uv_handle_t *)&box.async)) {
		post_close(&box);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static void read_note(struct letter *l)
{
	struct note *n = (struct note *)l;

	assert_true(pthread_equal(pthread_self(), loop_thread));
	seen[nseen++] = n->number;
	free(n);
}

static void drop_note(struct letter *l)
{
	ndropped++;
	free(l);
}

static void send_note(void (*read)(struct letter *), int number)
{
	struct note *n = calloc(1, sizeof(*n));

	n->letter.read = read;
	n->letter.drop = drop_note;
	n->number = number;
	post_send(&box, &n->letter);
}

static void assert_seen(const int *wanted, int n)
{
	assert_int_equal(nseen, n);
	for (int i = 0; i < n; i++) {
		assert_int_equal(seen[i], wanted[i]);
	}
}

static void letters_are_read_in_order_and_never_at_once(void **state)
{
	static const int wanted[] = { 1, 2, 3 };

	(void)state;
	send_note(read_note, 1);
	send_note(read_note, 2);
	send_note(read_note, 3);
	assert_int_equal(nseen, 0);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_seen(wanted, 3);
}

static void drain_reads_without_waiting_for_the_loop(void **state)
{
	static const int wanted[] = { 1, 2 };

	(void)state;
	send_note(read_note, 1);
	send_note(read_note, 2);
	post_drain(&box);
	assert_seen(wanted, 2);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_seen(wanted, 2);
}

static void read_and_drain(struct letter *l)
{
	read_note(l);
	send_note(read_note, 9);
	post_drain(&box);
}

static void a_letter_that_drains_keeps_the_order(void **state)
{
	static const int wanted[] = { 1, 2, 3, 9 };

	(void)state;
	send_note(read_and_drain, 1);
	send_note(read_note, 2);
	send_note(read_note, 3);
	uv_run(&loop, UV_RUN_NOWAIT);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_seen(wanted, 4);
}

static void read_and_send(struct letter *l)
{
	read_note(l);
	if (nseen < 20) {
		send_note(read_and_send, nseen);
	}
}

/* Otherwise two letters that answer each other would keep the loop for ever. */
static void what_a_letter_sends_is_read_in_the_next_round(void **state)
{
	(void)state;
	send_note(read_and_send, 0);
	post_drain(&box);
	assert_int_equal(nseen, 1);
	post_drain(&box);
	assert_int_equal(nseen, 2);
	while (nseen < 20) {
		uv_run(&loop, UV_RUN_ONCE);
	}
}

static void after_the_close_letters_are_dropped(void **state)
{
	(void)state;
	send_note(read_note, 1);
	post_close(&box);
	assert_int_equal(ndropped, 1);
	send_note(read_note, 2);
	assert_int_equal(ndropped, 2);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(nseen, 0);
}

static void read_and_close(struct letter *l)
{
	read_note(l);
	post_close(&box);
}

static void a_letter_that_closes_the_box_is_the_last_that_is_read(void **state)
{
	static const int wanted[] = { 1 };

	(void)state;
	send_note(read_and_close, 1);
	send_note(read_note, 2);
	send_note(read_note, 3);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_seen(wanted, 1);
	assert_int_equal(ndropped, 2);
}

static void a_box_alone_keeps_no_loop_once_unreffed(void **state)
{
	static const int wanted[] = { 1 };

	(void)state;
	assert_int_not_equal(uv_run(&loop, UV_RUN_NOWAIT), 0); /* it keeps it until then */
	post_unref(&box);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	send_note(read_note, 1);
	post_drain(&box); /* but it can be read as before */
	assert_seen(wanted, 1);
}

/* --- many threads ------------------------------------------------------------------------- */

static int next_of[NTHREADS], nread_of_all;
static int nlost; /* dropped by any thread */
static pthread_mutex_t lost_lock = PTHREAD_MUTEX_INITIALIZER;

static void read_in_turn(struct letter *l)
{
	struct note *n = (struct note *)l;

	assert_true(pthread_equal(pthread_self(), loop_thread));
	assert_int_equal(n->number, next_of[n->from]);
	next_of[n->from]++;
	nread_of_all++;
	free(n);
}

static void count_lost(struct letter *l)
{
	pthread_mutex_lock(&lost_lock);
	nlost++;
	pthread_mutex_unlock(&lost_lock);
	free(l);
}

static void *send_many(void *arg)
{
	for (int i = 0; i < NEACH; i++) {
		struct note *n = calloc(1, sizeof(*n));

		n->letter.read = read_in_turn;
		n->letter.drop = count_lost;
		n->from = (int)(intptr_t)arg;
		n->number = i;
		post_send(&box, &n->letter);
	}
	return NULL;
}

/* The box is closed after so many letters; every letter is read or dropped, none is lost. */
static void send_from_threads(int close_after)
{
	pthread_t threads[NTHREADS];

	memset(next_of, 0, sizeof(next_of));
	nread_of_all = nlost = 0;
	for (int i = 0; i < NTHREADS; i++) {
		assert_int_equal(
			pthread_create(&threads[i], NULL, send_many, (void *)(intptr_t)i), 0);
	}
	while (nread_of_all < close_after) {
		uv_run(&loop, UV_RUN_ONCE);
	}
	if (close_after < NTHREADS * NEACH) {
		post_close(&box);
	}
	for (int i = 0; i < NTHREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_int_equal(nread_of_all + nlost, NTHREADS * NEACH);
}

static void letters_of_each_thread_keep_their_order(void **state)
{
	(void)state;
	send_from_threads(NTHREADS * NEACH);
	assert_int_equal(nlost, 0);
}

static void a_close_while_threads_send_loses_no_letter(void **state)
{
	(void)state;
	send_from_threads(NEACH / 4);
}

#define with_box(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_box(letters_are_read_in_order_and_never_at_once),
		with_box(drain_reads_without_waiting_for_the_loop),
		with_box(a_letter_that_drains_keeps_the_order),
		with_box(what_a_letter_sends_is_read_in_the_next_round),
		with_box(after_the_close_letters_are_dropped),
		with_box(a_letter_that_closes_the_box_is_the_last_that_is_read),
		with_box(a_box_alone_keeps_no_loop_once_unreffed),
		with_box(letters_of_each_thread_keep_their_order),
		with_box(a_close_while_threads_send_loses_no_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
