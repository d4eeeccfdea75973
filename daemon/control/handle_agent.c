/* custos-agent: its state, its routes, a test of one. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "control/agent_link.h"
#include "control/agent_report.h"
#include "control/alarm_words.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "policy/policy.h"
#include "store/reader_message.h"

#define TEST_WAIT_MS  30000
#define TEST_LOOK_MS  50

/* --- status ----------------------------------------------------------------------- */

static const struct agent_seen_route *find_seen(const struct agent_seen_route *v, size_t n,
	const char *key)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].key, key) == 0) {
			return &v[i];
		}
	}
	return NULL;
}

static void show_route(struct json *out, const struct agent_route *route,
	const struct agent_seen_route *seen, const struct agent_figures *f)
{
	const char *fault = seen && seen->fault[0] ? seen->fault : f->fault;

	json_open_object(out, NULL);
	json_str(out, "route", route->key);
	json_str(out, "plugin", route->plugin);
	json_bool(out, "alarms", route->takes_alarms);
	json_bool(out, "personal", route->is_personal);
	json_bool(out, "usable", seen && !seen->fault[0]);
	if (fault[0]) {
		json_str(out, "fault", fault);
	}
	json_uint(out, "waiting", f->waiting);
	json_uint(out, "given_up", f->given_up);
	json_close_object(out);
}

/* What went wrong last, or when it was opened; "": nothing that we know of. */
static void show_targets(struct daemon *d, const struct agent_seen *seen, struct json *out)
{
	const struct targets *all = policy_targets(d->policy);

	json_open_array(out, "targets");
	for (size_t i = 0; i < all->n; i++) {
		const struct target *t = &all->v[i];
		struct agent_away away = { .fault = "" };
		const struct agent_seen_route *is = find_seen(seen->targets, seen->ntargets, t->key);

		if (t->kind != TARGET_AGENT) {
			continue;
		}
		if (is && is->fault[0]) {
			snprintf(away.fault, sizeof(away.fault), "%s", is->fault);
		} else {
			(void)agent_link_is_away(d->agent, t->key, &away);
		}
		json_open_object(out, NULL);
		json_str(out, "target", t->key);
		json_str(out, "plugin", t->plugin);
		json_bool(out, "usable", is && !away.fault[0]);
		if (away.fault[0]) {
			json_str(out, "fault", away.fault);
		}
		json_close_object(out);
	}
	json_close_array(out);
}

int handle_AGENT_STATUS(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(x->daemon->policy);
	struct agent_figures figures[AGENT_MAX_ROUTES];
	struct agent_seen seen;
	int r = agent_report_count(x->daemon, figures, err);

	agent_link_look(x->daemon->agent, &seen);
	json_bool(out, "connected", seen.is_ready);
	if (seen.is_ready) {
		json_str(out, "version", seen.version);
		json_uint(out, "uid", seen.uid);
		json_int(out, "pid", seen.pid);
		json_open_object(out, "separation");
		json_bool(out, "uid", seen.is_other_user);
		json_bool(out, "landlock", seen.has_landlock);
		json_bool(out, "seccomp", seen.has_seccomp);
		json_close_object(out);
	}
	json_open_array(out, "routes");
	for (size_t i = 0; i < rules->n; i++) {
		show_route(out, &rules->v[i], find_seen(seen.routes, seen.nroutes, rules->v[i].key), &figures[i]);
	}
	json_close_array(out);
	show_targets(x->daemon, &seen, out);
	return r;
}

/* --- test ------------------------------------------------------------------------- */

/* Until it was tried, or the time is over. */
static int wait_for(struct exchange *x, struct row_message *row, struct cu_err *err)
{
	struct timespec pause = { 0, TEST_LOOK_MS * 1000000L };
	int64_t until = clock_monotonic_ms() + TEST_WAIT_MS;
	int r = 1;

	while (r > 0 && row->state == MESSAGE_WAITING && row->nattempts == 0 &&
		clock_monotonic_ms() < until && !exchange_is_cancelled(x)) {
		struct reader *rd;

		nanosleep(&pause, NULL);
		rd = store_reader_take(x->daemon->house.store);
		r = reader_message(rd, &row->id, row, err);
		store_reader_give(x->daemon->house.store, rd);
	}
	return r < 0 ? r : 0;
}

int handle_AGENT_TEST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct row_message row = { .state = 0 };
	char fault[OFFICE_FAULT_SIZE];
	int r;

	snprintf(row.kind, sizeof(row.kind), "%s", ALARM_TEST);
	snprintf(row.route, sizeof(row.route), "%s", exchange_text(x, "route"));
	snprintf(row.about, sizeof(row.about), "%s", row.route);
	r = post_office_submit(x->daemon, &x->actor, &row, NULL, err);
	if (r == 0) {
		r = wait_for(x, &row, err);
	}
	if (r < 0) {
		return r;
	}
	post_office_fault(&x->daemon->office, &row.id, fault);
	json_hex(out, "message", row.id.b, sizeof(row.id.b));
	json_str(out, "outcome", row.state == MESSAGE_SENT ? "sent" :
		row.state == MESSAGE_GIVEN_UP ? "given_up" : "waiting");
	if (row.state != MESSAGE_SENT && fault[0]) {
		json_str(out, "fault", fault);
	}
	return 0;
}
