#include "crypto/key.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/key_internal.h"

#define NSINGLE 256 /* single keys in an arena, as the header promises */

/* What is handed out, and what is free.  The lists are indices and lie outside the locked
 * pages, so that all of these hold keys and nothing else. */
struct pool {
	uint8_t *at; /* in the arena's pages */
	size_t each, total, nfree;
	size_t *free_list; /* indices; the last one freed is the next one used */
	bool *is_used;
};

struct key_arena {
	pthread_mutex_t lock; /* guards both pools */
	struct pool single, sets;
	uint8_t *map;
	size_t map_size;
	bool is_locked;
};

int key_library_init(struct cu_err *err)
{
	if (sodium_init() < 0) {
		return cu_err_set(err, CU_EINTERNAL, "libsodium could not be started");
	}
	return 0;
}

/* --- pools ------------------------------------------------------------------------ */

static bool pool_init(struct pool *p, size_t each, size_t total)
{
	p->each = each;
	p->total = total;
	p->nfree = total;
	p->free_list = calloc(total + 1, sizeof(p->free_list[0]));
	p->is_used = calloc(total + 1, sizeof(p->is_used[0]));
	if (!p->free_list || !p->is_used) {
		return false;
	}
	for (size_t i = 0; i < total; i++) {
		p->free_list[i] = total - 1 - i;
	}
	return true;
}

static void pool_done(struct pool *p)
{
	free(p->free_list);
	free(p->is_used);
}

static void *pool_take(struct pool *p)
{
	size_t i;

	if (p->nfree == 0) {
		return NULL;
	}
	i = p->free_list[--p->nfree];
	p->is_used[i] = true;
	return p->at + i * p->each;
}

static void pool_give(struct pool *p, void *what)
{
	size_t offset = (size_t)((uint8_t *)what - p->at), i = offset / p->each;

	assert(offset % p->each == 0 && i < p->total && p->is_used[i]);
	sodium_memzero(what, p->each);
	p->is_used[i] = false;
	p->free_list[p->nfree++] = i;
}

/* --- the arena -------------------------------------------------------------------- */

/* Pages of our own with an untouchable one on either side.  Locking and the two marks are
 * asked for and may be refused (a small RLIMIT_MEMLOCK, an old kernel): the keys are still
 * better here than on the heap, and the caller learns whether they are locked. */
static int map_pages(struct key_arena *a, size_t size, struct cu_err *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t inner = (size + page - 1) / page * page;
	void *map;

	map = mmap(
		NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		return cu_err_set(
			err, CU_ENOMEM, "no memory for %zu bytes of keys", size);
	}
	a->map = map;
	a->map_size = inner + 2 * page;
	if (mprotect(a->map + page, inner, PROT_READ | PROT_WRITE) < 0) {
		return cu_err_set(
			err, CU_ENOMEM, "no memory for %zu bytes of keys", size);
	}
	(void)madvise(a->map + page, inner, MADV_DONTDUMP);
	(void)madvise(a->map + page, inner, MADV_WIPEONFORK);
	a->is_locked = mlock(a->map + page, inner) == 0;
	a->sets.at = a->map + page;
	a->single.at = a->sets.at + a->sets.total * a->sets.each;
	return 0;
}

