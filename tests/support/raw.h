/*
 * raw.h: a connection to custosd on which a test sends what it likes, byte for byte.
 */
#ifndef CU_TESTS_RAW_H
#define CU_TESTS_RAW_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "wire/frame.h"

#define RAW_TIMEOUT_MS 30000

struct raw {
	int fd;
	struct frame_reader reader;
	bool is_over; /* the peer closed */
};

/* Takes a connected descriptor. */
struct raw raw_of(int fd);
void raw_done(struct raw *r);

/* Sends all of it; false when the peer has closed. */
bool raw_send(struct raw *r, const void *p, size_t n);
/* A text and its NUL; descriptors cross with its first byte. */
bool raw_send_text(struct raw *r, const char *text);
bool raw_send_fds(struct raw *r, const char *text, const int *fds, size_t nfds);
/* The same without the NUL: the message goes on. */
bool raw_send_piece(struct raw *r, const char *text, const int *fds, size_t nfds);

/* The next reply, a new reference; NULL when the peer closes.  Fails the test when nothing
 * comes for RAW_TIMEOUT_MS. */
json_t *raw_next(struct raw *r);
/* The same, and it must be there: its member "error" or "", its parameters. */
const char *raw_error(const json_t *reply);

/* The peer closes within timeout_ms, whatever it says before. */
bool raw_is_closed_within(struct raw *r, int timeout_ms);

#endif
