/* Reports: of what the rules say, and of how they were kept to.  Nobody's data is shown. */
#include "base/civil.h"
#include "base/err.h"
#include "control/casework.h"
#include "control/compliance.h"
#include "control/daemon.h"
#include "control/digest.h"
#include "control/handle.h"
#include "control/outlet.h"
#include "policy/policy.h"
#include "privacy/notice.h"
#include "privacy/report.h"
#include "privacy/ropa.h"
#include "privacy/runbook.h"

#define MONTHS 12 /* if nothing is said: this one and those before it */

int handle_REPORT_ROPA(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)err;
	ropa_put(x->daemon->policy, out);
	return 0;
}

/* Into the caller's file; without one into the reply. */
static int hand_out(struct exchange *x, struct buf *text, struct json *out, struct cu_err *err)
{
	struct outlet o;
	int r;

	if (x->fd < 0) {
		json_strn(out, "text", (const char *)text->p, text->n);
		return 0;
	}
	outlet_init(&o, x);
	r = outlet_put(&o, buf_span(text), err);
	return r < 0 ? r : outlet_sync(&o, err);
}

/* --- the notice ------------------------------------------------------------------- */

int handle_REPORT_NOTICE(struct exchange *x, struct json *out, struct cu_err *err)
{
	enum notice_form f = NOTICE_AS_TEXT;
	struct privacy_notice n;
	struct buf text = BUF_INIT;
	int r = privacy_notice_make(x->daemon->policy, exchange_letter_language(x), casework_today(x->daemon), &n, err);

	if (exchange_has(x, "format")) {
		(void)notice_form_parse(exchange_text(x, "format"), &f);
	}
	r = r < 0 ? r : privacy_notice_write(&n, f, &text, err);
	if (r == 0) {
		json_open_array(out, "gaps");
		for (size_t i = 0; i < n.ngaps; i++) {
			json_str(out, NULL, privacy_notice_gap(&n, i));
		}
		json_close_array(out);
		r = hand_out(x, &text, out, err);
	}
	buf_done(&text);
	privacy_notice_done(&n);
	return r;
}

/* --- the runbook ------------------------------------------------------------------ */

int handle_REPORT_RUNBOOK(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct runbook_places places = { .state = x->daemon->house.dir,
		.policies = x->daemon->policy_dir,
		.store = store_id(x->daemon->house.store) };
	struct buf text = BUF_INIT;
	int r = runbook_write(x->daemon->policy, &places, &text, err);

	if (r == 0) {
		json_open_array(out, "gaps");
		for (enum part p = 0; p < NPARTS; p++) {
			if (!runbook_has(x->daemon->policy, p)) {
				json_str(out, NULL, runbook_part(p));
			}
		}
		json_close_array(out);
		r = hand_out(x, &text, out, err);
	}
	buf_done(&text);
	return r;
}

/* --- the digest ------------------------------------------------------------------- */

int handle_REPORT_DIGEST(struct exchange *x, struct json *out, struct cu_err *err)
{
	enum language language = exchange_letter_language(x);
	struct buf text = BUF_INIT;
	int r;

	digest_subject(x->daemon, (int)language, &text);
	buf_put_str(&text, "\n\n");
	r = digest_write(x->daemon, (int)language, x->guest.cancel, &text, err);
	if (r == 0) {
		json_buf(out, "text", &text);
	}
	buf_done(&text);
	return r;
}

/* --- compliance ------------------------------------------------------------------- */

static int read_day(const struct exchange *x, const char *name, int32_t absent, int32_t *ret,
	struct cu_err *err)
{
	const char *text = exchange_text(x, name);

	*ret = absent;
	return text && !civil_parse_day(text, ret) ?
		cu_err_set(err, CU_EINVAL, "%s: expected a date, as 2026-11-28", name) :
		0;
}

static int read_question(struct exchange *x, struct report *r, struct cu_err *err)
{
	int32_t today = casework_today(x->daemon);
	struct civil first;
	int result = read_day(x, "to", today, &r->to, err);

	if (result == 0 && r->to > today) {
		result = cu_err_set(err, CU_EINVAL, "to: is in the future");
	}
	if (result == 0) {
		first = civil_of_day(r->to);
		first.day = 1;
		result = read_day(x, "from", civil_add_months(civil_to_day(first), 1 - MONTHS, NULL),
			&r->from, err);
	}
	r->organisation = policy_organisation(x->daemon->policy)->controller.name;
	r->store = store_id(x->daemon->house.store);
	r->made_ms = clock_now_ms(&x->daemon->house.clock);
	r->language = exchange_language(x);
	return result;
}

static int write_out(struct exchange *x, const struct report *r, struct json *out,
	struct cu_err *err)
{
	struct buf figures = BUF_INIT, text = BUF_INIT;
	enum report_format f = REPORT_AS_TEXT;
	int result;

	if (exchange_has(x, "format")) {
		(void)report_format_parse(exchange_text(x, "format"), &f);
	}
	result = report_write(r, REPORT_AS_JSON, &figures, err);
	if (result == 0 && f == REPORT_AS_JSON) {
		json_indent(buf_span(&figures), &text);
		result = buf_check(&text, err);
	} else if (result == 0) {
		result = report_write(r, f, &text, err);
	}
	if (result == 0) {
		json_raw(out, "figures", (const char *)figures.p, figures.n);
		result = hand_out(x, &text, out, err);
	}
	buf_done(&figures);
	buf_done(&text);
	return result;
}

int handle_REPORT_COMPLIANCE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct report report;
	int r = read_question(x, &report, err);

	if (r < 0) {
		return r;
	}
	r = report_open(&report, err);
	r = r < 0 ? r : compliance_fill(x, &report, err);
	if (r == 0) {
		report_judge(&report);
		r = write_out(x, &report, out, err);
	}
	report_close(&report);
	return r;
}
