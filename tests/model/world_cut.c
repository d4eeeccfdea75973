#include "world_parts.h"

#include "backup/check.h"
#include "backup/trial.h"
#include "db/db.h"
#include "fault_trace.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* --- recording ---------------------------------------------------------------------------- */

static int put_leaf(void *ctx, uint64_t index, struct span leaf, struct cu_err *err)
{
	(void)index;
	(void)err;
	hash_sha256_put(ctx, span_of(&leaf.n, sizeof(leaf.n)));
	hash_sha256_put(ctx, leaf);
	return 0;
}

static void digest_leaves(struct world *w, uint64_t n, uint8_t out[HASH_SIZE])
{
	struct hash_sha256 h;
	struct cu_err err = { 0 };

	hash_sha256_init(&h);
	assert_ok(ledger_each(w->sample.ledger, 0, n, put_leaf, &h, &err), &err);
	hash_sha256_done(&h, out);
}

void world_promise(struct world *w, bool is_done)
{
	struct promise p = { .is_done = is_done };

	if (w->is_recorded) {
		p.nleaves = ledger_size(w->sample.ledger);
		digest_leaves(w, p.nleaves, p.leaves);
		p.sequence = w->sample.known_sequence;
		p.capture = w->sample.known_capture;
		fault_mark(&p, sizeof(p));
	}
}

/* In a process of its own, since keys do not survive a fork. */
static void run_apart(void (*fn)(struct world *w, const void *ctx), struct world *w, const void *ctx)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fn(w, ctx);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fail_msg("what is to be recorded fails");
	}
}

struct recording {
	const struct step *step; /* NULL: a start and an end */
	const char *to;
};

static void record(struct world *w, const void *ctx)
{
	const struct recording *r = ctx;
	struct change c = w->recorded;

	c.step = r->step;
	w->is_recorded = true;
	trace_begin(w->dir, r->to);
	fault_arm(FAULT_ANY, LONG_MAX, FAULT_RECORD, 0);
	sample_open(&w->sample);
	if (r->step) {
		world_promise(w, false);
		world_act(w, &c);
		world_promise(w, true);
	}
	sample_close(&w->sample);
	fault_disarm();
	trace_end();
}

static void learn_done(struct world *w, const void *ctx)
{
	struct change c = w->recorded;

	c.step = ctx;
	sample_open(&w->sample);
	world_learn(w, &c);
	*w->done = w->model;
	sample_close(&w->sample);
}

