/*
 * A repository that changes while it is read: somebody else exchanges files of it, over and over, for ones that are
 * wrong and back.  Either all is restored as it is, or nothing, whatever was there at which moment.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ground.h"
#include "tricks.h"

/* One after the other, until it is ended: first wrong, then right again. */
static const struct {
	const char *what, *wrong, *right;
	bool is_in_place; /* the bytes of the file, not the file of a name */
} races[] = {
	{ "the newest data", "cp whole/$old_data $R/x; mv $R/x $R/$data", "cp whole/$data $R/x; mv $R/x $R/$data", false },
	{ "the newest keys", "cp whole/$old_vault $R/x; mv $R/x $R/$vault", "cp whole/$vault $R/x; mv $R/x $R/$vault", false },
	{ "bytes of the newest data", "printf X | dd of=$R/$data bs=1 seek=9000 conv=notrunc 2>/dev/null",
		"dd if=whole/$data of=$R/$data bs=1 skip=9000 seek=9000 count=1 conv=notrunc 2>/dev/null", true },
	{ "bytes of the newest keys", "printf X | dd of=$R/$vault bs=1 seek=700 conv=notrunc 2>/dev/null",
		"dd if=whole/$vault of=$R/$vault bs=1 skip=700 seek=700 count=1 conv=notrunc 2>/dev/null", true },
	{ "the newest manifest", "cp fork/manifest/$last $R/x; mv $R/x $R/manifest/$last",
		"cp whole/manifest/$last $R/x; mv $R/x $R/manifest/$last", false },
	{ "the log", "cp -a fork/log $R/y; mv $R/log $R/z; mv $R/y $R/log; rm -r $R/z",
		"cp -a whole/log $R/y; mv $R/log $R/z; mv $R/y $R/log; rm -r $R/z", false },
	{ "entries of the log", "f=$(find $R/log/tile/entries -name 000 | head -1); printf X | dd of=$f bs=1 seek=900 "
		"conv=notrunc 2>/dev/null",
		"f=$(find $R/log/tile/entries -name 000 | head -1); cp whole/${f#$R/} $f", true },
	{ "data/ and a link to nowhere", "mv $R/data $R/d; ln -s /nowhere $R/data", "rm $R/data; mv $R/d $R/data", false },
};

#define NRACES  (sizeof(races) / sizeof(*races))
#define READS   12 /* beside one of them */
#define ROUNDS  8  /* of each in a whole run */

static uint64_t count(const struct ground *g)
{
	(void)g;
	return NRACES * ROUNDS;
}

static pid_t start(const struct ground *g, size_t race)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		for (;;) {
			victim_shell(g->victim, g->repo, races[race].wrong);
			victim_shell(g->victim, g->repo, races[race].right);
		}
	}
	assert_true(pid > 0);
	(void)setpgid(pid, pid); /* whichever of us is first */
	return pid;
}

/* Refused for whatever reason, but with nothing left behind; or exactly what it was. */
static const char *read_once(struct ground *g)
{
	struct reading *r = &g->reading;
	const char *wrong;

	reading_restore(r, g->repo);
	if (r->restored < 0) {
		wrong = access(r->to, F_OK) == 0 ? "something was left behind" : NULL;
	} else if (r->report.has_gap) {
		wrong = NULL; /* of the fork's log: nobody is shown anything */
	} else {
		wrong = reading_judge(r, MUST_BE_SAME, NULL);
	}
	reading_clear(r);
	return wrong;
}

static const char *play(struct ground *g, uint64_t i, char what[300])
{
	size_t race = i % NRACES;
	const char *wrong = NULL;
	pid_t pid;

	snprintf(what, 300, "%s", races[race].what);
	pid = start(g, race);
	for (int n = 0; n < READS && !wrong; n++) {
		wrong = read_once(g);
		reading_check(&g->reading, g->repo); /* must end */
	}
	if (waitpid(pid, NULL, WNOHANG) != 0) {
		return "who exchanges has ended: there was no race";
	}
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	run_sleep_ms(20); /* what its shell still does */
	free(run_shell("rm -rf '%s' && cp -a '%s/whole' '%s'", g->repo, g->victim->dir, g->repo));
	return wrong;
}

const struct kind race_kinds[] = {
	{ "races", count, play, 0, 1, 5 },
	{ 0 },
};
