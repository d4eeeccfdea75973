#include <string.h>

#include "base/text.h"
#include "crypto/age_internal.h"

/* What a file that is not armored begins with, whatever its version. */
static const char binary_start[] = "age-encryption.org/";

#define BINARY_START_SIZE (sizeof(binary_start) - 1)
/* Enough of the beginning to see a BEGIN line behind the white space that is allowed. */
#define LOOK_AHEAD (AGE_ARMOR_BLANKS + 128)

_Static_assert(LOOK_AHEAD <= sizeof(((struct age_input *)0)->raw), "it is read ahead");

static int fail(struct age_input *in, enum age_fault fault, int code)
{
	in->fault = fault;
	return code;
}

/* --- raw bytes -------------------------------------------------------------------- */

/* One call of the source.  The number, 0 at the end. */
static long pull(struct age_input *in, uint8_t *to, size_t cap, struct cu_err *err)
{
	long n;

	if (in->is_at_end) {
		return 0;
	}
	n = in->source(in->ctx, to, cap, err);
	if (n < 0) {
		return fail(in, AGE_FAULT_IO, (int)n);
	}
	in->is_at_end = n == 0;
	return n;
}

static long fill(struct age_input *in, struct cu_err *err)
{
	long n = pull(in, in->raw, sizeof(in->raw), err);

	if (n > 0) {
		in->at = 0;
		in->n = (size_t)n;
	}
	return n;
}

static long read_raw(struct age_input *in, uint8_t *to, size_t n, struct cu_err *err)
{
	size_t done = 0;

	while (done < n) {
		size_t have = in->n - in->at;
		long got;

		if (have > 0) {
			have = have < n - done ? have : n - done;
			memcpy(to + done, in->raw + in->at, have);
			in->at += have;
			done += have;
			continue;
		}
		if (n - done >= sizeof(in->raw)) { /* large enough to spare the copy */
			got = pull(in, to + done, n - done, err);
			done += got > 0 ? (size_t)got : 0;
		} else {
			got = fill(in, err);
		}
		if (got < 0) {
			return got;
		}
		if (got == 0) {
			break;
		}
	}
	return (long)done;
}

/* --- armor ------------------------------------------------------------------------ */

static int bad_armor(struct age_input *in, struct cu_err *err, const char *what)
{
	return cu_err_set(
		err, fail(in, AGE_FAULT_ARMOR, CU_ECORRUPT), "age armor: %s", what);
}

/* The next line into in->line, without LF or CRLF.  Its length, or a code; the end of the
 * file before the line's first byte is a failure, since something is still due. */
static long read_line(struct age_input *in, struct cu_err *err)
{
	size_t n = 0;
	uint8_t c;
	long got;

	while ((got = read_raw(in, &c, 1, err)) == 1 && c != '\n') {
		if (n == sizeof(in->line) - 1) {
			return bad_armor(in, err, "a line is too long");
		}
		in->line[n++] = (char)c;
	}
	if (got < 0) {
		return got;
	}
	if (got == 0 && n == 0) {
		return bad_armor(in, err, "ends early");
	}
	if (n > 0 && in->line[n - 1] == '\r') {
		n--;
	}
	in->line[n] = '\0';
	return (long)n;
}

static bool is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\0' || !strchr(" \t\n\v\f\r", s[i])) {
			return false;
		}
	}
	return true;
}

static bool line_is(const struct age_input *in, size_t n, const char *want)
{
	return n == strlen(want) && memcmp(in->line, want, n) == 0;
}

static int begin_armor(struct age_input *in, struct cu_err *err)
{
	size_t nblank = 0;
	long n;

	for (;;) {
		n = read_line(in, err);
		if (n < 0) {
			return (int)n;
		}
		if (!is_blank(in->line, (size_t)n)) {
			break;
		}
		nblank += (size_t)n + 1;
		if (nblank > AGE_ARMOR_BLANKS) {
			return bad_armor(in, err, "too much white space before it");
		}
	}
	if (!line_is(in, (size_t)n, age_armor_begin)) {
		return bad_armor(
			in, err, "the first line is not the one that begins it");
	}
	in->has_begun = true;
	return 0;
}

