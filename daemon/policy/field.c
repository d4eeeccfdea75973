#include "policy/field.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/span.h"
#include "base/text.h"

/* The longest that a date or number may be written: RFC 3339 has 35, a decimal of 38 digits
 * (SQL's widest) 40. */
#define SHORT_BYTES 40

/* RFC 5321, 4.5.3.1: local part, domain; RFC 3696, errata 1690: both with the @. */
#define EMAIL_LOCAL_BYTES  64
#define EMAIL_DOMAIN_BYTES 255
#define EMAIL_BYTES        254
#define LABEL_BYTES        63 /* RFC 1035, 2.3.4 */

#define PHONE_MIN_DIGITS 3  /* short codes */
#define PHONE_MAX_DIGITS 32 /* E.164 has 15; extensions and two ways to dial add to it */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trimmed(const char *text, size_t len)
{
	struct span s = span_of(text, len);

	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1])) {
		s.n--;
	}
	return s;
}

/* A text for functions that want a NUL; false when it is too long for what it should be. */
static bool short_text(struct span s, char out[SHORT_BYTES + 1])
{
	if (s.n > SHORT_BYTES) {
		return false;
	}
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

/* ---- each type: NULL, or why not ---- */

static const char *check_text(const struct field *f, struct span s)
{
	(void)f;
	(void)s;
	return NULL; /* all there is to say was said for every type */
}

static bool is_atext(uint8_t c)
{
	return c >= 0x80 || isalnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* RFC 5321's dot-string, with the letters of RFC 6531. */
static bool is_local_part(struct span s)
{
	bool was_dot = true;

	for (size_t i = 0; i < s.n; i++) {
		bool is_dot = s.p[i] == '.';

		if ((is_dot && was_dot) || (!is_dot && !is_atext(s.p[i]))) {
			return false;
		}
		was_dot = is_dot;
	}
	return !was_dot && s.n <= EMAIL_LOCAL_BYTES;
}

static bool is_label(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x80 && !isalnum(s.p[i]) && s.p[i] != '-') {
			return false;
		}
	}
	return s.n > 0 && s.n <= LABEL_BYTES && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

/* At least two labels: a bare host name is a slip in a customer's address. */
static bool is_domain(struct span s)
{
	size_t start = 0, nlabels = 0;

	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '.') {
			continue;
		}
		if (!is_label(span_of(s.p + start, i - start))) {
			return false;
		}
		start = i + 1;
		nlabels++;
	}
	return nlabels >= 2 && s.n <= EMAIL_DOMAIN_BYTES;
}

static const char *check_email(const struct field *f, struct span s)
{
	const uint8_t *at = memrchr(s.p, '@', s.n);
	size_t nlocal = at ? (size_t)(at - s.p) : 0;

	(void)f;
	if (!at) {
		return N_("is not an e-mail address: it has no @");
	}
	if (s.n > EMAIL_BYTES) {
		return N_("is longer than an e-mail address may be");
	}
	if (!is_local_part(span_of(s.p, nlocal))) {
		return N_("is not an e-mail address: what stands before the @");
	}
	if (!is_domain(span_of(at + 1, s.n - nlocal - 1))) {
		return N_("is not an e-mail address: what stands after the @");
	}
	return NULL;
}

static const char *check_phone(const struct field *f, struct span s)
{
	size_t ndigits = 0;

	(void)f;
	for (size_t i = 0; i < s.n; i++) {
		if (isdigit(s.p[i])) {
			ndigits++;
		} else if (!s.p[i] || !strchr("+()-./ ", s.p[i])) {
			return N_("is not a telephone number: only digits, + ( ) - . / and blanks");
		}
	}
	if (ndigits < PHONE_MIN_DIGITS || ndigits > PHONE_MAX_DIGITS) {
		return N_("is not a telephone number: too few or too many digits");
	}
	return NULL;
}

static const char *check_date(const struct field *f, struct span s)
{
	char text[SHORT_BYTES + 1];
	int32_t day;

	(void)f;
	/* what may follow a day is a time; letters there are only those of RFC 3339 */
	if (!short_text(s, text) || !civil_parse_day(text, &day) ||
		strspn(text, "0123456789-T :.+Z") != s.n) {
		return N_("is not a date such as 2026-11-21");
	}
	return NULL;
}

static const char *check_decimal(const struct field *f, struct span s)
{
	char text[SHORT_BYTES + 1];
	const char *p = text;
	size_t nbefore, nafter;

	(void)f;
	if (!short_text(s, text)) {
		return N_("is not a decimal number: too long");
	}
	p += *p == '-' || *p == '+';
	nbefore = strspn(p, "0123456789");
	p += nbefore;
	nafter = *p == '.' ? strspn(p + 1, "0123456789") : 1;
	p += *p == '.' ? 1 + nafter : 0;
	if (nbefore == 0 || nafter == 0 || p != text + s.n) {
		return N_("is not a decimal number such as -12.50");
	}
	return NULL;
}

