/*
 * manifest.h: what one backup consists of, signed, and chained to the one before.
 *
 * Lines of text in a fixed order, each ended by '\n'; there is one spelling for each
 * manifest.  Signed in minisign's format in a file of its own, so that stock minisign checks
 * it.  age does not say who wrote an object; the manifest does.  Pure but for the heap.
 * docs/formats/repository.md.
 *
 * Version 2 says besides what the data holds (digests) and which day's key opens its objects for
 * a drill.  Version 1 is still read, and written where a manifest repeats the data of one.
 */
#ifndef CU_BACKUP_MANIFEST_H
#define CU_BACKUP_MANIFEST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"
#include "backup/object.h"
#include "backup/recipients.h"
#include "crypto/note.h"
#include "store/digest.h"

struct buf;
struct cu_err;

#define MANIFEST_MAX_SIZE     (16u << 20) /* 90,000 ranges: a database of 5 TiB */
#define MANIFEST_MAX_SEQUENCE 9999999999u /* ten digits */
#define MANIFEST_SIG_MAX_SIZE 1024
#define MANIFEST_RANGE_MAX    (64u << 20) /* bytes of plaintext in one data object */

struct manifest_range {
	uint64_t offset, length;
	uint8_t hash[32]; /* SHA-256 of the plaintext */
	struct object_ref object;
};

/* Which recipients the objects of one kind were written to. */
struct manifest_prints {
	char at[RECIPIENTS_MAX][RECIPIENTS_PRINT_SIZE];
	size_t n;
};

struct manifest {
	struct id store, lineage;
	uint64_t sequence; /* from 1 */
	bool has_previous;
	uint8_t previous[32]; /* SHA-256 of the previous manifest's text */
	int64_t time_ms;      /* when this manifest's state was taken */

	uint64_t log_size; /* of the mirror, when this was signed */
	uint8_t log_root[32];
	struct note_verifier log_key;

	struct manifest_prints data_prints, vault_prints;

	int64_t data_time_ms; /* when the data image was taken */
	uint32_t page_size;
	uint64_t data_size;
	uint8_t data_hash[32]; /* SHA-256 of the whole image */
	struct manifest_range *ranges;
	size_t nranges;

	uint64_t generation; /* of the vault object */
	struct object_ref vault;
	uint64_t vault_size;     /* bytes of the vault.db in it */
	uint64_t vault_log_size; /* leaves in the log when it was captured */

	uint64_t subjects, records; /* in the data image */

	bool has_digests; /* version 2; the rest is zeros without */
	struct digest digest;  /* of the data image */
	uint32_t drill_day;    /* yyyymmdd: whose drill key opens the data objects; 0: none does */
	struct id drill_nonce; /* of the run that wrote them (drill_key.h) */
};

void manifest_done(struct manifest *m); /* frees the ranges; zeros are fine */

/* A range at the end.  CU_ENOMEM. */
int manifest_add_range(struct manifest *m, const struct manifest_range *range,
	struct cu_err *err);

/* Appends the text.  CU_EINTERNAL when m breaks a rule that the parser asks for. */
int manifest_format(const struct manifest *m, struct buf *out, struct cu_err *err);
/* Strictly: only what manifest_format writes.  CU_ECORRUPT names the line. */
int manifest_parse(struct span text, struct manifest *ret, struct cu_err *err);

/* Appends the .minisig file. */
int manifest_sign(const struct manifest *m, struct span text, const struct signer *signer,
	struct buf *out, struct cu_err *err);
/* Signature first, then the text.  CU_ECORRUPT, CU_ENOKEY as minisign_verify. */
int manifest_verify(struct span text, struct span sig, const struct note_verifier *by,
	struct manifest *ret, struct cu_err *err);

/* Bytes in objects that this manifest names. */
uint64_t manifest_stored(const struct manifest *m);

#endif
