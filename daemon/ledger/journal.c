#include "ledger/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "ledger/leaf.h"
#include "ledger/ledger.h"
#include "ledger/segment.h"

struct segment {
	uint64_t first;
	int fd;
};

struct journal {
	char dir[PATH_SIZE];
	pthread_mutex_t lock;
	struct segment *segments; /* under lock; the last is written to */
	size_t nsegments;
	uint64_t end, outbox; /* under lock; changed by the appender */
	/* The appender's own: where the next batch goes, and what it is chained to. */
	uint32_t at;
	uint32_t capacity, usual;
	uint8_t chain[HASH_SIZE];
	bool is_broken;
	struct buf batch;
};

/* --- making one ------------------------------------------------------------------- */

/* An empty segment may be replaced, one with leaves never. */
static int remove_empty(const char *dir, uint64_t first, struct cu_err *err)
{
	char name[SEGMENT_NAME_SIZE];
	struct segment_head head;
	struct buf file = BUF_INIT;
	int fd = -1;
	int r = segment_open(dir, first, &head, &file, &fd, err);

	if (r == 0 && segment_used(buf_span(&file)) > SEGMENT_HEADER_SIZE) {
		r = cu_err_set(err, CU_EEXIST, "%s holds a journal with leaves", dir);
	}
	if (r == 0) {
		segment_name(first, name);
		r = path_remove(dir, name, err);
	}
	if (fd >= 0) {
		close(fd);
	}
	buf_done(&file);
	return r;
}

/* The numbers of the segments in dir, ascending; names that are none are passed over. */
static int list_segments(
	const char *dir, uint64_t **ret, size_t *ret_n, struct cu_err *err)
{
	char **names = NULL;
	uint64_t *firsts;
	size_t n = 0, nfirsts = 0;
	int r = path_list(dir, &names, &n, err);

	if (r < 0) {
		return r;
	}
	firsts = malloc((n + 1) * sizeof(*firsts));
	if (firsts) {
		for (size_t i = 0; i < n; i++) {
			nfirsts +=
				segment_parse_name(names[i], &firsts[nfirsts]) ? 1 : 0;
		}
		*ret = firsts;
		*ret_n = nfirsts;
	}
	path_free_names(names, n);
	return firsts ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");
}

int journal_create(const char *dir, uint64_t first, uint64_t outbox,
	uint32_t segment_size, struct cu_err *err)
{
	struct segment_head head = { first, outbox, segment_size, segment_size, { 0 } };
	uint64_t *firsts = NULL;
	size_t n = 0;
	int fd = -1;
	int r = path_make_dir(dir, 0700, err);

	if (r == 0) {
		r = list_segments(dir, &firsts, &n, err);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = remove_empty(dir, firsts[i], err);
	}
	if (r == 0) {
		r = segment_create(dir, &head, &fd, err);
	}
	if (fd >= 0) {
		close(fd);
	}
	free(firsts);
	return r;
}

/* --- reading it back -------------------------------------------------------------- */

static int add_segment(struct journal *j, uint64_t first, int fd, struct cu_err *err)
{
	struct segment *more =
		realloc(j->segments, (j->nsegments + 1) * sizeof(*j->segments));

	if (!more) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	j->segments = more;
	j->segments[j->nsegments++] = (struct segment){ first, fd };
	return 0;
}

static int replay_batch(struct journal *j, const struct segment_batch *b,
	uint64_t segment, journal_leaf_fn *fn, void *ctx, struct cu_err *err)
{
	struct cursor c = cursor_of(b->records);
	const uint8_t *file = b->records.p - b->at - SEGMENT_BATCH_HEADER;

	for (uint32_t i = 0; i < b->count; i++) {
		struct journal_pos pos = { .segment = segment };
		struct span leaf;
		uint64_t outbox;
		int r;

		if (!segment_next_record(&c, &outbox, &leaf)) {
			return cu_err_set(
				err, CU_ECORRUPT, "batch has too few records");
		}
		pos.offset = (uint32_t)(leaf.p - file);
		pos.size = (uint32_t)leaf.n;
		r = fn ? fn(ctx, j->end, &pos, leaf, err) : 0;
		if (r < 0) {
			return r;
		}
		j->end++;
		j->outbox = outbox > j->outbox ? outbox : j->outbox;
	}
	return c.n == 0 ? 0 : cu_err_set(err, CU_ECORRUPT, "batch has too many bytes");
}

