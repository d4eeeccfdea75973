#include "backup/restore.h"

#include <inttypes.h>
#include <string.h>

#include "backup/rebuild.h"
#include "backup/recipients.h"
#include "backup/restore_internal.h"
#include "backup/watch.h"
#include "base/clock.h"
#include "base/err.h"
#include "crypto/key.h"
#include "crypto/keyring.h"
#include "store/settle.h"
#include "vault/vault.h"

static void run_done(struct restoring *run)
{
	site_abandon(&run->site);
	if (run->arena) {
		key_free(run->arena, run->k0);
	}
	key_arena_free(run->arena);
	history_done(&run->history);
	manifest_done(&run->manifest);
	chain_done(&run->chain);
	identity_done(&run->identity);
	buf_done(&run->new_identity);
}

/* --- building --------------------------------------------------------------------- */

static int make_keys(struct restoring *run, struct cu_err *err)
{
	struct recipients_file public = { 0 };
	char keys[PATH_SIZE], ring[PATH_SIZE];
	int r = key_arena_new(VAULT_NODES_CACHED + 8, &run->arena, err);

	if (r == 0) {
		r = key_new(run->arena, &run->k0, err);
	}
	if (r == 0) {
		key_fill_random(run->k0);
		r = site_path(&run->site, "keys", keys, err);
	}
	if (r == 0) {
		r = site_path(&run->site, "keys/" KEYRING_FIRST, ring, err);
	}
	if (r == 0) {
		r = path_make_dir(ring, 0700, err);
	}
	if (r == 0) {
		r = recipients_add(&public.data, run->identity.data_recipient, err);
	}
	if (r == 0) {
		r = recipients_add(&public.vault, run->identity.vault_recipient, err);
	}
	return r == 0 ? recipients_save(keys, &public, err) : r;
}

/* The file with the root key comes last: what an interrupted restore leaves opens nothing. */
static int save_root_key(struct restoring *run, struct cu_err *err)
{
	struct keyring_hand nothing = { 0 };
	struct keyring_about about = { run->identity.store, run->options->now_ms };
	char ring[PATH_SIZE];
	int r = site_path(&run->site, "keys/" KEYRING_FIRST, ring, err);

	return r == 0 ? keyring_add(ring, KEYRING_FILE, &nothing, &about, run->k0, err) : r;
}

/* How many entries the mirror is known to lack; 0: not known. */
static uint64_t count_missing(const struct restoring *run)
{
	uint64_t had = run->chain.at[run->chain.n - 1].log_size;
	uint64_t has = run->history.head.size;

	return had > has ? had - has : 0;
}

static int settle(struct restoring *run, struct cu_err *err)
{
	struct store_settle how = {
		.lineage = run->report.lineage,
		.now_ms = run->options->now_ms,
		.newest_dir = run->newest.dir[0] ? run->newest.dir : NULL,
		.erased = run->history.erased,
		.nerased = run->history.nerased,
		.has_gap = run->report.has_gap,
		.gap_leaves = count_missing(run),
		.open = run->history.open,
		.nopen = run->history.nopen,
		.holds = run->history.holds,
		.nholds = run->history.nholds,
		.said = run->history.said,
		.nsaid = run->history.nsaid,
		.requests = run->history.requests,
		.nrequests = run->history.nrequests,
		.merges = run->history.merges,
		.nmerges = run->history.nmerges,
	};
	struct store_settled settled = { 0 };
	int r = store_settle_restored(
		run->site.dir, run->k0, run->arena, &how, &settled, err);

	if (r < 0) {
		cu_err_wrap(err, r, "data.db of backup %" PRIu64, run->data->sequence);
		return r == CU_ENOSPC || r == CU_ENOMEM || r == CU_ECANCELED ? r :
			r == CU_EUNSUP ? restore_remedy(err, r, "use a custos of that version, or restore another backup") :
					 restore_remedy(err, r, "bring another copy of the repository, or restore another backup");
	}
	run->report.subjects = settled.subjects;
	run->report.records = settled.records;
	run->report.removed_subjects = settled.removed_subjects;
	run->report.removed_records = settled.removed_records;
	run->report.lost_requests = settled.lost_requests;
	run->report.renewed_records = settled.renewed_records;
	run->report.restored_generation = settled.generation; /* the log's first leaf names it */
	return newest_drop(&run->newest, err);
}

