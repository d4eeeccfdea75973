#include "store_help.h"

#include <pthread.h>

#include "db/image.h"
#include "store/store_internal.h"

/* --- what was written is there ------------------------------------------------------------ */

static int find_in_tx(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct person *p = ctx;
	struct row_record row;
	struct record rec;
	struct id id;
	int r = tx_find_subject(tx, "profile.email", span_str(p->email), &id, err);

	if (r <= 0 || !id_eq(&id, &p->subject)) {
		return cu_err_set(err, CU_EINTERNAL, "the address finds nobody");
	}
	r = tx_find_source(tx, "profile", span_str("shop"), span_str(p->key), &row, &rec, err);
	if (r <= 0 || !id_eq(&row.id, &p->record) ||
		!span_eq(record_get(&rec, "name"), span_str(p->name))) {
		return cu_err_set(err, CU_EINTERNAL, "the source's key finds nothing");
	}
	r = tx_record_get(tx, &p->record, &row, &rec, err);
	return r > 0 ? 0 : CU_EINTERNAL;
}

static void a_person_is_found_right_after_being_added(void **state)
{
	struct house h = { 0 };
	struct person p = { .name = "Ada", .email = "ada@example.org", .key = "17" };

	(void)state;
	must_open(&h, new_store_dir());
	assert_int_equal(hits_of(&h, "profile.email", "ada@example.org"), 0);
	must_run(&h, STORE_CHANGE, add_person, &p);
	assert_int_equal(hits_of(&h, "profile.email", "ada@example.org"), 1);
	assert_int_equal(hits_of(&h, "profile.email", "bob@example.org"), 0);
	assert_int_equal(hits_of(&h, "profile.name", "ada@example.org"), 0);
	must_run(&h, STORE_CHANGE, find_in_tx, &p);
	assert_int_equal(records_of(&h, &p.subject), 1);
	reopen(&h);
	assert_int_equal(hits_of(&h, "profile.email", "ada@example.org"), 1);
	must_run(&h, STORE_CHANGE, find_in_tx, &p);
	house_close(&h);
}

static void each_effect_has_its_leaf_in_order(void **state)
{
	struct house h = { 0 };
	struct person p;
	struct buf log = BUF_INIT;
	const char *text, *add, *put;

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", "ada@example.org");
	text = log_of(&h, &log);
	assert_int_equal(ledger_size(h.ledger), 2);
	add = strstr(text, "act=subject.add");
	put = strstr(text, "act=record.put");
	assert_true(add && put && add < put);
	assert_int_equal(count_text(text, hex_of(&p.subject)), 2);
	assert_int_equal(count_text(text, hex_of(&p.record)), 1);
	assert_int_equal(count_text(text, "by=acacacacacacacacacacacacacacacac"), 2);
	assert_int_equal(count_text(text, "t=2026-11-21T22:09:04.123Z"), 2);
	assert_int_equal(ledger_last_outbox(h.ledger), 2);
	buf_done(&log);
	house_close(&h);
}

static void the_store_knows_who_it_is(void **state)
{
	struct house h = { 0 };
	struct id id;

	(void)state;
	must_open(&h, new_store_dir());
	id = store_id(h.store);
	assert_true(id_eq(&id, &house_id));
	id = store_lineage(h.store);
	assert_true(id_eq(&id, &house_lineage));
	assert_false(store_is_restricted(h.store));
	assert_false(store_is_restored(h.store));
	house_close(&h);
}

/* --- records ------------------------------------------------------------------------------ */

static struct row_record seen_row;
static char seen_name[64];

static int note_row(
	void *ctx, const struct row_record *row, const struct record *rec, struct cu_err *err)
{
	struct span name = record_get(rec, "name");

	(void)ctx;
	(void)err;
	seen_row = *row;
	snprintf(seen_name, sizeof(seen_name), "%.*s", (int)name.n, (const char *)name.p);
	return 1;
}

static void look_at(struct house *h, const struct id *subject, const char *collection)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };

	memset(&seen_row, 0, sizeof(seen_row));
	assert_ok(reader_records(rd, subject, collection, note_row, NULL, &err), &err);
	store_reader_give(h->store, rd);
}

