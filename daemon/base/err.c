#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

int (cu_err_set)(struct cu_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		err->code = code;
		va_start(ap, fmt);
		vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
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

int (cu_err_errno)(struct cu_err *err, int saved_errno, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return cu_err_set(err, code_of_errno(saved_errno), "%s: %s", what,
		strerror(saved_errno));
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
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->msg) - 3) {
		snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", below);
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
