#include "check.h"

static void a_fresh_buffer_holds_nothing_and_is_sound(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b);
	assert_int_equal(b.n, 0);
	assert_int_equal(buf_check(&b, NULL), 0);
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
	buf_done(&b); /* twice is fine */
}

static void numbers_are_big_endian(void **state)
{
	static const uint8_t wanted[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_u8(&b, 0x01);
	buf_put_u16(&b, 0x0203);
	buf_put_u32(&b, 0x04050607);
	buf_put_u64(&b, 0x08090a0b0c0d0e0f);
	assert_int_equal(b.n, sizeof(wanted));
	assert_memory_equal(b.p, wanted, sizeof(wanted));
	buf_done(&b);
}

static void what_was_put_is_read_back(void **state)
{
	struct buf b = BUF_INIT;
	struct cursor c;
	uint8_t six[6];

	(void)state;
	buf_put_u8(&b, UINT8_MAX);
	buf_put_u16(&b, UINT16_MAX - 1);
	buf_put_u32(&b, UINT32_MAX - 2);
	buf_put_u64(&b, UINT64_MAX - 3);
	buf_put_str(&b, "seven7");
	buf_put_span(&b, span_of(NULL, 0));
	buf_put_span(&b, span_str("end"));
	c = cursor_of(buf_span(&b));
	assert_int_equal(cursor_u8(&c), UINT8_MAX);
	assert_int_equal(cursor_u16(&c), UINT16_MAX - 1);
	assert_int_equal(cursor_u32(&c), UINT32_MAX - 2);
	assert_true(cursor_u64(&c) == UINT64_MAX - 3);
	cursor_copy(&c, six, sizeof(six));
	assert_memory_equal(six, "seven7", 6);
	assert_true(span_eq(cursor_take(&c, 3), span_str("end")));
	assert_int_equal(c.n, 0);
	assert_false(c.is_failed);
	buf_done(&b);
}

static void growing_keeps_every_byte(void **state)
{
	struct buf plain = BUF_INIT, wiping = BUF_INIT_WIPE;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		buf_put_u8(&plain, (uint8_t)(i * 7));
		buf_put_u8(&wiping, (uint8_t)(i * 7));
	}
	assert_int_equal(plain.n, 100000);
	for (unsigned i = 0; i < 100000; i++) {
		assert_int_equal(plain.p[i], (uint8_t)(i * 7));
	}
	assert_true(span_eq(buf_span(&plain), buf_span(&wiping)));
	buf_done(&plain);
	buf_done(&wiping);
}

static void a_failure_to_grow_is_remembered(void **state)
{
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	buf_put_str(&b, "kept");
	assert_null(buf_room(&b, SIZE_MAX)); /* n + 4 would wrap */
	assert_true(b.is_failed);
	buf_put_str(&b, "lost");
	buf_putf(&b, "%d", 1);
	assert_null(buf_room(&b, 1));
	assert_int_equal(b.n, 4);
	assert_memory_equal(b.p, "kept", 4);
	assert_string_equal(buf_cstr(&b), "");
	assert_fails(buf_check(&b, &err), CU_ENOMEM, &err, "memory");

	buf_clear(&b);
	assert_int_equal(buf_check(&b, NULL), 0);
	buf_put_str(&b, "again");
	assert_string_equal(buf_cstr(&b), "again");
	buf_done(&b);
}

static void more_than_half_of_the_address_space_is_refused(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_null(buf_room(&b, SIZE_MAX / 2 + 2));
	assert_int_equal(buf_check(&b, NULL), CU_ENOMEM);
	buf_done(&b);
}

static void room_for_nothing_is_not_null(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_non_null(buf_room(&b, 0));
	assert_int_equal(b.n, 0);
	buf_done(&b);
}

static void room_does_not_move_the_end(void **state)
{
	struct buf b = BUF_INIT;
	uint8_t *to;

	(void)state;
	buf_put_str(&b, "ab");
	to = buf_room(&b, 1000);
	assert_ptr_equal(to, b.p + 2);
	assert_int_equal(b.n, 2);
	assert_true(b.cap >= 1002);
	buf_done(&b);
}

