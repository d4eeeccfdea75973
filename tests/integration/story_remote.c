/* People and applications that are not on the host: the account's command alone, and behind a real sshd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define ANNA "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Anna\"}}," \
	     "{\"collection\":\"contact_point\",\"fields\":{\"email\":\"anna@example.org\"}}]"

/* --- the account's command -------------------------------------------------------------- */

/* As sshd starts it: by a shell, with the line in SSH_ORIGINAL_COMMAND. */
static int ask(struct stage *st, const char *line, const char *input)
{
	char program[192], socket[192];
	const char *argv[] = { stage_program("custosctl", program), "remote", socket, NULL };
	struct run_options o = { .uid = stage_has_roles() ? stage_uid(AS_PRIVACY) : RUN_SAME_UID,
		.dir = st->files, .input = input, .ninput = input ? strlen(input) : 0 };

	snprintf(socket, sizeof(socket), "--socket=%s", st->socket);
	setenv("SSH_ORIGINAL_COMMAND", line, 1);
	ran_done(&st->last);
	run(&o, argv, &st->last);
	unsetenv("SSH_ORIGINAL_COMMAND");
	return st->last.status;
}

static void expect_refused(struct stage *st, const char *line, int status, const char *why)
{
	ask(st, line, "");
	if (st->last.status != status || !strstr(st->last.err, why)) {
		fail_msg("'%s' ended with %d and said: %s%s", line, st->last.status, st->last.err,
			st->last.out);
	}
	assert_int_equal(st->last.nout, 0);
}

static void a_line_is_cut_into_words_and_run(void **state)
{
	struct stage *st = *state;

	assert_int_equal(ask(st, "status", ""), 0);
	assert_non_null(strstr(st->last.out, "running"));
	assert_int_equal(ask(st, "  custosctl   'status' \"--json\" ", ""), 0);
	assert_int_equal(st->last.out[0], '{');
	assert_int_equal(ask(st, "help subject", ""), 0);
	assert_int_equal(ask(st, "subject search external-id --scheme='cr m; \"1\"' --purpose=customer_service",
				 "1\n"), 64); /* one word, and no key */
	assert_null(strstr(st->last.err, "no shell"));
}

static void personal_values_come_by_standard_input(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, ANNA, id);
	assert_int_equal(ask(st, "subject search email --purpose=customer_service", "anna@example.org\n"), 0);
	assert_non_null(strstr(st->last.out, id));
}

static void letters_come_in_and_a_dossier_goes_out_by_the_standard_streams(void **state)
{
	struct stage *st = *state;
	char id[33], line[160];

	stage_add_person(st, ANNA, id);
	assert_int_equal(ask(st, "request open access --received=2026-11-20 --channel=letter --from=-",
				 "Dear Sirs, what do you know about me?"), 0);
	snprintf(line, sizeof(line), "subject dossier %s - --purpose=access_request", id);
	assert_int_equal(ask(st, line, ""), 0);
	assert_memory_equal(st->last.out, "PK\3\4", 4); /* a ZIP, and nothing before it */
}

static void nothing_on_the_host_is_read_or_written(void **state)
{
	struct stage *st = *state;
	char line[320];

	expect_refused(st, "request open access --received=2026-11-20 --channel=letter --from=/etc/passwd", 77,
		"only '-'");
	snprintf(line, sizeof(line), "subject dossier 0123456789abcdef0123456789abcdef %s/out.zip "
				     "--purpose=access_request", st->files);
	expect_refused(st, line, 77, "only '-'");
	snprintf(line, sizeof(line), "%s/out.zip", st->files);
	assert_int_not_equal(access(line, F_OK), 0);
	expect_refused(st, "import - --map=/etc/passwd --purpose=customer_service", 77, "of the host");
	expect_refused(st, "policy check-files /etc", 77, "for the administrator");
	expect_refused(st, "status --socket=/run/other", 77, "--socket");
	expect_refused(st, "complete bash", 64, "");
	expect_refused(st, "remote", 64, "");
}

