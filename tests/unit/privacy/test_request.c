/* Every state and every event: what may follow on what, and that a move is stored and told. */
#include "store_help.h"

#include "policy/law.h"
#include "privacy/request.h"
#include "store/reader_dsr.h"
#include "store/tx_dsr.h"

/* Everything that a guard could ask for is there. */
static struct row_dsr ready(enum request_type type)
{
	return (struct row_dsr){ .number = 7, .type = type, .subject = { { 1 } }, .method = METHOD_CODE,
		.due_day = 20000, .extension_day = CIVIL_NO_DAY, .erasure = { { 2 } }, .duplicate_of = 3,
		.reason = "excessive" };
}

/* For each state what each event leads to; what is not here must not happen. */
struct allowed {
	enum request_state from;
	enum request_event on;
	enum request_state to;
};

#define EVERYONE                                                        \
	{ REQ_RECEIVED, REQ_ON_FIND, REQ_IDENTITY_PENDING },             \
	{ REQ_RECEIVED, REQ_ON_DENY, REQ_DENIED },                       \
	{ REQ_RECEIVED, REQ_ON_REVOKE, REQ_REVOKED },                    \
	{ REQ_RECEIVED, REQ_ON_LAPSE, REQ_LAPSED },                      \
	{ REQ_IDENTITY_PENDING, REQ_ON_FIND, REQ_IDENTITY_PENDING },     \
	{ REQ_IDENTITY_PENDING, REQ_ON_VERIFY, REQ_SCOPING },            \
	{ REQ_IDENTITY_PENDING, REQ_ON_DENY, REQ_DENIED },               \
	{ REQ_IDENTITY_PENDING, REQ_ON_REVOKE, REQ_REVOKED },            \
	{ REQ_IDENTITY_PENDING, REQ_ON_LAPSE, REQ_LAPSED },              \
	{ REQ_SCOPING, REQ_ON_FIND, REQ_IDENTITY_PENDING },              \
	{ REQ_SCOPING, REQ_ON_DUPLICATE, REQ_DUPLICATE },                \
	{ REQ_SCOPING, REQ_ON_DENY, REQ_DENIED },                        \
	{ REQ_SCOPING, REQ_ON_REVOKE, REQ_REVOKED },                     \
	{ REQ_AWAITING_APPROVAL, REQ_ON_GRANT, REQ_APPROVED },           \
	{ REQ_AWAITING_APPROVAL, REQ_ON_WITHHOLD, REQ_SCOPING },         \
	{ REQ_AWAITING_APPROVAL, REQ_ON_DENY, REQ_DENIED },              \
	{ REQ_AWAITING_APPROVAL, REQ_ON_REVOKE, REQ_REVOKED },           \
	{ REQ_APPROVED, REQ_ON_WITHHOLD, REQ_SCOPING },                  \
	{ REQ_APPROVED, REQ_ON_DENY, REQ_DENIED },                       \
	{ REQ_APPROVED, REQ_ON_REVOKE, REQ_REVOKED },                    \
	{ REQ_COOLING_OFF, REQ_ON_GRACE_OVER, REQ_EXECUTING },           \
	{ REQ_COOLING_OFF, REQ_ON_CANCEL, REQ_SCOPING },                 \
	{ REQ_COOLING_OFF, REQ_ON_REVOKE, REQ_REVOKED },                 \
	{ REQ_NEEDS_INPUT, REQ_ON_ANSWER, REQ_EXECUTING },               \
	{ REQ_NEEDS_INPUT, REQ_ON_DENY, REQ_DENIED },                    \
	{ REQ_NEEDS_INPUT, REQ_ON_REVOKE, REQ_REVOKED },                 \
	{ REQ_HELD, REQ_ON_RELEASE, REQ_APPROVED },                      \
	{ REQ_HELD, REQ_ON_DENY, REQ_DENIED },                           \
	{ REQ_HELD, REQ_ON_REVOKE, REQ_REVOKED },                        \
	{ REQ_LIVE_DONE, REQ_ON_AWAIT_BACKUPS, REQ_BACKUPS_PENDING }

