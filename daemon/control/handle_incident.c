/* Incidents: what happened, who is told by when, until it is closed; the register of all. */
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "base/zone.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/incidents.h"
#include "control/papers.h"
#include "policy/policy.h"

#define MAX_TEXT_BYTES (64 * 1024)

static int64_t now_of(const struct exchange *x)
{
	return clock_now_ms(&x->daemon->house.clock);
}

static int check_text(const char *name, const char *text, struct cu_err *err)
{
	size_t n = strlen(text);

	if (text_is_blank(text)) {
		return cu_err_set(err, CU_EINVAL, "%s: is empty: say in a few lines what is known", name);
	}
	return n > MAX_TEXT_BYTES ?
		cu_err_set(err, CU_ELIMIT, "%s: at most %d bytes", name, MAX_TEXT_BYTES) :
		0;
}

static int check_past(const struct exchange *x, const char *name, int64_t ms, struct cu_err *err)
{
	return ms > now_of(x) ? cu_err_set(err, CU_EINVAL, "%s: this is in the future", name) : 0;
}

/* Where the call says so, when it happened, how grave it is. */
static int take_facts(struct exchange *x, struct row_incident *row, struct cu_err *err)
{
	const char *kind = exchange_text(x, "kind"), *risk = exchange_text(x, "risk");
	const char *keys = exchange_text(x, "keys");
	int64_t began = 0, ended = 0;
	int r = incidents_take_time(x, "began", false, &began, err);

	if (r == 0) {
		r = incidents_take_time(x, "ended", true, &ended, err);
	}
	if (r < 0) {
		return r;
	}
	row->from_ms = began ? began : row->from_ms;
	row->to_ms = ended ? ended : row->to_ms;
	if (row->from_ms && row->to_ms && row->from_ms >= row->to_ms) {
		return cu_err_set(err, CU_EINVAL, "ended: this is not after it began");
	}
	row->kind = kind ? incident_kind_parse(kind) : row->kind; /* the interface checked the words */
	if (risk) {
		(void)incident_risk_parse(risk, &row->risk);
	}
	if (keys) {
		row->keys_are_safe = strcmp(keys, "safe") == 0;
	}
	return check_past(x, "began", row->from_ms, err);
}

/* --- open -------------------------------------------------------------------------- */

struct opening {
	struct store_op op;
	struct row_incident row;
	struct span text;
};

static int apply_open(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct opening *o = (struct opening *)op;
	int r = tx_incident_open(tx, &o->row, err);

	return r < 0 ? r : tx_incident_text(tx, &o->row, INCIDENT_FACTS, o->text, err);
}

int handle_INCIDENT_OPEN(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *text = exchange_text(x, "text");
	/* until somebody has thought about it, there is a risk */
	struct opening o = { .op.apply = apply_open, .row.risk = LAW_RISK_SOME,
		.text = span_str(text) };
	int r = 0;

	if (!zone_parse_time(exchange_text(x, "noticed"), &o.row.noticed_ms)) {
		r = cu_err_set(err, CU_EINVAL,
			"noticed: expected a local time, as \"2026-01-30 10:15\": the clock runs from then");
	}
	if (r == 0) {
		r = check_past(x, "noticed", o.row.noticed_ms, err);
	}
	if (r == 0) {
		r = take_facts(x, &o.row, err);
	}
	if (r == 0) {
		r = check_text("text", text, err);
	}
	if (r == 0) {
		r = exchange_change(x, &o.op, err);
	}
	return r < 0 ? r : incidents_show(x, out, "incident", &o.row, err);
}

/* --- list, show, register ---------------------------------------------------------- */

int handle_INCIDENT_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct store *store = x->daemon->house.store;
	bool is_all = exchange_flag(x, "all");
	struct row_incident row = { 0 };
	int r = 1;

	json_open_array(out, "incidents");
	while (r > 0) {
		struct reader *rd = store_reader_take(store);

		r = reader_next_incident(rd, row.number, &row, err);
		store_reader_give(store, rd);
		if (r > 0 && (is_all || row.closed_ms == 0)) {
			int shown = incidents_show(x, out, NULL, &row, err);

			r = shown < 0 ? shown : r;
		}
	}
	json_close_array(out);
	return r;
}

static int show_whole(struct exchange *x, struct json *out, const struct row_incident *row,
	const char *why, struct cu_err *err)
{
	int r = incidents_read_leaf(x, row, why, err);

	if (r == 0) {
		r = incidents_show(x, out, "incident", row, err);
	}
	return r < 0 ? r : papers_show(x, out, &row->kase, INCIDENT_COLLECTION, NULL, err);
}

