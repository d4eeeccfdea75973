#include "privacy/deadline.h"

#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "policy/holidays.h"
#include "privacy/calendar.h"
#include "privacy/derivation.h"

#define HOUR_MS      INT64_C(3600000)
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define SAY(d, s, v) derivation_say(d, s, v, COUNT(v))

/* What all steps of one computation look at. */
struct clock {
	const struct law *law;
	const struct deadline_facts *facts;
	const struct holidays *calendar;
	struct derivation say;
	int32_t paused_days; /* of what was counted last */
	bool is_paused;
};

static const char *cited(const struct clock *k, const struct said *s)
{
	return s->in[k->say.language];
}

/* --- working days ------------------------------------------------------------------ */

static int32_t end_of_pause(const struct clock *k, const struct deadline_pause *p)
{
	int32_t to = p->to == CIVIL_NO_DAY ? k->facts->today : p->to;

	return to < p->from ? p->from : to;
}

static bool is_paused(const struct clock *k, int32_t day)
{
	for (size_t i = 0; k->law->counting.pause.node && i < k->facts->npauses; i++) {
		const struct deadline_pause *p = &k->facts->pauses[i];

		if (day > p->from && day <= end_of_pause(k, p)) {
			return true;
		}
	}
	return false;
}

static int add_working_days(const struct clock *k, int64_t n, bool pauses, int32_t *ret,
	struct cu_err *err)
{
	int32_t day = k->facts->received;

	while (n > 0) {
		struct calendar_day d;
		int r = calendar_look(k->calendar, ++day, &d, err);

		if (r < 0) {
			return r;
		}
		n -= d.is_working && !(pauses && is_paused(k, day)) ? 1 : 0;
	}
	*ret = day;
	return 0;
}

static void say_days_off(const struct clock *k, int32_t from, int32_t to,
	const struct said *name)
{
	char a[DERIVATION_SIZE], b[DERIVATION_SIZE];
	struct fill_value v[] = {
		{ "day", derivation_day(&k->say, from, a) },
		{ "from", a },
		{ "to", derivation_day(&k->say, to, b) },
		{ "name", cited(k, name) },
	};

	SAY(&k->say, from == to ? SAY_DAY_OFF : SAY_DAYS_OFF, v);
}

/* What a calendar on the wall would not show: holidays, and weekends that are worked. */
static int say_exceptions(const struct clock *k, int32_t end, struct cu_err *err)
{
	struct calendar_day d = { 0 }, next = { 0 };

	for (int32_t day = k->facts->received + 1, first = day; day <= end; day++) {
		int r = calendar_look(k->calendar, day, &d, err);

		if (r == 0 && d.name && day < end) {
			r = calendar_look(k->calendar, day + 1, &next, err);
		}
		if (r < 0) {
			return r;
		}
		if (d.is_made_up) {
			char text[DERIVATION_SIZE];
			struct fill_value v[] = { { "day", derivation_day(&k->say, day, text) } };

			SAY(&k->say, SAY_MADE_UP, v);
		}
		if (d.name && (day == end || next.name != d.name)) {
			say_days_off(k, first, day, d.name);
		}
		if (!d.name || day == end || next.name != d.name) {
			first = day + 1;
		}
	}
	return 0;
}

/* --- one period -------------------------------------------------------------------- */

static void say_period(const struct clock *k, const struct law_period *p, int64_t n, int32_t end,
	bool is_short)
{
	char length[DERIVATION_SIZE], day[DERIVATION_SIZE], number[DERIVATION_SIZE];
	struct fill_value v[] = {
		{ "length", derivation_length(&k->say, p->unit, n, length) },
		{ "cite", cited(k, &p->cite) },
		{ "day", derivation_day(&k->say, end, day) },
		{ "number",
			derivation_number(civil_of_day(k->facts->received).day, number) },
		{ "why", cited(k, &k->law->counting.short_month) },
	};

	SAY(&k->say, is_short ? SAY_SHORT_MONTH : p->unit == LAW_AT_ONCE ? SAY_NO_PERIOD : SAY_PERIOD,
		v);
}

