#include "wire/help.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "wire/arg.h"

#define LINE_WIDTH 78 /* of a terminal of 80 columns */
#define NAME_WIDTH 26 /* of the left column */
#define LABEL_SIZE 80

/* Between Chinese characters a line may end, but not before a mark that closes, or behind one
 * that opens. */
static bool may_break(const char *before, size_t nbefore, const char *after, size_t nafter)
{
	static const char closes[] = "、。，；：？！）》”…", opens[] = "（《“";
	char c[5] = "";

	memcpy(c, after, nafter);
	if (strstr(closes, c)) {
		return false;
	}
	memcpy(c, before, nbefore);
	c[nbefore] = '\0';
	return !strstr(opens, c) &&
		(text_width(before, nbefore) == 2 || text_width(after, nafter) == 2 ||
			strstr(closes, c));
}

static size_t char_len(const char *s)
{
	size_t n = text_utf8_len(s, strlen(s));

	return n > 0 ? n : 1;
}

/* The bytes from s on that stay on one line. */
static size_t unbroken(const char *s)
{
	size_t n = char_len(s), last = n;

	while (s[n] && s[n] != ' ') {
		size_t next = char_len(s + n);

		if (may_break(s + n - last, last, s + n, next)) {
			break;
		}
		n += next;
		last = next;
	}
	return n;
}

/* Words of a text, broken into lines that begin at column indent; column is where the first
 * one goes.  Ends with a newline. */
static void put_wrapped(struct buf *to, const char *text, size_t column, size_t indent)
{
	bool is_first = true;

	for (;;) {
		size_t blanks = strspn(text, " "), n, w;

		text += blanks;
		if (!*text) {
			break;
		}
		n = unbroken(text);
		w = text_width(text, n);
		if (!is_first && column + (blanks > 0) + w > LINE_WIDTH) {
			buf_putf(to, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!is_first && blanks > 0) {
			buf_put_u8(to, ' ');
			column++;
		}
		buf_put(to, text, n);
		column += w;
		is_first = false;
		text += n;
	}
	buf_put_u8(to, '\n');
}

/* "  <left>   <right ...>", the right in its own column. */
static void put_row(struct buf *to, const char *left, const char *right)
{
	size_t w = text_width(left, strlen(left));

	buf_putf(to, "  %s", left);
	if (!*right) { /* a flag: the details explain it */
		buf_put_u8(to, '\n');
		return;
	}
	if (w + 3 > NAME_WIDTH) {
		buf_putf(to, "\n%*s", NAME_WIDTH, "");
	} else {
		buf_putf(to, "%*s", (int)(NAME_WIDTH - 2 - w), "");
	}
	put_wrapped(to, right, NAME_WIDTH, NAME_WIDTH);
}

/* "--target=TARGET", "--now", "SUBJECT". */
static void put_label(struct buf *to, const struct arg *a)
{
	char label[ARG_LABEL_SIZE];
	struct arg hint = { .is_option = false };

	buf_put_str(to, arg_label(a, label));
	if (a->is_option && a->type != ARG_FLAG) {
		snprintf(hint.name, sizeof(hint.name), "%s", a->hint);
		buf_putf(to, "=%s", arg_label(&hint, label));
	}
}

/* The table is checked by its unit test; a row that does not parse has no arguments. */
static struct arg_spec spec_of(const char *arguments)
{
	struct arg_spec spec = { .n = 0 };

	(void)arg_spec_parse(arguments, &spec, NULL);
	return spec;
}

void help_usage(const struct command *c, struct buf *to)
{
	struct arg_spec spec = spec_of(c->arguments);

	buf_putf(to, "custosctl %s", c->words);
	for (size_t i = 0; i < spec.n; i++) {
		const struct arg *a = &spec.args[i];

		if (arg_is_input(a->type)) {
			continue;
		}
		buf_put_str(to, a->is_required ? " " : " [");
		put_label(to, a);
		buf_put_str(to, a->is_repeated ? " ..." : "");
		buf_put_str(to, a->is_required ? "" : "]");
	}
}

static void put_argument(const struct arg *a, struct buf *to)
{
	struct buf left = BUF_INIT, right = BUF_INIT;

	if (arg_is_input(a->type)) {
		buf_putf(&left, "(%s)", a->name);
	} else {
		put_label(&left, a);
	}
	arg_describe(a, &right);
	put_row(to, buf_cstr(&left), buf_cstr(&right));
	buf_done(&left);
	buf_done(&right);
}

static void put_globals(struct buf *to)
{
	struct arg_spec spec = spec_of(GLOBAL_ARGUMENTS);

	struct buf line = BUF_INIT;

	buf_putf(to, "\n%s\n  ", _("Options of every command:"));
	for (size_t i = 0; i < spec.n; i++) {
		buf_put_str(&line, i > 0 ? " " : "");
		put_label(&line, &spec.args[i]);
	}
	put_wrapped(to, buf_cstr(&line), 2, 2);
	buf_done(&line);
}

void help_command(const struct command *c, struct buf *to)
{
	struct arg_spec spec = spec_of(c->arguments);
	struct buf usage = BUF_INIT;

	help_usage(c, &usage);
	put_wrapped(to, buf_cstr(&usage), 0, 8);
	buf_done(&usage);
	buf_put_u8(to, '\n');
	put_wrapped(to, _(c->summary), 0, 0);
	put_wrapped(to, _(c->details), 0, 0);
	if (spec.n > 0) {
		buf_put_u8(to, '\n');
	}
	for (size_t i = 0; i < spec.n; i++) {
		put_argument(&spec.args[i], to);
	}
	put_globals(to);
}

static void put_commands(const struct family *f, struct buf *to)
{
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = command_at((enum command_id)id);

		bool is_head = f && strcmp(c->words, f->word) == 0;

		if (f ? is_head || command_is_of(c, f->word) :
			!strchr(c->words, ' ') && !command_family(c->words)) {
			put_row(to, c->words, _(c->summary));
		}
	}
}

