/* A target that custosd does not write itself: through custos-agent, by the plugin directory. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define SOMEBODY "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]"
#define WAIT_MS 20000

/* --- support ----------------------------------------------------------------------------- */

static void expect_text(const char *text, const char *with)
{
	if (!strstr(text, with)) {
		fail_msg("there is no \"%s\" in: %s", with, text);
	}
}

static void expect_in(struct stage *st, const char *command)
{
	char *text = run_shell("cd '%s/nas' && %s", st->files, command);

	if (strcmp(text, "") == 0) {
		fail_msg("nothing came of: %s", command);
	}
	free(text);
}

/* What an administrator does once: a directory of the agent's user, with the word in it. */
static void make_nas(struct stage *st)
{
	free(run_shell("mkdir '%s/nas' && echo vault-nas > '%s/nas/custos-target' && "
		"{ [ $(id -u) != 0 ] || chown -R %u '%s/nas'; }", st->files, st->files,
		(unsigned)stage_uid(AS_DAEMON), st->files));
}

/* The far one is named first: the other must not wait for it. */
static void use_targets(struct stage *st)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"vault_bound: 7d\ndrill_window: 7d\ntargets:\n"
		"  - {target: nas, kind: agent, plugin: directory,"
		" settings: {path: %s/nas, marker: vault-nas}}\n"
		"  - {target: local, kind: directory, path: %s}\n",
		st->files, st->repo);
	stage_policy(st, "backup.yaml", text);
}

static int with_nas(void **state)
{
	struct stage *st;

	if (stage_up(state) < 0) {
		return -1;
	}
	st = *state;
	stage_stop(st);
	make_nas(st);
	free(run_shell("chmod 644 '%s'", st->identity));
	use_targets(st);
	stage_start(st);
	return 0;
}

static void unmount(struct stage *st)
{
	free(run_shell("cd '%s' && mv nas nas.away && mkdir nas && chmod 777 nas", st->files));
}

static void mount_again(struct stage *st)
{
	free(run_shell("cd '%s' && rm -r nas && mv nas.away nas", st->files));
}

static void back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static pid_t agent_pid(struct stage *st)
{
	pid_t pid = 0;

	for (int ms = 0; pid == 0; ms += 50) {
		if (ms > WAIT_MS) {
			fail_msg("no agent:\n%s", stage_daemon_log(st));
		}
		stage_ctl(st, AS_ADMIN, "agent", "status", "--json");
		stage_expect(st, 0);
		pid = (pid_t)json_integer_value(json_object_get(stage_reply(st), "pid"));
		if (pid == 0) {
			run_sleep_ms(50);
		}
	}
	return pid;
}

static const json_t *backups_at(struct stage *st, const char *option)
{
	stage_ctl(st, AS_ADMIN, "--json", "backup", "list", option);
	stage_expect(st, 0);
	return json_object_get(stage_reply(st), "backups");
}

static bool newest_is_vault_only(struct stage *st, const char *option)
{
	const json_t *list = backups_at(st, option);

	return json_is_true(json_object_get(
		json_array_get(list, json_array_size(list) - 1), "is_vault_only"));
}

/* --- stories ----------------------------------------------------------------------------- */

static void what_lies_there_is_an_ordinary_repository(void **state)
{
	struct stage *st = *state;
	char id[33], from[256], to[256], identity[256];

	stage_add_person(st, SOMEBODY, id);
	back_up(st);
	back_up(st);
	expect_in(st, "ls manifest/0000000002 manifest/0000000002.minisig log/checkpoint open_backup.py");
	stage_ctl(st, AS_ADMIN, "backup", "check", "--target=nas", "--read-data");
	stage_expect(st, 0);
	assert_int_equal(json_array_size(backups_at(st, "--target=nas")), 2);
	stage_stop(st);

	/* custosd is gone, and so is the first target: its directory is enough */
	free(run_shell("rm -r '%s'", st->repo));
	snprintf(from, sizeof(from), "--from=%s/nas", st->files);
	snprintf(to, sizeof(to), "--to=%s/elsewhere", st->files);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	stage_restore(st, from, to, identity);
	stage_expect(st, 0);
	stage_use_state(st, to + strlen("--to="));
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	expect_text(st->last.out, "Ada");
}

