#include "store_help.h"

#include "fault.h"
#include "store/store_internal.h"

/* --- a store with many records ------------------------------------------------------------ */

#define NMANY 1300 /* more than index_catch_up takes in one transaction */

/* All in one change and so under one outbox number, as an import does it. */
static int add_crowd(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct id *subject = ctx;
	int r = tx_subject_add(tx, SUBJECT_ORGANISATION, "care", subject, err);

	for (int i = 0; r == 0 && i < NMANY; i++) {
		char email[32];
		struct person p = { .subject = *subject, .name = "crowd", .email = email };

		snprintf(email, sizeof(email), "c%d@example.org", i);
		r = put_of_person(tx, &p, err);
	}
	return r < 0 ? r : tx_records_leaf(tx, subject, "profile", "care", NULL, NMANY, err);
}

static void assert_crowd_is_found(struct house *h)
{
	static const int some[] = { 0, 1, 499, 998, 999, 1000, 1001, 1298, NMANY - 1 };

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		char email[32];

		snprintf(email, sizeof(email), "c%d@example.org", some[i]);
		assert_int_equal(hits_of(h, "profile.email", email), 1);
	}
	assert_int_equal(hits_of(h, "profile.name", "crowd"), NMANY);
}

static void delete_index(const char *dir, bool with_log)
{
	assert_int_equal(unlink(in_dir(dir, "index.db")), 0);
	if (with_log) {
		(void)unlink(in_dir(dir, "index.db-wal"));
	}
	(void)unlink(in_dir(dir, "index.db-shm"));
}

static void copy_index(const char *from, const char *to)
{
	copy_file(in_dir(from, "index.db"), in_dir(to, "index.db"));
	copy_file(in_dir(from, "index.db-wal"), in_dir(to, "index.db-wal"));
	(void)unlink(in_dir(to, "index.db-shm"));
}

static void an_index_that_was_deleted_is_filled_at_the_start(void **state)
{
	struct house h = { 0 };
	const char *dir = new_store_dir();
	struct id crowd;
	struct person p = { .name = "Ada", .email = "ada@example.org", .key = "17" };

	(void)state;
	must_open(&h, dir);
	must_run(&h, STORE_CHANGE, add_person, &p);
	must_run(&h, STORE_CHANGE, add_crowd, &crowd);
	assert_crowd_is_found(&h);
	for (int with_log = 0; with_log <= 1; with_log++) {
		house_close(&h);
		delete_index(dir, with_log);
		must_open(&h, dir);
		assert_crowd_is_found(&h);
		assert_int_equal(hits_of(&h, "profile.email", "ada@example.org"), 1);
	}
	house_close(&h);
}

static int find_shop_17(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct row_record row;
	struct record rec;
	int r = tx_find_source(tx, "profile", span_str("shop"), span_str("17"), &row, &rec, err);

	*(bool *)ctx = r > 0;
	return r < 0 ? r : 0;
}

static void an_index_that_is_behind_catches_up(void **state)
{
	struct house h = { 0 };
	const char *dir = new_store_dir(), *old = fresh_dir();
	struct person kept, changed, added = { .name = "Cid", .email = "cid@example.org",
				.key = "17" };
	struct id crowd;
	bool found;

	(void)state;
	must_open(&h, dir);
	kept = must_add(&h, "Ada", "ada@example.org");
	changed = must_add(&h, "Bob", "old@example.org");
	house_close(&h);
	copy_index(dir, old);
	must_open(&h, dir);
	changed.email = "new@example.org";
	must_run(&h, STORE_CHANGE, put_record, &changed);
	must_run(&h, STORE_CHANGE, add_person, &added);
	must_run(&h, STORE_CHANGE, add_crowd, &crowd);
	house_close(&h);

	copy_index(old, dir);
	must_open(&h, dir);
	assert_int_equal(hits_of(&h, "profile.email", kept.email), 1);
	assert_int_equal(hits_of(&h, "profile.email", "old@example.org"), 0);
	assert_int_equal(hits_of(&h, "profile.email", "new@example.org"), 1);
	assert_int_equal(hits_of(&h, "profile.email", "cid@example.org"), 1);
	must_run(&h, STORE_CHANGE, find_shop_17, &found);
	assert_true(found);
	assert_crowd_is_found(&h);
	house_close(&h);
}

/* --- a start that dies while it fills ------------------------------------------------------ */

/* The linker's names (see the build file). */
int __real_engine_commit(struct engine *e, bool *ret_has_rows, struct cu_err *err);
int __wrap_engine_commit(struct engine *e, bool *ret_has_rows, struct cu_err *err);

static int ncommits, die_at;

int __wrap_engine_commit(struct engine *e, bool *ret_has_rows, struct cu_err *err)
{
	int r = __real_engine_commit(e, ret_has_rows, err);

	if (++ncommits == die_at) {
		_exit(FAULT_STATUS);
	}
	return r;
}

