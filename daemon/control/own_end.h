/*
 * own_end.h: what custos keeps for its own work, and when that ends.
 *
 * Requests and incidents that were closed, holds that were released, evidence of duties, days of the access
 * journal: each has its time in retention.yaml.
 */
#ifndef CU_CONTROL_OWN_END_H
#define CU_CONTROL_OWN_END_H
#include <stddef.h>
#include <stdint.h>

struct cu_err;
struct daemon;
struct watch;

/* X(id, as 'retention plan' calls it) */
#define OWN_KINDS(X)                                                                    \
	X(REQUESTS,  "custos.requests")                                                 \
	X(HOLDS,     "custos.holds")                                                    \
	X(INCIDENTS, "custos.incidents")                                                \
	X(DUTIES,    "custos.duties")                                                   \
	X(ACCESS,    "custos.access_journal")

enum own_kind {
#define X(id, name) OWN_##id,
	OWN_KINDS(X)
#undef X
	OWN_NKINDS_
};

const char *own_name(enum own_kind kind);

/* Of each kind a row of months, from that of today on: how many end in it; what is over already in the
 * first.  to has OWN_NKINDS_ × nmonths zeros.  Worker thread. */
int own_count(struct daemon *d, int32_t today, size_t nmonths, uint64_t *to, struct cu_err *err);

/* A duty: what was closed long enough ago is forgotten, unless the clock may not be believed. */
int own_end(struct daemon *d, const struct watch *watch, struct cu_err *err);

#endif
