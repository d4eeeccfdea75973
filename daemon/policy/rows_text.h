/*
 * rows_text.h: how a value of each type is written.
 *
 * For rows.c and rows_explain.c.  Pure.
 */
#ifndef CU_POLICY_ROWS_TEXT_H
#define CU_POLICY_ROWS_TEXT_H
#include "policy/rows.h"

#define HOUR_SECONDS 3600
#define DAY_SECONDS  (24 * HOUR_SECONDS)
#define YEAR_SECONDS (365 * (int64_t)DAY_SECONDS)

/* A whole number with nothing around it; *ret_rest is what follows when it is not NULL. */
bool rows_parse_number(const char *text, int64_t *ret, const char **ret_rest);
bool rows_parse_size(const char *text, int64_t *ret);
bool rows_parse_boolean(const char *text, bool *ret);
bool rows_has_control(const char *text);

/* The n-th of some words parted by blanks, or false past the last. */
bool rows_nth_word(const char *words, size_t n, char out[ROWS_KEY_SIZE]);

#endif
