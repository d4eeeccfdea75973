#include "needles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

/* A spelling is found by its first 8 bytes: a bit for each hash says whether there may be one,
 * then the chain of that hash is compared. */
#define PREFIX       8
#define FILTER_BITS  27
#define BUCKET_BITS  21
#define PAGE         4096
#define LONGEST      512 /* of all spellings: twice of a secret of 128 bytes, with room */
#define ZSTD_START   0xfd2fb528u
#define ZSTD_SLICE   (1u << 18)
#define ZSTD_TOO_BIG (1u << 30) /* a frame that gives more is left there */
#define NONE         UINT32_MAX

struct spelling {
	size_t at; /* in bytes */
	uint32_t n, secret, next;
	uint8_t form;
	bool is_seen[2];
};

struct secret {
	enum needle_kind kind;
	bool is_text;
	uint8_t p[LONGEST / 4];
	size_t n;
};

struct needles {
	struct secret *secrets;
	struct spelling *spellings;
	uint8_t *bytes;
	size_t nsecrets, nspellings, nbytes, secrets_cap, spellings_cap, bytes_cap;
	uint32_t *buckets;
	uint8_t *filter;
	unsigned count[NEEDLE_NKINDS_];
};

/* --- making them ---------------------------------------------------------------------- */

static void *grown(void *p, size_t n, size_t *cap, size_t each)
{
	if (n > *cap) {
		*cap = 2 * n + 64;
		p = realloc(p, *cap * each);
		assert_non_null(p);
	}
	return p;
}

struct needles *needles_new(void)
{
	struct needles *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->buckets = malloc(sizeof(*s->buckets) << BUCKET_BITS);
	s->filter = calloc(1, (size_t)1 << (FILTER_BITS - 3));
	assert_true(s->buckets && s->filter);
	memset(s->buckets, 0xff, sizeof(*s->buckets) << BUCKET_BITS);
	return s;
}

void needles_free(struct needles *s)
{
	free(s->secrets);
	free(s->spellings);
	free(s->bytes);
	free(s->buckets);
	free(s->filter);
	free(s);
}

static inline uint64_t hash_of(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, PREFIX);
	return x * 0x9e3779b97f4a7c15u;
}

static void add_spelling(struct needles *s, uint32_t secret, enum needle_form form,
	const uint8_t *p, size_t n)
{
	uint64_t h = hash_of(p);
	uint32_t *bucket = &s->buckets[h >> (64 - BUCKET_BITS)];

	assert_true(n >= PREFIX && n <= LONGEST);
	s->bytes = grown(s->bytes, s->nbytes + n, &s->bytes_cap, 1);
	memcpy(s->bytes + s->nbytes, p, n);
	s->spellings = grown(
		s->spellings, s->nspellings + 1, &s->spellings_cap, sizeof(*s->spellings));
	s->spellings[s->nspellings] = (struct spelling){ .at = s->nbytes, .n = (uint32_t)n,
		.secret = secret, .next = *bucket, .form = (uint8_t)form };
	*bucket = (uint32_t)s->nspellings++;
	s->nbytes += n;
	s->filter[h >> (64 - FILTER_BITS) >> 3] |= (uint8_t)(1u << (h >> (64 - FILTER_BITS) & 7));
}

/* --- forms ---------------------------------------------------------------------------- */

static size_t spell_utf16(const struct secret *t, bool is_big, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n;) {
		unsigned c = t->p[i++];

		if (c >= 0xe0) { /* three bytes: the plane that the tests use */
			c = (c & 0x0f) << 12 | (t->p[i] & 0x3fu) << 6 | (t->p[i + 1] & 0x3fu);
			i += 2;
		} else {
			assert_true(c < 0x80);
		}
		out[n++] = (uint8_t)(is_big ? c >> 8 : c);
		out[n++] = (uint8_t)(is_big ? c : c >> 8);
	}
	return n;
}

