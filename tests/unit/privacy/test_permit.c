/* May this caller use this person's data for this purpose?  Role, purpose, person, basis, fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "policy/access.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/permit.h"
#include "store/rule.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char schema[] =
	"collections: [{collection: c, category: user, level: public, anchor: none,\n"
	"  fields: [{field: a, type: text}]}]\n";

static const char purposes[] =
	"purposes:\n"
	"  - {purpose: service, text: Serving., use: essential, basis: contract, data: '*'}\n"
	"  - {purpose: score, text: Scoring., use: essential, basis: contract, data: '*', automated: yes}\n"
	"  - {purpose: post, text: Letters., use: marketing, basis: legitimate_interests, data: '*'}\n"
	"  - {purpose: mail, text: Mails., use: marketing, basis: consent, data: '*',\n"
	"     notice: {version: a, date: 2026-11-21, texts: [{language: en, sha256: " HASH "}]}}\n";

static const char roles[] =
	"roles:\n"
	"  - {role: app, operations: [subject.get], purposes: [service, mail, post],\n"
	"     level: internal}\n"
	"  - {role: officer, operations: [subject.*, consent.*, restriction.*], purposes: '*'}\n"
	"  - {role: all_but_purposes, operations: '*'}\n"
	"operators:\n"
	"  - {uid: 1, roles: [app]}\n"
	"  - {uid: 2, roles: [officer]}\n"
	"  - {uid: 3, roles: [all_but_purposes]}\n"
	"  - {uid: 4, roles: [app, officer]}\n";

static struct policy *policy;

static int set_up(void **state)
{
	char dir[] = "/tmp/custos-permit-XXXXXX";
	struct faults faults = FAULTS_INIT;
	const char *const names[] = { "schema.yaml", "purposes.yaml", "roles.yaml" };
	const char *const texts[] = { schema, purposes, roles };
	int r;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(path_put_file(dir, names[i], span_str(texts[i]), 0600, NULL), 0);
	}
	r = policy_load(dir, &faults, &policy, NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(path_remove(dir, names[i], NULL), 0);
	}
	assert_int_equal(rmdir(dir), 0);
	return r;
}

static int tear_down(void **state)
{
	(void)state;
	policy_unref(policy);
	return 0;
}

static int begin(uid_t uid, const char *operation, const char *purpose, struct permit *ret,
	struct cu_err *err)
{
	struct access_rights a = policy_access(policy, uid, NULL, 0);

	return permit_begin(&a, operation, purpose, (unsigned)uid, operation, ret, err);
}

static struct permit must_begin(uid_t uid, const char *purpose)
{
	struct permit p;

	assert_int_equal(begin(uid, "subject.get", purpose, &p, NULL), 0);
	return p;
}

static void without_role_or_purpose_there_is_no_permit(void **state)
{
	struct cu_err err = { 0 };
	struct permit p;

	(void)state;
	assert_int_equal(begin(1, "subject.get", "", &p, &err), CU_EINVAL);
	assert_int_equal(begin(1, "subject.get", "for Ada", &p, &err), CU_EINVAL);
	assert_int_equal(begin(1, "subject.get", "billing", &p, &err), CU_EDENIED);
	assert_int_equal(begin(2, "subject.get", "billing", &p, &err), CU_EINVAL);
	assert_string_equal(err.msg, "purpose: purposes.yaml has no such purpose");
	assert_int_equal(begin(1, "subject.add", "service", &p, &err), CU_EDENIED);
	assert_int_equal(begin(3, "subject.get", "service", &p, &err), CU_EDENIED);
	assert_int_equal(begin(9, "subject.get", "service", &p, &err), CU_EDENIED);
}

static void the_most_that_a_role_allows_is_what_is_seen(void **state)
{
	(void)state;
	assert_int_equal(must_begin(1, "service").level, LEVEL_INTERNAL);
	assert_int_equal(must_begin(2, "service").level, LEVEL_RESTRICTED);
	assert_int_equal(must_begin(4, "service").level, LEVEL_RESTRICTED);
	assert_false(must_begin(1, "service").may_know);
	assert_true(must_begin(2, "service").may_know);
	assert_true(must_begin(2, "service").may_thaw);
}

static struct standing stands(enum consent_state state, bool is_live)
{
	return (struct standing){ .exists = true, .who.state = SUBJECT_LIVE, .state = state,
		.is_live = is_live };
}

static void what_a_person_said_decides_where_it_is_the_basis(void **state)
{
	static const struct {
		const char *purpose;
		enum consent_state state;
		bool is_live, is_objected;
		enum permit_verdict verdict;
	} cases[] = {
		{ "service", CONSENT_NONE, false, false, PERMIT_GRANTED },
		{ "service", CONSENT_WITHDRAWN, false, true, PERMIT_GRANTED },
		{ "mail", CONSENT_NONE, false, false, PERMIT_UNASKED },
		{ "mail", CONSENT_REQUESTED, false, false, PERMIT_UNASKED },
		{ "mail", CONSENT_GIVEN, true, false, PERMIT_GRANTED },
		{ "mail", CONSENT_RENEWED, true, false, PERMIT_GRANTED },
		{ "mail", CONSENT_REFUSED, false, false, PERMIT_REFUSED },
		{ "mail", CONSENT_WITHDRAWN, false, false, PERMIT_WITHDRAWN },
		{ "mail", CONSENT_EXPIRED, false, false, PERMIT_EXPIRED },
		{ "mail", CONSENT_INVALIDATED, false, false, PERMIT_INVALIDATED },
		{ "mail", CONSENT_GIVEN, true, true, PERMIT_OBJECTED },
		{ "post", CONSENT_NONE, false, false, PERMIT_GRANTED },
		{ "post", CONSENT_NONE, false, true, PERMIT_OBJECTED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct permit p = must_begin(1, cases[i].purpose);
		struct standing s = stands(cases[i].state, cases[i].is_live);

		s.is_objected = cases[i].is_objected;
		if (permit_judge(&p, &s) != cases[i].verdict) {
			fail_msg("case %zu: %s", i, permit_word(permit_judge(&p, &s)));
		}
	}
}

static void who_is_unknown_erased_or_frozen_is_not_touched(void **state)
{
	struct permit app = must_begin(1, "service"), officer = must_begin(2, "service");
	struct standing s = stands(CONSENT_NONE, false);

	(void)state;
	s.exists = false;
	assert_int_equal(permit_judge(&officer, &s), PERMIT_UNKNOWN);
	s = stands(CONSENT_NONE, false);
	s.who.state = SUBJECT_ERASING;
	assert_int_equal(permit_judge(&officer, &s), PERMIT_ERASING);
	s = stands(CONSENT_NONE, false);
	s.who.is_restricted = true;
	assert_int_equal(permit_judge(&app, &s), PERMIT_RESTRICTED);
	assert_int_equal(permit_judge(&officer, &s), PERMIT_GRANTED); /* restriction.read */
}

