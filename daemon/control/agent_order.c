/* What targets are asked through custos-agent: agent_link_order. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backup/repo_far.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/packet.h"
#include "base/path.h"
#include "base/text.h"
#include "control/agent_link_internal.h"

#define READY_MS  20000  /* until there is an agent: it may just be coming back */
#define RENEW_MS  40000  /* until there is another one */
#define STALL_MS  60000  /* without a byte */
#define ANSWER_MS 120000 /* and a second for each SLOW_BYTES that are put */
#define SLOW_BYTES (256 * 1024)
#define LOOK_MS   500    /* how soon an end of custosd is seen */
#define SLICE     65536

static const char *const verbs[] = {
#define X(id, word) [FAR_##id] = word,
	FAR_VERBS(X)
#undef X
};

/* --- the loop's side ------------------------------------------------------------------- */

void agent_order_fail_all(struct agent_link *l)
{
	for (struct agent_order *o = l->orders; o; o = o->next) {
		if (!o->is_done) {
			o->is_done = true;
			o->code = CU_EUNAVAIL;
			snprintf(o->fault, sizeof(o->fault), "custos-agent ended meanwhile");
		}
	}
	pthread_cond_broadcast(&l->changed);
}

static const struct outcome {
	const char *word;
	int code;
} outcomes[] = { { "done", 0 }, { "absent", CU_ENOENT }, { "taken", CU_EEXIST },
	{ "later", CU_EUNAVAIL }, { "away", CU_EUNAVAIL }, { "refused", CU_EDENIED } };

static void take_answer(struct agent_order *o, const struct outcome *came, const json_t *said)
{
	const char *fault = json_string_value(json_object_get(said, "fault"));
	json_int_t size = json_integer_value(json_object_get(said, "size"));

	o->is_done = true;
	o->code = came->code;
	o->is_away = strcmp(came->word, "away") == 0;
	o->size = size > 0 ? (uint64_t)size : 0;
	text_escape(fault ? fault : "", o->fault, sizeof(o->fault));
}

