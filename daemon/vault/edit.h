/*
 * edit.h: rewrite parts of the tree, leaf after leaf, with one path of nodes in clear.
 *
 * Leaves are visited in rising order.  A node is read when the first leaf below it is
 * entered, and written when the last one is left; a changed node changes the one above it.
 * In which way depends on the kind of edit.  Writer's thread; inside the caller's
 * transaction.  The nodes written are listed in the vault.
 */
#ifndef CU_VAULT_EDIT_H
#define CU_VAULT_EDIT_H
#include <stdbool.h>
#include <stdint.h>

#include "vault/node.h"

struct cu_err;
struct key;
struct keyset;
struct vault;

enum edit_kind {
	EDIT_EXTEND, /* what is absent is made; a node above keeps key and generation */
	EDIT_SHRED,  /* each changed node gets a fresh key and the next generation */
	EDIT_CHECK,  /* nothing is written */
};

struct edit {
	struct vault *v;
	enum edit_kind kind;
	uint64_t read_gen, write_gen;
	const struct key *open_by, *wrap_by; /* the top's */
	unsigned depth;                      /* levels 0 .. depth - 1 are entered */
	uint32_t idx[NODE_LEVELS];
	uint64_t gen[NODE_LEVELS]; /* that the node has, or will have */
	bool is_changed[NODE_LEVELS];
};

/* From the vault's generation; EDIT_SHRED wraps the top by the vault's spare key. */
void edit_init(struct edit *e, struct vault *v, enum edit_kind kind);
/* EDIT_CHECK of what an EDIT_SHRED has written, before any root points to it. */
void edit_init_check(struct edit *e, struct vault *v);

/* The leaf of this number, opened, or made by EDIT_EXTEND, for which it is CU_ECORRUPT that
 * it exists already.  Borrowed until the next call. */
int edit_leaf(struct edit *e, uint32_t leaf, struct keyset **ret, struct cu_err *err);
/* The leaf just entered was changed. */
void edit_mark_changed(struct edit *e);
/* Writes what is still open.  With is_forced the top is written although nothing changed. */
int edit_finish(struct edit *e, bool is_forced, struct cu_err *err);

#endif
