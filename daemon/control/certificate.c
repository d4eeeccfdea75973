#include "control/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/guarantee.h"
#include "control/linger.h"
#include "ledger/ledger.h"
#include "policy/policy.h"

#define SLOTS_MAX  (1u << 16) /* of one leaf; its line has 4 KiB */
#define LEAVES_MAX 4096       /* of one erasure */

struct found {
	uint64_t index;
	struct buf line;
};

/* What the log says about an erasure, from the newest leaf back to its beginning. */
struct story {
	struct found *v; /* newest first */
	size_t n, cap;
	bool is_begun, is_done, is_cancelled;
	struct id subject, record;
	char (*collections)[LEAF_KEY_SIZE]; /* newest first; none: the whole subject */
	size_t ncollections;
	char purpose[LEAF_KEY_SIZE];
	uint64_t generation, nslots;
	int64_t done_ms;
	int64_t restored_ms; /* when the store came out of a backup; 0: it did not */
	uint64_t *slots;     /* scratch */
};

static void story_done(struct story *s)
{
	for (size_t i = 0; i < s->n; i++) {
		buf_done(&s->v[i].line);
	}
	free(s->v);
	free(s->collections);
	free(s->slots);
}

/* --- the log ---------------------------------------------------------------------- */

static int keep(struct story *s, uint64_t index, struct span line, struct cu_err *err)
{
	if (s->n >= LEAVES_MAX) {
		return cu_err_set(
			err, CU_ELIMIT, "this erasure has over %d leaves", LEAVES_MAX);
	}
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 8;
		struct found *more = realloc(s->v, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		s->v = more;
		s->cap = cap;
	}
	s->v[s->n] = (struct found){ .index = index, .line = BUF_INIT };
	buf_put_span(&s->v[s->n].line, line);
	return buf_check(&s->v[s->n++].line, err);
}

static int add_collection(struct story *s, const char *key, struct cu_err *err)
{
	char(*more)[LEAF_KEY_SIZE] =
		realloc(s->collections, (s->ncollections + 1) * sizeof(*more));

	if (!more) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	s->collections = more;
	memcpy(more[s->ncollections++], key, LEAF_KEY_SIZE);
	return 0;
}

static int take_leaf(struct story *s, uint64_t index, struct span line,
	const struct leaf *leaf, struct cu_err *err)
{
	int r = 0;

	switch (leaf->act) {
	case LEAF_ERASE_BEGIN: /* one, or one for each collection */
		s->is_begun = true;
		s->subject = leaf->sub;
		s->record = leaf->rec;
		memcpy(s->purpose, leaf->purpose, sizeof(s->purpose));
		r = leaf->collection[0] ? add_collection(s, leaf->collection, err) : 0;
		break;
	case LEAF_ERASE_SHRED: s->nslots += leaf->nslots; break;
	case LEAF_ERASE_DONE:
		s->is_done = true;
		s->done_ms = leaf->t_ms;
		s->generation = leaf->generation;
		break;
	case LEAF_ERASE_CANCEL: s->is_cancelled = true; return 0;
	default: return 0; /* others may name it, too */
	}
	return r < 0 ? r : keep(s, index, line, err);
}

static int look_at(struct story *s, const struct id *erasure, uint64_t index,
	struct span line, struct cu_err *err)
{
	struct leaf leaf;
	int r = leaf_parse(line, &leaf, s->slots, SLOTS_MAX, err);

	if (r < 0) {
		return r;
	}
	if (leaf.act == LEAF_STORE_RESTORE && s->restored_ms == 0) {
		s->restored_ms = leaf.t_ms;
	}
	return id_eq(&leaf.obj, erasure) ? take_leaf(s, index, line, &leaf, err) : 0;
}

struct reading {
	struct exchange *x;
	struct story *story;
	struct id erasure;
	char hex[ID_TEXT_SIZE];
	bool is_restored; /* then the leaf that says so is looked for, too */
};

/* Few leaves are worth parsing.  1 ends it: the first leaves of an erasure stand side by side. */
static int on_leaf(void *ctx, uint64_t index, struct span line, struct cu_err *err)
{
	static const char restore[] = " act=store.restore";
	struct reading *r = ctx;
	struct story *s = r->story;
	bool is_named = memmem(line.p, line.n, r->hex, strlen(r->hex)) != NULL;

	if (exchange_is_cancelled(r->x)) {
		return cu_err_set(err, CU_ECANCELED, "cancelled");
	}
	if (!is_named && s->is_begun && (!r->is_restored || s->restored_ms > 0)) {
		return 1;
	}
	return is_named || memmem(line.p, line.n, restore, sizeof(restore) - 1) ?
		look_at(s, &r->erasure, index, line, err) :
		0;
}

