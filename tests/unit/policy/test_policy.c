#include "expect.h"

#include "base/buf.h"
#include "policy/map.h"
#include "policy/policy.h"
#include "policy/yaml.h"

static const char *shipped; /* the directory of the policies that are delivered */

static struct policy *load_shipped(void)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct cu_err err = { 0 };

	if (policy_load(shipped, &faults, &p, &err) != 0) {
		fail_msg("%s", err.msg);
	}
	expect_faults(&faults, "");
	return p;
}

static void the_shipped_files_load_without_a_fault(void **state)
{
	static const char *const keys[] = { "profile", "contact_point", "identifier", "order",
		"transaction", "interaction", "behaviour", "need", "feedback", "document" };
	struct policy *p = load_shipped();

	(void)state;
	assert_int_equal(policy_schema(p)->ncollections, sizeof(keys) / sizeof(keys[0]));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct collection *c = policy_find_collection(p, keys[i]);

		assert_non_null(c);
		assert_string_equal(c->key, keys[i]);
		assert_true(c->nfields > 0);
		assert_non_null(c->text);
	}
	assert_null(policy_find_collection(p, "profiles"));
	policy_unref(p);
}

static void events_are_kept_by_month_from_their_own_date(void **state)
{
	static const char *const keys[] = { "order", "transaction", "interaction", "behaviour",
		"feedback" };
	struct policy *p = load_shipped();

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct collection *c = policy_find_collection(p, keys[i]);

		assert_int_equal(c->anchor, ANCHOR_EVENT);
		assert_int_equal(c->cohort, COHORT_MONTH);
		assert_string_equal(c->anchor_field, "date");
		assert_int_equal(collection_find_field(c, "date")->type, FIELD_DATE);
	}
	assert_int_equal(policy_find_collection(p, "profile")->cohort, COHORT_NONE);
	assert_null(policy_find_collection(p, "profile")->anchor_field);
	policy_unref(p);
}

static void fields_say_how_they_are_looked_up_and_what_they_are(void **state)
{
	struct policy *p = load_shipped();
	const struct collection *contact = policy_find_collection(p, "contact_point");
	const struct collection *identifier = policy_find_collection(p, "identifier");
	const struct field *value = collection_find_field(identifier, "value");

	(void)state;
	assert_int_equal(collection_find_field(contact, "email")->index, INDEX_EMAIL);
	assert_int_equal(collection_find_field(contact, "phone")->index, INDEX_PHONE);
	assert_int_equal(collection_find_field(contact, "city")->index, INDEX_NONE);
	assert_string_equal(collection_find_field(contact, "email")->category,
		"user.contact.email");
	assert_string_equal(collection_find_field(contact, "label")->category, "user.contact");
	assert_int_equal(collection_find_field(contact, "street")->max_bytes, 1024);
	assert_int_equal(value->index, INDEX_EXACT);
	assert_true(value->is_required);
	assert_int_equal(collection_find_field(identifier, "scheme")->type, FIELD_WORD);
	assert_int_equal(identifier->level, LEVEL_RESTRICTED);
	assert_null(collection_find_field(contact, "e-mail"));
	policy_unref(p);
}

static void a_reference_keeps_a_policy_alive(void **state)
{
	struct policy *p = load_shipped();
	struct policy *other = policy_ref(p);

	(void)state;
	policy_unref(p);
	assert_non_null(policy_find_collection(other, "profile"));
	policy_unref(other);
	policy_unref(NULL);
}

#define ONE     "collections:\n  - {collection: c, category: user, level: public, anchor: none,\n"
#define EVENT   "collections:\n  - {collection: c, category: user, level: public, anchor: event,\n"
#define ROLES   "roles:\n  - {role: r, operations: [status]}\n"
#define TARGETS "targets:\n  - {target: t, kind: directory, path: /a}\n"

