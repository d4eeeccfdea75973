#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

int path_join(char out[PATH_SIZE], const char *dir, const char *name, struct cu_err *err)
{
	int n = snprintf(out, PATH_SIZE, "%s/%s", dir, name);

	return n > 0 && n < PATH_SIZE ? 0 :
					cu_err_set(err, CU_ELIMIT, "path is too long: %.60s...", dir);
}

bool path_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

int path_sync_fd(int fd, const char *what, struct cu_err *err)
{
	return fsync(fd) == 0 ? 0 : cu_err_errno(err, errno, "sync %s", what);
}

int path_sync_dir(const char *dir, struct cu_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0) {
		return cu_err_errno(err, errno, "open %s", dir);
	}
	r = path_sync_fd(fd, dir, err);
	close(fd);
	return r;
}

/* The directory that holds path; "." for a bare name. */
static void parent_of(const char *path, char out[PATH_SIZE])
{
	const char *slash = strrchr(path, '/');

	if (!slash) {
		strcpy(out, ".");
	} else {
		snprintf(out, PATH_SIZE, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	}
}

/* 1: a directory is there, 0: nothing is, or a code. */
static int is_directory(const char *dir, struct cu_err *err)
{
	struct stat st;

	if (stat(dir, &st) < 0) {
		return 0;
	}
	return S_ISDIR(st.st_mode) ? 1 : cu_err_set(err, CU_EEXIST, "%s is not a directory", dir);
}

int path_sync_above(const char *path, struct cu_err *err)
{
	char above[PATH_SIZE];

	parent_of(path, above);
	return path_sync_dir(above, err);
}

/* What is found was made, perhaps, by a process that died before it synced the entry.  Where
 * we may not look above, it was not one of ours. */
static int sync_found(const char *dir, struct cu_err *err)
{
	int r = dir[0] ? path_sync_above(dir, err) : 0;

	return r == CU_EDENIED ? 0 : r;
}

static int make_one_dir(const char *dir, mode_t mode, struct cu_err *err)
{
	if (mkdir(dir, mode) < 0) {
		int saved = errno;

		/* made by somebody else meanwhile is fine, a link that leads nowhere is not */
		if (saved != EEXIST || is_directory(dir, NULL) <= 0) {
			return cu_err_errno(err, saved, "make directory %s", dir);
		}
	}
	return path_sync_above(dir, err);
}

/* found is the deepest directory that was there; it is synced before one is made in it. */
static int pass_or_make(const char *dir, mode_t mode, char found[PATH_SIZE], struct cu_err *err)
{
	int r = is_directory(dir, err);

	if (r > 0) {
		strcpy(found, dir);
	}
	if (r != 0) {
		return r < 0 ? r : 0;
	}
	r = sync_found(found, err);
	found[0] = '\0';
	return r < 0 ? r : make_one_dir(dir, mode, err);
}

int path_make_dir(const char *dir, mode_t mode, struct cu_err *err)
{
	char part[PATH_SIZE], found[PATH_SIZE] = "";
	size_t n = strlen(dir);
	int r = 0;

	if (n == 0) {
		return cu_err_set(err, CU_EINVAL, "a directory needs a name");
	}
	if (n >= PATH_SIZE) {
		return cu_err_set(err, CU_ELIMIT, "path is too long: %.60s...", dir);
	}
	while (n > 1 && dir[n - 1] == '/') {
		n--;
	}
	for (size_t i = 1; r == 0 && i <= n; i++) {
		if (i == n || (dir[i] == '/' && dir[i - 1] != '/')) {
			memcpy(part, dir, i);
			part[i] = '\0';
			r = pass_or_make(part, mode, found, err);
		}
	}
	return r < 0 ? r : sync_found(found, err);
}

int path_read_fd(int fd, size_t limit, struct buf *to, struct cu_err *err)
{
	size_t total = 0;

	for (;;) {
		uint8_t *room = buf_room(to, 65536);
		ssize_t n;

		if (!room) {
			return buf_check(to, err);
		}
		n = read(fd, room, 65536);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return cu_err_errno(err, errno, "read");
		}
		if (n == 0) {
			return 0;
		}
		to->n += (size_t)n;
		total += (size_t)n;
		if (total > limit) {
			return cu_err_set(err, CU_ELIMIT, "is larger than %zu bytes", limit);
		}
	}
}

int path_read_file(const char *path, size_t limit, struct buf *to, struct cu_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0) {
		return cu_err_errno(err, errno, "open %s", path);
	}
	r = path_read_fd(fd, limit, to, err);
	close(fd);
	return r < 0 ? cu_err_wrap(err, r, "%s", path) : 0;
}

int path_read_plain(const char *path, size_t limit, struct buf *to, struct cu_err *err)
{
	/* O_NONBLOCK: a pipe of that name must not make us wait for its writer */
	int r, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st = { 0 };

	if (fd < 0) {
		return cu_err_errno(err, errno, "open %s", path);
	}
	if (fstat(fd, &st) < 0) {
		r = cu_err_errno(err, errno, "read");
	} else if (!S_ISREG(st.st_mode)) {
		r = cu_err_set(err, CU_ECORRUPT, "is no regular file");
	} else {
		r = path_read_fd(fd, limit, to, err);
	}
	close(fd);
	return r < 0 ? cu_err_wrap(err, r, "%s", path) : 0;
}

