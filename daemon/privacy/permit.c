#include "privacy/permit.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/json.h"
#include "policy/access.h"
#include "policy/category.h"
#include "policy/policy.h"
#include "store/rule.h"

#define OPERATION_KNOW "consent.list"     /* sees all of it anyway */
#define OPERATION_THAW "restriction.read"

static const struct {
	const char *word, *sentence;
} verdicts[] = {
#define X(id, word, sentence) [PERMIT_##id] = { word, sentence },
	PERMIT_VERDICTS(X)
#undef X
};

const char *permit_word(enum permit_verdict v)
{
	return verdicts[v].word;
}

const char *permit_told(const struct permit *p, enum permit_verdict v)
{
	return v == PERMIT_GRANTED || p->may_know ? verdicts[v].word : "denied";
}

/* --- role and purpose ------------------------------------------------------------- */

int permit_begin(const struct access_rights *a, const char *operation, const char *purpose,
	unsigned uid, const char *words, struct permit *ret, struct cu_err *err)
{
	struct permit p = { .purpose = NULL };

	if (!rows_is_name(purpose)) { /* else it could not stand in a leaf */
		return cu_err_set(err, CU_EINVAL,
			"purpose: expected a key: 1 to 63 of a-z, 0-9, '_', '.' and '-'");
	}
	if (!access_allows_purpose(a, operation, purpose)) {
		return cu_err_set(err, CU_EDENIED, "uid %u may not %s for this purpose", uid, words);
	}
	p.purpose = policy_find_purpose(a->policy, purpose);
	if (!p.purpose) {
		return cu_err_set(err, CU_EINVAL, "purpose: purposes.yaml has no such purpose");
	}
	p.may_know = access_allows_purpose(a, OPERATION_KNOW, purpose);
	p.may_thaw = access_allows_purpose(a, OPERATION_THAW, purpose);
	p.level = access_level(a, operation, purpose);
	p.who = *a;
	*ret = p;
	return 0;
}

/* --- a person's standing ---------------------------------------------------------- */

const char *permit_events_of(const struct permit *p)
{
	return p->purpose->basis == BASIS_CONSENT || p->purpose->objection != OBJECTION_NONE ?
		p->purpose->key :
		NULL;
}

static enum permit_verdict verdict_of(const struct standing *s)
{
	switch (s->state) {
	case CONSENT_GIVEN:
	case CONSENT_RENEWED: return PERMIT_GRANTED;
	case CONSENT_REFUSED: return PERMIT_REFUSED;
	case CONSENT_WITHDRAWN: return PERMIT_WITHDRAWN;
	case CONSENT_EXPIRED: return PERMIT_EXPIRED;
	case CONSENT_INVALIDATED: return PERMIT_INVALIDATED;
	case CONSENT_NONE:
	case CONSENT_REQUESTED:
	case CONSENT_OBJECTED:
	case CONSENT_UNOBJECTED:
	case CONSENT_NSTATES_: break;
	}
	return PERMIT_UNASKED;
}

enum permit_verdict permit_judge(const struct permit *p, const struct standing *s)
{
	if (!s->exists) {
		return PERMIT_UNKNOWN;
	}
	if (s->who.state != SUBJECT_LIVE) {
		return PERMIT_ERASING;
	}
	if (s->who.is_restricted && !p->may_thaw) {
		return PERMIT_RESTRICTED;
	}
	if (p->purpose->basis == BASIS_CONSENT && !s->is_live) {
		return verdict_of(s);
	}
	return p->purpose->objection != OBJECTION_NONE && s->is_objected ? PERMIT_OBJECTED :
									   PERMIT_GRANTED;
}

/* --- a record's own rule ---------------------------------------------------------- */

static bool has_one_role(const struct access_rights *who, const struct rule *rule)
{
	struct rule_entry e;

	for (size_t at = 0; rule_next(rule, &at, &e);) {
		if (e.kind == RULE_ROLE && access_has_role(who, e.key)) {
			return true;
		}
	}
	return false;
}

/* A record's category may be a special one where its collection's is not. */
static bool lacks_special_basis(const struct purpose *p, const struct rule *rule)
{
	struct rule_entry e;

	for (size_t at = 0; rule_next(rule, &at, &e);) {
		if (e.kind == RULE_CATEGORY && category_is_special(e.key)) {
			return p->special == SPECIAL_NONE;
		}
	}
	return false;
}

bool permit_uses(const struct permit *p, const struct rule *rule)
{
	const struct purpose *purpose = p->purpose;

	if (rule_names(rule, RULE_PURPOSE) && !rule_has(rule, RULE_PURPOSE, purpose->key)) {
		return false;
	}
	if (rule_has(rule, RULE_OBJECTION, purpose->key) ||
		(purpose->is_automated && rule_has(rule, RULE_AUTOMATED, "no"))) {
		return false;
	}
	if (rule_names(rule, RULE_ROLE) && !has_one_role(&p->who, rule)) {
		return false;
	}
	return !lacks_special_basis(purpose, rule);
}

