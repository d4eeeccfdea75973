/* See shim.h.  One lock is held over each note and its change, so that their order is one;
 * not over a sync, which covers what was noted before it began. */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define OLD_MAX (64u << 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *dir, *graves, *deaf;
static struct shim_control *control;
static int notes = -1;
static uint64_t at_note; /* bytes written to notes */

static struct {
	int (*open)(const char *, int, ...);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*pwrite)(int, const void *, size_t, off_t);
	int (*ftruncate)(int, off_t);
	int (*fallocate)(int, off_t, off_t);
	int (*fsync)(int);
	int (*fdatasync)(int);
	int (*rename)(const char *, const char *);
	int (*renameat2)(int, const char *, int, const char *, unsigned);
	int (*unlink)(const char *);
	int (*unlinkat)(int, const char *, int);
	int (*mkdir)(const char *, mode_t);
	int (*rmdir)(const char *);
} real;

static void find(void *to, const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (!f) {
		_exit(120);
	}
	memcpy(to, &f, sizeof(f));
}

static void find_all(void)
{
	find(&real.open, "open64");
	find(&real.write, "write");
	find(&real.pwrite, "pwrite64");
	find(&real.ftruncate, "ftruncate64");
	find(&real.fallocate, "posix_fallocate64");
	find(&real.fsync, "fsync");
	find(&real.fdatasync, "fdatasync");
	find(&real.rename, "rename");
	find(&real.renameat2, "renameat2");
	find(&real.unlink, "unlink");
	find(&real.unlinkat, "unlinkat");
	find(&real.mkdir, "mkdir");
	find(&real.rmdir, "rmdir");
}

static void begin_notes(const char *path)
{
	struct stat st;

	if (!path) {
		return;
	}
	notes = real.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (notes < 0 || fstat(notes, &st) < 0 || !getenv("SHIM_GRAVES")) {
		_exit(121);
	}
	notes = fcntl(notes, F_DUPFD_CLOEXEC, 200); /* out of the way */
	at_note = (uint64_t)st.st_size;
	graves = strdup(getenv("SHIM_GRAVES"));
}

__attribute__((constructor)) static void begin(void)
{
	const char *control_path = getenv("SHIM_CONTROL");
	int fd;

	find_all();
	if (!control_path || !getenv("SHIM_DIR")) {
		return; /* not custosd */
	}
	fd = real.open(control_path, O_RDWR | O_CLOEXEC);
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || control == MAP_FAILED) {
		_exit(121);
	}
	close(fd);
	begin_notes(getenv("SHIM_NOTES"));
	deaf = getenv("SHIM_DEAF") ? strdup(getenv("SHIM_DEAF")) : NULL;
	dir = strdup(getenv("SHIM_DIR"));
}

/* --- where and what ------------------------------------------------------------------- */

static bool counts(const char *path)
{
	const char *d = strstr(path, "-shm") ? NULL : dir, *end;

	for (; d; d = *end ? end + 1 : NULL) {
		end = strchrnul(d, ':');
		if (strncmp(path, d, (size_t)(end - d)) == 0) {
			return true;
		}
	}
	return false;
}

static bool path_of(int fd, char path[SHIM_PATH_SIZE])
{
	char link[64];
	ssize_t n;

	if (!dir) {
		return false;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, SHIM_PATH_SIZE - 1);
	path[n > 0 ? n : 0] = '\0';
	return n > 0 && counts(path);
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static uint64_t inode_of_dir(const char *path)
{
	char parent[SHIM_PATH_SIZE];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash) {
		*slash = '\0';
	}
	return inode_of(parent);
}

/* --- what goes wrong ------------------------------------------------------------------ */

/* Of one change: SHIM_COUNT, it is made; SHIM_TEAR and SHIM_SHORT, half of it is; SHIM_FAIL, it fails
 * with the error number. */
static enum shim_how fate_of(const char *call, const char *path)
{
	uint64_t n;

	if (!atomic_load(&control->is_armed)) {
		return SHIM_COUNT;
	}
	n = atomic_fetch_add(&control->nchanges, 1) + 1;
	if (control->how == SHIM_COUNT || n < control->nth || (n > control->nth && control->how != SHIM_FAIL_ALL)) {
		return SHIM_COUNT;
	}
	if (n == control->nth) {
		snprintf(control->change, sizeof(control->change), "%s %s", call, path);
		atomic_store(&control->has_happened, true);
	}
	if (control->how == SHIM_EXIT) {
		_exit(SHIM_STATUS);
	}
	return control->how == SHIM_FAIL_ALL ? SHIM_FAIL : control->how;
}

/* Of a change that cannot be half made.  Its errno, or 0: it is made. */
static int error_of(const char *call, const char *path)
{
	switch (fate_of(call, path)) {
	case SHIM_TEAR: _exit(SHIM_STATUS);
	case SHIM_FAIL: errno = control->error_number; return errno;
	default: return 0;
	}
}

