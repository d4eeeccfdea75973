/*
 * calls.h: the system calls that a process may still make: one list, by groups with a reason each.
 *
 * seccomp(2).  A call on the list is made.  One that no library tries by itself, and that somebody who
 * has broken in wants first (other programs, other processes' memory, mounts, namespaces, the kernel's
 * own machinery), ends the process.  Any other does not exist: ENOSYS, so that a newer libc or libuv
 * does without, and the kernel logs its number (calls.c says how it is read).  Of some calls only what
 * is needed is allowed: sockets of no network, threads and no processes, no memory that is both written
 * and run.
 *
 * A build with AddressSanitizer has a group more: its report of leaks is a process that looks at another.
 */
#ifndef CU_CAGE_CALLS_H
#define CU_CAGE_CALLS_H
#include <stdbool.h>

enum calls_of {
	CALLS_DAEMON,   /* files, Unix sockets, threads */
	CALLS_ERRAND,   /* no sockets: a drill, a search, a restore */
	CALLS_LAUNCHER, /* starts programs; the list goes on to them, and each has a narrower one of its own */
};

/* In force from now on; false: the kernel has no seccomp, or it is not to be had here.  Before the
 * first thread; with no_new_privs. */
bool calls_lock(enum calls_of of);

#endif
