#include "base/intl.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/catalogue_data.h"

/* --- the catalogue ---------------------------------------------------------------- */

/* A .mo file (GNU gettext's manual, "The Format of GNU MO Files"): the texts are sorted. */
enum {
	MO_COUNT = 8,
	MO_ORIGINALS = 12,
	MO_TRANSLATIONS = 16,
};

#define CONTEXT_END "\004" /* between a context and its text */

static uint32_t number_at(const uint8_t *mo, size_t at)
{
	return (uint32_t)mo[at] | (uint32_t)mo[at + 1] << 8 | (uint32_t)mo[at + 2] << 16 |
		(uint32_t)mo[at + 3] << 24;
}

/* The i-th text of a table of (length, offset); ended by a NUL. */
static const char *entry(const uint8_t *mo, size_t table, size_t i)
{
	return (const char *)mo + number_at(mo, number_at(mo, table) + 8 * i + 4);
}

static const char *find(const uint8_t *mo, const char *text)
{
	size_t low = 0, high = number_at(mo, MO_COUNT);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(text, entry(mo, MO_ORIGINALS, middle));

		if (order == 0) {
			return entry(mo, MO_TRANSLATIONS, middle);
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

/* --- the language ----------------------------------------------------------------- */

static const struct {
	const char *code;
	const char *file; /* of the catalogue; NULL: the texts as they are */
} languages[] = {
	[INTL_EN] = { "en", NULL },
	[INTL_ZH] = { "zh", "zh_CN.mo" },
};

#define NLANGUAGES_ (sizeof(languages) / sizeof(languages[0]))

static _Thread_local enum intl_language current;

enum intl_language intl_use(enum intl_language language)
{
	enum intl_language before = current;

	current = language;
	return before;
}

enum intl_language intl_language(void)
{
	return current;
}

const char *intl_code(enum intl_language language)
{
	return languages[language].code;
}

bool intl_parse(const char *code, enum intl_language *ret)
{
	for (size_t i = 0; i < NLANGUAGES_; i++) {
		if (strcmp(languages[i].code, code) == 0) {
			*ret = (enum intl_language)i;
			return true;
		}
	}
	return false;
}

static const char *lookup(const char *text)
{
	const char *file = languages[current].file;

	for (size_t i = 0; file && i < catalogue_ntexts; i++) {
		if (strcmp(catalogue_texts[i].file, file) == 0) {
			return find(catalogue_texts[i].p, text);
		}
	}
	return NULL;
}

const char *intl_text(const char *text)
{
	const char *found = *text ? lookup(text) : NULL; /* "" is the catalogue's head */

	return found ? found : text;
}

const char *intl_word(const char *word)
{
	char key[80];
	const char *found;

	snprintf(key, sizeof(key), "word" CONTEXT_END "%s", word);
	found = lookup(key);
	return found ? found : word;
}

/* --- what the environment asks for ------------------------------------------------ */

/* "zh_CN.UTF-8", "zh", "zh_CN@pinyin"; Taiwan and Hong Kong write otherwise, and read English. */
static bool is_of(const char *locale, size_t n, enum intl_language *ret)
{
	size_t language = strcspn(locale, "_.@:"), place = strcspn(locale, ".@:");

	n = place < n ? place : n;
	if (language == 2 && strncmp(locale, "en", 2) == 0) {
		*ret = INTL_EN;
		return true;
	}
	if (strncmp(locale, "zh", 2) == 0 &&
		(n == 2 || (n == 5 && (strncmp(locale, "zh_CN", 5) == 0 || strncmp(locale, "zh_SG", 5) == 0)))) {
		*ret = INTL_ZH;
		return true;
	}
	return false;
}

static const char *first_set(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value) {
			return value;
		}
	}
	return "C";
}

/* A locale that was not generated on this host leaves "C", which says nothing of the terminal: what
 * it is called does. */
static bool shows_utf8(const char *locale)
{
	const char *charset = strchr(locale, '.');

	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0) {
		return true;
	}
	if (strcmp(setlocale(LC_CTYPE, NULL), "C") != 0) {
		return false;
	}
	return !charset || strncasecmp(charset, ".utf-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0;
}

enum intl_language intl_of_environment(void)
{
	const char *locale = first_set(), *list = getenv("LANGUAGE");
	enum intl_language language = INTL_EN;

	if (strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0 || !shows_utf8(locale)) {
		return INTL_EN;
	}
	for (; list && *list; list += strcspn(list, ":"), list += *list == ':') {
		if (is_of(list, strcspn(list, ":"), &language)) {
			return language;
		}
	}
	(void)is_of(locale, strlen(locale), &language);
	return language;
}
