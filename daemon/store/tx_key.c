#include "store/tx_key.h"

#include "base/err.h"
#include "store/store_internal.h"

int tx_key_begin(struct tx *tx, const struct leaf *change, struct cu_err *err)
{
	struct leaf leaf = *change;
	struct buf text = BUF_INIT;
	int r;

	leaf.t_ms = tx->now_ms;
	leaf.by = tx->actor;
	r = leaf_format(&leaf, &text, err);
	if (r == 0) {
		r = buf_check(&text, err);
	}
	if (r == 0) {
		r = engine_meta_put(tx->engine, TX_KEY_CHANGE, buf_span(&text), err);
	}
	buf_done(&text);
	return r;
}

int tx_key_get(struct tx *tx, struct leaf *ret, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r = engine_meta_get(tx->engine, TX_KEY_CHANGE, &text, err);

	if (r > 0) {
		r = text.n > 0;
	}
	if (r > 0) {
		int e = leaf_parse(buf_span(&text), ret, NULL, 0, err);

		r = e < 0 ? e : 1;
	}
	buf_done(&text);
	return r;
}

int tx_key_end(struct tx *tx, bool is_done, uint64_t generation, struct cu_err *err)
{
	struct leaf leaf;
	int r = tx_key_get(tx, &leaf, err);

	if (r <= 0) {
		return r;
	}
	leaf.t_ms = tx->now_ms;
	leaf.count = 0;
	leaf.generation = generation;
	r = engine_meta_put(tx->engine, TX_KEY_CHANGE, (struct span){ 0 }, err);
	return r < 0 || !is_done ? r : tx_leaf(tx, &leaf, err);
}
