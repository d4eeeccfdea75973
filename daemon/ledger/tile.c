#include "ledger/tile.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

/* A bundle of 256 entries of 65,535 bytes, each with its length. */
#define MAX_BUNDLE ((size_t)TILE_WIDTH * (65535 + 2))

/* --- names ------------------------------------------------------------------------ */

/* Groups of three digits, all but the last with an x: 1234067 is "x001/x234/067". */
static void put_index(uint64_t index, char *out, size_t cap)
{
	uint64_t groups[7];
	unsigned n = 0;
	size_t at = 0;

	do {
		groups[n++] = index % 1000;
		index /= 1000;
	} while (index > 0);
	while (n > 0) {
		n--;
		at += (size_t)snprintf(out + at, cap - at, "%s%03" PRIu64 "%s",
			n ? "x" : "", groups[n], n ? "/" : "");
	}
}

void tile_path(int level, uint64_t index, unsigned width, char out[TILE_PATH_SIZE])
{
	char number[40], rest[8] = "";

	put_index(index, number, sizeof(number));
	if (width < TILE_WIDTH) {
		snprintf(rest, sizeof(rest), ".p/%u", width);
	}
	if (level == TILE_ENTRIES) {
		snprintf(out, TILE_PATH_SIZE, "tile/entries/%s%s", number, rest);
	} else {
		snprintf(out, TILE_PATH_SIZE, "tile/%d/%s%s", level, number, rest);
	}
}

/* --- reading ---------------------------------------------------------------------- */

static int read_one(const char *dir, int level, uint64_t index, unsigned width,
	size_t limit, struct buf *to, struct cu_err *err)
{
	char rel[TILE_PATH_SIZE], path[PATH_SIZE];
	int r;

	tile_path(level, index, width, rel);
	r = path_join(path, dir, rel, err);
	buf_clear(to);
	if (r == 0) {
		r = path_read_plain(path, limit, to, err);
	}
	return r == CU_ELIMIT ? cu_err_set(err, CU_ECORRUPT, "%s: is too long", rel)
			      : r;
}

/* The file of this width, or else the full one that has replaced it. */
static int read_either(const char *dir, int level, uint64_t index, unsigned width,
	size_t limit, struct buf *to, unsigned *ret_width, struct cu_err *err)
{
	int r = read_one(dir, level, index, width, limit, to, err);

	*ret_width = width;
	if (r == CU_ENOENT && width < TILE_WIDTH) {
		*ret_width = TILE_WIDTH;
		r = read_one(dir, level, index, TILE_WIDTH, limit, to, err);
	}
	return r;
}

static int bad_length(int level, uint64_t index, unsigned width, struct cu_err *err)
{
	char rel[TILE_PATH_SIZE];

	tile_path(level, index, width, rel);
	return cu_err_set(
		err, CU_ECORRUPT, "%s: has not the length that %u need", rel, width);
}

int tile_read_hashes(const char *dir, int level, uint64_t index, unsigned width,
	uint8_t (*out)[32], struct cu_err *err)
{
	struct buf b = BUF_INIT;
	unsigned got;
	int r = read_either(dir, level, index, width, TILE_WIDTH * 32, &b, &got, err);

	if (r == 0 && b.n != (size_t)got * 32) {
		r = bad_length(level, index, got, err);
	}
	if (r == 0) {
		memcpy(out, b.p, (size_t)width * 32);
	}
	buf_done(&b);
	return r;
}

int tile_read_entries(const char *dir, uint64_t index, unsigned width, struct buf *to,
	struct span *ret_entries, struct cu_err *err)
{
	struct cursor c;
	unsigned got;
	int r = read_either(dir, TILE_ENTRIES, index, width, MAX_BUNDLE, to, &got, err);

	if (r < 0) {
		return r;
	}
	c = cursor_of(buf_span(to));
	for (unsigned i = 0; i < width; i++) {
		size_t n = cursor_u16(&c);

		ret_entries[i] = cursor_take(&c, n);
	}
	/* A full file read for the sake of its beginning may go on; its length was or will be
	 * judged when it is read in full. */
	if (c.is_failed || (got == width && c.n > 0)) {
		return bad_length(TILE_ENTRIES, index, got, err);
	}
	to->n -= c.n;
	return 0;
}

void tile_put_entry(struct buf *bundle, struct span entry)
{
	buf_put_u16(bundle, (uint16_t)entry.n);
	buf_put_span(bundle, entry);
}

/* --- writing ---------------------------------------------------------------------- */

void tile_writer_init(struct tile_writer *w, const char *dir)
{
	memset(w, 0, sizeof(*w));
	w->dir = dir;
}

