#include "expect.h"

#include "base/buf.h"
#include "policy/rows.h"
#include "policy/yaml.h"

enum colour { RED, GREEN, BLUE };

struct wheel {
	const char *key;
	int64_t spokes;
	const struct yaml_node *node;
};

struct bike {
	const char *key;
	const char *text;
	int64_t gears;
	bool has_bell;
	struct duration service;
	int64_t load;
	int colour;
	struct names riders;
	struct wheel spare;
	struct wheel *wheels;
	size_t nwheels;
	const struct yaml_node *extras;
	const struct yaml_node *node;
};

static const char *no_thirteen(const char *text)
{
	return strcmp(text, "13") == 0 ? "brings bad luck" : NULL;
}

#define BIKE(m)  offsetof(struct bike, m)
#define WHEEL(m) offsetof(struct wheel, m)

static const struct row wheel_row[] = {
	{ "wheel", SET_NAME, MUST, "Its key.", WHEEL(key) },
	{ "spokes", SET_INTEGER, 0, "How many.", WHEEL(spokes), .standard = "36", .min = 12,
		.max = 48, .check = no_thirteen },
};
static const struct rows wheel_rows = { "A wheel", wheel_row, 2, sizeof(struct wheel),
	WHEEL(node) };

static const struct row bike_row[] = {
	{ "bike", SET_NAME, MUST, "Its key.", BIKE(key) },
	{ "text", SET_TEXT, 0, "A sentence.", BIKE(text), .standard = "A bike." },
	{ "gears", SET_INTEGER, 0, "How many.", BIKE(gears), .min = -1, .max = 27 },
	{ "bell", SET_BOOLEAN, 0, "Whether it rings.", BIKE(has_bell), .standard = "yes" },
	{ "service", SET_DURATION, 0, "How often.", BIKE(service), .standard = "90d",
		.min = 86400, .max = 365 * 86400 },
	{ "load", SET_SIZE, 0, "How much.", BIKE(load), .standard = "2KiB", .min = 1,
		.max = 1 << 20 },
	{ "colour", SET_ENUM, 0, "Which.", BIKE(colour), .standard = "green",
		.words = "red green blue" },
	{ "riders", SET_NAMES, 0, "Who.", BIKE(riders) },
	{ "spare", SET_MAP, 0, "A spare wheel.", BIKE(spare), .of = &wheel_rows },
	{ "wheels", SET_MAPS, 0, "Those it runs on.", BIKE(wheels), BIKE(nwheels),
		.of = &wheel_rows },
	{ "extras", SET_NODE, 0, "Anything.", BIKE(extras) },
};
static const struct rows bike_rows = { "A bike", bike_row, sizeof(bike_row) / sizeof(bike_row[0]),
	sizeof(struct bike), BIKE(node) };

struct reading {
	struct faults faults;
	struct yaml *y;
	struct bike bike;
	int r;
};

static void read_bike(struct reading *rd, const char *text)
{
	memset(rd, 0, sizeof(*rd));
	assert_int_equal(yaml_parse(span_str(text), "b.yaml", &rd->faults, &rd->y, NULL), 0);
	rd->r = rows_read(&bike_rows, rd->y, yaml_root(rd->y), &rd->faults, &rd->bike);
}

static void reading_done(struct reading *rd)
{
	yaml_free(rd->y);
	faults_done(&rd->faults);
}

