#include "ledger/proof.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "crypto/hash.h"

_Static_assert(HASH_SIZE == 32, "the tree is one of SHA-256");

void proof_leaf_hash(struct span leaf, uint8_t out[32])
{
	static const uint8_t prefix = 0x00;
	struct hash_sha256 h;

	hash_sha256_init(&h);
	hash_sha256_put(&h, span_of(&prefix, 1));
	hash_sha256_put(&h, leaf);
	hash_sha256_done(&h, out);
}

void proof_node_hash(const uint8_t left[32], const uint8_t right[32], uint8_t out[32])
{
	uint8_t node[65];

	node[0] = 0x01;
	memcpy(node + 1, left, 32);
	memcpy(node + 33, right, 32);
	hash_sha256(span_of(node, sizeof(node)), out);
}

void proof_empty_root(uint8_t out[32])
{
	hash_sha256(span_of(NULL, 0), out);
}

/* Where the walk from a leaf to the root stands: the number of our node on its level, and
 * that of the level's last node. */
struct walk {
	uint64_t at, last;
	unsigned level;
};

static void walk_up(struct walk *w)
{
	w->at >>= 1;
	w->last >>= 1;
	w->level++;
}

/* Is the next hash of a path our left neighbour?  A node that is last on its level and has no
 * right neighbour moves up unchanged until it has a left one. */
static bool walk_is_right(const struct walk *w)
{
	return (w->at & 1) || w->at == w->last;
}

static void walk_past_lone(struct walk *w)
{
	while (!(w->at & 1) && w->at != 0) {
		walk_up(w);
	}
}

static int check_end(const struct walk *w, size_t npath, struct cu_err *err)
{
	return w->last == 0
		       ? 0
		       : cu_err_set(err, CU_ECORRUPT,
				 "proof of %zu hashes ends at level %u, below the root",
				 npath, w->level);
}

int proof_check_inclusion(uint64_t idx, uint64_t size, const uint8_t leaf[32],
	const uint8_t (*path)[32], size_t npath, const uint8_t root[32],
	struct cu_err *err)
{
	struct walk w = { .at = idx, .last = size - 1 };
	uint8_t h[32];

	if (idx >= size) {
		return cu_err_set(err, CU_ECORRUPT, "no leaf %llu in a log of %llu",
			(unsigned long long)idx, (unsigned long long)size);
	}
	memcpy(h, leaf, 32);
	for (size_t i = 0; i < npath; i++) {
		if (w.last == 0) {
			return cu_err_set(err, CU_ECORRUPT,
				"proof goes on above the root, which is at level %u",
				w.level);
		}
		if (walk_is_right(&w)) {
			proof_node_hash(path[i], h, h);
			walk_past_lone(&w);
		} else {
			proof_node_hash(h, path[i], h);
		}
		walk_up(&w);
	}
	if (check_end(&w, npath, err) < 0) {
		return CU_ECORRUPT;
	}
	return memcmp(h, root, 32) == 0
		       ? 0
		       : cu_err_set(err, CU_ECORRUPT,
				 "leaf %llu does not lead to the root at level %u",
				 (unsigned long long)idx, w.level);
}

static int check_same(
	const uint8_t a[32], const uint8_t b[32], const char *which, struct cu_err *err)
{
	return memcmp(a, b, 32) == 0
		       ? 0
		       : cu_err_set(err, CU_ECORRUPT,
				 "proof does not lead to the %s root", which);
}

/* Both logs hold the same leaves, or sizes that no proof can join. */
static int check_sizes(uint64_t size1, uint64_t size2, size_t npath, struct cu_err *err)
{
	if (size1 == 0) {
		return cu_err_set(
			err, CU_EINVAL, "nothing can be proven about an empty log");
	}
	if (size1 > size2) {
		return cu_err_set(err, CU_ECORRUPT,
			"a log of %llu cannot begin with one of %llu",
			(unsigned long long)size2, (unsigned long long)size1);
	}
	if ((size1 == size2) != (npath == 0)) {
		return cu_err_set(err, CU_ECORRUPT,
			"proof of %zu hashes for sizes %llu and %llu", npath,
			(unsigned long long)size1, (unsigned long long)size2);
	}
	return 0;
}

int proof_check_consistency(uint64_t size1, uint64_t size2, const uint8_t (*path)[32],
	size_t npath, const uint8_t root1[32], const uint8_t root2[32],
	struct cu_err *err)
{
	struct walk w = { .at = size1 - 1, .last = size2 - 1 };
	uint8_t h1[32], h2[32]; /* what the two roots become */
	size_t i = 0;
	int r = check_sizes(size1, size2, npath, err);

	if (r < 0) {
		return r;
	}
	if (size1 == size2) {
		return check_same(root1, root2, "other", err);
	}
	/* The walk starts at the largest subtree that ends with the old log; when that is the
	 * whole old log, its hash is root1 and the proof leaves it out. */
	while (w.at & 1) {
		walk_up(&w);
	}
	memcpy(h1, w.at == 0 ? root1 : path[i++], 32);
	memcpy(h2, h1, 32);
	for (; i < npath; i++) {
		if (w.last == 0) {
			return cu_err_set(err, CU_ECORRUPT,
				"proof goes on above the root, which is at level %u",
				w.level);
		}
		if (walk_is_right(&w)) {
			proof_node_hash(path[i], h1, h1);
			proof_node_hash(path[i], h2, h2);
			walk_past_lone(&w);
		} else {
			proof_node_hash(h2, path[i], h2);
		}
		walk_up(&w);
	}
	r = check_end(&w, npath, err);
	if (r == 0) {
		r = check_same(h1, root1, "older", err);
	}
	return r < 0 ? r : check_same(h2, root2, "newer", err);
}
