#include "backup/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/drill_key.h"
#include "backup/manifest.h"
#include "backup/object.h"
#include "backup/recipients.h"
#include "backup/repo_log.h"
#include "backup/vault_object.h"
#include "backup/watch.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "crypto/age.h"
#include "crypto/hash.h"
#include "db/image.h"
#include "crypto/key.h"
#include "ledger/ledger.h"

#define SLICE (1u << 20) /* bytes of the image read at a time */

struct run {
	const struct snapshot_source *src;
	struct repo *repo;
	const struct watch *watch;
	struct age_recipients *to; /* of data objects */
	struct note_verifier key;
	struct manifest last; /* the newest there is; sequence 0: none */
	uint8_t last_hash[32];
	struct manifest manifest; /* the one that is being made */
	struct hash_sha256 image_hash;
	uint8_t *slice;
	struct snapshot_result result;
};

static void run_done(struct run *run)
{
	manifest_done(&run->last);
	manifest_done(&run->manifest);
	age_recipients_free(run->to);
	free(run->slice);
}

/* --- before anything is written --------------------------------------------------- */

static int require_ours(const struct run *run, struct cu_err *err)
{
	const struct manifest *last = &run->last;

	if (last->sequence == 0) {
		return 0;
	}
	if (!id_eq(&last->store, &run->src->store)) {
		return cu_err_set(err, CU_EEXIST, "this repository belongs to another store");
	}
	if (!id_eq(&last->lineage, &run->src->lineage)) {
		return cu_err_set(err, CU_EEXIST,
			"this repository belongs to an earlier lineage of this store, from before "
			"a restore: use an empty directory, and keep this one");
	}
	return 0;
}

/* The chain goes on from the manifest that stands last; that one must be by our key, and
 * nothing that we know of may be gone. */
static int find_last(struct run *run, struct cu_err *err)
{
	int r = chain_head(run->repo, &run->key, &run->last, run->last_hash, err);

	if (r == CU_ENOENT) {
		run->last.sequence = 0;
		r = 0;
	}
	if (r == CU_ENOKEY) {
		r = cu_err_set(err, CU_EEXIST,
			"this repository belongs to another store, or to an earlier lineage of "
			"this one: use an empty directory, and keep this one");
	}
	if (r == 0) {
		r = require_ours(run, err);
	}
	if (r == 0 && run->last.sequence < run->src->known_sequence) {
		r = cu_err_set(err, CU_ECORRUPT,
			"this repository was rolled back: manifest %llu was written, and %llu is "
			"the newest that is there",
			(unsigned long long)run->src->known_sequence,
			(unsigned long long)run->last.sequence);
	}
	if (r == 0 && run->last.sequence >= MANIFEST_MAX_SEQUENCE) {
		r = cu_err_set(err, CU_ELIMIT, "this repository has no more numbers");
	}
	return r;
}

static int start(struct run *run, struct cu_err *err)
{
	int r;

	signer_verifier(run->src->signer, &run->key);
	run->slice = malloc(SLICE);
	if (!run->slice) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = find_last(run, err);
	if (r == 0 && run->last.generation > vault_capture_generation(run->src->vault)) {
		r = cu_err_set(err, CU_ECORRUPT,
			"this repository has a vault object of generation %llu, this store is at "
			"%llu: the store was rolled back",
			(unsigned long long)run->last.generation,
			(unsigned long long)vault_capture_generation(run->src->vault));
	}
	if (r == 0) {
		r = repo_sweep(run->repo, err);
	}
	if (r == 0) {
		r = recipients_for_age(&run->src->recipients->data, &run->to, err);
	}
	return r;
}

/* --- the log ---------------------------------------------------------------------- */

