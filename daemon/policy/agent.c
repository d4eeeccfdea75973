#include "policy/agent.h"

#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "policy/faults.h"
#include "policy/schedule.h"
#include "policy/yaml.h"

#define ROUTE(member) offsetof(struct agent_route, member)
#define AGENT(member) offsetof(struct agent_rules, member)
#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))
#define HOURS(n)      ((n) * (int64_t)3600)

#define KIND_WORD(id, word, severity) " `" word "`"

static const char *check_kind(const char *text)
{
	static const char *const words[] = {
#define X(id, word, severity) word,
		ALARMS(X)
#undef X
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			return NULL;
		}
	}
	return "is no kind of alarm";
}

static const char *check_job(const char *text)
{
	enum job j;

	return job_parse(text, &j) ? NULL : "is no job of schedule.yaml";
}

/* "22:00-07:00": two minutes of the day, the second not inside. */
static bool parse_quiet(const char *text, int *ret_from, int *ret_to)
{
	int h[2], m[2], n = 0;

	if (strlen(text) != 11 || strspn(text, "0123456789:-") != 11 ||
		sscanf(text, "%2d:%2d-%2d:%2d%n", &h[0], &m[0], &h[1], &m[1], &n) != 4 || n != 11 ||
		h[0] > 23 || h[1] > 23 || m[0] > 59 || m[1] > 59 || h[0] < 0 || m[0] < 0 ||
		h[1] < 0 || m[1] < 0) {
		return false;
	}
	*ret_from = h[0] * 60 + m[0];
	*ret_to = h[1] * 60 + m[1];
	return *ret_from != *ret_to;
}

static const char *check_quiet(const char *text)
{
	int from, to;

	return parse_quiet(text, &from, &to) ? NULL : "is no time of the day like 22:00-07:00";
}

static const char *check_metrics_file(const char *text)
{
	size_t n = strlen(text);

	if (text[0] != '/' || strstr(text, "/../")) {
		return N_("is not an absolute path without '..'");
	}
	return n < sizeof("/x.prom") - 1 || strcmp(text + n - 5, ".prom") != 0 || text[n - 6] == '/' ?
		N_("is no name that ends in .prom: node_exporter reads no other") :
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
	{ "least", SET_ENUM, 0, "The least severe alarms that it gets.", ROUTE(least),
	  .standard = "notice", .words = "notice warning urgent" },
	{ "kinds", SET_NAMES, 0,
	  "Only these kinds of alarms; without it, all. There are:" ALARMS(KIND_WORD) ".", ROUTE(kinds),
	  .check = check_kind },
	{ "after", SET_DURATION, 0,
	  "Only alarms that have lasted so long: for whoever is to know when nobody acts. 0s to 30d.",
	  ROUTE(after), .standard = "0s", .max = HOURS(24 * 30) },
	{ "quiet", SET_TEXT, 0,
	  "Hours on the clock of organisation.yaml's time zone, as `22:00-07:00`, in which it gets urgent "
	  "alarms only. The others that last are told at their end, as one message.", ROUTE(quiet),
	  .check = check_quiet },
	{ "digest", SET_BOOLEAN, 0,
	  "Does it get the weekly digest of schedule.yaml: numbers and days, nobody's data?",
	  ROUTE(takes_digest), .standard = "no" },
	{ "jobs", SET_NAMES, 0,
	  "Jobs of schedule.yaml whose begin, good end and failure it is told: for the plugin ping, and a "
	  "watchman that notices when nothing comes.", ROUTE(jobs), .check = check_job },
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
	{ "request_soon", SET_DURATION, 0,
	  "How long before a data subject's request is due an alarm says so. 1d to 90d.",
	  AGENT(request_soon), .standard = "5d", .min = HOURS(24), .max = HOURS(24 * 90) },
	{ "sealed_for", SET_DURATION, 0,
	  "How long the store may be sealed before an alarm says so. 1s to 30d.",
	  AGENT(sealed_for), .standard = "1h", .min = 1, .max = HOURS(24 * 30) },
	{ "disk_low", SET_INTEGER, 0,
	  "Per cent of room left, where the state or a target lies, below which an alarm says so.",
	  AGENT(disk_low), .standard = "10", .min = 1, .max = 99 },
	{ "disk_full", SET_INTEGER, 0, "The same for an urgent one.",
	  AGENT(disk_full), .standard = "3", .min = 1, .max = 99 },
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

bool agent_is_quiet(const struct agent_route *route, int severity, int minute)
{
	int from, to;

	if (!route->quiet || severity == SEVERITY_URGENT || !parse_quiet(route->quiet, &from, &to)) {
		return false;
	}
	return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

bool agent_has_digest(const struct agent_rules *a)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->v[i].takes_digest) {
			return true;
		}
	}
	return false;
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
