/* The rows of consents and objections. */
#include "store/engine_consent.h"

#include <string.h>

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

static const char *const states[] = {
#define X(id, word, meaning) [CONSENT_##id] = word,
	CONSENT_STATES(X)
#undef X
};

static const char *const methods[] = {
#define X(id, word, meaning) [METHOD_##id] = word,
	CONSENT_METHODS(X)
#undef X
};

const char *consent_state_word(enum consent_state s)
{
	return states[s];
}

const char *consent_method_word(enum consent_method m)
{
	return methods[m];
}

const char *consent_state_meaning(enum consent_state s)
{
	static const char *const meanings[] = {
#define X(id, word, meaning) meaning,
		CONSENT_STATES(X)
#undef X
	};

	return meanings[s];
}

const char *consent_method_meaning(enum consent_method m)
{
	static const char *const meanings[] = {
#define X(id, word, meaning) meaning,
		CONSENT_METHODS(X)
#undef X
	};

	return meanings[m];
}

enum consent_method consent_method_of(const char *word)
{
	for (int i = 0; i < METHOD_N_; i++) {
		if (strcmp(methods[i], word) == 0) {
			return (enum consent_method)i;
		}
	}
	return METHOD_NONE;
}

static int next_seq(struct engine *e, const struct id *subject, uint64_t *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CONSENT_NEWEST, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	r = db_step(st, err);
	if (r > 0) {
		*ret = (uint64_t)sqlite3_column_int64(st, 0) + 1;
		db_reset(st);
	}
	return r < 0 ? r : 0;
}

int engine_consent_put(struct engine *e, struct row_consent *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = next_seq(e, &row->subject, &row->seq, err);

	if (r == 0) {
		r = engine_statement(e, ST_CONSENT_PUT, &st, err);
	}
	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->subject);
	engine_bind_text(st, 2, row->purpose);
	engine_bind_u64(st, 3, row->seq);
	engine_bind_text(st, 4, row->channel);
	sqlite3_bind_int(st, 5, (int)row->state);
	sqlite3_bind_int(st, 6, (int)row->method);
	engine_bind_text(st, 7, row->notice);
	engine_bind_text(st, 8, row->language);
	sqlite3_bind_int64(st, 9, row->at_ms);
	sqlite3_bind_int64(st, 10, row->expires_ms);
	sqlite3_bind_int(st, 11, row->said_day);
	engine_bind_id(st, 12, &row->actor);
	engine_bind_id(st, 13, &row->record);
	engine_bind_u64(st, 14, row->leaf);
	return db_run(st, err);
}

int engine_consent_has(struct engine *e, const struct row_consent *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CONSENT_HAS, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->subject);
	engine_bind_text(st, 2, row->purpose);
	engine_bind_text(st, 3, row->channel);
	sqlite3_bind_int(st, 4, (int)row->state);
	sqlite3_bind_int64(st, 5, row->at_ms);
	r = db_step(st, err);
	db_reset(st);
	return r;
}

static int read_enums(sqlite3_stmt *st, struct row_consent *ret, struct cu_err *err)
{
	int state = sqlite3_column_int(st, 4), method = sqlite3_column_int(st, 5);

	if (state <= CONSENT_NONE || state >= CONSENT_NSTATES_ || method < 0 || method >= METHOD_N_) {
		return cu_err_set(err, CU_ECORRUPT, "consent: a row holds unknown numbers");
	}
	ret->state = (enum consent_state)state;
	ret->method = (enum consent_method)method;
	return 0;
}

static int read_row(sqlite3_stmt *st, struct row_consent *ret, struct cu_err *err)
{
	struct {
		int at;
		char *to;
	} keys[] = { { 1, ret->purpose }, { 3, ret->channel }, { 6, ret->notice },
		{ 7, ret->language } };
	struct {
		int at;
		struct id *to;
	} ids[] = { { 0, &ret->subject }, { 11, &ret->actor }, { 12, &ret->record } };
	int r = read_enums(st, ret, err);

	for (size_t i = 0; r == 0 && i < sizeof(keys) / sizeof(keys[0]); i++) {
		r = engine_column_key(st, keys[i].at, keys[i].to, err);
	}
	for (size_t i = 0; r == 0 && i < sizeof(ids) / sizeof(ids[0]); i++) {
		r = db_column_copy(st, ids[i].at, ids[i].to->b, sizeof(ids[i].to->b), err);
	}
	ret->seq = (uint64_t)sqlite3_column_int64(st, 2);
	ret->at_ms = sqlite3_column_int64(st, 8);
	ret->expires_ms = sqlite3_column_int64(st, 9);
	ret->said_day = sqlite3_column_int(st, 10);
	ret->leaf = (uint64_t)sqlite3_column_int64(st, 13);
	return r;
}

/* Runs a lookup that is bound. */
static int find(sqlite3_stmt *st, struct row_consent *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r > 0) {
		r = read_row(st, ret, err);
		db_reset(st);
		return r < 0 ? r : 1;
	}
	return r;
}

int engine_consent_before(struct engine *e, const struct id *subject, const char *purpose,
	uint64_t seq, struct row_consent *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CONSENT_BEFORE, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_text(st, 2, purpose);
	engine_bind_u64(st, 3, seq < INT64_MAX ? seq : INT64_MAX);
	return find(st, ret, err);
}

int engine_consent_after(struct engine *e, const struct id *subject, uint64_t seq,
	struct row_consent *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CONSENT_AFTER, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_u64(st, 2, seq);
	return find(st, ret, err);
}

int engine_consent_subject(struct engine *e, const char *purpose, const struct id *after,
	struct id *ret, struct cu_err *err)
{
	struct id from = after ? *after : (struct id){ 0 };
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CONSENT_SUBJECT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, purpose);
	engine_bind_id(st, 2, &from);
	r = db_step(st, err);
	if (r > 0) {
		r = db_column_copy(st, 0, ret->b, sizeof(ret->b), err);
		db_reset(st);
		return r < 0 ? r : 1;
	}
	return r;
}
