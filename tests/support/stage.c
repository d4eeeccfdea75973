#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"

#define FIRST_UID        20000
#define START_TIMEOUT_MS 30000
#define STOP_TIMEOUT_MS  60000

static char programs[128]; /* the directory of this process; "" at first */
static pid_t maker;        /* who removes it: no child that comes to its end */
static unsigned nstages;

bool stage_has_roles(void)
{
	return geteuid() == 0;
}

uid_t stage_uid(enum who who)
{
	static const uid_t uids[] = { [AS_DAEMON] = FIRST_UID, [AS_ADMIN] = FIRST_UID + 1,
		[AS_PRIVACY] = FIRST_UID + 2, [AS_SUPPORT] = FIRST_UID + 3,
		[AS_AUDITOR] = FIRST_UID + 4, [AS_SECOND] = FIRST_UID + 5, [AS_AGENT] = FIRST_UID + 6,
		[AS_STRANGER] = FIRST_UID + 9 };

	return who == AS_SELF || !stage_has_roles() ? geteuid() : uids[who];
}

/* --- the directory of the program -------------------------------------------------------- */

static void remove_programs(void)
{
	char line[160];

	snprintf(line, sizeof(line), "rm -rf '%s'", programs);
	if (getpid() == maker && system(line) != 0) {
		fprintf(stderr, "%s could not be removed\n", programs);
	}
}

/* The build may lie where other uids may not look: it is copied. */
static void make_programs(void)
{
	const char *tmp = getenv("TMPDIR");

	if (programs[0]) {
		return;
	}
	snprintf(programs, sizeof(programs), "%.80s/custos-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(programs));
	maker = getpid();
	atexit(remove_programs);
	free(run_shell("chmod 755 '%s'; mkdir -m 755 '%s/bin'; cp '%s' '%s' '%s' '%s' '%s/bin'; "
		       "cp -r '%s' '%s/plugins'; chmod 755 '%s'/bin/* '%s/plugins' '%s'/plugins/*",
		programs, programs, CUSTOSD, CUSTOSCTL, CUSTOS_INTAKE, CUSTOS_AGENT, programs,
		CUSTOS_PLUGINS, programs, programs, programs, programs));
}

char *stage_program(const char *name, char path[192])
{
	snprintf(path, 192, "%s/bin/%s", programs, name);
	return path;
}

/* --- the stage --------------------------------------------------------------------------- */

static void make_dir(char *path, size_t cap, const struct stage *st, const char *name,
	mode_t mode, uid_t owner)
{
	snprintf(path, cap, "%s%s%s", st->dir, *name ? "/" : "", name);
	if (mkdir(path, mode) < 0 || chmod(path, mode) < 0 ||
		(stage_has_roles() && chown(path, owner, owner) < 0)) {
		fail_msg("%s: %s", path, strerror(errno));
	}
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fchmod(fd, 0644) < 0) {
		fail_msg("%s: %s", path, strerror(errno));
	}
	close(fd);
}

void stage_policy(struct stage *st, const char *name, const char *text)
{
	char path[224];

	snprintf(path, sizeof(path), "%s/%s", st->policies, name);
	write_file(path, text, strlen(text));
}

