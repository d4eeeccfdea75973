#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verify/certificate.h"
#include "documents.h"

static struct signer *signer;
static struct signed_key key;
static char key_text[NOTE_VERIFIER_SIZE];

static int group_setup(void **state)
{
	(void)state;
	signer = help_signer();
	help_key(signer, key_text, &key);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	signer_free(signer);
	return 0;
}

static int judge(struct bytes note, const char *log, struct flaw *f)
{
	struct certificate c;
	struct published_result result;
	int r = certificate_open(note, key_text, &key, &c, f);

	if (r == 0 && log) {
		r = certificate_check_log(&c, log, &key, &result, f);
	}
	certificate_done(&c);
	return r;
}

static struct bytes bytes_of_buf(const struct buf *b)
{
	return bytes_of(b->p, b->n);
}

static void assert_valid(const json_t *json, const char *log)
{
	struct buf note = help_sign(signer, json);
	struct flaw f;

	if (judge(bytes_of_buf(&note), log, &f) < 0) {
		fail_msg("%s", f.text);
	}
	buf_done(&note);
}

static void assert_refused(const json_t *json, const char *log, const char *why)
{
	struct buf note = help_sign(signer, json);
	struct flaw f = { VERDICT_VALID, "" };

	assert_int_equal(judge(bytes_of_buf(&note), log, &f), -1);
	assert_int_equal(f.verdict, VERDICT_INVALID);
	if (!strstr(f.text, why)) {
		fail_msg("not '%s' but: %s", why, f.text);
	}
	buf_done(&note);
}

/* --- tests ------------------------------------------------------------------------ */

static void a_certificate_of_a_real_log_is_accepted_alone_and_beside_it(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log_with_erasure(dir, signer);
	json_t *json = help_certificate(l, key_text);

	assert_non_null(json);
	assert_valid(json, NULL);
	assert_valid(json, dir);

	json_object_set_new(json, "of_tomorrow", json_true());
	help_grow(l, 600);
	assert_valid(json, dir);
	json_decref(json);
	ledger_close(l);
}

static void every_changed_bit_of_a_certificate_is_refused(void **state)
{
	struct ledger *l = help_log_with_erasure(scratch_path(*state, "log"), signer);
	json_t *json = help_certificate(l, key_text);
	struct buf note = help_sign(signer, json);
	size_t n = 0;
	struct flaw f;

	for (size_t bit = 0; bit < note.n * 8; bit++, n++) {
		note.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (judge(bytes_of_buf(&note), NULL, &f) == 0 ||
			f.verdict != VERDICT_INVALID) {
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		}
		note.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	print_message("%zu bits flipped one at a time: 0 accepted\n", n);
	assert_int_equal(judge(bytes_of_buf(&note), NULL, &f), 0);
	for (size_t size = 0; size < note.n; size++) {
		assert_int_equal(judge(bytes_of(note.p, size), NULL, &f), -1);
	}
	buf_done(&note);
	json_decref(json);
	ledger_close(l);
}

/* What the log's own key signs and is yet not true of the log. */
static const struct lie {
	const char *path, *value, *why; /* value is JSON; NULL: the member is missing */
} lies[] = {
	{ "custos_certificate", "2", "another version" },
	{ "kind", "\"receipt\"", "'kind'" },
	{ "kind", NULL, "'kind'" },
	{ "store", "\"x\"", "'store'" },
	{ "lineage", "\"0123456789abcdef0123456789abcdef\"", "'log' names another" },
	{ "erasure", "\"0123456789abcdef0123456789abcdef\"",
		"another erasure or person" },
	{ "subject", "\"0123456789abcdef0123456789abcdef\"",
		"another erasure or person" },
	{ "subject", NULL, "'subject'" },
	{ "scope", "\"all\"", "'scope'" },
	{ "scope", "\"collection\"", "'collections'" },
	{ "collections", "[\"profile\"]", "'collections'" },
	{ "purpose", "\"marketing\"", "another purpose" },
	{ "issued", "\"2026-11-01T10:00:00.000Z\"", "'issued' lies before" },
	{ "issued", "\"2026-11-31T10:00:00.000Z\"", "'issued' is malformed" },
	{ "generation", "8", "'generation'" },
	{ "generation", "7.0", "'generation'" },
	{ "slots", "8", "'slots'" },
	{ "slots", "-9", "'slots'" },
	{ "statement", NULL, "'statement'" },
	{ "log/origin", "\"custos/x\"", "'log' names another" },
	{ "log/key", "\"x\"", "'log' names another" },
	{ "leaves", "[]", "no beginning" },
	{ "leaves/0/index", "271", "leaf 0: 'index'" },
	{ "leaves/1/proof", "\"x\"", "leaf 1: proof" },
	{ "leaves/2/leaf", "\"v=1 t=2026-11-21T22:09:04.123Z act=a.b\"",
		"leaf 2: proof: does not lead" },
	{ "leaves/2/leaf", "\"v=1 name=Ada\"", "leaf 2: entry" },
	{ "guarantee/class", "\"perfect\"", "'class'" },
	{ "guarantee/reasons", "[]", "without a reason" },
	{ "last_copy/state", "\"gone\"", "worse than" },
	{ "last_copy/state", "\"this-host-only\"", "'targets'" },
	{ "last_copy/state", "\"soon\"", "'state'" },
	{ "last_copy/date", NULL, "'date'" },
	{ "last_copy/date", "\"2027-01-04T00:00:00.000Z\"", "lies after" },
	{ "last_copy/targets", "[]", "'targets'" },
	{ "last_copy/targets/1/state", "\"unbounded\"", "target 1: is worse" },
};

/* "leaves/0/index": sets what stands there. */
static void put_lie(json_t *json, const struct lie *lie)
{
	char path[64], *at = path, *slash;
	json_t *value =
		lie->value ? json_loads(lie->value, JSON_DECODE_ANY, NULL) : NULL;

	strcpy(path, lie->path);
	while ((slash = strchr(at, '/')) != NULL) {
		*slash = '\0';
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(at))
					   : json_object_get(json, at);
		at = slash + 1;
	}
	if (value) {
		json_object_set_new(json, at, value);
	} else {
		json_object_del(json, at);
	}
}

