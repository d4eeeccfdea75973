/* test_args.c: specifications, command lines, and the calls that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/args.h"
#include "wire/interfaces.h"

#define ID  "0123456789abcdef0123456789abcdef"
#define ID2 "00000000000000000000000000000002"

#define MAX_WORDS 16

/* Splits at '|'. */
static int split(const char *line, char *copy, size_t size, char *argv[MAX_WORDS])
{
	int argc = 0;

	snprintf(copy, size, "%s", line);
	for (char *p = *copy ? copy : NULL; p && argc < MAX_WORDS;) {
		argv[argc++] = p;
		p = strchr(p, '|');
		if (p) {
			*p++ = '\0';
		}
	}
	return argc;
}

struct line {
	char copy[1024];
	char *argv[MAX_WORDS];
	struct args *args;
	struct cu_err err;
};

static int parse(struct line *l, const char *text)
{
	int argc = split(text, l->copy, sizeof(l->copy), l->argv);

	l->args = NULL;
	l->err = (struct cu_err){ 0 };
	return args_parse(argc, l->argv, &l->args, &l->err);
}

/* --- specifications ------------------------------------------------------------------------- */

static void a_specification_says_all_about_an_argument(void **state)
{
	struct arg_spec spec;

	(void)state;
	assert_int_equal(arg_spec_parse("id:subject --kind=k:words(a|b-c) [--source-name=n:text] "
					"[--now] [--field=f:key...] [n:count]",
				 &spec, NULL),
		0);

	assert_int_equal(spec.n, 6);
	assert_string_equal(spec.args[0].name, "id");
	assert_int_equal(spec.args[0].type, ARG_SUBJECT);
	assert_true(spec.args[0].is_required);
	assert_false(spec.args[0].is_option);
	assert_int_equal(spec.args[1].type, ARG_WORDS);
	assert_int_equal(spec.args[1].nwords, 2);
	assert_string_equal(spec.args[1].words[1], "b-c");
	assert_string_equal(spec.args[1].hint, "k");
	assert_true(spec.args[1].is_option && spec.args[1].is_required);
	assert_string_equal(spec.args[2].parameter, "source_name");
	assert_false(spec.args[2].is_required);
	assert_int_equal(spec.args[3].type, ARG_FLAG);
	assert_string_equal(spec.args[4].parameter, "fields");
	assert_true(spec.args[4].is_repeated);
	assert_int_equal(spec.args[5].type, ARG_COUNT);
	assert_false(spec.args[5].is_option || spec.args[5].is_required);
}

static void bad_specifications_are_refused(void **state)
{
	static const char *const bad[] = { "id", "id:", "id:nothing", "ID:subject", ":subject",
		"--x=:text", "--x:text", "--x", "x=y:text", "[--x=y:words]", "[--x=y:flag]",
		"--x=y:words()", "--x=y:words(a|)", "--x=y:words(|a)", "--x=y:words(a||b)",
		"--x=y:words(a|b|c|d|e|f|g|h|i|j|k|l|m)", "[x:text", "[--now...]", "x:text x:text", "[a:text] b:text",
		"a:text... b:text", "v:personal w:records", "[v:personal]", "--v=v:personal",
		"[--k=k:words(a|b)] [v:passphrase]",
		"v:personal...", "[]", "--", "...",
		"a-name-that-is-much-too-long-for-it:text",
		"a:text b:text c:text d:text e:text f:text g:text h:text i:text j:text k:text l:text m:text" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arg_spec spec;
		struct cu_err err = { 0 };

		if (arg_spec_parse(bad[i], &spec, &err) != CU_EINVAL) {
			print_error("%s is taken\n", bad[i]);
			fail();
		}
		assert_string_not_equal(err.msg, "");
	}
}

static void every_type_has_a_word_and_all_but_two_an_expectation(void **state)
{
	(void)state;
	for (int t = 0; t <= ARG_FIELDS; t++) {
		bool is_silent = t == ARG_WORDS || t == ARG_FLAG;

		assert_string_not_equal(arg_type_word((enum arg_type)t), "");
		assert_int_equal(*arg_expected((enum arg_type)t) == '\0', is_silent);
	}
}

/* --- values --------------------------------------------------------------------------------- */

