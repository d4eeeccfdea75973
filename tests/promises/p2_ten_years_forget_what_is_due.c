/*
 * P2: in ten years what is due is forgotten, in all backups too, and nothing else.
 *
 * One daemon lives from 2021 to 2031 by a driven clock, with Chinook's customers and invoices as
 * they come: 2021 to 2025, and once more five years later.  Beside it goes a table of what must be
 * there: an invoice is kept three years, an e-mail address two years after its owner was last heard
 * of.  One customer's invoices are held from the second year to the sixth, another is restricted
 * for four years, some are erased, some take back what they agreed to.
 * The machine stands still for three days, and its clock is set wrong by a year, both ways.
 *
 * With ALL_DAYS=1 ('./dev years') each day passes, and everybody is there; else of most months only
 * the end, which somebody has to confirm, and a sixth of the people.
 */
#include "years.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/civil.h"

/* --- expiry ---------------------------------------------------------------------------------------- */

/* Somebody who may says that the clock is right. */
static void confirm(struct life *l)
{
	json_t *list = years_call(l->second, "io.custos.approval.List", json_pack("{s:b}", "all", 0)), *a;
	bool is_asked = false;
	size_t i;

	json_array_foreach(json_object_get(list, "approvals"), i, a)
	{
		if (strcmp(json_string_value(json_object_get(a, "kind")), "retention.clock") == 0) {
			json_decref(years_call(l->second, "io.custos.approval.Grant",
				json_pack("{s:O}", "approval", json_object_get(a, "approval"))));
			is_asked = true;
		}
	}
	json_decref(list);
	assert_true(is_asked);
	years_expire(l, "good");
}

/* To noon of this day: each day with its run of expiry, or at once, which stops it. */
static void pass_until(struct life *l, int32_t day, bool is_by_days)
{
	int64_t until = day * DAY_MS + 12 * HOUR_MS;

	if (is_by_days) {
		while (years_now_ms(l) < until) {
			int64_t left = until - years_now_ms(l), most = 23 * HOUR_MS;

			*l->ahead += left < most ? left : most;
			years_expire(l, "good");
		}
	} else {
		*l->ahead += until - years_now_ms(l);
		years_expire(l, "ahead");
		confirm(l);
	}
}

/* --- what happens ------------------------------------------------------------------------------------ */

static void add_customer(struct life *l, unsigned number)
{
	struct customer *c = &l->customers[number];
	json_t *reply = years_call(l->privacy, "io.custos.subject.Add",
		json_pack("{s:s, s:s, s:[{s:s, s:{s:s}}, {s:s, s:{s:s}}]}", "purpose",
			"access_request", "kind", "person", "records", "collection", "profile",
			"fields", "given_name", c->given_name, "collection", "contact_point",
			"fields", "email", c->email));

	snprintf(c->id, sizeof(c->id), "%s",
		json_string_value(json_object_get(reply, "subject")));
	json_decref(reply);
	c->is_there = true;
	c->arrived = l->month;
}

static void add_invoice(struct life *l, struct invoice *v)
{
	char day[CIVIL_DAY_SIZE];

	civil_format_day(v->day, day);
	json_decref(years_call(l->privacy, "io.custos.subject.Update",
		json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "subject",
			l->customers[v->customer].id, "purpose", "access_request", "collection",
			"transaction", "fields", "date", day, "kind", "invoice", "amount", v->amount,
			"number", v->number)));
	v->is_there = true;
}

/* At the end of a month its invoices are written; who bought for the first time is new. */
static void arrive(struct life *l)
{
	for (unsigned i = 0; i < l->ninvoices; i++) {
		struct invoice *v = &l->invoices[i];
		struct customer *c = &l->customers[v->customer];

		if (v->month != l->month || c->is_erased ||
			(v->customer == RESTRICTED && l->is_restricted)) {
			continue;
		}
		if (!c->is_there) {
			add_customer(l, v->customer);
		}
		add_invoice(l, v);
		c->heard = years_today(l);
	}
}

static void back_up(struct life *l)
{
	stage_ctl(l->st, AS_ADMIN, "--json", "backup", "run");
	stage_expect(l->st, 0);
	l->backups[l->nbackups++] = (struct backup){ l->month,
		(int)json_integer_value(json_object_get(
			json_object_get(stage_reply(l->st), "result"), "sequence")) };
	assert_true(l->backups[l->nbackups - 1].sequence > 0);
}

