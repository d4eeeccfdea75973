/*
 * directory: backups in a directory that custosd does not write itself: a second disk, or what another
 * machine exports by NFS or SMB.
 *
 * What is not mounted looks like an empty directory.  So the directory must hold a file, custos-target, with
 * the word that backup.yaml says; otherwise nothing is written, read or made there.  It is opened anew
 * for each call, so that it can be unmounted, and comes back by itself.
 *
 * An object is written as ".new" beside its place, synced, renamed, and the directory synced.  No hard links
 * and no letters that differ by case alone are needed.  A ".new" that a kill left behind is removed
 * before the first object is put.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "custos_plugin.h"

#define MARKER    "custos-target"
#define NEW       ".new"
#define NAME_SIZE 128
#define DEPTH_MAX 8
#define SLICE     65536

enum { DIRECTORY, WORD, NSETTINGS };

static const struct cu_setting settings[NSETTINGS] = {
	[DIRECTORY] = { "path", CU_SETTING_DIRECTORY, CU_SETTING_MUST, "The directory." },
	[WORD] = { "marker", CU_SETTING_TEXT, CU_SETTING_MUST,
		"The word in the file custos-target there, by which it is known." },
};

struct target {
	const char *path, *word; /* live until close */
	int is_swept;
	uint8_t slice[SLICE];
};

static const struct cu_host *host;

static int32_t start(const struct cu_host *h)
{
	host = h;
	return CU_DONE;
}

static int32_t open_target(const struct cu_value *values, void **ret, struct cu_fault *fault)
{
	struct target *t = host->alloc(sizeof(*t));

	if (!t) {
		return host->fail(fault, CU_LATER, "out of memory");
	}
	if (!values[WORD].text[0] || strlen(values[WORD].text) > 100 ||
		values[WORD].text[strcspn(values[WORD].text, "\r\n")]) {
		host->release(t);
		return host->fail(fault, CU_REFUSED, "marker: is no word of at most 100 bytes");
	}
	t->path = values[DIRECTORY].text;
	t->word = values[WORD].text;
	*ret = t;
	return CU_DONE;
}

static void close_target(void *target)
{
	host->release(target);
}

/* --- what went wrong ----------------------------------------------------------------- */

static int32_t fail(struct cu_fault *fault, int e, const char *what)
{
	if (e == ENOSPC || e == EDQUOT) {
		return host->fail(fault, CU_LATER, "%s: no space is left there", what);
	}
	if (e == ESTALE || e == ENODEV || e == ENXIO || e == EHOSTDOWN || e == ENOTCONN) {
		return host->fail(fault, CU_AWAY, "%s: what was mounted there is gone", what);
	}
	return host->fail(fault, CU_LATER, "%s: %s", what, strerror(e));
}

/* Some file systems cannot sync a directory, and need not. */
static int sync_dir(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL || errno == EOPNOTSUPP ? 0 : -1;
}

/* --- the directory --------------------------------------------------------------------- */

static int32_t check_marker(const struct target *t, int root, struct cu_fault *fault)
{
	char text[128];
	int fd = openat(root, MARKER, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	if (fd < 0) {
		return errno == ENOENT ?
			host->fail(fault, CU_AWAY,
				"path: " MARKER " is not in it: mount what belongs there, or if it is new, "
				"write the word of 'marker' into that file") :
			fail(fault, errno, MARKER);
	}
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	return n >= 0 && strcmp(text, t->word) == 0 ?
		CU_DONE :
		host->fail(fault, CU_AWAY,
			"path: " MARKER " there has another word than 'marker': it is another directory");
}

/* Open anew each time: what it leads to may have been mounted since. */
static int32_t enter(const struct target *t, int *ret, struct cu_fault *fault)
{
	int root = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int32_t code;

	if (root < 0) {
		return host->fail(fault, CU_AWAY, "path: %s: mount what belongs there, and let the agent's user "
			"write in it", strerror(errno));
	}
	code = check_marker(t, root, fault);
	if (code != CU_DONE) {
		close(root);
		return code;
	}
	*ret = root;
	return CU_DONE;
}

static int is_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
	size_t n = strlen(name);

	return n > 0 && n < NAME_SIZE && !name[strspn(name, letters)] && name[0] != '.' &&
		name[0] != '/' && name[n - 1] != '/' && !strstr(name, "//") && !strstr(name, "/.");
}

