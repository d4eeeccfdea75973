/*
 * A fuzz target as a test: runs it over files, and over each file of directories.
 *
 *	fuzz_x PATH...
 *
 * Each input is run whole, and cut off at a few places, which costs nothing and finds
 *what only trusts an end.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "fuzz.h"

#define NCUTS 7

static unsigned nrun;

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
	for (int i = 1; i < argc; i++) {
		run_path(argv[i]);
	}
	printf("%u inputs\n", nrun);
	return nrun > 0 ? 0 : 1;
}
