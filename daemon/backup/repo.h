/*
 * repo.h: a repository: the place where backups lie: a directory, or what custos-agent reaches.
 *
 *	data/<2 hex>/<64 hex>                 data objects, named by SHA-256 of their bytes
 *	vault/<20 digits>-<64 hex>            vault objects: generation, SHA-256
 *	log/...                               the mirror of the audit log (ledger.h, log_mirror)
 *	manifest/<10 digits>[.minisig]        signed manifests
 *	README.txt, open_backup.py            how to open all this without custos
 *	tmp/                                  what is being written; may be emptied at any time
 *
 * Things are put, got and listed by name, and nothing that counts is ever rewritten, so that
 * whatever keeps objects by name can stand behind struct repo_ops: repo_dir.c is a directory, and
 * repo_far.h what somebody else keeps for us.  What comes from either is not trusted: names say the
 * hash of what lies there, and manifests are signed.  No lock files: one daemon writes.  All calls
 * block; any thread; a struct repo may be used by one at a time.  Nothing has to be closed.
 */
#ifndef CU_BACKUP_REPO_H
#define CU_BACKUP_REPO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"
#include "base/span.h"

struct buf;
struct cu_err;

#define REPO_NAME_SIZE 128 /* a name within the repository, with its NUL */

struct far_order;
struct repo_far;
struct repo_ops;

/* Serves one order of repo_far.h.  Worker thread; blocks. */
typedef int repo_far_call(const struct repo_far *far, struct far_order *order, struct cu_err *err);

struct repo_far {
	repo_far_call *call;
	void *ctx;
	char key[64]; /* of the target */
};

struct repo {
	const struct repo_ops *ops;
	char dir[PATH_SIZE]; /* the directory; of what is far, one for what is on its way */
	struct repo_far far; /* zeros: a directory */
};

/* A directory.  CU_ENOENT when dir holds no repository.  Writes nothing. */
int repo_open(const char *dir, struct repo *ret, struct cu_err *err);
/* Makes what is missing of its directories (0700), README.txt and open_backup.py. */
int repo_create(const char *dir, struct repo *ret, struct cu_err *err);

/* --- names ------------------------------------------------------------------------ */

void repo_name_data(const uint8_t hash[32], char out[REPO_NAME_SIZE]);
void repo_name_vault(uint64_t generation, const uint8_t hash[32], char out[REPO_NAME_SIZE]);
void repo_name_manifest(uint64_t sequence, char out[REPO_NAME_SIZE]);
void repo_name_signature(uint64_t sequence, char out[REPO_NAME_SIZE]);

enum repo_kind {
	REPO_DATA,
	REPO_VAULT,
	REPO_MANIFEST,
	REPO_SIGNATURE,
	REPO_TMP,
	REPO_OTHER, /* a name that custos does not give */
};

/* What a name says.  number is the generation or the sequence. */
struct repo_name {
	enum repo_kind kind;
	uint64_t number;
	uint8_t hash[32];
};
struct repo_name repo_name_parse(const char *name);

/* --- small things: whole, in memory ----------------------------------------------- */

/* Durably, under a name that is not taken: CU_EEXIST. */
int repo_put(struct repo *r, const char *name, struct span bytes, struct cu_err *err);
/* The same, but what is there and never counted (a signature without its manifest) is replaced. */
int repo_put_over(struct repo *r, const char *name, struct span bytes, struct cu_err *err);
/* Appended to to.  CU_ENOENT; CU_ELIMIT over limit bytes. */
int repo_get(struct repo *r, const char *name, size_t limit, struct buf *to,
	struct cu_err *err);

/* --- large things: by descriptor -------------------------------------------------- */

/* A new file that has no name yet, for writing at fd, until repo_upload_put or repo_upload_drop. */
struct repo_upload {
	int fd;                    /* -1: none */
	int read_fd;               /* of what is far: the same file, for reading only */
	char name[REPO_NAME_SIZE]; /* of a directory: in tmp/ */
};
int repo_upload_begin(struct repo *r, struct repo_upload *ret, struct cu_err *err);
/* Syncs, gives it its name, syncs the directories.  When the name is taken already (same
 * hash: same bytes) the new file is dropped and *ret_is_new is false. */
int repo_upload_put(struct repo *r, struct repo_upload *u, const char *name,
	bool *ret_is_new, struct cu_err *err);
void repo_upload_drop(struct repo *r, struct repo_upload *u); /* zeros with fd -1 are fine */

/* For reading; the caller closes it.  *ret_size is its size, or some number above most: then not all
 * of it may be there.  CU_ENOENT. */
int repo_open_object(struct repo *r, const char *name, uint64_t most, int *ret_fd,
	uint64_t *ret_size, struct cu_err *err);
int repo_size(struct repo *r, const char *name, uint64_t *ret_size, struct cu_err *err);

/* --- lists ------------------------------------------------------------------------ */

/* Everything below "data", "vault", "manifest" or "tmp", sorted by name; fn returns 0 to go
 * on. */
typedef int repo_list_fn(void *ctx, const char *name, uint64_t size, struct cu_err *err);
int repo_list(struct repo *r, const char *under, repo_list_fn *fn, void *ctx,
	struct cu_err *err);

/* Durably; absent is 0. */
int repo_remove(struct repo *r, const char *name, struct cu_err *err);
/* Removes what an interrupted run left in tmp/. */
int repo_sweep(struct repo *r, struct cu_err *err);

/* --- beneath ---------------------------------------------------------------------- */

struct repo_ops {
	int (*begin)(struct repo *r, struct repo_upload *ret, struct cu_err *err);
	/* Durably; closes the upload unless it fails.  CU_EEXIST, without may_replace. */
	int (*place)(struct repo *r, struct repo_upload *u, const char *name, bool may_replace,
		struct cu_err *err);
	void (*drop)(struct repo *r, struct repo_upload *u);
	int (*open)(struct repo *r, const char *name, uint64_t most, int *ret_fd,
		uint64_t *ret_size, struct cu_err *err);
	int (*size)(struct repo *r, const char *name, uint64_t *ret, struct cu_err *err);
	int (*list)(struct repo *r, const char *under, repo_list_fn *fn, void *ctx,
		struct cu_err *err);
	int (*remove)(struct repo *r, const char *name, struct cu_err *err);
};

#endif
