#include "backup/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "backup/repo.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/age.h"
#include "crypto/hash.h"

#define SLICE 65536 /* bytes read, hashed or compressed at a time */

/* --- writing ---------------------------------------------------------------------- */

struct object_writer {
	struct age_writer *age;
	ZSTD_CCtx *zstd;
	struct hash_sha256 hash; /* of the stored bytes */
	uint64_t stored;
	struct buf held;   /* stored bytes from before there is a file */
	struct repo *repo; /* NULL: not attached */
	struct repo_upload upload;
	uint8_t out[SLICE]; /* compressed, on its way to the age layer */
};

/* Stored bytes come out of the age layer. */
static int take_stored(void *ctx, struct span bytes, struct cu_err *err)
{
	struct object_writer *w = ctx;

	hash_sha256_put(&w->hash, bytes);
	w->stored += bytes.n;
	if (w->repo) {
		return path_write_fd(w->upload.fd, bytes, err);
	}
	buf_put_span(&w->held, bytes);
	return buf_check(&w->held, err);
}

static int start_zstd(ZSTD_CCtx *zstd, struct cu_err *err)
{
	if (!zstd ||
		ZSTD_isError(ZSTD_CCtx_setParameter(
			zstd, ZSTD_c_compressionLevel, OBJECT_ZSTD_LEVEL)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1))) {
		return cu_err_set(err, CU_ENOMEM, "zstd cannot be started");
	}
	return 0;
}

