#include "engine_help.h"

static void meta_keeps_bytes_and_numbers(void **state)
{
	struct engine *e = fresh(NULL);
	struct cu_err err = { 0 };
	struct buf b = BUF_INIT;
	uint64_t v = 5;

	(void)state;
	assert_int_equal(engine_meta_get(e, "a", &b, &err), 0);
	assert_int_equal(engine_meta_get_u64(e, "a", &v, &err), 0);
	assert_int_equal(v, 5);
	assert_ok(engine_meta_put(e, "a", span_str("xyz"), &err), &err);
	assert_int_equal(engine_meta_get(e, "a", &b, &err), 1);
	assert_string_equal(buf_cstr(&b), "xyz");
	assert_fails(engine_meta_get_u64(e, "a", &v, &err), CU_ECORRUPT, &err, "meta a");
	assert_ok(engine_meta_put(e, "a", span_str(""), &err), &err);
	buf_clear(&b);
	assert_int_equal(engine_meta_get(e, "a", &b, &err), 1);
	assert_int_equal(b.n, 0);
	assert_ok(engine_meta_put_u64(e, "n", UINT64_MAX - 1, &err), &err);
	assert_int_equal(engine_meta_get_u64(e, "n", &v, &err), 1);
	assert_true(v == UINT64_MAX - 1);
	buf_done(&b);
	engine_close(e);
}

static void subjects_are_put_got_and_walked_in_the_order_of_their_ids(void **state)
{
	static const uint8_t order[] = { 0x80, 0x01, 0xff, 0x7f };
	const char *dir;
	struct engine *e = fresh(&dir);
	struct row_subject row = { .kind = SUBJECT_ORGANISATION, .state = SUBJECT_LIVE,
		.created_ms = -5, .run = UINT64_MAX / 4, .run_used = 3 }, got;
	struct cu_err err = { 0 };
	struct id *after = NULL;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		row.id = id_of(order[i]);
		assert_ok(engine_subject_put(e, &row, &err), &err);
	}
	row.id = id_of(0x7f);
	row.state = SUBJECT_ERASING;
	assert_ok(engine_subject_put(e, &row, &err), &err);
	engine_close(e);
	e = open_engine(dir, ENGINE_READ);
	assert_int_equal(engine_subject_get(e, &row.id, &got, &err), 1);
	assert_true(id_eq(&got.id, &row.id));
	assert_int_equal(got.kind, SUBJECT_ORGANISATION);
	assert_int_equal(got.state, SUBJECT_ERASING);
	assert_true(got.created_ms == -5 && got.run == UINT64_MAX / 4 && got.run_used == 3);
	row.id = id_of(2);
	assert_int_equal(engine_subject_get(e, &row.id, &got, &err), 0);
	for (int i = 0; i < 4; i++) {
		static const uint8_t sorted[] = { 0x01, 0x7f, 0x80, 0xff };

		assert_int_equal(engine_subject_next(e, after, &got, &err), 1);
		assert_int_equal(got.id.b[0], sorted[i]);
		after = &got.id;
	}
	assert_int_equal(engine_subject_next(e, after, &got, &err), 0);
	engine_close(e);
}

static void slots_belong_to_a_subject_and_a_collection(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_slot row = { .subject = id_of(1), .collection = "profile", .slot = 12 };
	struct cu_err err = { 0 };
	struct buf b = BUF_INIT;
	uint64_t slot = 0, all[2];

	(void)state;
	assert_ok(engine_slot_put(e, &row, &err), &err);
	assert_fails(engine_slot_put(e, &row, &err), CU_EEXIST, &err, "");
	strcpy(row.collection, "order");
	row.slot = UINT64_C(1) << 40;
	assert_ok(engine_slot_put(e, &row, &err), &err);
	row.subject = id_of(2);
	row.slot = 7;
	assert_ok(engine_slot_put(e, &row, &err), &err);
	row.subject = id_of(1);
	assert_int_equal(engine_slot_get(e, &row.subject, "order", &slot, &err), 1);
	assert_true(slot == UINT64_C(1) << 40);
	assert_int_equal(engine_slot_get(e, &row.subject, "none", &slot, &err), 0);
	assert_ok(engine_slots_of(e, &row.subject, &b, &err), &err);
	assert_int_equal(b.n, sizeof(all));
	memcpy(all, b.p, sizeof(all));
	assert_true(all[0] == 12 && all[1] == UINT64_C(1) << 40);
	buf_done(&b);
	engine_close(e);
}

