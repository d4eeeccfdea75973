/*
 * complete.h: what may come next on a command line, for the completion of bash, zsh and fish.
 *
 * `custosctl complete -- WORDS...` is what their scripts call, with the words behind "custosctl"
 * up to the one that is being typed, which may be empty.  One candidate a line, whole ("--target=local"),
 * a tab and a summary where there is one; the line ":files" says that the shell offers files.
 * It is no row of the table of commands: nobody types it, and no help lists it.
 */
#ifndef CU_CTL_COMPLETE_H
#define CU_CTL_COMPLETE_H
#include <stddef.h>

#include "wire/arg.h"
#include "wire/command.h"

struct buf;

/* Where candidates go. */
struct completion {
	struct buf *to;
	const char *typed;    /* the word as it stands; candidates begin with it */
	const char *before;   /* what each value has before it: "--target="; "" */
	size_t nbefore;
	/* Offers values that only custosd knows; NULL: nobody is asked. */
	void (*ask)(struct completion *c, const struct command *command, const struct arg *arg,
		const char *socket);
};

/* Candidates for the last of n words; c->to and c->ask are set by the caller.  An unknown command
 * or too many words have none. */
void complete_words(struct completion *c, size_t n, const char *const words[]);

/* One value, if it fits what is typed.  One that a shell would take for more than a word, or that
 * would move a cursor, is left out; the summary (NULL: none) is escaped. */
void complete_value(struct completion *c, const char *value, const char *summary);

/* The hidden command; argv is what stands behind "complete".  Never says anything but candidates,
 * and always returns 0: an error in the middle of a line helps nobody. */
int complete(int argc, char *const argv[]);

#endif
