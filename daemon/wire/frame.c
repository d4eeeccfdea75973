#include "wire/frame.h"

#include <string.h>

#include "base/err.h"

/* A connection that once carried a large frame gives the memory back when it is idle. */
#define KEPT_WHEN_IDLE (64 * 1024)

void frame_init(struct frame_reader *r, size_t max)
{
	*r = (struct frame_reader){ .held = BUF_INIT_WIPE, .max = max };
}

void frame_done(struct frame_reader *r)
{
	buf_done(&r->held);
}

uint64_t frame_fed(const struct frame_reader *r)
{
	return r->returned + (r->held.n - r->head);
}

size_t frame_held(const struct frame_reader *r)
{
	return r->held.n - r->head;
}

bool frame_is_idle(const struct frame_reader *r)
{
	return r->head == r->held.n;
}

static void forget_all(struct frame_reader *r)
{
	if (r->held.cap > KEPT_WHEN_IDLE) {
		buf_done(&r->held);
		r->held = (struct buf)BUF_INIT_WIPE;
	} else {
		buf_clear(&r->held);
	}
	r->head = r->seen = 0;
}

/* Frames that were returned lie in front of head.  They are dropped once they are the larger
 * part, so that each byte is moved at most once for each byte that was consumed. */
static void drop_returned(struct frame_reader *r)
{
	size_t left = r->held.n - r->head;

	if (left == 0) {
		forget_all(r);
	} else if (r->head >= left) {
		memmove(r->held.p, r->held.p + r->head, left);
		explicit_bzero(r->held.p + left, r->held.n - left);
		r->held.n = left;
		r->seen -= r->head;
		r->head = 0;
	}
}

/* Looks at one byte that does not end the frame.  Inside strings brackets mean nothing, and a
 * backslash takes the byte behind it along (of \u005b only the 'u', which is enough). */
static int look_at(struct frame_reader *r, uint8_t c, struct cu_err *err)
{
	if (r->in_string) {
		if (r->after_backslash) {
			r->after_backslash = false;
		} else if (c == '\\') {
			r->after_backslash = true;
		} else if (c == '"') {
			r->in_string = false;
		}
		return 0;
	}
	switch (c) {
	case '"': r->in_string = true; break;
	case '{':
	case '[':
		if (++r->depth > FRAME_DEPTH_MAX) {
			return cu_err_set(err, CU_ELIMIT,
				"a message is nested deeper than %d", FRAME_DEPTH_MAX);
		}
		break;
	case '}':
	case ']':
		if (r->depth == 0) {
			return cu_err_set(err, CU_EPROTO,
				"a message closes what it did not open");
		}
		r->depth--;
		break;
	}
	return 0;
}

static int take_frame(
	struct frame_reader *r, struct frame *ret_frame, struct cu_err *err)
{
	size_t n = r->seen - r->head;

	if (n == 0) {
		return cu_err_set(err, CU_EPROTO, "a message is empty");
	}
	*ret_frame = (struct frame){ span_of(r->held.p + r->head, n), r->returned };
	r->returned += n + 1;
	r->head = r->seen = r->seen + 1;
	r->depth = 0;
	r->in_string = r->after_backslash = false;
	return 1;
}

static int scan(struct frame_reader *r, struct frame *ret_frame, struct cu_err *err)
{
	for (; r->seen < r->held.n; r->seen++) {
		uint8_t c = r->held.p[r->seen];
		int code;

		if (c == '\0') {
			return take_frame(r, ret_frame, err);
		}
		if (r->seen - r->head >= r->max) {
			return cu_err_set(err, CU_ELIMIT,
				"a message is longer than %zu bytes", r->max);
		}
		if ((code = look_at(r, c, err)) < 0) {
			return code;
		}
	}
	return 0;
}

int frame_feed(struct frame_reader *r, const void *p, size_t n, struct frame *ret_frame,
	struct cu_err *err)
{
	int code;

	if (r->failed < 0) {
		return cu_err_set(err, r->failed, "the stream is lost");
	}
	drop_returned(r);
	if (n > 0) {
		buf_put(&r->held, p, n);
	}
	code = buf_check(&r->held, err);
	if (code == 0) {
		code = scan(r, ret_frame, err);
	}
	if (code < 0) {
		r->failed = code;
	}
	return code;
}
