#include "backup/restore.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/history.h"
#include "backup/identity.h"
#include "backup/manifest.h"
#include "backup/newest.h"
#include "backup/rebuild.h"
#include "backup/recipients.h"
#include "backup/repo.h"
#include "backup/site.h"
#include "backup/watch.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "crypto/age.h"
#include "crypto/key.h"
#include "crypto/keyring.h"
#include "store/settle.h"
#include "vault/vault.h"

struct run {
	const struct restore_options *options;
	const struct watch *watch;
	struct span identity_text;
	struct identity identity;
	struct repo repo;
	char log_dir[PATH_SIZE];
	struct chain chain;
	const struct chain_link *data;  /* of the chain: whose data is restored */
	const struct chain_link *vault; /* whose vault object is */
	struct manifest manifest;       /* that of data */
	struct history history;
	struct newest newest;
	struct site site;
	struct key_arena *arena;
	struct key *k0;
	uint64_t newest_stray; /* highest generation of a vault object that no manifest names */
	struct buf new_identity;
	int64_t looked_ms; /* spent in the functions of a trial */
	struct restore_report report;
};

static void run_done(struct run *run)
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

/* Appends what can be done about it to the message. */
static int remedy(struct cu_err *err, int code, const char *text)
{
	if (err) {
		size_t n = strlen(err->msg);

		snprintf(err->msg + n, sizeof(err->msg) - n, "; %s", text);
	}
	return code;
}

__attribute__((format(printf, 2, 3))) static void add_reason(
	struct restore_report *report, const char *fmt, ...)
{
	va_list ap;

	if (report->nreasons < RESTORE_MAX_REASONS) {
		va_start(ap, fmt);
		vsnprintf(report->reasons[report->nreasons++], sizeof(report->reasons[0]), fmt, ap);
		va_end(ap);
	}
}

__attribute__((format(printf, 2, 3))) static void add_note(
	struct restore_report *report, const char *fmt, ...)
{
	va_list ap;

	if (report->nnotes < RESTORE_MAX_REASONS) {
		va_start(ap, fmt);
		vsnprintf(report->notes[report->nnotes++], sizeof(report->notes[0]), fmt, ap);
		va_end(ap);
	}
}

/* --- what there is to restore ----------------------------------------------------- */

static int require_ours(const struct run *run, struct cu_err *err)
{
	const struct chain_link *newest = &run->chain.at[run->chain.n - 1];

	if (!id_eq(&newest->store, &run->identity.store)) {
		return cu_err_set(err, CU_EINVAL,
			"the repository is of another store than the identity file");
	}
	return 0;
}

static int load_chain(struct run *run, struct cu_err *err)
{
	int r = chain_load(
		&run->repo, &run->identity.manifest_key, NULL, NULL, &run->chain, err);

	if (r == CU_ENOKEY) {
		return remedy(err, r, "use the identity file of the lineage that wrote it");
	}
	if (r < 0) {
		return remedy(err, r, "bring the file back from another copy of the repository");
	}
	if (run->chain.n == 0) {
		return cu_err_set(err, CU_ENOENT, "the repository holds no backup");
	}
	return require_ours(run, err);
}

/* The data that was asked for; the vault object of the highest generation that the signed
 * chain names, whatever data was asked for: an older one would bring people back.  An object
 * that the chain does not name is not trusted; that it is there is looked at later. */
static int choose(struct run *run, struct cu_err *err)
{
	uint64_t newest = run->chain.at[run->chain.n - 1].sequence;
	uint64_t wanted = run->options->sequence ? run->options->sequence : newest;
	int r;

	if (wanted > newest || wanted < run->chain.at[0].sequence) {
		return cu_err_set(err, CU_EINVAL,
			"there is no backup %" PRIu64 "; there are %" PRIu64 " to %" PRIu64, wanted,
			run->chain.at[0].sequence, newest);
	}
	run->data = &run->chain.at[wanted - run->chain.at[0].sequence];
	run->vault = chain_newest_vault(&run->chain);
	r = chain_get(&run->repo, run->data, &run->manifest, err);
	if (r == 0 && (strcmp(run->manifest.log_key.name, run->identity.log_key.name) != 0 ||
			      memcmp(run->manifest.log_key.public_key,
				      run->identity.log_key.public_key, NOTE_PUBLIC_SIZE) != 0)) {
		r = cu_err_set(err, CU_EINVAL,
			"backup %" PRIu64 " names another log key than the identity file: it is of "
			"another lineage", wanted);
	}
	return r;
}

