#include "backup/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/repo_texts.h"
#include "base/err.h"
#include "base/id.h"

#define DIR_MODE  0700
#define FILE_MODE 0600

static const char *const folders[] = { "data", "vault", "log", "manifest", "tmp" };
#define NFOLDERS (sizeof(folders) / sizeof(*folders))

static const struct repo_ops dir_ops;

static int join(const struct repo *r, const char *name, char out[PATH_SIZE],
	struct cu_err *err)
{
	return path_join(out, r->dir, name, err);
}

/* "<dir>/<the part of name before its last slash>" */
static int join_folder(const struct repo *r, const char *name, char out[PATH_SIZE],
	struct cu_err *err)
{
	char folder[REPO_NAME_SIZE];
	const char *slash = strrchr(name, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - name) : 0, name);
	return slash ? join(r, folder, out, err) : join(r, ".", out, err);
}

static int set_dir(struct repo *r, const char *dir, struct cu_err *err)
{
	/* room for the longest name behind it, so that joining cannot fail later */
	if (strlen(dir) >= PATH_SIZE - REPO_NAME_SIZE) {
		return cu_err_set(err, CU_ELIMIT, "path is too long: %.60s...", dir);
	}
	strcpy(r->dir, dir);
	return 0;
}

/* What lies there already may have been changed on purpose, and stays. */
static int put_texts(const struct repo *r, struct cu_err *err)
{
	char path[PATH_SIZE];
	int code = 0;

	for (size_t i = 0; code == 0 && i < repo_ntexts; i++) {
		const struct repo_text *t = &repo_texts[i];

		code = join(r, t->file, path, err);
		if (code == 0 && !path_exists(path)) {
			code = path_put_file(r->dir, t->file, span_of(t->p, t->n), FILE_MODE, err);
		}
	}
	return code;
}

int repo_create(const char *dir, struct repo *ret, struct cu_err *err)
{
	struct repo repo = { .ops = &dir_ops };
	char path[PATH_SIZE];
	int r = set_dir(&repo, dir, err);

	for (size_t i = 0; r == 0 && i < NFOLDERS; i++) {
		r = join(&repo, folders[i], path, err);
		if (r == 0) {
			r = path_make_dir(path, DIR_MODE, err);
		}
	}
	if (r == 0) {
		r = put_texts(&repo, err);
	}
	if (r < 0) {
		return cu_err_wrap(err, r, "repository");
	}
	*ret = repo;
	return 0;
}

int repo_open(const char *dir, struct repo *ret, struct cu_err *err)
{
	struct repo repo = { .ops = &dir_ops };
	char path[PATH_SIZE];
	int r = set_dir(&repo, dir, err);

	if (r == 0) {
		r = join(&repo, "manifest", path, err);
	}
	if (r < 0) {
		return r;
	}
	if (!path_exists(path)) {
		return cu_err_set(err, CU_ENOENT,
			"%s is no repository: it has no directory 'manifest'", dir);
	}
	*ret = repo;
	return 0;
}

/* --- writing ---------------------------------------------------------------------- */

static int begin(struct repo *r, struct repo_upload *ret, struct cu_err *err)
{
	struct repo_upload u = { .fd = -1 };
	struct id token = id_new();
	char hex[ID_TEXT_SIZE], path[PATH_SIZE];
	int ret_code;

	id_format(&token, hex);
	snprintf(u.name, sizeof(u.name), "tmp/%s", hex);
	ret_code = join(r, u.name, path, err);
	if (ret_code < 0) {
		return ret_code;
	}
	u.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (u.fd < 0) {
		return cu_err_errno(err, errno, "create %s", path);
	}
	*ret = u;
	return 0;
}

/* Gives a synced file its name.  Some file systems cannot refuse to replace by themselves; for
 * them the look before must do, as this daemon alone writes here. */
static int name_it(struct repo *r, const char *from, const char *name, bool may_replace,
	struct cu_err *err)
{
	char old[PATH_SIZE], new[PATH_SIZE], folder[PATH_SIZE];
	int e, code = join(r, from, old, err);

	if (code == 0) {
		code = join(r, name, new, err);
	}
	if (code == 0) {
		code = join_folder(r, name, folder, err);
	}
	if (code == 0) {
		code = path_make_dir(folder, DIR_MODE, err);
	}
	if (code < 0) {
		return code;
	}
	if (!may_replace && path_exists(new)) {
		return cu_err_set(err, CU_EEXIST, "%s is there already", name);
	}
	e = renameat2(AT_FDCWD, old, AT_FDCWD, new, may_replace ? 0 : RENAME_NOREPLACE) < 0 ?
		errno :
		0;
	if (e == EINVAL || e == ENOSYS) {
		e = rename(old, new) < 0 ? errno : 0;
	}
	if (e != 0) {
		return cu_err_errno(err, e, "rename %s to %s", from, name);
	}
	return path_sync_dir(folder, err);
}

static void drop(struct repo *r, struct repo_upload *u)
{
	char path[PATH_SIZE];

	close(u->fd);
	u->fd = -1;
	if (join(r, u->name, path, NULL) == 0) {
		(void)unlink(path); /* at worst repo_sweep finds it */
	}
}