/* Where the period would end if nothing stood in its way. */
static int count_plain(const struct clock *k, const struct law_period *p, int64_t n,
	int32_t *ret, struct cu_err *err)
{
	int32_t received = k->facts->received, end = received;
	bool is_short = false;
	int r = 0;

	switch ((enum law_unit)p->unit) {
	case LAW_DAYS: end = received + (int32_t)n; break;
	case LAW_MONTHS: end = civil_add_months(received, (int)n, &is_short); break;
	case LAW_WORKING_DAYS: r = add_working_days(k, n, false, &end, err); break;
	case LAW_AT_ONCE:
	case LAW_HOURS: /* law.c allows neither these for requests */
	case LAW_YEARS: break;
	}
	if (r < 0) {
		return r;
	}
	say_period(k, p, n, end, is_short);
	*ret = end;
	return p->unit == LAW_WORKING_DAYS ? say_exceptions(k, end, err) : 0;
}

static void say_pause(const struct clock *k, const struct deadline_pause *p,
	enum sentence sentence)
{
	int32_t to = end_of_pause(k, p);
	char a[DERIVATION_SIZE], b[DERIVATION_SIZE], length[DERIVATION_SIZE];
	struct fill_value v[] = {
		{ "from", derivation_day(&k->say, p->from, a) },
		{ "to", derivation_day(&k->say, to, b) },
		{ "length", derivation_length(&k->say, LAW_DAYS, to - p->from, length) },
		{ "cite", cited(k, &k->law->counting.pause) },
	};

	SAY(&k->say, sentence, v);
}

/* Days on which the clock stood still are added.  end is where the period ends without them. */
static int count_pauses(struct clock *k, const struct law_period *p, int64_t n, int32_t end,
	int32_t *ret, struct cu_err *err)
{
	int32_t until = end;
	char day[DERIVATION_SIZE];
	int r = 0;

	k->paused_days = 0;
	k->is_paused = false;
	for (size_t i = 0; i < k->facts->npauses; i++) {
		const struct deadline_pause *pause = &k->facts->pauses[i];

		if (!k->law->counting.pause.node) {
			say_pause(k, pause, SAY_PAUSE_NONE);
		} else if (pause->from > until) {
			say_pause(k, pause, SAY_PAUSE_LATE);
		} else {
			say_pause(k, pause,
				pause->to == CIVIL_NO_DAY ? SAY_PAUSE_OPEN : SAY_PAUSE);
			k->paused_days += end_of_pause(k, pause) - pause->from;
			k->is_paused = pause->to == CIVIL_NO_DAY;
			until += end_of_pause(k, pause) - pause->from;
		}
	}
	if (p->unit == LAW_WORKING_DAYS && k->paused_days > 0) {
		r = add_working_days(k, n, true, &until, err);
	}
	if (r == 0 && until != end) {
		struct fill_value v[] = { { "day", derivation_day(&k->say, until, day) } };

		SAY(&k->say, SAY_PAUSED_TO, v);
	}
	*ret = until;
	return r;
}

/* A period does not end on a day off. */
static int leave_days_off(const struct clock *k, int32_t end, int32_t *ret, struct cu_err *err)
{
	char a[DERIVATION_SIZE], b[DERIVATION_SIZE];
	struct calendar_day d;
	int32_t next = end;
	int r = calendar_look(k->calendar, end, &d, err);

	if (r == 0) {
		r = calendar_next(k->calendar, end, &next, err);
	}
	if (r == 0 && next != end) {
		struct fill_value v[] = {
			{ "day", derivation_day(&k->say, end, a) },
			{ "name", d.name ? cited(k, d.name) : derivation_weekday(&k->say, end) },
			{ "next", derivation_day(&k->say, next, b) },
			{ "cite", cited(k, &k->law->counting.rest_day) },
		};

		SAY(&k->say, SAY_REST_DAY, v);
	}
	*ret = next;
	return r;
}

/* What ends on enough or later does not matter: it is not moved on, for the year may be one that
 * nobody knows yet. */
static int count_period(struct clock *k, const struct law_period *p, int64_t more,
	int32_t enough, int32_t *ret, struct cu_err *err)
{
	int32_t end;
	int r = count_plain(k, p, p->n + more, &end, err);

	if (r == 0 && p->unit != LAW_AT_ONCE) {
		r = count_pauses(k, p, p->n + more, end, &end, err);
	}
	if (r == 0 && p->unit != LAW_AT_ONCE && end < enough) {
		r = leave_days_off(k, end, &end, err);
	}
	if (r == 0) {
		*ret = end;
	}
	return r;
}

/* --- a request --------------------------------------------------------------------- */

struct answers {
	const struct law_period *v;
	size_t n;
};

