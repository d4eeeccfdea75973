/* Whom a request tells, and when: by purposes.yaml, and by where the request is. */
#include "check.h"

#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/outgoing.h"
#include "privacy/request.h"

static const char *shipped;

static void a_notice_waits_for_what_it_tells(void **state)
{
	static const struct {
		unsigned state;
		unsigned type;
		const char *stage;
	} cases[] = { { REQ_COOLING_OFF, REQUEST_ERASURE, "waiting" },
		{ REQ_EXECUTING, REQUEST_ERASURE, "waiting" },
		{ REQ_LIVE_DONE, REQUEST_ERASURE, "ready" },
		{ REQ_BACKUPS_PENDING, REQUEST_ERASURE, "ready" },
		{ REQ_FULFILLED, REQUEST_ERASURE, "ready" },
		{ REQ_NEEDS_INPUT, REQUEST_RECTIFICATION, "ready" },
		{ REQ_NEEDS_INPUT, REQUEST_RESTRICTION, "ready" },
		{ REQ_REVOKED, REQUEST_RECTIFICATION, "void" },
		{ REQ_DENIED, REQUEST_RESTRICTION, "void" } };
	struct row_outgoing o = { .kind = LETTER_KIND_NOTICE, .recipient = "carrier" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct row_dsr row = { .state = cases[i].state, .type = cases[i].type,
			.closed_ms = !request_is_open(cases[i].state) };

		o.state = OUTGOING_PREPARED;
		assert_string_equal(outgoing_stage(&row, &o), cases[i].stage);
		o.state = OUTGOING_SENT;
		assert_string_equal(outgoing_stage(&row, &o), "sent");
		o.state = OUTGOING_WAIVED;
		assert_string_equal(outgoing_stage(&row, &o), "waived");
	}
}

static void a_recipient_gets_what_its_purposes_cover_and_no_more(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct cu_err err = { 0 };
	const struct purposes *all;
	bool used[64] = { false };
	size_t mail;

	(void)state;
	assert_ok(policy_load(shipped, &faults, &p, &err), &err);
	all = policy_purposes(p);
	mail = (size_t)(purposes_find(all, "marketing_email") - all->v);
	assert_false(outgoing_gets(all, used, "mailing", "contact_point", NULL)); /* never asked */
	for (size_t i = 0; i < all->n; i++) {
		used[i] = i != mail;
	}
	assert_false(outgoing_gets(all, used, "mailing", "contact_point", NULL)); /* others' purposes */
	used[mail] = true;
	assert_true(outgoing_gets(all, used, "mailing", "contact_point", NULL));
	assert_true(outgoing_gets(all, used, "mailing", "contact_point", "email"));
	assert_false(outgoing_gets(all, used, "mailing", "contact_point", "street"));
	assert_false(outgoing_gets(all, used, "mailing", "transaction", NULL));
	assert_false(outgoing_gets(all, used, "carrier", "contact_point", NULL));
	policy_unref(p);
}

static void words_lead_back_to_their_numbers(void **state)
{
	(void)state;
	for (unsigned i = 1; i < OUTGOING_NWHYS_; i++) {
		assert_int_equal(outgoing_why_parse(outgoing_why_word(i)), i);
	}
	assert_int_equal(outgoing_why_parse("lazy"), 0);
	assert_string_equal(outgoing_why_word(77), "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_waits_for_what_it_tells),
		cmocka_unit_test(a_recipient_gets_what_its_purposes_cover_and_no_more),
		cmocka_unit_test(words_lead_back_to_their_numbers),
	};

	assert_true(argc > 1);
	shipped = argv[1];
	return cmocka_run_group_tests_name("outgoing", tests, NULL, NULL);
}
