#include "verify/published.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/entry.h"
#include "verify/flaw.h"
#include "verify/input.h"

#define WIDTH      256
#define LEVELS     8 /* 256^8 entries: more than 64 bits count */
#define TILE_LIMIT ((size_t)WIDTH * MERKLE_SIZE)
/* An entry's length could be 65,535; a strict one has at most 4,096 bytes. */
#define BUNDLE_LIMIT ((size_t)WIDTH * (2 + ENTRY_LIMIT))
#define NAME_SIZE    80
#define PATH_SIZE    (NAME_SIZE + 8) /* with ".p/255" */

/* Hashes of one height: as they come up from below they are held against the tile's
 * file. */
struct level {
	uint64_t n;           /* hashes seen */
	struct input tile;    /* the file with the next of them */
	struct merkle within; /* the tree over those of this tile */
};

struct check {
	int dir_fd;
	const struct published_wish *wish;
	struct head head;
	struct merkle whole;
	struct level levels[LEVELS];
	struct input bundle, other;
	uint64_t nfiles, nbeyond;
};

/* --- names ------------------------------------------------------------------------ */

/* "tile/0/x001/x234/067": groups of three digits, all but the last with an x. */
static void name_tile(const char *kind, uint64_t index, char out[NAME_SIZE])
{
	uint64_t unit = 1;
	int at = snprintf(out, NAME_SIZE, "tile/%s", kind);

	while (index / unit >= 1000) {
		unit *= 1000;
	}
	for (; unit > 0; unit /= 1000) {
		at += snprintf(out + at, NAME_SIZE - (size_t)at, "/%s%03" PRIu64,
			unit > 1 ? "x" : "", index / unit % 1000);
	}
}

static unsigned width_of(uint64_t count, uint64_t index)
{
	uint64_t left = count - index * WIDTH;

	return left < WIDTH ? (unsigned)left : WIDTH;
}

/* --- files ------------------------------------------------------------------------ */

/* The file of this width, or the full one that has replaced it; which of them, in path.
 */
static int read_tile(struct check *c, const char *name, unsigned width,
	struct input *to, size_t limit, char path[PATH_SIZE], bool *ret_is_exact,
	struct flaw *f)
{
	char partial[PATH_SIZE];
	int r = -1;

	(void)snprintf(partial, sizeof(partial), "%s.p/%u", name, width);
	(void)snprintf(path, PATH_SIZE, "%s", width < WIDTH ? partial : name);
	*ret_is_exact = true;
	r = input_read_at(to, c->dir_fd, path, limit, f);
	if (r < 0 && f->verdict == VERDICT_ABSENT && width < WIDTH) {
		*ret_is_exact = false;
		(void)snprintf(path, PATH_SIZE, "%s", name);
		r = input_read_at(to, c->dir_fd, path, limit, f);
	}
	if (r < 0 && f->verdict == VERDICT_ABSENT) {
		r = flaw_set(f, VERDICT_INVALID, "%s: is missing",
			width < WIDTH ? partial : name);
	}
	return r;
}

/* Where the bundle's first n entries end, for each n up to WIDTH; NULL for hashes. */
static size_t prefix_size(const size_t *ends, unsigned n)
{
	return ends ? ends[n] : (size_t)n * MERKLE_SIZE;
}

static int check_sibling(struct check *c, const char *name, const char *width_text,
	unsigned width, struct bytes tile, const size_t *ends, struct flaw *f)
{
	char path[PATH_SIZE];
	uint64_t w;
	size_t n;

	if (!bytes_number(bytes_of_text(width_text), &w) || w == 0 || w > width) {
		c->nbeyond++;
		return 0;
	}
	if (w == width) {
		return 0; /* the one that was read */
	}
	(void)snprintf(path, sizeof(path), "%s.p/%u", name, (unsigned)w);
	n = prefix_size(ends, (unsigned)w);
	if (input_read_at(&c->other, c->dir_fd, path, tile.n, f) < 0) {
		return f->verdict == VERDICT_ABSENT
			       ? 0
			       : -1; /* just replaced by a full one */
	}
	if (!bytes_equal(input_bytes(&c->other), bytes_of(tile.p, n))) {
		return flaw_set(
			f, VERDICT_INVALID, "%s: differs from the wider tile", path);
	}
	c->nfiles++;
	return 0;
}

/* Narrower tiles stay for those who hold an older checkpoint: they must say the same.
 */
static int check_siblings(struct check *c, const char *name, unsigned width,
	struct bytes tile, const size_t *ends, struct flaw *f)
{
	char path[PATH_SIZE];
	const struct dirent *e;
	DIR *d = NULL;
	int fd, r = 0;

