#include "policy/purposes.h"

#include <string.h>

#include "base/intl.h"
#include "base/civil.h"
#include "base/text.h"
#include "policy/schema.h"
#include "policy/use.h"

#define PURPOSE(member)   offsetof(struct purpose, member)
#define RECIPIENT(member) offsetof(struct recipient, member)
#define ORIGIN(member)    offsetof(struct origin, member)
#define NOTICE(member)    offsetof(struct notice, member)
#define TEXT(member)      offsetof(struct notice_text, member)
#define COUNT(a)          (sizeof(a) / sizeof((a)[0]))

#define HASH_BYTES 32
#define MAX_EXPIRES (100 * 365 * INT64_C(86400))

/* In the order of the enums of the header. */
#define X(id, word, article, meaning) word " "
static const char bases[] = PURPOSE_BASES(X);
static const char specials[] = PURPOSE_SPECIAL_BASES(X);
#undef X
#define OBJECTIONS "by_law none possible absolute"
#define TRANSFERS  "none adequacy clauses binding_rules consent contract other"

/* --- what a mapping may hold ------------------------------------------------------ */

static const char *check_data(const char *text)
{
	return strcmp(text, "*") == 0 || rows_is_name(text) ?
		NULL :
		N_("is not a collection, a field such as contact_point.email, nor *");
}

static const char *check_day(const char *text)
{
	int32_t day;

	return strlen(text) == CIVIL_DAY_SIZE - 1 && civil_parse_day(text, &day) ?
		NULL :
		N_("is not a date such as 2026-11-21");
}

static const char *check_sha256(const char *text)
{
	uint8_t bytes[HASH_BYTES];

	return text_unhex(text, strlen(text), bytes, sizeof(bytes)) ?
		NULL :
		N_("is not 64 hexadecimal digits, as sha256sum prints them");
}

static const char *check_mail(const char *text)
{
	const char *at = strchr(text, '@');

	return !at || at == text || !at[1] || strchr(at + 1, '@') || strpbrk(text, " <>,;") ?
		"is no e-mail address" :
		NULL;
}

static const char *check_age(const char *text)
{
	return strncmp(text, "age1", 4) != 0 || strlen(text) != 62 ?
		"is no public key of age: 'age1' and 58 characters more" :
		NULL;
}

static const char *check_country(const char *text)
{
	return strlen(text) == 2 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2 ?
		NULL :
		N_("is not a country's two letters, as DE or CN");
}

/* clang-format off */
static const struct row told_row[] = {
	{ "en", SET_TEXT, 0, "In English.", offsetof(struct said, in[LANGUAGE_EN]) },
	{ "zh", SET_TEXT, 0, "In Chinese.", offsetof(struct said, in[LANGUAGE_ZH]) },
};
static const struct rows told_rows = {
	"What people are told", told_row, COUNT(told_row), sizeof(struct said),
	offsetof(struct said, node)
};

static const struct row recipient_row[] = {
	{ "recipient", SET_NAME, MUST, "The recipient's key.", RECIPIENT(key) },
	{ "name", SET_TEXT, 0, "What it is called in letters; its key by default.", RECIPIENT(name) },
	{ "text", SET_TEXT, MUST, "Who it is and why it gets data, in one sentence.", RECIPIENT(text) },
	{ "told", SET_MAP, 0, "The same in the languages of those who are told.", RECIPIENT(told),
	  .of = &told_rows },
	{ "contact", SET_TEXT, 0,
	  "Its name, and how it is reached (PIPL Art. 23, 39); where notices go (GDPR Art. 19).",
	  RECIPIENT(contact) },
	{ "mail", SET_TEXT, 0,
	  "An e-mail address that takes notices: `request send` mails them there by a route with `personal: yes`.",
	  RECIPIENT(mail), .check = check_mail },
	{ "age", SET_TEXT, 0,
	  "Its public key, as age-keygen prints it: notices by mail are encrypted to it, and neither the agent nor a "
	  "mail server reads them.", RECIPIENT(age), .check = check_age },
	{ "language", SET_ENUM, 0, "Of notices; `ours` is that of organisation.yaml.",
	  RECIPIENT(language), .standard = "ours", .words = "ours en zh" },
	{ "country", SET_TEXT, 0, "Where it is: ISO 3166-1, two capital letters.", RECIPIENT(country),
	  .check = check_country },
	{ "transfer", SET_ENUM, 0,
	  "If data leaves the area of the law, what that rests on: an adequacy decision, standard "
	  "clauses, binding corporate rules, explicit consent, a contract, or something else.",
	  RECIPIENT(transfer), .standard = "none", .words = TRANSFERS },
};
static const struct rows recipient_rows = {
	"A recipient", recipient_row, COUNT(recipient_row), sizeof(struct recipient),
	RECIPIENT(node)
};

