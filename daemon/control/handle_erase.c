/* Erasure: begin, look, cancel. */
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "control/absence.h"
#include "control/certificate.h"
#include "control/daemon.h"
#include "control/erase.h"
#include "control/handle.h"
#include "control/linger.h"
#include "control/preview.h"
#include "control/repos.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/reader_hold.h"

#define STATEMENT_SIZE 700

/* --- in words --------------------------------------------------------------------- */

/* What may be said to the person, and to a regulator: no more than is true. */
static void say_done(const struct erase_result *e, const struct lingering *l, char *out,
	size_t cap)
{
	char rest[400];

	linger_say(l, rest, sizeof(rest));
	if (e->ntargets == 0) {
		snprintf(out, cap, "%s",
			_("The keys are gone from this host. No backup target is set: this statement is about this host only."));
	} else if (!e->is_confirmed) {
		snprintf(out, cap,
			_("The keys are gone from this host, but not confirmed at every target: %s. Repeat 'backup run' once it can be reached."),
			e->unconfirmed);
	} else {
		snprintf(out, cap,
			_("The keys are gone from this host and from the newest vault object at every target. %s"),
			rest);
	}
}

static void say_pending(const struct row_erasure *row, char *out, size_t cap)
{
	char when[CIVIL_TIME_SIZE], id[ID_TEXT_SIZE];

	civil_format_time(row->due_ms, when);
	switch (row->state) {
	case ERASURE_COOLING_OFF:
		id_format(&row->id, id);
		snprintf(out, cap,
			_("Denied to everyone from now on; the keys are shredded after %.16s UTC. Until then 'erase cancel %s' gives it back."),
			when, id);
		break;
	case ERASURE_AWAITING_APPROVAL:
		id_format(&row->approval, id);
		snprintf(out, cap,
			_("Denied to everyone from now on; a second user has to confirm: 'approval grant %s'."),
			id);
		break;
	case ERASURE_SHREDDING:
	case ERASURE_SHREDDED:
		snprintf(out, cap, "%s", _("The keys are being shredded; it cannot be cancelled any more."));
		break;
	case ERASURE_CANCELLED:
		snprintf(out, cap, "%s", _("It was cancelled; nothing was lost."));
		break;
	case ERASURE_DONE: break; /* say_done */
	}
}

/* A hold that was placed after the erasure was begun. */
static int say_waiting(struct exchange *x, const struct row_erasure *row, char *out, size_t cap,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	char text[ID_TEXT_SIZE];
	struct id hold;
	int r = row->state < ERASURE_SHREDDING ? reader_hold_of_erasure(rd, row, &hold, err) : 0;

	store_reader_give(x->daemon->house.store, rd);
	if (r > 0) {
		id_format(&hold, text);
		snprintf(out, cap,
			_("Denied to everyone; it waits for the legal hold %s and goes on by itself once that is released."),
			text);
	} else if (r == 0) {
		say_pending(row, out, cap);
	}
	return r < 0 ? r : 0;
}

/* One look at the targets serves all that were done by then; *sight is of the last look. */
static int say(struct exchange *x, const struct erase_result *e, struct linger_sight *sight,
	char *out, size_t cap, struct cu_err *err)
{
	struct lingering linger = { 0 };
	int r = 0;

	if (e->row.state != ERASURE_DONE) {
		return say_waiting(x, &e->row, out, cap, err);
	}
	if (sight->generation == 0 || sight->generation < e->row.generation) {
		linger_sight_done(sight);
		r = linger_look(x->daemon, sight, err);
	}
	if (r == 0) {
		r = linger_at(sight, e->row.generation, e->row.shredded_ms, &linger, err);
	}
	if (r == 0) {
		say_done(e, &linger, out, cap);
	}
	linger_done(&linger);
	return r;
}

/* --- as JSON ---------------------------------------------------------------------- */

static const char *name_of_state(enum erasure_state s)
{
	static const char *const names[] = { [ERASURE_COOLING_OFF] = "cooling_off",
		[ERASURE_AWAITING_APPROVAL] = "awaiting_approval",
		[ERASURE_SHREDDING] = "shredding", [ERASURE_SHREDDED] = "shredded",
		[ERASURE_DONE] = "done", [ERASURE_CANCELLED] = "cancelled" };

	return names[s];
}

