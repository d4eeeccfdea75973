/*
 * out.h: everything that custosctl prints goes through here.
 *
 * Text for people: what came from the daemon is escaped, so that no name moves a cursor;
 * columns are as wide as their widest cell, East Asian widths counted.  With --json the
 * replies themselves are printed, one a line, and none of this.
 */
#ifndef CU_CTL_OUT_H
#define CU_CTL_OUT_H
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* "state      running": label, translated, and value. */
void out_field(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A text of several lines, the label before the first. */
void out_lines(const char *label, const char *text);
/* The same text alone, each line after this indentation, as it stands in a file. */
void out_text(const char *indent, const char *text);
/* A text of a reply, if it is there. */
void out_optional(const char *label, const json_t *object, const char *name);
void out_optional_word(const char *label, const json_t *object, const char *name);
/* An array of texts, one below the other. */
void out_list(const char *label, const json_t *texts);
void out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* An empty list says so. */
void out_nothing(const char *text);

/* A table: begin with the headings (NULL-terminated), add cells row by row, end prints. */
struct out_table;
struct out_table *out_table_begin(const char *const *headings);
void out_cell(struct out_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_table_end(struct out_table *t);

/* Members of a reply; absent: "" and 0. */
const char *out_str(const json_t *object, const char *name);
int64_t out_int(const json_t *object, const char *name);
/* A word of an enum, as people call it. */
const char *out_word(const json_t *object, const char *name);
/* "2026-11-21 22:09:04 UTC", "12.3 MiB"; the buffers are the caller's. */
const char *out_time(int64_t ms, char buf[32]);
const char *out_bytes(int64_t bytes, char buf[32]);
/* "3 d 4 h", "12 min", "8 s"; and from now: "3 d 4 h ago", "in 12 min". */
#define OUT_AGE_SIZE 64
const char *out_span(int64_t ms, char buf[OUT_AGE_SIZE]);
const char *out_age(int64_t ms, int64_t now_ms, char buf[OUT_AGE_SIZE]);

/* To standard error, beside an answer; a line's end at the end of fmt ends it. */
__attribute__((format(printf, 1, 2))) void out_note(const char *fmt, ...);

/* A signed file: byte for byte, but to a terminal nothing that it would obey. */
void out_document(const char *text);

/* Ends the program, which says so. */
_Noreturn void out_of_memory(void);

/* One reply as one line of JSON, whole: without memory for it the program ends. */
void out_json(const json_t *parameters);

#endif
