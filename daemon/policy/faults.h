/*
 * faults.h: everything that is wrong with a file, not only the first thing.
 *
 * Each fault is one line for a person: "file:line: item: reason".  What a file says is
 * quoted only where it is the name of a thing (a key, a word), escaped, never a long value.
 * After FAULTS_MAX faults the rest is only counted.
 */
#ifndef CU_POLICY_FAULTS_H
#define CU_POLICY_FAULTS_H
#include <stddef.h>

struct cu_err;

#define FAULTS_MAX 100

struct faults {
	char *text[FAULTS_MAX]; /* owned; in the order in which they were found */
	size_t n;               /* of text */
	size_t ntotal;          /* with those that were only counted */
};

#define FAULTS_INIT { .n = 0 }

void faults_done(struct faults *f); /* frees the texts; f is empty again */

/* line counts from 1; 0 when the fault is that of the whole file, and is not shown then. */
void faults_add(struct faults *f, const char *file, unsigned line, const char *item,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* CU_EINVAL with the first fault and the number of the others, or 0 when there is none. */
int faults_check(const struct faults *f, struct cu_err *err);

#endif
