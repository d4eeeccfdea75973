#include "expect.h"

#include "base/buf.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "policy/category.h"
#include "policy/policy.h"
#include "policy/use.h"

static const char *shipped; /* the directory of the policies that are delivered */

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char schema[] =
	"collections:\n"
	"  - {collection: profile, category: user, level: public, anchor: none,\n"
	"     fields: [{field: name, type: text}, {field: note, type: text}]}\n"
	"  - {collection: visit.health, category: user.health, level: public, anchor: none,\n"
	"     fields: [{field: finding, type: text}, {field: day, type: date,\n"
	"       category: user.behavior}]}\n"
	"  - {collection: bill, category: user.financial, level: public, anchor: none,\n"
	"     fields: [{field: sum, type: decimal}]}\n";

/* A policy with these purposes, or NULL with the faults. */
static struct policy *load(const char *text, const char *roles, struct faults *faults)
{
	struct policy *p = NULL;
	struct test_dir d;

	test_dir_make(&d);
	test_dir_put(&d, "schema.yaml", span_str(schema));
	test_dir_put(&d, "roles.yaml", span_str(roles));
	test_dir_put(&d, "purposes.yaml", span_str(text));
	(void)policy_load(d.path, faults, &p, NULL); /* told by p and faults */
	test_dir_remove(&d);
	return p;
}

#define ROLES "roles: [{role: r, operations: [status]}]\n"
#define ONE   "purposes:\n  - {purpose: p, text: Some., use: essential, basis: contract,\n"

static const char *const broken[][2] = {
	{ "", "purposes.yaml:1: purposes: is missing\n" },
	{ "purposes: [{purpose: p}]\n",
		"purposes.yaml:1: text: is missing\n"
		"purposes.yaml:1: use: is missing\n"
		"purposes.yaml:1: basis: is missing\n"
		"purposes.yaml:1: data: is missing\n" },
	{ ONE "     data: [profil]}\n",
		"purposes.yaml:3: data: 'profil' is neither a collection of schema.yaml nor a "
		"field of one\n" },
	{ ONE "     data:\n     [profile.name,\n      profile.nam]}\n",
		"purposes.yaml:5: data: 'profile.nam' is neither a collection of schema.yaml nor a "
		"field of one\n" },
	{ ONE "     data: [profile, '*']}\n",
		"purposes.yaml:3: data: '*' stands for everything, and alone\n" },
	{ ONE "     data: []}\n", "purposes.yaml:3: data: is empty\n" },
	{ ONE "     data: profile}\n"
	      "  - {purpose: p, text: Some., use: essential, basis: contract, data: profile}\n",
		"purposes.yaml:4: purpose: 'p' stands twice; first in line 2\n" },
	{ ONE "     data: profile, recipients: [bank]}\n",
		"purposes.yaml:3: recipients: there is no recipient 'bank' in this file\n" },
	{ ONE "     data: '*'}\n",
		"purposes.yaml:3: special_basis: is missing: the data has user.health, a special "
		"category (Art. 9 GDPR)\n" },
	{ ONE "     data: [visit.health.finding]}\n",
		"purposes.yaml:3: special_basis: is missing: the data has user.health, a special "
		"category (Art. 9 GDPR)\n" },
	{ ONE "     data: '*', special_basis: explicit_consent}\n",
		"purposes.yaml:3: special_basis: explicit_consent needs 'basis: consent'\n" },
	{ ONE "     data: profile, consent_expires: 1y}\n",
		"purposes.yaml:3: consent_expires: only a purpose with 'basis: consent' has one\n" },
	{ "purposes:\n  - {purpose: p, text: Some., use: marketing, basis: consent,\n"
	  "     data: profile}\n",
		"purposes.yaml:2: notice: is missing: whoever consents was told something\n" },
	{ ONE "     data: profile, notice: {version: a, date: 2026-02-30, texts: []}}\n",
		"purposes.yaml:3: date: '2026-02-30' is not a date such as 2026-11-21\n"
		"purposes.yaml:3: texts: is empty\n" },
	{ ONE "     data: profile, notice: {version: a, date: 2026-02-28, texts: [\n"
	      "       {language: en, sha256: " HASH "},\n"
	      "       {language: en, sha256: 12}]}}\n",
		"purposes.yaml:5: sha256: '12' is not 64 hexadecimal digits, as sha256sum prints "
		"them\n"
		"purposes.yaml:5: language: 'en' stands twice in this notice\n" },
	{ "purposes:\n  - {purpose: p, text: Some., use: essentail, basis: contracts, data: profile}\n",
		"purposes.yaml:2: use: 'essentail' is not a data use of the Fides taxonomy 3.2\n"
		"purposes.yaml:2: basis: 'contracts' is not one of consent, contract, "
		"legal_obligation, vital_interests, public_interest, legitimate_interests; did you "
		"mean 'contract'?\n" },
	{ "purposes:\n  - {purpose: p, text: Some., use: sales, basis: contract, data: profile,\n"
	  "     objection: possible}\n",
		"purposes.yaml:3: objection: is 'absolute' by law for this basis and use (Art. 21 "
		"GDPR)\n" },
	{ ONE "     data: profile, withdrawal_erases: profile}\n",
		"purposes.yaml:3: withdrawal_erases: only a purpose with 'basis: consent' has one\n" },
	{ "purposes:\n"
	  "  - {purpose: p, text: A., use: essential, basis: consent, data: [profile, bill],\n"
	  "     notice: {version: a, date: 2026-02-28, texts: [{language: en, sha256: " HASH "}]},\n"
	  "     withdrawal_erases: [bill, profile, visit.health]}\n"
	  "  - {purpose: q, text: B., use: essential, basis: contract, data: profile.name}\n"
	  "  - {purpose: r, text: C., use: essential, basis: contract, data: '*',\n"
	  "     special_basis: legal_claims}\n",
		"purposes.yaml:4: withdrawal_erases: 'profile' is also data of the purpose 'q'\n"
		"purposes.yaml:4: withdrawal_erases: 'visit.health' is not among the data of this "
		"purpose\n" },
	{ "purposes: []\nrecipients:\n  - {recipient: a, text: A., country: Germany}\n"
	  "  - {recipient: a, text: B.}\n",
		"purposes.yaml:3: country: 'Germany' is not a country's two letters, as DE or CN\n"
		"purposes.yaml:4: recipient: 'a' stands twice\n" },
};