int agent_order_on_answer(struct agent_link *l, const json_t *said, struct cu_err *err)
{
	const char *id = json_string_value(json_object_get(said, "id"));
	const char *word = json_string_value(json_object_get(said, "came"));
	const struct outcome *came = NULL;

	for (size_t i = 0; word && i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		came = strcmp(outcomes[i].word, word) == 0 ? &outcomes[i] : came;
	}
	if (!id || !came) {
		return cu_err_set(err, CU_EPROTO, "it said what is no answer");
	}
	pthread_mutex_lock(&l->lock);
	for (struct agent_order *o = l->orders; o; o = o->next) {
		if (!o->is_done && strcmp(o->id, id) == 0) {
			take_answer(o, came, said); /* else nobody waits for it any more */
		}
	}
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

/* --- waiting, with the lock held --------------------------------------------------------- */

/* False: it is too late. */
static bool wait_until(struct agent_link *l, int64_t deadline_ms)
{
	struct timespec t = { deadline_ms / 1000, deadline_ms % 1000 * 1000000 };

	return !l->is_stopped && pthread_cond_timedwait(&l->changed, &l->lock, &t) == 0;
}

static bool is_asked(const struct agent_link *l, const char *key)
{
	for (const struct agent_order *o = l->orders; o; o = o->next) {
		if (strcmp(o->target, key) == 0) {
			return true;
		}
	}
	return false;
}

static const char *fault_of(const struct agent_link *l, const char *key)
{
	for (size_t i = 0; i < l->seen.ntargets; i++) {
		if (strcmp(l->seen.targets[i].key, key) == 0) {
			return l->seen.targets[i].fault;
		}
	}
	return "custos-agent was not told of it";
}

/* One order at a time for each target. */
static int wait_for_turn(struct agent_link *l, const char *key, struct cu_err *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + READY_MS;
	bool goes_on = true;

	while (goes_on && (!l->seen.is_ready || l->is_ending || is_asked(l, key))) {
		goes_on = wait_until(l, deadline_ms);
	}
	if (l->is_stopped || !l->seen.is_ready || l->is_ending) {
		return cu_err_set(err, CU_EUNAVAIL, "custos-agent is not there");
	}
	if (is_asked(l, key)) {
		return cu_err_set(err, CU_EBUSY, "it is at work for somebody else");
	}
	return fault_of(l, key)[0] ? cu_err_set(err, CU_EUNAVAIL, "%s", fault_of(l, key)) : 0;
}

/* --- an order ------------------------------------------------------------------------- */

static int send_order(struct agent_link *l, const struct agent_order *o,
	const struct far_order *order, int fd, struct cu_err *err)
{
	struct buf b = BUF_INIT;
	struct json j = json_to(&b);
	int r;

	json_open_object(&j, NULL);
	json_open_object(&j, "order");
	json_str(&j, "id", o->id);
	json_str(&j, "target", o->target);
	json_str(&j, "verb", verbs[order->verb]);
	json_str(&j, "name", order->name);
	json_uint(&j, "size", order->size);
	json_close_object(&j);
	json_close_object(&j);
	r = buf_check(&b, err);
	if (r == 0) {
		r = packet_send(l->fd, buf_span(&b), fd, false, err);
	}
	buf_done(&b);
	return r;
}

static int submit(struct agent_link *l, struct agent_order *o, const struct far_order *order, int fd,
	struct cu_err *err)
{
	struct id id = id_new();
	int r;

	id_format(&id, o->id);
	pthread_mutex_lock(&l->lock);
	r = wait_for_turn(l, o->target, err);
	if (r == 0) {
		r = send_order(l, o, order, fd, err);
	}
	if (r == 0) {
		o->next = l->orders;
		l->orders = o;
	}
	pthread_mutex_unlock(&l->lock);
	return r;
}

static void take_out(struct agent_link *l, const struct agent_order *o)
{
	struct agent_order **at = &l->orders;

	while (*at != o) {
		at = &(*at)->next;
	}
	*at = o->next;
	pthread_cond_broadcast(&l->changed); /* the next one's turn */
}

/* Also after drain failed: until it is answered, the target is at work. */
static int await(struct agent_link *l, struct agent_order *o, uint64_t put_bytes, struct cu_err *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + ANSWER_MS +
		(int64_t)(put_bytes / SLOW_BYTES) * 1000;
	bool goes_on = true, is_late;

	pthread_mutex_lock(&l->lock);
	while (goes_on && !o->is_done) {
		goes_on = wait_until(l, deadline_ms);
	}
	is_late = !o->is_done;
	take_out(l, o);
	pthread_mutex_unlock(&l->lock);
	if (is_late) {
		agent_link_cut(l); /* the next one may reach it */
		return cu_err_set(err, CU_EUNAVAIL, "there was no answer within %d s", ANSWER_MS / 1000);
	}
	return o->code < 0 ? cu_err_set(err, o->code, "%s", o->fault) : 0;
}

/* --- what comes back -------------------------------------------------------------------- */

static bool is_over(struct agent_link *l)
{
	bool is;

	pthread_mutex_lock(&l->lock);
	is = l->is_stopped;
	pthread_mutex_unlock(&l->lock);
	return is;
}

/* 1: there is something, or the end. */
static int wait_for_bytes(struct agent_link *l, int fd, struct cu_err *err)
{
	struct pollfd p = { fd, POLLIN, 0 };

	for (int waited = 0; waited < STALL_MS && !is_over(l); waited += LOOK_MS) {
		int n = poll(&p, 1, LOOK_MS);

		if (n > 0) {
			return 1;
		}
		if (n < 0 && errno != EINTR) {
			return cu_err_errno(err, errno, "poll");
		}
	}
	return cu_err_set(err, CU_EUNAVAIL, "nothing came for %d s", STALL_MS / 1000);
}

/* At most limit + 1 bytes into to: whoever is at the other end may write for ever. */
static int drain(struct agent_link *l, int fd, int to, uint64_t limit, uint64_t *ret, struct cu_err *err)
{
	uint8_t *slice = malloc(SLICE);
	uint64_t has = 0;
	int r = slice ? 1 : cu_err_set(err, CU_ENOMEM, "out of memory");

	while (r == 1 && has <= limit) {
		size_t cap = limit - has < SLICE - 1 ? (size_t)(limit - has) + 1 : SLICE;
		ssize_t n;

		r = wait_for_bytes(l, fd, err);
		if (r < 0) {
			break;
		}
		n = read(fd, slice, cap);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		r = n < 0 ? cu_err_errno(err, errno, "read") :
			n == 0 ? 0 :
			path_write_fd(to, span_of(slice, (size_t)n), err) < 0 ? err->code : 1;
		has += n > 0 ? (uint64_t)n : 0;
	}
	free(slice);
	*ret = has;
	return r < 0 ? r : 0;
}

static int start_anew(int fd, struct cu_err *err)
{
	return ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 ?
		cu_err_errno(err, errno, "a file on its way") :
		0;
}

static int fetch(struct agent_link *l, struct agent_order *o, struct far_order *order,
	struct cu_err *err)
{
	uint64_t came = 0, limit = order->size;
	int pair[2], drained, r = start_anew(order->fd, err);
	struct cu_err why = { .msg = "" };

	if (r == 0 && pipe2(pair, O_CLOEXEC) < 0) {
		r = cu_err_errno(err, errno, "a pipe");
	}
	if (r < 0) {
		return r;
	}
	r = submit(l, o, order, pair[1], err);
	close(pair[1]);
	if (r == 0) {
		drained = drain(l, pair[0], order->fd, limit, &came, &why);
		close(pair[0]); /* it cannot write any more, whatever it has */
		pair[0] = -1;
		r = await(l, o, 0, err);
		if (drained < 0) {
			r = cu_err_set(err, drained, "%s", why.msg);
		} else if (came > limit) {
			r = 0; /* that is said by its size, and enough */
		}
	}
	if (pair[0] >= 0) {
		close(pair[0]);
	}
	if (r == 0) {
		order->size = came;
	}
	return r;
}

static int attempt(struct agent_link *l, const char *key, struct far_order *order, bool *ret_is_away,
	struct cu_err *err)
{
	struct agent_order o = { .target = key };
	bool is_put = order->verb == FAR_PUT || order->verb == FAR_REPLACE;
	int r;

	if (order->verb == FAR_GET || order->verb == FAR_LIST) {
		r = fetch(l, &o, order, err);
	} else {
		r = submit(l, &o, order, order->fd, err);
		if (r == 0) {
			r = await(l, &o, is_put ? order->size : 0, err);
		}
		if (r == 0 && order->verb == FAR_SIZE) {
			order->size = o.size;
		}
	}
	*ret_is_away = o.is_away;
	return r;
}

/* --- an agent that sees what was mounted since ---------------------------------------------- */

/* What it may reach was said when it shut itself in.  It ends what it is doing first. */
static bool renew(struct agent_link *l)
{
	static const char packet[] = "{\"end\":{}}";
	int64_t deadline_ms = clock_monotonic_ms() + RENEW_MS;
	bool goes_on, was_told, is_new;
	uint64_t before;

	pthread_mutex_lock(&l->lock);
	before = l->nready;
	goes_on = l->seen.is_ready && l->seen.has_landlock &&
		packet_send(l->fd, span_str(packet), -1, false, NULL) == 0;
	was_told = goes_on;
	l->is_ending |= was_told;
	while (goes_on && l->nready == before) {
		goes_on = wait_until(l, deadline_ms);
	}
	is_new = l->nready > before;
	pthread_mutex_unlock(&l->lock);
	if (!is_new && was_told) {
		agent_link_cut(l); /* it does not end */
	}
	return is_new;
}

/* --- who could not be reached ---------------------------------------------------------------- */

static void remember(struct agent_link *l, const char *key, int code, const struct cu_err *why)
{
	struct agent_away *to = NULL;

	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < TARGETS_MAX_FAR && !(to && strcmp(to->key, key) == 0); i++) {
		if (strcmp(l->away[i].key, key) == 0 || (!to && !l->away[i].key[0])) {
			to = &l->away[i];
		}
	}
	if (to && code < 0 && code != CU_ENOENT && code != CU_EEXIST) {
		snprintf(to->key, sizeof(to->key), "%s", key);
		snprintf(to->fault, sizeof(to->fault), "%s", why->msg);
	} else if (to && strcmp(to->key, key) == 0) {
		*to = (struct agent_away){ "", "" };
	}
	pthread_mutex_unlock(&l->lock);
}

bool agent_link_is_away(struct agent_link *l, const char *key, struct agent_away *ret)
{
	bool is = false;

	if (!l) {
		return false;
	}
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; !is && i < TARGETS_MAX_FAR; i++) {
		is = strcmp(l->away[i].key, key) == 0;
		if (is) {
			*ret = l->away[i];
		}
	}
	pthread_mutex_unlock(&l->lock);
	return is;
}

int agent_link_order(struct agent_link *l, const char *key, struct far_order *order,
	struct cu_err *err)
{
	struct cu_err why = { .msg = "" };
	bool is_away = false;
	int r;

	if (!l) {
		return cu_err_set(err, CU_EUNAVAIL, "the first target of the kind agent needs a restart of custosd");
	}
	r = attempt(l, key, order, &is_away, &why);
	if (r < 0 && is_away && renew(l)) {
		r = attempt(l, key, order, &is_away, &why);
	}
	if (is_over(l)) {
		return cu_err_set(err, CU_EUNAVAIL, "custosd ends");
	}
	remember(l, key, r, &why);
	return r < 0 ? cu_err_set(err, r, "%s", why.msg) : 0;
}
