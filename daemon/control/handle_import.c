/* Import: the process that parses, its lines, the chunks, the reports. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/path.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/import.h"
#include "control/launcher.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "store/tx.h"
#include "wire/message.h"

#define LINE_MAX_BYTES   (64u << 20) /* of custos-intake: a row of 8 MiB, every byte escaped */
#define READ_BYTES       65536
#define PROGRESS_EACH_MS 200
#define LOOK_UP_EACH_MS  200 /* from waiting, to see whether we are cancelled */

struct import {
	struct exchange *x;
	struct map *map;
	struct import_seen *seen;
	struct import_chunk *chunk;
	size_t chunk_bytes; /* of the lines that its rows came in */
	struct import_counts counts;
	struct id id;
	int fd;    /* what custos-intake says */
	int leash; /* closing it ends custos-intake, if it still runs */
	struct buf held; /* of its output, not yet whole lines; wiped */
	size_t scanned;
	bool is_done; /* it said so */
	bool is_rehearsal;
	int64_t told_ms;
};

/* --- reports ---------------------------------------------------------------------- */

static void report_reject(struct import *im, uint64_t line, uint64_t last, const char *column,
	const char *reason)
{
	struct buf frame = BUF_INIT;
	struct json j;

	exchange_wait_for_reader(im->x); /* a file may be wrong in every line */
	j = exchange_progress_begin(&frame);
	im->counts.rejected++;
	json_open_object(&j, "reject");
	json_uint(&j, "line", line);
	if (last > line) {
		json_uint(&j, "last", last);
	}
	if (column) {
		json_str(&j, "column", column);
	}
	json_str(&j, "reason", _(reason)); /* or it is in the reader's language already */
	json_close_object(&j);
	exchange_progress_end(im->x, &j, &frame);
}

static void put_counts(const struct import_counts *c, bool is_result, struct json *j)
{
	json_open_object(j, is_result ? "result" : "progress");
	json_uint(j, "rows", c->rows);
	if (is_result) {
		json_uint(j, "subjects_new", c->subjects_new);
	}
	json_uint(j, "records_new", c->records_new);
	json_uint(j, "records_same", c->records_same);
	json_uint(j, "records_changed", c->records_changed);
	json_uint(j, "rejected", c->rejected);
	json_uint(j, "bytes", c->bytes);
	if (!is_result) {
		json_uint(j, "total_bytes", c->total_bytes);
	}
	json_close_object(j);
}

static void tell(struct import *im)
{
	int64_t now = clock_monotonic_ms();
	struct buf frame = BUF_INIT;
	struct json j;

	if (now - im->told_ms >= PROGRESS_EACH_MS) {
		im->told_ms = now;
		j = exchange_progress_begin(&frame);
		put_counts(&im->counts, false, &j);
		exchange_progress_end(im->x, &j, &frame);
	}
}

/* --- chunks ----------------------------------------------------------------------- */

static void add_counts(struct import_counts *to, const struct import_counts *c)
{
	to->subjects_new += c->subjects_new;
	to->records_new += c->records_new;
	to->records_same += c->records_same;
	to->records_changed += c->records_changed;
}

static int flush_chunk(struct import *im, struct cu_err *err)
{
	struct import_chunk *ch = im->chunk;
	int r = 0;

	if (ch->nrows > 0) {
		ch->counts = (struct import_counts){ 0 };
		ch->nrejects = 0;
		ch->op.apply = import_apply;
		r = exchange_change(im->x, &ch->op, err);
	}
	if (r == 0) {
		add_counts(&im->counts, &ch->counts);
		for (size_t i = 0; i < ch->nrejects; i++) {
			report_reject(im, ch->rejects[i].line, ch->rejects[i].last, NULL,
				ch->rejects[i].reason);
		}
	}
	ch->nrejects = 0;
	ch->counts = (struct import_counts){ 0 };
	for (size_t i = 0; i < ch->nrows; i++) {
		import_row_done(&ch->rows[i]);
	}
	ch->nrows = 0;
	im->chunk_bytes = 0;
	tell(im);
	return r;
}