int object_writer_new(const struct age_recipients *to, const struct key *file_key,
	struct object_writer **ret, struct cu_err *err)
{
	struct object_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	w->upload.fd = -1;
	hash_sha256_init(&w->hash);
	w->zstd = ZSTD_createCCtx();
	r = start_zstd(w->zstd, err);
	if (r == 0) {
		r = file_key ? age_writer_new_keyed(to, file_key, false, take_stored, w,
				       &w->age, err)
			     : age_writer_new(to, false, take_stored, w, &w->age, err);
	}
	if (r < 0) {
		object_writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

struct age_writer *object_writer_age(struct object_writer *w)
{
	return w->age;
}

int object_writer_attach(struct object_writer *w, struct repo *repo, struct cu_err *err)
{
	int r = repo_upload_begin(repo, &w->upload, err);

	if (r < 0) {
		return r;
	}
	w->repo = repo;
	r = path_write_fd(w->upload.fd, buf_span(&w->held), err);
	buf_done(&w->held);
	return r;
}

/* Runs the compressor until it has taken all of in, and for ZSTD_e_end until it has given
 * everything. */
static int compress(struct object_writer *w, ZSTD_inBuffer *in, ZSTD_EndDirective how,
	struct cu_err *err)
{
	for (;;) {
		ZSTD_outBuffer out = { w->out, sizeof(w->out), 0 };
		size_t left = ZSTD_compressStream2(w->zstd, &out, in, how);
		int r;

		if (ZSTD_isError(left)) {
			return cu_err_set(
				err, CU_EINTERNAL, "compress: %s", ZSTD_getErrorName(left));
		}
		r = out.pos > 0 ? age_writer_put(w->age, span_of(w->out, out.pos), err) : 0;
		if (r < 0) {
			return r;
		}
		if (how == ZSTD_e_end ? left == 0 : in->pos == in->size) {
			return 0;
		}
	}
}

int object_writer_put(struct object_writer *w, struct span plain, struct cu_err *err)
{
	ZSTD_inBuffer in = { plain.p, plain.n, 0 };

	return plain.n > 0 ? compress(w, &in, ZSTD_e_continue, err) : 0;
}

int object_writer_finish(struct object_writer *w, struct object_ref *ret,
	struct cu_err *err)
{
	ZSTD_inBuffer none = { NULL, 0, 0 };
	int r = w->repo ? 0 : cu_err_set(err, CU_EINTERNAL, "the object has no file");

	if (r == 0) {
		r = compress(w, &none, ZSTD_e_end, err);
	}
	if (r == 0) {
		r = age_writer_finish(w->age, err);
	}
	if (r == 0) {
		hash_sha256_done(&w->hash, ret->hash);
		ret->stored = w->stored;
	}
	return r;
}

int object_writer_store(struct object_writer *w, const char *name, struct cu_err *err)
{
	bool is_new;
	int r = repo_upload_put(w->repo, &w->upload, name, &is_new, err);

	return r < 0 ? cu_err_wrap(err, r, "%s", name) : 0;
}

void object_writer_free(struct object_writer *w)
{
	if (!w) {
		return;
	}
	age_writer_free(w->age);
	ZSTD_freeCCtx(w->zstd);
	buf_done(&w->held);
	if (w->repo) {
		repo_upload_drop(w->repo, &w->upload);
	}
	explicit_bzero(w, sizeof(*w));
	free(w);
}

/* --- reading ---------------------------------------------------------------------- */

struct object_reader {
	char name[REPO_NAME_SIZE];
	struct object_ref ref;
	int fd;
	struct hash_sha256 hash; /* of the stored bytes that were used */
	struct age_reader *age;
	ZSTD_DCtx *zstd;
	uint64_t plain, plain_max;
	bool is_frame_done;
	bool is_done;
	ZSTD_inBuffer in; /* over buffer */
	uint8_t buffer[SLICE];
};

static long read_some(int fd, uint8_t *to, size_t cap, struct cu_err *err)
{
	ssize_t n;

	do {
		n = read(fd, to, cap);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? cu_err_errno(err, errno, "read") : n;
}

static int hash_rest(int fd, struct hash_sha256 *hash, struct cu_err *err)
{
	uint8_t *slice = malloc(SLICE);
	long n;

	if (!slice) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	while ((n = read_some(fd, slice, SLICE, err)) > 0) {
		hash_sha256_put(hash, span_of(slice, (size_t)n));
	}
	free(slice);
	return (int)n;
}

static int require_hash(struct hash_sha256 *hash, const struct object_ref *ref,
	struct cu_err *err)
{
	uint8_t is[HASH_SIZE];

	hash_sha256_done(hash, is);
	return memcmp(is, ref->hash, HASH_SIZE) == 0 ?
		0 :
		cu_err_set(err, CU_ECORRUPT, "its bytes do not have the SHA-256 of its name");
}

static int open_verified(struct repo *r, const char *name, const struct object_ref *ref,
	int *ret_fd, struct cu_err *err)
{
	struct hash_sha256 hash;
	uint64_t size = 0;
	int fd = -1, code = repo_open_object(r, name, ref->stored, &fd, &size, err);

	if (code < 0) {
		return code;
	}
	if (size != ref->stored) {
		code = cu_err_set(err, CU_ECORRUPT, "has %llu bytes instead of %llu",
			(unsigned long long)size, (unsigned long long)ref->stored);
	}
	hash_sha256_init(&hash);
	if (code == 0) {
		code = hash_rest(fd, &hash, err);
	}
	if (code == 0) {
		code = require_hash(&hash, ref, err);
	}
	if (code == 0 && lseek(fd, 0, SEEK_SET) < 0) {
		code = cu_err_errno(err, errno, "seek");
	}
	if (code < 0) {
		close(fd);
		return cu_err_wrap(err, code, "%s", name);
	}
	*ret_fd = fd;
	return 0;
}

int object_verify(struct repo *r, const char *name, const struct object_ref *ref,
	struct cu_err *err)
{
	int fd = -1, code = open_verified(r, name, ref, &fd, err);

	if (code == 0) {
		close(fd);
	}
	return code;
}

/* The age layer asks for stored bytes.  They are hashed once more on their way: between the
 * first look and now somebody else may have written to the file. */
static long give_stored(void *ctx, uint8_t *to, size_t cap, struct cu_err *err)
{
	struct object_reader *r = ctx;
	long n = read_some(r->fd, to, cap, err);

	if (n > 0) {
		hash_sha256_put(&r->hash, span_of(to, (size_t)n));
	}
	return n;
}

static int open_age(
	struct object_reader *r, struct object_opener by, struct cu_err *err)
{
	int code = by.ids ? age_reader_new(by.ids, give_stored, r, &r->age, NULL, err)
			  : age_reader_new_keyed(
				    by.file_key, give_stored, r, &r->age, NULL, err);

	if (code == CU_ENOKEY) {
		code = cu_err_set(err, code, "%s",
			by.ids ? _("this identity does not open it: it was written for other recipients")
			       : _("its file key does not open it: it was written under another one"));
	}
	return code < 0 ? cu_err_wrap(err, code, "%s", r->name) : 0;
}

int object_reader_open(struct repo *repo, const char *name,
	const struct object_ref *ref, struct object_opener by, uint64_t plain_max,
	struct object_reader **ret, struct cu_err *err)
{
	struct object_reader *r = calloc(1, sizeof(*r));
	int code;

	if (!r) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r->fd = -1;
	r->ref = *ref;
	r->plain_max = plain_max;
	strncpy(r->name, name, sizeof(r->name) - 1);
	hash_sha256_init(&r->hash);
	code = open_verified(repo, name, ref, &r->fd, err);
	if (code < 0) {
		goto out;
	}
	r->zstd = ZSTD_createDCtx();
	if (!r->zstd ||
		ZSTD_isError(ZSTD_DCtx_setParameter(
			r->zstd, ZSTD_d_windowLogMax, OBJECT_ZSTD_WINDOW_MAX))) {
		code = cu_err_set(err, CU_ENOMEM, "zstd cannot be started");
		goto out;
	}
	code = open_age(r, by, err);
out:
	if (code < 0) {
		object_reader_close(r);
		return code;
	}
	*ret = r;
	return 0;
}

struct age_reader *object_reader_age(struct object_reader *r)
{
	return r->age;
}

/* The frame has ended: so must everything else. */
static int require_end(struct object_reader *r, struct cu_err *err)
{
	uint8_t more;
	long n = r->in.pos < r->in.size ? 1 : age_reader_read(r->age, &more, 1, err);
	int code = n > 0 ? cu_err_set(err, CU_ECORRUPT, "something follows its compressed data") :
			   (int)n;

	if (code == 0) {
		code = hash_rest(r->fd, &r->hash, err);
	}
	if (code == 0) {
		code = require_hash(&r->hash, &r->ref, err);
	}
	r->is_done = code == 0;
	return code;
}

static int refill(struct object_reader *r, struct cu_err *err)
{
	long n = age_reader_read(r->age, r->buffer, sizeof(r->buffer), err);

	if (n < 0) {
		return (int)n;
	}
	if (n == 0) {
		return cu_err_set(err, CU_ECORRUPT, "its compressed data ends too early");
	}
	r->in = (ZSTD_inBuffer){ r->buffer, (size_t)n, 0 };
	return 0;
}

static long decompress(struct object_reader *r, uint8_t *to, size_t cap, struct cu_err *err)
{
	ZSTD_outBuffer out = { to, cap, 0 };
	int code = 0;

	/* a full frame may leave bytes inside the decompressor, so it is asked before it is fed */
	while (out.pos == 0 && !r->is_frame_done && code == 0) {
		size_t before = r->in.pos, hint = ZSTD_decompressStream(r->zstd, &out, &r->in);

		if (ZSTD_isError(hint)) {
			return cu_err_set(err, CU_ECORRUPT, "its compressed data is damaged: %s",
				ZSTD_getErrorName(hint));
		}
		r->is_frame_done = hint == 0;
		if (out.pos == 0 && !r->is_frame_done && r->in.pos == r->in.size &&
			r->in.pos == before) {
			code = refill(r, err);
		}
	}
	if (code < 0) {
		return code;
	}
	r->plain += out.pos;
	if (r->plain > r->plain_max) {
		return cu_err_set(err, CU_ELIMIT, "holds more than the %llu bytes it should",
			(unsigned long long)r->plain_max);
	}
	return (long)out.pos;
}

long object_reader_read(struct object_reader *r, uint8_t *to, size_t cap,
	struct cu_err *err)
{
	long n = r->is_done ? 0 : decompress(r, to, cap, err);

	if (n == 0 && !r->is_done) {
		n = require_end(r, err);
	}
	return n < 0 ? cu_err_wrap(err, (int)n, "%s", r->name) : n;
}

void object_reader_close(struct object_reader *r)
{
	if (!r) {
		return;
	}
	age_reader_free(r->age);
	ZSTD_freeDCtx(r->zstd);
	if (r->fd >= 0) {
		close(r->fd);
	}
	explicit_bzero(r, sizeof(*r));
	free(r);
}
