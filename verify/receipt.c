#include "verify/receipt.h"

#include <stdio.h>
#include <string.h>

#include "verify/flaw.h"
#include "verify/signed.h"

/* --- members ---------------------------------------------------------------------- */

static bool is_consent(struct bytes b)
{
	return bytes_equal(b, bytes_of_text("consent"));
}

static bool is_hash(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		if (!strchr("0123456789abcdef", b.p[i]) || b.p[i] == 0) {
			return false;
		}
	}
	return b.n == 64;
}

/* What the entry of each state is called. */
static const struct {
	const char *state, *act;
} states[] = {
	{ "requested", "consent.request" },
	{ "given", "consent.give" },
	{ "refused", "consent.refuse" },
	{ "withdrawn", "consent.withdraw" },
	{ "invalidated", "consent.invalidate" },
	{ "renewed", "consent.renew" },
	{ "objected", "consent.object" },
	{ "unobjected", "consent.unobject" },
};

static const struct member {
	const char *name;
	bool (*is_valid)(struct bytes);
	size_t offset; /* of a const char * in struct receipt */
	bool may_be_absent;
} members[] = {
	{ "store", entry_is_id, offsetof(struct receipt, store), false },
	{ "lineage", entry_is_id, offsetof(struct receipt, lineage), false },
	{ "issued", entry_is_time, offsetof(struct receipt, issued), false },
	{ "subject", entry_is_id, offsetof(struct receipt, subject), false },
	{ "purpose", entry_is_key, offsetof(struct receipt, purpose), false },
	{ "event_state", entry_is_key, offsetof(struct receipt, state), false },
	{ "event_time", entry_is_time, offsetof(struct receipt, time), false },
	{ "channel", entry_is_key, offsetof(struct receipt, channel), true },
	{ "notice", entry_is_key, offsetof(struct receipt, notice), true },
	{ "notice_sha256", is_hash, offsetof(struct receipt, sha256), true },
	{ "valid_until", entry_is_time, offsetof(struct receipt, until), true },
};

static int take_members(struct receipt *r, struct flaw *f)
{
	uint64_t version;

	if (certificate_number(r->json, "custos_receipt", &version, f) < 0) {
		return -1;
	}
	if (version != 1) {
		return flaw_set(f, VERDICT_INVALID, "a receipt of another version than 1");
	}
	if (!certificate_text(r->json, "kind", is_consent, f)) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct member *m = &members[i];
		const char *text;

		if (m->may_be_absent && !json_object_get(r->json, m->name)) {
			continue;
		}
		text = certificate_text(r->json, m->name, m->is_valid, f);
		if (!text) {
			return -1;
		}
		*(const char **)(void *)((char *)r + m->offset) = text;
	}
	return 0;
}

/* --- the entry -------------------------------------------------------------------- */

static int take_claim(struct receipt *r, const struct signed_key *key, struct flaw *f)
{
	const json_t *list = json_object_get(r->json, "leaves");

	if (json_array_size(list) != 1) { /* 0 for what is no list */
		return flaw_set(f, VERDICT_INVALID, "'leaves' is not one entry");
	}
	return certificate_claim(json_array_get(list, 0), key, &r->claim, f) < 0
		       ? flaw_in(f, "leaf")
		       : 0;
}

static const char *act_of(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].state, state) == 0) {
			return states[i].act;
		}
	}
	return NULL;
}

/* Absent in both, or the same. */
static bool is_same(struct bytes in_entry, const char *member)
{
	return member ? bytes_equal(in_entry, bytes_of_text(member)) : in_entry.n == 0;
}

/* Seconds since 1970 of a time of the one form, which entry_is_time has seen. */
static uint64_t seconds_of(const char *time)
{
	int y = 0, m = 0, d = 0, h = 0, min = 0, s = 0;
	int64_t era, day;

	(void)sscanf(time, "%4d-%2d-%2dT%2d:%2d:%2d", &y, &m, &d, &h, &min, &s);
	y -= m <= 2;
	era = y / 400;
	day = (y - era * 400) * 365 + (y - era * 400) / 4 - (y - era * 400) / 100 +
	      (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	day += era * 146097 - 719468;
	return (uint64_t)(day * 86400 + h * 3600 + min * 60 + s);
}

static int check_until(const struct receipt *r, struct flaw *f)
{
	uint64_t ends = 0;

	if (r->claim.entry.count.n > 0 && !bytes_number(r->claim.entry.count, &ends)) {
		return flaw_set(f, VERDICT_INVALID, "leaf: its end is no number");
	}
	return ends == (r->until ? seconds_of(r->until) : 0)
		       ? 0
		       : flaw_set(f, VERDICT_INVALID,
				 "'valid_until' is not what the entry says");
}

static int check_claim(const struct receipt *r, struct flaw *f)
{
	const struct entry *e = &r->claim.entry;
	const char *act = act_of(r->state);

	if (!act || !bytes_equal(e->act, bytes_of_text(act))) {
		return flaw_set(f, VERDICT_INVALID, "the entry is of another kind than "
						    "'event_state'");
	}
	if (!is_same(e->subject, r->subject) || !is_same(e->purpose, r->purpose) ||
		!is_same(e->collection, r->channel)) {
		return flaw_set(f, VERDICT_INVALID,
			"the entry is of another person, purpose or channel");
	}
	if (!is_same(e->time, r->time) || strcmp(r->issued, r->time) < 0) {
		return flaw_set(f, VERDICT_INVALID, "'event_time' is not the entry's, or "
						    "after 'issued'");
	}
	if (!is_same(e->why, r->notice) || !is_same(e->digest, r->sha256)) {
		return flaw_set(f, VERDICT_INVALID, "the entry is of another notice");
	}
	return check_until(r, f);
}

/* --- the whole -------------------------------------------------------------------- */

int receipt_open(struct bytes note, const char *key_text, const struct signed_key *key,
	struct receipt *ret, struct flaw *f)
{
	struct bytes text;

	*ret = (struct receipt){ NULL };
	if (signed_text(note, key, &text, f) < 0 ||
		certificate_parse(text, &ret->json, f) < 0 || take_members(ret, f) < 0 ||
		certificate_origin(ret->json, ret->lineage, key_text, key, f) < 0 ||
		take_claim(ret, key, f) < 0 || check_claim(ret, f) < 0) {
		return flaw_in(f, "receipt");
	}
	return 0;
}

void receipt_done(struct receipt *r)
{
	json_decref(r->json);
	*r = (struct receipt){ NULL };
}

int receipt_check_log(const struct receipt *r, const char *dir,
	const struct signed_key *key, struct published_result *ret, struct flaw *f)
{
	struct certificate_claim claim = r->claim;
	/* no erasure has a person's id */
	struct certificate one = { .erasure = r->subject, .claims = &claim, .nclaims = 1 };

	return certificate_check_log(&one, dir, key, ret, f);
}
