/*
 * deadline.h: until when a request must be answered, and how anybody can check that by hand.
 *
 * Pure: rules of a law (policy/law.h), facts of a request and a calendar in; dates and their
 * derivation out.  A day is that of base/civil.h, and local to the organisation
 * (base/zone.h).  A period ends with the last hour of the day named.
 */
#ifndef CU_PRIVACY_DEADLINE_H
#define CU_PRIVACY_DEADLINE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/law.h"

struct buf;
struct cu_err;
struct holidays;

/* The clock stands still from the day on which more was asked for (who are you? which data?)
 * to the day on which the answer came: the first of these days does not count, the last does. */
struct deadline_pause {
	int32_t from;
	int32_t to; /* CIVIL_NO_DAY while no answer has come */
};

struct deadline_facts {
	int32_t received; /* when it reached the organisation, not when it was entered */
	int32_t today;    /* up to here an open pause is counted */
	const struct deadline_pause *pauses; /* by time, not over one another */
	size_t npauses;
	bool is_extended;      /* more time is to be taken */
	int32_t extension_told; /* when the person was told so, with reasons; CIVIL_NO_DAY: not yet */
};

/* Every member that does not apply is CIVIL_NO_DAY. */
struct deadline {
	int32_t due;          /* what counts now: that of the extension once it was told in time */
	int32_t first_due;    /* without an extension */
	int32_t extended_due; /* with one, where the law knows it */
	int32_t tell_by;      /* the last day for telling the extension and its reasons */
	int32_t refuse_by;    /* the last day for saying no, with reasons: an extension does not move it */
	int32_t confirm_by;   /* the last day for confirming that the request was received */
	int32_t paused_days;
	bool is_paused;           /* a pause is open: due moves on with every day */
	bool is_extension_void;   /* told too late, or the law knows none: due is first_due */
	bool is_extension_untold; /* it counts once it is told, by tell_by: due is first_due */
};

/* derivation, when not NULL, receives lines of text in that language, each ended by a newline.
 * Fails with CU_ENOENT when the calendar does not know a year that is needed (the message names
 * the file and the remedy), CU_EINVAL when facts contradict one another, CU_EUNSUP when the law
 * does not know this kind of request, CU_ENOMEM. */
int deadline_compute(const struct law *law, enum request_type type,
	const struct deadline_facts *facts, const struct holidays *calendar,
	enum language language, struct deadline *ret, struct buf *derivation,
	struct cu_err *err);

/* Until when somebody must be told of a breach that was noticed at this time.  CIVIL_NO_DAY is
 * not used here: "at once" is the time itself. */
int64_t deadline_breach_ms(const struct law_breach *breach, int64_t noticed_ms);

#endif
