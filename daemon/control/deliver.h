/*
 * deliver.h: all that is kept about one person, as an archive into the call's descriptor.
 */
#ifndef CU_CONTROL_DELIVER_H
#define CU_CONTROL_DELIVER_H
#include <jansson.h>
#include <stdbool.h>

#include "base/id.h"

struct cu_err;
struct exchange;
struct json;

/* Borrowed for the call. */
struct delivery {
	struct id subject;
	const json_t *collections; /* keys; NULL or empty: all */
	const char *language;      /* "en", "zh"; NULL: en */
	bool is_own_only;          /* nothing of what others' records say */
	bool is_data_only;         /* data.json instead of the archive */
	const json_t *recipients;  /* public keys of age; NULL or empty: not encrypted */
};

/* For x->purpose; writes the member "result".  A leaf is durable before the first byte leaves.
 * CU_ENOENT, CU_EDENIED: the subject is gone, or is being erased; CU_EINVAL; CU_ECANCELED. */
int deliver_dossier(struct exchange *x, const struct delivery *what, struct json *out,
	struct cu_err *err);

#endif