static int show_parts(struct exchange *x, struct json *out, const struct id *erasure,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	char collection[ENGINE_KEY_SIZE] = "";
	int r;

	json_open_array(out, "collections");
	while ((r = reader_erasure_part(rd, erasure, collection, collection, err)) > 0) {
		json_str(out, NULL, collection);
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

static int show_end(struct exchange *x, struct json *out, const struct erase_result *e,
	struct cu_err *err)
{
	uint64_t leaf;
	int r = erase_find_done_leaf(x->daemon, &e->row, &leaf, err);

	if (r == 0) {
		json_uint(out, "slots", e->row.nslots);
		json_uint(out, "generation", e->row.generation);
		json_int(out, "done_ms", e->row.done_ms);
		json_uint(out, "leaf", leaf);
		json_bool(out, "target_confirmed", e->is_confirmed);
	}
	return r;
}

static int show(struct exchange *x, struct json *out, const char *name,
	const struct erase_result *e, struct linger_sight *sight, struct cu_err *err)
{
	static const char *const scopes[] = { [ERASE_SUBJECT] = "subject",
		[ERASE_COLLECTIONS] = "collections", [ERASE_RECORD] = "record" };
	const struct row_erasure *row = &e->row;
	char statement[STATEMENT_SIZE] = "";
	int r;

	json_open_object(out, name);
	json_hex(out, "erasure", row->id.b, sizeof(row->id.b));
	json_hex(out, "subject", row->subject.b, sizeof(row->subject.b));
	json_str(out, "scope", scopes[row->scope]);
	r = show_parts(x, out, &row->id, err);
	if (row->scope == ERASE_RECORD) {
		json_hex(out, "record", row->record.b, sizeof(row->record.b));
	}
	json_str(out, "purpose", row->purpose);
	json_bool(out, "asked_by_me", id_eq(&row->asker, &x->actor));
	json_str(out, "state", name_of_state(row->state));
	json_int(out, "begun_ms", row->begun_ms);
	json_int(out, "due_ms", row->due_ms);
	if (!id_is_nil(&row->approval)) {
		json_hex(out, "approval", row->approval.b, sizeof(row->approval.b));
	}
	if (r == 0 && row->state == ERASURE_DONE) {
		r = show_end(x, out, e, err);
	}
	if (r == 0) {
		r = say(x, e, sight, statement, sizeof(statement), err);
	}
	json_str(out, "statement", statement);
	json_close_object(out);
	return r;
}

static int show_one(struct exchange *x, struct json *out, const char *name,
	const struct erase_result *e, struct cu_err *err)
{
	struct linger_sight sight = { 0 };
	int r = show(x, out, name, e, &sight, err);

	linger_sight_done(&sight);
	return r;
}

/* --- begin ------------------------------------------------------------------------ */

static void on_step(void *ctx, const struct row_erasure *row, const char *step)
{
	struct buf frame = BUF_INIT;
	struct json j = exchange_progress_begin(&frame);

	json_str(&j, "progress", step);
	if (row->state == ERASURE_AWAITING_APPROVAL) {
		json_hex(&j, "approval", row->approval.b, sizeof(row->approval.b));
	}
	exchange_progress_end(ctx, &j, &frame);
}

/* What of the subject: all, collections, or a record; borrowed from the call. */
static int read_what(struct exchange *x, const char *collections[PREVIEW_MAX_PARTS],
	struct erase_what *ret, struct cu_err *err)
{
	const json_t *given = json_object_get(x->call.parameters, "collections");
	struct erase_what what = { .collections = collections,
		.ncollections = json_array_size(given), .purpose = x->purpose,
		.is_now = exchange_flag(x, "now") };
	int r = exchange_id(x, "subject", &what.subject, err);

	if (r == 0) {
		r = exchange_id(x, "record", &what.record, err);
	}
	if (r == 0 && what.ncollections > 0 && !id_is_nil(&what.record)) {
		r = cu_err_set(err, CU_EINVAL, "either collections or a record, not both");
	}
	if (r == 0 && what.ncollections > PREVIEW_MAX_PARTS) {
		r = cu_err_set(err, CU_ELIMIT, "collections: at most %d", PREVIEW_MAX_PARTS);
	}
	for (size_t i = 0; r == 0 && i < what.ncollections; i++) {
		collections[i] = json_string_value(json_array_get(given, i));
		if (!policy_find_collection(x->daemon->policy, collections[i])) {
			r = cu_err_set(err, CU_EINVAL,
				"collections[%zu]: schema.yaml has no such collection", i);
		}
	}
	*ret = what;
	return r;
}

static int show_preview(struct exchange *x, const struct erase_what *what, struct json *out,
	struct cu_err *err)
{
	struct preview p;
	int r = preview_of(x, what, &p, err);

	if (r == 0) {
		preview_show(&p, out, "preview");
		preview_done(&p);
	}
	return r;
}

int handle_ERASE(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *collections[PREVIEW_MAX_PARTS];
	struct erase_request q = { .actor = x->actor };
	struct erase_result result;
	struct id erasure;
	int r = read_what(x, collections, &q.what, err);

	if (r == 0) {
		r = exchange_request(x, &q.id, err);
	}
	if (r == 0 && exchange_flag(x, "dry_run")) {
		return show_preview(x, &q.what, out, err);
	}
	if (r == 0) {
		r = erase_begin(x->daemon, &q, &erasure, err);
	}
	if (r == 0) {
		r = q.what.is_now || exchange_flag(x, "wait") ?
			erase_wait(x, &erasure, on_step, x, &result, err) :
			erase_get(x->daemon, &erasure, &result, err);
	}
	return r < 0 ? r : show_one(x, out, "result", &result, err);
}

/* --- look, cancel ----------------------------------------------------------------- */

/* Whoever may do this for the purpose that the erasure has. */
static int require_purpose(const struct exchange *x, const struct row_erasure *row,
	struct cu_err *err)
{
	char operation[COMMAND_OPERATION_SIZE];

	command_operation(x->command, operation);
	return access_allows_purpose(&x->rights, operation, row->purpose) ?
		0 :
		cu_err_set(err, CU_EDENIED, "uid %u may not %s for the purpose of this erasure",
			(unsigned)x->uid, x->command->words);
}

static int find(struct exchange *x, struct erase_result *ret, struct cu_err *err)
{
	struct id id;
	int r = exchange_id(x, "erasure", &id, err);

	if (r == 0) {
		r = erase_get(x->daemon, &id, ret, err);
	}
	return r < 0 ? r : require_purpose(x, &ret->row, err);
}

int handle_ERASE_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct row_erasure row, *after = NULL;
	struct linger_sight sight = { 0 };
	bool is_all = exchange_flag(x, "all");
	int r = 1;

	json_open_array(out, "erasures");
	while (r > 0) {
		struct reader *rd = store_reader_take(x->daemon->house.store);
		struct erase_result e = { 0 };

		r = reader_next_erasure(rd, after, &row, err);
		store_reader_give(x->daemon->house.store, rd);
		after = &row;
		if (r > 0 && (is_all || row.state < ERASURE_DONE) &&
			require_purpose(x, &row, NULL) == 0) {
			r = erase_get(x->daemon, &row.id, &e, err);
			r = r < 0 ? r : show(x, out, NULL, &e, &sight, err);
			r = r < 0 ? r : 1;
		}
	}
	json_close_array(out);
	linger_sight_done(&sight);
	return r;
}

int handle_ERASE_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct erase_result e;
	int r = find(x, &e, err);

	return r < 0 ? r : show_one(x, out, "erasure", &e, err);
}

int handle_ERASE_CANCEL(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct erase_result e;
	int r = find(x, &e, err);

	(void)out;
	return r < 0 ? r : erase_cancel(x->daemon, &x->actor, &e.row.id, err);
}

int handle_ERASE_CERTIFICATE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct buf note = BUF_INIT;
	struct id erasure;
	int r = exchange_id(x, "erasure", &erasure, err);

	if (r == 0) {
		r = certificate_make(x, &erasure, &note, err);
	}
	if (r == 0) {
		json_buf(out, "certificate", &note);
	}
	buf_done(&note);
	return r;
}

int handle_ERASE_VERIFY(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *name = exchange_text(x, "target");
	const struct target *t = NULL;
	struct absence absence = { .note = BUF_INIT };
	struct id erasure;
	int r = exchange_id(x, "erasure", &erasure, err);

	if (r == 0 && name) {
		r = repos_find(x->daemon, name, &t, err);
	}
	if (r == 0) {
		r = absence_hold(x, &erasure, t, &absence, err);
	}
	if (r == 0) {
		json_open_object(out, "result");
		absence_show(&absence, out);
		json_buf(out, "note", &absence.note);
		json_close_object(out);
	}
	absence_done(&absence);
	return r;
}
