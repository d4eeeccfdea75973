#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/talk.h"
#include "base/err.h"
#include "base/packet.h"

#define ID "0123456789abcdef0123456789abcdef"

/* What custosd hears of an answer; the caller's. */
static json_t *heard(int32_t code, uint64_t size, const char *fault)
{
	static char bytes[PACKET_MAX_BYTES];
	int fds[2], passed;
	json_t *said;
	size_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(talk_answer(fds[0], ID, code, size, fault, NULL), 0);
	assert_int_equal(packet_receive(fds[1], bytes, sizeof(bytes), true, &n, &passed, NULL), 1);
	close(fds[0]);
	close(fds[1]);
	said = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(said);
	return said;
}

static const char *text_of(const json_t *said, const char *name)
{
	return json_string_value(json_object_get(json_object_get(said, "answer"), name));
}

/* Else custosd would cut the connection, and with it all routes and targets. */
static void a_size_that_no_object_has_is_said_to_be_a_fault_of_the_plugin(void **state)
{
	static const uint64_t sizes[] = { UINT64_MAX, (uint64_t)INT64_MAX + 1 };
	json_t *said;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		said = heard(CU_DONE, sizes[i], "");
		assert_string_equal(text_of(said, "came"), "later");
		assert_non_null(strstr(text_of(said, "fault"), "size"));
		json_decref(said);
	}

	said = heard(CU_DONE, INT64_MAX, "");
	assert_string_equal(text_of(said, "came"), "done");
	json_decref(said);
}

static void what_a_plugin_may_not_say_is_said_as_later(void **state)
{
	static const int32_t codes[] = { -1, 99, INT32_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		json_t *said = heard(codes[i], 0, "\xff\x1b[31m");

		assert_string_equal(text_of(said, "came"), "later");
		json_decref(said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_size_that_no_object_has_is_said_to_be_a_fault_of_the_plugin),
		cmocka_unit_test(what_a_plugin_may_not_say_is_said_as_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
