/*
 * flaw.h: the first thing that was found wrong, and what the program ends with.
 */
#ifndef VERIFY_FLAW_H
#define VERIFY_FLAW_H

/* Exit statuses, those of custosctl (sysexits.h). */
enum verdict {
	VERDICT_VALID = 0,
	VERDICT_USAGE = 64,
	VERDICT_INVALID = 65, /* fails verification */
	VERDICT_ABSENT = 66,  /* a file that is needed is not there */
	VERDICT_FAILED = 74,  /* could not be read: nothing is said of it */
};

struct flaw {
	enum verdict verdict;
	char text[320];
};

/* Both return -1, so that finding a flaw is one line. */
int flaw_set(struct flaw *f, enum verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "<where>: " before what was said. */
int flaw_in(struct flaw *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
