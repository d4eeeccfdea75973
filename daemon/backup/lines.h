/*
 * lines.h: text files of this layer, line by line and word by word, strictly.
 *
 * Words are separated by exactly one blank.  Numbers are decimal without leading zeros, hex is
 * lower case: one spelling for each value.  Pure; no heap.
 */
#ifndef CU_BACKUP_LINES_H
#define CU_BACKUP_LINES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define LINES_MAX_LENGTH 1024 /* of a line, with NUL; the longest of ours has 380 */
#define LINES_MAX_WORDS  20

struct lines {
	struct span rest;
	unsigned number;             /* of the line in text, from 1 */
	char text[LINES_MAX_LENGTH]; /* without its newline; cut into words by lines_split */
	char *word[LINES_MAX_WORDS];
	size_t nwords;
};

void lines_init(struct lines *l, struct span text);

/* 1 with a line in text, 0 at the end, -1 when it is too long, holds a NUL, or is the last and
 * has no newline. */
int lines_next(struct lines *l);

/* Cuts text into words; false when there are too many, or blanks at an end or side by side. */
bool lines_split(struct lines *l);

bool lines_u64(const char *word, uint64_t *ret);
bool lines_hex(const char *word, uint8_t *to, size_t n); /* exactly n bytes */

#endif