int key_arena_new(size_t nsets, struct key_arena **ret, struct cu_err *err)
{
	struct key_arena *a;
	int r;

	if ((r = key_library_init(err)) < 0) {
		return r;
	}
	if (nsets > SIZE_MAX / sizeof(struct keyset) / 2) {
		return cu_err_set(
			err, CU_ENOMEM, "no memory for %zu sets of keys", nsets);
	}
	a = calloc(1, sizeof(*a));
	if (!a) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	(void)pthread_mutex_init(
		&a->lock, NULL); /* cannot fail with the default kind */
	if (!pool_init(&a->sets, sizeof(struct keyset), nsets) ||
		!pool_init(&a->single, sizeof(struct key), NSINGLE)) {
		r = cu_err_set(err, CU_ENOMEM, "out of memory");
		goto out;
	}
	r = map_pages(
		a, nsets * sizeof(struct keyset) + NSINGLE * sizeof(struct key), err);
out:
	if (r < 0) {
		key_arena_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void key_arena_free(struct key_arena *arena)
{
	if (!arena) {
		return;
	}
	if (arena->sets.at) {
		sodium_memzero(arena->sets.at, arena->sets.total * arena->sets.each);
		sodium_memzero(
			arena->single.at, arena->single.total * arena->single.each);
	}
	if (arena->map) {
		(void)munmap(arena->map, arena->map_size); /* which unlocks, too */
	}
	pool_done(&arena->sets);
	pool_done(&arena->single);
	(void)pthread_mutex_destroy(&arena->lock);
	free(arena);
}

bool key_arena_is_locked(const struct key_arena *arena)
{
	return arena->is_locked;
}

static void *take(struct key_arena *arena, struct pool *p)
{
	void *got;

	(void)pthread_mutex_lock(&arena->lock);
	got = pool_take(p);
	(void)pthread_mutex_unlock(&arena->lock);
	return got;
}

static void give(struct key_arena *arena, struct pool *p, void *what)
{
	if (!what) {
		return;
	}
	(void)pthread_mutex_lock(&arena->lock);
	pool_give(p, what);
	(void)pthread_mutex_unlock(&arena->lock);
}

int key_new(struct key_arena *arena, struct key **ret, struct cu_err *err)
{
	struct key *key = take(arena, &arena->single);

	if (!key) {
		return cu_err_set(
			err, CU_ENOMEM, "all %d keys of the arena are taken", NSINGLE);
	}
	*ret = key;
	return 0;
}

void key_free(struct key_arena *arena, struct key *key)
{
	if (key) {
		give(arena, &arena->single, key);
	}
}

int keyset_new(struct key_arena *arena, struct keyset **ret, struct cu_err *err)
{
	struct keyset *set = take(arena, &arena->sets);

	if (!set) {
		return cu_err_set(err, CU_ENOMEM,
			"all %zu key sets of the arena are taken", arena->sets.total);
	}
	*ret = set;
	return 0;
}

void keyset_free(struct key_arena *arena, struct keyset *set)
{
	if (set) {
		give(arena, &arena->sets, set);
	}
}

/* --- single keys ------------------------------------------------------------------ */

struct key *keyset_at(struct keyset *set, size_t at)
{
	assert(at < KEYSET_LEN);
	return &set->key[at];
}

void key_fill_random(struct key *key)
{
	randombytes_buf(key->b, sizeof(key->b));
}

void key_wipe(struct key *key)
{
	sodium_memzero(key->b, sizeof(key->b));
}

void key_copy(struct key *to, const struct key *from)
{
	memmove(to->b, from->b, sizeof(to->b));
}

bool key_is_none(const struct key *key)
{
	return sodium_is_zero(key->b, sizeof(key->b)) == 1;
}

bool key_is_equal(const struct key *a, const struct key *b)
{
	return sodium_memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

void key_derive(const struct key *from, const char *label, struct span context,
	struct key *ret)
{
	crypto_generichash_blake2b_state h;

	(void)crypto_generichash_blake2b_init(&h, from->b, KEY_SIZE, KEY_SIZE);
	(void)crypto_generichash_blake2b_update(&h, (const uint8_t *)label, strlen(label) + 1);
	if (context.n > 0) {
		(void)crypto_generichash_blake2b_update(&h, context.p, context.n);
	}
	(void)crypto_generichash_blake2b_final(&h, ret->b, KEY_SIZE); /* lengths are constant */
	sodium_memzero(&h, sizeof(h));
}

void key_mac(const struct key *by, struct span message, uint8_t out[KEY_SIZE])
{
	/* lengths are constant: it cannot fail */
	(void)crypto_generichash_blake2b(out, KEY_SIZE, message.p, message.n, by->b, KEY_SIZE);
}

void keyset_wipe(struct keyset *set)
{
	sodium_memzero(set, sizeof(*set));
}

void keyset_copy(struct keyset *to, struct keyset *from)
{
	memmove(to, from, sizeof(*to));
}

/* --- wrapping --------------------------------------------------------------------- */

void key_seal_bytes(const struct key *by, struct span aad, const uint8_t *plain,
	size_t n, uint8_t *out)
{
	randombytes_buf(out, KEY_NONCE_SIZE);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + KEY_NONCE_SIZE, NULL,
		plain, n, aad.p, aad.n, NULL, out, by->b); /* always 0 */
}

bool key_open_bytes(
	const struct key *by, struct span aad, struct span sealed, uint8_t *to)
{
	return sealed.n >= KEY_NONCE_SIZE + KEY_TAG_SIZE &&
	       crypto_aead_xchacha20poly1305_ietf_decrypt(to, NULL, NULL,
		       sealed.p + KEY_NONCE_SIZE, sealed.n - KEY_NONCE_SIZE, aad.p,
		       aad.n, sealed.p, by->b) == 0;
}

static bool are_side_by_side(const struct key *const *keys, size_t nkeys)
{
	for (size_t i = 1; i < nkeys; i++) {
		if (keys[i] != keys[i - 1] + 1) {
			return false;
		}
	}
	return true;
}

void key_wrap(const struct key *by, struct span aad, const struct key *const *keys,
	size_t nkeys, uint8_t *out)
{
	uint8_t *at = out + KEY_NONCE_SIZE;

	assert(nkeys > 0);
	if (are_side_by_side(keys, nkeys)) {
		key_seal_bytes(by, aad, keys[0]->b, nkeys * KEY_SIZE, out);
		return;
	}
	/* The cipher wants one run of bytes: they are gathered where it will put its own, so
	 * that no further copy needs wiping. */
	for (size_t i = 0; i < nkeys; i++) {
		memcpy(at + i * KEY_SIZE, keys[i]->b, KEY_SIZE);
	}
	key_seal_bytes(by, aad, at, nkeys * KEY_SIZE, out);
}

/* The library zeroes its output when the tag is wrong.  So the tag is checked first, and a
 * second pass writes: the keys stay untouched on failure, and no copy is needed. */
static int unwrap_in_place(const struct key *by, struct span aad, struct span wrapped,
	uint8_t *to, struct cu_err *err)
{
	if (!key_open_bytes(by, aad, wrapped, NULL) ||
		!key_open_bytes(by, aad, wrapped, to)) {
		return cu_err_set(err, CU_ECORRUPT, "wrapped keys: wrong tag");
	}
	return 0;
}

static int unwrap_scattered(const struct key *by, struct span aad, struct span wrapped,
	struct key *const *keys, size_t nkeys, struct cu_err *err)
{
	uint8_t *plain = sodium_malloc(nkeys * KEY_SIZE);
	int r;

	if (!plain) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = unwrap_in_place(by, aad, wrapped, plain, err);
	for (size_t i = 0; r == 0 && i < nkeys; i++) {
		memcpy(keys[i]->b, plain + i * KEY_SIZE, KEY_SIZE);
	}
	sodium_free(plain); /* which wipes */
	return r;
}

int key_unwrap(const struct key *by, struct span aad, struct span wrapped,
	struct key *const *keys, size_t nkeys, struct cu_err *err)
{
	assert(nkeys > 0);
	if (wrapped.n != KEY_WRAPPED_SIZE(nkeys)) {
		return cu_err_set(err, CU_ECORRUPT, "wrapped keys: %zu bytes, not %zu",
			wrapped.n, KEY_WRAPPED_SIZE(nkeys));
	}
	if (are_side_by_side((const struct key *const *)keys, nkeys)) {
		return unwrap_in_place(by, aad, wrapped, keys[0]->b, err);
	}
	return unwrap_scattered(by, aad, wrapped, keys, nkeys, err);
}

void keyset_wrap(const struct key *by, struct span aad, struct keyset *set,
	uint8_t out[KEYSET_WRAPPED_SIZE])
{
	key_seal_bytes(by, aad, set->key[0].b, sizeof(*set), out);
}

int keyset_unwrap(const struct key *by, struct span aad, struct span wrapped,
	struct keyset *set, struct cu_err *err)
{
	if (wrapped.n != KEYSET_WRAPPED_SIZE) {
		return cu_err_set(err, CU_ECORRUPT, "wrapped keys: %zu bytes, not %d",
			wrapped.n, KEYSET_WRAPPED_SIZE);
	}
	return unwrap_in_place(by, aad, wrapped, set->key[0].b, err);
}
