/*
 * object.h: one stored object: zstd inside age, named by the SHA-256 of its stored bytes.
 *
 * Streamed both ways: memory does not grow with the object.  A reader has compared the hash of
 * all stored bytes before the first of them is used, and compares it again over the bytes
 * that it then used.  docs/formats/repository.md.  One thread at a time for each object.
 */
#ifndef CU_BACKUP_OBJECT_H
#define CU_BACKUP_OBJECT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct age_identities;
struct age_reader;
struct age_recipients;
struct age_writer;
struct cu_err;
struct key;
struct object_reader;
struct object_writer;
struct repo;

#define OBJECT_ZSTD_LEVEL      3  /* on SQLite pages: 3.2 x at 290 MB/s (own measurement) */
#define OBJECT_ZSTD_WINDOW_MAX 23 /* 8 MiB; level 3 asks for 2 MiB */

struct object_ref {
	uint8_t hash[32]; /* SHA-256 of the stored bytes: the object's name */
	uint64_t stored;  /* their number */
};

/* What opens an object: an identity that it was written for, or its own file key. */
struct object_opener {
	const struct age_identities *ids; /* NULL: by file_key */
	const struct key *file_key;
};

/* --- writing ---------------------------------------------------------------------- */

/* Nothing reaches a disk before object_writer_attach: until then at most 64 KiB are
 * held in memory.  file_key: what will open this object alone, besides the recipients;
 * NULL: a random one that nobody keeps.  Both are borrowed for the call. */
int object_writer_new(const struct age_recipients *to, const struct key *file_key,
	struct object_writer **ret, struct cu_err *err);
/* The age layer, for bytes before the compressed ones.  Only before the first put. */
struct age_writer *object_writer_age(struct object_writer *w);
/* From here on the object is written into a file of the repository, which is kept until
 * the writer is freed. */
int object_writer_attach(struct object_writer *w, struct repo *r, struct cu_err *err);
int object_writer_put(struct object_writer *w, struct span plain, struct cu_err *err);
/* Ends the streams.  The object has no name yet. */
int object_writer_finish(struct object_writer *w, struct object_ref *ret,
	struct cu_err *err);
/* Durably under its name (repo.h), which must be made from the hash of finish.  An object
 * that is there already is not written again. */
int object_writer_store(struct object_writer *w, const char *name, struct cu_err *err);
void object_writer_free(struct object_writer *w); /* drops what was not stored; NULL is fine */

/* --- reading ---------------------------------------------------------------------- */

/* All errors name the object.  CU_ENOENT: absent.  CU_ECORRUPT: not the bytes of its name. */
int object_verify(struct repo *r, const char *name, const struct object_ref *ref,
	struct cu_err *err);

/* Verifies, then opens the age layer.  CU_ENOKEY: none of the identities is a
 * recipient, or it was not written under this file key.  More than plain_max bytes of
 * plaintext are refused: CU_ELIMIT. */
int object_reader_open(struct repo *r, const char *name, const struct object_ref *ref,
	struct object_opener by, uint64_t plain_max, struct object_reader **ret,
	struct cu_err *err);
/* The age layer, for bytes before the compressed ones.  Only before the first read. */
struct age_reader *object_reader_age(struct object_reader *r);
/* Up to cap bytes; 0 at the true end, when both streams are complete, nothing follows them and
 * the bytes that were used had the object's hash. */
long object_reader_read(struct object_reader *r, uint8_t *to, size_t cap,
	struct cu_err *err);
void object_reader_close(struct object_reader *r); /* wipes; NULL is fine */

#endif
