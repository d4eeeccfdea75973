#include "control/drill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backup/chain.h"
#include "backup/manifest.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/drill_keys.h"
#include "control/drill_worker.h"
#include "control/exchange.h"
#include "control/launcher.h"
#include "control/repos.h"
#include "crypto/key.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx.h"

#define FOLDER          "drill.tmp" /* below the state directory */
#define LINE_MAX_BYTES  65536
#define READ_BYTES      16384
#define LOOK_UP_EACH_MS 200 /* from waiting, to see whether we are cancelled */

struct drill {
	struct exchange *x;
	struct daemon *daemon;
	const struct target *target;
	struct drill_options options;
	char dir[PATH_SIZE];
	int out, leash;   /* what the process says; closing it ends the process */
	struct buf held;  /* of its output, not yet a whole line */
	bool is_reported; /* it said how it ended */
	struct drill_record *record;
};

static void sweep(const char *dir)
{
	struct cu_err err;

	if (path_remove_tree(dir, &err) < 0) {
		log_error("what a drill built could not be removed: %s", err.msg);
	}
}

void drill_sweep(struct daemon *d)
{
	char dir[PATH_SIZE];

	if (path_join(dir, d->house.dir, FOLDER, NULL) == 0) {
		sweep(dir);
	}
}

/* --- what we remember ------------------------------------------------------------- */

#define NOTE_SIZE 192

static void note_name(const struct daemon *d, const char *target, const char *what,
	char out[NOTE_SIZE])
{
	struct id lineage = store_lineage(d->house.store);
	char text[ID_TEXT_SIZE];

	id_format(&lineage, text);
	snprintf(out, NOTE_SIZE, "drill.%s.%s.%s", text, target, what);
}

static int get_note(struct daemon *d, struct reader *rd, const char *target, const char *what,
	uint64_t *ret, struct cu_err *err)
{
	char name[NOTE_SIZE];
	int r;

	note_name(d, target, what, name);
	r = reader_note(rd, name, ret, err);
	return r < 0 ? r : 0;
}

int drill_last(struct daemon *d, const struct target *t, struct drill_last *ret,
	struct cu_err *err)
{
	static const char *const what[] = { "time", "number", "level", "faults", "restore" };
	uint64_t values[5] = { 0 };
	struct reader *rd = store_reader_take(d->house.store);
	int r = 0;

	for (size_t i = 0; r == 0 && i < 5; i++) {
		r = get_note(d, rd, t->key, what[i], &values[i], err);
	}
	store_reader_give(d->house.store, rd);
	if (r == 0) {
		*ret = (struct drill_last){ (int64_t)values[0], values[1], values[2], values[3],
			(int64_t)values[4] };
	}
	return r;
}

/* Never twice the same: the last that a leaf names, or of which a file is there. */
static int next_number(struct daemon *d, uint64_t *ret, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	uint64_t *numbers = NULL, last = 0;
	size_t n = 0;
	int r = reader_note(rd, "drill.number", &last, err);

	store_reader_give(d->house.store, rd);
	if (r >= 0) {
		r = drill_record_numbers(&d->house, &numbers, &n, err);
	}
	if (r < 0) {
		return r;
	}
	if (n > 0 && numbers[n - 1] > last) {
		last = numbers[n - 1];
	}
	free(numbers);
	*ret = last + 1;
	return 0;
}

struct remember {
	struct store_op op;
	struct drill *drill;
	uint8_t hash[32];
};

static int put_note(struct tx *tx, struct drill *dr, const char *what, uint64_t v,
	struct cu_err *err)
{
	char name[NOTE_SIZE];

	note_name(dr->daemon, dr->target->key, what, name);
	return tx_note_put(tx, name, v, err);
}

