#include "policy/lawbook.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/path.h"
#include "policy/faults.h"
#include "policy/organisation.h"
#include "policy/retention.h"
#include "policy/yaml.h"

#define LAWS      "law"
#define CALENDARS "law/calendar"
#define SUFFIX    ".yaml"

static int is_policy_file(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > strlen(SUFFIX) &&
		strcmp(e->d_name + n - strlen(SUFFIX), SUFFIX) == 0;
}

/* A file that has its fault in its name, or in its key. */
static void check_key(const char *file, const char *key, struct faults *faults)
{
	const char *name = strrchr(file, '/') + 1;
	size_t n = strlen(name) - strlen(SUFFIX);

	if (key && (strlen(key) != n || strncmp(key, name, n) != 0)) {
		faults_add(faults, file, 0, "file", "is not named after its key '%s'", key);
	}
}

static int read_law(struct lawbook *book, struct yaml *y, struct faults *faults)
{
	struct law *law = &book->laws[book->nlaws++];
	int r = law_read(y, faults, law);

	check_key(yaml_file(y), law->key, faults);
	return r;
}

static int read_calendar(struct lawbook *book, struct yaml *y, struct faults *faults)
{
	struct holidays *h = &book->calendars[book->ncalendars++];
	int r = holidays_read(y, faults, h);

	check_key(yaml_file(y), h->key, faults);
	return r;
}

typedef int reader(struct lawbook *book, struct yaml *y, struct faults *faults);

static int load_file(const char *dir, const char *file, reader *read, struct faults *faults,
	struct lawbook *book, struct cu_err *err)
{
	struct yaml *y = NULL;
	int r = yaml_load(dir, file, faults, &y, err);

	if (r < 0) {
		return r == CU_EINVAL ? 0 : r; /* its faults are known */
	}
	book->trees[book->ntrees++] = y;
	return read(book, y, faults) < 0 ? cu_err_set(err, CU_ENOMEM, "out of memory") : 0;
}

/* Every policy file of one directory, by name. */
static int load_all(const char *dir, const char *sub, size_t max, reader *read,
	struct faults *faults, struct lawbook *book, struct cu_err *err)
{
	char path[PATH_SIZE], file[PATH_SIZE];
	struct dirent **names = NULL;
	int r = path_join(path, dir, sub, err), n;

	if (r < 0) {
		return r;
	}
	n = scandir(path, &names, is_policy_file, alphasort);
	if (n < 0) {
		return errno == ENOENT ? 0 : cu_err_errno(err, errno, "%s", sub);
	}
	if ((size_t)n > max) {
		faults_add(faults, sub, 0, "directory", "has more than %zu files", max);
	}
	for (int i = 0; i < n; i++) {
		if (r == 0 && (size_t)i < max) {
			r = path_join(file, sub, names[i]->d_name, err);
		}
		if (r == 0 && (size_t)i < max) {
			r = load_file(dir, file, read, faults, book, err);
		}
		free(names[i]);
	}
	free(names);
	return r;
}

int lawbook_load(const char *dir, struct faults *faults, struct lawbook *ret,
	struct cu_err *err)
{
	int r = load_all(dir, LAWS, LAWBOOK_LAWS, read_law, faults, ret, err);

	if (r == 0) {
		r = load_all(dir, CALENDARS, LAWBOOK_CALENDARS, read_calendar, faults, ret, err);
	}
	return r;
}

void lawbook_done(struct lawbook *book)
{
	for (size_t i = 0; i < book->ntrees; i++) {
		yaml_free(book->trees[i]);
	}
	memset(book, 0, sizeof(*book));
}

const struct law *lawbook_find(const struct lawbook *book, const char *key)
{
	for (size_t i = 0; i < book->nlaws; i++) {
		if (book->laws[i].key && strcmp(book->laws[i].key, key) == 0) {
			return &book->laws[i];
		}
	}
	return NULL;
}

const struct holidays *lawbook_find_calendar(const struct lawbook *book, const char *key)
{
	for (size_t i = 0; i < book->ncalendars; i++) {
		if (book->calendars[i].key && strcmp(book->calendars[i].key, key) == 0) {
			return &book->calendars[i];
		}
	}
	return NULL;
}

/* --- relations --------------------------------------------------------------------- */

static int64_t days_kept(struct duration d)
{
	return d.unit == 'y' ? d.n * (int64_t)366 : duration_seconds(d) / 86400;
}

static void check_minimum(const struct law *law, const struct retention *retention,
	struct faults *faults)
{
	const struct law_minimum *min = law_find_minimum(law, LAW_LOG);
	const struct yaml_node *at = yaml_find(retention->node, "access_journal");

	if (min && at && min->keep.cite.in[LANGUAGE_EN] &&
		days_kept(retention->access_journal) < law_period_days(&min->keep)) {
		faults_add(faults, "retention.yaml", at->line, "access_journal",
			"'%s' is shorter than %s asks for: %lldd (%s)", at->text, law->file,
			(long long)law_period_days(&min->keep), min->keep.cite.in[LANGUAGE_EN]);
	}
}

void lawbook_check(const struct lawbook *book, const struct organisation *org,
	const struct retention *retention, struct faults *faults)
{
	static const char file[] = "organisation.yaml";

	for (size_t i = 0; i < org->laws.n; i++) {
		const struct law *law = lawbook_find(book, org->laws.v[i]);

		if (law) {
			check_minimum(law, retention, faults);
		} else {
			faults_add(faults, file, yaml_find(org->node, "laws")->line, "laws",
				"there is no %s/%s%s", LAWS, org->laws.v[i], SUFFIX);
		}
	}
	if (org->laws.n > 0 && org->country && !lawbook_find_calendar(book, org->country)) {
		faults_add(faults, file, org->node->line, "country",
			"there is no %s/%s%s", CALENDARS, org->country, SUFFIX);
	}
	for (size_t i = 0; i < book->nlaws; i++) {
		const struct law *law = &book->laws[i];

		if (law->calendar && !lawbook_find_calendar(book, law->calendar)) {
			faults_add(faults, law->file, law->node->line, "calendar",
				"there is no %s/%s%s", CALENDARS, law->calendar, SUFFIX);
		}
	}
}
