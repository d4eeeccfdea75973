/* Files both ways with the age program that Debian ships, and the sides of the format that
 * the public vectors do not reach: what the writer refuses, limits, keys. */
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>

#include "crypto/age.h"
#include "crypto/key_internal.h"

#define MAX_PLAIN 200000
#define PHRASE    "correct horse battery staple"

static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, MAX_PLAIN };
#define NSIZES (sizeof(sizes) / sizeof(sizes[0]))

/* --- one person and files in memory ----------------------------------------------------- */

struct person {
	char recipient[AGE_RECIPIENT_SIZE];
	struct buf secret;
	struct age_identities *ids;
};

static void person_init(struct person *p)
{
	struct cu_err err;

	p->secret = (struct buf)BUF_INIT_WIPE;
	assert_ok(age_identity_generate(p->recipient, &p->secret, &err), err);
	assert_ok(age_identities_new(&p->ids, &err), err);
	assert_int_equal(
		age_identities_add_file(p->ids, buf_span(&p->secret), &err), 1);
}

static void person_done(struct person *p)
{
	age_identities_free(p->ids);
	buf_done(&p->secret);
}

static int to_buf(void *ctx, struct span bytes, struct cu_err *err)
{
	buf_put_span(ctx, bytes);
	return buf_check(ctx, err);
}

static long from_span(void *ctx, uint8_t *to, size_t cap, struct cu_err *err)
{
	struct span *rest = ctx;
	size_t n = rest->n < cap ? rest->n : cap;

	(void)err;
	if (n > 0) {
		memcpy(to, rest->p, n);
	}
	*rest = span_of(rest->p + n, rest->n - n);
	return (long)n;
}

static struct age_recipients *recipients(const char *a, const char *b)
{
	struct age_recipients *to = NULL;
	struct cu_err err;

	assert_ok(age_recipients_new(&to, &err), err);
	assert_ok(age_recipients_add(to, a, &err), err);
	if (b) {
		assert_ok(age_recipients_add(to, b, &err), err);
	}
	return to;
}

static void encrypt(const struct age_recipients *to, bool is_armored, struct span plain,
	struct buf *out)
{
	struct age_writer *w = NULL;
	struct cu_err err;
	size_t half = plain.n / 3;

	assert_ok(age_writer_new(to, is_armored, to_buf, out, &w, &err), err);
	assert_ok(age_writer_put(w, span_of(plain.p, half), &err), err);
	assert_ok(
		age_writer_put(w, span_of(plain.p + half, plain.n - half), &err), err);
	assert_ok(age_writer_finish(w, &err), err);
	age_writer_free(w);
}

static int decrypt(const struct age_identities *ids, struct span file, struct buf *out,
	enum age_fault *ret_fault)
{
	struct age_reader *r = NULL;
	uint8_t part[7777];
	struct cu_err err;
	long n;

	*ret_fault = AGE_OK;
	n = age_reader_new(ids, from_span, &file, &r, ret_fault, &err);
	while (n >= 0 && (n = age_reader_read(r, part, sizeof(part), &err)) > 0) {
		buf_put(out, part, (size_t)n);
	}
	if (r) {
		*ret_fault = age_reader_fault(r);
	}
	age_reader_free(r);
	return (int)n;
}

static void assert_opens_to(
	const struct age_identities *ids, struct span file, struct span plain)
{
	struct buf out = BUF_INIT_WIPE;
	enum age_fault fault;

	assert_int_equal(decrypt(ids, file, &out, &fault), 0);
	assert_int_equal(fault, AGE_OK);
	assert_true(span_eq(buf_span(&out), plain));
	buf_done(&out);
}

static uint8_t plain_bytes[MAX_PLAIN];

static int fill_plain(void **state)
{
	(void)state;
	support_fill(plain_bytes, sizeof(plain_bytes));
	return 0;
}

/* --- with age --------------------------------------------------------------------------- */

