#include "man_ctl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "man_examples.h"
#include "man_text.h"
#include "wire/arg.h"
#include "wire/command.h"

/* What commands.h leaves to the reader of the list of global options. */
static const struct {
	const char *name, *text;
} globals[] = {
	{ "json", "Print the reply as it came: a JSON object on one line, or one for each part of a long answer. "
		"For scripts: these names do not change." },
	{ "socket", "Where custosd listens; without it `CUSTOS_SOCKET` counts, then `/run/custos/custos.sock`." },
	{ "timeout", "How long to wait for an answer: 60 if nothing is said, and for long jobs until they end." },
	{ "quiet", "No progress and no notes." },
	{ "yes", "Do what would otherwise be asked about first." },
	{ "color", "Whether there is colour: `auto` (if nothing is said) on terminals, unless NO_COLOR is set." },
	{ "no-pager", "Do not send long answers through a pager." },
	{ "help", "Explain the command, and do nothing." },
};

static struct arg_spec spec_of(const char *arguments)
{
	struct arg_spec spec = { .n = 0 };

	(void)arg_spec_parse(arguments, &spec, NULL);
	return spec;
}

/* "--target=TARGET", "--now", "SUBJECT", "(text)": what is typed in bold, what stands for a value in italics. */
static void put_label(const struct arg *a, struct buf *to)
{
	char label[ARG_LABEL_SIZE];
	struct arg hint = { .is_option = false };

	buf_put_str(to, a->is_option ? "\\fB" : "\\fI");
	man_put(to, arg_is_input(a->type) ? a->name : arg_label(a, label));
	buf_put_str(to, "\\fR");
	if (a->is_option && a->type != ARG_FLAG) {
		snprintf(hint.name, sizeof(hint.name), "%s", a->hint);
		buf_put_str(to, "=\\fI");
		man_put(to, arg_label(&hint, label));
		buf_put_str(to, "\\fR");
	}
}

static void put_synopsis(const struct command *c, const struct arg_spec *spec, struct buf *to)
{
	buf_put_str(to, ".HP 4\n\\fBcustosctl ");
	man_put(to, c->words);
	buf_put_str(to, "\\fR\n");
	for (size_t i = 0; i < spec->n; i++) {
		const struct arg *a = &spec->args[i];

		if (!arg_is_input(a->type)) {
			buf_put_str(to, a->is_required ? "" : "[");
			put_label(a, to);
			buf_put_str(to, a->is_repeated ? "\\ ..." : "");
			buf_put_str(to, a->is_required ? "\n" : "]\n");
		}
	}
}

static void put_argument(const struct arg *a, struct buf *to)
{
	struct buf text = BUF_INIT;

	arg_describe(a, &text);
	buf_put_str(to, ".TP\n");
	put_label(a, to);
	buf_put_u8(to, '\n');
	if (a->type == ARG_FLAG) {
		buf_put_str(to, "Takes no value; the text above says what it does.\n");
	} else {
		buf_put_str(&text, a->is_repeated ? "; may be repeated." : ".");
		man_text(to, buf_cstr(&text));
	}
	buf_done(&text);
}

/* What roles.yaml has to allow, and what is left of the call. */
static void put_access(const struct command *c, struct buf *to)
{
	char operation[COMMAND_OPERATION_SIZE];
	struct buf text = BUF_INIT;

	if (c->access & ACCESS_LOCAL) {
		buf_put_str(&text, "custosctl answers alone, without custosd.");
	} else {
		buf_putf(&text, "Allowed to roles with the operation `%s`; on the socket `%s`.%s%s",
			command_operation(c, operation), c->method,
			c->access & ACCESS_READ ? " It reads personal data, which is in the log before it is shown." : "",
			c->access & ACCESS_WRITE ? " It writes or erases personal data, which is in the log." : "");
	}
	buf_put_str(to, ".PP\n");
	man_text(to, buf_cstr(&text));
	buf_done(&text);
}

static void put_command(const struct command *c, struct buf *to)
{
	struct arg_spec spec = spec_of(c->arguments);
	struct buf text = BUF_INIT;

	buf_put_str(to, ".SS ");
	man_put(to, c->words);
	buf_put_u8(to, '\n');
	put_synopsis(c, &spec, to);
	buf_putf(&text, "%s %s", c->summary, c->details);
	buf_put_str(to, ".PP\n");
	man_text(to, buf_cstr(&text));
	buf_done(&text);
	for (size_t i = 0; i < spec.n; i++) {
		put_argument(&spec.args[i], to);
	}
	put_access(c, to);
}

static int is_in(const struct command *c, const struct family *f)
{
	return f ? strcmp(c->words, f->word) == 0 || command_is_of(c, f->word) :
		!strchr(c->words, ' ') && !command_family(c->words);
}

static void put_list(const struct family *f, struct buf *to)
{
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = command_at((enum command_id)id);

		if (is_in(c, f)) {
			buf_put_str(to, ".TP\n\\fB");
			man_put(to, c->words);
			buf_put_str(to, "\\fR\n");
			man_text(to, c->summary);
		}
	}
}

static void put_commands(const struct family *f, struct buf *to)
{
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = command_at((enum command_id)id);

		if (is_in(c, f)) {
			put_command(c, to);
		}
	}
}

static void put_examples(const struct family *f, struct buf *to)
{
	static const struct {
		const char *family, *what, *words;
	} examples[] = {
#define X(family, what, words) { family, what, words },
		MAN_EXAMPLES(X)
#undef X
	};
	bool is_first = true;

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		if (strcmp(examples[i].family, f->word) != 0) {
			continue;
		}
		buf_put_str(to, is_first ? ".SH EXAMPLES\n.TP 4\n" : ".TP 4\n");
		is_first = false;
		man_put(to, examples[i].what);
		buf_put_str(to, "\n\\fBcustosctl ");
		man_put(to, examples[i].words);
		buf_put_str(to, "\\fR\n");
	}
}

