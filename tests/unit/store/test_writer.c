#include "store_help.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fault.h"
#include "store/engine_sqlite.h"

/* --- the log, watched --------------------------------------------------------------------- */

/* The linker's names (see the build file). */
int __real_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err);
int __wrap_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err);

static int nappends, die_before, die_after, fail_at; /* which append; 0: none */

int __wrap_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err)
{
	int r;

	nappends++;
	if (nappends == die_before) {
		_exit(FAULT_STATUS);
	}
	if (nappends == fail_at) {
		return cu_err_set(err, CU_EIO, "the log's disk is gone");
	}
	r = __real_ledger_append(l, entries, n, err);
	if (nappends == die_after) {
		_exit(FAULT_STATUS);
	}
	return r;
}

static int reset_watch(void **state)
{
	(void)state;
	nappends = die_before = die_after = fail_at = 0;
	return 0;
}

/* --- group commit ------------------------------------------------------------------------- */

/* Holds the writer until it is let go, so that what follows is one batch. */
struct gate {
	struct change change;
	pthread_barrier_t held, let_go;
};

static int wait_at_gate(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct gate *g = ctx;

	(void)tx;
	(void)err;
	pthread_barrier_wait(&g->held);
	pthread_barrier_wait(&g->let_go);
	return 0;
}

static void ignore(struct store_op *op)
{
	(void)op;
}

static void hold_writer(struct house *h, struct gate *g)
{
	pthread_barrier_init(&g->held, NULL, 2);
	pthread_barrier_init(&g->let_go, NULL, 2);
	g->change = (struct change){ .op = { .apply = apply_change, .done = ignore,
					     .kind = STORE_ALONE },
		.fn = wait_at_gate, .ctx = g };
	store_submit(h->store, &g->change.op);
	pthread_barrier_wait(&g->held);
}

static void let_writer_go(struct gate *g)
{
	pthread_barrier_wait(&g->let_go);
}

/* Once the writer is known to have gone on. */
static void drop_gate(struct gate *g)
{
	pthread_barrier_destroy(&g->held);
	pthread_barrier_destroy(&g->let_go);
}

#define NBATCH 12

struct member {
	struct change change;
	struct person person;
	bool fails;
	pthread_mutex_t *lock; /* held by the test until it waits for all */
	int *nleft;
	pthread_cond_t *all_done;
};

static void member_done(struct store_op *op)
{
	struct member *m = (struct member *)op;

	pthread_mutex_lock(m->lock);
	if (--*m->nleft == 0) {
		pthread_cond_signal(m->all_done);
	}
	pthread_mutex_unlock(m->lock);
}

static int add_member(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct member *m = ctx;
	int r = add_person(tx, &m->person, err);

	return r == 0 && m->fails ? cu_err_set(err, CU_EINVAL, "refused at its end") : r;
}

/* Submits all while the writer is held, and waits until each is done. */
static void run_batch_of(struct house *h, struct member *members, int n)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t all_done = PTHREAD_COND_INITIALIZER;
	int nleft = n;
	struct gate gate;

	hold_writer(h, &gate);
	nappends = 0;
	for (int i = 0; i < n; i++) {
		members[i].change = (struct change){ .op = { .apply = apply_change,
							     .done = member_done, .kind = STORE_CHANGE },
			.fn = add_member, .ctx = &members[i] };
		members[i].lock = &lock;
		members[i].nleft = &nleft;
		members[i].all_done = &all_done;
		store_submit(h->store, &members[i].change.op);
	}
	let_writer_go(&gate);
	pthread_mutex_lock(&lock);
	while (nleft > 0) {
		pthread_cond_wait(&all_done, &lock);
	}
	pthread_mutex_unlock(&lock);
	drop_gate(&gate);
}

static void what_waits_joins_one_append(void **state)
{
	struct house h = { 0 };
	struct member m[NBATCH] = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	for (int i = 0; i < NBATCH; i++) {
		m[i].person.name = "x";
	}
	run_batch_of(&h, m, NBATCH);
	assert_int_equal(nappends, 1);
	assert_int_equal(ledger_size(h.ledger), 2 * NBATCH);
	for (int i = 0; i < NBATCH; i++) {
		assert_int_equal(m[i].change.op.code, 0);
		assert_int_equal(records_of(&h, &m[i].person.subject), 1);
	}
	house_close(&h);
}

