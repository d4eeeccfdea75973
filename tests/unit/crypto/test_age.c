/* The public test vectors of the age format (C2SP/CCTV, age/testdata; README.md beside them):
 * every file of the directory that the first argument names. */
#include "support.h"

#include <zlib.h>

#include "base/text.h"
#include "crypto/age.h"
#include "crypto/hash.h"
#include "crypto/key_internal.h"

#define MAX_VECTOR (1 << 26)

static const char *data_dir = "tests/data/age-cctv";

/* --- one vector ------------------------------------------------------------------------- */

struct vector {
	enum age_fault want;
	bool has_payload;
	uint8_t payload[HASH_SIZE];
	struct age_identities *ids;
	bool has_file_key;
	struct key file_key;
	struct buf file;
	bool is_armored;
	const char *skipped_for; /* what of it we do not have */
};

static const struct {
	const char *text;
	enum age_fault fault;
} expectations[] = {
	{ "success", AGE_OK },
	{ "no match", AGE_FAULT_NO_MATCH },
	{ "HMAC failure", AGE_FAULT_HMAC },
	{ "header failure", AGE_FAULT_HEADER },
	{ "payload failure", AGE_FAULT_PAYLOAD },
	{ "armor failure", AGE_FAULT_ARMOR },
};

static const char *name_of(enum age_fault fault)
{
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
		if (expectations[i].fault == fault) {
			return expectations[i].text;
		}
	}
	return "I/O failure";
}

static bool inflate_into(struct span from, struct buf *to)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)from.p,
		.avail_in = (uInt)from.n };
	uint8_t part[65536];
	int r = inflateInit(&z);

	while (r == Z_OK && to->n < MAX_VECTOR) {
		z.next_out = part;
		z.avail_out = sizeof(part);
		r = inflate(&z, Z_NO_FLUSH);
		buf_put(to, part, sizeof(part) - z.avail_out);
	}
	inflateEnd(&z);
	return r == Z_STREAM_END;
}

/* One "key: value" line of the header.  False when the vector is malformed. */
static bool take_field(
	struct vector *v, const char *key, const char *value, bool *is_packed)
{
	struct cu_err err;

	if (strcmp(key, "expect") == 0) {
		v->skipped_for = "an unknown expectation";
		for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]);
			i++) {
			if (strcmp(value, expectations[i].text) == 0) {
				v->want = expectations[i].fault;
				v->skipped_for = NULL;
			}
		}
	} else if (strcmp(key, "payload") == 0) {
		v->has_payload = true;
		return text_unhex(value, strlen(value), v->payload, HASH_SIZE);
	} else if (strcmp(key, "identity") == 0) {
		if (strncmp(value, "AGE-SECRET-KEY-PQ-", 18) == 0) {
			v->skipped_for = "a post-quantum identity";
			return true;
		}
		return age_identities_add_file(v->ids, span_str(value), &err) == 1;
	} else if (strcmp(key, "passphrase") == 0) {
		return age_identities_add_passphrase(v->ids, span_str(value), &err) ==
		       0;
	} else if (strcmp(key, "armored") == 0) {
		v->is_armored = strcmp(value, "yes") == 0;
	} else if (strcmp(key, "compressed") == 0) {
		*is_packed = true;
		v->skipped_for =
			strcmp(value, "zlib") == 0 ? v->skipped_for : "a compression";
	} else if (strcmp(key, "file key") == 0) {
		/* one vector has a longer one, which is what is wrong with it */
		v->has_file_key = text_unhex(value, strlen(value), v->file_key.b, 16);
	} else if (strcmp(key, "comment") != 0) {
		v->skipped_for = "an unknown key in its header";
	}
	return true;
}

static bool load(struct span text, struct vector *v)
{
	bool is_packed = false;

	for (;;) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		char line[1 << 14], *colon;
		size_t n = end ? (size_t)(end - text.p) : 0;

		if (!end || n >= sizeof(line)) {
			return false;
		}
		memcpy(line, text.p, n);
		line[n] = '\0';
		text = span_of(end + 1, text.n - n - 1);
		if (n == 0) {
			break;
		}
		colon = strstr(line, ": ");
		if (!colon) {
			return false;
		}
		*colon = '\0';
		if (!take_field(v, line, colon + 2, &is_packed)) {
			return false;
		}
	}
	if (v->skipped_for) {
		return true;
	}
	if (is_packed) {
		return inflate_into(text, &v->file);
	}
	buf_put_span(&v->file, text);
	return true;
}

/* --- a source that hands out pieces ----------------------------------------------------- */

struct pieces {
	struct span rest;
	size_t each;
};

static long next_piece(void *ctx, uint8_t *to, size_t cap, struct cu_err *err)
{
	struct pieces *p = ctx;
	size_t n = p->rest.n < p->each ? p->rest.n : p->each;

	(void)err;
	n = n < cap ? n : cap;
	if (n > 0) {
		memcpy(to, p->rest.p, n);
	}
	p->rest = span_of(p->rest.p + n, p->rest.n - n);
	return (long)n;
}