int handle_INCIDENT_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct row_incident row;
	int r = incidents_find(x, &row, err);

	return r < 0 ? r : show_whole(x, out, &row, "incident.show", err);
}

int handle_INCIDENT_REGISTER(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct store *store = x->daemon->house.store;
	struct row_incident row = { 0 };
	int r = 1;

	json_open_array(out, "register");
	while (r > 0) {
		struct reader *rd = store_reader_take(store);

		r = reader_next_incident(rd, row.number, &row, err);
		store_reader_give(store, rd);
		if (r > 0) {
			int shown;

			json_open_object(out, NULL);
			shown = show_whole(x, out, &row, "incident.register", err);
			json_close_object(out);
			r = shown < 0 ? shown : r;
		}
	}
	json_close_array(out);
	return r;
}

/* --- note -------------------------------------------------------------------------- */

struct noting {
	struct exchange *x;
	const char *about;
	struct span text;
};

static int apply_note(struct tx *tx, struct incident_change *c, struct cu_err *err)
{
	const struct noting *n = c->ctx;
	int r = take_facts(n->x, &c->row, err);

	if (r == 0) {
		r = tx_incident_text(tx, &c->row, n->about, n->text, err);
	}
	return r < 0 ? r : tx_incident_put(tx, &c->row, LEAF_INCIDENT_NOTE, n->about, err);
}

int handle_INCIDENT_NOTE(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *text = exchange_text(x, "text"), *about = exchange_text(x, "about");
	struct noting n = { x, about ? about : INCIDENT_FACTS, span_str(text) };
	struct incident_change c = { .fn = apply_note, .ctx = &n };
	int r = check_text("text", text, err);

	if (r == 0) {
		r = incidents_change(x, &c, err);
	}
	return r < 0 ? r : incidents_show(x, out, "incident", &c.row, err);
}

/* --- tell -------------------------------------------------------------------------- */

#define MAX_LAWS 16

struct telling {
	struct exchange *x;
	unsigned to;
	int64_t at_ms;
	const char *law; /* NULL: not said */
	const char *reasons;
	const char *laws[MAX_LAWS]; /* by which they are told */
	size_t nlaws;
	bool is_late;
};

/* Duties that this telling is about. */
static int take_duty(void *ctx, const struct incident_duty *duty, struct cu_err *err)
{
	struct telling *t = ctx;
	const struct law_breach *b = duty->breach;

	if ((unsigned)b->to != t->to || (t->law && strcmp(t->law, duty->law->key) != 0)) {
		return 0;
	}
	if (t->nlaws == MAX_LAWS) {
		return cu_err_set(err, CU_ELIMIT, "more than %d laws ask for this", MAX_LAWS);
	}
	t->laws[t->nlaws++] = duty->law->key;
	t->is_late = t->is_late || (duty->told_ms == 0 && b->within.unit != LAW_AT_ONCE &&
					   t->at_ms > duty->until_ms);
	return 0;
}

static int check_telling(struct telling *t, const struct row_incident *row, struct cu_err *err)
{
	struct daemon *d = t->x->daemon;
	struct reader *rd = store_reader_take(d->house.store);
	int r = incidents_duties(d, rd, row, take_duty, t, err);

	store_reader_give(d->house.store, rd);
	if (r < 0) {
		return r;
	}
	if (t->nlaws == 0) {
		return cu_err_set(err, CU_EINVAL,
			"law: no law that organisation.yaml names%s asks for this: see 'incident show %u'",
			t->law ? _(" by this key") : "", row->number);
	}
	if (t->to == LAW_AUTHORITY && t->nlaws > 1) {
		return cu_err_set(err, CU_EINVAL,
			"law: more than one holds, each with an authority of its own: --law says which was told");
	}
	if (t->at_ms < row->noticed_ms) {
		return cu_err_set(err, CU_EINVAL, "at: this is before the incident was noticed");
	}
	if (t->is_late && !t->reasons) {
		return cu_err_set(err, CU_EINVAL,
			"reasons: this is late, and the law wants to be told why: --reasons=FILE");
	}
	return t->reasons ? check_text("reasons", t->reasons, err) : 0;
}

