/* Holds of a restored data.db: those that the log knows hold, with a gap in it all do. */
#include "base/civil.h"
#include "base/err.h"
#include "store/engine_hold.h"
#include "store/settle_internal.h"
#include "store/tx_merge_internal.h"

static bool is_held_still(const struct store_settle *how, const struct id *hold)
{
	for (size_t i = 0; i < how->nholds; i++) {
		if (id_eq(&how->holds[i].id, hold)) {
			return true;
		}
	}
	return false;
}

/* One that was released after the backup; with a gap in the log nobody knows, and it stays. */
static int release_old_holds(struct settling *s, const struct store_settle *how,
	struct cu_err *err)
{
	struct row_hold row, *after = NULL;
	int r;

	while ((r = engine_hold_next(s->engine, after, &row, err)) > 0) {
		after = &row;
		if (row.state == HOLD_ACTIVE && !how->has_gap && !is_held_still(how, &row.id)) {
			struct row_hold changed = row;

			changed.state = HOLD_RELEASED;
			changed.released_ms = how->now_ms;
			r = engine_hold_put(s->engine, &changed, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* One that was placed after the backup: it holds, though why is lost with what came later. */
static int put_hold(struct settling *s, const struct settle_hold *known, struct cu_err *err)
{
	struct row_hold row;
	struct id subject = known->subject;
	int r = alias_follow(s->engine, &subject, err);

	r = r < 0 ? r : engine_hold_get(s->engine, &known->id, &row, err);
	if (r == 0) {
		row = (struct row_hold){ .id = known->id, .subject = subject,
			.scope = !id_is_nil(&known->record) ? HOLD_RECORD :
				*known->collection	    ? HOLD_COLLECTIONS :
							      HOLD_SUBJECT,
			.record = known->record, .state = HOLD_ACTIVE, .review_day = CIVIL_NO_DAY,
			.placed_ms = known->placed_ms, .placer = known->placer };
		r = engine_hold_put(s->engine, &row, err);
	}
	if (r >= 0 && *known->collection) {
		r = engine_hold_part_put(s->engine, &known->id, known->collection, err);
	}
	return r < 0 ? r : 0;
}

int settle_holds(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	int r = release_old_holds(s, how, err);

	for (size_t i = 0; r == 0 && i < how->nholds; i++) {
		r = put_hold(s, &how->holds[i], err);
	}
	return r;
}
