#include "load.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "expect.h"

#define MAX_RETRIES 20
#define MAX_TOLD    10 /* wrong answers, on standard error */
#define LOG_MAX     1000

struct load {
	const struct load_options *o;
	struct model *model;
	atomic_uint_fast64_t next, known; /* record numbers: to be inserted; below it all are */
	atomic_uint told;
};

struct caller {
	pthread_t thread;
	struct load *load;
	void *handle;
	struct made_random random;
	uint64_t ncalls;
	struct load_result result;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void count(struct load_call *c, int rows, uint64_t ns)
{
	c->n++;
	c->rows += (uint64_t)rows;
	c->nothing += rows == 0;
	c->ns += ns;
	c->max_ns = ns > c->max_ns ? ns : c->max_ns;
}

/* --- filling ----------------------------------------------------------------------------------- */

static void *fill(void *arg)
{
	struct caller *c = arg;
	const struct load_options *o = c->load->o;
	struct made record;
	uint64_t number;

	while ((number = atomic_fetch_add(&c->load->next, 1)) < o->workload.records) {
		uint64_t begin = now_ns();
		int n;

		made_record(number, &record);
		n = o->backend->insert(c->handle, &record);
		if (n != 1) {
			c->result.failed++;
			continue;
		}
		count(&c->result.of[0], n, now_ns() - begin);
		c->result.calls++;
	}
	return NULL;
}

/* --- calling ----------------------------------------------------------------------------------- */

static uint64_t pick_record(struct caller *c)
{
	const struct workload *w = &c->load->o->workload;
	uint64_t known = atomic_load(&c->load->known), number;

	do {
		number = w->is_zipf ? made_next_zipf(&c->random, w->records + 1 + w->calls) :
				      made_next_uniform(&c->random, known);
	} while (number >= known);
	return number;
}

/* Which attribute an update sets: not whose it is, nor how long it is kept. */
static int pick_set(struct caller *c)
{
	static const int may_change[] = { OBJ, DEC, ACL, SHR, SRC, CAT };

	return may_change[made_next_uniform(&c->random, 6)];
}

static int call_once(struct caller *c, struct expect *e, int nlog)
{
	const struct backend *b = c->load->o->backend;
	int field = e->type->field;
	char key[VALUE_SIZE], to[VALUE_SIZE];
	struct made record;

	e->nrows = e->nbad = 0;
	made_key(e->number, key);
	made_value(e->set, made_index(e->number, e->set), to);
	switch (e->type->kind) {
	case CALL_INSERT:
	case CALL_UPDATE:
		made_record(e->number, &record);
		return e->type->kind == CALL_INSERT ? b->insert(c->handle, &record) :
						      b->update(c->handle, &record);
	case CALL_READ:
	case CALL_VERIFY: return b->read(c->handle, key, expect_row, e);
	case CALL_READ_META:
		return b->read_meta(c->handle, field, e->value, e->type->with_data, expect_row, e);
	case CALL_UPDATE_KEY: return b->update_key(c->handle, key, e->set, to);
	case CALL_UPDATE_META: return b->update_meta(c->handle, field, e->value, e->set, to);
	case CALL_DELETE: return b->delete(c->handle, key);
	case CALL_DELETE_META: return b->delete_meta(c->handle, field, e->value);
	case CALL_READ_LOG: return b->read_log(c->handle, nlog);
	}
	return BACKEND_FAILED;
}

/* A record whose number is not drawn, but follows from the call. */
static uint64_t record_for(struct caller *c, const struct call_type *type)
{
	uint64_t n;

	switch (type->kind) {
	case CALL_INSERT: return atomic_fetch_add(&c->load->next, 1);
	case CALL_VERIFY: /* one that is over, and was never inserted again */
		n = made_next_uniform(&c->random, c->load->o->workload.records);
		return n / 10 * 10;
	default: return pick_record(c);
	}
}

static void judge(struct caller *c, struct expect *e, int n)
{
	if (e->type->kind == CALL_INSERT) {
		uint64_t known = atomic_load(&c->load->known);

		while (known <= e->number &&
			!atomic_compare_exchange_weak(&c->load->known, &known, e->number + 1)) {
		}
	}
	c->result.checked++;
	if (!expect_end(e, n)) {
		c->result.wrong++;
		if (atomic_fetch_add(&c->load->told, 1) < MAX_TOLD) {
			fprintf(stderr, "wrong: %s of record %" PRIu64 " '%s': %" PRIu64
					" rows, %" PRIu64 " of them bad, returned %d\n",
				e->type->name, e->number, e->value, e->nrows, e->nbad, n);
		}
	}
}

static void call_one(struct caller *c)
{
	const struct call_type *type =
		workload_pick(&c->load->o->workload, made_next_unit(&c->random));
	int nlog = 1 + (int)made_next_uniform(&c->random, LOG_MAX), n, tries = 0;
	struct expect e;
	uint64_t begin;

	expect_begin(&e, type, record_for(c, type), pick_set(c), c->load->model);
	begin = now_ns();
	while ((n = call_once(c, &e, nlog)) == BACKEND_RETRY && tries < MAX_RETRIES) {
		tries++;
	}
	c->result.retries += (uint64_t)tries;
	c->result.calls++;
	if (n < 0) {
		c->result.failed++;
		return;
	}
	count(&c->result.of[type - workload_calls], n, now_ns() - begin);
	judge(c, &e, n);
}

static void *call(void *arg)
{
	struct caller *c = arg;

	for (uint64_t i = 0; i < c->ncalls; i++) {
		call_one(c);
	}
	return NULL;
}

/* --- all threads ------------------------------------------------------------------------------- */

static void add_up(struct load_result *to, const struct load_result *r)
{
	to->calls += r->calls;
	to->checked += r->checked;
	to->wrong += r->wrong;
	to->failed += r->failed;
	to->retries += r->retries;
	for (int i = 0; i < WORKLOAD_CALLS; i++) {
		to->of[i].n += r->of[i].n;
		to->of[i].rows += r->of[i].rows;
		to->of[i].nothing += r->of[i].nothing;
		to->of[i].ns += r->of[i].ns;
		to->of[i].max_ns =
			r->of[i].max_ns > to->of[i].max_ns ? r->of[i].max_ns : to->of[i].max_ns;
	}
}

static bool run_threads(struct load *l, void *(*fn)(void *), struct load_result *ret)
{
	const struct load_options *o = l->o;
	unsigned n = o->is_exact ? 1 : o->workload.threads;
	struct caller *callers = calloc(n, sizeof(*callers));
	uint64_t begin;
	bool ok = true;

	*ret = (struct load_result){ 0 };
	for (unsigned i = 0; ok && i < n; i++) {
		callers[i].load = l;
		callers[i].random.state = o->seed * 1000003 + i;
		callers[i].ncalls = o->workload.calls / n + (i < o->workload.calls % n);
		callers[i].handle = o->backend->open(o->where);
		ok = callers[i].handle != NULL;
	}
	begin = now_ns();
	for (unsigned i = 0; ok && i < n; i++) {
		ok = pthread_create(&callers[i].thread, NULL, fn, &callers[i]) == 0;
	}
	for (unsigned i = 0; ok && i < n; i++) {
		pthread_join(callers[i].thread, NULL);
		add_up(ret, &callers[i].result);
	}
	ret->seconds = (double)(now_ns() - begin) / 1e9;
	for (unsigned i = 0; i < n; i++) {
		if (callers[i].handle) {
			o->backend->close(callers[i].handle);
		}
	}
	free(callers);
	return ok;
}

bool load_fill(const struct load_options *o, struct load_result *ret)
{
	struct load l = { .o = o };

	return run_threads(&l, fill, ret);
}

bool load_run(const struct load_options *o, struct load_result *ret)
{
	struct load l = { .o = o, .next = o->workload.records, .known = o->workload.records };
	bool ok;

	if (o->is_exact) {
		l.model = model_new(o->workload.records, o->workload.calls);
	}
	ok = run_threads(&l, call, ret);
	model_free(l.model);
	return ok;
}

bool load_report(const struct load_result *r)
{
	printf("{\"seconds\": %.3f, \"calls\": %" PRIu64 ", \"per_second\": %.1f, \"checked\": %" PRIu64
	       ", \"wrong\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"retries\": %" PRIu64
	       ", \"of\": {",
		r->seconds, r->calls, (double)r->calls / r->seconds, r->checked, r->wrong,
		r->failed, r->retries);
	for (int i = 0, n = 0; i < WORKLOAD_CALLS; i++) {
		const struct load_call *c = &r->of[i];

		if (c->n > 0) {
			printf("%s\"%s\": {\"n\": %" PRIu64 ", \"mean_ms\": %.3f, \"max_ms\": %.1f, "
			       "\"rows\": %.1f, \"nothing\": %" PRIu64 "}",
				n++ ? ", " : "", workload_calls[i].name, c->n,
				(double)c->ns / (double)c->n / 1e6, (double)c->max_ns / 1e6,
				(double)c->rows / (double)c->n, c->nothing);
		}
	}
	printf("}}\n");
	return r->wrong == 0 && r->failed == 0;
}
