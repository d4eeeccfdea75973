#include "control/absence_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "control/confine.h"
#include "control/errand.h"
#include "ledger/leaf.h"

#define SLOTS_MAX (1u << 16) /* of one leaf; its line has 4 KiB */

/* --- the question, written by the daemon ------------------------------------------ */

static void put_leaves(struct json *j, struct span leaves)
{
	const char *p = (const char *)leaves.p, *end = p + leaves.n;

	json_open_array(j, "leaves");
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		json_strn(j, NULL, p, (size_t)(stop - p));
		p = stop + 1;
	}
	json_close_array(j);
}

void absence_request_put(const struct absence_options *o, struct span leaves, struct buf *out)
{
	struct json j = json_to(out);
	char key[NOTE_VERIFIER_SIZE];

	note_format_verifier(&o->manifest_key, key);
	json_open_object(&j, NULL);
	json_str(&j, "directory", o->dir);
	json_str(&j, "key", key);
	json_open_array(&j, "targets");
	for (size_t i = 0; i < o->ntargets; i++) {
		json_open_object(&j, NULL);
		json_str(&j, "target", o->targets[i].key);
		json_str(&j, "repository", o->targets[i].dir);
		json_close_object(&j);
	}
	json_close_array(&j);
	put_leaves(&j, leaves);
	json_close_object(&j);
}

bool absence_is_request(const json_t *request)
{
	return json_is_array(json_object_get(request, "leaves"));
}

/* --- and read by the worker ------------------------------------------------------- */

struct question {
	struct absence_options options;
	struct absence_target *targets;
	struct id *subjects;
	uint64_t *slots;
	size_t nslots, cap;
};

static void question_done(struct question *q)
{
	free(q->targets);
	free(q->subjects);
	free(q->slots);
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

static int compare_slots(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Room for the slots of one more leaf. */
static int make_room(struct question *q, struct cu_err *err)
{
	size_t cap = q->cap ? 2 * q->cap : 2 * SLOTS_MAX;
	uint64_t *more;

	if (q->cap - q->nslots >= SLOTS_MAX) {
		return 0;
	}
	more = realloc(q->slots, cap * sizeof(*more));
	if (!more) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	q->slots = more;
	q->cap = cap;
	return 0;
}

static int take_leaves(struct question *q, const json_t *list, struct cu_err *err)
{
	size_t n = json_array_size(list);
	int r = 0;

	q->subjects = calloc(n + 1, sizeof(*q->subjects));
	if (!q->subjects) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *line = json_string_value(json_array_get(list, i));
		struct leaf leaf = { 0 };

		r = make_room(q, err);
		if (r == 0) {
			r = leaf_parse(span_str(line ? line : ""), &leaf, q->slots + q->nslots,
				SLOTS_MAX, err);
		}
		q->subjects[i] = leaf.sub;
		q->nslots += r == 0 ? leaf.nslots : 0;
	}
	if (r == 0) {
		qsort(q->subjects, n, sizeof(*q->subjects), compare_ids);
		qsort(q->slots, q->nslots, sizeof(*q->slots), compare_slots);
	}
	q->options.nsubjects = n;
	return r;
}

/* An erasure of several leaves names its subject in each: once is enough. */
static void drop_doubles(struct question *q)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->options.nsubjects; i++) {
		if (kept == 0 || !id_eq(&q->subjects[kept - 1], &q->subjects[i])) {
			q->subjects[kept++] = q->subjects[i];
		}
	}
	q->options.nsubjects = kept;
}

static int take_targets(struct question *q, const json_t *list, struct cu_err *err)
{
	size_t n = json_array_size(list);

	q->targets = calloc(n + 1, sizeof(*q->targets));
	if (!q->targets) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *t = json_array_get(list, i);

		q->targets[i].key = json_string_value(json_object_get(t, "target"));
		q->targets[i].dir = json_string_value(json_object_get(t, "repository"));
		if (!q->targets[i].key || !q->targets[i].dir) {
			return cu_err_set(err, CU_EPROTO, "the request is none");
		}
	}
	q->options.ntargets = n;
	return 0;
}

