/*
 * landlock.h: the files that a process may still touch.
 *
 * landlock(7).  Begin, allow, lock: whatever was handled and not allowed is denied from then on, to this
 * process and all that it starts, on top of what users and modes say.  A rule is of the file or directory
 * that lies at a path now, and of what lies below that: what is mounted or put in its place later is
 * outside (landlock_denies tells).  Where the kernel has no Landlock, or one before ABI 2 (5.19), which
 * forbids every rename between directories, nothing is locked, and that is reported.
 *
 * Single-threaded processes with no_new_privs.
 */
#ifndef CU_CAGE_LANDLOCK_H
#define CU_CAGE_LANDLOCK_H
#include <stdbool.h>
#include <stdint.h>

#define LANDLOCK_TCP_ABI 4 /* from here on TCP can be handled, too */

enum landlock_scope {
	LANDLOCK_ALL,     /* files, TCP, signals and abstract sockets to whoever is outside */
	LANDLOCK_RUNNING, /* only which programs may be started */
};

enum landlock_right {
	LANDLOCK_READ,    /* files and directories */
	LANDLOCK_OWN,     /* regular files and directories: everything but to run them */
	LANDLOCK_SOCKETS, /* of a directory: Unix sockets are made and removed */
	LANDLOCK_DEVICE,  /* to read and write what is there */
	LANDLOCK_RUN,     /* to start it */
};

struct landlock {
	int fd;           /* -1: there is none */
	int abi;          /* of the kernel; 0: none that helps */
	uint64_t handled; /* rights to files */
};

/* ABI of the kernel; 0: it has none, or it is not to be had here. */
int landlock_abi(void);

/* Abstract sockets stay reachable where keeps_abstract: $NOTIFY_SOCKET may be one. */
void landlock_begin(struct landlock *l, enum landlock_scope scope, bool keeps_abstract);
/* What is not there is left out. */
void landlock_allow(struct landlock *l, const char *path, enum landlock_right right);
void landlock_allow_fd(struct landlock *l, int fd, enum landlock_right right);
/* In force from now on: its ABI, or 0.  Releases l. */
int landlock_lock(struct landlock *l);

/* Users and modes allow to look into this directory, or into the nearest above it that is there, and
 * Landlock does not. */
bool landlock_denies(const char *path);

#endif
