#include "store/rule.h"

#include <string.h>

#include "base/err.h"
#include "crypto/hash.h"

#define KEY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_.-"

static const char letters[] = {
#define X(id, letter, word) letter,
	RULE_KINDS(X)
#undef X
};

static const char *const kind_words[] = {
#define X(id, letter, word) word,
	RULE_KINDS(X)
#undef X
};

int rule_kind_of(const char *word)
{
	for (int i = 0; i < RULE_NKINDS_; i++) {
		if (strcmp(kind_words[i], word) == 0) {
			return i;
		}
	}
	return -1;
}

const char *rule_kind_word(enum rule_kind kind)
{
	return kind_words[kind];
}

/* --- a walk ----------------------------------------------------------------------- */

/* Damaged bytes end the walk: rule_parse has looked at what comes from a row. */
bool rule_next(const struct rule *r, size_t *at, struct rule_entry *ret)
{
	const char *from = r->text + *at, *end, *letter;
	size_t n;

	if (*at >= r->n || !(end = strchr(from, '\n'))) {
		return false;
	}
	letter = memchr(letters, *from, sizeof(letters));
	n = (size_t)(end - from) - 1;
	if (!letter || n == 0 || n >= sizeof(ret->key)) {
		return false;
	}
	ret->kind = (enum rule_kind)(letter - letters);
	memcpy(ret->key, from + 1, n);
	ret->key[n] = '\0';
	*at += n + 2;
	return true;
}

bool rule_has(const struct rule *r, enum rule_kind kind, const char *key)
{
	struct rule_entry e;

	for (size_t at = 0; rule_next(r, &at, &e);) {
		if (e.kind == kind && strcmp(e.key, key) == 0) {
			return true;
		}
	}
	return false;
}

bool rule_names(const struct rule *r, enum rule_kind kind)
{
	struct rule_entry e;

	for (size_t at = 0; rule_next(r, &at, &e);) {
		if (e.kind == kind) {
			return true;
		}
	}
	return false;
}

/* --- is one wider? ---------------------------------------------------------------- */

/* All keys that a has of this kind are b's, too. */
static bool is_within(const struct rule *a, enum rule_kind kind, const struct rule *b)
{
	struct rule_entry e;

	for (size_t at = 0; rule_next(a, &at, &e);) {
		if (e.kind == kind && !rule_has(b, kind, e.key)) {
			return false;
		}
	}
	return true;
}

static bool kind_widens(enum rule_kind kind, const struct rule *from, const struct rule *to)
{
	switch (kind) {
	case RULE_PURPOSE:
	case RULE_ROLE:
	case RULE_RECIPIENT:
		return rule_names(from, kind) &&
			(!rule_names(to, kind) || !is_within(to, kind, from));
	case RULE_AUTOMATED: return rule_has(from, kind, "no") && !rule_has(to, kind, "no");
	case RULE_OBJECTION:
	case RULE_SOURCE:
	case RULE_CATEGORY: return !is_within(from, kind, to);
	case RULE_KEEP: /* an end is a time, not a key */
	case RULE_NKINDS_: break;
	}
	return false;
}

bool rule_widens(const struct rule *from, const struct rule *to)
{
	for (int i = 0; i < RULE_NKINDS_; i++) {
		if (kind_widens((enum rule_kind)i, from, to)) {
			return true;
		}
	}
	return false;
}

/* --- making one ------------------------------------------------------------------- */

static bool is_key(const char *key)
{
	size_t n = strlen(key);

	return n > 0 && n < ENGINE_KEY_SIZE && strspn(key, KEY_CHARS) == n;
}

static int append(struct rule *r, enum rule_kind kind, const char *key, struct cu_err *err)
{
	size_t n = strlen(key);

	if (r->n + n + 3 > sizeof(r->text)) {
		return cu_err_set(err, CU_ELIMIT, "a record's rule is over %zu bytes",
			sizeof(r->text) - 1);
	}
	r->text[r->n] = letters[kind];
	memcpy(r->text + r->n + 1, key, n);
	r->n += n + 2;
	r->text[r->n - 1] = '\n';
	r->text[r->n] = '\0';
	return 0;
}

/* The least key greater than after ("": the least of all); NULL: none. */
static const char *least_after(const char *const *keys, size_t n, const char *after)
{
	const char *least = NULL;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i], after) > 0 && (!least || strcmp(keys[i], least) < 0)) {
			least = keys[i];
		}
	}
	return least;
}

static int append_sorted(struct rule *r, enum rule_kind kind, const char *const *keys, size_t n,
	struct cu_err *err)
{
	const char *key = "";
	int code = 0;

	while (code == 0 && (key = least_after(keys, n, key)) != NULL) {
		code = append(r, kind, key, err);
	}
	return code;
}

int rule_set(struct rule *r, enum rule_kind kind, const char *const *keys, size_t n,
	struct cu_err *err)
{
	struct rule made = { .n = 0 };
	struct rule_entry e;
	bool is_put = false;
	int code = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_key(keys[i])) {
			return cu_err_set(err, CU_EINVAL,
				"%s: expected keys: 1 to 63 of a-z, 0-9, '_', '.' and '-'",
				kind_words[kind]);
		}
	}
	for (size_t at = 0; code == 0 && rule_next(r, &at, &e);) {
		if (!is_put && e.kind >= kind) {
			is_put = true;
			code = append_sorted(&made, kind, keys, n, err);
		}
		if (code == 0 && e.kind != kind) {
			code = append(&made, e.kind, e.key, err);
		}
	}
	if (code == 0 && !is_put) {
		code = append_sorted(&made, kind, keys, n, err);
	}
	if (code == 0) {
		*r = made;
	}
	return code;
}

int rule_parse(const char *text, struct rule *ret, struct cu_err *err)
{
	struct rule r = { .n = strlen(text) };
	struct rule_entry e, before = { .key = "" };
	size_t at = 0;
	bool is_good = r.n < sizeof(r.text);

	if (is_good) {
		memcpy(r.text, text, r.n + 1);
	}
	while (is_good && rule_next(&r, &at, &e)) {
		is_good = is_key(e.key) && (*before.key == '\0' || e.kind > before.kind ||
						   (e.kind == before.kind &&
							   strcmp(e.key, before.key) > 0));
		before = e;
	}
	if (!is_good || at != r.n) {
		return cu_err_set(err, CU_ECORRUPT, "a record's rule is damaged");
	}
	*ret = r;
	return 0;
}

int64_t rule_number(const struct rule *r)
{
	uint8_t digest[HASH_SIZE];
	uint64_t v = 0;

	if (r->n == 0) {
		return 0;
	}
	hash_blake2b(span_of(r->text, r->n), digest);
	for (int i = 0; i < 8; i++) {
		v = v << 8 | digest[i];
	}
	v &= INT64_MAX;
	return v > 0 ? (int64_t)v : 1;
}
