#include "chinook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

static const char *table(struct stage *st, const char *name, const char *select)
{
	const char *path = stage_path(st, name);

	free(run_shell("sqlite3 -header -csv '" SOURCE_DIR
		       "/tests/data/chinook/Chinook_Sqlite.sqlite' \"%s\" > '%s'; chmod 644 '%s'",
		select, path, path));
	return path;
}

const char *chinook_customers(struct stage *st)
{
	return table(st, "customers.csv", "SELECT * FROM Customer ORDER BY CustomerId");
}

const char *chinook_invoices(struct stage *st)
{
	return table(st, "invoices.csv", "SELECT * FROM Invoice ORDER BY InvoiceId");
}

void chinook_import(struct stage *st)
{
	stage_ctl(st, AS_PRIVACY, "import", chinook_customers(st),
		"--map=" CHINOOK_MAP("customers"), "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "import", chinook_invoices(st),
		"--map=" CHINOOK_MAP("invoices"), "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
}

void chinook_find(struct stage *st, const char *email, char ret_id[33])
{
	stage_ctl_text(st, AS_PRIVACY, email, "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	assert_int_equal(st->last.nout, 33);
	snprintf(ret_id, 33, "%.32s", st->last.out);
}
