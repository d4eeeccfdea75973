#include "expect.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "made.h"

#define NEAR_S 2.5 /* of its end a record may be there or not */

struct modelled {
	bool is_there;
	unsigned index[NMETA];
	double born_s;
	uint64_t seen;  /* in which answer */
};

struct model {
	struct modelled *records;
	uint64_t n, answer;
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- the model --------------------------------------------------------------------------------- */

static void set_made(struct model *m, uint64_t number)
{
	for (int f = 0; f < NMETA; f++) {
		m->records[number].index[f] = made_index(number, f);
	}
}

static void add(struct model *m, uint64_t number)
{
	m->records[number].is_there = true;
	m->records[number].born_s = now_s();
	set_made(m, number);
}

struct model *model_new(uint64_t nrecords, uint64_t ncalls)
{
	struct model *m = calloc(1, sizeof(*m));

	m->n = nrecords + ncalls + 1;
	m->records = calloc(m->n, sizeof(*m->records));
	for (uint64_t i = 0; i < nrecords; i++) {
		add(m, i);
		m->records[i].is_there = made_ttl_s(i) != MADE_SHORT_TTL_S;
	}
	return m;
}

void model_free(struct model *m)
{
	if (m) {
		free(m->records);
		free(m);
	}
}

enum life { GONE, THERE, EITHER };

static enum life life_of(const struct model *m, uint64_t number)
{
	const struct modelled *r = &m->records[number];
	double left = made_ttl_s(number) - (now_s() - r->born_s);

	return !r->is_there || left < -NEAR_S ? GONE : left > NEAR_S ? THERE : EITHER;
}

/* --- what an answer is about ------------------------------------------------------------------- */

static bool is_by_field(const struct call_type *type)
{
	return type->kind == CALL_READ_META || type->kind == CALL_UPDATE_META ||
		type->kind == CALL_DELETE_META;
}

static bool is_meant(const struct expect *e, uint64_t number)
{
	return is_by_field(e->type) ?
		e->model->records[number].index[e->type->field] ==
			made_index(e->number, e->type->field) :
		number == e->number;
}

void expect_begin(struct expect *e, const struct call_type *type, uint64_t number, int set,
	struct model *model)
{
	*e = (struct expect){ .type = type, .number = number, .set = set, .model = model };
	if (is_by_field(type)) {
		made_value(type->field, made_index(number, type->field), e->value);
	}
	if (model) {
		model->answer++;
	}
}

/* --- rows -------------------------------------------------------------------------------------- */

static bool is_as_modelled(struct model *m, uint64_t number, const char *const value[])
{
	struct modelled *r;
	char text[VALUE_SIZE];

	if (number >= m->n || life_of(m, number) == GONE) {
		return false;
	}
	r = &m->records[number];
	if (r->seen == m->answer) {
		return false; /* twice */
	}
	r->seen = m->answer;
	for (int f = 0; f < NMETA; f++) {
		made_value(f, r->index[f], text);
		if (!value[f] || strcmp(value[f], text) != 0) {
			return false;
		}
	}
	return true;
}

static bool is_right(const struct expect *e, const char *key, const char *const value[])
{
	uint64_t number;

	if (!made_number(key, &number)) {
		return false;
	}
	if (is_by_field(e->type) ? !value[e->type->field] ||
			strcmp(value[e->type->field], e->value) != 0
				 : number != e->number) {
		return false;
	}
	if (e->type->with_data ? !made_is_data(value[DATA], number) : value[DATA] != NULL) {
		return false; /* who asks for attributes is not shown the data */
	}
	return !e->model || is_as_modelled(e->model, number, value);
}

void expect_row(void *ctx, const char *key, const char *const value[])
{
	struct expect *e = ctx;

	e->nrows++;
	e->nbad += !is_right(e, key, value);
}

/* --- the whole answer -------------------------------------------------------------------------- */

static bool all_were_read(const struct expect *e)
{
	for (uint64_t i = 0; i < e->model->n; i++) {
		if (is_meant(e, i) && life_of(e->model, i) == THERE &&
			e->model->records[i].seen != e->model->answer) {
			return false;
		}
	}
	return true;
}

static void change(const struct expect *e, uint64_t number)
{
	struct modelled *r = &e->model->records[number];

	switch (e->type->kind) {
	case CALL_DELETE:
	case CALL_DELETE_META: r->is_there = false; break;
	case CALL_UPDATE: set_made(e->model, number); break;
	case CALL_UPDATE_KEY:
	case CALL_UPDATE_META: r->index[e->set] = made_index(e->number, e->set); break;
	case CALL_INSERT:
	case CALL_READ:
	case CALL_READ_META:
	case CALL_READ_LOG:
	case CALL_VERIFY: break;
	}
}

/* All that are meant change, and no other. */
static bool all_were_changed(const struct expect *e, uint64_t n)
{
	uint64_t there = 0, either = 0;

	for (uint64_t i = 0; i < e->model->n; i++) {
		if (e->model->records[i].is_there && is_meant(e, i)) {
			there += life_of(e->model, i) == THERE;
			either += life_of(e->model, i) == EITHER;
			change(e, i);
		}
	}
	return n >= there && n <= there + either;
}

bool expect_end(struct expect *e, int n)
{
	switch (e->type->kind) {
	case CALL_INSERT:
		if (e->model) {
			add(e->model, e->number);
		}
		return n == 1;
	case CALL_READ_LOG: return n > 0;
	case CALL_VERIFY: return n == 0;
	case CALL_READ:
	case CALL_READ_META:
		return e->nbad == 0 && e->nrows == (uint64_t)n &&
			(!e->model || all_were_read(e));
	case CALL_UPDATE:
	case CALL_UPDATE_KEY:
	case CALL_UPDATE_META:
	case CALL_DELETE:
	case CALL_DELETE_META: return !e->model || all_were_changed(e, (uint64_t)n);
	}
	return false;
}