static const struct {
	enum arg_type type;
	const char *value;
	bool is_right;
} typed[] = {
	{ ARG_SUBJECT, ID, true },
	{ ARG_SUBJECT, "0123456789ABCDEF0123456789abcdef", true },
	{ ARG_SUBJECT, "0123456789abcdef0123456789abcde", false },
	{ ARG_SUBJECT, ID "0", false },
	{ ARG_SUBJECT, "0123456789abcdef0123456789abcdeg", false },
	{ ARG_SUBJECT, "00000000000000000000000000000000", false },
	{ ARG_SUBJECT, "erika@example.com", false },
	{ ARG_RECORD, ID, true },
	{ ARG_REQUEST, "1", false },
	{ ARG_PURPOSE, "customer_support.v2-x", true },
	{ ARG_PURPOSE, "Support", false },
	{ ARG_PURPOSE, "a b", false },
	{ ARG_PURPOSE, "", false },
	{ ARG_COLLECTION, "contact_point", true },
	{ ARG_TARGET, "local", true },
	{ ARG_KEY, "0123456789012345678901234567890123456789012345678901234567890ab", true },
	{ ARG_KEY, "0123456789012345678901234567890123456789012345678901234567890abc", false },
	{ ARG_KEY, "\xc3\xa4", false },
	{ ARG_TEXT, "anything at all", true },
	{ ARG_TEXT, "", false },
	{ ARG_PATH, "/run/x", true },
	{ ARG_COUNT, "0", true },
	{ ARG_COUNT, "999999999999999999", true },
	{ ARG_COUNT, "1000000000000000000", false },
	{ ARG_COUNT, "-1", false },
	{ ARG_COUNT, "+1", false },
	{ ARG_COUNT, " 1", false },
	{ ARG_COUNT, "1k", false },
	{ ARG_COUNT, "0x10", false },
	{ ARG_COUNT, "", false },
	{ ARG_DATE, "2026-02-28", true },
	{ ARG_DATE, "2026-02-29", false },
	{ ARG_DATE, "20260228", false },
	{ ARG_DATE, "2026-02-28 10:00", false },
	{ ARG_INFILE, "-", true },
	{ ARG_OUTFILE, "", false },
	{ ARG_PERSONAL, "x", false },
	{ ARG_RECORDS, "[]", false },
	{ ARG_FIELDS, "{}", false },
	{ ARG_FLAG, "", false },
};

static void values_are_checked_by_type(void **state)
{
	size_t nfailed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		struct arg a = { .name = "it", .type = typed[i].type, .is_option = true };
		struct cu_err err = { 0 };
		int r = arg_check(&a, typed[i].value, &err);

		if (r != (typed[i].is_right ? 0 : CU_EINVAL)) {
			print_error("%s '%s': %d\n", arg_type_word(a.type), typed[i].value, r);
			nfailed++;
		}
		if (r < 0 && strlen(typed[i].value) > 4 && strstr(err.msg, typed[i].value)) {
			print_error("%s is repeated: %s\n", typed[i].value, err.msg);
			nfailed++;
		}
	}
	assert_int_equal(nfailed, 0);
}

/* --- lines ---------------------------------------------------------------------------------- */

static void values_are_read_in_all_spellings(void **state)
{
	static const char *const lines[] = {
		"subject|get|" ID "|--purpose=support|--field=a|--field=b",
		"subject|get|--purpose|support|--field|a|" ID "|--field|b",
		"--json|subject|get|--field=a|--field=b|--purpose=support|--|" ID,
		"subject|--json|get|--socket|/tmp/s|" ID "|--field=a|--purpose=support|--field=b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct line l;

		assert_int_equal(parse(&l, lines[i]), 0);

		assert_int_equal(args_command(l.args)->id, COMMAND_SUBJECT_GET);
		assert_string_equal(args_text(l.args, "subject"), ID);
		assert_string_equal(args_text(l.args, "purpose"), "support");
		assert_int_equal(args_nvalues(l.args, "field"), 2);
		assert_string_equal(args_value(l.args, "field", 0), "a");
		assert_string_equal(args_value(l.args, "field", 1), "b");
		assert_null(args_value(l.args, "field", 2));
		assert_int_equal(args_is_set(l.args, "json"), i >= 2);
		assert_false(args_is_set(l.args, "collection"));
		assert_false(args_is_set(l.args, "nothing"));
		args_free(l.args);
	}
}

static void counts_are_numbers_and_absent_ones_have_a_default(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "log|show|--from=0|--timeout=30"), 0);

	assert_int_equal(args_count(l.args, "from", 7), 0);
	assert_int_equal(args_count(l.args, "count", 7), 7);
	assert_int_equal(args_count(l.args, "timeout", 7), 30);
	args_free(l.args);
}