static void a_record_comes_back_with_every_column(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct row_record row = record_of(3, 4, "order"), got;
	struct cu_err err = { 0 };

	(void)state;
	row.has_cohort = true;
	row.cohort_slot = UINT64_C(1) << 50;
	row.version = UINT32_MAX;
	row.anchor_day = -1;
	row.level = 3;
	row.created_ms = INT64_MIN;
	row.updated_ms = INT64_MAX;
	row.seq = UINT64_C(1) << 60;
	put_record(e, &row);
	engine_close(e);
	e = open_engine(dir, ENGINE_WRITE);
	assert_int_equal(engine_record_get(e, &row.id, &got, &err), 1);
	assert_true(id_eq(&got.id, &row.id) && id_eq(&got.subject, &row.subject));
	assert_string_equal(got.collection, "order");
	assert_true(got.slot == row.slot && got.has_cohort && got.cohort_slot == row.cohort_slot);
	assert_true(got.version == UINT32_MAX && got.anchor_day == -1 && got.level == 3);
	assert_true(got.created_ms == INT64_MIN && got.updated_ms == INT64_MAX);
	assert_true(got.seq == row.seq);
	assert_true(span_eq(got.sealed, row.sealed));

	row.has_cohort = false;
	row.anchor_day = CIVIL_NO_DAY;
	row.sealed = span_str("other bytes");
	put_record(e, &row);
	assert_int_equal(engine_record_get(e, &row.id, &got, &err), 1);
	assert_false(got.has_cohort);
	assert_int_equal(got.anchor_day, CIVIL_NO_DAY);
	assert_true(span_eq(got.sealed, span_str("other bytes")));
	assert_int_equal(rows_of(e->data, "record"), 1);
	engine_close(e);
}

/* In the order of (collection, id), one subject's alone, with and without a filter; the row
 * that is passed is the one that is written over. */
static void records_of_a_subject_are_walked_in_order(void **state)
{
	static const struct {
		uint8_t id, subject;
		const char *collection;
	} rows[] = { { 9, 1, "a" }, { 2, 1, "b" }, { 8, 1, "b" }, { 1, 1, "c" }, { 3, 2, "b" },
		{ 200, 1, "b" } };
	static const uint8_t all[] = { 9, 2, 8, 200, 1 }, in_b[] = { 2, 8, 200 };
	struct engine *e = fresh(NULL);
	struct row_record got, *after = NULL;
	struct id subject = id_of(1), nobody = id_of(7);
	struct cu_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row_record row = record_of(rows[i].id, rows[i].subject, rows[i].collection);

		put_record(e, &row);
	}
	for (size_t i = 0; i < sizeof(all); i++) {
		assert_int_equal(engine_record_next(e, &subject, NULL, after, &got, &err), 1);
		assert_int_equal(got.id.b[0], all[i]);
		after = &got;
	}
	assert_int_equal(engine_record_next(e, &subject, NULL, after, &got, &err), 0);
	after = NULL;
	for (size_t i = 0; i < sizeof(in_b); i++) {
		assert_int_equal(engine_record_next(e, &subject, "b", after, &got, &err), 1);
		assert_int_equal(got.id.b[0], in_b[i]);
		after = &got;
	}
	assert_int_equal(engine_record_next(e, &subject, "b", after, &got, &err), 0);
	assert_int_equal(engine_record_next(e, &subject, "none", NULL, &got, &err), 0);
	assert_int_equal(engine_record_next(e, &nobody, NULL, NULL, &got, &err), 0);
	engine_close(e);
}

static void borrowed_bytes_stay_until_the_next_call(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record row = record_of(1, 1, "a"), got;
	struct cu_err err = { 0 };
	uint8_t big[30000]; /* over several pages */

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++) {
		big[i] = (uint8_t)(i * 31);
	}
	row.sealed = span_of(big, sizeof(big));
	begin(e);
	put_record(e, &row);
	assert_int_equal(engine_record_get(e, &row.id, &got, &err), 1);
	assert_true(span_eq(got.sealed, row.sealed));
	/* what was borrowed may be written back, under another id as well */
	got.id = id_of(2);
	put_record(e, &got);
	commit(e);
	assert_int_equal(engine_record_get(e, &got.id, &got, &err), 1);
	assert_true(span_eq(got.sealed, row.sealed));
	engine_close(e);
}

