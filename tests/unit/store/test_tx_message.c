/* Messages: their rows, what is sealed, and that its keys end when it was sent. */
#include "store_help.h"

#include "store/reader_message.h"
#include "store/tx_message.h"

#define ADDRESS "erika-canary@example.org"

static const struct message_text letter = { { (const uint8_t *)ADDRESS, sizeof(ADDRESS) - 1 },
	{ (const uint8_t *)"Subject", 7 }, { (const uint8_t *)"Text", 4 } };

struct making {
	struct row_message row;
	const struct message_text *text;
	int made;
};

static int make(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct making *m = ctx;

	m->made = tx_message_make(tx, &m->row, m->text, err);
	return m->made < 0 ? m->made : 0;
}

static struct making new_one(struct house *h, const char *kind, const struct message_text *text)
{
	struct making m = { .text = text };

	m.row.id = id_new();
	snprintf(m.row.kind, sizeof(m.row.kind), "%s", kind);
	snprintf(m.row.route, sizeof(m.row.route), "mail");
	must_run(h, STORE_CHANGE, make, &m);
	return m;
}

static int drop(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_message_drop(tx, ctx, err);
}

static int sent(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_message_sent(tx, ctx, err);
}

static int shred(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_message_shred(tx, ctx, err);
}

static int retry(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_message_retry(tx, ctx, err);
}

static int fail_late(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_message_failed(tx, ctx, tx->now_ms + 5000, false, err);
}

static int give_up(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_message_failed(tx, ctx, tx->now_ms + 5000, true, err);
}

static struct row_message row_of(struct house *h, const struct id *id)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_message row = { .state = 0 };
	struct cu_err err = { 0 };

	assert_int_equal(reader_message(rd, id, &row, &err), 1);
	store_reader_give(h->store, rd);
	return row;
}

static int see_text(void *ctx, const struct row_record *row, const struct record *r,
	struct cu_err *err)
{
	struct span to = record_get(r, "to");

	(void)row;
	(void)err;
	assert_int_equal(to.n, sizeof(ADDRESS) - 1);
	assert_memory_equal(to.p, ADDRESS, to.n);
	++*(unsigned *)ctx;
	return 0;
}

static unsigned count_texts(struct house *h, const struct id *kase)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	unsigned n = 0;

	assert_int_equal(reader_records(rd, kase, MESSAGE_COLLECTION, see_text, &n, &err), 0);
	store_reader_give(h->store, rd);
	return n;
}

static void the_same_id_is_one_message(void **state)
{
	struct house h = { 0 };
	struct making m;

	(void)state;
	must_open(&h, new_store_dir());
	m = new_one(&h, "alarm.a", NULL);
	assert_int_equal(m.made, 1);
	must_run(&h, STORE_CHANGE, make, &m);
	assert_int_equal(m.made, 0);
	reopen(&h);
	assert_int_equal(row_of(&h, &m.row.id).state, MESSAGE_WAITING);
	assert_int_equal(leaves_with(&h, "act=message.make"), 1);
	house_close(&h);
}

static void what_is_said_to_a_person_is_sealed_and_ends_when_it_was_sent(void **state)
{
	struct house h = { 0 };
	struct making m;
	struct id kase;

	(void)state;
	must_open(&h, new_store_dir());
	m = new_one(&h, "letter", &letter);
	kase = m.row.kase;
	assert_false(id_is_nil(&kase));
	reopen(&h);
	assert_int_equal(count_texts(&h, &kase), 1);
	must_run(&h, STORE_CHANGE, shred, &m.row.id); /* it still waits */
	assert_int_equal(count_texts(&h, &kase), 1);
	must_run(&h, STORE_CHANGE, sent, &m.row.id);
	must_run(&h, STORE_CHANGE, shred, &m.row.id);
	assert_int_equal(row_of(&h, &m.row.id).state, MESSAGE_SENT);
	assert_int_equal(count_texts(&h, &kase), 0);
	assert_int_equal(leaves_with(&h, "act=erase.shred"), 1);
	assert_int_equal(leaves_with(&h, "act=message.sent"), 1);
	must_run(&h, STORE_CHANGE, sent, &m.row.id); /* told twice */
	must_run(&h, STORE_CHANGE, shred, &m.row.id);
	assert_int_equal(leaves_with(&h, "act=message.sent"), 1);
	house_close(&h);
}

