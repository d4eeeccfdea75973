/* What custos-dev holds is all that a plugin needs: one is built with it, outside of the tree, and run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "stage.h"

#define WAIT_MS 20000

/* Installs custos-dev below files/, and builds tests/plugin/pager.c with its example's Makefile, in a
 * directory that knows nothing else of ours.  Returns the directory of plugins. */
static char *build_pager(struct stage *st)
{
	return run_shell(
		"set -e; cd '%s'; root=$PWD/dev; DESTDIR=$root cmake --install '%s' --component dev >/dev/null; "
		"export PKG_CONFIG_SYSROOT_DIR=$root "
		"PKG_CONFIG_PATH=$(dirname \"$(find \"$root\" -name custos-plugin.pc)\"); "
		"mkdir apart; cd apart; cp '%s/tests/plugin/pager.c' .; "
		"find \"$root\" -path '*/custos-dev/examples/*' -exec cp '{}' . ';'; "
		"make -s install DESTDIR=\"$root\"; make -s install PLUGIN=pager DESTDIR=\"$root\" "
		"CFLAGS='-std=c11 -O2 -Wall -Wextra -Wpedantic -Werror'; "
		"chmod -R a+rX \"$root\"; dirname \"$(find \"$root\" -name pager.so)\"",
		st->files, BUILD_DIR, SOURCE_DIR);
}

static void use_pager(struct stage *st)
{
	const char *file = stage_text(st, "pages", "");
	char text[512];

	chmod(file, 0666);
	snprintf(text, sizeof(text),
		"routes:\n  - {route: alarms, plugin: pager, settings: {file: %s, word: ring}}\n"
		"  - {route: nowhere, plugin: 'null'}\n", file);
	stage_policy(st, "agent.yaml", text);
}

static void wait_for_agent(struct stage *st)
{
	for (int ms = 0;; ms += 50) {
		stage_ctl(st, AS_ADMIN, "agent", "status", "--json");
		stage_expect(st, 0);
		if (json_is_true(json_object_get(stage_reply(st), "connected"))) {
			return;
		}
		if (ms > WAIT_MS) {
			fail_msg("no agent:\n%s", stage_daemon_log(st));
		}
		run_sleep_ms(50);
	}
}

static void a_plugin_built_with_custos_dev_alone_sends_messages(void **state)
{
	struct stage *st = *state;
	char option[320], *plugins = build_pager(st), *pages;

	assert_non_null(strstr(plugins, "/custos/plugins"));
	snprintf(option, sizeof(option), "--plugins=%.*s", (int)strcspn(plugins, "\n"), plugins);
	free(plugins);
	st->options[0] = option;
	use_pager(st);
	stage_start(st);
	stage_init(st);
	wait_for_agent(st);
	stage_ctl(st, AS_ADMIN, "agent", "test", "alarms");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "has taken the test message"));
	pages = run_shell("cat '%s/pages'", st->files);
	assert_int_equal(strncmp(pages, "ring: ", 6), 0);
	free(pages);
	stage_ctl(st, AS_ADMIN, "agent", "test", "nowhere");
	stage_expect(st, 0);
	stage_stop(st);
	st->options[0] = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_plugin_built_with_custos_dev_alone_sends_messages,
			stage_up_bare, stage_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
