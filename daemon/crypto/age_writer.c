#include <string.h>

#include "base/path.h"
#include "crypto/age_internal.h"
#include "crypto/key_internal.h"

/* Lies in memory from sodium_malloc, as it holds the payload's key and plaintext. */
struct age_writer {
	struct age_stream stream;
	age_sink *sink;
	void *ctx;
	bool is_armored;
	bool is_finished;
	int failure; /* the code that ended the writing; 0 while it goes well */
	struct age_armor armor;
	struct buf lines; /* armored text on its way to the sink */
	size_t n;         /* bytes in plain */
	uint8_t plain[AGE_CHUNK_SIZE];
	uint8_t sealed[AGE_SEALED_SIZE];
};

static int send(struct age_writer *w, struct span bytes, struct cu_err *err)
{
	int r = w->sink(w->ctx, bytes, err);

	w->failure = r < 0 ? r : 0;
	return w->failure;
}

static int send_lines(struct age_writer *w, struct cu_err *err)
{
	int r = buf_check(&w->lines, err);

	if (r < 0) {
		w->failure = r;
		return r;
	}
	r = send(w, buf_span(&w->lines), err);
	buf_clear(&w->lines);
	return r;
}

static int emit(struct age_writer *w, struct span bytes, struct cu_err *err)
{
	if (!w->is_armored) {
		return send(w, bytes, err);
	}
	age_armor_put(&w->armor, bytes, &w->lines);
	return send_lines(w, err);
}

/* --- beginning -------------------------------------------------------------------- */

/* The header and the payload's nonce. */
static int put_header(struct age_writer *w, const struct age_recipients *to,
	const uint8_t file_key[AGE_FILE_KEY_SIZE], struct cu_err *err)
{
	uint8_t nonce[AGE_NONCE_SIZE];
	struct buf header = BUF_INIT;
	int r;

	randombytes_buf(nonce, sizeof(nonce));
	age_header_begin(&header);
	if ((r = age_stanza_put_all(to, file_key, &header, err)) < 0 ||
		(r = age_header_end(&header, file_key, err)) < 0) {
		goto out;
	}
	age_stream_init(&w->stream, file_key, nonce);
	buf_put(&header, nonce, sizeof(nonce));
	if ((r = buf_check(&header, err)) == 0) {
		r = emit(w, buf_span(&header), err);
	}
out:
	buf_done(&header);
	return r;
}

static int writer_new(const struct age_recipients *to,
	const uint8_t file_key[AGE_FILE_KEY_SIZE], bool is_armored, age_sink *sink,
	void *ctx, struct age_writer **ret, struct cu_err *err)
{
	struct age_writer *w = sodium_malloc(sizeof(*w));
	int r;

	if (!w) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	memset(w, 0, sizeof(*w));
	w->sink = sink;
	w->ctx = ctx;
	w->is_armored = is_armored;
	buf_init(&w->lines);
	if (is_armored) {
		age_armor_start(&w->armor, &w->lines);
	}
	r = put_header(w, to, file_key, err);
	if (r < 0) {
		age_writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int age_writer_new(const struct age_recipients *to, bool is_armored, age_sink *sink,
	void *ctx, struct age_writer **ret, struct cu_err *err)
{
	uint8_t file_key[AGE_FILE_KEY_SIZE];
	int r;

	randombytes_buf(file_key, sizeof(file_key));
	r = writer_new(to, file_key, is_armored, sink, ctx, ret, err);
	sodium_memzero(
		file_key, sizeof(file_key)); /* it lives no longer than this call */
	return r;
}

int age_writer_new_keyed(const struct age_recipients *to, const struct key *file_key,
	bool is_armored, age_sink *sink, void *ctx, struct age_writer **ret,
	struct cu_err *err)
{
	return key_is_none(file_key)
		       ? cu_err_set(err, CU_EINVAL, "age file: its file key is none")
		       : writer_new(to, file_key->b, is_armored, sink, ctx, ret, err);
}

/* --- the payload ------------------------------------------------------------------ */

static int put_chunk(struct age_writer *w, bool is_last, struct cu_err *err)
{
	size_t n = w->n;

	age_stream_seal(&w->stream, span_of(w->plain, n), is_last, w->sealed);
	w->n = 0;
	return emit(w, span_of(w->sealed, n + AGE_TAG_SIZE), err);
}

static int check_open(const struct age_writer *w, struct cu_err *err)
{
	if (w->failure) {
		return cu_err_set(
			err, w->failure, "age file: a write before this one failed");
	}
	if (w->is_finished) {
		return cu_err_set(err, CU_EINVAL, "age file: finished already");
	}
	return 0;
}

int age_writer_put(struct age_writer *w, struct span plain, struct cu_err *err)
{
	int r = check_open(w, err);

	while (r == 0 && plain.n > 0) {
		size_t n = AGE_CHUNK_SIZE - w->n;

		if (n == 0) { /* only now, since a full chunk may be the last */
			r = put_chunk(w, false, err);
			continue;
		}
		n = n < plain.n ? n : plain.n;
		memcpy(w->plain + w->n, plain.p, n);
		w->n += n;
		plain = span_of(plain.p + n, plain.n - n);
	}
	return r;
}

int age_writer_put_key(struct age_writer *w, const struct key *key, struct cu_err *err)
{
	return age_writer_put(w, span_of(key->b, KEY_SIZE), err);
}

int age_writer_finish(struct age_writer *w, struct cu_err *err)
{
	int r;

	if ((r = check_open(w, err)) < 0 || (r = put_chunk(w, true, err)) < 0) {
		return r;
	}
	if (w->is_armored) {
		age_armor_finish(&w->armor, &w->lines);
		r = send_lines(w, err);
	}
	w->is_finished = true;
	return r;
}

void age_writer_free(struct age_writer *w)
{
	if (!w) {
		return;
	}
	buf_done(&w->lines);
	sodium_free(w); /* which wipes */
}

int age_fd_sink(void *ctx, struct span bytes, struct cu_err *err)
{
	const int *fd = ctx;

	return path_write_fd(*fd, bytes, err);
}
