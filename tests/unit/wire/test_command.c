/* test_command.c: the table of commands agrees with itself and with the interfaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/arg.h"
#include "wire/command.h"
#include "wire/interfaces.h"

static const struct command *at(int id)
{
	return command_at((enum command_id)id);
}

static void every_row_has_arguments_that_parse(void **state)
{
	struct arg_spec spec;
	struct cu_err err = { 0 };

	(void)state;
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		if (arg_spec_parse(at(id)->arguments, &spec, &err) < 0) {
			print_error("%s: %s\n", at(id)->words, err.msg);
			fail();
		}
	}
	assert_int_equal(arg_spec_parse(GLOBAL_ARGUMENTS, &spec, &err), 0);
}

static void no_command_has_an_option_that_is_global(void **state)
{
	struct arg_spec global, own;

	(void)state;
	assert_int_equal(arg_spec_parse(GLOBAL_ARGUMENTS, &global, NULL), 0);
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		assert_int_equal(arg_spec_parse(at(id)->arguments, &own, NULL), 0);
		for (size_t i = 0; i < own.n; i++) {
			assert_null(arg_find(&global, own.args[i].name));
		}
	}
}

static void every_row_is_complete_and_its_words_are_its_own(void **state)
{
	(void)state;
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = at(id);
		const char *blank = strchr(c->words, ' ');
		char operation[COMMAND_OPERATION_SIZE];

		assert_int_equal(c->id, id);
		assert_string_not_equal(c->summary, "");
		assert_string_not_equal(c->details, "");
		assert_true(strlen(c->words) < COMMAND_OPERATION_SIZE);
		assert_ptr_equal(command_by_operation(command_operation(c, operation)), c);
		assert_int_equal((c->access & ACCESS_LOCAL) != 0, *c->method == '\0');
		if (blank) { /* two words: of a family */
			char first[COMMAND_OPERATION_SIZE];

			snprintf(first, sizeof(first), "%.*s", (int)(blank - c->words), c->words);
			assert_non_null(command_family(first));
		}
		for (int other = 0; other < id; other++) {
			assert_string_not_equal(at(other)->words, c->words);
		}
	}
}

static void every_method_exists_and_only_one_command_calls_it(void **state)
{
	struct interfaces *set = NULL;
	size_t nmethods = 0, ncalled = 0;

	(void)state;
	assert_int_equal(interfaces_load(&set, NULL), 0);
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		if (*at(id)->method) {
			assert_non_null(interfaces_method(set, at(id)->method, NULL));
			assert_ptr_equal(command_by_method(at(id)->method), at(id));
			ncalled++;
		}
	}
	for (size_t i = 0; i < interfaces_n(set); i++) {
		const struct idl *idl = interfaces_at(set, i);

		for (size_t m = 0; m < idl_nmembers(idl); m++) {
			nmethods += strncmp(idl_name(idl), "io.custos", 9) == 0 &&
				idl_member(idl, m)->kind == IDL_METHOD;
		}
	}
	assert_int_equal(ncalled, nmethods);
	assert_null(command_by_method("io.custos.Nothing"));
	assert_null(command_by_method(""));
	interfaces_free(set);
}

/* The JSON kind that an argument's value has in a call. */
static bool is_of_kind(const struct arg *a, const struct idl_type *type)
{
	type = idl_resolve(type);
	if (a->is_repeated) {
		return type->kind == IDL_ARRAY && idl_resolve(type->of)->kind == IDL_STRING;
	}
	switch (a->type) {
	case ARG_COUNT: return type->kind == IDL_INT;
	case ARG_FLAG: return type->kind == IDL_BOOL;
	case ARG_RECORDS:
	case ARG_SUBJECTS: return type->kind == IDL_ARRAY;
	case ARG_FIELDS: return type->kind == IDL_MAP;
	case ARG_SEARCHKEY:
	case ARG_WORDS: return type->kind == IDL_ENUM;
	case ARG_SUBJECT:
	case ARG_RECORD:
	case ARG_ERASURE:
	case ARG_APPROVAL:
	case ARG_REQUEST:
	case ARG_PURPOSE:
	case ARG_COLLECTION:
	case ARG_TARGET:
	case ARG_KEY:
	case ARG_TEXT:
	case ARG_PATH:
	case ARG_DATE:
	case ARG_INFILE:
	case ARG_TEXTFILE:
	case ARG_OUTFILE:
	case ARG_OWNFILE:
	case ARG_PASSPHRASE:
	case ARG_NEWPASSPHRASE:
	case ARG_LETTER:
	case ARG_PERSONAL: return type->kind == IDL_STRING;
	}
	return false;
}

