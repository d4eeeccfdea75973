#include "support.h"

#include "base/text.h"
#include "crypto/key_internal.h"
#include "crypto/seal.h"

static struct key key_counting_from(uint8_t first)
{
	struct key k;

	for (size_t i = 0; i < KEY_SIZE; i++) {
		k.b[i] = (uint8_t)(first + i);
	}
	return k;
}

static void assert_key_is(const struct key *k, const char *hex)
{
	char got[2 * KEY_SIZE + 1];

	text_hex(k->b, KEY_SIZE, got);
	assert_string_equal(got, hex);
}

static const struct span aad = { (const uint8_t *)"where it stands", 15 };

static void what_was_sealed_opens_at_every_length(void **state)
{
	struct key k = key_counting_from(7);
	uint8_t plain[200];
	struct cu_err err;

	(void)state;
	support_fill(plain, sizeof(plain));
	plain[63] = 0x80; /* looks like padding */
	plain[64] = 0;
	for (size_t n = 0; n <= sizeof(plain); n++) {
		struct buf sealed = BUF_INIT, opened = BUF_INIT_WIPE;

		assert_ok(seal_box(&k, aad, span_of(plain, n), &sealed, &err), err);
		assert_int_equal(sealed.n, seal_size(n));
		assert_int_equal((sealed.n - 40) % SEAL_PAD, 0);
		assert_ok(seal_open(&k, aad, buf_span(&sealed), &opened, &err), err);
		assert_true(span_eq(buf_span(&opened), span_of(plain, n)));
		buf_done(&sealed);
		buf_done(&opened);
	}
}

static void sizes_within_a_block_look_the_same(void **state)
{
	(void)state;
	assert_int_equal(seal_size(0), 24 + 64 + 16);
	assert_int_equal(seal_size(63), 24 + 64 + 16);
	assert_int_equal(seal_size(64), 24 + 128 + 16);
}

static void the_same_value_never_seals_to_the_same_bytes(void **state)
{
	struct key k = key_counting_from(7);
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct cu_err err;

	(void)state;
	assert_ok(seal_box(&k, aad, span_str("same"), &a, &err), err);
	assert_ok(seal_box(&k, aad, span_str("same"), &b, &err), err);

	assert_memory_not_equal(a.p, b.p, 24);
	assert_memory_not_equal(a.p + 24, b.p + 24, 64);

	buf_done(&a);
	buf_done(&b);
}

static void any_flipped_bit_is_corrupt_and_leaves_the_output_alone(void **state)
{
	struct key k = key_counting_from(7);
	struct buf sealed = BUF_INIT, out = BUF_INIT_WIPE;
	struct cu_err err;

	(void)state;
	buf_put_str(&out, "before");
	assert_ok(seal_box(&k, aad, span_str("a value"), &sealed, &err), err);
	for (size_t bit = 0; bit < 8 * sealed.n; bit++) {
		sealed.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
			seal_open(&k, aad, buf_span(&sealed), &out, &err), CU_ECORRUPT);
		assert_true(span_eq(buf_span(&out), span_str("before")));
		sealed.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_ok(seal_open(&k, aad, buf_span(&sealed), &out, &err), err);
	assert_true(span_eq(buf_span(&out), span_str("beforea value")));
	buf_done(&sealed);
	buf_done(&out);
}

static void another_place_or_another_key_is_corrupt(void **state)
{
	struct key k = key_counting_from(7), other = key_counting_from(8);
	struct buf sealed = BUF_INIT, out = BUF_INIT_WIPE;
	struct cu_err err;

	(void)state;
	assert_ok(seal_box(&k, aad, span_str("a value"), &sealed, &err), err);

	assert_int_equal(
		seal_open(&k, span_str("elsewhere"), buf_span(&sealed), &out, &err),
		CU_ECORRUPT);
	assert_int_equal(
		seal_open(&other, aad, buf_span(&sealed), &out, &err), CU_ECORRUPT);
	assert_string_equal(err.msg, "sealed value: wrong tag");
	assert_int_equal(out.n, 0);

	buf_done(&sealed);
	buf_done(&out);
}

