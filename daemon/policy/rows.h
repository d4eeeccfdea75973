/*
 * rows.h: what a mapping may hold, as a table: name, type, range, default, explanation.
 *
 * One table gives the parser, the faults with their suggestions, the defaults, and the
 * reference in policies/README.md.  Reading fills a C struct by offsets.  Texts are borrowed
 * from the tree; lists are made with yaml_alloc: both live as long as the struct yaml.
 */
#ifndef CU_POLICY_ROWS_H
#define CU_POLICY_ROWS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct faults;
struct yaml;
struct yaml_node;

#define ROWS_KEY_SIZE 64 /* of a name with its NUL; the log's LEAF_KEY_SIZE */

/* X(id, word for the reference) and what stands at the row's offset. */
/* clang-format off */
#define SET_TYPES(X)                                                                    \
	X(NAME,     "name")             /* const char *: [a-z0-9_.-] */                 \
	X(TEXT,     "text")             /* const char *: no control characters */       \
	X(INTEGER,  "integer")          /* int64_t */                                   \
	X(BOOLEAN,  "yes or no")        /* bool */                                      \
	X(DURATION, "duration")         /* struct duration; range in seconds */         \
	X(SIZE,     "size")             /* int64_t: 4096, 64KiB, 1MiB; bytes */         \
	X(ENUM,     "word")             /* int: the index in words */                   \
	X(NAMES,    "list of names")    /* struct names; check is for each */           \
	X(MAP,      "mapping")          /* a struct, filled by of */                    \
	X(MAPS,     "list of mappings") /* a pointer to structs; their number at count_at */ \
	X(NODE,     "mapping")          /* const struct yaml_node *: keys unknown here */
/* clang-format on */

enum set_type {
#define X(id, word) SET_##id,
	SET_TYPES(X)
#undef X
};

enum { MUST = 1 }; /* flags */

/* As written: a law counts years by the calendar, not in seconds. */
struct duration {
	int32_t n;
	char unit; /* 's', 'h', 'd', 'y' */
};

struct names {
	const char **v;
	size_t n;
};

struct row {
	const char *key;
	enum set_type type;
	unsigned flags;
	const char *text; /* what it is for, one sentence */
	size_t at;        /* offset in the struct that is filled */
	size_t count_at;  /* of SET_MAPS */
	const char *standard; /* default, as it would be written; NULL: zero */
	int64_t min, max;     /* both 0: no range */
	const char *words;    /* of SET_ENUM, by blanks, in the order of the enum */
	/* Why this text is not valid (a static text), or NULL; asked after type and range. */
	const char *(*check)(const char *text);
	const struct rows *of; /* of SET_MAP and SET_MAPS */
};

struct rows {
	const char *title; /* for the reference */
	const struct row *v;
	size_t n;
	size_t size;    /* of the struct that is filled */
	size_t node_at; /* offset of a const struct yaml_node * in it: where it was written */
};

/* Fills to (zeroed before) from a mapping.  All faults are collected; what is at fault stays
 * zero.  The number of faults found, or CU_ENOMEM. */
int rows_read(const struct rows *rows, struct yaml *y, const struct yaml_node *map,
	struct faults *faults, void *to);

/* Appends the reference of the rows as a Markdown table, nested rows after it; what is in out
 * already is not repeated. */
void rows_explain(const struct rows *rows, struct buf *out);

/* The length in seconds, a year being 365 days: for comparing, not for calendars. */
int64_t duration_seconds(struct duration d);
bool duration_parse(const char *text, struct duration *ret);

bool rows_is_name(const char *text);

/* Is it one of them?  No names at all allow every one. */
bool names_allow(const struct names *names, const char *name);

#endif
