#include "ctl/remote.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/intl.h"
#include "wire/args.h"

#define MARK      "CUSTOS_REMOTE"
#define MAX_WORDS 128
#define LINE_SIZE 8192

/* --- a line becomes words --------------------------------------------------------- */

/* In a shell these would mean something: whoever types them expects what does not happen here. */
#define MEANT_FOR_A_SHELL "|&;<>()$`\n"

struct cutter {
	const char *in;
	char *out; /* in the line itself: never ahead of in */
};

/* One word, to its end.  Within '' everything is itself; within "" and outside, what follows a \. */
static int cut_word(struct cutter *c, struct cu_err *err)
{
	char quote = '\0';

	for (; *c->in && (quote || !strchr(" \t\r\n", *c->in)); c->in++) {
		if (quote ? *c->in == quote : *c->in == '\'' || *c->in == '"') {
			quote = quote ? '\0' : *c->in;
		} else if (*c->in == '\\' && quote != '\'' && c->in[1]) {
			*c->out++ = *++c->in;
		} else if (!quote && strchr(MEANT_FOR_A_SHELL, *c->in)) {
			return cu_err_set(err, CU_EINVAL,
				"there is no shell here: |, &, ;, <, >, $ and the like go into quotes, and "
				"files into your own shell, as in: ssh HOST custosctl … > file");
		} else {
			*c->out++ = *c->in;
		}
	}
	return quote ? cu_err_set(err, CU_EINVAL, "a quote is not closed") : 0;
}

/* Cuts line in place.  How many words, or CU_EINVAL. */
static int cut_line(char *line, char *words[MAX_WORDS + 1], struct cu_err *err)
{
	struct cutter c = { line, line };
	int n = 0, r;

	for (;;) {
		bool is_last;

		c.in += strspn(c.in, " \t\r\n");
		if (!*c.in) {
			words[n] = NULL;
			return n;
		}
		if (n == MAX_WORDS) {
			return cu_err_set(err, CU_EINVAL, "more than %d words", MAX_WORDS);
		}
		words[n++] = c.out;
		r = cut_word(&c, err);
		if (r < 0) {
			return r;
		}
		is_last = !*c.in;
		c.in += !is_last;
		*c.out++ = '\0';
	}
}

/* --- what is not for people elsewhere ------------------------------------------------ */

bool remote_is_on(void)
{
	return getenv(MARK) != NULL;
}

static bool is_file(enum arg_type type)
{
	return type == ARG_PATH || type == ARG_INFILE || type == ARG_TEXTFILE || type == ARG_OUTFILE ||
		type == ARG_OWNFILE;
}

static int check_argument(const struct args *a, const struct arg *arg, struct cu_err *err)
{
	const char *value = is_file(arg->type) ? args_text(a, arg->name) : NULL;
	char label[ARG_LABEL_SIZE];

	if (!value || (strcmp(value, "-") == 0 && (arg->type == ARG_INFILE || arg->type == ARG_OUTFILE))) {
		return 0;
	}
	arg_label(arg, label);
	return arg->type == ARG_INFILE || arg->type == ARG_OUTFILE ?
		cu_err_set(err, CU_EDENIED,
			"%s: from elsewhere only '-', standard input or output: let your own shell open the file, "
			"as in: ssh HOST custosctl … < letter.txt, or > dossier.zip", label) :
		cu_err_set(err, CU_EDENIED, "%s: files of the host are for its administrator", label);
}

int remote_check(const struct args *a, struct cu_err *err)
{
	const struct command *c = args_command(a);
	struct arg_spec spec;
	int r = 0;

	if (args_is_set(a, "socket")) {
		return cu_err_set(err, CU_EDENIED, "--socket: the administrator has named it");
	}
	if (c->id != COMMAND_HELP && c->id != COMMAND_VERSION && c->access & ACCESS_LOCAL) {
		return cu_err_set(err, CU_EDENIED, "'%s' is for the administrator, on the host", c->words);
	}
	r = arg_spec_parse(c->arguments, &spec, err);
	for (size_t i = 0; r == 0 && i < spec.n; i++) {
		r = check_argument(a, &spec.args[i], err);
	}
	return r;
}

