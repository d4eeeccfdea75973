/*
 * watch.h: `watch`: how it is, until somebody presses Ctrl-C.
 *
 * On a terminal the screen of `status`, drawn anew in place; elsewhere one line for each thing that
 * changes.  It asks every few seconds over one connection, sleeps in between, and comes back when custosd
 * does.
 */
#ifndef CU_CTL_WATCH_H
#define CU_CTL_WATCH_H

struct args;
struct cu_err;

#define WATCH_EACH_S 2

/* 0 when somebody ended it; a code when custosd refuses to say. */
int watch(const struct args *a, struct cu_err *err);

#endif