/* Words of the table, with '_' for '-', are the words of the interface's enum. */
static void compare_words(const struct arg *a, const struct idl_type *type)
{
	type = idl_resolve(type);
	assert_int_equal(type->nfields, a->nwords);
	for (size_t w = 0; w < a->nwords; w++) {
		char word[ARGS_NAME_SIZE];

		snprintf(word, sizeof(word), "%s", a->words[w]);
		for (char *p = word; *p; p++) {
			*p = *p == '-' ? '_' : *p;
		}
		assert_non_null(idl_field_find(type, word));
	}
}

static void arguments_are_the_parameters_of_the_method(void **state)
{
	struct interfaces *set = NULL;

	(void)state;
	assert_int_equal(interfaces_load(&set, NULL), 0);
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct idl_type *in;
		struct arg_spec spec;
		size_t nsent = 0;

		if (at(id)->access & ACCESS_LOCAL) {
			continue;
		}
		in = interfaces_method(set, at(id)->method, NULL)->in;
		assert_int_equal(arg_spec_parse(at(id)->arguments, &spec, NULL), 0);
		for (size_t i = 0; i < spec.n; i++) {
			const struct arg *a = &spec.args[i];
			const struct idl_field *f = idl_field_find(in, a->parameter);
			bool is_optional;

			if (a->type == ARG_INFILE || a->type == ARG_OUTFILE ||
				a->type == ARG_OWNFILE) {
				continue;
			}
			if (!f || !is_of_kind(a, f->type)) {
				print_error("%s: %s\n", at(id)->words, a->name);
			}
			assert_non_null(f);
			assert_true(is_of_kind(a, f->type));
			is_optional = f->type->kind == IDL_MAYBE;
			assert_true(a->type == ARG_FLAG ? !is_optional : is_optional != a->is_required);
			if (a->nwords > 0) {
				compare_words(a, f->type);
			}
			nsent++;
		}
		if (nsent != in->nfields) {
			print_error("%s: %zu of %zu parameters\n", at(id)->words, nsent, in->nfields);
		}
		assert_int_equal(nsent, in->nfields); /* nothing that the command cannot say */
	}
	interfaces_free(set);
}

/* A file argument that is not the source of an input (--from) crosses as the descriptor. */
static void access_agrees_with_the_arguments(void **state)
{
	(void)state;
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		size_t nin = 0, nout = 0, ninput = 0, npurposes = 0;
		unsigned access = at(id)->access;
		struct arg_spec spec;

		assert_int_equal(arg_spec_parse(at(id)->arguments, &spec, NULL), 0);
		for (size_t i = 0; i < spec.n; i++) {
			enum arg_type t = spec.args[i].type;

			ninput += t == ARG_LETTER || t == ARG_RECORDS || t == ARG_FIELDS ||
				t == ARG_SUBJECTS;
			nin += t == ARG_INFILE;
			nout += t == ARG_OUTFILE;
			npurposes += t == ARG_PURPOSE && spec.args[i].is_required;
		}
		assert_int_equal(nin - ninput, (access & ACCESS_FD_IN) != 0);
		assert_int_equal(nout, (access & ACCESS_FD_OUT) != 0);
		assert_false((access & ACCESS_FD_IN) && (access & ACCESS_FD_OUT));
		/* no read and no write of a person's data without a purpose */
		assert_int_equal(npurposes, (access & (ACCESS_READ | ACCESS_WRITE)) != 0);
	}
}

static const struct {
	const char *words[4];
	size_t n;
	enum command_id id;
	size_t used;
} found[] = {
	{ { "status" }, 1, COMMAND_STATUS, 1 },
	{ { "backup", "run" }, 2, COMMAND_BACKUP_RUN, 2 },
	{ { "subject", "get", "00" }, 3, COMMAND_SUBJECT_GET, 2 },
	{ { "erase", "00", "x" }, 3, COMMAND_ERASE, 1 },
	{ { "erase", "cancel", "00" }, 3, COMMAND_ERASE_CANCEL, 2 },
	{ { "help", "backup", "run" }, 3, COMMAND_HELP, 1 },
};

