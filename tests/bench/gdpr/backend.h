/*
 * backend.h: the calls that a store under GDPRbench must answer.
 *
 * Each thread has a handle of its own.  Calls return how many records were read or changed, or
 * one of the codes below.  A record whose time is over, and which was purged where that is a call,
 * is neither read, nor changed, nor counted.
 */
#ifndef CU_TESTS_GDPR_BACKEND_H
#define CU_TESTS_GDPR_BACKEND_H
#include <stdbool.h>

#include "made.h"

#define BACKEND_FAILED (-1)
#define BACKEND_RETRY  (-2) /* a deadlock: the same call may succeed */

/* A record that was read; NULL: the field was not returned.  Borrowed for the call. */
typedef void backend_row(void *ctx, const char *key, const char *const value[NFIELDS]);

struct backend {
	const char *name;
	void *(*open)(const char *where); /* NULL: failed, and it was said why */
	void (*close)(void *h);
	int (*reset)(void *h); /* an empty store */

	int (*insert)(void *h, const struct made *r);
	int (*read)(void *h, const char *key, backend_row *row, void *ctx);
	/* All with this value in this field, with their data or without. */
	int (*read_meta)(void *h, int field, const char *value, bool with_data, backend_row *row,
		void *ctx);
	int (*update)(void *h, const struct made *r); /* all fields of that key */
	int (*update_key)(void *h, const char *key, int set, const char *to);
	int (*update_meta)(void *h, int field, const char *value, int set, const char *to);
	int (*delete)(void *h, const char *key);
	int (*delete_meta)(void *h, int field, const char *value);
	int (*read_log)(void *h, int n); /* the last n entries of the audit; how many there were */
	int (*count)(void *h);
	int (*purge)(void *h); /* deletes what is over; NULL: it does so by itself */
};

extern const struct backend backend_pg, backend_custos;

#endif
