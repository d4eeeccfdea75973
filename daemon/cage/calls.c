/*
 * What was refused with ENOSYS is a line of the kernel's log, and with systemd of the journal:
 *	journalctl -k -g 'type=1326.*custosd'
 * and its "syscall=NUMBER" is named by
 *	scmp_sys_resolver NUMBER
 */
#include "cage/calls.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/sanitized.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define D (1u << CALLS_DAEMON)
#define E (1u << CALLS_ERRAND)
#define L (1u << CALLS_LAUNCHER)
#define S (1u << 3) /* whichever, under AddressSanitizer */

/* clang-format off */
static const struct {
	unsigned of;
	const char *calls, *why;
} allowed[] = {
	{ D | E | L, "read readv pread64 preadv write writev pwrite64 pwritev lseek close close_range dup "
		"dup2 dup3 fcntl",
	  "descriptors" },
	{ D | E | L, "open openat stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2 "
		"readlink readlinkat getcwd getdents64 flock",
	  "files are opened and looked at; which, is Landlock's business" },
	{ D | E | L, "fsync fdatasync sync_file_range ftruncate fallocate fadvise64 mkdir mkdirat rename renameat "
		"renameat2 unlink unlinkat rmdir chmod fchmod fchmodat fchown umask utimensat memfd_create",
	  "files are written, made durable, named and removed: databases, log, repositories" },
	{ D, "link",
	  "no file of ours has two names, but with the lab of power cuts (tests/fault/shim.c)" },
	{ D | E | L, "brk munmap mremap madvise mincore mlock mlock2 munlock msync membarrier",
	  "memory; keys are locked into it" },
	{ D | E | L, "futex set_robust_list get_robust_list rseq sched_yield sched_getaffinity set_tid_address "
		"gettid exit exit_group",
	  "threads" },
	{ D | E | L, "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending sigaltstack restart_syscall",
	  "signals that arrive" },
	{ D | E | L, "poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 "
		"eventfd2 pipe pipe2",
	  "libuv's loop" },
	{ D | E | L, "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time getrandom uname "
		"sysinfo getrusage getpid getppid getuid geteuid getgid getegid getgroups getresuid getresgid "
		"prlimit64 getrlimit sched_getparam sched_getscheduler",
	  "what time it is, who this is, what there is; prlimit64 is getrlimit by another name, and without "
	  "privileges raises nothing" },
	{ D | L, "bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt "
		"sendto sendmsg recvfrom recvmsg",
	  "the control socket, the agent's, the launcher's, systemd's and the journal's" },
	{ D | L, "wait4 waitid",
	  "for the launcher, at the end" },
	{ L, "execve execveat fork vfork kill tgkill setgroups setresuid setresgid setrlimit prctl seccomp arch_prctl "
		"landlock_create_ruleset landlock_add_rule landlock_restrict_self ioctl socketpair sendmmsg "
		"recvmmsg mmap mmap2 mprotect",
	  "others are started, as another user where root started us; each locks itself in further" },
	{ D | E | L, "clone3",
	  "threads of a newer libc: refuse_clone3 has the last word" },
	{ S, "ptrace process_vm_readv wait4 clone prctl mmap mprotect personality ioctl kill socketpair "
		"getdents",
	  "reports of leaks" },
};

