#include "store/leftovers.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "db/db.h"

/* Tables that are to remember who was erased, or asked for it, or for a day what was answered. */
static const char *const may_remember[] = { "erasure", "request", "approval", "dsr", "hold", "hold_block", "alias", NULL };

/* Folders that are passed over: keys, which this process is to know none of, and what a
 * drill rebuilds from an old backup, which goes when the drill ends. */
static const char *const passed_over[] = { "keys", "drill.tmp", NULL };

struct look {
	const char *dir;
	const char *file; /* that is being looked at */
	leftovers_fn *fn;
	void *ctx;
	struct buf erased;
	struct leftover_ids *ids;
	struct leftover_counts counts;
	struct leftovers done;
};

/* --- whom to look for ------------------------------------------------------------- */

static int take_erased(sqlite3 *db, struct buf *to, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = db_prepare(db,
		"SELECT DISTINCT subject FROM erasure WHERE subject NOT IN (SELECT id "
		"FROM subject)",
		&st, err);

	while (r >= 0 && (r = db_step(st, err)) > 0) {
		struct id id;

		r = db_column_copy(st, 0, id.b, sizeof(id.b), err);
		buf_put(to, id.b, sizeof(id.b));
	}
	sqlite3_finalize(st);
	return r < 0 ? r : buf_check(to, err);
}

static int read_erased(struct look *l, struct cu_err *err)
{
	char path[PATH_SIZE];
	sqlite3 *db = NULL;
	int r = path_join(path, l->dir, "data.db", err);

	if (r == 0) {
		r = db_open_still(path, &db, err);
	}
	if (r == 0) {
		r = take_erased(db, &l->erased, err);
	}
	db_close(db);
	if (r < 0) {
		return r;
	}
	l->done.erased = l->erased.n / sizeof(struct id);
	return leftover_ids_new((const struct id *)(const void *)l->erased.p,
		l->done.erased, &l->ids, err);
}

/* --- where ------------------------------------------------------------------------ */

static int take(void *ctx, const struct leftover *found, struct cu_err *err)
{
	struct look *l = ctx;

	return l->fn(l->ctx, l->file, found, err);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), nend = strlen(end);

	return n >= nend && strcmp(name + n - nend, end) == 0;
}

/* Rows and unused space can be told apart in what stands still; vault.db goes on being
 * written, and no id of a person's is to be anywhere in it. */
static int look_at(struct look *l, const FTSENT *at, struct cu_err *err)
{
	const char *file = at->fts_path + strlen(l->dir) + 1;

	if (ends_with(file, "-wal") || ends_with(file, "-shm")) {
		return 0;
	}
	l->file = file;
	l->done.files++;
	if (strcmp(file, "data.db") == 0 || strcmp(file, "index.db") == 0) {
		return leftover_scan_db(
			at->fts_path, l->ids, may_remember, take, l, &l->counts, err);
	}
	return leftover_scan_file(at->fts_path, l->ids, take, l, &l->counts, err);
}

static bool is_passed_over(const FTSENT *at)
{
	for (const char *const *name = passed_over; at->fts_level == 1 && *name;
		name++) {
		if (strcmp(at->fts_name, *name) == 0) {
			return true;
		}
	}
	return false;
}

/* What mkfs.ext4 makes at the top of a file system, for root alone.  custosd never could write
 * there, and what fsck may have put there root has to look at. */
static bool is_roots_own(const FTSENT *at)
{
	return at->fts_info == FTS_DNR && at->fts_errno == EACCES && at->fts_level == 1 &&
		strcmp(at->fts_name, "lost+found") == 0;
}

static int walk(struct look *l, FTS *fts, struct cu_err *err)
{
	FTSENT *at;
	int r = 0;

	while (r == 0 && (at = fts_read(fts))) {
		if (at->fts_info == FTS_D && is_passed_over(at)) {
			fts_set(fts, at, FTS_SKIP);
		} else if (at->fts_info == FTS_F) {
			r = look_at(l, at, err);
		} else if ((at->fts_info == FTS_DNR || at->fts_info == FTS_ERR) &&
			   at->fts_errno != ENOENT && /* gone meanwhile */
			   !is_roots_own(at)) {
			r = cu_err_errno(err, at->fts_errno, "%s", at->fts_path);
		}
	}
	return r;
}

int leftovers_scan(const char *dir, leftovers_fn *fn, void *ctx, struct leftovers *ret,
	struct cu_err *err)
{
	char path[PATH_SIZE], *const roots[] = { path, NULL };
	struct look l = { .dir = path, .fn = fn, .ctx = ctx, .erased = BUF_INIT };
	FTS *fts = NULL;
	int r;

	snprintf(path, sizeof(path), "%s", dir);
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--) {
		path[n - 1] = '\0'; /* names below it begin behind one slash */
	}
	r = read_erased(&l, err);
	if (r == 0) {
		fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
		r = fts ? walk(&l, fts, err)
			: cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (fts) {
		fts_close(fts);
	}
	if (r == 0) {
		l.done.bytes = l.counts.bytes;
		*ret = l.done;
	}
	leftover_ids_free(l.ids);
	buf_done(&l.erased);
	return r;
}