static int put_notes(struct tx *tx, struct drill *dr, struct cu_err *err)
{
	const struct drill_record *d = dr->record;
	bool is_restored = d->report.level == DRILL_RESTORE && d->report.faults == 0;
	int r = tx_note_put(tx, "drill.number", d->number, err);

	if (r == 0) {
		r = put_note(tx, dr, "time", (uint64_t)d->time_ms, err);
	}
	if (r == 0) {
		r = put_note(tx, dr, "number", d->number, err);
	}
	if (r == 0) {
		r = put_note(tx, dr, "level", d->report.level, err);
	}
	if (r == 0) {
		r = put_note(tx, dr, "faults", d->report.faults, err);
	}
	if (r == 0 && is_restored) {
		r = put_note(tx, dr, "restore", (uint64_t)d->time_ms, err);
	}
	return r;
}

static int apply_remember(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct remember *m = (struct remember *)op;
	const struct drill_record *d = m->drill->record;
	struct leaf leaf = { .act = d->report.faults == 0 ? LEAF_DRILL_DONE : LEAF_DRILL_FAILED,
		.count = d->number, .generation = d->report.generation, .has_digest = true };
	int r = put_notes(tx, m->drill, err);

	memcpy(leaf.digest, m->hash, sizeof(leaf.digest));
	memcpy(leaf.why, d->target, sizeof(leaf.why));
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

static int keep(struct drill *dr, struct cu_err *err)
{
	struct remember m = { .op = { .apply = apply_remember, .kind = STORE_CHANGE }, .drill = dr };
	int r = next_number(dr->daemon, &dr->record->number, err);

	if (r == 0) {
		r = drill_record_save(&dr->daemon->house, dr->record, m.hash, err);
	}
	return r == 0 ? exchange_change(dr->x, &m.op, err) : r;
}

/* --- the keys of a level ---------------------------------------------------------- */

/* The manifest that is meant, its signature checked by our own key. */
static int find_manifest(struct drill *dr, struct manifest *ret, struct cu_err *err)
{
	struct repo repo;
	struct chain chain = { 0 };
	uint64_t wanted = dr->options.sequence;
	int r = repos_open(dr->target, &repo, err);

	if (r == 0) {
		r = chain_load(&repo, &dr->daemon->house.verifier, NULL, NULL, &chain, err);
	}
	if (r == 0 && chain.n == 0) {
		r = cu_err_set(err, CU_ENOENT, "target %s holds no backup yet", dr->target->key);
	}
	if (r < 0) {
		return r;
	}
	r = cu_err_set(err, CU_EINVAL, "there is no backup %" PRIu64, wanted);
	for (size_t i = chain.n; i-- > 0;) {
		if (wanted == 0 || chain.at[i].sequence == wanted) {
			r = chain_get(&repo, &chain.at[i], ret, err);
			break;
		}
	}
	chain_done(&chain);
	return r;
}

/* The key of one run, in a pipe. */
static int send_run_key(struct drill *dr, int *ret_fd, struct cu_err *err)
{
	struct key_arena *arena = dr->daemon->house.arena;
	struct manifest m = { 0 };
	struct key *run = NULL;
	int pair[2] = { -1, -1 }, r = key_new(arena, &run, err);

	if (r == 0) {
		r = find_manifest(dr, &m, err);
		if (r == 0) {
			r = drill_keys_open(dr->daemon, &m, run, err);
		} else if (r == CU_ECORRUPT || r == CU_ENOKEY) {
			key_fill_random(run); /* what is wrong with the chain is for the drill to report */
			r = 0;
		}
	}
	if (r == 0 && pipe2(pair, O_CLOEXEC) < 0) {
		r = cu_err_errno(err, errno, "a pipe for the drill");
	}
	if (r == 0) {
		r = key_send(pair[1], run, err); /* 32 bytes never block in an empty pipe */
		close(pair[1]);
	}
	key_free(arena, run);
	manifest_done(&m);
	if (r < 0 && pair[0] >= 0) {
		close(pair[0]);
	}
	if (r == 0) {
		*ret_fd = pair[0];
	}
	return r;
}

static int keys_for(struct drill *dr, int *ret_fd, struct cu_err *err)
{
	switch (dr->options.level) {
	case DRILL_BYTES:
		*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return *ret_fd < 0 ? cu_err_errno(err, errno, "/dev/null") : 0;
	case DRILL_DATA: return send_run_key(dr, ret_fd, err);
	case DRILL_RESTORE: break;
	}
	*ret_fd = fcntl(dr->x->fd, F_DUPFD_CLOEXEC, 4); /* passed on, not read */
	return *ret_fd < 0 ? cu_err_errno(err, errno, "the identity file") : 0;
}

/* --- the process ------------------------------------------------------------------ */

static int put_request(struct drill *dr, int *ret_fd, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r, fd = memfd_create("drill", MFD_CLOEXEC);

	drill_request_put(&dr->options, &text);
	r = fd < 0 ? cu_err_errno(err, errno, "the drill's request") : buf_check(&text, err);
	if (r == 0) {
		r = path_pwrite_fd(fd, buf_span(&text), 0, err);
	}
	buf_done(&text);
	if (r < 0 && fd >= 0) {
		close(fd);
	}
	if (r == 0) {
		*ret_fd = fd;
	}
	return r;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
}

static int start(struct drill *dr, struct cu_err *err)
{
	int fds[3] = { -1, -1, -1 }; /* request, keys, its output */
	int pair[2], r = put_request(dr, &fds[0], err);

	if (r == 0) {
		r = keys_for(dr, &fds[1], err);
	}
	if (r == 0 && pipe2(pair, O_CLOEXEC) < 0) {
		r = cu_err_errno(err, errno, "a pipe for the drill");
	} else if (r == 0) {
		dr->out = pair[0];
		fds[2] = pair[1];
	}
	if (r == 0) {
		r = path_make_dir(dr->dir, 0700, err);
	}
	if (r == 0) {
		r = launcher_run(dr->daemon->launcher, LAUNCHER_DRILL, fds[0], fds[1], fds[2],
			&dr->leash, err);
	}
	close_all(fds, 3);
	return r;
}

static void show_step(struct drill *dr, const json_t *line)
{
	struct buf frame = BUF_INIT;
	struct json j = exchange_progress_begin(&frame);

	json_open_object(&j, "progress");
	json_str(&j, "step", json_string_value(json_object_get(line, "step")));
	json_int(&j, "bytes", json_integer_value(json_object_get(line, "bytes")));
	json_int(&j, "total_bytes", json_integer_value(json_object_get(line, "total_bytes")));
	json_close_object(&j);
	exchange_progress_end(dr->x, &j, &frame);
}

static int take_error(const json_t *e, struct cu_err *err)
{
	const char *name = json_string_value(json_object_get(e, "code"));
	const char *text = json_string_value(json_object_get(e, "text"));
	int code = name ? cu_err_from_wire_name(name) : 0;

	return cu_err_set(err, code < 0 ? code : CU_EPROTO, "%s", text ? text : "the drill failed");
}

static int take_line(struct drill *dr, struct span text, struct cu_err *err)
{
	json_error_t ignored;
	json_t *line = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &ignored);
	const json_t *fault = json_object_get(line, "fault");
	int r = 0;

	if (!line) {
		return cu_err_set(err, CU_EPROTO, "the drill's process sent a line that is no JSON");
	}
	if (json_object_get(line, "step")) {
		show_step(dr, line);
	} else if (fault && json_is_string(json_object_get(fault, "object")) &&
		json_is_string(json_object_get(fault, "text"))) {
		drill_record_fault(dr->record, json_string_value(json_object_get(fault, "object")),
			json_string_value(json_object_get(fault, "text")));
	} else if (json_object_get(line, "error")) {
		dr->is_reported = true;
		r = take_error(json_object_get(line, "error"), err);
	} else if (json_object_get(line, "report")) {
		dr->is_reported = true;
		r = drill_report_take(json_object_get(line, "report"), &dr->record->report, err);
	}
	json_decref(line);
	return r;
}

