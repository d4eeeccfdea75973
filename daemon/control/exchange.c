#include "control/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "control/caller.h"
#include "control/daemon.h"
#include "control/operator.h"
#include "crypto/hash.h"
#include "policy/policy.h"
#include "store/reader_alias.h"
#include "wire/interfaces.h"

/* --- the life of an exchange ------------------------------------------------------ */

#ifdef CUSTOS_CHECK_REPLIES
/* In test builds every reply is held against the interface; a defect is a defect. */
static int check_reply(struct exchange *x, struct span frame, struct cu_err *err)
{
	const struct idl_member *method =
		interfaces_method(x->daemon->interfaces, x->call.method, NULL);
	struct reply reply;
	int r = reply_parse(span_of(frame.p, frame.n - 1), &reply, err);

	if (r < 0) {
		return cu_err_wrap(err, CU_EINTERNAL, "reply of %s", x->call.method);
	}
	if (!reply.error && method &&
		idl_check(method->out, reply.parameters, IDL_REFUSE_UNKNOWN, NULL, err) < 0) {
		r = cu_err_wrap(err, CU_EINTERNAL, "reply of %s", x->call.method);
		log_error("%s", err ? err->msg : "a reply is not what the interface says");
	}
	reply_done(&reply);
	return r;
}
#endif

/* Whoever names an old id means the subject whose it is now.  Handlers see that one's. */
static int follow_alias(struct exchange *x, struct cu_err *err)
{
	const char *text = exchange_text(x, "subject");
	struct store *store = x->daemon->house.store;
	char now[ID_TEXT_SIZE];
	struct reader *rd;
	struct id id;
	int r;

	if (!text || !store_has_aliases(store) || !id_parse(text, &id)) {
		return 0; /* the handler says so */
	}
	x->merged = id;
	rd = store_reader_take(store);
	r = reader_alias_follow(rd, &id, err);
	store_reader_give(store, rd);
	if (r <= 0) {
		x->merged = (struct id){ 0 };
		return r;
	}
	id_format(&id, now);
	return json_object_set_new(x->call.parameters, "subject", json_string(now)) < 0 ?
		cu_err_set(err, CU_ENOMEM, "no memory for a call") :
		0;
}

/* Told to whoever may know that there is such a subject. */
static void end_reply(struct exchange *x, struct json *out)
{
	char old[ID_TEXT_SIZE];

	if (id_is_nil(&x->merged) || (x->permit.purpose && !x->permit.may_know)) {
		reply_end(out, false);
		return;
	}
	id_format(&x->merged, old);
	reply_end_merged(out, old, exchange_text(x, "subject"));
}

static int handle(struct exchange *x, struct json *out, struct cu_err *err)
{
	int r = 0;

	if (atomic_load(&x->daemon->state) == DAEMON_RUNNING &&
		!store_is_quarantined(x->daemon->house.store)) { /* else no leaf will name it */
		r = operator_id(x->daemon, x->uid, &x->actor, err);
		r = r < 0 ? r : follow_alias(x, err);
	}
	if (r == 0) {
		*out = reply_begin(&x->reply);
		r = x->handle(x, out, err);
	}
	return r;
}

/* Whether it is not there or may not be seen is nothing for those who may not know. */
static void hide(const struct exchange *x, struct cu_err *err)
{
	if (x->permit.purpose && !x->permit.may_know && !x->is_refused_for_role &&
		(err->code == CU_ENOENT || err->code == CU_EDENIED)) {
		(void)permit_hide(err);
	}
}

