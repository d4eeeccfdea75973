#include "store_help.h"

#include "base/text.h"
#include "fault.h"
#include "store/access.h"
#include "store/tx_erase.h"

#define DAY_MS 86400000LL

/* The linker's name (see the build file). */
int __real_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err);
int __wrap_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err);

static bool dies_in_append;

int __wrap_ledger_append(
	struct ledger *l, const struct ledger_entry *entries, size_t n, struct cu_err *err)
{
	if (dies_in_append) {
		_exit(FAULT_STATUS);
	}
	return __real_ledger_append(l, entries, n, err);
}

/* --- the steps ---------------------------------------------------------------------------- */

static int put(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_SUBJECT_EXPORT, .purpose = "care" };

	return tx_access_put(tx, &leaf, buf_span(ctx), err);
}

static int begin_erasure(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erase_what what = { .subject = *(struct id *)ctx, .purpose = "erasure",
		.grace_ms = DAY_MS };
	struct id erasure;

	return tx_erase_begin(tx, &what, &erasure, err);
}

struct end {
	uint32_t before;
	size_t n;
};

static int end_days(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct end *e = ctx;

	return tx_access_end(tx, e->before, &e->n, err);
}

/* The leaf n from the end. */
static struct leaf last_leaf(struct house *h, unsigned n)
{
	static struct buf text;
	static uint64_t slots[64];
	struct leaf leaf;
	struct cu_err err = { 0 };

	buf_clear(&text);
	assert_ok(ledger_read(h->ledger, ledger_size(h->ledger) - 1 - n, &text, &err), &err);
	assert_ok(leaf_parse(buf_span(&text), &leaf, slots, 64, &err), &err);
	return leaf;
}

static int look(struct house *h, const struct leaf *leaf, struct buf *to, struct cu_err *err)
{
	struct reader *rd = store_reader_take(h->store);
	struct span ids = { 0 };
	int r = reader_access(rd, leaf, &ids, err);

	buf_clear(to);
	buf_put_span(to, ids);
	store_reader_give(h->store, rd);
	return r;
}

static void add_ids(struct house *h, struct buf *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct person p = must_add(h, "Ada", NULL);

		buf_put(ids, p.subject.b, sizeof(p.subject.b));
	}
}

/* --- the tests ---------------------------------------------------------------------------- */

static void whom_a_bulk_read_showed_is_found_by_its_leaf(void **state)
{
	struct house h = { 0 };
	struct buf ids = BUF_INIT, found = BUF_INIT;
	struct leaf leaf;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	add_ids(&h, &ids, 3);
	must_run(&h, STORE_CHANGE, put, &ids);
	reopen(&h);
	leaf = last_leaf(&h, 0);
	assert_int_equal(leaf.act, LEAF_SUBJECT_EXPORT);
	assert_int_equal(leaf.count, 3);
	assert_true(leaf.has_digest);
	assert_int_equal(look(&h, &leaf, &found, &err), 1);
	assert_true(span_eq(buf_span(&found), buf_span(&ids)));
	buf_done(&ids);
	buf_done(&found);
	house_close(&h);
}

static void the_same_people_twice_have_two_digests(void **state)
{
	struct house h = { 0 };
	struct buf ids = BUF_INIT;
	struct leaf a, b;
	uint8_t plain[32];

	(void)state;
	must_open(&h, new_store_dir());
	add_ids(&h, &ids, 2);
	must_run(&h, STORE_CHANGE, put, &ids);
	must_run(&h, STORE_CHANGE, put, &ids);
	a = last_leaf(&h, 0);
	b = last_leaf(&h, 1);
	assert_memory_not_equal(a.digest, b.digest, 32);
	hash_blake2b(buf_span(&ids), plain);
	assert_memory_not_equal(a.digest, plain, 32);
	buf_done(&ids);
	house_close(&h);
}

static void many_hits_make_several_entries(void **state)
{
	struct house h = { 0 };
	struct buf ids = BUF_INIT, found = BUF_INIT;
	struct leaf leaf;
	struct id first;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	add_ids(&h, &ids, 1);
	memcpy(first.b, ids.p, sizeof(first.b));
	for (int i = 0; i < ACCESS_MAX_IDS; i++) {
		buf_put(&ids, first.b, sizeof(first.b));
	}
	must_run(&h, STORE_CHANGE, put, &ids);
	leaf = last_leaf(&h, 1);
	assert_int_equal(leaf.count, ACCESS_MAX_IDS);
	leaf = last_leaf(&h, 0);
	assert_int_equal(leaf.count, 1);
	assert_int_equal(look(&h, &leaf, &found, &err), 1);
	assert_int_equal(found.n, sizeof(struct id));
	buf_done(&ids);
	buf_done(&found);
	house_close(&h);
}

static void nobody_is_shown_when_one_of_them_is_being_forgotten(void **state)
{
	struct house h = { 0 };
	struct buf ids = BUF_INIT;
	struct id first;
	struct cu_err err = { 0 };
	uint64_t size;

	(void)state;
	must_open(&h, new_store_dir());
	add_ids(&h, &ids, 3);
	memcpy(first.b, ids.p, sizeof(first.b));
	must_run(&h, STORE_CHANGE, begin_erasure, &first);
	size = ledger_size(h.ledger);
	assert_int_equal(run_op(&h, STORE_CHANGE, put, &ids, &err), CU_EDENIED);
	assert_int_equal(ledger_size(h.ledger), size);
	buf_done(&ids);
	house_close(&h);
}

