/*
 * no_memory.h: all of a process's memory comes by here, and may be refused.
 *
 * no_memory.c stands before the C library's malloc, calloc, realloc, posix_memalign and aligned_alloc, and before mmap
 * where that is asked for memory and not for a file.  Linked into a program or preloaded into one, it sees
 * the calls of every library, SQLite's and libsodium's, too.  Whoever links it says what is refused.
 */
#ifndef CU_TESTS_NO_MEMORY_H
#define CU_TESTS_NO_MEMORY_H
#include <stdbool.h>

/* To be written by whoever links no_memory.c: true: there is none, and errno says so.  asker: the place in the code
 * that asks.  May not allocate; any thread, at any time, even before main. */
bool no_memory_now(const void *asker);

#endif
