#include "privacy/redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "policy/schema.h"
#include "store/record.h"

void redact_init(struct redact *r)
{
	*r = (struct redact){ .text = BUF_INIT_WIPE };
}

void redact_done(struct redact *r)
{
	free(r->words);
	buf_done(&r->text);
	redact_init(r);
}

void redact_clear(struct redact *r)
{
	r->nwords = 0;
	buf_clear(&r->text);
}

/* --- letters ---------------------------------------------------------------------- */

static size_t width(struct span s, size_t at)
{
	size_t n = text_utf8_len((const char *)s.p + at, s.n - at);

	return n > 0 ? n : 1;
}

/* U+2E80 to U+D7FF and the supplementary ideographs: words stand without blanks. */
static bool is_east_asian(struct span s, size_t at)
{
	const uint8_t *p = s.p + at;
	size_t n = width(s, at);

	return (n == 3 && ((p[0] == 0xe2 && p[1] >= 0xba) || (p[0] >= 0xe3 && p[0] <= 0xed))) ||
	       (n == 4 && p[0] == 0xf0 && p[1] >= 0xa0);
}

/* Marks, blanks and symbols beyond ASCII: U+00A0 to U+00BF without its three letters, U+2000 to
 * U+2BFF, U+2E00 to U+2E7F, U+FE00 to U+FE7F, the full and half widths from U+FF00 on, and emoji. */
static bool is_mark(struct span s, size_t at)
{
	const uint8_t *p = s.p + at;

	switch (width(s, at)) {
	case 2: return p[0] == 0xc2 && p[1] != 0xaa && p[1] != 0xb5 && p[1] != 0xba;
	case 3:
		return (p[0] == 0xe2 && (p[1] < 0xb0 || p[1] == 0xb8 || p[1] == 0xb9)) ||
			(p[0] == 0xef && (p[1] == 0xb8 || p[1] == 0xb9 || p[1] >= 0xbc));
	case 4: return p[0] == 0xf0 && p[1] == 0x9f;
	default: return false;
	}
}

/* Of a word that is written with blanks or marks beside it. */
static bool is_letter(struct span s, size_t at)
{
	if (s.p[at] < 0x80) {
		return isalnum(s.p[at]) != 0;
	}
	return width(s, at) > 1 && !is_east_asian(s, at) && !is_mark(s, at);
}

static size_t start_of_last(struct span s)
{
	size_t at = s.n - 1;

	while (at > 0 && (s.p[at] & 0xc0) == 0x80) {
		at--;
	}
	return at;
}

static size_t count_letters(struct span s)
{
	size_t n = 0;

	for (size_t at = 0; at < s.n; at += width(s, at)) {
		n++;
	}
	return n;
}

/* --- words ------------------------------------------------------------------------ */

static struct span word_at(const struct redact *r, size_t i)
{
	return span_of(r->text.p + r->words[i].at, r->words[i].n);
}

static bool is_same(struct span a, const uint8_t *b)
{
	for (size_t i = 0; i < a.n; i++) {
		if (a.p[i] != b[i] && tolower(a.p[i]) != tolower(b[i])) {
			return false;
		}
	}
	return true;
}

bool redact_has(const struct redact *r, struct span word)
{
	for (size_t i = 0; i < r->nwords; i++) {
		if (r->words[i].n == word.n && is_same(word_at(r, i), word.p)) {
			return true;
		}
	}
	return false;
}

int redact_add(struct redact *r, struct span word, struct cu_err *err)
{
	if (count_letters(word) < 2 || redact_has(r, word)) {
		return 0;
	}
	if (r->nwords == REDACT_MAX_WORDS) {
		return cu_err_set(err, CU_ELIMIT, "a record names too many others");
	}
	if (r->nwords == r->room) {
		size_t room = r->room > 0 ? r->room * 2 : 16;
		struct redact_word *more = realloc(r->words, room * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		r->words = more;
		r->room = room;
	}
	r->words[r->nwords++] = (struct redact_word){ r->text.n, word.n };
	buf_put_span(&r->text, word);
	return buf_check(&r->text, err);
}

static int compare_words(const void *a, const void *b)
{
	const struct redact_word *x = a, *y = b;

	return x->n != y->n ? (x->n > y->n ? -1 : 1) : (x->at > y->at) - (x->at < y->at);
}

void redact_order(struct redact *r)
{
	if (r->nwords > 1) {
		qsort(r->words, r->nwords, sizeof(*r->words), compare_words);
	}
}

/* --- what names somebody ---------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	size_t n = strlen(with);

	return strncmp(text, with, n) == 0 && (text[n] == '\0' || text[n] == '.');
}

static bool names_somebody(const struct field *f)
{
	static const char *const categories[] = { "user.name", "user.contact.email",
		"user.contact.phone_number", "user.contact.fax_number",
		"user.contact.address.street", "user.contact.address.mailing_address" };

	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++) {
		if (begins(f->category, categories[i])) {
			return true;
		}
	}
	/* the number itself is looked up by; of which kind it is names nobody */
	return begins(f->category, "user.unique_id") && f->index != INDEX_NONE;
}

