#include "job/post.h"

/* All that lies in the box, behind what was taken before and is not read yet. */
static void take_all(struct post *p)
{
	pthread_mutex_lock(&p->lock);
	if (p->first) {
		*(p->taken ? &p->last_taken->next : &p->taken) = p->first;
		p->last_taken = p->last;
		p->first = p->last = NULL;
	}
	pthread_mutex_unlock(&p->lock);
}

/* One at a time: a letter may drain the box itself, or close it. */
void post_drain(struct post *p)
{
	struct letter *l;

	take_all(p);
	while ((l = p->taken) != NULL) {
		p->taken = l->next;
		l->read(l);
	}
}

static void on_wake(uv_async_t *async)
{
	post_drain(async->data);
}

int post_open(uv_loop_t *loop, struct post *p, struct cu_err *err)
{
	int r;

	*p = (struct post){ 0 };
	pthread_mutex_init(&p->lock, NULL);
	r = uv_async_init(loop, &p->async, on_wake);
	p->async.data = p;
	return r == 0 ? 0 : cu_err_set(err, CU_EIO, "wake-up: %s", uv_strerror(r));
}

void post_send(struct post *p, struct letter *l)
{
	bool closed;

	l->next = NULL;
	pthread_mutex_lock(&p->lock);
	closed = p->is_closed;
	if (!closed) {
		if (p->first) {
			p->last->next = l; /* the loop was woken for the first */
		} else {
			p->first = l;
			uv_async_send(&p->async);
		}
		p->last = l;
	}
	pthread_mutex_unlock(&p->lock);
	if (closed) {
		l->drop(l);
	}
}

void post_unref(struct post *p)
{
	uv_unref((uv_handle_t *)&p->async);
}

void post_close(struct post *p)
{
	struct letter *l;

	pthread_mutex_lock(&p->lock);
	p->is_closed = true;
	pthread_mutex_unlock(&p->lock);
	take_all(p);
	while ((l = p->taken) != NULL) {
		p->taken = l->next;
		l->drop(l);
	}
	uv_close((uv_handle_t *)&p->async, NULL);
}
