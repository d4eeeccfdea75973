#include "expect.h"

#include <string.h>

#include "base/buf.h"
#include "policy/access.h"
#include "policy/policy.h"

static const char *shipped;

static const char schema[] =
	"collections: [{collection: c, category: user, level: public, anchor: none,\n"
	"  fields: [{field: a, type: text}]}]\n";

static const char roles[] =
	"roles:\n"
	"  - {role: keeper, operations: [status, backup.*]}\n"
	"  - {role: clerk, operations: [subject.get, subject.search], purposes: [service]}\n"
	"  - {role: seller, operations: [export], purposes: [marketing]}\n"
	"  - {role: officer, operations: '*', purposes: '*'}\n"
	"operators:\n"
	"  - {uid: 0, roles: [keeper]}\n"
	"  - {gid: 0, roles: [officer]}\n"
	"  - {uid: 1000, roles: clerk}\n"
	"  - {gid: 50, roles: [seller, keeper]}\n"
	"  - {uid: 1001, roles: [officer]}\n";

/* A policy with these roles, or NULL with the faults. */
static struct policy *load(const char *roles_text, struct faults *faults)
{
	struct policy *p = NULL;
	struct test_dir d;

	test_dir_make(&d);
	test_dir_put(&d, "schema.yaml", span_str(schema));
	test_dir_put_purposes(&d, (const char *const[]){ "service", "marketing" }, 2);
	test_dir_put(&d, "roles.yaml", span_str(roles_text));
	(void)policy_load(d.path, faults, &p, NULL); /* told by p and faults */
	test_dir_remove(&d);
	return p;
}

static struct policy *load_good(void)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = load(roles, &faults);

	expect_faults(&faults, "");
	assert_non_null(p);
	return p;
}

static void a_user_may_do_what_its_role_names_and_nothing_else(void **state)
{
	struct policy *p = load_good();
	struct access_rights a = policy_access(p, 1000, NULL, 0);

	(void)state;
	assert_true(access_allows(&a, "subject.get"));
	assert_false(access_allows(&a, "subject.add"));
	assert_false(access_allows(&a, "subject"));
	assert_false(access_allows(&a, "subject.get.all"));
	assert_false(access_allows(&a, "status"));
	policy_unref(p);
}

static void a_family_is_its_name_and_what_follows_a_point(void **state)
{
	struct policy *p = load_good();
	struct access_rights a = policy_access(p, 0, NULL, 0);

	(void)state;
	assert_true(access_allows(&a, "backup.run"));
	assert_true(access_allows(&a, "backup"));
	assert_false(access_allows(&a, "backups.run"));
	assert_false(access_allows(&a, "back"));
	policy_unref(p);
}

static void groups_add_their_roles(void **state)
{
	const gid_t gids[] = { 7, 50 };
	struct policy *p = load_good();
	struct access_rights a = policy_access(p, 1000, gids, 2);

	(void)state;
	assert_true(access_has_role(&a, "keeper"));
	assert_true(access_has_role(&a, "clerk"));
	assert_true(access_has_role(&a, "seller"));
	assert_int_equal(__builtin_popcountll(a.roles), 3);
	assert_true(access_allows(&a, "export"));
	assert_true(access_allows(&a, "status"));
	policy_unref(p);
}

static void who_is_not_named_may_do_nothing(void **state)
{
	const gid_t gids[] = { 7, 8 };
	struct policy *p = load_good();
	struct access_rights a = policy_access(p, 1002, gids, 2);

	(void)state;
	assert_int_equal(a.roles, 0);
	assert_false(access_allows(&a, "status"));
	policy_unref(p);
}

static void a_purpose_of_one_role_does_not_serve_another(void **state)
{
	const gid_t gids[] = { 50 };
	struct policy *p = load_good();
	struct access_rights a = policy_access(p, 1000, gids, 1);
	struct access_rights officer = policy_access(p, 1001, NULL, 0);

	(void)state;
	assert_true(access_allows_purpose(&a, "subject.get", "service"));
	assert_true(access_allows_purpose(&a, "export", "marketing"));
	assert_false(access_allows_purpose(&a, "export", "service"));
	assert_false(access_allows_purpose(&a, "subject.get", "marketing"));
	assert_false(access_allows_purpose(&a, "subject.get", "*"));
	assert_true(access_allows_purpose(&officer, "erase", "anything"));
	policy_unref(p);
}

static void nobody_has_no_role_even_through_a_group(void **state)
{
	const gid_t gids[] = { 50 };
	const gid_t nobodies[] = { 65534, (gid_t)-1 };
	struct policy *p = load_good();

	(void)state;
	assert_int_equal(policy_access(p, 65534, gids, 1).roles, 0);
	assert_int_equal(policy_access(p, (uid_t)-1, gids, 1).roles, 0);
	assert_int_equal(policy_access(p, 1002, nobodies, 2).roles, 0);
	policy_unref(p);
}

static void root_never_touches_personal_data_whatever_its_groups_say(void **state)
{
	static const char *const closed[] = { "subject.get", "subject.add", "subject.update",
		"subject.search", "subject", "import", "export", "erase", "erase.cancel",
		"record.put", "consent.give", "request.open", "hold.place" };
	const gid_t gids[] = { 0 };
	struct policy *p = load_good();
	struct access_rights root = policy_access(p, 0, gids, 1);
	struct access_rights other = policy_access(p, 1002, gids, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		assert_false(access_allows(&root, closed[i]));
		assert_false(access_allows_purpose(&root, closed[i], "service"));
		assert_true(access_allows(&other, closed[i]));
	}
	assert_true(access_allows(&root, "log.show"));
	assert_true(access_allows(&root, "restore.run"));
	assert_true(access_allows(&root, "exports"));
	policy_unref(p);
}

