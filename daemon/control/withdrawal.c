#include "control/withdrawal.h"

#include "base/err.h"
#include "control/daemon.h"
#include "control/erase.h"
#include "control/exchange.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/standing.h"

#define MAX_COLLECTIONS 64

/* What of the purpose's own collections holds anything of this person. */
struct rest {
	const char *names[MAX_COLLECTIONS];
	size_t n;
};

static int stop_at_first(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)row;
	(void)rec;
	(void)err;
	*(bool *)ctx = true;
	return 1;
}

static int find_rest(struct reader *rd, const struct purpose *u, const struct id *subject,
	struct rest *rest, struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < u->erases.n; i++) {
		bool is_there = false;

		r = reader_records(rd, subject, u->erases.v[i], stop_at_first, &is_there, err);
		if (is_there && rest->n == MAX_COLLECTIONS) {
			return cu_err_set(err, CU_ELIMIT,
				"purposes.yaml: %s: withdrawal_erases: over %d collections hold something: erase them by "
				"'erase', collection by collection", u->key, MAX_COLLECTIONS);
		}
		if (is_there) {
			rest->names[rest->n++] = u->erases.v[i];
		}
	}
	return r < 0 ? r : 0;
}

static int look(struct exchange *x, const struct purpose *u, const struct id *subject,
	struct rest *rest, struct cu_err *err)
{
	struct store *store = x->daemon->house.store;
	struct reader *rd = store_reader_take(store);
	struct standing s;
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = standing_read(rd, subject, u->key, NULL, exchange_now_ms(x), &s, err);
		if (r == 0 && s.exists && !s.is_live) {
			r = find_rest(rd, u, subject, rest, err);
		}
		reader_end(rd);
	}
	store_reader_give(store, rd);
	return r;
}

int withdrawal_follow(struct exchange *x, const struct purpose *purpose, const struct id *subject,
	struct id *ret_erasure, struct cu_err *err)
{
	struct erase_request q = { .actor = x->actor,
		.what = { .subject = *subject, .purpose = purpose->key } };
	struct rest rest = { .n = 0 };
	int r = purpose->erases.n > 0 ? look(x, purpose, subject, &rest, err) : 0;

	if (r < 0 || rest.n == 0) {
		return r;
	}
	q.what.collections = rest.names;
	q.what.ncollections = rest.n;
	r = erase_begin(x->daemon, &q, ret_erasure, err);
	return r < 0 ? r : 1;
}
