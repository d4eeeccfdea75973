#include "check.h"

#include "base/civil.h"
#include "store/record.h"

static struct record sample(void)
{
	struct record r = { .collection = "contact_point", .cohort = 202611, .anchor_day = -3,
		.level = 2, .origin = RECORD_EXTERNAL, .at_ms = 1795298944123,
		.source = span_str("chinook"), .key = span_str("customer 17"), .ncosubjects = 2 };
	struct cu_err err = { 0 };

	r.actor = id_new();
	r.cosubjects[0] = id_new();
	r.cosubjects[1] = id_new();
	assert_ok(record_set(&r, span_str("email"), span_str("ada@example.org"), &err), &err);
	assert_ok(record_set(&r, span_str("note"), span_of("\0\xff\n", 3), &err), &err);
	return r;
}

static void encode(const struct record *r, struct buf *to)
{
	struct cu_err err = { 0 };

	assert_ok(record_encode(r, to, &err), &err);
}

static void assert_equal(const struct record *a, const struct record *b)
{
	assert_string_equal(a->collection, b->collection);
	assert_int_equal(a->cohort, b->cohort);
	assert_int_equal(a->anchor_day, b->anchor_day);
	assert_int_equal(a->level, b->level);
	assert_int_equal(a->origin, b->origin);
	assert_true(a->at_ms == b->at_ms);
	assert_true(id_eq(&a->actor, &b->actor));
	assert_true(span_eq(a->source, b->source));
	assert_true(span_eq(a->key, b->key));
	assert_int_equal(a->ncosubjects, b->ncosubjects);
	assert_memory_equal(a->cosubjects, b->cosubjects, a->ncosubjects * sizeof(struct id));
	assert_int_equal(a->nfields, b->nfields);
	for (unsigned i = 0; i < a->nfields; i++) {
		assert_true(span_eq(a->fields[i].name, b->fields[i].name));
		assert_true(span_eq(a->fields[i].value, b->fields[i].value));
	}
}

/* --- bytes -------------------------------------------------------------------------------- */

static void a_record_comes_back_from_its_bytes(void **state)
{
	struct record r = sample(), back;
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	encode(&r, &b);
	assert_ok(record_decode(buf_span(&b), &back, &err), &err);
	assert_equal(&r, &back);
	buf_done(&b);
}

static void a_record_of_nothing_comes_back(void **state)
{
	struct record r = { .anchor_day = CIVIL_NO_DAY }, back;
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	encode(&r, &b);
	assert_ok(record_decode(buf_span(&b), &back, &err), &err);
	assert_equal(&r, &back);
	assert_int_equal(back.anchor_day, CIVIL_NO_DAY);
	buf_done(&b);
}

/* The bytes are a format: they stay what they are. */
static void the_bytes_of_version_1_are_these(void **state)
{
	static const uint8_t wanted[] = { 1, 3, 1, 0, 3, 0x17, 0x43, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
		5, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
		0xaa, 0xaa, 0, 1, 'c', 0, 1, 's', 0, 0, 0, 1, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb,
		0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0, 1, 0, 1, 'f', 0, 0, 0, 2, 'v',
		'w' };
	struct record r = { .collection = "c", .cohort = 202563, .anchor_day = 2, .level = 3,
		.origin = RECORD_INTERNAL, .at_ms = 5, .source = span_str("s"), .ncosubjects = 1,
		.nfields = 1, .fields = { { span_str("f"), span_str("vw") } } };
	struct buf b = BUF_INIT;

	(void)state;
	memset(r.actor.b, 0xaa, 16);
	memset(r.cosubjects[0].b, 0xbb, 16);
	encode(&r, &b);
	assert_int_equal(b.n, sizeof(wanted));
	assert_memory_equal(b.p, wanted, sizeof(wanted));
	buf_done(&b);
}

static void every_truncation_is_corrupt(void **state)
{
	struct record r = sample(), back;
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	encode(&r, &b);
	for (size_t n = 0; n < b.n; n++) {
		uint8_t *cut = malloc(n ? n : 1); /* so that the sanitizer sees its end */

		memcpy(cut, b.p, n);
		assert_fails(record_decode(span_of(cut, n), &back, &err), CU_ECORRUPT, &err, "damaged");
		free(cut);
	}
	buf_put_u8(&b, 0);
	assert_fails(record_decode(buf_span(&b), &back, &err), CU_ECORRUPT, &err, "damaged");
	buf_done(&b);
}

