/*
 * P1: nothing acknowledged is lost, nothing is done twice, and nothing stays half done: custosd is
 * killed again and again at moments that a seeded generator chooses, while people write.
 *
 * CUSTOS_SEED repeats a run; the seed is printed.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/id.h"
#include "chinook.h"
#include "stage.h"

#define PURPOSE "--purpose=" STAGE_PURPOSE
#define NKILLS  20

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

static void begin_to_draw(void)
{
	const char *given = getenv("CUSTOS_SEED");

	seed = given ? strtoull(given, NULL, 10) : 20261121;
	print_message("seed %llu\n", (unsigned long long)seed);
}

/* --- people who write ------------------------------------------------------------------------- */

static json_t *person(unsigned writer, unsigned number)
{
	char email[64];

	snprintf(email, sizeof(email), "w%u-%u@example.org", writer, number);
	return json_pack("{s:s, s:s, s:[{s:s, s:{s:s}}, {s:s, s:{s:s}}]}", "kind", "person", "purpose",
		STAGE_PURPOSE, "records", "collection", "contact_point", "fields", "email", email,
		"collection", "profile", "fields", "given_name", "Somebody");
}

static void acknowledge(int fd, const char *what, const char *id)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "%s %s\n", what, id);

	if (write(fd, line, (size_t)n) != n) {
		_exit(1);
	}
}

/* Adds and reads until the connection breaks; what was answered is written down. */
static void write_until_broken(struct stage *st, unsigned writer, unsigned *number, int fd)
{
	struct client *c = stage_client(st, AS_PRIVACY);
	struct cu_err err;
	json_t *reply = NULL;
	int r = 0;

	while (r == 0) {
		json_t *call = person(writer, (*number)++);

		r = client_call(c, "io.custos.subject.Add", call, -1, &reply, &err);
		json_decref(call);
		if (r == 0) {
			const char *id = json_string_value(json_object_get(reply, "subject"));

			acknowledge(fd, "add", id);
			call = json_pack("{s:s, s:s}", "subject", id, "purpose", STAGE_PURPOSE);
			json_decref(reply);
			r = client_call(c, "io.custos.subject.Get", call, -1, &reply, &err);
			if (r == 0) {
				acknowledge(fd, "get",
					json_string_value(json_object_get(reply, "subject")));
				json_decref(reply);
			}
			json_decref(call);
		}
	}
	client_close(c);
}

static pid_t start_writer(struct stage *st, unsigned writer, unsigned from, const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		unsigned number = from;

		write_until_broken(st, writer, &number, fd);
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static unsigned count_in(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++) {
		n++;
	}
	return n;
}

static int64_t figure(struct stage *st, const char *name)
{
	stage_ctl(st, AS_ADMIN, "--json", "status");
	stage_expect(st, 0);
	return (int64_t)json_integer_value(json_object_get(stage_reply(st), name));
}

/* Each subject has one leaf that added it, and each leaf its subject. */
static void expect_log_and_store_agree(struct stage *st)
{
	char *log = stage_log(st);
	int64_t subjects = figure(st, "subjects");

	assert_int_equal(count_in(log, "act=subject.add "), subjects);
	assert_int_equal(count_in(log, "act=record.put "), subjects);
	assert_int_equal(figure(st, "records"), 2 * subjects);
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
	free(log);
}

static void expect_all_acknowledged(struct stage *st, const char *path)
{
	char *acks = run_shell("cat '%s'", path), *log = stage_log(st), *rest = acks, *line;
	struct client *c = stage_client(st, AS_PRIVACY);
	char leaf[96];
	struct cu_err err;
	json_t *call;
	unsigned n = 0;

	while ((line = strsep(&rest, "\n")) != NULL && *line) {
		bool is_add = strncmp(line, "add ", 4) == 0;

		n++;
		if (!is_add) { /* a read that was answered is in the log */
			snprintf(leaf, sizeof(leaf), "sub=%s", line + 4);
			assert_true(count_in(log, leaf) >= 3); /* added, written, read */
			continue;
		}
		call = json_pack("{s:s, s:s}", "subject", line + 4, "purpose", STAGE_PURPOSE);
		assert_int_equal(client_call(c, "io.custos.subject.Get", call, -1, NULL, &err), 0);
		json_decref(call);
	}
	print_message("%u answers were kept\n", n);
	assert_true(n > NKILLS); /* it was worth the while */
	client_close(c);
	free(log);
	free(acks);
}

