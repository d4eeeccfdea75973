/*
 * sample.h: a small store, complete and real: keys, vault, log, records, and its backups.
 *
 * Each person has one record "profile" whose field "name" says "person <number>".
 */
#ifndef CU_TEST_BACKUP_SAMPLE_H
#define CU_TEST_BACKUP_SAMPLE_H
#include "fixture.h"

#include "backup/identity.h"
#include "backup/repo.h"
#include "backup/snapshot.h"
#include "backup/vault_object.h"
#include "base/civil.h"
#include "base/clock.h"
#include "crypto/key.h"
#include "db/image.h"
#include "ledger/ledger.h"
#include "store/reader.h"
#include "store/tx_erase.h"
#include "store/tx_hold.h"
#include "vault/vault.h"
#include "root_key.h"

#define MAX_PEOPLE 32

struct sample {
	char dir[512], log_dir[600], keys_dir[600], ring_dir[620];
	struct key_arena *arena;
	struct key *k0;
	struct signer *signer;
	struct note_verifier verifier;
	struct recipients_file recipients;
	struct buf identity; /* the file */
	struct vault *vault;
	struct ledger *ledger;
	struct store *store;
	int64_t now_ms;
	uint64_t known_sequence, known_capture;
	struct id people[MAX_PEOPLE];
	unsigned npeople;
};

static inline void no_terms(void *ctx, const struct record *r, struct index_terms *to)
{
	(void)ctx;
	(void)r;
	(void)to;
}

static inline void on_fatal(void *ctx, const struct cu_err *why)
{
	(void)ctx;
	fprintf(stderr, "fatal: %s\n", why->msg); /* the daemon ends, too */
	_exit(1);
}

static inline void sample_paths(struct sample *s, const char *dir)
{
	*s = (struct sample){ .now_ms = 1795298944123, .identity = BUF_INIT_WIPE };
	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	snprintf(s->log_dir, sizeof(s->log_dir), "%s/log", dir);
	snprintf(s->keys_dir, sizeof(s->keys_dir), "%s/keys", dir);
	snprintf(s->ring_dir, sizeof(s->ring_dir), "%s/keys/" KEYRING_FIRST, dir);
}

/* Opens what lies in s->dir with the keys beside it, as the daemon does. */
static inline void sample_open(struct sample *s)
{
	struct store_config cfg = { .dir = s->dir, .clock = clock_driven(&s->now_ms),
		.index = { no_terms, NULL }, .nreaders = 1, .on_fatal = on_fatal };
	struct buf wrapped = BUF_INIT;
	struct cu_err err = { 0 };
	char path[700];

	assert_ok(key_arena_new(VAULT_NODES_CACHED + 8, &s->arena, &err), &err);
	assert_ok(key_new(s->arena, &s->k0, &err), &err);
	assert_ok(root_key_get(s->ring_dir, s->k0, &err), &err);
	snprintf(path, sizeof(path), "%s/log.key", s->ring_dir);
	read_all(path, &wrapped);
	assert_ok(signer_unwrap(buf_span(&wrapped), s->k0, &s->signer, &err), &err);
	buf_done(&wrapped);
	signer_verifier(s->signer, &s->verifier);
	assert_ok(recipients_load(s->keys_dir, &s->recipients, &err), &err);
	assert_ok(vault_open(s->dir, s->k0, s->arena, &s->vault, &err), &err);
	assert_ok(ledger_open(s->log_dir, s->signer, &s->ledger, &err), &err);
	cfg.arena = s->arena;
	cfg.vault = s->vault;
	cfg.ledger = s->ledger;
	assert_ok(store_open(&cfg, &s->store, &err), &err);
}

static inline void sample_close(struct sample *s)
{
	store_close(s->store);
	ledger_close(s->ledger);
	vault_close(s->vault);
	signer_free(s->signer);
	key_free(s->arena, s->k0);
	key_arena_free(s->arena);
	buf_done(&s->identity);
	s->store = NULL;
	s->arena = NULL;
}

static inline int init_leaf(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_STORE_INIT };

	(void)op;
	return tx_leaf(tx, &leaf, err);
}

