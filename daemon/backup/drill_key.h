/*
 * drill_key.h: the file keys of data objects, so that a drill can open them without the identity.
 *
 * Three steps, each by key_derive: the day's drill slot in the vault gives the key of a run (by
 * a random nonce, which stands in the manifest), and that gives the file key of each range.  So a
 * file key is used for one payload, and whoever is handed the key of a run opens the data objects
 * of that run and nothing else.  When the day's slot is shredded, only the identity opens them.
 * Vault objects have no such key.  docs/formats/repository.md.
 */
#ifndef CU_BACKUP_DRILL_KEY_H
#define CU_BACKUP_DRILL_KEY_H
#include <stdint.h>

#include "base/id.h"

struct key;

/* ret may be day. */
void drill_key_run(const struct key *day, const struct id *nonce, struct key *ret);
void drill_key_range(const struct key *run, uint64_t range, struct key *ret);

#endif