static void a_new_version_takes_the_place_of_the_old(void **state)
{
	struct house h = { 0 };
	struct person p;
	uint64_t slot;

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", "old@example.org");
	look_at(&h, &p.subject, NULL);
	slot = seen_row.slot;
	h.now_ms += 1000;
	p.name = "Ada King";
	p.email = "new@example.org";
	must_run(&h, STORE_CHANGE, put_record, &p);
	look_at(&h, &p.subject, NULL);
	assert_string_equal(seen_name, "Ada King");
	assert_int_equal(seen_row.version, 2);
	assert_true(seen_row.slot == slot);
	assert_int_equal(seen_row.updated_ms - seen_row.created_ms, 1000);
	assert_int_equal(records_of(&h, &p.subject), 1);
	assert_int_equal(hits_of(&h, "profile.email", "old@example.org"), 0);
	assert_int_equal(hits_of(&h, "profile.email", "new@example.org"), 1);
	house_close(&h);
}

static void a_record_belongs_to_its_subject_and_collection(void **state)
{
	struct house h = { 0 };
	struct person a, b, wrong;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	a = must_add(&h, "Ada", NULL);
	b = must_add(&h, "Bob", NULL);
	wrong = (struct person){ .name = "x", .subject = b.subject, .record = a.record };
	assert_fails(run_op(&h, STORE_CHANGE, put_record, &wrong, &err), CU_ENOENT, &err, "record");
	wrong = (struct person){ .name = "x", .subject = a.subject, .record = a.record,
		.collection = "order" };
	assert_fails(run_op(&h, STORE_CHANGE, put_record, &wrong, &err), CU_ENOENT, &err, "record");
	wrong = (struct person){ .name = "x", .subject = a.subject, .record = id_new() };
	assert_fails(run_op(&h, STORE_CHANGE, put_record, &wrong, &err), CU_ENOENT, &err, "record");
	wrong = (struct person){ .name = "x", .subject = id_new() };
	assert_fails(run_op(&h, STORE_CHANGE, put_record, &wrong, &err), CU_ENOENT, &err, "subject");
	assert_int_equal(ledger_size(h.ledger), 4);
	house_close(&h);
}

/* A run has eight slots; the ninth collection needs another run. */
static void each_collection_of_a_subject_has_a_slot_of_its_own(void **state)
{
	static char names[20][16];
	struct house h = { 0 };
	struct person p, q;
	uint64_t slots[20];

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	q = must_add(&h, "Bob", NULL);
	for (int i = 0; i < 20; i++) {
		struct person rec = { .name = "x", .subject = p.subject, .collection = names[i] };

		snprintf(names[i], sizeof(names[i]), "collection_%02d", i);
		must_run(&h, STORE_CHANGE, put_record, &rec);
		look_at(&h, &p.subject, names[i]);
		slots[i] = seen_row.slot;
		for (int k = 0; k < i; k++) {
			assert_true(slots[i] != slots[k]);
		}
	}
	look_at(&h, &q.subject, NULL);
	for (int i = 0; i < 20; i++) {
		assert_true(slots[i] != seen_row.slot);
	}
	assert_true(slots[19] < vault_capacity(h.vault));
	assert_int_equal(records_of(&h, &p.subject), 21);
	house_close(&h);
}

static void records_of_a_cohort_share_its_slot(void **state)
{
	struct house h = { 0 };
	struct person a = { .name = "A", .collection = "order", .cohort = 202611 },
		      b = { .name = "B", .collection = "order", .cohort = 202611 },
		      c = { .name = "C", .collection = "order", .cohort = 202612 };
	uint64_t cohort, other;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_person, &a);
	must_run(&h, STORE_CHANGE, add_person, &b);
	must_run(&h, STORE_CHANGE, add_person, &c);
	look_at(&h, &a.subject, NULL);
	cohort = seen_row.cohort_slot;
	assert_true(seen_row.has_cohort);
	look_at(&h, &b.subject, NULL);
	assert_true(seen_row.cohort_slot == cohort);
	look_at(&h, &c.subject, NULL);
	other = seen_row.cohort_slot;
	assert_true(other != cohort);

	/* one slot ends them all, and them alone */
	assert_ok(vault_shred(h.vault, &cohort, 1, &err), &err);
	assert_int_equal(records_of(&h, &a.subject), 0);
	assert_int_equal(records_of(&h, &b.subject), 0);
	assert_int_equal(records_of(&h, &c.subject), 1);
	house_close(&h);
}

