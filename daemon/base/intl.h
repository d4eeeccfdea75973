/*
 * intl.h: every text that a person sees passes through _().
 *
 * N_() only marks a text for the catalogue, in tables that are translated when they are
 * printed.  What programs read (names, keys, wire errors, logs) is never translated.
 */
#ifndef CU_BASE_INTL_H
#define CU_BASE_INTL_H
#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) text

#endif
