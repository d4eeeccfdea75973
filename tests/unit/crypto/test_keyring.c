#include "support.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "crypto/hash.h"
#include "crypto/keyring_internal.h"

#define PASSPHRASE "correct horse battery staple"
#define HEAD       (20 + 1 + 16 + 8 + 16 + 8 + 8)
#define WRAP       (HEAD + 32 + KEY_WRAPPED_SIZE(1))
#define MEMORY_AT  (20 + 1 + 16 + 8 + 16 + 8)
#define PASSES_AT  (20 + 1 + 16 + 8 + 16)

static const struct keyring_about about = { { "0123456789abcdef" }, 1700000000123 };
static struct key root;

static const char *at(void **state, const char *name)
{
	static char path[2][PATH_SIZE];
	static unsigned turn;

	turn = !turn;
	assert_int_equal(path_join(path[turn], *state, name, NULL), 0);
	return path[turn];
}

static struct keyring_hand hand_of(void **state, const char *passphrase)
{
	return (struct keyring_hand){ .credential = at(state, "credential"),
		.passphrase = passphrase ? span_str(passphrase) : (struct span){ 0 } };
}

static void put_credential(void **state, const char *bytes)
{
	support_put(*state, "credential", span_str(bytes));
}

static int add(void **state, enum keyring_source source, const char *passphrase)
{
	struct keyring_hand hand = hand_of(state, passphrase);

	return keyring_add(*state, source, &hand, &about, &root, NULL);
}

static int load(void **state, enum keyring_source source, const char *passphrase)
{
	struct keyring_hand hand = hand_of(state, passphrase);
	struct key again = { { 0 } };
	struct keyring_about whose;
	int r = keyring_open(*state, source, &hand, &whose, &again, NULL);

	assert_int_equal(
		r == 0, key_is_equal(&root, &again)); /* all of it, or nothing */
	assert_true(r == 0 || key_is_none(&again));
	assert_true(r < 0 || (id_eq(&whose.store, &about.store) &&
				     whose.made_ms == about.made_ms));
	return r;
}

static int set_up(void **state)
{
	key_fill_random(&root);
	return support_make_dir(state);
}

/* --- each source by itself ------------------------------------------------------- */

static void a_root_key_comes_back_from_each_source_alone(void **state)
{
	static const char *const words[] = { "file", "credential", "passphrase" };

	put_credential(state, "thirty-two bytes of a credential");
	assert_int_equal(keyring_sources(*state), 0);
	for (unsigned i = 0; i < KEYRING_NSOURCES; i++) {
		enum keyring_source parsed;

		assert_true(keyring_parse(words[i], &parsed) && parsed == i);
		assert_string_equal(keyring_word(parsed), words[i]);
		assert_int_equal(load(state, parsed, PASSPHRASE), CU_ENOENT);
		assert_int_equal(add(state, parsed, PASSPHRASE), 0);
		assert_int_equal(keyring_sources(*state), (1u << (i + 1)) - 1);
		assert_int_equal(add(state, parsed, PASSPHRASE), CU_EEXIST);
	}
	for (unsigned i = 0; i < KEYRING_NSOURCES; i++) {
		assert_int_equal(load(state, (enum keyring_source)i, PASSPHRASE), 0);
	}
	assert_int_equal(keyring_remove(*state, KEYRING_FILE, NULL), 0);
	assert_int_equal(access(at(state, KEYRING_KEY_FILE), F_OK), -1);
	assert_int_equal(load(state, KEYRING_FILE, NULL), CU_ENOENT);
	assert_int_equal(load(state, KEYRING_CREDENTIAL, NULL), 0);
	assert_int_equal(keyring_remove(*state, KEYRING_CREDENTIAL, NULL), 0);
	assert_int_equal(load(state, KEYRING_PASSPHRASE, PASSPHRASE), 0);
	assert_int_equal(keyring_sources(*state), KEYRING_BIT(KEYRING_PASSPHRASE));
}

