#include "control/brief.h"

#include <stddef.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "wire/message.h"

static void on_end_of_turn(struct turn_item *item);

void brief_init(struct brief *b, struct daemon *d)
{
	*b = (struct brief){ .daemon = d, .start.run = on_end_of_turn };
	pthread_mutex_init(&b->lock, NULL);
	for (unsigned i = 0; i < BRIEF_THREADS; i++) {
		b->runs[i].brief = b;
	}
}

void brief_done(struct brief *b)
{
	pthread_mutex_destroy(&b->lock);
}

/* --- the queue -------------------------------------------------------------------- */

void brief_put(struct brief *b, struct exchange *x)
{
	x->next_brief = NULL;
	pthread_mutex_lock(&b->lock);
	*(b->first ? &b->last->next_brief : &b->first) = x;
	b->last = x;
	b->n++;
	pthread_mutex_unlock(&b->lock);
	turn_put_finale(&b->daemon->turn, &b->start);
}

static struct exchange *take(struct brief *b)
{
	struct exchange *x;

	pthread_mutex_lock(&b->lock);
	x = b->first;
	if (x) {
		b->first = x->next_brief;
		b->n--;
	}
	pthread_mutex_unlock(&b->lock);
	return x;
}

static unsigned count(struct brief *b)
{
	unsigned n;

	pthread_mutex_lock(&b->lock);
	n = b->n;
	pthread_mutex_unlock(&b->lock);
	return n;
}

/* --- a thread's share ------------------------------------------------------------- */

static int run_some(struct work *w, struct cu_err *err)
{
	struct brief_run *run = (struct brief_run *)((char *)w - offsetof(struct brief_run, work));
	struct exchange *x;

	(void)err; /* each has its own */
	for (unsigned i = 0; i < BRIEF_EACH && (x = take(run->brief)) != NULL; i++) {
		if (exchange_run(x)) {
			x->next_brief = run->ended;
			run->ended = x;
		}
	}
	return 0;
}

static void on_ran(struct work *w)
{
	struct brief_run *run = (struct brief_run *)((char *)w - offsetof(struct brief_run, work));
	struct exchange *x;

	run->is_running = false;
	while ((x = run->ended) != NULL) {
		run->ended = x->next_brief;
		exchange_end(x);
	}
	if (count(run->brief) > 0) {
		turn_put_finale(&run->brief->daemon->turn, &run->brief->start);
	}
}

static void refuse_all(struct brief *b, const struct cu_err *why)
{
	struct exchange *x;

	while ((x = take(b)) != NULL) {
		reply_error(&x->reply, why);
		x->code = why->code;
		exchange_end(x);
	}
}

static void on_end_of_turn(struct turn_item *item)
{
	struct brief *b = (struct brief *)((char *)item - offsetof(struct brief, start));
	unsigned n = count(b);
	struct cu_err err;

	for (unsigned i = 0; i < BRIEF_THREADS && n > 0; i++) {
		struct brief_run *run = &b->runs[i];

		if (run->is_running) {
			continue;
		}
		run->work.run = run_some;
		run->work.done = on_ran;
		if (work_start(b->daemon->loop, &run->work, &err) < 0) {
			refuse_all(b, &err);
			return;
		}
		run->is_running = true;
		n -= n < BRIEF_EACH ? n : BRIEF_EACH;
	}
}
