#include "backup/horizon.h"

#include "backup/prune.h"

static const char *const words[] = {
#define X(id, word) [HORIZON_##id] = word,
	HORIZON_STATES(X)
#undef X
};

const char *horizon_word(enum horizon_state state)
{
	return words[state];
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void put_unbounded(struct horizon *h, int64_t since_ms)
{
	/* the earliest reason counts: since then nobody can say */
	if (h->state != HORIZON_UNBOUNDED || since_ms < h->since_ms) {
		h->since_ms = since_ms;
	}
	h->state = HORIZON_UNBOUNDED;
}

static void put_by(struct horizon *h, int64_t date_ms)
{
	if (h->state != HORIZON_UNBOUNDED) {
		h->state = HORIZON_BY;
		h->date_ms = later(h->date_ms, date_ms);
	}
}

static void add_older(struct horizon *h, const struct prune_object *o,
	const struct horizon_question *q)
{
	h->nolder++;
	switch (o->state) {
	case PRUNE_WITHIN: put_by(h, o->until_ms + q->lag_ms); break;
	case PRUNE_OLD: /* it was due, and is still there: it could not be deleted */
		put_unbounded(h, later(o->until_ms, q->erased_ms));
		break;
	case PRUNE_NEWEST: /* nothing newer is there, and the newest never goes */
	case PRUNE_PENDING:
	case PRUNE_STRAY:
	case PRUNE_FOREIGN:
	case PRUNE_BEYOND: put_unbounded(h, q->erased_ms); break;
	}
}

struct horizon horizon_at(
	const struct prune_view *view, const struct horizon_question *q)
{
	struct horizon h = { .state = HORIZON_GONE,
		.confirmed_generation = view->newest ? view->generation : 0 };

	for (size_t i = 0; i < view->n; i++) {
		if (view->v[i].generation < q->generation) { /* or not known: 0 */
			add_older(&h, &view->v[i], q);
		}
	}
	return h;
}

struct horizon horizon_unseen(int64_t seen_ms)
{
	return (struct horizon){ .state = HORIZON_UNBOUNDED, .since_ms = seen_ms };
}

struct horizon horizon_of_all(const struct horizon *v, size_t n)
{
	struct horizon all = { .state = HORIZON_HOST_ONLY };

	for (size_t i = 0; i < n; i++) {
		all.nolder += v[i].nolder;
		switch (v[i].state) {
		case HORIZON_HOST_ONLY: break;
		case HORIZON_GONE:
			if (all.state == HORIZON_HOST_ONLY) {
				all.state = HORIZON_GONE;
			}
			break;
		case HORIZON_BY: put_by(&all, v[i].date_ms); break;
		case HORIZON_UNBOUNDED: put_unbounded(&all, v[i].since_ms); break;
		}
	}
	return all;
}