static void the_wrong_secret_of_a_source_is_told_apart_from_damage(void **state)
{
	static const char hex[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

	put_credential(state, "thirty-two bytes of a credential");
	for (unsigned i = 0; i < KEYRING_NSOURCES; i++) {
		assert_int_equal(add(state, (enum keyring_source)i, PASSPHRASE), 0);
	}
	assert_int_equal(load(state, KEYRING_PASSPHRASE, "correct horse battery stapl"),
		CU_ENOKEY);
	assert_int_equal(load(state, KEYRING_PASSPHRASE, ""), CU_ENOKEY);
	assert_int_equal(load(state, KEYRING_PASSPHRASE, NULL), CU_ENOENT);

	put_credential(state, "thirty-two bytes of a credentiaL");
	assert_int_equal(load(state, KEYRING_CREDENTIAL, NULL), CU_ENOKEY);
	put_credential(state, "thirty-one bytes of a credentia");
	assert_int_equal(load(state, KEYRING_CREDENTIAL, NULL), CU_ECORRUPT);
	assert_int_equal(chmod(at(state, "credential"), 0604), 0);
	assert_int_equal(load(state, KEYRING_CREDENTIAL, NULL), CU_EDENIED);
	assert_int_equal(unlink(at(state, "credential")), 0);
	assert_int_equal(load(state, KEYRING_CREDENTIAL, NULL), CU_ENOENT);

	support_put(*state, KEYRING_KEY_FILE, span_str(hex));
	assert_int_equal(load(state, KEYRING_FILE, NULL), CU_ENOKEY);
	support_put(*state, KEYRING_KEY_FILE, span_str("not hex"));
	assert_int_equal(load(state, KEYRING_FILE, NULL), CU_ECORRUPT);
	assert_int_equal(unlink(at(state, KEYRING_KEY_FILE)), 0);
	assert_int_equal(load(state, KEYRING_FILE, NULL), CU_ENOENT);
}

static void a_key_file_that_others_may_read_is_denied(void **state)
{
	static const mode_t modes[] = { 0440, 0404, 0420 };
	struct stat st;

	assert_int_equal(add(state, KEYRING_FILE, NULL), 0);
	assert_int_equal(stat(at(state, KEYRING_KEY_FILE), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_size, 65);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(at(state, KEYRING_KEY_FILE), modes[i]), 0);
		assert_int_equal(load(state, KEYRING_FILE, NULL), CU_EDENIED);
	}
	assert_int_equal(chmod(at(state, KEYRING_KEY_FILE), 0600), 0);
	assert_int_equal(load(state, KEYRING_FILE, NULL), 0);
}

static void a_new_passphrase_is_neither_short_nor_endless(void **state)
{
	char longest[KEYRING_PASSPHRASE_MAX + 2];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(add(state, KEYRING_PASSPHRASE, "eleven byte"), CU_EINVAL);
	assert_int_equal(add(state, KEYRING_PASSPHRASE, longest), CU_EINVAL);
	assert_int_equal(add(state, KEYRING_PASSPHRASE, NULL), CU_ENOENT);
	assert_int_equal(keyring_sources(*state), 0);
}

/* --- the bytes ------------------------------------------------------------------- */

static void any_flipped_bit_of_a_wrap_is_found(void **state)
{
	struct buf wrap = BUF_INIT;

	assert_int_equal(add(state, KEYRING_FILE, NULL), 0);
	support_get(*state, "file.wrap", &wrap);
	assert_int_equal(wrap.n, WRAP);
	for (size_t bit = 0; bit < 8 * wrap.n; bit++) {
		int code;

		wrap.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		support_put(*state, "file.wrap", buf_span(&wrap));
		wrap.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		code = load(state, KEYRING_FILE, NULL);
		assert_true(
			code == (bit / 8 >= 21 && bit / 8 < HEAD + 32 ? CU_ENOKEY
								      : CU_ECORRUPT));
	}
	support_put(*state, "file.wrap", span_of(wrap.p, wrap.n - 1));
	assert_int_equal(load(state, KEYRING_FILE, NULL), CU_ECORRUPT);
	buf_put_u8(&wrap, 0);
	support_put(*state, "file.wrap", buf_span(&wrap));
	assert_int_equal(load(state, KEYRING_FILE, NULL), CU_ECORRUPT);
	buf_done(&wrap);
}

/* Big-endian, as buf.h has it. */
static void put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8) {
		p[i] = (uint8_t)v;
	}
}

static void a_hostile_wrap_cannot_ask_for_a_terabyte_or_a_day(void **state)
{
	static const struct {
		size_t where;
		uint64_t value;
	} wishes[] = { { MEMORY_AT, 1ull << 40 }, { MEMORY_AT, (1ull << 30) + 1 },
		{ MEMORY_AT, UINT64_MAX }, { MEMORY_AT, 0 }, { PASSES_AT, 17 },
		{ PASSES_AT, 0 }, { PASSES_AT, UINT64_MAX } };
	struct buf wrap = BUF_INIT;
	uint8_t kept[8];

	assert_int_equal(add(state, KEYRING_PASSPHRASE, PASSPHRASE), 0);
	support_get(*state, "passphrase.wrap", &wrap);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		memcpy(kept, wrap.p + wishes[i].where, 8);
		put_u64(wrap.p + wishes[i].where, wishes[i].value);
		support_put(*state, "passphrase.wrap", buf_span(&wrap));
		assert_int_equal(
			load(state, KEYRING_PASSPHRASE, PASSPHRASE), CU_ECORRUPT);
		memcpy(wrap.p + wishes[i].where, kept, 8);
	}
	/* a cheaper one that was not made so opens nothing either */
	put_u64(wrap.p + PASSES_AT, 1);
	support_put(*state, "passphrase.wrap", buf_span(&wrap));
	assert_int_equal(load(state, KEYRING_PASSPHRASE, PASSPHRASE), CU_ENOKEY);
	buf_done(&wrap);
}

