#include "disk_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_NODE UINT32_MAX

_Noreturn void disk_give_up(const char *what)
{
	fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void *must(void *p)
{
	if (!p) {
		abort();
	}
	return p;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* --- bytes ------------------------------------------------------------------------------ */

static void page_drop(struct page *p)
{
	if (p && --p->refs == 0) {
		free(p);
	}
}

void disk_file_drop(struct file *f)
{
	if (!f || --f->refs > 0) {
		return;
	}
	for (size_t i = 0; i < f->npages; i++) {
		page_drop(f->pages[i]);
	}
	free(f->pages);
	free(f);
}

static struct file *file_new(void)
{
	struct file *f = must(calloc(1, sizeof(*f)));

	f->refs = 1;
	return f;
}

/* The node's own, to be written to. */
static struct file *own(struct node *n)
{
	struct file *f = n->file, *copy;

	f->hash = 0;
	if (f->refs == 1) {
		return f;
	}
	copy = file_new();
	copy->size = f->size;
	copy->npages = f->npages;
	copy->pages = must(malloc((f->npages + 1) * sizeof(*copy->pages)));
	for (size_t i = 0; i < f->npages; i++) {
		copy->pages[i] = f->pages[i];
		if (copy->pages[i]) {
			copy->pages[i]->refs++;
		}
	}
	f->refs--;
	n->file = copy;
	return copy;
}

static void put_in_page(struct page **at, size_t offset, const uint8_t *p, size_t n)
{
	struct page *made = must(calloc(1, sizeof(*made)));

	made->refs = 1;
	if (*at) {
		memcpy(made->b, (*at)->b, DISK_PAGE);
	}
	if (p) {
		memcpy(made->b + offset, p, n);
	} else {
		memset(made->b + offset, 0, n);
	}
	page_drop(*at);
	*at = made;
	if (is_zero(made->b, DISK_PAGE)) {
		page_drop(made);
		*at = NULL;
	}
}

static void file_resize(struct file *f, uint64_t size)
{
	size_t n = (size_t)((size + DISK_PAGE - 1) / DISK_PAGE);

	for (size_t i = n; i < f->npages; i++) {
		page_drop(f->pages[i]);
	}
	f->pages = must(realloc(f->pages, (n + 1) * sizeof(*f->pages)));
	for (size_t i = f->npages; i < n; i++) {
		f->pages[i] = NULL;
	}
	f->npages = n;
	if (size < f->size && size % DISK_PAGE != 0 && f->pages[n - 1]) {
		put_in_page(&f->pages[n - 1], size % DISK_PAGE, NULL, DISK_PAGE - size % DISK_PAGE);
	}
	f->size = size;
}

static void file_write(struct file *f, uint64_t at, const uint8_t *p, uint64_t n)
{
	if (at + n > f->size) {
		file_resize(f, at + n);
	}
	for (uint64_t done = 0, part; done < n; done += part) {
		size_t offset = (size_t)((at + done) % DISK_PAGE);

		part = DISK_PAGE - offset < n - done ? DISK_PAGE - offset : n - done;
		put_in_page(&f->pages[(at + done) / DISK_PAGE], offset, p + done, (size_t)part);
	}
}

/* --- names ------------------------------------------------------------------------------ */

/* The newest with this number: an inode that was let go may come again. */
static uint32_t node_of(const struct disk *d, uint64_t ino)
{
	for (uint32_t i = d->nnodes; i-- > 0;) {
		if (d->nodes[i].ino == ino) {
			return i;
		}
	}
	return NO_NODE;
}

static uint32_t add_node(struct disk *d, uint64_t ino, bool is_dir, uint32_t mode)
{
	d->nodes = must(realloc(d->nodes, (d->nnodes + 1) * sizeof(*d->nodes)));
	d->nodes[d->nnodes] = (struct node){ ino, is_dir ? NULL : file_new(), mode };
	return d->nnodes++;
}

static void remove_name(struct disk *d, uint32_t dir, const char *name)
{
	for (uint32_t i = 0; i < d->nentries; i++) {
		if (d->entries[i].dir == dir && strcmp(d->entries[i].name, name) == 0) {
			d->entries[i] = d->entries[--d->nentries];
			return;
		}
	}
}

static void set_name(struct disk *d, uint32_t dir, const char *name, uint32_t node)
{
	struct entry *e;

	if (dir == NO_NODE || node == NO_NODE) {
		return;
	}
	remove_name(d, dir, name);
	d->entries = must(realloc(d->entries, (d->nentries + 1) * sizeof(*d->entries)));
	e = &d->entries[d->nentries++];
	*e = (struct entry){ .dir = dir, .node = node };
	snprintf(e->name, sizeof(e->name), "%s", name);
}

/* --- a disk ----------------------------------------------------------------------------- */

static bool is_shared_memory(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, "-shm") == 0;
}

static void read_file(struct disk *d, uint32_t node, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t block[16 * DISK_PAGE];
	uint64_t at = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		disk_give_up(path);
	}
	file_resize(d->nodes[node].file, (uint64_t)st.st_size);
	while ((n = read(fd, block, sizeof(block))) > 0) {
		if (!is_zero(block, (size_t)n)) {
			file_write(d->nodes[node].file, at, block, (uint64_t)n);
		}
		at += (uint64_t)n;
	}
	close(fd);
}

