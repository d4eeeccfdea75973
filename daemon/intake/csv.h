/*
 * csv.h: rows out of comma-separated text, however it is cut into pieces.
 *
 * RFC 4180, widened by what is met in practice: lines end in CRLF, LF or CR; a byte order
 * mark is skipped; empty lines are no rows; a quote within an unquoted field stands for
 * itself once something other than blanks has gone before it.  Everything else that the RFC
 * does not allow is a fault of its row, and the next row is read as if nothing had been.
 *
 * Text is UTF-8, checked before by charset.h: this reader looks only for its own marks.
 * Pure: no I/O.  Its memory is taken once and does not grow.  One thread.
 */
#ifndef CU_INTAKE_CSV_H
#define CU_INTAKE_CSV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intl.h"
#include "base/span.h"

struct csv;
struct cu_err;

/* Chosen against a file that is one endless field: the largest note or base64 picture that an
 * export holds is far below, and three rows still fit the process' address space.  A fuzzer is
 * built with small ones, which it meets and which cost it no time. */
#ifdef CUSTOS_FUZZ
#define CSV_MAX_FIELD_BYTES 256u
#define CSV_MAX_ROW_BYTES   1024u
#define CSV_MAX_FIELDS      32u
#else
#define CSV_MAX_FIELD_BYTES (1u << 20)
#define CSV_MAX_ROW_BYTES   (8u << 20) /* contents, and one byte for each field */
#define CSV_MAX_FIELDS      16384u     /* the widest sheet of the usual spreadsheets */
#endif

/* Not a byte of any UTF-8 text: stands where the input held what its charset does not know. */
#define CSV_BAD_CHARACTER_MARK 0xffu

/* X(name, what a person is told) */
/* clang-format off */
#define CSV_FAULTS(X)                                                                    \
	X(CSV_UNTERMINATED,        N_("the quote that opens the field is never closed"))     \
	X(CSV_TEXT_AFTER_QUOTE,    N_("text after the closing quote"))                       \
	X(CSV_BLANK_BEFORE_QUOTE,  N_("blanks before the opening quote"))                    \
	X(CSV_BAD_CHARACTER,       N_("bytes that are no character of the file's charset"))  \
	X(CSV_NUL,                 N_("a NUL byte"))                                         \
	X(CSV_FIELD_TOO_LONG,      N_("the field is over 1 MiB"))                            \
	X(CSV_ROW_TOO_LONG,        N_("the row is over 8 MiB"))                              \
	X(CSV_TOO_MANY_FIELDS,     N_("the row has more than 16384 columns"))
/* clang-format on */

enum csv_fault {
	CSV_FINE,
#define X(name, text) name,
	CSV_FAULTS(X)
#undef X
};

/* Lines and characters count from 1; a line ends at CRLF, LF or CR, quoted or not. */
struct csv_field {
	const char *text; /* NUL-terminated, without quotes; no NUL within */
	size_t n;
	uint64_t line, character; /* where the field begins */
	bool is_quoted;
};

struct csv_row {
	uint64_t line, last_line;
	const struct csv_field *fields; /* none when there is a fault */
	size_t nfields;
	enum csv_fault fault; /* the first one; CSV_UNTERMINATED goes before any other */
	size_t fault_field;   /* its column, from 1 */
	uint64_t fault_line, fault_character;
};

/* Gets each row as soon as it is complete, from within csv_feed and csv_end; row and texts
 * are valid until it returns.  A negative code (with err filled) ends the reading. */
typedef int csv_row_fn(void *ctx, const struct csv_row *row, struct cu_err *err);

/* CU_EINVAL for a delimiter that is none of , ; TAB |.  CU_ENOMEM. */
int csv_new(char delimiter, csv_row_fn *on_row, void *ctx, struct csv **ret,
	struct cu_err *err);
void csv_free(struct csv *c); /* NULL is fine */

/* Any number of bytes, in any pieces.  0, or the code of on_row; after that only csv_free. */
int csv_feed(struct csv *c, struct span text, struct cu_err *err);

/* The text is over: delivers a last row that has no line end, or whose quote is still open.
 * As csv_feed. */
int csv_end(struct csv *c, struct cu_err *err);

const char *csv_fault_text(enum csv_fault fault); /* static; "" for CSV_FINE */

/* The delimiter that parts the first rows of a text most evenly, looking outside quotes; a
 * comma when there is none.  is_whole: the text is not cut off, its last line counts. */
char csv_detect(struct span text, bool is_whole);

#endif
