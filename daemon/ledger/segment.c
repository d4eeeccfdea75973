#include "ledger/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"

#define SECTOR          512
/* What the largest batch needs.  A head that says more is none of ours, and would have a start set aside,
 * and read, up to 4 GiB. */
#define CAPACITY_MAX                                                                   \
	(SEGMENT_HEADER_SIZE + SEGMENT_BATCH_HEADER + JOURNAL_MAX_BATCH + SEGMENT_ALIGN)
#define SEGMENT_MAGIC   "custosJ1"
#define BATCH_MAGIC     "CJB1"
#define RECORD_OVERHEAD 10 /* outbox number, length */
#define END_MARK        0xff

/* --- the file --------------------------------------------------------------------- */

void segment_name(uint64_t first, char out[SEGMENT_NAME_SIZE])
{
	snprintf(out, SEGMENT_NAME_SIZE, "%020" PRIu64, first);
}

bool segment_parse_name(const char *name, uint64_t *ret_first)
{
	uint64_t v = 0;

	if (strlen(name) != SEGMENT_NAME_SIZE - 1) {
		return false;
	}
	for (const char *p = name; *p; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (*p < '0' || *p > '9' || v > (UINT64_MAX - digit) / 10) {
			return false;
		}
		v = v * 10 + digit;
	}
	*ret_first = v;
	return true;
}

static void put_head(const struct segment_head *head, struct buf *to)
{
	static const uint8_t zeros[HASH_SIZE];
	uint8_t digest[HASH_SIZE];
	size_t start = to->n;

	buf_put(to, SEGMENT_MAGIC, 8);
	buf_put_u64(to, head->first);
	buf_put_u64(to, head->outbox);
	buf_put_u32(to, head->capacity);
	buf_put_u32(to, head->usual);
	buf_put(to, head->chain, HASH_SIZE);
	if (!to->is_failed) {
		hash_sha256(span_of(to->p + start, to->n - start), digest);
		buf_put(to, digest, HASH_SIZE);
	}
	buf_put(to, zeros, HASH_SIZE);
}

static bool parse_head(struct span file, struct segment_head *ret)
{
	struct cursor c = cursor_of(file);
	struct span magic = cursor_take(&c, 8);
	uint8_t stored[HASH_SIZE], digest[HASH_SIZE];

	ret->first = cursor_u64(&c);
	ret->outbox = cursor_u64(&c);
	ret->capacity = cursor_u32(&c);
	ret->usual = cursor_u32(&c);
	cursor_copy(&c, ret->chain, HASH_SIZE);
	cursor_copy(&c, stored, HASH_SIZE);
	if (c.is_failed || memcmp(magic.p, SEGMENT_MAGIC, 8) != 0 || ret->capacity > CAPACITY_MAX ||
		ret->usual > CAPACITY_MAX) {
		return false;
	}
	hash_sha256(span_of(file.p, SEGMENT_HEADER_SIZE - 2 * HASH_SIZE), digest);
	return memcmp(stored, digest, HASH_SIZE) == 0;
}

static int allocate(int fd, uint64_t size, struct cu_err *err)
{
	int e;

	do {
		e = posix_fallocate(fd, 0, (off_t)size);
	} while (e == EINTR);
	return e == 0 ? 0 : cu_err_errno(err, e, "set aside %" PRIu64 " bytes", size);
}

static int fill_new(
	int fd, const struct segment_head *head, const char *what, struct cu_err *err)
{
	struct buf b = BUF_INIT;
	int r = allocate(fd, head->capacity, err);

	if (r == 0) {
		put_head(head, &b);
		r = buf_check(&b, err);
	}
	if (r == 0) {
		r = path_pwrite_fd(fd, buf_span(&b), 0, err);
	}
	if (r == 0) {
		r = path_sync_fd(fd, what, err);
	}
	buf_done(&b);
	return r;
}

int segment_create(const char *dir, const struct segment_head *head, int *ret_fd,
	struct cu_err *err)
{
	char name[SEGMENT_NAME_SIZE], hidden[SEGMENT_NAME_SIZE + 8];
	char tmp[PATH_SIZE], path[PATH_SIZE];
	int fd = -1, r;

