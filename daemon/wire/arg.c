#include "wire/arg.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/id.h"

struct type_row {
	const char *word;
	const char *expected;
};

static const struct type_row types[] = {
#define X(id, word, expected) [ARG_##id] = { word, expected },
	ARG_TYPES(X)
#undef X
};

#define NTYPES (sizeof(types) / sizeof(types[0]))

/* A key of the policies with its NUL, as leaves of the log hold it. */
#define KEY_SIZE 64

const char *arg_expected(enum arg_type type)
{
	const char *text = types[type].expected;

	return *text ? _(text) : ""; /* gettext("") is the catalogue's header */
}

const char *arg_type_word(enum arg_type type)
{
	return types[type].word;
}

bool arg_is_input(enum arg_type type)
{
	return type == ARG_PERSONAL || type == ARG_PASSPHRASE || type == ARG_NEWPASSPHRASE ||
		type == ARG_LETTER || type == ARG_RECORDS || type == ARG_FIELDS ||
		type == ARG_SUBJECTS;
}

const struct arg *arg_find(const struct arg_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n; i++) {
		if (strcmp(spec->args[i].name, name) == 0) {
			return &spec->args[i];
		}
	}
	return NULL;
}

/* --- specifications --------------------------------------------------------------- */

/* A copy of the n bytes at s if they are a name: [a-z][a-z0-9-]*. */
static bool take_name(const char *s, size_t n, char to[ARGS_NAME_SIZE])
{
	if (n == 0 || n >= ARGS_NAME_SIZE || s[0] < 'a' || s[0] > 'z') {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') &&
			s[i] != '-') {
			return false;
		}
	}
	memcpy(to, s, n);
	to[n] = '\0';
	return true;
}

static bool take_words(const char *s, size_t n, struct arg *a)
{
	while (n > 0 || a->nwords == 0) {
		const char *bar = memchr(s, '|', n);
		size_t len = bar ? (size_t)(bar - s) : n;

		if (a->nwords == ARGS_WORDS_MAX ||
			!take_name(s, len, a->words[a->nwords++])) {
			return false;
		}
		s += len + (bar != NULL);
		n -= len + (bar != NULL);
		if (bar && n == 0) {
			return false;
		}
	}
	return true;
}

static bool take_type(const char *s, size_t n, struct arg *a)
{
	if (n > 7 && memcmp(s, "words(", 6) == 0 && s[n - 1] == ')') {
		a->type = ARG_WORDS;
		return take_words(s + 6, n - 7, a);
	}
	for (size_t i = 0; i < NTYPES; i++) {
		if (strlen(types[i].word) == n && memcmp(types[i].word, s, n) == 0) {
			a->type = (enum arg_type)i;
			if (a->type == ARG_SEARCHKEY) {
				return take_words("email|phone|external-id", 23, a);
			}
			return a->type != ARG_WORDS && a->type != ARG_FLAG;
		}
	}
	return false;
}

/* "name=hint:type", "name" (a flag) or, of a positional, "name:type". */
static bool take_body(const char *s, size_t n, struct arg *a)
{
	const char *colon = memchr(s, ':', n), *equals = memchr(s, '=', n);
	const char *end = equals ? equals : colon ? colon : s + n;

	if (!take_name(s, (size_t)(end - s), a->name)) {
		return false;
	}
	if (!colon) {
		a->type = ARG_FLAG;
		return !equals && a->is_option && !a->is_required && !a->is_repeated;
	}
	if (a->is_option != (equals != NULL) || (equals && equals > colon)) {
		return false;
	}
	if (equals && !take_name(equals + 1, (size_t)(colon - equals - 1), a->hint)) {
		return false;
	}
	return take_type(colon + 1, (size_t)(s + n - colon - 1), a);
}

static bool take_arg(const char *s, size_t n, struct arg *a)
{
	*a = (struct arg){ .is_required = true };
	if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
		a->is_required = false;
		s++;
		n -= 2;
	}
	if (n > 3 && memcmp(s + n - 3, "...", 3) == 0) {
		a->is_repeated = true;
		n -= 3;
	}
	if (n > 2 && memcmp(s, "--", 2) == 0) {
		a->is_option = true;
		s += 2;
		n -= 2;
	}
	if (!take_body(s, n, a)) {
		return false;
	}
	snprintf(a->parameter, sizeof(a->parameter), "%s", a->name);
	for (char *p = a->parameter; *p; p++) {
		*p = *p == '-' ? '_' : *p;
	}
	if (a->is_repeated && strlen(a->parameter) + 1 < sizeof(a->parameter)) {
		strcat(a->parameter, "s");
	}
	return true;
}