/* If (argument & mask) == value. */
static const struct {
	unsigned of;
	const char *call;
	unsigned arg;
	uint64_t mask, value;
	const char *why;
} allowed_if[] = {
#define LOW 0xffffffffu /* what the kernel reads of an int */
	{ D | L, "socket", 0, LOW, AF_UNIX, "no network" },
	{ D, "socketpair", 0, LOW, AF_UNIX, "" },
	{ L, "socket", 0, LOW, AF_INET, "custos-agent's" },
	{ L, "socket", 0, LOW, AF_INET6, "" },
	{ D | E, "clone", 0, CLONE_THREAD, CLONE_THREAD, "threads, no processes" },
	{ L, "clone", 0, CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		CLONE_NEWUTS | CLONE_NEWCGROUP, 0, "processes, no namespaces" },
	{ D | E, "mmap", 2, PROT_WRITE | PROT_EXEC, 0, "memory that is written or run, not both" },
	{ D | E, "mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE, "" },
	{ D | E, "mmap", 2, PROT_WRITE | PROT_EXEC, PROT_EXEC, "a charset's module, a resolver of users" },
	{ D | E, "mmap2", 2, PROT_WRITE | PROT_EXEC, 0, "the same of 32 bits" },
	{ D | E, "mmap2", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE, "" },
	{ D | E, "mmap2", 2, PROT_WRITE | PROT_EXEC, PROT_EXEC, "" },
	{ D | E, "mprotect", 2, PROT_EXEC, 0, "what was data stays data" },
	{ D | E, "prctl", 0, LOW, PR_SET_NAME, "threads have names" },
	{ D | E, "prctl", 0, LOW, PR_GET_NAME, "" },
	{ D, "prctl", 0, LOW, PR_GET_DUMPABLE, "doctor looks whether a crash would leave a core" },
	{ D | E, "prctl", 0, LOW, 0x53564d41, "PR_SET_VMA: a newer libc names its memory" },
	{ D | E, "ioctl", 1, LOW, FIONREAD, "libuv" },
	{ D | E, "ioctl", 1, LOW, FIONBIO, "" },
	{ D | E, "ioctl", 1, LOW, FIOCLEX, "" },
	{ D | E, "ioctl", 1, LOW, TCGETS, "isatty(3)" },
	{ D | E, "ioctl", 1, LOW, TIOCGWINSZ, "" },
	{ D | E, "ioctl", 1, LOW, FS_IOC_GETFLAGS, "whether btrfs overwrites in place" },
	{ D | E, "ioctl", 1, LOW, FS_IOC_SETFLAGS, "that it does" },
};

/* No library tries these by itself: who does is ended. */
static const struct {
	unsigned of;
	const char *calls, *why;
} deadly[] = {
	{ D | E, "execve execveat fork vfork", "other programs" },
	{ D | E | L, "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp",
	  "other processes' memory and descriptors" },
	{ D | E | L, "mount umount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick "
		"mount_setattr setns unshare swapon swapoff acct quotactl open_by_handle_at name_to_handle_at",
	  "another view of the file system" },
	{ D | E | L, "bpf perf_event_open userfaultfd init_module finit_module delete_module kexec_load "
		"kexec_file_load iopl ioperm reboot syslog lookup_dcookie fanotify_init vhangup modify_ldt",
	  "the kernel's own machinery, where its holes are" },
	{ D | E | L, "add_key request_key keyctl", "the kernel's key rings" },
	{ D | E | L, "settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname",
	  "the machine's" },
};
/* clang-format on */

#undef D
#undef E
#undef L

/* --- a filter --------------------------------------------------------------------------- */

/* A call that this architecture does not have is left out. */
static int add_one(scmp_filter_ctx filter, uint32_t action, const char *name)
{
	int call = seccomp_syscall_resolve_name(name);

	return call == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, call, 0);
}

static int add_each(scmp_filter_ctx filter, uint32_t action, const char *calls)
{
	char names[512], *rest = names, *name;
	int r = 0;

	assert(strlen(calls) < sizeof(names));
	snprintf(names, sizeof(names), "%s", calls);
	while (r == 0 && (name = strsep(&rest, " ")) != NULL) {
		/* under AddressSanitizer a report of leaks is somebody who looks at us */
		if (!IS_SANITIZED || action == SCMP_ACT_ALLOW ||
			(strcmp(name, "ptrace") != 0 && strcmp(name, "process_vm_readv") != 0)) {
			r = add_one(filter, action, name);
		}
	}
	return r;
}

static int add_if(scmp_filter_ctx filter, size_t i)
{
	int call = seccomp_syscall_resolve_name(allowed_if[i].call);

	return call == __NR_SCMP_ERROR ? 0 :
		seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
			SCMP_CMP(allowed_if[i].arg, SCMP_CMP_MASKED_EQ, allowed_if[i].mask,
				allowed_if[i].value));
}

/* abort(), which ends a process by a signal to itself; nobody else gets one. */
static int add_abort(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, LOW, (scmp_datum_t)getpid()));
}

static int add_list(scmp_filter_ctx filter, unsigned of)
{
	int r = add_abort(filter);

	for (size_t i = 0; r == 0 && i < COUNT(allowed); i++) {
		if (allowed[i].of & of) {
			r = add_each(filter, SCMP_ACT_ALLOW, allowed[i].calls);
		}
	}
	for (size_t i = 0; r == 0 && i < COUNT(allowed_if); i++) {
		if (allowed_if[i].of & of) {
			r = add_if(filter, i);
		}
	}
	for (size_t i = 0; r == 0 && i < COUNT(deadly); i++) {
		if (deadly[i].of & of) {
			r = add_each(filter, SCMP_ACT_KILL_PROCESS, deadly[i].calls);
		}
	}
	return r;
}

static bool load_list(unsigned of)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	bool is_loaded;

	if (!filter) {
		return false;
	}
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);      /* a kernel before 4.14 */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree; else a long row */
	is_loaded = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
		add_list(filter, of) == 0 && seccomp_load(filter) == 0;
	seccomp_release(filter);
	return is_loaded;
}

/* clone3 hides its flags in memory, and glibc does without, for each thread anew. By a filter of its own,
 * which does not log. */
static bool refuse_clone3(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool is_loaded;

	if (!filter) {
		return false;
	}
	is_loaded = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
		seccomp_load(filter) == 0;
	seccomp_release(filter);
	return is_loaded;
}

bool calls_lock(enum calls_of of)
{
	return refuse_clone3() && load_list((1u << of) | (IS_SANITIZED ? S : 0));
}
