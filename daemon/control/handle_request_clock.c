/* Requests of data subjects: until when, and what is to be done now. */
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/erase.h"
#include "control/handle.h"
#include "control/linger.h"
#include "control/request_duty.h"
#include "policy/policy.h"
#include "privacy/request_next.h"

/* --- clock ------------------------------------------------------------------------ */

static void show_day(struct json *out, const char *name, int32_t day)
{
	char text[CIVIL_DAY_SIZE];

	if (day != CIVIL_NO_DAY) {
		civil_format_day(day, text);
		json_str(out, name, text);
	}
}

static void show_deadline(struct json *out, const struct deadline *d)
{
	show_day(out, "due", d->due);
	show_day(out, "first_due", d->first_due);
	show_day(out, "extended_due", d->extended_due);
	show_day(out, "tell_by", d->tell_by);
	show_day(out, "refuse_by", d->refuse_by);
	show_day(out, "confirm_by", d->confirm_by);
	json_int(out, "paused_days", d->paused_days);
	json_bool(out, "is_paused", d->is_paused);
}

/* Line by line. */
static void show_lines(struct json *out, const char *name, struct buf *text)
{
	const char *at = buf_cstr(text), *end;

	json_open_array(out, name);
	for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		json_strn(out, NULL, at, (size_t)(end - at));
	}
	json_close_array(out);
}

int handle_REQUEST_CLOCK(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct buf derivation = BUF_INIT;
	struct deadline d = { 0 };
	struct row_dsr row;
	int r = casework_find(x, &row, err);

	if (r == 0 && (exchange_has(x, "language") || x->call.language != INTL_EN)) {
		row.language = exchange_language(x); /* else that of who asked */
	}
	if (r == 0) {
		struct reader *rd = store_reader_take(x->daemon->house.store);

		r = casework_deadline(x->daemon, rd, &row, &d, &derivation, err);
		store_reader_give(x->daemon->house.store, rd);
	}
	if (r == 0) {
		show_deadline(out, &d);
		show_lines(out, "derivation", &derivation);
	}
	buf_done(&derivation);
	return r;
}

/* --- extend ----------------------------------------------------------------------- */

struct extension {
	unsigned reason;
	int32_t told;
};

static int require_extension(const struct row_dsr *row, const struct deadline *d, int32_t told,
	struct cu_err *err)
{
	char by[CIVIL_DAY_SIZE];

	if (row->closed_ms) {
		return cu_err_set(err, CU_EBUSY, "request %u is %s", row->number,
			intl_word(request_state_word(row->state)));
	}
	if (row->extension) {
		return cu_err_set(err, CU_EBUSY, "request %u was extended already: that is possible once",
			row->number);
	}
	if (d->extended_due == CIVIL_NO_DAY || d->tell_by == CIVIL_NO_DAY) {
		return cu_err_set(err, CU_EUNSUP, "law/%s.yaml knows no extension for this", row->law);
	}
	civil_format_day(d->tell_by, by);
	if (told > d->tell_by) {
		return cu_err_set(err, CU_EBUSY,
			"it is too late: the person had to be told by %s, and the first date holds", by);
	}
	return told < row->received_day ?
		cu_err_set(err, CU_EINVAL, "told: this is before the request was received") :
		0;
}

static int apply_extend(struct tx *tx, struct casework *c, struct cu_err *err)
{
	const struct extension *e = c->ctx;

	c->row.extension = e->reason;
	c->row.extension_day = e->told;
	return tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, "extend", err);
}

static int read_told(struct exchange *x, int32_t *ret, struct cu_err *err)
{
	const char *told = exchange_text(x, "told");
	int32_t today = casework_today(x->daemon);

	*ret = today;
	if (told && (!civil_parse_day(told, ret) || *ret > today)) {
		return cu_err_set(err, CU_EINVAL, "told: expected a day that is not in the future, as 2026-11-21");
	}
	return 0;
}

int handle_REQUEST_EXTEND(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct extension e = { .reason = request_extension_parse(exchange_text(x, "reason")) };
	struct casework c = { .fn = apply_extend, .ctx = &e };
	struct deadline d = { 0 };
	struct row_dsr row;
	int r = casework_find(x, &row, err);

	if (r == 0) {
		r = read_told(x, &e.told, err);
	}
	if (r == 0) {
		struct reader *rd = store_reader_take(x->daemon->house.store);

		r = casework_deadline(x->daemon, rd, &row, &d, NULL, err);
		store_reader_give(x->daemon->house.store, rd);
	}
	if (r == 0) {
		r = require_extension(&row, &d, e.told, err);
	}
	return r < 0 ? r : casework_run(x, &c, out, err);
}

/* --- next ------------------------------------------------------------------------- */

