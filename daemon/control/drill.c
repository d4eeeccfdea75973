#include "control/drill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup/chain.h"
#include "backup/manifest.h"
#include "base/clock.h"
#include "base/err.h"
#include "control/daemon.h"
#include "control/drill_keys.h"
#include "control/drill_process.h"
#include "control/drill_worker.h"
#include "control/repos.h"
#include "crypto/key.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx.h"
#include "store/tx_hold.h"

struct drill {
	struct daemon *daemon;
	const struct drill_order *order;
	const struct target *target;
	struct drill_options options;
	char dir[PATH_SIZE];
	struct drill_record *record;
};

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
	static const char *const what[] = { "time", "number", "level", "faults", "restore",
		"capture" };
	uint64_t values[6] = { 0 };
	struct reader *rd = store_reader_take(d->house.store);
	int r = 0;

	for (size_t i = 0; r == 0 && i < 6; i++) {
		r = get_note(d, rd, t->key, what[i], &values[i], err);
	}
	store_reader_give(d->house.store, rd);
	if (r == 0) {
		*ret = (struct drill_last){ (int64_t)values[0], values[1], values[2], values[3],
			(int64_t)values[4], values[5] };
	}
	return r;
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
	struct drill_last last = { 0 };
	uint64_t capture = 0;
	int r = drill_last(dr->daemon, dr->target, &last, err);

	if (r == 0) {
		r = tx_note_put(tx, DRILL_NOTE_LAST, d->number, err);
	}

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
	if (r == 0 && d->report.level >= DRILL_DATA && d->report.faults == 0) {
		r = tx_hold_capture_of(tx, d->report.data_time_ms, &capture, err);
	}
	if (r == 0 && capture > last.capture) { /* an older backup may be tried later */
		r = put_note(tx, dr, "capture", capture, err);
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
	struct remember m = { .op = { .apply = apply_remember, .kind = STORE_CHANGE,
				      .actor = dr->order->actor },
		.drill = dr };
	uint64_t last;
	int r = drill_record_last(&dr->daemon->house, &last, err);

	if (r == 0) {
		dr->record->number = last + 1;
		r = drill_record_save(&dr->daemon->house, dr->record, m.hash, err);
	}
	return r == 0 ? store_run(dr->daemon->house.store, &m.op, err) : r;
}

/* --- the keys of a level ---------------------------------------------------------- */

/* The manifest that is meant, its signature checked by our own key. */
static int find_manifest(struct drill *dr, struct manifest *ret, struct cu_err *err)
{
	struct repo repo;
	struct chain chain = { 0 };
	uint64_t wanted = dr->options.sequence;
	int r = repos_open(dr->daemon, dr->target, &repo, err);

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
			dr->options.sequence = m.sequence; /* a backup that ends now has another key */
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
	*ret_fd = fcntl(dr->order->identity, F_DUPFD_CLOEXEC, 4); /* passed on, not read */
	return *ret_fd < 0 ? cu_err_errno(err, errno, "the identity file") : 0;
}

/* --- the process ------------------------------------------------------------------ */

static int take_line(void *ctx, const json_t *line, struct cu_err *err)
{
	struct drill *dr = ctx;
	const json_t *fault = json_object_get(line, "fault");

	if (fault && json_is_string(json_object_get(fault, "object")) &&
		json_is_string(json_object_get(fault, "text"))) {
		drill_record_fault(dr->record, json_string_value(json_object_get(fault, "object")),
			json_string_value(json_object_get(fault, "text")));
	} else if (json_object_get(line, "report")) {
		int r = drill_report_take(
			json_object_get(line, "report"), &dr->record->report, err);

		return r < 0 ? r : 1;
	}
	return 0;
}

static int hold(struct drill *dr, struct cu_err *err)
{
	struct buf request = BUF_INIT;
	int keys, r = keys_for(dr, &keys, err);

	if (r == 0) {
		drill_request_put(&dr->options, &request);
		r = drill_process_run(dr->daemon, dr->dir, &request, keys, take_line, dr,
			dr->order->watch, err);
	}
	buf_done(&request);
	return r == 0 ? keep(dr, err) : r;
}

int drill_hold(struct daemon *d, const struct drill_order *order, struct drill_record *ret,
	struct cu_err *err)
{
	const struct target *t = order->target;
	struct drill_record record = { .time_ms = clock_now_ms(&d->house.clock), .faults = BUF_INIT };
	struct drill dr = { .daemon = d, .order = order, .target = t, .record = &record };
	struct repos_copy copy = { .is_copy = false };
	int r = drill_process_begin(d, dr.dir, err);

	if (r < 0) {
		return r;
	}
	strncpy(record.target, t->key, sizeof(record.target) - 1);
	dr.options = (struct drill_options){ .level = order->level, .repo_dir = copy.dir, .dir = dr.dir,
		.sequence = order->sequence, .now_ms = record.time_ms, .log_key = d->house.verifier,
		.manifest_key = d->house.verifier };
	r = repos_copy(d, t, order->watch, &copy, err);
	if (r == 0) {
		r = hold(&dr, err);
	}
	repos_copy_done(&copy);
	drill_process_end(d);
	if (r < 0) {
		drill_record_done(&record);
		return r;
	}
	*ret = record;
	return 0;
}
