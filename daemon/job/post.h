/*
 * post.h: letters from any thread to the loop.
 *
 * A letter is read on the loop thread, in the order of posting.  After post_close none is
 * read any more and posting frees them by their drop.
 */
#ifndef CU_JOB_POST_H
#define CU_JOB_POST_H
#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

struct letter {
	void (*read)(struct letter *); /* loop; takes the letter */
	void (*drop)(struct letter *); /* instead of read, once the box is closed; any thread */
	struct letter *next;
};

struct post {
	uv_async_t async;
	pthread_mutex_t lock;
	struct letter *first, *last;       /* in the box */
	bool is_closed;
	struct letter *taken, *last_taken; /* loop: out of the box, and not read yet */
};

int post_open(uv_loop_t *loop, struct post *p, struct cu_err *err);
/* Any thread. */
void post_send(struct post *p, struct letter *l);
/* Loop: reads what has been posted so far, now; a letter may do it too. */
void post_drain(struct post *p);
/* Loop: the box alone does not keep the loop running any more. */
void post_unref(struct post *p);
/* Loop; a letter may do it.  The struct is free for use once the loop has run once more and no
 * thread sends any more. */
void post_close(struct post *p);

#endif