static void changed_records_are_walked_by_number_and_id(void **state)
{
	static const struct {
		uint8_t id, seq;
	} rows[] = { { 5, 10 }, { 6, 10 }, { 1, 11 }, { 200, 9 }, { 2, 12 } };
	static const uint8_t wanted[] = { 5, 6, 1, 2 };
	struct engine *e = fresh(NULL);
	struct id after;
	struct row_record got;
	struct cu_err err = { 0 };
	uint64_t seq = 9;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row_record row = record_of(rows[i].id, 1, "a");

		row.seq = rows[i].seq;
		put_record(e, &row);
	}
	memset(after.b, 0xff, sizeof(after.b)); /* all of number 9 are behind */
	for (size_t i = 0; i < sizeof(wanted); i++) {
		assert_int_equal(engine_record_changed(e, seq, &after, &got, &err), 1);
		assert_int_equal(got.id.b[0], wanted[i]);
		seq = got.seq;
		after = got.id;
	}
	assert_int_equal(engine_record_changed(e, seq, &after, &got, &err), 0);
	assert_int_equal(engine_record_changed(e, 9, NULL, &got, &err), 1);
	assert_int_equal(got.id.b[0], 200);
	engine_close(e);
}

static void cosubjects_are_replaced_with_their_record_and_go_with_it(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record row = record_of(1, 1, "a");
	struct id co[] = { id_of(2), id_of(3), id_of(2) };
	struct cu_err err = { 0 };

	(void)state;
	assert_ok(engine_record_put(e, &row, co, 3, &err), &err);
	assert_int_equal(rows_of(e->data, "cosubject"), 2);
	assert_ok(engine_record_put(e, &row, co + 1, 1, &err), &err);
	assert_int_equal(rows_of(e->data, "cosubject"), 1);
	assert_ok(engine_record_delete(e, &row.id, &err), &err);
	assert_int_equal(rows_of(e->data, "cosubject"), 0);
	engine_close(e);
}

static void a_deleted_record_takes_its_tokens_along(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record a = record_of(1, 1, "a"), b = record_of(2, 1, "a"), got;
	struct cu_err err = { 0 };

	(void)state;
	put_record(e, &a);
	put_record(e, &b);
	put_token(e, 7, 1, 1);
	put_token(e, 7, 1, 2);
	put_token(e, 8, 1, 1);
	assert_ok(engine_record_delete(e, &a.id, &err), &err);
	assert_int_equal(engine_record_get(e, &a.id, &got, &err), 0);
	assert_int_equal(engine_record_get(e, &b.id, &got, &err), 1);
	assert_string_equal(hits(e, 7), "1/2");
	assert_string_equal(hits(e, 8), "");
	assert_ok(engine_record_delete(e, &a.id, &err), &err); /* again is fine */
	engine_close(e);
}

static void a_deleted_subject_leaves_nothing_and_others_stay(void **state)
{
	struct engine *e = fresh(NULL);
	struct id gone = id_of(1), nobody = id_of(99);
	struct cu_err err = { 0 };

	(void)state;
	for (uint8_t s = 1; s <= 2; s++) {
		struct row_subject who = { .id = id_of(s), .kind = SUBJECT_PERSON,
			.state = SUBJECT_LIVE };
		struct row_slot slot = { .subject = id_of(s), .collection = "a", .slot = s };
		struct row_record row = record_of(s, s, "a");
		struct id other = id_of((uint8_t)(3 - s)), third = id_of(3);
		struct id co[] = { other, third };

		assert_ok(engine_subject_put(e, &who, &err), &err);
		assert_ok(engine_slot_put(e, &slot, &err), &err);
		assert_ok(engine_record_put(e, &row, co, 2, &err), &err);
		put_token(e, 7, s, s);
	}
	assert_ok(engine_subject_delete(e, &nobody, &err), &err);
	assert_int_equal(rows_of(e->data, "subject"), 2);
	assert_ok(engine_subject_delete(e, &gone, &err), &err);
	assert_int_equal(rows_of(e->data, "subject"), 1);
	assert_int_equal(rows_of(e->data, "slot"), 1);
	assert_int_equal(rows_of(e->data, "record"), 1);
	assert_int_equal(rows_of(e->data, "cosubject"), 1); /* the third, in the second's record */
	assert_string_equal(hits(e, 7), "2/2");
	engine_close(e);
}

static void cohorts_are_told_apart_by_all_three_keys(void **state)
{
	struct engine *e = fresh(NULL);
	struct cu_err err = { 0 };
	uint64_t slot = 0;

	(void)state;
	assert_int_equal(engine_cohort_get(e, "order", "default", 202611, &slot, &err), 0);
	assert_ok(engine_cohort_put(e, "order", "default", 202611, 8, &err), &err);
	assert_ok(engine_cohort_put(e, "order", "default", 202612, 16, &err), &err);
	assert_ok(engine_cohort_put(e, "order", "long", 202611, 24, &err), &err);
	assert_ok(engine_cohort_put(e, "visit", "default", 20261130, 32, &err), &err);
	assert_fails(
		engine_cohort_put(e, "order", "default", 202611, 9, &err), CU_EEXIST, &err, "");
	assert_int_equal(engine_cohort_get(e, "order", "default", 202612, &slot, &err), 1);
	assert_int_equal(slot, 16);
	assert_int_equal(engine_cohort_get(e, "order", "long", 202611, &slot, &err), 1);
	assert_int_equal(slot, 24);
	assert_int_equal(engine_cohort_get(e, "visit", "default", 20261130, &slot, &err), 1);
	assert_int_equal(slot, 32);
	engine_close(e);
}

