/* What people, or an authority, are written of an incident.  Nothing is sent. */
#include <string.h>

#include "base/err.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/incidents.h"
#include "policy/policy.h"
#include "privacy/incident_letter.h"

/* The newest paper of each kind; wiped. */
struct newest {
	struct buf facts, effects, measures, delay;
	int64_t at_ms[4];
};

static int take_paper(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	static const char *const kinds[] = { INCIDENT_FACTS, INCIDENT_EFFECTS, INCIDENT_MEASURES, INCIDENT_DELAY };
	struct newest *n = ctx;
	struct buf *const to[] = { &n->facts, &n->effects, &n->measures, &n->delay };

	(void)row;
	for (size_t i = 0; i < 4; i++) {
		if (span_eq(record_get(rec, "kind"), span_str(kinds[i])) && rec->at_ms >= n->at_ms[i]) {
			n->at_ms[i] = rec->at_ms;
			buf_clear(to[i]);
			buf_put_span(to[i], record_get(rec, "text"));
			return buf_check(to[i], err);
		}
	}
	return 0;
}

static int find_papers(struct exchange *x, const struct row_incident *row, struct newest *n,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = reader_records(rd, &row->kase, INCIDENT_COLLECTION, take_paper, n, err);
		reader_end(rd);
	}
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

static int write_letter(struct exchange *x, const struct row_incident *row, const struct newest *n,
	struct json *out, struct cu_err *err)
{
	struct buf subject = BUF_INIT, text = BUF_INIT_WIPE;
	struct incident_letter l = { .organisation = policy_organisation(x->daemon->policy), .row = row,
		.day = casework_today(x->daemon), .facts = buf_span(&n->facts), .effects = buf_span(&n->effects),
		.measures = buf_span(&n->measures), .delay = buf_span(&n->delay) };
	int r;

	l.language = exchange_letter_language(x);
	(void)incident_told_parse(exchange_text(x, "whom"), &l.to);
	r = incident_letter_write(&l, &subject, &text, err);
	if (r == 0) {
		json_buf(out, "subject", &subject);
		json_buf(out, "text", &text);
	}
	buf_done(&subject);
	buf_done(&text);
	return r;
}

int handle_INCIDENT_LETTER(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct newest n = { BUF_INIT_WIPE, BUF_INIT_WIPE, BUF_INIT_WIPE, BUF_INIT_WIPE, { 0 } };
	struct row_incident row;
	int r = incidents_find(x, &row, err);

	r = r < 0 ? r : incidents_read_leaf(x, &row, "incident.letter", err);
	r = r < 0 ? r : find_papers(x, &row, &n, err);
	r = r < 0 ? r : write_letter(x, &row, &n, out, err);
	buf_done(&n.facts);
	buf_done(&n.effects);
	buf_done(&n.measures);
	buf_done(&n.delay);
	return r;
}
