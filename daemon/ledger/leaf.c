#include "ledger/leaf.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"

struct act_row {
	const char *word, *meaning;
};

static const struct act_row acts[LEAF_NACTS_] = {
#define X(id, word, meaning) [LEAF_##id] = { word, N_(meaning) },
	LEAF_ACTS(X)
#undef X
};

const char *leaf_act_word(enum leaf_act act)
{
	return acts[act].word;
}

const char *leaf_act_meaning(enum leaf_act act)
{
	return acts[act].meaning;
}

/* 0001-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z: a year has four digits. */
#define FIRST_MS INT64_C(-62135596800000)
#define LAST_MS  INT64_C(253402300799999)

/* --- writing ---------------------------------------------------------------------- */

static bool is_key(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-")] == '\0';
}

static bool is_terminated(const char key[LEAF_KEY_SIZE])
{
	return memchr(key, '\0', LEAF_KEY_SIZE) != NULL;
}

/* "why" may also be an error's wire name, which has capitals; but only one of the table. */
static int check(const struct leaf *l, struct cu_err *err)
{
	if ((unsigned)l->act >= LEAF_NACTS_) {
		return cu_err_set(err, CU_EINVAL, "leaf: unknown act");
	}
	if (l->t_ms < FIRST_MS || l->t_ms > LAST_MS) {
		return cu_err_set(
			err, CU_EINVAL, "leaf: time is outside the years 1 to 9999");
	}
	if (!is_terminated(l->purpose) || !is_key(l->purpose)) {
		return cu_err_set(err, CU_EINVAL, "leaf: 'for' is not a policy key");
	}
	if (!is_terminated(l->collection) || !is_key(l->collection)) {
		return cu_err_set(err, CU_EINVAL, "leaf: 'in' is not a policy key");
	}
	if (!is_terminated(l->why) ||
		(!is_key(l->why) && cu_err_from_wire_name(l->why) == 0)) {
		return cu_err_set(err, CU_EINVAL,
			"leaf: 'why' is neither a policy key nor an error");
	}
	for (size_t i = 1; i < l->nslots; i++) {
		if (l->slots[i] <= l->slots[i - 1]) {
			return cu_err_set(err, CU_EINVAL, "leaf: slots do not ascend");
		}
	}
	return 0;
}

static void put_id(struct buf *out, const char *field, const struct id *id)
{
	char text[ID_TEXT_SIZE];

	if (!id_is_nil(id)) {
		id_format(id, text);
		buf_putf(out, " %s=%s", field, text);
	}
}

static void put_key(struct buf *out, const char *field, const char *key)
{
	if (*key) {
		buf_putf(out, " %s=%s", field, key);
	}
}

static void put_number(struct buf *out, const char *field, uint64_t n)
{
	if (n > 0) {
		buf_putf(out, " %s=%" PRIu64, field, n);
	}
}

static void put_slots(struct buf *out, const uint64_t *slots, size_t n)
{
	for (size_t i = 0, end; i < n; i = end + 1) {
		end = i;
		while (end + 1 < n && slots[end + 1] == slots[end] + 1) {
			end++;
		}
		buf_putf(out, "%s%" PRIu64, i == 0 ? " slots=" : ",", slots[i]);
		if (end > i) {
			buf_putf(out, "-%" PRIu64, slots[end]);
		}
	}
}

static int put_fields(const struct leaf *l, struct buf *out, struct cu_err *err)
{
	char time[CIVIL_TIME_SIZE], digest[2 * sizeof(l->digest) + 1];

	civil_format_time(l->t_ms, time);
	buf_putf(out, "v=1 t=%s act=%s", time, acts[l->act].word);
	put_id(out, "by", &l->by);
	put_key(out, "for", l->purpose);
	put_id(out, "sub", &l->sub);
	put_id(out, "obj", &l->obj);
	put_id(out, "rec", &l->rec);
	put_key(out, "in", l->collection);
	put_key(out, "why", l->why);
	put_number(out, "n", l->count);
	put_number(out, "gen", l->generation);
	if (l->has_digest) {
		text_hex(l->digest, sizeof(l->digest), digest);
		buf_putf(out, " dig=%s", digest);
	}
	put_slots(out, l->slots, l->nslots);
	return buf_check(out, err);
}