static void what_is_written_fills_the_struct(void **state)
{
	struct reading rd;

	(void)state;
	read_bike(&rd, "bike: old_one\n"
		       "text: Has seen much.\n"
		       "gears: -1\n"
		       "bell: no\n"
		       "service: 72h\n"
		       "load: 64KiB\n"
		       "colour: blue\n"
		       "riders: [ann, bo-b]\n"
		       "spare: {wheel: s}\n"
		       "wheels:\n"
		       "  - {wheel: front, spokes: 24}\n"
		       "  - wheel: back\n"
		       "extras: {What Ever: 1}\n");

	expect_faults(&rd.faults, "");
	assert_int_equal(rd.r, 0);
	assert_string_equal(rd.bike.key, "old_one");
	assert_string_equal(rd.bike.text, "Has seen much.");
	assert_int_equal(rd.bike.gears, -1);
	assert_false(rd.bike.has_bell);
	assert_int_equal(rd.bike.service.n, 72);
	assert_int_equal(rd.bike.service.unit, 'h');
	assert_int_equal(rd.bike.load, 65536);
	assert_int_equal(rd.bike.colour, BLUE);
	assert_int_equal(rd.bike.riders.n, 2);
	assert_string_equal(rd.bike.riders.v[1], "bo-b");
	assert_string_equal(rd.bike.spare.key, "s");
	assert_int_equal(rd.bike.spare.spokes, 36);
	assert_int_equal(rd.bike.nwheels, 2);
	assert_int_equal(rd.bike.wheels[0].spokes, 24);
	assert_int_equal(rd.bike.wheels[1].spokes, 36);
	assert_int_equal(rd.bike.wheels[1].node->line, 12);
	assert_string_equal(rd.bike.extras->first->key, "What Ever");
	reading_done(&rd);
}

static void what_is_not_written_has_its_default(void **state)
{
	struct reading rd;

	(void)state;
	read_bike(&rd, "bike: b\nwheels:\nriders: solo\n");

	expect_faults(&rd.faults, "");
	assert_string_equal(rd.bike.text, "A bike.");
	assert_int_equal(rd.bike.gears, 0);
	assert_true(rd.bike.has_bell);
	assert_int_equal(duration_seconds(rd.bike.service), 90 * 86400);
	assert_int_equal(rd.bike.load, 2048);
	assert_int_equal(rd.bike.colour, GREEN);
	assert_int_equal(rd.bike.riders.n, 1);
	assert_int_equal(rd.bike.nwheels, 0);
	assert_null(rd.bike.extras);
	reading_done(&rd);
}

/* text, and all its faults */
static const char *const broken[][2] = {
	{ "", "b.yaml:1: bike: is missing\n" },
	{ "bike:\n", "b.yaml:1: bike: has no value\n" },
	{ "- bike\n", "b.yaml:1: file: must be a mapping of keys to values\n" },
	{ "bike: b\ntext:\n", "b.yaml:2: text: has no value\n" },
	{ "bike: b\ntext: ''\n", "b.yaml:2: text: is empty\n" },
	{ "bike: b\ntext: \"a\\tb\"\n", "b.yaml:2: text: holds a control character\n" },
	{ "bike: B\n",
		"b.yaml:1: bike: 'B' is not a name: 1 to 63 of a-z, 0-9, '_', '.' and '-'\n" },
	{ "bike: [b]\n", "b.yaml:1: bike: must be a single value\n" },
	{ "bike: b\nbel: no\n", "b.yaml:2: bel: is not known here; did you mean 'bell'?\n" },
	{ "bike: b\nhorn: no\n", "b.yaml:2: horn: is not known here\n" },
	{ "bike: b\nbell: on\n", "b.yaml:2: bell: 'on' is not yes or no\n" },
	{ "bike: b\ngears: many\n", "b.yaml:2: gears: 'many' is not a whole number\n" },
	{ "bike: b\ngears: 3x\n", "b.yaml:2: gears: '3x' is not a whole number\n" },
	{ "bike: b\ngears: 99999999999999999999\n",
		"b.yaml:2: gears: '99999999999999999999' is not a whole number\n" },
	{ "bike: b\ngears: 28\n", "b.yaml:2: gears: '28' is not between -1 and 27\n" },
	{ "bike: b\nservice: 3m\n",
		"b.yaml:2: service: '3m' is not a duration such as 72h, 30d or 7y\n" },
	{ "bike: b\nservice: 2y\n", "b.yaml:2: service: '2y' is not between 1d and 365d\n" },
	{ "bike: b\nload: 1KB\n",
		"b.yaml:2: load: '1KB' is not a size such as 4096, 64KiB or 1MiB\n" },
	{ "bike: b\nload: 2MiB\n",
		"b.yaml:2: load: '2MiB' is not between 1 bytes and 1048576 bytes\n" },
	{ "bike: b\ncolour: gren\n",
		"b.yaml:2: colour: 'gren' is not one of red, green, blue; did you mean 'green'?\n" },
	{ "bike: b\ncolour: mauve\n",
		"b.yaml:2: colour: 'mauve' is not one of red, green, blue\n" },
	{ "bike: b\nriders: [a, a]\n", "b.yaml:2: riders: 'a' stands twice\n" },
	{ "bike: b\nriders:\n- a\n- {b: c}\n", "b.yaml:4: riders: must be a list of names\n" },
	{ "bike: b\nwheels: {wheel: a}\n", "b.yaml:2: wheels: must be a list\n" },
	{ "bike: b\nwheels: [a]\n",
		"b.yaml:2: wheels: must be a mapping of keys to values\n" },
	{ "bike: b\nspare: {spokes: 13}\n",
		"b.yaml:2: wheel: is missing\nb.yaml:2: spokes: '13' brings bad luck\n" },
	{ "Bike: b\ncolour: pink\ngears: 99\n",
		"b.yaml:1: Bike: is not known here; did you mean 'bike'?\n"
		"b.yaml:1: bike: is missing\n"
		"b.yaml:3: gears: '99' is not between -1 and 27\n"
		"b.yaml:2: colour: 'pink' is not one of red, green, blue\n" },
};