static const struct row origin_row[] = {
	{ "source", SET_NAME, MUST, "The source's key.", ORIGIN(key) },
	{ "text", SET_TEXT, MUST, "Who or what it is, in one sentence for people.", ORIGIN(text) },
};
static const struct rows origin_rows = {
	"A source", origin_row, COUNT(origin_row), sizeof(struct origin), ORIGIN(node)
};

static const struct row text_row[] = {
	{ "language", SET_NAME, MUST, "Its language, as `en`, `zh` or `pt-br`.", TEXT(language) },
	{ "sha256", SET_TEXT, MUST,
	  "The SHA-256 of the text's file, as `sha256sum` prints it. Keep the file.", TEXT(sha256),
	  .check = check_sha256 },
};
static const struct rows text_rows = {
	"A text of a notice", text_row, COUNT(text_row), sizeof(struct notice_text), TEXT(node)
};

static const struct row notice_row[] = {
	{ "version", SET_NAME, MUST,
	  "A key of your choice; another text is another version.",
	  NOTICE(version) },
	{ "date", SET_TEXT, MUST, "Since when it is used, as 2026-11-21.", NOTICE(date),
	  .check = check_day },
	{ "earlier", SET_NAMES, 0, "The versions before, so that a consent to one can still be noted down.",
	  NOTICE(earlier) },
	{ "texts", SET_MAPS, MUST, "What is shown, one for each language.", NOTICE(texts),
	  NOTICE(ntexts), .of = &text_rows },
};
static const struct rows notice_rows = {
	"A notice", notice_row, COUNT(notice_row), sizeof(struct notice), NOTICE(node)
};

