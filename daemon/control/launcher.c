#include "control/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "control/confine.h"
#include "control/drill_worker.h"
#include "control/residue_worker.h"

#define NFDS 4 /* plan, file, out, leash */

struct launcher {
	int fd; /* a socket to it; messages are one byte (what to start) with NFDS descriptors */
	pid_t pid;
	pthread_mutex_t lock;
};

union fds_control {
	char room[CMSG_SPACE(NFDS * sizeof(int))];
	struct cmsghdr align;
};

/* --- in the launcher's process ---------------------------------------------------- */

struct programs {
	const struct launcher_programs *paths;
	int self; /* custosd as it runs, whatever lies at its path by now; -1: not found */
};

static char *const envp[] = { (char *)(uintptr_t)"LC_ALL=C.UTF-8", NULL };

static void execute_self(const struct programs *p, const char *as)
{
	char *const argv[] = { (char *)(uintptr_t)"custosd", (char *)(uintptr_t)as, NULL };

	/* glibc's fexecve would go through /proc, which may not be there */
	syscall(SYS_execveat, p->self, "", argv, envp, AT_EMPTY_PATH);
}

/* Nobody's groups, and no way back. */
static bool become_agent_user(const struct launcher_programs *p)
{
	return geteuid() != 0 || !p->has_agent_uid ||
		(setgroups(0, NULL) == 0 && setresgid(p->agent_gid, p->agent_gid, p->agent_gid) == 0 &&
			setresuid(p->agent_uid, p->agent_uid, p->agent_uid) == 0);
}

static void execute_agent(const struct launcher_programs *p)
{
	char socket[PATH_SIZE + 16], plugins[PATH_SIZE + 16];
	char *const argv[] = { (char *)(uintptr_t)"custos-agent", socket, plugins, NULL };

	snprintf(socket, sizeof(socket), "--socket=%s", p->agent_socket);
	snprintf(plugins, sizeof(plugins), "--plugins=%s", p->plugins);
	if (become_agent_user(p)) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* another user's process had lost it */
		execve(p->agent, argv, envp);
	}
}

static void execute(const struct programs *p, enum launcher_what what)
{
	char *const intake[] = { (char *)(uintptr_t)"custos-intake", NULL };
	switch (what) {
	case LAUNCHER_INTAKE: execve(p->paths->intake, intake, envp); break;
	case LAUNCHER_DRILL: execute_self(p, DRILL_WORKER); break;
	case LAUNCHER_RESIDUE: execute_self(p, RESIDUE_WORKER); break;
	case LAUNCHER_AGENT: execute_agent(p->paths); break;
	}
}

/* plan, file, out -> 0, 3, 1; the leash stays with us.  They are above 3 when they arrive: 0 to
 * 3 are taken there. */
static void become(const struct programs *p, enum launcher_what what, const int fds[NFDS])
{

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(fds[0], 0) < 0 || dup2(fds[2], 1) < 0 || dup2(fds[1], 3) < 0) {
		_exit(127);
	}
	execute(p, what);
	_exit(127); /* its pipe closes without a word: the daemon says so */
}

static int receive_fds(int fd, enum launcher_what *ret_what, int fds[NFDS])
{
	char byte;
	union fds_control control;
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	c = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c || c->cmsg_len != CMSG_LEN(NFDS * sizeof(int))) {
		return -1; /* custosd is gone */
	}
	memcpy(fds, CMSG_DATA(c), NFDS * sizeof(int));
	*ret_what = (enum launcher_what)byte; /* custosd's own; an unknown one starts nothing */
	return 0;
}

/* Those that were started.  A child is waited for only when its leash is gone: until then its
 * number stays taken, so that no other process can be killed in its place. */
struct pack {
	struct pollfd at[1 + LAUNCHER_MAX]; /* at[0] is the socket; else a leash */
	pid_t pids[1 + LAUNCHER_MAX];
	nfds_t n;
};

