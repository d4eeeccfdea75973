/* The blocks of a notice, and its three forms. */
#include "privacy/notice_blocks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "privacy/page.h"

#define STYLE \
	".draft{margin:1.5rem 0;padding:1rem 1.25rem;border-left:4px solid #b3261e;background:var(--fill)}\n" \
	".draft h2{color:#b3261e}.draft ul{margin:.5rem 0 0;padding-left:1.2rem}\n" \
	"h2 small{display:block;font-size:.75rem;font-weight:400;color:var(--soft)}\n" \
	"dl.told{margin:0;display:grid;grid-template-columns:minmax(8rem,1fr) 2.4fr;gap:0 1.5rem}\n" \
	".told dt,.told dd{margin:0;padding:.4rem 0;border-bottom:1px solid var(--line)}\n" \
	"@media screen and (max-width:48rem){dl.told{display:block}.told dt{border:0;padding-bottom:0}}\n" \
	"@media screen and (prefers-color-scheme:dark){.draft h2{color:#ff9a90}}\n" \
	"@media print{section{margin-top:1.4rem}.draft{break-inside:avoid}}\n"

const char *notice_in(const struct privacy_notice *n, const char *en, const char *zh)
{
	return n->language == LANGUAGE_ZH ? zh : en;
}

/* --- putting together -------------------------------------------------------------- */

static size_t keep(struct privacy_notice *n, const char *text)
{
	size_t at = n->text.n;

	buf_put(&n->text, text, strlen(text) + 1);
	return at;
}

/* Room for one more, or NULL. */
static void *grow(void *v, size_t n, size_t *room, size_t each)
{
	size_t more = *room > 0 ? *room * 2 : 32;
	void *p = n < *room ? v : realloc(v, more * each);

	*room = n < *room || !p ? *room : more;
	return p;
}

static void put(struct privacy_notice *n, enum notice_kind kind, const char *text, const char *more)
{
	struct notice_block *v = grow(n->blocks, n->nblocks, &n->room, sizeof(*v));

	if (!v) {
		n->is_failed = true;
		return;
	}
	n->blocks = v;
	v[n->nblocks].kind = kind;
	v[n->nblocks].text = keep(n, text);
	v[n->nblocks++].more = keep(n, more);
}

void notice_heading(struct privacy_notice *n, const char *text, const char *articles)
{
	put(n, NOTICE_HEADING, text, articles);
}

void notice_paragraph(struct privacy_notice *n, const char *text)
{
	put(n, NOTICE_PARAGRAPH, text, "");
}

void notice_item(struct privacy_notice *n, const char *about, const char *text)
{
	put(n, NOTICE_ITEM, about, text);
}

void notice_gap(struct privacy_notice *n, const char *fmt, ...)
{
	size_t *v = grow(n->gaps, n->ngaps, &n->gaps_room, sizeof(*v));
	char text[400];
	va_list ap;

	if (!v) {
		n->is_failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n->gaps = v;
	n->gaps[n->ngaps++] = keep(n, text);
}

void privacy_notice_done(struct privacy_notice *n)
{
	free(n->blocks);
	free(n->gaps);
	buf_done(&n->text);
	*n = (struct privacy_notice){ .text = BUF_INIT };
}

static const char *text_at(const struct privacy_notice *n, size_t at)
{
	return (const char *)n->text.p + at;
}

const char *privacy_notice_gap(const struct privacy_notice *n, size_t i)
{
	return text_at(n, n->gaps[i]);
}

/* --- forms --------------------------------------------------------------------------- */

static const char *const form_words[] = {
#define X(id, word) word,
	NOTICE_FORMS(X)
#undef X
};

bool notice_form_parse(const char *word, enum notice_form *ret)
{
	for (size_t i = 0; i < sizeof(form_words) / sizeof(form_words[0]); i++) {
		if (strcmp(word, form_words[i]) == 0) {
			*ret = (enum notice_form)i;
			return true;
		}
	}
	return false;
}

static const char *title(const struct privacy_notice *n)
{
	return n->ngaps > 0 ? notice_in(n, "Privacy notice: a draft", "个人信息保护告知书（草稿）") :
			      notice_in(n, "Privacy notice", "个人信息保护告知书");
}

static const char *draft(const struct privacy_notice *n)
{
	return notice_in(n, "Not finished: the policies do not say this yet, and it must be told. Do not publish it so.",
		"尚未完成：以下事项依法应当告知，但政策文件中尚无内容。请勿以此版本发布。");
}

/* What Markdown would take for its own. */
static void put_md(struct buf *to, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_[]<>#|", *text)) {
			buf_put_u8(to, '\\');
		}
		buf_put_u8(to, (uint8_t)*text);
	}
}