static const char *check_integer(const struct field *f, struct span s)
{
	char text[SHORT_BYTES + 1];
	const char *p = text;

	(void)f;
	if (!short_text(s, text)) {
		return N_("is not a whole number: too long");
	}
	p += *p == '-' || *p == '+';
	if (*p == '\0' || p + strspn(p, "0123456789") != text + s.n) {
		return N_("is not a whole number");
	}
	errno = 0;
	(void)strtoll(text, NULL, 10); /* for its range only */
	return errno == ERANGE ? N_("is not a whole number of 64 bits") : NULL;
}

static const char *check_boolean(const struct field *f, struct span s)
{
	static const char *const words[] = { "yes", "no", "true", "false", "1", "0" };

	(void)f;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (s.n == strlen(words[i]) &&
			strncasecmp((const char *)s.p, words[i], s.n) == 0) {
			return NULL;
		}
	}
	return N_("is not yes, no, true, false, 1 or 0");
}

static const char *check_word(const struct field *f, struct span s)
{
	char word[ROWS_KEY_SIZE];

	if (s.n < sizeof(word)) {
		memcpy(word, s.p, s.n);
		word[s.n] = '\0';
		if (f->words.n == 0 && rows_is_name(word) && strlen(word) == s.n) {
			return NULL;
		}
		for (size_t i = 0; i < f->words.n; i++) {
			if (span_eq(s, span_str(f->words.v[i]))) {
				return NULL;
			}
		}
	}
	return f->words.n > 0 ? N_("is not one of the words of this field") :
				N_("is not a name: 1 to 63 of a-z, 0-9, '_', '.' and '-'");
}

/* ---- what holds for every type ---- */

static bool is_long_text(const struct field *f)
{
	return f->type == FIELD_TEXT && f->max_bytes >= FIELD_LONG_BYTES;
}

/* A control character: C0, DEL, and C1, which UTF-8 writes as C2 80 to C2 9F. */
static bool has_control(const struct field *f, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool is_c1 = s.p[i] == 0xc2 && i + 1 < s.n && s.p[i + 1] < 0xa0;
		bool is_line = s.p[i] == '\n' || s.p[i] == '\t' ||
			(s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n');

		if (is_c1 || s.p[i] == 0x7f ||
			(s.p[i] < 0x20 && !(is_line && is_long_text(f)))) {
			return true;
		}
	}
	return false;
}

typedef const char *check_fn(const struct field *f, struct span s);

static const char *reason_against(const struct field *f, struct span whole, struct span s)
{
	static check_fn *const checks[] = {
		[FIELD_TEXT] = check_text,
		[FIELD_EMAIL] = check_email,
		[FIELD_PHONE] = check_phone,
		[FIELD_DATE] = check_date,
		[FIELD_DECIMAL] = check_decimal,
		[FIELD_INTEGER] = check_integer,
		[FIELD_BOOLEAN] = check_boolean,
		[FIELD_WORD] = check_word,
	};

	if (s.n == 0) {
		return f->is_required ? N_("is required") : NULL;
	}
	if (whole.n > (size_t)f->max_bytes) {
		return N_("is longer than this field allows");
	}
	if (!text_is_utf8((const char *)whole.p, whole.n)) {
		return N_("is not UTF-8");
	}
	if (has_control(f, f->type == FIELD_TEXT ? whole : s)) {
		return N_("holds a control character");
	}
	return checks[f->type](f, s);
}

int field_check_value(const struct field *f, const char *text, size_t len,
	struct cu_err *err)
{
	const char *reason = reason_against(f, span_of(text, len), trimmed(text, len));

	return reason ? cu_err_set(err, CU_EINVAL, "%s: %s", f->key, _(reason)) : 0;
}

static void put_lower(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		buf_put_u8(out, (uint8_t)(s.p[i] < 0x80 ? tolower(s.p[i]) : s.p[i]));
	}
}

static void put_digits(struct span s, struct buf *out)
{
	if (s.n > 0 && s.p[0] == '+') {
		buf_put_u8(out, '+');
	}
	for (size_t i = 0; i < s.n; i++) {
		if (isdigit(s.p[i])) {
			buf_put_u8(out, s.p[i]);
		}
	}
}

int field_normalise(const struct field *f, const char *text, size_t len, struct buf *out,
	struct cu_err *err)
{
	struct span s = trimmed(text, len);
	size_t before = out->n;

	switch ((enum field_index)f->index) {
	case INDEX_NONE: return cu_err_set(err, CU_EINVAL, "%s: is not indexed", f->key);
	case INDEX_EXACT: buf_put_span(out, s); break;
	case INDEX_EMAIL: put_lower(s, out); break;
	case INDEX_PHONE: put_digits(s, out); break;
	}
	if (buf_check(out, err) < 0) {
		return CU_ENOMEM;
	}
	if (out->n == before || (f->index == INDEX_PHONE && out->p[out->n - 1] == '+')) {
		out->n = before;
		return cu_err_set(err, CU_EINVAL, "%s: nothing to look up", f->key);
	}
	return 0;
}
