/* Records with keys and rules of their own: who sees them, what bulk calls touch, how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "stage.h"

#define HOUR_MS (3600 * 1000LL)
#define PURPOSE "--purpose=customer_service"
#define CONTRACT "--purpose=contract"
#define OWNER(n) "\"owner\":{\"scheme\":\"crm\",\"number\":\"" n "\"}"
#define NEED(key, n, rule, topic)                                                             \
	"{\"collection\":\"need\",\"key\":\"" key "\"," OWNER(n) ",\"rule\":" rule              \
	",\"fields\":{\"topic\":\"" topic "\",\"description\":\"canary-record-5f " topic "\"}}"

static void put(struct stage *st, const char *mode, const char *records, int status)
{
	char option[40];

	snprintf(option, sizeof(option), "--mode=%s", mode);
	stage_ctl_text(st, AS_PRIVACY, records, "--json", "record", "put", PURPOSE, option);
	stage_expect(st, status);
}

static void get(struct stage *st, enum who who, const char *purpose, const char *key, int status)
{
	stage_ctl_text(st, who, key, "record", "get", purpose, "--by=key", "--collection=need");
	stage_expect(st, status);
}

static void expect_listed(struct stage *st, const char *purpose, const char *where,
	const char *is, int n)
{
	char end[40];

	stage_ctl(st, AS_PRIVACY, "record", "list", purpose, "--collection=need", where, is);
	stage_expect(st, 0);
	snprintf(end, sizeof(end), "records: %d\n", n);
	if (!strstr(st->last.out, n > 0 ? end : "There are no such records")) {
		fail_msg("not %d: %s", n, st->last.out);
	}
}

static void expect_count(struct stage *st, int n)
{
	stage_ctl(st, AS_PRIVACY, "record", "count", PURPOSE, "--collection=need");
	stage_expect(st, 0);
	assert_int_equal(atoi(st->last.out), n);
}

/* By its row, or, where three hours are another day, by its key. */
static void wait_for_the_end(struct stage *st)
{
	for (int i = 0; i < 200; i++) {
		if (stage_count_leaves(st, "act=record.delete") == 1 ||
			stage_count_leaves(st, "in=need why=retention gen=") == 1) {
			return;
		}
		run_sleep_ms(100);
	}
	fail_msg("the record is still there");
}

#define THREE                                                                                 \
	"[" NEED("N-1", "1", "{\"purposes\":[\"contract\"],\"recipients\":[\"mailing\"]}", "a roof") "," \
	NEED("N-2-key-41c7", "1", "{\"objections\":[\"analytics\"],\"source\":\"partner\"}", "a door") "," \
	NEED("N-3", "2", "{\"automated\":false,\"roles\":[\"privacy\"]}", "a wall") "]"

