/* What is known about a person, handed to that person. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "stage.h"

#define PURPOSE "--purpose=" STAGE_PURPOSE
#define ACCESS  "--purpose=access_request" /* covers everything */

static const char ada[] =
	"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"小明\",\"family_name\":\"王\","
	"\"note\":\"<script>alert(1)</script> & \\\"so\\\"\\n\\u202egnp.exe\"}},"
	"{\"collection\":\"contact_point\",\"key\":\"home\",\"fields\":{\"email\":"
	"\"wang@example.org\",\"phone\":\"+86 10 6552 9988\"}},"
	"{\"collection\":\"contact_point\",\"fields\":{\"city\":\"=1+cmd|' /C calc'!A0\"}},"
	"{\"collection\":\"transaction\",\"fields\":{\"date\":\"2026-02-01\",\"amount\":\"-12.50\"}}]";
static const char bob[] =
	"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Robert\",\"family_name\":\"Otherman\"}}]";

/* Makes one; the path is kept until the stage goes. */
static const char *make(struct stage *st, const char *id, const char *name, const char *option)
{
	const char *path = stage_path(st, name);

	stage_ctl(st, AS_PRIVACY, "subject", "dossier", id, path, ACCESS, option);
	return path;
}

/* What check_dossier.py says of it, which fails when it is none. */
static char *checked(const char *path)
{
	char *said = run_shell("/usr/bin/python3 '" SOURCE_DIR "/tests/support/check_dossier.py' '" SOURCE_DIR
			       "/docs/formats/dossier.schema.json' '%s' 2>&1", path);

	if (strncmp(said, "Traceback", 9) == 0) {
		fail_msg("%s", said);
	}
	return said;
}

/* Some file of it holds this. */
static bool holds(const char *path, const char *file, const char *text)
{
	char *all = run_shell("unzip -p '%s' '%s'", path, file);
	bool is_there = strstr(all, text) != NULL;

	free(all);
	return is_there;
}

static void expect(const char *said, const char *part)
{
	if (!strstr(said, part)) {
		fail_msg("'%s' is not in:\n%s", part, said);
	}
}

/* --- what it holds ----------------------------------------------------------------------------- */

static void the_dossier_holds_what_is_known_and_nothing_of_others(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], *said;
	const char *path;

	stage_add_person(st, bob, other);
	stage_add_person(st, ada, id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	stage_ctl(st, AS_PRIVACY, "export", stage_path(st, "all"), PURPOSE);
	stage_expect(st, 0);

	stage_ctl_text(st, AS_PRIVACY, "a lawsuit", "hold", "place", id);
	stage_expect(st, 0); /* which the person is not told */
	path = make(st, id, "dossier.zip", "--language=en");
	stage_expect(st, 0);

	said = checked(path);
	assert_int_equal(strtol(said, NULL, 10), 4);
	expect(said, "What is kept about you | Contents | profile 1 | contact point 2 | transaction 1");
	expect(said, "acts: record.put subject.add subject.export subject.read\n");
	expect(said, "file: csv/transaction.csv\n");
	expect(said, "| What it is used for | What you agreed or objected to | Where it comes from | How long it is kept");
	free(said);
	assert_true(holds(path, "index.html", "The company that sends our e-mail"));
	assert_true(holds(path, "data.json", "王"));
	assert_true(holds(path, "csv/profile.csv", "王"));
	assert_true(holds(path, "index.html", "&lt;script&gt;alert(1)"));
	assert_false(holds(path, "index.html", "<script"));
	assert_true(holds(path, "csv/contact_point.csv", "\"'=1+cmd|"));
	assert_true(holds(path, "csv/transaction.csv", "\"-12.50\""));
	assert_false(holds(path, "*", "Otherman"));
	assert_false(holds(path, "*", other));
	assert_int_equal(stage_count_leaves(st, "act=subject.dossier"), 1);
}