int permit_hide(struct cu_err *err)
{
	return cu_err_set(err, CU_ENOENT,
		"there is no such data subject, or none that you may see for this purpose");
}

static int tell(const struct permit *p, enum permit_verdict v, struct cu_err *err)
{
	if (!p->may_know) {
		return permit_hide(err);
	}
	return cu_err_set(err, v == PERMIT_UNKNOWN ? CU_ENOENT : CU_EDENIED, "%s",
		_(verdicts[v].sentence));
}

int permit_check(const struct permit *p, const struct standing *s, struct cu_err *err)
{
	enum permit_verdict v = permit_judge(p, s);

	return v == PERMIT_GRANTED ? 0 : tell(p, v, err);
}

int permit_check_write(const struct permit *p, const struct standing *s, struct cu_err *err)
{
	enum permit_verdict v = permit_judge(p, s);

	return v == PERMIT_GRANTED || v == PERMIT_UNASKED ? 0 : tell(p, v, err);
}

/* --- how it was derived ----------------------------------------------------------- */

static void put_step(struct json *to, const char *step, bool passed, const char *text)
{
	json_open_object(to, NULL);
	json_str(to, "step", step);
	json_bool(to, "passed", passed);
	json_str(to, "text", text);
	json_close_object(to);
}

static void put_consent(const struct standing *s, struct json *to)
{
	const struct row_consent *ev = &s->event;
	char day[CIVIL_DAY_SIZE], until[CIVIL_DAY_SIZE], text[512];

	if (s->state == CONSENT_NONE) {
		put_step(to, "consent", false, _("nobody ever asked"));
		return;
	}
	civil_format_day(civil_day_of_ms(ev->at_ms), day);
	if (ev->expires_ms != 0) {
		civil_format_day(civil_day_of_ms(ev->expires_ms), until);
	}
	snprintf(text, sizeof(text), _("%s on %s%s%s%s%s%s%s"), intl_word(consent_state_word(ev->state)), day,
		ev->channel[0] ? _(", channel ") : "", ev->channel,
		ev->notice[0] ? _(", notice ") : "", ev->notice,
		ev->expires_ms == 0 ? "" : s->is_live ? _(", until ") : _(", expired on "),
		ev->expires_ms == 0 ? "" : until);
	put_step(to, "consent", s->is_live, text);
}

static void put_objection(const struct permit *p, const struct standing *s, struct json *to)
{
	char day[CIVIL_DAY_SIZE], text[128];

	if (p->purpose->objection == OBJECTION_NONE) {
		return;
	}
	if (!s->is_objected) {
		put_step(to, "objection", true, intl_word("none"));
		return;
	}
	civil_format_day(civil_day_of_ms(s->objection.at_ms), day);
	snprintf(text, sizeof(text), _("objected on %s (%s)"), day,
		intl_word(purpose_objection_word((enum purpose_objection)p->purpose->objection)));
	put_step(to, "objection", false, text);
}

/* Up to the step that decides; what lies behind it was not asked. */
static void put_person(const struct permit *p, const struct standing *s, struct json *to)
{
	enum permit_verdict v = permit_judge(p, s);

	if (v == PERMIT_UNKNOWN || v == PERMIT_ERASING) {
		put_step(to, "person", false, _(verdicts[v].sentence));
		return;
	}
	put_step(to, "person", true, _("is known"));
	put_step(to, "restriction", v != PERMIT_RESTRICTED,
		!s->who.is_restricted ? intl_word("none") :
			v == PERMIT_RESTRICTED ? _("stored only") : _("stored only; the role may read it"));
	if (v == PERMIT_RESTRICTED) {
		return;
	}
	if (p->purpose->basis == BASIS_CONSENT) {
		put_consent(s, to);
	}
	if (p->purpose->basis != BASIS_CONSENT || s->is_live) {
		put_objection(p, s, to);
	}
}

void permit_explain(const struct permit *p, const struct standing *s, struct json *to)
{
	enum permit_verdict v = permit_judge(p, s);
	enum purpose_basis basis = (enum purpose_basis)p->purpose->basis;
	char text[128];

	json_bool(to, "allowed", v == PERMIT_GRANTED);
	json_str(to, "verdict", permit_told(p, v));
	json_open_array(to, "steps");
	put_step(to, "role", true, _("allows this operation for the purpose"));
	put_step(to, "purpose", true, purpose_for_reader(p->purpose));
	snprintf(text, sizeof(text), _("%s, Art. %s GDPR"), intl_word(purpose_basis_word(basis)),
		purpose_basis_article(basis));
	put_step(to, W_("basis"), true, text);
	if (v == PERMIT_GRANTED || p->may_know) {
		put_person(p, s, to);
	} else {
		put_step(to, "person", false,
			_("no such data subject, or none that you may see for this purpose"));
	}
	json_close_array(to);
}
