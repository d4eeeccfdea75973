/*
 * reload.h: other policies while custosd runs.
 *
 * They are read on a worker; if they are without fault they are in force from one moment to the next,
 * for whatever begins after it.  Nothing is stopped: the policies before live until everybody who was
 * inside the gate (gate.h) at that moment has left.  What cannot change so is the time zone: the
 * process has one; and custos-agent is started, or not, when custosd is.
 */
#ifndef CU_CONTROL_RELOAD_H
#define CU_CONTROL_RELOAD_H
#include <stdbool.h>
#include <stdint.h>

#include "job/work.h"

struct daemon;
struct policy;

#define RELOAD_MAX_RETIRED 8

struct reload {
	struct work work;
	bool is_running; /* loop, and so are all below */
	bool is_wanted;  /* again, once this one is done */
	struct policy *fresh;
	int64_t read_ms; /* the system's time before its files were read */
	struct retired {
		struct policy *policy;
		uint64_t until; /* no guest of the gate before this number is left */
	} retired[RELOAD_MAX_RETIRED];
	unsigned nretired;
};

/* Loop: begins; its manager and the journal are told how it ended. */
void reload_begin(struct daemon *d);
/* Loop, each second: frees what nobody needs any more. */
void reload_tick(struct daemon *d);
/* At the end, when nobody is left. */
void reload_done(struct daemon *d);

#endif