/* --- the account's command ------------------------------------------------------------ */

static int refuse(const struct cu_err *err)
{
	fprintf(stderr, "custosctl: %s\n", err->msg);
	return cu_err_exit_status(err->code);
}

/* Of the environment only what chooses words and colours: nothing else is heeded by whatever starts here. */
static void keep_little(const char *socket)
{
	static const char *const kept[] = { "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TERM",
		"NO_COLOR", "COLUMNS", "TZ" };
	char *values[sizeof(kept) / sizeof(kept[0])];

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = getenv(kept[i]);

		values[i] = value && !strchr(value, '/') ? strdup(value) : NULL;
	}
	(void)clearenv();
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (values[i]) {
			setenv(kept[i], values[i], 1);
		}
		free(values[i]);
	}
	setenv(MARK, "1", 1);
	setenv("LESSSECURE", "1", 1); /* should a pager ever be started */
	setenv("PATH", "/usr/bin:/bin", 1);
	if (socket) {
		setenv("CUSTOS_SOCKET", socket, 1);
	}
}

/* "custosctl status" is what people write who know it from the host. */
static int run_line(char *line, remote_run_fn *run)
{
	char *words[MAX_WORDS + 1];
	struct cu_err err;
	int n = cut_line(line, words, &err), skip;

	if (n < 0) {
		return refuse(&err);
	}
	skip = n > 0 && (strcmp(words[0], "custosctl") == 0 || strcmp(words[0], "/usr/bin/custosctl") == 0);
	return run(n - skip, words + skip);
}

/* A process for each: Ctrl-C ends the command, not the conversation. */
static void run_apart(char *line, remote_run_fn *run)
{
	pid_t pid = fork();

	if (pid == 0) {
		int status;

		signal(SIGINT, SIG_DFL);
		status = run_line(line, run);
		if (fflush(stdout) != 0) {
			status = cu_err_exit_status(CU_EIO);
		}
		_exit(status);
	}
	if (pid < 0) {
		fprintf(stderr, "custosctl: %s\n", strerror(errno));
		return;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		continue;
	}
}

static int converse(remote_run_fn *run)
{
	char line[LINE_SIZE];

	signal(SIGINT, SIG_IGN);
	setvbuf(stdin, NULL, _IONBF, 0); /* what is typed next may be for the command */
	fprintf(stderr, "%s", _("'help' lists the commands, Ctrl-D ends.\n"));
	for (;;) {
		fprintf(stderr, "custos> ");
		if (!fgets(line, sizeof(line), stdin)) {
			fprintf(stderr, "\n");
			return 0;
		}
		if (!strchr(line, '\n')) {
			fprintf(stderr, "%s", _("custosctl: this line is too long\n"));
			return cu_err_exit_status(CU_EINVAL);
		}
		if (strspn(line, " \t\r\n") != strlen(line)) {
			run_apart(line, run);
		}
	}
}

int remote(int argc, char *argv[], remote_run_fn *run)
{
	static const char option[] = "--socket=";
	const char *given = getenv("SSH_ORIGINAL_COMMAND"), *socket = NULL;
	char line[LINE_SIZE] = "";
	struct cu_err err;

	if (remote_is_on() || argc > 1 || (argc == 1 && strncmp(argv[0], option, sizeof(option) - 1) != 0)) {
		cu_err_set(&err, CU_EINVAL, "'custosctl remote [--socket=PATH]' is for sshd: see docs/remote.md");
		return refuse(&err);
	}
	socket = argc == 1 ? argv[0] + sizeof(option) - 1 : NULL;
	if (given && strlen(given) >= sizeof(line)) {
		cu_err_set(&err, CU_EINVAL, "this line is too long");
		return refuse(&err);
	}
	snprintf(line, sizeof(line), "%s", given ? given : "");
	keep_little(socket);
	if (*line) {
		return run_line(line, run);
	}
	if (!isatty(STDIN_FILENO)) {
		cu_err_set(&err, CU_EINVAL, "which command? As in: ssh HOST status. On a terminal: ssh -t HOST");
		return refuse(&err);
	}
	return converse(run);
}
