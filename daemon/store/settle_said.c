#include "store/settle_said.h"

#include <string.h>

#include "base/civil.h"
#include "store/tx_consent.h"

static int set_restricted(struct engine *e, struct row_subject *who, bool is_restricted,
	struct cu_err *err)
{
	who->is_restricted = is_restricted;
	return engine_subject_put(e, who, err);
}

static enum consent_state state_of(enum leaf_act act)
{
	for (int i = CONSENT_NONE + 1; i < CONSENT_NSTATES_; i++) {
		if (consent_act((enum consent_state)i) == (int)act) {
			return (enum consent_state)i;
		}
	}
	return CONSENT_NONE;
}

static int say_again(struct engine *e, const struct settle_said *said, struct cu_err *err)
{
	struct row_consent row = { .subject = said->subject, .state = state_of(said->act),
		.at_ms = said->at_ms, .expires_ms = said->expires_ms, .actor = said->actor,
		.said_day = CIVIL_NO_DAY };
	int r;

	if (row.state == CONSENT_NONE) {
		return 0;
	}
	strcpy(row.purpose, said->purpose);
	strcpy(row.channel, said->channel);
	strcpy(row.notice, said->notice);
	/* the same moment: a leaf's place in the log may have moved, its time has not */
	r = engine_consent_has(e, &row, err);
	return r == 0 ? engine_consent_put(e, &row, err) : r < 0 ? r : 0;
}

int settle_said(struct engine *e, const struct settle_said *said, size_t n, struct cu_err *err)
{
	struct row_subject who;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = engine_subject_get(e, &said[i].subject, &who, err);
		if (r <= 0) {
			continue;
		}
		r = said[i].act == LEAF_SUBJECT_RESTRICT   ? set_restricted(e, &who, true, err) :
			said[i].act == LEAF_SUBJECT_UNRESTRICT ? set_restricted(e, &who, false, err) :
								 say_again(e, &said[i], err);
	}
	return r < 0 ? r : 0;
}
