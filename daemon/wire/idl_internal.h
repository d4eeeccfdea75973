/*
 * idl_internal.h: what a parsed definition is made of; for idl.c and idl_parse.c only.
 */
#ifndef CU_WIRE_IDL_INTERNAL_H
#define CU_WIRE_IDL_INTERNAL_H
#include <stddef.h>

#include "wire/idl.h"

struct idl_block; /* one piece of memory, freed with the definition */

struct idl_node {
	struct idl_member member;
	struct idl_node *next;
};

struct idl {
	struct idl_block *blocks;
	char *text;
	char *name;
	char *doc;
	struct idl_member *members;
	size_t nmembers;
};

/* Zeroed memory that lives as long as the definition; NULL if there is none. */
void *idl_alloc(struct idl *idl, size_t n);
char *idl_copy(struct idl *idl, const void *p, size_t n); /* with a NUL */

#endif
