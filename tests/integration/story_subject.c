/* People by hand: add, get, update, search; and what a retry does. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

#define PURPOSE "--purpose=" STAGE_PURPOSE

static const char ada[] =
	"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\",\"family_name\":\"Byron\"}},"
	"{\"collection\":\"contact_point\",\"key\":\"home\",\"fields\":{\"email\":"
	"\"Ada.Byron@Example.ORG\",\"phone\":\"+44 20 7946 0018\"}},"
	"{\"collection\":\"identifier\",\"fields\":{\"scheme\":\"crm\",\"value\":\"C-1815\"}}]";

/* The n-th record of this collection in the last reply. */
static const json_t *record(struct stage *st, const char *collection, size_t n)
{
	const json_t *records = json_object_get(stage_reply(st), "records");
	json_t *r;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)records, i, r) {
		if (strcmp(json_string_value(json_object_get(r, "collection")), collection) == 0 &&
			n-- == 0) {
			return r;
		}
	}
	fail_msg("no record of %s", collection);
	return NULL;
}

static const char *field(const json_t *r, const char *name)
{
	const char *text = json_string_value(json_object_get(json_object_get(r, "fields"), name));

	return text ? text : "";
}

static int get(struct stage *st, const char *id)
{
	return stage_ctl(st, AS_PRIVACY, "--json", "subject", "get", id, PURPOSE);
}

static void expect_found(struct stage *st, const char *by, const char *value, const char *id)
{
	stage_ctl_text(st, AS_PRIVACY, value, "subject", "search", by, PURPOSE,
		strcmp(by, "external-id") == 0 ? "--scheme=crm" : "--quiet");
	if (st->last.status != 0 || strncmp(st->last.out, id, 32) != 0 || st->last.nout != 33) {
		fail_msg("'%s' found: %s%s", value, st->last.out, st->last.err);
	}
}

/* --- add and get ------------------------------------------------------------------------------- */

static void what_was_added_is_shown_as_it_was_given(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, ada, id);
	get(st, id);
	stage_expect(st, 0);
	assert_string_equal(stage_reply_text(st, "kind"), "person");
	assert_string_equal(field(record(st, "profile", 0), "family_name"), "Byron");
	assert_string_equal(field(record(st, "contact_point", 0), "email"), "Ada.Byron@Example.ORG");
	assert_string_equal(field(record(st, "identifier", 0), "value"), "C-1815");
	assert_int_equal(json_integer_value(json_object_get(record(st, "profile", 0), "version")),
		1);
}

static void records_may_come_from_a_file(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_ctl(st, AS_PRIVACY, "--json", "subject", "add", "--kind=organisation", PURPOSE,
		"--from", stage_text(st, "ada.json", ada));
	stage_expect(st, 0);
	snprintf(id, sizeof(id), "%s", stage_reply_text(st, "subject"));
	get(st, id);
	assert_string_equal(stage_reply_text(st, "kind"), "organisation");
	stage_ctl(st, AS_PRIVACY, "subject", "add", "--kind=person", PURPOSE, "--from",
		stage_path(st, "absent.json"));
	assert_int_not_equal(st->last.status, 0);
}

static void collections_and_fields_can_be_chosen(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, ada, id);
	stage_ctl(st, AS_PRIVACY, "--json", "subject", "get", id, PURPOSE, "--collection=profile",
		"--collection=identifier", "--field=given_name", "--field=value");
	stage_expect(st, 0);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "records")), 2);
	assert_string_equal(field(record(st, "profile", 0), "given_name"), "Ada");
	assert_string_equal(field(record(st, "profile", 0), "family_name"), "");
	assert_null(strstr(st->last.out, "Byron"));
}

static void a_long_value_is_shown_whole(void **state)
{
	struct stage *st = *state;
	char id[33], text[3001], input[3200];

	for (size_t i = 0; i < 3000; i++) {
		text[i] = (char)('a' + i % 26);
	}
	text[3000] = '\0';
	snprintf(input, sizeof(input),
		"[{\"collection\":\"profile\",\"fields\":{\"note\":\"%s\"}}]", text);
	stage_add_person(st, input, id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, text));
}