/* The failing ones had written rows, tokens and leaves and taken slots before they failed. */
static void a_change_that_fails_is_undone_alone(void **state)
{
	struct house h = { 0 };
	struct member m[NBATCH] = { 0 };
	char emails[NBATCH][32];
	struct buf log = BUF_INIT;
	const char *text;

	(void)state;
	must_open(&h, new_store_dir());
	for (int i = 0; i < NBATCH; i++) {
		snprintf(emails[i], sizeof(emails[i]), "m%d@example.org", i);
		m[i].person = (struct person){ .name = "x", .email = emails[i],
			.collection = "order", .cohort = i == 5 ? 202601 : 0 };
		m[i].fails = i % 3 == 2;
	}
	run_batch_of(&h, m, NBATCH);
	assert_int_equal(nappends, 1);
	for (int round = 0; round < 2; round++) {
		text = log_of(&h, &log);
		assert_int_equal(ledger_size(h.ledger), 2 * (NBATCH - NBATCH / 3));
		assert_int_equal(ledger_last_outbox(h.ledger), 2 * (NBATCH - NBATCH / 3));
		for (int i = 0; i < NBATCH; i++) {
			bool kept = i % 3 != 2;

			if (kept) {
				assert_int_equal(m[i].change.op.code, 0);
			} else {
				assert_int_equal(m[i].change.op.code, CU_EINVAL);
				assert_string_equal(m[i].change.op.err.msg, "refused at its end");
			}
			assert_int_equal(has_subject(&h, &m[i].person.subject), kept);
			assert_int_equal(records_of(&h, &m[i].person.subject), kept);
			assert_int_equal(hits_of(&h, "order.email", emails[i]), kept);
			assert_int_equal(
				count_text(text, hex_of(&m[i].person.subject)), kept ? 2 : 0);
		}
		if (round == 0) {
			reopen(&h);
		}
	}
	/* the slots of those that failed were given to the next; nothing was left open */
	{
		struct person p = must_add(&h, "next", NULL);
		struct buf slots = BUF_INIT;
		struct engine *e = NULL;
		const char *dir = h.dir;
		uint64_t slot = 0;

		house_close(&h);
		assert_int_equal(engine_open(dir, ENGINE_WRITE, &e, NULL), 0);
		assert_int_equal(engine_slot_get(e, &p.subject, "profile", &slot, NULL), 1);
		assert_true(slot == (uint64_t)(NBATCH - NBATCH / 3) * VAULT_RUN);
		engine_close(e);
		buf_done(&slots);
	}
	buf_done(&log);
}

struct worker {
	struct house *h;
	int number;
	struct id subjects[20];
	int trouble;
};

static void *add_twenty(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < 20; i++) {
		char email[32];
		struct person p = { .name = "x", .email = email };
		struct cu_err err;

		snprintf(email, sizeof(email), "%d.%d@example.org", w->number, i);
		if (run_op(w->h, STORE_CHANGE, add_person, &p, &err) < 0) {
			w->trouble++;
		}
		w->subjects[i] = p.subject;
	}
	return NULL;
}

static void many_threads_write_at_once(void **state)
{
	struct house h = { 0 };
	static struct worker workers[12];
	pthread_t threads[12];
	struct buf log = BUF_INIT;
	const char *text;

	(void)state;
	must_open(&h, new_store_dir());
	nappends = 0;
	for (int i = 0; i < 12; i++) {
		workers[i] = (struct worker){ .h = &h, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, add_twenty, &workers[i]), 0);
	}
	for (int i = 0; i < 12; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].trouble, 0);
	}
	assert_true(nappends < 240); /* some shared a sync */
	assert_int_equal(ledger_size(h.ledger), 480);
	assert_int_equal(ledger_last_outbox(h.ledger), 480);
	text = log_of(&h, &log);
	for (int i = 0; i < 12; i++) {
		for (int k = 0; k < 20; k += 7) {
			char email[32];

			snprintf(email, sizeof(email), "%d.%d@example.org", i, k);
			assert_int_equal(hits_of(&h, "profile.email", email), 1);
			assert_int_equal(count_text(text, hex_of(&workers[i].subjects[k])), 2);
		}
	}
	buf_done(&log);
	house_close(&h);
}

/* --- when something fails ----------------------------------------------------------------- */