static inline void sample_make(struct sample *s, const char *dir)
{
	struct id store = id_new(), lineage = id_new();
	struct store_op op = { .apply = init_leaf, .kind = STORE_CHANGE };
	struct buf wrapped = BUF_INIT, identity = BUF_INIT_WIPE;
	struct recipients_file recipients;
	struct signer *signer = NULL;
	struct note_verifier verifier;
	struct key_arena *arena = NULL;
	struct key *k0 = NULL;
	struct cu_err err = { 0 };
	char name[64], hex[ID_TEXT_SIZE];

	sample_paths(s, dir);
	assert_ok(path_make_dir(s->ring_dir, 0700, &err), &err);
	assert_ok(key_arena_new(VAULT_NODES_CACHED + 8, &arena, &err), &err);
	assert_ok(key_new(arena, &k0, &err), &err);
	key_fill_random(k0);
	assert_ok(root_key_put(s->ring_dir, k0, &err), &err);
	assert_ok(vault_create(s->dir, k0, arena, &err), &err);
	id_format(&lineage, hex);
	snprintf(name, sizeof(name), "custos/%s", hex);
	assert_ok(signer_new(name, &signer, &err), &err);
	signer_verifier(signer, &verifier);
	assert_ok(signer_wrap(signer, k0, &wrapped, &err), &err);
	assert_ok(path_put_file(s->ring_dir, "log.key", buf_span(&wrapped), 0600, &err), &err);
	assert_ok(ledger_create(s->log_dir, name, signer, &err), &err);
	assert_ok(store_create(s->dir, &store, &lineage, &err), &err);
	assert_ok(identity_create(&store, &verifier, &verifier, &identity, &recipients, &err),
		&err);
	assert_ok(recipients_save(s->keys_dir, &recipients, &err), &err);
	buf_done(&wrapped);
	signer_free(signer);
	key_free(arena, k0);
	key_arena_free(arena);
	sample_open(s);
	s->identity = identity;
	assert_ok(store_run(s->store, &op, &err), &err);
}

/* --- people --------------------------------------------------------------------------- */

struct person_op {
	struct store_op op;
	unsigned number;
	struct id id;
};

static inline int apply_add(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct person_op *p = (struct person_op *)op;
	struct record rec = { .collection = "profile", .anchor_day = CIVIL_NO_DAY,
		.origin = RECORD_INTERNAL };
	char value[32];
	int r = tx_subject_add(tx, SUBJECT_PERSON, "service", &p->id, err);

	snprintf(value, sizeof(value), "person %u", p->number);
	rec.subject = p->id;
	if (r == 0) {
		r = record_set(&rec, span_str("name"), span_str(value), err);
	}
	if (r == 0) {
		r = tx_record_put(tx, &rec, err);
	}
	return r < 0 ? r : tx_records_leaf(tx, &p->id, "profile", "service", &rec.id, 1, err);
}

static inline void sample_add(struct sample *s, unsigned n)
{
	struct cu_err err = { 0 };

	for (unsigned i = 0; i < n; i++) {
		struct person_op p = { .op = { .apply = apply_add, .kind = STORE_CHANGE },
			.number = s->npeople };

		assert_ok(store_run(s->store, &p.op, &err), &err);
		s->people[s->npeople++] = p.id;
	}
}

static inline int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct person_op *p = (struct person_op *)op;
	struct erase_what what = { .subject = p->id, .purpose = "erasure" };

	return tx_erase_begin(tx, &what, &p->id, err);
}

static inline int apply_admit(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	static const struct erase_limits limits = { INT64_MAX, 1, 1000, 1000 };
	struct row_erasure row;

	return tx_erase_admit(tx, &((struct person_op *)op)->id, &limits, &row, err);
}

static inline int apply_shred(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_erase_shred(tx, &((struct person_op *)op)->id, err);
}

static inline int apply_rows(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_erase_rows(tx, &((struct person_op *)op)->id, err);
}

static inline int apply_done(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_erase_done(tx, &((struct person_op *)op)->id, err);
}

static inline void sample_erase(struct sample *s, unsigned who)
{
	int (*const steps[])(struct tx *, struct store_op *, struct cu_err *) = { apply_begin,
		apply_admit, apply_shred, apply_rows, apply_done };
	struct person_op p = { .op.kind = STORE_CHANGE, .id = s->people[who] };
	struct cu_err err = { 0 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		p.op.apply = steps[i];
		assert_ok(store_run(s->store, &p.op, &err), &err);
	}
}

