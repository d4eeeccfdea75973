#include "man_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define LINE_WIDTH 76

/* The code point of a valid UTF-8 sequence of n bytes. */
static unsigned code_point(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned c = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));

	for (size_t i = 1; i < n; i++) {
		c = c << 6 | (p[i] & 0x3fU);
	}
	return c;
}

static void put_n(struct buf *to, const char *s, size_t n, bool *is_bold)
{
	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_len(s + i, n - i);

		if (s[i] == '`') {
			buf_put_str(to, *is_bold ? "\\fR" : "\\fB");
			*is_bold = !*is_bold;
		} else if (s[i] == '\\') {
			buf_put_str(to, "\\e");
		} else if (s[i] == '-' || s[i] == '\'') { /* as they are typed */
			buf_put_str(to, s[i] == '-' ? "\\-" : "\\(aq");
		} else if (len > 1) {
			buf_putf(to, "\\[u%04X]", code_point(s + i, len));
		} else {
			buf_put(to, s + i, 1);
		}
		i += len > 1 ? len : 1;
	}
}

void man_put(struct buf *to, const char *text)
{
	bool is_bold = false;

	put_n(to, text, strlen(text), &is_bold);
}

void man_text(struct buf *to, const char *text)
{
	bool is_bold = false;
	size_t column = 0;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t n = strcspn(text, " ");

		if (column > 0 && column + 1 + n > LINE_WIDTH) {
			buf_put_str(to, "\\&\n"); /* the end of a line is not that of a sentence */
			column = 0;
		}
		if (column > 0) {
			buf_put_u8(to, ' ');
			column++;
		} else if (*text == '.') {
			buf_put_str(to, "\\&");
		}
		put_n(to, text, n, &is_bold);
		column += n;
		text += n;
	}
	buf_put_u8(to, '\n');
}

void man_begin(struct buf *to, const char *page, const char *section, const char *summary)
{
	buf_putf(to, ".\\\" Made by docs/man/make_man.c from the tables: ./dev man makes it again.\n.TH ");
	for (const char *p = page; *p; p++) {
		if (*p == '-') {
			buf_put_u8(to, '\\');
		}
		buf_put_u8(to, (unsigned char)toupper((unsigned char)*p));
	}
	buf_putf(to, " %s %s custos custos\n.nh\n.ad l\n.SH NAME\n", section, MAN_DATE);
	man_put(to, page);
	buf_put_str(to, " \\- ");
	man_put(to, summary);
	buf_put_u8(to, '\n');
}
