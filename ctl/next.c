#include "ctl/next.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/intl.h"
#include "ctl/out.h"
#include "wire/args.h"

#define MAX_WORDS  16
#define LINE_SIZE  256
#define SELF       "/proc/self/exe"

/* A command line that is being made of the step's. */
struct line {
	char *argv[MAX_WORDS + 3];
	size_t n;
};

static void line_done(struct line *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->argv[i]);
	}
}

static bool put(struct line *l, const char *text)
{
	if (l->n == MAX_WORDS || !(l->argv[l->n] = strdup(text))) {
		return false;
	}
	l->argv[++l->n] = NULL;
	return true;
}

/* The program, and where it finds the daemon. */
static bool begin(struct line *l, const struct args *a)
{
	char socket_option[LINE_SIZE];
	const char *path = args_text(a, "socket");

	*l = (struct line){ .n = 0 };
	if (!put(l, "custosctl")) {
		return false;
	}
	snprintf(socket_option, sizeof(socket_option), "--socket=%s", path ? path : "");
	return !path || put(l, socket_option);
}

static bool read_answer(const char *prompt, char answer[LINE_SIZE])
{
	fflush(stdout);
	fprintf(stderr, "%s: ", prompt);
	if (!fgets(answer, LINE_SIZE, stdin)) {
		return false;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	return *answer != '\0';
}

/* "--reason=<complexity or number>": what stands in <> is asked for; no answer ends it. */
static bool put_filled(struct line *l, const char *before, size_t nbefore, const char *asked)
{
	char word[2 * LINE_SIZE], answer[LINE_SIZE];

	if (!read_answer(asked, answer)) {
		return false;
	}
	snprintf(word, sizeof(word), "%.*s%s", (int)nbefore, before, answer);
	return put(l, word);
}

/* Words by blanks, but for those within <>. */
static bool put_words(struct line *l, const char *command)
{
	while (*command) {
		size_t n = strcspn(command, " <");
		char word[LINE_SIZE];

		if (command[n] == '<') {
			size_t nasked = strcspn(command + n + 1, ">");

			snprintf(word, sizeof(word), "%.*s", (int)nasked, command + n + 1);
			if (!put_filled(l, command, n, word)) {
				return false;
			}
			n += nasked + 2;
		} else {
			snprintf(word, sizeof(word), "%.*s", (int)n, command);
			if (!put(l, word)) {
				return false;
			}
		}
		command += n;
		command += strspn(command, " ");
	}
	return true;
}

/* 0 when it went well. */
static int run(struct line *l)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execv(SELF, l->argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		return -1;
	}
	return WEXITSTATUS(status);
}

/* In our place: the terminal stays with whoever shows the next step. */
static void show_again(const struct args *a)
{
	struct line l;

	fflush(stdout);
	if (begin(&l, a) && put(&l, "request") && put(&l, "next") && put(&l, args_text(a, "number"))) {
		execv(SELF, l.argv);
	}
	line_done(&l);
}

void next_offer(const struct args *a, const json_t *step)
{
	const char *command = out_str(step, "command");
	char answer[LINE_SIZE];
	struct line l;
	bool is_done;

	if (!*command || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		return;
	}
	out_line("%s", "");
	if (!read_answer(_("Do it now? 'yes', or Enter to leave it"), answer) ||
		(strcmp(answer, "yes") != 0 && strcmp(answer, _("yes")) != 0)) {
		return;
	}
	is_done = begin(&l, a) && put_words(&l, command) && run(&l) == 0;
	line_done(&l);
	if (is_done) {
		show_again(a);
	}
}
