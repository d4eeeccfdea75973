/* Signatures both ways with the minisign program that Debian ships. */
#include "support.h"

#include "crypto/minisign.h"

static struct signer *new_signer(struct note_verifier *ret_verifier)
{
	struct signer *s = NULL;
	struct cu_err err;

	assert_ok(signer_new("custos/manifest", &s, &err), err);
	signer_verifier(s, ret_verifier);
	return s;
}

static void minisign_accepts_what_we_sign(void **state)
{
	static const char *const messages[] = { "", "a manifest\n", "\x01\x02" };
	const char *dir = *state;
	struct note_verifier v;
	struct signer *s = new_signer(&v);
	char pub[MINISIGN_PUBLIC_SIZE];
	struct cu_err err;

	support_need("minisign");
	minisign_format_public(&v, pub);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct buf sig = BUF_INIT;

		assert_ok(minisign_sign(
				  s, span_str(messages[i]), "manifest 41", &sig, &err),
			err);
		support_put(dir, "m", span_str(messages[i]));
		support_put(dir, "m.minisig", buf_span(&sig));
		assert_int_equal(
			support_run("minisign -Vm %s/m -P %s -q", dir, pub), 0);
		support_put(dir, "m", span_str("another message"));
		assert_int_not_equal(
			support_run(
				"minisign -Vm %s/m -P %s -q 2> /dev/null", dir, pub),
			0);
		buf_done(&sig);
	}
	signer_free(s);
}

/* A key that minisign made, which has a key number of its own choosing. */
static void make_foreign_key(const char *dir, struct note_verifier *ret)
{
	struct buf pub = BUF_INIT;
	struct cu_err err;
	char *line, *end;

	support_need("minisign");
	assert_int_equal(
		support_run(
			"minisign -GWf -p %s/k.pub -s %s/k.key > /dev/null", dir, dir),
		0);
	support_get(dir, "k.pub", &pub);
	line = strchr(buf_cstr(&pub), '\n');
	assert_non_null(line);
	end = strchr(line + 1, '\n');
	assert_non_null(end);
	*end = '\0';
	assert_ok(minisign_parse_public(line + 1, ret, &err), err);
	buf_done(&pub);
}

static void sign_with_minisign(
	const char *dir, const char *message, const char *options, struct buf *ret_sig)
{
	support_put(dir, "m", span_str(message));
	assert_int_equal(support_run("minisign -S %s -m %s/m -s %s/k.key > /dev/null",
				 options, dir, dir),
		0);
	support_get(dir, "m.minisig", ret_sig);
}

static void we_accept_what_minisign_signs_in_both_its_forms(void **state)
{
	static const char *const forms[] = { "", "-l" };
	const char *dir = *state;
	struct note_verifier v, ours;
	struct cu_err err;

	make_foreign_key(dir, &v);
	signer_free(new_signer(&ours));
	for (size_t i = 0; i < 2; i++) {
		struct buf sig = BUF_INIT;

		sign_with_minisign(dir, "a message\n", forms[i], &sig);
		assert_ok(minisign_verify(
				  buf_span(&sig), span_str("a message\n"), &v, &err),
			err);
		assert_int_equal(minisign_verify(buf_span(&sig),
					 span_str("a messagf\n"), &v, &err),
			CU_ECORRUPT);
		assert_int_equal(minisign_verify(buf_span(&sig),
					 span_str("a message\n"), &ours, &err),
			CU_ENOKEY);
		buf_done(&sig);
	}
}

static void a_public_key_reads_back_as_it_was_written(void **state)
{
	struct note_verifier v, again;
	char text[MINISIGN_PUBLIC_SIZE], once_more[MINISIGN_PUBLIC_SIZE];
	struct cu_err err;

	(void)state;
	signer_free(new_signer(&v));
	minisign_format_public(&v, text);
	assert_ok(minisign_parse_public(text, &again, &err), err);
	minisign_format_public(&again, once_more);
	assert_string_equal(text, once_more);
	assert_memory_equal(v.public_key, again.public_key, NOTE_PUBLIC_SIZE);

	text[0] = 'S';
	assert_int_equal(minisign_parse_public(text, &again, &err), CU_EINVAL);
	assert_int_equal(minisign_parse_public("", &again, &err), CU_EINVAL);
}

/* Only the first line is outside of both signatures. */
static void no_changed_byte_after_the_first_line_passes(void **state)
{
	struct note_verifier v;
	struct signer *s = new_signer(&v);
	struct buf sig = BUF_INIT;
	struct cu_err err;
	size_t first;

	(void)state;
	assert_ok(minisign_sign(s, span_str("m"), "trusted", &sig, &err), err);
	assert_ok(minisign_verify(buf_span(&sig), span_str("m"), &v, &err), err);
	first = (size_t)((uint8_t *)memchr(sig.p, '\n', sig.n) - sig.p);
	for (size_t i = first; i < sig.n - 1; i++) {
		sig.p[i] ^= 1;
		assert_true(
			minisign_verify(buf_span(&sig), span_str("m"), &v, &err) < 0);
		sig.p[i] ^= 1;
	}
	for (size_t n = 0; n < sig.n - 1; n++) {
		assert_true(minisign_verify(
				    span_of(sig.p, n), span_str("m"), &v, &err) < 0);
	}
	buf_put_str(&sig, "\n");
	assert_int_equal(
		minisign_verify(buf_span(&sig), span_str("m"), &v, &err), CU_ECORRUPT);

	buf_done(&sig);
	signer_free(s);
}

static void a_trusted_comment_of_two_lines_is_invalid(void **state)
{
	struct note_verifier v;
	struct signer *s = new_signer(&v);
	struct buf sig = BUF_INIT;
	struct cu_err err;

	(void)state;
	assert_int_equal(
		minisign_sign(s, span_str("m"), "one\ntwo", &sig, &err), CU_EINVAL);
	assert_int_equal(
		minisign_sign(s, span_str("m"), "\x1b[31m", &sig, &err), CU_EINVAL);
	assert_int_equal(sig.n, 0);
	signer_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(minisign_accepts_what_we_sign,
			support_make_dir, support_remove_dir),
		cmocka_unit_test_setup_teardown(
			we_accept_what_minisign_signs_in_both_its_forms,
			support_make_dir, support_remove_dir),
		cmocka_unit_test(a_public_key_reads_back_as_it_was_written),
		cmocka_unit_test(no_changed_byte_after_the_first_line_passes),
		cmocka_unit_test(a_trusted_comment_of_two_lines_is_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
