/*
 * image.h: the exact bytes of a live database at one moment, while it goes on being written.
 *
 * The writer moves its whole WAL into the file; then a second connection begins to read
 * before anything else is committed.  Such a reader uses the file alone, and SQLite copies
 * nothing into the file while it reads (WAL_READ_LOCK(0), sqlite.org/walformat.html 2.3.2):
 * the file stands still until the image ends, and the WAL grows.  Pages are read through
 * SQLite's own descriptor, never through one of ours, whose close() would drop its locks.
 */
#ifndef CU_DB_IMAGE_H
#define CU_DB_IMAGE_H
#include <sqlite3.h>
#include <stdint.h>

struct cu_err;
struct db_image;

/* On the writer's thread, outside a transaction.  Then the image may move to another thread.
 * CU_EBUSY when an old reader keeps the WAL from being moved. */
int db_image_begin(sqlite3 *writer, const char *path, struct db_image **ret,
	struct cu_err *err);
void db_image_end(struct db_image *image); /* NULL is fine */

uint32_t db_image_page_size(const struct db_image *image);
uint64_t db_image_size(const struct db_image *image); /* bytes; whole pages */

/* n bytes from offset, which must lie within the image.  Blocks. */
int db_image_read(struct db_image *image, uint64_t offset, void *to, uint32_t n,
	struct cu_err *err);

/* The connection that keeps the image still: to read rows by, on the image's thread, until the
 * image ends. */
sqlite3 *db_image_reader(struct db_image *image);

#endif
