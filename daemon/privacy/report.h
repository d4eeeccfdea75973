/*
 * report.h: how an organisation kept to its duties in a time: figures, once, in four forms.
 *
 * Tables of counts, days and policy keys; of people nothing, of requests their running numbers.
 * What each table holds stands in report_shapes.c.  Whoever looks things up fills the figures in here
 * by the names of table and column, and every form writes what was filled: text, JSON and CSV with
 * the names as they are, and a page with words and charts in the report's language.
 * Pure; one thread.  Out of memory shows when it is written.
 */
#ifndef CU_PRIVACY_REPORT_H
#define CU_PRIVACY_REPORT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "policy/said.h"

struct buf;
struct cu_err;

#define REPORT_MAX_MONTHS  120
#define REPORT_MAX_ROWS    2000 /* of one table; more are counted where counts are, and not listed */
#define REPORT_MAX_COLUMNS 10
#define REPORT_WORD_SIZE   64
#define REPORT_NOTHING     INT64_MIN /* in place of a number or a day */

/* In the order in which they are read. */
/* clang-format off */
#define REPORT_TABLES(X)                                                                  \
	X(SUMMARY) X(ATTENTION)                                                           \
	X(REQUEST_MONTHS) X(TYPES) X(LAWS) X(OUTCOMES) X(REFUSALS) X(REQUESTS)            \
	X(CONSENT_MONTHS) X(CONSENTS)                                                     \
	X(ERASURES) X(RETENTION_MONTHS) X(RETENTION) X(BACKLOG) X(HOLDS)                  \
	X(INCIDENTS) X(DUTIES)                                                            \
	X(BACKUP_MONTHS) X(DRILLS) X(RESTORES)                                            \
	X(CALENDAR) X(APPROVALS) X(ACCESS)
/* clang-format on */

enum report_table {
#define X(id) REPORT_##id,
	REPORT_TABLES(X)
#undef X
	REPORT_NTABLES_
};

/* X(id, word).  Append only. */
#define REPORT_FORMATS(X) X(TEXT, "text") X(JSON, "json") X(CSV, "csv") X(HTML, "html")

enum report_format {
#define X(id, word) REPORT_AS_##id,
	REPORT_FORMATS(X)
#undef X
	REPORT_NFORMATS_
};

enum report_kind { REPORT_COUNT, REPORT_WORD, REPORT_DAY, REPORT_MONTH };

struct report_column {
	const char *key, *heading; /* NULL ends them */
	enum report_kind kind;
};

struct report_shape {
	const char *key, *title;
	const char *note;  /* a sentence or two; NULL: none */
	const char *empty; /* what is said when there is no row; NULL: there always is one */
	bool is_single;    /* one row of figures */
	struct report_column columns[REPORT_MAX_COLUMNS + 1];
};
extern const struct report_shape report_shapes[REPORT_NTABLES_];

struct report_cell {
	int64_t n; /* of a month: its first day; days are those of base/civil.h */
	char word[REPORT_WORD_SIZE]; /* of REPORT_WORD; "": none */
};

struct report_rows {
	struct report_cell *cells; /* a row after the other */
	size_t n, room;
};

struct report {
	struct id store;
	const char *organisation; /* its name, borrowed; NULL: not told */
	enum language language;
	int64_t made_ms;
	int32_t from, to; /* local days, both within */
	struct report_rows tables[REPORT_NTABLES_];
	bool is_broken; /* out of memory */
};

/* The first six members are the caller's.  CU_EINVAL: from is after to; CU_ELIMIT: too many
 * months.  report_close also after a failure. */
int report_open(struct report *r, struct cu_err *err);
void report_close(struct report *r);

bool report_has_day(const struct report *r, int32_t day);

/* Adds n: to the one row of a single table; to that which begins with this word, which is made when
 * it is not there; to that of the day's month, if the day is in the report's time. */
void report_add(struct report *r, enum report_table t, const char *column, int64_t n);
void report_add_of(struct report *r, enum report_table t, const char *row, const char *column,
	int64_t n);
void report_add_on(struct report *r, enum report_table t, int32_t day, const char *column,
	int64_t n);
/* The figure in a single table; it becomes n or the word. */
int64_t report_get(const struct report *r, enum report_table t, const char *column);
void report_set(struct report *r, enum report_table t, const char *column, int64_t n);
void report_set_word(struct report *r, enum report_table t, const char *column, const char *word);

/* A new row, which is filled with these two; false: there are too many. */
bool report_begin(struct report *r, enum report_table t);
void report_put(struct report *r, enum report_table t, const char *column, int64_t n);
void report_put_word(struct report *r, enum report_table t, const char *column, const char *word);

size_t report_ncolumns(const struct report_shape *s);
size_t report_column_of(enum report_table t, const char *key); /* there must be one */
const struct report_cell *report_row(const struct report *r, enum report_table t, size_t i);

/* --- what follows from figures ---------------------------------------------------- */

/* A request, as its row and the log tell. */
struct report_request {
	uint32_t number;
	const char *type, *law, *state; /* words */
	const char *reason;             /* of a denial; "" */
	int32_t received, due;          /* due: CIVIL_NO_DAY: not known */
	int32_t answered; /* when the person had what the law asks for; CIVIL_NO_DAY: not yet */
	bool is_answer;   /* false: it ended without one being owed (taken back, duplicate, lapsed) */
	bool is_denied, is_extended;
};

/* Counts it in, if it was received, open or answered in the report's time. */
void report_take_request(struct report *r, const struct report_request *q);

/* Once everything is counted: what somebody should look at. */
void report_judge(struct report *r);

/* --- writing ---------------------------------------------------------------------- */

/* CU_ENOMEM. */
int report_write(const struct report *r, enum report_format f, struct buf *to,
	struct cu_err *err);
bool report_format_parse(const char *word, enum report_format *ret);

/* An English text of this program in the report's language; a policy's key as words in it. */
const char *report_say(const struct report *r, const char *text);
const char *report_label(const struct report *r, const char *key, char out[REPORT_WORD_SIZE]);
/* A cell as people read it. */
#define REPORT_SHOWN_SIZE 96
const char *report_show(const struct report *r, const struct report_column *c,
	const struct report_cell *cell, char out[REPORT_SHOWN_SIZE]);

#endif
