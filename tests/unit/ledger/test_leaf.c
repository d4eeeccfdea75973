#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "ledger/leaf.h"

#define T0 INT64_C(1795299844123) /* 2026-11-21T22:24:04.123Z */

static struct id id_of(uint8_t fill)
{
	struct id id;

	memset(id.b, fill, sizeof(id.b));
	return id;
}

static int parse(const char *text, struct leaf *ret, struct cu_err *err)
{
	static uint64_t slots[64];

	return leaf_parse(span_str(text), ret, slots, 64, err);
}

static void assert_bad(const char *text)
{
	struct leaf l = { .count = 77 };
	struct cu_err err;

	if (parse(text, &l, &err) != CU_ECORRUPT) {
		fail_msg("was taken for a leaf: %s", text);
	}
	assert_int_equal(l.count, 77);
}

static struct leaf full_leaf(enum leaf_act act, const uint64_t *slots, size_t n)
{
	struct leaf l = { .act = act,
		.t_ms = T0,
		.by = id_of(1),
		.sub = id_of(2),
		.obj = id_of(3),
		.rec = id_of(4),
		.count = 5,
		.generation = UINT64_MAX,
		.has_digest = true,
		.slots = slots,
		.nslots = n };

	strcpy(l.purpose, "service.contract");
	strcpy(l.collection, "contact_point");
	strcpy(l.why, "art-17.1-a");
	memset(l.digest, 0xab, sizeof(l.digest));
	return l;
}

static void a_leaf_is_written_as_the_grammar_says(void **state)
{
	static const uint64_t slots[] = { 8, 9, 10, 15, 24, 25 };
	struct leaf l = full_leaf(LEAF_ERASE_SHRED, slots, 6);
	struct buf b = BUF_INIT;

	(void)state;
	l.generation = 12;
	assert_int_equal(leaf_format(&l, &b, NULL), 0);

	assert_string_equal(buf_cstr(&b),
		"v=1 t=2026-11-21T22:24:04.123Z act=erase.shred "
		"by=01010101010101010101010101010101 for=service.contract "
		"sub=02020202020202020202020202020202 "
		"obj=03030303030303030303030303030303 "
		"rec=04040404040404040404040404040404 "
		"in=contact_point why=art-17.1-a n=5 gen=12 "
		"dig=abababababababababababababababababababababababababababababababab "
		"slots=8-10,15,24-25");
	buf_done(&b);
}

static void every_act_goes_there_and_back_full_and_bare(void **state)
{
	static const uint64_t slots[] = { 0, 7, 8, UINT64_MAX - 1, UINT64_MAX };

	(void)state;
	for (int act = 0; act < LEAF_NACTS_; act++) {
		for (int is_bare = 0; is_bare < 2; is_bare++) {
			struct leaf l =
				is_bare ? (struct leaf){ .act = (enum leaf_act)act,
					.t_ms = T0 }
					: full_leaf((enum leaf_act)act, slots, 5);
			struct leaf back;
			struct buf b = BUF_INIT, again = BUF_INIT;

			assert_int_equal(leaf_format(&l, &b, NULL), 0);
			assert_int_equal(parse(buf_cstr(&b), &back, NULL), 0);
			assert_int_equal(leaf_format(&back, &again, NULL), 0);

			assert_true(span_eq(buf_span(&b), buf_span(&again)));
			assert_int_equal(back.act, act);
			assert_int_equal(back.t_ms, T0);
			assert_int_equal(back.nslots, l.nslots);
			assert_int_equal(back.has_digest, l.has_digest);
			assert_true(back.generation == l.generation);
			assert_string_equal(back.purpose, l.purpose);
			assert_true(id_eq(&back.sub, &l.sub));
			assert_true(*leaf_act_word(back.act) &&
				    *leaf_act_meaning(back.act));
			buf_done(&b);
			buf_done(&again);
		}
	}
}

static void a_line_with_any_byte_removed_doubled_or_changed_is_refused_or_another_leaf(
	void **state)
{
	static const uint64_t slots[] = { 8, 9, 24 };
	struct leaf l = full_leaf(LEAF_RECORD_PUT, slots, 3), back;
	struct buf b = BUF_INIT;
	uint64_t to[64];

	(void)state;
	assert_int_equal(leaf_format(&l, &b, NULL), 0);
	for (size_t i = 0; i < b.n; i++) {
		for (int change = 0; change < 3; change++) {
			struct buf other = BUF_INIT, again = BUF_INIT;

			buf_put(&other, b.p, i);
			if (change == 1) {
				buf_put_u8(&other, b.p[i]);
			}
			if (change > 0) {
				buf_put_u8(
					&other, change == 1 ? b.p[i] : b.p[i] ^ 0x20);
			}
			buf_put(&other, b.p + i + 1, b.n - i - 1);

			/* What is accepted must be the one spelling of what it was read as. */
			if (leaf_parse(buf_span(&other), &back, to, 64, NULL) == 0) {
				assert_int_equal(leaf_format(&back, &again, NULL), 0);
				assert_true(
					span_eq(buf_span(&other), buf_span(&again)));
			}
			buf_done(&other);
			buf_done(&again);
		}
	}
	buf_done(&b);
}

#define HEAD "v=1 t=2026-11-21T22:24:04.123Z act=record.put"

