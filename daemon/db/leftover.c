#include "db/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "db/db.h"
#include "db/page.h"

#define SLICE (1u << 20)

/* --- ids -------------------------------------------------------------------------- */

/* Open addressing over the ids' first eight bytes: random ones spread by themselves. */
struct leftover_ids {
	const struct id **at;
	size_t mask;
};

static uint64_t head_of(const uint8_t *p)
{
	uint64_t head;

	memcpy(&head, p, sizeof(head));
	return head;
}

int leftover_ids_new(
	const struct id *ids, size_t n, struct leftover_ids **ret, struct cu_err *err)
{
	struct leftover_ids *to = calloc(1, sizeof(*to));
	size_t cap = 64;

	while (cap < 4 * n) {
		cap *= 2;
	}
	if (to) {
		to->mask = cap - 1;
		to->at = calloc(cap, sizeof(*to->at));
	}
	if (!to || !to->at) {
		leftover_ids_free(to);
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = head_of(ids[i].b) & to->mask;

		while (to->at[at]) {
			at = (at + 1) & to->mask;
		}
		to->at[at] = &ids[i];
	}
	*ret = to;
	return 0;
}

void leftover_ids_free(struct leftover_ids *ids)
{
	if (ids) {
		free(ids->at);
		free(ids);
	}
}

static bool is_id(const struct leftover_ids *ids, const uint8_t *p)
{
	for (size_t at = head_of(p) & ids->mask; ids->at[at];
		at = (at + 1) & ids->mask) {
		if (memcmp(ids->at[at]->b, p, sizeof(ids->at[at]->b)) == 0) {
			return true;
		}
	}
	return false;
}

/* --- what is common to both kinds of file ----------------------------------------- */

struct scan {
	const struct leftover_ids *ids;
	const char *const *allowed;
	leftover_fn *fn;
	void *ctx;
	struct leftover_counts *counts;
	int fd;
};

static int tell(struct scan *s, enum leftover_kind kind, uint64_t offset, uint32_t page,
	const char *table, struct cu_err *err)
{
	struct leftover found = { .kind = kind, .offset = offset, .page = page };

	snprintf(found.table, sizeof(found.table), "%s", table);
	s->counts->found++;
	return s->fn(s->ctx, &found, err);
}

/* The next offset from at on where an id begins, or n. */
static size_t next_id(const struct scan *s, const uint8_t *p, size_t n, size_t at)
{
	for (; s->ids && at + sizeof(struct id) <= n; at++) {
		if (is_id(s->ids, p + at)) {
			return at;
		}
	}
	return n;
}

/* CU_ENOENT when the file is not there. */
static int open_file(
	struct scan *s, const char *path, uint64_t *ret_size, struct cu_err *err)
{
	struct stat st;

	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (s->fd < 0 || fstat(s->fd, &st) < 0) {
		return cu_err_errno(err, errno, "%s", path);
	}
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

/* --- a database ------------------------------------------------------------------- */

struct pages {
	struct scan *scan;
	struct page_format format;
	uint32_t npages;
	uint8_t *page;
	uint8_t *is_seen; /* a byte for each page: 1 when a table or index has it */
};

static bool is_allowed(const struct scan *s, const char *table)
{
	for (const char *const *a = s->allowed; a && *a; a++) {
		if (strcmp(*a, table) == 0) {
			return true;
		}
	}
	return false;
}

static int read_page(struct pages *p, uint32_t number, struct cu_err *err)
{
	uint64_t offset = (uint64_t)(number - 1) * p->format.size;

	p->scan->counts->bytes += p->format.size;
	return path_pread_fd(p->scan->fd, p->page, p->format.size, offset, err);
}

enum page_kind { PAGE_TREE, PAGE_OVERFLOW, PAGE_FREE };

static int look_for_ids(struct pages *p, uint32_t number, enum page_kind kind,
	const char *table, struct cu_err *err)
{
	uint64_t offset = (uint64_t)(number - 1) * p->format.size;
	size_t n = p->format.size, at = next_id(p->scan, p->page, n, 0);
	int r = 0;

	for (; r == 0 && at < n; at = next_id(p->scan, p->page, n, at + 1)) {
		bool is_unused =
			kind == PAGE_FREE ||
			(kind == PAGE_TREE && page_tree_is_unused(&p->format, p->page,
						      number == 1, (uint32_t)at));

		if (is_unused || !is_allowed(p->scan, table)) {
			r = tell(p->scan, is_unused ? LEFTOVER_UNUSED_ID : LEFTOVER_ID,
				offset + at, number, table, err);
		}
	}
	return r;
}

static int look_at_page(struct pages *p, uint32_t number, enum page_kind kind,
	uint32_t unused, const char *table, struct cu_err *err)
{
	uint64_t offset = (uint64_t)(number - 1) * p->format.size;
	int r = read_page(p, number, err);
	long left = -1;

	if (r < 0) {
		return r;
	}
	switch (kind) {
	case PAGE_TREE:
		left = page_tree_leftover(&p->format, p->page, number == 1);
		break;
	case PAGE_OVERFLOW:
		left = page_overflow_leftover(&p->format, p->page, unused);
		break;
	case PAGE_FREE:
		left = page_free_leftover(&p->format, p->page, p->npages);
		break;
	}
	if (left >= 0) {
		r = tell(p->scan, LEFTOVER_BYTES, offset + (uint64_t)left, number,
			table, err);
	}
	return r == 0 ? look_for_ids(p, number, kind, table, err) : r;
}

/* One page of a table, or of an index of it, as dbstat names it. */
static int look_at_used(struct pages *p, sqlite3_stmt *st, struct cu_err *err)
{
	const char *table = (const char *)sqlite3_column_text(st, 0);
	const char *kind = (const char *)sqlite3_column_text(st, 2);
	int64_t number = sqlite3_column_int64(st, 1),
		unused = sqlite3_column_int64(st, 3);

	if (!table || !kind || number < 1 || number > p->npages || unused < 0 ||
		unused > UINT32_MAX) {
		return cu_err_set(err, CU_ECORRUPT, "its pages cannot be told apart");
	}
	p->is_seen[number - 1] = 1;
	return look_at_page(p, (uint32_t)number,
		strcmp(kind, "overflow") == 0 ? PAGE_OVERFLOW : PAGE_TREE,
		(uint32_t)unused, table, err);
}

static int look_at_tables(struct pages *p, sqlite3 *db, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = db_prepare(db,
		"SELECT coalesce(s.tbl_name, d.name), d.pageno, d.pagetype, d.unused"
		" FROM dbstat d LEFT JOIN sqlite_schema s ON s.name = d.name",
		&st, err);

	while (r >= 0 && (r = db_step(st, err)) > 0) {
		r = look_at_used(p, st, err);
	}
	sqlite3_finalize(st);
	return r;
}

/* Pages of no table: the free list.  Its trunks name other pages, the rest is zeros. */
static int look_at_free(struct pages *p, struct cu_err *err)
{
	uint32_t lock_page = page_of_locks(&p->format);
	int r = 0;

	for (uint32_t number = 1; r == 0 && number <= p->npages; number++) {
		if (p->is_seen[number - 1] || number == lock_page) {
			continue;
		}
		r = look_at_page(p, number, PAGE_FREE, 0, "", err);
	}
	return r;
}

static int scan_pages(
	struct pages *p, const char *path, uint64_t size, struct cu_err *err)
{
	uint8_t header[PAGE_HEADER_SIZE];
	sqlite3 *db = NULL;
	int r = path_pread_fd(p->scan->fd, header, sizeof(header), 0, err);