static void text_is_formatted_at_any_length(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (int n = 0; n < 300; n++) {
		buf_clear(&b);
		buf_put_str(&b, "<");
		buf_putf(&b, "%*d>", n, 7);
		assert_int_equal(b.n, (size_t)(n < 1 ? 1 : n) + 2);
		assert_int_equal(b.p[b.n - 1], '>');
		assert_int_equal(strlen(buf_cstr(&b)), b.n);
	}
	buf_done(&b);
}

static void a_wiping_buffer_is_zero_once_cleared(void **state)
{
	struct buf b = BUF_INIT_WIPE;

	(void)state;
	buf_put_str(&b, "a person's name");
	buf_clear(&b);
	for (size_t i = 0; i < 15; i++) {
		assert_int_equal(b.p[i], 0);
	}
	assert_true(b.wipes);
	buf_done(&b);
	assert_true(b.wipes);
	assert_null(b.p);
}

/* Every sequence of reads over every length: never a byte past the end, zeros instead. */
static void a_cursor_never_overruns(void **state)
{
	static const size_t widths[] = { 1, 2, 4, 8 };

	(void)state;
	for (size_t n = 0; n <= 20; n++) {
		uint8_t *bytes = malloc(n ? n : 1); /* so that the sanitizer sees its end */

		memset(bytes, 0xff, n);
		for (size_t first = 0; first < 4; first++) {
			for (size_t second = 0; second < 4; second++) {
				struct cursor c = cursor_of(span_of(bytes, n));
				uint64_t v[2];
				size_t used = 0;

				for (size_t i = 0; i < 2; i++) {
					size_t w = widths[i == 0 ? first : second];

					v[i] = w == 1 ? cursor_u8(&c) :
						w == 2 ? cursor_u16(&c) :
						w == 4 ? cursor_u32(&c) :
							 cursor_u64(&c);
					used += w;
					if (used <= n) {
						assert_false(c.is_failed);
						assert_true(v[i] == UINT64_MAX >> (64 - 8 * w));
					} else {
						assert_true(c.is_failed);
						assert_true(v[i] == 0);
					}
				}
				if (c.is_failed) {
					uint8_t to[3] = { 9, 9, 9 };

					assert_null(cursor_take(&c, 0).p);
					cursor_copy(&c, to, 3);
					assert_int_equal(to[0] | to[1] | to[2], 0);
				}
			}
		}
		free(bytes);
	}
}

static void a_length_near_the_greatest_is_past_the_end(void **state)
{
	uint8_t bytes[4] = { 0 };
	struct cursor c = cursor_of(span_of(bytes, sizeof(bytes)));
	struct span s = cursor_take(&c, SIZE_MAX);

	(void)state;
	assert_null(s.p);
	assert_int_equal(s.n, 0);
	assert_true(c.is_failed);
}

static void empty_spans_are_equal_wherever_they_point(void **state)
{
	(void)state;
	assert_true(span_eq(span_of(NULL, 0), span_str("")));
	assert_false(span_eq(span_str("a"), span_str("b")));
	assert_false(span_eq(span_str("a"), span_str("ab")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_buffer_holds_nothing_and_is_sound),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(what_was_put_is_read_back),
		cmocka_unit_test(growing_keeps_every_byte),
		cmocka_unit_test(a_failure_to_grow_is_remembered),
		cmocka_unit_test(more_than_half_of_the_address_space_is_refused),
		cmocka_unit_test(room_for_nothing_is_not_null),
		cmocka_unit_test(room_does_not_move_the_end),
		cmocka_unit_test(text_is_formatted_at_any_length),
		cmocka_unit_test(a_wiping_buffer_is_zero_once_cleared),
		cmocka_unit_test(a_cursor_never_overruns),
		cmocka_unit_test(a_length_near_the_greatest_is_past_the_end),
		cmocka_unit_test(empty_spans_are_equal_wherever_they_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
