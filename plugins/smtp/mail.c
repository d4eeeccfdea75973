#include "mail.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_BYTES 57 /* of text: 76 characters of base64, RFC 2045 6.8 */
#define WORD_BYTES 42 /* of a subject: with "=?UTF-8?B?" and "?=" under 75, RFC 2047 2 */

/* --- addresses ------------------------------------------------------------------------------ */

bool mail_is_address(const char *text, size_t n)
{
	const char *at = memchr(text, '@', n);

	if (!at || at == text || at == text + n - 1 || n > 254 ||
		memchr(at + 1, '@', n - (size_t)(at + 1 - text))) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (text[i] <= ' ' || text[i] >= 0x7f || strchr("<>()[]\\,;:\"", text[i])) {
			return false;
		}
	}
	return true;
}

size_t mail_next_address(const char **at, const char **ret)
{
	*at += strspn(*at, ", \t");
	*ret = *at;
	*at += strcspn(*at, ", \t");
	return (size_t)(*at - *ret);
}

/* --- writing -------------------------------------------------------------------------------- */

/* Grows; after a failure nothing more is added. */
struct text {
	char *p;
	size_t n, cap;
	bool is_failed;
};

static void put(struct text *t, const char *p, size_t n)
{
	if (t->n + n > t->cap) {
		size_t cap = 2 * (t->n + n) + 1024;
		char *more = realloc(t->p, cap);

		t->is_failed |= !more;
		t->p = more ? more : t->p;
		t->cap = more ? cap : t->cap;
	}
	if (!t->is_failed) {
		memcpy(t->p + t->n, p, n);
		t->n += n;
	}
}

static void put_str(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static void put_base64(struct text *t, const char *p, size_t n)
{
	char out[96];

	sodium_bin2base64(out, sizeof(out), (const uint8_t *)p, n, sodium_base64_VARIANT_ORIGINAL);
	put_str(t, out);
}

static bool is_plain(const char *s)
{
	for (const char *p = s; *p; p++) {
		if (*p < ' ' || *p >= 0x7f) {
			return false;
		}
	}
	return strlen(s) < 60 && !strstr(s, "=?");
}

/* Encoded words, none of which cuts a character in two. */
static void put_subject(struct text *t, const char *s)
{
	put_str(t, "Subject:");
	if (is_plain(s)) {
		put_str(t, " ");
		put_str(t, s);
	}
	for (size_t at = 0, n = is_plain(s) ? 0 : strlen(s); at < n;) {
		size_t take = n - at < WORD_BYTES ? n - at : WORD_BYTES;

		while (take > 1 && at + take < n && ((unsigned char)s[at + take] & 0xc0) == 0x80) {
			take--;
		}
		put_str(t, at > 0 ? "\r\n =?UTF-8?B?" : " =?UTF-8?B?");
		put_base64(t, s + at, take);
		put_str(t, "?=");
		at += take;
	}
	put_str(t, "\r\n");
}

static void put_header(struct text *t, const char *name, const char *value)
{
	put_str(t, name);
	put_str(t, ": ");
	put_str(t, value);
	put_str(t, "\r\n");
}

static void put_date(struct text *t, int64_t ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(ms / 1000);
	char when[64];
	struct tm tm;

	gmtime_r(&seconds, &tm); /* not strftime: its names are those of a locale */
	snprintf(when, sizeof(when), "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	put_header(t, "Date", when);
}

char *mail_write(const char *from, const char *to, const struct cu_message *m, size_t *ret_n)
{
	struct text t = { .n = 0 };
	char id[400];
	size_t n = strlen(m->text);

	put_date(&t, m->time_ms);
	put_header(&t, "From", from);
	put_header(&t, "To", to);
	snprintf(id, sizeof(id), "<%.32s%.260s>", m->id, strchr(from, '@'));
	put_header(&t, "Message-ID", id);
	put_subject(&t, m->subject);
	put_header(&t, "Auto-Submitted", "auto-generated"); /* RFC 3834: no answers, please */
	put_header(&t, "MIME-Version", "1.0");
	put_header(&t, "Content-Type", "text/plain; charset=utf-8");
	put_header(&t, "Content-Transfer-Encoding", "base64");
	put_str(&t, "\r\n");
	for (size_t at = 0; at < n; at += LINE_BYTES) {
		put_base64(&t, m->text + at, n - at < LINE_BYTES ? n - at : LINE_BYTES);
		put_str(&t, "\r\n");
	}
	if (t.is_failed) {
		free(t.p);
		return NULL;
	}
	*ret_n = t.n;
	return t.p;
}
