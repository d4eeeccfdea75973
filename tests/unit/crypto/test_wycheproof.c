/* Project Wycheproof's vectors (C2SP/wycheproof, testvectors_v1), through the functions that
 * the code calls: every file of the directory that the first argument names.  The file's
 * "algorithm" and "schema" choose; algorithms that we do not use are skipped and counted. */
#include "support.h"

#include <jansson.h>

#include "base/text.h"
#include "crypto/kdf.h"
#include "crypto/key_internal.h"
#include "crypto/signer_internal.h"

static const char *data_dir = "tests/data/wycheproof";

struct tally {
	int npassed, nfailed, nskipped;
};

/* The bytes of a hex field; absent is empty.  Test vectors are small: freed by the caller. */
static struct buf hex_of(const json_t *object, const char *field)
{
	const char *hex = json_string_value(json_object_get(object, field));
	struct buf b = BUF_INIT;
	size_t n = hex ? strlen(hex) / 2 : 0;
	uint8_t *room = buf_room(&b, n);

	assert_non_null(room);
	if (n > 0) {
		assert_true(text_unhex(hex, 2 * n, room, n));
	}
	b.n = n;
	return b;
}

enum verdict { WRONG, RIGHT, NOT_FOR_US };

static enum verdict verdict_of(bool is_right)
{
	return is_right ? RIGHT : WRONG;
}

/* --- ciphers ---------------------------------------------------------------------------- */

static bool says_valid(const json_t *test)
{
	return strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
}

/* "nonce, ciphertext, tag" in one run, as our sealed forms lie on disk.  A nonce of another
 * length then shifts everything, and the tag must say so. */
static enum verdict try_xchacha(const json_t *group, const json_t *test)
{
	struct buf key = hex_of(test, "key"), iv = hex_of(test, "iv"),
		   aad = hex_of(test, "aad");
	struct buf msg = hex_of(test, "msg"), ct = hex_of(test, "ct"),
		   tag = hex_of(test, "tag");
	uint8_t *plain = malloc(msg.n + ct.n + iv.n + 1),
		*made = malloc(msg.n + KEY_TAG_SIZE);
	bool opens, is_right;
	struct key k;

	(void)group;
	if (key.n != KEY_SIZE) {
		is_right = !says_valid(test);
		goto out;
	}
	memcpy(k.b, key.p, KEY_SIZE);
	buf_put_span(&iv, buf_span(&ct));
	buf_put_span(&iv, buf_span(&tag));
	opens = key_open_bytes(&k, buf_span(&aad), buf_span(&iv), plain);
	is_right = opens == says_valid(test) &&
		   opens == key_open_bytes(&k, buf_span(&aad), buf_span(&iv), NULL) &&
		   (!opens || memcmp(plain, msg.p, msg.n) == 0);
	if (opens) { /* our sealing takes a random nonce; the call below it takes this one */
		crypto_aead_xchacha20poly1305_ietf_encrypt(
			made, NULL, msg.p, msg.n, aad.p, aad.n, NULL, iv.p, k.b);
		is_right = is_right && memcmp(made, iv.p + KEY_NONCE_SIZE,
					       msg.n + KEY_TAG_SIZE) == 0;
	}
out:
	free(plain);
	free(made);
	buf_done(&key);
	buf_done(&iv);
	buf_done(&aad);
	buf_done(&msg);
	buf_done(&ct);
	buf_done(&tag);
	return verdict_of(is_right);
}

/* The calls that age's chunks and stanzas are made with. */
static enum verdict try_chacha(const json_t *group, const json_t *test)
{
	struct buf key = hex_of(test, "key"), iv = hex_of(test, "iv"),
		   aad = hex_of(test, "aad");
	struct buf msg = hex_of(test, "msg"), ct = hex_of(test, "ct"),
		   tag = hex_of(test, "tag");
	uint8_t *plain = malloc(ct.n + 1), *made = malloc(msg.n + 16);
	bool opens, is_right;

