#include "control/drill_worker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/identity.h"
#include "backup/watch.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "control/absence_worker.h"
#include "control/confine.h"
#include "control/errand.h"
#include "crypto/key.h"
#include "vault/vault.h"
#include "wire/message.h"

#define REQUEST_MAX   (1u << 30) /* of a daemon that we come from */
#define TELL_EACH_MS  200
#define KEYS_FD       3

/* X(member): the numbers of a report, which cross by their names. */
#define REPORT_NUMBERS(X)                                                               \
	X(sequence) X(data_time_ms) X(recovery_point_ms) X(recovery_ms) X(duration_ms)  \
	X(manifests) X(objects) X(bytes_read) X(subjects) X(records) X(collections)     \
	X(opened) X(gone) X(erased) X(log_size) X(generation) X(faults)

/* --- the request, written by the daemon ------------------------------------------- */

void drill_request_put(const struct drill_options *o, struct buf *out)
{
	struct json j = json_to(out);
	char key[NOTE_VERIFIER_SIZE];

	note_format_verifier(&o->log_key, key);
	json_open_object(&j, NULL);
	json_int(&j, "level", o->level);
	json_str(&j, "repository", o->repo_dir);
	json_str(&j, "directory", o->dir);
	json_uint(&j, "sequence", o->sequence);
	json_int(&j, "now_ms", o->now_ms);
	json_str(&j, "key", key);
	json_close_object(&j);
}

/* --- and read by the worker ------------------------------------------------------- */

struct worker {
	json_t *request; /* options borrow from it */
	struct drill_options options;
	struct key_arena *arena;
	struct key *run;
	struct buf identity;
	int64_t told_ms;
};

static int read_request(struct worker *w, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	json_error_t ignored;
	int r = path_read_fd(STDIN_FILENO, REQUEST_MAX, &text, err);

	if (r == 0) {
		w->request = message_json((const char *)text.p, text.n, 0, &ignored);
		r = w->request ? 0 : cu_err_set(err, CU_EPROTO, "the request is none");
	}
	buf_done(&text);
	return r;
}

static int take_options(struct worker *w, struct cu_err *err)
{
	struct drill_options *o = &w->options;
	const json_t *q = w->request;
	const char *key = json_string_value(json_object_get(q, "key"));
	int r = 0;

	o->level = (enum drill_level)json_integer_value(json_object_get(q, "level"));
	o->repo_dir = json_string_value(json_object_get(q, "repository"));
	o->dir = json_string_value(json_object_get(q, "directory"));
	o->sequence = (uint64_t)json_integer_value(json_object_get(q, "sequence"));
	o->now_ms = json_integer_value(json_object_get(q, "now_ms"));
	if (o->level < DRILL_BYTES || o->level > DRILL_RESTORE || !o->repo_dir || !o->dir || !key) {
		r = cu_err_set(err, CU_EPROTO, "the request is none");
	}
	if (r == 0) {
		r = note_parse_verifier(key, &o->log_key, err);
	}
	o->manifest_key = o->log_key;
	return r;
}

static int take_identity(struct worker *w, struct cu_err *err)
{
	int r = path_read_fd(KEYS_FD, IDENTITY_MAX_SIZE, &w->identity, err);

	w->options.identity = buf_span(&w->identity);
	return r;
}

static int take_keys(struct worker *w, struct cu_err *err)
{
	int r = 0;

	switch (w->options.level) {
	case DRILL_BYTES: break;
	case DRILL_DATA:
		r = key_arena_new(0, &w->arena, err);
		if (r == 0) {
			r = key_new(w->arena, &w->run, err);
		}
		if (r == 0) {
			r = key_new(w->arena, &w->options.scratch, err);
		}
		if (r == 0) {
			r = key_receive(KEYS_FD, w->run, err);
		}
		w->options.run = w->run;
		break;
	case DRILL_RESTORE: r = take_identity(w, err); break;
	}
	close(KEYS_FD);
	return r < 0 ? cu_err_wrap(err, r, "the keys") : 0;
}

/* --- what it says ----------------------------------------------------------------- */

static void on_step(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct worker *w = ctx;
	struct buf line = BUF_INIT;
	struct json j = json_to(&line);
	int64_t now = clock_monotonic_ms();

	if (now - w->told_ms < TELL_EACH_MS) {
		return;
	}
	w->told_ms = now;
	json_open_object(&j, NULL);
	json_str(&j, "step", what);
	json_uint(&j, "bytes", done);
	json_uint(&j, "total_bytes", total);
	json_close_object(&j);
	errand_say(&line);
}

