/*
 * packet.h: whole messages over a SOCK_SEQPACKET socket, each with at most one descriptor.
 *
 * The kernel keeps them apart, so that a descriptor belongs to the message that it came with.  Between
 * custosd and custos-agent: docs/formats/agent.md.
 */
#ifndef CU_BASE_PACKET_H
#define CU_BASE_PACKET_H
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct cu_err;

#define PACKET_MAX_BYTES (64 * 1024)

/* passed is borrowed; -1: none.  Several threads may send over one socket.  Without waits, CU_EBUSY
 * when the other side does not read; CU_EUNAVAIL when it is gone; CU_ELIMIT. */
int packet_send(int fd, struct span bytes, int passed, bool waits, struct cu_err *err);

/* One message into at most cap bytes: 1, or 0 when the other side is gone.  *ret_passed is a
 * descriptor that is the caller's, or -1.  Without waits, CU_EBUSY when there is none; CU_EPROTO when
 * it does not fit or has several descriptors; CU_EUNAVAIL. */
int packet_receive(int fd, void *to, size_t cap, bool waits, size_t *ret_n, int *ret_passed,
	struct cu_err *err);

#endif
