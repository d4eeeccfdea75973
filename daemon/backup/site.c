#include "backup/site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define MARK        ".mark" /* behind the name of the directory */
#define NAME_MARGIN 256 /* for the names of files below */

/* --- names ------------------------------------------------------------------------ */

static int split(const char *to, struct site *s, struct cu_err *err)
{
	char path[PATH_SIZE];
	const char *base;
	size_t n = strlen(to);

	while (n > 1 && to[n - 1] == '/') {
		n--;
	}
	if (n == 0 || n >= PATH_SIZE - NAME_MARGIN) {
		return cu_err_set(err, CU_EINVAL, "the directory's name is empty or too long");
	}
	memcpy(path, to, n);
	path[n] = 0;
	strcpy(s->to, path);
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	if (*base == 0 || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
		return cu_err_set(err, CU_EINVAL, "%s: name the directory that is to be made", to);
	}
	if (base == path) {
		strcpy(s->parent, ".");
	} else {
		snprintf(s->parent, PATH_SIZE, "%.*s", base - path == 1 ? 1 : (int)(base - path - 1),
			path);
	}
	snprintf(s->mark, PATH_SIZE, ".%s.restoring" MARK, base);
	n = (size_t)snprintf(s->dir, PATH_SIZE, "%s/.%s.restoring", s->parent, base);
	return n < PATH_SIZE - NAME_MARGIN ?
		0 :
		cu_err_set(err, CU_EINVAL, "the directory's name is too long");
}

static int require_free(const struct site *s, struct cu_err *err)
{
	const struct dirent *e;
	struct stat st;
	int r = 0;
	DIR *d;

	if (lstat(s->to, &st) < 0) {
		return errno == ENOENT ? 0 : cu_err_errno(err, errno, "%s", s->to);
	}
	if (!S_ISDIR(st.st_mode)) {
		return cu_err_set(err, CU_EEXIST, "%s is there and is no directory", s->to);
	}
	d = opendir(s->to);
	if (!d) {
		return cu_err_errno(err, errno, "%s", s->to);
	}
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			r = cu_err_set(err, CU_EEXIST,
				"%s is not empty: a restore never writes into what is there", s->to);
		}
	}
	closedir(d);
	return r;
}

/* --- building --------------------------------------------------------------------- */

static int open_locked(struct site *s, struct cu_err *err)
{
	int fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		return cu_err_errno(err, errno, "open %s", s->dir);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return cu_err_set(err, CU_EBUSY, "another restore to %s is running", s->to);
	}
	s->fd = fd;
	return 0;
}

/* What is there was left by a restore that was killed; nobody holds its lock any more. */
static int clear_leftover(struct site *s, struct cu_err *err)
{
	char mark[PATH_SIZE];
	int r = path_join(mark, s->parent, s->mark, err);

	if (r == 0 && !path_exists(mark)) {
		r = cu_err_set(err, CU_EEXIST, "%s is in the way: look at it and remove it", s->dir);
	}
	if (r == 0) {
		r = open_locked(s, err);
	}
	if (r == 0) {
		r = path_remove_tree(s->dir, err);
	}
	if (s->fd >= 0) {
		close(s->fd);
		s->fd = -1;
	}
	return r;
}

static int make(struct site *s, struct cu_err *err)
{
	int r = path_put_file(s->parent, s->mark, span_str("a restore is building beside this\n"), 0600, err);

	if (r == 0 && mkdir(s->dir, 0700) < 0) {
		r = cu_err_errno(err, errno, "make directory %s", s->dir);
		(void)path_remove(s->parent, s->mark, NULL); /* what came meanwhile is not ours */
	}
	return r < 0 ? r : open_locked(s, err);
}

int site_begin(const char *to, struct site *ret, struct cu_err *err)
{
	struct site s = { .fd = -1 };
	int r = split(to, &s, err);

	if (r == 0) {
		r = require_free(&s, err);
	}
	if (r < 0) {
		return r;
	}
	if (!path_exists(s.parent)) {
		return cu_err_set(err, CU_ENOENT, "%s does not exist", s.parent);
	}
	r = path_exists(s.dir) ? clear_leftover(&s, err) : 0;
	if (r == 0) {
		r = make(&s, err);
	}
	if (r < 0) {
		site_abandon(&s);
		return r;
	}
	*ret = s;
	return 0;
}

int site_path(const struct site *s, const char *name, char out[PATH_SIZE],
	struct cu_err *err)
{
	return path_join(out, s->dir, name, err);
}

int site_finish(struct site *s, struct cu_err *err)
{
	int r;

	/* an empty directory of that name is replaced in the same step */
	if (rename(s->dir, s->to) < 0) {
		return cu_err_errno(err, errno, "rename %s to %s", s->dir, s->to);
	}
	r = path_sync_dir(s->parent, err);
	if (r < 0 && rename(s->to, s->dir) == 0) {
		return r; /* and whoever abandons it can begin anew */
	}
	close(s->fd);
	s->fd = -1;
	(void)path_remove(s->parent, s->mark, NULL); /* if it stays, it marks nothing */
	return r;
}

void site_abandon(struct site *s)
{
	if (s->fd < 0) {
		return;
	}
	if (path_remove_tree(s->dir, NULL) == 0) { /* else the next restore removes it */
		(void)path_remove(s->parent, s->mark, NULL);
	}
	close(s->fd);
	s->fd = -1;
}
