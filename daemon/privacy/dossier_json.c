/* data.json: for programs.  docs/formats/dossier.schema.json says what it holds. */
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "ledger/leaf.h"
#include "policy/policy.h"
#include "privacy/dossier_forms.h"
#include "store/rule.h"

#define FORMAT_VERSION 2

static void put_time(struct json *j, const char *key, int64_t ms)
{
	char text[CIVIL_TIME_SIZE];

	civil_format_time(ms, text);
	json_str(j, key, text);
}

static const char *word(const char *const words[], size_t n, int value)
{
	return value >= 0 && (size_t)value < n ? words[value] : "";
}

static const char *level_word(int level)
{
	static const char *const words[] = { "public", "internal", "confidential", "restricted" };

	return word(words, 4, level);
}

static const char *anchor_word(int anchor)
{
	static const char *const words[] = { "none", "activity", "event", "relationship" };

	return word(words, 4, anchor);
}

static const char *type_word(int type)
{
	static const char *const words[] = {
#define X(id, text, meaning) text,
		FIELD_TYPES(X)
#undef X
	};

	return word(words, FIELD_NTYPES_, type);
}

static void put_contact(struct json *j, const char *name, const struct organisation_contact *c)
{
	if (c->node) {
		json_open_object(j, name);
		json_str(j, "name", c->name);
		if (c->address) {
			json_str(j, "address", c->address);
		}
		if (c->contact) {
			json_str(j, "contact", c->contact);
		}
		json_close_object(j);
	}
}

static void json_begin(struct dossier_pen *p)
{
	struct json *j = &p->json;
	const struct dossier *d = p->d;
	const struct organisation *o = policy_organisation(d->policy);

	json_open_object(j, NULL);
	json_str(j, "format", "custos dossier");
	json_uint(j, "version", FORMAT_VERSION);
	json_open_object(j, "made");
	put_time(j, "time", d->made_ms);
	json_hex(j, "store", d->store.b, sizeof(d->store.b));
	json_hex(j, "by", d->by.b, sizeof(d->by.b));
	json_str(j, "purpose", d->purpose);
	json_bool(j, "whole", dossier_is_whole(d));
	json_close_object(j);
	json_open_object(j, "subject");
	json_hex(j, "id", d->subject.b, sizeof(d->subject.b));
	json_str(j, "kind", d->kind == SUBJECT_ORGANISATION ? "organisation" : "person");
	json_close_object(j);
	put_contact(j, "controller", &o->controller);
	put_contact(j, "representative", &o->representative);
	put_contact(j, "dpo", &o->dpo);
	put_contact(j, "authority", &o->authority);
	json_open_array(j, "collections");
}

static void put_field(struct json *j, const struct collection *c, const char *key)
{
	const struct field *f = c ? collection_find_field(c, key) : NULL;

	json_open_object(j, NULL);
	json_str(j, "field", key);
	if (f) {
		json_str(j, "type", type_word(f->type));
		json_str(j, "category", f->category ? f->category : c->category);
	}
	json_close_object(j);
}

static void json_part_begin(struct dossier_pen *p, const struct dossier_part *part)
{
	const struct collection *c = part->collection;
	struct json *j = &p->json;

	json_open_object(j, NULL);
	json_str(j, "collection", part->key);
	if (c) {
		if (c->text) {
			json_str(j, "text", c->text);
		}
		json_str(j, "category", c->category);
		json_str(j, "level", level_word(c->level));
		json_str(j, "counts_from", anchor_word(c->anchor));
	}
	json_open_array(j, "fields");
	for (size_t i = 0; i < part->ncolumns; i++) {
		put_field(j, c, part->columns[i].name);
	}
	json_close_array(j);
	json_open_array(j, "records");
}

static void put_provenance(struct json *j, const struct record *rec, bool is_of_another)
{
	json_str(j, "origin", rec->origin == RECORD_EXTERNAL ? "external" : "internal");
	if (rec->source.n > 0) {
		json_strn(j, "source", (const char *)rec->source.p, rec->source.n);
	}
	if (rec->key.n > 0) {
		json_strn(j, "key", (const char *)rec->key.p, rec->key.n);
	}
	if (!id_is_nil(&rec->actor)) {
		json_hex(j, "written_by", rec->actor.b, sizeof(rec->actor.b));
	}
	if (is_of_another) {
		json_bool(j, "of_another", true);
	}
	if (rec->ncosubjects > 0) {
		json_uint(j, "others", rec->ncosubjects); /* of another: with that one, without the subject */
	}
}

