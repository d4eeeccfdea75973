/*
 * fuzz.h: what the fuzz targets share.
 *
 * A target is one file with LLVMFuzzerTestOneInput.  Built by clang with -DCUSTOS_FUZZ
 * it is a fuzzer; otherwise replay.c runs it over the files that it is given, which is
 * a test.
 */
#ifndef CU_TESTS_FUZZ_H
#define CU_TESTS_FUZZ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A target may have a mutator of its own, so that inputs stay well formed where bytes alone stay
 * shallow: changes data in place, which has room for max bytes; returns the new size, above 0.
 * The other one changes bytes: libFuzzer's, or in tests replay.c's. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* Something that holds for every input; says what and aborts when it does not. */
void fuzz_must(bool holds, const char *what);

/* From now on libsodium's random bytes are the same in every run, so that an input that
 * fails does so again.  Before the first use of libsodium. */
void fuzz_fix_random(void);

/* A directory in memory, where there is one; removed when the process ends. */
void fuzz_make_dir(char dir[PATH_SIZE]);
void fuzz_empty_dir(const char *dir);

/* The first byte of an input often says how the rest is to be taken: 0 when there is
 * none. */
uint8_t fuzz_take(struct span *in);

/* What a seed decides, in a mutator: the same each time. */
struct fuzz_dice {
	uint64_t at;
};
uint64_t fuzz_roll(struct fuzz_dice *d);
size_t fuzz_below(struct fuzz_dice *d, size_t n); /* 0 .. n - 1 */
/* One of the words between bars, "a|b|c": it and its length; borrowed. */
const char *fuzz_word(struct fuzz_dice *d, const char *words, size_t *ret_n);

/* FNV-1a, to compare two readings of the same input. */
#define FUZZ_HASH_INIT 0xcbf29ce484222325u
uint64_t fuzz_hash(uint64_t h, const void *p, size_t n);

#endif