static int take_lines(struct drill *dr, struct cu_err *err)
{
	size_t from = 0;
	uint8_t *end;
	int r = 0;

	while (r == 0 && (end = memchr(dr->held.p + from, '\n', dr->held.n - from)) != NULL) {
		size_t at = (size_t)(end - dr->held.p);

		r = take_line(dr, span_of(dr->held.p + from, at - from), err);
		from = at + 1;
	}
	memmove(dr->held.p, dr->held.p + from, dr->held.n - from);
	dr->held.n -= from;
	if (r == 0 && dr->held.n > LINE_MAX_BYTES) {
		r = cu_err_set(err, CU_EPROTO, "the drill's process sent an endless line");
	}
	return r;
}

static int wait_for_lines(struct drill *dr, struct cu_err *err)
{
	struct pollfd p = { .fd = dr->out, .events = POLLIN };
	int n = 0;

	while (n <= 0) {
		if (exchange_is_cancelled(dr->x)) {
			return cu_err_set(err, CU_ECANCELED, "the drill was stopped");
		}
		n = poll(&p, 1, LOOK_UP_EACH_MS);
		if (n < 0 && errno != EINTR) {
			return cu_err_errno(err, errno, "the drill's process");
		}
	}
	return 0;
}

static int read_all(struct drill *dr, struct cu_err *err)
{
	int r = 0;

	while (r == 0 && (r = wait_for_lines(dr, err)) == 0) {
		uint8_t *room = buf_room(&dr->held, READ_BYTES);
		ssize_t n = room ? read(dr->out, room, READ_BYTES) : -1;

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return cu_err_set(err, CU_EIO, "the drill's process cannot be read");
		}
		if (n == 0) {
			break;
		}
		dr->held.n += (size_t)n;
		r = take_lines(dr, err);
	}
	return r == 0 && !dr->is_reported ?
		cu_err_set(err, CU_EUNAVAIL, "the drill's process ended before the drill did") :
		r;
}