static void a_log_that_fails_stops_the_store_and_the_start_mends_it(void **state)
{
	struct house h = { 0 };
	struct person first, lost = { .name = "Bob", .email = "bob@example.org" }, late = lost;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	first = must_add(&h, "Ada", NULL);
	fail_at = nappends + 1;
	assert_fails(run_op(&h, STORE_CHANGE, add_person, &lost, &err), CU_EIO, &err, "disk is gone");
	assert_int_equal(h.nfatal, 1);
	assert_string_equal(h.fatal.msg, "the log's disk is gone");
	for (int i = 0; i < 3; i++) {
		assert_fails(run_op(&h, STORE_CHANGE, add_person, &late, &err), CU_EIO, &err,
			"disk is gone");
	}
	assert_int_equal(h.nfatal, 1); /* said once */
	assert_int_equal(ledger_size(h.ledger), 2);

	reopen(&h); /* the rows were there; their leaves come now, once */
	assert_int_equal(ledger_size(h.ledger), 4);
	assert_int_equal(leaves_with(&h, hex_of(&lost.subject)), 2);
	assert_int_equal(records_of(&h, &first.subject), 1);
	assert_int_equal(hits_of(&h, "profile.email", "bob@example.org"), 1);
	reopen(&h);
	assert_int_equal(ledger_size(h.ledger), 4);
	house_close(&h);
}

static int meet_a_bad_disk(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = add_person(tx, ctx, err);

	return r < 0 ? r : cu_err_set(err, CU_EIO, "the vault's disk is gone");
}

static void a_disk_that_fails_beneath_a_change_stops_the_store(void **state)
{
	struct house h = { 0 };
	struct person first, lost = { .name = "Bob", .email = "bob@example.org" }, late = lost;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	first = must_add(&h, "Ada", NULL);
	assert_fails(run_op(&h, STORE_CHANGE, meet_a_bad_disk, &lost, &err), CU_EIO, &err,
		"disk is gone");
	assert_int_equal(h.nfatal, 1);
	assert_string_equal(h.fatal.msg, "the vault's disk is gone");
	assert_fails(run_op(&h, STORE_CHANGE, add_person, &late, &err), CU_EIO, &err, "disk is gone");
	assert_int_equal(h.nfatal, 1);

	reopen(&h);
	assert_int_equal(ledger_size(h.ledger), 2);
	assert_false(has_subject(&h, &lost.subject));
	assert_int_equal(records_of(&h, &first.subject), 1);
	house_close(&h);
}

static int refuse(void *ctx)
{
	(void)ctx;
	return 1;
}

static int add_then_spoil_index(struct tx *tx, void *ctx, struct cu_err *err)
{
	sqlite3_commit_hook(tx->engine->index, refuse, NULL);
	return add_person(tx, ctx, err);
}

static void an_index_that_fails_is_filled_by_the_next_start(void **state)
{
	struct house h = { 0 };
	struct person p = { .name = "Ada", .email = "ada@example.org" }, late = p;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_then_spoil_index, &p); /* the rows are durable */
	assert_int_equal(leaves_with(&h, hex_of(&p.subject)), 2);
	/* the writer says so right after */
	assert_true(run_op(&h, STORE_CHANGE, add_person, &late, &err) < 0);
	assert_int_equal(h.nfatal, 1);
	assert_non_null(strstr(h.fatal.msg, "index"));

	reopen(&h);
	assert_int_equal(hits_of(&h, "profile.email", "ada@example.org"), 1);
	assert_int_equal(ledger_size(h.ledger), 2);
	house_close(&h);
}

struct limit {
	int64_t pages; /* beyond those in use; negative: none */
	struct person person;
};

static int set_limit(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct limit *l = ctx;
	sqlite3_stmt *st = NULL;
	sqlite3_int64 has;
	char sql[64];

	sqlite3_prepare_v2(tx->engine->data, "PRAGMA page_count", -1, &st, NULL);
	sqlite3_step(st);
	has = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld",
		l->pages < 0 ? 1000000LL : (long long)(has + l->pages));
	return sqlite3_exec(tx->engine->data, sql, NULL, NULL, NULL) == SQLITE_OK ?
		0 :
		cu_err_set(err, CU_EINTERNAL, "limit");
}

