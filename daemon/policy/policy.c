#include "policy/policy.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/faults.h"
#include "policy/yaml.h"

enum file {
	FILE_SCHEMA,
	FILE_PURPOSES,
	FILE_ROLES,
	FILE_BACKUP,
	FILE_ERASURE,
	FILE_RETENTION,
	FILE_ORGANISATION,
	FILE_SCHEDULE,
	FILE_AGENT,
	FILE_DUTIES,
	NFILES
};

struct policy {
	atomic_uint refs;
	struct yaml *files[NFILES]; /* all texts are borrowed from these */
	bool is_bad[NFILES]; /* while loading: what refers to it is not compared */
	struct schema schema;
	struct purposes purposes;
	struct roles roles;
	struct targets targets;
	struct erasure_rules erasure;
	struct retention retention;
	struct organisation organisation;
	struct schedule schedule;
	struct agent_rules agent;
	struct duties duties;
	struct lawbook lawbook;
	struct letters letters;
};

static const struct {
	const char *name;
	bool may_be_absent;
	const struct rows *rows;
} files[NFILES] = {
	[FILE_SCHEMA] = { "schema.yaml", false, &schema_rows },
	[FILE_PURPOSES] = { "purposes.yaml", false, &purposes_rows },
	[FILE_ROLES] = { "roles.yaml", false, &roles_rows },
	[FILE_BACKUP] = { "backup.yaml", true, &targets_rows },
	[FILE_ERASURE] = { "erasure.yaml", true, &erasure_rows },
	[FILE_RETENTION] = { "retention.yaml", true, &retention_rows },
	[FILE_ORGANISATION] = { "organisation.yaml", true, &organisation_rows },
	[FILE_SCHEDULE] = { "schedule.yaml", true, &schedule_rows },
	[FILE_AGENT] = { "agent.yaml", true, &agent_rows },
	[FILE_DUTIES] = { "duties.yaml", true, &duties_rows },
};

static void free_policy(struct policy *p)
{
	for (size_t i = 0; i < NFILES; i++) {
		yaml_free(p->files[i]);
	}
	lawbook_done(&p->lawbook);
	letters_done(&p->letters);
	free(p);
}

/* An absent file that may be absent reads as an empty one.  What is wrong with the file is in
 * faults only: the other files are read all the same. */
static int load_file(struct policy *p, const char *dir, enum file i, struct faults *faults,
	struct cu_err *err)
{
	int r = yaml_load(dir, files[i].name, faults, &p->files[i], err);

	if (r == CU_ENOENT && files[i].may_be_absent) {
		return yaml_parse(span_of("", 0), files[i].name, faults, &p->files[i], err);
	}
	if (r == CU_ENOENT) {
		faults_add(faults, files[i].name, 0, "file", "does not exist");
		return 0;
	}
	return r == CU_EINVAL ? 0 : r;
}

static int read_file(struct policy *p, enum file i, struct faults *faults)
{
	struct yaml *y = p->files[i];

	if (!y) {
		return 0; /* its faults are known */
	}
	switch (i) {
	case FILE_SCHEMA: return schema_read(y, faults, &p->schema);
	case FILE_PURPOSES:
		return purposes_read(y, p->is_bad[FILE_SCHEMA] ? NULL : &p->schema, faults, &p->purposes);
	case FILE_ROLES: return roles_read(y, faults, &p->roles);
	case FILE_BACKUP: return targets_read(y, faults, &p->targets);
	case FILE_ERASURE: return erasure_read(y, faults, &p->erasure);
	case FILE_RETENTION: return retention_read(y, faults, &p->retention);
	case FILE_ORGANISATION: return organisation_read(y, faults, &p->organisation);
	case FILE_SCHEDULE: return schedule_read(y, faults, &p->schedule);
	case FILE_AGENT: return agent_read(y, faults, &p->agent);
	case FILE_DUTIES: return duties_read(y, faults, &p->duties);
	case NFILES: break;
	}
	return CU_EINTERNAL;
}

static int load_laws(struct policy *p, const char *dir, struct faults *faults, struct cu_err *err)
{
	size_t before = faults->ntotal;
	int r = lawbook_load(dir, faults, &p->lawbook, err);

	if (r == 0) {
		r = letters_load(dir, faults, &p->letters, err);
	}
	if (r < 0) {
		return r;
	}
	if (faults->ntotal == before) {
		letters_check(&p->letters, &p->lawbook, faults);
	}
	if (!p->is_bad[FILE_ORGANISATION] && !p->is_bad[FILE_RETENTION]) {
		lawbook_check(&p->lawbook, &p->organisation, &p->retention, faults);
	}
	return faults_check(faults, err);
}