/* Of a write: how much of it is made, or -1 with errno.  *ret_ends: then its process ends. */
static ssize_t portion_of(const char *call, const char *path, size_t n, bool *ret_ends)
{
	enum shim_how fate = fate_of(call, path);

	*ret_ends = fate == SHIM_TEAR;
	if (fate == SHIM_FAIL) {
		errno = control->error_number;
		return -1;
	}
	return (ssize_t)(fate == SHIM_COUNT || n < 2 ? n : n / 2);
}

static ssize_t end_if(bool ends, ssize_t r)
{
	if (ends) {
		_exit(SHIM_STATUS);
	}
	return r;
}

/* --- notes ---------------------------------------------------------------------------- */

static void put(const struct note *n, const void *old)
{
	if (notes < 0) {
		return;
	}
	if (real.write(notes, n, sizeof(*n)) != sizeof(*n) ||
		(n->nold > 0 && real.write(notes, old, n->nold) != (ssize_t)n->nold)) {
		_exit(122);
	}
	at_note += sizeof(*n) + n->nold;
}

static void note_bytes(enum note_kind kind, int fd, const char *path, off_t at, size_t n)
{
	struct note note = { .kind = kind, .at = (uint64_t)at };
	struct stat st;
	uint8_t *old;
	ssize_t got;
	int copy; /* fd may be open for writing only */

	if (notes < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		return;
	}
	n = at >= st.st_size ? 0 : n < (size_t)(st.st_size - at) ? n : (size_t)(st.st_size - at);
	old = malloc(n + 1);
	copy = real.open(path, O_RDONLY | O_CLOEXEC);
	if (!old || n > OLD_MAX || copy < 0) {
		_exit(123);
	}
	got = n > 0 ? pread(copy, old, n, at) : 0;
	close(copy);
	note.inode = st.st_ino;
	note.old_size = (uint64_t)st.st_size;
	note.nold = got > 0 ? (uint32_t)got : 0;
	snprintf(note.path, sizeof(note.path), "%s", path);
	put(&note, old);
	free(old);
}

static void note_name(enum note_kind kind, const char *path, const char *from, uint64_t grave)
{
	struct note note = { .kind = kind, .grave = grave };

	note.inode = inode_of_dir(path);
	note.subject = inode_of(from ? from : path);
	snprintf(note.path, sizeof(note.path), "%s", path);
	snprintf(note.from, sizeof(note.from), "%s", from ? from : "");
	put(&note, NULL);
}

/* A second name for a file that is about to lose its own; 0: there is no such file. */
static uint64_t bury(const char *path)
{
	char grave[SHIM_PATH_SIZE + 32];

	if (notes < 0) {
		return 0;
	}
	snprintf(grave, sizeof(grave), "%s/%llu", graves, (unsigned long long)at_note + 1);
	return link(path, grave) == 0 ? at_note + 1 : 0;
}

/* --- bytes ---------------------------------------------------------------------------- */

static int open_noted(const char *path, int flags, mode_t mode)
{
	bool is_new;
	int fd;

	if (!(flags & (O_CREAT | O_TRUNC)) || !counts(path)) {
		return real.open(path, flags, mode);
	}
	is_new = inode_of(path) == 0;
	if ((is_new || (flags & O_TRUNC)) && error_of("open", path)) {
		return -1;
	}
	pthread_mutex_lock(&lock);
	if (!is_new && (flags & O_TRUNC)) {
		fd = real.open(path, O_RDONLY | O_CLOEXEC);
		note_bytes(NOTE_TRUNCATED, fd, path, 0, SIZE_MAX);
		close(fd);
	}
	fd = real.open(path, flags, mode);
	if (fd >= 0 && is_new) {
		note_name(NOTE_CREATED, path, NULL, 0);
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

EXPORT int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return open_noted(path, flags, mode);
}

EXPORT ssize_t write(int fd, const void *p, size_t n)
{
	char path[SHIM_PATH_SIZE];
	ssize_t part, r;
	bool ends;

	if (!path_of(fd, path)) {
		return real.write(fd, p, n);
	}
	part = portion_of("write", path, n, &ends);
	if (part < 0) {
		return -1;
	}
	pthread_mutex_lock(&lock);
	note_bytes(NOTE_BYTES, fd, path, lseek(fd, 0, SEEK_CUR), (size_t)part);
	r = real.write(fd, p, (size_t)part);
	pthread_mutex_unlock(&lock);
	return end_if(ends, r);
}

EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
	char path[SHIM_PATH_SIZE];
	ssize_t part, r;
	bool ends;

	if (!path_of(fd, path)) {
		return real.pwrite(fd, p, n, at);
	}
	part = portion_of("pwrite", path, n, &ends);
	if (part < 0) {
		return -1;
	}
	pthread_mutex_lock(&lock);
	note_bytes(NOTE_BYTES, fd, path, at, (size_t)part);
	r = real.pwrite(fd, p, (size_t)part, at);
	pthread_mutex_unlock(&lock);
	return end_if(ends, r);
}

