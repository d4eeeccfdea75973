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
};
extern const struct trick tricks[];
extern const size_t ntricks;

/* A fresh copy of whole/ with the trick played on it. */
void trick_play(const struct victim *v, const char *repo, const struct trick *t);

#endif
