/*
 * daemon.h: everything that a call may need, in one struct made in main.c.
 */
#ifndef CU_CONTROL_DAEMON_H
#define CU_CONTROL_DAEMON_H
#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "control/brief.h"
#include "base/log.h"
#include "control/call_meter.h"
#include "control/caller.h"
#include "control/confine.h"
#include "control/eraser.h"
#include "control/expiry.h"
#include "control/gate.h"
#include "control/house.h"
#include "control/liveness.h"
#include "control/metrics_file.h"
#include "control/overview.h"
#include "control/reload.h"
#include "control/room.h"
#include "control/state_alarm.h"
#include "control/schedule.h"
#include "control/post_office.h"
#include "control/upkeep.h"
#include "job/post.h"
#include "job/turn.h"
#include "job/work.h"

struct agent_link;
struct agent_link_options;
struct interfaces;
struct known_operator;
struct launcher;
struct policy;
struct server;

/* Long calls at once, and those that wait for somebody; together well below WORK_THREADS, so that
 * short ones always find a thread. */
#define DAEMON_MAX_JOBS    4
#define DAEMON_MAX_WAITING 12
#define DAEMON_STALL_MS    600000 /* a caller's pipe gives, or takes, nothing for so long: the call ends */

enum daemon_state { DAEMON_EMPTY, DAEMON_SEALED, DAEMON_RUNNING };

struct daemon {
	uv_loop_t *loop;
	struct post post;               /* letters to the loop */
	struct turn turn;               /* loop: what is done at its end */
	struct brief brief;
	struct call_meter meter;
	struct callers callers;         /* loop */
	struct log_limit refused, broken_off, denied; /* lines about connections, and calls */
	struct house house;
	struct interfaces *interfaces;
	struct policy *_Atomic policy;  /* in force; what it lends lives as long as a guest of the gate */
	char policy_dir[PATH_SIZE];
	_Atomic int64_t policy_read_ms; /* the system's time before the files of policy were read */
	struct launcher *launcher;      /* NULL: imports are not possible */
	struct confined confined;
	struct server *server;
	uint64_t idle_ms;               /* of sessions */
	int64_t stall_ms;               /* of a caller's file: how long it may give or take nothing */
	atomic_int state;               /* enum daemon_state */
	struct gate gate;               /* whoever uses the house passes it; open while running */
	pthread_mutex_t making;         /* held while a store is made, opened, closed or re-keyed */
	unsigned nwrong;                /* making: wrong passphrases one after the other */
	int64_t next_attempt_ms;        /* making: monotonic; none is looked at before */
	pthread_mutex_t backing_up;     /* repos.c: held while a target is written */
	pthread_mutex_t drilling;       /* drill.c: one at a time */
	int64_t started_ms;             /* monotonic */
	unsigned njobs, nwaiting;       /* loop */
	pthread_mutex_t operators_lock; /* operator.c */
	struct known_operator *operators;

	struct eraser eraser;
	struct expiry expiry;
	uv_timer_t each_second;
	struct work publishing;
	bool is_publishing;
	uint64_t published;             /* leaves under the last checkpoint */
	struct upkeep upkeep;
	struct schedule_state schedule;
	struct overview overview;
	struct agent_link *agent;       /* NULL: agent.yaml has no routes */
	struct post_office office;
	uint64_t alarms_generation;     /* upkeep's worker: the vault's, when alarms.c last looked */
	struct reload reload;
	struct liveness liveness;
	struct metrics_file metrics_file;
	struct room room;
	struct state_alarm state_alarm;
	char quarantine[640];           /* quarantine.c: why; whole once the store is locked */
	struct letter fatal;            /* from the writer thread, once */
	struct cu_err why;              /* of fatal */
	bool is_stopping;
	int exit_status;                /* not 0: custosd had to stop */
};

struct daemon_options {
	const char *state_dir, *policy_dir;
	const char *socket; /* a path */
	int socket_fd;      /* that listens there; 0 or less: custosd makes it */
	const char *credentials_dir; /* of systemd; NULL: none */
	uint64_t idle_ms;   /* 0: SESSION_IDLE_MS */
	int64_t stall_ms;   /* 0: DAEMON_STALL_MS */
	int64_t *clock_ahead_ms; /* for tests, borrowed; NULL: the system's clock */
	const struct agent_link_options *agent;
	bool confines; /* the process is the daemon's alone, and locked in for good */
};

/* Reads the policies, takes the state directory, opens the store if there is one, finishes
 * erasures, listens, and begins to publish the log.  launcher may be NULL.  What is set up is
 * taken down by daemon_done, after a failure too. */
int daemon_init(struct daemon *d, uv_loop_t *loop, const struct daemon_options *options,
	struct launcher *launcher, struct cu_err *err);
/* Loop: no new calls; what runs is asked to end; then the loop has nothing left to do. */
void daemon_stop(struct daemon *d);
void daemon_done(struct daemon *d);

/* Reads the policies, each fault a line of the journal.  As policy_load. */
int daemon_read_policy(const struct daemon *d, struct policy **ret, struct cu_err *err);

/* Makes a new store and serves it; worker thread.  CU_EEXIST, CU_EBUSY. */
int daemon_make_store(struct daemon *d, int identity_fd, enum keyring_source source,
	struct span passphrase, struct cu_err *err);

/* Opens the store by one of these sources, as at a start: erasures are finished, then it is
 * served.  The caller holds it (daemon_hold_store), or is the start.  After a failure it is
 * closed. */
int daemon_open_store(
	struct daemon *d, unsigned sources, struct span passphrase, struct cu_err *err);

/* The state as `status` calls it.  A guest of the gate. */
const char *daemon_state_word(struct daemon *d);

/* Locks d->making, or CU_EBUSY. */
int daemon_hold_store(struct daemon *d, struct cu_err *err);

/* The tokens of a record by schema.yaml: what people are looked up by. */
void daemon_tokenise(void *daemon, const struct record *r, struct index_terms *to);

#endif
