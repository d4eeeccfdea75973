/*
 * catalogue_data.h: the bytes of po/ *.po, as msgfmt and cmake/embed.cmake write them.
 */
#ifndef CU_BASE_CATALOGUE_DATA_H
#define CU_BASE_CATALOGUE_DATA_H
#include <stddef.h>
#include <stdint.h>

struct catalogue_text {
	const char *file; /* "zh_CN.mo" */
	const uint8_t *p; /* a .mo file of little endian, without a table of hashes */
	size_t n;
};

extern const struct catalogue_text catalogue_texts[];
extern const size_t catalogue_ntexts;

#endif