	(void)snprintf(path, sizeof(path), "%s.p", name);
	fd = openat(c->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return errno == ENOENT ? 0
				       : flaw_set(f, VERDICT_FAILED, "%s: %s", path,
						 strerror(errno));
	}
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return flaw_set(f, VERDICT_FAILED, "%s: %s", path, strerror(errno));
	}
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.') {
			r = check_sibling(c, name, e->d_name, width, tile, ends, f);
		}
	}
	closedir(d);
	return r;
}

/* --- hashes ----------------------------------------------------------------------- */

static unsigned width_at(const struct check *c, unsigned height)
{
	return width_of(c->head.size >> (8 * height), c->levels[height].n / WIDTH);
}

static void name_at(unsigned height, uint64_t n, char out[NAME_SIZE])
{
	char kind[4];

	(void)snprintf(kind, sizeof(kind), "%u", height);
	name_tile(kind, n / WIDTH, out);
}

static int open_tile(struct check *c, unsigned height, struct flaw *f)
{
	struct level *l = &c->levels[height];
	unsigned width = width_at(c, height);
	char name[NAME_SIZE], path[PATH_SIZE];
	bool is_exact;

	name_at(height, l->n, name);
	if (read_tile(c, name, width, &l->tile, TILE_LIMIT, path, &is_exact, f) < 0) {
		return -1;
	}
	if (l->tile.n != (is_exact ? (size_t)width * MERKLE_SIZE : TILE_LIMIT)) {
		return flaw_set(f, VERDICT_INVALID,
			"%s: has not the length of %u hashes", path,
			is_exact ? width : WIDTH);
	}
	c->nfiles++;
	return 0;
}

static int close_tile(struct check *c, unsigned height, unsigned width, struct flaw *f)
{
	struct level *l = &c->levels[height];
	char name[NAME_SIZE];

	name_at(height, l->n - 1, name);
	return check_siblings(c, name, width,
		bytes_of(l->tile.p, (size_t)width * MERKLE_SIZE), NULL, f);
}

/* The next hash of this height; 1: with it the tile is full. */
static int add_at(struct check *c, unsigned height, const uint8_t hash[MERKLE_SIZE],
	struct flaw *f)
{
	struct level *l = &c->levels[height];
	unsigned at = (unsigned)(l->n % WIDTH), width = width_at(c, height);
	char name[NAME_SIZE];

	if (at == 0 && open_tile(c, height, f) < 0) {
		return -1;
	}
	if (memcmp(l->tile.p + (size_t)at * MERKLE_SIZE, hash, MERKLE_SIZE) != 0) {
		name_at(height, l->n, name);
		return flaw_set(f, VERDICT_INVALID,
			"%s: hash %u is not that of what lies below it", name, at);
	}
	merkle_push(&l->within, hash);
	l->n++;
	if (at + 1 == width && close_tile(c, height, width, f) < 0) {
		return -1;
	}
	return at + 1 == WIDTH;
}

/* A full tile hands its own root on to the height above. */
static int add_hash(struct check *c, const uint8_t hash[MERKLE_SIZE], struct flaw *f)
{
	uint8_t next[MERKLE_SIZE];
	int r = add_at(c, 0, hash, f);

	for (unsigned height = 0; r > 0 && height + 1 < LEVELS; height++) {
		struct merkle *within = &c->levels[height].within;

		merkle_root(within, next);
		*within = (struct merkle){ 0 };
		r = add_at(c, height + 1, next, f);
	}
	return r < 0 ? -1 : 0;
}

/* --- entries ---------------------------------------------------------------------- */

static int pass_waypoints(struct check *c, struct flaw *f)
{
	uint8_t root[MERKLE_SIZE];

	for (size_t i = 0; i < c->wish->nwaypoints; i++) {
		struct published_waypoint *w = &c->wish->waypoints[i];

		if (w->size != c->whole.n) {
			continue;
		}
		merkle_root(&c->whole, root);
		if (memcmp(root, w->root, MERKLE_SIZE) != 0) {
			return flaw_set(f, VERDICT_INVALID,
				"the log does not extend the checkpoint of %" PRIu64
				" entries: another history",
				w->size);
		}
		w->is_passed = true;
	}
	return 0;
}

