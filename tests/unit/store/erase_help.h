/*
 * erase_help.h: two people, and an erasure of one of them step by step.
 */
#ifndef CU_TESTS_ERASE_HELP_H
#define CU_TESTS_ERASE_HELP_H
#include "store_help.h"

#include "store/tx_erase.h"

#define HOUR (3600 * 1000LL)

struct erasure {
	struct id subject, record, id, approval;
	const char *const *collections;
	size_t ncollections;
	int64_t grace_ms;
	uint64_t daily_slots; /* 0: many */
	bool is_now, is_found;
	enum erasure_state state; /* after the last step_admit */
};

static inline int step_begin(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erasure *e = ctx;

	struct erase_what what = { .subject = e->subject, .collections = e->collections,
		.ncollections = e->ncollections, .record = e->record, .purpose = "erasure",
		.grace_ms = e->grace_ms, .is_now = e->is_now, .approval_ms = HOUR };

	return tx_erase_begin(tx, &what, &e->id, err);
}

static inline int step_admit(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erasure *e = ctx;
	struct erase_limits limits = { .now_ms = tx->now_ms, .approval_ms = HOUR,
		.daily_slots = e->daily_slots ? e->daily_slots : 1000, .daily_cohorts = 1000 };
	struct row_erasure row;
	int r = tx_erase_admit(tx, &e->id, &limits, &row, err);

	e->state = r < 0 ? 0 : row.state;
	e->approval = row.approval;
	return r;
}

static inline int step_rekey(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_rekey(tx, &((struct erasure *)ctx)->id, err);
}

static inline int step_shred(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_shred(tx, &((struct erasure *)ctx)->id, err);
}

static inline int step_rows(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_rows(tx, &((struct erasure *)ctx)->id, err);
}

static inline int step_flush(struct tx *tx, void *ctx, struct cu_err *err)
{
	(void)ctx;
	return tx_flush(tx, err);
}

static inline int step_done(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_erase_done(tx, &((struct erasure *)ctx)->id, err);
}

#define NSTEPS 7

static const struct step {
	tx_fn *fn;
	int kind;
} steps[NSTEPS] = { { step_begin, STORE_CHANGE }, { step_admit, STORE_CHANGE },
	{ step_rekey, STORE_CHANGE }, { step_shred, STORE_CHANGE }, { step_rows, STORE_CHANGE }, { step_flush, STORE_ALONE }, { step_done, STORE_CHANGE } };

static inline void erase(struct house *h, struct erasure *e)
{
	for (int i = 0; i < NSTEPS; i++) {
		must_run(h, steps[i].kind, steps[i].fn, e);
	}
}

/* --- two people --------------------------------------------------------------------------- */

#define ADA_EMAIL "ada@canary-7d1f.example"
#define BOB_EMAIL "bob@canary-55aa.example"

struct people {
	struct person ada, bob;
};

/* Ada has data in four collections, in a cohort, and is named in an order of Bob's. */
static inline int add_both(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct people *p = ctx;
	struct record rec = { .collection = "order", .anchor_day = 20000, .cohort = 202611 };
	int r;

	p->ada = (struct person){ .name = "Ada canary-7d1f Lovelace", .email = ADA_EMAIL,
		.key = "canary-7d1f key" };
	p->bob = (struct person){ .name = "Bob canary-55aa", .email = BOB_EMAIL, .key = "2" };
	r = add_person(tx, &p->ada, err);
	if (r == 0) {
		r = add_person(tx, &p->bob, err);
	}
	for (int i = 0; r == 0 && i < 3; i++) {
		static const char *const collections[] = { "order", "visit", "need" };
		struct person more = { .subject = p->ada.subject, .collection = collections[i],
			.name = "Ada canary-7d1f again", .cohort = i == 0 ? 202611 : 0 };

		r = put_record(tx, &more, err);
	}
	if (r == 0) {
		rec.subject = p->bob.subject;
		rec.cosubjects[0] = p->ada.subject;
		rec.ncosubjects = 1;
		r = record_set(&rec, span_str("name"), span_str("a present"), err);
	}
	if (r == 0) {
		r = tx_record_put(tx, &rec, err);
	}
	return r < 0 ? r :
		       tx_records_leaf(tx, &p->bob.subject, "order", "care", &rec.id, 1, err);
}

static inline void assert_bob_is_as_before(struct house *h, const struct people *p)
{
	assert_int_equal(records_of(h, &p->bob.subject), 2);
	assert_int_equal(hits_of(h, "profile.email", BOB_EMAIL), 1);
}

static inline void assert_ada_is_gone(struct house *h, const struct people *p)
{
	assert_false(has_subject(h, &p->ada.subject));
	assert_int_equal(records_of(h, &p->ada.subject), 0);
	assert_int_equal(hits_of(h, "profile.email", ADA_EMAIL), 0);
	assert_int_equal(hits_of(h, "order.name", "Ada canary-7d1f again"), 0);
}

#endif
