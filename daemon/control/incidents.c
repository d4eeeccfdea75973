#include "control/incidents.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "policy/policy.h"
#include "privacy/deadline.h"

#define HOUR_MS 3600000

/* --- finding, changing ------------------------------------------------------------- */

static int missing(struct cu_err *err)
{
	return cu_err_set(err, CU_ENOENT, "there is no incident of this number: 'incident list'");
}

int incidents_find(struct exchange *x, struct row_incident *ret, struct cu_err *err)
{
	int64_t number = exchange_int(x, "number", 0);
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = number < 1 || number > UINT32_MAX ? 0 :
						    reader_incident(rd, (uint32_t)number, ret, err);

	store_reader_give(x->daemon->house.store, rd);
	return r == 0 ? missing(err) : r < 0 ? r : 0;
}

static int apply_change(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct incident_change *c = (struct incident_change *)op;
	int r = tx_incident_get(tx, c->number, &c->row, err);

	if (r == 0 && c->row.closed_ms != 0 && !c->may_be_closed) {
		r = cu_err_set(err, CU_EBUSY, "incident %u is closed: what is new is a new incident",
			c->number);
	}
	return r < 0 ? r : c->fn(tx, c, err);
}

int incidents_change(struct exchange *x, struct incident_change *c, struct cu_err *err)
{
	int64_t number = exchange_int(x, "number", 0);

	if (number < 1 || number > UINT32_MAX) {
		return missing(err);
	}
	c->number = (uint32_t)number;
	c->op.apply = apply_change;
	return exchange_change(x, &c->op, err);
}

int incidents_take_time(const struct exchange *x, const char *name, bool is_end,
	int64_t *ret_ms, struct cu_err *err)
{
	const char *text = exchange_text(x, name);
	char midnight[CIVIL_DAY_SIZE + 6];
	int32_t day;

	if (!text) {
		*ret_ms = 0;
		return 0;
	}
	if (strlen(text) == CIVIL_DAY_SIZE - 1 && civil_parse_day(text, &day)) {
		civil_format_day(day + is_end, midnight);
		strcat(midnight, " 00:00");
		text = midnight;
	}
	return zone_parse_time(text, ret_ms) ?
		0 :
		cu_err_set(err, CU_EINVAL,
			"%s: expected a local time, as \"2026-01-30 10:15\", or a date", name);
}

/* --- clocks ------------------------------------------------------------------------ */

int incidents_duties(const struct daemon *d, struct reader *rd, const struct row_incident *row,
	incident_duty_fn *fn, void *ctx, struct cu_err *err)
{
	const struct names *laws = &policy_organisation(d->policy)->laws;
	int64_t now = clock_now_ms(&d->house.clock);
	int r = 0;

	for (size_t i = 0; r == 0 && i < laws->n; i++) {
		struct incident_duty duty = { .law = policy_find_law(d->policy, laws->v[i]) };

		for (size_t j = 0; r == 0 && duty.law && j < duty.law->nbreaches; j++) {
			duty.breach = &duty.law->breaches[j];
			duty.told_ms = 0;
			duty.until_ms = deadline_breach_ms(duty.breach, row->noticed_ms);
			r = reader_incident_told(rd, row, duty.law->key, (unsigned)duty.breach->to,
				&duty.told_ms, err);
			if (r >= 0) {
				duty.verdict = incident_judge(duty.breach, row, duty.told_ms, now);
				r = fn(ctx, &duty, err);
			}
		}
	}
	return r;
}

/* Of a time that is over: how many hours have begun since, below zero. */
static int64_t hours_until(int64_t until_ms, int64_t now_ms)
{
	int64_t left = until_ms - now_ms;

	return left >= 0 ? left / HOUR_MS : -((-left + HOUR_MS - 1) / HOUR_MS);
}

/* --- showing ----------------------------------------------------------------------- */

struct showing {
	struct exchange *x;
	struct json *out;
	enum language language;
};

static void show_time(struct json *out, const char *name, int64_t ms)
{
	char text[ZONE_TIME_SIZE], key[40];

	if (ms != 0) {
		zone_format_time(ms, text);
		json_str(out, name, text);
		snprintf(key, sizeof(key), "%s_ms", name);
		json_int(out, key, ms);
	}
}