void world_record(struct world *w, const struct step *s, const char *to)
{
	const struct recording r = { s, to };
	struct step interrupted = *s;

	interrupted.dies_at = 1;
	w->done = mmap(NULL, sizeof(*w->done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(w->done != MAP_FAILED);
	sample_open(&w->sample);
	if (!world_prepare(w, s, &w->recorded)) {
		fail_msg("step %d cannot be made here", s->kind);
	}
	sample_close(&w->sample);
	run_apart(record, w, &r);
	run_apart(learn_done, w, &interrupted);
}

void world_record_start(struct world *w, const char *to)
{
	const struct recording r = { NULL, to };

	run_apart(record, w, &r);
}

/* --- judging ------------------------------------------------------------------------------ */

/* What was acknowledged stands in the log, where it stood. */
static void expect_leaves(struct world *w, const struct promise *p)
{
	uint64_t n = ledger_size(w->sample.ledger);
	uint8_t leaves[HASH_SIZE];

	if (n < p->nleaves) {
		fail_msg("the log has %llu leaves, and %llu were acknowledged", (unsigned long long)n,
			(unsigned long long)p->nleaves);
	}
	digest_leaves(w, p->nleaves, leaves);
	if (memcmp(leaves, p->leaves, sizeof(leaves)) != 0) {
		fail_msg("the log has other leaves than were acknowledged");
	}
}

/* The log is whole, and extends what the repository was given of it. */
static void verify_log(struct world *w)
{
	struct sample *s = &w->sample;
	struct log_head ours, theirs;
	enum log_relation relation;
	struct log_dir *d = NULL;
	struct cu_err err = { 0 };
	char mirror[400];
	uint64_t size;
	int r;

	assert_ok(ledger_publish(s->ledger, &size, &err), &err);
	assert_ok(log_dir_open(s->log_dir, &s->verifier, &d, &err), &err);
	assert_ok(log_dir_verify(d, &err), &err);
	log_dir_close(d);
	snprintf(mirror, sizeof(mirror), "%s/log", w->repo);
	r = log_compare(s->log_dir, mirror, &s->verifier, &relation, &ours, &theirs, &err);
	if (r != CU_ENOENT && (r < 0 || relation != LOG_OLDER)) {
		fail_msg("the log does not extend its mirror: %s", r < 0 ? err.msg : "it is another");
	}
}

static void say_fault(void *ctx, enum check_kind kind, const char *object, const char *text)
{
	(void)ctx;
	if (kind == CHECK_FAULT) {
		print_message("%s: %s\n", object, text);
	}
}

/* Whatever a backup that was cut off has left behind is no fault: what a manifest names is there. */
static void check_repository(struct world *w)
{
	const struct check_options options = { .is_reading_data = true, .manifest_key = &w->sample.verifier };
	struct check_report report = { 0 };
	struct repo repo;
	struct cu_err err = { 0 };

	if (!has_backup(w)) {
		return; /* one that is being made has none yet that counts */
	}
	assert_ok(repo_open(w->repo, &repo, &err), &err);
	assert_ok(check_run(&repo, &options, say_fault, NULL, NULL, &report, &err), &err);
	if (report.faults > 0) {
		fail_msg("the repository has %llu faults", (unsigned long long)report.faults);
	}
}

static void check_database(const struct world *w, const char *name)
{
	char path[700];
	sqlite3 *db = NULL;
	struct cu_err err = { 0 };

	snprintf(path, sizeof(path), "%s/%s", w->sample.dir, name);
	assert_ok(db_open(path, DB_WRITE, true, &db, &err), &err);
	assert_ok(db_check(db, &err), &err);
	db_close(db);
}

/* Of every record that there is, whoever's: it opens. */
static void open_records(struct world *w, const struct id *store)
{
	struct trial t = { 0 };
	struct trial_count n = { 0 };
	struct key_arena *arena = NULL;
	struct key *k0 = NULL;
	struct id who = { 0 };
	struct cu_err err = { 0 };
	int r;

	assert_ok(key_arena_new(VAULT_NODES_CACHED + 8, &arena, &err), &err);
	assert_ok(key_new(arena, &k0, &err), &err);
	assert_ok(root_key_get(w->sample.ring_dir, k0, &err), &err);
	assert_ok(trial_open(w->sample.dir, w->sample.dir, k0, arena, store, &t, &err), &err);
	while ((r = trial_next_subject(&t, &who, &who, &err)) > 0) {
		assert_ok(trial_subject(&t, &who, NULL, NULL, &n, &err), &err);
	}
	assert_ok(r, &err);
	trial_close(&t);
	key_free(arena, k0);
	key_arena_free(arena);
	if (n.broken > 0) {
		fail_msg("of %llu records %llu are broken", (unsigned long long)n.records,
			(unsigned long long)n.broken);
	}
}

void world_judge_cut(struct world *w, const struct step *s, const struct promise *p)
{
	bool is_backup = s->kind == STEP_BACK_UP && p->is_done;
	struct step interrupted = *s;
	struct change c = w->recorded;
	struct id store;

	interrupted.dies_at = is_backup ? 0 : 1;
	c.step = &interrupted;
	sample_open(&w->sample);
	store = store_id(w->sample.store);
	expect_leaves(w, p);
	check_repository(w);
	if (is_backup) { /* it must be there: it is restored below */
		w->sample.known_sequence = p->sequence;
		w->sample.known_capture = p->capture;
	}
	world_learn(w, &c);
	if (p->is_done && memcmp(&w->model, w->done, sizeof(w->model)) != 0) {
		fail_msg("what was acknowledged did not happen");
	}
	verify_log(w);
	world_judge(w);
	sample_close(&w->sample);
	check_database(w, "data.db");
	check_database(w, "index.db");
	check_database(w, "vault.db");
	open_records(w, &store);
}