	segment_name(head->first, name);
	snprintf(hidden, sizeof(hidden), ".%s.new", name);
	r = path_join(tmp, dir, hidden, err);
	if (r == 0) {
		r = path_join(path, dir, name, err);
	}
	if (r < 0) {
		return r;
	}
	fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return cu_err_errno(err, errno, "create %s", tmp);
	}
	r = fill_new(fd, head, name, err);
	if (r == 0 && rename(tmp, path) < 0) {
		r = cu_err_errno(err, errno, "rename %s", tmp);
	}
	if (r < 0) {
		unlink(tmp);
		close(fd);
		return cu_err_wrap(err, r, "new journal segment");
	}
	r = path_sync_dir(dir, err);
	if (r < 0) {
		/* The name may or may not last: that is an error of the disk, not of space. */
		close(fd);
		return cu_err_wrap(err, CU_EIO, "new journal segment");
	}
	*ret_fd = fd;
	return 0;
}

static int read_all(
	int fd, struct segment_head *ret_head, struct buf *to, struct cu_err *err)
{
	struct segment_head head;
	struct stat st;
	uint8_t *room;
	size_t have;
	int r;

	if (fstat(fd, &st) < 0) {
		return cu_err_errno(err, errno, "stat");
	}
	have = (size_t)st.st_size;
	if (have < SEGMENT_HEADER_SIZE || have > UINT32_MAX) {
		return cu_err_set(err, CU_ECORRUPT, "is no segment by its size");
	}
	room = buf_room(to, have);
	if (!room) {
		return buf_check(to, err);
	}
	r = path_pread_fd(fd, room, have, 0, err);
	if (r < 0) {
		return r;
	}
	to->n += have;
	if (!parse_head(buf_span(to), &head) || head.capacity < have) {
		return cu_err_set(err, CU_ECORRUPT, "has no valid head");
	}
	room = buf_room(to, head.capacity - have);
	if (!room) {
		return buf_check(to, err);
	}
	memset(room, 0, head.capacity - have);
	to->n += head.capacity - have;
	*ret_head = head;
	/* A file that was cut is made whole: appending must not need new space. */
	return have < head.capacity ? allocate(fd, head.capacity, err) : 0;
}

int segment_open(const char *dir, uint64_t first, struct segment_head *ret_head,
	struct buf *to, int *ret_fd, struct cu_err *err)
{
	char name[SEGMENT_NAME_SIZE], path[PATH_SIZE];
	int fd, r;

	segment_name(first, name);
	r = path_join(path, dir, name, err);
	if (r < 0) {
		return r;
	}
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return cu_err_errno(err, errno, "open %s", path);
	}
	buf_clear(to);
	r = read_all(fd, ret_head, to, err);
	if (r == 0 && ret_head->first != first) {
		r = cu_err_set(err, CU_ECORRUPT, "is named for another first leaf");
	}
	if (r < 0) {
		close(fd);
		return cu_err_wrap(err, r, "journal segment %s", name);
	}
	*ret_fd = fd;
	return 0;
}

/* --- batches ---------------------------------------------------------------------- */

#define HEADER_CHECKED 20 /* bytes of a batch header under its check */
#define HEADER_HASHED  32 /* bytes of it under the digest */

static void check_of_header(const uint8_t *header, uint8_t out[4])
{
	uint8_t digest[HASH_SIZE];

	hash_sha256(span_of(header, HEADER_CHECKED), digest);
	memcpy(out, digest, 4);
}

static void digest_of_batch(const uint8_t chain[HASH_SIZE], const uint8_t *header,
	struct span records, uint8_t out[HASH_SIZE])
{
	struct hash_sha256 h;

	hash_sha256_init(&h);
	hash_sha256_put(&h, span_of(chain, HASH_SIZE));
	hash_sha256_put(&h, span_of(header, HEADER_HASHED));
	hash_sha256_put(&h, records);
	hash_sha256_done(&h, out);
}

