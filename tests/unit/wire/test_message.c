/* test_message.c: calls and replies, read strictly and written exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/message.h"

static void a_call_is_read_with_all_its_members(void **state)
{
	struct call call = { 0 };

	(void)state;
	assert_int_equal(call_parse(span_str("{\"method\":\"io.custos.log.Prove\","
					     "\"parameters\":{\"index\":7},\"more\":true}"),
				 &call, NULL),
		0);

	assert_string_equal(call.method, "io.custos.log.Prove");
	assert_int_equal(json_integer_value(json_object_get(call.parameters, "index")), 7);
	assert_true(call.more);
	assert_false(call.oneway);
	assert_false(call.upgrade);
	call_done(&call);
}

static void absent_null_and_empty_parameters_are_the_same(void **state)
{
	static const char *const texts[] = {
		"{\"method\":\"a.B\"}",
		"{\"method\":\"a.B\",\"parameters\":null}",
		"{\"method\":\"a.B\",\"parameters\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct call call = { 0 };

		assert_int_equal(call_parse(span_str(texts[i]), &call, NULL), 0);

		assert_true(json_is_object(call.parameters));
		assert_int_equal(json_object_size(call.parameters), 0);
		call_done(&call);
	}
}

static void extensions_of_vendors_are_ignored(void **state)
{
	struct call call = { 0 };

	(void)state;
	assert_int_equal(
		call_parse(span_str("{\"method\":\"a.B\",\"org.example\":{\"x\":1}}"), &call, NULL), 0);
	assert_string_equal(call.method, "a.B");
	call_done(&call);
}

static const struct {
	const char *text, *message;
} bad_calls[] = {
	{ "", "a message is not JSON at line 1, column 0" },
	{ "{", "a message is not JSON at line 1, column 1" },
	{ "nonsense", "a message is not JSON at line 1, column 8" },
	{ "{\"method\":\"a.B\"} x", "a message is not JSON at line 1, column 18" },
	{ "{\"method\":\"a.B\",\"method\":\"a.C\"}", NULL },
	{ "{\"method\":\"a\\u0000.B\"}", NULL },
	{ "{\"method\":\"\xff\"}", NULL },
	{ "{\"method\":\"a.B\",\"parameters\":{\"n\":99999999999999999999}}", NULL },
	{ "[]", "a message is not a JSON object" },
	{ "{}", "a call names no method" },
	{ "{\"method\":7}", "method: expected a name" },
	{ "{\"method\":null}", "method: expected a name" },
	{ "{\"method\":\"\"}", "method: expected a name" },
	{ "{\"method\":\"a.B\",\"parameters\":[]}", "parameters: expected an object" },
	{ "{\"method\":\"a.B\",\"more\":1}", "more: expected a bool" },
	{ "{\"method\":\"a.B\",\"oneway\":\"true\"}", "oneway: expected a bool" },
	{ "{\"method\":\"a.B\",\"upgrade\":0}", "upgrade: expected a bool" },
	{ "{\"method\":\"a.B\",\"more\":true,\"oneway\":true}",
		"a call is more than one of more, oneway, upgrade" },
	{ "{\"method\":\"a.B\",\"extra\":{}}", "a message has a member that Varlink does not know" },
	{ "{\"method\":\"a.B\",\"org.example\":1}",
		"a message has a member that Varlink does not know" },
	{ "{\"method\":\"a.B\",\"continues\":true}",
		"a message has a member that Varlink does not know" },
};

static void bad_calls_are_protocol_errors(void **state)
{
	size_t nfailed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad_calls) / sizeof(bad_calls[0]); i++) {
		struct call call = { 0 };
		struct cu_err err = { 0 };
		int r = call_parse(span_str(bad_calls[i].text), &call, &err);

		if (r != CU_EPROTO || call.root ||
			(bad_calls[i].message && strcmp(bad_calls[i].message, err.msg) != 0)) {
			print_error("%s: %d %s\n", bad_calls[i].text, r, err.msg);
			nfailed++;
		}
	}
	assert_int_equal(nfailed, 0);
}

static void a_fault_in_json_never_repeats_what_stands_there(void **state)
{
	struct call call;
	struct cu_err err;

	(void)state;
	assert_int_equal(call_parse(span_str("{\"method\": Mustermann"), &call, &err), CU_EPROTO);

	assert_null(strstr(err.msg, "Muster"));
}

static void a_call_that_was_written_is_read_again(void **state)
{
	struct buf b = BUF_INIT;
	json_t *parameters = json_pack("{s:s, s:[i,i]}", "name", "\"\\ \u00e9\n", "n", 1, 2);
	struct call call = { 0 };

	(void)state;
	call_write(&b, "io.custos.X", parameters, CALL_MORE);

	assert_int_equal(b.p[b.n - 1], '\0');
	assert_int_equal(strlen((const char *)b.p), b.n - 1);
	assert_int_equal(call_parse(span_of(b.p, b.n - 1), &call, NULL), 0);
	assert_string_equal(call.method, "io.custos.X");
	assert_true(json_equal(call.parameters, parameters));
	assert_true(call.more);
	call_done(&call);
	json_decref(parameters);
	buf_done(&b);
}

static void a_call_without_parameters_has_none_on_the_wire(void **state)
{
	struct buf b = BUF_INIT;
	json_t *empty = json_object();

	(void)state;
	call_write(&b, "a.B", NULL, 0);
	call_write(&b, "a.C", empty, CALL_ONEWAY);

	assert_string_equal((const char *)b.p, "{\"method\":\"a.B\"}");
	assert_string_equal((const char *)b.p + 17, "{\"method\":\"a.C\",\"oneway\":true}");
	json_decref(empty);
	buf_done(&b);
}

static void a_call_says_in_which_language_it_is_answered(void **state)
{
	static const char unknown[] = "{\"method\":\"a.B\",\"io.custos\":{\"language\":\"tlh\"}}";
	struct buf b = BUF_INIT;
	struct call call = { 0 };

	(void)state;
	(void)intl_use(INTL_ZH);
	call_write(&b, "a.B", NULL, 0);
	(void)intl_use(INTL_EN);

	assert_string_equal((const char *)b.p, "{\"method\":\"a.B\",\"io.custos\":{\"language\":\"zh\"}}");
	assert_int_equal(call_parse(span_of(b.p, b.n - 1), &call, NULL), 0);
	assert_int_equal(call.language, INTL_ZH);
	call_done(&call);
	assert_int_equal(call_parse(span_of(unknown, sizeof(unknown) - 1), &call, NULL), 0);
	assert_int_equal(call.language, INTL_EN);
	call_done(&call);
	buf_done(&b);
}

static void replies_are_written_with_and_without_continues(void **state)
{
	struct buf b = BUF_INIT;
	struct json j;

	(void)state;
	j = reply_begin(&b);
	json_str(&j, "proof", "x");
	reply_end(&j, true);
	j = reply_begin(&b);
	reply_end(&j, false);

	assert_string_equal((const char *)b.p, "{\"parameters\":{\"proof\":\"x\"},\"continues\":true}");
	assert_string_equal((const char *)b.p + strlen((const char *)b.p) + 1, "{\"parameters\":{}}");
	buf_done(&b);
}

static void every_code_crosses_as_its_wire_name(void **state)
{
	static const struct {
		int code;
		const char *wire;
	} codes[] = {
#define X(code, wire, status, meaning) { code, wire },
		CU_CODES(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct cu_err sent, got = { 0 };
		struct reply reply = { 0 };
		struct buf b = BUF_INIT;
		char name[64];

		cu_err_set(&sent, codes[i].code, "subject: \"it\" %zu", i);
		reply_error(&b, &sent);
		assert_int_equal(reply_parse(span_of(b.p, b.n - 1), &reply, NULL), 0);

		snprintf(name, sizeof(name), "io.custos.%s", codes[i].wire);
		assert_string_equal(reply.error, name);
		assert_int_equal(reply_to_err(&reply, &got), codes[i].code);
		assert_int_equal(got.code, codes[i].code);
		assert_string_equal(got.msg, sent.msg);
		reply_done(&reply);
		buf_done(&b);
	}
}

static void errors_of_the_service_become_ours(void **state)
{
	static const struct {
		enum service_error which;
		const char *name, *wire;
		int code;
		const char *message;
	} rows[] = {
		{ SERVICE_INTERFACE_NOT_FOUND, "a.b",
			"{\"error\":\"org.varlink.service.InterfaceNotFound\","
			"\"parameters\":{\"interface\":\"a.b\"}}",
			CU_EUNSUP, "custosd has no such interface: a.b" },
		{ SERVICE_METHOD_NOT_FOUND, "a.b.C",
			"{\"error\":\"org.varlink.service.MethodNotFound\","
			"\"parameters\":{\"method\":\"a.b.C\"}}",
			CU_EUNSUP, "custosd has no such method: a.b.C" },
		{ SERVICE_INVALID_PARAMETER, "records[0].fields",
			"{\"error\":\"org.varlink.service.InvalidParameter\","
			"\"parameters\":{\"parameter\":\"records[0].fields\"}}",
			CU_EINVAL, "a parameter is not what the interface says: records[0].fields" },
		{ SERVICE_PERMISSION_DENIED, NULL,
			"{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}",
			CU_EDENIED, "this caller may not do that" },
		{ SERVICE_EXPECTED_MORE, "ignored",
			"{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}",
			CU_EPROTO, "the method must be called with 'more'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT;
		struct reply reply = { 0 };
		struct cu_err err;

		reply_service_error(&b, rows[i].which, rows[i].name);
		assert_string_equal((const char *)b.p, rows[i].wire);
		assert_int_equal(reply_parse(span_of(b.p, b.n - 1), &reply, NULL), 0);

		assert_int_equal(reply_to_err(&reply, &err), rows[i].code);
		assert_string_equal(err.msg, rows[i].message);
		reply_done(&reply);
		buf_done(&b);
	}
}

static void an_error_of_no_known_kind_is_a_protocol_error(void **state)
{
	static const char *const names[] = { "io.custos.Nothing", "io.custos.", "org.example.Bad",
		"org.varlink.service.Nothing", "io.custosx.Invalid" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct reply reply = { .error = names[i] };
		struct cu_err err;

		assert_int_equal(reply_to_err(&reply, &err), CU_EPROTO);
		assert_string_equal(err.msg, "the server replied an error of no known kind");
	}
}

static void an_error_without_a_message_says_what_its_code_means(void **state)
{
	struct reply reply = { .error = "io.custos.Busy" };
	struct cu_err err;

	(void)state;
	assert_int_equal(reply_to_err(&reply, &err), CU_EBUSY);
	assert_string_equal(err.msg, cu_err_meaning(CU_EBUSY));
}

static void bad_replies_are_protocol_errors(void **state)
{
	static const char *const texts[] = { "", "[]", "{\"parameters\":1}", "{\"continues\":2}",
		"{\"error\":7}", "{\"error\":\"\"}", "{\"error\":\"a.B\",\"continues\":true}",
		"{\"method\":\"a.B\"}", "{\"upgraded\":true}" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct reply reply = { 0 };

		assert_int_equal(reply_parse(span_str(texts[i]), &reply, NULL), CU_EPROTO);
		assert_null(reply.root);
	}
}

static void jansson_works_over_memory_that_is_wiped(void **state)
{
	json_malloc_t alloc;
	json_free_t release;
	void *p;

	(void)state;
	message_wipe_json();

	json_get_alloc_funcs(&alloc, &release);
	assert_ptr_not_equal((void *)(uintptr_t)release, (void *)(uintptr_t)free);
	p = alloc(0);
	assert_non_null(p);
	release(p);
	release(NULL);
	assert_null(alloc(SIZE_MAX));
	a_call_that_was_written_is_read_again(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_read_with_all_its_members),
		cmocka_unit_test(absent_null_and_empty_parameters_are_the_same),
		cmocka_unit_test(extensions_of_vendors_are_ignored),
		cmocka_unit_test(bad_calls_are_protocol_errors),
		cmocka_unit_test(a_fault_in_json_never_repeats_what_stands_there),
		cmocka_unit_test(a_call_that_was_written_is_read_again),
		cmocka_unit_test(a_call_without_parameters_has_none_on_the_wire),
		cmocka_unit_test(replies_are_written_with_and_without_continues),
		cmocka_unit_test(every_code_crosses_as_its_wire_name),
		cmocka_unit_test(errors_of_the_service_become_ours),
		cmocka_unit_test(an_error_of_no_known_kind_is_a_protocol_error),
		cmocka_unit_test(an_error_without_a_message_says_what_its_code_means),
		cmocka_unit_test(bad_replies_are_protocol_errors),
		cmocka_unit_test(a_call_says_in_which_language_it_is_answered),
		cmocka_unit_test(jansson_works_over_memory_that_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
