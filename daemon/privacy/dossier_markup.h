/*
 * dossier_markup.h: the pieces of HTML that a dossier's page is made of.
 *
 * Each appends to the pen's buffer; whatever comes from a person, a policy or a program is
 * escaped.  Pure.
 */
#ifndef CU_PRIVACY_DOSSIER_MARKUP_H
#define CU_PRIVACY_DOSSIER_MARKUP_H
#include "policy/rows.h"
#include "privacy/dossier_forms.h"

/* Of a program or a policy; say: in the dossier's language. */
void markup_text(struct dossier_pen *p, const char *text);
void markup_say(struct dossier_pen *p, const char *text);
/* Of a person: whatever direction its characters turn, they turn it in here only. */
void markup_value(struct dossier_pen *p, struct span value);
void markup_label(struct dossier_pen *p, const char *key);
void markup_id(struct dossier_pen *p, const struct id *id);
void markup_minute(struct dossier_pen *p, int64_t ms);     /* "2026-11-28 17:33" */
void markup_duration(struct dossier_pen *p, struct duration d); /* "400 days" */
void markup_source(struct dossier_pen *p, struct span source, enum record_origin origin);

/* Begins a section.  is_short: better on another page than on two.  articles of the GDPR that ask
 * for it stand in its tag, where tests look for them; may be "". */
void markup_heading(struct dossier_pen *p, const char *id, const char *articles, bool is_short,
	const char *text);
void markup_note(struct dossier_pen *p, const char *text); /* a paragraph */
/* Begins a table, up to the first row of its body. */
void markup_heads(
	struct dossier_pen *p, const char *kind, const char *const heads[], size_t n);

#endif