void man_family(const struct family *f, struct buf *to)
{
	char page[40], title[80];

	snprintf(page, sizeof(page), "custosctl-%s", f->word);
	snprintf(title, sizeof(title), "%s", f->title);
	title[0] = (char)tolower((unsigned char)title[0]);
	man_begin(to, page, "1", title);
	buf_putf(to, ".SH SYNOPSIS\n\\fBcustosctl %s\\fR\n[\\fICOMMAND\\fR]\n[\\fIARGUMENT\\fR\\ ...]\n",
		f->word);
	buf_put_str(to, ".SH DESCRIPTION\n");
	put_list(f, to);
	buf_put_str(to, ".SH COMMANDS\n");
	put_commands(f, to);
	put_examples(f, to);
	buf_put_str(to, ".SH SEE ALSO\n.BR custosctl (1):\noptions of every command, exit statuses, files;\n"
		".BR custosd (8),\n.BR custos\\-policies (5)\n");
}

/* --- custosctl(1) ------------------------------------------------------------------ */

static const char *global_text(const char *name)
{
	for (size_t i = 0; i < sizeof(globals) / sizeof(globals[0]); i++) {
		if (strcmp(globals[i].name, name) == 0) {
			return globals[i].text;
		}
	}
	return "";
}

static void put_globals(struct buf *to)
{
	struct arg_spec spec = spec_of(GLOBAL_ARGUMENTS);

	buf_put_str(to, ".SH OPTIONS\nOf every command; they may stand anywhere on the line.\n");
	for (size_t i = 0; i < spec.n; i++) {
		buf_put_str(to, ".TP\n");
		put_label(&spec.args[i], to);
		buf_put_u8(to, '\n');
		man_text(to, global_text(spec.args[i].name));
	}
}

static void put_families(struct buf *to)
{
	const struct family *f;

	for (size_t i = 0; (f = command_family_at(i)); i++) {
		buf_put_str(to, ".SS ");
		man_put(to, f->title);
		buf_putf(to, "\n.BR custosctl\\-%s (1)\n", f->word);
		put_list(f, to);
	}
}

static void put_exit(struct buf *to)
{
	static const int codes[] = {
#define X(code, wire, status, meaning) code,
		CU_CODES(X)
#undef X
	};

	buf_put_str(to, ".SH EXIT STATUS\n.TP\n\\fB0\\fR\nIt was done.\n");
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		buf_putf(to, ".TP\n\\fB%d\\fR %s\n", cu_err_exit_status(codes[i]), cu_err_wire_name(codes[i]));
		man_text(to, cu_err_meaning(codes[i]));
	}
	buf_put_str(to, ".TP\n\\fB130\\fR\nInterrupted by Ctrl\\-C.\n.PP\n");
	man_text(to, "Also: 65 when an import rejected rows, or a check found faults; 66 when a search found nobody; "
		"75 when an erasure is not confirmed at every target, or something waits for a person; 77 when "
		"`consent check` says no; 82 when an erasure that was waited for is cancelled. "
		"The names are those of the errors on the socket, `io.custos.NAME`.");
}

void man_overview(struct buf *to)
{
	man_begin(to, "custosctl", "1", "ask custosd to keep, show, back up and forget personal data");
	buf_put_str(to, ".SH SYNOPSIS\n\\fBcustosctl\\fR\n\\fICOMMAND\\fR\n[\\fIARGUMENT\\fR\\ ...]\n"
		".SH DESCRIPTION\n");
	man_text(to, "custosctl hands a command to `custosd`, which looks up in `roles.yaml` what the caller, known by the uid, "
		"may do, and prints the reply. Whoever reads or writes personal data names a purpose of `purposes.yaml`. "
		"What is personal or secret is never an argument, for a command line can be read by every user of "
		"the machine: it is asked for, or read from standard input or a file.");
	buf_put_str(to, ".PP\n");
	man_text(to, "`custosctl help` lists the commands, `custosctl help COMMAND` explains one. "
		"When a letter of somebody came, begin with `custosctl request open`; when data got out, with "
		"`custosctl incident open`: they say what comes next, by when and why.");
	put_globals(to);
	buf_put_str(to, ".SH COMMANDS\n");
	put_commands(NULL, to);
	put_families(to);
	put_exit(to);
	buf_put_str(to, ".SH ENVIRONMENT\n.TP\n\\fBCUSTOS_SOCKET\\fR\n");
	man_text(to, "Where custosd listens, if no --socket is given.");
	buf_put_str(to, ".TP\n\\fBLC_ALL\\fR, \\fBLC_MESSAGES\\fR, \\fBLANG\\fR, \\fBLANGUAGE\\fR\n");
	man_text(to, "Chinese, where they ask for `zh_CN` on a terminal of UTF-8; the locale need not be generated. "
		"What --json prints is the same in every language.");
	buf_put_str(to, ".TP\n\\fBCUSTOS_PAGER\\fR, \\fBPAGER\\fR\n");
	man_text(to, "What long answers go through on a terminal; without them `less`, and with `cat` nothing.");
	buf_put_str(to, ".TP\n\\fBNO_COLOR\\fR\n");
	man_text(to, "When it is set, there is no colour.");
	buf_put_str(to, ".SH FILES\n.TP\n\\fI/run/custos/custos.sock\\fR\nThe socket of custosd.\n"
		".TP\n\\fI/etc/custos/policies\\fR\nThe policies; see\n.BR custos\\-policies (5).\n"
		".SH SEE ALSO\n.BR custosd (8),\n.BR custos\\-policies (5),\n.BR custos\\-verify (1)\n");
}