/* The vault starts with no slot at all and grows as people come. */
static int add_many(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < 300; i++) {
		struct id id;

		r = tx_subject_add(tx, SUBJECT_PERSON, "care", &id, err);
	}
	(void)ctx;
	return r;
}

static void the_vault_grows_with_the_store(void **state)
{
	struct house h = { 0 };
	struct person p;

	(void)state;
	must_open(&h, new_store_dir());
	assert_true(vault_capacity(h.vault) == 0);
	must_run(&h, STORE_CHANGE, add_many, NULL);
	assert_true(vault_capacity(h.vault) >= 300 * VAULT_RUN);
	p = must_add(&h, "Ada", NULL);
	look_at(&h, &p.subject, NULL);
	assert_true(seen_row.slot == 300 * VAULT_RUN);
	house_close(&h);
}

/* --- requests, notes, operators ----------------------------------------------------------- */

struct request {
	struct id id;
	struct person person;
	bool was_known;
};

static int add_once(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct request *q = ctx;
	struct buf reply = BUF_INIT;
	int r = tx_request_get(tx, &q->id, &reply, err);

	q->was_known = r > 0;
	if (r > 0) {
		memcpy(q->person.subject.b, reply.p, 16);
		r = 0;
	} else if (r == 0) {
		r = add_person(tx, &q->person, err);
		if (r == 0) {
			r = tx_request_put(tx, &q->id, span_of(q->person.subject.b, 16), err);
		}
	}
	buf_done(&reply);
	return r;
}

static void a_retry_is_answered_and_not_repeated_for_a_day(void **state)
{
	struct house h = { 0 };
	struct request first = { .id = id_new(), .person = { .name = "Ada" } }, again = first;

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, add_once, &first);
	assert_false(first.was_known);
	must_run(&h, STORE_CHANGE, add_once, &again);
	assert_true(again.was_known);
	assert_true(id_eq(&again.person.subject, &first.person.subject));
	assert_int_equal(ledger_size(h.ledger), 2);

	reopen(&h);
	h.now_ms += 23 * 3600 * 1000LL;
	must_add(&h, "Bob", NULL); /* old requests go beside some change, once an hour */
	must_run(&h, STORE_CHANGE, add_once, &again);
	assert_true(again.was_known);
	h.now_ms += 2 * 3600 * 1000LL;
	must_add(&h, "Cid", NULL);
	must_run(&h, STORE_CHANGE, add_once, &again);
	assert_false(again.was_known);
	house_close(&h);
}

static int put_note(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_note_put(tx, "backup.main.sequence", *(uint64_t *)ctx, err);
}

static void a_number_is_remembered_under_its_name(void **state)
{
	struct house h = { 0 };
	struct reader *rd;
	uint64_t v = 41, got = 0;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	rd = store_reader_take(h.store);
	assert_int_equal(reader_note(rd, "backup.main.sequence", &got, &err), 0);
	store_reader_give(h.store, rd);
	must_run(&h, STORE_CHANGE, put_note, &v);
	v++;
	must_run(&h, STORE_CHANGE, put_note, &v);
	reopen(&h);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_note(rd, "backup.main.sequence", &got, &err), 1);
	assert_int_equal(got, 42);
	store_reader_give(h.store, rd);
	house_close(&h);
}

struct operator_of {
	uint32_t uid;
	struct id id;
};

static int ask_operator(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct operator_of *o = ctx;

	return tx_operator(tx, o->uid, &o->id, err);
}

static void a_user_has_the_same_id_each_time(void **state)
{
	struct house h = { 0 };
	struct operator_of a = { .uid = 1000 }, b = { .uid = 1001 }, again = { .uid = 1000 };

	(void)state;
	must_open(&h, new_store_dir());
	must_run(&h, STORE_CHANGE, ask_operator, &a);
	must_run(&h, STORE_CHANGE, ask_operator, &b);
	reopen(&h);
	must_run(&h, STORE_CHANGE, ask_operator, &again);
	assert_true(id_eq(&a.id, &again.id));
	assert_false(id_eq(&a.id, &b.id));
	house_close(&h);
}

/* --- reads and what runs alone ------------------------------------------------------------ */