/* All periods hold: the earliest end counts. */
static int count_answers(struct clock *k, struct answers a, int64_t more, int32_t *ret,
	struct cu_err *err)
{
	int32_t earliest = INT32_MAX, paused_days = 0;
	bool is_paused = false;
	char day[DERIVATION_SIZE];

	for (size_t i = 0; i < a.n; i++) {
		int32_t end = 0;
		int r = count_period(k, &a.v[i], more, earliest, &end, err);

		if (r < 0) {
			return r;
		}
		if (end < earliest) {
			earliest = end;
			paused_days = k->paused_days;
			is_paused = k->is_paused;
		}
	}
	if (a.n > 1) {
		struct fill_value v[] = { { "day", derivation_day(&k->say, earliest, day) } };

		SAY(&k->say, SAY_EARLIEST, v);
	}
	k->paused_days = paused_days;
	k->is_paused = is_paused;
	*ret = earliest;
	return 0;
}

/* One sentence about an extension: of what length, until when, told when and by when. */
static void say_extension(const struct clock *k, enum sentence sentence, int32_t day, int32_t by)
{
	const struct law_period *x = &k->law->extension;
	char length[DERIVATION_SIZE], a[DERIVATION_SIZE], b[DERIVATION_SIZE];
	struct fill_value v[] = {
		{ "length", derivation_length(&k->say, x->unit, x->n, length) },
		{ "day", derivation_day(&k->say, day, a) },
		{ "by", derivation_day(&k->say, by, b) },
		{ "cite", cited(k, &x->cite) },
	};

	SAY(&k->say, sentence, v);
}

/* Which of the two days counts. */
static void judge_extension(const struct clock *k, struct deadline *d)
{
	int32_t told = k->facts->extension_told;

	if (told == CIVIL_NO_DAY && k->facts->today <= d->tell_by) {
		d->is_extension_untold = true;
		say_extension(k, SAY_UNTOLD, d->tell_by, d->tell_by);
	} else if (told == CIVIL_NO_DAY) {
		d->is_extension_untold = d->is_extension_void = true;
		say_extension(k, SAY_UNTOLD_LATE, d->tell_by, d->tell_by);
	} else if (told > d->tell_by) {
		d->is_extension_void = true;
		say_extension(k, SAY_TOLD_LATE, told, d->tell_by);
	} else {
		d->due = d->extended_due;
		d->paused_days = k->paused_days;
		d->is_paused = k->is_paused;
		say_extension(k, SAY_TOLD, told, d->tell_by);
	}
}

static int extend(struct clock *k, const struct law_request *q, struct answers a,
	struct deadline *d, struct cu_err *err)
{
	const struct law_period *x = &k->law->extension;
	struct clock silent = *k;
	int r;

	if (!x->node || !q->has_extension) {
		d->is_extension_void = k->facts->is_extended;
		if (k->facts->is_extended) {
			derivation_say(&k->say, SAY_NO_EXTENSION, NULL, 0);
		}
		return 0;
	}
	d->tell_by = d->first_due;
	if (!k->facts->is_extended) {
		silent.say.to = NULL;
		if (count_answers(&silent, a, x->n, &d->extended_due, NULL) == 0) {
			say_extension(k, SAY_EXTENSION_OFFERED, d->extended_due, d->tell_by);
		}
		return 0; /* a year that is not known yet does not matter yet */
	}
	say_extension(k, SAY_EXTENDED, d->first_due, d->tell_by);
	r = count_answers(k, a, x->n, &d->extended_due, err);
	if (r == 0) {
		judge_extension(k, d);
	}
	return r;
}

static int confirm(struct clock *k, struct deadline *d, struct cu_err *err)
{
	const struct law_period *p = &k->law->confirm;
	struct clock silent = *k;
	char day[DERIVATION_SIZE];
	int r;

	if (!p->node) {
		return 0;
	}
	silent.say.to = NULL;
	r = count_period(&silent, p, 0, INT32_MAX, &d->confirm_by, err);
	if (r == 0) {
		struct fill_value v[] = {
			{ "day", derivation_day(&k->say, d->confirm_by, day) },
			{ "cite", cited(k, &p->cite) },
		};

		SAY(&k->say, p->unit == LAW_AT_ONCE ? SAY_CONFIRM_AT_ONCE : SAY_CONFIRM, v);
	}
	return r;
}

