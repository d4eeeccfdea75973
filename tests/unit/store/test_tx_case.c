/* A case has keys and records of its own, and nobody takes it for a data subject. */
#include "store_help.h"

#include "store/tx_case.h"
#include "store/tx_erase.h"

#define DIARY "custos.diary"

static int open_case(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct person *p = ctx;
	int r = tx_case_open(tx, &p->subject, err);

	return r < 0 ? r : put_record(tx, p, err);
}

static int end_case(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_case_end(tx, ctx, err);
}

static int erase(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erase_what what = { .subject = *(struct id *)ctx, .purpose = "erasure" };
	struct id erasure;

	return tx_erase_begin(tx, &what, &erasure, err);
}

static struct person must_open_case(struct house *h, const char *text)
{
	struct person p = { .collection = DIARY, .name = text };

	must_run(h, STORE_CHANGE, open_case, &p);
	return p;
}

static int records_in(struct house *h, const struct id *owner, const char *collection)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int n = 0;

	assert_ok(reader_begin(rd, &err), &err);
	assert_ok(reader_records(rd, owner, collection, count_one, &n, &err), &err);
	reader_end(rd);
	store_reader_give(h->store, rd);
	return n;
}

static struct engine_counts counts_of(struct house *h)
{
	struct reader *rd = store_reader_take(h->store);
	struct engine_counts n;
	struct cu_err err = { 0 };

	assert_ok(reader_count(rd, &n, &err), &err);
	store_reader_give(h->store, rd);
	return n;
}

static void a_case_is_no_data_subject(void **state)
{
	struct house h = { 0 };
	struct person person, kase, wrong;
	struct row_subject who;
	struct reader *rd;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	kase = must_open_case(&h, "a letter of Ada's");
	person = must_add(&h, "Ada", NULL);
	assert_false(has_subject(&h, &kase.subject));
	rd = store_reader_take(h.store);
	assert_int_equal(reader_next_subject(rd, NULL, &who, &err), 1);
	assert_true(id_eq(&who.id, &person.subject));
	assert_int_equal(reader_next_subject(rd, &who.id, &who, &err), 0);
	store_reader_give(h.store, rd);
	assert_int_equal(counts_of(&h).subjects, 1);
	assert_int_equal(counts_of(&h).records, 1);

	assert_fails(run_op(&h, STORE_CHANGE, erase, &kase.subject, &err), CU_ENOENT, &err,
		"data subject");
	wrong = (struct person){ .name = "x", .subject = kase.subject };
	assert_fails(run_op(&h, STORE_CHANGE, put_record, &wrong, &err), CU_ENOENT, &err,
		"data subject");
	house_close(&h);
}

static void records_of_custos_itself_are_shown_only_by_name(void **state)
{
	struct house h = { 0 };
	struct person kase, evidence;

	(void)state;
	must_open(&h, new_store_dir());
	kase = must_open_case(&h, "a letter of Ada's");
	evidence = must_add(&h, "Ada", NULL);
	evidence = (struct person){ .collection = DIARY, .name = "by telephone",
		.subject = evidence.subject };
	must_run(&h, STORE_CHANGE, put_record, &evidence);
	assert_int_equal(records_of(&h, &kase.subject), 0);
	assert_int_equal(records_in(&h, &kase.subject, DIARY), 1);
	assert_int_equal(records_of(&h, &evidence.subject), 1);
	assert_int_equal(records_in(&h, &evidence.subject, DIARY), 1);
	reopen(&h);
	assert_int_equal(records_in(&h, &kase.subject, DIARY), 1);
	assert_int_equal(counts_of(&h).records, 1);
	house_close(&h);
}

static void a_case_that_ended_opens_no_more(void **state)
{
	struct house h = { 0 };
	struct person kase, other;
	struct buf log = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	kase = must_open_case(&h, "a letter of Ada's");
	other = must_open_case(&h, "a letter of Bob's");
	must_run(&h, STORE_CHANGE, end_case, &kase.subject);
	assert_int_equal(records_in(&h, &kase.subject, DIARY), 0);
	assert_int_equal(records_in(&h, &other.subject, DIARY), 1);
	assert_non_null(strstr(log_of(&h, &log), "erase.shred"));
	assert_fails(run_op(&h, STORE_CHANGE, end_case, &kase.subject, &err), CU_ENOENT, &err,
		"case");
	buf_done(&log);
	house_close(&h);
}

/* Its slots are dead in the vault, not only forgotten. */
static void the_keys_of_a_case_are_shredded(void **state)
{
	struct house h = { 0 };
	struct person kase, person;
	struct buf slots = BUF_INIT;
	struct reader *rd;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	kase = must_open_case(&h, "a letter of Ada's");
	person = must_add(&h, "Ada", NULL);
	rd = store_reader_take(h.store);
	assert_ok(reader_slots(rd, &kase.subject, &slots, &err), &err);
	store_reader_give(h.store, rd);
	assert_int_equal(slots.n, VAULT_RUN * sizeof(uint64_t));
	must_run(&h, STORE_CHANGE, end_case, &kase.subject);
	for (size_t i = 0; i < VAULT_RUN; i++) {
		struct key *key = NULL;
		uint64_t slot;

		memcpy(&slot, slots.p + i * sizeof(slot), sizeof(slot));
		assert_ok(key_new(h.arena, &key, &err), &err);
		assert_int_equal(vault_slot_key(h.vault, slot, key, &err), CU_ENOKEY);
		key_free(h.arena, key);
	}
	assert_fails(run_op(&h, STORE_CHANGE, end_case, &person.subject, &err), CU_ENOENT, &err,
		"case");
	assert_int_equal(records_of(&h, &person.subject), 1);
	buf_done(&slots);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_case_is_no_data_subject),
		cmocka_unit_test(records_of_custos_itself_are_shown_only_by_name),
		cmocka_unit_test(a_case_that_ended_opens_no_more),
		cmocka_unit_test(the_keys_of_a_case_are_shredded),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
