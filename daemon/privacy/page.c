#include "privacy/page.h"

#include "base/buf.h"
#include "base/text.h"
#include "privacy/page_style.h"

static const char *entity(uint8_t c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

/* A control character that HTML has no place for; U+0080 to U+009F are two bytes. */
static bool is_control(const uint8_t *p, size_t n)
{
	return n == 1 ? (p[0] < 0x20 && p[0] != '\t' && p[0] != '\n' && p[0] != '\r') || p[0] == 0x7f :
			n == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

void page_put_text(struct buf *to, struct span text)
{
	size_t done = 0;

	for (size_t at = 0, n; at < text.n; at += n) {
		const char *instead = entity(text.p[at]);

		n = text.p[at] < 0x80 ? 1 : text_utf8_len((const char *)text.p + at, text.n - at);
		if (!instead && (n == 0 || is_control(text.p + at, n))) {
			instead = "\xef\xbf\xbd";
		}
		n = n == 0 ? 1 : n;
		if (instead) {
			buf_put(to, text.p + done, at - done);
			buf_put_str(to, instead);
			done = at + n;
		}
	}
	buf_put(to, text.p + done, text.n - done);
}

void page_begin(struct buf *to, bool is_chinese, const char *title, const char *style)
{
	buf_putf(to, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		is_chinese ? "zh-CN" : "en");
	buf_put_str(to,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'\">\n<meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n<title>");
	page_put_text(to, span_str(title));
	buf_put_str(to, "</title>\n<style>\n" PAGE_STYLE);
	buf_put_str(to, style);
	buf_put_str(to, "</style>\n</head>\n<body>\n");
}
