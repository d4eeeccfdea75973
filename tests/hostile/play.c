#include "play.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/sanitized.h"

#define REPLY_SIZE 65536
#define PATIENCE_MS 60000
#define BACK_MS 20000 /* until descriptors are back: connections that are silent are closed by then */
#define FEW 24 /* descriptors: the honest, databases that are opened when they are needed */
#define IDLE_OPTION "--idle-ms=6000"
#define STALL_OPTION "--stall-ms=4000" /* or the lab would have to wait */

static const char *const names[NSCENES] = { "calm", "mutated frames", "slow callers", "crowds", "descriptors",
	"long calls", "who calls" };

const char *play_scene_name(enum scene scene)
{
	return names[scene];
}

uint64_t play_draw(uint64_t *seed, uint64_t below)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

/* --- processes ------------------------------------------------------------------------- */

static void become(uid_t uid)
{
	struct rlimit files;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (stage_has_roles() && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
					 setresuid(uid, uid, uid) < 0)) {
		_exit(126);
	}
}

pid_t play_start(struct play *p, uid_t uid, play_fn *fn, uint64_t number, void *ctx)
{
	uint64_t seed = p->seed * 1000003 + number * 7919 + (uint64_t)atomic_load(&p->tally->scene);
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		become(uid);
		_exit(fn(p, seed, ctx));
	}
	assert_true(pid > 0);
	return pid;
}

int play_wait(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void play_all(struct play *p, uid_t uid, unsigned n, play_fn *fn, void *ctx)
{
	pid_t pids[64];

	assert_true(n <= 64);
	for (unsigned i = 0; i < n; i++) {
		pids[i] = play_start(p, uid, fn, i, ctx);
	}
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(play_wait(pids[i]), 0);
	}
}

/* --- one call -------------------------------------------------------------------------- */

int play_connect(const struct play *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, p->stage->socket);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A whole reply, NUL-terminated in reply; its length, 0: closed, -1: nothing came. */
static ssize_t read_reply(int fd, char reply[REPLY_SIZE])
{
	int64_t end = clock_monotonic_ms() + PATIENCE_MS;
	size_t n = 0;

	for (;;) {
		struct pollfd waits = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_monotonic_ms();
		ssize_t got = left > 0 && poll(&waits, 1, (int)left) == 1 ?
			recv(fd, reply + n, REPLY_SIZE - 1 - n, 0) :
			-2;

		if (got == -2) {
			return -1;
		}
		if (got <= 0) {
			return 0;
		}
		n += (size_t)got;
		if (!reply[n - 1]) {
			return (ssize_t)n;
		}
		if (n == REPLY_SIZE - 1) {
			return -1;
		}
	}
}

enum reply_kind play_kind(const char *reply, size_t n)
{
	static const struct {
		const char *start;
		enum reply_kind kind;
	} all[] = { { "io.custos.Invalid\"", REPLY_INVALID }, { "io.custos.Denied\"", REPLY_DENIED },
		{ "io.custos.NotFound\"", REPLY_NOT_FOUND }, { "io.custos.Busy\"", REPLY_BUSY },
		{ "io.custos.Protocol\"", REPLY_PROTOCOL }, { "org.varlink.service.", REPLY_SERVICE } };
	const char *error = memmem(reply, n < 200 ? n : 200, "\"error\":\"", 9);

	if (!error) {
		return REPLY_GOOD;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strncmp(error + 9, all[i].start, strlen(all[i].start)) == 0) {
			return all[i].kind;
		}
	}
	return REPLY_OTHER;
}

const char *play_ask(int fd, const char *text, char said[512])
{
	static char reply[REPLY_SIZE];
	ssize_t n;

	(void)send(fd, text, strlen(text) + 1, MSG_NOSIGNAL); /* what it said before it closed counts, too */
	n = read_reply(fd, reply);
	if (n <= 0) {
		snprintf(said, 512, "%s", n < 0 ? "silent" : "closed");
	} else {
		const char *error = strstr(reply, "\"error\":\"");

		snprintf(said, 512, "%s", error ? error + 9 : "");
	}
	return said;
}

/* --- the honest ------------------------------------------------------------------------ */