static void put_roles(struct stage *st)
{
	static const char roles[] =
		"roles:\n"
		"  - role: admin\n"
		"    operations: [status, doctor, metrics, init, adopt, seal, unseal, key.*, policy.*,"
		" approval.*, backup.*, drill.*, job.*, "
		" log.show, log.prove, log.verify, log.checkpoint, log.accept-gap, erase.scan,"
		" report.compliance, report.runbook, agent.*, message.*, duty.list, duty.show, duty.done]\n"
		"  - role: privacy\n"
		"    operations: [status, policy.*, subject.*, record.*, import, export, erase.*,"
		" request.*, retention.*, hold.*, incident.*, approval.*, log.*, consent.*, restriction.*, report.*, agent.*, message.*, duty.*]\n"
		"    purposes: '*'\n"
		"  - role: support\n"
		"    operations: [status, subject.search, subject.get, subject.add,"
		" subject.update, record.get, record.list, record.count]\n"
		"    purposes: [customer_service]\n"
		"  - role: auditor\n"
		"    operations: [status, policy.*, log.show, log.query, log.prove, log.verify,"
		" log.checkpoint, erase.scan, backup.list, backup.check, drill.list, drill.show, job.list, job.show,"
		" report.*]\n"
		"operators:\n";
	char text[2048];

	if (stage_has_roles()) {
		snprintf(text, sizeof(text),
			"%s"
			"  - {uid: 0, roles: [admin]}\n"
			"  - {uid: %u, roles: [admin]}\n"
			"  - {uid: %u, roles: [privacy]}\n"
			"  - {uid: %u, roles: [privacy]}\n"
			"  - {uid: %u, roles: [support]}\n"
			"  - {uid: %u, roles: [auditor]}\n",
			roles, stage_uid(AS_ADMIN), stage_uid(AS_PRIVACY), stage_uid(AS_SECOND),
			stage_uid(AS_SUPPORT), stage_uid(AS_AUDITOR));
	} else {
		stage_policy(st, "erasure.yaml", "grace: 0s\n");
		snprintf(text, sizeof(text), "%s  - {uid: %u, roles: [admin, privacy]}\n", roles,
			(unsigned)geteuid());
	}
	stage_policy(st, "roles.yaml", text);
}

static void put_policies(struct stage *st)
{
	char text[512];

	free(run_shell("cd '" SOURCE_DIR
		       "/policies' && cp schema.yaml purposes.yaml organisation.yaml '%s' && "
		       "cp -r law letters '%s' && echo 'controller: {name: Example GmbH}' >>"
		       "'%s/organisation.yaml' && chmod -R u=rwX,go=rX '%s'",
		st->policies, st->policies, st->policies, st->policies));
	snprintf(text, sizeof(text),
		"vault_bound: 7d\ntargets:\n  - {target: local, kind: directory, path: %s}\n",
		st->repo);
	stage_policy(st, "backup.yaml", text);
	/* a story says itself when there is a backup */
	stage_policy(st, "schedule.yaml", "backup: never\nmirror: never\ndrill: never\n");
	put_roles(st);
}

struct stage *stage_new(void)
{
	struct stage *st = calloc(1, sizeof(*st));
	char dir[32], run_dir[160];

	assert_non_null(st);
	make_programs();
	snprintf(st->dir, sizeof(st->dir), "%.100s", programs);
	snprintf(dir, sizeof(dir), "%u", ++nstages);
	make_dir(run_dir, sizeof(run_dir), st, dir, 0755, FIRST_UID);
	snprintf(st->dir, sizeof(st->dir), "%.127s", run_dir);
	make_dir(st->policies, sizeof(st->policies), st, "policies", 0755, 0);
	make_dir(st->state, sizeof(st->state), st, "state", 0700, FIRST_UID);
	make_dir(st->repo, sizeof(st->repo), st, "repo", 0700, FIRST_UID);
	make_dir(st->files, sizeof(st->files), st, "files", 01777, 0);
	make_dir(run_dir, sizeof(run_dir), st, "run", 0755, FIRST_UID);
	snprintf(st->socket, sizeof(st->socket), "%.150s/s", run_dir);
	snprintf(st->agent_socket, sizeof(st->agent_socket), "%.140s/agent.sock", run_dir);
	snprintf(st->log, sizeof(st->log), "%.127s/log", st->dir);
	snprintf(st->identity, sizeof(st->identity), "%.159s/identity", st->files);
	put_policies(st);
	return st;
}

static void check_log(const struct stage *st)
{
	char *text = stage_daemon_log(st);
	const char *found = strstr(text, "Sanitizer");

	if (!found) {
		found = strstr(text, "runtime error:");
	}
	if (found) {
		fail_msg("a sanitizer reports of custosd:\n%s", found > text + 80 ? found - 80 : text);
	}
	free(text);
}