static void a_signed_lie_is_refused(void **state)
{
	struct ledger *l = help_log_with_erasure(scratch_path(*state, "log"), signer);
	json_t *truth = help_certificate(l, key_text);

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		json_t *json = json_deep_copy(truth);

		put_lie(json, &lies[i]);
		assert_refused(json, NULL, lies[i].why);
		json_decref(json);
	}
	json_decref(truth);
	ledger_close(l);
}

static void entries_that_are_swapped_doubled_or_left_out_are_refused(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log_with_erasure(dir, signer);
	json_t *truth = help_certificate(l, key_text), *json = json_deep_copy(truth);
	json_t *list = json_object_get(json, "leaves"), *first;

	first = json_incref(json_array_get(list, 1));
	json_array_remove(list, 1);
	json_array_insert_new(list, 2, first);
	assert_refused(json, NULL, "leaf 2: does not come after");
	json_array_insert(list, 1, first);
	assert_refused(json, NULL, "leaf 3: does not come after");
	json_decref(json);

	/* one shred is hidden: the members may be made to fit, but the log knows */
	json = json_deep_copy(truth);
	json_array_remove(json_object_get(json, "leaves"), 1);
	assert_refused(json, NULL, "'slots'");
	json_object_set_new(json, "slots", json_integer(1));
	assert_valid(json, NULL);
	assert_refused(json, dir, "entry 280: belongs to this erasure");
	json_decref(json);
	json_decref(truth);
	ledger_close(l);
}

static void a_certificate_of_another_history_of_the_log_is_refused(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *other = scratch_path(*state, "other");
	struct ledger *l = help_log_with_erasure(dir, signer), *m = help_new_log(other, signer);
	json_t *json = help_certificate(l, key_text);
	struct leaf odd = help_leaf(99999);

	help_append(m, &odd);
	help_grow(m, 400);
	assert_refused(json, other, "is not what the certificate shows");
	ledger_close(m);
	json_decref(json);
	ledger_close(l);
}

static void json_in_another_form_is_refused(void **state)
{
	static const char *const texts[] = { "{\"kind\":\"erasure\",\n\n\"x\":1}\n",
		"[]\n", "x\n", "{\"kind\":1,\"kind\":2}\n", "{} {}\n" };
	static const char *const whys[] = { "an empty line", "no JSON object",
		"not JSON: line 1", "not JSON: line 1", "not JSON: line 1" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf note = BUF_INIT;
		struct flaw f;

		assert_int_equal(note_sign(signer, span_str(texts[i]), &note, NULL), 0);
		assert_int_equal(judge(bytes_of_buf(&note), NULL, &f), -1);
		if (!strstr(f.text, whys[i])) {
			fail_msg("not '%s' but: %s", whys[i], f.text);
		}
		buf_done(&note);
	}
}

/* ./dev bits has every bit. */
static void forty_lines_of_python_accept_it_too_and_no_changed_bit(void **state)
{
	struct ledger *l = help_log_with_erasure(scratch_path(*state, "log"), signer);
	json_t *json = help_certificate(l, key_text);
	struct buf note = help_sign(signer, json);
	const char *path = scratch_path(*state, "certificate");
	FILE *file = fopen(path, "w");
	char line[1024];

	assert_non_null(file);
	assert_int_equal(fwrite(note.p, 1, note.n, file), note.n);
	assert_int_equal(fclose(file), 0);
	buf_done(&note);
	json_decref(json);
	ledger_close(l);
	if (system("/usr/bin/python3 -c 'import nacl.signing' 2>/dev/null") != 0) {
		print_message("python3-nacl is not installed\n");
		skip();
	}

	snprintf(line, sizeof(line),
		"/usr/bin/python3 tests/support/flip_bits.py '%s' '%s' %zu >/dev/null",
		key_text, path, help_stride(97));
	assert_int_equal(system(line), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
		T(a_certificate_of_a_real_log_is_accepted_alone_and_beside_it),
		T(every_changed_bit_of_a_certificate_is_refused),
		T(a_signed_lie_is_refused),
		T(entries_that_are_swapped_doubled_or_left_out_are_refused),
		T(a_certificate_of_another_history_of_the_log_is_refused),
		T(json_in_another_form_is_refused),
		T(forty_lines_of_python_accept_it_too_and_no_changed_bit),
	};

	return cmocka_run_group_tests_name(
		"verify/certificate", tests, group_setup, group_teardown);
}
