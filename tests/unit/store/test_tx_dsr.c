/* Requests of data subjects: their numbers, parts, pauses, papers, and what they are about. */
#include "store_help.h"

#include "store/reader_dsr.h"
#include "store/tx_dsr.h"
#include "store/tx_erase.h"
#include "store/tx_outgoing.h"

#define PAPERS "custos.request"

static struct row_dsr blank(void)
{
	return (struct row_dsr){ .type = 3, .state = 1, .law = "gdpr", .received_day = 20000,
		.due_day = CIVIL_NO_DAY, .extension_day = CIVIL_NO_DAY };
}

static int open_one(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_dsr_open(tx, ctx, err);
}

static int put_row(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_dsr_put(tx, ctx, LEAF_REQUEST_NOTE, "", err);
}

static struct row_dsr must_open_one(struct house *h, const struct id *subject)
{
	struct row_dsr row = blank();

	if (subject) {
		row.subject = *subject;
	}
	must_run(h, STORE_CHANGE, open_one, &row);
	return row;
}

static int next_of(struct house *h, uint32_t after, bool is_all, struct row_dsr *ret)
{
	struct reader *rd = store_reader_take(h->store);
	struct cu_err err = { 0 };
	int r = reader_dsr_next(rd, after, is_all, ret, &err);

	store_reader_give(h->store, rd);
	return r;
}

static void numbers_rise_and_all_of_a_row_comes_back(void **state)
{
	static struct row_dsr got, full = { .number = 2, .subject = { { 6 } }, .type = 1, .state = 2,
		.channel = 3, .language = 1, .law = "pipl", .about = "ads", .received_day = -4,
		.entered_ms = 6, .due_day = 7, .extension = 1, .extension_day = 9, .method = 2,
		.verified_ms = 11, .code = { { 12 } }, .code_attempts = 3, .code_expires_ms = 14,
		.reason = "excessive", .duplicate_of = 1, .approval = { { 17 } },
		.erasure = { { 18 } }, .nkept = 2, .closed_ms = 20, .asked_ms = 21,
		.prepared_ms = 22, .nuntold = 23 };
	struct house h = { 0 };
	struct row_dsr row;

	(void)state;
	must_open(&h, new_store_dir());
	(void)must_open_one(&h, NULL);
	row = must_open_one(&h, &(struct id){ { 5 } });
	assert_int_equal(row.number, 2);
	full.id = row.id;
	full.kase = row.kase;
	must_run(&h, STORE_CHANGE, put_row, &full);
	reopen(&h);

	assert_int_equal(next_of(&h, 1, true, &got), 1);
	assert_memory_equal(&got, &full, sizeof(got));
	assert_int_equal(next_of(&h, 2, true, &got), 0);
	assert_int_equal(next_of(&h, 0, false, &got), 1);
	assert_int_equal(got.number, 1);
	assert_int_equal(next_of(&h, 1, false, &got), 0); /* it is closed */
	assert_int_equal(must_open_one(&h, NULL).number, 3);
	house_close(&h);
}

/* --- what it has to send ---------------------------------------------------------------- */

struct sending {
	struct row_dsr row;
	struct row_outgoing found;
	enum outgoing_state state;
};

static int prepare_both(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct case_text text = { "text", span_str("Dear {person}") };
	struct row_outgoing letter = { .kind = 4, .language = 1 }, notice = { .kind = 6,
		.recipient = "carrier" };
	struct sending *s = ctx;
	int r = tx_outgoing_prepare(tx, &s->row, &letter, &text, 1, err);

	return r < 0 ? r : tx_outgoing_prepare(tx, &s->row, &notice, &text, 1, err);
}

static int mark_notice(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct sending *s = ctx;
	int r = tx_outgoing_find(tx, &s->row, 6, "carrier", &s->found, err);

	assert_int_equal(tx_outgoing_find(tx, &s->row, 6, "nobody", &s->found, err), 0);
	return r <= 0 ? r : tx_outgoing_mark(tx, &s->row, &s->found, s->state, err);
}

static int drop_all(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_outgoing_drop(tx, &((struct sending *)ctx)->row, err);
}

static int next_outgoing(struct house *h, const struct row_dsr *row, struct row_outgoing *at,
	bool is_first)
{
	struct reader *rd = store_reader_take(h->store);
	int r = reader_dsr_outgoing(rd, row, is_first ? NULL : at, at, NULL);

	store_reader_give(h->store, rd);
	return r;
}