/* As a guest of the house, which is not closed meanwhile; with a last leaf until that is told. */
static int run_handler(struct work *w, struct cu_err *err)
{
	struct exchange *x = (struct exchange *)((char *)w - offsetof(struct exchange, work));
	struct json out;
	bool is_inside;
	int r;

	x->guest.cancel = &w->cancel;
	(void)intl_use(x->call.language);
	r = gate_enter(&x->daemon->gate, &x->guest, x->needs_store, err);
	is_inside = r == 0;
	if (r == 0) {
		r = handle(x, &out, err);
	}
	if (r >= 0) {
		end_reply(x, &out);
		r = buf_check(&x->reply, err);
	}
#ifdef CUSTOS_CHECK_REPLIES
	if (r >= 0) {
		r = check_reply(x, buf_span(&x->reply), err);
	}
#endif
	if (r < 0) {
		struct cu_err why = *err;

		hide(x, &why);
		buf_clear(&x->reply);
		reply_error(&x->reply, &why);
		x->code = why.code;
	}
	if (is_inside && (r < 0 || !x->last.is_wanted)) {
		gate_leave(&x->daemon->gate, &x->guest);
	}
	(void)intl_use(INTL_EN);
	return r;
}

void exchange_end(struct exchange *x)
{
	exchange_answer(x, &x->reply);
	x->on_ready(x);
}

/* Writer thread. */
static void on_leaf_done(struct store_op *op)
{
	struct exchange *x = (struct exchange *)((char *)op - offsetof(struct exchange, last.op));

	post_send(&x->daemon->post, &x->last.letter);
}

/* The leaf is durable, or it never will be. */
static void on_leaf_told(struct letter *l)
{
	struct exchange *x = (struct exchange *)((char *)l - offsetof(struct exchange, last.letter));

	gate_leave(&x->daemon->gate, &x->guest);
	if (x->last.op.code < 0) {
		hide(x, &x->last.op.err);
		buf_clear(&x->reply);
		reply_error(&x->reply, &x->last.op.err);
		x->code = x->last.op.code;
	}
	exchange_end(x);
}

/* Its session waits for it, and the box is closed after the last session. */
static void drop_nothing(struct letter *l)
{
	(void)l;
}

static void submit_last(struct exchange *x)
{
	x->last.op.done = on_leaf_done;
	x->last.letter = (struct letter){ .read = on_leaf_told, .drop = drop_nothing };
	store_submit(x->daemon->house.store, &x->last.op);
}

static int start_work(struct exchange *x, struct cu_err *err);

/* It gives back its thread; another call of its caller may have waited for that. */
static void start_next(struct exchange *x)
{
	struct caller *c = x->caller;
	struct exchange *next = c->first;
	struct cu_err err;

	if (!x->is_counted) {
		return;
	}
	c->nrunning--;
	if (!next) {
		return;
	}
	c->first = next->next_brief;
	if (start_work(next, &err) < 0) {
		reply_error(&next->reply, &err);
		next->code = err.code;
		exchange_end(next);
	}
}

static void on_handler_done(struct work *w)
{
	struct exchange *x = (struct exchange *)((char *)w - offsetof(struct exchange, work));

	post_drain(&x->daemon->post); /* its progress comes before its end */
	if (x->slots) {
		--*x->slots;
		--*x->own_slots;
	}
	start_next(x);
	if (w->code == CU_ECANCELED && x->reply.n == 0) { /* it never ran */
		reply_error(&x->reply, &w->err);
		x->code = w->code;
	}
	if (w->code >= 0 && x->last.is_wanted) {
		submit_last(x);
	} else {
		exchange_end(x);
	}
}

bool exchange_run(struct exchange *x)
{
	struct cu_err err;
	bool ends = run_handler(&x->work, &err) < 0 || !x->last.is_wanted;

	if (!ends) {
		submit_last(x);
	}
	return ends;
}

static int start_work(struct exchange *x, struct cu_err *err)
{
	int r;

	x->work.run = run_handler;
	x->work.done = on_handler_done;
	r = work_start(x->daemon->loop, &x->work, err);
	if (r == 0) {
		x->is_counted = true;
		x->caller->nrunning++;
	}
	return r;
}

