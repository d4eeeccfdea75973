/*
 * files.h: files that custosctl opens for the daemon, which never opens a caller's path.
 */
#ifndef CU_CTL_FILES_H
#define CU_CTL_FILES_H
#include <jansson.h>
#include <stdbool.h>

struct args;
struct cu_err;

/* A command has at most one file that crosses to the daemon. */
struct files {
	int fd;           /* -1: none */
	const char *made; /* a file that we made, to be removed if the call fails; or NULL */
};

/* Opens what an infile or outfile argument names ("-": standard input or output). */
int files_open(const struct args *a, struct files *ret, struct cu_err *err);
/* What was written so far stays, also if the call fails.  False: there is nothing. */
bool files_keep(struct files *f);
void files_close(struct files *f, int has_failed);

/* Puts the text of a textfile argument in place of its path. */
int files_put_texts(const struct args *a, json_t *parameters, struct cu_err *err);

#endif
