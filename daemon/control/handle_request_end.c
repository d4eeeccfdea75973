/* Requests of data subjects that end without being carried out. */
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "store/tx_erase.h"
#include "store/tx_outgoing.h"

#define LAPSE_MS (30 * 24 * 3600 * 1000LL)

/* --- refused, taken back, never answered ------------------------------------------ */

static int apply_deny(struct tx *tx, struct casework *c, struct cu_err *err)
{
	int r;

	strncpy(c->row.reason, c->ctx, sizeof(c->row.reason) - 1);
	r = casework_drop_approval(tx, &c->row, err);
	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_DENY, err);
}

static void list_refusals(const struct law *law, enum request_type type, char *to, size_t cap)
{
	size_t n = 0;

	*to = '\0';
	for (size_t i = 0; i < law->nrefusals && n < cap; i++) {
		if (refusal_is_for(&law->refusals[i], law_request_word(type))) {
			int put = snprintf(to + n, cap - n, "%s%s", n > 0 ? ", " : "", law->refusals[i].key);

			n += put > 0 ? (size_t)put : 0;
		}
	}
}

int handle_REQUEST_DENY(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *reason = exchange_text(x, "reason");
	struct casework c = { .fn = apply_deny, .ctx = (void *)(uintptr_t)reason };
	const struct law *law = NULL;
	struct row_dsr row;
	int r = casework_find(x, &row, err);

	if (r == 0) {
		r = casework_law(x->daemon, &row, &law, err);
	}
	if (r == 0 && !law_find_refusal(law, (enum request_type)row.type, reason)) {
		char all[160];

		list_refusals(law, (enum request_type)row.type, all, sizeof(all));
		r = cu_err_set(err, CU_EINVAL, "reason: %s knows these for %s: %s", law->key,
			intl_word(law_request_word((enum request_type)row.type)), all);
	}
	return r < 0 ? r : casework_run(x, &c, out, err);
}

static int apply_revoke(struct tx *tx, struct casework *c, struct cu_err *err)
{
	int r = request_may(&c->row, REQ_ON_REVOKE, err);

	if (r == 0 && c->row.state == REQ_COOLING_OFF) {
		r = tx_erase_cancel(tx, &c->row.erasure, "request.revoked", err);
		r = r < 0 ? r : tx_outgoing_drop(tx, &c->row, err);
	}
	if (r == 0) {
		r = casework_drop_approval(tx, &c->row, err);
	}
	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_REVOKE, err);
}

int handle_REQUEST_REVOKE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct casework c = { .fn = apply_revoke };
	int r = casework_run(x, &c, out, err);

	if (r == 0) {
		eraser_wake(&x->daemon->eraser);
	}
	return r;
}

static int apply_lapse(struct tx *tx, struct casework *c, struct cu_err *err)
{
	int r = request_may(&c->row, REQ_ON_LAPSE, err);

	if (r == 0 && c->row.asked_ms == 0) {
		return cu_err_set(err, CU_EBUSY,
			"nobody was asked to show who they are: 'request ask %u'", c->row.number);
	}
	if (r == 0 && tx->now_ms < c->row.asked_ms + LAPSE_MS) {
		char day[CIVIL_TIME_SIZE];

		civil_format_time(c->row.asked_ms + LAPSE_MS, day);
		return cu_err_set(err, CU_EBUSY, "they have time for an answer until %.10s", day);
	}
	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_LAPSE, err);
}

int handle_REQUEST_LAPSE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct casework c = { .fn = apply_lapse };

	return casework_run(x, &c, out, err);
}

/* --- asked for before ------------------------------------------------------------- */

/* Is everything that the second asks for in the first, too?  1, 0 or a code. */
static int is_within(struct tx *tx, const struct row_dsr *row, const struct row_dsr *of,
	struct cu_err *err)
{
	struct row_dsr_part part = { .collection = "" };
	int r = tx_dsr_next_part(tx, of, DSR_WANTED, "", &part, err);
	int is_in = 0;

	if (r <= 0) { /* that one is about all */
		return r < 0 ? r : 1;
	}
	part.collection[0] = '\0';
	while ((r = tx_dsr_next_part(tx, row, DSR_WANTED, part.collection, &part, err)) > 0) {
		is_in = tx_dsr_has_part(tx, of, DSR_WANTED, part.collection, err);
		if (is_in <= 0) {
			return is_in;
		}
	}
	return r < 0 ? r : is_in; /* 0: this one is about all */
}

/* Nobody's letter ends somebody else's request, and what was answered before is asked anew. */
static int require_original(struct tx *tx, const struct row_dsr *row, uint32_t number,
	struct cu_err *err)
{
	struct row_dsr of;
	int r = tx_dsr_get(tx, number, &of, err);

	if (r < 0) {
		return r;
	}
	if (of.number >= row->number || of.method == 0 || !id_eq(&of.subject, &row->subject) ||
		of.type != row->type || strcmp(of.about, row->about) != 0) {
		return cu_err_set(err, CU_EBUSY,
			"%u repeats %u only if that came before, is verified, of the same person and for the same",
			row->number, number);
	}
	if (!request_is_open(of.state)) {
		return cu_err_set(err, CU_EBUSY, "request %u is %s, so this one stands for itself", number,
			intl_word(request_state_word(of.state)));
	}
	r = is_within(tx, row, &of, err);
	return r == 0 ? cu_err_set(err, CU_EBUSY, "request %u is about less, so this one stands for itself",
				number) :
	       r < 0  ? r :
			0;
}

static int apply_duplicate(struct tx *tx, struct casework *c, struct cu_err *err)
{
	int r;

	c->row.duplicate_of = *(const uint32_t *)c->ctx;
	r = request_may(&c->row, REQ_ON_DUPLICATE, err);
	if (r == 0) {
		r = require_original(tx, &c->row, c->row.duplicate_of, err);
	}
	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_DUPLICATE, err);
}

int handle_REQUEST_DUPLICATE(struct exchange *x, struct json *out, struct cu_err *err)
{
	int64_t of = exchange_int(x, "of", 0);
	uint32_t number = of > 0 && of <= UINT32_MAX ? (uint32_t)of : 0;
	struct casework c = { .fn = apply_duplicate, .ctx = &number };

	return number == 0 ? cu_err_set(err, CU_ENOENT, "of: there is no request of this number") :
			     casework_run(x, &c, out, err);
}
