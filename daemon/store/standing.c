#include "store/standing.h"

#include <string.h>

#include "store/store_internal.h"
#include "store/tx_merge_internal.h"

#define MAX_CHANNELS 32 /* told apart; what lies beyond says no */

/* One walk back through the events. */
struct walk {
	struct standing *to;
	const char *channel; /* NULL: any */
	int64_t now_ms;
	char seen[MAX_CHANNELS][ENGINE_KEY_SIZE];
	size_t nseen;
	bool is_settled;        /* the consent is known */
	bool knows_objection;   /* or that there is none */
};

static bool is_agreed(enum consent_state s)
{
	return s == CONSENT_GIVEN || s == CONSENT_RENEWED;
}

static enum consent_state state_at(const struct row_consent *ev, int64_t now_ms)
{
	return is_agreed(ev->state) && ev->expires_ms != 0 && ev->expires_ms <= now_ms ?
		CONSENT_EXPIRED :
		ev->state;
}

/* Whether this channel was spoken of by a later event; else it is from now on. */
static bool is_seen(struct walk *w, const char *channel)
{
	for (size_t i = 0; i < w->nseen; i++) {
		if (strcmp(w->seen[i], channel) == 0) {
			return true;
		}
	}
	if (w->nseen == MAX_CHANNELS) {
		return true;
	}
	strcpy(w->seen[w->nseen++], channel);
	return false;
}

static void take_objection(struct walk *w, const struct row_consent *ev)
{
	if (w->knows_objection) {
		return;
	}
	w->knows_objection = true;
	w->to->is_objected = ev->state == CONSENT_OBJECTED;
	w->to->objection = *ev;
}

/* The newest that says something is what is told when none is live. */
static void take_state(struct walk *w, const struct row_consent *ev, enum consent_state state)
{
	struct standing *to = w->to;
	bool is_live = is_agreed(state);

	if (is_live || to->state == CONSENT_NONE || to->state == CONSENT_REQUESTED) {
		to->state = state;
		to->event = *ev;
		to->is_live = is_live;
	}
}

static void take_consent(struct walk *w, const struct row_consent *ev)
{
	bool is_whole = ev->channel[0] == '\0';

	if (is_agreed(ev->state)) {
		w->knows_objection = true; /* what was objected to before was agreed to since */
	}
	if (w->is_settled || (w->channel && !is_whole && strcmp(ev->channel, w->channel) != 0)) {
		return;
	}
	if (ev->state == CONSENT_REQUESTED) {
		if (w->to->state == CONSENT_NONE) {
			take_state(w, ev, ev->state);
		}
		return;
	}
	if (!w->channel && !is_whole && is_seen(w, ev->channel)) {
		return;
	}
	take_state(w, ev, state_at(ev, w->now_ms));
	w->is_settled = w->channel || is_whole || w->to->is_live;
}

static int walk(struct walk *w, struct engine *e, const struct id *subject, const char *purpose,
	struct cu_err *err)
{
	struct row_consent ev = { .seq = UINT64_MAX };
	int r = 1;

	while (!(w->is_settled && w->knows_objection) &&
		(r = engine_consent_before(e, subject, purpose, ev.seq, &ev, err)) > 0) {
		if (ev.state == CONSENT_OBJECTED || ev.state == CONSENT_UNOBJECTED) {
			take_objection(w, &ev);
		} else {
			take_consent(w, &ev);
		}
	}
	return r < 0 ? r : 0;
}

/* found: whether ret->who is somebody, or a code. */
static int tell(struct engine *e, int found, const struct id *subject, const char *purpose,
	const char *channel, int64_t now_ms, struct standing *ret, struct cu_err *err)
{
	struct walk w = { .to = ret, .channel = channel, .now_ms = now_ms };
	struct id id = *subject;

	ret->exists = ret->is_live = ret->is_objected = false;
	ret->state = CONSENT_NONE;
	if (found == 0 && alias_follow(e, &id, NULL) > 0) {
		found = engine_subject_get(e, &id, &ret->who, err);
	}
	if (found <= 0 || ret->who.kind == SUBJECT_CASE) {
		return found < 0 ? found : 0;
	}
	ret->exists = true;
	return purpose ? walk(&w, e, &id, purpose, err) : 0;
}

int standing_of(struct engine *e, const struct id *subject, const char *purpose,
	const char *channel, int64_t now_ms, struct standing *ret, struct cu_err *err)
{
	int r = engine_subject_get(e, subject, &ret->who, err);

	return tell(e, r, subject, purpose, channel, now_ms, ret, err);
}

int standing_read(struct reader *rd, const struct id *subject, const char *purpose,
	const char *channel, int64_t now_ms, struct standing *ret, struct cu_err *err)
{
	int r = reader_who(rd, subject, &ret->who, err);

	return tell(rd->engine, r, subject, purpose, channel, now_ms, ret, err);
}

int standing_in(struct tx *tx, const struct id *subject, const char *purpose,
	const char *channel, struct standing *ret, struct cu_err *err)
{
	return standing_of(tx->engine, subject, purpose, channel, tx->now_ms, ret, err);
}

int standing_next_event(struct reader *rd, const struct id *subject, uint64_t seq,
	struct row_consent *ret, struct cu_err *err)
{
	return engine_consent_after(rd->engine, subject, seq, ret, err);
}

int standing_next_subject(struct reader *rd, const char *purpose, const struct id *after,
	struct id *ret, struct cu_err *err)
{
	return engine_consent_subject(rd->engine, purpose, after, ret, err);
}
