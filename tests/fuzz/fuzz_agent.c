/*
 * agent.sock, in both directions: what a custos-agent that a network has taken over says to custosd, what
 * custosd says to it, and what a plugin answers.
 *
 * The first byte says which.  0, packets to custosd, a NUL behind each: an order that is waited for ends at most
 * once, with a code that it knows and a text that a terminal can show; what is refused has a reason.  1, a packet to custos-agent, and
 * behind a NUL what its descriptor holds.  2, a code, a size and a text of a plugin: custos-agent says it
 * so that custosd understands it, whatever it is.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/talk.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/packet.h"
#include "base/text.h"
#include "control/agent_link_internal.h"
#include "control/daemon.h"
#include "fuzz.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "wire/message.h"

#define ID "0123456789abcdef0123456789abcdef"

static struct {
	struct daemon daemon;
	struct agent_link link;
	int theirs; /* the other end */
} w;

static void make_world(void)
{
	struct faults faults = FAULTS_INIT;
	struct policy *policy = NULL;
	int fds[2];

	log_set_level(LOG_LEVEL_ERROR);
	message_wipe_json();
	fuzz_must(policy_load(SOURCE_DIR "/policies", &faults, &policy, NULL) == 0 &&
			  socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0,
		"it begins");
	w.daemon.policy = policy;
	post_office_init(&w.daemon.office, &w.daemon);
	w.link.daemon = &w.daemon;
	w.link.fd = fds[0];
	w.theirs = fds[1];
	pthread_mutex_init(&w.link.lock, NULL);
	pthread_cond_init(&w.link.changed, NULL);
}

/* --- custosd hears ---------------------------------------------------------------- */

static void drain(int fd)
{
	char bytes[PACKET_MAX_BYTES];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
		/* custosd said something, a configuration */
	}
}

static bool is_shown(const char *text)
{
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			return false;
		}
	}
	return text_is_utf8(text, strlen(text));
}

static void check_order(const struct agent_order *o)
{
	bool is_known = o->code == 0 || o->code == CU_ENOENT || o->code == CU_EEXIST ||
			o->code == CU_EUNAVAIL || o->code == CU_EDENIED;

	fuzz_must(!o->is_done || is_known, "an answer has a code that is known");
	fuzz_must(is_shown(o->fault), "its text can be shown");
}

static void hear(struct span in)
{
	struct agent_order order = { .id = ID, .target = "far" };
	struct cu_err err = { 0 };
	int r = 0;

	w.link.orders = &order;
	w.link.seen = (struct agent_seen){ .is_ready = false };
	while (in.n > 0 && r == 0) {
		const uint8_t *end = memchr(in.p, '\0', in.n);
		size_t n = end ? (size_t)(end - in.p) : in.n;
		struct agent_order before = order;

		r = agent_link_take(&w.link, (const char *)in.p, n, &err);
		fuzz_must(r == 0 || err.msg[0], "what is refused has a reason");
		fuzz_must(!before.is_done || (before.code == order.code && before.size == order.size &&
				strcmp(before.fault, order.fault) == 0), "an order ends once");
		check_order(&order);
		in = end ? span_of(end + 1, in.n - n - 1) : span_of(NULL, 0);
	}
	fuzz_must(w.link.seen.nroutes <= AGENT_MAX_ROUTES && w.link.seen.ntargets <= TARGETS_MAX_FAR,
		"there is room for what it says it has");
	w.link.orders = NULL;
	drain(w.theirs);
}

/* --- custos-agent hears ----------------------------------------------------------- */

static void obey(const json_t *said, int *passed)
{
	const json_t *send = json_object_get(said, "send"), *do_this = json_object_get(said, "order");
	struct target_order order;
	struct parcel parcel = { .to = NULL };
	struct cu_err err = { 0 };

	if (send && talk_read_parcel(send, *passed, &parcel, &err) == 0) {
		fuzz_must(parcel.is_personal == (parcel.to != NULL) && parcel.subject && parcel.text,
			"a message is whole, and for a person or not");
		parcel_done(&parcel);
	}
	if (do_this && talk_read_order(do_this, *passed, &order, &err) < 0) {
		fuzz_must(err.msg[0] != '\0', "what is refused has a reason");
	}
}

static void say_to_agent(struct span in)
{
	const uint8_t *end = in.n > 0 ? memchr(in.p, '\0', in.n) : NULL;
	size_t n = end ? (size_t)(end - in.p) : in.n;
	int body = memfd_create("body", MFD_CLOEXEC), passed = -1;
	json_t *said = NULL;
	struct cu_err err = { 0 };

	if (n == 0 || n > PACKET_MAX_BYTES) {
		close(body);
		return;
	}
	fuzz_must(!end || pwrite(body, end + 1, in.n - n - 1, 0) >= 0, "there is a descriptor");
	fuzz_must(packet_send(w.link.fd, span_of(in.p, n), body, true, &err) == 0, "a packet can be sent");
	if (talk_receive(w.theirs, &said, &passed, &err) == 1) {
		obey(said, &passed);
	} else {
		fuzz_must(err.msg[0] != '\0', "what is refused has a reason");
	}
	json_decref(said);
	if (passed >= 0) {
		close(passed);
	}
	close(body);
}

/* --- a plugin answers ------------------------------------------------------------- */

static void pass_on(bool is_order)
{
	static char bytes[PACKET_MAX_BYTES];
	struct agent_order order = { .id = ID, .target = "far" };
	struct cu_err err = { 0 };
	int passed = -1;
	size_t n = 0;

	fuzz_must(packet_receive(w.link.fd, bytes, sizeof(bytes), false, &n, &passed, &err) == 1, "it was said");
	w.link.orders = &order;
	if (agent_link_take(&w.link, bytes, n, &err) < 0) {
		fuzz_must(false, err.msg);
	}
	fuzz_must(order.is_done == is_order, "an answer is heard");
	check_order(&order);
	w.link.orders = NULL;
}

static void answer(struct span in)
{
	int32_t code = (int8_t)fuzz_take(&in);
	uint64_t size = fuzz_take(&in);
	struct cu_fault fault = { "" };
	struct cu_err err = { 0 };

	size |= size << 56;
	memcpy(fault.text, in.n > 0 ? in.p : (const uint8_t *)"", in.n < sizeof(fault.text) ? in.n : sizeof(fault.text) - 1);
	fuzz_must(talk_answer(w.theirs, ID, code, size, fault.text, &err) == 0, "an answer can be given");
	pass_on(true);
	fuzz_must(talk_outcome(w.theirs, ID, code, fault.text, &err) == 0, "an outcome can be told");
	pass_on(false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	if (!w.link.daemon) {
		make_world();
	}
	switch (fuzz_take(&in) % 3) {
	case 0: hear(in); break;
	case 1: say_to_agent(in); break;
	case 2: answer(in); break;
	}
	return 0;
}
