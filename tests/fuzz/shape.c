#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 12

/* Names of fields, with a blank before and behind each, and what may stand in them. */
static const struct {
	const char *names, *words;
} pools[] = {
	{ " subject subjects into ", SHAPE_SUBJECT "|" SHAPE_SUBJECT "|00000000000000000000000000000001" },
	{ " record ", SHAPE_RECORD "|" SHAPE_SUBJECT },
	{ " erasure ", SHAPE_ERASURE },
	{ " approval ", SHAPE_APPROVAL },
	{ " hold ", SHAPE_HOLD },
	{ " message ", SHAPE_MESSAGE },
	{ " request ", "00112233445566778899aabbccddeeff|ffeeddccbbaa99887766554433221100" },
	{ " purpose used_for ", "contract|customer_service|legal_obligation|access_request|erasure_request|incident|"
		"marketing_email|survey|marketing_post|analytics" },
	{ " collection collections ", "profile|contact_point|identifier|order|transaction|interaction|behaviour|need|"
		"feedback|document|custos.case" },
	{ " fields ", "given_name|family_name|email|phone|birth_date|status|language|scheme|value|date|number|amount|"
		"currency|kind|channel|event|topic|score|title|text|city|country|preferred" },
	{ " from to received noticed began ended at told on expires review after day until pauses ",
		"2026-01-02|2026-11-21|2026-11-21T10:30:00Z|2027-01-01|1815-12-10|2026-02-30|9999-12-31|" SHAPE_SUBJECT },
	{ " language ", "en|zh|de|" },
	{ " channel ", "email|phone|post|web|in_person" },
	{ " target ", "local|far" },
	{ " route ", "staff|letters" },
	{ " source scheme ", "web|shop|erp" },
	{ " by is ", "email|phone|external_id|record|key|scheme" },
	{ " value key ", "ada@example.org|+44 20 7946 0958|c-1|17|1.50" },
	{ " law ", "gdpr|pipl" },
	{ " country ", "DE|AT|CN" },
	{ " duty ", "restore_drill|access_review|policy_review" },
	{ " interface ", "io.custos|io.custos.subject|org.varlink.service" },
	{ " actor to operator ", "20002|20003|0" },
	{ " passphrase ", "short" }, /* a longer one would cost Argon2's second */
	{ " charset ", "utf-8|utf-16|cp1252|shift_jis" },
	{ " map ", "source: shop\nsubject: {kind: person, key: id}\nrecords:\n  - collection: profile\n"
		"    fields: {given_name: First}\n" },
	{ " recipients recipient ", "printer|age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef" },
	{ " code ", "123456" },
	{ " notice ", "1|2" },
};

static const char odd[] = "|ada@example.org|Ada|\xe6\x97\xa5\xe6\x9c\xac|\x1b[31m|%s%n|../../etc/passwd|"
	"-1|00|1e999|null|\xc2\xa0|a,b;c\"d'|<script>|2026-11-21";

#define NPOOLS (sizeof(pools) / sizeof(pools[0]))

static const char *words_for(const char *name, struct fuzz_dice *d)
{
	char padded[64];
	bool is_secret = strcmp(name, "passphrase") == 0;

	if (!is_secret && fuzz_below(d, 8) == 0) {
		return odd;
	}
	if (!is_secret && fuzz_below(d, 8) == 0) {
		return pools[fuzz_below(d, NPOOLS)].words;
	}
	(void)snprintf(padded, sizeof(padded), " %s ", name);
	for (size_t i = 0; i < NPOOLS; i++) {
		if (strstr(pools[i].names, padded)) {
			return pools[i].words;
		}
	}
	return odd;
}

static json_t *draw_text(const char *name, struct fuzz_dice *d)
{
	size_t n;
	const char *word = fuzz_word(d, words_for(name, d), &n);

	return json_stringn(word, n);
}

static json_t *draw_number(struct fuzz_dice *d)
{
	static const json_int_t far[] = { -1, INT64_MAX, INT64_MIN, INT32_MAX, 1 << 20,
		INT64_C(1) << 53, 1795298944123 };

	return json_integer(fuzz_below(d, 6) == 0 ? far[fuzz_below(d, sizeof(far) / sizeof(far[0]))]
						  : (json_int_t)fuzz_below(d, 6));
}

static json_t *draw(const struct idl_type *type, const char *name, struct fuzz_dice *d, unsigned depth);

/* Each member that must be there, and half of the others. */
static json_t *draw_struct(const struct idl_type *type, struct fuzz_dice *d, unsigned depth)
{
	json_t *all = json_object();

	for (size_t i = 0; i < type->nfields; i++) {
		const struct idl_field *f = &type->fields[i];
		json_t *value;

		if (f->type->kind == IDL_MAYBE && (depth > 4 || fuzz_below(d, 2) == 0)) {
			continue;
		}
		value = draw(f->type, f->name, d, depth + 1);
		if (!value || json_object_set_new(all, f->name, value) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *draw_many(const struct idl_type *type, const char *name, struct fuzz_dice *d, unsigned depth)
{
	json_t *all = type->kind == IDL_MAP ? json_object() : json_array();
	size_t n = depth > 6 ? 0 : fuzz_below(d, 4);

	for (size_t i = 0; i < n; i++) {
		json_t *key = type->kind == IDL_MAP ? draw_text(name, d) : NULL,
		       *value = draw(type->of, key ? json_string_value(key) : name, d, depth + 1);
		int r = !value ? -1
			: key  ? json_object_set_new(all, json_string_value(key), value)
			       : json_array_append_new(all, value);

		json_decref(key);
		if (r < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *draw_any(struct fuzz_dice *d)
{
	json_t *all = json_object();

	json_object_set_new(all, "a", draw_number(d));
	json_object_set_new(all, "b", draw_text("b", d));
	return all;
}

static json_t *draw(const struct idl_type *type, const char *name, struct fuzz_dice *d, unsigned depth)
{
	if (depth > DEPTH_MAX) {
		return NULL;
	}
	type = idl_resolve(type);
	switch (type->kind) {
	case IDL_BOOL: return json_boolean(fuzz_below(d, 2));
	case IDL_INT: return draw_number(d);
	case IDL_FLOAT: return json_real((double)fuzz_below(d, 1000) / 8);
	case IDL_STRING: return draw_text(name, d);
	case IDL_OBJECT:
	case IDL_ANY: return draw_any(d);
	case IDL_STRUCT: return draw_struct(type, d, depth);
	case IDL_ENUM:
		return type->nfields > 0 ? json_string(type->fields[fuzz_below(d, type->nfields)].name) : NULL;
	case IDL_ARRAY:
	case IDL_MAP: return draw_many(type, name, d, depth);
	case IDL_NAMED:
	case IDL_MAYBE: break; /* idl_resolve sees through these */
	}
	return NULL;
}

json_t *shape_value(const struct idl_type *type, const char *name, struct fuzz_dice *d)
{
	return draw(type, name, d, 0);
}
