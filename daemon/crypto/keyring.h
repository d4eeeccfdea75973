/*
 * keyring.h: the root key K0 on disk: wrapped once for each source that may open it.
 *
 * A ring is a directory.  "<source>.wrap" in it holds K0 under a wrapping key that only
 * that source yields, with a commitment to that key, since XChaCha20-Poly1305 does not
 * commit to its own.  Any one source opens K0; none helps another.  The bytes:
 * docs/formats/keys.md.
 *
 *	file        root.key beside the wrap, 0400: whoever reads it can open the store
 *	credential  a file that systemd hands to the service (LoadCredentialEncrypted=)
 *	passphrase  Argon2id over what somebody types
 *
 * All calls block, the passphrase's for about a second and 256 MiB; one thread at a
 * time for a ring.
 */
#ifndef CU_CRYPTO_KEYRING_H
#define CU_CRYPTO_KEYRING_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"

struct cu_err;
struct key;

/* X(id, word) */
#define KEYRING_SOURCES(X)                                                             \
	X(FILE, "file")                                                                \
	X(CREDENTIAL, "credential")                                                    \
	X(PASSPHRASE, "passphrase")

enum keyring_source {
#define X(id, word) KEYRING_##id,
	KEYRING_SOURCES(X)
#undef X
		KEYRING_NSOURCES
};

#define KEYRING_BIT(source) (1u << (source))
#define KEYRING_ALL         (KEYRING_BIT(KEYRING_NSOURCES) - 1)
#define KEYRING_KEY_FILE    "root.key" /* of the source file, in its ring */
#define KEYRING_FIRST       "1"        /* the name of a store's first ring in keys/ */

/* Its name in $CREDENTIALS_DIRECTORY, and how many bytes it may have. */
#define KEYRING_CREDENTIAL_NAME "custos.root-key"
#define KEYRING_CREDENTIAL_MIN  32
#define KEYRING_CREDENTIAL_MAX  4096

/* Bytes of a new one. */
#define KEYRING_PASSPHRASE_MIN 12
#define KEYRING_PASSPHRASE_MAX 1024

/* What is at hand besides the ring itself. */
struct keyring_hand {
	const char *credential; /* the path of its file; NULL: there is none */
	struct span passphrase; /* p is NULL: nobody has typed one */
};

/* What a wrap says of its root key, and binds to it.  Zeros in one of the first format,
 * which does not say. */
struct keyring_about {
	struct id store; /* whose key it is */
	int64_t made_ms; /* when the key was made, in milliseconds since 1970 */
};

const char *keyring_word(enum keyring_source source);
bool keyring_parse(const char *word, enum keyring_source *ret);

/* The sources that have a wrap in dir, as bits.  Whether they can be opened is not
 * asked. */
unsigned keyring_sources(const char *dir);

/* Wraps root for one more source, durably; the source file gets a fresh key file.
 * CU_EEXIST: it has a wrap.  CU_EINVAL: the passphrase is too short or long. CU_ENOENT:
 * what the source needs is not at hand.  CU_ECORRUPT, CU_EDENIED: the credential is
 * none. */
int keyring_add(const char *dir, enum keyring_source source,
	const struct keyring_hand *hand, const struct keyring_about *about,
	const struct key *root, struct cu_err *err);

/* The root key from one source.  CU_ENOENT: no such wrap, or what it needs is not at
 * hand.  CU_ENOKEY: the wrong passphrase, key file or credential.  CU_EDENIED: others
 * than its owner may read the key file.  CU_ECORRUPT: it is damaged, or asks Argon2id
 * for more than 1 GiB or 16 passes. */
int keyring_open(const char *dir, enum keyring_source source,
	const struct keyring_hand *hand, struct keyring_about *ret_about,
	struct key *root, struct cu_err *err);

/* Its wrap is there and is none any more, as where keyring_remove was cut off. */
bool keyring_is_damaged(const char *dir, enum keyring_source source);

/* Takes a source away: its wrap, then its key file, by keyring_wipe_file. */
int keyring_remove(const char *dir, enum keyring_source source, struct cu_err *err);

/* Overwrites a file in place, syncs it, removes it; and before it the half that an
 * interrupted path_put_file has left of it.  On a file system that writes elsewhere
 * than where it read, the old bytes remain until they are reused.  Absent is 0. */
int keyring_wipe_file(const char *dir, const char *name, struct cu_err *err);

#endif
