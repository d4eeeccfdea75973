/*
 * progress.h: one line on a terminal that tells how far a long call is; nothing elsewhere.
 */
#ifndef CU_CTL_PROGRESS_H
#define CU_CTL_PROGRESS_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool is_shown; /* stderr is a terminal, and not --quiet */
	bool is_quiet; /* --quiet or --json */
	bool has_line;
	int64_t began_ms;
};

void progress_begin(struct progress *p, bool is_wanted);
/* what, done of total bytes (0: not known), and a count of things with its rate. */
void progress_show(struct progress *p, const char *what, int64_t done, int64_t total,
	int64_t count, const char *things);
/* Clears the line, before anything else is printed. */
void progress_clear(struct progress *p);

#endif
