#include "intake/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sanitized.h"

/* -- limits and flags -- */

/* The largest row, the line made of it while it doubles (emit.c), the charset modules and
 * libc come to about 300 MiB. */
#define MAX_MEMORY_BYTES (512u << 20)

#define MAX_FILES 16 /* enough for iconv to load a module */

static int set_limit(__rlimit_resource_t what, rlim_t value, struct cu_err *err)
{
	struct rlimit limit = { value, value };

	if (setrlimit(what, &limit) < 0) {
		return cu_err_errno(err, errno, "limit %d", (int)what);
	}
	return 0;
}

static int set_limits(struct cu_err *err)
{
	static const struct {
		__rlimit_resource_t what;
		rlim_t value;
		bool breaks_sanitizer;
	} rows[] = {
		{ RLIMIT_AS, MAX_MEMORY_BYTES, true },
		{ RLIMIT_NOFILE, MAX_FILES, true },
		{ RLIMIT_NPROC, 0, true },
		{ RLIMIT_FSIZE, 0, false },
		{ RLIMIT_CORE, 0, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (IS_SANITIZED && rows[i].breaks_sanitizer) {
			continue;
		}
		if (set_limit(rows[i].what, rows[i].value, err) < 0) {
			return CU_EIO;
		}
	}
	return 0;
}

static int set_flags(struct cu_err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		(!IS_SANITIZED && prctl(PR_SET_DUMPABLE, 0) < 0)) {
		cu_err_errno(err, errno, "process flags");
		return CU_EIO;
	}
	return 0;
}

/* An old kernel, or a container's filter that does not know the call. */
static void close_one_by_one(void)
{
	long max = sysconf(_SC_OPEN_MAX);

	for (int fd = SANDBOX_INPUT_FD + 1; fd < (max < 0 || max > 65536 ? 65536 : max); fd++) {
		(void)close(fd); /* most are not open */
	}
}

int sandbox_prepare(struct cu_err *err)
{
	int r;

	if (close_range(SANDBOX_INPUT_FD + 1, ~0u, 0) < 0) {
		close_one_by_one();
	}
	/* A reader that has gone is an error of write(), and so is a log on disk, which
	 * RLIMIT_FSIZE ends. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	/* GCONV_PATH would have iconv load modules from anywhere. */
	(void)clearenv();
	r = set_limits(err);
	return r < 0 ? r : set_flags(err);
}

/* -- Landlock -- */

/* linux/landlock.h of ABI 7; the header on the building machine may be older.  Without a
 * single rule, whatever is handled is denied. */
struct ruleset {
	uint64_t fs;     /* ABI 1 */
	uint64_t net;    /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

#define LANDLOCK_VERSION_FLAG 1u

static struct ruleset all_that_is_known(long abi)
{
	/* Rights to files by ABI: 13 at first; refer in 2, truncate in 3, ioctl in 5. */
	unsigned nfs = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;

	return (struct ruleset){
		.fs = (1u << nfs) - 1,
		.net = abi >= 4 ? 3 : 0,    /* bind and connect of TCP */
		.scoped = abi >= 6 ? 3 : 0, /* abstract sockets and signals */
	};
}

static size_t ruleset_size(long abi)
{
	return abi >= 6 ? sizeof(struct ruleset)
		: abi >= 4 ? offsetof(struct ruleset, scoped)
			   : offsetof(struct ruleset, net);
}

bool sandbox_lock_files(void)
{
	long abi, fd;
	struct ruleset rules;
	bool is_locked;

	if (IS_SANITIZED) {
		return false;
	}
	abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
	if (abi < 1) {
		return false;
	}
	rules = all_that_is_known(abi);
	fd = syscall(SYS_landlock_create_ruleset, &rules, ruleset_size(abi), 0);
	if (fd < 0) {
		return false;
	}
	is_locked = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	(void)close((int)fd);
	return is_locked;
}

/* -- seccomp -- */

#define LOW_32_BITS 0xffffffffu /* what the kernel reads of a descriptor or of flags */

static int allow(scmp_filter_ctx filter, int call)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

static int allow_on_fd(scmp_filter_ctx filter, int call, unsigned fd)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_32_BITS, fd));
}

/* Memory of nobody's file, and not to be executed. */
static int allow_memory(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(madvise) };
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));

	for (size_t i = 0; r == 0 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		r = allow(filter, calls[i]);
	}
	return r;
}

/* The file in, the lines and the log out. */
static int allow_streams(scmp_filter_ctx filter)
{
	int r = allow_on_fd(filter, SCMP_SYS(read), SANDBOX_INPUT_FD);

	if (r == 0) {
		r = allow_on_fd(filter, SCMP_SYS(write), STDOUT_FILENO);
	}
	if (r == 0) {
		r = allow_on_fd(filter, SCMP_SYS(write), STDERR_FILENO);
	}
	if (r == 0) { /* isatty, by which log.c chooses its form */
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2,
			SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_32_BITS, STDERR_FILENO),
			SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_32_BITS, TCGETS));
	}
	return r;
}

static int allow_end(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(exit), SCMP_SYS(exit_group),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall) };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		r = allow(filter, calls[i]);
	}
	return r;
}

bool sandbox_lock_calls(void)
{
	scmp_filter_ctx filter;
	bool is_locked;

	if (IS_SANITIZED) {
		return false;
	}
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter) {
		return false;
	}
	/* The native architecture alone is in the filter; a call in another's convention is
	 * as dead as one that is not on the list. */
	is_locked = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
		allow_memory(filter) == 0 && allow_streams(filter) == 0 &&
		allow_end(filter) == 0 && seccomp_load(filter) == 0;
	seccomp_release(filter);
	return is_locked;
}

struct sandbox sandbox_lock(void)
{
	struct sandbox has;

	has.has_landlock = sandbox_lock_files();
	if (!IS_SANITIZED) {
		/* From here on not one more descriptor, even where all else is missing. */
		(void)set_limit(RLIMIT_NOFILE, 0, NULL);
	}
	has.has_seccomp = sandbox_lock_calls();
	return has;
}
