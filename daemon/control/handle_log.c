/* The audit log: show, prove, verify, checkpoint; a gap in it. */
#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "store/tx_gap.h"

#define SHOW_DEFAULT 100
#define SHOW_MAX     1000

static int show_leaf(void *ctx, uint64_t index, struct span leaf, struct cu_err *err)
{
	struct json *out = ctx;

	(void)err;
	json_open_object(out, NULL);
	json_uint(out, "index", index);
	json_strn(out, "leaf", (const char *)leaf.p, leaf.n);
	json_close_object(out);
	return 0;
}

int handle_LOG_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct ledger *l = x->daemon->house.ledger;
	uint64_t size = ledger_size(l);
	int64_t count = exchange_int(x, "count", SHOW_DEFAULT);
	int64_t from = exchange_int(x, "from", -1);
	uint64_t first, n;
	int r = 0;

	if (count < 0 || count > SHOW_MAX) {
		return cu_err_set(err, CU_EINVAL, "count: at most %d at a time", SHOW_MAX);
	}
	n = (uint64_t)count;
	first = from >= 0 ? (uint64_t)from : n < size ? size - n : 0;
	json_open_array(out, "leaves");
	if (first < size) {
		r = ledger_each(l, first, size - first < n ? size : first + n, show_leaf, out, err);
	}
	json_close_array(out);
	return r;
}

int handle_LOG_PROVE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct buf proof = BUF_INIT;
	int64_t index = exchange_int(x, "index", -1);
	int r = index < 0 ? cu_err_set(err, CU_EINVAL, "index: expected 0 or more") :
			    house_publish(&x->daemon->house, err); /* so that the newest is in it */

	if (r == 0) {
		r = ledger_prove(x->daemon->house.ledger, (uint64_t)index, &proof, err);
	}
	if (r == 0) {
		json_buf(out, "proof", &proof);
	}
	buf_done(&proof);
	return r;
}

int handle_LOG_VERIFY(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct house *h = &x->daemon->house;
	const struct log_head *head;
	struct log_dir *dir = NULL;
	int r = house_publish(h, err);

	if (r == 0) {
		r = log_dir_open(h->log_dir, &h->verifier, &dir, err);
	}
	if (r == 0) {
		r = log_dir_verify(dir, err);
	}
	if (r == 0) {
		head = log_dir_head(dir);
		json_uint(out, "size", head->size);
		json_hex(out, "root", head->root, sizeof(head->root));
		json_uint(out, "checked", head->size);
	}
	log_dir_close(dir);
	return r;
}

int handle_LOG_CHECKPOINT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct house *h = &x->daemon->house;
	char key[NOTE_VERIFIER_SIZE];
	struct buf note = BUF_INIT;
	uint64_t size;
	int r = house_publish(h, err);

	if (r == 0) {
		r = ledger_checkpoint(h->ledger, &note, &size, err);
	}
	if (r == 0) {
		note_format_verifier(&h->verifier, key);
		json_buf(out, "note", &note);
		json_str(out, "key", key);
	}
	buf_done(&note);
	return r;
}

/* --- a gap ------------------------------------------------------------------------ */

struct ask_gap {
	struct store_op op;
	int64_t keep_ms;
	struct row_approval row;
};

static int apply_ask_gap(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct ask_gap *a = (struct ask_gap *)op;

	return tx_gap_ask(tx, a->keep_ms, &a->row, err);
}

int handle_LOG_ACCEPT_GAP(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct erasure_rules *p = policy_erasure(x->daemon->policy);
	struct ask_gap ask = { .op.apply = apply_ask_gap,
		.keep_ms = duration_seconds(p->approval_expires) * 1000 };
	bool is_granted;
	int r = exchange_change(x, &ask.op, err);

	is_granted = r == 0 && ask.row.state == APPROVAL_GRANTED;
	if (is_granted) { /* custosd died between the confirmation and what follows from it */
		r = store_accept_gap(x->daemon->house.store, &x->actor, &ask.row.id, err);
	}
	if (r == 0) {
		json_hex(out, "approval", ask.row.id.b, sizeof(ask.row.id.b));
		json_bool(out, "is_accepted", is_granted);
	}
	return r;
}
