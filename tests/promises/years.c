#include "years.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/err.h"

/* --- calls ------------------------------------------------------------------------------------- */

/* Many thousands of them: over connections that stay.  The reply is a new reference. */
json_t *years_call(struct client *c, const char *method, json_t *parameters)
{
	struct cu_err err = { 0 };
	json_t *reply = NULL;

	if (client_call(c, method, parameters, -1, &reply, &err) < 0) {
		fail_msg("%s: %s", method, err.msg);
	}
	json_decref(parameters);
	return reply;
}

void years_connect(struct life *l)
{
	l->privacy = stage_client(l->st, AS_PRIVACY);
	l->second = stage_client(l->st, AS_SECOND);
}

void years_disconnect(struct life *l)
{
	client_close(l->privacy);
	client_close(l->second);
	l->privacy = l->second = NULL;
}

void years_start(struct life *l)
{
	stage_start(l->st);
	years_connect(l);
}

void years_stop(struct life *l)
{
	years_disconnect(l);
	stage_stop(l->st);
}

/* --- time -------------------------------------------------------------------------------------- */

int64_t years_now_ms(const struct life *l)
{
	struct clock real = clock_system();

	return clock_now_ms(&real) + *l->ahead;
}

int32_t years_today(const struct life *l)
{
	return civil_day_of_ms(years_now_ms(l));
}

/* The first day of a month, 0 is January 2021. */
int32_t years_first_of(unsigned month)
{
	return civil_to_day((struct civil){ 2021 + (int)month / 12, (int)month % 12 + 1, 1 });
}

static unsigned month_of(int32_t day)
{
	struct civil c = civil_of_day(day);

	return (unsigned)((c.year - 2021) * 12 + c.month - 1);
}

/* --- Chinook ------------------------------------------------------------------------------------ */

/* Lines of three or four fields; none of them has a '|' in it. */
static void each_line(struct life *l, const char *select, void (*take)(struct life *, char *f[4]))
{
	char *text = run_shell("sqlite3 '" SOURCE_DIR
			       "/tests/data/chinook/Chinook_Sqlite.sqlite' \"%s\"", select);
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		char *fields[4] = { NULL };

		for (int i = 0; i < 4 && line; i++) {
			fields[i] = strsep(&line, "|");
		}
		if (fields[2]) {
			take(l, fields);
		}
	}
	free(text);
}

static void take_customer(struct life *l, char *f[4])
{
	struct customer *c = &l->customers[strtoul(f[0], NULL, 10)];

	snprintf(c->given_name, sizeof(c->given_name), "%s", f[1]);
	snprintf(c->email, sizeof(c->email), "%s", f[2]);
}

static void take_invoice(struct life *l, char *f[4])
{
	for (unsigned later = 0; later <= SECOND; later += SECOND) {
		struct invoice *v = &l->invoices[l->ninvoices++];
		struct civil c;

		assert_true(civil_parse_day(f[2], &v->day));
		c = civil_of_day(v->day);
		c.year += (int)later / 12;
		c.day = c.day > 28 ? 28 : c.day;
		v->day = civil_to_day(c);
		v->month = month_of(v->day);
		v->customer = (unsigned)strtoul(f[1], NULL, 10);
		snprintf(v->number, sizeof(v->number), "%s%s", f[0], later ? "-5y" : "");
		snprintf(v->amount, sizeof(v->amount), "%s", f[3]);
	}
}

void years_load(struct life *l)
{
	each_line(l, "SELECT CustomerId, FirstName, Email FROM Customer", take_customer);
	each_line(l,
		l->has_all_days ?
			"SELECT InvoiceId, CustomerId, date(InvoiceDate), Total FROM Invoice" :
			"SELECT InvoiceId, CustomerId, date(InvoiceDate), Total FROM Invoice"
			" WHERE CustomerId % 6 = 2",
		take_invoice);
}