static const struct row purpose_row[] = {
	{ "purpose", SET_NAME, MUST, "The purpose's key.", PURPOSE(key) },
	{ "text", SET_TEXT, MUST, "What the data is used for, in one sentence for people.",
	  PURPOSE(text) },
	{ "told", SET_MAP, 0, "The same in the languages of those who are told.", PURPOSE(told),
	  .of = &told_rows },
	{ "use", SET_NAME, MUST, "The data use, a key of the Fides taxonomy.", PURPOSE(use),
	  .check = use_check },
	{ "basis", SET_ENUM, MUST,
	  "Why it is lawful: Art. 6(1)(a) to (f) GDPR, in this order.", PURPOSE(basis),
	  .words = bases },
	{ "special_basis", SET_ENUM, 0,
	  "The second basis, Art. 9(2)(a) to (j) GDPR; needed when the data has special categories.",
	  PURPOSE(special), .standard = "none", .words = specials },
	{ "data", SET_NAMES, MUST,
	  "All that it covers: collections of schema.yaml, or single fields as "
	  "`contact_point.email`; `*` for everything.",
	  PURPOSE(data), .check = check_data },
	{ "subjects", SET_NAMES, 0, "Whose data it is, keys of the Fides taxonomy.",
	  PURPOSE(subjects), .standard = "customer", .check = use_check_subject },
	{ "recipients", SET_NAMES, 0, "Who receives data for it; keys of the list below.",
	  PURPOSE(recipients) },
	{ "notice", SET_MAP, 0, "What people are told; needed with basis consent.",
	  PURPOSE(notice), .of = &notice_rows },
	{ "channels", SET_NAMES, 0,
	  "Ways of reaching somebody that are agreed to one by one, as `email` or `phone`.",
	  PURPOSE(channels) },
	{ "consent_expires", SET_DURATION, 0,
	  "How long a consent lasts; without it, until it is withdrawn.", PURPOSE(expires),
	  .min = 86400, .max = MAX_EXPIRES },
	{ "withdrawal_erases", SET_NAMES, 0,
	  "Collections that are kept for this purpose alone. When the last consent to it is withdrawn or "
	  "void they are erased, after the grace period of erasure.yaml.", PURPOSE(erases) },
	{ "objection", SET_ENUM, 0,
	  "Whether a person may say no (Art. 21 GDPR). By law: to marketing always, and it ends; "
	  "to public and legitimate interests, unless you show compelling grounds; else not.",
	  PURPOSE(objection), .standard = "by_law", .words = OBJECTIONS },
	{ "interests", SET_MAP, 0,
	  "With basis legitimate_interests: which interests these are, and whose (Art. 13(1)(d) GDPR).",
	  PURPOSE(interests), .of = &told_rows },
	{ "required", SET_MAP, 0,
	  "Whether people have to give the data, by law or for a contract, and what happens if they do "
	  "not (Art. 13(2)(e) GDPR).",
	  PURPOSE(required), .of = &told_rows },
	{ "necessity", SET_MAP, 0,
	  "Why sensitive data has to be used, and what that means for people (PIPL Art. 30).",
	  PURPOSE(necessity), .of = &told_rows },
	{ "source", SET_MAP, 0, "Where the data comes from (Art. 14(2)(f) GDPR).", PURPOSE(source),
	  .of = &told_rows },
	{ "decisions", SET_MAP, 0,
	  "What is decided by machines alone, by which logic, and what follows for people; or that "
	  "nothing is (Art. 13(2)(f), 15(1)(h), 22 GDPR; PIPL Art. 24).",
	  PURPOSE(decisions), .of = &told_rows },
	{ "automated", SET_BOOLEAN, 0,
	  "Whether something is decided about people by a program alone (Art. 22 GDPR). Then records "
	  "whose own rule says `automated: no` are not used for it.", PURPOSE(is_automated) },
};
static const struct rows purpose_rows = {
	"A purpose", purpose_row, COUNT(purpose_row), sizeof(struct purpose), PURPOSE(node)
};

static const struct row purposes_row[] = {
	{ "purposes", SET_MAPS, MUST, "What data may be used for.", offsetof(struct purposes, v),
	  offsetof(struct purposes, n), .of = &purpose_rows },
	{ "recipients", SET_MAPS, 0, "Who outside receives data.",
	  offsetof(struct purposes, recipients), offsetof(struct purposes, nrecipients),
	  .of = &recipient_rows },
	{ "sources", SET_MAPS, 0, "Where records come from that name a source of their own.",
	  offsetof(struct purposes, sources), offsetof(struct purposes, nsources),
	  .of = &origin_rows },
};
/* clang-format on */
const struct rows purposes_rows = { "purposes.yaml", purposes_row, COUNT(purposes_row),
	sizeof(struct purposes), offsetof(struct purposes, node) };

/* --- questions -------------------------------------------------------------------- */

const struct purpose *purposes_find(const struct purposes *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].key && strcmp(p->v[i].key, key) == 0) {
			return &p->v[i];
		}
	}
	return NULL;
}

const struct recipient *purposes_find_recipient(const struct purposes *p, const char *key)
{
	for (size_t i = 0; i < p->nrecipients; i++) {
		if (p->recipients[i].key && strcmp(p->recipients[i].key, key) == 0) {
			return &p->recipients[i];
		}
	}
	return NULL;
}

