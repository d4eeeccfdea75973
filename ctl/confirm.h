/*
 * confirm.h: a question before something is destroyed.
 */
#ifndef CU_CTL_CONFIRM_H
#define CU_CTL_CONFIRM_H
#include <jansson.h>
#include <stdbool.h>

struct args;
struct client;
struct cu_err;

/* Does this command ask?  Only a person at a terminal is asked, and nobody with --yes. */
bool confirm_is_wanted(const struct args *a);

/* Shows what the command would do (its dry run, over c, where it has one), states the effect and asks.  0: yes; CU_ECANCELED: no. */
int confirm_ask(const struct args *a, struct client *c, const json_t *parameters,
	struct cu_err *err);

#endif