/* --- beginning and end ------------------------------------------------------------- */

static int check_facts(const struct deadline_facts *f, struct cu_err *err)
{
	int32_t after = f->received;
	struct civil c = civil_of_day(f->received);

	if (c.year < 1900 || c.year > 9000) {
		return cu_err_set(err, CU_EINVAL, "received: the year is not believable");
	}
	for (size_t i = 0; i < f->npauses; i++) {
		const struct deadline_pause *p = &f->pauses[i];

		if (p->from < after) {
			return cu_err_set(err, CU_EINVAL, "a pause begins before %s",
				i == 0 ? _("the request was received") : _("the last one ended"));
		}
		if (p->to != CIVIL_NO_DAY && p->to < p->from) {
			return cu_err_set(err, CU_EINVAL, "a pause ends before it begins");
		}
		if (p->to == CIVIL_NO_DAY && i + 1 < f->npauses) {
			return cu_err_set(err, CU_EINVAL, "only the last pause may be open");
		}
		after = p->to;
	}
	if (f->extension_told != CIVIL_NO_DAY && f->extension_told < f->received) {
		return cu_err_set(err, CU_EINVAL,
			"the extension was told before the request was received");
	}
	return 0;
}

static void say_beginning(const struct clock *k, const struct law_request *q, bool has_period)
{
	char day[DERIVATION_SIZE];
	struct fill_value v[] = {
		{ "day", derivation_day(&k->say, k->facts->received, day) },
		{ "cite", cited(k, &k->law->counting.first_day) },
		{ "what", cited(k, &q->at_once) },
	};

	SAY(&k->say, has_period ? SAY_RECEIVED : SAY_RECEIVED_AT_ONCE, v);
	if (q->at_once.node) {
		SAY(&k->say, SAY_AT_ONCE, v);
	}
}

static void say_end(const struct clock *k, const struct deadline *d)
{
	char due[DERIVATION_SIZE], refuse[DERIVATION_SIZE];
	struct fill_value at_end[] = { { "day", derivation_day(&k->say, d->due, due) } };

	if (d->refuse_by != CIVIL_NO_DAY) {
		struct fill_value v[] = {
			{ "day", derivation_day(&k->say, d->refuse_by, refuse) },
			{ "cite", cited(k, &k->law->refusal) },
		};

		SAY(&k->say, SAY_REFUSAL, v);
	}
	SAY(&k->say, SAY_DUE, at_end);
}

int deadline_compute(const struct law *law, enum request_type type,
	const struct deadline_facts *facts, const struct holidays *calendar,
	enum language language, struct deadline *ret, struct buf *derivation,
	struct cu_err *err)
{
	struct clock k = { .law = law, .facts = facts, .calendar = calendar,
		.say = { language, derivation } };
	struct deadline d = { .extended_due = CIVIL_NO_DAY, .tell_by = CIVIL_NO_DAY,
		.refuse_by = CIVIL_NO_DAY, .confirm_by = CIVIL_NO_DAY };
	const struct law_request *q = law_find_request(law, type);
	struct answers a = { law->answer, law->nanswers };
	bool has_period;
	int r = check_facts(facts, err);

	if (r < 0) {
		return r;
	}
	if (!q) {
		return cu_err_set(err, CU_EUNSUP, "%s: has no request '%s'", law->file,
			law_request_word(type));
	}
	if (q->nanswers > 0) {
		a = (struct answers){ q->answer, q->nanswers };
	}
	has_period = a.v[0].unit != LAW_AT_ONCE;
	say_beginning(&k, q, has_period);
	r = confirm(&k, &d, err);
	if (r == 0) {
		r = count_answers(&k, a, 0, &d.first_due, err);
	}
	if (r < 0) {
		return r;
	}
	d.due = d.first_due;
	d.paused_days = k.paused_days;
	d.is_paused = k.is_paused;
	if (has_period) { /* what is granted at once cannot be refused */
		d.refuse_by = d.first_due;
	}
	r = extend(&k, q, a, &d, err);
	if (r < 0) {
		return r;
	}
	say_end(&k, &d);
	*ret = d;
	return derivation ? buf_check(derivation, err) : 0;
}

int64_t deadline_breach_ms(const struct law_breach *breach, int64_t noticed_ms)
{
	return breach->within.unit == LAW_HOURS ? noticed_ms + breach->within.n * HOUR_MS :
						  noticed_ms;
}