static const struct {
	const char *line, *topic; /* words joined by ' ' */
} helps[] = {
	{ "", "" },
	{ "help", "" },
	{ "--help", "" },
	{ "-h", "" },
	{ "--json", "" },
	{ "help|backup|run", "backup run" },
	{ "backup|run|--help", "backup run" },
	{ "backup|--help", "backup" },
	{ "backup|run|-h|--target=x", "backup run" },
	{ "erase|--nonsense|--help", "erase" },
	{ "subject|get|x|--help", "subject get" },
	{ "--help|log", "log" },
};

static void help_is_found_in_every_place(void **state)
{
	size_t nfailed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
		struct line l;
		char topic[64] = "";
		int r = parse(&l, helps[i].line);

		assert_int_equal(r, 0);
		for (size_t w = 0; w < args_nvalues(l.args, "topic"); w++) {
			strcat(topic, w > 0 ? " " : "");
			strcat(topic, args_value(l.args, "topic", w));
		}
		if (args_command(l.args)->id != COMMAND_HELP || strcmp(topic, helps[i].topic) != 0) {
			print_error("%s: %s\n", helps[i].line, topic);
			nfailed++;
		}
		args_free(l.args);
	}
	assert_int_equal(nfailed, 0);
}

static void version_may_be_asked_as_an_option(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "--version"), 0);
	assert_int_equal(args_command(l.args)->id, COMMAND_VERSION);
	args_free(l.args);
	assert_int_equal(parse(&l, "status|--version"), CU_EINVAL);
}

static const struct {
	const char *line, *message;
} bad_lines[] = {
	{ "bakcup|run", "no command 'bakcup'; did you mean 'backup run'?" },
	{ "backup|--target=x", "'backup' needs one of: run, list, check, prune" },
	{ "bakcup|--help", "no command 'bakcup'; did you mean 'backup'?" },
	{ "--target=x|backup|run", "no command; 'custosctl help' lists them" },
	{ "subject|get", "'subject get' needs SUBJECT: the id of a person or organisation, 32 hexadecimal digits" },
	{ "subject|get|" ID, "'subject get' needs --purpose: the key of a purpose that your role has in roles.yaml" },
	{ "subject|get|Mustermann|--purpose=x",
		"SUBJECT: expected the id of a person or organisation, 32 hexadecimal digits" },
	{ "subject|get|" ID "|--purpose=Mustermann",
		"--purpose: expected the key of a purpose that your role has in roles.yaml" },
	{ "subject|get|" ID "|--purpose", "--purpose needs a value: the key of a purpose that your role has in roles.yaml" },
	{ "subject|get|" ID "|--purpose|--field=a",
		"--purpose needs a value: the key of a purpose that your role has in roles.yaml" },
	{ "subject|get|" ID "|--porpose=x", "'subject get' has no option --porpose; did you mean --purpose?" },
	{ "subject|get|" ID "|--jsno", "'subject get' has no option --jsno; did you mean --json?" },
	{ "subject|get|" ID "|--xyzzyxyzzy=Mustermann",
		"'subject get' has no option --xyzzyxyzzy; see 'custosctl help subject get'" },
	{ "subject|get|-x", "'subject get' has no option --x; see 'custosctl help subject get'" },
	{ "subject|get|" ID "|--purpose=a|--purpose=b", "--purpose is given twice" },
	{ "subject|get|" ID "|--purpose=a|" ID2,
		"'subject get' takes no more arguments; see 'custosctl help subject get'" },
	{ "erase|" ID "|--purpose=p|--now=yes", "--now takes no value" },
	{ "--json=yes|status", "--json takes no value" },
	{ "log|prove|one", "INDEX: expected a whole number, 0 or more" },
	{ "log|show|--from=-1", "--from: expected a whole number, 0 or more" },
	{ "subject|search|name|--purpose=p", "BY: expected one of: email, phone, external-id" },
	{ "subject|search|email|--purpose=p|erika@example.com",
		"'subject search' takes no more arguments: 'value' is read from standard input, as "
		"every user of this machine can read a command line" },
	{ "subject|search|email|erika@example.com",
		"'subject search' takes no more arguments: 'value' is read from standard input, as "
		"every user of this machine can read a command line" },
	{ "subject|add|--kind=robot|--purpose=p", "--kind: expected one of: person, organisation" },
	{ "subject|update|" ID "|--purpose=p", "'subject update' needs --collection: the key of a collection in schema.yaml" },
	{ "status|now", "'status' takes no more arguments; see 'custosctl help status'" },
	{ "init", "'init' needs IDENTITY: a file to write; it must not exist" },
	{ "import|f|--map=m|--purpose=p|--charset=", "--charset: expected a text" },
};

