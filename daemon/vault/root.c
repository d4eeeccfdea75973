#include "vault/root.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "crypto/hash.h"
#include "crypto/key.h"

/* The parts of a block, in order.  What lies between the keys and the checksum is random and
 * new each time, so that a block which reads back right was written just now. */
#define MAGIC       "custos root v1\0" /* 16 bytes with the NUL that C adds */
#define MAGIC_SIZE  16
#define FORMAT      1
#define HEADER_SIZE (MAGIC_SIZE + 4 + 16 + 8) /* magic, format, vault id, generation */
#define WRAP_SIZE   KEY_WRAPPED_SIZE(2)
#define CHECKSUM_AT (ROOT_SIZE - HASH_SIZE)

static const char *const names[ROOT_NCOPIES] = { "vault.root.a", "vault.root.b" };

void root_files_init(struct root_files *files)
{
	for (int i = 0; i < ROOT_NCOPIES; i++) {
		files->fd[i] = -1;
		files->direct_fd[i] = -1;
	}
}

void root_files_close(struct root_files *files)
{
	for (int i = 0; i < ROOT_NCOPIES; i++) {
		if (files->fd[i] >= 0) {
			close(files->fd[i]);
		}
		if (files->direct_fd[i] >= 0) {
			close(files->direct_fd[i]);
		}
	}
	root_files_init(files);
}

/* btrfs writes every change to a new place unless the file is marked while it is empty.  On
 * other file systems there is no such mark, and where it is refused the daemon's check of the
 * ground says so; hence nothing is reported here. */
static void forbid_copy_on_write(int fd)
{
	struct statfs fs;
	int flags = 0;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC &&
		ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_NOCOW_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
}

/* The blocks are allocated here and never again: random bytes are written and synced. */
static int make_file(
	const char *dir, enum root_copy copy, int *ret_fd, struct cu_err *err)
{
	uint8_t noise[ROOT_SIZE];
	char path[PATH_SIZE];
	int fd, r = path_join(path, dir, names[copy], err);

	if (r < 0) {
		return r;
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return cu_err_errno(err, errno, "create %s", names[copy]);
	}
	forbid_copy_on_write(fd);
	id_random_bytes(noise, sizeof(noise));
	r = path_pwrite_fd(fd, span_of(noise, sizeof(noise)), 0, err);
	if (r == 0) {
		r = path_sync_fd(fd, names[copy], err);
	}
	if (r == 0) {
		r = path_sync_dir(dir, err);
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Absent: CU_ENOENT, with nothing opened. */
static int open_file(
	const char *dir, enum root_copy copy, int *ret_fd, struct cu_err *err)
{
	char path[PATH_SIZE];
	int fd, r = path_join(path, dir, names[copy], err);

	if (r < 0) {
		return r;
	}
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return cu_err_errno(err, errno, "open %s", names[copy]);
	}
	*ret_fd = fd;
	return 0;
}

/* Two daemons on one vault would each write generations that the other does not know of. */
static int lock_file(int fd, enum root_copy copy, struct cu_err *err)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		return errno == EWOULDBLOCK
			       ? cu_err_set(err, CU_EBUSY,
					 "%s is in use by another process", names[copy])
			       : cu_err_errno(err, errno, "lock %s", names[copy]);
	}
	return 0;
}

static void open_direct(struct root_files *files, const char *dir, enum root_copy copy)
{
	char path[PATH_SIZE];

	if (path_join(path, dir, names[copy], NULL) == 0) {
		files->direct_fd[copy] =
			open(path, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
	}
}

int root_files_create(struct root_files *files, const char *dir, struct cu_err *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < ROOT_NCOPIES; i++) {
		r = make_file(dir, (enum root_copy)i, &files->fd[i], err);
		if (r == 0) {
			r = lock_file(files->fd[i], (enum root_copy)i, err);
		}
		if (r == 0) {
			open_direct(files, dir, (enum root_copy)i);
		}
	}
	return r;
}

int root_files_open(struct root_files *files, const char *dir, bool may_make_both,
	struct cu_err *err)
{
	bool is_absent[ROOT_NCOPIES] = { false };
	int r = 0;

	for (int i = 0; i < ROOT_NCOPIES; i++) {
		r = open_file(dir, (enum root_copy)i, &files->fd[i], err);
		is_absent[i] = r == CU_ENOENT;
		if (r < 0 && !is_absent[i]) {
			return r;
		}
	}
	if (is_absent[ROOT_A] && is_absent[ROOT_B] && !may_make_both) {
		return cu_err_set(err, CU_ENOENT,
			"%s holds no vault: both roots are missing", dir);
	}
	r = 0;
	for (int i = 0; r == 0 && i < ROOT_NCOPIES; i++) {
		if (is_absent[i]) {
			r = make_file(dir, (enum root_copy)i, &files->fd[i], err);
		}
		if (r == 0) {
			r = lock_file(files->fd[i], (enum root_copy)i, err);
		}
		if (r == 0) {
			open_direct(files, dir, (enum root_copy)i);
		}
	}
	return r;
}

