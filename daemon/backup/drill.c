#include "backup/drill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/check.h"
#include "backup/history.h"
#include "backup/manifest.h"
#include "backup/object.h"
#include "backup/rebuild.h"
#include "backup/repo.h"
#include "backup/restore.h"
#include "backup/trial.h"
#include "backup/watch.h"
#include "base/clock.h"
#include "base/err.h"

struct run {
	const struct drill_options *options;
	drill_fn *fault;
	void *ctx;
	struct repo repo;
	struct chain chain;
	struct chain_link link; /* whose data is drilled */
	struct manifest manifest;
	struct history history; /* DRILL_RESTORE: from the beginning */
	struct trial trial;
	bool is_explained; /* of the subject at hand: the log says that its keys were shredded */
	uint64_t unexplained;
	struct drill_report report;
};

static void run_done(struct run *run)
{
	trial_close(&run->trial);
	history_done(&run->history);
	manifest_done(&run->manifest);
	chain_done(&run->chain);
}

static void tell(struct run *run, const char *object, const char *text)
{
	run->report.faults++;
	if (run->fault) {
		run->fault(run->ctx, object, text);
	}
}

/* What is wrong with the backup is a finding; what is wrong with this machine ends the drill. */
static int find_or_fail(struct run *run, const char *object, int r, const struct cu_err *why,
	struct cu_err *err)
{
	switch (r) {
	case CU_ECORRUPT:
	case CU_ENOENT:
	case CU_ENOKEY:
	case CU_ELIMIT: tell(run, object, why->msg); return 0;
	default: return cu_err_set(err, r, "%s", why->msg);
	}
}

/* --- level 1: what is there, and is it what it was -------------------------------- */

static void on_finding(void *ctx, enum check_kind kind, const char *object, const char *text)
{
	if (kind == CHECK_FAULT) {
		tell(ctx, object, text);
	}
}

static int check_bytes(struct run *run, struct cu_err *err)
{
	const struct drill_options *o = run->options;
	struct check_options how = { o->level == DRILL_BYTES, &o->log_key, &o->manifest_key };
	struct check_report found = { 0 };
	int r = check_run(&run->repo, &how, on_finding, run, o->watch, &found, err);

	run->report.manifests = found.manifests;
	run->report.objects = found.objects;
	run->report.bytes_read += found.bytes_read;
	run->report.log_size = found.log_size;
	return r;
}

/* The signed chain, without which nothing else counts; check_bytes has told what is wrong with it. */
static int choose(struct run *run, struct cu_err *err)
{
	uint64_t wanted = run->options->sequence;
	struct cu_err why = { 0 };
	int r = chain_load(
		&run->repo, &run->options->manifest_key, NULL, NULL, &run->chain, &why);

	if (r < 0 && run->report.faults > 0 && r != CU_ENOMEM && r != CU_EIO) {
		return 0; /* told already */
	}
	if (r < 0) {
		return find_or_fail(run, "manifest", r, &why, err);
	}
	for (size_t i = run->chain.n; i-- > 0;) {
		if (wanted == 0 || run->chain.at[i].sequence == wanted) {
			run->link = run->chain.at[i];
			break;
		}
	}
	if (run->link.sequence == 0) {
		return wanted == 0 ? 0 : /* told already */
			cu_err_set(err, CU_EINVAL, "there is no backup %" PRIu64, wanted);
	}
	run->report.sequence = run->link.sequence;
	run->report.store = run->link.store;
	run->report.lineage = run->link.lineage;
	run->report.generation = run->link.generation;
	run->report.data_time_ms = run->link.data_time_ms;
	run->report.recovery_point_ms = run->options->now_ms - run->link.data_time_ms;
	memcpy(run->report.manifest_hash, run->link.hash, sizeof(run->link.hash));
	return chain_get(&run->repo, &run->link, &run->manifest, err);
}

/* --- level 2: the data ------------------------------------------------------------ */

/* Whether the rows in dir are those that were backed up. */
static int compare_rows(struct run *run, const char *dir, const struct manifest *m,
	struct cu_err *err)
{
	struct digest is = { 0 };
	struct cu_err why = { 0 };
	char text[200];
	int r = trial_digest(dir, run->options->watch, &is, &why);