static int mirror_log(struct run *run, struct cu_err *err)
{
	struct log_head head = { 0 };
	int r = watch_step(run->watch, "log", 0, 0, err);

	if (r == 0) {
		r = repo_log_mirror(run->repo, run->src->log_dir, &run->key, &head, err);
	}
	if (r < 0) {
		return cu_err_wrap(err, r, "mirror the log");
	}
	if (head.size < vault_capture_log_size(run->src->vault)) {
		return cu_err_set(err, CU_EBUSY,
			"the log is published up to %llu, the backup needs %llu",
			(unsigned long long)head.size,
			(unsigned long long)vault_capture_log_size(run->src->vault));
	}
	run->manifest.log_size = head.size;
	memcpy(run->manifest.log_root, head.root, sizeof(head.root));
	run->manifest.log_key = run->key;
	return 0;
}

/* --- the data --------------------------------------------------------------------- */

static int put_range(struct run *run, struct object_writer *w, struct manifest_range *range,
	struct cu_err *err)
{
	uint64_t size = db_image_size(run->src->data), end = range->offset + range->length;
	struct hash_sha256 hash;
	int r = 0;

	hash_sha256_init(&hash);
	for (uint64_t at = range->offset; r == 0 && at < end;) {
		uint32_t n = end - at < SLICE ? (uint32_t)(end - at) : SLICE;
		struct span bytes = span_of(run->slice, n);

		r = db_image_read(run->src->data, at, run->slice, n, err);
		if (r == 0) {
			hash_sha256_put(&hash, bytes);
			hash_sha256_put(&run->image_hash, bytes);
			r = object_writer_put(w, bytes, err);
		}
		at += n;
		if (r == 0) {
			r = watch_step(run->watch, "data", at, size, err);
		}
	}
	hash_sha256_done(&hash, range->hash);
	return r;
}

/* With the file key that a drill will make again, or one that nobody keeps. */
static int new_range(struct run *run, const struct manifest_range *range,
	struct object_writer **ret, struct cu_err *err)
{
	const struct snapshot_drill *drill = &run->src->drill;
	int r;

	if (!drill->run) {
		return object_writer_new(run->to, NULL, ret, err);
	}
	drill_key_range(drill->run, range->offset / MANIFEST_RANGE_MAX, drill->scratch);
	r = object_writer_new(run->to, drill->scratch, ret, err);
	key_wipe(drill->scratch);
	return r;
}

static int write_range(struct run *run, struct manifest_range *range, struct cu_err *err)
{
	struct object_writer *w = NULL;
	char name[REPO_NAME_SIZE];
	int r = new_range(run, range, &w, err);

	if (r == 0) {
		r = object_writer_attach(w, run->repo, err);
	}
	if (r == 0) {
		r = put_range(run, w, range, err);
	}
	if (r == 0) {
		r = object_writer_finish(w, &range->object, err);
	}
	if (r == 0) {
		repo_name_data(range->object.hash, name);
		r = object_writer_store(w, name, err);
	}
	object_writer_free(w);
	return r;
}

static int write_data(struct run *run, struct cu_err *err)
{
	struct manifest *m = &run->manifest;
	int r = 0;

	m->data_time_ms = run->src->time_ms;
	m->page_size = db_image_page_size(run->src->data);
	m->data_size = db_image_size(run->src->data);
	m->subjects = run->src->subjects;
	m->records = run->src->records;
	if (run->src->drill.run) {
		m->drill_day = run->src->drill.day;
		m->drill_nonce = run->src->drill.nonce;
	}
	hash_sha256_init(&run->image_hash);
	for (uint64_t at = 0; r == 0 && at < m->data_size;) {
		uint64_t left = m->data_size - at;
		struct manifest_range range = {
			.offset = at,
			.length = left < MANIFEST_RANGE_MAX ? left : MANIFEST_RANGE_MAX,
		};

		r = write_range(run, &range, err);
		if (r == 0) {
			run->result.objects++;
			run->result.bytes += range.length;
			run->result.stored_bytes += range.object.stored;
			r = manifest_add_range(m, &range, err);
		}
		at += range.length;
	}
	hash_sha256_done(&run->image_hash, m->data_hash);
	return r < 0 ? cu_err_wrap(err, r, "data") : 0;
}

