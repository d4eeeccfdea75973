/*
 * calls.h: streams of calls to custosd: changed so that they stay calls, and what was reached by them.
 *
 * A stream is frames, JSON with a NUL behind each.
 */
#ifndef CU_TESTS_CALLS_H
#define CU_TESTS_CALLS_H
#include "fuzz.h"

/* Draws a call, or some, by the table of interfaces; or changes a parameter of one that is there into
 * another of its type, moves, doubles or drops one; and now and then bytes.  As LLVMFuzzerCustomMutator. */
size_t calls_change(uint8_t *data, size_t size, size_t max, unsigned seed);

/* Ids of what a store has made: from a reply, and in the place of their marks (shape.h). */
void calls_learn_ids(struct span replies);
void calls_put_ids(uint8_t *p, size_t n);
void calls_forget_ids(void);

/* This frame was sent, and that came back; when the process ends it is said how many of the methods
 * were reached by a call that is well formed, and how many gave an answer that is no error. */
void calls_count(struct span frame, struct span reply);
/* The same for each of a stream; what came back is not looked at. */
void calls_count_all(struct span stream);

#endif
