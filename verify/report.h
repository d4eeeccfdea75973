/*
 * report.h: what was checked and what was not, for people or for programs.
 */
#ifndef VERIFY_REPORT_H
#define VERIFY_REPORT_H
#include <jansson.h>
#include <stdbool.h>

#include "verify/flaw.h"

struct report {
	json_t *facts, *checked, *unproven; /* an object, two lists of sentences */
};

void report_init(struct report *r);
void report_done(struct report *r);

void report_fact(struct report *r, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void report_checked(struct report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void report_unproven(struct report *r, const char *sentence);

/* To standard output; a flaw for people goes to standard error.  Returns the exit
 * status. */
int report_print(const struct report *r, const char *what, bool is_json);
int report_flaw(const struct flaw *f, const char *what, bool is_json);

#endif