/* Some words argument before it can say that it is wanted. */
static bool can_be_chosen(const struct arg_spec *spec, const struct arg *input)
{
	for (size_t i = 0; i < spec->n; i++) {
		const struct arg *a = &spec->args[i];

		for (size_t w = 0; a->type == ARG_WORDS && w < a->nwords; w++) {
			if (strcmp(a->words[w], input->name) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* What makes a specification ambiguous; NULL if it is not. */
static const char *conflict(const struct arg_spec *spec, const struct arg *a)
{
	for (size_t i = 0; i < spec->n; i++) {
		const struct arg *b = &spec->args[i];

		if (strcmp(a->name, b->name) == 0) {
			return "is there twice";
		}
		if (arg_is_input(a->type) && arg_is_input(b->type)) {
			return "is a second one from standard input";
		}
		if (!a->is_option && !b->is_option && !arg_is_input(b->type) &&
			(b->is_repeated || (a->is_required && !b->is_required))) {
			return "stands behind one that may be left out or repeated";
		}
	}
	if (arg_is_input(a->type) && (a->is_option || a->is_repeated ||
		(!a->is_required && !can_be_chosen(spec, a)))) {
		return "must be required or one of the words before, once, and no option";
	}
	return NULL;
}

int arg_spec_parse(const char *specification, struct arg_spec *ret, struct cu_err *err)
{
	struct arg_spec spec = { .n = 0 };
	const char *s = specification;

	for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");
		struct arg a;
		const char *why;

		if (spec.n == ARGS_MAX) {
			return cu_err_set(
				err, CU_EINVAL, "more than %d arguments", ARGS_MAX);
		}
		if (!take_arg(s, n, &a)) {
			return cu_err_set(
				err, CU_EINVAL, "'%.*s' is no argument", (int)n, s);
		}
		if ((why = conflict(&spec, &a))) {
			return cu_err_set(err, CU_EINVAL, "'%.*s' %s", (int)n, s, why);
		}
		spec.args[spec.n++] = a;
		s += n;
	}
	*ret = spec;
	return 0;
}

/* --- values ----------------------------------------------------------------------- */

static bool is_key(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

	return n > 0 && n < KEY_SIZE && s[n] == '\0';
}

static bool is_count(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= 18 && s[n] == '\0'; /* 18 digits fit into an int64_t */
}

static bool is_date(const char *s)
{
	int32_t day;

	return strlen(s) == 10 && s[4] == '-' && civil_parse_day(s, &day);
}

static bool is_one_of(const struct arg *arg, const char *s)
{
	for (size_t i = 0; i < arg->nwords; i++) {
		if (strcmp(arg->words[i], s) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_right(const struct arg *arg, const char *s)
{
	struct id id;

	switch (arg->type) {
	case ARG_SUBJECT:
	case ARG_RECORD:
	case ARG_ERASURE:
	case ARG_APPROVAL:
	case ARG_REQUEST: return id_parse(s, &id) && !id_is_nil(&id);
	case ARG_PURPOSE:
	case ARG_COLLECTION:
	case ARG_TARGET:
	case ARG_KEY: return is_key(s);
	case ARG_TEXT:
	case ARG_PATH:
	case ARG_INFILE:
	case ARG_TEXTFILE:
	case ARG_OUTFILE:
	case ARG_OWNFILE: return *s != '\0';
	case ARG_COUNT: return is_count(s);
	case ARG_DATE: return is_date(s);
	case ARG_SEARCHKEY:
	case ARG_WORDS: return is_one_of(arg, s);
	case ARG_FLAG:
	case ARG_PERSONAL:
	case ARG_PASSPHRASE:
	case ARG_NEWPASSPHRASE:
	case ARG_LETTER:
	case ARG_RECORDS:
	case ARG_FIELDS:
	case ARG_SUBJECTS: return false;
	}
	return false;
}

const char *arg_label(const struct arg *arg, char out[ARG_LABEL_SIZE])
{
	snprintf(out, ARG_LABEL_SIZE, "%s%s", arg->is_option ? "--" : "", arg->name);
	for (char *p = out; !arg->is_option && *p; p++) {
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
	}
	return out;
}

void arg_describe(const struct arg *arg, struct buf *to)
{
	if (arg->nwords == 0) {
		buf_put_str(to, arg_expected(arg->type));
		return;
	}
	buf_put_str(to, _("one of: "));
	for (size_t i = 0; i < arg->nwords; i++) {
		buf_putf(to, "%s%s", i > 0 ? ", " : "", arg->words[i]);
	}
}

int arg_check(const struct arg *arg, const char *value, struct cu_err *err)
{
	struct buf expected = BUF_INIT;
	char label[ARG_LABEL_SIZE];

	if (is_right(arg, value)) {
		return 0;
	}
	arg_describe(arg, &expected);
	cu_err_set(err, CU_EINVAL, _("%s: expected %s"), arg_label(arg, label),
		buf_cstr(&expected));
	buf_done(&expected);
	return CU_EINVAL;
}
