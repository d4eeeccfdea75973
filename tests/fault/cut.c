#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shim.h"

#define SECTOR 512

struct change {
	struct note note;
	const uint8_t *old;
	uint64_t offset; /* of the note */
	bool is_durable, is_doomed;
};

/* A file by its inode, whatever its name is by now. */
struct found {
	uint64_t inode;
	int fd;
};

#define MAX_FOUND 512

struct cut {
	uint8_t *bytes;
	struct change *changes;
	size_t n;
	struct found found[MAX_FOUND];
	size_t nfound;
	const char *graves;
	bool is_random;
	unsigned seed;
	uid_t owner;
};

/* --- what is not durable -------------------------------------------------------------- */

static void settle(struct cut *c, const struct note *s)
{
	for (size_t i = 0; i < c->n; i++) {
		struct change *ch = &c->changes[i];

		if (ch->note.inode == s->inode && ch->offset < s->upto) {
			ch->is_doomed |= s->kind == NOTE_FAILED && !ch->is_durable;
			ch->is_durable |= s->kind == NOTE_SYNCED && !ch->is_doomed;
		}
	}
}

/* Changes that are durable need not be looked at any more. */
static void forget_durable(struct cut *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (!c->changes[i].is_durable) {
			c->changes[kept++] = c->changes[i];
		}
	}
	c->n = kept;
}

static void read_notes(struct cut *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	uint64_t at = 0;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	c->bytes = malloc((size_t)st.st_size + 1);
	c->changes = calloc((size_t)st.st_size / sizeof(struct note) + 1, sizeof(*c->changes));
	assert_true(c->bytes && c->changes);
	assert_int_equal(read(fd, c->bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	while (at + sizeof(struct note) <= (uint64_t)st.st_size) {
		struct note n; /* those in the file are not aligned */

		memcpy(&n, c->bytes + at, sizeof(n));
		if (at + sizeof(n) + n.nold > (uint64_t)st.st_size) {
			break; /* it was killed while it wrote this: the change was not made */
		}
		if (n.kind == NOTE_SYNCED || n.kind == NOTE_FAILED) {
			settle(c, &n);
			forget_durable(c);
		} else {
			c->changes[c->n++] = (struct change){ n, c->bytes + at + sizeof(n), at,
				false, false };
		}
		at += sizeof(n) + n.nold;
	}
}

/* --- taking back ---------------------------------------------------------------------- */

static struct cut *walking; /* nftw has no context */

static int fd_of(const struct cut *c, uint64_t inode)
{
	for (size_t i = 0; i < c->nfound; i++) {
		if (c->found[i].inode == inode) {
			return c->found[i].fd;
		}
	}
	return -1;
}

static bool is_of_bytes(const struct change *ch)
{
	return ch->note.kind == NOTE_BYTES || ch->note.kind == NOTE_TRUNCATED;
}

static bool has_changed(const struct cut *c, uint64_t inode)
{
	for (size_t i = 0; i < c->n; i++) {
		if (is_of_bytes(&c->changes[i]) && c->changes[i].note.inode == inode) {
			return true;
		}
	}
	return false;
}

static int open_changed(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct cut *c = walking;

	(void)ftw;
	if (type == FTW_F && has_changed(c, st->st_ino) && fd_of(c, st->st_ino) < 0) {
		assert_true(c->nfound < MAX_FOUND);
		c->found[c->nfound++] =
			(struct found){ st->st_ino, open(path, O_RDWR | O_CLOEXEC) };
	}
	return 0;
}

static bool is_kept(struct cut *c)
{
	return c->is_random && (rand_r(&c->seed) & 1);
}

static void put_back(const struct change *ch, int fd, uint64_t at, uint64_t len)
{
	assert_int_equal(
		pwrite(fd, ch->old + at, len, (off_t)(ch->note.at + at)), (ssize_t)len);
}

/* To shorten a file is one change of a journal's: all of it happened, or nothing. */
static void take_back_truncation(struct cut *c, const struct change *ch, int fd)
{
	if (!is_kept(c)) {
		put_back(ch, fd, 0, ch->note.nold);
		assert_int_equal(ftruncate(fd, (off_t)ch->note.old_size), 0);
	}
}

static void take_back_bytes(struct cut *c, const struct change *ch, int fd)
{
	const struct note *n = &ch->note;

	for (uint64_t at = 0, len; at < n->nold; at += len) {
		len = SECTOR - (n->at + at) % SECTOR;
		len = len < n->nold - at ? len : n->nold - at;
		if (!is_kept(c)) {
			put_back(ch, fd, at, len);
		}
	}
	if (!is_kept(c)) {
		assert_int_equal(ftruncate(fd, (off_t)n->old_size), 0);
	}
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void dig_up(const struct cut *c, const struct note *n)
{
	char grave[SHIM_PATH_SIZE + 32];

	if (n->grave && inode_of(n->path) == 0) {
		snprintf(grave, sizeof(grave), "%s/%llu", c->graves, (unsigned long long)n->grave);
		(void)!link(grave, n->path); /* its directory may be gone as well */
	}
}

static void take_back_name(const struct cut *c, const struct note *n)
{
	switch ((enum note_kind)n->kind) {
	case NOTE_CREATED:
		if (inode_of(n->path) == n->subject) {
			nftw(n->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		}
		break;
	case NOTE_RENAMED:
		if (inode_of(n->path) == n->subject) {
			(void)rename(n->path, n->from);
			dig_up(c, n);
		}
		break;
	case NOTE_UNLINKED: dig_up(c, n); break;
	case NOTE_REMOVED_DIR:
		if (mkdir(n->path, 0700) == 0) {
			assert_int_equal(chown(n->path, c->owner, c->owner), 0);
		}
		break;
	case NOTE_BYTES:
	case NOTE_TRUNCATED:
	case NOTE_SYNCED:
	case NOTE_FAILED: break;
	}
}

/* Shared memory of SQLite dies with the machine. */
static int drop_shm(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t n = strlen(path);

	(void)st;
	(void)ftw;
	return type == FTW_F && n > 4 && strcmp(path + n - 4, "-shm") == 0 ? unlink(path) : 0;
}

unsigned cut_power(const char *dir, const char *notes, const char *graves, bool is_random,
	unsigned seed)
{
	struct cut c = { .graves = graves, .is_random = is_random, .seed = seed };
	struct stat st;
	char line[SHIM_PATH_SIZE + 64];
	unsigned n;

	assert_int_equal(stat(dir, &st), 0);
	c.owner = st.st_uid;
	read_notes(&c, notes);
	walking = &c;
	nftw(dir, open_changed, 16, FTW_PHYS);
	nftw(graves, open_changed, 16, FTW_PHYS);
	n = (unsigned)c.n;
	for (size_t i = c.n; i-- > 0;) {
		const struct change *ch = &c.changes[i];
		int fd = fd_of(&c, ch->note.inode);

		if (is_of_bytes(ch) && fd >= 0) {
			(ch->note.kind == NOTE_TRUNCATED ? take_back_truncation : take_back_bytes)(
				&c, ch, fd);
		} else if (is_of_bytes(ch)) {
			continue; /* the file is gone */
		} else if (!is_kept(&c)) {
			take_back_name(&c, &ch->note);
		}
	}
	for (size_t i = 0; i < c.nfound; i++) {
		close(c.found[i].fd);
	}
	nftw(dir, drop_shm, 16, FTW_PHYS);
	free(c.changes);
	free(c.bytes);
	assert_int_equal(truncate(notes, 0), 0);
	snprintf(line, sizeof(line), "rm -rf '%s'/*", graves);
	assert_int_equal(system(line), 0);
	return n;
}