static void age_opens_what_we_write(void **state)
{
	const char *dir = *state;
	struct person p;
	struct age_recipients *to;

	support_need("age");
	person_init(&p);
	to = recipients(p.recipient, NULL);
	support_put(dir, "id", buf_span(&p.secret));
	for (size_t i = 0; i < 2 * NSIZES; i++) {
		struct buf file = BUF_INIT;

		encrypt(to, i % 2 == 1, span_of(plain_bytes, sizes[i / 2]), &file);
		support_put(dir, "plain", span_of(plain_bytes, sizes[i / 2]));
		support_put(dir, "file", buf_span(&file));
		assert_int_equal(support_run("age -d -i %s/id %s/file > %s/out && "
					     "cmp %s/out %s/plain",
					 dir, dir, dir, dir, dir),
			0);
		buf_done(&file);
	}
	age_recipients_free(to);
	person_done(&p);
}

static void we_open_what_age_writes(void **state)
{
	const char *dir = *state;
	struct person p;

	support_need("age");
	person_init(&p);
	for (size_t i = 0; i < 2 * NSIZES; i++) {
		struct buf file = BUF_INIT;

		support_put(dir, "plain", span_of(plain_bytes, sizes[i / 2]));
		assert_int_equal(support_run("age %s -r %s -o %s/file %s/plain",
					 i % 2 == 1 ? "-a" : "", p.recipient, dir, dir),
			0);
		support_get(dir, "file", &file);
		assert_opens_to(
			p.ids, buf_span(&file), span_of(plain_bytes, sizes[i / 2]));
		buf_done(&file);
	}
	person_done(&p);
}

static void an_identity_of_age_keygen_opens_what_is_written_to_it(void **state)
{
	const char *dir = *state;
	struct age_identities *ids = NULL;
	struct buf id = BUF_INIT_WIPE, text = BUF_INIT, file = BUF_INIT;
	struct age_recipients *to;
	struct cu_err err;

	support_need("age-keygen");
	assert_int_equal(support_run("age-keygen -o %s/id 2> /dev/null && "
				     "age-keygen -y %s/id | tr -d '\\n' > %s/pub",
				 dir, dir, dir),
		0);
	support_get(dir, "id", &id);
	support_get(dir, "pub", &text);
	assert_ok(age_identities_new(&ids, &err), err);
	assert_int_equal(age_identities_add_file(ids, buf_span(&id), &err), 1);
	to = recipients(buf_cstr(&text), NULL);
	encrypt(to, false, span_str("hello"), &file);
	assert_opens_to(ids, buf_span(&file), span_str("hello"));

	age_recipients_free(to);
	age_identities_free(ids);
	buf_done(&id);
	buf_done(&text);
	buf_done(&file);
}

static void each_of_several_recipients_opens_the_file(void **state)
{
	const char *dir = *state;
	struct person a, b, c;
	struct buf file = BUF_INIT, none = BUF_INIT;
	struct age_recipients *to;
	enum age_fault fault;

	support_need("age");
	person_init(&a);
	person_init(&b);
	person_init(&c);
	to = recipients(a.recipient, b.recipient);
	encrypt(to, false, span_str("for two"), &file);
	assert_opens_to(a.ids, buf_span(&file), span_str("for two"));
	assert_opens_to(b.ids, buf_span(&file), span_str("for two"));
	assert_int_equal(decrypt(c.ids, buf_span(&file), &none, &fault), CU_ENOKEY);
	assert_int_equal(fault, AGE_FAULT_NO_MATCH);
	support_put(dir, "id", buf_span(&b.secret));
	support_put(dir, "file", buf_span(&file));
	assert_int_equal(
		support_run("age -d -i %s/id %s/file | grep -qx 'for two'", dir, dir),
		0);

	assert_int_equal(support_run("echo two | age -r %s -r %s > %s/file",
				 a.recipient, b.recipient, dir),
		0);
	buf_clear(&file);
	support_get(dir, "file", &file);
	assert_opens_to(b.ids, buf_span(&file), span_str("two\n"));

	age_recipients_free(to);
	buf_done(&file);
	person_done(&a);
	person_done(&b);
	person_done(&c);
}

