#include "store/settle_requests.h"

#include <string.h>

#include "store/engine_dsr.h"
#include "store/settle.h"

/* 0: a later custos wrote it. */
static unsigned state_of(const char *word)
{
	static const char *const words[] = { "",
#define X(id, word, is_open) word,
		REQUEST_STATES(X)
#undef X
	};

	for (unsigned i = 1; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], word) == 0) {
			return i;
		}
	}
	return 0;
}

static int close_row(struct engine *e, struct row_dsr *row, const struct settle_request *q,
	struct cu_err *err)
{
	unsigned state = state_of(q->state);

	if (row->closed_ms != 0 || state == 0) {
		return 0;
	}
	row->state = state;
	row->closed_ms = q->at_ms;
	return engine_dsr_put(e, row, err);
}

/* What a leaf does to a row that is there, or not. */
static int take(struct engine *e, const struct settle_request *q, uint64_t *lost,
	struct cu_err *err)
{
	struct row_dsr row;
	int r = engine_dsr_by_id(e, &q->id, &row, err);

	if (r < 0) {
		return r;
	}
	switch ((int)q->act) {
	case LEAF_REQUEST_OPEN: *lost += r == 0; return 0;
	case LEAF_REQUEST_CLOSE:
		*lost -= r == 0 && *lost > 0;
		return r > 0 ? close_row(e, &row, q, err) : 0;
	case LEAF_REQUEST_END: return r > 0 ? engine_dsr_delete(e, &q->id, err) : 0;
	default: return 0;
	}
}

int settle_requests(struct engine *e, const struct settle_request *v, size_t n,
	uint64_t *ret_lost, struct cu_err *err)
{
	uint64_t last = 0, lost = 0;
	int r = engine_meta_get_u64(e, DSR_LAST_NUMBER, &last, err);

	r = r < 0 ? r : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		last = v[i].number > last ? v[i].number : last;
		r = take(e, &v[i], &lost, err);
	}
	if (r == 0 && last > 0) {
		r = engine_meta_put_u64(e, DSR_LAST_NUMBER, last, err);
	}
	if (r == 0) {
		*ret_lost = lost;
	}
	return r;
}
