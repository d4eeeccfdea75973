/*
 * watch_facts.h: what of `status` is worth a line when it changes.
 */
#ifndef CU_CTL_WATCH_FACTS_H
#define CU_CTL_WATCH_FACTS_H
#include <jansson.h>

/* Of a reply of io.custos.Status: an object of texts by what they are about.  New reference. */
json_t *facts_of(const json_t *status);
/* One line for each that is new, another, or gone.  before may be NULL: all. */
void facts_show(const json_t *before, const json_t *now);

/* A line with the time before it. */
void facts_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