static void read_below(struct disk *d, uint32_t dir, const char *path)
{
	DIR *stream = opendir(path);
	const struct dirent *e;

	if (!stream) {
		disk_give_up(path);
	}
	while ((e = readdir(stream))) {
		char below[4096];
		struct stat st;
		uint32_t node;

		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || is_shared_memory(e->d_name)) {
			continue;
		}
		if (lstat(below, &st) < 0) {
			disk_give_up(below);
		}
		node = add_node(d, st.st_ino, S_ISDIR(st.st_mode), st.st_mode & 07777);
		set_name(d, dir, e->d_name, node);
		if (S_ISDIR(st.st_mode)) {
			read_below(d, node, below);
		} else {
			read_file(d, node, below);
		}
	}
	closedir(stream);
}

struct disk *disk_read(const char *dir)
{
	struct disk *d = must(calloc(1, sizeof(*d)));
	struct stat st;

	if (stat(dir, &st) < 0) {
		disk_give_up(dir);
	}
	(void)add_node(d, st.st_ino, true, st.st_mode & 07777);
	read_below(d, DISK_ROOT, dir);
	return d;
}

struct disk *disk_copy(const struct disk *from)
{
	struct disk *d = must(calloc(1, sizeof(*d)));

	*d = *from;
	d->nodes = must(malloc(d->nnodes * sizeof(*d->nodes)));
	d->entries = must(malloc((d->nentries + 1) * sizeof(*d->entries)));
	memcpy(d->nodes, from->nodes, d->nnodes * sizeof(*d->nodes));
	memcpy(d->entries, from->entries, d->nentries * sizeof(*d->entries));
	for (uint32_t i = 0; i < d->nnodes; i++) {
		if (d->nodes[i].file) {
			d->nodes[i].file->refs++;
		}
	}
	return d;
}

void disk_free(struct disk *d)
{
	if (d) {
		for (uint32_t i = 0; i < d->nnodes; i++) {
			disk_file_drop(d->nodes[i].file);
		}
		free(d->nodes);
		free(d->entries);
		free(d);
	}
}

uint64_t disk_size_of(const struct disk *d, uint64_t ino)
{
	uint32_t node = node_of(d, ino);

	return node != NO_NODE && d->nodes[node].file ? d->nodes[node].file->size : 0;
}

/* --- changes ---------------------------------------------------------------------------- */

static struct file *file_of(struct disk *d, const struct trace_op *op)
{
	uint32_t node = node_of(d, op->ino);

	return node != NO_NODE && d->nodes[node].file ? own(&d->nodes[node]) : NULL;
}

void disk_apply_part(struct disk *d, const struct trace_op *op, uint64_t from, uint64_t end)
{
	struct file *f = file_of(d, op);

	if (f) {
		file_write(f, op->at + from, op->bytes + from, end - from);
	}
}