static int put_zeros(int fd, size_t from, size_t to, struct cu_err *err)
{
	static const uint8_t zeros[65536];
	int r = 0;

	while (r == 0 && from < to) {
		size_t n = to - from < sizeof(zeros) ? to - from : sizeof(zeros);

		r = path_pwrite_fd(fd, span_of(zeros, n), from, err);
		from += n;
	}
	return r;
}

/* Zeros over what a torn write left, so that it cannot be taken for a batch later on.  The header goes
 * last: records without one, or with a part of one, are what no torn write leaves. */
static int blank(int fd, size_t from, size_t to, struct cu_err *err)
{
	size_t records = from + SEGMENT_BATCH_HEADER;
	int r = put_zeros(fd, records, to, err);

	return r < 0 ? r : put_zeros(fd, from, records < to ? records : to, err);
}

/* The last batch is written once more and synced: a sync may have failed before the start,
 * and then the page cache shows what the disk does not hold, and calls it clean.  The bytes
 * are the same, so this cannot tear anything. */
static int settle(int fd, struct span file, const struct segment_batch *last,
	size_t from, size_t used, struct cu_err *err)
{
	int r = 0;

	if (last->end > 0) {
		r = path_pwrite_fd(fd, span_of(file.p + last->at, last->end - last->at),
			last->at, err);
	}
	if (r == 0) {
		r = blank(fd, from, used, err);
	}
	if (r == 0 && fdatasync(fd) < 0) {
		r = cu_err_errno(err, errno, "sync");
	}
	return r;
}

/* All batches of one segment.  Only the last segment may end in a torn one. */
static int replay_segment(struct journal *j, struct span file, int fd, bool is_last,
	journal_leaf_fn *fn, void *ctx, struct cu_err *err)
{
	uint64_t first = j->segments[j->nsegments - 1].first;
	struct segment_batch b, last = { 0 };
	size_t used = segment_used(file);
	enum segment_tail tail;

	j->at = SEGMENT_HEADER_SIZE;
	j->capacity = (uint32_t)file.n;
	while ((tail = segment_look(file, used, j->at, j->end, j->chain, &b)) ==
		SEGMENT_BATCH) {
		int r = replay_batch(j, &b, first, fn, ctx, err);

		if (r < 0) {
			return r;
		}
		memcpy(j->chain, b.digest, HASH_SIZE);
		j->at = segment_align(b.end);
		last = b;
	}
	if (tail == SEGMENT_DAMAGED || (tail == SEGMENT_TORN && !is_last)) {
		return cu_err_set(err, CU_ECORRUPT,
			"is damaged at byte %" PRIu32 ", from leaf %" PRIu64 " on",
			j->at, j->end);
	}
	return is_last ? settle(fd, file, &last, j->at, used, err) : 0;
}

static int check_joint(
	const struct journal *j, const struct segment_head *head, struct cu_err *err)
{
	if (head->first != j->end) {
		return cu_err_set(err, CU_ECORRUPT,
			"begins with leaf %" PRIu64 " where %" PRIu64 " should follow",
			head->first, j->end);
	}
	if (memcmp(head->chain, j->chain, HASH_SIZE) != 0 ||
		head->outbox != j->outbox) {
		return cu_err_set(
			err, CU_ECORRUPT, "does not follow from the segment before");
	}
	return 0;
}

static int load_segment(struct journal *j, uint64_t first, bool is_last,
	struct buf *file, journal_leaf_fn *fn, void *ctx, struct cu_err *err)
{
	struct segment_head head;
	int fd, r;

