/*
 * rejects.h: the rows that an import did not take, as a file to be mended and imported again.
 *
 * The file holds the heading and the rejected rows as they stand in the source, byte for byte,
 * so any charset, delimiter and quoting stays what the map says it is; "<file>.reasons" tells
 * line by line what is wrong.  Only custosctl reads and writes them: the daemon never opens a
 * caller's path, and no row comes back from it.  Both files are whole or not there.
 */
#ifndef CU_CTL_REJECTS_H
#define CU_CTL_REJECTS_H
#include <jansson.h>

struct args;
struct cu_err;
struct rejects;

#define REJECTS_MAX 1000000 /* rows; with more the map is what is wrong */

/* By the options of an import; *ret is NULL when none was asked for.  CU_EEXIST: one of the
 * files is there already.  CU_EINVAL: the source is no file that can be read twice. */
int rejects_begin(const struct args *a, struct rejects **ret, struct cu_err *err);
/* A reply that continues: keeps what it says of the file's lines. */
int rejects_take(struct rejects *r, const json_t *reply, struct cu_err *err);
/* The import is over: writes what there is to write. */
int rejects_write(struct rejects *r, struct cu_err *err);
/* Removes both files unless they were written.  NULL is fine. */
void rejects_end(struct rejects *r);

#endif
