#include "control/log_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "ledger/ledger.h"
#include "policy/rows.h"
#include "store/reader.h"
#include "vault/vault.h"

#define MAX_SLOTS        (VAULT_MAX_LEAVES * VAULT_LEAF_SLOTS) /* of one leaf, as ranges */
#define PROGRESS_EACH_MS 200
#define LOOK_UP_EACH     256 /* leaves, from looking whether we are cancelled */

/* --- which ------------------------------------------------------------------------- */

bool log_filter_fits(const struct log_filter *f, const struct leaf *l)
{
	return !f->is_nobody && l->t_ms >= f->from_ms && l->t_ms < f->to_ms &&
	       (id_is_nil(&f->actor) || id_eq(&f->actor, &l->by)) &&
	       (!f->purpose || strcmp(f->purpose, l->purpose) == 0);
}

int log_filter_take_actor(
	const struct exchange *x, struct reader *rd, struct log_filter *f, struct cu_err *err)
{
	int64_t uid = exchange_int(x, "actor", -1);
	int r;

	if (!exchange_has(x, "actor")) {
		return 0;
	}
	if (uid < 0 || uid > UINT32_MAX) {
		return cu_err_set(err, CU_EINVAL, "actor: expected the number of a user");
	}
	r = reader_operator(rd, (uint32_t)uid, &f->actor, err);
	f->is_nobody = r == 0;
	return r < 0 ? r : 0;
}

int log_filter_take_purpose(
	const struct exchange *x, const char *name, struct log_filter *f, struct cu_err *err)
{
	f->purpose = exchange_text(x, name);
	return f->purpose && !rows_is_name(f->purpose) ?
		cu_err_set(err, CU_EINVAL,
			"%s: expected a key: 1 to 63 of a-z, 0-9, '_', '.' and '-'", name) :
		0;
}

/* --- the walk ---------------------------------------------------------------------- */

static void tell(struct log_walk *w)
{
	int64_t now = clock_monotonic_ms();
	struct buf frame = BUF_INIT;
	struct json j;

	if (now - w->told_ms < PROGRESS_EACH_MS) {
		return;
	}
	w->told_ms = now;
	j = exchange_progress_begin(&frame);
	json_open_object(&j, "progress");
	json_uint(&j, "entries", w->next);
	json_uint(&j, "total", w->end);
	json_close_object(&j);
	exchange_progress_end(w->x, &j, &frame);
}

static int on_leaf(void *ctx, uint64_t index, struct span text, struct cu_err *err)
{
	struct log_walk *w = ctx;
	struct leaf l;
	int r = leaf_parse(text, &l, w->slots, MAX_SLOTS, err);

	w->next = index + 1;
	if (r == 0) {
		r = w->fn(w->ctx, index, text, &l, err);
	}
	if (r == 0 && index % LOOK_UP_EACH == 0) {
		tell(w);
		if (exchange_is_cancelled(w->x)) {
			r = cu_err_set(err, CU_ECANCELED, "'%s' was cancelled", w->x->command->words);
		}
	}
	return r;
}

int log_walk(struct log_walk *w, struct cu_err *err)
{
	int r = 0;

	if (w->next >= w->end) {
		return 0;
	}
	w->slots = malloc(MAX_SLOTS * sizeof(*w->slots));
	if (!w->slots) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = ledger_each(w->x->daemon->house.ledger, w->next, w->end, on_leaf, w, err);
	free(w->slots);
	w->slots = NULL;
	return r;
}
