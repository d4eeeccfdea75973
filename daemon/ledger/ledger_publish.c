#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger_internal.h"
#include "ledger/proof.h"
#include "ledger/tree.h"

/* One run of ledger_publish: the state it started from, and the tree as it grows. */
struct publish {
	struct ledger *l;
	struct log_head old, new;
	struct frontier frontier; /* of all leaves that are to be published */
	struct recent *recent;
	size_t n;
	struct edge edge;
	struct tree_bundle bundle; /* the entries of the unfilled bundle */
};

static int take_snapshot(struct publish *p, struct cu_err *err)
{
	struct ledger *l = p->l;
	int r;

	pthread_mutex_lock(&l->lock);
	r = ledger_check(l, err);
	p->old = p->new = l->head;
	p->frontier = l->frontier;
	p->n = l->nrecent;
	if (r == 0 && p->n > 0) {
		p->recent = malloc(p->n * sizeof(*p->recent));
		if (p->recent) {
			memcpy(p->recent, l->recent, p->n * sizeof(*p->recent));
		} else {
			r = cu_err_set(err, CU_ENOMEM, "out of memory");
		}
	}
	pthread_mutex_unlock(&l->lock);
	return r;
}

/* The checkpoint on the disk must be the one that we published last, and the tiles on the
 * disk must give its root. */
static int load_published(struct publish *p, struct cu_err *err)
{
	struct ledger *l = p->l;
	struct log_head on_disk;
	struct buf note = BUF_INIT;
	struct tree *t = NULL;
	int r = checkpoint_read(l->dir, &l->by, &note, &on_disk, err);

	if (r == 0 && (on_disk.size != p->old.size ||
			      memcmp(on_disk.root, p->old.root, HASH_SIZE) != 0)) {
		r = cu_err_set(err, CU_ECORRUPT,
			"the checkpoint on the disk is not the one published last");
	}
	if (r == 0) {
		r = tree_open(l->dir, &p->old, &t, err);
	}
	if (r == 0) {
		p->edge = *tree_edge(t);
		if (p->old.size % TILE_WIDTH > 0) {
			r = tree_bundle(t, p->old.size / TILE_WIDTH, &p->bundle, err);
		}
	}
	tree_close(t);
	buf_done(&note);
	return r;
}

/* The root of what is to be signed, from the old tiles and the new hashes, and once more from
 * the frontier that grew with each append. */
static int compute_root(struct publish *p, struct cu_err *err)
{
	struct edge *grown = malloc(sizeof(*grown));
	uint8_t root[HASH_SIZE];
	int r = 0;

	if (!grown) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	*grown = p->edge;
	for (size_t i = 0; r == 0 && i < p->n; i++) {
		r = edge_push(grown, p->recent[i].hash, NULL, NULL, err);
	}
	if (r == 0) {
		p->new.size = grown->size;
		edge_root(grown, p->new.root);
		frontier_root(&p->frontier, root);
		if (p->new.size != p->frontier.size ||
			memcmp(root, p->new.root, HASH_SIZE) != 0) {
			r = cu_err_set(err, CU_ECORRUPT,
				"the tree would not extend the published one: not "
				"signed");
		}
	}
	free(grown);
	return r;
}

static int put_tile(struct publish *p, int level, uint64_t index, unsigned width,
	const uint8_t (*hashes)[32], struct cu_err *err)
{
	return tile_writer_put(&p->l->tiles, level, index, width,
		span_of(hashes, (size_t)width * HASH_SIZE), err);
}

static int on_full(void *ctx, int level, uint64_t index, const uint8_t (*hashes)[32],
	struct cu_err *err)
{
	return put_tile(ctx, level, index, TILE_WIDTH, hashes, err);
}

static int put_bundle(
	struct publish *p, uint64_t index, unsigned width, struct cu_err *err)
{
	int r = buf_check(&p->bundle.bytes, err);

	if (r == 0) {
		r = tile_writer_put(&p->l->tiles, TILE_ENTRIES, index, width,
			buf_span(&p->bundle.bytes), err);
	}
	buf_clear(&p->bundle.bytes);
	return r;
}

static int add_leaf(struct publish *p, const struct recent *at, struct buf *leaf,
	struct cu_err *err)
{
	uint8_t hash[HASH_SIZE];
	int r;

