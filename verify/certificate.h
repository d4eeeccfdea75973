/*
 * certificate.h: certificates of erasure: signed JSON with the proofs of its log
 * entries.
 *
 * docs/formats/certificate.md.  Members that are not known are passed over, but they
 * are signed like the others.
 */
#ifndef VERIFY_CERTIFICATE_H
#define VERIFY_CERTIFICATE_H
#include <jansson.h>

#include "verify/entry.h"
#include "verify/head.h"

#define CERTIFICATE_LIMIT ((size_t)16 << 20)

/* An entry of the log that the certificate shows, with the head that its proof leads
 * to. */
struct certificate_claim {
	uint64_t index;
	struct head head;
	struct bytes line;
	struct entry entry;
};

struct certificate {
	json_t *json; /* what follows is borrowed from it */
	const char *store, *lineage, *issued, *erasure, *subject, *scope, *purpose;
	const char *statement, *guarantee, *last_state, *last_date;
	uint64_t generation, nslots;
	struct certificate_claim *claims;
	size_t nclaims;
};

/* Its signature, its form, each proof, and that entries and members say the same.  done
 * in either case. */
int certificate_open(struct bytes note, const char *key_text,
	const struct signed_key *key, struct certificate *ret, struct flaw *f);
void certificate_done(struct certificate *c);

/* Against a whole log: it holds these entries at these places, it extends the heads of
 * the proofs, and has no entry of this erasure that the certificate does not show. */
struct published_result;
int certificate_check_log(const struct certificate *c, const char *dir,
	const struct signed_key *key, struct published_result *ret, struct flaw *f);

/* Of certificate_terms.c: the guarantee and the last copy agree with themselves. */
int certificate_check_terms(struct certificate *c, struct flaw *f);
/* Shared with receipts.  The JSON of a note's text; the log that an object names is the key's and
 * of this lineage; one of its leaves with its proof; a number that must be there. */
int certificate_parse(struct bytes text, json_t **ret, struct flaw *f);
int certificate_origin(const json_t *object, const char *of_lineage, const char *key_text,
	const struct signed_key *key, struct flaw *f);
int certificate_claim(const json_t *leaf, const struct signed_key *key,
	struct certificate_claim *ret, struct flaw *f);
int certificate_number(
	const json_t *object, const char *name, uint64_t *ret, struct flaw *f);
/* A text member that must be there, and of this form; NULL is any text. */
const char *certificate_text(const json_t *object, const char *name,
	bool (*is_valid)(struct bytes), struct flaw *f);

#endif
