/*
 * shim.h: what the shim in custosd's process writes down, and what the lab makes of it.
 *
 * shim.c is preloaded into custosd.  It passes every call on, so that what is written is
 * visible at once; before each change it notes what was there, and after each sync that the
 * changes it covers are durable.  A power cut is then: kill -9, and cut_power() takes back
 * what no sync covers.  A sync of a file covers its bytes, a sync of a directory the names in
 * it: POSIX promises no more.
 *
 * And while it is armed it counts the changes of the disk that all processes make which inherited it
 * (custosd, its errands, custos-agent), and does something else instead of the n-th.
 *
 * The environment tells it: SHIM_DIR where changes count (more such directories behind ':'),
 * SHIM_CONTROL a struct shim_control in a file, SHIM_NOTES the file for its notes (without it none are
 * taken), SHIM_GRAVES a directory for files that lost their name, SHIM_DEAF a part of a path: syncs
 * of such files do nothing and succeed, as in a program that forgot them.
 */
#ifndef CU_TESTS_SHIM_H
#define CU_TESTS_SHIM_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SHIM_PATH_SIZE 256

/* What happens instead of the n-th change. */
enum shim_how {
	SHIM_COUNT,    /* nothing else */
	SHIM_EXIT,     /* its process ends before it, as by kill -9 */
	SHIM_TEAR,     /* the same, but a write has put half of its bytes */
	SHIM_SHORT,    /* a write puts half of its bytes, and says so */
	SHIM_FAIL,     /* it fails with the error number; later ones work */
	SHIM_FAIL_ALL, /* it and all after it fail */
};

#define SHIM_STATUS 86 /* exit status of a process that ended so */

struct shim_control {
	atomic_uint_fast64_t nsyncs;  /* so far, of all starts */
	atomic_uint_fast64_t fail_at; /* this one fails with EIO; 0: none */
	atomic_uint_fast64_t nfailed;
	char failed[SHIM_PATH_SIZE];  /* of what */

	atomic_bool is_armed;
	atomic_uint_fast64_t nchanges; /* counted while it was armed */
	atomic_bool has_happened;
	uint64_t nth;                  /* from 1; set these before it is armed */
	enum shim_how how;
	int error_number;
	char change[SHIM_PATH_SIZE + 16]; /* that was hit: "fsync /path" */
};

enum note_kind {
	NOTE_BYTES,       /* nold bytes at `at`, and the size, before a change */
	NOTE_TRUNCATED,   /* the same, before the file lost them all at once */
	NOTE_CREATED,     /* a name: of a file or a directory */
	NOTE_UNLINKED,    /* a name; what it stood for has the grave */
	NOTE_REMOVED_DIR, /* a name */
	NOTE_RENAMED,     /* from, to path; what was replaced has the grave */
	NOTE_SYNCED,      /* changes of inode that were noted before upto are durable */
	NOTE_FAILED,      /* such changes will never be: the kernel has dropped them */
};

/* Followed by nold bytes. */
struct note {
	uint32_t kind, nold;
	uint64_t inode;   /* of the file whose bytes change; of the directory of a name; synced */
	uint64_t subject; /* the inode that has the name */
	uint64_t at, old_size, upto;
	uint64_t grave;   /* the number of its file in SHIM_GRAVES; 0: none */
	char path[SHIM_PATH_SIZE], from[SHIM_PATH_SIZE];
};

/* Takes back what is not durable; custosd is dead.  is_random: of what is not durable each
 * sector, truncation and name is lost or kept by the toss of a coin, as disks do; else all is lost.
 * Returns how many changes were taken back. */
unsigned cut_power(const char *dir, const char *notes, const char *graves, bool is_random,
	unsigned seed);

#endif
