/*
 * service.h: custosd as a service of systemd: what its manager hands over, and is told.
 *
 * After sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).  Elsewhere, or built without
 * libsystemd, nothing is handed over and nobody is told.
 */
#ifndef CU_SERVICE_SERVICE_H
#define CU_SERVICE_SERVICE_H
#include <stdbool.h>
#include <stdint.h>

struct cu_err;

/* The listening socket that came with the start, by socket activation: *ret_fd is the caller's, -1
 * when there is none.  CU_EINVAL: there are several, or it is no Unix stream socket that listens.
 * Once, before threads; it forgets the variables of the environment. */
int service_take_socket(int *ret_fd, struct cu_err *err);

/* It serves, or serves again after a reload; says so in a line that 'systemctl status' shows. */
void service_ready(const char *status);
void service_reloading(void);
void service_stopping(void);

/* How often service_alive has to come at the most; 0: nobody waits for it. */
int64_t service_watchdog_ms(void);
void service_alive(void);

/* From here on log lines go to the journal with fields of their own (base/log.h), when stderr is
 * its stream; else they stay as they are. */
void service_use_journal(void);

#endif
