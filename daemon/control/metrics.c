#include "control/metrics.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/path.h"
#include "base/zone.h"
#include "control/agent_link.h"
#include "control/attention.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/metric.h"
#include "control/repos_note.h"
#include "control/residue.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "privacy/request.h"
#include "store/reader.h"
#include "store/reader_dsr.h"
#include "store/reader_hold.h"
#include "store/reader_incident.h"
#include "store/reader_message.h"
#include "store/tx_job.h"
#include "vault/vault.h"

#define FILE_LIMIT 4096

struct gathering {
	struct daemon *daemon;
	struct metrics *m;
	struct reader *rd;
	int64_t now_ms;
};

static void put(const struct gathering *g, enum metric id, int64_t value)
{
	metric_put(g->m, id, NULL, NULL, value);
}

/* --- the process ------------------------------------------------------------------ */

static void put_memory(const struct gathering *g)
{
	struct buf text = BUF_INIT;
	unsigned long long size, resident;
	int64_t page = sysconf(_SC_PAGESIZE);

	if (path_read_file("/proc/self/statm", FILE_LIMIT, &text, NULL) == 0 &&
		sscanf(buf_cstr(&text), "%llu %llu", &size, &resident) == 2) {
		put(g, METRIC_VSIZE, (int64_t)size * page);
		put(g, METRIC_RSS, (int64_t)resident * page);
	}
	buf_done(&text);
}

static void put_process(const struct gathering *g)
{
	struct rusage used;
	struct rlimit files;
	char **names;
	size_t n;

	put_memory(g);
	if (getrusage(RUSAGE_SELF, &used) == 0) {
		metric_put_ms(g->m, METRIC_CPU, NULL,
			(int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
				(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000);
	}
	if (path_list("/proc/self/fd", &names, &n, NULL) == 0) {
		put(g, METRIC_FDS, (int64_t)n - 1); /* one of them is this look */
		path_free_names(names, n);
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		put(g, METRIC_MAX_FDS, (int64_t)files.rlim_cur);
	}
}

static void put_call(const struct gathering *g, const char *method, const struct call_count *c)
{
	static const char *const bounds[CALL_NBOUNDS + 1] = {
#define X(text, us) text,
		CALL_BOUNDS(X)
#undef X
		"+Inf" };
	uint64_t n = 0;

	for (unsigned i = 0; i <= CALL_NBOUNDS; i++) {
		n += atomic_load_explicit(&c->within[i], memory_order_relaxed);
		metric_put_bucket(g->m, METRIC_CALL_TIME, method, bounds[i], n);
	}
	metric_put_sum_us(g->m, METRIC_CALL_TIME, method,
		atomic_load_explicit(&c->sum_us, memory_order_relaxed), n);
	for (unsigned i = 0; i < CALL_NOUTCOMES; i++) {
		n = call_count_of(c, i);
		if (n > 0) {
			metric_put(g->m, METRIC_CALLS, method, call_outcome_word(i), (int64_t)n);
		}
	}
}

/* Those that were made. */
static void put_calls(const struct gathering *g)
{
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct call_count *c = &g->daemon->meter.v[id];
		bool is_any = false;

		for (unsigned i = 0; i < CALL_NOUTCOMES; i++) {
			is_any |= call_count_of(c, i) > 0;
		}
		if (is_any) {
			put_call(g, command_at((enum command_id)id)->method, c);
		}
	}
}

static void put_state(const struct gathering *g)
{
	static const char *const words[] = { "uninitialised", "sealed", "running", "restricted",
		"quarantined", "restored" };
	const char *now = daemon_state_word(g->daemon);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		metric_put(g->m, METRIC_STATE, words[i], NULL, strcmp(words[i], now) == 0);
	}
}

/* --- room ------------------------------------------------------------------------- */

static void put_room(const struct gathering *g)
{
	struct room_place v[ROOM_MAX];
	size_t n = room_look(g->daemon, v);

	for (size_t i = 0; i < n; i++) {
		metric_put(g->m, METRIC_FS_AVAIL, v[i].key, NULL, (int64_t)v[i].avail);
		metric_put(g->m, METRIC_FS_SIZE, v[i].key, NULL, (int64_t)v[i].size);
	}
}

static void put_sizes(const struct gathering *g)
{
	static const char *const names[] = { "data", "index", "vault" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[16], path[PATH_SIZE];
		struct stat st;

		snprintf(name, sizeof(name), "%s.db", names[i]);
		if (path_join(path, g->daemon->house.dir, name, NULL) == 0 && stat(path, &st) == 0) {
			metric_put(g->m, METRIC_DB_BYTES, names[i], NULL, st.st_size);
		}
	}
	put_room(g);
}

/* --- what is kept ----------------------------------------------------------------- */