static int leaf_of_read(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_SUBJECT_READ, .sub = ((struct person *)ctx)->subject };
	struct row_record row;
	struct record rec;
	int r = tx_record_get(tx, &((struct person *)ctx)->record, &row, &rec, err);

	return r <= 0 ? CU_EINTERNAL : tx_leaf(tx, &leaf, err);
}

static int leaf_then_fail(struct tx *tx, void *ctx, struct cu_err *err)
{
	int r = leaf_of_read(tx, ctx, err);

	return r < 0 ? r : cu_err_set(err, CU_EDENIED, "changed my mind");
}

static void a_read_leaves_a_leaf_and_no_row(void **state)
{
	struct house h = { 0 };
	struct person p;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	must_run(&h, STORE_LEAF, leaf_of_read, &p);
	assert_int_equal(leaves_with(&h, "act=subject.read"), 1);
	assert_int_equal(ledger_last_outbox(h.ledger), 2);
	assert_fails(run_op(&h, STORE_LEAF, leaf_then_fail, &p, &err), CU_EDENIED, &err, "mind");
	assert_int_equal(ledger_size(h.ledger), 3);
	must_add(&h, "Bob", NULL);
	reopen(&h);
	assert_int_equal(leaves_with(&h, "act=subject.read"), 1);
	assert_int_equal(ledger_size(h.ledger), 5);
	assert_int_equal(ledger_last_outbox(h.ledger), 4);
	house_close(&h);
}

static int flush(struct tx *tx, void *ctx, struct cu_err *err)
{
	(void)ctx;
	return tx_flush(tx, err);
}

static off_t size_of(const char *dir, const char *name)
{
	struct stat st;

	assert_int_equal(stat(in_dir(dir, name), &st), 0);
	return st.st_size;
}

/* The read before left the writer standing on a row; that must not keep the log from going. */
static void a_flush_after_a_read_empties_the_logs(void **state)
{
	struct house h = { 0 };
	struct person p;

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	must_run(&h, STORE_LEAF, leaf_of_read, &p);
	must_run(&h, STORE_ALONE, flush, NULL);
	assert_int_equal(size_of(h.dir, "data.db-wal"), 0);
	assert_int_equal(size_of(h.dir, "index.db-wal"), 0);
	house_close(&h);
}

/* A reader that ended its walk early must not stay where it stood. */
static void a_reader_that_was_given_back_is_in_nobodys_way(void **state)
{
	struct house h = { 0 };
	struct person p;

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	look_at(&h, &p.subject, NULL); /* ends at the first record, without a view */
	must_add(&h, "Bob", NULL);
	must_run(&h, STORE_ALONE, flush, NULL);
	house_close(&h);
}

struct picture {
	struct db_image *image;
	struct engine_counts counts;
};

struct since {
	uint64_t changes;
	bool has_changed;
};

static int look_whether_changed(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct since *s = ctx;

	(void)err;
	s->has_changed = tx_has_changed(tx, s->changes);
	return 0;
}

static bool has_changed(struct house *h, struct reader *rd)
{
	struct since s = { .changes = reader_changes(rd) };

	must_run(h, STORE_LEAF, look_whether_changed, &s);
	return s.has_changed;
}

/* What was read is shown without another look only if this is sure. */
static void whether_anything_changed_since_a_view_is_known(void **state)
{
	struct house h = { 0 };
	struct reader *rd;
	uint64_t v = 1;
	struct change note = { .op = { .apply = apply_change, .is_note = true }, .fn = put_note,
		.ctx = &v };
	struct person p;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	rd = store_reader_take(h.store);
	assert_ok(reader_begin(rd, &err), &err);
	must_run(&h, STORE_LEAF, leaf_of_read, &p);
	assert_ok(store_run(h.store, &note.op, &err), &err);
	assert_false(has_changed(&h, rd));
	must_add(&h, "Bob", NULL);
	assert_true(has_changed(&h, rd));
	reader_end(rd);
	assert_ok(reader_begin(rd, &err), &err);
	assert_false(has_changed(&h, rd));
	must_run(&h, STORE_ALONE, flush, NULL); /* whatever runs alone may be a change */
	assert_true(has_changed(&h, rd));
	reader_end(rd);
	store_reader_give(h.store, rd);
	house_close(&h);
}

static int take_picture(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct picture *p = ctx;

	return tx_image_begin(tx, &p->image, &p->counts, err);
}

