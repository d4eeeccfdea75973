#include "store/tx_message.h"

#include <string.h>

#include "base/err.h"
#include "store/store_internal.h"
#include "store/tx_case.h"
#include "store/tx_outgoing.h"

_Static_assert(ENGINE_KEY_SIZE == LEAF_KEY_SIZE, "a policy key is a policy key");

static int put_leaf(struct tx *tx, const struct row_message *row, enum leaf_act act,
	struct cu_err *err)
{
	struct leaf leaf = { .act = act, .obj = row->id };

	memcpy(leaf.collection, row->route, sizeof(leaf.collection));
	memcpy(leaf.why, row->kind, sizeof(leaf.why));
	return tx_leaf(tx, &leaf, err);
}

static int seal_text(struct tx *tx, struct row_message *row, const struct message_text *text,
	struct cu_err *err)
{
	const struct case_text texts[] = { { "to", text->to }, { "subject", text->subject },
		{ "text", text->text } };
	int r = tx_case_open(tx, &row->kase, err);

	return r < 0 ? r :
		       tx_case_paper(tx, &row->kase, MESSAGE_COLLECTION, "message", texts, 3, NULL, err);
}

int tx_message_make(struct tx *tx, struct row_message *row, const struct message_text *text,
	struct cu_err *err)
{
	struct row_message there;
	int r = engine_message_get(tx->engine, &row->id, &there, err);

	if (r != 0) {
		*row = r > 0 ? there : *row;
		return r < 0 ? r : 0;
	}
	row->state = MESSAGE_WAITING;
	row->made_ms = row->next_ms = tx->now_ms;
	if (text) {
		r = seal_text(tx, row, text, err);
	}
	if (r == 0) {
		r = engine_message_put(tx->engine, row, err);
	}
	if (r == 0) {
		r = put_leaf(tx, row, LEAF_MESSAGE_MAKE, err);
	}
	return r < 0 ? r : 1;
}

int tx_message_get(
	struct tx *tx, const struct id *id, struct row_message *ret, struct cu_err *err)
{
	int r = engine_message_get(tx->engine, id, ret, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT, "there is no such message");
	}
	return r < 0 ? r : 0;
}

int tx_message_take(struct tx *tx, const struct id *id, struct cu_err *err)
{
	struct row_message row;
	int r = tx_message_get(tx, id, &row, err);

	if (r == 0 && row.state != MESSAGE_WAITING) {
		return cu_err_set(err, CU_EBUSY, "the message does not wait any more");
	}
	return r < 0 ? r : put_leaf(tx, &row, LEAF_MESSAGE_TAKE, err);
}

/* What nobody needs any more is shredded: at once, should the step be taken back later. */
static int end_text(struct tx *tx, struct row_message *row, struct cu_err *err)
{
	int r;

	if (id_is_nil(&row->kase)) {
		return 0;
	}
	r = tx_case_end(tx, &row->kase, err);
	row->kase = (struct id){ 0 };
	return r;
}

static int end(struct tx *tx, struct row_message *row, enum message_state state,
	enum leaf_act act, struct cu_err *err)
{
	int r = state == MESSAGE_DROPPED ? end_text(tx, row, err) : 0;

	row->state = state;
	row->ended_ms = tx->now_ms;
	if (r == 0) {
		r = engine_message_put(tx->engine, row, err);
	}
	if (r == 0) {
		r = put_leaf(tx, row, act, err);
	}
	return r < 0 ? r : tx_outgoing_follow(tx, row, err);
}

int tx_message_failed(struct tx *tx, const struct id *id, int64_t next_ms, bool is_given_up,
	struct cu_err *err)
{
	struct row_message row;
	int r = tx_message_get(tx, id, &row, err);

	if (r < 0 || row.state != MESSAGE_WAITING) {
		return r; /* somebody dropped it */
	}
	row.nattempts++;
	row.tried_ms = tx->now_ms;
	row.next_ms = next_ms;
	return is_given_up ? end(tx, &row, MESSAGE_GIVEN_UP, LEAF_MESSAGE_GIVE_UP, err) :
			     engine_message_put(tx->engine, &row, err);
}

int tx_message_sent(struct tx *tx, const struct id *id, struct cu_err *err)
{
	struct row_message row;
	int r = tx_message_get(tx, id, &row, err);

	if (r < 0 || row.state != MESSAGE_WAITING) {
		return r;
	}
	row.nattempts++;
	row.tried_ms = tx->now_ms;
	return end(tx, &row, MESSAGE_SENT, LEAF_MESSAGE_SENT, err);
}

static int shred_text(struct tx *tx, struct row_message *row, struct cu_err *err)
{
	int r = end_text(tx, row, err);

	return r < 0 ? r : engine_message_put(tx->engine, row, err);
}

int tx_message_shred(struct tx *tx, const struct id *id, struct cu_err *err)
{
	struct row_message row;
	int r = tx_message_get(tx, id, &row, err);

	return r < 0 || row.state != MESSAGE_SENT ? r : shred_text(tx, &row, err);
}

static int get_unsent(
	struct tx *tx, const struct id *id, struct row_message *ret, struct cu_err *err)
{
	int r = tx_message_get(tx, id, ret, err);

	if (r == 0 && ret->state != MESSAGE_WAITING && ret->state != MESSAGE_GIVEN_UP) {
		return cu_err_set(err, CU_EBUSY, "the message was %s already",
			ret->state == MESSAGE_SENT ? "sent" : "dropped");
	}
	return r;
}

int tx_message_retry(struct tx *tx, const struct id *id, struct cu_err *err)
{
	struct row_message row;
	int r = get_unsent(tx, id, &row, err);

	if (r < 0) {
		return r;
	}
	if (row.state == MESSAGE_GIVEN_UP) { /* its time begins anew */
		row.nattempts = 0;
	}
	row.state = MESSAGE_WAITING;
	row.ended_ms = 0;
	row.next_ms = tx->now_ms;
	r = engine_message_put(tx->engine, &row, err);
	if (r == 0) {
		r = put_leaf(tx, &row, LEAF_MESSAGE_RETRY, err);
	}
	return r < 0 ? r : tx_outgoing_follow(tx, &row, err);
}

int tx_message_drop(struct tx *tx, const struct id *id, struct cu_err *err)
{
	struct row_message row;
	int r = get_unsent(tx, id, &row, err);

	return r < 0 ? r : end(tx, &row, MESSAGE_DROPPED, LEAF_MESSAGE_DROP, err);
}

int tx_message_forget(struct tx *tx, int64_t before_ms, unsigned max, unsigned *ret_n,
	struct cu_err *err)
{
	struct row_message row;
	unsigned n = 0;
	int r = 0;

	while (n < max && (r = engine_message_spent(tx->engine, &row, err)) > 0) {
		r = shred_text(tx, &row, err);
		if (r < 0) {
			break;
		}
		n++;
	}
	while (r >= 0 && n < max && (r = engine_message_over(tx->engine, before_ms, &row, err)) > 0) {
		r = end_text(tx, &row, err);
		if (r == 0) {
			r = engine_message_delete(tx->engine, &row.id, err);
		}
		if (r < 0) {
			break;
		}
		n++;
	}
	*ret_n = n;
	return r < 0 ? r : 0;
}