static void what_a_record_tells_of_others_is_left_out(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], records[512], *said;
	const char *path;

	stage_add_person(st, bob, other);
	snprintf(records, sizeof(records),
		"[{\"collection\":\"interaction\",\"others\":[\"%s\"],\"fields\":{\"date\":\"2026-02-01\","
		"\"subject\":\"Robert Otherman and 王小明\",\"summary\":\"OTHERMAN paid.\"}},"
		"{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}}]", other);
	stage_add_person(st, records, id);
	stage_ctl(st, AS_PRIVACY, "--json", "subject", "get", id, PURPOSE);
	assert_non_null(strstr(st->last.out, other)); /* staff may follow it */

	path = make(st, id, "shared.zip", "--language=en");
	stage_expect(st, 0);

	said = checked(path);
	assert_int_equal(strtol(said, NULL, 10), 2);
	free(said);
	assert_true(holds(path, "data.json", "another person and 王小明"));
	assert_true(holds(path, "data.json", "\"others\":1"));
	assert_true(holds(path, "csv/interaction.csv", "another person paid."));
	assert_true(holds(path, "index.html", "also concerns others"));
	assert_false(holds(path, "*", "therman"));
	assert_false(holds(path, "*", other));

	stage_ctl_text(st, AS_PRIVACY, "[{\"collection\":\"need\",\"others\":"
		"[\"00112233445566778899aabbccddeeff\"],\"fields\":{\"topic\":\"x\"}}]",
		"subject", "add", "--kind=person", PURPOSE);
	stage_expect(st, 66);
	assert_non_null(strstr(st->last.err, "others[0]"));
}

static void what_others_records_say_of_a_person_is_in_it_and_nothing_of_them(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], records[1024], *said;
	const char *path;

	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}}]", id);
	snprintf(records, sizeof(records),
		"[{\"collection\":\"interaction\",\"others\":[\"%s\"],\"key\":\"otherman-7\",\"fields\":{"
		"\"date\":\"2026-02-01\",\"summary\":\"Otherman said that 王小明 moved.\"}},"
		"{\"collection\":\"contact_point\",\"others\":[\"%s\"],\"fields\":{\"city\":\"Utrecht\","
		"\"email\":\"robert@example.org\"}},"
		"{\"collection\":\"feedback\",\"fields\":{\"date\":\"2026-02-02\",\"text\":\"secret\"}},"
		"{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Robert\","
		"\"family_name\":\"Otherman\"}}]", id, id);
	stage_add_person(st, records, other);

	path = make(st, id, "named.zip", "--language=en");
	stage_expect(st, 0);
	said = checked(path);
	assert_int_equal(strtol(said, NULL, 10), 3);
	free(said);
	assert_true(holds(path, "data.json", "another person said that 王小明 moved."));
	assert_true(holds(path, "data.json", "\"of_another\":true,\"others\":1"));
	assert_true(holds(path, "index.html", "is kept about another person, and names you"));
	assert_true(holds(path, "csv/contact_point.csv", ",yes,"));
	assert_false(holds(path, "*", "therman"));
	assert_false(holds(path, "*", "Utrecht"));
	assert_false(holds(path, "*", "robert@"));
	assert_false(holds(path, "*", "secret"));
	assert_false(holds(path, "*", other));
	stage_ctl(st, AS_AUDITOR, "--json", "log", "query", "--subject", other);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "subject.dossier")); /* they were read, too */

	make(st, id, "profile.zip", "--collection=profile");
	assert_false(holds(stage_path(st, "profile.zip"), "data.json", "of_another"));
}

static void who_is_being_erased_is_in_nobodys_dossier(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], records[256], *said;

	stage_add_person(st, "[]", id);
	snprintf(records, sizeof(records), "[{\"collection\":\"need\",\"others\":[\"%s\"],"
		"\"fields\":{\"topic\":\"x\"}}]", id);
	stage_add_person(st, records, other);
	stage_ctl(st, AS_PRIVACY, "--yes", "erase", other, PURPOSE);
	stage_expect(st, 0);
	said = checked(make(st, id, "alone.zip", "--language=en"));
	assert_int_equal(strtol(said, NULL, 10), 0);
	free(said);
}

static void it_speaks_chinese(void **state)
{
	struct stage *st = *state;
	const char *path;
	char id[33], *said;

	stage_add_person(st, ada, id);
	path = make(st, id, "zh.zip", "--language=zh");
	stage_expect(st, 0);
	said = checked(path);
	expect(said, "我们保存的关于您的信息 | 目录 | 个人资料 1");
	free(said);
	assert_true(holds(path, "index.html", "<html lang=\"zh-CN\">"));
	assert_true(holds(path, "index.html", "电子邮箱"));
	assert_true(holds(path, "README.txt", "相同内容"));
}