/* From the newest on: certificates are asked for soon. */
static int read_story(struct exchange *x, const struct id *erasure, struct story *s,
	struct cu_err *err)
{
	struct reading reading = { .x = x, .story = s, .erasure = *erasure,
		.is_restored = store_is_restored(x->daemon->house.store) };
	int r;

	id_format(erasure, reading.hex);
	s->slots = malloc(SLOTS_MAX * sizeof(*s->slots));
	if (!s->slots) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = ledger_each_back(x->daemon->house.ledger, on_leaf, &reading, err);
	return r < 0 ? r : 0;
}

/* How far it has come is what the log says, whatever the store believes. */
static int require_done(const struct story *s, struct cu_err *err)
{
	if (s->n == 0) {
		return cu_err_set(err, CU_ENOENT, "the log has no such erasure");
	}
	if (!s->is_begun) {
		return cu_err_set(
			err, CU_ECORRUPT, "the log lacks the beginning of this erasure");
	}
	if (s->is_cancelled) {
		return cu_err_set(err, CU_ENOENT,
			"this erasure was cancelled, so there is nothing to certify");
	}
	if (!s->is_done) {
		return cu_err_set(err, CU_EBUSY,
			"nothing can be certified yet: this erasure has begun, %s; ask again "
			"when it is done",
			s->nslots > 0 ? _("its keys are shredded, its rows are not yet gone") :
					_("its keys are not yet shredded"));
	}
	return 0;
}

/* --- the object ------------------------------------------------------------------- */

static void put_time(struct json *j, const char *key, int64_t ms)
{
	char text[CIVIL_TIME_SIZE];

	civil_format_time(ms, text);
	json_str(j, key, text);
}

static void put_id(struct json *j, const char *key, const struct id *id)
{
	json_hex(j, key, id->b, sizeof(id->b));
}

static int put_leaves(
	struct daemon *d, const struct story *s, struct json *j, struct cu_err *err)
{
	struct buf proof = BUF_INIT;
	int r = 0;

	json_open_array(j, "leaves");
	for (size_t i = s->n; r == 0 && i-- > 0;) {
		buf_clear(&proof);
		r = ledger_prove(d->house.ledger, s->v[i].index, &proof, err);
		if (r == 0) {
			json_open_object(j, NULL);
			json_uint(j, "index", s->v[i].index);
			json_strn(j, "leaf", (const char *)s->v[i].line.p,
				s->v[i].line.n);
			json_buf(j, "proof", &proof);
			json_close_object(j);
		}
	}
	json_close_array(j);
	buf_done(&proof);
	return r;
}

