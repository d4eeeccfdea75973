#include "disk_parts.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A file with this time has not been written to since: nobody else sets it. */
#define MARK_NS 777777777

struct laid_file {
	char path[512];
	struct file *file;
};

struct laid {
	char dir[512];
	time_t began;
	struct laid_file *files;
	size_t n, hint; /* they come in the same order each time, or nearly */
};

struct laid *laid_new(const char *dir)
{
	struct laid *l = calloc(1, sizeof(*l));

	if (!l) {
		abort();
	}
	snprintf(l->dir, sizeof(l->dir), "%s", dir);
	l->began = time(NULL);
	return l;
}

void laid_free(struct laid *l)
{
	for (size_t i = 0; l && i < l->n; i++) {
		disk_file_drop(l->files[i].file);
	}
	if (l) {
		free(l->files);
		free(l);
	}
}

static struct laid_file *laid_at(struct laid *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++) {
		struct laid_file *f = &l->files[(l->hint + i) % l->n];

		if (strcmp(f->path, path) == 0) {
			l->hint = (l->hint + i + 1) % l->n;
			return f;
		}
	}
	l->files = realloc(l->files, (l->n + 1) * sizeof(*l->files));
	if (!l->files) {
		abort();
	}
	l->files[l->n] = (struct laid_file){ .file = NULL };
	snprintf(l->files[l->n].path, sizeof(l->files[l->n].path), "%s", path);
	return &l->files[l->n++];
}

static bool is_untouched(const struct laid *l, const struct laid_file *at, struct file *f, const char *path)
{
	struct stat st;

	return at->file && disk_hash_of_file(at->file) == disk_hash_of_file(f) && lstat(path, &st) == 0 &&
		(uint64_t)st.st_size == f->size && st.st_mtim.tv_sec == l->began &&
		st.st_mtim.tv_nsec == MARK_NS;
}

static void write_pages(int fd, const struct file *f, const char *path)
{
	for (size_t i = 0; i < f->npages; i++) {
		uint64_t at = (uint64_t)i * DISK_PAGE, n = f->size - at < DISK_PAGE ? f->size - at : DISK_PAGE;

		if (f->pages[i] && pwrite(fd, f->pages[i]->b, (size_t)n, (off_t)at) != (ssize_t)n) {
			disk_give_up(path);
		}
	}
}

static void lay_file(struct laid *l, struct node *n, const char *path)
{
	struct laid_file *at = laid_at(l, path);
	const struct timespec mark[2] = { { l->began, MARK_NS }, { l->began, MARK_NS } };
	int fd;

	if (is_untouched(l, at, n->file, path)) {
		return;
	}
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, n->mode);
	if (fd < 0 || fchmod(fd, n->mode) < 0 || ftruncate(fd, (off_t)n->file->size) < 0) {
		disk_give_up(path);
	}
	write_pages(fd, n->file, path);
	if (futimens(fd, mark) < 0) {
		disk_give_up(path);
	}
	close(fd);
	n->file->refs++;
	disk_file_drop(at->file);
	at->file = n->file;
}

static void remove_all(const char *path)
{
	DIR *stream = opendir(path);
	const struct dirent *e;

	while (stream && (e = readdir(stream))) {
		char below[4096];

		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(below) < 0) {
			remove_all(below);
		}
	}
	if (stream) {
		closedir(stream);
	}
	if (rmdir(path) < 0) {
		disk_give_up(path);
	}
}

static bool is_expected(const struct disk *d, uint32_t dir, const struct dirent *found)
{
	for (uint32_t i = 0; i < d->nentries; i++) {
		const struct entry *e = &d->entries[i];

		if (e->dir == dir && strcmp(e->name, found->d_name) == 0) {
			return (d->nodes[e->node].file == NULL) == (found->d_type == DT_DIR);
		}
	}
	return strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0;
}

static void remove_others(const struct disk *d, uint32_t dir, const char *path)
{
	DIR *stream = opendir(path);
	const struct dirent *e;

	if (!stream) {
		disk_give_up(path);
	}
	while ((e = readdir(stream))) {
		char below[4096];

		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (!is_expected(d, dir, e) && unlink(below) < 0) {
			remove_all(below);
		}
	}
	closedir(stream);
}

static void lay_below(struct disk *d, uint32_t dir, const char *path, struct laid *l)
{
	(void)mkdir(path, 0700);
	if (chmod(path, d->nodes[dir].mode) < 0) {
		disk_give_up(path);
	}
	remove_others(d, dir, path);
	for (uint32_t i = 0; i < d->nentries; i++) {
		const struct entry *e = &d->entries[i];
		char below[512];

		if (e->dir != dir) {
			continue;
		}
		if (snprintf(below, sizeof(below), "%s/%s", path, e->name) >= (int)sizeof(below)) {
			disk_give_up(path);
		}
		if (d->nodes[e->node].file) {
			lay_file(l, &d->nodes[e->node], below);
		} else {
			lay_below(d, e->node, below, l);
		}
	}
}

void disk_lay(struct disk *d, struct laid *l)
{
	lay_below(d, DISK_ROOT, l->dir, l);
}
