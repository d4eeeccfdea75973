#include "intake/emit.h"

#include <stdio.h>

#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "intake/columns.h"
#include "intake/plan.h"
#include "intake/sandbox.h"

#define FLUSH_BYTES (256u * 1024)

/* A plan may use one column often; a row of 8 MiB could come out as any size.  Doubling its
 * buffer must stay far below the address space that the process has (sandbox.c). */
#define MAX_LINE_BYTES (64u << 20)

void emit_init(struct emit *e, int fd)
{
	*e = (struct emit){ .fd = fd };
}

void emit_done(struct emit *e)
{
	buf_done(&e->lines);
}

int emit_flush(struct emit *e, struct cu_err *err)
{
	int r = 0;

	if (e->nwhole > 0) {
		r = path_write_fd(e->fd, span_of(e->lines.p, e->nwhole), err);
	}
	buf_clear(&e->lines);
	e->nwhole = 0;
	return r;
}

static int end_line(struct emit *e, struct cu_err *err)
{
	buf_put_u8(&e->lines, '\n');
	if (e->lines.is_failed) {
		return buf_check(&e->lines, err);
	}
	e->nwhole = e->lines.n;
	return e->nwhole >= FLUSH_BYTES ? emit_flush(e, err) : 0;
}

/* As if the line had not been begun. */
static void drop_line(struct emit *e)
{
	e->lines.n = e->nwhole;
	e->lines.is_failed = false;
}

/* Where the row stands in the file, as an editor counts. */
static void put_lines(struct json *j, const struct csv_row *row)
{
	json_uint(j, "line", row->line);
	if (row->last_line > row->line) {
		json_uint(j, "last", row->last_line);
	}
}

int emit_first(struct emit *e, const struct sandbox *sandbox, const char *charset,
	char delimiter, const struct columns *columns, const struct csv_row *header,
	int64_t total_bytes, struct cu_err *err)
{
	struct json j = json_to(&e->lines);
	int r;

	json_open_object(&j, NULL);
	json_int(&j, "intake", 1);
	json_open_object(&j, "sandbox");
	json_bool(&j, "seccomp", sandbox->has_seccomp);
	json_bool(&j, "landlock", sandbox->has_landlock);
	json_close_object(&j);
	json_str(&j, "charset", charset);
	json_strn(&j, "delimiter", &delimiter, 1);
	json_open_array(&j, "columns");
	for (size_t i = 0; i < columns->n; i++) {
		json_str(&j, NULL, columns->names[i]);
	}
	json_close_array(&j);
	if (header) {
		json_open_object(&j, "header");
		put_lines(&j, header);
		json_close_object(&j);
	}
	json_int(&j, "total_bytes", total_bytes);
	json_close_object(&j);
	r = end_line(e, err);
	return r < 0 ? r : emit_flush(e, err);
}

int emit_reject(struct emit *e, const struct csv_row *row, size_t column, const char *reason,
	struct cu_err *err)
{
	struct json j = json_to(&e->lines);

	e->nrejected++;
	json_open_object(&j, NULL);
	put_lines(&j, row);
	json_uint(&j, "column", column);
	json_str(&j, "reason", reason);
	json_close_object(&j);
	return end_line(e, err);
}

static int reject_empty_key(struct emit *e, const struct columns *columns,
	const struct csv_row *row, const struct plan_column *key, const char *whose,
	struct cu_err *err)
{
	char label[COLUMNS_LABEL_SIZE], reason[COLUMNS_LABEL_SIZE + 64];

	columns_label(columns, key->at, label);
	snprintf(reason, sizeof(reason), _("%s: the key of the %s is empty"), label, whose);
	return emit_reject(e, row, key->at + 1, reason, err);
}

static const struct csv_field *cell(const struct csv_row *row, const struct plan_column *c)
{
	return &row->fields[c->at];
}

