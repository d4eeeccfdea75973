/*
 * field.h: is this a value of this field, and under which spelling is it looked up?
 *
 * Pure: no I/O, no clock.  No message ever contains the value.
 */
#ifndef CU_POLICY_FIELD_H
#define CU_POLICY_FIELD_H
#include <stddef.h>

#include "policy/schema.h"

struct buf;
struct cu_err;

/* text has len bytes and need not end in NUL.  0, or CU_EINVAL with "<key>: <reason>".
 * Nothing but blanks is fine when the field is not required: there is no value then.  Blanks
 * around a value are passed over, but in a text. */
int field_check_value(const struct field *f, const char *text, size_t len,
	struct cu_err *err);

/* Appends the one spelling that index tokens are made of: email trimmed and with ASCII in
 * lower case, phone as its digits with a leading + if there was one, exact trimmed.  out
 * should wipe.  CU_EINVAL when the field has no index or nothing is left. */
int field_normalise(const struct field *f, const char *text, size_t len, struct buf *out,
	struct cu_err *err);

#endif