static void faults_name_the_argument_and_the_remedy(void **state)
{
	size_t nfailed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
		struct line l;
		int r = parse(&l, bad_lines[i].line);

		if (r != CU_EINVAL || l.args || strcmp(l.err.msg, bad_lines[i].message) != 0) {
			print_error("%s\n  is    %s\n  wants %s\n", bad_lines[i].line, l.err.msg,
				bad_lines[i].message);
			nfailed++;
		}
		if (strstr(l.err.msg, "Muster") || strstr(l.err.msg, "erika")) {
			print_error("%s: repeats a value\n", bad_lines[i].line);
			nfailed++;
		}
	}
	assert_int_equal(nfailed, 0);
}

static void a_repeated_option_has_a_limit(void **state)
{
	char *argv[4 + ARGS_REPEAT_MAX + 1] = { "subject", "get", ID, "--purpose=p" };
	struct args *args = NULL;
	struct cu_err err;

	(void)state;
	for (int i = 0; i <= ARGS_REPEAT_MAX; i++) {
		argv[4 + i] = "--field=f";
	}
	assert_int_equal(args_parse(4 + ARGS_REPEAT_MAX, argv, &args, &err), 0);
	assert_int_equal(args_nvalues(args, "field"), ARGS_REPEAT_MAX);
	args_free(args);

	assert_int_equal(args_parse(4 + ARGS_REPEAT_MAX + 1, argv, &args, &err), CU_EINVAL);
	assert_string_equal(err.msg, "--field is given more than 64 times");
}

/* --- calls ---------------------------------------------------------------------------------- */

static const struct {
	const char *line, *input, *parameters;
} calls[] = {
	{ "status", NULL, "{}" },
	{ "init|/tmp/identity", NULL, "{}" },
	{ "policy|check", NULL, "{}" },
	{ "subject|add|--kind=person|--purpose=p", "[{\"collection\":\"profile\",\"fields\":{\"a\":\"b\"}}]",
		"{\"kind\":\"person\",\"purpose\":\"p\",\"records\":[{\"collection\":\"profile\","
		"\"fields\":{\"a\":\"b\"}}]}" },
	{ "subject|get|0123456789ABCDEF0123456789ABCDEF|--purpose=p", NULL,
		"{\"subject\":\"" ID "\",\"purpose\":\"p\"}" },
	{ "subject|get|" ID "|--purpose=p|--collection=a|--collection=b|--field=c|--json", NULL,
		"{\"subject\":\"" ID "\",\"purpose\":\"p\",\"collections\":[\"a\",\"b\"],\"fields\":[\"c\"]}" },
	{ "subject|update|" ID "|--purpose=p|--collection=c|--from=f.json", "{\"city\":\"x\"}",
		"{\"subject\":\"" ID "\",\"purpose\":\"p\",\"collection\":\"c\",\"fields\":{\"city\":\"x\"}}" },
	{ "subject|search|external-id|--scheme=crm|--purpose=p", "\"4711\"",
		"{\"by\":\"external_id\",\"scheme\":\"crm\",\"purpose\":\"p\",\"value\":\"4711\"}" },
	{ "import|-|--map=m|--purpose=p|--charset=GB18030", NULL,
		"{\"map\":\"m\",\"purpose\":\"p\",\"charset\":\"GB18030\",\"dry_run\":false}" },
	{ "export|out.jsonl|--purpose=p", NULL, "{\"purpose\":\"p\"}" },
	{ "erase|" ID "|--purpose=p", NULL, "{\"subject\":\"" ID "\",\"purpose\":\"p\",\"now\":false,\"wait\":false,\"dry_run\":false}" },
	{ "erase|" ID "|--purpose=p|--now", NULL, "{\"subject\":\"" ID "\",\"purpose\":\"p\",\"now\":true,\"wait\":false,\"dry_run\":false}" },
	{ "backup|run", NULL, "{}" },
	{ "backup|check|--target=t|--read-data", NULL, "{\"target\":\"t\",\"read_data\":true}" },
	{ "log|show|--from=10|--count=5", NULL, "{\"from\":10,\"count\":5}" },
	{ "log|prove|0", NULL, "{\"index\":0}" },
	{ "init|out", NULL, "{}" },
	{ "init|out|--key=passphrase", "\"a long passphrase\"",
		"{\"key\":\"passphrase\",\"passphrase\":\"a long passphrase\"}" },
	{ "unseal", "\"a long passphrase\"", "{\"passphrase\":\"a long passphrase\"}" },
	{ "unseal|--key=file", NULL, "{\"key\":\"file\"}" },
	{ "key|add|passphrase", "\"a long passphrase\"",
		"{\"source\":\"passphrase\",\"passphrase\":\"a long passphrase\"}" },
	{ "key|add|credential", NULL, "{\"source\":\"credential\"}" },
	{ "key|rotate|--epoch", NULL, "{\"epoch\":true}" },
};

