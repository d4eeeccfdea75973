/*
 * age.h: files in the age v1 format, which stock age opens (c2sp.org/age).
 *
 * X25519 recipients (any number) or one passphrase (scrypt, alone in its file), binary or
 * armored, streamed: memory does not grow with the file.  A reader releases only plaintext
 * that it has authenticated, chunk by chunk.  age does not say who wrote a file: whoever
 * trusts one checks a signature elsewhere (minisign.h).  One thread at a time for each object.
 *
 * A file key opens one file without any identity, so that its writer can read it back.  It is
 * a struct key of which the format takes the first 16 bytes; one for each file.
 */
#ifndef CU_CRYPTO_AGE_H
#define CU_CRYPTO_AGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct cu_err;
struct key;
struct age_recipients;
struct age_identities;
struct age_writer;
struct age_reader;

#define AGE_RECIPIENT_SIZE    63 /* "age1..." with its NUL */
#define AGE_SCRYPT_MAX_LOG_N  22 /* a file that asks for more work is refused: 4 GiB, 5 s */
#define AGE_SCRYPT_LOG_N      18 /* what we write; age's own choice */

/* Why a file did not open, as the public test vectors tell the cases apart. */
enum age_fault {
	AGE_OK,
	AGE_FAULT_HEADER,
	AGE_FAULT_ARMOR,
	AGE_FAULT_NO_MATCH, /* none of the identities is a recipient */
	AGE_FAULT_HMAC,
	AGE_FAULT_PAYLOAD,
	AGE_FAULT_IO, /* the source or memory failed; err tells */
};

/* --- keys ------------------------------------------------------------------------- */

/* A fresh identity: its public text, and its secret line "AGE-SECRET-KEY-1..." appended to
 * secret (a wiping buffer; no newline). */
int age_identity_generate(char ret_recipient[AGE_RECIPIENT_SIZE], struct buf *secret,
	struct cu_err *err);

int age_recipients_new(struct age_recipients **ret, struct cu_err *err);
void age_recipients_free(struct age_recipients *to); /* NULL is fine */
/* "age1...": CU_EINVAL when it is none. */
int age_recipients_add(struct age_recipients *to, const char *recipient, struct cu_err *err);
/* Instead of recipients: CU_EINVAL when there are some. */
int age_recipients_set_passphrase(struct age_recipients *to, struct span passphrase,
	unsigned log_n, struct cu_err *err);

int age_identities_new(struct age_identities **ret, struct cu_err *err);
void age_identities_free(struct age_identities *ids); /* wipes; NULL is fine */
/* A file as age-keygen writes it: identity lines, '#' comments, empty lines.  CU_EINVAL names
 * the line, never its content.  The number of identities added, or a code. */
int age_identities_add_file(struct age_identities *ids, struct span text, struct cu_err *err);
int age_identities_add_passphrase(struct age_identities *ids, struct span passphrase,
	struct cu_err *err);

/* --- writing ---------------------------------------------------------------------- */

/* Takes what a writer produces; 0 or a code, which ends the writing. */
typedef int age_sink(void *ctx, struct span bytes, struct cu_err *err);

/* Writes the header at once.  to is borrowed for the call only. */
int age_writer_new(const struct age_recipients *to, bool is_armored, age_sink *sink,
	void *ctx, struct age_writer **ret, struct cu_err *err);
/* The same with this file key instead of a random one that nobody keeps; borrowed for the call. */
int age_writer_new_keyed(const struct age_recipients *to, const struct key *file_key,
	bool is_armored, age_sink *sink, void *ctx, struct age_writer **ret,
	struct cu_err *err);
int age_writer_put(struct age_writer *w, struct span plain, struct cu_err *err);
/* The 32 bytes of a key, for a vault object: the only way for one out of the arena. */
int age_writer_put_key(struct age_writer *w, const struct key *key, struct cu_err *err);
/* Writes the last chunk.  Without it the file is truncated and no reader accepts it. */
int age_writer_finish(struct age_writer *w, struct cu_err *err);
void age_writer_free(struct age_writer *w); /* wipes; NULL is fine */

/* --- reading ---------------------------------------------------------------------- */

/* Fills up to cap bytes; the number, 0 at the end, or a code. */
typedef long age_source(void *ctx, uint8_t *to, size_t cap, struct cu_err *err);

/* Reads and checks the header; armor is recognised by itself.  On failure *ret_fault (may be
 * NULL) tells which kind.  CU_ECORRUPT, CU_ENOKEY (no match), CU_ELIMIT (work factor). */
int age_reader_new(const struct age_identities *ids, age_source *source, void *ctx,
	struct age_reader **ret, enum age_fault *ret_fault, struct cu_err *err);
/* The same by the file's own key: no recipient is looked at, the header's MAC is.  CU_ENOKEY
 * when it is the key of another file, or the header was changed: both look alike. */
int age_reader_new_keyed(const struct key *file_key, age_source *source, void *ctx,
	struct age_reader **ret, enum age_fault *ret_fault, struct cu_err *err);
/* Up to cap bytes of authenticated plaintext; the number, 0 at the true end, or a code.
 * After a failure everything released before stays good. */
long age_reader_read(struct age_reader *r, uint8_t *to, size_t cap, struct cu_err *err);
enum age_fault age_reader_fault(const struct age_reader *r);
/* The next 32 bytes of plaintext straight into a key; CU_ECORRUPT when there are fewer. */
int age_reader_take_key(struct age_reader *r, struct key *ret, struct cu_err *err);
void age_reader_free(struct age_reader *r); /* wipes; NULL is fine */

/* A sink and a source on a file descriptor; ctx points to an int. */
age_sink age_fd_sink;
age_source age_fd_source;

#endif
