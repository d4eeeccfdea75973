/*
 * ledger_help.h: logs whose leaves are known, and what RFC 6962 says their roots are.
 *
 * Leaf number i of such a log is "leaf <i>", caused by outbox row i + 1.
 */
#ifndef CU_TESTS_LEDGER_LEDGER_HELP_H
#define CU_TESTS_LEDGER_LEDGER_HELP_H
#include <inttypes.h>

#include "base/err.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger.h"
#include "ledger/proof.h"
#include "scratch.h"

#define ORIGIN    "custos/test"
#define LEAF_TEXT 32

static inline struct span help_leaf(uint64_t i, char text[LEAF_TEXT])
{
	snprintf(text, LEAF_TEXT, "leaf %" PRIu64, i);
	return span_str(text);
}

/* RFC 6962, 2.1, word for word; its depth is bounded by the logarithm of the size. */
static inline void help_mth(uint64_t lo, uint64_t hi, uint8_t out[32])
{
	uint8_t left[32], right[32];
	char text[LEAF_TEXT];
	uint64_t k = 1;

	if (hi == lo) {
		proof_empty_root(out);
		return;
	}
	if (hi - lo == 1) {
		proof_leaf_hash(help_leaf(lo, text), out);
		return;
	}
	while (k * 2 < hi - lo) {
		k *= 2;
	}
	help_mth(lo, lo + k, left);
	help_mth(lo + k, hi, right);
	proof_node_hash(left, right, out);
}

static inline struct signer *help_signer(void)
{
	struct signer *s = NULL;

	if (signer_new(ORIGIN, &s, NULL) < 0) {
		abort();
	}
	return s;
}

static inline struct note_verifier help_verifier(const struct signer *s)
{
	struct note_verifier v;

	signer_verifier(s, &v);
	return v;
}

/* Leaves from .. to-1 in one batch. */
static inline int help_append(
	struct ledger *l, uint64_t from, uint64_t to, struct cu_err *err)
{
	size_t n = (size_t)(to - from);
	struct ledger_entry *entries = calloc(n, sizeof(*entries));
	char(*texts)[LEAF_TEXT] = calloc(n, sizeof(*texts));
	int r;

	if (!entries || !texts) {
		abort();
	}
	for (size_t i = 0; i < n; i++) {
		entries[i].outbox = from + i + 1;
		entries[i].leaf = help_leaf(from + i, texts[i]);
	}
	r = ledger_append(l, entries, n, err);
	free(entries);
	free(texts);
	return r;
}

/* A new log of size leaves, published. */
static inline struct ledger *help_log(
	const char *dir, const struct signer *s, uint64_t size)
{
	struct ledger *l = NULL;

	if (ledger_create(dir, ORIGIN, s, NULL) < 0 ||
		ledger_open(dir, s, &l, NULL) < 0 ||
		(size > 0 && help_append(l, 0, size, NULL) < 0) ||
		ledger_publish(l, NULL, NULL) < 0) {
		abort();
	}
	return l;
}

/* Is the published log in dir what its leaves make it: every file and the root? */
static inline int help_verify(const char *dir, const struct note_verifier *by,
	struct log_head *ret_head, struct cu_err *err)
{
	struct log_dir *d = NULL;
	uint8_t root[32];
	int r = log_dir_open(dir, by, &d, err);

	if (r == 0) {
		r = log_dir_verify(d, err);
	}
	if (r == 0) {
		*ret_head = *log_dir_head(d);
		help_mth(0, ret_head->size, root);
		if (memcmp(root, ret_head->root, 32) != 0) {
			r = cu_err_set(
				err, CU_ECORRUPT, "not the root of these leaves");
		}
	}
	log_dir_close(d);
	return r;
}

static inline void help_copy(const char *from, const char *to)
{
	scratch_remove(to);
	scratch_copy(from, to);
}

#endif