/* How this one record is narrower than its collection: {"purpose": ["contract"], "keep": ["30d"]}. */
static void put_rule(struct json *j, const struct row_record *row, const struct rule *rule)
{
	struct rule_entry e = { .key = "" };
	int kind = -1;

	if (row->expires_ms != 0) {
		put_time(j, "expires", row->expires_ms);
	}
	if (!rule || rule->n == 0) {
		return;
	}
	json_open_object(j, "rule");
	for (size_t at = 0; rule_next(rule, &at, &e); kind = (int)e.kind) {
		if (kind != (int)e.kind) {
			if (kind >= 0) {
				json_close_array(j);
			}
			json_open_array(j, rule_kind_word(e.kind));
		}
		json_str(j, NULL, e.key);
	}
	json_close_array(j);
	json_close_object(j);
}

static void json_record(struct dossier_pen *p, const struct dossier_part *part,
	const struct row_record *row, const struct record *rec)
{
	char day[CIVIL_DAY_SIZE], name[ENGINE_KEY_SIZE];
	struct json *j = &p->json;

	(void)part;
	json_open_object(j, NULL);
	json_hex(j, "record", row->id.b, sizeof(row->id.b));
	json_uint(j, "version", row->version);
	if (rec->anchor_day != CIVIL_NO_DAY) {
		civil_format_day(rec->anchor_day, day);
		json_str(j, "date", day);
	}
	put_time(j, "created", row->created_ms);
	put_time(j, "updated", row->updated_ms);
	put_provenance(j, rec, dossier_is_of_another(p->d, row));
	put_rule(j, row, rec->rule);
	json_open_object(j, "fields");
	for (unsigned i = 0; i < rec->nfields; i++) {
		const struct record_field *f = &rec->fields[i];

		if (f->name.n < sizeof(name)) {
			memcpy(name, f->name.p, f->name.n);
			name[f->name.n] = '\0';
			json_strn(j, name, (const char *)f->value.p, f->value.n);
		}
	}
	json_close_object(j);
	json_close_object(j);
	buf_put_u8(p->to, '\n');
}

static void json_part_end(struct dossier_pen *p, const struct dossier_part *part)
{
	(void)part;
	json_close_array(&p->json);
	json_close_object(&p->json);
	buf_put_u8(p->to, '\n');
}

