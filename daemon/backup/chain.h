/*
 * chain.h: the manifests of a repository, verified: signatures, numbers, and previous hashes.
 *
 * Number 1 names no previous manifest; every other one names the hash of the one before.  A
 * manifest counts from the moment when its text stands in the repository; its signature was
 * put before, so a manifest without a valid signature is damage, never an interrupted run,
 * and a signature without a manifest is an interrupted run, never damage.
 */
#ifndef CU_BACKUP_CHAIN_H
#define CU_BACKUP_CHAIN_H
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "backup/manifest.h"

struct cu_err;
struct repo;

/* What is kept of each manifest, in the order of the sequence. */
struct chain_link {
	uint64_t sequence;
	uint8_t hash[32]; /* SHA-256 of the text */
	struct id store, lineage;
	int64_t time_ms, data_time_ms;
	uint64_t log_size;
	uint8_t log_root[32];
	uint64_t generation, vault_size, vault_log_size;
	struct object_ref vault;
	uint64_t data_size, data_stored; /* bytes of the image; of its objects */
	uint8_t data_object[32];         /* the first of these: no two images share one */
	uint64_t subjects, records;
};

struct chain {
	struct chain_link *at;
	size_t n;
};
void chain_done(struct chain *c); /* zeros are fine */

/* Told of each fault, with the name of the manifest in text; loading goes on. */
typedef void chain_fault_fn(void *ctx, const char *name, const char *text);

/* All manifests.  Without fault the first fault fails the call: CU_ECORRUPT, CU_ENOKEY
 * (signed by another key) with the manifest's name.  With fault, what is bad is told and left
 * out.  No manifest at all: n is 0. */
int chain_load(struct repo *r, const struct note_verifier *by, chain_fault_fn *fault,
	void *ctx, struct chain *ret, struct cu_err *err);

/* One manifest whose text has this hash (chain_link.hash); released by manifest_done. */
int chain_get(struct repo *r, const struct chain_link *link, struct manifest *ret,
	struct cu_err *err);

/* The newest manifest, its signature checked, without the rest of the chain; hash is that of
 * its text.  CU_ENOENT when there is none. */
int chain_head(struct repo *r, const struct note_verifier *by, struct manifest *ret,
	uint8_t ret_hash[32], struct cu_err *err);

/* The link with the highest vault generation (the latest of them): the vault object to restore
 * from.  NULL for an empty chain. */
const struct chain_link *chain_newest_vault(const struct chain *c);

#endif
