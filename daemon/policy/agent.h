/*
 * agent.h: by which routes custos-agent sends messages: agent.yaml.
 *
 * The settings of a route are its plugin's to judge, in the agent: custosd loads no plugins.  Immutable;
 * lives as long as its policy.
 */
#ifndef CU_POLICY_AGENT_H
#define CU_POLICY_AGENT_H
#include <stdbool.h>
#include <stddef.h>

#include "policy/alarms.h"
#include "policy/rows.h"

struct faults;
struct yaml;
struct yaml_node;

#define AGENT_MAX_ROUTES 16

struct agent_route {
	const char *key;
	const char *plugin;
	bool takes_alarms;
	int least;            /* enum severity: nothing below it */
	struct names kinds;   /* words of alarms.h; none: all */
	struct duration after; /* alarms that last so long: for whoever is told when nobody acts */
	bool takes_digest;
	struct names jobs;    /* whose begins and ends it is told; none: of none */
	const char *quiet;    /* "22:00-07:00"; NULL: none */
	bool is_personal; /* it may take messages to persons */
	const struct yaml_node *settings; /* a mapping of texts; NULL: none */
	const struct yaml_node *node;
};

struct agent_rules {
	struct duration retry;   /* after the first attempt; longer each time */
	struct duration give_up; /* after a message was made */
	struct duration remind;  /* between two alarms about the same */
	struct duration sealed_for;   /* before an alarm says so */
	struct duration request_soon; /* before a request is due */
	int64_t disk_low, disk_full;  /* per cent left */
	const char *metrics_file; /* NULL: none */
	const struct agent_route *v;
	size_t n;
	const struct yaml_node *node;
};

extern const struct rows agent_rows;

/* Fills ret from the tree of agent.yaml, both passes; everything borrows from y.  0, also when there
 * are faults; CU_ENOMEM. */
int agent_read(struct yaml *y, struct faults *faults, struct agent_rules *ret);

/* Does an alarm like this have to wait now?  minute: of the day, on the wall. */
bool agent_is_quiet(const struct agent_route *route, int severity, int minute);

bool agent_has_digest(const struct agent_rules *a);

/* NULL when there is none of this key. */
const struct agent_route *agent_find(const struct agent_rules *a, const char *key);

#endif
