/* A million spoilt frames. */
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
#include "frames.h"
#include "socket.h"

#define WHOLE 1000000
#define SHORT 4000
#define BATCH 48 /* frames of one write at most */
#define LAST  "{\"method\":\"org.varlink.service.GetInfo\"}"
#define PATIENCE_MS 120000

struct stream {
	struct play *play;
	int fd;
	char head[256]; /* of the reply that is being read */
	size_t nhead;
	unsigned long nreplies;
	bool ends;          /* nothing more will be sent */
	bool has_seen_last; /* the answer to LAST */
};

static void take_bytes(struct stream *s, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\0') {
			atomic_fetch_add(&s->play->tally->replies[play_kind(s->head, s->nhead)], 1);
			s->nreplies++;
			s->has_seen_last = memmem(s->head, s->nhead, "\"product\"", 9) != NULL;
			s->nhead = 0;
		} else if (s->nhead < sizeof(s->head)) {
			s->head[s->nhead++] = bytes[i];
		}
	}
}

static bool is_over(const struct stream *s)
{
	return s->ends ? false : s->has_seen_last;
}

/* Writes all and reads until the answer to LAST, or the end if nothing more is to come; false: custosd closed. */
static bool talk(struct stream *s, struct span out)
{
	s->has_seen_last = false;
	for (;;) {
		struct pollfd p = { .fd = s->fd, .events = (short)(POLLIN | (out.n > 0 ? POLLOUT : 0)) };
		static char bytes[65536];
		ssize_t n;

		if (is_over(s) || poll(&p, 1, PATIENCE_MS) <= 0) {
			return is_over(s);
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
			n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN)) {
				return false;
			}
			take_bytes(s, bytes, n > 0 ? (size_t)n : 0);
		}
		if (out.n > 0 && (p.revents & POLLOUT)) {
			n = send(s->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0 && errno != EAGAIN) {
				return false;
			}
			out.p += n > 0 ? n : 0;
			out.n -= n > 0 ? (size_t)n : 0;
			if (out.n == 0 && s->ends) {
				shutdown(s->fd, SHUT_WR);
			}
		}
	}
}

struct order {
	unsigned long want; /* frames of all together; 0: until the end */
	int64_t end_ms;
};

static bool is_due(const struct play *p, const struct order *o)
{
	return o->want > 0 ? atomic_load(&p->tally->frames) < o->want : clock_monotonic_ms() < o->end_ms;
}

static void put_batch(struct frames *f, bool may_break, unsigned n, struct buf *batch)
{
	buf_clear(batch);
	for (unsigned i = 0; i < n; i++) {
		frames_put(f, may_break, batch);
	}
	if (!may_break) {
		buf_put(batch, LAST, sizeof(LAST));
	}
}

/* Batches that are answered, and on half of the connections at last one frame that may end it. */
static int send_frames(struct play *p, uint64_t seed, void *ctx)
{
	const struct order *o = ctx;
	struct frames f = { .seed = seed, .subject = p->victim };
	struct buf batch = BUF_INIT;

	if (interfaces_load(&f.set, NULL) < 0) {
		return 1;
	}
	for (unsigned long nbatch, before; is_due(p, o);) {
		struct stream s = { .play = p, .fd = play_connect(p) };

		nbatch = 1 + play_draw(&f.seed, BATCH);
		put_batch(&f, false, (unsigned)nbatch, &batch);
		if (s.fd < 0 || !talk(&s, buf_span(&batch))) {
			return 2; /* these are no reason to be closed */
		}
		if (play_draw(&f.seed, 2) == 0) {
			nbatch++;
			put_batch(&f, true, 1, &batch);
			s.ends = true;
			before = s.nreplies;
			(void)talk(&s, buf_span(&batch));
			atomic_fetch_add(&p->tally->closed, s.nreplies == before); /* not even an error */
		}
		atomic_fetch_add(&p->tally->frames, nbatch);
		atomic_fetch_add(&p->tally->connections, 1);
		close(s.fd);
	}
	interfaces_free(f.set);
	buf_done(&batch);
	return 0;
}

void mutated_frames_are_refused_and_nobody_else_notices(void **state)
{
	struct play *p = *state;
	struct order o = { .end_ms = clock_monotonic_ms() + p->seconds * 1000 };
	static const enum who whos[] = { AS_SECOND, AS_AUDITOR, AS_STRANGER };
	pid_t pids[6];

	play_scene(p, FRAMES);
	o.want = p->seconds > 0 ? 0 : p->is_short ? SHORT : WHOLE;
	for (unsigned i = 0; i < 6; i++) {
		pids[i] = play_start(p, stage_uid(whos[i % 3]), send_frames, i, &o);
	}
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(play_wait(pids[i]), 0);
	}

	assert_true(atomic_load(&p->tally->replies[REPLY_GOOD]) > 0);
	assert_true(atomic_load(&p->tally->replies[REPLY_INVALID]) > 0);
	play_check(p, FRAMES);
}

/* Each alone on a connection: what must be said of it, or that it ends the connection. */
void what_is_no_call_is_named_or_ends_the_connection(void **state)
{
	static const struct {
		const char *text, *said;
	} all[] = {
		{ "\xff\xff\xff\xff{\"method\":\"io.custos.Status\"}", "closed" }, /* a length of 4 GiB */
		{ "{\"method\":\"io.custos.Status\\u0000\"}", "closed" },
		{ "{\"method\":\"io.custos.Status\",\"method\":\"io.custos.Seal\"}", "closed" },
		{ "{\"method\":\"io.custos.log.Show\",\"parameters\":{\"from\":9223372036854775808}}", "closed" },
		{ "{\"method\":\"io.custos.log.Show\",\"parameters\":{\"from\":1e400}}", "closed" },
		{ "{\"method\":\"io.custos.log.Show\",\"parameters\":{\"from\":1.0}}", "io.custos.Invalid" },
		{ "{\"method\":\"io.custos.log.Show\",\"parameters\":{\"from\":0,\"from\":1}}", "closed" },
		{ "{\"method\":\"io.custos.Status\",\"parameters\":{\"\":1}}", "io.custos.Invalid" },
		{ "{\"method\":\"io.custos.Status\xed\xa0\x80\"}", "closed" },
		{ "{\"method\":\"io.custos.Status\"} ", "" },
		{ "{\"method\":\"IO.CUSTOS.STATUS\"}", "org.varlink.service.InterfaceNotFound" },
		{ "{\"method\":\"io.custos.Status \"}", "org.varlink.service.MethodNotFound" },
		{ "{\"method\":\"\"}", "closed" },
		{ "{\"method\":\"io.custos.subject.Get\",\"parameters\":{\"subject\":\"%n\",\"purpose\":"
		  "\"customer_service\"}}", "io.custos.Invalid" },
	};
	struct play *p = *state;
	char said[512];

	play_scene(p, FRAMES);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int fd = stage_connect(p->stage, i == 13 ? AS_PRIVACY : AS_AUDITOR);

		play_ask(fd, all[i].text, said);
		if (strncmp(said, all[i].said, strlen(all[i].said)) != 0 || (!*all[i].said && *said)) {
			fail_msg("%s: '%s' instead of '%s'", all[i].text, said, all[i].said);
		}
		close(fd);
	}
	play_check(p, FRAMES);
}
