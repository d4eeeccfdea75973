#include "support.h"

#include "crypto/key_internal.h"
#include "crypto/note.h"

/* The example of golang.org/x/mod/sumdb/note, the reference implementation. */
static const char peter[] =
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char peters_text[] =
	"If you think cryptography is the answer to your problem,\n"
	"then you don't know what your problem is.\n";
static const char peters_note[] =
	"If you think cryptography is the answer to your problem,\n"
	"then you don't know what your problem is.\n"
	"\n"
	"\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgK"
	"vqfqdngotpRZb6KE6RyyBwJnAM=\n";

static struct signer *new_signer(const char *name, struct note_verifier *ret_verifier)
{
	struct signer *s = NULL;
	struct cu_err err;

	assert_ok(signer_new(name, &s, &err), err);
	signer_verifier(s, ret_verifier);
	return s;
}

/* --- verifiers -------------------------------------------------------------------------- */

static void the_reference_example_verifies(void **state)
{
	struct note_verifier v;
	struct span text;
	struct cu_err err;

	(void)state;
	assert_ok(note_parse_verifier(peter, &v, &err), err);
	assert_ok(note_verify(span_str(peters_note), &v, &text, &err), err);
	assert_true(span_eq(text, span_str(peters_text)));
}

static void a_verifier_reads_back_as_it_was_written(void **state)
{
	struct note_verifier v, again;
	char text[NOTE_VERIFIER_SIZE];
	struct cu_err err;

	(void)state;
	assert_ok(note_parse_verifier(peter, &v, &err), err);
	note_format_verifier(&v, text);
	assert_string_equal(text, peter);

	signer_free(new_signer("log.example.org/a", &v));
	note_format_verifier(&v, text);
	assert_ok(note_parse_verifier(text, &again, &err), err);
	assert_memory_equal(&v, &again, sizeof(v));
}

static void a_verifier_that_is_none_is_invalid(void **state)
{
	static const char *const bad[] = {
		"",
		"PeterNeumann",
		"PeterNeumann+c74f20a3",
		"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
		"PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeuman\u00a0+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
	};
	struct note_verifier v;
	struct cu_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(note_parse_verifier(bad[i], &v, &err), CU_EINVAL);
	}
}

static void a_name_with_a_blank_or_a_plus_is_invalid(void **state)
{
	static const char *const bad[] = { "", "a b", "a+b", "a\tb", "a\u3000b", "\xff",
		("1234567890123456789012345678901234567890123456789012345678901234"
		"12345678901234567890123456789012345678901234567890123456789012345") };
	struct signer *s = NULL;
	struct cu_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(signer_new(bad[i], &s, &err), CU_EINVAL);
		assert_null(s);
	}
}

/* --- notes ------------------------------------------------------------------------------ */

static void a_signed_text_verifies_and_comes_back_whole(void **state)
{
	struct note_verifier v;
	struct signer *s = new_signer("custos/a", &v);
	struct buf note = BUF_INIT;
	struct span text;
	struct cu_err err;

	(void)state;
	assert_ok(note_sign(s, span_str("one\n\ntwo \u00fc\n"), &note, &err), err);
	assert_ok(note_verify(buf_span(&note), &v, &text, &err), err);
	assert_true(span_eq(text, span_str("one\n\ntwo \u00fc\n")));

	buf_done(&note);
	signer_free(s);
}

static void a_text_that_a_note_cannot_carry_is_invalid(void **state)
{
	static const char *const bad[] = { "", "no newline", "a\ttab\n", "\r\n",
		"\xc3\n" };
	struct note_verifier v;
	struct signer *s = new_signer("custos/a", &v);
	struct buf note = BUF_INIT;
	struct cu_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			note_sign(s, span_str(bad[i]), &note, &err), CU_EINVAL);
		assert_int_equal(note.n, 0);
	}
	signer_free(s);
}

static void no_changed_byte_of_a_note_passes(void **state)
{
	struct note_verifier v;
	struct signer *s = new_signer("custos/a", &v);
	struct buf note = BUF_INIT;
	struct span text;
	struct cu_err err;

	(void)state;
	assert_ok(note_sign(s, span_str("one line\n"), &note, &err), err);
	for (size_t i = 0; i < note.n; i++) {
		note.p[i] ^= 1;
		assert_true(note_verify(buf_span(&note), &v, &text, &err) < 0);
		note.p[i] ^= 1;
	}
	for (size_t n = 0; n < note.n; n++) {
		assert_true(note_verify(span_of(note.p, n), &v, &text, &err) < 0);
	}
	buf_done(&note);
	signer_free(s);
}

