/*
 * attention.h: what needs a person: what `status` warns of, and what alarms.c sends a message about.
 * The kinds are policy/alarms.h's; of sealed and quarantined state_alarm.c tells.
 *
 * Derived anew each time from what the store, the targets' notes and the schedule say.  It names
 * targets, jobs and numbers, never a person.
 */
#ifndef CU_CONTROL_ATTENTION_H
#define CU_CONTROL_ATTENTION_H
#include <stdint.h>

#include "policy/alarms.h"
#include "store/engine.h"

struct cu_err;
struct daemon;
struct json;

enum attention_kind {
#define X(id, word, severity) ATTENTION_##id,
	ALARMS(X)
#undef X
	ATTENTION_NKINDS
};

struct attention {
	enum attention_kind kind;
	char about[ENGINE_KEY_SIZE]; /* alarms.h says what; "" */
	int64_t number;              /* likewise; 0 */
};

/* A word of alarms.h; and how severe it is. */
const char *attention_word(enum attention_kind kind);
enum severity attention_severity(enum attention_kind kind);
const char *severity_word(enum severity severity);
/* -1: there is none of this word. */
int attention_parse(const char *word);

/* 0 goes on, a code ends it. */
typedef int attention_fn(void *ctx, const struct attention *a, struct cu_err *err);
/* While the store is open; worker threads. */
int attention_each(struct daemon *d, attention_fn *fn, void *ctx, struct cu_err *err);

/* One sentence for `status`: what it is; translated.  "": it says so elsewhere. */
#define ATTENTION_TEXT_SIZE 256
void attention_say(const struct attention *a, char out[ATTENTION_TEXT_SIZE]);
/* The words behind `custosctl` with which somebody goes on; "": no command helps. */
#define ATTENTION_COMMAND_SIZE 128
void attention_command(const struct attention *a, char out[ATTENTION_COMMAND_SIZE]);

/* One member of the list `attention` of Status; command may be NULL: no command helps. */
void attention_put(struct json *lines, const char *kind, const char *text, const char *command);

#endif
