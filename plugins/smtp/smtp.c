/*
 * smtp: sends a message as mail, over TLS, with a user and a password where the server wants one.
 *
 * Alarms go to `to`; what is addressed to a person goes to that person alone.
 */
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"
#include "transfer/transfer.h"

enum { SERVER, PORT, TLS, USER, PASSWORD, FROM, TO, CA_FILE, TIMEOUT_S, NSETTINGS };
enum { TLS_STARTTLS, TLS_IMPLICIT, TLS_NONE };

static const struct cu_setting settings[NSETTINGS] = {
	[SERVER] = { "server", CU_SETTING_TEXT, CU_SETTING_MUST, "The name of the mail server." },
	[PORT] = { "port", CU_SETTING_NUMBER, 0, "Its port.", .standard = "587", .min = 1,
		.max = 65535 },
	[TLS] = { "tls", CU_SETTING_WORD, 0,
		"starttls, or implicit (port 465); none only for a server on this host.",
		.standard = "starttls", .words = "starttls implicit none" },
	[USER] = { "user", CU_SETTING_TEXT, 0, "Who we are there." },
	[PASSWORD] = { "password", CU_SETTING_SECRET, 0, "A file with the password." },
	[FROM] = { "from", CU_SETTING_TEXT, CU_SETTING_MUST, "Our address." },
	[TO] = { "to", CU_SETTING_TEXT, 0, "Who gets alarms: addresses, separated by commas." },
	[CA_FILE] = { "ca_file", CU_SETTING_FILE, 0, "Who may have signed its certificate." },
	[TIMEOUT_S] = { "timeout_s", CU_SETTING_NUMBER, 0, "How long one attempt may take.",
		.standard = "60", .min = 1, .max = 110 },
};

struct route {
	const struct cu_value *values;
	char url[320];
};

/* A mail on its way to libcurl. */
struct reading {
	const char *p;
	size_t n;
};

static const struct cu_host *host;

static int32_t start(const struct cu_host *h)
{
	host = h;
	return sodium_init() < 0 ? CU_LATER : transfer_startup();
}

/* --- a route ------------------------------------------------------------------------------- */

static bool is_server(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < 254 &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == n;
}

static bool is_this_host(const char *name)
{
	return strcmp(name, "localhost") == 0 || strcmp(name, "127.0.0.1") == 0 ||
		strcmp(name, "[::1]") == 0;
}

static const char *check_list(const char *list)
{
	const char *one;
	size_t n, found = 0;

	while ((n = mail_next_address(&list, &one)) > 0) {
		if (!mail_is_address(one, n)) {
			return "to: is no address, or a list of them";
		}
		found++;
	}
	return found == 0 ? "to: is no address, or a list of them" : NULL;
}

static const char *check(const struct cu_value *v)
{
	if (!is_server(v[SERVER].text)) {
		return "server: is no name of a host";
	}
	if (v[TLS].number == TLS_NONE && !is_this_host(v[SERVER].text)) {
		return "tls: is none, which is only for a server on this host";
	}
	if (!mail_is_address(v[FROM].text, strlen(v[FROM].text))) {
		return "from: is no address";
	}
	if ((v[USER].text != NULL) != (v[PASSWORD].text != NULL)) {
		return "user: goes with a password, and a password with a user";
	}
	return v[TO].text ? check_list(v[TO].text) : NULL;
}

static int32_t open_route(const struct cu_value *values, void **ret, struct cu_fault *fault)
{
	const char *why = check(values);
	struct route *r = why ? NULL : host->alloc(sizeof(*r));

	if (!r) {
		return host->fail(fault, why ? CU_REFUSED : CU_LATER, "%s", why ? why : "out of memory");
	}
	r->values = values;
	/* the last part is how we greet: the host part of our address, not this machine's name */
	snprintf(r->url, sizeof(r->url), "%s://%s:%lld/%s",
		values[TLS].number == TLS_IMPLICIT ? "smtps" : "smtp", values[SERVER].text,
		(long long)values[PORT].number, strchr(values[FROM].text, '@') + 1);
	*ret = r;
	return CU_DONE;
}

