#include "db/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/path.h"
#include "db/db.h"

struct db_image {
	sqlite3 *db;
	uint32_t page_size;
	uint64_t size;
};

static int pragma_number(sqlite3 *db, const char *sql, int64_t *ret, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = db_prepare(db, sql, &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r > 0) {
		*ret = sqlite3_column_int64(st, 0);
		r = 0;
	}
	sqlite3_finalize(st);
	return r;
}

/* Nothing was committed between the checkpoint and our read: its WAL is still empty. */
static int require_empty_wal(struct db_image *image, struct cu_err *err)
{
	sqlite3_file *wal = NULL;
	sqlite3_int64 size = 0;

	sqlite3_file_control(image->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
	if (!wal || !wal->pMethods || wal->pMethods->xFileSize(wal, &size) != SQLITE_OK) {
		return cu_err_set(err, CU_EIO, "the WAL's size cannot be read");
	}
	return size == 0 ? 0 : cu_err_set(err, CU_EBUSY, "something was written meanwhile");
}

static int begin_reading(struct db_image *image, struct cu_err *err)
{
	int64_t npages = 0, page_size = 0;
	int r = db_exec(image->db, "BEGIN", err);

	if (r == 0) {
		r = pragma_number(image->db, "SELECT count(*) FROM sqlite_schema", &npages, err);
	}
	if (r == 0) {
		r = require_empty_wal(image, err);
	}
	if (r == 0) {
		r = pragma_number(image->db, "PRAGMA page_count", &npages, err);
	}
	if (r == 0) {
		r = pragma_number(image->db, "PRAGMA page_size", &page_size, err);
	}
	if (r == 0) {
		image->page_size = (uint32_t)page_size;
		image->size = (uint64_t)npages * (uint64_t)page_size;
	}
	return r;
}

int db_image_begin(sqlite3 *writer, const char *path, struct db_image **ret,
	struct cu_err *err)
{
	struct db_image *image = calloc(1, sizeof(*image));
	int r;

	if (!image) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = db_open(path, DB_READ, true, &image->db, err);
	if (r == 0) {
		r = db_checkpoint(writer, err);
	}
	if (r == 0) {
		r = begin_reading(image, err);
	}
	if (r < 0) {
		db_image_end(image);
		return cu_err_wrap(err, r, "image of %s", path);
	}
	*ret = image;
	return 0;
}

void db_image_end(struct db_image *image)
{
	if (image) {
		db_close(image->db);
		free(image);
	}
}

uint32_t db_image_page_size(const struct db_image *image)
{
	return image->page_size;
}

uint64_t db_image_size(const struct db_image *image)
{
	return image->size;
}

int db_image_read(struct db_image *image, uint64_t offset, void *to, uint32_t n,
	struct cu_err *err)
{
	sqlite3_file *file = NULL;

	if (offset > image->size || n > image->size - offset) {
		return cu_err_set(err, CU_EINTERNAL, "read past the image's end");
	}
	sqlite3_file_control(image->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (!file || !file->pMethods ||
		file->pMethods->xRead(file, to, (int)n, (sqlite3_int64)offset) != SQLITE_OK) {
		return cu_err_set(err, CU_EIO, "the database file cannot be read");
	}
	return 0;
}

sqlite3 *db_image_reader(struct db_image *image)
{
	return image->db;
}