bool redact_describes(const struct collection *c, const struct field *f)
{
	static const char *const categories[] = { "user.name", "user.contact", "user.unique_id",
		"user.demographic", "user.professional_information", "user.account",
		"user.settings", "user.payment", "user.device" };
	const char *category = f->category ? f->category : c->category;

	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++) {
		if (begins(category, categories[i])) {
			return strcmp(category, "user.demographic.profile") != 0;
		}
	}
	return false;
}

static struct span value_of(const struct collection *c, const struct record *rec, const char *category)
{
	for (size_t i = 0; i < c->nfields; i++) {
		struct span value = record_get(rec, c->fields[i].key);

		if (value.n > 0 && strcmp(c->fields[i].category, category) == 0) {
			return value;
		}
	}
	return (struct span){ 0 };
}

/* "王小明", "Ada Byron", "Byron, Ada". */
static int learn_together(struct redact *r, const struct collection *c,
	const struct record *rec, struct cu_err *err)
{
	struct span first = value_of(c, rec, "user.name.first");
	struct span last = value_of(c, rec, "user.name.last");
	static const char *const between[] = { "", " ", ", ", " " };
	struct buf name = BUF_INIT_WIPE;
	int ret = 0;

	for (size_t i = 0; ret == 0 && first.n > 0 && last.n > 0 && i < 4; i++) {
		buf_clear(&name);
		buf_put_span(&name, i == 3 ? first : last);
		buf_put_str(&name, between[i]);
		buf_put_span(&name, i == 3 ? last : first);
		ret = buf_check(&name, err);
		ret = ret < 0 ? ret : redact_add(r, buf_span(&name), err);
	}
	buf_done(&name);
	return ret;
}

int redact_learn(struct redact *r, const struct schema *schema, const struct record *rec,
	struct cu_err *err)
{
	const struct collection *c = schema_find_collection(schema, rec->collection);
	int ret = 0;

	for (size_t i = 0; ret == 0 && c && i < c->nfields; i++) {
		struct span value = record_get(rec, c->fields[i].key);

		if (value.n > 0 && names_somebody(&c->fields[i])) {
			ret = redact_add(r, value, err);
		}
	}
	return ret < 0 || !c ? ret : learn_together(r, c, rec, err);
}

/* --- replacing -------------------------------------------------------------------- */

static bool stands_alone(struct span text, size_t at, struct span word)
{
	size_t end = at + word.n;

	if (is_letter(word, 0) && at > 0 &&
		is_letter(text, start_of_last(span_of(text.p, at)))) {
		return false;
	}
	return !is_letter(word, start_of_last(word)) || end == text.n || !is_letter(text, end);
}

/* The length of the word that begins here; 0: none. */
static size_t match(const struct redact *r, const struct redact *but, struct span text, size_t at)
{
	for (size_t i = 0; i < r->nwords; i++) {
		struct span word = word_at(r, i);

		if (word.n <= text.n - at && is_same(word, text.p + at) &&
			stands_alone(text, at, word) && !(but && redact_has(but, word))) {
			return word.n;
		}
	}
	return 0;
}

bool redact_put(const struct redact *r, const struct redact *but, struct span text,
	const char *instead, struct buf *to)
{
	size_t after = 0; /* of to: where the last replacement ended */
	bool is_any = false;

	for (size_t at = 0, n; at < text.n; at += n) {
		n = match(r, but, text, at);
		if (n == 0) {
			n = width(text, at);
			buf_put(to, text.p + at, n);
			continue;
		}
		if (is_any && strspn(buf_cstr(to) + after, " ") == to->n - after) {
			to->n = after; /* of the same person, most likely */
		} else {
			buf_put_str(to, instead);
		}
		after = to->n;
		is_any = true;
	}
	return is_any;
}
