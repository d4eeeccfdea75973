/*
 * verify_help.h: logs of leaves in their strict form, written by the real ledger.
 *
 * Leaf number i is a read of a person; those of one erasure stand at places that a test
 * names.
 */
#ifndef CU_TESTS_VERIFY_HELP_H
#define CU_TESTS_VERIFY_HELP_H
#include <jansson.h>

#include "base/err.h"
#include "ledger/leaf.h"
#include "ledger/ledger.h"
#include "scratch.h"
#include "verify/flaw.h"
#include "verify/published.h"
#include "verify/signed.h"

#define LINEAGE  "5d0c1f2e3a4b5c6d7e8f9a0b1c2d3e4f"
#define ORIGIN   "custos/" LINEAGE
#define ERASURE  "00112233445566778899aabbccddeeff"
#define SUBJECT  "ffeeddccbbaa99887766554433221100"
#define START_MS INT64_C(1795600000000) /* in November 2026 */

static inline struct signer *help_signer(void)
{
	struct signer *s = NULL;

	if (signer_new(ORIGIN, &s, NULL) < 0) {
		abort();
	}
	return s;
}

/* As text, as the daemon's code writes it, and as the verifier reads it. */
static inline void help_key(
	const struct signer *s, char text[NOTE_VERIFIER_SIZE], struct signed_key *ret)
{
	struct note_verifier v;
	struct flaw f;

	signer_verifier(s, &v);
	note_format_verifier(&v, text);
	if (signed_parse_key(text, ret, &f) < 0) {
		abort();
	}
}

static inline struct leaf help_leaf(uint64_t i)
{
	struct leaf l = { .act = LEAF_SUBJECT_READ,
		.t_ms = START_MS + (int64_t)i * 1000 };

	memset(l.by.b, 0x11, sizeof(l.by.b));
	memset(l.sub.b, 0x22, sizeof(l.sub.b));
	memcpy(l.sub.b, &i, sizeof(i));
	strcpy(l.purpose, "customer_service");
	return l;
}

static inline struct leaf help_erasure(
	enum leaf_act act, uint64_t i, uint64_t generation)
{
	struct leaf l = help_leaf(i);

	if (!id_parse(ERASURE, &l.obj) || !id_parse(SUBJECT, &l.sub)) {
		abort();
	}
	l.act = act;
	l.generation = generation;
	if (act != LEAF_ERASE_BEGIN) {
		l.purpose[0] = '\0';
	}
	return l;
}

static inline void help_append(struct ledger *l, const struct leaf *leaf)
{
	struct buf line = BUF_INIT;
	struct ledger_entry entry;

	if (leaf_format(leaf, &line, NULL) < 0) {
		abort();
	}
	entry = (struct ledger_entry){ 0, buf_span(&line) };
	if (ledger_append(l, &entry, 1, NULL) < 0) {
		abort();
	}
	buf_done(&line);
}

static inline void help_publish(struct ledger *l)
{
	if (ledger_publish(l, NULL, NULL) < 0) {
		abort();
	}
}

static inline struct ledger *help_new_log(const char *dir, const struct signer *s)
{
	struct ledger *l = NULL;

	if (ledger_create(dir, ORIGIN, s, NULL) < 0 ||
		ledger_open(dir, s, &l, NULL) < 0) {
		abort();
	}
	return l;
}

/* Grows it to size leaves, published. */
static inline void help_grow(struct ledger *l, uint64_t size)
{
	while (ledger_size(l) < size) {
		struct leaf leaf = help_leaf(ledger_size(l));

		help_append(l, &leaf);
	}
	help_publish(l);
}

/* A new log, published at each of the sizes, closed. */
static inline void help_log(
	const char *dir, const struct signer *s, const uint64_t *sizes, size_t n)
{
	struct ledger *l = help_new_log(dir, s);

	for (size_t i = 0; i < n; i++) {
		help_grow(l, sizes[i]);
	}
	ledger_close(l);
}

/* Every bit with ALL_BITS in the environment, otherwise each n-th: see ./dev bits. */
static inline size_t help_stride(size_t n)
{
	const char *all = getenv("ALL_BITS");

	return all && *all ? 1 : n;
}

/* An entry of the log as documents claim it: its number, text and proof. */
static inline json_t *help_claim(struct ledger *l, uint64_t index)
{
	struct buf leaf = BUF_INIT, proof = BUF_INIT;
	json_t *ret;

	if (ledger_read(l, index, &leaf, NULL) < 0 || ledger_prove(l, index, &proof, NULL) < 0) {
		abort();
	}
	ret = json_pack("{s:I, s:s%, s:s%}", "index", (json_int_t)index, "leaf",
		(const char *)leaf.p, leaf.n, "proof", (const char *)proof.p, proof.n);
	buf_done(&leaf);
	buf_done(&proof);
	return ret;
}

/* The signed file of such a document, to be freed with buf_done. */
static inline struct buf help_sign(const struct signer *signer, const json_t *json)
{
	struct buf text = BUF_INIT, note = BUF_INIT;
	char *dump = json_dumps(json, JSON_INDENT(2));

	if (!dump) {
		abort();
	}
	buf_putf(&text, "%s\n", dump);
	if (note_sign(signer, buf_span(&text), &note, NULL) < 0) {
		abort();
	}
	free(dump);
	buf_done(&text);
	return note;
}

#endif
