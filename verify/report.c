#include "verify/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_init(struct report *r)
{
	r->facts = json_object();
	r->checked = json_array();
	r->unproven = json_array();
	if (!r->facts || !r->checked || !r->unproven) {
		abort();
	}
}

void report_done(struct report *r)
{
	json_decref(r->facts);
	json_decref(r->checked);
	json_decref(r->unproven);
}

/* A text that is not UTF-8 (the name of a file) is left out of JSON rather than
 * mangled. */
__attribute__((format(printf, 1, 0))) static json_t *sentence(const char *fmt, va_list ap)
{
	json_t *text = json_vsprintf(fmt, ap);

	return text ? text : json_string("(not UTF-8)");
}

void report_fact(struct report *r, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)json_object_set_new(r->facts, name, sentence(fmt, ap));
	va_end(ap);
}

void report_checked(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)json_array_append_new(r->checked, sentence(fmt, ap));
	va_end(ap);
}

void report_unproven(struct report *r, const char *text)
{
	(void)json_array_append_new(r->unproven, json_string(text));
}

/* --- printing --------------------------------------------------------------------- */

/* What a file says may be made to drive a terminal: its control characters are not
 * shown. */
static void put_safe(FILE *to, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		bool is_c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		fputc(*p < 0x20 || *p == 0x7f || is_c1 ? '?' : *p, to);
		p += is_c1;
	}
}

static void put_list(const char *title, const json_t *list)
{
	const json_t *v;
	size_t i;

	if (json_array_size(list) > 0) {
		printf("\n%s\n", title);
	}
	json_array_foreach(list, i, v)
	{
		fputs("  - ", stdout);
		put_safe(stdout, json_string_value(v));
		putchar('\n');
	}
}

static void put_json(json_t *whole)
{
	if (json_dumpf(whole, stdout, JSON_COMPACT) < 0 && !ferror(stdout)) {
		fputs("custos-verify: out of memory\n", stderr); /* and no verdict: whoever reads JSON has none */
		exit(VERDICT_FAILED);
	}
	putchar('\n');
	json_decref(whole);
}

int report_print(const struct report *r, const char *what, bool is_json)
{
	const char *name;
	json_t *v;

	if (is_json) {
		put_json(json_pack("{s:b, s:s, s:O, s:O, s:O}", "valid", 1, "what",
			what, "facts", r->facts, "checked", r->checked, "not_proven",
			r->unproven));
		return VERDICT_VALID;
	}
	printf("valid: %s\n\n", what);
	json_object_foreach(r->facts, name, v)
	{
		printf("  %-14s ", name);
		put_safe(stdout, json_string_value(v));
		putchar('\n');
	}
	put_list("checked", r->checked);
	put_list("not proven by this", r->unproven);
	return VERDICT_VALID;
}

int report_flaw(const struct flaw *f, const char *what, bool is_json)
{
	const char *word = f->verdict == VERDICT_INVALID ? "NOT VALID" : "not checked";

	if (is_json) {
		json_t *text = json_string(f->text);

		put_json(json_pack("{s:b, s:s, s:o, s:i}", "valid", 0, "what", what,
			"error", text ? text : json_string("(not UTF-8)"), "status",
			(int)f->verdict));
	} else {
		fprintf(stderr, "custos-verify: %s: %s: ", word, what);
		put_safe(stderr, f->text);
		fputc('\n', stderr);
	}
	return (int)f->verdict;
}
