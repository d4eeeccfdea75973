/* How somebody stands to a purpose follows from the events and the time. */
#include "store_help.h"

#include "store/standing.h"
#include "store/tx_consent.h"

#define DAY_MS 86400000

/* "given", "given@phone", "given+2": expires after two days. */
struct said {
	struct id subject;
	const char *purpose;
	const char *what;
	const char *evidence;
};

static int say(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct said *s = ctx;
	struct row_consent row = { .subject = s->subject, .said_day = CIVIL_NO_DAY };
	struct consent_papers papers = { .text.n = 0 };
	size_t n = strcspn(s->what, "@+");

	snprintf(row.purpose, sizeof(row.purpose), "%s", s->purpose ? s->purpose : "mail");
	for (int i = 1; i < CONSENT_NSTATES_; i++) {
		const char *word = consent_state_word((enum consent_state)i);

		if (strlen(word) == n && strncmp(word, s->what, n) == 0) {
			row.state = (enum consent_state)i;
		}
	}
	if (s->what[n] == '@') {
		snprintf(row.channel, sizeof(row.channel), "%s", s->what + n + 1);
	} else if (s->what[n] == '+') {
		row.expires_ms = tx->now_ms + atoi(s->what + n + 1) * (int64_t)DAY_MS;
	}
	if (s->evidence) {
		papers.text = span_str(s->evidence);
	}
	return tx_consent_put(tx, &row, &papers, NULL, err);
}

static struct standing standing(struct house *h, const struct id *subject, const char *purpose,
	const char *channel)
{
	struct reader *rd = store_reader_take(h->store);
	struct standing s;
	struct cu_err err = { 0 };

	assert_ok(standing_read(rd, subject, purpose, channel, h->now_ms, &s, &err), &err);
	store_reader_give(h->store, rd);
	return s;
}

/* Events by blanks, the channel that is asked about, and what follows after a day. */
static const struct {
	const char *events, *channel, *state;
	bool is_live, is_objected;
} cases[] = {
	{ "", NULL, "none", false, false },
	{ "requested", NULL, "requested", false, false },
	{ "given", NULL, "given", true, false },
	{ "refused", NULL, "refused", false, false },
	{ "given withdrawn", NULL, "withdrawn", false, false },
	{ "given invalidated", NULL, "invalidated", false, false },
	{ "given withdrawn given", NULL, "given", true, false },
	{ "given given", NULL, "renewed", true, false },
	{ "given requested", NULL, "given", true, false }, /* asked again: still live */
	{ "withdrawn requested", NULL, "withdrawn", false, false },
	{ "requested refused requested", NULL, "refused", false, false },
	{ "given+1", NULL, "expired", false, false },
	{ "given+2", NULL, "given", true, false },
	{ "given+1 given+2", NULL, "renewed", true, false },
	/* channels */
	{ "given@phone", "phone", "given", true, false },
	{ "given@phone", "letter", "none", false, false },
	{ "given@phone", NULL, "given", true, false }, /* of some channel */
	{ "given@phone withdrawn@phone", NULL, "withdrawn", false, false },
	{ "given@phone given@letter withdrawn@phone", NULL, "given", true, false },
	{ "given@phone given@letter withdrawn@phone", "phone", "withdrawn", false, false },
	{ "given@phone given@letter withdrawn@phone", "letter", "given", true, false },
	{ "given withdrawn@phone", "phone", "withdrawn", false, false },
	{ "given withdrawn@phone", "letter", "given", true, false },
	{ "given withdrawn@phone", NULL, "given", true, false },
	{ "given@phone withdrawn", "phone", "withdrawn", false, false }, /* all were meant */
	{ "given@phone withdrawn", NULL, "withdrawn", false, false },
	{ "withdrawn@phone given", "phone", "given", true, false },
	/* objections */
	{ "objected", NULL, "none", false, true },
	{ "objected unobjected", NULL, "none", false, false },
	{ "objected unobjected objected", NULL, "none", false, true },
	{ "given objected", NULL, "given", true, true },
	{ "objected given", NULL, "given", true, false }, /* agreed to since */
	{ "objected given objected", NULL, "given", true, true },
};

static void a_standing_follows_from_the_events_and_the_time(void **state)
{
	struct house h = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct person p = must_add(&h, "Ada", "ada@example.org");
		char events[128], *word, *rest = events;
		struct standing s;

		snprintf(events, sizeof(events), "%s", cases[i].events);
		while ((word = strtok_r(rest, " ", &rest))) {
			struct said said = { .subject = p.subject, .what = word };

			must_run(&h, STORE_CHANGE, say, &said);
		}
		h.now_ms += DAY_MS;
		s = standing(&h, &p.subject, "mail", cases[i].channel);
		h.now_ms -= DAY_MS;

		if (strcmp(consent_state_word(s.state), cases[i].state) != 0 ||
			s.is_live != cases[i].is_live || s.is_objected != cases[i].is_objected) {
			fail_msg("%s, channel %s: %s, live %d, objected %d", cases[i].events,
				cases[i].channel ? cases[i].channel : "-", consent_state_word(s.state),
				s.is_live, s.is_objected);
		}
	}
	house_close(&h);
}

