#include "policy/said.h"

#include <stddef.h>
#include <string.h>

#include "base/intl.h"

#define IN(language) offsetof(struct said, in[LANGUAGE_##language])

/* clang-format off */
static const struct row said_row[] = {
	{ "en", SET_TEXT, MUST, "In English.", IN(EN) },
	{ "zh", SET_TEXT, MUST, "In Chinese.", IN(ZH) },
};
/* clang-format on */
const struct rows said_rows = { "A text in each language", said_row,
	sizeof(said_row) / sizeof(said_row[0]), sizeof(struct said),
	offsetof(struct said, node) };

static const char *const words[NLANGUAGES] = {
#define X(id, text) text,
	LANGUAGES(X)
#undef X
};

const char *language_word(enum language language)
{
	return words[language];
}

enum language language_of_reader(void)
{
	enum language ret = LANGUAGE_EN;

	(void)language_parse(intl_code(intl_language()), &ret); /* the same codes */
	return ret;
}

bool language_parse(const char *word, enum language *ret)
{
	for (int i = 0; i < NLANGUAGES; i++) {
		if (strcmp(words[i], word) == 0) {
			*ret = (enum language)i;
			return true;
		}
	}
	return false;
}