static void an_erasure_is_confirmed_at_both_and_old_keys_are_deleted_there(void **state)
{
	struct stage *st = *state;
	char id[33], other[33];

	stage_add_person(st, SOMEBODY, id);
	stage_add_person(st, SOMEBODY, other);
	back_up(st);
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	assert_true(newest_is_vault_only(st, "--target=nas"));
	assert_true(newest_is_vault_only(st, "--target=local"));
	expect_in(st, "test $(ls vault | wc -l) = 2 && echo two");

	stage_stop(st);
	st->options[0] = "--clock-ahead-ms=691200000"; /* eight days */
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "backup", "prune", "--target=nas");
	stage_expect(st, 0);
	expect_in(st, "test $(ls vault | wc -l) = 1 && echo one");
	stage_ctl(st, AS_ADMIN, "backup", "check", "--target=nas", "--read-data");
	stage_expect(st, 0);
}

static void what_is_not_mounted_is_left_alone_and_catches_up_by_itself(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	back_up(st);
	unmount(st);

	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 84);
	expect_text(st->last.err, "target nas");
	expect_text(st->last.err, "custos-target is not in it: mount what belongs there");
	expect_in(st, "test -z \"$(ls -A)\" && echo empty");
	assert_int_equal(json_array_size(backups_at(st, "--target=local")), 2); /* that went on */
	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "Target nas cannot be used");
	stage_ctl(st, AS_ADMIN, "agent", "status");
	expect_text(st->last.out, "! nas: ");
	expect_text(st->last.out, "mount what belongs there");

	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 75);
	assert_true(newest_is_vault_only(st, "--target=local"));
	expect_in(st, "test -z \"$(ls -A)\" && echo empty");

	mount_again(st);
	stage_kill(st);
	stage_start(st);
	for (int ms = 0; !newest_is_vault_only(st, "--target=nas"); ms += 100) {
		if (ms > WAIT_MS) {
			fail_msg("nas got nothing:\n%s", stage_daemon_log(st));
		}
		run_sleep_ms(100);
	}
	back_up(st);
	stage_ctl(st, AS_ADMIN, "status");
	assert_null(strstr(st->last.out, "Target nas cannot be used"));
}

/* What a confined process may reach was said before: another one is asked. */
static void what_was_mounted_later_is_reached_without_a_restart_of_custosd(void **state)
{
	struct stage *st = *state;

	unmount(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 84);
	mount_again(st);
	back_up(st);
	assert_int_equal(json_array_size(backups_at(st, "--target=nas")), 1);
}

static void another_directory_is_refused(void **state)
{
	struct stage *st = *state;

	free(run_shell("echo another > '%s/nas/custos-target'", st->files));
	stage_ctl(st, AS_ADMIN, "backup", "run", "--target=nas");
	stage_expect(st, 84);
	expect_text(st->last.err, "it is another directory");
	expect_in(st, "test $(ls -A | wc -l) = 1 && echo nothing");
}

static void an_agent_that_is_killed_half_way_leaves_nothing_that_counts(void **state)
{
	struct stage *st = *state;
	unsigned done = 0;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	for (int i = 0; i < 6; i++) {
		struct job ctl;
		struct ran r;
		pid_t pid = agent_pid(st);

		ctl = stage_ctl_start(st, AS_ADMIN, 0,
			(const char *const[]){ "backup", "run", "--target=nas", NULL });
		run_sleep_ms(60 + 60 * i);
		kill(pid, SIGKILL);
		run_wait(&ctl, &r);
		done += r.status == 0;
		if (r.status != 0) {
			assert_int_equal(r.status, 84);
			expect_text(r.err, "target nas");
		}
		ran_done(&r);
	}
	back_up(st);
	stage_ctl(st, AS_ADMIN, "backup", "check", "--target=nas", "--read-data");
	stage_expect(st, 0);
	assert_true(json_array_size(backups_at(st, "--target=nas")) > done);
	expect_in(st, "test -z \"$(find . -name .new)\" && echo none");
}

