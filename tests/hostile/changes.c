/* Bits that are changed, and files that are cut off or grow. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/path.h"
#include "ground.h"

#define PAGE  4096
#define CHUNK (65536 + 16) /* of age, stored */

/* --- which files ------------------------------------------------------------------------- */

typedef uint64_t measure(const struct ground_file *f); /* cases that a file gives */

static bool is_in(const struct ground_file *f, const char *folder)
{
	return strncmp(f->name, folder, strlen(folder)) == 0;
}

static uint64_t bits_of_manifest(const struct ground_file *f)
{
	return is_in(f, "manifest/") ? 8 * f->size : 0;
}

/* Each byte of it, one bit. */
static uint64_t bytes_of_head(const struct ground_file *f)
{
	return f->head < f->size ? f->head : f->size;
}

static uint64_t bits_of_checkpoint(const struct ground_file *f)
{
	return strcmp(f->name, "log/checkpoint") == 0 ? 8 * f->size : 0;
}

static uint64_t bits_of_tiles(const struct ground_file *f)
{
	return is_in(f, "log/tile/") ? 8 * f->size : 0;
}

static uint64_t bits_of_payload(const struct ground_file *f)
{
	return f->head > 0 ? 8 * f->size : 0;
}

static uint64_t sum(const struct ground *g, measure *of)
{
	uint64_t n = 0;

	for (size_t i = 0; i < g->nfiles; i++) {
		n += of(&g->files[i]);
	}
	return n;
}

/* The file that case *i is of; *i becomes the number within it. */
static const struct ground_file *find(const struct ground *g, measure *of, uint64_t *i)
{
	for (size_t k = 0; k < g->nfiles; k++) {
		uint64_t n = of(&g->files[k]);

		if (*i < n) {
			return &g->files[k];
		}
		*i -= n;
	}
	fail_msg("no such case");
	return NULL;
}

/* --- a bit ---------------------------------------------------------------------------------- */

static void flip(const char *path, uint64_t bit)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t byte = 0;

	assert_true(fd >= 0 && pread(fd, &byte, 1, (off_t)(bit / 8)) == 1);
	byte ^= (uint8_t)(1u << bit % 8);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
	close(fd);
}

static const char *play_bit(struct ground *g, const struct ground_file *f, uint64_t i, char what[300])
{
	char path[320];
	const char *wrong;

	snprintf(what, 300, "%s: bit %d of byte %llu", f->name, (int)(i % 8), (unsigned long long)(i / 8));
	snprintf(path, sizeof(path), "%s/%s", g->repo, f->name);
	flip(path, i);
	wrong = ground_judge(g, f->name, i / 8, false);
	flip(path, i);
	return wrong;
}

#define BITS(of)                                                                           \
	static uint64_t count_##of(const struct ground *g)                                 \
	{                                                                                  \
		return sum(g, of);                                                         \
	}                                                                                  \
	static const char *play_##of(struct ground *g, uint64_t i, char what[300])         \
	{                                                                                  \
		const struct ground_file *f = find(g, of, &i);                             \
                                                                                           \
		return play_bit(g, f, i, what);                                            \
	}

BITS(bits_of_manifest)
BITS(bits_of_checkpoint)
BITS(bits_of_tiles)
BITS(bits_of_payload)

static uint64_t count_bytes_of_head(const struct ground *g)
{
	return sum(g, bytes_of_head);
}

static const char *play_bytes_of_head(struct ground *g, uint64_t i, char what[300])
{
	const struct ground_file *f = find(g, bytes_of_head, &i);

	return play_bit(g, f, 8 * i + (i * 5 + f->size) % 8, what);
}

/* --- the end ------------------------------------------------------------------------------------ */

/* Lengths that somebody may leave: none; all of a signature's or manifest's; around each page, around the
 * end of the head and of each chunk; one byte less and a few more. */