EXPORT int ftruncate64(int fd, off_t size)
{
	char path[SHIM_PATH_SIZE];
	int r;

	if (!path_of(fd, path)) {
		return real.ftruncate(fd, size);
	}
	if (error_of("ftruncate", path)) {
		return -1;
	}
	pthread_mutex_lock(&lock);
	note_bytes(NOTE_TRUNCATED, fd, path, size, SIZE_MAX);
	r = real.ftruncate(fd, size);
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int posix_fallocate64(int fd, off_t at, off_t n)
{
	char path[SHIM_PATH_SIZE];
	int r;

	if (!path_of(fd, path)) {
		return real.fallocate(fd, at, n);
	}
	r = error_of("posix_fallocate", path);
	if (r) {
		return r;
	}
	pthread_mutex_lock(&lock);
	note_bytes(NOTE_BYTES, fd, path, at + n, SIZE_MAX);
	r = real.fallocate(fd, at, n);
	pthread_mutex_unlock(&lock);
	return r;
}

/* --- syncs ---------------------------------------------------------------------------- */

static void note_sync(enum note_kind kind, uint64_t inode, uint64_t upto)
{
	struct note note = { .kind = kind, .inode = inode, .upto = upto };

	pthread_mutex_lock(&lock);
	put(&note, NULL);
	pthread_mutex_unlock(&lock);
}

static uint64_t now(void)
{
	uint64_t at;

	pthread_mutex_lock(&lock);
	at = at_note;
	pthread_mutex_unlock(&lock);
	return at;
}

static int sync_noted(int fd, int (*sync)(int), const char *call)
{
	char path[SHIM_PATH_SIZE];
	uint64_t upto;
	struct stat st;
	int r;

	if (!path_of(fd, path) || fstat(fd, &st) < 0) {
		return sync(fd);
	}
	if (deaf && strstr(path, deaf)) {
		return 0;
	}
	if (error_of(call, path)) {
		return -1;
	}
	upto = now();
	if (atomic_fetch_add(&control->nsyncs, 1) + 1 == atomic_load(&control->fail_at)) {
		note_sync(NOTE_FAILED, st.st_ino, upto);
		snprintf(control->failed, sizeof(control->failed), "%s", path);
		atomic_fetch_add(&control->nfailed, 1);
		errno = EIO;
		return -1;
	}
	r = sync(fd);
	if (r == 0) {
		note_sync(NOTE_SYNCED, st.st_ino, upto);
	}
	return r;
}

EXPORT int fsync(int fd)
{
	return sync_noted(fd, real.fsync, "fsync");
}

EXPORT int fdatasync(int fd)
{
	return sync_noted(fd, real.fdatasync, "fdatasync");
}

/* --- names ---------------------------------------------------------------------------- */

static int rename_noted(const char *from, const char *to, unsigned flags)
{
	int r;

	if (error_of("rename", to)) {
		return -1;
	}
	pthread_mutex_lock(&lock);
	if (!(flags & RENAME_NOREPLACE) || inode_of(to) == 0) {
		note_name(NOTE_RENAMED, to, from, bury(to));
	}
	r = flags ? real.renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) : real.rename(from, to);
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int rename(const char *from, const char *to)
{
	return counts(to) ? rename_noted(from, to, 0) : real.rename(from, to);
}

/* Only between paths, not below descriptors of directories. */
EXPORT int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	return counts(to) ? rename_noted(from, to, flags) :
			    real.renameat2(from_dir, from, to_dir, to, flags);
}

EXPORT int unlink(const char *path)
{
	uint64_t grave;
	int r;

	if (!counts(path)) {
		return real.unlink(path);
	}
	if (error_of("unlink", path)) {
		return -1;
	}
	pthread_mutex_lock(&lock);
	grave = bury(path);
	if (grave) {
		note_name(NOTE_UNLINKED, path, NULL, grave);
	}
	r = real.unlink(path);
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int unlinkat(int at, const char *name, int flags)
{
	char path[SHIM_PATH_SIZE];
	size_t n;

	if (flags != 0 || !path_of(at, path)) {
		return real.unlinkat(at, name, flags);
	}
	n = strlen(path);
	snprintf(path + n, sizeof(path) - n, "/%s", name);
	return unlink(path);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	int r;

	if (!counts(path)) {
		return real.mkdir(path, mode);
	}
	if (error_of("mkdir", path)) {
		return -1;
	}
	pthread_mutex_lock(&lock);
	r = real.mkdir(path, mode);
	if (r == 0) {
		note_name(NOTE_CREATED, path, NULL, 0);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int rmdir(const char *path)
{
	int r;

	if (!counts(path)) {
		return real.rmdir(path);
	}
	if (error_of("rmdir", path)) {
		return -1;
	}
	pthread_mutex_lock(&lock);
	note_name(NOTE_REMOVED_DIR, path, NULL, 0);
	r = real.rmdir(path);
	pthread_mutex_unlock(&lock);
	return r;
}
