#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "ledger/edge.h"
#include "ledger/proof.h"

static const char *data_dir = "tests/data/tlog-merkle";

/* --- public vectors: every *.json of the folder ------------------------------------------ */

/* Jansson has no unsigned 64 bits, and the vectors do: every bare integer becomes a text. */
static void quote_numbers(struct span json, struct buf *out)
{
	bool is_in_text = false;

	for (size_t i = 0; i < json.n; i++) {
		size_t end = i;

		while (!is_in_text && end < json.n && isdigit(json.p[end])) {
			end++;
		}
		if (end > i) {
			buf_put_u8(out, '"');
			buf_put(out, json.p + i, end - i);
			buf_put_u8(out, '"');
			i = end - 1;
			continue;
		}
		buf_put_u8(out, json.p[i]);
		if (is_in_text && json.p[i] == '\\' && i + 1 < json.n) {
			buf_put_u8(out, json.p[++i]);
		} else if (json.p[i] == '"') {
			is_in_text = !is_in_text;
		}
	}
}

static uint64_t number_of(const json_t *c, const char *field)
{
	const char *text = json_string_value(json_object_get(c, field));

	return text ? strtoull(text, NULL, 10) : 0;
}

/* A hash; one of another length is filled up, so that it stays another, and equal to its
 * equals.  Returns the length. */
static long hash_of(const json_t *value, uint8_t out[32])
{
	const char *text = json_string_value(value);
	uint8_t bytes[256];
	long n = text ? text_unbase64(text, strlen(text), true, bytes, sizeof(bytes))
		      : 0;

	memset(out, 0, 32);
	if (n > 0) {
		memcpy(out, bytes, n < 32 ? (size_t)n : 32);
	}
	return n;
}

static bool path_of(const json_t *c, uint8_t (*out)[32], size_t cap, size_t *ret_n)
{
	const json_t *proof = json_object_get(c, "proof");
	bool is_path = json_array_size(proof) <= cap;

	*ret_n = is_path ? json_array_size(proof) : 0;
	for (size_t i = 0; i < *ret_n; i++) {
		is_path = hash_of(json_array_get(proof, i), out[i]) == 32 && is_path;
	}
	return is_path;
}

static int check_case(const json_t *c)
{
	uint8_t path[128][32], a[32], b[32];
	size_t n;

	if (!path_of(c, path, 128, &n)) {
		return CU_EINVAL; /* not hashes: no caller could hand them over */
	}
	if (json_object_get(c, "leafIdx")) {
		if (hash_of(json_object_get(c, "leafHash"), a) != 32) {
			return CU_EINVAL;
		}
		hash_of(json_object_get(c, "root"), b);
		return proof_check_inclusion(number_of(c, "leafIdx"),
			number_of(c, "treeSize"), a, (const uint8_t(*)[32])path, n, b,
			NULL);
	}
	hash_of(json_object_get(c, "root1"), a);
	hash_of(json_object_get(c, "root2"), b);
	return proof_check_consistency(number_of(c, "size1"), number_of(c, "size2"),
		(const uint8_t(*)[32])path, n, a, b, NULL);
}

struct tally {
	unsigned ncases, ngood, nfailed;
};

static void run_case(const json_t *c, const char *file, struct tally *tally)
{
	const json_t *want = json_object_get(c, "wantErr");
	const char *name = json_string_value(json_object_get(c, "name"));
	bool is_err;

	if (!json_object_get(c, "leafIdx") && !json_object_get(c, "size1")) {
		return;
	}
	tally->ncases++;
	is_err = check_case(c) != 0;
	tally->ngood += is_err ? 0 : 1;
	if (is_err != json_is_true(want)) {
		print_error("%s: %s: wantErr %d, got %d\n", file, name ? name : "?",
			json_is_true(want), is_err);
		tally->nfailed++;
	}
}

static void run_file(const char *file, struct tally *tally)
{
	char path[PATH_SIZE];
	struct buf raw = BUF_INIT, quoted = BUF_INIT;
	json_t *root;
	size_t i;
	json_t *c;

	assert_int_equal(path_join(path, data_dir, file, NULL), 0);
	assert_int_equal(path_read_file(path, 64u << 20, &raw, NULL), 0);
	quote_numbers(buf_span(&raw), &quoted);
	root = json_loadb((const char *)quoted.p, quoted.n, 0, NULL);
	if (json_is_object(root)) {
		run_case(root, file, tally); /* upstream keeps one case in a file */
	}
	json_array_foreach(root, i, c)
	{
		run_case(c, file, tally);
	}
	json_decref(root);
	buf_done(&raw);
	buf_done(&quoted);
}

