/*
 * leftover.h: what a database file still holds of what was deleted from it.
 *
 * secure_delete leaves little, but not nothing (docs/decisions/0007): a page that lost
 * rows to its neighbours may keep some bytes of them.  Looks at the bytes of the file,
 * not at its rows: space that no row uses must hold nothing (page.h;
 * sqlite.org/fileformat2.html, 1.5 and 1.6), and no id of somebody who was erased may
 * stand anywhere but in the tables that are to remember the erasure.  Opens and closes
 * the file outside SQLite, which would drop the locks of a connection in the same
 * process: for a process of its own, while an image (image.h) keeps the file still.
 */
#ifndef CU_DB_LEFTOVER_H
#define CU_DB_LEFTOVER_H
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct cu_err;
struct leftover_ids;

/* Ids to look for, found by their first bytes.  ids is borrowed until _free. */
int leftover_ids_new(
	const struct id *ids, size_t n, struct leftover_ids **ret, struct cu_err *err);
void leftover_ids_free(struct leftover_ids *ids); /* NULL is fine */

enum leftover_kind {
	LEFTOVER_BYTES,     /* something lies where no row is: one for each page */
	LEFTOVER_UNUSED_ID, /* an id that should be gone lies where no row is */
	LEFTOVER_ID, /* an id that should be gone is in a row, or in another kind of
			file */
};

#define LEFTOVER_TABLE_SIZE 64

struct leftover {
	enum leftover_kind kind;
	uint64_t offset;                 /* in the file */
	uint32_t page;                   /* its number; 0: the file has no pages */
	char table[LEFTOVER_TABLE_SIZE]; /* that the page or its index is of; "" if none
					  */
};

/* 0 to go on, or a code. */
typedef int leftover_fn(void *ctx, const struct leftover *found, struct cu_err *err);

struct leftover_counts {
	uint64_t bytes; /* looked at */
	uint64_t found;
};

/* A database that stands still.  allowed: tables in which, and in whose indexes, the
 * ids may stand, ended by NULL.  ids may be NULL.  Adds to counts.  CU_ENOENT,
 * CU_ECORRUPT, CU_EIO. */
int leftover_scan_db(const char *path, const struct leftover_ids *ids,
	const char *const *allowed, leftover_fn *fn, void *ctx,
	struct leftover_counts *counts, struct cu_err *err);

/* Any other file: only ids are looked for.  A file that is gone meanwhile is fine, and
 * one that shrinks is read as far as it goes. */
int leftover_scan_file(const char *path, const struct leftover_ids *ids,
	leftover_fn *fn, void *ctx, struct leftover_counts *counts, struct cu_err *err);

#endif
