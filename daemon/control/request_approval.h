/*
 * request_approval.h: a second user approves a request, bound to the list of what it is about.
 */
#ifndef CU_CONTROL_REQUEST_APPROVAL_H
#define CU_CONTROL_REQUEST_APPROVAL_H

struct approval_kind;

#define REQUEST_APPROVAL "request"

extern const struct approval_kind request_approval;

#endif
