/* Completion as people meet it: live ids for those who may, silence without custosd, and real shells. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "base/clock.h"
#include "stage.h"

/* What completes these words, to be freed. */
static char *complete(struct stage *st, enum who who, const char *const words[])
{
	struct run_options o = { .uid = stage_has_roles() ? stage_uid(who) : RUN_SAME_UID };
	char path[192], option[192];
	const char *argv[16] = { stage_program("custosctl", path), "complete", "--", option };
	struct ran r;
	char *out;

	snprintf(option, sizeof(option), "--socket=%s", st->socket);
	for (size_t i = 0; words[i]; i++) {
		argv[4 + i] = words[i];
	}
	run(&o, argv, &r);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.err, "");
	out = strdup(r.out);
	ran_done(&r);
	return out;
}

static void expect(struct stage *st, enum who who, const char *expected, const char *const words[])
{
	char *out = complete(st, who, words);

	assert_string_equal(out, expected);
	free(out);
}

#define EXPECT(st, who, expected, ...) \
	expect(st, who, expected, (const char *const[]){ __VA_ARGS__, NULL })

static void open_request(struct stage *st)
{
	stage_ctl_text(st, AS_PRIVACY, "Please.\n", "request", "open", "access",
		"--received=2026-01-05", "--law=gdpr", "--channel=letter");
	stage_expect(st, 0);
}

static void ids_are_offered_to_those_who_may_see_the_list(void **state)
{
	struct stage *st = *state;
	char *out;

	open_request(st);
	EXPECT(st, AS_PRIVACY, "1\taccess\n", "request", "show", "");
	EXPECT(st, AS_PRIVACY, "--target=local\n", "backup", "run", "--target=");
	EXPECT(st, AS_PRIVACY, "", "subject", "get", "");
	out = complete(st, AS_PRIVACY, (const char *const[]){ "retention", "aggregates", "--collection=", NULL });
	assert_non_null(strstr(out, "--collection=profile\n"));
	free(out);
	out = complete(st, AS_PRIVACY, (const char *const[]){ "export", "x", "--purpose=", NULL });
	assert_non_null(strstr(out, "--purpose=" STAGE_PURPOSE "\n"));
	free(out);
}

static void whoever_may_not_is_offered_nothing_and_no_leaf_is_written(void **state)
{
	struct stage *st = *state;
	uint64_t size;

	if (!stage_has_roles()) {
		print_message("skipped: needs several users\n");
		skip();
	}
	open_request(st);
	size = stage_log_size(st);
	EXPECT(st, AS_SUPPORT, "", "request", "show", "");
	EXPECT(st, AS_SUPPORT, "", "hold", "show", "");
	EXPECT(st, AS_PRIVACY, "", "hold", "show", "");
	EXPECT(st, AS_PRIVACY, "1\taccess\n", "request", "show", "");
	EXPECT(st, AS_STRANGER, "", "request", "show", "");
	assert_int_equal(stage_log_size(st), size);
}

static void without_custosd_there_are_no_ids_and_no_delay(void **state)
{
	struct stage *st = *state;
	int64_t began = clock_monotonic_ms();

	EXPECT(st, AS_PRIVACY, "", "request", "show", "");
	EXPECT(st, AS_PRIVACY, "access\n", "request", "open", "acc");
	assert_true(clock_monotonic_ms() - began < 10000); /* of programs under sanitizers */
}

static void a_custosd_that_hangs_is_not_waited_for(void **state)
{
	struct stage *st = *state;
	int64_t began;

	assert_int_equal(kill(st->daemon, SIGSTOP), 0);
	began = clock_monotonic_ms();
	EXPECT(st, AS_PRIVACY, "", "request", "show", "");
	assert_true(clock_monotonic_ms() - began < 5000);
	assert_int_equal(kill(st->daemon, SIGCONT), 0);
}

/* --- shells -------------------------------------------------------------------------------- */

/* Reads from the terminal until it shows this; what it showed. */
static void wait_until_shown(int master, const char *what)
{
	static char text[16384];
	int64_t end = clock_monotonic_ms() + 20000;
	size_t n = 0;

	while (clock_monotonic_ms() < end && n < sizeof(text) - 1) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, 200) <= 0) {
			continue;
		}
		got = read(master, text + n, sizeof(text) - 1 - n);
		if (got <= 0) {
			break;
		}
		n += (size_t)got;
		text[n] = '\0';
		if (strstr(text, what)) {
			return;
		}
	}
	fail_msg("no '%s' in:\n%s", what, text);
}

