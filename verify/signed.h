/*
 * signed.h: signed notes (c2sp.org/signed-note), checked with one Ed25519 key.
 */
#ifndef VERIFY_SIGNED_H
#define VERIFY_SIGNED_H
#include "verify/bytes.h"

struct flaw;

#define SIGNED_NAME_SIZE 129 /* of a signer, with its NUL */

/* Who must have signed: "<name>+<hash>+<base64>". */
struct signed_key {
	char name[SIGNED_NAME_SIZE];
	uint8_t hash[4];
	uint8_t public_key[32];
};

/* VERDICT_USAGE when it is none. */
int signed_parse_key(const char *text, struct signed_key *ret, struct flaw *f);

/* The text that the key signed, with its last newline; borrowed from note.  Well-formed
 * lines by other keys (cosignatures of witnesses) are passed over and not judged; one
 * by this key that is wrong fails the note. */
int signed_text(struct bytes note, const struct signed_key *key, struct bytes *ret,
	struct flaw *f);

#endif
