#include "control/request_approval.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "control/approval.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/request_duty.h"
#include "policy/access.h"

static int scope_of(struct tx *tx, const struct id *request, struct buf *to, struct cu_err *err)
{
	struct row_dsr row;
	int r = tx_dsr_by_id(tx, request, &row, err);

	return r < 0 ? r : tx_dsr_scope(tx, &row, to, err);
}

static int may_decide(struct exchange *x, const struct id *request, struct cu_err *err)
{
	(void)request;
	return access_allows(&x->rights, "request.approve") ?
		0 :
		cu_err_set(err, CU_EDENIED, "this is for whoever may call 'request approve'%s",
			x->rights.is_root ? _(" (root never touches a person's data)") : "");
}

/* --- in words --------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void line(struct json *lines, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_str(lines, NULL, text);
}

struct saying {
	struct json *lines;
	const char *done, *of_others; /* what happens with what is not kept */
};

static int say_item(void *ctx, const struct dsr_item *item, struct cu_err *err)
{
	struct saying *s = ctx;

	(void)err;
	line(s->lines,
		item->is_mention ? _("  %s of others who name the person: records: %" PRIu64 ": %s") :
				   _("  %s: records: %" PRIu64 ": %s"),
		item->collection, item->nrecords,
		item->is_kept	   ? _("kept, as a law demands: 'request scope' cites it") :
		item->is_mention ? s->of_others : s->done);
	return 0;
}

static int say_row(struct exchange *x, struct reader *rd, const struct id *request,
	struct json *lines, struct cu_err *err)
{
	struct saying s = { lines, "", "" };
	char day[CIVIL_DAY_SIZE], subject[ID_TEXT_SIZE];
	struct row_dsr row;
	int r = reader_dsr_by_id(rd, request, &row, err);

	if (r <= 0) {
		return r < 0 ? r : cu_err_set(err, CU_ENOENT, "there is no such request");
	}
	(void)x;
	civil_format_day(row.received_day, day);
	id_format(&row.subject, subject);
	line(lines, _("Request %u of %s for %s by %s, about %s:"), row.number, day,
		intl_word(law_request_word((enum request_type)row.type)), row.law, subject);
	s.done = row.type == REQUEST_ERASURE ? _("erased for ever") : _("given to the person");
	if (row.type != REQUEST_ERASURE && row.type != REQUEST_ACCESS && row.type != REQUEST_PORTABILITY) {
		s.done = intl_word(law_request_word((enum request_type)row.type));
	}
	s.of_others = row.type == REQUEST_ERASURE     ? _("stays; that it is about the person is forgotten") :
		      row.type != REQUEST_ACCESS	     ? _("stays as it is") :
						       s.done;
	return reader_dsr_scope(rd, &row, say_item, &s, err);
}

static int say(struct exchange *x, const struct id *request, struct json *lines,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = say_row(x, rd, request, lines, err);

	store_reader_give(x->daemon->house.store, rd);
	return r;
}

/* The request moves on at once; it looks at the approval itself. */
static int on_decided(struct exchange *x, const struct id *approval, bool is_granted,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct row_approval asked;
	struct row_dsr row;
	int r = reader_approval(rd, approval, &asked, err);

	(void)is_granted;
	if (r > 0) {
		r = reader_dsr_by_id(rd, &asked.object, &row, err);
	}
	store_reader_give(x->daemon->house.store, rd);
	return r > 0 ? request_tend(x->daemon, row.number, err) : r;
}

const struct approval_kind request_approval = { REQUEST_APPROVAL, scope_of, may_decide, say,
	on_decided };