static void each_document_is_a_file_of_its_own(void **state)
{
	struct stage *st = *state;
	char id[33], *said;

	stage_add_person(st, "[{\"collection\":\"document\",\"fields\":{\"title\":\"合同\",\"file_name\":\"../../x.sh\","
		"\"text\":\"Article 1.\\n第一条\"}},{\"collection\":\"document\",\"fields\":{\"title\":\"Offer\","
		"\"text\":\"Cheap.\"}},{\"collection\":\"document\",\"fields\":{\"title\":\"Nothing\"}}]", id);
	said = checked(make(st, id, "papers.zip", "--language=en"));
	assert_int_equal(strtol(said, NULL, 10), 3);
	expect(said, "file: documents/");
	free(said);
	assert_true(holds(stage_path(st, "papers.zip"), "documents/*", "第一条"));
	assert_true(holds(stage_path(st, "papers.zip"), "README.txt", "documents/"));
}

static void of_nobody_it_says_that_nothing_is_kept(void **state)
{
	struct stage *st = *state;
	const char *path;
	char id[33], *said;

	stage_add_person(st, "[]", id);
	path = make(st, id, "empty.zip", "--language=en");
	stage_expect(st, 0);
	said = checked(path);
	assert_int_equal(strtol(said, NULL, 10), 0);
	free(said);
	assert_true(holds(path, "index.html", "Nothing is kept about you in this store."));
}

static void a_part_of_it_says_so(void **state)
{
	struct stage *st = *state;
	const char *path;
	char id[33], *said;

	stage_add_person(st, ada, id);
	path = make(st, id, "part.zip", "--collection=profile");
	stage_expect(st, 0);
	said = checked(path);
	assert_int_equal(strtol(said, NULL, 10), 1);
	free(said);
	assert_false(holds(path, "*", "wang@example.org"));
	assert_true(holds(path, "index.html", "This is a part of what is kept about you"));
	assert_true(holds(path, "data.json", "\"whole\":false"));
	make(st, id, "none.zip", "--collection=nonsense");
	stage_expect(st, 64);
	assert_int_not_equal(access(stage_path(st, "none.zip"), F_OK), 0);
}

static void a_purpose_that_covers_less_makes_a_part(void **state)
{
	struct stage *st = *state;
	const char *path = stage_path(st, "covered.zip");
	char id[33], *said;

	stage_add_person(st, ada, id);
	stage_ctl(st, AS_PRIVACY, "subject", "dossier", id, path, PURPOSE);
	stage_expect(st, 0);
	said = checked(path);
	assert_int_equal(strtol(said, NULL, 10), 4);
	free(said);
	assert_true(holds(path, "index.html", "This is a part of what is kept about you"));
	assert_false(holds(path, "data.json", "\"collection\":\"behaviour\",\"text\"")); /* it may not say */
}

static void what_was_agreed_to_stands_in_it(void **state)
{
	struct stage *st = *state;
	const char *path;
	char id[33], *said;

	stage_add_person(st, ada, id);
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, "--purpose=marketing_email", "--method=written",
		"--notice=1", "--language=zh", "--source=shop-7",
		"--evidence", stage_text(st, "said", "I agree <gladly>"));
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", id, "--purpose=marketing_email");
	stage_expect(st, 0);
	path = make(st, id, "agreed.zip", "--language=en");
	stage_expect(st, 0);
	said = checked(path);
	expect(said, "What you agreed or objected to");
	expect(said, "consent.");
	free(said);
	assert_true(holds(path, "index.html", "I agree &lt;gladly&gt;"));
	assert_true(holds(path, "index.html", "took it back"));
	assert_true(holds(path, "data.json", "\"state\":\"withdrawn\""));
	assert_true(holds(path, "data.json", "shop-7"));
}

static void data_alone_is_the_same_data(void **state)
{
	struct stage *st = *state;
	const char *path, *json;
	char id[33], *same;

	stage_add_person(st, ada, id);
	path = make(st, id, "whole.zip", "--format=zip");
	json = make(st, id, "data.json", "--format=json");
	stage_expect(st, 0);
	same = run_shell("/usr/bin/python3 -c \"import json, sys, zipfile\n"
			 "a = json.loads(zipfile.ZipFile('%s').read('data.json'))\n"
			 "b = json.load(open('%s'))\n"
			 "print(a['collections'] == b['collections'] and len(b['access']['entries']) > 2)\"",
		path, json);
	assert_string_equal(same, "True\n");
	free(same);
}

