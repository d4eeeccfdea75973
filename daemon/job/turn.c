#include "job/turn.h"

#include <stddef.h>

static struct turn_item *take(struct turn *t)
{
	struct turn_item *item = t->first;

	if (item) {
		t->first = item->next;
	} else {
		item = t->finale;
		t->finale = NULL;
	}
	if (item) {
		item->is_put = false; /* it may put itself again */
	}
	return item;
}

/* What is put meanwhile is done, too: an item that puts itself waits for nothing. */
static void on_end_of_turn(uv_prepare_t *prepare)
{
	struct turn *t = prepare->data;
	struct turn_item *item;

	t->number++;
	if (t->later) { /* it has waited longest */
		t->last_later->next = t->first;
		t->last = t->first ? t->last : t->last_later;
		t->first = t->later;
		t->later = NULL;
	}
	while ((item = take(t)) != NULL) {
		item->run(item);
	}
	if (!t->later) {
		uv_prepare_stop(prepare);
		uv_idle_stop(&t->idle);
	}
}

static void on_idle(uv_idle_t *idle)
{
	(void)idle;
}

void turn_open(uv_loop_t *loop, struct turn *t)
{
	*t = (struct turn){ 0 };
	uv_prepare_init(loop, &t->prepare); /* cannot fail */
	uv_idle_init(loop, &t->idle); /* nor this */
	t->prepare.data = t;
}

void turn_put(struct turn *t, struct turn_item *item)
{
	if (item->is_put) {
		return;
	}
	item->is_put = true;
	item->next = NULL;
	*(t->first ? &t->last->next : &t->first) = item;
	t->last = item;
	uv_prepare_start(&t->prepare, on_end_of_turn);
}

void turn_put_later(struct turn *t, struct turn_item *item)
{
	if (item->is_put) {
		return;
	}
	item->is_put = true;
	item->next = NULL;
	*(t->later ? &t->last_later->next : &t->later) = item;
	t->last_later = item;
	uv_prepare_start(&t->prepare, on_end_of_turn);
	uv_idle_start(&t->idle, on_idle);
}

void turn_put_finale(struct turn *t, struct turn_item *item)
{
	item->is_put = true;
	t->finale = item;
	uv_prepare_start(&t->prepare, on_end_of_turn);
}

void turn_close(struct turn *t)
{
	uv_close((uv_handle_t *)&t->prepare, NULL);
	uv_close((uv_handle_t *)&t->idle, NULL);
}