/* Each byte with each other value: refused, or a record whose bytes are just these. */
static void every_changed_byte_is_refused_or_another_record(void **state)
{
	struct record r = sample(), back;
	struct buf b = BUF_INIT, again = BUF_INIT;
	unsigned nrefused = 0;

	(void)state;
	encode(&r, &b);
	for (size_t at = 0; at < b.n; at++) {
		uint8_t was = b.p[at];

		for (unsigned v = 1; v < 256; v++) {
			b.p[at] = (uint8_t)(was ^ v);
			if (record_decode(buf_span(&b), &back, NULL) < 0) {
				nrefused++;
				continue;
			}
			buf_clear(&again);
			encode(&back, &again);
			if (!span_eq(buf_span(&again), buf_span(&b))) {
				fail_msg("byte %zu as %02x is a second spelling", at, b.p[at]);
			}
		}
		b.p[at] = was;
	}
	assert_true(nrefused > 255 * 8); /* lengths and counts at least */
	buf_done(&b);
	buf_done(&again);
}

static void a_later_format_is_not_supported_and_no_damage(void **state)
{
	struct record r = sample(), back;
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	encode(&r, &b);
	b.p[0] = 2;
	assert_fails(record_decode(buf_span(&b), &back, &err), CU_EUNSUP, &err, "format 2");
	buf_done(&b);
}

static void nothing_is_decoded_into_on_failure(void **state)
{
	struct record r = sample(), back = { .level = 77 };
	struct buf b = BUF_INIT;

	(void)state;
	encode(&r, &b);
	assert_int_equal(record_decode(span_of(b.p, b.n - 1), &back, NULL), CU_ECORRUPT);
	assert_int_equal(back.level, 77);
	buf_done(&b);
}

/* --- limits ------------------------------------------------------------------------------- */

static void as_many_fields_and_cosubjects_as_the_limit_come_back(void **state)
{
	static char names[RECORD_MAX_FIELDS][8];
	struct record r = { .collection = "c" }, back;
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	for (unsigned i = 0; i < RECORD_MAX_FIELDS; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		assert_ok(record_set(&r, span_str(names[i]), span_str("v"), &err), &err);
	}
	assert_fails(record_set(&r, span_str("one more"), span_str("v"), &err), CU_ELIMIT, &err,
		"at most 96");
	assert_ok(record_set(&r, span_str("f95"), span_str("replaced"), &err), &err);
	r.ncosubjects = RECORD_MAX_COSUBJECTS;
	encode(&r, &b);
	assert_ok(record_decode(buf_span(&b), &back, &err), &err);
	assert_equal(&r, &back);
	buf_done(&b);
}

static void more_than_the_limits_in_the_bytes_is_corrupt(void **state)
{
	/* format .. actor, then empty collection, source and key */
	uint8_t head[35 + 6] = { 1 };
	struct record back;
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned n = RECORD_MAX_COSUBJECTS; n <= RECORD_MAX_COSUBJECTS + 1; n++) {
		buf_clear(&b);
		buf_put(&b, head, sizeof(head));
		buf_put_u16(&b, (uint16_t)n);
		for (unsigned i = 0; i < 16 * n; i++) {
			buf_put_u8(&b, 1);
		}
		buf_put_u16(&b, 0);
		assert_int_equal(record_decode(buf_span(&b), &back, NULL),
			n <= RECORD_MAX_COSUBJECTS ? 0 : CU_ECORRUPT);
	}
	for (unsigned n = RECORD_MAX_FIELDS; n <= RECORD_MAX_FIELDS + 1; n++) {
		buf_clear(&b);
		buf_put(&b, head, sizeof(head));
		buf_put_u16(&b, 0);
		buf_put_u16(&b, (uint16_t)n);
		for (unsigned i = 0; i < n; i++) { /* a name of one byte, an empty value */
			buf_put_u16(&b, 1);
			buf_put_u8(&b, (uint8_t)i);
			buf_put_u32(&b, 0);
		}
		assert_int_equal(record_decode(buf_span(&b), &back, NULL),
			n <= RECORD_MAX_FIELDS ? 0 : CU_ECORRUPT);
	}
	buf_done(&b);
}

