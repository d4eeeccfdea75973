/*
 * acts.h: how each command of custosctl that changes something is typed, so that it is done.
 *
 * A house is a stage with a store in it that has a few people; before an act some lines are typed, and
 * that is kept: each run of the act begins with a copy.  What lines take from one another stands in
 * them as $name: ids of people of the house ($ada, $bob, $cem), what an earlier line's reply
 * had, $today, $yesterday, $files, $identity.  '~' stands for a blank within a word.
 */
#ifndef CU_TESTS_ACTS_H
#define CU_TESTS_ACTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shimmed.h"
#include "stage.h"
#include "wire/command.h"

/* In all that is typed about people: it may stand nowhere in clear. */
#define CANARY "KXQZWVBJYHFP"

#define ACT_LINES 12

struct typed {
	enum who who;
	const char *line;  /* of custosctl; NULL: there is none */
	const char *input; /* NULL: none */
	const char *keep;  /* "e=erasure n=request.number": $e and $n, from the reply; NULL: nothing */
};

enum act_kind {
	ACT_TYPED,   /* things go wrong from when it is typed to the end of custosd behind it */
	ACT_START,   /* from the start on; nothing is typed */
	ACT_RESTORE, /* in 'custosd restore' of the last backup into $files/elsewhere, which is served then */
};

enum act_restored { ACT_AS_IT_IS, ACT_RESTORED, ACT_RESTORED_WITH_GAP };

struct act {
	enum command_id id;             /* COMMAND_COUNT_: none */
	const char *what;               /* what is special about it, or NULL */
	struct typed typed;
	struct typed before[ACT_LINES]; /* in an earlier life of custosd */
	struct typed first[3];          /* in the same life, before anything goes wrong */
	enum act_kind kind;
	enum act_restored restored; /* from its last backup, before anything goes wrong */
	int status;     /* with which it ends when it was done */
	int ripe_days;  /* so many days after the house was made custosd has lived, and done what was due */
	int days_later; /* so many days after the house was made the act is done */
	bool is_alone;  /* there is no store before: 'init' */
	bool needs_two; /* users */
	bool is_long;   /* it has steps: what was not answered may be there in part, and typed again goes on */
	bool is_passing; /* nothing of it outlives custosd, or the next one does it by itself: it is not typed again */
	bool goes_on;   /* custosd goes on with it by itself, or the next one does */
	bool seals;     /* from the next start on */
	bool is_begun;  /* the answer says only that custosd has begun with it */
};

extern const struct act acts[];
extern const size_t nacts;

/* Of a command that changes nothing but the log: why it is in no act.  NULL: it should be. */
const char *act_harmless(enum command_id id);

/* "erase: --now"; static. */
const char *act_name(const struct act *a);

/* --- the house ---------------------------------------------------------------------------- */

#define HOUSE_VARIABLES 32
#define HOUSE_IDS       512

struct house {
	struct stage *st;
	struct shimmed shim;
	char dirs[512]; /* where changes count */
	char names[HOUSE_VARIABLES][16], values[HOUSE_VARIABLES][160];
	size_t nvariables, nbase; /* of which of the house without any act */
	char ids[HOUSE_IDS][33];  /* all that stood in the house when the act was prepared */
	size_t nids;
	uint64_t nleaves, nbase_leaves; /* of the log then, and without any act */
	char clock[64];           /* an option of custosd */
};

/* Makes it, keeps it, and stops custosd. */
void house_make(struct house *h);
void house_free(struct house *h);
/* Types what is before the act, and keeps that. */
void house_prepare(struct house *h, const struct act *a);
/* Everything is as it was when that was kept. */
void house_put_back(struct house *h);

/* Types a line; its status.  What was said is in h->st->last. */
int house_type(struct house *h, const struct typed *t);
/* Lines that must end well; up to n, or the first that is none. */
void house_type_all(struct house *h, const struct typed *lines, size_t n);
/* The variables, '~' and all of it, in its place; static. */
const char *house_words(const struct house *h, const char *line);

/* --- what is to be seen --------------------------------------------------------------------- */

/* All that the store shows to whoever may see it, a line each, and the leaves of the log since the act was
 * prepared; without times, and without ids that were not in the house then.  To be freed. */
struct look {
	char *shown, *leaves;
};

char *look_leaves(struct house *h);
char *look_shown(struct house *h); /* which leaves leaves */
void look_done(struct look *l);
/* The ids that are there now are known from now on. */
void look_learn(struct house *h);
/* What differs first, in words; NULL: nothing. */
const char *look_difference(const struct look *wanted, const struct look *found);
/* The leaves that only the second has; to be freed. */
char *look_new_leaves(const struct look *before, const struct look *after);

/* The first file below these directories in which what was typed stands in clear; NULL: none. */
const char *look_for_canary(const char *dirs);

/* --- one run --------------------------------------------------------------------------------- */

struct way {
	const char *name;
	enum shim_how how;
	int error;
};

/* Of the act, done without a fault and not at all: what must be seen, and how much can go wrong. */
struct wanted {
	struct look before, after;
	char *typed_leaves; /* those that are new after it */
	char *files;        /* names that may be there, a line each, and a line's end before them */
	uint64_t nchanges;
};

struct outcome {
	bool has_happened;    /* the fault; it ended before otherwise */
	bool was_acknowledged;
	int status;           /* of custosctl */
	int start_ms;         /* of the longest start without a fault */
	char change[SHIM_PATH_SIZE + 16];
	char said[200];       /* custosctl, when it was not acknowledged */
};

/* Something is wrong that must be found: see spoil(). */
enum control { CONTROL_NONE, CONTROL_LOST, CONTROL_HALF, CONTROL_CANARY };

/* What goes wrong: which way, at which change; and the start behind it ends before this change of its own (0: it
 * does not). */
struct run {
	unsigned way, nth, nth_of_start;
	enum control control;
};

/* Fails the process, which is one of its own, with what is wrong. */
void play_clean(struct house *h, const struct act *a, struct wanted *ret);
void play_fault(struct house *h, const struct act *a, const struct wanted *w, const struct way *way,
	const struct run *run, struct outcome *ret);
void wanted_done(struct wanted *w);

#endif