/* file, its text, and all faults */
static const char *const broken[][3] = {
	{ "schema.yaml", "", "schema.yaml:1: collections: is missing\n" },
	{ "schema.yaml", "collections: [{collection: c}]\n",
		"schema.yaml:1: category: is missing\n"
		"schema.yaml:1: level: is missing\n"
		"schema.yaml:1: anchor: is missing\n"
		"schema.yaml:1: fields: is missing\n" },
	{ "schema.yaml", ONE "     fields: []}\n", "schema.yaml:3: fields: is empty\n" },
	{ "schema.yaml",
		"collections:\n  - {collection: custos.hold, category: user, level: internal,\n"
		"     anchor: none, fields: [{field: a, type: text}]}\n",
		"schema.yaml:2: collection: 'custos.hold' begins with 'custos.', as those of custos "
		"itself do\n" },
	{ "schema.yaml", ONE "     fields: [{field: a, type: txt}]}\n",
		"schema.yaml:3: type: 'txt' is not one of text, email, phone, date, decimal, "
		"integer, boolean, word; did you mean 'text'?\n" },
	{ "schema.yaml", ONE "     fields: [{field: a, type: text},\n      {field: a, type: date}]}\n",
		"schema.yaml:4: field: 'a' stands twice in this collection; first in line 3\n" },
	{ "schema.yaml",
		ONE "     fields: [{field: a, type: text}]}\n"
		    "  - {collection: c, category: user, level: public, anchor: none,\n"
		    "     fields: [{field: a, type: text}]}\n",
		"schema.yaml:4: collection: 'c' stands twice; first in line 2\n" },
	{ "schema.yaml", ONE "     fields: [{field: a, type: text, words: [x]}]}\n",
		"schema.yaml:3: words: only a field of type word has words\n" },
	{ "schema.yaml", ONE "     fields: [{field: a, type: text, index: email}]}\n",
		"schema.yaml:3: index: 'email' needs a field of type email\n" },
	{ "schema.yaml", ONE "     fields: [{field: a, type: email, index: phone}]}\n",
		"schema.yaml:3: index: 'phone' needs a field of type phone\n" },
	{ "schema.yaml", ONE "     fields: [{field: a, type: text, max: 2MiB}]}\n",
		"schema.yaml:3: max: '2MiB' is not between 1 bytes and 1048576 bytes\n" },
	{ "schema.yaml", ONE "     fields: [{field: a, type: text, category: user.emial}]}\n",
		"schema.yaml:3: category: 'user.emial' is not a data category of the Fides "
		"taxonomy 3.2\n" },
	{ "schema.yaml", ONE "     cohort: month,\n     fields: [{field: a, type: text}]}\n",
		"schema.yaml:3: cohort: only a collection with 'anchor: event' has cohorts\n" },
	{ "schema.yaml", ONE "     anchor_field: a,\n     fields: [{field: a, type: text}]}\n",
		"schema.yaml:3: anchor_field: only a collection with 'anchor: event' or 'relationship' has one\n" },
	{ "schema.yaml", EVENT "     fields: [{field: a, type: text}]}\n",
		"schema.yaml:2: anchor_field: is missing: 'anchor: event' needs the field that "
		"holds the date\n" },
	{ "schema.yaml", EVENT "     anchor_field: b, fields: [{field: a, type: text}]}\n",
		"schema.yaml:3: anchor_field: 'b' is not a field of this collection\n" },
	{ "schema.yaml", EVENT "     anchor_field: a, fields: [{field: a, type: text}]}\n",
		"schema.yaml:3: anchor_field: 'a' is not of type date\n" },
	{ "schema.yaml", EVENT "     anchor_field: a, fields: [{field: a, type: date}]}\n",
		"schema.yaml:3: anchor_field: 'a' must be required: without its date a record "
		"would never end\n" },
	{ "roles.yaml", "operators: []\n", "roles.yaml:1: roles: is missing\n" },
	{ "roles.yaml", "roles: [{role: r, operations: [Subject.Get]}]\n",
		"roles.yaml:1: operations: 'Subject.Get' is not an operation such as subject.get, "
		"subject.* or *\n" },
	{ "roles.yaml", "roles: [{role: r, operations: [sub*]}]\n",
		"roles.yaml:1: operations: 'sub*' is not an operation such as subject.get, "
		"subject.* or *\n" },
	{ "roles.yaml", "roles: [{role: r, operations: '*', purposes: [a b]}]\n",
		"roles.yaml:1: purposes: 'a b' is not a purpose's key, nor *\n" },
	{ "roles.yaml", ROLES "  - {role: r, operations: [init]}\n",
		"roles.yaml:3: role: 'r' stands twice; first in line 2\n" },
	{ "roles.yaml", ROLES "operators:\n  - {uid: 5,\n     roles: [q]}\n",
		"roles.yaml:5: roles: there is no role 'q'\n" },
	{ "roles.yaml", ROLES "operators:\n  - {roles: [r]}\n",
		"roles.yaml:4: operators: an operator has either a uid or a gid\n" },
	{ "roles.yaml", ROLES "operators:\n  - {uid: 5, gid: 6, roles: [r]}\n",
		"roles.yaml:4: operators: an operator has either a uid or a gid\n" },
	{ "roles.yaml", ROLES "operators:\n  - {uid: root, roles: [r]}\n",
		"roles.yaml:4: uid: 'root' is not a whole number\n" },
	{ "roles.yaml", ROLES "operators:\n  - {uid: -1, roles: [r]}\n",
		"roles.yaml:4: uid: '-1' is not between 0 and 4294967295\n" },
	{ "roles.yaml",
		ROLES "operators:\n  - {uid: 065534, roles: [r]}\n  - {gid: 4294967295, roles: [r]}\n",
		"roles.yaml:4: uid: '065534' is the kernel's nobody and is never an operator\n"
		"roles.yaml:5: gid: '4294967295' is the kernel's word for none and is never an "
		"operator\n" },
	{ "roles.yaml", "roles:\n  - role: r\n    operations: [status]\n    purposes:\n      - p\n"
			"      - q\n",
		"roles.yaml:6: purposes: purposes.yaml has no purpose 'q'\n" },
	{ "backup.yaml", "vault_bound: 0h\n",
		"backup.yaml:1: vault_bound: '0h' is not between 1d and 90d\n" },
	{ "backup.yaml", "vault_bound: 1y\n",
		"backup.yaml:1: vault_bound: '1y' is not between 1d and 90d\n" },
	{ "backup.yaml", "targets:\n  - {target: t, kind: s3, path: a}\n",
		"backup.yaml:2: kind: 's3' is not one of directory, agent\n"
		"backup.yaml:2: path: 'a' is not an absolute path\n" },
	{ "backup.yaml", "targets: [{target: t, kind: directory, path: /a/../b}]\n",
		"backup.yaml:1: path: '/a/../b' leads upwards with '..'\n" },
	{ "backup.yaml", TARGETS "  - {target: t, kind: directory, path: /b}\n",
		"backup.yaml:3: target: 't' stands twice; first in line 2\n" },
	{ "backup.yaml", TARGETS "  - {target: u, kind: directory, path: /a}\n",
		"backup.yaml:3: path: is also that of the target in line 2\n" },
	{ "retention.yaml", "access_journal: 11y\n",
		"retention.yaml:1: access_journal: '11y' is not between 1d and 3650d\n" },
	{ "backup.yaml", "target: []\n",
		"backup.yaml:1: target: is not known here; did you mean 'targets'?\n" },
	{ "erasure.yaml", "grace: 91d\n",
		"erasure.yaml:1: grace: '91d' is not between 0d and 90d\n" },
	{ "erasure.yaml", "daily_slots: -1\napproval_expires: 0s\n",
		"erasure.yaml:1: daily_slots: '-1' is not between 0 and 1000000000\n"
		"erasure.yaml:2: approval_expires: '0s' is not between 1s and 30d\n" },
	{ "erasure.yaml", "grace: 5m\n",
		"erasure.yaml:1: grace: '5m' is not a duration such as 72h, 30d or 7y\n" },
};