static int put_store(const struct gathering *g, struct cu_err *err)
{
	struct house *h = &g->daemon->house;
	struct engine_counts n;
	int r = reader_count(g->rd, &n, err);

	if (r == 0) {
		put(g, METRIC_SUBJECTS, (int64_t)n.subjects);
		put(g, METRIC_RECORDS, (int64_t)n.records);
		put(g, METRIC_SEALED_BYTES, (int64_t)n.sealed_bytes);
		put(g, METRIC_LOG_ENTRIES, (int64_t)ledger_size(h->ledger));
		put(g, METRIC_VAULT, (int64_t)vault_generation(h->vault));
	}
	return r;
}

static int put_requests(const struct gathering *g, struct cu_err *err)
{
	int32_t today = casework_today(g->daemon), next = INT32_MAX;
	int64_t states[REQUEST_NSTATES_] = { 0 }, nlate = 0;
	struct row_dsr row = { .number = 0 };
	int r;

	while ((r = reader_dsr_next(g->rd, row.number, true, &row, err)) > 0) {
		bool is_due = request_is_open(row.state) && row.due_day != CIVIL_NO_DAY;

		states[row.state < REQUEST_NSTATES_ ? row.state : 0]++;
		nlate += is_due && row.due_day < today;
		next = is_due && row.due_day < next ? row.due_day : next;
	}
	for (unsigned i = 1; i < REQUEST_NSTATES_; i++) {
		metric_put(g->m, METRIC_REQUESTS, request_state_word(i), NULL, states[i]);
	}
	put(g, METRIC_REQUESTS_LATE, nlate);
	if (next != INT32_MAX) {
		put(g, METRIC_REQUEST_DUE, next - today);
	}
	return r;
}

static int put_holds(const struct gathering *g, struct cu_err *err)
{
	int32_t today = casework_today(g->daemon);
	int64_t nactive = 0, nreleased = 0, ndue = 0;
	struct row_hold row, *after = NULL;
	int r;

	while ((r = reader_next_hold(g->rd, after, &row, err)) > 0) {
		bool is_active = row.state == HOLD_ACTIVE;

		after = &row;
		nactive += is_active;
		nreleased += !is_active;
		ndue += is_active && row.review_day != CIVIL_NO_DAY && row.review_day <= today;
	}
	metric_put(g->m, METRIC_HOLDS, "active", NULL, nactive);
	metric_put(g->m, METRIC_HOLDS, "released", NULL, nreleased);
	put(g, METRIC_HOLD_REVIEWS, ndue);
	return r;
}

static int put_incidents(const struct gathering *g, struct cu_err *err)
{
	struct row_incident row = { .number = 0 };
	int64_t nopen = 0;
	int r;

	while ((r = reader_next_incident(g->rd, row.number, &row, err)) > 0) {
		nopen += row.closed_ms == 0;
	}
	put(g, METRIC_INCIDENTS, nopen);
	return r;
}

/* --- backups ---------------------------------------------------------------------- */

static int put_target(const struct gathering *g, const struct target *t, struct cu_err *err)
{
	struct daemon *d = g->daemon;
	struct drill_last drill = { 0 };
	struct repos_last last = { 0 };
	int r = repos_last(d, t, &last, err);

	r = r < 0 ? r : drill_last(d, t, &drill, err);
	if (r < 0 || last.sequence == 0) {
		return r;
	}
	metric_put_ms(g->m, METRIC_BACKUP_TIME, t->key, last.time_ms);
	metric_put_ms(g->m, METRIC_RECOVERY_AGE, t->key, g->now_ms - last.time_ms);
	metric_put(g->m, METRIC_KEYS_BEHIND, t->key, NULL,
		(int64_t)(vault_generation(d->house.vault) - last.generation));
	if (drill.time_ms > 0) {
		metric_put_ms(g->m, METRIC_DRILL_TIME, t->key, drill.time_ms);
		metric_put(g->m, METRIC_DRILL_PASSED, t->key, NULL, drill.faults == 0);
	}
	if (drill.restore_ms > 0) {
		metric_put_ms(g->m, METRIC_RESTORE_TIME, t->key, drill.restore_ms);
	}
	return 0;
}

static int put_targets(const struct gathering *g, struct cu_err *err)
{
	const struct targets *t = policy_targets(g->daemon->policy);
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n; i++) {
		r = put_target(g, &t->v[i], err);
	}
	return r;
}

/* --- what it does by itself ------------------------------------------------------- */

