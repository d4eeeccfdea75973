/*
 * next.h: at a terminal, what 'request next' says is done at once, and then it is asked again.
 */
#ifndef CU_CTL_NEXT_H
#define CU_CTL_NEXT_H
#include <jansson.h>

struct args;

/* Asks whether to do the step's command, and for what is to be filled in; does it in a process of its
 * own, and shows the next step after it.  Nothing without a terminal, or when there is no command. */
void next_offer(const struct args *a, const json_t *step);

#endif
