#include "verify/merkle.h"

#include <sodium.h>
#include <string.h>

void merkle_leaf(struct bytes leaf, uint8_t out[MERKLE_SIZE])
{
	static const uint8_t mark = 0;
	crypto_hash_sha256_state h;

	crypto_hash_sha256_init(&h);
	crypto_hash_sha256_update(&h, &mark, 1);
	crypto_hash_sha256_update(&h, leaf.p, leaf.n);
	crypto_hash_sha256_final(&h, out);
}

void merkle_node(const uint8_t left[MERKLE_SIZE], const uint8_t right[MERKLE_SIZE],
	uint8_t out[MERKLE_SIZE])
{
	uint8_t both[1 + 2 * MERKLE_SIZE] = { 1 };

	memcpy(both + 1, left, MERKLE_SIZE);
	memcpy(both + 1 + MERKLE_SIZE, right, MERKLE_SIZE);
	crypto_hash_sha256(out, both, sizeof(both));
}

/* Two trees of one height become one of the next; as carrying does in a sum. */
void merkle_push(struct merkle *m, const uint8_t hash[MERKLE_SIZE])
{
	memcpy(m->roots[m->depth++], hash, MERKLE_SIZE);
	for (uint64_t n = m->n; n & 1; n >>= 1) {
		m->depth--;
		merkle_node(m->roots[m->depth - 1], m->roots[m->depth],
			m->roots[m->depth - 1]);
	}
	m->n++;
}

void merkle_root(const struct merkle *m, uint8_t out[MERKLE_SIZE])
{
	if (m->depth == 0) {
		crypto_hash_sha256(out, NULL, 0); /* RFC 6962: of the empty string */
		return;
	}
	memcpy(out, m->roots[m->depth - 1], MERKLE_SIZE);
	for (unsigned i = m->depth - 1; i > 0; i--) {
		merkle_node(m->roots[i - 1], out, out);
	}
}

bool merkle_climb(uint64_t index, uint64_t size, const uint8_t leaf[MERKLE_SIZE],
	const uint8_t (*path)[MERKLE_SIZE], size_t npath, uint8_t out[MERKLE_SIZE])
{
	uint64_t at = index, last = size - 1;

	if (index >= size) {
		return false;
	}
	memcpy(out, leaf, MERKLE_SIZE);
	for (size_t i = 0; i < npath; i++) {
		if (last == 0) {
			return false;
		}
		if ((at & 1) == 0 && at != last) {
			merkle_node(out, path[i], out);
		} else {
			merkle_node(path[i], out, out);
			while (at != 0 && (at & 1) == 0) {
				at >>= 1;
				last >>= 1;
			}
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0;
}
