/*
 * input.h: files of unknown origin into bounded memory.
 */
#ifndef VERIFY_INPUT_H
#define VERIFY_INPUT_H
#include "verify/bytes.h"

struct flaw;

/* Memory for one file, used again for the next. */
struct input {
	uint8_t *p;
	size_t n, cap;
};

void input_done(struct input *in); /* NULL-safe members; also for one that is zero */
struct bytes input_bytes(const struct input *in);

/* Replaces what in holds.  VERDICT_ABSENT when it is not there, VERDICT_INVALID above
 * limit, VERDICT_FAILED otherwise; on a failure in is empty.  "-" is standard input. */
int input_read(struct input *in, const char *path, size_t limit, struct flaw *f);
/* The same for a file below a directory; only regular files are read, so that a pipe or
 * a device that lies there stops nothing. */
int input_read_at(
	struct input *in, int dir_fd, const char *name, size_t limit, struct flaw *f);

#endif
