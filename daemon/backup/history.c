#include "backup/history.h"

#include <stdlib.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/watch.h"
#include "base/err.h"
#include "ledger/leaf.h"
#include "ledger/proof.h"
#include "vault/vault.h"

/* What one shred may name; no leaf of ours names more. */
#define LEAF_MAX_SLOTS (VAULT_MAX_LEAVES * VAULT_LEAF_SLOTS)

struct walk {
	struct history *to;
	const struct chain *chain;
	const struct watch *watch;
	size_t next_link; /* the first whose root was not compared yet */
	uint64_t beyond;
	uint64_t size;            /* leaves so far */
	uint8_t level[64][32];    /* complete subtrees: one for each bit of size */
	uint64_t *scratch;        /* slots of one leaf */
	uint64_t data_size;       /* of the log beside the data */
	size_t erased_cap, dead_cap, slots_cap, open_cap, holds_cap, said_cap, requests_cap, merges_cap;
};

void history_done(struct history *h)
{
	free(h->erased);
	free(h->dead);
	free(h->slots);
	free(h->open);
	free(h->holds);
	free(h->said);
	free(h->requests);
	free(h->merges);
	*h = (struct history){ 0 };
}

/* --- the root, leaf by leaf (RFC 6962, 2.1) --------------------------------------- */

static void add_leaf_hash(struct walk *w, struct span leaf)
{
	uint8_t hash[32];
	unsigned level = 0;

	proof_leaf_hash(leaf, hash);
	for (; w->size >> level & 1; level++) {
		proof_node_hash(w->level[level], hash, hash);
	}
	memcpy(w->level[level], hash, sizeof(hash));
	w->size++;
}

static void root_now(const struct walk *w, uint8_t out[32])
{
	bool is_first = true;

	hash_sha256(span_of("", 0), out); /* of the empty log */
	for (unsigned level = 0; level < 64; level++) {
		if (!(w->size >> level & 1)) {
			continue;
		}
		if (is_first) {
			memcpy(out, w->level[level], 32);
		} else {
			proof_node_hash(w->level[level], out, out);
		}
		is_first = false;
	}
}

/* The manifests that were written when the log had as many leaves as we have seen. */
static int compare_roots(struct walk *w, struct cu_err *err)
{
	uint8_t root[32];

	for (; w->next_link < w->chain->n; w->next_link++) {
		const struct chain_link *link = &w->chain->at[w->next_link];

		if (link->log_size > w->size) {
			break;
		}
		root_now(w, root);
		if (link->log_size != w->size || memcmp(root, link->log_root, 32) != 0) {
			return cu_err_set(err, CU_ECORRUPT,
				"manifest %llu was written beside another log than this one",
				(unsigned long long)link->sequence);
		}
	}
	return 0;
}

/* --- leaves ----------------------------------------------------------------------- */

/* Room for n more elements. */
static int grow(void **array, size_t size, size_t used, size_t n, size_t max, size_t *cap,
	struct cu_err *err)
{
	size_t want = *cap ? *cap : 64;
	void *more;

	if (n > max - used) {
		return cu_err_set(err, CU_ELIMIT, "the log names more erasures than one restore takes");
	}
	while (want < used + n) {
		want *= 2;
	}
	if (want == *cap) {
		return 0;
	}
	more = realloc(*array, want * size);
	if (!more) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	*array = more;
	*cap = want;
	return 0;
}

static int take_id(struct id **ids, size_t *n, size_t *cap, const struct id *id,
	struct cu_err *err)
{
	void *array = *ids;
	int r = grow(&array, sizeof(struct id), *n, 1, HISTORY_MAX_ERASED, cap, err);

	*ids = array;
	if (r == 0) {
		(*ids)[(*n)++] = *id;
	}
	return r;
}

static int take_slots(struct walk *w, const struct leaf *leaf, struct cu_err *err)
{
	void *array = w->to->slots;
	int r = grow(&array, sizeof(uint64_t), w->to->nslots, leaf->nslots, HISTORY_MAX_SLOTS,
		&w->slots_cap, err);

	w->to->slots = array;
	if (r == 0) {
		memcpy(w->to->slots + w->to->nslots, leaf->slots,
			leaf->nslots * sizeof(*leaf->slots));
		w->to->nslots += leaf->nslots;
		w->to->nshreds++;
	}
	return r;
}

