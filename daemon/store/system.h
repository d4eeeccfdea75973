/*
 * system.h: the collections that belong to custos itself, in which lies what people typed about
 * its own work: what was asked for in a letter, why something is kept.
 *
 * Their names begin with "custos."; schema.yaml cannot name one.  Who reads a subject's records
 * without naming a collection is not shown them.  They count nowhere as anybody's records.
 */
#ifndef CU_STORE_SYSTEM_H
#define CU_STORE_SYSTEM_H
#include <stdbool.h>
#include <string.h>

#define SYSTEM_PREFIX "custos."
#define SYSTEM_CASES  "custos.case" /* of a digest: the rows of the cases (tx_case.h) */
#define SYSTEM_REST   "custos.rest." /* slots that a restored subject may have had since (slots.h) */
#define SYSTEM_SAID   "custos.said" /* of a digest: consents and objections (engine_consent.h) */

static inline bool system_owns(const char *collection)
{
	return strncmp(collection, SYSTEM_PREFIX, sizeof(SYSTEM_PREFIX) - 1) == 0;
}

#endif
