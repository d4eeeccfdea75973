#include "control/absence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/json.h"
#include "control/absence_worker.h"
#include "control/call_watch.h"
#include "control/daemon.h"
#include "control/drill_process.h"
#include "control/exchange.h"
#include "control/repos.h"
#include "crypto/hash.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "store/tx.h"

#define SLOTS_MAX  (1u << 16) /* of one leaf; its line has 4 KiB */
#define LINES_MAX  65536      /* objects of one result */
#define LEAVES_MAX (1u << 20)

void absence_done(struct absence *a)
{
	free(a->erasures);
	free(a->lines);
	buf_done(&a->note);
	*a = (struct absence){ 0 };
}

/* --- whom to look for ------------------------------------------------------------- */

struct search {
	struct exchange *x;
	struct id erasure; /* nil: all since since_ms */
	int64_t since_ms;
	uint64_t *slots;   /* scratch */
	struct buf leaves; /* of shreds, newest first, each with a newline */
	size_t nleaves, cap;
	bool is_begun;
	struct absence *to;
};

static int add_erasure(struct search *s, const struct id *erasure, struct cu_err *err)
{
	struct absence *a = s->to;

	if (a->nerasures > 0 && id_eq(&a->erasures[a->nerasures - 1], erasure)) {
		return 0; /* several leaves of one */
	}
	if (a->nerasures == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 8;
		struct id *more = realloc(a->erasures, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		a->erasures = more;
		s->cap = cap;
	}
	a->erasures[a->nerasures++] = *erasure;
	return 0;
}

/* 1: nothing older is of interest. */
static int take_leaf(struct search *s, struct span line, struct cu_err *err)
{
	struct leaf leaf;
	int r = leaf_parse(line, &leaf, s->slots, SLOTS_MAX, err);
	bool is_one = !id_is_nil(&s->erasure);

	if (r < 0) {
		return r;
	}
	if (is_one && !id_eq(&leaf.obj, &s->erasure)) {
		return 0;
	}
	if (!is_one && leaf.t_ms < s->since_ms) {
		return 1;
	}
	if (leaf.act == LEAF_ERASE_BEGIN) {
		s->is_begun = true;
		return is_one;
	}
	if (leaf.act != LEAF_ERASE_SHRED) {
		return 0;
	}
	if (++s->nleaves > LEAVES_MAX) {
		return cu_err_set(err, CU_ELIMIT, "over %u entries: name an erasure", LEAVES_MAX);
	}
	buf_put_span(&s->leaves, line);
	buf_put_str(&s->leaves, "\n");
	return add_erasure(s, &leaf.obj, err);
}

/* Only leaves of erasures are worth parsing. */
static int on_leaf(void *ctx, uint64_t index, struct span line, struct cu_err *err)
{
	static const char erase[] = " act=erase.";
	struct search *s = ctx;

	(void)index;
	if (exchange_is_cancelled(s->x)) {
		return cu_err_set(err, CU_ECANCELED, "cancelled");
	}
	return memmem(line.p, line.n, erase, sizeof(erase) - 1) ? take_leaf(s, line, err) : 0;
}

/* From the newest on. */
static int read_log(struct search *s, struct cu_err *err)
{
	int r = ledger_each_back(s->x->daemon->house.ledger, on_leaf, s, err);

	return r < 0 ? r : buf_check(&s->leaves, err);
}

static int find_leaves(struct search *s, struct cu_err *err)
{
	int r;

	s->slots = malloc(SLOTS_MAX * sizeof(*s->slots));
	if (!s->slots) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = read_log(s, err);
	free(s->slots);
	if (r == 0 && s->nleaves == 0 && id_is_nil(&s->erasure)) {
		r = cu_err_set(err, CU_ENOENT,
			"nobody was erased within twice the vault_bound of backup.yaml: name an "
			"erasure");
	} else if (r == 0 && s->nleaves == 0 && s->is_begun) {
		r = cu_err_set(err, CU_EBUSY,
			"nothing can be verified yet: this erasure has begun, its keys are not yet "
			"shredded");
	} else if (r == 0 && s->nleaves == 0) {
		r = cu_err_set(err, CU_ENOENT, "the log has no such erasure");
	}
	return r;
}

/* --- the process ------------------------------------------------------------------ */

static int add_line(struct absence *a, const char *target, const struct absence_row *row,
	struct cu_err *err)
{
	if (a->n == LINES_MAX) {
		return cu_err_set(err, CU_ELIMIT, "over %d objects: name a target", LINES_MAX);
	}
	if (a->n == a->cap) {
		size_t cap = a->cap ? 2 * a->cap : 16;
		struct absence_line *more = realloc(a->lines, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		a->lines = more;
		a->cap = cap;
	}
	a->lines[a->n].row = *row;
	snprintf(a->lines[a->n++].target, sizeof(a->lines->target), "%s", target);
	return 0;
}

static int take_line(void *ctx, const json_t *line, struct cu_err *err)
{
	struct absence *a = ctx;
	struct absence_row row;
	const char *target;
	int r;

	if (json_object_get(line, "object")) {
		r = absence_row_take(json_object_get(line, "object"), &target, &row, err);
		return r == 0 ? add_line(a, target, &row, err) : r;
	}
	a->outcome = absence_outcome_take(json_object_get(line, "outcome"));
	return a->outcome == ABSENCE_NOUTCOMES_ ?
		cu_err_set(err, CU_EPROTO, "the process that verifies sent a result that is none") :
		1;
}

/* The targets that are asked for, each as a directory; copies are the caller's. */
static int gather(struct exchange *x, const struct target *only, const struct watch *watch,
	struct absence_target *to, struct repos_copy *copies, size_t *ret_n, struct cu_err *err)
{
	const struct targets *all = policy_targets(x->daemon->policy);
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n; i++) {
		if (only && only != &all->v[i]) {
			continue;
		}
		r = repos_copy(x->daemon, &all->v[i], watch, &copies[*ret_n], err);
		if (r == 0) {
			to[*ret_n] = (struct absence_target){ all->v[i].key, copies[*ret_n].dir };
			++*ret_n;
		}
	}
	return r;
}

static int try_all(struct exchange *x, const struct search *s, const struct target *only,
	const char *dir, struct cu_err *err)
{
	const struct targets *all = policy_targets(x->daemon->policy);
	struct call_watch w;
	struct absence_options o = { .dir = dir, .manifest_key = x->daemon->house.verifier };
	struct absence_target *targets = calloc(all->n + 1, sizeof(*targets));
	struct repos_copy *copies = calloc(all->n + 1, sizeof(*copies));
	struct buf request = BUF_INIT;
	int identity = -1, r = targets && copies ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");

	call_watch_begin(&w, x);
	if (r == 0) {
		r = gather(x, only, &w.watch, targets, copies, &o.ntargets, err);
	}
	if (r == 0) {
		o.targets = targets;
		absence_request_put(&o, buf_span(&s->leaves), &request);
		identity = fcntl(x->fd, F_DUPFD_CLOEXEC, 4); /* passed on, not read */
		if (identity < 0) {
			r = cu_err_errno(err, errno, "the identity file");
		}
	}
	if (r == 0) {
		r = drill_process_run(
			x->daemon, dir, &request, identity, take_line, s->to, &w.watch, err);
	}
	for (size_t i = 0; i < o.ntargets; i++) {
		repos_copy_done(&copies[i]);
	}
	buf_done(&request);
	free(copies);
	free(targets);
	return r;
}

/* --- the result ------------------------------------------------------------------- */

void absence_show(const struct absence *a, struct json *out)
{
	json_str(out, "outcome", absence_word(a->outcome));
	json_open_array(out, "erasures");
	for (size_t i = 0; i < a->nerasures; i++) {
		json_hex(out, NULL, a->erasures[i].b, sizeof(a->erasures[i].b));
	}
	json_close_array(out);
	json_open_array(out, "objects");
	for (size_t i = 0; i < a->n; i++) {
		const struct absence_row *row = &a->lines[i].row;

		json_open_object(out, NULL);
		json_str(out, "target", a->lines[i].target);
		json_str(out, "kind", row->is_vault ? "vault" : "data");
		json_str(out, "object", row->object);
		json_uint(out, "generation", row->generation);
		json_str(out, "outcome", absence_word(row->outcome));
		json_uint(out, "tried_records", row->erased);
		json_uint(out, "opened_records", row->opened);
		json_str(out, "why", row->why);
		json_close_object(out);
	}
	json_close_array(out);
}

static int sign(struct daemon *d, struct absence *a, struct cu_err *err)
{
	struct id store = store_id(d->house.store), lineage = store_lineage(d->house.store);
	struct buf object = BUF_INIT, text = BUF_INIT;
	struct json j = json_to(&object);
	char time[CIVIL_TIME_SIZE];
	int r;

	civil_format_time(clock_now_ms(&d->house.clock), time);
	json_open_object(&j, NULL);
	json_int(&j, "custos_verification", 1);
	json_hex(&j, "store", store.b, sizeof(store.b));
	json_hex(&j, "lineage", lineage.b, sizeof(lineage.b));
	json_str(&j, "time", time);
	absence_show(a, &j);
	json_close_object(&j);
	r = buf_check(&object, err);
	if (r == 0) {
		json_indent(buf_span(&object), &text);
		r = buf_check(&text, err);
	}
	if (r == 0) {
		r = note_sign(d->house.signer, buf_span(&text), &a->note, err);
	}
	buf_done(&object);
	buf_done(&text);
	return r;
}

struct remember {
	struct store_op op;
	const struct absence *absence;
};

static int apply_remember(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct absence *a = ((struct remember *)op)->absence;
	struct leaf leaf = { .act = LEAF_ERASE_VERIFY, .count = a->n, .has_digest = true };

	if (a->nerasures == 1) {
		leaf.obj = a->erasures[0];
	}
	strncpy(leaf.why, absence_word(a->outcome), sizeof(leaf.why) - 1);
	hash_sha256(buf_span(&a->note), leaf.digest);
	return tx_leaf(tx, &leaf, err);
}

int absence_hold(struct exchange *x, const struct id *erasure, const struct target *target,
	struct absence *ret, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	struct absence a = { .note = BUF_INIT };
	struct search s = { .x = x, .erasure = *erasure, .leaves = BUF_INIT, .to = &a,
		.since_ms = clock_now_ms(&d->house.clock) - 2 * repos_bound_ms(d) };
	struct remember m = { { .apply = apply_remember, .kind = STORE_CHANGE }, &a };
	char dir[PATH_SIZE];
	int r = find_leaves(&s, err);

	if (r == 0) {
		r = drill_process_begin(d, dir, err);
	}
	if (r == 0) {
		r = try_all(x, &s, target, dir, err);
		drill_process_end(d);
	}
	if (r == 0) {
		r = sign(d, &a, err);
	}
	if (r == 0) {
		r = exchange_change(x, &m.op, err);
	}
	buf_done(&s.leaves);
	if (r < 0) {
		absence_done(&a);
		return r;
	}
	*ret = a;
	return 0;
}
