/*
 * An age file from anywhere: header, armor and stream, in pieces; and the texts of
 * keys.
 *
 * The identity is that of the public vectors (C2SP/CCTV), so that their files open.
 * There is no passphrase: its work factor alone would be what the time goes into.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/age.h"
#include "fuzz.h"

static const char identity[] =
	"AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n";

struct source {
	struct span rest;
	size_t piece;
};

static long next_piece(void *ctx, uint8_t *to, size_t cap, struct cu_err *err)
{
	struct source *s = ctx;
	size_t n = s->rest.n < s->piece ? s->rest.n : s->piece;

	(void)err;
	n = n < cap ? n : cap;
	if (n > 0) {
		memcpy(to, s->rest.p, n);
	}
	s->rest = span_of(s->rest.p + n, s->rest.n - n);
	return (long)n;
}

static uint64_t read_file(
	const struct age_identities *ids, struct span in, size_t piece)
{
	struct source source = { in, piece };
	struct age_reader *r = NULL;
	enum age_fault fault = AGE_OK;
	uint64_t h = FUZZ_HASH_INIT;
	struct cu_err err;
	uint8_t part[777];
	long n = -1;

	if (age_reader_new(ids, next_piece, &source, &r, &fault, &err) == 0) {
		while ((n = age_reader_read(r, part, sizeof(part), &err)) > 0) {
			h = fuzz_hash(h, part, (size_t)n);
		}
		fault = age_reader_fault(r);
	}
	fuzz_must((n < 0) == (fault != AGE_OK), "code and fault agree");
	age_reader_free(r);
	return fuzz_hash(h, &fault, sizeof(fault));
}

static void read_keys(struct span in)
{
	struct age_identities *ids = NULL;
	struct age_recipients *to = NULL;
	struct buf text = BUF_INIT;
	struct cu_err err;

	buf_put_span(&text, in);
	fuzz_must(age_identities_new(&ids, &err) == 0 &&
			  age_recipients_new(&to, &err) == 0,
		"there is memory");
	(void)age_identities_add_file(ids, in, &err);
	(void)age_recipients_add(to, buf_cstr(&text), &err);
	age_identities_free(ids);
	age_recipients_free(to);
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct age_identities *ids;
	struct span in = span_of(data, size);
	struct cu_err err;

	if (!ids) {
		fuzz_fix_random();
		fuzz_must(age_identities_new(&ids, &err) == 0 &&
				  age_identities_add_file(
					  ids, span_str(identity), &err) == 1,
			"the identity is good");
	}
	fuzz_must(read_file(ids, in, SIZE_MAX) == read_file(ids, in, 1 + size % 61),
		"what opens does not depend on how the file is cut");
	read_keys(in);
	return 0;
}
