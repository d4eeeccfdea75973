#include "backup/absence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/history.h"
#include "backup/identity.h"
#include "backup/manifest.h"
#include "backup/rebuild.h"
#include "backup/trial.h"
#include "backup/watch.h"
#include "base/err.h"
#include "crypto/key.h"
#include "vault/vault.h"

/* A vault object that lies there. */
struct vault_found {
	const struct chain_link *link; /* the manifest that describes it; NULL: none does */
	bool is_broken;                /* it cannot be opened, and row says why */
	bool has_control;              /* a remembered person was opened with it */
	uint64_t ndamaged;             /* records of the erased ones */
	struct absence_row row;
};

/* One target. */
struct look {
	const struct absence_options *options;
	const struct absence_target *target;
	const struct identity *identity;
	struct key_arena *arena;
	struct key *k0;
	char data_dir[PATH_SIZE], vault_dir[PATH_SIZE];
	struct repo repo;
	struct chain chain;
	struct vault_found *vaults;
	size_t nvaults, cap;
	absence_fn *fn;
	void *ctx;
	enum absence_outcome worst;
};

/* What came of one data object with one vault object. */
struct attempt {
	uint64_t erased, opened, broken;
	bool has_control;
};

const char *absence_word(enum absence_outcome outcome)
{
	static const char *const words[] = {
#define X(id, word) [ABSENCE_##id] = word,
		ABSENCE_OUTCOMES(X)
#undef X
	};

	return words[outcome];
}

static void tell(struct look *k, const struct absence_row *row)
{
	if (row->outcome > k->worst) {
		k->worst = row->outcome;
	}
	k->fn(k->ctx, k->target->key, row);
}

/* What is wrong with an object is a finding; what is wrong with this machine ends the run. */
static int find_or_fail(struct absence_row *row, int r, const struct cu_err *why,
	struct cu_err *err)
{
	switch (r) {
	case CU_ECORRUPT:
	case CU_ENOENT:
	case CU_ENOKEY:
	case CU_ELIMIT:
		row->outcome = ABSENCE_UNOPENED;
		snprintf(row->why, sizeof(row->why), "%.199s", why->msg);
		return 0;
	default: return cu_err_set(err, r, "%s", why->msg);
	}
}

/* --- what lies there -------------------------------------------------------------- */

static const struct chain_link *find_link(const struct look *k, const struct repo_name *name)
{
	for (size_t i = 0; name->kind == REPO_VAULT && i < k->chain.n; i++) {
		const struct chain_link *link = &k->chain.at[i];

		if (link->generation == name->number &&
			memcmp(link->vault.hash, name->hash, sizeof(name->hash)) == 0) {
			return link;
		}
	}
	return NULL;
}