	if (r < 0) {
		return find_or_fail(run, "data", r, &why, err);
	}
	run->report.subjects = is.subjects.rows;
	run->report.records = digest_records(&is);
	run->report.collections = is.ncollections;
	run->report.has_digests = m->has_digests;
	if (m->has_digests && digest_differs(&m->digest, &is, text, sizeof(text))) {
		tell(run, "data", text);
	} else if (run->report.subjects != m->subjects || run->report.records != m->records) {
		tell(run, "data", "other numbers of subjects or records than the manifest says");
	}
	return 0;
}

/* The bytes of the vault object, which only the identity opens. */
static int check_vault_bytes(struct run *run, struct cu_err *err)
{
	const struct chain_link *newest = chain_newest_vault(&run->chain);
	char name[REPO_NAME_SIZE];
	struct cu_err why = { 0 };
	int r;

	repo_name_vault(newest->generation, newest->vault.hash, name);
	r = object_verify(&run->repo, name, &newest->vault, &why);
	if (r == CU_ENOENT) {
		return 0; /* told by check_bytes */
	}
	run->report.bytes_read += newest->vault.stored;
	return r < 0 ? find_or_fail(run, name, r, &why, err) : 0;
}

static int drill_data(struct run *run, struct cu_err *err)
{
	const struct drill_options *o = run->options;
	struct rebuild_opener by = { .run = o->run, .scratch = o->scratch };
	int64_t started_ms = clock_monotonic_ms();
	struct cu_err why = { 0 };
	int r = rebuild_data(&run->repo, &run->manifest, by, o->dir, o->watch, &why);

	run->report.recovery_ms = clock_monotonic_ms() - started_ms;
	run->report.bytes_read += manifest_stored(&run->manifest) - run->manifest.vault.stored;
	if (r < 0) {
		return find_or_fail(run, "data", r, &why, err);
	}
	return compare_rows(run, o->dir, &run->manifest, err);
}

/* --- level 3: a restore ----------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

static int compare_slots(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Every shred that the log ever told of, so that what does not open can be explained by it. */
static int read_history(struct run *run, const struct restore_view *v, struct cu_err *err)
{
	struct history *h = &run->history;
	int r = history_read(
		v->log_dir, &run->options->log_key, &run->chain, 0, UINT64_MAX, run->options->watch, h,
		err);

	if (r < 0) {
		return r;
	}
	if (h->nerased > 0) {
		qsort(h->erased, h->nerased, sizeof(*h->erased), compare_ids);
	}
	if (h->ndead > 0) {
		qsort(h->dead, h->ndead, sizeof(*h->dead), compare_ids);
	}
	if (h->nslots > 0) {
		qsort(h->slots, h->nslots, sizeof(*h->slots), compare_slots);
	}
	run->report.log_size = h->head.size;
	return 0;
}

static bool is_listed(const struct id *ids, size_t n, const struct id *id)
{
	return n > 0 && bsearch(id, ids, n, sizeof(*ids), compare_ids) != NULL;
}

static bool is_shredded(const struct history *h, uint64_t slot)
{
	return h->nslots > 0 &&
		bsearch(&slot, h->slots, h->nslots, sizeof(*h->slots), compare_slots) != NULL;
}

static void on_record(void *ctx, const struct row_record *row, int is_open)
{
	struct run *run = ctx;

	if (is_open == 0 && !run->is_explained && !is_shredded(&run->history, row->slot) &&
		!(row->has_cohort && is_shredded(&run->history, row->cohort_slot))) {
		run->unexplained++;
	}
}

/* Whose keys the log says were shredded: nothing of them may open. */
static int try_subject(struct run *run, const struct id *id, struct trial_count *all,
	uint64_t *erased_but_open, struct cu_err *err)
{
	struct trial_count one = { 0 };
	bool is_dead = is_listed(run->history.dead, run->history.ndead, id);
	int r;

	run->is_explained = is_listed(run->history.erased, run->history.nerased, id);
	r = trial_subject(&run->trial, id, on_record, run, &one, err);
	run->report.erased += is_dead && one.opened == 0;
	*erased_but_open += is_dead && one.opened > 0;
	all->records += one.records;
	all->opened += one.opened;
	all->gone += one.gone;
	all->broken += one.broken;
	return r;
}

static void tell_n(struct run *run, const char *object, uint64_t n, const char *text)
{
	char line[160];

	if (n > 0) {
		snprintf(line, sizeof(line), "%" PRIu64 " %s", n, text);
		tell(run, object, line);
	}
}