/* N-1 may be used for the contract alone; N-3 is for the role privacy alone. */
static void a_record_is_shown_to_those_alone_whom_its_own_rule_allows(void **state)
{
	struct stage *st = *state;
	const json_t *reply;
	char id[33];

	put(st, "new", THREE, 0);
	reply = stage_reply(st);
	snprintf(id, sizeof(id), "%s",
		json_string_value(json_array_get(json_object_get(reply, "subjects"), 0)));
	assert_string_equal(id,
		json_string_value(json_array_get(json_object_get(reply, "subjects"), 1)));
	assert_string_not_equal(id,
		json_string_value(json_array_get(json_object_get(reply, "subjects"), 2)));
	put(st, "new", "[" NEED("N-2-key-41c7", "1", "{}", "again") "]", 73);
	put(st, "new", "[" NEED("N-9", "1", "{\"purposes\":[\"nothing\"]}", "x") "]", 64);
	assert_non_null(strstr(st->last.err, "purposes.yaml has no such purpose"));
	put(st, "known", "[" NEED("N-9", "1", "{}", "x") "]", 66);

	get(st, AS_PRIVACY, CONTRACT, "N-1\n", 0);
	assert_non_null(strstr(st->last.out, "a roof"));
	assert_non_null(strstr(st->last.out, "mailing"));
	get(st, AS_PRIVACY, PURPOSE, "N-1\n", 66);
	get(st, AS_PRIVACY, PURPOSE, "N-3\n", 0);
	get(st, AS_SUPPORT, PURPOSE, "N-3\n", 66);
	get(st, AS_SUPPORT, PURPOSE, "N-2-key-41c7\n", 0);

	/* one filter for all ways */
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	assert_null(strstr(st->last.out, "a roof"));
	assert_non_null(strstr(st->last.out, "a door"));
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=analytics");
	assert_null(strstr(st->last.out, "a door"));
	stage_ctl(st, AS_PRIVACY, "export", stage_path(st, "all"), PURPOSE);
	stage_expect(st, 0);
	assert_false(stage_grep(st->files, "a roof"));
	assert_true(stage_grep(st->files, "a wall"));
	/* but whom it is about is shown it all, and how each record is narrowed */
	stage_ctl(st, AS_PRIVACY, "subject", "dossier", id, stage_path(st, "dossier"),
		"--purpose=access_request", "--format=json");
	stage_expect(st, 0);
	assert_true(stage_grep(st->files, "a roof"));
	assert_true(stage_grep(st->files, "\"rule\":{\"purpose\":[\"contract\"],\"recipient\":[\"mailing\"]}"));
	expect_listed(st, PURPOSE, "--where=recipient", "--is=mailing", 0);
	expect_listed(st, CONTRACT, "--where=recipient", "--is=mailing", 1);
	expect_listed(st, PURPOSE, "--where=source", "--is=partner", 1);
	expect_listed(st, PURPOSE, "--where=automated", "--is=no", 1);
	expect_count(st, 3);
	assert_false(stage_grep(st->state, "canary-record-5f"));
	assert_false(stage_grep(st->state, "N-2-key-41c7"));
	assert_true(stage_count_leaves(st, "act=record.read") > 0);
}

#define A_NEW_ROOF                                                                            \
	"[" NEED("N-1", "1", "{\"purposes\":[\"contract\",\"customer_service\"]}", "a new roof") "]"

static void bulk_calls_touch_what_they_are_about_and_stop_at_holds(void **state)
{
	struct stage *st = *state;
	char id[33];

	put(st, "new", THREE, 0);
	snprintf(id, sizeof(id), "%s",
		json_string_value(
			json_array_get(json_object_get(stage_reply(st), "subjects"), 0)));
	put(st, "known", A_NEW_ROOF, 66);
	stage_ctl_text(st, AS_PRIVACY, A_NEW_ROOF, "record", "put", CONTRACT, "--mode=known");
	stage_expect(st, 0);
	get(st, AS_PRIVACY, CONTRACT, "N-1\n", 0);
	assert_non_null(strstr(st->last.out, "a new roof"));
	assert_null(strstr(st->last.out, "mailing"));

	stage_ctl(st, AS_PRIVACY, "record", "rule", PURPOSE, "--where=purpose", "--is=contract",
		"--set=objection", "--value=customer_service", "--dry-run");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "would be changed     1"));
	get(st, AS_PRIVACY, PURPOSE, "N-1\n", 0);
	stage_ctl(st, AS_PRIVACY, "record", "rule", PURPOSE, "--where=purpose", "--is=contract",
		"--set=objection", "--value=customer_service");
	stage_expect(st, 0);
	get(st, AS_PRIVACY, PURPOSE, "N-1\n", 66);
	get(st, AS_PRIVACY, PURPOSE, "N-2-key-41c7\n", 0);
	assert_int_equal(stage_count_leaves(st, "act=record.rule"), 1);
	stage_ctl(st, AS_PRIVACY, "record", "rule", PURPOSE, "--where=purpose", "--is=contract",
		"--set=objection");
	stage_expect(st, 0);
	get(st, AS_PRIVACY, PURPOSE, "N-1\n", 0);

	/* all of a person, of whom one record is held */
	stage_ctl_text(st, AS_PRIVACY, "case 1\n", "hold", "place", id, "--collection=need");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, "1\n", "record", "delete", PURPOSE, "--where=key",
		"--scheme=crm", "--collection=need", "--dry-run");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "kept                 2"));
	stage_ctl_text(st, AS_PRIVACY, "1\n", "record", "delete", PURPOSE, "--where=key",
		"--scheme=crm", "--collection=need");
	stage_expect(st, 0);
	assert_int_equal(stage_count_leaves(st, "act=record.delete"), 0);
	assert_int_equal(stage_count_leaves(st, "act=hold.block"), 2);
	stage_ctl_text(st, AS_PRIVACY, "2\n", "record", "delete", PURPOSE, "--where=key",
		"--scheme=crm", "--collection=need");
	stage_expect(st, 0);
	assert_int_equal(stage_count_leaves(st, "act=record.delete"), 1);
	expect_count(st, 2);
	stage_ctl_text(st, AS_PRIVACY, "nobody\n", "record", "delete", PURPOSE, "--where=key",
		"--scheme=crm", "--collection=need");
	assert_non_null(strstr(st->last.out, "found                0"));
	stage_ctl(st, AS_SUPPORT, "record", "delete", PURPOSE, "--where=subject", "--is", id);
	stage_expect(st, 77);
}

