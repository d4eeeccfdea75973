/*
 * digest.h: what the privacy officer is told once a week: what is due, what is open, what was done.
 *
 * Counts, days, keys of policies and numbers of requests; nobody's data, so it goes by mail as it is.  Made
 * when it is sent or asked for, in English or Chinese.
 */
#ifndef CU_CONTROL_DIGEST_H
#define CU_CONTROL_DIGEST_H
#include <stdatomic.h>

struct buf;
struct cu_err;
struct daemon;

#define DIGEST_KIND "digest" /* of its message */

/* The job: a message on each route with `digest: yes`.  0; 1: there is none; or a code.  Worker thread. */
int digest_send(struct daemon *d, struct cu_err *err);

/* Appends the text; language is an enum language.  Walks the week's entries of the log.  cancel may be
 * NULL.  Worker thread.  CU_ECANCELED. */
int digest_write(struct daemon *d, int language, const atomic_bool *cancel, struct buf *to,
	struct cu_err *err);

/* "custos: the week to 2026-11-29", appended. */
void digest_subject(struct daemon *d, int language, struct buf *to);

#endif
