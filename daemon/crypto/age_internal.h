/*
 * age_internal.h: what the files of age share.
 *
 *   age_bech32   keys as text                     age_stream   the payload's chunks
 *   age_keys     recipients and identities        age_armor    lines of base64 around a file
 *   age_stanza   a file key for one recipient     age_input    a source, out of its armor
 *   age_header   the text before the payload      age_writer, age_reader
 *
 * The format: c2sp.org/age.  Whoever holds a file key or a payload key holds it in memory
 * from sodium_malloc, or on the stack and wipes it.
 */
#ifndef CU_CRYPTO_AGE_INTERNAL_H
#define CU_CRYPTO_AGE_INTERNAL_H
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/age.h"

#define AGE_FILE_KEY_SIZE 16
#define AGE_X25519_SIZE   32
#define AGE_NONCE_SIZE    16 /* of the payload, after the header */
#define AGE_MAC_SIZE      32
#define AGE_TAG_SIZE      crypto_aead_chacha20poly1305_ietf_ABYTES
#define AGE_CHUNK_SIZE    65536
#define AGE_SEALED_SIZE   (AGE_CHUNK_SIZE + AGE_TAG_SIZE)
#define AGE_WRAPPED_SIZE  (AGE_FILE_KEY_SIZE + AGE_TAG_SIZE) /* a stanza's body */
#define AGE_SALT_SIZE     16                                 /* of scrypt */

/* The format has no limits of its own; without ours a file could make the reader hold any
 * amount of it before the first check.  A stanza for X25519 takes some 110 bytes. */
#define AGE_MAX_HEADER  (1 << 20)
#define AGE_MAX_STANZAS 2048

/* A body's line, in the header and in armor: 48 bytes as 64 characters (RFC 7468). */
#define AGE_LINE_BYTES 48
#define AGE_LINE_CHARS 64

/* --- age_bech32.c ----------------------------------------------------------------- */

#define AGE_SECRET_TEXT_SIZE 75 /* "AGE-SECRET-KEY-1", 52 + 6 characters, NUL */

/* 32 bytes as Bech32 (BIP 173) under a prefix, all upper case if the prefix is. */
void age_bech32_encode(
	const char *prefix, const uint8_t key[32], char *out, size_t cap);
/* False unless text is exactly such a key. */
bool age_bech32_decode(const char *prefix, struct span text, uint8_t ret[32]);

extern const char age_recipient_prefix[]; /* "age" */
extern const char age_identity_prefix[];  /* "AGE-SECRET-KEY-" */

/* --- age_keys.c ------------------------------------------------------------------- */

struct age_identity {
	uint8_t secret[AGE_X25519_SIZE];
	uint8_t public_key[AGE_X25519_SIZE];
};

struct age_identities {
	struct age_identity *list; /* from sodium_malloc */
	size_t n;
	struct span *passphrases; /* their bytes from sodium_malloc */
	size_t npassphrases;
};

struct age_recipients {
	uint8_t (*list)[AGE_X25519_SIZE];
	size_t n;
	uint8_t *passphrase; /* from sodium_malloc; NULL if there is none */
	size_t npassphrase;
	unsigned log_n;
};

/* --- age_header.c ----------------------------------------------------------------- */

/* Where a stanza lies: its arguments in the header's text ("X25519 TEiF..."), its body in
 * the header's bodies. */
struct age_stanza {
	size_t args_at, nargs_bytes, body_at, nbody;
};

struct age_header {
	struct buf text;   /* as read, to the end of the MAC's line */
	struct buf bodies; /* of all stanzas, decoded */
	struct age_stanza *stanzas;
	size_t nstanzas;
	size_t nmaced; /* bytes of text that the MAC covers */
	uint8_t mac[AGE_MAC_SIZE];
};

struct age_input;

int age_header_read(struct age_input *in, struct age_header *ret,
	enum age_fault *ret_fault, struct cu_err *err);
void age_header_done(struct age_header *h);

struct span age_header_args(const struct age_header *h, size_t stanza);
struct span age_header_body(const struct age_header *h, size_t stanza);

/* False when the MAC was made with another file key or over another header. */
bool age_header_mac_is_good(
	const struct age_header *h, const uint8_t file_key[AGE_FILE_KEY_SIZE]);

/* The header of a new file; to gets the text. */
void age_header_begin(struct buf *to);
void age_header_put_stanza(struct buf *to, const char *args, struct span body);
int age_header_end(
	struct buf *to, const uint8_t file_key[AGE_FILE_KEY_SIZE], struct cu_err *err);

/* --- age_stanza.c ----------------------------------------------------------------- */

/* A file key for every recipient of to. */
int age_stanza_put_all(const struct age_recipients *to,
	const uint8_t file_key[AGE_FILE_KEY_SIZE], struct buf *header,
	struct cu_err *err);
/* The file key, by the first identity that fits. */
int age_stanza_open_any(const struct age_header *h, const struct age_identities *ids,
	uint8_t ret_file_key[AGE_FILE_KEY_SIZE], enum age_fault *ret_fault,
	struct cu_err *err);

/* --- age_stream.c ----------------------------------------------------------------- */

struct age_stream {
	uint8_t key[crypto_aead_chacha20poly1305_ietf_KEYBYTES];
	uint64_t counter; /* of chunks; the format has 88 bits, 2^64 chunks are never seen */
};

void age_stream_init(struct age_stream *s, const uint8_t file_key[AGE_FILE_KEY_SIZE],
	const uint8_t nonce[AGE_NONCE_SIZE]);
/* sealed has room for plain.n + AGE_TAG_SIZE. */
void age_stream_seal(
	struct age_stream *s, struct span plain, bool is_last, uint8_t *sealed);
/* Does not count on when it fails, so that another meaning of the chunk may be tried. */
bool age_stream_open(
	struct age_stream *s, struct span sealed, bool is_last, uint8_t *plain);

/* --- age_armor.c ------------------------------------------------------------------ */

/* Bytes of white space before and after armor; the reference implementation's limit. */
#define AGE_ARMOR_BLANKS 1024

extern const char age_armor_begin[]; /* "-----BEGIN AGE ENCRYPTED FILE-----" */
extern const char age_armor_end[];

/* Lines of base64, written as the bytes come. */
struct age_armor {
	uint8_t part[AGE_LINE_BYTES];
	size_t n;
};

void age_armor_start(struct age_armor *a, struct buf *to);
void age_armor_put(struct age_armor *a, struct span bytes, struct buf *to);
void age_armor_finish(struct age_armor *a, struct buf *to);

/* --- age_input.c ------------------------------------------------------------------ */

/* A source, with the armor taken off if there is some. */
struct age_input {
	age_source *source;
	void *ctx;
	uint8_t raw[8192]; /* read ahead from the source */
	size_t at, n;
	bool is_at_end; /* the source has no more */
	bool is_armored, has_begun, has_ended;
	uint8_t part[AGE_LINE_BYTES]; /* an armored line, decoded */
	size_t part_at, npart;
	char line[AGE_ARMOR_BLANKS + 2]; /* a line of white space, CR and NUL at most */
	enum age_fault fault;            /* AGE_OK, or why reading failed */
};

/* Looks at the beginning to tell whether it is armored. */
int age_input_start(
	struct age_input *in, age_source *source, void *ctx, struct cu_err *err);
/* Exactly n bytes, or fewer at the end; the number, or a code with in->fault set. */
long age_input_read(struct age_input *in, uint8_t *to, size_t n, struct cu_err *err);

#endif
