#include "backup/repo_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

#define CHECKPOINT     "checkpoint"
#define FOLDER         "log"
#define FILE_MAX_BYTES (32 * 1024 * 1024) /* a bundle: 256 entries of at most 64 KiB */
#define DIR_MODE       0700
#define FILE_MODE      0600

static int name_in_log(const char *rel, char out[REPO_NAME_SIZE], struct cu_err *err)
{
	return (size_t)snprintf(out, REPO_NAME_SIZE, FOLDER "/%s", rel) < REPO_NAME_SIZE ?
		0 :
		cu_err_set(err, CU_EINTERNAL, "a tile has too long a name");
}

/* --- a directory for what is fetched ------------------------------------------------- */

static int make_scratch(const struct repo *r, char out[PATH_SIZE], struct cu_err *err)
{
	int code = path_make_dir(r->dir, DIR_MODE, err);

	if (code == 0) {
		code = path_join(out, r->dir, "log-XXXXXX", err);
	}
	return code == 0 && !mkdtemp(out) ? cu_err_errno(err, errno, "a directory in %s", r->dir) :
					    code;
}

static void drop_scratch(const char *dir)
{
	(void)path_remove_tree(dir, NULL); /* at worst the next start removes it */
}

/* rel is below the log's folder. */
static int fetch_file(struct repo *r, const char *rel, const char *to, struct cu_err *err)
{
	char name[REPO_NAME_SIZE], path[PATH_SIZE], *slash;
	struct buf bytes = BUF_INIT;
	int code = name_in_log(rel, name, err);

	if (code == 0) {
		code = repo_get(r, name, FILE_MAX_BYTES, &bytes, err);
	}
	if (code == 0) {
		code = path_join(path, to, rel, err);
	}
	if (code == 0) {
		slash = strrchr(path, '/');
		*slash = '\0';
		code = path_make_dir(path, DIR_MODE, err);
		if (code == 0) {
			code = path_place_file(path, slash + 1, buf_span(&bytes), FILE_MODE, err);
		}
	}
	buf_done(&bytes);
	return code;
}

/* A directory as a mirror would be whose tiles nobody looks at. */
static int fetch_head(struct repo *r, char dir[PATH_SIZE], struct cu_err *err)
{
	int code = make_scratch(r, dir, err);

	if (code == 0) {
		code = fetch_file(r, CHECKPOINT, dir, err);
		code = code == CU_ENOENT ? 0 : code;
		if (code < 0) {
			drop_scratch(dir);
		}
	}
	return code;
}

/* --- what it is to ours ---------------------------------------------------------------- */

int repo_log_compare(struct repo *r, const char *log_dir, const struct note_verifier *by,
	enum log_relation *ret, struct log_head *ret_ours, struct log_head *ret_theirs,
	struct cu_err *err)
{
	char dir[PATH_SIZE];
	int code;

	if (!r->far.call) {
		code = path_join(dir, r->dir, FOLDER, err);
		return code < 0 ? code : log_compare(log_dir, dir, by, ret, ret_ours, ret_theirs, err);
	}
	code = fetch_head(r, dir, err);
	if (code == 0) {
		code = log_compare(log_dir, dir, by, ret, ret_ours, ret_theirs, err);
		drop_scratch(dir);
	}
	return code;
}

/* --- what it lacks --------------------------------------------------------------------- */

static int put_file(struct repo *r, const char *dir, const char *rel, struct cu_err *err)
{
	char name[REPO_NAME_SIZE], path[PATH_SIZE];
	struct buf bytes = BUF_INIT;
	int code = name_in_log(rel, name, err);

	if (code == 0) {
		code = path_join(path, dir, rel, err);
	}
	if (code == 0) {
		code = path_read_plain(path, FILE_MAX_BYTES, &bytes, err);
	}
	if (code == 0) {
		code = repo_put_over(r, name, buf_span(&bytes), err);
	}
	buf_done(&bytes);
	return code;
}

static int remove_part(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	(void)size;
	return repo_remove(ctx, name, err);
}

