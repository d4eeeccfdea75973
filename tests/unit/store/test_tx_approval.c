#include "store_help.h"

#include "crypto/hash.h"
#include "store/tx_approval.h"

#define HOUR 3600000

static const struct id ada = { { 0xad } }, bob = { { 0xb0 } };

/* One move of an approval, by somebody. */
struct move {
	enum { ASK, GRANT, DENY, CHECK, USE, DROP, EXPIRE } what;
	struct id by, approval;
	const char *scope;
	const char *kind;
	int n;
};

static int apply_move(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct move *m = ctx;
	struct approval_ask ask = { m->kind, span_str(m->scope), .object = { { 0x0b } },
		.subject = { { 0x5b } }, .keep_ms = HOUR };

	tx->actor = m->by;
	switch (m->what) {
	case ASK: return tx_approval_ask(tx, &ask, &m->approval, err);
	case GRANT: return tx_approval_grant(tx, &m->approval, span_str(m->scope), err);
	case DENY: return tx_approval_deny(tx, &m->approval, err);
	case CHECK:
		return tx_approval_check(tx, &m->approval, m->kind, span_str(m->scope), err);
	case USE: return tx_approval_use(tx, &m->approval, m->kind, span_str(m->scope), err);
	case DROP: return tx_approval_drop(tx, &m->approval, err);
	case EXPIRE: m->n = tx_approval_expire(tx, err); return m->n;
	}
	return CU_EINTERNAL;
}

static int move(struct house *h, struct move *m, int what, const struct id *by, struct cu_err *err)
{
	m->what = what;
	m->by = *by;
	return run_op(h, STORE_CHANGE, apply_move, m, err);
}

static void must_move(struct house *h, struct move *m, int what, const struct id *by)
{
	struct cu_err err = { 0 };

	assert_ok(move(h, m, what, by, &err), &err);
}

static void assert_no_move(struct house *h, struct move *m, int what, const struct id *by,
	int code, const char *why)
{
	struct cu_err err = { 0 };

	assert_fails(move(h, m, what, by, &err), code, &err, why);
}

static struct row_approval row_of(struct house *h, const struct id *id)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_approval row = { 0 };
	struct cu_err err = { 0 };

	assert_int_equal(reader_approval(rd, id, &row, &err), 1);
	store_reader_give(h->store, rd);
	return row;
}

static struct move asked(struct house *h)
{
	struct move m = { .scope = "all of it", .kind = "erase.now" };

	must_move(h, &m, ASK, &ada);
	return m;
}

static void what_a_second_user_granted_can_be_used_once(void **state)
{
	struct house h = { 0 };
	struct move m;
	struct row_approval row;
	uint8_t digest[HASH_SIZE];

	(void)state;
	must_open(&h, new_store_dir());
	m = asked(&h);
	row = row_of(&h, &m.approval);
	hash_blake2b(span_str("all of it"), digest);
	assert_int_equal(row.state, APPROVAL_ASKED);
	assert_string_equal(row.kind, "erase.now");
	assert_memory_equal(row.scope, digest, sizeof(digest));
	assert_int_equal(row.expires_ms - row.asked_ms, HOUR);
	assert_no_move(&h, &m, USE, &ada, CU_EDENIED, "has not confirmed");

	must_move(&h, &m, GRANT, &bob);
	reopen(&h);
	must_move(&h, &m, CHECK, &ada);
	must_move(&h, &m, USE, &ada);

	row = row_of(&h, &m.approval);
	assert_int_equal(row.state, APPROVAL_USED);
	assert_true(id_eq(&row.asker, &ada) && id_eq(&row.decider, &bob));
	assert_no_move(&h, &m, USE, &ada, CU_EDENIED, "has not confirmed");
	assert_int_equal(leaves_with(&h, "act=approval."), 3);
	assert_int_equal(leaves_with(&h, "act=approval.use"), 1);
	assert_int_equal(leaves_with(&h, "why=erase.now"), 3);
	house_close(&h);
}

static void nobody_confirms_what_they_asked_for(void **state)
{
	static const struct id daemon_itself;
	struct house h = { 0 };
	struct move m;

	(void)state;
	must_open(&h, new_store_dir());
	m = asked(&h);
	assert_no_move(&h, &m, GRANT, &ada, CU_EDENIED, "a second user");
	assert_no_move(&h, &m, GRANT, &daemon_itself, CU_EDENIED, "a second user");
	assert_int_equal(row_of(&h, &m.approval).state, APPROVAL_ASKED);
	assert_int_equal(leaves_with(&h, "act=approval.grant"), 0);
	must_move(&h, &m, DENY, &ada); /* but may take it back */
	assert_no_move(&h, &m, GRANT, &bob, CU_EBUSY, "decided already");
	house_close(&h);
}