static size_t spell_hex(const struct secret *t, bool is_upper, uint8_t *out)
{
	const char *digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (size_t i = 0; i < t->n; i++) {
		out[2 * i] = (uint8_t)digits[t->p[i] >> 4];
		out[2 * i + 1] = (uint8_t)digits[t->p[i] & 15];
	}
	return 2 * t->n;
}

/* Behind `shift` other bytes; only the letters that depend on the secret alone. */
static size_t spell_base64(const struct secret *t, unsigned shift, uint8_t *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t first = (8 * shift + 5) / 6, end = 8 * (shift + t->n) / 6, n = 0;

	for (size_t i = first; i < end; i++) {
		unsigned v = 0;

		for (size_t bit = 6 * i; bit < 6 * i + 6; bit++) {
			size_t own = bit - 8 * shift;

			v = v << 1 | (t->p[own / 8] >> (7 - own % 8) & 1u);
		}
		out[n++] = (uint8_t)letters[v];
	}
	return n;
}

static size_t spell(const struct secret *t, enum needle_form form, unsigned shift, uint8_t *out)
{
	switch (form) {
	case FORM_RAW: memcpy(out, t->p, t->n); return t->n;
	case FORM_UTF16LE: return spell_utf16(t, false, out);
	case FORM_UTF16BE: return spell_utf16(t, true, out);
	case FORM_BASE64: return spell_base64(t, shift, out);
	case FORM_HEX: return spell_hex(t, shift == 1, out);
	case FORM_NFORMS_: break;
	}
	return 0;
}

static unsigned ways_of(enum needle_form form)
{
	return form == FORM_BASE64 ? 3 : form == FORM_HEX ? 2 : 1;
}

static void add(struct needles *s, enum needle_kind kind, bool is_text, const void *p, size_t n)
{
	uint32_t number = (uint32_t)s->nsecrets;
	uint8_t out[LONGEST];
	struct secret *t;

	assert_true(n >= 14 && n <= sizeof(t->p));
	s->secrets = grown(s->secrets, s->nsecrets + 1, &s->secrets_cap, sizeof(*s->secrets));
	t = &s->secrets[s->nsecrets++];
	*t = (struct secret){ .kind = kind, .is_text = is_text, .n = n };
	memcpy(t->p, p, n);
	s->count[kind]++;
	for (enum needle_form form = 0; form < FORM_NFORMS_; form++) {
		bool is_wide = form == FORM_UTF16LE || form == FORM_UTF16BE;

		for (unsigned way = 0; (is_text || !is_wide) && way < ways_of(form); way++) {
			add_spelling(s, number, form, out, spell(t, form, way, out));
		}
	}
}

void needles_add_text(struct needles *s, enum needle_kind kind, const char *text)
{
	add(s, kind, true, text, strlen(text));
}

void needles_add_bytes(struct needles *s, enum needle_kind kind, const void *p, size_t n)
{
	add(s, kind, false, p, n);
}

unsigned needles_count(const struct needles *s, enum needle_kind kind)
{
	return s->count[kind];
}

/* --- searching ------------------------------------------------------------------------ */

struct looking {
	struct needles *s;
	struct search *to;
	bool is_zstd;
	uint64_t base; /* of what is being looked at: where the image, or the frame, is */
};

static void note(struct looking *l, struct spelling *sp, uint64_t at)
{
	static const char *const kinds[] = {
#define X(id, text) [NEEDLE_##id] = text,
		NEEDLE_KINDS(X)
#undef X
	};
	static const char *const forms[] = { "raw", "UTF-16LE", "UTF-16BE", "base64", "hex" };
	struct search *to = l->to;
	enum needle_kind kind = l->s->secrets[sp->secret].kind;

	if (sp->is_seen[l->is_zstd]) {
		return;
	}
	sp->is_seen[l->is_zstd] = true;
	to->found[l->is_zstd][kind][sp->form]++;
	if (to->nfirst < sizeof(to->first) / sizeof(to->first[0]) && kind != NEEDLE_PLANTED) {
		snprintf(to->first[to->nfirst++], sizeof(to->first[0]), "%s, %s%s, at byte %llu",
			kinds[kind], forms[sp->form], l->is_zstd ? " in the zstd frame" : "",
			(unsigned long long)(l->is_zstd ? l->base : l->base + at));
	}
}

