/*
 * vault_object.h: the keys of a store as one object: the tree, and what opens it.
 *
 * Inside the age layer stands a zstd stream: first a skippable frame (RFC 8878, 3.1.2) with
 * generation, log size, the vault's id and the plain epoch key E, then vault.db.  So
 * `age -d -i FILE OBJECT | zstd -d > vault.db` gives the database, and a reader finds E in
 * the first bytes.  The key never passes through a buffer of this layer.
 * docs/formats/repository.md.
 *
 * The object's own file key stays in memory with the capture, so that the object can be
 * fetched back, opened and compared where no identity is; then it is wiped, and only an
 * identity opens the object ever after.
 */
#ifndef CU_BACKUP_VAULT_OBJECT_H
#define CU_BACKUP_VAULT_OBJECT_H
#include <stdint.h>

#include "base/id.h"
#include "backup/object.h"

struct cu_err;
struct key;
struct recipients_list;
struct repo;
struct vault;
struct vault_capture;
struct watch;

/* The vault as it is now: E goes into the age layer at once (in memory, encrypted or about to
 * be), the image of vault.db is begun.  On the store's writer thread, in the same turn as the
 * data image; then the capture may move to another thread.  log_size: leaves in the journal.
 * Touches no repository. */
int vault_capture_begin(struct vault *v, const struct recipients_list *to, uint64_t log_size,
	struct vault_capture **ret, struct cu_err *err);
void vault_capture_end(struct vault_capture *c); /* ends the image too; NULL is fine */

uint64_t vault_capture_generation(const struct vault_capture *c);
uint64_t vault_capture_log_size(const struct vault_capture *c);
uint64_t vault_capture_size(const struct vault_capture *c); /* bytes of vault.db */

/* Writes the object into the repository; once for each capture. */
int vault_object_write(struct vault_capture *c, struct repo *r, const struct watch *watch,
	struct object_ref *ret, struct cu_err *err);

/* Fetches the object back, opens it with its file key, and compares head, E and every
 * byte of vault.db with what was captured; then wipes the file key, whatever was found.
 * Once, after vault_object_write.  0: a restore from this object gives this very vault.
 * CU_ECORRUPT, CU_ENOENT, CU_ENOKEY name the object. */
int vault_object_confirm(struct vault_capture *c, struct repo *r,
	const struct object_ref *ref, const struct watch *watch, struct cu_err *err);

struct vault_object_head {
	uint64_t generation;
	uint64_t log_size;
	struct id vault;
};

/* Verifies and opens one: vault.db into the file at to_path (made anew, 0600, synced), E into
 * epoch.  CU_ECORRUPT when its head is not the wanted generation and log size. */
int vault_object_read(struct repo *r, uint64_t generation, uint64_t log_size,
	const struct object_ref *ref, uint64_t size, const struct age_identities *ids,
	const char *to_path, struct key *epoch, struct vault_object_head *ret,
	const struct watch *watch, struct cu_err *err);

#endif
