#include "control/agent_report.h"

#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "base/json.h"
#include "control/agent_link.h"
#include "control/attention.h"
#include "control/daemon.h"
#include "policy/policy.h"
#include "store/reader_message.h"

static void add(struct daemon *d, const struct row_message *row, struct agent_figures *to)
{
	to->given_up += row->state == MESSAGE_GIVEN_UP;
	to->waiting += row->state == MESSAGE_WAITING;
	if ((row->state == MESSAGE_WAITING || row->state == MESSAGE_GIVEN_UP) && !to->fault[0]) {
		post_office_fault(&d->office, &row->id, to->fault);
	}
}

int agent_report_count(struct daemon *d, struct agent_figures ret[AGENT_MAX_ROUTES],
	struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(d->policy);
	struct reader *rd = store_reader_take(d->house.store);
	struct row_message row, *after = NULL;
	int r;

	memset(ret, 0, AGENT_MAX_ROUTES * sizeof(ret[0]));
	while ((r = reader_next_message(rd, after, &row, err)) > 0) {
		const struct agent_route *route = agent_find(rules, row.route);

		after = &row;
		if (route) {
			add(d, &row, &ret[route - rules->v]);
		}
	}
	store_reader_give(d->house.store, rd);
	return r;
}

static int count_all(struct daemon *d, struct agent_figures *ret, struct cu_err *err)
{
	struct agent_figures each[AGENT_MAX_ROUTES];
	int r = agent_report_count(d, each, err);

	for (size_t i = 0; r == 0 && i < AGENT_MAX_ROUTES; i++) {
		ret->waiting += each[i].waiting;
		ret->given_up += each[i].given_up;
	}
	return r;
}

int agent_report_status(struct daemon *d, struct json *out, struct cu_err *err)
{
	struct agent_figures all = { 0 };
	struct agent_seen seen;
	int r;

	if (!d->agent) {
		return 0;
	}
	r = count_all(d, &all, err);
	agent_link_look(d->agent, &seen);
	json_open_object(out, "agent");
	json_bool(out, "connected", seen.is_ready);
	json_bool(out, "uid", seen.is_ready && seen.is_other_user);
	json_bool(out, "landlock", seen.has_landlock);
	json_bool(out, "seccomp", seen.has_seccomp);
	json_uint(out, "waiting", all.waiting);
	json_uint(out, "given_up", all.given_up);
	json_close_object(out);
	return r;
}

static void put_routes(const struct agent_seen *seen, struct json *lines)
{
	char text[400], command[ATTENTION_COMMAND_SIZE];

	for (size_t i = 0; i < seen->nroutes; i++) {
		if (seen->routes[i].fault[0]) {
			snprintf(text, sizeof(text), _("Route %s of agent.yaml cannot be used: %s"),
				seen->routes[i].key, seen->routes[i].fault);
			snprintf(command, sizeof(command), "agent test %s", seen->routes[i].key);
			attention_put(lines, "route_fault", text, command);
		}
	}
}

static void put_targets(struct daemon *d, struct json *lines)
{
	const struct targets *all = policy_targets(d->policy);
	struct agent_away away;
	char text[400];

	for (size_t i = 0; i < all->n; i++) {
		if (agent_link_is_away(d->agent, all->v[i].key, &away)) {
			snprintf(text, sizeof(text),
				_("Target %s cannot be used: %s. What it lacks is brought there once it can."),
				away.key, away.fault);
			attention_put(lines, "target_away", text, NULL);
		}
	}
}

int agent_report_attention(struct daemon *d, struct json *lines, struct cu_err *err)
{
	struct agent_figures all = { 0 };
	struct agent_seen seen;
	char text[128];
	int r;

	if (!d->agent) {
		return 0;
	}
	agent_link_look(d->agent, &seen);
	if (!seen.is_ready) {
		attention_put(lines, "agent_gone",
			_("custos-agent is not there: messages, and backups that go through it, wait until it is."), "agent status");
	} else if (!seen.is_other_user && !seen.has_landlock) {
		attention_put(lines, "agent_open",
			_("The process that has a network runs as custosd's user, and without Landlock: it could read the state directory. Give it a user of its own (--agent-user)."),
			"agent status");
	}
	put_targets(d, lines);
	put_routes(&seen, lines);
	r = count_all(d, &all, err);
	if (all.given_up > 0) {
		snprintf(text, sizeof(text), _("%u messages could not be sent."), all.given_up);
		attention_put(lines, "message_given_up", text, "message list");
	}
	return r;
}