static void put_guarantee(const struct guarantee *g, struct json *j)
{
	json_open_object(j, "guarantee");
	json_str(j, "class", guarantee_class(g));
	json_open_array(j, "reasons");
	for (size_t i = 0; i < g->n; i++) {
		json_open_object(j, NULL);
		json_str(j, "key", g->reasons[i].key);
		json_str(j, "text", g->reasons[i].text);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

static void put_state(const struct horizon *h, struct json *j)
{
	json_str(j, "state", horizon_word(h->state));
	if (h->state == HORIZON_BY) {
		put_time(j, "date", h->date_ms);
	}
	if (h->state == HORIZON_UNBOUNDED) {
		put_time(j, "since", h->since_ms);
	}
}

static void put_last_copy(const struct lingering *l, struct json *j)
{
	json_open_object(j, "last_copy");
	put_state(&l->all, j);
	json_open_array(j, "targets");
	for (size_t i = 0; i < l->n; i++) {
		json_open_object(j, NULL);
		json_str(j, "target", l->v[i].target->key);
		put_state(&l->v[i].at, j);
		json_uint(j, "confirmed_generation", l->v[i].at.confirmed_generation);
		json_uint(j, "older_objects", l->v[i].at.nolder);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

/* No more than is true. */
static void put_statement(const struct story *s, const struct guarantee *g,
	const struct lingering *l, struct json *j)
{
	char text[1200], where[500] = "", restored[300] = "";

	if (s->restored_ms > 0) {
		snprintf(restored, sizeof(restored), " %s",
			"This store came out of a backup: the repository that it was "
			"restored from may still hold the keys, and is not one that "
			"it deletes from.");
	}
	if (s->restored_ms == 0 || l->n > 0) {
		where[0] = ' ';
		linger_say(l, where + 1, sizeof(where) - 1);
	}
	snprintf(text, sizeof(text), "%s%s%s%s",
		g->is_weaker
			? "The keys of this data subject were overwritten on this "
			  "host, on storage that may keep old contents; its records "
			  "were deleted."
			: "The keys of this data subject were overwritten in place "
			  "on this host, and read back; its records were deleted.",
		s->ncollections > 0
			? " This is about a part of what is known, as \"scope\" says."
			: "",
		where, restored);
	json_str(j, "statement", text);
}

static void put_head(struct daemon *d, const struct id *erasure, const struct story *s,
	struct json *j)
{
	struct id store = store_id(d->house.store),
		  lineage = store_lineage(d->house.store);
	char key[NOTE_VERIFIER_SIZE];

	json_int(j, "custos_certificate", 1);
	json_str(j, "kind", "erasure");
	put_id(j, "store", &store);
	put_id(j, "lineage", &lineage);
	put_time(j, "issued", clock_now_ms(&d->house.clock));
	put_id(j, "erasure", erasure);
	put_id(j, "subject", &s->subject);
	json_str(j, "scope",
		s->ncollections == 0     ? "subject" :
			id_is_nil(&s->record) ? "collection" :
						"record");
	json_open_array(j, "collections");
	for (size_t i = s->ncollections; i-- > 0;) {
		json_str(j, NULL, s->collections[i]);
	}
	json_close_array(j);
	if (!id_is_nil(&s->record)) {
		put_id(j, "record", &s->record);
	}
	json_str(j, "purpose", s->purpose);
	json_uint(j, "generation", s->generation);
	json_uint(j, "slots", s->nslots);
	json_open_object(j, "log");
	json_str(j, "origin", d->house.verifier.name);
	note_format_verifier(&d->house.verifier, key);
	json_str(j, "key", key);
	json_close_object(j);
}

/* A repository from before a restore is none of ours to delete from. */
static void count_restore(const struct story *s, struct lingering *l)
{
	if (s->restored_ms > 0 && l->all.state != HORIZON_UNBOUNDED) {
		l->all.state = HORIZON_UNBOUNDED;
		l->all.since_ms = s->restored_ms;
	}
}

/* In English, whoever asks: it is signed, and for anybody to check. */
static int put_object(struct daemon *d, const struct id *erasure, const struct story *s,
	struct buf *out, struct cu_err *err)
{
	struct lingering l = { 0 };
	enum intl_language reader;
	struct guarantee g;
	struct json j = json_to(out);
	int r = linger_of(d, s->generation, s->done_ms, &l, err);

	if (r < 0) {
		return r;
	}
	reader = intl_use(INTL_EN);
	guarantee_of(d, &g);
	json_open_object(&j, NULL);
	put_head(d, erasure, s, &j);
	r = put_leaves(d, s, &j, err);
	put_guarantee(&g, &j);
	put_statement(s, &g, &l, &j);
	count_restore(s, &l);
	put_last_copy(&l, &j);
	json_close_object(&j);
	(void)intl_use(reader);
	linger_done(&l);
	return r < 0 ? r : buf_check(out, err);
}

/* --- the note --------------------------------------------------------------------- */

int certificate_make(struct exchange *x, const struct id *erasure, struct buf *out,
	struct cu_err *err)
{
	struct daemon *d = x->daemon;
	struct story s = { 0 };
	struct buf object = BUF_INIT, text = BUF_INIT;
	int r = read_story(x, erasure, &s, err);

	if (r == 0) {
		r = require_done(&s, err);
	}
	if (r == 0) {
		r = house_publish(&d->house, err); /* so that every leaf can be proven */
	}
	if (r == 0) {
		r = put_object(d, erasure, &s, &object, err);
	}
	if (r == 0) {
		json_indent(buf_span(&object), &text);
		r = buf_check(&text, err);
	}
	if (r == 0) {
		r = note_sign(d->house.signer, buf_span(&text), out, err);
	}
	story_done(&s);
	buf_done(&object);
	buf_done(&text);
	return r;
}
