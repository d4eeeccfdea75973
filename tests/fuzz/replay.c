/*
 * A fuzz target as a test: runs it over files, and over each file of directories.
 *
 *	fuzz_x [--drawn N] PATH...
 *
 * Each input is run whole, and cut off at a few places, which costs nothing and finds
 * what only trusts an end.  With --drawn, a target that has a mutator is given N changes of
 * each as well, one after the other, by seeds that are the same each time.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "fuzz.h"

#define NCUTS     7
#define DRAWN_MAX 4096 /* bytes */

#pragma weak LLVMFuzzerCustomMutator

static unsigned nrun, ndrawn;
static struct fuzz_dice dice;

/* One byte, at most: what a mutator does itself is what is tried here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	if (size < max && fuzz_below(&dice, 4) == 0) {
		data[size++] = (uint8_t)fuzz_roll(&dice);
	} else if (size > 0) {
		data[fuzz_below(&dice, size)] ^= (uint8_t)(1u << fuzz_below(&dice, 8));
	}
	return size;
}

static void run_exactly(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n + 1); /* of this very size, so that overruns show */

	fuzz_must(copy != NULL, "there is memory");
	if (n > 0) {
		memcpy(copy, p, n);
	}
	copy = realloc(copy, n > 0 ? n : 1);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void run_drawn(struct span from)
{
	uint8_t data[DRAWN_MAX];
	size_t n = from.n < sizeof(data) ? from.n : sizeof(data);

	if (n > 0) {
		memcpy(data, from.p, n);
	}
	for (unsigned i = 0; i < ndrawn; i++) {
		n = LLVMFuzzerCustomMutator(data, n, sizeof(data), nrun * 1000 + i);
		run_exactly(data, n);
	}
}

static void run_file(const char *path)
{
	struct buf b = BUF_INIT;
	struct cu_err err;

	if (path_read_file(path, 1u << 24, &b, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
	for (size_t i = 0; i <= NCUTS; i++) {
		run_exactly(b.p, b.n - b.n * i / (NCUTS + 1));
	}
	if (ndrawn > 0) {
		run_drawn(buf_span(&b));
	}
	buf_done(&b);
	nrun++;
}

static void run_path(const char *path)
{
	struct stat st;
	struct dirent **names;
	char below[PATH_SIZE];
	int n;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		run_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0) {
		perror(path);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			snprintf(below, sizeof(below), "%s/%s", path, names[i]->d_name);
			run_path(below);
		}
		free(names[i]);
	}
	free(names);
}

int main(int argc, char *argv[])
{
	int at = 1;

	if (argc > 2 && strcmp(argv[1], "--drawn") == 0) {
		ndrawn = (unsigned)atoi(argv[2]);
		fuzz_must(LLVMFuzzerCustomMutator != NULL, "there is a mutator");
		at = 3;
	}
	for (; at < argc; at++) {
		run_path(argv[at]);
	}
	printf("%u inputs, %u changes of each\n", nrun, ndrawn);
	return nrun > 0 ? 0 : 1;
}
