/* test_interfaces.c: the shipped interfaces are there, whole, and agree with the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "wire/command.h"
#include "wire/interfaces.h"
#include "wire/interfaces_data.h"
#include "wire/message.h"

static int load(void **state)
{
	struct interfaces *set = NULL;
	struct cu_err err = { 0 };

	if (interfaces_load(&set, &err) < 0) {
		print_error("%s\n", err.msg);
		return -1;
	}
	*state = set;
	return 0;
}

static int unload(void **state)
{
	interfaces_free(*state);
	return 0;
}

static void all_interfaces_are_built_in_byte_by_byte(void **state)
{
	char **names = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(path_list("daemon/wire/interfaces", &names, &n, NULL), 0);
	assert_int_equal(n, interfaces_ntexts);
	for (size_t i = 0; i < n; i++) {
		struct buf b = BUF_INIT;
		char path[PATH_SIZE];

		assert_string_equal(names[i], interfaces_texts[i].file);
		assert_int_equal(path_join(path, "daemon/wire/interfaces", names[i], NULL), 0);
		assert_int_equal(path_read_file(path, 1 << 20, &b, NULL), 0);
		assert_true(span_eq(buf_span(&b),
			span_of(interfaces_texts[i].p, interfaces_texts[i].n)));
		buf_done(&b);
	}
	path_free_names(names, n);
}

static void a_file_is_named_after_its_interface(void **state)
{
	const struct interfaces *set = *state;

	for (size_t i = 0; i < interfaces_ntexts; i++) {
		char file[128];
		const struct idl *idl;

		snprintf(file, sizeof(file), "%s", interfaces_texts[i].file);
		file[strlen(file) - strlen(".varlink")] = '\0';
		idl = interfaces_find(set, file);
		assert_non_null(idl);
		assert_int_equal(strlen(idl_text(idl)), interfaces_texts[i].n);
	}
	assert_int_equal(interfaces_n(set), interfaces_ntexts);
	assert_null(interfaces_at(set, interfaces_n(set)));
}

static void every_method_and_interface_says_what_it_is(void **state)
{
	const struct interfaces *set = *state;

	for (size_t i = 0; i < interfaces_n(set); i++) {
		const struct idl *idl = interfaces_at(set, i);

		assert_string_not_equal(idl_doc(idl), "");
		for (size_t m = 0; m < idl_nmembers(idl); m++) {
			const struct idl_member *member = idl_member(idl, m);

			if (member->kind == IDL_METHOD && !*member->doc) {
				print_error("%s.%s\n", idl_name(idl), member->name);
				fail();
			}
		}
	}
}

static void the_service_interface_is_varlinks_own(void **state)
{
	const struct idl *idl = interfaces_find(*state, "org.varlink.service");
	const struct idl_member *m;

	assert_non_null(idl);
	m = idl_find(idl, IDL_METHOD, "GetInfo");
	assert_non_null(m);
	assert_int_equal(m->in->nfields, 0);
	assert_int_equal(m->out->nfields, 5);
	m = idl_find(idl, IDL_METHOD, "GetInterfaceDescription");
	assert_non_null(m);
	assert_non_null(idl_field_find(m->in, "interface"));
	assert_non_null(idl_field_find(m->out, "description"));
	assert_non_null(strstr(idl_text(idl),
		"# describes the service and the interfaces it implements.\n"
		"interface org.varlink.service\n"));
}

static void the_service_errors_are_declared_with_their_parameters(void **state)
{
	static const struct {
		const char *wire, *parameter;
	} rows[] = {
#define X(id, wire, parameter, code, meaning) { wire, parameter },
		SERVICE_ERRORS(X)
#undef X
	};
	const struct idl *idl = interfaces_find(*state, "org.varlink.service");
	size_t ndeclared = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct idl_member *m = idl_find(idl, IDL_ERROR, rows[i].wire);

		assert_non_null(m);
		assert_int_equal(m->in->nfields, rows[i].parameter ? 1 : 0);
		if (rows[i].parameter) {
			assert_string_equal(m->in->fields[0].name, rows[i].parameter);
		}
	}
	for (size_t i = 0; i < idl_nmembers(idl); i++) {
		ndeclared += idl_member(idl, i)->kind == IDL_ERROR;
	}
	assert_int_equal(ndeclared, sizeof(rows) / sizeof(rows[0]));
}

static void every_code_is_declared_as_an_error_with_a_message(void **state)
{
	static const char *const wires[] = {
#define X(code, wire, status, meaning) wire,
		CU_CODES(X)
#undef X
	};
	const struct idl *idl = interfaces_find(*state, "io.custos");
	size_t ndeclared = 0;

	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
		const struct idl_member *m = idl_find(idl, IDL_ERROR, wires[i]);

		if (!m) {
			print_error("%s\n", wires[i]);
		}
		assert_non_null(m);
		assert_int_equal(m->in->nfields, 1);
		assert_string_equal(m->in->fields[0].name, "message");
		assert_int_equal(m->in->fields[0].type->kind, IDL_STRING);
	}
	for (size_t i = 0; i < idl_nmembers(idl); i++) {
		ndeclared += idl_member(idl, i)->kind == IDL_ERROR;
	}
	assert_int_equal(ndeclared, sizeof(wires) / sizeof(wires[0]));
}

static void methods_are_found_by_their_full_name(void **state)
{
	const struct idl *idl = NULL;
	const struct idl_member *m = interfaces_method(*state, "io.custos.subject.Get", &idl);

	assert_non_null(m);
	assert_string_equal(m->name, "Get");
	assert_string_equal(idl_name(idl), "io.custos.subject");

	assert_null(interfaces_method(*state, "io.custos.subject.Forget", &idl));
	assert_non_null(idl);
	assert_null(interfaces_method(*state, "io.custos.subject.Kind", &idl));
	assert_non_null(idl);
	assert_null(interfaces_method(*state, "io.custos.nothing.Get", &idl));
	assert_null(idl);
	assert_null(interfaces_method(*state, "Get", &idl));
	assert_null(idl);
	assert_null(interfaces_method(*state, "", NULL));
	assert_null(interfaces_method(*state, ".", NULL));
}

/* As Varlink asks of methods that support `more`: what is not in every reply is optional. */
static void streams_declare_progress_and_result_as_optional(void **state)
{
	size_t nstreams = 0;

	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = command_at((enum command_id)id);
		const struct idl_member *m;

		if (!(c->access & ACCESS_STREAM)) {
			continue;
		}
		m = interfaces_method(*state, c->method, NULL);
		assert_non_null(idl_field_find(m->out, "progress"));
		assert_non_null(idl_field_find(m->out, "result"));
		for (size_t i = 0; i < m->out->nfields; i++) {
			assert_int_equal(m->out->fields[i].type->kind, IDL_MAYBE);
		}
		nstreams++;
	}
	assert_true(nstreams >= 8); /* they were looked at */
}

