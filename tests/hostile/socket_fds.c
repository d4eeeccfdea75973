/* Descriptors: by the hundred, of strange things, of sockets within sockets, and of files that never end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "socket.h"

#define EXPORT                                                                                  \
	"{\"method\":\"io.custos.data.Export\",\"parameters\":{\"purpose\":\"access_request\"}}"
#define IMPORT                                                                                           \
	"{\"method\":\"io.custos.data.Import\",\"parameters\":{\"purpose\":\"access_request\",\"dry_run\":false," \
	"\"map\":\"source: crm\\nsubject: {kind: person, key: no}\\nrecords:\\n"                           \
	"  - collection: contact_point\\n    fields: {email: mail}\\n\"}}"
#define RUNBOOK "{\"method\":\"io.custos.report.Runbook\"}"

enum thing {
	NULL_DEVICE, ZERO, FULL_DEVICE, DIRECTORY, PATH_ONLY, PAIR, ITSELF, MEMORY, SEALED, SPARSE, PIPE, EPOLL,
	NTHINGS
};

/* self: the connection that it will cross. */
static int make(enum thing thing, int self)
{
	int fds[2] = { -1, -1 };

	switch (thing) {
	case NULL_DEVICE: return open("/dev/null", O_RDWR | O_CLOEXEC);
	case ZERO: return open("/dev/zero", O_RDWR | O_CLOEXEC);
	case FULL_DEVICE: return open("/dev/full", O_RDWR | O_CLOEXEC);
	case DIRECTORY: return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case PATH_ONLY: return open("/etc/passwd", O_PATH | O_CLOEXEC);
	case PAIR:
		(void)socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
		close(fds[1]);
		return fds[0];
	case ITSELF: return dup(self);
	case MEMORY: return memfd_create("m", MFD_CLOEXEC);
	case SEALED:
		fds[0] = memfd_create("m", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		assert_int_equal(ftruncate(fds[0], 4096), 0);
		(void)fcntl(fds[0], F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
		return fds[0];
	case SPARSE:
		fds[0] = memfd_create("m", MFD_CLOEXEC);
		assert_int_equal(ftruncate(fds[0], 5ll << 30), 0);
		return fds[0];
	case PIPE: /* its other end is closed */
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		close(fds[1]);
		return fds[0];
	case EPOLL: return epoll_create1(EPOLL_CLOEXEC);
	case NTHINGS: break;
	}
	return -1;
}

/* --- floods ---------------------------------------------------------------------------- */

struct flood {
	unsigned rounds;
	int64_t end_ms;
};

/* How the descriptors arrive: with half a message, with calls that take none, or take one. */
static const char *const with[] = { "{\"method\":", STATUS, EXPORT, RUNBOOK, "" };

static int flood(struct play *p, uint64_t seed, void *ctx)
{
	static const size_t counts[] = { 1, 1, 2, 3, 16, 253 };
	const struct flood *o = ctx;

	for (unsigned n = 0; o->rounds > 0 ? n < o->rounds : clock_monotonic_ms() < o->end_ms; n++) {
		struct raw r = raw_of(play_connect(p));
		size_t nfds = counts[play_draw(&seed, 6)];
		int fds[253], one = make((enum thing)play_draw(&seed, NTHINGS), r.fd);

		for (size_t i = 0; i < nfds; i++) {
			fds[i] = one;
		}
		for (unsigned times = 1 + (unsigned)play_draw(&seed, 4); times > 0; times--) {
			const char *text = with[play_draw(&seed, 5)];

			if (raw_send_fds(&r, text, fds, nfds)) {
				atomic_fetch_add(&p->tally->descriptors, nfds);
			}
		}
		atomic_fetch_add(&p->tally->connections, 1);
		if (play_draw(&seed, 2) == 0) {
			shutdown(r.fd, SHUT_WR);
			(void)raw_is_closed_within(&r, 20);
		}
		close(one);
		raw_done(&r);
	}
	return 0;
}

void descriptors_that_nobody_asked_for_are_given_back(void **state)
{
	struct play *p = *state;
	struct flood o = { p->seconds > 0 ? 0 : p->is_short ? 150 : 20000,
		clock_monotonic_ms() + p->seconds * 1000 };
	pid_t pids[3];

	play_scene(p, DESCRIPTORS);
	pids[0] = play_start(p, stage_uid(AS_STRANGER), flood, 1, &o);
	pids[1] = play_start(p, stage_uid(AS_AUDITOR), flood, 2, &o);
	pids[2] = play_start(p, stage_uid(AS_SECOND), flood, 3, &o);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(play_wait(pids[i]), 0);
	}
	play_check(p, DESCRIPTORS);
}

/* Each connection on its way through another, and through itself: nobody has them any more but the
 * messages, and custosd must not keep what it never saw the end of. */
static int knot(struct play *p, uint64_t seed, void *ctx)
{
	(void)ctx;
	for (unsigned n = 0; n < (p->is_short ? 20u : 200u); n++) {
		struct raw a = raw_of(play_connect(p)), b = raw_of(play_connect(p));
		int fds[2] = { a.fd, b.fd };

		if (play_draw(&seed, 2) == 0) {
			(void)raw_send_text(&a, RUNBOOK); /* it may be busy */
		}
		(void)raw_send_fds(&a, "{\"method\":", &fds[1], 1);
		(void)raw_send_fds(&b, "{\"method\":", &fds[0], 1);
		(void)raw_send_fds(&a, "{\"method\":", &fds[0], 1);
		(void)raw_send_fds(&b, "{\"method\":", fds, 2);
		atomic_fetch_add(&p->tally->descriptors, 5);
		raw_done(&a);
		raw_done(&b);
	}
	return 0;
}

void descriptors_within_each_other_are_given_back(void **state)
{
	struct play *p = *state;

	play_scene(p, DESCRIPTORS);
	play_all(p, stage_uid(AS_AUDITOR), 2, knot, NULL);
	play_check(p, DESCRIPTORS);
}

/* --- with calls ------------------------------------------------------------------------ */

static unsigned fds_of(const struct play *p)
{
	char *text = run_shell("ls /proc/%d/fd 2>/dev/null | wc -l", (int)p->stage->daemon);
	unsigned n = (unsigned)strtoul(text, NULL, 10);

	free(text);
	return n;
}

/* The first call waits, and those behind it have been answered: their descriptors are closed all the same. */
void a_call_holds_no_more_than_its_own_descriptor(void **state)
{
	enum { N = 60 };
	struct play *p = *state;
	struct raw r = stage_raw(p->stage, AS_AUDITOR);
	int pipe_fds[2], null = make(NULL_DEVICE, -1);
	unsigned before;

	play_scene(p, DESCRIPTORS);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_true(fcntl(pipe_fds[1], F_SETPIPE_SZ, 4096) >= 0);
	before = fds_of(p);
	assert_true(raw_send_fds(&r, RUNBOOK, &pipe_fds[1], 1)); /* does not end: nobody reads */
	for (int i = 0; i < N; i++) {
		assert_true(raw_send_fds(&r, STATUS, &null, 1));
	}
	run_sleep_ms(300);
	if (fds_of(p) > before + 10) {
		fail_msg("custosd holds %u descriptors for one connection", fds_of(p) - before);
	}
	for (int i = 0; i <= N; i++) { /* nor was it too many at a time */
		json_t *reply = raw_next(&r);

		assert_non_null(reply);
		json_decref(reply);
	}
	raw_done(&r);
	close(null);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	play_check(p, DESCRIPTORS);
}

/* While it is read, it grows and shrinks. */
static int squeeze(struct play *p, uint64_t seed, void *ctx)
{
	int fd = *(int *)ctx;
	static const char line[] = "no,mail\n1,one@example.org\n";

	for (int i = 0; i < 400; i++) {
		if (pwrite(fd, line, sizeof(line) - 1, (off_t)play_draw(&seed, 1 << 20)) < 0 ||
			ftruncate(fd, (off_t)play_draw(&seed, 1 << 20)) < 0) {
			return 1;
		}
		run_sleep_ms(1);
	}
	(void)p;
	return 0;
}

void strange_files_end_an_import_and_an_export(void **state)
{
	struct play *p = *state;
	char said[512];

	play_scene(p, DESCRIPTORS);
	for (enum thing t = 0; t < NTHINGS; t++) {
		for (int is_import = 0; is_import < 2; is_import++) {
			struct raw r = stage_raw(p->stage, AS_SECOND);
			int fd = make(t, r.fd);
			bool squeezes = is_import && t == MEMORY;
			pid_t other = squeezes ? play_start(p, stage_uid(AS_SECOND), squeeze, 9, &fd) : 0;
			bool is_endless = is_import && (t == ZERO || t == FULL_DEVICE || t == ITSELF || t == SPARSE);

			atomic_fetch_add(&p->tally->descriptors, 1);
			assert_true(raw_send_fds(&r, is_import ? IMPORT : EXPORT, &fd, 1));
			close(fd);
			if (is_endless || t == ITSELF) { /* or its caller is, before it ends by itself */
				(void)raw_is_closed_within(&r, 300);
			} else {
				json_t *reply = raw_next(&r);

				snprintf(said, sizeof(said), "%s", reply ? raw_error(reply) : "closed");
				print_message("%s of %d: %s\n", is_import ? "import" : "export", (int)t, said);
				json_decref(reply);
			}
			raw_done(&r);
			if (squeezes) {
				assert_int_equal(play_wait(other), 0);
			}
		}
	}
	play_check(p, DESCRIPTORS);
}

/* --- for ever -------------------------------------------------------------------------- */

/* A FIFO of which custosd gets both ends neither ends nor breaks when its caller goes. */
static int both_ends(struct play *p, unsigned i)
{
	char path[224];
	int fd;

	snprintf(path, sizeof(path), "%s/fifo-%u-%d", p->stage->files, i, (int)getpid());
	if (mkfifo(path, 0600) < 0 || (fd = open(path, O_RDWR | O_CLOEXEC)) < 0) {
		return -1;
	}
	(void)fcntl(fd, F_SETPIPE_SZ, 4096);
	return fd;
}

/* As many as there are threads, and as there may be long calls; then the caller is gone. */
static int hold_up(struct play *p, uint64_t seed, void *ctx)
{
	const char *text = ctx;
	unsigned n = strcmp(text, RUNBOOK) == 0 ? WORK_THREADS + 8 : 8;
	struct raw all[WORK_THREADS + 8];

	(void)seed;
	for (unsigned i = 0; i < n; i++) {
		int fd = both_ends(p, i);

		all[i] = raw_of(play_connect(p));
		if (fd < 0 || all[i].fd < 0 || !raw_send_fds(&all[i], text, &fd, 1)) {
			return 1;
		}
		(void)raw_send_fds(&all[i], "{", &all[i].fd, 1); /* nor is the connection */
		atomic_fetch_add(&p->tally->descriptors, 2);
		close(fd);
	}
	run_sleep_ms(p->is_short ? 500 : 2000); /* the honest are answered meanwhile */
	return 0;
}

void files_that_never_end_hold_no_call_for_ever(void **state)
{
	struct play *p = *state;
	int64_t end = clock_monotonic_ms() + 60000;
	char said[512] = "io.custos.Busy";

	play_scene(p, LONG_CALLS);
	assert_int_equal(play_wait(play_start(p, stage_uid(AS_AUDITOR), hold_up, 1, (void *)(uintptr_t)RUNBOOK)), 0);
	assert_int_equal(play_wait(play_start(p, stage_uid(AS_SECOND), hold_up, 2, (void *)(uintptr_t)IMPORT)), 0);
	while (strncmp(said, "io.custos.Busy", 14) == 0 && clock_monotonic_ms() < end) {
		struct raw r = stage_raw(p->stage, AS_SECOND);
		int null = make(NULL_DEVICE, -1);
		json_t *reply;

		assert_true(raw_send_fds(&r, EXPORT, &null, 1));
		reply = raw_next(&r);
		snprintf(said, sizeof(said), "%s", raw_error(reply));
		json_decref(reply);
		close(null);
		raw_done(&r);
		run_sleep_ms(100);
	}

	assert_string_equal(said, ""); /* there is room for a long call again */
	play_check(p, LONG_CALLS);
}
