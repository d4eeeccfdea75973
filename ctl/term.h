/*
 * term.h: what standard output is: a terminal, how wide, in colour or not.
 *
 * Colour is for people at a terminal that has some: never where NO_COLOR is set (no-color.org), TERM
 * is dumb, or the output goes elsewhere.
 */
#ifndef CU_CTL_TERM_H
#define CU_CTL_TERM_H
#include <stdbool.h>

enum term_style { TERM_STRONG, TERM_FAINT, TERM_GOOD, TERM_WARN, TERM_BAD };

bool term_is_tty(void);
bool term_has_color(void);

/* Prints the sequence that begins a style, and the one that ends all; nothing without colour. */
void term_begin(enum term_style style);
void term_end(void);

#endif
