/*
 * digest.h: what lies in a data.db, counted and summed: so that a backup can be held to it.
 *
 * One digest over the subjects, one over the cases, and one for each collection, BLAKE2b-256 over their rows: who,
 * which record, which version, under which slots, and the sealed bytes.  They are taken while the
 * image is pinned and travel in the signed manifest; whoever rebuilds the image computes them
 * anew.  Sealed bytes only: no key is needed.  docs/formats/repository.md has the bytes.
 */
#ifndef CU_STORE_DIGEST_H
#define CU_STORE_DIGEST_H
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "store/engine.h"

struct cu_err;

#define DIGEST_MAX_COLLECTIONS 128 /* those of schema.yaml, some ten, and the system's own */
#define DIGEST_STEP_ROWS       4096

struct digest_part {
	char name[ENGINE_KEY_SIZE]; /* of the collection; "" for the subjects */
	uint64_t rows;
	uint8_t hash[HASH_SIZE];
};

struct digest {
	struct digest_part subjects;
	struct digest_part collections[DIGEST_MAX_COLLECTIONS]; /* by name, ascending */
	size_t ncollections;
};

/* All records in all collections but those of custos itself. */
uint64_t digest_records(const struct digest *d);

/* The first part that differs: its name in ret ("subjects", or the collection's key) with a
 * sentence of what is wrong with it.  False when they are the same. */
bool digest_differs(const struct digest *wanted, const struct digest *is, char *ret,
	size_t cap);

/* --- computing, in slices --------------------------------------------------------- */

struct digesting;

/* db is borrowed until the end and must stand still meanwhile: an image, or a file that nobody
 * writes to. */
int digest_begin(sqlite3 *db, struct digesting **ret, struct cu_err *err);
/* Takes up to DIGEST_STEP_ROWS rows: 1 when there are more, 0 at the end, or a code.
 * CU_ECORRUPT, CU_ELIMIT (too many collections). */
int digest_step(struct digesting *d, struct cu_err *err);
/* Bytes of sealed records so far. */
uint64_t digest_bytes(const struct digesting *d);
/* Only after digest_step returned 0. */
void digest_result(struct digesting *d, struct digest *ret);
void digest_end(struct digesting *d); /* NULL is fine */

#endif