static void nobody_is_not_found(void **state)
{
	get(*state, "00112233445566778899aabbccddeeff");
	stage_expect(*state, 66);
	get(*state, "not-an-id");
	stage_expect(*state, 64);
}

/* --- faults ------------------------------------------------------------------------------------ */

static void faults_name_the_place_and_never_the_value(void **state)
{
	static const struct {
		const char *records, *place;
	} bad[] = {
		{ "[{\"collection\":\"profile\",\"fields\":{\"birth_date\":\"SECRET-1\"}}]",
			"records[0]: profile.birth_date" },
		{ "[{\"collection\":\"contact_point\",\"fields\":{\"email\":\"SECRET at x\"}}]",
			"records[0]: contact_point.email" },
		{ "[{\"collection\":\"contact_point\",\"fields\":{\"phone\":\"SECRET\"}}]",
			"records[0]: contact_point.phone" },
		{ "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"x\"}},"
		  "{\"collection\":\"need\",\"fields\":{\"priority\":\"SECRET\",\"topic\":\"t\"}}]",
			"records[1]: need.priority" },
		{ "[{\"collection\":\"profile\",\"fields\":{\"status\":\"SECRET\"}}]",
			"records[0]: profile.status" },
		{ "[{\"collection\":\"transaction\",\"fields\":{\"date\":\"2024-02-30\","
		  "\"amount\":\"1\"}}]",
			"records[0]: transaction.date" },
		{ "[{\"collection\":\"transaction\",\"fields\":{\"date\":\"2024-02-29\","
		  "\"amount\":\"SECRET\"}}]",
			"records[0]: transaction.amount" },
		{ "[{\"collection\":\"transaction\",\"fields\":{\"amount\":\"1\"}}]",
			"records[0]: transaction.date is required" },
		{ "[{\"collection\":\"identifier\",\"fields\":{\"value\":\"SECRET\"}}]",
			"records[0]: identifier.scheme is required" },
		{ "[{\"collection\":\"profile\",\"fields\":{\"SECRET\":\"x\"}}]", "records[0]" },
		{ "[{\"collection\":\"SECRET\",\"fields\":{\"a\":\"x\"}}]", "records[0]" },
		{ "[{\"collection\":\"profile\",\"fields\":{}}]", "records[0]: profile" },
		{ "[{\"collection\":\"profile\",\"anchor\":\"SECRET\",\"fields\":{\"note\":\"x\"}}]",
			"records[0]: profile" },
		{ "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"SECRET\\u0000\"}}]", "" },
		{ "[{\"collection\":\"profile\",\"fields\":{\"given_name\":7}}]", "records[0]" },
		{ "[{\"collection\":\"profile\",\"SECRET\":1,\"fields\":{\"note\":\"x\"}}]",
			"records[0]" },
		{ "[{\"collection\":\"profile\",\"fields\":[\"SECRET\"]}]", "records[0]" },
		{ "{\"collection\":\"profile\"}", "" },
		{ "[{\"collection\":\"profile\",\"fields\":{\"note\":\"SECRET\"}", "" },
		{ "", "" },
	};
	struct stage *st = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		stage_ctl_text(st, AS_PRIVACY, bad[i].records, "subject", "add", "--kind=person",
			PURPOSE);
		stage_expect(st, 64);
		if (!strstr(st->last.err, bad[i].place)) {
			fail_msg("no '%s' in: %s", bad[i].place, st->last.err);
		}
		if (strstr(st->last.err, "SECRET") || strstr(st->last.out, "SECRET")) {
			fail_msg("a value is told: %s", st->last.err);
		}
	}
	assert_false(stage_grep(st->log, "SECRET"));
	stage_ctl(st, AS_ADMIN, "--json", "status");
	assert_int_equal(json_integer_value(json_object_get(stage_reply(st), "subjects")), 0);
}

static void values_are_as_long_as_the_schema_says_and_no_longer(void **state)
{
	struct stage *st = *state;
	char id[33], input[1024], name[256] = "";

	memset(name, 'x', 200);
	snprintf(input, sizeof(input),
		"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"%s\"}}]", name);
	stage_add_person(st, input, id);
	snprintf(input, sizeof(input),
		"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"%sy\"}}]", name);
	stage_ctl_text(st, AS_PRIVACY, input, "subject", "add", "--kind=person", PURPOSE);
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "profile.given_name"));
}

