/*
 * interfaces_data.h: the bytes of interfaces/ *.varlink, written by cmake/embed.cmake.
 */
#ifndef CU_WIRE_INTERFACES_DATA_H
#define CU_WIRE_INTERFACES_DATA_H
#include <stddef.h>
#include <stdint.h>

struct interfaces_text {
	const char *file; /* "io.custos.log.varlink" */
	const uint8_t *p; /* not ended by a NUL */
	size_t n;
};

extern const struct interfaces_text interfaces_texts[];
extern const size_t interfaces_ntexts;

#endif
