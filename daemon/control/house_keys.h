/*
 * house_keys.h: the rings in keys/, and changes of the root key of an open store.
 *
 *	keys/<n>/file.wrap root.key credential.wrap passphrase.wrap    K0, once a source
 *	keys/<n>/log.key                        the log's signing key, under K0
 *	keys/recipients                         public
 *
 * A ring, keys/<n>/, is all that lies under one K0.  A rotation makes the next ring
 * whole beside the old one, then puts the vault's roots under its K0, in place, then
 * wipes the old one.  So a start that finds several takes the newest whose K0 opens the
 * vault, and wipes the others.  A store that was made before there were rings has its
 * first one, number 0, in keys/ itself.
 *
 * One thread at a time, and not while the house is being opened or closed, unless
 * something else is said.
 */
#ifndef CU_CONTROL_HOUSE_KEYS_H
#define CU_CONTROL_HOUSE_KEYS_H
#include <stdbool.h>
#include <stddef.h>

#include "base/path.h"
#include "crypto/keyring.h"

struct cu_err;
struct house;
struct key;

#define HOUSE_RINGS_MAX 16 /* more were never left by anything */
#define HOUSE_LOG_KEY   "log.key"

/* The numbers of the rings there are, the newest first; none without keys/. */
int house_rings(const struct house *h, unsigned numbers[HOUSE_RINGS_MAX], size_t *ret_n, struct cu_err *err);
int house_ring_path(
	const struct house *h, unsigned ring, char out[PATH_SIZE], struct cu_err *err);

/* The sources of the ring in use, or while the store is closed of the newest, as bits.
 * Any thread, at any time: where a ring is being made meanwhile, it may be that one's.
 */
unsigned house_key_sources(const struct house *h, bool is_open);

/* Makes the ring and wraps h->k0 in it for one source, for a store of this id that is
 * being made. */
int house_ring_create(struct house *h, unsigned ring, enum keyring_source source,
	struct span passphrase, const struct id *store, struct cu_err *err);
/* The log's signing key, under h->k0, into a ring. */
int house_ring_put_signer(
	const struct house *h, unsigned ring, const struct key *by, struct cu_err *err);

/* Fills h->k0, h->about and h->opened_by from a ring, by the first of these sources
 * (bits) that can be used; the passphrase's p may be NULL.  CU_ESEALED: of all of them
 * none can, and why; where fewer are asked for the code of the last, CU_ENOENT also
 * when the ring has none of them. */
int house_ring_unlock(struct house *h, unsigned ring, unsigned sources,
	struct span passphrase, struct cu_err *err);

/* Wipes all rings but the one in use. */
int house_rings_tidy(struct house *h, struct cu_err *err);

/* The store is open for these.  add: as keyring_add.  remove: CU_ENOENT, CU_EBUSY (the
 * last one). */
int house_key_add(struct house *h, enum keyring_source source, struct span passphrase,
	struct cu_err *err);
int house_key_remove(struct house *h, enum keyring_source source, struct cu_err *err);
/* What is left of a source whose removal was cut off; one that is whole stays. */
int house_key_remove_rest(struct house *h, enum keyring_source source, struct cu_err *err);

/* A new K0 for all sources there are.  Each must be at hand and right, the passphrase
 * too: CU_EINVAL names the one that is not given, CU_ENOKEY the one that is wrong; then
 * nothing has changed.  After another failure the old K0 or the new one opens the
 * store, whichever the roots are under, by the same sources; h->ring is another where
 * that is the new one.  custosd is to be restarted after CU_EIO. */
int house_key_rotate(struct house *h, struct span passphrase, struct cu_err *err);
/* A new epoch key E, and with it a new generation of the vault: no vault.db or vault
 * object of before opens under today's roots. */
int house_epoch_rotate(struct house *h, struct cu_err *err);

#endif
