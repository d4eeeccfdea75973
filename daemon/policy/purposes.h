/*
 * purposes.h: what personal data may be used for, on which legal basis: purposes.yaml.
 *
 * A purpose names the data that it covers (an allow-list: collections of schema.yaml, or single
 * fields of them), its legal basis, who receives the data, and what people were told.  Immutable;
 * lives as long as its policy.
 */
#ifndef CU_POLICY_PURPOSES_H
#define CU_POLICY_PURPOSES_H
#include <stdbool.h>
#include <stddef.h>

#include "base/intl.h"
#include "policy/rows.h"
#include "policy/said.h"

struct collection;
struct faults;
struct roles;
struct schema;
struct yaml;
struct yaml_node;

/* X(id, word, article of the GDPR, meaning).  The words are those of purposes.yaml. */
/* clang-format off */
#define PURPOSE_BASES(X)                                                                 \
	X(CONSENT, W_("consent"),              "6(1)(a)", "the person agreed")           \
	X(CONTRACT, W_("contract"),             "6(1)(b)", "a contract with the person needs it") \
	X(LEGAL, W_("legal_obligation"),     "6(1)(c)", "a law demands it")            \
	X(VITAL, W_("vital_interests"),      "6(1)(d)", "somebody's life depends on it") \
	X(PUBLIC, W_("public_interest"),      "6(1)(e)", "a public task needs it")      \
	X(LEGITIMATE, W_("legitimate_interests"), "6(1)(f)", "interests that outweigh the person's")

/* The second basis, for special categories. */
#define PURPOSE_SPECIAL_BASES(X)                                                         \
	X(NONE, W_("none"),             "",        "")                                \
	X(EXPLICIT, W_("explicit_consent"), "9(2)(a)", "the person agreed explicitly")    \
	X(EMPLOYMENT, W_("employment"),       "9(2)(b)", "employment and social security law") \
	X(VITAL, W_("vital_interests"),  "9(2)(c)", "somebody's life depends on it")   \
	X(NON_PROFIT, W_("non_profit"),       "9(2)(d)", "a body's own members")            \
	X(MADE_PUBLIC, W_("made_public"),      "9(2)(e)", "the person made it public")       \
	X(CLAIMS, W_("legal_claims"),     "9(2)(f)", "legal claims")                    \
	X(PUBLIC, W_("public_interest"),  "9(2)(g)", "substantial public interest")     \
	X(CARE, W_("health_care"),      "9(2)(h)", "health or social care")           \
	X(HEALTH, W_("public_health"),    "9(2)(i)", "public health")                   \
	X(ARCHIVING, W_("archiving"),        "9(2)(j)", "archiving, research, statistics")
/* clang-format on */

enum purpose_basis {
#define X(id, word, article, meaning) BASIS_##id,
	PURPOSE_BASES(X)
#undef X
};

enum purpose_special {
#define X(id, word, article, meaning) SPECIAL_##id,
	PURPOSE_SPECIAL_BASES(X)
#undef X
};

/* May somebody say no?  By law from the basis and the use; a purpose may only give more. */
enum purpose_objection { OBJECTION_BY_LAW, OBJECTION_NONE, OBJECTION_POSSIBLE, OBJECTION_ABSOLUTE };

/* What a transfer to a third country rests on, GDPR chapter V. */
enum transfer {
	TRANSFER_NONE, TRANSFER_ADEQUACY, TRANSFER_CLAUSES, TRANSFER_BINDING_RULES,
	TRANSFER_CONSENT, TRANSFER_CONTRACT, TRANSFER_OTHER
};

/* The language of a notice: that of organisation.yaml, or one of said.h. */
enum recipient_language { RECIPIENT_OURS, RECIPIENT_EN, RECIPIENT_ZH };

struct recipient {
	const char *key;
	const char *name;    /* in letters; its key where nothing is said */
	const char *text;    /* who it is, one sentence */
	struct said told;    /* the same for a language; each may be NULL */
	const char *contact; /* its name and how to reach it; may be NULL */
	const char *mail;    /* an address that takes notices; may be NULL */
	const char *age;     /* the key that they are encrypted to; may be NULL */
	int language;        /* enum recipient_language: of notices */
	const char *country; /* ISO 3166-1; may be NULL */
	int transfer;        /* enum transfer */
	const struct yaml_node *node;
};

