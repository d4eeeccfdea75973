/* test_idl.c: the grammar of varlink.org, its faults, and values checked against it. */
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
#include "wire/idl.h"

static struct idl *parse(const char *text)
{
	struct idl *idl = NULL;
	struct cu_err err = { 0 };

	if (idl_parse("t", span_str(text), &idl, &err) < 0) {
		print_error("%s\n", err.msg);
	}
	assert_non_null(idl);
	return idl;
}

/* Everything that the language has, as its own description shows it. */
static const char whole[] =
	"# The whole language.\r\n"
	"#  Two lines.\n"
	"interface org.example-2.0.test # a remark\n"
	"\n"
	"# Not documentation: an empty line follows.\n"
	"\n"
	"type MyType (\n"
	"\texample_bool: bool,\n"
	"   example_int: int,\n"
	"   example_float: float,\n"
	"   # A text.\n"
	"   # Of two lines.\n"
	"   example_string: string,\n"
	"   example_object: object,\n"
	"   example_any: any,\n"
	"   example_enum: (one, two, three_3),\n"
	"   example_struct: (first: int, second: string),\n"
	"   example_array: []string,\n"
	"   example_dictionary: [string]string,\n"
	"   example_stringset: [string](),\n"
	"   example_nullable: ?string,\n"
	"   example_nullable_array_struct: ?[](first: int, second: string),\n"
	"   example_other_type: Colour,\n"
	"   again: ?MyType,\n"
	"   deep: [][string]?[]int\n"
	")\n"
	"# Three of them.\n"
	"type Colour(red,green ,\tblue)\n"
	"\xe2\x80\xa9"
	"#No blank.\n"
	"method Paint(what: MyType,colour:Colour)->()\n"
	"  method Look ( ) -> ( seen : []MyType )\r"
	"\xe3\x80\x80method Nothing\n(\n)\n->\n(\n)\n"
	"error Blind ()\n"
	"error Full (level: int)";

static void the_whole_grammar_is_read(void **state)
{
	struct idl *idl = parse(whole);

	(void)state;
	assert_string_equal(idl_name(idl), "org.example-2.0.test");
	assert_string_equal(idl_text(idl), whole);
	assert_int_equal(idl_nmembers(idl), 7);
	assert_int_equal(idl_member(idl, 0)->kind, IDL_TYPE);
	assert_string_equal(idl_member(idl, 4)->name, "Nothing");
	assert_int_equal(idl_member(idl, 4)->out->nfields, 0);
	assert_string_equal(idl_member(idl, 6)->name, "Full");
	assert_null(idl_member(idl, 6)->out);
	assert_null(idl_member(idl, 7));
	idl_free(idl);
}

static void comments_right_before_a_thing_document_it(void **state)
{
	struct idl *idl = parse(whole);
	const struct idl_type *type = idl_find(idl, IDL_TYPE, "MyType")->in;

	(void)state;
	assert_string_equal(idl_doc(idl), "The whole language.\n Two lines.");
	assert_string_equal(idl_find(idl, IDL_TYPE, "MyType")->doc, "");
	assert_string_equal(idl_find(idl, IDL_TYPE, "Colour")->doc, "Three of them.");
	assert_string_equal(idl_find(idl, IDL_METHOD, "Paint")->doc, "No blank.");
	assert_string_equal(idl_find(idl, IDL_METHOD, "Look")->doc, "");
	assert_string_equal(idl_field_find(type, "example_string")->doc, "A text.\nOf two lines.");
	assert_string_equal(idl_field_find(type, "example_object")->doc, "");
	idl_free(idl);
}

static void types_have_the_shape_that_was_written(void **state)
{
	struct idl *idl = parse(whole);
	const struct idl_type *type = idl_find(idl, IDL_TYPE, "MyType")->in, *t;

	(void)state;
	assert_int_equal(type->kind, IDL_STRUCT);
	assert_int_equal(type->nfields, 16);
	t = idl_field_find(type, "example_enum")->type;
	assert_int_equal(t->kind, IDL_ENUM);
	assert_int_equal(t->nfields, 3);
	assert_string_equal(t->fields[2].name, "three_3");
	assert_null(t->fields[2].type);
	t = idl_field_find(type, "example_stringset")->type;
	assert_int_equal(t->kind, IDL_MAP);
	assert_int_equal(t->of->kind, IDL_STRUCT);
	assert_int_equal(t->of->nfields, 0);
	t = idl_field_find(type, "deep")->type;
	assert_int_equal(t->kind, IDL_ARRAY);
	assert_int_equal(t->of->kind, IDL_MAP);
	assert_int_equal(t->of->of->kind, IDL_MAYBE);
	assert_int_equal(t->of->of->of->kind, IDL_ARRAY);
	assert_int_equal(t->of->of->of->of->kind, IDL_INT);
	t = idl_field_find(type, "again")->type;
	assert_int_equal(t->kind, IDL_MAYBE);
	assert_int_equal(t->of->kind, IDL_NAMED);
	assert_ptr_equal(idl_resolve(t), type);
	assert_null(idl_field_find(type, "nothing"));
	idl_free(idl);
}

