#include "service/service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#ifdef HAVE_SYSTEMD
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#define FORGET true /* the variables of the environment */

int service_take_socket(int *ret_fd, struct cu_err *err)
{
	int n = sd_listen_fds(FORGET);

	*ret_fd = -1;
	if (n <= 0) {
		return 0;
	}
	if (n > 1) {
		return cu_err_set(err, CU_EINVAL, "%d sockets were handed over, and one is expected", n);
	}
	if (sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, true) <= 0) {
		return cu_err_set(err, CU_EINVAL,
			"what was handed over is no Unix stream socket that listens: see "
			"ListenStream= of custos.socket");
	}
	*ret_fd = SD_LISTEN_FDS_START;
	return 0;
}

void service_ready(const char *status)
{
	(void)sd_notifyf(false, "READY=1\nSTATUS=%s", status);
}

void service_reloading(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	(void)sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reading the policies",
		(long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

void service_stopping(void)
{
	(void)sd_notify(false, "STOPPING=1\nSTATUS=finishing what runs");
}

int64_t service_watchdog_ms(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(false, &us) > 0 ? (int64_t)(us / 1000) : 0;
}

void service_alive(void)
{
	(void)sd_notify(false, "WATCHDOG=1");
}

#else

int service_take_socket(int *ret_fd, struct cu_err *err)
{
	(void)err;
	*ret_fd = -1;
	return 0;
}

void service_ready(const char *status)
{
	(void)status;
}

void service_reloading(void)
{
}

void service_stopping(void)
{
}

int64_t service_watchdog_ms(void)
{
	return 0;
}

void service_alive(void)
{
}

#endif