static void an_encrypted_one_opens_with_age(void **state)
{
	struct stage *st = *state;
	char id[33], option[128], *recipient, *said;
	const char *path;

	if (!run_has_program("age")) {
		skip();
	}
	stage_add_person(st, ada, id);
	recipient = run_shell("age-keygen -o '%s/key' 2>/dev/null; age-keygen -y '%s/key'", st->files,
		st->files);
	snprintf(option, sizeof(option), "--recipient=%.*s", (int)strcspn(recipient, "\n"), recipient);
	free(recipient);
	path = make(st, id, "dossier.zip.age", option);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.err, "age -d"));
	free(run_shell("age -d -i '%s/key' -o '%s/opened.zip' '%s'", st->files, st->files, path));
	said = checked(stage_path(st, "opened.zip"));
	assert_int_equal(strtol(said, NULL, 10), 4);
	free(said);
	make(st, id, "bad.age", "--recipient=age1nonsense");
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "recipients[0]"));
}

static void how_long_it_is_kept_stands_in_it(void **state)
{
	struct stage *st = *state;
	const char *path;
	char id[33];

	stage_policy(st, "retention.yaml", "access_journal: 2y\nrules:\n"
		"  - {collection: transaction, keep: 9y, reason: 'books <tax>'}\n"
		"minimums:\n  - {collection: transaction, keep: 8y, citation: 'AO 147(3)'}\n");
	stage_start(st);
	stage_init(st);
	stage_add_person(st, ada, id);
	path = make(st, id, "kept.zip", "--language=en");
	stage_expect(st, 0);
	free(checked(path));
	assert_true(holds(path, "index.html", "9 years after the record&#39;s own date"));
	assert_true(holds(path, "index.html", "books &lt;tax&gt;"));
	assert_true(holds(path, "index.html", "AO 147(3)"));
	assert_true(holds(path, "index.html", "remembered for 2 years."));
	assert_true(holds(path, "data.json", "\"keep\":\"9y\""));
}

/* --- whom it is refused ------------------------------------------------------------------------ */

static void what_is_being_erased_is_not_in_it(void **state)
{
	struct stage *st = *state;
	const char *path;
	char id[33], *said;

	stage_add_person(st, ada, id);
	stage_ctl(st, AS_PRIVACY, "--yes", "erase", id, PURPOSE, "--collection=contact_point");
	stage_expect(st, 0);
	path = make(st, id, "rest.zip", "--language=en");
	stage_expect(st, 0);
	said = checked(path);
	assert_int_equal(strtol(said, NULL, 10), 2);
	expect(said, "erase.begin");
	free(said);
	assert_false(holds(path, "*", "wang@example.org"));
}

static void whoever_is_being_erased_has_none(void **state)
{
	struct stage *st = *state;
	unsigned before;
	char id[33];

	stage_add_person(st, ada, id);
	stage_ctl(st, AS_PRIVACY, "--yes", "erase", id, PURPOSE);
	stage_expect(st, 0);
	before = stage_count_leaves(st, "act=subject.dossier");
	make(st, id, "gone.zip", "--language=en");
	stage_expect(st, 77);
	assert_int_not_equal(access(stage_path(st, "gone.zip"), F_OK), 0);
	make(st, "00112233445566778899aabbccddeeff", "nobody.zip", "--language=en");
	stage_expect(st, 66);
	assert_int_equal(stage_count_leaves(st, "act=subject.dossier"), before);
}

static void who_may_not_read_gets_none(void **state)
{
	struct stage *st = *state;
	char id[33];

	if (!stage_has_roles()) {
		skip();
	}
	stage_add_person(st, ada, id);
	stage_ctl(st, AS_SELF, "subject", "dossier", id, stage_path(st, "root.zip"), PURPOSE); /* root */
	stage_expect(st, 77);
	stage_ctl(st, AS_SUPPORT, "subject", "dossier", id, stage_path(st, "s.zip"), PURPOSE);
	stage_expect(st, 77);
	assert_int_not_equal(access(stage_path(st, "s.zip"), F_OK), 0);
}

/* It says nothing about anybody, so it need not be hidden as such. */
static void a_role_that_sees_some_of_it_masked_is_told_so(void **state)
{
	struct stage *st = *state;
	char id[33], roles[512];

	if (!stage_has_roles()) {
		skip();
	}
	stage_add_person(st, ada, id);
	stage_stop(st);
	snprintf(roles, sizeof(roles),
		"roles:\n  - role: desk\n    operations: [subject.dossier]\n"
		"    purposes: [" STAGE_PURPOSE "]\n    level: confidential\n"
		"operators:\n  - {uid: %u, roles: [desk]}\n",
		stage_uid(AS_SUPPORT));
	stage_policy(st, "roles.yaml", roles);
	stage_start(st);
	stage_ctl(st, AS_SUPPORT, "subject", "dossier", id, stage_path(st, "s.zip"), PURPOSE);
	stage_expect(st, 77);
	assert_non_null(strstr(st->last.err, "this role sees some of it masked"));
}