static void members_are_found_by_kind_and_name(void **state)
{
	struct idl *idl = parse(whole);

	(void)state;
	assert_non_null(idl_find(idl, IDL_ERROR, "Blind"));
	assert_null(idl_find(idl, IDL_METHOD, "Blind"));
	assert_null(idl_find(idl, IDL_ERROR, "blind"));
	idl_free(idl);
}

#define HEAD "interface a.b\n"

static const struct {
	const char *text, *fault;
} faulty[] = {
	{ "", "t:1:1: expected 'interface'" },
	{ "# nothing\n", "t:2:1: expected 'interface'" },
	{ "interfaces a.b\n", "t:1:1: expected 'interface'" },
	{ "interface\n\n  ab\nmethod M()->()", "t:3:3: expected the interface's name, as org.example.name" },
	{ "interface a.\n", "t:1:11: expected the interface's name, as org.example.name" },
	{ "interface a..b\n", "t:1:11: expected the interface's name, as org.example.name" },
	{ "interface a.-b\n", "t:1:11: expected the interface's name, as org.example.name" },
	{ "interface a-.b\n", "t:1:11: expected the interface's name, as org.example.name" },
	{ "interface a.b-\n", "t:1:11: expected the interface's name, as org.example.name" },
	{ "interface 1a.b\n", "t:1:11: expected the interface's name, as org.example.name" },
	{ "interface a.b", "t:1:14: expected 'type', 'method' or 'error'" },
	{ "interface a.b method M() -> ()", "t:1:15: expected a new line" },
	{ HEAD "method M() -> () error E ()", "t:2:18: expected a new line" },
	{ HEAD "methods M() -> ()", "t:2:1: expected 'type', 'method' or 'error'" },
	{ HEAD "method m() -> ()", "t:2:8: expected a name: a capital letter, then letters and digits" },
	{ HEAD "method M_n() -> ()", "t:2:8: expected a name: a capital letter, then letters and digits" },
	{ HEAD "method M -> ()", "t:2:10: expected '(' behind the method's name" },
	{ HEAD "method M()\n()", "t:3:1: expected '->' behind the method's input" },
	{ HEAD "method M() ->", "t:2:14: expected '(' behind '->'" },
	{ HEAD "method M(one, two) -> ()", "t:2:9: an enum cannot stand behind the method's name" },
	{ HEAD "error E (one, two)", "t:2:9: an enum cannot stand behind the error's name" },
	{ HEAD "error E", "t:2:8: expected '(' behind the error's name" },
	{ HEAD "type T (a: int b: int)", "t:2:16: expected ',' or ')'" },
	{ HEAD "type T (a: int, b)", "t:2:18: expected ':' and a type" },
	{ HEAD "type T (a, b: int)", "t:2:12: a word of an enum has no type" },
	{ HEAD "type T (a: int,)", "t:2:16: expected a field's name: letters, digits and single '_'" },
	{ HEAD "type T (a__b: int)", "t:2:9: expected a field's name: letters, digits and single '_'" },
	{ HEAD "type T (a_: int)", "t:2:9: expected a field's name: letters, digits and single '_'" },
	{ HEAD "type T (_a: int)", "t:2:9: expected a field's name: letters, digits and single '_'" },
	{ HEAD "type T (a-b, c)", "t:2:10: expected ',' or ')'" },
	{ HEAD "type T (a: int, a: int)", "t:2:17: 'a' is declared twice" },
	{ HEAD "type T (a, b, a)", "t:2:15: 'a' is declared twice" },
	{ HEAD "type T (a: )", "t:2:12: expected a type" },
	{ HEAD "type T (a: integer)", "t:2:12: expected a type" },
	{ HEAD "type T (a: ??int)", "t:2:13: '?' stands twice" },
	{ HEAD "type T (a: []?[string]?)", "t:2:24: expected a type" },
	{ HEAD "type T (a: [int]int)", "t:2:12: expected a type" },
	{ HEAD "type T (a: Gone, b: Lost)", "t:2:12: type 'Gone' is not declared" },
	{ HEAD "type T (a: M)\nmethod M() -> ()", "t:2:12: type 'M' is not declared" },
	{ HEAD "type T ()\nerror T ()", "t:3:7: 'T' is declared twice, before in line 2" },
	{ HEAD "type T (a: int", "t:2:15: expected ',' or ')'" },
	{ HEAD "# \xc3\xa4\xc3\xb6\nerror E (\xc3\xa4: int)",
		"t:3:10: expected a field's name: letters, digits and single '_'" },
	{ HEAD "# caf\xc3\xa9 \xff", "t:1:1: not a text in UTF-8" },
};

