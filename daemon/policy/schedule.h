/*
 * schedule.h: what custosd does by itself, and when: schedule.yaml.
 *
 * Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_SCHEDULE_H
#define CU_POLICY_SCHEDULE_H
#include <stdbool.h>

#include "base/cron.h"
#include "policy/rows.h"

struct faults;
struct yaml;
struct yaml_node;

/* X(id, word, when by default, what it does): in the order in which they are shown.  The words are in
 * data.db and in scripts. */
/* clang-format off */
#define JOBS(X)                                                                          \
	X(BACKUP,    "backup",    "30 1 * * *",                                           \
	  "A backup to every target.")                                                    \
	X(MIRROR,    "mirror",    "*/15 * * * *",                                         \
	  "The log's new entries to every target that holds backups.")                    \
	X(DRILL,     "drill",     "30 4 * * 0",                                           \
	  "A drill of the newest backup at every target.")                                \
	X(RETENTION, "retention", "15 * * * *",                                           \
	  "What is over by retention.yaml ends. It cannot be `never`.")                   \
	X(RESIDUE,   "residue",   "0 3 * * *",                                            \
	  "The search of the raw files for what is left of erased people.")               \
	X(DIGEST,    "digest",    "30 7 * * 1",                                           \
	  "The week in numbers, to the routes of agent.yaml with `digest`.")
/* clang-format on */

enum job {
#define X(id, word, when, text) JOB_##id,
	JOBS(X)
#undef X
	NJOBS
};

struct schedule {
	struct schedule_job {
		const char *text; /* as written */
		bool is_never;
		struct cron when; /* else */
	} v[NJOBS];
	struct duration jitter;
	int64_t drill_level;
	bool catches_up;
	const struct yaml_node *node;
};

extern const struct rows schedule_rows;

const char *job_word(enum job j);
/* False: there is none of this name. */
bool job_parse(const char *word, enum job *ret);

/* Fills ret from the tree of schedule.yaml; everything borrows from y.  0, also when there are
 * faults; CU_ENOMEM. */
int schedule_read(struct yaml *y, struct faults *faults, struct schedule *ret);

/* What is allowed and seldom meant: backups that are rarer than weekly. */
void schedule_warn(const struct schedule *s, const char *file, struct faults *warnings);

#endif
