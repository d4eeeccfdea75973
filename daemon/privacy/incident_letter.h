/*
 * incident_letter.h: what people, or an authority, are written of an incident.
 *
 * What GDPR Art. 33(3) and 34(2) and PIPL Art. 57(1) ask to be told: what happened, what may come
 * of it, what was done, and whom to ask.  Whole or not at all: what is not noted yet is named in the
 * error, with the command that notes it.  Pure.
 */
#ifndef CU_PRIVACY_INCIDENT_LETTER_H
#define CU_PRIVACY_INCIDENT_LETTER_H
#include <stdint.h>

#include "base/span.h"
#include "policy/said.h"

struct buf;
struct cu_err;
struct organisation;
struct row_incident;

struct incident_letter {
	enum language language;
	unsigned to; /* enum law_told */
	const struct organisation *organisation;
	const struct row_incident *row;
	int32_t day;
	struct span facts, effects, measures; /* the newest that was noted of each; empty: nothing was */
	struct span delay;                    /* why it is late; only an authority is told */
};

/* CU_EBUSY: something is missing. */
int incident_letter_write(const struct incident_letter *l, struct buf *ret_subject,
	struct buf *ret_text, struct cu_err *err);

#endif
