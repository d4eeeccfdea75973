#include "backup/repo_far.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backup/repo_texts.h"
#include "backup/watch.h"
#include "base/buf.h"
#include "base/err.h"

#define DIR_MODE       0700
#define FILE_MODE      0600
#define LIST_MAX_BYTES (64 * 1024 * 1024) /* some 500 000 objects */
#define SPARE_BYTES    (64 * 1024 * 1024) /* what a copy leaves free */

static const struct repo_ops far_ops;

/* --- files on their way ------------------------------------------------------------ */

/* A file without a name: to write, and the same for reading only. */
static int make_file(const struct repo *r, int *ret_fd, int *ret_read_fd, struct cu_err *err)
{
	char path[PATH_SIZE];
	int fd, read_fd, e, code = path_make_dir(r->dir, DIR_MODE, err);

	if (code == 0) {
		code = path_join(path, r->dir, "XXXXXX", err);
	}
	if (code < 0) {
		return code;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0) {
		return cu_err_errno(err, errno, "a file in %s", r->dir);
	}
	read_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	e = errno;
	unlink(path);
	if (read_fd < 0) {
		close(fd);
		return cu_err_errno(err, e, "a file in %s", r->dir);
	}
	*ret_fd = fd;
	*ret_read_fd = read_fd;
	return 0;
}

static int give(const struct repo *r, struct far_order *o, struct cu_err *err)
{
	return r->far.call(&r->far, o, err);
}

static int begin(struct repo *r, struct repo_upload *ret, struct cu_err *err)
{
	struct repo_upload u = { .fd = -1 };
	int code = make_file(r, &u.fd, &u.read_fd, err);

	if (code == 0) {
		*ret = u;
	}
	return code;
}

static void drop(struct repo *r, struct repo_upload *u)
{
	(void)r;
	close(u->fd);
	close(u->read_fd);
	u->fd = -1;
}

static int place(struct repo *r, struct repo_upload *u, const char *name, bool may_replace,
	struct cu_err *err)
{
	struct far_order o = { may_replace ? FAR_REPLACE : FAR_PUT, name, u->read_fd, 0 };
	off_t size = lseek(u->fd, 0, SEEK_END);
	int code;

	if (size < 0) {
		return cu_err_errno(err, errno, "%s", name);
	}
	o.size = (uint64_t)size;
	code = give(r, &o, err);
	if (code == 0) {
		drop(r, u);
	}
	return code;
}

/* It is ours alone once the order was served: nobody changes it between hash and use. */
static int open_object(struct repo *r, const char *name, uint64_t most, int *ret_fd,
	uint64_t *ret_size, struct cu_err *err)
{
	struct far_order o = { FAR_GET, name, -1, most };
	int read_fd = -1, code = make_file(r, &o.fd, &read_fd, err);

	if (code < 0) {
		return code;
	}
	code = give(r, &o, err);
	close(o.fd);
	if (code < 0) {
		close(read_fd);
		return code;
	}
	*ret_fd = read_fd;
	*ret_size = o.size;
	return 0;
}

static int size_of(struct repo *r, const char *name, uint64_t *ret, struct cu_err *err)
{
	struct far_order o = { FAR_SIZE, name, -1, 0 };
	int code = give(r, &o, err);

	if (code == 0) {
		*ret = o.size;
	}
	return code;
}

static int remove_one(struct repo *r, const char *name, struct cu_err *err)
{
	struct far_order o = { FAR_REMOVE, name, -1, 0 };

	return give(r, &o, err);
}

/* --- lists ------------------------------------------------------------------------- */

bool repo_far_is_name(const char *name, const char *under)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
	size_t n = strlen(under);

	return strlen(name) < REPO_NAME_SIZE && name[strspn(name, letters)] == '\0' &&
		strncmp(name, under, n) == 0 && name[n] == '/' && name[n + 1] != '\0' &&
		name[strlen(name) - 1] != '/' && !strstr(name, "//") && !strstr(name, "/.");
}

struct entry {
	const char *name; /* in the text of the list */
	uint64_t size;
};

struct entries {
	struct buf text;
	struct entry *v;
	size_t n;
};

static void entries_done(struct entries *all)
{
	buf_done(&all->text);
	free(all->v);
}