static const struct allowed of_erasure[] = { EVERYONE,
	{ REQ_SCOPING, REQ_ON_ASK, REQ_AWAITING_APPROVAL },
	{ REQ_APPROVED, REQ_ON_HOLD, REQ_HELD },
	{ REQ_APPROVED, REQ_ON_EXECUTE, REQ_COOLING_OFF },
	{ REQ_EXECUTING, REQ_ON_LIVE_DONE, REQ_LIVE_DONE },
	{ REQ_LIVE_DONE, REQ_ON_COMPLETE, REQ_FULFILLED },
	{ REQ_BACKUPS_PENDING, REQ_ON_COMPLETE, REQ_FULFILLED } };
static const struct allowed at_once[] = { EVERYONE,
	{ REQ_SCOPING, REQ_ON_EXECUTE, REQ_EXECUTING },
	{ REQ_APPROVED, REQ_ON_EXECUTE, REQ_EXECUTING },
	{ REQ_EXECUTING, REQ_ON_HAND_OVER, REQ_NEEDS_INPUT },
	{ REQ_EXECUTING, REQ_ON_COMPLETE, REQ_FULFILLED } };
static const struct allowed of_others[] = { EVERYONE,
	{ REQ_SCOPING, REQ_ON_ASK, REQ_AWAITING_APPROVAL },
	{ REQ_APPROVED, REQ_ON_EXECUTE, REQ_EXECUTING },
	{ REQ_EXECUTING, REQ_ON_HAND_OVER, REQ_NEEDS_INPUT },
	{ REQ_EXECUTING, REQ_ON_COMPLETE, REQ_FULFILLED } };

static unsigned wanted(const struct allowed *v, size_t n, unsigned from, unsigned on)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].from == from && v[i].on == on) {
			return v[i].to;
		}
	}
	return 0;
}

static void check_all(struct row_dsr row, const struct allowed *v, size_t n)
{
	for (unsigned state = 1; state < REQUEST_NSTATES_; state++) {
		for (unsigned on = 0; on < REQUEST_NEVENTS_; on++) {
			unsigned to = 0, want = wanted(v, n, state, on);
			bool leads;

			row.state = state;
			leads = request_leads(&row, (enum request_event)on, &to);
			if (leads != (want != 0) || to != want) {
				fail_msg("%s, event %u: to '%s', wanted '%s'", request_state_word(state), on,
					request_state_word(to), request_state_word(want));
			}
			assert_int_equal(request_may(&row, (enum request_event)on, NULL),
				want ? 0 : CU_EBUSY);
		}
	}
}

static void an_erasure_moves_as_the_table_says_and_not_otherwise(void **state)
{
	(void)state;
	check_all(ready(REQUEST_ERASURE), of_erasure, sizeof(of_erasure) / sizeof(of_erasure[0]));
}

static void all_others_move_as_the_table_says_and_not_otherwise(void **state)
{
	(void)state;
	for (int type = 0; type < NREQUEST_TYPES; type++) {
		if (request_is_at_once((unsigned)type)) {
			check_all(ready((enum request_type)type), at_once,
				sizeof(at_once) / sizeof(at_once[0]));
		} else if (type != REQUEST_ERASURE) {
			check_all(ready((enum request_type)type), of_others,
				sizeof(of_others) / sizeof(of_others[0]));
		}
	}
}

static void what_is_closed_stays_closed(void **state)
{
	(void)state;
	for (unsigned s = 1; s < REQUEST_NSTATES_; s++) {
		struct row_dsr row = ready(REQUEST_ERASURE);
		unsigned to, n = 0;

		row.state = s;
		for (unsigned on = 0; on < REQUEST_NEVENTS_; on++) {
			n += request_leads(&row, (enum request_event)on, &to);
		}
		assert_true(request_is_open(s) == (n > 0)); /* and what is open leads somewhere */
	}
}

