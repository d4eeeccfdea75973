#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "stage.h"

#define PASSPHRASE "correct horse battery staple\n"
#define WRONG      "correct horse battery stable\n"
#define RECORDS                                                                        \
	"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]"

static void expect_state(struct stage *st, const char *word)
{
	stage_ctl(st, AS_ADMIN, "status", "--json");
	stage_expect(st, 0);
	assert_string_equal(stage_reply_text(st, "state"), word);
}

static void unseal(struct stage *st, const char *passphrase, int status)
{
	stage_ctl_text(st, AS_ADMIN, passphrase, "unseal");
	stage_expect(st, status);
}

static void add_passphrase(struct stage *st)
{
	stage_ctl_text(st, AS_ADMIN, PASSPHRASE, "key", "add", "passphrase");
	stage_expect(st, 0);
}

static void expect_person(struct stage *st, const char id[33], int status)
{
	stage_ctl(st, AS_SUPPORT, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, status);
	if (status == 0) {
		assert_non_null(strstr(st->last.out, "Ada"));
	}
}

/* --- sealed and opened --------------------------------------------------------------- */

static void a_store_with_a_passphrase_starts_sealed_and_opens_by_it_alone(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_start(st);
	stage_ctl_text(st, AS_ADMIN, "too short\n", "init", st->identity, "--key=passphrase");
	stage_expect(st, 64);
	stage_ctl_text(st, AS_ADMIN, PASSPHRASE, "init", st->identity, "--key=passphrase");
	stage_expect(st, 0);
	stage_add_person(st, RECORDS, id);
	stage_stop(st);

	stage_start(st);
	expect_state(st, "sealed");
	expect_person(st, id, 69);
	assert_non_null(strstr(st->last.err, "custosctl unseal"));
	stage_ctl(st, AS_ADMIN, "key", "list");
	stage_expect(st, 69);
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "unseal", "--key=file");
	stage_expect(st, 66);

	unseal(st, WRONG, 81);
	assert_non_null(strstr(st->last.err, "the passphrase is wrong"));
	unseal(st, PASSPHRASE, 75); /* at once after a wrong one not even the right one */
	run_sleep_ms(1100);
	unseal(st, WRONG, 81);
	run_sleep_ms(1100);
	unseal(st, PASSPHRASE, 75); /* the second wait is longer */
	run_sleep_ms(1100);
	unseal(st, PASSPHRASE, 0);
	expect_state(st, "running");
	expect_person(st, id, 0);
	assert_int_equal(stage_count_leaves(st, "act=store.unseal"), 1);
	assert_false(stage_grep(st->dir, "horse"));
}

static void a_seal_refuses_everybody_until_it_is_opened(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, RECORDS, id);
	stage_ctl(st, AS_SUPPORT, "seal");
	stage_expect(st, 77);
	for (int i = 0; i < 3; i++) {
		stage_ctl(st, AS_ADMIN, "seal");
		stage_expect(st, 0);
		expect_state(st, "sealed");
		expect_person(st, id, 69);
		stage_ctl(st, AS_ADMIN, "seal");
		stage_expect(st, 69);
		stage_ctl(st, AS_ADMIN, "unseal", "--key=file");
		stage_expect(st, 0);
		expect_person(st, id, 0);
	}
	stage_ctl(st, AS_ADMIN, "unseal", "--key=file");
	stage_expect(st, 73);
	assert_int_equal(stage_count_leaves(st, "act=store.seal"), 3);
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
}

/* --- sources ------------------------------------------------------------------------- */

static void sources_come_and_go_but_the_last_one_stays(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "key", "remove", "file");
	stage_expect(st, 75);
	stage_ctl(st, AS_ADMIN, "key", "add", "file");
	stage_expect(st, 73);
	stage_ctl(st, AS_ADMIN, "key", "add", "credential");
	stage_expect(st, 66);
	add_passphrase(st);
	stage_ctl(st, AS_ADMIN, "key", "remove", "file");
	stage_expect(st, 0);
	free(run_shell("test ! -e '%s'/keys/1/root.key -a ! -e '%s'/keys/1/file.wrap", st->state,
		st->state));
	stage_ctl(st, AS_ADMIN, "key", "remove", "passphrase");
	stage_expect(st, 75);
	stage_stop(st);

	stage_start(st);
	expect_state(st, "sealed");
	unseal(st, PASSPHRASE, 0);
	stage_ctl(st, AS_ADMIN, "key", "add", "file");
	stage_expect(st, 0);
	stage_stop(st);
	stage_start(st);
	expect_state(st, "running");
}

/* --- rotation ------------------------------------------------------------------------ */

static void a_rotation_takes_every_source_along(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, RECORDS, id);
	add_passphrase(st);
	free(run_shell("cp -a '%s'/keys '%s'/keys.before", st->state, st->dir));
	stage_ctl(st, AS_ADMIN, "key", "rotate");
	stage_expect(st, 64);
	stage_ctl_text(st, AS_ADMIN, WRONG, "key", "rotate", "--key=passphrase");
	stage_expect(st, 81);
	run_sleep_ms(1100);
	stage_ctl_text(st, AS_ADMIN, PASSPHRASE, "key", "rotate", "--key=passphrase");
	stage_expect(st, 0);
	expect_person(st, id, 0);
	stage_stop(st);
	free(run_shell("test ! -e '%s'/keys/1 -a -e '%s'/keys/2/passphrase.wrap", st->state,
		st->state));

	stage_start(st);
	expect_person(st, id, 0);
	stage_ctl(st, AS_ADMIN, "seal");
	stage_expect(st, 0);
	unseal(st, PASSPHRASE, 0);
	expect_person(st, id, 0);
	stage_stop(st);

	/* who copied keys/ before opens nothing now, with the key file nor the passphrase */
	free(run_shell("mv '%s'/keys '%s'/keys.after && cp -a '%s'/keys.before '%s'/keys",
		st->state, st->dir, st->dir, st->state));
	assert_int_equal(stage_custosd(st, (const char *const[]){ "--state", st->state, "--policies",
		st->policies, "--socket", st->socket, NULL }), 81);
	free(run_shell("rm -r '%s'/keys && mv '%s'/keys.after '%s'/keys", st->state, st->dir,
		st->state));
	stage_start(st);
	expect_person(st, id, 0);
}

