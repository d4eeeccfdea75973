/*
 * incident.h: what an incident with personal data is, and who must be told of it by when.
 *
 * Pure: what is known of an incident and a duty of a law (policy/law.h) in, a verdict out.
 */
#ifndef CU_PRIVACY_INCIDENT_H
#define CU_PRIVACY_INCIDENT_H
#include <stdbool.h>
#include <stdint.h>

#include "policy/law.h"

struct row_incident;

#define INCIDENT_COLLECTION "custos.incident" /* of their sealed texts */

/* X(id, word).  Append only: the numbers are stored, from 1. */
#define INCIDENT_KINDS(X)                  \
	X(DISCLOSURE,     "disclosure")     \
	X(LOSS,           "loss")           \
	X(ALTERATION,     "alteration")     \
	X(UNAVAILABILITY, "unavailability")

enum incident_kind {
	INCIDENT_NO_KIND_,
#define X(id, word) INCIDENT_##id,
	INCIDENT_KINDS(X)
#undef X
};

/* What a text is about: the three that GDPR Art. 33(5) asks to be documented, and why somebody was
 * told late. */
#define INCIDENT_FACTS    "facts"
#define INCIDENT_EFFECTS  "effects"
#define INCIDENT_MEASURES "measures"
#define INCIDENT_DELAY    "delay"

const char *incident_kind_word(unsigned kind); /* "" for a number that is none */
unsigned incident_kind_parse(const char *word); /* 0: there is none */
const char *incident_risk_word(unsigned risk);
bool incident_risk_parse(const char *word, unsigned *ret);
const char *incident_told_word(unsigned to); /* enum law_told */
bool incident_told_parse(const char *word, unsigned *ret);

/* X(id, word) */
#define INCIDENT_VERDICTS(X)                                       \
	X(DUE,         "due")         /* to be told */               \
	X(OVERDUE,     "overdue")     /* was to be told */           \
	X(TOLD,        "told")                                    \
	X(TOLD_LATE,   "told_late")                               \
	X(NOT_NEEDED,  "not_needed")  /* the risk is too low */      \
	X(KEYS_SAFE,   "keys_safe")   /* it is sealed, and its keys are safe */

enum incident_verdict {
#define X(id, word) INCIDENT_IS_##id,
	INCIDENT_VERDICTS(X)
#undef X
};

const char *incident_verdict_word(enum incident_verdict v);

/* told_ms: when they first were; 0: they were not.  "At once" is never late by the clock: no law
 * says how much that is. */
enum incident_verdict incident_judge(const struct law_breach *duty,
	const struct row_incident *row, int64_t told_ms, int64_t now_ms);

static inline bool incident_is_open_duty(enum incident_verdict v)
{
	return v == INCIDENT_IS_DUE || v == INCIDENT_IS_OVERDUE;
}

#endif
