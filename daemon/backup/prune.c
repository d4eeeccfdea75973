#include "backup/prune.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/object.h"
#include "backup/watch.h"
#include "base/err.h"
#include "crypto/hash.h"

static const struct {
	const char *word;
	int goes;
} states[] = {
#define X(id, word, goes) [PRUNE_##id] = { word, goes },
	PRUNE_STATES(X)
#undef X
};

const char *prune_state_word(enum prune_state state)
{
	return states[state].word;
}

void prune_view_done(struct prune_view *view)
{
	free(view->v);
	*view = (struct prune_view){ 0 };
}

/* --- the chain -------------------------------------------------------------------- */

static int require_whole(
	const struct chain *c, const struct prune_source *src, struct cu_err *err)
{
	const struct chain_link *newest = chain_newest_vault(c);
	uint64_t sequence = c->n ? c->at[c->n - 1].sequence : 0;

	if (sequence < src->known_sequence) {
		return cu_err_set(err, CU_ECORRUPT,
			"this repository was rolled back: manifest %" PRIu64
			" was written, and %" PRIu64 " is the newest that is there",
			src->known_sequence, sequence);
	}
	if (!newest) {
		return 0;
	}
	if (!id_eq(&newest->store, &src->store) ||
		!id_eq(&newest->lineage, &src->lineage)) {
		return cu_err_set(err, CU_EEXIST,
			"this repository belongs to another store, or to an earlier "
			"lineage "
			"of this one");
	}
	if (newest->generation > src->generation) {
		return cu_err_set(err, CU_ECORRUPT,
			"this repository has a vault object of generation %" PRIu64
			", this store is at %" PRIu64 ": the store was rolled back",
			newest->generation, src->generation);
	}
	return 0;
}

/* The link whose vault object has this name; the chain is in order of generation. */
static const struct chain_link *find_link(
	const struct chain *c, const struct repo_name *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->at[i].generation == name->number &&
			memcmp(c->at[i].vault.hash, name->hash, sizeof(name->hash)) ==
				0) {
			return &c->at[i];
		}
	}
	return NULL;
}

/* --- the list --------------------------------------------------------------------- */

struct look {
	const struct prune_source *src;
	const struct chain *chain;
	const struct chain_link *newest;
	struct prune_view view;
	size_t cap;
};

/* The manifest after the one that names it is the one that superseded it. */
static void judge_named(
	const struct look *l, const struct chain_link *link, struct prune_object *o)
{
	if (link == l->newest) {
		o->state = PRUNE_NEWEST;
		return;
	}
	o->superseded_ms = link[1].time_ms;
	o->until_ms = o->superseded_ms + l->src->bound_ms;
	o->state = l->src->now_ms >= o->until_ms ? PRUNE_OLD : PRUNE_WITHIN;
}

/* An object above all that is named may be the only trace of an erasure whose manifest
 * did not come to be: a restore looks for it, so it stays until a manifest is as new.
 */
static void judge_unnamed(const struct look *l, struct prune_object *o)
{
	if (o->generation > l->src->generation) {
		o->state = PRUNE_BEYOND;
	} else if (!l->newest || o->generation > l->newest->generation) {
		o->state = PRUNE_PENDING;
	} else {
		o->state = PRUNE_STRAY;
	}
}

static void judge(const struct look *l, struct prune_object *o)
{
	struct repo_name name = repo_name_parse(o->name);
	const struct chain_link *link;

	if (name.kind == REPO_TMP) { /* nobody writes now: nobody will go on with it */
		o->state = PRUNE_STRAY;
		return;
	}
	if (name.kind != REPO_VAULT) {
		o->state = PRUNE_FOREIGN;
		return;
	}
	o->generation = name.number;
	link = find_link(l->chain, &name);
	if (link) {
		judge_named(l, link, o);
	} else {
		judge_unnamed(l, o);
	}
}

static int on_listed(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	struct look *l = ctx;
	struct prune_view *view = &l->view;
	struct prune_object *o;

	if (view->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct prune_object *more = realloc(view->v, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		view->v = more;
		l->cap = cap;
	}
	o = &view->v[view->n++];
	*o = (struct prune_object){ .size = size };
	strncpy(o->name, name, sizeof(o->name) - 1);
	judge(l, o);
	view->ngoing += states[o->state].goes ? 1 : 0;
	return 0;
}

static void tell_newest(struct look *l)
{
	struct prune_view *view = &l->view;

	if (l->chain->n > 0) {
		view->sequence = l->chain->at[l->chain->n - 1].sequence;
		view->generation = l->newest->generation;
		view->time_ms = l->newest->time_ms;
		view->newest_stored = l->newest->vault.stored;
		memcpy(view->newest_hash, l->newest->vault.hash,
			sizeof(view->newest_hash));
	}
	for (size_t i = 0; i < view->n; i++) {
		if (view->v[i].state == PRUNE_NEWEST) {
			view->newest = &view->v[i];
		}
	}
}

int prune_look(struct repo *repo, const struct prune_source *src,
	struct prune_view *ret, struct cu_err *err)
{
	struct chain chain = { 0 };
	struct look l = { .src = src, .chain = &chain };
	int r = chain_load(repo, src->manifest_key, NULL, NULL, &chain, err);

	if (r == CU_ENOKEY) {
		r = cu_err_wrap(
			err, CU_EEXIST, "another store's or lineage's repository");
	}
	if (r == 0) {
		r = require_whole(&chain, src, err);
	}
	if (r == 0) {
		l.newest = chain_newest_vault(&chain);
		r = repo_list(repo, "vault", on_listed, &l, err);
	}
	if (r == 0) {
		r = repo_list(repo, "tmp", on_listed, &l, err);
	}
	if (r == 0) {
		tell_newest(&l);
		*ret = l.view;
	} else {
		prune_view_done(&l.view);
	}
	chain_done(&chain);
	return r;
}

/* --- deleting --------------------------------------------------------------------- */

/* It was opened and compared before its hash was signed; that these bytes still lie
 * here is asked again, because after this the older ones cannot help. */
static int require_newest(
	struct repo *repo, const struct prune_view *view, struct cu_err *err)
{
	struct object_ref ref = { .stored = view->newest_stored };
	char name[REPO_NAME_SIZE];

	if (view->sequence == 0) { /* what a first run that never ended left */
		return 0;
	}
	memcpy(ref.hash, view->newest_hash, sizeof(ref.hash));
	repo_name_vault(view->generation, ref.hash, name);
	return object_verify(repo, name, &ref, err);
}

int prune_run(struct repo *repo, const struct prune_view *view,
	const struct watch *watch, struct cu_err *err)
{
	uint64_t done = 0;
	int r = view->ngoing > 0 ? require_newest(repo, view, err) : 0;

	for (size_t i = 0; r == 0 && i < view->n; i++) {
		if (!states[view->v[i].state].goes) {
			continue;
		}
		r = watch_step(watch, "prune", done++, view->ngoing, err);
		if (r == 0) {
			r = repo_remove(repo, view->v[i].name, err);
		}
	}
	return r < 0 ? cu_err_wrap(err, r, "deleting old vault objects") : 0;
}

void prune_digest(const struct prune_view *view, uint8_t ret[32])
{
	struct hash_sha256 h;

	hash_sha256_init(&h);
	for (size_t i = 0; i < view->n; i++) {
		const struct prune_object *o = &view->v[i];

		if (states[o->state].goes) {
			hash_sha256_put(&h, span_str(o->name));
			hash_sha256_put(&h, span_str("\n"));
		}
	}
	hash_sha256_done(&h, ret);
}
