/*
 * id.h: the name of a subject, a record, a request: 16 random bytes, 32 hex digits as text.
 *
 * Never a hash of anything, so an id that remains says nothing about whom it named.
 */
#ifndef CU_BASE_ID_H
#define CU_BASE_ID_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_TEXT_SIZE 33

struct id {
	uint8_t b[16];
};

/* Fresh from getrandom(2); aborts if the kernel has no randomness. */
struct id id_new(void);

/* Any number of random bytes, the same way. */
void id_random_bytes(void *p, size_t n);

void id_format(const struct id *id, char out[ID_TEXT_SIZE]);
bool id_parse(const char *text, struct id *ret_id);
bool id_eq(const struct id *a, const struct id *b);
bool id_is_nil(const struct id *id); /* all zero: "none" */

#endif