static int add_entry(struct check *c, struct bytes line, struct flaw *f)
{
	uint8_t hash[MERKLE_SIZE];
	struct entry entry;

	merkle_leaf(line, hash);
	if (add_hash(c, hash, f) < 0 || entry_parse(line, &entry, f) < 0) {
		return -1;
	}
	if (c->wish->each &&
		c->wish->each(c->wish->ctx, c->whole.n, line, &entry, f) < 0) {
		return -1;
	}
	merkle_push(&c->whole, hash);
	return pass_waypoints(c, f);
}

/* An entry has its length in two bytes before it. */
static bool cut_entry(struct bytes *rest, struct bytes *ret)
{
	size_t n = rest->n < 2 ? 0 : ((size_t)rest->p[0] << 8 | rest->p[1]);

	if (rest->n < 2 || rest->n - 2 < n) {
		return false;
	}
	*ret = bytes_of(rest->p + 2, n);
	*rest = bytes_of(rest->p + 2 + n, rest->n - 2 - n);
	return true;
}

static int check_bundle(struct check *c, uint64_t index, struct flaw *f)
{
	unsigned width = width_of(c->head.size, index);
	char name[NAME_SIZE], path[PATH_SIZE];
	size_t ends[WIDTH + 1] = { 0 };
	struct bytes rest, line;
	bool is_exact;

	name_tile("entries", index, name);
	if (read_tile(c, name, width, &c->bundle, BUNDLE_LIMIT, path, &is_exact, f) <
		0) {
		return -1;
	}
	rest = input_bytes(&c->bundle);
	for (unsigned i = 0; i < width; i++) {
		if (!cut_entry(&rest, &line)) {
			return flaw_set(f, VERDICT_INVALID,
				"%s: ends within entry %u of %u", path, i, width);
		}
		ends[i + 1] = c->bundle.n - rest.n;
		if (add_entry(c, line, f) < 0) {
			return flaw_in(
				f, "%s: entry %" PRIu64, path, index * WIDTH + i);
		}
	}
	if (is_exact && rest.n > 0) {
		return flaw_set(
			f, VERDICT_INVALID, "%s: goes on after its last entry", path);
	}
	c->nfiles++;
	return check_siblings(
		c, name, width, bytes_of(c->bundle.p, ends[width]), ends, f);
}

static int check_entries(struct check *c, struct flaw *f)
{
	uint8_t root[MERKLE_SIZE];

	if (pass_waypoints(c, f) < 0) {
		return -1;
	}
	for (uint64_t i = 0; i * WIDTH < c->head.size; i++) {
		if (check_bundle(c, i, f) < 0) {
			return -1;
		}
	}
	merkle_root(&c->whole, root);
	if (memcmp(root, c->head.root, MERKLE_SIZE) != 0) {
		return flaw_set(f, VERDICT_INVALID,
			"the checkpoint's root is not that of the %" PRIu64 " entries",
			c->head.size);
	}
	return 0;
}

/* --- the log ---------------------------------------------------------------------- */

/* Known before the walk, so that a log of another host is not walked for an hour first.
 */
static int check_sizes(const struct check *c, struct flaw *f)
{
	for (size_t i = 0; i < c->wish->nwaypoints; i++) {
		if (c->wish->waypoints[i].size > c->head.size) {
			return flaw_set(f, VERDICT_INVALID,
				"the log has %" PRIu64
				" entries, an older checkpoint %" PRIu64
				": it was rolled back or cut",
				c->head.size, c->wish->waypoints[i].size);
		}
	}
	return 0;
}

static void done(struct check *c)
{
	for (unsigned i = 0; i < LEVELS; i++) {
		input_done(&c->levels[i].tile);
	}
	input_done(&c->bundle);
	input_done(&c->other);
	if (c->dir_fd >= 0) {
		close(c->dir_fd);
	}
}

int published_check(const char *dir, const struct signed_key *key,
	const struct published_wish *wish, struct published_result *ret, struct flaw *f)
{
	struct check c = { .wish = wish, .dir_fd = -1 };
	int r = -1;

	c.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c.dir_fd < 0) {
		r = flaw_set(f, errno == ENOENT ? VERDICT_ABSENT : VERDICT_FAILED,
			"%s: %s", dir, strerror(errno));
	} else if (input_read_at(&c.other, c.dir_fd, "checkpoint", HEAD_LIMIT, f) ==
			   0 &&
		   head_open(input_bytes(&c.other), key, &c.head, f) == 0 &&
		   check_sizes(&c, f) == 0) {
		r = check_entries(&c, f);
	}
	if (r == 0) {
		*ret = (struct published_result){ c.head, c.nfiles, c.nbeyond };
	}
	done(&c);
	return r;
}