static void proofs_of_public_vectors_are_judged_as_the_vectors_say(void **state)
{
	struct tally tally = { 0 };
	char **names;
	size_t n;

	(void)state;
	assert_int_equal(path_list(data_dir, &names, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if (len > 5 && strcmp(names[i] + len - 5, ".json") == 0) {
			run_file(names[i], &tally);
		}
	}
	path_free_names(names, n);

	print_message("%s: %u cases, %u of them good proofs, %u failed\n", data_dir,
		tally.ncases, tally.ngood, tally.nfailed);
	assert_true(tally.ncases > 0);
	assert_int_equal(tally.nfailed, 0);
}

/* --- our own ------------------------------------------------------------------------------ */

/* RFC 6962, 2.1, word for word, over leaves "0", "1", ...; the depth is bounded by log n. */
static void mth(uint64_t lo, uint64_t hi, uint8_t out[32])
{
	uint8_t left[32], right[32];
	uint64_t k = 1;

	if (hi == lo) {
		proof_empty_root(out);
		return;
	}
	if (hi - lo == 1) {
		char leaf[24];

		snprintf(leaf, sizeof(leaf), "%llu", (unsigned long long)lo);
		proof_leaf_hash(span_str(leaf), out);
		return;
	}
	while (k * 2 < hi - lo) {
		k *= 2;
	}
	mth(lo, lo + k, left);
	mth(lo + k, hi, right);
	proof_node_hash(left, right, out);
}

static size_t path_to(uint64_t idx, uint64_t lo, uint64_t hi, uint8_t (*out)[32])
{
	uint64_t k = 1;
	size_t n;

	if (hi - lo == 1) {
		return 0;
	}
	while (k * 2 < hi - lo) {
		k *= 2;
	}
	if (idx < lo + k) {
		n = path_to(idx, lo, lo + k, out);
		mth(lo + k, hi, out[n]);
	} else {
		n = path_to(idx, lo + k, hi, out);
		mth(lo, lo + k, out[n]);
	}
	return n + 1;
}

static void empty_tree_and_first_leaf_hash_as_in_the_certificate_transparency_vectors(
	void **state)
{
	/* Well-known values of RFC 6962 logs: SHA-256 of nothing, and of a lone 0x00. */
	static const char empty[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char zero[] =
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
	uint8_t hash[32];
	char hex[65];

	(void)state;
	proof_empty_root(hash);
	text_hex(hash, 32, hex);
	assert_string_equal(hex, empty);

	proof_leaf_hash(span_of("", 0), hash);
	text_hex(hash, 32, hex);
	assert_string_equal(hex, zero);
}

static void inclusion_of_every_leaf_holds_and_no_other_index_or_size_does(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= 40; size++) {
		uint8_t root[32], leaf[32], path[PROOF_MAX_PATH][32];

		mth(0, size, root);
		for (uint64_t idx = 0; idx < size; idx++) {
			size_t n = path_to(idx, 0, size, path);
			const uint8_t(*p)[32] = (const uint8_t(*)[32])path;
			struct cu_err err;

			mth(idx, idx + 1, leaf);
			assert_int_equal(proof_check_inclusion(
						 idx, size, leaf, p, n, root, &err),
				0);
			assert_int_equal(proof_check_inclusion(
						 idx + 1, size, leaf, p, n, root, &err),
				CU_ECORRUPT);
			assert_int_equal(proof_check_inclusion(
						 idx, size, leaf, p, n + 1, root, &err),
				CU_ECORRUPT);
			if (n > 0) {
				assert_int_equal(proof_check_inclusion(idx, size, leaf,
							 p, n - 1, root, &err),
					CU_ECORRUPT);
				assert_non_null(strstr(err.msg, "level"));
			}
		}
	}
}

static void edge_and_frontier_give_the_root_of_the_definition_at_every_size(
	void **state)
{
	struct edge *e = calloc(1, sizeof(*e));
	struct frontier f = { 0 };

	(void)state;
	assert_non_null(e);
	for (uint64_t size = 0; size <= 600; size++) {
		uint8_t want[32], got[32], leaf[32];

		mth(0, size, want);
		edge_root(e, got);
		assert_memory_equal(got, want, 32);
		frontier_root(&f, got);
		assert_memory_equal(got, want, 32);

		mth(size, size + 1, leaf);
		assert_int_equal(edge_push(e, leaf, NULL, NULL, NULL), 0);
		frontier_push(&f, leaf);
	}
	free(e);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			proofs_of_public_vectors_are_judged_as_the_vectors_say),
		cmocka_unit_test(
			empty_tree_and_first_leaf_hash_as_in_the_certificate_transparency_vectors),
		cmocka_unit_test(
			inclusion_of_every_leaf_holds_and_no_other_index_or_size_does),
		cmocka_unit_test(
			edge_and_frontier_give_the_root_of_the_definition_at_every_size),
	};

	if (argc > 1) {
		data_dir = argv[1];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
