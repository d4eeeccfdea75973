#include "fixture.h"

#include "backup/object.h"
#include "backup/recipients.h"
#include "backup/repo.h"
#include "crypto/age.h"
#include "crypto/hash.h"

static struct repo repo;
static struct age_recipients *recipients;
static struct age_identities *identities, *others;

static struct age_identities *identity(const char *file, struct age_recipients *to)
{
	struct buf secret = BUF_INIT_WIPE;
	struct age_identities *ids = NULL;
	char recipient[AGE_RECIPIENT_SIZE];
	struct cu_err err = { 0 };

	assert_ok(age_identity_generate(recipient, &secret, &err), &err);
	buf_put_str(&secret, "\n");
	write_all(at("%s", file), secret.p, secret.n);
	assert_ok(age_identities_new(&ids, &err), &err);
	assert_ok(age_identities_add_file(ids, buf_span(&secret), &err), &err);
	if (to) {
		assert_ok(age_recipients_add(to, recipient, &err), &err);
	}
	buf_done(&secret);
	return ids;
}

static int make_repo(void **state)
{
	struct cu_err err = { 0 };

	if (make_tmp(state) < 0) {
		return -1;
	}
	assert_ok(repo_create(at("repo"), &repo, &err), &err);
	assert_ok(age_recipients_new(&recipients, &err), &err);
	identities = identity("key.txt", recipients);
	others = identity("other.txt", NULL);
	return 0;
}

static int drop_repo(void **state)
{
	age_recipients_free(recipients);
	age_identities_free(identities);
	age_identities_free(others);
	return drop_tmp(state);
}

/* Line after line of numbers: compressible, and no two slices alike. */
static void fill(uint8_t *to, size_t n, size_t offset)
{
	for (size_t i = 0; i < n; i++) {
		size_t at_byte = offset + i;

		to[i] = (uint8_t)(at_byte % 64 == 63 ? '\n' : "0123456789abcdef"[at_byte / 64 >> (at_byte % 8 * 4) & 15]);
	}
}

static void hash_plain(size_t size, uint8_t out[HASH_SIZE])
{
	uint8_t *slice = malloc(1 << 20);
	struct hash_sha256 h;

	hash_sha256_init(&h);
	for (size_t done = 0; done < size;) {
		size_t n = size - done < 1 << 20 ? size - done : 1 << 20;

		fill(slice, n, done);
		hash_sha256_put(&h, span_of(slice, n));
		done += n;
	}
	hash_sha256_done(&h, out);
	free(slice);
}

static void write_object(size_t size, struct object_ref *ref, char name[REPO_NAME_SIZE])
{
	struct object_writer *w = NULL;
	uint8_t *slice = malloc(100000);
	struct cu_err err = { 0 };

	assert_ok(object_writer_new(recipients, NULL, &w, &err), &err);
	assert_ok(object_writer_attach(w, &repo, &err), &err);
	for (size_t done = 0; done < size;) {
		size_t n = size - done < 100000 ? size - done : 100000;

		fill(slice, n, done);
		assert_ok(object_writer_put(w, span_of(slice, n), &err), &err);
		done += n;
	}
	assert_ok(object_writer_finish(w, ref, &err), &err);
	repo_name_data(ref->hash, name);
	assert_ok(object_writer_store(w, name, &err), &err);
	object_writer_free(w);
	free(slice);
}

/* Reads all of an object; the number of bytes, or a code. */
static long read_object(const char *name, const struct object_ref *ref,
	const struct age_identities *ids, uint64_t max, uint8_t ret_hash[HASH_SIZE],
	struct cu_err *err)
{
	struct object_reader *r = NULL;
	uint8_t *slice = malloc(70000);
	struct hash_sha256 h;
	long n, total = 0;

	hash_sha256_init(&h);
	n = object_reader_open(
		&repo, name, ref, (struct object_opener){ .ids = ids }, max, &r, err);
	while (n == 0 && (n = object_reader_read(r, slice, 70000, err)) > 0) {
		hash_sha256_put(&h, span_of(slice, (size_t)n));
		total += n;
		n = 0;
	}
	hash_sha256_done(&h, ret_hash);
	object_reader_close(r);
	free(slice);
	return n < 0 ? n : total;
}

