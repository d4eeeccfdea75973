#include "policy/agent.h"

#include <string.h>

#include "policy/faults.h"
#include "policy/yaml.h"

#define ROUTE(member) offsetof(struct agent_route, member)
#define AGENT(member) offsetof(struct agent_rules, member)
#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))
#define HOURS(n)      ((n) * (int64_t)3600)

static const char *check_metrics_file(const char *text)
{
	size_t n = strlen(text);

	if (text[0] != '/' || strstr(text, "/../")) {
		return "is not an absolute path without '..'";
	}
	return n < sizeof("/x.prom") - 1 || strcmp(text + n - 5, ".prom") != 0 || text[n - 6] == '/' ?
		"is no name that ends in .prom: node_exporter reads no other" :
		NULL;
}

/* clang-format off */
static const struct row route_row[] = {
	{ "route", SET_NAME, MUST, "The route's key.", ROUTE(key) },
	{ "plugin", SET_NAME, MUST,
	  "What sends: the name of a plugin of custos-agent, without `.so`.", ROUTE(plugin) },
	{ "alarms", SET_BOOLEAN, 0,
	  "Does it get what needs a person: a failed drill, a request that is late?",
	  ROUTE(takes_alarms), .standard = "yes" },
	{ "personal", SET_BOOLEAN, 0,
	  "May it take what is addressed to a person? Only of plugins that say that they may.",
	  ROUTE(is_personal), .standard = "no" },
	{ "settings", SET_NODE, 0,
	  "Settings of the plugin, each a text. A password or a key is never one: they name a file "
	  "that only the agent's user can read, or a credential of systemd.", ROUTE(settings) },
};
static const struct rows route_rows = {
	"A route", route_row, COUNT(route_row), sizeof(struct agent_route), ROUTE(node)
};

static const struct row agent_row[] = {
	{ "retry", SET_DURATION, 0,
	  "When a message that could not be sent is tried again; then three times as long, and so on "
	  "up to six hours, each a bit earlier or later. 1s to 1h.",
	  AGENT(retry), .standard = "10s", .min = 1, .max = HOURS(1) },
	{ "give_up", SET_DURATION, 0,
	  "How old a message may become before it is given up, which `custosctl status` says. "
	  "1h to 30d.", AGENT(give_up), .standard = "3d", .min = HOURS(1), .max = HOURS(24 * 30) },
	{ "remind", SET_DURATION, 0,
	  "How long after an alarm the same is said again, as long as it lasts; a duty that is not late yet, seven times as long. 1h to 30d.",
	  AGENT(remind), .standard = "1d", .min = HOURS(1), .max = HOURS(24 * 30) },
	{ "metrics_file", SET_TEXT, 0,
	  "Where figures are written each minute for node_exporter's textfile collector; an absolute path "
	  "that ends in .prom. custosd must be able to write in that directory: in the shipped unit "
	  "/run/custos, or one that is added to ReadWritePaths=.", AGENT(metrics_file),
	  .check = check_metrics_file },
	{ "routes", SET_MAPS, 0, "Where messages go. Without any there is no agent.", AGENT(v),
	  AGENT(n), .of = &route_rows },
};
/* clang-format on */
const struct rows agent_rows = { "agent.yaml", agent_row, COUNT(agent_row),
	sizeof(struct agent_rules), AGENT(node) };

const struct agent_route *agent_find(const struct agent_rules *a, const char *key)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->v[i].key && strcmp(a->v[i].key, key) == 0) {
			return &a->v[i];
		}
	}
	return NULL;
}

static void check_settings(const char *file, const struct agent_route *route,
	struct faults *faults)
{
	const struct yaml_node *n = route->settings ? route->settings->first : NULL;

	for (; n; n = n->next) {
		if (n->kind != YAML_SCALAR || yaml_is_empty(n)) {
			faults_add(faults, file, n->key_line, "settings", "each is one text");
		}
	}
}

int agent_read(struct yaml *y, struct faults *faults, struct agent_rules *ret)
{
	const char *file = yaml_file(y);
	int r = rows_read(&agent_rows, y, yaml_root(y), faults, ret);

	if (r < 0) {
		return r;
	}
	if (ret->n > AGENT_MAX_ROUTES) {
		faults_add(faults, file, ret->v[AGENT_MAX_ROUTES].node->line, "routes",
			"are more than %d", AGENT_MAX_ROUTES);
	}
	for (size_t i = 0; i < ret->n; i++) {
		const struct agent_route *route = &ret->v[i];
		const struct agent_route *first = route->key ? agent_find(ret, route->key) : route;

		if (first != route) {
			faults_add(faults, file, yaml_find(route->node, "route")->line, "route",
				"'%s' stands twice; first in line %u", route->key,
				yaml_find(first->node, "route")->line);
		}
		check_settings(file, route, faults);
	}
	return 0;
}