static void broken_purposes_are_refused_with_all_that_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct faults faults = FAULTS_INIT;

		assert_null(load(broken[i][0], ROLES, &faults));
		expect_faults(&faults, broken[i][1]);
		faults_done(&faults);
	}
}

static struct policy *load_good(const char *text)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = load(text, ROLES, &faults);

	expect_faults(&faults, "");
	assert_non_null(p);
	return p;
}

static void a_purpose_covers_what_it_names_and_nothing_else(void **state)
{
	struct policy *p = load_good(ONE "     data: [profile.note, bill, visit.health.day]}\n");
	const struct purpose *u = policy_find_purpose(p, "p");

	(void)state;
	assert_true(purpose_covers(u, "profile"));
	assert_true(purpose_covers_field(u, "profile", "note"));
	assert_false(purpose_covers_field(u, "profile", "name"));
	assert_false(purpose_covers_field(u, "profile", "gone"));
	assert_true(purpose_covers_field(u, "bill", "sum"));
	assert_true(purpose_covers_field(u, "bill", "of_an_earlier_schema"));
	assert_true(purpose_covers_field(u, "visit.health", "day"));
	assert_false(purpose_covers_field(u, "visit.health", "finding"));
	assert_false(purpose_covers(u, "order"));
	assert_string_equal(u->sensitive, "user.financial");
	assert_null(policy_find_purpose(p, "q"));
	policy_unref(p);
}

static void a_star_covers_everything(void **state)
{
	struct policy *p = load_good(ONE "     data: '*', special_basis: legal_claims}\n");
	const struct purpose *u = policy_find_purpose(p, "p");

	(void)state;
	assert_true(purpose_covers(u, "whatever"));
	assert_true(purpose_covers_field(u, "profile", "name"));
	assert_string_equal(u->sensitive, "user.health");
	assert_string_equal(u->subjects.v[0], "customer");
	policy_unref(p);
}

static void who_may_object_follows_from_basis_and_use(void **state)
{
	static const struct {
		const char *use, *basis, *more;
		int objection;
	} cases[] = {
		{ "essential", "contract", "", OBJECTION_NONE },
		{ "essential", "contract", ", objection: absolute", OBJECTION_ABSOLUTE },
		{ "essential", "public_interest", "", OBJECTION_POSSIBLE },
		{ "analytics", "legitimate_interests", "", OBJECTION_POSSIBLE },
		{ "analytics", "legitimate_interests", ", objection: absolute", OBJECTION_ABSOLUTE },
		{ "marketing.communications", "legitimate_interests", "", OBJECTION_ABSOLUTE },
		{ "sales", "contract", "", OBJECTION_ABSOLUTE },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *p;

		snprintf(text, sizeof(text),
			"purposes: [{purpose: p, text: Some., use: %s, basis: %s, data: profile%s}]\n",
			cases[i].use, cases[i].basis, cases[i].more);
		p = load_good(text);
		assert_int_equal(policy_find_purpose(p, "p")->objection, cases[i].objection);
		policy_unref(p);
	}
}