static inline void look_at(struct looking *l, const uint8_t *p, size_t left, uint64_t at)
{
	struct needles *s = l->s;
	uint64_t h = hash_of(p), bit = h >> (64 - FILTER_BITS);

	if (!(s->filter[bit >> 3] & 1u << (bit & 7))) {
		return;
	}
	for (uint32_t i = s->buckets[h >> (64 - BUCKET_BITS)]; i != NONE; i = s->spellings[i].next) {
		struct spelling *sp = &s->spellings[i];

		if (sp->n <= left && memcmp(s->bytes + sp->at, p, sp->n) == 0) {
			note(l, sp, at);
		}
	}
}

static void look_through(struct looking *l, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + PREFIX <= n; i++) {
		look_at(l, p + i, n - i, i);
	}
}

/* From the start of a frame to wherever it can be read. */
static void look_into_frame(struct looking *outer, const uint8_t *p, size_t n, uint64_t at)
{
	struct looking l = { outer->s, outer->to, true, at };
	uint8_t *window = malloc(LONGEST + ZSTD_SLICE);
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	ZSTD_inBuffer in = { p, n, 0 };
	size_t kept = 0, total = 0, r = 1;
	bool goes_on = true;

	assert_true(window && ctx);
	while (goes_on) {
		ZSTD_outBuffer out = { window + kept, ZSTD_SLICE, 0 };
		size_t all;

		r = ZSTD_decompressStream(ctx, &out, &in);
		all = kept + out.pos;
		look_through(&l, window, all);
		kept = all < LONGEST ? all : LONGEST;
		memmove(window, window + all - kept, kept);
		total += out.pos;
		goes_on = !ZSTD_isError(r) && r != 0 && total < ZSTD_TOO_BIG &&
			(in.pos < n || out.pos == ZSTD_SLICE);
	}
	*(r == 0 ? &l.to->frames : &l.to->cut_frames) += 1;
	ZSTD_freeDCtx(ctx);
	free(window);
}

static bool is_empty(const uint8_t *p, size_t n)
{
	static const uint8_t zeros[PAGE + PREFIX];

	return memcmp(p, zeros, n) == 0;
}

void needles_search(struct needles *s, const uint8_t *p, size_t n, struct search *ret)
{
	struct looking l = { .s = s, .to = ret };

	*ret = (struct search){ .nfirst = 0 };
	for (size_t i = 0; i < s->nspellings; i++) {
		s->spellings[i].is_seen[0] = s->spellings[i].is_seen[1] = false;
	}
	for (size_t page = 0; page < n; page += PAGE) {
		size_t end = page + PAGE < n ? page + PAGE : n;
		size_t seen = end + PREFIX < n ? end + PREFIX : n;

		if (is_empty(p + page, seen - page)) {
			continue;
		}
		for (size_t i = page; i < end && i + PREFIX <= n; i++) {
			uint32_t start;

			memcpy(&start, p + i, sizeof(start)); /* little-endian, as zstd's magic */
			look_at(&l, p + i, n - i, i);
			if (start == ZSTD_START) {
				look_into_frame(&l, p + i, n - i, i);
			}
		}
	}
}

unsigned search_total(const struct search *r, enum needle_kind kind)
{
	unsigned n = 0;

	for (int where = 0; where < 2; where++) {
		for (int form = 0; form < FORM_NFORMS_; form++) {
			n += r->found[where][kind][form];
		}
	}
	return n;
}
