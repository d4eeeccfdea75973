/*
 * notice.h: the skeleton of a privacy notice, from the policies in force.
 *
 * What people are to be told when their data is collected: Art. 13 and 14 GDPR, Art. 17 PIPL
 * and those that it leads to.  A notice is a list of blocks and of gaps: what an article asks for
 * and the policies do not say.  With a gap it calls itself a draft, names each gap above everything, and
 * leaves the place empty.  Pure; one thread.
 */
#ifndef CU_PRIVACY_NOTICE_H
#define CU_PRIVACY_NOTICE_H
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "policy/said.h"

struct cu_err;
struct policy;

enum notice_kind { NOTICE_HEADING, NOTICE_PARAGRAPH, NOTICE_ITEM };

/* Texts lie in struct notice's text, each ended by NUL. */
struct notice_block {
	enum notice_kind kind;
	size_t text; /* of an item: what it is about */
	size_t more; /* of a heading: its articles; of an item: what is said of that */
};

/* X(id, word) */
#define NOTICE_FORMS(X) X(TEXT, "text") X(HTML, "html") X(MD, "md")

enum notice_form {
#define X(id, word) NOTICE_AS_##id,
	NOTICE_FORMS(X)
#undef X
};

struct privacy_notice {
	enum language language;
	const struct policy *policy; /* borrowed */
	int32_t day;                 /* of which it is */
	struct notice_block *blocks;
	size_t nblocks, room;
	size_t *gaps; /* places in text */
	size_t ngaps, gaps_room;
	struct buf text;
	bool is_failed; /* memory ran out */
};

/* Fills ret; privacy_notice_done takes it down in any state.  CU_ENOMEM. */
int privacy_notice_make(const struct policy *p, enum language language, int32_t day,
	struct privacy_notice *ret, struct cu_err *err);
void privacy_notice_done(struct privacy_notice *n);

const char *privacy_notice_gap(const struct privacy_notice *n, size_t i);

bool notice_form_parse(const char *word, enum notice_form *ret);
/* Appends all of it. */
int privacy_notice_write(const struct privacy_notice *n, enum notice_form f, struct buf *to,
	struct cu_err *err);

#endif
