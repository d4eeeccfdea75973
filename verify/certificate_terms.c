#include <string.h>

#include "verify/certificate.h"
#include "verify/flaw.h"

/* --- the guarantee ---------------------------------------------------------------- */

static int check_guarantee(struct certificate *c, struct flaw *f)
{
	const json_t *guarantee = json_object_get(c->json, "guarantee"), *reason;
	const json_t *reasons = json_object_get(guarantee, "reasons");
	size_t i;

	c->guarantee = certificate_text(guarantee, "class", entry_is_key, f);
	if (!c->guarantee) {
		return -1;
	}
	if (strcmp(c->guarantee, "overwritten-in-place") != 0 &&
		strcmp(c->guarantee, "weaker") != 0) {
		return flaw_set(f, VERDICT_INVALID, "'class' is none that is known");
	}
	if (!json_is_array(reasons)) {
		return flaw_set(f, VERDICT_INVALID, "'reasons' is no list");
	}
	json_array_foreach(reasons, i, reason)
	{
		if (!certificate_text(reason, "key", entry_is_key, f) ||
			!certificate_text(reason, "text", NULL, f)) {
			return flaw_in(f, "reason %zu", i);
		}
	}
	if (strcmp(c->guarantee, "weaker") == 0 && json_array_size(reasons) == 0) {
		return flaw_set(
			f, VERDICT_INVALID, "'class' is weaker without a reason");
	}
	return 0;
}

/* --- the last copy ---------------------------------------------------------------- */

/* From the best that can be said to the worst. */
enum last_copy { LAST_GONE, LAST_BY, LAST_UNBOUNDED, LAST_HERE_ONLY, LAST_UNKNOWN };

static enum last_copy state_of(const char *word)
{
	static const char *const words[] = { "gone", "by", "unbounded",
		"this-host-only" };
	int i = 0;

	while (i < LAST_UNKNOWN && strcmp(word, words[i]) != 0) {
		i++;
	}
	return (enum last_copy)i;
}

/* A state, and the date that "by" needs; NULL where there is none. */
static int take_state(const json_t *from, enum last_copy *ret, const char **ret_word,
	const char **ret_date, struct flaw *f)
{
	const char *word = certificate_text(from, "state", NULL, f), *date = NULL;

	if (!word) {
		return -1;
	}
	*ret = state_of(word);
	if (*ret == LAST_UNKNOWN) {
		return flaw_set(f, VERDICT_INVALID, "'state' is none that is known");
	}
	if (*ret == LAST_BY || json_object_get(from, "date")) {
		date = certificate_text(from, "date", entry_is_time, f);
		if (!date) {
			return -1;
		}
	}
	*ret_word = word;
	*ret_date = date;
	return 0;
}

static int check_target(const struct certificate *c, const json_t *target,
	enum last_copy whole, struct flaw *f)
{
	const char *word, *date;
	enum last_copy state;

	if (!certificate_text(target, "target", entry_is_key, f) ||
		take_state(target, &state, &word, &date, f) < 0) {
		return -1;
	}
	if (state > whole || state == LAST_HERE_ONLY) {
		return flaw_set(f, VERDICT_INVALID, "is worse than 'last_copy' says");
	}
	if (state == LAST_BY && whole == LAST_BY && strcmp(date, c->last_date) > 0) {
		return flaw_set(
			f, VERDICT_INVALID, "its date lies after that of 'last_copy'");
	}
	return 0;
}

/* What is said of all must be no better than what is said of each. */
static int check_last_copy(struct certificate *c, struct flaw *f)
{
	const json_t *last = json_object_get(c->json, "last_copy"), *target;
	const json_t *targets = json_object_get(last, "targets");
	enum last_copy whole;
	size_t i;

	if (take_state(last, &whole, &c->last_state, &c->last_date, f) < 0) {
		return -1;
	}
	/* without a target: this host only, or a store restored from where nothing is known */
	if (!json_is_array(targets) ||
		(json_array_size(targets) > 0 ? whole == LAST_HERE_ONLY :
						whole != LAST_HERE_ONLY && whole != LAST_UNBOUNDED)) {
		return flaw_set(f, VERDICT_INVALID, "'targets' does not fit 'state'");
	}
	json_array_foreach(targets, i, target)
	{
		if (check_target(c, target, whole, f) < 0) {
			return flaw_in(f, "target %zu", i);
		}
	}
	return 0;
}

int certificate_check_terms(struct certificate *c, struct flaw *f)
{
	if (check_guarantee(c, f) < 0) {
		return flaw_in(f, "'guarantee'");
	}
	return check_last_copy(c, f) < 0 ? flaw_in(f, "'last_copy'") : 0;
}
