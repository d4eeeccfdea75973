/*
 * cuts.h: from a trace of changes, every state of the disk that a power cut may leave.
 *
 * What a sync covers is there: of a file its bytes, of a directory the names in it.  POSIX promises
 * no more, so of everything else each change may be there or not, a write in part, in any order.
 * At each moment of the trace these are made of it: each prefix in order, from all lost to all
 * kept; each change missing alone, and there alone; all changes of one file or directory missing,
 * and there alone; each write torn at each 512 bytes, and so at each page, its first part there and
 * its last; a file grown and its bytes not; a rename of which one name is there, both, or none;
 * where it is few changes, each set of them; and some drawn sector by sector.  The same state is
 * found once.
 */
#ifndef CU_TESTS_MODEL_CUTS_H
#define CU_TESTS_MODEL_CUTS_H
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "fault_trace.h"

/* X(id, what of the changes that no sync covers is there) */
#define CUT_WAYS(X)                                                        \
	X(PREFIX,     "those before it are")                                \
	X(OMITTED,    "all but it")                                         \
	X(ALONE,      "it alone")                                           \
	X(FILE_LOST,  "all but those of its file or directory")             \
	X(FILE_ALONE, "those of its file or directory")                     \
	X(FIRST,      "all, and of it the first bytes")                     \
	X(LAST,       "all, and of it the last bytes")                      \
	X(SIZE,       "all, and of it the size")                            \
	X(SIZES,      "all, and of its file the size")                      \
	X(BOTH_NAMES, "all, and of it the new name beside the old")         \
	X(NO_NAME,    "all, and of it only that the old name is gone")      \
	X(SUBSET,     "a set of them")                                      \
	X(DRAWN,      "sectors and names as they were drawn")

enum cut_way {
#define X(id, text) CUT_##id,
	CUT_WAYS(X)
#undef X
	CUT_NWAYS
};

struct cut {
	uint64_t hash;
	uint32_t point; /* before this change of the trace */
	uint32_t op;    /* it */
	uint32_t at;    /* FIRST, LAST: bytes; SUBSET: the set; DRAWN: the seed */
	uint32_t promise; /* the last mark that was made before, from 1; 0: none */
	enum cut_way way;
};

struct cuts {
	struct cut *v;
	size_t n;
	unsigned long nmade; /* the same ones counted again */
};

/* before: the disk at the trace's beginning.  each: 1 for all moments; else every so many, from
 * number first on, and the last. */
void cuts_find(const struct trace *t, const struct disk *before, unsigned each, unsigned first,
	struct cuts *ret);
void cuts_done(struct cuts *c);
/* The file or directory that its change is of. */
uint64_t cut_holder(const struct trace *t, const struct cut *c);
struct disk *cut_make(const struct trace *t, const struct disk *before, const struct cut *c);
/* A line for people; it begins with the words that name it, and they are read again: false for others. */
void cut_print(const struct trace *t, const struct cut *c, char *to, size_t size);
bool cut_parse(const char *text, const struct trace *t, struct cut *ret);

#endif
