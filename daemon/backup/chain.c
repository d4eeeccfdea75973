#include "backup/chain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backup/repo.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"

void chain_done(struct chain *c)
{
	free(c->at);
	*c = (struct chain){ 0 };
}

/* --- which manifests there are ---------------------------------------------------- */

struct numbers {
	uint64_t *at;
	size_t n, cap;
};

static int take_number(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	struct numbers *numbers = ctx;
	struct repo_name parsed = repo_name_parse(name);

	(void)size;
	if (parsed.kind != REPO_MANIFEST) {
		return 0;
	}
	if (numbers->n == numbers->cap) {
		size_t cap = numbers->cap ? 2 * numbers->cap : 64;
		uint64_t *more = realloc(numbers->at, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		numbers->at = more;
		numbers->cap = cap;
	}
	numbers->at[numbers->n++] = parsed.number; /* the list is sorted by name */
	return 0;
}

/* --- one manifest ----------------------------------------------------------------- */

static int read_text(struct repo *r, uint64_t sequence, struct buf *text,
	uint8_t ret_hash[32], struct cu_err *err)
{
	char name[REPO_NAME_SIZE];
	int code;

	repo_name_manifest(sequence, name);
	code = repo_get(r, name, MANIFEST_MAX_SIZE, text, err);
	if (code == 0) {
		hash_sha256(buf_span(text), ret_hash);
	}
	return code;
}

/* A manifest without its signature is no half-written one: signatures come first. */
static int read_signature(struct repo *r, uint64_t sequence, struct buf *sig,
	struct cu_err *err)
{
	char name[REPO_NAME_SIZE];
	int code;

	repo_name_signature(sequence, name);
	code = repo_get(r, name, MANIFEST_SIG_MAX_SIZE, sig, err);
	return code == CU_ENOENT ?
		cu_err_set(err, CU_ECORRUPT, "its signature is missing (%s)", name) :
		code;
}

static int read_signed(struct repo *r, uint64_t sequence, const struct note_verifier *by,
	struct manifest *ret, uint8_t ret_hash[32], struct cu_err *err)
{
	struct buf text = BUF_INIT, sig = BUF_INIT;
	int code = read_text(r, sequence, &text, ret_hash, err);

	if (code == 0) {
		code = read_signature(r, sequence, &sig, err);
	}
	if (code == 0) {
		code = manifest_verify(buf_span(&text), buf_span(&sig), by, ret, err);
	}
	if (code == CU_ENOKEY) {
		code = cu_err_set(err, code, "is signed by another key than the one expected: by "
					     "another store, another lineage of this one, or "
					     "somebody else");
	}
	if (code == 0 && ret->sequence != sequence) {
		code = cu_err_set(err, CU_ECORRUPT, "says that it is number %" PRIu64,
			ret->sequence);
		manifest_done(ret);
	}
	buf_done(&text);
	buf_done(&sig);
	return code;
}

static int wrap_name(struct cu_err *err, int code, uint64_t sequence)
{
	char name[REPO_NAME_SIZE];

	repo_name_manifest(sequence, name);
	return cu_err_wrap(err, code, "%s", name);
}

/* --- the chain -------------------------------------------------------------------- */

static struct chain_link link_of(const struct manifest *m, const uint8_t hash[32])
{
	struct chain_link link = {
		.sequence = m->sequence,
		.store = m->store,
		.lineage = m->lineage,
		.time_ms = m->time_ms,
		.data_time_ms = m->data_time_ms,
		.log_size = m->log_size,
		.generation = m->generation,
		.vault_size = m->vault_size,
		.vault_log_size = m->vault_log_size,
		.vault = m->vault,
		.data_size = m->data_size,
		.data_stored = manifest_stored(m) - m->vault.stored,
		.subjects = m->subjects,
		.records = m->records,
	};

	memcpy(link.hash, hash, 32);
	memcpy(link.log_root, m->log_root, 32);
	if (m->nranges > 0) { /* the parser asks for one */
		memcpy(link.data_object, m->ranges[0].object.hash, 32);
	}
	return link;
}

/* m must follow on the last link of c, or be number 1 of an empty chain. */
static int require_link(const struct chain *c, const struct manifest *m, struct cu_err *err)
{
	const struct chain_link *last = c->n ? &c->at[c->n - 1] : NULL;
	uint64_t expected = last ? last->sequence + 1 : 1;

	if (m->sequence != expected) {
		return cu_err_set(err, CU_ECORRUPT, "manifest %" PRIu64 " before it is missing",
			expected);
	}
	if (!last) {
		return 0;
	}
	if (memcmp(m->previous, last->hash, 32) != 0) {
		return cu_err_set(err, CU_ECORRUPT, "does not follow on the manifest before it");
	}
	if (!id_eq(&m->store, &last->store) || !id_eq(&m->lineage, &last->lineage)) {
		return cu_err_set(err, CU_ECORRUPT,
			"is of another store or lineage than the one before it");
	}
	if (m->log_size < last->log_size || m->generation < last->generation) {
		return cu_err_set(err, CU_ECORRUPT,
			"is of an older log or vault than the one before it");
	}
	return 0;
}

static int add_link(struct chain *c, uint64_t sequence, struct repo *r,
	const struct note_verifier *by, bool is_tolerant, chain_fault_fn *fault, void *ctx,
	struct cu_err *err)
{
	struct manifest m = { 0 };
	char name[REPO_NAME_SIZE];
	uint8_t hash[32];
	struct cu_err why = { 0 };
	int code = read_signed(r, sequence, by, &m, hash, &why);

	if (code < 0) {
		goto out;
	}
	code = require_link(c, &m, &why);
	/* a broken link is one fault; what comes after it is still looked at */
	if (code == 0 || is_tolerant) {
		c->at[c->n++] = link_of(&m, hash);
	}
out:
	manifest_done(&m);
	if (code == 0) {
		return 0;
	}
	if (is_tolerant && code != CU_ENOMEM) {
		repo_name_manifest(sequence, name);
		fault(ctx, name, why.msg);
		return 0;
	}
	if (err) {
		*err = why;
	}
	return wrap_name(err, code, sequence);
}

int chain_load(struct repo *r, const struct note_verifier *by, chain_fault_fn *fault,
	void *ctx, struct chain *ret, struct cu_err *err)
{
	struct numbers numbers = { 0 };
	struct chain c = { 0 };
	int code = repo_list(r, "manifest", take_number, &numbers, err);

	if (code == 0 && numbers.n > 0) {
		c.at = calloc(numbers.n, sizeof(*c.at));
		if (!c.at) {
			code = cu_err_set(err, CU_ENOMEM, "out of memory");
		}
	}
	for (size_t i = 0; code == 0 && i < numbers.n; i++) {
		code = add_link(&c, numbers.at[i], r, by, fault != NULL, fault, ctx, err);
	}
	free(numbers.at);
	if (code < 0) {
		chain_done(&c);
		return code;
	}
	*ret = c;
	return 0;
}

int chain_get(struct repo *r, const struct chain_link *link, struct manifest *ret,
	struct cu_err *err)
{
	struct buf text = BUF_INIT;
	uint8_t hash[32];
	int code = read_text(r, link->sequence, &text, hash, err);

	if (code == 0 && memcmp(hash, link->hash, 32) != 0) {
		code = cu_err_set(err, CU_ECORRUPT, "was changed while it was being used");
	}
	if (code == 0) {
		code = manifest_parse(buf_span(&text), ret, err);
	}
	buf_done(&text);
	return code < 0 ? wrap_name(err, code, link->sequence) : 0;
}

int chain_head(struct repo *r, const struct note_verifier *by, struct manifest *ret,
	uint8_t ret_hash[32], struct cu_err *err)
{
	struct numbers numbers = { 0 };
	uint64_t newest;
	int code = repo_list(r, "manifest", take_number, &numbers, err);

	if (code == 0 && numbers.n == 0) {
		code = cu_err_set(err, CU_ENOENT, "the repository holds no backup yet");
	}
	if (code == 0) {
		newest = numbers.at[numbers.n - 1];
		code = read_signed(r, newest, by, ret, ret_hash, err);
		if (code < 0) {
			code = wrap_name(err, code, newest);
		}
	}
	free(numbers.at);
	return code;
}

const struct chain_link *chain_newest_vault(const struct chain *c)
{
	const struct chain_link *best = NULL;

	for (size_t i = 0; i < c->n; i++) {
		if (!best || c->at[i].generation >= best->generation) {
			best = &c->at[i];
		}
	}
	return best;
}