static void a_notice_is_counted_until_it_is_sent_or_explained(void **state)
{
	struct row_outgoing o;
	struct sending s = { 0 };
	struct house h = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	s.row = must_open_one(&h, NULL);
	must_run(&h, STORE_CHANGE, prepare_both, &s);
	assert_int_equal(s.row.nuntold, 1); /* the letter is no notice */
	reopen(&h);
	assert_int_equal(next_outgoing(&h, &s.row, &o, true), 1);
	assert_true(o.kind == 4 && o.recipient[0] == '\0' && o.language == 1);
	assert_true(o.state == OUTGOING_PREPARED && !id_is_nil(&o.paper));
	assert_int_equal(next_outgoing(&h, &s.row, &o, false), 1);
	assert_string_equal(o.recipient, "carrier");
	assert_int_equal(next_outgoing(&h, &s.row, &o, false), 0);

	s.state = OUTGOING_WAIVED;
	must_run(&h, STORE_CHANGE, mark_notice, &s);
	assert_int_equal(s.row.nuntold, 0);
	s.state = OUTGOING_SENT; /* it was possible after all */
	must_run(&h, STORE_CHANGE, mark_notice, &s);
	assert_int_equal(s.row.nuntold, 0);

	must_run(&h, STORE_CHANGE, prepare_both, &s); /* once more, in their place */
	assert_int_equal(s.row.nuntold, 1);
	must_run(&h, STORE_CHANGE, drop_all, &s);
	assert_int_equal(s.row.nuntold, 0);
	assert_int_equal(next_outgoing(&h, &s.row, &o, true), 0);
	house_close(&h);
}

/* --- what it is about ------------------------------------------------------------------- */

struct scope {
	struct row_dsr row;
	struct row_dsr_part part;
	struct buf text;
};

static int put_part(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct scope *s = ctx;

	return tx_dsr_part_put(tx, &s->row, &s->part, err);
}

static int read_scope(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct scope *s = ctx;

	buf_clear(&s->text);
	return tx_dsr_scope(tx, &s->row, &s->text, err);
}

static const char *scope_of(struct house *h, struct scope *s)
{
	const char *text;

	must_run(h, STORE_CHANGE, read_scope, s);
	text = strchr(buf_cstr(&s->text), '\n');
	assert_non_null(text);
	return text + 1;
}

static void add_part(struct house *h, struct scope *s, enum dsr_part_kind kind, const char *name)
{
	s->part = (struct row_dsr_part){ .kind = kind };
	strcpy(s->part.collection, name);
	must_run(h, STORE_CHANGE, put_part, s);
}

static int take_line(void *ctx, const struct dsr_item *item, struct cu_err *err)
{
	(void)err;
	buf_putf(ctx, "%s %d %s%s\n", item->collection, (int)item->nrecords,
		item->is_mention ? "of others " : "", item->is_kept ? "kept" : "done");
	return 0;
}

/* A record of one person that names another. */
struct naming {
	struct id subject, other;
	const char *collection;
};

static int put_naming(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct naming *n = ctx;
	struct record rec = { .subject = n->subject, .anchor_day = CIVIL_NO_DAY, .level = 1,
		.origin = RECORD_INTERNAL, .ncosubjects = 1, .cosubjects = { n->other } };
	int r = record_set(&rec, span_str("name"), span_str("x"), err);

	strcpy(rec.collection, n->collection);
	r = r < 0 ? r : tx_record_put(tx, &rec, err);
	return r < 0 ? r : tx_records_leaf(tx, &n->subject, n->collection, "care", &rec.id, 1, err);
}

static int count_mention(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)row;
	(void)rec;
	(void)err;
	++*(int *)ctx;
	return 0;
}

static int begin_erasure(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct erase_what what = { .subject = *(struct id *)ctx, .purpose = "care", .grace_ms = 1000 };
	struct id erasure;

	return tx_erase_begin(tx, &what, &erasure, err);
}

