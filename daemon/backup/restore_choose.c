/* What a restore is made from: which backup, is all of it there, and is anything missing beyond it? */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backup/restore_internal.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/path.h"

int restore_remedy(struct cu_err *err, int code, const char *text)
{
	if (err) {
		size_t n = strlen(err->msg);

		snprintf(err->msg + n, sizeof(err->msg) - n, "; %s", text);
	}
	return code;
}

/* --- what there is to restore ----------------------------------------------------- */

static int require_ours(const struct restoring *run, struct cu_err *err)
{
	const struct chain_link *newest = &run->chain.at[run->chain.n - 1];

	if (!id_eq(&newest->store, &run->identity.store)) {
		return cu_err_set(err, CU_EINVAL,
			"the repository is of another store than the identity file");
	}
	return 0;
}

static int load_chain(struct restoring *run, struct cu_err *err)
{
	int r = chain_load(
		&run->repo, &run->identity.manifest_key, NULL, NULL, &run->chain, err);

	if (r == CU_ENOKEY) {
		return restore_remedy(err, r, "use the identity file of the lineage that wrote it");
	}
	if (r < 0) {
		return restore_remedy(err, r, "bring the file back from another copy of the repository");
	}
	if (run->chain.n == 0) {
		return cu_err_set(err, CU_ENOENT,
			"the repository holds no backup; bring manifest/ back from another copy, or name another directory");
	}
	return require_ours(run, err);
}

static int choose_number(struct restoring *run, struct cu_err *err)
{
	uint64_t newest = run->chain.at[run->chain.n - 1].sequence;
	uint64_t wanted = run->options->sequence ? run->options->sequence : newest;

	if (wanted > newest || wanted < run->chain.at[0].sequence) {
		return cu_err_set(err, CU_EINVAL,
			"there is no backup %" PRIu64 "; there are %" PRIu64 " to %" PRIu64, wanted,
			run->chain.at[0].sequence, newest);
	}
	run->data = &run->chain.at[wanted - run->chain.at[0].sequence];
	return 0;
}

static int choose_time(struct restoring *run, struct cu_err *err)
{
	char when[CIVIL_TIME_SIZE];

	run->point = point_at(&run->chain, run->options->at_ms);
	run->data = run->point.link;
	if (run->data) {
		return 0;
	}
	if (run->options->ret_points) {
		point_list(&run->chain, RESTORE_MAX_POINTS, run->options->ret_points);
	}
	civil_format_time(run->options->at_ms, when);
	return cu_err_set(err, CU_ENOENT, "there is no backup of %s or before", when);
}

/* The data that was asked for; the vault object of the highest generation that the signed
 * chain names, whatever data was asked for: an older one would bring people back.  An object
 * that the chain does not name is not trusted; that it is there is looked at later. */
static int choose(struct restoring *run, struct cu_err *err)
{
	int r = run->options->has_at ? choose_time(run, err) : choose_number(run, err);

	if (r < 0) {
		return r;
	}
	run->vault = chain_newest_vault(&run->chain);
	r = chain_get(&run->repo, run->data, &run->manifest, err);
	if (r == 0 && (strcmp(run->manifest.log_key.name, run->identity.log_key.name) != 0 ||
			      memcmp(run->manifest.log_key.public_key,
				      run->identity.log_key.public_key, NOTE_PUBLIC_SIZE) != 0)) {
		r = cu_err_set(err, CU_EINVAL,
			"backup %" PRIu64 " names another log key than the identity file: it is of "
			"another lineage", run->data->sequence);
	}
	return r;
}

static int require_object(struct restoring *run, const char *name, const struct object_ref *ref,
	const char *what_to_do, struct cu_err *err)
{
	uint64_t size = 0;
	int r = repo_size(&run->repo, name, &size, err);

	if (r == 0 && size != ref->stored) {
		r = cu_err_set(err, CU_ECORRUPT, "%s has %" PRIu64 " bytes instead of %" PRIu64, name,
			size, ref->stored);
	}
	return r < 0 ? restore_remedy(err, r, what_to_do) : 0;
}

/* Before hours are spent: is it all there? */
static int require_objects(struct restoring *run, struct cu_err *err)
{
	char name[REPO_NAME_SIZE];
	int r;

	repo_name_vault(run->vault->generation, run->vault->vault.hash, name);
	r = require_object(run, name, &run->vault->vault,
		RESTORE_MEND_VAULT,
		err);
	run->report.stored_bytes = run->vault->vault.stored;
	run->report.bytes = run->vault->vault_size + run->data->data_size;
	for (size_t i = 0; r == 0 && i < run->manifest.nranges; i++) {
		const struct object_ref *ref = &run->manifest.ranges[i].object;

		repo_name_data(ref->hash, name);
		r = require_object(run, name, ref,
			RESTORE_MEND_DATA, err);
		run->report.stored_bytes += ref->stored;
	}
	return r;
}

/* --- is anything missing ---------------------------------------------------------- */

static int take_vault_name(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	struct restoring *run = ctx;
	struct repo_name parsed = repo_name_parse(name);

	(void)size;
	(void)err;
	if (parsed.kind == REPO_VAULT && parsed.number > run->newest_stray) {
		run->newest_stray = parsed.number;
	}
	return 0;
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

/* The log must know everything that the manifests and the vault knew; what it lacks may have
 * been an erasure. */
static void judge(struct restoring *run)
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

static int read_history(struct restoring *run, struct cu_err *err)
{
	int r = path_join(run->log_dir, run->repo.dir, "log", err); /* a restore reads directories */

	if (r == 0) {
		r = history_read(run->log_dir, &run->identity.log_key, &run->chain,
			run->vault->generation, restore_log_size_of(run, run->data), run->watch, &run->history,
			err);
		if (r < 0 && r != CU_ECANCELED) {
			r = restore_remedy(err, r, "bring log/ back from another copy of the repository");
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

/* --- all of it --------------------------------------------------------------------- */

int restore_prepare(struct restoring *run, const char *repo_dir, struct cu_err *err)
{
	int r = identity_parse(run->identity_text, &run->identity, err);

	if (r == 0) {
		r = repo_open(repo_dir, &run->repo, err);
		if (r < 0) {
			r = restore_remedy(err, r, "bring it back from another copy, or name another directory");
		}
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
