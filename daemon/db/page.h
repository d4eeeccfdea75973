/*
 * page.h: the bytes of a page of an SQLite file that no row uses: is something left
 * there?
 *
 * sqlite.org/fileformat2.html, 1.3 to 1.6.  Pure; for pages that were read from a disk
 * and are not trusted: nothing outside a page is read or written, whatever it says of
 * itself.
 */
#ifndef CU_DB_PAGE_H
#define CU_DB_PAGE_H
#include <stdbool.h>
#include <stdint.h>

struct cu_err;

#define PAGE_HEADER_SIZE 100 /* of the file, at the beginning of page 1 */

struct page_format {
	uint32_t size;
	uint32_t usable; /* without what is reserved at its end */
};

/* CU_ECORRUPT. */
int page_format_read(const uint8_t header[PAGE_HEADER_SIZE], struct page_format *ret,
	struct cu_err *err);

/* The page that SQLite locks bytes of and never writes. */
uint32_t page_of_locks(const struct page_format *f);

/* The offset in the page of the first 16 bytes that belong to no row and hold something
 * that a row may have held; -1: none.  Shorter rests are not seen: nothing that custos
 * stores is as short.  A page that contradicts itself counts as not clean from where it
 * does. */
long page_tree_leftover(
	const struct page_format *f, const uint8_t *page, bool is_first);
/* unused: bytes at its end that hold no payload. */
long page_overflow_leftover(
	const struct page_format *f, const uint8_t *page, uint32_t unused);
/* A page of the free list: a leaf is zeros, a trunk holds numbers of pages, up to
 * npages. */
long page_free_leftover(
	const struct page_format *f, const uint8_t *page, uint32_t npages);

/* Whether the byte at this offset belongs to no row. */
bool page_tree_is_unused(const struct page_format *f, const uint8_t *page,
	bool is_first, uint32_t offset);

/* Zeros there; rows, and SQLite's notes about free space, stay as they are.  False, and
 * nothing changed: there were zeros already, or the page contradicts itself. */
bool page_tree_wipe(const struct page_format *f, uint8_t *page, bool is_first);

#endif
