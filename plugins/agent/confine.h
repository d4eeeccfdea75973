/*
 * confine.h: what custos-agent gives up before it speaks with anybody outside.
 *
 * confine_prepare first of all; plugins are loaded and routes opened; then confine_lock, before the
 * first thread.  What the kernel does not have is left out and reported.  A build with
 * AddressSanitizer keeps out seccomp, and may read /proc: its reports need that.
 */
#ifndef CU_AGENT_CONFINE_H
#define CU_AGENT_CONFINE_H
#include <stdbool.h>
#include <stddef.h>

struct cu_err;

struct confinement {
	bool has_landlock, has_seccomp;
};

/* No core dumps, no new privileges, nobody looks into the process, no environment, no descriptors but
 * 0 to 2. CU_EIO. */
int confine_prepare(struct cu_err *err);

/* From now on: of the file system only what resolving names and checking certificates takes, and
 * these files (read), and below these directories (read, write, remove); no programs; no Unix sockets; no calls but those on a list. */
struct confinement confine_lock(const char *const *files, size_t nfiles, const char *const *dirs,
	size_t ndirs);

#endif
