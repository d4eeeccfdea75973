/*
 * What proves that an entry is in the log, or that one log extends another: paths of the tree, and the
 * file that a stranger is handed.
 *
 * The first byte says which; what follows changes a real one.  One path is a proof, and that is the one which
 * RFC 6962 gives; custosd and custos-verify, which share no code, agree about each.  A file is taken only for
 * the place and the line that it was made for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "fuzz.h"
#include "ledger/proof.h"
#include "verify/inclusion.h"
#include "verify/merkle.h"
#include "verify_help.h"

#define NLEAVES 300

static struct {
	struct signed_key key;
	struct buf proof, line; /* of leaf PROVEN */
	uint8_t leaves[NLEAVES][32];
} w;

#define PROVEN 137

/* --- paths ------------------------------------------------------------------------ */

/* RFC 6962, 2.1, word for word: leaves lo to hi - 1. */
static void root_of(size_t lo, size_t hi, uint8_t out[32])
{
	uint8_t left[32], right[32];
	size_t k = 1;

	if (hi - lo == 1) {
		memcpy(out, w.leaves[lo], 32);
		return;
	}
	while (k * 2 < hi - lo) {
		k *= 2;
	}
	root_of(lo, lo + k, left);
	root_of(lo + k, hi, right);
	proof_node_hash(left, right, out);
}

struct path {
	uint8_t hash[PROOF_MAX_PATH][32];
	size_t n;
};

/* 2.1.1: PATH(m, D[n]) */
static void prove_inclusion(size_t m, size_t lo, size_t hi, struct path *to)
{
	size_t k = 1;

	if (hi - lo == 1) {
		return;
	}
	while (k * 2 < hi - lo) {
		k *= 2;
	}
	if (m < lo + k) {
		prove_inclusion(m, lo, lo + k, to);
		root_of(lo + k, hi, to->hash[to->n++]);
	} else {
		prove_inclusion(m, lo + k, hi, to);
		root_of(lo, lo + k, to->hash[to->n++]);
	}
}

/* 2.1.2: SUBPROOF(m, D[n], b) */
static void prove_consistency(size_t m, size_t lo, size_t hi, bool is_known, struct path *to)
{
	size_t k = 1;

	if (m == hi - lo) {
		if (!is_known) {
			root_of(lo, hi, to->hash[to->n++]);
		}
		return;
	}
	while (k * 2 < hi - lo) {
		k *= 2;
	}
	if (m <= k) {
		prove_consistency(m, lo, lo + k, is_known, to);
		root_of(lo + k, hi, to->hash[to->n++]);
	} else {
		prove_consistency(m - k, lo + k, hi, false, to);
		root_of(lo, lo + k, to->hash[to->n++]);
	}
}

/* Each two bytes change one: which, and how; or take one away, put one in, move one. */
static void change_path(struct path *p, struct span how)
{
	for (; how.n >= 2; how = span_of(how.p + 2, how.n - 2)) {
		size_t at = p->n > 0 ? how.p[0] % p->n : 0;
		unsigned what = how.p[1];

		if (what < 16 && p->n > 0) {
			memmove(p->hash[at], p->hash[at + 1], (--p->n - at) * 32);
		} else if (what < 32 && p->n < PROOF_MAX_PATH) {
			memcpy(p->hash[p->n++], w.leaves[how.p[0]], 32);
		} else if (p->n > 0) {
			p->hash[at][what % 32] ^= how.p[0] ? how.p[0] : 1;
		}
	}
}

static bool is_same(const struct path *a, const struct path *b)
{
	return a->n == b->n && memcmp(a->hash, b->hash, a->n * 32) == 0;
}

static size_t take_number(struct span *in, size_t n)
{
	size_t high = fuzz_take(in);

	return (high << 8 | fuzz_take(in)) % n;
}

