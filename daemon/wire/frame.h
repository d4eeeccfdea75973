/*
 * frame.h: cut a stream of bytes into messages: JSON texts, each ended by a NUL byte.
 *
 * Varlink's framing (varlink.org, "Wire Protocol").  Pure: no I/O, no clock; the same code
 * runs blocking in a client, behind uv_poll_t in the daemon and in the fuzzer.  Whatever the
 * peer sends, a frame is never longer than the limit, and brackets are never nested deeper
 * than FRAME_DEPTH_MAX, before a JSON parser sees one byte of it.
 *
 * Frames carry personal data: the memory is wiped before it is freed or used again.
 * Not thread-safe; one reader belongs to one connection.
 */
#ifndef CU_WIRE_FRAME_H
#define CU_WIRE_FRAME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct cu_err;

/* Longest frame that the daemon takes, without its NUL.  Chosen: bulk data crosses as a
 * descriptor, so a call carries at most one person's records; 1 MiB holds 10,000 fields. */
#define FRAME_MAX (1024 * 1024)

/* Deepest nesting of objects and arrays in one frame.  Our deepest message is a reply of
 * subject.Get: reply, parameters, records, record, fields: 5. */
#define FRAME_DEPTH_MAX 32

struct frame {
	struct span text; /* without its NUL; valid until the next call with this reader */
	uint64_t offset;  /* in the stream, of the first byte: see below */
};

/* A descriptor belongs to the message with whose first byte it was sent.  The kernel ends a
 * recvmsg(2) *after* the piece that carries descriptors, but may put bytes sent earlier in
 * front of it (af_unix.c, unix_stream_read_generic).  So: a descriptor received by the read
 * that fed the bytes [a, b) of the stream belongs to the last frame that begins in [a, b);
 * if none begins there, the peer broke the rule and the connection is closed.  a is
 * frame_fed() before that read's frame_feed(), b the same after it. */

/* Embedded; all fields are private. */
struct frame_reader {
	struct buf held;    /* fed and not yet returned, from head on */
	size_t max;         /* longest frame */
	size_t head;        /* where the frame being read begins in held */
	size_t seen;        /* where the scan for its end goes on */
	uint64_t returned;  /* stream offset of held.p[head] */
	unsigned depth;     /* open brackets at seen */
	bool in_string;
	bool after_backslash;
	int failed; /* the code of the first failure: a stream cannot be resumed */
};

/* max: longest frame in bytes without its NUL, 1 .. FRAME_MAX or more for a client. */
void frame_init(struct frame_reader *r, size_t max);
void frame_done(struct frame_reader *r);

/* Takes n bytes of the stream (n may be 0: p is ignored) and returns the next frame.
 *   1  *ret_frame is set; call again with n = 0 until it returns 0
 *   0  more bytes are needed
 *  <0  CU_ELIMIT too long or nested too deeply, CU_EPROTO an empty frame or a bracket closed
 *      that was not open, CU_ENOMEM.  The stream is lost: the same code again for ever.
 * All bytes are copied, so that a session may leave frames waiting; what waits is bounded by
 * the caller, who feeds no more while a frame is there.  Time is linear in the bytes fed. */
int frame_feed(struct frame_reader *r, const void *p, size_t n, struct frame *ret_frame,
	struct cu_err *err);

/* Bytes fed since frame_init. */
uint64_t frame_fed(const struct frame_reader *r);

/* Bytes of messages that were not returned yet. */
size_t frame_held(const struct frame_reader *r);

/* Nothing is held: at the end of the stream this tells a clean end from a torn frame. */
bool frame_is_idle(const struct frame_reader *r);

#endif
