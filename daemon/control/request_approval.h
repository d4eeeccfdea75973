/*
 * request_approval.h: a second user approves a request, bound to the list of what it is about.
 */
#ifndef CU_CONTROL_REQUEST_APPROVAL_H
#define CU_CONTROL_REQUEST_APPROVAL_H

#include "base/intl.h"

struct approval_kind;

#define REQUEST_APPROVAL W_("request")

extern const struct approval_kind request_approval;

#endif