/* SQLite takes back the whole transaction then, also what others had put into it. */
static void a_full_disk_fails_the_batch_and_nothing_else(void **state)
{
	struct house h = { 0 };
	struct member m[3] = { 0 };
	struct limit small = { .pages = 3 }, none = { .pages = -1 };
	char *big = calloc(1, 200001);
	struct person p;

	(void)state;
	memset(big, 'x', 200000);
	must_open(&h, new_store_dir());
	must_add(&h, "Ada", NULL);
	must_run(&h, STORE_ALONE, set_limit, &small);
	for (int i = 0; i < 3; i++) {
		m[i].person.name = i == 1 ? big : "x";
	}
	run_batch_of(&h, m, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(m[i].change.op.code, CU_ENOSPC);
		assert_non_null(strstr(m[i].change.op.err.msg, "full"));
		assert_false(has_subject(&h, &m[i].person.subject));
	}
	assert_int_equal(h.nfatal, 0);
	assert_int_equal(ledger_size(h.ledger), 2);

	must_run(&h, STORE_ALONE, set_limit, &none);
	p = must_add(&h, "Bob", NULL);
	assert_int_equal(records_of(&h, &p.subject), 1);
	assert_int_equal(ledger_size(h.ledger), 4);
	assert_int_equal(ledger_last_outbox(h.ledger), 4);
	reopen(&h);
	assert_int_equal(ledger_size(h.ledger), 4);
	house_close(&h);
	free(big);
}

static int fail_first(struct tx *tx, void *ctx, struct cu_err *err)
{
	int *n = ctx;

	(void)tx;
	return (*n)++ == 0 ? cu_err_set(err, CU_EBUSY, "at first") : 0;
}

struct twice {
	struct change change;
	pthread_barrier_t *done;
};

static void meet(struct store_op *op)
{
	pthread_barrier_wait(((struct twice *)op)->done);
}

/* The same struct again, as for a retry: a batch that fails before its turn says its own code. */
static void an_operation_submitted_again_has_no_old_code(void **state)
{
	struct house h = { 0 };
	struct person dead = { .name = "x" };
	pthread_barrier_t done;
	struct twice t;
	int n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	pthread_barrier_init(&done, NULL, 2);
	t = (struct twice){ .change = { .op = { .apply = apply_change, .done = meet,
						.kind = STORE_CHANGE },
				    .fn = fail_first, .ctx = &n }, .done = &done };
	store_submit(h.store, &t.change.op);
	pthread_barrier_wait(&done);
	assert_int_equal(t.change.op.code, CU_EBUSY);
	fail_at = nappends + 1;
	assert_int_equal(run_op(&h, STORE_CHANGE, add_person, &dead, NULL), CU_EIO);
	store_submit(h.store, &t.change.op);
	pthread_barrier_wait(&done);
	assert_int_equal(t.change.op.code, CU_EIO);
	house_close(&h);
	pthread_barrier_destroy(&done);
}

/* --- when the process dies ---------------------------------------------------------------- */

#define NSTORY 3

/* What the child got to know before it died. */
static struct told {
	int nacknowledged;
	struct id subjects[NSTORY];
} *told;

static const char *story_dir;

static int add_some(void *ctx)
{
	struct house h = { 0 };
	int r = house_open(&h, story_dir, NULL);

	(void)ctx;
	for (int i = 0; r == 0 && i < NSTORY; i++) {
		char email[32];
		struct person p = { .name = "x", .email = email };

		snprintf(email, sizeof(email), "s%d@example.org", i);
		r = run_op(&h, STORE_CHANGE, add_person, &p, NULL);
		if (r == 0) {
			told->subjects[i] = p.subject;
			told->nacknowledged = i + 1;
		}
	}
	if (r == 0) {
		house_close(&h);
	}
	return r;
}

/* Nothing acknowledged is lost; each effect has exactly its leaves, in order; all goes on. */
static void assert_whole(const char *dir)
{
	struct house h = { 0 };
	struct buf log = BUF_INIT;
	const char *text, *at;
	struct engine_counts n;
	struct reader *rd;
	struct person p;

	must_open(&h, dir);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_count(rd, &n, NULL), 0);
	store_reader_give(h.store, rd);
	assert_true(n.subjects >= (uint64_t)told->nacknowledged);
	assert_true(n.subjects <= (uint64_t)told->nacknowledged + 1);
	assert_true(n.records == n.subjects);
	assert_true(ledger_size(h.ledger) == 2 * n.subjects);
	text = at = log_of(&h, &log);
	for (int i = 0; i < told->nacknowledged; i++) {
		char email[32];

		snprintf(email, sizeof(email), "s%d@example.org", i);
		assert_int_equal(hits_of(&h, "profile.email", email), 1);
		assert_int_equal(records_of(&h, &told->subjects[i]), 1);
		assert_int_equal(count_text(text, hex_of(&told->subjects[i])), 2);
		at = strstr(at, hex_of(&told->subjects[i])); /* after the one before */
		assert_non_null(at);
	}
	p = must_add(&h, "after", "after@example.org");
	assert_int_equal(records_of(&h, &p.subject), 1);
	assert_true(ledger_size(h.ledger) == 2 * n.subjects + 2);
	buf_done(&log);
	house_close(&h);
}