static void faults_name_line_column_and_reason(void **state)
{
	size_t nfailed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
		struct idl *idl = NULL;
		struct cu_err err = { 0 };
		int r = idl_parse("t", span_str(faulty[i].text), &idl, &err);

		if (r != CU_EINVAL || idl || strcmp(err.msg, faulty[i].fault) != 0) {
			print_error("%s\n  is    %d %s\n  wants %s\n", faulty[i].text, r, err.msg,
				faulty[i].fault);
			nfailed++;
			idl_free(idl);
		}
	}
	assert_int_equal(nfailed, 0);
}

static void every_prefix_of_a_definition_is_refused_or_read(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(whole); n++) {
		char *cut = malloc(n + 1); /* so that reading past its end is seen */
		struct idl *idl = NULL;

		assert_non_null(cut);
		memcpy(cut, whole, n);
		if (idl_parse("t", span_of(cut, n), &idl, NULL) == 0) {
			assert_non_null(idl_name(idl));
		} else {
			assert_null(idl);
		}
		idl_free(idl);
		free(cut);
	}
}

static void nesting_and_size_are_limited(void **state)
{
	struct buf b = BUF_INIT;
	struct idl *idl = NULL;
	struct cu_err err;

	(void)state;
	buf_put_str(&b, HEAD "type T (a: ");
	for (int i = 0; i < 100000; i++) {
		buf_put_str(&b, "[]");
	}
	buf_put_str(&b, "int)");
	assert_int_equal(idl_parse("t", buf_span(&b), &idl, &err), CU_ELIMIT);
	assert_string_equal(err.msg, "t:2:44: nested deeper than 16");

	buf_clear(&b);
	buf_put_str(&b, HEAD "type T (a: ");
	for (int i = 0; i < 10000; i++) {
		buf_put_str(&b, "(a: ");
	}
	assert_int_equal(idl_parse("t", buf_span(&b), &idl, &err), CU_ELIMIT);

	buf_clear(&b);
	for (int i = 0; i < 256 * 1024 + 1; i++) {
		buf_put_u8(&b, ' ');
	}
	assert_int_equal(idl_parse("t", buf_span(&b), &idl, &err), CU_ELIMIT);
	buf_done(&b);
}

/* --- values --------------------------------------------------------------------------------- */

static const char values[] =
	HEAD "type Kind (person, organisation)\n"
	     "type Item (name: string, count: ?int, tags: ?[]string)\n"
	     "method M(\n"
	     "  subject: string, n: int, kind: Kind, ratio: ?float, on: ?bool,\n"
	     "  fields: ?[string]string, items: ?[]Item, raw: ?object, what: ?any, tree: ?[][string](x: int)\n"
	     ") -> (done: bool)\n";

#define OK "\"subject\":\"s\",\"n\":1,\"kind\":\"person\""