	if (r == 0) {
		r = page_format_read(header, &p->format, err);
	}
	if (r == 0 &&
		(size % p->format.size != 0 || size / p->format.size > UINT32_MAX)) {
		r = cu_err_set(err, CU_ECORRUPT, "does not consist of whole pages");
	}
	if (r == 0) {
		p->npages = (uint32_t)(size / p->format.size);
		p->page = malloc(p->format.size);
		p->is_seen = calloc(p->npages + 1, 1);
		if (!p->page || !p->is_seen) {
			r = cu_err_set(err, CU_ENOMEM, "out of memory");
		}
	}
	if (r == 0) {
		r = db_open_still(path, &db, err);
	}
	if (r == 0) {
		r = look_at_tables(p, db, err);
	}
	db_close(db);
	return r == 0 ? look_at_free(p, err) : r;
}

int leftover_scan_db(const char *path, const struct leftover_ids *ids,
	const char *const *allowed, leftover_fn *fn, void *ctx,
	struct leftover_counts *counts, struct cu_err *err)
{
	struct scan s = { ids, allowed, fn, ctx, counts, .fd = -1 };
	struct pages p = { .scan = &s };
	uint64_t size = 0;
	int r = open_file(&s, path, &size, err);

	if (r == 0) {
		r = scan_pages(&p, path, size, err);
	}
	free(p.page);
	free(p.is_seen);
	if (s.fd >= 0) {
		close(s.fd);
	}
	return r < 0 ? cu_err_wrap(err, r, "%s", path) : 0;
}

/* --- any other file --------------------------------------------------------------- */

/* Slices overlap by what an id may straddle. */
static int scan_bytes(struct scan *s, uint8_t *slice, uint64_t size, struct cu_err *err)
{
	int r = 0;

	for (uint64_t at = 0; r == 0 && at < size;) {
		uint64_t left = size - at;
		size_t n = left < SLICE ? (size_t)left : SLICE;

		r = path_pread_fd(s->fd, slice, n, at, err);
		if (r == CU_ECORRUPT) { /* it became shorter */
			return 0;
		}
		for (size_t i = next_id(s, slice, n, 0); r == 0 && i < n;
			i = next_id(s, slice, n, i + 1)) {
			r = tell(s, LEFTOVER_ID, at + i, 0, "", err);
		}
		n = n == left ? n : n - (sizeof(struct id) - 1);
		s->counts->bytes += n;
		at += n;
	}
	return r;
}

int leftover_scan_file(const char *path, const struct leftover_ids *ids,
	leftover_fn *fn, void *ctx, struct leftover_counts *counts, struct cu_err *err)
{
	struct scan s = { ids, NULL, fn, ctx, counts, .fd = -1 };
	uint8_t *slice = malloc(SLICE);
	uint64_t size = 0;
	int r = slice ? open_file(&s, path, &size, err)
		      : cu_err_set(err, CU_ENOMEM, "out of memory");

	if (r == 0) {
		r = scan_bytes(&s, slice, size, err);
	}
	if (s.fd >= 0) {
		close(s.fd);
	}
	free(slice);
	return r == CU_ENOENT ? 0 : r;
}
