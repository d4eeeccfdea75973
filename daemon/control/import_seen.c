#include "control/import_seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/hash.h"

#define COUNT_BITS 20
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define FIRST_CAP  1024u
#define MAX_CAP    (1u << 24)

_Static_assert(COUNT_MASK == IMPORT_SEEN_MAX_ALIKE, "the count fits");
_Static_assert(IMPORT_SEEN_MAX == MAX_CAP / 4 * 3, "the table is never fuller");

/* Open addressing.  A slot is 44 bits of the content's hash and the count, from 1; 0: free.
 * Two contents that share these bits share their numbering, which is the same at every import
 * of the same file; with as many contents as fit, some four pairs are to be expected. */
struct import_seen {
	uint64_t *slots;
	size_t cap, n; /* cap is a power of two */
};

int import_seen_new(struct import_seen **ret, struct cu_err *err)
{
	struct import_seen *s = calloc(1, sizeof(*s));

	if (s) {
		s->cap = FIRST_CAP;
		s->slots = calloc(s->cap, sizeof(*s->slots));
	}
	if (!s || !s->slots) {
		free(s);
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	*ret = s;
	return 0;
}

void import_seen_free(struct import_seen *s)
{
	if (s) {
		free(s->slots);
		free(s);
	}
}

static uint64_t *find(struct import_seen *s, uint64_t hash)
{
	size_t at = (hash >> COUNT_BITS) & (s->cap - 1);

	while (s->slots[at] != 0 && (s->slots[at] & ~COUNT_MASK) != hash) {
		at = (at + 1) & (s->cap - 1);
	}
	return &s->slots[at];
}

static int grow(struct import_seen *s, struct cu_err *err)
{
	struct import_seen bigger = { .cap = s->cap * 2, .n = s->n };

	if (s->cap == MAX_CAP) {
		return cu_err_set(err, CU_ELIMIT,
			"the file names more than %u different things by their content alone: give the "
			"rows a key in the map, or cut the file into pieces", IMPORT_SEEN_MAX);
	}
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < s->cap; i++) {
		if (s->slots[i] != 0) {
			*find(&bigger, s->slots[i] & ~COUNT_MASK) = s->slots[i];
		}
	}
	free(s->slots);
	*s = bigger;
	return 0;
}

int import_seen_count(struct import_seen *s, struct span content, uint32_t *ret,
	struct cu_err *err)
{
	uint8_t digest[HASH_SIZE];
	uint64_t hash, *slot;
	int r = s->n < s->cap / 4 * 3 ? 0 : grow(s, err);

	if (r < 0) {
		return r;
	}
	hash_blake2b(content, digest);
	memcpy(&hash, digest, sizeof(hash));
	hash &= ~COUNT_MASK;
	slot = find(s, hash);
	if (*slot == 0) {
		*slot = hash;
		s->n++;
	}
	if ((*slot & COUNT_MASK) == COUNT_MASK) {
		return cu_err_set(err, CU_ELIMIT,
			"a row stands in the file more than %u times: give the rows a key in the map",
			IMPORT_SEEN_MAX_ALIKE);
	}
	*ret = (uint32_t)((*slot)++ & COUNT_MASK);
	return 0;
}
