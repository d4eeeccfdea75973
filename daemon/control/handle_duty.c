/* Duties: what people do again and again, when each is due, and what they wrote down for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"
#include "control/access_review.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/duties.h"
#include "control/handle.h"
#include "policy/policy.h"
#include "store/tx_duty.h"

#define MAX_TEXT_BYTES (64 * 1024)

static const char *in_language(const struct said *s)
{
	return s->in[intl_language() == INTL_ZH ? LANGUAGE_ZH : LANGUAGE_EN];
}

static bool is_mine(const struct exchange *x, const struct duty *duty)
{
	return duty && access_has_role(&x->rights, duty->owner);
}

static void show_day(struct json *out, const char *name, int32_t day)
{
	char text[CIVIL_DAY_SIZE];

	if (day != CIVIL_NO_DAY) {
		civil_format_day(day, text);
		json_str(out, name, text);
	}
}

static void show_duty(struct exchange *x, struct json *out, const char *name,
	const struct duty_look *l)
{
	json_open_object(out, name);
	json_str(out, "duty", l->key);
	json_str(out, "state", duty_state_word(l->state));
	if (l->duty) {
		json_str(out, "owner", l->duty->owner);
		json_int(out, "days", l->due - casework_today(x->daemon));
	}
	show_day(out, "due", l->due);
	show_day(out, "last", l->last);
	json_bool(out, "by_drill", l->is_by_drill);
	json_bool(out, "is_mine", is_mine(x, l->duty));
	json_close_object(out);
}

/* --- list ------------------------------------------------------------------------- */

struct list {
	struct duty_look *v;
	size_t n, room;
};

static int take(void *ctx, const struct duty_look *look, struct cu_err *err)
{
	struct list *l = ctx;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		struct duty_look *v = realloc(l->v, room * sizeof(*v));

		if (!v) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		l->v = v;
		l->room = room;
	}
	l->v[l->n++] = *look;
	return 0;
}

/* What is gone is due on no day: it comes last. */
static int by_due(const void *a, const void *b)
{
	const struct duty_look *p = a, *q = b;
	int64_t left = p->due == CIVIL_NO_DAY ? INT64_MAX : p->due;
	int64_t right = q->due == CIVIL_NO_DAY ? INT64_MAX : q->due;

	return left < right ? -1 : left > right ? 1 : strcmp(p->key, q->key);
}

int handle_DUTY_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct list l = { NULL, 0, 0 };
	int r = duties_each(x->daemon, x->policy, exchange_flag(x, "all"), take, &l, err);

	if (l.n > 1) {
		qsort(l.v, l.n, sizeof(*l.v), by_due);
	}
	json_open_array(out, "duties");
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		show_duty(x, out, NULL, &l.v[i]);
	}
	json_close_array(out);
	free(l.v);
	return r;
}

/* --- show, history ---------------------------------------------------------------- */

static int show_doing(struct json *out, struct reader *rd, const struct duty *duty,
	const struct row_duty *row, struct cu_err *err)
{
	const struct duty_doing doing = { row->day, row->due_day };
	uint32_t uid;
	int r = reader_operator_uid(rd, &row->actor, &uid, err);

	json_open_object(out, NULL);
	json_hex(out, "id", row->id.b, sizeof(row->id.b));
	show_day(out, "day", row->day);
	show_day(out, "due", row->due_day);
	json_bool(out, "late", duty && duty_was_late(duty, &doing));
	json_int(out, "noted_ms", row->at_ms);
	if (r > 0) {
		json_uint(out, "by", uid);
	}
	json_close_object(out);
	return r < 0 ? r : 0;
}

