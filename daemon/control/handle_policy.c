/* What the policies say: check, deadline, breach, letter. */
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/deadline.h"
#include "privacy/letter.h"

/* --- policy check ----------------------------------------------------------------- */

static void show_faults(struct json *out, const char *name, const struct faults *lines)
{
	json_open_array(out, name);
	for (size_t i = 0; i < lines->n; i++) {
		json_str(out, NULL, lines->text[i]);
	}
	json_close_array(out);
}

int handle_POLICY_CHECK(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	struct policy *p = NULL;
	int r = policy_load(x->daemon->policy_dir, &faults, &p, err);

	if (r < 0 && faults.n == 0) {
		return r; /* not what the files say, but that they cannot be read */
	}
	if (r == 0) {
		policy_warn(p, &warnings);
	}
	show_faults(out, "faults", &faults);
	show_faults(out, "warnings", &warnings);
	policy_unref(p);
	faults_done(&faults);
	faults_done(&warnings);
	return 0;
}

/* --- policy deadline -------------------------------------------------------------- */

#define PAUSES_MAX 16

/* Of a call: what is asked, and what is known. */
struct question {
	const struct law *law;
	const struct holidays *calendar;
	enum request_type type;
	enum language language;
	struct deadline_pause pauses[PAUSES_MAX];
	struct deadline_facts facts;
};

static int read_day(const char *text, const char *what, int32_t *ret, struct cu_err *err)
{
	if (!text) {
		*ret = CIVIL_NO_DAY;
		return 0;
	}
	if (strlen(text) != CIVIL_DAY_SIZE - 1 || !civil_parse_day(text, ret)) {
		return cu_err_set(err, CU_EINVAL, "%s: expected a date, as 2026-11-28", what);
	}
	return 0;
}

/* "2026-02-03..2026-02-10", or "2026-02-03..": not answered yet. */
static int read_pause(const char *text, struct deadline_pause *ret, struct cu_err *err)
{
	char from[CIVIL_DAY_SIZE];
	const char *dots = strstr(text, "..");

	if (!dots || dots - text != CIVIL_DAY_SIZE - 1) {
		return cu_err_set(err, CU_EINVAL,
			"pause: expected two dates, as 2026-02-03..2026-02-10, or one, as 2026-02-03..");
	}
	snprintf(from, sizeof(from), "%s", text);
	if (read_day(from, "pause", &ret->from, err) < 0) {
		return CU_EINVAL;
	}
	return read_day(dots[2] ? dots + 2 : NULL, "pause", &ret->to, err);
}

static int read_facts(const struct exchange *x, struct question *q, struct cu_err *err)
{
	const json_t *pauses = json_object_get(x->call.parameters, "pauses");
	size_t n = json_array_size(pauses);
	int r = read_day(exchange_text(x, "received"), "received", &q->facts.received, err);

	if (r == 0) {
		r = read_day(exchange_text(x, "told"), "told", &q->facts.extension_told, err);
	}
	if (r == 0 && n > PAUSES_MAX) {
		r = cu_err_set(err, CU_ELIMIT, "pause: more than %d", PAUSES_MAX);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = read_pause(json_string_value(json_array_get(pauses, i)), &q->pauses[i], err);
	}
	q->facts.pauses = q->pauses;
	q->facts.npauses = n;
	q->facts.is_extended = exchange_flag(x, "extended") || exchange_has(x, "told");
	q->facts.today = zone_day_of_ms(clock_now_ms(&x->daemon->house.clock));
	return r;
}

static int find_law(const struct exchange *x, const struct law **ret, struct cu_err *err)
{
	const char *key = exchange_text(x, "law");

	*ret = policy_find_law(x->daemon->policy, key);
	return *ret ? 0 :
		      cu_err_set(err, CU_ENOENT, "law: no file law/*.yaml of the policies is so called");
}

/* The interface has its words checked. */
static int find_type(const struct exchange *x, enum request_type *ret, struct cu_err *err)
{
	return law_request_parse(exchange_text(x, "request"), ret) ?
		0 :
		cu_err_set(err, CU_EINVAL, "request: is none that a law knows");
}

static int find_rules(const struct exchange *x, struct question *q, struct cu_err *err)
{
	const struct policy *p = x->daemon->policy;
	const char *country = exchange_text(x, "country");

	if (find_law(x, &q->law, err) < 0) {
		return CU_ENOENT;
	}
	if (country && q->law->calendar) {
		return cu_err_set(err, CU_EINVAL, "country: %s always counts by the calendar '%s'",
			q->law->file, q->law->calendar);
	}
	q->calendar = country ? policy_find_calendar(p, country) : policy_calendar_of(p, q->law);
	if (!q->calendar) {
		return cu_err_set(err, CU_ENOENT,
			"country: no file law/calendar/*.yaml of the policies is so called");
	}
	q->language = exchange_language(x);
	return find_type(x, &q->type, err);
}