static int continue_log(struct restoring *run, struct cu_err *err)
{
	struct rebuild_leaves leaves = {
		.now_ms = run->options->now_ms,
		.lineage = run->report.lineage,
		.sequence = run->data->sequence,
		.generation = run->report.restored_generation,
		.has_gap = run->report.has_gap,
	};

	memcpy(leaves.manifest_hash, run->data->hash, sizeof(leaves.manifest_hash));
	return rebuild_log(run->log_dir, &run->identity.log_key, run->site.dir, run->k0, &leaves,
		&run->report.log_key, err);
}

static int look(struct restoring *run, bool is_raw, struct cu_err *err)
{
	const struct restore_trial *trial = run->options->trial;
	struct restore_view v = { run->site.dir, run->k0, run->arena, run->log_dir, &run->manifest,
		run->data->hash, &run->history, run->identity.store };
	int64_t started_ms = clock_monotonic_ms();
	int r;

	if (!trial) {
		return 0;
	}
	r = is_raw ? trial->on_raw(trial->ctx, &v, err) : trial->on_settled(trial->ctx, &v, err);
	run->looked_ms += clock_monotonic_ms() - started_ms;
	return r;
}

/* An object that is not what was signed; else it is this machine that fails. */
static int say_what_to_do(int r, const char *remedy, struct cu_err *err)
{
	return r == CU_ECORRUPT || r == CU_ENOENT || r == CU_ENOKEY || r == CU_ELIMIT ?
		restore_remedy(err, r, remedy) :
		r;
}

static int build(struct restoring *run, struct cu_err *err)
{
	const char *dir = run->site.dir;
	int r = make_keys(run, err);

	if (r == 0) {
		r = rebuild_vault(&run->repo, run->vault, run->identity.vault, &run->history, dir,
			run->k0, run->arena, run->watch, &run->report.restored_generation, err);
		r = say_what_to_do(r, RESTORE_MEND_VAULT, err);
	}
	if (r == 0) {
		r = rebuild_data(
			&run->repo, &run->manifest, (struct rebuild_opener){ .ids = run->identity.data },
			dir, run->watch, err);
		r = say_what_to_do(r, RESTORE_MEND_DATA, err);
	}
	if (r == 0) {
		r = look(run, true, err);
	}
	if (r == 0) {
		r = newest_build(&run->repo, &run->chain, run->data, run->identity.data, dir,
			run->watch, &run->newest, err);
	}
	if (r == 0) {
		r = watch_step(run->watch, "settle", 0, 0, err);
	}
	if (r == 0) {
		r = settle(run, err);
	}
	if (r == 0) {
		r = continue_log(run, err);
	}
	if (r == 0) {
		r = identity_repin(run->identity_text, &run->report.log_key, &run->report.log_key,
			&run->new_identity, err);
	}
	if (r == 0) {
		r = watch_step(run->watch, "finish", 0, 0, err); /* the last point for a cancel */
	}
	return r;
}

/* A trial ends here: its directory goes with the run. */
static int hand_over(struct restoring *run, struct cu_err *err)
{
	int r;

	if (run->options->trial) {
		return look(run, false, err);
	}
	r = save_root_key(run, err);
	return r == 0 ? site_finish(&run->site, err) : r;
}

int restore_run(const char *repo_dir, struct span identity_text, const char *to,
	const struct restore_options *options, const struct watch *watch,
	struct restore_report *ret, struct cu_err *err)
{
	struct restoring run = {
		.options = options,
		.watch = watch,
		.identity_text = identity_text,
		.site.fd = -1,
		.new_identity = BUF_INIT_WIPE,
		.report.lineage = id_new(),
	};
	int64_t started_ms = clock_monotonic_ms();
	int r = site_begin(to, &run.site, err);

	if (r == 0) {
		r = restore_prepare(&run, repo_dir, err);
	}
	if (r == 0) {
		r = build(&run, err);
	}
	if (r == 0) {
		r = hand_over(&run, err);
	}
	if (r == 0) {
		restore_report_fill(&run);
		run.report.duration_ms = clock_monotonic_ms() - started_ms - run.looked_ms;
		*ret = run.report;
		if (options->ret_identity) {
			buf_put_span(options->ret_identity, buf_span(&run.new_identity));
		}
	}
	run_done(&run);
	return r < 0 ? cu_err_wrap(err, r, "restore") : 0;
}