static int show_doings(struct exchange *x, struct json *out, const struct duty_look *l,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct row_duty row, *before = NULL;
	int r;

	json_open_array(out, "doings");
	while ((r = reader_duty_before(rd, l->key, before, &row, err)) > 0) {
		before = &row;
		r = show_doing(out, rd, l->duty, &row, err);
		if (r < 0) {
			break;
		}
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

int handle_DUTY_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct duty_look l;
	int r = duties_look(x->daemon, x->policy, exchange_text(x, "duty"), &l, err);

	if (r < 0) {
		return r;
	}
	json_open_object(out, "result");
	show_duty(x, out, "duty", &l);
	if (l.duty) {
		json_str(out, "text", in_language(&l.duty->text));
		json_str(out, "evidence", in_language(&l.duty->evidence));
	}
	if (l.duty && l.duty->cite) {
		json_str(out, "cite", l.duty->cite);
	}
	r = show_doings(x, out, &l, err);
	if (r == 0 && l.duty && l.duty->shows == DUTY_SHOWS_ACCESS) {
		r = access_review_show(x, out, err);
	}
	json_close_object(out);
	return r;
}

struct evidence {
	struct json *out;
	const struct row_duty *row;
};

static int show_text(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct evidence *e = ctx;
	struct span text = record_get(rec, "text");

	(void)row;
	(void)err;
	json_open_object(e->out, NULL);
	json_hex(e->out, "id", e->row->id.b, sizeof(e->row->id.b));
	json_strn(e->out, "text", (const char *)text.p, text.n);
	json_close_object(e->out);
	return 0;
}

static int show_evidence(struct exchange *x, struct json *out, const char *key,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct row_duty row, *before = NULL;
	struct evidence e = { out, &row };
	int r = reader_begin(rd, err);

	json_open_array(out, "evidence");
	if (r == 0) {
		while ((r = reader_duty_before(rd, key, before, &row, err)) > 0) {
			before = &row;
			r = reader_records(rd, &row.kase, DUTY_COLLECTION, show_text, &e, err);
			if (r < 0) {
				break;
			}
		}
		reader_end(rd);
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

int handle_DUTY_HISTORY(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_DUTY_READ };
	struct duty_look l;
	int r = duties_look(x->daemon, x->policy, exchange_text(x, "duty"), &l, err);

	if (r == 0) {
		snprintf(leaf.collection, sizeof(leaf.collection), "%s", l.key);
		r = exchange_leaf(x, &leaf, err);
	}
	if (r == 0) {
		r = show_doings(x, out, &l, err);
	}
	return r < 0 ? r : show_evidence(x, out, l.key, err);
}

/* --- done ------------------------------------------------------------------------- */

struct doing {
	struct store_op op;
	struct row_duty row;
	struct span text;
};

static int apply_doing(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct doing *d = (struct doing *)op;
	int r = tx_duty_know(tx, d->row.duty, err);

	return r < 0 ? r : tx_duty_done(tx, &d->row, d->text, err);
}

static int take_day(const struct exchange *x, int32_t *ret, struct cu_err *err)
{
	const char *text = exchange_text(x, "on");
	int32_t today = casework_today(x->daemon);

	*ret = today;
	if (text && !civil_parse_day(text, ret)) {
		return cu_err_set(err, CU_EINVAL, "on: expected a date, as 2026-11-21");
	}
	return *ret > today ? cu_err_set(err, CU_EINVAL, "on: this is in the future") : 0;
}

static int take_evidence(const struct exchange *x, const struct duty *duty, struct span *ret,
	struct cu_err *err)
{
	const char *text = exchange_text(x, "text");

	*ret = span_str(text);
	if (text_is_blank(text)) {
		return cu_err_set(err, CU_EINVAL,
			"text: is empty, and evidence is what this duty is shown by: 'duty show %s' says what belongs into it",
			duty->key);
	}
	return ret->n > MAX_TEXT_BYTES ?
		cu_err_set(err, CU_ELIMIT, "text: at most %d bytes: say where the rest lies",
			MAX_TEXT_BYTES) :
		0;
}

static int check_mine(const struct exchange *x, const struct duty_look *l, struct cu_err *err)
{
	if (!l->duty) {
		return cu_err_set(err, CU_EINVAL, "duty: duties.yaml does not have it any more");
	}
	return is_mine(x, l->duty) ?
		0 :
		cu_err_set(err, CU_EDENIED, "this duty is of the role '%s', which you do not have",
			l->duty->owner);
}

int handle_DUTY_DONE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct doing d = { .op.apply = apply_doing };
	struct duty_look l;
	int r = duties_look(x->daemon, x->policy, exchange_text(x, "duty"), &l, err);

	if (r == 0) {
		r = check_mine(x, &l, err);
	}
	if (r == 0) {
		r = take_day(x, &d.row.day, err);
	}
	if (r == 0) {
		r = take_evidence(x, l.duty, &d.text, err);
	}
	if (r == 0) {
		snprintf(d.row.duty, sizeof(d.row.duty), "%s", l.key);
		d.row.due_day = l.due;
		r = exchange_change(x, &d.op, err);
	}
	if (r == 0) {
		r = duties_look(x->daemon, x->policy, l.key, &l, err);
	}
	if (r == 0) {
		show_duty(x, out, "duty", &l);
	}
	return r;
}
