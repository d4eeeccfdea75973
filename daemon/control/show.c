#include "control/show.h"

#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/json.h"
#include "control/mask.h"
#include "policy/policy.h"
#include "privacy/permit.h"

static bool is_in(const json_t *array, const char *word, size_t n)
{
	size_t i;
	json_t *v;

	if (!array) {
		return true;
	}
	json_array_foreach((json_t *)(uintptr_t)array, i, v) {
		const char *s = json_string_value(v);

		if (s && strlen(s) == n && memcmp(s, word, n) == 0) {
			return true;
		}
	}
	return false;
}

bool show_has_collection(const struct show_filter *f, const char *collection)
{
	return is_in(f->collections, collection, strlen(collection)) &&
		purpose_covers(f->permit->purpose, collection);
}

/* Above the role's level only what sort of value it is. */
static void show_value(struct json *j, const struct show_filter *f, const struct record *rec,
	const char *name, struct span value)
{
	const struct collection *c = policy_find_collection(f->policy, rec->collection);
	struct buf masked = BUF_INIT_WIPE;

	if (rec->level <= f->permit->level) {
		json_strn(j, name, (const char *)value.p, value.n);
		return;
	}
	mask_value(c ? collection_find_field(c, name) : NULL, value, &masked);
	json_buf(j, name, &masked);
	buf_done(&masked);
}

void show_kind(struct json *j, enum subject_kind kind)
{
	json_str(j, "kind", kind == SUBJECT_ORGANISATION ? "organisation" : "person");
}

static bool shows_field(const struct show_filter *f, const char *collection,
	const struct record_field *field, char name[ENGINE_KEY_SIZE])
{
	if (field->name.n >= ENGINE_KEY_SIZE ||
		!is_in(f->fields, (const char *)field->name.p, field->name.n)) {
		return false;
	}
	memcpy(name, field->name.p, field->name.n);
	name[field->name.n] = '\0';
	return purpose_covers_field(f->permit->purpose, collection, name);
}

void show_narrow(const struct show_filter *f, const struct record *rec, struct record *ret)
{
	char name[ENGINE_KEY_SIZE];

	*ret = *rec;
	ret->nfields = 0;
	for (unsigned i = 0; i < rec->nfields; i++) {
		if (shows_field(f, rec->collection, &rec->fields[i], name)) {
			ret->fields[ret->nfields++] = rec->fields[i];
		}
	}
}

void show_fields(struct json *j, const struct show_filter *f, const struct record *rec)
{
	char name[ENGINE_KEY_SIZE];

	json_open_object(j, "fields");
	for (unsigned i = 0; i < rec->nfields; i++) {
		const struct record_field *field = &rec->fields[i];

		if (shows_field(f, rec->collection, field, name)) {
			show_value(j, f, rec, name, field->value);
		}
	}
	json_close_object(j);
}

void show_record(struct json *j, const struct show_filter *f, const struct row_record *row,
	const struct record *rec)
{
	char day[CIVIL_DAY_SIZE];

	json_open_object(j, NULL);
	json_hex(j, "record", row->id.b, sizeof(row->id.b));
	json_str(j, "collection", row->collection);
	json_uint(j, "version", row->version);
	if (rec->anchor_day != CIVIL_NO_DAY) {
		civil_format_day(rec->anchor_day, day);
		json_str(j, "anchor", day);
	}
	json_int(j, "created_ms", row->created_ms);
	if (rec->source.n > 0) {
		json_strn(j, "source", (const char *)rec->source.p, rec->source.n);
	}
	if (rec->ncosubjects > 0) {
		json_open_array(j, "others");
		for (unsigned i = 0; i < rec->ncosubjects; i++) {
			json_hex(j, NULL, rec->cosubjects[i].b, sizeof(rec->cosubjects[i].b));
		}
		json_close_array(j);
	}
	show_fields(j, f, rec);
	json_close_object(j);
}