/* After the END line nothing but a little white space may follow. */
static int end_armor(struct age_input *in, struct cu_err *err)
{
	long n = read_raw(in, (uint8_t *)in->line, AGE_ARMOR_BLANKS, err);

	if (n < 0) {
		return (int)n;
	}
	if (!is_blank(in->line, (size_t)n)) {
		return bad_armor(in, err, "something follows it");
	}
	if (n == AGE_ARMOR_BLANKS) {
		return bad_armor(in, err, "too much white space after it");
	}
	in->has_ended = true;
	return 0;
}

/* Decodes the next line into in->part.  A short line must be the last one. */
static int next_part(struct age_input *in, struct cu_err *err)
{
	long n = read_line(in, err), nbytes;

	if (n < 0) {
		return (int)n;
	}
	if (line_is(in, (size_t)n, age_armor_end)) {
		return end_armor(in, err);
	}
	if (n == 0 || n > AGE_LINE_CHARS) {
		return bad_armor(in, err, "a line is empty or too long");
	}
	nbytes = text_unbase64(in->line, (size_t)n, true, in->part, sizeof(in->part));
	if (nbytes <= 0) {
		return bad_armor(
			in, err, "a line is not base64 in its one right spelling");
	}
	if (nbytes < AGE_LINE_BYTES) {
		n = read_line(in, err);
		if (n < 0) {
			return (int)n;
		}
		if (!line_is(in, (size_t)n, age_armor_end)) {
			return bad_armor(in, err, "a short line is not the last one");
		}
		n = end_armor(in, err);
		if (n < 0) {
			return (int)n;
		}
	}
	in->part_at = 0;
	in->npart = (size_t)nbytes;
	return 0;
}

static long read_armored(
	struct age_input *in, uint8_t *to, size_t n, struct cu_err *err)
{
	size_t done = 0;
	int r;

	if (!in->has_begun && (r = begin_armor(in, err)) < 0) {
		return r;
	}
	while (done < n) {
		size_t have = in->npart - in->part_at;

		if (have > 0) {
			have = have < n - done ? have : n - done;
			memcpy(to + done, in->part + in->part_at, have);
			in->part_at += have;
			done += have;
		} else if (in->has_ended) {
			break;
		} else if ((r = next_part(in, err)) < 0) {
			return r;
		}
	}
	return (long)done;
}

/* --- both ------------------------------------------------------------------------- */

/* Armor, also when it is damaged: five dashes near the beginning of what does not begin as a
 * binary file.  So a fault of the armor is called one.  The source may have given more than
 * was asked for: what lies beyond must not count, or its pieces would decide. */
static bool looks_armored(const struct age_input *in)
{
	size_t n = in->n < LOOK_AHEAD ? in->n : LOOK_AHEAD;

	if (in->n >= BINARY_START_SIZE &&
		memcmp(in->raw, binary_start, BINARY_START_SIZE) == 0) {
		return false;
	}
	return memmem(in->raw, n, "-----", 5) != NULL;
}

int age_input_start(
	struct age_input *in, age_source *source, void *ctx, struct cu_err *err)
{
	in->source = source;
	in->ctx = ctx;
	while (in->n < LOOK_AHEAD && !in->is_at_end) {
		long n = pull(in, in->raw + in->n, sizeof(in->raw) - in->n, err);

		if (n < 0) {
			return (int)n;
		}
		in->n += (size_t)n;
	}
	in->is_armored = looks_armored(in);
	return 0;
}

long age_input_read(struct age_input *in, uint8_t *to, size_t n, struct cu_err *err)
{
	return in->is_armored ? read_armored(in, to, n, err) : read_raw(in, to, n, err);
}
