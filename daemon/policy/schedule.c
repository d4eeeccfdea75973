#include "policy/schedule.h"

#include <stddef.h>
#include <string.h>

#include "policy/faults.h"
#include "policy/yaml.h"

#define SCHEDULE(member) offsetof(struct schedule, member)
#define COUNT(a)         (sizeof(a) / sizeof((a)[0]))
#define NEVER            "never"
#define DAY_MS           86400000LL
#define WEEKLY_MS        (7 * DAY_MS + DAY_MS / 2) /* and a clock that is put back */

static const char *check_when(const char *text)
{
	const char *fault = NULL;
	struct cron c;

	if (strcmp(text, NEVER) != 0) {
		fault = cron_parse(text, &c);
		if (!fault && cron_next(&c, 0) == INT64_MAX) {
			fault = "is on no day of any year";
		}
	}
	return fault;
}

/* clang-format off */
static const struct row schedule_row[] = {
#define X(id, word, when, what) \
	{ word, SET_TEXT, 0, what, SCHEDULE(v[JOB_##id].text), .standard = when, .check = check_when },
	JOBS(X)
#undef X
	{ "jitter", SET_DURATION, 0,
	  "How much later than its time a job may begin, by chance: so that many machines do not call at "
	  "one target in the same minute. 0s to 12h.",
	  SCHEDULE(jitter), .standard = "0s", .max = 12 * 3600 },
	{ "catch_up", SET_BOOLEAN, 0,
	  "Whether a job whose time passed while custosd did not run is done, once, when it runs again.",
	  SCHEDULE(catches_up), .standard = "yes" },
	{ "drill_level", SET_INTEGER, 0,
	  "Of the drill: 1 compares hashes, 2 rebuilds the data and compares its rows. Level 3 needs the "
	  "identity, which is not here: somebody holds it by hand.",
	  SCHEDULE(drill_level), .standard = "2", .min = 1, .max = 2 },
};
/* clang-format on */
const struct rows schedule_rows = { "schedule.yaml", schedule_row, COUNT(schedule_row),
	sizeof(struct schedule), SCHEDULE(node) };

static const char *const words[NJOBS] = {
#define X(id, word, when, text) [JOB_##id] = word,
	JOBS(X)
#undef X
};

const char *job_word(enum job j)
{
	return words[j];
}

bool job_parse(const char *word, enum job *ret)
{
	for (enum job j = 0; j < NJOBS; j++) {
		if (strcmp(word, words[j]) == 0) {
			*ret = j;
			return true;
		}
	}
	return false;
}

static unsigned line_of(const struct schedule *s, enum job j)
{
	const struct yaml_node *node = yaml_find(s->node, words[j]);

	return node ? node->line : 0;
}

int schedule_read(struct yaml *y, struct faults *faults, struct schedule *ret)
{
	int r = rows_read(&schedule_rows, y, yaml_root(y), faults, ret);

	for (enum job j = 0; r >= 0 && j < NJOBS; j++) {
		struct schedule_job *job = &ret->v[j];

		job->is_never = !job->text || strcmp(job->text, NEVER) == 0;
		if (!job->is_never) {
			(void)cron_parse(job->text, &job->when); /* it was checked */
		} else if (job->text && j == JOB_RETENTION) {
			faults_add(faults, yaml_file(y), line_of(ret, j), words[j],
				"'never': what is over by retention.yaml has to end");
		}
	}
	return r < 0 ? r : 0;
}

/* The longest time between two backups of a year, or the first that is too long. */
static int64_t longest_gap(const struct cron *when)
{
	int64_t at = cron_next(when, 0), gap = 0, end = at + 366 * DAY_MS;

	for (int64_t next; at < end && gap <= WEEKLY_MS; at = next) {
		next = cron_next(when, at);
		gap = next - at > gap ? next - at : gap;
	}
	return gap;
}

void schedule_warn(const struct schedule *s, const char *file, struct faults *warnings)
{
	const struct schedule_job *backup = &s->v[JOB_BACKUP];
	unsigned line = line_of(s, JOB_BACKUP);

	if (backup->is_never) {
		faults_add(warnings, file, line, words[JOB_BACKUP],
			"'never': what happens between two 'backup run' by hand is lost with this host");
	} else if (longest_gap(&backup->when) > WEEKLY_MS) {
		faults_add(warnings, file, line, words[JOB_BACKUP],
			"'%s' is rarer than weekly: so much can be lost with this host", backup->text);
	}
}