void stage_free(struct stage *st)
{
	if (!st) {
		return;
	}
	if (st->daemon) {
		stage_stop(st);
	}
	check_log(st);
	free(run_shell("rm -rf '%s'", st->dir));
	ran_done(&st->last);
	json_decref(st->reply);
	free(st);
}

int stage_up_bare(void **state)
{
	*state = stage_new();
	return 0;
}

int stage_up(void **state)
{
	struct stage *st = stage_new();

	stage_start(st);
	stage_init(st);
	*state = st;
	return 0;
}

int stage_down(void **state)
{
	stage_free(*state);
	return 0;
}

const char *stage_path(struct stage *st, const char *name)
{
	static char paths[32][224]; /* enough for any one test */
	static unsigned next;
	char *path = paths[next++ % 32];

	snprintf(path, sizeof(paths[0]), "%s/%s", st->files, name);
	return path;
}

const char *stage_file(struct stage *st, const char *name, const void *bytes, size_t n)
{
	const char *path = stage_path(st, name);

	write_file(path, bytes, n);
	return path;
}

const char *stage_text(struct stage *st, const char *name, const char *text)
{
	return stage_file(st, name, text, strlen(text));
}

void stage_use_state(struct stage *st, const char *state)
{
	assert_int_equal(st->daemon, 0);
	snprintf(st->state, sizeof(st->state), "%s", state);
}

/* --- the daemon -------------------------------------------------------------------------- */

char *stage_daemon_log(const struct stage *st)
{
	return run_shell("cat '%s' 2>/dev/null || true", st->log);
}

/* cmocka prints no more than 1,000 bytes: the end of the log says most. */
static const char *end_of(const char *text)
{
	size_t n = strlen(text);

	return n > 800 ? text + n - 800 : text;
}

static void fail_with_log(struct stage *st, const char *what)
{
	char *text = stage_daemon_log(st);

	if (st->daemon) {
		run_kill_session(st->daemon);
		st->daemon = 0;
	}
	fail_msg("custosd %s:\n%s", what, end_of(text));
}

/* Its loop runs, not just its socket: before that, a signal just kills it. */
static bool answers(const struct stage *st)
{
	static const char call[] = "{\"method\":\"org.varlink.service.GetInfo\"}";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct pollfd p = { .events = POLLIN };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes;

	strcpy(a.sun_path, st->socket);
	p.fd = fd;
	yes = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		send(fd, call, sizeof(call), MSG_NOSIGNAL) == (ssize_t)sizeof(call) &&
		poll(&p, 1, START_TIMEOUT_MS) == 1;
	close(fd);
	return yes;
}