static void restart(struct stage *st, int hours)
{
	static char ahead[64];

	stage_stop(st);
	snprintf(ahead, sizeof(ahead), "--clock-ahead-ms=%lld", hours * HOUR_MS);
	st->options[0] = ahead;
	stage_start(st);
}

/* Its row when its time is over, its key when the day is: then no backup has it any more. */
static void a_record_ends_by_its_own_rule_in_old_backups_too(void **state)
{
	struct stage *st = *state;

	put(st, "new", "[" NEED("N-1", "1", "{\"keep\":\"2h\"}", "a roof") ","
		NEED("N-2-key-41c7", "1", "{}", "a door") "]", 0);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	expect_count(st, 2);
	restart(st, 3);
	get(st, AS_PRIVACY, PURPOSE, "N-1\n", 66);
	expect_count(st, 1);
	wait_for_the_end(st);
	restart(st, 26);
	stage_ctl(st, AS_PRIVACY, "retention", "run");
	restart(st, 49);
	stage_ctl(st, AS_PRIVACY, "retention", "run");
	stage_expect(st, 0);
	assert_int_equal(stage_count_leaves(st, "in=need why=retention gen="), 1);
	get(st, AS_PRIVACY, PURPOSE, "N-2-key-41c7\n", 0);

	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_serve_first(st);
	assert_non_null(strstr(st->last.out, "1 records"));
	get(st, AS_PRIVACY, PURPOSE, "N-1\n", 66);
	get(st, AS_PRIVACY, PURPOSE, "N-2-key-41c7\n", 0);
}

/* The rule is not in the backup whose data is restored. */
static void an_objection_outlives_the_restore_of_an_older_backup(void **state)
{
	struct stage *st = *state;

	put(st, "new", THREE, 0);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, "N-2-key-41c7\n", "record", "rule", PURPOSE, "--where=key",
		"--collection=need", "--set=objection", "--value=customer_service");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "changed              1"));
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_serve_first(st);
	get(st, AS_PRIVACY, PURPOSE, "N-2-key-41c7\n", 66);
	get(st, AS_PRIVACY, PURPOSE, "N-3\n", 0);
	get(st, AS_SUPPORT, PURPOSE, "N-3\n", 66);
	expect_listed(st, CONTRACT, "--where=objection", "--is=customer_service", 1);
}

static void expect_changed(struct stage *st, const char *purpose, const char *where,
	const char *is, const char *set, const char *value, int n)
{
	char end[40];

	stage_ctl(st, AS_SUPPORT, "record", "rule", purpose, where, is, set, value);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "found                1"));
	snprintf(end, sizeof(end), "changed              %d", n);
	if (!strstr(st->last.out, end)) {
		fail_msg("not %d: %s", n, st->last.out);
	}
}

/* A program that changes rules and may not know of people: it has no consent.list. */
static int up_with_a_program(void **state)
{
	struct stage *st;
	char text[700];

	if (stage_up_bare(state) != 0) {
		return -1;
	}
	st = *state;
	snprintf(text, sizeof(text),
		"roles:\n"
		"  - role: admin\n"
		"    operations: [status, init, log.*]\n"
		"  - role: privacy\n"
		"    operations: [record.*, consent.list]\n"
		"    purposes: '*'\n"
		"  - role: app\n"
		"    operations: [record.*]\n"
		"    purposes: [customer_service, contract]\n"
		"operators:\n"
		"  - {uid: %u, roles: [admin]}\n"
		"  - {uid: %u, roles: [privacy]}\n"
		"  - {uid: %u, roles: [app]}\n",
		stage_uid(AS_ADMIN), stage_uid(AS_PRIVACY), stage_uid(AS_SUPPORT));
	stage_policy(st, "roles.yaml", text);
	stage_start(st);
	stage_init(st);
	return 0;
}

