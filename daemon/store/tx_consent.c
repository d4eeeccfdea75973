#include "store/tx_consent.h"

#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "store/standing.h"
#include "store/store_internal.h"

#define RESTRICTION_COLLECTION "custos.restriction"
#define LEVEL_OF_EVIDENCE      3 /* restricted */

int consent_act(enum consent_state state)
{
	switch (state) {
	case CONSENT_REQUESTED: return LEAF_CONSENT_REQUEST;
	case CONSENT_GIVEN: return LEAF_CONSENT_GIVE;
	case CONSENT_REFUSED: return LEAF_CONSENT_REFUSE;
	case CONSENT_WITHDRAWN: return LEAF_CONSENT_WITHDRAW;
	case CONSENT_INVALIDATED: return LEAF_CONSENT_INVALIDATE;
	case CONSENT_RENEWED: return LEAF_CONSENT_RENEW;
	case CONSENT_OBJECTED: return LEAF_CONSENT_OBJECT;
	case CONSENT_UNOBJECTED: return LEAF_CONSENT_UNOBJECT;
	case CONSENT_NONE:
	case CONSENT_EXPIRED:
	case CONSENT_NSTATES_: break;
	}
	return -1;
}

/* What was typed, as a record of a system collection; *ret_id stays nil when there is nothing. */
static int put_text(struct tx *tx, const struct id *subject, const char *collection,
	const struct consent_papers *papers, struct id *ret_id, struct cu_err *err)
{
	struct record rec = { .subject = *subject, .anchor_day = CIVIL_NO_DAY,
		.level = LEVEL_OF_EVIDENCE, .origin = RECORD_INTERNAL };
	int r = 0;

	if (papers->text.n == 0 && papers->source.n == 0) {
		return 0;
	}
	strcpy(rec.collection, collection);
	r = record_set(&rec, span_str("text"), papers->text, err);
	if (r == 0) {
		r = record_set(&rec, span_str("source"), papers->source, err);
	}
	if (r == 0) {
		r = tx_record_put(tx, &rec, err);
	}
	if (r == 0) {
		*ret_id = rec.id;
	}
	return r;
}

static int put_leaf(struct tx *tx, const struct row_consent *row, const uint8_t *digest,
	struct cu_err *err)
{
	struct leaf leaf = { .act = (enum leaf_act)consent_act(row->state), .sub = row->subject,
		.obj = row->record, .has_digest = digest != NULL };

	strcpy(leaf.purpose, row->purpose);
	strcpy(leaf.collection, row->channel);
	strcpy(leaf.why, row->notice);
	leaf.count = (uint64_t)row->expires_ms / 1000;
	if (digest) {
		memcpy(leaf.digest, digest, sizeof(leaf.digest));
	}
	return tx_leaf(tx, &leaf, err);
}

int tx_consent_put(struct tx *tx, struct row_consent *row, const struct consent_papers *papers,
	const uint8_t *digest, struct cu_err *err)
{
	const char *channel = row->channel[0] ? row->channel : NULL;
	struct row_subject who;
	struct standing now = { .is_live = false };
	int r = consent_act(row->state) < 0 ?
		cu_err_set(err, CU_EINVAL, "consent: this is nothing that somebody says") :
		tx_subject_require(tx, &row->subject, &who, err);

	if (r == 0) {
		r = standing_in(tx, &row->subject, row->purpose, channel, &now, err);
	}
	if (r < 0) {
		return r;
	}
	if (row->state == CONSENT_GIVEN && now.is_live) {
		row->state = CONSENT_RENEWED;
	}
	row->record = (struct id){ 0 };
	r = put_text(tx, &row->subject, CONSENT_COLLECTION, papers, &row->record, err);
	row->at_ms = tx->now_ms;
	row->actor = tx->actor;
	if (r == 0) {
		r = put_leaf(tx, row, digest, err);
	}
	if (r == 0) {
		row->leaf = tx_last_leaf(tx);
		r = engine_consent_put(tx->engine, row, err);
	}
	return r;
}

int tx_restrict(struct tx *tx, const struct id *subject, const char *purpose, bool is_restricted,
	struct span why, struct cu_err *err)
{
	struct leaf leaf = { .act = is_restricted ? LEAF_SUBJECT_RESTRICT : LEAF_SUBJECT_UNRESTRICT,
		.sub = *subject };
	struct consent_papers papers = { .text = why };
	struct row_subject who;
	int r = tx_subject_require(tx, subject, &who, err);

	if (r == 0 && who.is_restricted == is_restricted) {
		r = cu_err_set(err, CU_EEXIST, is_restricted ? N_("this data subject is restricted already") :
							       N_("this data subject is not restricted"));
	}
	if (r == 0) {
		r = put_text(tx, subject, RESTRICTION_COLLECTION, &papers, &leaf.obj, err);
	}
	if (r == 0) { /* a record may have taken a slot of the subject's run */
		r = tx_subject_require(tx, subject, &who, err);
	}
	if (r < 0) {
		return r;
	}
	who.is_restricted = is_restricted;
	strncpy(leaf.purpose, purpose, sizeof(leaf.purpose) - 1);
	r = engine_subject_put(tx->engine, &who, err);
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}
