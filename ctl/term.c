#include "ctl/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool term_is_tty(void)
{
	return isatty(STDOUT_FILENO);
}

bool term_has_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return term_is_tty() && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

void term_begin(enum term_style style)
{
	static const char *const sequences[] = { [TERM_STRONG] = "\033[1m", [TERM_FAINT] = "\033[2m",
		[TERM_GOOD] = "\033[32m", [TERM_WARN] = "\033[33m", [TERM_BAD] = "\033[1;31m" };

	if (term_has_color()) {
		fputs(sequences[style], stdout);
	}
}

void term_end(void)
{
	if (term_has_color()) {
		fputs("\033[0m", stdout);
	}
}
