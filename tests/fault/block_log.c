#include "block_log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define PROGRAM     "qemu-storage-daemon"
#define START_MS    30000
#define STOP_MS     30000
#define LOG_MAGIC   0x6a736677736872u /* drivers/md/dm-log-writes.c */
#define LOG_VERSION 1
#define LOG_FLUSH   1u
#define LOG_FUA     2u
#define LOG_DISCARD 4u

/* --- the disk ------------------------------------------------------------------------------- */

const char *block_log_lacks(void)
{
	if (geteuid() != 0) {
		return "only root can mount an image";
	}
	if (access("/dev/fuse", R_OK | W_OK) < 0) {
		return "there is no /dev/fuse here";
	}
	if (!run_has_program(PROGRAM)) {
		return "there is no " PROGRAM " here (Debian: qemu-system-common)";
	}
	return NULL;
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void wait_until_it_is_there(struct block_log *b, uint64_t size)
{
	int64_t end = clock_monotonic_ms() + START_MS;
	struct ran r;

	while (size_of(b->device) != size) {
		if (run_try_wait(&b->job, 5, &r)) {
			fail_msg(PROGRAM " ended with %d: %s", r.status, r.err);
		}
		if (clock_monotonic_ms() > end) {
			kill(b->job.pid, SIGKILL);
			fail_msg(PROGRAM " does not show the image");
		}
	}
}

/* The image is no disk whose power is cut: what is below it need not be synced. */
void block_log_start(struct block_log *b, const char *image, const char *dir)
{
	struct run_options o = { .uid = RUN_SAME_UID };
	char disk[320], log[320], export[320];

	snprintf(b->device, sizeof(b->device), "%.180s/device", dir);
	snprintf(b->log, sizeof(b->log), "%.180s/writes", dir);
	free(run_shell("rm -f '%s' '%s'; touch '%s' '%s'", b->device, b->log, b->device, b->log));
	snprintf(disk, sizeof(disk), "driver=file,node-name=disk,cache.no-flush=on,filename=%.200s", image);
	snprintf(log, sizeof(log), "driver=file,node-name=log,cache.no-flush=on,filename=%s", b->log);
	snprintf(export, sizeof(export), "type=fuse,id=device,node-name=logged,writable=on,mountpoint=%s",
		b->device);
	b->job = run_start(&o,
		(const char *const[]){ PROGRAM, "--blockdev", disk, "--blockdev", log, "--blockdev",
			"driver=blklogwrites,node-name=logged,file=disk,log=log", "--export", export, NULL });
	wait_until_it_is_there(b, size_of(image));
}

void block_log_stop(struct block_log *b)
{
	struct ran r;

	kill(b->job.pid, SIGTERM);
	if (!run_try_wait(&b->job, STOP_MS, &r)) {
		kill(b->job.pid, SIGKILL);
		fail_msg(PROGRAM " does not end");
	}
	if (r.status != 0) {
		fail_msg(PROGRAM " ended with %d: %s", r.status, r.err);
	}
	ran_done(&r);
}

/* --- what it wrote down ----------------------------------------------------------------------- */

struct log_head {
	uint64_t magic, version, nentries;
	uint32_t sector;
};

struct log_entry {
	uint64_t sector, nsectors, flags, data_len;
};

static uint8_t *read_whole(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = size_of(path), got = 0;
	uint8_t *p = malloc(n + 1);

	assert_true(fd >= 0 && p);
	while (got < n) {
		ssize_t r = read(fd, p + got, n - got);

		assert_true(r > 0);
		got += (size_t)r;
	}
	close(fd);
	*ret_n = n;
	return p;
}

/* Fields are little-endian, as we are; an entry takes a sector, its bytes come behind it. */
void block_history_read(const char *log, struct block_history *ret)
{
	struct log_head head;
	size_t size, at;

	*ret = (struct block_history){ .bytes = read_whole(log, &size) };
	assert_true(size >= sizeof(head));
	memcpy(&head, ret->bytes, sizeof(head));
	assert_true(head.magic == LOG_MAGIC && head.version == LOG_VERSION);
	assert_true(head.sector >= sizeof(struct log_entry));
	ret->at = calloc(head.nentries + 1, sizeof(*ret->at));
	assert_non_null(ret->at);
	at = head.sector;
	while (ret->n < head.nentries) {
		struct block_entry *e = &ret->at[ret->n++];
		struct log_entry entry;

		assert_true(at + head.sector <= size);
		memcpy(&entry, ret->bytes + at, sizeof(entry));
		at += head.sector;
		*e = (struct block_entry){ .at = entry.sector * head.sector,
			.n = entry.nsectors * head.sector,
			.is_flush = (entry.flags & LOG_FLUSH) != 0,
			.is_durable = (entry.flags & LOG_FUA) != 0 };
		if (!(entry.flags & LOG_DISCARD)) {
			e->new = ret->bytes + at;
			at += e->n;
		}
		assert_true(at <= size);
		e->end = at;
	}
}

void block_history_done(struct block_history *h)
{
	free(h->at);
	free(h->bytes);
	*h = (struct block_history){ 0 };
}

/* --- what is left of it ------------------------------------------------------------------------- */

static bool is_kept(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15u); /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) & 1;
}

static void put(int fd, const struct block_entry *e, uint64_t from, uint64_t n)
{
	static const uint8_t zeros[1u << 16];

	if (e->new) {
		assert_int_equal(pwrite(fd, e->new + from, n, (off_t)(e->at + from)), (ssize_t)n);
		return;
	}
	for (uint64_t done = 0; done < n;) {
		uint64_t part = n - done < sizeof(zeros) ? n - done : sizeof(zeros);

		assert_int_equal(pwrite(fd, zeros, part, (off_t)(e->at + from + done)), (ssize_t)part);
		done += part;
	}
}

#define HEAD 4096 /* as one: ext4's superblock is two sectors under one checksum, and torn is e2fsck's matter */

static void put_some(int fd, const struct block_entry *e, unsigned block, uint64_t *seed)
{
	for (uint64_t from = 0, n; from < e->n; from += n) {
		unsigned unit = e->at + from < HEAD ? HEAD : block;

		n = unit - (e->at + from) % unit;
		n = n < e->n - from ? n : e->n - from;
		if (is_kept(seed)) {
			put(fd, e, from, n);
		}
	}
}

void block_history_cut(const struct block_history *h, const struct block_place *place, const char *base,
	const char *to)
{
	size_t durable = 0; /* entries that a flush covers */
	uint64_t seed = place->seed;
	int fd;

	free(run_shell("cp --sparse=always '%s' '%s'", base, to));
	fd = open(to, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0 && place->upto <= h->n);
	for (size_t i = 0; i < place->upto; i++) {
		durable = h->at[i].is_flush ? i : durable;
	}
	for (size_t i = 0; i < place->upto; i++) {
		const struct block_entry *e = &h->at[i];

		if (i < durable || e->is_durable || place->way == CUT_NOTHING_LOST) {
			put(fd, e, 0, e->n);
		} else if (place->way == CUT_SOME_LOST) {
			put_some(fd, e, place->block, &seed);
		}
	}
	close(fd);
}