static void there_is_no_shell(void **state)
{
	static const char *const lines[] = { "status; id", "status && id", "status | less", "status > /tmp/x",
		"status `id`", "status $(id)", "status\nid", "help $HOME", "status < /etc/passwd" };
	struct stage *st = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		expect_refused(st, lines[i], 64, lines[i][6] == '\n' ? "custosctl" : "no shell");
	}
	expect_refused(st, "status 'x", 64, "quote");
	expect_refused(st, "/bin/sh", 64, "custosctl");
	expect_refused(st, "", 64, "which command");
}

/* --- a real sshd ------------------------------------------------------------------------- */

struct door {
	char dir[160], conf[192];
};

/* Accounts of this test alone: it lives in a mount namespace of its own, with other /etc/passwd. */
static void open_door(struct stage *st, struct door *door)
{
	char program[192];

	if (!stage_has_roles() || !run_has_program("ssh") || access("/usr/sbin/sshd", X_OK) != 0) {
		print_message("needs root, ssh and sshd\n");
		skip();
	}
	snprintf(door->dir, sizeof(door->dir), "%s/door", st->dir);
	snprintf(door->conf, sizeof(door->conf), "%s/sshd_config", door->dir);
	free(run_shell(
		"mkdir -m 755 '%s' '%s/keys' && cd '%s' && for k in host anna crm; do ssh-keygen -q -t ed25519 -N '' -f $k; done &&"
		"cp anna.pub keys/anna && cp crm.pub keys/crm && chmod 644 keys/* &&"
		"printf 'root:x:0:0::/:/bin/sh\\nsshd:x:%u:65534::/:/usr/sbin/nologin\\nanna:x:%u:%u::/nonexistent:/bin/sh\\n"
		"crm:x:%u:%u::/nonexistent:/bin/sh\\n' >passwd &&"
		"printf 'root:x:0:\\nanna:x:%u:\\ncrm:x:%u:\\ncustos-staff:x:29001:anna\\ncustos-apps:x:29002:crm\\nnogroup:x:65534:\\n' >group &&"
		"printf 'root:*:1::::::\\nsshd:*:1::::::\\nanna:*:1::::::\\ncrm:*:1::::::\\n' >shadow && chmod 600 shadow",
		door->dir, door->dir, door->dir, stage_uid(AS_STRANGER), stage_uid(AS_PRIVACY),
		stage_uid(AS_PRIVACY), stage_uid(AS_SUPPORT), stage_uid(AS_SUPPORT), stage_uid(AS_PRIVACY),
		stage_uid(AS_SUPPORT)));
	stage_program("custosctl", program);
	/* the shipped configuration, with the places of this test */
	free(run_shell("cd '%s' && { printf 'HostKey %%s/host\\nUsePAM no\\nStrictModes no\\nPidFile none\\nLogLevel ERROR\\n' '%s';"
		       "sed -e 's#/etc/ssh/custos-keys#%s/keys#' -e 's#/usr/bin/custosctl remote#%s remote --socket=%s#' "
		       "-e 's#/run/custos/custos.sock#%s#' '" SOURCE_DIR "/docs/examples/sshd_custos.conf'; } >sshd_config",
		door->dir, door->dir, door->dir, program, st->socket, st->socket));
	free(run_shell("cd '%s' && printf '#!/bin/sh\\nexec unshare -m sh -c '\\''cd \"%%s\"; mount --bind passwd /etc/passwd && "
		       "mount --bind group /etc/group && mount --bind shadow /etc/shadow && mount -t tmpfs none /run && "
		       "mkdir -m 755 /run/sshd && exec /usr/sbin/sshd -ie -f sshd_config'\\''\\n' '%s' >serve && chmod 755 serve",
		door->dir, door->dir));
}

