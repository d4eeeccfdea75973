#include "control/state_alarm.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "control/agent_link.h"
#include "control/alarms.h"
#include "control/attention.h"
#include "control/daemon.h"
#include "control/message_body.h"
#include "control/quarantine.h"
#include "policy/policy.h"

static int kind_now(struct daemon *d)
{
	switch ((enum daemon_state)atomic_load(&d->state)) {
	case DAEMON_EMPTY: return -1;
	case DAEMON_SEALED: return ATTENTION_SEALED;
	case DAEMON_RUNNING: break;
	}
	return quarantine_reason(d) ? ATTENTION_QUARANTINED : -1;
}

static void send_on(struct daemon *d, const struct agent_route *route, enum attention_kind kind)
{
	struct row_message row = { .id = id_new(), .made_ms = clock_now_ms(&d->house.clock) };
	struct cu_err why;

	snprintf(row.kind, sizeof(row.kind), "%s%s", ALARM_PREFIX, attention_word(kind));
	snprintf(row.route, sizeof(row.route), "%s", route->key);
	if (message_hand_over(d, &row, &why) < 0) {
		log_warn("alarm %s on route %s: %s", row.kind, route->key, why.msg);
	}
}

static void tell(struct daemon *d, enum attention_kind kind)
{
	const struct agent_rules *rules = policy_agent(d->policy);

	for (size_t i = 0; i < rules->n; i++) {
		if (alarms_are_taken(&rules->v[i], kind, "")) {
			send_on(d, &rules->v[i], kind);
		}
	}
}

void state_alarm_tick(struct daemon *d)
{
	struct state_alarm *s = &d->state_alarm;
	const struct agent_rules *rules = policy_agent(d->policy);
	int64_t now = clock_monotonic_ms(), wait_ms;
	struct agent_seen seen;
	int kind = kind_now(d);

	if (kind != s->kind) {
		*s = (struct state_alarm){ .kind = kind, .since_ms = now };
	}
	if (kind < 0 || !d->agent || rules->n == 0) {
		return;
	}
	wait_ms = s->told_ms > 0 ? duration_seconds(rules->remind) * 1000 :
		kind == ATTENTION_SEALED ? duration_seconds(rules->sealed_for) * 1000 : 0;
	agent_link_look(d->agent, &seen);
	if (seen.is_ready && now - (s->told_ms > 0 ? s->told_ms : s->since_ms) >= wait_ms) {
		s->told_ms = now;
		tell(d, (enum attention_kind)kind);
	}
}