/* --- lines of custos-intake ------------------------------------------------------- */

static uint64_t number(const json_t *object, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(object, name));

	return n > 0 ? (uint64_t)n : 0;
}

static int take_row(struct import *im, json_t *root, size_t nbytes, struct cu_err *err)
{
	struct import_chunk *ch = im->chunk;
	struct cu_err why;
	int r = import_row_read(im->x, im->map, im->seen, root, &ch->rows[ch->nrows], &why);

	im->counts.rows++;
	im->counts.bytes = number(root, "at");
	if (r == CU_EINVAL) {
		report_reject(im, number(root, "line"), number(root, "last"), NULL, why.msg);
		return 0;
	}
	if (r < 0) {
		*err = why;
		return r;
	}
	ch->nrows++;
	im->chunk_bytes += nbytes;
	return ch->nrows == IMPORT_CHUNK_ROWS || im->chunk_bytes >= IMPORT_CHUNK_BYTES ?
		flush_chunk(im, err) :
		0;
}

static void take_reject(struct import *im, json_t *root)
{
	json_t *column = json_object_get(root, "column");
	char text[32];

	im->counts.rows++;
	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(column));
	report_reject(im, number(root, "line"), number(root, "last"),
		json_integer_value(column) > 0 ? text : NULL, /* 0: the row as a whole */
		json_string_value(json_object_get(root, "reason")));
}

/* How the file's lines are to be counted by whoever has it. */
static void tell_layout(struct import *im, const json_t *root)
{
	const json_t *header = json_object_get(root, "header");
	const char *charset = json_string_value(json_object_get(root, "charset"));
	struct buf frame = BUF_INIT;
	struct json j = exchange_progress_begin(&frame);

	json_open_object(&j, "layout");
	json_str(&j, "charset", charset ? charset : "");
	if (header) {
		json_uint(&j, "header", number(header, "line"));
		json_uint(&j, "header_last",
			number(header, "last") > 0 ? number(header, "last") : number(header, "line"));
	}
	json_close_object(&j);
	exchange_progress_end(im->x, &j, &frame);
}

/* custos-intake's first line: what confines it. */
static void take_hello(struct import *im, json_t *root)
{
	json_t *sandbox = json_object_get(root, "sandbox");

	im->counts.total_bytes = number(root, "total_bytes");
	tell_layout(im, root);
	if (!json_is_true(json_object_get(sandbox, "seccomp"))) {
		log_warn("custos-intake runs without seccomp: this build or this kernel has none");
	}
	if (!json_is_true(json_object_get(sandbox, "landlock"))) {
		log_info("custos-intake runs without Landlock: this build or this kernel has none");
	}
}