static bool is_cut_at(const struct ground_file *f, uint64_t n)
{
	uint64_t header = f->head > 80 ? f->head - 80 : 0, stream = header + 16;

	if (f->head == 0) {
		return n <= f->size + 3;
	}
	return n == 0 || n % PAGE == 0 || n + 1 == f->size || (n > f->size && n <= f->size + 3) ||
		(n + 1 >= header && n <= header + 1) || (n + 1 >= stream && n <= stream + 1) ||
		(n > stream && (n - stream + 1) % CHUNK <= 2);
}

static uint64_t cuts_of(const struct ground_file *f)
{
	uint64_t count = 0;

	if (!is_in(f, "data/") && !is_in(f, "vault/") && !is_in(f, "manifest/") && !is_in(f, "log/checkpoint")) {
		return 0;
	}
	for (uint64_t n = 0; n <= f->size + 3; n++) {
		count += n != f->size && is_cut_at(f, n);
	}
	return count;
}

static uint64_t count_cuts(const struct ground *g)
{
	return sum(g, cuts_of);
}

static uint64_t length_of(const struct ground_file *f, uint64_t i)
{
	for (uint64_t n = 0; n <= f->size + 3; n++) {
		if (n != f->size && is_cut_at(f, n) && i-- == 0) {
			return n;
		}
	}
	fail_msg("no such length");
	return 0;
}

static const char *play_cut(struct ground *g, uint64_t i, char what[300])
{
	const struct ground_file *f = find(g, cuts_of, &i);
	uint64_t n = length_of(f, i);
	struct buf was = BUF_INIT;
	char path[320];
	const char *wrong;
	int fd;

	snprintf(what, 300, "%s: %llu bytes instead of %llu", f->name, (unsigned long long)n,
		(unsigned long long)f->size);
	snprintf(path, sizeof(path), "%s/%s", g->repo, f->name);
	assert_int_equal(path_read_file(path, 1u << 26, &was, NULL), 0);
	assert_int_equal(truncate(path, (off_t)n), 0);
	wrong = ground_judge(g, f->name, n, true);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0 && path_write_fd(fd, buf_span(&was), NULL) == 0);
	close(fd);
	buf_done(&was);
	return wrong;
}

/* --- the identity --------------------------------------------------------------------------------- */

static uint64_t count_identity(const struct ground *g)
{
	return 8 * g->victim->identity.n;
}

/* A remark, or nothing of ours any more: either the same is restored, or nothing. */
static const char *play_identity(struct ground *g, uint64_t i, char what[300])
{
	struct reading *r = &g->reading;
	struct victim changed = *g->victim;
	const char *wrong;

	snprintf(what, 300, "identity: bit %d of byte %llu", (int)(i % 8), (unsigned long long)(i / 8));
	changed.identity = (struct buf)BUF_INIT;
	buf_put_span(&changed.identity, buf_span(&g->victim->identity));
	changed.identity.p[i / 8] ^= (uint8_t)(1u << i % 8);
	r->victim = &changed;
	reading_restore(r, g->repo);
	r->victim = g->victim;
	if (r->restored == 0) {
		wrong = reading_judge(r, MUST_BE_SAME, NULL);
		if (g->free_seen) {
			g->free_seen[FREE_REMARK]++;
		}
	} else {
		wrong = access(r->to, F_OK) == 0 ? "something was left behind" : NULL;
	}
	reading_clear(r);
	buf_done(&changed.identity);
	return wrong;
}

const struct kind change_kinds[] = {
	{ "bits of manifests", count_bits_of_manifest, play_bits_of_manifest, 0, 40, 20 },
	{ "bytes of heads", count_bytes_of_head, play_bytes_of_head, 0, 15, 10 },
	{ "bits of payload", count_bits_of_payload, play_bits_of_payload, 10000, 40, 20 },
	{ "bits of the checkpoint", count_bits_of_checkpoint, play_bits_of_checkpoint, 0, 15, 5 },
	{ "bits of tiles", count_bits_of_tiles, play_bits_of_tiles, 10000, 20, 10 },
	{ "lengths", count_cuts, play_cut, 0, 20, 10 },
	{ "bits of the identity", count_identity, play_identity, 0, 15, 5 },
	{ 0 },
};