/* One fact is taken away at a time. */
static void nothing_goes_on_while_what_it_needs_is_not_known(void **state)
{
	struct row_dsr row;
	unsigned to = 0;

	(void)state;
#define NO_MOVE(type, from, on, take)                        \
	row = ready(type);                                   \
	row.state = from;                                    \
	assert_true(request_leads(&row, on, &to));           \
	take;                                                \
	assert_false(request_leads(&row, on, &to))
	NO_MOVE(REQUEST_ACCESS, REQ_RECEIVED, REQ_ON_FIND, row.subject = (struct id){ { 0 } });
	NO_MOVE(REQUEST_ACCESS, REQ_IDENTITY_PENDING, REQ_ON_VERIFY, row.method = 0);
	NO_MOVE(REQUEST_ACCESS, REQ_IDENTITY_PENDING, REQ_ON_VERIFY, row.subject = (struct id){ { 0 } });
	NO_MOVE(REQUEST_ACCESS, REQ_SCOPING, REQ_ON_ASK, row.due_day = CIVIL_NO_DAY); /* P8 */
	NO_MOVE(REQUEST_ACCESS, REQ_SCOPING, REQ_ON_ASK, row.method = 0);
	NO_MOVE(REQUEST_WITHDRAWAL, REQ_SCOPING, REQ_ON_EXECUTE, row.due_day = CIVIL_NO_DAY);
	NO_MOVE(REQUEST_ACCESS, REQ_SCOPING, REQ_ON_DUPLICATE, row.method = 0);
	NO_MOVE(REQUEST_ACCESS, REQ_SCOPING, REQ_ON_DUPLICATE, row.duplicate_of = 7);
	NO_MOVE(REQUEST_ACCESS, REQ_SCOPING, REQ_ON_DUPLICATE, row.duplicate_of = 0);
	NO_MOVE(REQUEST_ACCESS, REQ_SCOPING, REQ_ON_DENY, row.reason[0] = '\0');
	NO_MOVE(REQUEST_ERASURE, REQ_APPROVED, REQ_ON_EXECUTE, row.erasure = (struct id){ { 0 } });
	NO_MOVE(REQUEST_ERASURE, REQ_EXECUTING, REQ_ON_LIVE_DONE, row.erasure = (struct id){ { 0 } });
#undef NO_MOVE
}

static void nothing_is_fulfilled_before_the_recipients_are_told(void **state)
{
	static const struct {
		enum request_type type;
		enum request_state from;
		enum request_event on;
	} ends[] = { { REQUEST_RECTIFICATION, REQ_NEEDS_INPUT, REQ_ON_ANSWER },
		{ REQUEST_RESTRICTION, REQ_EXECUTING, REQ_ON_COMPLETE },
		{ REQUEST_ERASURE, REQ_LIVE_DONE, REQ_ON_COMPLETE },
		{ REQUEST_ERASURE, REQ_BACKUPS_PENDING, REQ_ON_COMPLETE } };

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct row_dsr row = ready(ends[i].type);
		struct cu_err err = { 0 };
		unsigned to;

		row.state = ends[i].from;
		assert_true(request_leads(&row, ends[i].on, &to));
		row.nkept = i & 1; /* a part of it, too */
		row.nuntold = 1;
		assert_false(request_leads(&row, ends[i].on, &to));
		assert_int_equal(request_may(&row, ends[i].on, &err), CU_EBUSY);
		assert_non_null(strstr(err.msg, "have not been told"));
	}
}

static void what_was_kept_makes_it_a_part(void **state)
{
	struct row_dsr row = ready(REQUEST_ERASURE);
	unsigned to = 0;

	(void)state;
	row.nkept = 1;
	row.state = REQ_BACKUPS_PENDING;
	assert_true(request_leads(&row, REQ_ON_COMPLETE, &to));
	assert_int_equal(to, REQ_PARTIALLY_FULFILLED);
	row.type = REQUEST_ACCESS;
	row.state = REQ_EXECUTING;
	assert_true(request_leads(&row, REQ_ON_COMPLETE, &to));
	assert_int_equal(to, REQ_PARTIALLY_FULFILLED);
}

static void who_comes_too_early_is_told_what_lacks(void **state)
{
	struct row_dsr row = ready(REQUEST_ERASURE);
	struct cu_err err;

	(void)state;
	row.state = REQ_RECEIVED;
	assert_fails(request_may(&row, REQ_ON_EXECUTE, &err), CU_EBUSY, &err, "'request identify'");
	row.state = REQ_IDENTITY_PENDING;
	assert_fails(request_may(&row, REQ_ON_ASK, &err), CU_EBUSY, &err, "'request verify'");
	row.state = REQ_SCOPING;
	assert_fails(request_may(&row, REQ_ON_EXECUTE, &err), CU_EBUSY, &err, "'request approve'");
	row.due_day = CIVIL_NO_DAY;
	assert_fails(request_may(&row, REQ_ON_ASK, &err), CU_EBUSY, &err, "'request clock'");
	row.state = REQ_DENIED;
	assert_fails(request_may(&row, REQ_ON_REVOKE, &err), CU_EBUSY, &err, "it is closed");
}

