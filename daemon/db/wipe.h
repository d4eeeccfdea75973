/*
 * wipe.h: zeros in a database file where no row is.
 *
 * In place and without a transaction, which is safe for a page of a file that stands
 * still (image.h): only bytes that mean nothing change, so that whatever mixture of old
 * and new a power cut or a reader at the same moment gets, it is the same page with the
 * same rows.  A newer version of the page that waits in the write-ahead log is not
 * touched, and is looked at the next time.  docs/decisions/0007 has what else was
 * considered.
 */
#ifndef CU_DB_WIPE_H
#define CU_DB_WIPE_H
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct cu_err;
struct db_image;

/* Pages of tables and indexes by their numbers, which dbstat told of this very image;
 * any other kind of page is left alone.  On the writer's thread, outside a transaction.
 * Adds to *ret_n how many had something to wipe; durable on return.  CU_EIO. */
int db_wipe(sqlite3 *writer, struct db_image *image, const uint32_t *pages, size_t n,
	size_t *ret_n, struct cu_err *err);

#endif