static void close_route(void *route)
{
	host->release(route);
}

/* --- a message ----------------------------------------------------------------------------- */

static size_t on_read(char *to, size_t size, size_t n, void *reading)
{
	struct reading *r = reading;
	size_t take = r->n < size * n ? r->n : size * n;

	memcpy(to, r->p, take);
	r->p += take;
	r->n -= take;
	return take;
}

/* "<a@b>" for each of a list; NULL: no memory. */
static struct curl_slist *list_of(const char *addresses)
{
	struct curl_slist *list = NULL;
	const char *one;
	size_t n;

	while ((n = mail_next_address(&addresses, &one)) > 0) {
		char line[300];
		struct curl_slist *more;

		snprintf(line, sizeof(line), "<%.*s>", (int)n, one);
		more = curl_slist_append(list, line);
		if (!more) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = more;
	}
	return list;
}

static bool prepare(const struct route *r, CURL *c, struct curl_slist *to, struct reading *mail)
{
	const struct cu_value *v = r->values;
	char from[300];

	snprintf(from, sizeof(from), "<%s>", v[FROM].text);
	return curl_easy_setopt(c, CURLOPT_URL, r->url) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_USE_SSL,
			v[TLS].number == TLS_NONE ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL) ==
		CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_MAIL_FROM, from) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to) == CURLE_OK &&
		(!v[USER].text ||
			(curl_easy_setopt(c, CURLOPT_USERNAME, v[USER].text) == CURLE_OK &&
				curl_easy_setopt(c, CURLOPT_PASSWORD, v[PASSWORD].text) == CURLE_OK)) &&
		curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_READDATA, mail) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) == CURLE_OK;
}

/* No such mailbox: the same would be answered tomorrow.  A wrong password somebody mends. */
static int32_t judge(const struct transfer *t, int32_t code, struct cu_fault *fault)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CU_DONE || status < 400) {
		return code;
	}
	return host->fail(fault,
		status == 550 || status == 551 || status == 553 ? CU_REFUSED : CU_LATER,
		"the server answered %ld", status);
}

static int32_t hand_over(const struct route *r, const char *to, const struct cu_message *m,
	struct cu_fault *fault)
{
	struct curl_slist *list = list_of(to);
	struct reading mail = { .n = 0 };
	char *text = list ? mail_write(r->values[FROM].text, to, m, &mail.n) : NULL;
	size_t n = mail.n;
	struct transfer t;
	int32_t code;

	mail.p = text;
	if (!text || transfer_begin(&t, "smtp,smtps", r->values[CA_FILE].text, true,
			     (long)r->values[TIMEOUT_S].number) != CU_DONE) {
		code = host->fail(fault, CU_LATER, "out of memory");
	} else {
		code = prepare(r, t.curl, list, &mail) ?
			judge(&t, transfer_run(&t, host, fault), fault) :
			host->fail(fault, CU_LATER, "libcurl does not take it");
		transfer_end(&t);
	}
	if (text) {
		sodium_memzero(text, n);
	}
	free(text);
	curl_slist_free_all(list);
	return code;
}

static int32_t send_message(void *route, const struct cu_message *m, struct cu_fault *fault)
{
	const struct route *r = route;
	const char *to = m->flags & CU_MESSAGE_PERSONAL ? m->to : r->values[TO].text;

	if (!to) {
		return host->fail(fault, CU_REFUSED, "to: is missing: who gets alarms");
	}
	if (m->flags & CU_MESSAGE_PERSONAL && !mail_is_address(to, strlen(to))) {
		return host->fail(fault, CU_REFUSED, "it is addressed to what is no address");
	}
	return hand_over(r, to, m, fault);
}

static const struct cu_message_calls calls = {
	sizeof(calls), open_route, send_message, close_route
};

CUSTOS_PLUGIN_EXPORT const struct cu_plugin cu_plugin = {
	CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR, sizeof(struct cu_plugin),
	.kinds = CU_PLUGIN_MESSAGE, .flags = CU_PLUGIN_PERSONAL, .name = "smtp", .settings = settings,
	.nsettings = NSETTINGS, .startup = start, .message = &calls,
};
