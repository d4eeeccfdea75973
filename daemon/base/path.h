/*
 * path.h: files and directories, durably.
 *
 * "Durably" means: after 0 is returned, a power cut does not undo it (the file and the
 * directory entry were synced).  A failed sync is reported and never retried: the kernel may
 * have marked the lost pages clean.  All calls block; any thread.
 */
#ifndef CU_BASE_PATH_H
#define CU_BASE_PATH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"

struct buf;
struct cu_err;

#define PATH_SIZE 4096 /* a path with its NUL; PATH_MAX of Linux */

/* "<dir>/<name>" into out; CU_ELIMIT if it does not fit. */
int path_join(char out[PATH_SIZE], const char *dir, const char *name, struct cu_err *err);

/* Makes dir and what is missing above it; the new entries are durable, and so is that of a dir
 * which exists.  What exists is left as it is. */
int path_make_dir(const char *dir, mode_t mode, struct cu_err *err);

bool path_exists(const char *path);

/* All of fd from its current position on, appended to to; CU_ELIMIT when it is more than limit
 * bytes.  On failure to may hold a part. */
int path_read_fd(int fd, size_t limit, struct buf *to, struct cu_err *err);
/* The same of a file.  Absent: CU_ENOENT. */
int path_read_file(const char *path, size_t limit, struct buf *to, struct cu_err *err);
/* The same where others may write: what is no regular file, be it a link to one, is CU_ECORRUPT or
 * CU_EIO, and nobody waits for the other end of a pipe. */
int path_read_plain(const char *path, size_t limit, struct buf *to, struct cu_err *err);

/* Writes all n bytes; partial writes and EINTR are gone on with. */
int path_write_fd(int fd, struct span bytes, struct cu_err *err);
int path_pwrite_fd(int fd, struct span bytes, uint64_t offset, struct cu_err *err);
/* Exactly n bytes at offset; CU_ECORRUPT when the file ends before. */
int path_pread_fd(int fd, void *to, size_t n, uint64_t offset, struct cu_err *err);

/* Puts a whole file in place durably: temporary name, sync, rename, sync of the directory.
 * Replaces what is there.  A reader sees the old or the new file, never a part. */
int path_put_file(const char *dir, const char *name, struct span bytes, mode_t mode,
	struct cu_err *err);

/* The same without the sync of the directory, for many files in one: the caller does that. */
int path_place_file(const char *dir, const char *name, struct span bytes, mode_t mode,
	struct cu_err *err);

/* The name that a file has until it is whole; a crash may leave one behind. */
#define PATH_NEW_SIZE 256
void path_new_name(const char *name, char out[PATH_NEW_SIZE]);

int path_sync_fd(int fd, const char *what, struct cu_err *err);
int path_sync_dir(const char *dir, struct cu_err *err);
int path_sync_above(const char *path, struct cu_err *err); /* the directory that it is in */

/* Removes a file durably; absent is 0. */
int path_remove(const char *dir, const char *name, struct cu_err *err);

/* A directory and everything below it; links are not followed, absent is 0.  Not durable: for what
 * may be found again after a power cut. */
int path_remove_tree(const char *dir, struct cu_err *err);

/* The names in a directory that are not dot files, sorted by bytes; CU_ENOENT if there is
 * no such directory.  The caller frees with path_free_names. */
int path_list(const char *dir, char ***ret_names, size_t *ret_n, struct cu_err *err);
void path_free_names(char **names, size_t n);

#endif