static int place(struct repo *r, struct repo_upload *u, const char *name, bool may_replace,
	struct cu_err *err)
{
	int code = path_sync_fd(u->fd, name, err);

	if (code == 0) {
		/* whoever reads it back shall read the disk, not what we just wrote in memory */
		(void)posix_fadvise(u->fd, 0, 0, POSIX_FADV_DONTNEED);
		code = name_it(r, u->name, name, may_replace, err);
	}
	if (code == 0) {
		close(u->fd);
		u->fd = -1;
	}
	return code;
}

/* --- reading ---------------------------------------------------------------------- */

static int open_object(struct repo *r, const char *name, uint64_t most, int *ret_fd,
	uint64_t *ret_size, struct cu_err *err)
{
	char path[PATH_SIZE];
	struct stat st = { 0 };
	int fd, e, code = join(r, name, path, err);

	(void)most;
	if (code < 0) {
		return code;
	}
	/* O_NONBLOCK: a pipe of that name must not make us wait for its writer */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR ?
			cu_err_set(err, CU_ENOENT, "%s is not in the repository", name) :
			cu_err_errno(err, errno, "open %s", name);
	}
	if (fstat(fd, &st) < 0) {
		e = errno;
		close(fd);
		return cu_err_errno(err, e, "read %s", name);
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return cu_err_set(err, CU_ECORRUPT, "%s is no regular file", name);
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static int size_of(struct repo *r, const char *name, uint64_t *ret_size, struct cu_err *err)
{
	int fd = -1, code = open_object(r, name, 0, &fd, ret_size, err);

	if (code == 0) {
		close(fd);
	}
	return code;
}

/* Whatever lies in tmp/ is removed, so it must be ours: not a link to where something else lies. */
static bool is_in_tmp(const char *name)
{
	return strcmp(name, "tmp") == 0 || strncmp(name, "tmp/", 4) == 0;
}

static int refuse_link(struct cu_err *err)
{
	return cu_err_set(err, CU_ECORRUPT, "tmp is a link or no directory; make it a directory of its own");
}

/* --- lists ------------------------------------------------------------------------ */

/* One entry: told to fn, or, for a directory of data/, its entries. */
static int list_entry(struct repo *r, const char *under, const char *entry, bool may_descend,
	repo_list_fn *fn, void *ctx, struct cu_err *err)
{
	char name[REPO_NAME_SIZE], path[PATH_SIZE], **names = NULL;
	size_t n = 0;
	struct stat st = { 0 };
	int code;

	if ((size_t)snprintf(name, sizeof(name), "%s/%s", under, entry) >= sizeof(name)) {
		return fn(ctx, name, 0, err); /* cut: no name of ours */
	}
	code = join(r, name, path, err);
	if (code == 0 && lstat(path, &st) < 0) {
		code = cu_err_errno(err, errno, "read %s", name);
	}
	if (code < 0) {
		return code;
	}
	if (!may_descend || !S_ISDIR(st.st_mode)) {
		return fn(ctx, name, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, err);
	}
	code = path_list(path, &names, &n, err);
	for (size_t i = 0; code == 0 && i < n; i++) {
		code = list_entry(r, name, names[i], false, fn, ctx, err);
	}
	path_free_names(names, n);
	return code;
}

static int list(struct repo *r, const char *under, repo_list_fn *fn, void *ctx,
	struct cu_err *err)
{
	char path[PATH_SIZE], **names = NULL;
	struct stat st;
	size_t n = 0;
	int code = join(r, under, path, err);

	if (code == 0 && is_in_tmp(under) && lstat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		return refuse_link(err);
	}
	if (code == 0) {
		code = path_list(path, &names, &n, err);
	}
	if (code == CU_ENOENT) {
		return 0; /* a copy may leave out a directory that is empty */
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		code = list_entry(r, under, names[i], strcmp(under, "data") == 0, fn, ctx, err);
	}
	path_free_names(names, n);
	return code;
}

static int remove_one(struct repo *r, const char *name, struct cu_err *err)
{
	char folder[PATH_SIZE];
	const char *slash = strrchr(name, '/');
	int fd, e, code = join_folder(r, name, folder, err);

	if (code < 0) {
		return code;
	}
	/* by descriptor: nobody puts a link in between */
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC | (is_in_tmp(name) ? O_NOFOLLOW : 0));
	if (fd < 0) {
		return errno == ENOENT ? 0 :
			is_in_tmp(name) && errno == ENOTDIR ? refuse_link(err) :
							      cu_err_errno(err, errno, "remove %s", name);
	}
	e = unlinkat(fd, slash ? slash + 1 : name, 0) < 0 ? errno : 0;
	close(fd);
	if (e != 0) {
		return e == ENOENT ? 0 : cu_err_errno(err, e, "remove %s", name);
	}
	return path_sync_dir(folder, err);
}

static const struct repo_ops dir_ops = { begin, place, drop, open_object, size_of, list, remove_one };
