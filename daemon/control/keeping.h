/*
 * keeping.h: which rules of retention.yaml are in force today, and whether the clock may be
 * believed.
 *
 * A rule that keeps shorter than the one before it, or that ends what was kept without one, is
 * not in force until a second user has confirmed it; until then the longer one is.  What keeps
 * longer is in force at once; and any rule while there is nobody in the store.
 */
#ifndef CU_CONTROL_KEEPING_H
#define CU_CONTROL_KEEPING_H
#include "policy/retention.h"
#include "store/tx_expiry.h"
#include "store/tx_keeping.h"

struct approval_kind;
struct buf;
struct collection;
struct cu_err;
struct daemon;
struct json;
struct schema;

struct kept {
	const struct retention_rule *rule;
	const struct collection *collection;
	const struct retention_minimum *minimum; /* the longest of its collection; NULL: none */
	bool is_held;                 /* what is in force is before; without one: for ever */
	bool has_before;
	struct row_expiry_rule before;
};

struct keeping {
	struct keeping_clock clock;
	int32_t today;
	struct kept *v;
	size_t n, nheld;
	const struct schema *schema;
	const char *ends_in; /* the collection with the relationship's end, or "" */
	struct row_approval asked; /* about those that are held */
};

/* The store was opened: a clock that jumps from now on is one that was seen before.  What fails is
 * looked at again by whoever ends something. */
void keeping_begin(struct daemon *d);

/* Looks at both, and asks whom it must ask.  Worker thread. */
int keeping_look(struct daemon *d, struct keeping *ret, struct cu_err *err);
void keeping_done(struct keeping *k);

/* The last day that is over today, by what is in force, or by what the file says;
 * CIVIL_NO_DAY: none. */
int32_t kept_last_day(const struct kept *k, int32_t today);
int32_t kept_last_day_of_file(const struct kept *k, int32_t today);
/* When what is of last_day ends, by what is in force; INT32_MAX: never. */
int32_t kept_day_over(const struct kept *k, int32_t last_day);
bool kept_is_moving(const struct kept *k);
/* Numbers stay of it (tally.h). */
bool kept_is_counted(const struct kept *k);
/* From when it counts, for this person; CIVIL_NO_DAY: not yet. */
int32_t kept_counts_from(const struct kept *k, const struct row_activity *at);
/* By what is in force. */
bool kept_is_review(const struct kept *k);

/* That of a class of a collection; it must have one. */
const struct retention_rule *keeping_rule(const struct keeping *k, const char *collection,
	const char *class_key);
/* "transaction", "transaction/invoice". */
void kept_name(const struct retention_rule *rule, char to[2 * ENGINE_KEY_SIZE]);

/* Those in force of one kind, as limits for tx_expiry.h: appended as struct expiry_limit.  Not of review: those of
 * records that end by their own rules, too, in every collection. */
void keeping_limits(const struct keeping *k, bool is_review, uint64_t backed_up,
	struct buf *to);

extern const struct approval_kind keeping_approval_clock, keeping_approval_rules;

#endif
