#include "control/jobs.h"

#include <inttypes.h>

#include "backup/watch.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/digest.h"
#include "control/drill.h"
#include "control/repos.h"
#include "control/repos_note.h"
#include "control/residue.h"
#include "policy/policy.h"

/* 0, 1: nothing to do, or a code. */
typedef int target_fn(struct daemon *d, const struct target *t, const struct watch *watch,
	struct cu_err *err);

static int each_target(struct daemon *d, target_fn *fn, const struct watch *watch, struct cu_err *err)
{
	const struct targets *all = policy_targets(d->policy);
	int r = 1, failed = 0;

	for (size_t i = 0; i < all->n && failed != CU_ECANCELED; i++) {
		struct cu_err why;
		int one = fn(d, &all->v[i], watch, &why);

		if (one == 0) {
			r = 0;
		} else if (one < 0 && (failed == 0 || one == CU_ECANCELED)) {
			failed = cu_err_set(err, one, "%s", why.msg);
		} else if (one < 0) {
			log_error("%s", why.msg);
		}
	}
	return failed < 0 ? failed : r;
}

/* --- backups ---------------------------------------------------------------------- */

static int back_up(struct daemon *d, const struct target *t, const struct watch *watch,
	struct cu_err *err)
{
	struct snapshot_result result;

	return repos_write(d, t, REPOS_FULL, watch, &result, err);
}

static int drill(struct daemon *d, const struct target *t, const struct watch *watch,
	struct cu_err *err)
{
	const struct drill_order order = { .target = t,
		.level = (enum drill_level)policy_schedule(d->policy)->drill_level,
		.identity = -1, .watch = watch };
	struct drill_record record = { .faults = BUF_INIT };
	struct repos_last last = { 0 };
	int r = repos_last(d, t, &last, err);

	if (r == 0 && last.sequence == 0) {
		return 1; /* it holds no backup of ours yet */
	}
	if (r == 0) {
		r = drill_hold(d, &order, &record, err);
	}
	if (r == 0 && record.report.faults > 0) {
		r = cu_err_set(err, CU_ECORRUPT,
			"the drill of target %s FAILED: see 'drill show %" PRIu64 "'", t->key,
			record.number);
	}
	drill_record_done(&record);
	return r;
}

/* --- what is left of people ------------------------------------------------------- */

static int end_what_is_over(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	static const struct id itself;
	struct expiry_outcome outcome;

	return expiry_run(d, &itself, watch, &outcome, err);
}

int jobs_run(struct daemon *d, enum job j, const struct watch *watch, struct cu_err *err)
{
	switch (j) {
	case JOB_BACKUP: return each_target(d, back_up, watch, err);
	case JOB_MIRROR: return each_target(d, repos_mirror, watch, err);
	case JOB_DRILL: return each_target(d, drill, watch, err);
	case JOB_RETENTION: return end_what_is_over(d, watch, err);
	case JOB_RESIDUE: return residue_nightly(d, watch, err);
	case JOB_DIGEST: return digest_send(d, err);
	case NJOBS: break;
	}
	return cu_err_set(err, CU_EINTERNAL, "there is no such job");
}
