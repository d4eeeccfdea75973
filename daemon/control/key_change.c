#include "control/key_change.h"

#include <string.h>

#include "base/err.h"
#include "control/house.h"
#include "control/house_keys.h"
#include "store/tx_key.h"
#include "vault/vault.h"

struct change {
	struct store_op op;
	struct leaf leaf;
	bool is_there, is_done;
	uint64_t generation; /* of the leaf */
};

/* What tells whether it was made: the sources, the ring, the generation of the vault.  Each shred has a new
 * epoch key as well. */
static uint64_t mark_of(const struct house *h, const struct leaf *change)
{
	if (change->act != LEAF_KEY_ROTATE) {
		return house_key_sources(h, true);
	}
	return strcmp(change->why, KEY_CHANGE_EPOCH) == 0 ? vault_generation(h->vault) : atomic_load(&h->ring);
}

/* A removal that was cut off is finished: half a source opens nothing. */
static int finish_removal(struct house *h, const struct leaf *change, struct cu_err *err)
{
	enum keyring_source source;

	return change->act == LEAF_KEY_REMOVE && keyring_parse(change->why, &source) &&
			(change->count & KEYRING_BIT(source)) ?
		       house_key_remove_rest(h, source, err) :
		       0;
}

static bool is_made(const struct house *h, const struct leaf *change)
{
	uint64_t changed = mark_of(h, change) ^ change->count;
	enum keyring_source source;

	if (change->act != LEAF_KEY_ROTATE && keyring_parse(change->why, &source)) {
		changed &= KEYRING_BIT(source);
	}
	return changed != 0;
}

static int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_key_begin(tx, &((struct change *)op)->leaf, err);
}

static int apply_get(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	int r = tx_key_get(tx, &c->leaf, err);

	c->is_there = r > 0;
	return r < 0 ? r : 0;
}

static int apply_end(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct change *c = (struct change *)op;

	return tx_key_end(tx, c->is_done, c->generation, err);
}

int key_change_end(struct house *h, struct cu_err *err)
{
	struct change c = { .op = { .apply = apply_get, .kind = STORE_ALONE } };
	int r = store_run(h->store, &c.op, err);

	if (r < 0 || !c.is_there || h->is_rekey_unsure) { /* which ring it is the next start finds out */
		return r;
	}
	r = finish_removal(h, &c.leaf, err);
	if (r < 0) {
		return r;
	}
	c.is_done = is_made(h, &c.leaf);
	c.generation = c.leaf.act == LEAF_KEY_ROTATE ? vault_generation(h->vault) : 0;
	c.op = (struct store_op){ .apply = apply_end, .kind = STORE_CHANGE };
	return store_run(h->store, &c.op, err);
}

int key_change_begin(struct house *h, const struct id *actor, enum leaf_act act, const char *why,
	struct cu_err *err)
{
	struct change c = { .op = { .apply = apply_begin, .kind = STORE_CHANGE, .actor = *actor }, .leaf.act = act };
	int r = key_change_end(h, err);

	if (r < 0 || h->is_rekey_unsure) { /* then no change is made at all */
		return r;
	}
	strncpy(c.leaf.why, why, sizeof(c.leaf.why) - 1);
	c.leaf.count = mark_of(h, &c.leaf);
	return store_run(h->store, &c.op, err);
}