static int load_all(struct policy *p, const char *dir, struct faults *faults, struct cu_err *err)
{
	for (enum file i = 0; i < NFILES; i++) {
		size_t before = faults->ntotal;
		int r = load_file(p, dir, i, faults, err);

		if (r == 0 && read_file(p, i, faults) < 0) {
			r = cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		if (r < 0) {
			return r;
		}
		p->is_bad[i] = faults->ntotal > before;
	}
	if (!p->is_bad[FILE_PURPOSES]) {
		purposes_check_roles(&p->purposes, &p->roles, faults);
	}
	if (!p->is_bad[FILE_DUTIES] && !p->is_bad[FILE_ROLES]) {
		duties_check(&p->duties, &p->roles, files[FILE_DUTIES].name, faults);
	}
	if (!p->is_bad[FILE_RETENTION] && !p->is_bad[FILE_SCHEMA]) {
		retention_check(&p->retention, &p->schema, files[FILE_RETENTION].name, faults);
	}
	return load_laws(p, dir, faults, err);
}

int policy_load(const char *dir, struct faults *faults, struct policy **ret,
	struct cu_err *err)
{
	struct policy *p = calloc(1, sizeof(*p));
	int r;

	if (!p) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	atomic_init(&p->refs, 1);
	r = load_all(p, dir, faults, err);
	if (r < 0) {
		free_policy(p);
		return r;
	}
	*ret = p;
	return 0;
}

struct policy *policy_ref(struct policy *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void policy_unref(struct policy *p)
{
	/* what others did with it happened before it is freed */
	if (p && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1) {
		free_policy(p);
	}
}

const struct schema *policy_schema(const struct policy *p)
{
	return &p->schema;
}

const struct purposes *policy_purposes(const struct policy *p)
{
	return &p->purposes;
}

const struct roles *policy_roles(const struct policy *p)
{
	return &p->roles;
}

const struct targets *policy_targets(const struct policy *p)
{
	return &p->targets;
}

const struct erasure_rules *policy_erasure(const struct policy *p)
{
	return &p->erasure;
}

const struct retention *policy_retention(const struct policy *p)
{
	return &p->retention;
}

const struct organisation *policy_organisation(const struct policy *p)
{
	return &p->organisation;
}

const struct schedule *policy_schedule(const struct policy *p)
{
	return &p->schedule;
}

void policy_warn(const struct policy *p, struct faults *warnings)
{
	schedule_warn(&p->schedule, files[FILE_SCHEDULE].name, warnings);
}

const struct agent_rules *policy_agent(const struct policy *p)
{
	return &p->agent;
}

const struct duties *policy_duties(const struct policy *p)
{
	return &p->duties;
}

const struct law *policy_find_law(const struct policy *p, const char *key)
{
	return lawbook_find(&p->lawbook, key);
}

const struct holidays *policy_find_calendar(const struct policy *p, const char *key)
{
	return lawbook_find_calendar(&p->lawbook, key);
}

const struct holidays *policy_calendar_of(const struct policy *p, const struct law *law)
{
	return policy_find_calendar(p, law->calendar ? law->calendar : p->organisation.country);
}

const struct letters_letter *policy_find_letter(const struct policy *p, enum letter_kind kind)
{
	return p->letters.v[kind].node ? &p->letters.v[kind] : NULL;
}

const struct collection *policy_find_collection(const struct policy *p, const char *key)
{
	return schema_find_collection(&p->schema, key);
}

const struct purpose *policy_find_purpose(const struct policy *p, const char *key)
{
	return purposes_find(&p->purposes, key);
}

const struct target *policy_find_target(const struct policy *p, const char *key)
{
	return targets_find(&p->targets, key);
}

void policy_explain(struct buf *out)
{
	for (size_t i = 0; i < NFILES; i++) {
		rows_explain(files[i].rows, out);
	}
	rows_explain(&law_rows, out);
	rows_explain(&holidays_rows, out);
	rows_explain(&letters_rows, out);
	letters_explain(out);
}
