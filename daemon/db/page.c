#include "db/page.h"

#include <string.h>

#include "base/err.h"

#define LOCK_BYTE 0x40000000u
#define WINDOW    16 /* bytes: an id; sealed bytes are more */

/* Kinds of b-tree pages. */
#define INTERIOR_INDEX 0x02
#define INTERIOR_TABLE 0x05
#define LEAF_INDEX     0x0a
#define LEAF_TABLE     0x0d

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

int page_format_read(const uint8_t header[PAGE_HEADER_SIZE], struct page_format *ret,
	struct cu_err *err)
{
	uint32_t size = get16(header + 16);

	size = size == 1 ? 65536 : size;
	if (memcmp(header, "SQLite format 3", 16) != 0 || size < 512 ||
		(size & (size - 1)) != 0 || size - header[20] < 480) {
		return cu_err_set(err, CU_ECORRUPT, "is not a database");
	}
	*ret = (struct page_format){ size, size - header[20] };
	return 0;
}

uint32_t page_of_locks(const struct page_format *f)
{
	return LOCK_BYTE / f->size + 1;
}

/* SQLite zeroes what it frees, but not its own notes about it: offsets of former cells,
 * and of blocks that were free before.  So what counts is a window that is neither
 * mostly zeros nor made of offsets; of 16 random bytes both is true less than once in
 * 2^31 times. */
static bool is_content(const struct page_format *f, const uint8_t *page, uint32_t at)
{
	unsigned nbytes = 0, nbeyond = 0;

	for (uint32_t i = at; i < at + WINDOW; i++) {
		nbytes += page[i] != 0;
	}
	for (uint32_t i = at + at % 2; i + 2 <= at + WINDOW; i += 2) {
		nbeyond += get16(page + i) >= f->size;
	}
	return nbytes >= WINDOW * 3 / 4 && nbeyond > 0;
}

/* In [from, end). */
static long first_content(
	const struct page_format *f, const uint8_t *page, uint32_t from, uint32_t end)
{
	for (uint32_t i = from; i + WINDOW <= end; i++) {
		if (is_content(f, page, i)) {
			return i;
		}
	}
	return -1;
}

/* Where the gap lies between the array of cells and the cells; false: no such page. */
static bool find_gap(const struct page_format *f, const uint8_t *page, bool is_first,
	uint32_t *ret_from, uint32_t *ret_end)
{
	uint32_t header = is_first ? PAGE_HEADER_SIZE : 0, kind = page[header];
	uint32_t end = get16(page + header + 5),
		 from = header + 8 + 2 * get16(page + header + 3);

	if (kind == INTERIOR_INDEX || kind == INTERIOR_TABLE) {
		from += 4;
	} else if (kind != LEAF_INDEX && kind != LEAF_TABLE) {
		return false;
	}
	end = end == 0 ? 65536 : end;
	*ret_from = from;
	*ret_end = end;
	return from <= end && end <= f->usable;
}

/* A stretch of a page that belongs to no row: the gap first, then each free block
 * without its four bytes of next and size. */
struct stretch {
	uint32_t from, end;
	uint32_t next; /* free block */
	bool is_begun;
};

/* 1: the next one; 0: there is none; -1: the page contradicts itself, at from. */
static int next_stretch(const struct page_format *f, const uint8_t *page, bool is_first,
	struct stretch *s)
{
	uint32_t header = is_first ? PAGE_HEADER_SIZE : 0, before = s->end,
		 at = s->next;

	if (!s->is_begun) {
		*s = (struct stretch){ .from = header, .is_begun = true };
		if (!find_gap(f, page, is_first, &s->from, &s->end)) {
			s->from = header;
			return -1;
		}
		s->next = get16(page + header + 1);
		return 1;
	}
	if (at == 0) {
		return 0;
	}
	if (at < before || at + 4 > f->usable || get16(page + at + 2) < 4 ||
		at + get16(page + at + 2) > f->usable) {
		s->from = at < f->usable ? at : header;
		return -1; /* blocks rise, each within the page */
	}
	*s = (struct stretch){ at + 4, at + get16(page + at + 2), get16(page + at),
		true };
	return 1;
}

long page_tree_leftover(const struct page_format *f, const uint8_t *page, bool is_first)
{
	struct stretch s = { 0 };
	int r;

	while ((r = next_stretch(f, page, is_first, &s)) > 0) {
		long found = first_content(f, page, s.from, s.end);

		if (found >= 0) {
			return found;
		}
	}
	return r < 0 ? (long)s.from : -1;
}

bool page_tree_is_unused(const struct page_format *f, const uint8_t *page,
	bool is_first, uint32_t offset)
{
	struct stretch s = { 0 };

	while (next_stretch(f, page, is_first, &s) > 0) {
		if (offset >= s.from && offset < s.end) {
			return true;
		}
	}
	return false;
}

bool page_tree_wipe(const struct page_format *f, uint8_t *page, bool is_first)
{
	struct stretch s = { 0 };
	bool is_changed = false;
	int r;

	while ((r = next_stretch(f, page, is_first, &s)) > 0) {
	}
	if (r < 0) {
		return false;
	}
	s = (struct stretch){ 0 };
	while (next_stretch(f, page, is_first, &s) > 0) {
		for (uint32_t i = s.from; i < s.end; i++) {
			is_changed = is_changed || page[i] != 0;
		}
		memset(page + s.from, 0, s.end - s.from);
	}
	return is_changed;
}

long page_overflow_leftover(
	const struct page_format *f, const uint8_t *page, uint32_t unused)
{
	return unused > f->usable
		       ? 0
		       : first_content(f, page, f->usable - unused, f->usable);
}

/* SQLite leaves numbers in a trunk that it has used up. */
long page_free_leftover(
	const struct page_format *f, const uint8_t *page, uint32_t npages)
{
	if (get32(page) > npages) {
		return 0;
	}
	if (get32(page + 4) > f->usable / 4 - 2) {
		return 4;
	}
	for (uint32_t at = 8; at + 4 <= f->usable; at += 4) {
		if (get32(page + at) > npages) {
			return at;
		}
	}
	return -1;
}
