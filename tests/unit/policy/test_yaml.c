#include "expect.h"

#include "base/buf.h"
#include "policy/yaml.h"

static struct yaml *parse(const char *text)
{
	struct faults faults = FAULTS_INIT;
	struct yaml *y = NULL;

	assert_int_equal(yaml_parse(span_str(text), "t.yaml", &faults, &y, NULL), 0);
	expect_faults(&faults, "");
	return y;
}

static void a_tree_knows_the_lines_of_keys_and_values(void **state)
{
	struct yaml *y = parse("# first\n"
			       "a: 1\n"
			       "b:\n"
			       "  - c: [x, 'y']\n"
			       "    d:\n"
			       "\n"
			       "  - plain\n");
	const struct yaml_node *b = yaml_find(yaml_root(y), "b");
	const struct yaml_node *c = yaml_find(b->first, "c");

	(void)state;
	assert_int_equal(yaml_root(y)->kind, YAML_MAP);
	assert_int_equal(yaml_root(y)->nchildren, 2);
	assert_int_equal(yaml_find(yaml_root(y), "a")->line, 2);
	assert_string_equal(yaml_find(yaml_root(y), "a")->text, "1");
	assert_int_equal(b->key_line, 3);
	assert_int_equal(b->kind, YAML_LIST);
	assert_int_equal(b->nchildren, 2);
	assert_int_equal(c->line, 4);
	assert_false(c->first->is_quoted);
	assert_true(c->first->next->is_quoted);
	assert_string_equal(c->first->next->text, "y");
	assert_true(yaml_is_empty(yaml_find(b->first, "d")));
	assert_int_equal(b->first->next->line, 7);
	assert_null(yaml_find(yaml_root(y), "c"));
	yaml_free(y);
}

static void scalars_are_texts_and_nothing_else(void **state)
{
	struct yaml *y = parse("{a: no, b: 007, c: ~, d: '', e: 1e3, f: \"\\u00fc\"}");
	const struct yaml_node *root = yaml_root(y);

	(void)state;
	assert_string_equal(yaml_find(root, "a")->text, "no");
	assert_string_equal(yaml_find(root, "b")->text, "007");
	assert_string_equal(yaml_find(root, "c")->text, "~");
	assert_false(yaml_is_empty(yaml_find(root, "d")));
	assert_string_equal(yaml_find(root, "e")->text, "1e3");
	assert_string_equal(yaml_find(root, "f")->text, "\xc3\xbc");
	yaml_free(y);
}

static void nothing_is_an_empty_mapping(void **state)
{
	static const char *const texts[] = { "", "# only a remark\n", "\xef\xbb\xbf", "---\n{}\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct yaml *y = parse(texts[i]);

		assert_int_equal(yaml_root(y)->nchildren, 0);
		yaml_free(y);
	}
}

static void a_byte_order_mark_is_passed_over(void **state)
{
	struct yaml *y = parse("\xef\xbb\xbf"
			       "a: 1\n");

	(void)state;
	assert_non_null(yaml_find(yaml_root(y), "a"));
	yaml_free(y);
}

static void a_double_key_is_a_fault_and_the_first_one_stays(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct yaml *y = NULL;

	(void)state;
	assert_int_equal(
		yaml_parse(span_str("a: 1\nb: 2\na: [3]\nc: 4\na: 5\n"), "t.yaml", &faults, &y, NULL),
		0);

	expect_faults(&faults, "t.yaml:3: a: stands twice; first in line 1\n"
			       "t.yaml:5: a: stands twice; first in line 1\n");
	assert_string_equal(yaml_find(yaml_root(y), "a")->text, "1");
	assert_string_equal(yaml_find(yaml_root(y), "c")->text, "4");
	assert_int_equal(yaml_root(y)->nchildren, 3);
	yaml_free(y);
	faults_done(&faults);
}

/* text, and the only fault */
static const char *const broken[][2] = {
	{ "a: &x 1\nb: *x\n", "t.yaml:1: &: anchors and aliases are not allowed" },
	{ "a: 1\nb: *x\n", "t.yaml:2: *: anchors and aliases are not allowed" },
	{ "a: 1\nb: !!int 2\n", "t.yaml:2: !: tags are not allowed" },
	{ "a: 1\nb: !mine [2]\n", "t.yaml:2: !: tags are not allowed" },
	{ "a: 1\n<<: {b: 2}\n", "t.yaml:2: <<: merge keys are not allowed" },
	{ "? [a]\n: b\n", "t.yaml:1: key: must be a plain text" },
	{ "a: 1\n---\nb: 2\n", "t.yaml:2: ---: only one document is allowed in a file" },
	{ "a: \"x\\0y\"\n", "t.yaml:1: value: holds a NUL" },
	{ "a: 1\nb: \xff\n", "t.yaml:2: file: is not UTF-8 in this line" },
	{ "a: 1\n\n\x01: 2\n", "t.yaml:3: file: has a control character in this line" },
	{ "a:\n  b: c: d\n", "t.yaml:2: form: invalid nested block mapping on the same line" },
	{ "a: \"open\n", "t.yaml:1: form: double-quoted scalar without closing quote" },
	{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "t.yaml:1: file: is nested too deeply" },
};