static void a_schema_at_fault_brings_no_faults_of_purposes(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct test_dir d;

	(void)state;
	test_dir_make(&d);
	test_dir_put(&d, "schema.yaml", span_str("collections: 5\n"));
	test_dir_put(&d, "roles.yaml", span_str(ROLES));
	test_dir_put(&d, "purposes.yaml", span_str(ONE "     data: [profile]}\n"));
	assert_int_equal(policy_load(d.path, &faults, &p, NULL), CU_EINVAL);
	expect_faults(&faults, "schema.yaml:1: collections: must be a list\n");
	faults_done(&faults);
	test_dir_remove(&d);
}

static void the_shipped_purposes_are_those_of_the_shipped_roles(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	const struct purpose *mail;

	(void)state;
	assert_int_equal(policy_load(shipped, &faults, &p, NULL), 0);

	mail = policy_find_purpose(p, "marketing_email");
	assert_int_equal(mail->basis, BASIS_CONSENT);
	assert_int_equal(mail->expires.n, 2);
	assert_true(purpose_covers_field(mail, "contact_point", "email"));
	assert_false(purpose_covers_field(mail, "contact_point", "phone"));
	assert_null(mail->sensitive);
	assert_non_null(notice_find_text(&mail->notice, "zh"));
	assert_null(notice_find_text(&mail->notice, "fr"));
	assert_true(purpose_has_channel(policy_find_purpose(p, "survey"), "phone"));
	assert_false(purpose_has_channel(policy_find_purpose(p, "survey"), "fax"));
	assert_int_equal(policy_find_purpose(p, "analytics")->objection, OBJECTION_POSSIBLE);
	assert_int_equal(policy_find_purpose(p, "marketing_post")->objection, OBJECTION_ABSOLUTE);
	assert_false(purpose_covers(policy_find_purpose(p, "customer_service"), "behaviour"));
	policy_unref(p);
}

static void expect_text(const struct purpose *p, const struct notice_text *t)
{
	struct buf text = BUF_INIT;
	char path[PATH_SIZE], hex[2 * HASH_SIZE + 1];
	uint8_t digest[HASH_SIZE];

	snprintf(path, sizeof(path), "%s/notices/%s-%s.%s.txt", shipped, p->key,
		p->notice.version, t->language);
	assert_int_equal(path_read_file(path, 1 << 20, &text, NULL), 0);
	hash_sha256(buf_span(&text), digest);
	text_hex(digest, sizeof(digest), hex);
	assert_string_equal(hex, t->sha256);
	buf_done(&text);
}

static void the_shipped_notices_have_the_hashes_that_purposes_name(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(policy_load(shipped, &faults, &p, NULL), 0);

	for (size_t i = 0; i < policy_purposes(p)->n; i++) {
		const struct purpose *u = &policy_purposes(p)->v[i];

		for (size_t k = 0; k < u->notice.ntexts; k++, n++) {
			expect_text(u, &u->notice.texts[k]);
		}
	}
	assert_int_equal(n, 4);
	policy_unref(p);
}

static void children_of_a_special_category_are_special(void **state)
{
	(void)state;
	assert_true(category_is_special("user.health.condition"));
	assert_true(category_is_special("user.biometrics"));
	assert_false(category_is_special("user.financial"));
	assert_true(category_is_sensitive("user.financial.bank_account"));
	assert_true(category_is_sensitive("user.health"));
	assert_false(category_is_sensitive("user.contact.email"));
	assert_true(use_is_marketing("marketing.communications.email"));
	assert_false(use_is_marketing("analytics"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_purposes_are_refused_with_all_that_is_wrong),
		cmocka_unit_test(a_purpose_covers_what_it_names_and_nothing_else),
		cmocka_unit_test(a_star_covers_everything),
		cmocka_unit_test(who_may_object_follows_from_basis_and_use),
		cmocka_unit_test(a_schema_at_fault_brings_no_faults_of_purposes),
		cmocka_unit_test(the_shipped_purposes_are_those_of_the_shipped_roles),
		cmocka_unit_test(the_shipped_notices_have_the_hashes_that_purposes_name),
		cmocka_unit_test(children_of_a_special_category_are_special),
	};

	shipped = argc > 1 ? argv[1] : "policies";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