static void round_trip(size_t size)
{
	uint8_t written[HASH_SIZE], got[HASH_SIZE];
	char name[REPO_NAME_SIZE];
	struct object_ref ref;
	struct cu_err err = { 0 };
	long n;

	write_object(size, &ref, name);
	hash_plain(size, written);
	n = read_object(name, &ref, identities, size, got, &err);
	if (n != (long)size) {
		fail_msg("%zu bytes: got %ld: %s", size, n, err.msg);
	}

	assert_memory_equal(written, got, HASH_SIZE);
}

static void objects_of_all_sizes_read_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 4095, 65535, 65536, 65537, 131072, 1000000,
		(64 << 20) + 1 };
	(void)state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		round_trip(sizes[i]);
	}
}

static void nothing_is_left_in_tmp(void **state)
{
	struct object_writer *w = NULL;
	struct object_ref ref;
	char name[REPO_NAME_SIZE];
	struct cu_err err = { 0 };
	(void)state;

	write_object(5, &ref, name);
	assert_ok(object_writer_new(recipients, NULL, &w, &err), &err);
	assert_ok(object_writer_attach(w, &repo, &err), &err);
	assert_ok(object_writer_put(w, span_str("given up"), &err), &err);
	object_writer_free(w);

	assert_int_equal(shell("test -z \"$(ls -A repo/tmp)\""), 0);
}

static void the_name_is_the_sha256_of_the_file(void **state)
{
	struct object_ref ref;
	char name[REPO_NAME_SIZE];
	(void)state;

	write_object(3000, &ref, name);
	assert_int_equal(shell("test \"$(sha256sum repo/%s | cut -c1-64)\" = %s", name, name + 8),
		0);
}

static void stock_age_and_zstd_open_an_object(void **state)
{
	struct object_ref ref;
	char name[REPO_NAME_SIZE];
	struct buf got = BUF_INIT;
	uint8_t expected[200000];
	(void)state;

	need_tool("age");
	need_tool("zstd");
	write_object(sizeof(expected), &ref, name);
	assert_int_equal(shell("age -d -i key.txt repo/%s | zstd -d > plain", name), 0);
	read_all(at("plain"), &got);
	fill(expected, sizeof(expected), 0);

	assert_int_equal(got.n, sizeof(expected));
	assert_memory_equal(got.p, expected, sizeof(expected));
	buf_done(&got);
}

static void every_flipped_bit_of_a_small_object_is_refused(void **state)
{
	struct object_ref ref;
	char name[REPO_NAME_SIZE];
	struct buf bytes = BUF_INIT;
	uint8_t hash[HASH_SIZE];
	(void)state;

	write_object(100, &ref, name);
	read_all(at("repo/%s", name), &bytes);
	for (size_t bit = 0; bit < 8 * bytes.n; bit++) {
		struct cu_err err = { 0 };

		bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		write_all(at("repo/%s", name), bytes.p, bytes.n);
		bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
			read_object(name, &ref, identities, 1000, hash, &err), CU_ECORRUPT);
		assert_says(&err, name);
	}
	buf_done(&bytes);
}

/* Whoever can write to the repository and knows the recipient may give an object its right
 * name; then the layers inside must refuse what is not whole. */
static void read_forged(const struct buf *bytes, int code)
{
	uint8_t hash[HASH_SIZE];
	struct object_ref ref = { .stored = bytes->n };
	char name[REPO_NAME_SIZE];
	struct cu_err err = { 0 };

	hash_sha256(buf_span(bytes), ref.hash);
	repo_name_data(ref.hash, name);
	(void)mkdir(at("repo/data/%.2s", name + 5), 0700);
	write_all(at("repo/%s", name), bytes->p, bytes->n);
	assert_int_equal(read_object(name, &ref, identities, 1000, hash, &err), code);
	assert_says(&err, name);
}

