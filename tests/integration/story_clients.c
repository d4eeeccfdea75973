/* The clients of docs/examples/clients, each against a real custosd: what others copy works. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define MAIL "marketing_email"
#define SOMEBODY(name) "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"" name "\"}}]"
#define RECORD                                                                           \
	"[{\"collection\":\"need\",\"key\":\"k-7\",\"owner\":{\"scheme\":\"crm\",\"number\":\"7\"}," \
	"\"fields\":{\"topic\":\"屋顶\"}}]"

enum { PYTHON, C, SHELL, NCLIENTS };

static char programs[NCLIENTS][192], at_socket[192], at_ctl[224];

/* Where every uid can start them. */
static int up(void **state)
{
	struct stage *st;
	char ctl[192];

	stage_up(state);
	st = *state;
	free(run_shell("cp '%s' '%s/c'; cp '" SOURCE_DIR "/docs/examples/clients/custos.py' '" SOURCE_DIR
		       "/docs/examples/clients/custos.sh' '%s'; chmod 755 '%s'/c '%s'/custos.*",
		CLIENT_C, st->files, st->files, st->files, st->files));
	snprintf(programs[PYTHON], sizeof(programs[0]), "%s/custos.py", st->files);
	snprintf(programs[C], sizeof(programs[0]), "%s/c", st->files);
	snprintf(programs[SHELL], sizeof(programs[0]), "%s/custos.sh", st->files);
	snprintf(at_socket, sizeof(at_socket), "CUSTOS_SOCKET=%s", st->socket);
	snprintf(at_ctl, sizeof(at_ctl), "CUSTOSCTL=%s", stage_program("custosctl", ctl));
	return 0;
}

static struct job start(int client, int stdin_fd, const char *const words[])
{
	static const char *const interpreters[NCLIENTS] = { [PYTHON] = "/usr/bin/python3", [SHELL] = "/bin/sh" };
	const char *argv[10] = { "/usr/bin/env", at_socket, at_ctl };
	size_t n = 3;
	struct run_options o = { .uid = stage_has_roles() ? stage_uid(AS_PRIVACY) : RUN_SAME_UID,
		.dir = "/", .stdin_fd = stdin_fd };

	if (interpreters[client]) {
		argv[n++] = interpreters[client];
	}
	argv[n++] = programs[client];
	while (*words && n < 9) {
		argv[n++] = *words++;
	}
	argv[n] = NULL;
	return run_start(&o, argv);
}

#define ask(st, client, input, ...) \
	ask_words(st, client, input, (const char *const[]){ __VA_ARGS__, NULL })

static int ask_words(struct stage *st, int client, const char *input, const char *const words[])
{
	int ends[2];
	struct job job;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], input, strlen(input)), (ssize_t)strlen(input));
	close(ends[1]);
	job = start(client, ends[0], words);
	close(ends[0]);
	ran_done(&st->last);
	run_wait(&job, &st->last);
	return st->last.status;
}

static void expect_out(struct stage *st, int client, const char *want)
{
	if (strcmp(st->last.out, want) != 0) {
		fail_msg("%s said %s%s instead of %s", programs[client], st->last.out, st->last.err, want);
	}
}

static void put_two(struct stage *st, char yes[33], char no[33])
{
	stage_add_person(st, SOMEBODY("Ada"), yes);
	stage_add_person(st, SOMEBODY("Bob"), no);
	stage_ctl(st, AS_PRIVACY, "consent", "give", yes, "--purpose=" MAIL, "--method=checkbox",
		"--language=en");
	stage_expect(st, 0);
}

