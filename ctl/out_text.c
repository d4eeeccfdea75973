#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"
#include "ctl/out.h"
#include "ctl/term.h"

#define LABEL_WIDTH 20
#define MAX_COLUMNS 10
#define NARROWEST   8 /* no column is cut below this */

static int width_of(const char *s)
{
	return (int)text_width(s, strlen(s));
}

static void print_padded(const char *s, int width)
{
	int has = width_of(s);

	printf("%s%*s", s, has < width ? width - has : 0, "");
}

_Noreturn void out_of_memory(void)
{
	fprintf(stderr, "%s", _("custosctl: out of memory\n"));
	exit(cu_err_exit_status(CU_ENOMEM));
}

/* Of any length: a value that is cut would pass for a whole one.  To be freed. */
__attribute__((format(printf, 1, 0))) static char *format_safe(const char *fmt, va_list ap)
{
	char *raw = NULL, *out = NULL;
	int n = vasprintf(&raw, fmt, ap);
	size_t cap = n < 0 ? 0 : 4 * (size_t)n + 1; /* "\x1b" for a byte */

	if (n >= 0) {
		out = malloc(cap);
	}
	if (!out) {
		out_of_memory();
	}
	text_escape(raw, out, cap);
	explicit_bzero(raw, (size_t)n);
	free(raw);
	return out;
}

/* Of one text. */
static char *safe_copy(const char *text)
{
	size_t cap = 4 * strlen(text) + 1;
	char *out = malloc(cap);

	if (!out) {
		out_of_memory();
	}
	text_escape(text, out, cap);
	return out;
}

void out_field(const char *label, const char *fmt, ...)
{
	char *text, *name;
	va_list ap;

	va_start(ap, fmt);
	text = format_safe(fmt, ap);
	va_end(ap);
	name = safe_copy(label); /* a field's name may be whatever custosd says */
	print_padded(name, LABEL_WIDTH);
	printf(" %s\n", text);
	free(name);
	free(text);
}

/* A letter has lines; what else would move a cursor is escaped. */
void out_lines(const char *label, const char *text)
{
	for (const char *end; *text; text = *end ? end + 1 : end, label = "") {
		end = strchrnul(text, '\n');
		out_field(label, "%.*s", (int)(end - text - (end > text && end[-1] == '\r')), text);
	}
}

void out_text(const char *indent, const char *text)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		out_line("%s%.*s", indent, (int)(end - text - (end > text && end[-1] == '\r')), text);
	}
}

void out_note(const char *fmt, ...)
{
	size_t n = strlen(fmt);
	bool ends_line = n > 0 && fmt[n - 1] == '\n';
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = format_safe(fmt, ap);
	va_end(ap);
	n = strlen(text);
	if (ends_line && n >= 4) {
		text[n - 4] = '\0'; /* its own, as "\x0a" */
	}
	fprintf(stderr, "%s%s", text, ends_line ? "\n" : "");
	free(text);
}

void out_document(const char *text)
{
	if (isatty(STDOUT_FILENO)) {
		out_text("", text);
	} else {
		fputs(text, stdout);
	}
}

void out_optional(const char *label, const json_t *object, const char *name)
{
	if (json_object_get(object, name)) {
		out_field(label, "%s", out_str(object, name));
	}
}

void out_optional_word(const char *label, const json_t *object, const char *name)
{
	if (json_object_get(object, name)) {
		out_field(label, "%s", out_word(object, name));
	}
}

void out_list(const char *label, const json_t *texts)
{
	json_t *text;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)texts, i, text) {
		out_field(i == 0 ? label : "", "%s", json_string_value(text));
	}
}

void out_line(const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = format_safe(fmt, ap);
	va_end(ap);
	printf("%s\n", text);
	free(text);
}

void out_nothing(const char *text)
{
	printf("%s\n", text);
}

struct out_table {
	size_t ncolumns, ncells;
	char **cells; /* the headings first */
	int widths[MAX_COLUMNS];
};

static void add_cell(struct out_table *t, const char *text)
{
	char **more = realloc(t->cells, (t->ncells + 1) * sizeof(*more));
	int width = width_of(text);

	if (!more) {
		return; /* a shorter table is better than none */
	}
	t->cells = more;
	t->cells[t->ncells] = strdup(text);
	if (width > t->widths[t->ncells % t->ncolumns]) {
		t->widths[t->ncells % t->ncolumns] = width;
	}
	t->ncells++;
}

struct out_table *out_table_begin(const char *const *headings)
{
	struct out_table *t = calloc(1, sizeof(*t));

