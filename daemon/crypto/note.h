/*
 * note.h: an Ed25519 key, and texts signed with it.
 *
 * Signed notes as in c2sp.org/signed-note: a text, an empty line, lines of signatures.  Our
 * checkpoints, certificates and receipts are notes.  The same key signs manifests in
 * minisign's format (minisign.h).
 */
#ifndef CU_CRYPTO_NOTE_H
#define CU_CRYPTO_NOTE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct cu_err;
struct key;
struct signer;

#define NOTE_NAME_SIZE     129 /* a signer's name with its NUL; no blanks, no '+' */
#define NOTE_PUBLIC_SIZE   32
#define NOTE_VERIFIER_SIZE (NOTE_NAME_SIZE + 64)

/* Who signed: a public key with its name; the text form is "<name>+<hash>+<base64>". */
struct note_verifier {
	char name[NOTE_NAME_SIZE];
	uint8_t public_key[NOTE_PUBLIC_SIZE];
	uint8_t minisign_number[8]; /* as minisign chose it; zeros: made from the key */
};

/* A fresh key pair in memory of its own, locked where the limit allows. */
int signer_new(const char *name, struct signer **ret, struct cu_err *err);
void signer_free(struct signer *s); /* wipes; NULL is fine */
void signer_verifier(const struct signer *s, struct note_verifier *ret);

/* The key pair for the disk, sealed under the root key; appended to out. */
int signer_wrap(const struct signer *s, const struct key *by, struct buf *out,
	struct cu_err *err);
int signer_unwrap(struct span wrapped, const struct key *by, struct signer **ret,
	struct cu_err *err);

/* The first 4 bytes of SHA-256(name, '\n', 0x01, public key): which key a line is by. */
void note_key_hash(const struct note_verifier *v, uint8_t out[4]);
void note_format_verifier(const struct note_verifier *v, char out[NOTE_VERIFIER_SIZE]);
int note_parse_verifier(const char *text, struct note_verifier *ret, struct cu_err *err);

/* text must end with a newline and be UTF-8 without other control characters: CU_EINVAL.
 * Appends the whole note to out. */
int note_sign(const struct signer *s, struct span text, struct buf *out, struct cu_err *err);

/* The text of a note that this key signed; borrowed from note.  Lines of unknown keys are
 * passed over; a line by this key that does not verify fails the note.  CU_ECORRUPT, or
 * CU_ENOKEY when the note carries no line by this key. */
int note_verify(struct span note, const struct note_verifier *by, struct span *ret_text,
	struct cu_err *err);

#endif