static int take_begin(struct walk *w, const struct leaf *leaf, struct cu_err *err)
{
	struct settle_erasure e = { .id = leaf->obj, .subject = leaf->sub, .record = leaf->rec,
		.asker = leaf->by, .begun_ms = leaf->t_ms };
	void *array = w->to->open;
	int r = grow(&array, sizeof(e), w->to->nopen, 1, HISTORY_MAX_ERASED, &w->open_cap, err);

	strcpy(e.collection, leaf->collection);
	strcpy(e.purpose, leaf->purpose);
	/* what no clock reaches is as well as never: nobody waits so long */
	e.due_ms = e.begun_ms +
		(int64_t)(leaf->count < INT32_MAX ? leaf->count : INT32_MAX) * 1000;
	w->to->open = array;
	if (r == 0) {
		w->to->open[w->to->nopen++] = e;
	}
	return r;
}

/* What this leaf of an erasure says of those that are open. */
static void move_open(struct walk *w, const struct leaf *leaf)
{
	bool is_end = leaf->act != LEAF_ERASE_EXECUTE || !leaf->collection[0];

	for (size_t i = 0; i < w->to->nopen;) {
		struct settle_erasure *e = &w->to->open[i];

		if (!id_eq(&e->id, &leaf->obj) || strcmp(e->collection, leaf->collection) != 0) {
			i++;
		} else if (is_end) {
			*e = w->to->open[--w->to->nopen];
		} else {
			e->is_let_go = true;
			i++;
		}
	}
}

static int take_erasure(struct walk *w, const struct leaf *leaf, struct cu_err *err)
{
	bool is_whole = !leaf->collection[0] && !id_is_nil(&leaf->sub);
	int r;

	if (leaf->act == LEAF_ERASE_BEGIN) {
		return take_begin(w, leaf, err);
	}
	move_open(w, leaf);
	/* an erasure in one collection leaves the person */
	if (!is_whole || leaf->act == LEAF_ERASE_CANCEL) {
		return 0;
	}
	r = take_id(&w->to->erased, &w->to->nerased, &w->erased_cap, &leaf->sub, err);
	if (r == 0 && leaf->act == LEAF_ERASE_SHRED) {
		r = take_id(&w->to->dead, &w->to->ndead, &w->dead_cap, &leaf->sub, err);
	}
	return r;
}

static int take_hold(struct walk *w, const struct leaf *leaf, struct cu_err *err)
{
	struct settle_hold h = { .id = leaf->obj, .subject = leaf->sub, .record = leaf->rec,
		.placer = leaf->by, .placed_ms = leaf->t_ms };
	void *array = w->to->holds;
	int r = grow(&array, sizeof(h), w->to->nholds, 1, HISTORY_MAX_ERASED, &w->holds_cap, err);

	strcpy(h.collection, leaf->collection);
	w->to->holds = array;
	if (r == 0) {
		w->to->holds[w->to->nholds++] = h;
	}
	return r;
}

static bool is_said(enum leaf_act act)
{
	return act == LEAF_CONSENT_REQUEST || act == LEAF_CONSENT_GIVE ||
		act == LEAF_CONSENT_REFUSE || act == LEAF_CONSENT_WITHDRAW ||
		act == LEAF_CONSENT_INVALIDATE || act == LEAF_CONSENT_RENEW ||
		act == LEAF_CONSENT_OBJECT || act == LEAF_CONSENT_UNOBJECT ||
		act == LEAF_SUBJECT_RESTRICT || act == LEAF_SUBJECT_UNRESTRICT;
}

static int take_said(struct walk *w, const struct leaf *leaf, struct cu_err *err)
{
	struct settle_said said = { .act = leaf->act, .subject = leaf->sub, .actor = leaf->by,
		.at_ms = leaf->t_ms };
	void *array = w->to->said;
	int r = grow(&array, sizeof(said), w->to->nsaid, 1, HISTORY_MAX_ERASED, &w->said_cap, err);

	strcpy(said.purpose, leaf->purpose);
	strcpy(said.channel, leaf->collection);
	strcpy(said.notice, leaf->why);
	said.expires_ms = leaf->count < INT64_MAX / 1000 ? (int64_t)leaf->count * 1000 : 0;
	w->to->said = array;
	if (r == 0) {
		w->to->said[w->to->nsaid++] = said;
	}
	return r;
}

static int take_request(struct walk *w, const struct leaf *leaf, struct cu_err *err)
{
	struct settle_request q = { .act = leaf->act, .id = leaf->obj, .number = (uint32_t)leaf->count,
		.at_ms = leaf->t_ms };
	void *array = w->to->requests;
	int r = grow(&array, sizeof(q), w->to->nrequests, 1, HISTORY_MAX_ERASED, &w->requests_cap, err);

	strcpy(q.state, leaf->why);
	w->to->requests = array;
	if (r == 0) {
		w->to->requests[w->to->nrequests++] = q;
	}
	return r;
}

