/*
 * client.h: a blocking client of custosd on its Unix socket, for custosctl and tests.
 *
 * One call at a time; a call may take one descriptor, which crosses with the first byte of
 * its message.  Nothing of what the server sends is believed: frames are bounded and checked
 * by frame.h, descriptors that it sends are dropped by the kernel.  After a failure of the
 * transport (CU_EPROTO, CU_ETIMEDOUT, CU_EUNAVAIL, CU_EIO) the connection is of no further
 * use and every call says so; an error that the server replied leaves it usable.
 *
 * Blocking; one thread at a time.
 */
#ifndef CU_WIRE_CLIENT_H
#define CU_WIRE_CLIENT_H
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>

struct cu_err;
struct client;

#define CLIENT_SOCKET "/run/custos/custos.sock"

/* Longest reply taken: one person with all that is kept about them. */
#define CLIENT_FRAME_MAX (16 * 1024 * 1024)

/* How long one reply may take to come, 60 s; a stream of replies may last for ever. */
#define CLIENT_TIMEOUT_MS 60000

/* timeout_ms: longest silence; 0 or less: none.  CU_EUNAVAIL nobody listens there,
 * CU_EDENIED, CU_EINVAL the path is too long for a socket's address (107 bytes), CU_EIO. */
int client_connect(const char *path, int timeout_ms, struct client **ret, struct cu_err *err);

/* Over a connected stream socket, which is taken (closed on failure too). */
int client_of_fd(int fd, int timeout_ms, struct client **ret, struct cu_err *err);
void client_close(struct client *c); /* NULL is fine */
/* While the flag, which a signal's handler sets, is not 0, waiting ends with CU_ECANCELED.  Kept
 * until client_close. */
void client_heed(struct client *c, const volatile sig_atomic_t *flag);

/* One call, one reply.  parameters is an object or NULL; fd is a descriptor to hand over
 * (borrowed: stays open here) or -1.  *ret_parameters, a new reference, may be asked with
 * NULL.  Errors that the server replied come back by their code and message. */
int client_call(struct client *c, const char *method, const json_t *parameters, int fd,
	json_t **ret_parameters, struct cu_err *err);

/* The last reply was about *ret_subject, for which the call had an old id; until the next call. */
bool client_merged(const struct client *c, const char **ret_old, const char **ret_subject);

/* A call with `more`; its replies are read by client_next until that returns 0 or fails. */
int client_start(struct client *c, const char *method, const json_t *parameters, int fd,
	struct cu_err *err);

/* 1: *ret_parameters (new reference) is one of a stream, more follow.  0: it is the last.
 * <0: failed, or the server's error; the call is over. */
int client_next(struct client *c, json_t **ret_parameters, struct cu_err *err);

#endif
