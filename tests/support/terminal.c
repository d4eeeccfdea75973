#include "terminal.h"

#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "base/clock.h"

#define PATIENCE_MS 20000

static void become(struct stage *st, enum who who, const char *variable, int in, const char *const args[])
{
	char path[192], option[192];
	const char *argv[48] = { stage_program("custosctl", path), option };

	snprintf(option, sizeof(option), "--socket=%s", st->socket);
	for (size_t i = 0; args[i] && i < 44; i++) {
		argv[2 + i] = args[i];
	}
	if (stage_has_roles() && (setgid(stage_uid(who)) < 0 || setuid(stage_uid(who)) < 0)) {
		_exit(126);
	}
	if (chdir(st->files) < 0 || (in > 0 && dup2(in, 0) < 0)) {
		_exit(126);
	}
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	unsetenv("PAGER");
	if (variable) {
		putenv(strdup(variable));
	}
	execv(path, (char *const *)(uintptr_t)argv);
	_exit(127);
}

struct terminal terminal_start(
	struct stage *st, enum who who, unsigned short columns, const char *variable, const char *const args[])
{
	return terminal_start_with(st, who, columns, variable, 0, args);
}

struct terminal terminal_start_with(struct stage *st, enum who who, unsigned short columns, const char *variable,
	int in, const char *const args[])
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	struct terminal t = { .shown = calloc(1, 1) };

	assert_non_null(t.shown);
	t.pid = forkpty(&t.master, NULL, NULL, &size);
	assert_true(t.pid >= 0);
	if (t.pid == 0) {
		become(st, who, variable, in, args);
	}
	return t;
}

/* False: the other end is gone. */
static bool take(struct terminal *t, int timeout_ms)
{
	struct pollfd p = { .fd = t->master, .events = POLLIN };
	char part[4096];
	ssize_t got;

	if (poll(&p, 1, timeout_ms) <= 0) {
		return true;
	}
	got = read(t->master, part, sizeof(part));
	if (got <= 0) {
		return false;
	}
	t->shown = realloc(t->shown, t->n + (size_t)got + 1);
	assert_non_null(t->shown);
	memcpy(t->shown + t->n, part, (size_t)got);
	t->n += (size_t)got;
	t->shown[t->n] = '\0';
	return true;
}

void terminal_wait(struct terminal *t, const char *what)
{
	int64_t end = clock_monotonic_ms() + PATIENCE_MS;
	size_t from = t->n;

	while (!strstr(t->shown + from, what)) {
		if (clock_monotonic_ms() > end || !take(t, 200)) {
			fail_msg("no '%s' in:\n%s", what, t->shown + from);
		}
	}
}

void terminal_type(struct terminal *t, const char *keys)
{
	assert_int_equal(write(t->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

int terminal_end(struct terminal *t)
{
	int64_t end = clock_monotonic_ms() + PATIENCE_MS;
	int status;

	while (take(t, 200)) {
		if (clock_monotonic_ms() > end) {
			fail_msg("it does not end:\n%s", t->shown);
		}
	}
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void terminal_done(struct terminal *t)
{
	close(t->master);
	free(t->shown);
}