static void arguments_become_parameters_that_the_interface_takes(void **state)
{
	struct interfaces *set = NULL;
	size_t nfailed = 0;

	(void)state;
	assert_int_equal(interfaces_load(&set, NULL), 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		json_t *wanted = json_loads(calls[i].parameters, 0, NULL), *got = NULL;
		const struct arg *input;
		const struct idl_member *m;
		struct line l;

		assert_non_null(wanted);
		assert_int_equal(parse(&l, calls[i].line), 0);
		input = args_needs_input(l.args);
		assert_int_equal(input != NULL, calls[i].input != NULL);
		if (input) {
			json_t *value = json_loads(calls[i].input, JSON_DECODE_ANY, NULL);

			assert_int_equal(args_parameters(l.args, &got, NULL), CU_EINVAL);
			assert_int_equal(args_set_json(l.args, input->name, value, NULL), 0);
			assert_null(args_needs_input(l.args));
		}
		assert_int_equal(args_parameters(l.args, &got, &l.err), 0);
		m = interfaces_method(set, args_command(l.args)->method, NULL);
		if (!json_equal(got, wanted) ||
			idl_check(m->in, got, IDL_REFUSE_UNKNOWN, NULL, &l.err) < 0) {
			print_error("%s: %s\n", calls[i].line, l.err.msg);
			json_dumpf(got, stderr, 0);
			nfailed++;
		}
		json_decref(got);
		json_decref(wanted);
		args_free(l.args);
	}
	assert_int_equal(nfailed, 0);
	interfaces_free(set);
}

static void input_of_another_json_type_is_refused(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "subject|add|--kind=person|--purpose=p"), 0);

	assert_int_equal(args_set_json(l.args, "records", json_object(), &l.err), CU_EINVAL);
	assert_string_equal(l.err.msg,
		"records: expected a JSON array of records, from standard input or --from");
	assert_int_equal(args_set_json(l.args, "value", json_array(), &l.err), CU_EINVAL);
	assert_int_equal(args_set_json(l.args, "records", NULL, &l.err), CU_EINVAL);
	assert_non_null(args_needs_input(l.args));
	assert_int_equal(args_set_json(l.args, "records", json_array(), &l.err), 0);
	assert_int_equal(args_set_json(l.args, "records", json_array(), &l.err), 0);
	args_free(l.args);

	assert_int_equal(parse(&l, "status"), 0);
	assert_int_equal(args_set_json(l.args, "value", json_string("x"), &l.err), CU_EINVAL);
	args_free(l.args);
}

static void a_text_that_is_not_utf8_is_refused(void **state)
{
	json_t *got = NULL;
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "import|f|--map=m|--purpose=p|--charset=\xff"), 0);

	assert_int_equal(args_parameters(l.args, &got, &l.err), CU_EINVAL);

	assert_string_equal(l.err.msg, "--charset: expected a text in UTF-8");
	assert_null(got);
	args_free(l.args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_specification_says_all_about_an_argument),
		cmocka_unit_test(bad_specifications_are_refused),
		cmocka_unit_test(every_type_has_a_word_and_all_but_two_an_expectation),
		cmocka_unit_test(values_are_checked_by_type),
		cmocka_unit_test(values_are_read_in_all_spellings),
		cmocka_unit_test(counts_are_numbers_and_absent_ones_have_a_default),
		cmocka_unit_test(help_is_found_in_every_place),
		cmocka_unit_test(version_may_be_asked_as_an_option),
		cmocka_unit_test(faults_name_the_argument_and_the_remedy),
		cmocka_unit_test(a_repeated_option_has_a_limit),
		cmocka_unit_test(arguments_become_parameters_that_the_interface_takes),
		cmocka_unit_test(input_of_another_json_type_is_refused),
		cmocka_unit_test(a_text_that_is_not_utf8_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