/* What is in the image, by its rows: what a drill holds a rebuilt one to. */
static int take_digests(struct run *run, struct cu_err *err)
{
	int64_t started_ms = clock_monotonic_ms();
	struct digesting *d = NULL;
	int r = digest_begin(db_image_reader(run->src->data), &d, err), more = 1;

	while (r == 0 && more > 0) {
		more = digest_step(d, err);
		r = more < 0 ? more : watch_step(run->watch, "digest", digest_bytes(d), 0, err);
	}
	if (r == 0) {
		digest_result(d, &run->manifest.digest);
		run->manifest.has_digests = true;
		run->result.digest_ms = clock_monotonic_ms() - started_ms;
	}
	digest_end(d);
	return r < 0 ? cu_err_wrap(err, r, "digests") : 0;
}

/* The data part of the last manifest, as it is. */
static int copy_data(struct run *run, struct cu_err *err)
{
	struct manifest *m = &run->manifest;
	const struct manifest *last = &run->last;
	int r = 0;

	m->data_time_ms = last->data_time_ms;
	m->page_size = last->page_size;
	m->data_size = last->data_size;
	memcpy(m->data_hash, last->data_hash, sizeof(m->data_hash));
	m->data_prints = last->data_prints;
	m->subjects = last->subjects;
	m->records = last->records;
	m->has_digests = last->has_digests;
	m->digest = last->digest;
	m->drill_day = last->drill_day;
	m->drill_nonce = last->drill_nonce;
	for (size_t i = 0; r == 0 && i < last->nranges; i++) {
		r = manifest_add_range(m, &last->ranges[i], err);
	}
	return r;
}

/* --- the vault -------------------------------------------------------------------- */

static void put_prints(const struct recipients_list *l, struct manifest_prints *to)
{
	for (to->n = 0; to->n < l->n; to->n++) {
		recipients_print(l->at[to->n], to->at[to->n]);
	}
}

/* Written, fetched back, opened, compared: from here on an erasure may rely on it. */
static int write_vault(struct run *run, struct cu_err *err)
{
	struct manifest *m = &run->manifest;
	int r = vault_object_write(run->src->vault, run->repo, run->watch, &m->vault, err);

	if (r < 0) {
		return r;
	}
	m->generation = vault_capture_generation(run->src->vault);
	m->vault_size = vault_capture_size(run->src->vault);
	m->vault_log_size = vault_capture_log_size(run->src->vault);
	put_prints(&run->src->recipients->vault, &m->vault_prints);
	run->result.objects++;
	run->result.bytes += m->vault_size;
	run->result.stored_bytes += m->vault.stored;
	return vault_object_confirm(run->src->vault, run->repo, &m->vault, run->watch, err);
}

/* --- the manifest ----------------------------------------------------------------- */

static int put_signed(struct run *run, struct span text, struct cu_err *err)
{
	struct buf sig = BUF_INIT;
	char name[REPO_NAME_SIZE];
	int r = manifest_sign(&run->manifest, text, run->src->signer, &sig, err);

	/* the signature of an interrupted run may stand there; no manifest belongs to it */
	if (r == 0) {
		repo_name_signature(run->manifest.sequence, name);
		r = repo_put_over(run->repo, name, buf_span(&sig), err);
	}
	if (r == 0) {
		repo_name_manifest(run->manifest.sequence, name);
		r = repo_put(run->repo, name, text, err);
	}
	buf_done(&sig);
	return r;
}

static int write_manifest(struct run *run, struct cu_err *err)
{
	struct manifest *m = &run->manifest;
	struct buf text = BUF_INIT;
	int r;

	m->store = run->src->store;
	m->lineage = run->src->lineage;
	m->sequence = run->last.sequence + 1;
	m->has_previous = run->last.sequence > 0;
	memcpy(m->previous, run->last_hash, sizeof(m->previous));
	m->time_ms = run->src->time_ms;
	r = watch_step(run->watch, "manifest", 0, 0, err); /* the last point for a cancel */
	if (r == 0) {
		r = manifest_format(m, &text, err);
	}
	if (r == 0) {
		r = put_signed(run, buf_span(&text), err);
	}
	if (r == 0) {
		hash_sha256(buf_span(&text), run->result.manifest_hash);
	}
	buf_done(&text);
	return r < 0 ? cu_err_wrap(err, r, "manifest %llu", (unsigned long long)m->sequence) : 0;
}

