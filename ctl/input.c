#include "ctl/input.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/path.h"
#include "wire/args.h"
#include "wire/message.h"

#define MAX_INPUT (1u << 20)

#define LINE_SIZE 4096

static int get_line(const char *prompt, const struct arg *arg, char line[LINE_SIZE],
	struct cu_err *err)
{
	if (isatty(STDIN_FILENO)) {
		fprintf(stderr, "%s: ", prompt);
	}
	if (!fgets(line, LINE_SIZE, stdin)) {
		return cu_err_set(err, CU_EINVAL, _("%s: standard input holds no line"), arg->name);
	}
	line[strcspn(line, "\r\n")] = '\0';
	return 0;
}

static struct termios loud; /* as the terminal was */

/* Whoever ends us leaves a terminal that shows what is typed. */
static void on_end(int number)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &loud);
	raise(number); /* SA_RESETHAND: as if it had not been caught */
}

static void silence(bool is_silent)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction how = { .sa_handler = is_silent ? on_end : SIG_DFL,
		.sa_flags = (int)SA_RESETHAND };
	struct termios silent = loud;

	sigemptyset(&how.sa_mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], &how, NULL);
	}
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ECHONL;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, is_silent ? &silent : &loud);
}

/* On a terminal that shows nothing of it, and twice where a slip would lock people out. */
static int get_secret(const struct arg *arg, char line[LINE_SIZE], struct cu_err *err)
{
	char again[LINE_SIZE] = "";
	int r;

	if (tcgetattr(STDIN_FILENO, &loud) < 0) {
		return get_line(arg->name, arg, line, err);
	}
	silence(true);
	r = get_line(arg->name, arg, line, err);
	if (r == 0 && arg->type == ARG_NEWPASSPHRASE) {
		r = get_line(_("once more"), arg, again, err);
		if (r == 0 && strcmp(line, again) != 0) {
			r = cu_err_set(err, CU_EINVAL, _("%s: the two are not the same"), arg->name);
		}
	}
	silence(false);
	explicit_bzero(again, sizeof(again));
	return r;
}

static int read_line(struct args *a, const struct arg *arg, struct cu_err *err)
{
	char line[LINE_SIZE] = "";
	json_t *value;
	size_t n;
	int r;

	setvbuf(stdin, NULL, _IONBF, 0); /* so that no copy of it stays in a buffer of stdio */
	r = arg->type == ARG_PERSONAL ? get_line(arg->name, arg, line, err) :
					get_secret(arg, line, err);
	n = strlen(line);
	value = r == 0 ? json_stringn(line, n) : NULL;
	explicit_bzero(line, sizeof(line));
	if (r < 0) {
		return r;
	}
	if (!value || n == 0) {
		json_decref(value);
		return cu_err_set(err, CU_EINVAL, _("%s: expected a text in UTF-8"), arg->name);
	}
	return args_set_json(a, arg->name, value, err);
}

/* All of standard input, or of the file of --from. */
static int read_text(struct args *a, const struct arg *arg, const char *prompt,
	struct buf *text, struct cu_err *err)
{
	const char *from = args_text(a, "from");

	if (from && strcmp(from, "-") != 0) {
		return path_read_file(from, MAX_INPUT, text, err);
	}
	if (isatty(STDIN_FILENO)) {
		fprintf(stderr, "%s: %s\n", arg->name, prompt);
	}
	return path_read_fd(STDIN_FILENO, MAX_INPUT, text, err);
}

static int read_json(struct args *a, const struct arg *arg, struct cu_err *err)
{
	struct buf text = BUF_INIT_WIPE;
	json_error_t at;
	json_t *value;
	int r = read_text(a, arg, _("type JSON, then Ctrl-D"), &text, err);

	if (r == 0) {
		const char *from = args_text(a, "from");

		value = message_json((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &at);
		r = value ? args_set_json(a, arg->name, value, err) :
			    cu_err_set(err, CU_EINVAL, _("%s:%d:%d: %s: this is no JSON"),
				    from ? from : "-", at.line, at.column, arg->name);
	}
	buf_done(&text);
	return r;
}

static int read_letter(struct args *a, const struct arg *arg, struct cu_err *err)
{
	struct buf text = BUF_INIT_WIPE;
	json_t *value;
	int r = read_text(a, arg, _("type it, or what it says, then Ctrl-D"), &text, err);

	if (r == 0) {
		value = json_stringn((const char *)text.p, text.n);
		r = value ? args_set_json(a, arg->name, value, err) :
			    cu_err_set(err, CU_EINVAL, _("%s: expected a text in UTF-8"), arg->name);
	}
	buf_done(&text);
	return r;
}

/* The lines of a text that are not empty, as an array of strings: ids, looked at by custosd. */
static json_t *split_lines(const char *text, size_t n)
{
	json_t *all = json_array();

	for (size_t at = 0, next; all && at < n; at = next) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t len = end ? (size_t)(end - text) - at : n - at;

		next = at + len + 1;
		if (len > 0 && text[at + len - 1] == '\r') {
			len--;
		}
		if (len > 0 && json_array_append_new(all, json_stringn(text + at, len)) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static int read_lines(struct args *a, const struct arg *arg, struct cu_err *err)
{
	const char *from = args_text(a, "from");
	bool is_stdin = !from || strcmp(from, "-") == 0;
	struct buf text = BUF_INIT;
	json_t *value;
	int r;

	if (is_stdin && isatty(STDIN_FILENO)) {
		fprintf(stderr, _("%s: type one id a line, then Ctrl-D\n"), arg->name);
	}
	r = is_stdin ? path_read_fd(STDIN_FILENO, MAX_INPUT, &text, err) :
		       path_read_file(from, MAX_INPUT, &text, err);
	if (r == 0) {
		value = split_lines((const char *)text.p, text.n);
		r = value ? args_set_json(a, arg->name, value, err) :
			    cu_err_set(err, CU_EINVAL, _("%s: expected %s"), arg->name,
				    arg_expected(arg->type));
	}
	buf_done(&text);
	return r;
}

int input_read(struct args *a, struct cu_err *err)
{
	const struct arg *arg = args_needs_input(a);

	if (!arg) {
		return 0;
	}
	switch ((int)arg->type) {
	case ARG_RECORDS:
	case ARG_FIELDS: return read_json(a, arg, err);
	case ARG_SUBJECTS: return read_lines(a, arg, err);
	case ARG_LETTER: return read_letter(a, arg, err);
	default: return read_line(a, arg, err);
	}
}
