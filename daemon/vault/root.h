/*
 * root.h: the root block: the epoch key and the index key under the root key, in two files.
 *
 * vault.root.a and vault.root.b are 4 KiB each and are only ever overwritten in place: that,
 * and nothing else in the vault, is what makes a key unreadable for good.  A block carries the
 * vault's id, a generation and a checksum.  Bytes: docs/formats/vault.md.  All calls block;
 * one thread at a time.
 */
#ifndef CU_VAULT_ROOT_H
#define CU_VAULT_ROOT_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"

struct cu_err;
struct key;

#define ROOT_SIZE                                                                      \
	4096 /* one block of the file systems at hand: written whole or not at all */

enum root_copy { ROOT_A, ROOT_B, ROOT_NCOPIES };

/* The two files, held open for as long as the vault is. */
struct root_files {
	int fd[ROOT_NCOPIES]; /* -1: not open */
	int direct_fd
		[ROOT_NCOPIES]; /* reads past the page cache; -1 where that is impossible */
};

/* What a block says; the keys are the caller's. */
struct root {
	struct id vault_id;
	uint64_t generation;
	struct key *epoch;
	struct key *index;
};

void root_files_init(struct root_files *files);
void root_files_close(struct root_files *files); /* after root_files_init at least */

/* Makes both files, 0600, of random bytes.  CU_EEXIST when either is there. */
int root_files_create(struct root_files *files, const char *dir, struct cu_err *err);
/* Opens both and locks them against a second process (CU_EBUSY).  One that is missing is made
 * anew, holding nothing; with may_make_both so are two.  CU_ENOENT when both are missing. */
int root_files_open(struct root_files *files, const char *dir, bool may_make_both,
	struct cu_err *err);
/* Removes both, as far as they are there: for a vault that could not be made. */
void root_files_remove(const char *dir);

/* Reads one copy.  CU_ECORRUPT: no root block, or damaged.  CU_ENOKEY: sound, but under
 * another key; then the id and the generation are set all the same. */
int root_read(const struct root_files *files, enum root_copy copy, const struct key *k0,
	struct root *ret, struct cu_err *err);

/* Overwrites one copy in place, syncs it, reads it back.  After a failure it is unknown what
 * the disk holds. */
int root_write(const struct root_files *files, enum root_copy copy,
	const struct key *k0, const struct root *root, struct cu_err *err);

#endif