void stage_launch(struct stage *st)
{
	char path[192], intake[224], state[192], policies[192], listen[192], self[192];
	char agent[224], plugins[192];
	const char *argv[16] = { stage_program("custosd", path), state, policies, listen, intake, agent,
		plugins };
	struct run_options o = { .uid = stage_has_roles() ? FIRST_UID : RUN_SAME_UID,
		.is_session = true };

	assert_int_equal(st->daemon, 0);
	snprintf(state, sizeof(state), "--state=%s", st->state);
	snprintf(policies, sizeof(policies), "--policies=%s", st->policies);
	snprintf(listen, sizeof(listen), "--socket=%s", st->socket);
	snprintf(intake, sizeof(intake), "--intake=%s", stage_program("custos-intake", self));
	snprintf(agent, sizeof(agent), "--agent=%s", stage_program("custos-agent", self));
	snprintf(plugins, sizeof(plugins), "--plugins=%s/plugins", programs);
	for (size_t i = 0; i < 3 && st->options[i]; i++) {
		argv[7 + i] = st->options[i];
	}
	o.err_fd = open(st->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	assert_true(o.err_fd > 0);
	st->job = run_start(&o, argv);
	st->daemon = st->job.pid;
	close(o.err_fd);
}

static int on_end(struct stage *st, struct ran *r)
{
	int status = r->status;

	st->daemon = 0;
	ran_done(r);
	check_log(st);
	return status;
}

bool stage_await(struct stage *st, int *ret_status)
{
	int64_t end = clock_monotonic_ms() + START_TIMEOUT_MS;
	struct ran r;

	while (!answers(st)) {
		if (run_try_wait(&st->job, 20, &r)) {
			*ret_status = on_end(st, &r);
			return false;
		}
		if (clock_monotonic_ms() > end) {
			fail_with_log(st, "does not answer");
		}
	}
	return true;
}

void stage_start(struct stage *st)
{
	int status;

	stage_launch(st);
	if (!stage_await(st, &status)) {
		fail_with_log(st, "ended at its start");
	}
}

int stage_wait_end(struct stage *st, int timeout_ms)
{
	pid_t pid = st->daemon;
	struct ran r;
	unsigned left;

	if (!run_try_wait(&st->job, timeout_ms, &r)) {
		fail_with_log(st, "does not end");
	}
	for (int i = 0; (left = run_count_session(pid)) > 0 && i < 100; i++) {
		run_sleep_ms(20); /* what died with it is being reaped */
	}
	if (left > 0) {
		run_kill_session(pid);
		st->daemon = 0;
		fail_msg("custosd left %u processes behind", left);
	}
	return on_end(st, &r);
}

void stage_stop(struct stage *st)
{
	int status;

	kill(st->daemon, SIGTERM);
	status = stage_wait_end(st, STOP_TIMEOUT_MS);
	if (status != 0) {
		char what[40];

		snprintf(what, sizeof(what), "ended with %d", status);
		fail_with_log(st, what);
	}
	if (access(st->socket, F_OK) == 0) {
		fail_msg("custosd left its socket behind");
	}
}

void stage_kill(struct stage *st)
{
	kill(st->daemon, SIGKILL);
	assert_int_equal(stage_wait_end(st, STOP_TIMEOUT_MS), 128 + SIGKILL);
}

void stage_init(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "init", st->identity);
	stage_expect(st, 0);
}

/* --- custosctl --------------------------------------------------------------------------- */

#define MAX_ARGS 48

static struct run_options as(const struct stage *st, enum who who)
{
	return (struct run_options){ .uid = stage_has_roles() ? stage_uid(who) : RUN_SAME_UID,
		.dir = st->files };
}

static void put_ctl_argv(const struct stage *st, const char *const args[], char path[192],
	char socket_option[192], const char *argv[MAX_ARGS])
{
	size_t n = 0;

	argv[n++] = stage_program("custosctl", path);
	snprintf(socket_option, 192, "--socket=%s", st->socket);
	argv[n++] = socket_option;
	for (size_t i = 0; args[i] && n < MAX_ARGS - 1; i++) {
		argv[n++] = args[i];
	}
	argv[n] = NULL;
}

int stage_ctl_input(struct stage *st, enum who who, const void *input, size_t n,
	const char *const args[])
{
	struct run_options o = as(st, who);
	char path[192], socket_option[192];
	const char *argv[MAX_ARGS];

	o.input = input;
	o.ninput = n;
	put_ctl_argv(st, args, path, socket_option, argv);
	ran_done(&st->last);
	run(&o, argv, &st->last);
	return st->last.status;
}

struct job stage_agent_start(struct stage *st)
{
	char path[192], listen[192], plugins[192];
	const char *argv[] = { stage_program("custos-agent", path), listen, plugins, NULL };
	struct run_options o = { .uid = stage_has_roles() ? stage_uid(AS_AGENT) : RUN_SAME_UID };

	snprintf(listen, sizeof(listen), "--socket=%s", st->agent_socket);
	snprintf(plugins, sizeof(plugins), "--plugins=%s/plugins", programs);
	return run_start(&o, argv);
}