static const struct {
	const char *value, *fault, *path;
} checks[] = {
	{ "{" OK "}", NULL, NULL },
	{ "{" OK ",\"ratio\":1,\"on\":false,\"raw\":{\"a\":[1]},\"what\":0}", NULL, NULL },
	{ "{" OK ",\"ratio\":1.5,\"what\":[null]}", NULL, NULL },
	{ "{" OK ",\"ratio\":null,\"on\":null,\"fields\":null,\"items\":null,\"raw\":null,\"what\":null}",
		NULL, NULL },
	{ "{" OK ",\"fields\":{},\"items\":[]}", NULL, NULL },
	{ "{" OK ",\"items\":[{\"name\":\"a\",\"count\":-1},{\"name\":\"b\",\"tags\":[\"x\"]}]}", NULL, NULL },
	{ "{" OK ",\"tree\":[{\"a\":{\"x\":1}},{}]}", NULL, NULL },
	{ "[]", "parameters: expected an object", "parameters" },
	{ "{\"n\":1,\"kind\":\"person\"}", "parameters.subject: is missing", "subject" },
	{ "{\"subject\":null,\"n\":1,\"kind\":\"person\"}", "parameters.subject: expected a string",
		"subject" },
	{ "{\"subject\":7,\"n\":1,\"kind\":\"person\"}", "parameters.subject: expected a string",
		"subject" },
	{ "{\"subject\":\"s\",\"n\":1.0,\"kind\":\"person\"}", "parameters.n: expected an integer", "n" },
	{ "{\"subject\":\"s\",\"n\":\"1\",\"kind\":\"person\"}", "parameters.n: expected an integer", "n" },
	{ "{\"subject\":\"s\",\"n\":1,\"kind\":\"Mustermann\"}",
		"parameters.kind: expected one of: person, organisation", "kind" },
	{ "{\"subject\":\"s\",\"n\":1,\"kind\":1}",
		"parameters.kind: expected one of: person, organisation", "kind" },
	{ "{" OK ",\"on\":0}", "parameters.on: expected a bool", "on" },
	{ "{" OK ",\"ratio\":\"1\"}", "parameters.ratio: expected a number", "ratio" },
	{ "{" OK ",\"raw\":[]}", "parameters.raw: expected an object", "raw" },
	{ "{" OK ",\"fields\":{\"Mustermann\":1}}", "parameters.fields[]: expected a string", "fields[]" },
	{ "{" OK ",\"fields\":[]}", "parameters.fields: expected an object", "fields" },
	{ "{" OK ",\"items\":{}}", "parameters.items: expected an array", "items" },
	{ "{" OK ",\"items\":[{\"name\":\"a\"},{}]}", "parameters.items[1].name: is missing",
		"items[1].name" },
	{ "{" OK ",\"items\":[{\"name\":\"a\",\"tags\":[\"x\",null]}]}",
		"parameters.items[0].tags[1]: expected a string", "items[0].tags[1]" },
	{ "{" OK ",\"items\":[{\"name\":\"a\",\"Mustermann\":1}]}",
		"parameters.items[0]: has a field that is not declared", "items[0]" },
	{ "{" OK ",\"Mustermann\":1}", "parameters: has a field that is not declared", "parameters" },
	{ "{" OK ",\"tree\":[{},{\"k\":{\"x\":true}}]}", "parameters.tree[1][].x: expected an integer",
		"tree[1][].x" },
};

static void values_are_checked_and_the_path_is_named(void **state)
{
	struct idl *idl = parse(values);
	const struct idl_type *in = idl_find(idl, IDL_METHOD, "M")->in;
	size_t nfailed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		json_t *value = json_loads(checks[i].value, 0, NULL);
		char path[IDL_PATH_SIZE] = "untouched";
		struct cu_err err = { 0 };
		int r;

		assert_non_null(value);
		r = idl_check(in, value, IDL_REFUSE_UNKNOWN, path, &err);
		if (r != (checks[i].fault ? CU_EINVAL : 0) ||
			strcmp(err.msg, checks[i].fault ? checks[i].fault : "") != 0 ||
			strcmp(path, checks[i].path ? checks[i].path : "untouched") != 0) {
			print_error("%s: %d '%s' '%s'\n", checks[i].value, r, err.msg, path);
			nfailed++;
		}
		json_decref(value);
	}
	assert_int_equal(nfailed, 0);
	idl_free(idl);
}

static void fields_of_a_newer_server_are_ignored(void **state)
{
	struct idl *idl = parse(values);
	const struct idl_type *out = idl_find(idl, IDL_METHOD, "M")->out;
	json_t *value = json_pack("{s:b, s:i}", "done", 1, "new", 1);

	(void)state;
	assert_int_equal(idl_check(out, value, IDL_IGNORE_UNKNOWN, NULL, NULL), 0);
	assert_int_equal(idl_check(out, value, IDL_REFUSE_UNKNOWN, NULL, NULL), CU_EINVAL);
	json_decref(value);
	idl_free(idl);
}

static void a_value_as_deep_as_a_recursive_type_ends(void **state)
{
	struct idl *idl = parse(HEAD "type Tree (left: ?Tree)\nmethod M(tree: Tree) -> ()");
	json_t *tree = json_object(), *value;
	struct cu_err err;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		tree = json_pack("{s:o}", "left", tree);
	}
	value = json_pack("{s:o}", "tree", tree);

	assert_int_equal(idl_check(idl_find(idl, IDL_METHOD, "M")->in, value, IDL_REFUSE_UNKNOWN,
				 NULL, &err),
		CU_EINVAL);

	assert_non_null(strstr(err.msg, "nested too deeply"));
	json_decref(value);
	idl_free(idl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_grammar_is_read),
		cmocka_unit_test(comments_right_before_a_thing_document_it),
		cmocka_unit_test(types_have_the_shape_that_was_written),
		cmocka_unit_test(members_are_found_by_kind_and_name),
		cmocka_unit_test(faults_name_line_column_and_reason),
		cmocka_unit_test(every_prefix_of_a_definition_is_refused_or_read),
		cmocka_unit_test(nesting_and_size_are_limited),
		cmocka_unit_test(values_are_checked_and_the_path_is_named),
		cmocka_unit_test(fields_of_a_newer_server_are_ignored),
		cmocka_unit_test(a_value_as_deep_as_a_recursive_type_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
