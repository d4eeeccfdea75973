/*
 * fault_sqlite.h: SQLite's writes and syncs under fault.h.
 *
 * libsqlite3 is a shared library, which the linker's --wrap does not reach, and its syncs
 * cannot be set by xSetSystemCall.  So a VFS stands before the default one: reading, locking and
 * shared memory are passed on; what changes a file (xWrite, xTruncate, xSync, xDelete) is
 * done by fault.h's calls on a descriptor of our own.  Closing that one drops the process's
 * POSIX locks: fine for tests, in which one process has the database.
 */
#ifndef CU_TESTS_FAULT_SQLITE_H
#define CU_TESTS_FAULT_SQLITE_H

/* From now on all databases are opened so.  Once, before the first. */
void fault_sqlite_register(void);

#endif
