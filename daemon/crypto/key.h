/*
 * key.h: keys as handles; their bytes stay in locked memory and in this layer.
 *
 * A key is 32 random bytes in an arena: one mapping, guard pages around it, mlock'ed if the
 * limit allows, left out of core dumps and wiped in a forked child (MADV_DONTDUMP,
 * MADV_WIPEONFORK).  sodium_malloc for each key would cost 21 us and fail after 16,376 of them.
 * No function of this header hands out key bytes; what leaves is wrapped, goes into an age
 * file, or through a pipe to a process of ours.  An arena may be used by several threads; a key or keyset by one at a time.
 */
#ifndef CU_CRYPTO_KEY_H
#define CU_CRYPTO_KEY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct cu_err;
struct key;       /* one key */
struct keyset;    /* KEYSET_LEN keys side by side: a node of the vault's tree, in clear */
struct key_arena;

#define KEY_SIZE            32
#define KEYSET_LEN          256
#define KEY_WRAPPED_SIZE(n) (24 + (n) * KEY_SIZE + 16) /* nonce, keys, tag */
#define KEYSET_WRAPPED_SIZE KEY_WRAPPED_SIZE(KEYSET_LEN)

/* Room for nsets keysets and for 256 single keys besides.  CU_ENOMEM. */
int key_arena_new(size_t nsets, struct key_arena **ret, struct cu_err *err);
void key_arena_free(struct key_arena *arena); /* wipes; NULL is fine */
bool key_arena_is_locked(const struct key_arena *arena); /* mlock() was granted */

/* A key of zeros ("no key").  CU_ENOMEM when the arena is full. */
int key_new(struct key_arena *arena, struct key **ret, struct cu_err *err);
void key_free(struct key_arena *arena, struct key *key); /* wipes; NULL is fine */
int keyset_new(struct key_arena *arena, struct keyset **ret, struct cu_err *err);
void keyset_free(struct key_arena *arena, struct keyset *set); /* wipes; NULL is fine */

/* Borrowed; lives as long as the set. */
struct key *keyset_at(struct keyset *set, size_t at);

void key_fill_random(struct key *key);
void key_wipe(struct key *key); /* to zeros */
void key_copy(struct key *to, const struct key *from);
bool key_is_none(const struct key *key); /* all zeros; constant time */
bool key_is_equal(const struct key *a, const struct key *b); /* constant time */
/* BLAKE2b-256 keyed by from, over the label, a NUL, and the context: a key of its own for each
 * label and context, from which nothing leads back.  ret may be from. */
void key_derive(const struct key *from, const char *label, struct span context,
	struct key *ret);
/* BLAKE2b-256 of a message, keyed: it tells nothing to whoever has not the key.  The key must be
 * for this alone (key_derive makes one). */
void key_mac(const struct key *by, struct span message, uint8_t out[KEY_SIZE]);
void keyset_wipe(struct keyset *set);
void keyset_copy(struct keyset *to, struct keyset *from);

/* nkeys keys under another, XChaCha20-Poly1305 with a random nonce; aad says what they are.
 * out has room for KEY_WRAPPED_SIZE(nkeys).  Unwrapping fails with CU_ECORRUPT and leaves
 * the keys untouched. */
void key_wrap(const struct key *by, struct span aad, const struct key *const *keys,
	size_t nkeys, uint8_t *out);
int key_unwrap(const struct key *by, struct span aad, struct span wrapped,
	struct key *const *keys, size_t nkeys, struct cu_err *err);
void keyset_wrap(const struct key *by, struct span aad, struct keyset *set,
	uint8_t out[KEYSET_WRAPPED_SIZE]);
int keyset_unwrap(const struct key *by, struct span aad, struct span wrapped,
	struct keyset *set, struct cu_err *err);

/* A key to another process of ours, through a pipe that nobody else holds.  CU_EINVAL when fd is
 * no pipe; CU_EPROTO when the pipe ends early: ret is then none.  Both block. */
int key_send(int fd, const struct key *key, struct cu_err *err);
int key_receive(int fd, struct key *ret, struct cu_err *err);

#endif
