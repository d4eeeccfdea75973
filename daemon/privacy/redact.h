/*
 * redact.h: a text without what is known of somebody else.
 *
 * A record may concern several people, and its texts name them.  Whoever is handed it is not to be
 * handed what is kept about the others: their names, addresses and numbers, as they stand in
 * their own records, are replaced wherever they occur.  Nothing else is known to be
 * theirs: a nickname, a misspelling, what a text tells about them stays.  Pure.
 */
#ifndef CU_PRIVACY_REDACT_H
#define CU_PRIVACY_REDACT_H
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct collection;
struct cu_err;
struct field;
struct record;
struct schema;

#define REDACT_MAX_WORDS 4096

/* What names somebody, the longest first once redact_order was called. */
struct redact {
	struct redact_word {
		size_t at, n; /* in text */
	} *words;
	size_t nwords, room;
	struct buf text; /* wiped */
};

void redact_init(struct redact *r);
void redact_done(struct redact *r); /* wipes */
void redact_clear(struct redact *r);

/* What of a record names its subject: fields whose category is a name, an e-mail address, a
 * telephone number, a street or a number of theirs; of names also how they stand together.  Words of
 * a single letter are left out.  CU_ELIMIT, CU_ENOMEM. */
int redact_learn(struct redact *r, const struct schema *schema, const struct record *rec,
	struct cu_err *err);
/* Does a field say who or how its subject is, and not what happened?  Of another's record that is
 * left out whole. */
bool redact_describes(const struct collection *c, const struct field *f);
/* One word; what it is shorter than two letters is passed over. */
int redact_add(struct redact *r, struct span word, struct cu_err *err);
void redact_order(struct redact *r);

/* Is this the very word, but for capital letters (of ASCII)? */
bool redact_has(const struct redact *r, struct span word);

/* Appends text with instead for each word of r that is none of but's (may be NULL): letters that
 * are written with blanks between words must stand alone.  Several in a row are one.  True: something
 * was replaced. */
bool redact_put(const struct redact *r, const struct redact *but, struct span text,
	const char *instead, struct buf *to);

#endif
