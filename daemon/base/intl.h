/*
 * intl.h: every text that a person sees passes through _(), and is then in their language.
 *
 * Texts are written in English; po/ has them in other languages.  The catalogue is built into the
 * program: no file is looked for, no locale need be generated on the host, and a process that sees
 * no file system speaks Chinese, too (docs/decisions).  The language belongs to the thread, and is
 * English until somebody says otherwise: custosctl by its environment, custosd for as long as it
 * works on a call of somebody who reads Chinese.
 *
 * N_() only marks a text for the catalogue, in tables that are translated when they are printed.
 * The formats of cu_err_set and its like are looked up by those, and need no mark.  What programs
 * read (names, keys, JSON's members, lines of the journal) is never translated.
 */
#ifndef CU_BASE_INTL_H
#define CU_BASE_INTL_H
#include <stdbool.h>

enum intl_language {
	INTL_EN,
	INTL_ZH,
};

#define _(text)	 intl_text(text)
#define N_(text) text
#define W_(word) word /* marks one for intl_word that no interface has in an enum */

/* The text in this thread's language, or as it is. */
const char *intl_text(const char *text) __attribute__((format_arg(1)));

/* A word of an interface's enum ("identity_pending") as people call it.  In English it is itself. */
const char *intl_word(const char *word);

/* This thread's language; ret is the one before. */
enum intl_language intl_use(enum intl_language language);
enum intl_language intl_language(void);

/* The one that LC_ALL, LC_MESSAGES, LANG and LANGUAGE ask for, as gettext reads them; English where
 * a terminal would not show UTF-8.  After setlocale, of which only LC_CTYPE is looked at. */
enum intl_language intl_of_environment(void);

/* "en", "zh"; false: no such language. */
const char *intl_code(enum intl_language language);
bool intl_parse(const char *code, enum intl_language *ret);

#endif
