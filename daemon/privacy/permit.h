/*
 * permit.h: may this caller use this person's data for this purpose, and which of it?
 *
 * The way: role -> purpose -> the person is known, and not being erased -> not restricted -> a
 * live consent, where that is the basis -> no objection -> the fields that the purpose covers ->
 * masks by the role's level.  The first half is one value for a call (struct permit); a person's
 * standing is judged by it.  Pure: no I/O, no clock.
 *
 * Whoever may not know whether a person exists (may_know: it needs the operation consent.list for
 * the purpose) is told one and the same sentence for a person who is not known, is being erased,
 * or may not be touched.
 */
#ifndef CU_PRIVACY_PERMIT_H
#define CU_PRIVACY_PERMIT_H
#include <stdbool.h>

#include "base/intl.h"
#include "policy/access.h"
#include "store/standing.h"

struct cu_err;
struct json;
struct purpose;
struct rule;

/* X(id, word, sentence: translated when it is told) */
/* clang-format off */
#define PERMIT_VERDICTS(X)                                                              \
	X(GRANTED, W_("granted"),     N_("may be used"))                                    \
	X(UNKNOWN, W_("unknown"),     N_("there is no such data subject"))                  \
	X(ERASING, W_("erasing"),     N_("this data subject is being erased"))              \
	X(RESTRICTED, W_("restricted"),  N_("this data subject is restricted: its data is stored and not used")) \
	X(UNASKED, W_("unasked"),     N_("there is no consent to this purpose"))            \
	X(REFUSED, W_("refused"),     N_("consent to this purpose was refused"))            \
	X(WITHDRAWN, W_("withdrawn"),   N_("consent to this purpose was withdrawn"))          \
	X(EXPIRED, W_("expired"),     N_("the consent to this purpose has expired"))        \
	X(INVALIDATED, W_("invalidated"), N_("the consent to this purpose was found to be void")) \
	X(OBJECTED, W_("objected"),    N_("this data subject has objected to this purpose"))
/* clang-format on */

enum permit_verdict {
#define X(id, word, sentence) PERMIT_##id,
	PERMIT_VERDICTS(X)
#undef X
};

struct permit {
	const struct purpose *purpose; /* NULL: the call touches nobody's data */
	bool may_know;    /* whether a person exists, and why it may not be touched */
	bool may_thaw;    /* reads restricted data: restriction.read */
	unsigned level;   /* enum level: what is above is masked */
	struct access_rights who; /* the caller's, for records that are open to some roles only */
};

/* Role and purpose.  operation is the command's; uid and words ("subject get") are for the message.
 * CU_EDENIED; CU_EINVAL: the purpose is none of purposes.yaml, or no key. */
int permit_begin(const struct access_rights *a, const char *operation, const char *purpose,
	unsigned uid, const char *words, struct permit *ret, struct cu_err *err);

/* Which events a person's standing must be asked for: the purpose's key, or NULL where the basis
 * does not depend on any. */
const char *permit_events_of(const struct permit *p);
enum permit_verdict permit_judge(const struct permit *p, const struct standing *s);
/* May a record with this rule of its own be used?  It narrows what the rest allows: to purposes, to
 * roles, by an objection, by no to automated decisions, by a special category. */
bool permit_uses(const struct permit *p, const struct rule *rule);
/* 0, or the refusal. */
int permit_check(const struct permit *p, const struct standing *s, struct cu_err *err);
/* The same for writing: whoever was never asked may be written of, or nobody could be asked. */
int permit_check_write(const struct permit *p, const struct standing *s, struct cu_err *err);
/* The one refusal for whoever may not know.  Returns its code. */
int permit_hide(struct cu_err *err);

const char *permit_word(enum permit_verdict v);
/* What the caller is told of it: "denied" to whoever may not know why. */
const char *permit_told(const struct permit *p, enum permit_verdict v);

/* Members "allowed", "verdict" and "steps" of an open object: how it was derived, as far as the
 * caller may know it. */
void permit_explain(const struct permit *p, const struct standing *s, struct json *to);

#endif
