/* Many connections: slow ones, and more than there is room for. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "socket.h"

#define DESCRIBE                                                                 \
	"{\"method\":\"org.varlink.service.GetInterfaceDescription\"," \
	"\"parameters\":{\"interface\":\"io.custos\"}}"

static bool is_user_of_its_own(void)
{
	if (!stage_has_roles()) {
		print_message("needs root: here all are one user, whose share the honest have, too\n");
		skip();
	}
	return stage_has_roles();
}

/* --- slow ------------------------------------------------------------------------------ */

enum manner { SILENT, TRICKLES, NEVER_READS, ONLY_LISTENS, HALF_A_FRAME, NMANNERS };

/* False: custosd has closed it. */
static bool go_on(int fd, enum manner manner)
{
	static const char call[] = DESCRIBE;
	static char big[16384];
	ssize_t n = 1;

	switch (manner) {
	case SILENT:
	case ONLY_LISTENS: break;
	case TRICKLES: n = send(fd, " ", 1, MSG_NOSIGNAL | MSG_DONTWAIT); break;
	case NEVER_READS: /* whole calls, or the rest would be another's beginning */
		for (int i = 0; i < 40 && n > 0; i++) {
			n = send(fd, call, sizeof(call), MSG_NOSIGNAL | MSG_DONTWAIT);
		}
		break;
	case HALF_A_FRAME:
		memset(big, ' ', sizeof(big));
		n = send(fd, big, sizeof(big), MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case NMANNERS: break;
	}
	return n > 0 || errno == EAGAIN;
}

static int open_one(struct play *p, enum manner manner)
{
	int fd = play_connect(p);

	atomic_fetch_add(&p->tally->connections, 1);
	if (manner == ONLY_LISTENS && fd >= 0) {
		(void)send(fd, STATUS, sizeof(STATUS), MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
	}
	return fd;
}

struct slow_order {
	unsigned each; /* connections that a process has at a time */
	int64_t end_ms;
};

static int be_slow(struct play *p, uint64_t seed, void *ctx)
{
	const struct slow_order *o = ctx;
	int fds[256];
	enum manner manners[256];

	for (unsigned i = 0; i < o->each; i++) {
		fds[i] = -1;
	}
	while (clock_monotonic_ms() < o->end_ms) {
		for (unsigned i = 0; i < o->each; i++) {
			char byte;

			if (fds[i] >= 0 && (!go_on(fds[i], manners[i]) ||
						   (manners[i] != NEVER_READS && recv(fds[i], &byte, 1, MSG_DONTWAIT) == 0))) {
				atomic_fetch_add(&p->tally->closed, 1);
				close(fds[i]);
				fds[i] = -1;
			}
			if (fds[i] < 0) {
				manners[i] = (enum manner)play_draw(&seed, NMANNERS);
				fds[i] = open_one(p, manners[i]);
			}
		}
		run_sleep_ms(50);
	}
	return 0;
}

void slow_callers_hold_up_nobody(void **state)
{
	struct play *p = *state;
	int ms = p->is_short ? 2500 : p->seconds > 0 ? p->seconds * 1000 : 40000;
	struct slow_order o = { 200, clock_monotonic_ms() + ms };
	static const enum who whos[] = { AS_STRANGER, AS_AUDITOR, AS_SECOND };
	pid_t pids[6];

	if (!is_user_of_its_own()) {
		return;
	}
	play_scene(p, SLOW);
	for (unsigned i = 0; i < 6; i++) {
		pids[i] = play_start(p, stage_uid(whos[i % 3]), be_slow, i, &o);
	}
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(play_wait(pids[i]), 0);
	}
	play_check(p, SLOW);
}

/* --- too many -------------------------------------------------------------------------- */

struct crowd {
	unsigned n;             /* connections of each process */
	int hold_ms;            /* that they are held */
	atomic_uint *admitted;  /* shared */
	bool is_mapped;         /* each process is another user */
};

/* What custosd says at once is that there is no room; in silence it waits for a call. */
static int press(struct play *p, uint64_t seed, void *ctx)
{
	const struct crowd *c = ctx;
	int *fds = calloc(c->n, sizeof(*fds));
	unsigned admitted = 0, told = 0;

	(void)seed;
	for (unsigned i = 0; i < c->n; i++) {
		fds[i] = play_connect(p);
	}
	run_sleep_ms(c->hold_ms);
	for (unsigned i = 0; i < c->n; i++) {
		char said[512] = "";
		ssize_t n = recv(fds[i], said, sizeof(said) - 1, MSG_DONTWAIT);

		admitted += n < 0 && errno == EAGAIN;
		told += n > 0 && play_kind(said, (size_t)n) == REPLY_BUSY && strstr(said, "connections");
	}
	atomic_fetch_add(&p->tally->connections, c->n);
	atomic_fetch_add(&p->tally->refused, told);
	atomic_fetch_add(c->admitted, admitted);
	for (unsigned i = 0; i < c->n; i++) {
		close(fds[i]);
	}
	free(fds);
	return admitted + told == c->n ? 0 : 1; /* let in or told, nothing else */
}

/* How many of n connections of each of these users were let in. */
static unsigned crowd_in(struct play *p, const uid_t *uids, unsigned nusers, unsigned n)
{
	/* silent ones are closed after 6 s: they must still be there when they are counted */
	struct crowd c = { .n = n, .hold_ms = 1500 };
	pid_t pids[64];
	unsigned admitted;

	c.admitted = &p->tally->honest[CALM].failed; /* shared memory that nobody else uses now */
	atomic_store(c.admitted, 0);
	play_scene(p, CROWD);
	for (unsigned i = 0; i < nusers; i++) {
		pids[i] = play_start(p, uids[i], press, i, &c);
	}
	for (unsigned i = 0; i < nusers; i++) {
		assert_int_equal(play_wait(pids[i]), 0);
	}
	admitted = atomic_exchange(c.admitted, 0);
	return admitted;
}

void one_user_gets_no_more_than_its_share_and_is_told(void **state)
{
	struct play *p = *state;
	uid_t uid = stage_uid(AS_AUDITOR);

	if (is_user_of_its_own()) {
		assert_int_equal(crowd_in(p, &uid, 1, SERVER_MAX_EACH + 100), SERVER_MAX_EACH);
		play_check(p, CROWD);
	}
}

void whoever_is_refused_reads_why(void **state)
{
	struct play *p = *state;
	static int fds[SERVER_MAX_EACH];

	if (!is_user_of_its_own()) {
		return;
	}
	play_scene(p, CROWD);
	for (unsigned i = 0; i < SERVER_MAX_EACH; i++) {
		fds[i] = stage_connect(p->stage, AS_AUDITOR);
	}
	stage_ctl(p->stage, AS_AUDITOR, "status");
	for (unsigned i = 0; i < SERVER_MAX_EACH; i++) {
		close(fds[i]);
	}

	stage_expect(p->stage, 75);
	assert_non_null(strstr(p->stage->last.err, "connections open, and no user may have more"));
	play_check(p, CROWD);
}

/* A user namespace gives 65,536 uids to anybody. */
void users_without_a_role_share_few_connections(void **state)
{
	struct play *p = *state;
	uid_t uids[32];

	if (!is_user_of_its_own()) {
		return;
	}
	for (unsigned i = 0; i < 32; i++) {
		uids[i] = 100000 + i;
	}
	assert_int_equal(crowd_in(p, uids, 32, 10), SERVER_MAX_STRANGERS);
	play_check(p, CROWD);
}

void ten_thousand_connections_leave_room_for_others(void **state)
{
	struct play *p = *state;
	unsigned each = p->is_short ? 100 : 1000;
	uid_t uids[10] = { stage_uid(AS_AUDITOR), stage_uid(AS_SECOND), stage_uid(AS_STRANGER) };

	if (!is_user_of_its_own()) {
		return;
	}
	for (unsigned i = 3; i < 10; i++) {
		uids[i] = 200000 + i;
	}
	assert_true(crowd_in(p, uids, 10, each) <= 2 * SERVER_MAX_EACH + SERVER_MAX_STRANGERS);
	play_check(p, CROWD);
}