	buf_clear(leaf);
	r = journal_read(p->l->journal, &at->pos, leaf, err);
	if (r < 0) {
		return r;
	}
	proof_leaf_hash(buf_span(leaf), hash);
	if (memcmp(hash, at->hash, HASH_SIZE) != 0) {
		return cu_err_set(err, CU_ECORRUPT, "journal: a leaf has changed");
	}
	tile_put_entry(&p->bundle.bytes, buf_span(leaf));
	r = edge_push(&p->edge, hash, on_full, p, err);
	if (r == 0 && p->edge.size % TILE_WIDTH == 0) {
		r = put_bundle(p, p->edge.size / TILE_WIDTH - 1, TILE_WIDTH, err);
	}
	return r;
}

static int put_unfilled(struct publish *p, struct cu_err *err)
{
	uint64_t size = p->new.size;
	unsigned width = edge_width(size, 0);
	int r = width > 0 ? put_bundle(p, size / TILE_WIDTH, width, err) : 0;

	for (int level = 0; r == 0 && level < TILE_LEVELS; level++) {
		width = edge_width(size, level);
		if (width > 0 && size >> (8 * level) != p->old.size >> (8 * level)) {
			r = put_tile(p, level, edge_index(size, level), width,
				(const uint8_t(*)[32])p->edge.level[level].hash, err);
		}
	}
	return r;
}

/* What the full tiles have replaced.  Before the checkpoint: a crash in between leaves the
 * old checkpoint, for which a full tile does as well, and the next run prunes again. */
static int prune(const struct publish *p, struct cu_err *err)
{
	int r = 0;

	for (int level = TILE_ENTRIES; r == 0 && level < TILE_LEVELS; level++) {
		int at = level == TILE_ENTRIES ? 0 : level;
		uint64_t i = edge_index(p->old.size, at),
			 end = edge_index(p->new.size, at);

		for (; r == 0 && i < end; i++) {
			r = tile_prune(p->l->dir, level, i, err);
		}
	}
	return r;
}

static int write_tiles(struct publish *p, struct cu_err *err)
{
	struct buf leaf = BUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++) {
		r = add_leaf(p, &p->recent[i], &leaf, err);
	}
	buf_done(&leaf);
	if (r == 0) {
		r = put_unfilled(p, err);
	}
	if (r == 0) {
		r = tile_writer_sync(&p->l->tiles, err);
	}
	return r < 0 ? r : prune(p, err);
}

static int put_checkpoint(struct publish *p, struct cu_err *err)
{
	struct ledger *l = p->l;
	struct buf note = BUF_INIT;
	int r = checkpoint_sign(&p->new, l->signer, &note, err);

	if (r == 0) {
		r = checkpoint_put(l->dir, buf_span(&note), err);
	}
	if (r < 0) {
		buf_done(&note);
		return r;
	}
	pthread_mutex_lock(&l->lock);
	l->head = p->new;
	buf_done(&l->note);
	l->note = note;
	l->nrecent -= p->n;
	memmove(l->recent, l->recent + p->n, l->nrecent * sizeof(*l->recent));
	pthread_mutex_unlock(&l->lock);
	return 0;
}

static int publish(struct publish *p, struct cu_err *err)
{
	int r = take_snapshot(p, err);

	if (r < 0) {
		return r;
	}
	if (p->n > 0) {
		r = load_published(p, err);
		if (r == 0) {
			r = compute_root(p, err);
		}
		if (r == 0) {
			r = write_tiles(p, err);
		}
		if (r == 0) {
			r = put_checkpoint(p, err);
		}
	}
	return r < 0 ? r : journal_drop(p->l->journal, p->new.size, err);
}

int ledger_publish(struct ledger *l, uint64_t *ret_size, struct cu_err *err)
{
	struct publish *p = calloc(1, sizeof(*p));
	int r;

	if (!p) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	p->l = l;
	pthread_mutex_lock(&l->publishing);
	r = ledger_judge(l, publish(p, err));
	pthread_mutex_unlock(&l->publishing);
	if (r == 0 && ret_size) {
		*ret_size = p->new.size;
	}
	buf_done(&p->bundle.bytes);
	free(p->recent);
	free(p);
	return r < 0 ? cu_err_wrap(err, r, "publish the log") : 0;
}