static inline int keep_name(void *ctx, const struct row_record *row, const struct record *r,
	struct cu_err *err)
{
	struct span name = record_get(r, "name");

	(void)row;
	(void)err;
	buf_put_span(ctx, name);
	return 0;
}

/* Is this person there, with the record that belongs to them? */
static inline bool sample_has(struct sample *s, const struct id *person, unsigned number)
{
	struct reader *rd = store_reader_take(s->store);
	struct buf name = BUF_INIT_WIPE;
	struct row_subject row;
	struct cu_err err = { 0 };
	char expected[32];
	int there;

	snprintf(expected, sizeof(expected), "person %u", number);
	assert_ok(reader_begin(rd, &err), &err);
	there = reader_subject(rd, person, &row, &err);
	assert_ok(there, &err);
	assert_ok(reader_records(rd, person, NULL, keep_name, &name, &err), &err);
	reader_end(rd);
	store_reader_give(s->store, rd);
	if (there) {
		assert_string_equal(buf_cstr(&name), expected);
	} else {
		assert_int_equal(name.n, 0);
	}
	buf_done(&name);
	return there != 0;
}

/* --- backups -------------------------------------------------------------------------- */

struct capture_op {
	struct store_op op;
	struct sample *sample;
	struct db_image *image;
	struct vault_capture *vault;
	struct engine_counts counts;
	bool has_data;
	uint64_t number;
};

static inline int apply_number(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_hold_capture_begin(tx, &((struct capture_op *)op)->number, err);
}

static inline int apply_capture(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct capture_op *c = (struct capture_op *)op;
	struct sample *s = c->sample;
	int r = vault_capture_begin(s->vault, &s->recipients.vault, ledger_size(s->ledger),
		&c->vault, err);

	if (r == 0 && c->has_data) {
		r = engine_count(tx->engine, &c->counts, err);
	}
	if (r == 0 && c->has_data) {
		r = engine_image_begin(tx->engine, &c->image, err);
	}
	return r;
}

/* A backup as the daemon takes it; with watch and a code for those that shall fail. */
static inline int sample_back_up(struct sample *s, const char *repo_dir, bool has_data,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err)
{
	struct capture_op c = { .op = { .apply = apply_capture, .kind = STORE_ALONE },
		.sample = s, .has_data = has_data };
	struct snapshot_source src = { .store = store_id(s->store),
		.lineage = store_lineage(s->store), .time_ms = ++s->now_ms,
		.log_dir = s->log_dir, .signer = s->signer, .recipients = &s->recipients,
		.known_sequence = s->known_sequence };
	struct repo repo;
	uint64_t size;
	int r;

	if (has_data) {
		struct store_op capture = c.op;

		c.op = (struct store_op){ .apply = apply_number, .kind = STORE_CHANGE };
		assert_ok(store_run(s->store, &c.op, err), err);
		c.op = capture;
	}
	assert_ok(store_run(s->store, &c.op, err), err);
	assert_ok(ledger_publish(s->ledger, &size, err), err);
	assert_ok(repo_create(repo_dir, &repo, err), err);
	src.data = c.image;
	src.vault = c.vault;
	src.subjects = c.counts.subjects;
	src.records = c.counts.records;
	r = has_data ? snapshot_run(&src, &repo, watch, ret, err) :
		       vault_object_put(&src, &repo, watch, ret, err);
	db_image_end(c.image);
	vault_capture_end(c.vault);
	if (r == 0) {
		s->known_sequence = ret->sequence;
		s->known_capture = has_data ? c.number : s->known_capture;
	}
	return r;
}

static inline struct snapshot_result sample_snapshot(struct sample *s, const char *repo_dir)
{
	struct snapshot_result result = { 0 };
	struct cu_err err = { 0 };

	assert_ok(sample_back_up(s, repo_dir, true, NULL, &result, &err), &err);
	return result;
}

static inline struct snapshot_result sample_vault_object(struct sample *s, const char *repo_dir)
{
	struct snapshot_result result = { 0 };
	struct cu_err err = { 0 };

	assert_ok(sample_back_up(s, repo_dir, false, NULL, &result, &err), &err);
	return result;
}

#endif
