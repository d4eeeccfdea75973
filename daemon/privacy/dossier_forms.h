/*
 * dossier_forms.h: the forms in which a dossier tells the same: page, JSON, CSV, README.
 *
 * Pure: each appends to a buffer what it has to say.  Out of memory shows in the buffer.
 */
#ifndef CU_PRIVACY_DOSSIER_FORMS_H
#define CU_PRIVACY_DOSSIER_FORMS_H
#include "base/json.h"
#include "privacy/dossier.h"

/* One file that is being written. */
struct dossier_pen {
	const struct dossier *d;
	struct buf *to;
	struct json json; /* of the JSON form */
	uint64_t n;       /* the record's number in its part, from 1 */
};

struct dossier_form {
	void (*begin)(struct dossier_pen *p);
	void (*part_begin)(struct dossier_pen *p, const struct dossier_part *part);
	void (*record)(struct dossier_pen *p, const struct dossier_part *part,
		const struct row_record *row, const struct record *rec);
	void (*part_end)(struct dossier_pen *p, const struct dossier_part *part);
	void (*end)(struct dossier_pen *p);
};

extern const struct dossier_form dossier_html, dossier_json;
extern const struct dossier_form dossier_csv; /* of one part: begin and end are NULL */

void dossier_readme(const struct dossier *d, struct buf *to);

/* --- pieces ----------------------------------------------------------------------- */

/* An English text of this program, or of a shipped policy, in the dossier's language; as it is
 * when it is not known. */
const char *dossier_say(const struct dossier *d, const char *text);
/* The same for what is no dossier. */
const char *words_label(enum dossier_language language, const char *key, char out[ENGINE_KEY_SIZE]);
#define WORDS_DURATION_SIZE 40
/* "7 years", "7年". */
const char *words_duration(enum dossier_language language, struct duration d, char out[WORDS_DURATION_SIZE]);
/* A key of a policy as words: "given_name" is "given name", or in Chinese what it means. */
const char *dossier_label(
	const struct dossier *d, const char *key, char out[ENGINE_KEY_SIZE]);
/* "28 November 2026", "2026年11月28日". */
#define DOSSIER_DAY_SIZE 48
const char *dossier_day(const struct dossier *d, int32_t day, char out[DOSSIER_DAY_SIZE]);

/* One field of RFC 4180; what a spreadsheet would take for a formula gets an apostrophe. */
void dossier_put_csv(struct buf *to, struct span text);

/* Counts a version of a record into a set that knows no order. */
void dossier_see(uint8_t seen[32], const struct row_record *row);

/* The column of this name, or NULL. */
struct dossier_column *dossier_column(const struct dossier_part *part, struct span name);

#endif
