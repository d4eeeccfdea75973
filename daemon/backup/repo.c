#include "backup/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/repo_texts.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/text.h"

#define DIR_MODE  0700
#define FILE_MODE 0600

static const char *const folders[] = { "data", "vault", "log", "manifest", "tmp" };
#define NFOLDERS (sizeof(folders) / sizeof(*folders))

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
	struct repo repo;
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
	struct repo repo;
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

/* --- names ------------------------------------------------------------------------ */

void repo_name_data(const uint8_t hash[32], char out[REPO_NAME_SIZE])
{
	char hex[65];

	text_hex(hash, 32, hex);
	snprintf(out, REPO_NAME_SIZE, "data/%.2s/%s", hex, hex);
}

void repo_name_vault(uint64_t generation, const uint8_t hash[32], char out[REPO_NAME_SIZE])
{
	char hex[65];

	text_hex(hash, 32, hex);
	snprintf(out, REPO_NAME_SIZE, "vault/%020" PRIu64 "-%s", generation, hex);
}

void repo_name_manifest(uint64_t sequence, char out[REPO_NAME_SIZE])
{
	snprintf(out, REPO_NAME_SIZE, "manifest/%010" PRIu64, sequence);
}

void repo_name_signature(uint64_t sequence, char out[REPO_NAME_SIZE])
{
	snprintf(out, REPO_NAME_SIZE, "manifest/%010" PRIu64 ".minisig", sequence);
}

/* n decimal digits at text; what is above 64 bits is no number. */
static bool take_digits(const char *text, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (text[i] < '0' || text[i] > '9' || v > (UINT64_MAX - digit) / 10) {
			return false;
		}
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

static bool is_in(const char *name, const char *folder)
{
	return strncmp(name, folder, strlen(folder)) == 0;
}

/* A name is ours only if we would give it: built again and compared. */
struct repo_name repo_name_parse(const char *name)
{
	struct repo_name n = { .kind = REPO_OTHER };
	char again[REPO_NAME_SIZE] = "";
	size_t len = strlen(name);

	if (is_in(name, "tmp/")) {
		n.kind = REPO_TMP;
		return n;
	}
	if (is_in(name, "data/") && len == 72 && text_unhex(name + 8, 64, n.hash, 32)) {
		n.kind = REPO_DATA;
		repo_name_data(n.hash, again);
	} else if (is_in(name, "vault/") && len == 91 && take_digits(name + 6, 20, &n.number) &&
		text_unhex(name + 27, 64, n.hash, 32)) {
		n.kind = REPO_VAULT;
		repo_name_vault(n.number, n.hash, again);
	} else if (is_in(name, "manifest/") && len == 19 && take_digits(name + 9, 10, &n.number)) {
		n.kind = REPO_MANIFEST;
		repo_name_manifest(n.number, again);
	} else if (is_in(name, "manifest/") && len == 27 && take_digits(name + 9, 10, &n.number)) {
		n.kind = REPO_SIGNATURE;
		repo_name_signature(n.number, again);
	}
	if (strcmp(again, name) != 0) {
		n = (struct repo_name){ .kind = REPO_OTHER };
	}
	return n;
}

/* --- writing ---------------------------------------------------------------------- */

int repo_upload_begin(struct repo *r, struct repo_upload *ret, struct cu_err *err)
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

void repo_upload_drop(struct repo *r, struct repo_upload *u)
{
	char path[PATH_SIZE];

	if (u->fd < 0) {
		return;
	}
	close(u->fd);
	u->fd = -1;
	if (join(r, u->name, path, NULL) == 0) {
		(void)unlink(path); /* at worst repo_sweep finds it */
	}
}

int repo_upload_put(struct repo *r, struct repo_upload *u, const char *name,
	bool *ret_is_new, struct cu_err *err)
{
	int code = path_sync_fd(u->fd, name, err);

	if (code == 0) {
		/* whoever reads it back shall read the disk, not what we just wrote in memory */
		(void)posix_fadvise(u->fd, 0, 0, POSIX_FADV_DONTNEED);
		code = name_it(r, u->name, name, false, err);
	}
	if (code == CU_EEXIST) {
		*ret_is_new = false;
		repo_upload_drop(r, u);
		return 0;
	}
	if (code < 0) {
		return code;
	}
	*ret_is_new = true;
	close(u->fd);
	u->fd = -1;
	return 0;
}

static int put_small(struct repo *r, const char *name, struct span bytes, bool may_replace,
	struct cu_err *err)
{
	struct repo_upload u = { .fd = -1 };
	int code = repo_upload_begin(r, &u, err);

	if (code == 0) {
		code = path_write_fd(u.fd, bytes, err);
	}
	if (code == 0) {
		code = path_sync_fd(u.fd, name, err);
	}
	if (code == 0) {
		code = name_it(r, u.name, name, may_replace, err);
	}
	if (code == 0) {
		close(u.fd);
		u.fd = -1;
	}
	repo_upload_drop(r, &u);
	return code;
}

int repo_put(struct repo *r, const char *name, struct span bytes, struct cu_err *err)
{
	return put_small(r, name, bytes, false, err);
}

int repo_put_over(struct repo *r, const char *name, struct span bytes, struct cu_err *err)
{
	return put_small(r, name, bytes, true, err);
}

/* --- reading ---------------------------------------------------------------------- */

int repo_open_object(struct repo *r, const char *name, int *ret_fd, uint64_t *ret_size,
	struct cu_err *err)
{
	char path[PATH_SIZE];
	struct stat st = { 0 };
	int fd, e, code = join(r, name, path, err);

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

int repo_size(struct repo *r, const char *name, uint64_t *ret_size, struct cu_err *err)
{
	int fd = -1, code = repo_open_object(r, name, &fd, ret_size, err);

	if (code == 0) {
		close(fd);
	}
	return code;
}

int repo_get(struct repo *r, const char *name, size_t limit, struct buf *to,
	struct cu_err *err)
{
	uint64_t size;
	int fd = -1, code = repo_open_object(r, name, &fd, &size, err);

	if (code < 0) {
		return code;
	}
	code = path_read_fd(fd, limit, to, err);
	close(fd);
	return code < 0 ? cu_err_wrap(err, code, "%s", name) : 0;
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

int repo_list(struct repo *r, const char *under, repo_list_fn *fn, void *ctx,
	struct cu_err *err)
{
	char path[PATH_SIZE], **names = NULL;
	size_t n = 0;
	int code = join(r, under, path, err);

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

int repo_remove(struct repo *r, const char *name, struct cu_err *err)
{
	char path[PATH_SIZE], folder[PATH_SIZE];
	int code = join(r, name, path, err);

	if (code == 0) {
		code = join_folder(r, name, folder, err);
	}
	if (code < 0) {
		return code;
	}
	if (unlink(path) < 0) {
		return errno == ENOENT ? 0 : cu_err_errno(err, errno, "remove %s", name);
	}
	return path_sync_dir(folder, err);
}

static int remove_leftover(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	struct repo *r = ctx;
	char path[PATH_SIZE];
	int code = join(r, name, path, err);

	(void)size;
	if (code == 0 && unlink(path) < 0 && errno != ENOENT) {
		code = cu_err_errno(err, errno, "remove %s", name);
	}
	return code;
}

int repo_sweep(struct repo *r, struct cu_err *err)
{
	return repo_list(r, "tmp", remove_leftover, r, err);
}

int repo_log_dir(const struct repo *r, char out[PATH_SIZE], struct cu_err *err)
{
	return join(r, "log", out, err);
}
