/*
 * checkpoint.h: a log's size and root, signed: c2sp.org/tlog-checkpoint.
 */
#ifndef CU_LEDGER_CHECKPOINT_H
#define CU_LEDGER_CHECKPOINT_H
#include "base/span.h"

struct buf;
struct cu_err;
struct log_head;
struct note_verifier;
struct signer;

/* The three lines, appended to text; and back, strictly.  Lines that follow must not be empty
 * and are passed over (the format allows them, and asks not to use them).  CU_EINVAL for an
 * origin that is no line; CU_ECORRUPT. */
int checkpoint_format(
	const struct log_head *head, struct buf *text, struct cu_err *err);
int checkpoint_parse(struct span text, struct log_head *ret, struct cu_err *err);

/* A note over head, appended to note. */
int checkpoint_sign(const struct log_head *head, const struct signer *by,
	struct buf *note, struct cu_err *err);

/* What a note says that this key signed.  CU_ECORRUPT, CU_ENOKEY. */
int checkpoint_verify(struct span note, const struct note_verifier *by,
	struct log_head *ret, struct cu_err *err);

/* "<dir>/checkpoint": read and verified (CU_ENOENT: none), its bytes appended to note; and
 * replaced, durably. */
int checkpoint_read(const char *dir, const struct note_verifier *by, struct buf *note,
	struct log_head *ret, struct cu_err *err);
int checkpoint_put(const char *dir, struct span note, struct cu_err *err);

#endif