static void a_length_that_sealing_never_makes_is_corrupt(void **state)
{
	struct key k = key_counting_from(7);
	struct buf sealed = BUF_INIT, out = BUF_INIT_WIPE;
	struct cu_err err;

	(void)state;
	assert_ok(seal_box(&k, aad, span_str("a value"), &sealed, &err), err);
	for (size_t n = 0; n < sealed.n; n++) {
		assert_int_equal(seal_open(&k, aad, span_of(sealed.p, n), &out, &err),
			CU_ECORRUPT);
	}
	buf_done(&sealed);
	buf_done(&out);
}

static void a_good_tag_over_wrong_padding_is_corrupt(void **state)
{
	static const struct {
		uint8_t last, before_last;
	} bad[] = { { 0, 0 }, { 1, 0x80 }, { 0x81, 0 } };
	struct key k = key_counting_from(7);
	uint8_t plain[64], sealed[24 + 64 + 16];
	struct buf out = BUF_INIT_WIPE;
	struct cu_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(plain, 0, sizeof(plain));
		plain[62] = bad[i].before_last;
		plain[63] = bad[i].last;
		key_seal_bytes(&k, aad, plain, sizeof(plain), sealed);
		assert_int_equal(
			seal_open(&k, aad, span_of(sealed, sizeof(sealed)), &out, &err),
			CU_ECORRUPT);
		assert_string_equal(err.msg, "sealed value: wrong padding");
		assert_int_equal(out.n, 0);
	}
	buf_done(&out);
}

/* Known answers computed with Python 3.11, hashlib.blake2b(cohort + b"custos record v1",
 * key=bytes(range(32)), digest_size=32) with cohort b"" and bytes(range(100, 132)). */
static void the_record_key_is_blake2b_of_the_cohort_and_the_label(void **state)
{
	struct key subject = key_counting_from(0), cohort = key_counting_from(100), got;

	(void)state;
	seal_record_key(&subject, NULL, &got);
	assert_key_is(&got,
		"2bba5eee82fe3624a1476ab4a6e27d3cc64181b79115e07faa7b83ecde30bdc7");
	seal_record_key(&subject, &cohort, &got);
	assert_key_is(&got,
		"b75b61511004c5a65a1a69da81b43ccdf4b421a4a5e1443f55705058ffb7f8a3");
}

/* The example of docs/formats/record.md: what version 1 once wrote must open for ever. */
static void the_example_of_the_format_opens(void **state)
{
	static const char hex[] =
		"404142434445464748494a4b4c4d4e4f5051525354555657955d64f0d0e07916"
		"8ff487beaf9c659292baadc41359539a6a31fd450904239016f9026e55928410"
		"ffb2f44c0adadaf19b6b7de86f85b49cb6fc08f413b24c540bd3ec6dfaf7163d"
		"11e49daf98247d0d";
	uint8_t sealed[(sizeof(hex) - 1) / 2];
	struct key k = key_counting_from(0);
	struct buf out = BUF_INIT_WIPE;
	struct cu_err err;

	(void)state;
	assert_true(text_unhex(hex, sizeof(hex) - 1, sealed, sizeof(sealed)));
	assert_ok(seal_open(&k, span_str("example"), span_of(sealed, sizeof(sealed)), &out,
			  &err),
		err);
	assert_true(span_eq(buf_span(&out), span_str("Ada")));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_opens_at_every_length),
		cmocka_unit_test(sizes_within_a_block_look_the_same),
		cmocka_unit_test(the_same_value_never_seals_to_the_same_bytes),
		cmocka_unit_test(
			any_flipped_bit_is_corrupt_and_leaves_the_output_alone),
		cmocka_unit_test(another_place_or_another_key_is_corrupt),
		cmocka_unit_test(a_length_that_sealing_never_makes_is_corrupt),
		cmocka_unit_test(a_good_tag_over_wrong_padding_is_corrupt),
		cmocka_unit_test(the_example_of_the_format_opens),
		cmocka_unit_test(the_record_key_is_blake2b_of_the_cohort_and_the_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
