/*
 * man_text.h: text as a manual page has it, in the macros of man(7).
 *
 * Whatever text comes in is data: no backslash, point or apostrophe of it becomes a request.
 */
#ifndef CUSTOS_MAN_TEXT_H
#define CUSTOS_MAN_TEXT_H

struct buf;

/* Of all pages; not the day of the build, or each build would make other pages. */
#define MAN_DATE "2026-11-28"

/* ".TH" and what holds for the whole page, then the section NAME. */
void man_begin(struct buf *to, const char *page, const char *section, const char *summary);
/* Within a line: escaped, and what stands between backquotes in bold. */
void man_put(struct buf *to, const char *text);
/* Lines of their own, broken between words. */
void man_text(struct buf *to, const char *text);

#endif