int leaf_format(const struct leaf *l, struct buf *out, struct cu_err *err)
{
	size_t start = out->n;
	int r = check(l, err);

	if (r == 0) {
		r = put_fields(l, out, err);
	}
	if (r == 0 && out->n - start > LEAF_MAX_SIZE) {
		r = cu_err_set(err, CU_ELIMIT, "leaf of %zu bytes is over %d",
			out->n - start, LEAF_MAX_SIZE);
	}
	if (r < 0) {
		out->n = start;
	}
	return r;
}

/* --- reading ---------------------------------------------------------------------- */

#define VALUE_SIZE 80 /* over every value but "slots" */

/* Does rest go on with this field?  Then its value is taken off. */
static bool take(struct span *rest, const char *field, struct span *ret)
{
	size_t n = strlen(field);
	const uint8_t *end;

	if (rest->n < n + 2 || rest->p[0] != ' ' ||
		memcmp(rest->p + 1, field, n) != 0 || rest->p[n + 1] != '=') {
		return false;
	}
	rest->p += n + 2;
	rest->n -= n + 2;
	end = rest->n > 0 ? memchr(rest->p, ' ', rest->n) : NULL;
	ret->p = rest->p;
	ret->n = end ? (size_t)(end - rest->p) : rest->n;
	rest->p += ret->n;
	rest->n -= ret->n;
	return true;
}

static bool take_text(struct span *rest, const char *field, char *to, size_t cap)
{
	struct span value;

	if (!take(rest, field, &value) || value.n >= cap ||
		(value.n > 0 && memchr(value.p, '\0', value.n))) {
		return false;
	}
	memcpy(to, value.p, value.n);
	to[value.n] = '\0';
	return true;
}

static void take_id(struct span *rest, const char *field, struct id *ret)
{
	char text[VALUE_SIZE];
	struct span before = *rest;

	if (!take_text(rest, field, text, sizeof(text)) || !id_parse(text, ret)) {
		*rest = before; /* what is not taken is found left over at the end */
	}
}

static void take_key(struct span *rest, const char *field, char to[LEAF_KEY_SIZE])
{
	struct span before = *rest;

	if (!take_text(rest, field, to, LEAF_KEY_SIZE)) {
		*rest = before;
	}
}

/* Digits at the front of s; false for none and for more than 64 bits. */
static bool take_digits(struct span *s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;

	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
		unsigned digit = s->p[n] - '0';

		if (v > (UINT64_MAX - digit) / 10) {
			return false;
		}
		v = v * 10 + digit;
	}
	s->p += n;
	s->n -= n;
	*ret = v;
	return n > 0;
}

static void take_number(struct span *rest, const char *field, uint64_t *ret)
{
	struct span before = *rest, value;

	if (!take(rest, field, &value) || !take_digits(&value, ret) || value.n > 0) {
		*rest = before;
	}
}

static void take_digest(struct span *rest, struct leaf *l)
{
	char text[VALUE_SIZE];
	struct span before = *rest;

	l->has_digest = take_text(rest, "dig", text, sizeof(text)) &&
			text_unhex(text, strlen(text), l->digest, sizeof(l->digest));
	if (!l->has_digest) {
		*rest = before;
	}
}

static int bad(struct cu_err *err, const char *what)
{
	return cu_err_set(err, CU_ECORRUPT, "leaf: %s", what);
}