/* What access shows and erasure forgets of it is the same list, and what a reader shows. */
static void what_others_records_say_is_in_the_scope_until_either_is_gone(void **state)
{
	struct house h = { 0 };
	struct person ada, bob;
	struct scope s = { .text = BUF_INIT };
	struct reader *rd;
	struct cu_err err = { 0 };
	int n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", NULL);
	bob = must_add(&h, "Bob", NULL);
	must_run(&h, STORE_CHANGE, put_naming, &(struct naming){ bob.subject, ada.subject, "need" });
	must_run(&h, STORE_CHANGE, put_naming, &(struct naming){ bob.subject, ada.subject, "need" });
	must_run(&h, STORE_CHANGE, put_naming, &(struct naming){ bob.subject, ada.subject, "call" });
	must_run(&h, STORE_CHANGE, put_naming, &(struct naming){ ada.subject, ada.subject, "need" });
	s.row = must_open_one(&h, &ada.subject);
	assert_string_equal(scope_of(&h, &s),
		"need 1 done\nprofile 1 done\ncall 1 of others done\nneed 2 of others done\n");
	rd = store_reader_take(h.store);
	assert_ok(reader_mentions_after(rd, &ada.subject, NULL, count_mention, &n, &err), &err);
	store_reader_give(h.store, rd);
	assert_int_equal(n, 3);

	add_part(&h, &s, DSR_KEPT, "call");
	add_part(&h, &s, DSR_WANTED, "call");
	assert_string_equal(scope_of(&h, &s), "call 1 of others kept\n");
	must_run(&h, STORE_CHANGE, begin_erasure, &bob.subject);
	assert_string_equal(scope_of(&h, &s), "");
	buf_done(&s.text);
	house_close(&h);
}

static void the_scope_is_what_the_person_has_and_the_request_names(void **state)
{
	struct house h = { 0 };
	struct person p, more;
	struct scope s = { .text = BUF_INIT };
	struct buf seen = BUF_INIT;
	struct reader *rd;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", NULL);
	more = (struct person){ .collection = "need", .name = "x", .subject = p.subject };
	must_run(&h, STORE_CHANGE, put_record, &more);
	more.record = (struct id){ { 0 } };
	must_run(&h, STORE_CHANGE, put_record, &more);
	more = (struct person){ .collection = "custos.consent", .name = "x", .subject = p.subject };
	must_run(&h, STORE_CHANGE, put_record, &more);
	(void)must_add(&h, "Bob", NULL);
	s.row = must_open_one(&h, &p.subject);

	assert_string_equal(scope_of(&h, &s), "need 2 done\nprofile 1 done\n");
	add_part(&h, &s, DSR_KEPT, "need");
	assert_string_equal(scope_of(&h, &s), "need 2 kept\nprofile 1 done\n");
	/* a reader sees the same list */
	rd = store_reader_take(h.store);
	assert_ok(reader_dsr_scope(rd, &s.row, take_line, &seen, &err), &err);
	store_reader_give(h.store, rd);
	assert_string_equal(buf_cstr(&seen), scope_of(&h, &s));

	add_part(&h, &s, DSR_WANTED, "profile");
	assert_string_equal(scope_of(&h, &s), "profile 1 done\n");
	buf_done(&s.text);
	buf_done(&seen);
	house_close(&h);
}

/* --- pauses, papers --------------------------------------------------------------------- */

struct day {
	struct row_dsr row;
	int32_t day;
};

static int stop_clock(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct day *d = ctx;

	return tx_dsr_pause(tx, &d->row, d->day, err);
}

static int start_clock(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct day *d = ctx;

	return tx_dsr_resume(tx, &d->row, d->day, err);
}

static void the_clock_stands_still_once_at_a_time(void **state)
{
	struct house h = { 0 };
	struct day d = { .day = 20001 };
	struct row_dsr_pause p = { INT32_MIN, 0 };
	struct reader *rd;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	d.row = must_open_one(&h, NULL);
	must_run(&h, STORE_CHANGE, start_clock, &d); /* nothing stands still */
	must_run(&h, STORE_CHANGE, stop_clock, &d);
	d.day = 20003;
	must_run(&h, STORE_CHANGE, stop_clock, &d); /* asked again */
	d.day = 20009;
	must_run(&h, STORE_CHANGE, start_clock, &d);
	d.day = 20020;
	must_run(&h, STORE_CHANGE, stop_clock, &d);

	rd = store_reader_take(h.store);
	assert_int_equal(reader_dsr_pause(rd, &d.row, p.from_day, &p, &err), 1);
	assert_true(p.from_day == 20001 && p.to_day == 20009);
	assert_int_equal(reader_dsr_pause(rd, &d.row, p.from_day, &p, &err), 1);
	assert_true(p.from_day == 20020 && p.to_day == CIVIL_NO_DAY);
	assert_int_equal(reader_dsr_pause(rd, &d.row, p.from_day, &p, &err), 0);
	store_reader_give(h.store, rd);
	house_close(&h);
}

static int put_letter(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct case_text text = { "text", span_str("please forget 王小明") };

	return tx_dsr_paper(tx, ctx, "letter", &text, 1, NULL, err);
}

