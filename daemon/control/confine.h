/*
 * confine.h: what custosd and what it starts give up before they begin (cage/calls.h, cage/landlock.h).
 *
 * It happens once, before the first thread; afterwards nobody can take it back.  What the kernel does not
 * have is left out, and status says so.
 */
#ifndef CU_CONTROL_CONFINE_H
#define CU_CONTROL_CONFINE_H
#include <stdbool.h>
#include <stddef.h>

struct cu_err;
struct daemon;
struct daemon_options;
struct json;
struct launcher_programs;
struct policy;

struct confined {
	int landlock; /* the ABI in force; 0: none */
	bool has_seccomp;
};

/* custosd: no network, no program; of the file system the state directory, the targets of its policies,
 * those policies, its sockets' directory, and what it takes to tell time and storage.  After the policies
 * are read and the state directory is there. */
void confine_daemon(struct daemon *d, const struct daemon_options *options);

/* The launcher: it starts these programs and custosd itself, and nothing else. */
void confine_launcher(const struct launcher_programs *programs, int self);

/* A drill, a look for erased people, a search of raw files: own is a directory for what it builds, or
 * NULL; it reads the others.  And a restore, whose paths are the caller's business: calls alone. */
void confine_errand(const char *own, const char *const *read, size_t n);
void confine_restore(void);

/* Every target of these policies lies where custosd may still go.  CU_EUNAVAIL, with the remedy. */
int confine_check(const struct policy *p, struct cu_err *err);
/* One of them, before it is used: a disk may have been mounted over it since. */
int confine_check_path(const char *path, struct cu_err *err);

void confine_status(const struct daemon *d, struct json *out);
/* What is missing, in plain words. */
void confine_warn(const struct daemon *d, struct json *lines);

#endif