static void only_the_one_spelling_is_read(void **state)
{
	struct leaf l;

	(void)state;
	assert_int_equal(parse(HEAD " n=5 slots=8-9", &l, NULL), 0);

	assert_bad("");
	assert_bad("v=1");
	assert_bad("v=2 t=2026-11-21T22:24:04.123Z act=record.put");
	assert_bad("v=1 t=2026-11-21T22:24:04.123Z");
	assert_bad("v=1 t=2026-11-21T22:24:04Z act=record.put");
	assert_bad("v=1 t=2026-02-30T22:24:04.123Z act=record.put");
	assert_bad("v=1 t=2026-11-21T22:24:04.123Z act=record.steal");
	assert_bad(HEAD " ");
	assert_bad(HEAD "\n");
	assert_bad(HEAD "  n=5");
	assert_bad(HEAD " n=05");
	assert_bad(HEAD " n=0");
	assert_bad(HEAD " n=-5");
	assert_bad(HEAD " n=18446744073709551616");
	assert_bad(HEAD " n=5 n=5");
	assert_bad(HEAD " gen=5 n=5"); /* out of order */
	assert_bad(HEAD " x=5");
	assert_bad(HEAD " by=01");
	assert_bad(HEAD " by=ABABABABABABABABABABABABABABABAB");
	assert_bad(HEAD " by=00000000000000000000000000000000");
	assert_bad(HEAD " dig=ab");
	assert_bad(HEAD " slots=");
	assert_bad(HEAD " slots=9,8");
	assert_bad(HEAD " slots=8,8");
	assert_bad(HEAD " slots=8,9"); /* is 8-9 */
	assert_bad(HEAD " slots=8-8");
	assert_bad(HEAD " slots=8-9,10"); /* is 8-10 */
	assert_bad(HEAD " slots=9-8");
	assert_bad(HEAD " slots=8,");
	assert_bad(HEAD " slots=08");
	assert_bad(HEAD " for=");
}

static void free_text_does_not_fit_into_any_field(void **state)
{
	static const char *const texts[] = { "Jane Doe", "jane@example.org",
		"+49 30 1234", "O'Neill", "a\tb", "a\nb", "a=b", "Müller", "\x01",
		"12 High St", "Jane" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct leaf l = { .act = LEAF_RECORD_PUT, .t_ms = T0 };
		struct buf b = BUF_INIT;
		struct cu_err err;

		strcpy(l.purpose, texts[i]);
		assert_int_equal(leaf_format(&l, &b, &err), CU_EINVAL);
		assert_null(strstr(err.msg, texts[i]));
		l.purpose[0] = '\0';
		strcpy(l.collection, texts[i]);
		assert_int_equal(leaf_format(&l, &b, &err), CU_EINVAL);
		assert_null(strstr(err.msg, texts[i]));
		l.collection[0] = '\0';
		strcpy(l.why, texts[i]);
		assert_int_equal(leaf_format(&l, &b, &err), CU_EINVAL);
		assert_null(strstr(err.msg, texts[i]));
		assert_int_equal(b.n, 0);
		buf_done(&b);
	}
	assert_bad(HEAD " for=jane@example.org");
	assert_bad(HEAD " why=Jane");
}

static void why_may_be_the_wire_name_of_an_error(void **state)
{
	struct leaf l = { .act = LEAF_REFUSED, .t_ms = T0, .why = "NotFound" }, back;
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(leaf_format(&l, &b, NULL), 0);
	assert_int_equal(parse(buf_cstr(&b), &back, NULL), 0);
	assert_string_equal(back.why, "NotFound");
	buf_done(&b);
}

static void a_leaf_over_the_limit_and_slots_over_the_room_are_refused(void **state)
{
	static uint64_t slots[2000], to[10];
	struct leaf l = {
		.act = LEAF_ERASE_SHRED, .t_ms = T0, .slots = slots, .nslots = 2000
	};
	struct buf b = BUF_INIT;
	struct leaf back;

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		slots[i] = 2 * i;
	}
	assert_int_equal(leaf_format(&l, &b, NULL), CU_ELIMIT);
	assert_int_equal(b.n, 0);

	/* A run of any length is a few bytes on paper, and must not run over the array. */
	assert_int_equal(
		leaf_parse(span_str(HEAD " slots=0-9"), &back, to, 10, NULL), 0);
	assert_int_equal(back.nslots, 10);
	assert_int_equal(leaf_parse(span_str(HEAD " slots=0-10"), &back, to, 10, NULL),
		CU_ELIMIT);
	assert_int_equal(leaf_parse(span_str(HEAD " slots=0-18446744073709551615"),
				 &back, to, 10, NULL),
		CU_ELIMIT);
	buf_done(&b);
}

static void slots_that_do_not_ascend_years_past_9999_and_unknown_acts_are_refused(
	void **state)
{
	static const uint64_t slots[] = { 2, 1 };
	struct leaf l = {
		.act = LEAF_ERASE_SHRED, .t_ms = T0, .slots = slots, .nslots = 2
	};
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(leaf_format(&l, &b, NULL), CU_EINVAL);
	l.nslots = 0;
	l.t_ms = INT64_MAX;
	assert_int_equal(leaf_format(&l, &b, NULL), CU_EINVAL);
	l.t_ms = INT64_C(253402300800000);
	assert_int_equal(leaf_format(&l, &b, NULL), CU_EINVAL);
	l.t_ms = T0;
	l.act = LEAF_NACTS_;
	assert_int_equal(leaf_format(&l, &b, NULL), CU_EINVAL);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leaf_is_written_as_the_grammar_says),
		cmocka_unit_test(every_act_goes_there_and_back_full_and_bare),
		cmocka_unit_test(
			a_line_with_any_byte_removed_doubled_or_changed_is_refused_or_another_leaf),
		cmocka_unit_test(only_the_one_spelling_is_read),
		cmocka_unit_test(free_text_does_not_fit_into_any_field),
		cmocka_unit_test(why_may_be_the_wire_name_of_an_error),
		cmocka_unit_test(
			a_leaf_over_the_limit_and_slots_over_the_room_are_refused),
		cmocka_unit_test(
			slots_that_do_not_ascend_years_past_9999_and_unknown_acts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
