/*
 * root_key.h: a root key on disk as custosd keeps it, with a key file as its source.
 */
#ifndef CU_TESTS_ROOT_KEY_H
#define CU_TESTS_ROOT_KEY_H
#include "crypto/key.h"
#include "crypto/keyring.h"

static inline int root_key_put(
	const char *dir, const struct key *k0, struct cu_err *err)
{
	struct keyring_hand nothing = { 0 };
	struct keyring_about about = { { { 1 } }, 1700000000000 };

	return keyring_add(dir, KEYRING_FILE, &nothing, &about, k0, err);
}

static inline int root_key_get(const char *dir, struct key *k0, struct cu_err *err)
{
	struct keyring_hand nothing = { 0 };
	struct keyring_about about;

	return keyring_open(dir, KEYRING_FILE, &nothing, &about, k0, err);
}

#endif