static void note(struct figures *f, int64_t us)
{
	unsigned bucket = 0;
	unsigned long long longest = atomic_load(&f->longest_us);

	while (bucket < 39 && (1LL << bucket) < us) {
		bucket++;
	}
	atomic_fetch_add(&f->buckets[bucket], 1);
	atomic_fetch_add(&f->answered, 1);
	while ((unsigned long long)us > longest &&
		!atomic_compare_exchange_weak(&f->longest_us, &longest, (unsigned long long)us)) {
	}
}

static void complain(struct play *p, struct figures *f, const char *what)
{
	if (atomic_fetch_add(&f->failed, 1) == 0) {
		snprintf(p->tally->said, sizeof(p->tally->said), "%.199s", what);
	}
	run_sleep_ms(20);
}

/* ctx: the call, and what a good reply to it has in it. */
struct honest_call {
	char text[256];
	const char *good;
};

static int be_honest(struct play *p, uint64_t seed, void *ctx)
{
	const struct honest_call *call = ctx;
	static char reply[REPLY_SIZE];
	int fd = -1;

	(void)seed;
	for (unsigned i = 0; !atomic_load(&p->tally->is_over); i++) {
		struct figures *f = &p->tally->honest[atomic_load(&p->tally->scene)];
		int64_t began = clock_monotonic_us();
		ssize_t n;

		if (fd < 0 && (fd = play_connect(p)) < 0) {
			complain(p, f, strerror(errno));
			continue;
		}
		n = send(fd, call->text, strlen(call->text) + 1, MSG_NOSIGNAL) > 0 ? read_reply(fd, reply) : 0;
		if (n > 0 && strstr(reply, call->good)) {
			note(f, clock_monotonic_us() - began);
		} else {
			complain(p, f, n > 0 ? reply : n < 0 ? "no reply came" : "the connection was closed");
		}
		if (n <= 0 || i % 16 == 15) {
			close(fd);
			fd = -1;
		}
		run_sleep_ms(2);
	}
	return 0;
}

static void start_honest(struct play *p)
{
	struct honest_call application = { .good = "\"allowed\"" }, staff = { .good = "\"records\"" };

	snprintf(application.text, sizeof(application.text),
		"{\"method\":\"io.custos.consent.Check\",\"parameters\":{\"subject\":\"%s\","
		"\"purpose\":\"marketing_email\",\"explain\":false}}",
		p->subject);
	snprintf(staff.text, sizeof(staff.text),
		"{\"method\":\"io.custos.subject.Get\",\"parameters\":{\"subject\":\"%s\","
		"\"purpose\":\"customer_service\"}}",
		p->subject);
	p->honest[0] = play_start(p, stage_uid(AS_PRIVACY), be_honest, 100, &application);
	p->honest[1] = play_start(p, stage_uid(AS_SUPPORT), be_honest, 101, &staff);
}

/* --- custosd --------------------------------------------------------------------------- */

static unsigned count_fds(const struct play *p)
{
	char path[64];
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)p->stage->daemon);
	d = opendir(path);
	while (d && readdir(d)) { /* it is not dumpable: 0 unless we are root */
		n++;
	}
	if (d) {
		closedir(d);
	}
	return n;
}

static unsigned long memory_of(const struct play *p, const char *what)
{
	char path[64], line[128];
	unsigned long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)p->stage->daemon);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, what, strlen(what)) == 0) {
			kib = strtoul(line + strlen(what), NULL, 10);
		}
	}
	if (f) {
		fclose(f);
	}
	return kib;
}

void play_scene(struct play *p, enum scene scene)
{
	atomic_store(&p->tally->scene, scene);
}

/* So that the most of each scene is its own. */
static void forget_most(const struct play *p)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)p->stage->daemon);
	f = fopen(path, "we");
	if (f) {
		fputs("5", f);
		fclose(f);
	}
}

