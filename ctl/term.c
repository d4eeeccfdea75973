#include "ctl/term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/args.h"

static struct {
	bool is_tty, has_color;
	int width;
	pid_t pager; /* 0: none */
} term;

static bool wants_color(const struct args *a)
{
	const char *when = args_text(a, "color"), *no = getenv("NO_COLOR"), *name = getenv("TERM");

	if (when && strcmp(when, "auto") != 0) {
		return strcmp(when, "always") == 0;
	}
	return term.is_tty && !(no && *no) && name && *name && strcmp(name, "dumb") != 0;
}

void term_init(const struct args *a)
{
	struct winsize size;

	term.is_tty = isatty(STDOUT_FILENO);
	term.has_color = wants_color(a);
	term.width = term.is_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool term_is_tty(void)
{
	return term.is_tty;
}

bool term_has_color(void)
{
	return term.has_color;
}

int term_width(void)
{
	return term.width;
}

const char *term_ellipsis(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\xe2\x80\xa6" : "~";
}

void term_begin(enum term_style style)
{
	static const char *const sequences[] = { [TERM_STRONG] = "\033[1m", [TERM_FAINT] = "\033[2m",
		[TERM_GOOD] = "\033[32m", [TERM_WARN] = "\033[33m", [TERM_BAD] = "\033[1;31m" };

	if (term.has_color) {
		fputs(sequences[style], stdout);
	}
}

void term_end(void)
{
	if (term.has_color) {
		fputs("\033[0m", stdout);
	}
}

/* --- the pager --------------------------------------------------------------------- */

/* By the last word of the command, or the only one. */
static bool may_be_long(const struct args *a)
{
	static const char *const words[] = { "list", "show", "query", "plan", "aggregates", "ropa", "notice",
		"compliance", "register", "scope", "stale", "get", "search", "help", "check", "doctor" };
	const char *last = strrchr(args_command(a)->words, ' ');

	last = last ? last + 1 : args_command(a)->words;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(last, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* NULL: none. */
static const char *pager_of(const struct args *a)
{
	const char *name = getenv("CUSTOS_PAGER");

	if (!term.is_tty || args_is_set(a, "json") || args_is_set(a, "no-pager") || !may_be_long(a)) {
		return NULL;
	}
	name = name ? name : getenv("PAGER");
	name = name ? name : "less";
	return *name && strcmp(name, "cat") != 0 ? name : NULL;
}

/* It shows what people are called: no shell out of it, and no memory of what was looked for. */
static void become_pager(const char *name, int from, int failure)
{
	setenv("LESS", "FRX", 0);
	setenv("LESSCHARSET", "utf-8", 0);
	setenv("LESSSECURE", "1", 1);
	setenv("LESSHISTFILE", "-", 1);
	if (dup2(from, STDIN_FILENO) == STDIN_FILENO) {
		if (strcmp(name, "less") == 0) {
			execlp("less", "less", (char *)NULL);
		} else {
			execl("/bin/sh", "sh", "-c", name, (char *)NULL);
		}
	}
	(void)!write(failure, "x", 1);
	_exit(127);
}

/* True: it runs, and reads what is written to *ret_fd. */
static bool start_pager(const char *name, int *ret_fd)
{
	int pipe_fd[2], failure[2];
	char c;
	bool runs;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0) {
		return false;
	}
	if (pipe2(failure, O_CLOEXEC) < 0) {
		close(pipe_fd[0]);
		close(pipe_fd[1]);
		return false;
	}
	term.pager = fork();
	if (term.pager == 0) {
		become_pager(name, pipe_fd[0], failure[1]);
	}
	close(pipe_fd[0]);
	close(failure[1]);
	runs = term.pager > 0 && read(failure[0], &c, 1) == 0; /* closed by a program that began */
	close(failure[0]);
	*ret_fd = pipe_fd[1];
	return runs;
}

void term_page(const struct args *a)
{
	const char *name = term.pager == 0 ? pager_of(a) : NULL;
	int fd = -1;

	if (!name) {
		return;
	}
	fflush(stdout);
	if (start_pager(name, &fd)) {
		dup2(fd, STDOUT_FILENO);
		signal(SIGPIPE, SIG_IGN); /* somebody has seen enough */
		signal(SIGINT, SIG_IGN);  /* the pager's */
	} else if (term.pager > 0) {
		waitpid(term.pager, NULL, 0);
		term.pager = -1; /* there is none: it is printed as it is */
	}
	if (fd >= 0) {
		close(fd);
	}
}

void term_page_end(void)
{
	int null;

	if (term.pager <= 0) {
		return;
	}
	(void)fflush(stdout);
	clearerr(stdout); /* what was left unread is no failure */
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO); /* the pipe ends */
		close(null);
	}
	while (waitpid(term.pager, NULL, 0) < 0 && errno == EINTR) {
	}
	term.pager = 0;
}
