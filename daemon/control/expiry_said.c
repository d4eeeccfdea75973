/* What people are told of expiry: what is in its way, and what they are asked to confirm. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/intl.h"
#include "control/approval.h"
#include "control/attention.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/expiry.h"
#include "store/reader_expiry.h"

/* --- what is in the way ----------------------------------------------------------- */

static void ask(struct json *lines, const char *text, const struct id *approval)
{
	char command[ATTENTION_COMMAND_SIZE], id[ID_TEXT_SIZE];

	if (!id_is_nil(approval)) {
		id_format(approval, id);
		snprintf(command, sizeof(command), "approval show %s", id);
		attention_put(lines, "approval", text, command);
	}
}

void expiry_attention(struct daemon *d, struct json *lines)
{
	struct expiry *e = &d->expiry;

	pthread_mutex_lock(&e->said_lock);
	if (e->is_behind) {
		attention_put(lines, "clock_behind",
			_("The clock is behind what it was: nothing ends by retention.yaml until it has caught up."),
			"retention plan");
	}
	ask(lines,
		_("The clock is a day or more ahead of when it was last known to be right (it was set, or the machine stood still): nothing ends by retention.yaml until somebody who may run 'retention run' says that it is right."),
		&e->clock_approval);
	ask(lines,
		_("retention.yaml keeps less than before, which is not in force until it is confirmed ('retention plan' shows the effect)."),
		&e->rules_approval);
	for (int i = 0; i < 2; i++) {
		ask(lines, _("What is over by retention.yaml ends once a second user has confirmed it."),
			&e->run_approvals[i]);
	}
	if (e->nwaiting > 0) {
		attention_put(lines, "hold_keys",
			_("Months that are over wait: what is held of them has keys of its own that no backup is known to hold. Run 'backup run', then 'drill run' of level 2 or 3."),
			"backup run");
	}
	pthread_mutex_unlock(&e->said_lock);
}

bool expiry_waits(struct daemon *d)
{
	struct expiry *e = &d->expiry;
	bool waits;

	pthread_mutex_lock(&e->said_lock);
	waits = e->is_behind || !id_is_nil(&e->clock_approval) || !id_is_nil(&e->rules_approval) ||
		!id_is_nil(&e->run_approvals[0]) || !id_is_nil(&e->run_approvals[1]);
	pthread_mutex_unlock(&e->said_lock);
	return waits;
}

/* --- approvals -------------------------------------------------------------------- */

int expiry_may_decide(struct exchange *x, const struct id *object, struct cu_err *err)
{
	(void)object;
	return access_allows(&x->rights, "retention.run") && !x->rights.is_root ?
		0 :
		cu_err_set(err, CU_EDENIED, "this is for whoever may call 'retention run'%s",
			x->rights.is_root ? _(" (root never touches a person's data)") : "");
}

int expiry_on_decided(struct exchange *x, const struct id *approval, bool is_granted,
	struct cu_err *err)
{
	(void)approval;
	(void)is_granted;
	(void)err;
	expiry_wake(x->daemon); /* it looks at the approval itself */
	return 0;
}

/* The keys of a list by collection. */
struct tally {
	char collection[ENGINE_KEY_SIZE];
	uint64_t ncohorts, npeople;
};

#define TALLIES 64

static struct tally *tally_of(struct tally *v, size_t *n, const char *collection)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(v[i].collection, collection) == 0) {
			return &v[i];
		}
	}
	if (*n == TALLIES) {
		return &v[TALLIES - 1];
	}
	v[*n] = (struct tally){ .ncohorts = 0 };
	snprintf(v[*n].collection, sizeof(v[*n].collection), "%s", collection);
	return &v[(*n)++];
}

static int count_list(struct daemon *d, const struct id *run, struct tally *v, size_t *n,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	struct row_expiry_item item;
	uint64_t at, *after = NULL;
	int r;

	while ((r = reader_expiry_item(rd, run, after, &item, err)) > 0) {
		struct tally *t = tally_of(v, n, item.collection);

		at = item.slot;
		after = &at;
		*(item.kind == EXPIRY_OWNER ? &t->npeople : &t->ncohorts) += 1;
	}
	store_reader_give(d->house.store, rd);
	return r;
}

static int say(struct exchange *x, const struct id *run, struct json *lines, struct cu_err *err)
{
	struct tally tallies[TALLIES];
	size_t n = 0;
	char text[200];
	int r = count_list(x->daemon, run, tallies, &n, err);

	json_str(lines, NULL, _("The time of these is over, and their keys are shredded:"));
	for (size_t i = 0; i < n; i++) {
		const struct tally *t = &tallies[i];

		snprintf(text, sizeof(text), _("  %s: cohorts: %" PRIu64 ", people: %" PRIu64),
			t->collection, t->ncohorts, t->npeople);
		json_str(lines, NULL, text);
	}
	json_str(lines, NULL,
		_("No backup of any age gives it back. What is not over any more by then stays."));
	return r;
}

static int run_scope(struct tx *tx, const struct id *run, struct buf *to, struct cu_err *err)
{
	return tx_expiry_scope(tx, run, to, err);
}

const struct approval_kind expiry_approval = { EXPIRY_KIND_RUN, run_scope, expiry_may_decide, say,
	expiry_on_decided };
