#include "policy/duties.h"

#include <stddef.h>
#include <string.h>

#include "policy/faults.h"
#include "policy/roles.h"
#include "policy/yaml.h"

#define DUTY(member)  offsetof(struct duty, member)
#define FILE_(member) offsetof(struct duties, member)
#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))
#define DAYS(n)       ((n) * (int64_t)86400)

static const char *check_when(const char *text)
{
	struct cron c;
	const char *fault = cron_parse(text, &c);

	return fault ? fault : cron_next(&c, 0) == INT64_MAX ? "is on no day of any year" : NULL;
}

/* clang-format off */
static const struct row duty_row[] = {
	{ "duty", SET_NAME, MUST, "The duty's key.", DUTY(key) },
	{ "text", SET_MAP, MUST, "What is to be done.", DUTY(text), .of = &said_rows },
	{ "evidence", SET_MAP, MUST, "What `duty done` wants to be told.", DUTY(evidence),
	  .of = &said_rows },
	{ "owner", SET_NAME, MUST,
	  "Whose duty it is, a role of roles.yaml: only who has it can say that it was done. For one person, "
	  "make a role of theirs.", DUTY(owner) },
	{ "months", SET_INTEGER, 0,
	  "How many months after it was done it is due again. 1 to 120. Either this or `when`.",
	  DUTY(months), .min = 1, .max = 120 },
	{ "when", SET_TEXT, 0,
	  "On which days it is due, in the five fields of crontab, as `0 0 15 1,7 *`. What is done within the "
	  "time of `warn` before such a day is done for that day.", DUTY(when_text), .check = check_when },
	{ "first", SET_DURATION, 0,
	  "When it is due for the first time, counted from the day on which custosd first knew of it; with "
	  "`when` on the next day of that. 1d to 5y.",
	  DUTY(first), .standard = "90d", .min = DAYS(1), .max = DAYS(5 * 366) },
	{ "warn", SET_DURATION, 0, "How long before it is due `status` says so. 1d to 1y.", DUTY(warn),
	  .standard = "14d", .min = DAYS(1), .max = DAYS(366) },
	{ "grace", SET_DURATION, 0,
	  "How long after the day on which it was due it is late. 1d to 1y.",
	  DUTY(grace), .standard = "14d", .min = DAYS(1), .max = DAYS(366) },
	{ "counts", SET_ENUM, 0,
	  "What counts: `duty done` with its evidence, or, with `drill`, also a drill of level 3 that went well "
	  "at every target.", DUTY(counts), .standard = "evidence", .words = "evidence drill" },
	{ "shows", SET_ENUM, 0,
	  "What `duty show` adds to it: with `access`, each user and group of roles.yaml with their roles, and "
	  "when who was last seen in the log.", DUTY(shows), .standard = "nothing", .words = "nothing access" },
	{ "cite", SET_TEXT, 0, "Which law asks for it.", DUTY(cite) },
};
static const struct rows duty_rows = { "A duty", duty_row, COUNT(duty_row), sizeof(struct duty),
	DUTY(node) };

static const struct row file_row[] = {
	{ "duties", SET_MAPS, 0, "What people do again and again.", FILE_(v), FILE_(n),
	  .of = &duty_rows },
};
/* clang-format on */
const struct rows duties_rows = { "duties.yaml", file_row, COUNT(file_row), sizeof(struct duties),
	FILE_(node) };

const struct duty *duties_find(const struct duties *d, const char *key)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].key && strcmp(d->v[i].key, key) == 0) {
			return &d->v[i];
		}
	}
	return NULL;
}

static unsigned line_of(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *at = yaml_find(node, key);

	return at ? at->line : node->line;
}

int duties_read(struct yaml *y, struct faults *faults, struct duties *ret)
{
	const char *file = yaml_file(y);
	int r = rows_read(&duties_rows, y, yaml_root(y), faults, ret);

	if (r < 0) {
		return r;
	}
	if (ret->n > DUTIES_MAX) {
		faults_add(faults, file, ret->v[DUTIES_MAX].node->line, "duties", "are more than %d",
			DUTIES_MAX);
	}
	for (size_t i = 0; i < ret->n; i++) {
		struct duty *d = &ret->v[i];
		const struct duty *first = d->key ? duties_find(ret, d->key) : d;

		if (first != d) {
			faults_add(faults, file, line_of(d->node, "duty"), "duty",
				"'%s' stands twice; first in line %u", d->key, line_of(first->node, "duty"));
		}
		if ((yaml_find(d->node, "months") != NULL) == (yaml_find(d->node, "when") != NULL)) {
			faults_add(faults, file, d->node->line, "months",
				"say when it is due by 'months' or by 'when', one of them");
		}
		if (d->when_text) {
			(void)cron_parse(d->when_text, &d->when); /* it was checked */
		}
	}
	return 0;
}

void duties_check(const struct duties *d, const struct roles *roles, const char *file,
	struct faults *faults)
{
	for (size_t i = 0; i < d->n; i++) {
		bool is_role = !d->v[i].owner; /* that is a fault already */

		for (size_t k = 0; !is_role && k < roles->n; k++) {
			is_role = roles->v[k].key && strcmp(roles->v[k].key, d->v[i].owner) == 0;
		}
		if (!is_role) {
			faults_add(faults, file, line_of(d->v[i].node, "owner"), "owner",
				"'%s' is no role of roles.yaml", d->v[i].owner);
		}
	}
}
