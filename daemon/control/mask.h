/*
 * mask.h: a name that its owner's clerk recognises and nobody else learns.
 *
 * "Leonie Köhler" is "L*** K***", "王小明" is "王**": the first letter of each part, and how long
 * it is shows only as far as a script shows it anyway.  Pure.
 */
#ifndef CU_CONTROL_MASK_H
#define CU_CONTROL_MASK_H
#include "base/span.h"

struct buf;
struct field;

/* Appends; a blank before, when to is not empty.  Bytes that are not UTF-8 count as letters. */
void mask_name(struct span name, struct buf *to);

/* A value of a field, or of none that is known (NULL): names as above, "l***@example.org",
 * "***42" of a phone number, and "***" of everything else.  Appends. */
void mask_value(const struct field *f, struct span value, struct buf *to);

#endif
