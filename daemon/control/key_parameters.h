/*
 * key_parameters.h: what calls say about a source of the root key.
 */
#ifndef CU_CONTROL_KEY_PARAMETERS_H
#define CU_CONTROL_KEY_PARAMETERS_H
#include "base/span.h"
#include "crypto/keyring.h"

struct cu_err;
struct exchange;

/* The source that the parameter of this name says (absent: when there is none), and the
 * parameter `passphrase`, borrowed from the call; its p is NULL for the other sources.
 * CU_EINVAL: a passphrase is missing, or is one too many. */
int key_parameters(const struct exchange *x, const char *name,
	enum keyring_source absent, enum keyring_source *ret_source,
	struct span *ret_passphrase, struct cu_err *err);

#endif