/* The full one has replaced those. */
static int remove_parts(struct repo *r, const char *rel, struct cu_err *err)
{
	char name[REPO_NAME_SIZE];
	int code = name_in_log(rel, name, err);

	if (code == 0 && (size_t)snprintf(name + strlen(name), sizeof(name) - strlen(name), ".p") >=
			sizeof(name) - strlen(name)) {
		code = cu_err_set(err, CU_EINTERNAL, "a tile has too long a name");
	}
	return code < 0 ? code : repo_list(r, name, remove_part, r, err);
}

/* All files below dir/rel but the checkpoint. */
static int put_tiles(struct repo *r, const char *dir, const char *rel, bool has_parts,
	struct cu_err *err)
{
	char path[PATH_SIZE], below[REPO_NAME_SIZE], **names = NULL;
	struct stat st;
	size_t n = 0;
	int code = path_join(path, dir, rel, err);

	if (code == 0) {
		code = path_list(path, &names, &n, err);
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		snprintf(below, sizeof(below), "%s%s%s", rel, rel[0] ? "/" : "", names[i]);
		code = path_join(path, dir, below, err);
		if (code == 0 && lstat(path, &st) < 0) {
			code = cu_err_errno(err, errno, "%s", below);
		}
		if (code == 0 && S_ISDIR(st.st_mode)) {
			code = put_tiles(r, dir, below, has_parts, err);
		} else if (code == 0 && strcmp(below, CHECKPOINT) != 0) {
			code = put_file(r, dir, below, err);
			if (code == 0 && has_parts && !strstr(below, ".p/")) {
				code = remove_parts(r, below, err);
			}
		}
	}
	path_free_names(names, n);
	return code;
}

static int read_checkpoint(const char *dir, struct buf *to, struct cu_err *err)
{
	char path[PATH_SIZE];
	int code = path_join(path, dir, CHECKPOINT, err);

	if (code == 0) {
		code = path_read_plain(path, FILE_MAX_BYTES, to, err);
	}
	return code == CU_ENOENT ? 0 : code;
}

static int mirror_far(struct repo *r, const char *log_dir, const char *dir,
	const struct note_verifier *by, struct log_head *ret, struct cu_err *err)
{
	struct buf theirs = BUF_INIT, ours = BUF_INIT;
	int code = read_checkpoint(dir, &theirs, err);

	if (code == 0) {
		code = log_mirror(log_dir, dir, by, ret, err);
	}
	if (code == 0) {
		code = read_checkpoint(dir, &ours, err);
	}
	if (code == 0 && !span_eq(buf_span(&theirs), buf_span(&ours))) {
		code = put_tiles(r, dir, "", theirs.n > 0, err);
		if (code == 0) {
			code = put_file(r, dir, CHECKPOINT, err);
		}
	}
	buf_done(&theirs);
	buf_done(&ours);
	return code;
}

int repo_log_mirror(struct repo *r, const char *log_dir, const struct note_verifier *by,
	struct log_head *ret, struct cu_err *err)
{
	char dir[PATH_SIZE];
	int code;

	if (!r->far.call) {
		code = path_join(dir, r->dir, FOLDER, err);
		return code < 0 ? code : log_mirror(log_dir, dir, by, ret, err);
	}
	code = fetch_head(r, dir, err);
	if (code == 0) {
		code = mirror_far(r, log_dir, dir, by, ret, err);
		drop_scratch(dir);
	}
	return code;
}

/* --- all of it --------------------------------------------------------------------------- */

struct fetching {
	struct repo *repo;
	const char *to;
};

static int fetch_listed(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	struct fetching *f = ctx;

	(void)size;
	return fetch_file(f->repo, name + strlen(FOLDER "/"), f->to, err);
}

int repo_log_open(struct repo *r, struct repo_log *ret, struct cu_err *err)
{
	struct fetching f = { r, ret->dir };
	int code;

	ret->is_copy = false;
	if (!r->far.call) {
		return path_join(ret->dir, r->dir, FOLDER, err);
	}
	code = make_scratch(r, ret->dir, err);
	if (code == 0) {
		code = repo_list(r, FOLDER, fetch_listed, &f, err);
		ret->is_copy = code == 0;
		if (code < 0) {
			drop_scratch(ret->dir);
		}
	}
	return code;
}

void repo_log_close(struct repo_log *l)
{
	if (l->is_copy) {
		drop_scratch(l->dir);
		l->is_copy = false;
	}
}
