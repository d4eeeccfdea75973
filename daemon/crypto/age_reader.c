#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "crypto/age_internal.h"
#include "crypto/key_internal.h"

/* Lies in memory from sodium_malloc, as it holds the payload's key and plaintext. */
struct age_reader {
	struct age_stream stream;
	enum age_fault fault;
	int failure;          /* the code that ended the reading, or 0 */
	struct cu_err reason; /* what goes with it */
	bool is_done;         /* the last chunk was opened, and nothing follows it */
	bool is_last_open;    /* the last chunk was opened */
	size_t at, n;         /* what of plain is still to be handed out */
	struct age_input in;
	uint8_t plain[AGE_CHUNK_SIZE];
	uint8_t sealed[AGE_SEALED_SIZE];
};

/* --- the header ------------------------------------------------------------------- */

static int read_nonce(
	struct age_reader *r, uint8_t nonce[AGE_NONCE_SIZE], struct cu_err *err)
{
	long n = age_input_read(&r->in, nonce, AGE_NONCE_SIZE, err);

	if (n < 0) {
		r->fault = r->in.fault;
		return (int)n;
	}
	if (n < AGE_NONCE_SIZE) {
		r->fault = AGE_FAULT_HEADER; /* so the public vectors call it */
		return cu_err_set(err, CU_ECORRUPT,
			"age header: ends before the payload's nonce");
	}
	return 0;
}

/* A wrong MAC under a key that a stanza gave means damage; under a key that the caller
 * had, it may as well be that of another file. */
static int require_mac(struct age_reader *r, const struct age_header *h,
	const uint8_t file_key[AGE_FILE_KEY_SIZE], bool is_given, struct cu_err *err)
{
	if (age_header_mac_is_good(h, file_key)) {
		return 0;
	}
	r->fault = AGE_FAULT_HMAC;
	return is_given ? cu_err_set(
				  err, CU_ENOKEY, "age header: not under this file key")
			: cu_err_set(err, CU_ECORRUPT, "age header: wrong MAC");
}

/* By the identities, or by the file's own key. */
static int open_header(struct age_reader *r, const struct age_identities *ids,
	const struct key *given, struct cu_err *err)
{
	uint8_t file_key[AGE_FILE_KEY_SIZE] = { 0 }, nonce[AGE_NONCE_SIZE];
	struct age_header h;
	int code;

	if ((code = age_header_read(&r->in, &h, &r->fault, err)) < 0) {
		goto out;
	}
	if (given) {
		memcpy(file_key, given->b, sizeof(file_key));
	} else if ((code = age_stanza_open_any(&h, ids, file_key, &r->fault, err)) <
		   0) {
		goto out;
	}
	if ((code = require_mac(r, &h, file_key, given != NULL, err)) < 0) {
		goto out;
	}
	code = read_nonce(r, nonce, err);
	if (code == 0) {
		age_stream_init(&r->stream, file_key, nonce);
	}
out:
	sodium_memzero(file_key, sizeof(file_key));
	age_header_done(&h);
	return code;
}

static int reader_new(const struct age_identities *ids, const struct key *file_key,
	age_source *source, void *ctx, struct age_reader **ret,
	enum age_fault *ret_fault, struct cu_err *err)
{
	struct age_reader *r = sodium_malloc(sizeof(*r));
	enum age_fault fault = AGE_FAULT_IO;
	int code;

	if (!r) {
		code = cu_err_set(err, CU_ENOMEM, "out of memory");
		goto out;
	}
	memset(r, 0, sizeof(*r));
	if ((code = age_input_start(&r->in, source, ctx, err)) < 0) {
		r->fault = r->in.fault;
		goto out;
	}
	code = open_header(r, ids, file_key, err);
out:
	if (code < 0) {
		if (ret_fault) {
			*ret_fault = r ? r->fault : fault;
		}
		age_reader_free(r);
		return code;
	}
	*ret = r;
	return 0;
}

int age_reader_new(const struct age_identities *ids, age_source *source, void *ctx,
	struct age_reader **ret, enum age_fault *ret_fault, struct cu_err *err)
{
	return reader_new(ids, NULL, source, ctx, ret, ret_fault, err);
}