static void put_good_files(const struct test_dir *d)
{
	test_dir_put(d, "schema.yaml", span_str(ONE "     fields: [{field: a, type: text}]}\n"));
	test_dir_put_purposes(d, (const char *const[]){ "p" }, 1);
	test_dir_put(d, "roles.yaml", span_str(ROLES));
	test_dir_put(d, "backup.yaml", span_str(TARGETS));
	test_dir_put(d, "erasure.yaml", span_str(""));
	test_dir_put(d, "retention.yaml", span_str(""));
}

static void broken_files_are_refused_with_all_that_is_wrong(void **state)
{
	struct test_dir d;

	(void)state;
	test_dir_make(&d);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct faults faults = FAULTS_INIT;
		struct policy *p = NULL;

		put_good_files(&d);
		test_dir_put(&d, broken[i][0], span_str(broken[i][1]));

		assert_int_equal(policy_load(d.path, &faults, &p, NULL), CU_EINVAL);
		expect_faults(&faults, broken[i][2]);
		assert_null(p);
		faults_done(&faults);
	}
	test_dir_remove(&d);
}

static void the_faults_of_all_files_are_told_together(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct cu_err err = { 0 };
	struct test_dir d;

	(void)state;
	test_dir_make(&d);
	put_good_files(&d);
	test_dir_put(&d, "schema.yaml", span_str("collections: [\n"));
	test_dir_put(&d, "roles.yaml", span_str("roles: 5\n"));
	test_dir_put(&d, "purposes.yaml", span_str("purposes: 5\n"));
	test_dir_put(&d, "backup.yaml", span_str("vault_bound: 7\n"));

	assert_int_equal(policy_load(d.path, &faults, &p, &err), CU_EINVAL);

	expect_faults(&faults,
		"schema.yaml:2: form: flow sequence without a closing bracket\n"
		"purposes.yaml:1: purposes: must be a list\n"
		"roles.yaml:1: roles: must be a list\n"
		"backup.yaml:1: vault_bound: '7' is not a duration such as 72h, 30d or 7y\n");
	assert_string_equal(err.msg,
		"schema.yaml:2: form: flow sequence without a closing bracket (and 3 more)");
	faults_done(&faults);
	test_dir_remove(&d);
}