static int take_merge(struct walk *w, const struct leaf *leaf, struct cu_err *err)
{
	struct settle_merge m = { .old = leaf->obj, .subject = leaf->sub, .actor = leaf->by };
	void *array = w->to->merges;
	int r = grow(&array, sizeof(m), w->to->nmerges, 1, HISTORY_MAX_ERASED, &w->merges_cap, err);

	strcpy(m.purpose, leaf->purpose);
	w->to->merges = array;
	if (r == 0) {
		w->to->merges[w->to->nmerges++] = m;
	}
	return r;
}

static void drop_hold(struct walk *w, const struct id *hold)
{
	for (size_t i = 0; i < w->to->nholds;) {
		if (id_eq(&w->to->holds[i].id, hold)) {
			w->to->holds[i] = w->to->holds[--w->to->nholds];
		} else {
			i++;
		}
	}
}

static int take_leaf(struct walk *w, const struct leaf *leaf, struct cu_err *err)
{
	bool is_erasure = leaf->act == LEAF_ERASE_BEGIN || leaf->act == LEAF_ERASE_CANCEL ||
		leaf->act == LEAF_ERASE_EXECUTE || leaf->act == LEAF_ERASE_SHRED ||
		leaf->act == LEAF_ERASE_DONE;
	int r = 0;

	/* after a restore generations go on from the vault that was restored, which may be behind
	 * those that the log names before */
	if (leaf->generation > w->to->generation || leaf->act == LEAF_STORE_RESTORE) {
		w->to->generation = leaf->generation;
	}
	if (is_erasure) {
		r = take_erasure(w, leaf, err);
	}
	if (r == 0 && leaf->act == LEAF_HOLD_PLACE) {
		r = take_hold(w, leaf, err);
	} else if (leaf->act == LEAF_HOLD_RELEASE) {
		drop_hold(w, &leaf->obj);
	}
	if (r == 0 && is_said(leaf->act) && w->data_size != UINT64_MAX &&
		w->size + HISTORY_BEFORE >= w->data_size) {
		r = take_said(w, leaf, err);
	}
	if (r == 0 && (leaf->act == LEAF_REQUEST_OPEN || leaf->act == LEAF_REQUEST_CLOSE ||
			      leaf->act == LEAF_REQUEST_END)) {
		r = take_request(w, leaf, err);
	}
	if (r == 0 && leaf->act == LEAF_SUBJECT_MERGE) {
		r = take_merge(w, leaf, err);
	}
	/* a shred that does not say its generation is done again, which does no harm */
	if (r == 0 && leaf->act == LEAF_ERASE_SHRED && leaf->nslots > 0 &&
		(leaf->generation == 0 || leaf->generation > w->beyond)) {
		r = take_slots(w, leaf, err);
	}
	return r;
}

static int on_leaf(void *ctx, uint64_t index, struct span text, struct cu_err *err)
{
	struct walk *w = ctx;
	struct leaf leaf = { 0 };
	int r = compare_roots(w, err);

	if (r == 0) {
		r = leaf_parse(text, &leaf, w->scratch, LEAF_MAX_SLOTS, err);
	}
	if (r == 0) {
		r = take_leaf(w, &leaf, err);
	}
	if (r < 0) {
		return cu_err_wrap(err, r, "log: leaf %llu", (unsigned long long)index);
	}
	add_leaf_hash(w, text);
	return watch_step(w->watch, "log", index + 1, w->to->head.size, err);
}

static int walk_log(struct walk *w, struct log_dir *log, struct cu_err *err)
{
	int r = log_dir_verify(log, err);

	w->scratch = malloc(LEAF_MAX_SLOTS * sizeof(*w->scratch));
	if (r == 0 && !w->scratch) {
		r = cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (r == 0) {
		r = log_dir_each(log, 0, on_leaf, w, err);
	}
	if (r == 0) {
		r = compare_roots(w, err);
	}
	free(w->scratch);
	return r;
}

int history_read(const char *dir, const struct note_verifier *by, const struct chain *chain,
	uint64_t beyond_generation, uint64_t data_size, const struct watch *watch,
	struct history *ret, struct cu_err *err)
{
	struct history h = { .generation = 1 };
	struct walk w = { .to = &h, .chain = chain, .watch = watch, .beyond = beyond_generation,
		.data_size = data_size };
	struct log_dir *log = NULL;
	int r = log_dir_open(dir, by, &log, err);

	if (r == 0) {
		h.head = *log_dir_head(log);
		r = walk_log(&w, log, err);
	}
	log_dir_close(log);
	if (r < 0) {
		history_done(&h);
		return r;
	}
	*ret = h;
	return 0;
}
