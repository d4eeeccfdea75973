/*
 * room.h: how much room is left where the state and the targets lie.
 *
 * Measured by a duty: a target that hangs hangs nobody who asks.
 */
#ifndef CU_CONTROL_ROOM_H
#define CU_CONTROL_ROOM_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rows.h"

struct daemon;

#define ROOM_MAX 17 /* places; targets beyond are not looked at */

struct room {
	pthread_mutex_t lock;
	struct room_place {
		char key[ROWS_KEY_SIZE]; /* "state", or a target's */
		uint64_t avail, size;    /* bytes; size > 0 */
	} v[ROOM_MAX];
	size_t n;
};

void room_init(struct room *r);
void room_done(struct room *r);

/* Worker thread; may block long. */
void room_measure(struct daemon *d);
/* As last measured; how many.  Any thread. */
size_t room_look(struct daemon *d, struct room_place ret[ROOM_MAX]);
/* What may still be used of it, in per cent. */
unsigned room_percent(const struct room_place *p);

#endif