static void an_image_is_of_all_that_was_acknowledged(void **state)
{
	struct house h = { 0 };
	struct picture pic = { 0 };
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };
	struct person p;
	size_t n;

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	must_run(&h, STORE_ALONE, take_picture, &pic);
	assert_true(pic.counts.subjects == 1 && pic.counts.records == 1);
	must_add(&h, "Bob", NULL);
	n = (size_t)db_image_size(pic.image);
	assert_ok(db_image_read(pic.image, 0, buf_room(&b, n), (uint32_t)n, &err), &err);
	b.n = n;
	assert_non_null(memmem(b.p, b.n, p.record.b, 16));
	db_image_end(pic.image);
	buf_done(&b);
	house_close(&h);
}

static void a_view_of_several_reads_is_of_one_moment(void **state)
{
	struct house h = { 0 };
	struct person p;
	struct reader *rd;
	struct engine_counts n;
	struct row_subject row;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	rd = store_reader_take(h.store);
	assert_ok(reader_begin(rd, &err), &err);
	assert_int_equal(reader_next_subject(rd, NULL, &row, &err), 1);
	assert_true(id_eq(&row.id, &p.subject));
	must_add(&h, "Bob", NULL);
	assert_ok(reader_count(rd, &n, &err), &err);
	assert_true(n.subjects == 1 && n.records == 1);
	reader_end(rd);
	assert_ok(reader_count(rd, &n, &err), &err);
	assert_true(n.subjects == 2 && n.records == 2);
	store_reader_give(h.store, rd);
	house_close(&h);
}

struct borrower {
	struct store *store;
	int nrounds;
};

static void *borrow_readers(void *arg)
{
	struct borrower *b = arg;

	for (int i = 0; i < b->nrounds; i++) {
		struct reader *rd = store_reader_take(b->store);
		struct engine_counts n;

		if (reader_count(rd, &n, NULL) < 0) {
			return b;
		}
		store_reader_give(b->store, rd);
	}
	return NULL;
}

static void more_threads_than_readers_wait_for_each_other(void **state)
{
	struct house h = { 0 };
	struct borrower b;
	pthread_t threads[6];

	(void)state;
	must_open(&h, new_store_dir());
	b = (struct borrower){ h.store, 50 };
	for (int i = 0; i < 6; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, borrow_readers, &b), 0);
	}
	must_add(&h, "Ada", NULL);
	for (int i = 0; i < 6; i++) {
		void *trouble;

		pthread_join(threads[i], &trouble);
		assert_null(trouble);
	}
	house_close(&h);
}

/* --- opening ------------------------------------------------------------------------------ */

/* Each part of a row that its bytes are bound to is changed in turn. */
static int open_changed(
	void *ctx, const struct row_record *row, const struct record *rec, struct cu_err *err)
{
	struct sealer *s = ctx;
	struct record got;
	struct row_record changed[6] = { *row, *row, *row, *row, *row, *row };
	uint8_t *bytes = malloc(row->sealed.n);

	(void)rec;
	(void)err;
	assert_int_equal(sealer_open(s, row, &got, NULL), 0);
	assert_true(span_eq(record_get(&got, "name"), span_str("Ada")));
	changed[0].id.b[5] ^= 1;
	changed[1].subject.b[5] ^= 1;
	strcpy(changed[2].collection, "profilf");
	changed[3].version++;
	changed[4].slot++;
	changed[5].sealed.n--;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(sealer_open(s, &changed[i], &got, NULL), CU_ECORRUPT);
	}
	memcpy(bytes, row->sealed.p, row->sealed.n);
	for (size_t i = 0; i < row->sealed.n; i += 7) {
		bytes[i] ^= 0x10;
		changed[0] = *row;
		changed[0].sealed.p = bytes;
		assert_int_equal(sealer_open(s, &changed[0], &got, NULL), CU_ECORRUPT);
		bytes[i] ^= 0x10;
	}
	s->store.b[0] ^= 1;
	assert_int_equal(sealer_open(s, row, &got, NULL), CU_ECORRUPT);
	free(bytes);
	return 1;
}

static void a_record_opens_only_in_its_own_place(void **state)
{
	struct house h = { 0 };
	struct person p;
	struct sealer sealer;
	struct reader *rd;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	assert_ok(sealer_init(&sealer, h.vault, h.arena, &house_id, &err), &err);
	rd = store_reader_take(h.store);
	assert_ok(reader_records(rd, &p.subject, NULL, open_changed, &sealer, &err), &err);
	store_reader_give(h.store, rd);
	sealer_done(&sealer);
	sealer_done(&sealer); /* twice is fine */
	house_close(&h);
}