static void a_passphrase_costs_what_libsodium_calls_moderate(void **state)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct cursor c;

	assert_int_equal(add(state, KEYRING_PASSPHRASE, PASSPHRASE), 0);
	support_get(*state, "passphrase.wrap", &first);
	c = cursor_of(span_of(first.p + PASSES_AT, 16));
	assert_int_equal(cursor_u64(&c), 3);
	assert_int_equal(cursor_u64(&c), 256 << 20);
	assert_int_equal(keyring_remove(*state, KEYRING_PASSPHRASE, NULL), 0);
	assert_int_equal(add(state, KEYRING_PASSPHRASE, PASSPHRASE), 0);
	support_get(*state, "passphrase.wrap", &second);
	assert_memory_not_equal(first.p + 45, second.p + 45, 16); /* another salt */
	buf_done(&first);
	buf_done(&second);
}

static void a_wrap_of_one_source_is_none_of_another(void **state)
{
	struct buf wrap = BUF_INIT;

	put_credential(state, "thirty-two bytes of a credential");
	assert_int_equal(add(state, KEYRING_CREDENTIAL, NULL), 0);
	support_get(*state, "credential.wrap", &wrap);
	support_put(*state, "file.wrap", buf_span(&wrap));
	support_put(*state, "passphrase.wrap", buf_span(&wrap));
	assert_int_equal(load(state, KEYRING_FILE, NULL), CU_ECORRUPT);
	assert_int_equal(load(state, KEYRING_PASSPHRASE, PASSPHRASE), CU_ECORRUPT);
	buf_done(&wrap);
}

static void a_wrap_of_the_first_format_still_opens(void **state)
{
	static const char mark[] = "custos root wrap v1\n";
	struct keyring_hand nothing = { 0 };
	const struct key *from = &root;
	struct key by, again = { { 0 } };
	uint8_t file[20 + 32 + KEY_WRAPPED_SIZE(1)];
	struct keyring_about whose = about;
	char hex[66];

	key_fill_random(&by);
	for (size_t i = 0; i < KEY_SIZE; i++) {
		snprintf(hex + 2 * i, 3, "%02x", by.b[i]);
	}
	support_put(*state, KEYRING_KEY_FILE, span_str(hex));
	memcpy(file, mark, 20);
	hash_blake2b(span_of(by.b, KEY_SIZE), file + 20);
	key_wrap(&by, span_of(file, 20), &from, 1, file + 52);
	support_put(*state, "root.wrap", span_of(file, sizeof(file)));

	assert_int_equal(keyring_sources(*state), KEYRING_BIT(KEYRING_FILE));
	assert_int_equal(
		keyring_open(*state, KEYRING_FILE, &nothing, &whose, &again, NULL), 0);
	assert_true(key_is_equal(&root, &again));
	assert_true(id_is_nil(&whose.store) && whose.made_ms == 0);
	assert_int_equal(add(state, KEYRING_FILE, NULL), CU_EEXIST);
	assert_int_equal(keyring_remove(*state, KEYRING_FILE, NULL), 0);
	assert_int_equal(keyring_sources(*state), 0);
}

/* --- taking away ----------------------------------------------------------------- */

/* Through a second name of the same inode, which outlives the removal. */
static void what_is_removed_was_overwritten_in_place(void **state)
{
	struct buf before = BUF_INIT, after = BUF_INIT;

	assert_int_equal(add(state, KEYRING_FILE, NULL), 0);
	support_get(*state, KEYRING_KEY_FILE, &before);
	assert_int_equal(link(at(state, KEYRING_KEY_FILE), at(state, "kept")), 0);
	assert_int_equal(keyring_remove(*state, KEYRING_FILE, NULL), 0);
	support_get(*state, "kept", &after);
	assert_int_equal(after.n, before.n);
	for (size_t i = 0; i + 8 <= before.n; i++) {
		assert_memory_not_equal(before.p + i, after.p + i, 8);
	}
	buf_done(&before);
	buf_done(&after);
}

static void a_link_is_removed_and_not_followed(void **state)
{
	struct buf kept = BUF_INIT;

	support_put(*state, "elsewhere", span_str("not ours"));
	assert_int_equal(symlink(at(state, "elsewhere"), at(state, "file.wrap")), 0);
	assert_int_equal(keyring_remove(*state, KEYRING_FILE, NULL), 0);
	support_get(*state, "elsewhere", &kept);
	assert_memory_equal(kept.p, "not ours", 8);
	buf_done(&kept);
}

#define in_a_directory(test)                                                           \
	cmocka_unit_test_setup_teardown(test, set_up, support_remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_directory(a_root_key_comes_back_from_each_source_alone),
		in_a_directory(the_wrong_secret_of_a_source_is_told_apart_from_damage),
		in_a_directory(a_key_file_that_others_may_read_is_denied),
		in_a_directory(a_new_passphrase_is_neither_short_nor_endless),
		in_a_directory(any_flipped_bit_of_a_wrap_is_found),
		in_a_directory(a_hostile_wrap_cannot_ask_for_a_terabyte_or_a_day),
		in_a_directory(a_passphrase_costs_what_libsodium_calls_moderate),
		in_a_directory(a_wrap_of_one_source_is_none_of_another),
		in_a_directory(a_wrap_of_the_first_format_still_opens),
		in_a_directory(what_is_removed_was_overwritten_in_place),
		in_a_directory(a_link_is_removed_and_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