/* --- runs ------------------------------------------------------------------------- */

static int finish(struct run *run, int64_t started_ms, struct snapshot_result *ret,
	struct cu_err *err)
{
	int r = write_vault(run, err);

	if (r == 0) {
		r = write_manifest(run, err);
	}
	if (r == 0) {
		run->result.sequence = run->manifest.sequence;
		run->result.generation = run->manifest.generation;
		run->result.log_size = run->manifest.log_size;
		run->result.duration_ms = clock_monotonic_ms() - started_ms;
		*ret = run->result;
	}
	return r;
}

int snapshot_run(const struct snapshot_source *src, struct repo *repo,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err)
{
	struct run run = { .src = src, .repo = repo, .watch = watch };
	int64_t started_ms = clock_monotonic_ms();
	int r = start(&run, err);

	if (r == 0) {
		r = mirror_log(&run, err);
	}
	if (r == 0) {
		r = take_digests(&run, err);
	}
	if (r == 0) {
		put_prints(&src->recipients->data, &run.manifest.data_prints);
		r = write_data(&run, err);
	}
	if (r == 0) {
		r = finish(&run, started_ms, ret, err);
	}
	run_done(&run);
	return r < 0 ? cu_err_wrap(err, r, "backup") : 0;
}

int vault_object_put(const struct snapshot_source *src, struct repo *repo,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err)
{
	struct run run = { .src = src, .repo = repo, .watch = watch };
	int64_t started_ms = clock_monotonic_ms();
	int r = start(&run, err);

	if (r == 0 && run.last.sequence == 0) {
		r = cu_err_set(err, CU_ENOENT, "the repository holds no backup yet");
	}
	if (r == 0) {
		r = mirror_log(&run, err);
	}
	if (r == 0) {
		r = copy_data(&run, err);
	}
	if (r == 0) {
		r = finish(&run, started_ms, ret, err);
	}
	run_done(&run);
	return r < 0 ? cu_err_wrap(err, r, "vault object") : 0;
}

/* --- list ------------------------------------------------------------------------- */

/* before is the manifest before it; NULL for the first. */
static struct snapshot_info info_of(
	const struct chain_link *link, const struct chain_link *before)
{
	return (struct snapshot_info){
		.sequence = link->sequence,
		.time_ms = link->time_ms,
		.data_time_ms = link->data_time_ms,
		.bytes = link->data_size,
		.stored_bytes = link->data_stored + link->vault.stored,
		.generation = link->generation,
		.log_size = link->log_size,
		.subjects = link->subjects,
		.records = link->records,
		.is_vault_only = before &&
			memcmp(before->data_object, link->data_object, sizeof(link->data_object)) == 0,
	};
}

int snapshot_list(struct repo *repo, const struct note_verifier *by,
	struct snapshot_info **ret, size_t *ret_n, struct cu_err *err)
{
	struct chain chain = { 0 };
	struct snapshot_info *list = NULL;
	int r = chain_load(repo, by, NULL, NULL, &chain, err);

	if (r == 0) {
		list = calloc(chain.n + 1, sizeof(*list));
		if (!list) {
			r = cu_err_set(err, CU_ENOMEM, "out of memory");
		}
	}
	for (size_t i = 0; r == 0 && i < chain.n; i++) {
		size_t at = chain.n - 1 - i;

		list[i] = info_of(&chain.at[at], at > 0 ? &chain.at[at - 1] : NULL);
	}
	if (r == 0) {
		*ret = list;
		*ret_n = chain.n;
	}
	chain_done(&chain);
	return r;
}
