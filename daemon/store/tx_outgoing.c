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

int tx_outgoing_mark(struct tx *tx, struct row_dsr *row, struct row_outgoing *out,
	enum outgoing_state state, struct cu_err *err)
{
	if (out->state == OUTGOING_PREPARED && state != OUTGOING_PREPARED && out->recipient[0] &&
		row->nuntold > 0) {
		row->nuntold--;
	}
	out->state = state;
	out->at_ms = tx->now_ms;
	out->actor = tx->actor;
	return engine_outgoing_put(tx->engine, &row->id, out, err);
}

int tx_outgoing_drop(struct tx *tx, struct row_dsr *row, struct cu_err *err)
{
	row->nuntold = 0;
	row->prepared_ms = 0;
	return engine_outgoing_drop(tx->engine, &row->id, err);
}