static int die_in_append(void *ctx)
{
	nappends = 0;
	die_before = *(int *)ctx > 0 ? *(int *)ctx : 0;
	die_after = *(int *)ctx < 0 ? -*(int *)ctx : 0;
	return add_some(NULL);
}

/* data.db has the rows, the journal lacks the leaf; or has it, and nobody was told. */
static void a_death_beside_the_append_costs_nothing_and_doubles_nothing(void **state)
{
	(void)state;
	for (int n = 1; n <= NSTORY; n++) {
		for (int sign = -1; sign <= 1; sign += 2) {
			int which = sign * n;

			story_dir = new_store_dir();
			told->nacknowledged = 0;
			assert_int_equal(fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0,
						 die_in_append, &which),
				0);
			assert_int_equal(told->nacknowledged, n - 1);
			assert_whole(story_dir);
			remove_tree(story_dir);
		}
	}
}

/* Again and again at the same place, so that more and more waits in the outbox. */
static void leaves_of_several_deaths_come_in_order(void **state)
{
	int which = 1;

	(void)state;
	story_dir = new_store_dir();
	told->nacknowledged = 0;
	assert_int_equal(
		fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0, die_in_append, &which), 0);
	/* now the start itself dies before it brings the leaves */
	assert_int_equal(
		fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0, die_in_append, &which), 0);
	which = 2;
	assert_int_equal(
		fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0, die_in_append, &which), 0);
	assert_whole(story_dir);
}

/* Dies at the n-th call that changes a file of log or vault, for each n, with half a write. */
static void a_death_at_any_call_of_the_log_loses_nothing_acknowledged(void **state)
{
	int ended = 0;

	(void)state;
	for (long n = 1; !ended; n++) {
		story_dir = new_store_dir();
		told->nacknowledged = 0;
		ended = fault_run(FAULT_ANY, n, FAULT_TEAR, 0, add_some, NULL);
		assert_true(ended >= 0);
		if (ended) {
			assert_int_equal(told->nacknowledged, NSTORY);
		}
		assert_whole(story_dir);
		remove_tree(story_dir);
	}
}

/* Fails at the n-th call: whoever was told of success is right. */
static void a_failure_at_any_call_of_the_log_is_told(void **state)
{
	int ended = 0;

	(void)state;
	for (long n = 1; ended <= 0 && n < 200; n++) {
		story_dir = new_store_dir();
		told->nacknowledged = 0;
		ended = fault_run(FAULT_SYNC | FAULT_WRITE, n, FAULT_FAIL, EIO, add_some, NULL);
		if (ended == 1) {
			assert_int_equal(told->nacknowledged, NSTORY);
		}
		assert_whole(story_dir);
		remove_tree(story_dir);
	}
	assert_int_equal(ended, 1);
}

static int make_shared(void **state)
{
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return told == MAP_FAILED ? -1 : make_template(state);
}

static int drop_shared(void **state)
{
	munmap(told, sizeof(*told));
	return drop_tmp(state);
}

#define watched(test) cmocka_unit_test_setup(test, reset_watch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		watched(what_waits_joins_one_append),
		watched(a_change_that_fails_is_undone_alone),
		watched(many_threads_write_at_once),
		watched(a_log_that_fails_stops_the_store_and_the_start_mends_it),
		watched(a_disk_that_fails_beneath_a_change_stops_the_store),
		watched(an_index_that_fails_is_filled_by_the_next_start),
		watched(a_full_disk_fails_the_batch_and_nothing_else),
		watched(an_operation_submitted_again_has_no_old_code),
		watched(a_death_beside_the_append_costs_nothing_and_doubles_nothing),
		watched(leaves_of_several_deaths_come_in_order),
		watched(a_death_at_any_call_of_the_log_loses_nothing_acknowledged),
		watched(a_failure_at_any_call_of_the_log_is_told),
	};

	return cmocka_run_group_tests(tests, make_shared, drop_shared);
}