static void an_older_data_db_is_not_taken_for_the_store(void **state)
{
	static const char *const names[] = { "data.db", "data.db-wal" };
	struct house h = { 0 };
	const char *dir = new_store_dir(), *kept = fresh_dir();
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, dir);
	must_add(&h, "Ada", NULL);
	house_close(&h);
	copy_file(in_dir(dir, names[0]), in_dir(kept, names[0]));
	copy_file(in_dir(dir, names[1]), in_dir(kept, names[1]));
	must_open(&h, dir);
	must_add(&h, "Bob", NULL);
	house_close(&h);
	copy_file(in_dir(kept, names[0]), in_dir(dir, names[0]));
	copy_file(in_dir(kept, names[1]), in_dir(dir, names[1]));
	(void)unlink(in_dir(dir, "data.db-shm"));
	assert_fails(house_open(&h, dir, &err), CU_ECORRUPT, &err, "older");
}

static void a_store_without_its_id_is_corrupt(void **state)
{
	struct house h = { 0 };
	const char *dir = new_store_dir();
	struct engine *e = NULL;
	struct cu_err err = { 0 };

	(void)state;
	assert_ok(engine_open(dir, ENGINE_WRITE, &e, &err), &err);
	assert_ok(engine_meta_put(e, "lineage", span_str("short"), &err), &err);
	engine_close(e);
	assert_fails(house_open(&h, dir, &err), CU_ECORRUPT, &err, "lineage");
	store_close(NULL);
}

/* --- the queue ---------------------------------------------------------------------------- */

static int ndone;

static void count_done(struct store_op *op)
{
	assert_int_equal(op->code, 0);
	ndone++;
}

static void closing_finishes_what_was_submitted(void **state)
{
	struct house h = { 0 };
	static struct person people[40];
	static struct change changes[40];
	const char *dir = new_store_dir();

	(void)state;
	ndone = 0;
	must_open(&h, dir);
	for (int i = 0; i < 40; i++) {
		people[i] = (struct person){ .name = "x" };
		changes[i] = (struct change){ .op = { .apply = apply_change, .done = count_done,
						      .kind = STORE_CHANGE },
			.fn = add_person, .ctx = &people[i] };
		store_submit(h.store, &changes[i].op);
	}
	house_close(&h);
	assert_int_equal(ndone, 40);
	must_open(&h, dir);
	assert_int_equal(leaves_with(&h, "act=subject.add"), 40);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_person_is_found_right_after_being_added),
		cmocka_unit_test(each_effect_has_its_leaf_in_order),
		cmocka_unit_test(the_store_knows_who_it_is),
		cmocka_unit_test(a_new_version_takes_the_place_of_the_old),
		cmocka_unit_test(a_record_belongs_to_its_subject_and_collection),
		cmocka_unit_test(each_collection_of_a_subject_has_a_slot_of_its_own),
		cmocka_unit_test(records_of_a_cohort_share_its_slot),
		cmocka_unit_test(the_vault_grows_with_the_store),
		cmocka_unit_test(a_retry_is_answered_and_not_repeated_for_a_day),
		cmocka_unit_test(a_number_is_remembered_under_its_name),
		cmocka_unit_test(a_user_has_the_same_id_each_time),
		cmocka_unit_test(a_read_leaves_a_leaf_and_no_row),
		cmocka_unit_test(a_flush_after_a_read_empties_the_logs),
		cmocka_unit_test(a_reader_that_was_given_back_is_in_nobodys_way),
		cmocka_unit_test(whether_anything_changed_since_a_view_is_known),
		cmocka_unit_test(an_image_is_of_all_that_was_acknowledged),
		cmocka_unit_test(a_view_of_several_reads_is_of_one_moment),
		cmocka_unit_test(more_threads_than_readers_wait_for_each_other),
		cmocka_unit_test(a_record_opens_only_in_its_own_place),
		cmocka_unit_test(an_older_data_db_is_not_taken_for_the_store),
		cmocka_unit_test(a_store_without_its_id_is_corrupt),
		cmocka_unit_test(closing_finishes_what_was_submitted),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