	(void)group;
	if (key.n != crypto_aead_chacha20poly1305_ietf_KEYBYTES ||
		iv.n != crypto_aead_chacha20poly1305_ietf_NPUBBYTES) {
		is_right = !says_valid(test); /* the type of the argument refuses it */
		goto out;
	}
	buf_put_span(&ct, buf_span(&tag));
	opens = crypto_aead_chacha20poly1305_ietf_decrypt(
			plain, NULL, NULL, ct.p, ct.n, aad.p, aad.n, iv.p, key.p) == 0;
	is_right = opens == says_valid(test) &&
		   (!opens || memcmp(plain, msg.p, msg.n) == 0);
	if (opens) {
		crypto_aead_chacha20poly1305_ietf_encrypt(
			made, NULL, msg.p, msg.n, aad.p, aad.n, NULL, iv.p, key.p);
		is_right = is_right && memcmp(made, ct.p, ct.n) == 0;
	}
out:
	free(plain);
	free(made);
	buf_done(&key);
	buf_done(&iv);
	buf_done(&aad);
	buf_done(&msg);
	buf_done(&ct);
	buf_done(&tag);
	return verdict_of(is_right);
}

/* --- keys ------------------------------------------------------------------------------- */

/* "acceptable" leaves the choice: ours is that a shared secret of zeros is refused and that
 * everything else is computed. */
static enum verdict try_x25519(const json_t *group, const json_t *test)
{
	const char *curve = json_string_value(json_object_get(group, "curve"));
	struct buf public = hex_of(test, "public"), private = hex_of(test, "private");
	struct buf shared = hex_of(test, "shared");
	enum verdict verdict = NOT_FOR_US;
	uint8_t got[32] = { 0 };
	bool is_refused;

	if (curve && strcmp(curve, "curve25519") == 0) {
		if (public.n != 32 || private.n != 32 || shared.n != 32) {
			verdict = verdict_of(!says_valid(test));
		} else {
			is_refused = crypto_scalarmult_curve25519(
					     got, private.p, public.p) != 0;
			verdict = verdict_of(
				sodium_is_zero(shared.p, 32)
					? is_refused
					: !is_refused &&
						  memcmp(got, shared.p, 32) == 0);
		}
	}
	buf_done(&public);
	buf_done(&private);
	buf_done(&shared);
	return verdict;
}

static enum verdict try_hkdf(const json_t *group, const json_t *test)
{
	struct buf ikm = hex_of(test, "ikm"), salt = hex_of(test, "salt");
	struct buf info = hex_of(test, "info"), okm = hex_of(test, "okm");
	size_t n = (size_t)json_integer_value(json_object_get(test, "size"));
	uint8_t *got = calloc(1, n + 1);
	bool is_made;
	enum verdict verdict;

	(void)group;
	is_made = kdf_hkdf(buf_span(&ikm), buf_span(&salt), buf_span(&info), got, n);
	verdict = verdict_of(is_made == says_valid(test) &&
			     (!is_made || (n == okm.n && memcmp(got, okm.p, n) == 0)));
	free(got);
	buf_done(&ikm);
	buf_done(&salt);
	buf_done(&info);
	buf_done(&okm);
	return verdict;
}

static enum verdict try_hmac(const json_t *group, const json_t *test)
{
	struct buf key = hex_of(test, "key"), msg = hex_of(test, "msg"),
		   tag = hex_of(test, "tag");
	size_t n = (size_t)json_integer_value(json_object_get(group, "tagSize")) / 8;
	uint8_t got[KDF_HMAC_SIZE];
	bool is_same;

	kdf_hmac(buf_span(&key), buf_span(&msg), got);
	is_same = n == tag.n && n <= sizeof(got) && memcmp(got, tag.p, n) == 0;
	buf_done(&key);
	buf_done(&msg);
	buf_done(&tag);
	return verdict_of(is_same == says_valid(test));
}

static enum verdict try_ed25519(const json_t *group, const json_t *test)
{
	const json_t *key = json_object_get(group, "publicKey");
	const char *curve = json_string_value(json_object_get(key, "curve"));
	struct buf pk = hex_of(key, "pk"), msg = hex_of(test, "msg"),
		   sig = hex_of(test, "sig");
	enum verdict verdict = NOT_FOR_US;
	bool is_good;

