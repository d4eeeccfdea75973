#include "intake/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "intake/csv.h"

#define OUT_BYTES  65536
#define HEAD_BYTES 3  /* enough to know every byte order mark that matters */
#define JOIN_BYTES 16 /* longer than a character of any charset, escape sequence included */

#define NO_ICONV (iconv_t)(-1)

struct charset {
	char name[CHARSET_NAME_SIZE];
	bool is_utf8, is_utf16; /* as asked for: what a byte order mark may decide */
	bool is_settled;        /* the head was looked at */
	iconv_t cd;             /* NO_ICONV when the text is UTF-8 */
	iconv_t le, be;         /* ready for a mark, until settled */
	size_t unit;            /* bytes passed over at what is no character */
	size_t ncarry;          /* the head, later the begun character */
	uint8_t carry[2 * JOIN_BYTES];
	char out[OUT_BYTES];
};

struct target {
	charset_sink *sink;
	void *ctx;
};

static int put(const struct target *to, const void *p, size_t n, struct cu_err *err)
{
	return n > 0 ? to->sink(to->ctx, span_of(p, n), err) : 0;
}

static int put_mark(const struct target *to, struct cu_err *err)
{
	static const uint8_t mark = CSV_BAD_CHARACTER_MARK;

	return put(to, &mark, 1, err);
}

/* -- opening -- */

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names) {
		if (strcasecmp(name, *names++) == 0) {
			return true;
		}
	}
	return false;
}

/* iconv reads more than a name ("//TRANSLIT", a path by way of its configuration). */
static bool is_plain_name(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				"0123456789-_.:+()");

	return n > 0 && n < CHARSET_NAME_SIZE && name[n] == '\0';
}

static int open_from(const char *name, iconv_t *ret, struct cu_err *err)
{
	iconv_t cd = iconv_open("UTF-8", name);

	if (cd == NO_ICONV) {
		if (errno == EINVAL) {
			return cu_err_set(err, CU_ENOENT, "the charset '%s' is not known here", name);
		}
		return cu_err_errno(err, errno, "charset '%s'", name);
	}
	*ret = cd;
	return 0;
}

static void close_one(iconv_t *cd)
{
	if (*cd != NO_ICONV) {
		(void)iconv_close(*cd); /* it only frees */
		*cd = NO_ICONV;
	}
}

/* How many bytes the charset's letter A has: 2 in UTF-16, 4 in UTF-32.  Asked of iconv, since
 * these have dozens of names.  The second letter counts: the first may bring a mark. */
static size_t unit_of(const char *name)
{
	iconv_t cd = iconv_open(name, "UTF-8");
	char letters[] = "AA", room[32];
	char *in = letters, *out = room;
	size_t nin = 1, nout = sizeof(room), before;

	if (cd == NO_ICONV) {
		return 1;
	}
	(void)iconv(cd, &in, &nin, &out, &nout);
	before = nout;
	nin = 1;
	(void)iconv(cd, &in, &nin, &out, &nout);
	(void)iconv_close(cd);
	return before - nout == 2 || before - nout == 4 ? before - nout : 1;
}

static int open_all(struct charset *cs, const char *name, struct cu_err *err)
{
	static const char *const utf8[] = { "UTF-8", "UTF8", NULL };
	static const char *const utf16[] = { "UTF-16", "UTF16", NULL };
	int r;

	cs->is_utf8 = is_one_of(name, utf8);
	cs->is_utf16 = is_one_of(name, utf16);
	if (!cs->is_utf8 && !cs->is_utf16) {
		cs->unit = unit_of(name);
		return open_from(name, &cs->cd, err);
	}
	r = open_from("UTF-16LE", &cs->le, err);
	return r < 0 ? r : open_from("UTF-16BE", &cs->be, err);
}

int charset_open(const char *name, struct charset **ret, struct cu_err *err)
{
	struct charset *cs;
	int r;

	if (!is_plain_name(name)) {
		return cu_err_set(err, CU_ENOENT, "not the name of a charset");
	}
	cs = calloc(1, sizeof(*cs));
	if (!cs) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	cs->cd = cs->le = cs->be = NO_ICONV;
	cs->unit = 1;
	snprintf(cs->name, sizeof(cs->name), "%s", name);
	r = open_all(cs, name, err);
	if (r < 0) {
		charset_close(cs);
		return r;
	}
	*ret = cs;
	return 0;
}

void charset_close(struct charset *cs)
{
	if (!cs) {
		return;
	}
	close_one(&cs->cd);
	close_one(&cs->le);
	close_one(&cs->be);
	free(cs);
}

const char *charset_name(const struct charset *cs)
{
	return cs->name;
}

/* -- the head -- */