static void drill(struct life *l)
{
	char identity[240];

	back_up(l);
	snprintf(identity, sizeof(identity), "--identity=%s", l->st->identity);
	stage_ctl(l->st, AS_ADMIN, "drill", "run", "--level=3", identity);
	stage_expect(l->st, 0);
	l->drilled = l->nbackups;
	years_expire(l, "good");
}

static void erase(struct life *l, unsigned number)
{
	stage_erase(l->st, "--json", "erase", l->customers[number].id, "--purpose=erasure_request");
	stage_expect(l->st, 0);
	l->customers[number].is_erased = true;
}

static void say(struct life *l, unsigned number, bool is_yes)
{
	const char *id = l->customers[number].id;

	json_decref(is_yes ?
			years_call(l->privacy, "io.custos.consent.Give",
				json_pack("{s:s, s:s, s:s, s:s}", "subject", id, "purpose",
					"marketing_email", "method", "checkbox", "language", "en")) :
			years_call(l->privacy, "io.custos.consent.Withdraw",
				json_pack("{s:s, s:s}", "subject", id, "purpose", "marketing_email")));
}

static void place_hold(struct life *l)
{
	json_t *reply = years_call(l->privacy, "io.custos.hold.Place",
		json_pack("{s:s, s:[s], s:s}", "subject", l->customers[HELD].id, "collections",
			"transaction", "text", "a lawsuit"));

	snprintf(l->hold, sizeof(l->hold), "%s", json_string_value(json_object_get(reply, "hold")));
	json_decref(reply);
	l->is_held = true;
}

static void restrict_one(struct life *l, bool is_restricted)
{
	json_decref(years_call(l->privacy,
		is_restricted ? "io.custos.subject.Restrict" : "io.custos.subject.Unrestrict",
		json_pack("{s:s, s:s}", "subject", l->customers[RESTRICTED].id, "purpose",
			"access_request")));
	l->is_restricted = is_restricted;
}

/* --- clocks that are wrong ----------------------------------------------------------------------------- */

/* The machine stood still. */
static void outage(struct life *l)
{
	years_stop(l);
	*l->ahead += 3 * DAY_MS;
	years_start(l);
	years_expire(l, "ahead");
	years_expect(l, l->month, "after the outage");
	confirm(l);
}

/* A year ahead by a slip: nothing ends, whatever is done meanwhile, and a backup of that time does
 * not count for what comes after it. */
static void a_year_ahead(struct life *l)
{
	char identity[240];

	*l->ahead += 365 * DAY_MS;
	years_expire(l, "ahead");
	back_up(l);
	snprintf(identity, sizeof(identity), "--identity=%s", l->st->identity);
	stage_ctl(l->st, AS_ADMIN, "drill", "run", "--level=3", identity);
	stage_expect(l->st, 0);
	years_expire(l, "ahead");
	years_expect(l, l->month, "a year ahead");
	*l->ahead -= 365 * DAY_MS;
	l->drilled = l->nbackups;
	years_expire(l, "good");
}

static void a_year_behind(struct life *l)
{
	*l->ahead -= 365 * DAY_MS;
	years_expire(l, "behind");
	years_expect(l, l->month, "a year behind");
	*l->ahead += 365 * DAY_MS;
	years_expire(l, "good");
}

/* --- restores -------------------------------------------------------------------------------------------- */

/* Elsewhere, at the same time: whoever that backup knew, as everything is now. */
static void expect_restored(struct life *l, const struct backup *b)
{
	char from[200], identity[240], to[240], sequence[40], live[160], where[60];
	struct stage *st = l->st;

	years_stop(l);
	snprintf(live, sizeof(live), "%s", st->state);
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	snprintf(to, sizeof(to), "--to=%s/restored%u-%d", st->files, l->month, b->sequence);
	snprintf(sequence, sizeof(sequence), "--sequence=%d", b->sequence);
	snprintf(where, sizeof(where), "backup of month %u", b->month);
	stage_restore(st, from, identity, to, sequence);
	stage_expect(st, 0);
	stage_use_state(st, to + strlen("--to="));
	years_start(l);
	years_expect(l, b->month, where);
	if (l->month > M_TAKE_BACK && l->customers[AGREES].arrived <= b->month) {
		years_expect_consent(l, AGREES, "withdrawn", where);
	}
	years_stop(l);
	free(run_shell("rm -rf '%s'", to + strlen("--to=")));
	stage_use_state(st, live);
	years_start(l);
}

