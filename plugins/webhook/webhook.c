/*
 * webhook: tells a program that something happened: an id, a kind and a time, and nothing else.
 *
 * HTTPS POST as Standard Webhooks 1.0.0 has it.  It takes no messages to persons, and sends neither
 * subject nor text of any.  The id is the receiver's to tell a message that comes twice.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sign.h"
#include "transfer/transfer.h"

enum { URL, KEY, OLD_KEY, CA_FILE, INTERNAL, TIMEOUT_S, NSETTINGS };

static const struct cu_setting settings[NSETTINGS] = {
	[URL] = { "url", CU_SETTING_TEXT, CU_SETTING_MUST, "Where to: https://..." },
	[KEY] = { "key", CU_SETTING_SECRET, CU_SETTING_MUST,
		"A file with the signing key: whsk_ (Ed25519, preferred) or whsec_ (HMAC)." },
	[OLD_KEY] = { "old_key", CU_SETTING_SECRET, 0,
		"The key before, which signs as well until the receiver knows the new one." },
	[CA_FILE] = { "ca_file", CU_SETTING_FILE, 0, "Who may have signed its certificate." },
	[INTERNAL] = { "internal", CU_SETTING_WORD, 0,
		"May it be at a private address? Link-local ones are never used.", .standard = "no",
		.words = "no yes" },
	[TIMEOUT_S] = { "timeout_s", CU_SETTING_NUMBER, 0, "How long one attempt may take.",
		.standard = "30", .min = 1, .max = 110 },
};

struct route {
	const struct cu_value *values;
	struct sign_key key, old_key;
	bool has_old_key;
};

static const struct cu_host *host;

static int32_t start(const struct cu_host *h)
{
	host = h;
	return sodium_init() < 0 ? CU_LATER : transfer_startup();
}

/* --- a route ------------------------------------------------------------------------------- */

static void close_route(void *route)
{
	sodium_memzero(route, sizeof(struct route));
	host->release(route);
}

/* No user in it: that would be a password in agent.yaml. */
static const char *check_url(const char *url)
{
	const char *rest = url + strlen("https://");

	if (strncmp(url, "https://", strlen("https://")) != 0) {
		return "does not begin with https://";
	}
	return rest[0] == '\0' || memchr(rest, '@', strcspn(rest, "/")) ? "is no address" : NULL;
}

/* What the receiver checks with: for whoever set this up, in the journal. */
static void log_public_key(const struct sign_key *key)
{
	char text[64], line[128];

	if (key->is_asymmetric) {
		sodium_bin2base64(text, sizeof(text), key->bytes + crypto_sign_SEEDBYTES,
			crypto_sign_PUBLICKEYBYTES, sodium_base64_VARIANT_ORIGINAL);
		snprintf(line, sizeof(line), "webhook: the receiver checks signatures with whpk_%s", text);
		host->log(line);
	}
}

static int32_t open_route(const struct cu_value *values, void **ret, struct cu_fault *fault)
{
	struct route *r = host->alloc(sizeof(*r));
	const char *why;

	if (!r) {
		return host->fail(fault, CU_LATER, "out of memory");
	}
	r->values = values;
	r->has_old_key = values[OLD_KEY].text != NULL;
	why = check_url(values[URL].text);
	if (why) {
		close_route(r);
		return host->fail(fault, CU_REFUSED, "url: %s", why);
	}
	why = sign_read_key(values[KEY].text, &r->key);
	if (!why && r->has_old_key) {
		why = sign_read_key(values[OLD_KEY].text, &r->old_key);
	}
	if (why) {
		close_route(r);
		return host->fail(fault, CU_REFUSED, "a key %s", why);
	}
	log_public_key(&r->key);
	*ret = r;
	return CU_DONE;
}

/* --- a message ----------------------------------------------------------------------------- */

static void format_time(int64_t ms, char out[32])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 32 - n, ".%03dZ", (int)(ms % 1000));
}

/* Ids and kinds have no character that JSON would want escaped. */
static void write_body(const struct cu_message *m, char out[256])
{
	char when[32];

	format_time(m->time_ms, when);
	snprintf(out, 256, "{\"type\":\"%.63s\",\"timestamp\":\"%s\",\"data\":{\"id\":\"%.32s\"}}",
		m->type, when, m->id);
}

static bool add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	*list = more ? more : *list;
	return more != NULL;
}

static bool write_headers(const struct route *r, const struct cu_message *m, const char *body,
	struct curl_slist **list)
{
	int64_t seconds = host->now_ms() / 1000;
	char first[SIGN_TEXT_SIZE], second[SIGN_TEXT_SIZE] = "";
	char id[64], when[64], signatures[2 * SIGN_TEXT_SIZE + 32];

	if (!sign_message(&r->key, m->id, seconds, body, first) ||
		(r->has_old_key && !sign_message(&r->old_key, m->id, seconds, body, second))) {
		return false;
	}
	snprintf(id, sizeof(id), "webhook-id: %.32s", m->id);
	snprintf(when, sizeof(when), "webhook-timestamp: %lld", (long long)seconds);
	snprintf(signatures, sizeof(signatures), "webhook-signature: %s%s%s", first,
		r->has_old_key ? " " : "", second);
	return add_header(list, "Content-Type: application/json") &&
		add_header(list, "Expect:") && add_header(list, id) && add_header(list, when) &&
		add_header(list, signatures);
}

static int32_t judge(const struct transfer *t, struct cu_fault *fault)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300) {
		return CU_DONE;
	}
	if (status >= 300 && status < 400) {
		return host->fail(fault, CU_LATER, "it answered %ld: redirects are not followed", status);
	}
	return host->fail(fault, status == 410 ? CU_REFUSED : CU_LATER, "it answered %ld", status);
}

static int32_t post(const struct route *r, struct transfer *t, const char *body,
	struct curl_slist *headers, struct cu_fault *fault)
{
	int32_t code;

	if (curl_easy_setopt(t->curl, CURLOPT_URL, r->values[URL].text) != CURLE_OK ||
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, body) != CURLE_OK ||
		curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
		curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "custos") != CURLE_OK) {
		return host->fail(fault, CU_LATER, "libcurl does not take it");
	}
	code = transfer_run(t, host, fault);
	return code == CU_DONE ? judge(t, fault) : code;
}

static int32_t send_message(void *route, const struct cu_message *m, struct cu_fault *fault)
{
	const struct route *r = route;
	struct curl_slist *headers = NULL;
	struct transfer t;
	char body[256];
	int32_t code;

	write_body(m, body);
	if (transfer_begin(&t, "https", r->values[CA_FILE].text, r->values[INTERNAL].number == 1,
		    (long)r->values[TIMEOUT_S].number) != CU_DONE) {
		return host->fail(fault, CU_LATER, "libcurl cannot be used");
	}
	code = write_headers(r, m, body, &headers) ?
		post(r, &t, body, headers, fault) :
		host->fail(fault, CU_LATER, "out of memory");
	curl_slist_free_all(headers);
	transfer_end(&t);
	return code;
}

static const struct cu_message_calls calls = {
	sizeof(calls), open_route, send_message, close_route
};

CUSTOS_PLUGIN_EXPORT const struct cu_plugin cu_plugin = {
	CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR, sizeof(struct cu_plugin),
	.kinds = CU_PLUGIN_MESSAGE, .name = "webhook", .settings = settings, .nsettings = NSETTINGS,
	.startup = start, .message = &calls,
};