/* A bare root in which /dev/pts is not mounted has none. */
static bool has_terminals(void)
{
	int master, slave;

	if (openpty(&master, &slave, NULL, NULL, NULL) < 0) {
		print_message("skipped: no terminal can be made here (is /dev/pts mounted?)\n");
		return false;
	}
	close(master);
	close(slave);
	return true;
}

/* Runs a program on a terminal of its own and types the passphrase at each prompt, since age
 * asks the terminal and nothing else.  Its exit status. */
static int run_on_terminal(const char *command)
{
	int master, status;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	for (;;) {
		struct pollfd fd = { .fd = master, .events = POLLIN };
		char said[512];
		ssize_t n;

		if (poll(&fd, 1, 60000) <= 0) {
			break;
		}
		n = read(master, said, sizeof(said) - 1);
		if (n <= 0) {
			break; /* the program has gone */
		}
		said[n] = '\0';
		if (strstr(said, "assphrase")) {
			assert_int_equal(write(master, PHRASE "\n", sizeof(PHRASE)),
				sizeof(PHRASE));
		}
	}
	close(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void age_opens_our_file_with_the_passphrase(void **state)
{
	const char *dir = *state;
	struct age_recipients *to = NULL;
	struct buf file = BUF_INIT, out = BUF_INIT;
	char command[512];
	struct cu_err err;

	support_need("age");
	if (!has_terminals()) {
		skip();
	}
	assert_ok(age_recipients_new(&to, &err), err);
	assert_ok(age_recipients_set_passphrase(to, span_str(PHRASE), 14, &err), err);
	encrypt(to, true, span_str("by passphrase"), &file);
	support_put(dir, "file", buf_span(&file));
	snprintf(command, sizeof(command), "age -d -o %s/out %s/file", dir, dir);
	assert_int_equal(run_on_terminal(command), 0);
	support_get(dir, "out", &out);
	assert_true(span_eq(buf_span(&out), span_str("by passphrase")));

	age_recipients_free(to);
	buf_done(&file);
	buf_done(&out);
}

static void we_open_a_file_of_age_with_the_passphrase(void **state)
{
	const char *dir = *state;
	struct age_identities *ids = NULL;
	struct buf file = BUF_INIT;
	struct person p;
	char command[512];
	struct cu_err err;

	support_need("age");
	if (!has_terminals()) {
		skip();
	}
	support_put(dir, "plain", span_str("by passphrase"));
	snprintf(command, sizeof(command), "age -p -o %s/file %s/plain", dir, dir);
	assert_int_equal(run_on_terminal(command), 0);
	support_get(dir, "file", &file);
	person_init(&p); /* an identity that is of no use here does no harm */
	assert_ok(age_identities_new(&ids, &err), err);
	assert_int_equal(age_identities_add_file(ids, buf_span(&p.secret), &err), 1);
	assert_ok(
		age_identities_add_passphrase(ids, span_str("a wrong one"), &err), err);
	assert_ok(age_identities_add_passphrase(ids, span_str(PHRASE), &err), err);
	assert_opens_to(ids, buf_span(&file), span_str("by passphrase"));

	age_identities_free(ids);
	person_done(&p);
	buf_done(&file);
}

/* --- in memory -------------------------------------------------------------------------- */

static void no_changed_or_missing_byte_of_a_file_passes(void **state)
{
	struct person p;
	struct age_recipients *to;
	struct buf file = BUF_INIT, out = BUF_INIT_WIPE;
	enum age_fault fault;

	(void)state;
	person_init(&p);
	to = recipients(p.recipient, NULL);
	encrypt(to, false, span_str("a few words"), &file);
	for (size_t i = 0; i < file.n; i++) {
		file.p[i] ^= 1;
		assert_true(decrypt(p.ids, buf_span(&file), &out, &fault) < 0);
		assert_int_not_equal(fault, AGE_OK);
		file.p[i] ^= 1;
		assert_true(decrypt(p.ids, span_of(file.p, i), &out, &fault) < 0);
	}
	assert_int_equal(out.n, 0);

	age_recipients_free(to);
	buf_done(&file);
	buf_done(&out);
	person_done(&p);
}

static void a_file_cut_between_chunks_releases_the_whole_ones_and_fails(void **state)
{
	struct person p;
	struct age_recipients *to;
	struct buf file = BUF_INIT, out = BUF_INIT_WIPE;
	enum age_fault fault;

	(void)state;
	person_init(&p);
	to = recipients(p.recipient, NULL);
	encrypt(to, false, span_of(plain_bytes, 65536 + 10), &file);
	assert_int_equal(decrypt(p.ids, span_of(file.p, file.n - 26), &out, &fault),
		CU_ECORRUPT);
	assert_int_equal(fault, AGE_FAULT_PAYLOAD);
	assert_true(span_eq(buf_span(&out), span_of(plain_bytes, 65536)));

	age_recipients_free(to);
	buf_done(&file);
	buf_done(&out);
	person_done(&p);
}

static void an_unfinished_file_is_accepted_by_no_reader(void **state)
{
	struct person p;
	struct age_recipients *to;
	struct age_writer *w = NULL;
	struct buf file = BUF_INIT, out = BUF_INIT_WIPE;
	enum age_fault fault;
	struct cu_err err;

	(void)state;
	person_init(&p);
	to = recipients(p.recipient, NULL);
	assert_ok(age_writer_new(to, false, to_buf, &file, &w, &err), err);
	assert_ok(age_writer_put(w, span_of(plain_bytes, 65536), &err), err);
	age_writer_free(w);
	assert_int_equal(decrypt(p.ids, buf_span(&file), &out, &fault), CU_ECORRUPT);
	assert_int_equal(out.n, 0);

	age_recipients_free(to);
	buf_done(&file);
	buf_done(&out);
	person_done(&p);
}

/* --- file keys -------------------------------------------------------------------------- */

static void encrypt_keyed(const struct age_recipients *to, const struct key *file_key,
	struct span plain, struct buf *out)
{
	struct age_writer *w = NULL;
	struct cu_err err;

	assert_ok(age_writer_new_keyed(to, file_key, false, to_buf, out, &w, &err), err);
	assert_ok(age_writer_put(w, plain, &err), err);
	assert_ok(age_writer_finish(w, &err), err);
	age_writer_free(w);
}

static int decrypt_keyed(const struct key *file_key, struct span file, struct buf *out,
	struct cu_err *err)
{
	struct age_reader *r = NULL;
	uint8_t part[4096];
	long n = age_reader_new_keyed(file_key, from_span, &file, &r, NULL, err);

	while (n >= 0 && (n = age_reader_read(r, part, sizeof(part), err)) > 0) {
		buf_put(out, part, (size_t)n);
	}
	age_reader_free(r);
	return (int)n;
}

static void a_file_key_opens_its_own_file_and_no_other(void **state)
{
	struct person p;
	struct age_recipients *to;
	struct key key, none = { { 0 } };
	struct age_writer *w = NULL;
	struct buf file = BUF_INIT, other = BUF_INIT, got = BUF_INIT;
	struct cu_err err;
	const char *dir = *state;

	person_init(&p);
	key_fill_random(&key);
	to = recipients(p.recipient, NULL);
	encrypt_keyed(to, &key, span_str("what was captured"), &file);
	encrypt(to, false, span_str("another file"), &other);

	assert_ok(decrypt_keyed(&key, buf_span(&file), &got, &err), err);
	assert_string_equal(buf_cstr(&got), "what was captured");
	assert_int_equal(decrypt_keyed(&key, buf_span(&other), &got, &err), CU_ENOKEY);
	key.b[15] ^= 1; /* the last byte of it that counts */
	assert_int_equal(decrypt_keyed(&key, buf_span(&file), &got, &err), CU_ENOKEY);
	assert_int_equal(age_writer_new_keyed(to, &none, false, to_buf, &other, &w, &err),
		CU_EINVAL);

	/* and it is an age file as any other */
	support_put(dir, "file", buf_span(&file));
	support_put(dir, "key", buf_span(&p.secret));
	assert_int_equal(support_run("cd %s && age -d -i key file | grep -qx 'what was captured'",
				 dir), 0);
	age_recipients_free(to);
	buf_done(&file);
	buf_done(&other);
	buf_done(&got);
	person_done(&p);
}

static void no_changed_byte_of_a_file_passes_its_file_key(void **state)
{
	struct person p;
	struct age_recipients *to;
	struct key key;
	struct buf file = BUF_INIT, got = BUF_INIT;
	struct cu_err err;

	(void)state;
	person_init(&p);
	key_fill_random(&key);
	to = recipients(p.recipient, NULL);
	encrypt_keyed(to, &key, span_str("what was captured"), &file);
	for (size_t i = 0; i < file.n; i++) {
		file.p[i] ^= 1;
		assert_true(decrypt_keyed(&key, buf_span(&file), &got, &err) < 0);
		file.p[i] ^= 1;
	}
	assert_int_equal(got.n, 0);
	age_recipients_free(to);
	buf_done(&file);
	person_done(&p);
}

static void a_key_travels_through_a_file(void **state)
{
	struct person p;
	struct age_recipients *to;
	struct age_writer *w = NULL;
	struct age_reader *r = NULL;
	struct buf file = BUF_INIT;
	struct span rest;
	struct key key, again = { { 0 } };
	uint8_t text[5];
	struct cu_err err;

	(void)state;
	person_init(&p);
	key_fill_random(&key);
	to = recipients(p.recipient, NULL);
	assert_ok(age_writer_new(to, false, to_buf, &file, &w, &err), err);
	assert_ok(age_writer_put(w, span_str("epoch"), &err), err);
	assert_ok(age_writer_put_key(w, &key, &err), err);
	assert_ok(age_writer_finish(w, &err), err);
	assert_int_equal(age_writer_put(w, span_str("more"), &err), CU_EINVAL);
	age_writer_free(w);

	rest = buf_span(&file);
	assert_ok(age_reader_new(p.ids, from_span, &rest, &r, NULL, &err), err);
	assert_int_equal(age_reader_read(r, text, 5, &err), 5);
	assert_ok(age_reader_take_key(r, &again, &err), err);
	assert_true(key_is_equal(&key, &again));
	assert_int_equal(age_reader_take_key(r, &again, &err), CU_ECORRUPT);
	assert_true(key_is_equal(&key, &again));
	age_reader_free(r);

	age_recipients_free(to);
	buf_done(&file);
	person_done(&p);
}

static int full_disk(void *ctx, struct span bytes, struct cu_err *err)
{
	size_t *left = ctx;

	if (bytes.n > *left) {
		return cu_err_set(err, CU_ENOSPC, "full");
	}
	*left -= bytes.n;
	return 0;
}

static void a_failing_sink_ends_the_writing(void **state)
{
	struct person p;
	struct age_recipients *to;
	struct age_writer *w = NULL;
	struct cu_err err;
	size_t left = 10;

	(void)state;
	person_init(&p);
	to = recipients(p.recipient, NULL);
	assert_int_equal(
		age_writer_new(to, false, full_disk, &left, &w, &err), CU_ENOSPC);
	assert_null(w);
	left = 1000;
	assert_ok(age_writer_new(to, false, full_disk, &left, &w, &err), err);
	assert_int_equal(
		age_writer_put(w, span_of(plain_bytes, 70000), &err), CU_ENOSPC);
	assert_int_equal(age_writer_put(w, span_str("x"), &err), CU_ENOSPC);
	assert_int_equal(age_writer_finish(w, &err), CU_ENOSPC);

	age_writer_free(w);
	age_recipients_free(to);
	person_done(&p);
}

static long broken_source(void *ctx, uint8_t *to, size_t cap, struct cu_err *err)
{
	struct span *rest = ctx;

	return rest->n > 0 ? from_span(ctx, to, cap, err)
			   : cu_err_set(err, CU_EIO, "the disk is gone");
}

static void a_failing_source_is_a_fault_of_its_own(void **state)
{
	struct person p;
	struct age_recipients *to;
	struct age_reader *r = NULL;
	struct buf file = BUF_INIT;
	enum age_fault fault = AGE_OK;
	struct span rest;
	uint8_t byte;
	struct cu_err err;

	(void)state;
	person_init(&p);
	to = recipients(p.recipient, NULL);
	encrypt(to, false, span_of(plain_bytes, 100000), &file);
	for (size_t n = 0; n < file.n; n += n < 400 ? 1 : 9999) {
		long code;

		rest = span_of(file.p, n);
		code = age_reader_new(p.ids, broken_source, &rest, &r, &fault, &err);
		if (code == 0) {
			while ((code = age_reader_read(r, &byte, 1, &err)) > 0) {
			}
			fault = age_reader_fault(r);
			age_reader_free(r);
		}
		assert_int_equal(code, CU_EIO);
		assert_int_equal(fault, AGE_FAULT_IO);
		assert_non_null(strstr(err.msg, "the disk is gone"));
	}
	age_recipients_free(to);
	buf_done(&file);
	person_done(&p);
}

/* --- limits and bad input --------------------------------------------------------------- */

/* A header alone; its MAC is never reached. */
static enum age_fault fault_of(
	const struct age_identities *ids, struct buf *file, int want)
{
	struct buf out = BUF_INIT;
	enum age_fault fault;

	assert_int_equal(buf_check(file, NULL), 0);
	assert_int_equal(decrypt(ids, buf_span(file), &out, &fault), want);
	buf_done(&out);
	buf_done(file);
	return fault;
}

static void a_work_factor_over_the_limit_is_refused_before_any_work(void **state)
{
	static const char *const factors[] = { "23", "30", "63", "64", "99", "100",
		"18446744073709551634" };
	struct age_identities *ids = NULL;
	struct cu_err err;

	(void)state;
	assert_ok(age_identities_new(&ids, &err), err);
	assert_ok(age_identities_add_passphrase(ids, span_str(PHRASE), &err), err);
	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
		struct buf file = BUF_INIT;

		buf_putf(&file,
			"age-encryption.org/v1\n-> scrypt 3d9y0G+8q1ffPQ0xJJatIQ %s\n"
			"foZolxuhRSL7IG7oaR+456IzkHtvue7j4mUjh3DB6EI\n"
			"--- yp4Z0lV1LEdkm1+uDCuPUV+9hIXbPKrBXKQ/f5Y03As\n",
			factors[i]);
		assert_int_equal(fault_of(ids, &file, CU_ELIMIT), AGE_FAULT_HEADER);
	}
	age_identities_free(ids);
}

static void a_header_without_end_is_not_held_for_ever(void **state)
{
	struct person p;
	struct buf file = BUF_INIT;

	(void)state;
	person_init(&p);
	buf_put_str(&file, "age-encryption.org/v1\n-> grease\n");
	for (int i = 0; i < 20000; i++) { /* 1.3 MB of one body */
		buf_put_str(&file,
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAA\n");
	}
	assert_int_equal(fault_of(p.ids, &file, CU_ELIMIT), AGE_FAULT_HEADER);

	buf_init(&file);
	buf_put_str(&file, "age-encryption.org/v1\n");
	for (int i = 0; i < 3000; i++) {
		buf_put_str(&file, "-> a\n\n");
	}
	assert_int_equal(fault_of(p.ids, &file, CU_ELIMIT), AGE_FAULT_HEADER);
	person_done(&p);
}

#define SHARE "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc"
#define BODY  "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE"
#define MAC   "yp4Z0lV1LEdkm1+uDCuPUV+9hIXbPKrBXKQ/f5Y03As"

static void a_header_that_breaks_the_grammar_is_a_header_fault(void **state)
{
	static const char mac[] = "--- " MAC "\n";
	static const char *const bad[] = {
		"age-encryption.org/v2\n-> a\n\n",
		"age-encryption.org/v11\n-> a\n\n",
		"age-encryption.org/v1\n",       /* no recipient at all */
		"age-encryption.org/v1\n->\n\n", /* no words */
		"age-encryption.org/v1\n-> \n\n",
		"age-encryption.org/v1\n-> a \n\n",
		"age-encryption.org/v1\n-> a  b\n\n",
		"age-encryption.org/v1\n-> a\xc3\xa9\n\n",
		"age-encryption.org/v1\n-> a\n====\n",
		"age-encryption.org/v1\n-> a\nAA==\n",
		"age-encryption.org/v1\n-> a\n",
		"age-encryption.org/v1\n-> X25519 a b\n\n",
		"age-encryption.org/v1\n-> X25519\n\n",
		"age-encryption.org/v1\n-> a\tb\n\n",
		"age-encryption.org/v1\n-> X25519 " SHARE " more\n" BODY "\n",
		"age-encryption.org/v1\n-> X25519 " SHARE "\n" BODY "\n---" MAC "\n",
		"age-encryption.org/v1\n-> X25519 " SHARE "\n" BODY "\n---." MAC "\n",
		"age-encryption.org/v1\n-> X25519 " SHARE "\n" BODY "\n--- " MAC "=\n",
	};
	struct buf good;
	struct person p;

	(void)state;
	person_init(&p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf file = BUF_INIT;

		buf_putf(&file, "%s%s0123456789abcdef", bad[i], mac);
		assert_int_equal(fault_of(p.ids, &file, CU_ECORRUPT), AGE_FAULT_HEADER);
	}
	/* the same parts put together rightly, but for someone else */
	buf_init(&good);
	buf_putf(&good, "age-encryption.org/v1\n-> X25519 " SHARE "\n" BODY "\n%s", mac);
	assert_int_equal(fault_of(p.ids, &good, CU_ENOKEY), AGE_FAULT_NO_MATCH);
	person_done(&p);
}

static void what_is_no_recipient_is_invalid(void **state)
{
	static const char *const bad[] = {
		"", "age1",
		"age14rq0zfvkrpax0ykfpf8apcpmajrumvx4h4rtfkk0sad5y5hdjy9srlfz0c", /* checksum */
		"AGE14RQ0ZFVKRPAX0YKFPF8APCPMAJRUMVX4H4RTFKK0SAD5Y5HDJY9SRLFZ0A", /* case */
		"age14rq0zfvkrpax0ykfpf8apcpmajrumvx4h4rtfkk0sad5y5hdjy9srlfz0a ",
		"age14rq0zfvkrpax0ykfpf8apcpmajrumvx4h4rtfkk0sad5y5hdjy9srlfz0",
		"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z", /* key 0 */
	};
	struct age_recipients *to = NULL;
	struct cu_err err;

	(void)state;
	assert_ok(age_recipients_new(&to, &err), err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(age_recipients_add(to, bad[i], &err), CU_EINVAL);
	}
	assert_ok(
		age_recipients_add(to,
			"age14rq0zfvkrpax0ykfpf8apcpmajrumvx4h4rtfkk0sad5y5hdjy9srlfz0a",
			&err),
		err);
	age_recipients_free(to);
}

static void a_passphrase_and_recipients_exclude_each_other(void **state)
{
	struct age_recipients *to = NULL;
	struct age_writer *w = NULL;
	struct buf file = BUF_INIT;
	struct person p;
	struct cu_err err;

	(void)state;
	person_init(&p);
	assert_ok(age_recipients_new(&to, &err), err);
	assert_int_equal(age_writer_new(to, false, to_buf, &file, &w, &err), CU_EINVAL);
	assert_int_equal(age_recipients_set_passphrase(
				 to, span_str(PHRASE), AGE_SCRYPT_MAX_LOG_N + 1, &err),
		CU_EINVAL);
	assert_int_equal(
		age_recipients_set_passphrase(to, span_str(""), 18, &err), CU_EINVAL);
	assert_ok(age_recipients_set_passphrase(to, span_str(PHRASE), 10, &err), err);
	assert_int_equal(age_recipients_add(to, p.recipient, &err), CU_EINVAL);
	age_recipients_free(to);

	to = recipients(p.recipient, NULL);
	assert_int_equal(age_recipients_set_passphrase(to, span_str(PHRASE), 10, &err),
		CU_EINVAL);
	age_recipients_free(to);
	person_done(&p);
}

static void a_bad_line_is_named_by_its_number_and_adds_nothing(void **state)
{
	struct age_identities *ids = NULL;
	struct buf text = BUF_INIT_WIPE, file = BUF_INIT, none = BUF_INIT;
	struct age_recipients *to;
	struct person p;
	enum age_fault fault;
	struct cu_err err;

	(void)state;
	person_init(&p);
	assert_ok(age_identities_new(&ids, &err), err);
	buf_putf(&text, "# made today\r\n\r\n%s\r\nnonsense\n", buf_cstr(&p.secret));
	assert_int_equal(
		age_identities_add_file(ids, buf_span(&text), &err), CU_EINVAL);
	assert_non_null(strstr(err.msg, "line 4"));
	assert_null(strstr(err.msg, "nonsense"));
	to = recipients(p.recipient, NULL);
	encrypt(to, false, span_str("x"), &file);
	assert_int_equal(decrypt(ids, buf_span(&file), &none, &fault), CU_ENOKEY);

	assert_int_equal(
		age_identities_add_file(ids, span_of(text.p, text.n - 9), &err), 1);
	assert_opens_to(ids, buf_span(&file), span_str("x"));
	assert_int_equal(
		age_identities_add_file(ids, span_str("# nothing\n"), &err), 0);
	assert_int_equal(age_identities_add_file(ids, span_of(NULL, 0), &err), 0);

	age_identities_free(ids);
	age_recipients_free(to);
	buf_done(&text);
	buf_done(&file);
	person_done(&p);
}

#define in_a_directory(test)                                                           \
	cmocka_unit_test_setup_teardown(test, support_make_dir, support_remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_directory(age_opens_what_we_write),
		in_a_directory(we_open_what_age_writes),
		in_a_directory(an_identity_of_age_keygen_opens_what_is_written_to_it),
		in_a_directory(each_of_several_recipients_opens_the_file),
		in_a_directory(age_opens_our_file_with_the_passphrase),
		in_a_directory(we_open_a_file_of_age_with_the_passphrase),
		cmocka_unit_test(no_changed_or_missing_byte_of_a_file_passes),
		cmocka_unit_test(
			a_file_cut_between_chunks_releases_the_whole_ones_and_fails),
		cmocka_unit_test(an_unfinished_file_is_accepted_by_no_reader),
		cmocka_unit_test(a_key_travels_through_a_file),
		in_a_directory(a_file_key_opens_its_own_file_and_no_other),
		cmocka_unit_test(no_changed_byte_of_a_file_passes_its_file_key),
		cmocka_unit_test(a_failing_sink_ends_the_writing),
		cmocka_unit_test(a_failing_source_is_a_fault_of_its_own),
		cmocka_unit_test(
			a_work_factor_over_the_limit_is_refused_before_any_work),
		cmocka_unit_test(a_header_without_end_is_not_held_for_ever),
		cmocka_unit_test(a_header_that_breaks_the_grammar_is_a_header_fault),
		cmocka_unit_test(what_is_no_recipient_is_invalid),
		cmocka_unit_test(a_passphrase_and_recipients_exclude_each_other),
		cmocka_unit_test(a_bad_line_is_named_by_its_number_and_adds_nothing),
	};

	return cmocka_run_group_tests(tests, fill_plain, NULL);
}