/* A thread, or a place in the queue of its caller. */
static int start_or_wait(struct exchange *x, struct cu_err *err)
{
	struct caller *c = x->caller;

	if (c->nrunning < CALLER_MAX_RUNNING) {
		return start_work(x, err);
	}
	x->next_brief = NULL;
	*(c->first ? &c->last->next_brief : &c->first) = x;
	c->last = x;
	return 0;
}

static int start_long(struct exchange *x, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	bool waits = (x->command->access & ACCESS_WAIT) != 0;
	unsigned *slots = waits ? &d->nwaiting : &d->njobs;
	unsigned *own = waits ? &x->caller->nwaiting : &x->caller->njobs;
	unsigned max = waits ? DAEMON_MAX_WAITING : DAEMON_MAX_JOBS;
	int r;

	if (*slots >= max || *own >= caller_share(max)) {
		return cu_err_set(err, CU_EBUSY,
			*slots >= max ? N_("%u long calls are running already; try again") :
					N_("you have %u long calls running already; try again"),
			*slots >= max ? max : *own);
	}
	x->work.run = run_handler;
	x->work.done = on_handler_done;
	r = work_start(d->loop, &x->work, err);
	if (r == 0) {
		x->slots = slots;
		x->own_slots = own;
		++*slots;
		++*own;
	}
	return r;
}

int exchange_start(struct exchange *x, struct cu_err *err)
{
	bool is_long = (x->command->access & (ACCESS_STREAM | ACCESS_PAGES)) == ACCESS_STREAM;

	if (x->command->access & ACCESS_BRIEF) {
		brief_put(&x->daemon->brief, x);
		return 0;
	}
	return is_long ? start_long(x, err) : start_or_wait(x, err);
}

/* Of an answer for which there is no memory no part is sent: its session is closed for it. */
static void put_out(struct exchange *x, const struct buf *frame)
{
	buf_put_span(&x->out, buf_span(frame));
	x->out.is_failed |= frame->is_failed;
}

void exchange_answer(struct exchange *x, struct buf *frame)
{
	if (x->command) {
		call_meter_note(&x->daemon->meter, x->command->id, x->code,
			clock_monotonic_us() - x->began_us);
	}
	if (!x->call.oneway) {
		put_out(x, frame);
	}
	if (x->fd >= 0) {
		close(x->fd); /* its reply may wait long behind others */
		x->fd = -1;
	}
	x->is_done = true;
}

void exchange_free(struct exchange *x)
{
	if (!x) {
		return;
	}
	if (x->fd >= 0) {
		close(x->fd);
	}
	policy_unref(x->policy);
	call_done(&x->call);
	buf_done(&x->reply);
	buf_done(&x->out);
	free(x);
}

/* --- for handlers ----------------------------------------------------------------- */

bool exchange_is_cancelled(const struct exchange *x)
{
	return atomic_load(&x->work.cancel);
}

const char *exchange_text(const struct exchange *x, const char *name)
{
	return json_string_value(json_object_get(x->call.parameters, name));
}

int64_t exchange_int(const struct exchange *x, const char *name, int64_t absent)
{
	const json_t *v = json_object_get(x->call.parameters, name);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : absent;
}

bool exchange_has(const struct exchange *x, const char *name)
{
	const json_t *v = json_object_get(x->call.parameters, name);

	return v && !json_is_null(v);
}

bool exchange_flag(const struct exchange *x, const char *name)
{
	return json_is_true(json_object_get(x->call.parameters, name));
}

enum language exchange_letter_language(const struct exchange *x)
{
	const char *word = exchange_text(x, "language");
	enum language language = (enum language)policy_organisation(x->policy)->language;

	if (word) { /* the interface has its words checked */
		(void)language_parse(word, &language);
	}
	return language;
}

enum language exchange_language(const struct exchange *x)
{
	return exchange_has(x, "language") || x->call.language == INTL_EN ? exchange_letter_language(x) :
									    language_of_reader();
}

