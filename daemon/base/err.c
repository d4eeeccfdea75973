#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "base/text.h"

struct code_row {
	const char *wire;
	int status;
	const char *meaning;
};

static const struct code_row codes[] = {
#define X(code, wire, status, meaning) [code - CU_CODE_START_ - 1] = { wire, status, meaning },
	CU_CODES(X)
#undef X
};

#define NCODES ((int)(sizeof(codes) / sizeof(codes[0])))

/* What was cut ends behind a whole character. */
static void end_whole(char *s)
{
	size_t n = strlen(s), at = n;

	while (at > 0 && ((unsigned char)s[at - 1] & 0xc0) == 0x80) {
		at--;
	}
	if (at > 0 && (unsigned char)s[at - 1] >= 0xc0 && text_utf8_len(s + at - 1, n - at + 1) == 0) {
		s[at - 1] = '\0';
	}
}

/* In the thread's language. */
__attribute__((format(printf, 3, 0))) static int put_format(char *out, size_t cap, const char *fmt,
	va_list ap)
{
	int n = vsnprintf(out, cap, _(fmt), ap);

	if (n >= 0 && (size_t)n >= cap) {
		end_whole(out);
	}
	return n;
}

int (cu_err_set)(struct cu_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		err->code = code;
		va_start(ap, fmt);
		(void)put_format(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
	}
	return code;
}

static int code_of_errno(int e)
{
	switch (e) {
	case ENOENT:
	case ENOTDIR: return CU_ENOENT;
	case EEXIST: return CU_EEXIST;
	case EACCES:
	case EPERM:
	case EROFS: return CU_EDENIED;
	case ENOMEM: return CU_ENOMEM;
	case ENOSPC:
	case EDQUOT:
	case EFBIG: return CU_ENOSPC;
	case EINVAL:
	case ENAMETOOLONG: return CU_EINVAL;
	case ETIMEDOUT: return CU_ETIMEDOUT;
	case EAGAIN:
	case EBUSY: return CU_EBUSY;
	case ECONNREFUSED: return CU_EUNAVAIL;
	default: return CU_EIO;
	}
}

/* The C library has catalogues of its own only where the locale was generated. */
static const char *reason_of(int e)
{
	static const struct {
		int number;
		const char *said;
	} known[] = {
		{ ENOENT, N_("No such file or directory") },
		{ ENOTDIR, N_("Not a directory") },
		{ EISDIR, N_("Is a directory") },
		{ EACCES, N_("Permission denied") },
		{ EPERM, N_("Operation not permitted") },
		{ EEXIST, N_("File exists") },
		{ ENOSPC, N_("No space left on device") },
		{ EDQUOT, N_("Disk quota exceeded") },
		{ EFBIG, N_("File too large") },
		{ EROFS, N_("Read-only file system") },
		{ EIO, N_("Input/output error") },
		{ ENOMEM, N_("Cannot allocate memory") },
		{ ECONNREFUSED, N_("Connection refused") },
		{ ECONNRESET, N_("Connection reset by peer") },
		{ EPIPE, N_("Broken pipe") },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].number == e) {
			return _(known[i].said);
		}
	}
	return strerror(e);
}

int (cu_err_errno)(struct cu_err *err, int saved_errno, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	(void)put_format(what, sizeof(what), fmt, ap);
	va_end(ap);
	return cu_err_set(err, code_of_errno(saved_errno), "%s: %s", what, reason_of(saved_errno));
}

int (cu_err_wrap)(struct cu_err *err, int code, const char *fmt, ...)
{
	char below[sizeof(err->msg)];
	va_list ap;
	int n;

	if (!err) {
		return code;
	}
	memcpy(below, err->msg, sizeof(below));
	va_start(ap, fmt);
	n = put_format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->msg) - 3) {
		snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", below);
		end_whole(err->msg);
	}
	err->code = code;
	return code;
}

static const struct code_row *row_of(int code)
{
	bool is_known = code > CU_CODE_START_ && code < CU_CODE_END_;

	return &codes[(is_known ? code : CU_EINTERNAL) - CU_CODE_START_ - 1];
}

const char *cu_err_wire_name(int code)
{
	return row_of(code)->wire;
}

const char *cu_err_meaning(int code)
{
	return row_of(code)->meaning;
}

int cu_err_exit_status(int code)
{
	return row_of(code)->status;
}

int cu_err_from_wire_name(const char *name)
{
	for (int i = 0; i < NCODES; i++) {
		if (strcmp(codes[i].wire, name) == 0) {
			return i + CU_CODE_START_ + 1;
		}
	}
	return 0;
}