static void what_was_acknowledged_survives_every_kill(void **state)
{
	enum { NWRITERS = 3 };
	struct stage *st = *state;
	const char *path = stage_path(st, "acknowledged");
	unsigned from = 0;

	begin_to_draw();
	for (unsigned i = 0; i < NKILLS; i++, from += 1000) {
		pid_t writers[NWRITERS];

		for (unsigned w = 0; w < NWRITERS; w++) {
			writers[w] = start_writer(st, w, from, path);
		}
		run_sleep_ms((int)draw(250));
		stage_kill(st);
		for (unsigned w = 0; w < NWRITERS; w++) {
			assert_int_equal(waitpid(writers[w], NULL, 0), writers[w]);
		}
		stage_start(st);
	}
	expect_log_and_store_agree(st);
	expect_all_acknowledged(st, path);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

/* --- a retry is no repetition ----------------------------------------------------------------- */

/* Until each was answered, whatever becomes of custosd meanwhile. */
static void insist(struct stage *st, unsigned n)
{
	struct client *c = NULL;
	char request[33];
	struct cu_err err;

	for (unsigned i = 0; i < n;) {
		json_t *call = person(9, i);
		int r = c ? 0 : client_connect(st->socket, 5000, &c, &err);

		snprintf(request, sizeof(request), "%032x", i + 1);
		json_object_set_new(call, "request", json_string(request));
		if (r == 0) {
			r = client_call(c, "io.custos.subject.Add", call, -1, NULL, &err);
		}
		json_decref(call);
		if (r == 0) {
			i++;
			continue;
		}
		client_close(c);
		c = NULL;
		run_sleep_ms(10);
	}
	client_close(c);
}

static void a_request_that_is_retried_until_it_is_answered_is_done_once(void **state)
{
	enum { N = 400 };
	struct stage *st = *state;
	unsigned kills = 0;
	pid_t pid;

	begin_to_draw();
	pid = fork();
	if (pid == 0) {
		if (stage_has_roles() && (setgid(stage_uid(AS_PRIVACY)) < 0 ||
						 setuid(stage_uid(AS_PRIVACY)) < 0)) {
			_exit(2);
		}
		insist(st, N);
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		run_sleep_ms((int)draw(300));
		if (kills < NKILLS) {
			stage_kill(st);
			stage_start(st);
			kills++;
		}
	}
	assert_true(kills > 2);
	print_message("%u kills\n", kills);
	assert_int_equal(figure(st, "subjects"), N);
	expect_log_and_store_agree(st);
}

/* --- an erasure is whole or not begun --------------------------------------------------------- */

/* What was begun is carried out within a second or two of the start. */
static void wait_for_the_erasures(struct stage *st)
{
	for (int i = 0; i < 200; i++) {
		stage_ctl(st, AS_PRIVACY, "--json", "erase", "list");
		stage_expect(st, 0);
		if (json_array_size(json_object_get(stage_reply(st), "erasures")) == 0) {
			return;
		}
		run_sleep_ms(50);
	}
	fail_msg("an erasure that was begun is not finished");
}

static void expect_erased_or_untouched(struct stage *st, const char *id, bool *ret_erased)
{
	char leaf[64], *log = stage_log(st);
	unsigned begun, shredded, done;

	snprintf(leaf, sizeof(leaf), "sub=%s", id);
	begun = shredded = done = 0;
	for (char *line = log, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (strstr(line, leaf)) {
			begun += strstr(line, "act=erase.begin") != NULL;
			shredded += strstr(line, "act=erase.shred") != NULL;
			done += strstr(line, "act=erase.done") != NULL;
		}
	}
	free(log);
	assert_true(begun <= 1);
	assert_int_equal(begun, shredded);
	assert_int_equal(begun, done);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	stage_expect(st, begun ? 66 : 0);
	*ret_erased = begun > 0;
}

static int64_t newest_generation(struct stage *st)
{
	const json_t *list;

	stage_ctl(st, AS_ADMIN, "--json", "backup", "list");
	stage_expect(st, 0);
	list = json_object_get(stage_reply(st), "backups");
	return (int64_t)json_integer_value(json_object_get(
		json_array_get(list, json_array_size(list) - 1), "vault_generation"));
}

/* Kills an erasure after a while; true: it was finished afterwards. */
static bool kill_an_erasure(struct stage *st, const char *id)
{
	bool erased;
	struct job ctl = stage_ctl_start(st, AS_PRIVACY, 0,
		(const char *const[]){ "erase", id, "--wait", "--purpose=erasure_request", NULL });
	struct ran r;
	bool acknowledged;

	run_sleep_ms((int)draw(160));
	stage_kill(st);
	run_wait(&ctl, &r);
	acknowledged = r.status == 0;
	ran_done(&r);
	stage_start(st);
	wait_for_the_erasures(st);
	expect_erased_or_untouched(st, id, &erased);
	assert_true(erased || !acknowledged);
	return erased;
}

static void an_erasure_that_was_killed_is_finished_at_the_next_start(void **state)
{
	enum { N = 16 };
	struct stage *st = *state;
	char ids[N][33], to[192], from[192], identity[224];
	bool is_erased[N];
	unsigned nerased = 0;

	begin_to_draw();
	stage_stop(st);
	stage_policy(st, "erasure.yaml", "grace: 0s\n");
	stage_start(st);
	chinook_import(st);
	for (unsigned i = 0; i < N; i++) {
		stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]",
			ids[i]);
	}
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);

	for (unsigned i = 0; i < N; i++) {
		is_erased[i] = kill_an_erasure(st, ids[i]);
		nerased += is_erased[i];
	}
	print_message("%u of %u erasures had begun\n", nerased, N);
	assert_true(nerased > 0);
	/* the target gets what it missed, and without it nothing could be restored as it should */
	for (int i = 0; i < 200 && newest_generation(st) < figure(st, "vault_generation"); i++) {
		run_sleep_ms(50);
	}
	assert_int_equal(newest_generation(st), figure(st, "vault_generation"));

	stage_kill(st);
	free(run_shell("rm -rf '%s'; chmod 644 '%s'", st->state, st->identity));
	snprintf(to, sizeof(to), "--to=%s/elsewhere", st->files);
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	stage_restore(st, from, identity, to, "--sequence=1");
	stage_expect(st, 0);
	stage_use_state(st, stage_path(st, "elsewhere"));
	stage_start(st);
	for (unsigned i = 0; i < N; i++) {
		stage_ctl(st, AS_PRIVACY, "subject", "get", ids[i], PURPOSE);
		stage_expect(st, is_erased[i] ? 66 : 0);
	}
	assert_int_equal(figure(st, "subjects"), CHINOOK_CUSTOMERS + N - nerased);
}

