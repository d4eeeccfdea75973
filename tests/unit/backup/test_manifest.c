#include "fixture.h"

#include <inttypes.h>

#include "backup/chain.h"
#include "backup/manifest.h"
#include "backup/repo.h"
#include "crypto/hash.h"
#include "crypto/minisign.h"

static struct signer *signer, *stranger;
static struct note_verifier verifier;

static int make_keys(void **state)
{
	struct cu_err err = { 0 };

	assert_ok(signer_new("custos/test", &signer, &err), &err);
	assert_ok(signer_new("custos/other", &stranger, &err), &err);
	signer_verifier(signer, &verifier);
	return make_tmp(state);
}

static int drop_keys(void **state)
{
	signer_free(signer);
	signer_free(stranger);
	return drop_tmp(state);
}

static void fill(uint8_t *to, uint8_t value)
{
	memset(to, value, 32);
}

/* Number sequence of a chain, with two ranges. */
static struct manifest sample(uint64_t sequence)
{
	struct manifest m = {
		.store = { "storestorestore" },
		.lineage = { "lineagelineage!" },
		.sequence = sequence,
		.has_previous = sequence > 1,
		.time_ms = 1795298944123,
		.log_size = 10 + sequence,
		.log_key = verifier,
		.data_prints = { { "0123456789abcdef", "fedcba9876543210" }, 2 },
		.vault_prints = { { "0123456789abcdef" }, 1 },
		.data_time_ms = 1795298944123,
		.page_size = 4096,
		.data_size = MANIFEST_RANGE_MAX + 8192,
		.generation = 3,
		.vault = { .stored = 700 },
		.vault_size = 8192,
		.vault_log_size = 10 + sequence,
		.subjects = 5,
		.records = 17,
		.has_digests = true,
		.digest = { { .rows = 5 }, { { "profile", 5 }, { "transaction", 12 } }, 2 },
		.drill_day = 20261121,
		.drill_nonce = { "noncenoncenonce" },
	};
	struct manifest_range first = { 0, MANIFEST_RANGE_MAX, .object.stored = 1234 };
	struct manifest_range second = { MANIFEST_RANGE_MAX, 8192, .object.stored = 99 };

	fill(m.log_root, 0xa1);
	fill(m.data_hash, 0xa2);
	fill(m.vault.hash, 0xa3);
	fill(first.hash, 0xa4);
	fill(first.object.hash, 0xa5);
	fill(second.hash, 0xa6);
	fill(second.object.hash, 0xa7);
	fill(m.digest.subjects.hash, 0xa8);
	fill(m.digest.collections[0].hash, 0xa9);
	fill(m.digest.collections[1].hash, 0xaa);
	assert_int_equal(manifest_add_range(&m, &first, NULL), 0);
	assert_int_equal(manifest_add_range(&m, &second, NULL), 0);
	return m;
}

static void format(const struct manifest *m, struct buf *out)
{
	struct cu_err err = { 0 };

	assert_ok(manifest_format(m, out, &err), &err);
}

static void a_manifest_reads_back_as_it_was_written(void **state)
{
	struct manifest m = sample(7), again = { 0 };
	struct buf text = BUF_INIT, text_again = BUF_INIT;
	struct cu_err err = { 0 };
	(void)state;

	fill(m.previous, 0xb1);
	format(&m, &text);
	assert_ok(manifest_parse(buf_span(&text), &again, &err), &err);
	format(&again, &text_again);

	assert_true(span_eq(buf_span(&text), buf_span(&text_again)));
	assert_int_equal(again.sequence, 7);
	assert_int_equal(again.nranges, 2);
	assert_int_equal(again.ranges[1].offset, MANIFEST_RANGE_MAX);
	assert_int_equal(again.ranges[1].object.stored, 99);
	assert_memory_equal(again.previous, m.previous, 32);
	assert_memory_equal(again.log_key.public_key, verifier.public_key, 32);
	assert_int_equal(again.data_prints.n, 2);
	assert_int_equal(manifest_stored(&again), 1234 + 99 + 700);
	assert_memory_equal(&again.digest, &m.digest, sizeof(m.digest));
	assert_int_equal(again.drill_day, 20261121);
	assert_true(id_eq(&again.drill_nonce, &m.drill_nonce));
	manifest_done(&m);
	manifest_done(&again);
	buf_done(&text);
	buf_done(&text_again);
}