static int try_all(struct run *run, struct cu_err *err)
{
	struct trial_count all = { 0 };
	struct id id, *after = NULL;
	uint64_t erased_but_open = 0;
	int r;

	while ((r = trial_next_subject(&run->trial, after, &id, err)) > 0) {
		after = &id;
		r = try_subject(run, &id, &all, &erased_but_open, err);
		if (r == 0) {
			r = watch_step(run->options->watch, "records", all.records,
				run->report.records, err);
		}
		if (r < 0) {
			return r;
		}
	}
	run->report.opened = all.opened;
	run->report.gone = all.gone;
	tell_n(run, "records", all.broken, "records are damaged: their keys are there and do not open them");
	tell_n(run, "records", run->unexplained, "records have no key, and the log does not say why");
	tell_n(run, "erasures", erased_but_open, "erased subjects can still be opened");
	if (all.records > all.gone && all.opened == 0) {
		tell(run, "records", "not one record can be opened");
	}
	return r;
}

static int on_raw(void *ctx, const struct restore_view *v, struct cu_err *err)
{
	struct run *run = ctx;
	int r = compare_rows(run, v->dir, v->manifest, err);

	if (r == 0) {
		r = read_history(run, v, err);
	}
	if (r == 0) {
		r = trial_open(v->dir, v->dir, v->k0, v->arena, &v->store, &run->trial, err);
	}
	if (r == 0) {
		r = try_all(run, err);
	}
	trial_close(&run->trial);
	return r;
}

/* Nobody whom an erasure names is in the store that would be handed over. */
static int on_settled(void *ctx, const struct restore_view *v, struct cu_err *err)
{
	struct run *run = ctx;
	struct trial_count back = { 0 };
	int r = trial_open(v->dir, v->dir, v->k0, v->arena, &v->store, &run->trial, err);

	for (size_t i = 0; r == 0 && i < run->history.ndead; i++) {
		r = trial_subject(&run->trial, &run->history.dead[i], NULL, NULL, &back, err);
	}
	tell_n(run, "erasures", back.subjects, "erased subjects came back in the restored store");
	trial_close(&run->trial);
	return r;
}

static int drill_restore(struct run *run, struct cu_err *err)
{
	const struct drill_options *o = run->options;
	struct restore_trial trial = { on_raw, on_settled, run };
	struct restore_options how = { .sequence = run->link.sequence, .now_ms = o->now_ms,
		.trial = &trial };
	struct restore_report done = { 0 };
	struct cu_err why = { 0 };
	char to[PATH_SIZE];
	int r = path_join(to, o->dir, "restored", err);

	if (r < 0) {
		return r;
	}
	r = restore_run(o->repo_dir, o->identity, to, &how, o->watch, &done, &why);
	if (r < 0) {
		return find_or_fail(run, "restore", r, &why, err);
	}
	run->report.recovery_ms = done.duration_ms;
	run->report.bytes_read += done.stored_bytes;
	for (size_t i = 0; i < done.nreasons; i++) {
		tell(run, "log", done.reasons[i]);
	}
	return 0;
}

/* --- a drill ---------------------------------------------------------------------- */

static int run_level(struct run *run, struct cu_err *err)
{
	int r;

	if (run->link.sequence == 0) {
		return 0; /* there is no chain to go on with, and that was told */
	}
	switch (run->options->level) {
	case DRILL_BYTES: return 0;
	case DRILL_DATA:
		r = check_vault_bytes(run, err);
		return r < 0 ? r : drill_data(run, err);
	case DRILL_RESTORE: break;
	}
	return drill_restore(run, err);
}

int drill_run(const struct drill_options *options, drill_fn *fault, void *ctx,
	struct drill_report *ret, struct cu_err *err)
{
	struct run run = { .options = options, .fault = fault, .ctx = ctx,
		.report.level = options->level };
	int64_t started_ms = clock_monotonic_ms();
	int r = repo_open(options->repo_dir, &run.repo, err);

	if (r == 0) {
		r = check_bytes(&run, err);
	}
	if (r == 0) {
		r = choose(&run, err);
	}
	if (r == 0) {
		r = run_level(&run, err);
	}
	if (r == 0) {
		run.report.duration_ms = clock_monotonic_ms() - started_ms;
		*ret = run.report;
	}
	run_done(&run);
	return r < 0 ? cu_err_wrap(err, r, "drill") : 0;
}