static int apply_tell(struct tx *tx, struct incident_change *c, struct cu_err *err)
{
	const struct telling *t = c->ctx;
	int r = t->reasons ? tx_incident_text(tx, &c->row, INCIDENT_DELAY, span_str(t->reasons), err) :
			     0;

	for (size_t i = 0; r == 0 && i < t->nlaws; i++) {
		struct row_incident_told told = { .to = t->to, .at_ms = t->at_ms };

		strcpy(told.law, t->laws[i]);
		r = tx_incident_told(tx, &c->row, &told, incident_told_word(t->to), err);
	}
	return r;
}

int handle_INCIDENT_TELL(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct telling t = { .x = x, .law = exchange_text(x, "law"),
		.reasons = exchange_text(x, "reasons") };
	struct incident_change c = { .fn = apply_tell, .ctx = &t };
	struct row_incident row;
	int r = 0;

	(void)incident_told_parse(exchange_text(x, "whom"), &t.to); /* the interface checked it */
	if (!zone_parse_time(exchange_text(x, "at"), &t.at_ms)) {
		r = cu_err_set(err, CU_EINVAL, "at: expected a local time, as \"2026-01-30 10:15\"");
	}
	if (r == 0) {
		r = check_past(x, "at", t.at_ms, err);
	}
	if (r == 0) {
		r = incidents_find(x, &row, err);
	}
	if (r == 0) {
		r = check_telling(&t, &row, err);
	}
	if (r == 0) {
		r = incidents_change(x, &c, err);
	}
	return r < 0 ? r : incidents_show(x, out, "incident", &c.row, err);
}

/* --- close ------------------------------------------------------------------------- */

static int refuse_duty(void *ctx, const struct incident_duty *duty, struct cu_err *err)
{
	const struct row_incident *row = ctx;
	const char *whom = incident_told_word((unsigned)duty->breach->to);

	return incident_is_open_duty(duty->verdict) ?
		cu_err_set(err, CU_EBUSY,
			"the %s must be told by law %s: 'incident tell %u %s'; if there is no such risk, "
			"'incident note %u --risk=none' with why",
			whom, duty->law->key, row->number, whom, row->number) :
		0;
}

struct sections {
	bool has_effects, has_measures;
};

static int note_section(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct sections *s = ctx;
	struct span kind = record_get(rec, "kind");

	(void)row;
	(void)err;
	s->has_effects = s->has_effects || span_eq(kind, span_str(INCIDENT_EFFECTS));
	s->has_measures = s->has_measures || span_eq(kind, span_str(INCIDENT_MEASURES));
	return 0;
}

static int check_closing(struct exchange *x, struct reader *rd, struct row_incident *row,
	struct cu_err *err)
{
	struct sections s = { 0 };
	int r = incidents_duties(x->daemon, rd, row, refuse_duty, row, err);

	if (r == 0) {
		r = reader_begin(rd, err);
	}
	if (r == 0) {
		r = reader_records(rd, &row->kase, INCIDENT_COLLECTION, note_section, &s, err);
		reader_end(rd);
	}
	if (r >= 0 && !(s.has_effects && s.has_measures)) {
		r = cu_err_set(err, CU_EBUSY,
			"the register lacks %s: 'incident note %u --about=%s'",
			s.has_effects ? _("what was done about it") : _("the effects"), row->number,
			s.has_effects ? INCIDENT_MEASURES : INCIDENT_EFFECTS);
	}
	return r < 0 ? r : 0;
}

/* What was checked beside the writer has to hold still: whom a law wants told goes by these. */
static int apply_close(struct tx *tx, struct incident_change *c, struct cu_err *err)
{
	const struct row_incident *was = c->ctx;

	if (c->row.risk != was->risk || c->row.keys_are_safe != was->keys_are_safe ||
		c->row.noticed_ms != was->noticed_ms) {
		return cu_err_set(err, CU_EBUSY,
			"incident %u was assessed anew meanwhile: 'incident show %u', then close it again",
			c->row.number, c->row.number);
	}
	c->row.closed_ms = tx->now_ms;
	return tx_incident_put(tx, &c->row, LEAF_INCIDENT_CLOSE, "", err);
}

int handle_INCIDENT_CLOSE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct row_incident row;
	struct incident_change c = { .fn = apply_close, .ctx = &row };
	int r = incidents_find(x, &row, err);

	if (r == 0) {
		struct reader *rd = store_reader_take(x->daemon->house.store);

		r = check_closing(x, rd, &row, err);
		store_reader_give(x->daemon->house.store, rd);
	}
	if (r == 0) {
		r = incidents_change(x, &c, err);
	}
	return r < 0 ? r : incidents_show(x, out, "incident", &c.row, err);
}
