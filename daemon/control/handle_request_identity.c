/* Requests of data subjects: is the person who asks the one whose data it is? */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "control/casework.h"
#include "control/handle.h"
#include "crypto/hash.h"

#define CODE_KEEP_MS  (14 * 24 * 3600 * 1000LL) /* by post, and back */
#define CODE_ATTEMPTS 5
#define CODE_DIGITS   10

/* --- who are you? ----------------------------------------------------------------- */

struct code {
	char text[CODE_DIGITS + 2]; /* "48213-77301" */
	unsigned method;
	bool is_wrong;
	unsigned left; /* attempts */
};

static void make_code(char to[CODE_DIGITS + 2])
{
	uint8_t random[CODE_DIGITS];

	for (unsigned i = 0; i < CODE_DIGITS;) { /* no digit is likelier than another */
		id_random_bytes(random, 1);
		if (random[0] < 250) {
			to[i + (i >= CODE_DIGITS / 2)] = (char)('0' + random[0] % 10);
			i++;
		}
	}
	to[CODE_DIGITS / 2] = '-';
	to[CODE_DIGITS + 1] = '\0';
}

/* Of its digits; blanks and dashes are how people write them. */
static void hash_code(const struct row_dsr *row, const char *text, char hex[2 * HASH_SIZE + 1])
{
	struct hash_blake2b sum;
	uint8_t digest[HASH_SIZE];

	hash_blake2b_init(&sum);
	hash_blake2b_put(&sum, span_of(row->id.b, sizeof(row->id.b)));
	for (const char *p = text; *p; p++) {
		if (*p >= '0' && *p <= '9') {
			hash_blake2b_put(&sum, span_of((const uint8_t *)p, 1));
		}
	}
	hash_blake2b_done(&sum, digest);
	text_hex(digest, sizeof(digest), hex);
}

static int put_code(struct tx *tx, struct row_dsr *row, struct code *code, struct cu_err *err)
{
	char hex[2 * HASH_SIZE + 1];
	struct case_text text = { "hash", { 0 } };

	make_code(code->text);
	hash_code(row, code->text, hex);
	text.text = span_str(hex);
	row->code_attempts = 0;
	row->code_expires_ms = tx->now_ms + CODE_KEEP_MS;
	return tx_dsr_paper(tx, row, "code", &text, 1, &row->code, err);
}

static int apply_ask(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct code *code = c->ctx;
	char why[ENGINE_KEY_SIZE];
	int r = 0;

	if (c->row.state != REQ_RECEIVED && c->row.state != REQ_IDENTITY_PENDING) {
		return cu_err_set(err, CU_EBUSY, "request %u is %s: who it is was asked before that",
			c->row.number, intl_word(request_state_word(c->row.state)));
	}
	if (code->method == METHOD_CODE && id_is_nil(&c->row.subject)) {
		return cu_err_set(err, CU_EBUSY,
			"a code goes to an address on file: first say whose, by 'request identify'");
	}
	if (code->method == METHOD_CODE) {
		r = put_code(tx, &c->row, code, err);
	}
	if (r == 0) {
		r = tx_dsr_pause(tx, &c->row, c->today, err);
	}
	snprintf(why, sizeof(why), "ask.%s", request_method_word(code->method));
	c->row.asked_ms = tx->now_ms;
	return r < 0 ? r : tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, why, err);
}

int handle_REQUEST_ASK(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct code code = { .method = request_method_parse(exchange_text(x, "method")) };
	struct casework c = { .fn = apply_ask, .ctx = &code };
	int r = casework_run(x, &c, out, err);

	if (r == 0 && code.method == METHOD_CODE) {
		json_str(out, "code", code.text);
		json_int(out, "code_until_ms", c.row.code_expires_ms);
	}
	explicit_bzero(&code, sizeof(code));
	return r;
}

/* 1: it is right, 0, or a code of failure. */
static int compare_code(struct tx *tx, const struct row_dsr *row, const char *text,
	struct cu_err *err)
{
	char hex[2 * HASH_SIZE + 1];
	struct row_record paper;
	struct record rec;
	struct span has;
	int r = tx_record_get(tx, &row->code, &paper, &rec, err);

	if (r <= 0) {
		return r < 0 ? r : cu_err_set(err, CU_ECORRUPT, "the code of request %u is lost", row->number);
	}
	hash_code(row, text, hex);
	has = record_get(&rec, "hash");
	return has.n == strlen(hex) && sodium_memcmp(has.p, hex, has.n) == 0;
}

static int check_code(struct tx *tx, struct casework *c, struct code *code, const char *text,
	struct cu_err *err)
{
	struct row_dsr *row = &c->row;
	int r;

	if (id_is_nil(&row->code)) {
		return cu_err_set(err, CU_EBUSY, "no code was made: 'request ask %u --method=code'", row->number);
	}
	if (tx->now_ms >= row->code_expires_ms || row->code_attempts >= CODE_ATTEMPTS) {
		return cu_err_set(err, CU_EDENIED, "the code is void: 'request ask %u --method=code' makes another",
			row->number);
	}
	r = compare_code(tx, row, text, err);
	code->is_wrong = r == 0;
	return r < 0 ? r : 0;
}

/* That it was wrong is remembered, so this is no failure of the step. */
static int count_wrong(struct tx *tx, struct casework *c, struct code *code, struct cu_err *err)
{
	c->row.code_attempts++;
	code->left = CODE_ATTEMPTS - c->row.code_attempts;
	return tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, "verify.wrong", err);
}

struct verify {
	struct code code;
	const char *text;
};

static int apply_verify(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct verify *v = c->ctx;
	char why[ENGINE_KEY_SIZE];
	int r = 0;

	c->row.method = v->code.method;
	r = request_may(&c->row, REQ_ON_VERIFY, err);
	if (r == 0 && v->code.method == METHOD_CODE) {
		r = check_code(tx, c, &v->code, v->text, err);
	}
	if (r == 0 && v->code.is_wrong) {
		c->row.method = 0;
		return count_wrong(tx, c, &v->code, err);
	}
	if (r == 0) {
		r = tx_dsr_resume(tx, &c->row, c->today, err);
	}
	c->row.code = (struct id){ 0 };
	c->row.verified_ms = tx->now_ms;
	snprintf(why, sizeof(why), "verify.%s", request_method_word(c->row.method));
	if (r == 0) {
		r = tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, why, err);
	}
	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_VERIFY, err);
}

int handle_REQUEST_VERIFY(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct verify v = { .code.method = request_method_parse(exchange_text(x, "method")),
		.text = exchange_text(x, "code") };
	struct casework c = { .fn = apply_verify, .ctx = &v };
	int r;

	if (v.code.method == METHOD_CODE && !v.text) {
		return cu_err_set(err, CU_EINVAL, "code: expected the code that the person was sent");
	}
	r = casework_run(x, &c, out, err);
	if (r == 0 && v.code.is_wrong) {
		r = v.code.left > 0 ?
			cu_err_set(err, CU_EDENIED, "this is not the code; attempts left: %u", v.code.left) :
			cu_err_set(err, CU_EDENIED, "this is not the code, and it was the last attempt: 'request ask' makes another");
	}
	return r;
}
