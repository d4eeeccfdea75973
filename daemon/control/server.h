/*
 * server.h: the control socket: accepts callers whom the kernel names.
 */
#ifndef CU_CONTROL_SERVER_H
#define CU_CONTROL_SERVER_H

struct cu_err;
struct daemon;
struct server;

/* Listens at path; a stale socket of ours is replaced, one that answers is CU_EBUSY.  With fd > 0, which
 * becomes the server's, it listens already, and what lies at the path is whoever made it's. */
int server_open(struct daemon *d, const char *path, int fd, struct server **ret, struct cu_err *err);

/* No new connections; sessions end when what they have under way is answered. */
void server_stop(struct server *s);
/* After the loop has ended; removes the socket.  NULL is fine. */
void server_free(struct server *s);

#endif
