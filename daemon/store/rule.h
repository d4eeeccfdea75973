/*
 * rule.h: how one record narrows what its collection's policy allows.
 *
 * A set of (kind, key) in clear: policy keys and words of this header, nothing that anybody typed.
 * The text is canonical, one "<letter><key>\n" for each, in the order of kinds and keys: equal
 * rules have equal texts, and a rule's number is made of its text, so that the rules of an older
 * and of a newer image of a store mean the same.  Pure.
 */
#ifndef CU_STORE_RULE_H
#define CU_STORE_RULE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/engine.h"

struct cu_err;

/* X(id, letter in the text, word of the commands).  The letters are on disk. */
/* clang-format off */
#define RULE_KINDS(X)                                                                   \
	X(PURPOSE,   'p', "purpose")   /* only these may use the record */              \
	X(OBJECTION, 'o', "objection") /* these purposes may not */                     \
	X(AUTOMATED, 'a', "automated") /* "no": no decision without a person; "yes" */  \
	X(ROLE,      'r', "role")      /* only callers who have one of these */         \
	X(RECIPIENT, 's', "recipient") /* it is shared with these alone */              \
	X(SOURCE,    'f', "source")    /* where it is from */                           \
	X(CATEGORY,  'c', "category")  /* what kind of data it is */                    \
	X(KEEP,      'k', "keep")      /* for how long, from when it was made: 30d */
/* clang-format on */

enum rule_kind {
#define X(id, letter, word) RULE_##id,
	RULE_KINDS(X)
#undef X
	RULE_NKINDS_
};

#define RULE_TEXT_SIZE 4096 /* with its NUL */

struct rule {
	size_t n; /* of text, without the NUL */
	char text[RULE_TEXT_SIZE];
};

/* One entry of a walk. */
struct rule_entry {
	enum rule_kind kind;
	char key[ENGINE_KEY_SIZE];
};

/* These keys and no others of this kind; none take the kind away.  Each is a key of
 * [a-z0-9_.-]; one that stands twice counts once.  CU_EINVAL, CU_ELIMIT: r is as it was. */
int rule_set(struct rule *r, enum rule_kind kind, const char *const *keys, size_t n,
	struct cu_err *err);
/* From the text of a row; CU_ECORRUPT when it is not canonical. */
int rule_parse(const char *text, struct rule *ret, struct cu_err *err);

bool rule_has(const struct rule *r, enum rule_kind kind, const char *key);
/* Does it say anything of this kind? */
bool rule_names(const struct rule *r, enum rule_kind kind);
/* The next entry from *at on, which starts at 0; false at the end. */
bool rule_next(const struct rule *r, size_t *at, struct rule_entry *ret);

/* Does `to` allow what `from` does not: a purpose, role or recipient, what was objected to, decisions
 * by machines alone; or is what `from` says of source or category gone?  Of keep it says nothing. */
bool rule_widens(const struct rule *from, const struct rule *to);

/* Of the rule that says nothing 0; else what a row is numbered by, positive. */
int64_t rule_number(const struct rule *r);

/* -1: there is no such word. */
int rule_kind_of(const char *word);
const char *rule_kind_word(enum rule_kind kind);

#endif