int age_reader_new_keyed(const struct key *file_key, age_source *source, void *ctx,
	struct age_reader **ret, enum age_fault *ret_fault, struct cu_err *err)
{
	return reader_new(NULL, file_key, source, ctx, ret, ret_fault, err);
}

/* --- the payload ------------------------------------------------------------------ */

static int fail(struct age_reader *r, enum age_fault fault, const char *what)
{
	r->fault = fault;
	r->failure = cu_err_set(&r->reason, CU_ECORRUPT, "age payload, chunk %llu: %s",
		(unsigned long long)r->stream.counter + 1, what);
	return r->failure;
}

static int fail_input(struct age_reader *r, long code)
{
	r->fault = r->in.fault;
	r->failure = (int)code;
	return r->failure;
}

/* A full chunk may be the last one or not, and only its tag knows; a short one must be. */
static int open_chunk(struct age_reader *r, struct span sealed)
{
	bool is_full = sealed.n == AGE_SEALED_SIZE;
	bool is_first = r->stream.counter == 0;

	if (sealed.n < AGE_TAG_SIZE) {
		return fail(
			r, AGE_FAULT_PAYLOAD, "the file ends within it or before it");
	}
	if (sealed.n == AGE_TAG_SIZE && !is_first) {
		return fail(r, AGE_FAULT_PAYLOAD, "empty, though not the only one");
	}
	if (!is_full || !age_stream_open(&r->stream, sealed, false, r->plain)) {
		if (!age_stream_open(&r->stream, sealed, true, r->plain)) {
			return fail(r, AGE_FAULT_PAYLOAD, "wrong tag");
		}
		r->is_last_open = true;
	}
	r->at = 0;
	r->n = sealed.n - AGE_TAG_SIZE;
	return 0;
}

/* What follows the last chunk is a failure, but one that comes after the chunk's bytes have
 * been handed out: they are authentic, and the public vectors expect them. */
static int check_end(struct age_reader *r)
{
	uint8_t byte;
	long n = age_input_read(&r->in, &byte, 1, &r->reason);

	if (n < 0) {
		return fail_input(r, n);
	}
	if (n > 0) {
		return fail(r, AGE_FAULT_PAYLOAD, "something follows the last one");
	}
	r->is_done = true;
	return 0;
}

static int next_chunk(struct age_reader *r)
{
	long n;

	if (r->is_last_open) {
		return check_end(r);
	}
	n = age_input_read(&r->in, r->sealed, AGE_SEALED_SIZE, &r->reason);
	return n < 0 ? fail_input(r, n) : open_chunk(r, span_of(r->sealed, (size_t)n));
}

long age_reader_read(struct age_reader *r, uint8_t *to, size_t cap, struct cu_err *err)
{
	size_t n;

	while (r->at == r->n && !r->is_done) {
		if (r->failure || next_chunk(r) < 0) {
			return cu_err_set(err, r->failure, "%s", r->reason.msg);
		}
	}
	n = r->n - r->at < cap ? r->n - r->at : cap;
	if (n > 0) {
		memcpy(to, r->plain + r->at, n);
		r->at += n;
	}
	return (long)n;
}

enum age_fault age_reader_fault(const struct age_reader *r)
{
	return r->fault;
}

int age_reader_take_key(struct age_reader *r, struct key *ret, struct cu_err *err)
{
	struct key got;
	size_t n = 0;
	long more = 1;

	while (n < KEY_SIZE && more > 0) {
		more = age_reader_read(r, got.b + n, KEY_SIZE - n, err);
		n += more > 0 ? (size_t)more : 0;
	}
	if (n == KEY_SIZE) {
		key_copy(ret, &got);
	}
	key_wipe(&got);
	if (more < 0) {
		return (int)more;
	}
	return n == KEY_SIZE
		       ? 0
		       : cu_err_set(err, CU_ECORRUPT, "age payload: ends within a key");
}

void age_reader_free(struct age_reader *r)
{
	sodium_free(r); /* wipes; NULL is fine */
}

long age_fd_source(void *ctx, uint8_t *to, size_t cap, struct cu_err *err)
{
	const int *fd = ctx;
	ssize_t n;

	do {
		n = read(*fd, to, cap);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? cu_err_errno(err, errno, "read") : (long)n;
}
