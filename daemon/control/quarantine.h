/*
 * quarantine.h: a state directory that is an older copy is noticed, and not used.
 *
 * When a target of backup.yaml proves that this store was further once
 * (backup/rollback.h), the store is locked: nothing is read, nothing changes, no leaf
 * is added, no backup is written.  It could bring back who was erased since, and its
 * log would contradict the one that others hold. There is no way out but a newer state
 * directory, or a restore.
 */
#ifndef CU_CONTROL_QUARANTINE_H
#define CU_CONTROL_QUARANTINE_H
#include <stdbool.h>

struct daemon;

/* Looks at every target that can be reached; one that cannot is passed over with a line
 * in the journal.  At the start, before anybody is served, and now and then: a target
 * may come late.  At the start custos-agent is not there yet: its targets are looked at in the first
 * round of what custosd does by itself (control/upkeep.h), some seconds later. */
void quarantine_look(struct daemon *d, bool is_start);

/* Why, and what to do: for status.  NULL when there is none.  Any thread. */
const char *quarantine_reason(const struct daemon *d);

#endif