static void the_outbox_is_read_in_order_and_dropped_from_its_start(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct buf leaf = BUF_INIT;
	struct cu_err err = { 0 };
	uint64_t at = 0;

	(void)state;
	for (uint64_t seq = 5; seq >= 1; seq--) {
		char text[16];

		snprintf(text, sizeof(text), "leaf %d", (int)seq);
		assert_ok(engine_outbox_put(e, seq, span_str(text), &err), &err);
	}
	assert_fails(engine_outbox_put(e, 3, span_str("x"), &err), CU_EEXIST, &err, "");
	assert_ok(engine_outbox_drop(e, 2, &err), &err);
	engine_close(e);
	e = open_engine(dir, ENGINE_WRITE);
	for (uint64_t seq = 3; seq <= 5; seq++) {
		char text[16];

		snprintf(text, sizeof(text), "leaf %d", (int)seq);
		buf_clear(&leaf);
		assert_int_equal(engine_outbox_next(e, at, &at, &leaf, &err), 1);
		assert_int_equal(at, seq);
		assert_string_equal(buf_cstr(&leaf), text);
	}
	assert_int_equal(engine_outbox_next(e, at, &at, &leaf, &err), 0);
	assert_ok(engine_outbox_drop(e, INT64_MAX, &err), &err);
	assert_int_equal(engine_outbox_next(e, 0, &at, &leaf, &err), 0);
	buf_done(&leaf);
	engine_close(e);
}

static void requests_are_remembered_until_pruned(void **state)
{
	struct engine *e = fresh(NULL);
	struct id a = id_of(1), b = id_of(2);
	struct buf reply = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(engine_request_get(e, &a, &reply, &err), 0);
	assert_ok(engine_request_put(e, &a, 100, span_str("first"), &err), &err);
	assert_ok(engine_request_put(e, &b, 200, span_str(""), &err), &err);
	assert_fails(engine_request_put(e, &a, 300, span_str("x"), &err), CU_EEXIST, &err, "");
	assert_ok(engine_request_prune(e, -1, &err), &err);
	assert_int_equal(engine_request_get(e, &a, &reply, &err), 1);
	assert_string_equal(buf_cstr(&reply), "first");
	assert_ok(engine_request_prune(e, 200, &err), &err);
	buf_clear(&reply);
	assert_int_equal(engine_request_get(e, &a, &reply, &err), 0);
	assert_int_equal(engine_request_get(e, &b, &reply, &err), 1);
	assert_int_equal(reply.n, 0);
	buf_done(&reply);
	engine_close(e);
}

static void erasures_are_put_got_and_found_while_open(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct row_erasure a = { .id = id_of(1), .subject = id_of(2), .state = ERASURE_SHREDDED,
		.begun_ms = 20, .due_ms = 20, .generation = 77 }, b = { .id = id_of(3), .subject = id_of(4),
		.state = ERASURE_COOLING_OFF, .begun_ms = 10, .due_ms = 10 }, got;
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(engine_erasure_next_open(e, NULL, &got, &err), 0);
	assert_ok(engine_erasure_put(e, &a, &err), &err);
	assert_ok(engine_erasure_put(e, &b, &err), &err);
	engine_close(e);
	e = open_engine(dir, ENGINE_WRITE);
	assert_int_equal(engine_erasure_next_open(e, NULL, &got, &err), 1);
	assert_true(id_eq(&got.id, &b.id)); /* the one that is due first */
	b.state = ERASURE_DONE;
	b.done_ms = 30;
	assert_ok(engine_erasure_put(e, &b, &err), &err);
	assert_int_equal(engine_erasure_next_open(e, NULL, &got, &err), 1);
	assert_true(id_eq(&got.id, &a.id) && id_eq(&got.subject, &a.subject));
	assert_true(got.state == ERASURE_SHREDDED && got.generation == 77 && got.begun_ms == 20);
	assert_int_equal(engine_erasure_get(e, &b.id, &got, &err), 1);
	assert_true(got.state == ERASURE_DONE && got.done_ms == 30);
	a.state = ERASURE_DONE;
	assert_ok(engine_erasure_put(e, &a, &err), &err);
	assert_int_equal(engine_erasure_next_open(e, NULL, &got, &err), 0);
	assert_int_equal(engine_erasure_get(e, &(struct id){ { 9 } }, &got, &err), 0);
	engine_close(e);
}