struct job stage_ctl_start(struct stage *st, enum who who, int stdin_fd,
	const char *const args[])
{
	struct run_options o = as(st, who);
	char path[192], socket_option[192];
	const char *argv[MAX_ARGS];

	o.stdin_fd = stdin_fd;
	put_ctl_argv(st, args, path, socket_option, argv);
	return run_start(&o, argv);
}

void stage_approval(struct stage *st, char ret_id[33])
{
	const json_t *list;

	for (int i = 0; i < 300; i++) {
		stage_ctl(st, AS_SECOND, "--json", "approval", "list");
		stage_expect(st, 0);
		list = json_object_get(stage_reply(st), "approvals");
		if (json_array_size(list) > 0) {
			snprintf(ret_id, 33, "%s",
				json_string_value(
					json_object_get(json_array_get(list, 0), "approval")));
			return;
		}
		run_sleep_ms(20);
	}
	fail_msg("nobody was asked to confirm anything");
}

/* Until the call ends: whatever it asks for is granted. */
static void grant_all(struct stage *st, struct job *call)
{
	struct ran r;

	while (!run_try_wait(call, 20, &r)) {
		const json_t *list;
		const char *id;

		stage_ctl(st, AS_SECOND, "--json", "approval", "list");
		list = json_object_get(stage_reply(st), "approvals");
		id = json_string_value(json_object_get(json_array_get(list, 0), "approval"));
		if (id) {
			char copy[33];

			snprintf(copy, sizeof(copy), "%s", id);
			stage_ctl(st, AS_SECOND, "approval", "grant", copy);
		}
	}
	ran_done(&st->last);
	st->last = r;
}

int stage_erase_with(struct stage *st, const char *const args[])
{
	const char *all[MAX_ARGS];
	struct job call;
	size_t n = 0;

	for (; args[n]; n++) {
		all[n] = args[n];
	}
	all[n++] = stage_has_roles() ? "--now" : "--wait";
	all[n] = NULL;
	call = stage_ctl_start(st, AS_PRIVACY, 0, all);
	grant_all(st, &call);
	return st->last.status;
}

int stage_custosd(struct stage *st, const char *const args[])
{
	struct run_options o = as(st, AS_DAEMON);
	char path[192];
	const char *argv[MAX_ARGS] = { stage_program("custosd", path) };

	for (size_t i = 0; args[i] && i < MAX_ARGS - 2; i++) {
		argv[i + 1] = args[i];
	}
	ran_done(&st->last);
	run(&o, argv, &st->last);
	return st->last.status;
}

void stage_serve_first(struct stage *st)
{
	char from[192], identity[224], to[192];

	if (st->daemon) {
		stage_stop(st);
	}
	/* the administrator hands the identity over */
	free(run_shell("rm -rf '%s/elsewhere'; chmod 644 '%s'", st->files, st->identity));
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	snprintf(to, sizeof(to), "--to=%s/elsewhere", st->files);
	stage_restore(st, from, identity, to, "--sequence=1");
	stage_expect(st, 0);
	stage_use_state(st, stage_path(st, "elsewhere"));
	stage_start(st);
}

void stage_expect(struct stage *st, int status)
{
	if (st->last.status != status) {
		fail_msg("exit status %d instead of %d; it said:\n%s%s", st->last.status, status,
			st->last.out, st->last.err);
	}
}

const json_t *stage_reply(struct stage *st)
{
	char *end = st->last.out + st->last.nout, *line;
	json_error_t at;

	while (end > st->last.out && end[-1] == '\n') {
		end--;
	}
	for (line = end; line > st->last.out && line[-1] != '\n'; line--) {
	}
	json_decref(st->reply);
	st->reply = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, &at);
	if (!st->reply) {
		fail_msg("this is no JSON:\n%s%s", st->last.out, st->last.err);
	}
	return st->reply;
}

const char *stage_reply_text(struct stage *st, const char *name)
{
	const char *text = json_string_value(json_object_get(stage_reply(st), name));

	if (!text) {
		fail_msg("no text \"%s\" in:\n%s", name, st->last.out);
	}
	return text;
}