	if (curve && strcmp(curve, "edwards25519") == 0) {
		is_good = pk.n == NOTE_PUBLIC_SIZE && sig.n == SIGNATURE_SIZE &&
			  signer_check_bytes(pk.p, buf_span(&msg), sig.p);
		verdict = verdict_of(is_good == says_valid(test));
	}
	buf_done(&pk);
	buf_done(&msg);
	buf_done(&sig);
	return verdict;
}

/* --- all files -------------------------------------------------------------------------- */

static const struct {
	const char *algorithm, *schema; /* the schema's name begins so */
	enum verdict (*run)(const json_t *group, const json_t *test);
} known[] = {
	{ "XCHACHA20-POLY1305", "aead_test_schema", try_xchacha },
	{ "CHACHA20-POLY1305", "aead_test_schema", try_chacha },
	{ "XDH", "xdh_comp_schema", try_x25519 },
	{ "X25519", "xdh_comp_schema", try_x25519 },
	{ "HKDF-SHA-256", "hkdf_test_schema", try_hkdf },
	{ "HMACSHA256", "mac_test_schema", try_hmac },
	{ "EDDSA", "eddsa_verify_schema", try_ed25519 },
	{ "ED25519", "eddsa_verify_schema", try_ed25519 },
};

static void run_group(
	const char *name, size_t how, const json_t *group, struct tally *t)
{
	json_t *test;
	size_t i;

	json_array_foreach(json_object_get(group, "tests"), i, test)
	{
		switch (known[how].run(group, test)) {
		case RIGHT: t->npassed++; break;
		case NOT_FOR_US: t->nskipped++; break;
		case WRONG:
			t->nfailed++;
			print_error("%s: case %lld (%s) is not as it says\n", name,
				(long long)json_integer_value(
					json_object_get(test, "tcId")),
				json_string_value(json_object_get(test, "comment")));
			break;
		}
	}
}

static void run_file(const char *name, struct tally *t)
{
	const char *algorithm, *schema;
	char path[PATH_SIZE];
	struct cu_err err;
	json_error_t at;
	json_t *root, *group;
	size_t i, how = 0;

	assert_ok(path_join(path, data_dir, name, &err), err);
	root = json_load_file(path, 0, &at);
	if (!root) {
		fail_msg("%s:%d: %s", name, at.line, at.text);
	}
	algorithm = json_string_value(json_object_get(root, "algorithm"));
	schema = json_string_value(json_object_get(root, "schema"));
	while (algorithm && schema && how < sizeof(known) / sizeof(known[0]) &&
		(strcmp(known[how].algorithm, algorithm) != 0 ||
			strncmp(known[how].schema, schema, strlen(known[how].schema)) !=
				0)) {
		how++;
	}
	if (!algorithm || !schema || how == sizeof(known) / sizeof(known[0])) {
		print_message("%s: skipped: %s is not ours\n", name,
			algorithm ? algorithm : "?");
		t->nskipped +=
			(int)json_integer_value(json_object_get(root, "numberOfTests"));
	} else {
		json_array_foreach(json_object_get(root, "testGroups"), i, group)
		{
			run_group(name, how, group, t);
		}
	}
	json_decref(root);
}

static void every_wycheproof_case_of_our_algorithms_is_judged_right(void **state)
{
	struct tally t = { 0 };
	struct cu_err err;
	char **names;
	size_t n, len;

	(void)state;
	assert_ok(key_library_init(&err), err);
	assert_ok(path_list(data_dir, &names, &n, &err), err);
	for (size_t i = 0; i < n; i++) {
		len = strlen(names[i]);
		if (len > 5 && strcmp(names[i] + len - 5, ".json") == 0) {
			run_file(names[i], &t);
		}
	}
	path_free_names(names, n);

	print_message("wycheproof: %d passed, %d failed, %d skipped\n", t.npassed,
		t.nfailed, t.nskipped);
	assert_int_equal(t.nfailed, 0);
	assert_true(t.npassed > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_wycheproof_case_of_our_algorithms_is_judged_right),
	};

	if (argc > 1) {
		data_dir = argv[1];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
