#include "intake/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "intake/charset.h"
#include "intake/columns.h"
#include "intake/csv.h"
#include "intake/emit.h"
#include "intake/plan.h"

#define READ_BYTES   (256u * 1024)
#define DETECT_BYTES (64u * 1024) /* what is looked at before the delimiter is decided */

struct run {
	const struct intake_source *source;
	const struct sandbox *sandbox;
	struct plan *plan;
	struct emit *out;
	struct columns columns; /* none until the first row */
	struct csv *csv;        /* NULL until the delimiter is known */
	char delimiter;
	struct buf head; /* text that waits for the delimiter */
	uint64_t nbytes; /* read so far */
};

#define REASON_SIZE (COLUMNS_LABEL_SIZE + 160)

/* "column 3 (email): text after the closing quote, at line 14, character 8" */
static void describe_fault(const struct columns *columns, const struct csv_row *row,
	char out[REASON_SIZE])
{
	char label[COLUMNS_LABEL_SIZE];
	int n;

	columns_label(columns, row->fault_field - 1, label);
	n = snprintf(out, REASON_SIZE, _("%s: %s, at line %" PRIu64 ", character %" PRIu64), label,
		_(csv_fault_text(row->fault)), row->fault_line, row->fault_character);
	if (row->fault == CSV_UNTERMINATED && row->last_line > row->line) {
		snprintf(out + n, REASON_SIZE - (size_t)n,
			_("; it takes in all lines up to %" PRIu64), row->last_line);
	}
}

static int reject_fault(struct run *run, const struct csv_row *row, struct cu_err *err)
{
	char reason[REASON_SIZE];

	describe_fault(&run->columns, row, reason);
	return emit_reject(run->out, row, row->fault_field, reason, err);
}

static int reject_count(struct run *run, const struct csv_row *row, size_t n,
	struct cu_err *err)
{
	bool is_one = n == 1, of_header = run->plan->has_header;
	char reason[REASON_SIZE];

	snprintf(reason, sizeof(reason),
		is_one ? (of_header ? _("%zu column where the header has %zu") :
				      _("%zu column where the first row has %zu")) :
			 (of_header ? _("%zu columns where the header has %zu") :
				      _("%zu columns where the first row has %zu")),
		n, run->columns.n);
	return emit_reject(run->out, row, 0, reason, err);
}

/* The columns are known, so the plan can be bound and the first line written. */
static int on_first_row(struct run *run, const struct csv_row *row, struct cu_err *err)
{
	int r;

	if (row->fault != CSV_FINE) {
		char reason[REASON_SIZE];

		describe_fault(&run->columns, row, reason);
		return cu_err_set(err, CU_EINVAL, "the first row, which gives the columns: %s",
			reason);
	}
	r = columns_take(&run->columns, row, run->plan->has_header, err);
	if (r < 0) {
		return r;
	}
	r = plan_bind(run->plan, &run->columns, err);
	if (r < 0) {
		return r;
	}
	return emit_first(run->out, run->sandbox, charset_name(run->source->charset),
		run->delimiter, &run->columns, run->plan->has_header ? row : NULL,
		run->source->total_bytes, err);
}

static int on_data_row(struct run *run, const struct csv_row *row, struct cu_err *err)
{
	size_t n;

	if (row->fault != CSV_FINE) {
		return reject_fault(run, row, err);
	}
	n = columns_count(&run->columns, row);
	if (n != run->columns.n) {
		return reject_count(run, row, n, err);
	}
	return emit_row(run->out, run->plan, &run->columns, row, run->nbytes, err);
}

static int on_row(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	struct run *run = ctx;

	if (run->columns.n == 0) {
		int r = on_first_row(run, row, err);

		if (r < 0 || run->plan->has_header) {
			return r;
		}
	}
	return on_data_row(run, row, err);
}

static int start_csv(struct run *run, bool is_whole, struct cu_err *err)
{
	int r;

	run->delimiter = run->plan->delimiter;
	if (run->delimiter == '\0') {
		run->delimiter = csv_detect(buf_span(&run->head), is_whole);
	}
	r = csv_new(run->delimiter, on_row, run, &run->csv, err);
	if (r == 0) {
		r = csv_feed(run->csv, buf_span(&run->head), err);
		buf_done(&run->head);
	}
	return r;
}

static int on_text(void *ctx, struct span utf8, struct cu_err *err)
{
	struct run *run = ctx;

	if (run->csv) {
		return csv_feed(run->csv, utf8, err);
	}
	buf_put_span(&run->head, utf8);
	if (run->head.is_failed) {
		return buf_check(&run->head, err);
	}
	if (run->plan->delimiter == '\0' && run->head.n < DETECT_BYTES) {
		return 0;
	}
	return start_csv(run, false, err);
}

static int on_end(struct run *run, struct cu_err *err)
{
	int r = charset_end(run->source->charset, on_text, run, err);

	if (r == 0 && !run->csv) {
		r = start_csv(run, true, err);
	}
	if (r == 0) {
		r = csv_end(run->csv, err);
	}
	if (r == 0 && run->columns.n == 0) {
		r = cu_err_set(err, CU_EINVAL, "the file is empty");
	}
	return r < 0 ? r : emit_last(run->out, run->nbytes, err);
}

/* The number of bytes, 0 at the end. */
static ssize_t read_some(int fd, void *p, size_t n, struct cu_err *err)
{
	ssize_t got;

	do {
		got = read(fd, p, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? cu_err_errno(err, errno, "read") : got;
}

static int read_all(struct run *run, uint8_t *room, struct cu_err *err)
{
	for (;;) {
		ssize_t got = read_some(run->source->fd, room, READ_BYTES, err);
		int r;

		if (got < 0) {
			return (int)got;
		}
		if (got == 0) {
			return on_end(run, err);
		}
		run->nbytes += (uint64_t)got;
		r = charset_feed(run->source->charset, span_of(room, (size_t)got), on_text, run,
			err);
		if (r == 0) { /* the next read may wait; what is done shall not */
			r = emit_flush(run->out, err);
		}
		if (r < 0) {
			return r;
		}
	}
}

int intake_run(const struct intake_source *source, struct plan *plan,
	const struct sandbox *sandbox, struct emit *out, struct cu_err *err)
{
	struct run run = { .source = source, .sandbox = sandbox, .plan = plan, .out = out };
	uint8_t *room = malloc(READ_BYTES);
	int r;

	r = room ? read_all(&run, room, err) : cu_err_set(err, CU_ENOMEM, "out of memory");
	free(room);
	csv_free(run.csv);
	buf_done(&run.head);
	columns_done(&run.columns);
	return r;
}
