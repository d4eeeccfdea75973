/*
 * A stream of bytes from the socket: frames, calls, and their parameters against the
 * interface files.  However the stream is cut, the same frames come out.
 */
#include <stdlib.h>

#include "base/err.h"
#include "fuzz.h"
#include "wire/frame.h"
#include "wire/interfaces.h"
#include "wire/message.h"

#define SHORT_FRAME 2048 /* so that the limit is met */

static struct interfaces *interfaces;

static void check_call(const struct call *call)
{
	const struct idl_member *method =
		interfaces_method(interfaces, call->method, NULL);
	char path[IDL_PATH_SIZE];
	struct cu_err err;

	if (method) {
		(void)idl_check(
			method->in, call->parameters, IDL_REFUSE_UNKNOWN, path, &err);
	}
}

static void read_message(struct span text)
{
	struct call call = { 0 };
	struct reply reply = { 0 };
	struct cu_err err;

	if (call_parse(text, &call, &err) == 0) {
		check_call(&call);
		call_done(&call);
	}
	if (reply_parse(text, &reply, &err) == 0) {
		if (reply.error) {
			fuzz_must(
				reply_to_err(&reply, &err) < 0, "an error has a code");
		}
		reply_done(&reply);
	}
}

/* What came out, as one number. */
static uint64_t read_stream(struct span in, size_t piece, bool reads_messages)
{
	struct frame_reader r;
	struct frame frame;
	struct cu_err err;
	uint64_t h = FUZZ_HASH_INIT, n = 0;
	int code = 0;

	frame_init(&r, SHORT_FRAME);
	while (in.n > 0 && code >= 0) {
		size_t now = in.n < piece ? in.n : piece;

		for (code = frame_feed(&r, in.p, now, &frame, &err); code == 1;
			code = frame_feed(&r, NULL, 0, &frame, &err)) {
			h = fuzz_hash(h, frame.text.p, frame.text.n);
			h = fuzz_hash(h, &frame.offset, sizeof(frame.offset));
			n += frame.text.n + 1;
			if (reads_messages) {
				read_message(frame.text);
			}
		}
		in = span_of(in.p + now, in.n - now);
	}
	fuzz_must(n <= frame_fed(&r), "no more comes out than went in");
	frame_done(&r);
	return fuzz_hash(h, &code, sizeof(code));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	size_t piece = 1 + (size_t)fuzz_take(&in);

	if (!interfaces) {
		message_wipe_json();
		fuzz_must(interfaces_load(&interfaces, NULL) == 0,
			"the interfaces are good");
	}
	fuzz_must(read_stream(in, SIZE_MAX, true) == read_stream(in, piece, false),
		"frames do not depend on how the stream is cut");
	return 0;
}
