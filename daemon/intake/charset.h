/*
 * charset.h: whatever a file is written in, as UTF-8, piece by piece.
 *
 * UTF-8 is checked and handed on as it lies; all else goes through iconv(3).  A character may
 * be cut anywhere between two pieces.  What is no character of the charset comes out as
 * CSV_BAD_CHARACTER_MARK (csv.h), one mark for each smallest unit that was passed over, so
 * that the reader behind can refuse the row and go on.  A byte order mark is used, not
 * removed (the CSV reader skips it).
 *
 * charset_open loads modules from disk and is called before the sandbox closes; feed and end
 * touch no file.  One thread.
 */
#ifndef CU_INTAKE_CHARSET_H
#define CU_INTAKE_CHARSET_H
#include "base/span.h"

struct charset;
struct cu_err;

#define CHARSET_NAME_SIZE 41

/* name as iconv -l prints them, in any case.  "UTF-8" gives way to a UTF-16 byte order mark;
 * "UTF-16" is told apart by its mark, or by where the NUL of the first character lies.
 * CU_ENOENT: not known here; CU_ENOMEM. */
int charset_open(const char *name, struct charset **ret, struct cu_err *err);
void charset_close(struct charset *cs); /* NULL is fine */

/* What is in use: the name given to charset_open, or the one that the file's first bytes told;
 * final once a sink was called.  Belongs to cs. */
const char *charset_name(const struct charset *cs);

/* Gets some UTF-8, valid until it returns.  A negative code (with err filled) ends the work. */
typedef int charset_sink(void *ctx, struct span utf8, struct cu_err *err);

/* 0; CU_EINVAL when the file begins with the byte order mark of another charset than it is
 * said to be in; the code of the sink. */
int charset_feed(struct charset *cs, struct span in, charset_sink *sink, void *ctx,
	struct cu_err *err);
/* No more comes: what is left of a character is bad.  As charset_feed. */
int charset_end(struct charset *cs, charset_sink *sink, void *ctx, struct cu_err *err);

#endif
