#include "verify/entry.h"

#include <stdio.h>
#include <string.h>

#include "verify/flaw.h"

/* --- values ----------------------------------------------------------------------- */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(struct bytes b, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < b.n; i++) {
		if (!is_digit(b.p[i]) && (b.p[i] < 'a' || b.p[i] > 'f')) {
			return false;
		}
		any |= b.p[i] ^ '0';
	}
	return b.n == n && any != 0;
}

static bool is_digest(struct bytes b)
{
	uint8_t digest[32];

	return bytes_unhex(b, digest, sizeof(digest));
}

bool entry_is_id(struct bytes b)
{
	return is_hex(b, 32);
}

bool entry_is_key(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		if (!is_digit(b.p[i]) && (b.p[i] < 'a' || b.p[i] > 'z') &&
			b.p[i] != '_' && b.p[i] != '.' && b.p[i] != '-') {
			return false;
		}
	}
	return b.n > 0 && b.n < 64;
}

/* Or the name of an error, as "NotFound". */
static bool is_reason(struct bytes b)
{
	if (entry_is_key(b)) {
		return true;
	}
	for (size_t i = 0; i < b.n; i++) {
		uint8_t small = b.p[i] | 0x20;

		if (small < 'a' || small > 'z' || (i == 0 && b.p[i] == small)) {
			return false;
		}
	}
	return b.n > 0 && b.n < 64;
}

static bool is_count(struct bytes b)
{
	uint64_t v;

	return bytes_number(b, &v) && v > 0;
}

static bool is_version(struct bytes b)
{
	return bytes_equal(b, bytes_of_text("1"));
}

static unsigned two_digits(const uint8_t *p)
{
	return (p[0] - (unsigned)'0') * 10 + (p[1] - (unsigned)'0');
}

static bool is_day(unsigned year, unsigned month, unsigned day)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && is_leap ? 1u : 0u);
}

bool entry_is_time(struct bytes b)
{
	static const char form[ENTRY_TIME_SIZE] = "0000-00-00T00:00:00.000Z";
	const uint8_t *p = b.p;

	if (b.n != sizeof(form) - 1) {
		return false;
	}
	for (size_t i = 0; i < b.n; i++) {
		if (form[i] == '0' ? !is_digit(p[i]) : p[i] != (uint8_t)form[i]) {
			return false;
		}
	}
	return is_day(two_digits(p) * 100 + two_digits(p + 2), two_digits(p + 5),
		       two_digits(p + 8)) &&
	       two_digits(p + 11) < 24 && two_digits(p + 14) < 60 &&
	       two_digits(p + 17) < 60;
}

/* --- slots ------------------------------------------------------------------------ */

/* "8-15" or "24": where it begins and ends. */
static bool read_range(struct bytes range, uint64_t *ret_first, uint64_t *ret_last)
{
	struct bytes first;

	if (!bytes_cut(&range, '-', &first)) {
		return bytes_number(range, ret_first) && bytes_number(range, ret_last);
	}
	return bytes_number(first, ret_first) && bytes_number(range, ret_last) &&
	       *ret_last > *ret_first;
}

/* Ranges ascend and do not touch, so that a set of slots has one spelling. */
uint64_t entry_count_slots(struct bytes b)
{
	uint64_t n = 0, first, last, before = 0;

	for (bool is_first = true, is_last = false; !is_last; is_first = false) {
		struct bytes range;

		if (!bytes_cut(&b, ',', &range)) {
			range = b;
			is_last = true;
		}
		if (!read_range(range, &first, &last) || last == UINT64_MAX ||
			(!is_first && first <= before + 1) ||
			last - first >= UINT64_MAX - n) {
			return 0;
		}
		n += last - first + 1;
		before = last;
	}
	return n;
}

static bool is_slots(struct bytes b)
{
	return entry_count_slots(b) > 0;
}

/* --- the line --------------------------------------------------------------------- */

/* Fields stand in this order, one blank between them. */
static const struct field {
	const char *name; /* with its '=' */
	bool (*is_valid)(struct bytes);
	size_t offset; /* of a struct bytes in struct entry */
	bool is_needed;
} fields[] = {
	{ "t=", entry_is_time, offsetof(struct entry, time), true },
	{ "act=", entry_is_key, offsetof(struct entry, act), true },
	{ "by=", entry_is_id, offsetof(struct entry, by) },
	{ "for=", entry_is_key, offsetof(struct entry, purpose) },
	{ "sub=", entry_is_id, offsetof(struct entry, subject) },
	{ "obj=", entry_is_id, offsetof(struct entry, object) },
	{ "rec=", entry_is_id, offsetof(struct entry, record) },
	{ "in=", entry_is_key, offsetof(struct entry, collection) },
	{ "why=", is_reason, offsetof(struct entry, why) },
	{ "n=", is_count, offsetof(struct entry, count) },
	{ "gen=", is_count, offsetof(struct entry, generation) },
	{ "dig=", is_digest, offsetof(struct entry, digest) },
	{ "slots=", is_slots, offsetof(struct entry, slots) },
};

static void take_value(struct bytes *rest, bool *is_ended, struct bytes *ret)
{
	if (!bytes_cut(rest, ' ', ret)) {
		*ret = *rest;
		rest->n = 0;
		*is_ended = true;
	}
}

static int bad(const char *name, const char *what, struct flaw *f)
{
	return flaw_set(f, VERDICT_INVALID, "entry: '%.*s' %s", (int)strcspn(name, "="),
		name, what);
}

int entry_parse(struct bytes line, struct entry *ret, struct flaw *f)
{
	struct entry e = { 0 };
	struct bytes value;
	bool is_ended = false;

	if (line.n > ENTRY_LIMIT) {
		return flaw_set(
			f, VERDICT_INVALID, "entry: longer than %d bytes", ENTRY_LIMIT);
	}
	if (!bytes_skip(&line, "v=")) {
		return bad("v", "is missing", f);
	}
	take_value(&line, &is_ended, &value);
	if (!is_version(value)) {
		return flaw_set(f, VERDICT_INVALID, "entry: of another version than 1");
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *field = &fields[i];

		if (is_ended || !bytes_skip(&line, field->name)) {
			if (field->is_needed) {
				return bad(field->name, "is missing", f);
			}
			continue;
		}
		take_value(&line, &is_ended, &value);
		if (!field->is_valid(value)) {
			return bad(field->name, "is malformed", f);
		}
		*(struct bytes *)((char *)&e + field->offset) = value;
	}
	if (!is_ended) {
		return flaw_set(f, VERDICT_INVALID,
			"entry: a field that is unknown or out of order");
	}
	*ret = e;
	return 0;
}
