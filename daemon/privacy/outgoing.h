/*
 * outgoing.h: whom a request tells what, and when that may leave: the last letter, and a notice for each recipient.
 *
 * GDPR Art. 19: whoever received data learns that it was rectified, erased or restricted, unless that
 * is impossible or takes disproportionate effort.  Who that is follows from purposes.yaml.  Pure.
 */
#ifndef CU_PRIVACY_OUTGOING_H
#define CU_PRIVACY_OUTGOING_H
#include <stdbool.h>

#include "policy/purposes.h"
#include "store/engine_dsr.h"
#include "store/engine_outgoing.h"

/* Why a recipient is not told.  X(id, word).  Append only, from 1: the numbers are stored. */
#define OUTGOING_WHYS(X)                          \
	X(NOT_DISCLOSED,    "not_disclosed")      \
	X(IMPOSSIBLE,       "impossible")         \
	X(DISPROPORTIONATE, "disproportionate")

enum outgoing_why {
	OUTGOING_NO_WHY_,
#define X(id, word) WHY_##id,
	OUTGOING_WHYS(X)
#undef X
	OUTGOING_NWHYS_
};

/* "" for 0; 0: there is no such word. */
const char *outgoing_why_word(unsigned why);
unsigned outgoing_why_parse(const char *word);

/* Where one is: "waiting" for what it tells, "ready" to be sent, "under_way", "failed" (it could not be sent,
 * and is to be sent again), "sent", "waived"; or "void", because the request ended otherwise. */
const char *outgoing_stage(const struct row_dsr *row, const struct row_outgoing *out);
/* It may be sent, or was. */
bool outgoing_is_true(const struct row_dsr *row);

/* Does a recipient get this collection (and field; NULL: any of it) for one of the purposes that are
 * marked, as many as p has? */
bool outgoing_gets(const struct purposes *p, const bool *is_used, const char *recipient,
	const char *collection, const char *field);

#endif
