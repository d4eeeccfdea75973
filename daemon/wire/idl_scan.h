/*
 * idl_scan.h: the characters of an interface definition: blanks, comments, names.
 *
 * Private to idl_parse.c.  The text is UTF-8 and ended by a NUL.
 */
#ifndef CU_WIRE_IDL_SCAN_H
#define CU_WIRE_IDL_SCAN_H
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct idl_place {
	unsigned line, column; /* from 1; columns count characters */
};

struct idl_scan {
	const char *p; /* what is left */
	struct idl_place at;
	bool is_fresh;  /* nothing but blanks on this line so far */
	bool saw_break; /* a line ended since the last token */
	struct buf doc; /* comment lines right before this place; the owner frees */
};

static inline struct idl_scan idl_scan_of(const char *text)
{
	return (struct idl_scan){ .p = text, .at = { 1, 1 }, .is_fresh = true };
}

/* Moves to the next token, past blanks, line breaks and comments. */
void idl_scan_skip(struct idl_scan *sc);

/* A token of n bytes has been read. */
void idl_scan_passed(struct idl_scan *sc, size_t n);

/* Skips to a punctuation and over it; false if something else stands there. */
bool idl_scan_accept(struct idl_scan *sc, const char *token);

/* Over a keyword right here, which must be followed by a blank or a comment. */
bool idl_scan_accept_word(struct idl_scan *sc, const char *word);

/* Lengths of what stands at s, 0 if it is none. */
size_t idl_scan_word_at(const char *s);
size_t idl_scan_field_name_at(const char *s);
size_t idl_scan_interface_name_at(const char *s);

#endif