static void an_approval_is_for_one_scope_and_one_kind(void **state)
{
	struct house h = { 0 };
	struct move m;

	(void)state;
	must_open(&h, new_store_dir());
	m = asked(&h);
	m.scope = "all of it, and more";
	assert_no_move(&h, &m, GRANT, &bob, CU_EDENIED, "has changed");
	m.scope = "all of it";
	must_move(&h, &m, GRANT, &bob);
	m.scope = "all of it, and more";
	assert_no_move(&h, &m, USE, &ada, CU_EDENIED, "another thing");
	m.scope = "all of it";
	m.kind = "log.gap";
	assert_no_move(&h, &m, USE, &ada, CU_EDENIED, "another thing");
	m.kind = "erase.now";
	must_move(&h, &m, USE, &ada);
	house_close(&h);
}

static void an_approval_ends_with_its_time(void **state)
{
	struct house h = { 0 };
	struct move early, late;

	(void)state;
	must_open(&h, new_store_dir());
	early = asked(&h);
	must_move(&h, &early, GRANT, &bob);
	h.now_ms += HOUR / 2;
	late = asked(&h);
	must_move(&h, &early, EXPIRE, &ada);
	assert_int_equal(early.n, 0);

	h.now_ms += HOUR / 2;
	assert_no_move(&h, &early, USE, &ada, CU_EDENIED, "expired");
	must_move(&h, &early, EXPIRE, &ada);
	assert_int_equal(early.n, 1);
	assert_int_equal(row_of(&h, &early.approval).state, APPROVAL_EXPIRED);
	assert_int_equal(row_of(&h, &late.approval).state, APPROVAL_ASKED);

	h.now_ms += HOUR;
	assert_no_move(&h, &late, GRANT, &bob, CU_EBUSY, "expired");
	must_move(&h, &late, EXPIRE, &ada);
	assert_int_equal(late.n, 1);
	assert_int_equal(leaves_with(&h, "act=approval.expire"), 2);
	house_close(&h);
}

static void what_is_dropped_is_void_and_what_has_ended_stays(void **state)
{
	struct house h = { 0 };
	struct move m, denied;

	(void)state;
	must_open(&h, new_store_dir());
	m = asked(&h);
	must_move(&h, &m, GRANT, &bob);
	must_move(&h, &m, DROP, &ada);
	assert_no_move(&h, &m, USE, &ada, CU_EDENIED, "not confirmed");
	denied = asked(&h);
	must_move(&h, &denied, DENY, &bob);
	must_move(&h, &denied, DROP, &ada);
	assert_int_equal(row_of(&h, &denied.approval).state, APPROVAL_DENIED);
	memset(denied.approval.b, 0x77, sizeof(denied.approval.b));
	assert_no_move(&h, &denied, DROP, &ada, CU_ENOENT, "no such approval");
	house_close(&h);
}

static void approvals_are_listed_in_the_order_in_which_they_were_asked_for(void **state)
{
	struct house h = { 0 };
	struct row_approval row, *after = NULL;
	struct id ids[20];
	struct reader *rd;
	struct cu_err err = { 0 };
	size_t n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	for (size_t i = 0; i < 20; i++, h.now_ms++) {
		ids[i] = asked(&h).approval;
	}
	rd = store_reader_take(h.store);
	while (reader_next_approval(rd, after, &row, &err) > 0) {
		after = &row;
		assert_true(n < 20 && id_eq(&row.id, &ids[n]));
		n++;
	}
	assert_int_equal(n, 20);
	store_reader_give(h.store, rd);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_second_user_granted_can_be_used_once),
		cmocka_unit_test(nobody_confirms_what_they_asked_for),
		cmocka_unit_test(an_approval_is_for_one_scope_and_one_kind),
		cmocka_unit_test(an_approval_ends_with_its_time),
		cmocka_unit_test(what_is_dropped_is_void_and_what_has_ended_stays),
		cmocka_unit_test(approvals_are_listed_in_the_order_in_which_they_were_asked_for),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