/* Kills it if it still runs, waits until it is gone (its pipe ends with it), and takes away
 * what it built. */
static void end(struct drill *dr)
{
	uint8_t dropped[256];
	ssize_t n = 1;

	if (dr->leash >= 0) {
		close(dr->leash);
	}
	while (dr->out >= 0 && n != 0) {
		n = read(dr->out, dropped, sizeof(dropped));
		if (n < 0 && errno != EINTR) {
			break;
		}
	}
	if (dr->out >= 0) {
		close(dr->out);
	}
	sweep(dr->dir);
	buf_done(&dr->held);
}

static int hold(struct drill *dr, struct cu_err *err)
{
	int r = path_remove_tree(dr->dir, err); /* of one that we could not remove */

	if (r == 0) {
		r = start(dr, err);
	}
	if (r == 0) {
		r = read_all(dr, err);
	}
	end(dr);
	return r == 0 ? keep(dr, err) : r;
}

int drill_hold(struct exchange *x, const struct target *t, enum drill_level level,
	uint64_t sequence, struct drill_record *ret, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	struct drill_record record = { .time_ms = clock_now_ms(&d->house.clock), .faults = BUF_INIT };
	struct drill dr = { .x = x, .daemon = d, .target = t, .out = -1, .leash = -1,
		.held = BUF_INIT, .record = &record };
	int r = path_join(dr.dir, d->house.dir, FOLDER, err);

	if (r == 0 && !d->launcher) {
		r = cu_err_set(err, CU_EUNAVAIL, "custosd was started without its launcher");
	}
	if (r < 0) {
		return r;
	}
	if (pthread_mutex_trylock(&d->drilling) != 0) {
		return cu_err_set(err, CU_EBUSY, "another drill is running");
	}
	strncpy(record.target, t->key, sizeof(record.target) - 1);
	dr.options = (struct drill_options){ .level = level, .repo_dir = t->path, .dir = dr.dir,
		.sequence = sequence, .now_ms = record.time_ms, .log_key = d->house.verifier,
		.manifest_key = d->house.verifier };
	r = hold(&dr, err);
	pthread_mutex_unlock(&d->drilling);
	if (r < 0) {
		drill_record_done(&record);
		return r;
	}
	*ret = record;
	return 0;
}
