#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/key_internal.h"

/* root.wrap: this line, the commitment to the wrapping key, the root key wrapped.  The line
 * is the wrap's additional data as well. */
static const char wrap_mark[] = "custos root wrap v1\n";

#define WRAP_NAME "root.wrap"
#define MARK_SIZE (sizeof(wrap_mark) - 1)
#define WRAP_SIZE (MARK_SIZE + HASH_SIZE + KEY_WRAPPED_SIZE(1))
#define HEX_SIZE  (2 * KEY_SIZE + 1) /* the digits and a newline */

static int refuse_existing(const char *dir, const char *name, struct cu_err *err)
{
	char path[PATH_SIZE];
	int r = path_join(path, dir, name, err);

	if (r == 0 && path_exists(path)) {
		r = cu_err_set(err, CU_EEXIST, "%s: exists already", path);
	}
	return r;
}

static int put_wrap(const char *dir, const struct key *by, const struct key *root,
	struct cu_err *err)
{
	uint8_t file[WRAP_SIZE];

	memcpy(file, wrap_mark, MARK_SIZE);
	hash_blake2b(span_of(by->b, KEY_SIZE), file + MARK_SIZE);
	key_wrap(by, span_of(file, MARK_SIZE), &root, 1, file + MARK_SIZE + HASH_SIZE);
	return path_put_file(dir, WRAP_NAME, span_of(file, sizeof(file)), 0400, err);
}

int key_file_create(
	const char *dir, const char *name, const struct key *root, struct cu_err *err)
{
	struct key by;
	char hex[HEX_SIZE + 1];
	int r;

	if ((r = refuse_existing(dir, name, err)) < 0 ||
		(r = refuse_existing(dir, WRAP_NAME, err)) < 0) {
		return r;
	}
	key_fill_random(&by);
	text_hex(by.b, KEY_SIZE, hex);
	hex[HEX_SIZE - 1] = '\n';
	r = path_put_file(dir, name, span_of(hex, HEX_SIZE), 0400, err);
	if (r == 0) {
		r = put_wrap(dir, &by, root, err);
		if (r < 0) { /* so that the call can be repeated; it wraps nothing yet */
			(void)path_remove(dir, name, NULL);
		}
	}
	key_wipe(&by);
	sodium_memzero(hex, sizeof(hex));
	return r;
}

static int open_private(const char *path, int *ret_fd, struct cu_err *err)
{
	struct stat st;
	int r = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return cu_err_errno(err, errno, "%s", path);
	}
	if (fstat(fd, &st) < 0) {
		r = cu_err_errno(err, errno, "%s", path);
	} else if (!S_ISREG(st.st_mode)) {
		r = cu_err_set(err, CU_ECORRUPT, "%s: not a regular file", path);
	} else if (st.st_mode & 077) {
		r = cu_err_set(err, CU_EDENIED,
			"%s: mode %04o lets others than its owner at the key", path,
			(unsigned)st.st_mode & 07777);
	}
	if (r < 0) {
		(void)close(fd); /* only read from */
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int read_key_file(
	const char *dir, const char *name, struct key *by, struct cu_err *err)
{
	struct buf text = BUF_INIT_WIPE;
	char path[PATH_SIZE];
	int r, fd = -1;

	if ((r = path_join(path, dir, name, err)) < 0 ||
		(r = open_private(path, &fd, err)) < 0) {
		goto out;
	}
	r = path_read_fd(fd, HEX_SIZE, &text, err);
	if (r == CU_ELIMIT) {
		r = cu_err_set(err, CU_ECORRUPT, "%s: too long for a key file", path);
	}
	if (r < 0) {
		goto out;
	}
	if (text.n == HEX_SIZE && text.p[HEX_SIZE - 1] == '\n') {
		text.n--;
	}
	if (!text_unhex((const char *)text.p, text.n, by->b, KEY_SIZE)) {
		r = cu_err_set(err, CU_ECORRUPT, "%s: not 64 hex digits", path);
	}
out:
	if (fd >= 0) {
		(void)close(fd); /* only read from */
	}
	buf_done(&text);
	return r;
}

static int unwrap_file(struct span file, const char *path, const struct key *by,
	struct key *root, struct cu_err *err)
{
	uint8_t commitment[HASH_SIZE];
	int r;

	if (file.n != WRAP_SIZE || memcmp(file.p, wrap_mark, MARK_SIZE) != 0) {
		return cu_err_set(err, CU_ECORRUPT, "%s: not a wrapped root key", path);
	}
	hash_blake2b(span_of(by->b, KEY_SIZE), commitment);
	if (sodium_memcmp(commitment, file.p + MARK_SIZE, HASH_SIZE) != 0) {
		return cu_err_set(
			err, CU_ENOKEY, "%s: made with another key file", path);
	}
	r = key_unwrap(by, span_of(file.p, MARK_SIZE),
		span_of(file.p + MARK_SIZE + HASH_SIZE, KEY_WRAPPED_SIZE(1)), &root, 1,
		err);
	return r < 0 ? cu_err_wrap(err, r, "%s", path) : 0;
}

int key_file_load(
	const char *dir, const char *name, struct key *root, struct cu_err *err)
{
	struct buf file = BUF_INIT;
	struct key by = { { 0 } };
	char path[PATH_SIZE];
	int r;

	if ((r = key_library_init(err)) < 0 ||
		(r = read_key_file(dir, name, &by, err)) < 0 ||
		(r = path_join(path, dir, WRAP_NAME, err)) < 0) {
		goto out;
	}
	r = path_read_file(path, WRAP_SIZE, &file, err);
	if (r == CU_ELIMIT) {
		r = cu_err_set(
			err, CU_ECORRUPT, "%s: too long for a wrapped root key", path);
	}
	if (r == 0) {
		r = unwrap_file(buf_span(&file), path, &by, root, err);
	}
out:
	key_wipe(&by);
	buf_done(&file);
	return r;
}