void play_begin(struct play *p)
{
	p->tally = mmap(NULL, sizeof(*p->tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(p->tally != MAP_FAILED);
	p->stage = stage_new();
	p->stage->options[0] = IDLE_OPTION;
	p->stage->options[1] = STALL_OPTION;
	stage_start(p->stage);
	stage_init(p->stage);
	stage_add_person(p->stage,
		"[{\"collection\":\"contact_point\",\"fields\":{\"email\":\"honest@example.org\"}}]", p->subject);
	stage_add_person(p->stage,
		"[{\"collection\":\"contact_point\",\"fields\":{\"email\":\"victim@example.org\"}}]", p->victim);
	start_honest(p);
	run_sleep_ms(p->is_short ? 300 : 2000);
	p->nfds = count_fds(p);
	p->rss = memory_of(p, "VmRSS:");
	forget_most(p);
}

void play_end(struct play *p)
{
	atomic_store(&p->tally->is_over, true);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(play_wait(p->honest[i]), 0);
	}
	stage_free(p->stage); /* it ends by itself, without a report */
	munmap(p->tally, sizeof(*p->tally));
}

static void check_honest(struct play *p, enum scene scene)
{
	struct figures *f = &p->tally->honest[scene];
	unsigned before = atomic_load(&f->answered);
	int64_t end = clock_monotonic_ms() + PATIENCE_MS;

	while (atomic_load(&f->answered) < before + 10 && clock_monotonic_ms() < end) {
		run_sleep_ms(20);
	}
	if (atomic_load(&f->answered) < before + 10) {
		fail_msg("%s: the honest are not answered any more: %s", names[scene], p->tally->said);
	}
	if (atomic_load(&f->failed) > 0) {
		fail_msg("%s: %u of %u calls of the honest failed: %s", names[scene], atomic_load(&f->failed),
			atomic_load(&f->failed) + atomic_load(&f->answered), p->tally->said);
	}
}

static void check_descriptors(struct play *p, enum scene scene)
{
	int64_t end = clock_monotonic_ms() + BACK_MS;

	while (count_fds(p) > p->nfds + FEW && clock_monotonic_ms() < end) {
		run_sleep_ms(100);
	}
	if (count_fds(p) > p->nfds + FEW) {
		char *all = run_shell("ls -l /proc/%d/fd | sed 's/.* //' | sort | uniq -c", (int)p->stage->daemon);

		print_message("%s", all);
		free(all);
		fail_msg("%s: custosd has %u descriptors, %u before", names[scene], count_fds(p), p->nfds);
	}
}

static void check_memory(struct play *p, enum scene scene)
{
	unsigned long now = memory_of(p, "VmRSS:"), most = memory_of(p, "VmHWM:");

	print_message("%s: %lu MiB of memory at most, %lu at the end, %lu before\n", names[scene], most >> 10,
		now >> 10, p->rss >> 10);
	if (!IS_SANITIZED && now > p->rss + (96ul << 10)) {
		fail_msg("%s: custosd kept %lu MiB", names[scene], (now - p->rss) >> 10);
	}
	p->most = most > p->most ? most : p->most;
	p->rss = now < p->rss ? p->rss : now;
	forget_most(p);
}

void play_check(struct play *p, enum scene scene)
{
	char said[512];
	int fd;

	if (kill(p->stage->daemon, 0) < 0) {
		fail_msg("%s: custosd is gone", names[scene]);
	}
	check_honest(p, scene);
	fd = stage_connect(p->stage, AS_ADMIN);
	assert_string_equal(play_ask(fd, "{\"method\":\"io.custos.Status\"}", said), "");
	close(fd);
	check_descriptors(p, scene);
	check_memory(p, scene);
}

/* --- what is told ---------------------------------------------------------------------- */

/* The bound under which this share, in thousandths, was answered; in ms. */
static double within(const struct figures *f, unsigned thousandths)
{
	unsigned n = 0, all = atomic_load(&f->answered);

	for (unsigned i = 0; i < 40; i++) {
		n += atomic_load(&f->buckets[i]);
		if ((uint64_t)n * 1000 >= (uint64_t)all * thousandths) {
			return (double)(1ull << i) / 1000;
		}
	}
	return 0;
}

void play_print(const struct play *p)
{
	printf("\n%-16s %10s %8s %12s %12s %12s\n", "the honest", "answered", "failed", "half within", "99% within",
		"longest");
	for (enum scene s = 0; s < NSCENES; s++) {
		const struct figures *f = &p->tally->honest[s];

		if (atomic_load(&f->answered) > 0) {
			printf("%-16s %10u %8u %9.1f ms %9.1f ms %9.1f ms\n", names[s], atomic_load(&f->answered),
				atomic_load(&f->failed), within(f, 500), within(f, 990),
				(double)atomic_load(&f->longest_us) / 1000);
		}
	}
}
