/*
 * needles.h: many secrets looked for at once in raw bytes, in every spelling that is usual.
 *
 * A text is looked for as it is (UTF-8), in UTF-16 of both byte orders, in base64 and in hex;
 * bytes as they are, in base64 and in hex.  Base64 is looked for wherever the secret may begin
 * within three bytes, hex in both cases.  Every zstd frame is decompressed, as far as it goes,
 * and searched too.
 */
#ifndef CU_TESTS_NEEDLES_H
#define CU_TESTS_NEEDLES_H
#include <stddef.h>
#include <stdint.h>

/* X(id, what it is in a table) */
#define NEEDLE_KINDS(X)                                                                      \
	X(ERASED, "what erased people had")                                                  \
	X(REMEMBERED, "what remembered people have")                                         \
	X(KEY, "keys")                                                         \
	X(PLANTED, "planted and deleted")

enum needle_kind {
#define X(id, text) NEEDLE_##id,
	NEEDLE_KINDS(X)
#undef X
	NEEDLE_NKINDS_
};

enum needle_form { FORM_RAW, FORM_UTF16LE, FORM_UTF16BE, FORM_BASE64, FORM_HEX, FORM_NFORMS_ };

struct needles;

struct needles *needles_new(void);
void needles_free(struct needles *s);

/* At least 14 bytes: what is shorter may be there by chance, or has no 8 bytes of its own in
 * base64. */
void needles_add_text(struct needles *s, enum needle_kind kind, const char *text);
void needles_add_bytes(struct needles *s, enum needle_kind kind, const void *p, size_t n);
unsigned needles_count(const struct needles *s, enum needle_kind kind);

struct search {
	/* how many secrets were seen in that form: in the bytes themselves, in zstd */
	unsigned found[2][NEEDLE_NKINDS_][FORM_NFORMS_];
	unsigned frames, cut_frames; /* of zstd: whole ones; those that end early or are damaged */
	char first[16][96];          /* some of the places, in words */
	unsigned nfirst;
};

void needles_search(struct needles *s, const uint8_t *p, size_t n, struct search *ret);
/* All that was found of a kind. */
unsigned search_total(const struct search *r, enum needle_kind kind);

#endif