static void commands_are_found_by_their_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		const struct command *c = NULL;
		size_t used = 0;

		assert_int_equal(command_find(found[i].n, found[i].words, &c, &used, NULL), 0);
		assert_int_equal(c->id, found[i].id);
		assert_int_equal(used, found[i].used);
	}
}

static const struct {
	const char *words[3];
	size_t n;
	const char *message;
} lost[] = {
	{ { NULL }, 0, "no command; 'custosctl help' lists them" },
	{ { "bakcup" }, 1, "no command 'bakcup'; did you mean 'backup'?" },
	{ { "bakcup", "run" }, 2, "no command 'bakcup'; did you mean 'backup run'?" },
	{ { "bakcup", "rnu" }, 2, "no command 'bakcup'; did you mean 'backup run'?" },
	{ { "bakcup", "xyz" }, 2, "no command 'bakcup'; did you mean 'backup'?" },
	{ { "backup", "rnu" }, 2, "no command 'backup rnu'; did you mean 'backup run'?" },
	{ { "backup", "chekc" }, 2, "no command 'backup chekc'; did you mean 'backup check'?" },
	{ { "backup", "xyz" }, 2, "no command 'backup xyz'; there are: run, list, check, prune" },
	{ { "backup" }, 1, "'backup' needs one of: run, list, check, prune" },
	{ { "subjects", "get" }, 2, "no command 'subjects'; did you mean 'subject get'?" },
	{ { "staus" }, 1, "no command 'staus'; did you mean 'status'?" },
	{ { "erae" }, 1, "no command 'erae'; did you mean 'erase'?" },
	{ { "xyzzy" }, 1, "no command 'xyzzy'; 'custosctl help' lists them" },
	{ { "" }, 1, "no command ''; 'custosctl help' lists them" },
	{ { "a\nb\x1b[31mc" }, 1, "no command 'a\\x0ab\\x1b[31mc'; 'custosctl help' lists them" },
	{ { "backu", "\xff" }, 2, "no command 'backu'; did you mean 'backup'?" },
};

static void what_was_not_understood_gets_a_suggestion(void **state)
{
	size_t nfailed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		const struct command *c = NULL;
		struct cu_err err = { 0 };
		size_t used = 0;
		int r = command_find(lost[i].n, lost[i].words, &c, &used, &err);

		if (r != CU_EINVAL || c || strcmp(err.msg, lost[i].message) != 0) {
			print_error("wants %s\n   is %s\n", lost[i].message, err.msg);
			nfailed++;
		}
	}
	assert_int_equal(nfailed, 0);
}

static void a_word_of_any_length_is_cut_before_it_is_shown(void **state)
{
	char word[1000];
	const char *words[] = { word };
	const struct command *c;
	struct cu_err err;
	size_t used;

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';

	assert_int_equal(command_find(1, words, &c, &used, &err), CU_EINVAL);

	assert_non_null(strstr(err.msg, "'custosctl help' lists them"));
}

static void operations_are_the_words_joined_by_dots(void **state)
{
	char out[COMMAND_OPERATION_SIZE];

	(void)state;
	assert_string_equal(command_operation(command_at(COMMAND_SUBJECT_GET), out), "subject.get");
	assert_string_equal(command_operation(command_at(COMMAND_ERASE), out), "erase");
	assert_ptr_equal(command_by_operation("backup.check"), command_at(COMMAND_BACKUP_CHECK));
	assert_null(command_by_operation("backup check"));
	assert_null(command_by_operation("backup"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_arguments_that_parse),
		cmocka_unit_test(no_command_has_an_option_that_is_global),
		cmocka_unit_test(every_row_is_complete_and_its_words_are_its_own),
		cmocka_unit_test(every_method_exists_and_only_one_command_calls_it),
		cmocka_unit_test(arguments_are_the_parameters_of_the_method),
		cmocka_unit_test(access_agrees_with_the_arguments),
		cmocka_unit_test(commands_are_found_by_their_words),
		cmocka_unit_test(what_was_not_understood_gets_a_suggestion),
		cmocka_unit_test(a_word_of_any_length_is_cut_before_it_is_shown),
		cmocka_unit_test(operations_are_the_words_joined_by_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
