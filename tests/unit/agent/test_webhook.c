/* The plugin webhook, beside a server that does what it should not; signatures by their vectors. */
#include "route_help.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <time.h>

#include "transfer/transfer.h"
#include "webhook/sign.h"

/* Of the reference implementations of Standard Webhooks: the same message by both. */
#define VECTOR_ID      "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define VECTOR_TIME    1614265330
#define VECTOR_BODY    "{\"test\": 2432232314}"
#define VECTOR_KEY     "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
#define VECTOR_SEED    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="
#define VECTOR_PUBLIC  "1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
#define VECTOR_V1A     "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
#define VECTOR_SECRET  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define VECTOR_V1      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static const struct cu_message alarm_message = { sizeof(alarm_message), 0, MESSAGE_ID,
	"alarm.drill_failed", 1764366000123, NULL, "a subject-canary", "a text-canary\n" };

static int begin(void **state)
{
	struct cu_err err = { 0 };

	assert_int_equal(make_tmp(state), 0);
	assert_ok(plugins_load(CUSTOS_PLUGINS, &all, &err), &err);
	start_server("tests/support/hostile_http.py");
	write_secret("key", VECTOR_KEY);
	write_secret("secret", VECTOR_SECRET "\n");
	return 0;
}

/* To a path of the server's n-th port. */
static int32_t post_to(unsigned n, const char *path, struct cu_fault *said)
{
	char url[100];

	snprintf(url, sizeof(url), "https://127.0.0.1:%u%s", ports[n], path);
	return send_with("webhook", json_pack("{s:s,s:s,s:s,s:s,s:s}", "url", url, "key",
		in_dir(dir, "key"), "ca_file", in_dir(dir, "cert.pem"), "internal", "yes", "timeout_s",
		"3"), &alarm_message, said);
}

/* --- signatures -------------------------------------------------------------------------- */

static void expect_signature(const char *key_text, const char *signature)
{
	char out[SIGN_TEXT_SIZE];
	struct sign_key key;

	assert_null(sign_read_key(key_text, &key));
	assert_true(sign_message(&key, VECTOR_ID, VECTOR_TIME, VECTOR_BODY, out));
	assert_string_equal(out, signature);
}

static void signatures_are_those_of_the_vectors(void **state)
{
	(void)state;
	expect_signature(VECTOR_KEY, VECTOR_V1A);
	expect_signature(VECTOR_SEED, VECTOR_V1A);
	expect_signature(VECTOR_SECRET, VECTOR_V1);
}

static void what_is_no_key_is_refused_with_the_reason(void **state)
{
	static const char *const wrong[] = { "", "whsk_", "whsk_AAAA", "whsec_AAAA", "wh",
		(VECTOR_KEY "A"), ("whpk_" VECTOR_PUBLIC),
		/* a public key that is not the seed's */
		"whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvw==" };
	struct sign_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_non_null(sign_read_key(wrong[i], &key));
	}
}

/* --- where to ---------------------------------------------------------------------------- */

static bool may(const char *text, bool internal)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
		return transfer_may_connect((struct sockaddr *)&four, internal);
	}
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return transfer_may_connect((struct sockaddr *)&six, internal);
}

static void private_addresses_are_a_choice_and_link_local_ones_are_none(void **state)
{
	static const char *const open[] = { "9.9.9.9", "172.32.0.1", "100.128.0.1", "2620:fe::fe",
		"::ffff:9.9.9.9", "64:ff9b::909:909" };
	static const char *const internal[] = { "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1",
		"100.64.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::" };
	static const char *const never[] = { "169.254.169.254", "0.0.0.0", "224.0.0.1",
		"255.255.255.255", "192.0.2.1", "198.18.0.1", "fe80::1", "ff02::1", "::", "2001:db8::1",
		"2001::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::",
		"4000::1" };

	(void)state;
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		assert_true(may(open[i], false));
	}
	for (size_t i = 0; i < sizeof(internal) / sizeof(internal[0]); i++) {
		assert_false(may(internal[i], false));
		assert_true(may(internal[i], true));
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		assert_false(may(never[i], false));
		assert_false(may(never[i], true));
	}
}