/* Also what no manifest names: nobody can say that it holds nothing. */
static int take_vault(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	struct look *k = ctx;
	struct repo_name parsed = repo_name_parse(name);
	struct vault_found *v;

	(void)size;
	if (k->nvaults == k->cap) {
		size_t cap = k->cap ? 2 * k->cap : 16;
		struct vault_found *more = realloc(k->vaults, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		k->vaults = more;
		k->cap = cap;
	}
	v = &k->vaults[k->nvaults++];
	*v = (struct vault_found){ .link = find_link(k, &parsed), .row = { .is_vault = true, .outcome = ABSENCE_NOTHING } };
	snprintf(v->row.object, sizeof(v->row.object), "%s", name);
	v->row.generation = parsed.kind == REPO_VAULT ? parsed.number : 0;
	if (!v->link) {
		v->is_broken = true;
		v->row.outcome = ABSENCE_UNOPENED;
		snprintf(v->row.why, sizeof(v->row.why), "no signed manifest names it");
	}
	return 0;
}

static struct vault_found *find_newest(struct look *k)
{
	const struct chain_link *newest = chain_newest_vault(&k->chain);

	for (size_t i = 0; i < k->nvaults; i++) {
		struct vault_found *v = &k->vaults[i];

		if (v->link && newest && v->link->generation == newest->generation &&
			memcmp(v->link->vault.hash, newest->vault.hash, 32) == 0) {
			return v;
		}
	}
	return NULL;
}

/* --- one data object, one vault object -------------------------------------------- */

static int compare_slots(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

struct counting {
	const struct absence_options *options;
	struct attempt *to;
};

static void on_record(void *ctx, const struct row_record *row, int is_open)
{
	struct counting *c = ctx;
	const struct absence_options *o = c->options;

	if (bsearch(&row->slot, o->slots, o->nslots, sizeof(*o->slots), compare_slots)) {
		c->to->erased++;
		c->to->opened += is_open > 0;
		c->to->broken += is_open < 0;
	}
}

static int try_erased(struct look *k, struct trial *t, struct attempt *to, struct cu_err *err)
{
	const struct absence_options *o = k->options;
	struct counting c = { o, to };
	struct trial_count ignored = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->nsubjects; i++) {
		r = trial_subject(t, &o->subjects[i], on_record, &c, &ignored, err);
	}
	return r;
}

/* Somebody who is remembered, as far as it takes. */
static int try_control(struct look *k, struct trial *t, struct attempt *to, struct cu_err *err)
{
	const struct absence_options *o = k->options;
	struct id id, *after = NULL;
	uint64_t n = 0;
	int r;

	while ((r = trial_next_subject(t, after, &id, err)) > 0 && !to->has_control) {
		struct trial_count one = { 0 };

		after = &id;
		if (!bsearch(&id, o->subjects, o->nsubjects, sizeof(id), compare_ids)) {
			r = trial_subject(t, &id, NULL, NULL, &one, err);
		}
		if (r >= 0) {
			r = watch_step(o->watch, "remembered", ++n, 0, err);
		}
		if (r < 0) {
			return r;
		}
		to->has_control = one.opened > 0;
	}
	return r < 0 ? r : 0;
}

/* As it is: a restore would shred again what the log says; whoever has the object need not. */
static int build_vault(struct look *k, const struct vault_found *v, struct cu_err *err)
{
	const struct history nothing = { 0 };
	uint64_t generation;
	int r = path_remove_tree(k->vault_dir, err);

	if (r == 0) {
		r = path_make_dir(k->vault_dir, 0700, err);
	}
	return r < 0 ? r : rebuild_vault(&k->repo, v->link, k->identity->vault, &nothing,
				   k->vault_dir, k->k0, k->arena, k->options->watch, &generation, err);
}

/* 1 when it was tried, 0 when the vault object does not open: told in its row. */
static int attempt(struct look *k, struct vault_found *v, struct attempt *ret,
	struct cu_err *err)
{
	struct trial t = { 0 };
	struct attempt a = { 0 };
	struct cu_err why = { 0 };
	int r = build_vault(k, v, &why);

	if (r < 0) {
		v->is_broken = true;
		return find_or_fail(&v->row, r, &why, err);
	}
	r = trial_open(k->data_dir, k->vault_dir, k->k0, k->arena, &k->chain.at[0].store, &t, err);
	if (r == 0) {
		r = try_erased(k, &t, &a, err);
	}
	if (r == 0) {
		r = try_control(k, &t, &a, err);
	}
	trial_close(&t);
	if (r < 0) {
		return r;
	}
	*ret = a;
	return 1;
}

static enum absence_outcome judge(uint64_t opened, uint64_t broken, bool has_control)
{
	if (opened > 0) {
		return ABSENCE_FOUND;
	}
	return has_control && broken == 0 ? ABSENCE_ABSENT : ABSENCE_NOTHING;
}

static void count_for_vault(struct vault_found *v, const struct attempt *a)
{
	v->has_control |= a->has_control;
	v->ndamaged += a->broken;
	v->row.erased += a->erased;
	v->row.opened += a->opened;
	v->row.outcome = judge(v->row.opened, v->ndamaged, v->has_control);
}

/* --- one data object -------------------------------------------------------------- */

static void count_for_data(struct absence_row *row, const struct attempt *a)
{
	row->erased = a->erased;
	row->opened = a->opened;
	row->outcome = judge(a->opened, a->broken, a->has_control);
}

/* With the newest first; with the others only if it holds anything of the erased ones, or if
 * they have not shown yet that they open anything. */
static int try_vaults(struct look *k, struct vault_found *newest, struct absence_row *row,
	struct cu_err *err)
{
	struct attempt a = { 0 };
	int r = newest->is_broken ? 0 : attempt(k, newest, &a, err);
	bool has_erased = r == 0 || a.erased > 0;

	row->generation = newest->row.generation;
	if (r > 0) {
		count_for_data(row, &a);
		count_for_vault(newest, &a);
	} else if (r == 0) {
		row->outcome = ABSENCE_UNOPENED;
		snprintf(row->why, sizeof(row->why), "the newest vault object could not be opened");
	}
	for (size_t i = 0; r >= 0 && i < k->nvaults; i++) {
		struct vault_found *v = &k->vaults[i];

		if (v == newest || v->is_broken || (!has_erased && v->has_control)) {
			continue;
		}
		r = attempt(k, v, &a, err);
		if (r > 0) {
			count_for_vault(v, &a);
		}
	}
	return r < 0 ? r : 0;
}

static int build_data(struct look *k, const struct chain_link *link, struct cu_err *err)
{
	struct rebuild_opener by = { .ids = k->identity->data };
	struct manifest m = { 0 };
	int r = path_remove_tree(k->data_dir, err);

	if (r == 0) {
		r = path_make_dir(k->data_dir, 0700, err);
	}
	if (r == 0) {
		r = chain_get(&k->repo, link, &m, err);
	}
	if (r == 0) {
		r = rebuild_data(&k->repo, &m, by, k->data_dir, k->options->watch, err);
	}
	manifest_done(&m);
	return r;
}

static int try_data(struct look *k, const struct chain_link *link, struct cu_err *err)
{
	struct absence_row row = { .outcome = ABSENCE_NOTHING };
	struct vault_found *newest = find_newest(k);
	struct cu_err why = { 0 };
	int r = build_data(k, link, &why);

	repo_name_manifest(link->sequence, row.object);
	if (r < 0) {
		r = find_or_fail(&row, r, &why, err);
	} else if (!newest) {
		row.outcome = ABSENCE_UNOPENED;
		snprintf(row.why, sizeof(row.why), "the newest vault object is not there");
	} else {
		r = try_vaults(k, newest, &row, err);
	}
	if (r == 0) {
		tell(k, &row);
	}
	return r;
}

/* The newest manifest that names this data? */
static bool is_last_of_its_data(const struct chain *c, size_t i)
{
	for (size_t j = i + 1; j < c->n; j++) {
		if (memcmp(c->at[j].data_object, c->at[i].data_object, 32) == 0) {
			return false;
		}
	}
	return true;
}

/* --- one target ------------------------------------------------------------------- */

static int try_all(struct look *k, struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->chain.n; i++) {
		if (is_last_of_its_data(&k->chain, i)) {
			r = try_data(k, &k->chain.at[i], err);
		}
	}
	for (size_t i = 0; r == 0 && i < k->nvaults; i++) {
		tell(k, &k->vaults[i].row);
	}
	return r;
}