static void a_program_neither_lifts_nor_counts_what_a_rule_keeps_from_it(void **state)
{
	struct stage *st = *state;

	put(st, "new", THREE, 0);
	expect_count(st, 3);
	stage_ctl(st, AS_SUPPORT, "record", "count", PURPOSE, "--collection=need");
	assert_int_equal(atoi(st->last.out), 1);
	stage_ctl(st, AS_SUPPORT, "record", "count", PURPOSE, "--where=role", "--is=privacy");
	assert_int_equal(atoi(st->last.out), 0);
	stage_ctl(st, AS_SUPPORT, "record", "count", CONTRACT, "--collection=need");
	assert_int_equal(atoi(st->last.out), 2);

	expect_changed(st, PURPOSE, "--where=purpose", "--is=contract", "--set=purpose", NULL, 0);
	expect_changed(st, PURPOSE, "--where=role", "--is=privacy", "--set=role", NULL, 0);
	expect_changed(st, PURPOSE, "--where=purpose", "--is=contract", "--set=objection",
		"--value=analytics", 1);
	get(st, AS_SUPPORT, PURPOSE, "N-1\n", 66);
	get(st, AS_SUPPORT, PURPOSE, "N-3\n", 66);
	expect_changed(st, CONTRACT, "--where=purpose", "--is=contract", "--set=purpose", NULL, 1);
	get(st, AS_SUPPORT, PURPOSE, "N-1\n", 0);
}

/* Records of one person with keys from this number on. */
static void put_many(struct stage *st, unsigned from, unsigned n)
{
	char *all = NULL;
	size_t size;
	FILE *f = open_memstream(&all, &size);

	for (unsigned i = from; i < from + n; i++) {
		fprintf(f, "%c{\"collection\":\"need\",\"key\":\"M-%u\"," OWNER("7")
			",\"fields\":{\"topic\":\"t\"}}", i == from ? '[' : ',', i);
	}
	fputs("]", f);
	assert_int_equal(fclose(f), 0);
	put(st, "new", all, 0);
	free(all);
}

static int list_alone(struct stage *st, struct cu_err *err)
{
	json_t *reply = NULL;
	int r = stage_call(st, AS_PRIVACY, "io.custos.record.List",
		json_pack("{s:s, s:s}", "purpose", "customer_service", "collection", "need"),
		&reply, err);

	json_decref(reply);
	return r;
}

/* Without `more` 1000 are all that is shown in one reply: with one more nothing is, so nothing was read. */
static void a_list_that_is_too_long_for_one_reply_is_no_read_in_the_log(void **state)
{
	struct stage *st = *state;
	struct cu_err err = { 0 };

	put_many(st, 0, 1000);
	assert_int_equal(list_alone(st, &err), 0);
	assert_int_equal(stage_count_leaves(st, "act=record.read"), 1);
	put_many(st, 1000, 1);
	assert_int_equal(list_alone(st, &err), CU_ELIMIT);
	assert_non_null(strstr(err.msg, "these are over 1000 records: ask with `more`"));
	assert_int_equal(stage_count_leaves(st, "act=record.read"), 1);
	stage_ctl(st, AS_PRIVACY, "record", "list", PURPOSE, "--collection=need");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "records: 1001\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(a_record_is_shown_to_those_alone_whom_its_own_rule_allows),
		T(bulk_calls_touch_what_they_are_about_and_stop_at_holds),
		T(a_record_ends_by_its_own_rule_in_old_backups_too),
		T(an_objection_outlives_the_restore_of_an_older_backup),
		cmocka_unit_test_setup_teardown(
			a_program_neither_lifts_nor_counts_what_a_rule_keeps_from_it,
			up_with_a_program, stage_down),
		T(a_list_that_is_too_long_for_one_reply_is_no_read_in_the_log),
	};

	if (!stage_has_roles()) {
		print_message("skipped: two roles take two uids, so root\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