static void put_sources(struct json *j, const struct dossier *d)
{
	json_open_array(j, "sources");
	for (size_t i = 0; i < d->nsources; i++) {
		const struct dossier_source *s = &d->sources[i];

		json_open_object(j, NULL);
		json_str(j, "origin", s->origin == RECORD_EXTERNAL ? "external" : "internal");
		if (*s->name) {
			json_str(j, "source", s->name);
		}
		json_uint(j, "records", s->nrecords);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_recipients(struct json *j, const struct dossier *d, const struct purpose *purpose)
{
	const struct purposes *all = policy_purposes(d->policy);

	json_open_array(j, "recipients");
	for (size_t i = 0; i < purpose->recipients.n; i++) {
		const struct recipient *r = purposes_find_recipient(all, purpose->recipients.v[i]);

		json_open_object(j, NULL);
		json_str(j, "recipient", r->key);
		if (r->text) {
			json_str(j, "text", r->text);
		}
		if (r->country) {
			json_str(j, "country", r->country);
		}
		json_str(j, "transfer", recipient_transfer_word((enum transfer)r->transfer));
		json_close_object(j);
	}
	json_close_array(j);
}

/* All that the policy has: also those that concern nothing that is kept yet. */
static void put_purposes(struct json *j, const struct dossier *d)
{
	const struct purposes *all = policy_purposes(d->policy);

	json_open_array(j, "purposes");
	for (size_t i = 0; i < all->n; i++) {
		const struct purpose *p = &all->v[i];

		json_open_object(j, NULL);
		json_str(j, "purpose", p->key);
		if (p->text) {
			json_str(j, "text", p->text);
		}
		json_str(j, "use", p->use);
		json_str(j, "basis", purpose_basis_word((enum purpose_basis)p->basis));
		if (p->decisions.in[LANGUAGE_EN]) {
			json_str(j, "decisions", p->decisions.in[LANGUAGE_EN]);
		}
		json_open_array(j, "data");
		for (size_t k = 0; k < d->nparts; k++) {
			if (purpose_covers(p, d->parts[k].key)) {
				json_str(j, NULL, d->parts[k].key);
			}
		}
		json_close_array(j);
		put_recipients(j, d, p);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_text(struct json *j, const char *key, const char *text)
{
	if (*text) {
		json_str(j, key, text);
	}
}

static void put_consent(struct json *j, const struct dossier_consent *c)
{
	const struct row_consent *row = &c->row;
	char day[CIVIL_DAY_SIZE];

	json_open_object(j, NULL);
	put_time(j, "time", row->at_ms);
	json_str(j, "purpose", row->purpose);
	put_text(j, "channel", row->channel);
	json_str(j, "state", consent_state_word(row->state));
	if (row->said_day != CIVIL_NO_DAY) {
		civil_format_day(row->said_day, day);
		json_str(j, "said", day);
	}
	if (row->method != METHOD_NONE) {
		json_str(j, "method", consent_method_word(row->method));
	}
	put_text(j, "notice", row->notice);
	put_text(j, "language", row->language);
	if (row->expires_ms != 0) {
		put_time(j, "expires", row->expires_ms);
	}
	json_hex(j, "by", row->actor.b, sizeof(row->actor.b));
	put_text(j, "source", c->source);
	put_text(j, "evidence", c->said);
	json_close_object(j);
}

static void put_consents(struct json *j, const struct dossier *d)
{
	json_open_object(j, "consents");
	json_open_array(j, "events");
	for (size_t i = 0; i < d->nconsents; i++) {
		put_consent(j, &d->consents[i]);
	}
	json_close_array(j);
	json_bool(j, "complete", !d->has_more_consents);
	json_close_object(j);
}

static void put_keep(struct json *j, struct duration keep)
{
	char text[24];

	snprintf(text, sizeof(text), "%d%c", keep.n, keep.unit);
	json_str(j, "keep", text);
}

static void put_limit(struct json *j, const struct retention *all, const char *collection,
	const char *class_key)
{
	const struct retention_rule *rule = retention_find(all, collection, class_key);
	const struct retention_minimum *minimum = retention_minimum(all, collection, class_key);

	json_open_object(j, NULL);
	json_str(j, "collection", collection);
	if (strcmp(class_key, RETENTION_DEFAULT) != 0) {
		json_str(j, "class", class_key);
	}
	if (rule) {
		put_keep(j, rule->keep);
		json_str(j, "then", retention_then_word(rule));
		json_str(j, "reason", rule->reason);
	}
	if (minimum) {
		json_open_object(j, "minimum");
		put_keep(j, minimum->keep);
		json_str(j, "citation", minimum->citation);
		json_close_object(j);
	}
	json_close_object(j);
}

static void put_retention(struct json *j, const struct dossier *d)
{
	const struct retention *all = policy_retention(d->policy);

	json_open_array(j, "retention");
	for (size_t i = 0; i < d->nparts; i++) {
		const char *key;

		for (size_t n = 0; (key = retention_class_key(all, d->parts[i].key, n)) != NULL; n++) {
			put_limit(j, all, d->parts[i].key, key);
		}
	}
	json_close_array(j);
}

static void put_looks(struct json *j, const struct dossier *d)
{
	json_open_object(j, "access");
	json_open_array(j, "entries");
	for (size_t i = 0; i < d->nlooks; i++) {
		const struct dossier_look *k = &d->looks[i];

		json_open_object(j, NULL);
		put_time(j, "first", k->first_ms);
		put_time(j, "last", k->last_ms);
		json_str(j, "act", leaf_act_word(k->act));
		if (*k->purpose) {
			json_str(j, "purpose", k->purpose);
		}
		if (!id_is_nil(&k->by)) {
			json_hex(j, "by", k->by.b, sizeof(k->by.b));
		}
		json_uint(j, "times", k->times);
		json_close_object(j);
	}
	json_close_array(j);
	json_bool(j, "complete", !d->has_more_looks);
	json_uint(j, "unknown", d->nunknown);
	json_close_object(j);
}

static void json_end(struct dossier_pen *p)
{
	json_close_array(&p->json);
	put_purposes(&p->json, p->d);
	put_consents(&p->json, p->d);
	put_sources(&p->json, p->d);
	put_retention(&p->json, p->d);
	put_looks(&p->json, p->d);
	json_close_object(&p->json);
	buf_put_u8(p->to, '\n');
}

const struct dossier_form dossier_json = {
	json_begin, json_part_begin, json_record, json_part_end, json_end
};
