#include "control/repos_note.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx.h"
#include "store/tx_hold.h"

#define BEGUN "begun" /* the number of the capture and 1; 0: nothing is begun */

void repos_note_name(const struct daemon *d, const struct target *t, const char *what,
	char out[REPOS_NOTE_SIZE])
{
	struct id lineage = store_lineage(d->house.store);
	char text[ID_TEXT_SIZE];

	id_format(&lineage, text);
	snprintf(out, REPOS_NOTE_SIZE, "backup.%s.%s.%s", text, t->key, what);
}

static int get_notes(struct daemon *d, const struct target *t, const char *const *what, size_t n,
	uint64_t *values, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	char name[REPOS_NOTE_SIZE];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		values[i] = 0;
		repos_note_name(d, t, what[i], name);
		r = reader_note(rd, name, &values[i], err);
	}
	store_reader_give(d->house.store, rd);
	return r < 0 ? r : 0;
}

int repos_last(struct daemon *d, const struct target *t, struct repos_last *ret,
	struct cu_err *err)
{
	static const char *const what[] = { "sequence", "time", "generation", "capture", "data",
		"mirrored" };
	uint64_t values[6];
	int r = get_notes(d, t, what, 6, values, err);

	if (r == 0) {
		*ret = (struct repos_last){ values[0], (int64_t)values[1], values[2], values[3],
			(int64_t)values[4], (int64_t)values[5] };
	}
	return r;
}

/* --- steps on the writer's thread ------------------------------------------------------- */

struct noting {
	struct store_op op;
	const struct daemon *daemon;
	const struct target *target;
	struct repos_written written;
	bool has_data;
};

static int run(struct daemon *d, struct noting *n, int (*apply)(struct tx *, struct store_op *, struct cu_err *),
	struct cu_err *err)
{
	n->op = (struct store_op){ .apply = apply, .kind = STORE_CHANGE };
	return store_run(d->house.store, &n->op, err);
}

static int put(struct tx *tx, const struct noting *n, const char *what, uint64_t value, struct cu_err *err)
{
	char name[REPOS_NOTE_SIZE];

	repos_note_name(n->daemon, n->target, what, name);
	return tx_note_put(tx, name, value, err);
}

static int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct noting *n = (struct noting *)op;
	int r = n->has_data ? tx_hold_capture_begin(tx, &n->written.capture, err) : 0;

	return r < 0 ? r : put(tx, n, BEGUN, n->written.capture + 1, err);
}

int repos_note_begin(struct daemon *d, const struct target *t, bool has_data, uint64_t *ret_capture,
	struct cu_err *err)
{
	struct noting n = { .daemon = d, .target = t, .has_data = has_data };
	int r = run(d, &n, apply_begin, err);

	*ret_capture = n.written.capture;
	return r;
}

int repos_note_begun(struct daemon *d, const struct target *t, uint64_t *ret_capture, struct cu_err *err)
{
	static const char *const what[] = { BEGUN };
	uint64_t value;
	int r = get_notes(d, t, what, 1, &value, err);

	if (r == 0 && value > 0) {
		*ret_capture = value - 1;
		r = 1;
	}
	return r;
}

static int put_data(struct tx *tx, const struct noting *n, struct cu_err *err)
{
	const struct repos_written *w = &n->written;
	int r = tx_hold_capture_done(tx, w->capture, w->image_ms, err);

	if (r == 0) {
		r = put(tx, n, "capture", w->capture, err);
	}
	return r < 0 ? r : put(tx, n, "data", (uint64_t)w->image_ms, err);
}

static int put_written(struct tx *tx, const struct noting *n, struct cu_err *err)
{
	const struct repos_written *w = &n->written;
	int r = put(tx, n, "sequence", w->sequence, err);

	if (r == 0) {
		r = put(tx, n, "time", (uint64_t)w->time_ms, err);
	}
	if (r == 0) {
		r = put(tx, n, "mirrored", (uint64_t)w->image_ms, err);
	}
	if (r == 0) {
		r = put(tx, n, "generation", w->generation, err);
	}
	return r < 0 || w->capture == 0 ? r : put_data(tx, n, err);
}

static int apply_end(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct noting *n = (struct noting *)op;
	struct leaf leaf = { .act = LEAF_BACKUP_DONE, .count = n->written.sequence,
		.generation = n->written.generation, .has_digest = true };
	int r = put(tx, n, BEGUN, 0, err);

	if (r < 0 || n->written.sequence == 0) {
		return r;
	}
	memcpy(leaf.digest, n->written.manifest_hash, sizeof(leaf.digest));
	strncpy(leaf.why, n->target->key, sizeof(leaf.why) - 1);
	r = put_written(tx, n, err);
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

int repos_note_end(struct daemon *d, const struct target *t, const struct repos_written *written,
	struct cu_err *err)
{
	struct noting n = { .daemon = d, .target = t, .written = *written };

	return run(d, &n, apply_end, err);
}

static int apply_mirrored(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct noting *n = (struct noting *)op;

	return put(tx, n, "mirrored", (uint64_t)n->written.time_ms, err);
}

int repos_note_mirrored(struct daemon *d, const struct target *t, int64_t time_ms, struct cu_err *err)
{
	struct noting n = { .daemon = d, .target = t, .written.time_ms = time_ms };

	return run(d, &n, apply_mirrored, err);
}