static void a_field_that_stands_twice_is_corrupt(void **state)
{
	struct record r = { .collection = "c", .nfields = 2 }, back;
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	r.fields[0] = (struct record_field){ span_str("city"), span_str("Köln") };
	r.fields[1] = (struct record_field){ span_str("city"), span_str("Bonn") };
	encode(&r, &b);
	assert_fails(record_decode(buf_span(&b), &back, &err), CU_ECORRUPT, &err, "damaged");
	buf_done(&b);
}

static void a_collection_is_as_long_as_a_policy_key(void **state)
{
	struct record r = { .level = 0 }, back;
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };
	uint8_t head[35] = { 1 };

	(void)state;
	memset(r.collection, 'c', sizeof(r.collection) - 1);
	encode(&r, &b);
	assert_ok(record_decode(buf_span(&b), &back, &err), &err);
	assert_string_equal(back.collection, r.collection);

	buf_clear(&b);
	buf_put(&b, head, sizeof(head));
	buf_put_u16(&b, ENGINE_KEY_SIZE);
	for (int i = 0; i < ENGINE_KEY_SIZE; i++) {
		buf_put_u8(&b, 'c');
	}
	buf_put_u64(&b, 0); /* source, key, co-subjects, fields: none */
	assert_int_equal(record_decode(buf_span(&b), &back, NULL), CU_ECORRUPT);
	buf_done(&b);
}

/* What is refused leaves nothing of itself in the buffer. */
static void what_is_too_large_is_refused(void **state)
{
	char *big = calloc(1, RECORD_MAX_BYTES + 2);
	struct buf b = BUF_INIT;
	struct cu_err err = { 0 };
	struct record r = { .collection = "c", .nfields = 1 };
	size_t overhead;

	(void)state;
	r.fields[0] = (struct record_field){ span_str("f"), span_str("") };
	encode(&r, &b);
	overhead = b.n;
	buf_clear(&b);
	buf_put_str(&b, "before");
	r.fields[0].value = span_of(big, RECORD_MAX_BYTES - overhead);
	encode(&r, &b);
	b.n = 6;
	r.fields[0].value.n++;
	assert_fails(record_encode(&r, &b, &err), CU_ELIMIT, &err, "record is over");
	assert_int_equal(b.n, 6);
	r.fields[0].value.n = RECORD_MAX_BYTES + 1;
	assert_fails(record_encode(&r, &b, &err), CU_ELIMIT, &err, "field is over");
	assert_int_equal(b.n, 6);
	r.fields[0].value.n = 1;
	r.fields[0].name = span_of(big, UINT16_MAX + 1);
	assert_fails(record_encode(&r, &b, &err), CU_ELIMIT, &err, "name");
	assert_int_equal(b.n, 6);
	r.fields[0].name.n = 1;
	r.key = span_of(big, UINT16_MAX + 1);
	assert_fails(record_encode(&r, &b, &err), CU_ELIMIT, &err, "key");
	r.key.n = 0;
	r.source = span_of(big, UINT16_MAX + 1);
	assert_fails(record_encode(&r, &b, &err), CU_ELIMIT, &err, "source");
	assert_string_equal(buf_cstr(&b), "before");
	buf_done(&b);
	free(big);
}

/* --- fields ------------------------------------------------------------------------------- */

static void fields_are_set_replaced_and_taken_away(void **state)
{
	struct record r = { .level = 0 };
	struct cu_err err = { 0 };

	(void)state;
	assert_null(record_get(&r, "a").p);
	assert_ok(record_set(&r, span_str("a"), span_str("1"), &err), &err);
	assert_ok(record_set(&r, span_str("b"), span_str("2"), &err), &err);
	assert_ok(record_set(&r, span_str("c"), span_str("3"), &err), &err);
	assert_ok(record_set(&r, span_str("b"), span_str("22"), &err), &err);
	assert_int_equal(r.nfields, 3);
	assert_true(span_eq(record_get(&r, "b"), span_str("22")));
	assert_ok(record_set(&r, span_str("a"), span_str(""), &err), &err);
	assert_ok(record_set(&r, span_str("none"), span_str(""), &err), &err);
	assert_int_equal(r.nfields, 2);
	assert_int_equal(record_get(&r, "a").n, 0);
	assert_true(span_eq(record_get(&r, "c"), span_str("3")));
	assert_ok(record_set(&r, span_str("c"), span_str(""), &err), &err);
	assert_true(span_eq(record_get(&r, "b"), span_str("22")));
	assert_int_equal(record_get(&r, "B").n, 0);
}

