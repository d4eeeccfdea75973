#include "fault_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

/* The real file lies behind this one, in the room that szOsFile asks for. */
struct shim_file {
	sqlite3_file base;
	int fd; /* ours */
	int dir_fd; /* of a journal that was just made: its name is synced with it, once; or -1 */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
	return (sqlite3_file *)((struct shim_file *)file + 1);
}

static sqlite3_vfs *real_vfs(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static int code_of(int saved_errno, int otherwise)
{
	return saved_errno == ENOSPC ? SQLITE_FULL : otherwise;
}

/* --- what changes a file --------------------------------------------------------------- */

static int on_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	struct shim_file *f = (struct shim_file *)file;
	ssize_t put = fault_pwrite(f->fd, p, (size_t)n, at);

	return put == n ? SQLITE_OK : code_of(errno, SQLITE_IOERR_WRITE);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct shim_file *f = (struct shim_file *)file;

	return fault_ftruncate(f->fd, size) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int on_sync(sqlite3_file *file, int flags)
{
	struct shim_file *f = (struct shim_file *)file;

	(void)flags;
	if (fault_fdatasync(f->fd) < 0) {
		return SQLITE_IOERR_FSYNC;
	}
	if (f->dir_fd >= 0) {
		if (fault_fsync(f->dir_fd) < 0) {
			return SQLITE_IOERR_DIR_FSYNC;
		}
		close(f->dir_fd);
		f->dir_fd = -1;
	}
	return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int with_dir)
{
	(void)vfs;
	(void)with_dir;
	if (fault_unlink(path) < 0) {
		return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT
				       : SQLITE_IOERR_DELETE;
	}
	return SQLITE_OK;
}

/* --- what is passed on ----------------------------------------------------------------- */

#define REAL(file) real_of(file)->pMethods

static int on_close(sqlite3_file *file)
{
	struct shim_file *f = (struct shim_file *)file;
	int rc = REAL(file)->xClose(real_of(file));

	close(f->fd);
	if (f->dir_fd >= 0) {
		close(f->dir_fd);
	}
	return rc;
}

static int on_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	return REAL(file)->xRead(real_of(file), p, n, at);
}

static int on_file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	return REAL(file)->xFileSize(real_of(file), ret);
}

static int on_lock(sqlite3_file *file, int level)
{
	return REAL(file)->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	return REAL(file)->xUnlock(real_of(file), level);
}

static int on_check_lock(sqlite3_file *file, int *ret)
{
	return REAL(file)->xCheckReservedLock(real_of(file), ret);
}

/* A size hint would have the real file grow behind our back. */
static int on_control(sqlite3_file *file, int op, void *arg)
{
	return op == SQLITE_FCNTL_SIZE_HINT
		       ? SQLITE_OK
		       : REAL(file)->xFileControl(real_of(file), op, arg);
}

static int on_sector_size(sqlite3_file *file)
{
	return REAL(file)->xSectorSize(real_of(file));
}

static int on_characteristics(sqlite3_file *file)
{
	return REAL(file)->xDeviceCharacteristics(real_of(file));
}

static int on_shm_map(
	sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
	return REAL(file)->xShmMap(real_of(file), page, size, extend, ret);
}

static int on_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	return REAL(file)->xShmLock(real_of(file), at, n, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
	REAL(file)->xShmBarrier(real_of(file));
}

static int on_shm_unmap(sqlite3_file *file, int with_delete)
{
	return REAL(file)->xShmUnmap(real_of(file), with_delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_file_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector_size,
	.xDeviceCharacteristics = on_characteristics,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

static int open_dir_of(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	strncpy(dir, path, sizeof(dir) - 1);
	dir[sizeof(dir) - 1] = '\0';
	slash = strrchr(dir, '/');
	if (slash) {
		*slash = '\0';
	}
	return open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int on_open(
	sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret)
{
	struct shim_file *f = (struct shim_file *)file;
	int may_create = flags & SQLITE_OPEN_CREATE ? O_CREAT : 0;
	bool is_journal = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
	bool is_new;
	int rc;

	memset(f, 0, sizeof(*f));
	if (!path) {
		return SQLITE_CANTOPEN; /* a temporary file: here they lie in memory */
	}
	is_new = is_journal && access(path, F_OK) != 0;
	/* through fault.h, so that a power cut can take the new name back */
	f->fd = open(path, O_RDWR | O_CLOEXEC | may_create, 0600);
	if (f->fd < 0) {
		return SQLITE_CANTOPEN;
	}
	rc = real_vfs(vfs)->xOpen(real_vfs(vfs), path, real_of(file), flags, ret);
	if (rc != SQLITE_OK) {
		close(f->fd);
		return rc;
	}
	f->dir_fd = is_new ? open_dir_of(path) : -1;
	f->base.pMethods = &methods;
	return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
	return real_vfs(vfs)->xAccess(real_vfs(vfs), path, flags, ret);
}

static int on_full_path(sqlite3_vfs *vfs, const char *path, int n, char *out)
{
	return real_vfs(vfs)->xFullPathname(real_vfs(vfs), path, n, out);
}

static int on_randomness(sqlite3_vfs *vfs, int n, char *out)
{
	return real_vfs(vfs)->xRandomness(real_vfs(vfs), n, out);
}

static int on_sleep(sqlite3_vfs *vfs, int us)
{
	return real_vfs(vfs)->xSleep(real_vfs(vfs), us);
}

static int on_time(sqlite3_vfs *vfs, double *ret)
{
	return real_vfs(vfs)->xCurrentTime(real_vfs(vfs), ret);
}

static int on_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	return real_vfs(vfs)->xGetLastError(real_vfs(vfs), n, out);
}

static sqlite3_vfs shim = {
	.iVersion = 1,
	.zName = "fault",
	.xOpen = on_open,
	.xDelete = on_delete,
	.xAccess = on_access,
	.xFullPathname = on_full_path,
	.xRandomness = on_randomness,
	.xSleep = on_sleep,
	.xCurrentTime = on_time,
	.xGetLastError = on_last_error,
};

void fault_sqlite_register(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	if (real == &shim) {
		return; /* done before: it does not stand before itself */
	}
	if (!real) {
		abort();
	}
	shim.szOsFile = (int)sizeof(struct shim_file) + real->szOsFile;
	shim.mxPathname = real->mxPathname;
	shim.pAppData = real;
	if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK) {
		abort();
	}
}
