/*
 * text.h: hex, base64, and text that is safe to show.
 *
 * The decoders are strict: one spelling for each value (RFC 4648 part 3.5), nothing skipped.
 * Pure; no heap.
 */
#ifndef CU_BASE_TEXT_H
#define CU_BASE_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower case.  out has room for 2 n + 1 bytes. */
void text_hex(const uint8_t *p, size_t n, char *out);

/* Exactly n bytes from 2 n hex digits of either case; false otherwise. */
bool text_unhex(const char *hex, size_t nhex, uint8_t *out, size_t n);

/* Standard alphabet, with or without '=' padding.  out has room for
 * TEXT_BASE64_SIZE(n) bytes, NUL included.  Returns the length. */
#define TEXT_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
size_t text_base64(const uint8_t *p, size_t n, bool is_padded, char *out);

/* Decodes len characters into at most cap bytes.  Returns the number of bytes, or -1 for
 * anything but the one canonical spelling (foreign characters, wrong padding, stray bits). */
long text_unbase64(const char *s, size_t len, bool is_padded, uint8_t *out, size_t cap);

/* Nothing but blanks, tabs and line ends. */
bool text_is_blank(const char *s);

/* Valid UTF-8 without overlong forms and surrogates. */
bool text_is_utf8(const char *s, size_t n);
/* The length of the valid sequence that s begins with, 1 to 4; 0 when there is none. */
size_t text_utf8_len(const char *s, size_t n);

/* Columns on a terminal, whatever the locale: East Asian wide characters take two, marks that
 * combine none, a byte that is no UTF-8 one. */
size_t text_width(const char *s, size_t n);
/* How many bytes of s, which ends with a NUL, fit into so many columns; marks stay with the letter that they are on. */
size_t text_fit(const char *s, size_t columns);

/* Copies s with every control character, DEL, C1, bidi mark and invalid byte written as
 * \xNN, cut at cap - 1 bytes.  What is left cannot move a cursor or start a line. */
void text_escape(const char *s, char *out, size_t cap);

/* Does text_escape leave the sequence as it is that s begins with? */
bool text_is_shown(const char *s, size_t n);

/* The number of edits between two words (insert, delete, replace, swap of neighbours),
 * or max + 1 once it exceeds max.  Words of up to 63 bytes; for suggestions. */
unsigned text_distance(const char *a, const char *b, unsigned max);

#endif
