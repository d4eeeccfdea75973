#include "verify/certificate.h"

#include <stdlib.h>
#include <string.h>

#include "verify/flaw.h"
#include "verify/inclusion.h"
#include "verify/signed.h"

/* --- members ---------------------------------------------------------------------- */

const char *certificate_text(const json_t *object, const char *name,
	bool (*is_valid)(struct bytes), struct flaw *f)
{
	const json_t *v = json_object_get(object, name);

	if (!json_is_string(v)) {
		(void)flaw_set(f, VERDICT_INVALID, "'%s' is missing or no text", name);
		return NULL;
	}
	if (is_valid &&
		!is_valid(bytes_of(json_string_value(v), json_string_length(v)))) {
		(void)flaw_set(f, VERDICT_INVALID, "'%s' is malformed", name);
		return NULL;
	}
	return json_string_value(v);
}

int certificate_number(
	const json_t *object, const char *name, uint64_t *ret, struct flaw *f)
{
	const json_t *v = json_object_get(object, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0) {
		return flaw_set(
			f, VERDICT_INVALID, "'%s' is missing or no number", name);
	}
	*ret = (uint64_t)json_integer_value(v);
	return 0;
}

static bool is_scope(struct bytes b)
{
	return bytes_equal(b, bytes_of_text("subject")) ||
	       bytes_equal(b, bytes_of_text("collection")) ||
	       bytes_equal(b, bytes_of_text("record"));
}

static bool is_erasure(struct bytes b)
{
	return bytes_equal(b, bytes_of_text("erasure"));
}

static const struct member {
	const char *name;
	bool (*is_valid)(struct bytes);
	size_t offset; /* of a const char * in struct certificate */
} members[] = {
	{ "store", entry_is_id, offsetof(struct certificate, store) },
	{ "lineage", entry_is_id, offsetof(struct certificate, lineage) },
	{ "issued", entry_is_time, offsetof(struct certificate, issued) },
	{ "erasure", entry_is_id, offsetof(struct certificate, erasure) },
	{ "subject", entry_is_id, offsetof(struct certificate, subject) },
	{ "scope", is_scope, offsetof(struct certificate, scope) },
	{ "purpose", entry_is_key, offsetof(struct certificate, purpose) },
	{ "statement", NULL, offsetof(struct certificate, statement) },
};

static int take_members(struct certificate *c, struct flaw *f)
{
	uint64_t version;

	if (certificate_number(c->json, "custos_certificate", &version, f) < 0) {
		return -1;
	}
	if (version != 1) {
		return flaw_set(
			f, VERDICT_INVALID, "a certificate of another version than 1");
	}
	if (!certificate_text(c->json, "kind", is_erasure, f)) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct member *m = &members[i];
		const char *text = certificate_text(c->json, m->name, m->is_valid, f);

		if (!text) {
			return -1;
		}
		*(const char **)(void *)((char *)c + m->offset) = text;
	}
	if (certificate_number(c->json, "generation", &c->generation, f) < 0) {
		return -1;
	}
	return certificate_number(c->json, "slots", &c->nslots, f);
}

static int check_collections(const struct certificate *c, struct flaw *f)
{
	const json_t *list = json_object_get(c->json, "collections"), *v;
	bool is_whole = strcmp(c->scope, "subject") == 0;
	size_t i;

	if (!json_is_array(list) || is_whole != (json_array_size(list) == 0)) {
		return flaw_set(
			f, VERDICT_INVALID, "'collections' does not fit the scope");
	}
	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v) || !entry_is_key(bytes_of(json_string_value(v),
						  json_string_length(v)))) {
			return flaw_set(f, VERDICT_INVALID,
				"'collections' holds what is no policy key");
		}
	}
	return 0;
}