/* The folder of a name, opened; *ret_base is the rest of the name.  makes: what is missing of it. */
static int32_t enter_folder(int root, const char *name, int makes, int *ret, const char **ret_base,
	struct cu_fault *fault)
{
	char part[NAME_SIZE];
	int at = dup(root), e;
	const char *slash;

	for (; at >= 0 && (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		int next;

		snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
		if (makes && mkdirat(at, part, 0700) == 0 && sync_dir(at) < 0) {
			break;
		}
		next = openat(at, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		e = errno;
		close(at);
		errno = e;
		at = next;
	}
	if (at < 0 || slash) {
		e = errno;
		if (at >= 0) {
			close(at);
		}
		return e == ENOENT && !makes ? CU_ABSENT : fail(fault, e, "a folder");
	}
	*ret = at;
	*ret_base = name;
	return CU_DONE;
}

/* root and folder of a name. */
static int32_t enter_for(const struct target *t, const char *name, int makes, int *ret_folder,
	const char **ret_base, struct cu_fault *fault)
{
	int root = -1;
	int32_t code;

	if (!is_name(name)) {
		return host->fail(fault, CU_REFUSED, "that is no name of an object");
	}
	code = enter(t, &root, fault);
	if (code == CU_DONE) {
		code = enter_folder(root, name, makes, ret_folder, ret_base, fault);
		close(root);
	}
	return code;
}

/* --- walking ----------------------------------------------------------------------------- */

/* Given each regular file: the folder it is in, its name there, and its whole name. */
typedef int32_t seen(void *ctx, int folder, const char *file, const char *name, uint64_t size);

static int32_t walk(int folder, const char *under, int depth, seen *fn, void *ctx,
	struct cu_fault *fault);

static int32_t walk_one(int folder, const char *under, const char *file, int depth, seen *fn, void *ctx,
	struct cu_fault *fault)
{
	char name[NAME_SIZE];
	struct stat st = { 0 };
	int next;
	int32_t code;

	if ((size_t)snprintf(name, sizeof(name), "%s%s%s", under, under[0] ? "/" : "", file) >=
			sizeof(name) ||
		fstatat(folder, file, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return CU_DONE; /* nothing that we put, or gone meanwhile */
	}
	if (!S_ISDIR(st.st_mode)) {
		return S_ISREG(st.st_mode) ? fn(ctx, folder, file, name, (uint64_t)st.st_size) : CU_DONE;
	}
	next = openat(folder, file, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (next < 0) {
		return errno == ENOENT ? CU_DONE : fail(fault, errno, "a folder");
	}
	code = depth < DEPTH_MAX ? walk(next, name, depth + 1, fn, ctx, fault) : CU_DONE;
	close(next);
	return code;
}

/* folder stays open. */
static int32_t walk(int folder, const char *under, int depth, seen *fn, void *ctx,
	struct cu_fault *fault)
{
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = own >= 0 ? fdopendir(own) : NULL;
	const struct dirent *e;
	int32_t code = CU_DONE;

	if (!d) {
		int why = errno;

		if (own >= 0) {
			close(own);
		}
		return fail(fault, why, "a folder");
	}
	while (code == CU_DONE && (errno = 0, e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			code = walk_one(folder, under, e->d_name, depth, fn, ctx, fault);
		}
	}
	if (code == CU_DONE && !e && errno != 0) {
		code = fail(fault, errno, "a folder"); /* half a list is none */
	}
	closedir(d);
	return code;
}

/* --- putting ----------------------------------------------------------------------------- */

static int32_t remove_new(void *ctx, int folder, const char *file, const char *name, uint64_t size)
{
	(void)ctx;
	(void)name;
	(void)size;
	if (strcmp(file, NEW) == 0) {
		(void)unlinkat(folder, file, 0); /* it is opened anew and cut off if it is needed again */
	}
	return CU_DONE;
}

/* Of a process before us, which was killed. */
static int32_t sweep(struct target *t, struct cu_fault *fault)
{
	int root = -1;
	int32_t code = t->is_swept ? CU_DONE : enter(t, &root, fault);

	if (t->is_swept || code != CU_DONE) {
		return code;
	}
	code = walk(root, "", 0, remove_new, NULL, fault);
	close(root);
	t->is_swept = code == CU_DONE;
	return code;
}

static int32_t copy(struct target *t, int from, int to, uint64_t size, struct cu_fault *fault)
{
	uint64_t at = 0;

	while (at < size) {
		size_t cap = size - at < SLICE ? (size_t)(size - at) : SLICE;
		ssize_t n = pread(from, t->slice, cap, (off_t)at);

		if (n <= 0) {
			return host->fail(fault, CU_LATER, "custosd handed over less than it said");
		}
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, t->slice + done, (size_t)(n - done));
			if (w < 0 && errno != EINTR) {
				return fail(fault, errno, "writing");
			}
			w = w < 0 ? 0 : w;
		}
		at += (uint64_t)n;
	}
	return CU_DONE;
}

/* Whole and durable under the name NEW. */
static int32_t write_new(struct target *t, int folder, int from, uint64_t size, struct cu_fault *fault)
{
	int to = openat(folder, NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int32_t code;

	if (to < 0) {
		return fail(fault, errno, "a new file");
	}
	code = copy(t, from, to, size, fault);
	if (code == CU_DONE && fsync(to) < 0) {
		code = fail(fault, errno, "syncing"); /* and never again: the pages may count as clean */
	}
	/* whoever fetches it back shall read the disk */
	(void)posix_fadvise(to, 0, 0, POSIX_FADV_DONTNEED);
	if (close(to) < 0 && code == CU_DONE) {
		code = fail(fault, errno, "closing"); /* NFS says so only here */
	}
	return code;
}

/* The look before must do where renameat2 cannot refuse: one agent writes here. */
static int32_t name_it(int folder, const char *base, int may_replace, struct cu_fault *fault)
{
	int e;

	if (!may_replace && faccessat(folder, base, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		return CU_TAKEN;
	}
	e = renameat(folder, NEW, folder, base) < 0 ? errno : 0;
	if (e == 0) {
		e = sync_dir(folder) < 0 ? errno : 0;
	}
	return e ? fail(fault, e, "renaming") : CU_DONE;
}

static int32_t put(void *target, const char *name, int fd, uint64_t size, uint32_t flags,
	struct cu_fault *fault)
{
	struct target *t = target;
	const char *base = name;
	int folder = -1;
	int32_t code = sweep(t, fault);

	if (code == CU_DONE) {
		code = enter_for(t, name, 1, &folder, &base, fault);
	}
	if (code != CU_DONE) {
		return code;
	}
	code = !(flags & CU_PUT_REPLACE) && faccessat(folder, base, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ?
		CU_TAKEN :
		write_new(t, folder, fd, size, fault);
	if (code == CU_DONE) {
		code = name_it(folder, base, (flags & CU_PUT_REPLACE) != 0, fault);
	}
	if (code != CU_DONE && code != CU_TAKEN) {
		(void)unlinkat(folder, NEW, 0);
	}
	close(folder);
	return code;
}

/* --- getting ----------------------------------------------------------------------------- */

static int32_t open_object(const struct target *t, const char *name, int *ret, struct stat *ret_st,
	struct cu_fault *fault)
{
	const char *base = name;
	int folder = -1, fd, e;
	int32_t code = enter_for(t, name, 0, &folder, &base, fault);

	if (code != CU_DONE) {
		return code;
	}
	fd = openat(folder, base, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	e = errno;
	close(folder);
	if (fd < 0) {
		return e == ENOENT ? CU_ABSENT : fail(fault, e, "opening");
	}
	if (fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode)) {
		close(fd);
		return host->fail(fault, CU_REFUSED, "what has that name is no file");
	}
	*ret = fd;
	return CU_DONE;
}

static int32_t get(void *target, const char *name, int to, struct cu_fault *fault)
{
	struct target *t = target;
	struct stat st = { 0 };
	int fd = -1;
	ssize_t n = 0;
	int32_t code = open_object(t, name, &fd, &st, fault);

	if (code != CU_DONE) {
		return code;
	}
	while (code == CU_DONE && (n = read(fd, t->slice, SLICE)) > 0) {
		for (ssize_t done = 0, w; code == CU_DONE && done < n; done += w) {
			w = write(to, t->slice + done, (size_t)(n - done));
			if (w < 0) {
				code = errno == EINTR ? CU_DONE : host->fail(fault, CU_LATER, "nobody reads");
				w = 0;
			}
		}
	}
	if (code == CU_DONE && n < 0) {
		code = fail(fault, errno, "reading");
	}
	close(fd);
	return code;
}

static int32_t measure(void *target, const char *name, uint64_t *ret, struct cu_fault *fault)
{
	struct stat st = { 0 };
	int fd = -1;
	int32_t code = open_object(target, name, &fd, &st, fault);

	if (code == CU_DONE) {
		close(fd);
		*ret = (uint64_t)st.st_size;
	}
	return code;
}

/* --- listing and removing -------------------------------------------------------------------- */

struct telling {
	cu_told *told;
	void *ctx;
};

static int32_t tell(void *ctx, int folder, const char *file, const char *name, uint64_t size)
{
	const struct telling *to = ctx;

	(void)folder;
	(void)file;
	return is_name(name) ? to->told(to->ctx, name, size) : CU_DONE;
}

static int32_t list(void *target, const char *under, cu_told *told, void *ctx, struct cu_fault *fault)
{
	struct telling to = { told, ctx };
	const char *base = under;
	int parent = -1, folder, e;
	int32_t code = enter_for(target, under, 0, &parent, &base, fault);

	if (code != CU_DONE) {
		return code == CU_ABSENT ? CU_DONE : code;
	}
	folder = openat(parent, base, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	e = errno;
	close(parent);
	if (folder < 0) {
		return e == ENOENT || e == ENOTDIR ? CU_DONE : fail(fault, e, "a folder");
	}
	code = walk(folder, under, 0, tell, &to, fault);
	close(folder);
	return code;
}

static int32_t remove_object(void *target, const char *name, struct cu_fault *fault)
{
	const char *base = name;
	int folder = -1;
	int32_t code = enter_for(target, name, 0, &folder, &base, fault);

	if (code != CU_DONE) {
		return code == CU_ABSENT ? CU_DONE : code;
	}
	if (unlinkat(folder, base, 0) < 0) {
		code = errno == ENOENT ? CU_DONE : fail(fault, errno, "removing");
	} else if (sync_dir(folder) < 0) {
		code = fail(fault, errno, "removing");
	}
	close(folder);
	return code;
}

static const struct cu_target_calls calls = {
	sizeof(calls), open_target, put, get, measure, list, remove_object, close_target
};

CUSTOS_PLUGIN_EXPORT const struct cu_plugin cu_plugin = {
	CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR, sizeof(struct cu_plugin),
	.kinds = CU_PLUGIN_TARGET, .name = "directory", .settings = settings, .nsettings = NSETTINGS,
	.startup = start, .target = &calls,
};
