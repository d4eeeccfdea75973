/*
 * certificate.h: that somebody was forgotten, for whoever wants to check it without us.
 *
 * A signed note whose text is one JSON object: the leaves of the erasure with their
 * proofs, what this host can promise about overwritten keys, and by when the last copy
 * is gone. docs/formats/certificate.md.
 */
#ifndef CU_CONTROL_CERTIFICATE_H
#define CU_CONTROL_CERTIFICATE_H
#include "base/id.h"

struct buf;
struct cu_err;
struct exchange;

/* Appended to out; looks at every target now (linger.h).  CU_ENOENT: the log has no
 * such erasure; CU_EBUSY: it is not done yet.  Worker thread. */
int certificate_make(struct exchange *x, const struct id *erasure, struct buf *out,
	struct cu_err *err);

#endif