static int require_object(struct run *run, const char *name, const struct object_ref *ref,
	const char *what_to_do, struct cu_err *err)
{
	uint64_t size = 0;
	int r = repo_size(&run->repo, name, &size, err);

	if (r == 0 && size != ref->stored) {
		r = cu_err_set(err, CU_ECORRUPT, "%s has %" PRIu64 " bytes instead of %" PRIu64, name,
			size, ref->stored);
	}
	return r < 0 ? remedy(err, r, what_to_do) : 0;
}

/* Before hours are spent: is it all there? */
static int require_objects(struct run *run, struct cu_err *err)
{
	char name[REPO_NAME_SIZE];
	int r;

	repo_name_vault(run->vault->generation, run->vault->vault.hash, name);
	r = require_object(run, name, &run->vault->vault,
		"bring it back from another copy; with an older one, erased people would return",
		err);
	run->report.stored_bytes = run->vault->vault.stored;
	run->report.bytes = run->vault->vault_size + run->data->data_size;
	for (size_t i = 0; r == 0 && i < run->manifest.nranges; i++) {
		const struct object_ref *ref = &run->manifest.ranges[i].object;

		repo_name_data(ref->hash, name);
		r = require_object(run, name, ref,
			"bring it back from another copy, or restore another backup", err);
		run->report.stored_bytes += ref->stored;
	}
	return r;
}

/* --- is anything missing ---------------------------------------------------------- */

static int take_vault_name(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	struct run *run = ctx;
	struct repo_name parsed = repo_name_parse(name);

	(void)size;
	(void)err;
	if (parsed.kind == REPO_VAULT && parsed.number > run->newest_stray) {
		run->newest_stray = parsed.number;
	}
	return 0;
}

/* The log must know everything that the manifests and the vault knew; what it lacks may have
 * been an erasure. */
static void judge(struct run *run)
{
	const struct chain_link *newest = &run->chain.at[run->chain.n - 1];
	uint64_t has = run->history.head.size, known = run->history.generation;
	struct restore_report *report = &run->report;

	if (newest->log_size > has) {
		add_reason(report,
			"manifest %" PRIu64 " was written when the log had %" PRIu64
			" entries; its copy in the repository has %" PRIu64,
			newest->sequence, newest->log_size, has);
	}
	if (run->vault->generation > known) {
		add_reason(report,
			"the vault object is of generation %" PRIu64 "; the log explains only %" PRIu64,
			run->vault->generation, known);
	}
	if (run->newest_stray > known && run->newest_stray > run->vault->generation) {
		add_reason(report,
			"a vault object of generation %" PRIu64
			" is there that no manifest names and the log does not explain",
			run->newest_stray);
	}
	report->has_gap = report->nreasons > 0;
	report->log_size = has;
}

/* How far the log was when this data was captured: the first manifest that names its image. */
static uint64_t log_size_of(const struct run *run, const struct chain_link *data)
{
	uint64_t size = data->log_size;

	for (size_t i = 0; i < run->chain.n; i++) {
		const struct chain_link *link = &run->chain.at[i];

		if (memcmp(link->data_object, data->data_object, sizeof(link->data_object)) == 0 &&
			link->log_size < size) {
			size = link->log_size;
		}
	}
	return size;
}

static int read_history(struct run *run, struct cu_err *err)
{
	int r = repo_log_dir(&run->repo, run->log_dir, err);

	if (r == 0) {
		r = history_read(run->log_dir, &run->identity.log_key, &run->chain,
			run->vault->generation, log_size_of(run, run->data), run->watch, &run->history,
			err);
		if (r < 0 && r != CU_ECANCELED) {
			r = remedy(err, r, "bring log/ back from another copy of the repository");
		}
	}
	if (r == 0) {
		r = repo_list(&run->repo, "vault", take_vault_name, run, err);
	}
	if (r == 0) {
		judge(run);
	}
	return r;
}

/* --- building --------------------------------------------------------------------- */

static int make_keys(struct run *run, struct cu_err *err)
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
static int save_root_key(struct run *run, struct cu_err *err)
{
	struct keyring_hand nothing = { 0 };
	struct keyring_about about = { run->identity.store, run->options->now_ms };
	char ring[PATH_SIZE];
	int r = site_path(&run->site, "keys/" KEYRING_FIRST, ring, err);

	return r == 0 ? keyring_add(ring, KEYRING_FILE, &nothing, &about, run->k0, err) : r;
}

