/*
 * bench_expiry: a large cohort whose time is over, while four threads write.
 *
 *	bench_expiry STATE POLICIES RECORDS
 *
 * STATE is one that 'custosctl init' made and no daemon has open.  Prints how long it took until the
 * key was gone, until the last row was, and how long a writer waited before and meanwhile.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/civil.h"
#include "bench_house.h"
#include "store/tx_expiry.h"

#define PURPOSE     "customer_service"
#define COLLECTION  "transaction"
#define PERIOD      201001
#define NWRITERS    4
#define PAUSE_US    2000 /* between two writes of one thread: a shop, not a flood */
#define MAX_SAMPLES 200000

/* --- steps ------------------------------------------------------------------------ */

struct step {
	struct store_op op;
	uint32_t period;
	int n;
	struct id run;
	struct row_expiry row;
};

static void run_step(struct step *s, int (*apply)(struct tx *, struct store_op *, struct cu_err *))
{
	struct cu_err err;

	s->op = (struct store_op){ .apply = apply, .kind = STORE_CHANGE };
	must(store_run(house.store, &s->op, &err), &err);
}

static int add_purchases(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;
	struct id subject;
	int r = 0;

	for (int i = 0; r == 0 && i < s->n; i++) {
		struct record rec = { .collection = COLLECTION, .cohort = s->period,
			.anchor_day = CIVIL_NO_DAY, .level = 2, .origin = RECORD_INTERNAL };

		if (i % 10 == 0) {
			r = tx_subject_add(tx, SUBJECT_PERSON, PURPOSE, &subject, err);
		}
		rec.subject = subject;
		if (r == 0) {
			r = record_set(&rec, span_str("amount"), span_str("12.34"), err);
		}
		if (r == 0) {
			r = record_set(&rec, span_str("items"), span_str("three of article 4711"), err);
		}
		if (r == 0) {
			r = tx_record_put(tx, &rec, err);
		}
	}
	return r < 0 ? r : tx_records_leaf(tx, &subject, NULL, PURPOSE, NULL, (uint64_t)s->n, err);
}

static const struct expiry_limit limit = { .collection = COLLECTION, .last_day = 15000,
	.backed_up = UINT64_MAX };

static int list(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	static const struct erase_limits brake = { INT64_MAX, 1, UINT64_MAX, UINT64_MAX };
	struct step *s = (struct step *)op;
	int r = tx_expiry_begin(tx, false, 20000, &s->run, err);

	if (r == 0) {
		r = tx_expiry_list_cohorts(tx, &s->run, &limit, err);
	}
	return r < 0 ? r : tx_expiry_admit(tx, &s->run, &brake, &s->row, err);
}

static int shred(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	static const struct expiry_limits limits = { &limit, 1 };
	struct step *s = (struct step *)op;

	return tx_expiry_shred(tx, &s->run, &limits, &s->row, err);
}

static int clear(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_expiry_clear(tx, &s->run, &s->row, err);
}

/* --- writers ---------------------------------------------------------------------- */

static atomic_bool goes_on;
static atomic_size_t nsamples;
static double samples[MAX_SAMPLES];

static void *write_on(void *arg)
{
	struct step s = { .period = 202611, .n = 1 };

	(void)arg;
	while (atomic_load(&goes_on)) {
		struct timespec pause = { 0, PAUSE_US * 1000 };
		int64_t from = bench_ns();
		size_t at;

		run_step(&s, add_purchases);
		at = atomic_fetch_add(&nsamples, 1);
		if (at < MAX_SAMPLES) {
			samples[at] = (double)(bench_ns() - from) / 1e6;
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void start_writers(pthread_t threads[NWRITERS])
{
	atomic_store(&nsamples, 0);
	atomic_store(&goes_on, true);
	for (int i = 0; i < NWRITERS; i++) {
		if (pthread_create(&threads[i], NULL, write_on, NULL) != 0) {
			bench_die("no thread");
		}
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The 99th percentile in ms; *ret_n is how often they wrote. */
static double stop_writers(pthread_t threads[NWRITERS], size_t *ret_n)
{
	size_t n;

	atomic_store(&goes_on, false);
	for (int i = 0; i < NWRITERS; i++) {
		pthread_join(threads[i], NULL);
	}
	n = atomic_load(&nsamples) < MAX_SAMPLES ? atomic_load(&nsamples) : MAX_SAMPLES;
	qsort(samples, n, sizeof(*samples), compare);
	*ret_n = n;
	return n > 0 ? samples[(size_t)(0.99 * (double)n)] : 0;
}

static void measure(struct step *s)
{
	pthread_t threads[NWRITERS];
	struct timespec some = { 3, 0 };
	size_t nalone, nbeside;
	double alone, beside, gone_ms, cleared_s;
	int64_t from;

	start_writers(threads);
	nanosleep(&some, NULL);
	alone = stop_writers(threads, &nalone);
	start_writers(threads);
	from = bench_ns();
	run_step(s, list);
	run_step(s, shred);
	gone_ms = bench_seconds(from) * 1e3;
	while (s->row.state == EXPIRY_CLEARING) {
		run_step(s, clear);
	}
	cleared_s = bench_seconds(from);
	beside = stop_writers(threads, &nbeside);
	printf("{\"records\": %llu, \"key_gone_ms\": %.1f, \"cleared_s\": %.2f, "
	       "\"alone_p99_ms\": %.2f, \"beside_p99_ms\": %.2f, \"writes\": %zu}\n",
		(unsigned long long)s->row.nrecords, gone_ms, cleared_s, alone, beside, nbeside);
}

int main(int argc, char *argv[])
{
	struct step s = { .period = PERIOD, .n = 500 };

	if (argc != 4) {
		bench_die("bench_expiry STATE POLICIES RECORDS");
	}
	open_house(argv[1], argv[2]);
	for (unsigned long long n = 0; n < strtoull(argv[3], NULL, 10); n += 500) {
		run_step(&s, add_purchases);
	}
	measure(&s);
	close_house();
	return 0;
}