const struct origin *purposes_find_source(const struct purposes *p, const char *key)
{
	for (size_t i = 0; i < p->nsources; i++) {
		if (p->sources[i].key && strcmp(p->sources[i].key, key) == 0) {
			return &p->sources[i];
		}
	}
	return NULL;
}

static const struct purpose_part *find_part(const struct purpose *p, const char *collection)
{
	for (size_t i = 0; i < p->nparts; i++) {
		if (strcmp(p->parts[i].collection->key, collection) == 0) {
			return &p->parts[i];
		}
	}
	return NULL;
}

const char *purpose_told(const struct purpose *p, enum language language)
{
	return p->told.in[language] ? p->told.in[language] : language == LANGUAGE_EN ? p->text : NULL;
}

const char *recipient_told(const struct recipient *r, enum language language)
{
	return r->told.in[language] ? r->told.in[language] : language == LANGUAGE_EN ? r->text : NULL;
}

const char *purpose_for_reader(const struct purpose *p)
{
	const char *told = intl_language() == INTL_EN ? NULL : purpose_told(p, language_of_reader());

	return told ? told : p->text;
}

const char *recipient_for_reader(const struct recipient *r)
{
	const char *told = intl_language() == INTL_EN ? NULL : recipient_told(r, language_of_reader());

	return told ? told : r->text;
}

bool purpose_covers(const struct purpose *p, const char *collection)
{
	return p->covers_all || find_part(p, collection);
}

bool purpose_covers_field(const struct purpose *p, const char *collection, const char *field)
{
	const struct purpose_part *part;
	const struct field *f;

	if (p->covers_all) {
		return true;
	}
	part = find_part(p, collection);
	if (!part || part->is_whole) {
		return part;
	}
	f = collection_find_field(part->collection, field);
	return f && part->fields[f - part->collection->fields];
}

bool purpose_has_channel(const struct purpose *p, const char *channel)
{
	for (size_t i = 0; i < p->channels.n; i++) {
		if (strcmp(p->channels.v[i], channel) == 0) {
			return true;
		}
	}
	return false;
}

bool notice_has_version(const struct notice *n, const char *version)
{
	for (size_t i = 0; i < n->earlier.n; i++) {
		if (strcmp(n->earlier.v[i], version) == 0) {
			return true;
		}
	}
	return n->version && strcmp(n->version, version) == 0;
}

const struct notice_text *notice_find_text(const struct notice *n, const char *language)
{
	for (size_t i = 0; i < n->ntexts; i++) {
		if (n->texts[i].language && strcmp(n->texts[i].language, language) == 0) {
			return &n->texts[i];
		}
	}
	return NULL;
}

const char *purpose_basis_word(enum purpose_basis basis)
{
	static const char *const words[] = {
#define X(id, word, article, meaning) word,
		PURPOSE_BASES(X)
#undef X
	};

	return words[basis];
}

const char *purpose_basis_article(enum purpose_basis basis)
{
	static const char *const articles[] = {
#define X(id, word, article, meaning) article,
		PURPOSE_BASES(X)
#undef X
	};

	return articles[basis];
}

const char *purpose_special_word(enum purpose_special special)
{
	static const char *const words[] = {
#define X(id, word, article, meaning) word,
		PURPOSE_SPECIAL_BASES(X)
#undef X
	};

	return words[special];
}

const char *purpose_objection_word(enum purpose_objection objection)
{
	static const char *const words[] = { W_("by_law"), W_("none"), W_("possible"), W_("absolute") };

	return words[objection];
}

const char *recipient_transfer_word(enum transfer transfer)
{
	static const char *const words[] = { W_("none"), W_("adequacy"), W_("clauses"),
		W_("binding_rules"), W_("consent"), W_("contract"), W_("other") };

	return words[transfer];
}