/* --- a request --------------------------------------------------------------------------- */

/* The newest request that the server saw; to be released. */
static json_t *last_request(void)
{
	struct buf text = BUF_INIT;
	char *line;
	json_t *r;

	assert_int_equal(path_read_file(in_dir(dir, "requests"), 1 << 20, &text, NULL), 0);
	text.p[text.n - 1] = '\0';
	line = strrchr((char *)text.p, '\n');
	r = json_loads(line ? line + 1 : (char *)text.p, 0, NULL);
	assert_non_null(r);
	buf_done(&text);
	return r;
}

static const char *header(const json_t *request, const char *name)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(request, "headers"), name));

	assert_non_null(text);
	return text;
}

static void a_request_is_signed_and_says_id_kind_and_time_alone(void **state)
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES], signature[crypto_sign_BYTES];
	const char *body, *given;
	char text[512];
	struct cu_fault said;
	json_t *r;

	(void)state;
	assert_int_equal(post_to(0, "/204", &said), CU_DONE);
	r = last_request();
	body = json_string_value(json_object_get(r, "body"));
	assert_string_equal(body, "{\"type\":\"alarm.drill_failed\",\"timestamp\":"
		"\"2025-11-28T21:40:00.123Z\",\"data\":{\"id\":\"" MESSAGE_ID "\"}}");
	assert_string_equal(header(r, "webhook-id"), MESSAGE_ID);
	assert_true(labs(atol(header(r, "webhook-timestamp")) - (long)time(NULL)) < 60);
	given = header(r, "webhook-signature");
	assert_memory_equal(given, "v1a,", 4);
	snprintf(text, sizeof(text), "%s.%s.%s", MESSAGE_ID, header(r, "webhook-timestamp"), body);
	assert_int_equal(sodium_base642bin(signature, sizeof(signature), given + 4, strlen(given + 4),
		NULL, NULL, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
	assert_int_equal(sodium_base642bin(public_key, sizeof(public_key), VECTOR_PUBLIC,
		strlen(VECTOR_PUBLIC), NULL, NULL, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
	assert_int_equal(crypto_sign_verify_detached(
		signature, (uint8_t *)text, strlen(text), public_key), 0);
	assert_null(json_object_get(json_object_get(r, "headers"), "accept-encoding"));
	json_decref(r);
}

static void an_old_key_signs_beside_the_new_one(void **state)
{
	struct cu_fault said;
	char url[100];
	json_t *r;

	(void)state;
	snprintf(url, sizeof(url), "https://localhost:%u/200", ports[0]);
	assert_int_equal(send_with("webhook", json_pack("{s:s,s:s,s:s,s:s,s:s}", "url", url, "key",
		in_dir(dir, "key"), "old_key", in_dir(dir, "secret"), "ca_file",
		in_dir(dir, "cert.pem"), "internal", "yes"), &alarm_message, &said), CU_DONE);
	r = last_request();
	assert_memory_equal(header(r, "webhook-signature"), "v1a,", 4);
	assert_non_null(strstr(header(r, "webhook-signature"), "== v1,"));
	json_decref(r);
}

/* --- a hostile server ---------------------------------------------------------------------- */

static void only_2xx_is_taken_and_only_410_is_the_end(void **state)
{
	static const struct {
		const char *path;
		int32_t code;
		const char *said;
	} rows[] = { { "/200", CU_DONE, "" }, { "/404", CU_LATER, "it answered 404" },
		{ "/410", CU_REFUSED, "it answered 410" }, { "/429", CU_LATER, "it answered 429" },
		{ "/500", CU_LATER, "it answered 500" }, { "/gzip", CU_DONE, "" } };
	struct cu_fault said;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(post_to(0, rows[i].path, &said), rows[i].code);
		expect_said(&said, rows[i].said);
	}
}

static void redirects_are_not_followed(void **state)
{
	struct cu_fault said;
	json_t *r;

	(void)state;
	assert_int_equal(post_to(0, "/redirect-file", &said), CU_LATER);
	expect_said(&said, "it answered 302: redirects are not followed");
	assert_int_equal(post_to(0, "/redirect-metadata", &said), CU_LATER);
	expect_said(&said, "it answered 307");
	r = last_request();
	assert_string_equal(json_string_value(json_object_get(r, "path")), "/redirect-metadata");
	json_decref(r);
}

static void what_never_ends_or_comes_in_floods_is_ended(void **state)
{
	static const char *const paths[] = { "/endless", "/slow", "/headers", "/long-header",
		"/bad-chunk", "/close" };
	struct cu_fault said;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		time_t begun = time(NULL);

		if (post_to(0, paths[i], &said) != CU_LATER) {
			fail_msg("%s is taken", paths[i]);
		}
		assert_true(said.text[0]);
		assert_true(time(NULL) - begun <= 10);
	}
}

static void old_tls_and_unknown_certificates_are_refused(void **state)
{
	struct cu_fault said;
	char url[100];

	(void)state;
	assert_int_equal(post_to(1, "/200", &said), CU_LATER);
	expect_said(&said, "SSL");
	assert_int_equal(post_to(2, "/200", &said), CU_LATER);
	expect_said(&said, "SSL peer certificate");
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/200", ports[0]); /* signed by nobody of the system's */
	assert_int_equal(send_with("webhook", json_pack("{s:s,s:s,s:s}", "url", url, "key",
		in_dir(dir, "key"), "internal", "yes"), &alarm_message, &said), CU_LATER);
}

static void a_private_address_is_not_reached_by_default_nor_by_a_name(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "[::ffff:127.0.0.1]",
		"2130706433", "0x7f.1" };
	struct cu_fault said;
	char url[100];

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(url, sizeof(url), "https://%s:%u/200", hosts[i], ports[0]);
		assert_int_equal(send_with("webhook", json_pack("{s:s,s:s,s:s}", "url", url, "key",
			in_dir(dir, "key"), "ca_file", in_dir(dir, "cert.pem")), &alarm_message, &said),
			CU_LATER);
		expect_said(&said, "an address that is not allowed");
	}
}