static void a_note_by_someone_else_has_no_key(void **state)
{
	struct note_verifier v, other;
	struct signer *s = new_signer("custos/a", &v),
		      *t = new_signer("custos/a", &other);
	struct buf note = BUF_INIT;
	struct span text;
	struct cu_err err;

	(void)state;
	assert_ok(note_sign(s, span_str("x\n"), &note, &err), err);
	assert_int_equal(note_verify(buf_span(&note), &other, &text, &err), CU_ENOKEY);

	buf_done(&note);
	signer_free(s);
	signer_free(t);
}

static void lines_of_unknown_keys_are_passed_over(void **state)
{
	struct note_verifier v, other;
	struct signer *s = new_signer("custos/a", &v),
		      *t = new_signer("witness", &other);
	struct buf note = BUF_INIT, second = BUF_INIT;
	struct span text;
	struct cu_err err;
	const char *line;

	(void)state;
	assert_ok(note_sign(s, span_str("x\n"), &note, &err), err);
	assert_ok(note_sign(t, span_str("x\n"), &second, &err), err);
	line = strstr(buf_cstr(&second), "\u2014 ");
	assert_non_null(line);
	buf_put_str(&note, line);

	assert_ok(note_verify(buf_span(&note), &v, &text, &err), err);
	assert_ok(note_verify(buf_span(&note), &other, &text, &err), err);

	buf_done(&note);
	buf_done(&second);
	signer_free(s);
	signer_free(t);
}

static void a_wrong_line_by_the_key_fails_the_note_beside_a_right_one(void **state)
{
	struct note_verifier v;
	struct signer *s = new_signer("custos/a", &v);
	struct buf note = BUF_INIT, other = BUF_INIT;
	struct span text;
	struct cu_err err;

	(void)state;
	assert_ok(note_sign(s, span_str("x\n"), &note, &err), err);
	assert_ok(note_sign(s, span_str("y\n"), &other, &err), err);
	buf_put_str(&note, strstr(buf_cstr(&other), "\u2014 "));

	assert_int_equal(note_verify(buf_span(&note), &v, &text, &err), CU_ECORRUPT);

	buf_done(&note);
	buf_done(&other);
	signer_free(s);
}

/* --- the disk --------------------------------------------------------------------------- */

static void a_wrapped_signer_comes_back_as_the_same(void **state)
{
	struct note_verifier v, again;
	struct signer *s = new_signer("custos/a", &v), *t = NULL;
	struct buf wrapped = BUF_INIT, note = BUF_INIT;
	struct key by;
	struct span text;
	struct cu_err err;

	(void)state;
	key_fill_random(&by);
	assert_ok(signer_wrap(s, &by, &wrapped, &err), err);
	assert_ok(signer_unwrap(buf_span(&wrapped), &by, &t, &err), err);
	signer_verifier(t, &again);
	assert_memory_equal(&v, &again, sizeof(v));
	assert_ok(note_sign(t, span_str("x\n"), &note, &err), err);
	assert_ok(note_verify(buf_span(&note), &v, &text, &err), err);

	buf_done(&wrapped);
	buf_done(&note);
	signer_free(s);
	signer_free(t);
}

static void a_damaged_or_foreign_wrap_is_corrupt(void **state)
{
	struct note_verifier v;
	struct signer *s = new_signer("custos/a", &v), *t = NULL;
	struct buf wrapped = BUF_INIT;
	struct key by, other;
	struct cu_err err;

	(void)state;
	key_fill_random(&by);
	key_fill_random(&other);
	assert_ok(signer_wrap(s, &by, &wrapped, &err), err);
	for (size_t i = 0; i < wrapped.n; i++) {
		wrapped.p[i] ^= 4;
		assert_int_equal(
			signer_unwrap(buf_span(&wrapped), &by, &t, &err), CU_ECORRUPT);
		wrapped.p[i] ^= 4;
		assert_int_equal(signer_unwrap(span_of(wrapped.p, i), &by, &t, &err),
			CU_ECORRUPT);
	}
	assert_int_equal(
		signer_unwrap(buf_span(&wrapped), &other, &t, &err), CU_ECORRUPT);
	assert_null(t);

	buf_done(&wrapped);
	signer_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_example_verifies),
		cmocka_unit_test(a_verifier_reads_back_as_it_was_written),
		cmocka_unit_test(a_verifier_that_is_none_is_invalid),
		cmocka_unit_test(a_name_with_a_blank_or_a_plus_is_invalid),
		cmocka_unit_test(a_signed_text_verifies_and_comes_back_whole),
		cmocka_unit_test(a_text_that_a_note_cannot_carry_is_invalid),
		cmocka_unit_test(no_changed_byte_of_a_note_passes),
		cmocka_unit_test(a_note_by_someone_else_has_no_key),
		cmocka_unit_test(lines_of_unknown_keys_are_passed_over),
		cmocka_unit_test(
			a_wrong_line_by_the_key_fails_the_note_beside_a_right_one),
		cmocka_unit_test(a_wrapped_signer_comes_back_as_the_same),
		cmocka_unit_test(a_damaged_or_foreign_wrap_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