static void backup_erasure_and_retention_may_be_absent(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct test_dir d;

	(void)state;
	test_dir_make(&d);
	put_good_files(&d);
	assert_int_equal(path_remove(d.path, "backup.yaml", NULL), 0);
	assert_int_equal(path_remove(d.path, "erasure.yaml", NULL), 0);
	assert_int_equal(path_remove(d.path, "retention.yaml", NULL), 0);

	assert_int_equal(policy_load(d.path, &faults, &p, NULL), 0);
	assert_int_equal(policy_targets(p)->n, 0);
	assert_int_equal(duration_seconds(policy_targets(p)->vault_bound), 7 * 86400);
	assert_int_equal(duration_seconds(policy_erasure(p)->grace), 72 * 3600);
	assert_int_equal(duration_seconds(policy_erasure(p)->approval_expires), 24 * 3600);
	assert_int_equal(policy_erasure(p)->daily_slots, 1000);
	assert_int_equal(duration_seconds(policy_retention(p)->access_journal), 400 * 86400);
	policy_unref(p);

	assert_int_equal(path_remove(d.path, "roles.yaml", NULL), 0);
	assert_int_equal(policy_load(d.path, &faults, &p, NULL), CU_EINVAL);
	expect_faults(&faults, "roles.yaml: file: does not exist\n");
	faults_done(&faults);

	put_good_files(&d);
	assert_int_equal(path_remove(d.path, "purposes.yaml", NULL), 0);
	assert_int_equal(policy_load(d.path, &faults, &p, NULL), CU_EINVAL);
	expect_faults(&faults, "purposes.yaml: file: does not exist\n");
	faults_done(&faults);
	test_dir_remove(&d);
}

static void targets_are_found_by_their_key(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct test_dir d;

	(void)state;
	test_dir_make(&d);
	put_good_files(&d);
	assert_int_equal(policy_load(d.path, &faults, &p, NULL), 0);

	assert_int_equal(policy_targets(p)->n, 1);
	assert_int_equal(policy_find_target(p, "t")->kind, TARGET_DIRECTORY);
	assert_string_equal(policy_find_target(p, "t")->path, "/a");
	assert_null(policy_find_target(p, "u"));
	policy_unref(p);
	test_dir_remove(&d);
}

static void put_reference(struct buf *out)
{
	policy_explain(out);
	map_explain(out);
}

static void the_readme_holds_the_reference_of_all_keys(void **state)
{
	struct buf readme = BUF_INIT, reference = BUF_INIT;
	char path[PATH_SIZE];

	(void)state;
	assert_int_equal(path_join(path, shipped, "README.md", NULL), 0);
	assert_int_equal(path_read_file(path, 1 << 20, &readme, NULL), 0);
	put_reference(&reference);

	if (!strstr(buf_cstr(&readme), buf_cstr(&reference))) {
		fail_msg("policies/README.md is stale: take the output of"
			 " 'test_policy policies --reference'");
	}
	buf_done(&readme);
	buf_done(&reference);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shipped_files_load_without_a_fault),
		cmocka_unit_test(events_are_kept_by_month_from_their_own_date),
		cmocka_unit_test(fields_say_how_they_are_looked_up_and_what_they_are),
		cmocka_unit_test(a_reference_keeps_a_policy_alive),
		cmocka_unit_test(broken_files_are_refused_with_all_that_is_wrong),
		cmocka_unit_test(the_faults_of_all_files_are_told_together),
		cmocka_unit_test(backup_erasure_and_retention_may_be_absent),
		cmocka_unit_test(targets_are_found_by_their_key),
		cmocka_unit_test(the_readme_holds_the_reference_of_all_keys),
	};
	struct buf reference = BUF_INIT;

	shipped = argc > 1 ? argv[1] : "policies";
	if (argc > 2 && strcmp(argv[2], "--reference") == 0) {
		put_reference(&reference);
		fputs(buf_cstr(&reference), stdout);
		buf_done(&reference);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