static void who_may_not_know_is_told_the_same_of_everybody(void **state)
{
	struct permit app = must_begin(1, "mail"), officer = must_begin(2, "mail");
	struct standing cases[4] = { stands(CONSENT_WITHDRAWN, false), stands(CONSENT_NONE, false),
		stands(CONSENT_GIVEN, true), stands(CONSENT_GIVEN, true) };
	char first[256] = "", last[256] = "";

	(void)state;
	cases[1].exists = false;
	cases[2].who.state = SUBJECT_ERASING;
	cases[3].who.is_restricted = true;
	for (int i = 0; i < 4; i++) {
		struct cu_err err = { 0 };
		struct buf out = BUF_INIT;
		struct json j = json_to(&out);

		assert_int_equal(permit_check(&app, &cases[i], &err), CU_ENOENT);
		json_open_object(&j, NULL);
		permit_explain(&app, &cases[i], &j);
		json_close_object(&j);
		snprintf(last, sizeof(last), "%s", err.msg);
		strncat(last, buf_cstr(&out), sizeof(last) - strlen(last) - 1);
		if (i > 0) {
			assert_string_equal(first, last);
		}
		strcpy(first, last);
		buf_done(&out);
	}
	assert_null(strstr(first, "withdrawn"));
	assert_int_equal(permit_check(&officer, &cases[0], NULL), CU_EDENIED);
	assert_int_equal(permit_check(&officer, &cases[1], NULL), CU_ENOENT);
	assert_int_equal(permit_check(&officer, &cases[2], NULL), CU_EDENIED);
}

static void who_was_never_asked_may_be_written_of_and_who_said_no_not(void **state)
{
	struct permit p = must_begin(2, "mail");
	struct standing unasked = stands(CONSENT_NONE, false), no = stands(CONSENT_REFUSED, false);

	(void)state;
	assert_int_equal(permit_check_write(&p, &unasked, NULL), 0);
	assert_int_equal(permit_check(&p, &unasked, NULL), CU_EDENIED);
	assert_int_equal(permit_check_write(&p, &no, NULL), CU_EDENIED);
}

static void a_derivation_ends_with_the_step_that_decides(void **state)
{
	struct permit p = must_begin(2, "mail");
	struct standing s = stands(CONSENT_WITHDRAWN, false);
	struct buf out = BUF_INIT;
	struct json j = json_to(&out);

	(void)state;
	s.event = (struct row_consent){ .state = CONSENT_WITHDRAWN, .at_ms = 1795298944123,
		.channel = "phone" };
	json_open_object(&j, NULL);
	permit_explain(&p, &s, &j);
	json_close_object(&j);
	assert_string_equal(buf_cstr(&out),
		"{\"allowed\":false,\"verdict\":\"withdrawn\",\"steps\":["
		"{\"step\":\"role\",\"passed\":true,\"text\":\"allows this operation for the purpose\"},"
		"{\"step\":\"purpose\",\"passed\":true,\"text\":\"Mails.\"},"
		"{\"step\":\"basis\",\"passed\":true,\"text\":\"consent, Art. 6(1)(a) GDPR\"},"
		"{\"step\":\"person\",\"passed\":true,\"text\":\"is known\"},"
		"{\"step\":\"restriction\",\"passed\":true,\"text\":\"none\"},"
		"{\"step\":\"consent\",\"passed\":false,\"text\":\"withdrawn on 2026-11-21, channel phone\"}"
		"]}");
	buf_done(&out);
}

