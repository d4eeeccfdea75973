#include "files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

static struct files *taking; /* nftw hands nothing through */
static size_t nprefix;

/* What was set aside for a file is zeros behind its end: a journal has 16 MiB. */
#define LARGE (1u << 20)

static void trim(struct buf *bytes)
{
	while (bytes->n > 0 && bytes->p[bytes->n - 1] == 0) {
		bytes->n--;
	}
}

static int take_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	size_t i = taking->n;

	(void)at;
	if (type != FTW_F) {
		return 0;
	}
	fuzz_must(i < FILES_MAX && strlen(path + nprefix) < sizeof(taking->v[i].path), "few files are enough");
	strcpy(taking->v[i].path, path + nprefix);
	fuzz_must(path_read_file(path, 1u << 24, &taking->v[i].bytes, NULL) == 0, "a file can be read");
	taking->v[i].size = (size_t)st->st_size;
	if (taking->v[i].size > LARGE) {
		trim(&taking->v[i].bytes);
	}
	taking->n++;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(a, b); /* path comes first */
}

void files_take(struct files *f, const char *dir)
{
	taking = f;
	nprefix = strlen(dir) + 1;
	fuzz_must(nftw(dir, take_one, 16, FTW_PHYS) == 0, "a directory can be read");
	qsort(f->v, f->n, sizeof(f->v[0]), by_path);
}

static void put(const char *dir, const char *name, struct span bytes, size_t size)
{
	char path[PATH_SIZE];
	FILE *file;

	fuzz_must(path_join(path, dir, name, NULL) == 0, "the path is short");
	for (char *slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		fuzz_must(path_make_dir(path, 0700, NULL) == 0, "a directory can be made");
		*slash = '/';
	}
	file = fopen(path, "w");
	fuzz_must(file && fwrite(bytes.p, 1, bytes.n, file) == bytes.n && fflush(file) == 0 &&
			  fchmod(fileno(file), 0600) == 0 && /* else a key file is refused */
			  (size <= bytes.n || ftruncate(fileno(file), (off_t)size) == 0) && fclose(file) == 0,
		"a file can be written");
}

void files_put_all(struct files *f, const char *dir)
{
	fuzz_must(path_make_dir(dir, 0700, NULL) == 0, "a directory can be made");
	for (size_t i = 0; i < f->n; i++) {
		put(dir, f->v[i].path, buf_span(&f->v[i].bytes), f->v[i].size);
		f->v[i].is_changed = false;
	}
}

void files_change(struct files *f, const char *dir, size_t i, struct span bytes)
{
	char path[PATH_SIZE];

	f->v[i].is_changed = true;
	if (bytes.p) {
		put(dir, f->v[i].path, bytes, bytes.n);
		return;
	}
	fuzz_must(path_join(path, dir, f->v[i].path, NULL) == 0, "the path is short");
	unlink(path);
}

void files_put_back(struct files *f, const char *dir)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].is_changed) {
			put(dir, f->v[i].path, buf_span(&f->v[i].bytes), f->v[i].size);
			f->v[i].is_changed = false;
		}
	}
}

void files_edit(struct buf *bytes, uint16_t at, uint8_t how, uint8_t flip)
{
	if (bytes->n == 0) {
		return;
	}
	if (how == 0) {
		bytes->n = at % bytes->n;
	} else {
		bytes->p[at % bytes->n] ^= flip;
	}
}
