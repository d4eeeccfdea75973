/*
 * keys.h: what somebody has who holds every vault object that ever lay in the repository, the
 * identity, and this host's keys as they are today.
 *
 * Every object is opened, and every key taken out of its tree.  Dead is what an older object
 * gave and the newest does not: the slots of the erased, and the keys of the tree above them.
 * A root block that is found somewhere is tried with today's root key, and what it opens with
 * all these trees.
 */
#ifndef CU_TESTS_KEYS_H
#define CU_TESTS_KEYS_H
#include <stddef.h>
#include <stdint.h>

struct needles;

/* A set of keys, sorted. */
struct key_list {
	uint8_t (*v)[32];
	size_t n, cap;
};

struct keys_tree; /* a vault object, opened */

struct keys {
	struct key_arena *arena;
	struct keyset *sets[4]; /* a path through a tree */
	struct key *k0, *index;
	struct keys_tree *trees;
	size_t ntrees, newest;
	struct key_list slots, inner;           /* of all objects but the newest */
	struct key_list live_slots, live_inner; /* of the newest */
	struct key_list dead_slots, dead_inner;
	size_t nkept; /* slots that have the same key in the newest as in older ones */
	char dir[160];
};

/* dir: private, for what is unpacked.  keys_dir: the store's keys/1, as they are today.  The
 * repositories: the last names the newest object; the ones before hold what was deleted since. */
void keys_open(struct keys *k, const char *dir, const char *identity, const char *keys_dir,
	const char *const *repos, size_t nrepos);
void keys_close(struct keys *k);

uint64_t keys_generation(const struct keys *k); /* of the newest object */
size_t keys_objects(const struct keys *k);
void keys_add_needles(const struct keys *k, struct needles *s); /* dead or alive, and the root key */

/* Root blocks in raw bytes. */
struct roots {
	unsigned seen;     /* sound or not */
	unsigned current;  /* open with today's root key, and are of the newest generation */
	unsigned older;    /* open with it, and are of another one */
	size_t dead_slots; /* that these, all in all, lead to in any tree */
};
void keys_try_roots(struct keys *k, const uint8_t *p, size_t n, struct roots *ret);

#endif
