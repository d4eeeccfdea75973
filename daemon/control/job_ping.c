#include "control/job_ping.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "policy/policy.h"

static void ping_on(struct daemon *d, const struct agent_route *route, enum job j, const char *kind)
{
	static const struct id itself;
	struct row_message row = { .state = 0 };
	struct cu_err why;

	snprintf(row.kind, sizeof(row.kind), "%s", kind);
	snprintf(row.about, sizeof(row.about), "%s", job_word(j));
	snprintf(row.route, sizeof(row.route), "%s", route->key);
	if (post_office_submit(d, &itself, &row, NULL, &why) < 0) {
		log_warn("job %s: route %s is not told: %s", job_word(j), route->key, why.msg);
	}
}

void job_ping(struct daemon *d, enum job j, const char *kind)
{
	const struct agent_rules *rules = policy_agent(d->policy);

	for (size_t i = 0; i < rules->n; i++) {
		const struct agent_route *route = &rules->v[i];

		if (route->jobs.n > 0 && names_allow(&route->jobs, job_word(j))) {
			ping_on(d, route, j, kind);
		}
	}
}