	r = segment_open(j->dir, first, &head, file, &fd, err);
	if (r < 0) {
		return r;
	}
	r = add_segment(j, first, fd, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	if (j->nsegments == 1) {
		j->end = head.first;
		j->outbox = head.outbox;
		j->usual = head.usual;
		memcpy(j->chain, head.chain, HASH_SIZE);
	}
	r = check_joint(j, &head, err);
	if (r == 0) {
		r = replay_segment(j, buf_span(file), fd, is_last, fn, ctx, err);
	}
	return r < 0 ? cu_err_wrap(err, r, "journal segment %020" PRIu64, first) : 0;
}

int journal_open(const char *dir, journal_leaf_fn *fn, void *ctx, struct journal **ret,
	struct cu_err *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	struct buf file = BUF_INIT;
	uint64_t *firsts = NULL;
	size_t n = 0;
	int r;

	if (strlen(dir) >= PATH_SIZE) {
		free(j);
		return cu_err_set(err, CU_ELIMIT, "path is too long");
	}
	if (!j) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	strcpy(j->dir, dir);
	pthread_mutex_init(&j->lock, NULL);
	r = list_segments(dir, &firsts, &n, err);
	if (r == 0 && n == 0) {
		r = cu_err_set(err, CU_ECORRUPT, "journal has no segment");
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = load_segment(j, firsts[i], i == n - 1, &file, fn, ctx, err);
	}
	if (r == 0) {
		r = path_sync_dir(dir, err); /* a rename that a crash left unsynced */
	}
	buf_done(&file);
	free(firsts);
	if (r < 0) {
		journal_close(j);
		return r;
	}
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j) {
		return;
	}
	for (size_t i = 0; i < j->nsegments; i++) {
		close(j->segments[i].fd);
	}
	free(j->segments);
	buf_done(&j->batch);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

/* --- appending -------------------------------------------------------------------- */

static int check_entries(const struct journal *j, const struct ledger_entry *entries,
	size_t n, struct cu_err *err)
{
	uint64_t outbox = j->outbox;
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		if (entries[i].leaf.n == 0 || entries[i].leaf.n > LEAF_MAX_SIZE) {
			return cu_err_set(
				err, CU_EINVAL, "leaf of %zu bytes", entries[i].leaf.n);
		}
		if (entries[i].outbox != 0 && entries[i].outbox <= outbox) {
			return cu_err_set(err, CU_EINVAL,
				"outbox number %" PRIu64 " after %" PRIu64,
				entries[i].outbox, outbox);
		}
		outbox = entries[i].outbox ? entries[i].outbox : outbox;
		total += entries[i].leaf.n + 16;
		if (total > JOURNAL_MAX_BATCH) {
			return cu_err_set(err, CU_ELIMIT, "batch is over %u bytes",
				JOURNAL_MAX_BATCH);
		}
	}
	return 0;
}

/* A new segment that has room for a batch of this size. */
static int rotate(struct journal *j, size_t batch, struct cu_err *err)
{
	struct segment_head head = { j->end, j->outbox, j->usual, j->usual, { 0 } };
	int fd, r;

	if (head.capacity < SEGMENT_HEADER_SIZE + batch) {
		head.capacity = (uint32_t)(SEGMENT_HEADER_SIZE + batch);
	}
	memcpy(head.chain, j->chain, HASH_SIZE);
	r = segment_create(j->dir, &head, &fd, err);
	if (r < 0) {
		return r;
	}
	pthread_mutex_lock(&j->lock);
	r = add_segment(j, head.first, fd, err);
	pthread_mutex_unlock(&j->lock);
	if (r < 0) {
		close(fd);
		return r;
	}
	j->at = SEGMENT_HEADER_SIZE;
	j->capacity = head.capacity;
	return 0;
}

static int write_batch(struct journal *j, struct cu_err *err)
{
	const struct segment *s;
	int fd, r;

	if (j->at + j->batch.n > j->capacity) {
		r = rotate(j, j->batch.n, err);
		if (r < 0) {
			return r;
		}
	}
	pthread_mutex_lock(&j->lock);
	s = &j->segments[j->nsegments - 1];
	fd = s->fd;
	pthread_mutex_unlock(&j->lock);
	r = path_pwrite_fd(fd, buf_span(&j->batch), j->at, err);
	if (r == 0 && fdatasync(fd) < 0) {
		r = cu_err_errno(err, errno, "sync");
	}
	/* Space was set aside, so whatever the kernel calls it, it is no matter of space. */
	return r < 0 ? cu_err_wrap(err, CU_EIO, "journal") : 0;
}