static void use_utf16(struct charset *cs, bool is_be)
{
	iconv_t *chosen = is_be ? &cs->be : &cs->le;

	cs->cd = *chosen;
	*chosen = NO_ICONV;
	cs->unit = 2;
	snprintf(cs->name, sizeof(cs->name), is_be ? "UTF-16BE" : "UTF-16LE");
}

static bool starts_with(const struct charset *cs, const char *mark, size_t n)
{
	return cs->ncarry >= n && memcmp(cs->carry, mark, n) == 0;
}

/* A mark that contradicts the charset: nearly every text would come out as a wrong one that
 * nothing later can tell from a right one, so it is refused at once. */
static int refuse_mark(const struct charset *cs, const char *of, struct cu_err *err)
{
	return cu_err_set(err, CU_EINVAL,
		"the file begins with the byte order mark of %s, but is said to be in %s", of,
		cs->name);
}

/* Decides from the first bytes, which lie in carry. */
static int settle(struct charset *cs, struct cu_err *err)
{
	bool le = starts_with(cs, "\xff\xfe", 2), be = starts_with(cs, "\xfe\xff", 2);
	int r = 0;

	cs->is_settled = true;
	if (cs->is_utf8 && (le || be)) {
		use_utf16(cs, be);
	} else if (cs->is_utf16) {
		/* Without a mark, what the first character says: most are below U+0100. */
		use_utf16(cs, be || (cs->ncarry >= 2 && cs->carry[0] == 0 && cs->carry[1] != 0));
	} else if (!cs->is_utf8 && starts_with(cs, "\xef\xbb\xbf", 3)) {
		r = refuse_mark(cs, "UTF-8", err);
	} else if (!cs->is_utf8 && cs->unit == 1 && (le || be)) {
		r = refuse_mark(cs, "UTF-16", err);
	}
	close_one(&cs->le);
	close_one(&cs->be);
	return r;
}

/* -- UTF-8 -- */

#define BEGUN 0  /* right so far, cut off at the end */
#define WRONG -1 /* cannot become a character, whatever follows */

static bool is_within(uint8_t b, uint8_t low, uint8_t high)
{
	return b >= low && b <= high;
}

/* The length of the character at p, BEGUN or WRONG.  Unicode 15, table 3-7: the second byte's
 * range shuts out overlong forms and surrogates. */
static int utf8_length(const uint8_t *p, size_t n)
{
	uint8_t a = p[0];
	int len = a < 0x80 ? 1 : is_within(a, 0xc2, 0xdf) ? 2 : is_within(a, 0xe0, 0xef) ? 3
		: is_within(a, 0xf0, 0xf4)                ? 4
							  : WRONG;
	uint8_t low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
	uint8_t high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;

	for (int i = 1; i < len; i++) {
		if ((size_t)i == n) {
			return BEGUN;
		}
		if (!is_within(p[i], i == 1 ? low : 0x80, i == 1 ? high : 0xbf)) {
			return WRONG;
		}
	}
	return len;
}

static const uint8_t *skip_ascii(const uint8_t *p, const uint8_t *end)
{
	uint64_t eight;

	while ((size_t)(end - p) >= sizeof(eight)) {
		memcpy(&eight, p, sizeof(eight));
		if (eight & 0x8080808080808080u) {
			break;
		}
		p += sizeof(eight);
	}
	while (p < end && *p < 0x80) {
		p++;
	}
	return p;
}

/* Good runs go on as they lie.  *ret_used: all but a begun character at the end. */
static int convert_utf8(const uint8_t *p, size_t n, const struct target *to, size_t *ret_used,
	struct cu_err *err)
{
	const uint8_t *start = p, *run = p, *end = p + n;
	int r, len = 1;

	for (;;) {
		p = skip_ascii(p, end);
		len = p < end ? utf8_length(p, (size_t)(end - p)) : BEGUN;
		if (len > 0) {
			p += len;
			continue;
		}
		r = put(to, run, (size_t)(p - run), err);
		if (r < 0 || len == BEGUN) {
			break;
		}
		r = put_mark(to, err);
		if (r < 0) {
			break;
		}
		run = ++p;
	}
	*ret_used = (size_t)(p - start);
	return r;
}

/* -- everything else -- */

static int convert_iconv(struct charset *cs, const uint8_t *p, size_t n,
	const struct target *to, size_t *ret_used, struct cu_err *err)
{
	char *in = (char *)(uintptr_t)p; /* iconv does not write there; its type is older */
	size_t left = n;
	int r = 0;

	while (left > 0) {
		char *out = cs->out;
		size_t room = sizeof(cs->out);
		size_t got = iconv(cs->cd, &in, &left, &out, &room);
		int why = got == (size_t)-1 ? errno : 0;

		r = put(to, cs->out, (size_t)(out - cs->out), err);
		if (r < 0 || why == EINVAL) {
			break;
		}
		if (why == EILSEQ) {
			size_t skip = left < cs->unit ? left : cs->unit;

			r = put_mark(to, err);
			if (r < 0) {
				break;
			}
			in += skip;
			left -= skip;
		} else if (why != 0 && why != E2BIG) {
			return cu_err_errno(err, why, "charset %s", cs->name);
		}
	}
	*ret_used = n - left;
	return r;
}

