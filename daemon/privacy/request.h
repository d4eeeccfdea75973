/*
 * request.h: what somebody asked for about their data, from the letter to the end, move by move.
 *
 *	received --> identity_pending --> scoping <--> awaiting_approval --> approved
 *	                                     ^                                  |
 *	                                     |   (erasure)                      |
 *	                                     +--- cooling_off <-----------------+
 *	                                               |                        |
 *	                                               v        (the others)    v
 *	     backups_pending <-- live_done <------ executing <----------> needs_input
 *	                   \          |                 |
 *	                    +---------+-----------------+--> fulfilled | partially_fulfilled
 *
 *	as long as nothing is done: denied, revoked; while who it is is unknown: lapsed;
 *	once that is known: duplicate, or identity_pending again for somebody else; of an erasure that is approved: on_hold, and back
 *
 * What takes effect at once, and can be taken back (restriction, objection, withdrawal), goes from
 * scoping to executing without a second user.
 *
 * Nothing is done, and nothing fulfilled, while a recipient of the data is neither told nor said why not.
 *
 * The table of moves is in request.c, and every change of a state goes through it: asserted,
 * stored, and a leaf.  `fulfilled` of an erasure is when the last copy of the keys is gone from the
 * backups.  Moves in a step on the writer's thread.
 */
#ifndef CU_PRIVACY_REQUEST_H
#define CU_PRIVACY_REQUEST_H
#include <stdbool.h>

#include "store/engine_dsr.h"

struct cu_err;
struct tx;

#define REQUEST_COLLECTION "custos.request" /* of their sealed records */

/* clang-format off */
/* X(id, what happened) */
#define REQUEST_EVENTS(X)                                                        \
	X(FIND,         "the data subject was found")                            \
	X(VERIFY,       "the identity was confirmed")                            \
	X(ASK,          "a second user was asked to approve")                    \
	X(GRANT,        "a second user approved")                                \
	X(WITHHOLD,     "it was not approved, or the approval is void")          \
	X(EXECUTE,      "it is carried out")                                     \
	X(GRACE_OVER,   "it can be cancelled no more")                           \
	X(CANCEL,       "the erasure was cancelled")                             \
	X(HAND_OVER,    "staff have to do something")                            \
	X(ANSWER,       "staff did it")                                          \
	X(LIVE_DONE,    "nothing live is left, and every target knows")          \
	X(AWAIT_BACKUPS, "older copies of the keys are left in backups")         \
	X(COMPLETE,     "nothing remains to be done")                            \
	X(DENY,         "it is refused")                                         \
	X(REVOKE,       "the person took it back")                               \
	X(DUPLICATE,    "the same was asked for before")                         \
	X(LAPSE,        "nobody said who they are")                              \
	X(HOLD,         "a legal hold keeps the data")                           \
	X(RELEASE,      "no hold keeps it any more")
/* clang-format on */

enum request_state {
	REQUEST_NO_STATE_,
#define X(id, word, is_open) REQ_##id,
	REQUEST_STATES(X)
#undef X
	REQUEST_NSTATES_
};

enum request_event {
#define X(id, what) REQ_ON_##id,
	REQUEST_EVENTS(X)
#undef X
	REQUEST_NEVENTS_
};

/* X(id, word).  Append only, from 1. */
#define REQUEST_CHANNELS(X)         \
	X(LETTER,    "letter")       \
	X(EMAIL,     "email")        \
	X(PHONE,     "phone")        \
	X(WEB,       "web")          \
	X(IN_PERSON, "in_person")    \
	X(OTHER,     "other")

/* How the identity was checked.  A document was seen; no copy of it is kept. */
#define REQUEST_METHODS(X)          \
	X(CODE,      "code")         \
	X(DOCUMENT,  "document")     \
	X(IN_PERSON, "in_person")    \
	X(ACCOUNT,   "account")      \
	X(CALL_BACK, "call_back")

/* Who asks for the person whose data it is. */
#define REQUEST_ROLES(X)            \
	X(GUARDIAN,  "guardian")     \
	X(LAWYER,    "lawyer")       \
	X(AGENT,     "agent")        \
	X(RELATIVE,  "relative") /* of somebody who died */

/* What showed that they may.  It was seen; no copy of it is kept. */
#define REQUEST_AUTHORITIES(X)      \
	X(WRITTEN,   "written")      \
	X(NOTARISED, "notarised")    \
	X(COURT,     "court_order")  \
	X(REGISTER,  "register")

/* Why it takes longer: what GDPR Art. 12(3) names. */
#define REQUEST_EXTENSIONS(X)       \
	X(COMPLEXITY, "complexity")  \
	X(NUMBER,     "number")

enum request_channel {
	REQUEST_NO_CHANNEL_,
#define X(id, word) CHANNEL_##id,
	REQUEST_CHANNELS(X)
#undef X
	REQUEST_NCHANNELS_
};

enum request_method {
	REQUEST_NO_METHOD_,
#define X(id, word) METHOD_##id,
	REQUEST_METHODS(X)
#undef X
	REQUEST_NMETHODS_
};

enum request_role {
	REQUEST_NO_ROLE_, /* the person asks */
#define X(id, word) ROLE_##id,
	REQUEST_ROLES(X)
#undef X
	REQUEST_NROLES_
};

enum request_authority {
	REQUEST_NO_AUTHORITY_,
#define X(id, word) AUTHORITY_##id,
	REQUEST_AUTHORITIES(X)
#undef X
	REQUEST_NAUTHORITIES_
};

enum request_extension {
	REQUEST_NO_EXTENSION_,
#define X(id, word) EXTENSION_##id,
	REQUEST_EXTENSIONS(X)
#undef X
	REQUEST_NEXTENSIONS_
};

/* "" for 0, or a number that a later custos stored. */
const char *request_state_word(unsigned state);
const char *request_channel_word(unsigned channel);
const char *request_method_word(unsigned method);
const char *request_role_word(unsigned role);
const char *request_authority_word(unsigned authority);
const char *request_extension_word(unsigned extension);
/* 0: there is no such word. */
unsigned request_channel_parse(const char *word);
unsigned request_method_parse(const char *word);
unsigned request_role_parse(const char *word);
unsigned request_authority_parse(const char *word);
unsigned request_extension_parse(const char *word);

bool request_is_open(unsigned state);

/* Does it need no second user? */
bool request_is_at_once(unsigned type);

/* For which purpose of purposes.yaml data is read and erased in its course. */
const char *request_purpose(unsigned type);

/* Where the event leads from the state that the row is in: true and *ret; false when the table
 * has no such move, or its guard says no.  Pure. */
bool request_leads(const struct row_dsr *row, enum request_event event, unsigned *ret);

/* The same as a sentence for whoever tries: 0, or CU_EBUSY with what stands in the way. */
int request_may(const struct row_dsr *row, enum request_event event, struct cu_err *err);

/* Would a letter say the same of both?  State, outcome, extension, whose it is.  Pure: before what was
 * written beside the writer is sealed, the row is looked at once more. */
bool request_is_as_was(const struct row_dsr *then, const struct row_dsr *now);

/* Makes the move: the row, with all else that changed in it, and a leaf, whose reason is the new state.
 * CU_EBUSY as request_may. */
int request_move(struct tx *tx, struct row_dsr *row, enum request_event event, struct cu_err *err);

#endif