static int find_asker(struct exchange *x, struct reader *rd, struct request_facts *f,
	struct cu_err *err)
{
	struct row_approval approval;
	int r = id_is_nil(&f->row->approval) ? 0 : reader_approval(rd, &f->row->approval, &approval, err);

	f->is_own = r > 0 && id_eq(&approval.asker, &x->actor);
	return r < 0 ? r : 0;
}

/* The first who is neither told, nor said why not; to lives as long as f. */
static int find_untold(struct reader *rd, struct request_facts *f, char to[ENGINE_KEY_SIZE],
	char underway[ENGINE_KEY_SIZE], struct cu_err *err)
{
	struct row_outgoing o, *after = NULL;
	int r = 0;

	while (f->row->nuntold > 0 && !f->untold &&
		(r = reader_dsr_outgoing(rd, f->row, after, &o, err)) > 0) {
		after = &o;
		if (o.state == OUTGOING_PREPARED && o.recipient[0]) {
			strcpy(to, o.recipient);
			f->untold = to;
		} else if (o.state == OUTGOING_UNDERWAY && o.recipient[0]) {
			strcpy(underway, o.recipient);
			f->underway = underway;
		}
	}
	return r < 0 ? r : 0;
}

static bool can_mail(const struct policy *p, const char *recipient)
{
	const struct recipient *to = purposes_find_recipient(policy_purposes(p), recipient);
	const struct agent_rules *rules = policy_agent(p);
	bool is_any = false;

	for (size_t i = 0; i < rules->n; i++) {
		is_any |= rules->v[i].is_personal;
	}
	return is_any && to && to->mail;
}

/* What stays by a law; part lives as long as f. */
static int find_kept(struct reader *rd, struct request_facts *f, struct row_dsr_part *part,
	struct cu_err *err)
{
	int r = reader_dsr_part(rd, f->row, DSR_KEPT, "", part, err);

	f->kept = r > 0 ? part->collection : NULL;
	return r < 0 ? r : 0;
}

/* By when the last copy of the keys is gone. */
static int find_backups(struct exchange *x, struct request_facts *f, char *text, size_t cap,
	struct cu_err *err)
{
	struct lingering linger = { 0 };
	struct erase_result e = { 0 };
	int r;

	if (id_is_nil(&f->row->erasure)) {
		return 0;
	}
	r = erase_get(x->daemon, &f->row->erasure, &e, err);
	f->erasure_due_ms = e.row.due_ms;
	if (r == 0 && (f->row->state == REQ_LIVE_DONE || f->row->state == REQ_BACKUPS_PENDING)) {
		r = linger_of(x->daemon, e.row.generation, e.row.shredded_ms, &linger, err);
		if (r == 0) {
			linger_say(&linger, text, cap);
			f->backups = text;
		}
		linger_done(&linger);
	}
	return r;
}

static void show_step(struct json *out, const struct request_step *s)
{
	json_open_object(out, "step");
	json_str(out, "what", s->what);
	json_str(out, "why", s->why);
	json_str(out, "clock", s->clock);
	json_str(out, "command", s->command);
	json_open_array(out, "choices");
	for (unsigned i = 0; i < s->nchoices; i++) {
		json_open_object(out, NULL);
		json_str(out, "when", s->choices[i].when);
		json_str(out, "command", s->choices[i].command);
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
}

static int look(struct exchange *x, struct row_dsr *row, struct request_step *ret,
	struct cu_err *err)
{
	struct request_facts f = { .row = row, .today = casework_today(x->daemon) };
	struct deadline d = { 0 };
	char backups[REQUEST_TEXT] = "", untold[ENGINE_KEY_SIZE], underway[ENGINE_KEY_SIZE];
	struct row_dsr_part kept;
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = find_asker(x, rd, &f, err);

	r = r < 0 ? r : find_untold(rd, &f, untold, underway, err);
	f.can_mail = f.untold && can_mail(x->policy, f.untold);
	r = r < 0 ? r : find_kept(rd, &f, &kept, err);
	f.deadline = casework_deadline(x->daemon, rd, row, &d, NULL, NULL) == 0 ? &d : NULL;
	store_reader_give(x->daemon->house.store, rd);
	if (r == 0) {
		r = find_backups(x, &f, backups, sizeof(backups), err);
	}
	if (r == 0) {
		request_next(&f, ret);
	}
	return r;
}

int handle_REQUEST_NEXT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct request_step step;
	struct row_dsr row;
	int r = casework_find(x, &row, err);

	if (r == 0) { /* what it waited for may have come meanwhile */
		r = request_tend(x->daemon, row.number, err);
	}
	if (r == 0) {
		r = casework_find(x, &row, err);
	}
	if (r == 0) {
		r = look(x, &row, &step, err);
	}
	if (r == 0) {
		r = casework_show(x->daemon, out, "request", &row, err);
	}
	if (r == 0) {
		show_step(out, &step);
	}
	return r;
}