/* "<size> <name>"; line is changed. */
static bool take_line(char *line, const char *under, struct entry *ret)
{
	char *end = line;

	errno = 0;
	ret->size = strtoull(line, &end, 10);
	ret->name = end + 1;
	return line[0] >= '0' && line[0] <= '9' && errno == 0 && *end == ' ' &&
		repo_far_is_name(ret->name, under);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int parse_list(struct entries *all, const char *under, struct cu_err *err)
{
	size_t lines = 0;
	char *at, *next;

	for (size_t i = 0; i < all->text.n; i++) {
		lines += all->text.p[i] == '\n';
	}
	all->v = calloc(lines + 1, sizeof(*all->v));
	if (!all->v) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (all->text.n > 0 && memchr(all->text.p, '\0', all->text.n)) {
		return cu_err_set(err, CU_EPROTO, "what lies in %s was told by a name that is none", under);
	}
	for (at = (char *)(uintptr_t)buf_cstr(&all->text); (next = strchr(at, '\n')) != NULL; at = next + 1) {
		*next = '\0';
		if (!take_line(at, under, &all->v[all->n])) {
			return cu_err_set(err, CU_EPROTO, "what lies in %s was told by a name that is none",
				under);
		}
		all->n++;
	}
	qsort(all->v, all->n, sizeof(*all->v), compare);
	return 0;
}

static int read_list(const struct repo *r, const char *under, struct entries *ret,
	struct cu_err *err)
{
	struct far_order o = { FAR_LIST, under, -1, LIST_MAX_BYTES };
	struct entries all = { .text = BUF_INIT };
	int read_fd = -1, code = make_file(r, &o.fd, &read_fd, err);

	if (code < 0) {
		return code;
	}
	code = give(r, &o, err);
	if (code == 0) {
		code = path_read_fd(read_fd, LIST_MAX_BYTES, &all.text, err);
	}
	if (code == 0) {
		code = parse_list(&all, under, err);
	}
	close(o.fd);
	close(read_fd);
	if (code < 0) {
		entries_done(&all);
		return code;
	}
	*ret = all;
	return 0;
}

static int list(struct repo *r, const char *under, repo_list_fn *fn, void *ctx,
	struct cu_err *err)
{
	struct entries all;
	int code = read_list(r, under, &all, err);

	if (code == CU_ENOENT) {
		return 0;
	}
	if (code < 0) {
		return code;
	}
	for (size_t i = 0; code == 0 && i < all.n; i++) {
		code = fn(ctx, all.v[i].name, all.v[i].size, err);
	}
	entries_done(&all);
	return code;
}

static const struct repo_ops far_ops = { begin, place, drop, open_object, size_of, list, remove_one };

/* --- its beginning ------------------------------------------------------------------ */

int repo_far_init(const struct repo_far *far, const char *dir, struct repo *ret, struct cu_err *err)
{
	if (strlen(dir) >= PATH_SIZE - REPO_NAME_SIZE) {
		return cu_err_set(err, CU_ELIMIT, "path is too long: %.60s...", dir);
	}
	ret->ops = &far_ops;
	ret->far = *far;
	strcpy(ret->dir, dir);
	return 0;
}

static int count(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	(void)name;
	(void)size;
	(void)err;
	++*(size_t *)ctx;
	return 0;
}

int repo_far_open(struct repo *r, struct cu_err *err)
{
	size_t n = 0;
	int code = repo_list(r, "manifest", count, &n, err);

	return code == 0 && n == 0 ?
		cu_err_set(err, CU_ENOENT, "there is no repository yet: it has no manifest") :
		code;
}

/* What lies there already may have been changed on purpose, and stays. */
int repo_far_create(struct repo *r, struct cu_err *err)
{
	int code = 0;

	for (size_t i = 0; code >= 0 && i < repo_ntexts; i++) {
		const struct repo_text *t = &repo_texts[i];
		uint64_t size;

		code = repo_size(r, t->file, &size, err);
		if (code == CU_ENOENT) {
			code = repo_put(r, t->file, span_of(t->p, t->n), err);
		}
	}
	return code < 0 ? cu_err_wrap(err, code, "repository") : 0;
}

/* --- a copy ------------------------------------------------------------------------- */

static int fetch_one(struct repo *r, const struct entry *e, const char *to, struct cu_err *err)
{
	struct far_order o = { FAR_GET, e->name, -1, e->size };
	char path[PATH_SIZE];
	int code = path_join(path, to, e->name, err);

	if (code == 0) {
		*strrchr(path, '/') = '\0';
		code = path_make_dir(path, DIR_MODE, err);
		path[strlen(path)] = '/';
	}
	if (code < 0) {
		return code;
	}
	o.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (o.fd < 0) {
		return cu_err_errno(err, errno, "%s", e->name);
	}
	code = give(r, &o, err);
	close(o.fd);
	return code;
}

static const char *const fetched[] = { "manifest", "log", "vault", "data" };
#define NFETCHED (sizeof(fetched) / sizeof(*fetched))

static int require_space(const char *to, uint64_t bytes, struct cu_err *err)
{
	struct statvfs fs;
	uint64_t has;

	if (statvfs(to, &fs) < 0) {
		return cu_err_errno(err, errno, "%s", to);
	}
	has = (uint64_t)fs.f_bavail * fs.f_frsize;
	return has < SPARE_BYTES || bytes > has - SPARE_BYTES ?
		cu_err_set(err, CU_ENOSPC,
			"a copy of all that lies there takes %" PRIu64 " MiB below %s, and %" PRIu64
			" MiB are free",
			(bytes >> 20) + 1, to, has >> 20) :
		0;
}

static int fetch_all(struct repo *r, const struct entries *of, const char *to,
	const struct watch *watch, struct cu_err *err)
{
	uint64_t total = 0, done = 0;
	int code;

	for (size_t f = 0; f < NFETCHED; f++) {
		for (size_t i = 0; i < of[f].n; i++) {
			total += of[f].v[i].size < UINT64_MAX - total ? of[f].v[i].size : 0;
		}
	}
	code = require_space(to, total, err);
	for (size_t f = 0; f < NFETCHED; f++) {
		for (size_t i = 0; code == 0 && i < of[f].n; i++) {
			code = watch_step(watch, "fetch", done, total, err);
			if (code == 0) {
				code = fetch_one(r, &of[f].v[i], to, err);
			}
			done += of[f].v[i].size;
		}
	}
	return code;
}

int repo_far_fetch(struct repo *r, const char *to, const struct watch *watch, struct cu_err *err)
{
	struct entries of[NFETCHED] = { { .n = 0 } };
	char manifests[PATH_SIZE];
	int code = path_join(manifests, to, "manifest", err);

	if (code == 0) {
		code = path_make_dir(manifests, DIR_MODE, err);
	}
	for (size_t f = 0; code == 0 && f < NFETCHED; f++) {
		code = read_list(r, fetched[f], &of[f], err);
		if (code == CU_ENOENT) {
			code = 0;
		}
	}
	if (code == 0) {
		code = fetch_all(r, of, to, watch, err);
	}
	for (size_t f = 0; f < NFETCHED; f++) {
		entries_done(&of[f]);
	}
	return code;
}