static void personal_values_are_not_taken_from_the_command_line(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_PRIVACY, "subject", "search", "email", "ada@example.org", PURPOSE);
	stage_expect(st, 64);
	assert_null(strstr(st->last.err, "ada@example.org"));
	stage_ctl(st, AS_PRIVACY, "subject", "add", "--kind=person", PURPOSE, ada);
	stage_expect(st, 64);
	assert_null(strstr(st->last.err, "Byron"));
}

/* --- update ------------------------------------------------------------------------------------ */

static void an_update_merges_and_counts_versions(void **state)
{
	struct stage *st = *state;
	char id[33], option[64];

	stage_add_person(st, ada, id);
	get(st, id);
	snprintf(option, sizeof(option), "--record=%s",
		json_string_value(json_object_get(record(st, "profile", 0), "record")));

	stage_ctl_text(st, AS_SUPPORT, "{\"family_name\":\"Lovelace\",\"language\":\"en\"}", "--json",
		"subject", "update", id, "--collection=profile", option, PURPOSE);
	stage_expect(st, 0);
	assert_int_equal(json_integer_value(json_object_get(stage_reply(st), "version")), 2);
	stage_ctl_text(st, AS_SUPPORT, "{\"language\":\"\"}", "subject", "update", id,
		"--collection=profile", option, PURPOSE);
	stage_expect(st, 0);

	get(st, id);
	assert_string_equal(field(record(st, "profile", 0), "given_name"), "Ada");
	assert_string_equal(field(record(st, "profile", 0), "family_name"), "Lovelace");
	assert_string_equal(field(record(st, "profile", 0), "language"), "");
	assert_int_equal(json_integer_value(json_object_get(record(st, "profile", 0), "version")),
		3);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "records")), 3);
}

static void an_update_without_a_record_adds_one(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, ada, id);
	stage_ctl_text(st, AS_PRIVACY, "{\"email\":\"second@example.org\"}", "--json", "subject",
		"update", id, "--collection=contact_point", PURPOSE);
	stage_expect(st, 0);
	expect_found(st, "email", "second@example.org", id);
	expect_found(st, "email", "ada.byron@example.org", id);
}

static void a_changed_address_is_found_by_the_new_one_only(void **state)
{
	struct stage *st = *state;
	char id[33], option[64];

	stage_add_person(st, ada, id);
	get(st, id);
	snprintf(option, sizeof(option), "--record=%s",
		json_string_value(json_object_get(record(st, "contact_point", 0), "record")));
	stage_ctl_text(st, AS_PRIVACY, "{\"email\":\"new@example.org\"}", "subject", "update", id,
		"--collection=contact_point", option, PURPOSE);
	stage_expect(st, 0);

	expect_found(st, "email", "new@example.org", id);
	expect_found(st, "phone", "+442079460018", id);
	stage_ctl_text(st, AS_PRIVACY, "ada.byron@example.org", "subject", "search", "email",
		PURPOSE);
	stage_expect(st, 66);
}

/* Retention counts from it: a correction of another field leaves it alone. */
static void an_update_keeps_the_anchor_that_was_given(void **state)
{
	struct stage *st = *state;
	char id[33], option[64];

	stage_add_person(st,
		"[{\"collection\":\"document\",\"anchor\":\"2020-05-06\",\"fields\":"
		"{\"title\":\"Contract\"}}]",
		id);
	get(st, id);
	assert_string_equal(json_string_value(json_object_get(record(st, "document", 0), "anchor")),
		"2020-05-06");
	snprintf(option, sizeof(option), "--record=%s",
		json_string_value(json_object_get(record(st, "document", 0), "record")));
	stage_ctl_text(st, AS_PRIVACY, "{\"number\":\"7\"}", "subject", "update", id,
		"--collection=document", option, PURPOSE);
	stage_expect(st, 0);

	get(st, id);
	assert_string_equal(field(record(st, "document", 0), "number"), "7");
	assert_non_null(json_object_get(record(st, "document", 0), "anchor"));
	assert_string_equal(json_string_value(json_object_get(record(st, "document", 0), "anchor")),
		"2020-05-06");
}

