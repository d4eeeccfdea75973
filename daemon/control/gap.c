#include "control/gap.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/intl.h"
#include "control/approval.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "policy/access.h"
#include "store/tx_gap.h"

static int scope_of(struct tx *tx, const struct id *object, struct buf *to, struct cu_err *err)
{
	(void)object; /* there is one gap at most */
	return tx_gap_scope(tx, to, err);
}

static int may_decide(struct exchange *x, const struct id *object, struct cu_err *err)
{
	(void)object;
	return access_allows(&x->rights, "log.accept-gap") ?
		0 :
		cu_err_set(err, CU_EDENIED, "this is for whoever may call 'log accept-gap'");
}

struct look {
	struct store_op op;
	uint64_t leaves;
};

static int apply_look(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_gap_get(tx, &((struct look *)op)->leaves, err);
}

static int say(struct exchange *x, const struct id *object, struct json *lines,
	struct cu_err *err)
{
	struct look look = { .op.apply = apply_look };
	char text[200];
	int r = exchange_change(x, &look.op, err);

	(void)object;
	if (r < 0) {
		return r;
	}
	if (look.leaves > 0) {
		snprintf(text, sizeof(text),
			_("The restored log lacks %" PRIu64 " entries that a signed manifest counted."),
			look.leaves);
	} else {
		snprintf(text, sizeof(text), "%s",
			_("The restored log lacks entries; how many is not known."));
	}
	json_str(lines, NULL, text);
	json_str(lines, NULL,
		_("Erasures may be among them: whoever was erased by those may be there again."));
	json_str(lines, NULL,
		_("With the confirmation people's data may be used, and the log says so for ever."));
	return 0;
}

static int on_decided(struct exchange *x, const struct id *approval, bool is_granted,
	struct cu_err *err)
{
	(void)approval;
	(void)err;
	if (is_granted) { /* and accepted, in the same step */
		store_lift_restriction(x->daemon->house.store);
	}
	return 0;
}

const struct approval_kind gap_approval = { GAP_KIND, scope_of, may_decide, say, on_decided, tx_gap_accept };
