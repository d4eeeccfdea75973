#include "control/rule_build.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/json.h"
#include "policy/category.h"
#include "policy/policy.h"
#include "policy/purposes.h"
#include "policy/retention.h"
#include "policy/roles.h"

#define DAY_MS   (24 * 3600 * 1000LL)
#define MAX_KEYS 64 /* of one kind */
#define MAX_KEEP (100 * 365 * 24 * 3600LL) /* seconds */

/* --- does the policy know it? ----------------------------------------------------- */

static bool has_role(const struct policy *p, const char *key)
{
	const struct roles *roles = policy_roles(p);

	for (size_t i = 0; i < roles->n; i++) {
		if (strcmp(roles->v[i].key, key) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_keep(const char *text)
{
	struct duration d;

	return duration_parse(text, &d) && duration_seconds(d) > 0 &&
		duration_seconds(d) <= MAX_KEEP;
}

/* NULL, or why it is not one of this kind. */
static const char *fault_of(const struct policy *p, enum rule_kind kind, const char *key)
{
	switch (kind) {
	case RULE_PURPOSE:
	case RULE_OBJECTION:
		return policy_find_purpose(p, key) ? NULL : _("purposes.yaml has no such purpose");
	case RULE_AUTOMATED:
		return strcmp(key, "yes") == 0 || strcmp(key, "no") == 0 ? NULL :
									   _("expected yes or no");
	case RULE_ROLE: return has_role(p, key) ? NULL : _("roles.yaml has no such role");
	case RULE_RECIPIENT:
		return purposes_find_recipient(policy_purposes(p), key) ?
			NULL :
			_("purposes.yaml has no such recipient");
	case RULE_SOURCE:
		return purposes_find_source(policy_purposes(p), key) ?
			NULL :
			_("purposes.yaml has no such source");
	case RULE_CATEGORY: return category_check(key) ? _("this is no data category") : NULL;
	case RULE_KEEP: return is_keep(key) ? NULL : _("expected how long, such as 30d, 72h or 7y");
	case RULE_NKINDS_: break;
	}
	return _("there is no such member");
}

static bool is_single(enum rule_kind kind)
{
	return kind == RULE_AUTOMATED || kind == RULE_SOURCE || kind == RULE_CATEGORY ||
		kind == RULE_KEEP;
}

/* --- build ------------------------------------------------------------------------ */

static int put(const struct policy *p, enum rule_kind kind, const char *const *keys, size_t n,
	struct rule *to, struct cu_err *err)
{
	if (is_single(kind) && n > 1) {
		return cu_err_set(err, CU_EINVAL, "%s: a record has one", rule_kind_word(kind));
	}
	for (size_t i = 0; i < n; i++) {
		const char *why = fault_of(p, kind, keys[i]);

		if (why) {
			return cu_err_set(err, CU_EINVAL, "%s: %s", rule_kind_word(kind), why);
		}
	}
	return rule_set(to, kind, keys, n, err);
}

static int put_array(const struct policy *p, enum rule_kind kind, const json_t *array,
	struct rule *to, struct cu_err *err)
{
	const char *keys[MAX_KEYS];
	size_t n = json_array_size(array);

	if (n > MAX_KEYS) {
		return cu_err_set(err, CU_ELIMIT, "%s: at most %d", rule_kind_word(kind), MAX_KEYS);
	}
	for (size_t i = 0; i < n; i++) {
		keys[i] = json_string_value(json_array_get(array, i));
	}
	return put(p, kind, keys, n, to, err);
}

static int put_word(const struct policy *p, enum rule_kind kind, const json_t *word,
	struct rule *to, struct cu_err *err)
{
	const char *text = json_string_value(word);

	return text ? put(p, kind, &text, 1, to, err) : 0;
}

/* Through that day. */
static int put_day(const char *text, struct ruling *r, struct cu_err *err)
{
	int32_t day;

	if (!text) {
		return 0;
	}
	if (strlen(text) != CIVIL_DAY_SIZE - 1 || !civil_parse_day(text, &day)) {
		return cu_err_set(err, CU_EINVAL, "expires: expected a date, such as 2026-12-31");
	}
	r->fixed_ms = (day + 1) * DAY_MS;
	return 0;
}

int rule_build(const struct policy *p, const json_t *given, struct ruling *ret,
	struct cu_err *err)
{
	static const struct {
		enum rule_kind kind;
		const char *member;
	} lists[] = { { RULE_PURPOSE, "purposes" }, { RULE_OBJECTION, "objections" },
		{ RULE_ROLE, "roles" }, { RULE_RECIPIENT, "recipients" } };
	static const struct {
		enum rule_kind kind;
		const char *member;
	} words[] = { { RULE_SOURCE, "source" }, { RULE_CATEGORY, "category" },
		{ RULE_KEEP, "keep" } };
	const json_t *automated = json_object_get(given, "automated");
	const char *word = json_is_true(automated) ? "yes" : "no";
	struct ruling made = { .fixed_ms = 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(lists[0]); i++) {
		r = put_array(p, lists[i].kind, json_object_get(given, lists[i].member), &made.rule,
			err);
	}
	for (size_t i = 0; r == 0 && i < sizeof(words) / sizeof(words[0]); i++) {
		r = put_word(p, words[i].kind, json_object_get(given, words[i].member), &made.rule, err);
	}
	if (r == 0 && json_is_boolean(automated)) {
		r = put(p, RULE_AUTOMATED, &word, 1, &made.rule, err);
	}
	if (r == 0) {
		r = put_day(json_string_value(json_object_get(given, "expires")), &made, err);
	}
	if (r == 0 && made.fixed_ms != 0 && rule_names(&made.rule, RULE_KEEP)) {
		r = cu_err_set(err, CU_EINVAL, "expires: either this or keep");
	}
	if (r == 0) {
		*ret = made;
	}
	return r;
}

int rule_build_member(const struct policy *p, const char *member, const json_t *to,
	struct ruling *r, struct cu_err *err)
{
	int kind = rule_kind_of(member);

	if (kind == RULE_KEEP || kind < 0) {
		r->fixed_ms = 0;
	}
	if (kind >= 0) {
		return put_array(p, (enum rule_kind)kind, to, &r->rule, err);
	}
	if (json_array_size(to) > 1) {
		return cu_err_set(err, CU_EINVAL, "expires: a record has one");
	}
	if (rule_set(&r->rule, RULE_KEEP, NULL, 0, err) < 0) {
		return CU_EINVAL;
	}
	return put_day(json_string_value(json_array_get(to, 0)), r, err);
}

/* --- the end ---------------------------------------------------------------------- */

/* By retention.yaml, where that counts from the record's own date, of the class that is kept
 * longest: 0, not. */
static int64_t end_of_collection(const struct policy *p, const char *collection,
	int32_t anchor_day)
{
	const struct collection *c = policy_find_collection(p, collection);
	const struct retention *all = policy_retention(p);
	const char *key;
	int32_t latest = 0;

	if (!c || c->anchor != ANCHOR_EVENT || anchor_day == CIVIL_NO_DAY) {
		return 0;
	}
	for (size_t n = 0; (key = retention_class_key(all, collection, n)) != NULL; n++) {
		const struct retention_rule *rule = retention_find(all, collection, key);
		const struct retention_minimum *least = retention_minimum(all, collection, key);
		int32_t day, at_least;

		if (!rule) {
			return 0;
		}
		day = retention_day_over(rule->keep, anchor_day);
		at_least = least ? retention_day_over(least->keep, anchor_day) : day;
		day = at_least > day ? at_least : day;
		latest = n == 0 || day > latest ? day : latest;
	}
	return latest * DAY_MS;
}

int64_t rule_end(const struct policy *p, const char *collection, const struct ruling *r,
	int64_t created_ms, int32_t anchor_day)
{
	int64_t end_ms = r->fixed_ms, latest_ms = end_of_collection(p, collection, anchor_day);
	struct rule_entry e;
	struct duration keep;

	for (size_t at = 0; rule_next(&r->rule, &at, &e);) {
		if (e.kind == RULE_KEEP && duration_parse(e.key, &keep)) {
			end_ms = created_ms + duration_seconds(keep) * 1000;
		}
	}
	return end_ms != 0 && latest_ms != 0 && latest_ms < end_ms ? latest_ms : end_ms;
}

/* --- show ------------------------------------------------------------------------- */

static void show_list(struct json *j, const struct rule *r, enum rule_kind kind,
	const char *member)
{
	struct rule_entry e;

	if (!rule_names(r, kind)) {
		return;
	}
	json_open_array(j, member);
	for (size_t at = 0; rule_next(r, &at, &e);) {
		if (e.kind == kind) {
			json_str(j, NULL, e.key);
		}
	}
	json_close_array(j);
}

void rule_show(struct json *j, const struct rule *r)
{
	static const struct rule nothing;
	struct rule_entry e;

	r = r ? r : &nothing;
	json_open_object(j, "rule");
	show_list(j, r, RULE_PURPOSE, "purposes");
	show_list(j, r, RULE_OBJECTION, "objections");
	show_list(j, r, RULE_ROLE, "roles");
	show_list(j, r, RULE_RECIPIENT, "recipients");
	for (size_t at = 0; rule_next(r, &at, &e);) {
		if (e.kind == RULE_AUTOMATED) {
			json_bool(j, "automated", strcmp(e.key, "yes") == 0);
		} else if (is_single(e.kind)) {
			json_str(j, rule_kind_word(e.kind), e.key);
		}
	}
	json_close_object(j);
}
