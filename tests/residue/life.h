/*
 * life.h: people who are imported and added, corrected, searched, exported and backed up, of
 * whom some are erased in part and many as a whole, through custosd's socket.
 *
 * Everything about them that was ever typed is a secret: random, and found nowhere else.
 */
#ifndef CU_TESTS_LIFE_H
#define CU_TESTS_LIFE_H
#include <stdbool.h>
#include <stdint.h>

#include "stage.h"

struct needles;

/* X(id, the collection it stands in) */
#define LIFE_SECRETS(X)                                                                      \
	X(NAME, "profile")    /* as it was first */                                          \
	X(CHANGED, "profile") /* as it was corrected */                                      \
	X(NOTE, "profile")    /* in Chinese */                                               \
	X(EMAIL, "contact_point")                                                            \
	X(TOPIC, "need")                                                                     \
	X(SUMMARY, "interaction")

enum life_secret {
#define X(id, collection) LIFE_##id,
	LIFE_SECRETS(X)
#undef X
	LIFE_NSECRETS_
};

struct life_person {
	char id[33];
	char profile[33], interaction[33]; /* records */
	char secret[LIFE_NSECRETS_][32];
	bool is_to_go;                     /* will be erased as a whole */
	enum life_secret part;             /* erased before, alone; LIFE_NSECRETS_: none */
};

struct life {
	struct stage *stage;
	struct life_person *people;
	unsigned n, nto_go;
	unsigned nbackups;
	uint64_t nshredded; /* slots, by all erasures; known after life_erase_rest */
	uint64_t seed;
};

/* nto_go who will be erased, and a quarter as many who will not.  The stage is ready, custosd
 * does not run. */
void life_init(struct life *l, struct stage *st, unsigned nto_go, uint64_t seed);
void life_done(struct life *l);

/* Sets up a store and lets them live in it, until after the erasures in part; custosd ends. */
void life_live(struct life *l);
/* Begins the erasure of all who are to go, and comes back days later.  Backups are made while
 * they go, and three times custosd is killed: the last time for good, with some still to go. */
void life_erase_most(struct life *l);
/* All are erased, and the nightly search of the raw files has been done; custosd has ended. */
void life_erase_rest(struct life *l);

void life_add_needles(const struct life *l, struct needles *s);

#endif
