/*
 * page.h: a page of HTML that stands alone: without scripts, and nothing from elsewhere.
 *
 * Pure: it appends to a buffer.
 */
#ifndef CU_PRIVACY_PAGE_H
#define CU_PRIVACY_PAGE_H
#include <stdbool.h>

#include "base/span.h"

struct buf;

/* Escaped, for text and attributes; what is not UTF-8 or a control character becomes U+FFFD, but
 * TAB and the ends of lines stay. */
void page_put_text(struct buf *to, struct span text);

/* Up to and with <body>; style comes after that of all pages. */
void page_begin(struct buf *to, bool is_chinese, const char *title, const char *style);

#endif