static void all_faults_are_told_with_line_item_and_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct reading rd;

		read_bike(&rd, broken[i][0]);

		expect_faults(&rd.faults, broken[i][1]);
		assert_int_equal(rd.r, rd.faults.n);
		reading_done(&rd);
	}
}

static void durations_are_exact(void **state)
{
	struct duration d;

	(void)state;
	assert_true(duration_parse("7y", &d));
	assert_int_equal(duration_seconds(d), 7 * 365 * INT64_C(86400));
	assert_true(duration_parse("0h", &d));
	assert_false(duration_parse("", &d));
	assert_false(duration_parse("d", &d));
	assert_false(duration_parse("-1d", &d));
	assert_false(duration_parse("1dd", &d));
	assert_false(duration_parse(" 1d", &d));
	assert_false(duration_parse("2147483648d", &d));
}

static void names_are_short_and_plain(void **state)
{
	char text[ROWS_KEY_SIZE + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[ROWS_KEY_SIZE - 1] = '\0';
	assert_true(rows_is_name(text));
	text[ROWS_KEY_SIZE - 1] = 'a';
	text[ROWS_KEY_SIZE] = '\0';
	assert_false(rows_is_name(text));
	assert_true(rows_is_name("a.b-c_9"));
	assert_false(rows_is_name(""));
	assert_false(rows_is_name("a b"));
	assert_false(rows_is_name("\xc3\xbc"));
}

static void the_reference_names_every_row(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	rows_explain(&wheel_rows, &out);
	assert_string_equal(buf_cstr(&out),
		"### A wheel\n\n"
		"| key | value | default | meaning |\n"
		"|---|---|---|---|\n"
		"| `wheel` | name | required | Its key. |\n"
		"| `spokes` | integer | `36` | How many. |\n\n");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_fills_the_struct),
		cmocka_unit_test(what_is_not_written_has_its_default),
		cmocka_unit_test(all_faults_are_told_with_line_item_and_reason),
		cmocka_unit_test(durations_are_exact),
		cmocka_unit_test(names_are_short_and_plain),
		cmocka_unit_test(the_reference_names_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