	if (!t) {
		exit(71);
	}
	while (headings[t->ncolumns] && t->ncolumns < MAX_COLUMNS) {
		t->ncolumns++;
	}
	for (size_t i = 0; i < t->ncolumns; i++) {
		add_cell(t, _(headings[i]));
	}
	return t;
}

void out_cell(struct out_table *t, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = format_safe(fmt, ap);
	va_end(ap);
	add_cell(t, text);
	free(text);
}

/* Ids are there to be copied. */
static bool has_ids(const struct out_table *t, size_t column)
{
	for (size_t i = column + t->ncolumns; i < t->ncells; i += t->ncolumns) {
		if (t->cells[i] && strlen(t->cells[i]) == 32 &&
			strspn(t->cells[i], "0123456789abcdef") == 32) {
			return true;
		}
	}
	return false;
}

/* The widest column gives way, as long as one is wide; NCOLUMNS: none can. */
static size_t widest(const struct out_table *t)
{
	size_t found = t->ncolumns;

	for (size_t i = 0; i < t->ncolumns; i++) {
		if (t->widths[i] > NARROWEST && !has_ids(t, i) &&
			(found == t->ncolumns || t->widths[i] > t->widths[found])) {
			found = i;
		}
	}
	return found;
}

/* On a terminal a line is a row; elsewhere nothing is ever cut. */
static void fit_table(struct out_table *t)
{
	int room = term_width(), needed = 2 * ((int)t->ncolumns - 1);

	for (size_t i = 0; i < t->ncolumns; i++) {
		needed += t->widths[i];
	}
	for (size_t i; room > 0 && needed > room && (i = widest(t)) < t->ncolumns; needed--) {
		t->widths[i]--;
	}
}

static void print_cell(char *text, int width, bool is_last)
{
	if (width_of(text) > width) {
		text[text_fit(text, (size_t)width - 1)] = '\0';
		printf("%s%s", text, term_ellipsis());
		width -= width_of(text) + 1; /* before a wide letter a column may be left over */
		printf("%*s", is_last ? 0 : width, "");
	} else if (is_last) {
		printf("%s", text);
	} else {
		print_padded(text, width);
	}
	printf("%s", is_last ? "\n" : "  ");
}

void out_table_end(struct out_table *t)
{
	fit_table(t);
	for (size_t i = 0; i < t->ncells; i++) {
		size_t column = i % t->ncolumns;

		if (t->cells[i]) {
			print_cell(t->cells[i], t->widths[column], column + 1 == t->ncolumns);
		}
		free(t->cells[i]);
	}
	free(t->cells);
	free(t);
}

const char *out_str(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "";
}

const char *out_word(const json_t *object, const char *name)
{
	return intl_word(out_str(object, name));
}

int64_t out_int(const json_t *object, const char *name)
{
	return (int64_t)json_integer_value(json_object_get(object, name));
}

const char *out_time(int64_t ms, char buf[32])
{
	char iso[CIVIL_TIME_SIZE];

	civil_format_time(ms, iso);
	snprintf(buf, 32, "%.10s %.8s UTC", iso, iso + 11);
	return buf;
}

const char *out_bytes(int64_t bytes, char buf[32])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 1024 && u + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024;
		u++;
	}
	snprintf(buf, 32, u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
	return buf;
}

const char *out_span(int64_t ms, char buf[OUT_AGE_SIZE])
{
	int64_t s = ms / 1000, days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60;

	if (days > 9) {
		snprintf(buf, OUT_AGE_SIZE, _("%" PRId64 " d"), days);
	} else if (days > 0) {
		snprintf(buf, OUT_AGE_SIZE, _("%" PRId64 " d %" PRId64 " h"), days, hours);
	} else if (hours > 0) {
		snprintf(buf, OUT_AGE_SIZE, _("%" PRId64 " h %" PRId64 " min"), hours, minutes);
	} else if (minutes > 0) {
		snprintf(buf, OUT_AGE_SIZE, _("%" PRId64 " min"), minutes);
	} else {
		snprintf(buf, OUT_AGE_SIZE, _("%" PRId64 " s"), s);
	}
	return buf;
}

const char *out_age(int64_t ms, int64_t now_ms, char buf[OUT_AGE_SIZE])
{
	char span[OUT_AGE_SIZE];

	if (ms > now_ms) {
		snprintf(buf, OUT_AGE_SIZE, _("in %s"), out_span(ms - now_ms, span));
	} else {
		snprintf(buf, OUT_AGE_SIZE, _("%s ago"), out_span(now_ms - ms, span));
	}
	return buf;
}