void disk_apply_size(struct disk *d, const struct trace_op *op)
{
	struct file *f = file_of(d, op);

	if (f && op->at + op->n > f->size) {
		file_resize(f, op->at + op->n);
	}
}

void disk_apply_both_names(struct disk *d, const struct trace_op *op)
{
	set_name(d, node_of(d, op->dir), op->name, node_of(d, op->ino));
}

void disk_apply_no_name(struct disk *d, const struct trace_op *op)
{
	remove_name(d, node_of(d, op->dir), op->from);
}

void disk_apply_unnamed(struct disk *d, const struct trace_op *op)
{
	(void)add_node(d, op->ino, op->is_dir, op->mode);
}

void disk_apply(struct disk *d, const struct trace_op *op)
{
	struct file *f;

	switch ((enum trace_kind)op->kind) {
	case TRACE_WRITE: disk_apply_part(d, op, 0, op->n); break;
	case TRACE_RESIZE:
		f = file_of(d, op);
		if (f) {
			file_resize(f, op->n);
		}
		break;
	case TRACE_CREATE:
		disk_apply_unnamed(d, op);
		disk_apply_both_names(d, op);
		break;
	case TRACE_LINK: disk_apply_both_names(d, op); break;
	case TRACE_UNLINK: remove_name(d, node_of(d, op->dir), op->name); break;
	case TRACE_RENAME:
		disk_apply_no_name(d, op);
		disk_apply_both_names(d, op);
		break;
	case TRACE_SYNC:
	case TRACE_MARK: break;
	}
}

/* --- which of them are the same --------------------------------------------------------- */

/* Nobody has to be kept from finding two that are the same: word by word, with the multipliers of
 * splitmix64.  Never 0. */
static uint64_t hash_of(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t h = n, word;

	for (size_t at = 0, part; at < n; at += part) {
		part = n - at < sizeof(word) ? n - at : sizeof(word);
		word = 0;
		memcpy(&word, b + at, part);
		h = (h ^ word) * 0xbf58476d1ce4e5b9u;
		h ^= h >> 29;
	}
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	h ^= h >> 31;
	return h + (h == 0);
}

/* The same in four lanes: most of the time goes into this. */
static uint64_t hash_of_page(const uint8_t *b)
{
	uint64_t lanes[4] = { 1, 2, 3, 4 };

	for (size_t at = 0; at < DISK_PAGE; at += sizeof(lanes)) {
		uint64_t words[4];

		memcpy(words, b + at, sizeof(words));
		for (int i = 0; i < 4; i++) {
			lanes[i] = (lanes[i] ^ words[i]) * 0xbf58476d1ce4e5b9u;
			lanes[i] ^= lanes[i] >> 29;
		}
	}
	return hash_of(lanes, sizeof(lanes));
}

uint64_t disk_hash_of_file(struct file *f)
{
	uint64_t sum[2] = { f->size, 0 };

	for (size_t i = 0; f->hash == 0 && i < f->npages; i++) {
		struct page *p = f->pages[i];

		if (p && p->hash == 0) {
			p->hash = hash_of_page(p->b);
		}
		if (p) {
			const uint64_t at[2] = { p->hash, i };

			sum[1] += hash_of(at, sizeof(at));
		}
	}
	if (f->hash == 0) {
		f->hash = hash_of(sum, sizeof(sum));
	}
	return f->hash;
}

static uint64_t hash_below(struct disk *d, uint32_t dir)
{
	uint64_t sum = d->nodes[dir].mode;

	for (uint32_t i = 0; i < d->nentries; i++) {
		const struct entry *e = &d->entries[i];
		const struct node *n = &d->nodes[e->node];

		if (e->dir == dir) {
			const uint64_t one[3] = { hash_of(e->name, strlen(e->name)), n->mode,
				n->file ? disk_hash_of_file(n->file) : hash_below(d, e->node) };

			sum += hash_of(one, sizeof(one));
		}
	}
	return hash_of(&sum, sizeof(sum));
}

uint64_t disk_hash(struct disk *d)
{
	return hash_below(d, DISK_ROOT);
}
