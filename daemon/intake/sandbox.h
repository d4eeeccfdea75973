/*
 * sandbox.h: the process gives up everything that parsing does not need.
 *
 * In this order: sandbox_prepare, what must still open files, sandbox_lock, the parsing.
 * After sandbox_lock the process can read descriptor 3, write to 1 and 2, take memory, and
 * end; any other system call kills it.  What the kernel does not have is left out and
 * reported.  A build with AddressSanitizer keeps out seccomp, Landlock and the limits on
 * memory, files and processes (its reports need files, a second process and terabytes of
 * address space), and says so the same way.
 *
 * Single-threaded processes only.
 */
#ifndef CU_INTAKE_SANDBOX_H
#define CU_INTAKE_SANDBOX_H
#include <stdbool.h>

struct cu_err;

#define SANDBOX_INPUT_FD 3

struct sandbox {
	bool has_seccomp, has_landlock;
};

/* Closes descriptors above SANDBOX_INPUT_FD, sets the limits and the flags that a process
 * sets on itself, empties the environment, and dies with its parent from now on.  CU_EIO. */
int sandbox_prepare(struct cu_err *err);

/* No file system, no sockets, and then no system calls.  What is missing is false. */
struct sandbox sandbox_lock(void);

/* The two halves of sandbox_lock, for tests: whether it is now in force. */
bool sandbox_lock_files(void);
bool sandbox_lock_calls(void);

#endif
