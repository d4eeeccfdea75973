#include "control/request_effect.h"

#include <string.h>

#include "base/err.h"
#include "policy/policy.h"
#include "privacy/request.h"
#include "store/tx_consent.h"
#include "store/tx_dsr.h"
#include "store/tx_hold.h"

/* --- holds ------------------------------------------------------------------------ */

struct look {
	struct tx *tx;
	const struct row_dsr *row;
	struct id hold;
	bool is_held;
};

static int look_at(void *ctx, const struct dsr_item *item, struct cu_err *err)
{
	struct look *l = ctx;
	int r = item->is_kept || item->is_mention ? 0 :
				tx_hold_covers(l->tx, &l->row->subject, item->collection, NULL, &l->hold, err);

	l->is_held = r > 0;
	return r;
}

int request_is_held(struct tx *tx, const struct row_dsr *row, struct id *ret_hold,
	struct cu_err *err)
{
	struct look l = { .tx = tx, .row = row };
	int r = tx_dsr_each(tx, row, look_at, &l, err);

	if (r == 0 && l.is_held) {
		r = tx_hold_block(tx, &l.hold, &row->subject, "request", &row->id, err);
		*ret_hold = l.hold;
	}
	return r < 0 ? r : l.is_held;
}

/* --- at once ---------------------------------------------------------------------- */

static int find_purpose(const struct policy *p, const struct row_dsr *row,
	const struct purpose **ret, struct cu_err *err)
{
	*ret = policy_find_purpose(p, row->about);
	return *ret ? 0 :
		      cu_err_set(err, CU_EINVAL, "purposes.yaml has no purpose '%s' any more", row->about);
}

/* It was said when the letter came. */
static int put_event(struct tx *tx, const struct row_dsr *row, enum consent_state state,
	struct cu_err *err)
{
	static const struct consent_papers none;
	struct row_consent event = { .subject = row->subject, .state = state,
		.said_day = row->received_day };

	strcpy(event.purpose, row->about);
	return tx_consent_put(tx, &event, &none, NULL, err);
}

static int withdraw(struct tx *tx, const struct policy *p, const struct row_dsr *row,
	struct cu_err *err)
{
	const struct purpose *purpose;
	int r = find_purpose(p, row, &purpose, err);

	if (r == 0 && purpose->basis != BASIS_CONSENT) {
		return cu_err_set(err, CU_EINVAL,
			"the purpose '%s' does not rest on consent: 'request deny %u --reason=no_consent'",
			row->about, row->number);
	}
	return r < 0 ? r : put_event(tx, row, CONSENT_WITHDRAWN, err);
}

static int object(struct tx *tx, const struct policy *p, const struct row_dsr *row,
	struct cu_err *err)
{
	const struct purpose *purpose;
	int r = find_purpose(p, row, &purpose, err);

	if (r == 0 && purpose->objection == OBJECTION_NONE) {
		return cu_err_set(err, CU_EINVAL,
			"nobody can object to the purpose '%s' by its legal basis: 'request deny %u', with a reason of the law",
			row->about, row->number);
	}
	return r < 0 ? r : put_event(tx, row, CONSENT_OBJECTED, err);
}

static int freeze(struct tx *tx, const struct row_dsr *row, struct cu_err *err)
{
	struct cu_err why;
	int r = tx_restrict(tx, &row->subject, request_purpose(row->type), true, span_str(""), &why);

	if (r < 0 && r != CU_EEXIST && err) {
		*err = why;
	}
	return r == CU_EEXIST ? 0 : r;
}

int request_take_effect(struct tx *tx, const struct policy *p, const struct row_dsr *row,
	struct cu_err *err)
{
	switch ((enum request_type)row->type) {
	case REQUEST_RESTRICTION: return freeze(tx, row, err);
	case REQUEST_OBJECTION: return object(tx, p, row, err);
	case REQUEST_WITHDRAWAL: return withdraw(tx, p, row, err);
	case REQUEST_ACCESS:
	case REQUEST_PORTABILITY:
	case REQUEST_RECTIFICATION:
	case REQUEST_ERASURE:
	case NREQUEST_TYPES: break;
	}
	return 0;
}
