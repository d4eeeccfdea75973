/*
 * interfaces.h: the interfaces that custosd offers, built into the program.
 *
 * The texts are daemon/wire/interfaces/ *.varlink; they are the contract with every client.
 */
#ifndef CU_WIRE_INTERFACES_H
#define CU_WIRE_INTERFACES_H
#include <stddef.h>

#include "wire/idl.h"

struct cu_err;
struct interfaces;

/* Parses them all, at start.  A fault is a defect of the build: CU_EINVAL, CU_ENOMEM. */
int interfaces_load(struct interfaces **ret, struct cu_err *err);
void interfaces_free(struct interfaces *set); /* NULL is fine */

size_t interfaces_n(const struct interfaces *set);
const struct idl *interfaces_at(const struct interfaces *set, size_t i); /* sorted by name */

/* NULL if there is none. */
const struct idl *interfaces_find(const struct interfaces *set, const char *interface);

/* By fully qualified name, "io.custos.subject.Get".  NULL if there is none: then *ret_idl
 * (may be NULL) says whether at least the interface exists (MethodNotFound) or is NULL too
 * (InterfaceNotFound). */
const struct idl_member *interfaces_method(const struct interfaces *set, const char *method,
	const struct idl **ret_idl);

#endif
