#include "job/post.h"

/* The first letter if there is one; and how many there were. */
static struct letter *take_first(struct post *p, unsigned *ret_n)
{
	struct letter *l;

	pthread_mutex_lock(&p->lock);
	l = p->first;
	*ret_n = p->n;
	if (l) {
		p->first = l->next;
		p->last = p->first ? p->last : NULL;
		p->n--;
	}
	pthread_mutex_unlock(&p->lock);
	return l;
}

/* One at a time: a letter may drain the box itself, or close it. */
void post_drain(struct post *p)
{
	unsigned left, n;
	struct letter *l = take_first(p, &left);

	while (l) {
		l->read(l);
		l = --left > 0 ? take_first(p, &n) : NULL;
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
		if (p->last) {
			p->last->next = l;
		} else {
			p->first = l;
		}
		p->last = l;
		p->n++;
		uv_async_send(&p->async);
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
	unsigned n;

	pthread_mutex_lock(&p->lock);
	p->is_closed = true;
	pthread_mutex_unlock(&p->lock);
	while ((l = take_first(p, &n)) != NULL) {
		l->drop(l);
	}
	uv_close((uv_handle_t *)&p->async, NULL);
}
