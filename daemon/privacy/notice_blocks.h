/*
 * notice_blocks.h: how a notice is put together, piece by piece.
 *
 * Out of memory shows in the notice.
 */
#ifndef CU_PRIVACY_NOTICE_BLOCKS_H
#define CU_PRIVACY_NOTICE_BLOCKS_H
#include "privacy/notice.h"

/* The one of the two that the notice speaks. */
__attribute__((format_arg(2), format_arg(3))) const char *notice_in(const struct privacy_notice *n, const char *en, const char *zh);

/* Begins a section; articles: of the laws in force, those that ask for it. */
void notice_heading(struct privacy_notice *n, const char *text, const char *articles);
void notice_paragraph(struct privacy_notice *n, const char *text);
void notice_item(struct privacy_notice *n, const char *about, const char *text);
__attribute__((format(printf, 2, 3))) void notice_gap(struct privacy_notice *n, const char *fmt, ...);

#endif