int path_write_fd(int fd, struct span bytes, struct cu_err *err)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return cu_err_errno(err, errno, "write");
		}
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

int path_pwrite_fd(int fd, struct span bytes, uint64_t offset, struct cu_err *err)
{
	while (bytes.n > 0) {
		ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)offset);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return cu_err_errno(err, errno, "write");
		}
		bytes.p += n;
		bytes.n -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int path_pread_fd(int fd, void *to, size_t n, uint64_t offset, struct cu_err *err)
{
	uint8_t *p = to;

	while (n > 0) {
		ssize_t got = pread(fd, p, n, (off_t)offset);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return cu_err_errno(err, errno, "read");
		}
		if (got == 0) {
			return cu_err_set(err, CU_ECORRUPT, "ends too early");
		}
		p += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

/* A file of our own: what an earlier try left there may have another mode, or be a link. */
static int create_anew(const char *path, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags, mode);

	if (fd < 0 && errno == EEXIST && unlink(path) == 0) {
		fd = open(path, flags, mode);
	}
	return fd;
}

void path_new_name(const char *name, char out[PATH_NEW_SIZE])
{
	snprintf(out, PATH_NEW_SIZE, ".%s.new", name); /* cut for the longest names */
}

int path_place_file(const char *dir, const char *name, struct span bytes, mode_t mode,
	struct cu_err *err)
{
	char tmp[PATH_SIZE], path[PATH_SIZE], hidden[PATH_NEW_SIZE];
	int fd, r;

	path_new_name(name, hidden);
	r = path_join(tmp, dir, hidden, err);
	if (r == 0) {
		r = path_join(path, dir, name, err);
	}
	if (r < 0) {
		return r;
	}
	fd = create_anew(tmp, mode);
	if (fd < 0) {
		return cu_err_errno(err, errno, "create %s", tmp);
	}
	r = path_write_fd(fd, bytes, err);
	if (r < 0) {
		cu_err_wrap(err, r, "%s", tmp);
	} else {
		r = path_sync_fd(fd, tmp, err);
	}
	close(fd);
	if (r == 0 && rename(tmp, path) < 0) {
		r = cu_err_errno(err, errno, "rename %s", tmp);
	}
	if (r < 0) {
		unlink(tmp);
	}
	return r;
}

int path_put_file(const char *dir, const char *name, struct span bytes, mode_t mode,
	struct cu_err *err)
{
	int r = path_place_file(dir, name, bytes, mode, err);

	return r < 0 ? r : path_sync_dir(dir, err);
}

int path_remove(const char *dir, const char *name, struct cu_err *err)
{
	char path[PATH_SIZE];
	int r = path_join(path, dir, name, err);

	if (r < 0) {
		return r;
	}
	if (unlink(path) < 0) {
		return errno == ENOENT ? 0 : cu_err_errno(err, errno, "remove %s", path);
	}
	return path_sync_dir(dir, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **v;
	size_t n, cap;
};

static int keep_name(struct names *names, const char *name, struct cu_err *err)
{
	if (names->n == names->cap) {
		size_t cap = names->cap ? 2 * names->cap : 16;
		char **more = realloc(names->v, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		names->v = more;
		names->cap = cap;
	}
	names->v[names->n] = strdup(name);
	if (!names->v[names->n]) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	names->n++;
	return 0;
}

/* A short list would be worse than none: whoever asks may delete what is not in it. */
static int read_names(DIR *d, struct names *names, struct cu_err *err)
{
	for (;;) {
		const struct dirent *e;
		int r;

		errno = 0;
		e = readdir(d);
		if (!e) {
			return errno == 0 ? 0 : cu_err_errno(err, errno, "read directory");
		}
		if (e->d_name[0] == '.') {
			continue;
		}
		r = keep_name(names, e->d_name, err);
		if (r < 0) {
			return r;
		}
	}
}

int path_list(const char *dir, char ***ret_names, size_t *ret_n, struct cu_err *err)
{
	struct names names = { 0 };
	DIR *d = opendir(dir);
	int r;

	if (!d) {
		return cu_err_errno(err, errno, "open %s", dir);
	}
	r = read_names(d, &names, err);
	closedir(d);
	if (r < 0) {
		path_free_names(names.v, names.n);
		return cu_err_wrap(err, r, "%s", dir);
	}
	if (names.n > 0) {
		qsort(names.v, names.n, sizeof(*names.v), compare_names);
	}
	*ret_names = names.v;
	*ret_n = names.n;
	return 0;
}

void path_free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(names[i]);
	}
	free(names);
}

/* --- trees ------------------------------------------------------------------------ */

#define OPEN_DIRS 16 /* descriptors for nftw */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

int path_remove_tree(const char *dir, struct cu_err *err)
{
	if (nftw(dir, remove_one, OPEN_DIRS, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT) {
		return cu_err_errno(err, errno, "remove %s", dir);
	}
	return 0;
}
