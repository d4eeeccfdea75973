#include "privacy/incident.h"

#include <string.h>

#include "privacy/deadline.h"
#include "store/engine_incident.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const kinds[] = { "",
#define X(id, word) word,
	INCIDENT_KINDS(X)
#undef X
};
static const char *const risks[] = {
#define X(id, word) word,
	LAW_RISKS(X)
#undef X
};
static const char *const verdicts[] = {
#define X(id, word) word,
	INCIDENT_VERDICTS(X)
#undef X
};
static const char *const told[] = { [LAW_AUTHORITY] = "authority", [LAW_SUBJECTS] = "subjects" };

static bool find(const char *const *words, size_t n, const char *word, unsigned *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0) {
			*ret = (unsigned)i;
			return true;
		}
	}
	return false;
}

const char *incident_kind_word(unsigned kind)
{
	return kind < COUNT(kinds) ? kinds[kind] : "";
}

unsigned incident_kind_parse(const char *word)
{
	unsigned kind = INCIDENT_NO_KIND_;

	(void)find(kinds, COUNT(kinds), word, &kind);
	return kind;
}

const char *incident_risk_word(unsigned risk)
{
	return risk < COUNT(risks) ? risks[risk] : "";
}

bool incident_risk_parse(const char *word, unsigned *ret)
{
	return find(risks, COUNT(risks), word, ret);
}

const char *incident_told_word(unsigned to)
{
	return to < COUNT(told) ? told[to] : "";
}

bool incident_told_parse(const char *word, unsigned *ret)
{
	return find(told, COUNT(told), word, ret);
}

const char *incident_verdict_word(enum incident_verdict v)
{
	return verdicts[v];
}

static bool is_late(const struct law_breach *duty, const struct row_incident *row, int64_t at_ms)
{
	return duty->within.unit != LAW_AT_ONCE &&
	       at_ms > deadline_breach_ms(duty, row->noticed_ms);
}

enum incident_verdict incident_judge(const struct law_breach *duty,
	const struct row_incident *row, int64_t told_ms, int64_t now_ms)
{
	if (told_ms != 0) {
		return is_late(duty, row, told_ms) ? INCIDENT_IS_TOLD_LATE : INCIDENT_IS_TOLD;
	}
	if (row->risk < (unsigned)duty->from_risk) {
		return INCIDENT_IS_NOT_NEEDED;
	}
	if (duty->unless_keys_safe && row->keys_are_safe) {
		return INCIDENT_IS_KEYS_SAFE;
	}
	return is_late(duty, row, now_ms) ? INCIDENT_IS_OVERDUE : INCIDENT_IS_DUE;
}
