/*
 * attention.h: what needs a person: what `status` warns of, and what alarms.c sends a message about.
 *
 * Derived anew each time from what the store, the targets' notes and the schedule say.  It names
 * targets, jobs and numbers, never a person.
 */
#ifndef CU_CONTROL_ATTENTION_H
#define CU_CONTROL_ATTENTION_H
#include <stdint.h>

#include "store/engine.h"

struct cu_err;
struct daemon;
struct json;

/* X(id, kind of the message, in the order in which they are told) */
/* clang-format off */
#define ATTENTIONS(X)                                                          \
	X(INCIDENT_OPEN, "alarm.incident_open")                                \
	X(REQUEST_LATE,  "alarm.request_late")                                 \
	X(DRILL_FAILED,  "alarm.drill_failed")  /* about a target; number of the drill */ \
	X(DRILL_MISSING, "alarm.drill_missing") /* about a target */           \
	X(TARGET_BEHIND, "alarm.target_behind") /* about a target; the generation that it has */ \
	X(RESIDUE_LEFT,  "alarm.residue_left")                                 \
	X(JOB_FAILED,    "alarm.job_failed")    /* about a job; how often */   \
	X(HOLD_REVIEW,   "alarm.hold_review")                                  \
	X(DUTY_LATE,     "alarm.duty_late")     /* about a duty; days since it was due */ \
	X(DUTY_SOON,     "alarm.duty_soon")     /* about a duty; days until it is due, 0: it is */
/* clang-format on */

enum attention_kind {
#define X(id, kind) ATTENTION_##id,
	ATTENTIONS(X)
#undef X
	ATTENTION_NKINDS
};

struct attention {
	enum attention_kind kind;
	char about[ENGINE_KEY_SIZE]; /* "" */
	uint64_t number;             /* 0 */
};

const char *attention_word(enum attention_kind kind);

/* 0 goes on, a code ends it. */
typedef int attention_fn(void *ctx, const struct attention *a, struct cu_err *err);
/* While the store is open; worker threads. */
int attention_each(struct daemon *d, attention_fn *fn, void *ctx, struct cu_err *err);

/* One sentence for `status`: what it is; translated.  "": it says so elsewhere. */
#define ATTENTION_TEXT_SIZE 256
void attention_say(const struct attention *a, char out[ATTENTION_TEXT_SIZE]);
/* The words behind `custosctl` with which somebody goes on. */
#define ATTENTION_COMMAND_SIZE 128
void attention_command(const struct attention *a, char out[ATTENTION_COMMAND_SIZE]);

/* One member of the list `attention` of Status; command may be NULL: no command helps. */
void attention_put(struct json *lines, const char *kind, const char *text, const char *command);

#endif