int exchange_id(const struct exchange *x, const char *name, struct id *ret, struct cu_err *err)
{
	const char *text = exchange_text(x, name);

	*ret = (struct id){ 0 };
	if (text && !id_parse(text, ret)) {
		return cu_err_set(err, CU_EINVAL, "%s: expected an id of 32 hexadecimal digits", name);
	}
	return 0;
}

int exchange_request(const struct exchange *x, struct id *ret, struct cu_err *err)
{
	struct buf all = BUF_INIT;
	uint8_t digest[HASH_SIZE];
	struct id given;
	int r = exchange_id(x, "request", &given, err);

	if (r == 0 && !id_is_nil(&given)) {
		buf_put_str(&all, x->call.method);
		buf_put_u8(&all, '\0');
		buf_put(&all, x->actor.b, sizeof(x->actor.b));
		buf_put(&all, given.b, sizeof(given.b));
		r = buf_check(&all, err);
		if (r == 0) {
			hash_blake2b(buf_span(&all), digest);
			memcpy(given.b, digest, sizeof(given.b));
		}
	}
	buf_done(&all);
	if (r == 0) {
		*ret = given;
	}
	return r;
}

/* A frame on its way to the loop. */
struct progress {
	struct letter letter;
	struct exchange *x;
	struct buf frame;
};

static void drop_progress(struct letter *l)
{
	struct progress *p = (struct progress *)l;

	buf_done(&p->frame);
	free(p);
}

static void read_progress(struct letter *l)
{
	struct progress *p = (struct progress *)l;

	put_out(p->x, &p->frame);
	p->x->on_ready(p->x);
	drop_progress(l);
}

struct json exchange_progress_begin(struct buf *frame)
{
	return reply_begin(frame);
}

static int send_progress(struct exchange *x, struct buf *frame, struct cu_err *err)
{
	struct progress *p = frame->is_failed ? NULL : calloc(1, sizeof(*p));

	if (!p) {
		buf_done(frame);
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	p->letter.read = read_progress;
	p->letter.drop = drop_progress;
	p->x = x;
	p->frame = *frame;
	*frame = (struct buf)BUF_INIT;
	post_send(&x->daemon->post, &p->letter);
	return 0;
}

void exchange_progress_end(struct exchange *x, struct json *j, struct buf *frame)
{
	reply_end(j, true);
	if (!x->call.more || atomic_load(&x->is_unread)) {
		buf_done(frame); /* progress that is lost is no failure */
		return;
	}
	(void)send_progress(x, frame, NULL);
}

int exchange_part_end(struct exchange *x, struct json *j, struct buf *frame, struct cu_err *err)
{
	reply_end(j, true);
	exchange_wait_for_reader(x);
	if (exchange_is_cancelled(x)) {
		buf_done(frame);
		return cu_err_set(err, CU_ECANCELED, "cancelled");
	}
	return send_progress(x, frame, err);
}

/* Worker thread. */
static bool uses_rule(const void *permit, const struct rule *rule)
{
	return permit_uses(permit, rule);
}

struct reader *exchange_reader(struct exchange *x)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);

	reader_narrow(rd, uses_rule, &x->permit, exchange_now_ms(x));
	return rd;
}

static bool uses_any(const void *ctx, const struct rule *rule)
{
	(void)ctx;
	(void)rule;
	return true;
}

struct reader *exchange_reader_of_all(struct exchange *x)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);

	reader_narrow(rd, uses_any, NULL, exchange_now_ms(x));
	return rd;
}

void exchange_wait_for_reader(const struct exchange *x)
{
	struct timespec pause = { 0, 10 * 1000 * 1000 }; /* rare: looked at again, not signalled */

	while (x->call.more && atomic_load(&x->is_unread) && !exchange_is_cancelled(x)) {
		nanosleep(&pause, NULL);
	}
}
