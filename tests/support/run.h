/*
 * run.h: run a program as somebody else, and keep all that it says.
 *
 * Standard output and error go to memory files, so that no program ever waits for the test.
 * Every function fails the running cmocka test when something outside the program goes wrong,
 * when it does not end in time, and when a sanitizer ended it.
 */
#ifndef CU_TESTS_RUN_H
#define CU_TESTS_RUN_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RUN_SAME_UID ((uid_t)-1)
#define RUN_TIMEOUT_MS 120000
#define RUN_SANITIZER_STATUS 99 /* of a program that a sanitizer ended */

struct job {
	pid_t pid;
	int out_fd, err_fd;
};

/* What it said, NUL-terminated, and its exit status, or 128 and the signal. */
struct ran {
	int status;
	char *out, *err;
	size_t nout, nerr;
};

struct run_options {
	uid_t uid;          /* RUN_SAME_UID: ours; else this one, the gid of the same number, no groups */
	const void *input;  /* for its standard input; NULL: none */
	size_t ninput;
	int stdin_fd;       /* instead of input, if above 0; borrowed */
	int err_fd;         /* for its standard error, if above 0; borrowed */
	bool is_session;    /* it leads a session of its own */
	const char *dir;    /* it starts there; NULL: here */
};

/* argv ends with NULL; argv[0] is a path, or is looked for in PATH. */
struct job run_start(const struct run_options *o, const char *const argv[]);
/* True: it has ended, ret is filled and job is over.  False after timeout_ms. */
bool run_try_wait(struct job *job, int timeout_ms, struct ran *ret);
void run_wait(struct job *job, struct ran *ret);
void ran_done(struct ran *r);

/* Both at once. */
void run(const struct run_options *o, const char *const argv[], struct ran *ret);

/* A shell line under our own uid, which must succeed; what it printed, to be freed. */
char *run_shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Can this program be started at all? */
bool run_has_program(const char *name);

/* Processes, zombies not counted, in the session that pid began. */
unsigned run_count_session(pid_t pid);
void run_kill_session(pid_t pid);

void run_sleep_ms(int ms);

#endif