static void what_is_not_data_is_refused_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct faults faults = FAULTS_INIT;
		struct yaml *y = NULL;
		struct cu_err err = { 0 };

		assert_int_equal(
			yaml_parse(span_str(broken[i][0]), "t.yaml", &faults, &y, &err), CU_EINVAL);

		assert_string_equal(faults.text[0], broken[i][1]);
		assert_string_equal(err.msg, broken[i][1]);
		assert_int_equal(faults.n, 1);
		assert_null(y);
		faults_done(&faults);
	}
}

static void depth_up_to_the_limit_is_taken(void **state)
{
	struct yaml *y = parse("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");

	(void)state;
	assert_int_equal(yaml_root(y)->kind, YAML_LIST);
	yaml_free(y);
}

static void expect_too_much(const struct buf *text, const char *wanted)
{
	struct faults faults = FAULTS_INIT;
	struct yaml *y = NULL;

	assert_int_equal(yaml_parse(buf_span(text), "t.yaml", &faults, &y, NULL), CU_EINVAL);
	assert_string_equal(faults.text[0], wanted);
	faults_done(&faults);
}

static void too_many_bytes_values_or_keys_are_refused(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	while (text.n <= YAML_MAX_SIZE) {
		buf_put_str(&text, "# sixteen bytes\n");
	}
	expect_too_much(&text, "t.yaml: file: is larger than 1 MiB");

	buf_clear(&text);
	for (size_t i = 0; i < YAML_MAX_NODES; i++) {
		buf_put_str(&text, "- 1\n");
	}
	expect_too_much(&text, "t.yaml:65536: file: has too many values");

	buf_clear(&text);
	for (size_t i = 0; i <= YAML_MAX_KEYS; i++) {
		buf_putf(&text, "k%zu: 1\n", i);
	}
	expect_too_much(&text, "t.yaml:1025: mapping: has too many keys");
	buf_done(&text);
}

static void a_file_that_is_not_there_is_not_a_fault_of_the_file(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct yaml *y = NULL;

	(void)state;
	assert_int_equal(yaml_load("/nonexistent", "t.yaml", &faults, &y, NULL), CU_ENOENT);
	expect_faults(&faults, "");
}

static void a_hundred_faults_are_kept_and_the_rest_counted(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct cu_err err;

	(void)state;
	for (unsigned i = 1; i <= 103; i++) {
		faults_add(&faults, "f", i, "item", "is wrong");
	}
	assert_int_equal(faults.n, 100);
	assert_int_equal(faults.ntotal, 103);
	assert_int_equal(faults_check(&faults, &err), CU_EINVAL);
	assert_string_equal(err.msg, "f:1: item: is wrong (and 102 more)");
	faults_done(&faults);
	assert_int_equal(faults_check(&faults, &err), 0);
}

static void a_fault_stays_one_line(void **state)
{
	struct faults faults = FAULTS_INIT;

	(void)state;
	faults_add(&faults, "f", 1, "a\nb", "'%s' is wrong", "\x1b[2J");
	expect_faults(&faults, "f:1: a\\x0ab: '\\x1b[2J' is wrong\n");
	faults_done(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_knows_the_lines_of_keys_and_values),
		cmocka_unit_test(scalars_are_texts_and_nothing_else),
		cmocka_unit_test(nothing_is_an_empty_mapping),
		cmocka_unit_test(a_byte_order_mark_is_passed_over),
		cmocka_unit_test(a_double_key_is_a_fault_and_the_first_one_stays),
		cmocka_unit_test(what_is_not_data_is_refused_with_its_line),
		cmocka_unit_test(depth_up_to_the_limit_is_taken),
		cmocka_unit_test(too_many_bytes_values_or_keys_are_refused),
		cmocka_unit_test(a_file_that_is_not_there_is_not_a_fault_of_the_file),
		cmocka_unit_test(a_hundred_faults_are_kept_and_the_rest_counted),
		cmocka_unit_test(a_fault_stays_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