static void check_inclusion(struct span in)
{
	size_t size = take_number(&in, NLEAVES) + 1, at = take_number(&in, size);
	/* the same path for another place or size is none */
	uint64_t other_size = size + fuzz_take(&in) / 128 * (uint64_t)fuzz_take(&in);
	struct path path = { .n = 0 }, real;
	uint8_t root[32], climbed[32];
	struct cu_err err = { 0 };
	bool here, there;

	prove_inclusion(at, 0, size, &path);
	real = path;
	change_path(&path, in);
	root_of(0, size, root);
	here = proof_check_inclusion(at, other_size, w.leaves[at], (const uint8_t(*)[32])path.hash, path.n, root,
		       &err) == 0;
	there = merkle_climb(at, other_size, w.leaves[at], (const uint8_t(*)[32])path.hash, path.n, climbed) &&
		memcmp(climbed, root, 32) == 0;
	fuzz_must(here == there, "custosd and custos-verify agree about a path");
	fuzz_must(!here || is_same(&path, &real), "one path proves it");
	fuzz_must(here || !is_same(&path, &real) || other_size != size, "the right path proves it");
	fuzz_must(here || err.msg[0], "what is refused has a reason");
}

static void check_consistency(struct span in)
{
	size_t size2 = take_number(&in, NLEAVES) + 1, size1 = take_number(&in, size2) + 1;
	struct path path = { .n = 0 }, real;
	uint8_t root1[32], root2[32];
	struct cu_err err = { 0 };
	bool is_taken;

	prove_consistency(size1, 0, size2, true, &path);
	real = path;
	change_path(&path, in);
	root_of(0, size1, root1);
	root_of(0, size2, root2);
	is_taken = proof_check_consistency(size1, size2, (const uint8_t(*)[32])path.hash, path.n, root1, root2,
			   &err) == 0;
	fuzz_must(is_taken == is_same(&path, &real), "one path proves it, and that one does");
	fuzz_must(is_taken || err.msg[0], "what is refused has a reason");
	root1[0] ^= 1;
	fuzz_must(proof_check_consistency(size1, size2, (const uint8_t(*)[32])path.hash, path.n, root1, root2,
			  &err) < 0, "no path proves another older log");
}

/* --- a file ------------------------------------------------------------------------- */

static void check_file(struct span in)
{
	struct buf file = BUF_INIT;
	struct flaw f = { VERDICT_VALID, "" };
	struct head head;
	uint64_t index;
	size_t at = take_number(&in, w.proof.n + 1), gone = fuzz_take(&in);

	gone = gone > w.proof.n - at ? w.proof.n - at : gone;
	buf_put(&file, w.proof.p, at);
	buf_put_span(&file, in);
	buf_put(&file, w.proof.p + at + gone, w.proof.n - at - gone);
	if (inclusion_check(bytes_of(file.p, file.n), bytes_of(w.line.p, w.line.n), &w.key, &index, &head, &f) == 0) {
		fuzz_must(index == PROVEN && head.size == NLEAVES, "a proof is of one place");
		if (!span_eq(in, buf_span(&w.line))) {
			fuzz_must(inclusion_check(bytes_of(file.p, file.n), bytes_of(in.p, in.n), &w.key, &index,
					  &head, &f) < 0, "and of one line");
		}
	} else {
		fuzz_must(f.text[0], "what is refused has a reason");
	}
	buf_done(&file);
}

/* --- the log ---------------------------------------------------------------------- */

static void make_world(void)
{
	char dir[PATH_SIZE], log[PATH_SIZE], key_text[NOTE_VERIFIER_SIZE];
	struct signer *signer;
	struct ledger *l;

	fuzz_fix_random();
	fuzz_make_dir(dir);
	fuzz_must(path_join(log, dir, "log", NULL) == 0, "the path is short");
	signer = help_signer();
	help_key(signer, key_text, &w.key);
	l = help_new_log(log, signer);
	help_grow(l, NLEAVES);
	for (uint64_t i = 0; i < NLEAVES; i++) {
		struct buf line = BUF_INIT;

		fuzz_must(ledger_read(l, i, &line, NULL) == 0, "the log has this leaf");
		proof_leaf_hash(buf_span(&line), w.leaves[i]);
		if (i == PROVEN) {
			buf_put_span(&w.line, buf_span(&line));
		}
		buf_done(&line);
	}
	fuzz_must(ledger_prove(l, PROVEN, &w.proof, NULL) == 0, "it can be proven");
	ledger_close(l);
	signer_free(signer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	if (w.proof.n == 0) {
		make_world();
	}
	switch (fuzz_take(&in) % 3) {
	case 0: check_inclusion(in); break;
	case 1: check_consistency(in); break;
	case 2: check_file(in); break;
	}
	return 0;
}
