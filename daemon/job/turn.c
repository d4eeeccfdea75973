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

	while ((item = take(t)) != NULL) {
		item->run(item);
	}
	uv_prepare_stop(prepare);
}

void turn_open(uv_loop_t *loop, struct turn *t)
{
	*t = (struct turn){ 0 };
	uv_prepare_init(loop, &t->prepare); /* cannot fail */
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

void turn_put_finale(struct turn *t, struct turn_item *item)
{
	item->is_put = true;
	t->finale = item;
	uv_prepare_start(&t->prepare, on_end_of_turn);
}

void turn_close(struct turn *t)
{
	uv_close((uv_handle_t *)&t->prepare, NULL);
}
