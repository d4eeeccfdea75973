/*
 * err.h: an error as a value: what kind it is, and one sentence for a person.
 *
 * A function that can fail returns 0 (or a count), or a negative code of this table *and*
 * fills the struct cu_err it was handed.  The code decides, the message explains; the
 * message of a lower layer is kept and prefixed on its way up ("restore 41: range 7: tag
 * mismatch").  No heap; may be copied between threads.
 */
#ifndef CU_BASE_ERR_H
#define CU_BASE_ERR_H
#include "base/intl.h"

/* X(code, name on the wire, exit status of custosctl, meaning)
 * Append only: the names are in scripts and in other people's clients.  The exit statuses
 * follow sysexits(3) where it has one. */
/* clang-format off */
#define CU_CODES(X)                                                                     \
	X(CU_EINVAL,      "Invalid",       64, N_("not valid"))                         \
	X(CU_ENOENT,      "NotFound",      66, N_("does not exist"))                    \
	X(CU_EEXIST,      "AlreadyExists", 73, N_("exists already"))                    \
	X(CU_ECORRUPT,    "Corrupt",       65, N_("fails verification"))                \
	X(CU_EBUSY,       "Busy",          75, N_("conflicts with what is running"))    \
	X(CU_EDENIED,     "Denied",        77, N_("is not allowed to this caller"))     \
	X(CU_ESEALED,     "Sealed",        69, N_("needs the root key, which is not loaded"))\
	X(CU_ERESTRICTED, "Restricted",    78, N_("may only be stored, not used"))      \
	X(CU_EIO,         "Io",            74, N_("could not be read or written"))      \
	X(CU_ENOMEM,      "NoMemory",      71, N_("needs more memory than there is"))   \
	X(CU_ENOSPC,      "NoSpace",       72, N_("does not fit on the disk"))          \
	X(CU_ELIMIT,      "TooLarge",      79, N_("is over a limit"))                   \
	X(CU_EUNSUP,      "Unsupported",   80, N_("is of a kind that is not supported"))\
	X(CU_ENOKEY,      "NoKey",         81, N_("no key at hand opens it"))           \
	X(CU_ECANCELED,   "Cancelled",     82, N_("was cancelled"))                     \
	X(CU_ETIMEDOUT,   "TimedOut",      83, N_("took too long"))                     \
	X(CU_EPROTO,      "Protocol",      76, N_("is not what the protocol allows"))   \
	X(CU_EUNAVAIL,    "Unavailable",   84, N_("cannot be reached"))                 \
	X(CU_EINTERNAL,   "Internal",      70, N_("is a defect of custos"))
/* clang-format on */

enum cu_code {
	CU_CODE_START_ = -1000,
#define X(code, wire, status, meaning) code,
	CU_CODES(X)
#undef X
	CU_CODE_END_
};
_Static_assert(CU_CODE_END_ < 0, "codes must stay negative");

struct cu_err {
	int code;
	char msg[240];
};

/* Each sets err (which may be NULL) and returns code, so that failing is one line.  The format is
 * looked up in the catalogue (base/intl.h). */
int cu_err_set(struct cu_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* From an errno that the caller saved: "<fmt>: <strerror>"; the code fits the errno. */
int cu_err_errno(struct cu_err *err, int saved_errno, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "<fmt>: " before the message that err holds. */
int cu_err_wrap(struct cu_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* So that clang's analyser, which sees one file at a time, knows that these return code. */
#ifdef __clang_analyzer__
#define cu_err_set(err, code, ...)   ((cu_err_set)(err, code, __VA_ARGS__), (code))
#define cu_err_wrap(err, code, ...)  ((cu_err_wrap)(err, code, __VA_ARGS__), (code))
#define cu_err_errno(err, saved, ...) ((cu_err_errno)(err, saved, __VA_ARGS__), CU_EIO)
#endif

/* Static strings and numbers of the table; an unknown code reads as CU_EINTERNAL. */
const char *cu_err_wire_name(int code);
const char *cu_err_meaning(int code);
int cu_err_exit_status(int code);

/* The code of a wire name ("NotFound"), or 0 if the table has none. */
int cu_err_from_wire_name(const char *name);

#endif