static void a_manifest_without_digests_is_of_version_1(void **state)
{
	struct manifest m = sample(1), again = { 0 };
	struct buf text = BUF_INIT;
	struct cu_err err = { 0 };
	(void)state;

	m.has_digests = false;
	format(&m, &text);
	assert_non_null(strstr(buf_cstr(&text), "custos manifest v1\n"));
	assert_null(strstr(buf_cstr(&text), "digest"));
	assert_ok(manifest_parse(buf_span(&text), &again, &err), &err);
	assert_false(again.has_digests);
	assert_int_equal(again.records, 17);
	manifest_done(&m);
	manifest_done(&again);
	buf_done(&text);
}

static void a_manifest_of_data_that_no_drill_opens_says_so(void **state)
{
	struct manifest m = sample(1), again = { 0 };
	struct buf text = BUF_INIT;
	struct cu_err err = { 0 };
	(void)state;

	m.drill_day = 0;
	format(&m, &text);
	assert_non_null(strstr(buf_cstr(&text), "\ndrill none\n"));
	assert_ok(manifest_parse(buf_span(&text), &again, &err), &err);
	assert_int_equal(again.drill_day, 0);
	manifest_done(&m);
	manifest_done(&again);
	buf_done(&text);
}

/* A changed text is refused, or is another manifest in its one spelling. */
static void assert_strict(struct span text, struct span original)
{
	struct manifest m = { 0 };
	struct buf again = BUF_INIT;
	struct cu_err err = { 0 };
	int r = manifest_parse(text, &m, &err);

	if (r < 0) {
		assert_int_equal(r, CU_ECORRUPT);
		assert_true(strlen(err.msg) > 10);
	} else {
		format(&m, &again);
		if (!span_eq(text, buf_span(&again))) {
			fail_msg("two spellings of one manifest:\n%.*s", (int)text.n, text.p);
		}
		assert_false(span_eq(text, original));
		manifest_done(&m);
	}
	buf_done(&again);
}

static void every_changed_byte_is_refused_or_another_manifest(void **state)
{
	static const uint8_t others[] = { ' ', '\n', '0', '1', '9', 'a', 'F', 'g', '-', 0, 0xff };
	struct manifest m = sample(1);
	struct buf text = BUF_INIT, changed = BUF_INIT;
	(void)state;

	format(&m, &text);
	for (size_t i = 0; i < text.n; i++) {
		for (size_t k = 0; k < sizeof(others); k++) {
			if (text.p[i] == others[k]) {
				continue;
			}
			buf_clear(&changed);
			buf_put_span(&changed, buf_span(&text));
			changed.p[i] = others[k];
			assert_strict(buf_span(&changed), buf_span(&text));
		}
	}
	manifest_done(&m);
	buf_done(&text);
	buf_done(&changed);
}

/* The text without line number skip (from 0), or with it twice. */
static void edit_lines(const struct buf *text, unsigned which, bool is_doubled, struct buf *out)
{
	const char *p = (const char *)text->p, *end = p + text->n;

	buf_clear(out);
	for (unsigned i = 0; p < end; i++) {
		const char *stop = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;

		for (int times = i != which ? 1 : is_doubled ? 2 : 0; times > 0; times--) {
			buf_put(out, p, (size_t)(stop - p));
		}
		p = stop;
	}
}

static void every_line_missing_or_doubled_is_refused(void **state)
{
	struct manifest m = sample(1), ret = { 0 };
	struct buf text = BUF_INIT, changed = BUF_INIT;
	unsigned nlines = 0;
	(void)state;

	format(&m, &text);
	for (size_t i = 0; i < text.n; i++) {
		nlines += text.p[i] == '\n';
	}
	assert_int_equal(nlines, 19);
	for (unsigned i = 0; i < nlines; i++) {
		for (int is_doubled = 0; is_doubled < 2; is_doubled++) {
			struct cu_err err = { 0 };

			edit_lines(&text, i, is_doubled, &changed);
			assert_int_equal(
				manifest_parse(buf_span(&changed), &ret, &err), CU_ECORRUPT);
		}
	}
	manifest_done(&m);
	buf_done(&text);
	buf_done(&changed);
}

static void every_truncation_is_refused(void **state)
{
	struct manifest m = sample(1), ret = { 0 };
	struct buf text = BUF_INIT;
	(void)state;

	format(&m, &text);
	for (size_t n = 0; n < text.n; n++) {
		assert_int_equal(manifest_parse(span_of(text.p, n), &ret, NULL), CU_ECORRUPT);
	}
	manifest_done(&m);
	buf_done(&text);
}