/* --- what goes wrong --------------------------------------------------------------------------- */

/* So much that it does not fit into a pipe, compressed either. */
static void add_long(struct stage *st, char ret_id[33])
{
	const size_t n = 200, each = 2600;
	char *records = malloc(n * each);
	size_t at = 0;

	srand(7);
	for (size_t i = 0; i < n; i++) {
		at += (size_t)snprintf(records + at, n * each - at,
			"%s{\"collection\":\"interaction\",\"fields\":{\"date\":\"2026-01-05\",\"summary\":\"",
			i == 0 ? "[" : ",");
		for (size_t k = 0; k < 2400; k++) {
			records[at++] = (char)('a' + rand() % 26);
		}
		at += (size_t)snprintf(records + at, n * each - at, "\"}}");
	}
	snprintf(records + at, n * each - at, "]");
	stage_add_person(st, records, ret_id);
	free(records);
}

/* The call with this descriptor; it must fail so. */
static void expect_failure(struct stage *st, const char *id, int fd, int code)
{
	json_t *parameters = json_pack("{s:s, s:s}", "subject", id, "purpose", STAGE_PURPOSE);
	struct client *c = stage_client(st, AS_PRIVACY);
	struct cu_err err = { 0 };
	json_t *reply = NULL;

	assert_int_equal(client_call(c, "io.custos.subject.Dossier", parameters, fd, &reply, &err), code);
	json_decref(parameters);
	json_decref(reply);
	client_close(c);
}

static void a_reader_that_is_gone_and_a_full_disk_are_told(void **state)
{
	struct stage *st = *state;
	int ends[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char id[33];

	stage_add_person(st, ada, id);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	expect_failure(st, id, ends[1], CU_EIO);
	expect_failure(st, id, full, CU_ENOSPC);
	close(ends[1]);
	close(full);
}

/* All that comes out until it is closed; at most cap. */
static size_t drain(int fd, char *to, size_t cap)
{
	size_t n = 0;
	ssize_t got;

	while (n < cap && (got = read(fd, to + n, cap - n)) > 0) {
		n += (size_t)got;
	}
	return n;
}

static void a_reader_that_stands_still_can_cancel(void **state)
{
	struct stage *st = *state;
	json_t *parameters;
	struct client *c;
	struct cu_err err;
	char id[33], *text = malloc(1 << 20), *said;
	int ends[2];
	size_t n;

	add_long(st, id);
	said = checked(make(st, id, "whole.zip", "--language=en"));
	assert_int_equal(strtol(said, NULL, 10), 200);
	free(said);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	c = stage_client(st, AS_PRIVACY);
	parameters = json_pack("{s:s, s:s}", "subject", id, "purpose", STAGE_PURPOSE);

	assert_int_equal(client_start(c, "io.custos.subject.Dossier", parameters, ends[1], &err), 0);
	close(ends[1]);
	assert_int_equal(drain(ends[0], text, 1000), 1000); /* it writes, and then stands */
	client_close(c);

	n = drain(ends[0], text, 1 << 20);
	assert_true(n < 200000);
	assert_null(memmem(text, n, "PK\005\006", 4)); /* no directory: no archive */
	close(ends[0]);
	json_decref(parameters);
	free(text);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE); /* and all goes on */
	stage_expect(st, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_dossier_holds_what_is_known_and_nothing_of_others),
		T(what_a_record_tells_of_others_is_left_out),
		T(what_others_records_say_of_a_person_is_in_it_and_nothing_of_them),
		T(who_is_being_erased_is_in_nobodys_dossier),
		T(it_speaks_chinese),
		T(each_document_is_a_file_of_its_own),
		T(of_nobody_it_says_that_nothing_is_kept),
		T(a_part_of_it_says_so),
		T(a_purpose_that_covers_less_makes_a_part),
		T(what_was_agreed_to_stands_in_it),
		cmocka_unit_test_setup_teardown(how_long_it_is_kept_stands_in_it, stage_up_bare, stage_down),
		T(data_alone_is_the_same_data),
		T(an_encrypted_one_opens_with_age),
		T(what_is_being_erased_is_not_in_it),
		T(whoever_is_being_erased_has_none),
		T(who_may_not_read_gets_none),
		T(a_role_that_sees_some_of_it_masked_is_told_so),
		T(a_reader_that_is_gone_and_a_full_disk_are_told),
		T(a_reader_that_stands_still_can_cancel),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_dossier", tests, NULL, NULL);
}
