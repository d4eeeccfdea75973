#include "store/settle_said.h"

#include <string.h>

#include "base/civil.h"
#include "store/tx_consent.h"
#include "store/tx_merge_internal.h"

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

static int say_again(struct engine *e, const struct id *subject, const struct settle_said *said,
	struct cu_err *err)
{
	struct row_consent row = { .subject = *subject, .state = state_of(said->act),
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

static bool was_merged(const struct store_settle *how, const struct id *id)
{
	for (size_t i = 0; i < how->nmerges; i++) {
		if (id_eq(&how->merges[i].old, id)) {
			return true;
		}
	}
	return false;
}

/* Whose it is now: 1, 0 if nobody's or a code.  That the data of an id that was merged was restricted,
 * the merge has said again of the other's. */
static int find_owner(struct engine *e, const struct store_settle *how,
	const struct settle_said *said, struct row_subject *ret, struct cu_err *err)
{
	bool is_freeze = said->act == LEAF_SUBJECT_RESTRICT || said->act == LEAF_SUBJECT_UNRESTRICT;
	struct id id = said->subject;
	int r = alias_follow(e, &id, err);

	if (r < 0 || (r > 0 && is_freeze && was_merged(how, &said->subject))) {
		return r < 0 ? r : 0;
	}
	return engine_subject_get(e, &id, ret, err);
}

int settle_said(struct engine *e, const struct store_settle *how, struct cu_err *err)
{
	struct row_subject who;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < how->nsaid; i++) {
		const struct settle_said *said = &how->said[i];

		r = find_owner(e, how, said, &who, err);
		if (r <= 0) {
			continue;
		}
		r = said->act == LEAF_SUBJECT_RESTRICT	   ? set_restricted(e, &who, true, err) :
			said->act == LEAF_SUBJECT_UNRESTRICT ? set_restricted(e, &who, false, err) :
							       say_again(e, &who.id, said, err);
	}
	return r < 0 ? r : 0;
}
