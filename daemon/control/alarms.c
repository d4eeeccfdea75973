#include "control/alarms.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "control/attention.h"
#include "control/daemon.h"
#include "policy/policy.h"
#include "store/reader_message.h"
#include "vault/vault.h"

static const struct id itself;

/* --- telling ----------------------------------------------------------------------- */

/* What is not late yet is said less often. */
static int64_t remind_ms_of(const struct daemon *d, const char *kind)
{
	int64_t ms = duration_seconds(policy_agent(d->policy)->remind) * 1000;

	return strcmp(kind, attention_word(ATTENTION_DUTY_SOON)) == 0 ? 7 * ms : ms;
}

/* It was said lately, or waits to be said. */
static int is_said(struct daemon *d, const struct row_message *row, struct cu_err *err)
{
	int64_t remind_ms = remind_ms_of(d, row->kind);
	struct reader *rd = store_reader_take(d->house.store);
	struct row_message last;
	int r = reader_last_message(rd, row->kind, row->about, row->route, &last, err);

	store_reader_give(d->house.store, rd);
	return r <= 0 ? r :
			last.state == MESSAGE_WAITING ||
				clock_now_ms(&d->house.clock) - last.made_ms < remind_ms;
}

static int tell_on(struct daemon *d, const struct agent_route *route, const char *kind,
	const char *about, struct cu_err *err)
{
	struct row_message row = { .state = 0 };
	int r;

	snprintf(row.kind, sizeof(row.kind), "%s", kind);
	snprintf(row.about, sizeof(row.about), "%s", about);
	snprintf(row.route, sizeof(row.route), "%s", route->key);
	r = is_said(d, &row, err);
	return r != 0 ? (r < 0 ? r : 0) : post_office_submit(d, &itself, &row, NULL, err);
}

/* On every route but one, perhaps. */
static int tell_but(struct daemon *d, const char *kind, const char *about, const char *but,
	struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(d->policy);
	int r = 0;

	for (size_t i = 0; r == 0 && i < rules->n; i++) {
		if (rules->v[i].takes_alarms && strcmp(rules->v[i].key, but) != 0) {
			r = tell_on(d, &rules->v[i], kind, about, err);
		}
	}
	return r;
}

static int take_attention(void *ctx, const struct attention *a, struct cu_err *err)
{
	struct daemon *d = ctx;
	/* where exactly is for 'erase scan' to say: it is one matter, wherever it is */
	const char *about = a->kind == ATTENTION_RESIDUE_LEFT ? "" : a->about;

	if (a->kind == ATTENTION_TARGET_BEHIND && a->number >= d->alarms_generation) {
		return 0; /* what moved since the last look is on its way */
	}
	return tell_but(d, attention_word(a->kind), about, "", err);
}

/* By the other routes: this one does not work. */
static int look_at_messages(struct daemon *d, struct cu_err *err)
{
	char routes[AGENT_MAX_ROUTES][ROWS_KEY_SIZE];
	struct reader *rd = store_reader_take(d->house.store);
	struct row_message row, *after = NULL;
	size_t n = 0;
	int r;

	while ((r = reader_next_message(rd, after, &row, err)) > 0 && n < AGENT_MAX_ROUTES) {
		after = &row;
		if (row.state == MESSAGE_GIVEN_UP && (n == 0 || strcmp(routes[n - 1], row.route) != 0)) {
			memcpy(routes[n++], row.route, sizeof(routes[0]));
		}
	}
	store_reader_give(d->house.store, rd);
	r = r < 0 ? r : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = tell_but(d, "alarm.message_given_up", routes[i], routes[i], err);
	}
	return r;
}

int alarms_duty(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	int r;

	(void)watch; /* a few rows each */
	if (policy_agent(d->policy)->n == 0 || store_is_restored(d->house.store)) {
		return 0;
	}
	r = attention_each(d, take_attention, d, err);
	if (r == 0) {
		r = look_at_messages(d, err);
	}
	d->alarms_generation = vault_generation(d->house.vault);
	return r;
}