int journal_append(struct journal *j, const struct ledger_entry *entries, size_t n,
	struct journal_pos *ret_pos, struct cu_err *err)
{
	uint8_t digest[HASH_SIZE];
	uint32_t *offsets = NULL;
	int r = 0;

	if (j->is_broken) {
		return cu_err_set(
			err, CU_EIO, "the journal failed before and must be reopened");
	}
	if (n == 0) {
		return 0;
	}
	r = check_entries(j, entries, n, err);
	if (r < 0) {
		return r;
	}
	offsets = malloc(n * sizeof(*offsets));
	if (!offsets) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	buf_clear(&j->batch);
	segment_put_batch(j->end, j->chain, entries, n, &j->batch, offsets, digest);
	r = buf_check(&j->batch, err);
	if (r == 0) {
		r = write_batch(j, err);
		j->is_broken = r == CU_EIO;
	}
	if (r == 0) {
		uint64_t segment, outbox = 0;

		pthread_mutex_lock(&j->lock);
		segment = j->segments[j->nsegments - 1].first;
		for (size_t i = 0; i < n; i++) {
			ret_pos[i] = (struct journal_pos){ segment, j->at + offsets[i],
				(uint32_t)entries[i].leaf.n };
			outbox = entries[i].outbox ? entries[i].outbox : outbox;
		}
		j->end += n;
		j->outbox = outbox ? outbox : j->outbox;
		pthread_mutex_unlock(&j->lock);
		j->at = segment_align(j->at + (uint32_t)j->batch.n);
		memcpy(j->chain, digest, HASH_SIZE);
	}
	free(offsets);
	return r;
}

/* --- the rest --------------------------------------------------------------------- */

int journal_read(struct journal *j, const struct journal_pos *pos, struct buf *to,
	struct cu_err *err)
{
	uint8_t *room = buf_room(to, pos->size);
	int r = CU_ENOENT;

	if (!room) {
		return buf_check(to, err);
	}
	/* Under the lock, so that the segment is not closed meanwhile: a leaf is small, and
	 * was written within the last second. */
	pthread_mutex_lock(&j->lock);
	for (size_t i = j->nsegments; i-- > 0;) {
		if (j->segments[i].first == pos->segment) {
			r = path_pread_fd(
				j->segments[i].fd, room, pos->size, pos->offset, err);
			break;
		}
	}
	pthread_mutex_unlock(&j->lock);
	if (r == CU_ENOENT) {
		return cu_err_set(err, r, "journal segment was dropped");
	}
	if (r == 0) {
		to->n += pos->size;
	}
	return r;
}

int journal_drop(struct journal *j, uint64_t index, struct cu_err *err)
{
	int r = 0;

	while (r == 0) {
		char name[SEGMENT_NAME_SIZE];
		struct segment s = { 0, -1 };

		pthread_mutex_lock(&j->lock);
		if (j->nsegments > 1 && j->segments[1].first <= index) {
			s = j->segments[0];
			j->nsegments--;
			memmove(j->segments, j->segments + 1, j->nsegments * sizeof(s));
		}
		pthread_mutex_unlock(&j->lock);
		if (s.fd < 0) {
			break;
		}
		close(s.fd);
		segment_name(s.first, name);
		r = path_remove(j->dir, name, err);
	}
	return r;
}

uint64_t journal_first(struct journal *j)
{
	uint64_t first;

	pthread_mutex_lock(&j->lock);
	first = j->segments[0].first;
	pthread_mutex_unlock(&j->lock);
	return first;
}

uint64_t journal_end(struct journal *j)
{
	uint64_t end;

	pthread_mutex_lock(&j->lock);
	end = j->end;
	pthread_mutex_unlock(&j->lock);
	return end;
}

uint64_t journal_outbox(struct journal *j)
{
	uint64_t outbox;

	pthread_mutex_lock(&j->lock);
	outbox = j->outbox;
	pthread_mutex_unlock(&j->lock);
	return outbox;
}