/* A section of which nothing is known yet says where that stands. */
static const char *missing(const struct privacy_notice *n, const struct notice_block *b)
{
	bool is_last = b + 1 == n->blocks + n->nblocks;

	return b->kind == NOTICE_HEADING && (is_last || b[1].kind == NOTICE_HEADING) ?
		notice_in(n, "Missing: see above.", "缺少内容，见上文。") :
		NULL;
}

/* In text and in Markdown, which differ in their marks alone. */
static void put_plain_block(const struct privacy_notice *n, const struct notice_block *b, bool is_md,
	struct buf *to)
{
	void (*say)(struct buf *, const char *) = is_md ? put_md : buf_put_str;
	const char *text = text_at(n, b->text), *more = text_at(n, b->more);

	switch (b->kind) {
	case NOTICE_HEADING:
		buf_put_str(to, is_md ? "\n## " : "\n");
		say(to, text);
		buf_put_str(to, is_md ? "\n\n*" : "\n[");
		say(to, more);
		buf_put_str(to, is_md ? "*\n\n" : "]\n\n");
		if (missing(n, b)) {
			buf_putf(to, "%s\n", missing(n, b));
		}
		break;
	case NOTICE_PARAGRAPH:
		say(to, text);
		buf_put_str(to, is_md ? "\n\n" : "\n");
		break;
	case NOTICE_ITEM:
		buf_put_str(to, is_md ? "- **" : "- ");
		say(to, text);
		buf_put_str(to, is_md ? "** " : ": ");
		say(to, more);
		buf_put_str(to, "\n");
		break;
	}
}

static void put_plain(const struct privacy_notice *n, bool is_md, struct buf *to)
{
	char day[CIVIL_DAY_SIZE];

	civil_format_day(n->day, day);
	buf_putf(to, "%s%s\n\n%s\n", is_md ? "# " : "", title(n), day);
	if (n->ngaps > 0) {
		buf_putf(to, "\n%s%s%s\n\n", is_md ? "**" : "", draft(n), is_md ? "**" : "");
	}
	for (size_t i = 0; i < n->ngaps; i++) {
		buf_put_str(to, "- ");
		(is_md ? put_md : buf_put_str)(to, privacy_notice_gap(n, i));
		buf_put_u8(to, '\n');
	}
	for (size_t i = 0; i < n->nblocks; i++) {
		put_plain_block(n, &n->blocks[i], is_md, to);
	}
}

static void put_html(struct buf *to, const char *before, const char *text, const char *after)
{
	buf_put_str(to, before);
	page_put_text(to, span_str(text));
	buf_put_str(to, after);
}

static void put_page_block(const struct privacy_notice *n, size_t i, struct buf *to)
{
	const struct notice_block *b = &n->blocks[i];
	bool was_item = i > 0 && b[-1].kind == NOTICE_ITEM;
	bool is_last = i + 1 == n->nblocks || b[1].kind != NOTICE_ITEM;

	switch (b->kind) {
	case NOTICE_HEADING:
		put_html(to, i > 0 ? "</section>\n<section><h2>" : "<section><h2>", text_at(n, b->text), "");
		put_html(to, " <small>", text_at(n, b->more), "</small></h2>\n");
		if (missing(n, b)) {
			put_html(to, "<p>", missing(n, b), "</p>\n");
		}
		break;
	case NOTICE_PARAGRAPH: put_html(to, "<p>", text_at(n, b->text), "</p>\n"); break;
	case NOTICE_ITEM:
		put_html(to, was_item ? "<dt>" : "<dl class=\"told\">\n<dt>", text_at(n, b->text), "</dt>");
		put_html(to, "<dd>", text_at(n, b->more), is_last ? "</dd>\n</dl>\n" : "</dd>\n");
		break;
	}
}

static void put_page(const struct privacy_notice *n, struct buf *to)
{
	char day[CIVIL_DAY_SIZE];

	civil_format_day(n->day, day);
	page_begin(to, n->language == LANGUAGE_ZH, title(n), STYLE);
	buf_putf(to, "<header><p class=\"day\">%s</p>\n", day);
	put_html(to, "<h1>", title(n), "</h1>\n</header>\n<main>\n");
	if (n->ngaps > 0) {
		put_html(to, "<div class=\"draft\"><p>", draft(n), "</p>\n<ul>\n");
	}
	for (size_t i = 0; i < n->ngaps; i++) {
		put_html(to, "<li>", privacy_notice_gap(n, i), "</li>\n");
	}
	buf_put_str(to, n->ngaps > 0 ? "</ul></div>\n" : "");
	for (size_t i = 0; i < n->nblocks; i++) {
		put_page_block(n, i, to);
	}
	buf_put_str(to, "</section>\n</main>\n</body>\n</html>\n");
}

int privacy_notice_write(const struct privacy_notice *n, enum notice_form f, struct buf *to,
	struct cu_err *err)
{
	if (f == NOTICE_AS_HTML) {
		put_page(n, to);
	} else {
		put_plain(n, f == NOTICE_AS_MD, to);
	}
	return buf_check(to, err);
}