static void a_letter_that_was_written_before_a_decision_is_not_what_holds_now(void **state)
{
	struct row_dsr was = ready(REQUEST_ERASURE), now = was;

	(void)state;
	was.state = now.state = REQ_SCOPING;
	now.code_attempts++; /* of which no letter speaks */
	assert_true(request_is_as_was(&was, &now));
	now.state = REQ_DENIED;
	assert_false(request_is_as_was(&was, &now));
	now = was;
	now.nkept++;
	assert_false(request_is_as_was(&was, &now));
	now = was;
	strcpy(now.reason, "legal_claims");
	assert_false(request_is_as_was(&was, &now));
	now = was;
	now.extension = EXTENSION_NUMBER;
	assert_false(request_is_as_was(&was, &now));
	now = was;
	now.subject.b[0]++;
	assert_false(request_is_as_was(&was, &now));
}

static void words_lead_back_to_their_numbers(void **state)
{
	(void)state;
	for (unsigned i = 1; i < REQUEST_NCHANNELS_; i++) {
		assert_int_equal(request_channel_parse(request_channel_word(i)), i);
	}
	for (unsigned i = 1; i < REQUEST_NMETHODS_; i++) {
		assert_int_equal(request_method_parse(request_method_word(i)), i);
	}
	for (unsigned i = 1; i < REQUEST_NEXTENSIONS_; i++) {
		assert_int_equal(request_extension_parse(request_extension_word(i)), i);
	}
	assert_int_equal(request_channel_parse("pigeon"), 0);
	assert_string_equal(request_state_word(REQUEST_NSTATES_), "");
}

/* --- stored, and told ------------------------------------------------------------------- */

static int open_one(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct row_dsr *row = ctx;
	int r = tx_dsr_open(tx, row, err);

	return r < 0 ? r : request_move(tx, row, REQ_ON_FIND, err);
}

static int revoke_one(struct tx *tx, void *ctx, struct cu_err *err)
{
	return request_move(tx, ctx, REQ_ON_REVOKE, err);
}

static void a_move_is_stored_with_its_leaf_or_not_at_all(void **state)
{
	struct house h = { 0 };
	struct row_dsr row = { .type = REQUEST_ACCESS, .state = REQ_RECEIVED, .law = "gdpr",
		.subject = { { 9 } }, .received_day = 20000, .due_day = CIVIL_NO_DAY,
		.extension_day = CIVIL_NO_DAY }, got;
	struct reader *rd;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, open_one, &row);
	must_run(&h, STORE_CHANGE, revoke_one, &row);
	assert_fails(run_op(&h, STORE_CHANGE, revoke_one, &row, &err), CU_EBUSY, &err, "it is closed");
	reopen(&h);

	rd = store_reader_take(h.store);
	assert_int_equal(reader_dsr(rd, 1, &got, &err), 1);
	store_reader_give(h.store, rd);
	assert_int_equal(got.state, REQ_REVOKED);
	assert_int_equal(got.closed_ms, h.now_ms);
	assert_true(id_eq(&got.id, &row.id));
	assert_int_equal(leaves_with(&h, "act=request.open"), 1);
	assert_int_equal(leaves_with(&h, "why=identity_pending n=1"), 1);
	assert_int_equal(leaves_with(&h, "why=revoked n=1"), 1);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_erasure_moves_as_the_table_says_and_not_otherwise),
		cmocka_unit_test(all_others_move_as_the_table_says_and_not_otherwise),
		cmocka_unit_test(what_is_closed_stays_closed),
		cmocka_unit_test(nothing_goes_on_while_what_it_needs_is_not_known),
		cmocka_unit_test(nothing_is_fulfilled_before_the_recipients_are_told),
		cmocka_unit_test(what_was_kept_makes_it_a_part),
		cmocka_unit_test(who_comes_too_early_is_told_what_lacks),
		cmocka_unit_test(a_letter_that_was_written_before_a_decision_is_not_what_holds_now),
		cmocka_unit_test(words_lead_back_to_their_numbers),
		cmocka_unit_test(a_move_is_stored_with_its_leaf_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