/* Converts as far as it goes; what is left (*ret_used on) is a begun character. */
static int convert(struct charset *cs, const uint8_t *p, size_t n, const struct target *to,
	size_t *ret_used, struct cu_err *err)
{
	if (cs->cd == NO_ICONV) {
		return convert_utf8(p, n, to, ret_used, err);
	}
	return convert_iconv(cs, p, n, to, ret_used, err);
}

/* Finishes the character that was begun with the last piece, with some bytes of this one.
 * Returns how many of them are used up. */
static int join(struct charset *cs, struct span in, const struct target *to, size_t *ret_used,
	struct cu_err *err)
{
	size_t nold = cs->ncarry, nnew = in.n < JOIN_BYTES ? in.n : JOIN_BYTES, used = 0;
	int r;

	memcpy(cs->carry + nold, in.p, nnew);
	r = convert(cs, cs->carry, nold + nnew, to, &used, err);
	if (r < 0) {
		return r;
	}
	if (used >= nold) {
		cs->ncarry = 0;
		*ret_used = used - nold;
		return 0;
	}
	/* Still begun, so everything new belongs to it. */
	cs->ncarry = nold + nnew - used;
	memmove(cs->carry, cs->carry + used, cs->ncarry);
	*ret_used = nnew;
	return 0;
}

/* A character that stays begun over more than any character has: a converter that wants
 * without end.  Its bytes are bad. */
static int drop_carry(struct charset *cs, const struct target *to, struct cu_err *err)
{
	cs->ncarry = 0;
	return put_mark(to, err);
}

static int feed(struct charset *cs, struct span in, const struct target *to,
	struct cu_err *err)
{
	size_t used = 0;
	int r = 0;

	while (r == 0 && cs->ncarry > 0 && in.n > 0) {
		if (cs->ncarry > JOIN_BYTES) {
			r = drop_carry(cs, to, err);
			break;
		}
		r = join(cs, in, to, &used, err);
		if (r == 0) {
			in = span_of(in.p + used, in.n - used);
		}
	}
	if (r < 0 || in.n == 0) {
		return r;
	}
	r = convert(cs, in.p, in.n, to, &used, err);
	if (r < 0) {
		return r;
	}
	while (in.n - used > JOIN_BYTES) { /* as in drop_carry */
		r = put_mark(to, err);
		if (r < 0) {
			return r;
		}
		used += JOIN_BYTES;
	}
	cs->ncarry = in.n - used;
	memcpy(cs->carry, in.p + used, cs->ncarry);
	return 0;
}

/* Looks at the head once it is there, then feeds it. */
static int feed_head(struct charset *cs, const struct target *to, struct cu_err *err)
{
	uint8_t head[HEAD_BYTES];
	size_t n = cs->ncarry;
	int r = settle(cs, err);

	if (r < 0) {
		return r;
	}
	memcpy(head, cs->carry, n);
	cs->ncarry = 0;
	return feed(cs, span_of(head, n), to, err);
}

int charset_feed(struct charset *cs, struct span in, charset_sink *sink, void *ctx,
	struct cu_err *err)
{
	struct target to = { sink, ctx };
	int r;

	if (!cs->is_settled) {
		size_t want = HEAD_BYTES - cs->ncarry, n = in.n < want ? in.n : want;

		if (n > 0) {
			memcpy(cs->carry + cs->ncarry, in.p, n);
			cs->ncarry += n;
			in = span_of(in.p + n, in.n - n);
		}
		if (cs->ncarry < HEAD_BYTES) {
			return 0;
		}
		r = feed_head(cs, &to, err);
		if (r < 0) {
			return r;
		}
	}
	return in.n > 0 ? feed(cs, in, &to, err) : 0;
}

/* Some charsets hold a letter back until they know that no accent follows. */
static int flush(struct charset *cs, const struct target *to, struct cu_err *err)
{
	char *out = cs->out;
	size_t room = sizeof(cs->out);

	if (cs->cd == NO_ICONV || iconv(cs->cd, NULL, NULL, &out, &room) == (size_t)-1) {
		return 0;
	}
	return put(to, cs->out, (size_t)(out - cs->out), err);
}

int charset_end(struct charset *cs, charset_sink *sink, void *ctx, struct cu_err *err)
{
	struct target to = { sink, ctx };
	int r = 0;

	if (!cs->is_settled) {
		r = feed_head(cs, &to, err);
	}
	if (r == 0 && cs->ncarry > 0) {
		r = drop_carry(cs, &to, err);
	}
	return r < 0 ? r : flush(cs, &to, err);
}