/* The log that it names must be that of the key which the reader trusts. */
int certificate_origin(const json_t *object, const char *of_lineage, const char *key_text,
	const struct signed_key *key, struct flaw *f)
{
	const json_t *log = json_object_get(object, "log");
	const char *origin = certificate_text(log, "origin", NULL, f);
	const char *named = origin ? certificate_text(log, "key", NULL, f) : NULL;
	struct bytes lineage;

	if (!named) {
		return flaw_in(f, "'log'");
	}
	lineage = bytes_of_text(origin);
	if (strcmp(origin, key->name) != 0 || strcmp(named, key_text) != 0 ||
		!bytes_skip(&lineage, "custos/") ||
		!bytes_equal(lineage, bytes_of_text(of_lineage))) {
		return flaw_set(f, VERDICT_INVALID,
			"'log' names another log, key or lineage than the signer's");
	}
	return 0;
}

/* --- entries ---------------------------------------------------------------------- */

int certificate_claim(const json_t *leaf, const struct signed_key *key,
	struct certificate_claim *ret, struct flaw *f)
{
	const char *line = certificate_text(leaf, "leaf", NULL, f);
	const char *proof = line ? certificate_text(leaf, "proof", NULL, f) : NULL;
	uint64_t index;

	if (!proof || certificate_number(leaf, "index", &index, f) < 0) {
		return -1;
	}
	ret->line = bytes_of(line, json_string_length(json_object_get(leaf, "leaf")));
	if (entry_parse(ret->line, &ret->entry, f) < 0 ||
		inclusion_check(bytes_of(proof, json_string_length(json_object_get(
							leaf, "proof"))),
			ret->line, key, &ret->index, &ret->head, f) < 0) {
		return -1;
	}
	if (ret->index != index) {
		return flaw_set(f, VERDICT_INVALID, "'index' is not that of the proof");
	}
	return 0;
}

/* How many entries begin it, and how many end it: one, or one for each collection. */
static size_t count_parts(const struct certificate *c)
{
	size_t n = json_array_size(json_object_get(c->json, "collections"));

	return n > 0 ? n : 1;
}

static int take_claims(
	struct certificate *c, const struct signed_key *key, struct flaw *f)
{
	const json_t *list = json_object_get(c->json, "leaves"), *leaf;
	size_t i;

	if (json_array_size(list) < 2 * count_parts(c)) { /* 0 for what is no list */
		return flaw_set(
			f, VERDICT_INVALID, "'leaves' has no beginning and end");
	}
	c->claims = calloc(json_array_size(list), sizeof(*c->claims));
	if (!c->claims) {
		return flaw_set(f, VERDICT_FAILED, "out of memory");
	}
	json_array_foreach(list, i, leaf)
	{
		if (certificate_claim(leaf, key, &c->claims[i], f) < 0) {
			return flaw_in(f, "leaf %zu", i);
		}
		c->nclaims = i + 1;
	}
	return 0;
}

static int bad(size_t i, const char *what, struct flaw *f)
{
	return flaw_set(f, VERDICT_INVALID, "leaf %zu: %s", i, what);
}

/* Times of one form compare as bytes do. */
static bool is_before(struct bytes a, struct bytes b)
{
	return memcmp(a.p, b.p, ENTRY_TIME_SIZE - 1) < 0;
}

/* What it is about, it says itself: all, a collection, one record of a collection. */
static int check_part(const struct certificate *c, size_t i, size_t part, struct flaw *f)
{
	const json_t *list = json_object_get(c->json, "collections");
	const struct entry *e = &c->claims[i].entry;
	bool is_record = strcmp(c->scope, "record") == 0;
	const char *wanted = json_string_value(json_array_get(list, part));

	if ((json_array_size(list) > 0) != (e->collection.n > 0) ||
		is_record != (e->record.n > 0)) {
		return bad(i, "is of more or less than 'scope' says", f);
	}
	if (wanted && !bytes_equal(e->collection, bytes_of_text(wanted))) {
		return bad(i, "is of another collection", f);
	}
	return 0;
}

