#include "verify/inclusion.h"

#include <string.h>

#include "verify/flaw.h"

static int bad(const char *what, struct flaw *f)
{
	return flaw_set(f, VERDICT_INVALID, "proof: %s", what);
}

/* The head of the proof up to its empty line; what is left is the checkpoint. */
static int take_path(struct bytes *rest, uint64_t *ret_index,
	uint8_t (*path)[MERKLE_SIZE], size_t *ret_npath, struct flaw *f)
{
	struct bytes line;
	size_t n = 0;

	if (!bytes_skip(rest, "c2sp.org/tlog-proof@v1\n")) {
		return bad("does not begin as one", f);
	}
	if (!bytes_skip(rest, "index ") || !bytes_cut(rest, '\n', &line) ||
		!bytes_number(line, ret_index)) {
		return bad("its second line is no index", f);
	}
	for (;;) {
		if (!bytes_cut(rest, '\n', &line)) {
			return bad("ends before its checkpoint", f);
		}
		if (line.n == 0) {
			*ret_npath = n;
			return 0;
		}
		if (n == MERKLE_MAX_PATH ||
			bytes_unbase64(line, path[n], MERKLE_SIZE) != MERKLE_SIZE) {
			return bad("a line that is no hash, or too many of them", f);
		}
		n++;
	}
}

int inclusion_check(struct bytes proof, struct bytes line, const struct signed_key *key,
	uint64_t *ret_index, struct head *ret_head, struct flaw *f)
{
	uint8_t path[MERKLE_MAX_PATH][MERKLE_SIZE], leaf[MERKLE_SIZE],
		root[MERKLE_SIZE];
	struct head head;
	uint64_t index = 0;
	size_t npath = 0;

	if (take_path(&proof, &index, path, &npath, f) < 0) {
		return -1;
	}
	if (head_open(proof, key, &head, f) < 0) {
		return flaw_in(f, "proof");
	}
	merkle_leaf(line, leaf);
	if (!merkle_climb(index, head.size, leaf, (const uint8_t(*)[MERKLE_SIZE])path,
		    npath, root)) {
		return bad("has not the length that its index demands", f);
	}
	if (memcmp(root, head.root, MERKLE_SIZE) != 0) {
		return bad("does not lead from this entry to the signed root", f);
	}
	*ret_index = index;
	*ret_head = head;
	return 0;
}
