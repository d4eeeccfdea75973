/* A report of compliance: what only the log tells. */
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/compliance.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "ledger/ledger.h"
#include "privacy/report.h"
#include "privacy/request.h"
#include "vault/vault.h"

#define MAX_SLOTS    (VAULT_MAX_LEAVES * VAULT_LEAF_SLOTS) /* of one leaf, as ranges */
#define LOOK_UP_EACH 256 /* leaves, from looking whether we are cancelled */

struct scan {
	struct exchange *x;
	struct report *r;
	uint64_t *slots;
	int64_t *live_ms;
	uint32_t max;
};

/* What a leaf counts as, in the one row of a table. */
static const struct {
	enum leaf_act act;
	enum report_table table;
	const char *column;
} singles[] = {
	{ LEAF_SUBJECT_READ, REPORT_ACCESS, "reads" },
	{ LEAF_RECORD_READ, REPORT_ACCESS, "reads" },
	{ LEAF_SUBJECT_SEARCH, REPORT_ACCESS, "searches" },
	{ LEAF_SUBJECT_EXPORT, REPORT_ACCESS, "exports" },
	{ LEAF_SUBJECT_DOSSIER, REPORT_ACCESS, "dossiers" },
	{ LEAF_CONSENT_CHECK, REPORT_ACCESS, "checks" },
	{ LEAF_REFUSED, REPORT_ACCESS, "refused" },
	{ LEAF_STORE_RESTORE, REPORT_RESTORES, "restores" },
	{ LEAF_GAP_ACCEPTED, REPORT_RESTORES, "gaps" },
	{ LEAF_ERASE_VERIFY, REPORT_RESTORES, "searches" },
	{ LEAF_RESIDUE_FOUND, REPORT_RESTORES, "traces" },
};

/* What one counts as among consents. */
static const struct {
	enum leaf_act act;
	const char *column;
	bool is_by_month;
} said[] = {
	{ LEAF_CONSENT_REQUEST, "requested", false },
	{ LEAF_CONSENT_GIVE, "given", true },
	{ LEAF_CONSENT_RENEW, "given", true },
	{ LEAF_CONSENT_REFUSE, "refused", false },
	{ LEAF_CONSENT_WITHDRAW, "withdrawn", true },
	{ LEAF_CONSENT_INVALIDATE, "invalidated", false },
	{ LEAF_CONSENT_OBJECT, "objected", true },
};

static void count_consent(struct report *r, const struct leaf *l, int32_t day)
{
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		if (said[i].act != l->act) {
			continue;
		}
		report_add_of(r, REPORT_CONSENTS, l->purpose, said[i].column, 1);
		if (said[i].is_by_month) {
			report_add_on(r, REPORT_CONSENT_MONTHS, day, said[i].column, 1);
		}
	}
}

static void count_leaf(struct report *r, const struct leaf *l)
{
	int32_t day = zone_day_of_ms(l->t_ms);

	if (!report_has_day(r, day)) {
		return;
	}
	for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
		if (singles[i].act == l->act) {
			report_add(r, singles[i].table, singles[i].column, 1);
		}
	}
	count_consent(r, l, day);
	if (l->act == LEAF_BACKUP_DONE) {
		report_add_on(r, REPORT_BACKUP_MONTHS, day, "backups", 1);
	} else if (l->act == LEAF_DRILL_DONE || l->act == LEAF_DRILL_FAILED) {
		report_add_on(r, REPORT_BACKUP_MONTHS, day,
			l->act == LEAF_DRILL_DONE ? "drills" : "failed", 1);
	}
}

/* The first time: an erasure that was found not to be over is none of the organisation's delay. */
static void note_live_done(struct scan *s, const struct leaf *l)
{
	if (l->act == LEAF_REQUEST_MOVE && l->count > 0 && l->count <= s->max &&
		strcmp(l->why, request_state_word(REQ_LIVE_DONE)) == 0 && s->live_ms[l->count] == 0) {
		s->live_ms[l->count] = l->t_ms;
	}
}

static int scan_leaf(void *ctx, uint64_t index, struct span text, struct cu_err *err)
{
	struct scan *s = ctx;
	struct leaf l;
	int r = leaf_parse(text, &l, s->slots, MAX_SLOTS, err);

	if (r == 0) {
		count_leaf(s->r, &l);
		note_live_done(s, &l);
	}
	return r == 0 && index % LOOK_UP_EACH == 0 && exchange_is_cancelled(s->x) ?
		cu_err_set(err, CU_ECANCELED, "cancelled") :
		r;
}

int compliance_fill_from_log(struct exchange *x, struct report *r, int64_t *live_ms,
	uint32_t max, struct cu_err *err)
{
	struct ledger *ledger = x->daemon->house.ledger;
	struct scan s = { x, r, malloc(MAX_SLOTS * sizeof(*s.slots)), live_ms, max };
	int result = s.slots ? ledger_each(ledger, 0, ledger_size(ledger), scan_leaf, &s, err) :
			       cu_err_set(err, CU_ENOMEM, "out of memory");

	free(s.slots);
	return result;
}