static void settings_that_are_not_right_are_named(void **state)
{
	static const char *const urls[] = { "http://example.org/", "file:///etc/passwd",
		"https://", "https://user:password@example.org/" };
	struct cu_fault said;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(send_with("webhook", json_pack("{s:s,s:s}", "url", urls[i], "key",
			in_dir(dir, "key")), &alarm_message, &said), CU_REFUSED);
		expect_said(&said, "url: ");
		assert_null(strstr(said.text, "password@"));
	}
	assert_int_equal(plugins_find(&all, "webhook")->flags & CU_PLUGIN_PERSONAL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_those_of_the_vectors),
		cmocka_unit_test(what_is_no_key_is_refused_with_the_reason),
		cmocka_unit_test(private_addresses_are_a_choice_and_link_local_ones_are_none),
		cmocka_unit_test(a_request_is_signed_and_says_id_kind_and_time_alone),
		cmocka_unit_test(an_old_key_signs_beside_the_new_one),
		cmocka_unit_test(only_2xx_is_taken_and_only_410_is_the_end),
		cmocka_unit_test(redirects_are_not_followed),
		cmocka_unit_test(what_never_ends_or_comes_in_floods_is_ended),
		cmocka_unit_test(old_tls_and_unknown_certificates_are_refused),
		cmocka_unit_test(a_private_address_is_not_reached_by_default_nor_by_a_name),
		cmocka_unit_test(settings_that_are_not_right_are_named),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, begin, stop_server);
}
