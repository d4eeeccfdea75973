#include "fuzz.h"

#include <ftw.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fuzz_must(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz: this does not hold: %s\n", what);
		abort();
	}
}

uint8_t fuzz_take(struct span *in)
{
	uint8_t first = in->n > 0 ? in->p[0] : 0;

	if (in->n > 0) {
		*in = span_of(in->p + 1, in->n - 1);
	}
	return first;
}

uint64_t fuzz_hash(uint64_t h, const void *p, size_t n)
{
	const uint8_t *at = p;

	for (size_t i = 0; i < n; i++) {
		h = (h ^ at[i]) * 0x100000001b3u;
	}
	return h;
}

/* --- chance ----------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014), its n-th number */
static uint64_t mix(uint64_t n)
{
	uint64_t z = n * 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t fuzz_roll(struct fuzz_dice *d)
{
	return mix(++d->at);
}

size_t fuzz_below(struct fuzz_dice *d, size_t n)
{
	return (size_t)(fuzz_roll(d) % n);
}

const char *fuzz_word(struct fuzz_dice *d, const char *words, size_t *ret_n)
{
	size_t nwords = 1;

	for (const char *p = words; *p; p++) {
		nwords += *p == '|';
	}
	for (size_t i = fuzz_below(d, nwords); i > 0; i--) {
		words = strchr(words, '|') + 1;
	}
	*ret_n = strcspn(words, "|");
	return words;
}

/* --- the same random bytes each time ---------------------------------------------- */

static atomic_uint_fast64_t drawn;

static const char *name(void)
{
	return "the same in each run";
}

static uint64_t next(void)
{
	return mix(atomic_fetch_add(&drawn, 1));
}

static uint32_t next_32(void)
{
	return (uint32_t)next();
}

static void fill(void *const to, const size_t n)
{
	uint8_t *at = to;

	for (size_t i = 0; i < n; i++) {
		at[i] = (uint8_t)next();
	}
}

void fuzz_fix_random(void)
{
	static struct randombytes_implementation fixed = {
		.implementation_name = name, .random = next_32, .buf = fill
	};

	randombytes_set_implementation(&fixed);
	fuzz_must(sodium_init() >= 0, "libsodium starts");
}

/* --- directories ------------------------------------------------------------------ */

static char made[8][PATH_SIZE];
static unsigned nmade;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return at->level > 0 ? remove(path) : 0;
}

void fuzz_empty_dir(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_made(void)
{
	for (unsigned i = 0; i < nmade; i++) {
		fuzz_empty_dir(made[i]);
		rmdir(made[i]);
	}
}

void fuzz_make_dir(char dir[PATH_SIZE])
{
	bool has_memory = access("/dev/shm", W_OK) == 0;

	fuzz_must(nmade < sizeof(made) / sizeof(made[0]), "few directories are enough");
	snprintf(dir, PATH_SIZE, "%s/custos-fuzz-XXXXXX",
		has_memory ? "/dev/shm" : "/tmp");
	fuzz_must(mkdtemp(dir) != NULL, "a directory can be made");
	strcpy(made[nmade], dir);
	if (nmade++ == 0) {
		atexit(remove_made);
	}
}
