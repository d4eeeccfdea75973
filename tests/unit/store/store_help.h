/*
 * store_help.h: a whole store in a directory: root key, vault, log and rows, all real.
 *
 * A template is made once and copied for each test.  Keys are wiped in a forked child, so a
 * child opens a store for itself, and the parent has none open while it forks.
 */
#ifndef CU_TESTS_STORE_HELP_H
#define CU_TESTS_STORE_HELP_H
#include "check.h"

#include "base/civil.h"
#include "crypto/key.h"
#include "crypto/note.h"
#include "ledger/ledger.h"
#include "store/reader.h"
#include "store/tx.h"
#include "vault/vault.h"
#include "root_key.h"

#define LOG_KEY "log.key"

struct house {
	const char *dir;
	struct key_arena *arena;
	struct key *k0;
	struct signer *signer;
	struct vault *vault;
	struct ledger *ledger;
	struct store *store;
	int64_t now_ms; /* the store's clock */
	int nfatal;     /* how often it gave up, and why */
	struct cu_err fatal;
};

static struct id house_id = { { 1, 2, 3 } }, house_lineage = { { 4, 5, 6 } };
static char template_dir[80];

/* Each field is a term: "<collection>.<field>". */
static inline void tokenise(void *ctx, const struct record *r, struct index_terms *to)
{
	(void)ctx;
	for (unsigned i = 0; i < r->nfields; i++) {
		char kind[INDEX_KIND_SIZE];

		snprintf(kind, sizeof(kind), "%s.%.*s", r->collection, (int)r->fields[i].name.n,
			(const char *)r->fields[i].name.p);
		index_add(to, kind, r->fields[i].value);
	}
}

static inline void on_fatal(void *ctx, const struct cu_err *why)
{
	struct house *h = ctx;

	h->nfatal++;
	h->fatal = *why;
}

static inline void house_close(struct house *h)
{
	store_close(h->store);
	ledger_close(h->ledger);
	vault_close(h->vault);
	signer_free(h->signer);
	key_arena_free(h->arena);
	*h = (struct house){ .dir = h->dir, .now_ms = h->now_ms };
}

static inline int house_open(struct house *h, const char *dir, struct cu_err *err)
{
	struct buf wrapped = BUF_INIT;
	int r;

	*h = (struct house){ .dir = dir, .now_ms = h->now_ms ? h->now_ms : 1795298944123 };
	r = key_arena_new(VAULT_NODES_CACHED + 8, &h->arena, err);
	if (r == 0) {
		r = key_new(h->arena, &h->k0, err);
	}
	if (r == 0) {
		r = root_key_get(dir, h->k0, err);
	}
	if (r == 0) {
		r = path_read_file(in_dir(dir, LOG_KEY), 4096, &wrapped, err);
	}
	if (r == 0) {
		r = signer_unwrap(buf_span(&wrapped), h->k0, &h->signer, err);
	}
	buf_done(&wrapped);
	if (r == 0) {
		r = vault_open(dir, h->k0, h->arena, &h->vault, err);
	}
	if (r == 0) {
		r = ledger_open(in_dir(dir, "log"), h->signer, &h->ledger, err);
	}
	if (r == 0) {
		struct store_config cfg = { .dir = dir, .arena = h->arena, .vault = h->vault,
			.ledger = h->ledger, .clock = clock_driven(&h->now_ms),
			.index = { tokenise, NULL }, .nreaders = 2, .on_fatal = on_fatal,
			.on_fatal_ctx = h };

		r = store_open(&cfg, &h->store, err);
	}
	if (r < 0) {
		house_close(h);
	}
	return r;
}

static inline void must_open(struct house *h, const char *dir)
{
	struct cu_err err = { 0 };

	assert_ok(house_open(h, dir, &err), &err);
}

static inline void reopen(struct house *h)
{
	const char *dir = h->dir;

	house_close(h);
	must_open(h, dir);
}