/* Begin, shreds, done: of this erasure and person, one after the other. */
static int check_claim(const struct certificate *c, size_t i, struct flaw *f)
{
	const struct certificate_claim *claim = &c->claims[i], *before = claim - 1;
	const struct entry *e = &claim->entry;
	size_t nparts = count_parts(c), end = c->nclaims - nparts;
	bool is_first = i < nparts, is_last = i >= end;
	size_t part = is_first ? i : is_last ? i - end : SIZE_MAX;

	if (!bytes_equal(e->act, bytes_of_text(is_first  ? "erase.begin"
					       : is_last ? "erase.done"
							 : "erase.shred"))) {
		return bad(i, "is not the step that stands here", f);
	}
	if (!bytes_equal(e->object, bytes_of_text(c->erasure)) ||
		!bytes_equal(e->subject, bytes_of_text(c->subject))) {
		return bad(i, "is of another erasure or person", f);
	}
	if (is_first && !bytes_equal(e->purpose, bytes_of_text(c->purpose))) {
		return bad(i, "has another purpose", f);
	}
	if (i > 0 && (claim->index <= before->index ||
				 is_before(e->time, before->entry.time))) {
		return bad(i, "does not come after the one before it", f);
	}
	return check_part(c, i, part, f);
}

static int check_generations(const struct certificate *c, struct flaw *f)
{
	uint64_t before = 0, generation = 0;
	size_t nparts = count_parts(c);

	for (size_t i = nparts; i < c->nclaims; i++) {
		if (!bytes_number(c->claims[i].entry.generation, &generation) ||
			generation < before) {
			return bad(i, "its vault generation is missing or falls", f);
		}
		before = generation;
	}
	/* the last shred made it, and the end repeats it */
	if (generation != c->generation ||
		(c->nclaims > 2 * nparts &&
			!bytes_equal(c->claims[c->nclaims - nparts - 1].entry.generation,
				c->claims[c->nclaims - 1].entry.generation))) {
		return flaw_set(
			f, VERDICT_INVALID, "'generation' is not that of the entries");
	}
	return 0;
}

static int check_slots(const struct certificate *c, struct flaw *f)
{
	uint64_t n = 0;
	size_t nparts = count_parts(c);

	for (size_t i = nparts; i + nparts < c->nclaims; i++) {
		const struct bytes slots = c->claims[i].entry.slots;
		uint64_t more = slots.n > 0 ? entry_count_slots(slots) : 0;

		if (more > INT64_MAX - n) {
			return bad(i, "has more slots than there can be", f);
		}
		n += more;
	}
	if (n != c->nslots) {
		return flaw_set(f, VERDICT_INVALID,
			"'slots' is not how many the entries shredded");
	}
	return 0;
}

static int check_claims(const struct certificate *c, struct flaw *f)
{
	for (size_t i = 0; i < c->nclaims; i++) {
		if (check_claim(c, i, f) < 0) {
			return -1;
		}
	}
	if (is_before(bytes_of_text(c->issued), c->claims[c->nclaims - 1].entry.time)) {
		return flaw_set(
			f, VERDICT_INVALID, "'issued' lies before the erasure's end");
	}
	return check_generations(c, f) < 0 ? -1 : check_slots(c, f);
}

/* --- the whole -------------------------------------------------------------------- */

/* An empty line would end the JSON for those who cut it out with sed. */
int certificate_parse(struct bytes text, json_t **ret, struct flaw *f)
{
	json_error_t at;

	if (memmem(text.p, text.n, "\n\n", 2)) {
		return flaw_set(f, VERDICT_INVALID, "an empty line within its text");
	}
	*ret = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &at);
	if (!*ret) {
		return flaw_set(f, VERDICT_INVALID, "not JSON: line %d", at.line);
	}
	return json_is_object(*ret) ? 0
				    : flaw_set(f, VERDICT_INVALID, "no JSON object");
}

int certificate_open(struct bytes note, const char *key_text,
	const struct signed_key *key, struct certificate *ret, struct flaw *f)
{
	struct bytes text;

	*ret = (struct certificate){ NULL };
	if (signed_text(note, key, &text, f) < 0 || certificate_parse(text, &ret->json, f) < 0 ||
		take_members(ret, f) < 0 || check_collections(ret, f) < 0 ||
		certificate_origin(ret->json, ret->lineage, key_text, key, f) < 0 ||
		take_claims(ret, key, f) < 0 || check_claims(ret, f) < 0 ||
		certificate_check_terms(ret, f) < 0) {
		return flaw_in(f, "certificate");
	}
	return 0;
}

void certificate_done(struct certificate *c)
{
	free(c->claims);
	json_decref(c->json);
	*c = (struct certificate){ NULL };
}