static int take_line(struct import *im, struct span line, struct cu_err *err)
{
	json_error_t ignored;
	json_t *root = message_json((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, &ignored);
	const char *fatal = json_string_value(json_object_get(root, "fatal"));
	int r = 0;

	if (!root) {
		return cu_err_set(err, CU_EPROTO, "custos-intake sent a line that is no JSON");
	}
	if (fatal) {
		r = cu_err_set(err, CU_EINVAL, "%s", fatal);
	} else if (json_object_get(root, "records")) {
		r = take_row(im, root, line.n, err);
	} else if (json_object_get(root, "reason")) {
		take_reject(im, root);
	} else if (json_object_get(root, "sandbox")) {
		take_hello(im, root);
	} else if (json_object_get(root, "done")) {
		im->is_done = true;
		im->counts.bytes = number(root, "bytes");
	}
	json_decref(root);
	return r;
}

/* Every whole line that is held; what is left moves to the front. */
static int take_lines(struct import *im, struct cu_err *err)
{
	size_t from = 0;
	uint8_t *end;
	int r = 0;

	while (r == 0 &&
		(end = memchr(im->held.p + im->scanned, '\n', im->held.n - im->scanned)) != NULL) {
		size_t at = (size_t)(end - im->held.p);

		r = take_line(im, span_of(im->held.p + from, at - from), err);
		from = im->scanned = at + 1;
	}
	memmove(im->held.p, im->held.p + from, im->held.n - from);
	im->held.n -= from;
	im->scanned = im->held.n;
	if (r == 0 && im->held.n > LINE_MAX_BYTES) {
		r = cu_err_set(err, CU_EPROTO, "custos-intake sent an endless line");
	}
	return r;
}

/* Waits for custos-intake, which may itself wait for a file that is a pipe. */
static int wait_for_lines(struct import *im, struct cu_err *err)
{
	struct pollfd p = { .fd = im->fd, .events = POLLIN };
	int64_t began_ms = clock_monotonic_ms(), stall_ms = im->x->daemon->stall_ms;
	int n = 0;

	while (n <= 0) {
		if (exchange_is_cancelled(im->x)) {
			return cu_err_set(err, CU_ECANCELED,
				"the import was stopped; what is in stays: the same command again finishes it");
		}
		if (clock_monotonic_ms() - began_ms >= stall_ms) {
			return cu_err_set(err, CU_ETIMEDOUT,
				"nothing came out of the file for %lld minutes; what is in stays: the same command again "
				"finishes it",
				(long long)stall_ms / 60000);
		}
		n = poll(&p, 1, LOOK_UP_EACH_MS);
		if (n < 0 && errno != EINTR) {
			return cu_err_set(err, CU_EIO, "custos-intake cannot be waited for");
		}
	}
	return 0;
}

static int read_all(struct import *im, struct cu_err *err)
{
	int r = 0;

	while (r == 0 && (r = wait_for_lines(im, err)) == 0) {
		uint8_t *room = buf_room(&im->held, READ_BYTES);
		ssize_t n = room ? read(im->fd, room, READ_BYTES) : -1;

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return cu_err_set(err, CU_EIO, "custos-intake cannot be read");
		}
		if (n == 0) {
			break;
		}
		im->held.n += (size_t)n;
		r = take_lines(im, err);
	}
	return r;
}

/* --- the import ------------------------------------------------------------------- */

static int start_intake(struct import *im, struct cu_err *err)
{
	struct buf plan = BUF_INIT;
	int pair[2] = { -1, -1 }, fd = memfd_create("plan", MFD_CLOEXEC), r;

	map_plan(im->map, &plan);
	if (intl_language() != INTL_EN) {
		buf_putf(&plan, "language\t%s\n", intl_code(intl_language()));
	}
	r = buf_check(&plan, err);
	if (r == 0 && (fd < 0 || pipe2(pair, O_CLOEXEC) < 0)) {
		r = cu_err_errno(err, errno, "custos-intake");
	}
	if (r == 0) {
		r = path_pwrite_fd(fd, buf_span(&plan), 0, err);
	}
	if (r == 0) {
		r = launcher_run(
			im->x->daemon->launcher, LAUNCHER_INTAKE, fd, im->x->fd, pair[1], &im->leash, err);
	}
	if (pair[1] >= 0) {
		close(pair[1]);
	}
	if (fd >= 0) {
		close(fd);
	}
	im->fd = pair[0];
	buf_done(&plan);
	return r;
}

struct milestone {
	struct store_op op;
	struct leaf leaf;
};

static int apply_milestone(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_leaf(tx, &((struct milestone *)op)->leaf, err);
}

static int log_milestone(struct import *im, enum leaf_act act, struct cu_err *err)
{
	struct milestone m = { { .apply = apply_milestone },
		{ .act = act, .obj = im->id, .count = im->counts.rows } };

	strncpy(m.leaf.purpose, im->x->purpose, sizeof(m.leaf.purpose) - 1);
	if (im->is_rehearsal) {
		strcpy(m.leaf.why, "dry_run");
	}
	return exchange_change(im->x, &m.op, err);
}

