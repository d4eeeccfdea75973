#include "support.h"

#include "base/text.h"
#include "crypto/key_internal.h"
#include "crypto/token.h"

static struct key index_key(void)
{
	struct key k;

	for (size_t i = 0; i < KEY_SIZE; i++) {
		k.b[i] = (uint8_t)i;
	}
	return k;
}

/* Computed with Python 3.11: hashlib.blake2b(b"contact_point.email\0ada@example.org",
 * key=bytes(range(32)), digest_size=16). */
static void a_token_is_keyed_blake2b_of_kind_nul_value(void **state)
{
	struct key k = index_key();
	uint8_t token[TOKEN_SIZE];
	char hex[2 * TOKEN_SIZE + 1];

	(void)state;
	token_make(&k, "contact_point.email", span_str("ada@example.org"), token);
	text_hex(token, sizeof(token), hex);
	assert_string_equal(hex, "e92e203897c73a61926d970a939e952f");
}

static void equal_values_have_equal_tokens(void **state)
{
	struct key k = index_key();
	uint8_t a[TOKEN_SIZE], b[TOKEN_SIZE];

	(void)state;
	token_make(&k, "profile.name", span_str("ada"), a);
	token_make(&k, "profile.name", span_str("ada"), b);
	assert_memory_equal(a, b, TOKEN_SIZE);
}

static void another_kind_value_or_key_has_another_token(void **state)
{
	struct key k = index_key(), other = index_key();
	uint8_t a[TOKEN_SIZE], b[TOKEN_SIZE];

	(void)state;
	other.b[31] ^= 1;
	token_make(&k, "profile.name", span_str("ada"), a);

	token_make(&k, "profile.nam", span_str("eada"), b);
	assert_memory_not_equal(a, b, TOKEN_SIZE);
	token_make(&k, "profile.name", span_str("adb"), b);
	assert_memory_not_equal(a, b, TOKEN_SIZE);
	token_make(&k, "profile.name", span_of(NULL, 0), b);
	assert_memory_not_equal(a, b, TOKEN_SIZE);
	token_make(&other, "profile.name", span_str("ada"), b);
	assert_memory_not_equal(a, b, TOKEN_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_keyed_blake2b_of_kind_nul_value),
		cmocka_unit_test(equal_values_have_equal_tokens),
		cmocka_unit_test(another_kind_value_or_key_has_another_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
