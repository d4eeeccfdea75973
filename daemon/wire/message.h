/*
 * message.h: what is in a frame: a call, or a reply (varlink.org, "Method Call").
 *
 * Reading is strict: unknown members, wrong types, duplicate keys and contradicting flags are
 * CU_EPROTO, to which there is no reply: the connection is closed.  Members named after a
 * vendor ("org.example") are ignored when they are objects, as Varlink says.  Messages of
 * errors name a place, never a content.  No I/O; any thread.
 *
 * Writing appends whole frames, the NUL included, to a buffer.
 */
#ifndef CU_WIRE_MESSAGE_H
#define CU_WIRE_MESSAGE_H
#include <jansson.h>
#include <stdbool.h>

#include "base/intl.h"
#include "base/json.h"
#include "base/span.h"

struct buf;
struct cu_err;

/* Errors of ours are "io.custos.<wire name>" of CU_CODES, with (message: string). */
#define MESSAGE_ERROR_PREFIX "io.custos."
#define MESSAGE_VENDOR       "io.custos"

/* Calls and replies hold personal data, and jansson frees without wiping.  Called once at the
 * start of a program, before any other use of jansson, this makes it wipe what it frees. */
void message_wipe_json(void);

/* json_loadb for whoever has called that; also NULL, and json_error_out_of_memory in ret_fault, when there was no memory
 * for a character of a text, which jansson leaves out without a word.  Any thread. */
json_t *message_json(const char *text, size_t n, size_t flags, json_error_t *ret_fault);

struct call {
	json_t *root;       /* owned; what follows is borrowed from it */
	const char *method; /* "io.custos.subject.Get" */
	json_t *parameters; /* always an object, {} when the call has none */
	bool more;          /* at most one of the three is set */
	bool oneway;
	bool upgrade;
	enum intl_language language; /* of whoever reads the answer: "io.custos": {"language": "zh"} */
};

/* ret is untouched on failure; else call_done frees it.  CU_EPROTO, CU_ENOMEM. */
int call_parse(struct span text, struct call *ret, struct cu_err *err);
void call_done(struct call *call); /* may be all zero */

enum call_flag {
	CALL_MORE = 1,
	CALL_ONEWAY = 2,
};

/* A whole call frame.  parameters is an object or NULL; flags: one enum call_flag or 0.  This
 * thread's language goes along in a vendor's member, unless it is English. */
void call_write(struct buf *to, const char *method, const json_t *parameters, unsigned flags);

/* --- replies, by the server ------------------------------------------------------- */

/* A reply is begun, its output parameters are written with the returned writer, and it is
 * ended:
 *     struct json j = reply_begin(to);
 *     json_str(&j, "proof", text);
 *     reply_end(&j, false);
 * continues: more replies to the same call follow; only if the call had `more`. */
struct json reply_begin(struct buf *to);
void reply_end(struct json *j, bool continues);

/* The same of a last reply to a call that named a data subject by an old id (32 hexadecimal digits each):
 * a vendor's member "io.custos" beside the parameters, which other clients pass over. */
void reply_end_merged(struct json *j, const char *old, const char *subject);

/* "io.custos.<name of err->code>" with err->msg. */
void reply_error(struct buf *to, const struct cu_err *err);

/* The generic errors of org.varlink.service.  X(id, wire name, its parameter or NULL, the
 * code that a client of ours makes of it, what it then says) */
/* clang-format off */
#define SERVICE_ERRORS(X)                                                               \
	X(INTERFACE_NOT_FOUND,    "InterfaceNotFound",    "interface", CU_EUNSUP,       \
	  N_("custosd has no such interface"))                                          \
	X(METHOD_NOT_FOUND,       "MethodNotFound",       "method",    CU_EUNSUP,       \
	  N_("custosd has no such method"))                                             \
	X(METHOD_NOT_IMPLEMENTED, "MethodNotImplemented", "method",    CU_EUNSUP,       \
	  N_("custosd does not implement this method"))                                 \
	X(INVALID_PARAMETER,      "InvalidParameter",     "parameter", CU_EINVAL,       \
	  N_("a parameter is not what the interface says"))                             \
	X(PERMISSION_DENIED,      "PermissionDenied",     NULL,        CU_EDENIED,      \
	  N_("this caller may not do that"))                                            \
	X(EXPECTED_MORE,          "ExpectedMore",         NULL,        CU_EPROTO,       \
	  N_("the method must be called with 'more'"))
/* clang-format on */

enum service_error {
#define X(id, wire, parameter, code, meaning) SERVICE_##id,
	SERVICE_ERRORS(X)
#undef X
};

/* name: the value of the error's parameter (an interface, a method, the path of a
 * parameter); ignored where the error has none. */
void reply_service_error(struct buf *to, enum service_error which, const char *name);

/* --- replies, by the client ------------------------------------------------------- */

struct reply {
	json_t *root;       /* owned; what follows is borrowed from it */
	json_t *parameters; /* always an object */
	const char *error;  /* fully qualified, or NULL */
	bool continues;     /* never with an error */
};

/* CU_EPROTO, CU_ENOMEM; ret is untouched on failure. */
int reply_parse(struct span text, struct reply *ret, struct cu_err *err);
void reply_done(struct reply *reply);

/* Fills err from a reply that is an error, and returns the code.  An error that is neither
 * ours nor org.varlink.service's is CU_EPROTO.  The message is the peer's: show it through
 * text_escape. */
int reply_to_err(const struct reply *reply, struct cu_err *err);

#endif
