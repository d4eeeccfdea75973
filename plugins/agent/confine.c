#include "agent/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sanitized.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* -- flags and limits -- */

/* A connection of libcurl has a few; 16 routes. */
#define MAX_FILES 256

int confine_prepare(struct cu_err *err)
{
	struct rlimit none = { 0, 0 }, files = { MAX_FILES, MAX_FILES };

	(void)umask(0077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)close_range(3, ~0u, 0); /* an old kernel: whoever started us left none open */
	/* http_proxy, SSL_CERT_FILE, LD_*, RES_OPTIONS: nobody tells us by these what to do */
	(void)clearenv();
	if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		(!IS_SANITIZED && prctl(PR_SET_DUMPABLE, 0) < 0)) {
		return cu_err_errno(err, errno, "limits of the process");
	}
	return 0;
}

/* -- Landlock -- */

/* linux/landlock.h; the header on the building machine may be older. */
struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

#define VERSION_FLAG   1u
#define RULE_PATH      1
#define READ_FILE      (1u << 2)
#define READ_DIR       (1u << 3)
/* Writing, removing and making of files and directories, cutting off.  No links, no devices. */
#define KEEP_FILES     (1u << 1 | 1u << 4 | 1u << 5 | 1u << 7 | 1u << 8 | 1u << 14)
#define ALL_BUT_IOCTL  15 /* rights to files of ABI 3; ABI 1 and 2 have 13 and 14 */

/* What resolving names, checking certificates and telling the time read. */
static const char *const always[] = { "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
	"/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/resolv.conf",
	"/run/systemd/resolve", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
	"/etc/services", "/etc/localtime", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/lib", "/lib64",
	"/usr/lib", "/usr/lib64", "/dev/urandom", "/dev/null" };

static void allow_path(int rules, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct path_rule rule = { rights, fd };
	struct stat st;

	if (fd < 0) {
		return; /* there is none here */
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		rule.allowed |= READ_DIR;
	}
	(void)syscall(SYS_landlock_add_rule, rules, RULE_PATH, &rule, 0);
	close(fd);
}

static bool lock_files(const char *const *files, size_t n, const char *const *dirs, size_t ndirs)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
	unsigned nrights = abi >= 3 ? ALL_BUT_IOCTL : abi == 2 ? 14 : 13;
	struct ruleset all = { .fs = (1u << nrights) - 1, .scoped = abi >= 6 ? 3 : 0 };
	size_t size = abi >= 6 ? sizeof(all) : sizeof(all.fs);
	bool is_locked;
	int rules;

	if (abi < 1) {
		return false;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (rules < 0) {
		return false;
	}
	for (size_t i = 0; i < COUNT(always); i++) {
		allow_path(rules, always[i], READ_FILE);
	}
	for (size_t i = 0; i < n; i++) {
		allow_path(rules, files[i], READ_FILE);
	}
	for (size_t i = 0; i < ndirs; i++) {
		allow_path(rules, dirs[i], READ_FILE | (KEEP_FILES & all.fs));
	}
	if (IS_SANITIZED) {
		allow_path(rules, "/proc", READ_FILE); /* a leak report looks at its own threads */
	}
	is_locked = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	close(rules);
	return is_locked;
}

/* -- seccomp -- */

/* What glibc, a resolver and OpenSSL need, and threads.  Left out above all: execve, ptrace and other
 * processes' memory, mounting, keys, modules, namespaces, io_uring, bpf. */
static const char *const calls[] = { "read", "readv", "pread64", "write", "writev", "pwrite64",
	"close", "close_range", "open", "openat", "stat", "lstat", "fstat", "newfstatat", "statx",
	"statfs", "fstatfs", "lseek", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
	"getcwd", "getdents64", "fcntl", "flock", "fsync", "fdatasync", "ftruncate", "ioctl", "dup",
	"dup2", "dup3", "pipe", "pipe2", "eventfd2", "mmap", "mprotect", "munmap", "mremap", "madvise",
	"brk", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "tgkill", "futex",
	"set_robust_list", "get_robust_list", "rseq", "sched_yield", "sched_getaffinity", "membarrier",
	"select", "pselect6", "poll", "ppoll", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday",
	"time", "getrandom", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid",
	"uname", "sysinfo", "restart_syscall", "exit", "exit_group", "connect", "bind", "sendto",
	"recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "shutdown", "getsockname",
	"getpeername", "setsockopt", "getsockopt", "socketpair" };

/* Whoever keeps backups in a directory changes names there, too. */
static const char *const to_keep_files[] = { "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
	"renameat", "renameat2", "fadvise64", "fallocate" };

#define LOW_32_BITS 0xffffffffu

static int allow_all(scmp_filter_ctx filter, const char *const *list, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		int call = seccomp_syscall_resolve_name(list[i]);

		if (call != __NR_SCMP_ERROR) { /* another architecture has not all */
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
		}
	}
	return r;
}

/* Threads, no processes: clone3 hides its flags, glibc does without. */
static int allow_threads(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (r == 0) {
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, 0x10000 /* CLONE_THREAD */, 0x10000));
	}
	if (r == 0) {
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
			SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	}
	return r;
}

/* The Internet; nobody on this machine, and nothing below IP. */
static int allow_internet(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_32_BITS, AF_INET));

	return r < 0 ? r :
		       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			       SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_32_BITS, AF_INET6));
}

static bool lock_calls(bool keeps_files)
{
	scmp_filter_ctx filter;
	bool is_locked;

	if (IS_SANITIZED) {
		return false;
	}
	/* refused, not killed: a resolver that may not ask one way asks another */
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter) {
		return false;
	}
	is_locked = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
		allow_all(filter, calls, COUNT(calls)) == 0 &&
		allow_all(filter, to_keep_files, keeps_files ? COUNT(to_keep_files) : 0) == 0 && allow_threads(filter) == 0 &&
		allow_internet(filter) == 0 && seccomp_load(filter) == 0;
	seccomp_release(filter);
	return is_locked;
}

struct confinement confine_lock(const char *const *files, size_t nfiles, const char *const *dirs,
	size_t ndirs)
{
	struct confinement has;

	has.has_landlock = lock_files(files, nfiles, dirs, ndirs);
	has.has_seccomp = lock_calls(ndirs > 0);
	return has;
}
