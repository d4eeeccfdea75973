/*
 * guarantee.h: what this host can promise about a key that it overwrote, and where it
 * is weaker.
 */
#ifndef CU_CONTROL_GUARANTEE_H
#define CU_CONTROL_GUARANTEE_H
#include <stdbool.h>
#include <stddef.h>

struct daemon;

#define GUARANTEE_MAX 16

struct guarantee {
	bool is_weaker; /* than "overwritten in place" */
	struct {
		const char *key, *text; /* text is translated */
	} reasons[GUARANTEE_MAX];       /* also those that only want to be known */
	size_t n;
};

/* Looks at the files of the vault now; while no store is open, at what there is. */
void guarantee_of(const struct daemon *d, struct guarantee *ret);

/* "overwritten-in-place", "weaker" */
const char *guarantee_class(const struct guarantee *g);

#endif
