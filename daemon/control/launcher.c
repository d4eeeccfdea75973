#include "control/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

#define NFDS 3

struct launcher {
	int fd; /* a socket to it; messages are one byte with NFDS descriptors */
	pid_t pid;
	pthread_mutex_t lock;
};

union fds_control {
	char room[CMSG_SPACE(NFDS * sizeof(int))];
	struct cmsghdr align;
};

/* --- in the launcher's process --------------------------------------------------------------- */

/* plan, file, out -> 0, 3, 1.  They are above 3 when they arrive: 0 to 3 are taken there. */
static void become_intake(const char *intake, const int fds[NFDS])
{
	char *const argv[] = { (char *)(uintptr_t)"custos-intake", NULL };
	char *const envp[] = { (char *)(uintptr_t)"LC_ALL=C.UTF-8", NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(fds[0], 0) < 0 || dup2(fds[2], 1) < 0 || dup2(fds[1], 3) < 0) {
		_exit(127);
	}
	execve(intake, argv, envp);
	_exit(127); /* its pipe closes without a word: the daemon says so */
}

static int receive_fds(int fd, int fds[NFDS])
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
	return 0;
}

static void serve(int fd, const char *intake)
{
	int fds[NFDS];

	signal(SIGCHLD, SIG_IGN); /* the kernel reaps */
	signal(SIGINT, SIG_IGN);  /* Ctrl-C at a terminal is for custosd to handle */
	prctl(PR_SET_NAME, "custos-launcher");
	while (receive_fds(fd, fds) == 0) {
		if (fork() == 0) {
			signal(SIGINT, SIG_DFL);
			become_intake(intake, fds);
		}
		for (int i = 0; i < NFDS; i++) {
			close(fds[i]);
		}
	}
	_exit(0);
}

/* --- in custosd -------------------------------------------------------------------------------- */

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

int launcher_start(const char *intake, struct launcher **ret, struct cu_err *err)
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
		serve(pair[1], intake);
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

int launcher_run(struct launcher *l, int plan, int file, int out, struct cu_err *err)
{
	int fds[NFDS] = { plan, file, out };
	char byte = 'i';
	union fds_control control = { 0 };
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	pthread_mutex_lock(&l->lock);
	do {
		n = sendmsg(l->fd, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	pthread_mutex_unlock(&l->lock);
	return n == 1 ? 0 : cu_err_set(err, CU_EUNAVAIL, "the process that starts imports is gone");
}