static void each_asks_for_many_and_is_answered_in_order(void **state)
{
	struct stage *st = *state;
	char yes[33], no[33], input[8192] = "", want[8192] = "";
	size_t n = 0, m = 0;

	put_two(st, yes, no);
	for (int i = 0; i < 100; i++) { /* more than are under way at once */
		const char *id = i % 3 == 0 ? yes : i % 3 == 1 ? no : "0123456789abcdef0123456789abcdef";

		n += (size_t)snprintf(input + n, sizeof(input) - n, "%s\n", id);
		m += (size_t)snprintf(want + m, sizeof(want) - m, "%s %s\n", id, id == yes ? "yes" : "no");
	}
	for (int client = 0; client < NCLIENTS; client++) {
		assert_int_equal(ask(st, client, input, "check", MAIL), 0);
		expect_out(st, client, want);
		assert_int_equal(ask(st, client, "", "check", MAIL), 0);
		expect_out(st, client, "");
	}
}

static void each_reads_a_record_by_its_key(void **state)
{
	struct stage *st = *state;

	stage_ctl_text(st, AS_PRIVACY, RECORD, "record", "put", "--purpose=" STAGE_PURPOSE, "--mode=new");
	stage_expect(st, 0);
	for (int client = 0; client < NCLIENTS; client++) {
		assert_int_equal(ask(st, client, "k-7\n", "record", STAGE_PURPOSE, "need"), 0);
		if (!strstr(st->last.out, "屋顶")) {
			fail_msg("%s said %s%s", programs[client], st->last.out, st->last.err);
		}
	}
}

static void each_says_why_not_and_ends_with_1(void **state)
{
	struct stage *st = *state;

	for (int client = 0; client < NCLIENTS; client++) {
		assert_int_equal(ask(st, client, "0123456789abcdef0123456789abcdef\n", "check", "nosuch"), 1);
		assert_int_equal(st->last.nout, 0);
		assert_true(st->last.nerr > 0);
		assert_int_equal(ask(st, client, "k-8\n", "record", STAGE_PURPOSE, "need"), 1);
		assert_true(st->last.nerr > 0);
		assert_null(strstr(st->last.err, "k-8"));
		assert_int_equal(ask(st, client, "", "nonsense"), 1);
	}
}

static bool has_said(const struct job *job, const char *text)
{
	char out[512] = "";

	return pread(job->out_fd, out, sizeof(out) - 1, 0) > 0 && strstr(out, text) != NULL;
}

static void each_comes_again_after_a_restart_of_custosd(void **state)
{
	struct stage *st = *state;
	struct job jobs[NCLIENTS];
	char yes[33], no[33], line[80], want[96];
	int ends[NCLIENTS][2];

	put_two(st, yes, no);
	snprintf(line, sizeof(line), "%s\n\n", yes);
	for (int i = 0; i < NCLIENTS; i++) {
		assert_int_equal(pipe2(ends[i], O_CLOEXEC), 0);
		jobs[i] = start(i, ends[i][0], (const char *const[]){ "check", MAIL, NULL });
		close(ends[i][0]);
		assert_int_equal(write(ends[i][1], line, strlen(line)), (ssize_t)strlen(line));
	}
	for (int i = 0; i < NCLIENTS; i++) {
		for (int k = 0; k < 400 && !has_said(&jobs[i], "yes\n"); k++) {
			run_sleep_ms(25);
		}
	}
	stage_stop(st);
	stage_start(st);
	snprintf(line, sizeof(line), "%s\n\n", no);
	snprintf(want, sizeof(want), "%s yes\n%s no\n", yes, no);
	for (int i = 0; i < NCLIENTS; i++) {
		assert_int_equal(write(ends[i][1], line, strlen(line)), (ssize_t)strlen(line));
		close(ends[i][1]);
		ran_done(&st->last);
		run_wait(&jobs[i], &st->last);
		expect_out(st, i, want);
		assert_int_equal(st->last.status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, up, stage_down)
		T(each_asks_for_many_and_is_answered_in_order),
		T(each_reads_a_record_by_its_key),
		T(each_says_why_not_and_ends_with_1),
		T(each_comes_again_after_a_restart_of_custosd),
#undef T
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("clients", tests, NULL, NULL);
}