static const char *story_dir;

static int open_and_die(void *ctx)
{
	struct house h = { 0 };

	ncommits = 0;
	die_at = *(int *)ctx;
	return house_open(&h, story_dir, NULL);
}

static void a_start_that_died_while_it_filled_the_index_goes_on(void **state)
{
	struct house h = { 0 };
	struct id crowd;

	(void)state;
	die_at = 0;
	story_dir = new_store_dir();
	must_open(&h, story_dir);
	must_add(&h, "Ada", "ada@example.org");
	must_run(&h, STORE_CHANGE, add_crowd, &crowd);
	must_add(&h, "Bob", "bob@example.org");
	for (int n = 1; n <= 2; n++) {
		house_close(&h);
		delete_index(story_dir, true);
		assert_int_equal(fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0, open_and_die, &n), 0);
		must_open(&h, story_dir);
		assert_crowd_is_found(&h);
		assert_int_equal(hits_of(&h, "profile.email", "ada@example.org"), 1);
		assert_int_equal(hits_of(&h, "profile.email", "bob@example.org"), 1);
	}
	house_close(&h);
}

/* --- hits --------------------------------------------------------------------------------- */

static int stop_at_once(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)row;
	(void)rec;
	(void)err;
	++*(int *)ctx;
	return 1;
}

static int fail_at_once(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)ctx;
	(void)row;
	(void)rec;
	return cu_err_set(err, CU_ECANCELED, "enough");
}

static void a_search_ends_when_it_is_told_to(void **state)
{
	struct house h = { 0 };
	struct reader *rd;
	struct cu_err err = { 0 };
	int n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	for (int i = 0; i < 3; i++) {
		must_add(&h, "same", NULL);
	}
	rd = store_reader_take(h.store);
	assert_int_equal(reader_find(rd, "profile.name", span_str("same"), stop_at_once, &n, &err),
		1);
	assert_int_equal(n, 1);
	assert_fails(reader_find(rd, "profile.name", span_str("same"), fail_at_once, &n, &err),
		CU_ECANCELED, &err, "enough");
	store_reader_give(h.store, rd);
	assert_int_equal(hits_of(&h, "profile.name", "same"), 3);
	house_close(&h);
}

struct planted {
	struct person *p;
	const char *kind, *value;
};

/* A token of another value that leads to this record, as a collision or a stale one would. */
static int plant_token(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct planted *pl = ctx;
	uint8_t token[TOKEN_SIZE];

	token_make(
		vault_index_key(tx->store->cfg.vault), pl->kind, span_str(pl->value), token);
	return engine_token_put(tx->engine, token, &pl->p->subject, &pl->p->record, err);
}

static void a_token_that_lies_finds_nobody(void **state)
{
	struct house h = { 0 };
	struct person p, ghost = { .subject = id_new(), .record = id_new() };
	struct planted a = { &p, "profile.email", "bob@example.org" },
		       b = { &ghost, "profile.email", "ada@example.org" },
		       c = { &p, "source.profile", "shop" };

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", "ada@example.org");
	must_run(&h, STORE_CHANGE, plant_token, &a);
	must_run(&h, STORE_CHANGE, plant_token, &b);
	must_run(&h, STORE_CHANGE, plant_token, &c);
	assert_int_equal(hits_of(&h, "profile.email", "bob@example.org"), 0);
	assert_int_equal(hits_of(&h, "source.profile", "shop"), 0);
	assert_int_equal(hits_of(&h, "profile.email", "ada@example.org"), 1);
	house_close(&h);
}

/* --- terms -------------------------------------------------------------------------------- */

static void terms_beyond_the_most_are_left_out(void **state)
{
	struct index_terms t;

	(void)state;
	index_terms_init(&t);
	index_add(&t, "a.b", span_str(""));
	assert_int_equal(t.n, 0);
	for (int i = 0; i < INDEX_MAX_TOKENS + 5; i++) {
		char kind[8];

		snprintf(kind, sizeof(kind), "k%d", i);
		index_add(&t, kind, span_str("value"));
	}
	assert_int_equal(t.n, INDEX_MAX_TOKENS);
	assert_string_equal((char *)t.text.p + t.at[31].kind_at, "k31");
	assert_memory_equal(t.text.p + t.at[31].value_at, "value", 5);
	index_terms_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_that_was_deleted_is_filled_at_the_start),
		cmocka_unit_test(an_index_that_is_behind_catches_up),
		cmocka_unit_test(a_start_that_died_while_it_filled_the_index_goes_on),
		cmocka_unit_test(a_search_ends_when_it_is_told_to),
		cmocka_unit_test(a_token_that_lies_finds_nobody),
		cmocka_unit_test(terms_beyond_the_most_are_left_out),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