static void another_purpose_and_another_person_are_not_meant(void **state)
{
	struct house h = { 0 };
	struct person ada, bob;
	struct id nobody = id_new();
	struct said said = { .what = "given" };

	(void)state;
	must_open(&h, new_store_dir());
	ada = must_add(&h, "Ada", "ada@example.org");
	bob = must_add(&h, "Bob", "bob@example.org");
	said.subject = ada.subject;
	must_run(&h, STORE_CHANGE, say, &said);

	assert_true(standing(&h, &ada.subject, "mail", NULL).is_live);
	assert_false(standing(&h, &ada.subject, "mai", NULL).is_live);
	assert_false(standing(&h, &ada.subject, NULL, NULL).is_live);
	assert_false(standing(&h, &bob.subject, "mail", NULL).is_live);
	assert_false(standing(&h, &nobody, "mail", NULL).exists);
	house_close(&h);
}

static int append_event(struct house *h, const struct id *subject, char *to, size_t cap)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_consent row = { .seq = 0 };
	struct cu_err err = { 0 };
	int r, n = 0;

	to[0] = '\0';
	while ((r = standing_next_event(rd, subject, row.seq, &row, &err)) > 0) {
		snprintf(to + strlen(to), cap - strlen(to), "%s:%s ", row.purpose,
			consent_state_word(row.state));
		n++;
	}
	store_reader_give(h->store, rd);
	assert_ok(r, &err);
	return n;
}

static void all_that_was_said_stays_in_its_order_and_what_was_typed_is_sealed(void **state)
{
	struct house h = { 0 };
	struct person p;
	struct said mail = { .what = "given", .evidence = "ticked the box on the fair" },
		    post = { .purpose = "post", .what = "objected" },
		    no = { .what = "withdrawn" };
	char all[256];
	struct buf log = BUF_INIT;

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", "ada@example.org");
	mail.subject = post.subject = no.subject = p.subject;
	must_run(&h, STORE_CHANGE, say, &mail);
	must_run(&h, STORE_CHANGE, say, &post);
	must_run(&h, STORE_CHANGE, say, &no);
	reopen(&h);

	assert_int_equal(append_event(&h, &p.subject, all, sizeof(all)), 3);
	assert_string_equal(all, "mail:given post:objected mail:withdrawn ");
	assert_int_equal(records_of(&h, &p.subject), 1); /* the evidence is nobody's record */
	assert_int_equal(count_text(log_of(&h, &log), "act=consent.give"), 1);
	assert_int_equal(count_text(log_of(&h, &log), "act=consent.withdraw"), 1);
	assert_null(strstr(log_of(&h, &log), "fair"));
	buf_done(&log);
	house_close(&h);
}

static int forget(struct tx *tx, void *ctx, struct cu_err *err)
{
	return engine_subject_delete(tx->engine, ctx, err);
}

static void who_is_forgotten_leaves_no_event(void **state)
{
	struct house h = { 0 };
	struct person p;
	struct said said = { .what = "given", .evidence = "a letter" };
	char all[256];

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", "ada@example.org");
	said.subject = p.subject;
	must_run(&h, STORE_CHANGE, say, &said);
	must_run(&h, STORE_CHANGE, forget, &p.subject);

	assert_int_equal(append_event(&h, &p.subject, all, sizeof(all)), 0);
	assert_int_equal(run_op(&h, STORE_CHANGE, say, &said, NULL), CU_ENOENT);
	house_close(&h);
}

struct freeze {
	struct id subject;
	bool is_restricted;
};

static int freeze(struct tx *tx, void *ctx, struct cu_err *err)
{
	const struct freeze *f = ctx;

	return tx_restrict(tx, &f->subject, "care", f->is_restricted, span_str("disputed"), err);
}

static void restricted_data_is_not_changed_until_it_is_lifted(void **state)
{
	struct house h = { 0 };
	struct person p;
	struct freeze f = { .is_restricted = true };
	struct said said = { .what = "withdrawn", .evidence = "by telephone" };
	struct cu_err err = { 0 };

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", "ada@example.org");
	f.subject = said.subject = p.subject;
	must_run(&h, STORE_CHANGE, freeze, &f);
	assert_fails(run_op(&h, STORE_CHANGE, freeze, &f, &err), CU_EEXIST, &err, "already");
	reopen(&h);

	assert_true(standing(&h, &p.subject, NULL, NULL).who.is_restricted);
	p.name = "Bob";
	assert_fails(run_op(&h, STORE_CHANGE, put_record, &p, &err), CU_EDENIED, &err,
		"restricted");
	must_run(&h, STORE_CHANGE, say, &said); /* what is said is still heard */

	f.is_restricted = false;
	must_run(&h, STORE_CHANGE, freeze, &f);
	must_run(&h, STORE_CHANGE, put_record, &p);
	assert_fails(run_op(&h, STORE_CHANGE, freeze, &f, &err), CU_EEXIST, &err,
		"not restricted");
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_standing_follows_from_the_events_and_the_time),
		cmocka_unit_test(another_purpose_and_another_person_are_not_meant),
		cmocka_unit_test(all_that_was_said_stays_in_its_order_and_what_was_typed_is_sealed),
		cmocka_unit_test(who_is_forgotten_leaves_no_event),
		cmocka_unit_test(restricted_data_is_not_changed_until_it_is_lifted),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