static void drills_and_the_look_for_the_erased_work_on_a_copy(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], erasure[33], identity[256];

	stage_add_person(st, SOMEBODY, id);
	stage_add_person(st, SOMEBODY, other);
	back_up(st);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--target=nas");
	stage_expect(st, 0);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--target=nas", identity);
	stage_expect(st, 0);
	stage_erase(st, "--json", "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	snprintf(erasure, sizeof(erasure), "%s",
		json_string_value(json_object_get(json_object_get(stage_reply(st), "result"), "erasure")));
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "erase", "verify", erasure, "--target=nas", identity);
	stage_expect(st, 65); /* the bound of the older vault object has not passed */
	expect_text(st->last.out, "nas");
	free(run_shell("test -z \"$(ls -A '%s/far.tmp' 2>/dev/null)\"", st->state));

	/* a byte that is not as it was is found */
	free(run_shell("cd '%s/nas' && f=$(ls data/*/* | head -1) && printf X | "
		"dd of=$f bs=1 seek=200 conv=notrunc 2>/dev/null", st->files));
	stage_ctl(st, AS_ADMIN, "drill", "run", "--target=nas", "--level=1");
	stage_expect(st, 65);
}

static void a_store_that_was_rolled_back_is_noticed_by_what_lies_there(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	back_up(st);
	stage_stop(st);
	free(run_shell("cp -a '%s' '%s.old'", st->state, st->state));
	stage_start(st);
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	stage_stop(st);
	free(run_shell("rm -r '%s' '%s' && mv '%s.old' '%s'", st->repo, st->state, st->state, st->state));
	stage_start(st);
	for (int ms = 0;; ms += 100) {
		stage_ctl(st, AS_ADMIN, "status");
		if (strstr(st->last.out, "QUARANTINE")) {
			break;
		}
		if (ms > WAIT_MS) {
			fail_msg("no quarantine:\n%s", stage_daemon_log(st));
		}
		run_sleep_ms(100);
	}
	expect_text(st->last.out, "Target nas proves it");
}

static void backup_yaml_says_what_a_target_lacks(void **state)
{
	struct stage *st = *state;

	stage_policy(st, "backup.yaml",
		"targets:\n  - {target: a, kind: agent}\n  - {target: b, kind: agent, plugin: p, path: /x}\n"
		"  - {target: c, kind: directory}\n  - {target: d, kind: directory, path: /y, plugin: p}\n"
		"  - {target: e, kind: agent, plugin: p, settings: {path: [x]}}\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 65);
	expect_text(st->last.out, "backup.yaml:2: plugin: is missing");
	expect_text(st->last.out, "backup.yaml:3: path: is not for this kind: it is one of 'settings'");
	expect_text(st->last.out, "backup.yaml:4: path: is missing");
	expect_text(st->last.out, "backup.yaml:5: plugin: is not for this kind");
	expect_text(st->last.out, "backup.yaml:6: settings: each is one text");
}

static void a_plugin_that_keeps_no_backups_says_so(void **state)
{
	struct stage *st = *state;

	stage_stop(st);
	stage_policy(st, "backup.yaml", "targets:\n  - {target: hole, kind: agent, plugin: null}\n");
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 84);
	expect_text(st->last.err, "the plugin null keeps no backups");
}

#define story(f) cmocka_unit_test_setup_teardown(f, with_nas, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		story(what_lies_there_is_an_ordinary_repository),
		story(an_erasure_is_confirmed_at_both_and_old_keys_are_deleted_there),
		story(what_is_not_mounted_is_left_alone_and_catches_up_by_itself),
		story(what_was_mounted_later_is_reached_without_a_restart_of_custosd),
		story(another_directory_is_refused),
		story(an_agent_that_is_killed_half_way_leaves_nothing_that_counts),
		story(drills_and_the_look_for_the_erased_work_on_a_copy),
		story(a_store_that_was_rolled_back_is_noticed_by_what_lies_there),
		cmocka_unit_test_setup_teardown(backup_yaml_says_what_a_target_lacks, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(a_plugin_that_keeps_no_backups_says_so, stage_up, stage_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