/* --- ten years ------------------------------------------------------------------------------------------- */

/* Who is erased, a year after the other; the last four with all days. */
static const unsigned erased[] = { 44, 26, 32, 50, 56, 20, 3, 4, 6, 7 };

static void what_happens(struct life *l)
{
	unsigned one = erased[l->month / 12];

	if (l->month % 12 == 7 && l->customers[one].is_there) {
		erase(l, one);
	}
	switch (l->month) {
	case M_AGREE: say(l, AGREES, true), say(l, LAPSES, true); break;
	case M_HOLD: place_hold(l); break;
	case M_TAKE_BACK: say(l, AGREES, false); break;
	case M_RESTRICT: restrict_one(l, true); break;
	case M_OUTAGE: outage(l); break;
	case M_AHEAD: a_year_ahead(l); break;
	case M_BEHIND: a_year_behind(l); break;
	case M_RELEASE:
		json_decref(years_call(l->privacy, "io.custos.hold.Release",
			json_pack("{s:s}", "hold", l->hold)));
		l->is_held = false;
		break;
	case M_UNRESTRICT: restrict_one(l, false); break;
	default: break;
	}
}

static void live_a_month(struct life *l)
{
	bool is_last = l->month % 12 == 11, is_full = l->has_all_days;

	pass_until(l, years_first_of(l->month + 1) - 1, is_full || l->month % 12 == 5);
	arrive(l);
	what_happens(l);
	years_expire(l, "good");
	if (is_last && (is_full || l->month % 24 == 23)) {
		drill(l);
	} else if (is_full || l->month % 6 == 5) {
		back_up(l);
	}
	if (is_full || l->month % 6 == 0) {
		years_expect(l, l->month, "live");
	}
	if (l->month == M_AGREE + 25) {
		years_expect_consent(l, LAPSES, "expired", "live");
	}
	if (is_last && (is_full || l->month == 47)) {
		back_up(l); /* of what the last run shredded the targets would hear within the hour */
		expect_restored(l, &l->backups[0]);
		expect_restored(l, &l->backups[l->nbackups / 2]);
	}
}

static void what_is_due_is_forgotten_in_ten_years_and_nothing_else(void **state)
{
	static struct life l;
	static char option[240];
	const char *path;
	int64_t start_ms = years_first_of(0) * DAY_MS;
	int fd;

	l = (struct life){ .st = *state, .has_all_days = getenv("ALL_DAYS") != NULL };
	path = stage_file(l.st, "clock", &start_ms, sizeof(start_ms));
	fd = open(path, O_RDWR | O_CLOEXEC);
	l.ahead = mmap(NULL, sizeof(*l.ahead), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(fd >= 0 && l.ahead != MAP_FAILED);
	close(fd);
	*l.ahead = 0;
	*l.ahead = start_ms + HOUR_MS - years_now_ms(&l);
	years_load(&l);
	snprintf(option, sizeof(option), "--clock-ahead-file=%s", path);
	l.st->options[0] = option;
	stage_policy(l.st, "retention.yaml", RULES);
	stage_start(l.st);
	stage_init(l.st);
	free(run_shell("chmod 644 '%s'", l.st->identity));
	years_connect(&l);
	years_expire(&l, "good");

	for (l.month = 0; l.month < MONTHS; l.month++) {
		live_a_month(&l);
	}
	l.month = MONTHS - 1;
	years_expect(&l, l.month, "at the end");
	back_up(&l);
	expect_restored(&l, &l.backups[0]);
	assert_true(l.cohorts[MONTHS - 12 * YEARS_INVOICE - 2].is_gone);
	years_disconnect(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_due_is_forgotten_in_ten_years_and_nothing_else, stage_up_bare,
			stage_down),
	};

	if (!stage_has_roles()) {
		print_message("skipped: a second user takes a second uid, so root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("ten years", tests, NULL, NULL);
}