static void one_that_was_given_up_keeps_its_text_for_another_try(void **state)
{
	struct house h = { 0 };
	struct cu_err err = { 0 };
	struct making m;

	(void)state;
	must_open(&h, new_store_dir());
	m = new_one(&h, "letter", &letter);
	must_run(&h, STORE_CHANGE, fail_late, &m.row.id);
	assert_int_equal(row_of(&h, &m.row.id).nattempts, 1);
	assert_int_equal(row_of(&h, &m.row.id).next_ms, h.now_ms + 5000);
	must_run(&h, STORE_CHANGE, give_up, &m.row.id);
	assert_int_equal(row_of(&h, &m.row.id).state, MESSAGE_GIVEN_UP);
	assert_int_equal(count_texts(&h, &m.row.kase), 1);
	must_run(&h, STORE_CHANGE, retry, &m.row.id);
	assert_int_equal(row_of(&h, &m.row.id).state, MESSAGE_WAITING);
	assert_int_equal(row_of(&h, &m.row.id).nattempts, 0);
	must_run(&h, STORE_CHANGE, drop, &m.row.id);
	assert_int_equal(count_texts(&h, &m.row.kase), 0);
	assert_int_equal(run_op(&h, STORE_CHANGE, retry, &m.row.id, &err), CU_EBUSY);
	assert_int_equal(run_op(&h, STORE_CHANGE, drop, &m.row.id, &err), CU_EBUSY);
	house_close(&h);
}

static int forget(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_message_forget(tx, tx->now_ms + 1, 10, ctx, err);
}

/* Keys that were shredded stay so when the step is taken back, as by a full disk. */
static int shred_and_fail(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = tx_message_shred(tx, ctx, err);

	return r < 0 ? r : cu_err_set(err, CU_ENOSPC, "the disk is full");
}

static int forget_later(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_message_forget(tx, tx->now_ms - 1, 10, ctx, err);
}

static void one_that_was_sent_stays_sent_wherever_custosd_ends(void **state)
{
	struct house h = { 0 };
	struct cu_err err = { 0 };
	struct making whole, halved;
	struct row_message row;
	unsigned n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	whole = new_one(&h, "letter", &letter);
	halved = new_one(&h, "letter", &letter);
	must_run(&h, STORE_CHANGE, sent, &whole.row.id);
	must_run(&h, STORE_CHANGE, sent, &halved.row.id);
	assert_int_equal(run_op(&h, STORE_CHANGE, shred_and_fail, &halved.row.id, &err), CU_ENOSPC);
	reopen(&h);
	assert_int_equal(row_of(&h, &whole.row.id).state, MESSAGE_SENT);
	assert_int_equal(row_of(&h, &halved.row.id).state, MESSAGE_SENT);
	must_run(&h, STORE_CHANGE, forget_later, &n);
	assert_int_equal(n, 2);
	assert_int_equal(count_texts(&h, &whole.row.kase), 0);
	row = row_of(&h, &halved.row.id);
	assert_true(id_is_nil(&row.kase));
	must_run(&h, STORE_CHANGE, forget_later, &n);
	assert_int_equal(n, 0);
	assert_int_equal(leaves_with(&h, "act=message.sent"), 2);
	house_close(&h);
}

static void those_that_ended_are_forgotten_and_those_that_wait_are_not(void **state)
{
	struct house h = { 0 };
	struct making first, second;
	struct row_message row;
	struct reader *rd;
	struct cu_err err = { 0 };
	unsigned n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	first = new_one(&h, "letter", &letter);
	second = new_one(&h, "alarm.a", NULL);
	must_run(&h, STORE_CHANGE, give_up, &first.row.id);
	must_run(&h, STORE_CHANGE, forget, &n);
	assert_int_equal(n, 1);
	assert_int_equal(count_texts(&h, &first.row.kase), 0);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_next_message(rd, NULL, &row, &err), 1);
	assert_memory_equal(&row.id, &second.row.id, sizeof(row.id));
	assert_int_equal(reader_next_message(rd, &row, &row, &err), 0);
	assert_int_equal(reader_last_message(rd, "alarm.a", "", "mail", &row, &err), 1);
	assert_int_equal(reader_last_message(rd, "alarm.a", "b", "mail", &row, &err), 0);
	store_reader_give(h.store, rd);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_id_is_one_message),
		cmocka_unit_test(what_is_said_to_a_person_is_sealed_and_ends_when_it_was_sent),
		cmocka_unit_test(one_that_was_given_up_keeps_its_text_for_another_try),
		cmocka_unit_test(one_that_was_sent_stays_sent_wherever_custosd_ends),
		cmocka_unit_test(those_that_ended_are_forgotten_and_those_that_wait_are_not),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
