/*
 * engine_consent.h: the rows of consents and objections: events that are only ever added.
 *
 * Keys, enums, times and random ids in clear; what was said lies sealed in a record of the
 * subject's (CONSENT_COLLECTION), so that it dies with the subject.  Lookups return 1, 0 or a code.
 */
#ifndef CU_STORE_ENGINE_CONSENT_H
#define CU_STORE_ENGINE_CONSENT_H
#include "store/engine.h"

#define CONSENT_COLLECTION "custos.consent" /* of the evidence */

/* X(id, word, meaning).  The numbers stand in data.db: append only. */
/* clang-format off */
#define CONSENT_STATES(X)                                                       \
	X(NONE,        "none",        "nobody ever asked")                      \
	X(REQUESTED,   "requested",   "asked, not answered yet")                \
	X(GIVEN,       "given",       "agreed")                                 \
	X(REFUSED,     "refused",     "said no")                                \
	X(WITHDRAWN,   "withdrawn",   "took it back")                           \
	X(EXPIRED,     "expired",     "its time is over")                       \
	X(INVALIDATED, "invalidated", "was not obtained as the law wants it")   \
	X(RENEWED,     "renewed",     "agreed again while it was live")         \
	X(OBJECTED,    "objected",    "objected to the purpose")                \
	X(UNOBJECTED,  "unobjected",  "the objection was taken back or overruled")

/* How it was said.  The last two are apart from everything else, as sensitive data needs. */
#define CONSENT_METHODS(X)                                                      \
	X(NONE,     "none",     "")                                             \
	X(CHECKBOX, "checkbox", "a box was ticked")                             \
	X(CONFIRMED, "confirmed", "a box was ticked and a message answered")    \
	X(WRITTEN,  "written",  "in writing, with other things")                \
	X(SPOKEN,   "spoken",   "by word of mouth")                             \
	X(EXPLICIT, "explicit", "in so many words, about this alone")           \
	X(SEPARATE, "separate", "a consent of its own, apart from all others")
/* clang-format on */

enum consent_state {
#define X(id, word, meaning) CONSENT_##id,
	CONSENT_STATES(X)
#undef X
	CONSENT_NSTATES_
};

enum consent_method {
#define X(id, word, meaning) METHOD_##id,
	CONSENT_METHODS(X)
#undef X
	METHOD_N_
};

struct row_consent {
	struct id subject;
	char purpose[ENGINE_KEY_SIZE];
	uint64_t seq; /* of this subject, from 1 */
	char channel[ENGINE_KEY_SIZE]; /* "": the purpose as a whole */
	enum consent_state state;      /* never NONE or EXPIRED */
	enum consent_method method;
	char notice[ENGINE_KEY_SIZE], language[ENGINE_KEY_SIZE]; /* "": none */
	int64_t at_ms, expires_ms;     /* 0: never */
	int32_t said_day;              /* when the person said it; CIVIL_NO_DAY: at_ms */
	struct id actor;               /* the operator who noted it down */
	struct id record;              /* what was said, and where it came from; nil: none */
	uint64_t leaf;                 /* as row_erasure's: where it should be in the log */
};

/* Fills seq. */
int engine_consent_put(struct engine *e, struct row_consent *row, struct cu_err *err);
/* Is there an event of this subject, purpose, channel, state and time? */
int engine_consent_has(struct engine *e, const struct row_consent *row, struct cu_err *err);
/* The newest of this purpose before seq; UINT64_MAX: the newest of all. */
int engine_consent_before(struct engine *e, const struct id *subject, const char *purpose,
	uint64_t seq, struct row_consent *ret, struct cu_err *err);
/* Of all purposes in the order of seq: the first after seq; 0 starts. */
int engine_consent_after(struct engine *e, const struct id *subject, uint64_t seq,
	struct row_consent *ret, struct cu_err *err);
/* The first subject after *after (NULL starts) with an event of this purpose. */
int engine_consent_subject(struct engine *e, const char *purpose, const struct id *after,
	struct id *ret, struct cu_err *err);

const char *consent_state_word(enum consent_state s);
const char *consent_method_word(enum consent_method m);
/* For people; "" for a method that nobody noted down. */
const char *consent_state_meaning(enum consent_state s);
const char *consent_method_meaning(enum consent_method m);
/* NONE for a word that is none. */
enum consent_method consent_method_of(const char *word);

#endif