static inline void copy_tree(const char *from, const char *to)
{
	char command[512];

	snprintf(command, sizeof(command), "cp -a '%s/.' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

/* The group's setup: tmp, and in it the template. */
__attribute__((unused)) static int make_template(void **state)
{
	struct key_arena *arena = NULL;
	struct key *k0 = NULL;
	struct signer *signer = NULL;
	struct buf wrapped = BUF_INIT;
	struct cu_err err = { 0 };

	if (make_tmp(state) < 0) {
		return -1;
	}
	snprintf(template_dir, sizeof(template_dir), "%s/template", tmp);
	assert_int_equal(mkdir(template_dir, 0700), 0);
	assert_ok(key_arena_new(VAULT_NODES_CACHED + 8, &arena, &err), &err);
	assert_ok(key_new(arena, &k0, &err), &err);
	key_fill_random(k0);
	assert_ok(root_key_put(template_dir, k0, &err), &err);
	assert_ok(vault_create(template_dir, k0, arena, &err), &err);
	assert_ok(signer_new("custos/test", &signer, &err), &err);
	assert_ok(signer_wrap(signer, k0, &wrapped, &err), &err);
	write_all(in_dir(template_dir, LOG_KEY), buf_span(&wrapped));
	assert_ok(ledger_create(in_dir(template_dir, "log"), "custos/test", signer, &err), &err);
	assert_ok(store_create(template_dir, &house_id, &house_lineage, &err), &err);
	buf_done(&wrapped);
	signer_free(signer);
	key_arena_free(arena);
	return 0;
}

/* A fresh directory with an empty store in it. */
static inline const char *new_store_dir(void)
{
	const char *dir = fresh_dir();

	assert_true(*template_dir);
	copy_tree(template_dir, dir);
	return dir;
}

/* --- operations --------------------------------------------------------------------------- */

typedef int tx_fn(struct tx *tx, void *ctx, struct cu_err *err);

struct change {
	struct store_op op;
	tx_fn *fn;
	void *ctx;
};

static inline int apply_change(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;

	return c->fn(tx, c->ctx, err);
}

static inline int run_op(struct house *h, int kind, tx_fn *fn, void *ctx, struct cu_err *err)
{
	struct change c = { .op = { .apply = apply_change }, .fn = fn, .ctx = ctx };

	c.op.kind = kind;
	memset(c.op.actor.b, 0xac, sizeof(c.op.actor.b));
	return store_run(h->store, &c.op, err);
}

static inline void must_run(struct house *h, int kind, tx_fn *fn, void *ctx)
{
	struct cu_err err = { 0 };

	assert_ok(run_op(h, kind, fn, ctx, &err), &err);
}

/* A person with one record of a collection; the ids are filled in. */
struct person {
	const char *collection, *name, *email, *key; /* key: in the source "shop", or NULL */
	uint32_t cohort;
	struct id subject, record;
};

static inline int put_of_person(struct tx *tx, struct person *p, struct cu_err *err)
{
	struct record rec = { .id = p->record, .subject = p->subject, .cohort = p->cohort,
		.anchor_day = CIVIL_NO_DAY, .level = 1, .origin = RECORD_EXTERNAL };
	int r;

	snprintf(rec.collection, sizeof(rec.collection), "%s",
		p->collection ? p->collection : "profile");
	if (p->key) {
		rec.source = span_str("shop");
		rec.key = span_str(p->key);
	}
	r = record_set(&rec, span_str("name"), span_str(p->name), err);
	if (r == 0 && p->email) {
		r = record_set(&rec, span_str("email"), span_str(p->email), err);
	}
	if (r == 0) {
		r = tx_record_put(tx, &rec, err);
	}
	if (r == 0) {
		p->record = rec.id;
	}
	return r;
}

/* The person's record as a new one, or the next version of it; with its leaf. */
static inline int put_record(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct person *p = ctx;
	int r = put_of_person(tx, p, err);

	return r < 0 ? r :
		       tx_records_leaf(tx, &p->subject, p->collection ? p->collection : "profile",
			       "care", &p->record, 1, err);
}

static inline int add_person(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct person *p = ctx;
	int r = tx_subject_add(tx, SUBJECT_PERSON, "care", &p->subject, err);

	return r < 0 ? r : put_record(tx, p, err);
}

static inline struct person must_add(struct house *h, const char *name, const char *email)
{
	struct person p = { .name = name, .email = email };

	must_run(h, STORE_CHANGE, add_person, &p);
	return p;
}

/* --- looking ------------------------------------------------------------------------------ */

static inline int count_one(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)row;
	(void)rec;
	(void)err;
	++*(int *)ctx;
	return 0;
}

/* How many records have this term. */
static inline int hits_of(struct house *h, const char *kind, const char *value)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int n = 0, r;

	assert_ok(reader_begin(rd, &err), &err);
	r = reader_find(rd, kind, span_str(value), count_one, &n, &err);
	reader_end(rd);
	store_reader_give(h->store, rd);
	assert_ok(r, &err);
	assert_int_equal(r, n);
	return n;
}

/* How many of a subject's records open. */
static inline int records_of(struct house *h, const struct id *subject)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int n = 0;

	assert_ok(reader_begin(rd, &err), &err);
	assert_ok(reader_records(rd, subject, NULL, count_one, &n, &err), &err);
	reader_end(rd);
	store_reader_give(h->store, rd);
	return n;
}

static inline bool has_subject(struct house *h, const struct id *subject)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_subject row;
	struct cu_err err = { 0 };
	int r = reader_subject(rd, subject, &row, &err);

	store_reader_give(h->store, rd);
	assert_ok(r, &err);
	return r > 0;
}

/* The whole log, a line for each leaf. */
static inline const char *log_of(struct house *h, struct buf *to)
{
	struct cu_err err = { 0 };

	buf_clear(to);
	for (uint64_t i = 0; i < ledger_size(h->ledger); i++) {
		assert_ok(ledger_read(h->ledger, i, to, &err), &err);
		buf_put_u8(to, '\n');
	}
	return buf_cstr(to);
}

static inline unsigned count_text(const char *in, const char *text)
{
	unsigned n = 0;

	for (; (in = strstr(in, text)) != NULL; in++) {
		n++;
	}
	return n;
}

/* How many leaves of the log hold this text ("act=erase.done"). */
static inline unsigned leaves_with(struct house *h, const char *text)
{
	struct buf log = BUF_INIT;
	unsigned n = count_text(log_of(h, &log), text);

	buf_done(&log);
	return n;
}

static inline const char *hex_of(const struct id *id)
{
	static char text[4][ID_TEXT_SIZE];
	static unsigned turn;

	turn = (turn + 1) % 4;
	id_format(id, text[turn]);
	return text[turn];
}

#endif
