/*
 * fault_undo.h: what a power cut takes back: every change that no sync has covered.
 *
 * A list of changes with what was there before.  A sync of a file forgets its writes, a sync
 * of a directory forgets the names made, moved or removed in it: POSIX promises no more, and
 * here a file system keeps no more.  Used by fault.c alone.  O_TRUNC of a file that exists is
 * not noted.
 */
#ifndef CU_TESTS_FAULT_UNDO_H
#define CU_TESTS_FAULT_UNDO_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Descriptors of this file are not below. */
#define UNDO_FIRST_FD 256

/* Each is called just before the change. */
void undo_note_write(int fd, off_t at, size_t n);
void undo_note_resize(int fd, off_t size);
void undo_note_create(const char *path); /* of a file or a directory */
void undo_note_unlink(const char *path);
void undo_note_rmdir(const char *path);
void undo_note_rename(const char *from, const char *to);

/* A sync of fd has succeeded. */
void undo_forget(int fd);

/* Puts back, newest first; with is_random each sector and each name by the toss of a coin. */
void undo_all(bool is_random, unsigned seed);

/* The C library's own functions, which fault.c has wrapped. */
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __real_openat(int dir, const char *path, int flags, ...);
int __real_ftruncate(int fd, off_t size);

#endif