static void a_manifest_that_breaks_a_rule_is_not_written(void **state)
{
	struct manifest m = sample(1);
	struct buf text = BUF_INIT;
	struct cu_err err = { 0 };
	(void)state;

	m.ranges[1].offset++;
	assert_int_equal(manifest_format(&m, &text, &err), CU_EINTERNAL);
	assert_says(&err, "side by side");
	m.ranges[1].offset--;
	m.vault_log_size = m.log_size + 1;
	assert_int_equal(manifest_format(&m, &text, &err), CU_EINTERNAL);
	assert_says(&err, "newer than the log");
	m.vault_log_size = m.log_size;
	m.digest.collections[1].rows++;
	assert_int_equal(manifest_format(&m, &text, &err), CU_EINTERNAL);
	assert_says(&err, "other numbers than the counts");
	m.digest.collections[1].rows--;
	strcpy(m.digest.collections[0].name, "zzz");
	assert_int_equal(manifest_format(&m, &text, &err), CU_EINTERNAL);
	assert_says(&err, "do not ascend");

	manifest_done(&m);
	buf_done(&text);
}

/* --- signatures and the chain --------------------------------------------------------- */

static uint8_t last_hash[32];

/* Puts a manifest and its signature as a run does. */
static void put(struct repo *r, struct manifest *m, const struct signer *by)
{
	struct buf text = BUF_INIT, sig = BUF_INIT;
	char name[REPO_NAME_SIZE];
	struct cu_err err = { 0 };

	memcpy(m->previous, last_hash, 32);
	format(m, &text);
	assert_ok(manifest_sign(m, buf_span(&text), by, &sig, &err), &err);
	repo_name_signature(m->sequence, name);
	assert_ok(repo_put_over(r, name, buf_span(&sig), &err), &err);
	repo_name_manifest(m->sequence, name);
	assert_ok(repo_put(r, name, buf_span(&text), &err), &err);
	hash_sha256(buf_span(&text), last_hash);
	manifest_done(m);
	buf_done(&text);
	buf_done(&sig);
}

static void make_chain(struct repo *r, const char *name, unsigned n)
{
	struct cu_err err = { 0 };

	assert_ok(repo_create(at("%s", name), r, &err), &err);
	for (unsigned i = 1; i <= n; i++) {
		struct manifest m = sample(i);

		put(r, &m, signer);
	}
}

static void stock_minisign_verifies_a_manifest(void **state)
{
	char key[MINISIGN_PUBLIC_SIZE];
	struct repo r;
	(void)state;

	need_tool("minisign");
	make_chain(&r, "stock", 12);
	minisign_format_public(&verifier, key);
	assert_int_equal(
		shell("minisign -V -P %s -m stock/manifest/0000000012 >/dev/null", key), 0);

	assert_int_equal(shell("echo >> stock/manifest/0000000012"), 0);
	assert_int_not_equal(
		shell("minisign -V -P %s -m stock/manifest/0000000012 >/dev/null 2>&1", key), 0);
}

static void a_whole_chain_is_loaded_in_order(void **state)
{
	struct chain c = { 0 };
	struct cu_err err = { 0 };
	struct repo r;
	(void)state;

	make_chain(&r, "whole", 4);
	assert_ok(chain_load(&r, &verifier, NULL, NULL, &c, &err), &err);

	assert_int_equal(c.n, 4);
	assert_int_equal(c.at[3].sequence, 4);
	assert_int_equal(c.at[3].log_size, 14);
	assert_memory_equal(c.at[3].hash, last_hash, 32);
	chain_done(&c);
}

/* Loads a chain that must be refused. */
static void assert_refused(struct repo *r, int code, const char *name, const char *text)
{
	struct chain c = { 0 };
	struct cu_err err = { 0 };

	assert_int_equal(chain_load(r, &verifier, NULL, NULL, &c, &err), code);
	assert_says(&err, name);
	assert_says(&err, text);
}

static void a_missing_manifest_is_named(void **state)
{
	struct repo r;
	(void)state;

	make_chain(&r, "hole", 4);
	assert_int_equal(shell("rm hole/manifest/0000000002"), 0);
	assert_refused(&r, CU_ECORRUPT, "manifest/0000000003", "manifest 2 before it is missing");
	assert_int_equal(shell("rm hole/manifest/0000000001"), 0);
	assert_refused(&r, CU_ECORRUPT, "manifest/0000000003", "manifest 1 before it is missing");
}

static void a_missing_signature_is_named(void **state)
{
	struct repo r;
	(void)state;

	make_chain(&r, "unsigned", 3);
	assert_int_equal(shell("rm unsigned/manifest/0000000002.minisig"), 0);
	assert_refused(&r, CU_ECORRUPT, "manifest/0000000002", "signature is missing");
}

