/*
 * ping: tells a watchman that a job of schedule.yaml began, ended well, or failed: a dead man's switch.
 *
 * A GET of the route's URL and nothing else: no body, no id, no name.  Healthchecks (healthchecks.io, or one's
 * own) is told of a begin at URL/start and of a failure at URL/fail; any other watchman hears of what ended well, and
 * notices that it did not.
 */
#include <stdio.h>
#include <string.h>

#include "transfer/transfer.h"

#define TOO_OLD_MS (3600 * 1000LL) /* it would say that all is well now */

enum { URL, STYLE, CA_FILE, INTERNAL, TIMEOUT_S, NSETTINGS };
enum style { HEALTHCHECKS, PLAIN };

static const struct cu_setting settings[NSETTINGS] = {
	[URL] = { "url", CU_SETTING_TEXT, CU_SETTING_MUST, "Where to: https://..." },
	[STYLE] = { "style", CU_SETTING_WORD, 0,
		"healthchecks: /start and /fail behind the URL; plain: only when a job ended well.",
		.standard = "healthchecks", .words = "healthchecks plain" },
	[CA_FILE] = { "ca_file", CU_SETTING_FILE, 0, "Who may have signed its certificate." },
	[INTERNAL] = { "internal", CU_SETTING_WORD, 0,
		"May it be at a private address? Link-local ones are never used.", .standard = "no",
		.words = "no yes" },
	[TIMEOUT_S] = { "timeout_s", CU_SETTING_NUMBER, 0, "How long one attempt may take.",
		.standard = "10", .min = 1, .max = 110 },
};

struct route {
	const struct cu_value *values;
};

static const struct cu_host *host;

static int32_t start(const struct cu_host *h)
{
	host = h;
	return transfer_startup();
}

/* --- a route ------------------------------------------------------------------------------- */

static void close_route(void *route)
{
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

static int32_t open_route(const struct cu_value *values, void **ret, struct cu_fault *fault)
{
	const char *why = check_url(values[URL].text);
	struct route *r;

	if (why) {
		return host->fail(fault, CU_REFUSED, "url: %s", why);
	}
	r = host->alloc(sizeof(*r));
	if (!r) {
		return host->fail(fault, CU_LATER, "out of memory");
	}
	r->values = values;
	*ret = r;
	return CU_DONE;
}

/* --- a ping -------------------------------------------------------------------------------- */

/* What stands behind the URL for this; NULL: nothing is to be said. */
static const char *ending(const struct route *r, const char *type)
{
	bool is_plain = r->values[STYLE].number == PLAIN;

	if (strcmp(type, "job.started") == 0) {
		return is_plain ? NULL : "/start";
	}
	if (strcmp(type, "job.failed") == 0) {
		return is_plain ? NULL : "/fail";
	}
	return "";
}

/* Before a question mark, if there is one. */
static bool make_url(const char *url, const char *end, char *out, size_t cap)
{
	size_t n = strcspn(url, "?"), path = n;
	int used;

	while (*end && path > 0 && url[path - 1] == '/') {
		path--;
	}
	used = snprintf(out, cap, "%.*s%s%s", (int)path, url, end, url + n);
	return used > 0 && (size_t)used < cap;
}

static int32_t judge(const struct transfer *t, struct cu_fault *fault)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300 ?
		CU_DONE :
		host->fail(fault, CU_LATER, "it answered %ld", status);
}

static int32_t get(const struct route *r, const char *url, struct cu_fault *fault)
{
	struct transfer t;
	int32_t code;

	if (transfer_begin(&t, "https", r->values[CA_FILE].text, r->values[INTERNAL].number == 1,
		    (long)r->values[TIMEOUT_S].number) != CU_DONE) {
		return host->fail(fault, CU_LATER, "libcurl cannot be used");
	}
	if (curl_easy_setopt(t.curl, CURLOPT_URL, url) != CURLE_OK ||
		curl_easy_setopt(t.curl, CURLOPT_USERAGENT, "custos") != CURLE_OK) {
		code = host->fail(fault, CU_LATER, "libcurl does not take it");
	} else {
		code = transfer_run(&t, host, fault);
		code = code == CU_DONE ? judge(&t, fault) : code;
	}
	transfer_end(&t);
	return code;
}

static int32_t send_message(void *route, const struct cu_message *m, struct cu_fault *fault)
{
	const struct route *r = route;
	const char *end = ending(r, m->type);
	char url[2048];

	if (strncmp(m->type, "job.", 4) != 0 && strcmp(m->type, "test") != 0) {
		return host->fail(fault, CU_REFUSED,
			"it says only that jobs run: this route wants 'alarms: no' and no digest");
	}
	if (!end) {
		return CU_DONE;
	}
	if (host->now_ms() - m->time_ms > TOO_OLD_MS) {
		return host->fail(fault, CU_REFUSED, "it is over an hour old");
	}
	return make_url(r->values[URL].text, end, url, sizeof(url)) ?
		get(r, url, fault) :
		host->fail(fault, CU_REFUSED, "url: is too long");
}

static const struct cu_message_calls calls = {
	sizeof(calls), open_route, send_message, close_route
};

CUSTOS_PLUGIN_EXPORT const struct cu_plugin cu_plugin = {
	CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR, sizeof(struct cu_plugin),
	.kinds = CU_PLUGIN_MESSAGE, .name = "ping", .settings = settings, .nsettings = NSETTINGS,
	.startup = start, .message = &calls,
};