static void a_rotation_of_the_epoch_key_makes_a_new_generation(void **state)
{
	struct stage *st = *state;
	char id[33];
	int64_t before, after;

	stage_add_person(st, RECORDS, id);
	stage_ctl(st, AS_ADMIN, "status", "--json");
	before = json_integer_value(json_object_get(stage_reply(st), "vault_generation"));
	stage_ctl(st, AS_ADMIN, "key", "rotate", "--epoch", "--json");
	stage_expect(st, 0);
	after = json_integer_value(json_object_get(stage_reply(st), "vault_generation"));
	assert_int_equal(after, before + 1);
	expect_person(st, id, 0);
	stage_stop(st);
	stage_start(st);
	expect_person(st, id, 0);
}

/* A rotation that ended before the roots, and one that ended behind them. */
static void a_start_takes_the_ring_that_opens_the_vault(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, RECORDS, id);
	stage_stop(st);
	free(run_shell("cp -a '%s'/keys/1 '%s'/old", st->state, st->dir));
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "key", "rotate");
	stage_expect(st, 0);
	stage_stop(st);

	free(run_shell("cp -a '%s'/old '%s'/keys/1", st->dir, st->state));
	stage_start(st);
	expect_person(st, id, 0);
	free(run_shell("test ! -e '%s'/keys/1 -a -e '%s'/keys/2", st->state, st->state));
	stage_stop(st);

	free(run_shell("cp -a '%s'/old '%s'/keys/3; rm '%s'/keys/3/log.key", st->dir, st->state,
		st->state));
	stage_start(st);
	expect_person(st, id, 0);
	free(run_shell("test ! -e '%s'/keys/3 -a -e '%s'/keys/2", st->state, st->state));
}

static bool shows_what_is_typed(int terminal)
{
	struct termios now;

	assert_int_equal(tcgetattr(terminal, &now), 0);
	return (now.c_lflag & ECHO) != 0;
}

static void ctrl_c_at_a_passphrase_leaves_a_terminal_that_shows_what_is_typed(void **state)
{
	struct stage *st = *state;
	char option[192];
	int master, slave, status;
	pid_t pid;

	snprintf(option, sizeof(option), "--socket=%s", st->socket);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_true(shows_what_is_typed(slave));
	pid = fork();
	if (pid == 0) {
		close(master);
		login_tty(slave);
		execl(CUSTOSCTL, "custosctl", option, "unseal", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 300 && shows_what_is_typed(slave); i++) {
		run_sleep_ms(100);
	}
	assert_false(shows_what_is_typed(slave));
	assert_int_equal(write(master, "\x03", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_true(shows_what_is_typed(slave));
	close(slave);
	close(master);
}

/* --- the identity -------------------------------------------------------------------- */

static void init_and_die(struct stage *st, int us)
{
	const char *const args[] = { "init", st->identity, NULL };
	struct job ctl;
	struct stat file;
	struct ran ran;

	stage_start(st);
	ctl = stage_ctl_start(st, AS_ADMIN, 0, args);
	while (stat(st->identity, &file) < 0 || file.st_size == 0) {
		sched_yield();
	}
	usleep((useconds_t)us);
	stage_kill(st);
	run_wait(&ctl, &ran);
	assert_true(ran.status == 0 || strstr(ran.err, "is kept"));
	ran_done(&ran);
}

/* custosd ends when it has handed out the identity: the store is made, or it is not. */
static void whoever_made_a_store_has_what_opens_its_backups(void **state)
{
	struct stage *st = *state;

	for (int us = 0; us <= 20000; us += us < 4000 ? 1000 : 4000) {
		init_and_die(st, us);
		assert_int_equal(access(st->identity, R_OK), 0);
		stage_start(st);
		stage_ctl(st, AS_ADMIN, "status", "--json");
		stage_expect(st, 0);
		if (strcmp(stage_reply_text(st, "state"), "running") != 0) {
			assert_int_equal(unlink(st->identity), 0);
			stage_ctl(st, AS_ADMIN, "init", st->identity);
			stage_expect(st, 0);
		}
		stage_ctl(st, AS_ADMIN, "backup", "run");
		stage_expect(st, 0);
		stage_ctl(st, AS_ADMIN, "drill", "run", "--identity", st->identity);
		stage_expect(st, 0);
		stage_stop(st);
		free(run_shell("rm -rf '%s'/* '%s'/* '%s'", st->state, st->repo, st->identity));
	}
}

#define on_a_store(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_store_with_a_passphrase_starts_sealed_and_opens_by_it_alone,
			stage_up_bare, stage_down),
		cmocka_unit_test_setup_teardown(whoever_made_a_store_has_what_opens_its_backups, stage_up_bare,
			stage_down),
		on_a_store(a_seal_refuses_everybody_until_it_is_opened),
		on_a_store(sources_come_and_go_but_the_last_one_stays),
		on_a_store(a_rotation_takes_every_source_along),
		on_a_store(a_rotation_of_the_epoch_key_makes_a_new_generation),
		on_a_store(a_start_takes_the_ring_that_opens_the_vault),
		on_a_store(
			ctrl_c_at_a_passphrase_leaves_a_terminal_that_shows_what_is_typed),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
