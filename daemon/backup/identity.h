/*
 * identity.h: the one file that opens backups, and that must leave this machine.
 *
 * It holds two age identities (one opens data objects, one vault objects) as lines that
 * `age -i FILE` accepts, and before them, as comments, what a restore needs to trust nothing
 * else: the store's id, the key that signs the log, and the key that signs manifests.
 * docs/formats/repository.md.
 */
#ifndef CU_BACKUP_IDENTITY_H
#define CU_BACKUP_IDENTITY_H
#include "base/id.h"
#include "base/span.h"
#include "backup/recipients.h"
#include "crypto/note.h"

struct age_identities;
struct buf;
struct cu_err;

#define IDENTITY_MAX_SIZE 65536

struct identity {
	struct id store;
	struct note_verifier log_key;      /* pinned: checkpoints of the log */
	struct note_verifier manifest_key; /* pinned: manifests; its name is "" */
	char data_recipient[AGE_RECIPIENT_SIZE];
	char vault_recipient[AGE_RECIPIENT_SIZE];
	struct age_identities *data;
	struct age_identities *vault;
};

/* Two fresh identities.  Their file is appended to file, which must be a wiping buffer; their
 * public halves are *ret, one of each kind.  Nothing is written to any disk. */
int identity_create(const struct id *store, const struct note_verifier *log_key,
	const struct note_verifier *manifest_key, struct buf *file,
	struct recipients_file *ret, struct cu_err *err);

/* Reads such a file.  CU_EINVAL names the line and what is wrong with it, never its content.
 * Comments and empty lines besides ours are passed over.  Released by identity_done. */
int identity_parse(struct span text, struct identity *ret, struct cu_err *err);
void identity_done(struct identity *id); /* wipes; zeros are fine */

/* The same identities with other pinned keys, appended to out (wiping): a restored store signs
 * with new keys, and its next backups are opened with this file. */
int identity_repin(struct span text, const struct note_verifier *log_key,
	const struct note_verifier *manifest_key, struct buf *out, struct cu_err *err);

#endif
