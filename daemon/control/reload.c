#include "control/reload.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "control/agent_link.h"
#include "control/daemon.h"
#include "policy/policy.h"
#include "service/service.h"

static struct daemon *daemon_of(struct work *w)
{
	return (struct daemon *)((char *)w - offsetof(struct daemon, reload.work));
}

static int run_reload(struct work *w, struct cu_err *err)
{
	struct daemon *d = daemon_of(w);
	const struct organisation *now = policy_organisation(d->policy);
	struct clock system = clock_system();
	struct policy *p = NULL;
	int r;

	d->reload.read_ms = clock_now_ms(&system);
	r = daemon_read_policy(d, &p, err);

	if (r == 0 && strcmp(policy_organisation(p)->time_zone, now->time_zone) != 0) {
		r = cu_err_set(err, CU_EUNSUP,
			"organisation.yaml: time_zone: another one needs a restart of custosd");
	}
	if (r == 0 && !d->agent && (policy_agent(p)->n > 0 || policy_targets(p)->nfar > 0)) {
		r = cu_err_set(err, CU_EUNSUP,
			"agent.yaml, backup.yaml: the first route, or target of the kind agent, needs a restart of "
			"custosd");
	}
	if (r == 0) {
		r = confine_check(p, err);
	}
	if (r < 0) {
		policy_unref(p);
		return r;
	}
	d->reload.fresh = p;
	return 0;
}

static void swap(struct daemon *d)
{
	struct reload *l = &d->reload;
	struct policy *before = d->policy;

	/* The number is asked for after the change: who enters in between may have seen either. */
	d->policy = l->fresh;
	d->policy_read_ms = l->read_ms;
	l->fresh = NULL;
	l->retired[l->nretired++] = (struct retired){ before, gate_next(&d->gate) };
	schedule_changed(d);
	if (d->agent) {
		agent_link_cut(d->agent); /* it comes back, and is told the new routes */
	}
}

static void on_reloaded(struct work *w)
{
	struct daemon *d = daemon_of(w);
	struct reload *l = &d->reload;

	l->is_running = false;
	if (w->code == 0) {
		swap(d);
		log_happened(LOG_LEVEL_NOTICE, LOG_EVENT_RELOADED, "",
			"the policies of %s are in force", d->policy_dir);
		service_ready("serving");
	} else {
		log_happened(LOG_LEVEL_ERROR, LOG_EVENT_RELOAD_FAILED, "",
			"the policies stay as they were: %s", w->err.msg);
		service_ready("serving by the policies before: those of the last reload have faults");
	}
	if (l->is_wanted && !d->is_stopping) {
		reload_begin(d);
	}
}

void reload_begin(struct daemon *d)
{
	struct reload *l = &d->reload;

	l->is_wanted = l->is_running;
	if (l->is_running) {
		return;
	}
	if (l->nretired == RELOAD_MAX_RETIRED) {
		log_error("the policies stay as they were: what began under older ones still runs");
		return;
	}
	l->work.run = run_reload;
	l->work.done = on_reloaded;
	service_reloading();
	l->is_running = work_start(d->loop, &l->work, NULL) == 0;
}

void reload_tick(struct daemon *d)
{
	struct reload *l = &d->reload;
	uint64_t oldest = l->nretired > 0 ? gate_oldest(&d->gate) : 0;

	while (l->nretired > 0 && l->retired[0].until <= oldest) {
		policy_unref(l->retired[0].policy);
		l->nretired--;
		memmove(l->retired, l->retired + 1, l->nretired * sizeof(l->retired[0]));
	}
}

void reload_done(struct daemon *d)
{
	struct reload *l = &d->reload;

	policy_unref(l->fresh);
	while (l->nretired > 0) {
		policy_unref(l->retired[--l->nretired].policy);
	}
}