static bool is_wanted(const struct plan_record *rec, const struct csv_row *row)
{
	if (rec->skip.name && cell(row, &rec->skip)->n == 0) {
		return false;
	}
	for (size_t i = 0; i < rec->nfields; i++) {
		const struct plan_column *c = &rec->fields[i].column;

		if (c->name && cell(row, c)->n > 0) {
			return true;
		}
	}
	return !rec->has_columns; /* constants alone: the row itself is what they are about */
}

static const struct plan_column *find_empty_key(const struct plan *plan,
	const struct csv_row *row)
{
	for (size_t i = 0; i < plan->nrecords; i++) {
		const struct plan_record *rec = &plan->records[i];

		if (rec->key_kind == PLAN_KEY_COLUMN && cell(row, &rec->key)->n == 0 &&
			is_wanted(rec, row)) {
			return &rec->key;
		}
	}
	return NULL;
}

static void put_cell(struct json *j, const char *key, const struct csv_row *row,
	const struct plan_column *c)
{
	const struct csv_field *f = cell(row, c);

	if (f->n > 0) {
		json_strn(j, key, f->text, f->n);
	}
}

static void put_field(struct json *j, const struct plan_field *f, const struct csv_row *row)
{
	if (f->column.name) {
		put_cell(j, f->key, row, &f->column);
	} else if (f->value[0] != '\0') {
		json_str(j, f->key, f->value);
	}
}

static void put_record(struct json *j, const struct plan *plan, size_t number,
	const struct csv_row *row)
{
	const struct plan_record *rec = &plan->records[number];
	const size_t start = j->to->n;

	json_open_object(j, NULL);
	json_uint(j, "record", number);
	if (rec->key.name) {
		put_cell(j, "key", row, &rec->key);
	}
	if (rec->anchor.name) {
		put_cell(j, "anchor", row, &rec->anchor);
	}
	json_open_object(j, "fields");
	for (size_t i = 0; i < rec->nfields && j->to->n - start <= MAX_LINE_BYTES; i++) {
		put_field(j, &rec->fields[i], row);
	}
	json_close_object(j);
	json_close_object(j);
}

int emit_row(struct emit *e, const struct plan *plan, const struct columns *columns,
	const struct csv_row *row, uint64_t at, struct cu_err *err)
{
	struct json j = json_to(&e->lines);
	const struct plan_column *empty;

	if (cell(row, &plan->subject)->n == 0) {
		return reject_empty_key(e, columns, row, &plan->subject, "subject", err);
	}
	empty = find_empty_key(plan, row);
	if (empty) {
		return reject_empty_key(e, columns, row, empty, "record", err);
	}
	json_open_object(&j, NULL);
	put_lines(&j, row);
	json_uint(&j, "at", at);
	put_cell(&j, "subject", row, &plan->subject);
	json_open_array(&j, "records");
	for (size_t i = 0; i < plan->nrecords; i++) {
		if (is_wanted(&plan->records[i], row)) {
			put_record(&j, plan, i, row);
		}
		if (e->lines.n - e->nwhole > MAX_LINE_BYTES) {
			drop_line(e);
			return emit_reject(e, row, 0, _("the row comes out larger than 64 MiB"), err);
		}
	}
	json_close_array(&j);
	json_close_object(&j);
	e->nrows++;
	return end_line(e, err);
}

int emit_last(struct emit *e, uint64_t bytes, struct cu_err *err)
{
	struct json j = json_to(&e->lines);
	int r;

	json_open_object(&j, NULL);
	json_bool(&j, "done", true);
	json_uint(&j, "rows", e->nrows);
	json_uint(&j, "rejected", e->nrejected);
	json_uint(&j, "bytes", bytes);
	json_close_object(&j);
	r = end_line(e, err);
	return r < 0 ? r : emit_flush(e, err);
}

int emit_fatal(struct emit *e, const struct cu_err *why, struct cu_err *err)
{
	struct json j = json_to(&e->lines);
	int r;

	drop_line(e);
	r = emit_flush(e, err);
	if (r < 0) {
		return r;
	}
	json_open_object(&j, NULL);
	json_str(&j, "fatal", why->msg);
	json_close_object(&j);
	r = end_line(e, err);
	return r < 0 ? r : emit_flush(e, err);
}
