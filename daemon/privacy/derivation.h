/*
 * derivation.h: the sentences in which a date is derived, in each language.
 *
 * They are written so that somebody with the law and a calendar in hand can follow them.
 */
#ifndef CU_PRIVACY_DERIVATION_H
#define CU_PRIVACY_DERIVATION_H
#include <stdint.h>

#include "policy/said.h"
#include "privacy/fill.h"

struct buf;

/* What may be said; the sentences, with the values that each needs, are in derivation.c. */
enum sentence {
	SAY_RECEIVED,
	SAY_RECEIVED_AT_ONCE,
	SAY_AT_ONCE,
	SAY_NO_PERIOD,
	SAY_PERIOD,
	SAY_SHORT_MONTH,
	SAY_DAYS_OFF,
	SAY_DAY_OFF,
	SAY_MADE_UP,
	SAY_PAUSE,
	SAY_PAUSE_OPEN,
	SAY_PAUSE_NONE,
	SAY_PAUSE_LATE,
	SAY_PAUSED_TO,
	SAY_REST_DAY,
	SAY_EARLIEST,
	SAY_EXTENDED,
	SAY_EXTENSION_OFFERED,
	SAY_TOLD,
	SAY_TOLD_LATE,
	SAY_UNTOLD,
	SAY_UNTOLD_LATE,
	SAY_NO_EXTENSION,
	SAY_REFUSAL,
	SAY_CONFIRM,
	SAY_CONFIRM_AT_ONCE,
	SAY_DUE,
	NSENTENCES
};

struct derivation {
	enum language language;
	struct buf *to; /* NULL: nothing is said */
};

#define DERIVATION_SIZE 64

/* One line, with its newline. */
void derivation_say(const struct derivation *d, enum sentence s, const struct fill_value *v,
	size_t n);

/* "Saturday 31 January 2026". */
const char *derivation_day(const struct derivation *d, int32_t day, char out[DERIVATION_SIZE]);
/* "Saturday". */
const char *derivation_weekday(const struct derivation *d, int32_t day);
/* "1 calendar month", "15 working days"; n in place of the period's own. */
const char *derivation_length(const struct derivation *d, int unit, int64_t n,
	char out[DERIVATION_SIZE]);
/* "7". */
const char *derivation_number(int64_t n, char out[DERIVATION_SIZE]);

#endif
