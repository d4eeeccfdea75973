/*
 * report_forms.h: the forms in which a report tells the same.
 *
 * Pure: each appends to a buffer.  Out of memory shows in the buffer.
 */
#ifndef CU_PRIVACY_REPORT_FORMS_H
#define CU_PRIVACY_REPORT_FORMS_H
#include "base/buf.h"
#include "privacy/report.h"

typedef void report_form(const struct report *r, struct buf *to);
report_form report_text, report_json, report_csv, report_page;

/* The chart of a table, for the page; nothing where there is none. */
void report_chart(const struct report *r, enum report_table t, struct buf *to);

#define REPORT_TITLE "Report on data protection"
#define REPORT_LEAD  "Counts only: no person's data is in here. Requests are called by their running numbers."

#endif
