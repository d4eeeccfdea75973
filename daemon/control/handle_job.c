/* Jobs: what schedule.yaml has done. */
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/repos.h"
#include "control/schedule.h"
#include "policy/policy.h"
#include "store/tx_job.h"

static int job_of(const struct exchange *x, enum job *ret, struct cu_err *err)
{
	return job_parse(exchange_text(x, "job"), ret) ?
		0 :
		cu_err_set(err, CU_ENOENT, "job: schedule.yaml has no such job");
}

static void show_run(struct json *out, const char *name, const struct row_job *run)
{
	json_open_object(out, name);
	json_int(out, "started_ms", run->started_ms);
	json_int(out, "ended_ms", run->ended_ms);
	if (run->due_ms > 0) {
		json_int(out, "due_ms", run->due_ms);
	}
	if (run->code < 0) {
		json_str(out, "error", cu_err_wire_name(run->code));
	}
	json_close_object(out);
}

static int show_job(struct daemon *d, struct reader *rd, const char *name, enum job j,
	struct json *out, struct cu_err *err)
{
	const struct schedule_look look = schedule_look(d, j);
	struct row_job last;
	int r = reader_job_before(rd, job_word(j), INT64_MAX, &last, err);

	json_open_object(out, name);
	json_str(out, "job", job_word(j));
	json_str(out, "when", policy_schedule(d->policy)->v[j].text);
	json_str(out, "state", look.is_running ? "running" : look.is_never ? "off" : "waiting");
	if (!look.is_never) {
		json_int(out, "next_ms", look.next_ms);
	}
	if (look.is_running) {
		json_int(out, "running_since_ms", look.started_ms);
	}
	json_uint(out, "failed", look.nfailed);
	if (r > 0) {
		show_run(out, "last", &last);
	}
	json_close_object(out);
	return r < 0 ? r : 0;
}

int handle_JOB_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	struct reader *rd = store_reader_take(d->house.store);
	int r = 0;

	json_open_array(out, "jobs");
	for (enum job j = 0; r == 0 && j < NJOBS; j++) {
		r = show_job(d, rd, NULL, j, out, err);
	}
	json_close_array(out);
	store_reader_give(d->house.store, rd);
	return r;
}

/* The newest last: where the eye is. */
static int show_runs(struct reader *rd, enum job j, struct json *out, struct cu_err *err)
{
	struct row_job runs[JOB_RUNS_KEPT];
	int64_t before = INT64_MAX;
	size_t n = 0;
	int r = 0;

	while (n < JOB_RUNS_KEPT &&
		(r = reader_job_before(rd, job_word(j), before, &runs[n], err)) > 0) {
		before = runs[n++].started_ms;
	}
	json_open_array(out, "runs");
	while (n > 0) {
		show_run(out, NULL, &runs[--n]);
	}
	json_close_array(out);
	return r < 0 ? r : 0;
}

int handle_JOB_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	struct reader *rd;
	enum job j;
	int r = job_of(x, &j, err);

	if (r < 0) {
		return r;
	}
	rd = store_reader_take(d->house.store);
	r = show_job(d, rd, "job", j, out, err);
	if (r == 0) {
		r = show_runs(rd, j, out, err);
	}
	store_reader_give(d->house.store, rd);
	return r;
}

int handle_JOB_RUN(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct target *target;
	enum job j;
	int r = job_of(x, &j, err);

	(void)out;
	if (r == 0 && j == JOB_RETENTION) {
		r = cu_err_set(err, CU_EUNSUP,
			"data whose time is over is ended with 'retention run', by who may");
	}
	if (r == 0 && j == JOB_DIGEST && !agent_has_digest(policy_agent(x->daemon->policy))) {
		r = cu_err_set(err, CU_ENOENT,
			"agent.yaml has no route with 'digest: yes'; 'report digest' shows it");
	}
	if (r == 0 && j != JOB_RESIDUE && j != JOB_DIGEST) { /* the others have nothing to do without one: that is not 'done' */
		r = repos_find(x->daemon, NULL, &target, err);
	}
	return r < 0 ? r : schedule_want(x->daemon, j, &x->actor, err);
}

int handle_JOB_CANCEL(struct exchange *x, struct json *out, struct cu_err *err)
{
	enum job j;
	int r = job_of(x, &j, err);

	(void)out;
	return r < 0 ? r : schedule_cancel(x->daemon, j, err);
}