static void copied_spans_outlive_what_they_pointed_into(void **state)
{
	struct record r = sample(), decoded;
	struct buf b = BUF_INIT, text = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	encode(&r, &b);
	assert_ok(record_decode(buf_span(&b), &decoded, &err), &err);
	assert_ok(record_copy_spans(&decoded, &text, &err), &err);
	memset(b.p, 0x5a, b.n);
	buf_done(&b);
	assert_equal(&decoded, &r);
	buf_done(&text);
}

static void sameness_is_of_fields_anchor_and_cosubjects(void **state)
{
	struct record a = sample(), b = a, other;

	(void)state;
	b.fields[0] = a.fields[1]; /* the order of fields is nothing */
	b.fields[1] = a.fields[0];
	b.at_ms++;
	assert_true(record_is_same(&a, &b));
	other = a;
	other.fields[1].value = span_str("else");
	assert_false(record_is_same(&a, &other));
	other = a;
	other.fields[1].name = span_str("else");
	assert_false(record_is_same(&a, &other));
	other = a;
	other.nfields--;
	assert_false(record_is_same(&a, &other));
	assert_false(record_is_same(&other, &a));
	other = a;
	other.anchor_day++;
	assert_false(record_is_same(&a, &other));
	other = a;
	other.cosubjects[1].b[0] ^= 1;
	assert_false(record_is_same(&a, &other));
	other.ncosubjects--;
	assert_false(record_is_same(&a, &other));
}

/* --- what it is bound to ------------------------------------------------------------------ */

static void each_part_of_the_binding_counts(void **state)
{
	struct id store = id_new(), subject = id_new(), record = id_new(), other = id_new();
	struct buf a = BUF_INIT, b[7] = { BUF_INIT };

	(void)state;
	record_aad(&store, &subject, "order", &record, 3, &a);
	record_aad(&store, &subject, "order", &record, 3, &b[0]);
	record_aad(&other, &subject, "order", &record, 3, &b[1]);
	record_aad(&store, &other, "order", &record, 3, &b[2]);
	record_aad(&store, &subject, "orders", &record, 3, &b[3]);
	record_aad(&store, &subject, "order", &other, 3, &b[4]);
	record_aad(&store, &subject, "order", &record, 4, &b[5]);
	record_aad(&subject, &store, "order", &record, 3, &b[6]);
	assert_true(span_eq(buf_span(&a), buf_span(&b[0])));
	for (int i = 1; i < 7; i++) {
		assert_false(span_eq(buf_span(&a), buf_span(&b[i])));
	}
	for (int i = 0; i < 7; i++) {
		buf_done(&b[i]);
	}
	buf_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_back_from_its_bytes),
		cmocka_unit_test(a_record_of_nothing_comes_back),
		cmocka_unit_test(the_bytes_of_version_1_are_these),
		cmocka_unit_test(every_truncation_is_corrupt),
		cmocka_unit_test(every_changed_byte_is_refused_or_another_record),
		cmocka_unit_test(a_later_format_is_not_supported_and_no_damage),
		cmocka_unit_test(nothing_is_decoded_into_on_failure),
		cmocka_unit_test(as_many_fields_and_cosubjects_as_the_limit_come_back),
		cmocka_unit_test(more_than_the_limits_in_the_bytes_is_corrupt),
		cmocka_unit_test(a_field_that_stands_twice_is_corrupt),
		cmocka_unit_test(a_collection_is_as_long_as_a_policy_key),
		cmocka_unit_test(what_is_too_large_is_refused),
		cmocka_unit_test(fields_are_set_replaced_and_taken_away),
		cmocka_unit_test(copied_spans_outlive_what_they_pointed_into),
		cmocka_unit_test(sameness_is_of_fields_anchor_and_cosubjects),
		cmocka_unit_test(each_part_of_the_binding_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