static int look_at_letter(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct span text = record_get(rec, "text");

	(void)row;
	(void)err;
	assert_int_equal(text.n, strlen("please forget 王小明"));
	++*(int *)ctx;
	return 0;
}

static void papers_lie_sealed_in_its_own_case(void **state)
{
	struct house h = { 0 };
	struct row_dsr row, other;
	struct reader *rd;
	struct cu_err err = { 0 };
	int n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	row = must_open_one(&h, NULL);
	other = must_open_one(&h, NULL);
	must_run(&h, STORE_CHANGE, put_letter, &row);
	reopen(&h);

	rd = store_reader_take(h.store);
	assert_ok(reader_begin(rd, &err), &err);
	assert_ok(reader_records(rd, &row.kase, PAPERS, look_at_letter, &n, &err), &err);
	assert_int_equal(n, 1);
	assert_ok(reader_records(rd, &other.kase, PAPERS, look_at_letter, &n, &err), &err);
	assert_int_equal(n, 1);
	reader_end(rd);
	store_reader_give(h.store, rd);
	house_close(&h);
}

static int is_open(struct tx *tx, void *ctx, struct cu_err *err)
{
	struct row_dsr got;

	return tx_dsr_open_of(tx, ctx, 0, &got, err);
}

static void an_open_request_is_found_by_its_subject(void **state)
{
	struct house h = { 0 };
	struct id subject = { { 5 } };
	struct row_dsr row;
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	assert_int_equal(run_op(&h, STORE_CHANGE, is_open, &subject, &err), 0);
	row = must_open_one(&h, &subject);
	assert_int_equal(run_op(&h, STORE_CHANGE, is_open, &subject, &err), 1);
	row.closed_ms = 5;
	must_run(&h, STORE_CHANGE, put_row, &row);
	assert_int_equal(run_op(&h, STORE_CHANGE, is_open, &subject, &err), 0);
	house_close(&h);
}

static int end_old(struct tx *tx, void *ctx, struct cu_err *err)
{
	return tx_dsr_end_one(tx, *(const int64_t *)ctx, err);
}

static void a_request_whose_time_is_over_is_forgotten_with_its_papers(void **state)
{
	struct house h = { 0 };
	struct row_dsr row, open, got;
	struct reader *rd;
	struct cu_err err = { 0 };
	int64_t before = 100;
	int n = 0;

	(void)state;
	must_open(&h, new_store_dir());
	row = must_open_one(&h, NULL);
	open = must_open_one(&h, NULL);
	must_run(&h, STORE_CHANGE, put_letter, &row);
	must_run(&h, STORE_CHANGE, put_letter, &open);
	row.closed_ms = 100;
	must_run(&h, STORE_CHANGE, put_row, &row);
	assert_int_equal(run_op(&h, STORE_CHANGE, end_old, &before, &err), 0); /* not yet */
	before = 101;
	assert_int_equal(run_op(&h, STORE_CHANGE, end_old, &before, &err), 1);
	assert_int_equal(run_op(&h, STORE_CHANGE, end_old, &before, &err), 0); /* open ones stay */
	reopen(&h);

	rd = store_reader_take(h.store);
	assert_int_equal(reader_dsr(rd, row.number, &got, &err), 0);
	assert_ok(reader_begin(rd, &err), &err);
	assert_ok(reader_records(rd, &row.kase, PAPERS, look_at_letter, &n, &err), &err);
	assert_int_equal(n, 0);
	assert_ok(reader_records(rd, &open.kase, PAPERS, look_at_letter, &n, &err), &err);
	assert_int_equal(n, 1);
	reader_end(rd);
	store_reader_give(h.store, rd);
	assert_int_equal(leaves_with(&h, "act=request.end"), 1);
	assert_int_equal(must_open_one(&h, NULL).number, 3); /* its number is not given again */
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_is_counted_until_it_is_sent_or_explained),
		cmocka_unit_test(numbers_rise_and_all_of_a_row_comes_back),
		cmocka_unit_test(the_scope_is_what_the_person_has_and_the_request_names),
		cmocka_unit_test(what_others_records_say_is_in_the_scope_until_either_is_gone),
		cmocka_unit_test(the_clock_stands_still_once_at_a_time),
		cmocka_unit_test(papers_lie_sealed_in_its_own_case),
		cmocka_unit_test(a_request_whose_time_is_over_is_forgotten_with_its_papers),
		cmocka_unit_test(an_open_request_is_found_by_its_subject),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