/* How many entries the mirror is known to lack; 0: not known. */
static uint64_t count_missing(const struct run *run)
{
	uint64_t had = run->chain.at[run->chain.n - 1].log_size;
	uint64_t has = run->history.head.size;

	return had > has ? had - has : 0;
}

static int settle(struct run *run, struct cu_err *err)
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
	};
	struct store_settled settled = { 0 };
	int r = store_settle_restored(
		run->site.dir, run->k0, run->arena, &how, &settled, err);

	if (r < 0) {
		return cu_err_wrap(err, r, "settle the store");
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

static int continue_log(struct run *run, struct cu_err *err)
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

static int look(struct run *run, bool is_raw, struct cu_err *err)
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

static int build(struct run *run, struct cu_err *err)
{
	const char *dir = run->site.dir;
	int r = make_keys(run, err);

	if (r == 0) {
		r = rebuild_vault(&run->repo, run->vault, run->identity.vault, &run->history, dir,
			run->k0, run->arena, run->watch, &run->report.restored_generation, err);
	}
	if (r == 0) {
		r = rebuild_data(
			&run->repo, &run->manifest, (struct rebuild_opener){ .ids = run->identity.data },
			dir, run->watch, err);
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
static int hand_over(struct run *run, struct cu_err *err)
{
	int r;

	if (run->options->trial) {
		return look(run, false, err);
	}
	r = save_root_key(run, err);
	return r == 0 ? site_finish(&run->site, err) : r;
}

/* --- the report ------------------------------------------------------------------- */

static bool has_others(const struct manifest_prints *prints, const char *recipient)
{
	char print[RECIPIENTS_PRINT_SIZE];

	recipients_print(recipient, print);
	for (size_t i = 0; i < prints->n; i++) {
		if (strcmp(prints->at[i], print) != 0) {
			return true;
		}
	}
	return false;
}

static void fill_report(struct run *run)
{
	struct restore_report *report = &run->report;
	uint64_t has = run->history.head.size, had = log_size_of(run, run->newest.link);

	report->store = run->identity.store;
	report->sequence = run->data->sequence;
	report->newest_sequence = run->chain.at[run->chain.n - 1].sequence;
	report->backup_time_ms = run->data->data_time_ms;
	report->vault_generation = run->vault->generation;
	report->shreds_replayed = run->history.nshreds;
	report->decided_sequence = run->newest.link->sequence;
	report->bytes += run->newest.bytes;
	report->stored_bytes += run->newest.stored_bytes;
	if (run->newest.fault[0]) {
		add_note(report, "What was decided since is as of an older backup than the newest. %s.",
			run->newest.fault);
	}
	if (has > had) {
		add_note(report,
			"The log has %" PRIu64 " entries from after backup %" PRIu64
			": what they changed is not in it, except erasures, holds, and what people "
			"said about purposes and restriction, without the papers.",
			has - had, run->newest.link->sequence);
	}
	if (has_others(&run->manifest.data_prints, run->identity.data_recipient) ||
		has_others(&run->manifest.vault_prints, run->identity.vault_recipient)) {
		add_note(report, "The backups were written for other recipients too. Only those of this "
				 "identity file are known now: add the others to keys/recipients.");
	}
	add_note(report, "This is a new lineage with a new log key: back it up into a new "
			 "repository, keep the old one, and keep the new identity file.");
}

static int prepare(struct run *run, const char *repo_dir, struct cu_err *err)
{
	int r = identity_parse(run->identity_text, &run->identity, err);

	if (r == 0) {
		r = repo_open(repo_dir, &run->repo, err);
	}
	if (r == 0) {
		r = load_chain(run, err);
	}
	if (r == 0) {
		r = choose(run, err);
	}
	if (r == 0) {
		r = require_objects(run, err);
	}
	return r == 0 ? read_history(run, err) : r;
}

int restore_run(const char *repo_dir, struct span identity_text, const char *to,
	const struct restore_options *options, const struct watch *watch,
	struct restore_report *ret, struct cu_err *err)
{
	struct run run = {
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
		r = prepare(&run, repo_dir, err);
	}
	if (r == 0) {
		r = build(&run, err);
	}
	if (r == 0) {
		r = hand_over(&run, err);
	}
	if (r == 0) {
		fill_report(&run);
		run.report.duration_ms = clock_monotonic_ms() - started_ms - run.looked_ms;
		*ret = run.report;
		if (options->ret_identity) {
			buf_put_span(options->ret_identity, buf_span(&run.new_identity));
		}
	}
	run_done(&run);
	return r < 0 ? cu_err_wrap(err, r, "restore") : 0;
}