void segment_put_batch(uint64_t first, const uint8_t chain[HASH_SIZE],
	const struct ledger_entry *entries, size_t n, struct buf *to,
	uint32_t *ret_offsets, uint8_t ret_digest[HASH_SIZE])
{
	static const uint8_t zeros[HASH_SIZE];
	size_t start = to->n, nrecords = 0;
	uint8_t check[4];

	for (size_t i = 0; i < n; i++) {
		nrecords += RECORD_OVERHEAD + entries[i].leaf.n;
	}
	buf_put(to, BATCH_MAGIC, 4);
	buf_put_u32(to, (uint32_t)n);
	buf_put_u64(to, first);
	buf_put_u32(to, (uint32_t)nrecords);
	if (to->is_failed) {
		return;
	}
	check_of_header(to->p + start, check);
	buf_put(to, check, 4);
	buf_put(to, zeros, 8);
	buf_put(to, zeros, HASH_SIZE); /* the digest's place */
	for (size_t i = 0; i < n; i++) {
		buf_put_u64(to, entries[i].outbox);
		buf_put_u16(to, (uint16_t)entries[i].leaf.n);
		ret_offsets[i] = (uint32_t)(to->n - start);
		buf_put_span(to, entries[i].leaf);
	}
	buf_put_u8(to, END_MARK);
	if (to->is_failed) {
		return;
	}
	digest_of_batch(chain, to->p + start,
		span_of(to->p + start + SEGMENT_BATCH_HEADER, nrecords), ret_digest);
	memcpy(to->p + start + HEADER_HASHED, ret_digest, HASH_SIZE);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

size_t segment_used(struct span file)
{
	size_t n = file.n;

	while (n > 0) {
		size_t block = n % SECTOR ? n % SECTOR : SECTOR;

		if (!is_zero(file.p + n - block, block)) {
			break;
		}
		n -= block;
	}
	while (n > 0 && file.p[n - 1] == 0) {
		n--;
	}
	return n;
}

/* Reads the header at offset at; the batch's end is told from it.  False when it is no header
 * by its check. */
static bool read_header(struct span file, uint32_t at, struct segment_batch *ret)
{
	struct cursor c = cursor_of(span_of(file.p + at, file.n - at));
	struct span magic = cursor_take(&c, 4);
	uint8_t stored[4], check[4];
	uint32_t nrecords;

	ret->count = cursor_u32(&c);
	ret->first = cursor_u64(&c);
	nrecords = cursor_u32(&c);
	cursor_copy(&c, stored, 4);
	(void)cursor_take(&c, 8);
	cursor_copy(&c, ret->digest, HASH_SIZE);
	if (c.is_failed || memcmp(magic.p, BATCH_MAGIC, 4) != 0) {
		return false;
	}
	check_of_header(file.p + at, check);
	if (memcmp(stored, check, 4) != 0 || c.n == 0 || nrecords > c.n - 1) {
		return false;
	}
	ret->at = at;
	ret->records = cursor_take(&c, nrecords);
	ret->end = at + SEGMENT_BATCH_HEADER + nrecords + 1;
	return true;
}

/* Does a batch follow that is newer than the one that should be here?  Then what is here is
 * not the end of the journal. */
static bool has_later_batch(struct span file, uint32_t at, uint64_t first)
{
	struct segment_batch later;

	for (size_t i = (size_t)at + SEGMENT_ALIGN; i + SEGMENT_BATCH_HEADER < file.n;
		i += SEGMENT_ALIGN) {
		if (file.p[i] == BATCH_MAGIC[0] &&
			read_header(file, (uint32_t)i, &later) && later.first > first) {
			return true;
		}
	}
	return false;
}

/* A sector in which nothing of the write arrived. */
static bool has_lost_sector(struct span file, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint32_t n = SECTOR - from % SECTOR;

		n = n < to - from ? n : to - from;
		if (is_zero(file.p + from, n)) {
			return true;
		}
		from += n;
	}
	return false;
}

static bool is_torn(
	struct span file, size_t used, uint32_t at, const struct segment_batch *b)
{
	if (!b) {
		return used <= at + SEGMENT_BATCH_HEADER ||
		       is_zero(file.p + at, SEGMENT_BATCH_HEADER);
	}
	return file.p[b->end - 1] == 0 || has_lost_sector(file, at, b->end);
}

enum segment_tail segment_look(struct span file, size_t used, uint32_t at,
	uint64_t first, const uint8_t chain[HASH_SIZE], struct segment_batch *ret)
{
	struct segment_batch b;
	uint8_t digest[HASH_SIZE];
	bool has_header;

	if (at >= used) {
		return SEGMENT_END;
	}
	has_header = file.n - at > SEGMENT_BATCH_HEADER && read_header(file, at, &b);
	if (has_header && b.first == first && file.p[b.end - 1] == END_MARK) {
		digest_of_batch(chain, file.p + at, b.records, digest);
		if (memcmp(digest, b.digest, HASH_SIZE) == 0) {
			*ret = b;
			return SEGMENT_BATCH;
		}
	}
	if (has_header && b.first != first) {
		return SEGMENT_DAMAGED;
	}
	return is_torn(file, used, at, has_header ? &b : NULL) &&
			       !has_later_batch(file, at, first)
		       ? SEGMENT_TORN
		       : SEGMENT_DAMAGED;
}

bool segment_next_record(struct cursor *c, uint64_t *ret_outbox, struct span *ret_leaf)
{
	size_t n;

	*ret_outbox = cursor_u64(c);
	n = cursor_u16(c);
	*ret_leaf = cursor_take(c, n);
	return !c->is_failed;
}