int tile_writer_sync(struct tile_writer *w, struct cu_err *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < w->ndirty; i++) {
		char path[PATH_SIZE];

		r = path_join(path, w->dir, w->dirty[i], err);
		if (r == 0) {
			r = path_sync_dir(path, err);
		}
	}
	w->ndirty = 0;
	if (r < 0) {
		w->nknown = 0;
	}
	return r;
}

static int mark_dirty(struct tile_writer *w, const char *rel, struct cu_err *err)
{
	int r = 0;

	for (unsigned i = 0; i < w->ndirty; i++) {
		if (strcmp(w->dirty[i], rel) == 0) {
			return 0;
		}
	}
	if (w->ndirty == sizeof(w->dirty) / sizeof(w->dirty[0])) {
		r = tile_writer_sync(w, err);
	}
	strcpy(w->dirty[w->ndirty++], rel);
	return r;
}

static bool is_known(const struct tile_writer *w, const char *rel)
{
	unsigned cap = sizeof(w->known) / sizeof(w->known[0]);

	for (unsigned i = 0; i < cap && i < w->nknown; i++) {
		if (strcmp(w->known[i], rel) == 0) {
			return true;
		}
	}
	return false;
}

static void remember(struct tile_writer *w, const char *rel)
{
	unsigned cap = sizeof(w->known) / sizeof(w->known[0]);

	strcpy(w->known[w->nknown % cap], rel);
	/* Past cap it counts on, so that the oldest is replaced; wraps in the upper half. */
	w->nknown = w->nknown + 1 < 2 * cap ? w->nknown + 1 : cap;
}

/* One directory.  One that exists may have been made by a process that died before it synced
 * the entry, so the directory above is synced in either case, once. */
static int need_dir(
	struct tile_writer *w, const char *above, const char *rel, struct cu_err *err)
{
	char path[PATH_SIZE];
	int r;

	if (is_known(w, rel)) {
		return 0;
	}
	r = path_join(path, w->dir, rel, err);
	if (r == 0 && mkdir(path, 0750) < 0 && errno != EEXIST) {
		r = cu_err_errno(err, errno, "make directory %s", rel);
	}
	if (r == 0) {
		r = mark_dirty(w, above, err);
	}
	if (r == 0) {
		remember(w, rel);
	}
	return r;
}

/* All directories on the way to a file; rel is cut to the file's directory. */
static int need_dirs(
	struct tile_writer *w, char *rel, const char **ret_name, struct cu_err *err)
{
	char above[TILE_PATH_SIZE] = "", here[TILE_PATH_SIZE];
	char *slash = strchr(rel, '/');
	int r = 0;

	while (r == 0 && slash) {
		snprintf(here, sizeof(here), "%.*s", (int)(slash - rel), rel);
		r = need_dir(w, above, here, err);
		strcpy(above, here);
		*ret_name = slash + 1;
		slash = strchr(slash + 1, '/');
	}
	rel[strlen(above)] = '\0';
	return r;
}

int tile_writer_put(struct tile_writer *w, int level, uint64_t index, unsigned width,
	struct span bytes, struct cu_err *err)
{
	char rel[TILE_PATH_SIZE], path[PATH_SIZE];
	const char *name = NULL;
	int r;

	tile_path(level, index, width, rel);
	r = need_dirs(w, rel, &name, err);
	if (r == 0) {
		r = path_join(path, w->dir, rel, err);
	}
	if (r == 0) {
		r = path_place_file(path, name, bytes, 0640, err);
	}
	return r < 0 ? r : mark_dirty(w, rel, err);
}

/* --- pruning ---------------------------------------------------------------------- */

int tile_prune(const char *dir, int level, uint64_t index, struct cu_err *err)
{
	char rel[TILE_PATH_SIZE], path[PATH_SIZE];
	const struct dirent *e;
	DIR *d;
	int r;

	tile_path(level, index, 1, rel);
	*strrchr(rel, '/') = '\0';
	r = path_join(path, dir, rel, err);
	if (r < 0) {
		return r;
	}
	d = opendir(path);
	if (!d) {
		return errno == ENOENT ? 0 : cu_err_errno(err, errno, "open %s", rel);
	}
	/* Not through path_list: what a crash left under a temporary name goes as well. */
	while (r == 0 && (e = readdir(d)) != NULL) {
		char file[PATH_SIZE];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
			continue;
		}
		r = path_join(file, path, e->d_name, err);
		if (r == 0 && unlink(file) < 0 && errno != ENOENT) {
			r = cu_err_errno(err, errno, "remove %s/%s", rel, e->d_name);
		}
	}
	closedir(d);
	if (r == 0 && rmdir(path) < 0 && errno != ENOENT) {
		r = cu_err_errno(err, errno, "remove %s", rel);
	}
	return r;
}