void root_files_remove(const char *dir)
{
	for (int i = 0; i < ROOT_NCOPIES; i++) {
		(void)path_remove(dir, names[i],
			NULL); /* best effort: the making failed already */
	}
}

/* --- one block -------------------------------------------------------------------- */

static uint8_t *put_be(uint8_t *to, uint64_t v, unsigned nbytes)
{
	while (nbytes-- > 0) {
		*to++ = (uint8_t)(v >> (8 * nbytes));
	}
	return to;
}

/* No heap: that a key ends may not fail for want of memory. */
static void encode_block(
	const struct key *k0, const struct root *root, uint8_t block[ROOT_SIZE])
{
	const struct key *keys[] = { root->epoch, root->index };
	uint8_t *to = block + MAGIC_SIZE;

	id_random_bytes(block, ROOT_SIZE);
	memcpy(block, MAGIC, MAGIC_SIZE);
	to = put_be(to, FORMAT, 4);
	memcpy(to, root->vault_id.b, sizeof(root->vault_id.b));
	to = put_be(to + sizeof(root->vault_id.b), root->generation, 8);
	assert(to == block + HEADER_SIZE);
	key_wrap(k0, span_of(block, HEADER_SIZE), keys, 2, block + HEADER_SIZE);
	hash_blake2b(span_of(block, CHECKSUM_AT), block + CHECKSUM_AT);
}

static int decode_block(const uint8_t block[ROOT_SIZE], const struct key *k0,
	struct root *ret, struct cu_err *err)
{
	struct key *const keys[] = { ret->epoch, ret->index };
	struct cursor c = cursor_of(span_of(block, HEADER_SIZE));
	uint8_t checksum[HASH_SIZE];

	hash_blake2b(span_of(block, CHECKSUM_AT), checksum);
	if (memcmp(checksum, block + CHECKSUM_AT, HASH_SIZE) != 0 ||
		memcmp(cursor_take(&c, MAGIC_SIZE).p, MAGIC, MAGIC_SIZE) != 0) {
		return cu_err_set(err, CU_ECORRUPT, "is not a whole root block");
	}
	if (cursor_u32(&c) != FORMAT) {
		return cu_err_set(
			err, CU_EUNSUP, "is of a format that this version cannot read");
	}
	cursor_copy(&c, ret->vault_id.b, sizeof(ret->vault_id.b));
	ret->generation = cursor_u64(&c);
	if (key_unwrap(k0, span_of(block, HEADER_SIZE),
		    span_of(block + HEADER_SIZE, WRAP_SIZE), keys, 2, NULL) < 0) {
		return cu_err_set(err, CU_ENOKEY, "does not open under this root key");
	}
	return 0;
}

int root_read(const struct root_files *files, enum root_copy copy, const struct key *k0,
	struct root *ret, struct cu_err *err)
{
	uint8_t block[ROOT_SIZE];
	int r = path_pread_fd(files->fd[copy], block, sizeof(block), 0, err);

	if (r == 0) {
		r = decode_block(block, k0, ret, err);
	}
	return r < 0 ? cu_err_wrap(err, r, "%s", names[copy]) : 0;
}

/* What the disk holds, rather than what the page cache does: by O_DIRECT, else after asking
 * the kernel to drop the cached page.  Where it will do neither (some network and memory file
 * systems), this reads the cache, and then only shows that the write reached the kernel. */
static int read_back(const struct root_files *files, enum root_copy copy, uint8_t *to,
	struct cu_err *err)
{
	int direct = files->direct_fd[copy];

	if (direct >= 0 && pread(direct, to, ROOT_SIZE, 0) == ROOT_SIZE) {
		return 0;
	}
	(void)posix_fadvise(files->fd[copy], 0, ROOT_SIZE, POSIX_FADV_DONTNEED);
	return path_pread_fd(files->fd[copy], to, ROOT_SIZE, 0, err);
}

int root_write(const struct root_files *files, enum root_copy copy,
	const struct key *k0, const struct root *root, struct cu_err *err)
{
	_Alignas(ROOT_SIZE)
		uint8_t seen[ROOT_SIZE]; /* O_DIRECT wants whole, aligned blocks */
	uint8_t block[ROOT_SIZE];
	int r;

	encode_block(k0, root, block);
	r = path_pwrite_fd(files->fd[copy], span_of(block, sizeof(block)), 0, err);
	if (r == 0 && fdatasync(files->fd[copy]) < 0) {
		r = cu_err_errno(err, errno, "sync");
	}
	if (r == 0) {
		r = read_back(files, copy, seen, err);
	}
	if (r == 0 && memcmp(seen, block, sizeof(block)) != 0) {
		r = cu_err_set(err, CU_EIO, "reads back otherwise than it was written");
	}
	return r < 0 ? cu_err_wrap(err, r, "%s", names[copy]) : 0;
}