static void show_day(struct json *out, const char *name, int32_t day)
{
	char text[CIVIL_DAY_SIZE];

	if (day != CIVIL_NO_DAY) {
		civil_format_day(day, text);
		json_str(out, name, text);
	}
}

static void show_deadline(const struct question *q, const struct deadline *d, struct json *out)
{
	json_str(out, "law", q->law->key);
	json_str(out, "calendar", q->calendar->key);
	show_day(out, "due", d->due);
	json_int(out, "days_left", d->due - q->facts.today);
	show_day(out, "first_due", d->first_due);
	show_day(out, "extended_due", d->extended_due);
	show_day(out, "tell_by", d->tell_by);
	show_day(out, "refuse_by", d->refuse_by);
	show_day(out, "confirm_by", d->confirm_by);
	json_int(out, "paused_days", d->paused_days);
	json_bool(out, "paused", d->is_paused);
	if (q->facts.is_extended) {
		json_str(out, "extension",
			d->is_extension_void             ? "void"
				: d->is_extension_untold ? "not_told_yet"
							 : "granted");
	}
}

static void show_lines(struct buf *lines, struct json *out)
{
	const char *at = buf_cstr(lines);

	json_open_array(out, "derivation");
	for (size_t n; *at; at += n + 1) { /* each ends with a newline */
		n = strcspn(at, "\n");
		json_strn(out, NULL, at, n);
	}
	json_close_array(out);
}

int handle_POLICY_DEADLINE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct question q = { 0 };
	struct buf derivation = BUF_INIT;
	struct deadline d;
	int r = find_rules(x, &q, err);

	if (r == 0) {
		r = read_facts(x, &q, err);
	}
	if (r == 0) {
		r = deadline_compute(q.law, q.type, &q.facts, q.calendar, q.language, &d,
			&derivation, err);
	}
	if (r == 0) {
		show_deadline(&q, &d, out);
		show_lines(&derivation, out);
	}
	buf_done(&derivation);
	return r;
}

/* --- policy breach ---------------------------------------------------------------- */

static void show_notice(const struct law_breach *b, int64_t noticed_ms, enum language language,
	struct json *out)
{
	int64_t until_ms = deadline_breach_ms(b, noticed_ms);
	char until[ZONE_TIME_SIZE];

	zone_format_time(until_ms, until);
	json_open_object(out, NULL);
	json_str(out, "to", b->to == LAW_AUTHORITY ? "authority" : "subjects");
	json_int(out, "until_ms", until_ms);
	json_str(out, "until", until);
	json_bool(out, "at_once", b->within.unit == LAW_AT_ONCE);
	json_str(out, "cite", b->within.cite.in[language]);
	if (b->when.node) {
		json_str(out, "when", b->when.in[language]);
	}
	json_close_object(out);
}

int handle_POLICY_BREACH(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct law *law;
	int64_t noticed_ms;

	if (find_law(x, &law, err) < 0) {
		return CU_ENOENT;
	}
	if (!zone_parse_time(exchange_text(x, "noticed"), &noticed_ms)) {
		return cu_err_set(err, CU_EINVAL,
			"noticed: expected a local time, as \"2026-01-30 10:15\"");
	}
	json_open_array(out, "notices");
	for (size_t i = 0; i < law->nbreaches; i++) {
		show_notice(&law->breaches[i], noticed_ms, exchange_language(x), out);
	}
	json_close_array(out);
	return 0;
}

/* --- policy letter ---------------------------------------------------------------- */

#define MARK_SIZE 40

/* Brackets around its name stand for what only a request knows. */
static void mark_values(char marks[NLETTER_VALUES][MARK_SIZE], struct letter_order *o)
{
	for (int v = 0; v < NLETTER_VALUES; v++) {
		snprintf(marks[v], MARK_SIZE, "[%s]", letters_value_name((enum letter_value)v));
		o->given[v] = marks[v];
	}
}

int handle_POLICY_LETTER(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct letter_order o = { .language = exchange_letter_language(x),
		.today = zone_day_of_ms(clock_now_ms(&x->daemon->house.clock)) };
	struct buf subject = BUF_INIT, text = BUF_INIT;
	char marks[NLETTER_VALUES][MARK_SIZE];
	int r = find_law(x, &o.law, err);

	if (r == 0) {
		r = find_type(x, &o.type, err);
	}
	if (r == 0 && !law_letter_parse(exchange_text(x, "letter"), &o.kind)) {
		r = cu_err_set(err, CU_EINVAL, "letter: there is none of this name");
	}
	if (r == 0) {
		mark_values(marks, &o);
		r = letter_write(x->daemon->policy, &o, &subject, &text, err);
	}
	if (r == 0) {
		json_str(out, "language", language_word(o.language));
		json_buf(out, "subject", &subject);
		json_buf(out, "text", &text);
	}
	buf_done(&subject);
	buf_done(&text);
	return r;
}