static void an_entry_that_was_exchanged_is_corrupt(void **state)
{
	struct house h = { 0 };
	struct buf ids = BUF_INIT, found = BUF_INIT;
	struct leaf one, other;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	add_ids(&h, &ids, 2);
	must_run(&h, STORE_CHANGE, put, &ids);
	must_run(&h, STORE_CHANGE, put, &ids);
	one = last_leaf(&h, 0);
	other = last_leaf(&h, 1);
	memcpy(one.digest, other.digest, 32);
	assert_fails(look(&h, &one, &found, &err), CU_ECORRUPT, &err, "not the one of its leaf");
	one.obj = id_new();
	assert_int_equal(look(&h, &one, &found, &err), 0);
	buf_done(&ids);
	buf_done(&found);
	house_close(&h);
}

static void a_day_ends_with_its_key_and_later_ones_stay(void **state)
{
	struct house h = { 0 };
	struct buf ids = BUF_INIT, found = BUF_INIT;
	struct leaf old, young, end_leaf;
	struct end end = { 0 };
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	add_ids(&h, &ids, 2);
	must_run(&h, STORE_CHANGE, put, &ids);
	old = last_leaf(&h, 0);
	h.now_ms += DAY_MS;
	must_run(&h, STORE_CHANGE, put, &ids);
	young = last_leaf(&h, 0);
	end.before = civil_number_of_day(civil_day_of_ms(h.now_ms));

	must_run(&h, STORE_CHANGE, end_days, &end);
	assert_int_equal(end.n, 1);
	end_leaf = last_leaf(&h, 0);
	assert_int_equal(end_leaf.act, LEAF_ERASE_SHRED);
	assert_string_equal(end_leaf.collection, ACCESS_COLLECTION);
	assert_int_equal(look(&h, &old, &found, &err), 0);
	assert_int_equal(look(&h, &young, &found, &err), 1);
	must_run(&h, STORE_CHANGE, end_days, &end);
	assert_int_equal(end.n, 0);
	buf_done(&ids);
	buf_done(&found);
	house_close(&h);
}

static struct buf doomed;

/* Rows are committed, the leaf is not in the log: the start brings it there. */
static int die_putting(void *ctx)
{
	struct house h = { 0 };

	must_open(&h, ctx);
	dies_in_append = true;
	must_run(&h, STORE_CHANGE, put, &doomed);
	return 0;
}

static void after_a_crash_entry_and_leaf_are_both_there(void **state)
{
	struct house h = { 0 };
	const char *dir = new_store_dir();
	struct buf found = BUF_INIT;
	struct leaf leaf;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, dir);
	add_ids(&h, &doomed, 2);
	house_close(&h);
	assert_int_equal(fault_run(FAULT_ANY, 1000000, FAULT_COUNT, 0, die_putting,
				 (void *)(uintptr_t)dir), 0);

	must_open(&h, dir);
	leaf = last_leaf(&h, 0);
	assert_int_equal(leaf.act, LEAF_SUBJECT_EXPORT);
	assert_int_equal(look(&h, &leaf, &found, &err), 1);
	assert_true(span_eq(buf_span(&found), buf_span(&doomed)));
	buf_done(&doomed);
	buf_done(&found);
	house_close(&h);
}

/* Neither ids nor anything made of them without the key. */
static void the_file_tells_nobody_who_it_was(void **state)
{
	struct house h = { 0 };
	struct buf ids = BUF_INIT, file = BUF_INIT;
	const char *dir = new_store_dir();
	struct cu_err err = { 0 };
	uint8_t pair[32];

	(void)state;
	must_open(&h, dir);
	add_ids(&h, &ids, 2);
	must_run(&h, STORE_CHANGE, put, &ids);
	house_close(&h);
	memcpy(pair, ids.p, sizeof(pair)); /* side by side they stand nowhere else */
	for (size_t i = 0; i < 2; i++) {
		int r = path_read_file(in_dir(dir, i == 0 ? "data.db" : "data.db-wal"), 64 << 20,
			&file, &err);

		assert_true(r == 0 || r == CU_ENOENT);
	}
	assert_null(memmem(file.p, file.n, pair, sizeof(pair)));
	assert_non_null(memmem(file.p, file.n, pair, 16)); /* as the subject's own row */
	buf_done(&ids);
	buf_done(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_a_bulk_read_showed_is_found_by_its_leaf),
		cmocka_unit_test(the_same_people_twice_have_two_digests),
		cmocka_unit_test(many_hits_make_several_entries),
		cmocka_unit_test(nobody_is_shown_when_one_of_them_is_being_forgotten),
		cmocka_unit_test(an_entry_that_was_exchanged_is_corrupt),
		cmocka_unit_test(a_day_ends_with_its_key_and_later_ones_stay),
		cmocka_unit_test(after_a_crash_entry_and_leaf_are_both_there),
		cmocka_unit_test(the_file_tells_nobody_who_it_was),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
