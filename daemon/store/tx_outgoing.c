#include "store/tx_outgoing.h"

#include <string.h>

#include "store/store_internal.h"
#include "store/tx_dsr.h"

#define PAPER "prepared" /* what is not sent yet is no letter */

int tx_outgoing_prepare(struct tx *tx, struct row_dsr *row, struct row_outgoing *out,
	const struct case_text *texts, size_t n, struct cu_err *err)
{
	int r = tx_dsr_paper(tx, row, PAPER, texts, n, &out->paper, err);

	out->state = OUTGOING_PREPARED;
	out->at_ms = tx->now_ms;
	out->actor = tx->actor;
	row->nuntold += out->recipient[0] != '\0';
	return r < 0 ? r : engine_outgoing_put(tx->engine, &row->id, out, err);
}

int tx_outgoing_find(struct tx *tx, const struct row_dsr *row, unsigned kind,
	const char *recipient, struct row_outgoing *ret, struct cu_err *err)
{
	struct row_outgoing out, *after = NULL;
	int r;

	while ((r = engine_outgoing_next(tx->engine, &row->id, after, &out, err)) > 0) {
		after = &out;
		if (out.kind == kind && strcmp(out.recipient, recipient) == 0) {
			*ret = out;
			return 1;
		}
	}
	return r;
}

/* Nobody knows yet that its recipient has it. */
static bool is_open(unsigned state)
{
	return state == OUTGOING_PREPARED || state == OUTGOING_UNDERWAY;
}

int tx_outgoing_mark(struct tx *tx, struct row_dsr *row, struct row_outgoing *out,
	enum outgoing_state state, struct cu_err *err)
{
	if (is_open(out->state) && !is_open(state) && out->recipient[0] && row->nuntold > 0) {
		row->nuntold--;
	}
	out->state = state;
	out->at_ms = tx->now_ms;
	out->actor = tx->actor;
	return engine_outgoing_put(tx->engine, &row->id, out, err);
}

static enum outgoing_state state_by(const struct row_message *message)
{
	switch (message->state) {
	case MESSAGE_WAITING: return OUTGOING_UNDERWAY;
	case MESSAGE_SENT: return OUTGOING_SENT;
	case MESSAGE_GIVEN_UP:
	case MESSAGE_DROPPED: break;
	}
	return OUTGOING_PREPARED;
}

int tx_outgoing_follow(struct tx *tx, const struct row_message *message, struct cu_err *err)
{
	enum outgoing_state state = state_by(message);
	struct row_outgoing out;
	struct row_dsr row;
	struct id request;
	int r = engine_outgoing_of_message(tx->engine, &message->id, &request, &out, err);

	if (r <= 0 || !is_open(out.state) || out.state == (unsigned)state) {
		return r < 0 ? r : 0;
	}
	r = engine_dsr_by_id(tx->engine, &request, &row, err);
	if (r > 0) {
		r = tx_outgoing_mark(tx, &row, &out, state, err);
		return r < 0 ? r :
			       tx_dsr_put(tx, &row, LEAF_REQUEST_NOTE,
				       state == OUTGOING_SENT             ? "mail.taken" :
					       state == OUTGOING_UNDERWAY ? "mail.again" :
									    "mail.failed",
				       err);
	}
	return r;
}

int tx_outgoing_drop(struct tx *tx, struct row_dsr *row, struct cu_err *err)
{
	row->nuntold = 0;
	row->prepared_ms = 0;
	return engine_outgoing_drop(tx->engine, &row->id, err);
}
