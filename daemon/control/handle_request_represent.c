/* Requests of data subjects by somebody else: who acts for the person, and whether they may. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "control/casework.h"
#include "control/handle.h"
#include "policy/law.h"

#define MAX_TEXT_BYTES (16 * 1024)

/* A request that has gone on was verified as what it is. */
static int require_early(const struct row_dsr *row, struct cu_err *err)
{
	const char *how = row->state == REQ_SCOPING ? _("; 'request identify' begins anew") : "";

	return row->state == REQ_RECEIVED || row->state == REQ_IDENTITY_PENDING ?
		0 :
		cu_err_set(err, CU_EBUSY,
			"request %u is %s: who asks for the person is said before 'request verify'%s",
			row->number, intl_word(request_state_word(row->state)), how);
}

struct representing {
	struct daemon *daemon;
	unsigned role;
	struct span text; /* the name, and the address below */
};

/* Of somebody who died, where the law gives it to them. */
static int check_role(const struct representing *p, const struct row_dsr *row, struct cu_err *err)
{
	const struct law *law;
	int r = p->role == ROLE_RELATIVE ? casework_law(p->daemon, row, &law, err) : 0;

	if (r == 0 && p->role == ROLE_RELATIVE && !law->next_of_kin) {
		r = cu_err_set(err, CU_EINVAL,
			"by the law %s relatives of somebody who died have no such right (law/%s.yaml: next_of_kin)",
			row->law, row->law);
	}
	return r;
}

static int put_paper(struct tx *tx, const struct representing *p, struct row_dsr *row,
	struct cu_err *err)
{
	const uint8_t *end = memchr(p->text.p, '\n', p->text.n);
	size_t n = end ? (size_t)(end - p->text.p) : p->text.n;
	struct case_text texts[] = { { "person", span_of(p->text.p, n) },
		{ "address", end ? span_of(end + 1, p->text.n - n - 1) : (struct span){ 0 } } };

	return tx_dsr_paper(tx, row, "representative", texts, texts[1].text.n > 0 ? 2 : 1, NULL, err);
}

static int apply_represent(struct tx *tx, struct casework *c, struct cu_err *err)
{
	const struct representing *p = c->ctx;
	char why[ENGINE_KEY_SIZE];
	int r = require_early(&c->row, err);

	if (r == 0) {
		r = check_role(p, &c->row, err);
	}
	if (r == 0 && p->role) {
		r = put_paper(tx, p, &c->row, err);
	}
	c->row.acts_as = p->role;
	c->row.authority = 0;
	c->row.authority_ms = 0;
	snprintf(why, sizeof(why), "represent.%s", p->role ? request_role_word(p->role) : "self");
	return r < 0 ? r : tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, why, err);
}

int handle_REQUEST_REPRESENT(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *text = exchange_text(x, "text");
	struct representing p = { x->daemon, request_role_parse(exchange_text(x, "role")),
		span_str(text) };
	struct casework c = { .fn = apply_represent, .ctx = &p };

	if (strspn(text, " \t\r") == strcspn(text, "\n")) { /* no name */
		return cu_err_set(err, CU_EINVAL, "text: expected a name, and below it an address");
	}
	if (p.text.n > MAX_TEXT_BYTES) {
		return cu_err_set(err, CU_ELIMIT, "text: at most %d bytes", MAX_TEXT_BYTES);
	}
	return casework_run(x, &c, out, err);
}

int handle_REQUEST_UNREPRESENT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct representing p = { .daemon = x->daemon };
	struct casework c = { .fn = apply_represent, .ctx = &p };

	return casework_run(x, &c, out, err);
}

static int apply_authorise(struct tx *tx, struct casework *c, struct cu_err *err)
{
	const unsigned *authority = c->ctx;
	char why[ENGINE_KEY_SIZE];
	int r = require_early(&c->row, err);

	if (r == 0 && c->row.acts_as == 0) {
		r = cu_err_set(err, CU_EBUSY, "nobody acts for the person: 'request represent' says who does");
	}
	c->row.authority = *authority;
	c->row.authority_ms = tx->now_ms;
	snprintf(why, sizeof(why), "authority.%s", request_authority_word(*authority));
	return r < 0 ? r : tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, why, err);
}

int handle_REQUEST_AUTHORISE(struct exchange *x, struct json *out, struct cu_err *err)
{
	unsigned authority = request_authority_parse(exchange_text(x, "by"));
	struct casework c = { .fn = apply_authorise, .ctx = &authority };

	return casework_run(x, &c, out, err);
}
