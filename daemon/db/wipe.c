#include "db/wipe.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "db/image.h"
#include "db/page.h"

struct wipe {
	sqlite3_file
		*file; /* the writer's: POSIX locks would not survive one of ours */
	struct db_image *image;
	struct page_format format;
	uint8_t *page;
};

static int begin(struct wipe *w, sqlite3 *writer, struct cu_err *err)
{
	uint8_t header[PAGE_HEADER_SIZE];
	int r = db_image_read(w->image, 0, header, sizeof(header), err);

	if (r == 0) {
		r = page_format_read(header, &w->format, err);
	}
	if (r < 0) {
		return r;
	}
	sqlite3_file_control(writer, "main", SQLITE_FCNTL_FILE_POINTER, &w->file);
	if (!w->file || !w->file->pMethods) {
		return cu_err_set(err, CU_EIO, "the database file is not open");
	}
	w->page = malloc(w->format.size);
	return w->page ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");
}

/* An overflow page or one of the free list begins with the number of a page, a page of
 * a tree with its kind: no number of this file has that as its first byte below 128
 * GiB. */
static bool may_be_tree(const struct wipe *w, uint32_t number)
{
	const uint8_t *p = w->page;
	uint32_t head = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			(uint32_t)p[2] << 8 | p[3];

	return number == 1 || head > db_image_size(w->image) / w->format.size;
}

static int wipe_page(struct wipe *w, uint32_t number, size_t *ret_n, struct cu_err *err)
{
	uint64_t offset = (uint64_t)(number - 1) * w->format.size;
	int n = (int)w->format.size,
	    r = db_image_read(w->image, offset, w->page, (uint32_t)n, err);

	if (r < 0 || !may_be_tree(w, number) ||
		!page_tree_wipe(&w->format, w->page, number == 1)) {
		return r;
	}
	if (w->file->pMethods->xWrite(w->file, w->page, n, (sqlite3_int64)offset) !=
		SQLITE_OK) {
		return cu_err_set(err, CU_EIO, "page %u cannot be written", number);
	}
	++*ret_n;
	return 0;
}

int db_wipe(sqlite3 *writer, struct db_image *image, const uint32_t *pages, size_t n,
	size_t *ret_n, struct cu_err *err)
{
	struct wipe w = { .image = image };
	int r = n > 0 ? begin(&w, writer, err) : 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = pages[i] > 0 ? wipe_page(&w, pages[i], ret_n, err)
				 : cu_err_set(err, CU_EINTERNAL, "there is no page 0");
	}
	if (r == 0 && n > 0 &&
		w.file->pMethods->xSync(w.file, SQLITE_SYNC_NORMAL) != SQLITE_OK) {
		r = cu_err_set(err, CU_EIO, "the database file cannot be synced");
	}
	/* else a page that is kept in memory would bring back, at its next change, what
	 * was wiped */
	sqlite3_db_release_memory(writer);
	free(w.page);
	return r;
}