static void type(int master, const char *keys)
{
	assert_int_equal(write(master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* What starts each shell, as its users have it but without their own settings, and what loads the script. */
struct shell {
	const char *argv[5], *load;
};

/* Says ready in two parts: the line itself is shown, too. */
static void start_shell(struct stage *st, const struct shell *sh, int *ret_master, pid_t *ret_pid)
{
	char path[192], line[1024];

	stage_program("custosctl", path);
	*strrchr(path, '/') = '\0';
	setenv("CUSTOS_SOCKET", st->socket, 1);
	*ret_pid = forkpty(ret_master, NULL, NULL, NULL);
	if (*ret_pid == 0) {
		char with[4096];

		snprintf(with, sizeof(with), "%s:%s", path, getenv("PATH"));
		setenv("PATH", with, 1);
		setenv("HOME", st->files, 1);
		setenv("XDG_CONFIG_HOME", st->files, 1);
		setenv("XDG_DATA_HOME", st->files, 1);
		setenv("TERM", "dumb", 1);
		setenv("PS1", "", 1);
		if (stage_has_roles() && setuid(stage_uid(AS_PRIVACY)) < 0) {
			_exit(126);
		}
		execvp(sh->argv[0], (char *const *)(uintptr_t)sh->argv);
		_exit(127);
	}
	unsetenv("CUSTOS_SOCKET");
	snprintf(line, sizeof(line), "%s; echo rea''dy\n", sh->load);
	type(*ret_master, line);
	wait_until_shown(*ret_master, "\nready\r\n");
}

static void complete_in(struct stage *st, const struct shell *sh)
{
	char rest[1024];
	int master, status;
	pid_t pid;

	if (!run_has_program(sh->argv[0])) {
		print_message("skipped: no %s\n", sh->argv[0]);
		skip();
	}
	open_request(st);
	start_shell(st, sh, &master, &pid);
	type(master, "custosctl req\t");
	wait_until_shown(master, "request ");
	type(master, "sh\t");
	wait_until_shown(master, "show ");
	type(master, "\t");
	wait_until_shown(master, "1 ");
	type(master, "\x15" "custosctl backup run --tar\t");
	wait_until_shown(master, "--target=");
	type(master, "\t");
	wait_until_shown(master, "local ");
	type(master, "\x15" "custosctl import /etc/hostn\t");
	wait_until_shown(master, "/etc/hostname");
	type(master, "\x15" "custosctl import x --map=/etc/hostn\t");
	wait_until_shown(master, "--map=/etc/hostname");
	type(master, "\x15" "exit\n");
	while (read(master, rest, sizeof(rest)) > 0) {
	}
	close(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void in_bash_tab_completes_commands_ids_values_and_files(void **state)
{
	static const struct shell bash = { { "bash", "--norc", "--noprofile", "-i" },
		"bind 'set enable-bracketed-paste off'; . " COMPLETION "/custosctl.bash" };

	complete_in(*state, &bash);
}

static void in_zsh_tab_completes_commands_ids_values_and_files(void **state)
{
	static const struct shell zsh = { { "zsh", "-f", "-i" },
		"PS1=; fpath=(" COMPLETION " $fpath); autoload -U compinit; compinit -u -D" };

	complete_in(*state, &zsh);
}

static void in_fish_tab_completes_commands_ids_values_and_files(void **state)
{
	static const struct shell fish = { { "fish", "--no-config", "-i" },
		"source " COMPLETION "/custosctl.fish" };

	complete_in(*state, &fish);
}

static void the_scripts_have_no_faults_of_syntax(void **state)
{
	static const char *const shells[][2] = { { "bash", "custosctl.bash" }, { "zsh", "_custosctl" },
		{ "fish", "custosctl.fish" } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		if (!run_has_program(shells[i][0])) {
			print_message("skipped: no %s\n", shells[i][0]);
			continue;
		}
		free(run_shell("%s -n %s/%s", shells[i][0], COMPLETION, shells[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(ids_are_offered_to_those_who_may_see_the_list),
		T(whoever_may_not_is_offered_nothing_and_no_leaf_is_written),
		cmocka_unit_test_setup_teardown(
			without_custosd_there_are_no_ids_and_no_delay, stage_up_bare, stage_down),
		T(a_custosd_that_hangs_is_not_waited_for),
		T(in_bash_tab_completes_commands_ids_values_and_files),
		T(in_zsh_tab_completes_commands_ids_values_and_files),
		T(in_fish_tab_completes_commands_ids_values_and_files),
		cmocka_unit_test(the_scripts_have_no_faults_of_syntax),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_complete", tests, NULL, NULL);
}
