/*
 * term.h: what standard output is: a terminal, how wide, in colour or not; and the pager before it.
 *
 * Colour is for people at a terminal that has some: not where NO_COLOR is set (no-color.org), TERM is
 * dumb, or the output goes elsewhere; --color says otherwise.  What standard output was at the start
 * counts, also once a pager stands in between.
 */
#ifndef CU_CTL_TERM_H
#define CU_CTL_TERM_H
#include <stdbool.h>

struct args;

enum term_style { TERM_STRONG, TERM_FAINT, TERM_GOOD, TERM_WARN, TERM_BAD };

/* Before anything is printed. */
void term_init(const struct args *a);
bool term_is_tty(void);
bool term_has_color(void);
/* Columns; 0: no terminal, and nothing is cut. */
int term_width(void);
/* What stands for a rest that is cut off: one column. */
const char *term_ellipsis(void);

/* Prints the sequence that begins a style, and the one that ends all; nothing without colour. */
void term_begin(enum term_style style);
void term_end(void);

/* From here on what is printed goes through a pager: on a terminal, for commands that may print more than
 * a screen, unless --no-pager or --json.  $CUSTOS_PAGER, else $PAGER, else less; "cat" or "": none. */
void term_page(const struct args *a);
/* Waits until somebody has left it.  Fine without one. */
void term_page_end(void);

#endif
