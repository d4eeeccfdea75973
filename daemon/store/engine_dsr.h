/*
 * engine_dsr.h: the rows of requests of data subjects.
 *
 * A part of engine.h's contract.  What a letter says, why something is refused, a citation: all
 * that is sealed records of the request's case (tx_case.h); here are ids, keys, numbers, days.
 */
#ifndef CU_STORE_ENGINE_DSR_H
#define CU_STORE_ENGINE_DSR_H
#include "store/engine.h"

#define DSR_LAST_NUMBER "dsr.number" /* of engine_meta: the last that was given */

/* Where one is; what may follow on what is in privacy/request.h.  X(id, word, is it open).  Append only: the numbers are stored, from 1. */
/* clang-format off */
#define REQUEST_STATES(X)                               \
	X(RECEIVED,            "received",            1) \
	X(IDENTITY_PENDING,    "identity_pending",    1) \
	X(SCOPING,             "scoping",             1) \
	X(AWAITING_APPROVAL,   "awaiting_approval",   1) \
	X(APPROVED,            "approved",            1) \
	X(COOLING_OFF,         "cooling_off",         1) \
	X(EXECUTING,           "executing",           1) \
	X(NEEDS_INPUT,         "needs_input",         1) \
	X(LIVE_DONE,           "live_done",           1) \
	X(BACKUPS_PENDING,     "backups_pending",     1) \
	X(FULFILLED,           "fulfilled",           0) \
	X(PARTIALLY_FULFILLED, "partially_fulfilled", 0) \
	X(DENIED,              "denied",              0) \
	X(REVOKED,             "revoked",             0) \
	X(DUPLICATE,           "duplicate",           0) \
	X(LAPSED,              "lapsed",              0) \
	X(HELD,                "on_hold",             1)
/* clang-format on */

struct row_dsr {
	struct id id;
	uint32_t number;   /* what people call it; from 1, never given twice */
	struct id kase;    /* the owner of its sealed records */
	struct id subject; /* nil: not found yet */
	unsigned type;     /* enum request_type of policy/law.h */
	unsigned state;    /* enum request_state of privacy/request.h, as the next */
	unsigned channel;
	unsigned language; /* enum language of policy/said.h */
	char law[ENGINE_KEY_SIZE];
	char about[ENGINE_KEY_SIZE]; /* the purpose that it is about; "" */
	int32_t received_day;        /* of the organisation's calendar */
	int64_t entered_ms;
	int32_t due_day; /* as last computed; CIVIL_NO_DAY: not yet */
	unsigned extension;     /* why it takes longer; 0: it does not */
	int32_t extension_day;  /* when the person was told; CIVIL_NO_DAY: not yet */
	unsigned method;        /* how the identity was checked; 0: it was not */
	int64_t verified_ms;
	struct id code;         /* the sealed record with the hash of a code; nil: none */
	unsigned code_attempts; /* wrong ones */
	int64_t code_expires_ms;
	char reason[ENGINE_KEY_SIZE]; /* of a denial; "" */
	uint32_t duplicate_of;        /* a number; 0: of none */
	struct id approval, erasure;  /* nil: none */
	unsigned nkept;               /* collections that are kept, by law */
	int64_t closed_ms;            /* 0: it is open */
	int64_t asked_ms;             /* when the person was asked who they are; 0: not */
	int64_t prepared_ms; /* when it was worked out who received the data (engine_outgoing.h); 0: not */
	unsigned nuntold;    /* of these: notices that are neither sent, nor said why not */
	struct id worker;    /* whose work it is, an operator; nil: nobody's yet */
	unsigned acts_as;    /* who asks for the person (privacy/request.h); 0: the person does */
	unsigned authority;  /* what showed that they may; 0: nothing did yet */
	int64_t authority_ms;
};

enum dsr_part_kind {
	DSR_WANTED = 1, /* the request is about this collection; without any: about all */
	DSR_KEPT = 2,   /* this collection stays, by a law that the note cites */
};

struct row_dsr_part {
	enum dsr_part_kind kind;
	char collection[ENGINE_KEY_SIZE];
	struct id note; /* a sealed record of the case; nil: none */
};

/* The clock stood still from the first day to the last; CIVIL_NO_DAY: it still does. */
struct row_dsr_pause {
	int32_t from_day, to_day;
};

int engine_dsr_put(struct engine *e, const struct row_dsr *row, struct cu_err *err);
int engine_dsr_get(struct engine *e, uint32_t number, struct row_dsr *ret, struct cu_err *err);
int engine_dsr_by_id(
	struct engine *e, const struct id *id, struct row_dsr *ret, struct cu_err *err);
/* In the order of their numbers: the first after this one; 0 starts. */
int engine_dsr_next(struct engine *e, uint32_t after, struct row_dsr *ret, struct cu_err *err);
/* The same of those that are open, and of those of one subject that are. */
int engine_dsr_next_open(
	struct engine *e, uint32_t after, struct row_dsr *ret, struct cu_err *err);
int engine_dsr_of(struct engine *e, const struct id *subject, uint32_t after,
	struct row_dsr *ret, struct cu_err *err);

/* One that is open, of a subject with a record under this cohort's key: 1, 0 or a code. */
int engine_dsr_in_cohort(struct engine *e, uint64_t cohort_slot, struct cu_err *err);

/* The first that was closed before this time, of nobody who is held as a whole. */
int engine_dsr_over(
	struct engine *e, int64_t before_ms, struct row_dsr *ret, struct cu_err *err);
/* With its parts and pauses, and what it had to send. */
int engine_dsr_delete(struct engine *e, const struct id *id, struct cu_err *err);

int engine_dsr_part_put(struct engine *e, const struct id *request,
	const struct row_dsr_part *row, struct cu_err *err);
int engine_dsr_part_drop(struct engine *e, const struct id *request, enum dsr_part_kind kind,
	const char *collection, struct cu_err *err);
/* In the order of collections: the first after this one; "" starts. */
int engine_dsr_part_next(struct engine *e, const struct id *request, enum dsr_part_kind kind,
	const char *after, struct row_dsr_part *ret, struct cu_err *err);

/* Inserts, or ends the one that began on this day. */
int engine_dsr_pause_put(struct engine *e, const struct id *request,
	const struct row_dsr_pause *row, struct cu_err *err);
/* By their first days: the first after this one; INT32_MIN starts. */
int engine_dsr_pause_next(struct engine *e, const struct id *request, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err);

#endif