static void on_fault(void *ctx, const char *object, const char *text)
{
	struct buf line = BUF_INIT;
	struct json j = json_to(&line);

	(void)ctx;
	json_open_object(&j, NULL);
	json_open_object(&j, "fault");
	json_str(&j, "object", object);
	json_str(&j, "text", text);
	json_close_object(&j);
	json_close_object(&j);
	errand_say(&line);
}

static void say_report(const struct drill_report *p)
{
	struct buf line = BUF_INIT;
	struct json j = json_to(&line);

	json_open_object(&j, NULL);
	json_open_object(&j, "report");
	json_int(&j, "level", p->level);
	json_hex(&j, "store", p->store.b, sizeof(p->store.b));
	json_hex(&j, "lineage", p->lineage.b, sizeof(p->lineage.b));
	json_hex(&j, "manifest", p->manifest_hash, sizeof(p->manifest_hash));
	json_bool(&j, "has_digests", p->has_digests);
#define X(member) json_int(&j, #member, (int64_t)p->member);
	REPORT_NUMBERS(X)
#undef X
	json_close_object(&j);
	json_close_object(&j);
	errand_say(&line);
}

static bool take_hex(const json_t *o, const char *name, uint8_t *to, size_t n)
{
	const char *hex = json_string_value(json_object_get(o, name));

	return hex && text_unhex(hex, strlen(hex), to, n);
}

int drill_report_take(const json_t *o, struct drill_report *ret, struct cu_err *err)
{
	struct drill_report p = { 0 };
	bool is_good = take_hex(o, "store", p.store.b, sizeof(p.store.b)) &&
		take_hex(o, "lineage", p.lineage.b, sizeof(p.lineage.b)) &&
		take_hex(o, "manifest", p.manifest_hash, sizeof(p.manifest_hash));

	p.level = (enum drill_level)json_integer_value(json_object_get(o, "level"));
	p.has_digests = json_is_true(json_object_get(o, "has_digests"));
#define X(member)                                                                       \
	is_good = is_good && json_is_integer(json_object_get(o, #member));              \
	p.member = (__typeof__(p.member))json_integer_value(json_object_get(o, #member));
	REPORT_NUMBERS(X)
#undef X
	if (!is_good) {
		return cu_err_set(err, CU_EPROTO, "the drill's process sent a report that is none");
	}
	*ret = p;
	return 0;
}

/* --- the process ------------------------------------------------------------------ */

static int hold_drill(struct worker *w, const struct watch *watch, struct cu_err *err)
{
	struct drill_report report = { 0 };
	int r = take_options(w, err);

	if (r == 0) {
		confine_errand(w->options.dir, &w->options.repo_dir, 1);
		r = take_keys(w, err);
	}
	if (r == 0) {
		w->options.watch = watch;
		r = drill_run(&w->options, on_fault, w, &report, err);
	}
	if (r == 0) {
		say_report(&report);
	}
	return r;
}

static void say_outcome(enum absence_outcome outcome)
{
	struct buf line = BUF_INIT;
	struct json j = json_to(&line);

	json_open_object(&j, NULL);
	json_str(&j, "outcome", absence_word(outcome));
	json_close_object(&j);
	errand_say(&line);
}

static int hold_absence(struct worker *w, const struct watch *watch, struct cu_err *err)
{
	enum absence_outcome outcome;
	int r = take_identity(w, err);

	close(KEYS_FD);
	if (r == 0) {
		r = absence_worker_run(w->request, buf_span(&w->identity), watch, &outcome, err);
	}
	if (r == 0) {
		say_outcome(outcome);
	}
	return r;
}

int drill_worker_main(void)
{
	struct worker w = { .identity = BUF_INIT_WIPE };
	struct watch watch = { on_step, &w, NULL };
	struct cu_err err = { 0 };
	int r = read_request(&w, &err);

	if (r == 0) {
		r = absence_is_request(w.request) ? hold_absence(&w, &watch, &err) :
						    hold_drill(&w, &watch, &err);
	}
	if (w.arena) {
		key_free(w.arena, w.run);
		key_free(w.arena, w.options.scratch);
	}
	key_arena_free(w.arena);
	buf_done(&w.identity);
	if (r < 0) {
		errand_say_error(&err);
	}
	json_decref(w.request);
	return r < 0 ? cu_err_exit_status(r) : 0;
}
