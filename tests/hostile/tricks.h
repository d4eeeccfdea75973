/*
 * tricks.h: what may be done to a repository by who can write to it, each by its name.
 */
#ifndef CU_TESTS_TRICKS_H
#define CU_TESTS_TRICKS_H
#include "ground.h"

struct trick {
	const char *what;
	const char *line; /* of shell: $R is the repository, $V what victim.h says; see victim_shell */
	enum reading_must must;
	const char *about;   /* a refusal names it; NULL: whatever */
	const char *told;    /* stands in what check finds; NULL: it finds nothing wrong */
	bool is_for_root;
	bool is_rollback; /* the custosd that wrote it must say so, whoever only reads it cannot */
	bool is_fault; /* although a restore of the newest is the same, older ones miss it */
};
extern const struct trick tricks[];
extern const size_t ntricks;

/* Only those in whose name this stands; NULL: all. */
extern const char *trick_like;
bool trick_is_for_us(const struct trick *t);

/* A fresh copy of whole/ with the trick played on it. */
void trick_play(const struct victim *v, const char *repo, const struct trick *t);

#endif
