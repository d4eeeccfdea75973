#include "wire/command.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

static const struct command table[] = {
#define X(id, words, method, arguments, access, summary, details)                      \
	[COMMAND_##id] = { COMMAND_##id, words, method, arguments, access, summary,    \
		details },
	CU_COMMANDS(X)
#undef X
};

static const struct family families[] = {
#define X(word, title) { word, title },
	CU_FAMILIES(X)
#undef X
};

#define NFAMILIES (sizeof(families) / sizeof(families[0]))

/* Room for a word that is shown again, escaped; longer ones are cut. */
#define SHOWN_SIZE 40

const struct command *command_at(enum command_id id)
{
	return id < COMMAND_COUNT_ ? &table[id] : NULL;
}

const struct command *command_by_method(const char *method)
{
	for (size_t i = 0; i < COMMAND_COUNT_; i++) {
		if (*method && strcmp(table[i].method, method) == 0) {
			return &table[i];
		}
	}
	return NULL;
}

const char *command_operation(const struct command *c, char out[COMMAND_OPERATION_SIZE])
{
	char *p = out;

	snprintf(out, COMMAND_OPERATION_SIZE, "%s", c->words);
	while ((p = strchr(p, ' '))) {
		*p = '.';
	}
	return out;
}

const struct command *command_by_operation(const char *operation)
{
	char name[COMMAND_OPERATION_SIZE];

	for (size_t i = 0; i < COMMAND_COUNT_; i++) {
		if (strcmp(command_operation(&table[i], name), operation) == 0) {
			return &table[i];
		}
	}
	return NULL;
}

const struct family *command_family(const char *word)
{
	for (size_t i = 0; i < NFAMILIES; i++) {
		if (strcmp(families[i].word, word) == 0) {
			return &families[i];
		}
	}
	return NULL;
}

const struct family *command_family_at(size_t i)
{
	return i < NFAMILIES ? &families[i] : NULL;
}

int command_is_of(const struct command *c, const char *family)
{
	size_t n = strlen(family);

	return strncmp(c->words, family, n) == 0 && c->words[n] == ' ';
}

/* --- finding ---------------------------------------------------------------------- */

/* How many of words are the words of c, or 0 if they are not all there. */
static size_t matched(const struct command *c, size_t n, const char *const words[])
{
	const char *p = c->words;
	size_t used = 0;

	while (*p) {
		size_t len = strcspn(p, " ");

		if (used == n || strlen(words[used]) != len ||
			memcmp(words[used], p, len) != 0) {
			return 0;
		}
		used++;
		p += len + (p[len] == ' ');
	}
	return used;
}

/* More edits than a third of the word make another word of it; one is always allowed. */
static unsigned edits_allowed(const char *word)
{
	size_t n = strlen(word);

	return n < 6 ? 1 : n < 9 ? 2 : 3;
}

/* The second word of a family that is closest to word, or NULL. */
static const char *closest_in_family(const char *family, const char *word)
{
	unsigned best = edits_allowed(word) + 1;
	const char *found = NULL;

	for (size_t i = 0; i < COMMAND_COUNT_; i++) {
		if (command_is_of(&table[i], family)) {
			const char *second = table[i].words + strlen(family) + 1;
			unsigned d = text_distance(word, second, best);

			if (d < best) {
				best = d;
				found = second;
			}
		}
	}
	return found;
}

/* The closest first word of all. */
static const char *closest_first(const char *word)
{
	unsigned best = edits_allowed(word) + 1;
	const char *found = NULL;

	for (size_t i = 0; i < COMMAND_COUNT_; i++) {
		char first[COMMAND_OPERATION_SIZE];
		unsigned d;

		snprintf(first, sizeof(first), "%.*s",
			(int)strcspn(table[i].words, " "), table[i].words);
		d = text_distance(word, first, best);
		if (d < best) {
			const struct family *f = command_family(first);

			best = d;
			found = f ? f->word : table[i].words;
		}
	}
	return found;
}

static void list_family(const char *family, struct buf *to)
{
	const char *comma = "";

	for (size_t i = 0; i < COMMAND_COUNT_; i++) {
		if (command_is_of(&table[i], family)) {
			buf_putf(
				to, "%s%s", comma, table[i].words + strlen(family) + 1);
			comma = ", ";
		}
	}
}

static int incomplete(const char *family, struct cu_err *err)
{
	struct buf list = BUF_INIT;
	int r;

	list_family(family, &list);
	r = cu_err_set(
		err, CU_EINVAL, _("'%s' needs one of: %s"), family, buf_cstr(&list));
	buf_done(&list);
	return r;
}

static int not_in_family(const char *family, const char *word, struct cu_err *err)
{
	const char *meant = closest_in_family(family, word);
	struct buf list = BUF_INIT;
	char shown[SHOWN_SIZE];
	int r;

	text_escape(word, shown, sizeof(shown));
	if (meant) {
		return cu_err_set(err, CU_EINVAL,
			_("no command '%s %s'; did you mean '%s %s'?"), family, shown,
			family, meant);
	}
	list_family(family, &list);
	r = cu_err_set(err, CU_EINVAL, _("no command '%s %s'; there are: %s"), family,
		shown, buf_cstr(&list));
	buf_done(&list);
	return r;
}

static int not_found(size_t n, const char *const words[], struct cu_err *err)
{
	const char *first = closest_first(words[0]), *second = NULL;
	char shown[SHOWN_SIZE];

	text_escape(words[0], shown, sizeof(shown));
	if (!first) {
		return cu_err_set(err, CU_EINVAL,
			_("no command '%s'; 'custosctl help' lists them"), shown);
	}
	if (n > 1 && command_family(first)) {
		second = closest_in_family(first, words[1]);
	}
	return cu_err_set(err, CU_EINVAL, _("no command '%s'; did you mean '%s%s%s'?"),
		shown, first, second ? " " : "", second ? second : "");
}

int command_find(size_t n, const char *const words[], const struct command **ret,
	size_t *ret_used, struct cu_err *err)
{
	const struct command *found = NULL;
	size_t most = 0;

	for (size_t i = 0; i < COMMAND_COUNT_; i++) {
		size_t used = matched(&table[i], n, words);

		if (used > most) {
			most = used;
			found = &table[i];
		}
	}
	if (found) {
		*ret = found;
		*ret_used = most;
		return 0;
	}
	if (n == 0) {
		return cu_err_set(
			err, CU_EINVAL, _("no command; 'custosctl help' lists them"));
	}
	if (command_family(words[0])) {
		return n == 1 ? incomplete(words[0], err)
			      : not_in_family(words[0], words[1], err);
	}
	return not_found(n, words, err);
}
