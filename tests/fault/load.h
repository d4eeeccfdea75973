/*
 * load.h: people who write to custosd, and what it answered them.
 *
 * Each writer is a process of its own.  Before each call it says what it is about to do, after
 * each answer that it was done, into a pipe; a recorder, a process that nobody kills, keeps
 * that in a file.  What custosd had acknowledged when it died is known from there alone, and
 * by the stamps also what it had acknowledged at any moment before.
 */
#ifndef CU_TESTS_LOAD_H
#define CU_TESTS_LOAD_H
#include <stdbool.h>
#include <stdint.h>

#include "stage.h"

#define LOAD_WRITERS 4
#define LOAD_ERASER  LOAD_WRITERS /* the number of the one who adds people and has them erased */
#define LOAD_NUMBERS (LOAD_WRITERS + 1)

/* Somebody of whom custosd was told; number is unique, and stands in the e-mail address. */
struct person {
	char id[33], profile[33]; /* "" when the answer to the adding never came */
	uint32_t writer, number;
	uint32_t version;      /* of the profile, as acknowledged; its given name is "v<version>" */
	bool is_adding;        /* it was tried, and not answered */
	bool is_updating;      /* version + 1 was tried, and not answered */
	bool is_erasing;       /* it was tried, and not answered */
	bool is_erased;
	bool is_touched;       /* something was tried since it was last looked at */
	unsigned nadds, nputs, nerasures; /* leaves */
};

struct load {
	struct stage *stage;
	struct person *people;
	unsigned n, cap;
	unsigned nacks; /* all that was acknowledged so far */
	unsigned nerased, nbackups; /* of these */
	uint32_t first;  /* number of the next run's people */
	uint32_t backup; /* sequence of the newest backup that was acknowledged; 0: none */
	uint64_t seed;

	/* Set after load_init: somebody erases, and somebody makes backups, all the time. */
	bool is_full;
	/* Likewise: a file that only grows.  What is said is stamped with its size. */
	const char *clock;
};

void load_init(struct load *l, struct stage *st, uint64_t seed);
void load_done(struct load *l);

/* splitmix64: below `below`. */
uint64_t load_draw(struct load *l, uint64_t below);

struct load_run {
	pid_t writers[LOAD_NUMBERS + 1], recorder;
	unsigned nwriters;
	char path[192];
};

/* They write until the connection breaks, or an answer is an error. */
void load_start(struct load *l, struct load_run *run);
/* All have ended; people and nacks are brought up to date.  *ret_refusal (may be NULL) is the
 * code of a call that was answered with an error, or 0. */
void load_end(struct load *l, struct load_run *run, int *ret_refusal);
/* The same in two steps: when all have ended, what had been said when the clock was at `upto`. */
void load_wait(struct load_run *run);
void load_take(struct load *l, const struct load_run *run, uint64_t upto, int *ret_refusal);

struct person *load_find(struct load *l, const char *id); /* NULL if there is none */

#endif
