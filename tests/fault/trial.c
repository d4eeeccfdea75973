#include "trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

/* Its end: that is where the fault is. */
static void keep_what_it_said(int fd, struct trial *t)
{
	off_t size = lseek(fd, 0, SEEK_END), room = sizeof(t->said) - 1;
	ssize_t n = pread(fd, t->said, (size_t)room, size > room ? size - room : 0);

	t->said[n > 0 ? n : 0] = '\0';
	close(fd);
}

struct trial trial_run(void (*play)(void *ctx, struct trial *shared), void *ctx)
{
	struct trial *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		     result;
	int said = memfd_create("said", MFD_CLOEXEC), status;
	int64_t began = clock_monotonic_ms();
	pid_t pid;

	assert_true(shared != MAP_FAILED && said >= 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(said, STDERR_FILENO);
		play(ctx, shared);
		exit(0); /* and what stage.h has made goes */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	result = *shared;
	munmap(shared, sizeof(*shared));
	result.seconds = (double)(clock_monotonic_ms() - began) / 1000;
	result.is_skipped = WIFEXITED(status) && WEXITSTATUS(status) == TRIAL_SKIPPED;
	result.has_found = WIFEXITED(status) && WEXITSTATUS(status) == TRIAL_FOUND;
	result.is_broken = status != 0 && !result.is_skipped && !result.has_found;
	keep_what_it_said(said, &result);
	return result;
}

bool trial_is_right(const struct trial *t, bool must_find)
{
	return t->is_skipped || (!t->is_broken && t->has_found == must_find);
}

const char *trial_verdict(const struct trial *t, bool must_find)
{
	if (t->is_skipped || t->is_broken) {
		return t->is_skipped ? "skipped" : "BROKEN";
	}
	if (must_find) {
		return t->has_found ? "caught" : "NOT CAUGHT";
	}
	return t->has_found ? "FOUND" : "0";
}

void trial_print_said(const struct trial *t)
{
	if (t->said[0] && (t->is_skipped || t->is_broken || t->has_found)) {
		printf("        %s%s", t->said, t->said[strlen(t->said) - 1] == '\n' ? "" : "\n");
	}
	fflush(stdout);
}