/* Opens the file, with the identities or with its own key, and hashes all that is released. */
static enum age_fault open_all(const struct vector *v, bool is_keyed, size_t each,
	uint8_t hash[HASH_SIZE], size_t *ret_n)
{
	struct pieces pieces = { buf_span(&v->file), each };
	struct age_reader *r = NULL;
	struct hash_sha256 h;
	enum age_fault fault = AGE_OK;
	struct cu_err err;
	uint8_t part[5000];
	long n = 0;
	int code = is_keyed ?
		age_reader_new_keyed(&v->file_key, next_piece, &pieces, &r, &fault, &err) :
		age_reader_new(v->ids, next_piece, &pieces, &r, &fault, &err);

	hash_sha256_init(&h);
	*ret_n = 0;
	if (code == 0) {
		while ((n = age_reader_read(r, part, sizeof(part), &err)) > 0) {
			hash_sha256_put(&h, span_of(part, (size_t)n));
			*ret_n += (size_t)n;
		}
		fault = age_reader_fault(r);
		if ((n < 0) != (fault != AGE_OK)) {
			fault = AGE_FAULT_IO; /* code and fault must agree */
		}
	}
	hash_sha256_done(&h, hash);
	age_reader_free(r);
	return fault;
}

/* True when the vector behaves as it says. */
static bool judge(const struct vector *v, bool is_keyed, size_t each, const char *name)
{
	uint8_t hash[HASH_SIZE];
	size_t n;
	enum age_fault got = open_all(v, is_keyed, each, hash, &n);

	if (got != v->want) {
		print_error("%s (pieces of %zu): %s, expected %s\n", name, each,
			name_of(got), name_of(v->want));
		return false;
	}
	if (v->has_payload && memcmp(hash, v->payload, HASH_SIZE) != 0) {
		print_error(
			"%s (pieces of %zu): released %zu bytes, not the ones expected\n",
			name, each, n);
		return false;
	}
	if (!v->has_payload && n > 0 && v->want != AGE_FAULT_ARMOR) {
		print_error("%s (pieces of %zu): released %zu bytes\n", name, each, n);
		return false;
	}
	return true;
}

/* --- all of them ------------------------------------------------------------------------ */

struct tally {
	int npassed, nfailed, nskipped, nkeyed;
};

/* What a file key alone can tell apart: it looks at no stanza. */
static bool is_for_file_key(const struct vector *v)
{
	return v->has_file_key && v->want != AGE_FAULT_HEADER && v->want != AGE_FAULT_NO_MATCH;
}

static void run_file(const char *name, struct tally *t)
{
	struct buf text = BUF_INIT;
	struct vector v = { 0 };
	struct cu_err err;
	bool is_good;

	support_get(data_dir, name, &text);
	if (text.n < 8 || memcmp(text.p, "expect: ", 8) != 0) {
		goto out; /* a file about the vectors */
	}
	assert_ok(age_identities_new(&v.ids, &err), err);
	if (!load(buf_span(&text), &v)) {
		print_error("%s: the vector itself could not be read\n", name);
		t->nfailed++;
	} else if (v.skipped_for) {
		print_message("%s: skipped: %s\n", name, v.skipped_for);
		t->nskipped++;
	} else {
		is_good = judge(&v, false, SIZE_MAX, name);
		/* The same in small pieces, where that is not slow. */
		is_good = judge(&v, false, v.file.n < 4096 ? 1 : 4093, name) && is_good;
		if (is_for_file_key(&v)) {
			is_good = judge(&v, true, SIZE_MAX, name) && is_good;
			t->nkeyed++;
		}
		t->npassed += is_good ? 1 : 0;
		t->nfailed += is_good ? 0 : 1;
	}
	age_identities_free(v.ids);
	buf_done(&v.file);
out:
	buf_done(&text);
}

static void every_public_vector_ends_as_it_says_and_releases_no_other_byte(void **state)
{
	struct tally t = { 0 };
	struct cu_err err;
	char **names;
	size_t n;

	(void)state;
	assert_ok(path_list(data_dir, &names, &n, &err), err);
	for (size_t i = 0; i < n; i++) {
		run_file(names[i], &t);
	}
	path_free_names(names, n);

	print_message("age vectors: %d passed, %d failed, %d skipped; %d by file key too\n",
		t.npassed, t.nfailed, t.nskipped, t.nkeyed);
	assert_int_equal(t.nfailed, 0);
	assert_true(t.npassed > 0);
	assert_true(t.nkeyed > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_public_vector_ends_as_it_says_and_releases_no_other_byte),
	};

	if (argc > 1) {
		data_dir = argv[1];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