/* Where records come from (Art. 14(2)(f), 15(1)(g) GDPR). */
struct origin {
	const char *key;
	const char *text; /* one sentence for people */
	const struct yaml_node *node;
};

/* What people were told, in each of its languages. */
struct notice_text {
	const char *language; /* a key: en, zh, pt-br */
	const char *sha256;   /* of the text that is shown, 64 hexadecimal digits */
	const struct yaml_node *node;
};

struct notice {
	const char *version; /* a key; NULL: there is no notice */
	const char *date;    /* 2026-11-21 */
	struct names earlier; /* versions that somebody may still have seen */
	const struct notice_text *texts;
	size_t ntexts;
	const struct yaml_node *node;
};

/* Of one collection: the whole, or these fields. */
struct purpose_part {
	const struct collection *collection; /* of schema.yaml */
	bool is_whole;
	const bool *fields; /* one for each of the collection's */
};

struct purpose {
	const char *key;
	const char *text; /* one sentence for people */
	struct said told; /* the same for a language; each may be NULL, as of the next */
	struct said interests; /* which ones outweigh the person's */
	struct said required;  /* whether people must give the data, and what follows if they do not */
	struct said necessity; /* why sensitive data is needed, and what that means for people */
	struct said source;    /* where it comes from */
	struct said decisions; /* what machines decide alone */
	const char *use;  /* fideslang key, such as marketing.communications.email */
	int basis;        /* enum purpose_basis */
	int special;      /* enum purpose_special */
	int objection;    /* enum purpose_objection, never OBJECTION_BY_LAW once read */
	struct names data;        /* "profile", "contact_point.email", or "*" */
	struct names subjects;    /* fideslang keys; customer if nothing is said */
	struct names recipients;  /* keys */
	struct names channels;    /* keys; none: consent is for the purpose as a whole */
	struct duration expires;  /* of a consent; 0: never */
	struct names erases;      /* collections that go when the consent is withdrawn */
	struct notice notice;
	bool is_automated;        /* decides alone (Art. 22 GDPR) */
	bool covers_all;          /* data is "*" */
	struct purpose_part *parts; /* read-only */
	size_t nparts;
	const char *sensitive;    /* the first category of PIPL Art. 28 or GDPR Art. 9 in it, or NULL */
	const struct yaml_node *node;
};

struct purposes {
	const struct recipient *recipients;
	size_t nrecipients;
	const struct origin *sources;
	size_t nsources;
	struct purpose *v; /* read-only */
	size_t n;
	const struct yaml_node *node;
};

extern const struct rows purposes_rows;

/* Fills ret from the tree of purposes.yaml, both passes; everything borrows from y and schema.
 * schema is NULL when it is at fault itself: then nothing is compared with it.  0, also when there
 * are faults; CU_ENOMEM. */
int purposes_read(struct yaml *y, const struct schema *schema, struct faults *faults,
	struct purposes *ret);
/* Roles may name only purposes that there are; faults are those of roles.yaml. */
void purposes_check_roles(const struct purposes *p, const struct roles *roles,
	struct faults *faults);

/* NULL when there is none of this key. */
const struct purpose *purposes_find(const struct purposes *p, const char *key);
const struct recipient *purposes_find_recipient(const struct purposes *p, const char *key);
const struct origin *purposes_find_source(const struct purposes *p, const char *key);

/* In words for people; NULL: purposes.yaml has none in this language. */
const char *purpose_told(const struct purpose *p, enum language language);
const char *recipient_told(const struct recipient *r, enum language language);
/* For whoever asks: as purposes.yaml has it, or, where that is there, in their language. */
const char *purpose_for_reader(const struct purpose *p);
const char *recipient_for_reader(const struct recipient *r);

/* The allow-list.  A collection of which only some fields are covered is covered. */
bool purpose_covers(const struct purpose *p, const char *collection);
bool purpose_covers_field(const struct purpose *p, const char *collection, const char *field);

bool purpose_has_channel(const struct purpose *p, const char *channel);
/* The version in force, or an earlier one. */
bool notice_has_version(const struct notice *n, const char *version);
/* NULL when the notice has no text in this language. */
const struct notice_text *notice_find_text(const struct notice *n, const char *language);

const char *purpose_basis_word(enum purpose_basis basis);
const char *purpose_basis_article(enum purpose_basis basis);
const char *purpose_special_word(enum purpose_special special);
const char *purpose_objection_word(enum purpose_objection objection);
const char *recipient_transfer_word(enum transfer transfer);

#endif