static int put_job(const struct gathering *g, enum job j, struct cu_err *err)
{
	const struct schedule_look look = schedule_look(g->daemon, j);
	struct row_job run = { .started_ms = INT64_MAX, .code = CU_EBUSY };
	int r = 1;

	while (run.code < 0 && r > 0) {
		r = reader_job_before(g->rd, job_word(j), run.started_ms, &run, err);
	}
	if (r > 0) {
		metric_put_ms(g->m, METRIC_JOB_SUCCESS, job_word(j), run.ended_ms);
	}
	if (!look.is_never) {
		metric_put_ms(g->m, METRIC_JOB_NEXT, job_word(j), look.next_ms);
	}
	metric_put(g->m, METRIC_JOB_FAILURES, job_word(j), NULL, look.nfailed);
	metric_put(g->m, METRIC_JOB_RUNNING, job_word(j), NULL, look.is_running);
	return r < 0 ? r : 0;
}

static int put_jobs(const struct gathering *g, struct cu_err *err)
{
	struct residue_last last = { 0 };
	int r = residue_last(g->daemon, &last, err);

	for (enum job j = 0; r == 0 && j < NJOBS; j++) {
		r = put_job(g, j, err);
	}
	put(g, METRIC_RESIDUE, (int64_t)last.left);
	return r;
}

static int count_attention(void *ctx, const struct attention *a, struct cu_err *err)
{
	int64_t *n = ctx;

	(void)err;
	n[a->kind]++;
	return 0;
}

static int put_alarms(const struct gathering *g, struct cu_err *err)
{
	int64_t n[ATTENTION_NKINDS] = { 0 };
	int r = attention_each(g->daemon, count_attention, n, err);

	for (enum attention_kind k = 0; k < ATTENTION_NKINDS; k++) {
		if (n[k] > 0) {
			metric_put(g->m, METRIC_ALARMS, attention_word(k),
				severity_word(attention_severity(k)), n[k]);
		}
	}
	return r;
}

static int put_messages(const struct gathering *g, struct cu_err *err)
{
	static const char *const words[] = { [MESSAGE_WAITING] = "waiting", [MESSAGE_SENT] = "sent",
		[MESSAGE_GIVEN_UP] = "given_up", [MESSAGE_DROPPED] = "dropped" };
	int64_t n[MESSAGE_DROPPED + 1] = { 0 };
	struct row_message row, *after = NULL;
	int r;

	while ((r = reader_next_message(g->rd, after, &row, err)) > 0) {
		after = &row;
		n[row.state <= MESSAGE_DROPPED ? row.state : 0]++;
	}
	for (unsigned i = MESSAGE_WAITING; i <= MESSAGE_DROPPED; i++) {
		metric_put(g->m, METRIC_MESSAGES, words[i], NULL, n[i]);
	}
	return r;
}

static void put_agent(const struct gathering *g)
{
	struct agent_seen seen;

	if (!g->daemon->agent) {
		return;
	}
	agent_link_look(g->daemon->agent, &seen);
	put(g, METRIC_AGENT, seen.is_ready);
	for (size_t i = 0; i < seen.nroutes; i++) {
		metric_put(g->m, METRIC_ROUTE, seen.routes[i].key, NULL, !seen.routes[i].fault[0]);
	}
}

/* --- all -------------------------------------------------------------------------- */

typedef int part(const struct gathering *g, struct cu_err *err);

/* What a look takes apart from the reader that this one holds is taken after it was given back. */
static int gather_open(struct gathering *g, struct cu_err *err)
{
	static part *const with_reader[] = { put_store, put_requests, put_holds, put_incidents,
		put_jobs, put_messages };
	static part *const others[] = { put_targets, put_alarms };
	struct store *st = g->daemon->house.store;
	int r = 0;

	g->rd = store_reader_take(st);
	for (size_t i = 0; r == 0 && i < sizeof(with_reader) / sizeof(with_reader[0]); i++) {
		r = with_reader[i](g, err);
	}
	store_reader_give(st, g->rd);
	for (size_t i = 0; r == 0 && i < sizeof(others) / sizeof(others[0]); i++) {
		r = others[i](g, err);
	}
	put_sizes(g);
	put_agent(g);
	return r;
}

int metrics_gather(struct daemon *d, struct buf *to, struct cu_err *err)
{
	struct metrics m;
	struct gathering g = { .daemon = d, .m = &m, .now_ms = clock_now_ms(&d->house.clock) };
	int r = 0;

	metrics_init(&m);
	metric_put(&m, METRIC_BUILD, CUSTOS_VERSION, NULL, 1);
	metric_put_ms(&m, METRIC_STARTED, NULL, g.now_ms - (clock_monotonic_ms() - d->started_ms));
	put_state(&g);
	put_calls(&g);
	put_process(&g);
	if (atomic_load(&d->state) == DAEMON_RUNNING) {
		r = gather_open(&g, err);
	}
	r = r < 0 ? r : metrics_write(&m, to, err);
	metrics_done(&m);
	return r;
}
