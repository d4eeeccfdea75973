#include "wire/idl_scan.h"

#include <string.h>

static void advance(struct idl_scan *sc, size_t n)
{
	for (; n > 0; n--, sc->p++) {
		sc->at.column += ((unsigned char)*sc->p & 0xc0) != 0x80;
	}
}

/* Bytes of the line break at s (of Unicode's too, as the grammar has it), or 0. */
static size_t break_at(const char *s)
{
	if (s[0] == '\r') {
		return s[1] == '\n' ? 2 : 1;
	}
	if (s[0] == '\n') {
		return 1;
	}
	return strncmp(s, "\u2028", 3) == 0 || strncmp(s, "\u2029", 3) == 0 ? 3 : 0;
}

/* Bytes of the blank at s, or 0. */
static size_t blank_at(const char *s)
{
	static const char *const wide[] = { "\u00a0", "\ufeff", "\u1680", "\u180e",
		"\u202f", "\u205f", "\u3000" };

	if (s[0] == ' ' || s[0] == '\t') {
		return 1;
	}
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		if (strncmp(s, wide[i], strlen(wide[i])) == 0) {
			return strlen(wide[i]);
		}
	}
	if (strncmp(s, "\xe2\x80", 2) == 0) {
		return (unsigned char)s[2] <= 0x8a ? 3 : 0; /* U+2000 .. U+200A */
	}
	return 0;
}

static void end_line(struct idl_scan *sc, size_t nbreak)
{
	sc->p += nbreak;
	sc->at.line++;
	sc->at.column = 1;
	sc->is_fresh = sc->saw_break = true;
}

/* A comment that begins its line documents what follows; one behind something does not. */
static void take_comment(struct idl_scan *sc)
{
	const char *from = sc->p + 1;
	size_t n = 0;

	while (from[n] && break_at(from + n) == 0) {
		n++;
	}
	if (sc->is_fresh) {
		if (sc->doc.n > 0) {
			buf_put_u8(&sc->doc, '\n');
		}
		buf_put(&sc->doc, from + (n > 0 && *from == ' '),
			n - (n > 0 && *from == ' '));
	}
	advance(sc, n + 1);
	end_line(sc, break_at(sc->p));
}

void idl_scan_skip(struct idl_scan *sc)
{
	size_t n;

	for (;;) {
		if ((n = blank_at(sc->p)) > 0) {
			advance(sc, n);
		} else if (*sc->p == '#') {
			take_comment(sc);
		} else if ((n = break_at(sc->p)) > 0) {
			if (sc->is_fresh) {
				/* an empty line parts a comment from what follows */
				buf_clear(&sc->doc);
			}
			end_line(sc, n);
		} else {
			return;
		}
	}
}

static bool is_alpha(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_alnum(char c)
{
	return is_alpha(c) || (c >= '0' && c <= '9');
}

void idl_scan_passed(struct idl_scan *sc, size_t n)
{
	advance(sc, n);
	/* a comment behind it on the same line documents nothing */
	sc->is_fresh = sc->saw_break = false;
	buf_clear(&sc->doc);
}

bool idl_scan_accept(struct idl_scan *sc, const char *token)
{
	size_t n = strlen(token);

	idl_scan_skip(sc);
	if (strncmp(sc->p, token, n) != 0) {
		return false;
	}
	idl_scan_passed(sc, n);
	return true;
}

size_t idl_scan_word_at(const char *s)
{
	size_t n = 0;

	while (is_alnum(s[n]) || (n > 0 && s[n] == '_')) {
		n++;
	}
	return n;
}

bool idl_scan_accept_word(struct idl_scan *sc, const char *word)
{
	size_t n = strlen(word);

	if (idl_scan_word_at(sc->p) != n || memcmp(sc->p, word, n) != 0 ||
		(blank_at(sc->p + n) == 0 && break_at(sc->p + n) == 0 &&
			sc->p[n] != '#')) {
		return false;
	}
	idl_scan_passed(sc, n);
	return true;
}

/* [A-Za-z](_?[A-Za-z0-9])* */
size_t idl_scan_field_name_at(const char *s)
{
	size_t n = 0;

	if (is_alpha(*s)) {
		n = 1;
		while (is_alnum(s[n]) || (s[n] == '_' && is_alnum(s[n + 1]))) {
			n++;
		}
	}
	return s[n] == '_' ? 0 : n;
}

/* [A-Za-z]([-]*[A-Za-z0-9])*(\.[A-Za-z0-9]([-]*[A-Za-z0-9])*)+ */
size_t idl_scan_interface_name_at(const char *s)
{
	size_t n = 0, ndots = 0;

	if (!is_alpha(*s)) {
		return 0;
	}
	while (is_alnum(s[n]) || s[n] == '-' || s[n] == '.') {
		bool may_follow = n > 0 && s[n - 1] != '.';

		if (!is_alnum(s[n]) && !may_follow) {
			return 0;
		}
		if (s[n] == '.') {
			if (s[n - 1] == '-') {
				return 0;
			}
			ndots++;
		}
		n++;
	}
	return ndots > 0 && is_alnum(s[n - 1]) ? n : 0;
}