static int take_question(struct question *q, const json_t *request, struct cu_err *err)
{
	struct absence_options *o = &q->options;
	const char *key = json_string_value(json_object_get(request, "key"));
	int r = 0;

	o->dir = json_string_value(json_object_get(request, "directory"));
	if (!o->dir || !key) {
		r = cu_err_set(err, CU_EPROTO, "the request is none");
	}
	if (r == 0) {
		r = note_parse_verifier(key, &o->manifest_key, err);
	}
	if (r == 0) {
		r = take_targets(q, json_object_get(request, "targets"), err);
	}
	if (r == 0) {
		r = take_leaves(q, json_object_get(request, "leaves"), err);
	}
	if (r == 0) {
		drop_doubles(q);
		o->targets = q->targets;
		o->subjects = q->subjects;
		o->slots = q->slots;
		o->nslots = q->nslots;
	}
	return r;
}

/* --- what it says ----------------------------------------------------------------- */

static void on_row(void *ctx, const char *target, const struct absence_row *row)
{
	struct buf line = BUF_INIT;
	struct json j = json_to(&line);

	(void)ctx;
	json_open_object(&j, NULL);
	json_open_object(&j, "object");
	json_str(&j, "target", target);
	json_bool(&j, "is_vault", row->is_vault);
	json_str(&j, "object", row->object);
	json_uint(&j, "generation", row->generation);
	json_str(&j, "outcome", absence_word(row->outcome));
	json_uint(&j, "erased", row->erased);
	json_uint(&j, "opened", row->opened);
	json_str(&j, "why", row->why);
	json_close_object(&j);
	json_close_object(&j);
	errand_say(&line);
}

static int lock_in(const struct question *q, struct cu_err *err)
{
	const char **repositories = calloc(q->options.ntargets + 1, sizeof(*repositories));

	if (!repositories) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < q->options.ntargets; i++) {
		repositories[i] = q->targets[i].dir;
	}
	confine_errand(q->options.dir, repositories, q->options.ntargets);
	free(repositories);
	return 0;
}

int absence_worker_run(const json_t *request, struct span identity, const struct watch *watch,
	enum absence_outcome *ret, struct cu_err *err)
{
	struct question q = { .options = { .identity = identity, .watch = watch } };
	int r = take_question(&q, request, err);

	if (r == 0) {
		r = lock_in(&q, err);
	}
	if (r == 0) {
		r = absence_run(&q.options, on_row, NULL, ret, err);
	}
	question_done(&q);
	return r;
}

/* --- and read by the daemon ------------------------------------------------------- */

enum absence_outcome absence_outcome_take(const json_t *word)
{
	const char *text = json_string_value(word);
	int i = 0;

	while (i < ABSENCE_NOUTCOMES_ &&
		(!text || strcmp(text, absence_word((enum absence_outcome)i)) != 0)) {
		i++;
	}
	return (enum absence_outcome)i;
}

int absence_row_take(const json_t *o, const char **ret_target, struct absence_row *ret,
	struct cu_err *err)
{
	const char *target = json_string_value(json_object_get(o, "target"));
	const char *object = json_string_value(json_object_get(o, "object"));
	const char *why = json_string_value(json_object_get(o, "why"));
	struct absence_row row = { .outcome = absence_outcome_take(json_object_get(o, "outcome")),
		.is_vault = json_is_true(json_object_get(o, "is_vault")) };

	if (!target || !object || !why || row.outcome == ABSENCE_NOUTCOMES_) {
		return cu_err_set(
			err, CU_EPROTO, "the process that verifies sent an object that is none");
	}
	snprintf(row.object, sizeof(row.object), "%s", object);
	snprintf(row.why, sizeof(row.why), "%s", why);
	row.generation = (uint64_t)json_integer_value(json_object_get(o, "generation"));
	row.erased = (uint64_t)json_integer_value(json_object_get(o, "erased"));
	row.opened = (uint64_t)json_integer_value(json_object_get(o, "opened"));
	*ret_target = target;
	*ret = row;
	return 0;
}