/* operations that a role of uid 0 must not have */
static const char *const personal[] = { "'*'", "subject.*", "subject.get", "import", "export",
	"erase", "erase.*", "record.put", "subject.note.*" };

static void a_role_that_opens_personal_data_to_root_is_a_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(personal) / sizeof(personal[0]); i++) {
		struct faults faults = FAULTS_INIT;
		char text[256], wanted[256], bare[32];

		snprintf(text, sizeof(text),
			"roles:\n  - {role: r, operations: [status, %s]}\n"
			"operators:\n  - uid: 0\n    roles: [r]\n",
			personal[i]);
		snprintf(bare, sizeof(bare), "%s", personal[i][0] == '\'' ? "*" : personal[i]);
		snprintf(wanted, sizeof(wanted),
			"roles.yaml:5: roles: uid 0 may not be 'r', which allows '%s': root never "
			"touches personal data\n",
			bare);

		assert_null(load(text, &faults));
		expect_faults(&faults, wanted);
		faults_done(&faults);
	}
}

static void a_uid_that_is_at_fault_is_not_taken_for_root(void **state)
{
	struct faults faults = FAULTS_INIT;

	(void)state;
	assert_null(load("roles: [{role: r, operations: '*'}]\n"
			 "operators: [{uid: bob, roles: [r]}]\n",
		&faults));
	expect_faults(&faults, "roles.yaml:2: uid: 'bob' is not a whole number\n");
	faults_done(&faults);
}

static void put_roles(struct buf *text, size_t n)
{
	buf_put_str(text, "roles:\n");
	for (size_t i = 1; i <= n; i++) {
		buf_putf(text, "  - {role: r%zu, operations: [op%zu]}\n", i, i);
	}
	buf_putf(text, "operators: [{uid: 5, roles: [r%zu]}]\n", n < 64 ? n : 64);
}

static void sixty_four_roles_fit_and_no_more(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct buf text = BUF_INIT;
	struct access_rights a;
	struct policy *p;

	(void)state;
	put_roles(&text, 64);
	p = load(buf_cstr(&text), &faults);
	assert_non_null(p);
	a = policy_access(p, 5, NULL, 0);
	assert_true(access_allows(&a, "op64"));
	assert_false(access_allows(&a, "op63"));
	policy_unref(p);

	buf_clear(&text);
	put_roles(&text, 65);
	assert_null(load(buf_cstr(&text), &faults));
	expect_faults(&faults, "roles.yaml:66: roles: are more than 64\n");
	faults_done(&faults);
	buf_done(&text);
}

static void the_shipped_roles_let_root_keep_the_house(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct access_rights root;

	(void)state;
	assert_int_equal(policy_load(shipped, &faults, &p, NULL), 0);
	root = policy_access(p, 0, NULL, 0);
	assert_true(access_allows(&root, "init"));
	assert_true(access_allows(&root, "status"));
	assert_true(access_allows(&root, "backup.run"));
	assert_false(access_allows(&root, "subject.get"));
	policy_unref(p);
}

static bool shipped_role_may(const struct policy *p, const char *key, const char *operation)
{
	const struct roles *all = policy_roles(p);

	for (size_t i = 0; i < all->n; i++) {
		for (size_t k = 0; strcmp(all->v[i].key, key) == 0 && k < all->v[i].operations.n; k++) {
			if (roles_pattern_matches(all->v[i].operations.v[k], operation)) {
				return true;
			}
		}
	}
	return false;
}

static void a_program_of_the_shipped_roles_asks_whether_it_may_and_erases_nobody(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;

	(void)state;
	assert_int_equal(policy_load(shipped, &faults, &p, NULL), 0);
	assert_true(shipped_role_may(p, "app", "consent.check"));
	assert_true(shipped_role_may(p, "app", "consent.filter"));
	assert_false(shipped_role_may(p, "app", "consent.list"));
	assert_false(shipped_role_may(p, "app", "erase.begin"));
	policy_unref(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_may_do_what_its_role_names_and_nothing_else),
		cmocka_unit_test(a_family_is_its_name_and_what_follows_a_point),
		cmocka_unit_test(groups_add_their_roles),
		cmocka_unit_test(who_is_not_named_may_do_nothing),
		cmocka_unit_test(a_purpose_of_one_role_does_not_serve_another),
		cmocka_unit_test(nobody_has_no_role_even_through_a_group),
		cmocka_unit_test(root_never_touches_personal_data_whatever_its_groups_say),
		cmocka_unit_test(a_role_that_opens_personal_data_to_root_is_a_fault),
		cmocka_unit_test(a_uid_that_is_at_fault_is_not_taken_for_root),
		cmocka_unit_test(sixty_four_roles_fit_and_no_more),
		cmocka_unit_test(the_shipped_roles_let_root_keep_the_house),
		cmocka_unit_test(a_program_of_the_shipped_roles_asks_whether_it_may_and_erases_nobody),
	};

	shipped = argc > 1 ? argv[1] : "policies";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