/* The map may write only what the purpose covers. */
static int check_covered(const struct import *im, struct cu_err *err)
{
	const struct purpose *p = im->x->permit.purpose;

	for (size_t i = 0; i < im->map->nrecords; i++) {
		const struct map_record *m = &im->map->records[i];

		for (size_t n = 0; n < m->nfields; n++) {
			const char *field = m->fields[n].field->key;

			if (!purpose_covers_field(p, m->collection->key, field)) {
				return cu_err_set(err, CU_EINVAL,
					"map: %s.%s: the purpose '%s' does not cover it",
					m->collection->key, field, p->key);
			}
		}
	}
	return 0;
}

static int parse_map(struct import *im, struct cu_err *err)
{
	const char *text = exchange_text(im->x, "map"), *charset = exchange_text(im->x, "charset");
	struct faults faults = FAULTS_INIT;
	int r = map_parse(span_str(text), "map", im->x->daemon->policy, &faults, &im->map, err);

	for (size_t i = 1; r < 0 && i < faults.n; i++) {
		report_reject(im, 0, 0, NULL, faults.text[i]); /* the first is in the error */
	}
	faults_done(&faults);
	if (r == 0) {
		r = check_covered(im, err);
	}
	return r == 0 && charset ? map_set_charset(im->map, charset, err) : r;
}

static int prepare(struct import *im, struct cu_err *err)
{
	int r = parse_map(im, err);

	if (r == 0 && !im->x->daemon->launcher) {
		r = cu_err_set(err, CU_EUNAVAIL, "custosd was started without custos-intake");
	}
	if (r == 0) {
		r = import_seen_new(&im->seen, err);
	}
	if (r == 0) {
		im->chunk = calloc(1, sizeof(*im->chunk));
		if (!im->chunk) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		im->chunk->x = im->x;
		im->chunk->map = im->map;
	}
	if (r == 0 && im->is_rehearsal) {
		r = import_seen_new(&im->chunk->rehearsed, err);
	}
	if (r == 0) {
		r = log_milestone(im, LEAF_IMPORT_BEGIN, err);
	}
	return r < 0 ? r : start_intake(im, err);
}

/* Whatever ended it: the rows that were taken are in, or were looked up, and the log says so. */
static int finish(struct import *im, int code, struct cu_err *err)
{
	int flushed = flush_chunk(im, code == 0 ? err : NULL);

	code = code < 0 ? code : flushed;
	if (code == 0 && !im->is_done) {
		code = cu_err_set(err, CU_EUNAVAIL,
			"custos-intake ended before the file did; what is in stays: the same command again "
			"finishes it");
	}
	if (code == 0) {
		return log_milestone(im, LEAF_IMPORT_DONE, err);
	}
	(void)log_milestone(im, LEAF_IMPORT_STOP, NULL); /* the reason is in err already */
	return code;
}

int handle_IMPORT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct import im = { .x = x, .id = id_new(), .fd = -1, .leash = -1, .held = BUF_INIT_WIPE,
		.is_rehearsal = exchange_flag(x, "dry_run") };
	int r = prepare(&im, err);

	if (r == 0) {
		r = read_all(&im, err);
	}
	if (im.fd >= 0) {
		r = finish(&im, r, err);
	}
	if (r == 0) {
		put_counts(&im.counts, true, out);
	}
	if (im.fd >= 0) {
		close(im.fd);
	}
	if (im.leash >= 0) {
		close(im.leash);
	}
	import_seen_free(im.chunk ? im.chunk->rehearsed : NULL);
	free(im.chunk);
	import_seen_free(im.seen);
	map_free(im.map);
	buf_done(&im.held);
	return r;
}