static void start_one(struct pack *pack, const struct programs *p, enum launcher_what what,
	const int fds[NFDS])
{
	pid_t pid = pack->n <= LAUNCHER_MAX ? fork() : -1;

	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		become(p, what, fds);
	}
	for (int i = 0; i < NFDS - 1; i++) {
		close(fds[i]);
	}
	if (pid < 0) {
		close(fds[NFDS - 1]); /* its pipe closes without a word */
		return;
	}
	pack->at[pack->n] = (struct pollfd){ .fd = fds[NFDS - 1] };
	pack->pids[pack->n++] = pid;
}

static void end_one(struct pack *pack, nfds_t i)
{
	kill(pack->pids[i], SIGKILL);
	waitpid(pack->pids[i], NULL, 0);
	close(pack->at[i].fd);
	pack->at[i] = pack->at[--pack->n];
	pack->pids[i] = pack->pids[pack->n];
}

static void serve(int fd, const struct launcher_programs *paths)
{
	struct pack pack = { .at[0] = { .fd = fd, .events = POLLIN }, .n = 1 };
	struct programs programs = { paths, open("/proc/self/exe", O_PATH | O_CLOEXEC) };
	enum launcher_what what;
	int fds[NFDS];

	signal(SIGINT, SIG_IGN); /* Ctrl-C at a terminal is for custosd to handle */
	prctl(PR_SET_NAME, "custos-launcher");
	confine_launcher(paths, programs.self);
	for (;;) {
		if (poll(pack.at, pack.n, -1) < 0) {
			continue; /* a signal */
		}
		for (nfds_t i = pack.n - 1; i > 0; i--) {
			if (pack.at[i].revents) {
				end_one(&pack, i);
			}
		}
		if (pack.at[0].revents) {
			if (receive_fds(fd, &what, fds) < 0) {
				_exit(0); /* and with us what we started */
			}
			start_one(&pack, &programs, what, fds);
		}
	}
}

/* --- in custosd ------------------------------------------------------------------- */

/* So that nothing that arrives later is numbered 0 to 3. */
static void fill_low_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= 3);
	if (fd > 3) {
		close(fd);
	}
}

int launcher_start(const struct launcher_programs *programs, struct launcher **ret,
	struct cu_err *err)
{
	struct launcher *l = calloc(1, sizeof(*l));
	int pair[2];
	pid_t me = getpid();

	if (!l) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	fill_low_fds();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(l);
		return cu_err_errno(err, errno, "launcher");
	}
	l->pid = fork();
	if (l->pid < 0) {
		int e = errno;

		close(pair[0]);
		close(pair[1]);
		free(l);
		return cu_err_errno(err, e, "launcher");
	}
	if (l->pid == 0) {
		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != me) {
			_exit(0); /* custosd died before the line above */
		}
		serve(pair[1], programs);
	}
	close(pair[1]);
	l->fd = pair[0];
	pthread_mutex_init(&l->lock, NULL);
	*ret = l;
	return 0;
}

void launcher_stop(struct launcher *l)
{
	if (!l) {
		return;
	}
	close(l->fd);
	waitpid(l->pid, NULL, 0);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static int send_fds(struct launcher *l, enum launcher_what what, const int fds[NFDS],
	struct cu_err *err)
{
	char byte = (char)what;
	union fds_control control = { 0 };
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(NFDS * sizeof(int));
	memcpy(CMSG_DATA(c), fds, NFDS * sizeof(int));
	pthread_mutex_lock(&l->lock);
	do {
		n = sendmsg(l->fd, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	pthread_mutex_unlock(&l->lock);
	return n == 1 ? 0 : cu_err_set(err, CU_EUNAVAIL, "the process that starts others is gone");
}

int launcher_run(struct launcher *l, enum launcher_what what, int plan, int file, int out,
	int *ret_leash, struct cu_err *err)
{
	int leash[2], r;

	if (pipe2(leash, O_CLOEXEC) < 0) {
		return cu_err_errno(err, errno, "launcher");
	}
	r = send_fds(l, what, (const int[NFDS]){ plan, file, out, leash[0] }, err);
	close(leash[0]);
	if (r < 0) {
		close(leash[1]);
		return r;
	}
	*ret_leash = leash[1];
	return 0;
}
