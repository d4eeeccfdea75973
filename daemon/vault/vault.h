/*
 * vault.h: the key tree: one random key for each (person, collection), and how it dies.
 *
 * The root block holds the epoch key E under the root key K0, in two files of 4 KiB each that
 * are overwritten in place.  Under E a tree of nodes of 256 keys in vault.db, four levels
 * deep; the lowest hold the slots.  Slots are numbered in 64 bits and never used twice.  To
 * shred slots, their leaves and all nodes above get fresh keys and E is replaced, so that no
 * older vault.db opens under today's root.  DESIGN part 5; docs/formats/vault.md has the bytes.
 *
 * Threads: vault_slot_key from any; all that changes from the store's writer thread.
 */
#ifndef CU_VAULT_VAULT_H
#define CU_VAULT_VAULT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct age_reader;
struct age_writer;
struct cu_err;
struct db_image;
struct key;
struct key_arena;
struct vault;

#define VAULT_RUN         8   /* slots that a subject takes at a time, all in one leaf */
#define VAULT_LEAF_SLOTS  256
#define VAULT_MAX_LEAVES  4096 /* leaves that one generation of a shred may rewrite */
#define VAULT_NODES_CACHED 384 /* keysets of 8 KiB that a vault takes from its arena */

/* Makes vault.db, vault.root.a and vault.root.b in dir, with a random id, generation 1 and no
 * slots.  CU_EEXIST. */
int vault_create(const char *dir, const struct key *k0, struct key_arena *arena,
	struct cu_err *err);

/* Takes the highest valid root generation, writes both roots anew, checks them, and only then
 * drops the nodes of other generations.  CU_ENOKEY: k0 opens no root, or not the newest.
 * CU_ENOENT, CU_ECORRUPT.  CU_EBUSY: another process has it open. */
int vault_open(const char *dir, const struct key *k0, struct key_arena *arena,
	struct vault **ret, struct cu_err *err);
void vault_close(struct vault *v); /* NULL is fine */

uint64_t vault_generation(const struct vault *v);
struct id vault_id(const struct vault *v);

/* A write has failed: everything is refused until it is opened again.  Any thread. */
bool vault_is_broken(const struct vault *v);

/* Slots 0 .. capacity - 1 have been made; a slot beyond has no key yet. */
uint64_t vault_capacity(const struct vault *v);
/* Makes nleaves more leaves of fresh slots; durable when it returns. */
int vault_extend(struct vault *v, unsigned nleaves, struct cu_err *err);

/* The key of a slot, copied into to (a key of the caller's).  CU_ENOKEY: shredded.
 * CU_ENOENT: not made yet.  CU_ECORRUPT: its nodes do not open. */
int vault_slot_key(struct vault *v, uint64_t slot, struct key *to, struct cu_err *err);

/* Shreds slots, in any order, in as few generations as VAULT_MAX_LEAVES allows; slots shredded
 * before, or never made, are fine.  0: nothing readable opens them any more, not even with K0
 * and every older vault.db.  On failure some may be gone, none comes back, and the call may be
 * repeated.  With n = 0 only E is replaced. */
int vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err);

/* The key of the index tokens; lives as long as the vault, changed only by vault_rotate_index.
 * It stands in the root block beside E and is in no backup. */
const struct key *vault_index_key(const struct vault *v);
/* A fresh index key, for a rebuilt index. */
int vault_rotate_index(struct vault *v, struct cu_err *err);

/* The two root files under another K0, in place. */
int vault_rekey(struct vault *v, const struct key *k0, struct cu_err *err);

/* For a vault object (backup/): an image of vault.db; and E of this very generation, written
 * into an age file.  Both from the writer's thread with nothing shredded in between. */
int vault_image_begin(struct vault *v, struct db_image **ret, struct cu_err *err);
int vault_put_epoch_key(const struct vault *v, struct age_writer *w, struct cu_err *err);
/* A copy of it, to compare with what was fetched back; the caller wipes it soon. */
int vault_copy_epoch_key(const struct vault *v, struct key *to, struct cu_err *err);
/* Where its keys lie; any thread. */
struct key_arena *vault_arena(const struct vault *v);

/* From a vault object: dir holds vault.db as it was in the image, epoch is its E.  Makes the
 * roots anew under k0 with a fresh index key and opens every node once.  CU_ECORRUPT names the
 * first that does not. */
int vault_restore(const char *dir, const struct key *k0, const struct key *epoch,
	uint64_t generation, struct key_arena *arena, struct cu_err *err);

/* Reads both root blocks from their files: each must open, and be of this generation.  On the writer's
 * thread.  CU_ECORRUPT, CU_ENOKEY, CU_EIO. */
int vault_check_roots(struct vault *v, struct cu_err *err);

/* Opens every node, both copies of inner ones, and mends a bad copy from the good one.
 * The number mended, or a code; then what could be mended is. */
int vault_scrub(struct vault *v, struct cu_err *err);
/* A node was read from its second copy since the last scrub.  Any thread. */
bool vault_needs_scrub(const struct vault *v);

#endif
