#include "backup/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/history.h"
#include "backup/manifest.h"
#include "backup/object.h"
#include "backup/repo_log.h"
#include "backup/repo_texts.h"
#include "backup/watch.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

/* An object that a manifest names. */
struct wanted {
	char name[REPO_NAME_SIZE];
	struct object_ref ref;
};

struct run {
	struct repo *repo;
	const struct check_options *options;
	check_fn *found;
	void *ctx;
	const struct watch *watch;
	struct chain chain;
	struct wanted *wanted; /* sorted by name, each once */
	size_t n, cap;
	struct check_report report;
};

static void tell(struct run *run, enum check_kind kind, const char *object, const char *text)
{
	if (kind == CHECK_FAULT) {
		run->report.faults++;
	} else {
		run->report.notes++;
	}
	if (run->found) {
		run->found(run->ctx, kind, object, text);
	}
}

/* A message that begins with the name, which is told already, without it. */
static const char *without_name(const char *text, const char *name)
{
	size_t n = strlen(name);

	return strncmp(text, name, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : text;
}

static void on_chain_fault(void *ctx, const char *name, const char *text)
{
	tell(ctx, CHECK_FAULT, name, text);
}

/* --- what the manifests name ------------------------------------------------------ */

static int want(struct run *run, const char *name, const struct object_ref *ref,
	struct cu_err *err)
{
	if (run->n == run->cap) {
		size_t cap = run->cap ? 2 * run->cap : 256;
		struct wanted *more = realloc(run->wanted, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		run->wanted = more;
		run->cap = cap;
	}
	strcpy(run->wanted[run->n].name, name);
	run->wanted[run->n++].ref = *ref;
	return 0;
}

static int want_all(struct run *run, const struct manifest *m, struct cu_err *err)
{
	char name[REPO_NAME_SIZE];
	int r;

	repo_name_vault(m->generation, m->vault.hash, name);
	r = want(run, name, &m->vault, err);
	for (size_t i = 0; r == 0 && i < m->nranges; i++) {
		repo_name_data(m->ranges[i].object.hash, name);
		r = want(run, name, &m->ranges[i].object, err);
	}
	return r;
}

static int compare_wanted(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->name, ((const struct wanted *)b)->name);
}

static void sort_wanted(struct run *run)
{
	size_t n = 0;

	if (run->n > 0) {
		qsort(run->wanted, run->n, sizeof(*run->wanted), compare_wanted);
	}
	for (size_t i = 0; i < run->n; i++) {
		if (n == 0 || strcmp(run->wanted[n - 1].name, run->wanted[i].name) != 0) {
			run->wanted[n++] = run->wanted[i];
		}
	}
	run->n = n;
}

static void look_for_rollback(struct run *run)
{
	uint64_t known = run->options->known_sequence, is = run->report.newest_sequence;
	char text[120];

	if (is < known) {
		snprintf(text, sizeof(text),
			"was rolled back: manifest %llu was written, and %llu is the newest that is there",
			(unsigned long long)known, (unsigned long long)is);
		tell(run, CHECK_FAULT, "manifest", text);
	}
}

static int read_manifests(struct run *run, struct cu_err *err)
{
	int r = chain_load(run->repo, run->options->manifest_key, on_chain_fault, run,
		&run->chain, err);

	for (size_t i = 0; r == 0 && i < run->chain.n; i++) {
		struct manifest m = { 0 };

		r = chain_get(run->repo, &run->chain.at[i], &m, err);
		if (r == 0) {
			r = want_all(run, &m, err);
		}
		manifest_done(&m);
	}
	if (r < 0) {
		return r;
	}
	sort_wanted(run);
	run->report.manifests = run->chain.n;
	if (run->chain.n > 0) {
		run->report.newest_sequence = run->chain.at[run->chain.n - 1].sequence;
		run->report.newest_time_ms = run->chain.at[run->chain.n - 1].time_ms;
	} else {
		tell(run, CHECK_FAULT, "manifest", "no backup is there that could be restored");
	}
	look_for_rollback(run);
	return 0;
}

/* --- objects ---------------------------------------------------------------------- */

/* A vault object that a newer one has taken the place of: no restore asks for it, and deleting
 * it is how old copies of keys end. */
static bool is_superseded(const struct run *run, const struct wanted *w)
{
	const struct chain_link *newest = chain_newest_vault(&run->chain);
	struct repo_name parsed = repo_name_parse(w->name);

	return parsed.kind == REPO_VAULT && newest &&
		memcmp(parsed.hash, newest->vault.hash, sizeof(parsed.hash)) != 0;
}

static int check_object(struct run *run, const struct wanted *w, struct cu_err *err)
{
	uint64_t size = 0;
	struct cu_err why = { 0 };
	int r = repo_size(run->repo, w->name, &size, &why);

	if (r == 0 && size != w->ref.stored) {
		r = cu_err_set(&why, CU_ECORRUPT, "has %llu bytes instead of %llu",
			(unsigned long long)size, (unsigned long long)w->ref.stored);
	}
	if (r == 0 && run->options->is_reading_data) {
		r = object_verify(run->repo, w->name, &w->ref, &why);
		run->report.bytes_read += size;
	}
	if (r == CU_ENOENT && is_superseded(run, w)) {
		tell(run, CHECK_NOTE, w->name, "is deleted; restores use a newer one");
	} else if (r < 0) {
		tell(run, CHECK_FAULT, w->name, without_name(why.msg, w->name));
	}
	(void)err; /* what is wrong with one object does not end the check */
	return 0;
}

static int check_objects(struct run *run, struct cu_err *err)
{
	uint64_t total = 0, done = 0;
	int r = 0;

	for (size_t i = 0; i < run->n; i++) {
		total += run->wanted[i].ref.stored;
	}
	run->report.objects = run->n;
	run->report.bytes = total;
	for (size_t i = 0; r == 0 && i < run->n; i++) {
		r = check_object(run, &run->wanted[i], err);
		done += run->wanted[i].ref.stored;
		if (r == 0) {
			r = watch_step(run->watch, "objects", done, total, err);
		}
	}
	return r;
}

static bool is_wanted(const struct run *run, const char *name)
{
	struct wanted key;

	strcpy(key.name, name);
	return run->n > 0 &&
		bsearch(&key, run->wanted, run->n, sizeof(key), compare_wanted) != NULL;
}

static bool is_chained(const struct run *run, uint64_t sequence)
{
	for (size_t i = 0; i < run->chain.n; i++) {
		if (run->chain.at[i].sequence == sequence) {
			return true;
		}
	}
	return false;
}

static int on_listed(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	struct run *run = ctx;
	struct repo_name parsed = repo_name_parse(name);

	(void)err;
	switch (parsed.kind) {
	case REPO_DATA:
	case REPO_VAULT:
		if (!is_wanted(run, name)) {
			run->report.unreferenced++;
			run->report.unreferenced_bytes += size;
			tell(run, CHECK_NOTE, name, "no manifest names it: left by a run that did not end");
		}
		break;
	case REPO_SIGNATURE:
		if (!is_chained(run, parsed.number)) {
			tell(run, CHECK_NOTE, name, "a signature without a valid manifest");
		}
		break;
	case REPO_TMP: tell(run, CHECK_NOTE, name, "left by a run that did not end"); break;
	case REPO_OTHER: tell(run, CHECK_NOTE, name, "is not a name that custos gives"); break;
	case REPO_MANIFEST: break; /* told by the chain */
	}
	return 0;
}

static int list_all(struct run *run, struct cu_err *err)
{
	static const char *const folders[] = { "data", "vault", "manifest", "tmp" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(*folders); i++) {
		struct cu_err why = { 0 };

		r = repo_list(run->repo, folders[i], on_listed, run, &why);
		if (r == CU_ECORRUPT) { /* what is wrong with one folder does not end the check */
			tell(run, CHECK_FAULT, folders[i], why.msg);
			r = 0;
		} else if (r < 0) {
			cu_err_set(err, r, "%s", why.msg);
		}
	}
	return r;
}

/* Whoever runs open_backup.py gives it the identity.  Another version of custos wrote it otherwise, too. */
static void check_texts(struct run *run)
{
	for (size_t i = 0; i < repo_ntexts; i++) {
		const struct repo_text *t = &repo_texts[i];
		struct buf is = BUF_INIT;
		struct cu_err why = { 0 };
		int r = repo_get(run->repo, t->file, t->n, &is, &why);

		if (r == CU_ENOENT) {
			tell(run, CHECK_NOTE, t->file, "is gone; the next backup writes it again");
		} else if (r < 0 || is.n != t->n || memcmp(is.p, t->p, t->n) != 0) {
			tell(run, CHECK_NOTE, t->file,
				"is not what this version of custos writes: remove it, and the next backup writes it again");
		}
		buf_done(&is);
	}
}

/* --- the log ---------------------------------------------------------------------- */

/* The key to hold the log to: the pinned one, or what the newest manifest names, which is
 * signed by the pinned manifest key. */
static int log_key(struct run *run, struct note_verifier *ret, struct cu_err *err)
{
	struct manifest m = { 0 };
	int r;

	if (run->options->log_key) {
		*ret = *run->options->log_key;
		return 0;
	}
	r = chain_get(run->repo, &run->chain.at[run->chain.n - 1], &m, err);
	if (r == 0) {
		*ret = m.log_key;
	}
	manifest_done(&m);
	return r;
}

static int check_log(struct run *run, struct cu_err *err)
{
	const struct chain_link *newest;
	struct history h = { 0 };
	struct note_verifier key;
	struct cu_err why = { 0 };
	struct repo_log log;
	char text[160];
	int r;

	if (run->chain.n == 0) {
		return 0;
	}
	newest = &run->chain.at[run->chain.n - 1];
	r = log_key(run, &key, err);
	if (r == 0) {
		r = repo_log_open(run->repo, &log, err);
	}
	if (r < 0) {
		return r;
	}
	r = history_read(log.dir, &key, &run->chain, UINT64_MAX, UINT64_MAX, run->watch, &h, &why);
	repo_log_close(&log);
	if (r == CU_ECANCELED || r == CU_ENOMEM) {
		return cu_err_set(err, r, "%s", why.msg);
	}
	if (r < 0) {
		tell(run, CHECK_FAULT, "log", without_name(why.msg, "log"));
	} else if (h.head.size < newest->log_size) {
		snprintf(text, sizeof(text),
			"holds %llu entries, but there were %llu when the newest manifest was signed",
			(unsigned long long)h.head.size, (unsigned long long)newest->log_size);
		tell(run, CHECK_FAULT, "log", text);
	}
	run->report.log_size = h.head.size;
	history_done(&h);
	return 0;
}

int check_run(struct repo *repo, const struct check_options *options, check_fn *found,
	void *ctx, const struct watch *watch, struct check_report *ret, struct cu_err *err)
{
	struct run run = { .repo = repo, .options = options, .found = found, .ctx = ctx,
		.watch = watch };
	int64_t started_ms = clock_monotonic_ms();
	int r = read_manifests(&run, err);

	if (r == 0) {
		r = check_objects(&run, err);
	}
	if (r == 0) {
		r = check_log(&run, err);
	}
	if (r == 0) {
		r = list_all(&run, err);
	}
	if (r == 0) {
		check_texts(&run);
		run.report.duration_ms = clock_monotonic_ms() - started_ms;
		*ret = run.report;
	}
	free(run.wanted);
	chain_done(&run.chain);
	return r < 0 ? cu_err_wrap(err, r, "check") : 0;
}
