#include <stdlib.h>

#include "base/err.h"
#include "ledger/ledger_internal.h"
#include "ledger/tree.h"

struct walk {
	struct ledger *l;
	uint64_t at, end;
	log_leaf_fn *fn;
	void *ctx;
	struct tree_bundle bundle;
};

/* A newer head may have taken away the unfilled tiles that an older one needs: then
 * again. */
static int open_tree(struct ledger *l, struct log_head *ret_head, struct tree **ret,
	struct cu_err *err)
{
	int r;

	do {
		*ret_head = ledger_head(l);
		r = tree_open(l->dir, ret_head, ret, err);
	} while (r < 0 && ledger_head(l).size != ret_head->size);
	return r;
}

static int walk_bundle(struct walk *w, struct cu_err *err)
{
	int r = 0;

	do {
		r = w->fn(w->ctx, w->at, w->bundle.entry[w->at % TILE_WIDTH], err);
		w->at++;
	} while (r == 0 && w->at < w->end && w->at % TILE_WIDTH != 0 &&
		w->at % TILE_WIDTH < w->bundle.n);
	return r;
}

/* Full bundles, which stay for ever, and the unfilled one, unless a newer head has taken that away. */
static int walk_published(struct walk *w, struct cu_err *err)
{
	struct log_head head;
	struct tree *t = NULL;
	int r = open_tree(w->l, &head, &t, err);

	while (r == 0 && w->at < w->end && w->at < head.size) {
		r = tree_bundle(t, w->at / TILE_WIDTH, &w->bundle, err);
		if (r < 0 && w->at / TILE_WIDTH == head.size / TILE_WIDTH &&
			ledger_head(w->l).size != head.size) {
			r = 0; /* one by one */
			break;
		}
		r = r < 0 ? r : walk_bundle(w, err);
	}
	tree_close(t);
	return r;
}

/* The others, one by one: they are of the last second. */
static int walk_rest(struct walk *w, struct cu_err *err)
{
	struct buf leaf = BUF_INIT;
	int r = 0;

	for (; r == 0 && w->at < w->end; w->at++) {
		buf_clear(&leaf);
		r = ledger_read(w->l, w->at, &leaf, err);
		if (r == 0) {
			r = w->fn(w->ctx, w->at, buf_span(&leaf), err);
		}
	}
	buf_done(&leaf);
	return r;
}

int ledger_each(struct ledger *l, uint64_t from, uint64_t end, log_leaf_fn *fn,
	void *ctx, struct cu_err *err)
{
	struct walk *w = calloc(1, sizeof(*w));
	int r;

	if (!w) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	w->l = l;
	w->at = from;
	w->end = end;
	w->fn = fn;
	w->ctx = ctx;
	r = walk_published(w, err);
	if (r == 0) {
		r = walk_rest(w, err);
	}
	buf_done(&w->bundle.bytes);
	free(w);
	return r < 0 ? cu_err_wrap(err, r, "log") : r;
}

int ledger_each_back(struct ledger *l, log_leaf_fn *fn, void *ctx, struct cu_err *err)
{
	struct buf leaf = BUF_INIT;
	int r = 0;

	for (uint64_t i = ledger_size(l); r == 0 && i-- > 0;) {
		buf_clear(&leaf);
		r = ledger_read(l, i, &leaf, err);
		if (r == 0) {
			r = fn(ctx, i, buf_span(&leaf), err);
		}
	}
	buf_done(&leaf);
	return r;
}
