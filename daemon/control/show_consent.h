/*
 * show_consent.h: an event of a consent as JSON: in replies, the same members.
 */
#ifndef CU_CONTROL_SHOW_CONSENT_H
#define CU_CONTROL_SHOW_CONSENT_H
#include <stdint.h>

#include "store/standing.h"

struct json;
struct record;

/* papers (fields text and source) may be NULL: none, or they were not asked for.  key is NULL in an
 * array. */
void show_consent(struct json *j, const char *key, const struct row_consent *row, int64_t now_ms,
	const struct record *papers);

#endif
