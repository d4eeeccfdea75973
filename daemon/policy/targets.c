#include "policy/targets.h"

#include <string.h>

#include "base/err.h"
#include "policy/faults.h"
#include "policy/yaml.h"

#define TARGET(member) offsetof(struct target, member)
#define COUNT(a)       (sizeof(a) / sizeof((a)[0]))
#define DAYS(n)        ((n) * (int64_t)86400)

static const char kinds[] = "directory agent"; /* in the order of enum target_kind */

static const char *check_path(const char *text)
{
	size_t n = strlen(text);

	if (text[0] != '/') {
		return N_("is not an absolute path");
	}
	if (strstr(text, "/../") || (n >= 3 && strcmp(text + n - 3, "/..") == 0)) {
		return "leads upwards with '..'";
	}
	return NULL;
}

/* clang-format off */
static const struct row target_row[] = {
	{ "target", SET_NAME, MUST, "The target's key.", TARGET(key) },
	{ "kind", SET_ENUM, MUST,
	  "`directory`: custosd writes there itself. `agent`: a plugin of custos-agent does, which sees "
	  "nothing but what is encrypted and signed.", TARGET(kind), .words = kinds },
	{ "path", SET_TEXT, 0, "Of `directory`: an absolute path.", TARGET(path),
	  .check = check_path },
	{ "plugin", SET_NAME, 0,
	  "Of `agent`: the name of a plugin of custos-agent that keeps backups, without `.so`.",
	  TARGET(plugin) },
	{ "settings", SET_NODE, 0,
	  "Of `agent`: settings of the plugin, each a text. A secret is never one: they name a file "
	  "that only the agent's user can read, or a credential of systemd.", TARGET(settings) },
};
static const struct rows target_rows = {
	"A target", target_row, COUNT(target_row), sizeof(struct target), TARGET(node)
};

static const struct row targets_row[] = {
	{ "vault_bound", SET_DURATION, 0,
	  "How long a copy of the keys is kept after a newer one took its place: how long an "
	  "erased person's key may linger, and how long a hostile erasure can be undone. 1d to 90d.",
	  offsetof(struct targets, vault_bound), .standard = "7d", .min = DAYS(1),
	  .max = DAYS(90) },
	{ "drill_window", SET_DURATION, 0,
	  "How long after a backup custosd can open its data objects for a drill without the "
	  "identity; afterwards nobody can. Keys are never opened so. 0d to 90d; 0d: never.",
	  offsetof(struct targets, drill_window), .standard = "7d", .max = DAYS(90) },
	{ "recovery_point", SET_DURATION, 0,
	  "How old the newest backup at a target may be before an alarm says that too much would be lost. "
	  "Without it: until two hours after the next backup was due by schedule.yaml. 1h to 1y.",
	  offsetof(struct targets, recovery_point), .min = 3600, .max = DAYS(365) },
	{ "targets", SET_MAPS, 0, "Where backups go.", offsetof(struct targets, v),
	  offsetof(struct targets, n), .of = &target_rows },
};
/* clang-format on */
const struct rows targets_rows = { "backup.yaml", targets_row, COUNT(targets_row),
	sizeof(struct targets), offsetof(struct targets, node) };

const struct target *targets_find(const struct targets *t, const char *key)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].key && strcmp(t->v[i].key, key) == 0) {
			return &t->v[i];
		}
	}
	return NULL;
}

/* Two targets in one place are one copy that counts as two. */
static const struct target *find_path(const struct targets *t, const char *path)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].path && strcmp(t->v[i].path, path) == 0) {
			return &t->v[i];
		}
	}
	return NULL;
}

static void check_settings(const char *file, const struct target *target, struct faults *faults)
{
	const struct yaml_node *n = target->settings ? target->settings->first : NULL;

	for (; n; n = n->next) {
		if (n->kind != YAML_SCALAR || yaml_is_empty(n)) {
			faults_add(faults, file, n->key_line, "settings", "each is one text");
		}
	}
}

/* Each kind has members of its own. */
static void check_kind(const char *file, const struct target *target, struct faults *faults)
{
	bool is_far = target->kind == TARGET_AGENT;
	unsigned line = target->node->line;
	const struct yaml_node *own = yaml_find(target->node, is_far ? "plugin" : "path");

	if (!own) {
		faults_add(faults, file, line, is_far ? "plugin" : "path", "is missing");
	}
	if (is_far ? target->path != NULL : target->plugin != NULL) {
		faults_add(faults, file, line, is_far ? "path" : "plugin", "is not for this kind%s",
			is_far ? ": it is one of 'settings'" : "");
	}
	if (!is_far && target->settings) {
		faults_add(faults, file, line, "settings", "are not for this kind");
	}
	check_settings(file, target, faults);
}

static void check_target(const char *file, const struct targets *t,
	const struct target *target, struct faults *faults)
{
	const struct target *first = target->key ? targets_find(t, target->key) : target;

	if (first != target) {
		faults_add(faults, file, yaml_find(target->node, "target")->line, "target",
			"'%s' stands twice; first in line %u", target->key,
			yaml_find(first->node, "target")->line);
	}
	check_kind(file, target, faults);
	first = target->path ? find_path(t, target->path) : target;
	if (first != target) {
		faults_add(faults, file, yaml_find(target->node, "path")->line, "path",
			"is also that of the target in line %u", first->node->line);
	}
}

int targets_read(struct yaml *y, struct faults *faults, struct targets *ret)
{
	int r = rows_read(&targets_rows, y, yaml_root(y), faults, ret);

	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < ret->n; i++) {
		ret->nfar += ret->v[i].kind == TARGET_AGENT;
		check_target(yaml_file(y), ret, &ret->v[i], faults);
	}
	if (ret->nfar > TARGETS_MAX_FAR) {
		faults_add(faults, yaml_file(y), ret->v[0].node->line, "targets",
			"more than %d are of the kind agent", TARGETS_MAX_FAR);
	}
	return 0;
}