void help_family(const struct family *f, struct buf *to)
{
	buf_putf(to, "%s\n", _(f->title));
	put_commands(f, to);
	buf_putf(to, "\n");
	buf_putf(to, _("'custosctl help %s COMMAND' explains one of them.\n"), f->word);
}

void help_overview(struct buf *to)
{
	const struct family *f;

	buf_putf(to, "%s\n\n%s\n", _("custosctl COMMAND [ARGUMENT ...]"),
		_("The store"));
	put_commands(NULL, to);
	for (size_t i = 0; (f = command_family_at(i)); i++) {
		buf_putf(to, "\n%s\n", _(f->title));
		put_commands(f, to);
	}
	put_globals(to);
	buf_putf(to, "\n%s\n%s\n", _("'custosctl help COMMAND' explains a command."),
		_("'custosctl help exit' lists the exit statuses."));
}

void help_exit(struct buf *to)
{
	static const struct {
		int code;
		const char *meaning;
	} rows[] = {
#define X(code, wire, status, meaning) { code, meaning },
		CU_CODES(X)
#undef X
	};

	buf_putf(to, "%s\n\n", _("Exit statuses: 0, or why a command did not do what was asked"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_putf(to, "  %d  %-14s %s\n", cu_err_exit_status(rows[i].code),
			cu_err_wire_name(rows[i].code), _(rows[i].meaning));
	}
	buf_putf(to, "\n%s\n%s\n%s\n%s\n",
		_("Also: 65 when an import rejected rows, or a check found faults;"),
		_("66 when a search found nobody; 75 when an erasure is not confirmed"),
		_("at every target."),
		_("The names are those of the errors on the socket, io.custos.<name>."));
}

int help_topic(size_t n, const char *const words[], struct buf *to, struct cu_err *err)
{
	const struct family *f = n == 1 ? command_family(words[0]) : NULL;
	const struct command *c;
	size_t used;
	int r;

	if (n == 0) {
		help_overview(to);
		return 0;
	}
	if (f && command_by_operation(f->word)) { /* "erase" is a command, and a family's word */
		help_command(command_by_operation(f->word), to);
		buf_put_u8(to, '\n');
	}
	if (f) {
		help_family(f, to);
		return 0;
	}
	if (n == 1 && strcmp(words[0], "exit") == 0) {
		help_exit(to);
		return 0;
	}
	if ((r = command_find(n, words, &c, &used, err)) < 0) {
		return r;
	}
	help_command(c, to);
	return 0;
}
