/*
 * site.h: where a directory is built before it gets its name: all of it, or nothing.
 *
 * "<parent>/.<name>.restoring" beside the wanted "<parent>/<name>", on the same file system,
 * so that one rename(2) puts it in place.  A mark beside it, which is there first and goes last, says
 * that it is ours: what a killed restore left is removed by the next one.
 */
#ifndef CU_BACKUP_SITE_H
#define CU_BACKUP_SITE_H
#include "base/path.h"

struct cu_err;

struct site {
	char to[PATH_SIZE], parent[PATH_SIZE];
	char dir[PATH_SIZE];  /* build here */
	char mark[PATH_SIZE]; /* the name of the mark in parent */
	int fd;              /* locked; -1: nothing was begun */
};

/* to must not exist or be an empty directory (CU_EEXIST); its parent must exist (CU_ENOENT).
 * CU_EBUSY: another restore is building there. */
int site_begin(const char *to, struct site *ret, struct cu_err *err);

/* "<dir>/<name>"; cannot be too long for names of ours. */
int site_path(const struct site *s, const char *name, char out[PATH_SIZE],
	struct cu_err *err);

/* The directory gets its name, durably.  The files in it must be synced. */
int site_finish(struct site *s, struct cu_err *err);
/* Removes everything that was built.  After a site_finish that ended well it does nothing. */
void site_abandon(struct site *s);

#endif
