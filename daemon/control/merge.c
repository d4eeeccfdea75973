#include "control/merge.h"

#include "backup/watch.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/repos.h"
#include "control/repos_note.h"
#include "policy/policy.h"
#include "store/reader_alias.h"
#include "store/tx_merge.h"

struct step {
	struct store_op op;
	struct id old;
	uint64_t backed_up;
	struct row_alias row;
};

static int apply_step(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_merge_step(tx, &s->old, s->backed_up, &s->row, err);
}

static int next_open(struct store *st, const struct id *after, struct row_alias *ret,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(st);
	int r = reader_alias_next_open(rd, after, ret, err);

	store_reader_give(st, rd);
	return r;
}

static int run_step(struct store *st, struct step *s, const struct row_alias *row,
	struct cu_err *err)
{
	s->op = (struct store_op){ .apply = apply_step, .kind = STORE_CHANGE, .actor = row->actor };
	s->old = row->old;
	return store_run(st, &s->op, err);
}

void merge_after_restore(struct store *st)
{
	struct row_alias row, *after = NULL;
	struct step s = { .backed_up = 0 };
	struct cu_err why;
	int r;

	while ((r = next_open(st, after ? &row.old : NULL, &row, &why)) > 0) {
		after = &row;
		if (row.state == ALIAS_AGREED && run_step(st, &s, &row, &why) < 0) {
			log_error("a merge that the log tells could not be done again: %s", why.msg);
		}
	}
	if (r < 0) {
		log_error("merges that the log tells: %s", why.msg);
	}
}

/* What every target holds that holds anything; without any there is nothing to wait for. */
static int find_backed_up(struct daemon *d, uint64_t *ret, struct cu_err *err)
{
	const struct targets *targets = policy_targets(d->policy);
	struct repos_last last;
	int r = 0;

	*ret = UINT64_MAX;
	for (size_t i = 0; r == 0 && i < targets->n; i++) {
		r = repos_last(d, &targets->v[i], &last, err);
		if (r == 0 && last.sequence > 0 && last.capture < *ret) {
			*ret = last.capture;
		}
	}
	return r;
}

int merge_duty(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	struct store *st = d->house.store;
	struct row_alias row, *after = NULL;
	struct step s;
	unsigned n = 0;
	int r = find_backed_up(d, &s.backed_up, err);

	while (r == 0 && (r = next_open(st, after ? &row.old : NULL, &row, err)) > 0) {
		after = &row;
		r = watch_step(watch, "merge", n, 0, err);
		if (r == 0) {
			r = run_step(st, &s, &row, err);
			n += r == 0 && s.row.state == ALIAS_DONE;
		}
	}
	if (r == 0 && n > 0) {
		log_info("the keys of %u ids that were merged into others were shredded", n);
		r = repos_flush(d, err);
	}
	return r;
}
