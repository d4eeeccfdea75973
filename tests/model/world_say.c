#include "world_parts.h"

#include "store/reader_dsr.h"
#include "store/standing.h"
#include "store/tx_consent.h"
#include "store/tx_dsr.h"

/* What somebody says, by the second number of the step. */
enum word { AGREE, WITHDRAW, OBJECT, UNOBJECT, RESTRICT, UNRESTRICT, NWORDS };

static enum word word_of(const struct change *c)
{
	return (enum word)(c->step->b % NWORDS);
}

/* What is taken back was said; a freeze and a thaw take turns. */
bool prepare_say(struct world *w, struct change *c)
{
	const struct model_person *p = &w->model.people[c->person];

	if (!model_sees(&w->model, c->person)) {
		return false;
	}
	switch (word_of(c)) {
	case UNOBJECT: return p->is_objected;
	case RESTRICT: return !p->is_restricted;
	case UNRESTRICT: return p->is_restricted;
	case AGREE:
	case WITHDRAW:
	case OBJECT:
	case NWORDS: break;
	}
	return true;
}

static int apply_say(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	static const enum consent_state states[NWORDS] = { [AGREE] = CONSENT_GIVEN,
		[WITHDRAW] = CONSENT_WITHDRAWN, [OBJECT] = CONSENT_OBJECTED,
		[UNOBJECT] = CONSENT_UNOBJECTED };
	struct change *c = (struct change *)op;
	const struct id *who = &c->world->model.people[c->person].id;
	struct consent_papers papers = { .text = span_str(c->step->c % 2 ? "a letter" : "") };
	struct row_consent row = { .subject = *who, .purpose = "care", .method = METHOD_WRITTEN,
		.said_day = CIVIL_NO_DAY };
	enum word word = word_of(c);

	if (word == RESTRICT || word == UNRESTRICT) {
		return tx_restrict(tx, who, "care", word == RESTRICT, papers.text, err);
	}
	row.state = states[word];
	return tx_consent_put(tx, &row, &papers, NULL, err);
}

void do_say(struct world *w, struct change *c)
{
	world_run(w, c, apply_say);
}

/* As the model has it, or as it is to be: which of the two is looked up. */
void learn_said(struct world *w, struct change *c)
{
	struct model_person *p = &w->model.people[c->person];
	struct reader *rd = store_reader_take(w->sample.store);
	struct model_person said = *p;
	struct cu_err err = { 0 };
	struct standing s;
	bool has_happened = true;

	assert_ok(standing_read(rd, &p->id, "care", NULL, w->sample.now_ms, &s, &err), &err);
	store_reader_give(w->sample.store, rd);
	switch (word_of(c)) {
	case AGREE:
		said.consent = SAID_YES;
		said.is_objected = false; /* an objection ends with the next consent */
		has_happened = s.is_live && !s.is_objected;
		break;
	case WITHDRAW:
		said.consent = SAID_NO;
		has_happened = s.state == CONSENT_WITHDRAWN;
		break;
	case OBJECT: said.is_objected = true, has_happened = s.is_objected; break;
	case UNOBJECT: said.is_objected = false, has_happened = !s.is_objected; break;
	case RESTRICT: said.is_restricted = true, has_happened = s.who.is_restricted; break;
	case UNRESTRICT: said.is_restricted = false, has_happened = !s.who.is_restricted; break;
	case NWORDS: break;
	}
	assert_true(has_happened || c->step->dies_at > 0);
	if (has_happened) {
		*p = said;
	}
}

/* --- requests ------------------------------------------------------------------------------------- */

bool prepare_ask(struct world *w, struct change *c)
{
	return model_sees(&w->model, c->person) && w->model.nrequests < MODEL_REQUESTS;
}

#define X(id, word, is_open) ASKED_##id,
enum asked { ASKED_NOT, REQUEST_STATES(X) };
#undef X

static int apply_ask(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	struct row_dsr row = { .subject = c->world->model.people[c->person].id,
		.state = ASKED_SCOPING, .law = "gdpr", .due_day = CIVIL_NO_DAY,
		.extension_day = CIVIL_NO_DAY, .received_day = civil_day_of_ms(tx->now_ms) };

	return tx_dsr_open(tx, &row, err);
}

void do_ask(struct world *w, struct change *c)
{
	world_run(w, c, apply_ask);
}

static bool knows_request(const struct model *m, const struct id *id)
{
	for (unsigned i = 0; i < m->nrequests; i++) {
		if (id_eq(&m->requests[i].id, id)) {
			return true;
		}
	}
	return false;
}

void learn_asked(struct world *w, struct change *c)
{
	struct model *m = &w->model;
	struct reader *rd = store_reader_take(w->sample.store);
	struct row_dsr row = { .number = 0 };
	struct cu_err err = { 0 };
	int r;

	while ((r = reader_dsr_next(rd, row.number, true, &row, &err)) > 0) {
		if (id_eq(&row.subject, &m->people[c->person].id) && !knows_request(m, &row.id)) {
			assert_true(m->nrequests < MODEL_REQUESTS);
			m->requests[m->nrequests++] = (struct model_request){ true, row.id, c->person };
		}
	}
	store_reader_give(w->sample.store, rd);
	assert_ok(r, &err);
}

bool prepare_close(struct world *w, struct change *c)
{
	for (unsigned i = 0; i < w->model.nrequests; i++) {
		c->which = (c->step->a + i) % w->model.nrequests;
		if (w->model.requests[c->which].is_open) {
			return true;
		}
	}
	return false;
}

static int apply_close(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	bool is_denied = c->step->b % 2;
	struct row_dsr row;
	int r = tx_dsr_by_id(tx, &c->world->model.requests[c->which].id, &row, err);

	if (r == 0) {
		row.state = is_denied ? ASKED_DENIED : ASKED_FULFILLED;
		row.closed_ms = tx->now_ms;
		r = tx_dsr_put(tx, &row, LEAF_REQUEST_CLOSE, is_denied ? "denied" : "fulfilled", err);
	}
	return r;
}

void do_close(struct world *w, struct change *c)
{
	world_run(w, c, apply_close);
}

void learn_closed(struct world *w, struct change *c)
{
	struct reader *rd = store_reader_take(w->sample.store);
	struct model_request *q = &w->model.requests[c->which];
	struct cu_err err = { 0 };
	struct row_dsr row;

	assert_int_equal(reader_dsr_by_id(rd, &q->id, &row, &err), 1);
	store_reader_give(w->sample.store, rd);
	q->is_open = row.closed_ms == 0;
}
