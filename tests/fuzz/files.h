/*
 * files.h: files of something real, kept in memory, and put back on disk with changes.
 */
#ifndef CU_TESTS_FUZZ_FILES_H
#define CU_TESTS_FUZZ_FILES_H
#include "base/buf.h"
#include "fuzz.h"

#define FILES_MAX 32

struct files {
	struct {
		char path[128]; /* below the directory */
		struct buf bytes; /* of a large file without the zeros at its end */
		size_t size;
		bool is_changed; /* since files_put_all */
	} v[FILES_MAX];
	size_t n;
};

/* All below dir, by the order of their names. */
void files_take(struct files *f, const char *dir);
/* Makes dir, and in it all of them, as they were. */
void files_put_all(struct files *f, const char *dir);
/* Writes one with other bytes (p NULL: takes it away), and those that files_change wrote as they were. */
void files_change(struct files *f, const char *dir, size_t i, struct span bytes);
void files_put_back(struct files *f, const char *dir);

/* What a change of four bytes does to a file: place (two bytes), whether it is cut there, and else what is
 * flipped there. */
void files_edit(struct buf *bytes, uint16_t at, uint8_t how, uint8_t flip);

#endif