/* --- connections ------------------------------------------------------------------------- */

/* The kernel notes who connects at connect(), by the effective uid. */
static void put_on(uid_t uid)
{
	if (stage_has_roles() && uid != 0) {
		assert_int_equal(setgroups(0, NULL), 0);
		assert_int_equal(setegid(uid), 0);
		assert_int_equal(seteuid(uid), 0);
	}
}

static void take_off(void)
{
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(setegid(0), 0);
	}
}

int stage_connect(const struct stage *st, enum who who)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	strcpy(a.sun_path, st->socket);
	put_on(stage_uid(who));
	r = connect(fd, (struct sockaddr *)&a, sizeof(a));
	take_off();
	if (r < 0) {
		fail_msg("connect: %s", strerror(errno));
	}
	return fd;
}

struct raw stage_raw(const struct stage *st, enum who who)
{
	return raw_of(stage_connect(st, who));
}

struct client *stage_client(const struct stage *st, enum who who)
{
	struct client *c = NULL;

	assert_int_equal(client_of_fd(stage_connect(st, who), CLIENT_TIMEOUT_MS, &c, NULL), 0);
	return c;
}

int stage_call(const struct stage *st, enum who who, const char *method, json_t *parameters,
	json_t **ret, struct cu_err *err)
{
	struct client *c = stage_client(st, who);
	int r = client_call(c, method, parameters, -1, ret, err);

	json_decref(parameters);
	client_close(c);
	return r;
}

void stage_add_person(struct stage *st, const char *records, char ret_id[33])
{
	stage_ctl_text(st, AS_PRIVACY, records, "--json", "subject", "add", "--kind=person",
		"--purpose=access_request"); /* covers everything */
	stage_expect(st, 0);
	snprintf(ret_id, 33, "%s", stage_reply_text(st, "subject"));
}

/* --- the log ----------------------------------------------------------------------------- */

uint64_t stage_log_size(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "--json", "status");
	stage_expect(st, 0);
	return (uint64_t)json_integer_value(json_object_get(stage_reply(st), "log_size"));
}

/* log show gives 1000 at a time. */
char *stage_log(struct stage *st)
{
	char *all = strdup(""), from[32];
	size_t n = 0, got = 1;

	for (unsigned at = 0; got > 0; at += 1000) {
		snprintf(from, sizeof(from), "--from=%u", at);
		stage_ctl(st, AS_ADMIN, "log", "show", from, "--count=1000");
		stage_expect(st, 0);
		got = strncmp(st->last.out, "There are no", 12) == 0 ? 0 : st->last.nout;
		all = realloc(all, n + got + 1);
		assert_non_null(all);
		memcpy(all + n, st->last.out, got);
		n += got;
		all[n] = '\0';
	}
	return all;
}

unsigned stage_count_leaves(struct stage *st, const char *with)
{
	char *log = stage_log(st), *rest = log, *line;
	unsigned n = 0;

	while ((line = strsep(&rest, "\n")) != NULL) {
		n += *line && (!with || strstr(line, with));
	}
	free(log);
	return n;
}

/* --- files ------------------------------------------------------------------------------- */

bool stage_grep(const char *dir, const char *text)
{
	struct run_options o = { .uid = RUN_SAME_UID };
	struct ran r;
	int status = 2;

	/* custosd may be running, and a file be renamed between the directory and the search */
	for (int i = 0; status > 1 && i < 10; i++) {
		run(&o, (const char *const[]){ "grep", "-raqF", "--", text, dir, NULL }, &r);
		status = r.status;
		if (status > 1 && (i == 9 || !strstr(r.err, "No such file"))) {
			fail_msg("grep in %s: %s", dir, r.err);
		}
		ran_done(&r);
	}
	return status == 0;
}

void stage_change_byte(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	char byte;

	assert_true(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0);
	assert_int_equal(pread(fd, &byte, 1, st.st_size / 2), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size / 2), 1);
	close(fd);
}