/* Without the signed chain nobody can say what an object there is. */
static int tell_unreadable(struct look *k, int r, const struct cu_err *why, struct cu_err *err)
{
	struct absence_row row = { .object = "manifest" };

	r = find_or_fail(&row, r, why, err);
	if (r == 0) {
		tell(k, &row);
	}
	return r;
}

static int look_at(struct look *k, struct cu_err *err)
{
	struct cu_err why = { 0 };
	int r = repo_open(k->target->dir, &k->repo, &why);

	if (r == 0) {
		r = chain_load(
			&k->repo, &k->options->manifest_key, NULL, NULL, &k->chain, &why);
	}
	if (r == 0) {
		r = repo_list(&k->repo, "vault", take_vault, k, &why);
	}
	r = r < 0 ? tell_unreadable(k, r, &why, err) : try_all(k, err);
	free(k->vaults);
	chain_done(&k->chain);
	return r < 0 ? cu_err_wrap(err, r, "target %s", k->target->key) : 0;
}

/* --- all of them ------------------------------------------------------------------ */

static int prepare(struct look *k, struct cu_err *err)
{
	int r = path_join(k->data_dir, k->options->dir, "data", err);

	if (r == 0) {
		r = path_join(k->vault_dir, k->options->dir, "vault", err);
	}
	if (r == 0) {
		r = key_arena_new(VAULT_NODES_CACHED + 8, &k->arena, err);
	}
	if (r == 0) {
		r = key_new(k->arena, &k->k0, err);
	}
	if (r == 0) {
		key_fill_random(k->k0);
	}
	return r;
}

/* What was built is removed, also after a failure; that it cannot be is a failure. */
static int clear(struct look *k, int r, struct cu_err *err)
{
	struct cu_err why;

	if (k->data_dir[0] && path_remove_tree(k->data_dir, &why) < 0 && r == 0) {
		r = cu_err_set(err, why.code, "%s", why.msg);
	}
	if (k->vault_dir[0] && path_remove_tree(k->vault_dir, &why) < 0 && r == 0) {
		r = cu_err_set(err, why.code, "%s", why.msg);
	}
	if (k->arena) {
		key_free(k->arena, k->k0);
	}
	key_arena_free(k->arena);
	return r;
}

int absence_run(const struct absence_options *o, absence_fn *fn, void *ctx,
	enum absence_outcome *ret, struct cu_err *err)
{
	struct identity identity = { 0 };
	struct look base = { .options = o, .identity = &identity, .fn = fn, .ctx = ctx };
	enum absence_outcome worst = o->ntargets > 0 ? ABSENCE_ABSENT : ABSENCE_NOTHING;
	int r = identity_parse(o->identity, &identity, err);

	if (r == 0) {
		r = prepare(&base, err);
	}
	for (size_t i = 0; r == 0 && i < o->ntargets; i++) {
		struct look k = base;

		k.target = &o->targets[i];
		r = look_at(&k, err);
		if (k.worst > worst) {
			worst = k.worst;
		}
	}
	r = clear(&base, r, err);
	identity_done(&identity);
	if (r == 0) {
		*ret = worst;
	}
	return r;
}
