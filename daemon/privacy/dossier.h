/*
 * dossier.h: all that is kept about one data subject, as an archive for that person.
 *
 * A ZIP with a page to read and print, JSON for programs, and a CSV for each collection, as
 * docs/formats/dossier.md says.  Nothing here looks anything up: the caller hands over the
 * records one by one, as often as they are asked for, and takes the bytes.  A record costs 24
 * bytes of memory, whatever is in it.  One thread.
 *
 * First everything is surveyed (dossier_survey for each record, dossier_add_look for each entry of
 * the log); then dossier_write asks for the records once for each form, and refuses to end
 * an archive whose forms would tell of different data.
 */
#ifndef CU_PRIVACY_DOSSIER_H
#define CU_PRIVACY_DOSSIER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "policy/rows.h"
#include "store/engine_consent.h"
#include "store/record.h"

struct collection;
struct cu_err;
struct leaf;
struct policy;

#define DOSSIER_MAX_PARTS   256    /* collections */
#define DOSSIER_MAX_SOURCES 256    /* that are told apart */
#define DOSSIER_MAX_LOOKS   20000  /* lines of the log's summary; 3 MB */
#define DOSSIER_MAX_CONSENTS 20000 /* events; 9 MB and what was said */
#define DOSSIER_MAX_RECORDS 4000000

/* X(id, word) */
#define DOSSIER_LANGUAGES(X) X(EN, "en") X(ZH, "zh")

enum dossier_language {
#define X(id, word) DOSSIER_##id,
	DOSSIER_LANGUAGES(X)
#undef X
};

/* A field that some record has, or schema.yaml. */
struct dossier_column {
	char name[ENGINE_KEY_SIZE];
	char label[ENGINE_KEY_SIZE]; /* in words, in the dossier's language */
	bool is_used;
	bool is_number; /* by its type */
	size_t longest; /* value, bytes */
};

/* Where a record stands in its part: by its own date, else by when it was written. */
struct dossier_place {
	int64_t ms;
	struct id id;
};

struct dossier_part {
	char key[ENGINE_KEY_SIZE];
	const struct collection *collection; /* NULL: schema.yaml has it no more */
	struct dossier_place *places; /* the oldest first, once dossier_order was called */
	size_t nrecords, room;
	struct dossier_column *columns; /* the schema's in its order, then others */
	size_t ncolumns;
};

struct dossier_source {
	char *name; /* owned; "": typed in here, or not known */
	enum record_origin origin;
	uint64_t nrecords;
};

/* What one operator did in one day, of one kind, for one purpose. */
struct dossier_look {
	int64_t first_ms, last_ms;
	struct id by; /* nil: custos itself */
	unsigned act; /* enum leaf_act */
	char purpose[ENGINE_KEY_SIZE];
	uint64_t times;
};

/* An event of a consent or an objection. */
struct dossier_consent {
	struct row_consent row;
	char *source, *said; /* owned; "": nothing is kept */
};

struct dossier {
	/* the caller's, before anything else */
	const struct policy *policy;
	enum dossier_language language;
	struct id store, subject, by; /* by: the operator who made it */
	enum subject_kind kind;
	const char *purpose;
	int64_t made_ms;
	struct names only; /* collections; none: all that the purpose covers */

	/* the survey's */
	struct dossier_part *parts; /* those of schema.yaml in its order, then others */
	size_t nparts;
	struct dossier_source *sources;
	size_t nsources;
	bool has_more_sources;
	struct dossier_consent *consents; /* oldest first */
	size_t nconsents, consents_room;
	bool has_more_consents; /* later ones are left out */
	struct dossier_look *looks; /* oldest first */
	size_t nlooks;
	bool has_more_looks;  /* later ones are left out */
	uint64_t nunknown;    /* reads of many, of which nobody knows any more whom they showed */
	uint64_t nrecords, nbytes;
	uint8_t seen[32];     /* of which versions of which records */
};

/* Wants the caller's part filled; CU_ENOMEM, CU_ELIMIT.  dossier_done takes it down in any
 * state, and wipes what was of a person. */
int dossier_init(struct dossier *d, struct cu_err *err);
void dossier_done(struct dossier *d);

/* Counts one record in, as it may be shown. */
int dossier_survey(struct dossier *d, const struct row_record *row, const struct record *rec,
	struct cu_err *err);
/* Once all of them are. */
void dossier_order(struct dossier *d);
/* In the order in which they were written.  papers has what was said, or is NULL. */
int dossier_add_consent(struct dossier *d, const struct row_consent *row,
	const struct record *papers, struct cu_err *err);
/* Counts one entry of the log in, in their order. */
void dossier_add_look(struct dossier *d, const struct leaf *l);

/* A record that only names the subject. */
bool dossier_is_of_another(const struct dossier *d, const struct row_record *row);
/* Everything that is kept, not only what was asked for or what the purpose covers. */
bool dossier_is_whole(const struct dossier *d);
/* "another person", in its language: what stands instead of others. */
const char *dossier_another(const struct dossier *d);

/* --- writing ---------------------------------------------------------------------- */

/* Takes one record; 0 or a code, which ends the walk. */
typedef int dossier_take(
	void *to, const struct row_record *row, const struct record *rec, struct cu_err *err);

/* Where records come from: these of one part, in this order, each as it may be shown; what is gone is
 * left out.  rest is called between records when nothing of the store is held, and only
 * then bytes are passed on: it may wait for a slow reader. */
struct dossier_records {
	int (*each)(void *ctx, const struct dossier_part *part, dossier_take *take,
		int (*rest)(void *to, struct cu_err *err), void *to, struct cu_err *err);
	void *ctx;
};

/* Where bytes go; 0 or a code, which ends the writing. */
struct dossier_sink {
	int (*put)(void *ctx, struct span bytes, struct cu_err *err);
	void *ctx;
};

/* The whole archive.  CU_EBUSY: the records are others than when they were surveyed; what was
 * written until then is no archive. */
int dossier_write(const struct dossier *d, const struct dossier_records *records,
	const struct dossier_sink *sink, struct cu_err *err);
/* Only its data.json, as it is: for a program that takes the data over. */
int dossier_write_data(const struct dossier *d, const struct dossier_records *records,
	const struct dossier_sink *sink, struct cu_err *err);

#endif
