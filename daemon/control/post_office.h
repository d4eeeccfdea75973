/*
 * post_office.h: messages on their way to custos-agent, and what becomes of them.
 *
 * A message is a row of data.db (store/tx_message.h) until it was sent, so it outlives custosd and the
 * agent.  It is handed over when its time has come, one at a time on each route; what is not taken is
 * tried again, later each time, and given up as agent.yaml says.  It is sent at least once: whoever
 * receives it tells two of them apart by the id, which stays.
 */
#ifndef CU_CONTROL_POST_OFFICE_H
#define CU_CONTROL_POST_OFFICE_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "job/work.h"
#include "policy/agent.h"
#include "store/tx_message.h"

struct cu_err;
struct daemon;

enum office_came { OFFICE_SENT, OFFICE_LATER, OFFICE_REFUSED };

#define OFFICE_FAULT_SIZE 200

struct post_office {
	struct daemon *daemon;
	struct work work;
	bool is_running;        /* loop */
	atomic_bool is_wanted;  /* look, whatever the time */
	atomic_llong look_ms;   /* monotonic: when the next may be due */
	int64_t forgot_ms;      /* worker: when old ones were last forgotten */

	pthread_mutex_t lock;   /* for what follows */
	struct office_flight {  /* what the agent has, until the store knows what became of it */
		struct id id;
		char route[ROWS_KEY_SIZE];
		int64_t since_ms; /* monotonic */
		bool is_back;
		enum office_came came; /* is_back */
	} flights[AGENT_MAX_ROUTES];
	size_t nflights;
	struct office_fault {   /* why the last attempt on a route failed */
		char route[ROWS_KEY_SIZE];
		char text[OFFICE_FAULT_SIZE];
		struct id id;
	} faults[AGENT_MAX_ROUTES];
	size_t nfaults;
};

void post_office_init(struct post_office *o, struct daemon *d);
void post_office_done(struct post_office *o);
/* Loop, each second: looks if something may be due. */
void post_office_tick(struct post_office *o);
/* Any thread: something was made, or may go now. */
void post_office_wake(struct post_office *o);

/* Makes a message that is sent soon; row has kind, about, route and an id, or a nil one, which is
 * chosen then.  text is NULL, or of a message to a person, which only a route with `personal` takes.
 * Of the same id there is never a second one.  Worker thread.  CU_ENOENT: agent.yaml has no such
 * route; CU_EDENIED. */
int post_office_submit(struct daemon *d, const struct id *actor, struct row_message *row,
	const struct message_text *text, struct cu_err *err);

/* Why the last attempt of this message failed, if it is the last of its route; "" else.  Any thread. */
void post_office_fault(struct post_office *o, const struct id *message,
	char ret[OFFICE_FAULT_SIZE]);

/* Of agent_link.h, on the loop. */
void post_office_on_outcome(struct post_office *o, const struct id *id, enum office_came came,
	const char *fault);
void post_office_on_gone(struct post_office *o);

#endif