static void the_records_of_others_cannot_be_updated(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], option[64];

	stage_add_person(st, ada, id);
	stage_add_person(st, ada, other);
	get(st, other);
	snprintf(option, sizeof(option), "--record=%s",
		json_string_value(json_object_get(record(st, "profile", 0), "record")));

	stage_ctl_text(st, AS_PRIVACY, "{\"note\":\"x\"}", "subject", "update", id,
		"--collection=profile", option, PURPOSE);
	stage_expect(st, 66);
	stage_ctl_text(st, AS_PRIVACY, "{\"title\":\"x\"}", "subject", "update", other,
		"--collection=document", option, PURPOSE);
	stage_expect(st, 66); /* nor those of another collection */
	stage_ctl_text(st, AS_PRIVACY, "{\"note\":\"x\"}", "subject", "update",
		"00112233445566778899aabbccddeeff", "--collection=profile", PURPOSE);
	stage_expect(st, 66);
}

/* --- search ------------------------------------------------------------------------------------ */

static void people_are_found_by_every_spelling_of_an_address(void **state)
{
	struct stage *st = *state;
	char id[33], other[33];

	stage_add_person(st, ada, id);
	stage_add_person(st,
		"[{\"collection\":\"contact_point\",\"fields\":{\"email\":\"王@例子.中国\","
		"\"phone\":\"+86 10 1234 5678\"}},"
		"{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}}]",
		other);

	expect_found(st, "email", "ada.byron@example.org\n", id);
	expect_found(st, "email", "ADA.BYRON@EXAMPLE.ORG", id);
	expect_found(st, "email", "  Ada.Byron@example.org \r\n", id);
	expect_found(st, "phone", "+442079460018", id);
	expect_found(st, "phone", "+44 (20) 7946-0018", id);
	expect_found(st, "phone", "+44/20.7946.0018", id);
	expect_found(st, "phone", "+86 10 12345678", other);
	expect_found(st, "email", "王@例子.中国", other);
	expect_found(st, "external-id", "C-1815", id);
	get(st, other);
	assert_string_equal(field(record(st, "profile", 0), "full_name"), "王小明");
}

static void nobody_is_found_by_what_only_resembles(void **state)
{
	static const char *const others[][2] = { { "email", "ada@example.org" },
		{ "email", "ada.byron@example.org.uk" }, { "phone", "+442079460019" },
		{ "external-id", "c-1815" }, { "external-id", "C-181" }, { "email", "*" },
		{ "email", "not an address" }, { "phone", "none" } };
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, ada, id);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		stage_ctl_text(st, AS_PRIVACY, others[i][1], "subject", "search", others[i][0],
			PURPOSE, "--scheme=crm");
		assert_true(st->last.status == 66 || st->last.status == 64);
		assert_null(strstr(st->last.err, others[i][1]));
	}
	stage_ctl_text(st, AS_PRIVACY, "C-1815", "subject", "search", "external-id", PURPOSE,
		"--scheme=shop");
	stage_expect(st, 66);
	stage_ctl_text(st, AS_PRIVACY, "C-1815", "subject", "search", "external-id", PURPOSE);
	stage_expect(st, 64);
}

static void all_who_share_an_address_are_found(void **state)
{
	struct stage *st = *state;
	char a[33], b[33];

	stage_add_person(st, ada, a);
	stage_add_person(st, ada, b);
	stage_ctl_text(st, AS_PRIVACY, "ada.byron@example.org", "subject", "search", "email",
		PURPOSE);
	stage_expect(st, 0);
	assert_int_equal(st->last.nout, 66);
	assert_non_null(strstr(st->last.out, a));
	assert_non_null(strstr(st->last.out, b));
}

/* --- retries ----------------------------------------------------------------------------------- */