static void expect_last_step(uid_t uid, const char *purpose, const struct standing *s, const char *step)
{
	struct permit p = must_begin(uid, purpose);
	struct buf out = BUF_INIT;
	struct json j = json_to(&out);
	const char *text, *last;

	json_open_object(&j, NULL);
	permit_explain(&p, s, &j);
	json_close_object(&j);
	text = buf_cstr(&out);
	last = strstr(text, step);
	if (!last || strcmp(last + strlen(step), "]}") != 0) {
		fail_msg("'%s' is not the last step of %s", step, text);
	}
	buf_done(&out);
}

static void a_derivation_says_what_was_objected_restricted_or_is_over(void **state)
{
	struct standing s = stands(CONSENT_NONE, false);

	(void)state;
	expect_last_step(2, "post", &s, "{\"step\":\"objection\",\"passed\":true,\"text\":\"none\"}");
	s.is_objected = true;
	s.objection.at_ms = 1795298944123;
	expect_last_step(2, "post", &s,
		"{\"step\":\"objection\",\"passed\":false,\"text\":\"objected on 2026-11-21 (absolute)\"}");
	/* where it is no ground, it is no step */
	expect_last_step(2, "service", &s, "{\"step\":\"restriction\",\"passed\":true,\"text\":\"none\"}");

	s = stands(CONSENT_NONE, false);
	expect_last_step(2, "mail", &s, "{\"step\":\"consent\",\"passed\":false,\"text\":\"nobody ever asked\"}");
	s.who.is_restricted = true;
	expect_last_step(2, "service", &s,
		"{\"step\":\"restriction\",\"passed\":true,\"text\":\"stored only; the role may read it\"}");
	s.exists = false;
	expect_last_step(2, "service", &s, "{\"step\":\"person\",\"passed\":false,\"text\":\"there is no such data subject\"}");

	s = stands(CONSENT_EXPIRED, false);
	s.event = (struct row_consent){ .state = CONSENT_GIVEN, .at_ms = 1795298944123, .notice = "a",
		.expires_ms = 1795298944123 + 86400000 };
	expect_last_step(2, "mail", &s,
		"{\"step\":\"consent\",\"passed\":false,"
		"\"text\":\"given on 2026-11-21, notice a, expired on 2026-11-22\"}");
}

static bool uses(uid_t uid, const char *purpose, const char *text)
{
	struct permit p = must_begin(uid, purpose);
	struct rule rule;
	struct cu_err err;

	if (rule_parse(text, &rule, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	return permit_uses(&p, &rule);
}

static void a_record_may_narrow_to_purposes_and_roles_and_object(void **state)
{
	(void)state;
	assert_true(uses(1, "service", ""));
	assert_true(uses(1, "service", "ppost\npservice\n"));
	assert_false(uses(1, "service", "ppost\n"));
	assert_false(uses(1, "post", "opost\n"));
	assert_true(uses(1, "service", "opost\n"));
	assert_true(uses(1, "service", "rapp\n"));
	assert_false(uses(1, "service", "rofficer\n"));
	assert_true(uses(4, "service", "rofficer\n"));
	/* says nothing about who may read it */
	assert_true(uses(1, "service", "smailing\nfshop\nk30d\n"));
}

/* Art. 22; and Art. 9, where a record is of a special category and the purpose has no basis for such. */
static void automated_decisions_and_special_categories_are_for_purposes_that_may(void **state)
{
	(void)state;
	assert_false(uses(2, "score", "ano\n"));
	assert_true(uses(2, "score", "ayes\n"));
	assert_true(uses(1, "service", "ano\n"));
	assert_false(uses(1, "service", "cuser.health\n"));
	assert_true(uses(1, "service", "cuser.contact\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_role_or_purpose_there_is_no_permit),
		cmocka_unit_test(the_most_that_a_role_allows_is_what_is_seen),
		cmocka_unit_test(what_a_person_said_decides_where_it_is_the_basis),
		cmocka_unit_test(who_is_unknown_erased_or_frozen_is_not_touched),
		cmocka_unit_test(who_may_not_know_is_told_the_same_of_everybody),
		cmocka_unit_test(who_was_never_asked_may_be_written_of_and_who_said_no_not),
		cmocka_unit_test(a_derivation_ends_with_the_step_that_decides),
		cmocka_unit_test(a_derivation_says_what_was_objected_restricted_or_is_over),
		cmocka_unit_test(a_record_may_narrow_to_purposes_and_roles_and_object),
		cmocka_unit_test(automated_decisions_and_special_categories_are_for_purposes_that_may),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