static void a_call_and_a_reply_of_subject_get_are_checked(void **state)
{
	const struct idl_member *m = interfaces_method(*state, "io.custos.subject.Get", NULL);
	json_t *call = json_pack("{s:s, s:s, s:[s]}", "subject", "00", "purpose", "support",
		"collections", "profile");
	json_t *reply = json_pack("{s:s, s:s, s:[{s:s, s:s, s:i, s:I, s:{s:s}}]}", "subject", "00",
		"kind", "person", "records", "record", "11", "collection", "profile", "version", 1,
		"created_ms", (json_int_t)1764000000000, "fields", "given_name", "x");
	struct cu_err err;

	assert_non_null(reply);
	assert_int_equal(idl_check(m->in, call, IDL_REFUSE_UNKNOWN, NULL, &err), 0);
	assert_int_equal(idl_check(m->out, reply, IDL_REFUSE_UNKNOWN, NULL, &err), 0);

	json_object_del(call, "subject");
	assert_int_equal(idl_check(m->in, call, IDL_REFUSE_UNKNOWN, NULL, &err), CU_EINVAL);
	assert_string_equal(err.msg, "parameters.subject: is missing");
	json_decref(call);
	json_decref(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_interfaces_are_built_in_byte_by_byte),
		cmocka_unit_test(a_file_is_named_after_its_interface),
		cmocka_unit_test(every_method_and_interface_says_what_it_is),
		cmocka_unit_test(the_service_interface_is_varlinks_own),
		cmocka_unit_test(the_service_errors_are_declared_with_their_parameters),
		cmocka_unit_test(every_code_is_declared_as_an_error_with_a_message),
		cmocka_unit_test(methods_are_found_by_their_full_name),
		cmocka_unit_test(streams_declare_progress_and_result_as_optional),
		cmocka_unit_test(a_call_and_a_reply_of_subject_get_are_checked),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
