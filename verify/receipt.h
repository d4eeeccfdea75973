/*
 * receipt.h: receipts of consents: signed JSON with the proof of its log entry.
 *
 * docs/formats/receipt.md.  Members that are not known are passed over, but they are
 * signed like the others.
 */
#ifndef VERIFY_RECEIPT_H
#define VERIFY_RECEIPT_H
#include "verify/certificate.h"

struct receipt {
	json_t *json; /* what follows is borrowed from it */
	const char *store, *lineage, *issued, *subject, *purpose, *state, *time;
	const char *channel, *notice, *sha256, *until; /* NULL: absent */
	struct certificate_claim claim;
};

/* Its signature, its form, the proof, and that entry and members say the same.  done in
 * either case. */
int receipt_open(struct bytes note, const char *key_text, const struct signed_key *key,
	struct receipt *ret, struct flaw *f);
void receipt_done(struct receipt *r);

/* Against a whole log: it holds this entry at this place. */
int receipt_check_log(const struct receipt *r, const char *dir,
	const struct signed_key *key, struct published_result *ret, struct flaw *f);

#endif
