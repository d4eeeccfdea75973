/*
 * merge_help.h: Ada turns out to be Bob, or says something before; what is seen of them then.
 */
#ifndef CU_TESTS_MERGE_HELP_H
#define CU_TESTS_MERGE_HELP_H
#include "erase_help.h"
#include "settle_help.h"

#include "store/reader_alias.h"
#include "store/standing.h"
#include "store/tx_consent.h"
#include "store/tx_merge.h"

struct merging {
	struct id old, subject;
	uint64_t backed_up;
	struct row_alias row;
};

static inline int step_merge(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct merging *m = ctx;

	return tx_merge(tx, &m->old, &m->subject, "care", &m->row, err);
}

static inline int step_end(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct merging *m = ctx;

	return tx_merge_step(tx, &m->old, m->backed_up, &m->row, err);
}

static inline struct merging must_merge(struct house *h, const struct id *old, const struct id *subject)
{
	struct merging m = { .old = *old, .subject = *subject };

	must_run(h, STORE_CHANGE, step_merge, &m);
	return m;
}

static inline void must_end(struct house *h, struct merging *m, uint64_t backed_up)
{
	m->backed_up = backed_up;
	must_run(h, STORE_CHANGE, step_end, m);
}

static inline struct id followed(struct house *h, struct id id)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };

	assert_ok(reader_alias_follow(rd, &id, &err), &err);
	store_reader_give(h->store, rd);
	return id;
}

static inline bool opens(struct house *h, uint64_t slot)
{
	struct key *k = NULL;
	struct cu_err err = { 0 };
	int r;

	assert_ok(key_new(h->arena, &k, &err), &err);
	r = vault_slot_key(h->vault, slot, k, &err);
	key_free(h->arena, k);
	assert_true(r == 0 || r == CU_ENOKEY);
	return r == 0;
}

/* The slots of a subject: those in use and the rest of its run. */
static inline size_t slots_of(struct house *h, const struct id *subject, uint64_t ret[32])
{
	struct reader *rd = store_reader_take(h->store);
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };
	size_t n;

	assert_ok(reader_slots(rd, subject, &b, &err), &err);
	store_reader_give(h->store, rd);
	n = b.n / sizeof(uint64_t);
	assert_true(n <= 32);
	memcpy(ret, b.p, b.n);
	buf_done(&b);
	return n;
}

static inline void assert_open(struct house *h, const uint64_t *slots, size_t n, bool is_open)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(opens(h, slots[i]), is_open);
	}
}

/* Ada is Bob: her five records and his two. */
static inline void assert_ada_is_bob(struct house *h, const struct people *p)
{
	struct id ada = followed(h, p->ada.subject);

	assert_false(has_subject(h, &p->ada.subject));
	assert_true(id_eq(&ada, &p->bob.subject));
	assert_int_equal(records_of(h, &p->bob.subject), 6);
	assert_int_equal(records_of(h, &p->ada.subject), 0);
	assert_int_equal(hits_of(h, "profile.email", ADA_EMAIL), 1);
	assert_int_equal(hits_of(h, "profile.email", BOB_EMAIL), 1);
	assert_int_equal(hits_of(h, "order.name", "Ada canary-7d1f again"), 1);
}

static inline void assert_ada_and_bob_are_two(struct house *h, const struct people *p)
{
	struct id ada = followed(h, p->ada.subject);

	assert_true(id_eq(&ada, &p->ada.subject));
	assert_int_equal(records_of(h, &p->ada.subject), 4);
	assert_int_equal(records_of(h, &p->bob.subject), 2);
}

struct said {
	struct id subject;
	char what; /* g, w, o, u, r: given, withdrawn, objected, unobjected, refused */
	const char *channel;
};

static inline int say(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct said *s = ctx;
	struct row_consent row = { .subject = s->subject, .purpose = "mail", .said_day = CIVIL_NO_DAY,
		.state = s->what == 'g'	? CONSENT_GIVEN :
			s->what == 'w'	? CONSENT_WITHDRAWN :
			s->what == 'o'	? CONSENT_OBJECTED :
			s->what == 'u'	? CONSENT_UNOBJECTED :
					  CONSENT_REFUSED };
	struct consent_papers papers = { .text = span_str("in so many words") };

	snprintf(row.channel, sizeof(row.channel), "%s", s->channel);
	return tx_consent_put(tx, &row, &papers, NULL, err);
}

/* "Ag Bw": Ada gave, later Bob withdrew; "Ag@phone". */
static inline void must_say(struct house *h, const struct people *p, const char *all)
{
	for (const char *at = all; *at; at += strcspn(at, " "), at += *at == ' ') {
		struct said s = { *at == 'A' ? p->ada.subject : p->bob.subject, at[1],
			at[2] == '@' ? (at[3] == 'p' ? "phone" : "email") : "" };

		h->now_ms += 1000;
		must_run(h, STORE_CHANGE, say, &s);
	}
}

static inline struct standing standing_of_bob(struct house *h, const struct id *id, const char *channel)
{
	struct reader *rd = store_reader_take(h->store);
	struct standing s;
	struct cu_err err = { 0 };

	assert_ok(standing_read(rd, id, "mail", channel, h->now_ms, &s, &err), &err);
	store_reader_give(h->store, rd);
	return s;
}

#endif
