/*
 * standing.h: how a person stands to a purpose: is there a live consent, an objection, a freeze?
 *
 * Follows from the events, newest first, and from the time: nothing is stored that could differ
 * from them.  Of a channel its own last event counts, or a later one of the purpose as a whole.
 * Asked without a channel, a live consent of any is one.  A request changes nothing that is live,
 * and an objection ends with the next consent.
 */
#ifndef CU_STORE_STANDING_H
#define CU_STORE_STANDING_H
#include "store/engine_consent.h"

struct reader;
struct tx;

struct standing {
	struct row_subject who;
	bool exists;              /* else nothing of this is set; a case is no subject */
	enum consent_state state; /* of the consent; CONSENT_EXPIRED as well */
	bool is_live;
	struct row_consent event; /* that state follows from; not for CONSENT_NONE */
	bool is_objected;
	struct row_consent objection; /* if is_objected */
};

/* An id that was merged into another is that one's.  channel may be NULL.  purpose may be NULL: only the subject is looked up.  0 or a code. */
int standing_of(struct engine *e, const struct id *subject, const char *purpose,
	const char *channel, int64_t now_ms, struct standing *ret, struct cu_err *err);
int standing_read(struct reader *rd, const struct id *subject, const char *purpose,
	const char *channel, int64_t now_ms, struct standing *ret, struct cu_err *err);
/* Writer thread, at the time of the transaction. */
int standing_in(struct tx *tx, const struct id *subject, const char *purpose,
	const char *channel, struct standing *ret, struct cu_err *err);

/* A subject's events of all purposes, oldest first: the first after seq; 0 starts. */
int standing_next_event(struct reader *rd, const struct id *subject, uint64_t seq,
	struct row_consent *ret, struct cu_err *err);
/* The next subject with an event of this purpose; NULL starts. */
int standing_next_subject(struct reader *rd, const char *purpose, const struct id *after,
	struct id *ret, struct cu_err *err);

#endif
