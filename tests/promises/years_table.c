#include "years.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/err.h"

/* --- what must be there -------------------------------------------------------------------------- */

static bool is_kept(const struct life *l, unsigned customer)
{
	return (customer == HELD && l->is_held) || (customer == RESTRICTED && l->is_restricted);
}

/* The first day on which nothing of a month is needed any more. */
static bool is_over(const struct life *l, unsigned month)
{
	return years_today(l) >= years_first_of(month + 1 + 12 * YEARS_INVOICE);
}

/* What is held gets a key of its own first; the month waits until a backup that was tried has it. */
static void end_month(struct life *l, unsigned month)
{
	struct cohort *c = &l->cohorts[month];
	bool waits = false;

	for (unsigned i = 0; i < l->ninvoices; i++) {
		struct invoice *v = &l->invoices[i];

		if (v->month != month || !v->is_there) {
			continue;
		}
		if (!v->is_private && is_kept(l, v->customer)) {
			v->is_private = true;
			c->waits_for = l->nbackups;
		}
		waits = waits || (v->is_private && !v->is_gone && c->waits_for >= l->drilled);
	}
	c->is_gone = !waits;
}

/* As expiry does it, each time that the clock is believed. */
static void expect_expiry(struct life *l)
{
	for (unsigned month = 0; month < MONTHS; month++) {
		if (is_over(l, month) && !l->cohorts[month].is_gone) {
			end_month(l, month);
		}
	}
	for (unsigned i = 0; i < l->ninvoices; i++) {
		struct invoice *v = &l->invoices[i];

		v->is_gone = v->is_gone ||
			(v->is_private ? !is_kept(l, v->customer) : l->cohorts[v->month].is_gone);
	}
	for (unsigned i = 1; i <= CHINOOK_CUSTOMERS; i++) {
		struct customer *c = &l->customers[i];
		struct civil at = civil_of_day(years_today(l));

		at.year -= YEARS_CONTACT;
		at.day = civil_is_valid(at) ? at.day : 28;
		if (c->is_there && !(i == RESTRICTED && l->is_restricted) && c->heard < civil_to_day(at)) {
			c->has_lost_contact = true;
		}
	}
}

static bool has_record(const json_t *reply, const char *collection, const char *field,
	const char *value)
{
	json_t *rec;
	size_t i;

	json_array_foreach(json_object_get(reply, "records"), i, rec)
	{
		json_t *got = json_object_get(json_object_get(rec, "fields"), field);

		if (strcmp(json_string_value(json_object_get(rec, "collection")), collection) == 0 &&
			got && strcmp(json_string_value(got), value) == 0) {
			return true;
		}
	}
	return false;
}

static void expect_invoices(const struct life *l, unsigned customer, const json_t *reply,
	unsigned known_month, const char *where)
{
	for (unsigned i = 0; i < l->ninvoices; i++) {
		const struct invoice *v = &l->invoices[i];
		bool is_there;

		if (v->customer != customer || !v->is_there || v->month > known_month) {
			continue;
		}
		is_there = has_record(reply, "transaction", "number", v->number);
		if (is_there == v->is_gone) {
			fail_msg("%s, month %u: invoice %s of customer %u is %s", where, l->month,
				v->number, customer, is_there ? "still there" : "gone");
		}
	}
}

/* Whom a backup of this month knows, as it is known now; nobody else. */
static void expect_customer(struct life *l, unsigned number, unsigned known_month,
	const char *where)
{
	const struct customer *c = &l->customers[number];
	bool is_wanted = !c->is_erased && c->arrived <= known_month;
	json_t *reply = NULL, *parameters = json_pack("{s:s, s:s}", "subject", c->id, "purpose",
		"access_request");
	struct cu_err err = { 0 };
	int r = client_call(l->privacy, "io.custos.subject.Get", parameters, -1, &reply, &err);

	json_decref(parameters);
	if (number == RESTRICTED && l->is_restricted && r == CU_EDENIED) {
		return; /* of this one later */
	}
	if ((r == 0) != is_wanted || (r < 0 && r != CU_ENOENT)) {
		fail_msg("%s, month %u: customer %u: %s", where, l->month, number,
			r == 0 ? "is there" : err.msg);
	}
	if (r == 0) {
		assert_true(has_record(reply, "profile", "given_name", c->given_name));
		if (has_record(reply, "contact_point", "email", c->email) == c->has_lost_contact) {
			fail_msg("%s, month %u: the address of customer %u is %s", where, l->month,
				number, c->has_lost_contact ? "still there" : "gone");
		}
		expect_invoices(l, number, reply, known_month, where);
	}
	json_decref(reply);
}

void years_expect(struct life *l, unsigned known_month, const char *where)
{
	for (unsigned i = 1; i <= CHINOOK_CUSTOMERS; i++) {
		if (l->customers[i].is_there) {
			expect_customer(l, i, known_month, where);
		}
	}
}

void years_expire(struct life *l, const char *clock)
{
	json_t *reply = years_call(l->privacy, "io.custos.retention.Run",
		json_pack("{s:b}", "dry_run", 0));
	const char *state = json_string_value(
		json_object_get(json_object_get(reply, "clock"), "state"));

	if (strcmp(state, clock) != 0) {
		fail_msg("month %u: the clock is %s, not %s", l->month, state, clock);
	}
	json_decref(reply);
	if (strcmp(clock, "good") == 0) {
		expect_expiry(l);
	}
}

void years_expect_consent(struct life *l, unsigned number, const char *wanted, const char *where)
{
	json_t *reply = years_call(l->privacy, "io.custos.consent.Check",
		json_pack("{s:s, s:s, s:b}", "subject", l->customers[number].id, "purpose",
			"marketing_email", "explain", 0));
	const char *verdict = json_string_value(json_object_get(reply, "verdict"));

	if (strcmp(verdict, wanted) != 0) {
		fail_msg("%s, month %u: customer %u: %s, not %s", where, l->month, number, verdict,
			wanted);
	}
	json_decref(reply);
}
