/* Erasure on demand. */
#include <stdio.h>

#include "base/err.h"
#include "base/intl.h"
#include "control/daemon.h"
#include "control/erase.h"
#include "control/handle.h"
#include "control/linger.h"

static void on_step(void *ctx, const char *step)
{
	struct buf frame = BUF_INIT;
	struct json j = exchange_progress_begin(&frame);

	json_str(&j, "progress", step);
	exchange_progress_end(ctx, &j, &frame);
}

/* What may be said to the person, and to a regulator: no more than is true. */
static void make_statement(const struct erase_result *e, const struct lingering *l, char *out,
	size_t cap)
{
	char rest[400];

	linger_say(l, rest, sizeof(rest));
	if (e->ntargets == 0) {
		snprintf(out, cap, "%s",
			_("The keys are gone from this host. No backup target is set: this statement is about this host only."));
	} else if (!e->is_confirmed) {
		snprintf(out, cap,
			_("The keys are gone from this host, but not confirmed at every target: %s. Repeat 'backup run' once it can be reached."),
			e->unconfirmed);
	} else {
		snprintf(out, cap,
			_("The keys are gone from this host and from the newest vault object at every target. %s"),
			rest);
	}
}

static void show(struct json *out, const struct erase_result *e, const char *statement)
{
	json_open_object(out, "result");
	json_hex(out, "erasure", e->erasure.b, sizeof(e->erasure.b));
	json_uint(out, "generation", e->generation);
	json_uint(out, "leaf", e->leaf);
	json_bool(out, "target_confirmed", e->is_confirmed);
	json_str(out, "statement", statement);
	json_close_object(out);
}

int handle_ERASE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct erase_request q = { .actor = x->actor, .purpose = x->purpose };
	struct erase_result result;
	char statement[700];
	struct lingering linger = { 0 };
	int r = exchange_id(x, "subject", &q.subject, err);

	if (r == 0) {
		r = exchange_request(x, &q.id, err);
	}
	if (r == 0 && !exchange_flag(x, "now")) {
		r = cu_err_set(err, CU_EUNSUP,
			"a grace period is not available yet: repeat with --now to erase at once");
	}
	if (r == 0) {
		r = erase_run(x->daemon, &q, on_step, x, &result, err);
	}
	if (r == 0) {
		r = linger_of(x->daemon, result.generation,
			clock_now_ms(&x->daemon->house.clock), &linger, err);
	}
	if (r == 0) {
		make_statement(&result, &linger, statement, sizeof(statement));
		show(out, &result, statement);
	}
	linger_done(&linger);
	return r;
}
