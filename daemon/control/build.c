#include "control/build.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "policy/field.h"

int build_begin(const struct policy *p, const char *collection, struct record *rec,
	const struct collection **ret, struct cu_err *err)
{
	const struct collection *c = policy_find_collection(p, collection);

	if (!c) {
		return cu_err_set(err, CU_EINVAL, "schema.yaml has no such collection");
	}
	*rec = (struct record){ .anchor_day = CIVIL_NO_DAY, .level = (unsigned)c->level,
		.origin = RECORD_INTERNAL };
	snprintf(rec->collection, sizeof(rec->collection), "%s", c->key);
	*ret = c;
	return 0;
}

/* "profile.birth_date: is not a date such as 2026-11-21" */
static int check_value(const struct collection *c, const struct field *f, struct span v,
	struct cu_err *err)
{
	struct cu_err why;
	int r = field_check_value(f, (const char *)v.p, v.n, &why);

	return r < 0 ? cu_err_set(err, r, "%s.%s", c->key, why.msg) : 0;
}

int build_fields(const struct collection *c, const json_t *fields, struct record *rec,
	struct cu_err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)fields, name, value) {
		const struct field *f = collection_find_field(c, name);
		struct span v = span_of(json_string_value(value), json_string_length(value));
		int r;

		if (!f) {
			return cu_err_set(err, CU_EINVAL, "%s has no such field", c->key);
		}
		if (!json_is_string(value)) {
			return cu_err_set(err, CU_EINVAL, "%s.%s: expected a string", c->key, f->key);
		}
		if (v.n > 0) {
			r = check_value(c, f, v, err);
			if (r < 0) {
				return r;
			}
		}
		r = record_set(rec, span_str(f->key), v, err);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int build_covered(const struct purpose *purpose, const struct collection *c, const json_t *fields,
	struct cu_err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)fields, name, value) {
		const struct field *f = collection_find_field(c, name);

		if (f && !purpose_covers_field(purpose, c->key, f->key)) {
			return cu_err_set(err, CU_EINVAL, "%s.%s: the purpose '%s' does not cover it",
				c->key, f->key, purpose->key);
		}
	}
	return 0;
}

static uint32_t period_of(const struct collection *c, int32_t day)
{
	struct civil d = civil_of_day(day);
	uint32_t month = (uint32_t)d.year * 100 + (uint32_t)d.month;

	switch ((enum cohort)c->cohort) {
	case COHORT_MONTH: return month;
	case COHORT_DAY: return month * 100 + (uint32_t)d.day;
	case COHORT_NONE: break;
	}
	return 0;
}

static int find_anchor(const struct collection *c, const char *anchor, struct record *rec,
	struct cu_err *err)
{
	char text[32] = "";

	rec->anchor_day = CIVIL_NO_DAY;
	rec->cohort = 0;
	if (anchor) {
		snprintf(text, sizeof(text), "%s", anchor);
	} else if (c->anchor_field) {
		struct span v = record_get(rec, c->anchor_field);

		snprintf(text, sizeof(text), "%.*s", (int)v.n, (const char *)v.p);
	}
	if (text[0] == '\0') {
		return c->anchor == ANCHOR_EVENT ?
			cu_err_set(err, CU_EINVAL, "%s needs the date in %s", c->key, c->anchor_field) :
			0;
	}
	if (!civil_parse_day(text, &rec->anchor_day)) {
		return cu_err_set(err, CU_EINVAL, "%s: the anchor is no date (2026-11-21)", c->key);
	}
	rec->cohort = period_of(c, rec->anchor_day);
	return 0;
}

int build_finish(const struct collection *c, const char *anchor, struct record *rec,
	struct cu_err *err)
{
	for (size_t i = 0; i < c->nfields; i++) {
		if (c->fields[i].is_required && record_get(rec, c->fields[i].key).n == 0) {
			return cu_err_set(err, CU_EINVAL, "%s.%s is required", c->key, c->fields[i].key);
		}
	}
	if (rec->nfields == 0) {
		return cu_err_set(err, CU_EINVAL, "%s: a record needs at least one field", c->key);
	}
	return find_anchor(c, anchor, rec, err);
}

void build_class(const struct policy *p, const char *old_class, struct record *rec)
{
	const struct retention *r = policy_retention(p);
	const struct retention_class *c = NULL;
	const char *key = RETENTION_DEFAULT;

	while ((c = retention_next_class(r, rec->collection, c)) != NULL) {
		struct span v = record_get(rec, c->field);

		if (v.n > 0 && retention_class_takes(c, (const char *)v.p, v.n)) {
			key = c->key;
			break;
		}
	}
	if (old_class[0] != '\0') {
		key = retention_later_class(r, rec->collection, old_class, key);
	}
	snprintf(rec->class_key, sizeof(rec->class_key), "%s", key);
}
