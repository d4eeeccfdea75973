/*
 * said.h: a text that a person reads, in each language that custos writes letters in.
 */
#ifndef CU_POLICY_SAID_H
#define CU_POLICY_SAID_H
#include "policy/rows.h"

/* X(id, word): as it is written in options and policies */
#define LANGUAGES(X) \
	X(EN, "en")  \
	X(ZH, "zh")

enum language {
#define X(id, word) LANGUAGE_##id,
	LANGUAGES(X)
#undef X
	NLANGUAGES
};

struct said {
	const char *in[NLANGUAGES]; /* all there, or all NULL */
	const struct yaml_node *node;
};

extern const struct rows said_rows;

const char *language_word(enum language language);
/* That of the caller for whom this thread works (base/intl.h). */
enum language language_of_reader(void);
/* false when there is no such language. */
bool language_parse(const char *word, enum language *ret);

#endif