static void expect_same_reply(struct stage *st, const char *request)
{
	char *first, *second;

	stage_ctl_text(st, AS_PRIVACY, ada, "--json", "subject", "add", "--kind=person", PURPOSE,
		request);
	stage_expect(st, 0);
	first = strdup(st->last.out);

	stage_kill(st);
	stage_start(st);
	stage_ctl_text(st, AS_PRIVACY, ada, "--json", "subject", "add", "--kind=person", PURPOSE,
		request);

	stage_expect(st, 0);
	second = strdup(st->last.out);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void a_request_that_is_repeated_is_answered_and_not_done_twice(void **state)
{
	struct stage *st = *state;

	expect_same_reply(st, "--request=0123456789abcdef0123456789abcdef");
	stage_ctl(st, AS_ADMIN, "--json", "status");
	assert_int_equal(json_integer_value(json_object_get(stage_reply(st), "subjects")), 1);
	assert_int_equal(stage_count_leaves(st, "act=subject.add"), 1);
	stage_ctl_text(st, AS_PRIVACY, "ada.byron@example.org", "subject", "search", "email",
		PURPOSE);
	assert_int_equal(st->last.nout, 33);
}

static void an_update_that_is_repeated_makes_one_version(void **state)
{
	static const char request[] = "--request=00000000000000000000000000000001";
	struct stage *st = *state;
	char id[33], option[64];

	stage_add_person(st, ada, id);
	get(st, id);
	snprintf(option, sizeof(option), "--record=%s",
		json_string_value(json_object_get(record(st, "profile", 0), "record")));
	for (int i = 0; i < 3; i++) {
		stage_ctl_text(st, AS_PRIVACY, "{\"language\":\"en\"}", "--json", "subject", "update",
			id, "--collection=profile", option, PURPOSE, request);
		stage_expect(st, 0);
		assert_int_equal(json_integer_value(json_object_get(stage_reply(st), "version")), 2);
	}
}

/* Ids are chosen by callers: the same id of another one, or for another method, is another. */
static void a_request_id_is_its_callers_and_its_methods(void **state)
{
	static const char request[] = "--request=0123456789abcdef0123456789abcdef";
	struct stage *st = *state;
	char first[33];

	stage_ctl_text(st, AS_PRIVACY, ada, "--json", "subject", "add", "--kind=person", PURPOSE,
		request);
	snprintf(first, sizeof(first), "%s", stage_reply_text(st, "subject"));
	stage_ctl_text(st, AS_PRIVACY, "{\"language\":\"en\"}", "--json", "subject", "update", first,
		"--collection=profile", PURPOSE, request);
	stage_expect(st, 0);
	assert_string_not_equal(stage_reply_text(st, "record"), first);

	if (!stage_has_roles()) {
		print_message("the rest needs root: another user\n");
		skip();
	}
	stage_ctl_text(st, AS_SUPPORT, ada, "--json", "subject", "add", "--kind=person", PURPOSE,
		request);
	stage_expect(st, 0);
	assert_string_not_equal(stage_reply_text(st, "subject"), first);
}

static void a_request_that_failed_may_be_mended_and_repeated(void **state)
{
	static const char request[] = "--request=0123456789abcdef0123456789abcdef";
	struct stage *st = *state;

	stage_ctl_text(st, AS_PRIVACY,
		"[{\"collection\":\"profile\",\"fields\":{\"birth_date\":\"yesterday\"}}]", "subject",
		"add", "--kind=person", PURPOSE, request);
	stage_expect(st, 64);
	stage_ctl_text(st, AS_PRIVACY, ada, "subject", "add", "--kind=person", PURPOSE, request);
	stage_expect(st, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(what_was_added_is_shown_as_it_was_given),
		T(records_may_come_from_a_file),
		T(collections_and_fields_can_be_chosen),
		T(a_long_value_is_shown_whole),
		T(nobody_is_not_found),
		T(faults_name_the_place_and_never_the_value),
		T(values_are_as_long_as_the_schema_says_and_no_longer),
		T(personal_values_are_not_taken_from_the_command_line),
		T(an_update_merges_and_counts_versions),
		T(an_update_without_a_record_adds_one),
		T(a_changed_address_is_found_by_the_new_one_only),
		T(an_update_keeps_the_anchor_that_was_given),
		T(the_records_of_others_cannot_be_updated),
		T(people_are_found_by_every_spelling_of_an_address),
		T(nobody_is_found_by_what_only_resembles),
		T(all_who_share_an_address_are_found),
		T(a_request_that_is_repeated_is_answered_and_not_done_twice),
		T(an_update_that_is_repeated_makes_one_version),
		T(a_request_id_is_its_callers_and_its_methods),
		T(a_request_that_failed_may_be_mended_and_repeated),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_subject", tests, NULL, NULL);
}