static void a_signature_alone_is_no_damage(void **state)
{
	struct chain c = { 0 };
	struct cu_err err = { 0 };
	struct repo r;
	(void)state;

	make_chain(&r, "alone", 3);
	assert_int_equal(shell("rm alone/manifest/0000000003"), 0);
	assert_ok(chain_load(&r, &verifier, NULL, NULL, &c, &err), &err);

	assert_int_equal(c.n, 2);
	chain_done(&c);
}

static void a_manifest_of_another_key_is_refused(void **state)
{
	struct manifest m = sample(3);
	struct repo r;
	(void)state;

	make_chain(&r, "foreign", 2);
	put(&r, &m, stranger);
	assert_refused(&r, CU_ENOKEY, "manifest/0000000003", "another key");
}

static void a_manifest_that_does_not_follow_is_refused(void **state)
{
	struct manifest m = sample(3);
	struct repo r;
	(void)state;

	make_chain(&r, "fork", 2);
	last_hash[0] ^= 1;
	put(&r, &m, signer);
	assert_refused(&r, CU_ECORRUPT, "manifest/0000000003", "does not follow");
}

static void a_manifest_of_an_older_vault_is_refused(void **state)
{
	struct manifest m = sample(3);
	struct repo r;
	(void)state;

	make_chain(&r, "older", 2);
	m.generation = 2;
	put(&r, &m, signer);
	assert_refused(&r, CU_ECORRUPT, "manifest/0000000003", "older log or vault");
}

static void two_manifests_that_changed_places_are_refused(void **state)
{
	struct repo r;
	(void)state;

	make_chain(&r, "swap", 3);
	assert_int_equal(shell("cd swap/manifest && mv 0000000001 x && mv 0000000001.minisig y && "
			       "mv 0000000002 0000000001 && mv 0000000002.minisig 0000000001.minisig "
			       "&& mv x 0000000002 && mv y 0000000002.minisig"),
		0);
	assert_refused(&r, CU_ECORRUPT, "manifest/0000000001", "says that it is number 2");
}

static void every_flipped_byte_of_a_stored_manifest_is_refused(void **state)
{
	struct buf text = BUF_INIT;
	struct repo r;
	(void)state;

	make_chain(&r, "flip", 2);
	read_all(at("flip/manifest/0000000001"), &text);
	for (size_t i = 0; i < text.n; i++) {
		struct chain c = { 0 };
		struct cu_err err = { 0 };

		text.p[i] ^= 1;
		write_all(at("flip/manifest/0000000001"), text.p, text.n);
		text.p[i] ^= 1;
		assert_int_equal(
			chain_load(&r, &verifier, NULL, NULL, &c, &err), CU_ECORRUPT);
		assert_says(&err, "manifest/0000000001");
	}
	buf_done(&text);
}

static void count_fault(void *ctx, const char *name, const char *text)
{
	assert_non_null(name);
	assert_non_null(text);
	++*(unsigned *)ctx;
}

static void a_tolerant_load_tells_every_fault(void **state)
{
	struct chain c = { 0 };
	struct cu_err err = { 0 };
	unsigned nfaults = 0;
	struct repo r;
	(void)state;

	make_chain(&r, "tolerant", 6);
	assert_int_equal(shell("rm tolerant/manifest/0000000002.minisig && echo x >> "
			       "tolerant/manifest/0000000005"),
		0);
	assert_ok(chain_load(&r, &verifier, count_fault, &nfaults, &c, &err), &err);

	assert_int_equal(nfaults, 4); /* 2 and 5, and that 3 and 6 do not follow */
	assert_int_equal(c.n, 4);
	chain_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_reads_back_as_it_was_written),
		cmocka_unit_test(a_manifest_without_digests_is_of_version_1),
		cmocka_unit_test(a_manifest_of_data_that_no_drill_opens_says_so),
		cmocka_unit_test(every_changed_byte_is_refused_or_another_manifest),
		cmocka_unit_test(every_line_missing_or_doubled_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_manifest_that_breaks_a_rule_is_not_written),
		cmocka_unit_test(stock_minisign_verifies_a_manifest),
		cmocka_unit_test(a_whole_chain_is_loaded_in_order),
		cmocka_unit_test(a_missing_manifest_is_named),
		cmocka_unit_test(a_missing_signature_is_named),
		cmocka_unit_test(a_signature_alone_is_no_damage),
		cmocka_unit_test(a_manifest_of_another_key_is_refused),
		cmocka_unit_test(a_manifest_that_does_not_follow_is_refused),
		cmocka_unit_test(a_manifest_of_an_older_vault_is_refused),
		cmocka_unit_test(two_manifests_that_changed_places_are_refused),
		cmocka_unit_test(every_flipped_byte_of_a_stored_manifest_is_refused),
		cmocka_unit_test(a_tolerant_load_tells_every_fault),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
