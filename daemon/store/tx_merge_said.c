/* What was said by two ids of one data subject: where they disagree, what forbids holds. */
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "store/standing.h"
#include "store/store_internal.h"
#include "store/tx_consent.h"
#include "store/tx_merge_internal.h"

#define OLD     1u
#define SUBJECT 2u

/* A purpose and a channel ("": the purpose as a whole) of which one of the two ids spoke. */
struct topic {
	char purpose[ENGINE_KEY_SIZE], channel[ENGINE_KEY_SIZE];
	/* a bit for each of the two: refused, withdrawn, found void; agreed; objected */
	unsigned no, yes, objected;
};

struct topics {
	struct topic *v;
	size_t n;
	struct buf bytes; /* of them */
};

static bool is_known(const struct topics *t, const struct row_consent *ev)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->v[i].purpose, ev->purpose) == 0 &&
			strcmp(t->v[i].channel, ev->channel) == 0) {
			return true;
		}
	}
	return false;
}

static int add_topics(struct tx *tx, const struct id *of, struct topics *t, struct cu_err *err)
{
	struct row_consent ev = { 0 };
	int r;

	while ((r = engine_consent_after(tx->engine, of, ev.seq, &ev, err)) > 0) {
		struct topic topic = { 0 };

		if (is_known(t, &ev)) {
			continue;
		}
		strcpy(topic.purpose, ev.purpose);
		strcpy(topic.channel, ev.channel);
		buf_put(&t->bytes, &topic, sizeof(topic));
		r = buf_check(&t->bytes, err);
		if (r < 0) {
			break;
		}
		t->v = (struct topic *)(void *)t->bytes.p;
		t->n = t->bytes.n / sizeof(topic);
	}
	return r;
}

static bool is_no(const struct standing *s)
{
	return s->state == CONSENT_REFUSED || s->state == CONSENT_WITHDRAWN ||
		s->state == CONSENT_INVALIDATED;
}

/* How this id stands to each of them, before anything has moved. */
static int look(struct tx *tx, const struct id *of, unsigned bit, struct topics *t,
	struct cu_err *err)
{
	struct standing s;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n; i++) {
		r = standing_in(tx, of, t->v[i].purpose, t->v[i].channel, &s, err);
		if (r == 0) {
			t->v[i].no |= is_no(&s) ? bit : 0;
			t->v[i].yes |= s.is_live ? bit : 0;
			t->v[i].objected |= s.is_objected ? bit : 0;
		}
	}
	return r;
}

static int say(struct tx *tx, const struct id *subject, const struct topic *t,
	enum consent_state state, struct cu_err *err)
{
	struct row_consent row = { .subject = *subject, .state = state, .at_ms = tx->now_ms,
		.said_day = CIVIL_NO_DAY, .actor = tx->actor };
	struct leaf leaf = { .act = (enum leaf_act)consent_act(state), .sub = *subject };
	int r;

	strcpy(row.purpose, t->purpose);
	strcpy(leaf.purpose, t->purpose);
	if (state != CONSENT_OBJECTED) { /* an objection is to the purpose */
		strcpy(row.channel, t->channel);
		strcpy(leaf.collection, t->channel);
	}
	r = tx_leaf(tx, &leaf, err);
	row.leaf = tx_last_leaf(tx);
	return r < 0 ? r : engine_consent_put(tx->engine, &row, err);
}

/* Does the one say this and the other that. */
static bool is_between(unsigned what, unsigned other)
{
	return (what & OLD && other & SUBJECT) || (what & SUBJECT && other & OLD);
}

/* In the order of time the one may have overruled what the other said; where it has not, the log has
 * another order perhaps, and a restore goes by that. */
static int settle(struct tx *tx, const struct id *subject, const struct topic *t,
	struct cu_err *err)
{
	struct standing s;
	int r = standing_in(tx, subject, t->purpose, t->channel, &s, err);

	if (r == 0 && t->no && (s.is_live || is_between(t->no, t->yes))) {
		r = say(tx, subject, t, CONSENT_INVALIDATED, err);
	}
	if (r == 0 && t->objected && (!s.is_objected || is_between(t->objected, t->yes))) {
		r = say(tx, subject, t, CONSENT_OBJECTED, err);
	}
	return r;
}

int merge_take_said(struct tx *tx, const struct id *old, const struct id *subject,
	struct cu_err *err)
{
	struct topics t = { .bytes = BUF_INIT };
	int r = add_topics(tx, old, &t, err);

	if (r == 0) {
		r = add_topics(tx, subject, &t, err);
	}
	if (r == 0) {
		r = look(tx, old, OLD, &t, err);
	}
	if (r == 0) {
		r = look(tx, subject, SUBJECT, &t, err);
	}
	if (r == 0) {
		r = engine_alias_take(tx->engine, old, subject, err);
	}
	for (size_t i = 0; r == 0 && i < t.n; i++) {
		r = settle(tx, subject, &t.v[i], err);
	}
	buf_done(&t.bytes);
	return r;
}