static int show_duty(void *ctx, const struct incident_duty *duty, struct cu_err *err)
{
	const struct showing *s = ctx;
	const struct law_breach *b = duty->breach;
	struct json *out = s->out;

	(void)err;
	json_open_object(out, NULL);
	json_str(out, "law", duty->law->key);
	json_str(out, "to", incident_told_word((unsigned)b->to));
	json_str(out, "verdict", incident_verdict_word(duty->verdict));
	json_bool(out, "at_once", b->within.unit == LAW_AT_ONCE);
	if (b->within.unit != LAW_AT_ONCE) {
		json_int(out, "hours", b->within.n);
		show_time(out, "until", duty->until_ms);
	}
	if (b->within.unit != LAW_AT_ONCE && incident_is_open_duty(duty->verdict)) {
		json_int(out, "hours_left",
			hours_until(duty->until_ms, clock_now_ms(&s->x->daemon->house.clock)));
	}
	show_time(out, "told", duty->told_ms);
	json_str(out, "cite", b->within.cite.in[s->language]);
	if (b->when.node) {
		json_str(out, "when", b->when.in[s->language]);
	}
	json_open_array(out, "contents");
	for (size_t i = 0; i < b->ncontents; i++) {
		json_str(out, NULL, b->contents[i].in[s->language]);
	}
	json_close_array(out);
	json_close_object(out);
	return 0;
}

int incidents_show(struct exchange *x, struct json *out, const char *name,
	const struct row_incident *row, struct cu_err *err)
{
	struct showing s = { x, out, exchange_language(x) };
	struct reader *rd;
	int r;

	json_open_object(out, name);
	json_uint(out, "number", row->number);
	json_hex(out, "incident", row->id.b, sizeof(row->id.b));
	json_str(out, "kind", incident_kind_word(row->kind));
	json_str(out, "risk", incident_risk_word(row->risk));
	json_str(out, "keys", row->keys_are_safe ? "safe" : "lost");
	json_bool(out, "is_open", row->closed_ms == 0);
	json_str(out, "language", language_word(s.language));
	show_time(out, "noticed", row->noticed_ms);
	show_time(out, "entered", row->entered_ms);
	show_time(out, "began", row->from_ms);
	show_time(out, "ended", row->to_ms);
	show_time(out, "closed", row->closed_ms);
	if (row->scoped_ms != 0) {
		show_time(out, "scoped", row->scoped_ms);
		json_uint(out, "affected", row->naffected);
	}
	json_open_array(out, "duties");
	rd = store_reader_take(x->daemon->house.store);
	r = incidents_duties(x->daemon, rd, row, show_duty, &s, err);
	store_reader_give(x->daemon->house.store, rd);
	json_close_array(out);
	json_close_object(out);
	return r;
}

int incidents_read_leaf(struct exchange *x, const struct row_incident *row, const char *why,
	struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_INCIDENT_READ, .obj = row->id, .count = row->number };

	strncpy(leaf.why, why, sizeof(leaf.why) - 1);
	return exchange_note(x, &leaf, err);
}

/* --- status ------------------------------------------------------------------------ */

struct standing_open {
	uint64_t nopen, nat_once;
	int64_t until_ms; /* the first that is to be told by a time; 0: none */
};

static int note_duty(void *ctx, const struct incident_duty *duty, struct cu_err *err)
{
	struct standing_open *s = ctx;

	(void)err;
	if (!incident_is_open_duty(duty->verdict)) {
		return 0;
	}
	if (duty->breach->within.unit == LAW_AT_ONCE) {
		s->nat_once++;
	} else if (s->until_ms == 0 || duty->until_ms < s->until_ms) {
		s->until_ms = duty->until_ms;
	}
	return 0;
}

int incidents_status(struct daemon *d, struct json *out, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	struct standing_open s = { 0 };
	struct row_incident row = { 0 };
	int r;

	while ((r = reader_next_incident(rd, row.number, &row, err)) > 0) {
		if (row.closed_ms != 0) {
			continue;
		}
		s.nopen++;
		r = incidents_duties(d, rd, &row, note_duty, &s, err);
		if (r < 0) {
			break;
		}
	}
	store_reader_give(d->house.store, rd);
	if (r < 0 || s.nopen == 0) {
		return r;
	}
	json_open_object(out, "incidents");
	json_uint(out, "open", s.nopen);
	json_uint(out, "at_once", s.nat_once);
	if (s.until_ms != 0) {
		show_time(out, "until", s.until_ms);
		json_int(out, "hours_left", hours_until(s.until_ms, clock_now_ms(&d->house.clock)));
	}
	json_close_object(out);
	return 0;
}