static void operators_have_one_id_each(void **state)
{
	struct engine *e = fresh(NULL);
	struct id a = id_of(1), b = id_of(2), got;
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(engine_operator_get(e, 0, &got, &err), 0);
	assert_ok(engine_operator_put(e, 0, &a, &err), &err);
	assert_ok(engine_operator_put(e, UINT32_MAX, &b, &err), &err);
	assert_fails(engine_operator_put(e, 0, &b, &err), CU_EEXIST, &err, "");
	assert_int_equal(engine_operator_get(e, 0, &got, &err), 1);
	assert_true(id_eq(&got, &a));
	assert_int_equal(engine_operator_get(e, UINT32_MAX, &got, &err), 1);
	assert_true(id_eq(&got, &b));
	engine_close(e);
}

static void tokens_are_walked_by_record_and_dropped_by_record(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct id record = id_of(5);
	struct cu_err err = { 0 };
	uint64_t seq = 0;

	(void)state;
	put_token(e, 7, 1, 9);
	put_token(e, 7, 2, 5);
	put_token(e, 7, 2, 5); /* twice is once */
	put_token(e, 8, 2, 5);
	assert_string_equal(hits(e, 7), "2/5 1/9");
	assert_string_equal(hits(e, 6), "");
	assert_ok(engine_token_drop_record(e, &record, &err), &err);
	assert_string_equal(hits(e, 7), "1/9");
	assert_string_equal(hits(e, 8), "");
	assert_ok(engine_index_set_seq(e, UINT64_C(1) << 40, &err), &err);
	engine_close(e);
	e = open_engine(dir, ENGINE_READ);
	assert_ok(engine_index_seq(e, &seq, &err), &err);
	assert_true(seq == UINT64_C(1) << 40);
	assert_string_equal(hits(e, 7), "1/9");
	engine_close(e);
}

/* A row that somebody else has spoilt is corrupt, not a crash. */
static void spoilt_rows_are_corrupt(void **state)
{
	static const struct {
		const char *sql, *says;
	} cases[] = { { "UPDATE record SET subject = x'00'", "column 1" },
		{ "UPDATE record SET id = x'00112233445566778899aabbccddeeff00'", "column 0" },
		{ "UPDATE record SET collection = ''||hex(zeroblob(40))", "column 2" } };
	struct row_record got;
	struct cu_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct engine *e = fresh(NULL);
		struct row_record row = record_of(3, 4, "a");

		put_record(e, &row);
		assert_int_equal(sqlite3_exec(e->data, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
		assert_fails(engine_record_changed(e, 0, NULL, &got, &err), CU_ECORRUPT, &err,
			cases[i].says);
		/* STRICT refuses what is of another type */
		assert_int_not_equal(sqlite3_exec(e->data, "UPDATE record SET sealed = 'text'",
					     NULL, NULL, NULL),
			SQLITE_OK);
		engine_close(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meta_keeps_bytes_and_numbers),
		cmocka_unit_test(subjects_are_put_got_and_walked_in_the_order_of_their_ids),
		cmocka_unit_test(slots_belong_to_a_subject_and_a_collection),
		cmocka_unit_test(a_record_comes_back_with_every_column),
		cmocka_unit_test(records_of_a_subject_are_walked_in_order),
		cmocka_unit_test(borrowed_bytes_stay_until_the_next_call),
		cmocka_unit_test(changed_records_are_walked_by_number_and_id),
		cmocka_unit_test(cosubjects_are_replaced_with_their_record_and_go_with_it),
		cmocka_unit_test(a_deleted_record_takes_its_tokens_along),
		cmocka_unit_test(a_deleted_subject_leaves_nothing_and_others_stay),
		cmocka_unit_test(cohorts_are_told_apart_by_all_three_keys),
		cmocka_unit_test(the_outbox_is_read_in_order_and_dropped_from_its_start),
		cmocka_unit_test(requests_are_remembered_until_pruned),
		cmocka_unit_test(erasures_are_put_got_and_found_while_open),
		cmocka_unit_test(operators_have_one_id_each),
		cmocka_unit_test(tokens_are_walked_by_record_and_dropped_by_record),
		cmocka_unit_test(spoilt_rows_are_corrupt),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
