/* Whatever is killed in the middle of an import: the file again, and all is as if
 * nothing had been. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "stage.h"

#define PURPOSE "--purpose=" STAGE_PURPOSE

enum { NROWS = 2100, NPEOPLE = NROWS / 3, NKILLS = 3 };

/* Every row has a record named by its subject, one named by a column, and one named by
 * its content; of the last, some are alike. */
static const char map[] = "source: shop\n"
			  "subject: {kind: person, key: no}\n"
			  "records:\n"
			  "  - collection: profile\n"
			  "    fields: {full_name: name}\n"
			  "  - collection: order\n"
			  "    key: order\n"
			  "    fields: {number: order, date: date}\n"
			  "  - collection: transaction\n"
			  "    key: row\n"
			  "    fields: {date: date, amount: amount}\n";

static void write_file(struct stage *st)
{
	char *text = malloc(NROWS * 64 + 64), *at = text;

	at += sprintf(at, "no,name,order,date,amount\n");
	for (int i = 0; i < NROWS; i++) {
		at += sprintf(at, "%d,Somebody,o%d,2026-01-%02d,%d\n", i % NPEOPLE, i,
			i % NPEOPLE % 28 + 1, i % 2);
	}
	stage_text(st, "shop.csv", text);
	stage_text(st, "shop.yaml", map);
	free(text);
}

static struct job start_import(struct stage *st)
{
	char option[256];

	snprintf(option, sizeof(option), "--map=%s", stage_path(st, "shop.yaml"));
	return stage_ctl_start(st, AS_PRIVACY, 0,
		(const char *const[]){ "--json", "import", stage_path(st, "shop.csv"),
			option, PURPOSE, NULL });
}

static void import_whole(struct stage *st)
{
	struct job job = start_import(st);
	struct ran r;

	run_wait(&job, &r);
	assert_int_equal(r.status, 0);
	ran_done(&r);
}

/* What is known about everybody, without the ids and times that are drawn anew each
 * time: all fields, sorted. */
static char *everything(struct stage *st)
{
	const char *path = stage_path(st, "everything");

	stage_ctl(st, AS_PRIVACY, "export", path, PURPOSE);
	stage_expect(st, 0);
	return run_shell("python3 -c \"import json, sys\n"
			 "for line in open(sys.argv[1]):\n"
			 "    records = json.loads(line)['records']\n"
			 "    print(sorted([r['collection'], r['version'], "
			 "sorted(r['fields'].items())]\n"
			 "                 for r in records))\" '%s' | sort; rm '%s'",
		path, path);
}

/* Of all leaves of this act: the sum of their n. */
static long sum_of_leaves(struct stage *st, const char *act)
{
	char *log = stage_log(st), *rest = log, *line;
	long sum = 0;

	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *n = strstr(line, " n=");

		if (strstr(line, act) && n) {
			sum += atol(n + 3);
		}
	}
	free(log);
	return sum;
}

/* The process that parses for this daemon; 0: none runs. */
static pid_t find_intake(const struct stage *st)
{
	DIR *proc = opendir("/proc");
	const struct dirent *d;
	pid_t found = 0;

	assert_non_null(proc);
	while (!found && (d = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)atol(d->d_name);
		char path[64], name[32] = "";
		FILE *f;

		if (pid <= 0 || getsid(pid) != st->daemon) {
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
		f = fopen(path, "r");
		if (f) {
			found = fgets(name, sizeof(name), f) &&
						strcmp(name, "custos-intake\n") == 0
					? pid
					: 0;
			fclose(f);
		}
	}
	closedir(proc);
	return found;
}

enum victim { THE_DAEMON, THE_PARSER, THE_CLIENT };

static void kill_one(struct stage *st, enum victim victim, const struct job *client)
{
	pid_t parser;

	switch (victim) {
	case THE_DAEMON:
		stage_kill(st);
		stage_start(st);
		break;
	case THE_PARSER:
		parser = find_intake(st);
		if (parser > 0) { /* else it is ready: the import ends by itself */
			kill(parser, SIGKILL);
		}
		break;
	case THE_CLIENT: kill(client->pid, SIGKILL); break;
	}
}

/* The daemon notices within a moment that its client is gone. */
static void wait_until_nothing_runs(const struct stage *st)
{
	int64_t began = clock_monotonic_ms();

	while (find_intake(st) > 0 && clock_monotonic_ms() - began < 20000) {
		run_sleep_ms(20);
	}
	assert_int_equal(find_intake(st), 0);
}

static unsigned stopped; /* imports that a kill ended, over all tests */

static void kill_and_repeat(struct stage *st, enum victim victim, int duration_ms)
{
	for (int i = 0; i < NKILLS; i++) {
		int after_ms = rand() % duration_ms;
		struct job client = start_import(st);
		struct ran r;

		run_sleep_ms(after_ms);
		kill_one(st, victim, &client);
		run_wait(&client, &r);
		stopped += r.status != 0;
		ran_done(&r);
		wait_until_nothing_runs(st);
	}
	import_whole(st);
}

static void assert_killing_changes_nothing(struct stage *st, enum victim victim)
{
	int64_t began = clock_monotonic_ms();
	struct stage *other;
	char *want, *got;
	int duration_ms;

	write_file(st);
	import_whole(st);
	duration_ms = (int)(clock_monotonic_ms() - began);
	want = everything(st);

	other = stage_new();
	stage_start(other);
	stage_init(other);
	write_file(other);
	kill_and_repeat(other, victim, duration_ms);

	got = everything(other);
	assert_string_equal(got, want);
	assert_int_equal(stage_count_leaves(other, "act=subject.add"), NPEOPLE);
	assert_int_equal(sum_of_leaves(other, "act=record.put"),
		sum_of_leaves(st, "act=record.put"));
	stage_ctl(other, AS_ADMIN, "log", "verify");
	stage_expect(other, 0);
	stage_free(other);
	free(want);
	free(got);
}

static void killing_custosd_and_importing_again_is_as_one_import(void **state)
{
	assert_killing_changes_nothing(*state, THE_DAEMON);
}

static void killing_custos_intake_and_importing_again_is_as_one_import(void **state)
{
	assert_killing_changes_nothing(*state, THE_PARSER);
}

static void killing_custosctl_and_importing_again_is_as_one_import(void **state)
{
	assert_killing_changes_nothing(*state, THE_CLIENT);
}

/* Kills at random could all come too late, and then nothing was tested. */
static void some_of_the_kills_came_in_time(void **state)
{
	(void)state;
	assert_true(stopped > 0);
}

int main(void)
{
	const char *seed = getenv("SEED");
	unsigned start = seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)getpid();
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(killing_custosd_and_importing_again_is_as_one_import),
		T(killing_custos_intake_and_importing_again_is_as_one_import),
		T(killing_custosctl_and_importing_again_is_as_one_import),
		cmocka_unit_test(some_of_the_kills_came_in_time),
	};

	printf("SEED=%u repeats these times\n", start);
	srand(start);
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_import_killed", tests, NULL, NULL);
}