/* "8-15,24": one range off the front of s, with the comma that follows. */
static bool take_range(struct span *s, uint64_t *ret_first, uint64_t *ret_last)
{
	if (!take_digits(s, ret_first)) {
		return false;
	}
	*ret_last = *ret_first;
	if (s->n > 0 && s->p[0] == '-') {
		s->p++;
		s->n--;
		if (!take_digits(s, ret_last) || *ret_last <= *ret_first) {
			return false;
		}
	}
	if (s->n == 0) {
		return true;
	}
	if (s->p[0] != ',' || s->n == 1) {
		return false;
	}
	s->p++;
	s->n--;
	return true;
}

static int take_slots(
	struct span *rest, uint64_t *to, size_t cap, size_t *ret_n, struct cu_err *err)
{
	struct span value;
	size_t n = 0;

	if (!take(rest, "slots", &value)) {
		*ret_n = 0;
		return 0;
	}
	do {
		uint64_t first, last;

		if (!take_range(&value, &first, &last)) {
			return bad(err, "slots are not ranges");
		}
		if (last - first >= cap - n) {
			return cu_err_set(
				err, CU_ELIMIT, "leaf: more than %zu slots", cap);
		}
		for (uint64_t i = 0; i <= last - first; i++) {
			to[n++] = first + i;
		}
	} while (value.n > 0);
	*ret_n = n;
	return 0;
}

static bool find_act(const char *word, enum leaf_act *ret)
{
	for (int i = 0; i < LEAF_NACTS_; i++) {
		if (strcmp(acts[i].word, word) == 0) {
			*ret = (enum leaf_act)i;
			return true;
		}
	}
	return false;
}

/* The line must start as every line does. */
static int take_head(struct span *rest, struct leaf *l, struct cu_err *err)
{
	char text[VALUE_SIZE];

	if (rest->n < 3 || memcmp(rest->p, "v=1", 3) != 0) {
		return bad(err, "is not of version 1");
	}
	rest->p += 3;
	rest->n -= 3;
	if (!take_text(rest, "t", text, sizeof(text)) ||
		!civil_parse_time(text, &l->t_ms)) {
		return bad(err, "has no time");
	}
	if (!take_text(rest, "act", text, sizeof(text)) || !find_act(text, &l->act)) {
		return bad(err, "has no known act");
	}
	return 0;
}

/* One spelling for each leaf: what was read must be written the same way again.  So the
 * readers above need not know about leading zeros, capitals or ranges that touch. */
static int check_spelling(struct span text, const struct leaf *l, struct cu_err *err)
{
	struct buf again = BUF_INIT;
	int r = leaf_format(l, &again, err);

	if (r == CU_EINVAL || (r == 0 && !span_eq(text, buf_span(&again)))) {
		r = bad(err, "is not in its one spelling");
	}
	buf_done(&again);
	return r;
}

int leaf_parse(struct span text, struct leaf *ret, uint64_t *slots_to, size_t cap,
	struct cu_err *err)
{
	struct leaf l = { .slots = slots_to };
	struct span rest = text;
	int r;

	if (text.n > LEAF_MAX_SIZE) {
		return bad(err, "is too long");
	}
	r = take_head(&rest, &l, err);
	if (r < 0) {
		return r;
	}
	take_id(&rest, "by", &l.by);
	take_key(&rest, "for", l.purpose);
	take_id(&rest, "sub", &l.sub);
	take_id(&rest, "obj", &l.obj);
	take_id(&rest, "rec", &l.rec);
	take_key(&rest, "in", l.collection);
	take_key(&rest, "why", l.why);
	take_number(&rest, "n", &l.count);
	take_number(&rest, "gen", &l.generation);
	take_digest(&rest, &l);
	r = take_slots(&rest, slots_to, cap, &l.nslots, err);
	if (r == 0 && rest.n > 0) {
		r = bad(err, "has a field that is unknown, malformed or out of order");
	}
	if (r == 0) {
		r = check_spelling(text, &l, err);
	}
	if (r == 0) {
		*ret = l;
	}
	return r;
}