/* --- a full disk ------------------------------------------------------------------------------ */

static int up_small(void **state)
{
	struct stage *st = stage_new();
	char options[64];

	snprintf(options, sizeof(options), "size=26m,mode=700,uid=%u,gid=%u",
		(unsigned)stage_uid(AS_DAEMON), (unsigned)stage_uid(AS_DAEMON));
	*state = st;
	if (geteuid() != 0 || mount("tmpfs", st->state, "tmpfs", MS_NOSUID, options) < 0) {
		print_message("needs root and mounts: a small disk\n");
		return 0;
	}
	return 0;
}

static int down_small(void **state)
{
	struct stage *st = *state;

	if (st->daemon) {
		stage_stop(st);
	}
	umount2(st->state, MNT_DETACH); /* if it is mounted */
	stage_free(st);
	return 0;
}

static bool is_small(const struct stage *st)
{
	struct statvfs v;

	return statvfs(st->state, &v) == 0 && v.f_blocks * v.f_frsize == 26u << 20;
}

static void a_full_disk_refuses_and_loses_nothing(void **state)
{
	struct stage *st = *state;
	char *text, id[33];
	size_t n;
	unsigned kept = 0;
	int status;

	if (!is_small(st)) {
		skip();
	}
	text = malloc(200000);
	stage_start(st);
	stage_init(st);
	n = (size_t)sprintf(text, "[{\"collection\":\"document\",\"fields\":{\"title\":\"t\",\"text\":\"");
	memset(text + n, 'x', 100000);
	strcpy(text + n + 100000, "\"}}]");
	for (unsigned i = 0; i < 200; i++) {
		stage_ctl_text(st, AS_PRIVACY, text, "--json", "subject", "add", "--kind=person",
			PURPOSE);
		if (st->last.status != 0) {
			break;
		}
		snprintf(id, sizeof(id), "%s", stage_reply_text(st, "subject"));
		kept++;
	}
	assert_true(st->last.status == 72 || st->last.status == 74 || st->last.status == 84);
	assert_true(kept > 3);
	free(text);

	/* room again: it is started again, and all that was answered is there */
	assert_int_equal(mount(NULL, st->state, NULL, MS_REMOUNT, "size=64m"), 0);
	kill(st->daemon, SIGTERM);
	status = stage_wait_end(st, RUN_TIMEOUT_MS);
	if (status != 0 && status != 1) { /* 1: it was ending by itself, and said why */
		text = stage_daemon_log(st);
		fail_msg("custosd ended with %d:\n%s", status, text);
	}
	stage_start(st);
	assert_int_equal(figure(st, "subjects"), kept);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	stage_expect(st, 0);
	assert_int_equal(stage_count_leaves(st, "act=subject.add"), kept);
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]", id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(what_was_acknowledged_survives_every_kill),
		T(a_request_that_is_retried_until_it_is_answered_is_done_once),
		T(an_erasure_that_was_killed_is_finished_at_the_next_start),
		cmocka_unit_test_setup_teardown(
			a_full_disk_refuses_and_loses_nothing, up_small, down_small),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("p1", tests, NULL, NULL);
}