/* ssh as this account; more options and the command in line. */
static void ssh_as(struct stage *st, const struct door *door, const char *user, const char *line,
	const char *input)
{
	char text[1024];
	struct run_options o = { .uid = RUN_SAME_UID, .dir = door->dir, .input = input,
		.ninput = input ? strlen(input) : 0 };

	snprintf(text, sizeof(text),
		"exec ssh -F none -i %s -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no "
		"-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ProxyCommand=./serve %s@custos %s",
		user, user, line);
	ran_done(&st->last);
	run(&o, (const char *const[]){ "/bin/sh", "-c", text, NULL }, &st->last);
}

static void can_mount(void)
{
	char *out = run_shell("unshare -m mount -t tmpfs none /run 2>/dev/null && echo yes || echo no");
	bool can = strcmp(out, "yes\n") == 0;

	free(out);
	if (!can) {
		print_message("needs a mount namespace of its own\n");
		skip();
	}
}

static void expect_in_log(struct stage *st, enum who who, const char *act)
{
	char actor[32];

	snprintf(actor, sizeof(actor), "--actor=%u", (unsigned)stage_uid(who));
	stage_ctl(st, AS_PRIVACY, "log", "query", actor);
	stage_expect(st, 0);
	if (!strstr(st->last.out, act)) {
		fail_msg("no %s of that uid in the log:\n%s", act, st->last.out);
	}
}

static void an_ssh_account_is_a_caller_with_its_own_uid(void **state)
{
	struct stage *st = *state;
	struct door door;
	char id[33];

	can_mount();
	open_door(st, &door);
	stage_add_person(st, ANNA, id);
	ssh_as(st, &door, "anna", "custosctl subject search email --purpose=customer_service",
		"anna@example.org\n");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, id));
	expect_in_log(st, AS_PRIVACY, "subject.search");

	ssh_as(st, &door, "anna", "sh -c id", "");
	stage_expect(st, 64);
	ssh_as(st, &door, "anna", "-s sftp", "");
	assert_int_not_equal(st->last.status, 0);
	ssh_as(st, &door, "anna", "-tt", "status\nexit\n\004");
	assert_non_null(strstr(st->last.out, "custos> "));
	assert_non_null(strstr(st->last.out, "running"));
}

static void a_socket_elsewhere_is_called_as_the_account_of_its_ssh(void **state)
{
	struct stage *st = *state;
	struct door door;
	char text[1024], program[192];
	struct run_options o = { .uid = RUN_SAME_UID };

	can_mount();
	open_door(st, &door);
	if (!run_has_program("socat")) {
		print_message("needs socat\n");
		skip();
	}
	o.dir = door.dir;
	stage_program("custosctl", program);
	/* the far end, as docs/remote.md has it: each connection is one of ssh */
	snprintf(text, sizeof(text),
		"socat UNIX-LISTEN:c.sock,fork,mode=600 \"EXEC:ssh -T -F none -i crm -o IdentitiesOnly=yes -o BatchMode=yes "
		"-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ProxyCommand=./serve crm@custos\" & "
		"pid=$!; for i in $(seq 200); do [ -S c.sock ] && break; sleep 0.05; done; echo nobody@example.org | "
		"%s --socket=./c.sock subject search email --purpose=customer_service; r=$?; kill $pid; exit $r", program);
	ran_done(&st->last);
	run(&o, (const char *const[]){ "/bin/sh", "-c", text, NULL }, &st->last);
	stage_expect(st, 66); /* it was answered: nobody has this address */
	expect_in_log(st, AS_SUPPORT, "subject.search");

	ssh_as(st, &door, "crm", "id", ""); /* this account is for nothing else */
	assert_null(strstr(st->last.out, "uid="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(a_line_is_cut_into_words_and_run),
		T(personal_values_come_by_standard_input),
		T(letters_come_in_and_a_dossier_goes_out_by_the_standard_streams),
		T(nothing_on_the_host_is_read_or_written),
		T(there_is_no_shell),
		T(an_ssh_account_is_a_caller_with_its_own_uid),
		T(a_socket_elsewhere_is_called_as_the_account_of_its_ssh),
#undef T
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("remote", tests, NULL, NULL);
}