static void every_truncation_under_a_right_name_is_refused(void **state)
{
	struct object_ref ref;
	char name[REPO_NAME_SIZE];
	struct buf bytes = BUF_INIT;
	size_t whole;
	(void)state;

	write_object(100, &ref, name);
	read_all(at("repo/%s", name), &bytes);
	whole = bytes.n;
	for (bytes.n = 0; bytes.n < whole; bytes.n++) {
		read_forged(&bytes, CU_ECORRUPT);
	}
	buf_done(&bytes);
}

static void forge(const char *how, int code)
{
	struct buf bytes = BUF_INIT;

	need_tool("age");
	need_tool("zstd");
	assert_int_equal(shell("r=$(age-keygen -y key.txt) && (%s) | age -r $r > forged", how), 0);
	read_all(at("forged"), &bytes);
	read_forged(&bytes, code);
	buf_done(&bytes);
}

static void plaintext_that_is_not_one_whole_frame_is_refused(void **state)
{
	(void)state;

	forge("echo no zstd at all", CU_ECORRUPT);
	forge("true", CU_ECORRUPT);
	forge("echo hello | zstd -c; echo more", CU_ECORRUPT);
	forge("echo hello | zstd -c; echo hello | zstd -c", CU_ECORRUPT);
	forge("echo hello | zstd -c | head -c 12", CU_ECORRUPT);
}

static void more_plaintext_than_allowed_is_refused(void **state)
{
	(void)state;

	forge("head -c 50000000 /dev/zero | zstd -c", CU_ELIMIT);
	forge("head -c 1001 /dev/zero | zstd -c", CU_ELIMIT);
}

static void another_identity_is_told_so(void **state)
{
	struct object_ref ref;
	char name[REPO_NAME_SIZE];
	uint8_t hash[HASH_SIZE];
	struct cu_err err = { 0 };
	(void)state;

	write_object(10, &ref, name);
	assert_int_equal(read_object(name, &ref, others, 10, hash, &err), CU_ENOKEY);
	assert_says(&err, "other recipients");
	assert_says(&err, name);
}

static void an_absent_object_is_told_so(void **state)
{
	struct object_ref ref = { .stored = 10 };
	char name[REPO_NAME_SIZE];
	uint8_t hash[HASH_SIZE];
	struct cu_err err = { 0 };
	(void)state;

	repo_name_data(ref.hash, name);
	assert_int_equal(read_object(name, &ref, identities, 10, hash, &err), CU_ENOENT);
	assert_says(&err, name);
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
	struct object_ref ref = { .stored = 0 };
	char name[REPO_NAME_SIZE];
	struct cu_err err = { 0 };
	(void)state;

	memset(ref.hash, 0xee, sizeof(ref.hash));
	repo_name_data(ref.hash, name);
	(void)mkdir(at("repo/data/ee"), 0700);
	assert_int_equal(mkfifo(at("repo/%s", name), 0600), 0);
	assert_int_equal(object_verify(&repo, name, &ref, &err), CU_ECORRUPT);
	assert_says(&err, "no regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_all_sizes_read_back),
		cmocka_unit_test(nothing_is_left_in_tmp),
		cmocka_unit_test(the_name_is_the_sha256_of_the_file),
		cmocka_unit_test(stock_age_and_zstd_open_an_object),
		cmocka_unit_test(every_flipped_bit_of_a_small_object_is_refused),
		cmocka_unit_test(every_truncation_under_a_right_name_is_refused),
		cmocka_unit_test(plaintext_that_is_not_one_whole_frame_is_refused),
		cmocka_unit_test(more_plaintext_than_allowed_is_refused),
		cmocka_unit_test(another_identity_is_told_so),
		cmocka_unit_test(an_absent_object_is_told_so),
		cmocka_unit_test(what_is_no_file_is_refused_without_waiting),
	};

	return cmocka_run_group_tests(tests, make_repo, drop_repo);
}
